//! `twin`: check a telesurgery beforehand, look at one run of it, and fit its network paths to measurements.
//!
//! Exit codes: 0 all requirements hold, 1 one is violated (or two runs differ), 2 wrong input.

mod campaign;
mod check;
mod commands;
mod exhaust;
mod import;
mod output;
mod paths;
mod preflight;
mod progress;
mod rare;
mod robot;
mod run;
mod search;
mod shrink;
mod table;

use std::process::ExitCode;

use clap::Parser;
use twin::{failure, input, loops};

fn main() -> ExitCode {
    let commands = commands::Commands::parse();
    let result = match &commands.command {
        commands::Command::Check(arguments) => check::check(arguments),
        commands::Command::Campaign(arguments) => campaign::campaign(arguments),
        commands::Command::Run(arguments) => run::run(arguments),
        commands::Command::Import(arguments) => import::import(arguments),
        commands::Command::Paths(arguments) => paths::paths(arguments),
        commands::Command::Preflight(arguments) => preflight::preflight(arguments),
        commands::Command::Rare(arguments) => rare::rare(arguments),
        commands::Command::Robot(arguments) => robot::robot(arguments),
        commands::Command::Shrink(arguments) => shrink::shrink(arguments),
        commands::Command::Search(arguments) => search::search(arguments),
        commands::Command::Exhaust(arguments) => exhaust::exhaust(arguments),
    };
    match result.and_then(|verdict| output::finish().map(|()| verdict)) {
        Ok(Verdict::AllHold) => ExitCode::SUCCESS,
        Ok(Verdict::Violated) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

/// What a command found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// No requirement was violated, no difference found.
    AllHold,
    /// A requirement was violated, or two runs that must be equal differ.
    Violated,
}
