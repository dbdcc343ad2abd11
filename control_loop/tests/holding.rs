//! Following, holding and resuming, over two scripted paths.

mod common;

use common::{
    Network, STOP_MS, World, assert_still, hands_at, held, moving, surgeon, surgeon_again,
    with_pedal,
};
use control_loop::admission::Verdict;
use control_loop::{HandInput, State};
use nalgebra::UnitQuaternion;

use State::{Aligning, Coasting, Following, Holding, Idle};

/// What a surgeon does at each time, ms.
type Surgeon<'a> = &'a dyn Fn(u64) -> HandInput;

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
