//! What the robot tells of itself: its digest and its status.

mod common;

use common::{KEYS, MS, Network, World, digest, held, surgeon, surgeon_again};
use control_loop::admission::Verdict;
use control_loop::frame::{Command, seal_command};
use control_loop::{PathId, RobotLoop, State};
use nalgebra::UnitQuaternion;

use State::Following;

/// A robot in an arm's length of following, and the command that follows next.
fn following_robot() -> (World, Command) {
    let mut world = World::new(Network::good());
    world.run(600, surgeon);
    assert_eq!(world.state(), Following);
    let newest = world.sent.last().expect("many were sent").1.command;
    (
        world,
        Command {
            sequence: newest.sequence + 100,
            ..newest
        },
    )
}

#[test]
fn the_digest_differs_wherever_a_later_output_can_differ() {
    let (world, next) = following_robot();
    let after = |command: &Command| {
        let mut robot = world.robot.clone();
        let verdict = robot.receive(600 * MS, PathId::A, &seal_command(command, &KEYS.command));
        assert_eq!(verdict, Verdict::Accepted);
        digest(&robot)
    };
    assert_eq!(after(&next), after(&next));
    let mut moved = next;
    moved.hands[1]
        .as_mut()
        .expect("it holds")
        .motion
        .translation
        .vector
        .x += 1e-6;
    let mut turned = next;
    turned.hands[1].as_mut().expect("it holds").motion.rotation *=
        UnitQuaternion::from_euler_angles(0.0, 0.0, 1e-6);
    let mut opened = next;
    opened.hands[1].as_mut().expect("it holds").jaw_rad += 1e-5;
    let mut gripped = next;
    gripped.hands[1].as_mut().expect("it holds").grip += 1;
    let mut swapped = next;
    swapped.hands[1].as_mut().expect("it holds").arm = 1;
    let cases = [
        ("another motion", moved),
        ("another turn", turned),
        ("another jaw", opened),
        ("another grip", gripped),
        ("another arm", swapped),
        (
            "the pedal down",
            Command {
                engaged: false,
                ..next
            },
        ),
        ("a stop", Command { stop: true, ..next }),
        ("another clutch number", Command { clutch: 2, ..next }),
        (
            "another echo",
            Command {
                echo_ns: next.echo_ns - 1,
                ..next
            },
        ),
        (
            "another sequence",
            Command {
                sequence: next.sequence + 1,
                ..next
            },
        ),
    ];
    for (name, command) in cases {
        assert!(after(&command) != after(&next), "{name}");
    }
}

#[test]
fn the_digest_differs_with_the_time_of_a_command_and_with_each_tick() {
    let (world, next) = following_robot();
    let bytes = seal_command(&next, &KEYS.command);
    let at = |now_ns: u64| {
        let mut robot = world.robot.clone();
        robot.receive(now_ns, PathId::A, &bytes);
        digest(&robot)
    };
    assert!(at(600 * MS) != at(600 * MS + 1));
    // Behind a newer frame that was stale, only the time of acceptance tells the two apart.
    let newer = Command {
        sequence: next.sequence + 1,
        echo_ns: 0,
        ..next
    };
    let stale = seal_command(&newer, &KEYS.command);
    let accepted_at = |now_ns: u64| {
        let mut robot = world.robot.clone();
        robot.receive(600 * MS, PathId::A, &stale);
        let verdict = robot.receive(now_ns, PathId::A, &bytes);
        assert_eq!(verdict, Verdict::Accepted);
        robot.receive(602 * MS, PathId::A, &bytes);
        digest(&robot)
    };
    assert!(accepted_at(600 * MS) != accepted_at(601 * MS));
    let mut robot = world.robot.clone();
    let before = digest(&robot);
    robot.tick(600 * MS, &world.sensed);
    assert!(digest(&robot) != before);
}

#[test]
fn statuses_say_what_the_robot_is_and_leave_at_their_interval() {
    let mut world = World::new(held());
    world.run(1_300, surgeon_again(1_000));
    let mut number = 0;
    for (ms, output) in world.outputs.iter().enumerate() {
        // A session begins at the robot with the first command that arrives.
        assert_eq!(output.status.is_some(), ms >= 20 && ms % 2 == 0, "{ms} ms");
        let Some(bytes) = output.status else { continue };
        number += 1;
        let status = control_loop::frame::open_status(&bytes, &KEYS.status).expect("sealed for us");
        assert_eq!(status.sequence, number);
        assert_eq!(status.epoch, 1);
        assert_eq!(status.robot_time_ns, ms as u64 * MS);
        assert_eq!(
            (status.state, status.engagement),
            (output.state, output.engagement)
        );
        assert_eq!((status.paths, status.fault), (output.paths, output.fault));
        let judged: u32 = status.verdicts.iter().flatten().sum();
        let arrived = world
            .verdicts
            .iter()
            .filter(|(at_ms, _)| *at_ms <= ms as u64)
            .count();
        assert_eq!(judged as usize, arrived + 1, "the greeting came before");
        let followed = if ms < 180 {
            0
        } else if ms < 1_120 {
            1
        } else {
            2
        };
        assert_eq!(status.clutch, followed, "{ms} ms");
    }
}
