//! What "unsafe motion" means, as numbers: the requirement table, one monitor each, and verdicts.
//!
//! Reads top-down:
//!
//! - [`table`] says each requirement in a sentence, with its formula, threshold, origin and reason;
//! - [`Thresholds`] holds every number of that table, deliberately apart from the settings of the
//!   control loop under test: a loop must not be able to move its own goalposts;
//! - [`Sample`] is what the checker sees each tick: plain numbers, most of them truth that only a
//!   simulator knows (true ages, what an ideal receiver would have admitted), never what the loop
//!   believes;
//! - [`Monitors`] judges samples one after another, in bounded memory and without allocation;
//! - [`Finding`] is the outcome: margin, robustness, when and where it was worst, how often it
//!   was exercised;
//! - [`statistics`] turns a count of failing runs into an upper bound of their probability.
//!
//! # Conventions
//!
//! Robustness follows signal temporal logic as RTAMT computes it offline in discrete time:
//! `rho(x <= c) = c - x`, here divided by `c` so that requirements compare; zero holds; negative
//! is violated. For an implication only samples whose left side is true are judged: the sign is that
//! of `max(-left, right)`, but two different units are never compared. Windows are closed, and cut
//! off at the ends of a trace. A number that is not a number violates.
//!
//! Geometry of set-points (R03, R04 and the travel of R05) is judged against its limit plus
//! [`ROUNDING`], because a loop that saturates exactly at a limit lands a rounding error to either
//! side of it. Nothing else has a tolerance.
//!
//! Arms and joints are numbered from 1 in texts, from 0 in arrays.
//!
//! Nothing here knows of Bevy, the network, the robot's description or the loop's code.

mod finding;
mod monitors;
mod requirement;
mod sample;
mod setup;
pub mod statistics;
mod thresholds;

pub use finding::{Finding, Verdict};
pub use monitors::Monitors;
pub use requirement::{Id, Origin, OriginKind, Requirement, table};
pub use sample::{Admissible, AppliedTruth, ArmSample, ContactSample, LoopState, Sample, Traffic};
pub use setup::{ArmSetup, JointBounds, Setup};
pub use thresholds::Thresholds;

/// The most arms a robot may have.
pub const MAX_ARMS: usize = 4;

/// The most joints an arm may have, the jaw included.
pub const MAX_JOINTS: usize = 7;

/// Share of a limit granted to rounding where set-points are differentiated or summed.
///
/// A third difference of set-points near 1 rad carries about 1e-15 rad of rounding; over a 1 ms
/// tick that is 1e-6 rad/s³, a millionth of 1 rad/s³.
pub const ROUNDING: f64 = 1e-6;

#[cfg(test)]
mod fixture;
