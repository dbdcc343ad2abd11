//! The driver: what accepted commands do to the arms, and when nothing may move.

use robot_model::Arm;

use crate::following::Follower;
use crate::frame::{self, Command, STATUS_BYTES, SessionKeys, Status};
use crate::interlock::{self, Circumstances, Silence, State};
use crate::robot::{Applied, Sensed, TickOutput};
use crate::{LoopSettings, PATHS, SettingsError, VERDICTS};

/// The robot end behind admission: interlock, following and status frames.
#[derive(Clone)]
pub struct Driver {
    settings: LoopSettings,
    follower: Follower,
    state: State,
    engagement: u32,
    /// The newest accepted command.
    newest: Option<Command>,
    accepted_since_tick: bool,
    accepted_at_ns: u64,
    /// The clutch number that is or was last followed; 0 before the first.
    followed_clutch: u32,
    slow_until_ns: u64,
    statuses: StatusSender,
}

/// What reception tells in a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reception {
    /// Paths on which nothing authentic arrived for a while.
    pub silent_paths: [bool; PATHS],
    /// Frames judged so far, by path and verdict.
    pub verdicts: [[u32; VERDICTS]; PATHS],
}

impl Driver {
    /// Arms at home, at rest and idle.
    ///
    /// # Errors
    /// [`SettingsError`] when the settings are impossible for these arms.
    pub fn new(
        arms: &[Arm],
        settings: &LoopSettings,
        keys: &SessionKeys,
    ) -> Result<Self, SettingsError> {
        settings.check(arms)?;
        Ok(Self {
            settings: *settings,
            follower: Follower::new(arms, settings),
            state: State::Idle,
            engagement: 0,
            newest: None,
            accepted_since_tick: false,
            accepted_at_ns: 0,
            followed_clutch: 0,
            slow_until_ns: 0,
            statuses: StatusSender::new(settings, keys),
        })
    }

    /// The present engagement number: commands that carry another are dead.
    pub fn engagement(&self) -> u32 {
        self.engagement
    }

    /// Takes an accepted command; the last one before a tick counts.
    pub fn accept(&mut self, now_ns: u64, command: &Command) {
        self.newest = Some(*command);
        self.accepted_since_tick = true;
        self.accepted_at_ns = now_ns;
    }

    /// One period of the loop.
    pub fn tick(&mut self, now_ns: u64, sensed: &Sensed, reception: &Reception) -> TickOutput {
        let circumstances = self.circumstances(now_ns, sensed);
        let before = self.state;
        self.state = interlock::next(before, &circumstances);
        self.accepted_since_tick = false;
        let applied = self.move_arms(now_ns, before, circumstances.accepted);
        let status = Status {
            epoch: self.settings.epoch,
            sequence: 0,
            robot_time_ns: now_ns,
            engagement: self.engagement,
            state: self.state,
            newest_sequence: self.newest.as_ref().map_or(0, |command| command.sequence),
            clutch: self.followed_clutch,
            silent_paths: reception.silent_paths,
            verdicts: reception.verdicts,
        };
        TickOutput {
            set_points: self.follower.set_points(),
            state: self.state,
            engagement: self.engagement,
            applied,
            silent_paths: reception.silent_paths,
            status: self.statuses.send_if_due(now_ns, &status),
        }
    }

    /// Folds everything that a later output depends on.
    pub fn digest(&self, sink: &mut dyn FnMut(&[u8])) {
        self.follower.digest(sink);
        if let Some(command) = &self.newest {
            command.digest(sink);
        }
        for value in [self.accepted_at_ns, self.slow_until_ns] {
            sink(&value.to_le_bytes());
        }
        sink(&self.engagement.to_le_bytes());
        sink(&self.followed_clutch.to_le_bytes());
        let flags = [self.newest.is_some(), self.accepted_since_tick].map(u8::from);
        sink(&[self.state as u8]);
        sink(&flags);
        self.statuses.digest(sink);
    }

    fn circumstances(&self, now_ns: u64, sensed: &Sensed) -> Circumstances {
        let settings = &self.settings;
        let silent_ns = now_ns.saturating_sub(self.accepted_at_ns);
        let newest = self.newest.as_ref();
        Circumstances {
            stop: newest.is_some_and(|command| command.stop),
            fault: !self
                .follower
                .tracks_within(settings.tracking_error_m, &sensed.joints),
            accepted: self.accepted_since_tick,
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

    /// Acts on the change of state, and moves the set-points by one tick.
    fn move_arms(&mut self, now_ns: u64, before: State, accepted: bool) -> Option<Applied> {
        if self.state == State::Holding && before != State::Holding {
            self.engagement = self.engagement.saturating_add(1);
        }
        if !self.state.is_following() {
            self.follower.brake();
            return None;
        }
        let command = self.newest.as_ref()?;
        let begins = !before.is_following();
        if begins {
            self.follower.anchor(command);
            self.followed_clutch = command.clutch;
            self.slow_until_ns = now_ns.saturating_add(self.settings.resume_ns);
        } else if accepted {
            self.follower.aim(command);
        }
        let limit_m_s = if now_ns <= self.slow_until_ns {
            self.settings.resume_speed_m_s
        } else {
            self.settings.tip_speed_m_s
        };
        self.follower.follow(limit_m_s);
        (begins || accepted).then(|| Applied::of(command))
    }
}

/// Seals a status when one is due.
#[derive(Clone)]
pub struct StatusSender {
    keys: SessionKeys,
    interval_ns: u64,
    due_ns: u64,
    sequence: u64,
}

impl StatusSender {
    /// The first status is due at once.
    pub fn new(settings: &LoopSettings, keys: &SessionKeys) -> Self {
        let interval_ns = settings.status_interval_ns;
        Self {
            keys: keys.clone(),
            interval_ns,
            due_ns: 0,
            sequence: 0,
        }
    }

    /// The sealed status with the next sequence number, if it is time for one.
    pub fn send_if_due(&mut self, now_ns: u64, status: &Status) -> Option<[u8; STATUS_BYTES]> {
        if now_ns < self.due_ns {
            return None;
        }
        self.due_ns = now_ns.saturating_add(self.interval_ns);
        self.sequence = self.sequence.saturating_add(1);
        let status = Status {
            sequence: self.sequence,
            ..*status
        };
        Some(frame::seal_status(&status, &self.keys))
    }

    /// Folds what later statuses depend on.
    pub fn digest(&self, sink: &mut dyn FnMut(&[u8])) {
        sink(&self.due_ns.to_le_bytes());
        sink(&self.sequence.to_le_bytes());
    }
}
