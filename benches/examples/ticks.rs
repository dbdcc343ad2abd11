//! Both ends of the loop for a number of ticks, through every state but a fault: what
//! `tools/instruction_count.sh` counts the instructions of.
//!
//! `cargo run --release -p benches --example ticks -- 3000`

use benches::casablanca_shanghai;
use control_loop::{
    Console, ConsoleStart, Hand, HandInput, PathId, PresharedKey, Robot, RobotLoop, RobotStart,
    Sensed, TickOutput, Verdict,
};
use robot_model::{ArmKind, MAX_ARMS, Pose};

const TICK_NS: u64 = 1_000_000;

/// One tick of the robot end: never inlined, so that its instructions can be told from the rest.
#[inline(never)]
fn robot_tick(robot: &mut Robot, now_ns: u64, sensed: &Sensed) -> TickOutput {
    robot.tick(now_ns, sensed)
}

/// One datagram at the robot end, decryption included.
#[inline(never)]
fn robot_receive(robot: &mut Robot, now_ns: u64, path: PathId, bytes: &[u8]) -> Verdict {
    robot.receive(now_ns, path, bytes)
}

fn main() {
    let ticks: u64 = std::env::args()
        .nth(1)
        .and_then(|text| text.parse().ok())
        .unwrap_or(3_000);
    let operation = casablanca_shanghai();
    let settings = &operation.control_loop;
    let kinds: Vec<ArmKind> = operation.arms.iter().map(|arm| arm.kind).collect();
    let psk = PresharedKey([1; 32]);
    let start = ConsoleStart {
        stamp: 1,
        nonce: [2; 16],
    };
    let mut console = Console::new(settings, &psk, start, &kinds).expect("valid settings");
    let start = RobotStart {
        epoch: 1,
        nonce: [3; 16],
    };
    let mut robot = Robot::new(&operation.arms, settings, &psk, start).expect("valid settings");
    let mut sensed = Sensed {
        joints: [[0.0; 7]; MAX_ARMS],
    };
    for (joints, arm) in sensed.joints.iter_mut().zip(&operation.arms) {
        *joints = arm.home;
    }
    let mut states = [0_u64; 7];
    for tick in 0..ticks {
        let now_ns = tick * TICK_NS;
        let outgoing = console.tick(now_ns, &input(tick));
        // Every three seconds nothing gets through for 0.3 s: coasting, a hold, and a gesture.
        let is_cut = (2_000..2_300).contains(&(tick % 3_000));
        for (path, frame) in PathId::ALL.into_iter().zip(&outgoing.paths) {
            for datagram in outgoing.hello.iter().chain(frame) {
                if !is_cut {
                    robot_receive(&mut robot, now_ns, path, datagram.as_ref());
                }
            }
        }
        let output = robot_tick(&mut robot, now_ns, &sensed);
        sensed.joints = output.set_points;
        states[output.state as usize] += 1;
        if let Some(welcome) = &output.welcome {
            console.receive(now_ns, PathId::A, welcome);
        }
        if let Some(status) = output.status.as_ref().filter(|_| !is_cut) {
            console.receive(now_ns, PathId::A, status);
        }
    }
    println!("{ticks} ticks; in each state: {states:?}");
}

/// Hands that strike about and change arms, with a gesture at the start and after each hold.
fn input(tick: u64) -> HandInput {
    let t = tick as f64 * 1e-3;
    let pose = Pose::from_parts(
        nalgebra::Translation3::new(
            0.08 * libm::sin(6.0 * t),
            0.05 * libm::sin(5.0 * t),
            0.03 * libm::sin(7.0 * t),
        ),
        nalgebra::UnitQuaternion::from_euler_angles(
            0.4 * libm::sin(3.0 * t),
            0.0,
            libm::sin(4.0 * t),
        ),
    );
    let hand = |arm| Hand {
        pose,
        jaw_rad: 0.5 + 0.5 * libm::sin(2.0 * t),
        arm: Some(arm),
    };
    let swapped = 2 * usize::from(tick % 700 >= 350);
    let phase = tick % 3_000;
    HandInput {
        hands: [hand(swapped), hand(swapped + 1)],
        clutch_pressed: (100..200).contains(&tick) || (2_500..2_600).contains(&phase),
        camera_pressed: (1_200..1_500).contains(&phase),
        stop_pressed: false,
    }
}
