//! The driver: what accepted commands do to the arms, and when nothing may move.

use robot_model::Arm;

use crate::following::Follower;
use crate::frame::{self, Command, STATUS_BYTES, Status};
use crate::interlock::{self, Circumstances, Silence, State};
use crate::reception::Reception;
use crate::robot::{Applied, Sensed, TickOutput};
use crate::rules::triggers;
use crate::watch::{Fault, Watch};
use crate::{LoopSettings, SettingsError};

/// The robot end behind reception: interlock, following, the watch, and status frames.
#[derive(Clone)]
pub struct Driver {
    settings: LoopSettings,
    follower: Follower,
    watch: Watch,
    state: State,
    engagement: u32,
    /// The newest accepted command of the session.
    newest: Option<Command>,
    accepted_since_tick: bool,
    /// The tick that saw the newest acceptance.
    accepted_at_ns: u64,
    /// The clutch number that is or was last followed in this session; 0 before the first.
    followed_clutch: u32,
    /// The fault that Faulted was entered for.
    fault: Option<Fault>,
    acknowledged: bool,
    /// Whether a tick has told where the arms are.
    awake: bool,
    statuses: StatusSender,
}

impl Driver {
    /// Idle; the arms rest where the first tick senses them.
    ///
    /// # Errors
    /// [`SettingsError`] when the settings are impossible for these arms.
    pub fn new(arms: &[Arm], settings: &LoopSettings) -> Result<Self, SettingsError> {
        settings.check(arms)?;
        Ok(Self {
            settings: *settings,
            follower: Follower::new(arms, settings),
            watch: Watch::new(),
            state: State::Idle,
            engagement: 0,
            newest: None,
            accepted_since_tick: false,
            accepted_at_ns: 0,
            followed_clutch: 0,
            fault: None,
            acknowledged: false,
            awake: false,
            statuses: StatusSender::new(settings),
        })
    }

    /// The present engagement number: commands that carry another are dead.
    pub fn engagement(&self) -> u32 {
        self.engagement
    }

    /// Time as the loop uses it: a clock that goes back stands still here, and is a fault in the next
    /// tick.
    pub fn steady(&self, now_ns: u64) -> u64 {
        self.watch.steady(now_ns)
    }

    /// Takes an accepted command; the last one before a tick counts.
    pub fn accept(&mut self, command: &Command) {
        self.newest = Some(*command);
        self.accepted_since_tick = true;
    }

    /// Somebody at the bedside has looked at what stopped the robot. It becomes idle in a later tick, once
    /// nothing is wrong any more and everything is at rest.
    pub fn acknowledge(&mut self) {
        self.acknowledged = matches!(self.state, State::Faulted | State::Stopped);
    }

    /// One period of the loop.
    pub fn tick(&mut self, now_ns: u64, sensed: &Sensed, reception: &Reception) -> TickOutput {
        if !core::mem::replace(&mut self.awake, true) {
            // After a restart the arms are wherever they were left.
            self.follower.rest_at(&sensed.joints);
        }
        let fault = self
            .watch
            .look(now_ns, sensed, &self.follower, &self.settings);
        let now_ns = self.watch.steady(now_ns);
        if reception.began {
            self.begin_session();
        }
        let accepted = core::mem::take(&mut self.accepted_since_tick);
        if accepted {
            self.accepted_at_ns = now_ns;
        }
        let circumstances = self.circumstances(now_ns, accepted, fault, reception.began);
        let before = self.state;
        self.state = interlock::next(before, &circumstances);
        self.change(before, fault, sensed);
        let applied = self.move_arms(now_ns, before, accepted);
        let status = self.status(now_ns, reception);
        TickOutput {
            set_points: self.follower.set_points(),
            state: self.state,
            fault: self.fault,
            engagement: self.engagement,
            applied,
            paths: reception.paths,
            status: reception
                .session
                .as_ref()
                .and_then(|(_, keys)| self.statuses.send_if_due(now_ns, &status, &keys.status)),
            welcome: None,
        }
    }

    /// Folds everything that a later output depends on.
    pub fn digest(&self, sink: &mut dyn FnMut(&[u8])) {
        self.follower.digest(sink);
        self.watch.digest(sink);
        if let Some(command) = &self.newest {
            command.digest(sink);
        }
        sink(&self.accepted_at_ns.to_le_bytes());
        sink(&self.engagement.to_le_bytes());
        sink(&self.followed_clutch.to_le_bytes());
        let flags = [
            self.newest.is_some(),
            self.accepted_since_tick,
            self.acknowledged,
            self.awake,
        ]
        .map(u8::from);
        sink(&[self.state as u8, self.fault.map_or(0, Fault::code)]);
        sink(&flags);
        self.statuses.digest(sink);
    }

    /// Another console, or the same one anew: nothing that was agreed with the last one holds.
    fn begin_session(&mut self) {
        self.followed_clutch = 0;
        // What was accepted since the last tick is of the new session: older frames have lost their key.
        if !self.accepted_since_tick {
            self.newest = None;
        }
        self.statuses.begin_again();
    }

    fn circumstances(
        &self,
        now_ns: u64,
        accepted: bool,
        fault: Option<Fault>,
        new_session: bool,
    ) -> Circumstances {
        let settings = &self.settings;
        let silent_ns = now_ns.saturating_sub(self.accepted_at_ns);
        let newest = self.newest.as_ref();
        Circumstances {
            stop: newest.is_some_and(|command| command.stop),
            fault: fault.is_some(),
            acknowledged: self.acknowledged,
            new_session,
            accepted,
            engaged: newest.is_some_and(|command| command.engaged),
            same_clutch: newest.is_some_and(|command| command.clutch == self.followed_clutch),
            fresh_clutch: newest.is_some_and(|command| command.clutch > self.followed_clutch),
            at_rest: self.follower.at_rest(),
            silence: if silent_ns > settings.coast_ns {
                Silence::Long
            } else if silent_ns > settings.gap_ns {
                Silence::Gap
            } else {
                Silence::None
            },
        }
    }

    /// What a change of state brings with it.
    fn change(&mut self, before: State, fault: Option<Fault>, sensed: &Sensed) {
        let is_halt = |state| matches!(state, State::Faulted | State::Stopped);
        let enters_hold = self.state == State::Holding && before != State::Holding;
        let leaves_halt = is_halt(before) && !is_halt(self.state);
        if triggers!(EngagementRises, enters_hold || leaves_halt) {
            self.engagement = self.engagement.saturating_add(1);
        }
        if is_halt(self.state) && self.state != before {
            // Told at once: the clock that says when a status is due may be what failed.
            self.statuses.hurry();
        }
        if self.state == State::Faulted && before != State::Faulted {
            self.fault = fault;
        }
        if leaves_halt {
            // The arms may be anywhere but where their set-points were left.
            self.follower.rest_at(&sensed.joints);
            self.fault = None;
        }
        if !is_halt(self.state) {
            self.acknowledged = false;
        }
    }

    /// Moves the set-points by one tick.
    fn move_arms(&mut self, now_ns: u64, before: State, accepted: bool) -> Option<Applied> {
        if !self.state.is_following() {
            self.follower.brake();
            return None;
        }
        let command = self.newest.as_ref()?;
        let begins = !before.is_following();
        if triggers!(AnchorAtBeginning, begins) {
            self.follower.let_go();
        }
        if begins {
            self.followed_clutch = command.clutch;
        }
        if begins || accepted {
            self.follower.obey(now_ns, command);
        }
        self.follower.follow(now_ns);
        (begins || accepted).then(|| Applied::of(command))
    }

    fn status(&self, now_ns: u64, reception: &Reception) -> Status {
        Status {
            epoch: reception.session.as_ref().map_or(0, |(epoch, _)| *epoch),
            sequence: 0,
            robot_time_ns: now_ns,
            engagement: self.engagement,
            state: self.state,
            newest_sequence: self.newest.as_ref().map_or(0, |command| command.sequence),
            clutch: self.followed_clutch,
            paths: reception.paths,
            fault: self.fault,
            verdicts: reception.verdicts,
        }
    }
}

/// Seals a status when one is due.
#[derive(Clone)]
pub struct StatusSender {
    interval_ns: u64,
    due_ns: u64,
    sequence: u64,
}

impl StatusSender {
    /// The first status is due at once.
    pub fn new(settings: &LoopSettings) -> Self {
        Self {
            interval_ns: settings.status_interval_ns,
            due_ns: 0,
            sequence: 0,
        }
    }

    /// A new session counts its statuses from 1, and the first is due at once.
    pub fn begin_again(&mut self) {
        (self.due_ns, self.sequence) = (0, 0);
    }

    /// The next status is due at once.
    pub fn hurry(&mut self) {
        self.due_ns = 0;
    }

    /// The sealed status with the next sequence number, if it is time for one.
    pub fn send_if_due(
        &mut self,
        now_ns: u64,
        status: &Status,
        key: &[u8; 32],
    ) -> Option<[u8; STATUS_BYTES]> {
        if now_ns < self.due_ns {
            return None;
        }
        self.due_ns = now_ns.saturating_add(self.interval_ns);
        self.sequence = self.sequence.saturating_add(1);
        let status = Status {
            sequence: self.sequence,
            ..*status
        };
        Some(frame::seal_status(&status, key))
    }

    /// Folds what later statuses depend on.
    pub fn digest(&self, sink: &mut dyn FnMut(&[u8])) {
        sink(&self.due_ns.to_le_bytes());
        sink(&self.sequence.to_le_bytes());
    }
}
