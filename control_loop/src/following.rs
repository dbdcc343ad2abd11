//! Following: from the hands' motion to joint set-points.
//!
//! Motion is relative to the clutch gesture at both ends. The robot remembers where the hand was in the
//! frame that began following and where the tip was then; from there on the tip's displacement is the
//! hand's, scaled. So a lost frame costs freshness and never drift, and beginning to follow moves
//! nothing: the first target is the present set-point.
//!
//! A target outside the joints' positions is clamped, not refused, as dVRK does; a target without joint
//! values (too near the remote centre) leaves the last one in place.

use robot_model::{Arm, JointVector, MAX_ARMS, MAX_JOINTS, Pose};

use crate::LoopSettings;
use crate::frame::{ArmCommand, Command};
use crate::shaper::{ArmShaper, ShaperSettings};

/// Share of a tip speed limit that is asked of the shaper: the rest is for the chords of a curved path.
const SPEED_SHARE: f64 = 0.95;

/// All arms' anchors, targets and shapers.
#[derive(Clone)]
pub struct Follower {
    arms: [Option<ArmFollower>; MAX_ARMS],
    motion_scale: f64,
    shaper: ShaperSettings,
}

/// One arm.
#[derive(Clone)]
struct ArmFollower {
    arm: Arm,
    shaper: ArmShaper,
    /// The tip in the remote-centre frame when following began.
    anchor_tip: Pose,
    /// The hand's motion in the frame that began following.
    anchor_motion: Pose,
    /// Where the joints are to go.
    target: JointVector,
}

impl Follower {
    /// Arms at rest at home; arms beyond the fourth are left out.
    pub fn new(arms: &[Arm], settings: &LoopSettings) -> Self {
        let mut followers = [const { None }; MAX_ARMS];
        for (follower, arm) in followers.iter_mut().zip(arms) {
            *follower = Some(ArmFollower {
                arm: *arm,
                shaper: ArmShaper::at_rest(&arm.home),
                anchor_tip: arm.tip_pose(&arm.home),
                anchor_motion: Pose::identity(),
                target: arm.home,
            });
        }
        Self {
            arms: followers,
            motion_scale: settings.motion_scale,
            shaper: ShaperSettings {
                tick_s: settings.tick_ns as f64 * 1e-9,
                tremor_knee_hz: settings.tremor_knee_hz,
            },
        }
    }

    /// Begins to follow: from now on the hand's place in `command` is the tip's place as it is.
    pub fn anchor(&mut self, command: &Command) {
        for (follower, hand) in self.arms.iter_mut().flatten().zip(&command.arms) {
            follower.anchor_tip = follower.arm.tip_pose(follower.shaper.joints());
            follower.anchor_motion = hand.motion;
            follower.target = *follower.shaper.joints();
        }
    }

    /// Moves the targets to where `command` wants the tips.
    pub fn aim(&mut self, command: &Command) {
        for (follower, hand) in self.arms.iter_mut().flatten().zip(&command.arms) {
            follower.aim(hand, self.motion_scale);
        }
    }

    /// One tick towards the targets, no tip faster than the limit.
    pub fn follow(&mut self, tip_speed_limit_m_s: f64) {
        for follower in self.arms.iter_mut().flatten() {
            let ArmFollower {
                arm,
                shaper,
                target,
                ..
            } = follower;
            shaper.follow(arm, target, tip_speed_limit_m_s * SPEED_SHARE, &self.shaper);
        }
    }

    /// One tick of stopping.
    pub fn brake(&mut self) {
        for follower in self.arms.iter_mut().flatten() {
            follower.shaper.brake(&follower.arm, &self.shaper);
        }
    }

    /// Whether every set-point is at rest.
    pub fn at_rest(&self) -> bool {
        self.arms
            .iter()
            .flatten()
            .all(|follower| follower.shaper.is_at_rest())
    }

    /// The joint set-points of all arms.
    pub fn set_points(&self) -> [JointVector; MAX_ARMS] {
        let mut set_points = [[0.0; MAX_JOINTS]; MAX_ARMS];
        for (set_point, follower) in set_points.iter_mut().zip(self.arms.iter().flatten()) {
            *set_point = *follower.shaper.joints();
        }
        set_points
    }

    /// Whether every tip by sensed joints is within a distance of its set-point, m; a sensed joint that is
    /// not a number is nowhere.
    pub fn tracks_within(&self, limit_m: f64, sensed: &[JointVector; MAX_ARMS]) -> bool {
        let arms = self.arms.iter().flatten().zip(sensed);
        arms.into_iter()
            .all(|(follower, joints)| follower.tracks_within(limit_m, joints))
    }

    /// Folds everything that later set-points depend on.
    pub fn digest(&self, sink: &mut dyn FnMut(&[u8])) {
        for follower in self.arms.iter().flatten() {
            let shaper = &follower.shaper;
            for vector in [
                shaper.joints(),
                shaper.rates(),
                shaper.accelerations(),
                &follower.target,
            ] {
                fold(vector, sink);
            }
            for pose in [&follower.anchor_tip, &follower.anchor_motion] {
                for value in pose
                    .translation
                    .vector
                    .iter()
                    .chain(pose.rotation.coords.iter())
                {
                    sink(&value.to_bits().to_le_bytes());
                }
            }
        }
    }
}

impl ArmFollower {
    fn tracks_within(&self, limit_m: f64, sensed: &JointVector) -> bool {
        let (arm, meant) = (&self.arm, self.shaper.joints());
        if !sensed
            .iter()
            .take(arm.joint_count)
            .all(|joint| joint.is_finite())
        {
            return false;
        }
        // Moved through in a second, the joints' differences are rates, and the bound of the tip's speed
        // bounds the distance. Nearly always that settles it, without a forward kinematics.
        let mut differences = [0.0; MAX_JOINTS];
        for (difference, (meant, sensed)) in differences.iter_mut().zip(meant.iter().zip(sensed)) {
            *difference = sensed - meant;
        }
        let bound_m = arm
            .tip_speed_bound(meant, &differences)
            .max(arm.tip_speed_bound(sensed, &differences));
        bound_m <= limit_m
            || arm
                .tip_pose(meant)
                .translation
                .vector
                .metric_distance(&arm.tip_pose(sensed).translation.vector)
                <= limit_m
    }

    fn aim(&mut self, hand: &ArmCommand, motion_scale: f64) {
        let tip = self.wanted_tip(&hand.motion, motion_scale);
        if let Ok(mut joints) = self.arm.inverse(&tip, &self.target) {
            if self.arm.kind.has_jaw()
                && let Some(jaw) = joints.get_mut(self.arm.row_count)
            {
                *jaw = hand.jaw_rad;
            }
            for ((joint, limits), target) in joints
                .iter()
                .zip(&self.arm.limits)
                .zip(&mut self.target)
                .take(self.arm.joint_count)
            {
                *target = joint.max(limits.lower).min(limits.upper);
            }
        }
    }

    /// The tip's pose in the remote-centre frame that the hand asks for.
    fn wanted_tip(&self, motion: &Pose, motion_scale: f64) -> Pose {
        let base = &self.arm.base.rotation;
        let moved = motion.translation.vector - self.anchor_motion.translation.vector;
        let moved = base.inverse_transform_vector(&moved) * motion_scale;
        let turned = motion.rotation * self.anchor_motion.rotation.inverse();
        let turned = base.inverse() * turned * base;
        Pose::from_parts(
            (self.anchor_tip.translation.vector + moved).into(),
            turned * self.anchor_tip.rotation,
        )
    }
}

/// Hands on a vector's bits in one piece.
fn fold(vector: &JointVector, sink: &mut dyn FnMut(&[u8])) {
    let mut bytes = [0; MAX_JOINTS * 8];
    for (place, value) in bytes.chunks_exact_mut(8).zip(vector) {
        place.copy_from_slice(&value.to_bits().to_le_bytes());
    }
    sink(&bytes);
}
