//! The command line's grammar.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::loops::LoopName;

/// Check a telesurgery beforehand: the real control loop between two modelled network paths and a
/// physical model of the robot.
#[derive(Parser)]
#[command(name = "twin", version, propagate_version = true)]
pub struct Commands {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the tool can do.
#[derive(Subcommand)]
pub enum Command {
    /// Simulate many seeded operations and judge every requirement.
    Check(CheckArguments),
    /// Simulate one operation and tell its events.
    Run(RunArguments),
    /// Look at a robot's description, or export it.
    Robot(crate::robot::RobotArguments),
}

/// Arguments of `check`.
#[derive(Args)]
pub struct CheckArguments {
    /// The scenario, a RON file.
    pub scenario: PathBuf,
    /// How many runs, each with a seed of its own.
    #[arg(long, default_value_t = 200, value_name = "N")]
    pub seeds: usize,
    /// The seed of the first run.
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub first_seed: u64,
    /// Simulated seconds of each run [default: the scenario's].
    #[arg(long, value_name = "SECONDS", value_parser = duration_s, allow_negative_numbers = true)]
    pub duration: Option<f64>,
    /// Threads [default: one a core].
    #[arg(long, value_name = "N")]
    pub jobs: Option<NonZeroUsize>,
    /// The control loop under test.
    #[arg(long = "loop", default_value_t = LoopName::Own, value_name = "NAME")]
    pub loop_name: LoopName,
    /// Print the report as JSON instead of a table.
    #[arg(long)]
    pub json: bool,
    /// Write the report as JUnit XML as well.
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
}

/// Arguments of `run`.
#[derive(Args)]
pub struct RunArguments {
    /// The scenario, a RON file.
    pub scenario: PathBuf,
    /// The seed.
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub seed: u64,
    /// Simulated seconds [default: the scenario's].
    #[arg(long, value_name = "SECONDS", value_parser = duration_s, allow_negative_numbers = true)]
    pub duration: Option<f64>,
    /// The control loop under test.
    #[arg(long = "loop", default_value_t = LoopName::Own, value_name = "NAME")]
    pub loop_name: LoopName,
    /// Replay this fault schedule instead of drawing one from the seed.
    #[arg(long, value_name = "FILE")]
    pub fault_file: Option<PathBuf>,
    /// Write the run's fault schedule to a file that --fault-file reads.
    #[arg(long, value_name = "FILE")]
    pub write_fault_file: Option<PathBuf>,
    /// Run twice and name the first tick and component that differ.
    #[arg(long)]
    pub verify: bool,
}

/// A duration in seconds: at least 10 ms, at most a day.
fn duration_s(text: &str) -> Result<f64, String> {
    let value: f64 = text
        .parse()
        .map_err(|_| format!("'{text}' is not a number of seconds"))?;
    sim::units::RunSeconds::new(value)
        .map(sim::units::RunSeconds::get)
        .map_err(|error| error.to_string())
}
