//! Nothing in the loop allocates, whatever comes in.

mod common;

use common::{
    CONSOLE_START, Handshake, MS, PSK, ROBOT_START, arms, at_home, kinds, moving, with_pedal,
};
use control_loop::{Console, HandInput, LoopSettings, PathId, Robot, RobotLoop, State, TickOutput};

fn allocations(work: impl FnMut()) -> u64 {
    allocation_counter::measure(work).count_total
}

#[test]
fn the_counter_counts() {
    assert!(allocations(|| drop(std::hint::black_box(vec![1_u8; 100]))) > 0);
}

#[test]
fn neither_end_ever_allocates_from_the_greeting_to_the_emergency_stop() {
    let (arms, settings) = (arms(), LoopSettings::default());
    let kinds = kinds(&arms);
    let mut console = None;
    let mut robot = None;
    let made = allocations(|| {
        console = Console::new(&settings, &PSK, CONSOLE_START, &kinds).ok();
        robot = Robot::new(&arms, &settings, &PSK, ROBOT_START).ok();
    });
    assert_eq!(made, 0, "making them");
    let (mut console, mut robot) = (console.expect("a console"), robot.expect("a robot"));
    let mut sensed = at_home(&arms);
    let mut states = [false; State::ALL.len()];
    for ms in 0..4_000 {
        let input = HandInput {
            camera_pressed: (1_500..1_800).contains(&ms),
            stop_pressed: ms > 3_800,
            ..with_pedal(
                (60..160).contains(&ms) || (2_600..2_700).contains(&ms),
                moving(ms),
            )
        };
        let now_ns = ms * MS;
        let cut = (2_000..2_300).contains(&ms);
        let mut output: Option<TickOutput> = None;
        let count = allocations(|| {
            let outgoing = console.tick(now_ns, &input);
            for (path, frame) in PathId::ALL.into_iter().zip(&outgoing.paths) {
                for datagram in outgoing.hello.iter().chain(frame) {
                    if !cut {
                        robot.receive(now_ns, path, datagram.as_ref());
                        robot.receive(now_ns, path, &datagram.as_ref()[1..]);
                    }
                }
            }
            let told = robot.tick(now_ns, &sensed);
            for path in PathId::ALL {
                if let Some(welcome) = &told.welcome {
                    console.receive(now_ns, path, welcome);
                }
                if let (Some(status), false) = (&told.status, cut) {
                    console.receive(now_ns, path, status);
                }
            }
            output = Some(told);
        });
        assert_eq!(count, 0, "{ms} ms");
        let output = output.expect("a tick");
        sensed.joints = output.set_points;
        states[output.state as usize] = true;
        if ms == 3_500 {
            robot.acknowledge();
        }
    }
    for state in [
        State::Idle,
        State::Aligning,
        State::Following,
        State::Coasting,
        State::Holding,
        State::Stopped,
    ] {
        assert!(states[state as usize], "blind: never {}", state.name());
    }
}

#[test]
fn garbage_and_floods_do_not_allocate() {
    let Handshake { mut robot, .. } = Handshake::of(&arms(), &LoopSettings::default());
    let home = at_home(&arms());
    let mut dice = common::Dice(5);
    for ms in 1..200 {
        let length = dice.below(300) as usize;
        let bytes: Vec<u8> = (0..length).map(|_| dice.next() as u8).collect();
        let count = allocations(|| {
            for _ in 0..1_000 {
                robot.receive(ms * MS, PathId::A, &bytes);
            }
            robot.tick(ms * MS, &home);
        });
        assert_eq!(count, 0, "{ms} ms");
    }
}
