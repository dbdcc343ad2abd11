//! What a person does and breaks while the twin runs is a file, and the file is the run.

mod common;

use campaign::{Change, FaultFile, Links, Origin, Session};
use common::operation;
use control_loop::HandInput;
use net_model::{
    Attack, AttackKind, Fault, FaultKind, Milliseconds, Probability, RunMilliseconds, WhichPaths,
};
use sim::hands::{HandTrack, idle};
use sim::state::Judges;
use sim::{Keep, RunPlan, Twin, own_loop};

const MS: u64 = 1_000_000;
const FRAME_NS: u64 = 17 * MS;
const FRAMES: u64 = 350;

fn origin(change: &Change, surgeon_seed: u64) -> Origin<'_> {
    Origin {
        scenario: "casablanca_shanghai.ron",
        scenario_sha256: "00",
        change,
        surgeon_seed,
        commit: "abc",
        loop_name: "own",
    }
}

/// What the hands do at a moment: the clutch at the start, then circles.
fn hands_at(at_ns: u64) -> HandInput {
    let mut input = idle();
    let t_s = at_ns as f64 * 1e-9;
    for (hand, arm) in input.hands.iter_mut().zip([0, 2]) {
        hand.arm = Some(arm);
        hand.jaw_rad = 0.3;
        hand.pose.translation.vector.x = 0.02 * libm::sin(2.0 * t_s);
        hand.pose.translation.vector.y = 0.02 * libm::cos(2.0 * t_s);
    }
    input.clutch_pressed = (0.3..0.6).contains(&t_s) || (4.5..4.8).contains(&t_s);
    input
}

fn fault(at_ns: u64, paths: WhichPaths, kind: FaultKind) -> Fault {
    Fault {
        at_ms: RunMilliseconds::clamped(at_ns as f64 * 1e-6),
        for_ms: RunMilliseconds::clamped(1e6),
        paths,
        direction: Default::default(),
        kind,
    }
}

/// Plays one frame of a screen: input for its end, what is done by hand, and its ticks.
fn play_frame(twin: &mut Twin, frame: u64, cut: &mut Vec<usize>) {
    let now_ns = twin.now_ns();
    // The screen hangs for a while: no input comes.
    if !(100..110).contains(&frame) {
        twin.push_hands(now_ns + FRAME_NS, &hands_at(now_ns + FRAME_NS));
    }
    let some = Probability::clamped(0.2);
    let mut add = |fault| cut.push(twin.add_fault(fault).expect("it begins now"));
    match frame {
        80 => add(fault(now_ns, WhichPaths::A, FaultKind::Outage)),
        90 => add(fault(
            now_ns,
            WhichPaths::B,
            FaultKind::Loss { probability: some },
        )),
        120 => add(fault(
            now_ns + 5 * MS,
            WhichPaths::Both,
            FaultKind::AddDelay {
                ms: Milliseconds::clamped(30.0),
                ramp_ms: Milliseconds::MIN,
            },
        )),
        200 => add(fault(now_ns, WhichPaths::Both, FaultKind::Outage)),
        300 => twin
            .add_attack(Attack {
                at_ms: RunMilliseconds::clamped(now_ns as f64 * 1e-6),
                for_ms: RunMilliseconds::clamped(500.0),
                paths: WhichPaths::A,
                direction: net_model::WhichDirections::Up,
                kind: AttackKind::Replay {
                    back_ms: Milliseconds::clamped(1_500.0),
                },
            })
            .expect("it begins now"),
        _ => {}
    }
    // The first cut heals, the loss and the long outage too; the delay stays.
    for (at, place) in [(130, 0), (160, 1), (225, 3)] {
        if frame == at {
            assert!(twin.end_fault(cut[place]), "frame {frame}");
            assert!(!twin.end_fault(cut[place]), "it is over");
        }
    }
    for _ in 0..FRAME_NS / MS {
        twin.step();
    }
}

fn live() -> Twin {
    let shipped = operation("casablanca_shanghai.ron");
    let plan = RunPlan {
        seed: 5,
        faults: Default::default(),
        duration_ns: u64::MAX / 2,
    };
    let keep = Keep {
        events: true,
        links: false,
    };
    let mut twin = Twin::with_hands(&shipped, &plan, HandTrack::default(), &own_loop, keep)
        .expect("it can be built");
    twin.expect_interference();
    twin.remember_packets();
    twin
}

#[test]
fn a_session_saved_and_read_is_the_same_run_bit_for_bit() {
    let mut twin = live();
    let mut cut = Vec::new();
    for frame in 0..FRAMES {
        play_frame(&mut twin, frame, &mut cut);
    }
    // Not an empty run: it followed, held, and followed again; the replay was refused.
    let judges = twin.world().resource::<Judges>();
    assert!(judges.state_ticks[control_loop::State::Following as usize] > 1_500);
    assert!(judges.state_ticks[control_loop::State::Holding as usize] > 100);
    let log = twin.packets().expect("they are remembered");
    let hostile: Vec<_> = log.packets().filter(|packet| packet.is_hostile).collect();
    let none_accepted = hostile
        .iter()
        .all(|packet| packet.verdict != Some(control_loop::Verdict::Accepted));
    assert!(hostile.len() > 50 && none_accepted, "{}", hostile.len());
    assert!(log.packets().any(|packet| packet.arrives_ns.is_none()));

    let session = Session::of(&twin, &origin(&Change::default(), 5));
    let text = session.to_ron().expect("it can be written");
    let read = Session::from_ron(&text).expect("it was written by this program");
    assert_eq!(read, session);
    let shipped = operation("casablanca_shanghai.ron");
    let mut again = read
        .twin(&shipped, &own_loop, Keep::default())
        .expect("it can be built");
    assert_eq!(again.run_to_end().hash, session.hash);
}

#[test]
fn a_session_of_a_changed_scenario_and_another_surgeon_keeps_both() {
    let shipped = operation("casablanca_shanghai.ron");
    let change = Change {
        links: Links::Constant,
        arms: Some(vec!["right".into(), "endoscope".into()]),
        surgeon: None,
    };
    let changed = change.apply(&shipped).expect("both arms are there");
    let plan = RunPlan::of_seed(&changed, 5, 3_000 * MS);
    let mut twin = Twin::with_surgeon(&changed, &plan, 9, &own_loop, Keep::default())
        .expect("it can be built");
    let outcome = twin.run_to_end();
    let session = Session::of(&twin, &origin(&change, 9));
    let text = session.to_ron().expect("it can be written");
    let read = Session::from_ron(&text).expect("it was written by this program");
    let mut again = read
        .twin(&shipped, &own_loop, Keep::default())
        .expect("it can be built");
    assert_eq!(again.run_to_end().hash, outcome.hash);
    // Each part of it matters.
    for other in [
        Session {
            surgeon_seed: None,
            ..read.clone()
        },
        Session {
            change: Change::default(),
            ..read.clone()
        },
    ] {
        let mut other = other
            .twin(&shipped, &own_loop, Keep::default())
            .expect("it can be built");
        assert_ne!(other.run_to_end().hash, outcome.hash);
    }
}

#[test]
fn going_back_to_a_moment_before_a_cut_comes_to_the_same_present() {
    let mut twin = live();
    let mut cut = Vec::new();
    let mut early = None;
    for frame in 0..FRAMES {
        if frame == 60 {
            early = Some(twin.snapshot());
        }
        play_frame(&mut twin, frame, &mut cut);
    }
    let (hash, now_ns) = (twin.outcome().hash, twin.now_ns());
    twin.restore(&early.expect("a snapshot was made"));
    while twin.now_ns() < now_ns {
        twin.step();
    }
    assert_eq!(twin.outcome().hash, hash);
}

#[test]
fn nothing_can_be_made_to_have_gone_wrong_in_the_past() {
    let mut twin = live();
    for _ in 0..10 {
        twin.step();
    }
    let late = twin.add_fault(fault(9 * MS, WhichPaths::A, FaultKind::Outage));
    let error = late.expect_err("it begins in the past");
    assert!(error.to_string().contains("0.01 s"), "{error}");
    assert!(twin.plan().faults.faults.is_empty());
}

#[test]
fn a_session_of_a_newer_program_and_one_of_another_robot_say_so() {
    let newer =
        FaultFile::from_ron("(session_format: 9, what: \"ever\")").expect_err("it is newer");
    assert!(newer.to_string().contains("newer"), "{newer}");
    let mut twin = live();
    let mut input = idle();
    input.hands[0].arm = Some(7);
    twin.push_hands(0, &input);
    twin.step();
    let session = Session::of(&twin, &origin(&Change::default(), 5));
    let shipped = operation("casablanca_shanghai.ron");
    let error = session
        .twin(&shipped, &own_loop, Keep::default())
        .err()
        .expect("there is no arm 7");
    assert!(error.to_string().contains("arms 0 to 3"), "{error}");
}
