//! Whether two measured paths share something, on pairs whose truth is known.

use net_model::random::Stream;
use path_fit::compare::{Comparison, Finding, compare};
use path_fit::{Format, Measurement, Source, read};

/// A path of 2 minutes at 100 Hz as a table: its own delays and losses, plus what is shared.
fn path(seed: u64, seconds: i64, start_s: i64, shared: &dyn Fn(i64) -> (f64, bool)) -> Measurement {
    let mut stream = Stream::new(seed, "one path");
    let mut text = String::from("sent_ms,rtt_ms\n");
    let (mut queue_ms, mut bad) = (0.0_f64, false);
    for n in 0..seconds * 100 {
        // A queue that wanders by itself.
        queue_ms = (0.98 * queue_ms + 0.2 * stream.normal()).max(0.0);
        bad = if bad {
            stream.uniform() >= 0.5
        } else {
            stream.uniform() < 0.002
        };
        let (shared_ms, shared_loss) = shared(n);
        let delay_ms = 170.0 + queue_ms + stream.exponential() * 0.3 + shared_ms;
        let sent_ms = start_s * 1_000 + n * 10;
        if bad || shared_loss {
            text += &format!("{sent_ms},\n");
        } else {
            text += &format!("{sent_ms},{delay_ms:.6}\n");
        }
    }
    read::read(Format::Csv, Source::new(text.as_bytes()).expect("some")).expect("it can be read")
}

fn nothing(_: i64) -> (f64, bool) {
    (0.0, false)
}

fn told(comparison: &Comparison, text: &str) {
    assert!(
        comparison
            .reasons
            .iter()
            .any(|reason| reason.contains(text)),
        "no '{text}' in {comparison:?}"
    );
}

#[test]
fn independent_paths_look_separate_nearly_always() {
    let wrong = (0..20)
        .filter(|&seed| {
            let found = compare(
                &path(2 * seed, 120, 0, &nothing),
                &path(2 * seed + 1, 120, 0, &nothing),
            );
            assert_ne!(found.finding, Finding::TooLittle);
            found.finding == Finding::Share
        })
        .count();
    // One false alarm in a hundred is meant: two in twenty would be rare (1.7 %).
    assert!(wrong <= 1, "{wrong} of 20");
}

#[test]
fn a_queue_that_both_cross_is_seen_in_their_delays() {
    let mut stream = Stream::new(99, "shared queue");
    let mut queue_ms = 0.0_f64;
    let shared: Vec<f64> = (0..12_000)
        .map(|_| {
            queue_ms = (0.99 * queue_ms + 0.3 * stream.normal()).max(0.0);
            queue_ms
        })
        .collect();
    let queue = |n: i64| (shared[n as usize], false);
    let found = compare(&path(1, 120, 0, &queue), &path(2, 120, 0, &queue));
    assert_eq!(found.finding, Finding::Share, "{found:?}");
    told(&found, "rise and fall together");
}

#[test]
fn losses_of_a_shared_last_mile_are_seen() {
    // Once in 4 s a packet of both is lost.
    let losses = |n: i64| (0.0, n % 397 == 0);
    let found = compare(&path(3, 120, 0, &losses), &path(4, 120, 0, &losses));
    assert_eq!(found.finding, Finding::Share, "{found:?}");
    told(&found, "losses coincide");
    assert!(
        found.losses.loss_b_given_a > 10.0 * found.losses.loss_b,
        "{:?}",
        found.losses
    );
}

#[test]
fn one_common_outage_in_half_an_hour_is_enough_and_one_of_one_path_is_not() {
    let outage = |n: i64| (0.0, (20_000..20_100).contains(&n));
    let found = compare(&path(5, 1_800, 0, &outage), &path(6, 1_800, 0, &outage));
    assert_eq!(found.outages.events, [1, 1, 1]);
    assert_eq!(found.finding, Finding::Share, "{found:?}");
    told(&found, "outages coincide");
    let found = compare(&path(5, 1_800, 0, &outage), &path(6, 1_800, 0, &nothing));
    assert_eq!(found.outages.events, [1, 0, 0]);
    assert_eq!(found.finding, Finding::Separate, "{found:?}");
}

#[test]
fn a_common_route_step_is_seen() {
    let step = |n: i64| (if n >= 30_000 { 25.0 } else { 0.0 }, false);
    let found = compare(&path(7, 3_600, 0, &step), &path(8, 3_600, 0, &step));
    assert_eq!(found.steps.events, [1, 1, 1], "{:?}", found.steps);
    told(&found, "route steps coincide");
}

#[test]
fn too_short_or_not_at_one_time_is_too_little_data() {
    let found = compare(&path(9, 10, 0, &nothing), &path(10, 10, 0, &nothing));
    assert_eq!(found.finding, Finding::TooLittle, "{found:?}");
    let found = compare(&path(9, 60, 0, &nothing), &path(10, 60, 3_600, &nothing));
    assert_eq!(found.finding, Finding::TooLittle);
    told(&found, "not measured at the same time");
}
