//! Following: from the hands' motion to joint set-points.
//!
//! Motion is relative at both ends. A hand that takes hold of an arm does so with a new *grip* number; the
//! robot remembers where the hand was in the first command of that grip and where the tip was then, and
//! from there on the tip's displacement is the hand's, scaled. So a lost frame costs freshness and never
//! drift, and taking hold moves nothing: the first target is the present set-point. The jaw is taken up
//! when the hand's opening meets it, and stays as it is until then: a needle that it holds is not dropped.
//!
//! A tip that is wanted nearer to the remote centre than the least depth is kept outside, a target beyond
//! the joints' positions is clamped, not refused, as dVRK does; a target without joint values leaves the
//! last one in place. An arm that no hand holds stops and stays.
//!
//! Each arm is by itself: what one hand's part of a frame says, or fails to say, reaches no other arm.

use robot_model::{Arm, JointVector, MAX_ARMS, MAX_JOINTS, Pose};

use crate::LoopSettings;
use crate::frame::{Command, HandCommand};
use crate::rules::{requires, triggers};
use crate::shaper::{ArmShaper, ShaperSettings};

/// Share of a tip speed limit that is asked of the shaper: the rest is for the chords of a curved path.
const SPEED_SHARE: f64 = 0.95;

/// The jaw is met when the hand's opening is this near, rad. Assumed; dVRK slows the jaw to 36°/s after a
/// clutch instead.
const JAW_MET_RAD: f64 = 0.05;

/// All arms' anchors, targets and shapers.
#[derive(Clone)]
pub struct Follower {
    arms: [Option<ArmFollower>; MAX_ARMS],
    motion_scale: f64,
    least_depth_m: f64,
    tip_speed_m_s: f64,
    resume_speed_m_s: f64,
    resume_ns: u64,
    shaper: ShaperSettings,
}

/// One arm.
#[derive(Clone)]
struct ArmFollower {
    arm: Arm,
    shaper: ArmShaper,
    /// Whether a hand holds it.
    held: bool,
    /// The grip that the anchors are of; 0 before the first.
    grip: u32,
    anchor: Anchor,
    /// Until when it moves slowly.
    slow_until_ns: u64,
    jaw: Jaw,
    /// Where the joints are to go.
    target: JointVector,
}

/// What a grip measures from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Anchor {
    /// The tip in the remote-centre frame when the grip began.
    pub tip: Pose,
    /// The hand's motion in the command that began the grip.
    pub motion: Pose,
}

impl Anchor {
    /// The tip's pose in the remote-centre frame of `arm` that a hand asks for: displaced as the hand is, scaled, and not
    /// nearer to the remote centre than the least depth, m.
    pub fn wanted_tip(
        &self,
        arm: &Arm,
        motion: &Pose,
        motion_scale: f64,
        least_depth_m: f64,
    ) -> Pose {
        let base = &arm.base.rotation;
        let moved = motion.translation.vector - self.motion.translation.vector;
        let moved = base.inverse_transform_vector(&moved) * motion_scale;
        let turned = motion.rotation * self.motion.rotation.inverse();
        let turned = base.inverse() * turned * base;
        let mut place = self.tip.translation.vector + moved;
        // The plane across the shaft as it was when the grip began, at the least depth: nothing is wanted
        // on its other side, where the shaft would have to turn round. A tip that was nearer stays so.
        let shaft = self.tip.translation.vector;
        let depth_m = shaft.norm();
        if depth_m > 0.0 {
            let along = shaft / depth_m;
            let missing_m = least_depth_m.min(depth_m) - place.dot(&along);
            if triggers!(LeastDepth, missing_m > 0.0) {
                place += along * missing_m;
            }
        }
        Pose::from_parts(place.into(), turned * self.tip.rotation)
    }
}

/// Whether the jaw follows the hand's opening.
#[derive(Clone, Copy, PartialEq)]
enum Jaw {
    /// Not yet; the hand was further open (or not) when it was last seen in this grip.
    Waits { hand_was_wider: bool },
    /// It does.
    Follows,
}

impl Follower {
    /// Arms at rest at home; arms beyond the fourth are left out.
    pub fn new(arms: &[Arm], settings: &LoopSettings) -> Self {
        let mut followers = [const { None }; MAX_ARMS];
        for (follower, arm) in followers.iter_mut().zip(arms) {
            *follower = Some(ArmFollower {
                arm: *arm,
                shaper: ArmShaper::at_rest(&arm.home),
                held: false,
                grip: 0,
                anchor: Anchor {
                    tip: arm.tip_pose(&arm.home),
                    motion: Pose::identity(),
                },
                slow_until_ns: 0,
                jaw: Jaw::Follows,
                target: arm.home,
            });
        }
        Self {
            arms: followers,
            motion_scale: settings.motion_scale,
            least_depth_m: settings.least_depth_m,
            tip_speed_m_s: settings.tip_speed_m_s,
            resume_speed_m_s: settings.resume_speed_m_s,
            resume_ns: settings.resume_ns,
            shaper: ShaperSettings {
                tick_s: settings.tick_ns as f64 * 1e-9,
                tremor_knee_hz: settings.tremor_knee_hz,
            },
        }
    }

    /// Forgets all grips: whatever a hand says next, it takes hold anew.
    pub fn let_go(&mut self) {
        for follower in self.arms.iter_mut().flatten() {
            follower.grip = 0;
            follower.held = false;
        }
    }

    /// Takes what a command says of each arm: a new grip, a new target, or nothing.
    pub fn obey(&mut self, now_ns: u64, command: &Command) {
        let (scale, depth_m, slow_ns) = (self.motion_scale, self.least_depth_m, self.resume_ns);
        for (index, follower) in self.arms.iter_mut().enumerate() {
            let Some(follower) = follower else { continue };
            match command.hand_on(index) {
                None => follower.held = false,
                Some(hand)
                    if requires!(GripAnchors, hand.grip == follower.grip) && hand.grip != 0 =>
                {
                    follower.held = true;
                    follower.aim(hand, scale, depth_m);
                }
                Some(hand) => follower.take_hold(hand, now_ns.saturating_add(slow_ns)),
            }
        }
    }

    /// One tick: arms that are held move towards their targets, the others stop.
    pub fn follow(&mut self, now_ns: u64) {
        for follower in self.arms.iter_mut().flatten() {
            let ArmFollower {
                arm,
                shaper,
                target,
                ..
            } = follower;
            if !requires!(ReleasedArmStops, follower.held) {
                shaper.brake(arm, &self.shaper);
                continue;
            }
            let is_slow = now_ns <= follower.slow_until_ns;
            let limit_m_s = if triggers!(SlowResume, is_slow) {
                self.resume_speed_m_s
            } else {
                self.tip_speed_m_s
            };
            shaper.follow(arm, target, limit_m_s * SPEED_SHARE, &self.shaper);
        }
    }

    /// One tick of stopping.
    pub fn brake(&mut self) {
        for follower in self.arms.iter_mut().flatten() {
            follower.shaper.brake(&follower.arm, &self.shaper);
        }
    }

    /// Takes the arms as they are: set-points at rest where the joints are sensed, clamped into their
    /// limits. Only for arms that stand still.
    pub fn rest_at(&mut self, sensed: &[JointVector; MAX_ARMS]) {
        self.let_go();
        for (follower, sensed) in self.arms.iter_mut().zip(sensed) {
            let Some(follower) = follower else { continue };
            let mut joints = *follower.shaper.joints();
            let limits = follower.arm.limits.iter().take(follower.arm.joint_count);
            for ((joint, sensed), limits) in joints.iter_mut().zip(sensed).zip(limits) {
                if sensed.is_finite() {
                    *joint = sensed.max(limits.lower).min(limits.upper);
                }
            }
            follower.shaper = ArmShaper::at_rest(&joints);
            follower.target = joints;
        }
    }

    /// The arms there are, with their places.
    pub fn arms(&self) -> impl Iterator<Item = (usize, &Arm)> {
        self.arms
            .iter()
            .enumerate()
            .filter_map(|(index, follower)| Some((index, &follower.as_ref()?.arm)))
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

    /// Whether an arm's tip by sensed joints is within a distance of its set-point, m; `None` without such
    /// an arm or without readings.
    pub fn tracks_within(&self, arm: usize, limit_m: f64, sensed: &JointVector) -> Option<bool> {
        let follower = self.arms.get(arm)?.as_ref()?;
        let (arm, meant) = (&follower.arm, follower.shaper.joints());
        let mut readings = sensed.iter().take(arm.joint_count);
        if !readings.all(|joint| joint.is_finite()) {
            return None;
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
        let distance_m = || {
            let tip = |joints| arm.tip_pose(joints).translation.vector;
            tip(meant).metric_distance(&tip(sensed))
        };
        Some(bound_m <= limit_m || distance_m() <= limit_m)
    }

    /// Folds everything that later set-points depend on.
    pub fn digest(&self, sink: &mut dyn FnMut(&[u8])) {
        for follower in self.arms.iter().flatten() {
            follower.digest(sink);
        }
    }
}

impl ArmFollower {
    /// The hand's present place is the tip's present place from now on.
    fn take_hold(&mut self, hand: &HandCommand, slow_until_ns: u64) {
        self.held = true;
        self.grip = hand.grip;
        self.anchor = Anchor {
            tip: self.arm.tip_pose(self.shaper.joints()),
            motion: hand.motion,
        };
        self.slow_until_ns = slow_until_ns;
        self.target = *self.shaper.joints();
        self.jaw = match self.jaw_target() {
            Some(jaw) => Jaw::Waits {
                hand_was_wider: hand.jaw_rad > *jaw,
            },
            None => Jaw::Follows,
        };
        self.work_jaw(hand.jaw_rad);
    }

    fn aim(&mut self, hand: &HandCommand, motion_scale: f64, least_depth_m: f64) {
        let anchor = &self.anchor;
        let tip = anchor.wanted_tip(&self.arm, &hand.motion, motion_scale, least_depth_m);
        if let Ok(joints) = self.arm.inverse(&tip, &self.target) {
            for ((joint, limits), target) in joints
                .iter()
                .zip(&self.arm.limits)
                .zip(&mut self.target)
                .take(self.arm.row_count)
            {
                *target = joint.max(limits.lower).min(limits.upper);
            }
        }
        self.work_jaw(hand.jaw_rad);
    }

    /// Follows the hand's opening once the two have met.
    fn work_jaw(&mut self, hand_rad: f64) {
        let Some(jaw) = self.jaw_target().copied() else {
            return;
        };
        if let Jaw::Waits { hand_was_wider } = self.jaw {
            let hand_is_wider = hand_rad > jaw;
            let met = (hand_rad - jaw).abs() <= JAW_MET_RAD || hand_is_wider != hand_was_wider;
            if !requires!(JawPickup, met) {
                return;
            }
            self.jaw = Jaw::Follows;
        }
        let limits = self.arm.limits.get(self.arm.row_count).copied();
        if let (Some(target), Some(limits)) = (self.jaw_target(), limits) {
            *target = hand_rad.max(limits.lower).min(limits.upper);
        }
    }

    /// The jaw's target, if the arm has a jaw.
    fn jaw_target(&mut self) -> Option<&mut f64> {
        if self.arm.kind.has_jaw() {
            self.target.get_mut(self.arm.row_count)
        } else {
            None
        }
    }

    fn digest(&self, sink: &mut dyn FnMut(&[u8])) {
        let shaper = &self.shaper;
        for vector in [
            shaper.joints(),
            shaper.rates(),
            shaper.accelerations(),
            &self.target,
        ] {
            fold(vector, sink);
        }
        for pose in [&self.anchor.tip, &self.anchor.motion] {
            for value in pose
                .translation
                .vector
                .iter()
                .chain(pose.rotation.coords.iter())
            {
                sink(&value.to_bits().to_le_bytes());
            }
        }
        let jaw = match self.jaw {
            Jaw::Follows => 0,
            Jaw::Waits { hand_was_wider } => 1_u8.saturating_add(u8::from(hand_was_wider)),
        };
        sink(&[u8::from(self.held), jaw]);
        sink(&self.grip.to_le_bytes());
        sink(&self.slow_until_ns.to_le_bytes());
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
