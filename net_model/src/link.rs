//! One direction of one path: what becomes of each packet, as a function of the link's own streams.
//!
//! In order: cut, policer, bottleneck, wire (base delay and jitter), loss, order of the queue, detours, clogs; then
//! copies.

use crate::bottleneck::{LoadCounters, SharedQueue, VideoCounters};
use crate::copies::{Copies, HeldBack};
use crate::delay::Jitter;
use crate::fault::FaultSchedule;
use crate::loss::{Loss, LossByQueueing};
use crate::model::LinkModel;
use crate::network::{LossReason, ModelError};
use crate::policer::Bucket;
use crate::random::Stream;
use crate::spells::Spells;
use crate::{Direction, Path};

/// The state of one link.
#[derive(Clone)]
pub(crate) struct Link {
    base_ns: u64,
    fifo: bool,
    policer: Option<Bucket>,
    bottleneck: Option<SharedQueue>,
    jitter: Jitter,
    loss: Loss,
    queueing_loss: Option<LossByQueueing>,
    copies: Copies,
    held_back: HeldBack,
    spells: Spells,
    /// Packets sent so far: the next one's number.
    sent: u64,
    /// When the last packet that keeps the order arrives.
    last_arrival_ns: u64,
}

/// A packet that was not lost.
pub(crate) struct Passage {
    pub packet: u64,
    /// When its original arrives.
    pub at_ns: u64,
    /// Whether it went another way than the packets around it: it says nothing of when they arrive.
    pub is_astray: bool,
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
        let (spells, congestion) = Spells::new(faults, path, direction, &stream);
        let mut bottleneck = model
            .bottleneck
            .as_ref()
            .map(|bottleneck| SharedQueue::new(bottleneck, &stream));
        if let Some(bottleneck) = &mut bottleneck {
            for (from_ns, until_ns, rate, stream) in congestion {
                bottleneck.congest(from_ns, until_ns, rate, stream);
            }
        }
        let (jitter, regimes) = (stream("jitter"), stream("regimes"));
        Ok(Self {
            base_ns: model.base_one_way.ns(),
            fifo: model.fifo,
            policer: model.policer.map(Bucket::new),
            bottleneck,
            jitter: Jitter::new(&model.jitter, jitter, trace_start, regimes)?,
            loss: Loss::new(&model.loss, stream("loss")),
            queueing_loss: LossByQueueing::new(model.queueing_loss, stream("queueing loss")),
            copies: Copies::new(model, stream("duplicates"), stream("late repeats")),
            held_back: HeldBack::new(model.reordering, stream("reordering")),
            spells,
            sent: 0,
            last_arrival_ns: 0,
        })
    }

    /// Draws anew what comes from here on: see [`crate::Network::rekey`].
    pub fn rekey(&mut self, path: Path, direction: Direction, key: u64) {
        let of_link = format!("net/{}/{}", path.index(), direction.name());
        let stream = |part: &str| Stream::new(key, &format!("{of_link}/{part}"));
        self.jitter.rekey(&stream);
        self.loss.rekey(&stream);
        if let Some(law) = &mut self.queueing_loss {
            law.rekey(&stream);
        }
        self.copies.rekey(&stream);
        self.held_back.rekey(&stream);
        self.spells.rekey(&stream);
        if let Some(bottleneck) = &mut self.bottleneck {
            bottleneck.rekey(&stream);
        }
    }

    /// Faults that have not begun give way to others: see [`crate::Network::replace_future_faults`].
    pub fn replace_future_faults(
        &mut self,
        now_ns: u64,
        faults: &FaultSchedule,
        path: Path,
        direction: Direction,
        key: u64,
    ) {
        let of_link = format!("net/{}/{}", path.index(), direction.name());
        let stream = |part: &str| Stream::new(key, &format!("{of_link}/{part}"));
        // Congestion that was announced to the bottleneck stays: it is a part of the bottleneck's state.
        let (spells, _) = Spells::new(faults, path, direction, &stream);
        self.spells.replace_future(now_ns, spells);
    }

    /// Takes faults that begin now or later into a link of the same seed: see [`crate::Network::add_faults`].
    pub fn add_faults(
        &mut self,
        now_ns: u64,
        faults: &FaultSchedule,
        known: usize,
        (path, direction): (Path, Direction),
        seed: u64,
    ) {
        let of_link = format!("net/{}/{}", path.index(), direction.name());
        let stream = |part: &str| Stream::new(seed, &format!("{of_link}/{part}"));
        let (spells, _) = Spells::new(faults, path, direction, &stream);
        self.spells.replace_future(now_ns, spells);
        let Some(bottleneck) = &mut self.bottleneck else {
            return;
        };
        let added = FaultSchedule {
            faults: faults.faults.get(known..).unwrap_or_default().to_vec(),
            ..FaultSchedule::default()
        };
        let (_, congestion) = Spells::new(&added, path, direction, &stream);
        for (from_ns, until_ns, rate, stream) in congestion {
            bottleneck.congest(from_ns, until_ns, rate, stream);
        }
    }

    /// Takes over when faults end: see [`crate::Network::end_faults`].
    pub fn end_faults(&mut self, faults: &FaultSchedule, path: Path, direction: Direction) {
        let (spells, _) = Spells::new(faults, path, direction, &|part| Stream::new(0, part));
        self.spells.take_ends(&spells);
    }

    /// Sends the next packet, of so many bytes on the wire. `copies` is filled with when each further copy arrives.
    pub fn send(
        &mut self,
        now_ns: u64,
        bytes: u64,
        copies: &mut Vec<u64>,
    ) -> Result<Passage, LossReason> {
        let packet = self.sent;
        self.sent += 1;
        copies.clear();
        // Every law draws for every packet, lost or not: a fault taken away changes no other number.
        let (jitter_ns, lost_by_trace) = self.jitter.draw(now_ns);
        let lost_by_law = self.loss.takes(now_ns) | lost_by_trace;
        self.copies.draw(copies);
        let held_ns = self.held_back.draw();
        let queueing_draw = self.queueing_loss.as_mut().map(LossByQueueing::draw);
        let struck = self.spells.strike(now_ns, packet, copies);
        if struck.cut {
            return Err(LossReason::Outage);
        }
        // What the schedule delivers or loses goes through the same queues as if it did not: it moves no other packet.
        let queued = self.queue(now_ns, bytes);
        if struck.lost {
            return Err(LossReason::Fault);
        }
        if let Some(deliver_ns) = struck.deliver_ns {
            let at_ns = now_ns + deliver_ns + struck.held_ns;
            copies.iter_mut().for_each(|copy_ns| *copy_ns += at_ns);
            return Ok(Passage {
                packet,
                at_ns,
                is_astray: true,
            });
        }
        let queueing_ns = queued? + jitter_ns + struck.queueing_ns;
        if lost_by_law {
            return Err(LossReason::Law);
        }
        if let (Some(law), Some(drawn)) = (&self.queueing_loss, queueing_draw)
            && law.takes(drawn, queueing_ns)
        {
            return Err(LossReason::Queueing);
        }
        let mut at_ns = now_ns + self.base_ns + queueing_ns;
        let detour_ns = struck.detour_ns + struck.held_ns + held_ns;
        if self.fifo && held_ns == 0 {
            at_ns = at_ns.max(self.last_arrival_ns);
            self.last_arrival_ns = at_ns;
        }
        at_ns = at_ns + detour_ns - struck.shortcut_ns.min(self.base_ns);
        for copy_ns in copies.iter_mut() {
            *copy_ns = self.spells.out_of_clogs(at_ns + *copy_ns);
        }
        Ok(Passage {
            packet,
            at_ns: self.spells.out_of_clogs(at_ns),
            is_astray: detour_ns > 0,
        })
    }

    /// Policer and bottleneck: how long the packet waits and is sent, ns.
    fn queue(&mut self, now_ns: u64, bytes: u64) -> Result<u64, LossReason> {
        if let Some(policer) = &mut self.policer
            && !policer.passes(now_ns, bytes)
        {
            return Err(LossReason::Policer);
        }
        match &mut self.bottleneck {
            Some(bottleneck) => bottleneck.offer(now_ns, bytes).ok_or(LossReason::QueueFull),
            None => Ok(0),
        }
    }

    /// Lets the other traffic at the bottleneck come up to a moment.
    pub fn advance(&mut self, now_ns: u64) {
        if let Some(bottleneck) = &mut self.bottleneck {
            bottleneck.advance(now_ns);
        }
    }

    pub fn load(&self) -> Option<(LoadCounters, VideoCounters)> {
        let bottleneck = self.bottleneck.as_ref()?;
        Some((bottleneck.load(), bottleneck.video()))
    }

    pub fn digest(&self, sink: &mut impl FnMut(&[u8])) {
        for value in [self.sent, self.last_arrival_ns] {
            sink(&value.to_le_bytes());
        }
        self.jitter.digest(sink);
        self.loss.digest(sink);
        self.copies.digest(sink);
        self.held_back.digest(sink);
        self.spells.digest(sink);
        if let Some(law) = &self.queueing_loss {
            law.digest(sink);
        }
        if let Some(policer) = &self.policer {
            policer.digest(sink);
        }
        if let Some(bottleneck) = &self.bottleneck {
            bottleneck.digest(sink);
        }
    }
}
