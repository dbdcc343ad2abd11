//! Sessions on the real scenario: scrubbing, scouting, interfering, recording.

use clap::Parser;

use super::*;
use crate::cli::Arguments;
use crate::hands::PersonHands;

const S: u64 = 1_000_000_000;

fn case(more: &[&str]) -> Case {
    let scenario = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../scenarios/casablanca_shanghai.ron"
    );
    let line = ["rehearsal", scenario]
        .into_iter()
        .chain(more.iter().copied());
    let arguments = Arguments::try_parse_from(line).expect("a command line");
    Case::open(&arguments).expect("the scenario reads")
}

fn session(more: &[&str]) -> Session {
    Session::new(case(more), 1.0).expect("the world can be built")
}

fn hash(session: &Session) -> u64 {
    session.twin().outcome().hash
}

#[test]
fn scrubbing_back_and_going_straight_come_to_the_same_history() {
    let mut straight = session(&["--duration", "4"]);
    straight.seek(2 * S + 345_000_000);
    let there = hash(&straight);
    let scene = straight.scene();

    let mut scrubbed = session(&["--duration", "4"]);
    scrubbed.seek(3 * S + 700_000_000);
    scrubbed.seek(2 * S + 345_000_000);
    assert_eq!(hash(&scrubbed), there);
    assert_eq!(scrubbed.scene().now, scene.now);
    assert_eq!(scrubbed.scene().pictured, scene.pictured);
    scrubbed.seek(4 * S);
    straight.seek(4 * S);
    assert_eq!(hash(&scrubbed), hash(&straight));
}

#[test]
fn a_scout_makes_the_whole_run_known_without_moving_what_is_shown() {
    let mut session = session(&["--duration", "3"]);
    session.scout(&mut || true);
    assert_eq!(session.now_ns(), 0);
    assert!(session.report().is_whole);
    assert_eq!(session.reached_ns(), 3 * S);
    let promised = session.report().hash;
    session.seek(3 * S);
    assert_eq!(hash(&session), promised);
}

#[test]
fn the_picture_is_as_old_as_the_network_and_the_imaging_make_it() {
    let mut session = session(&["--duration", "3", "--faults", "none"]);
    session.seek(2 * S);
    let scene = session.scene();
    // 100 ms of path A's base delay and 50 ms of imaging, and a little jitter.
    let age_ms = scene.picture_age_ns / 1_000_000;
    assert!((150..175).contains(&age_ms), "{age_ms}");
    assert_eq!(scene.picture, crate::scene::Picture::Live);
    assert_eq!(scene.pictured.at_ns, 2 * S - scene.picture_age_ns);
}

#[test]
fn a_picture_that_no_path_brings_is_frozen() {
    let mut session = session(&["--duration", "3", "--faults", "none", "--cut", "both@1..3"]);
    session.seek(2 * S);
    let frozen = session.scene();
    assert_eq!(frozen.picture, crate::scene::Picture::Frozen);
    session.seek(2 * S + 200_000_000);
    assert_eq!(session.scene().pictured, frozen.pictured);
    assert_eq!(session.state(), State::Holding);
}

#[test]
fn a_path_that_a_person_cuts_is_cut_until_the_same_key_mends_it_and_the_recording_replays() {
    let mut session = session(&["--hands", "person"]);
    let mut hands = PersonHands::new(&session.case.operation);
    let tick_to = |session: &mut Session, hands: &PersonHands, at_ns: u64| {
        while session.now_ns() < at_ns {
            session.push_hands(&hands.input());
            for _ in 0..16 {
                session.step();
            }
        }
    };
    tick_to(&mut session, &hands, S);
    hands.press_clutch(true);
    tick_to(&mut session, &hands, S + 300_000_000);
    hands.press_clutch(false);
    tick_to(&mut session, &hands, 2 * S);
    assert_eq!(session.state(), State::Following);
    hands.move_held(&nalgebra::Vector3::new(0.0, 0.0, -0.01));
    session.trouble(Trouble::CutA);
    session.trouble(Trouble::CutB);
    tick_to(&mut session, &hands, 3 * S);
    assert_eq!(session.state(), State::Holding);
    session.trouble(Trouble::CutA);
    tick_to(&mut session, &hands, 4 * S);
    let text = session.recording().expect("it can be written");
    let recorded = campaign::Session::from_ron(&text).expect("it reads");
    let mut replay = recorded
        .twin(
            &session.case.operation,
            session.case.loop_name.factory(),
            sim::Keep::default(),
        )
        .expect("it can be built");
    assert_eq!(replay.run_to_end().hash, hash(&session));
    assert_eq!(recorded.hash, hash(&session));
}

#[test]
fn interfering_with_a_watched_run_begins_another_future() {
    let mut session = session(&["--duration", "4", "--faults", "none"]);
    session.scout(&mut || true);
    let undisturbed = session.report().hash;
    session.seek(S);
    session.trouble(Trouble::CutA);
    session.seek(4 * S);
    assert_ne!(hash(&session), undisturbed);
    assert_eq!(session.report().hash, hash(&session));
    // What was shaped so far stays, however often one looks back.
    let shaped = hash(&session);
    session.seek(2 * S);
    session.trouble(Trouble::CutB);
    session.seek(4 * S);
    assert_eq!(hash(&session), shaped);
}

#[test]
fn a_failure_that_somebody_interferes_with_is_saved_as_it_went_on() {
    let scenario = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../scenarios/casablanca_shanghai.ron"
    );
    let shipped = case(&[]);
    // What shrinking leaves: one arm, steady links, another surgeon.
    let failure = campaign::Failure {
        format: campaign::FORMAT,
        commit: String::new(),
        scenario: scenario.into(),
        scenario_sha256: shipped.scenario_sha256.clone(),
        loop_name: "own".into(),
        requirement: Id::R07,
        violated_at_ns: 0,
        duration_ns: 4 * S,
        seed: 3,
        surgeon_seed: 4,
        schedule: net_model::FaultSchedule::default(),
        links: campaign::Links::Constant,
        arms: Some(vec!["right".into()]),
        surgeon: None,
        explanation: String::new(),
    };
    let folder = std::env::temp_dir().join(format!("rehearsal-interfered-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a temporary folder");
    let file = folder.join("failure.ron");
    std::fs::write(&file, failure.to_ron().expect("it can be written")).expect("written");
    let arguments = Arguments::try_parse_from(["rehearsal".as_ref(), file.as_os_str()]);
    let case = Case::open(&arguments.expect("a command line")).expect("it reads");
    let mut session = Session::new(case, 1.0).expect("the world can be built");
    session.seek(2 * S + 500_000_000);
    // The attacker has heard all that was sent before anybody asked for it.
    session.trouble(Trouble::Replay);
    session.trouble(Trouble::CutA);
    session.seek(4 * S);
    let hostile = session.twin().packets().expect("they are remembered");
    assert!(hostile.packets().any(|packet| packet.is_hostile));
    let text = session.recording().expect("it can be written");
    let recorded = campaign::Session::from_ron(&text).expect("it reads");
    let replayed = recorded
        .twin(
            &shipped.operation,
            shipped.loop_name.factory(),
            sim::Keep::default(),
        )
        .expect("it can be built")
        .run_to_end()
        .hash;
    std::fs::remove_dir_all(&folder).expect("it was there");
    assert_eq!(replayed, hash(&session));
}

#[test]
fn jumping_to_events_stops_at_each_that_is_worth_a_look() {
    let mut session = session(&["--duration", "4", "--faults", "none", "--cut", "both@2..4"]);
    session.scout(&mut || true);
    session.seek_event(true);
    let first_ns = session.now_ns();
    assert!(first_ns > 0);
    assert_eq!(
        session.state(),
        State::Aligning,
        "the event's effect is seen"
    );
    session.seek_event(true);
    let second_ns = session.now_ns();
    assert!(second_ns > first_ns);
    session.seek_event(false);
    assert_eq!(session.now_ns(), first_ns);
}

#[test]
fn the_ghost_leads_the_arm_while_a_command_is_on_its_way() {
    let mut session = session(&["--duration", "6", "--faults", "none"]);
    let mut leads = 0;
    for step in 40..60 {
        session.seek(step * S / 10);
        let scene = session.scene();
        let distance = |index: usize| {
            let (ghost, arm) = (&scene.commanded.arms[index], &scene.now.arms[index]);
            (ghost.tip.translation.vector - arm.tip.translation.vector).norm()
        };
        for index in 0..scene.now.arms.len() {
            assert!(distance(index) < 0.05, "{} m", distance(index));
            leads += usize::from(distance(index) > 1e-3);
        }
    }
    assert!(leads > 5, "the hands move, so ghosts lead: {leads}");
}

/// The scenario with a video of 20 Mbit/s through the narrowest point of both downlinks.
fn with_video(rate_mbit_s: f64) -> Case {
    use net_model::bottleneck::{Bottleneck, CrossTraffic};
    use net_model::units::{Bytes, LogSd, MegabitsPerSecond, PerSecond, Ratio};
    let mut case = case(&["--duration", "4", "--faults", "none"]);
    for path in &mut case.operation.paths {
        path.down.bottleneck = Some(Bottleneck {
            rate_mbit_s: MegabitsPerSecond::clamped(rate_mbit_s),
            limit_bytes: Bytes::clamped(200_000.0),
            cross: vec![CrossTraffic::Video {
                frames_per_s: PerSecond::clamped(50.0),
                rate_mbit_s: MegabitsPerSecond::clamped(20.0),
                key_every: 30,
                key_ratio: Ratio::clamped(4.0),
                size_log_sd: LogSd::clamped(0.2),
                packet_bytes: Bytes::clamped(1_250.0),
            }],
        });
    }
    case
}

#[test]
fn a_video_that_has_room_shows_whole_frames_and_is_live() {
    let mut session = Session::new(with_video(200.0), 1.0).expect("the world can be built");
    session.seek(3 * S);
    let scene = session.scene();
    assert_eq!(scene.picture, crate::scene::Picture::Live);
    // Fifty frames a second: what is shown was captured 20 ms apart.
    let mut shown_ns = vec![scene.pictured.at_ns];
    for ms in 1..100 {
        session.seek(3 * S + ms * 1_000_000);
        shown_ns.push(session.scene().pictured.at_ns);
    }
    shown_ns.dedup();
    assert!(shown_ns.len() >= 5, "{shown_ns:?}");
    for pair in shown_ns.windows(2) {
        assert_eq!(pair[1] - pair[0], 20_000_000, "{shown_ns:?}");
    }
    let age_ms = scene.picture_age_ns / 1_000_000;
    assert!((150..200).contains(&age_ms), "{age_ms}");
}

#[test]
fn a_video_that_does_not_fit_comes_damaged() {
    let mut session = Session::new(with_video(12.0), 1.0).expect("the world can be built");
    session.seek(3 * S);
    assert_eq!(session.scene().picture, crate::scene::Picture::Degraded);
}

#[test]
fn a_ghost_waits_where_the_hand_wants_the_tip_and_the_arm_comes_there() {
    let mut session = session(&["--hands", "person"]);
    let mut hands = PersonHands::new(&session.case.operation);
    let arm = hands.held_arm().expect("a hand holds an arm");
    let play_to = |session: &mut Session, hands: &PersonHands, at_ns: u64| {
        while session.now_ns() < at_ns {
            session.push_hands(&hands.input());
            for _ in 0..10 {
                session.step();
            }
        }
    };
    play_to(&mut session, &hands, S);
    hands.press_clutch(true);
    play_to(&mut session, &hands, S + 300_000_000);
    hands.press_clutch(false);
    play_to(&mut session, &hands, 2 * S);
    let from = session.scene().now.arms[arm].tip.translation.vector;
    hands.move_held(&nalgebra::Vector3::new(0.006, 0.0, 0.008));
    play_to(&mut session, &hands, 2 * S + 50_000_000);
    let under_way = session.scene();
    let ghost = under_way.commanded.arms[arm].tip.translation.vector;
    let wanted = from + nalgebra::Vector3::new(0.006, 0.0, 0.008);
    assert!(
        (ghost - wanted).norm() < 5e-4,
        "the ghost is there at once: {} m off",
        (ghost - wanted).norm()
    );
    let now = under_way.now.arms[arm].tip.translation.vector;
    assert!(
        (now - from).norm() < 5e-4,
        "the command is still on its way"
    );
    play_to(&mut session, &hands, 5 * S);
    let arrived = session.scene();
    let (ghost, tip) = (&arrived.commanded.arms[arm].tip, &arrived.now.arms[arm].tip);
    let apart_m = (ghost.translation.vector - tip.translation.vector).norm();
    assert!(
        apart_m < 5e-4,
        "the arm has come to its ghost: {apart_m} m apart"
    );
    assert!((tip.translation.vector - wanted).norm() < 1e-3);
}
