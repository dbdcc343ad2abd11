//! One arm on a bench: a loop that follows a console, the sealed frames that the console would send next, and the
//! judges.

use control_loop::frame::{self, Command, HandCommand};
use control_loop::session::open_hello;
use control_loop::{
    COMMAND_BYTES, Console, ConsoleStart, Hand, HandInput, LoopSettings, PathId, PresharedKey,
    RobotStart, Sensed, SessionKeys, State, TickOutput,
};
use robot_model::{Arm, ArmKind, JointVector, MAX_ARMS, MAX_JOINTS, Pose};
use safety::{Id, ROUNDING, Thresholds};
use sim::{HostedLoop, LoopFactory, LoopSetup, Operation};

use super::{Exercised, ExhaustError, Scale, name_of};

/// How fast the hand moves: slower than the robot's limit at the scale of the loop. Assumed.
const HAND_M_S: f64 = 0.1;

/// Ticks within which the loop must follow over a perfect network.
const PRELUDE_TICKS: u64 = 120;

/// Ticks that it has then followed, so that the arm is at speed.
const AT_SPEED_TICKS: u64 = 70;

/// The loop at speed, and all that is needed to go on.
pub(super) struct BenchTop {
    pub(super) scale: Scale,
    pub(super) frames: usize,
    /// When the first frame is made, ns.
    pub(super) start_ns: u64,
    pub(super) start: Situation,
    first_sequence: u64,
    /// By frame, then by engagement number above that at the start.
    sealed: Vec<Vec<[u8; COMMAND_BYTES]>>,
    arm: Arm,
    thresholds: Thresholds,
}

/// The loop and what its judges remember.
#[derive(Clone)]
pub(super) struct Situation {
    pub(super) robot: Box<dyn HostedLoop>,
    pub(super) seen: Seen,
}

/// What the judges remember.
#[derive(Clone, Copy)]
pub(super) struct Seen {
    /// The newest set-points first.
    pub(super) set_points: [JointVector; 3],
    pub(super) engagement: u32,
    newest_applied: (u32, u64),
    /// The clutch number that was followed.
    clutch: u32,
    /// It, when the present or the last hold began and nothing was followed since.
    held_clutch: Option<u32>,
}

impl BenchTop {
    /// The first arm of the operation, at speed.
    pub(super) fn new(
        operation: &Operation,
        scale: Scale,
        frames: usize,
        make_loop: &LoopFactory,
    ) -> Result<Self, ExhaustError> {
        let settings = scaled(&operation.control_loop, scale);
        let arms = &operation.arms[..1];
        let psk = PresharedKey([0x5a; 32]);
        let robot_start = RobotStart {
            epoch: 1,
            nonce: [2; 16],
        };
        let setup = LoopSetup {
            arms,
            settings: &settings,
            psk: &psk,
            start: robot_start,
        };
        let mut robot = make_loop(setup).map_err(ExhaustError::Loop)?;
        let console_start = ConsoleStart {
            stamp: 1,
            nonce: [1; 16],
        };
        let mut console = Console::new(&settings, &psk, console_start, &[ArmKind::Instrument])
            .map_err(ExhaustError::Loop)?;
        let mut console_nonce = console_start.nonce;

        let mut joints = arms[0].home;
        let mut keys: Option<(u32, [u8; 32])> = None;
        let mut set_points = [joints; 3];
        let mut followed = 0;
        let mut sequence = 0;
        let mut engagement = 0;
        let mut newest_applied = (0, 0);
        for tick in 0..PRELUDE_TICKS + AT_SPEED_TICKS {
            let now_ns = tick * scale.tick_ns;
            // The real console greets; its commands are then made here, so that they can be made beforehand.
            let still = Hand {
                pose: Pose::identity(),
                jaw_rad: 0.3,
                arm: None,
            };
            let input = HandInput {
                hands: [still; 2],
                clutch_pressed: false,
                camera_pressed: false,
                stop_pressed: false,
            };
            if keys.is_none()
                && let Some(hello) = &console.tick(now_ns, &input).hello
            {
                if let Ok(opened) = open_hello(&psk, hello.as_ref()) {
                    console_nonce = opened.console_nonce;
                }
                robot.receive(now_ns, PathId::A, hello.as_ref());
            }
            if let Some((epoch, key)) = &keys {
                sequence += 1;
                let command = Command {
                    epoch: *epoch,
                    sequence,
                    echo_ns: now_ns - scale.tick_ns,
                    engagement,
                    clutch: u32::from(tick >= PRELUDE_TICKS / 2),
                    engaged: tick >= PRELUDE_TICKS / 2,
                    stop: false,
                    hands: [Some(hand_at(now_ns, 1)), None],
                };
                let bytes = frame::seal_command(&command, key);
                for path in PathId::ALL {
                    robot.receive(now_ns, path, &bytes);
                }
            }
            let output = robot.tick(now_ns, &sensed(&joints));
            if let (None, Some(welcome)) = (&keys, &output.welcome)
                && let Some(nonce) = frame::robot_nonce(welcome)
                && let Some((_, epoch, _)) = frame::header_of(welcome)
            {
                let session = SessionKeys::derive(&psk, &console_nonce, &nonce, epoch);
                keys = Some((epoch, session.command));
            }
            joints = output.set_points[0];
            set_points = [joints, set_points[0], set_points[1]];
            engagement = output.engagement;
            if let Some(applied) = output.applied {
                newest_applied = (applied.epoch, applied.sequence);
            }
            followed = if output.state == State::Following {
                followed + 1
            } else {
                0
            };
            if followed >= AT_SPEED_TICKS {
                let (epoch, key) = keys.ok_or(ExhaustError::NotFollowing)?;
                let start_ns = now_ns + scale.tick_ns;
                let first_sequence = sequence + 1;
                let sealed = (0..frames as u64)
                    .map(|number| {
                        // A hold a coast at most: so many engagement numbers can come up.
                        (0..=frames as u32)
                            .map(|above| {
                                let at_ns = start_ns + number * scale.tick_ns;
                                let command = Command {
                                    epoch,
                                    sequence: first_sequence + number,
                                    echo_ns: at_ns - scale.tick_ns,
                                    engagement: engagement + above,
                                    clutch: 1 + above,
                                    engaged: true,
                                    stop: false,
                                    hands: [Some(hand_at(at_ns, 1 + above)), None],
                                };
                                frame::seal_command(&command, &key)
                            })
                            .collect()
                    })
                    .collect();
                return Ok(Self {
                    scale,
                    frames,
                    start_ns,
                    first_sequence,
                    sealed,
                    arm: arms[0],
                    thresholds: operation.requirements,
                    start: Situation {
                        robot,
                        seen: Seen {
                            set_points,
                            engagement,
                            newest_applied,
                            clutch: 1,
                            held_clutch: None,
                        },
                    },
                });
            }
        }
        Err(ExhaustError::NotFollowing)
    }

    /// When a tick after the start is, ns.
    pub(super) fn at_ns(&self, tick: usize) -> u64 {
        self.start_ns + tick as u64 * self.scale.tick_ns
    }

    /// A frame as the console makes it when it knows this engagement number.
    pub(super) fn bytes(&self, number: usize, engagement: u32) -> &[u8] {
        let above = engagement.saturating_sub(self.start.seen.engagement) as usize;
        let frames = &self.sealed[number];
        &frames[above.min(frames.len() - 1)]
    }

    /// Lets the loop tick, and judges what it does.
    pub(super) fn tick(
        &self,
        mut now: Situation,
        tick: usize,
        exercised: &mut Exercised,
    ) -> Result<Situation, (&'static str, String)> {
        let seen = &mut now.seen;
        let output = now
            .robot
            .tick(self.at_ns(tick), &sensed(&seen.set_points[0]));
        self.judge(seen, &output, tick)?;
        let halts = matches!(
            output.state,
            State::Holding | State::Faulted | State::Stopped
        );
        if halts && seen.held_clutch.is_none() {
            seen.held_clutch = Some(seen.clutch);
        }
        exercised.held += u64::from(output.state == State::Holding);
        if let Some(applied) = output.applied {
            exercised.applied += 1;
            seen.newest_applied = (applied.epoch, applied.sequence);
            seen.clutch = applied.clutch;
            if seen.held_clutch.take().is_some() {
                exercised.resumed += 1;
            }
        }
        seen.engagement = output.engagement;
        seen.set_points = [output.set_points[0], seen.set_points[0], seen.set_points[1]];
        Ok(now)
    }

    fn judge(
        &self,
        before: &Seen,
        output: &TickOutput,
        tick: usize,
    ) -> Result<(), (&'static str, String)> {
        if let Some(applied) = output.applied {
            let newest = (applied.epoch, applied.sequence);
            if newest <= before.newest_applied {
                let what = format!(
                    "command {} is applied after command {}",
                    self.frame_name(applied.sequence),
                    self.frame_name(before.newest_applied.1)
                );
                return Err((name_of(Id::R02), what));
            }
            let made = applied.sequence.saturating_sub(self.first_sequence);
            let age = (tick as u64).saturating_sub(made);
            if applied.sequence >= self.first_sequence && age > self.scale.freshness {
                let what = format!(
                    "command {} is applied {age} ticks after it was made, and {} are allowed",
                    self.frame_name(applied.sequence),
                    self.scale.freshness
                );
                return Err((name_of(Id::R01), what));
            }
            if before
                .held_clutch
                .is_some_and(|held| applied.clutch <= held)
            {
                let what = format!(
                    "command {} resumes motion after a hold without a new clutch gesture",
                    self.frame_name(applied.sequence)
                );
                return Err((name_of(Id::R07), what));
            }
        }
        self.judge_motion(&before.set_points, &output.set_points[0])
    }

    /// R03 and R04, on undivided differences, with the same grant to rounding as the monitors.
    fn judge_motion(
        &self,
        before: &[JointVector; 3],
        now: &JointVector,
    ) -> Result<(), (&'static str, String)> {
        let [one, two, three] = before;
        let dt = self.scale.tick_ns as f64 * 1e-9;
        let wide = 1.0 + ROUNDING;
        for (joint, limits) in self
            .arm
            .limits
            .iter()
            .take(self.arm.joint_count)
            .enumerate()
        {
            let (x, x1, x2, x3) = (now[joint], one[joint], two[joint], three[joint]);
            let first = x - x1;
            let second = first - (x1 - x2);
            let third = second - ((x1 - x2) - (x2 - x3));
            let slack = ROUNDING * (limits.upper - limits.lower);
            let is_inside = (limits.lower - slack..=limits.upper + slack).contains(&x)
                && libm::fabs(first) <= limits.velocity * dt * wide
                && libm::fabs(second) <= limits.acceleration * dt * dt * wide
                && libm::fabs(third) <= limits.jerk * dt * dt * dt * wide;
            if !is_inside {
                let what = format!(
                    "joint {} leaves its limits: position {x:.6}, differences {first:.3e}, {second:.3e}, {third:.3e}",
                    joint + 1
                );
                return Err((name_of(Id::R04), what));
            }
        }
        if now != one {
            let step = self.arm.tip_pose(now).translation.vector
                - self.arm.tip_pose(one).translation.vector;
            let step_mm = step.norm() * 1e3;
            let limit_mm =
                self.thresholds.tip_step_mm_per_ms * self.scale.tick_ns as f64 * 1e-6 * wide;
            if step_mm.is_nan() || step_mm > limit_mm {
                let what = format!("the tip's set-point steps {step_mm:.3} mm of {limit_mm:.3} mm");
                return Err((name_of(Id::R03), what));
            }
        }
        Ok(())
    }

    /// Frames are numbered from 1 in words.
    fn frame_name(&self, sequence: u64) -> String {
        if sequence < self.first_sequence {
            format!("{} before the first", self.first_sequence - sequence)
        } else {
            (sequence - self.first_sequence + 1).to_string()
        }
    }
}

impl Situation {
    /// What motion depends on from now on, and what the judges remember.
    pub(super) fn key(&self, also: &[u32], folding: &mut Folding) -> u128 {
        folding.begin();
        self.robot.digest_motion(&mut |bytes| folding.add(bytes));
        let seen = &self.seen;
        for value in seen.set_points.iter().flatten() {
            folding.add(&value.to_bits().to_le_bytes());
        }
        for value in [seen.engagement, seen.clutch, seen.newest_applied.0] {
            folding.add(&value.to_le_bytes());
        }
        folding.add(&seen.newest_applied.1.to_le_bytes());
        let held = seen.held_clutch.map_or(u32::MAX, |clutch| clutch);
        folding.add(&held.to_le_bytes());
        for value in also {
            folding.add(&value.to_le_bytes());
        }
        folding.value()
    }
}

/// What the loop's motion depends on.
pub(super) fn motion_key(robot: &dyn HostedLoop, folding: &mut Folding) -> u128 {
    folding.begin();
    robot.digest_motion(&mut |bytes| folding.add(bytes));
    folding.value()
}

/// Hashes small pieces through one buffer, which is used again and again.
pub(super) struct Folding {
    bytes: Vec<u8>,
}

impl Folding {
    pub(super) fn new() -> Self {
        Self { bytes: Vec::new() }
    }

    fn begin(&mut self) {
        self.bytes.clear();
    }

    fn add(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    fn value(&self) -> u128 {
        xxhash_rust::xxh3::xxh3_128(&self.bytes)
    }
}

fn scaled(settings: &LoopSettings, scale: Scale) -> LoopSettings {
    let ticks = |n: u64| n * scale.tick_ns;
    LoopSettings {
        tick_ns: scale.tick_ns,
        frame_interval_ns: scale.tick_ns,
        status_interval_ns: scale.tick_ns,
        gap_ns: scale.tick_ns,
        coast_ns: ticks(scale.coast),
        // A longer tick makes every stop longer by some ticks.
        stop_ns: settings.stop_ns + ticks(20),
        freshness_ns: ticks(scale.freshness),
        latent_ns: settings.latent_ns.max(ticks(scale.coast)),
        hello_interval_ns: settings.hello_interval_ns.max(scale.tick_ns),
        // No console is lost in so short a time.
        greet_after_ns: 3_600_000_000_000,
        overrun_ns: settings
            .overrun_ns
            .max(scale.tick_ns)
            .min(ticks(scale.coast)),
        stagger_ns: 0,
        ..*settings
    }
}

/// The hand at a moment: straight down, evenly.
fn hand_at(at_ns: u64, grip: u32) -> HandCommand {
    HandCommand {
        arm: 0,
        grip,
        motion: Pose::translation(0.0, 0.0, -HAND_M_S * at_ns as f64 * 1e-9),
        jaw_rad: 0.3,
    }
}

fn sensed(joints: &JointVector) -> Sensed {
    let mut sensed = Sensed {
        joints: [[0.0; MAX_JOINTS]; MAX_ARMS],
    };
    sensed.joints[0] = *joints;
    sensed
}
