//! `twin preflight` as a user meets it.

mod common;

use common::{ANYTHING, Folder, assert_is_one_page, assert_refused, stderr, stdout, twin};
use net_model::Stream;

const REAL: &str = "scenarios/traces/irtt-path-a-10ms.json";

/// Two minutes of round trips, 100 a second: a base delay, jitter of a gamma law, and a loss in 200.
fn measurement(folder: &Folder, name: &str, seed: u64, base_ms: f64) -> String {
    let mut stream = Stream::new(seed, "measurement");
    let mut text = String::from("sent_ms,rtt_ms\n");
    for n in 0..12_000 {
        if stream.uniform() < 0.005 {
            text += &format!("{},\n", n * 10);
        } else {
            text += &format!("{},{:.4}\n", n * 10, base_ms + 0.6 * stream.gamma(2.0));
        }
    }
    let file = folder.file(name);
    std::fs::write(&file, text).expect("it can be written");
    file
}

#[test]
fn separate_paths_under_which_all_holds_are_a_go_on_a_sealed_record() {
    let folder = Folder::new("go");
    let scenario = folder.scenario("scenario.ron", ANYTHING);
    let a = measurement(&folder, "a.csv", 1, 200.0);
    let b = measurement(&folder, "b.csv", 2, 250.0);
    let out = folder.file("out");
    let output = twin(&[
        "preflight",
        &scenario,
        "--path-a",
        &a,
        "--path-b",
        &b,
        "--claim",
        "0.5",
        "--duration",
        "2",
        "--out",
        &out,
    ]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{text}{}", stderr(&output));
    assert!(text.starts_with("GO\n"), "{text}");
    assert!(text.contains("look separate"), "{text}");
    assert!(text.contains("a margin of"), "{text}");
    let json = std::fs::read(format!("{out}/preflight.json")).expect("a record");
    let sealed: serde_json::Value = serde_json::from_slice(&json).expect("JSON");
    assert_eq!(sealed["record"]["decision"], "GO");
    let hash = sealed["record_sha256"].as_str().expect("a hash");
    assert!(text.contains(hash), "{text}");
    assert_eq!(sealed["record"]["inputs"].as_array().map(Vec::len), Some(3));
    let html = std::fs::read_to_string(format!("{out}/preflight.html")).expect("a page");
    assert_is_one_page(
        &html,
        &["Decision: GO", "Separation of the paths", "Path A", hash],
    );
}

#[test]
fn one_path_measured_twice_is_no_go_and_says_why() {
    let folder = Folder::new("no-go");
    let scenario = folder.scenario("scenario.ron", ANYTHING);
    let out = folder.file("out");
    let output = twin(&[
        "preflight",
        &scenario,
        "--path-a",
        REAL,
        "--path-b",
        REAL,
        "--base-ms-a",
        "100",
        "--base-ms-b",
        "125",
        "--claim",
        "0.8",
        "--duration",
        "0.5",
        "--out",
        &out,
    ]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(1), "{text}{}", stderr(&output));
    assert!(text.starts_with("NO-GO\n"), "{text}");
    assert!(text.contains("- Separation of the paths"), "{text}");
    // The same probes in each direction and in the round trip: their numbers do not add up.
    assert!(
        text.contains("Path A: round trip: 15 of 299 probes lost (5.017 %)"),
        "{text}"
    );
    let html = std::fs::read_to_string(format!("{out}/preflight.html")).expect("a page");
    assert_is_one_page(&html, &["Decision: NO-GO"]);
}

#[test]
fn a_delay_that_leaves_no_room_is_no_go() {
    let folder = Folder::new("slow");
    let scenario = folder.scenario("scenario.ron", ANYTHING);
    let a = measurement(&folder, "a.csv", 1, 520.0);
    let b = measurement(&folder, "b.csv", 2, 250.0);
    let output = twin(&[
        "preflight",
        &scenario,
        "--path-a",
        &a,
        "--path-b",
        &b,
        "--claim",
        "0.8",
        "--duration",
        "0.5",
        "--out",
        &folder.file("out"),
    ]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(1), "{text}{}", stderr(&output));
    assert!(text.contains("- Path A: round trip"), "{text}");
}

#[test]
fn measurements_that_cannot_be_read_are_refused_and_nothing_is_written() {
    let folder = Folder::new("unreadable");
    let out = folder.file("out");
    let scenario = folder.scenario("scenario.ron", ANYTHING);
    for (a, b, told) in [
        (REAL, "nowhere.json", "nowhere.json: there is no such file"),
        ("Cargo.toml", REAL, "no tool that is known"),
        ("scenarios", REAL, "this is a folder"),
    ] {
        assert_refused(
            &[
                "preflight",
                &scenario,
                "--path-a",
                a,
                "--path-b",
                b,
                "--out",
                &out,
            ],
            &[told],
        );
    }
    assert!(!std::path::Path::new(&out).exists());
}
