//! Splitting on the real twin: a run that is set back and given other randomness goes another way, and the state that
//! it was set back to is unharmed.

mod common;

use campaign::splitting::{Simulation, Splitting, TwinSimulation};
use common::operation;
use safety::Id;
use sim::{Keep, RunPlan, Twin, own_loop};

const SECOND_NS: u64 = 1_000_000_000;

#[test]
fn a_branch_goes_another_way_than_its_parent_and_another_branch() {
    let operation = operation("casablanca_shanghai.ron");
    let plan = RunPlan::of_seed(&operation, 3, 2 * SECOND_NS);
    let mut twin = Twin::new(&operation, &plan, &own_loop, Keep::default()).expect("it builds");
    for _ in 0..1000 {
        twin.step();
    }
    let state = twin.snapshot();
    let mut go_on = |key: Option<u64>| {
        twin.restore(&state);
        if let Some(key) = key {
            let faults = operation.faults.generate(key, plan.duration_ns);
            twin.rekey(key, Some(&faults));
        }
        twin.run_to_end().hash
    };
    let parent = go_on(None);
    let (one, two) = (go_on(Some(1)), go_on(Some(2)));
    assert_ne!(one, parent);
    assert_ne!(one, two);
    assert_eq!(go_on(Some(1)), one, "the same key goes the same way");
    assert_eq!(go_on(None), parent, "the state is unharmed");
}

/// A copy that was given other faults to come is a state like any other: what the plan says of the faults that it has
/// no longer does not touch it.
#[test]
fn a_copy_that_was_given_other_faults_goes_on_as_it_would_have() {
    let operation = operation("casablanca_shanghai.ron");
    let plan = RunPlan::of_seed(&operation, 1, 8 * SECOND_NS);
    let mut twin = Twin::new(&operation, &plan, &own_loop, Keep::default()).expect("it builds");
    while twin.now_ns() < SECOND_NS {
        twin.step();
    }
    let faults = operation.faults.generate(77, plan.duration_ns);
    assert_ne!(faults.faults, plan.faults.faults);
    twin.rekey(77, Some(&faults));
    let copy = twin.snapshot();
    let straight = twin.run_to_end().hash;
    twin.restore(&copy);
    assert_eq!(twin.run_to_end().hash, straight);
}

/// What crude Monte Carlo can still see, splitting must see as often: an age of commands that a fault of the network
/// makes, and a step of the set-point that the surgeon's hands make.
#[test]
fn on_frequent_events_of_the_twin_it_agrees_with_counting() {
    let operation = operation("casablanca_shanghai.ron");
    for (requirement, duration_ns, target) in
        [(Id::R01, 3 * SECOND_NS, 25), (Id::R03, 2 * SECOND_NS, 35)]
    {
        let make = || {
            TwinSimulation::new(&operation, &own_loop, duration_ns, requirement, 100)
                .expect("it builds")
        };
        let mut simulation = make();
        let runs: u32 = 48;
        let mut reached = 0;
        for key in 0..runs {
            simulation.begin(0x5eed_0000 + u64::from(key));
            while simulation.score() < target && simulation.step() {}
            reached += u32::from(simulation.score() >= target);
        }
        let counted = f64::from(reached) / f64::from(runs);
        let estimates: Vec<f64> = (0..6)
            .map(|seed| {
                Splitting {
                    runs: 8,
                    kill: 1,
                    target,
                    seed,
                }
                .estimate(&mut make())
                .probability
            })
            .collect();
        let (mean, error) = campaign::splitting::mean_and_error(&estimates);
        let of_count = libm::sqrt(counted * (1.0 - counted) / f64::from(runs));
        let error = libm::sqrt(error * error + of_count * of_count);
        println!("{requirement}: {mean:.3} against {counted:.3}, +- {error:.3}");
        assert!(
            (0.1..0.9).contains(&counted),
            "{requirement}: {counted} tells little"
        );
        assert!(mean > 0.0 && mean < 1.0, "{requirement}: {mean}");
        assert!(
            (mean - counted).abs() < 3.0 * error,
            "{requirement}: {mean:.3} against {counted:.3}, +- {error:.3}"
        );
    }
}
