//! The interlock, over every state and every combination of circumstances.

use control_loop::State::{self, Aligning, Coasting, Faulted, Following, Holding, Idle, Stopped};
use control_loop::interlock::{Circumstances, Silence, next};

const BOOLS: [bool; 2] = [false, true];

/// Every combination: 2^7 flags and three silences.
fn every_circumstance() -> Vec<Circumstances> {
    let mut all = Vec::new();
    for flags in 0..1_u32 << 7 {
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
                silence,
            });
        }
    }
    all
}

/// A condition of the table.
type When = fn(&Circumstances) -> bool;

fn stop(now: &Circumstances) -> bool {
    now.stop
}
fn fault(now: &Circumstances) -> bool {
    now.fault
}
fn accepted(now: &Circumstances) -> bool {
    now.accepted
}
fn long_silence(now: &Circumstances) -> bool {
    now.silence == Silence::Long
}
fn gap(now: &Circumstances) -> bool {
    now.silence == Silence::Gap
}
fn gesture(now: &Circumstances) -> bool {
    now.engaged && now.fresh_clutch && now.at_rest
}
fn accepted_gesture(now: &Circumstances) -> bool {
    accepted(now) && gesture(now)
}
fn accepted_without_engagement(now: &Circumstances) -> bool {
    accepted(now) && !now.engaged
}
fn pedal_or_other_clutch(now: &Circumstances) -> bool {
    accepted(now) && (!now.engaged || !now.same_clutch)
}
fn no_gap(now: &Circumstances) -> bool {
    now.silence == Silence::None
}

/// The rows of each state in their order; the first that holds decides, and without one it stays.
fn rows(state: State) -> Vec<(When, State)> {
    match state {
        Stopped => vec![],
        Faulted => vec![(stop, Stopped)],
        Idle => vec![
            (stop, Stopped),
            (fault, Faulted),
            (accepted_gesture, Following),
            (accepted, Aligning),
        ],
        Aligning => vec![
            (stop, Stopped),
            (fault, Faulted),
            (long_silence, Holding),
            (accepted_gesture, Following),
        ],
        Following => vec![
            (stop, Stopped),
            (fault, Faulted),
            (long_silence, Holding),
            (pedal_or_other_clutch, Aligning),
            (gap, Coasting),
        ],
        Coasting => vec![
            (stop, Stopped),
            (fault, Faulted),
            (long_silence, Holding),
            (pedal_or_other_clutch, Aligning),
            (no_gap, Following),
        ],
        Holding => vec![
            (stop, Stopped),
            (fault, Faulted),
            (accepted_gesture, Following),
            (accepted_without_engagement, Aligning),
        ],
    }
}

#[test]
fn the_transitions_are_exactly_the_table() {
    for state in State::ALL {
        for now in every_circumstance() {
            let row = rows(state).into_iter().find(|(when, _)| when(&now));
            let wanted = row.map_or(state, |(_, to)| to);
            assert_eq!(next(state, &now), wanted, "{state:?} in {now:?}");
        }
    }
}

#[test]
fn these_transitions_happen_and_no_others() {
    let allowed = [
        (Idle, vec![Aligning, Following, Faulted, Stopped]),
        (Aligning, vec![Following, Holding, Faulted, Stopped]),
        (
            Following,
            vec![Aligning, Coasting, Holding, Faulted, Stopped],
        ),
        (
            Coasting,
            vec![Aligning, Following, Holding, Faulted, Stopped],
        ),
        (Holding, vec![Aligning, Following, Faulted, Stopped]),
        (Faulted, vec![Stopped]),
        (Stopped, vec![]),
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
fn nothing_leaves_stopped() {
    for now in every_circumstance() {
        assert_eq!(next(Stopped, &now), Stopped);
    }
}

#[test]
fn nothing_but_the_emergency_stop_leaves_faulted() {
    for now in every_circumstance() {
        let wanted = if now.stop { Stopped } else { Faulted };
        assert_eq!(next(Faulted, &now), wanted);
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
        if !now.accepted && !now.stop && !now.fault {
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
