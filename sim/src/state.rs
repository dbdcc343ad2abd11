//! The world's state: resources for what there is one of, components for what each arm has.

use bevy_ecs::prelude::{Component, Resource};
use control_loop::frame::Command;
use control_loop::{Console, HandInput, Outgoing, State, TickOutput};
use net_model::{Arrival, ConsoleClock, Network, PATHS};
use robot_model::{Arm, JointVector, Pose};
use safety::{AppliedTruth, Monitors, Traffic};

use crate::hosting::HostedLoop;
use crate::surgeon::Surgeon;

/// Simulated time: integer ticks, integer nanoseconds.
#[derive(Resource, Clone, Copy, Debug)]
pub struct Clock {
    /// Ticks passed.
    pub tick: u64,
    /// Length of a tick, ns.
    pub tick_ns: u64,
}

impl Clock {
    /// Now, on the robot's clock, ns.
    pub fn now_ns(&self) -> u64 {
        self.tick * self.tick_ns
    }
}

/// The programmed surgeon.
#[derive(Resource, Clone)]
pub struct Operator(pub Surgeon);

/// What the hands do in this tick: written by the operator stage, or by a person's input.
#[derive(Resource, Clone, Copy)]
pub struct Hands(pub HandInput);

/// The console, and what it sends in this tick.
#[derive(Resource, Clone)]
pub struct ConsoleEnd {
    /// The real console end of the loop.
    pub console: Console,
    /// What it sends in this tick.
    pub outgoing: Option<Outgoing>,
    /// The only clock that it knows.
    pub clock: ConsoleClock,
}

/// A frame on its way, with what only the simulator knows of it.
#[derive(Clone, Copy)]
pub struct Datagram {
    /// What is inside.
    pub label: Label,
    /// Whether an attacker sent it: its own make, altered, or a copy of what it captured.
    pub is_hostile: bool,
    pub(crate) frame: control_loop::Datagram,
}

/// What a frame is, whatever an attacker makes of its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// A command of the console.
    Command {
        /// Its epoch.
        epoch: u32,
        /// Its sequence number.
        sequence: u64,
    },
    /// A greeting, a welcome or a status.
    Other,
    /// Bytes that an attacker made or altered.
    Hostile,
}

impl Datagram {
    /// Labels a frame.
    pub fn new(label: Label, frame: control_loop::Datagram) -> Self {
        Self {
            label,
            is_hostile: false,
            frame,
        }
    }
}

impl AsRef<[u8]> for Datagram {
    fn as_ref(&self) -> &[u8] {
        self.frame.as_ref()
    }
}

/// The two paths, and a running digest of everything that entered and left them.
#[derive(Resource, Clone)]
pub struct Paths {
    /// The network model.
    pub network: Network<Datagram>,
    /// Digest of all traffic so far.
    pub traffic: u64,
}

/// What arrived in this tick.
#[derive(Resource, Clone, Default)]
pub struct Inbox {
    /// What reached the robot.
    pub commands: Vec<Arrival<Datagram>>,
    /// What reached the console.
    pub statuses: Vec<Arrival<Datagram>>,
}

/// The robot end under test, its twin that gets no repeated copy, and what both said in this tick.
#[derive(Resource, Clone)]
pub struct RobotEnd {
    /// The loop under test.
    pub under_test: Box<dyn HostedLoop>,
    /// The same loop, given only the first copy of each frame, and nothing that an attacker made:
    /// requirement R09 compares the two.
    pub without_duplicates: Box<dyn HostedLoop>,
    /// The output of the loop under test.
    pub output: TickOutput,
    /// Whether the other loop's set-points are the same, bit for bit.
    pub same_without_duplicates: bool,
    /// The command applied in this tick, as it really was.
    pub applied: Option<AppliedTruth>,
    /// When the gesture of the last applied command really happened.
    pub applied_gesture_ns: Option<u64>,
    /// What each path brought in this tick.
    pub traffic: [Traffic; PATHS],
}

/// The physical robot.
#[derive(Resource, Clone)]
pub struct Body(pub crate::plant::Plant);

/// The judges.
#[derive(Resource, Clone)]
pub struct Judges {
    /// One monitor a requirement.
    pub monitors: Monitors,
    /// Ticks spent in each state, in the order of [`State::ALL`].
    pub state_ticks: [u64; State::ALL.len()],
    /// Verdicts of the loop under test, by path, in the order of `Verdict::ALL`.
    pub verdicts: [[u64; control_loop::Verdict::ALL.len()]; PATHS],
    /// R21: datagrams of a path in a tick among which none of the console's may be overlooked.
    pub flood_datagrams: u32,
    /// Requirements already told as violated in the journal.
    pub told: Vec<safety::Id>,
}

/// The newest command made, kept for whoever draws the surgeon's intention.
#[derive(Resource, Clone, Default)]
pub struct NewestCommand(pub Option<Command>);

/// Which arm an entity is: its place in the scenario.
#[derive(Component, Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArmIndex(pub usize);

/// The arm's description.
#[derive(Component, Clone, Copy)]
pub struct Geometry(pub Arm);

/// The joint set-points that the loop gave, rad or m.
#[derive(Component, Clone, Copy)]
pub struct SetPoint(pub JointVector);

/// The joints as the sensors tell them, rad or m: what the loop is given. Where they really are, [`Body`] knows.
#[derive(Component, Clone, Copy)]
pub struct Measured(pub JointVector);

/// The tip's pose by set-point and in truth, in the table's frame.
#[derive(Component, Clone, Copy)]
pub struct Tip {
    /// Where the set-point puts it.
    pub set_point: Pose,
    /// Where it really is.
    pub measured: Pose,
}
