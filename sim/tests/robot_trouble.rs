//! A robot that fails, and what the loop makes of it: what it is told by the sensors, judged by the truth.

use std::path::Path;

use control_loop::{FaultKind, State};
use safety::{Id, Verdict};
use sim::plant::PlantKind;
use sim::plant::trouble::{Ailment, Listed, TroubleSettings};
use sim::state::{Body, Measured, RobotEnd};
use sim::units::Seconds;
use sim::{Keep, Operation, Outcome, RunPlan, Twin, own_loop};

fn scenario() -> Operation {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
    let mut read = |file: &str| {
        std::fs::read_to_string(folder.join(file)).map_err(|error| format!("{file}: {error}"))
    };
    let text = read("robot_trouble.ron").expect("the scenario ships");
    Operation::from_ron(&text, &mut read).expect("it is valid")
}

/// The scenario with one trouble of the left arm, from the third second on.
fn with(what: Ailment, joint: &str, kind: PlantKind) -> Operation {
    let mut operation = scenario();
    operation.plant.kind = kind;
    operation.robot_trouble = TroubleSettings {
        listed: vec![Listed {
            what,
            arm: "left".into(),
            joint: joint.into(),
            at_s: Seconds::clamped(2.0),
            for_s: Seconds::clamped(4.0),
        }],
        ..TroubleSettings::default()
    };
    operation
}

fn twin(operation: &Operation, seed: u64) -> Twin {
    let plan = RunPlan::of_seed(operation, seed, operation.duration_ns);
    Twin::new(operation, &plan, &own_loop, Keep::default()).expect("it builds")
}

/// Runs to the end; the fault that the loop tells, if any.
fn run(operation: &Operation, seed: u64) -> (Outcome, Option<FaultKind>) {
    let mut twin = twin(operation, seed);
    let outcome = twin.run_to_end();
    let fault = twin.world().resource::<RobotEnd>().output.fault;
    (outcome, fault.map(|fault| fault.kind))
}

fn violated(outcome: &Outcome) -> Vec<String> {
    let findings = outcome.findings.iter();
    findings
        .filter(|finding| finding.verdict() == Verdict::Violated)
        .map(|finding| format!("{}: {}", finding.id, finding.detail))
        .collect()
}

fn verdict(outcome: &Outcome, id: Id) -> Verdict {
    let found = outcome.findings.iter().find(|finding| finding.id == id);
    found.expect("every requirement has a finding").verdict()
}

#[test]
fn a_joint_that_sticks_is_missed_in_time_in_both_engines() {
    for kind in [PlantKind::Rapier, PlantKind::Articulated] {
        let (outcome, fault) = run(&with(Ailment::StuckJoint, "insertion", kind), 1);
        assert_eq!(verdict(&outcome, Id::R17), Verdict::Held, "{kind:?}");
        assert_eq!(fault, Some(FaultKind::TrackingError), "{kind:?}");
        assert!(outcome.state_ticks[State::Faulted as usize] > 1_000);
        assert_eq!(violated(&outcome), [""; 0], "{kind:?}");
    }
}

#[test]
fn a_motor_that_dies_is_missed_in_time_and_its_brake_keeps_the_arm_from_falling() {
    let braked = with(Ailment::DeadMotor, "insertion", PlantKind::Articulated);
    let (outcome, fault) = run(&braked, 1);
    assert_eq!(fault, Some(FaultKind::TrackingError));
    assert_eq!(violated(&outcome), [""; 0]);

    let mut falling = braked;
    falling.plant.actuators.brakes = false;
    let (outcome, _) = run(&falling, 1);
    assert_eq!(
        verdict(&outcome, Id::R16),
        Verdict::Violated,
        "it falls on the tissue"
    );
}

#[test]
fn a_sensor_that_shows_nothing_or_always_the_same_is_a_fault_and_breaks_no_number() {
    for (what, kind) in [
        (Ailment::MissingReadings, FaultKind::SensorDropout),
        (Ailment::FrozenSensor, FaultKind::SensorFrozen),
    ] {
        let (outcome, fault) = run(&with(what, "pitch", PlantKind::Articulated), 2);
        assert_eq!(fault, Some(kind));
        assert_eq!(verdict(&outcome, Id::R22), Verdict::Held, "{what:?}");
        assert_eq!(violated(&outcome), [""; 0], "{what:?}");
    }
}

#[test]
fn a_loop_that_is_called_too_late_notices() {
    let (outcome, fault) = run(&with(Ailment::SlowLoop, "", PlantKind::Articulated), 1);
    assert_eq!(fault, Some(FaultKind::TickOverrun));
    assert_eq!(
        verdict(&outcome, Id::R18),
        Verdict::Held,
        "truth says why it stopped"
    );
}

#[test]
fn the_loop_is_given_readings_and_the_monitors_judge_the_truth() {
    let operation = with(Ailment::FrozenSensor, "insertion", PlantKind::Articulated);
    let mut twin = twin(&operation, 3);
    while twin.now_ns() < 2_400_000_000 {
        twin.step();
    }
    let world = twin.world();
    let reading = world.get::<Measured>(twin.arms()[0]).expect("an arm").0;
    let truth = world.resource::<Body>().0.joints(0);
    assert!(
        (reading[2] - truth[2]).abs() > 1e-4,
        "the sensor stands, the joint moved on"
    );
    let step = 50e-6;
    let steps = reading[0] / step;
    assert!(
        (steps - steps.round()).abs() < 1e-6,
        "a reading is a whole number of steps"
    );
}

#[test]
fn in_the_shipped_scenario_every_trouble_is_met_safely() {
    let operation = scenario();
    let mut exercised = 0;
    for seed in 1..=24 {
        let (outcome, _) = run(&operation, seed);
        assert_eq!(violated(&outcome), [""; 0], "seed {seed}");
        exercised += u32::from(verdict(&outcome, Id::R17) == Verdict::Held);
    }
    assert!(
        exercised >= 4,
        "R17 was exercised in {exercised} of 24 runs"
    );
}

#[test]
fn a_snapshot_amid_trouble_goes_on_bit_for_bit() {
    for kind in [PlantKind::Rapier, PlantKind::Articulated] {
        let operation = with(Ailment::StuckJoint, "yaw", kind);
        let mut twin = twin(&operation, 4);
        while twin.now_ns() < 2_200_000_000 {
            twin.step();
        }
        let snapshot = twin.snapshot();
        let mut other = self::twin(&operation, 4);
        other.restore(&snapshot);
        while twin.now_ns() < 3_000_000_000 {
            twin.step();
            other.step();
        }
        assert_eq!(twin.outcome().hash, other.outcome().hash, "{kind:?}");
    }
}
