//! Recordings, snapshots and a start in the middle, as a user meets them.

mod common;

use common::{CASABLANCA, Folder, assert_refused, stderr, stdout, twin};

#[test]
fn a_recorded_run_replays_from_its_recording_bit_for_bit() {
    let folder = Folder::new("record");
    let file = folder.file("run.mcap");
    let plain = twin(&["run", CASABLANCA, "--seed", "4", "--duration", "2"]);
    let recorded = twin(&[
        "run",
        CASABLANCA,
        "--seed",
        "4",
        "--duration",
        "2",
        "--record",
        &file,
    ]);
    assert_eq!(recorded.status.code(), Some(0), "{}", stderr(&recorded));
    assert_eq!(stdout(&recorded), stdout(&plain), "looking changes nothing");
    let replayed = twin(&["run", CASABLANCA, "--fault-file", &file]);
    assert_eq!(replayed.status.code(), Some(0), "{}", stderr(&replayed));
    let text = stdout(&replayed);
    assert!(text.contains("bit for bit"), "{text}");
    assert_eq!(folder.names(), ["run.mcap"]);
}

#[test]
fn a_run_goes_back_to_a_snapshot_and_comes_to_the_same_end() {
    let output = twin(&[
        "run",
        CASABLANCA,
        "--seed",
        "4",
        "--duration",
        "3",
        "--snapshot-at",
        "1.2345",
        "--from",
        "2",
    ]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{text}{}", stderr(&output));
    assert!(
        text.contains("from the snapshot at 1.235 s the history is the same"),
        "{text}"
    );
    // Of the first two seconds nothing is told.
    let first_event = text
        .lines()
        .skip_while(|line| !line.starts_with("columns"))
        .find_map(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    assert!(first_event.is_none_or(|at_s| at_s >= 2.0), "{text}");
}

#[test]
fn moments_after_the_end_and_broken_recordings_are_refused() {
    let folder = Folder::new("record-bad");
    for option in ["--from", "--snapshot-at"] {
        assert_refused(
            &["run", CASABLANCA, "--duration", "1", option, "1"],
            &["not before the end of the run"],
        );
    }
    let nowhere = folder.file("no/such/folder/run.mcap");
    assert_refused(
        &["run", CASABLANCA, "--duration", "0.1", "--record", &nowhere],
        &["run.mcap"],
    );
    let broken = folder.write("broken.mcap", b"\x89MCAP0\r\nand then nothing of the kind");
    assert_refused(
        &["run", CASABLANCA, "--fault-file", &broken],
        &["recording"],
    );
    let file = folder.file("run.mcap");
    let recorded = twin(&["run", CASABLANCA, "--duration", "0.1", "--record", &file]);
    assert_eq!(recorded.status.code(), Some(0), "{}", stderr(&recorded));
    assert_refused(
        &["run", CASABLANCA, "--fault-file", &file, "--seed", "3"],
        &["leave --seed out"],
    );
}
