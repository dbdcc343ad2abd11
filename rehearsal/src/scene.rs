//! What is to be seen: the seam between the twin (`session`), which fills it, and the room (`room`), which draws it.
//!
//! All poses are in the table's frame of the scenario: metres, z up, x to the patient's left, y to the head. The room
//! turns them into Bevy's frame (y up) with one parent transform.

use bevy::prelude::Resource;
use robot_model::{ArmKind, JointVector, MAX_JOINTS, Pose};

/// What never changes during a run: which robot, which patient, where.
#[derive(Resource, Clone)]
pub struct SceneSetup {
    /// The checked scenario; arms, bodies, patient and robot description are in it.
    pub operation: sim::Operation,
}

/// Everything that moves, at one moment of the twin.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SceneFrame {
    /// The moment, on the robot's clock, ns.
    pub at_ns: u64,
    /// One entry an arm, in the scenario's order.
    pub arms: Vec<ArmFrame>,
}

/// One arm at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct ArmFrame {
    /// Instrument or endoscope.
    pub kind: ArmKind,
    /// Joint values, rad or m; only the arm's `joint_count` first ones count.
    pub joints: JointVector,
    /// The frames of the links (the joint's row each, then the jaw or the camera), in the table's frame.
    pub links: [Pose; MAX_JOINTS],
    /// The tip, in the table's frame.
    pub tip: Pose,
    /// How far the jaw is open, rad.
    pub jaw_rad: f64,
    /// How deep the tip presses into soft tissue, m, and with which force, N.
    pub press_m: f64,
    /// Force on the tip, N.
    pub tip_force_n: f64,
    /// Least distance to what the arm must not touch, m.
    pub clearance_m: f64,
}

/// The picture's state: what the surgeon can know from it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Picture {
    /// It comes as it should.
    #[default]
    Live,
    /// Frames come damaged.
    Degraded,
    /// None has come for a while: the last one stands still.
    Frozen,
}

/// The three truths that the room draws.
#[derive(Resource, Clone, Debug, Default)]
pub struct SceneState {
    /// The robot now.
    pub now: SceneFrame,
    /// The robot as the surgeon's picture shows it: older by the video's delay, standing still when it froze.
    pub pictured: SceneFrame,
    /// Where the newest command of the hands wants the arms: the ghosts.
    pub commanded: SceneFrame,
    /// The state of the picture.
    pub picture: Picture,
    /// How old the picture is, ns.
    pub picture_age_ns: u64,
}
