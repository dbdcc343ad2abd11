//! Last writer wins.

use control_loop::admission::{Admission, Rules, Verdict};
use control_loop::driver::{Driver, Reception};
use control_loop::frame::{self, SessionKeys};
use control_loop::{LoopSettings, PathId, RobotLoop, Sensed, SettingsError, TickOutput};
use robot_model::Arm;

/// Every authentic command of the present engagement becomes the target as it arrives: no window, no
/// order.
///
/// dVRK's `servo_jp` overwrites the newest goal with whatever comes, and the telesurgery simulator
/// NetFI's console receiver checks neither sequence nor age. Caught by R02 (the applied sequence must
/// increase) and R09 (the slower path's copy moves the arm back).
#[derive(Clone)]
pub struct LastWriterWins {
    /// Only counts and watches the paths: its verdicts decide nothing.
    bystander: Admission,
    keys: SessionKeys,
    driver: Driver,
}

impl LastWriterWins {
    /// A robot at home, at rest and idle.
    ///
    /// # Errors
    /// The settings are impossible for these arms.
    pub fn new(
        arms: &[Arm],
        settings: &LoopSettings,
        keys: &SessionKeys,
    ) -> Result<Self, SettingsError> {
        let driver = Driver::new(arms, settings, keys)?;
        let bystander = Admission::new(Rules::of(settings), keys);
        Ok(Self {
            bystander,
            keys: keys.clone(),
            driver,
        })
    }
}

impl RobotLoop for LastWriterWins {
    fn receive(&mut self, now_ns: u64, path: PathId, datagram: &[u8]) -> Verdict {
        let engagement = self.driver.engagement();
        let (verdict, _) = self.bystander.judge(now_ns, path, datagram, engagement);
        match frame::open_command(datagram, &self.keys) {
            Ok(command) if command.engagement == engagement => {
                self.driver.accept(now_ns, &command);
                Verdict::Accepted
            }
            _ => verdict,
        }
    }

    fn tick(&mut self, now_ns: u64, sensed: &Sensed) -> TickOutput {
        let reception = Reception {
            silent_paths: self.bystander.silent_paths(now_ns),
            verdicts: *self.bystander.counters(),
        };
        self.driver.tick(now_ns, sensed, &reception)
    }

    fn digest(&self, sink: &mut dyn FnMut(&[u8])) {
        self.bystander.digest(sink);
        self.driver.digest(sink);
    }
}
