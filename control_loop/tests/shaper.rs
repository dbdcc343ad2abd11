//! What the shaper promises, whatever it is asked for.
//!
//! The families of inputs are generated from a seed each; proptest picks seeds, lengths and arms, and
//! shrinks them. Run with `--nocapture` to see how much of each limit was used.

use core::f64::consts::{FRAC_1_SQRT_2, FRAC_PI_2, TAU};
use std::cell::RefCell;

use control_loop::shaper::{ArmShaper, ShaperSettings, stopping_distance, stopping_time_s};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use robot_model::{
    Arm, ArmKind, DhRow, JointDrive, JointKind, JointLimits, JointVector, LinkInertia, MAX_JOINTS,
    Pose,
};

const TICK_S: f64 = 1e-3;
const SETTINGS: ShaperSettings = ShaperSettings {
    tick_s: TICK_S,
    tremor_knee_hz: 6.0,
};
const TIP_FULL_M_S: f64 = 0.1;
const TIP_SLOW_M_S: f64 = 0.02;
/// No limit in effect, so that the joints' own limits are reached.
const TIP_ANY_M_S: f64 = 1e3;
/// Rounding of a third difference, relative to the limit.
const ROUNDING: f64 = 1e-6;
/// Braking switches only at ticks, and relies on a little less than its limits.
const STOP_TICKS: f64 = 8.0;
const YAW: usize = 0;
const INSERTION: usize = 2;
const ROLL: usize = 3;

// ---------------------------------------------------------------------------------------- arms

fn limits(lower: f64, upper: f64, velocity: f64, acceleration: f64, jerk: f64) -> JointLimits {
    JointLimits {
        lower,
        upper,
        velocity,
        acceleration,
        jerk,
        effort: 1.0,
    }
}

fn arm_with(kind: ArmKind, limits: [JointLimits; MAX_JOINTS], home: JointVector) -> Arm {
    let turn = DhRow {
        kind: JointKind::Revolute,
        alpha_rad: 0.0,
        a_m: 0.0,
        d_m: 0.0,
        offset: 0.0,
    };
    let slide = DhRow {
        kind: JointKind::Prismatic,
        ..turn
    };
    let wrist = DhRow { a_m: 0.009, ..turn };
    let (row_count, joint_count) = match kind {
        ArmKind::Instrument | ArmKind::SphericalInstrument => (6, 7),
        ArmKind::Endoscope => (4, 4),
    };
    Arm {
        kind,
        row_count,
        joint_count,
        rows: [turn, turn, slide, turn, turn, wrist],
        tool_tip: nalgebra::UnitQuaternion::identity(),
        limits,
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
        home,
        base: Pose::identity(),
    }
}

/// The limits of the default robot file in kind: two swings, an insertion, four small joints.
fn toumai(kind: ArmKind) -> Arm {
    let small = limits(-1.4, 1.4, 6.0, 60.0, 1500.0);
    let all = [
        limits(-1.5, 1.5, FRAC_PI_2, 15.0, 300.0),
        limits(-0.9, 0.9, FRAC_PI_2, 15.0, 300.0),
        limits(0.0, 0.24, 0.2, 2.0, 40.0),
        limits(-3.0, 3.0, 6.0, 60.0, 1500.0),
        small,
        small,
        limits(-0.3, 1.4, 6.0, 60.0, 1500.0),
    ];
    arm_with(kind, all, [0.0, 0.0, 0.1, 0.0, 0.0, 0.0, 0.0])
}

/// Any other robot: every limit within a factor of four of the default one.
fn other_arm(seed: u64) -> Arm {
    let mut dice = Dice(seed);
    let mut arm = toumai(if dice.share() < 0.5 {
        ArmKind::Instrument
    } else {
        ArmKind::Endoscope
    });
    for (limits, home) in arm.limits.iter_mut().zip(&mut arm.home) {
        limits.velocity *= dice.factor();
        limits.acceleration *= dice.factor();
        limits.jerk *= dice.factor();
        let (middle, half) = (
            0.5 * (limits.lower + limits.upper),
            0.5 * (limits.upper - limits.lower),
        );
        let half = half * dice.factor();
        (limits.lower, limits.upper, *home) = (middle - half, middle + half, middle);
    }
    arm
}

/// SplitMix64: enough to roam, and the same everywhere.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// In 0..1.
    fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// In 1/4..4.
    fn factor(&mut self) -> f64 {
        libm::exp2(4.0 * self.share() - 2.0)
    }
}

// -------------------------------------------------------------------------------------- inputs

/// How targets come.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Family {
    /// Anywhere inside the limits, new after 1 to 400 ticks.
    Jumps,
    /// From one end to the other every tick, or every few.
    Extremes,
    /// A slow motion of the hand with a tremor of 8 to 12 Hz.
    Tremor,
    /// Jumps, with follow and brake switched at random, often every tick.
    Switching,
    /// Up to ten times the limits outside.
    Outside,
    /// Jumps with numbers that are none.
    NotFinite,
    /// From end to end, one joint at a time, long enough to reach full speed.
    Alone,
    /// Bang-bang in step with the joint's own stopping time: resonance, if there is any.
    Resonant,
}

const FAMILIES: [Family; 8] = [
    Family::Jumps,
    Family::Extremes,
    Family::Tremor,
    Family::Switching,
    Family::Outside,
    Family::NotFinite,
    Family::Alone,
    Family::Resonant,
];

struct Input {
    family: Family,
    dice: Dice,
    target: JointVector,
    left: u64,
    period: u64,
    phase: f64,
    braking: bool,
    tick: u64,
}

impl Input {
    fn new(family: Family, seed: u64, arm: &Arm) -> Self {
        let mut dice = Dice(seed);
        let period = match family {
            Family::Extremes => 1 + dice.next() % 4,
            Family::Resonant => 20 + dice.next() % 600,
            _ => 1 + dice.next() % 400,
        };
        let phase = 6.0 * dice.share();
        Self {
            family,
            dice,
            target: arm.home,
            left: 0,
            period,
            phase,
            braking: false,
            tick: 0,
        }
    }

    /// The next target, and whether to brake instead.
    fn next(&mut self, arm: &Arm) -> (JointVector, bool) {
        self.tick += 1;
        let t = self.tick as f64 * TICK_S;
        let fresh = self.left == 0;
        self.left = if fresh { self.period } else { self.left } - 1;
        if fresh && !matches!(self.family, Family::Extremes | Family::Resonant) {
            self.period = 1 + self.dice.next() % 400;
        }
        let chosen = (self.dice.next() % arm.joint_count as u64) as usize;
        for (i, (target, limits)) in self.target.iter_mut().zip(&arm.limits).enumerate() {
            let (lower, range) = (limits.lower, limits.upper - limits.lower);
            match self.family {
                Family::Tremor => {
                    let hand = libm::sin(t * (1.0 + i as f64) + self.phase);
                    let tremor = libm::sin(TAU * (8.0 + self.phase) * t);
                    *target = lower + range * (0.5 + 0.45 * hand + 0.02 * tremor);
                }
                _ if !fresh => {}
                Family::Extremes | Family::Resonant => {
                    let up = (self.tick / self.period + i as u64).is_multiple_of(2);
                    *target = if up { limits.upper } else { lower };
                }
                Family::Alone if i == chosen => {
                    *target = if self.dice.share() < 0.5 {
                        limits.upper
                    } else {
                        lower
                    };
                }
                Family::Alone => {}
                Family::Outside => *target = lower + range * (20.0 * self.dice.share() - 9.5),
                Family::NotFinite => {
                    *target = match self.dice.next() % 60 {
                        0 => f64::NAN,
                        1 => f64::INFINITY,
                        2 => f64::NEG_INFINITY,
                        3 => 1e300,
                        _ => lower + range * self.dice.share(),
                    }
                }
                Family::Jumps | Family::Switching => {
                    *target = lower + range * self.dice.share();
                }
            }
        }
        if self.family == Family::Switching {
            let often = if self.phase < 3.0 { 2 } else { 40 };
            if self.dice.next().is_multiple_of(often) {
                self.braking = !self.braking;
            }
        }
        (self.target, self.braking)
    }
}

// ------------------------------------------------------------------------------------- watching

/// The greatest share of each limit seen.
#[derive(Clone, Copy, Debug, Default)]
struct Used {
    targets: u64,
    velocity: f64,
    acceleration: f64,
    jerk: f64,
    /// Past a position limit, rad or m: negative inside.
    outside: f64,
    tip: f64,
    tip_step: f64,
    /// Stopping time over its closed form, and its excess in ticks.
    stop: f64,
    stop_ticks: f64,
    /// The longest stop, s.
    stop_s: f64,
}

impl Used {
    fn new() -> Self {
        Self {
            outside: f64::NEG_INFINITY,
            stop_ticks: f64::NEG_INFINITY,
            ..Self::default()
        }
    }

    fn merge(&mut self, other: &Self) {
        self.targets += other.targets;
        for (mine, theirs) in [
            (&mut self.velocity, other.velocity),
            (&mut self.acceleration, other.acceleration),
            (&mut self.jerk, other.jerk),
            (&mut self.outside, other.outside),
            (&mut self.tip, other.tip),
            (&mut self.tip_step, other.tip_step),
            (&mut self.stop, other.stop),
            (&mut self.stop_ticks, other.stop_ticks),
            (&mut self.stop_s, other.stop_s),
        ] {
            *mine = mine.max(theirs);
        }
    }
}

/// Sees only the emitted positions, as a monitor outside the loop would.
struct Watch {
    history: [JointVector; 4],
    used: Used,
}

impl Watch {
    fn new(shaper: &ArmShaper) -> Self {
        Self {
            history: [*shaper.joints(); 4],
            used: Used::new(),
        }
    }

    fn see(
        &mut self,
        arm: &Arm,
        shaper: &ArmShaper,
        tip_limit_m_s: f64,
    ) -> Result<(), TestCaseError> {
        let [_, b, c, d] = self.history;
        self.history = [b, c, d, *shaper.joints()];
        let [p0, p1, p2, p3] = &self.history;
        let mut mean_rates = [0.0; MAX_JOINTS];
        for i in 0..arm.joint_count {
            let limits = &arm.limits[i];
            let first = (p3[i] - p2[i]) / TICK_S;
            let second = (p3[i] - 2.0 * p2[i] + p1[i]) / (TICK_S * TICK_S);
            let third = (p3[i] - 3.0 * p2[i] + 3.0 * p1[i] - p0[i]) / (TICK_S * TICK_S * TICK_S);
            mean_rates[i] = first;
            let used = &mut self.used;
            used.velocity = used.velocity.max(first.abs() / limits.velocity);
            used.acceleration = used.acceleration.max(second.abs() / limits.acceleration);
            used.jerk = used.jerk.max(third.abs() / limits.jerk);
            used.outside = used
                .outside
                .max(p3[i] - limits.upper)
                .max(limits.lower - p3[i]);
            prop_assert!(p3[i].is_finite());
            prop_assert!(
                first.abs() <= limits.velocity * (1.0 + ROUNDING),
                "joint {i} speed {first}"
            );
            prop_assert!(
                second.abs() <= limits.acceleration * (1.0 + ROUNDING),
                "joint {i} acceleration {second}"
            );
            prop_assert!(
                third.abs() <= limits.jerk * (1.0 + ROUNDING),
                "joint {i} jerk {third}"
            );
            prop_assert!(
                p3[i] >= limits.lower && p3[i] <= limits.upper,
                "joint {i} at {} outside {}..{}",
                p3[i],
                limits.lower,
                limits.upper
            );
        }
        let tip = arm.tip_speed_bound(shaper.joints(), shaper.rates());
        let step = arm.tip_speed_bound(shaper.joints(), &mean_rates);
        self.used.tip = self.used.tip.max(tip / tip_limit_m_s);
        self.used.tip_step = self.used.tip_step.max(step / tip_limit_m_s);
        prop_assert!(tip <= tip_limit_m_s, "tip {tip} m/s over {tip_limit_m_s}");
        prop_assert!(
            step <= tip_limit_m_s,
            "tip step {step} m/s over {tip_limit_m_s}"
        );
        Ok(())
    }

    /// Brakes to rest, under the same eyes, and holds each joint to its closed form.
    fn see_stop(
        mut self,
        arm: &Arm,
        mut shaper: ArmShaper,
        tip_limit_m_s: f64,
    ) -> Result<Used, TestCaseError> {
        let mut moving_ticks = [0_u32; MAX_JOINTS];
        let mut tick = 0;
        while !shaper.is_at_rest() {
            tick += 1;
            prop_assert!(tick < 5_000, "never rests");
            shaper.brake(arm, &SETTINGS);
            for (ticks, (v, a)) in moving_ticks
                .iter_mut()
                .zip(shaper.rates().iter().zip(shaper.accelerations()))
            {
                if *v != 0.0 || *a != 0.0 {
                    *ticks = tick;
                }
            }
            self.see(arm, &shaper, tip_limit_m_s)?;
        }
        for (i, ticks) in moving_ticks.iter().enumerate().take(arm.joint_count) {
            let limits = &arm.limits[i];
            let (time, closed) = (
                f64::from(*ticks) * TICK_S,
                stopping_time_s(limits, limits.velocity),
            );
            let used = &mut self.used;
            used.stop = used.stop.max(time / closed);
            used.stop_ticks = used.stop_ticks.max((time - closed) / TICK_S);
            used.stop_s = used.stop_s.max(time);
            // A tick at the end is the one in which the joint came to rest.
            prop_assert!(
                time + TICK_S <= closed * 1.03 + STOP_TICKS * TICK_S,
                "joint {i} stopped in {time} s, closed form {closed} s"
            );
        }
        let rest = shaper;
        for _ in 0..3 {
            shaper.brake(arm, &SETTINGS);
            prop_assert_eq!(shaper, rest);
            self.see(arm, &shaper, tip_limit_m_s)?;
        }
        Ok(self.used)
    }
}

/// Follows one input for `ticks`, stopping a copy now and then, and the arm at the end.
fn roam(arm: &Arm, family: Family, seed: u64, ticks: u64) -> Result<Used, TestCaseError> {
    let mut dice = Dice(!seed);
    // As in use: full speed from the start, slow throughout, or slow at first. Or no limit in effect.
    let slow_ticks = [0, 0, ticks, dice.next() % ticks][(dice.next() % 4) as usize];
    let full = if dice.next().is_multiple_of(2) {
        TIP_FULL_M_S
    } else {
        TIP_ANY_M_S
    };
    let mut shaper = ArmShaper::at_rest(&arm.home);
    let mut watch = Watch::new(&shaper);
    let mut input = Input::new(family, seed, arm);
    let mut stops = Used::new();
    let mut tip = full;
    for tick in 0..ticks {
        tip = if tick < slow_ticks {
            TIP_SLOW_M_S
        } else {
            full
        };
        let (target, braking) = input.next(arm);
        if braking {
            shaper.brake(arm, &SETTINGS);
        } else {
            shaper.follow(arm, &target, tip, &SETTINGS);
        }
        watch.used.targets += 1;
        watch.see(arm, &shaper, tip)?;
        if dice.next().is_multiple_of(150) {
            let branch = Watch {
                history: watch.history,
                used: Used::new(),
            };
            stops.merge(&branch.see_stop(arm, shaper, tip)?);
        }
    }
    let mut used = watch.see_stop(arm, shaper, tip)?;
    used.merge(&stops);
    Ok(used)
}

/// Runs `cases` seeds of `property`, the same ones every time, and returns what was used.
fn explore(cases: u32, property: impl Fn(u64, u64) -> Result<Used, TestCaseError>) -> Used {
    let used = RefCell::new(Used::new());
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let mut runner =
        TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let outcome = runner.run(&(any::<u64>(), 200_u64..1_800), |(seed, ticks)| {
        let seen = property(seed, ticks)?;
        used.borrow_mut().merge(&seen);
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
    used.into_inner()
}

// --------------------------------------------------------------------------------- any sequence

#[test]
fn no_sequence_of_targets_takes_a_joint_or_the_tip_over_a_limit() {
    let mut all = Used::new();
    for family in FAMILIES {
        let used = explore(220, |seed, ticks| {
            let kind = if seed % 4 == 0 {
                ArmKind::Endoscope
            } else {
                ArmKind::Instrument
            };
            let used = roam(&toumai(kind), family, seed, ticks)?;
            prop_assert!(used.stop_s <= 0.2, "stopped in {} s", used.stop_s);
            Ok(used)
        });
        println!("{family:?}: {used:?}");
        all.merge(&used);
    }
    println!("all: {all:?}");
    assert!(all.targets >= 1_000_000, "{} targets only", all.targets);
    assert!(
        all.velocity > 0.9 && all.acceleration > 0.95 && all.jerk > 0.95,
        "blind: {all:?}"
    );
    assert!(all.tip > 0.95 && all.outside > -1e-3, "blind: {all:?}");
}

#[test]
fn no_sequence_takes_any_other_robot_over_its_limits() {
    let mut all = Used::new();
    for family in FAMILIES {
        let used = explore(100, |seed, ticks| {
            roam(&other_arm(seed), family, seed, ticks)
        });
        println!("{family:?}: {used:?}");
        all.merge(&used);
    }
    println!("all: {all:?}");
    assert!(all.targets >= 400_000, "{} targets only", all.targets);
}

#[test]
fn numbers_that_are_none_brake_and_change_nothing_at_rest() {
    let arm = toumai(ArmKind::Instrument);
    let mut shaper = ArmShaper::at_rest(&arm.home);
    let rest = shaper;
    let mut target = arm.home;
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        target[ROLL] = bad;
        shaper.follow(&arm, &target, TIP_FULL_M_S, &SETTINGS);
        assert_eq!(shaper, rest);
        shaper.follow(&arm, &[0.0; MAX_JOINTS], bad, &SETTINGS);
        assert_eq!(shaper, rest);
    }
    let (mut moving, away) = (shaper, [0.4; MAX_JOINTS]);
    for _ in 0..100 {
        moving.follow(&arm, &away, TIP_FULL_M_S, &SETTINGS);
    }
    let mut braked = moving;
    braked.brake(&arm, &SETTINGS);
    moving.follow(&arm, &target, TIP_FULL_M_S, &SETTINGS);
    assert_eq!(moving, braked);
}

// ------------------------------------------------------------------------------------ following

#[test]
fn a_step_of_any_size_is_settled_without_overshoot() {
    let arm = toumai(ArmKind::Instrument);
    let mut worst = 0.0_f64;
    for joint in [YAW, INSERTION, ROLL] {
        let range = arm.limits[joint].upper - arm.limits[joint].lower;
        for share in [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.03, 0.1, 0.2, 0.4] {
            for tip in [TIP_SLOW_M_S, TIP_FULL_M_S, TIP_ANY_M_S] {
                let (step, mut target) = (share * range, arm.home);
                target[joint] += step;
                let mut shaper = ArmShaper::at_rest(&arm.home);
                let mut watch = Watch::new(&shaper);
                let mut ticks = 0;
                while ticks == 0 || !shaper.is_at_rest() {
                    shaper.follow(&arm, &target, tip, &SETTINGS);
                    watch.see(&arm, &shaper, tip).unwrap();
                    worst = worst.max((shaper.joints()[joint] - target[joint]) / step);
                    ticks += 1;
                    assert!(ticks < 20_000, "joint {joint}, step {step}: not settled");
                }
                let left = (shaper.joints()[joint] - target[joint]).abs();
                assert!(
                    left <= 1e-10 && left <= 1e-5 * step,
                    "joint {joint}, {step}: {left} left"
                );
            }
        }
    }
    println!("overshoot {worst:e} of the step");
    assert!(worst <= 1e-6, "{worst} of the step");
}

/// Gain at `frequency_hz`, by correlation over whole periods, of the steady response of the yaw.
fn gain(frequency_hz: f64, knee_hz: f64, amplitude_rad: f64) -> f64 {
    let arm = toumai(ArmKind::Instrument);
    let settings = ShaperSettings {
        tremor_knee_hz: knee_hz,
        ..SETTINGS
    };
    let mut shaper = ArmShaper::at_rest(&arm.home);
    let (mut in_phase, mut quadrature) = (0.0, 0.0);
    for tick in 0..6_000_u32 {
        let angle = TAU * frequency_hz * f64::from(tick) * TICK_S;
        let mut target = arm.home;
        target[YAW] += amplitude_rad * libm::sin(angle);
        shaper.follow(&arm, &target, TIP_FULL_M_S, &settings);
        if tick >= 2_000 {
            in_phase += shaper.joints()[YAW] * libm::sin(angle);
            quadrature += shaper.joints()[YAW] * libm::cos(angle);
        }
    }
    libm::hypot(in_phase, quadrature) / (2_000.0 * amplitude_rad)
}

#[test]
fn a_small_sine_at_the_knee_comes_out_three_decibels_weaker() {
    for knee in [3.0, 6.0, 12.0] {
        let gain = gain(knee, knee, 1e-5);
        println!("knee {knee} Hz: gain {gain}");
        assert!(
            (gain - FRAC_1_SQRT_2).abs() < 0.05 * gain,
            "{knee} Hz: {gain}"
        );
    }
}

#[test]
fn slow_motion_passes_and_tremor_does_not() {
    assert!(gain(0.5, 6.0, 1e-5) > 0.99);
    assert!(gain(10.0, 6.0, 1e-5) < 0.45);
    // A larger tremor meets the jerk limit, and is weakened more.
    assert!(gain(10.0, 6.0, 5e-3) < gain(10.0, 6.0, 1e-5));
}

// ------------------------------------------------------------------------------- special states

#[test]
fn a_tip_limit_lowered_in_motion_is_met_within_the_stopping_time() {
    let arm = toumai(ArmKind::Instrument);
    let mut worst = 0;
    for seed in 0..200 {
        let mut shaper = ArmShaper::at_rest(&arm.home);
        let mut watch = Watch::new(&shaper);
        let mut input = Input::new(Family::Jumps, seed, &arm);
        for _ in 0..300 + 7 * seed {
            shaper.follow(&arm, &input.next(&arm).0, TIP_FULL_M_S, &SETTINGS);
            watch.see(&arm, &shaper, TIP_FULL_M_S).unwrap();
        }
        let mut late = 0;
        for tick in 1..400 {
            shaper.follow(&arm, &input.next(&arm).0, TIP_SLOW_M_S, &SETTINGS);
            watch.see(&arm, &shaper, TIP_FULL_M_S).unwrap();
            if arm.tip_speed_bound(shaper.joints(), shaper.rates()) > TIP_SLOW_M_S {
                late = tick;
            }
        }
        worst = worst.max(late);
    }
    println!("lowered tip limit met after {worst} ticks at most");
    assert!(worst <= 200, "{worst} ticks");
}

#[test]
fn an_arm_put_to_rest_outside_its_positions_comes_back_and_no_further_out() {
    let arm = toumai(ArmKind::Instrument);
    let mut start = arm.home;
    start[YAW] = arm.limits[YAW].upper + 0.05;
    start[INSERTION] = arm.limits[INSERTION].lower;
    let mut shaper = ArmShaper::at_rest(&start);
    let mut target = arm.home;
    target[YAW] = 10.0;
    for _ in 0..2_000 {
        shaper.follow(&arm, &target, TIP_FULL_M_S, &SETTINGS);
        assert!(shaper.joints()[YAW] <= start[YAW]);
        assert!(shaper.joints()[INSERTION] >= start[INSERTION]);
    }
    assert!(shaper.joints()[YAW] <= arm.limits[YAW].upper);
    assert!((shaper.joints()[INSERTION] - target[INSERTION]).abs() < 1e-9);
}

#[test]
fn the_joints_an_endoscope_lacks_stay_at_zero() {
    let arm = toumai(ArmKind::Endoscope);
    let mut shaper = ArmShaper::at_rest(&arm.home);
    let mut target = [0.3; MAX_JOINTS];
    target[6] = f64::NAN;
    for tick in 0..500 {
        if tick < 300 {
            shaper.follow(&arm, &target, TIP_FULL_M_S, &SETTINGS);
        } else {
            shaper.brake(&arm, &SETTINGS);
        }
        for vector in [shaper.joints(), shaper.rates(), shaper.accelerations()] {
            assert_eq!(vector[4..], [0.0; 3]);
        }
    }
    assert!(shaper.joints()[YAW] > 0.05);
}

#[test]
fn a_joint_that_may_not_move_does_not_and_stops_no_other() {
    let mut arm = toumai(ArmKind::Instrument);
    arm.limits[ROLL] = limits(-3.0, 3.0, 0.0, 0.0, 0.0);
    let mut shaper = ArmShaper::at_rest(&arm.home);
    for _ in 0..3_000 {
        shaper.follow(&arm, &[0.2; MAX_JOINTS], TIP_FULL_M_S, &SETTINGS);
    }
    assert_eq!(shaper.joints()[ROLL], 0.0);
    assert!((shaper.joints()[YAW] - 0.2).abs() < 1e-9);
}

#[test]
fn a_hold_from_a_steady_hand_stops_in_the_closed_form_distance() {
    let arm = toumai(ArmKind::Instrument);
    let mut target = arm.home;
    let mut shaper = ArmShaper::at_rest(&arm.home);
    for tick in 0..1_000 {
        target[YAW] = 5e-4 * f64::from(tick);
        shaper.follow(&arm, &target, TIP_FULL_M_S, &SETTINGS);
    }
    let (from, speed) = (shaper.joints()[YAW], shaper.rates()[YAW]);
    assert!((speed - 0.5).abs() < 1e-3, "{speed} rad/s");
    while !shaper.is_at_rest() {
        shaper.brake(&arm, &SETTINGS);
    }
    let travel = shaper.joints()[YAW] - from;
    let closed = stopping_distance(&arm.limits[YAW], speed);
    println!("stopping distance {travel} rad, closed form {closed} rad");
    assert!(
        travel <= 1.02 * closed + speed * TICK_S,
        "{travel} rad, closed form {closed} rad"
    );
}
