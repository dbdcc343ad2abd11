//! The clutch pedal, over two scripted paths.

mod common;

use common::{Network, STOP_MS, World, assert_still, hands_at, hasty, with_pedal};
use control_loop::State;
use nalgebra::Translation3;

use State::{Aligning, Coasting, Following, Idle};

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
