//! The attacker, the clocks, and what may leave no trace: requirements R10, R11, R12 and R13, judged by comparing whole
//! loops and whole runs bit for bit.

mod common;

use std::num::NonZeroUsize;

use campaign::{CheckSettings, check, verify};
use common::operation;
use control_loop::frame::{Kind, header_of};
use control_loop::{
    Hand, HandInput, LoopSettings, PathId, Robot, RobotLoop, Sensed, SettingsError, TickOutput,
    Verdict,
};
use net_model::{ClockMilliseconds, ConsoleClock, PartsPerMillion, PerMinute};
use robot_model::Pose;
use safety::Id;
use sim::scenario::fault_schedule_from_ron;
use sim::state::{Hands, SetPoint};
use sim::{HostedLoop, Keep, LoopSetup, Operation, RunPlan, Twin, own_loop};

const SECOND_NS: u64 = 1_000_000_000;
const ATTACK: &str = "under_attack.ron";

fn run(operation: &Operation, seed: u64, seconds: u64, make_loop: &sim::LoopFactory) {
    let plan = RunPlan::of_seed(operation, seed, seconds * SECOND_NS);
    let mut twin = Twin::new(operation, &plan, make_loop, Keep::default()).expect("it builds");
    let outcome = twin.run_to_end();
    let applied = outcome
        .findings
        .iter()
        .find(|finding| finding.id == Id::R02);
    assert!(
        applied.is_some_and(|finding| finding.exercised > 1_000),
        "seed {seed}: the comparison means something only if the robot was commanded"
    );
}

fn same(one: &TickOutput, other: &TickOutput, now_ns: u64) {
    let bits = |output: &TickOutput| output.set_points.map(|arm| arm.map(f64::to_bits));
    assert_eq!(bits(one), bits(other), "at {now_ns} ns");
    assert_eq!(
        (one.state, one.engagement, one.applied),
        (other.state, other.engagement, other.applied),
        "at {now_ns} ns"
    );
}

fn robot(setup: &LoopSetup<'_>) -> Result<Robot, SettingsError> {
    let settings: &LoopSettings = setup.settings;
    Robot::new(setup.arms, settings, setup.psk, setup.start)
}

/// The loop, and beside it the same loop that is spared every frame which the first one refuses.
#[derive(Clone)]
struct Spared {
    all: Robot,
    spared: Robot,
    epoch: u32,
}

impl RobotLoop for Spared {
    fn receive(&mut self, now_ns: u64, path: PathId, datagram: &[u8]) -> Verdict {
        let verdict = self.all.receive(now_ns, path, datagram);
        let is_authentic = !matches!(
            verdict,
            Verdict::Forged | Verdict::WrongEpoch | Verdict::Malformed | Verdict::Flooded
        );
        let begins = match header_of(datagram) {
            Some((Kind::Command, epoch, _)) if is_authentic && epoch != self.epoch => {
                self.epoch = epoch;
                true
            }
            _ => false,
        };
        // The first frame of a session begins it, whatever its verdict.
        if begins || matches!(verdict, Verdict::Accepted | Verdict::Greeting) {
            self.spared.receive(now_ns, path, datagram);
        }
        verdict
    }

    fn tick(&mut self, now_ns: u64, sensed: &Sensed) -> TickOutput {
        let output = self.all.tick(now_ns, sensed);
        same(&output, &self.spared.tick(now_ns, sensed), now_ns);
        output
    }

    fn digest(&self, sink: &mut dyn FnMut(&[u8])) {
        self.all.digest(sink);
    }
}

#[test]
fn refused_frames_leave_no_trace_in_any_set_point() {
    let make = |setup: LoopSetup<'_>| -> Result<Box<dyn HostedLoop>, SettingsError> {
        Ok(Box::new(Spared {
            all: robot(&setup)?,
            spared: robot(&setup)?,
            epoch: 0,
        }))
    };
    for (scenario, seed) in [(ATTACK, 1), (ATTACK, 5), ("casablanca_shanghai.ron", 3)] {
        run(&operation(scenario), seed, 8, &make);
    }
}

/// The loop, and beside it the same loop that hears each tick's frames in the opposite order.
#[derive(Clone)]
struct Reversed {
    as_it_came: Robot,
    reversed: Robot,
    waiting: Vec<(PathId, Vec<u8>)>,
}

impl RobotLoop for Reversed {
    fn receive(&mut self, now_ns: u64, path: PathId, datagram: &[u8]) -> Verdict {
        self.waiting.push((path, datagram.to_vec()));
        self.as_it_came.receive(now_ns, path, datagram)
    }

    fn tick(&mut self, now_ns: u64, sensed: &Sensed) -> TickOutput {
        while let Some((path, datagram)) = self.waiting.pop() {
            self.reversed.receive(now_ns, path, &datagram);
        }
        let output = self.as_it_came.tick(now_ns, sensed);
        same(&output, &self.reversed.tick(now_ns, sensed), now_ns);
        output
    }

    fn digest(&self, sink: &mut dyn FnMut(&[u8])) {
        self.as_it_came.digest(sink);
    }
}

#[test]
fn the_order_of_arrivals_inside_a_tick_changes_nothing() {
    let make = |setup: LoopSetup<'_>| -> Result<Box<dyn HostedLoop>, SettingsError> {
        Ok(Box::new(Reversed {
            as_it_came: robot(&setup)?,
            reversed: robot(&setup)?,
            waiting: Vec::new(),
        }))
    };
    for (scenario, seed) in [(ATTACK, 4), (ATTACK, 5), ("casablanca_shanghai.ron", 6)] {
        let mut operation = operation(scenario);
        // Of more than a tick's work the first are looked at: there the order must matter.
        operation.adversary.floods.per_minute = PerMinute::clamped(0.0);
        run(&operation, seed, 8, &make);
    }
}

#[test]
fn what_one_hand_does_changes_no_bit_of_the_other_hands_arm() {
    let operation = operation("casablanca_shanghai.ron");
    let right_arm = |left: &dyn Fn(u64, Hand) -> Hand| {
        let plan = RunPlan::of_seed(&operation, 8, 6 * SECOND_NS);
        let mut twin = Twin::without_operator(&operation, &plan, &own_loop, Keep::default())
            .expect("it builds");
        let mut bits = Vec::new();
        while !twin.is_over() {
            let ms = twin.now_ns() / 1_000_000;
            let place = |scale: f64| Pose::translation(scale * swing(ms), 0.0, 0.01);
            let hand = |scale, arm| Hand {
                pose: place(scale),
                jaw_rad: 0.4,
                arm: Some(arm),
            };
            twin.world_mut().insert_resource(Hands(HandInput {
                hands: [left(ms, hand(0.02, 0)), hand(0.03, 2)],
                clutch_pressed: ms % 1_500 > 1_300,
                camera_pressed: false,
                stop_pressed: false,
            }));
            twin.step();
            let arm = twin.arms()[2];
            let set_point = twin.world().get::<SetPoint>(arm).expect("the arm is there");
            bits.push(set_point.0.map(f64::to_bits));
        }
        bits
    };
    let calm = right_arm(&|_, hand| hand);
    assert!(calm.iter().any(|bits| *bits != calm[0]), "it moves");
    let lost = |_, hand: Hand| Hand { arm: None, ..hand };
    let broken = |_, hand: Hand| Hand {
        pose: Pose::translation(f64::NAN, 0.0, 0.0),
        ..hand
    };
    let absent_now_and_then = |ms: u64, hand: Hand| Hand {
        arm: hand.arm.filter(|_| ms % 700 < 400),
        ..hand
    };
    assert!(right_arm(&lost) == calm, "a hand that holds nothing");
    assert!(right_arm(&broken) == calm, "a hand that is nowhere");
    assert!(
        right_arm(&absent_now_and_then) == calm,
        "a hand that comes and goes"
    );
}

/// A slow swing between -1 and 1 with a period of two seconds.
fn swing(ms: u64) -> f64 {
    let t = (ms % 2_000) as f64 / 2_000.0;
    // A parabola each way: no transcendental is needed.
    let s = 4.0 * (t % 0.5) * (0.5 - t % 0.5) * 4.0;
    if t < 0.5 { s } else { -s }
}

#[test]
fn the_consoles_clock_may_show_anything_and_no_set_point_changes() {
    let operation = operation("casablanca_shanghai.ron");
    let links = |offset_ms: f64| {
        let mut plan = RunPlan::of_seed(&operation, 9, 4 * SECOND_NS);
        plan.faults.console_clock = ConsoleClock {
            offset_ms: ClockMilliseconds::new(offset_ms).expect("within a day"),
            ..ConsoleClock::default()
        };
        let keep = Keep {
            links: true,
            events: false,
        };
        let mut twin = Twin::new(&operation, &plan, &own_loop, keep).expect("it builds");
        twin.run_to_end();
        let links = twin.links().expect("they are kept").to_vec();
        // Robot loop, plant and truth; the console's own state shows its clock.
        links
            .iter()
            .map(|link| [link[2], link[3], link[4], link[5]])
            .collect::<Vec<_>>()
    };
    let at_true_time = links(0.0);
    for offset_ms in [0.001, 12_345.678, 86_400_000.0] {
        assert!(links(offset_ms) == at_true_time, "{offset_ms} ms");
    }
}

#[test]
fn a_console_clock_that_drifts_and_is_set_leaves_the_robot_safe_and_moving() {
    let mut operation = operation("casablanca_shanghai.ron");
    operation.clocks = operation_clocks();
    for seed in 1..=3 {
        let plan = RunPlan::of_seed(&operation, seed, 8 * SECOND_NS);
        assert!(!plan.faults.console_clock.steps.is_empty());
        let drift = plan.faults.console_clock.drift_ppm;
        assert_ne!(drift, PartsPerMillion::default());
        let mut twin = Twin::new(&operation, &plan, &own_loop, Keep::default()).expect("it builds");
        let outcome = twin.run_to_end();
        for finding in &outcome.findings {
            assert_eq!(finding.violated_at_ns, None, "seed {seed}: {finding:?}");
        }
        let followed = outcome.state_ticks[2] + outcome.state_ticks[3];
        assert!(followed > 2_000, "seed {seed}: {followed} ticks");
    }
}

/// Set back or forward by up to an hour, about once a second.
fn operation_clocks() -> net_model::ClockGenerator {
    let clocks = operation(ATTACK).clocks;
    net_model::ClockGenerator {
        steps_per_minute: PerMinute::clamped(60.0),
        ..clocks
    }
}

#[test]
fn under_attack_every_requirement_holds_and_every_verdict_that_an_attacker_can_cause_occurs() {
    let settings = CheckSettings {
        first_seed: 1,
        runs: 8,
        duration_ns: 20 * SECOND_NS,
        jobs: NonZeroUsize::new(2).expect("two"),
    };
    let operation = operation(ATTACK);
    let report = check(&operation, &settings, &own_loop, &|_| {}).expect("it runs");
    for row in &report.requirements {
        assert_eq!(row.violating_runs, 0, "{}: {}", row.id, row.detail);
    }
    for id in [Id::R12, Id::R18, Id::R21] {
        let row = report.requirements.iter().find(|row| row.id == id);
        assert!(row.is_some_and(|row| row.exercised > 0), "{id}");
    }
    // Only a console that makes more commands than time allows can jump: no attacker has its key.
    let never: Vec<_> = report
        .coverage
        .verdicts
        .iter()
        .filter(|(_, frames)| frames.iter().sum::<u64>() == 0)
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(never, ["jump"]);
}

#[test]
fn a_fault_file_carries_attacks_and_clock_and_replays_them() {
    let operation = operation(ATTACK);
    let plan = RunPlan::of_seed(&operation, 12, 3 * SECOND_NS);
    assert!(!plan.faults.attacks.is_empty());
    assert_eq!(verify(&operation, &plan, &own_loop), Ok(None));
    let text = ron::to_string(&plan.faults).expect("it is written");
    assert_eq!(fault_schedule_from_ron(&text), Ok(plan.faults));
}

#[test]
fn a_snapshot_in_the_middle_of_an_attack_continues_bit_for_bit() {
    let operation = operation(ATTACK);
    let plan = RunPlan::of_seed(&operation, 13, 5 * SECOND_NS);
    let new = || Twin::new(&operation, &plan, &own_loop, Keep::default()).expect("it builds");
    let mut uninterrupted = new();
    while uninterrupted.now_ns() < 3 * SECOND_NS {
        uninterrupted.step();
    }
    let snapshot = uninterrupted.snapshot();
    let mut restored = new();
    restored.restore(&snapshot);
    assert_eq!(restored.run_to_end().hash, uninterrupted.run_to_end().hash);
}
