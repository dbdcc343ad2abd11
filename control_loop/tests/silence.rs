//! Silence on both paths: coasting, stopping, and gaps of every length.

mod common;

use common::{
    Disturbance, MS, Network, STOP_MS, World, arms, assert_still, hasty, held, surgeon, with_pedal,
};
use control_loop::admission::Verdict;
use control_loop::{LoopSettings, PATHS, PathHealth, State};
use nalgebra::UnitQuaternion;

use State::{Aligning, Coasting, Following, Holding, Idle};

#[test]
fn a_stop_ends_in_time_and_then_no_bit_changes() {
    let mut fastest_m_s = 0.0_f64;
    for cut_ms in (700..1_700).step_by(83) {
        let mut world = World::new(Network::good().cut(cut_ms..9_999));
        world.run(cut_ms + 600, hasty);
        let held_ms = world.enters(Holding, 0);
        fastest_m_s = fastest_m_s.max(world.fastest_tip_m_s(held_ms - 5..held_ms));
        // The last command arrived 20 ms after it was sent, at most two before the cut.
        assert!(
            (cut_ms + 118..=cut_ms + 121).contains(&held_ms),
            "held at {held_ms} ms"
        );
        assert_still(&world, held_ms + STOP_MS..cut_ms + 600, "a hold");
    }
    assert!(
        fastest_m_s > 0.05,
        "blind: {fastest_m_s} m/s at the fastest"
    );
}

#[test]
fn the_tightest_stop_that_the_settings_allow_is_kept() {
    // The least stop that is possible for this robot, to the millisecond, and all the speed there is.
    let arms = arms();
    let mut settings = LoopSettings {
        tip_speed_m_s: 0.5,
        resume_speed_m_s: 0.5,
        motion_scale: 1.0,
        ..LoopSettings::default()
    };
    settings.stop_ns = (1..1_000)
        .map(|ms| ms * MS)
        .find(|stop_ns| {
            LoopSettings {
                stop_ns: *stop_ns,
                ..settings
            }
            .check(&arms)
            .is_ok()
        })
        .expect("some stop is long enough");
    let stop_ms = settings.stop_ns / MS;
    let mut fastest: f64 = 0.0;
    for cut_ms in (600..1_200).step_by(31) {
        let network = Network::good().cut(cut_ms..9_999);
        let mut world = World::with(network, settings, Disturbance::default());
        world.run(cut_ms + 600, |ms| {
            // A full turn about the shaft, there and back: the roll joint's greatest speed.
            let angle_rad = 3.0 * libm::sin(0.012 * ms as f64);
            let mut input = hasty(ms);
            for (hand, arm) in input.hands.iter_mut().zip([0, 3]) {
                hand.arm = Some(arm);
                hand.pose.rotation = UnitQuaternion::from_euler_angles(0.0, 0.0, angle_rad);
            }
            input
        });
        let held_ms = world.enters(Holding, 0);
        for (arm, model) in world.arms.iter().enumerate() {
            for (joint, limits) in model.limits.iter().take(model.joint_count).enumerate() {
                let at = |ms: u64| world.outputs[ms as usize].set_points[arm][joint];
                let rate = (at(held_ms - 1) - at(held_ms - 2)).abs() * 1e3;
                fastest = fastest.max(rate / limits.velocity);
            }
        }
        assert_still(&world, held_ms + stop_ms..cut_ms + 600, "the tightest stop");
    }
    assert!(
        fastest > 0.95,
        "blind: the fastest joint had {fastest} of its greatest speed"
    );
}

#[test]
fn a_short_gap_coasts_and_recovers_without_a_gesture() {
    let mut world = World::new(Network::good().cut(600..650));
    world.run(1_300, surgeon);
    assert_eq!(
        world.course(),
        [Idle, Aligning, Following, Coasting, Following]
    );
    assert_eq!(world.count(Verdict::WrongEngagement), 0);
    let recovered_ms = world.enters(Following, 600);
    assert!(world.moved(recovered_ms..recovered_ms + 50), "it goes on");
}

#[test]
fn coasting_begins_after_the_gap_and_holding_after_the_coast_limit_to_the_tick() {
    let mut world = World::new(Network::good().cut(600..9_999));
    world.run(1_000, surgeon);
    let (heard_ms, _) = world
        .verdicts
        .iter()
        .rev()
        .find(|(_, v)| *v == Verdict::Accepted)
        .copied()
        .expect("something was accepted");
    assert_eq!(
        world.enters(Coasting, 0),
        heard_ms + 11,
        "10 ms is no gap yet"
    );
    assert_eq!(
        world.enters(Holding, 0),
        heard_ms + 101,
        "100 ms is no hold yet"
    );
}

#[test]
fn the_end_of_a_gap_of_any_length_is_no_step() {
    for gap_ms in 1..140 {
        let mut world = World::new(Network::good().cut(700..700 + gap_ms));
        world.run(1_000, hasty);
        let fastest_m_s = world.fastest_tip_m_s(1..1_000);
        assert!(fastest_m_s <= 0.1, "gap of {gap_ms} ms: {fastest_m_s} m/s");
        assert!(fastest_m_s > 0.015, "blind: {fastest_m_s} m/s");
    }
}

#[test]
fn one_path_of_two_is_enough() {
    for dead in 0..PATHS {
        let mut network = Network::good();
        network.up[dead].outages_ms.push(500..9_999);
        network.down[dead].outages_ms.push(500..9_999);
        let mut world = World::new(network);
        world.run(1_500, surgeon);
        assert!(!world.course().contains(&Holding), "path {dead} is dead");
        assert_eq!(world.state(), Following);
        let last = world.outputs.last().expect("it ran");
        assert_eq!(
            last.paths[dead],
            PathHealth::Silent,
            "and it is told that it is"
        );
        assert_eq!(last.paths[1 - dead], PathHealth::Working);
    }
}

#[test]
fn after_a_resumption_no_tip_is_faster_than_the_resume_speed_for_its_time() {
    let mut world = World::new(held());
    let hasty_again = |ms: u64| {
        let pressed = (60..160).contains(&ms) || (1_000..1_100).contains(&ms);
        with_pedal(pressed, hasty(ms))
    };
    world.run(2_600, hasty_again);
    for from_ms in [0, 900] {
        let begins_ms = world.enters(Following, from_ms);
        let slow_ms = (begins_ms + 501).min(if from_ms == 0 { 600 } else { 9_999 });
        let slow_m_s = world.fastest_tip_m_s(begins_ms..slow_ms);
        assert!(slow_m_s <= 0.02, "{slow_m_s} m/s");
        assert!(from_ms == 0 || slow_m_s > 0.012, "blind: {slow_m_s} m/s");
    }
    let begins_ms = world.enters(Following, 900);
    let later_m_s = world.fastest_tip_m_s(begins_ms + 501..2_600);
    assert!(
        later_m_s > 0.04,
        "then it may be fast again: {later_m_s} m/s"
    );
}
