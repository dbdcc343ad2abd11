//! No age limit.

use control_loop::admission::{Admission, Rules, Verdict};
use control_loop::driver::{Driver, Reception};
use control_loop::{
    LoopSettings, PathId, RobotLoop, Sensed, SessionKeys, SettingsError, TickOutput,
};
use robot_model::Arm;

/// Our loop without a freshness limit: a command is as good as new however long it was under way.
///
/// CRTK has no rule on staleness and calls the stamp of a motion command "not used but recommended";
/// dVRK's `servo_jp` never looks at it. Caught by R01 when both paths slow down together.
#[derive(Clone)]
pub struct NoAgeLimit {
    admission: Admission,
    driver: Driver,
}

impl NoAgeLimit {
    /// A robot at home, at rest and idle.
    ///
    /// # Errors
    /// The settings are impossible for these arms.
    pub fn new(
        arms: &[Arm],
        settings: &LoopSettings,
        keys: &SessionKeys,
    ) -> Result<Self, SettingsError> {
        let rules = Rules {
            freshness_ns: u64::MAX,
            ..Rules::of(settings)
        };
        let driver = Driver::new(arms, settings, keys)?;
        Ok(Self {
            admission: Admission::new(rules, keys),
            driver,
        })
    }
}

impl RobotLoop for NoAgeLimit {
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
