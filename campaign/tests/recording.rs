//! A recording is what other viewers expect, says what the run was, and holds it.

mod common;

use std::collections::BTreeMap;
use std::io::Cursor;

use campaign::recording::{Recorder, run_of};
use campaign::{Change, FaultFile, Origin, Session};
use common::operation;
use serde_json::Value;
use sim::{Keep, Operation, RunPlan, Twin, own_loop};

const SECOND_NS: u64 = 1_000_000_000;

/// The recording of a seed's first three seconds, and the hash of their history.
fn recording(operation: &Operation) -> (Vec<u8>, u64) {
    let plan = RunPlan::of_seed(operation, 3, 3 * SECOND_NS);
    let keep = Keep {
        events: true,
        links: false,
    };
    let mut twin = Twin::new(operation, &plan, &own_loop, keep).expect("it can be built");
    let mut recorder =
        Recorder::new(Cursor::new(Vec::new()), operation, &mut twin).expect("memory takes it");
    while !twin.is_over() {
        twin.step();
        recorder.look(&twin).expect("memory takes it");
    }
    let origin = Origin {
        scenario: "casablanca_shanghai.ron",
        scenario_sha256: "00",
        change: &Change::default(),
        surgeon_seed: 3,
        commit: "abc",
        loop_name: "own",
    };
    let run = Session::of(&twin, &origin);
    let run = run.to_ron().expect("it can be written");
    let bytes = recorder.finish(&twin, &run, 0).expect("memory takes it");
    (bytes.into_inner(), twin.outcome().hash)
}

#[test]
fn a_recording_holds_every_channel_as_json_with_its_schema() {
    let (bytes, _) = recording(&operation("casablanca_shanghai.ron"));
    let mut messages: BTreeMap<String, Vec<(u64, Value)>> = BTreeMap::new();
    for message in mcap::MessageStream::new(&bytes).expect("it is a recording") {
        let message = message.expect("it is whole");
        let schema = message.channel.schema.as_ref().expect("each has one");
        assert_eq!(schema.encoding, "jsonschema");
        let schema: Value = serde_json::from_slice(&schema.data).expect("it is JSON");
        let data: Value = serde_json::from_slice(&message.data).expect("it is JSON");
        for field in data.as_object().expect("an object").keys() {
            assert!(
                !schema["properties"][field].is_null(),
                "{} has no {field}",
                message.channel.topic
            );
        }
        let of_topic = messages.entry(message.channel.topic.clone()).or_default();
        of_topic.push((message.log_time, data));
    }
    for topic in [
        "/tf",
        "/scene",
        "/commanded_tips",
        "/events",
        "/robot",
        "/path_a",
        "/path_b",
        "/margins",
        "/arm/left",
        "/arm/endoscope",
        "/arm/right",
        "/arm/third",
    ] {
        assert!(messages.contains_key(topic), "{topic} is empty");
    }
    assert_eq!(messages["/scene"].len(), 1);
    // A look each 20 ms, the ends included or not.
    let looks = messages["/tf"].len();
    assert!((149..=151).contains(&looks), "{looks} looks");
    // Path A takes a hundred milliseconds or so, path B more.
    let delay = |topic: &str| {
        let of_path = messages[topic].iter();
        let delays: Vec<f64> = of_path
            .filter_map(|(_, data)| data["command_delay_ms"].as_f64())
            .collect();
        delays.iter().sum::<f64>() / delays.len() as f64
    };
    let (a_ms, b_ms) = (delay("/path_a"), delay("/path_b"));
    assert!((95.0..130.0).contains(&a_ms), "path A: {a_ms} ms");
    assert!(b_ms > a_ms + 20.0, "path B: {b_ms} ms");
    let states: Vec<&str> = messages["/robot"]
        .iter()
        .filter_map(|(_, data)| data["state"].as_str())
        .collect();
    assert_eq!(states[0], "idle");
    assert!(states.contains(&"following"));
}

#[test]
fn the_jaw_of_a_recorded_arm_is_where_the_arm_says_its_tip_is() {
    let (bytes, _) = recording(&operation("casablanca_shanghai.ron"));
    let (mut tip, mut frame) = (None, None);
    for message in mcap::MessageStream::new(&bytes).expect("it is a recording") {
        let message = message.expect("it is whole");
        let data: Value = serde_json::from_slice(&message.data).expect("it is JSON");
        match message.channel.topic.as_str() {
            "/arm/right" => tip = Some(data["tip_m"].clone()),
            "/tf" => {
                let transforms = data["transforms"].as_array().expect("a list");
                let jaw = transforms
                    .iter()
                    .find(|transform| transform["child_frame_id"] == "right/link_7");
                frame = jaw.map(|jaw| jaw["translation"].clone());
            }
            _ => {}
        }
    }
    let (tip, frame) = (tip.expect("it was told"), frame.expect("it was told"));
    for axis in ["x", "y", "z"] {
        let (told, drawn) = (tip[axis].as_f64(), frame[axis].as_f64());
        let apart_m = told.expect("a number") - drawn.expect("a number");
        // The base gives way a little under what accelerates the arm, and the tip with it.
        assert!(apart_m.abs() < 1e-4, "{axis}: {apart_m} m");
    }
}

#[test]
fn a_recording_holds_its_run_and_is_the_same_bytes_each_time() {
    let operation = operation("casablanca_shanghai.ron");
    let (bytes, hash) = recording(&operation);
    assert_eq!(recording(&operation).0, bytes);
    let text = run_of(&bytes).expect("it holds its run");
    let Ok(FaultFile::Session(session)) = FaultFile::from_ron(&text) else {
        panic!("{text}");
    };
    let mut twin = session
        .twin(&operation, &own_loop, Keep::default())
        .expect("it can be built");
    assert_eq!(twin.run_to_end().hash, hash);
}

#[test]
fn a_recording_that_broke_off_says_so() {
    let (bytes, _) = recording(&operation("casablanca_shanghai.ron"));
    for cut in [20, bytes.len() / 2, bytes.len() - 9] {
        let error = run_of(&bytes[..cut]).expect_err("it is cut short");
        assert!(error.contains("recording"), "{error}");
    }
}
