//! The tool as a user meets it: its output, its exit codes, its messages for wrong input.

mod common;

use std::path::Path;

use common::{CASABLANCA, Folder, assert_refused, repository, stderr, stdout, twin};

#[test]
fn a_check_of_a_sound_loop_exits_with_0_and_tells_how_to_watch_the_worst_run() {
    let output = twin(&["check", CASABLANCA, "--seeds", "2", "--duration", "2"]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{text}{}", stderr(&output));
    for id in [
        "R01", "R02", "R03", "R04", "R05", "R06", "R07", "R09", "R18", "R22",
    ] {
        assert!(text.contains(id), "{id} is missing:\n{text}");
    }
    // 1 - 0.05^(1/2)
    assert!(
        text.contains("0.7764"),
        "the exact bound of two runs is missing:\n{text}"
    );
    let replay = text
        .lines()
        .find_map(|line| line.strip_prefix("read it:   cargo run --release -- "));
    let replay: Vec<&str> = replay.expect("a line to replay").split(' ').collect();
    let replayed = twin(&replay);
    assert_eq!(replayed.status.code(), Some(0), "{}", stderr(&replayed));
    assert!(
        stderr(&output).contains("2/2 operations"),
        "plain lines when piped"
    );
}

#[test]
fn each_flawed_loop_is_caught_within_the_default_budget_by_the_requirement_that_must() {
    for (name, requirement) in [
        ("last-writer-wins", "R02"),
        ("no-age-limit", "R01"),
        ("catch-up", "R07"),
    ] {
        // A part of the default budget of 200 runs: an optimised build runs all of it in `.ci/run`.
        let output = twin(&[
            "check", CASABLANCA, "--loop", name, "--seeds", "14", "--json",
        ]);
        assert_eq!(
            output.status.code(),
            Some(1),
            "{name} is not caught: {}",
            stderr(&output)
        );
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let rows = report["requirements"].as_array().expect("rows");
        let row = rows
            .iter()
            .find(|row| row["id"] == requirement)
            .expect("the row");
        assert_eq!(
            row["verdict"], "Violated",
            "{name} must violate {requirement}"
        );
    }
}

#[test]
fn a_violation_is_told_with_its_seed_and_in_junit() {
    let folder = Folder::new("junit");
    let file = folder.file("check.xml");
    let output = twin(&[
        "check",
        CASABLANCA,
        "--loop",
        "last-writer-wins",
        "--seeds",
        "1",
        "--duration",
        "3",
        "--junit",
        &file,
    ]);
    assert_eq!(output.status.code(), Some(1));
    let text = stdout(&output);
    assert!(text.contains("R09 VIOLATED in 1 of 1 runs"), "{text}");
    assert!(
        text.contains("--seed 1 --duration 3 --loop last-writer-wins"),
        "{text}"
    );
    let xml = std::fs::read_to_string(&file).expect("the report is written");
    assert!(xml.contains("<failure") && xml.contains("R09"), "{xml}");
    assert!(!Path::new(&format!("{file}.part")).exists());
}

#[test]
fn a_run_tells_its_events_its_hash_and_every_margin() {
    let output = twin(&["run", CASABLANCA, "--seed", "7", "--duration", "3"]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    for told in [
        "columns",
        "surgeon   releases the pedal: clutch 1, echoing engagement 0",
        "aligning -> following",
        "3000 ticks, state hash ",
        "R22",
    ] {
        assert!(text.contains(told), "{told} is missing:\n{text}");
    }
    let again = twin(&["run", CASABLANCA, "--seed", "7", "--duration", "3"]);
    assert_eq!(text, stdout(&again), "the same seed tells the same");
}

#[test]
fn verify_says_that_two_runs_are_the_same() {
    let output = twin(&[
        "run",
        CASABLANCA,
        "--seed",
        "3",
        "--duration",
        "1",
        "--verify",
    ]);
    assert_eq!(output.status.code(), Some(0));
    assert!(stdout(&output).contains("the same, bit for bit"));
}

#[test]
fn a_fault_file_replays_the_run_that_it_was_written_by() {
    let folder = Folder::new("faults");
    let file = folder.file("faults.ron");
    let run = ["run", CASABLANCA, "--seed", "5", "--duration", "4"];
    let drawn = twin(&[&run[..], &["--write-fault-file", &file]].concat());
    let replayed = twin(&[&run[..], &["--fault-file", &file]].concat());
    assert_eq!(stdout(&drawn), stdout(&replayed));

    let cut = "(faults: [(at_ms: 2000, for_ms: 400, paths: Both, kind: Outage)])";
    std::fs::write(&file, cut).expect("it can be written");
    let held = stdout(&twin(&[&run[..], &["--fault-file", &file]].concat()));
    assert!(held.contains("coasting -> holding, engagement 1"), "{held}");
}

#[test]
fn the_measured_trace_is_a_path_and_its_traps_are_told() {
    let output = twin(&[
        "run",
        "scenarios/measured_path_a.ron",
        "--seed",
        "1",
        "--duration",
        "2",
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let notes = stderr(&output);
    assert!(notes.contains("299 probes, 284 came back"), "{notes}");
    assert!(notes.contains("10.000 ms"), "{notes}");
}

#[test]
fn wrong_files_are_refused_with_their_place() {
    let folder = Folder::new("files");
    assert_refused(&["check", "nowhere.ron"], &["nowhere.ron", "no such file"]);
    let file = folder.changed(CASABLANCA, "duration_s: 20,", "duration_s: 20");
    assert_refused(&["check", &file], &["changed.ron:", " | ", "^"]);
    let file = folder.changed(CASABLANCA, "tremor_rms_um", "tremour_rms_um");
    assert_refused(&["run", &file], &["tremour_rms_um", "tremor_rms_um", "^"]);
    let file = folder.changed(
        CASABLANCA,
        "../assets/robots/toumai.ron",
        "/nowhere/robot.ron",
    );
    assert_refused(&["check", &file], &["/nowhere/robot.ron", "no such file"]);
}

#[test]
fn numbers_outside_their_range_are_refused_with_their_line() {
    let folder = Folder::new("numbers");
    for (from, to, told) in [
        (
            "base_one_way: 100",
            "base_one_way: -5",
            "milliseconds -5 is outside",
        ),
        (
            "probability: 0.002",
            "probability: -0.1",
            "probability -0.1 is outside 0..=1",
        ),
        (
            "duration_s: 20",
            "duration_s: 0",
            "run duration in seconds 0 is outside",
        ),
        ("for_ms: (20, 3000)", "for_ms: (3000, 20)", "runs backwards"),
        (
            "tremor_rms_um: 49",
            "tremor_rms_um: 49000",
            "micrometres 49000 is outside",
        ),
    ] {
        let file = folder.changed(CASABLANCA, from, to);
        assert_refused(&["check", &file], &[told, "changed.ron:", " | "]);
    }
}

#[test]
fn numbers_that_do_not_fit_together_are_refused_with_the_reason() {
    let folder = Folder::new("together");
    for (from, to, told) in [
        (
            "coast_ms: 100,\n        stop_ms: 200,\n        freshness",
            "coast_ms: 5,\n        stop_ms: 200,\n        freshness",
            "longer than the gap",
        ),
        (
            "stop_ms: 200,\n        freshness",
            "stop_ms: 100,\n        freshness",
            "cannot stop",
        ),
        ("substeps: 1", "substeps: 0", "1 to 16"),
        ("age_limit_ms: 500", "age_limit_ms: -1", "age_limit_ms"),
        (
            "(arm: \"left\"",
            "(arm: \"middle\"",
            "it has left, right, third, endoscope",
        ),
        ("(arm: \"right\"", "(arm: \"left\"", "a second time"),
    ] {
        let file = folder.changed(CASABLANCA, from, to);
        assert_refused(&["check", &file], &[told]);
    }
}

#[test]
fn an_operation_without_arms_or_a_trace_without_packets_is_refused() {
    let folder = Folder::new("empty");
    let text = std::fs::read_to_string(repository().join("scenarios/measured_path_a.ron"))
        .expect("it is there");
    let robot = repository()
        .join("assets/robots/toumai.ron")
        .display()
        .to_string();
    let text = text.replace("../assets/robots/toumai.ron", &robot);
    let (file, trace) = (folder.file("measured.ron"), folder.file("empty.json"));

    let (begin, end) = (
        text.find("arms: [").expect("arms"),
        text.find("duration_s").expect("it"),
    );
    std::fs::write(
        &file,
        format!("{}arms: [], {}", &text[..begin], &text[end..]),
    )
    .expect("written");
    assert_refused(&["check", &file], &["0 arms", "1 to 4"]);

    std::fs::write(
        &file,
        text.replace("traces/irtt-path-a-10ms.json", "empty.json"),
    )
    .expect("written");
    std::fs::write(&trace, r#"{"round_trips": []}"#).expect("written");
    assert_refused(&["check", &file], &["empty.json", "0 round trips"]);
    std::fs::write(&trace, r#"{"round_trips": ["#).expect("written");
    assert_refused(
        &["check", &file],
        &["empty.json", "line 1", "not the output of `irtt"],
    );
}

#[test]
fn wrong_arguments_are_refused() {
    assert_refused(
        &["check", CASABLANCA, "--seeds", "0"],
        &["at least one run"],
    );
    assert_refused(
        &["check", CASABLANCA, "--loop", "mine"],
        &["last-writer-wins"],
    );
    assert_refused(&["run", CASABLANCA, "--duration", "-1"], &["outside"]);
    assert_refused(
        &[
            "check",
            CASABLANCA,
            "--seeds",
            "1",
            "--duration",
            "0.1",
            "--junit",
            "/nowhere/a.xml",
        ],
        &["/nowhere/a.xml", "cannot be written"],
    );
}

#[test]
fn the_hunt_tells_in_which_run_each_flawed_loop_was_caught_and_by_what() {
    for (name, requirement) in [
        ("raven-receiver", "R02"),
        ("no-authentication", "R12"),
        ("latched", "R05"),
    ] {
        let output = twin(&[
            "check",
            "scenarios/under_attack.ron",
            "--flawed",
            name,
            "--seeds",
            "4",
        ]);
        let told = stdout(&output);
        assert_eq!(output.status.code(), Some(0), "{told}{}", stderr(&output));
        let mut lines = told.lines();
        let heading = lines.find(|line| line.contains("caught in run"));
        assert!(
            heading.is_some_and(|heading| heading.contains(requirement)),
            "{name} must be caught by {requirement}: {told}"
        );
    }
    // A second of a run is too short for anything to go wrong with a loop that only has no age limit.
    let escaped = twin(&[
        "check",
        CASABLANCA,
        "--flawed",
        "no-age-limit",
        "--seeds",
        "1",
        "--duration",
        "0.5",
    ]);
    assert_eq!(escaped.status.code(), Some(1));
    assert!(
        stdout(&escaped).contains("NOT in 1"),
        "{}",
        stdout(&escaped)
    );
    assert_refused(
        &["check", CASABLANCA, "--flawed", "own"],
        &["not known to be wrong"],
    );
    assert_refused(
        &["check", CASABLANCA, "--flawed", "sloppy"],
        &["no loop is called 'sloppy'"],
    );
}

#[test]
fn published_networks_are_listed_shown_and_used_by_name() {
    let list = twin(&["paths", "list"]);
    assert_eq!(list.status.code(), Some(0));
    for name in [
        "geo_satellite",
        "netfi_plm_3",
        "casablanca_shanghai_skew_85",
    ] {
        assert!(stdout(&list).contains(name), "{}", stdout(&list));
    }
    let shown = twin(&["paths", "show", "geo_satellite"]);
    let file = std::fs::read_to_string(repository().join("assets/networks/geo_satellite.ron"));
    assert_eq!(stdout(&shown), file.expect("it is there"));
    assert_refused(
        &["paths", "show", "pigeon"],
        &["\"pigeon\"", "orlando_luanda"],
    );

    let run = twin(&["run", "scenarios/geo_satellite.ron", "--duration", "1"]);
    assert_eq!(run.status.code(), Some(0), "{}", stderr(&run));
}

#[test]
fn paths_that_are_named_wrongly_twice_or_not_at_all_are_refused() {
    let folder = Folder::new("presets");
    let text = std::fs::read_to_string(repository().join("scenarios/geo_satellite.ron"));
    let text = text.expect("it is there");
    let robot = repository().join("assets/robots/toumai.ron");
    let text = text.replace("../assets/robots/toumai.ron", &robot.display().to_string());
    for (paths, told) in [
        (
            "(preset: \"pigeon\")",
            "no network preset is called \"pigeon\"",
        ),
        ("(a_preset: \"5g/b\")", "path b is missing"),
        (
            "(a_preset: \"5g\", b_preset: \"5g/b\")",
            "a_preset is \"5g\"",
        ),
        ("(preset: \"5g\", a_preset: \"5g/a\")", "leave out `a`"),
    ] {
        let file = folder.file("changed.ron");
        std::fs::write(&file, text.replace("(preset: \"geo_satellite\")", paths))
            .expect("it can be written");
        assert_refused(&["run", &file, "--duration", "0.1"], &[told]);
    }
    let file = folder.file("changed.ron");
    let mixed = "(a_preset: \"leo_satellite/a\", b_preset: \"5g/b\")";
    std::fs::write(&file, text.replace("(preset: \"geo_satellite\")", mixed))
        .expect("it can be written");
    let run = twin(&["run", &file, "--duration", "0.1"]);
    assert_eq!(run.status.code(), Some(0), "{}", stderr(&run));
}
