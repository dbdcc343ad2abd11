//! Faults and the emergency stop stop all arms for good.

mod common;

use common::{
    Handshake, Network, STOP_MS, World, arms, assert_still, at_home, bits, config, hands_at, hasty,
    held, surgeon, with_pedal,
};
use control_loop::{HandInput, LoopSettings, RobotLoop, State};
use proptest::prelude::*;
use robot_model::MAX_ARMS;

use State::{Aligning, Faulted, Following, Holding, Idle, Stopped};

#[test]
fn a_tip_that_is_not_where_it_is_meant_to_be_is_a_fault() {
    for arm in 0..arms().len() {
        // Insertion moves the tip by what the joint moves.
        for (error_m, faulted) in [
            (0.0019, false),
            (0.0021, true),
            (-0.0021, true),
            (0.1, true),
        ] {
            let mut world = World::new(Network::good());
            world.run(600, surgeon);
            world.sensed.joints[arm][2] += error_m;
            let output = world.step(&surgeon(600));
            assert_eq!(
                output.state == Faulted,
                faulted,
                "arm {arm} off by {error_m} m"
            );
        }
    }
}

proptest! {
    #![proptest_config(config(512))]

    #[test]
    fn the_tracking_fault_is_the_distance_of_the_tips_whatever_the_joints(
        arm in 0..MAX_ARMS,
        shares in prop::array::uniform7(-1.0..1.0),
        size in -4.0..0.0,
    ) {
        let arms = arms();
        let settings = LoopSettings::default();
        let mut robot = Handshake::of(&arms, &settings).robot;
        let mut sensed = at_home(&arms);
        let model = &arms[arm];
        for (joint, share) in sensed.joints[arm].iter_mut().zip(shares).take(model.joint_count) {
            *joint += share * libm::exp10(size);
        }
        let tip = |joints| model.tip_pose(joints).translation.vector;
        let error_m = tip(&sensed.joints[arm]).metric_distance(&tip(&model.home));
        let output = robot.tick(0, &sensed);
        let faulted = error_m > settings.tracking_error_m;
        prop_assert_eq!(output.state == Faulted, faulted, "off by {} m", error_m);
    }
}

#[test]
fn a_fault_stops_all_arms_for_good() {
    let mut world = World::new(Network::good());
    world.run(900, hasty);
    world.sensed.joints[2][0] += 0.5;
    world.run(2_000, |ms| {
        with_pedal((1_300..1_400).contains(&ms), hasty(ms))
    });
    assert_eq!(world.enters(Faulted, 0), 900);
    assert_eq!(world.state(), Faulted, "a gesture does not help");
    assert_still(&world, 900 + STOP_MS..2_000, "a fault");
    assert_eq!(
        world.outputs.last().map(|output| output.engagement),
        Some(0),
        "nor is it a hold"
    );
}

#[test]
fn a_joint_without_a_reading_is_a_fault_when_it_stays_so_for_longer_than_the_allowance() {
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        for arm in 0..arms().len() {
            for joint in 0..arms()[arm].joint_count {
                let mut world = World::new(Network::good());
                for ms in 0..7 {
                    world.sensed.joints[arm][joint] = value;
                    let output = world.step(&surgeon(0));
                    let wanted = if ms < 6 { Idle } else { Faulted };
                    assert_eq!(output.state, wanted, "arm {arm}, joint {joint}: {value}");
                    assert!(bits(&output.set_points) == bits(&at_home(&world.arms).joints));
                }
                let fault = world.outputs.last().and_then(|output| output.fault);
                let fault = fault.expect("a fault");
                assert_eq!(fault.kind, control_loop::FaultKind::SensorDropout);
                assert_eq!(fault.arm, Some(arm as u8));
            }
        }
    }
}

#[test]
fn the_emergency_stop_stops_for_good() {
    let mut world = World::new(Network::good().cut(1_500..1_800));
    world.run(3_000, |ms| HandInput {
        stop_pressed: (900..950).contains(&ms),
        ..with_pedal(
            (60..160).contains(&ms) || (2_000..2_100).contains(&ms),
            hasty(ms),
        )
    });
    assert_eq!(world.course(), [Idle, Aligning, Following, Stopped]);
    let stopped_ms = world.enters(Stopped, 0);
    assert!((920..=922).contains(&stopped_ms), "{stopped_ms} ms");
    assert_still(&world, stopped_ms + STOP_MS..3_000, "an emergency stop");
}

#[test]
fn an_emergency_stop_of_a_single_tick_is_heard_whatever_is_lost() {
    for pressed_ms in 900..904 {
        // What is sent right after the press is lost.
        let mut world = World::new(Network::good().cut(899..930));
        world.run(1_300, |ms| HandInput {
            stop_pressed: ms == pressed_ms,
            ..surgeon(ms)
        });
        assert_eq!(world.state(), Stopped, "pressed at {pressed_ms} ms");
    }
}

#[test]
fn an_emergency_stop_is_heard_in_a_hold_without_a_gesture() {
    let mut world = World::new(held());
    world.run(1_500, |ms| HandInput {
        stop_pressed: (1_000..1_300).contains(&ms),
        ..surgeon(ms)
    });
    assert!(world.course().contains(&Holding));
    assert_eq!(world.state(), Stopped);
}

#[test]
fn an_emergency_stop_before_anything_else_is_heard() {
    let mut world = World::new(Network::good());
    world.run(200, |ms| HandInput {
        stop_pressed: ms < 30,
        ..hands_at(0.0, 0.0, 0.0)
    });
    assert_eq!(world.course(), [Idle, Stopped]);
}

#[test]
fn an_emergency_stop_is_heard_after_a_fault() {
    let mut world = World::new(Network::good());
    world.run(600, surgeon);
    world.sensed.joints[0][2] += 0.01;
    world.run(900, |ms| HandInput {
        stop_pressed: ms >= 700,
        ..surgeon(ms)
    });
    assert_eq!(
        world.course(),
        [Idle, Aligning, Following, Faulted, Stopped]
    );
}
