//! Last writer wins.

use control_loop::driver::Driver;
use control_loop::reception::Receiver;
use control_loop::{
    LoopSettings, PathId, PresharedKey, RobotLoop, RobotStart, Sensed, SettingsError, TickOutput,
    Verdict,
};
use robot_model::Arm;

/// Every authentic command of the present engagement becomes the target as it arrives: no window, no
/// order.
///
/// dVRK's `servo_jp` overwrites the newest goal with whatever comes, and the telesurgery simulator
/// NetFI's console receiver checks neither sequence nor age. Caught by R02 (the applied sequence must
/// increase) and R09 (the slower path's copy moves the arm back).
#[derive(Clone)]
pub struct LastWriterWins {
    receiver: Receiver,
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
        psk: &PresharedKey,
        start: RobotStart,
    ) -> Result<Self, SettingsError> {
        Ok(Self {
            receiver: Receiver::new(settings, psk, start),
            driver: Driver::new(arms, settings)?,
        })
    }
}

impl RobotLoop for LastWriterWins {
    fn receive(&mut self, now_ns: u64, path: PathId, datagram: &[u8]) -> Verdict {
        let engagement = self.driver.engagement();
        let heard = self.receiver.receive(now_ns, path, datagram, engagement);
        match heard.command {
            // Whatever admission says of it.
            Some(command) if command.engagement == engagement => {
                self.driver.accept(&command);
                Verdict::Accepted
            }
            _ => heard.verdict,
        }
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
}
