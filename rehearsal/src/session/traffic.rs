//! The packets of the network strip: where each is, and what becomes of it.
//!
//! The network decides when a packet is sent whether and when it arrives; the simulator therefore knows its fate while it
//! is still on its way, and the robot's verdict confirms it.

use std::collections::BTreeMap;

use control_loop::Verdict;
use net_model::{Direction, PATHS};
use sim::Twin;
use sim::packets::PacketSeen;

/// What becomes of a packet, as the strip colours it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// It is the first of its command to arrive, and newer than all before: the robot obeys it.
    Accepted,
    /// The other path brings the same command first.
    Duplicate,
    /// It comes too late to be fresh, or belongs to an engagement that has ended.
    Late,
    /// A newer command comes first.
    Overtaken,
    /// It never arrives.
    Lost,
    /// An attacker made it, altered it or sent it again.
    Forged,
    /// A status of the robot, or a greeting.
    Other,
}

impl Fate {
    /// Every fate, in the order of the legend.
    pub const ALL: [Self; 7] = [
        Self::Accepted,
        Self::Duplicate,
        Self::Overtaken,
        Self::Late,
        Self::Lost,
        Self::Forged,
        Self::Other,
    ];

    const fn of_verdict(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Accepted => Self::Accepted,
            Verdict::Duplicate => Self::Duplicate,
            Verdict::Late | Verdict::Stale | Verdict::WrongEngagement => Self::Late,
            Verdict::Overtaken => Self::Overtaken,
            Verdict::Forged
            | Verdict::Malformed
            | Verdict::WrongEpoch
            | Verdict::Jump
            | Verdict::Flooded => Self::Forged,
            Verdict::Greeting => Self::Other,
        }
    }

    const fn is_usual(self) -> bool {
        matches!(self, Self::Accepted | Self::Duplicate | Self::Other)
    }
}

/// A packet to be drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mark {
    /// The path, 0 or 1.
    pub path: usize,
    /// Command or status.
    pub direction: Direction,
    /// How far it has come, 0 at its sender to 1 at its receiver.
    pub progress: f64,
    /// How long ago it arrived, ns; `None` while it is under way.
    pub arrived_ago_ns: Option<u64>,
    /// What becomes of it.
    pub fate: Fate,
}

/// An arrived packet is drawn for so long, ns.
pub const ARRIVED_SHOWN_NS: u64 = 400_000_000;

/// How far back packets are looked through, ns: none is under way for longer but in the worst brown-outs.
const LOOKED_BACK_NS: u64 = 2_500_000_000;

/// A lost packet is drawn up to here.
const LOST_AT: f64 = 0.55;

/// Of what is usual, one packet in so many is drawn, under way and arrived: a thousand a second would be a bar, not marks.
const UNDER_WAY_ONE_IN: u64 = 4;
const ARRIVED_ONE_IN: u64 = 24;

/// The packets to be drawn now.
pub fn marks(twin: &Twin, base_ns: [u64; PATHS], freshness_ns: u64) -> Vec<Mark> {
    let now_ns = twin.now_ns();
    let Some(log) = twin.packets() else {
        return Vec::new();
    };
    let recent: Vec<PacketSeen> = log
        .packets()
        .rev()
        .take_while(|packet| packet.sent_ns + LOOKED_BACK_NS > now_ns)
        .copied()
        .collect();
    marks_of(&recent, now_ns, base_ns, freshness_ns)
}

fn marks_of(
    recent: &[PacketSeen],
    now_ns: u64,
    base_ns: [u64; PATHS],
    freshness_ns: u64,
) -> Vec<Mark> {
    let expected = Expected::of(recent);
    let mark = |packet: &PacketSeen| {
        let fate = match packet.verdict {
            _ if packet.is_hostile => Fate::Forged,
            Some(verdict) => Fate::of_verdict(verdict),
            None => expected.fate(packet, freshness_ns),
        };
        let one_in = match packet.arrives_ns {
            Some(arrives_ns) if arrives_ns <= now_ns => ARRIVED_ONE_IN,
            _ => UNDER_WAY_ONE_IN,
        };
        let is_drawn = !fate.is_usual()
            || packet
                .number
                .is_some_and(|number| number.is_multiple_of(one_in));
        if !is_drawn {
            return None;
        }
        let gone_ns = now_ns.saturating_sub(packet.sent_ns) as f64;
        let (progress, arrived_ago_ns) = match packet.arrives_ns {
            Some(arrives_ns) if arrives_ns <= now_ns => (1.0, Some(now_ns - arrives_ns)),
            Some(arrives_ns) => (gone_ns / (arrives_ns - packet.sent_ns).max(1) as f64, None),
            // It goes as far as it would have in the time of an undisturbed way, and vanishes half-way.
            None => (gone_ns / base_ns[packet.path].max(1) as f64, None),
        };
        let is_gone = packet.arrives_ns.is_none() && progress > LOST_AT;
        let is_old = arrived_ago_ns.is_some_and(|ago_ns| ago_ns > ARRIVED_SHOWN_NS);
        (!is_gone && !is_old).then_some(Mark {
            path: packet.path,
            direction: packet.direction,
            progress,
            arrived_ago_ns,
            fate,
        })
    };
    recent.iter().filter_map(mark).collect()
}

/// What can be told of commands under way: packets of one number on both paths carry the same command.
struct Expected {
    /// First arrival of each number, by path.
    first_ns: BTreeMap<u64, u64>,
    /// For each number, the first arrival of any later one.
    newer_ns: BTreeMap<u64, u64>,
}

impl Expected {
    fn of(recent: &[PacketSeen]) -> Self {
        let mut first_ns: BTreeMap<u64, u64> = BTreeMap::new();
        for packet in recent
            .iter()
            .filter(|packet| packet.direction == Direction::Up)
        {
            if let Some((number, arrives_ns)) = packet.number.zip(packet.arrives_ns) {
                let first = first_ns.entry(number).or_insert(arrives_ns);
                *first = (*first).min(arrives_ns);
            }
        }
        let mut newer_ns = BTreeMap::new();
        let mut least_ns = u64::MAX;
        for (number, arrives_ns) in first_ns.iter().rev() {
            newer_ns.insert(*number, least_ns);
            least_ns = least_ns.min(*arrives_ns);
        }
        Self { first_ns, newer_ns }
    }

    fn fate(&self, packet: &PacketSeen, freshness_ns: u64) -> Fate {
        let Some(arrives_ns) = packet.arrives_ns else {
            return Fate::Lost;
        };
        if packet.direction == Direction::Down {
            return Fate::Other;
        }
        let Some(number) = packet.number else {
            return Fate::Forged;
        };
        if self
            .first_ns
            .get(&number)
            .is_some_and(|first_ns| *first_ns < arrives_ns)
        {
            Fate::Duplicate
        } else if arrives_ns - packet.sent_ns > freshness_ns {
            Fate::Late
        } else if self
            .newer_ns
            .get(&number)
            .is_some_and(|newer_ns| *newer_ns < arrives_ns)
        {
            Fate::Overtaken
        } else {
            Fate::Accepted
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    fn packet(path: usize, number: u64, sent_ms: u64, arrives_ms: Option<u64>) -> PacketSeen {
        PacketSeen {
            path,
            direction: Direction::Up,
            number: Some(number),
            sent_ns: sent_ms * MS,
            arrives_ns: arrives_ms.map(|ms| ms * MS),
            is_hostile: false,
            verdict: None,
        }
    }

    fn fate_of(packets: &[PacketSeen], index: usize) -> Fate {
        Expected::of(packets).fate(&packets[index], 500 * MS)
    }

    #[test]
    fn of_one_command_on_two_paths_the_first_is_accepted_and_the_other_a_duplicate() {
        let packets = [packet(0, 8, 0, Some(100)), packet(1, 8, 0, Some(125))];
        assert_eq!(fate_of(&packets, 0), Fate::Accepted);
        assert_eq!(fate_of(&packets, 1), Fate::Duplicate);
    }

    #[test]
    fn a_command_that_a_newer_one_passes_is_overtaken() {
        let packets = [packet(0, 8, 0, Some(200)), packet(0, 9, 2, Some(102))];
        assert_eq!(fate_of(&packets, 0), Fate::Overtaken);
        assert_eq!(fate_of(&packets, 1), Fate::Accepted);
    }

    #[test]
    fn a_command_that_comes_after_it_is_fresh_is_late() {
        assert_eq!(fate_of(&[packet(0, 8, 0, Some(700))], 0), Fate::Late);
    }

    #[test]
    fn what_never_arrives_is_lost_and_vanishes_on_the_way() {
        let lost = [packet(0, 8, 0, None)];
        assert_eq!(fate_of(&lost, 0), Fate::Lost);
        let base_ns = [100 * MS; 2];
        assert_eq!(marks_of(&lost, 50 * MS, base_ns, 500 * MS).len(), 1);
        assert_eq!(marks_of(&lost, 60 * MS, base_ns, 500 * MS).len(), 0);
    }

    #[test]
    fn a_packet_moves_from_its_sender_to_its_receiver_and_stays_a_while() {
        let packets = [packet(0, 24, 0, Some(100))];
        let at = |ms: u64| marks_of(&packets, ms * MS, [100 * MS; 2], 500 * MS);
        assert!((at(25)[0].progress - 0.25).abs() < 1e-12);
        assert_eq!(at(300)[0].arrived_ago_ns, Some(200 * MS));
        assert!(at(600).is_empty());
    }

    #[test]
    fn the_robot_s_verdict_counts_for_more_than_what_was_expected() {
        let mut seen = packet(0, 8, 0, Some(100));
        seen.verdict = Some(Verdict::Stale);
        let marks = marks_of(&[seen], 120 * MS, [100 * MS; 2], 500 * MS);
        assert_eq!(marks[0].fate, Fate::Late);
    }
}
