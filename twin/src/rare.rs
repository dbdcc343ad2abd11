//! `twin rare`.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use campaign::splitting::{Estimate, Splitting, TwinSimulation, mean_and_error};
use clap::Args;
use safety::Id;

use crate::Verdict;
use crate::commands::duration_s;
use crate::input::{InputError, read_operation};
use crate::loops::LoopName;
use crate::output::out;
use crate::table::significant;

/// Arguments of `rare`.
#[derive(Args)]
pub struct RareArguments {
    /// The scenario, a RON file.
    pub scenario: PathBuf,
    /// The requirement whose violation is sought.
    #[arg(long, value_name = "R05", value_parser = requirement)]
    pub requirement: Id,
    /// Runs that are alive at a time.
    #[arg(long, default_value_t = 32, value_name = "N", value_parser = clap::value_parser!(u16).range(2..))]
    pub runs: u16,
    /// Steps that the margin, from its whole limit to zero, is cut into.
    #[arg(long, default_value_t = 20, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub levels: u16,
    /// Estimates, each by itself: their spread is the error.
    #[arg(long, default_value_t = 8, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub estimates: u16,
    /// Simulated seconds of each run [default: the scenario's].
    #[arg(long, value_name = "SECONDS", value_parser = duration_s, allow_negative_numbers = true)]
    pub duration: Option<f64>,
    /// The seed.
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub seed: u64,
    /// Threads [default: one a core].
    #[arg(long, value_name = "N")]
    pub jobs: Option<NonZeroUsize>,
    /// The control loop under test.
    #[arg(long = "loop", default_value_t = LoopName::Own, value_name = "NAME")]
    pub loop_name: LoopName,
}

/// Estimates how likely a run violates a requirement, however rare that is, and prints it.
///
/// # Errors
/// [`InputError`]: a scenario that cannot be read or run.
pub fn rare(arguments: &RareArguments) -> Result<Verdict, InputError> {
    let operation = read_operation(&arguments.scenario)?;
    let duration_ns = arguments
        .duration
        .map_or(operation.duration_ns, |seconds| (seconds * 1e9) as u64);
    let jobs = arguments
        .jobs
        .or_else(|| std::thread::available_parallelism().ok())
        .map_or(1, NonZeroUsize::get);
    let estimates = usize::from(arguments.estimates);
    let results: Mutex<Vec<Option<Result<Estimate, String>>>> =
        Mutex::new((0..estimates).map(|_| None).collect());
    let next = AtomicUsize::new(0);
    let work = || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= estimates {
                return;
            }
            let result = TwinSimulation::new(
                &operation,
                arguments.loop_name.factory(),
                duration_ns,
                arguments.requirement,
                u32::from(arguments.levels),
            )
            .map_err(|error| error.to_string())
            .map(|mut simulation| {
                Splitting {
                    runs: usize::from(arguments.runs),
                    kill: 1 + usize::from(arguments.runs) / 10,
                    target: simulation.target(),
                    seed: arguments.seed.wrapping_add(at as u64),
                }
                .estimate(&mut simulation)
            });
            if let Ok(estimate) = &result {
                eprintln!("estimate {}: {}", at + 1, significant(estimate.probability));
            }
            results
                .lock()
                .unwrap_or_else(|poisoned| poisoned.into_inner())[at] = Some(result);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..jobs.min(estimates) {
            scope.spawn(work);
        }
        work();
    });
    let estimates = results
        .into_inner()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
        .into_iter()
        .flatten()
        .collect::<Result<Vec<Estimate>, String>>()
        .map_err(|error| InputError::new(format!("{}: {error}", arguments.scenario.display())))?;
    out!("{}", text(arguments, &estimates, duration_ns));
    Ok(
        if estimates.iter().any(|estimate| estimate.probability > 0.0) {
            Verdict::Violated
        } else {
            Verdict::AllHold
        },
    )
}

fn text(arguments: &RareArguments, estimates: &[Estimate], duration_ns: u64) -> String {
    let probabilities: Vec<f64> = estimates.iter().map(|one| one.probability).collect();
    let (mean, error) = mean_and_error(&probabilities);
    let steps: u64 = estimates.iter().map(|one| one.steps).sum();
    let passed: u64 = estimates.iter().map(|one| one.levels.len() as u64).sum();
    let best = estimates.iter().map(|one| one.best).max().unwrap_or(0);
    let levels = u32::from(arguments.levels);
    let mut text = format!(
        "P(a run of {} s violates {}): {} +- {} (standard error of {} estimates with {} runs each)\n",
        duration_ns as f64 * 1e-9,
        arguments.requirement,
        significant(mean),
        significant(error),
        estimates.len(),
        arguments.runs
    );
    if mean == 0.0 {
        text.push_str(&format!(
            "no run violated it: the least margin was {} % of its limit. All runs of an estimate died before the target; a \
             mean of 0 is no proof that it cannot happen\n",
            100 * levels.saturating_sub(best) / levels.max(1)
        ));
    }
    text.push_str(&format!(
        "{steps} ticks were simulated, {passed} levels passed. It is a statement about this model, never about the field.\n"
    ));
    text
}

fn requirement(text: &str) -> Result<Id, String> {
    Id::ALL
        .into_iter()
        .find(|id| id.name().eq_ignore_ascii_case(text))
        .ok_or_else(|| {
            let known: Vec<&str> = Id::ALL.iter().map(|id| id.name()).collect();
            format!(
                "there is no requirement '{text}'; there are {}",
                known.join(", ")
            )
        })
}
