//! The interlock, over every state and every combination of circumstances.

use control_loop::State::{self, Aligning, Coasting, Faulted, Following, Holding, Idle, Stopped};
use control_loop::interlock::{Circumstances, OperatingState, Silence, next};

const BOOLS: [bool; 2] = [false, true];

/// Every combination: 2^9 flags and three silences.
fn every_circumstance() -> Vec<Circumstances> {
    let mut all = Vec::new();
    for flags in 0..1_u32 << 9 {
        let flag = |place: u32| BOOLS[(flags >> place & 1) as usize];
        for silence in [Silence::None, Silence::Gap, Silence::Long] {
            all.push(Circumstances {
                stop: flag(0),
                fault: flag(1),
                accepted: flag(2),
                engaged: flag(3),
                same_clutch: flag(4),
                fresh_clutch: flag(5),
                at_rest: flag(6),
                acknowledged: flag(7),
                new_session: flag(8),
                silence,
            });
        }
    }
    all
}

/// A row of the table in the module's documentation: from which states, when, to which.
struct Row {
    from: Vec<State>,
    when: String,
    to: State,
}

fn state_named(name: &str) -> State {
    let name = name.trim().to_lowercase();
    let mut states = State::ALL.into_iter();
    states
        .find(|state| state.name() == name)
        .unwrap_or_else(|| panic!("no state is called {name}"))
}

fn documented_rows() -> Vec<Row> {
    let source = include_str!("../src/interlock.rs");
    let lines = source
        .lines()
        .filter_map(|line| line.strip_prefix("//! | "));
    let rows: Vec<Row> = lines
        .skip(1)
        .map(|line| {
            let cells: Vec<&str> = line
                .trim_end_matches('|')
                .split('|')
                .map(str::trim)
                .collect();
            let [from, when, to] = cells[..] else {
                panic!("three cells: {line}")
            };
            let from = match from.strip_prefix("any but ") {
                Some(but) => {
                    let but: Vec<State> = but.split(',').map(state_named).collect();
                    let others = State::ALL.into_iter();
                    others.filter(|state| !but.contains(state)).collect()
                }
                None => from.split(',').map(state_named).collect(),
            };
            Row {
                from,
                when: when.to_string(),
                to: state_named(to),
            }
        })
        .collect();
    assert!(rows.len() >= 10, "the table is there");
    rows
}

/// What the words of the table mean.
fn holds(when: &str, now: &Circumstances) -> bool {
    let gesture = now.engaged && now.fresh_clutch && now.at_rest;
    match when {
        "acknowledged at the bedside, nothing wrong any more, everything at rest" => {
            now.acknowledged && !now.stop && !now.fault && now.at_rest
        }
        "the emergency stop is commanded" => now.stop,
        "a fault is sensed" => now.fault,
        "another session begins" => now.new_session,
        "a command is accepted" => now.accepted,
        "silence longer than the coast limit" => now.silence == Silence::Long,
        "a command of a fresh gesture is accepted, everything at rest" => now.accepted && gesture,
        "an accepted command that does not ask to follow" => now.accepted && !now.engaged,
        "the pedal is pressed, or the clutch number changes" => {
            now.accepted && !(now.engaged && now.same_clutch)
        }
        "silence longer than the gap" => now.silence == Silence::Gap,
        "silence no longer than the gap" => now.silence == Silence::None,
        other => panic!("the table says \"{other}\", and this test does not know what it means"),
    }
}

#[test]
fn the_transitions_are_exactly_the_documented_table() {
    let rows = documented_rows();
    let mut used = vec![false; rows.len()];
    for state in State::ALL {
        for now in every_circumstance() {
            let row = rows
                .iter()
                .position(|row| row.from.contains(&state) && holds(&row.when, &now));
            if let Some(row) = row {
                used[row] = true;
            }
            let wanted = row.map_or(state, |row| rows[row].to);
            assert_eq!(next(state, &now), wanted, "{state:?} in {now:?}");
        }
    }
    for (row, used) in rows.iter().zip(used) {
        assert!(used, "no circumstance ever uses \"{}\"", row.when);
    }
}

#[test]
fn these_transitions_happen_and_no_others() {
    let allowed = [
        (Idle, vec![Aligning, Following, Faulted, Stopped]),
        (Aligning, vec![Idle, Following, Holding, Faulted, Stopped]),
        (
            Following,
            vec![Idle, Aligning, Coasting, Holding, Faulted, Stopped],
        ),
        (
            Coasting,
            vec![Idle, Aligning, Following, Holding, Faulted, Stopped],
        ),
        (Holding, vec![Idle, Aligning, Following, Faulted, Stopped]),
        (Faulted, vec![Idle, Stopped]),
        (Stopped, vec![Idle]),
    ];
    for (state, allowed) in allowed {
        for to in State::ALL {
            let happens = every_circumstance()
                .iter()
                .any(|now| next(state, now) == to);
            let wanted = to == state || allowed.contains(&to);
            assert_eq!(happens, wanted, "{state:?} to {to:?}");
        }
    }
}

#[test]
fn nothing_but_somebody_at_the_bedside_leaves_stopped() {
    for now in every_circumstance() {
        let to = next(Stopped, &now);
        assert!(to == Stopped || now.acknowledged && to == Idle, "{now:?}");
    }
}

#[test]
fn nothing_but_the_bedside_and_the_emergency_stop_leaves_faulted() {
    for now in every_circumstance() {
        let to = next(Faulted, &now);
        let leaves = to == Idle && now.acknowledged || to == Stopped && now.stop;
        assert!(to == Faulted || leaves, "{now:?}");
    }
}

/// CRTK's table of states and commands (collaborative-robotics/documentation, "Robot operating state").
fn crtk(state: OperatingState, command: &str) -> Option<OperatingState> {
    use OperatingState::{Disabled, Enabled, Fault, Paused};
    match (state, command) {
        (Disabled | Fault, "enable") => Some(Enabled),
        (Enabled | Paused | Fault, "disable") => Some(Disabled),
        (Enabled, "pause") => Some(Paused),
        (Paused, "resume") => Some(Enabled),
        _ => None,
    }
}

#[test]
fn every_transition_is_one_that_crtk_allows_by_at_most_two_of_its_commands_or_a_fault() {
    let commands = ["enable", "disable", "pause", "resume"];
    let reached = |from: OperatingState| {
        let one = commands
            .iter()
            .filter_map(move |command| crtk(from, command));
        one.flat_map(|state| {
            let two = commands
                .iter()
                .filter_map(move |command| crtk(state, command));
            two.chain([state])
        })
        .collect::<Vec<_>>()
    };
    for state in State::ALL {
        for now in every_circumstance() {
            let (from, to) = (state.operating_state(), next(state, &now).operating_state());
            let allowed = from == to || to == OperatingState::Fault || reached(from).contains(&to);
            assert!(allowed, "{state:?}: {from:?} to {to:?}");
            // What moves is enabled, and nothing else is.
            assert_eq!(
                to == OperatingState::Enabled,
                next(state, &now).is_following()
            );
        }
    }
}

#[test]
fn a_stop_beats_a_fault_and_both_beat_everything_else() {
    for state in State::ALL {
        for now in every_circumstance() {
            let to = next(state, &now);
            if now.stop {
                assert_eq!(to, Stopped, "{state:?}");
            } else if now.fault && state != Stopped {
                assert_eq!(to, Faulted, "{state:?}");
            }
        }
    }
}

#[test]
fn following_begins_by_a_fresh_gesture_at_rest_only() {
    for state in State::ALL.into_iter().filter(|state| !state.is_following()) {
        for now in every_circumstance() {
            if next(state, &now).is_following() {
                assert!(
                    now.engaged && now.fresh_clutch && now.at_rest,
                    "{state:?} in {now:?}"
                );
                assert!(!now.stop && !now.fault);
            }
        }
    }
}

#[test]
fn a_hold_never_ends_by_what_was_accepted_before() {
    for now in every_circumstance() {
        if !now.accepted && !now.stop && !now.fault && !now.new_session {
            assert_eq!(next(Holding, &now), Holding, "{now:?}");
        }
    }
}

#[test]
fn no_arm_follows_through_a_long_silence() {
    for state in [Following, Coasting] {
        for now in every_circumstance() {
            if now.silence == Silence::Long {
                assert!(!next(state, &now).is_following(), "{state:?} in {now:?}");
            }
        }
    }
}

#[test]
fn following_and_coasting_move_and_no_other_state_does() {
    let moving: Vec<State> = State::ALL
        .into_iter()
        .filter(|state| state.is_following())
        .collect();
    assert_eq!(moving, [Following, Coasting]);
}

#[test]
fn every_state_has_a_name_of_its_own() {
    let mut names = State::ALL.map(State::name).to_vec();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), State::ALL.len());
}
