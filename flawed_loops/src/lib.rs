//! Robot ends that are wrong in a known way: the checker is checked by them.
//!
//! Each is built from the control loop's own parts and leaves out or replaces one rule. A check that does
//! not catch every one of them within its default budget is worth nothing.

mod catch_up;
mod last_writer_wins;
mod no_age_limit;

pub use catch_up::CatchUp;
pub use last_writer_wins::LastWriterWins;
pub use no_age_limit::NoAgeLimit;
