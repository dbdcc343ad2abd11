//! The loop's settings, their origins, and which combinations are impossible.

use core::fmt;

use robot_model::{Arm, MAX_ARMS};

use crate::admission::WINDOW;
use crate::console::DELAYED_FRAMES;
use crate::shaper::stopping_time_s;

const MS: u64 = 1_000_000;

/// A stop takes up to 3 % and eight ticks longer than the closed form: braking switches only at ticks
/// and keeps a little of its limits back.
const STOP_SHARE: f64 = 1.03;
const STOP_TICKS: f64 = 8.0;

/// Settings of both ends. Every default has its origin beside it; "assumed" means that no source was
/// found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LoopSettings {
    /// The loop's period. 1 ms: dVRK's teleoperation loop runs at 1 kHz.
    pub tick_ns: u64,
    /// Time between commands. 2 ms: the recorded ITP stream of a Raven console has 517 a second.
    pub frame_interval_ns: u64,
    /// Time between statuses. As often as commands: the echo of a command is no older than needed.
    pub status_interval_ns: u64,
    /// Silence after which following is called coasting. 10 ms, five frames: assumed.
    pub gap_ns: u64,
    /// Silence after which the robot stops and holds. 100 ms: MoveIt Servo's command time-out.
    pub coast_ns: u64,
    /// Time within which every stop ends. 200 ms: assumed.
    pub stop_ns: u64,
    /// Oldest echo that a command may carry. 500 ms: Xu 2014 found 400–500 ms tiring and 600 ms fit for
    /// low-risk work only.
    pub freshness_ns: u64,
    /// How far ahead of the newest frame a frame may be, beyond what the console can have sent since
    /// then. 10 s of frames: assumed.
    pub forward_jump: u64,
    /// How long a path may bring nothing before it is reported silent. 400 ms, inside the 500 ms that R19
    /// allows: FRER's 2 s latent-error period is too slow for a loop that holds after 100 ms.
    pub latent_ns: u64,
    /// Frames of a path that are opened in a tick; what comes beyond is dropped and counted. 320: a clogged
    /// path that opens again brings up to 250 frames that are still fresh in one tick, the newest of them
    /// last. A flood of 100,000 datagrams a second is 100 a tick.
    pub frames_per_tick: u32,
    /// How much later than the first the second copy of a command is sent, on path B. 0: both at once.
    pub stagger_ns: u64,
    /// Time between greetings of a console without a session. 100 ms: assumed.
    pub hello_interval_ns: u64,
    /// Silence after which a console greets the robot anew. 1 s: assumed.
    pub greet_after_ns: u64,
    /// How much later than its period a tick may come. 10 ms: assumed; dVRK's watchdog waits 30 ms.
    pub overrun_ns: u64,
    /// How long a joint may have no reading. 5 ms: assumed.
    pub dropout_ns: u64,
    /// How long a joint's reading may stay the same while its set-point moves on. 50 ms, the time that R17
    /// allows for a fault: assumed.
    pub frozen_ns: u64,
    /// Least distance of a tip from its remote centre, m. 45 mm: dVRK's SafeDistanceFromRCM.
    pub least_depth_m: f64,
    /// Instrument motion over hand motion. 0.33: assumed; dVRK's default is 0.2.
    pub motion_scale: f64,
    /// Knee of the tremor filter, Hz. 6: the tremor band is 6–16 Hz, voluntary motion below 2 Hz.
    pub tremor_knee_hz: f64,
    /// Greatest speed of a tip, m/s. 0.1: Raven II's fault label of 0.1 mm a millisecond.
    pub tip_speed_m_s: f64,
    /// Greatest speed of a tip right after following begins, m/s. 0.02: assumed.
    pub resume_speed_m_s: f64,
    /// How long that limit lasts. 500 ms: assumed.
    pub resume_ns: u64,
    /// Distance of the measured tip from its set-point that is a fault, m. 2 mm: assumed; dVRK's
    /// tolerance is 50 mm.
    pub tracking_error_m: f64,
}

impl Default for LoopSettings {
    fn default() -> Self {
        Self {
            tick_ns: MS,
            frame_interval_ns: 2 * MS,
            status_interval_ns: 2 * MS,
            gap_ns: 10 * MS,
            coast_ns: 100 * MS,
            stop_ns: 200 * MS,
            freshness_ns: 500 * MS,
            forward_jump: 5_000,
            latent_ns: 400 * MS,
            frames_per_tick: 320,
            stagger_ns: 0,
            hello_interval_ns: 100 * MS,
            greet_after_ns: 1_000 * MS,
            overrun_ns: 10 * MS,
            dropout_ns: 5 * MS,
            frozen_ns: 50 * MS,
            least_depth_m: 0.045,
            motion_scale: 0.33,
            tremor_knee_hz: 6.0,
            tip_speed_m_s: 0.1,
            resume_speed_m_s: 0.02,
            resume_ns: 500 * MS,
            tracking_error_m: 0.002,
        }
    }
}

/// An impossible setting: what it is, and what would be possible.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SettingsError {
    /// The setting at fault.
    pub what: &'static str,
    /// Which rule it breaks, and how to mend it.
    pub rule: &'static str,
    /// Arm and joint, from 0, where the robot is part of the contradiction.
    pub joint: Option<(usize, usize)>,
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.rule)?;
        if let Some((arm, joint)) = self.joint {
            write!(
                f,
                " (arm {}, joint {})",
                arm.saturating_add(1),
                joint.saturating_add(1)
            )?;
        }
        Ok(())
    }
}

impl core::error::Error for SettingsError {}

impl LoopSettings {
    /// Checks the settings together, and against the arms they are for.
    ///
    /// # Errors
    /// The first [`SettingsError`].
    pub fn check(&self, arms: &[Arm]) -> Result<(), SettingsError> {
        let refused = |what, rule| {
            Err(SettingsError {
                what,
                rule,
                joint: None,
            })
        };
        if arms.is_empty() || arms.len() > MAX_ARMS {
            return refused("arms", "the loop drives one to four arms");
        }
        if self.tick_ns == 0 || self.tick_ns > 10 * MS {
            return refused("tick", "must be longer than 0 and at most 10 ms");
        }
        if self.frame_interval_ns < self.tick_ns || self.status_interval_ns < self.tick_ns {
            return refused("frame and status interval", "must be at least a tick");
        }
        if self.gap_ns < self.frame_interval_ns {
            return refused(
                "gap",
                "must be at least the frame interval, or every pause between frames is a gap",
            );
        }
        if self.coast_ns <= self.gap_ns {
            return refused("coast", "must be longer than the gap that begins it");
        }
        if self.freshness_ns <= self.coast_ns {
            return refused(
                "freshness",
                "must be longer than coast: an echo is at least a round trip old",
            );
        }
        if self.stop_ns == 0 || self.stop_ns > 1_000 * MS {
            return refused("stop", "must be longer than 0 and at most 1 s");
        }
        if self.latent_ns < self.coast_ns {
            return refused(
                "latent",
                "must be at least coast, or a short gap is reported as a loss",
            );
        }
        if self.forward_jump == 0 || self.forward_jump > 100_000 {
            return refused("forward jump", "must be 1 to 100,000 frames");
        }
        // Two copies of a frame can be as far apart as the freshness limit lets both matter.
        if self.frame_interval_ns.saturating_mul(WINDOW) <= self.freshness_ns {
            return refused(
                "freshness",
                "must span fewer frames than the admission window of 4,096; send fewer or shorten it",
            );
        }
        let fresh_frames = self.freshness_ns.checked_div(self.frame_interval_ns);
        if u64::from(self.frames_per_tick) < fresh_frames.unwrap_or(u64::MAX) {
            return refused(
                "frames per tick",
                "must be at least the frames that fit into freshness, or a clogged path that opens \
                 again loses its newest command",
            );
        }
        if u64::from(self.frames_per_tick) > WINDOW {
            return refused("frames per tick", "must be at most 4,096 of each path");
        }
        if self.hello_interval_ns < self.tick_ns || self.greet_after_ns <= self.coast_ns {
            return refused(
                "greeting",
                "the interval must be at least a tick, and the silence before it longer than coast",
            );
        }
        if self.overrun_ns > self.coast_ns {
            return refused(
                "overrun",
                "must be at most coast, or a stalled loop outlives a dead link",
            );
        }
        if self.dropout_ns > self.stop_ns || self.frozen_ns > self.stop_ns {
            return refused(
                "dropout and frozen",
                "must be at most stop: that long the robot moves unseen",
            );
        }
        if !within(self.least_depth_m, 0.001, 0.2) {
            return refused("least depth", "must be 1 to 200 mm");
        }
        self.check_stagger()?;
        if !within(self.motion_scale, 0.2, 1.0) {
            return refused("motion scale", "must be 0.2 to 1");
        }
        if !within(self.tremor_knee_hz, 1.0, 50.0) {
            return refused("tremor knee", "must be 1 to 50 Hz");
        }
        if !within(self.tip_speed_m_s, 0.001, 0.5) {
            return refused("tip speed", "must be 1 to 500 mm/s");
        }
        if !within(self.resume_speed_m_s, 0.001, self.tip_speed_m_s) {
            return refused(
                "resume speed",
                "must be at least 1 mm/s and at most the tip speed",
            );
        }
        if !within(self.tracking_error_m, 0.0001, 0.05) {
            return refused("tracking error", "must be 0.1 to 50 mm");
        }
        self.check_stops(arms)
    }

    /// A second copy must still be worth something, and few may wait.
    pub(crate) fn check_stagger(&self) -> Result<(), SettingsError> {
        let waiting = self
            .stagger_ns
            .checked_div(self.frame_interval_ns)
            .unwrap_or(u64::MAX);
        if waiting < DELAYED_FRAMES as u64 && self.stagger_ns < self.coast_ns {
            return Ok(());
        }
        Err(SettingsError {
            what: "stagger",
            rule: "must be shorter than coast and than 32 frames",
            joint: None,
        })
    }

    /// Every joint must be able to stop from its greatest speed within the time for a stop.
    fn check_stops(&self, arms: &[Arm]) -> Result<(), SettingsError> {
        let stop_s = self.stop_ns as f64 * 1e-9;
        let ticks_s = STOP_TICKS * self.tick_ns as f64 * 1e-9;
        for (arm_index, arm) in arms.iter().enumerate() {
            for (joint, limits) in arm.limits.iter().take(arm.joint_count).enumerate() {
                let numbers = [limits.velocity, limits.acceleration, limits.jerk];
                let are_limits = numbers
                    .iter()
                    .all(|limit| *limit > 0.0 && limit.is_finite());
                let time_s = STOP_SHARE * stopping_time_s(limits, limits.velocity) + ticks_s;
                if !are_limits || time_s > stop_s {
                    return Err(SettingsError {
                        what: "stop",
                        rule: "a joint cannot stop from its greatest speed in this time: allow more \
                               time or jerk, or less speed",
                        joint: Some((arm_index, joint)),
                    });
                }
            }
        }
        Ok(())
    }
}

fn within(value: f64, least: f64, most: f64) -> bool {
    value >= least && value <= most
}
