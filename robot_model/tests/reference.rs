//! Kinematics and dynamics of every arm that ships, against values that Pinocchio computed from its URDF
//! and that MuJoCo and yourdfpy agree with. `tools/robot_reference.py` regenerates them.

#![cfg(feature = "std")]

use nalgebra::Vector3;
use robot_model::{JointVector, MAX_JOINTS, NamedArm, Robot};
use serde::Deserialize;

/// Metres and matrix entries.
const KINEMATICS: f64 = 1e-12;

/// Relative to the greatest entry of the vector or matrix, absolute where that is below one.
const DYNAMICS: f64 = 1e-10;

#[derive(Deserialize)]
struct Reference {
    gravity_m_s2: [f64; 3],
    arms: Vec<ArmReference>,
}

#[derive(Deserialize)]
struct ArmReference {
    arm: String,
    armature: Vec<f64>,
    states: Vec<State>,
}

#[derive(Deserialize)]
struct State {
    q: Vec<f64>,
    qd: Vec<f64>,
    qdd: Vec<f64>,
    tau: Vec<f64>,
    /// In the frame of the operating table, homogeneous, row by row.
    tip: [[f64; 4]; 4],
    /// Three rows of velocity, three of angular velocity, along the table's axes.
    jacobian: Vec<Vec<f64>>,
    gravity: Vec<f64>,
    mass_matrix: Vec<Vec<f64>>,
    torques_of_qdd: Vec<f64>,
    accelerations_of_tau: Vec<f64>,
}

#[test]
fn every_arm_moves_as_pinocchio_mujoco_and_yourdfpy_say() {
    for_every_state(|named, _, state, name| {
        let joints = vector(&state.q);
        let tip = (named.arm.base * named.arm.tip_pose(&joints)).to_homogeneous();
        for row in 0..4 {
            for column in 0..4 {
                let error = (tip[(row, column)] - state.tip[row][column]).abs();
                assert!(error < KINEMATICS, "{name}, tip: {error:e}");
            }
        }
        let jacobian = named.arm.jacobian(&joints);
        for joint in 0..named.arm.joint_count {
            let turned = |column: &Vector3<f64>| named.arm.base.rotation * column;
            let (linear, angular) = (
                turned(&jacobian.linear_m[joint]),
                turned(&jacobian.angular[joint]),
            );
            for axis in 0..3 {
                let stored = (&state.jacobian[axis], &state.jacobian[axis + 3]);
                let error = (linear[axis] - stored.0[joint]).abs();
                assert!(error < KINEMATICS, "{name}, Jacobian: {error:e}");
                let error = (angular[axis] - stored.1[joint]).abs();
                assert!(error < KINEMATICS, "{name}, Jacobian: {error:e}");
            }
        }
    });
}

#[test]
fn every_arm_is_driven_as_pinocchio_and_mujoco_say() {
    for_every_state(|named, robot, state, name| {
        let index = robot.arms.iter().position(|arm| arm.name == named.name);
        let dynamics = robot.dynamics(index.expect("listed")).expect("an arm");
        let (joints, rates) = (vector(&state.q), vector(&state.qd));
        let near = |what: &str, found: &JointVector, stored: &[f64]| {
            assert_near(&format!("{name}, {what}"), found, stored);
        };
        near("gravity", &dynamics.gravity(&joints), &state.gravity);
        let torques = dynamics.inverse(&joints, &rates, &vector(&state.qdd));
        near("torques", &torques, &state.torques_of_qdd);
        let accelerations = dynamics.forward(&joints, &rates, &vector(&state.tau));
        near("accelerations", &accelerations, &state.accelerations_of_tau);
        let matrix = dynamics.mass_matrix(&joints);
        for (row, stored) in matrix.iter().zip(&state.mass_matrix) {
            near("mass matrix", row, stored);
        }
    });
}

#[test]
fn the_stored_values_are_of_the_arms_as_they_ship() {
    for_every_state(|named, robot, state, name| {
        assert_eq!(state.q.len(), named.arm.joint_count, "{name}");
        for (value, limits) in state.q.iter().zip(&named.arm.limits) {
            assert!((limits.lower..=limits.upper).contains(value), "{name}");
        }
        assert_eq!(robot.gravity_m_s2, [0.0, 0.0, -9.806_65]);
    });
}

fn for_every_state(check: impl Fn(&NamedArm, &Robot, &State, &str)) {
    let files = [
        (
            include_str!("../../assets/robots/dvrk_classic.ron"),
            include_str!("data/dvrk_classic.json"),
        ),
        (
            include_str!("../../assets/robots/dvrk_si_tool.ron"),
            include_str!("data/dvrk_si_tool.json"),
        ),
        (
            include_str!("../../assets/robots/raven2.ron"),
            include_str!("data/raven2.json"),
        ),
        (
            include_str!("../../assets/robots/toumai.ron"),
            include_str!("data/toumai.json"),
        ),
    ];
    for (description, stored) in files {
        let robot = Robot::from_ron(description).expect("it ships");
        let reference: Reference = serde_json::from_str(stored).expect("it is stored whole");
        assert_eq!(reference.gravity_m_s2, robot.gravity_m_s2);
        assert_eq!(reference.arms.len(), robot.arms.len());
        for (named, arm) in robot.arms.iter().zip(&reference.arms) {
            assert_eq!(named.name, arm.arm);
            let drives = named.arm.drives.iter().take(named.arm.joint_count);
            let armature: Vec<f64> = drives.map(|drive| drive.armature).collect();
            assert_eq!(armature, arm.armature, "{}", named.name);
            assert!(arm.states.len() >= 5);
            for state in &arm.states {
                check(
                    named,
                    &robot,
                    state,
                    &format!("{}, {}", robot.name, named.name),
                );
            }
        }
    }
}

fn vector(values: &[f64]) -> JointVector {
    assert!(values.len() <= MAX_JOINTS);
    std::array::from_fn(|joint| values.get(joint).copied().unwrap_or(0.0))
}

fn assert_near(what: &str, found: &JointVector, stored: &[f64]) {
    let scale = stored
        .iter()
        .fold(1.0_f64, |most, value| most.max(value.abs()));
    for (joint, found) in found.iter().enumerate() {
        let stored = stored.get(joint).copied().unwrap_or(0.0);
        let error = (found - stored).abs();
        assert!(
            error <= DYNAMICS * scale,
            "{what}, joint {joint}: {error:e} of {stored}"
        );
    }
}
