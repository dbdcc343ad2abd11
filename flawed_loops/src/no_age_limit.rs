//! No age limit.

use control_loop::admission::Rules;
use control_loop::driver::Driver;
use control_loop::reception::Receiver;
use control_loop::{
    LoopSettings, PathId, PresharedKey, RobotLoop, RobotStart, Sensed, SettingsError, TickOutput,
    Verdict,
};
use robot_model::Arm;

/// Our loop without a freshness limit: a command is as good as new however long it was under way.
///
/// CRTK has no rule on staleness and calls the stamp of a motion command "not used but recommended";
/// dVRK's `servo_jp` never looks at it. Caught by R01 when both paths slow down together.
#[derive(Clone)]
pub struct NoAgeLimit {
    receiver: Receiver,
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
        psk: &PresharedKey,
        start: RobotStart,
    ) -> Result<Self, SettingsError> {
        let rules = Rules {
            freshness_ns: u64::MAX,
            ..Rules::of(settings)
        };
        Ok(Self {
            receiver: Receiver::with_rules(rules, psk, start),
            driver: Driver::new(arms, settings)?,
        })
    }
}

impl RobotLoop for NoAgeLimit {
    fn receive(&mut self, now_ns: u64, path: PathId, datagram: &[u8]) -> Verdict {
        let engagement = self.driver.engagement();
        let heard = self.receiver.receive(now_ns, path, datagram, engagement);
        if let Some(command) = heard.accepted() {
            self.driver.accept(command);
        }
        heard.verdict
    }

    fn tick(&mut self, now_ns: u64, sensed: &Sensed) -> TickOutput {
        let reception = self.receiver.tick(now_ns);
        let output = self.driver.tick(now_ns, sensed, &reception);
        TickOutput {
            welcome: self.receiver.welcome(now_ns, output.engagement),
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
