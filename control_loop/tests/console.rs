//! The console end: what it sends, when, and what it believes of the robot.

mod common;

use common::{KEYS, MS, hands_at, moving, with_pedal};
use control_loop::frame::{Command, Status, open_command, seal_status};
use control_loop::{
    Console, HandInput, LoopSettings, PATHS, PathId, Sent, SessionKeys, State, StatusVerdict,
    VERDICTS,
};
use nalgebra::{Translation3, UnitQuaternion, Vector3};
use robot_model::Pose;

use StatusVerdict::{Accepted, Forged, Malformed, Old, WrongEpoch};

/// Something that happens to a console.
type Work<'a> = &'a dyn Fn(&mut Console);

fn console() -> Console {
    Console::new(&LoopSettings::default(), &KEYS, 4).expect("four arms")
}

fn status(sequence: u64, engagement: u32) -> Status {
    Status {
        epoch: 1,
        sequence,
        robot_time_ns: sequence * 1_000,
        engagement,
        state: State::Aligning,
        newest_sequence: 0,
        clutch: 0,
        silent_paths: [false; PATHS],
        verdicts: [[0; VERDICTS]; PATHS],
    }
}

fn hear(console: &mut Console, status: &Status) -> StatusVerdict {
    console.receive(0, PathId::A, &seal_status(status, &KEYS))
}

/// A console that has heard of engagement 5.
fn console_with_status() -> Console {
    let mut console = console();
    assert_eq!(hear(&mut console, &status(1, 5)), Accepted);
    console
}

/// Ticks until a command is sent, and opens it.
fn next_command(console: &mut Console, now_ms: &mut u64, input: &HandInput) -> Command {
    for _ in 0..3 {
        let sent = console.tick(*now_ms * MS, input);
        *now_ms += 1;
        if let Some(sent) = sent {
            return open(&sent);
        }
    }
    panic!("nothing sent for three ticks");
}

fn open(sent: &Sent) -> Command {
    open_command(&sent.bytes, &KEYS).expect("the console seals commands with the session's key")
}

fn digest(console: &Console) -> Vec<u8> {
    let mut bytes = Vec::new();
    console.digest(&mut |part| bytes.extend_from_slice(part));
    bytes
}

const STILL: fn() -> HandInput = || hands_at(0.1, 0.2, 0.3);

// ------------------------------------------------------------------------------------- sending

#[test]
fn nothing_is_sent_before_the_first_status() {
    let mut console = console();
    for ms in 0..1_000 {
        assert!(
            console
                .tick(ms * MS, &with_pedal(ms % 100 < 50, moving(ms)))
                .is_none()
        );
    }
    assert!(console.newest_status().is_none());
    hear(&mut console, &status(1, 0));
    let sent = console
        .tick(1_000 * MS, &moving(1_000))
        .expect("the first command is due");
    assert_eq!(open(&sent).sequence, 1);
    assert_eq!(
        open(&sent).clutch,
        0,
        "gestures before the first status do not count"
    );
}

#[test]
fn commands_leave_at_the_frame_interval_numbered_from_one() {
    for interval_ms in [1, 2, 5] {
        let frame_interval_ns = interval_ms * MS;
        let settings = LoopSettings {
            frame_interval_ns,
            ..LoopSettings::default()
        };
        let mut console = Console::new(&settings, &KEYS, 4).expect("four arms");
        hear(&mut console, &status(1, 0));
        let mut sent_ms = Vec::new();
        for ms in 0..100 {
            if let Some(sent) = console.tick(ms * MS, &moving(ms)) {
                sent_ms.push(ms);
                assert_eq!(open(&sent).sequence, sent_ms.len() as u64);
            }
        }
        let due_ms: Vec<u64> = (0..100).step_by(interval_ms as usize).collect();
        assert_eq!(sent_ms, due_ms);
    }
}

#[test]
fn what_is_sent_is_what_is_said_to_be_sent_and_one_frame_serves_both_paths() {
    let mut console = console_with_status();
    let mut copy = console.clone();
    let [sent, again] = [&mut console, &mut copy]
        .map(|console| console.tick(0, &moving(77)).expect("a command is due"));
    assert_eq!(sent.bytes, again.bytes, "sealing has no hidden state");
    let (meant, read) = (sent.command, open(&sent));
    assert_eq!(
        Command {
            arms: meant.arms,
            ..read
        },
        meant
    );
    for (meant, read) in meant.arms.iter().zip(&read.arms) {
        assert!((meant.jaw_rad - read.jaw_rad).abs() < 1e-6);
    }
}

#[test]
fn a_command_echoes_the_newest_robot_time() {
    let mut console = console_with_status();
    let mut now_ms = 0;
    assert_eq!(
        next_command(&mut console, &mut now_ms, &STILL()).echo_ns,
        1_000
    );
    hear(&mut console, &status(9, 5));
    assert_eq!(
        next_command(&mut console, &mut now_ms, &STILL()).echo_ns,
        9_000
    );
    hear(&mut console, &status(8, 5));
    assert_eq!(
        next_command(&mut console, &mut now_ms, &STILL()).echo_ns,
        9_000
    );
}

// -------------------------------------------------------------------------------------- gestures

#[test]
fn the_way_up_of_the_pedal_is_the_gesture() {
    let mut console = console_with_status();
    let mut now_ms = 0;
    let mut said = |console: &mut Console, pressed| {
        let command = next_command(console, &mut now_ms, &with_pedal(pressed, STILL()));
        (command.engaged, command.clutch)
    };
    assert_eq!(
        said(&mut console, false),
        (false, 0),
        "before the first gesture"
    );
    assert_eq!(said(&mut console, true), (false, 0), "the way down is none");
    assert_eq!(said(&mut console, true), (false, 0), "nor is waiting");
    assert_eq!(said(&mut console, false), (true, 1), "the way up is");
    assert_eq!(said(&mut console, false), (true, 1), "once");
    assert_eq!(said(&mut console, true), (false, 1));
    assert_eq!(said(&mut console, false), (true, 2));
}

#[test]
fn a_gesture_shorter_than_a_frame_counts() {
    let mut console = console_with_status();
    assert!(console.tick(0, &STILL()).is_some());
    assert!(console.tick(MS, &with_pedal(true, STILL())).is_none());
    let sent = console.tick(2 * MS, &STILL()).expect("due");
    assert_eq!((open(&sent).engaged, open(&sent).clutch), (true, 1));
}

#[test]
fn motion_is_relative_to_the_place_of_the_gesture_and_turns_about_the_tables_axes() {
    let mut console = console_with_status();
    let mut now_ms = 0;
    let turn = |angle_rad| UnitQuaternion::from_axis_angle(&Vector3::z_axis(), angle_rad);
    let at = |x_m: f64, angle_rad: f64| {
        let mut input = STILL();
        for hand in &mut input.hands {
            hand.pose = Pose::from_parts(Translation3::new(x_m, 0.2, 0.0), turn(angle_rad));
        }
        input
    };
    let before = next_command(&mut console, &mut now_ms, &at(0.4, 0.5));
    assert_eq!(
        before.arms[0].motion,
        Pose::identity(),
        "no motion before the first gesture"
    );
    next_command(&mut console, &mut now_ms, &with_pedal(true, at(0.5, 0.6)));
    let gesture = next_command(&mut console, &mut now_ms, &at(0.6, 0.7));
    for arm in &gesture.arms {
        assert_eq!(
            arm.motion,
            Pose::identity(),
            "the gesture itself moves nothing"
        );
    }
    let after = next_command(&mut console, &mut now_ms, &at(0.65, 0.9));
    for arm in &after.arms {
        let shift = arm.motion.translation.vector;
        // The turn of the hand itself does not turn the directions of its motion.
        assert!(
            (shift - Vector3::new(0.05, 0.0, 0.0)).norm() < 1e-9,
            "{shift}"
        );
        assert!(arm.motion.rotation.angle_to(&turn(0.2)) < 1e-8);
    }
    let held = next_command(&mut console, &mut now_ms, &with_pedal(true, at(0.9, 0.0)));
    assert_eq!(
        held.arms[0].motion,
        Pose::identity(),
        "no motion while the pedal is down"
    );
}

#[test]
fn a_turn_is_about_the_tables_axes_however_the_hand_was_held_at_the_gesture() {
    let turn = |x: f64, y: f64, z: f64| UnitQuaternion::from_euler_angles(x, y, z);
    let held_so = |rotation| {
        let mut input = STILL();
        for hand in &mut input.hands {
            hand.pose.rotation = rotation;
        }
        input
    };
    let (held, turned) = (turn(0.9, -0.4, 0.2), turn(0.1, 0.2, 0.3));
    let mut console = console_with_status();
    let mut now_ms = 0;
    next_command(&mut console, &mut now_ms, &with_pedal(true, held_so(held)));
    next_command(&mut console, &mut now_ms, &held_so(held));
    let command = next_command(&mut console, &mut now_ms, &held_so(turned * held));
    for arm in &command.arms {
        assert!(arm.motion.rotation.angle_to(&turned) < 1e-8);
    }
}

#[test]
fn the_engagement_number_is_taken_at_the_release_even_if_a_newer_status_comes_in() {
    let mut console = console_with_status();
    let mut now_ms = 0;
    next_command(&mut console, &mut now_ms, &with_pedal(true, STILL()));
    assert_eq!(
        next_command(&mut console, &mut now_ms, &STILL()).engagement,
        5
    );
    hear(&mut console, &status(2, 6));
    let command = next_command(&mut console, &mut now_ms, &moving(3));
    assert_eq!(
        (command.engaged, command.engagement),
        (true, 5),
        "that gesture is of engagement 5"
    );
    let pressed = next_command(&mut console, &mut now_ms, &with_pedal(true, STILL()));
    assert_eq!(
        pressed.engagement, 6,
        "while nothing is to move the newest number goes out"
    );
    hear(&mut console, &status(3, 7));
    let again = next_command(&mut console, &mut now_ms, &STILL());
    assert_eq!(
        (again.engagement, again.clutch),
        (7, 2),
        "a new gesture takes the newest"
    );
}

#[test]
fn a_console_without_a_gesture_sends_the_newest_engagement_number() {
    let mut console = console_with_status();
    let mut now_ms = 0;
    for engagement in [5, 6, 9] {
        hear(&mut console, &status(u64::from(engagement), engagement));
        let command = next_command(&mut console, &mut now_ms, &STILL());
        assert_eq!((command.engaged, command.engagement), (false, engagement));
    }
}

#[test]
fn hands_beyond_the_arms_are_not_sent() {
    let mut console = Console::new(&LoopSettings::default(), &KEYS, 2).expect("two arms");
    hear(&mut console, &status(1, 0));
    let mut now_ms = 0;
    next_command(&mut console, &mut now_ms, &with_pedal(true, moving(0)));
    next_command(&mut console, &mut now_ms, &moving(100));
    let command = next_command(&mut console, &mut now_ms, &moving(300));
    assert_ne!(command.arms[1].motion, Pose::identity());
    for arm in &command.arms[2..] {
        assert_eq!((arm.motion, arm.jaw_rad), (Pose::identity(), 0.0));
    }
}

// -------------------------------------------------------------------------------- emergency stop

#[test]
fn the_emergency_stop_is_sent_from_the_press_to_the_end_of_the_session() {
    let mut console = console_with_status();
    let stop = HandInput {
        stop_pressed: true,
        ..STILL()
    };
    assert!(!open(&console.tick(0, &STILL()).expect("due")).stop);
    // Pressed for a tick in which no command is due.
    assert!(console.tick(MS, &stop).is_none());
    for ms in 2..500 {
        if let Some(sent) = console.tick(ms * MS, &with_pedal(ms % 7 < 3, moving(ms))) {
            assert!(
                open(&sent).stop,
                "{ms} ms: any one of them may be the only one to arrive"
            );
        }
    }
}

#[test]
fn an_emergency_stop_pressed_before_the_first_status_is_sent_with_the_first_command() {
    let mut console = console();
    console.tick(
        0,
        &HandInput {
            stop_pressed: true,
            ..STILL()
        },
    );
    hear(&mut console, &status(1, 0));
    assert!(open(&console.tick(MS, &STILL()).expect("due")).stop);
}

#[test]
fn an_emergency_stop_carries_an_engagement_number_that_the_robot_does_not_refuse() {
    let mut console = console_with_status();
    let mut now_ms = 0;
    next_command(&mut console, &mut now_ms, &with_pedal(true, STILL()));
    assert!(next_command(&mut console, &mut now_ms, &STILL()).engaged);
    hear(&mut console, &status(2, 6));
    let stop = HandInput {
        stop_pressed: true,
        ..STILL()
    };
    let command = next_command(&mut console, &mut now_ms, &stop);
    assert_eq!(
        (command.stop, command.engaged, command.engagement),
        (true, false, 6)
    );
}

// ------------------------------------------------------------------------------------- statuses

#[test]
fn only_a_newer_authentic_status_of_this_epoch_is_believed() {
    let mut console = console();
    assert_eq!(hear(&mut console, &status(10, 5)), Accepted);
    let before = digest(&console);

    assert_eq!(hear(&mut console, &status(10, 6)), Old, "a duplicate");
    assert_eq!(hear(&mut console, &status(9, 6)), Old);
    assert_eq!(
        hear(
            &mut console,
            &Status {
                epoch: 2,
                ..status(11, 6)
            }
        ),
        WrongEpoch
    );
    let mut forged = seal_status(&status(11, 6), &KEYS);
    forged[60] ^= 1;
    assert_eq!(console.receive(0, PathId::B, &forged), Forged);
    let other = SessionKeys {
        command: KEYS.status,
        status: KEYS.command,
    };
    let under_other_key = seal_status(&status(11, 6), &other);
    assert_eq!(console.receive(0, PathId::B, &under_other_key), Forged);
    assert_eq!(console.receive(0, PathId::B, &forged[..99]), Malformed);
    assert_eq!(console.receive(0, PathId::B, &[]), Malformed);
    let own = console.clone().tick(0, &STILL()).expect("due").bytes;
    assert_eq!(
        console.receive(0, PathId::B, &own),
        Malformed,
        "its own command, reflected"
    );

    assert_eq!(digest(&console), before, "nothing of that left a trace");
    assert_eq!(console.newest_status(), Some(&status(10, 5)));
    assert_eq!(hear(&mut console, &status(11, 6)), Accepted);
}

#[test]
fn a_status_counts_on_whichever_path_it_comes_first() {
    let mut console = console();
    let frame = |number| seal_status(&status(number, 0), &KEYS);
    assert_eq!(console.receive(0, PathId::B, &frame(1)), Accepted);
    assert_eq!(console.receive(0, PathId::A, &frame(1)), Old);
    assert_eq!(console.receive(0, PathId::A, &frame(2)), Accepted);
    assert_eq!(console.receive(0, PathId::B, &frame(2)), Old);
}

#[test]
fn the_digest_tells_every_state_that_sends_differently() {
    let after = |work: Work| {
        let mut console = console();
        work(&mut console);
        digest(&console)
    };
    let plain = after(&|console| {
        hear(console, &status(1, 5));
    });
    let cases: [(&str, Work); 7] = [
        ("no status at all", &|_| {}),
        ("another engagement", &|console| {
            hear(console, &status(1, 6));
        }),
        ("another robot time", &|console| {
            hear(
                console,
                &Status {
                    robot_time_ns: 7,
                    ..status(1, 5)
                },
            );
        }),
        ("another status number", &|console| {
            hear(
                console,
                &Status {
                    robot_time_ns: 1_000,
                    ..status(2, 5)
                },
            );
        }),
        ("a command sent", &|console| {
            hear(console, &status(1, 5));
            console.tick(0, &STILL());
        }),
        ("the pedal down", &|console| {
            hear(console, &status(1, 5));
            console.tick(0, &with_pedal(true, STILL()));
        }),
        ("a stop pressed", &|console| {
            console.tick(
                0,
                &HandInput {
                    stop_pressed: true,
                    ..STILL()
                },
            );
            hear(console, &status(1, 5));
        }),
    ];
    let mut all = vec![plain.clone()];
    for (name, work) in cases {
        assert!(!all.contains(&after(work)), "{name}");
        all.push(after(work));
    }
    assert_eq!(
        plain,
        after(&|console| {
            hear(console, &status(1, 5));
        })
    );
    let gesture_at = |x_m: f64| {
        after(&|console| {
            hear(console, &status(1, 5));
            console.tick(0, &with_pedal(true, STILL()));
            console.tick(MS, &hands_at(x_m, 0.0, 0.0));
        })
    };
    assert_ne!(
        gesture_at(0.1),
        gesture_at(0.2),
        "another place of the gesture"
    );
}

#[test]
fn a_status_without_number_or_time_is_still_a_status() {
    let (silent, mut told) = (console(), console());
    let nothing = Status {
        robot_time_ns: 0,
        ..status(0, 0)
    };
    assert_eq!(hear(&mut told, &nothing), Accepted);
    assert!(digest(&silent) != digest(&told), "one of them sends");
}
