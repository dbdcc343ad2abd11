//! Catch up after a hold.

use control_loop::driver::StatusSender;
use control_loop::following::Follower;
use control_loop::frame::{Command, Status};
use control_loop::reception::Receiver;
use control_loop::{
    Applied, LoopSettings, PathId, PresharedKey, RobotLoop, RobotStart, Sensed, SettingsError,
    State, TickOutput, Verdict,
};
use robot_model::Arm;

/// After a hold it resumes by itself with the first command that comes, keeps its old anchor, and brings
/// the arm to wherever the hand has gone in the meantime, at full speed.
///
/// stretch_web_teleop executed every queued command after a lag spike, and a loop that only re-anchors at
/// the start of a session does the same with one. Caught by R07.
#[derive(Clone)]
pub struct CatchUp {
    receiver: Receiver,
    follower: Follower,
    statuses: StatusSender,
    settings: LoopSettings,
    newest: Option<Command>,
    accepted_since_tick: bool,
    accepted_at_ns: u64,
    followed_clutch: u32,
    state: State,
}

impl CatchUp {
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
        settings.check(arms)?;
        Ok(Self {
            receiver: Receiver::new(settings, psk, start),
            follower: Follower::new(arms, settings),
            statuses: StatusSender::new(settings),
            settings: *settings,
            newest: None,
            accepted_since_tick: false,
            accepted_at_ns: 0,
            followed_clutch: 0,
            state: State::Idle,
        })
    }
}

impl RobotLoop for CatchUp {
    fn receive(&mut self, now_ns: u64, path: PathId, datagram: &[u8]) -> Verdict {
        // The engagement number never rises here, so no hold ever makes a command obsolete.
        let heard = self.receiver.receive(now_ns, path, datagram, 0);
        if let Some(command) = heard.accepted() {
            self.newest = Some(*command);
            self.accepted_since_tick = true;
            self.accepted_at_ns = now_ns;
        }
        heard.verdict
    }

    fn tick(&mut self, now_ns: u64, _sensed: &Sensed) -> TickOutput {
        let reception = self.receiver.tick(now_ns);
        let accepted = core::mem::take(&mut self.accepted_since_tick);
        let silent = now_ns.saturating_sub(self.accepted_at_ns) > self.settings.coast_ns;
        let mut applied = None;
        self.state = match &self.newest {
            None => State::Idle,
            Some(_) if silent => State::Holding,
            Some(command) if !command.engaged => State::Aligning,
            Some(command) => {
                self.followed_clutch = command.clutch;
                if accepted {
                    // A hold takes no grip away: the old anchor still counts.
                    self.follower.obey(now_ns, command);
                    applied = Some(Applied::of(command));
                }
                State::Following
            }
        };
        if self.state == State::Following {
            self.follower.follow(now_ns);
        } else {
            self.follower.brake();
        }
        let session = reception.session.as_ref();
        let status = Status {
            epoch: session.map_or(0, |(epoch, _)| *epoch),
            sequence: 0,
            robot_time_ns: now_ns,
            engagement: 0,
            state: self.state,
            newest_sequence: self.newest.as_ref().map_or(0, |command| command.sequence),
            clutch: self.followed_clutch,
            paths: reception.paths,
            fault: None,
            verdicts: reception.verdicts,
        };
        TickOutput {
            set_points: self.follower.set_points(),
            state: self.state,
            fault: None,
            engagement: 0,
            applied,
            paths: reception.paths,
            status: session
                .and_then(|(_, keys)| self.statuses.send_if_due(now_ns, &status, &keys.status)),
            welcome: self.receiver.welcome(now_ns, 0),
        }
    }

    fn digest(&self, sink: &mut dyn FnMut(&[u8])) {
        self.receiver.digest(sink);
        self.follower.digest(sink);
        self.statuses.digest(sink);
        let newest = self.newest.as_ref().map_or(0, |command| command.sequence);
        sink(&newest.to_le_bytes());
        sink(&self.accepted_at_ns.to_le_bytes());
        sink(&self.followed_clutch.to_le_bytes());
        sink(&[self.state as u8, u8::from(self.accepted_since_tick)]);
    }
}
