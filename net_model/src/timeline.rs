//! One link's share of the fault schedule, compiled for fast questions: what is in force now, and until when nothing
//! changes. Most packets fall between changes and cost one comparison.

use std::sync::Arc;

use crate::fault::{FaultKind, FaultSchedule, PacketFate};
use crate::random::{Chance, Stream};
use crate::units::{Milliseconds, ms_to_ns};
use crate::{Direction, Path};

/// The faults of one link. The tables are immutable and shared by clones.
#[derive(Clone, Debug)]
pub(crate) struct Timeline {
    /// Everything but clogs, by start.
    spells: Arc<[Spell]>,
    /// Clogs as disjoint intervals [start, end), ascending.
    clogs: Arc<[(u64, u64)]>,
    /// Fates of single packets, by number.
    packets: Arc<[(u64, PacketFate)]>,

    /// Spells before this one have started.
    started: usize,
    /// Those that have started and not ended.
    active: Vec<usize>,
    /// When `active` next changes.
    change_ns: u64,
    /// Fates before this one belong to packets already sent.
    packet: usize,

    loss: Stream,
    duplicate: Stream,
    jitter: Stream,
}

#[derive(Clone, Copy, Debug)]
struct Spell {
    start_ns: u64,
    end_ns: u64,
    effect: Effect,
}

#[derive(Clone, Copy, Debug)]
enum Effect {
    Outage,
    AddDelay { ns: u64, ramp_ns: u64 },
    AddJitter { mean_ms: f64 },
    Loss(Chance),
    Duplicate { chance: Chance, delay_ns: u64 },
}

/// What the schedule does to one packet.
#[derive(Debug, Default)]
pub(crate) struct Trouble {
    /// Sent during an outage.
    pub(crate) outage: bool,
    /// Taken by a loss storm.
    pub(crate) storm: bool,
    /// Lost by a packet fault.
    pub(crate) lose: bool,
    /// Added delay that keeps the order of packets.
    pub(crate) add_ns: u64,
    /// Added delay of this packet alone.
    pub(crate) alone_ns: u64,
}

impl Timeline {
    pub(crate) fn new(
        schedule: &FaultSchedule,
        path: Path,
        direction: Direction,
        seed: u64,
        prefix: &str,
    ) -> Self {
        let mut spells = Vec::new();
        let mut clogs = Vec::new();
        for fault in &schedule.faults {
            if !fault.paths.contains(path) || !fault.direction.contains(direction) {
                continue;
            }
            let start_ns = fault.at_ms.ns();
            let end_ns = start_ns + fault.for_ms.ns();
            if start_ns == end_ns {
                continue;
            }
            let effect = match fault.kind {
                FaultKind::Clog => {
                    clogs.push((start_ns, end_ns));
                    continue;
                }
                FaultKind::Outage => Effect::Outage,
                FaultKind::AddDelay { ms, ramp_ms } => {
                    Effect::AddDelay { ns: ms.ns(), ramp_ns: ramp_ms.ns() }
                }
                FaultKind::AddJitter { mean_ms } => Effect::AddJitter { mean_ms: mean_ms.get() },
                FaultKind::Loss { probability } => Effect::Loss(probability.into()),
                FaultKind::Duplicate { probability, delay_ms } => {
                    Effect::Duplicate { chance: probability.into(), delay_ns: delay_ms.ns() }
                }
            };
            spells.push(Spell { start_ns, end_ns, effect });
        }
        // Stable, so that faults of one start keep the order of the file.
        spells.sort_by_key(|spell| spell.start_ns);

        let mut packets: Vec<_> = schedule
            .packets
            .iter()
            .filter(|fault| fault.path == path && fault.direction == direction)
            .map(|fault| (fault.number, fault.fate))
            .collect();
        packets.sort_by_key(|(number, _)| *number);

        Self {
            change_ns: spells.first().map_or(u64::MAX, |spell| spell.start_ns),
            spells: spells.into(),
            clogs: union(clogs).into(),
            packets: packets.into(),
            started: 0,
            active: Vec::new(),
            packet: 0,
            loss: Stream::new(seed, &format!("{prefix}.storm.loss")),
            duplicate: Stream::new(seed, &format!("{prefix}.storm.duplicate")),
            jitter: Stream::new(seed, &format!("{prefix}.storm.jitter")),
        }
    }

    /// What befalls the packet with this number, sent now. `now_ns` and `number` never decrease. Copies to be made are
    /// appended to `copies`, as times after the original's arrival.
    pub(crate) fn strike(&mut self, now_ns: u64, number: u64, copies: &mut Vec<u64>) -> Trouble {
        let mut trouble = Trouble::default();
        if now_ns >= self.change_ns {
            self.advance(now_ns);
        }
        for &index in &self.active {
            let spell = self.spells[index];
            match spell.effect {
                Effect::Outage => trouble.outage = true,
                Effect::AddDelay { ns, ramp_ns } => {
                    trouble.add_ns += height(ns, ramp_ns, now_ns - spell.start_ns, spell.end_ns - now_ns);
                }
                Effect::AddJitter { mean_ms } => {
                    let ms = Milliseconds::clamped(mean_ms * self.jitter.exponential());
                    trouble.add_ns += ms_to_ns(ms.get());
                }
                Effect::Loss(chance) => trouble.storm |= self.loss.happens(chance),
                Effect::Duplicate { chance, delay_ns } => {
                    if self.duplicate.happens(chance) {
                        copies.push(delay_ns);
                    }
                }
            }
        }
        while let Some(&(of, fate)) = self.packets.get(self.packet)
            && of <= number
        {
            self.packet += 1;
            match fate {
                PacketFate::Lose => trouble.lose = true,
                PacketFate::Delay { ms } => trouble.alone_ns += ms.ns(),
                PacketFate::Duplicate { ms } => copies.push(ms.ns()),
            }
        }
        trouble
    }

    /// When a packet that reaches the far end at `at_ns` comes out.
    pub(crate) fn released_ns(&self, at_ns: u64) -> u64 {
        let next = self.clogs.partition_point(|(_, end_ns)| *end_ns <= at_ns);
        match self.clogs.get(next) {
            Some(&(start_ns, end_ns)) if start_ns <= at_ns => end_ns,
            _ => at_ns,
        }
    }

    /// The positions of its random streams: all else follows from the time and the number of the last packet.
    pub(crate) fn positions(&self) -> [u128; 3] {
        [self.loss.position(), self.duplicate.position(), self.jitter.position()]
    }

    fn advance(&mut self, now_ns: u64) {
        self.active.retain(|&index| self.spells[index].end_ns > now_ns);
        while let Some(spell) = self.spells.get(self.started)
            && spell.start_ns <= now_ns
        {
            if spell.end_ns > now_ns {
                self.active.push(self.started);
            }
            self.started += 1;
        }
        let next_start_ns = self.spells.get(self.started).map_or(u64::MAX, |spell| spell.start_ns);
        let next_end_ns = self.active.iter().map(|&index| self.spells[index].end_ns).min();
        self.change_ns = next_start_ns.min(next_end_ns.unwrap_or(u64::MAX));
    }
}

/// The height of a swell: up its ramp, along, and down its ramp.
fn height(ns: u64, ramp_ns: u64, since_start_ns: u64, to_end_ns: u64) -> u64 {
    let climbed_ns = since_start_ns.min(to_end_ns);
    if climbed_ns >= ramp_ns {
        return ns;
    }
    (u128::from(ns) * u128::from(climbed_ns) / u128::from(ramp_ns)) as u64
}

/// Intervals that touch or overlap become one.
fn union(mut intervals: Vec<(u64, u64)>) -> Vec<(u64, u64)> {
    intervals.sort_unstable();
    let mut merged: Vec<(u64, u64)> = Vec::with_capacity(intervals.len());
    for (start_ns, end_ns) in intervals {
        match merged.last_mut() {
            Some(last) if start_ns <= last.1 => last.1 = last.1.max(end_ns),
            _ => merged.push((start_ns, end_ns)),
        }
    }
    merged
}
