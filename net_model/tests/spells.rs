//! The longer troubles: flaps, drifts, switches to another way, handovers of satellites, and causes that paths share.

mod common;

use common::{
    MS, arrivals, delays_ms, fates, fault, ms, network, probability, quiet_link, schedule,
};
use net_model::units::Sojourn;
use net_model::{
    Fault, FaultGenerator, FaultKind, LossReason, SendFate, WhichDirections, WhichPaths,
};

const MINUTE_NS: u64 = 60_000_000_000;

fn stay(value: f64) -> Sojourn {
    Sojourn::new(value).expect("in range")
}

/// Packets sent each ms under one fault.
fn under(fault: Fault, packets: u64) -> Vec<SendFate> {
    fates(
        &mut network(quiet_link(), schedule(vec![fault]), 1),
        packets,
    )
}

fn delay_ms(fates: &[SendFate], packet: usize) -> Option<f64> {
    Some(fates[packet].first_arrival_ns()? as f64 * 1e-6 - packet as f64 - 100.0)
}

#[test]
fn a_shorter_route_lets_later_packets_overtake_and_never_comes_before_it_was_sent() {
    let shorter = |by_ms| FaultKind::ShorterRoute { ms: ms(by_ms) };
    let mut struck = network(
        quiet_link(),
        schedule(vec![
            fault(20.0, 10.0, shorter(40.0)),
            fault(60.0, 10.0, shorter(3_000.0)),
        ]),
        1,
    );
    let fates = fates(&mut struck, 100);
    for (packet, delay) in [(19, 0.0), (20, -40.0), (29, -40.0), (30, 0.0), (65, -100.0)] {
        assert_eq!(delay_ms(&fates, packet), Some(delay), "packet {packet}");
    }
    assert!(!arrivals(&mut struck).is_sorted_by_key(|arrival| arrival.1));
}

#[test]
fn a_drift_rises_evenly_and_stays() {
    let fates = under(
        fault(100.0, 1_000.0, FaultKind::Drift { ms: ms(60.0) }),
        3_000,
    );
    for (packet, delay) in [
        (50, 0.0),
        (100, 0.0),
        (350, 15.0),
        (600, 30.0),
        (1_100, 60.0),
        (2_999, 60.0),
    ] {
        let found = delay_ms(&fates, packet).expect("nothing is lost");
        assert!((found - delay).abs() < 1e-6, "packet {packet}: {found}");
    }
    let step = under(fault(100.0, 0.0, FaultKind::Drift { ms: ms(60.0) }), 200);
    assert_eq!(
        (delay_ms(&step, 99), delay_ms(&step, 100)),
        (Some(0.0), Some(60.0))
    );
}

#[test]
fn a_flap_goes_down_first_and_comes_back_each_period() {
    let kind = FaultKind::Flap {
        down_ms: stay(3.0),
        up_ms: stay(7.0),
    };
    let fates = under(fault(20.0, 25.0, kind), 60);
    let down: Vec<usize> = (0..60)
        .filter(|&packet| fates[packet] == SendFate::Lost(LossReason::Outage))
        .collect();
    assert_eq!(down, [20, 21, 22, 30, 31, 32, 40, 41, 42]);
}

#[test]
fn a_switch_has_a_gap_at_either_end_and_a_longer_way_between() {
    let kind = FaultKind::Switch {
        gap_ms: ms(10.0),
        delay_ms: ms(40.0),
        jitter_mean_ms: ms(0.0),
    };
    let fates = under(fault(100.0, 100.0, kind), 300);
    for (packet, delay) in [(99, Some(0.0)), (100, None), (109, None), (110, Some(40.0))] {
        assert_eq!(delay_ms(&fates, packet), delay, "packet {packet}");
    }
    for (packet, delay) in [
        (189, Some(40.0)),
        (190, None),
        (199, None),
        (200, Some(0.0)),
    ] {
        assert_eq!(delay_ms(&fates, packet), delay, "packet {packet}");
    }
    let jittery = FaultKind::Switch {
        gap_ms: ms(0.0),
        delay_ms: ms(40.0),
        jitter_mean_ms: ms(5.0),
    };
    let link = net_model::LinkModel {
        fifo: false,
        ..quiet_link()
    };
    let faults = schedule(vec![fault(0.0, 50_000.0, jittery)]);
    let delays = delays_ms(&common::fates(&mut network(link, faults, 1), 50_000));
    let mean = delays.iter().sum::<f64>() / delays.len() as f64;
    let error = 5.0 / (delays.len() as f64).sqrt();
    assert!((mean - 45.0).abs() < 4.0 * error, "{mean}");
}

#[test]
fn handovers_are_felt_each_period_before_and_after() {
    let kind = FaultKind::Handovers {
        period_ms: stay(15_000.0),
        spike_ms: ms(200.0),
        start_ms: ms(100.0),
        end_ms: ms(40.0),
        probability: probability(0.0),
    };
    let fates = under(fault(1_000.0, 60_000.0, kind), 62_000);
    let quiet: Vec<f64> = (500..14_800)
        .map(|after| delay_ms(&fates, 1_000 + after).expect("nothing is lost"))
        .collect();
    assert!(quiet.iter().all(|delay| *delay == 0.0), "stable inside");
    for round in 0..3 {
        let at = 1_000 + round * 15_000;
        let near = |packet: usize, delay: f64| {
            let found = delay_ms(&fates, packet).expect("nothing is lost");
            assert!(
                (found - delay).abs() < 1.01,
                "{packet}: {found} against {delay}"
            );
        };
        near(at, 100.0);
        // By half a spike later half of the height is gone, and a queue can empty no faster than time goes by.
        near(at + 100, 50.0);
        near(at + 14_900, 20.0);
        near(at + 14_999, 39.8);
    }
    let lossy = FaultKind::Handovers {
        period_ms: stay(1_000.0),
        spike_ms: ms(100.0),
        start_ms: ms(0.0),
        end_ms: ms(0.0),
        probability: probability(0.5),
    };
    let fates = under(fault(0.0, 100_000.0, lossy), 100_000);
    let lost: Vec<usize> = (0..fates.len())
        .filter(|&packet| fates[packet].first_arrival_ns().is_none())
        .collect();
    assert!(
        lost.iter()
            .all(|packet| !(100..=900).contains(&(packet % 1_000)))
    );
    // 199 of 1,000 packets are near a handover.
    let share = lost.len() as f64 / 19_900.0;
    assert!(
        (share - 0.5).abs() < 4.0 * (0.25 / 19_900.0_f64).sqrt(),
        "{share}"
    );
}

#[test]
fn each_new_trouble_tells_itself_in_words() {
    let switch = FaultKind::Switch {
        gap_ms: ms(280.0),
        delay_ms: ms(30.0),
        jitter_mean_ms: ms(1.0),
    };
    for (kind, words) in [
        (
            FaultKind::ShorterRoute { ms: ms(20.0) },
            "route step of -20.0 ms on path A for 9.0 ms",
        ),
        (
            FaultKind::Drift { ms: ms(20.0) },
            "drift to 20.0 ms on path A for 9.0 ms",
        ),
        (
            switch,
            "switch to a way of 30.0 ms more with gaps of 280.0 ms on path A for 9.0 ms",
        ),
    ] {
        assert_eq!(fault(5.0, 9.0, kind).to_string(), words);
    }
}

// ------------------------------------------------------------------ from rates

fn generated(text: &str, seed: u64, minutes: u64) -> Vec<Fault> {
    let generator: FaultGenerator = ron::from_str(text).expect(text);
    generator.generate(seed, minutes * MINUTE_NS).faults
}

#[test]
fn the_new_kinds_come_as_often_as_stated_on_one_path() {
    for kind in [
        "flaps: (per_minute: 4, for_ms: (500, 900), down_ms: (10, 20), up_ms: (30, 40))",
        "switches: (per_minute: 4, for_ms: (500, 900), gap_ms: (280, 280), delay_ms: (9, 20))",
        "drifts: (per_minute: 4, for_ms: (500, 900), delay_ms: (10, 20))",
        "congestions: (per_minute: 4, for_ms: (500, 900), rate_mbit_s: (5, 50), direction: Down)",
        "one_way_outages: (per_minute: 4, for_ms: (500, 900))",
    ] {
        let faults = generated(&format!("({kind})"), 17, 500);
        let off = (faults.len() as f64 - 2_000.0).abs();
        assert!(off < 4.0 * 2_000.0_f64.sqrt(), "{kind}: {}", faults.len());
        for fault in &faults {
            assert!((500.0..=900.0).contains(&fault.for_ms.get()));
            assert_ne!(fault.paths, WhichPaths::Both);
            let fits = match fault.kind {
                FaultKind::Flap { down_ms, up_ms } => {
                    (10.0..=20.0).contains(&down_ms.get()) && (30.0..=40.0).contains(&up_ms.get())
                }
                FaultKind::Switch {
                    gap_ms, delay_ms, ..
                } => gap_ms.get() == 280.0 && (9.0..=20.0).contains(&delay_ms.get()),
                FaultKind::Drift { ms } => (10.0..=20.0).contains(&ms.get()),
                FaultKind::Congestion { rate_mbit_s } => {
                    (5.0..=50.0).contains(&rate_mbit_s.get())
                        && fault.direction == WhichDirections::Down
                }
                FaultKind::Outage => fault.direction != WhichDirections::Both,
                _ => false,
            };
            assert!(fits, "{fault:?}");
        }
    }
}

/// Numbers of strikes on either path in each of many minutes.
fn strikes(text: &str, minutes: u64) -> Vec<[f64; 2]> {
    let mut counts = vec![[0.0; 2]; minutes as usize];
    for fault in generated(text, 5, minutes) {
        let minute = &mut counts[(fault.at_ms.get() / 60_000.0) as usize];
        minute[0] += f64::from(u8::from(fault.paths != WhichPaths::B));
        minute[1] += f64::from(u8::from(fault.paths != WhichPaths::A));
    }
    counts
}

#[test]
fn a_shared_risk_strikes_each_path_as_often_as_stated_and_both_with_the_stated_correlation() {
    let minutes = 1_400;
    for correlation in [0.0, 0.3, 0.6, 1.0] {
        let text = format!(
            "(shared_risks: [(name: \"cable station\", per_minute: 5, for_ms: (20, 400),
              correlation: {correlation}, effect: Outage)])"
        );
        let counts = strikes(&text, minutes);
        let n = minutes as f64;
        let mean = |path: usize| counts.iter().map(|count| count[path]).sum::<f64>() / n;
        for path in [0, 1] {
            let off = (mean(path) - 5.0).abs();
            assert!(
                off < 4.0 * (5.0 / n).sqrt(),
                "{correlation}: {}",
                mean(path)
            );
        }
        let covariance = |a: usize, b: usize| {
            counts
                .iter()
                .map(|count| (count[a] - mean(a)) * (count[b] - mean(b)))
                .sum::<f64>()
                / n
        };
        let found = covariance(0, 1) / (covariance(0, 0) * covariance(1, 1)).sqrt();
        // Fisher: the standard error of a correlation is (1 - r²) / sqrt(n), and 1/sqrt(n) is above it.
        assert!(
            (found - correlation).abs() < 4.0 / n.sqrt(),
            "{found} against {correlation}"
        );
    }
}

#[test]
fn a_common_strike_reaches_the_second_path_within_the_stated_lag() {
    let text =
        "(shared_risks: [(name: \"station\", per_minute: 5, for_ms: (20, 400), correlation: 1,
        lag_ms: (10, 50), direction: Up, effect: AddDelay(ms: 70, ramp_ms: 10))])";
    // Far enough apart that no two strikes mix: pairs in the order of time.
    let faults: Vec<Fault> = generated(text, 5, 100);
    assert!(faults.len() > 800);
    for first in faults.iter().filter(|fault| fault.paths == WhichPaths::A) {
        let has_twin = faults.iter().any(|second| {
            let apart = (second.at_ms.get() - first.at_ms.get()).abs();
            second.paths == WhichPaths::B
                && (9.99..=50.01).contains(&apart)
                && second.for_ms == first.for_ms
        });
        // The last may lie beyond the end of the run.
        assert!(
            has_twin || first.at_ms.get() > 100.0 * 60_000.0 - 51.0,
            "{first:?}"
        );
        assert_eq!(first.direction, WhichDirections::Up);
    }
    let two = "(shared_risks: [
        (name: \"x\", per_minute: 5, for_ms: (20, 400), correlation: 1, effect: Outage),
        (name: \"x\", per_minute: 5, for_ms: (20, 400), correlation: 1, effect: Clog)])";
    let times = |kind: FaultKind| {
        let of_kind = generated(two, 5, 10)
            .into_iter()
            .filter(move |fault| fault.kind == kind);
        of_kind.map(|fault| fault.at_ms.get()).collect::<Vec<f64>>()
    };
    assert_ne!(times(FaultKind::Outage), times(FaultKind::Clog));
}

#[test]
fn outages_in_a_cycle_follow_one_another() {
    let text = "(outage_cycles: [(paths: Both, outage_ms: (0, 1000), connected_ms: (1000, 1000))])";
    let faults = generated(text, 5, 60);
    for pair in faults.windows(2) {
        let end_ms = pair[0].at_ms.get() + pair[0].for_ms.get();
        assert!((pair[1].at_ms.get() - end_ms - 1_000.0).abs() < 2e-3);
    }
    assert!(faults[0].at_ms.get() <= 1_000.0);
    // A cycle of no length ends as well.
    let text = "(outage_cycles: [(paths: A, outage_ms: (0, 0), connected_ms: (0, 0))])";
    assert_eq!(generated(text, 5, 1).len(), 600);
}

#[test]
fn planned_faults_come_in_every_run_at_their_time() {
    let text = "(planned: [(at_ms: 4000, for_ms: 50, paths: A, direction: Down, kind: Outage)],
        drifts: (per_minute: 3, for_ms: (9, 9), delay_ms: (1, 1)))";
    for seed in 0..20 {
        let faults = generated(text, seed, 1);
        let planned = faults
            .iter()
            .filter(|fault| fault.kind == FaultKind::Outage);
        let planned: Vec<&Fault> = planned.collect();
        assert_eq!(planned.len(), 1);
        assert_eq!(planned[0].at_ms.ns(), 4_000 * MS);
        assert!(faults.is_sorted_by(|a, b| a.at_ms.get() <= b.at_ms.get()));
    }
}
