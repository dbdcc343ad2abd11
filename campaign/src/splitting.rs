//! Rare events: adaptive multilevel splitting.
//!
//! Many runs of a simulation; again and again those that came least far are killed and replaced by copies of others,
//! which are set back to the moment at which they first got further, and go on with other randomness. The share that
//! survives each level, multiplied up, estimates the probability of getting as far as the target. The estimate is
//! unbiased for any score and any number of runs if *all* runs that came no further than a level are killed, ties
//! included (Bréhier et al., AAP 26(6), 2016); killing one of several that tie is 45 % off on a walk of whole numbers.

use std::sync::Arc;

use net_model::{FaultSchedule, Stream};
use safety::Id;
use sim::state::Judges;
use sim::{BuildError, Keep, LoopFactory, Operation, RunPlan, Snapshot, Twin};

/// A simulation that can be copied in its midst.
pub trait Simulation {
    /// Its whole state.
    type State;

    /// Begins a run with this randomness.
    fn begin(&mut self, key: u64);

    /// Goes on one step; false when the run is over.
    fn step(&mut self) -> bool;

    /// How far it has come now. Whole numbers, so that a run has few moments of getting further; ties are expected.
    fn score(&self) -> u32;

    /// Copies the whole state.
    fn state(&self) -> Self::State;

    /// Puts a state back and goes on with other randomness than the run that it is of.
    fn branch(&mut self, state: &Self::State, key: u64);
}

/// How the splitting is done.
#[derive(Clone, Copy, Debug)]
pub struct Splitting {
    /// Runs that are alive at a time, at least 2.
    pub runs: usize,
    /// How many are killed a level at least, from 1; more where there are ties.
    pub kill: usize,
    /// The score whose probability is estimated.
    pub target: u32,
    /// Seeds everything.
    pub seed: u64,
}

/// What came out.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// The probability that a run's score reaches the target. 0 when all runs died: that is a part of the mean.
    pub probability: f64,
    /// Each level and how many runs it killed.
    pub levels: Vec<(u32, usize)>,
    /// Steps that were simulated.
    pub steps: u64,
    /// The greatest score of any run.
    pub best: u32,
}

/// A run, and the states in which it first got further than ever before.
struct Path<T> {
    best: u32,
    records: Vec<(u32, Arc<T>)>,
}

impl Splitting {
    /// One estimate; a pure function of the simulation and the settings.
    pub fn estimate<S: Simulation>(&self, simulation: &mut S) -> Estimate {
        let runs = self.runs.max(2);
        let kill = self.kill.clamp(1, runs - 1);
        let mut choices = Stream::new(self.seed, "splitting/choices");
        let mut keys = Stream::new(self.seed, "splitting/keys");
        let mut estimate = Estimate {
            probability: 1.0,
            levels: Vec::new(),
            steps: 0,
            best: 0,
        };
        let mut paths: Vec<Path<S::State>> = Vec::with_capacity(runs);
        for _ in 0..runs {
            simulation.begin(keys.bits());
            let score = simulation.score();
            let mut path = Path {
                best: score,
                records: vec![(score, Arc::new(simulation.state()))],
            };
            self.follow(simulation, &mut path, &mut estimate.steps);
            paths.push(path);
        }
        loop {
            let mut order: Vec<u32> = paths.iter().map(|path| path.best).collect();
            order.sort_unstable();
            estimate.best = estimate.best.max(order[runs - 1]);
            let level = order[kill - 1];
            if level >= self.target {
                break;
            }
            // All of them, ties included.
            let (dead, alive): (Vec<usize>, Vec<usize>) =
                (0..runs).partition(|&at| paths[at].best <= level);
            estimate.levels.push((level, dead.len()));
            if alive.is_empty() {
                estimate.probability = 0.0;
                return estimate;
            }
            estimate.probability *= alive.len() as f64 / runs as f64;
            // No one will ever be set back to where it was no further than this level.
            for path in &mut paths {
                path.records.retain(|(score, _)| *score > level);
            }
            for at in dead {
                let parent = alive[choices.below(alive.len() as u64) as usize];
                let Some((score, state)) = paths[parent].records.first().cloned() else {
                    continue;
                };
                simulation.branch(&state, keys.bits());
                let mut path = Path {
                    best: score,
                    records: vec![(score, state)],
                };
                self.follow(simulation, &mut path, &mut estimate.steps);
                paths[at] = path;
            }
        }
        let reached = paths.iter().filter(|path| path.best >= self.target).count();
        estimate.probability *= reached as f64 / runs as f64;
        estimate
    }

    /// To the target, or to the end.
    fn follow<S: Simulation>(
        &self,
        simulation: &mut S,
        path: &mut Path<S::State>,
        steps: &mut u64,
    ) {
        while path.best < self.target && simulation.step() {
            *steps += 1;
            let score = simulation.score();
            if score > path.best {
                path.best = score;
                path.records.push((score, Arc::new(simulation.state())));
            }
        }
    }
}

/// Mean and standard error of several estimates.
pub fn mean_and_error(estimates: &[f64]) -> (f64, f64) {
    let n = estimates.len().max(1) as f64;
    let mean = estimates.iter().sum::<f64>() / n;
    let squares: f64 = estimates.iter().map(|x| (x - mean) * (x - mean)).sum();
    let variance = squares / (n - 1.0).max(1.0);
    (mean, libm::sqrt(variance / n))
}

/// The twin, with the margin of one requirement as its score.
pub struct TwinSimulation<'a> {
    operation: &'a Operation,
    make_loop: &'a LoopFactory,
    duration_ns: u64,
    requirement: Id,
    levels: u32,
    twin: Twin,
}

impl<'a> TwinSimulation<'a> {
    /// The margin from its whole limit down to zero is cut into `levels` steps.
    ///
    /// # Errors
    /// [`BuildError`]: the world cannot be built.
    pub fn new(
        operation: &'a Operation,
        make_loop: &'a LoopFactory,
        duration_ns: u64,
        requirement: Id,
        levels: u32,
    ) -> Result<Self, BuildError> {
        let plan = RunPlan::of_seed(operation, 0, duration_ns);
        Ok(Self {
            operation,
            make_loop,
            duration_ns,
            requirement,
            levels: levels.max(1),
            twin: Twin::new(operation, &plan, make_loop, Keep::default())?,
        })
    }

    /// The score of a violation.
    pub fn target(&self) -> u32 {
        self.levels + 1
    }
}

impl Simulation for TwinSimulation<'_> {
    type State = Snapshot;

    fn begin(&mut self, key: u64) {
        let plan = RunPlan::of_seed(self.operation, key, self.duration_ns);
        // The same operation was built before: only its seed differs, which refuses nothing.
        if let Ok(twin) = Twin::new(self.operation, &plan, self.make_loop, Keep::default()) {
            self.twin = twin;
        }
    }

    fn step(&mut self) -> bool {
        if self.twin.is_over() {
            return false;
        }
        self.twin.step();
        true
    }

    fn score(&self) -> u32 {
        let monitors = &self.twin.world().resource::<Judges>().monitors;
        let finding = monitors.finding(self.requirement);
        if finding.violated_at_ns.is_some() || finding.robustness.is_nan() {
            return self.target();
        }
        // Infinite before anything was judged: as far away as can be.
        let nearness = (1.0 - finding.robustness.min(1.0)) * f64::from(self.levels);
        (nearness as u32).min(self.levels)
    }

    fn state(&self) -> Snapshot {
        self.twin.snapshot()
    }

    fn branch(&mut self, state: &Snapshot, key: u64) {
        self.twin.restore(state);
        let faults = &self.operation.faults;
        // Faults to come are drawn anew where they have no memory; else they are a part of the state.
        let new: Option<FaultSchedule> = faults
            .is_memoryless()
            .then(|| faults.generate(key, self.duration_ns));
        self.twin.rekey(key, new.as_ref());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of `runs` estimates: their mean is the exact value within four standard errors, and the error is small enough
    /// for that to say something.
    fn assert_unbiased<S: Simulation + Clone>(
        simulation: &S,
        splitting: Splitting,
        estimates: usize,
        exact: f64,
        greatest_error: f64,
    ) {
        let estimates: Vec<f64> = (0..estimates as u64)
            .map(|seed| {
                let splitting = Splitting { seed, ..splitting };
                splitting.estimate(&mut simulation.clone()).probability
            })
            .collect();
        let (mean, error) = mean_and_error(&estimates);
        assert!(
            error < greatest_error * exact,
            "standard error {error:.2e} of {exact:.4e}"
        );
        assert!(
            (mean - exact).abs() < 4.0 * error,
            "{mean:.4e} +- {error:.1e} is not {exact:.6e}"
        );
    }

    const PLAN: Splitting = Splitting {
        runs: 100,
        kill: 1,
        target: 0,
        seed: 0,
    };

    /// A symmetric walk of steps of one.
    #[derive(Clone)]
    struct Walk {
        at: i32,
        left: u32,
        length: u32,
        stream: Stream,
    }

    impl Walk {
        fn new(length: u32) -> Self {
            Self {
                at: 0,
                left: length,
                length,
                stream: Stream::new(0, "walk"),
            }
        }
    }

    impl Simulation for Walk {
        type State = Self;

        fn begin(&mut self, key: u64) {
            *self = Self::new(self.length);
            self.stream = Stream::new(key, "walk");
        }

        fn step(&mut self) -> bool {
            if self.left == 0 {
                return false;
            }
            self.left -= 1;
            self.at += if self.stream.uniform() < 0.5 { 1 } else { -1 };
            true
        }

        fn score(&self) -> u32 {
            self.at.max(0).unsigned_abs()
        }

        fn state(&self) -> Self {
            self.clone()
        }

        fn branch(&mut self, state: &Self, key: u64) {
            *self = state.clone();
            self.stream = Stream::new(key, "walk");
        }
    }

    /// P(max of 100 steps >= 30) and >= 40: exact, by reflection. Scores tie all the time.
    #[test]
    fn on_a_walk_of_whole_numbers_ties_do_not_bias_it() {
        let target = |target| Splitting { target, ..PLAN };
        assert_unbiased(&Walk::new(100), target(30), 300, 2.653786057228e-3, 0.05);
        assert_unbiased(&Walk::new(100), target(40), 300, 5.533070587580e-5, 0.08);
        let many = Splitting {
            kill: 20,
            ..target(30)
        };
        assert_unbiased(&Walk::new(100), many, 300, 2.653786057228e-3, 0.05);
    }

    /// An exactly sampled Ornstein–Uhlenbeck process; the score is ten times its value, rounded down.
    #[derive(Clone)]
    struct Autoregressive {
        x: f64,
        left: u32,
        stream: Stream,
    }

    impl Simulation for Autoregressive {
        type State = Self;

        fn begin(&mut self, key: u64) {
            *self = Self {
                x: 0.0,
                left: 100,
                stream: Stream::new(key, "ar"),
            };
        }

        fn step(&mut self) -> bool {
            if self.left == 0 {
                return false;
            }
            self.left -= 1;
            let phi: f64 = 0.95;
            self.x = phi * self.x + libm::sqrt(1.0 - phi * phi) * self.stream.quick_normal();
            true
        }

        fn score(&self) -> u32 {
            (10.0 * self.x).max(0.0) as u32
        }

        fn state(&self) -> Self {
            self.clone()
        }

        fn branch(&mut self, state: &Self, key: u64) {
            *self = state.clone();
            self.stream = Stream::new(key, "ar");
        }
    }

    /// P(max of 100 >= 5) with phi = 0.95: by Nyström's method with 800 nodes.
    #[test]
    fn on_an_autoregressive_process_it_is_unbiased() {
        let simulation = Autoregressive {
            x: 0.0,
            left: 100,
            stream: Stream::new(0, "ar"),
        };
        let splitting = Splitting { target: 50, ..PLAN };
        assert_unbiased(&simulation, splitting, 400, 1.0507591852e-5, 0.08);
    }

    /// Two paths of Gilbert and Elliott: path 1 loses everything while it is bad and nothing else; path 2 loses 0.9 of
    /// the packets while it is bad and 0.001 else. The score is the present run of ticks in which both lose.
    #[derive(Clone)]
    struct DualPath {
        ticks: u64,
        left: u64,
        bad: [bool; 2],
        run: u32,
        stream: Stream,
    }

    const TO_BAD: [f64; 2] = [0.01, 0.02];
    const TO_GOOD: [f64; 2] = [0.3, 0.25];

    impl DualPath {
        fn new(ticks: u64, stream: Stream) -> Self {
            let mut path = Self {
                ticks,
                left: ticks,
                bad: [false; 2],
                run: 0,
                stream,
            };
            for at in 0..2 {
                let share = TO_BAD[at] / (TO_BAD[at] + TO_GOOD[at]);
                path.bad[at] = path.stream.uniform() < share;
            }
            path
        }
    }

    impl Simulation for DualPath {
        type State = Self;

        fn begin(&mut self, key: u64) {
            *self = Self::new(self.ticks, Stream::new(key, "dual path"));
        }

        /// A tick; while path 1 is good, which loses nothing, all ticks until it is bad at once.
        fn step(&mut self) -> bool {
            if self.left == 0 {
                return false;
            }
            if !self.bad[0] {
                self.run = 0;
                let gap = libm::log(1.0 - self.stream.uniform()) / libm::log1p(-TO_BAD[0]);
                let ticks = (gap as u64 + 1).min(self.left);
                self.left -= ticks;
                self.bad[0] = self.left > 0;
                // The state of path 2 after so many ticks, in closed form.
                let share = TO_BAD[1] / (TO_BAD[1] + TO_GOOD[1]);
                let memory = libm::pow(1.0 - TO_BAD[1] - TO_GOOD[1], ticks as f64);
                let now = f64::from(u8::from(self.bad[1]));
                self.bad[1] = self.stream.uniform() < share + (now - share) * memory;
                return true;
            }
            self.left -= 1;
            let loss = if self.bad[1] { 0.9 } else { 0.001 };
            let both = self.stream.uniform() < loss;
            self.run = if both { self.run + 1 } else { 0 };
            for at in 0..2 {
                let leaves = if self.bad[at] {
                    TO_GOOD[at]
                } else {
                    TO_BAD[at]
                };
                self.bad[at] ^= self.stream.uniform() < leaves;
            }
            true
        }

        fn score(&self) -> u32 {
            self.run
        }

        fn state(&self) -> Self {
            self.clone()
        }

        fn branch(&mut self, state: &Self, key: u64) {
            *self = state.clone();
            self.stream = Stream::new(key, "dual path");
        }
    }

    /// P(both paths lose for 20 ticks in a row, within 60,000), by dynamic programming; and a case that is frequent
    /// enough to see that the model is the one that was computed.
    #[test]
    fn on_runs_of_losses_of_two_paths_it_is_unbiased() {
        let of = |ticks| DualPath::new(ticks, Stream::new(0, "dual path"));
        let target = |target| Splitting { target, ..PLAN };
        assert_unbiased(&of(1000), target(5), 100, 5.4666666814e-2, 0.05);
        assert_unbiased(&of(60_000), target(20), 60, 4.4341468180e-5, 0.15);
    }

    #[test]
    fn when_all_runs_die_the_estimate_is_zero_and_the_same_seed_gives_the_same() {
        // Nobody walks 60 up in 50 steps.
        let splitting = Splitting { target: 60, ..PLAN };
        let estimate = splitting.estimate(&mut Walk::new(50));
        assert_eq!(estimate.probability, 0.0);
        assert_eq!(estimate, splitting.estimate(&mut Walk::new(50)));
    }
}
