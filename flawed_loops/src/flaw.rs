//! The sound loop with one rule replaced.

use control_loop::admission::Rules;
use control_loop::driver::Driver;
use control_loop::frame::Command;
use control_loop::reception::Receiver;
use control_loop::{
    LoopSettings, PathId, PresharedKey, RobotLoop, RobotStart, Sensed, SessionKeys, SettingsError,
    TickOutput, Verdict,
};
use robot_model::Arm;

/// What is wrong. Every part that is not given is as in the sound loop.
pub trait Flaw: Clone + Send + Sync {
    /// The rules of reception.
    fn rules(&self, settings: &LoopSettings) -> Rules {
        Rules::of(settings)
    }

    /// Bytes to be opened in place of those that came, while the session has these keys.
    fn instead(&self, _bytes: &[u8], _keys: &SessionKeys) -> Option<control_loop::Datagram> {
        None
    }

    /// What becomes of an authentic command; it may change what the command says.
    fn judge(&mut self, _moment: &Moment, _command: &mut Command, verdict: Verdict) -> Verdict {
        verdict
    }

    /// The command that is obeyed in a tick in which none was accepted.
    fn in_silence(&mut self, _now_ns: u64) -> Option<Command> {
        None
    }

    /// What is said in place of the loop's output; `obeyed` is the newest accepted command.
    fn say(&mut self, _now_ns: u64, _obeyed: Option<&Command>, output: TickOutput) -> TickOutput {
        output
    }

    /// Folds what the flaw remembers.
    fn digest(&self, _sink: &mut dyn FnMut(&[u8])) {}
}

/// When and where a command came.
#[derive(Clone, Copy)]
pub struct Moment {
    /// When, on the robot's clock.
    pub now_ns: u64,
    /// By which path.
    pub path: PathId,
    /// The present engagement number.
    pub engagement: u32,
    /// How old an echo may be.
    pub freshness_ns: u64,
}

impl Moment {
    /// Whether a command is fresh and of the present engagement: what the sound loop asks beside order.
    pub fn admits(&self, command: &Command) -> bool {
        let age_ns = self.now_ns.checked_sub(command.echo_ns);
        age_ns.is_some_and(|age_ns| age_ns <= self.freshness_ns)
            && command.engagement == self.engagement
    }
}

/// A robot end with a flaw.
#[derive(Clone)]
pub struct Flawed<F> {
    receiver: Receiver,
    driver: Driver,
    freshness_ns: u64,
    keys: Option<SessionKeys>,
    newest: Option<Command>,
    accepted_since_tick: bool,
    flaw: F,
}

impl<F: Flaw> Flawed<F> {
    /// An idle robot end.
    ///
    /// # Errors
    /// The settings are impossible for these arms.
    pub fn new(
        flaw: F,
        arms: &[Arm],
        settings: &LoopSettings,
        psk: &PresharedKey,
        start: RobotStart,
    ) -> Result<Self, SettingsError> {
        Ok(Self {
            receiver: Receiver::with_rules(flaw.rules(settings), psk, start),
            driver: Driver::new(arms, settings)?,
            freshness_ns: settings.freshness_ns,
            keys: None,
            newest: None,
            accepted_since_tick: false,
            flaw,
        })
    }
}

impl<F: Flaw> RobotLoop for Flawed<F> {
    fn receive(&mut self, now_ns: u64, path: PathId, datagram: &[u8]) -> Verdict {
        let engagement = self.driver.engagement();
        let keys = self.keys.as_ref();
        let instead = keys.and_then(|keys| self.flaw.instead(datagram, keys));
        let bytes = instead.as_ref().map_or(datagram, AsRef::as_ref);
        let heard = self.receiver.receive(now_ns, path, bytes, engagement);
        let Some(mut command) = heard.command else {
            return heard.verdict;
        };
        let moment = Moment {
            now_ns,
            path,
            engagement,
            freshness_ns: self.freshness_ns,
        };
        let verdict = self.flaw.judge(&moment, &mut command, heard.verdict);
        if verdict == Verdict::Accepted {
            self.driver.accept(&command);
            self.newest = Some(command);
            self.accepted_since_tick = true;
        }
        verdict
    }

    fn tick(&mut self, now_ns: u64, sensed: &Sensed) -> TickOutput {
        let reception = self.receiver.tick(now_ns);
        if let Some((_, keys)) = &reception.session {
            self.keys = Some(keys.clone());
        }
        let accepted = core::mem::take(&mut self.accepted_since_tick);
        let made_up = if accepted {
            None
        } else {
            self.flaw.in_silence(now_ns)
        };
        if let Some(command) = &made_up {
            self.driver.accept(command);
        }
        let output = self.driver.tick(now_ns, sensed, &reception);
        let output = TickOutput {
            // Nobody sent what was made up.
            applied: output.applied.filter(|_| made_up.is_none()),
            welcome: self.receiver.welcome(now_ns, output.engagement),
            ..output
        };
        self.flaw.say(now_ns, self.newest.as_ref(), output)
    }

    fn digest(&self, sink: &mut dyn FnMut(&[u8])) {
        self.receiver.digest(sink);
        self.driver.digest(sink);
        sink(&[u8::from(self.accepted_since_tick)]);
        self.flaw.digest(sink);
    }
}
