//! The search for failures as a user meets it.

mod common;

use std::process::Output;

use common::{CASABLANCA, twin};

fn search(arguments: &[&str]) -> Output {
    twin(&[&["search", CASABLANCA, "--duration", "5"], arguments].concat())
}

#[test]
fn every_strategy_finds_each_flawed_loop_within_its_budget() {
    for (name, requirement) in [("last-writer-wins", "R02"), ("catch-up", "R07")] {
        let output = search(&[
            "--requirement",
            requirement,
            "--loop",
            name,
            "--budget",
            "60",
        ]);
        let text = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(1), "{name}: {text}");
        for strategy in ["cma-es", "random", "swarm"] {
            let row = text.lines().find(|line| line.contains(strategy));
            let row = row.unwrap_or_else(|| panic!("no {strategy} in {text}"));
            assert!(row.contains("1 of 1"), "{name}: {row}");
        }
    }
}

#[test]
fn a_command_of_any_age_is_found_by_cma_es() {
    let arguments = [
        "--requirement",
        "R01",
        "--loop",
        "no-age-limit",
        "--budget",
        "120",
    ];
    let output = search(&[&arguments[..], &["--strategy", "cma-es"]].concat());
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{text}");
}

#[test]
fn what_is_found_is_a_file_that_replays_and_the_search_repeats_itself() {
    let file = std::env::temp_dir().join(format!("twin-search-{}.ron", std::process::id()));
    let name = file.display().to_string();
    let arguments = [
        "--requirement",
        "r07",
        "--loop",
        "catch-up",
        "--strategy",
        "random",
    ];
    let run = || search(&[&arguments[..], &["--budget", "60", "-o", &name]].concat()).stdout;
    let first = run();
    assert_eq!(first, run(), "the same search twice");
    let replayed = twin(&["run", CASABLANCA, "--fault-file", &name]);
    let text = String::from_utf8_lossy(&replayed.stdout);
    let _ = std::fs::remove_file(&file);
    assert_eq!(replayed.status.code(), Some(1), "{text}");
    assert!(text.contains("R07 is violated at"), "{text}");
}

#[test]
fn a_sound_loop_is_not_failed_and_the_search_says_that_this_is_no_proof() {
    let output = search(&[
        "--requirement",
        "R02",
        "--budget",
        "2",
        "--strategy",
        "swarm",
    ]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("no proof"), "{text}");
}

#[test]
fn wrong_input_is_refused_with_one_message() {
    for (arguments, told) in [
        (&["--requirement", "R99"][..], "no requirement is called"),
        (&["--requirement", "R07", "--budget", "0"], "from 1 on"),
        (&["--requirement", "R07", "--repeat", "x"], "from 1 on"),
        (
            &["--requirement", "R07", "--loop", "nobody"],
            "no loop is called",
        ),
        (&[], "--requirement"),
    ] {
        let output = search(arguments);
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
        assert!(message.contains(told), "{told} is not in {message}");
    }
    let output = twin(&["search", "none.ron", "--requirement", "R07"]);
    assert_eq!(output.status.code(), Some(2));
}
