//! The laws of the loop, both ends joined by two scripted paths: what must not matter does not.

mod common;

use common::{
    Dice, Disturbance, KEYS, Leg, MS, Network, STOP_MS, World, config, digest, hasty, surgeon,
    surgeon_again,
};
use control_loop::admission::Verdict;
use control_loop::frame::{Command, seal_command};
use control_loop::{HandInput, LoopSettings, PATHS, PathId, State};
use proptest::prelude::*;
use robot_model::Pose;

use State::{Aligning, Coasting, Following, Holding, Idle};

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
