//! The physical robot against what must hold of it whatever the engine.

use robot_model::{Arm, JointVector, Robot};
use sim::plant::Plant;

const TICK_NS: u64 = 1_000_000;

fn toumai() -> Vec<Arm> {
    let text = include_str!("../../assets/robots/toumai.ron");
    let robot = Robot::from_ron(text).expect("the robot file is valid");
    robot.arms.iter().map(|named| named.arm).collect()
}

fn homes(arms: &[Arm]) -> Vec<JointVector> {
    arms.iter().map(|arm| arm.home).collect()
}

/// Where the servos are asked to go at a time: slow waves around home, every joint another.
fn waves(arms: &[Arm], time_s: f64) -> Vec<JointVector> {
    let mut set_points = homes(arms);
    for (set_point, arm) in set_points.iter_mut().zip(arms) {
        for (joint, value) in set_point.iter_mut().take(arm.joint_count).enumerate() {
            let size = if joint == 2 { 0.02 } else { 0.2 };
            let swing = libm::sin(2.0 * time_s + joint as f64) - libm::sin(joint as f64);
            *value += size * swing * libm::fmin(1.0, time_s);
        }
    }
    set_points
}

#[test]
fn the_links_are_where_forward_kinematics_puts_them() {
    let arms = toumai();
    let mut plant = Plant::new(&arms, TICK_NS, 1);
    for tick in 0..1_500 {
        plant.step(&waves(&arms, tick as f64 * 1e-3));
    }
    for (index, arm) in arms.iter().enumerate() {
        let joints = plant.joints(index);
        assert_ne!(joints, arm.home, "the arm has moved");
        let last = plant
            .link_pose(index, arm.row_count - 1)
            .expect("the link exists");
        let tip = arm.base * arm.tip_pose(&joints);
        assert!((last.translation.vector - tip.translation.vector).norm() < 1e-12);
        assert!((last.rotation * arm.tool_tip).angle_to(&tip.rotation) < 1e-7);
    }
}

#[test]
fn every_shaft_passes_its_remote_centre() {
    let arms = toumai();
    let mut plant = Plant::new(&arms, TICK_NS, 1);
    for tick in 0..1_000 {
        plant.step(&waves(&arms, tick as f64 * 1e-3));
        for (index, arm) in arms.iter().enumerate() {
            // The roll link's z axis is the shaft.
            let roll = plant.link_pose(index, 3).expect("the link exists");
            let shaft = roll.rotation * nalgebra::Vector3::z();
            let from_centre = roll.translation.vector - arm.base.translation.vector;
            let deviation_m = from_centre.cross(&shaft).norm();
            assert!(
                deviation_m < 1e-12,
                "arm {index}, tick {tick}: {deviation_m} m"
            );
        }
    }
}

#[test]
fn arms_at_home_stay_there() {
    let arms = toumai();
    let mut plant = Plant::new(&arms, TICK_NS, 1);
    for _ in 0..1_000 {
        plant.step(&homes(&arms));
    }
    for (index, arm) in arms.iter().enumerate() {
        for (joint, (value, home)) in plant.joints(index).iter().zip(&arm.home).enumerate() {
            assert!(
                (value - home).abs() < 1e-12,
                "arm {index} joint {joint}: {value} from {home}"
            );
        }
    }
    assert_eq!(plant.quarantined(), 0);
}

#[test]
fn the_tips_follow_moving_set_points_within_a_quarter_of_the_tracking_limit() {
    let arms = toumai();
    let mut plant = Plant::new(&arms, TICK_NS, 1);
    for tick in 0..3_000 {
        let set_points = waves(&arms, tick as f64 * 1e-3);
        plant.step(&set_points);
        for (index, arm) in arms.iter().enumerate() {
            let meant = arm.tip_pose(&set_points[index]).translation.vector;
            let is = arm.tip_pose(&plant.joints(index)).translation.vector;
            let error_m = (meant - is).norm();
            assert!(
                error_m < 0.5e-3,
                "arm {index}, tick {tick}: {} mm",
                error_m * 1e3
            );
        }
    }
}

/// Backward Euler of first order: the servo's error halves with twice the substeps.
#[test]
fn more_substeps_come_nearer_to_the_limit_of_many() {
    let arms = toumai();
    let path = |substeps| {
        let mut plant = Plant::new(&arms, TICK_NS, substeps);
        for tick in 0..400 {
            plant.step(&waves(&arms, tick as f64 * 1e-3));
        }
        plant.joints(0)
    };
    let many = path(16);
    let error = |substeps| {
        path(substeps)
            .iter()
            .zip(&many)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f64::max)
    };
    let (one, four) = (error(1), error(4));
    assert!(
        four < one / 2.0,
        "{four} with four substeps, {one} with one"
    );
}

#[test]
fn a_copy_moves_on_bit_for_bit_as_the_original() {
    let arms = toumai();
    let mut plant = Plant::new(&arms, TICK_NS, 1);
    for tick in 0..300 {
        plant.step(&waves(&arms, tick as f64 * 1e-3));
    }
    let mut copy = plant.clone();
    for tick in 300..900 {
        let set_points = waves(&arms, tick as f64 * 1e-3);
        plant.step(&set_points);
        copy.step(&set_points);
    }
    let digest = |plant: &Plant| {
        let mut bytes = Vec::new();
        plant.digest(&mut |part| bytes.extend_from_slice(part));
        bytes
    };
    assert_eq!(digest(&plant), digest(&copy));
}

#[test]
fn a_servo_gives_no_more_than_its_effort() {
    let arms = toumai();
    let mut plant = Plant::new(&arms[..1], TICK_NS, 1);
    // A set-point far away asks for thousands of newtons; the drive has 40.9, for at least 0.2 kg.
    let mut set_point = arms[0].home;
    set_point[2] += 0.1;
    plant.step(&[arms[0].home]);
    let before = plant.joints(0)[2];
    plant.step(&[set_point]);
    let moved_m = plant.joints(0)[2] - before;
    let effort_n = arms[0].limits[2].effort;
    let mass_kg: f64 = arms[0].links[2..7].iter().map(|link| link.mass_kg).sum();
    let freest_m = effort_n / (mass_kg + arms[0].drives[2].armature) * 1e-6;
    assert!(
        moved_m > 0.0 && moved_m <= freest_m * 1.01,
        "{moved_m} m, at most {freest_m} m"
    );
}
