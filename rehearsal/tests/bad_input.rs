//! Wrong input, and nothing to draw with or on: one message that says what to do, exit code 2, no panic.

mod common;

use common::{errors, folder, rehearsal};

/// One message, exit code 2, nothing that looks like a crash.
fn refused(arguments: &[&str]) -> String {
    let output = rehearsal(arguments);
    let said = errors(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(!said.contains("panicked"), "{said}");
    said
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let said = refused(&["nowhere.ron"]);
    assert!(
        said.contains("nowhere.ron") && said.contains("no such file"),
        "{said}"
    );
}

#[test]
fn a_broken_scenario_is_told_with_its_line() {
    let file = folder("broken").join("broken.ron");
    std::fs::write(&file, "(\n  name: \"x\",\n  robot: 5,\n)\n").expect("written");
    let said = refused(&[file.to_str().expect("a name")]);
    assert!(said.contains("broken.ron:3:"), "{said}");
}

#[test]
fn a_recording_of_a_newer_program_says_so() {
    let file = folder("newer").join("newer.ron");
    std::fs::write(&file, "(session_format: 99, swarm: [1, 2])\n").expect("written");
    let said = refused(&[file.to_str().expect("a name")]);
    assert!(said.contains("newer") && said.contains("99"), "{said}");
}

#[test]
fn a_failure_of_a_newer_program_says_so() {
    let file = folder("newer_failure").join("newer.ron");
    std::fs::write(&file, "(format: 99, commit: \"x\")\n").expect("written");
    let said = refused(&[file.to_str().expect("a name")]);
    assert!(said.contains("newer") && said.contains("99"), "{said}");
}

#[test]
fn a_schedule_alone_is_no_run() {
    let file = folder("schedule").join("schedule.ron");
    std::fs::write(&file, "(faults: [], packets: [])\n").expect("written");
    let said = refused(&[file.to_str().expect("a name")]);
    assert!(said.contains("give a scenario"), "{said}");
}

#[test]
fn no_display_is_told_with_the_way_around_it() {
    let said = refused(&["scenarios/casablanca_shanghai.ron"]);
    assert!(said.contains("--headless --frames"), "{said}");
}

#[test]
fn a_display_that_nobody_serves_is_told_too() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_rehearsal"))
        .arg("scenarios/casablanca_shanghai.ron")
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .env_remove("WAYLAND_DISPLAY")
        .env("DISPLAY", ":7654")
        .output()
        .expect("the program starts");
    let said = errors(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("--headless --frames") || said.contains("nothing to draw with"),
        "{said}"
    );
}

#[test]
fn a_machine_without_a_driver_is_told_what_to_install() {
    let frames = folder("driverless");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_rehearsal"))
        .args([
            "scenarios/casablanca_shanghai.ron",
            "--headless",
            "--frames",
        ])
        .arg(&frames)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .env("VK_ICD_FILENAMES", "/nowhere.json")
        .env("VK_DRIVER_FILES", "/nowhere.json")
        .output()
        .expect("the program starts");
    let said = errors(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("mesa-vulkan-drivers"), "{said}");
    assert!(!said.contains("panicked"), "{said}");
}

#[test]
fn wishes_that_do_not_fit_together_are_refused() {
    for arguments in [
        &["--headless"][..],
        &["--video", "x.mp4"],
        &["--speed", "21"],
        &["--size", "10x10"],
        &["--cut", "c@1..2"],
        &["--loop", "nobody"],
        &["--headless", "--frames", "x", "--hands", "person"],
    ] {
        refused(arguments);
    }
}
