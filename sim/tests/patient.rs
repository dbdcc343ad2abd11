//! What arms touch: the same in both engines, and as the closed forms say.

use std::path::Path;

use robot_model::JointVector;
use sim::Operation;
use sim::plant::patient::Compliance;
use sim::plant::{Plant, PlantKind, PlantSetup};

const KINDS: [PlantKind; 2] = [PlantKind::Rapier, PlantKind::Articulated];

fn operation() -> Operation {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
    let mut read = |file: &str| {
        std::fs::read_to_string(folder.join(file)).map_err(|error| format!("{file}: {error}"))
    };
    let text = read("casablanca_shanghai.ron").expect("the scenario ships");
    Operation::from_ron(&text, &mut read).expect("it is valid")
}

fn plant(operation: &Operation, kind: PlantKind) -> Plant {
    let mut settings = operation.plant.clone();
    settings.kind = kind;
    settings.friction = false;
    Plant::new(&PlantSetup {
        settings: &settings,
        ..operation.plant_setup(1)
    })
}

fn homes(operation: &Operation) -> Vec<JointVector> {
    operation.arms.iter().map(|arm| arm.home).collect()
}

/// Pushes the right arm's instrument `deeper_m` along its shaft within a second, and waits for two.
fn pressed(operation: &Operation, kind: PlantKind, deeper_m: f64) -> Plant {
    let mut plant = plant(operation, kind);
    let mut set_points = homes(operation);
    for tick in 0..3_000 {
        let share = libm::fmin(1.0, tick as f64 * 1e-3);
        set_points[2][2] = operation.arms[2].home[2] + deeper_m * share;
        plant.step(&set_points);
    }
    plant
}

#[test]
fn a_tip_in_tissue_feels_the_force_of_its_depth_and_the_base_gives_way_to_it() {
    let operation = operation();
    for kind in KINDS {
        let plant = pressed(&operation, kind, 0.03);
        let touch = plant.touch(2).expect("there is a third arm");
        // The organ's top is a rod along x at 60 mm, 50 mm thick; the jaw ends in a ball of 2.5 mm.
        let frames = operation.arms[2].link_frames(&plant.joints(2));
        let tip = frames[6].point(&nalgebra::Vector3::new(0.0, 0.0095, 0.0));
        let tip = operation.arms[2].base * nalgebra::Point3::from(tip);
        let from_axis_m = libm::hypot(tip.y, tip.z - 0.06);
        let depth_m = 0.05 + 0.0025 - from_axis_m;
        assert!(depth_m > 5e-3, "{kind:?}: {depth_m} m deep");
        let force_n = operation.patient.tissue_contact.stiffness_n_m * depth_m;
        assert!(
            (touch.tip_force_n - force_n).abs() < 1e-6,
            "{kind:?}: {} N, not {force_n} N",
            touch.tip_force_n
        );
        let stiffness =
            operation.plant.compliance.base_stiffness_n_m + operation.patient.wall_stiffness_n_m;
        let deviation_m = touch.remote_centre_deviation_m.norm();
        assert!(
            (deviation_m - force_n / stiffness).abs() < 1e-8,
            "{kind:?}: {deviation_m} m"
        );
        let trocar_n = operation.patient.wall_stiffness_n_m * deviation_m;
        assert!((touch.trocar_force_n - trocar_n).abs() < 1e-12);
        for other in [0, 1, 3] {
            assert_eq!(plant.touch(other).map(|touch| touch.tip_force_n), Some(0.0));
        }
    }
}

#[test]
fn both_engines_agree_in_contact_to_a_tenth_of_a_millimetre_and_a_hundredth_of_a_newton() {
    let operation = operation();
    let [mut rapier, mut own] = KINDS.map(|kind| plant(&operation, kind));
    let tip = |plant: &Plant| {
        operation.arms[2]
            .tip_pose(&plant.joints(2))
            .translation
            .vector
    };
    let force = |plant: &Plant| plant.touch(2).expect("an arm").tip_force_n;
    let (mut apart_m, mut apart_n, mut greatest_n) = (0.0_f64, 0.0_f64, 0.0_f64);
    for tick in 0..3_000 {
        let mut set_points = homes(&operation);
        // In and out of the tissue, and along it.
        set_points[2][2] += 0.015 * (1.0 - libm::cos(4e-3 * f64::from(tick)));
        set_points[2][0] += 0.05 * libm::sin(3e-3 * f64::from(tick));
        rapier.step(&set_points);
        own.step(&set_points);
        apart_m = apart_m.max((tip(&rapier) - tip(&own)).norm());
        apart_n = apart_n.max((force(&rapier) - force(&own)).abs());
        greatest_n = greatest_n.max(force(&own));
    }
    assert!(
        greatest_n > 0.5,
        "the tissue was pressed with {greatest_n} N"
    );
    println!("{} mm, {apart_n} N", apart_m * 1e3);
    assert!(apart_m < 1e-4, "{apart_m} m");
    assert!(apart_n < 0.01, "{apart_n} N");
}

#[test]
fn arms_at_home_are_as_far_apart_as_their_yaw_links_are() {
    let operation = operation();
    let plant = plant(&operation, PlantKind::Articulated);
    let clearance_m: Vec<f64> = (0..4)
        .map(|arm| plant.touch(arm).expect("an arm").clearance_m)
        .collect();
    // The yaw links are bars of 70 mm along the table: those of the inner arms are 110 mm less one bar apart.
    assert!((clearance_m[1] - 0.04).abs() < 1e-9, "{clearance_m:?}");
    assert!((clearance_m[2] - 0.04).abs() < 1e-9, "{clearance_m:?}");
    // The outer ones lie 60 mm nearer to the feet and lean away: further apart, on both sides alike.
    assert!(clearance_m[0] > 0.04, "{clearance_m:?}");
    assert!(
        clearance_m[0] < libm::hypot(0.11, 0.06) - 0.07,
        "{clearance_m:?}"
    );
    assert!(
        (clearance_m[0] - clearance_m[3]).abs() < 1e-9,
        "{clearance_m:?}"
    );
}

#[test]
fn arms_driven_into_each_other_push_back_and_stay_calm() {
    let operation = operation();
    for kind in KINDS {
        let mut plant = plant(&operation, kind);
        let mut set_points = homes(&operation);
        let (mut least_m, mut fastest) = (f64::INFINITY, 0.0_f64);
        for tick in 0..3_000 {
            let share = libm::fmin(1.0, tick as f64 / 1_500.0);
            set_points[1][0] = 0.7 * share;
            set_points[2][0] = -0.7 * share;
            plant.step(&set_points);
            least_m = least_m.min(plant.touch(1).expect("an arm").clearance_m);
            for arm in 1..3 {
                fastest = plant
                    .rates(arm)
                    .iter()
                    .fold(fastest, |f, rate| f.max(rate.abs()));
            }
        }
        println!("{kind:?}: {} mm, {fastest} rad/s", least_m * 1e3);
        assert!(!plant.is_broken());
        assert!(least_m < 0.0, "{kind:?}: they met, {least_m} m");
        assert!(
            least_m > -0.03,
            "{kind:?}: they did not pass through, {least_m} m"
        );
        assert!(fastest < 10.0, "{kind:?}: {fastest} rad/s");
        let held_back = set_points[1][0] - plant.joints(1)[0];
        assert!(held_back > 1e-3, "{kind:?}: held back by {held_back} rad");
    }
}

#[test]
fn a_copy_made_in_contact_goes_on_bit_for_bit() {
    let operation = operation();
    let digest = |plant: &Plant| {
        let mut bytes = Vec::new();
        plant.digest(&mut |part| bytes.extend_from_slice(part));
        bytes
    };
    for kind in KINDS {
        let mut plant = pressed(&operation, kind, 0.03);
        let mut copy = plant.clone();
        let mut set_points = homes(&operation);
        for tick in 0..500 {
            set_points[2][2] += 0.02 - 2e-5 * f64::from(tick);
            plant.step(&set_points);
            copy.step(&set_points);
            set_points = homes(&operation);
        }
        assert_eq!(digest(&plant), digest(&copy), "{kind:?}");
    }
}

#[test]
fn tissue_never_pulls_and_resists_more_the_faster_it_is_pressed() {
    let tissue = Compliance {
        stiffness_n_m: 100.0,
        dissipation_s_m: 2.0,
    };
    assert_eq!(tissue.force_n(-1e-3, 1.0), 0.0);
    assert_eq!(tissue.force_n(1e-3, -10.0), 0.0);
    assert!((tissue.force_n(1e-2, 0.0) - 1.0).abs() < 1e-12);
    assert!(tissue.force_n(1e-2, 0.1) > tissue.force_n(1e-2, 0.0));
    assert!(tissue.force_n(1e-2, -0.1) < tissue.force_n(1e-2, 0.0));
}
