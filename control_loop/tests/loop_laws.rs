//! The laws of the loop: both ends, joined by two scripted paths.

mod common;

use common::{
    Dice, Disturbance, Handshake, KEYS, Leg, MS, Network, World, arms, at_home, bits, digest,
    hands_at, hasty, moving, surgeon, surgeon_again, with_pedal,
};
use control_loop::admission::Verdict;
use control_loop::frame::{Command, seal_command};
use control_loop::{HandInput, LoopSettings, PATHS, PathHealth, PathId, RobotLoop, State};
use nalgebra::{Translation3, UnitQuaternion};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use robot_model::{MAX_ARMS, Pose};

use State::{Aligning, Coasting, Faulted, Following, Holding, Idle, Stopped};

const STOP_MS: u64 = 200;

/// What a surgeon does at each time, ms.
type Surgeon<'a> = &'a dyn Fn(u64) -> HandInput;

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(1),
        ..ProptestConfig::with_cases(cases)
    }
}

fn assert_still(world: &World, within_ms: std::ops::Range<u64>, why: &str) {
    assert!(!world.moved(within_ms), "{why}: a set-point changed");
}

/// Everything that a run must have done, else a law about it says nothing.
fn assert_moves(world: &World) {
    assert!(world.course().contains(&Following), "blind: never followed");
    assert!(world.moved(0..world.now_ms), "blind: nothing moved");
}

fn delays() -> impl Strategy<Value = Vec<Option<u64>>> {
    prop::collection::vec(prop::option::weighted(0.85, 0_u64..60), 5..40)
}

/// Any path: frames lost, reordered and bunched, and perhaps an outage.
fn leg() -> impl Strategy<Value = Leg> {
    let copies = prop::collection::vec(prop::option::of(0_u64..80), 5..40);
    let outage = prop::option::of((200_u64..900, 1_u64..250));
    (delays(), copies, outage).prop_map(|(delays_ms, copies_ms, outage)| Leg {
        delays_ms,
        copies_ms,
        outages_ms: outage
            .map(|(from, length)| from..from + length)
            .into_iter()
            .collect(),
    })
}

fn network() -> impl Strategy<Value = Network> {
    let legs = || [leg(), leg()];
    let joint = prop::option::of((200_u64..900, 1_u64..250));
    (legs(), legs(), joint).prop_map(|(up, down, joint)| {
        let network = Network { up, down };
        match joint {
            Some((from_ms, length_ms)) => network.cut(from_ms..from_ms + length_ms),
            None => network,
        }
    })
}

fn without_copies(network: &Network) -> Network {
    let mut network = network.clone();
    for leg in network.up.iter_mut().chain(&mut network.down) {
        leg.copies_ms.clear();
    }
    network
}

fn shuffled(seed: u64) -> Disturbance {
    Disturbance {
        shuffle: Some(Dice(seed)),
        ..Disturbance::default()
    }
}

fn ran(network: Network, disturbance: Disturbance) -> World {
    let mut world = World::with(network, LoopSettings::default(), disturbance);
    world.run(1_300, surgeon_again(950));
    world
}

// ------------------------------------------------------------------------- what must not matter

proptest! {
    #![proptest_config(config(24))]

    #[test]
    fn a_run_with_duplicates_moves_as_the_run_without(network in network()) {
        let with = ran(network.clone(), Disturbance::default());
        let without = ran(without_copies(&network), Disturbance::default());
        prop_assert_eq!(with.motion(), without.motion());
        prop_assert_eq!(with.states(), without.states());
    }

    #[test]
    fn the_order_of_arrivals_inside_a_tick_does_not_matter(network in network(), seed in any::<u64>()) {
        let plain = ran(network.clone(), Disturbance::default());
        let permuted = ran(network, shuffled(seed));
        prop_assert_eq!(plain.motion(), permuted.motion());
        prop_assert_eq!(plain.states(), permuted.states());
    }

    #[test]
    fn no_schedule_takes_a_tip_over_its_speed_or_a_joint_out_of_its_limits(network in network()) {
        let mut world = World::new(network);
        world.run(1_300, hasty);
        prop_assert!(world.fastest_tip_m_s(1..1_300) <= 0.1);
        for output in &world.outputs {
            for (joints, arm) in output.set_points.iter().zip(&world.arms) {
                for (joint, limits) in joints.iter().zip(&arm.limits).take(arm.joint_count) {
                    prop_assert!((limits.lower..=limits.upper).contains(joint));
                }
            }
        }
    }

    #[test]
    fn engagement_rises_by_one_at_each_entry_to_a_hold_and_at_nothing_else(network in network()) {
        let world = ran(network, Disturbance::default());
        let mut before = (Idle, 0);
        for output in &world.outputs {
            let entered = output.state == Holding && before.0 != Holding;
            prop_assert_eq!(output.engagement, before.1 + u32::from(entered));
            before = (output.state, output.engagement);
        }
    }

    #[test]
    fn set_points_change_only_while_following_or_within_the_stop_after_it(network in network()) {
        let world = ran(network, Disturbance::default());
        let mut followed_ms = None;
        for ms in 1..world.now_ms {
            let state = world.outputs[ms as usize].state;
            if state.is_following() {
                followed_ms = Some(ms);
            } else if followed_ms.is_none_or(|followed_ms| ms > followed_ms + STOP_MS) {
                prop_assert_eq!(world.set_points(ms), world.set_points(ms - 1), "{} ms", ms);
            }
        }
    }

    #[test]
    fn what_is_applied_is_newer_than_anything_applied_before(network in network()) {
        let world = ran(network, Disturbance::default());
        let applied = world.outputs.iter().filter_map(|output| output.applied);
        let sequences: Vec<u64> = applied.map(|applied| applied.sequence).collect();
        prop_assert!(sequences.is_sorted_by(|a, b| a < b), "{:?}", sequences);
    }
}

#[test]
fn random_schedules_reach_every_state_of_the_link() {
    // Else the laws above are blind: their schedules are drawn like these.
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::new(config(1));
    let (mut states, mut verdicts, mut duplicates) = (Vec::new(), Vec::new(), 0);
    for _ in 0..24 {
        let network = network()
            .new_tree(&mut runner)
            .expect("a network")
            .current();
        let world = ran(network, Disturbance::default());
        states.extend(world.states());
        verdicts.extend(world.verdicts.iter().map(|(_, verdict)| *verdict));
        duplicates += world.count(Verdict::Duplicate);
    }
    for state in [Idle, Aligning, Following, Coasting, Holding] {
        assert!(states.contains(&state), "never {}", state.name());
    }
    for verdict in [
        Verdict::Accepted,
        Verdict::Overtaken,
        Verdict::WrongEngagement,
    ] {
        assert!(verdicts.contains(&verdict), "never {}", verdict.name());
    }
    assert!(duplicates > 1_000);
}

#[test]
fn ten_copies_of_everything_on_both_paths_change_no_bit() {
    let plain = ran(Network::good(), Disturbance::default());
    assert_moves(&plain);
    let extra = plain.sent.iter().flat_map(|(sent_ms, sent)| {
        (0..10).map(move |copy| {
            let path = PathId::ALL[copy as usize % PATHS];
            (sent_ms + 20 + copy * copy, path, sent.bytes.to_vec())
        })
    });
    let disturbance = Disturbance {
        extra: extra.collect(),
        ..Disturbance::default()
    };
    let copied = ran(Network::good(), disturbance);
    assert!(copied.count(Verdict::Duplicate) > 9 * plain.sent.len() * 9 / 10);
    assert_eq!(copied.motion(), plain.motion());
}

#[test]
fn a_burst_in_any_order_acts_like_its_newest_frame() {
    let network = Network::good().queue_up(600..660, 2);
    let plain = ran(network.clone(), Disturbance::default());
    assert!(plain.course().contains(&Coasting) && !plain.course().contains(&Holding));
    for seed in 0..5 {
        let permuted = ran(network.clone(), shuffled(seed));
        assert!(
            permuted.count(Verdict::Overtaken) > 10,
            "blind: nothing came out of order"
        );
        assert_eq!(permuted.motion(), plain.motion());
    }
}

#[test]
fn refused_frames_leave_no_trace_in_the_motion() {
    // A frame a millisecond, so that a replay can be behind the window of 4,096.
    let settings = LoopSettings {
        frame_interval_ns: MS,
        frames_per_tick: 640,
        ..LoopSettings::default()
    };
    let network = Network::good().cut(600..800);
    let until_ms = 5_300;
    let plain = {
        let mut world = World::with(network.clone(), settings, Disturbance::default());
        world.run(until_ms, surgeon_again(950));
        world
    };
    assert_moves(&plain);
    assert!(plain.course().contains(&Holding));

    let sent_at = |ms: u64| plain.sent.iter().rev().find(|(sent_ms, _)| *sent_ms <= ms);
    let mut extra = Vec::new();
    for ms in 30..until_ms {
        let path = PathId::ALL[(ms % 2) as usize];
        let mut add = |bytes: &[u8]| extra.push((ms, path, bytes.to_vec()));
        let Some((_, newest)) = sent_at(ms) else {
            continue;
        };
        let fresh = newest.command;
        // Forged: a bit of it; malformed: a part of it; another epoch; a jump.
        let mut forged = newest.bytes;
        forged[(16 + ms % 116) as usize] ^= 1 << (ms % 8);
        add(&forged);
        add(&newest.bytes[..(ms % 132) as usize]);
        let sequence = fresh.sequence + 10;
        add(&seal_command(
            &Command {
                epoch: 9,
                sequence,
                ..fresh
            },
            &KEYS.command,
        ));
        add(&seal_command(
            &Command {
                sequence: fresh.sequence + 20_000,
                ..fresh
            },
            &KEYS.command,
        ));
        // Replays: just heard, long ago, and beyond the window.
        for age_ms in [60, 520, 4_800] {
            // What the outage swallowed would be welcome while it is fresh: it comes below.
            match ms.checked_sub(age_ms).and_then(sent_at) {
                Some((sent_ms, old)) if !(590..800).contains(sent_ms) => add(&old.bytes),
                _ => {}
            }
        }
    }
    // Commands that the outage swallowed: delivered once they are of an engagement that has ended,
    // or once they are too old.
    let held_ms = plain.enters(Holding, 0);
    for (sent_ms, sent) in &plain.sent {
        if (600..700).contains(sent_ms) {
            extra.push((held_ms + 10, PathId::B, sent.bytes.to_vec()));
        } else if (700..800).contains(sent_ms) {
            extra.push((sent_ms + 700, PathId::B, sent.bytes.to_vec()));
        }
    }
    for shuffle in [None, Some(Dice(3))] {
        let disturbance = Disturbance {
            shuffle,
            extra: extra.clone(),
            ..Disturbance::default()
        };
        let mut attacked = World::with(network.clone(), settings, disturbance);
        attacked.run(until_ms, surgeon_again(950));
        for verdict in Verdict::ALL {
            assert!(
                attacked.count(verdict) > 0
                    || [Verdict::Overtaken, Verdict::Greeting, Verdict::Flooded].contains(&verdict),
                "blind: no frame was {}",
                verdict.name()
            );
        }
        assert_eq!(attacked.states(), plain.states());
        assert_eq!(attacked.motion(), plain.motion());
    }
}

#[test]
fn trouble_with_one_hand_changes_no_bit_of_another_arm() {
    let run = |disturb: fn(u64, &mut HandInput)| {
        let mut world = World::new(Network::good().cut(600..640));
        world.run(1_300, |ms| {
            let mut input = surgeon(ms);
            disturb(ms, &mut input);
            input
        });
        world
    };
    let plain = run(|_, _| {});
    assert_moves(&plain);
    let wild = run(|ms, input| {
        input.hands[1].pose = Pose::translation(9.0 * libm::sin(ms as f64), f64::NAN, 1e300);
        input.hands[1].jaw_rad = f64::INFINITY;
    });
    for (plain, wild) in plain.motion().iter().zip(wild.motion()) {
        for arm in [0, 1, 3] {
            assert_eq!(plain[arm], wild[arm], "arm {arm}");
        }
    }
    assert!(
        plain
            .motion()
            .iter()
            .zip(wild.motion())
            .any(|(plain, wild)| plain[2] != wild[2])
    );
}

#[test]
fn equal_histories_are_equal_to_the_last_bit_of_the_digest() {
    let network = Network::good().cut(600..800);
    let mut one = World::new(network.clone());
    let mut two = World::new(network);
    for ms in 0..1_300 {
        let output = one.step(&surgeon_again(950)(ms));
        assert_eq!(output, two.step(&surgeon_again(950)(ms)));
        assert!(one.digest() == two.digest(), "{ms} ms");
    }
    let restored = one.robot.clone();
    assert!(digest(&restored) == one.digest(), "a snapshot is the state");
}

// ---------------------------------------------------------------------------------------- holding

/// Held at 720 ms; the link is good again from 800 ms on.
fn held() -> Network {
    Network::good().cut(600..800)
}

#[test]
fn the_loop_follows_the_hands_when_nothing_is_wrong() {
    let mut world = World::new(Network::good());
    world.run(1_300, |ms| {
        let x_m = if ms < 400 { 0.0 } else { 0.01 };
        with_pedal((60..160).contains(&ms), hands_at(x_m, 0.0, 0.0))
    });
    assert_eq!(world.course(), [Idle, Aligning, Following]);
    for (number, arm) in world.arms.iter().enumerate() {
        let tip = |ms: usize| {
            let tip = arm.tip_pose(&world.outputs[ms].set_points[number]);
            arm.base * tip
        };
        let moved = tip(1_299).translation.vector - tip(300).translation.vector;
        // The hands hold the first and the third arm.
        let share = f64::from(u8::from([0, 2].contains(&number)));
        let wanted = share * nalgebra::Vector3::new(0.0033, 0.0, 0.0);
        assert!((moved - wanted).norm() < 2e-5, "arm {number}: {moved}");
    }
}

#[test]
fn a_hands_turn_about_the_tables_axes_is_the_tips_turn_about_them() {
    let turn = |x: f64, y: f64, z: f64| UnitQuaternion::from_euler_angles(x, y, z);
    // The hand is not level when the gesture is made, so that the order of the turns matters.
    let (held, turned) = (turn(0.5, -0.3, 0.2), turn(0.1, 0.15, 0.2));
    let mut world = World::new(Network::good());
    world.run(1_800, |ms| {
        let rotation = if ms < 400 { held } else { turned * held };
        let mut input = hands_at(0.0, 0.0, 0.0);
        for hand in &mut input.hands {
            hand.pose.rotation = rotation;
        }
        with_pedal((60..160).contains(&ms), input)
    });
    let instruments = world
        .arms
        .iter()
        .enumerate()
        .filter(|(number, _)| [0, 2].contains(number));
    for (number, arm) in instruments {
        let tip =
            |ms: usize| (arm.base * arm.tip_pose(&world.outputs[ms].set_points[number])).rotation;
        let meant = turned * tip(300);
        let error_rad = tip(1_799).angle_to(&meant);
        assert!(error_rad < 1e-4, "arm {number} is {error_rad} rad off");
        assert!(tip(300).angle_to(&meant) > 0.2, "blind");
    }
}

#[test]
fn the_first_set_point_after_a_resumption_is_the_one_before_however_far_the_hand_went() {
    for away_m in [0.0, 0.001, 0.05, 0.3, 1.5] {
        let mut world = World::new(held());
        world.run(1_800, |ms| {
            let pressed = (60..160).contains(&ms) || (1_000..1_100).contains(&ms);
            let input = match ms {
                0..750 => moving(ms),
                _ => hands_at(away_m, -away_m, 0.5 * away_m),
            };
            with_pedal(pressed, input)
        });
        let course = world.course();
        assert_eq!(
            course[2..],
            [Following, Coasting, Holding, Aligning, Following],
            "{away_m} m"
        );
        let resumed_ms = world.enters(Following, 900);
        assert_eq!(
            world.set_points(resumed_ms),
            world.set_points(resumed_ms - 1),
            "{away_m} m"
        );
        // The hand keeps still, so nothing but the jaw moves ever after, which meets the hand's opening.
        let joints = |ms: u64| world.set_points(ms).map(|joints| joints[..6].to_vec());
        for ms in resumed_ms..1_800 {
            assert_eq!(joints(ms), joints(resumed_ms), "{away_m} m, {ms} ms");
        }
    }
}

#[test]
fn a_hand_that_moves_through_the_gesture_moves_the_tip_from_where_it_is() {
    let mut world = World::new(held());
    world.run(1_800, surgeon_again(1_000));
    let resumed_ms = world.enters(Following, 900);
    assert_eq!(
        world.set_points(resumed_ms),
        world.set_points(resumed_ms - 1)
    );
    assert!(world.moved(resumed_ms..1_800), "and then it follows");
}

#[test]
fn nothing_resumes_a_hold_but_a_gesture_made_after_it() {
    let no_gesture = |ms: u64| with_pedal((60..160).contains(&ms), moving(ms));
    let during_the_outage = |ms: u64| surgeon_again(650)(ms);
    let pedal_down_only = |ms: u64| with_pedal((60..160).contains(&ms) || ms >= 900, moving(ms));
    let cases: [(&str, Surgeon, State); 3] = [
        ("hands that go on", &no_gesture, Holding),
        (
            "a gesture that does not know of the hold",
            &during_the_outage,
            Holding,
        ),
        (
            "a pedal that goes down and stays",
            &pedal_down_only,
            Aligning,
        ),
    ];
    for (name, surgeon, wanted) in cases {
        let mut world = World::new(held());
        world.run(2_500, surgeon);
        let held_ms = world.enters(Holding, 0);
        assert_still(&world, held_ms + STOP_MS..2_500, name);
        assert_eq!(world.state(), wanted, "{name}");
        assert!(world.count(Verdict::WrongEngagement) > 10, "{name}");
    }
    let mut world = World::new(held());
    world.run(2_500, surgeon_again(1_000));
    assert_eq!(world.state(), Following, "a gesture after it does");
}

#[test]
fn a_gesture_that_knows_of_the_hold_resumes_though_it_was_made_before_the_link_was_whole() {
    let mut world = World::new(Network::good().cut_up(600..900));
    world.run(1_300, surgeon_again(760));
    let resumed_ms = world.enters(Following, 700);
    assert!(resumed_ms > 900);
    assert_eq!(
        world.set_points(resumed_ms),
        world.set_points(resumed_ms - 1)
    );
}

#[test]
fn a_queue_that_is_let_go_after_a_hold_moves_nothing() {
    for end_ms in [720, 800, 900, 1_500] {
        let mut world = World::new(Network::good().queue_up(600..end_ms, 2));
        world.run(end_ms + 800, surgeon);
        let held_ms = world.enters(Holding, 0);
        assert!(
            held_ms < end_ms + 20,
            "the burst comes after the hold has begun"
        );
        let dead = world.count(Verdict::WrongEngagement) + world.count(Verdict::Stale);
        assert!(dead > 50, "blind: the queue was short");
        assert_still(&world, held_ms + STOP_MS..end_ms + 800, "a queue");
        assert_eq!(world.state(), Holding);
    }
}

#[test]
fn each_hold_kills_what_was_engaged_before_it() {
    let network = held().cut(1_600..1_800).cut(2_600..2_800);
    let mut world = World::new(network);
    world.run(3_500, |ms| {
        let pressed = [60, 1_000, 2_000, 3_000]
            .iter()
            .any(|from| (*from..from + 100).contains(&ms));
        with_pedal(pressed, moving(ms))
    });
    let holds = world
        .course()
        .iter()
        .filter(|state| **state == Holding)
        .count();
    assert_eq!(holds, 3);
    assert_eq!(
        world.outputs.last().map(|output| output.engagement),
        Some(3)
    );
    assert_eq!(world.state(), Following);
    for output in &world.outputs {
        if let Some(applied) = output.applied {
            assert_eq!(
                applied.engagement, output.engagement,
                "of the present engagement"
            );
        }
    }
}

#[test]
fn after_an_outage_of_any_length_a_gesture_resumes_within_a_second() {
    for outage_ms in [150, 1_000, 9_000, 12_000] {
        let healed_ms = 600 + outage_ms;
        let mut world = World::new(Network::good().cut(600..healed_ms));
        world.run(healed_ms + 1_200, surgeon_again(healed_ms + 100));
        let resumed_ms = world.enters(Following, healed_ms);
        assert!(resumed_ms <= healed_ms + 1_200, "outage of {outage_ms} ms");
    }
}

// ------------------------------------------------------------------------------- silence and stops

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

// -------------------------------------------------------------------------------- pedal and clutch

#[test]
fn the_pedal_stops_the_arms_and_holds_them_still() {
    let mut world = World::new(Network::good());
    world.run(1_500, |ms| {
        with_pedal((60..160).contains(&ms) || ms >= 900, hasty(ms))
    });
    let pressed_ms = world.enters(Aligning, 500);
    assert!((920..=922).contains(&pressed_ms), "{pressed_ms} ms");
    assert_still(&world, pressed_ms + STOP_MS..1_500, "a pressed pedal");
    assert_eq!(
        world.outputs.last().map(|output| output.engagement),
        Some(0),
        "no hold"
    );
}

#[test]
fn the_hands_are_free_while_the_pedal_is_down() {
    let mut world = World::new(Network::good());
    world.run(1_800, |ms| {
        let x_m = if ms < 900 { 0.0 } else { 0.25 };
        let pressed = (60..160).contains(&ms) || (800..1_000).contains(&ms);
        with_pedal(pressed, hands_at(x_m, 0.0, 0.0))
    });
    assert_eq!(
        world.course(),
        [Idle, Aligning, Following, Aligning, Following]
    );
    // Where the arms came to rest they stay, to the rounding of the inverse kinematics.
    let at = |ms: usize| world.outputs[ms].set_points.into_iter().flatten();
    for ms in 900..1_800 {
        let moved = at(ms).zip(at(900)).map(|(now, then)| (now - then).abs());
        assert!(moved.fold(0.0, f64::max) < 1e-9, "{ms} ms");
    }
}

#[test]
fn a_clutch_number_that_changes_unseen_stops_first_and_anchors_anew() {
    // Every command with the pedal down is lost; the gap is too short for a hold.
    let mut world = World::new(Network::good().cut_up(899..945));
    world.run(1_800, |ms| {
        let pressed = (60..160).contains(&ms) || (900..940).contains(&ms);
        let far = Translation3::new(if ms < 920 { 0.0 } else { 0.4 }, 0.0, 0.0);
        let mut input = hasty(ms);
        for hand in &mut input.hands {
            hand.pose = far * hand.pose;
        }
        with_pedal(pressed, input)
    });
    let course = [Idle, Aligning, Following, Coasting, Aligning, Following];
    assert_eq!(world.course(), course);
    let anew_ms = world.enters(Following, 900);
    assert_eq!(
        world.set_points(anew_ms),
        world.set_points(anew_ms - 1),
        "nothing jumps"
    );
    assert!(
        anew_ms > world.enters(Aligning, 900) + 20,
        "stopping took its time"
    );
    assert!(world.fastest_tip_m_s(anew_ms..anew_ms + 500) <= 0.02);
}

// ---------------------------------------------------------------------------------- faults and stops

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

// ---------------------------------------------------------------------------------------- digest

/// A robot in an arm's length of following, and the command that follows next.
fn following_robot() -> (World, Command) {
    let mut world = World::new(Network::good());
    world.run(600, surgeon);
    assert_eq!(world.state(), Following);
    let newest = world.sent.last().expect("many were sent").1.command;
    (
        world,
        Command {
            sequence: newest.sequence + 100,
            ..newest
        },
    )
}

#[test]
fn the_digest_differs_wherever_a_later_output_can_differ() {
    let (world, next) = following_robot();
    let after = |command: &Command| {
        let mut robot = world.robot.clone();
        let verdict = robot.receive(600 * MS, PathId::A, &seal_command(command, &KEYS.command));
        assert_eq!(verdict, Verdict::Accepted);
        digest(&robot)
    };
    assert_eq!(after(&next), after(&next));
    let mut moved = next;
    moved.hands[1]
        .as_mut()
        .expect("it holds")
        .motion
        .translation
        .vector
        .x += 1e-6;
    let mut turned = next;
    turned.hands[1].as_mut().expect("it holds").motion.rotation *=
        UnitQuaternion::from_euler_angles(0.0, 0.0, 1e-6);
    let mut opened = next;
    opened.hands[1].as_mut().expect("it holds").jaw_rad += 1e-5;
    let mut gripped = next;
    gripped.hands[1].as_mut().expect("it holds").grip += 1;
    let mut swapped = next;
    swapped.hands[1].as_mut().expect("it holds").arm = 1;
    let cases = [
        ("another motion", moved),
        ("another turn", turned),
        ("another jaw", opened),
        ("another grip", gripped),
        ("another arm", swapped),
        (
            "the pedal down",
            Command {
                engaged: false,
                ..next
            },
        ),
        ("a stop", Command { stop: true, ..next }),
        ("another clutch number", Command { clutch: 2, ..next }),
        (
            "another echo",
            Command {
                echo_ns: next.echo_ns - 1,
                ..next
            },
        ),
        (
            "another sequence",
            Command {
                sequence: next.sequence + 1,
                ..next
            },
        ),
    ];
    for (name, command) in cases {
        assert!(after(&command) != after(&next), "{name}");
    }
}

#[test]
fn the_digest_differs_with_the_time_of_a_command_and_with_each_tick() {
    let (world, next) = following_robot();
    let bytes = seal_command(&next, &KEYS.command);
    let at = |now_ns: u64| {
        let mut robot = world.robot.clone();
        robot.receive(now_ns, PathId::A, &bytes);
        digest(&robot)
    };
    assert!(at(600 * MS) != at(600 * MS + 1));
    // Behind a newer frame that was stale, only the time of acceptance tells the two apart.
    let newer = Command {
        sequence: next.sequence + 1,
        echo_ns: 0,
        ..next
    };
    let stale = seal_command(&newer, &KEYS.command);
    let accepted_at = |now_ns: u64| {
        let mut robot = world.robot.clone();
        robot.receive(600 * MS, PathId::A, &stale);
        let verdict = robot.receive(now_ns, PathId::A, &bytes);
        assert_eq!(verdict, Verdict::Accepted);
        robot.receive(602 * MS, PathId::A, &bytes);
        digest(&robot)
    };
    assert!(accepted_at(600 * MS) != accepted_at(601 * MS));
    let mut robot = world.robot.clone();
    let before = digest(&robot);
    robot.tick(600 * MS, &world.sensed);
    assert!(digest(&robot) != before);
}

// ---------------------------------------------------------------------------------------- status

#[test]
fn statuses_say_what_the_robot_is_and_leave_at_their_interval() {
    let mut world = World::new(held());
    world.run(1_300, surgeon_again(1_000));
    let mut number = 0;
    for (ms, output) in world.outputs.iter().enumerate() {
        // A session begins at the robot with the first command that arrives.
        assert_eq!(output.status.is_some(), ms >= 20 && ms % 2 == 0, "{ms} ms");
        let Some(bytes) = output.status else { continue };
        number += 1;
        let status = control_loop::frame::open_status(&bytes, &KEYS.status).expect("sealed for us");
        assert_eq!(status.sequence, number);
        assert_eq!(status.epoch, 1);
        assert_eq!(status.robot_time_ns, ms as u64 * MS);
        assert_eq!(
            (status.state, status.engagement),
            (output.state, output.engagement)
        );
        assert_eq!((status.paths, status.fault), (output.paths, output.fault));
        let judged: u32 = status.verdicts.iter().flatten().sum();
        let arrived = world
            .verdicts
            .iter()
            .filter(|(at_ms, _)| *at_ms <= ms as u64)
            .count();
        assert_eq!(judged as usize, arrived + 1, "the greeting came before");
        let followed = if ms < 180 {
            0
        } else if ms < 1_120 {
            1
        } else {
            2
        };
        assert_eq!(status.clutch, followed, "{ms} ms");
    }
}
