//! Hands, pedals, grips and stitches of the seeded surgeon.

use super::*;

const ARMS: [ArmKind; 4] = [
    ArmKind::Instrument,
    ArmKind::Endoscope,
    ArmKind::Instrument,
    ArmKind::Instrument,
];

fn surgeon(seed: u64) -> Surgeon {
    Surgeon::new(&SurgeonSettings::default(), &ARMS, seed)
}

#[test]
fn the_minimum_jerk_profile_starts_and_ends_at_rest_and_passes_the_middle() {
    assert_eq!(minimum_jerk(0.0), 0.0);
    assert_eq!(minimum_jerk(1.0), 1.0);
    assert!((minimum_jerk(0.5) - 0.5).abs() < 1e-15);
    assert!(minimum_jerk(1e-3) < 1e-8 && 1.0 - minimum_jerk(1.0 - 1e-3) < 1e-8);
}

#[test]
fn the_same_seed_moves_the_hands_alike_and_another_does_not() {
    let (mut one, mut same, mut other) = (surgeon(7), surgeon(7), surgeon(8));
    let mut differs = false;
    for tick in 0..5_000 {
        let now_ns = tick * 1_000_000;
        let hands = one.act(now_ns, Some(State::Following)).hands;
        assert_eq!(
            hands[1].pose,
            same.act(now_ns, Some(State::Following)).hands[1].pose
        );
        differs |= hands[1].pose != other.act(now_ns, Some(State::Following)).hands[1].pose;
    }
    assert!(differs);
}

#[test]
fn instruments_stay_in_their_volume_however_often_the_clutch_is_pressed_and_hands_never_jump() {
    let mut surgeon = surgeon(3);
    let mut before: Option<Vector3<f64>> = None;
    let reach_m = SurgeonSettings::default().reach_mm.get() * 1e-3;
    // The robot follows what the hands do between gestures, from the first one on.
    let (mut hand_before, mut instruments) = ([Vector3::zeros(); HANDS], [Vector3::zeros(); 4]);
    let (mut gestures, mut pressed) = (0, false);
    for tick in 0..300_000 {
        let shown = match gestures {
            0 => State::Idle,
            _ => State::Following,
        };
        let input = surgeon.act(tick * 1_000_000, Some(shown));
        gestures += u32::from(pressed && !input.clutch_pressed);
        pressed = input.clutch_pressed;
        for (hand, before) in input.hands.iter().zip(&mut hand_before) {
            let position = hand.pose.translation.vector;
            let is_led = gestures > 0 && !pressed && !input.camera_pressed;
            if is_led && let Some(arm) = hand.arm {
                instruments[arm] += position - *before;
            }
            *before = position;
        }
        for (arm, moved) in instruments.iter().enumerate() {
            assert!(
                moved.norm() <= 1.1 * reach_m,
                "tick {tick}, arm {arm}: {moved}"
            );
        }
        let position = hand_before[0];
        if let Some(before) = before {
            assert!((position - before).norm() < 1e-3, "tick {tick} jumps");
        }
        before = Some(position);
    }
    assert!(gestures > 30, "{gestures} gestures");
}

#[test]
fn a_tremor_has_the_stated_rms() {
    let settings = SurgeonSettings::default();
    let motion = HandMotion::new(&settings, Stream::new(11, "tremor"));
    let squares: f64 = (0..60_000)
        .map(|tick| motion.tremor_at(tick * 1_000_000).norm_squared())
        .sum();
    let rms_um = libm::sqrt(squares / 60_000.0) * 1e6;
    let stated = settings.tremor_rms_um.get();
    assert!(
        (rms_um / stated - 1.0).abs() < 0.1,
        "{rms_um} µm against {stated} µm"
    );
}

#[test]
fn a_hold_on_the_screen_makes_the_surgeon_press_the_pedal_after_a_reaction_time() {
    let mut surgeon = surgeon(5);
    let mut now_ns = 0;
    let mut act = |surgeon: &mut Surgeon, state| {
        now_ns += 1_000_000;
        (now_ns, surgeon.act(now_ns, Some(state)).clutch_pressed)
    };
    // The gesture at the start, then following for two seconds.
    let start = (0..3_000)
        .filter(|_| act(&mut surgeon, State::Following).1)
        .count();
    assert!(start > 100, "no gesture at the start");
    let (held_ns, pressed) = act(&mut surgeon, State::Holding);
    assert!(!pressed, "nobody reacts at once");
    let reacted_ns = (0..5_000)
        .find_map(|_| {
            let (at_ns, pressed) = act(&mut surgeon, State::Holding);
            pressed.then_some(at_ns)
        })
        .expect("the surgeon reacts");
    let reaction_s = (reacted_ns - held_ns) as f64 / NS_PER_S;
    let span = SurgeonSettings::default().reaction_s;
    assert!(
        (span.from().get() - 0.01..=span.to().get() + 0.01).contains(&reaction_s),
        "{reaction_s} s"
    );
}

#[test]
fn nobody_presses_the_pedal_before_the_console_shows_anything() {
    let mut surgeon = surgeon(5);
    assert!((0..10_000).all(|tick| !surgeon.act(tick * 1_000_000, None).clutch_pressed));
}

#[test]
fn hands_swap_instruments_and_both_move_the_camera_but_never_hold_one_arm_together() {
    let mut surgeon = surgeon(9);
    let (mut held, mut camera_ticks, mut swaps) = (vec![], 0, 0);
    for tick in 0..60_000 {
        let input = surgeon.act(tick * 1_000_000, Some(State::Following));
        let arms = input.hands.map(|hand| hand.arm);
        assert!(arms[0].is_some() && arms[0] != arms[1]);
        assert!(!arms.contains(&Some(1)), "the endoscope is for the pedal");
        camera_ticks += u32::from(input.camera_pressed);
        swaps += u32::from(!held.is_empty() && held != arms);
        held = arms.to_vec();
    }
    assert!(swaps >= 3, "{swaps} swaps");
    assert!((3_000..30_000).contains(&camera_ticks), "{camera_ticks} ms");
}

#[test]
fn a_stitch_keeps_its_radius_turns_the_wrist_and_comes_back() {
    let settings = SurgeonSettings {
        stitch_share: net_model::Probability::clamped(1.0),
        tremor_rms_um: crate::units::Micrometres::clamped(0.0),
        rest_s: SecondsRange::new(0.1, 0.2).expect("it ascends"),
        ..SurgeonSettings::default()
    };
    let mut motion = HandMotion::new(&settings, Stream::new(3, "stitches"));
    let (mut farthest_m, mut most_turned, mut stitches) = (0.0_f64, 0.0_f64, 0);
    let mut began_ns = motion.began_ns;
    for tick in 0..30_000 {
        let hand = motion.at(tick * 1_000_000, &settings, &Displacement::NONE);
        let place = hand.pose.translation.vector;
        // Every stitch starts where the hand started: at the origin.
        let spoke = motion.stitch.expect("all are stitches").spoke_m;
        assert!(
            ((place + spoke).norm() - 0.015).abs() < 1e-12,
            "tick {tick}"
        );
        farthest_m = farthest_m.max(place.norm());
        most_turned = most_turned.max(hand.pose.rotation.angle());
        if motion.began_ns != began_ns {
            began_ns = motion.began_ns;
            stitches += 1;
            assert!(place.norm() < 1e-6, "a stitch ends where it began");
        }
    }
    assert!((most_turned - STITCH_RAD).abs() < 1e-3, "{most_turned} rad");
    let chord_m = 2.0 * 0.015 * libm::sin(STITCH_RAD / 2.0);
    assert!((farthest_m - chord_m).abs() < 1e-5, "{farthest_m} m");
    // Twice 0.6 to 1.6 s and a rest of 0.1 to 0.2 s: 2.35 s each on average.
    assert!((9..=18).contains(&stitches), "{stitches} stitches in 30 s");
}

#[test]
fn moving_and_waiting_rests_the_hand_for_as_long_as_it_is_told() {
    let still_share = |from, to| {
        let settings = SurgeonSettings {
            wait_s: SecondsRange::new(from, to).expect("it ascends"),
            rest_s: SecondsRange::new(0.0, 0.0).expect("it ascends"),
            reach_time_s: SecondsRange::new(1.0, 1.0).expect("it ascends"),
            tremor_rms_um: crate::units::Micrometres::clamped(0.0),
            ..SurgeonSettings::default()
        };
        let mut motion = HandMotion::new(&settings, Stream::new(5, "waits"));
        let mut before = motion.at(0, &settings, &Displacement::NONE).pose;
        let still = (1..60_000).filter(|tick| {
            let pose = motion
                .at(tick * 1_000_000, &settings, &Displacement::NONE)
                .pose;
            core::mem::replace(&mut before, pose) == pose
        });
        still.count() as f64 / 60_000.0
    };
    assert!(still_share(0.0, 0.0) < 0.02);
    // One second moving, one waiting.
    assert!((still_share(1.0, 1.0) - 0.5).abs() < 0.05);
}

#[test]
fn voluntary_motion_is_slow_and_tremor_is_in_its_band() {
    // The share of power below 2 Hz of hands without a tremor (Riviere 1997: 98.9 % of what is meant),
    // by the plain sum over frequencies of 0.05 Hz.
    let power = |tremor_um: f64, reach_mm: f64, band: core::ops::Range<f64>| {
        let settings = SurgeonSettings {
            tremor_rms_um: crate::units::Micrometres::clamped(tremor_um),
            reach_mm: crate::units::Millimetres::clamped(reach_mm),
            ..SurgeonSettings::default()
        };
        let mut motion = HandMotion::new(&settings, Stream::new(2, "spectrum"));
        let xs: Vec<f64> = (0..800)
            .map(|sample| {
                motion
                    .at(sample * 25_000_000, &settings, &Displacement::NONE)
                    .pose
                    .translation
                    .x
            })
            .collect();
        let mean = xs.iter().sum::<f64>() / xs.len() as f64;
        let at = |hertz: f64| {
            let (mut re, mut im) = (0.0, 0.0);
            for (sample, x) in xs.iter().enumerate() {
                let phase = core::f64::consts::TAU * hertz * sample as f64 * 0.025;
                let (sin, cos) = libm::sincos(phase);
                re += (x - mean) * cos;
                im += (x - mean) * sin;
            }
            re * re + im * im
        };
        let (mut inside, mut all) = (0.0, 0.0);
        for step in 1..400 {
            let hertz = f64::from(step) * 0.05;
            let power = at(hertz);
            all += power;
            inside += if band.contains(&hertz) { power } else { 0.0 };
        }
        inside / all
    };
    let meant = power(0.0, 60.0, 0.0..2.0);
    assert!(meant > 0.989, "{meant} of what is meant is below 2 Hz");
    let trembled = power(49.0, 0.0, 7.9..12.1);
    assert!(trembled > 0.95, "{trembled} of the tremor is in its band");
}

#[test]
fn a_recording_takes_the_hands_and_leaves_the_pedal() {
    let mut text = String::from("t_s");
    for side in ["left", "right"] {
        for name in ["x_m", "y_m", "z_m", "qx", "qy", "qz", "qw", "jaw_rad"] {
            text += &format!(",{side}_{name}");
        }
    }
    text +=
        "\n0,0.001,0,0,0,0,0,1,0.3,0,0,0,0,0,0,1,0.3\n1,0.002,0,0,0,0,0,1,0.3,0,0,0,0,0,0,1,0.3";
    let recording = Arc::new(Recording::from_csv(&text).expect("it is valid"));
    let (mut plain, mut playing) = (surgeon(4), surgeon(4).playing(Some(recording)));
    for tick in 0..3_000 {
        let now_ns = tick * 1_000_000;
        let (own, played) = (
            plain.act(now_ns, Some(State::Following)),
            playing.act(now_ns, Some(State::Following)),
        );
        assert_eq!(own.clutch_pressed, played.clutch_pressed);
        assert_eq!(own.hands[0].arm, played.hands[0].arm);
        let wanted_m = 0.001 + 0.001 * libm::fmin(now_ns as f64 * 1e-9, 1.0);
        assert!((played.hands[0].pose.translation.x - wanted_m).abs() < 1e-12);
    }
}

#[test]
fn one_arm_is_held_by_one_hand() {
    let arms = [ArmKind::Endoscope];
    let mut surgeon = Surgeon::new(&SurgeonSettings::default(), &arms, 1);
    let hands = surgeon.act(0, None).hands;
    assert_eq!(hands.map(|hand| hand.arm), [Some(0), None]);
}
