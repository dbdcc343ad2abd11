//! The console end: what it sends, when, and what it believes of the robot.

mod common;

use common::{
    CONSOLE_START, Handshake, KEYS, MS, PSK, ROBOT_START, Sent, arms, hands_at, kinds, moving,
    sent, with_pedal,
};
use control_loop::frame::{Command, Status, open_command, seal_status};
use control_loop::{
    Console, HandInput, LoopSettings, PATHS, PathHealth, PathId, RobotLoop, State, StatusVerdict,
    VERDICTS,
};
use nalgebra::{Translation3, UnitQuaternion, Vector3};
use robot_model::Pose;

use StatusVerdict::{Accepted, Forged, Malformed, Old, WrongEpoch};

/// Something that happens to a console.
type Work<'a> = &'a dyn Fn(&mut Console);

/// A console whose session has just begun.
fn console() -> Console {
    console_with(&LoopSettings::default())
}

fn console_with(settings: &LoopSettings) -> Console {
    Handshake::of(&arms(), settings).console
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
        paths: [PathHealth::Working; PATHS],
        fault: None,
        verdicts: [[0; VERDICTS]; PATHS],
    }
}

fn hear(console: &mut Console, status: &Status) -> StatusVerdict {
    console.receive(0, PathId::A, &seal_status(status, &KEYS.status))
}

fn hear_at(console: &mut Console, now_ms: u64, status: &Status) -> StatusVerdict {
    console.receive(now_ms * MS, PathId::A, &seal_status(status, &KEYS.status))
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
        let sent = sent(console, *now_ms * MS, input);
        *now_ms += 1;
        if let Some(sent) = sent {
            return open(&sent);
        }
    }
    panic!("nothing sent for three ticks");
}

fn open(sent: &Sent) -> Command {
    open_command(&sent.bytes, &KEYS.command)
        .expect("the console seals commands with the session's key")
}

fn digest(console: &Console) -> Vec<u8> {
    let mut bytes = Vec::new();
    console.digest(&mut |part| bytes.extend_from_slice(part));
    bytes
}

const STILL: fn() -> HandInput = || hands_at(0.1, 0.2, 0.3);

// ------------------------------------------------------------------------------------- sending

#[test]
fn a_console_greets_until_it_is_welcome_and_commands_nothing_before() {
    let settings = LoopSettings::default();
    let mut console =
        Console::new(&settings, &PSK, CONSOLE_START, &kinds(&arms())).expect("four arms");
    let mut greeted_ms = Vec::new();
    for ms in 0..1_000 {
        let outgoing = console.tick(ms * MS, &with_pedal(ms % 100 < 50, moving(ms)));
        assert_eq!(outgoing.paths, [None; PATHS]);
        assert_eq!(outgoing.command, None);
        if outgoing.hello.is_some() {
            greeted_ms.push(ms);
        }
    }
    let due_ms: Vec<u64> = (0..1_000).step_by(100).collect();
    assert_eq!(greeted_ms, due_ms);
    let welcome = Handshake::of(&arms(), &settings).welcome;
    assert_eq!(console.receive(1_000 * MS, PathId::B, &welcome), Accepted);
    assert_eq!(console.epoch(), Some(ROBOT_START.epoch));
    let outgoing = console.tick(1_000 * MS, &moving(1_000));
    assert_eq!(outgoing.hello, None);
    let first = outgoing.command.expect("the first command is due");
    assert_eq!(
        (first.sequence, first.echo_ns),
        (1, 0),
        "it echoes the welcome"
    );
    assert_eq!(first.clutch, 0, "gestures before the welcome do not count");
}

#[test]
fn a_welcome_counts_once_and_only_for_the_greeting_that_it_answers() {
    let Handshake {
        console, welcome, ..
    } = Handshake::of(&arms(), &LoopSettings::default());
    let mut again = console.clone();
    assert_eq!(
        again.receive(0, PathId::B, &welcome),
        Old,
        "nobody asked any more"
    );
    let other_start = control_loop::ConsoleStart {
        nonce: [9; 16],
        ..CONSOLE_START
    };
    let mut other =
        Console::new(&LoopSettings::default(), &PSK, other_start, &kinds(&arms())).expect("arms");
    other.tick(0, &STILL());
    assert_eq!(other.receive(0, PathId::A, &welcome), Forged);
    let mut waiting = Console::new(
        &LoopSettings::default(),
        &PSK,
        CONSOLE_START,
        &kinds(&arms()),
    )
    .expect("arms");
    waiting.tick(0, &STILL());
    for byte in [8, 20, 40, 55] {
        let mut altered = welcome.clone();
        altered[byte] ^= 1;
        assert_eq!(
            waiting.receive(0, PathId::A, &altered),
            Forged,
            "byte {byte}"
        );
    }
    assert_eq!(waiting.receive(0, PathId::A, &welcome[1..]), Malformed);
    assert_eq!(waiting.receive(0, PathId::A, &welcome), Accepted);
}

#[test]
fn a_session_that_falls_silent_is_greeted_anew_while_its_commands_go_on() {
    let mut console = console();
    let mut greeted_ms = Vec::new();
    for ms in 0..1_500 {
        if ms == 200 {
            hear_at(&mut console, ms, &status(1, 0));
        }
        let outgoing = console.tick(ms * MS, &STILL());
        assert_eq!(outgoing.command.is_some(), ms % 2 == 0);
        if outgoing.hello.is_some() {
            greeted_ms.push(ms);
        }
    }
    assert_eq!(
        greeted_ms,
        [1_201, 1_301, 1_401],
        "a second after the last sign of life"
    );
    assert_eq!(hear_at(&mut console, 1_500, &status(2, 0)), Accepted);
    assert!((1_501..2_400).all(|ms| console.tick(ms * MS, &STILL()).hello.is_none()));
}

#[test]
fn a_new_welcome_begins_a_new_count_and_forgets_gestures() {
    let settings = LoopSettings::default();
    let Handshake {
        mut console,
        mut robot,
        ..
    } = Handshake::of(&arms(), &settings);
    let mut now_ms = 0;
    next_command(&mut console, &mut now_ms, &with_pedal(true, STILL()));
    assert_eq!(next_command(&mut console, &mut now_ms, &STILL()).clutch, 1);
    let mut welcomed = false;
    for ms in now_ms..1_300 {
        let outgoing = console.tick(ms * MS, &moving(ms));
        let Some(hello) = outgoing.hello else {
            continue;
        };
        robot.receive(ms * MS, PathId::A, hello.as_ref());
        let output = robot.tick(ms * MS, &common::at_home(&arms()));
        let welcome = output.welcome.expect("it answers");
        assert_eq!(console.receive(ms * MS, PathId::A, &welcome), Accepted);
        welcomed = true;
        break;
    }
    assert!(welcomed);
    let command = console.tick(2_000 * MS, &moving(0)).command.expect("due");
    // Nobody ever confirmed the first offer, so the number of the epoch is the same; the keys are not.
    assert_eq!(
        (command.sequence, command.clutch, command.engaged),
        (1, 0, false)
    );
}

#[test]
fn commands_leave_at_the_frame_interval_numbered_from_one() {
    for interval_ms in [1, 2, 5] {
        let frame_interval_ns = interval_ms * MS;
        let settings = LoopSettings {
            frame_interval_ns,
            frames_per_tick: 640,
            ..LoopSettings::default()
        };
        let mut console = console_with(&settings);
        hear(&mut console, &status(1, 0));
        let mut sent_ms = Vec::new();
        for ms in 0..100 {
            if let Some(sent) = sent(&mut console, ms * MS, &moving(ms)) {
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
        .map(|console| sent(console, 0, &moving(77)).expect("a command is due"));
    assert_eq!(sent.bytes, again.bytes, "sealing has no hidden state");
    let (meant, read) = (sent.command, open(&sent));
    assert_eq!(
        Command {
            hands: meant.hands,
            ..read
        },
        meant
    );
    for (meant, read) in meant
        .hands
        .iter()
        .flatten()
        .zip(read.hands.iter().flatten())
    {
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
    assert!(sent(&mut console, 0, &STILL()).is_some());
    assert!(sent(&mut console, MS, &with_pedal(true, STILL())).is_none());
    let sent = sent(&mut console, 2 * MS, &STILL()).expect("due");
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
        before.hands, [None; 2],
        "nothing is held before the first gesture"
    );
    next_command(&mut console, &mut now_ms, &with_pedal(true, at(0.5, 0.6)));
    let gesture = next_command(&mut console, &mut now_ms, &at(0.6, 0.7));
    for arm in gesture.hands.iter().flatten() {
        assert_eq!(
            arm.motion,
            Pose::identity(),
            "the gesture itself moves nothing"
        );
    }
    let after = next_command(&mut console, &mut now_ms, &at(0.65, 0.9));
    assert!(after.hands.iter().all(Option::is_some));
    for arm in after.hands.iter().flatten() {
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
        held.hands, [None; 2],
        "nothing is held while the pedal is down"
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
    for arm in command.hands.iter().flatten() {
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
fn a_hand_that_holds_an_arm_that_does_not_exist_holds_none() {
    let two = &arms()[..2];
    let mut console = Handshake::of(two, &LoopSettings::default()).console;
    let mut now_ms = 0;
    next_command(&mut console, &mut now_ms, &with_pedal(true, moving(0)));
    let command = next_command(&mut console, &mut now_ms, &moving(100));
    assert_eq!(
        command.hands.map(|hand| hand.map(|hand| hand.arm)),
        [Some(0), None]
    );
}

// ----------------------------------------------------------------------------- who holds which arm

fn held(command: &Command) -> [Option<(u8, u32)>; 2] {
    command
        .hands
        .map(|hand| hand.map(|hand| (hand.arm, hand.grip)))
}

/// Hands at a place, each with its arm.
fn holding(x_m: f64, arms: [Option<usize>; 2]) -> HandInput {
    let mut input = hands_at(x_m, 0.0, 0.0);
    for (hand, arm) in input.hands.iter_mut().zip(arms) {
        hand.arm = arm;
    }
    input
}

#[test]
fn a_hand_that_takes_another_arm_takes_a_new_grip_and_measures_from_there() {
    let mut console = console_with_status();
    let mut now_ms = 0;
    let mut say = |console: &mut Console, input| next_command(console, &mut now_ms, &input);
    say(
        &mut console,
        with_pedal(true, holding(0.0, [Some(0), Some(2)])),
    );
    let first = say(&mut console, holding(0.01, [Some(0), Some(2)]));
    assert_eq!(held(&first), [Some((0, 1)), Some((2, 2))]);
    let moved = say(&mut console, holding(0.03, [Some(0), Some(2)]));
    let swapped = say(&mut console, holding(0.04, [Some(3), Some(2)]));
    assert_eq!(
        held(&swapped),
        [Some((3, 3)), Some((2, 2))],
        "the other hand keeps its grip"
    );
    let shift = |command: &Command, hand: usize| {
        command.hands[hand]
            .expect("it holds")
            .motion
            .translation
            .vector
            .x
    };
    assert!((shift(&moved, 0) - 0.02).abs() < 1e-9);
    assert_eq!(shift(&swapped, 0), 0.0);
    assert!((shift(&swapped, 1) - 0.03).abs() < 1e-9);
    let back = say(&mut console, holding(0.05, [Some(0), Some(2)]));
    assert_eq!(
        held(&back)[0],
        Some((0, 4)),
        "an old grip is never taken up again"
    );
    assert_eq!(shift(&back, 0), 0.0);
    let empty = say(&mut console, holding(0.05, [None, Some(2)]));
    assert_eq!(held(&empty)[0], None);
}

#[test]
fn two_hands_on_one_arm_are_one_hand() {
    let mut console = console_with_status();
    let mut now_ms = 0;
    next_command(&mut console, &mut now_ms, &with_pedal(true, STILL()));
    let command = next_command(&mut console, &mut now_ms, &holding(0.0, [Some(2), Some(2)]));
    assert_eq!(held(&command), [Some((2, 1)), None]);
}

#[test]
fn under_the_camera_pedal_both_hands_move_the_endoscope_by_their_mean_and_hold_nothing_else() {
    let endoscope = kinds(&arms())
        .iter()
        .position(|kind| *kind == robot_model::ArmKind::Endoscope)
        .expect("an endoscope");
    let mut console = console_with_status();
    let mut now_ms = 0;
    let camera = |left_m: f64, right_m: f64| {
        let mut input = STILL();
        for (hand, x_m) in input.hands.iter_mut().zip([left_m, right_m]) {
            hand.pose.translation.vector.x = x_m;
        }
        input.camera_pressed = true;
        input
    };
    next_command(&mut console, &mut now_ms, &with_pedal(true, STILL()));
    next_command(&mut console, &mut now_ms, &STILL());
    let taken = next_command(&mut console, &mut now_ms, &camera(0.0, 0.0));
    assert_eq!(held(&taken), [Some((endoscope as u8, 3)), None]);
    let moved = next_command(&mut console, &mut now_ms, &camera(0.02, 0.04));
    let shift = moved.hands[0].expect("held").motion.translation.vector;
    assert!((shift.x - 0.03).abs() < 1e-9, "{shift}");
    let released = next_command(&mut console, &mut now_ms, &STILL());
    assert_eq!(
        held(&released),
        [Some((0, 4)), Some((2, 5))],
        "the instruments are taken anew"
    );
}

#[test]
fn a_staggered_second_copy_is_the_same_frame_and_leaves_later_on_path_b() {
    let settings = LoopSettings {
        stagger_ns: 7 * MS,
        ..LoopSettings::default()
    };
    let mut console = console_with(&settings);
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for ms in 0..1_000 {
        let outgoing = console.tick(ms * MS, &moving(ms));
        first.extend(outgoing.paths[0].map(|frame| (ms, frame)));
        second.extend(outgoing.paths[1].map(|frame| (ms, frame)));
    }
    assert_eq!(first.len(), 500);
    assert_eq!(second.len(), 497, "the last ones wait");
    for ((ms, frame), (later_ms, copy)) in first.iter().zip(&second) {
        assert_eq!((ms + 7, frame), (*later_ms, copy));
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
    assert!(!open(&sent(&mut console, 0, &STILL()).expect("due")).stop);
    // Pressed for a tick in which no command is due.
    assert!(sent(&mut console, MS, &stop).is_none());
    for ms in 2..500 {
        if let Some(sent) = sent(&mut console, ms * MS, &with_pedal(ms % 7 < 3, moving(ms))) {
            assert!(
                open(&sent).stop,
                "{ms} ms: any one of them may be the only one to arrive"
            );
        }
    }
}

#[test]
fn an_emergency_stop_pressed_before_the_welcome_is_sent_with_the_first_command() {
    let settings = LoopSettings::default();
    let mut console =
        Console::new(&settings, &PSK, CONSOLE_START, &kinds(&arms())).expect("four arms");
    let stop = HandInput {
        stop_pressed: true,
        ..STILL()
    };
    console.tick(0, &stop);
    let welcome = Handshake::of(&arms(), &settings).welcome;
    assert_eq!(console.receive(0, PathId::A, &welcome), Accepted);
    assert!(open(&sent(&mut console, MS, &STILL()).expect("due")).stop);
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
    let mut forged = seal_status(&status(11, 6), &KEYS.status);
    forged[60] ^= 1;
    assert_eq!(console.receive(0, PathId::B, &forged), Forged);
    let under_other_key = seal_status(&status(11, 6), &KEYS.command);
    assert_eq!(console.receive(0, PathId::B, &under_other_key), Forged);
    assert_eq!(console.receive(0, PathId::B, &forged[..99]), Malformed);
    assert_eq!(console.receive(0, PathId::B, &[]), Malformed);
    let own = sent(&mut console.clone(), 0, &STILL()).expect("due").bytes;
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
    let frame = |number| seal_status(&status(number, 0), &KEYS.status);
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
            sent(console, 0, &STILL());
        }),
        ("the pedal down", &|console| {
            hear(console, &status(1, 5));
            sent(console, 0, &with_pedal(true, STILL()));
        }),
        ("a stop pressed", &|console| {
            sent(
                console,
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
            sent(console, 0, &with_pedal(true, STILL()));
            sent(console, MS, &hands_at(x_m, 0.0, 0.0));
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
        ..status(0, 3)
    };
    assert_eq!(hear(&mut told, &nothing), Accepted);
    assert!(
        digest(&silent) != digest(&told),
        "the engagement number is another"
    );
}

/// A surgeon's half second at a console whose clock shows true time shifted by this.
fn sent_at(offset_ns: u64) -> Vec<[Option<Vec<u8>>; PATHS]> {
    let mut console = Console::new(
        &LoopSettings::default(),
        &PSK,
        CONSOLE_START,
        &kinds(&arms()),
    )
    .expect("the settings are possible");
    let mut robot = control_loop::Robot::new(&arms(), &LoopSettings::default(), &PSK, ROBOT_START)
        .expect("the settings are possible");
    let sensed = common::at_home(&arms());
    let mut all = Vec::new();
    for ms in 0..500 {
        let input = with_pedal((50..150).contains(&ms), moving(ms));
        let outgoing = console.tick(ms * MS + offset_ns, &input);
        for (path, command) in PathId::ALL.into_iter().zip(&outgoing.paths) {
            for datagram in outgoing.hello.iter().chain(command) {
                robot.receive(ms * MS, path, datagram.as_ref());
            }
        }
        let output = robot.tick(ms * MS, &sensed);
        for frame in output.welcome.iter().map(|frame| &frame[..]) {
            console.receive(ms * MS + offset_ns, PathId::A, frame);
        }
        for frame in output.status.iter().map(|frame| &frame[..]) {
            console.receive(ms * MS + offset_ns, PathId::A, frame);
        }
        all.push(
            outgoing
                .paths
                .map(|path| path.map(|frame| frame.as_ref().to_vec())),
        );
    }
    all
}

#[test]
fn what_is_sent_is_the_same_bit_for_bit_whatever_the_clock_shows() {
    let sent = sent_at(0);
    assert!(sent.iter().filter(|paths| paths[0].is_some()).count() > 200);
    for offset_ns in [1, 7 * MS, 86_400_000 * MS, u64::MAX - 1_000 * MS] {
        assert_eq!(sent_at(offset_ns), sent, "{offset_ns}");
    }
}

#[test]
fn a_clock_that_is_set_back_delays_neither_command_nor_greeting_nor_second_copy() {
    let settings = LoopSettings {
        stagger_ns: 6 * MS,
        ..LoopSettings::default()
    };
    for back_ms in [1, 5, 500, 9_000, 3_600_000] {
        let mut console = console_with(&settings);
        let start_ms = 4_000_000;
        let count = |console: &mut Console, from_ms: u64, path: usize| {
            (from_ms..from_ms + 100)
                .filter(|ms| console.tick(ms * MS, &moving(*ms)).paths[path].is_some())
                .count()
        };
        count(&mut console, start_ms, 0);
        let set_back_ms = start_ms + 100 - back_ms;
        assert!(
            count(&mut console.clone(), set_back_ms, 0) >= 49,
            "{back_ms}"
        );
        assert!(count(&mut console, set_back_ms, 1) >= 46, "{back_ms}");
        // Nothing is heard: it greets after the usual silence, by the clock as it is now.
        let greets_ms = (set_back_ms + 100..set_back_ms + 2_200)
            .find(|ms| console.tick(ms * MS, &moving(*ms)).hello.is_some());
        let silence_ms = greets_ms.map_or(u64::MAX, |ms| ms - set_back_ms);
        assert!(silence_ms <= 1_002, "{back_ms}: {silence_ms} ms");
    }
}
