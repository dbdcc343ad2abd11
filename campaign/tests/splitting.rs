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

/// What crude Monte Carlo can still see, splitting must see as often: a margin of R05 that is reached in some runs.
#[test]
fn on_a_frequent_event_of_the_twin_it_agrees_with_counting() {
    let operation = operation("casablanca_shanghai.ron");
    let duration_ns = 3 * SECOND_NS / 2;
    let levels = 40;
    let make = || {
        TwinSimulation::new(&operation, &own_loop, duration_ns, Id::R05, levels).expect("it builds")
    };
    // Far more than the 0 of a run without a silence, far less than a violation.
    let target = 1;
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
    let of_count =
        libm::sqrt(counted * (1.0 - counted) / f64::from(runs)).max(1.0 / f64::from(runs));
    let error = libm::sqrt(error * error + of_count * of_count);
    assert!(
        (1..runs).contains(&reached),
        "{reached} of {runs}: neither never nor always"
    );
    assert!(
        (mean - counted).abs() < 4.0 * error,
        "{mean:.3} against {counted:.3}, +- {error:.3}"
    );
}
