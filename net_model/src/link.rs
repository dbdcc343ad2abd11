//! One way of one path: decides, when a packet is sent, whether and when it and its copies arrive.
//!
//! Every packet draws from every source of its link whatever becomes of it, so the n-th packet's delay, loss and copies
//! are the same in two runs that differ only in another source or in the fault schedule. Such a pair of runs can be compared.

use crate::delay::Delay;
use crate::fault::FaultSchedule;
use crate::loss::Loss;
use crate::model::{DuplicateLaw, LateRepeat, LinkModel};
use crate::network::{LinkCounters, LossReason};
use crate::random::{Chance, Stream};
use crate::timeline::Timeline;
use crate::units::{Milliseconds, ms_to_ns};
use crate::{Direction, Path};

#[derive(Clone, Debug)]
pub(crate) struct Link {
    base_ns: u64,
    fifo: bool,
    delay: Delay,
    loss: Loss,
    duplicates: Duplicates,
    late_repeats: LateRepeats,
    timeline: Timeline,
    /// The latest send time seen: time does not run backwards.
    now_ns: u64,
    /// When the packet before this one arrives, on a link that keeps order.
    last_arrival_ns: u64,
    pub(crate) counters: LinkCounters,
}

/// A packet that will arrive.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Passage {
    pub(crate) arrival_ns: u64,
    /// Not delayed by itself: its arrival follows the order of its link.
    pub(crate) in_line: bool,
}

impl Link {
    /// `None` if the jitter's trace is not resolved or its mixture does not fit.
    pub(crate) fn new(
        model: &LinkModel,
        faults: &FaultSchedule,
        path: Path,
        direction: Direction,
        seed: u64,
    ) -> Option<Self> {
        let prefix = format!("path{}.{}", path.index(), direction.name());
        // Both directions of a path start at the same place in a trace.
        let offset = Stream::new(seed, &format!("path{}.trace_offset", path.index())).uniform();
        Some(Self {
            base_ns: model.base_one_way.ns(),
            fifo: model.fifo,
            delay: Delay::new(&model.jitter, seed, &format!("{prefix}.jitter"), offset)?,
            loss: Loss::new(&model.loss, seed, &format!("{prefix}.loss")),
            duplicates: Duplicates::new(&model.duplicates, seed, &format!("{prefix}.duplicates")),
            late_repeats: LateRepeats::new(&model.late_repeats, seed, &format!("{prefix}.late_repeats")),
            timeline: Timeline::new(faults, path, direction, seed, &prefix),
            now_ns: 0,
            last_arrival_ns: 0,
            counters: LinkCounters::default(),
        })
    }

    /// The fate of the next packet. `copies` must be empty; it receives the arrival time of each copy.
    pub(crate) fn send(&mut self, now_ns: u64, copies: &mut Vec<u64>) -> Result<Passage, LossReason> {
        self.now_ns = self.now_ns.max(now_ns);
        let number = self.counters.sent;
        self.counters.sent += 1;

        let jitter_ns = self.delay.next(self.now_ns);
        let lost = self.loss.next();
        self.duplicates.next(copies);
        self.late_repeats.next(copies);
        let trouble = self.timeline.strike(self.now_ns, number, copies);

        let reason = if trouble.lose {
            Some(LossReason::PacketFault)
        } else if trouble.outage {
            Some(LossReason::Outage)
        } else if trouble.storm {
            Some(LossReason::LossStorm)
        } else if jitter_ns.is_none() {
            Some(LossReason::Trace)
        } else if lost {
            Some(LossReason::Law)
        } else {
            None
        };
        if let Some(reason) = reason {
            copies.clear();
            return Err(reason);
        }

        let travel_ns = self.base_ns + jitter_ns.unwrap_or(0) + trouble.add_ns;
        let mut at_ns = self.now_ns.saturating_add(travel_ns);
        let in_line = trouble.alone_ns == 0;
        if !in_line {
            at_ns = at_ns.saturating_add(trouble.alone_ns);
        } else if self.fifo {
            at_ns = at_ns.max(self.last_arrival_ns);
            self.last_arrival_ns = at_ns;
        }
        for copy_ns in copies.iter_mut() {
            // A copy is later than its original by at least a nanosecond, before any clog gathers them.
            *copy_ns = self.timeline.released_ns(at_ns.saturating_add((*copy_ns).max(1)));
        }
        Ok(Passage { arrival_ns: self.timeline.released_ns(at_ns), in_line })
    }

    /// Every number that decides this link's future, for the digest.
    pub(crate) fn fold(&self, word: &mut impl FnMut(u64)) {
        word(self.now_ns);
        word(self.last_arrival_ns);
        word(u64::from(self.loss.is_bad()));
        for counter in self.counters.words() {
            word(counter);
        }
        let streams = [
            self.delay.stream(),
            self.loss.stream(),
            &self.duplicates.stream,
            &self.late_repeats.stream,
        ];
        for position in streams.map(Stream::position).into_iter().chain(self.timeline.positions()) {
            // A position of 2^64 words would take millennia: the low half is the position.
            word(position as u64);
        }
    }
}

/// A duplicate law at work.
#[derive(Clone, Debug)]
struct Duplicates {
    chance: Chance,
    extra_delay_mean_ms: f64,
    repeats_max: u32,
    stream: Stream,
}

impl Duplicates {
    fn new(law: &DuplicateLaw, seed: u64, name: &str) -> Self {
        Self {
            chance: law.probability.into(),
            extra_delay_mean_ms: law.extra_delay_mean_ms.get(),
            repeats_max: law.repeats_max.get(),
            stream: Stream::new(seed, name),
        }
    }

    /// Appends the next packet's copies, as times after the original's arrival.
    fn next(&mut self, copies: &mut Vec<u64>) {
        if self.chance.is_never() {
            return;
        }
        for _ in 0..self.repeats_max {
            if !self.stream.happens(self.chance) {
                break;
            }
            let ms = Milliseconds::clamped(self.extra_delay_mean_ms * self.stream.exponential());
            copies.push(ms_to_ns(ms.get()));
        }
    }
}

/// A late-repeat law at work.
#[derive(Clone, Debug)]
struct LateRepeats {
    chance: Chance,
    delay_min_ns: u64,
    delay_max_ns: u64,
    stream: Stream,
}

impl LateRepeats {
    fn new(law: &LateRepeat, seed: u64, name: &str) -> Self {
        let (delay_min_ns, delay_max_ns) = (law.delay_min_ms.ns(), law.delay_max_ms.ns());
        Self {
            chance: law.probability.into(),
            delay_min_ns,
            // The fields are public: a law built in code may have them crossed.
            delay_max_ns: delay_max_ns.max(delay_min_ns),
            stream: Stream::new(seed, name),
        }
    }

    fn next(&mut self, copies: &mut Vec<u64>) {
        if !self.chance.is_never() && self.stream.happens(self.chance) {
            copies.push(self.delay_min_ns + self.stream.below(self.delay_max_ns - self.delay_min_ns + 1));
        }
    }
}
