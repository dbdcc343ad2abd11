//! How long the robot end takes for one tick of four arms that follow, and for judging one frame,
//! decryption included (the console that feeds it runs in the set-up); and the kinematics under both.

use benches::casablanca_shanghai;
use control_loop::{
    Console, ConsoleStart, Hand, HandInput, PathId, PresharedKey, Robot, RobotLoop, RobotStart,
    Sensed, State,
};
use criterion::{Criterion, criterion_group, criterion_main};
use robot_model::{ArmKind, MAX_ARMS, Pose};

const TICK_NS: u64 = 1_000_000;

/// Both ends joined without delay, with hands that circle.
struct Joined {
    console: Console,
    robot: Robot,
    sensed: Sensed,
    tick: u64,
    newest_frame: Vec<u8>,
    /// The robot as it was before the newest frame.
    before_receiving: Robot,
    state: State,
}

impl Joined {
    fn new() -> Self {
        let operation = casablanca_shanghai();
        let psk = PresharedKey([1; 32]);
        let console = ConsoleStart {
            stamp: 1,
            nonce: [2; 16],
        };
        let robot = RobotStart {
            epoch: 1,
            nonce: [3; 16],
        };
        let kinds: Vec<ArmKind> = operation.arms.iter().map(|arm| arm.kind).collect();
        let settings = &operation.control_loop;
        let mut sensed = Sensed {
            joints: [[0.0; 7]; MAX_ARMS],
        };
        for (joints, arm) in sensed.joints.iter_mut().zip(&operation.arms) {
            *joints = arm.home;
        }
        let robot = Robot::new(&operation.arms, settings, &psk, robot).expect("valid settings");
        Self {
            before_receiving: robot.clone(),
            console: Console::new(settings, &psk, console, &kinds).expect("valid settings"),
            robot,
            sensed,
            tick: 0,
            newest_frame: Vec::new(),
            state: State::Idle,
        }
    }

    fn receive_from_console(&mut self) {
        self.tick += 1;
        let angle = self.tick as f64 * 5e-3;
        let pose = Pose::translation(0.03 * triangle(angle), 0.03 * triangle(angle + 1.0), 0.0);
        let hand = |arm| Hand {
            pose,
            jaw_rad: 0.3,
            arm: Some(arm),
        };
        // All four arms move: the two that no hand holds are still coming to rest.
        let swapped = 2 * usize::from(self.tick % 200 >= 100);
        let hands = HandInput {
            hands: [hand(swapped), hand(swapped + 1)],
            clutch_pressed: (100..300).contains(&self.tick),
            camera_pressed: false,
            stop_pressed: false,
        };
        let outgoing = self.console.tick(self.now_ns(), &hands);
        for datagram in outgoing.hello.iter().chain(&outgoing.paths[0]) {
            self.newest_frame = datagram.as_ref().to_vec();
            self.before_receiving = self.robot.clone();
            self.robot
                .receive(self.now_ns(), PathId::A, &self.newest_frame);
        }
    }

    fn tick_robot(&mut self) {
        let output = self.robot.tick(self.now_ns(), &self.sensed);
        self.sensed.joints = output.set_points;
        self.state = output.state;
        if let Some(welcome) = &output.welcome {
            self.console.receive(self.now_ns(), PathId::A, welcome);
        }
        if let Some(status) = &output.status {
            self.console.receive(self.now_ns(), PathId::A, status);
        }
    }

    fn now_ns(&self) -> u64 {
        self.tick * TICK_NS
    }
}

/// A triangle wave: the hands only have to move.
fn triangle(angle: f64) -> f64 {
    let turn = angle / core::f64::consts::TAU;
    let saw = turn - turn.floor();
    if saw < 0.5 {
        4.0 * saw - 1.0
    } else {
        3.0 - 4.0 * saw
    }
}

fn control_tick(c: &mut Criterion) {
    let mut joined = Joined::new();
    while joined.tick < 1_500 {
        joined.receive_from_console();
        joined.tick_robot();
    }
    assert_eq!(
        joined.state,
        State::Following,
        "the bench must measure arms that move"
    );
    c.bench_function("control_tick/four arms, two followed at a time", |b| {
        b.iter_custom(|iterations| {
            let mut spent = std::time::Duration::ZERO;
            for _ in 0..iterations {
                joined.receive_from_console();
                #[expect(clippy::disallowed_methods, reason = "a bench measures time")]
                let began = std::time::Instant::now();
                joined.tick_robot();
                spent += began.elapsed();
            }
            spent
        });
    });

    // Both copies of each command, as they come: the first is accepted, the second is a duplicate.
    c.bench_function("receive/one datagram, decryption included", |b| {
        b.iter_custom(|iterations| {
            let (mut spent, mut received) = (std::time::Duration::ZERO, 0);
            while received < iterations {
                let before = joined.newest_frame.clone();
                joined.receive_from_console();
                if joined.newest_frame != before {
                    let (now_ns, frame) = (joined.now_ns(), joined.newest_frame.clone());
                    joined.robot = joined.before_receiving.clone();
                    for path in PathId::ALL {
                        #[expect(clippy::disallowed_methods, reason = "a bench measures time")]
                        let began = std::time::Instant::now();
                        joined.robot.receive(now_ns, path, &frame);
                        spent += began.elapsed();
                        received += 1;
                    }
                }
                joined.tick_robot();
            }
            spent
        });
    });
}

fn kinematics(c: &mut Criterion) {
    let arm = casablanca_shanghai().arms[0];
    let tip = arm.tip_pose(&arm.home);
    c.bench_function("kinematics/forward", |b| {
        b.iter(|| arm.tip_pose(std::hint::black_box(&arm.home)));
    });
    c.bench_function("kinematics/inverse", |b| {
        b.iter(|| arm.inverse(std::hint::black_box(&tip), &arm.home));
    });
}

criterion_group!(benches, control_tick, kinematics);
criterion_main!(benches);
