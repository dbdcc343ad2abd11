//! What must have happened somewhere in a campaign, or it is blind: every admission verdict on each path, every
//! interlock state, every transition that the interlock allows, every kind of fault.

use control_loop::interlock::{Circumstances, Silence, next};
use control_loop::{State, Verdict};
use net_model::{FaultKind, FaultSchedule, PATHS};
use serde::{Deserialize, Serialize};
use sim::campaign_section::CannotHappen;
use sim::state::RobotEnd;
use sim::{Outcome, Twin};

const STATES: usize = State::ALL.len();

/// The kinds of fault, in the order of [`kind`].
const FAULTS: [&str; 13] = [
    "outage",
    "clog",
    "route step",
    "brown-out",
    "jitter",
    "loss storm",
    "duplicate storm",
    "shorter route",
    "drift",
    "flap",
    "switch",
    "handovers",
    "congestion",
];

fn kind(fault: &FaultKind) -> usize {
    match fault {
        FaultKind::Outage => 0,
        FaultKind::Clog => 1,
        FaultKind::AddDelay { ramp_ms, .. } => 2 + usize::from(ramp_ms.get() > 0.0),
        FaultKind::AddJitter { .. } => 4,
        FaultKind::Loss { .. } => 5,
        FaultKind::Duplicate { .. } => 6,
        FaultKind::ShorterRoute { .. } => 7,
        FaultKind::Drift { .. } => 8,
        FaultKind::Flap { .. } => 9,
        FaultKind::Switch { .. } => 10,
        FaultKind::Handovers { .. } => 11,
        FaultKind::Congestion { .. } => 12,
    }
}

/// Watches one run for what its outcome does not tell.
pub struct Watcher {
    last: State,
    transitions: [[u64; STATES]; STATES],
    faults: [u64; FAULTS.len()],
}

impl Watcher {
    /// Before the first tick of a run with these faults.
    pub fn new(faults: &FaultSchedule) -> Self {
        let mut counts = [0; FAULTS.len()];
        for fault in &faults.faults {
            counts[kind(&fault.kind)] += 1;
        }
        Self {
            last: State::Idle,
            transitions: [[0; STATES]; STATES],
            faults: counts,
        }
    }

    /// After each tick.
    pub fn look(&mut self, twin: &Twin) {
        let state = twin.world().resource::<RobotEnd>().output.state;
        if state != self.last {
            self.transitions[self.last as usize][state as usize] += 1;
            self.last = state;
        }
    }
}

/// Counts of all that may happen, in the order of [`names`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts(pub Vec<u64>);

impl Counts {
    /// Nothing yet.
    pub fn none() -> Self {
        Self(vec![0; names().len()])
    }

    /// The counts of one run.
    pub fn of_run(outcome: &Outcome, watcher: &Watcher) -> Self {
        let mut counts = Vec::new();
        for index in 0..Verdict::ALL.len() {
            counts.extend((0..PATHS).map(|path| outcome.verdicts[path][index]));
        }
        counts.extend(outcome.state_ticks);
        counts.extend(
            allowed_transitions().map(|(from, to)| watcher.transitions[from as usize][to as usize]),
        );
        counts.extend(watcher.faults);
        Self(counts)
    }

    /// Adds those of another run.
    pub fn add(&mut self, other: &Self) {
        for (sum, count) in self.0.iter_mut().zip(&other.0) {
            *sum += count;
        }
    }
}

/// The names of all that may happen.
pub fn names() -> Vec<String> {
    let mut names = Vec::new();
    for verdict in Verdict::ALL {
        for path in ["A", "B"] {
            names.push(format!("verdict {} on path {path}", verdict.name()));
        }
    }
    names.extend(State::ALL.map(|state| format!("state {}", state.name())));
    names.extend(
        allowed_transitions()
            .map(|(from, to)| format!("transition {} -> {}", from.name(), to.name())),
    );
    names.extend(FAULTS.map(|fault| format!("fault {fault}")));
    names
}

/// The transitions that the interlock makes in some circumstance, in the order of the states: asked of the interlock
/// itself, so that a new one is missed until it was seen.
fn allowed_transitions() -> impl Iterator<Item = (State, State)> {
    static ALLOWED: std::sync::LazyLock<[[bool; STATES]; STATES]> =
        std::sync::LazyLock::new(allowed);
    State::ALL.into_iter().flat_map(|from| {
        let to = State::ALL.into_iter();
        to.filter(move |&to| from != to && ALLOWED[from as usize][to as usize])
            .map(move |to| (from, to))
    })
}

fn allowed() -> [[bool; STATES]; STATES] {
    let mut allowed = [[false; STATES]; STATES];
    for bits in 0..512_u32 {
        for silence in [Silence::None, Silence::Gap, Silence::Long] {
            let bit = |n: u32| bits & (1 << n) != 0;
            let now = Circumstances {
                stop: bit(0),
                fault: bit(1),
                acknowledged: bit(2),
                new_session: bit(3),
                accepted: bit(4),
                engaged: bit(5),
                same_clutch: bit(6),
                fresh_clutch: bit(7),
                at_rest: bit(8),
                silence,
            };
            for from in State::ALL {
                allowed[from as usize][next(from, &now) as usize] = true;
            }
        }
    }
    allowed
}

/// What never happened although it could, and what happened although the scenario says that it cannot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Blindness {
    /// Never happened, and nothing excuses it.
    pub unseen: Vec<String>,
    /// Never happened, with the scenario's reason.
    pub excused: Vec<(String, String)>,
    /// Happened against the scenario's word.
    pub contradicted: Vec<String>,
}

impl Blindness {
    /// Compares what happened with what the scenario says cannot.
    pub fn of(counts: &Counts, cannot_happen: &[CannotHappen]) -> Self {
        let mut blindness = Self::default();
        for (name, &count) in names().into_iter().zip(&counts.0) {
            let excuse = cannot_happen.iter().find(|one| matches(&one.what, &name));
            match (count, excuse) {
                (0, None) => blindness.unseen.push(name),
                (0, Some(excuse)) => blindness.excused.push((name, excuse.because.clone())),
                (_, Some(_)) => blindness.contradicted.push(name),
                (_, None) => {}
            }
        }
        blindness
    }
}

/// Checks a scenario's list: each entry must name something, and say why.
///
/// # Errors
/// In words: the entry at fault.
pub fn check_list(cannot_happen: &[CannotHappen]) -> Result<(), String> {
    let names = names();
    for (index, one) in cannot_happen.iter().enumerate() {
        if !names.iter().any(|name| matches(&one.what, name)) {
            return Err(format!(
                "campaign.cannot_happen[{index}] says \"{}\", which names nothing; there are {}",
                one.what,
                names.join(", ")
            ));
        }
        if one.because.trim().is_empty() {
            return Err(format!(
                "campaign.cannot_happen[{index}], \"{}\", gives no reason; say why in `because`",
                one.what
            ));
        }
    }
    Ok(())
}

/// Whether a name fits a pattern with at most one `*`.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((before, after)) => {
            name.len() >= before.len() + after.len()
                && name.starts_with(before)
                && name.ends_with(after)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excuse(what: &str) -> CannotHappen {
        CannotHappen {
            what: what.into(),
            because: "a reason".into(),
        }
    }

    #[test]
    fn the_transitions_are_those_of_the_interlocks_table() {
        let names = names();
        for seen in [
            "transition following -> coasting",
            "transition coasting -> following",
            "transition coasting -> holding",
            "transition holding -> following",
            "transition holding -> aligning",
            "transition stopped -> idle",
            "transition aligning -> faulted",
        ] {
            assert!(names.iter().any(|name| name == seen), "{seen}");
        }
        // No hold turns into coasting, and nothing resumes from a stop without passing idle.
        for never in [
            "transition holding -> coasting",
            "transition stopped -> following",
            "transition stopped -> faulted",
        ] {
            assert!(!names.iter().any(|name| name == never), "{never}");
        }
    }

    #[test]
    fn what_never_happened_is_blindness_unless_the_scenario_says_why() {
        let mut counts = Counts::none();
        counts.0.fill(1);
        let names = names();
        let at = |name: &str| names.iter().position(|one| one == name).expect("a name");
        counts.0[at("verdict forged on path A")] = 0;
        counts.0[at("state faulted")] = 0;
        let list = [excuse("verdict forged *"), excuse("fault clog")];
        let blindness = Blindness::of(&counts, &list);
        assert_eq!(blindness.unseen, ["state faulted"]);
        assert_eq!(blindness.excused[0].0, "verdict forged on path A");
        assert_eq!(
            blindness.contradicted,
            ["verdict forged on path B", "fault clog"]
        );
    }

    #[test]
    fn entries_that_name_nothing_or_give_no_reason_are_refused() {
        assert!(check_list(&[excuse("verdict forged *"), excuse("* -> stopped")]).is_ok());
        assert!(check_list(&[excuse("verdict forgd *")]).is_err());
        let silent = CannotHappen {
            what: "state stopped".into(),
            because: " ".into(),
        };
        assert!(check_list(&[silent]).is_err());
    }
}
