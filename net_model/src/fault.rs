//! What goes wrong, and when: explicit data. A failing run carries its faults in its file, not only the seed that
//! made them, so it replays after the code has changed, and a shrinker can take faults away one by one.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::attack::Attack;
use crate::clock::ConsoleClock;
use crate::units::{MegabitsPerSecond, Milliseconds, Probability, RunMilliseconds, Sojourn};
use crate::{Direction, Path};

/// Everything that goes wrong in one run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultSchedule {
    /// Spells of trouble, in any order; they may overlap, and their effects then add up.
    #[serde(default)]
    pub faults: Vec<Fault>,
    /// Single packets, in any order.
    #[serde(default)]
    pub packets: Vec<PacketFault>,
    /// What befalls the packets that `packets` does not name.
    #[serde(default, skip_serializing_if = "Otherwise::is_laws")]
    pub otherwise: Otherwise,
    /// What an attacker does, in any order. The network itself knows nothing of it: see the twin's adversary.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attacks: Vec<Attack>,
    /// How the console's clock runs.
    #[serde(default, skip_serializing_if = "ConsoleClock::is_true")]
    pub console_clock: ConsoleClock,
}

/// What befalls a packet of which no [`PacketFault`] tells. With anything but [`Self::Laws`] a schedule says all that
/// happens, as an exhaustive check and a shrunk counterexample need it: no law, no seed and no fault changes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Otherwise {
    /// The link's laws and the schedule's faults.
    #[default]
    Laws,
    /// It is delivered once, so long after it was sent.
    Deliver {
        /// How long, in ms.
        ms: Milliseconds,
    },
    /// It is lost: only packets with a [`PacketFate::Deliver`] arrive.
    Lose,
}

impl Otherwise {
    fn is_laws(&self) -> bool {
        *self == Self::Laws
    }
}

impl FaultSchedule {
    /// Adds another schedule's faults to these. If it says what befalls the packets that it does not name,
    /// or how the console's clock runs, that holds.
    pub fn extend(&mut self, other: FaultSchedule) {
        self.faults.extend(other.faults);
        self.packets.extend(other.packets);
        self.attacks.extend(other.attacks);
        if !other.console_clock.is_true() {
            self.console_clock = other.console_clock;
        }
        if !other.otherwise.is_laws() {
            self.otherwise = other.otherwise;
        }
    }

    /// Whether nothing goes wrong.
    pub fn is_empty(&self) -> bool {
        self.faults.is_empty()
            && self.packets.is_empty()
            && self.otherwise.is_laws()
            && self.attacks.is_empty()
            && self.console_clock.is_true()
    }
}

/// One spell of trouble: from `at_ms` on, for `for_ms` (the end is not part of it).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Start, in ms of the run.
    pub at_ms: RunMilliseconds,
    /// Length, in ms.
    pub for_ms: RunMilliseconds,
    /// Where.
    pub paths: WhichPaths,
    /// Which way.
    #[serde(default)]
    pub direction: WhichDirections,
    /// What.
    pub kind: FaultKind,
}

/// The paths a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum WhichPaths {
    /// Path 0.
    A,
    /// Path 1.
    B,
    /// Both: a common cause.
    Both,
}

impl WhichPaths {
    /// Whether a path is among them.
    pub const fn contains(self, path: Path) -> bool {
        matches!(
            (self, path),
            (Self::Both, _) | (Self::A, Path::A) | (Self::B, Path::B)
        )
    }
}

impl From<Path> for WhichPaths {
    fn from(path: Path) -> Self {
        match path {
            Path::A => Self::A,
            Path::B => Self::B,
        }
    }
}

/// The directions a fault strikes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum WhichDirections {
    /// Console to robot.
    Up,
    /// Robot to console.
    Down,
    /// Both, as when a cable is cut.
    #[default]
    Both,
}

impl WhichDirections {
    /// Whether a direction is among them.
    pub const fn contains(self, direction: Direction) -> bool {
        matches!(
            (self, direction),
            (Self::Both, _) | (Self::Up, Direction::Up) | (Self::Down, Direction::Down)
        )
    }
}

/// What a spell of trouble does.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum FaultKind {
    /// Every packet sent during it is lost. Packets already under way still arrive: the cut is at the sender's end.
    Outage,
    /// Nothing comes out during it. Whatever would have arrived comes out together, in the order of (time, id), at its
    /// end: a queue that stalls and then empties in a burst. Nothing is lost.
    Clog,
    /// Packets sent during it take longer: a route step (`ramp_ms` 0) or a brown-out.
    AddDelay {
        /// How much longer, in ms.
        ms: Milliseconds,
        /// Time to rise to it from the start, and to fall from it before the end, in ms. A spell shorter than both ramps
        /// rises only as far as it can.
        #[serde(default)]
        ramp_ms: Milliseconds,
    },
    /// Packets sent during it take longer by an exponential time, each by itself.
    AddJitter {
        /// Its mean, in ms.
        mean_ms: Milliseconds,
    },
    /// Packets sent during it are lost, each by itself, on top of the link's own loss.
    Loss {
        /// Chance of each.
        probability: Probability,
    },
    /// Packets sent during it arrive twice.
    Duplicate {
        /// Chance of each.
        probability: Probability,
        /// How long after the original the copy comes, in ms.
        delay_ms: Milliseconds,
    },
    /// Packets sent during it take a shorter way, but never less than nothing of the base delay: later packets overtake
    /// those under way.
    ShorterRoute {
        /// How much shorter, in ms.
        ms: Milliseconds,
    },
    /// The delay rises evenly from nothing at the start to `ms` at the end, and stays there: a slow drift. Packets keep
    /// their order.
    Drift {
        /// How much longer in the end, in ms.
        ms: Milliseconds,
    },
    /// The link goes and comes again and again, beginning with `down_ms` of nothing.
    Flap {
        /// How long it is down each time, in ms.
        down_ms: Sojourn,
        /// How long it is up each time, in ms.
        up_ms: Sojourn,
    },
    /// Another way for a while: a fallback from 5G to 4G, a planned switch to a spare line. What is sent in the first
    /// and the last `gap_ms` is lost; in between packets take longer, each by itself.
    Switch {
        /// How long nothing passes when it goes over, and again when it goes back, in ms.
        gap_ms: Milliseconds,
        /// How much longer the other way is, in ms.
        delay_ms: Milliseconds,
        /// Mean of the exponential jitter of the other way, in ms.
        #[serde(default)]
        jitter_mean_ms: Milliseconds,
    },
    /// A satellite in low orbit hands over each `period_ms`, the first time at the start: in the first `spike_ms` of a
    /// period the delay falls evenly from `start_ms` to nothing, in the last it rises evenly to `end_ms`, and in both
    /// packets are lost with `probability`.
    Handovers {
        /// Time between handovers, in ms (15,000 with Starlink).
        period_ms: Sojourn,
        /// How long a handover is felt before and after it, in ms.
        spike_ms: Milliseconds,
        /// Added delay right after a handover, in ms.
        start_ms: Milliseconds,
        /// Added delay right before a handover, in ms.
        end_ms: Milliseconds,
        /// Chance of loss of each packet near a handover.
        probability: Probability,
    },
    /// More traffic at the bottleneck, in even packets of 1,500 bytes: what that does to ours is for the queue to say.
    /// Nothing on a link without a bottleneck.
    Congestion {
        /// How much more, in Mbit/s.
        rate_mbit_s: MegabitsPerSecond,
    },
}

/// The fate of one packet: the `number`-th (from 0) sent on that path in that direction.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PacketFault {
    /// Path.
    pub path: Path,
    /// Direction.
    pub direction: Direction,
    /// Which packet of that link, counted from 0 in the order of sending.
    pub number: u64,
    /// What befalls it. Several fates of one packet all befall it.
    pub fate: PacketFate,
}

/// What befalls a single packet.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum PacketFate {
    /// Lost.
    Lose,
    /// Delivered so long after it was sent, whatever laws and faults say, and without copies of theirs. On the way it
    /// neither waits nor holds others up.
    Deliver {
        /// How long, in ms.
        ms: Milliseconds,
    },
    /// Later than it would have been; later packets may overtake it even on a link that keeps order.
    Delay {
        /// How much later, in ms.
        ms: Milliseconds,
    },
    /// Delivered again.
    Duplicate {
        /// How long after the original, in ms.
        ms: Milliseconds,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} on {}{} for {:.1} ms",
            self.kind,
            self.paths,
            self.direction,
            self.for_ms.get()
        )
    }
}

impl fmt::Display for WhichPaths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::A => "path A",
            Self::B => "path B",
            Self::Both => "both paths",
        })
    }
}

impl fmt::Display for WhichDirections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Up => ", uplink",
            Self::Down => ", downlink",
            Self::Both => "",
        })
    }
}

impl FaultKind {
    /// Whether a fault of this kind does the same until its end wherever that end is, so that a person may end it
    /// while it lasts and the schedule with that end replays the run.
    pub fn may_end_early(&self) -> bool {
        match self {
            Self::Outage
            | Self::AddJitter { .. }
            | Self::Loss { .. }
            | Self::Duplicate { .. }
            | Self::ShorterRoute { .. }
            | Self::Flap { .. }
            | Self::Handovers { .. } => true,
            Self::AddDelay { ramp_ms, .. } => ramp_ms.ns() == 0,
            Self::Clog | Self::Drift { .. } | Self::Switch { .. } | Self::Congestion { .. } => {
                false
            }
        }
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Outage => f.write_str("outage"),
            Self::Clog => f.write_str("clog"),
            Self::AddDelay { ms, ramp_ms } if ramp_ms.get() > 0.0 => {
                write!(f, "brown-out of {:.1} ms", ms.get())
            }
            Self::AddDelay { ms, .. } => write!(f, "route step of {:.1} ms", ms.get()),
            Self::AddJitter { mean_ms } => write!(f, "jitter of {:.1} ms", mean_ms.get()),
            Self::Loss { probability } => write!(f, "loss of {:.3}", probability.get()),
            Self::Duplicate { probability, .. } => {
                write!(f, "duplication of {:.3}", probability.get())
            }
            Self::ShorterRoute { ms } => write!(f, "route step of -{:.1} ms", ms.get()),
            Self::Drift { ms } => write!(f, "drift to {:.1} ms", ms.get()),
            Self::Flap { down_ms, up_ms } => write!(
                f,
                "flap of {:.1} ms down and {:.1} ms up",
                down_ms.get(),
                up_ms.get()
            ),
            Self::Switch {
                gap_ms, delay_ms, ..
            } => write!(
                f,
                "switch to a way of {:.1} ms more with gaps of {:.1} ms",
                delay_ms.get(),
                gap_ms.get()
            ),
            Self::Handovers { period_ms, .. } => {
                write!(f, "satellite handovers each {:.1} ms", period_ms.get())
            }
            Self::Congestion { rate_mbit_s } => {
                write!(f, "congestion of {:.1} Mbit/s", rate_mbit_s.get())
            }
        }
    }
}
