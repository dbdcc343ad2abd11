//! Which frames may become the target: the verdicts, their boundaries, and what silence, restarts
//! and attackers change about them.

mod common;

use std::collections::BTreeSet;

use common::ear::{
    ENGAGEMENT, Ear, FRESH_NS, JUMP, admission, arrive, command, digest, judge, memory,
};
use common::{KEYS, MS};
use control_loop::admission::{Rules, Verdict, WINDOW};
use control_loop::frame::{Command, seal_command};
use control_loop::{LoopSettings, PATHS, PathId, VERDICTS};

use PathId::{A, B};
use Verdict::{
    Accepted, Duplicate, Forged, Jump, Late, Malformed, Overtaken, Stale, WrongEngagement,
    WrongEpoch,
};

// ------------------------------------------------------------------------------------ the verdicts

#[test]
fn each_verdict_on_a_command_is_reached_on_each_path_and_counted_there() {
    for path in PathId::ALL {
        let mut admission = admission();
        let now_ns = 10_000 * MS;
        assert_eq!(arrive(&mut admission, now_ns, path, 4_990), Accepted);
        let fresh = command(4_999, now_ns);
        let cases = [
            (Duplicate, command(4_990, now_ns)),
            (Late, command(4_990 - WINDOW, now_ns)),
            (Overtaken, command(4_989, now_ns)),
            (Stale, command(4_991, now_ns - FRESH_NS - 1)),
            (WrongEpoch, Command { epoch: 2, ..fresh }),
            (
                WrongEngagement,
                Command {
                    engagement: ENGAGEMENT - 1,
                    sequence: 4_992,
                    ..fresh
                },
            ),
            (Jump, command(4_992 + JUMP + 1, now_ns)),
        ];
        for (wanted, command) in &cases {
            assert_eq!(judge(&mut admission, now_ns, path, command), *wanted);
        }
        let mut bytes = seal_command(&fresh, &KEYS.command);
        assert_eq!(
            admission.judge(now_ns, path, &bytes[1..], ENGAGEMENT),
            (Malformed, None)
        );
        bytes[100] ^= 1;
        assert_eq!(
            admission.judge(now_ns, path, &bytes, ENGAGEMENT),
            (Forged, None)
        );

        let mut wanted = [[0; VERDICTS]; PATHS];
        wanted[path.index()] = [1; VERDICTS];
        // Greetings and floods have tests of their own, in session.rs.
        for verdict in [Verdict::Greeting, Verdict::Flooded] {
            wanted[path.index()][verdict as usize] = 0;
        }
        assert_eq!(admission.counters(), wanted);
    }
}

#[test]
fn the_verdicts_are_decided_in_their_order() {
    let now_ns = 10_000 * MS;
    let old_ns = now_ns - FRESH_NS - 1;
    let mut admission = admission();
    assert_eq!(arrive(&mut admission, now_ns, A, 4_990), Accepted);
    // Each is guilty of several things, and is told the first.
    let everything = Command {
        epoch: 9,
        engagement: 0,
        ..command(u64::MAX, old_ns)
    };
    let cases = [
        (WrongEpoch, everything),
        (
            Jump,
            Command {
                epoch: 1,
                ..everything
            },
        ),
        (
            Late,
            Command {
                epoch: 1,
                sequence: 5,
                ..everything
            },
        ),
        (
            Duplicate,
            Command {
                epoch: 1,
                sequence: 4_990,
                ..everything
            },
        ),
        (
            Stale,
            Command {
                epoch: 1,
                sequence: 4_000,
                ..everything
            },
        ),
        (
            WrongEngagement,
            Command {
                engagement: 0,
                ..command(4_001, now_ns)
            },
        ),
        (Overtaken, command(4_002, now_ns)),
    ];
    for (wanted, command) in cases {
        assert_eq!(judge(&mut admission, now_ns, B, &command), wanted);
    }
}

#[test]
fn every_verdict_has_a_name_and_a_counter_of_its_own() {
    let names: BTreeSet<_> = Verdict::ALL.iter().map(|verdict| verdict.name()).collect();
    assert_eq!(names.len(), VERDICTS);
    for (place, verdict) in Verdict::ALL.iter().enumerate() {
        assert_eq!(*verdict as usize, place);
    }
}

#[test]
fn an_echo_exactly_at_the_limit_is_fresh_and_a_nanosecond_older_is_stale() {
    let now_ns = 1_234_567_890_123;
    let ages = [
        (0, Accepted),
        (FRESH_NS - 1, Accepted),
        (FRESH_NS, Accepted),
    ];
    for (age_ns, wanted) in ages
        .into_iter()
        .chain([(FRESH_NS + 1, Stale), (now_ns, Stale)])
    {
        let command = command(1, now_ns - age_ns);
        assert_eq!(
            judge(&mut admission(), now_ns, A, &command),
            wanted,
            "{age_ns} ns old"
        );
    }
}

#[test]
fn an_echo_from_the_future_is_stale() {
    let now_ns = 1_000 * MS;
    for echo_ns in [now_ns + 1, now_ns + FRESH_NS, u64::MAX] {
        let command = command(1, echo_ns);
        assert_eq!(
            judge(&mut admission(), now_ns, A, &command),
            Stale,
            "{echo_ns}"
        );
    }
    assert_eq!(
        judge(&mut admission(), now_ns, A, &command(1, now_ns)),
        Accepted
    );
}

#[test]
fn a_frame_may_be_ahead_by_the_forward_jump_and_no_more() {
    for head in [0, 1, 4_000] {
        let at_head = || {
            let mut admission = admission();
            if head > 0 {
                assert_eq!(arrive(&mut admission, MS, A, head), Accepted);
            }
            admission
        };
        assert_eq!(arrive(&mut at_head(), MS, A, head + JUMP), Accepted);
        assert_eq!(arrive(&mut at_head(), MS, A, head + JUMP + 1), Jump);
        assert_eq!(arrive(&mut at_head(), MS, A, u64::MAX), Jump);
    }
}

#[test]
fn the_window_remembers_4095_behind_its_head_and_calls_4096_behind_late() {
    let head = 4_999;
    for (behind, wanted) in [
        (1, Overtaken),
        (4_095, Overtaken),
        (4_096, Late),
        (4_097, Late),
    ] {
        let mut admission = admission();
        assert_eq!(arrive(&mut admission, MS, A, head), Accepted);
        assert_eq!(
            arrive(&mut admission, MS, B, head - behind),
            wanted,
            "{behind} behind"
        );
        let again = if wanted == Late { Late } else { Duplicate };
        assert_eq!(
            arrive(&mut admission, MS, B, head - behind),
            again,
            "{behind} behind, again"
        );
    }
}

#[test]
fn moving_the_head_forgets_exactly_the_numbers_that_fall_out_of_the_window() {
    // Steps of every kind: one, within a word, over words, over the whole ring.
    for step in [1, 2, 63, 64, 65, 1_000, 4_095, 4_096, 4_097, 5_000] {
        let mut admission = admission();
        let mut head = 0;
        let mut judged = BTreeSet::new();
        for _ in 0..12 {
            head += step;
            assert_eq!(arrive(&mut admission, MS, A, head), Accepted);
            judged.insert(head);
            for behind in [1, 62, 63, 64, 65, 127, 128, 2_048, 4_032, 4_094, 4_095] {
                let Some(sequence) = head.checked_sub(behind).filter(|sequence| *sequence > 0)
                else {
                    continue;
                };
                let wanted = if judged.insert(sequence) {
                    Overtaken
                } else {
                    Duplicate
                };
                let verdict = arrive(&mut admission, MS, B, sequence);
                assert_eq!(verdict, wanted, "step {step}, {behind} behind {head}");
            }
        }
    }
}

#[test]
fn sequence_zero_is_never_in_the_window() {
    let mut admission = admission();
    assert_eq!(arrive(&mut admission, MS, A, 0), Late);
    assert_eq!(arrive(&mut admission, MS, A, 1), Accepted);
    assert_eq!(arrive(&mut admission, MS, A, 0), Late);
}

#[test]
fn numbers_cannot_wrap() {
    let rules = Rules {
        forward_jump: u64::MAX,
        ..Rules::of(&LoopSettings::default())
    };
    let mut admission = Ear::new(rules);
    assert_eq!(arrive(&mut admission, MS, A, u64::MAX - 1), Accepted);
    assert_eq!(arrive(&mut admission, MS, A, u64::MAX), Accepted);
    assert_eq!(arrive(&mut admission, MS, A, u64::MAX), Duplicate);
    for sequence in [0, 1, 2, 65_536, u64::MAX - WINDOW] {
        assert_eq!(arrive(&mut admission, MS, A, sequence), Late, "{sequence}");
    }
    assert_eq!(
        arrive(&mut admission, MS, A, u64::MAX - WINDOW + 1),
        Overtaken
    );
    // Half a 16-bit space ahead is ahead, not behind.
    let mut admission = Ear::new(rules);
    for sequence in [1, 32_768, 65_536, 65_537, 131_073, 1 << 32, (1 << 32) + 1] {
        assert_eq!(
            arrive(&mut admission, MS, A, sequence),
            Accepted,
            "{sequence}"
        );
    }
}

// --------------------------------------------------------------------------------- nothing moves

#[test]
fn frames_that_are_not_authentic_move_nothing() {
    let now_ns = 3_000 * MS;
    let mut admission = admission();
    for sequence in [1, 2, 5, 4_000] {
        assert_eq!(arrive(&mut admission, now_ns, A, sequence), Accepted);
    }
    let before = memory(&admission);
    for sequence in [1, 3, 4_000, 4_001, 9_000, 9_001, u64::MAX] {
        let forged = seal_command(&command(sequence, now_ns), &[0x33; 32]);
        assert_eq!(
            admission.judge(now_ns, B, &forged, ENGAGEMENT),
            (Forged, None)
        );
        assert_eq!(
            admission.judge(now_ns, B, &forged[..90], ENGAGEMENT),
            (Malformed, None)
        );
    }
    // A huge number written over the header of an authentic frame.
    let mut altered = seal_command(&command(4_001, now_ns), &KEYS.command);
    altered[8..16].copy_from_slice(&(4_001 + JUMP - 1).to_le_bytes());
    assert_eq!(
        admission.judge(now_ns, B, &altered, ENGAGEMENT),
        (Forged, None)
    );
    assert_eq!(memory(&admission), before);
    assert_eq!(arrive(&mut admission, now_ns, B, 4_001), Accepted);
}

#[test]
fn a_jump_and_another_epoch_move_nothing() {
    let now_ns = 3_000 * MS;
    let mut admission = admission();
    assert_eq!(arrive(&mut admission, now_ns, A, 10), Accepted);
    let before = memory(&admission);
    assert_eq!(arrive(&mut admission, now_ns, B, 10 + JUMP + 1), Jump);
    let other_epoch = Command {
        epoch: 0,
        ..command(11, now_ns)
    };
    assert_eq!(judge(&mut admission, now_ns, B, &other_epoch), WrongEpoch);
    assert_eq!(memory(&admission), before);
    assert_eq!(arrive(&mut admission, now_ns, B, 11), Accepted);
}

#[test]
fn a_refused_command_never_becomes_the_newest() {
    let now_ns = 3_000 * MS;
    let mut admission = admission();
    assert_eq!(arrive(&mut admission, now_ns, A, 10), Accepted);
    assert_eq!(judge(&mut admission, now_ns, A, &command(12, 0)), Stale);
    let dead = Command {
        engagement: ENGAGEMENT + 1,
        ..command(13, now_ns)
    };
    assert_eq!(judge(&mut admission, now_ns, A, &dead), WrongEngagement);
    assert_eq!(admission.newest_accepted(), 10);
    assert_eq!(arrive(&mut admission, now_ns, A, 11), Accepted);
    assert_eq!(admission.newest_accepted(), 11);
}

#[test]
fn every_judged_frame_is_counted_once_on_its_own_path() {
    let mut admission = admission();
    for _ in 0..1_000 {
        admission.judge(MS, B, &[], ENGAGEMENT);
    }
    assert_eq!(admission.counters()[B.index()][Malformed as usize], 1_000);
    assert_eq!(admission.counters()[A.index()], [0; VERDICTS]);
}

// ------------------------------------------------------------------------------------ silent paths

#[test]
fn a_path_is_silent_when_nothing_authentic_came_for_longer_than_the_latent_time() {
    let latent_ns = LoopSettings::default().latent_ns;
    let mut admission = admission();
    let heard_ns = 700 * MS;
    arrive(&mut admission, heard_ns, A, 1);
    assert_eq!(
        admission.silent_paths(heard_ns),
        [false, true],
        "B was never heard"
    );
    arrive(&mut admission, heard_ns, B, 1);
    assert_eq!(
        admission.silent_paths(heard_ns),
        [false, false],
        "a duplicate is a sign of life"
    );
    assert_eq!(admission.silent_paths(heard_ns + latent_ns), [false, false]);
    assert_eq!(
        admission.silent_paths(heard_ns + latent_ns + 1),
        [true, true]
    );
    arrive(&mut admission, heard_ns + latent_ns, A, 2);
    assert_eq!(
        admission.silent_paths(heard_ns + latent_ns + 1),
        [false, true]
    );
}

#[test]
fn forged_and_malformed_frames_do_not_keep_a_dead_path_alive() {
    let mut admission = admission();
    arrive(&mut admission, MS, A, 1);
    arrive(&mut admission, MS, B, 1);
    let mut forged = seal_command(&command(2, MS), &KEYS.command);
    forged[50] ^= 4;
    let mut now_ns = MS;
    while now_ns <= 600 * MS {
        admission.judge(now_ns, B, &forged, ENGAGEMENT);
        admission.judge(now_ns, B, b"noise", ENGAGEMENT);
        arrive(&mut admission, now_ns, A, 1 + now_ns / MS);
        now_ns += MS;
    }
    assert_eq!(admission.silent_paths(now_ns), [false, true]);
}

// ------------------------------------------------------------------------------- silence and restarts

#[test]
fn silence_of_any_length_forgets_nothing() {
    // "Take any" after a reset timer accepted 151 old frames as new.
    for silence_ms in [1, 50, 100, 2_000, 60_000, 3_600_000] {
        let mut admission = admission();
        for sequence in 1..=500 {
            assert_eq!(arrive(&mut admission, sequence * MS, A, sequence), Accepted);
        }
        let before = memory(&admission);
        let now_ns = (500 + silence_ms) * MS;
        for sequence in 1..=500 {
            assert_eq!(
                arrive(&mut admission, now_ns, B, sequence),
                Duplicate,
                "{silence_ms} ms"
            );
        }
        assert_eq!(memory(&admission), before);
        assert_eq!(
            arrive(&mut admission, now_ns, A, 501),
            Accepted,
            "and nothing is locked out"
        );
    }
}

#[test]
fn a_joint_outage_of_any_length_ends_with_the_first_frame_that_gets_through() {
    // The console went on counting: how far ahead it can be grows with the silence.
    let frame_ns = LoopSettings::default().frame_interval_ns;
    for outage_s in [1, 9, 11, 60, 3_600] {
        let mut admission = admission();
        assert_eq!(arrive(&mut admission, MS, A, 1), Accepted);
        let missed = outage_s * 1_000 * MS / frame_ns;
        let now_ns = MS + missed * frame_ns;
        assert_eq!(
            arrive(&mut admission, now_ns, B, 1 + missed),
            Accepted,
            "{outage_s} s"
        );
        assert_eq!(
            arrive(&mut admission, now_ns, B, 2 + missed + JUMP),
            Jump,
            "{outage_s} s"
        );
    }
}

#[test]
fn what_is_refused_in_a_long_silence_does_not_shorten_it() {
    let frame_ns = LoopSettings::default().frame_interval_ns;
    let mut admission = admission();
    assert_eq!(arrive(&mut admission, MS, A, 1), Accepted);
    let now_ns = MS + 10_000 * frame_ns;
    assert_eq!(arrive(&mut admission, now_ns, A, 1), Duplicate);
    let old_epoch = Command {
        epoch: 0,
        ..command(2, now_ns)
    };
    assert_eq!(judge(&mut admission, now_ns, A, &old_epoch), WrongEpoch);
    assert_eq!(
        arrive(&mut admission, now_ns, A, 1 + 10_000 + JUMP + 1),
        Jump
    );
    assert_eq!(
        arrive(&mut admission, now_ns, A, 1 + 10_000 + JUMP),
        Accepted
    );
}

#[test]
fn after_a_joint_outage_old_copies_on_the_slow_path_are_duplicates_or_stale() {
    let mut admission = admission();
    for sequence in 1..=500 {
        assert_eq!(arrive(&mut admission, sequence * MS, A, sequence), Accepted);
    }
    // Commands 501 to 600 were lost on the fast path, and sit in a queue of the slow one.
    let now_ns = 2_000 * MS;
    for sequence in 400..=600 {
        let verdict = judge(&mut admission, now_ns, B, &command(sequence, sequence * MS));
        assert_eq!(
            verdict,
            if sequence <= 500 { Duplicate } else { Stale },
            "{sequence}"
        );
    }
    assert_eq!(admission.newest_accepted(), 500);
}

#[test]
fn a_console_that_restarts_is_heard_in_a_new_epoch_only() {
    let now_ns = 5_000 * MS;
    let mut admission = admission();
    for sequence in 1..=4_500 {
        assert_eq!(arrive(&mut admission, now_ns, A, sequence), Accepted);
    }
    // Without a new epoch its numbers are old ones.
    assert_eq!(arrive(&mut admission, now_ns, A, 1), Late);
    assert_eq!(arrive(&mut admission, now_ns, A, 500), Duplicate);
    let restarted = Command {
        epoch: 2,
        ..command(1, now_ns)
    };
    assert_eq!(judge(&mut admission, now_ns, A, &restarted), WrongEpoch);
    assert_eq!(arrive(&mut admission, now_ns, B, 4_501), Accepted);
}

// --------------------------------------------------------------------------------------- attackers

#[test]
fn a_replay_of_a_whole_recording_accepts_nothing() {
    let mut admission = admission();
    let recording: Vec<_> = (1..=6_000)
        .map(|number| seal_command(&command(number, number * MS), &KEYS.command))
        .collect();
    for (number, bytes) in (1..).zip(&recording) {
        assert_eq!(
            admission.judge(number * MS, A, bytes, ENGAGEMENT).0,
            Accepted
        );
    }
    let before = memory(&admission);
    for (path, now_ms) in [(A, 6_000), (B, 6_001), (A, 60_000)] {
        for bytes in &recording {
            let (verdict, command) = admission.judge(now_ms * MS, path, bytes, ENGAGEMENT);
            assert!(matches!(verdict, Duplicate | Late), "{}", verdict.name());
            assert_eq!(command, None);
        }
    }
    assert_eq!(memory(&admission), before);
    assert_eq!(arrive(&mut admission, 60_001 * MS, B, 6_001), Accepted);
}

#[test]
fn frames_that_were_held_back_and_are_played_later_are_stale() {
    let mut admission = admission();
    assert_eq!(arrive(&mut admission, MS, A, 1), Accepted);
    let held = seal_command(&command(2, MS), &KEYS.command);
    let (verdict, _) = admission.judge(MS + FRESH_NS + 1, A, &held, ENGAGEMENT);
    assert_eq!(verdict, Stale);
}

#[test]
fn the_same_corruption_on_both_paths_is_forged_twice_and_nobody_votes() {
    let mut admission = admission();
    let mut bytes = seal_command(&command(1, MS), &KEYS.command);
    bytes[40] ^= 0x10;
    for path in PathId::ALL {
        assert_eq!(
            admission.judge(MS, path, &bytes, ENGAGEMENT),
            (Forged, None)
        );
    }
    assert_eq!(
        arrive(&mut admission, MS, B, 1),
        Accepted,
        "the sound frame is still new"
    );
}

#[test]
fn rules_state_what_the_settings_state() {
    let settings = LoopSettings {
        frames_per_tick: 9,
        forward_jump: 77,
        freshness_ns: 123,
        latent_ns: 456,
        ..LoopSettings::default()
    };
    let rules = Rules {
        forward_jump: 77,
        frame_interval_ns: settings.frame_interval_ns,
        freshness_ns: 123,
        latent_ns: 456,
        frames_per_tick: 9,
    };
    assert_eq!(Rules::of(&settings), rules);
}

#[test]
fn the_digest_tells_every_state_that_judges_differently() {
    let arrived = |sequences: &[u64]| {
        let mut admission = admission();
        for sequence in sequences {
            arrive(&mut admission, MS, A, *sequence);
        }
        digest(&admission)
    };
    assert_eq!(arrived(&[1, 2, 3]), arrived(&[1, 2, 3]));
    assert_ne!(
        arrived(&[1, 3]),
        arrived(&[2, 3]),
        "another number was seen"
    );
    assert_ne!(arrived(&[3]), arrived(&[4]), "another head");
    assert_ne!(arrived(&[3]), arrived(&[3, 3]), "another count");
    let stale = |first: u64| {
        let mut admission = admission();
        judge(&mut admission, 600 * MS, A, &command(first, 600 * MS));
        judge(&mut admission, 600 * MS, A, &command(3, 0));
        digest(&admission)
    };
    assert_ne!(stale(1), stale(2), "another newest command");
}

#[test]
fn frames_of_another_epoch_do_not_keep_a_dead_path_alive() {
    let mut admission = admission();
    let now_ns = LoopSettings::default().latent_ns + 1;
    let other = Command {
        epoch: 2,
        ..command(1, now_ns)
    };
    assert_eq!(judge(&mut admission, now_ns, A, &other), WrongEpoch);
    assert_eq!(admission.silent_paths(now_ns), [true, true]);
}
