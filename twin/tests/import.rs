//! `twin import` and `twin paths compare` as a user meets them: what is written, what is refused, and that a refusal
//! writes nothing.

mod common;

use std::io::Write as _;

use common::{Folder, repository, stderr, stdout, twin};

const REAL: &str = "scenarios/traces/irtt-path-a-10ms.json";

fn fixture(name: &str) -> String {
    repository()
        .join("path_fit/tests/data")
        .join(name)
        .display()
        .to_string()
}

/// Wrong input ends in one message with these texts, exit code 2, and no new file in the folder.
fn assert_refused(folder: &Folder, arguments: &[&str], told: &[&str]) {
    let before = folder.names();
    common::assert_refused(arguments, told);
    assert_eq!(folder.names(), before, "{arguments:?} wrote something");
    assert_eq!(
        stdout(&twin(arguments)),
        "",
        "{arguments:?} printed a report"
    );
}

fn real() -> Vec<u8> {
    std::fs::read(repository().join(REAL)).expect("it is there")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("memory can be written");
    encoder.finish().expect("memory can be written")
}

#[test]
fn an_import_writes_the_fit_the_replay_and_a_drawing_and_says_how_good_the_fit_is() {
    let folder = Folder::new("whole");
    let (ron, svg) = (folder.file("path.ron"), folder.file("path.svg"));
    let output = twin(&["import", "irtt", REAL, "-o", &ron, "--svg", &svg]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{text}{}", stderr(&output));
    assert_eq!(
        folder.names(),
        ["path.replay.csv", "path.replay.ron", "path.ron", "path.svg"]
    );
    for word in [
        "shifted gamma",
        "hyperexponential",
        "lognormal",
        "Pareto tail",
        "distance",
        "15/299",
        "independent",
        "does not converge",
    ] {
        assert!(text.contains(word), "{word} is missing:\n{text}");
    }
    assert!(stderr(&output).contains("note: the clocks of the two ends are not synchronised"));
    let path: net_model::PathModel =
        ron::from_str(&folder.read("path.ron")).expect("a path of the model");
    assert!(
        (path.up.loss.mean_loss() - 9.0 / 299.0).abs() < 1e-6,
        "{:?}",
        path.up.loss
    );
    let svg = folder.read("path.svg");
    for word in [
        "measured",
        "modelled",
        "time of sending, s",
        "delay above least, ms",
        "</svg>",
    ] {
        assert!(svg.contains(word), "{word} is missing in the drawing");
    }
    assert!(
        !svg.contains("NaN") && !svg.contains("inf"),
        "a number of the drawing is none"
    );
}

#[test]
fn a_scenario_runs_on_the_fitted_and_on_the_replayed_path() {
    let folder = Folder::new("scenario");
    let output = twin(&[
        "import",
        "irtt",
        REAL,
        "-o",
        &folder.file("path.ron"),
        "--base-ms",
        "100",
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let scenario = std::fs::read_to_string(repository().join("scenarios/measured_path_a.ron"))
        .expect("it is there");
    let from = scenario.find("        a: (").expect("path a") + "        a: ".len();
    let to = scenario
        .find("        // Assumed, as path B")
        .expect("path b");
    let robot = repository()
        .join("assets/robots/toumai.ron")
        .display()
        .to_string();
    for name in ["path.ron", "path.replay.ron"] {
        let text = format!(
            "{}{},\n{}",
            &scenario[..from],
            folder.read(name),
            &scenario[to..]
        );
        let text = text.replace("../assets/robots/toumai.ron", &robot);
        let file = folder.write("scenario.ron", text.as_bytes());
        let output = twin(&["run", &file, "--duration", "1"]);
        assert!(
            matches!(output.status.code(), Some(0 | 1)) && stdout(&output).contains("state hash"),
            "{name}: {}",
            stderr(&output)
        );
    }
}

#[test]
fn every_tool_s_output_is_imported_plain_and_compressed() {
    let folder = Folder::new("formats");
    for (format, name) in [
        ("ping", "ping.txt"),
        ("owping", "owping.txt"),
        ("twping", "twping.txt"),
        ("csv", "table.csv"),
    ] {
        let plain = fixture(name);
        let packed = folder.write(
            &format!("{name}.gz"),
            &gzip(&std::fs::read(&plain).expect("it is there")),
        );
        for file in [&plain, &packed] {
            let ron = folder.file("path.ron");
            let output = twin(&["import", format, file, "-o", &ron, "--base-ms", "85,90"]);
            assert_eq!(output.status.code(), Some(0), "{file}: {}", stderr(&output));
            ron::from_str::<net_model::PathModel>(&folder.read("path.ron"))
                .expect("a path of the model");
        }
    }
}

#[test]
fn truncated_and_damaged_files_are_refused_and_nothing_is_written() {
    let folder = Folder::new("truncated");
    let out = folder.file("path.ron");
    let whole = real();
    let cut = folder.write("cut.json", &whole[..whole.len() / 2]);
    assert_refused(
        &folder,
        &["import", "irtt", &cut, "-o", &out],
        &["cut.json:", "truncated", "copy it again"],
    );
    let packed = gzip(&whole);
    let cut = folder.write("cut.json.gz", &packed[..packed.len() / 2]);
    assert_refused(
        &folder,
        &["import", "irtt", &cut, "-o", &out],
        &["cut.json.gz:", "gzip", "truncated"],
    );
    let mut damaged = packed.clone();
    let middle = damaged.len() / 2;
    damaged[middle..middle + 40].fill(0);
    let damaged = folder.write("damaged.json.gz", &damaged);
    assert_refused(
        &folder,
        &["import", "irtt", &damaged, "-o", &out],
        &["damaged.json.gz:"],
    );
    let empty = folder.write("empty.json", b"");
    assert_refused(
        &folder,
        &["import", "irtt", &empty, "-o", &out],
        &["empty.json: the file is empty"],
    );
    assert_refused(
        &folder,
        &["import", "irtt", "no-such.json", "-o", &out],
        &["no-such.json: there is no such file"],
    );
    assert_refused(
        &folder,
        &["import", "irtt", "scenarios", "-o", &out],
        &["scenarios: this is a folder"],
    );
    let binary = folder.write("binary.txt", &[0xff, 0xfe, 0, 1, b'\n']);
    assert_refused(
        &folder,
        &["import", "ping", &binary, "-o", &out],
        &["binary.txt:1:", "UTF-8"],
    );
}

#[test]
fn a_wrong_format_is_told_with_the_right_command() {
    let folder = Folder::new("format");
    let out = folder.file("path.ron");
    assert_refused(
        &folder,
        &["import", "irtt", &fixture("ping.txt"), "-o", &out],
        &["looks like ping", "twin import ping"],
    );
    assert_refused(
        &folder,
        &["import", "owping", REAL, "-o", &out],
        &["looks like irtt"],
    );
    let json = folder.write("other.json", b"{\n  \"a\": [1, 2],\n  \"b\": 3\n}\n");
    assert_refused(
        &folder,
        &["import", "irtt", &json, "-o", &out],
        &["other.json:4", "no `round_trips`"],
    );
    let no_stamps = b"PING h (10.0.0.1) 56(84) bytes of data.\n64 bytes from 10.0.0.1: icmp_seq=1 ttl=64 time=0.1 ms\n";
    let no_stamps = folder.write("plain-ping.txt", no_stamps);
    assert_refused(
        &folder,
        &["import", "ping", &no_stamps, "-o", &out],
        &["plain-ping.txt:2:", "run ping with -D", "2 | 64 bytes"],
    );
}

#[test]
fn too_few_probes_and_impossible_times_are_refused() {
    let folder = Folder::new("few");
    let out = folder.file("path.ron");
    let refuse = |rows: &str, told: &[&str]| {
        let file = folder.write("table.csv", rows.as_bytes());
        assert_refused(&folder, &["import", "csv", &file, "-o", &out], told);
    };
    refuse(
        "sent_ms,rtt_ms\n",
        &["has 0 probes", "at least 2", "measure longer"],
    );
    refuse("sent_ms,rtt_ms\n0,170\n", &["has 1 probes"]);
    refuse(
        "sent_ms,rtt_ms\n0,\n10,\n20,\n",
        &["none of the 3 probes arrived"],
    );
    refuse(
        "sent_ms,rtt_ms\n0,170\n10,-3\n",
        &["table.csv:3:", "negative", "3 | 10,-3"],
    );
    refuse(
        "sent_ms,rtt_ms\n0,170\n0,171\n",
        &["table.csv:3:", "no later"],
    );
    refuse("sent_ms,rtt_ms\n0,170\n10,abc\n", &["'abc' is no time"]);
    refuse(
        "sent_ms,delay\n0,170\n",
        &["'delay' is no column that is known", "rtt_*"],
    );
    refuse(
        "sent_ms,up_ms\n0,85\n10,86\n",
        &["the base delay is unknown", "--base-ms"],
    );
    // Of the round trips: those of irtt's own sums begin with another object.
    let mut text = String::from_utf8(real()).expect("text");
    for digit in '1'..='9' {
        text = text.replace(&format!("\"rtt\": {digit}"), &format!("\"rtt\": -{digit}"));
    }
    let file = folder.write("negative.json", text.as_bytes());
    assert_refused(
        &folder,
        &["import", "irtt", &file, "-o", &out],
        &["negative.json", "round-trip time is negative"],
    );
    let file = folder.write("none.json", b"{\"round_trips\": []}");
    assert_refused(
        &folder,
        &["import", "irtt", &file, "-o", &out],
        &["has 0 probes"],
    );
}

#[test]
fn mixed_measurements_are_refused() {
    let folder = Folder::new("mixed");
    let out = folder.file("path.ron");
    assert_refused(
        &folder,
        &["import", "irtt", REAL, REAL, "-o", &out],
        &["begins before the one before it ends"],
    );
    let other = String::from_utf8(real())
        .expect("text")
        .replace("10.9.0.2", "10.8.0.2");
    let other = folder.write("other.json", other.as_bytes());
    assert_refused(
        &folder,
        &["import", "irtt", REAL, &other, "-o", &out],
        &["mixed measurements", "10.8.0.2"],
    );
    let mut two = real();
    two.extend(real());
    let two = folder.write("two.json", &two);
    assert_refused(
        &folder,
        &["import", "irtt", &two, "-o", &out],
        &["two.json:", "two files in one"],
    );
    let ping = std::fs::read_to_string(fixture("ping.txt")).expect("it is there");
    let two = folder.write(
        "two.txt",
        format!("{ping}{}", ping.replace("10.9.0.2", "10.9.0.3")).as_bytes(),
    );
    assert_refused(
        &folder,
        &["import", "ping", &two, "-o", &out],
        &["mixed measurements: '10.9.0.3' after '10.9.0.2'"],
    );
    assert_refused(
        &folder,
        &["import", "pcap", REAL, "-o", &out],
        &["two captures"],
    );
}

#[test]
fn outputs_are_written_all_or_not_at_all() {
    let folder = Folder::new("outputs");
    let nowhere = folder.file("no-folder/path.ron");
    assert_refused(
        &folder,
        &["import", "irtt", REAL, "-o", &nowhere],
        &["cannot be written"],
    );
    // The drawing cannot be written, so the path is not either, and an older one stays.
    let out = folder.write("path.ron", b"older");
    let svg = folder.file("no-folder/path.svg");
    assert_refused(
        &folder,
        &["import", "irtt", REAL, "-o", &out, "--svg", &svg],
        &["path.svg", "cannot be written"],
    );
    assert_eq!(folder.read("path.ron"), "older");
    let copy = folder.write("copy.json", &real());
    assert_refused(
        &folder,
        &["import", "irtt", &copy, "-o", &copy],
        &["would be written over"],
    );
    let same = folder
        .0
        .join("../")
        .join(folder.0.file_name().expect("a name"))
        .join("copy.json");
    let same = same.display().to_string();
    assert_refused(
        &folder,
        &["import", "irtt", &copy, "-o", &out, "--svg", &same],
        &["would be written over"],
    );
    assert_eq!(folder.read("copy.json").as_bytes(), real());
    assert_refused(
        &folder,
        &["import", "irtt", REAL, "-o", &out, "--base-ms", "-3"],
        &["milliseconds -3 is outside"],
    );
}

#[test]
fn two_paths_are_compared_in_plain_words() {
    let folder = Folder::new("compare");
    // A queue that changes each 350 ms, by a rule that looks like chance and differs with its number.
    let table = |number: u64| {
        let hash = |n: u64| {
            let mixed = (n + 1)
                .wrapping_mul(0x9e37_79b9_7f4a_7c15 ^ number.wrapping_mul(0xbf58_476d_1ce4_e5b9));
            (mixed ^ mixed >> 29).wrapping_mul(0x94d0_49bb_1331_11eb) >> 40
        };
        let mut text = String::from("sent_ms,rtt_ms\n");
        for n in 0..10_000_u64 {
            let (level, jitter) = (hash(n / 35 + 1_000_000) % 8, hash(n) % 1_000);
            text += &format!("{},{}.{jitter:03}\n", n * 10, 170 + level);
        }
        text
    };
    let a = folder.write("a.csv", table(1).as_bytes());
    let b = folder.write("b.csv", table(1).as_bytes());
    let c = folder.write("c.csv", table(2).as_bytes());
    let output = twin(&["paths", "compare", &a, &b]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(1), "{text}{}", stderr(&output));
    for word in [
        "SHARE something",
        "rise and fall together",
        "skew_est",
        "var_est",
        "freq_est",
        "pkt_loss",
        "clock:",
        "Fisher",
    ] {
        assert!(text.contains(word), "{word} is missing:\n{text}");
    }
    let output = twin(&["paths", "compare", &a, &c]);
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    assert!(stdout(&output).contains("the two measured paths look separate"));
    // The two real measurements were not made at the same time.
    let output = twin(&["paths", "compare", REAL, &fixture("ping.txt")]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stdout(&output).starts_with("too little data"),
        "{}",
        stdout(&output)
    );
    assert_refused(
        &folder,
        &["paths", "compare", REAL, "Cargo.toml"],
        &["Cargo.toml", "no tool that is known"],
    );
}
