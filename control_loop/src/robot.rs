//! The robot end: frames in, set-points and statuses out.

use robot_model::{Arm, JointVector, MAX_ARMS};

use crate::admission::{Admission, Rules, Verdict};
use crate::driver::{Driver, Reception};
use crate::frame::{Command, STATUS_BYTES, SessionKeys};
use crate::interlock::State;
use crate::{LoopSettings, PATHS, PathId, SettingsError};

/// What the robot's sensors say in a tick.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sensed {
    /// The joints of each arm, rad or m.
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
    /// The present engagement number.
    pub engagement: u32,
    /// The command that became the target in this tick, if one did.
    pub applied: Option<Applied>,
    /// Paths on which nothing authentic arrived for a while.
    pub silent_paths: [bool; PATHS],
    /// A status frame for both paths, when one is due.
    pub status: Option<[u8; STATUS_BYTES]>,
}

/// Any robot end that the twin can host.
///
/// Time is the robot's own clock in nanoseconds and never goes back. Between two ticks any number of
/// frames may be received, in any order.
pub trait RobotLoop {
    /// Judges a frame that arrives now on a path.
    fn receive(&mut self, now_ns: u64, path: PathId, datagram: &[u8]) -> Verdict;

    /// One period of the loop.
    fn tick(&mut self, now_ns: u64, sensed: &Sensed) -> TickOutput;

    /// Folds everything that a later output depends on.
    fn digest(&self, sink: &mut dyn FnMut(&[u8]));
}

/// The robot end of the loop: admission decides what the driver hears.
#[derive(Clone)]
pub struct Robot {
    admission: Admission,
    driver: Driver,
}

impl Robot {
    /// A robot at home, at rest and idle.
    ///
    /// # Errors
    /// [`SettingsError`] when the settings are impossible for these arms.
    pub fn new(
        arms: &[Arm],
        settings: &LoopSettings,
        keys: &SessionKeys,
    ) -> Result<Self, SettingsError> {
        let driver = Driver::new(arms, settings, keys)?;
        Ok(Self {
            admission: Admission::new(Rules::of(settings), keys),
            driver,
        })
    }
}

impl RobotLoop for Robot {
    fn receive(&mut self, now_ns: u64, path: PathId, datagram: &[u8]) -> Verdict {
        let engagement = self.driver.engagement();
        let (verdict, command) = self.admission.judge(now_ns, path, datagram, engagement);
        if let Some(command) = command {
            self.driver.accept(now_ns, &command);
        }
        verdict
    }

    fn tick(&mut self, now_ns: u64, sensed: &Sensed) -> TickOutput {
        let reception = Reception {
            silent_paths: self.admission.silent_paths(now_ns),
            verdicts: *self.admission.counters(),
        };
        self.driver.tick(now_ns, sensed, &reception)
    }

    fn digest(&self, sink: &mut dyn FnMut(&[u8])) {
        self.admission.digest(sink);
        self.driver.digest(sink);
    }
}
