//! The robot end: frames in, set-points and statuses out.

use robot_model::{Arm, JointVector, MAX_ARMS};

use crate::admission::{PathHealth, Verdict};
use crate::driver::Driver;
use crate::frame::{Command, STATUS_BYTES, WELCOME_BYTES};
use crate::interlock::State;
use crate::reception::Receiver;
use crate::session::{PresharedKey, RobotStart};
use crate::watch::Fault;
use crate::{LoopSettings, PATHS, PathId, SettingsError};

/// What the robot's sensors say in a tick.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sensed {
    /// The joints of each arm, rad or m; not a number where a sensor gives no reading.
    pub joints: [JointVector; MAX_ARMS],
}

/// A command that became the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Applied {
    /// Its epoch.
    pub epoch: u32,
    /// Its sequence number.
    pub sequence: u64,
    /// The robot time that it echoes, ns.
    pub echo_ns: u64,
    /// Its engagement number.
    pub engagement: u32,
    /// Its clutch number.
    pub clutch: u32,
}

impl Applied {
    /// What is told of a command that is applied.
    pub fn of(command: &Command) -> Self {
        Self {
            epoch: command.epoch,
            sequence: command.sequence,
            echo_ns: command.echo_ns,
            engagement: command.engagement,
            clutch: command.clutch,
        }
    }
}

/// What the robot end says in a tick.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TickOutput {
    /// Joint set-points of each arm, rad or m.
    pub set_points: [JointVector; MAX_ARMS],
    /// The interlock's state.
    pub state: State,
    /// The fault that the robot is in, if it is.
    pub fault: Option<Fault>,
    /// The present engagement number.
    pub engagement: u32,
    /// The command that became the target in this tick, if one did.
    pub applied: Option<Applied>,
    /// What each path is worth.
    pub paths: [PathHealth; PATHS],
    /// A status frame for both paths, when one is due.
    pub status: Option<[u8; STATUS_BYTES]>,
    /// The answer to a greeting, for both paths, when one is due.
    pub welcome: Option<[u8; WELCOME_BYTES]>,
}

/// Any robot end that the twin can host.
///
/// Time is the robot's own clock in nanoseconds. Between two ticks any number of datagrams may be
/// received, in any order.
pub trait RobotLoop {
    /// Judges a datagram that arrives now on a path.
    fn receive(&mut self, now_ns: u64, path: PathId, datagram: &[u8]) -> Verdict;

    /// One period of the loop.
    fn tick(&mut self, now_ns: u64, sensed: &Sensed) -> TickOutput;

    /// Folds everything that a later output depends on.
    fn digest(&self, sink: &mut dyn FnMut(&[u8]));

    /// Folds what later set-points depend on while no tick's work is spent: neither counters, nor what a path is
    /// worth, nor which path a command came by. An exhaustive check merges states by it. A loop that does not know
    /// better folds everything.
    fn digest_motion(&self, sink: &mut dyn FnMut(&[u8])) {
        self.digest(sink);
    }
}

/// The robot end of the loop: reception decides what the driver hears.
#[derive(Clone)]
pub struct Robot {
    receiver: Receiver,
    driver: Driver,
}

impl Robot {
    /// An idle robot that rests where its first tick senses it, and waits for a console with the same
    /// pre-shared key.
    ///
    /// # Errors
    /// [`SettingsError`] when the settings are impossible for these arms.
    pub fn new(
        arms: &[Arm],
        settings: &LoopSettings,
        psk: &PresharedKey,
        start: RobotStart,
    ) -> Result<Self, SettingsError> {
        Ok(Self {
            receiver: Receiver::new(settings, psk, start),
            driver: Driver::new(arms, settings)?,
        })
    }

    /// Somebody at the bedside acknowledges what faulted or stopped the robot. Never to be called for a
    /// message from either path.
    pub fn acknowledge(&mut self) {
        self.driver.acknowledge();
    }
}

impl RobotLoop for Robot {
    fn receive(&mut self, now_ns: u64, path: PathId, datagram: &[u8]) -> Verdict {
        let now_ns = self.driver.steady(now_ns);
        let engagement = self.driver.engagement();
        let heard = self.receiver.receive(now_ns, path, datagram, engagement);
        if let Some(command) = heard.accepted() {
            self.driver.accept(command);
        }
        heard.verdict
    }

    fn tick(&mut self, now_ns: u64, sensed: &Sensed) -> TickOutput {
        let steady_ns = self.driver.steady(now_ns);
        let reception = self.receiver.tick(steady_ns);
        let output = self.driver.tick(now_ns, sensed, &reception);
        TickOutput {
            welcome: self.receiver.welcome(steady_ns, output.engagement),
            ..output
        }
    }

    fn digest(&self, sink: &mut dyn FnMut(&[u8])) {
        self.receiver.digest(sink);
        self.driver.digest(sink);
    }

    fn digest_motion(&self, sink: &mut dyn FnMut(&[u8])) {
        self.receiver.digest_motion(sink);
        self.driver.digest(sink);
    }
}
