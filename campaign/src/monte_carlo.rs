//! The campaign: many runs by a plan, on all cores, written down one after another so that nothing is lost or run
//! twice, and summed up in memory that does not grow with them.
//!
//! Reads in this order: [`variation`] says what a run draws; [`row`] is what is kept of it; [`journal`] keeps it;
//! [`folder`] is where; [`coverage`] and [`summary`] add rows up; here they are run.

pub mod coverage;
pub mod folder;
pub mod journal;
pub mod row;
pub mod summary;
pub mod variation;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::{Condvar, Mutex, MutexGuard};

use sim::{Keep, LoopFactory, Operation, RunPlan, Twin};

use crate::plan::Plan;
use crate::sprt::Decision;
use coverage::Watcher;
use folder::Folder;
use row::Row;
use summary::Summary;
use variation::Variation;

/// How far a campaign, or this shard of it, has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CampaignProgress {
    /// Runs written down, those of earlier sittings included.
    pub done: u64,
    /// Runs in which a requirement was violated.
    pub failing: u64,
    /// Runs in all.
    pub runs: u64,
}

/// Why a campaign stopped; what was written down before stays.
#[derive(Clone, Debug, PartialEq)]
pub struct CampaignError(pub String);

impl std::fmt::Display for CampaignError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for CampaignError {}

/// Runs ahead of the one that is to be written next, a thread: it bounds what waits in memory.
const AHEAD: u64 = 16;

/// What the threads share.
struct Shared<'a> {
    folder: &'a mut Folder,
    /// Ended, but one before them has not.
    waiting: BTreeMap<u64, Row>,
    /// The next index to run, and the next to write.
    next: u64,
    written: u64,
    end: u64,
    /// Decided, or failed.
    stopped: bool,
    error: Option<CampaignError>,
}

/// Makes the runs that the folder does not have yet. Rows are written in the order of their seeds, whatever the
/// number of threads.
///
/// # Errors
/// [`CampaignError`]: a run cannot be built or panics, or the folder cannot be written.
pub fn run(
    operation: &Operation,
    folder: &mut Folder,
    make_loop: &LoopFactory,
    jobs: NonZeroUsize,
    progress: &(dyn Fn(CampaignProgress) + Sync),
) -> Result<(), CampaignError> {
    let plan = folder.plan().clone();
    let (from, end) = plan.share(folder.shard());
    let written = from + folder.summary().runs;
    let stopped = folder.summary().decision(&plan) != Decision::Undecided;
    let shared = Mutex::new(Shared {
        folder,
        waiting: BTreeMap::new(),
        next: written,
        written,
        end,
        stopped,
        error: None,
    });
    let changed = Condvar::new();
    let window = AHEAD * jobs.get() as u64;
    let work = || {
        loop {
            let Some(index) = claim(&shared, &changed, window) else {
                return;
            };
            let result = one_run(operation, &plan, index, make_loop);
            let mut shared = lock(&shared);
            match result {
                Ok(row) => {
                    shared.waiting.insert(index, row);
                }
                Err(error) => {
                    // Runs before this one may still be written: only what comes after is given up.
                    shared.end = shared.end.min(index);
                    if shared.error.is_none() {
                        shared.error = Some(error);
                    }
                }
            }
            shared.write_what_is_next(&plan, from, end, progress);
            changed.notify_all();
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..jobs.get() {
            scope.spawn(work);
        }
        work();
    });
    let shared = shared
        .into_inner()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    match shared.error {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

fn lock<'l, 'a>(shared: &'l Mutex<Shared<'a>>) -> MutexGuard<'l, Shared<'a>> {
    shared
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// The next index to run; waits while too many ended runs wait for one before them.
fn claim(shared: &Mutex<Shared<'_>>, changed: &Condvar, window: u64) -> Option<u64> {
    let mut shared = lock(shared);
    loop {
        if shared.stopped || shared.next >= shared.end {
            return None;
        }
        if shared.next < shared.written + window {
            shared.next += 1;
            return Some(shared.next - 1);
        }
        shared = changed
            .wait(shared)
            .unwrap_or_else(|poisoned| poisoned.into_inner());
    }
}

impl Shared<'_> {
    fn write_what_is_next(
        &mut self,
        plan: &Plan,
        from: u64,
        end: u64,
        progress: &(dyn Fn(CampaignProgress) + Sync),
    ) {
        while !self.stopped && self.written < self.end {
            let Some(row) = self.waiting.remove(&self.written) else {
                return;
            };
            if let Err(error) = self.folder.add(row) {
                self.error = Some(error);
                self.stopped = true;
                return;
            }
            self.written += 1;
            let summary = self.folder.summary();
            progress(CampaignProgress {
                done: self.written - from,
                failing: summary.failing,
                runs: end - from,
            });
            self.stopped = summary.decision(plan) != Decision::Undecided;
        }
    }
}

/// One run of a campaign: a pure function of the operation, the plan and the index.
fn one_run(
    operation: &Operation,
    plan: &Plan,
    index: u64,
    make_loop: &LoopFactory,
) -> Result<Row, CampaignError> {
    let seed = plan.first_seed.wrapping_add(index);
    let whole_run = || {
        let variation = Variation::draw(operation, seed, plan.swarm);
        let run_plan = RunPlan::of_seed(&variation.operation, seed, plan.duration_ns);
        let mut twin = Twin::new(&variation.operation, &run_plan, make_loop, Keep::default())
            .map_err(|error| CampaignError(format!("seed {seed}: {error}")))?;
        let mut watcher = Watcher::new(&run_plan.faults);
        while !twin.is_over() {
            twin.step();
            watcher.look(&twin);
        }
        Ok(Row::new(
            index,
            seed,
            variation.values(),
            &twin.outcome(),
            &watcher,
        ))
    };
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(whole_run)).unwrap_or_else(|_| {
        Err(CampaignError(format!(
            "the run of seed {seed} panicked: a defect of the twin or of the loop that it hosts"
        )))
    })
}

/// The sum of what a finished folder holds; used by reports.
pub fn is_complete(summary: &Summary, plan: &Plan, shard: crate::plan::Shard) -> bool {
    let (from, to) = plan.share(shard);
    summary.runs == to - from || summary.decision(plan) != Decision::Undecided
}
