//! Sessions and the attacker on the path: who is heard, after which restart, and what a flood does.

mod common;

use common::{
    CONSOLE_START, Disturbance, Handshake, KEYS, MS, Network, PSK, ROBOT_START, World, arms,
    at_home, kinds, moving, surgeon, surgeon_again, with_pedal,
};
use control_loop::frame::{Hello, seal_command, seal_hello};
use control_loop::{
    Console, ConsoleStart, LoopSettings, PATHS, PathHealth, PathId, PresharedKey, Robot, RobotLoop,
    RobotStart, State, Verdict,
};

use PathId::{A, B};

/// A console after a restart.
fn another_console(world: &World) -> Console {
    let start = ConsoleStart {
        stamp: CONSOLE_START.stamp + 65_536,
        nonce: [0x66; 16],
    };
    Console::new(&world.settings, &PSK, start, &kinds(&world.arms)).expect("four arms")
}

/// A robot after a restart.
fn another_robot(world: &World) -> Robot {
    let start = RobotStart {
        epoch: ROBOT_START.epoch + 1_000,
        nonce: [0x77; 16],
    };
    Robot::new(&world.arms, &world.settings, &PSK, start).expect("possible settings")
}

// ---------------------------------------------------------------------------------------- restarts

#[test]
fn a_handshake_over_the_real_paths_leads_to_following() {
    let mut world = World::new(Network::good());
    world.robot = Robot::new(&arms(), &world.settings, &PSK, ROBOT_START).expect("possible");
    world.console = another_console(&world);
    world.run(600, |ms| with_pedal((100..200).contains(&ms), moving(ms)));
    assert_eq!(world.state(), State::Following);
    // Hello 20 ms, welcome 20 ms, and the first command 20 ms; one epoch from the robot's start.
    assert_eq!(world.enters(State::Aligning, 0), 61);
    assert_eq!(world.console.epoch(), Some(ROBOT_START.epoch));
}

#[test]
fn a_console_that_restarts_begins_a_new_epoch_and_needs_a_gesture() {
    let mut world = World::new(Network::good());
    world.run(600, surgeon);
    assert_eq!(world.state(), State::Following);
    world.console = another_console(&world);
    world.run(1_400, moving);
    assert_eq!(world.console.epoch(), Some(ROBOT_START.epoch + 1));
    assert_eq!(
        world.state(),
        State::Aligning,
        "it is heard, and nothing moves"
    );
    assert!(!world.moved(900..1_400));
    world.run(2_000, |ms| {
        with_pedal((1_450..1_550).contains(&ms), moving(ms))
    });
    assert_eq!(world.state(), State::Following);
}

#[test]
fn a_robot_that_restarts_is_greeted_again_and_needs_a_gesture() {
    let mut world = World::new(Network::good());
    world.run(600, surgeon);
    world.robot = another_robot(&world);
    world.run(1_500, surgeon);
    let dead = world.count(Verdict::WrongEpoch);
    assert!(
        dead > 800,
        "the old session's commands name an epoch without a key: {dead}"
    );
    world.run(2_000, surgeon);
    assert_eq!(world.console.epoch(), Some(ROBOT_START.epoch + 1_000));
    assert_eq!(world.state(), State::Aligning);
    assert!(
        !world.moved(650..2_000),
        "a new robot does not move by an old gesture"
    );
    world.run(2_600, |ms| {
        with_pedal((2_050..2_150).contains(&ms), moving(ms))
    });
    assert_eq!(world.state(), State::Following);
}

#[test]
fn every_start_has_keys_of_its_own_and_no_session_reads_another_ones_frames() {
    let settings = LoopSettings::default();
    let mut all_commands = Vec::new();
    for (stamp, epoch, nonce) in [(1, 1, 1), (1, 1, 2), (1, 2, 1), (2, 1, 1)] {
        let console = ConsoleStart {
            stamp,
            nonce: [1; 16],
        };
        let robot = RobotStart {
            epoch,
            nonce: [nonce; 16],
        };
        let mut console = Console::new(&settings, &PSK, console, &kinds(&arms())).expect("arms");
        let mut robot = Robot::new(&arms(), &settings, &PSK, robot).expect("possible");
        let hello = console.tick(0, &moving(0)).hello.expect("it greets");
        robot.receive(0, A, hello.as_ref());
        let welcome = robot
            .tick(0, &at_home(&arms()))
            .welcome
            .expect("it answers");
        console.receive(0, A, &welcome);
        let command = console.tick(0, &moving(0)).paths[0].expect("due");
        for other in &all_commands {
            let verdict = robot.receive(MS, B, AsRef::<[u8]>::as_ref(other));
            assert!(
                matches!(verdict, Verdict::Forged | Verdict::WrongEpoch),
                "{verdict:?}"
            );
        }
        assert_eq!(robot.receive(MS, A, command.as_ref()), Verdict::Accepted);
        all_commands.push(command);
    }
}

#[test]
fn an_offer_promises_nothing_the_present_session_goes_on_until_the_new_one_commands() {
    let mut world = World::new(Network::good());
    world.run(600, surgeon);
    let hello = another_console(&world)
        .tick(0, &moving(0))
        .hello
        .expect("it greets");
    world.disturbance.extra = vec![(610, A, hello.as_ref().to_vec())];
    world.run(1_200, surgeon);
    assert!(world.outputs[610].welcome.is_some(), "it is answered");
    assert_eq!(world.state(), State::Following, "and nobody notices");
    assert!(!world.course()[3..].contains(&State::Holding));
}

// -------------------------------------------------------------------------------------- the attacker

fn attacked(extra: Vec<(u64, PathId, Vec<u8>)>, until_ms: u64) -> World {
    let disturbance = Disturbance {
        extra,
        ..Disturbance::default()
    };
    let mut world = World::with(Network::good(), LoopSettings::default(), disturbance);
    world.run(until_ms, surgeon);
    world
}

fn plain(until_ms: u64) -> World {
    attacked(Vec::new(), until_ms)
}

/// The robot moves as it would without the attack, and is not blinded.
fn assert_unharmed(world: &World, plain: &World, name: &str) {
    assert_eq!(world.motion(), plain.motion(), "{name}");
    assert_eq!(world.states(), plain.states(), "{name}");
    assert_eq!(world.state(), State::Following, "{name}");
}

#[test]
fn a_replay_after_seconds_moves_nothing() {
    let plain = plain(3_000);
    for (from_ms, to_ms) in [(300, 600), (300, 2_000), (1_000, 1_001)] {
        let recorded = plain.sent.iter().filter(|(ms, _)| (200..500).contains(ms));
        let replay =
            recorded.flat_map(|(_, sent)| [A, B].map(|path| (to_ms, path, sent.bytes.to_vec())));
        let mut replay: Vec<_> = replay.collect();
        replay.retain(|(at_ms, ..)| *at_ms >= from_ms);
        assert_unharmed(&attacked(replay, 3_000), &plain, "a replay");
    }
}

#[test]
fn a_replay_of_a_whole_session_in_the_next_one_moves_nothing() {
    let first = plain(1_500);
    let mut world = World::new(Network::good());
    world.robot = another_robot(&world);
    world.console = another_console(&world);
    let replay = first
        .sent
        .iter()
        .flat_map(|(ms, sent)| [A, B].map(|path| (ms + 25, path, sent.bytes.to_vec())));
    // The hello and the welcome of that session are part of the recording.
    let Handshake { hello, welcome, .. } = Handshake::of(&arms(), &world.settings);
    let greetings = (0..1_500).step_by(50).map(|ms| (ms, B, hello.clone()));
    let welcomes = (0..1_500).step_by(50).map(|ms| (ms, A, welcome.clone()));
    world.disturbance.extra = replay.chain(greetings).chain(welcomes).collect();
    world.run(1_500, moving);
    assert!(
        world
            .course()
            .iter()
            .all(|state| matches!(state, State::Idle | State::Aligning))
    );
    assert!(
        !world.moved(0..1_500),
        "without a gesture of this session nothing moves"
    );
    assert!(world.count(Verdict::WrongEpoch) > 1_000, "blind");
    world.run(2_200, |ms| {
        with_pedal((1_550..1_650).contains(&ms), moving(ms))
    });
    assert_eq!(
        world.state(),
        State::Following,
        "and the console is heard all the same"
    );
}

#[test]
fn flipped_bits_truncation_and_strangers_move_nothing() {
    let plain = plain(1_500);
    let mut extra = Vec::new();
    for (number, (ms, sent)) in plain.sent.iter().enumerate() {
        let mut flipped = sent.bytes.to_vec();
        let bit = (number * 37) % (flipped.len() * 8);
        flipped[bit / 8] ^= 1 << (bit % 8);
        extra.push((ms + 19, A, flipped));
        extra.push((ms + 19, B, sent.bytes[..number % 132].to_vec()));
        let mut longer = sent.bytes.to_vec();
        longer.push(0);
        extra.push((ms + 19, B, longer));
        let stranger = seal_command(&sent.command, &[0x99; 32]).to_vec();
        extra.push((ms + 19, A, stranger));
    }
    assert_unharmed(&attacked(extra, 1_500), &plain, "alterations");
}

#[test]
fn statuses_and_welcomes_reflected_as_commands_move_nothing() {
    let plain = plain(1_500);
    let welcome = Handshake::of(&arms(), &LoopSettings::default()).welcome;
    let statuses = plain.outputs.iter().enumerate();
    let statuses = statuses.filter_map(|(ms, output)| Some((ms as u64 + 1, output.status?)));
    let extra = statuses.flat_map(|(ms, status)| {
        let mut dressed_up = status.to_vec();
        dressed_up[3] = 1;
        dressed_up.truncate(132);
        [
            (ms, A, status.to_vec()),
            (ms, B, dressed_up),
            (ms, A, welcome.clone()),
        ]
    });
    assert_unharmed(&attacked(extra.collect(), 1_500), &plain, "reflections");
}

#[test]
fn swapped_paths_move_nothing() {
    // What was sent on one path is delivered on the other, at its own time.
    let plain = plain(1_500);
    let mut swapped = Network::good();
    swapped.up.swap(0, 1);
    swapped.down.swap(0, 1);
    let mut world = World::new(swapped);
    world.run(1_500, surgeon);
    assert_eq!(world.motion(), plain.motion());
}

#[test]
fn a_recorded_hello_gets_an_answer_and_disturbs_no_session() {
    let plain = plain(1_500);
    let hello = Handshake::of(&arms(), &LoopSettings::default()).hello;
    let extra = (200..1_500).step_by(7).map(|ms| (ms, B, hello.clone()));
    let world = attacked(extra.collect(), 1_500);
    assert_unharmed(&world, &plain, "a recorded hello");
    assert!(world.count(Verdict::Greeting) > 100);
}

/// Garbage in every shape that costs the robot something: random bytes, frames with a proper header, and
/// hellos that were never sealed.
fn garbage(number: u64, now_ms: u64, plain: &World) -> Vec<u8> {
    let mut dice = common::Dice(number ^ (now_ms << 20));
    let noise = |length: usize, dice: &mut common::Dice| -> Vec<u8> {
        (0..length).map(|_| dice.next() as u8).collect()
    };
    let newest = plain.sent.iter().rev().find(|(ms, _)| *ms <= now_ms);
    match number % 4 {
        0 => {
            let length = dice.below(200) as usize;
            noise(length, &mut dice)
        }
        1 | 2 => {
            let mut bytes = newest.map_or(vec![0; 132], |(_, sent)| sent.bytes.to_vec());
            let sealed = noise(bytes.len() - 16, &mut dice);
            bytes[16..].copy_from_slice(&sealed);
            bytes
        }
        _ => {
            let hello = Hello {
                stamp: dice.next(),
                console_nonce: [0; 16],
            };
            seal_hello(&hello, &[0; 32]).to_vec()
        }
    }
}

fn flooded(per_ms: u64, paths: &[PathId]) -> (World, World) {
    let plain = plain(1_200);
    let mut extra = Vec::new();
    for ms in 0..1_200 {
        for number in 0..per_ms {
            let path = paths[(number % paths.len() as u64) as usize];
            extra.push((ms, path, garbage(number, ms, &plain)));
        }
    }
    (attacked(extra, 1_200), plain)
}

#[test]
fn a_flood_of_a_hundred_thousand_datagrams_a_second_neither_moves_nor_blinds_the_robot() {
    for paths in [&[A][..], &[B], &[A, B]] {
        let (world, plain) = flooded(100, paths);
        assert!(world.verdicts.len() > 120_000);
        assert_unharmed(&world, &plain, "a flood");
    }
}

#[test]
fn a_flood_beyond_the_budget_on_one_path_is_dropped_and_counted_and_the_other_path_suffices() {
    // The garbage of a tick comes before the command: path A is deaf, and the robot works on.
    let (world, _) = flooded(1_000, &[A]);
    assert!(world.count(Verdict::Flooded) > 100_000);
    assert_eq!(world.state(), State::Following);
    let settings = LoopSettings::default();
    let opened = |verdict: &Verdict| !matches!(verdict, Verdict::Malformed | Verdict::Flooded);
    for ms in 0..1_200 {
        let verdicts = world.verdicts.iter().filter(|(at_ms, _)| *at_ms == ms);
        let work = verdicts.filter(|(_, verdict)| opened(verdict)).count();
        assert!(
            work <= PATHS * (settings.frames_per_tick as usize + 64),
            "{ms} ms: {work}"
        );
    }
    let last = world.outputs.last().expect("it ran");
    assert_eq!(
        last.paths,
        [PathHealth::Silent, PathHealth::Working],
        "and it is told"
    );
}

#[test]
fn the_budget_of_a_path_is_whole_again_in_the_next_tick() {
    let Handshake { mut robot, .. } = Handshake::of(&arms(), &LoopSettings::default());
    let most = LoopSettings::default().frames_per_tick;
    let garbage = seal_hello(
        &Hello {
            stamp: 1,
            console_nonce: [0; 16],
        },
        &[0; 32],
    );
    for ms in 1..4 {
        for _ in 0..most {
            assert_eq!(robot.receive(ms * MS, A, &garbage), Verdict::Forged);
        }
        assert_eq!(robot.receive(ms * MS, A, &garbage), Verdict::Flooded);
        assert_eq!(
            robot.receive(ms * MS, B, &garbage),
            Verdict::Forged,
            "the other path"
        );
        robot.tick(ms * MS, &at_home(&arms()));
    }
}

#[test]
fn a_burst_of_old_copies_takes_no_work_from_the_newest_command_behind_it() {
    // Path A is clogged for 830 ms while B goes on; when it opens, 415 frames come in one tick.
    let mut network = Network::good();
    let frames = 20_000 / 2;
    network.up[0].delays_ms = (0..frames)
        .map(|frame| {
            let sent_ms = 2 * frame;
            let clogged = (700..1_530).contains(&sent_ms);
            Some(if clogged { 1_530 - sent_ms + 20 } else { 20 })
        })
        .collect();
    let mut world = World::new(network);
    world.run(2_200, surgeon);
    let at_the_end = |verdict: Verdict| {
        let mut verdicts = world.verdicts.iter();
        verdicts.any(|(ms, each)| (1_550..1_552).contains(ms) && *each == verdict)
    };
    assert!(at_the_end(Verdict::Flooded), "blind: the burst was small");
    assert!(at_the_end(Verdict::Accepted), "the newest of them is heard");
    assert_eq!(world.state(), State::Following);
}

#[test]
fn delay_chosen_by_an_attacker_is_a_delay_and_no_more() {
    // Every command of one path is held back for as long as it is still fresh.
    let plain = plain(2_000);
    let mut network = Network::good();
    network.up[0].delays_ms = vec![Some(470)];
    let mut world = World::new(network);
    world.run(2_000, surgeon);
    assert_eq!(world.state(), State::Following);
    assert!(
        world.count(Verdict::Stale) + world.count(Verdict::Duplicate) > 500,
        "blind"
    );
    assert_ne!(
        world.motion(),
        plain.motion(),
        "the other path is slower by 15 ms"
    );
    let applied = world.outputs.iter().filter_map(|output| output.applied);
    let sequences: Vec<u64> = applied.map(|applied| applied.sequence).collect();
    assert!(sequences.is_sorted_by(|a, b| a < b));
}

#[test]
fn a_console_with_another_pre_shared_key_gets_no_session() {
    let settings = LoopSettings::default();
    let mut robot = Robot::new(&arms(), &settings, &PSK, ROBOT_START).expect("possible");
    let stranger = PresharedKey([0x12; 32]);
    let mut console =
        Console::new(&settings, &stranger, CONSOLE_START, &kinds(&arms())).expect("arms");
    let hello = console.tick(0, &moving(0)).hello.expect("it greets");
    assert_eq!(robot.receive(0, A, hello.as_ref()), Verdict::Forged);
    assert_eq!(robot.tick(0, &at_home(&arms())).welcome, None);
}

#[test]
fn one_kept_command_of_the_right_key_does_not_outlive_its_half_second() {
    let first = plain(700);
    let kept = first.sent.last().expect("many").1;
    assert_eq!(kept.bytes, seal_command(&kept.command, &KEYS.command));
    let mut world = World::new(Network::good().cut(690..9_999));
    world.disturbance.extra = vec![(1_300, A, kept.bytes.to_vec())];
    world.run(1_400, surgeon_again(9_999));
    assert_eq!(
        world.verdicts.last().map(|(_, verdict)| *verdict),
        Some(Verdict::Stale)
    );
}

#[test]
fn a_session_whose_commands_were_all_lost_for_longer_than_the_forward_jump_still_begins() {
    // The welcome came through, and then nothing for 10.8 s: the first command to arrive leads its session by
    // more than the forward jump of 10 s.
    let mut world = World::new(Network::good().cut(0..10_805));
    world.run(12_500, |ms| {
        with_pedal((11_300..11_400).contains(&ms), moving(ms))
    });
    let first = world.verdicts.iter().find(|(ms, _)| *ms >= 10_805);
    assert_eq!(
        first,
        Some(&(10_826, Verdict::Stale)),
        "it echoes the welcome"
    );
    assert!(
        world
            .verdicts
            .iter()
            .all(|(_, verdict)| *verdict != Verdict::Jump)
    );
    assert_eq!(world.state(), State::Following);
}
