//! Robot ends that are wrong in a known way: the checker is checked by them.
//!
//! Each is built from the control loop's own parts and leaves out or replaces one rule. A check that does
//! not catch every one of them within its default budget is worth nothing.
//!
//! Most are a [`Flaw`] of the sound loop ([`Flawed`]); three are loops of their own.

mod catch_up;
mod flaw;
mod last_writer_wins;
mod motion;
mod no_age_limit;
mod order;
mod trust;

pub use catch_up::CatchUp;
pub use flaw::{Flaw, Flawed, Moment};
pub use last_writer_wins::LastWriterWins;
pub use motion::{JumpsToTheTarget, Latched, NoReAnchor, WatchdogAtTheConsole};
pub use no_age_limit::NoAgeLimit;
pub use order::{NewerOnItsPath, RavenReceiver, TakeAnyAfterReset, WindowOfEachPath};
pub use trust::{
    HalfRoundTrip, LatentErrors, NoAuthentication, NoEngagement, NoWorkBudget, WallClockAge,
};
