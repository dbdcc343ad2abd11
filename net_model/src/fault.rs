//! What goes wrong, and when: explicit data. A failing run carries its faults in its file, not only the seed that
//! made them, so it replays after the code has changed, and a shrinker can take faults away one by one.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::units::{Milliseconds, Probability, RunMilliseconds};
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
}

impl FaultSchedule {
    /// Adds another schedule's faults to these.
    pub fn extend(&mut self, other: FaultSchedule) {
        self.faults.extend(other.faults);
        self.packets.extend(other.packets);
    }

    /// Whether nothing goes wrong.
    pub fn is_empty(&self) -> bool {
        self.faults.is_empty() && self.packets.is_empty()
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
        let paths = match self.paths {
            WhichPaths::A => "path A",
            WhichPaths::B => "path B",
            WhichPaths::Both => "both paths",
        };
        let direction = match self.direction {
            WhichDirections::Up => ", uplink",
            WhichDirections::Down => ", downlink",
            WhichDirections::Both => "",
        };
        write!(
            f,
            "{} on {paths}{direction} for {:.1} ms",
            self.kind,
            self.for_ms.get()
        )
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
        }
    }
}
