//! Both ends of the loop, joined by two paths whose delays, losses and duplicates are data.
//!
//! A tick runs in the order of the twin: the hands move, the console sends, commands arrive, the robot
//! ticks, statuses arrive. The plant is perfect: what is sensed is the last set-point.

#![allow(dead_code, reason = "every test file uses a part of this")]

pub mod ear;

use std::ops::Range;
use std::sync::LazyLock;

use control_loop::admission::Verdict;
use control_loop::frame::Command;
use control_loop::{
    Console, ConsoleStart, Hand, HandInput, LoopSettings, PATHS, PathId, PresharedKey, Robot,
    RobotLoop, RobotStart, Sensed, SessionKeys, State, TickOutput,
};
use nalgebra::{Translation3, UnitQuaternion};
use proptest::prelude::ProptestConfig;
use proptest::test_runner::RngSeed;
use robot_model::{Arm, ArmKind, JointVector, MAX_ARMS, Pose};

pub const MS: u64 = 1_000_000;

pub const PSK: PresharedKey = PresharedKey([0x33; 32]);

pub const CONSOLE_START: ConsoleStart = ConsoleStart {
    stamp: 1_000,
    nonce: [0x44; 16],
};

pub const ROBOT_START: RobotStart = RobotStart {
    epoch: 1,
    nonce: [0x55; 16],
};

/// The keys of the session that [`welcomed`] ends agree on: found as an attacker could who has the
/// pre-shared key and hears the handshake.
pub static KEYS: LazyLock<SessionKeys> = LazyLock::new(|| {
    let handshake = Handshake::of(&arms(), &LoopSettings::default());
    let robot_nonce = control_loop::frame::robot_nonce(&handshake.welcome).expect("a nonce");
    let hello = control_loop::session::open_hello(&PSK, &handshake.hello).expect("a hello");
    SessionKeys::derive(&PSK, &hello.console_nonce, &robot_nonce, ROBOT_START.epoch)
});

pub fn kinds(arms: &[Arm]) -> Vec<ArmKind> {
    arms.iter().map(|arm| arm.kind).collect()
}

/// A command that was sent, and its bytes.
#[derive(Clone, Copy)]
pub struct Sent {
    pub bytes: [u8; control_loop::COMMAND_BYTES],
    pub command: Command,
}

/// Both ends after their handshake, which takes no time, and what was said.
pub struct Handshake {
    pub console: Console,
    pub robot: Robot,
    pub hello: Vec<u8>,
    pub welcome: Vec<u8>,
}

impl Handshake {
    pub fn of(arms: &[Arm], settings: &LoopSettings) -> Self {
        let mut console =
            Console::new(settings, &PSK, CONSOLE_START, &kinds(arms)).expect("one to four arms");
        let mut robot = Robot::new(arms, settings, &PSK, ROBOT_START).expect("possible settings");
        let idle = hands_at(0.0, 0.0, 0.0);
        let hello = console.tick(0, &idle).hello.expect("it greets");
        robot.receive(0, PathId::A, hello.as_ref());
        let welcome = robot.tick(0, &at_home(arms)).welcome.expect("it answers");
        console.receive(0, PathId::A, &welcome);
        assert_eq!(console.epoch(), Some(ROBOT_START.epoch));
        Self {
            console,
            robot,
            hello: hello.as_ref().to_vec(),
            welcome: welcome.to_vec(),
        }
    }
}

/// The command that a console sends in a tick, if it sends one.
pub fn sent(console: &mut Console, now_ns: u64, input: &HandInput) -> Option<Sent> {
    let outgoing = console.tick(now_ns, input);
    let frame = outgoing.paths[0]?;
    Some(Sent {
        bytes: frame.as_ref().try_into().expect("a command"),
        command: outgoing.command?,
    })
}

/// The arms of the default robot file.
pub fn arms() -> Vec<Arm> {
    let text = include_str!("../../../assets/robots/toumai.ron");
    let robot = robot_model::Robot::from_ron(text).expect("the default robot file is good");
    robot.arms.iter().map(|named| named.arm).collect()
}

/// SplitMix64: enough to roam, and the same everywhere.
#[derive(Clone)]
pub struct Dice(pub u64);

impl Dice {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}

// ------------------------------------------------------------------------------------- the network

/// One path in one direction.
#[derive(Clone, Debug, Default)]
pub struct Leg {
    /// Delay of each frame in turn, ms; `None` loses it. Begins again at its end.
    pub delays_ms: Vec<Option<u64>>,
    /// When everything that is sent is lost.
    pub outages_ms: Vec<Range<u64>>,
    /// How much later a second copy of each frame in turn arrives, ms; empty for no copies.
    pub copies_ms: Vec<Option<u64>>,
}

impl Leg {
    pub fn steady(delay_ms: u64) -> Self {
        Self {
            delays_ms: vec![Some(delay_ms)],
            ..Self::default()
        }
    }

    fn arrivals_ms(&self, number: usize, sent_ms: u64) -> Vec<u64> {
        let down = self
            .outages_ms
            .iter()
            .any(|outage| outage.contains(&sent_ms));
        let Some(delay_ms) = self.delays_ms[number % self.delays_ms.len()].filter(|_| !down) else {
            return Vec::new();
        };
        let copy = self.copies_ms.get(number % self.copies_ms.len().max(1));
        let first_ms = sent_ms + delay_ms;
        let second_ms = copy.copied().flatten().map(|later_ms| first_ms + later_ms);
        std::iter::once(first_ms).chain(second_ms).collect()
    }
}

#[derive(Clone, Debug)]
pub struct Network {
    pub up: [Leg; PATHS],
    pub down: [Leg; PATHS],
}

impl Network {
    /// Path A 20 ms, path B 35 ms, each way; nothing is lost.
    pub fn good() -> Self {
        let legs = [Leg::steady(20), Leg::steady(35)];
        Self {
            up: legs.clone(),
            down: legs,
        }
    }

    /// Nothing gets through, in either direction.
    pub fn cut(mut self, outage_ms: Range<u64>) -> Self {
        for leg in self.up.iter_mut().chain(&mut self.down) {
            leg.outages_ms.push(outage_ms.clone());
        }
        self
    }

    /// No command gets through; statuses do.
    pub fn cut_up(mut self, outage_ms: Range<u64>) -> Self {
        for leg in &mut self.up {
            leg.outages_ms.push(outage_ms.clone());
        }
        self
    }

    /// What is sent up in this time is not lost, but arrives together at its end.
    pub fn queue_up(mut self, stall_ms: Range<u64>, frame_interval_ms: u64) -> Self {
        for leg in &mut self.up {
            let delay_ms = leg.delays_ms[0].expect("a steady leg");
            let frames = (20_000 / frame_interval_ms) as usize;
            let mut delays_ms = vec![Some(delay_ms); frames];
            // Nothing is sent before the first status, so frame numbers follow sending times.
            for (number, entry) in delays_ms.iter_mut().enumerate() {
                let sent_ms = FIRST_SENT_MS + number as u64 * frame_interval_ms;
                if stall_ms.contains(&sent_ms) {
                    *entry = Some(stall_ms.end - sent_ms + delay_ms);
                }
            }
            leg.delays_ms = delays_ms;
        }
        self
    }
}

/// When the console of a [`World`] sends first: it is welcome before the world begins.
pub const FIRST_SENT_MS: u64 = 0;

struct Flight {
    due_ms: u64,
    path: PathId,
    bytes: Vec<u8>,
}

fn take_due(flights: &mut Vec<Flight>, now_ms: u64) -> Vec<(PathId, Vec<u8>)> {
    let (due, rest) = std::mem::take(flights)
        .into_iter()
        .partition(|flight| flight.due_ms <= now_ms);
    *flights = rest;
    let due: Vec<Flight> = due;
    due.into_iter()
        .map(|flight| (flight.path, flight.bytes))
        .collect()
}

// --------------------------------------------------------------------------------------- the world

/// What disturbs a world beyond its network.
#[derive(Clone, Default)]
pub struct Disturbance {
    /// Shuffles what arrives at the robot in a tick.
    pub shuffle: Option<Dice>,
    /// Datagrams that an attacker, or the past, adds: when (ms), where, what.
    pub extra: Vec<(u64, PathId, Vec<u8>)>,
    /// The robot's clock goes back: when (ms), and by how much, ms.
    pub clock_back_ms: Option<(u64, u64)>,
    /// The robot's loop is not called in this time; what arrives waits.
    pub stalled_ms: Option<Range<u64>>,
    /// Changes what the sensors say, ms by ms.
    pub sensors: Option<fn(u64, &mut Sensed)>,
}

pub struct World {
    pub settings: LoopSettings,
    pub arms: Vec<Arm>,
    pub console: Console,
    pub robot: Robot,
    pub network: Network,
    pub disturbance: Disturbance,
    pub now_ms: u64,
    pub sensed: Sensed,
    /// Every tick's output.
    pub outputs: Vec<TickOutput>,
    /// Every command, with its time of sending.
    pub sent: Vec<(u64, Sent)>,
    /// Every verdict at the robot, with its time.
    pub verdicts: Vec<(u64, Verdict)>,
    up: Vec<Flight>,
    down: Vec<Flight>,
    up_count: usize,
    down_count: usize,
}

impl World {
    pub fn new(network: Network) -> Self {
        Self::with(network, LoopSettings::default(), Disturbance::default())
    }

    pub fn with(network: Network, settings: LoopSettings, disturbance: Disturbance) -> Self {
        let arms = arms();
        let Handshake { console, robot, .. } = Handshake::of(&arms, &settings);
        Self {
            settings,
            console,
            robot,
            sensed: at_home(&arms),
            arms,
            network,
            disturbance,
            now_ms: 0,
            outputs: Vec::new(),
            sent: Vec::new(),
            verdicts: Vec::new(),
            up: Vec::new(),
            down: Vec::new(),
            up_count: 0,
            down_count: 0,
        }
    }

    /// One tick of 1 ms.
    pub fn step(&mut self, input: &HandInput) -> TickOutput {
        let (now_ms, now_ns) = (self.now_ms, self.now_ms * MS);
        let back_ms = match self.disturbance.clock_back_ms {
            Some((at_ms, by_ms)) if now_ms >= at_ms => by_ms,
            _ => 0,
        };
        let robot_ns = (now_ms - back_ms.min(now_ms)) * MS;
        let outgoing = self.console.tick(now_ns, input);
        for (leg, (path, frame)) in PathId::ALL.into_iter().zip(&outgoing.paths).enumerate() {
            let frames = outgoing.hello.iter().chain(frame);
            for frame in frames {
                for due_ms in self.network.up[leg].arrivals_ms(self.up_count, now_ms) {
                    let bytes = frame.as_ref().to_vec();
                    self.up.push(Flight {
                        due_ms,
                        path,
                        bytes,
                    });
                }
            }
        }
        if let (Some(command), Some(frame)) = (outgoing.command, &outgoing.paths[0]) {
            let bytes = frame.as_ref().try_into().expect("a command");
            self.sent.push((now_ms, Sent { bytes, command }));
            self.up_count += 1;
        }
        let stalled = self.disturbance.stalled_ms.clone();
        let is_stalled = stalled.is_some_and(|stalled| stalled.contains(&now_ms));
        let mut arrived = if is_stalled {
            Vec::new()
        } else {
            take_due(&mut self.up, now_ms)
        };
        let extra = self.disturbance.extra.iter();
        let extra = extra.filter(|(at_ms, _, _)| *at_ms == now_ms);
        arrived.splice(0..0, extra.map(|(_, path, bytes)| (*path, bytes.clone())));
        if let Some(dice) = &mut self.disturbance.shuffle {
            for last in (1..arrived.len()).rev() {
                arrived.swap(last, dice.below(last as u64 + 1) as usize);
            }
        }
        for (path, bytes) in arrived {
            let verdict = self.robot.receive(robot_ns, path, &bytes);
            self.verdicts.push((now_ms, verdict));
        }
        if let Some(sensors) = self.disturbance.sensors {
            sensors(now_ms, &mut self.sensed);
        }
        let output = match self.outputs.last() {
            Some(last) if is_stalled => TickOutput {
                applied: None,
                status: None,
                welcome: None,
                ..*last
            },
            _ => self.robot.tick(robot_ns, &self.sensed),
        };
        self.sensed.joints = output.set_points;
        self.outputs.push(output);
        if let Some(welcome) = output.welcome {
            send(
                &mut self.down,
                &self.network.down,
                self.down_count,
                now_ms,
                &welcome,
            );
        }
        if let Some(status) = output.status {
            send(
                &mut self.down,
                &self.network.down,
                self.down_count,
                now_ms,
                &status,
            );
            self.down_count += 1;
        }
        for (path, bytes) in take_due(&mut self.down, now_ms) {
            self.console.receive(now_ns, path, &bytes);
        }
        self.now_ms += 1;
        output
    }

    /// Runs until a time, with what the surgeon does at each.
    pub fn run(&mut self, until_ms: u64, surgeon: impl Fn(u64) -> HandInput) -> &mut Self {
        while self.now_ms < until_ms {
            self.step(&surgeon(self.now_ms));
        }
        self
    }

    pub fn state(&self) -> State {
        self.outputs.last().map_or(State::Idle, |last| last.state)
    }

    pub fn states(&self) -> Vec<State> {
        self.outputs.iter().map(|output| output.state).collect()
    }

    /// The states in the order in which they came, each once a visit.
    pub fn course(&self) -> Vec<State> {
        let mut course = self.states();
        course.dedup();
        course
    }

    /// When a state was first entered at or after a time.
    pub fn enters(&self, state: State, from_ms: u64) -> u64 {
        let states = self.states();
        (from_ms.max(1)..states.len() as u64)
            .find(|ms| states[*ms as usize] == state && states[*ms as usize - 1] != state)
            .unwrap_or_else(|| panic!("{state:?} is not entered from {from_ms} ms on"))
    }

    /// All set-points, bit for bit.
    pub fn motion(&self) -> Vec<Bits> {
        self.outputs
            .iter()
            .map(|output| bits(&output.set_points))
            .collect()
    }

    pub fn set_points(&self, ms: u64) -> Bits {
        bits(&self.outputs[ms as usize].set_points)
    }

    /// How fast the tip of an arm's set-point moved in the tick that ended at a time, m/s.
    pub fn tip_speed_m_s(&self, arm: usize, ms: u64) -> f64 {
        let tip = |ms: u64| {
            let joints = &self.outputs[ms as usize].set_points[arm];
            self.arms[arm].tip_pose(joints).translation.vector
        };
        tip(ms).metric_distance(&tip(ms - 1)) * 1e3
    }

    /// The fastest tip of all arms in a time, m/s.
    pub fn fastest_tip_m_s(&self, within_ms: Range<u64>) -> f64 {
        let arms = 0..self.arms.len();
        within_ms
            .flat_map(|ms| arms.clone().map(move |arm| (arm, ms)))
            .map(|(arm, ms)| self.tip_speed_m_s(arm, ms))
            .fold(0.0, f64::max)
    }

    /// Whether any set-point changed from a time to the end of a time.
    pub fn moved(&self, within_ms: Range<u64>) -> bool {
        let first = self.set_points(within_ms.start);
        within_ms.into_iter().any(|ms| self.set_points(ms) != first)
    }

    pub fn count(&self, verdict: Verdict) -> usize {
        self.verdicts
            .iter()
            .filter(|(_, each)| *each == verdict)
            .count()
    }

    pub fn digest(&self) -> Vec<u8> {
        digest(&self.robot)
    }
}

fn send(flights: &mut Vec<Flight>, legs: &[Leg; PATHS], number: usize, now_ms: u64, bytes: &[u8]) {
    for (leg, path) in legs.iter().zip(PathId::ALL) {
        for due_ms in leg.arrivals_ms(number, now_ms) {
            let bytes = bytes.to_vec();
            flights.push(Flight {
                due_ms,
                path,
                bytes,
            });
        }
    }
}

pub type Bits = [[u64; robot_model::MAX_JOINTS]; MAX_ARMS];

pub fn bits(set_points: &[JointVector; MAX_ARMS]) -> Bits {
    set_points.map(|joints| joints.map(f64::to_bits))
}

pub fn at_home(arms: &[Arm]) -> Sensed {
    let mut sensed = Sensed {
        joints: [[0.0; robot_model::MAX_JOINTS]; MAX_ARMS],
    };
    for (joints, arm) in sensed.joints.iter_mut().zip(arms) {
        *joints = arm.home;
    }
    sensed
}

pub fn digest(robot: &impl RobotLoop) -> Vec<u8> {
    let mut bytes = Vec::new();
    robot.digest(&mut |part| bytes.extend_from_slice(part));
    bytes
}

/// Held at 720 ms; the link is good again from 800 ms on.
pub fn held() -> Network {
    Network::good().cut(600..800)
}

/// The time for a stop, ms.
pub const STOP_MS: u64 = 200;

pub fn assert_still(world: &World, within_ms: Range<u64>, why: &str) {
    assert!(!world.moved(within_ms), "{why}: a set-point changed");
}

/// So many cases, the same ones each time.
pub fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(1),
        ..ProptestConfig::with_cases(cases)
    }
}

// ------------------------------------------------------------------------------------- the surgeon

/// Hands at a place, holding the first and the third arm, nothing pressed.
pub fn hands_at(x_m: f64, y_m: f64, z_m: f64) -> HandInput {
    let hand = |arm| Hand {
        pose: Pose::translation(x_m, y_m, z_m),
        jaw_rad: 0.2,
        arm: Some(arm),
    };
    HandInput {
        hands: [hand(0), hand(2)],
        clutch_pressed: false,
        camera_pressed: false,
        stop_pressed: false,
    }
}

pub fn with_pedal(pressed: bool, input: HandInput) -> HandInput {
    HandInput {
        clutch_pressed: pressed,
        ..input
    }
}

/// Hands that move and turn all the time, each in its own way, at up to 40 mm/s.
pub fn moving(ms: u64) -> HandInput {
    let t = ms as f64 * 1e-3;
    let mut input = hands_at(0.0, 0.0, 0.0);
    for (number, hand) in input.hands.iter_mut().enumerate() {
        let phase = number as f64;
        let shift = Translation3::new(
            0.02 * libm::sin(1.5 * t + phase),
            0.015 * libm::sin(1.1 * t - phase),
            0.01 * libm::sin(1.9 * t),
        );
        let turn = UnitQuaternion::from_euler_angles(
            0.1 * libm::sin(t + phase),
            0.0,
            0.2 * libm::sin(0.7 * t),
        );
        hand.pose = Pose::from_parts(shift, turn);
        hand.jaw_rad = 0.3 + 0.2 * libm::sin(2.0 * t);
    }
    input
}

/// The pedal goes down at 60 ms and up at 160 ms; the hands move all the time.
pub fn surgeon(ms: u64) -> HandInput {
    with_pedal((60..160).contains(&ms), moving(ms))
}

/// [`surgeon`], who makes one more gesture of 100 ms.
pub fn surgeon_again(second_ms: u64) -> impl Fn(u64) -> HandInput {
    move |ms| {
        let pressed = (60..160).contains(&ms) || (second_ms..second_ms + 100).contains(&ms);
        with_pedal(pressed, moving(ms))
    }
}

/// Hands that swing as fast as hands can: the tips are at their speed limit most of the time. The pedal goes down at
/// 60 ms and up at 160 ms.
pub fn hasty(ms: u64) -> HandInput {
    let t = ms as f64 * 1e-3;
    let x_m = 0.08 * libm::sin(6.0 * t);
    let input = hands_at(x_m, 0.05 * libm::sin(5.0 * t), 0.03 * libm::sin(7.0 * t));
    with_pedal((60..160).contains(&ms), input)
}
