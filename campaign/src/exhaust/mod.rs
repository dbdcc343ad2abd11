//! Every schedule of a few frames over two paths, against the real loop.
//!
//! A console sends one command a tick on both paths; each copy is lost, or comes in the tick in which it was sent or
//! up to `lateness` ticks later; copies may be repeated at any later time until the robot holds for want of frames; and the arrivals of one tick come in every
//! order. The plant is kinematic: what is sensed is the last set-point. Time is scaled, so that a hold, a stale
//! command and a resumption fit into eight frames.
//!
//! Schedules grow exponentially, states do not: schedules that bring the loop into the same state (by
//! [`RobotLoop::digest_motion`](control_loop::RobotLoop::digest_motion), the last set-points and what is still under
//! way) are followed as one, and counted. Three reductions are not assumed but checked in every state that is reached:
//! a frame that came before changes nothing when it comes again, by either path; the path by which a frame comes
//! changes nothing; and the order inside a tick changes nothing. So only the first arrival of each frame is
//! enumerated.

mod bench_top;
mod orders;
mod timed;

use std::num::NonZeroUsize;

use control_loop::SettingsError;
use safety::Id;
use serde::Serialize;
use sim::{LoopFactory, Operation};

pub use orders::{OrderCounts, count_orders};

/// Frames beyond which neither the masks nor anybody's patience is long enough.
pub const MOST_FRAMES: usize = 14;

/// What an exhaustive check goes through.
#[derive(Clone, Copy, Debug)]
pub struct ExhaustSettings {
    /// Frames.
    pub frames: usize,
    /// Ticks that a copy may be late at most.
    pub lateness: usize,
    /// Threads.
    pub jobs: NonZeroUsize,
}

/// The scaled times of the check, in ticks. Chosen so that a hold, a stale command and a resumption fit into eight
/// frames; the project's own choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Scale {
    /// Length of a tick, and of the interval between frames, ns.
    pub tick_ns: u64,
    /// Ticks of silence before a hold.
    pub coast: u64,
    /// Ticks that an echo may be old; it is one older than the frame.
    pub freshness: u64,
    /// Ticks after the last possible arrival that are still looked at: until every stop has ended.
    pub tail: u64,
}

impl Scale {
    /// A tick of 10 ms, the longest that the loop allows: a stop takes up to 40.
    pub const DEFAULT: Self = Self {
        tick_ns: 10_000_000,
        coast: 2,
        freshness: 3,
        tail: 44,
    };
}

/// What an exhaustive check found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExhaustReport {
    /// Frames.
    pub frames: usize,
    /// Ticks that a copy may be late.
    pub lateness: usize,
    /// The scaled times.
    pub scale: Scale,
    /// Schedules of labelled copies that were covered: `(lateness + 2)^(2 frames)` if all were.
    pub schedules: u128,
    /// Different states at the ends of ticks.
    pub states: u64,
    /// Steps of the loop that were made and compared: receptions and ticks.
    pub steps: u64,
    /// Ticks in which a command was applied, in which the robot held, and in which it followed again after a hold.
    pub exercised: Exercised,
    /// Orders and repetitions that left the loop in another state without moving anything in that tick. Zero: the
    /// reductions are proven for what was reached. Else only one of each was followed.
    pub unproven: u64,
    /// All arrival orders of up to four of these frames.
    pub orders: OrderCounts,
    /// The shortest schedule that violates something.
    pub violation: Option<Violation>,
}

/// How often the requirements' conditions were true: a check that never held says nothing about holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Exercised {
    /// Commands applied.
    pub applied: u64,
    /// Ticks in a hold.
    pub held: u64,
    /// Followings that began after a hold.
    pub resumed: u64,
    /// Repeated copies given to the loop.
    pub repeated: u64,
    /// Orders inside a tick that were compared.
    pub reordered: u64,
}

impl Exercised {
    fn add(&mut self, other: &Self) {
        self.applied += other.applied;
        self.held += other.held;
        self.resumed += other.resumed;
        self.repeated += other.repeated;
        self.reordered += other.reordered;
    }
}

/// A schedule that violates a requirement.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Violation {
    /// The requirement, or R10: the order of arrivals inside a tick, which has no monitor of its own.
    pub requirement: &'static str,
    /// What was wrong.
    pub what: String,
    /// Ticks after the first frame.
    pub tick: usize,
    /// What became of the frames, a line each, then the arrivals tick by tick.
    pub schedule: Vec<String>,
}

/// Why an exhaustive check cannot be made.
#[derive(Clone, Debug, PartialEq)]
pub enum ExhaustError {
    /// Frames or lateness outside their range.
    Range(String),
    /// The loop refuses the scaled settings for this arm.
    Loop(SettingsError),
    /// The loop did not come to follow the console before the check began.
    NotFollowing,
}

impl std::fmt::Display for ExhaustError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Range(what) => f.write_str(what),
            Self::Loop(error) => write!(
                f,
                "the control loop refuses the scaled settings of the exhaustive check: {error}"
            ),
            Self::NotFollowing => f.write_str(
                "the loop does not follow a console over a perfect network, so there is nothing to check; \
                 `twin check` tells what is wrong with it",
            ),
        }
    }
}

impl std::error::Error for ExhaustError {}

/// Goes through every schedule; stops at the first tick in which one violates something.
///
/// # Errors
/// [`ExhaustError`].
pub fn exhaust(
    operation: &Operation,
    settings: &ExhaustSettings,
    make_loop: &LoopFactory,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<ExhaustReport, ExhaustError> {
    let ExhaustSettings {
        frames, lateness, ..
    } = *settings;
    if !(1..=MOST_FRAMES).contains(&frames) {
        return Err(ExhaustError::Range(format!(
            "{frames} frames cannot be gone through; give 1 to {MOST_FRAMES}"
        )));
    }
    if lateness > timed::MOST_LATENESS {
        return Err(ExhaustError::Range(format!(
            "a lateness of {lateness} ticks cannot be gone through; give 0 to {}",
            timed::MOST_LATENESS
        )));
    }
    let top = bench_top::BenchTop::new(operation, Scale::DEFAULT, frames, make_loop)?;
    let orders = count_orders(operation, frames.min(orders::MOST_FRAMES), make_loop)?;
    Ok(timed::explore(&top, settings, orders, progress))
}

/// The ids of the requirements that are judged, and of R10.
pub const CHECKED: [&str; 7] = ["R01", "R02", "R03", "R04", "R07", "R09", "R10"];

fn name_of(id: Id) -> &'static str {
    id.name()
}
