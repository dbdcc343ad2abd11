//! The first law: a run is a function of its operation, seed and faults, on any machine, in any build,
//! with any number of threads, interrupted or not.
//!
//! This file runs in a debug and in a release build: the golden hashes are the same for both.

mod common;

use std::num::NonZeroUsize;

use campaign::{CheckSettings, check, verify};
use common::operation;
use sim::chain::first_divergence;
use sim::{Keep, RunPlan, Twin, own_loop};

const SECOND_NS: u64 = 1_000_000_000;

/// Hashes of the shipped scenarios' seed 7 over three simulated seconds. A change of behaviour changes
/// them: put the new value here and say why in the commit.
const GOLDEN: [(&str, u64); 2] = [
    ("casablanca_shanghai.ron", 0x341e_746d_f628_67a5),
    ("measured_path_a.ron", 0xe1cf_a65a_03ff_6eb0),
];

#[test]
fn debug_and_release_builds_give_the_golden_hashes() {
    for (scenario, golden) in GOLDEN {
        let operation = operation(scenario);
        let plan = RunPlan::of_seed(&operation, 7, 3 * SECOND_NS);
        let mut twin = Twin::new(&operation, &plan, &own_loop, Keep::default()).expect("it builds");
        let hash = twin.run_to_end().hash;
        assert_eq!(
            hash, golden,
            "{scenario}: {hash:#018x} now, {golden:#018x} before"
        );
    }
}

#[test]
fn the_same_seed_gives_the_same_run_and_another_seed_another() {
    let operation = operation("casablanca_shanghai.ron");
    let plan = RunPlan::of_seed(&operation, 11, 2 * SECOND_NS);
    assert_eq!(verify(&operation, &plan, &own_loop), Ok(None));

    let hash = |seed| {
        let plan = RunPlan::of_seed(&operation, seed, SECOND_NS);
        Twin::new(&operation, &plan, &own_loop, Keep::default())
            .expect("it builds")
            .run_to_end()
            .hash
    };
    assert_ne!(hash(11), hash(12));
}

#[test]
fn one_thread_and_two_give_the_same_report() {
    let operation = operation("casablanca_shanghai.ron");
    let report = |jobs: usize| {
        let settings = CheckSettings {
            first_seed: 1,
            runs: 6,
            duration_ns: 2 * SECOND_NS,
            jobs: NonZeroUsize::new(jobs).expect("at least one"),
        };
        check(&operation, &settings, &own_loop, &|_| {}).expect("it runs")
    };
    let (one, two) = (report(1), report(2));
    assert_eq!(one.hash, two.hash);
    assert_eq!(one.requirements, two.requirements);
    assert_eq!(one.worst, two.worst);
    assert_eq!(one.coverage, two.coverage);
}

#[test]
fn a_restored_snapshot_continues_as_the_uninterrupted_run() {
    let operation = operation("casablanca_shanghai.ron");
    let plan = RunPlan::of_seed(&operation, 5, 3 * SECOND_NS);
    let keep = Keep {
        links: true,
        events: true,
    };
    let new = || Twin::new(&operation, &plan, &own_loop, keep).expect("it builds");

    let mut uninterrupted = new();
    while uninterrupted.now_ns() < 17 * SECOND_NS / 10 {
        uninterrupted.step();
    }
    let snapshot = uninterrupted.snapshot();
    let outcome = uninterrupted.run_to_end();

    // Into a world that has gone elsewhere, and into a fresh one.
    let elsewhere = RunPlan::of_seed(&operation, 99, 3 * SECOND_NS);
    let mut gone_elsewhere = Twin::new(&operation, &elsewhere, &own_loop, keep).expect("it builds");
    for _ in 0..500 {
        gone_elsewhere.step();
    }
    for mut twin in [new(), gone_elsewhere] {
        twin.restore(&snapshot);
        let restored = twin.run_to_end();
        let (one, other) = (uninterrupted.links(), twin.links());
        let (one, other) = (one.expect("links are kept"), other.expect("links are kept"));
        assert_eq!(first_divergence(one, other), None);
        assert_eq!(restored.hash, outcome.hash);
        assert_eq!(restored.findings, outcome.findings);
    }
}

#[test]
fn keeping_events_and_links_changes_nothing() {
    let operation = operation("casablanca_shanghai.ron");
    let plan = RunPlan::of_seed(&operation, 3, SECOND_NS);
    let hash = |keep| {
        Twin::new(&operation, &plan, &own_loop, keep)
            .expect("it builds")
            .run_to_end()
            .hash
    };
    let all = Keep {
        events: true,
        links: true,
    };
    assert_eq!(hash(Keep::default()), hash(all));
}
