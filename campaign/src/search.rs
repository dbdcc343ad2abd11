//! The search for a run that violates a requirement, guided by how near each run came.
//!
//! What matters most is the language in which schedules are written, not the optimiser: here a run has a few events
//! (outage, delay, clog, loss, duplication), each on one path or both, each described by a few numbers in 0..1, its
//! genes. CMA-ES moves the genes against the requirement's robustness; uniform random genes and swarm testing, where
//! each run draws which kinds of events exist at all and how many, are what it is measured against.

use std::cell::Cell;
use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use cmaes::{CMAESOptions, DVector};
use net_model::{
    Fault, FaultKind, FaultSchedule, Milliseconds, Probability, RunMilliseconds, Stream,
    WhichDirections, WhichPaths,
};
use safety::Id;
use serde::Serialize;
use sim::{BuildError, Keep, LoopFactory, Operation, RunPlan, Twin};

use crate::shrink::run_until_violated;

/// Events of a run at most, but in a swarm. Assumed.
const EVENTS: usize = 4;

/// Numbers that describe an event.
const GENES: usize = 6;

/// Spells last so long at least and at most, ms, even on a logarithmic scale. Assumed: around the loop's times.
const SPELL_MS: (f64, f64) = (10.0, 3_000.0);

/// Added delays, ms: from nothing to what is beyond any use. Assumed.
const DELAY_MS: (f64, f64) = (5.0, 1_000.0);

/// A requirement that was not exercised came no nearer than this. Its robustness is infinite, which no optimiser likes.
const NOT_EXERCISED: f64 = 10.0;

/// How schedules are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Strategy {
    /// Covariance matrix adaptation on the genes, against the robustness; starts anew when it has converged.
    CmaEs,
    /// Uniform genes.
    Random,
    /// Which kinds of events there are, and how many, is drawn for each run.
    Swarm,
}

impl Strategy {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::CmaEs, Self::Random, Self::Swarm];

    /// The name that it is called by.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CmaEs => "cma-es",
            Self::Random => "random",
            Self::Swarm => "swarm",
        }
    }
}

/// What is searched, and how long.
#[derive(Clone, Copy, Debug)]
pub struct SearchSettings {
    /// The requirement to violate.
    pub requirement: Id,
    /// Simulations at most, each search.
    pub budget: usize,
    /// How long a run lasts, ns.
    pub duration_ns: u64,
    /// The seed of the first search; the others follow.
    pub first_seed: u64,
    /// Searches with each strategy.
    pub repeats: usize,
    /// Threads.
    pub jobs: NonZeroUsize,
}

/// One search's end.
#[derive(Clone, Debug, PartialEq)]
pub struct Search {
    /// How.
    pub strategy: Strategy,
    /// Its seed: of its own choices, and of each of its runs.
    pub seed: u64,
    /// Simulations that it took, the violating one included.
    pub simulations: usize,
    /// The least robustness that it saw.
    pub robustness: f64,
    /// The schedule that violates, and when, ns.
    pub found: Option<(FaultSchedule, u64)>,
}

/// Searches with each of the strategies and each of the seeds, in that order.
///
/// # Errors
/// A world that cannot be built.
pub fn search(
    operation: &Operation,
    settings: &SearchSettings,
    strategies: &[Strategy],
    make_loop: &LoopFactory,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Vec<Search>, BuildError> {
    let tasks: Vec<(Strategy, u64)> = strategies
        .iter()
        .flat_map(|&strategy| {
            (0..settings.repeats as u64).map(move |n| (strategy, settings.first_seed + n))
        })
        .collect();
    let results: Mutex<Vec<Option<Result<Search, BuildError>>>> =
        Mutex::new(tasks.iter().map(|_| None).collect());
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(&(strategy, seed)) = tasks.get(index) else {
                return;
            };
            let mut oracle = Oracle::new(operation, settings, make_loop, seed);
            match strategy {
                Strategy::CmaEs => by_cma_es(&mut oracle),
                Strategy::Random => by_chance(&mut oracle),
                Strategy::Swarm => by_swarm(&mut oracle),
            }
            results
                .lock()
                .unwrap_or_else(|poisoned| poisoned.into_inner())[index] =
                Some(oracle.end(strategy));
            progress(done.fetch_add(1, Ordering::Relaxed) + 1, tasks.len());
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..settings.jobs.get().min(tasks.len()) {
            scope.spawn(work);
        }
        work();
    });
    let results = results
        .into_inner()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    results.into_iter().flatten().collect()
}

/// The median of the simulations to failure, where a search that found nothing took more than any; `None` when more
/// than half found nothing.
pub fn median_simulations(searches: &[Search]) -> Option<f64> {
    let mut took: Vec<Option<usize>> = searches
        .iter()
        .map(|search| search.found.as_ref().map(|_| search.simulations))
        .collect();
    took.sort_by_key(|n| n.unwrap_or(usize::MAX));
    let (low, high) = (took.len().checked_sub(1)? / 2, took.len() / 2);
    Some((took[low]? as f64 + took[high]? as f64) / 2.0)
}

/// Runs schedules, counts them, and remembers the worst.
struct Oracle<'a> {
    operation: &'a Operation,
    settings: &'a SearchSettings,
    make_loop: &'a LoopFactory,
    seed: u64,
    simulations: usize,
    robustness: f64,
    found: Option<(FaultSchedule, u64)>,
    error: Option<BuildError>,
}

impl<'a> Oracle<'a> {
    fn new(
        operation: &'a Operation,
        settings: &'a SearchSettings,
        make_loop: &'a LoopFactory,
        seed: u64,
    ) -> Self {
        Self {
            operation,
            settings,
            make_loop,
            seed,
            simulations: 0,
            robustness: f64::INFINITY,
            found: None,
            error: None,
        }
    }

    fn is_over(&self) -> bool {
        self.found.is_some() || self.error.is_some() || self.simulations >= self.settings.budget
    }

    /// The robustness of a run with this schedule; once the search is over, no run is made.
    fn ask(&mut self, faults: FaultSchedule) -> f64 {
        if self.is_over() {
            return NOT_EXERCISED;
        }
        self.simulations += 1;
        let plan = RunPlan {
            seed: self.seed,
            faults,
            duration_ns: self.settings.duration_ns,
        };
        let mut twin = match Twin::new(self.operation, &plan, self.make_loop, Keep::default()) {
            Ok(twin) => twin,
            Err(error) => {
                self.error = Some(error);
                return NOT_EXERCISED;
            }
        };
        let requirement = self.settings.requirement;
        let violated = run_until_violated(&mut twin, requirement);
        let finding = violated.unwrap_or_else(|| {
            let judges = twin.world().resource::<sim::state::Judges>();
            judges.monitors.finding(requirement)
        });
        self.robustness = self.robustness.min(finding.robustness);
        if let Some(at_ns) = finding.violated_at_ns {
            self.found = Some((plan.faults, at_ns));
        }
        finding.robustness.clamp(-NOT_EXERCISED, NOT_EXERCISED)
    }

    fn end(self, strategy: Strategy) -> Result<Search, BuildError> {
        match self.error {
            Some(error) => Err(error),
            None => Ok(Search {
                strategy,
                seed: self.seed,
                simulations: self.simulations,
                robustness: self.robustness,
                found: self.found,
            }),
        }
    }
}

fn by_chance(oracle: &mut Oracle<'_>) {
    let mut stream = Stream::new(oracle.seed, "search/random");
    while !oracle.is_over() {
        let genes: Vec<f64> = (0..EVENTS * GENES).map(|_| stream.uniform()).collect();
        oracle.ask(schedule_of(&genes, oracle.settings.duration_ns));
    }
}

fn by_swarm(oracle: &mut Oracle<'_>) {
    let mut stream = Stream::new(oracle.seed, "search/swarm");
    while !oracle.is_over() {
        let mut kinds: Vec<usize> = (0..KINDS).filter(|_| stream.uniform() < 0.5).collect();
        if kinds.is_empty() {
            kinds.push(pick(stream.uniform(), KINDS));
        }
        // How much both paths share is a property of the run, not of the event.
        let shared = stream.uniform();
        let events = 1 + pick(stream.uniform(), 4 * EVENTS);
        let genes: Vec<f64> = (0..events)
            .flat_map(|_| {
                let kind = kinds[pick(stream.uniform(), kinds.len())];
                let path = if stream.uniform() < shared {
                    // The last third of the gene is both paths.
                    0.9
                } else {
                    0.6 * stream.uniform()
                };
                [
                    1.0,
                    (kind as f64 + 0.5) / KINDS as f64,
                    path,
                    stream.uniform(),
                    stream.uniform(),
                    stream.uniform(),
                ]
            })
            .collect();
        oracle.ask(schedule_of(&genes, oracle.settings.duration_ns));
    }
}

fn by_cma_es(oracle: &mut Oracle<'_>) {
    let duration_ns = oracle.settings.duration_ns;
    let mut start = 0;
    while !oracle.is_over() {
        let seed = oracle.seed.wrapping_mul(1_000_003).wrapping_add(start);
        start += 1;
        let before = oracle.simulations;
        let is_over = Cell::new(false);
        let objective = |genes: &DVector<f64>| {
            // Outside the box the nearest point of it counts, and how far it is.
            let inside: Vec<f64> = genes.iter().map(|gene| gene.clamp(0.0, 1.0)).collect();
            let outside: f64 = genes
                .iter()
                .zip(&inside)
                .map(|(gene, inside)| (gene - inside) * (gene - inside))
                .sum();
            let robustness = oracle.ask(schedule_of(&inside, duration_ns));
            is_over.set(oracle.is_over());
            robustness + outside
        };
        let options = CMAESOptions::new(vec![0.5; EVENTS * GENES], 0.3).seed(seed);
        let Ok(mut state) = options.build(objective) else {
            return;
        };
        // A generation cannot be broken off, but asks for no more runs once the search is over.
        while state.next().is_none() && !is_over.get() {}
        drop(state);
        if oracle.simulations == before {
            return;
        }
    }
}

/// The kinds of events of the grammar.
const KINDS: usize = 5;

/// The schedule that genes describe; pure.
fn schedule_of(genes: &[f64], duration_ns: u64) -> FaultSchedule {
    let faults = genes
        .chunks_exact(GENES)
        .filter_map(|genes| event_of(genes, duration_ns as f64 * 1e-6))
        .collect();
    FaultSchedule {
        faults,
        ..FaultSchedule::default()
    }
}

/// Whether it is, what, where, when, how long, how much.
fn event_of(genes: &[f64], duration_ms: f64) -> Option<Fault> {
    let &[is, what, path, at, long, much] = genes else {
        return None;
    };
    if is < 0.25 {
        return None;
    }
    let ms = Milliseconds::clamped(between(DELAY_MS, much));
    let kind = match pick(what, KINDS) {
        0 => FaultKind::Outage,
        1 => FaultKind::AddDelay {
            ms,
            ramp_ms: Milliseconds::clamped(0.25 * between(SPELL_MS, long)),
        },
        2 => FaultKind::Clog,
        3 => FaultKind::Loss {
            probability: Probability::clamped(much),
        },
        _ => FaultKind::Duplicate {
            probability: Probability::clamped(0.5),
            delay_ms: ms,
        },
    };
    Some(Fault {
        at_ms: RunMilliseconds::clamped(at * duration_ms),
        for_ms: RunMilliseconds::clamped(between(SPELL_MS, long)),
        paths: [WhichPaths::A, WhichPaths::B, WhichPaths::Both][pick(path, 3)],
        direction: WhichDirections::Both,
        kind,
    })
}

/// One of so many, by a number in 0..=1.
fn pick(gene: f64, of: usize) -> usize {
    ((gene * of as f64) as usize).min(of.saturating_sub(1))
}

/// Evenly on a logarithmic scale.
fn between((from, to): (f64, f64), gene: f64) -> f64 {
    from * libm::pow(to / from, gene)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn genes_at_the_corners_describe_events_inside_the_run() {
        for corner in [0.0, 0.25, 0.5, 1.0] {
            let schedule = schedule_of(&[corner; EVENTS * GENES], 4_000_000_000);
            let events = if corner < 0.25 { 0 } else { EVENTS };
            assert_eq!(schedule.faults.len(), events, "corner {corner}");
            for fault in &schedule.faults {
                assert!(fault.at_ms.get() <= 4_000.0);
                assert!((SPELL_MS.0..=SPELL_MS.1 + 1e-6).contains(&fault.for_ms.get()));
            }
        }
    }

    #[test]
    fn the_same_genes_are_the_same_schedule_and_each_kind_can_be_written() {
        let kinds: Vec<String> = (0..KINDS)
            .map(|kind| {
                let what = (kind as f64 + 0.5) / KINDS as f64;
                let genes = [0.9, what, 0.9, 0.1, 0.5, 0.5];
                assert_eq!(schedule_of(&genes, 1), schedule_of(&genes, 1));
                schedule_of(&genes, 1_000_000_000).faults[0].to_string()
            })
            .collect();
        let mut unique = kinds.clone();
        unique.sort();
        unique.dedup();
        assert_eq!(unique.len(), KINDS, "{kinds:?}");
        assert!(
            kinds.iter().all(|kind| kind.contains("both paths")),
            "{kinds:?}"
        );
    }

    #[test]
    fn a_median_counts_a_search_that_found_nothing_as_longer_than_any() {
        let search = |simulations, found: bool| Search {
            strategy: Strategy::Random,
            seed: 1,
            simulations,
            robustness: 0.0,
            found: found.then(|| (FaultSchedule::default(), 1)),
        };
        let (a, b, none) = (search(3, true), search(7, true), search(50, false));
        assert_eq!(
            median_simulations(&[a.clone(), b.clone(), none.clone()]),
            Some(7.0)
        );
        assert_eq!(median_simulations(&[a.clone(), b]), Some(5.0));
        assert_eq!(median_simulations(&[a, none.clone(), none]), None);
        assert_eq!(median_simulations(&[]), None);
    }
}
