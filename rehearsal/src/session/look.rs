//! Looking at a twin: the arms as they are, as one frame of the scene.

use nalgebra::{Rotation3, Translation3, UnitQuaternion};
use robot_model::{Arm, JointVector, MAX_JOINTS, Pose};
use sim::state::{Body, Measured, Tip};
use sim::{Operation, Twin};

use crate::scene::{ArmFrame, SceneFrame};

/// The robot as it really is now.
pub fn robot_now(twin: &Twin, operation: &Operation) -> SceneFrame {
    let world = twin.world();
    let body = &world.resource::<Body>().0;
    let tissue_n_m = operation.patient.tissue_contact.stiffness_n_m;
    let arms = operation.arms.iter().enumerate().map(|(index, arm)| {
        let joints = finite_or(body.joints(index), &arm.home);
        let mut seen = arm_at(arm, joints);
        for (joint, link) in seen.links.iter_mut().enumerate().take(arm.joint_count) {
            if let Some(pose) = body.link_pose(index, joint) {
                *link = pose;
            }
        }
        let entity = twin
            .arms()
            .get(index)
            .and_then(|entity| world.get_entity(*entity).ok());
        if let Some(tip) = entity.and_then(|entity| entity.get::<Tip>()) {
            seen.tip = tip.measured;
        }
        if let Some(touch) = body.touch(index) {
            seen.tip_force_n = touch.tip_force_n;
            seen.clearance_m = touch.clearance_m;
            seen.press_m = if tissue_n_m > 0.0 {
                touch.tip_force_n / tissue_n_m
            } else {
                0.0
            };
        }
        seen
    });
    SceneFrame {
        at_ns: twin.now_ns(),
        arms: arms.collect(),
    }
}

/// The joints of an arm as its sensors tell them.
pub fn sensed(twin: &Twin, index: usize) -> Option<JointVector> {
    let entity = twin.world().get_entity(*twin.arms().get(index)?).ok()?;
    entity.get::<Measured>().map(|measured| measured.0)
}

/// An arm with these joints that touches nothing.
pub fn arm_at(arm: &Arm, joints: JointVector) -> ArmFrame {
    let frames = arm.link_frames(&joints);
    let links = frames.map(|frame| {
        let turn = Rotation3::from_matrix_unchecked(frame.rotation());
        let in_centre = Pose::from_parts(
            Translation3::from(frame.origin_m),
            UnitQuaternion::from_rotation_matrix(&turn),
        );
        arm.base * in_centre
    });
    let jaw_rad = if arm.kind.has_jaw() {
        joints[arm.row_count.min(MAX_JOINTS - 1)]
    } else {
        0.0
    };
    ArmFrame {
        kind: arm.kind,
        joints,
        links,
        tip: arm.base * arm.tip_pose(&joints),
        jaw_rad,
        press_m: 0.0,
        tip_force_n: 0.0,
        clearance_m: f64::INFINITY,
    }
}

/// A joint that the engine lost is drawn where it began: a picture needs a number.
fn finite_or(joints: JointVector, home: &JointVector) -> JointVector {
    let mut shown = joints;
    for (joint, home) in shown.iter_mut().zip(home) {
        if !joint.is_finite() {
            *joint = *home;
        }
    }
    shown
}
