//! Failures as files: written by a check, replayed by a run, made small by `shrink`.

mod common;

use std::path::Path;

use campaign::Failure;
use common::{CASABLANCA, Folder, assert_refused, stderr, stdout, twin};

/// Checks one seed of a flawed loop, keeps its failures, and returns the file of one of them.
fn failure_of(folder: &Folder, loop_name: &str, seed: &str, seconds: &str, id: &str) -> String {
    let failures = folder.file("failures");
    let output = twin(&[
        "check",
        CASABLANCA,
        "--loop",
        loop_name,
        "--seeds",
        "1",
        "--first-seed",
        seed,
        "--duration",
        seconds,
        "--shrink-s",
        "0",
        "--failures",
        &failures,
    ]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let kept = std::fs::read_dir(&failures).expect("a folder of failures");
    let mut files: Vec<_> = kept.map(|entry| entry.expect("a file").path()).collect();
    files.sort();
    let of_requirement = |file: &&std::path::PathBuf| {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with(&format!("{id}-seed"))
    };
    let file = files.iter().find(of_requirement);
    let file = file.unwrap_or_else(|| panic!("no failure of {id}: {}", stdout(&output)));
    file.display().to_string()
}

fn read(file: &str) -> Failure {
    let text = std::fs::read_to_string(file).expect("it is there");
    Failure::from_ron(&text).expect("it is a failure")
}

/// Shrinks a failure of a flawed loop and replays the small one with it and with the sound loop.
fn assert_shrinks(loop_name: &str, seed: &str, seconds: &str, id: &str) {
    let folder = Folder::new(loop_name);
    let file = failure_of(&folder, loop_name, seed, seconds, id);
    let small = folder.file("small.ron");
    let output = twin(&["shrink", &file, "-o", &small, "--runs", "150"]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(1), "{text}{}", stderr(&output));
    let failure = read(&small);
    assert!(failure.events_n() <= 3, "{loop_name}: {text}");
    assert!(failure.duration_ns <= read(&file).duration_ns);
    assert!(
        failure.explanation.contains(&format!("this violates {id}")),
        "{}",
        failure.explanation
    );
    assert!(failure.explanation.contains(" s the loop applies command "));

    let replayed = twin(&["run", CASABLANCA, "--fault-file", &small]);
    let text = stdout(&replayed);
    assert_eq!(replayed.status.code(), Some(1), "{text}");
    assert!(text.contains(&format!("{id} is violated at")), "{text}");
    let sound = twin(&["run", CASABLANCA, "--fault-file", &small, "--loop", "own"]);
    let text = stdout(&sound);
    assert!(
        text.contains(&format!("{id} is not violated any more")),
        "{text}"
    );
}

#[test]
fn last_writer_wins_shrinks_to_the_copy_on_the_slower_path() {
    assert_shrinks("last-writer-wins", "1", "2", "R09");
}

#[test]
fn no_age_limit_shrinks_to_few_faults() {
    assert_shrinks("no-age-limit", "13", "14", "R01");
}

#[test]
fn catch_up_shrinks_to_one_outage() {
    assert_shrinks("catch-up", "2", "14", "R07");
}

#[test]
fn the_same_failure_shrinks_to_the_same_file() {
    let folder = Folder::new("same");
    let file = failure_of(&folder, "last-writer-wins", "1", "2", "R09");
    let shrunk = ["one.ron", "two.ron"].map(|name| {
        let small = folder.file(name);
        twin(&["shrink", &file, "-o", &small, "--runs", "20"]);
        std::fs::read(small).expect("it was written")
    });
    assert_eq!(shrunk[0], shrunk[1]);
}

#[test]
fn a_failing_check_tells_its_worst_failure_in_words_without_being_asked() {
    let output = twin(&[
        "check",
        CASABLANCA,
        "--loop",
        "last-writer-wins",
        "--seeds",
        "1",
        "--duration",
        "2",
        "--shrink-s",
        "20",
    ]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text.contains(" shrunk from ") && text.contains("this violates "),
        "{text}"
    );
    assert!(text.contains("--failures DIR"), "{text}");
}

/// Wrong input ends in one message that names what is wrong, and exit code 2.
#[test]
fn files_that_are_no_failures_are_refused_with_what_is_wrong() {
    let folder = Folder::new("bad");
    let (file, out) = (folder.file("f.ron"), folder.file("out.ron"));
    let shrink = |text: &str, told: &str| {
        std::fs::write(&file, text).expect("it can be written");
        assert_refused(&["shrink", &file, "-o", &out], &[told]);
    };
    shrink("(format: 99, whatever: [Some(Thing(1))])", "newer");
    shrink("(faults: [])", "not a failure");
    shrink("(format: 1, commit: 3)", "f.ron:1:");
    shrink("", "f.ron:1:1");
    assert_refused(
        &["shrink", &folder.file("none.ron"), "-o", &out],
        &["no such file"],
    );
    assert_refused(
        &["run", CASABLANCA, "--fault-file", &folder.file("none.ron")],
        &["no such file"],
    );
    std::fs::write(&file, "(format: 99)").expect("it can be written");
    assert_refused(&["run", CASABLANCA, "--fault-file", &file], &["newer"]);
    assert!(
        !Path::new(&out).exists(),
        "nothing is written for wrong input"
    );
}

#[test]
fn a_failure_that_does_not_fail_or_has_lost_its_scenario_is_refused() {
    let folder = Folder::new("holds");
    let file = failure_of(&folder, "last-writer-wins", "1", "2", "R09");
    let out = folder.file("out.ron");
    let shrink = ["shrink", &file, "-o", &out];
    assert_refused(
        &[&shrink[..], &["--loop", "own"]].concat(),
        &["nothing to shrink"],
    );
    let text = std::fs::read_to_string(&file).expect("it is there");
    std::fs::write(&file, text.replace(CASABLANCA, "gone.ron")).expect("it can be written");
    assert_refused(&shrink, &["--scenario"]);
    std::fs::write(&file, text.replace("\"last-writer-wins\"", "\"nobody\"")).expect("written");
    assert_refused(&shrink, &["no loop is called"]);
    std::fs::write(&file, &text).expect("it can be written");
    let nowhere = folder.file("no/such/folder/out.ron");
    assert_refused(
        &["shrink", &file, "-o", &nowhere, "--runs", "3"],
        &["cannot be written"],
    );
}
