//! The exported URDF, read back by its own rules: the same tip, the same bodies.

#![cfg(feature = "std")]

use std::collections::BTreeMap;

use nalgebra::{Isometry3, Quaternion, Rotation3, Translation3, UnitQuaternion, Vector3};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use robot_model::{JointVector, Pose, Robot};

const ROBOTS: [&str; 4] = [
    include_str!("../../assets/robots/dvrk_classic.ron"),
    include_str!("../../assets/robots/dvrk_si_tool.ron"),
    include_str!("../../assets/robots/raven2.ron"),
    include_str!("../../assets/robots/toumai.ron"),
];

/// A joint as the text has it.
#[derive(Clone, Debug, Default)]
struct Joint {
    name: String,
    kind: String,
    parent: String,
    xyz: [f64; 3],
    rpy: [f64; 3],
}

/// The joint above every link, by the link's name.
fn joints_of(urdf: &str) -> BTreeMap<String, Joint> {
    let mut joints = BTreeMap::new();
    let mut joint = Joint::default();
    for line in urdf.lines().map(str::trim) {
        if line.starts_with("<joint ") {
            joint = Joint {
                name: attribute(line, "name").into(),
                kind: attribute(line, "type").into(),
                ..Joint::default()
            };
        } else if line.starts_with("<origin ") {
            joint.xyz = triple(attribute(line, "xyz"));
            joint.rpy = triple(attribute(line, "rpy"));
        } else if line.starts_with("<parent ") {
            joint.parent = attribute(line, "link").into();
        } else if line.starts_with("<child ") {
            joints.insert(attribute(line, "link").to_owned(), joint.clone());
        } else if line.starts_with("<axis ") {
            assert_eq!(attribute(line, "xyz"), "0 0 1");
        }
    }
    joints
}

fn attribute<'a>(line: &'a str, name: &str) -> &'a str {
    let opening = format!("{name}=\"");
    let start = line.find(&opening).expect("the attribute") + opening.len();
    line[start..].split('"').next().expect("its end")
}

fn triple(text: &str) -> [f64; 3] {
    let numbers: Vec<f64> = text
        .split(' ')
        .map(|number| number.parse().expect("a number"))
        .collect();
    numbers.try_into().expect("three numbers")
}

/// A link's place on the table, by URDF's own rules.
fn place(joints: &BTreeMap<String, Joint>, link: &str, values: &BTreeMap<String, f64>) -> Pose {
    let Some(joint) = joints.get(link) else {
        return Pose::identity();
    };
    let [roll, pitch, yaw] = joint.rpy;
    let turn = |axis: Vector3<f64>, angle: f64| Rotation3::from_scaled_axis(axis * angle);
    let rotation = turn(Vector3::z(), yaw) * turn(Vector3::y(), pitch) * turn(Vector3::x(), roll);
    let origin = Isometry3::from_parts(
        Translation3::from(joint.xyz),
        UnitQuaternion::from_rotation_matrix(&rotation),
    );
    let value = values.get(&joint.name).copied();
    let moved = match joint.kind.as_str() {
        "fixed" => Isometry3::identity(),
        "revolute" => Isometry3::rotation(Vector3::z() * value.expect("a value")),
        "prismatic" => Isometry3::translation(0.0, 0.0, value.expect("a value")),
        other => panic!("a joint of type {other}"),
    };
    place(joints, &joint.parent, values) * origin * moved
}

fn assert_same_tips(robot: &Robot, share: &JointVector) {
    let urdf = robot.to_urdf(None).expect("every arm");
    let tree = joints_of(&urdf);
    for named in &robot.arms {
        let arm = &named.arm;
        let mut joints = [0.0; 7];
        let mut values = BTreeMap::new();
        for joint in 0..arm.joint_count {
            let limits = &arm.limits[joint];
            joints[joint] = limits.lower + share[joint] * (limits.upper - limits.lower);
            let label = arm.kind.joint_names()[joint].replace(' ', "_");
            values.insert(format!("{}_{label}_joint", named.name), joints[joint]);
        }
        let found = place(&tree, &format!("{}_tip", named.name), &values).to_homogeneous();
        let wanted = (arm.base * arm.tip_pose(&joints)).to_homogeneous();
        let error = (found - wanted).amax();
        assert!(error < 1e-12, "{}, {}: {error:e}", robot.name, named.name);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 100,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(20_241_126),
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_tip_is_where_the_arm_says(share in prop::array::uniform7(0.0..=1.0)) {
        for text in ROBOTS {
            assert_same_tips(&Robot::from_ron(text).expect("it ships"), &share);
        }
    }

    #[test]
    fn a_mount_turned_in_any_way_is_met(
        share in prop::array::uniform7(0.0..=1.0),
        turned in prop::array::uniform4(-1.0..=1.0),
        moved in prop::array::uniform3(-2.0..=2.0),
    ) {
        prop_assume!(turned.iter().map(|part: &f64| part * part).sum::<f64>() > 1e-3);
        let [w, x, y, z] = turned;
        assert_mounted(&share, Quaternion::new(w, x, y, z), moved);
    }
}

#[test]
fn a_mount_at_a_quarter_turn_about_y_is_met() {
    // There roll and yaw turn about one axis, and three angles have no one answer.
    let share = [0.3, 0.6, 0.4, 0.2, 0.7, 0.5, 0.1];
    for sign in [-1.0, 1.0] {
        for (x, z) in [
            (0.0, 0.0),
            (0.3, 0.1),
            (-0.7, 0.2),
            (1e-9, 0.0),
            (0.0, 1e-9),
        ] {
            let quarter =
                UnitQuaternion::from_scaled_axis(Vector3::y() * sign * std::f64::consts::FRAC_PI_2);
            let turned = UnitQuaternion::from_scaled_axis(Vector3::z() * z)
                * quarter
                * UnitQuaternion::from_scaled_axis(Vector3::x() * x);
            assert_mounted(&share, turned.into_inner(), [0.1, -0.2, 0.3]);
        }
    }
}

fn assert_mounted(share: &JointVector, turned: Quaternion<f64>, moved: [f64; 3]) {
    let mut robot = Robot::from_ron(ROBOTS[3]).expect("it ships");
    let mount = Pose::from_parts(
        Translation3::from(moved),
        UnitQuaternion::new_normalize(turned),
    );
    for named in &mut robot.arms {
        named.mount = mount;
        named.arm.base = mount;
    }
    assert_same_tips(&robot, share);
}

#[test]
fn bodies_read_back_to_the_same_bits() {
    for text in ROBOTS {
        let robot = Robot::from_ron(text).expect("it ships");
        let urdf = robot.to_urdf(None).expect("every arm");
        for named in &robot.arms {
            for joint in 0..named.arm.joint_count {
                let label = named.arm.kind.joint_names()[joint].replace(' ', "_");
                let opening = format!("<link name=\"{}_{label}\">", named.name);
                let start = urdf.find(&opening).expect("the link");
                let body = urdf[start..]
                    .split("</inertial>")
                    .next()
                    .expect("its inertia");
                let line = |element: &str| {
                    body.lines()
                        .find(|line| line.trim().starts_with(element))
                        .expect("the element")
                };
                let number = |element: &str, name: &str| -> f64 {
                    attribute(line(element), name).parse().expect("a number")
                };
                let link = &named.arm.links[joint];
                assert_eq!(number("<mass", "value"), link.mass_kg);
                assert_eq!(triple(attribute(line("<origin"), "xyz")), link.com_m);
                let inertia = ["ixx", "iyy", "izz"].map(|name| number("<inertia ", name));
                assert_eq!(inertia, link.inertia_kgm2);
            }
        }
    }
}

#[test]
fn one_arm_alone_has_the_same_tip_and_an_unknown_arm_is_refused() {
    let robot = Robot::from_ron(ROBOTS[0]).expect("it ships");
    let alone = robot.to_urdf(Some("psm3")).expect("it is there");
    assert!(alone.contains("psm3_tip") && !alone.contains("psm1"));
    assert_eq!(
        robot.to_urdf(Some("psm9")),
        Err(vec!["psm1", "psm2", "psm3", "ecm"])
    );
}

#[test]
fn a_capsule_is_a_cylinder_between_two_balls_at_its_ends() {
    let robot = Robot::from_ron(ROBOTS[3]).expect("it ships");
    let urdf = robot.to_urdf(Some("left")).expect("it is there");
    let start = urdf.find("<link name=\"left_roll\">").expect("the shaft");
    let shaft = urdf[start..].split("</link>").next().expect("its end");
    assert_eq!(shaft.matches("<sphere radius=\"0.004\"/>").count(), 4);
    assert_eq!(
        shaft
            .matches("<cylinder radius=\"0.004\" length=\"0.4162\"/>")
            .count(),
        2
    );
    assert_eq!(shaft.matches("<origin xyz=\"0 0 -0.2081\"").count(), 2);
    assert_eq!(shaft.matches("<origin xyz=\"0 0 -0.4162\"").count(), 2);
}
