//! Two separated network paths between a surgeon's console and a robot, as a pure function of a seed.
//!
//! `(models, faults, seed, send times) -> arrivals`: no clock, no thread, no file, no global state. Time is integer
//! nanoseconds since the start of the run. The same inputs give the same arrivals, bit for bit, on every machine.
//!
//! The crate reads in this order:
//!
//! 1. [`units`]: numbers that cannot hold a bad value; a scenario file with one is refused where it stands.
//! 2. [`random`]: one ChaCha stream a named source, so that a new source moves no other's numbers.
//! 3. [`model`]: what a path is: base delay, jitter, loss, duplicates, late repeats. Data, read from RON.
//! 4. [`fault`]: what goes wrong and when. Data, so that a failing run is a file and can be shrunk.
//! 5. [`generator`]: expands rates ("one outage in two minutes") into such data; [`attack`] and [`clock`]: an
//!    attacker's doings and the console's clock, in the same manner.
//! 6. [`trace`]: paths measured with irtt, and the traps of that tool.
//! 7. [`network`]: the machine that runs all this.
//!
//! ```
//! use net_model::{Direction, FaultSchedule, LinkModel, Milliseconds, Network, PathModel};
//!
//! let link = LinkModel::constant(Milliseconds::new(100.0)?);
//! let paths = [
//!     PathModel { name: "A".into(), up: link.clone(), down: link.clone() },
//!     PathModel { name: "B".into(), up: link.clone(), down: link },
//! ];
//! let mut network = Network::new(&paths, FaultSchedule::default(), 1)?;
//! network.send(0, 0, Direction::Up, *b"pose");
//!
//! assert!(network.pop_due(99_999_999, Direction::Up).is_none());
//! let arrival = network.pop_due(100_000_000, Direction::Up).expect("it is due");
//! assert_eq!(&arrival.payload, b"pose");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod attack;
pub mod bottleneck;
pub mod clock;
pub mod fault;
pub mod generator;
pub mod model;
pub mod network;
pub mod policer;
pub mod presets;
pub mod random;
pub mod trace;
pub mod units;

mod copies;
mod delay;
mod link;
mod loss;
mod queue;
mod spells;
mod ziggurat;

pub use attack::{Attack, AttackGenerator, AttackKind};
pub use bottleneck::{Bottleneck, CrossTraffic, LoadCounters, VideoCounters, VideoFrame};
pub use clock::{ClockGenerator, ClockStep, ConsoleClock};
pub use fault::{
    Fault, FaultKind, FaultSchedule, Otherwise, PacketFate, PacketFault, WhichDirections,
    WhichPaths,
};
pub use generator::{FaultGenerator, OutageCycle, SharedRisk};
pub use model::{
    DelayLaw, DuplicateLaw, LateRepeat, LinkModel, LomaxBurst, LomaxStay, LossLaw, PathModel,
    QueueingLoss, Regime, Reordering,
};
pub use network::{
    Arrival, DEFAULT_WIRE_BYTES, IN_FLIGHT_MAX, LinkCounters, LossReason, ModelError, Network,
    SendFate,
};
pub use policer::Policer;
pub use presets::NetworkPreset;
pub use random::{Stream, stream};
pub use trace::{MeasuredPath, TraceError};
pub use units::{
    ClockMilliseconds, ClockMillisecondsRange, DatagramsPerSecond, DatagramsRange,
    MegabitsPerSecond, MegabitsRange, Milliseconds, MillisecondsRange, PartsPerMillion,
    PartsPerMillionRange, PerMinute, Probability, ProbabilityRange, Repeats, RunMilliseconds,
};

use serde::{Deserialize, Serialize};

/// How many paths there are. Dual-path redundancy is the subject, so the number is fixed.
pub const PATHS: usize = 2;

/// Nanoseconds in a millisecond: scenario files speak milliseconds, everything else nanoseconds.
pub const NS_PER_MS: u64 = 1_000_000;

/// One of the two paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Path {
    /// Path 0.
    A,
    /// Path 1.
    B,
}

impl Path {
    /// Both paths, in index order.
    pub const ALL: [Path; PATHS] = [Path::A, Path::B];

    /// Position in an array of [`PATHS`].
    pub const fn index(self) -> usize {
        match self {
            Path::A => 0,
            Path::B => 1,
        }
    }
}

/// Which way a packet travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Direction {
    /// Console to robot: commands.
    Up,
    /// Robot to console: status and video.
    Down,
}

impl Direction {
    /// Both directions, in index order.
    pub const ALL: [Direction; 2] = [Direction::Up, Direction::Down];

    /// Position in an array of two.
    pub const fn index(self) -> usize {
        match self {
            Direction::Up => 0,
            Direction::Down => 1,
        }
    }

    /// The name used in stream names and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Direction::Up => "up",
            Direction::Down => "down",
        }
    }
}
