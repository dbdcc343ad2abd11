//! Many runs of one operation: the check of all requirements, the comparison of a run with itself, and
//! the reports.
//!
//! Runs are independent worlds, so threads share nothing but the operation; results are put back in the
//! order of their seeds, and every number of a report is the same for any number of threads.

mod change;
mod check;
mod exhaust;
mod failure;
pub mod html;
pub mod hunt;
mod junit;
pub mod monte_carlo;
pub mod plan;
pub mod preflight;
pub mod recording;
mod report;
pub mod sarif;
mod search;
mod session;
mod shrink;
pub mod splitting;
pub mod sprt;
pub mod table;
mod verify;

pub use change::{Change, Links};
pub use check::{CheckError, CheckSettings, Progress, check};
pub use exhaust::{
    CHECKED, Exercised, ExhaustError, ExhaustReport, ExhaustSettings, OrderCounts, Scale,
    Violation, count_orders, exhaust,
};
pub use failure::{FORMAT, Failure, FailureError, FaultFile, first_field};
pub use junit::junit;
pub use report::{CheckReport, Coverage, RequirementRow, WorstRun};
pub use search::{Search, SearchSettings, Strategy, median_simulations, search};
pub use session::{Origin, SESSION_FORMAT, Session};
pub use shrink::{ShrinkBudget, ShrinkError, Shrunk, explain, replay, shrink};
pub use verify::verify;
