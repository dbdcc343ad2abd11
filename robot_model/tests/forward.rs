//! The forward kinematics against published and recorded poses.

#![allow(
    clippy::approx_constant,
    reason = "published joints are quoted as they are printed"
)]

mod common;

use common::{
    CLASSIC_INSERTION_M, CLASSIC_TOOL_M, OLD_INSERTION_M, Offsets, SI_TOOL_M, distance_m, ecm,
    joints, psm, psm_with, rotation_error,
};
use nalgebra::{UnitQuaternion, Vector3};
use robot_model::Pose;

const A: [f64; 6] = [0.0, 0.0, 0.10, 0.0, 0.0, 0.0];
const B: [f64; 6] = [0.3, -0.2, 0.12, 0.5, -0.4, 0.6];

/// Half a unit in the last of twelve printed decimals, and the rounding of the arithmetic.
const TWELVE_DECIMALS: f64 = 6e-13;

/// Row 0 of raw_sensor_rosbag_09_traj3.csv (jabarragann/KinematicCalibDVRK acba0f0): joints that a
/// physical dVRK measured, and the pose its own controller computed from them.
const LOGGED_JOINTS: [f64; 6] = [
    0.134120701826657,
    -0.035879816933647,
    0.20208512955,
    -0.0702461310673156,
    -0.279011732521029,
    -0.260515112991767,
];
const LOGGED_TIP_M: [f64; 3] = [0.0259039642756, 0.00950257943653, -0.193289863837];
const LOGGED_ROTATION_VECTOR: [f64; 3] = [-1.86778327474, -2.13134094392, -0.162931205999];

#[test]
fn an_instrument_inserted_100_mm_points_straight_down() {
    let tip = psm(Offsets::Exact).tip_pose(&joints(A));
    assert!(distance_m(&tip, [0.0, 0.0, -0.0935]) < 1e-15);
    assert!(rotation_error(&tip, [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, -1.0]]) < 1e-15);
}

#[test]
fn an_instrument_with_every_joint_turned_agrees_with_the_robotics_toolbox() {
    let tip = psm(Offsets::Exact).tip_pose(&joints(B));
    let rotation = [
        [0.261614255753, 0.475174107941, 0.840099725229],
        [0.714829259313, -0.680239847298, 0.162150794565],
        [0.648519167964, 0.558106904894, -0.517628797009],
    ];
    assert!(distance_m(&tip, [0.034105370195, 0.025454160469, -0.104504397095]) < 1e-12);
    assert!(rotation_error(&tip, rotation) < TWELVE_DECIMALS);
}

#[test]
fn an_instrument_at_zero_has_its_tip_above_the_remote_centre() {
    let tip = psm(Offsets::Exact).tip_pose(&joints([0.0; 6]));
    assert!(distance_m(&tip, [0.0, 0.0, 0.0065]) < 1e-15);
}

#[test]
fn offsets_as_written_give_the_controllers_own_poses() {
    let arm = psm(Offsets::AsWritten);
    let straight = [3.43445e-7, 3.76871e-7, -0.093499999999];
    let turned = [0.034105735175, 0.025454588106, -0.104504160817];
    assert!(distance_m(&arm.tip_pose(&joints(A)), straight) < 1e-11);
    assert!(distance_m(&arm.tip_pose(&joints(B)), turned) < 1e-11);
}

#[test]
fn a_third_pose_agrees_with_an_independent_computation() {
    let tip = psm(Offsets::Exact).tip_pose(&joints([0.2, -0.3, 0.15, 0.5, 0.4, -0.2]));
    let rotation = [
        [0.459232, 0.872896, -0.164800],
        [0.887286, -0.459669, 0.037784],
        [-0.042772, -0.163577, -0.985603],
    ];
    assert!(distance_m(&tip, [0.025617, 0.039224, -0.134924]) < 1e-6);
    assert!(rotation_error(&tip, rotation) < 1e-6);
}

#[test]
fn a_longer_tool_reaches_deeper() {
    let arm = psm_with(Offsets::Exact, CLASSIC_INSERTION_M, SI_TOOL_M);
    let turned = [0.048818547659, 0.035546562474, -0.152068099965];
    assert!(distance_m(&arm.tip_pose(&joints(A)), [0.0, 0.0, -0.1443]) < 1e-15);
    assert!(distance_m(&arm.tip_pose(&joints(B)), turned) < 1e-12);
}

#[test]
fn an_endoscope_agrees_with_the_robotics_toolbox() {
    let straight = ecm(Offsets::Exact).tip_pose(&joints([0.0, 0.0, 0.1, 0.0]));
    let turned = ecm(Offsets::Exact).tip_pose(&joints([0.3, -0.2, 0.12, 0.5]));
    let rotation = [[0.0, -1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, -1.0]];
    assert!(distance_m(&straight, [0.0, 0.0, -0.1007]) < 1e-15);
    assert!(rotation_error(&straight, rotation) < 1e-15);
    assert!(distance_m(&turned, [0.034958278, 0.023979388, -0.113010609]) < 1e-9);
}

#[test]
fn surrols_published_poses_are_met() {
    // tests/test_psm.ipynb; positions printed to 8 or 10 decimals.
    let arm = psm(Offsets::Exact);
    let yawed = arm.tip_pose(&joints([-0.52359879, 0.0, 0.12, 0.0, 0.0, 0.0]));
    let turned = arm.tip_pose(&joints([
        -1.0471975512,
        0.1745329252,
        0.1,
        0.7853981634,
        0.0,
        0.0,
    ]));
    assert!(distance_m(&yawed, [-0.0567500001, 0.0, -0.0982938802]) < 5e-9);
    assert!(distance_m(&turned, [-0.07974321, -0.0162361, -0.04603976]) < 2e-8);
}

#[test]
fn a_pose_logged_by_a_physical_dvrk_is_met_to_the_rounding_of_its_table() {
    let tip = psm(Offsets::Exact).tip_pose(&joints(LOGGED_JOINTS));
    assert!(distance_m(&tip, LOGGED_TIP_M) < 2e-6);
    assert!(angle_to_logged_rad(&tip) < 2e-5);
}

#[test]
fn a_pose_logged_by_a_physical_dvrk_is_met_exactly_with_its_own_constants() {
    let tip = psm(Offsets::AsWritten).tip_pose(&joints(LOGGED_JOINTS));
    assert!(
        distance_m(&tip, LOGGED_TIP_M) < 1e-11,
        "{:e}",
        distance_m(&tip, LOGGED_TIP_M)
    );
    assert!(
        angle_to_logged_rad(&tip) < 1e-10,
        "{:e}",
        angle_to_logged_rad(&tip)
    );
}

#[test]
fn the_wrong_tool_is_told_from_the_right_one_by_51_mm() {
    let wrong = psm_with(Offsets::AsWritten, CLASSIC_INSERTION_M, SI_TOOL_M);
    let error_m = distance_m(&wrong.tip_pose(&joints(LOGGED_JOINTS)), LOGGED_TIP_M);
    assert!((error_m - 0.0508).abs() < 1e-9, "{error_m}");
}

#[test]
fn an_outdated_insertion_offset_is_told_by_7_mm() {
    let old = psm_with(Offsets::AsWritten, OLD_INSERTION_M, CLASSIC_TOOL_M);
    let error_m = distance_m(&old.tip_pose(&joints(LOGGED_JOINTS)), LOGGED_TIP_M);
    assert!((error_m - 0.0071).abs() < 1e-9, "{error_m}");
}

#[test]
fn the_shaft_passes_through_the_remote_centre() {
    // Two tips of an endoscope on one line of insertion span the shaft's axis.
    let arm = ecm(Offsets::Exact);
    for (yaw, pitch) in [(0.0, 0.0), (0.7, -0.4), (-1.5, 1.1), (1.2, 0.9)] {
        let near = arm
            .tip_pose(&joints([yaw, pitch, 0.05, 0.3]))
            .translation
            .vector;
        let far = arm
            .tip_pose(&joints([yaw, pitch, 0.25, 0.3]))
            .translation
            .vector;
        let direction = (far - near).normalize();
        assert!(near.cross(&direction).norm() < 1e-15);
    }
}

fn angle_to_logged_rad(tip: &Pose) -> f64 {
    let logged = UnitQuaternion::from_scaled_axis(Vector3::from(LOGGED_ROTATION_VECTOR));
    tip.rotation.angle_to(&logged)
}
