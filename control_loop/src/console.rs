//! The console end: hands and pedals in, sealed commands out.

use robot_model::{MAX_ARMS, Pose};

use crate::frame::{self, ArmCommand, COMMAND_BYTES, Command, Refusal, SessionKeys, Status};
use crate::{LoopSettings, PathId, SettingsError};

/// One hand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hand {
    /// Where the hand is, in the table's frame.
    pub pose: Pose,
    /// How far it opens the jaw, rad.
    pub jaw_rad: f64,
}

/// What the surgeon does in a tick.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HandInput {
    /// One hand an arm.
    pub hands: [Hand; MAX_ARMS],
    /// Whether the clutch pedal is down: the hands move freely, the instruments hold still.
    pub clutch_pressed: bool,
    /// Whether the emergency stop is pressed.
    pub stop_pressed: bool,
}

/// A command on its way to both paths.
#[derive(Clone, Copy)]
pub struct Sent {
    /// The sealed frame; both paths get the same bytes.
    pub bytes: [u8; COMMAND_BYTES],
    /// What is inside.
    pub command: Command,
}

/// What became of a status frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusVerdict {
    /// It is the newest.
    Accepted,
    /// A newer one, or this one, was seen before.
    Old,
    /// It is of another epoch.
    WrongEpoch,
    /// Its tag does not fit.
    Forged,
    /// It is no frame of this layout.
    Malformed,
}

/// The console end of the loop.
#[derive(Clone)]
pub struct Console {
    keys: SessionKeys,
    epoch: u32,
    frame_interval_ns: u64,
    arm_count: usize,
    newest: Option<Status>,
    sequence: u64,
    due_ns: u64,
    /// Whether the emergency stop was ever pressed: any one command may be the only one to arrive.
    stopped: bool,
    clutch: Clutch,
}

/// The clutch: what the last gesture fixed.
#[derive(Clone, Copy)]
struct Clutch {
    pressed: bool,
    engaged: bool,
    number: u32,
    engagement: u32,
    anchors: [Pose; MAX_ARMS],
}

impl Console {
    /// A console that has heard nothing yet.
    ///
    /// # Errors
    /// [`SettingsError`] when there are no arms, or too many.
    pub fn new(
        settings: &LoopSettings,
        keys: &SessionKeys,
        arm_count: usize,
    ) -> Result<Self, SettingsError> {
        if arm_count == 0 || arm_count > MAX_ARMS {
            let rule = "the console drives one to four arms";
            return Err(SettingsError {
                what: "arms",
                rule,
                joint: None,
            });
        }
        Ok(Self {
            keys: keys.clone(),
            epoch: settings.epoch,
            frame_interval_ns: settings.frame_interval_ns,
            arm_count,
            newest: None,
            sequence: 0,
            due_ns: 0,
            stopped: false,
            clutch: Clutch {
                pressed: false,
                engaged: false,
                number: 0,
                engagement: 0,
                anchors: [Pose::identity(); MAX_ARMS],
            },
        })
    }

    /// Reads a status frame that arrives now on a path.
    pub fn receive(&mut self, _now_ns: u64, _path: PathId, bytes: &[u8]) -> StatusVerdict {
        let status = match frame::open_status(bytes, &self.keys) {
            Ok(status) => status,
            Err(Refusal::Forged) => return StatusVerdict::Forged,
            Err(Refusal::Malformed) => return StatusVerdict::Malformed,
        };
        if status.epoch != self.epoch {
            return StatusVerdict::WrongEpoch;
        }
        if self
            .newest
            .is_some_and(|newest| status.sequence <= newest.sequence)
        {
            return StatusVerdict::Old;
        }
        self.newest = Some(status);
        StatusVerdict::Accepted
    }

    /// One period of the console: works the clutch, and seals a command when one is due.
    ///
    /// Nothing is sent before the first status: a command must echo the robot's time. A pressed
    /// emergency stop is sent with every command from then on, and nothing is engaged any more, so
    /// that the robot never refuses it for an engagement that has ended.
    pub fn tick(&mut self, now_ns: u64, input: &HandInput) -> Option<Sent> {
        self.stopped |= input.stop_pressed;
        let status = self.newest?;
        self.work_clutch(&status, input);
        if now_ns < self.due_ns {
            return None;
        }
        self.due_ns = now_ns.saturating_add(self.frame_interval_ns);
        self.sequence = self.sequence.saturating_add(1);
        let clutch = &self.clutch;
        let mut arms = [ArmCommand {
            motion: Pose::identity(),
            jaw_rad: 0.0,
        }; MAX_ARMS];
        let hands = arms
            .iter_mut()
            .zip(&input.hands)
            .zip(&clutch.anchors)
            .take(self.arm_count);
        for ((arm, hand), anchor) in hands {
            arm.jaw_rad = hand.jaw_rad;
            if clutch.engaged {
                arm.motion = motion_since(anchor, &hand.pose);
            }
        }
        let command = Command {
            epoch: self.epoch,
            sequence: self.sequence,
            echo_ns: status.robot_time_ns,
            // While nothing is to move, the newest number keeps the link admissible.
            engagement: if clutch.engaged {
                clutch.engagement
            } else {
                status.engagement
            },
            clutch: clutch.number,
            engaged: clutch.engaged,
            stop: self.stopped,
            arms,
        };
        Some(Sent {
            bytes: frame::seal_command(&command, &self.keys),
            command,
        })
    }

    /// The newest status, once there is one.
    pub fn newest_status(&self) -> Option<&Status> {
        self.newest.as_ref()
    }

    /// Folds everything that later commands depend on.
    pub fn digest(&self, sink: &mut dyn FnMut(&[u8])) {
        let newest = self.newest.as_ref();
        for value in [
            newest.map_or(0, |status| status.sequence),
            newest.map_or(0, |status| status.robot_time_ns),
            self.sequence,
            self.due_ns,
        ] {
            sink(&value.to_le_bytes());
        }
        sink(&newest.map_or(0, |status| status.engagement).to_le_bytes());
        let clutch = &self.clutch;
        for flag in [
            newest.is_some(),
            self.stopped,
            clutch.pressed,
            clutch.engaged,
        ] {
            sink(&[u8::from(flag)]);
        }
        sink(&clutch.number.to_le_bytes());
        sink(&clutch.engagement.to_le_bytes());
        for anchor in &clutch.anchors {
            for value in anchor
                .translation
                .vector
                .iter()
                .chain(anchor.rotation.coords.iter())
            {
                sink(&value.to_bits().to_le_bytes());
            }
        }
    }

    /// A gesture is the pedal's way up: it takes the engagement number that the screen shows now.
    fn work_clutch(&mut self, status: &Status, input: &HandInput) {
        let clutch = &mut self.clutch;
        if input.clutch_pressed || self.stopped {
            clutch.engaged = false;
        } else if clutch.pressed {
            clutch.engaged = true;
            clutch.number = clutch.number.saturating_add(1);
            clutch.engagement = status.engagement;
            clutch.anchors = input.hands.map(|hand| hand.pose);
        }
        clutch.pressed = input.clutch_pressed;
    }
}

/// How a hand has moved since the gesture: both parts in the table's frame.
fn motion_since(anchor: &Pose, hand: &Pose) -> Pose {
    Pose::from_parts(
        (hand.translation.vector - anchor.translation.vector).into(),
        hand.rotation * anchor.rotation.inverse(),
    )
}
