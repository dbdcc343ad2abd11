//! Loss on the wire: independent, in bursts, or by the time a packet had to queue.

use crate::model::{LomaxBurst, LomaxStay, LossLaw, QueueingLoss};
use crate::random::{Gap, Stream, Trials};

/// A link's own loss.
#[derive(Clone)]
pub(crate) struct Loss {
    law: Law,
    stream: Stream,
}

#[derive(Clone)]
enum Law {
    Independent(Trials),
    Chain(Chain),
    Stays(Stays),
    Bursts(Bursts),
}

/// Gilbert and Elliott, in packets. Each stay and each gap between losses is drawn when it begins: neither has memory.
#[derive(Clone)]
struct Chain {
    bad: bool,
    /// Packets of this state after the next one.
    stay: u64,
    /// Packets of this state before the next loss.
    until_loss: u64,
    /// Of the good state, then the bad one.
    leave: [Gap; 2],
    loss: [Gap; 2],
}

/// Two states with Lomax stays, in ns.
#[derive(Clone)]
struct Stays {
    bad: bool,
    until_ns: u64,
    /// Of the good state, then the bad one.
    stays: [LomaxStay; 2],
    loss: [f64; 2],
    share_bad: f64,
    /// After a silence as long as this the state is drawn anew from the stationary law.
    forgotten_ns: u64,
}

/// How many rounds of a good and a bad stay are drawn one by one after a silence.
const FORGOTTEN_ROUNDS: f64 = 1e6;

/// Bursts of a Lomax number of packets.
#[derive(Clone)]
struct Bursts {
    bad: bool,
    stay: u64,
    leave: [Gap; 2],
    /// Packets still to lose; none: the next packet begins a round.
    burst: Option<u64>,
    laws: [(f64, f64); 2],
}

impl Loss {
    /// What comes from here on is drawn anew; what was drawn already stays.
    pub fn rekey(&mut self, stream: &impl Fn(&str) -> Stream) {
        self.stream = stream("loss");
    }

    pub fn new(law: &LossLaw, mut stream: Stream) -> Self {
        let starts_bad = stream.uniform() < law.share_bad();
        let law = match *law {
            LossLaw::None => Law::Independent(Trials::new(Default::default(), &mut stream)),
            LossLaw::Independent { probability } => {
                Law::Independent(Trials::new(probability, &mut stream))
            }
            LossLaw::GilbertElliott {
                good_to_bad,
                bad_to_good,
                loss_good,
                loss_bad,
            } => {
                let mut chain = Chain {
                    bad: starts_bad,
                    stay: 0,
                    until_loss: 0,
                    leave: [good_to_bad.into(), bad_to_good.into()],
                    loss: [loss_good.into(), loss_bad.into()],
                };
                chain.enter(&mut stream);
                Law::Chain(chain)
            }
            LossLaw::LomaxSojourns {
                good,
                bad,
                loss_good,
                loss_bad,
            } => {
                let round_ms = good.mean_ms() + bad.mean_ms();
                let mut stays = Stays {
                    bad: starts_bad,
                    until_ns: 0,
                    stays: [good, bad],
                    share_bad: law.share_bad(),
                    forgotten_ns: (FORGOTTEN_ROUNDS * round_ms * 1e6) as u64,
                    loss: [loss_good.get(), loss_bad.get()],
                };
                stays.until_ns = stays.left_of_stay_ns(&mut stream);
                Law::Stays(stays)
            }
            LossLaw::LomaxBursts {
                good_to_bad,
                bad_to_good,
                good,
                bad,
            } => {
                let leave = [good_to_bad.into(), bad_to_good.into()];
                Law::Bursts(Bursts {
                    bad: false,
                    stay: Gap::draw(leave[0], &mut stream),
                    leave,
                    burst: None,
                    laws: [good, bad]
                        .map(|law: LomaxBurst| (law.scale_packets.get(), 1.0 / law.alpha.get())),
                })
            }
        };
        Self { law, stream }
    }

    /// Whether the next packet is lost.
    pub fn takes(&mut self, now_ns: u64) -> bool {
        let stream = &mut self.stream;
        match &mut self.law {
            Law::Independent(trials) => trials.succeeds(stream),
            Law::Chain(chain) => chain.takes(stream),
            Law::Stays(stays) => stays.takes(now_ns, stream),
            Law::Bursts(bursts) => bursts.takes(stream),
        }
    }

    pub fn digest(&self, sink: &mut impl FnMut(&[u8])) {
        sink(&self.stream.position().to_le_bytes());
        let (bad, counts) = match &self.law {
            Law::Independent(trials) => (false, [trials.left(), 0]),
            Law::Chain(chain) => (chain.bad, [chain.stay, chain.until_loss]),
            Law::Stays(stays) => (stays.bad, [stays.until_ns, 0]),
            Law::Bursts(bursts) => {
                let burst = bursts.burst.map_or(0, |left| left.saturating_add(1));
                (bursts.bad, [bursts.stay, burst])
            }
        };
        for value in [u64::from(bad), counts[0], counts[1]] {
            sink(&value.to_le_bytes());
        }
    }
}

impl Chain {
    fn enter(&mut self, stream: &mut Stream) {
        let state = usize::from(self.bad);
        self.stay = self.leave[state].draw(stream);
        self.until_loss = self.loss[state].draw(stream);
    }

    /// Whether the next packet is lost; the chain moves after it.
    fn takes(&mut self, stream: &mut Stream) -> bool {
        let lost = self.until_loss == 0;
        if lost {
            self.until_loss = self.loss[usize::from(self.bad)].draw(stream);
        } else {
            self.until_loss -= 1;
        }
        if self.stay == 0 {
            self.bad = !self.bad;
            self.enter(stream);
        } else {
            self.stay -= 1;
        }
        lost
    }
}

impl Stays {
    /// What is left of a Lomax stay at a random moment is Lomax with an index of one less.
    fn left_of_stay_ns(&self, stream: &mut Stream) -> u64 {
        let stay = self.stays[usize::from(self.bad)];
        let law = (stay.scale_ms.get() * 1e6, 1.0 / (stay.alpha.get() - 1.0));
        lomax(law, stream) as u64
    }

    fn takes(&mut self, now_ns: u64, stream: &mut Stream) -> bool {
        if now_ns.saturating_sub(self.until_ns) > self.forgotten_ns {
            self.bad = stream.uniform() < self.share_bad;
            self.until_ns = now_ns.saturating_add(self.left_of_stay_ns(stream));
        }
        while self.until_ns <= now_ns {
            self.bad = !self.bad;
            let stay = self.stays[usize::from(self.bad)];
            let law = (stay.scale_ms.get() * 1e6, 1.0 / stay.alpha.get());
            let stay_ns = lomax(law, stream) as u64;
            self.until_ns = self.until_ns.saturating_add(stay_ns.max(1));
        }
        stream.uniform() < self.loss[usize::from(self.bad)]
    }
}

impl Bursts {
    fn takes(&mut self, stream: &mut Stream) -> bool {
        if self.stay == 0 {
            self.bad = !self.bad;
            self.stay = self.leave[usize::from(self.bad)].draw(stream);
        } else {
            self.stay -= 1;
        }
        let left = match self.burst {
            Some(left) => left,
            None => lomax(self.laws[usize::from(self.bad)], stream) as u64,
        };
        self.burst = left.checked_sub(1);
        left > 0
    }
}

/// Lomax by inversion of an exponential: scale and inverse tail index.
fn lomax((scale, inverse_alpha): (f64, f64), stream: &mut Stream) -> f64 {
    scale * libm::expm1(stream.quick_exponential() * inverse_alpha)
}

/// Loss of packets that had to queue.
#[derive(Clone)]
pub(crate) struct LossByQueueing {
    from_ns: u64,
    /// Chance for each ns of queueing beyond `from_ns`.
    slope: f64,
    greatest: f64,
    stream: Stream,
}

impl LossByQueueing {
    /// What comes from here on is drawn anew; what was drawn already stays.
    pub fn rekey(&mut self, stream: &impl Fn(&str) -> Stream) {
        self.stream = stream("queueing loss");
    }

    /// Nothing where the law never takes a packet.
    pub fn new(law: QueueingLoss, stream: Stream) -> Option<Self> {
        let greatest = law.probability.get();
        let from_ns = law.from_ms.ns();
        let rise_ns = law.full_ms.ns() - from_ns;
        (greatest > 0.0).then(|| Self {
            from_ns,
            // A rise of no length is a step.
            slope: if rise_ns > 0 {
                greatest / rise_ns as f64
            } else {
                f64::INFINITY
            },
            greatest,
            stream,
        })
    }

    /// The draw of the next packet, whatever becomes of it: one queue moves no other's numbers.
    pub fn draw(&mut self) -> f64 {
        self.stream.uniform()
    }

    /// Whether a packet of that draw that queued for so long is lost.
    pub fn takes(&self, drawn: f64, queueing_ns: u64) -> bool {
        let beyond_ns = queueing_ns.saturating_sub(self.from_ns);
        beyond_ns > 0 && drawn < (beyond_ns as f64 * self.slope).min(self.greatest)
    }

    pub fn digest(&self, sink: &mut impl FnMut(&[u8])) {
        sink(&self.stream.position().to_le_bytes());
    }
}
