//! The schedule's faults that concern one link, and what they do to each packet.

use crate::fault::{Fault, FaultKind, FaultSchedule, Otherwise, PacketFate, PacketFault};
use crate::random::Stream;
use crate::units::{MegabitsPerSecond, ms_to_ns};
use crate::{Direction, Path};

/// The faults of one link.
#[derive(Clone)]
pub(crate) struct Spells {
    /// In order of their beginnings.
    spells: Vec<Spell>,
    /// Spells that have begun and not ended, and the next one to begin: time never runs backwards.
    active: Vec<usize>,
    next: usize,
    /// When the next one begins, or an active one ends.
    change_ns: u64,
    /// Half-open, in order of their beginnings; and the first that what is sent from now on may still meet.
    clogs: Vec<(u64, u64)>,
    first_clog: usize,
    /// In order of their numbers, and the next one to come: packets are numbered in the order of sending.
    packets: Vec<PacketFault>,
    next_packet: usize,
    otherwise: Otherwise,
}

/// A fault with a stream of its own: one taken away moves no number of another.
#[derive(Clone)]
struct Spell {
    from_ns: u64,
    until_ns: u64,
    kind: FaultKind,
    stream: Stream,
}

/// Added traffic at the bottleneck: from, until, how much, and a stream of its own.
pub(crate) type CongestionSpell = (u64, u64, MegabitsPerSecond, Stream);

/// What the faults do to one packet.
#[derive(Default)]
pub(crate) struct Struck {
    /// The link is cut: the packet does not even enter it.
    pub cut: bool,
    /// It is lost on the way.
    pub lost: bool,
    /// Delay in a queue: later packets wait behind it.
    pub queueing_ns: u64,
    /// Delay on another way: later packets may overtake.
    pub detour_ns: u64,
    /// How much shorter the way is.
    pub shortcut_ns: u64,
    /// It arrives so long after sending, whatever else is said, but for delays and copies of its own.
    pub deliver_ns: Option<u64>,
    /// Delay by a fate of this very packet.
    pub held_ns: u64,
}

impl Spells {
    /// The faults of one link; congestion is returned, as it is the bottleneck's business.
    pub fn new(
        schedule: &FaultSchedule,
        path: Path,
        direction: Direction,
        stream: &impl Fn(&str) -> Stream,
    ) -> (Self, Vec<CongestionSpell>) {
        let concerns =
            |fault: &&Fault| fault.paths.contains(path) && fault.direction.contains(direction);
        let (mut spells, mut clogs, mut congestion) = (Vec::new(), Vec::new(), Vec::new());
        for fault in schedule.faults.iter().filter(concerns) {
            let from_ns = fault.at_ms.ns();
            let until_ns = from_ns + fault.for_ms.ns();
            match fault.kind {
                FaultKind::Clog => clogs.push((from_ns, until_ns)),
                FaultKind::Congestion { rate_mbit_s } => {
                    let stream = stream(&format!("faults/congestion/{from_ns}"));
                    congestion.push((from_ns, until_ns, rate_mbit_s, stream));
                }
                kind => {
                    // Named by kind and beginning; its length is no part of the name, so that it may shrink.
                    // Of two alike that begin together each is numbered, or they would strike as one.
                    let name = stream_name(kind);
                    let is_twin = |spell: &&Spell| {
                        spell.from_ns == from_ns && stream_name(spell.kind) == name
                    };
                    let twins = spells.iter().filter(is_twin).count();
                    spells.push(Spell {
                        from_ns,
                        until_ns,
                        kind,
                        stream: stream(&format!("faults/{name}/{from_ns}/{twins}")),
                    });
                }
            }
        }
        clogs.sort_unstable();
        spells.sort_by_key(|spell: &Spell| spell.from_ns);
        let of_link = |fault: &&PacketFault| fault.path == path && fault.direction == direction;
        let mut packets: Vec<PacketFault> =
            schedule.packets.iter().filter(of_link).copied().collect();
        packets.sort_by_key(|fault| fault.number);
        let spells = Self {
            spells,
            active: Vec::new(),
            next: 0,
            change_ns: 0,
            clogs,
            first_clog: 0,
            packets,
            next_packet: 0,
            otherwise: schedule.otherwise,
        };
        (spells, congestion)
    }

    /// What comes from here on is drawn anew; spells that have begun go on.
    pub fn rekey(&mut self, stream: &impl Fn(&str) -> Stream) {
        for (index, spell) in self.spells.iter_mut().enumerate() {
            spell.stream = stream(&format!("faults/{index}"));
        }
    }

    /// Puts the spells of `other` that begin at `now_ns` or later in the place of those of this one.
    pub fn replace_future(&mut self, now_ns: u64, other: Self) {
        let to_come = |from_ns: u64| from_ns >= now_ns;
        self.spells.retain(|spell| !to_come(spell.from_ns));
        let spells = other.spells.into_iter();
        self.spells
            .extend(spells.filter(|spell| to_come(spell.from_ns)));
        self.clogs.retain(|&(from_ns, _)| !to_come(from_ns));
        let clogs = other.clogs.into_iter();
        self.clogs.extend(clogs.filter(|clog| to_come(clog.0)));
        // Looked at again with the next packet.
        self.change_ns = 0;
        self.next = self.next.min(self.spells.len());
        self.first_clog = self.first_clog.min(self.clogs.len());
        let known = self.spells.len();
        self.active.retain(|&index| index < known);
    }

    /// Takes the ends of the same faults from `other`, which was built of a schedule that differs in nothing but ends.
    pub fn take_ends(&mut self, other: &Self) {
        debug_assert_eq!(self.spells.len(), other.spells.len());
        for (spell, other) in self.spells.iter_mut().zip(&other.spells) {
            spell.until_ns = other.until_ns;
        }
        self.change_ns = 0;
    }

    /// What befalls the next packet, the `packet`-th. Adds to `copies` how long after the original each further copy
    /// arrives.
    pub fn strike(&mut self, now_ns: u64, packet: u64, copies: &mut Vec<u64>) -> Struck {
        let mut struck = Struck::default();
        if now_ns >= self.change_ns {
            self.change(now_ns);
        }
        for &index in &self.active {
            self.spells[index].strike(now_ns, &mut struck, copies);
        }
        match self.otherwise {
            Otherwise::Laws => {}
            Otherwise::Deliver { ms } => struck.instead(Some(ms.ns()), copies),
            Otherwise::Lose => {
                struck.instead(None, copies);
                struck.lost = true;
            }
        }
        if let Some(fault) = self.packets.get(self.next_packet)
            && fault.number == packet
        {
            self.strike_one(packet, &mut struck, copies);
        }
        struck
    }

    /// What the schedule says of this very packet.
    fn strike_one(&mut self, packet: u64, struck: &mut Struck, copies: &mut Vec<u64>) {
        let first = self.next_packet;
        while let Some(fault) = self.packets.get(self.next_packet)
            && fault.number == packet
        {
            self.next_packet += 1;
        }
        let fates = &self.packets[first..self.next_packet];
        // Delivery first, as it wipes out what laws and faults say; then what comes on top of it.
        for fault in fates {
            if let PacketFate::Deliver { ms } = fault.fate {
                struck.instead(Some(ms.ns()), copies);
            }
        }
        for fault in fates {
            match fault.fate {
                PacketFate::Lose => struck.lost = true,
                PacketFate::Deliver { .. } => {}
                PacketFate::Delay { ms } => struck.held_ns += ms.ns(),
                PacketFate::Duplicate { ms } => copies.push(ms.ns()),
            }
        }
    }

    /// Spells begin and end.
    fn change(&mut self, now_ns: u64) {
        while let Some(&(_, until_ns)) = self.clogs.get(self.first_clog)
            && until_ns <= now_ns
        {
            self.first_clog += 1;
        }
        while let Some(spell) = self.spells.get(self.next)
            && spell.from_ns <= now_ns
        {
            self.active.push(self.next);
            self.next += 1;
        }
        let spells = &self.spells;
        self.active
            .retain(|&index| now_ns < spells[index].felt_until_ns());
        let begins_ns = spells.get(self.next).map_or(u64::MAX, |next| next.from_ns);
        let ends = self
            .active
            .iter()
            .map(|&index| spells[index].felt_until_ns());
        let changes_ns = ends.fold(begins_ns, u64::min);
        // Nothing arrives before it was sent, so a clog that has ended holds nothing any more.
        let clog = self.clogs.get(self.first_clog);
        self.change_ns = clog.map_or(changes_ns, |&(_, until_ns)| until_ns.min(changes_ns));
    }

    /// The moment at which something that would arrive at `at_ns` comes out.
    pub fn out_of_clogs(&self, mut at_ns: u64) -> u64 {
        for &(from_ns, until_ns) in &self.clogs[self.first_clog..] {
            if from_ns > at_ns {
                break;
            }
            if at_ns < until_ns {
                at_ns = until_ns;
            }
        }
        at_ns
    }

    pub fn digest(&self, sink: &mut impl FnMut(&[u8])) {
        // A fault still to come is no part of the state.
        for spell in &self.spells[..self.next] {
            sink(&spell.stream.position().to_le_bytes());
        }
    }
}

impl Spell {
    /// A drift stays for good.
    fn felt_until_ns(&self) -> u64 {
        match self.kind {
            FaultKind::Drift { .. } => u64::MAX,
            _ => self.until_ns,
        }
    }

    fn strike(&mut self, now_ns: u64, struck: &mut Struck, copies: &mut Vec<u64>) {
        let since_ns = now_ns - self.from_ns;
        match self.kind {
            FaultKind::Outage => struck.cut = true,
            // Kept apart: they concern what arrives, and the bottleneck.
            FaultKind::Clog | FaultKind::Congestion { .. } => {}
            FaultKind::AddDelay { ms, ramp_ms } if ramp_ms.ns() > 0 => {
                struck.queueing_ns += self.ramped_ns(now_ns, ms.ns(), ramp_ms.ns());
            }
            FaultKind::AddDelay { ms, .. } => struck.detour_ns += ms.ns(),
            FaultKind::AddJitter { mean_ms } => {
                struck.queueing_ns += ms_to_ns(self.stream.exponential() * mean_ms.get());
            }
            FaultKind::Loss { probability } => {
                struck.lost |= self.stream.happens(probability.into());
            }
            FaultKind::Duplicate {
                probability,
                delay_ms,
            } => {
                if self.stream.happens(probability.into()) {
                    copies.push(delay_ms.ns());
                }
            }
            FaultKind::ShorterRoute { ms } => struck.shortcut_ns += ms.ns(),
            FaultKind::Drift { ms } => {
                // One of no length is a step.
                let length_ns = (self.until_ns - self.from_ns).max(1);
                let since_ns = if now_ns >= self.until_ns {
                    length_ns
                } else {
                    since_ns
                };
                struck.queueing_ns += share_ns(ms.ns(), since_ns, length_ns);
            }
            FaultKind::Flap { down_ms, up_ms } => {
                let (down_ns, up_ns) = (ms_to_ns(down_ms.get()), ms_to_ns(up_ms.get()));
                struck.cut |= since_ns % (down_ns + up_ns) < down_ns;
            }
            FaultKind::Switch {
                gap_ms,
                delay_ms,
                jitter_mean_ms,
            } => {
                let nearest_end_ns = since_ns.min(self.until_ns - 1 - now_ns);
                struck.cut |= nearest_end_ns < gap_ms.ns();
                struck.detour_ns += delay_ms.ns();
                struck.queueing_ns += ms_to_ns(self.stream.exponential() * jitter_mean_ms.get());
            }
            FaultKind::Handovers {
                period_ms,
                spike_ms,
                start_ms,
                end_ms,
                probability,
            } => {
                let (period_ns, spike_ns) = (ms_to_ns(period_ms.get()), spike_ms.ns());
                let after_ns = since_ns % period_ns;
                let before_ns = period_ns - after_ns;
                struck.queueing_ns +=
                    share_ns(start_ms.ns(), spike_ns.saturating_sub(after_ns), spike_ns)
                        + share_ns(end_ms.ns(), spike_ns.saturating_sub(before_ns), spike_ns);
                let is_near = after_ns.min(before_ns) < spike_ns;
                struck.lost |= self.stream.happens(probability.into()) && is_near;
            }
        }
    }

    /// A trapezium: up within the ramp, down within the ramp before the end.
    fn ramped_ns(&self, now_ns: u64, full_ns: u64, ramp_ns: u64) -> u64 {
        let nearest_end_ns = (now_ns - self.from_ns).min(self.until_ns - now_ns);
        share_ns(full_ns, nearest_end_ns.min(ramp_ns), ramp_ns)
    }
}

impl Struck {
    /// Wipes out what laws and faults say, and puts a delivery in its place.
    fn instead(&mut self, deliver_ns: Option<u64>, copies: &mut Vec<u64>) {
        copies.clear();
        *self = Self {
            deliver_ns,
            ..Self::default()
        };
    }
}

/// `full * part / whole`; nothing of a whole of nothing.
fn share_ns(full_ns: u64, part_ns: u64, whole_ns: u64) -> u64 {
    (u128::from(full_ns) * u128::from(part_ns))
        .checked_div(u128::from(whole_ns))
        .unwrap_or(0) as u64
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
        FaultKind::ShorterRoute { .. } => "shorter",
        FaultKind::Drift { .. } => "drift",
        FaultKind::Flap { .. } => "flap",
        FaultKind::Switch { .. } => "switch",
        FaultKind::Handovers { .. } => "handovers",
        FaultKind::Congestion { .. } => "congestion",
    }
}
