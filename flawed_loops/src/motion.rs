//! Loops that move in a wrong way: without limits, on after the commands have ended, or from an old anchor.

use control_loop::following::Follower;
use control_loop::frame::Command;
use control_loop::{LoopSettings, SettingsError, TickOutput, Verdict};
use robot_model::Arm;

use crate::flaw::{Flaw, Moment};

/// The last command stays latched: when commands stop, each hand is taken to move on as it did.
///
/// What a velocity command does that nobody takes back. Caught by R05.
#[derive(Clone, Default)]
pub struct Latched {
    newest: Option<(u64, Command)>,
    /// How fast each hand moved, m a ns.
    speed: [[f64; 3]; control_loop::HANDS],
}

impl Flaw for Latched {
    fn judge(&mut self, moment: &Moment, command: &mut Command, verdict: Verdict) -> Verdict {
        if verdict != Verdict::Accepted {
            return verdict;
        }
        if let Some((at_ns, before)) = &self.newest {
            let frames = command.sequence.saturating_sub(before.sequence).max(1);
            // By numbers, two milliseconds each: arrivals come in bursts.
            let elapsed_ns = frames as f64 * 2e6;
            let hands = before.hands.iter().zip(&command.hands);
            if moment.now_ns > *at_ns {
                for (speed, hands) in self.speed.iter_mut().zip(hands) {
                    *speed = match hands {
                        (Some(before), Some(now)) if before.grip == now.grip => {
                            let moved =
                                now.motion.translation.vector - before.motion.translation.vector;
                            (moved / elapsed_ns).into()
                        }
                        _ => [0.0; 3],
                    };
                }
            }
        }
        self.newest = Some((moment.now_ns, *command));
        verdict
    }

    fn in_silence(&mut self, now_ns: u64) -> Option<Command> {
        let (at_ns, command) = self.newest.as_ref()?;
        let elapsed_ns = now_ns.saturating_sub(*at_ns) as f64;
        let mut command = *command;
        for (hand, speed) in command.hands.iter_mut().flatten().zip(&self.speed) {
            for (place, speed) in hand.motion.translation.vector.iter_mut().zip(speed) {
                *place += speed * elapsed_ns;
            }
        }
        Some(command)
    }

    fn digest(&self, sink: &mut dyn FnMut(&[u8])) {
        if let Some((at_ns, command)) = &self.newest {
            sink(&at_ns.to_le_bytes());
            command.digest(sink);
        }
        for value in self.speed.iter().flatten() {
            sink(&value.to_bits().to_le_bytes());
        }
    }
}

/// Only the console watches the link: the robot takes the last command to be in force until another comes.
///
/// Raven II's receiver waits two seconds and then does nothing; whether to stop is left to the master.
/// Caught by R05, when commands stop while the arm is on its way, and by R07.
#[derive(Clone, Default)]
pub struct WatchdogAtTheConsole {
    newest: Option<Command>,
}

impl Flaw for WatchdogAtTheConsole {
    fn judge(&mut self, _moment: &Moment, command: &mut Command, verdict: Verdict) -> Verdict {
        if verdict == Verdict::Accepted {
            self.newest = Some(*command);
        }
        verdict
    }

    fn in_silence(&mut self, _now_ns: u64) -> Option<Command> {
        self.newest
    }

    fn digest(&self, sink: &mut dyn FnMut(&[u8])) {
        if let Some(command) = &self.newest {
            command.digest(sink);
        }
    }
}

/// The arm jumps to its target as fast as eight times the limits let it: no limit of jerk, acceleration or
/// speed is left.
///
/// CRTK says that a low-level controller may reject large jumps; this one does not. Caught by R04.
#[derive(Clone)]
pub struct JumpsToTheTarget {
    follower: Follower,
    was_following: bool,
    obeyed: (u32, u64),
}

/// Ticks' worth of motion in a tick.
const HASTE: usize = 8;

impl JumpsToTheTarget {
    /// Arms at home.
    ///
    /// # Errors
    /// The settings are impossible for these arms.
    pub fn new(arms: &[Arm], settings: &LoopSettings) -> Result<Self, SettingsError> {
        settings.check(arms)?;
        Ok(Self {
            follower: Follower::new(arms, settings),
            was_following: false,
            obeyed: (0, 0),
        })
    }
}

impl Flaw for JumpsToTheTarget {
    fn say(&mut self, now_ns: u64, obeyed: Option<&Command>, output: TickOutput) -> TickOutput {
        let is_following = output.state.is_following();
        if is_following && !self.was_following {
            self.follower.let_go();
        }
        self.was_following = is_following;
        if let Some(command) = obeyed.filter(|_| is_following) {
            let number = (command.epoch, command.sequence);
            if core::mem::replace(&mut self.obeyed, number) != number {
                self.follower.obey(now_ns, command);
            }
        }
        for _ in 0..HASTE {
            if is_following {
                self.follower.follow(now_ns);
            } else {
                self.follower.brake();
            }
        }
        TickOutput {
            set_points: self.follower.set_points(),
            ..output
        }
    }

    fn digest(&self, sink: &mut dyn FnMut(&[u8])) {
        self.follower.digest(sink);
        sink(&[u8::from(self.was_following)]);
        sink(&self.obeyed.0.to_le_bytes());
        sink(&self.obeyed.1.to_le_bytes());
    }
}

/// The anchor is taken once: after a hold the arm goes back to where the hand first took hold of it.
///
/// dVRK re-anchors at every clutch; a loop that remembers the first anchor undoes the operation so far.
/// Caught by R07.
#[derive(Clone)]
pub struct NoReAnchor {
    follower: Follower,
    obeyed: (u32, u64),
}

impl NoReAnchor {
    /// Arms at home.
    ///
    /// # Errors
    /// The settings are impossible for these arms.
    pub fn new(arms: &[Arm], settings: &LoopSettings) -> Result<Self, SettingsError> {
        settings.check(arms)?;
        Ok(Self {
            follower: Follower::new(arms, settings),
            obeyed: (0, 0),
        })
    }
}

impl Flaw for NoReAnchor {
    fn judge(&mut self, _moment: &Moment, command: &mut Command, verdict: Verdict) -> Verdict {
        for hand in command.hands.iter_mut().flatten() {
            // All grips are the first one.
            hand.grip = 1;
        }
        verdict
    }

    fn say(&mut self, now_ns: u64, obeyed: Option<&Command>, output: TickOutput) -> TickOutput {
        if let Some(command) = obeyed.filter(|_| output.state.is_following()) {
            let number = (command.epoch, command.sequence);
            if core::mem::replace(&mut self.obeyed, number) != number {
                self.follower.obey(now_ns, command);
            }
            self.follower.follow(now_ns);
        } else {
            self.follower.brake();
        }
        TickOutput {
            set_points: self.follower.set_points(),
            ..output
        }
    }

    fn digest(&self, sink: &mut dyn FnMut(&[u8])) {
        self.follower.digest(sink);
        sink(&self.obeyed.0.to_le_bytes());
        sink(&self.obeyed.1.to_le_bytes());
    }
}
