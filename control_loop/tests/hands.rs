//! Two hands and four arms: grips, jaws, the endoscope, the wrist's roll, and arms that do not know of each
//! other.

mod common;

use common::{Bits, MS, Network, World, arms, hands_at, moving, with_pedal};
use control_loop::frame::{Command, HandCommand, seal_command};
use control_loop::{HandInput, PathId, RobotLoop, State};
use nalgebra::{Translation3, UnitQuaternion};
use robot_model::{ArmKind, JointVector, MAX_ARMS, Pose};

use common::KEYS;

fn joints(world: &World, arm: usize, ms: usize) -> JointVector {
    world.outputs[ms].set_points[arm]
}

fn tip_m(world: &World, arm: usize, ms: usize) -> nalgebra::Vector3<f64> {
    let pose = world.arms[arm].tip_pose(&joints(world, arm, ms));
    (world.arms[arm].base * pose).translation.vector
}

fn endoscope() -> usize {
    let arms = arms();
    let found = arms.iter().position(|arm| arm.kind == ArmKind::Endoscope);
    found.expect("the default robot has an endoscope")
}

// ------------------------------------------------------------------------------------ arms and hands

#[test]
fn a_hand_that_swaps_arms_leaves_the_one_at_rest_and_moves_the_other_from_where_it_is() {
    let mut world = World::new(Network::good());
    world.run(2_500, |ms| {
        let mut input = moving(ms);
        input.hands[0].arm = Some(if ms < 1_000 { 0 } else { 1 });
        with_pedal((60..160).contains(&ms), input)
    });
    assert_eq!(world.state(), State::Following);
    let moved = |arm: usize, from: usize, to: usize| {
        (from..to).any(|ms| joints(&world, arm, ms) != joints(&world, arm, from))
    };
    assert!(
        moved(0, 300, 1_000) && !moved(1, 0, 1_000),
        "the first arm, then"
    );
    assert!(
        !moved(0, 1_220, 2_500) && moved(1, 1_100, 2_500),
        "the second"
    );
    assert!(
        moved(2, 300, 2_500),
        "and the other hand's arm all the time"
    );
    assert_eq!(
        joints(&world, 1, 1_020),
        joints(&world, 1, 1_019),
        "taking hold moves nothing"
    );
    let slow = (1_021..1_500)
        .map(|ms| world.tip_speed_m_s(1, ms))
        .fold(0.0, f64::max);
    assert!(slow <= 0.02 && slow > 0.001, "it begins slowly: {slow} m/s");
}

#[test]
fn a_swap_in_a_gap_neither_jumps_nor_confuses_the_arms() {
    // The swap happens while nothing gets through.
    for gap_ms in [20, 60, 90] {
        let mut world = World::new(Network::good().cut(990..990 + gap_ms));
        world.run(2_000, |ms| {
            let mut input = moving(ms);
            input.hands[0].arm = Some(if ms < 1_000 { 0 } else { 1 });
            with_pedal((60..160).contains(&ms), input)
        });
        assert_eq!(world.state(), State::Following, "{gap_ms} ms");
        assert!(world.fastest_tip_m_s(1..2_000) <= 0.1);
        assert_ne!(joints(&world, 1, 1_999), world.arms[1].home);
        assert!((1_400..2_000).all(|ms| joints(&world, 0, ms) == joints(&world, 0, 1_400)));
    }
}

#[test]
fn the_camera_pedal_moves_the_endoscope_by_both_hands_and_nothing_else() {
    let camera = endoscope();
    let mut world = World::new(Network::good());
    let shift_m = 0.03;
    world.run(3_000, |ms| {
        let along = (ms.saturating_sub(1_200).min(600) as f64) / 600.0;
        let mut input = hands_at(shift_m * along, 0.0, 0.0);
        input.camera_pressed = (1_000..2_500).contains(&ms);
        with_pedal((60..160).contains(&ms), input)
    });
    let moved = tip_m(&world, camera, 2_400) - tip_m(&world, camera, 1_100);
    let scaled = world.settings.motion_scale * shift_m;
    assert!(
        (moved.norm() - scaled).abs() < 1e-4,
        "{} m of {scaled}",
        moved.norm()
    );
    for arm in 0..MAX_ARMS {
        if arm != camera {
            let still = tip_m(&world, arm, 2_999) - tip_m(&world, arm, 300);
            assert!(still.norm() < 1e-6, "arm {arm} moved by {} m", still.norm());
        }
    }
    assert!((2_720..3_000).all(|ms| joints(&world, camera, ms) == joints(&world, camera, 2_720)));
}

/// Runs both ends with what a hand does on one arm changed, and compares all other arms bit for bit.
fn changes_no_other_arm(name: &str, arm: usize, change: impl Fn(u64, &mut HandInput)) {
    let run = |change: &dyn Fn(u64, &mut HandInput)| -> Vec<Bits> {
        let mut world = World::new(Network::good().cut(1_000..1_050));
        world.run(1_600, |ms| {
            let mut input = moving(ms);
            input.hands[0].arm = Some(arm);
            input.hands[1].arm = Some((arm + 1) % MAX_ARMS);
            change(ms, &mut input);
            with_pedal((60..160).contains(&ms), input)
        });
        world.motion()
    };
    let (plain, changed) = (run(&|_, _| {}), run(&change));
    assert!(
        plain
            .iter()
            .zip(&changed)
            .any(|(one, two)| one[arm] != two[arm]),
        "{name}: blind"
    );
    for (ms, (plain, changed)) in plain.iter().zip(&changed).enumerate() {
        for other in (0..MAX_ARMS).filter(|other| *other != arm) {
            assert_eq!(
                plain[other], changed[other],
                "{name}: arm {other} at {ms} ms"
            );
        }
    }
}

#[test]
fn whatever_one_hand_does_no_other_arm_moves_by_a_bit() {
    for arm in 0..MAX_ARMS {
        changes_no_other_arm("a hand that lets go", arm, |ms, input| {
            if ms >= 500 {
                input.hands[0].arm = None;
            }
        });
        changes_no_other_arm("a hand that is nowhere", arm, |ms, input| {
            if ms >= 500 {
                input.hands[0].pose = Pose::translation(f64::NAN, f64::INFINITY, 0.0);
            }
        });
        changes_no_other_arm(
            "a hand that is turned out of this world",
            arm,
            |ms, input| {
                if ms >= 500 {
                    input.hands[0].pose.rotation = UnitQuaternion::new_unchecked(
                        nalgebra::Quaternion::new(f64::NAN, 0.0, 0.0, 0.0),
                    );
                }
            },
        );
        changes_no_other_arm("a hand that strikes about", arm, |ms, input| {
            let x_m = if ms % 40 < 20 { 0.5 } else { -0.5 };
            input.hands[0].pose = Pose::from_parts(
                Translation3::new(x_m, -x_m, x_m),
                UnitQuaternion::from_euler_angles(x_m, 2.0 * x_m, 3.0 * x_m),
            );
            input.hands[0].jaw_rad = f64::NAN;
        });
    }
}

#[test]
fn a_command_that_names_one_arm_twice_is_one_hands() {
    let mut world = World::new(Network::good());
    world.run(600, |ms| with_pedal((60..160).contains(&ms), moving(ms)));
    let newest = world.sent.last().expect("many").1.command;
    let both = |x_m: f64| {
        let hand = |x_m: f64| HandCommand {
            motion: Pose::translation(x_m, 0.0, 0.0),
            ..newest.hands[0].expect("it holds")
        };
        let command = Command {
            sequence: newest.sequence + 10,
            hands: [Some(hand(0.01)), Some(hand(x_m))],
            ..newest
        };
        let mut robot = world.robot.clone();
        robot.receive(600 * MS, PathId::A, &seal_command(&command, &KEYS.command));
        robot.tick(600 * MS, &world.sensed).set_points
    };
    assert_eq!(both(0.5), both(-0.5), "the left hand holds it");
}

// ------------------------------------------------------------------------------------ jaw and wrist

fn opening(jaw_rad: f64) -> HandInput {
    let mut input = hands_at(0.0, 0.0, 0.0);
    for hand in &mut input.hands {
        hand.jaw_rad = jaw_rad;
    }
    input
}

#[test]
fn the_jaw_is_taken_up_when_the_hand_meets_it_from_either_side() {
    let home_rad = arms()[0].home[6];
    for start_rad in [home_rad + 0.6, home_rad - 0.6] {
        let mut world = World::new(Network::good());
        world.run(3_000, |ms| {
            // The hand closes (or opens) to meet the jaw, passes it, and turns back.
            let t = ms.saturating_sub(800) as f64 * 1e-3;
            let jaw_rad = start_rad + (home_rad - start_rad) * (1.5 * t).min(1.4);
            with_pedal((60..160).contains(&ms), opening(jaw_rad))
        });
        let jaw = |ms: usize| joints(&world, 0, ms)[6];
        assert!(
            (0..820).all(|ms| jaw(ms) == home_rad),
            "it holds what it holds"
        );
        let wanted_rad = home_rad + 0.4 * (home_rad - start_rad);
        let limits = world.arms[0].limits[6];
        let wanted_rad = wanted_rad.max(limits.lower).min(limits.upper);
        assert!(
            (jaw(2_999) - wanted_rad).abs() < 1e-3,
            "{} of {wanted_rad}",
            jaw(2_999)
        );
    }
}

#[test]
fn the_jaw_holds_on_through_a_re_clutch() {
    let mut world = World::new(Network::good());
    world.run(3_000, |ms| {
        // Closed on a needle; the hand opens while the pedal is down.
        let jaw_rad = if ms < 1_050 { 0.0 } else { 0.9 };
        let pressed = (60..160).contains(&ms) || (1_000..1_200).contains(&ms);
        with_pedal(pressed, opening(jaw_rad))
    });
    let jaw = |ms: usize| joints(&world, 0, ms)[6];
    assert!(
        (jaw(990) - jaw(2_999)).abs() < 1e-9,
        "it opened by {}",
        jaw(2_999) - jaw(990)
    );
    assert_eq!(world.state(), State::Following);
}

#[test]
fn the_wrist_rolls_beyond_half_a_turn_as_far_as_its_joint_goes() {
    let limits = arms()[0].limits[3];
    assert!(
        limits.upper > 4.0,
        "the tool of the default robot turns 260 degrees either way"
    );
    for sign in [1.0, -1.0] {
        let mut world = World::new(Network::good());
        world.run(12_000, |ms| {
            // Up to 290 degrees about the shaft, which points down.
            let angle_rad = sign * (ms.saturating_sub(300) as f64 * 0.6e-3).min(5.06);
            let mut input = hands_at(0.0, 0.0, 0.0);
            for hand in &mut input.hands {
                hand.pose.rotation = UnitQuaternion::from_euler_angles(0.0, 0.0, angle_rad);
            }
            with_pedal((60..160).contains(&ms), input)
        });
        let roll: Vec<f64> = (0..12_000).map(|ms| joints(&world, 0, ms)[3]).collect();
        let travelled = (roll[11_999] - roll[200]).abs();
        assert!(travelled > 4.4, "rolled {travelled} rad only");
        let greatest = roll
            .iter()
            .fold(0.0_f64, |most, value| most.max(value.abs()));
        assert!(greatest <= limits.upper, "{greatest}");
        let steps = roll.windows(2).map(|pair| (pair[1] - pair[0]).abs());
        assert!(steps.fold(0.0, f64::max) < 0.01, "and never jumps a turn");
    }
}

#[test]
fn a_hand_that_pulls_out_stops_at_the_least_depth_and_the_arm_does_not_fold_over() {
    let mut world = World::new(Network::good());
    world.run(8_000, |ms| {
        // Half a metre out, far past the remote centre, and a little sideways.
        let out_m = (ms.saturating_sub(300) as f64 * 1e-4).min(0.5);
        with_pedal((60..160).contains(&ms), hands_at(0.1 * out_m, 0.0, out_m))
    });
    let least_m = world.settings.least_depth_m;
    for arm in [0, 2] {
        let depth_m = |ms: usize| {
            let pose = world.arms[arm].tip_pose(&joints(&world, arm, ms));
            pose.translation.vector.norm()
        };
        let nearest_m = (0..8_000).map(depth_m).fold(f64::INFINITY, f64::min);
        assert!(
            (least_m - 1e-4..least_m + 0.02).contains(&nearest_m),
            "{nearest_m} m"
        );
        for joint in [0, 1] {
            let swung = (0..8_000).map(|ms| joints(&world, arm, ms)[joint].abs());
            let swung = swung.fold(0.0, f64::max);
            // 16 mm aside at 45 mm of depth, 9 mm of which the wrist needs.
            assert!(swung < 0.9, "arm {arm}, joint {joint} swung to {swung} rad");
        }
    }
}

#[test]
fn a_hand_that_points_past_the_wrists_limits_is_clamped_and_comes_back() {
    let mut world = World::new(Network::good());
    let home = |world: &World, ms: usize| joints(world, 0, ms);
    world.run(6_000, |ms| {
        // The wrist is bent through its singular pose and back.
        let t = ms.saturating_sub(500) as f64 * 1e-3;
        let angle_rad = 2.2 * libm::sin(core::f64::consts::PI * t.min(4.0) / 4.0);
        let mut input = hands_at(0.0, 0.0, 0.0);
        for hand in &mut input.hands {
            hand.pose.rotation = UnitQuaternion::from_euler_angles(angle_rad, 0.0, 0.0);
        }
        with_pedal((60..160).contains(&ms), input)
    });
    assert_eq!(world.state(), State::Following);
    for joint in 0..6 {
        let back = home(&world, 5_999)[joint] - home(&world, 300)[joint];
        let turns = back / core::f64::consts::TAU;
        assert!(
            (turns - libm::rint(turns)).abs() * core::f64::consts::TAU < 0.02,
            "joint {joint} is {back} rad from where it was"
        );
    }
    assert!(world.fastest_tip_m_s(1..6_000) <= 0.1);
}
