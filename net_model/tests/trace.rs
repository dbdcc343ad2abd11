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
    let returned = trip(1, 20_000_000, 5, 5, "\"false\"");
    for (label, told) in [
        ("\"true\"", "lost and has a round-trip"),
        ("\"maybe\"", "none that irtt writes"),
    ] {
        let odd = returned.replace("\"lost\":\"false\"", &format!("\"lost\":{label}"));
        let trips = [trip(0, 0, 5, 5, "\"false\""), odd];
        assert!(of(&file("", &trips)).to_string().contains(told), "{label}");
    }
    let extreme = [
        trip(0, i64::MIN, 5, 5, "\"false\""),
        trip(1, i64::MAX - 20, 5, 5, "\"false\""),
    ];
    assert!(
        MeasuredPath::from_irtt_json(&file("", &extreme)).is_ok(),
        "no number overflows"
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
