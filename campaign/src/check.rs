//! The check: seeded runs of an operation, judged together.

use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use sim::{BuildError, Keep, LoopFactory, Operation, Outcome, RunPlan, Twin};

use crate::report::CheckReport;

/// Which runs a check makes.
#[derive(Clone, Copy, Debug)]
pub struct CheckSettings {
    /// The seed of the first run; the others follow.
    pub first_seed: u64,
    /// How many runs.
    pub runs: usize,
    /// How long each lasts, ns.
    pub duration_ns: u64,
    /// How many threads share the runs.
    pub jobs: NonZeroUsize,
}

/// How far a check has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Runs ended.
    pub done: usize,
    /// Runs in which a requirement was violated.
    pub violating: usize,
    /// Runs in all.
    pub runs: usize,
}

/// Why a check did not come to an end.
#[derive(Clone, Debug, PartialEq)]
pub enum CheckError {
    /// A world could not be built.
    Build(BuildError),
    /// There is nothing to run.
    NoRuns,
    /// A run panicked: a defect of the twin or of the loop that it hosts.
    Panicked {
        /// The seed of the run.
        seed: u64,
    },
}

impl std::fmt::Display for CheckError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Build(error) => error.fmt(f),
            Self::NoRuns => f.write_str("a check needs at least one run; give --seeds 1 or more"),
            Self::Panicked { seed } => write!(
                f,
                "the run of seed {seed} panicked: a defect of the twin or of the loop that it hosts"
            ),
        }
    }
}

impl std::error::Error for CheckError {}

/// Runs the seeds `first_seed..first_seed + runs` and judges them together.
///
/// `progress` is called after each run, from the thread that made it.
///
/// # Errors
/// [`CheckError`]; the first in the order of the seeds.
pub fn check(
    operation: &Operation,
    settings: &CheckSettings,
    make_loop: &LoopFactory,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<CheckReport, CheckError> {
    if settings.runs == 0 {
        return Err(CheckError::NoRuns);
    }
    let results: Mutex<Vec<Option<Result<Outcome, CheckError>>>> =
        Mutex::new((0..settings.runs).map(|_| None).collect());
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let (violating, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= settings.runs || failed.load(Ordering::Relaxed) {
                return;
            }
            let seed = settings.first_seed + index as u64;
            let result = run(operation, seed, settings.duration_ns, make_loop);
            match &result {
                Ok(outcome) if is_violating(outcome) => {
                    violating.fetch_add(1, Ordering::Relaxed);
                }
                Ok(_) => {}
                Err(_) => failed.store(true, Ordering::Relaxed),
            }
            // A poisoned lock means that another thread panicked while storing: its data is still whole.
            results
                .lock()
                .unwrap_or_else(|poisoned| poisoned.into_inner())[index] = Some(result);
            progress(Progress {
                done: done.fetch_add(1, Ordering::Relaxed) + 1,
                violating: violating.load(Ordering::Relaxed),
                runs: settings.runs,
            });
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..settings.jobs.get().min(settings.runs) {
            scope.spawn(work);
        }
        work();
    });
    let results = results
        .into_inner()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    let outcomes = results
        .into_iter()
        .flatten()
        .collect::<Result<Vec<Outcome>, CheckError>>()?;
    Ok(CheckReport::new(operation, settings, &outcomes))
}

/// One run of a check; a panic inside it is a result, so that the others still end.
pub(crate) fn run(
    operation: &Operation,
    seed: u64,
    duration_ns: u64,
    make_loop: &LoopFactory,
) -> Result<Outcome, CheckError> {
    let whole_run = || {
        let plan = RunPlan::of_seed(operation, seed, duration_ns);
        let mut twin = Twin::new(operation, &plan, make_loop, Keep::default())?;
        Ok(twin.run_to_end())
    };
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(whole_run)) {
        Ok(result) => result.map_err(CheckError::Build),
        Err(_) => Err(CheckError::Panicked { seed }),
    }
}

fn is_violating(outcome: &Outcome) -> bool {
    outcome
        .findings
        .iter()
        .any(|finding| finding.violated_at_ns.is_some())
}
