//! The importer of irtt's measurements, on a real file and on each of the tool's traps.

mod common;

use common::{MS, fates, jittery, paths, quiet_link};
use net_model::{DelayLaw, Direction, FaultSchedule, MeasuredPath, Network, TraceError};

const REAL: &str = include_str!("../../scenarios/traces/irtt-path-a-10ms.json");

/// One round trip: when it was sent, its delays up and down, and its label.
fn trip(seqno: u64, sent: i64, up: i64, down: i64, lost: &str) -> String {
    if lost != "\"false\"" && lost != "false" {
        return format!(
            r#"{{"seqno":{seqno},"lost":{lost},"timestamps":{{"client":{{"send":{{"wall":{sent},"monotonic":{sent}}},"receive":{{}}}},"server":{{"receive":{{}},"send":{{}}}}}},"delay":{{}},"ipdv":{{}}}}"#
        );
    }
    let (arrived, back) = (sent + up, sent + up + down);
    format!(
        r#"{{"seqno":{seqno},"lost":{lost},"timestamps":{{"client":{{"send":{{"wall":{sent},"monotonic":{sent}}},"receive":{{"wall":{back},"monotonic":{back}}}}},"server":{{"receive":{{"wall":{arrived},"monotonic":{arrived}}},"send":{{"wall":{arrived},"monotonic":{arrived}}}}}}},"delay":{{"rtt":{}}},"ipdv":{{}}}}"#,
        up + down
    )
}

fn file(stats: &str, trips: &[String]) -> String {
    format!(
        r#"{{"config":{{"params":{{"interval":20000000}}}},"stats":{{{stats}}},"round_trips":[{}]}}"#,
        trips.join(",")
    )
}

#[test]
fn the_shipped_measurement_is_counted_from_its_round_trips() {
    let path = MeasuredPath::from_irtt_json(REAL).expect("a real measurement");
    assert_eq!((path.sent, path.received), (299, 284));
    assert_eq!(path.lost_up + path.lost_down, 15);
    let labelled = |label: &str| REAL.matches(&format!("\"lost\": \"{label}\"")).count();
    assert_eq!(
        (path.lost_up, path.lost_down),
        (labelled("true_up"), labelled("true_down"))
    );
    assert_eq!(
        path.least_rtt_ns, 38_041,
        "as the tool's own statistics say"
    );
    assert!(
        path.notes.iter().any(|note| note.contains("10.000 ms")),
        "{:?}",
        path.notes
    );
}

#[test]
fn a_variation_counts_from_the_least_delay_and_clocks_need_not_agree() {
    // The server's clock is two seconds behind: every way up takes "negative" time.
    let behind = -2_000_000_000;
    let trips: Vec<String> = (0..4)
        .map(|n| {
            trip(
                n,
                n as i64 * 20_000_000,
                behind + [3, 1, 2, 9][n as usize],
                -behind + 50,
                "\"false\"",
            )
        })
        .collect();
    let path = MeasuredPath::from_irtt_json(&file("", &trips)).expect("a measurement");
    let up = path.direction(Direction::Up);
    let variations: Vec<Option<u64>> = (0..4).map(|n| up.at(n * 20 * MS)).collect();
    assert_eq!(variations, [Some(2), Some(0), Some(1), Some(8)]);
    assert_eq!(path.direction(Direction::Down).at(0), Some(0));
}

#[test]
fn times_beyond_two_to_the_53_keep_their_last_nanosecond() {
    let start = 1_795_500_509_382_876_001;
    let trips = [
        trip(0, start, 100, 50, "\"false\""),
        trip(1, start + 20_000_000, 101, 50, "\"false\""),
    ];
    let path = MeasuredPath::from_irtt_json(&file("", &trips)).expect("a measurement");
    assert_eq!(path.direction(Direction::Up).at(20 * MS), Some(1));
}

#[test]
fn a_label_is_believed_only_where_nothing_was_reordered() {
    let lost_up: Vec<String> = (0..6)
        .map(|n| {
            let lost = if n == 1 || n == 3 {
                "\"true_up\""
            } else {
                "\"false\""
            };
            trip(n, n as i64 * 20_000_000, 1_000, 1_000, lost)
        })
        .collect();
    let trusted = MeasuredPath::from_irtt_json(&file("", &lost_up)).expect("a measurement");
    assert_eq!((trusted.lost_up, trusted.lost_down), (2, 0));
    assert_eq!(trusted.direction(Direction::Up).at(20 * MS), None);
    assert_eq!(trusted.direction(Direction::Down).at(20 * MS), Some(0));

    let stats = r#""late_packets":3"#;
    let untrusted = MeasuredPath::from_irtt_json(&file(stats, &lost_up)).expect("a measurement");
    assert_eq!(
        (untrusted.lost_up, untrusted.lost_down),
        (0, 2),
        "odd numbers go down"
    );
    assert!(
        untrusted
            .notes
            .iter()
            .any(|note| note.contains("not trusted"))
    );

    // Without the counter the stamps tell it: the third probe overtakes the second.
    let mut overtaken = lost_up;
    overtaken[4] = trip(4, 80_000_000, 90_000_000, 1_000, "\"false\"");
    let untrusted = MeasuredPath::from_irtt_json(&file("", &overtaken)).expect("a measurement");
    assert_eq!((untrusted.lost_up, untrusted.lost_down), (0, 2));
}

#[test]
fn a_boolean_label_is_read_as_well_as_a_text() {
    let trips = [
        trip(0, 0, 5, 5, "false"),
        trip(1, 20_000_000, 5, 5, "false"),
        trip(2, 40_000_000, 0, 0, "true"),
    ];
    let path = MeasuredPath::from_irtt_json(&file("", &trips)).expect("a measurement");
    assert_eq!((path.received, path.lost_up, path.lost_down), (2, 1, 0));
}

#[test]
fn duplicates_counted_as_received_are_told() {
    let trips = [
        trip(0, 0, 5, 5, "\"false\""),
        trip(1, 20_000_000, 5, 5, "\"false\""),
    ];
    let stats = r#""duplicates":14,"upstream_loss_percent":3416063717353620480.00"#;
    let path = MeasuredPath::from_irtt_json(&file(stats, &trips)).expect("a measurement");
    assert!(
        path.notes.iter().any(|note| note.contains("14 duplicates")),
        "{:?}",
        path.notes
    );
    assert_eq!(
        path.lost_up + path.lost_down,
        0,
        "the tool's percentage is not looked at"
    );
}

#[test]
fn wrong_files_are_refused_in_one_sentence() {
    let of = |text: &str| MeasuredPath::from_irtt_json(text).expect_err("it is wrong");
    assert_eq!(of(&file("", &[])), TraceError::TooFewProbes { probes: 0 });
    assert_eq!(
        of(&file("", &[trip(0, 0, 5, 5, "\"false\"")])),
        TraceError::TooFewProbes { probes: 1 }
    );
    let nothing: Vec<String> = (0..3)
        .map(|n| trip(n, n as i64 * 1_000, 0, 0, "\"true\""))
        .collect();
    assert_eq!(
        of(&file("", &nothing)),
        TraceError::NothingReceived { probes: 3 }
    );
    let negative = [
        trip(0, 0, 5, 5, "\"false\""),
        trip(1, 9, -50, 5, "\"false\""),
    ];
    assert!(
        of(&file("", &negative))
            .to_string()
            .contains("round-trip time is negative")
    );
    let backwards = [trip(0, 9, 5, 5, "\"false\""), trip(1, 9, 5, 5, "\"false\"")];
    assert!(
        of(&file("", &backwards))
            .to_string()
            .contains("no later than the one before")
    );
    let truncated = of(&REAL[..REAL.len() / 2]);
    assert!(
        matches!(truncated, TraceError::NotIrtt { line, .. } if line > 1_000),
        "{truncated}"
    );
    assert!(of("{}").to_string().contains("round_trips"));
    let in_file = of("").in_file("path.json").to_string();
    assert!(in_file.starts_with("path.json: line 1"), "{in_file}");
}

#[test]
fn a_link_replays_the_measurement_in_its_order_and_begins_anew_at_its_end() {
    let trips: Vec<String> = (0..5)
        .map(|n| {
            let lost = if n == 2 { "\"true_up\"" } else { "\"false\"" };
            trip(
                n,
                n as i64 * 20_000_000,
                1_000_000 * (n as i64 + 1),
                50,
                lost,
            )
        })
        .collect();
    let text = file("", &trips);
    let law = DelayLaw::Trace {
        file: "it.json".into(),
        measured: None,
    };
    let mut models = paths(jittery(law, false), quiet_link());
    let unread = Network::<[u8; 8]>::new(&models, FaultSchedule::default(), 1);
    assert!(unread.is_err_and(|error| error.to_string().contains("it.json")));
    models[0]
        .resolve(&mut |name| {
            assert_eq!(name, "it.json");
            Ok(text.clone())
        })
        .expect("it can be read");
    let mut network: Network<[u8; 8]> =
        Network::new(&models, FaultSchedule::default(), 11).expect("it is resolved");
    // Five probes of 20 ms each: after 100 ms everything repeats.
    let fates = fates(&mut network, 300);
    let delay = |packet: usize| {
        fates[packet]
            .first_arrival_ns()
            .map(|at_ns| (at_ns - packet as u64 * MS) / MS - 100)
    };
    for packet in 0..200 {
        assert_eq!(delay(packet), delay(packet + 100), "packet {packet}");
    }
    let round: Vec<Option<u64>> = (0..100).map(delay).collect();
    for (variation, share) in [
        (Some(0), 20),
        (Some(1), 20),
        (None, 20),
        (Some(3), 20),
        (Some(4), 20),
    ] {
        let count = round.iter().filter(|delay| **delay == variation).count();
        assert!(count.abs_diff(share) <= 1, "{variation:?}: {count}");
    }
    let mut order = round;
    let start = order
        .iter()
        .position(|delay| *delay == Some(1))
        .expect("the second probe");
    order.rotate_left(start);
    order.dedup();
    let cycle = [Some(1), None, Some(3), Some(4), Some(0)];
    let first = cycle
        .iter()
        .position(|delay| *delay == order[0])
        .expect("a delay of the trace");
    for (index, delay) in order.iter().enumerate() {
        assert_eq!(
            *delay,
            cycle[(first + index) % cycle.len()],
            "in the measured order"
        );
    }
}

/// Plain trips of 5 ns each way, with these labels, one each 20 ms.
fn labelled(labels: &[&str]) -> Vec<String> {
    (0..)
        .zip(labels)
        .map(|(n, label)| trip(n, n as i64 * 20_000_000, 5, 5, &format!("\"{label}\"")))
        .collect()
}

#[test]
fn a_measurement_says_what_it_is_used_for() {
    let path = MeasuredPath::from_irtt_json(REAL).expect("a real measurement");
    assert!(
        path.notes[0].starts_with("299 probes, 284 came back"),
        "{:?}",
        path.notes
    );
    assert_eq!((path.lost_up, path.lost_down), (9, 6));
    let [up, down] = Direction::ALL.map(|direction| path.direction(direction));
    assert_eq!(up.span_ns(), down.span_ns());
    // 2,990,305,280 ns from the first probe to the last, and the mean interval.
    assert_eq!(up.span_ns(), 2_990_305_280 + 2_990_305_280 / 298);
}

#[test]
fn a_probe_takes_the_loss_of_its_direction_and_in_the_other_the_delay_before() {
    let mut trips = labelled(&["false", "false", "true_down", "true_up"]);
    trips[1] = trip(1, 20_000_000, 9, 5, "\"false\"");
    let path = MeasuredPath::from_irtt_json(&file("", &trips)).expect("a measurement");
    let all = |direction| {
        let trace = path.direction(direction);
        [0, 20, 40, 60].map(|at_ms| trace.at(at_ms * MS))
    };
    assert_eq!(all(Direction::Up), [Some(0), Some(4), Some(4), None]);
    assert_eq!(all(Direction::Down), [Some(0), Some(0), None, Some(0)]);
}

#[test]
fn a_packet_meets_the_fate_of_the_nearest_probe() {
    let trips: Vec<String> = (0..3)
        .map(|n| trip(n, n as i64 * 20_000_000, n as i64 + 1, 5, "\"false\""))
        .collect();
    let path = MeasuredPath::from_irtt_json(&file("", &trips)).expect("a measurement");
    let up = path.direction(Direction::Up);
    assert_eq!(up.span_ns(), 60 * MS);
    for (at_ns, probe) in [
        (0, 0),
        (10 * MS - 1, 0),
        // Half-way: the earlier one.
        (10 * MS, 0),
        (10 * MS + 1, 1),
        (30 * MS + 1, 2),
        (50 * MS, 2),
        // Nearer to the first of the next round than to the last.
        (50 * MS + 1, 0),
        (60 * MS, 0),
        (80 * MS, 1),
        (60 * MS * 1_000_000 + 40 * MS, 2),
    ] {
        assert_eq!(up.at(at_ns), Some(probe), "at {at_ns} ns");
    }
}

#[test]
fn without_server_stamps_each_direction_gets_half_of_the_round_trip() {
    let trip = |seqno: u64, rtt: u64| {
        let sent = seqno * 20 * MS;
        format!(
            r#"{{"seqno":{seqno},"lost":"false","timestamps":{{"client":{{"send":{{"monotonic":{sent}}},"receive":{{"monotonic":{}}}}},"server":{{"receive":{{}},"send":{{}}}}}},"delay":{{"rtt":{rtt}}},"ipdv":{{}}}}"#,
            sent + rtt
        )
    };
    let trips = [trip(0, 1_000), trip(1, 1_600), trip(2, 1_100)];
    let path = MeasuredPath::from_irtt_json(&file("", &trips)).expect("a measurement");
    for direction in Direction::ALL {
        let trace = path.direction(direction);
        let variations = [0, 20, 40].map(|at_ms| trace.at(at_ms * MS));
        assert_eq!(variations, [Some(0), Some(300), Some(50)]);
    }
    assert!(
        path.notes
            .iter()
            .any(|note| note.contains("half of the round trip"))
    );
}

#[test]
fn the_least_delay_is_sought_within_five_seconds() {
    // The server's clock drifts: 1,000 ns more with each second. Over minutes that is no variation of the path.
    let trips: Vec<String> = (0..60)
        .map(|n| {
            trip(
                n,
                n as i64 * 1_000_000_000,
                1_000 * n as i64,
                5,
                "\"false\"",
            )
        })
        .collect();
    let path = MeasuredPath::from_irtt_json(&file("", &trips)).expect("a measurement");
    let up = path.direction(Direction::Up);
    assert_eq!(up.at(2_000 * MS), Some(2_000));
    assert_eq!(up.at(5_000 * MS), Some(5_000));
    assert_eq!(
        up.at(50_000 * MS),
        Some(5_000),
        "against the least of five seconds before"
    );
}

#[test]
fn a_sender_that_misses_its_slots_is_told_and_its_real_times_are_used() {
    let sent_ms = [0, 20, 40, 100, 120];
    let trips: Vec<String> = (0..)
        .zip(sent_ms)
        .map(|(n, at_ms)| trip(n, at_ms * 1_000_000, n as i64 + 1, 5, "\"false\""))
        .collect();
    let path = MeasuredPath::from_irtt_json(&file("", &trips)).expect("a measurement");
    assert!(
        path.notes
            .iter()
            .any(|note| note.starts_with("1 probes left")),
        "{:?}",
        path.notes
    );
    assert_eq!(path.direction(Direction::Up).at(60 * MS), Some(2));
    assert_eq!(path.direction(Direction::Up).at(80 * MS), Some(3));
}

#[test]
fn a_quiet_measurement_has_one_note_only() {
    let trips = labelled(&["false", "false", "false"]);
    let path = MeasuredPath::from_irtt_json(&file(r#""late_packets":0,"duplicates":0"#, &trips))
        .expect("a measurement");
    assert_eq!(path.notes.len(), 1, "{:?}", path.notes);
}

#[test]
fn a_probe_without_a_send_time_is_refused() {
    let mut trips = labelled(&["false", "false", "false"]);
    trips[1] =
        r#"{"seqno":1,"lost":"false","timestamps":{"client":{},"server":{}},"delay":{"rtt":9}}"#
            .into();
    let error = MeasuredPath::from_irtt_json(&file("", &trips)).expect_err("no send time");
    assert_eq!(
        error.to_string(),
        "round trip 1: it has no client send time; measure with --tstamp both"
    );
}

#[test]
fn a_broken_file_is_refused_with_line_and_column() {
    let text = "{\n  \"round_trips\": [\n    {\"seqno\": -1}\n  ]\n}";
    let error = MeasuredPath::from_irtt_json(text).expect_err("a negative number");
    let TraceError::NotIrtt { line, column, .. } = &error else {
        panic!("{error}");
    };
    assert_eq!((*line, *column), (3, 16));
    assert!(
        error
            .to_string()
            .starts_with("line 3, column 16: not the output of `irtt client -o`")
    );
    let mut fraction = labelled(&["false", "false"]);
    fraction[0] = fraction[0].replace("\"rtt\":10", "\"rtt\":10.5");
    let error = MeasuredPath::from_irtt_json(&file("", &fraction)).expect_err("half a nanosecond");
    assert!(
        matches!(error, TraceError::NotIrtt { line: 1, .. }),
        "{error}"
    );
}

#[test]
fn stamps_at_the_ends_of_the_integers_are_refused_not_computed_with() {
    let with = |from: &str, to: i64| {
        let mut trips = labelled(&["false", "false", "false"]);
        assert!(trips[1].contains(from), "{}", trips[1]);
        trips[1] = trips[1].replace(from, &to.to_string());
        MeasuredPath::from_irtt_json(&file("", &trips))
    };
    for stamp in ["20000005", "20000010", "20000000"] {
        for end in [i64::MIN, i64::MAX] {
            let error = with(stamp, end).expect_err("no clock shows it");
            assert!(
                matches!(error, TraceError::Impossible { seqno: 1, .. }),
                "{error}"
            );
        }
    }
    let interval = file("", &labelled(&["false", "false"]))
        .replace("20000000}},\"stats", &format!("{}}}}},\"stats", i64::MAX));
    MeasuredPath::from_irtt_json(&interval).expect("an interval of centuries changes nothing");
}

#[test]
fn a_file_that_cannot_be_read_is_told_once() {
    let law = DelayLaw::Trace {
        file: "it.json".into(),
        measured: None,
    };
    let told = |reason: &str| {
        let mut models = paths(jittery(law.clone(), false), quiet_link());
        let reason = reason.to_string();
        let error = models[0]
            .resolve(&mut |_| Err(reason.clone()))
            .expect_err("no file");
        error.to_string()
    };
    assert_eq!(told("no such file"), "it.json: no such file");
    assert_eq!(told("it.json: no such file"), "it.json: no such file");
    let mut models = paths(jittery(law.clone(), false), quiet_link());
    let error = models[0]
        .resolve(&mut |_| Ok("[".into()))
        .expect_err("broken");
    assert!(
        error.to_string().starts_with("it.json: line 1, column 1"),
        "{error}"
    );
}

#[test]
fn a_file_of_both_directions_is_read_once_and_noted_once() {
    let law = DelayLaw::Trace {
        file: "it.json".into(),
        measured: None,
    };
    let mut models = paths(jittery(law, true), quiet_link());
    let mut reads = 0;
    let notes = models[0]
        .resolve(&mut |_| {
            reads += 1;
            Ok(REAL.into())
        })
        .expect("a measurement");
    assert_eq!(reads, 1);
    assert!(notes.iter().all(|note| note.starts_with("it.json: ")));
    assert_eq!(
        notes
            .iter()
            .filter(|note| note.contains("299 probes"))
            .count(),
        1
    );
}

#[test]
fn a_replay_loses_what_the_measurement_lost() {
    let law = DelayLaw::Trace {
        file: "it.json".into(),
        measured: None,
    };
    let mut models = paths(jittery(law, true), quiet_link());
    models[0]
        .resolve(&mut |_| Ok(REAL.into()))
        .expect("a measurement");
    let mut network: Network<[u8; 8]> =
        Network::new(&models, FaultSchedule::default(), 5).expect("it is resolved");
    let fates = fates(&mut network, 3_000);
    let lost = fates
        .iter()
        .filter(|fate| fate.first_arrival_ns().is_none())
        .count();
    // Nine of 299 probes over three seconds; a gap between probes is 6 to 19 ms.
    assert!((60..130).contains(&lost), "{lost}");
}

#[test]
fn a_probe_that_contradicts_itself_is_refused() {
    let returned = trip(1, 20_000_000, 5, 5, "\"false\"");
    let no_time = returned.replace("\"rtt\":10", "\"rtt\":null");
    for (odd, told) in [
        (
            returned.replace("\"lost\":\"false\"", "\"lost\":true"),
            "is lost and has",
        ),
        (
            returned.replace("\"lost\":\"false\"", "\"lost\":\"maybe\""),
            "none that irtt writes",
        ),
        (no_time, "is not lost and has no"),
    ] {
        let trips = [trip(0, 0, 5, 5, "\"false\""), odd];
        let error = MeasuredPath::from_irtt_json(&file("", &trips)).expect_err(told);
        assert!(error.to_string().contains(told), "{error}");
    }
}

#[test]
fn a_replay_keeps_its_delays_and_its_losses() {
    let text = "# twin replay 1\n# of a tool\nsent_ns,up_ns,down_ns\n0,1000000,2000000\n10000000,,2500000\n20000000,3000000,\n";
    let path = MeasuredPath::from_text(text).expect("a replay");
    assert_eq!((path.sent, path.received), (3, 1));
    assert_eq!((path.lost_up, path.lost_down), (1, 1));
    let (up, down) = (
        path.direction(Direction::Up),
        path.direction(Direction::Down),
    );
    // Delays stand above the base already: nothing is taken from them.
    assert_eq!(
        (up.at(0), up.at(10_000_000), up.at(20_000_000)),
        (Some(MS), None, Some(3 * MS))
    );
    assert_eq!(
        (down.at(0), down.at(10_000_000), down.at(20_000_000)),
        (Some(2 * MS), Some(2_500_000), None)
    );
    // Then it begins anew: the third probe's interval is the mean one.
    assert_eq!(up.span_ns(), 30_000_000);
    assert_eq!(up.at(30_000_000), Some(MS));
}

#[test]
fn a_replay_that_was_changed_is_refused_with_its_line() {
    for (rows, told) in [
        ("0,1,1\n", "1 round trips"),
        ("0,1,1\n0,1,1\n", "line 4: it was sent no later"),
        ("0,1,1\n5,x,1\n", "line 4: a delay is no number"),
        ("0,1,1\n5,1\n", "line 4: a row has three cells"),
        ("0,1,1\n5,-1,1\n", "line 4: a delay is no number"),
        ("0,,1\n5,,1\n", "none of the 2 probes"),
        ("-4,1,1\n", "line 3: the time of sending"),
    ] {
        let text = format!("# twin replay 1\nsent_ns,up_ns,down_ns\n{rows}");
        let error = MeasuredPath::from_text(&text).expect_err("it is no replay");
        assert!(error.to_string().contains(told), "{rows:?}: {error}");
    }
}
