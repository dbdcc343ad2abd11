//! The physical robot against what must hold of it whatever the engine.

use robot_model::dynamics::STANDARD_GRAVITY_M_S2;
use robot_model::{Arm, JointVector, NamedArm, Robot};
use serde::Deserialize;
use sim::plant::{
    ArmModel, PatientSettings, Plant, PlantKind, PlantSettings, PlantSetup, TroubleSettings,
};

const TICK_NS: u64 = 1_000_000;
const KINDS: [PlantKind; 2] = [PlantKind::Rapier, PlantKind::Articulated];

fn toumai() -> Vec<Arm> {
    let text = include_str!("../../assets/robots/toumai.ron");
    let robot = Robot::from_ron(text).expect("the robot file is valid");
    robot.arms.iter().map(|named| named.arm).collect()
}

/// A frictionless robot.
fn plant(arms: &[Arm], kind: PlantKind, substeps: usize) -> Plant {
    let settings = PlantSettings {
        kind,
        substeps,
        ..PlantSettings::default()
    };
    let models: Vec<ArmModel> = arms.iter().map(|arm| ArmModel::bare(*arm)).collect();
    build(&models, &settings, &nobody())
}

fn nobody() -> PatientSettings {
    PatientSettings {
        present: false,
        ..PatientSettings::default()
    }
}

fn build(models: &[ArmModel], settings: &PlantSettings, patient: &PatientSettings) -> Plant {
    Plant::new(&PlantSetup {
        arms: models,
        names: &[],
        gravity_m_s2: STANDARD_GRAVITY_M_S2,
        settings,
        patient,
        trouble: &TroubleSettings::default(),
        tick_ns: TICK_NS,
        seed: 1,
    })
}

/// The same robot with its friction and its shape.
fn toumai_models() -> Vec<ArmModel> {
    let text = include_str!("../../assets/robots/toumai.ron");
    let robot = Robot::from_ron(text).expect("the robot file is valid");
    let model = |named: &NamedArm| ArmModel {
        arm: named.arm,
        friction: named.friction,
        capsules: named.capsules.clone(),
    };
    robot.arms.iter().map(model).collect()
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
    for kind in KINDS {
        let mut plant = plant(&arms, kind, 1);
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
}

#[test]
fn every_shaft_passes_its_remote_centre() {
    let arms = toumai();
    for kind in KINDS {
        let mut plant = plant(&arms, kind, 1);
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
}

#[test]
fn arms_at_home_stay_there_against_gravity() {
    let arms = toumai();
    // Rapier solves its motors one after another: what the last one gives moves the first a little.
    for (kind, bound) in [(PlantKind::Rapier, 1e-7), (PlantKind::Articulated, 1e-12)] {
        let mut plant = plant(&arms, kind, 1);
        for _ in 0..1_000 {
            plant.step(&homes(&arms));
        }
        for (index, arm) in arms.iter().enumerate() {
            for (joint, (value, home)) in plant.joints(index).iter().zip(&arm.home).enumerate() {
                assert!(
                    (value - home).abs() < bound,
                    "{kind:?}, arm {index} joint {joint}: {value} from {home}"
                );
            }
        }
        assert_eq!(plant.quarantined(), 0);
    }
}

#[test]
fn the_tips_follow_moving_set_points_within_a_quarter_of_the_tracking_limit() {
    let arms = toumai();
    for kind in KINDS {
        let mut plant = plant(&arms, kind, 1);
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
}

/// Backward Euler of first order: the servo's error halves with twice the substeps.
#[test]
fn more_substeps_come_nearer_to_the_limit_of_many() {
    let arms = toumai();
    for kind in KINDS {
        let path = |substeps| {
            let mut plant = plant(&arms, kind, substeps);
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
}

#[test]
fn a_copy_moves_on_bit_for_bit_as_the_original() {
    let arms = toumai();
    let digest = |plant: &Plant| {
        let mut bytes = Vec::new();
        plant.digest(&mut |part| bytes.extend_from_slice(part));
        bytes
    };
    for kind in KINDS {
        let mut plant = plant(&arms, kind, 1);
        for tick in 0..300 {
            plant.step(&waves(&arms, tick as f64 * 1e-3));
        }
        let mut copy = plant.clone();
        for tick in 300..900 {
            let set_points = waves(&arms, tick as f64 * 1e-3);
            plant.step(&set_points);
            assert_ne!(digest(&plant), digest(&copy));
            copy.step(&set_points);
            assert_eq!(digest(&plant), digest(&copy));
        }
    }
}

#[test]
fn a_servo_gives_no_more_than_its_effort() {
    let arms = toumai();
    for kind in KINDS {
        let mut plant = plant(&arms[..1], kind, 1);
        // A set-point far away asks for thousands of newtons; the drive has 40.9, for at least 0.2 kg,
        // and gravity pulls the same way.
        let mut set_point = arms[0].home;
        set_point[2] += 0.1;
        plant.step(&[arms[0].home]);
        let before = plant.joints(0)[2];
        plant.step(&[set_point]);
        let moved_m = plant.joints(0)[2] - before;
        let effort_n = arms[0].limits[2].effort;
        let mass_kg: f64 = arms[0].links[2..7].iter().map(|link| link.mass_kg).sum();
        let weight_n = mass_kg * 9.806_65;
        let drive_m = effort_n / (mass_kg + arms[0].drives[2].armature) * 1e-6;
        let most_m = (effort_n + weight_n) / (mass_kg + arms[0].drives[2].armature) * 1e-6;
        assert!(
            moved_m > 0.5 * drive_m && moved_m <= most_m * 1.01,
            "{kind:?}: {moved_m} m, at most {most_m} m"
        );
    }
}

#[test]
fn both_engines_take_the_tips_along_the_same_path_in_free_motion() {
    let models = toumai_models();
    let arms = toumai();
    for friction in [false, true] {
        let new = |kind| {
            let settings = PlantSettings {
                kind,
                friction,
                ..PlantSettings::default()
            };
            build(&models, &settings, &nobody())
        };
        let (mut rapier, mut articulated) = (new(PlantKind::Rapier), new(PlantKind::Articulated));
        let mut greatest_m = 0.0_f64;
        for tick in 0..4_000 {
            let set_points = waves(&arms, tick as f64 * 1e-3);
            rapier.step(&set_points);
            articulated.step(&set_points);
            for (index, arm) in arms.iter().enumerate() {
                let tip = |plant: &Plant| arm.tip_pose(&plant.joints(index)).translation.vector;
                greatest_m = greatest_m.max((tip(&rapier) - tip(&articulated)).norm());
            }
        }
        println!("friction {friction}: {} mm", greatest_m * 1e3);
        assert!(greatest_m <= 1e-4, "{} mm", greatest_m * 1e3);
        assert!(greatest_m > 0.0, "two engines are never equal to the bit");
    }
}

/// A set-point that is no number must not take the program down, and must not pass unseen.
#[test]
fn a_plant_whose_numbers_broke_says_so_and_stands_still() {
    let arms = toumai();
    for kind in KINDS {
        let mut plant = plant(&arms, kind, 1);
        let mut set_points = homes(&arms);
        plant.step(&set_points);
        assert!(!plant.is_broken());
        set_points[1][0] = f64::NAN;
        for _ in 0..5 {
            plant.step(&set_points);
        }
        assert!(plant.is_broken(), "{kind:?}");
        set_points[1][0] = 0.0;
        plant.step(&set_points);
        assert!(plant.is_broken(), "{kind:?} mended itself");
    }
}

/// Joints of one arm, as MuJoCo moved them with steps of 20 µs (tools/plant_reference.py).
#[derive(Deserialize)]
struct MovedArm {
    joints: Vec<Vec<f64>>,
}

#[derive(Deserialize)]
struct Moved {
    every_ticks: usize,
    arms: Vec<MovedArm>,
}

/// The greatest distance of a plant's joints from MuJoCo's, of turning joints (rad) and slides (m).
fn servo_error(kind: PlantKind, substeps: usize) -> (f64, f64) {
    let moved: Moved = serde_json::from_str(include_str!("data/toumai_servo.json")).expect("JSON");
    let arms = toumai();
    let mut plant = plant(&arms, kind, substeps);
    let (mut turns_rad, mut slides_m) = (0.0_f64, 0.0_f64);
    let ticks = moved.every_ticks * moved.arms[0].joints.len();
    assert_eq!((moved.arms.len(), ticks), (4, 2_000));
    for tick in 0..ticks {
        plant.step(&waves(&arms, tick as f64 * 1e-3));
        if (tick + 1) % moved.every_ticks != 0 {
            continue;
        }
        for (index, arm) in moved.arms.iter().enumerate() {
            let wanted = &arm.joints[tick / moved.every_ticks];
            for (joint, (is, wanted)) in plant.joints(index).iter().zip(wanted).enumerate() {
                let worst = if joint == 2 {
                    &mut slides_m
                } else {
                    &mut turns_rad
                };
                *worst = worst.max((is - wanted).abs());
            }
        }
    }
    (turns_rad, slides_m)
}

#[test]
fn the_servo_errs_from_mujoco_by_no_more_than_a_first_order_step_and_less_with_more_steps() {
    for kind in KINDS {
        let (turns_rad, slides_m) = servo_error(kind, 1);
        println!("{kind:?}: {turns_rad} rad, {slides_m} m");
        // What one implicit step a millisecond was measured to cost in Rapier, MuJoCo and our own
        // bodies alike, in the survey of engines.
        assert!(turns_rad <= 2.06e-3, "{kind:?}: {turns_rad} rad");
        assert!(slides_m <= 1.13e-4, "{kind:?}: {slides_m} m");
        let (finer_rad, finer_m) = servo_error(kind, 16);
        println!("{kind:?}, 16 steps: {finer_rad} rad, {finer_m} m");
        assert!(
            finer_rad < turns_rad / 8.0,
            "{kind:?}: {finer_rad} rad of {turns_rad}"
        );
        assert!(
            finer_m < slides_m / 8.0,
            "{kind:?}: {finer_m} m of {slides_m}"
        );
    }
    let (rapier, own) = (
        servo_error(PlantKind::Rapier, 1),
        servo_error(PlantKind::Articulated, 1),
    );
    assert!(
        own.0 <= rapier.0 * 1.01 && own.1 <= rapier.1 * 1.01,
        "{own:?} and {rapier:?}"
    );
}
