//! The shaper against another hand's time-optimal trajectories: Ruckig (Berscheid and Kröger 2021), in its
//! Rust port.

use control_loop::shaper::{ArmShaper, ShaperSettings, stopping_distance, stopping_time_s};
use robot_model::{Arm, JointLimits, Robot};
use rsruckig::prelude::*;

const TICK_S: f64 = 1e-3;

/// The tip is limited by nothing, so that the joints are.
const TIP_ANY_M_S: f64 = 1e3;

/// The first instrument of the default robot.
fn arm() -> Arm {
    let text = include_str!("../../assets/robots/toumai.ron");
    Robot::from_ron(text)
        .expect("the default robot file is good")
        .arms[0]
        .arm
}

/// Ruckig's time and distance from a state at one joint's limits to a target position, or to rest.
fn time_optimal_s(limits: &JointLimits, speed: f64, target: Option<f64>) -> (f64, f64) {
    let mut input = InputParameter::<1>::new(None);
    input.current_velocity[0] = speed;
    input.max_velocity[0] = limits.velocity;
    input.max_acceleration[0] = limits.acceleration;
    input.max_jerk[0] = limits.jerk;
    match target {
        Some(target) => input.target_position[0] = target,
        None => input.control_interface = ControlInterface::Velocity,
    }
    let mut ruckig = Ruckig::<1, ThrowErrorHandler>::new(None, TICK_S);
    let mut trajectory = Trajectory::new(None);
    ruckig
        .calculate(&input, &mut trajectory)
        .expect("a feasible motion");
    let end_s = trajectory.get_duration();
    let (mut position, mut velocity, mut acceleration) = (
        DataArrayOrVec::<f64, 1>::new(None, 0.0),
        DataArrayOrVec::<f64, 1>::new(None, 0.0),
        DataArrayOrVec::<f64, 1>::new(None, 0.0),
    );
    trajectory.at_time(
        end_s,
        &mut Some(&mut position),
        &mut Some(&mut velocity),
        &mut Some(&mut acceleration),
        &mut None,
        &mut None,
    );
    (end_s, position[0])
}

#[test]
fn the_closed_forms_of_a_stop_are_ruckigs() {
    let arm = arm();
    for limits in &arm.limits[..arm.joint_count] {
        for step in 1..=20 {
            let speed = limits.velocity * f64::from(step) / 20.0;
            let (time_s, distance) = time_optimal_s(limits, speed, None);
            assert!((time_s - stopping_time_s(limits, speed)).abs() < 1e-9);
            assert!((distance - stopping_distance(limits, speed)).abs() < 1e-9);
        }
    }
}

/// How long the shaper needs from rest at `from` until the joint stays within a hundredth of the way.
fn shaped_s(arm: &Arm, joint: usize, from: f64, way: f64) -> f64 {
    let mut start = arm.home;
    start[joint] = from;
    let mut target = start;
    target[joint] += way;
    let mut shaper = ArmShaper::at_rest(&start);
    let mut settled_ticks = 0;
    for tick in 1..=6_000 {
        shaper.follow(arm, &target, TIP_ANY_M_S, &ShaperSettings::default());
        if (shaper.joints()[joint] - target[joint]).abs() > 0.01 * way.abs() {
            settled_ticks = tick;
        }
    }
    f64::from(settled_ticks + 1) * TICK_S
}

/// The tremor filter alone, a triple pole at 6 Hz, needs so long to come within a hundredth of a small
/// step: `e^-x (1 + x + x²/2) = 0.01` at `x = 8.406`, with the pole at 73.9 rad/s.
const FILTER_S: f64 = 8.406 / 73.9;

#[test]
fn a_motion_from_point_to_point_takes_at_most_twice_the_optimum_and_the_filters_time() {
    let arm = arm();
    let mut worst = 0.0_f64;
    for joint in 0..6 {
        let limits = &arm.limits[joint];
        let range = limits.upper - limits.lower;
        for share in [1e-4, 1e-3, 0.01, 0.03, 0.1, 0.3, 0.6, 0.9] {
            let way = share * range;
            let from = limits.lower + 0.05 * range;
            let (optimal_s, _) = time_optimal_s(limits, 0.0, Some(way));
            let shaped_s = shaped_s(&arm, joint, from, way);
            let over = (shaped_s - FILTER_S) / optimal_s;
            worst = worst.max(over);
            assert!(
                over <= 2.0,
                "joint {joint}, {share} of its range: {shaped_s} s against {optimal_s} s"
            );
            // Within a hundredth a little earlier than the optimum arrives exactly, and no sooner.
            assert!(
                shaped_s >= 0.75 * optimal_s,
                "joint {joint}, {share} of its range: {shaped_s} s beat {optimal_s} s"
            );
        }
    }
    println!("at most {worst} times the optimum, beyond the filter's {FILTER_S} s");
}

#[test]
fn a_hold_in_motion_stops_as_ruckig_would_but_for_a_hundredth_and_seven_ticks() {
    let arm = arm();
    for joint in 0..6 {
        let limits = &arm.limits[joint];
        // Run up to the greatest speed that the way allows, and then brake.
        for run_ticks in [40, 80, 150, 400] {
            let mut start = arm.home;
            start[joint] = limits.lower + 0.05 * (limits.upper - limits.lower);
            let mut target = start;
            target[joint] = limits.upper;
            let mut shaper = ArmShaper::at_rest(&start);
            for _ in 0..run_ticks {
                shaper.follow(&arm, &target, TIP_ANY_M_S, &ShaperSettings::default());
            }
            let (speed, push) = (shaper.rates()[joint], shaper.accelerations()[joint]);
            let mut input = InputParameter::<1>::new(None);
            input.current_velocity[0] = speed;
            input.current_acceleration[0] = push;
            input.max_velocity[0] = limits.velocity * 1.1;
            input.max_acceleration[0] = limits.acceleration;
            input.max_jerk[0] = limits.jerk;
            input.control_interface = ControlInterface::Velocity;
            let mut ruckig = Ruckig::<1, ThrowErrorHandler>::new(None, TICK_S);
            let mut trajectory = Trajectory::new(None);
            ruckig
                .calculate(&input, &mut trajectory)
                .expect("a feasible stop");
            let optimal_s = trajectory.get_duration();
            let mut ticks = 0;
            while !shaper.is_at_rest() {
                shaper.brake(&arm, &ShaperSettings::default());
                ticks += 1;
            }
            let stopped_s = f64::from(ticks) * TICK_S;
            assert!(
                stopped_s <= 1.01 * optimal_s + 7.0 * TICK_S,
                "joint {joint} from {speed}: {stopped_s} s against {optimal_s} s"
            );
            assert!(stopped_s >= optimal_s, "joint {joint} from {speed}");
        }
    }
}
