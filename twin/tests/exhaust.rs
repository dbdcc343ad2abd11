//! The exhaustive check as a user meets it.

mod common;

use std::process::Output;

use common::twin;
use serde_json::Value;

fn exhaust(arguments: &[&str]) -> Output {
    twin(&[&["exhaust"], arguments].concat())
}

fn report(arguments: &[&str]) -> Value {
    let output = exhaust(&[arguments, &["--json"]].concat());
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

#[test]
fn four_frames_have_the_published_numbers_of_orders_and_the_loop_holds_in_all() {
    let report = report(&["--frames", "4"]);
    assert_eq!(report["orders"]["labelled"], 109_601);
    assert_eq!(report["orders"]["path_agnostic"], 7_365);
    // (lateness + 2)^(2 frames)
    assert_eq!(report["schedules"], 1_679_616);
    assert_eq!(report["unproven"], 0, "what was merged was not the same");
    assert!(report["violation"].is_null() && report["orders"]["violation"].is_null());
    for what in ["applied", "held", "repeated", "reordered"] {
        assert!(report["exercised"][what].as_u64() > Some(0), "{what}");
    }
}

#[test]
fn one_and_two_and_three_frames_have_the_numbers_of_orders_that_the_formulas_give() {
    // sum (2k)!/(2k-j)!, and words with each letter at most twice.
    for (frames, labelled, agnostic) in [("1", 5, 3), ("2", 65, 19), ("3", 1_957, 271)] {
        let report = report(&["--frames", frames, "--lateness", "1"]);
        assert_eq!(report["orders"]["labelled"], labelled, "{frames}");
        assert_eq!(report["orders"]["path_agnostic"], agnostic, "{frames}");
        let frames: u32 = frames.parse().expect("a number");
        assert_eq!(report["schedules"], 9_u64.pow(frames), "{frames}");
    }
}

#[test]
fn one_thread_and_two_find_the_same() {
    let arguments = ["--frames", "3", "--lateness", "2"];
    let with = |jobs: &str| report(&[&arguments[..], &["--jobs", jobs]].concat());
    assert_eq!(with("1"), with("2"));
}

#[test]
fn each_flawed_loop_is_caught_with_the_shortest_schedule_printed() {
    for (name, requirement, tick) in [
        ("last-writer-wins", "R10", 2),
        ("no-age-limit", "R01", 6),
        ("catch-up", "R07", 4),
    ] {
        let output = exhaust(&["--frames", "6", "--loop", name]);
        let text = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(1), "{name}: {text}");
        let line = format!("{requirement} VIOLATED in tick {tick}");
        assert!(text.contains(&line), "{name}: {line} is not in {text}");
        assert!(text.contains("    frame 1: "), "{text}");
    }
}

#[test]
fn what_was_not_covered_is_told() {
    let output = exhaust(&["--frames", "1", "--lateness", "0"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("not covered: more frames"), "{text}");
}

#[test]
fn wrong_input_is_refused_with_one_message() {
    for (arguments, told) in [
        (&["--frames", "0"][..], "give 1 to"),
        (&["--frames", "15"], "give 1 to"),
        (&["--frames", "2", "--lateness", "7"], "give 0 to"),
        (&["--frames", "many"], "many"),
        (&["--loop", "nobody"], "no loop is called"),
        (&["--scenario", "none.ron"], "no such file"),
    ] {
        let output = exhaust(arguments);
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
        assert!(message.contains(told), "{told} is not in {message}");
        assert!(!message.contains("panicked"), "{message}");
    }
}
