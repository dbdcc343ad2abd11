//! The hunt: loops that are known to be wrong, and how many runs it takes to catch each of them.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use safety::Id;
use sim::{LoopFactory, Operation};

use crate::check::{CheckError, CheckSettings, run};

/// What a hunt found about one loop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caught {
    /// Runs that were made.
    pub runs: usize,
    /// Each violated requirement with the number of the run, from 1, that first violated it; in the order of
    /// their ids.
    pub by: Vec<(Id, usize)>,
}

impl Caught {
    /// The number of the run that first violated any requirement.
    pub fn in_run(&self) -> Option<usize> {
        self.by.iter().map(|(_, run)| *run).min()
    }

    /// The number of the run that first violated this one.
    pub fn by_in_run(&self, id: Id) -> Option<usize> {
        let found = self.by.iter().find(|(by, _)| *by == id);
        found.map(|(_, run)| *run)
    }
}

/// Runs a loop until it has been caught and `least` runs have been made, or until `settings.runs` have: the
/// least shows which other requirements catch it as well. The same for any number of threads.
///
/// # Errors
/// As [`crate::check`].
pub fn hunt(
    operation: &Operation,
    settings: &CheckSettings,
    least: usize,
    make_loop: &LoopFactory,
) -> Result<Caught, CheckError> {
    if settings.runs == 0 {
        return Err(CheckError::NoRuns);
    }
    // Runs are begun in order, so all before the first that catches are made.
    let (next, enough) = (AtomicUsize::new(0), AtomicUsize::new(settings.runs));
    let results = Mutex::new(Vec::new());
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= enough.load(Ordering::Relaxed) {
                return;
            }
            let seed = settings.first_seed + index as u64;
            let result = run(operation, seed, settings.duration_ns, make_loop).map(|outcome| {
                let findings = outcome.findings.iter();
                let violated = findings.filter(|finding| finding.violated_at_ns.is_some());
                violated.map(|finding| finding.id).collect::<Vec<Id>>()
            });
            if result
                .as_ref()
                .map_or(true, |violated| !violated.is_empty())
            {
                enough.fetch_min((index + 1).max(least), Ordering::Relaxed);
            }
            // A poisoned lock means that another thread panicked while storing: its data is still whole.
            results
                .lock()
                .unwrap_or_else(|poisoned| poisoned.into_inner())
                .push((index, result));
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..settings.jobs.get().min(settings.runs) {
            scope.spawn(work);
        }
        work();
    });
    let runs = enough.load(Ordering::Relaxed);
    let mut results = results
        .into_inner()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    // Another thread may have begun a run too many.
    results.retain(|(index, _)| *index < runs);
    results.sort_by_key(|(index, _)| *index);
    let mut by: Vec<(Id, usize)> = Vec::new();
    for (index, result) in results {
        for id in result? {
            if by.iter().all(|(known, _)| *known != id) {
                by.push((id, index + 1));
            }
        }
    }
    by.sort_unstable();
    Ok(Caught { runs, by })
}
