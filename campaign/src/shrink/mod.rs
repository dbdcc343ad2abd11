//! From a failure to the smallest one that a person understands.
//!
//! Delta debugging over the list of faults (Zeller and Hildebrandt's ddmin), then passes that know the domain:
//! fewer arms, links without chance, one path instead of both, an outage instead of anything else, shorter spells,
//! smaller delays, earlier times, a calmer surgeon, a shorter run; and, where chance on the links matters, the
//! links' draws written out packet by packet and reduced to those that matter. A step is kept only if the *same*
//! requirement is still violated, so that one failure does not slip into another. The order of all steps is fixed:
//! the same failure shrinks to the same file.

mod ddmin;
mod explain;
mod packets;

use net_model::{
    Attack, Fault, FaultKind, FaultSchedule, Milliseconds, Otherwise, PacketFate, PacketFault,
    RunMilliseconds, WhichDirections, WhichPaths,
};
use safety::{Finding, Id};
use sim::scenario::SurgeonSettings;
use sim::state::Judges;
use sim::units::{Degrees, Micrometres, SecondsRange};
use sim::{Keep, LoopFactory, Operation, Twin};

use crate::change::Links;
use crate::failure::{Failure, FailureError};
use ddmin::ddmin;
pub use explain::explain;

/// When a change of many parts at once may put the violation off, by how much the run may grow, ns. Assumed.
const PUT_OFF_NS: u64 = 500_000_000;

/// How much work a shrinker may do.
pub struct ShrinkBudget<'a> {
    /// Runs at most.
    pub runs_max: usize,
    /// Simulated time of all runs together at most, ns.
    pub simulated_ns_max: u64,
    /// Asked before each run; true ends the work. A result then depends on the speed of the machine.
    pub is_spent: &'a dyn Fn() -> bool,
}

impl ShrinkBudget<'_> {
    /// So many runs, however long they take: the result is the same on every machine.
    pub fn runs(runs_max: usize) -> Self {
        Self {
            runs_max,
            simulated_ns_max: u64::MAX,
            is_spent: &|| false,
        }
    }
}

/// A failure made small.
#[derive(Clone, Debug, PartialEq)]
pub struct Shrunk {
    /// The small failure, with its explanation.
    pub failure: Failure,
    /// Things that went wrong in the run before, and how long it was, ns.
    pub before: (usize, u64),
    /// Runs that it took.
    pub runs: usize,
    /// Whether no pass could make it smaller; false: the budget ended first.
    pub is_smallest: bool,
}

/// Why a failure cannot be shrunk.
#[derive(Clone, Debug, PartialEq)]
pub enum ShrinkError {
    /// Its world cannot be built.
    Failure(FailureError),
    /// The run does not violate the requirement: there is nothing to keep.
    Holds {
        /// The requirement.
        requirement: Id,
    },
}

impl std::fmt::Display for ShrinkError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Failure(error) => error.fmt(f),
            Self::Holds { requirement } => write!(
                f,
                "the run does not violate {requirement} with this program and this scenario: there is nothing to \
                 shrink; if the loop was mended since, this is what you want"
            ),
        }
    }
}

impl std::error::Error for ShrinkError {}

impl From<FailureError> for ShrinkError {
    fn from(error: FailureError) -> Self {
        Self::Failure(error)
    }
}

/// Runs a failure until its requirement is violated, at the longest to its end.
///
/// # Errors
/// [`FailureError`] when its world cannot be built.
pub fn replay(
    scenario: &Operation,
    failure: &Failure,
    make_loop: &LoopFactory,
) -> Result<Option<Finding>, FailureError> {
    let mut twin = failure.twin(scenario, make_loop, Keep::default())?;
    Ok(run_until_violated(&mut twin, failure.requirement))
}

/// A violated requirement's finding is looked for each so many ticks: it says itself when it was.
const LOOK_TICKS: u32 = 4;

pub(crate) fn run_until_violated(twin: &mut Twin, requirement: Id) -> Option<Finding> {
    loop {
        for _ in 0..LOOK_TICKS {
            if !twin.is_over() {
                twin.step();
            }
        }
        let finding = twin
            .world()
            .resource::<Judges>()
            .monitors
            .finding(requirement);
        if finding.violated_at_ns.is_some() {
            return Some(finding);
        }
        if twin.is_over() {
            return None;
        }
    }
}

/// Makes a failure as small as the budget allows, and explains it.
///
/// # Errors
/// [`ShrinkError`].
pub fn shrink(
    scenario: &Operation,
    failure: &Failure,
    make_loop: &LoopFactory,
    budget: &ShrinkBudget<'_>,
) -> Result<Shrunk, ShrinkError> {
    let found = replay(scenario, failure, make_loop)?.and_then(|finding| finding.violated_at_ns);
    let Some(violated_at_ns) = found else {
        return Err(ShrinkError::Holds {
            requirement: failure.requirement,
        });
    };
    let mut shrinker = Shrinker {
        scenario,
        make_loop,
        budget,
        tick_ns: scenario.control_loop.tick_ns,
        runs: 1,
        simulated_ns: violated_at_ns,
        best: failure.clone(),
        is_exhausted: false,
    };
    shrinker.keep(failure.clone(), violated_at_ns);
    shrinker.work();
    let mut best = shrinker.best;
    best.explanation = explain(scenario, &best, make_loop)?;
    Ok(Shrunk {
        before: (failure.events_n(), failure.duration_ns),
        runs: shrinker.runs,
        is_smallest: !shrinker.is_exhausted,
        failure: best,
    })
}

struct Shrinker<'a> {
    scenario: &'a Operation,
    make_loop: &'a LoopFactory,
    budget: &'a ShrinkBudget<'a>,
    tick_ns: u64,
    runs: usize,
    simulated_ns: u64,
    best: Failure,
    is_exhausted: bool,
}

impl Shrinker<'_> {
    /// What costs most first: what makes every later run shorter or cheaper.
    fn work(&mut self) {
        self.drop_late_faults();
        self.calm_links();
        self.fewer_arms();
        self.fewer_events();
        self.slide_all();
        self.links_by_packet();
        loop {
            let before = self.best.clone();
            self.fewer_events();
            self.one_path();
            self.plainer_faults();
            self.shorter_spells();
            self.drop_empty_spells();
            self.smaller_numbers();
            self.slide_all();
            self.calm_surgeon();
            self.fewer_arms();
            self.rounder_times();
            if self.is_exhausted || self.best == before {
                return;
            }
        }
    }

    /// Runs a candidate; it becomes the best if the same requirement is violated.
    fn attempt(&mut self, candidate: Failure) -> bool {
        if self.is_exhausted || candidate == self.best {
            return false;
        }
        let is_spent = self.runs >= self.budget.runs_max
            || self.simulated_ns >= self.budget.simulated_ns_max
            || (self.budget.is_spent)();
        if is_spent {
            self.is_exhausted = true;
            return false;
        }
        self.runs += 1;
        match replay(self.scenario, &candidate, self.make_loop) {
            Ok(Some(finding)) => {
                let at_ns = finding.violated_at_ns.unwrap_or(candidate.duration_ns);
                self.simulated_ns += at_ns;
                self.keep(candidate, at_ns);
                true
            }
            // A candidate whose world cannot be built is no failure of the loop.
            Ok(None) | Err(_) => {
                self.simulated_ns += candidate.duration_ns;
                false
            }
        }
    }

    /// The run ends with the tick that violates.
    fn keep(&mut self, candidate: Failure, violated_at_ns: u64) {
        self.best = Failure {
            violated_at_ns,
            duration_ns: (violated_at_ns + self.tick_ns).max(10_000_000),
            ..candidate
        };
    }

    fn with(&self, change: impl FnOnce(&mut Failure)) -> Failure {
        let mut candidate = self.best.clone();
        change(&mut candidate);
        candidate
    }

    /// As [`Self::with`], for a change that may put the violation off a little.
    fn with_time(&self, change: impl FnOnce(&mut Failure)) -> Failure {
        let mut candidate = self.with(change);
        candidate.duration_ns += PUT_OFF_NS;
        candidate
    }

    /// What begins after the violation had no part in it: no run is needed to know.
    fn drop_late_faults(&mut self) {
        let end_ns = self.best.duration_ns;
        self.best
            .schedule
            .faults
            .retain(|fault| fault.at_ms.ns() < end_ns);
    }

    fn calm_links(&mut self) {
        if self.best.links == Links::AsInScenario && self.best.schedule.otherwise == Otherwise::Laws
        {
            let calm = self.with_time(|failure| failure.links = Links::Constant);
            self.attempt(calm);
        }
    }

    fn fewer_events(&mut self) {
        // All at once first: most runs that fail need none or one of their faults.
        let none = self.with(|failure| {
            failure.schedule.faults.clear();
            failure.schedule.packets.clear();
            failure.schedule.attacks.clear();
        });
        if self.best.events_n() == 0 || self.attempt(none) {
            return;
        }
        let events = events_of(&self.best.schedule);
        ddmin(events, &mut |some| {
            let fewer = self.with_time(|failure| set_events(&mut failure.schedule, some));
            self.attempt(fewer)
        });
    }

    fn fewer_arms(&mut self) {
        let names = match &self.best.arms {
            Some(names) => names.clone(),
            None => self.scenario.arm_names.clone(),
        };
        if names.len() == 1 {
            return;
        }
        for name in &names {
            let alone = self.with_time(|failure| failure.arms = Some(vec![name.clone()]));
            if self.attempt(alone) {
                return;
            }
        }
        let mut place = 0;
        let mut left = names;
        while left.len() > 1 && place < left.len() {
            let mut fewer = left.clone();
            fewer.remove(place);
            let candidate = self.with_time(|failure| failure.arms = Some(fewer.clone()));
            if self.attempt(candidate) {
                left = fewer;
            } else {
                place += 1;
            }
        }
    }

    /// The draws of the links packet by packet, reduced to those that matter; only where chance matters, or where
    /// the difference between two steady links is the whole failure.
    fn links_by_packet(&mut self) {
        let is_law = self.best.schedule.otherwise == Otherwise::Laws;
        let chance_matters = self.best.links == Links::AsInScenario;
        if !is_law || !(chance_matters || self.best.events_n() == 0) || self.is_exhausted {
            return;
        }
        let Ok(schedule) = packets::written_out(self.scenario, &self.best, self.make_loop) else {
            return;
        };
        let before = self.best.clone();
        let explicit = self.with_time(|failure| {
            let before = core::mem::take(&mut failure.schedule);
            failure.schedule = FaultSchedule {
                attacks: before.attacks,
                console_clock: before.console_clock,
                ..schedule
            };
            failure.links = Links::Constant;
        });
        if self.attempt(explicit) {
            self.fewer_events();
            // Hundreds of packets explain less than the law that made them.
            if self.best.events_n() > before.events_n() + MOST_PACKETS {
                self.best = before;
            }
        }
    }

    fn one_path(&mut self) {
        for place in 0..self.best.schedule.faults.len() {
            for paths in [WhichPaths::A, WhichPaths::B] {
                if self.best.schedule.faults[place].paths == WhichPaths::Both {
                    self.change_fault(place, |fault| fault.paths = paths);
                }
            }
            for direction in [WhichDirections::Up, WhichDirections::Down] {
                if self.best.schedule.faults[place].direction == WhichDirections::Both {
                    self.change_fault(place, |fault| fault.direction = direction);
                }
            }
        }
    }

    /// An outage is the plainest of all faults, and one added delay plainer than a ramp.
    fn plainer_faults(&mut self) {
        for place in 0..self.best.schedule.faults.len() {
            let kind = self.best.schedule.faults[place].kind;
            if kind == FaultKind::Outage {
                continue;
            }
            if self.change_fault(place, |fault| fault.kind = FaultKind::Outage) {
                continue;
            }
            let plain = match kind {
                FaultKind::AddDelay { ms, ramp_ms } if ramp_ms.get() > 0.0 => Some(ms),
                FaultKind::Drift { ms } => Some(ms),
                FaultKind::AddJitter { mean_ms } => Some(mean_ms),
                FaultKind::Switch { delay_ms, .. } => Some(delay_ms),
                _ => None,
            };
            if let Some(ms) = plain {
                let ramp_ms = Milliseconds::MIN;
                self.change_fault(place, |fault| {
                    fault.kind = FaultKind::AddDelay { ms, ramp_ms };
                });
            }
        }
    }

    /// Spells that have shrunk to nothing are none.
    fn drop_empty_spells(&mut self) {
        let without = self.with(|failure| {
            let faults = &mut failure.schedule.faults;
            faults.retain(|fault| fault.for_ms.get() > 0.0);
        });
        self.attempt(without);
    }

    fn shorter_spells(&mut self) {
        for place in 0..self.best.schedule.faults.len() {
            let end_ms = self.best.violated_at_ns as f64 * 1e-6;
            let Fault { at_ms, for_ms, .. } = self.best.schedule.faults[place];
            // What lies after the violation is no part of it.
            if at_ms.get() + for_ms.get() > end_ms + 1.0 {
                let until_ms = libm::ceil(end_ms + 1.0 - at_ms.get());
                self.change_fault(place, |fault| {
                    fault.for_ms = RunMilliseconds::clamped(until_ms);
                });
            }
            self.lessen(
                |failure| failure.schedule.faults[place].for_ms.get(),
                |failure, ms| {
                    failure.schedule.faults[place].for_ms = RunMilliseconds::clamped(ms);
                },
            );
            // From the front: the end stays where it is.
            let Fault { at_ms, for_ms, .. } = self.best.schedule.faults[place];
            let end_ms = at_ms.get() + for_ms.get();
            self.lessen(
                |failure| failure.schedule.faults[place].for_ms.get(),
                |failure, ms| {
                    let fault = &mut failure.schedule.faults[place];
                    fault.for_ms = RunMilliseconds::clamped(ms);
                    fault.at_ms = RunMilliseconds::clamped(end_ms - ms);
                },
            );
        }
    }

    fn smaller_numbers(&mut self) {
        for place in 0..self.best.schedule.faults.len() {
            self.lessen(
                |failure| delay_of(&failure.schedule.faults[place].kind).unwrap_or(0.0),
                |failure, ms| set_delay(&mut failure.schedule.faults[place].kind, ms),
            );
        }
        if let Otherwise::Deliver { ms } = self.best.schedule.otherwise {
            let usual_ms = ms.get();
            for place in 0..self.best.schedule.packets.len() {
                let fate = self.best.schedule.packets[place].fate;
                let PacketFate::Deliver { ms } = fate else {
                    continue;
                };
                // Nearer to what befalls all others, in whole milliseconds.
                let more_ms = ms.get() - usual_ms;
                if more_ms > 0.0 {
                    self.lessen(
                        |failure| match failure.schedule.packets[place].fate {
                            PacketFate::Deliver { ms } => ms.get() - usual_ms,
                            _ => 0.0,
                        },
                        |failure, more_ms| {
                            let ms = Milliseconds::clamped(usual_ms + more_ms);
                            failure.schedule.packets[place].fate = PacketFate::Deliver { ms };
                        },
                    );
                }
            }
        }
    }

    /// All faults so much earlier, with their distances kept.
    fn slide_all(&mut self) {
        if !self.best.schedule.packets.is_empty() || self.best.schedule.faults.is_empty() {
            return;
        }
        let first_ms = |failure: &Failure| {
            let starts = failure
                .schedule
                .faults
                .iter()
                .map(|fault| fault.at_ms.get());
            starts.fold(f64::INFINITY, f64::min)
        };
        self.lessen(first_ms, |failure, ms| {
            let earlier_ms = first_ms(failure) - ms;
            for fault in &mut failure.schedule.faults {
                fault.at_ms = RunMilliseconds::clamped(fault.at_ms.get() - earlier_ms);
            }
        });
    }

    fn rounder_times(&mut self) {
        for place in 0..self.best.schedule.faults.len() {
            let fault = self.best.schedule.faults[place];
            for grain_ms in [100.0, 10.0, 1.0] {
                let at_ms = libm::floor(fault.at_ms.get() / grain_ms) * grain_ms;
                let is_rounder = at_ms < self.best.schedule.faults[place].at_ms.get();
                let at_ms = RunMilliseconds::clamped(at_ms);
                if is_rounder && self.change_fault(place, |fault| fault.at_ms = at_ms) {
                    break;
                }
            }
        }
    }

    fn calm_surgeon(&mut self) {
        let settings = match &self.best.surgeon {
            Some(surgeon) => surgeon.clone(),
            None => self.scenario.surgeon.clone(),
        };
        let mut all = settings.clone();
        CALMER.iter().for_each(|calm| calm(&mut all));
        if all == settings {
            return;
        }
        let calm = self.with_time(|failure| failure.surgeon = Some(all));
        if self.attempt(calm) {
            return;
        }
        for calm in CALMER {
            let mut calmer = match &self.best.surgeon {
                Some(surgeon) => surgeon.clone(),
                None => settings.clone(),
            };
            let before = calmer.clone();
            calm(&mut calmer);
            if calmer != before {
                let candidate = self.with_time(|failure| failure.surgeon = Some(calmer));
                self.attempt(candidate);
            }
        }
    }

    fn change_fault(&mut self, place: usize, change: impl FnOnce(&mut Fault)) -> bool {
        let candidate = self.with_time(|failure| change(&mut failure.schedule.faults[place]));
        self.attempt(candidate)
    }

    /// Brings a number down to the least whole one that bisection finds; violation need not be monotone in it, so the
    /// result is only a local least.
    fn lessen(&mut self, value: impl Fn(&Failure) -> f64, set: impl Fn(&mut Failure, f64)) {
        let mut low = -1.0;
        loop {
            let high = value(&self.best);
            // Whole numbers strictly between.
            let middle = libm::floor((low + high) * 0.5);
            let middle = if middle <= low { low + 1.0 } else { middle };
            if self.is_exhausted || middle >= high {
                return;
            }
            let candidate = self.with(|failure| set(failure, middle));
            if !self.attempt(candidate) {
                low = middle;
            }
        }
    }
}

/// More single packets than this explain less than the spell that made them. Assumed.
const MOST_PACKETS: usize = 8;

/// What makes a surgeon calmer, one habit each.
const CALMER: [fn(&mut SurgeonSettings); 6] = [
    |surgeon| surgeon.tremor_rms_um = Micrometres::MIN,
    |surgeon| surgeon.turn_deg = Degrees::clamped(0.0),
    |surgeon| surgeon.camera_every_s = never(),
    |surgeon| surgeon.swap_every_s = never(),
    |surgeon| surgeon.reclutch_every_s = never(),
    |surgeon| {
        let first_s = surgeon.first_clutch_s.from().get();
        surgeon.first_clutch_s = SecondsRange::new(first_s, first_s).unwrap_or_default();
    },
];

/// Longer than any run that is looked at.
fn never() -> SecondsRange {
    SecondsRange::new(3_600.0, 3_600.0).unwrap_or_default()
}

/// One thing that goes wrong.
#[derive(Clone, Copy, PartialEq)]
enum Event {
    Fault(Fault),
    Packet(PacketFault),
    Attack(Attack),
}

fn events_of(schedule: &FaultSchedule) -> Vec<Event> {
    let faults = schedule.faults.iter().copied().map(Event::Fault);
    let packets = schedule.packets.iter().copied().map(Event::Packet);
    let attacks = schedule.attacks.iter().copied().map(Event::Attack);
    faults.chain(packets).chain(attacks).collect()
}

fn set_events(schedule: &mut FaultSchedule, events: &[Event]) {
    schedule.faults.clear();
    schedule.packets.clear();
    schedule.attacks.clear();
    for event in events {
        match event {
            Event::Fault(fault) => schedule.faults.push(*fault),
            Event::Packet(packet) => schedule.packets.push(*packet),
            Event::Attack(attack) => schedule.attacks.push(*attack),
        }
    }
}

fn delay_of(kind: &FaultKind) -> Option<f64> {
    match kind {
        FaultKind::AddDelay { ms, .. }
        | FaultKind::ShorterRoute { ms }
        | FaultKind::Drift { ms }
        | FaultKind::AddJitter { mean_ms: ms }
        | FaultKind::Duplicate { delay_ms: ms, .. }
        | FaultKind::Switch { delay_ms: ms, .. } => Some(ms.get()),
        _ => None,
    }
}

fn set_delay(kind: &mut FaultKind, to_ms: f64) {
    match kind {
        FaultKind::AddDelay { ms, .. }
        | FaultKind::ShorterRoute { ms }
        | FaultKind::Drift { ms }
        | FaultKind::AddJitter { mean_ms: ms }
        | FaultKind::Duplicate { delay_ms: ms, .. }
        | FaultKind::Switch { delay_ms: ms, .. } => *ms = Milliseconds::clamped(to_ms),
        _ => {}
    }
}
