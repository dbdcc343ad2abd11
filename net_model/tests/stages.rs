//! The stages that a packet passes, each against its closed form: policer, bottleneck with other traffic, the wire's
//! newer laws, loss by stays, by bursts and by queueing, packets held back, and the bound on packets under way.

mod common;

use common::{
    MS, arrivals, delays_ms, fates, fault, jittery, lossy, network, paths, quiet_link, schedule,
};
use net_model::{
    DelayLaw, Direction, FaultKind, FaultSchedule, LinkModel, LossLaw, LossReason, Network,
    SendFate,
};
use sha2::{Digest, Sha256};

fn link(text: &str) -> LinkModel {
    ron::Options::default()
        .with_default_extension(ron::extensions::Extensions::IMPLICIT_SOME)
        .from_str(text)
        .expect(text)
}

fn calm(link: LinkModel, seed: u64) -> Network<[u8; 8]> {
    network(link, FaultSchedule::default(), seed)
}

fn assert_near(what: &str, measured: f64, exact: f64, standard_error: f64) {
    assert!(
        (measured - exact).abs() <= 4.0 * standard_error,
        "{what}: measured {measured}, exact {exact}, standard error {standard_error}"
    );
}

/// Mean, and its standard error from the means of 100 batches: neighbours may be correlated.
fn mean_of_batches(sample: &[f64]) -> (f64, f64) {
    let batches: Vec<f64> = sample
        .chunks_exact(sample.len() / 100)
        .map(|batch| batch.iter().sum::<f64>() / batch.len() as f64)
        .collect();
    let n = batches.len() as f64;
    let mean = batches.iter().sum::<f64>() / n;
    let variance = batches
        .iter()
        .map(|one| (one - mean) * (one - mean))
        .sum::<f64>()
        / (n - 1.0);
    (mean, (variance / n).sqrt())
}

// ------------------------------------------------------------------ policer

#[test]
fn a_policer_passes_its_burst_and_then_its_rate() {
    // 200 bytes at 1.6 Mbit/s are a millisecond; a burst of 1,000 bytes is five packets.
    let policed = link("(base_one_way: 100, policer: (rate_mbit_s: 1.6, burst_bytes: 1000))");
    let mut network = calm(policed, 1);
    let mut send = |at_ns| {
        let fate = network.send_sized(at_ns, 0, Direction::Up, [0; 8], 200);
        fate != SendFate::Lost(LossReason::Policer)
    };
    let at_once: Vec<bool> = (0..7).map(|_| send(0)).collect();
    assert_eq!(at_once, [true, true, true, true, true, false, false]);
    assert!(!send(MS - 1), "a packet's worth of tokens takes 1 ms");
    assert!(send(MS));
    assert!(!send(MS));
    // Four times the rate: a quarter passes, at 2 to 1,000 ms.
    let passed = (4..4_004).filter(|&quarter| send(quarter * MS / 4)).count();
    assert_eq!(passed, 999);
    // A silence fills the bucket, not more.
    let after: usize = (0..9).filter(|_| send(9_000 * MS)).count();
    assert_eq!(after, 5);
}

#[test]
fn a_policer_delays_nothing() {
    let policed = link("(base_one_way: 100, policer: (rate_mbit_s: 10, burst_bytes: 200))");
    let fates = fates(&mut calm(policed, 1), 100);
    assert!(delays_ms(&fates).iter().all(|delay| *delay == 0.0));
}

// ------------------------------------------------------------------ bottleneck

#[test]
fn a_full_queue_drops_what_comes_last_and_the_rest_waits_for_those_before() {
    // 200 bytes at 1.6 Mbit/s take a millisecond.
    let narrow = link("(base_one_way: 100, bottleneck: (rate_mbit_s: 1.6, limit_bytes: 1000))");
    let mut network = calm(narrow, 1);
    let fates: Vec<SendFate> = (0..7)
        .map(|_| network.send_sized(0, 0, Direction::Up, [0; 8], 200))
        .collect();
    let delays: Vec<Option<u64>> = fates.iter().map(SendFate::first_arrival_ns).collect();
    let out = |n: u64| Some((100 + n) * MS);
    assert_eq!(delays, [out(1), out(2), out(3), out(4), out(5), None, None]);
    assert_eq!(fates[5], SendFate::Lost(LossReason::QueueFull));
    // When one has gone there is room for one.
    let later = network.send_sized(MS, 0, Direction::Up, [0; 8], 200);
    assert_eq!(later.first_arrival_ns(), out(6));
    let one_more = network.send_sized(MS, 0, Direction::Up, [0; 8], 200);
    assert_eq!(one_more, SendFate::Lost(LossReason::QueueFull));
    let idle = network.send_sized(50 * MS, 0, Direction::Up, [0; 8], 400);
    assert_eq!(idle.first_arrival_ns(), Some(152 * MS), "by its size");
}

/// Queueing of a byte sent each 10 ms, in ms: it sees the queue as it is at any moment.
fn waits_ms(cross: &str, packets: u64) -> Vec<f64> {
    // 8 Mbit/s: a microsecond a byte.
    let text = format!(
        "(base_one_way: 0, bottleneck: (rate_mbit_s: 8, limit_bytes: 1000000000, cross: [{cross}]))"
    );
    let mut network = calm(link(&text), 5);
    (0..packets)
        .map(|packet| {
            let now_ns = packet * 10 * MS;
            let fate = network.send_sized(now_ns, 0, Direction::Up, [0; 8], 1);
            while network.pop_due(now_ns, Direction::Up).is_some() {}
            let at_ns = fate.first_arrival_ns().expect("the queue has no end");
            // Less its own microsecond.
            (at_ns - now_ns - 1_000) as f64 * 1e-6
        })
        .collect()
}

#[test]
fn exponential_packets_at_random_wait_as_in_an_m_m_1_queue() {
    let cross = "Poisson(packets_per_s: 700, bytes: 1000, exponential_sizes: true)";
    let waits = waits_ms(cross, 200_000);
    // Load 0.7, service 1 ms: mean wait ρ/(1-ρ) ms, and P(wait > x) = ρ exp(-(1-ρ) x). The byte's own load is 1e-4.
    let (mean, error) = mean_of_batches(&waits);
    assert_near("mean wait, ms", mean, 0.7 / 0.3, error);
    for x in [0.0, 1.0, 3.0, 10.0_f64] {
        let beyond: Vec<f64> = waits.iter().map(|wait| f64::from(*wait > x)).collect();
        let (share, error) = mean_of_batches(&beyond);
        assert_near("share beyond", share, 0.7 * libm::exp(-0.3 * x), error);
    }
}

#[test]
fn constant_packets_at_random_wait_as_in_an_m_d_1_queue() {
    let waits = waits_ms("Poisson(packets_per_s: 700, bytes: 1000)", 200_000);
    let (mean, error) = mean_of_batches(&waits);
    assert_near("mean wait, ms", mean, 0.7 / (2.0 * 0.3), error);
}

#[test]
fn transfers_load_the_queue_by_their_share_of_the_time() {
    // On a quarter of the time at 4 of 8 Mbit/s: a load of an eighth.
    let cross = "OnOff(on_ms: 100, off_ms: 300, rate_mbit_s: 4, packet_bytes: 1000)";
    let text = format!(
        "(base_one_way: 0, bottleneck: (rate_mbit_s: 8, limit_bytes: 100000, cross: [{cross}]))"
    );
    let mut network = calm(link(&text), 5);
    let seconds = 40_000;
    network.advance(seconds * 1_000 * MS);
    let (load, _) = network.load(0, Direction::Up).expect("a bottleneck");
    let share = load.bytes as f64 * 8.0 / (seconds as f64 * 8e6);
    // 100,000 rounds; the share of an alternating exponential process has a relative error of about
    // sqrt(2 (1 - 1/4)² / n); a transfer ends with a whole packet, 1 ms beyond its 100 on average.
    let error = share * (2.0 * 0.75_f64 * 0.75 / 100_000.0).sqrt() + 0.125 * 0.005;
    assert_near("load", share, 0.125, error);
    assert_eq!(load.dropped, 0);
}

const VIDEO: &str = "Video(frames_per_s: 60, rate_mbit_s: 20, key_every: 30, key_ratio: 6, \
                     packet_bytes: 1250)";

fn with_video(rate_mbit_s: f64, limit_bytes: u64) -> LinkModel {
    link(&format!(
        "(base_one_way: 100, bottleneck: (rate_mbit_s: {rate_mbit_s}, limit_bytes: {limit_bytes}, cross: [{VIDEO}]))"
    ))
}

#[test]
fn video_has_its_rate_and_its_frames_come_as_often_as_stated() {
    let mut network = calm(with_video(1_000.0, 10_000_000), 3);
    network.advance(100_000 * MS);
    let (load, video) = network.load(0, Direction::Up).expect("a bottleneck");
    assert!((5_999..=6_001).contains(&video.frames), "{}", video.frames);
    assert_eq!((video.damaged, load.dropped), (0, 0));
    let rate = load.bytes as f64 * 8.0 / 100.0;
    // Frames are whole packets of 1,250 bytes: within half a packet of 36 of the stated mean.
    assert!((rate / 20e6 - 1.0).abs() < 0.015, "{rate}");
    let last = video.last.expect("there were frames");
    assert_eq!(last.number + 1, video.frames);
}

#[test]
fn status_frames_wait_behind_key_frames_and_the_picture_breaks_when_the_queue_is_full() {
    let delays_of = |limit_bytes| {
        let mut network = calm(with_video(25.0, limit_bytes), 3);
        let fates = fates(&mut network, 10_000);
        (
            delays_ms(&fates),
            network.load(0, Direction::Up).expect("a bottleneck").1,
        )
    };
    let (delays, video) = delays_of(1_000_000);
    // A key frame is six of 35 shares of half a second at 20 Mbit/s: 214 kB, 68.6 ms at 25 Mbit/s.
    let longest = delays.iter().copied().fold(0.0, f64::max);
    assert!((66.0..72.0).contains(&longest), "{longest}");
    let shortest = delays.iter().copied().fold(f64::MAX, f64::min);
    assert!(
        shortest < 0.1,
        "between frames the queue runs empty: {shortest}"
    );
    assert_eq!(video.damaged, 0);
    let longest_frame = video.queueing_max_ns as f64 * 1e-6;
    assert!((66.0..72.0).contains(&longest_frame), "{longest_frame}");
    // A buffer of half a key frame: each key frame loses its rest, and nothing waits longer than the buffer is deep.
    let (delays, video) = delays_of(100_000);
    assert_eq!(video.damaged, video.frames.div_ceil(30));
    let longest = delays.iter().copied().fold(0.0, f64::max);
    assert!(
        (30.0..=32.01).contains(&longest),
        "100 kB at 25 Mbit/s: {longest}"
    );
}

#[test]
fn congestion_fills_the_queue_while_it_lasts_and_the_queue_empties_after_it() {
    let narrow = link("(base_one_way: 100, bottleneck: (rate_mbit_s: 10, limit_bytes: 62500))");
    let congestion = FaultKind::Congestion {
        rate_mbit_s: net_model::units::MegabitsPerSecond::new(20.0).expect("in range"),
    };
    let mut struck = network(narrow, schedule(vec![fault(1_000.0, 500.0, congestion)]), 1);
    let fates = fates(&mut struck, 3_000);
    let delay = |packet: usize| {
        let at_ns = fates[packet].first_arrival_ns()?;
        Some(at_ns as f64 * 1e-6 - packet as f64 - 100.0)
    };
    // Ours and the congestion offer 21.6 of 10 Mbit/s: the backlog grows by 1.16 ms a ms, up to 62,500 bytes or 50 ms.
    assert!(delay(999).expect("it arrives") < 0.2);
    let early = delay(1_020).expect("the queue is not full yet");
    assert!((18.0..26.0).contains(&early), "{early}");
    let full = (1_100..1_500).filter_map(delay);
    assert!(full.clone().all(|delay| (47.0..=50.01).contains(&delay)));
    assert!(full.count() < 400, "some are dropped");
    assert!(delay(1_700).expect("it arrives") < 0.2, "empty again");
    // Without a bottleneck there is nothing to congest.
    let mut wide = network(
        quiet_link(),
        schedule(vec![fault(0.0, 500.0, congestion)]),
        1,
    );
    let quiet = common::fates(&mut wide, 100);
    assert!(delays_ms(&quiet).iter().all(|delay| *delay == 0.0));
}

#[test]
fn other_traffic_of_one_link_moves_no_packet_of_another() {
    let loaded = |link: LinkModel| {
        let mut network: Network<[u8; 8]> = Network::new(
            &paths(link, with_video(25.0, 100_000)),
            FaultSchedule::default(),
            4,
        )
        .expect("valid");
        (0..2_000)
            .map(|packet| {
                network.send(packet * MS, 0, Direction::Up, [0; 8]);
                network.send(packet * MS, 1, Direction::Up, [0; 8])
            })
            .collect::<Vec<SendFate>>()
    };
    assert_eq!(loaded(quiet_link()), loaded(with_video(21.0, 50_000)));
}

// ------------------------------------------------------------------ the wire

fn draws(law: &str, packets: u64) -> Vec<f64> {
    let law: DelayLaw = ron::from_str(law).expect(law);
    delays_ms(&fates(&mut calm(jittery(law, false), 42), packets))
}

#[test]
fn lognormal_and_pareto_delays_have_their_quantiles_and_means() {
    let packets = 200_000;
    let share_error = |share: f64| (share * (1.0 - share) / packets as f64).sqrt();
    let lognormal = draws("Lognormal(median_ms: 4, log_sd: 0.8)", packets);
    // Of a normal law 0.5, 0.841345 and 0.977250 are below 0, 1 and 2 standard deviations.
    for (sds, share) in [(0.0, 0.5), (1.0, 0.841_345), (2.0, 0.977_250)] {
        let below = 4.0 * libm::exp(0.8 * sds);
        let found = lognormal.iter().filter(|x| **x < below).count() as f64 / packets as f64;
        assert_near("share below", found, share, share_error(share));
    }
    let pareto = draws("ParetoTail(scale_ms: 6, alpha: 3)", packets);
    for x in [1.0, 6.0, 54.0_f64] {
        let share = 1.0 / ((1.0 + x / 6.0) * (1.0 + x / 6.0) * (1.0 + x / 6.0));
        let found = pareto.iter().filter(|d| **d > x).count() as f64 / packets as f64;
        assert_near("share beyond", found, share, share_error(share));
    }
    for (law, mean) in [
        (
            "Lognormal(median_ms: 4, log_sd: 0.8)",
            4.0 * libm::exp(0.32),
        ),
        ("ParetoTail(scale_ms: 6, alpha: 3)", 3.0),
    ] {
        let law: DelayLaw = ron::from_str(law).expect(law);
        let stated = law.mean_ms().expect("it has a mean");
        assert!((stated - mean).abs() < 1e-9, "{stated}");
    }
    let heavy: DelayLaw = ron::from_str("ParetoTail(scale_ms: 6, alpha: 1)").expect("a law");
    assert_eq!(heavy.mean_ms(), None);
}

const REGIMES: &str = "Regimes(regimes: [
    (weight: 3, mean_stay_ms: 200, jitter: ShiftedExponential(mean_ms: 1)),
    (mean_stay_ms: 400, extra_ms: 30, jitter: ShiftedGamma(shape: 2, scale_ms: 1)),
    (mean_stay_ms: 100, extra_ms: 80),
])";

#[test]
fn regimes_share_the_time_by_weight_and_stay_and_last_as_long_as_stated() {
    let law: DelayLaw = ron::from_str(REGIMES).expect("a law");
    let delays = draws(REGIMES, 1_000_000);
    // Shares 600 : 400 : 100.
    for (from, to, share) in [(0.0, 30.0, 6.0 / 11.0), (30.0, 80.0, 4.0 / 11.0)] {
        let inside: Vec<f64> = delays
            .iter()
            .map(|delay| f64::from((from..to).contains(delay)))
            .collect();
        let (found, error) = mean_of_batches(&inside);
        assert_near("share of the time", found, share, error);
    }
    let (mean, error) = mean_of_batches(&delays);
    assert_near("mean", mean, law.mean_ms().expect("it has one"), error);
    // A stay in the third, of 100 ms; it follows itself with one in five, so runs are 1/(1 - 1/5) as long.
    let runs: Vec<f64> = delays
        .chunk_by(|a, b| (*a >= 80.0) == (*b >= 80.0))
        .filter(|run| run[0] >= 80.0)
        .map(|run| run.len() as f64)
        .collect();
    let mean = runs.iter().sum::<f64>() / runs.len() as f64;
    assert_near("run", mean, 125.0, 125.0 / (runs.len() as f64).sqrt() + 0.5);
}

#[test]
fn regimes_of_regimes_and_none_at_all_are_refused() {
    for (text, reason) in [
        ("Regimes(regimes: [])", "at least one"),
        (
            "Regimes(regimes: [(mean_stay_ms: 9, jitter: Trace(file: \"x\"))])",
            "regime 0",
        ),
        (
            "Regimes(regimes: [(mean_stay_ms: 9), (mean_stay_ms: 9, jitter: Regimes(regimes: [(mean_stay_ms: 1)]))])",
            "regime 1",
        ),
    ] {
        let told = ron::from_str::<DelayLaw>(text).expect_err(text).to_string();
        assert!(told.contains(reason), "{told}");
    }
}

// ------------------------------------------------------------------ loss

fn lost(link: LinkModel, packets: u64) -> Vec<f64> {
    fates(&mut calm(link, 11), packets)
        .iter()
        .map(|fate| f64::from(matches!(fate, SendFate::Lost(_))))
        .collect()
}

#[test]
fn stays_with_heavy_tails_lose_their_share_from_the_first_packet_on() {
    let law: LossLaw = ron::from_str(
        "LomaxSojourns(good: (alpha: 3, scale_ms: 200), bad: (alpha: 2.5, scale_ms: 30), loss_good: 0.001, loss_bad: 0.7)",
    )
    .expect("a law");
    // Mean stays 100 and 20 ms.
    let exact = 0.001 * 5.0 / 6.0 + 0.7 / 6.0;
    assert!((law.mean_loss() - exact).abs() < 1e-12);
    let (share, error) = mean_of_batches(&lost(lossy(law), 2_000_000));
    assert_near("share lost", share, exact, error);
    let first: f64 = (0..20_000)
        .map(|seed| {
            let fate = fates(&mut calm(lossy(law), seed), 1)[0];
            f64::from(fate.first_arrival_ns().is_none())
        })
        .sum();
    let error = (exact * (1.0 - exact) / 20_000.0_f64).sqrt();
    assert_near("of first packets", first / 20_000.0, exact, error);
}

#[test]
fn what_had_to_queue_is_lost_the_more_the_longer_it_queued() {
    let text = "(base_one_way: 100, fifo: false, jitter: ShiftedExponential(mean_ms: 20),
        queueing_loss: (from_ms: 10, full_ms: 50, probability: 0.4))";
    let lost = lost(link(text), 400_000);
    // The mean over an exponential law: the integral of P(queueing > x) times the slope, from 10 to 50 ms.
    let exact = 0.4 / 40.0 * 20.0 * (libm::exp(-0.5) - libm::exp(-2.5));
    let (share, error) = mean_of_batches(&lost);
    assert_near("share lost", share, exact, error);
    // Nothing queues, nothing is lost.
    let calm_link =
        link("(base_one_way: 100, queueing_loss: (from_ms: 0, full_ms: 0, probability: 1))");
    assert_eq!(
        fates(&mut calm(calm_link, 1), 100),
        fates(&mut calm(quiet_link(), 1), 100)
    );
    let reason = fates(&mut calm(link(text), 11), 10_000);
    assert!(reason.contains(&SendFate::Lost(LossReason::Queueing)));
}

// ------------------------------------------------------------------ order

#[test]
fn packets_held_back_are_overtaken_as_often_as_stated() {
    let text = "(base_one_way: 100, reordering: (probability: 0.1, by_ms: (5, 15)))";
    let mut network = calm(link(text), 2);
    let packets = 100_000;
    let delays = delays_ms(&fates(&mut network, packets));
    let held: Vec<f64> = delays
        .iter()
        .copied()
        .filter(|delay| *delay > 0.0)
        .collect();
    let share = held.len() as f64 / packets as f64;
    assert_near("share", share, 0.1, (0.09 / packets as f64).sqrt());
    assert!(held.iter().all(|delay| (5.0..=15.0).contains(delay)));
    let mean = held.iter().sum::<f64>() / held.len() as f64;
    let error = (100.0 / 12.0 / held.len() as f64).sqrt();
    assert_near("held back by", mean, 10.0, error);
    assert!(!arrivals(&mut network).is_sorted_by_key(|arrival| arrival.1));
}

// ------------------------------------------------------------------ bounds

#[test]
fn beyond_the_bound_packets_are_dropped_and_counted() {
    let repeated = link(
        "(base_one_way: 100, duplicates: (probability: 1, repeats_max: 3, extra_delay_mean_ms: 1))",
    );
    let mut network = calm(repeated, 1);
    network.limit_in_flight(10);
    let fates = fates(&mut network, 5);
    let copies: Vec<Option<u32>> = fates
        .iter()
        .map(|fate| match fate {
            SendFate::Scheduled { copies, .. } => Some(*copies),
            SendFate::Lost(_) => None,
        })
        .collect();
    assert_eq!(copies, [Some(4), Some(4), Some(2), None, None]);
    assert_eq!(fates[4], SendFate::Lost(LossReason::InFlightLimit));
    let counters = network.counters(0, Direction::Up);
    assert_eq!((counters.lost, counters.beyond_limit), (2, 10));
    assert_eq!(network.in_flight(Direction::Up), 10);
    assert_eq!(
        arrivals(&mut network).len(),
        10,
        "what is under way arrives"
    );
    let later = network.send(500 * MS, 0, Direction::Up, [0; 8]);
    assert!(later.first_arrival_ns().is_some(), "there is room again");
}

#[test]
fn the_number_under_way_does_not_grow_with_the_run() {
    let rough = link(
        "(base_one_way: 100, jitter: ShiftedGamma(shape: 2, scale_ms: 2),
          duplicates: (probability: 0.01, repeats_max: 3, extra_delay_mean_ms: 4),
          late_repeats: (probability: 0.001, delay_min_ms: 50, delay_max_ms: 3000))",
    );
    let mut network = calm(rough, 1);
    let mut most = [0; 2];
    for packet in 0..400_000_u64 {
        network.send(packet * MS, 0, Direction::Up, [0; 8]);
        while network.pop_due(packet * MS, Direction::Up).is_some() {}
        let half = usize::from(packet >= 200_000);
        most[half] = most[half].max(network.in_flight(Direction::Up));
    }
    assert!(most[0] < 150 && most[1] < 150, "{most:?}");
}

// ------------------------------------------------------------------ golden

/// Every stage at once. If this fails, either numbers have moved on purpose, and recorded failures no longer replay, or
/// the platform computes another thing.
#[test]
fn a_seeded_run_through_all_stages_has_its_golden_digest() {
    let common = "policer: (rate_mbit_s: 3, burst_bytes: 4000),
        queueing_loss: (from_ms: 5, full_ms: 80, probability: 0.3),
        reordering: (probability: 0.05, by_ms: (1, 20)),
        duplicates: (probability: 0.05, repeats_max: 3, extra_delay_mean_ms: 4),
        late_repeats: (probability: 0.01, delay_min_ms: 50, delay_max_ms: 300),
        bottleneck: (rate_mbit_s: 25, limit_bytes: 60000, cross: [
            Video(frames_per_s: 60, rate_mbit_s: 12, key_every: 30, key_ratio: 6, size_log_sd: 0.3, packet_bytes: 1200),
            OnOff(on_ms: 100, off_ms: 400, rate_mbit_s: 20, packet_bytes: 1500),
            Poisson(packets_per_s: 300, bytes: 400, exponential_sizes: true),
        ])";
    let a = link(&format!(
        "(base_one_way: 100, jitter: {REGIMES},
          loss: LomaxSojourns(good: (alpha: 3, scale_ms: 200), bad: (alpha: 2.5, scale_ms: 30), loss_good: 0.001, loss_bad: 0.7),
          {common})"
    ));
    let b = link(&format!(
        "(base_one_way: 125, jitter: Lognormal(median_ms: 4, log_sd: 0.8), fifo: false,
          loss: LomaxBursts(good_to_bad: 0.05, bad_to_good: 0.1, good: (alpha: 4.4, scale_packets: 1.6), bad: (alpha: 5, scale_packets: 0.3)),
          {common})"
    ));
    let faults: FaultSchedule = ron::from_str(
        "(faults: [
            (at_ms: 100, for_ms: 300, paths: A, kind: Flap(down_ms: 5, up_ms: 30)),
            (at_ms: 500, for_ms: 300, paths: Both, kind: Switch(gap_ms: 20, delay_ms: 15, jitter_mean_ms: 2)),
            (at_ms: 900, for_ms: 300, paths: B, kind: Drift(ms: 25)),
            (at_ms: 1000, for_ms: 200, paths: A, kind: Congestion(rate_mbit_s: 30)),
            (at_ms: 1200, for_ms: 600, paths: A, kind: Handovers(period_ms: 200, spike_ms: 20, start_ms: 40, end_ms: 10, probability: 0.4)),
            (at_ms: 1300, for_ms: 50, paths: B, kind: ShorterRoute(ms: 60)),
        ],
        packets: [(path: B, direction: Up, number: 77, fate: Deliver(ms: 3))])",
    )
    .expect("a schedule");
    let mut network: Network<[u8; 8]> = Network::new(&paths(a, b), faults, 2025).expect("valid");
    let mut hash = Sha256::new();
    for tick in 0..2_000_u64 {
        for path in [0, 1] {
            for direction in Direction::ALL {
                network.send(tick * MS, path, direction, tick.to_le_bytes());
            }
        }
        for direction in Direction::ALL {
            while network.pop_due(tick * MS, direction).is_some() {}
        }
        network.digest(&mut |part: &[u8]| hash.update(part));
    }
    let digest = hash.finalize();
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(
        digest,
        "e171c431cababf411d861985f15c35bacf5584744fa67c657bcb762e3104acee"
    );
}
