//! One direction of one path: what becomes of each packet, as a function of the link's own streams.
//!
//! In order: outage and loss, base delay and jitter, queueing order, faults' delays, clogs; then copies.

use std::sync::Arc;

use crate::fault::{Fault, FaultKind, FaultSchedule, PacketFate, PacketFault};
use crate::model::{DelayLaw, LinkModel, LossLaw};
use crate::network::{LossReason, ModelError};
use crate::random::{Chance, Stream};
use crate::trace::DirectionTrace;
use crate::units::ms_to_ns;
use crate::{Direction, Path};

/// The state of one link.
#[derive(Clone)]
pub(crate) struct Link {
    base_ns: u64,
    fifo: bool,
    delay: Delay,
    loss: Loss,
    copies: Copies,
    faults: Faults,
    /// Packets sent so far: the next one's number.
    sent: u64,
    /// When the last packet that keeps the order arrives.
    last_arrival_ns: u64,
}

/// A packet that was not lost: when its original arrives, and the delays of its copies after that.
pub(crate) struct Passage {
    pub packet: u64,
    pub at_ns: u64,
}

impl Link {
    pub fn new(
        model: &LinkModel,
        faults: &FaultSchedule,
        path: Path,
        direction: Direction,
        seed: u64,
    ) -> Result<Self, ModelError> {
        let of_link = format!("net/{}/{}", path.index(), direction.name());
        let stream = |part: &str| Stream::new(seed, &format!("{of_link}/{part}"));
        // Both directions of a path replay the same moments of a measurement.
        let trace_start = Stream::new(seed, &format!("net/{}/trace start", path.index()));
        Ok(Self {
            base_ns: model.base_one_way.ns(),
            fifo: model.fifo,
            delay: Delay::new(&model.jitter, stream("jitter"), trace_start)?,
            loss: Loss::new(&model.loss, stream("loss")),
            copies: Copies::new(model, stream("duplicates"), stream("late repeats")),
            faults: Faults::new(faults, path, direction, &stream),
            sent: 0,
            last_arrival_ns: 0,
        })
    }

    /// Sends the next packet. `copy_arrives` is told when each further copy arrives.
    pub fn send(
        &mut self,
        now_ns: u64,
        mut copy_arrives: impl FnMut(u64),
    ) -> Result<Passage, LossReason> {
        let packet = self.sent;
        self.sent += 1;
        // Every law draws for every packet, lost or not: a fault taken away changes no other number.
        let (jitter_ns, trace_lost) = self.delay.draw(now_ns);
        let lost_by_law = self.loss.draw() || trace_lost;
        let copies = self.copies.draw();
        let struck = self.faults.strike(now_ns, packet);
        if let Some(reason) = struck.lost {
            return Err(reason);
        }
        if lost_by_law {
            return Err(LossReason::Law);
        }
        let mut at_ns = now_ns + self.base_ns + jitter_ns + struck.queueing_ns;
        if self.fifo {
            at_ns = at_ns.max(self.last_arrival_ns);
            self.last_arrival_ns = at_ns;
        }
        at_ns += struck.detour_ns;
        let original_ns = self.faults.out_of_clogs(at_ns);
        for extra_ns in copies.iter().chain(&struck.copies).flatten() {
            copy_arrives(self.faults.out_of_clogs(at_ns + extra_ns));
        }
        Ok(Passage {
            packet,
            at_ns: original_ns,
        })
    }

    pub fn digest(&self, sink: &mut impl FnMut(&[u8])) {
        for value in [self.sent, self.last_arrival_ns, u64::from(self.loss.bad)] {
            sink(&value.to_le_bytes());
        }
        let laws = [
            &self.delay.stream,
            &self.loss.stream,
            &self.copies.stream,
            &self.copies.late_stream,
        ];
        // A fault still to come is no part of the state.
        let begun = self.faults.spells.iter().take(self.faults.next);
        let faults = begun.map(|spell| &spell.stream);
        for stream in laws.into_iter().chain(faults) {
            sink(&stream.position().to_le_bytes());
        }
    }
}

/// A draw of a law with a long tail is cut off at an hour.
const LONGEST_NS: f64 = 3.6e12;

/// Jitter: what is added to the base delay.
#[derive(Clone)]
struct Delay {
    law: Law,
    stream: Stream,
}

#[derive(Clone)]
enum Law {
    None,
    Exponential {
        mean_ns: f64,
    },
    Gamma {
        shape: f64,
        scale_ns: f64,
    },
    Hyper {
        phases: Vec<(f64, f64)>,
    },
    Trace {
        trace: Arc<DirectionTrace>,
        start_ns: u64,
    },
}

impl Delay {
    fn new(law: &DelayLaw, stream: Stream, mut trace_start: Stream) -> Result<Self, ModelError> {
        let law = match law {
            DelayLaw::None => Law::None,
            DelayLaw::ShiftedExponential { mean_ms } => Law::Exponential {
                mean_ns: mean_ms.get() * 1e6,
            },
            DelayLaw::ShiftedGamma { shape, scale_ms } => Law::Gamma {
                shape: shape.get(),
                scale_ns: scale_ms.get() * 1e6,
            },
            DelayLaw::HyperExponential {
                weights,
                rates_per_ms,
            } => {
                let mut sum = 0.0;
                let phases = weights.iter().zip(rates_per_ms).map(|(weight, rate)| {
                    sum += weight.get();
                    (sum, 1e6 / rate.get())
                });
                Law::Hyper {
                    phases: phases.collect(),
                }
            }
            DelayLaw::Trace { file, measured } => {
                let Some(trace) = measured.clone() else {
                    return Err(ModelError::TraceNotRead { file: file.clone() });
                };
                // Each seed begins elsewhere in the measurement; its order is kept.
                let start_ns = trace_start.below(trace.span_ns());
                Law::Trace { trace, start_ns }
            }
        };
        Ok(Self { law, stream })
    }

    /// The jitter of a packet sent now, and whether the trace lost it.
    fn draw(&mut self, now_ns: u64) -> (u64, bool) {
        let stream = &mut self.stream;
        let jitter_ns = match &self.law {
            Law::None => 0.0,
            Law::Exponential { mean_ns } => stream.exponential() * mean_ns,
            Law::Gamma { shape, scale_ns } => stream.gamma(*shape) * scale_ns,
            Law::Hyper { phases } => {
                let which = stream.uniform();
                // Rounded weights may add up to a little less than one: the last phase takes the rest.
                let phase = phases
                    .iter()
                    .find(|(sum, _)| which < *sum)
                    .or(phases.last());
                stream.exponential() * phase.map_or(0.0, |(_, mean_ns)| *mean_ns)
            }
            Law::Trace { trace, start_ns } => {
                return match trace.at(now_ns + start_ns) {
                    Some(variation_ns) => (variation_ns, false),
                    None => (0, true),
                };
            }
        };
        (jitter_ns.min(LONGEST_NS) as u64, false)
    }
}

/// Loss: independent, or in bursts.
#[derive(Clone)]
struct Loss {
    bad: bool,
    good_to_bad: Chance,
    bad_to_good: Chance,
    loss_good: Chance,
    loss_bad: Chance,
    stream: Stream,
}

impl Loss {
    fn new(law: &LossLaw, mut stream: Stream) -> Self {
        let (good_to_bad, bad_to_good, loss_good, loss_bad) = match law {
            LossLaw::None => (Chance::NEVER, Chance::NEVER, Chance::NEVER, Chance::NEVER),
            LossLaw::Independent { probability } => (
                Chance::NEVER,
                Chance::NEVER,
                (*probability).into(),
                Chance::NEVER,
            ),
            LossLaw::GilbertElliott {
                good_to_bad,
                bad_to_good,
                loss_good,
                loss_bad,
            } => (
                (*good_to_bad).into(),
                (*bad_to_good).into(),
                (*loss_good).into(),
                (*loss_bad).into(),
            ),
        };
        let bad = stream.uniform() < law.share_bad();
        Self {
            bad,
            good_to_bad,
            bad_to_good,
            loss_good,
            loss_bad,
            stream,
        }
    }

    /// Whether the next packet is lost; the chain moves after it.
    fn draw(&mut self) -> bool {
        let lost = self.stream.happens(if self.bad {
            self.loss_bad
        } else {
            self.loss_good
        });
        let leaves = self.stream.happens(if self.bad {
            self.bad_to_good
        } else {
            self.good_to_bad
        });
        self.bad ^= leaves;
        lost
    }
}

/// Further copies of a packet by the link's own laws.
#[derive(Clone)]
struct Copies {
    duplicates: Chance,
    extra_mean_ns: f64,
    repeats_max: u32,
    late: Chance,
    late_min_ns: u64,
    late_span_ns: u64,
    stream: Stream,
    late_stream: Stream,
}

/// The most copies that the laws of a link can add: 16 repeats and a late one.
const COPIES_MAX: usize = 17;

impl Copies {
    fn new(model: &LinkModel, stream: Stream, late_stream: Stream) -> Self {
        let (duplicates, late) = (model.duplicates, model.late_repeats);
        let late_min_ns = late.delay_min_ms.ns();
        Self {
            duplicates: duplicates.probability.into(),
            extra_mean_ns: duplicates.extra_delay_mean_ms.get() * 1e6,
            repeats_max: duplicates.repeats_max.get(),
            late: late.probability.into(),
            late_min_ns,
            late_span_ns: late.delay_max_ms.ns().saturating_sub(late_min_ns),
            stream,
            late_stream,
        }
    }

    /// How long after the original each copy arrives. A duplicate may be duplicated again.
    fn draw(&mut self) -> [Option<u64>; COPIES_MAX] {
        let mut copies = [None; COPIES_MAX];
        let mut next = copies.iter_mut();
        let (mut repeats, mut extra_ns) = (0, 0);
        while repeats < self.repeats_max && self.stream.happens(self.duplicates) {
            repeats += 1;
            extra_ns += (self.stream.exponential() * self.extra_mean_ns) as u64;
            if let Some(copy) = next.next() {
                *copy = Some(extra_ns);
            }
        }
        if self.late_stream.happens(self.late)
            && let Some(copy) = next.next()
        {
            *copy = Some(
                self.late_min_ns + self.late_stream.below(self.late_span_ns.saturating_add(1)),
            );
        }
        copies
    }
}

/// The schedule's faults that concern this link.
#[derive(Clone)]
struct Faults {
    /// In order of their beginnings.
    spells: Vec<Spell>,
    /// Spells that have begun and not ended, and the next one to begin: time never runs backwards.
    active: Vec<usize>,
    next: usize,
    /// Half-open, in order of their beginnings.
    clogs: Vec<(u64, u64)>,
    packets: Vec<PacketFault>,
}

/// A fault with a stream of its own: one taken away moves no number of another.
#[derive(Clone)]
struct Spell {
    from_ns: u64,
    until_ns: u64,
    kind: FaultKind,
    stream: Stream,
}

/// What the faults do to one packet.
#[derive(Default)]
struct Struck {
    lost: Option<LossReason>,
    /// Delay in a queue: later packets wait behind it.
    queueing_ns: u64,
    /// Delay on another way: later packets may overtake.
    detour_ns: u64,
    copies: [Option<u64>; STRUCK_COPIES_MAX],
}

/// Copies that faults may add to one packet; more are not made.
const STRUCK_COPIES_MAX: usize = 4;

impl Faults {
    fn new(
        schedule: &FaultSchedule,
        path: Path,
        direction: Direction,
        stream: &impl Fn(&str) -> Stream,
    ) -> Self {
        let concerns =
            |fault: &&Fault| fault.paths.contains(path) && fault.direction.contains(direction);
        let (mut spells, mut clogs) = (Vec::new(), Vec::new());
        for fault in schedule.faults.iter().filter(concerns) {
            let from_ns = fault.at_ms.ns();
            let until_ns = from_ns + fault.for_ms.ns();
            if fault.kind == FaultKind::Clog {
                clogs.push((from_ns, until_ns));
            } else {
                // Named by kind and beginning; its length is no part of the name, so that it may shrink.
                // Of two alike that begin together each is numbered, or they would strike as one.
                let name = stream_name(fault.kind);
                let is_twin =
                    |spell: &&Spell| spell.from_ns == from_ns && stream_name(spell.kind) == name;
                let twins = spells.iter().filter(is_twin).count();
                let stream = stream(&format!("faults/{name}/{from_ns}/{twins}"));
                spells.push(Spell {
                    from_ns,
                    until_ns,
                    kind: fault.kind,
                    stream,
                });
            }
        }
        clogs.sort_unstable();
        spells.sort_by_key(|spell: &Spell| spell.from_ns);
        let of_link = |fault: &&PacketFault| fault.path == path && fault.direction == direction;
        let mut packets: Vec<PacketFault> =
            schedule.packets.iter().filter(of_link).copied().collect();
        packets.sort_by_key(|fault| fault.number);
        Self {
            spells,
            active: Vec::new(),
            next: 0,
            clogs,
            packets,
        }
    }

    fn strike(&mut self, now_ns: u64, packet: u64) -> Struck {
        let mut struck = Struck::default();
        let Self {
            spells,
            active,
            next,
            packets,
            ..
        } = self;
        while spells
            .get(*next)
            .is_some_and(|spell| spell.from_ns <= now_ns)
        {
            active.push(*next);
            *next += 1;
        }
        active.retain(|&index| now_ns < spells[index].until_ns);
        for &index in active.iter() {
            let spell = &mut spells[index];
            match spell.kind {
                FaultKind::Outage => struck.lost = Some(LossReason::Outage),
                FaultKind::Clog => {}
                FaultKind::AddDelay { ms, ramp_ms } if ramp_ms.ns() > 0 => {
                    struck.queueing_ns += spell.ramped_ns(now_ns, ms.ns(), ramp_ms.ns());
                }
                FaultKind::AddDelay { ms, .. } => struck.detour_ns += ms.ns(),
                FaultKind::AddJitter { mean_ms } => {
                    struck.queueing_ns += ms_to_ns(spell.stream.exponential() * mean_ms.get());
                }
                FaultKind::Loss { probability } => {
                    if spell.stream.happens(probability.into()) {
                        struck.lost = struck.lost.or(Some(LossReason::Fault));
                    }
                }
                FaultKind::Duplicate {
                    probability,
                    delay_ms,
                } => {
                    if spell.stream.happens(probability.into()) {
                        struck.add_copy(delay_ms.ns());
                    }
                }
            }
        }
        let first = packets.partition_point(|fault| fault.number < packet);
        for fault in packets[first..]
            .iter()
            .take_while(|fault| fault.number == packet)
        {
            match fault.fate {
                PacketFate::Lose => struck.lost = Some(LossReason::Fault),
                PacketFate::Delay { ms } => struck.detour_ns += ms.ns(),
                PacketFate::Duplicate { ms } => struck.add_copy(ms.ns()),
            }
        }
        struck
    }

    /// The moment at which something that would arrive at `at_ns` comes out.
    fn out_of_clogs(&self, at_ns: u64) -> u64 {
        self.clogs
            .iter()
            .fold(at_ns, |at_ns, &(from_ns, until_ns)| {
                if (from_ns..until_ns).contains(&at_ns) {
                    until_ns
                } else {
                    at_ns
                }
            })
    }
}

impl Spell {
    /// A trapezium: up within the ramp, down within the ramp before the end.
    fn ramped_ns(&self, now_ns: u64, full_ns: u64, ramp_ns: u64) -> u64 {
        let nearest_end_ns = (now_ns - self.from_ns).min(self.until_ns - now_ns);
        if nearest_end_ns >= ramp_ns {
            return full_ns;
        }
        (u128::from(full_ns) * u128::from(nearest_end_ns) / u128::from(ramp_ns)) as u64
    }
}

impl Struck {
    fn add_copy(&mut self, extra_ns: u64) {
        if let Some(copy) = self.copies.iter_mut().find(|copy| copy.is_none()) {
            *copy = Some(extra_ns);
        }
    }
}

/// What the streams of a kind of fault are called.
fn stream_name(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::Outage => "outage",
        FaultKind::Clog => "clog",
        FaultKind::AddDelay { .. } => "delay",
        FaultKind::AddJitter { .. } => "jitter",
        FaultKind::Loss { .. } => "loss",
        FaultKind::Duplicate { .. } => "duplicate",
    }
}
