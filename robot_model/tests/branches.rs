//! All branches of the inverse, of the dVRK's arms and of Raven II.

mod common;

use std::f64::consts::PI;

use common::{
    Offsets, RAVEN_TOOL_M, RAVEN_WRIST_M, Side, at, distance_m, ecm, joints, psm, raven, turned,
};
use nalgebra::Vector3;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use robot_model::{Arm, ArmKind, JointVector, Pose, RowField, StructureFault, Unreachable};

/// Metres and radians. The arcs' second joint is an arc cosine: near its ends digits are lost.
const TOLERANCE: f64 = 1e-9;

/// Metres and matrix entries: the dVRK's own test of a round trip allows 5 µm and 0.001°.
const ROUND_TRIP: f64 = 1e-12;

#[derive(Clone, Copy, Debug)]
struct Case {
    arm: Arm,
    joints: JointVector,
}

/// Any arm within its range, the wrist at least 20 mm from the remote centre.
fn cases() -> impl Strategy<Value = Case> {
    cases_of(0..4)
}

fn ravens() -> impl Strategy<Value = Case> {
    cases_of(2..4)
}

/// Two configurations of one arm.
fn pairs() -> impl Strategy<Value = (Case, Case)> {
    (0..4_usize).prop_flat_map(|which| (cases_of(which..which + 1), cases_of(which..which + 1)))
}

fn cases_of(which: std::ops::Range<usize>) -> impl Strategy<Value = Case> {
    let share = prop::array::uniform7(-1.0..=1.0);
    (which, share).prop_map(|(which, share): (usize, JointVector)| {
        let (arm, lower, upper) = match which {
            0 => (
                psm(Offsets::Exact),
                [
                    -1.588, -0.925025, 0.0357, -4.53786, -1.39626, -1.39626, -0.698132,
                ],
                [1.588, 0.925025, 0.24, 4.53786, 1.39626, 1.39626, 1.39626],
            ),
            1 => (
                ecm(Offsets::Exact),
                [-1.57, -0.76794, 0.0193, -1.552, 0.0, 0.0, 0.0],
                [1.57, 1.1344, 0.255, 1.552, 0.0, 0.0, 0.0],
            ),
            _ => (
                raven(if which == 2 { Side::Left } else { Side::Right }),
                // r2_kinematics.cpp, defines.h, tools.cpp: 0 to 90°, 45 to 135°, 0.23 m up to 20 mm
                // from the remote centre, ±182°, ±75°, and the wrist's mean of the two jaws.
                [0.0, PI / 4.0, 0.23, -3.1764, -1.3089, -1.4, 0.0],
                [PI / 2.0, 3.0 * PI / 4.0, 0.45, 3.1764, 1.3089, 1.4, 1.0],
            ),
        };
        let joints = std::array::from_fn(|joint| {
            let (lower, upper): (f64, f64) = (lower[joint], upper[joint]);
            f64::midpoint(lower, upper) + share[joint] * (upper - lower) / 2.0
        });
        Case { arm, joints }
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 4_000,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(20_241_125),
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_branch_puts_the_tip_at_the_pose(Case { arm, joints } in cases()) {
        let tip = arm.tip_pose(&joints);
        let branches = arm.inverse_branches(&tip, &joints);
        prop_assert!(branches.is_ok(), "{branches:?}");
        for branch in branches.unwrap().as_slice() {
            let (position_m, rotation) = difference(&arm.tip_pose(branch), &tip);
            prop_assert!(position_m < ROUND_TRIP, "{position_m} m");
            prop_assert!(rotation < ROUND_TRIP, "{rotation}");
        }
    }

    #[test]
    fn the_branches_are_eight_of_an_instrument_and_two_of_an_endoscope_and_differ(case in cases()) {
        let tip = case.arm.tip_pose(&case.joints);
        let branches = case.arm.inverse_branches(&tip, &case.joints).unwrap();
        let branches = branches.as_slice();
        match case.arm.kind {
            ArmKind::Instrument => prop_assert_eq!(branches.len(), 8),
            // From behind the remote centre it would look backwards.
            ArmKind::Endoscope => prop_assert_eq!(branches.len(), 2),
            // The other wrist point may lie where the arcs do not reach.
            ArmKind::SphericalInstrument => {
                prop_assert!(branches.len() >= 4 && branches.len() % 2 == 0 || branches.len() == 2);
            }
        }
        for (index, one) in branches.iter().enumerate() {
            for other in &branches[..index] {
                let apart = one.iter().zip(other).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
                prop_assert!(apart > 1e-9, "two branches are one: {one:?}");
            }
        }
    }

    #[test]
    fn the_nearest_branch_is_the_one_that_the_arm_is_on(Case { arm, joints } in cases()) {
        let found = arm.nearest_inverse(&arm.tip_pose(&joints), &joints);
        prop_assert!(found.is_ok(), "{found:?}");
        for (found, wanted) in found.unwrap().iter().zip(joints) {
            prop_assert!((found - wanted).abs() < TOLERANCE, "{found} for {wanted}");
        }
    }

    #[test]
    fn the_nearest_branch_is_the_nearest_of_all(case in cases(), by in prop::array::uniform7(-0.5..=0.5)) {
        let tip = case.arm.tip_pose(&case.joints);
        let near: JointVector = std::array::from_fn(|joint| {
            let by: f64 = by[joint];
            case.joints[joint] + if joint == 2 { by / 10.0 } else { by }
        });
        let distance = |joints: &JointVector| -> f64 {
            (0..6).map(|joint| {
                let away = joints[joint] - near[joint];
                match joint {
                    2 => 100.0 * away * away,
                    3 => away * away,
                    _ => {
                        let turns = (away / (2.0 * PI)).round();
                        (away - turns * 2.0 * PI) * (away - turns * 2.0 * PI)
                    }
                }
            }).sum()
        };
        let nearest = distance(&case.arm.nearest_inverse(&tip, &near).unwrap());
        for branch in case.arm.inverse_branches(&tip, &near).unwrap().as_slice() {
            prop_assert!(nearest <= distance(branch) + 1e-12);
        }
    }

    #[test]
    fn the_quarter_turn_inverse_is_one_of_the_branches((case, near) in pairs()) {
        let tip = case.arm.tip_pose(&case.joints);
        let found = case.arm.inverse(&tip, &near.joints).unwrap();
        let branches = case.arm.inverse_branches(&tip, &near.joints).unwrap();
        let apart = branches.as_slice().iter().map(|branch| {
            branch.iter().zip(&found).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
        }).fold(f64::INFINITY, f64::min);
        prop_assert!(apart < TOLERANCE, "{apart}");
    }

    #[test]
    fn any_pose_is_met_or_refused(
        tip in prop::array::uniform3(-0.3..=0.3), rotation in prop::array::uniform4(-1.0..=1.0), near in prop_oneof![cases_of(0..1), ravens()],
    ) {
        prop_assume!(rotation.iter().map(|v: &f64| v * v).sum::<f64>() > 1e-3);
        let target = at(tip, turned(rotation));
        match near.arm.inverse_branches(&target, &near.joints) {
            Ok(branches) => for branch in branches.as_slice() {
                let (position_m, rotation) = difference(&near.arm.tip_pose(branch), &target);
                prop_assert!(position_m < TOLERANCE && rotation < TOLERANCE, "{position_m} {rotation}");
            },
            Err(Unreachable::OutOfReach) => {
                // Only arcs that are no quarter turns have directions out of reach.
                prop_assert_eq!(near.arm.kind, ArmKind::SphericalInstrument);
            }
            Err(why) => prop_assert_eq!(why, Unreachable::Singular),
        }
    }

    #[test]
    fn no_bits_of_a_pose_make_the_branches_panic(
        tip in prop::array::uniform3(any::<f64>()), near in prop::array::uniform7(any::<f64>()),
    ) {
        let target = at(tip, turned([1.0, 0.2, 0.3, 0.4]));
        for arm in [psm(Offsets::Exact), ecm(Offsets::Exact), raven(Side::Left), raven(Side::Right)] {
            if let Ok(branches) = arm.inverse_branches(&target, &near) {
                prop_assert!(branches.as_slice().iter().flatten().all(|value| value.is_finite()));
            }
            let _ = arm.nearest_inverse(&target, &near);
            let _ = arm.jacobian(&near);
        }
    }

    #[test]
    fn the_jacobian_is_the_slope_of_the_tip(Case { arm, joints } in cases()) {
        const STEP: f64 = 1e-5;
        let jacobian = arm.jacobian(&joints);
        for joint in 0..arm.joint_count {
            let tip = |by: f64| {
                let mut moved = joints;
                moved[joint] += by;
                arm.tip_pose(&moved)
            };
            let (ahead, behind) = (tip(STEP), tip(-STEP));
            let slope = (ahead.translation.vector - behind.translation.vector) / (2.0 * STEP);
            prop_assert!((slope - jacobian.linear_m[joint]).norm() < 1e-9, "joint {joint}");
            let turn = (ahead.rotation * behind.rotation.inverse()).scaled_axis() / (2.0 * STEP);
            prop_assert!((turn - jacobian.angular[joint]).norm() < 1e-9, "joint {joint}");
        }
    }

    #[test]
    fn the_insertion_axis_passes_through_the_remote_centre(Case { arm, joints } in cases()) {
        let frames = arm.link_frames(&joints);
        for frame in &frames[2..4] {
            let miss_m = frame.origin_m.cross(&frame.z).norm();
            prop_assert!(miss_m < 1e-15, "{miss_m} m");
        }
    }

    #[test]
    fn the_last_link_with_a_row_is_where_the_tip_is(Case { arm, joints } in cases()) {
        let frame = arm.link_frames(&joints)[arm.row_count - 1];
        prop_assert_eq!(frame.origin_m, arm.tip_pose(&joints).translation.vector);
    }

    #[test]
    fn raven_two_keeps_its_wrist_at_the_depth_of_its_slide(Case { arm, joints } in ravens()) {
        let wrist_m = arm.link_frames(&joints)[4].origin_m.norm();
        prop_assert!((wrist_m - (joints[2] + RAVEN_TOOL_M).abs()).abs() < 1e-15);
    }

    #[test]
    fn raven_two_moves_no_faster_than_its_bound(
        Case { arm, joints } in ravens(), share in prop::array::uniform7(-1.0..=1.0),
    ) {
        let greatest = [3.0, 3.0, 0.2, 6.0, 6.0, 6.0, 6.0];
        let rates: JointVector = std::array::from_fn(|joint| greatest[joint] * share[joint]);
        let (velocity, _) = arm.jacobian(&joints).tip_velocity(&rates);
        prop_assert!(velocity.norm() <= arm.tip_speed_bound(&joints, &rates) + 1e-12);
    }
}

#[test]
fn raven_twos_left_arm_meets_its_published_poses() {
    // Computed from the published table by an independent program; printed to nine decimals.
    let arm = raven(Side::Left);
    for (values, tip_m) in [
        (
            [0.5, 1.5, 0.40, 0.2, -0.3, 0.4],
            [-0.078056699, -0.02579516, 0.007033766],
        ),
        (
            [0.0, 1.0, 0.35, 0.0, 0.0, 0.0],
            [-0.119547953, 0.047694371, -0.033504237],
        ),
    ] {
        let tip = arm.tip_pose(&joints(values));
        assert!(distance_m(&tip, tip_m) < 1.5e-9, "{tip}");
    }
}

#[test]
fn raven_two_is_refused_within_its_wrist_offset_of_the_remote_centre() {
    for side in [Side::Left, Side::Right] {
        let arm = raven(side);
        let at_depth = |depth_m: f64| joints([0.5, 1.5, depth_m - RAVEN_TOOL_M, 0.2, 0.3, 0.4]);
        for depth_m in [-0.0129, 0.005, 0.0129] {
            let near = at_depth(depth_m);
            let found = arm.inverse(&arm.tip_pose(&near), &near);
            assert_eq!(found, Err(Unreachable::Singular), "{depth_m} m");
        }
        for depth_m in [-0.0135, 0.0135] {
            let near = at_depth(depth_m);
            let found = arm.inverse(&arm.tip_pose(&near), &near);
            // Just outside it, unless the other wrist point is inside.
            let other_m = 2.0 * RAVEN_WRIST_M - depth_m.abs();
            assert!(
                found.is_ok() || other_m < RAVEN_WRIST_M,
                "{depth_m} m: {found:?}"
            );
        }
    }
}

#[test]
fn raven_two_cannot_point_its_shaft_along_its_first_axis_or_close_to_it() {
    // The arcs of 75° and 52° turn the shaft from 53° to 157° off the axis; drawn back behind the remote
    // centre, from 23° to 127°. The wrist point is up to 7.5° beside the line to the tip.
    let arm = raven(Side::Left);
    let near = joints([0.5, 1.5, 0.4, 0.2, 0.3, 0.4]);
    let mut reached = 0;
    for degrees in 1..180 {
        let (sine, cosine) = libm::sincos(f64::from(degrees) * PI / 180.0);
        let direction = Vector3::new(sine, 0.0, cosine);
        let tip = direction * 0.1;
        let target = at([tip.x, tip.y, tip.z], turned([1.0, 0.0, 0.0, 0.0]));
        match arm.inverse(&target, &near) {
            Ok(found) => {
                reached += 1;
                assert!(distance_m(&arm.tip_pose(&found), [tip.x, tip.y, tip.z]) < 1e-12);
                assert!((15..=165).contains(&degrees), "{degrees}° is out of reach");
            }
            Err(why) => assert!(
                why == Unreachable::OutOfReach || !(10..=170).contains(&degrees),
                "{degrees}°: {why:?}"
            ),
        }
    }
    assert!(reached > 50, "{reached} of 179 directions");
}

#[test]
fn a_spherical_table_the_inverse_does_not_cover_is_named() {
    assert_eq!(raven(Side::Left).structure_fault(), None);
    assert_eq!(raven(Side::Right).structure_fault(), None);

    let mut flat = raven(Side::Left);
    flat.rows[2].alpha_rad = PI;
    assert_eq!(
        flat.structure_fault(),
        Some(StructureFault::FlatArc { row: 2 })
    );

    let mut skew = raven(Side::Left);
    skew.rows[4].alpha_rad = 1.5;
    let fault = StructureFault::Constant {
        row: 4,
        field: RowField::Alpha,
        required: PI / 2.0,
    };
    assert_eq!(skew.structure_fault(), Some(fault));

    let mut apart = raven(Side::Right);
    apart.rows[1].a_m = 0.001;
    assert!(matches!(
        apart.structure_fault(),
        Some(StructureFault::Constant {
            row: 1,
            field: RowField::A,
            ..
        })
    ));
}

#[test]
fn a_grid_over_the_whole_range_returns_a_thousand_times_closer_than_the_dvrks_own_test_asks() {
    // robManipulatorTest steps the ECM's joints by 3° and 20 mm and asks 0.001° and 5 µm.
    let arm = ecm(Offsets::AsWritten);
    let mut worst_m = 0.0_f64;
    for yaw in -29..=29 {
        for pitch in -14..=21 {
            for depth in 1..=12 {
                let near = joints([
                    f64::from(yaw) * 3.0 * PI / 180.0,
                    f64::from(pitch) * 3.0 * PI / 180.0,
                    f64::from(depth) * 0.02,
                    f64::from(yaw + pitch) * 0.03,
                ]);
                let tip = arm.tip_pose(&near);
                let found = arm.nearest_inverse(&tip, &near).unwrap();
                let (position_m, rotation) = difference(&arm.tip_pose(&found), &tip);
                worst_m = worst_m.max(position_m);
                assert!(rotation < 1e-9, "{rotation}");
            }
        }
    }
    assert!(worst_m < 5e-9, "{worst_m} m");
}

#[test]
fn an_endoscope_that_must_look_backwards_has_no_branch() {
    let arm = ecm(Offsets::Exact);
    let near = joints([0.2, 0.1, 0.1, 0.3]);
    let mut target = arm.tip_pose(&near);
    target.rotation *= turned([0.0, 1.0, 0.0, 0.0]);
    // Other branches roll the other way and may have an answer; the present one has none.
    if let Ok(branches) = arm.inverse_branches(&target, &near) {
        for branch in branches.as_slice() {
            assert!((branch[0] - near[0]).abs() > 1e-3 || (branch[3] - near[3]).abs() > 1e-3);
        }
    }
}

/// Metres, and the greatest difference of a rotation's entry.
fn difference(found: &Pose, wanted: &Pose) -> (f64, f64) {
    let rotation = found.rotation.to_rotation_matrix().matrix()
        - wanted.rotation.to_rotation_matrix().matrix();
    (
        (found.translation.vector - wanted.translation.vector).norm(),
        rotation.amax(),
    )
}
