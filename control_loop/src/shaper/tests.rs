//! One joint, one arm, and each rule's need.

use robot_model::{ArmKind, DhRow, JointDrive, JointKind, LinkInertia, Pose};

use super::*;
use crate::necessity::{Rule, without};

const TICK_S: f64 = 1e-3;
const SWING: JointLimits = limits(-1.5, 1.5, core::f64::consts::FRAC_PI_2, 15.0, 300.0);
const INSERTION: JointLimits = limits(0.0, 0.24, 0.2, 2.0, 40.0);
const SMALL: JointLimits = limits(-1.4, 1.4, 6.0, 60.0, 1500.0);

const fn limits(
    lower: f64,
    upper: f64,
    velocity: f64,
    acceleration: f64,
    jerk: f64,
) -> JointLimits {
    JointLimits {
        lower,
        upper,
        velocity,
        acceleration,
        jerk,
        effort: 1.0,
    }
}

fn arm() -> Arm {
    let row = |kind, a_m| DhRow {
        kind,
        alpha_rad: 0.0,
        a_m,
        d_m: 0.0,
        offset: 0.0,
    };
    let turn = row(JointKind::Revolute, 0.0);
    let slide = row(JointKind::Prismatic, 0.0);
    let base = Pose::identity();
    Arm {
        kind: ArmKind::Instrument,
        row_count: 6,
        joint_count: 7,
        rows: [
            turn,
            turn,
            slide,
            turn,
            turn,
            row(JointKind::Revolute, 0.009),
        ],
        tool_tip: base.rotation,
        limits: [SWING, SWING, INSERTION, SMALL, SMALL, SMALL, SMALL],
        drives: [JointDrive {
            stiffness: 1.0,
            damping: 1.0,
            armature: 1.0,
        }; MAX_JOINTS],
        links: [LinkInertia {
            mass_kg: 1.0,
            com_m: [0.0; 3],
            inertia_kgm2: [0.0; 3],
        }; MAX_JOINTS],
        home: [0.0, 0.0, 0.12, 0.0, 0.0, 0.0, 0.0],
        base,
    }
}

/// Wishes any jerk, and keeps to it for a while: the worst a cascade could do.
struct Adversary {
    state: u64,
    wish: f64,
    hold: u64,
}

impl Adversary {
    fn new(seed: u64) -> Self {
        Self {
            state: 88_172_645_463_325_252 ^ seed,
            wish: 0.0,
            hold: 0,
        }
    }

    fn dice(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state >> 11
    }

    fn jerk(&mut self, tick: usize, limit: f64) -> f64 {
        if self.hold == 0 {
            self.hold = 1 + self.dice() % [2, 20, 200, 800][(tick / 1_000) % 4];
            self.wish = [-1.0, 1.0, 0.0, 0.3][(self.dice() % 4) as usize];
        }
        self.hold -= 1;
        self.wish * limit
    }
}

/// Brakes one joint to exact rest; the ticks that took, and where.
fn brake(mut now: Motion, limits: &JointLimits) -> (u32, f64) {
    let mut ticks = 0;
    while now.v != 0.0 || now.a != 0.0 {
        let mut lane = Lane::new(now, limits, TICK_S);
        lane.take(lane.braking_jerk());
        assert!(lane.jerk.abs() <= USED * limits.jerk);
        now = lane.rounded_to_rest();
        ticks += 1;
        assert!(ticks < 1_000, "never rests");
    }
    (ticks, now.q)
}

#[test]
fn a_joint_that_is_being_turned_round_is_foreseen_to_go_back_a_little_and_no_further() {
    let now = Motion {
        q: 0.3,
        v: -0.01,
        a: 10.0,
    };
    let lane = Lane::new(now, &SWING, TICK_S);
    let stop = Stop::from(&now, &lane);
    let back = now.q - stop.lowest;
    // With this acceleration it is turned round within a millisecond: v²/2a, and twice that at the outside as the
    // acceleration fades.
    let least = now.v * now.v / (2.0 * now.a);
    assert!(
        (least..1e-3).contains(&back),
        "{back} rad, at least {least}"
    );
}

#[test]
fn a_stop_that_reaches_the_acceleration_limit_takes_a_ramp_longer_than_one_without_jerk_limit() {
    assert!((stopping_time_s(&SWING, 1.5) - (1.5 / 15.0 + 15.0 / 300.0)).abs() < 1e-12);
    assert!((stopping_distance(&SWING, -1.5) - 0.5 * 1.5 * 0.15).abs() < 1e-12);
}

#[test]
fn a_short_stop_ramps_up_and_down_only() {
    // Half a second of -0.3 m/s³ and half a second of +0.3 take 0.3 · 0.5² m/s away.
    let limits = limits(0.0, 1.0, 1.0, 1.0, 0.3);
    assert!((stopping_time_s(&limits, 0.075) - 1.0).abs() < 1e-12);
    assert!((stopping_distance(&limits, 0.075) - 0.0375).abs() < 1e-12);
    assert_eq!(stopping_time_s(&limits, 0.0), 0.0);
}

#[test]
fn the_two_closed_forms_meet_where_the_stop_just_reaches_the_acceleration_limit() {
    let speed = SWING.acceleration * SWING.acceleration / SWING.jerk;
    let below = stopping_time_s(&SWING, speed * (1.0 - 1e-12));
    assert!((below - stopping_time_s(&SWING, speed)).abs() < 1e-9);
}

#[test]
fn braking_from_a_steady_speed_needs_the_closed_forms_and_at_most_a_hundredth_and_seven_ticks() {
    for limits in [SWING, INSERTION, SMALL] {
        for step in 1..=200 {
            let speed = USED * limits.velocity * f64::from(step) / 200.0;
            let (ticks, travel) = brake(
                Motion {
                    q: 0.0,
                    v: speed,
                    a: 0.0,
                },
                &limits,
            );
            let (time, distance) = (
                stopping_time_s(&limits, speed),
                stopping_distance(&limits, speed),
            );
            assert!(
                f64::from(ticks) * TICK_S <= 1.01 * time + 7.0 * TICK_S,
                "{speed}: {ticks}"
            );
            assert!(
                travel <= 1.01 * distance + 0.5 * speed * TICK_S,
                "{speed}: {travel}"
            );
            assert!(travel >= distance, "{speed}: {travel}");
        }
    }
}

#[test]
fn no_wish_however_bad_takes_a_joint_where_it_cannot_stop() {
    for limits in [SWING, INSERTION, SMALL] {
        let mut adversary = Adversary::new(0);
        let range = limits.upper - limits.lower;
        let greatest = stopping_time_s(&limits, limits.velocity);
        let mut now = Motion {
            q: limits.lower + 0.5 * range,
            v: 0.0,
            a: 0.0,
        };
        let (mut overruled, mut fastest, mut nearest) = (0, 0.0_f64, f64::INFINITY);
        for tick in 0..200_000 {
            let mut lane = Lane::new(now, &limits, TICK_S);
            let wish = adversary.jerk(tick, lane.jerk_limit);
            lane.jerk = wish;
            lane.restrain();
            overruled += u32::from(lane.jerk != wish);
            now = lane.rounded_to_rest();
            assert!(lane.jerk.abs() <= limits.jerk && now.a.abs() <= limits.acceleration);
            assert!(now.v.abs() <= limits.velocity);
            assert!(
                now.q >= limits.lower && now.q <= limits.upper,
                "{tick}: {now:?}"
            );
            fastest = fastest.max(now.v.abs() / limits.velocity);
            nearest = nearest.min(now.q - limits.lower).min(limits.upper - now.q);
            if tick % 50 == 0 {
                let (ticks, rest) = brake(now, &limits);
                assert!(
                    rest >= limits.lower && rest <= limits.upper,
                    "{tick}: {now:?}"
                );
                assert!(f64::from(ticks) * TICK_S <= 1.03 * greatest + 7.0 * TICK_S);
            }
        }
        // Else the test is blind.
        assert!(overruled > 50_000 && fastest > 0.99 && nearest < 1e-4 * range);
    }
}

#[test]
fn no_wishes_however_bad_take_the_tip_over_its_limit() {
    let arm = arm();
    for (seed, limit_m_s) in [(1, 0.1), (2, 0.02)] {
        let mut adversaries: [Adversary; MAX_JOINTS] =
            core::array::from_fn(|joint| Adversary::new(seed + 100 * joint as u64));
        let mut shaper = ArmShaper::at_rest(&arm.home);
        let mut fastest = 0.0_f64;
        for tick in 0..60_000 {
            let mut lanes = shaper.lanes(&arm, &ShaperSettings::default());
            for (lane, adversary) in lanes.iter_mut().zip(&mut adversaries) {
                lane.jerk = adversary.jerk(tick, lane.jerk_limit);
                lane.restrain();
            }
            restrain_tip(&arm, &mut lanes, USED * limit_m_s);
            shaper.advance(&arm, &lanes);
            let tip = arm.tip_speed_bound(shaper.joints(), shaper.rates());
            assert!(tip <= limit_m_s, "{tick}: {tip} m/s");
            fastest = fastest.max(tip);
            for (limits, ((q, v), a)) in arm.limits.iter().zip(
                shaper
                    .joints
                    .iter()
                    .zip(&shaper.rates)
                    .zip(&shaper.accelerations),
            ) {
                assert!(*q >= limits.lower && *q <= limits.upper);
                assert!(v.abs() <= limits.velocity && a.abs() <= limits.acceleration);
            }
        }
        assert!(fastest > 0.98 * limit_m_s, "blind: {fastest} m/s");
    }
}

/// What a joint under an adversary's wishes exceeds, if anything: position, speed, acceleration, or the
/// time of a stop.
fn exceeds(limits: &JointLimits) -> Option<&'static str> {
    let mut adversary = Adversary::new(0);
    let greatest = 1.03 * stopping_time_s(limits, limits.velocity) + 7.0 * TICK_S;
    let mut now = Motion {
        q: 0.5 * (limits.lower + limits.upper),
        v: 0.0,
        a: 0.0,
    };
    for tick in 0..40_000 {
        let mut lane = Lane::new(now, limits, TICK_S);
        lane.jerk = adversary.jerk(tick, lane.jerk_limit);
        lane.restrain();
        now = lane.rounded_to_rest();
        if now.a.abs() > limits.acceleration {
            return Some("acceleration");
        }
        if now.v.abs() > limits.velocity {
            return Some("speed");
        }
        if now.q < limits.lower || now.q > limits.upper {
            return Some("position");
        }
        if tick % 20 == 0 && f64::from(brake(now, limits).0) * TICK_S > greatest {
            return Some("time of a stop");
        }
    }
    None
}

/// A joint whose speed is limited by nothing else: its positions are far away.
const FAR: JointLimits = limits(-500.0, 500.0, core::f64::consts::FRAC_PI_2, 15.0, 300.0);

#[test]
fn without_the_limit_of_its_time_a_stop_takes_longer_than_from_the_greatest_speed() {
    assert_eq!(exceeds(&FAR), None);
    assert_eq!(
        without(Rule::StopInTime, || exceeds(&FAR)),
        Some("time of a stop")
    );
}

#[test]
fn without_the_limit_of_the_acceleration_a_joint_jolts() {
    assert_eq!(exceeds(&FAR), None);
    assert_eq!(
        without(Rule::AccelerationLimit, || exceeds(&FAR)),
        Some("acceleration")
    );
}

#[test]
fn without_looking_ahead_a_joint_runs_into_its_end() {
    for limits in [SWING, INSERTION, SMALL] {
        assert_eq!(exceeds(&limits), None);
        assert_eq!(
            without(Rule::StopInsidePositions, || exceeds(&limits)),
            Some("position")
        );
    }
}

/// The greatest jerk of an arm that is sent to and fro, as a share of the limit, and the fastest tip.
fn hurried() -> (f64, f64) {
    let arm = arm();
    let mut shaper = ArmShaper::at_rest(&arm.home);
    let (mut jerk, mut tip_m_s) = (0.0_f64, 0.0_f64);
    for tick in 0..20_000_u32 {
        let side = if (tick / 150) % 2 == 0 { 1.0 } else { -1.0 };
        let mut target = arm.home;
        for (target, limits) in target.iter_mut().zip(&arm.limits) {
            *target += 0.4 * side * (limits.upper - limits.lower);
        }
        let before = shaper;
        shaper.follow(&arm, &target, 0.1, &ShaperSettings::default());
        let change = shaper.accelerations.iter().zip(&before.accelerations);
        for ((now, then), limits) in change.zip(&arm.limits) {
            jerk = jerk.max((now - then).abs() / TICK_S / limits.jerk);
        }
        let tip = |shaper: &ArmShaper| arm.tip_pose(&shaper.joints).translation.vector;
        tip_m_s = tip_m_s.max(tip(&shaper).metric_distance(&tip(&before)) / TICK_S);
    }
    (jerk, tip_m_s)
}

#[test]
fn without_the_limit_of_the_jerk_an_arm_is_struck() {
    let (jerk, _) = hurried();
    assert!(jerk <= 1.0 && jerk > 0.8, "{jerk}");
    let (jerk, _) = without(Rule::JerkLimit, hurried);
    assert!(jerk > 1.0, "{jerk}");
}

#[test]
fn without_the_limit_of_the_tip_all_joints_together_make_it_too_fast() {
    let fastest = || {
        let arm = arm();
        let mut adversaries: [Adversary; MAX_JOINTS] =
            core::array::from_fn(|joint| Adversary::new(1 + 100 * joint as u64));
        let mut shaper = ArmShaper::at_rest(&arm.home);
        let mut fastest = 0.0_f64;
        for tick in 0..10_000 {
            let mut lanes = shaper.lanes(&arm, &ShaperSettings::default());
            for (lane, adversary) in lanes.iter_mut().zip(&mut adversaries) {
                lane.jerk = adversary.jerk(tick, lane.jerk_limit);
                lane.restrain();
            }
            restrain_tip(&arm, &mut lanes, USED * 0.1);
            shaper.advance(&arm, &lanes);
            fastest = fastest.max(arm.tip_speed_bound(shaper.joints(), shaper.rates()));
        }
        fastest
    };
    assert!(fastest() <= 0.1);
    assert!(without(Rule::TipSpeedLimit, fastest) > 0.1);
}

#[test]
fn at_rest_braking_changes_no_bit() {
    let shaper = ArmShaper::at_rest(&[0.1, -0.2, 0.1, 1.0, 0.3, -0.0, 0.7]);
    let mut braked = shaper;
    braked.brake(&arm(), &ShaperSettings::default());
    for (before, after) in shaper.joints().iter().zip(braked.joints()) {
        assert_eq!(before.to_bits(), after.to_bits());
    }
    assert!(braked.is_at_rest());
}
