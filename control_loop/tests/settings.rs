//! Which combinations of settings are refused, and why.

mod common;

use common::{MS, arms};
use control_loop::admission::WINDOW;
use control_loop::shaper::stopping_time_s;
use control_loop::{Console, LoopSettings, Robot, SettingsError};
use robot_model::{Arm, MAX_ARMS};

fn check(change: impl Fn(&mut LoopSettings)) -> Result<(), SettingsError> {
    let mut settings = LoopSettings::default();
    change(&mut settings);
    settings.check(&arms())
}

#[test]
fn the_defaults_are_possible_for_the_default_robot() {
    assert_eq!(LoopSettings::default().check(&arms()), Ok(()));
}

#[test]
fn the_defaults_are_those_of_the_requirements_table() {
    let settings = LoopSettings::default();
    let times = [
        (settings.tick_ns, 1),
        (settings.coast_ns, 100),
        (settings.stop_ns, 200),
        (settings.freshness_ns, 500),
        (settings.resume_ns, 500),
        (settings.latent_ns, 400),
    ];
    for (ns, ms) in times {
        assert_eq!(ns, ms * MS);
    }
    assert_eq!(
        settings.forward_jump * settings.frame_interval_ns,
        10_000 * MS
    );
    assert_eq!(
        (settings.motion_scale, settings.tremor_knee_hz),
        (0.33, 6.0)
    );
    assert_eq!(
        (settings.tip_speed_m_s, settings.resume_speed_m_s),
        (0.1, 0.02)
    );
    assert_eq!(settings.tracking_error_m, 0.002);
    assert_eq!(WINDOW, 4_096);
}

/// A setting that is changed, what is blamed, and a word of the reason.
type Case = (&'static str, &'static str, fn(&mut LoopSettings));

const REFUSED: &[Case] = &[
    ("tick", "longer than 0", |s| s.tick_ns = 0),
    ("tick", "at most 10 ms", |s| s.tick_ns = 10 * MS + 1),
    ("frame and status interval", "at least a tick", |s| {
        s.frame_interval_ns = MS - 1
    }),
    ("frame and status interval", "at least a tick", |s| {
        s.status_interval_ns = MS - 1
    }),
    ("gap", "at least the frame interval", |s| {
        s.gap_ns = 2 * MS - 1
    }),
    ("coast", "longer than the gap", |s| s.coast_ns = 10 * MS),
    ("freshness", "longer than coast", |s| {
        s.freshness_ns = 100 * MS
    }),
    ("stop", "longer than 0", |s| s.stop_ns = 0),
    ("stop", "at most 1 s", |s| s.stop_ns = 1_000 * MS + 1),
    ("latent", "at least coast", |s| s.latent_ns = 100 * MS - 1),
    ("forward jump", "1 to 100,000", |s| s.forward_jump = 0),
    ("forward jump", "1 to 100,000", |s| s.forward_jump = 100_001),
    ("freshness", "admission window", |s| {
        s.freshness_ns = 2 * 4_096 * MS
    }),
    ("motion scale", "0.2 to 1", |s| s.motion_scale = 0.19),
    ("motion scale", "0.2 to 1", |s| s.motion_scale = 1.01),
    ("motion scale", "0.2 to 1", |s| s.motion_scale = f64::NAN),
    ("tremor knee", "1 to 50 Hz", |s| s.tremor_knee_hz = 0.9),
    ("tremor knee", "1 to 50 Hz", |s| s.tremor_knee_hz = 51.0),
    ("tremor knee", "1 to 50 Hz", |s| s.tremor_knee_hz = f64::NAN),
    ("tip speed", "1 to 500 mm/s", |s| s.tip_speed_m_s = 0.0009),
    ("tip speed", "1 to 500 mm/s", |s| s.tip_speed_m_s = 0.51),
    ("tip speed", "1 to 500 mm/s", |s| {
        s.tip_speed_m_s = f64::INFINITY
    }),
    ("resume speed", "at least 1 mm/s", |s| {
        s.resume_speed_m_s = 0.0009
    }),
    ("resume speed", "at most the tip speed", |s| {
        s.resume_speed_m_s = 0.101
    }),
    ("resume speed", "at least 1 mm/s", |s| {
        s.resume_speed_m_s = f64::NAN
    }),
    ("tracking error", "0.1 to 50 mm", |s| {
        s.tracking_error_m = 0.000_09
    }),
    ("tracking error", "0.1 to 50 mm", |s| {
        s.tracking_error_m = 0.051
    }),
    ("tracking error", "0.1 to 50 mm", |s| {
        s.tracking_error_m = f64::NAN
    }),
    ("frames per tick", "fit into freshness", |s| {
        s.frames_per_tick = 249
    }),
    ("frames per tick", "at most 4,096", |s| {
        s.frames_per_tick = 4_097
    }),
    ("stagger", "shorter than coast", |s| s.stagger_ns = 64 * MS),
    ("stagger", "shorter than coast", |s| {
        (s.stagger_ns, s.coast_ns) = (40 * MS, 40 * MS)
    }),
    ("greeting", "at least a tick", |s| {
        s.hello_interval_ns = MS - 1
    }),
    ("greeting", "longer than coast", |s| {
        s.greet_after_ns = 100 * MS
    }),
    ("overrun", "at most coast", |s| s.overrun_ns = 100 * MS + 1),
    ("dropout and frozen", "at most stop", |s| {
        s.dropout_ns = 200 * MS + 1
    }),
    ("dropout and frozen", "at most stop", |s| {
        s.frozen_ns = 200 * MS + 1
    }),
    ("least depth", "1 to 200 mm", |s| s.least_depth_m = 0.000_9),
    ("least depth", "1 to 200 mm", |s| s.least_depth_m = f64::NAN),
    ("stop", "cannot stop", |s| s.stop_ns = 100 * MS),
];

#[test]
fn every_impossible_combination_is_refused_with_its_reason() {
    for (number, &(what, rule, change)) in REFUSED.iter().enumerate() {
        let error = check(change).expect_err(what);
        assert_eq!(error.what, what, "case {number}");
        assert!(error.rule.contains(rule), "case {number}: {error}");
        assert!(
            error.to_string().starts_with(&format!("{what}: ")),
            "case {number}: {error}"
        );
    }
}

#[test]
fn the_edges_of_what_is_possible_are_possible() {
    let edges: [fn(&mut LoopSettings); 22] = [
        |s| (s.frame_interval_ns, s.frames_per_tick) = (MS, 500),
        |s| s.status_interval_ns = MS,
        |s| s.gap_ns = 2 * MS,
        |s| s.coast_ns = 10 * MS + 1,
        |s| s.freshness_ns = 100 * MS + 1,
        |s| (s.freshness_ns, s.frames_per_tick) = (2 * 4_096 * MS - 1, 4_096),
        |s| s.frames_per_tick = 250,
        |s| s.stagger_ns = 64 * MS - 1,
        |s| s.hello_interval_ns = MS,
        |s| s.greet_after_ns = 100 * MS + 1,
        |s| s.overrun_ns = 100 * MS,
        |s| (s.dropout_ns, s.frozen_ns) = (200 * MS, 200 * MS),
        |s| s.least_depth_m = 0.001,
        |s| s.least_depth_m = 0.2,
        |s| s.stop_ns = 1_000 * MS,
        |s| s.latent_ns = 100 * MS,
        |s| s.forward_jump = 1,
        |s| s.forward_jump = 100_000,
        |s| (s.motion_scale, s.tremor_knee_hz) = (0.2, 1.0),
        |s| (s.motion_scale, s.tremor_knee_hz) = (1.0, 50.0),
        |s| (s.tip_speed_m_s, s.resume_speed_m_s, s.tracking_error_m) = (0.001, 0.001, 0.0001),
        |s| (s.tip_speed_m_s, s.resume_speed_m_s, s.tracking_error_m) = (0.5, 0.5, 0.05),
    ];
    for (number, change) in edges.into_iter().enumerate() {
        assert_eq!(check(change), Ok(()), "edge {number}");
    }
}

#[test]
fn a_loop_drives_one_to_four_arms() {
    let settings = LoopSettings::default();
    let arm = arms()[0];
    for count in 0..=MAX_ARMS + 1 {
        let arms = vec![arm; count];
        let possible = (1..=MAX_ARMS).contains(&count);
        assert_eq!(settings.check(&arms).is_ok(), possible, "{count} arms");
        assert_eq!(
            Console::new(
                &settings,
                &common::PSK,
                common::CONSOLE_START,
                &vec![robot_model::ArmKind::Instrument; count]
            )
            .is_ok(),
            possible
        );
        assert_eq!(
            Robot::new(&arms, &settings, &common::PSK, common::ROBOT_START).is_ok(),
            possible
        );
        if !possible {
            assert_eq!(settings.check(&arms).expect_err("refused").what, "arms");
        }
    }
}

fn with_joint(
    arm: usize,
    joint: usize,
    change: impl Fn(&mut robot_model::JointLimits),
) -> Vec<Arm> {
    let mut arms = arms();
    change(&mut arms[arm].limits[joint]);
    arms
}

#[test]
fn a_joint_that_cannot_stop_in_time_is_named() {
    let sluggish = with_joint(1, 3, |limits| limits.jerk = 100.0);
    let error = LoopSettings::default()
        .check(&sluggish)
        .expect_err("it stops too slowly");
    assert_eq!((error.what, error.joint), ("stop", Some((1, 3))));
    assert!(error.to_string().ends_with("(arm 2, joint 4)"), "{error}");
}

#[test]
fn a_joint_whose_limits_are_no_numbers_cannot_stop_in_time() {
    let broken = with_joint(0, 0, |limits| limits.acceleration = f64::NAN);
    let error = LoopSettings::default()
        .check(&broken)
        .expect_err("nobody knows how it stops");
    assert_eq!((error.what, error.joint), ("stop", Some((0, 0))));
}

#[test]
fn a_joint_that_an_arm_does_not_have_need_not_stop() {
    let arms = arms();
    let endoscope = arms
        .iter()
        .position(|arm| arm.joint_count == 4)
        .expect("an endoscope");
    let changed = with_joint(endoscope, 5, |limits| limits.jerk = 1e-3);
    assert_eq!(LoopSettings::default().check(&changed), Ok(()));
}

#[test]
fn the_slowest_stop_of_the_default_robot_fits_with_room_to_spare() {
    let slowest_s = arms()
        .iter()
        .flat_map(|arm| arm.limits.into_iter().take(arm.joint_count))
        .map(|limits| stopping_time_s(&limits, limits.velocity))
        .fold(0.0, f64::max);
    assert!((0.1..0.18).contains(&slowest_s), "{slowest_s} s");
}

#[test]
fn a_robot_is_not_built_with_impossible_settings() {
    let settings = LoopSettings {
        coast_ns: 0,
        ..LoopSettings::default()
    };
    let error = Robot::new(&arms(), &settings, &common::PSK, common::ROBOT_START)
        .err()
        .expect("refused");
    assert_eq!(error.what, "coast");
}
