//! The laws of delay and loss against their closed forms and published figures.

mod common;

use common::{MS, delays_ms, fates, jittery, lossy, network, paths, probability, quiet_link};
use net_model::{DelayLaw, Direction, FaultSchedule, LossLaw, Network, SendFate};
use proptest::prelude::*;

fn mean_and_sd(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values
        .iter()
        .map(|value| (value - mean) * (value - mean))
        .sum::<f64>()
        / n;
    (mean, variance.sqrt())
}

fn draws(law: &str, packets: u64) -> Vec<f64> {
    let law: DelayLaw = ron::from_str(law).expect("a law");
    delays_ms(&fates(
        &mut network(jittery(law, false), FaultSchedule::default(), 42),
        packets,
    ))
}

/// NetFI's three delay models (weights, rates a millisecond, floor): their analytic means with the floor
/// are 100.004, 299.184 and 500.111 ms, their standard deviations 33.9, 90.2 and 95.2 ms.
#[test]
fn the_netfi_delay_models_have_their_published_means() {
    for (law, floor_ms, mean_ms, sd_ms) in [
        (
            "HyperExponential(weights: [0.72645, 0.27355], rates_per_ms: [0.02711, 0.08529])",
            70.0,
            100.004,
            33.9,
        ),
        (
            "HyperExponential(weights: [0.89258, 0.10742], rates_per_ms: [0.01081, 0.01624])",
            210.0,
            299.184,
            90.2,
        ),
        (
            "HyperExponential(weights: [0.89574, 0.10426], rates_per_ms: [0.01025, 0.01551])",
            406.0,
            500.111,
            95.2,
        ),
    ] {
        let packets = 200_000;
        let (mean, sd) = mean_and_sd(&draws(law, packets));
        // Four standard errors of the mean.
        let error = 4.0 * sd_ms / (packets as f64).sqrt();
        assert!(
            (floor_ms + mean - mean_ms).abs() < error,
            "{} against {mean_ms}",
            floor_ms + mean
        );
        assert!((sd / sd_ms - 1.0).abs() < 0.02, "sd {sd} against {sd_ms}");
    }
}

#[test]
fn gamma_and_exponential_jitter_have_their_moments() {
    for (law, mean_ms, sd_ms) in [
        ("ShiftedGamma(shape: 2, scale_ms: 0.5)", 1.0, 0.5_f64.sqrt()),
        ("ShiftedGamma(shape: 0.5, scale_ms: 4)", 2.0, 8.0_f64.sqrt()),
        ("ShiftedExponential(mean_ms: 3)", 3.0, 3.0),
    ] {
        let packets = 100_000;
        let (mean, sd) = mean_and_sd(&draws(law, packets));
        let error = 4.0 * sd_ms / (packets as f64).sqrt();
        assert!((mean - mean_ms).abs() < error, "{law}: mean {mean}");
        assert!((sd / sd_ms - 1.0).abs() < 0.03, "{law}: sd {sd}");
    }
}

#[test]
fn bursts_have_the_rate_and_the_mean_length_of_gilbert_and_elliott() {
    let loss = LossLaw::GilbertElliott {
        good_to_bad: probability(0.01),
        bad_to_good: probability(0.25),
        loss_good: probability(0.0),
        loss_bad: probability(1.0),
    };
    let packets = 400_000;
    let lost: Vec<bool> = fates(
        &mut network(lossy(loss), FaultSchedule::default(), 7),
        packets,
    )
    .iter()
    .map(|fate| matches!(fate, SendFate::Lost(_)))
    .collect();
    let losses = lost.iter().filter(|lost| **lost).count() as f64;
    let bursts = lost.windows(2).filter(|pair| !pair[0] && pair[1]).count() as f64;
    // p / (p + r) and 1 / r.
    let rate = losses / packets as f64;
    assert!((rate / (0.01 / 0.26) - 1.0).abs() < 0.05, "loss {rate}");
    assert!(
        (losses / bursts / 4.0 - 1.0).abs() < 0.05,
        "burst {}",
        losses / bursts
    );
    assert_eq!(loss.mean_loss(), 0.01 / 0.26);
}

/// Exact by dynamic programming: over 200 ticks both paths lose at least four packets in a row with
/// probability 0.023256.
#[test]
fn both_paths_lose_four_in_a_row_as_often_as_the_exact_solution_says() {
    let law = |good_to_bad, bad_to_good, loss_good, loss_bad| LossLaw::GilbertElliott {
        good_to_bad: probability(good_to_bad),
        bad_to_good: probability(bad_to_good),
        loss_good: probability(loss_good),
        loss_bad: probability(loss_bad),
    };
    let models = paths(
        lossy(law(0.01, 0.3, 0.0, 1.0)),
        lossy(law(0.02, 0.25, 0.001, 0.9)),
    );
    let (runs, exact) = (20_000, 0.023256);
    let mut hits = 0;
    for seed in 0..runs {
        let mut network: Network<[u8; 0]> =
            Network::new(&models, FaultSchedule::default(), seed).expect("it is valid");
        let mut in_a_row = 0;
        let hit = (0..200).any(|tick| {
            let both = [0, 1].map(|path| {
                matches!(
                    network.send(tick * MS, path, Direction::Up, []),
                    SendFate::Lost(_)
                )
            });
            in_a_row = if both == [true, true] {
                in_a_row + 1
            } else {
                0
            };
            in_a_row == 4
        });
        hits += u64::from(hit);
    }
    let (found, error) = (
        hits as f64 / runs as f64,
        (exact * (1.0 - exact) / runs as f64).sqrt(),
    );
    assert!(
        (found - exact).abs() < 4.0 * error,
        "{found} against {exact} ± {error}"
    );
}

#[test]
fn a_probability_of_zero_never_happens_and_of_one_always() {
    for (chance, lost) in [(0.0, 0), (1.0, 5_000)] {
        let loss = LossLaw::Independent {
            probability: probability(chance),
        };
        let fates = fates(
            &mut network(lossy(loss), FaultSchedule::default(), 1),
            5_000,
        );
        assert_eq!(
            fates
                .iter()
                .filter(|fate| matches!(fate, SendFate::Lost(_)))
                .count(),
            lost
        );
    }
}

proptest! {
    #[test]
    fn nothing_arrives_before_its_base_delay_and_a_queue_keeps_the_order(
        seed in any::<u64>(), mean in 0.0..20.0_f64, shape in 0.1..5.0_f64
    ) {
        for law in [
            format!("ShiftedExponential(mean_ms: {mean})"),
            format!("ShiftedGamma(shape: {shape}, scale_ms: {mean})"),
        ] {
            let law: DelayLaw = ron::from_str(&law).expect("a law");
            let fates = fates(&mut network(jittery(law, true), FaultSchedule::default(), seed), 300);
            let arrivals: Vec<u64> = fates.iter().filter_map(SendFate::first_arrival_ns).collect();
            prop_assert!(arrivals.is_sorted());
            for (packet, arrival) in (0..).zip(&arrivals) {
                prop_assert!(*arrival >= packet * MS + 100 * MS);
            }
        }
    }
}

#[test]
fn without_a_law_every_packet_takes_the_base_delay() {
    let fates = fates(&mut network(quiet_link(), FaultSchedule::default(), 1), 100);
    assert!(delays_ms(&fates).iter().all(|delay| *delay == 0.0));
}
