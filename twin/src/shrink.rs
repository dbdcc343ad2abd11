//! `twin shrink`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use campaign::{CheckReport, Failure, ShrinkBudget, Shrunk, shrink as shrink_failure};
use clap::Args;
use sim::Operation;

use crate::Verdict;
use crate::failure::{of_seed, open, replay_command, write};
use crate::input::InputError;
use crate::loops::LoopName;
use crate::output::{out, outln};

/// Arguments of `shrink`.
#[derive(Args)]
pub struct ShrinkArguments {
    /// The failure, a file that `check --failures DIR` wrote.
    pub failure: PathBuf,
    /// Where the small failure is written.
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// Runs at most.
    #[arg(long, default_value_t = 2_000, value_name = "N")]
    pub runs: usize,
    /// Stop after so many seconds; the result then depends on the speed of the machine.
    #[arg(long, value_name = "SECONDS")]
    pub seconds: Option<u64>,
    /// The scenario, if it is no longer where the failure says.
    #[arg(long, value_name = "FILE")]
    pub scenario: Option<PathBuf>,
    /// The control loop, instead of the one that the failure names.
    #[arg(long = "loop", value_name = "NAME")]
    pub loop_name: Option<LoopName>,
}

/// Shrinks a failure, writes the small one and tells it in words.
///
/// # Errors
/// [`InputError`] for files that cannot be read or written, and for a failure that does not fail.
pub fn shrink(arguments: &ShrinkArguments) -> Result<Verdict, InputError> {
    let mut case = open(
        &arguments.failure,
        arguments.scenario.as_deref(),
        arguments.loop_name,
    )?;
    case.failure.loop_name = case.loop_name.to_string();
    if let Some(scenario) = &arguments.scenario {
        case.failure.scenario = scenario.display().to_string();
    }
    #[expect(
        clippy::disallowed_methods,
        reason = "the user asked for a limit in seconds of the wall clock"
    )]
    let now = Instant::now;
    let until = arguments
        .seconds
        .map(|seconds| now() + Duration::from_secs(seconds));
    let is_spent = || until.is_some_and(|until| now() >= until);
    let budget = ShrinkBudget {
        runs_max: arguments.runs,
        simulated_ns_max: u64::MAX,
        is_spent: &is_spent,
    };
    let factory = case.loop_name.factory();
    let shrunk = shrink_failure(&case.operation, &case.failure, factory, &budget)
        .map_err(|error| InputError::new(format!("{}: {error}", arguments.failure.display())))?;
    write(&arguments.output, &shrunk.failure)?;
    out!("{}", told(&shrunk));
    outln!(
        "\nreplay it:  {}",
        replay_command(&arguments.output, &shrunk.failure)
    );
    Ok(Verdict::Violated)
}

/// The failures of a check: files of all where they are wanted, and the worst one shrunk and told.
pub struct CheckFailures<'a> {
    /// The operation that was checked.
    pub operation: &'a Operation,
    /// Its scenario and the hash of its text.
    pub scenario: (&'a Path, &'a str),
    /// Its loop.
    pub loop_name: LoopName,
    /// How long a run lasts, ns.
    pub duration_ns: u64,
    /// Where the files go.
    pub folder: Option<&'a Path>,
    /// Simulated seconds that shrinking may take; 0 for none.
    pub shrink_s: u64,
}

impl CheckFailures<'_> {
    /// Writes and shrinks what the report says has failed; what is to be told of it.
    ///
    /// # Errors
    /// [`InputError`] when a file cannot be written.
    pub fn tell(&self, report: &CheckReport) -> Result<String, InputError> {
        let mut text = String::new();
        if let Some(folder) = self.folder {
            std::fs::create_dir_all(folder).map_err(|error| {
                InputError::new(format!("{}: cannot be made: {error}", folder.display()))
            })?;
            for row in &report.requirements {
                let Some(seed) = row.worst_seed.filter(|_| row.violating_runs > 0) else {
                    continue;
                };
                let Some(failure) = self.failure(seed, row.id) else {
                    continue;
                };
                let file = folder.join(format!("{}-seed{seed}.ron", row.id));
                write(&file, &failure)?;
                let _ = writeln!(
                    text,
                    "{} replay:  {}",
                    row.id,
                    replay_command(&file, &failure)
                );
            }
        }
        let Some(worst) = report.worst.as_ref().filter(|_| self.shrink_s > 0) else {
            return Ok(text);
        };
        let budget = ShrinkBudget {
            simulated_ns_max: self.shrink_s.saturating_mul(1_000_000_000),
            ..ShrinkBudget::runs(usize::MAX)
        };
        let shrunk = self
            .failure(worst.seed, worst.requirement)
            .and_then(|failure| {
                shrink_failure(self.operation, &failure, self.loop_name.factory(), &budget).ok()
            });
        if let Some(shrunk) = shrunk {
            text.push('\n');
            text.push_str(&told(&shrunk));
            if let Some(folder) = self.folder {
                let (id, seed) = (worst.requirement, worst.seed);
                let file = folder.join(format!("{id}-seed{seed}.small.ron"));
                write(&file, &shrunk.failure)?;
                let _ = writeln!(
                    text,
                    "replay it:  {}",
                    replay_command(&file, &shrunk.failure)
                );
            } else {
                text.push_str("keep it as a file that replays: check again with --failures DIR\n");
            }
        }
        Ok(text)
    }

    fn failure(&self, seed: u64, requirement: safety::Id) -> Option<Failure> {
        let run = (seed, self.duration_ns);
        of_seed(
            self.operation,
            self.scenario,
            run,
            requirement,
            self.loop_name,
        )
    }
}

/// The small failure in words.
fn told(shrunk: &Shrunk) -> String {
    let failure = &shrunk.failure;
    let (events, duration_ns) = shrunk.before;
    let count = |n: usize| match n {
        0 => "nothing that goes wrong".to_owned(),
        1 => "1 thing that goes wrong".to_owned(),
        n => format!("{n} things that go wrong"),
    };
    format!(
        "{} shrunk from {events} faults in {:.3} s to {} in {:.3} s, in {} runs{}:\n{}\n",
        failure.requirement,
        duration_ns as f64 * 1e-9,
        count(failure.events_n()),
        failure.duration_ns as f64 * 1e-9,
        shrunk.runs,
        if shrunk.is_smallest {
            ""
        } else {
            " (the budget ended before the smallest was sure: `twin shrink` goes on)"
        },
        failure.explanation
    )
}
