//! The laws of delay and loss against their closed forms and published figures.

mod common;

use common::{MS, delays_ms, fates, jittery, lossy, ms, network, paths, probability, quiet_link};
use net_model::random::Trials;
use net_model::{DelayLaw, Direction, FaultSchedule, LossLaw, Network, SendFate, Stream};
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

// ------------------------------------------------------------------ named streams, and four standard errors

fn assert_near(what: &str, measured: f64, exact: f64, standard_error: f64) {
    assert!(
        (measured - exact).abs() <= 4.0 * standard_error,
        "{what}: measured {measured}, exact {exact}, standard error {standard_error}"
    );
}

/// Mean and variance of a sample.
fn moments(sample: &[f64]) -> (f64, f64) {
    let n = sample.len() as f64;
    let mean = sample.iter().sum::<f64>() / n;
    let variance = sample.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (n - 1.0);
    (mean, variance)
}

/// Checks mean and variance against a law with the given variance and fourth central moment.
fn assert_moments(what: &str, sample: &[f64], mean: f64, variance: f64, fourth: f64) {
    let n = sample.len() as f64;
    let (measured_mean, measured_variance) = moments(sample);
    let error_of_variance = ((fourth - variance * variance) / n).sqrt();
    assert_near(
        &format!("mean of {what}"),
        measured_mean,
        mean,
        (variance / n).sqrt(),
    );
    assert_near(
        &format!("variance of {what}"),
        measured_variance,
        variance,
        error_of_variance,
    );
}

#[test]
fn a_stream_is_a_function_of_seed_and_name() {
    let bits = |seed, name: &str| {
        let mut stream = Stream::new(seed, name);
        [stream.bits(), stream.bits(), stream.bits()]
    };
    assert_eq!(bits(1, "net/0/up/jitter"), bits(1, "net/0/up/jitter"));
    assert_ne!(bits(1, "net/0/up/jitter"), bits(2, "net/0/up/jitter"));
    assert_ne!(bits(1, "net/0/up/jitter"), bits(1, "net/1/up/jitter"));
    assert_ne!(bits(1, "net/0/up/jitter"), bits(1, "net/0/up/loss"));
}

#[test]
fn a_stream_never_changes_its_numbers() {
    let mut stream = Stream::new(1, "golden");
    let bits = [stream.bits(), stream.bits()];
    assert_eq!(bits, [0x2a34_5bda_3107_3556, 0xacd7_1401_3994_8968]);
}

#[test]
fn the_position_of_a_stream_counts_the_words_drawn() {
    let mut stream = Stream::new(1, "position");
    assert_eq!(stream.position(), 0);
    stream.bits();
    assert_eq!(stream.position(), 2);
    stream.uniform();
    stream.below(10);
    stream.happens(probability(0.5).into());
    stream.exponential();
    assert_eq!(stream.position(), 10, "each of these draws 64 bits once");
}

#[test]
fn a_chance_happens_as_often_as_it_says() {
    let n = 200_000;
    for chance in [0.001, 0.02, 0.5, 0.9] {
        let mut stream = Stream::new(5, "how often");
        let hits = (0..n)
            .filter(|_| stream.happens(probability(chance).into()))
            .count();
        let error = (chance * (1.0 - chance) / f64::from(n)).sqrt();
        assert_near("share", hits as f64 / f64::from(n), chance, error);
    }
}

#[test]
fn uniform_numbers_lie_in_the_half_open_unit_interval_and_fill_it() {
    let mut stream = Stream::new(3, "uniform");
    let sample: Vec<f64> = (0..200_000).map(|_| stream.uniform()).collect();
    assert!(sample.iter().all(|x| (0.0..1.0).contains(x)));
    assert_moments("uniform", &sample, 0.5, 1.0 / 12.0, 1.0 / 80.0);
}

#[test]
fn a_choice_among_few_is_even_and_among_none_is_zero() {
    let mut stream = Stream::new(3, "choices");
    let mut counts = [0_u32; 6];
    for _ in 0..60_000 {
        counts[stream.below(6) as usize] += 1;
    }
    let error = (60_000.0 * (1.0 / 6.0) * (5.0 / 6.0_f64)).sqrt();
    for count in counts {
        assert_near("count of one choice", f64::from(count), 10_000.0, error);
    }
    assert_eq!(stream.below(0), 0);
    assert_eq!(stream.below(1), 0);
}

#[test]
fn normal_numbers_have_mean_0_and_variance_1() {
    let mut stream = Stream::new(3, "normal");
    let sample: Vec<f64> = (0..200_000).map(|_| stream.normal()).collect();
    assert_moments("normal", &sample, 0.0, 1.0, 3.0);
}

#[test]
fn exponential_numbers_have_mean_and_variance_1() {
    let mut stream = Stream::new(3, "exponential");
    let sample: Vec<f64> = (0..200_000).map(|_| stream.exponential()).collect();
    assert!(sample.iter().all(|x| (0.0..36.8).contains(x)));
    assert_moments("exponential", &sample, 1.0, 1.0, 9.0);
}

#[test]
fn gamma_numbers_have_mean_and_variance_of_their_shape_below_and_above_one() {
    for shape in [0.05, 0.5, 1.0, 2.0, 9.3, 400.0] {
        let mut stream = Stream::new(3, "gamma");
        let sample: Vec<f64> = (0..200_000).map(|_| stream.gamma(shape)).collect();
        assert!(sample.iter().all(|x| *x >= 0.0 && x.is_finite()));
        let fourth = 3.0 * shape * shape + 6.0 * shape;
        assert_moments(
            &format!("gamma of shape {shape}"),
            &sample,
            shape,
            shape,
            fourth,
        );
    }
}

#[test]
fn the_laws_know_their_means() {
    assert_eq!(DelayLaw::None.mean_ms(), Some(0.0));
    assert_eq!(
        DelayLaw::ShiftedExponential { mean_ms: ms(4.0) }.mean_ms(),
        Some(4.0)
    );
    assert_eq!(
        DelayLaw::Trace {
            file: "x".into(),
            measured: None
        }
        .mean_ms(),
        None
    );
    assert_eq!(LossLaw::None.mean_loss(), 0.0);
    assert_eq!(
        LossLaw::Independent {
            probability: probability(0.3)
        }
        .mean_loss(),
        0.3
    );
}

#[test]
fn a_delay_is_cut_off_at_an_hour() {
    for law in [
        "ShiftedGamma(shape: 1000, scale_ms: 3600000)",
        "HyperExponential(weights: [1], rates_per_ms: [0.000001])",
        "ShiftedExponential(mean_ms: 3600000)",
    ] {
        let delays = draws(law, 1_000);
        let longest = delays.iter().copied().fold(0.0, f64::max);
        assert_eq!(longest, 3_600_000.0, "{law}");
    }
}

/// Whether each packet of one link is lost.
fn losses(law: LossLaw, packets: u64) -> Vec<bool> {
    fates(
        &mut network(lossy(law), FaultSchedule::default(), 11),
        packets,
    )
    .iter()
    .map(|fate| matches!(fate, SendFate::Lost(_)))
    .collect()
}

/// A Gilbert-Elliott chain in plain numbers.
#[derive(Clone, Copy)]
struct Chain {
    good_to_bad: f64,
    bad_to_good: f64,
    loss_good: f64,
    loss_bad: f64,
}

impl Chain {
    fn law(self) -> LossLaw {
        LossLaw::GilbertElliott {
            good_to_bad: probability(self.good_to_bad),
            bad_to_good: probability(self.bad_to_good),
            loss_good: probability(self.loss_good),
            loss_bad: probability(self.loss_bad),
        }
    }

    fn share_bad(self) -> f64 {
        self.good_to_bad / (self.good_to_bad + self.bad_to_good)
    }

    /// [p(1-h) + r(1-k)] / (p+r).
    fn loss(self) -> f64 {
        (self.good_to_bad * self.loss_bad + self.bad_to_good * self.loss_good)
            / (self.good_to_bad + self.bad_to_good)
    }

    /// Chance that two packets in a row are lost.
    fn pair(self) -> f64 {
        let [stay_good, stay_bad] = [1.0 - self.good_to_bad, 1.0 - self.bad_to_good];
        let after_good = stay_good * self.loss_good + self.good_to_bad * self.loss_bad;
        let after_bad = self.bad_to_good * self.loss_good + stay_bad * self.loss_bad;
        (1.0 - self.share_bad()) * self.loss_good * after_good
            + self.share_bad() * self.loss_bad * after_bad
    }

    /// Mean number of losses in a row: losses per beginning of a burst.
    fn burst(self) -> f64 {
        self.loss() / (self.loss() - self.pair())
    }

    /// Standard error of the measured loss of `n` packets: neighbours are correlated, by (1 - p - r) a step.
    fn error_of_loss(self, n: f64) -> f64 {
        let memory = 1.0 - self.good_to_bad - self.bad_to_good;
        let contrast = self.loss_bad - self.loss_good;
        let covariance = contrast * contrast * self.share_bad() * (1.0 - self.share_bad());
        let variance = self.loss() * (1.0 - self.loss());
        ((variance + 2.0 * covariance * memory / (1.0 - memory)) / n).sqrt()
    }
}

/// Lengths of the runs of losses.
fn bursts(lost: &[bool]) -> Vec<f64> {
    lost.chunk_by(|a, b| a == b)
        .filter(|run| run[0])
        .map(|run| run.len() as f64)
        .collect()
}

/// The settings that str0m-netem names by mean packets in the good and the bad state (200/2 ... 20/2), where a bad
/// packet is always lost, and NetFI's GE_Classic.
const CHAINS: [Chain; 5] = [
    Chain {
        good_to_bad: 0.005,
        bad_to_good: 0.5,
        loss_good: 0.0,
        loss_bad: 1.0,
    },
    Chain {
        good_to_bad: 0.01,
        bad_to_good: 1.0 / 3.0,
        loss_good: 0.0,
        loss_bad: 1.0,
    },
    Chain {
        good_to_bad: 0.05,
        bad_to_good: 0.5,
        loss_good: 0.0,
        loss_bad: 1.0,
    },
    Chain {
        good_to_bad: 0.05,
        bad_to_good: 0.25,
        loss_good: 0.02,
        loss_bad: 0.6,
    },
    Chain {
        good_to_bad: 0.9,
        bad_to_good: 0.8,
        loss_good: 0.1,
        loss_bad: 0.7,
    },
];

#[test]
fn a_gilbert_elliott_link_loses_its_closed_form_share() {
    for chain in CHAINS {
        assert!((chain.law().mean_loss() - chain.loss()).abs() < 1e-12);
        let lost = losses(chain.law(), 400_000);
        let n = lost.len() as f64;
        let share = lost.iter().filter(|lost| **lost).count() as f64 / n;
        assert_near("share lost", share, chain.loss(), chain.error_of_loss(n));
    }
    let published = Chain {
        good_to_bad: 0.05,
        bad_to_good: 0.25,
        loss_good: 0.02,
        loss_bad: 0.6,
    };
    assert!((published.loss() - 0.116_666_666_7).abs() < 1e-9);
}

#[test]
fn a_gilbert_elliott_link_loses_in_bursts_of_its_closed_form_length() {
    for chain in CHAINS {
        if chain.loss_bad == 1.0 && chain.loss_good == 0.0 {
            assert!(
                (chain.burst() - 1.0 / chain.bad_to_good).abs() < 1e-9,
                "1/r when h = 0"
            );
        }
        // Means of batches, so that the error needs no law for the correlation of neighbouring bursts.
        let lost = losses(chain.law(), 400_000);
        let batches: Vec<f64> = lost
            .chunks(10_000)
            .map(|batch| {
                let bursts = bursts(batch);
                bursts.iter().sum::<f64>() / bursts.len() as f64
            })
            .collect();
        let (mean, variance) = moments(&batches);
        assert_near(
            "burst",
            mean,
            chain.burst(),
            (variance / batches.len() as f64).sqrt(),
        );
    }
}

#[test]
fn independent_losses_come_at_their_rate_and_without_memory() {
    let lost = losses(
        LossLaw::Independent {
            probability: probability(0.2),
        },
        200_000,
    );
    let n = lost.len() as f64;
    let share = lost.iter().filter(|lost| **lost).count() as f64 / n;
    assert_near("share lost", share, 0.2, (0.16 / n).sqrt());
    let bursts = bursts(&lost);
    let (mean, _) = moments(&bursts);
    // Geometric: mean 1/(1-p), variance p/(1-p)^2.
    assert_near("burst", mean, 1.25, (0.3125 / bursts.len() as f64).sqrt());
}

#[test]
fn a_chain_that_never_moves_stays_good() {
    let still = Chain {
        good_to_bad: 0.0,
        bad_to_good: 0.0,
        loss_good: 0.0,
        loss_bad: 1.0,
    };
    assert_eq!(still.law().mean_loss(), 0.0);
    assert!(losses(still.law(), 10_000).iter().all(|lost| !lost));
}

/// The dual-path case whose chance is known exactly.
const FIRST: Chain = Chain {
    good_to_bad: 0.01,
    bad_to_good: 0.3,
    loss_good: 0.0,
    loss_bad: 1.0,
};
const SECOND: Chain = Chain {
    good_to_bad: 0.02,
    bad_to_good: 0.25,
    loss_good: 0.001,
    loss_bad: 0.9,
};

#[test]
fn a_run_has_no_warm_up_its_first_packet_is_lost_as_often_as_any() {
    let runs = 10_000_u64;
    let lost = (0..runs).filter(|&seed| {
        let mut network = network(lossy(SECOND.law()), FaultSchedule::default(), seed);
        matches!(fates(&mut network, 1)[0], SendFate::Lost(_))
    });
    let share = lost.count() as f64 / runs as f64;
    let exact = SECOND.loss();
    assert!((exact - 0.067_592_592_6).abs() < 1e-9);
    let error = (exact * (1.0 - exact) / runs as f64).sqrt();
    assert_near("share lost", share, exact, error);
}

/// Chance that both chains lose in `k` ticks running, somewhere in `n` ticks: a sum over both states and the length of
/// the run so far. The chain is asked for its loss and then moves; from a stationary start, the other order is the same.
fn both_lost_exactly(a: Chain, b: Chain, k: usize, n: usize) -> f64 {
    let weight = |chain: Chain, bad: bool| {
        if bad {
            chain.share_bad()
        } else {
            1.0 - chain.share_bad()
        }
    };
    let loss = |chain: Chain, bad: bool| if bad { chain.loss_bad } else { chain.loss_good };
    let step = |chain: Chain, from: bool, to: bool| match (from, to) {
        (false, true) => chain.good_to_bad,
        (false, false) => 1.0 - chain.good_to_bad,
        (true, false) => chain.bad_to_good,
        (true, true) => 1.0 - chain.bad_to_good,
    };
    let states = [(false, false), (false, true), (true, false), (true, true)];
    let mut mass = vec![[0.0; 4]; k];
    for (at, (bad_a, bad_b)) in states.into_iter().enumerate() {
        mass[0][at] = weight(a, bad_a) * weight(b, bad_b);
    }
    let mut reached = 0.0;
    for _ in 0..n {
        let mut next = vec![[0.0; 4]; k];
        for (run, of_run) in mass.iter().enumerate() {
            for (at, (bad_a, bad_b)) in states.into_iter().enumerate() {
                let both = loss(a, bad_a) * loss(b, bad_b);
                if run + 1 == k {
                    reached += of_run[at] * both;
                }
                for (to, (to_a, to_b)) in states.into_iter().enumerate() {
                    let moves = of_run[at] * step(a, bad_a, to_a) * step(b, bad_b, to_b);
                    next[0][to] += moves * (1.0 - both);
                    if run + 1 < k {
                        next[run + 1][to] += moves * both;
                    }
                }
            }
        }
        mass = next;
    }
    reached
}

#[test]
fn the_exact_chances_of_losing_both_paths_are_the_published_ones() {
    let small = both_lost_exactly(FIRST, SECOND, 4, 200);
    assert!((small - 0.023_256).abs() < 5e-7, "{small}");
    let large = both_lost_exactly(FIRST, SECOND, 5, 1000);
    assert!((large - 5.466_666_681_4e-2).abs() < 1e-11, "{large}");
    let two_minutes = both_lost_exactly(FIRST, SECOND, 10, 10_000);
    assert!(
        (two_minutes - 1.322_713_464_7e-2).abs() < 1e-11,
        "{two_minutes}"
    );
    let operation = both_lost_exactly(FIRST, SECOND, 20, 60_000);
    assert!(
        (operation - 4.434_146_818_0e-5).abs() < 1e-14,
        "{operation}"
    );
    // One path that is always lost beside the first leaves the first alone.
    let nothing = Chain {
        loss_good: 1.0,
        loss_bad: 1.0,
        ..SECOND
    };
    let alone = both_lost_exactly(FIRST, nothing, 20, 60_000);
    assert!((alone - 0.484_105_706_32).abs() < 1e-10, "{alone}");
}

/// Whether somewhere in `sends` packets `k` in a row are lost on all of the first `paths_lost` paths.
fn loses_in_a_row(seed: u64, paths_lost: usize, k: u32, sends: u64) -> bool {
    let models = paths(lossy(FIRST.law()), lossy(SECOND.law()));
    let mut network: Network<()> =
        Network::new(&models, FaultSchedule::default(), seed).expect("it is valid");
    let mut in_a_row = 0;
    (0..sends).any(|send| {
        let lost = (0..paths_lost).filter(|&path| {
            let fate = network.send(send * MS, path, Direction::Up, ());
            matches!(fate, SendFate::Lost(_))
        });
        in_a_row = if lost.count() == paths_lost {
            in_a_row + 1
        } else {
            0
        };
        while network.pop_due(send * MS, Direction::Up).is_some() {}
        in_a_row == k
    })
}

#[test]
fn long_runs_of_losses_come_as_often_as_the_exact_solution_says() {
    for (paths_lost, k, sends, runs, exact) in [
        (1, 20, 60_000, 400_u64, 0.484_105_706_32),
        (2, 5, 1_000, 8_000, 5.466_666_681_4e-2),
    ] {
        let hits = (0..runs).filter(|&seed| loses_in_a_row(seed, paths_lost, k, sends));
        let found = hits.count() as f64 / runs as f64;
        let error = (exact * (1.0 - exact) / runs as f64).sqrt();
        assert_near("runs of losses", found, exact, error);
    }
}

#[test]
fn quick_numbers_have_the_moments_and_the_tails_of_their_laws() {
    let n = 400_000;
    let mut stream = Stream::new(3, "quick normal");
    let sample: Vec<f64> = (0..n).map(|_| stream.quick_normal()).collect();
    assert_moments("quick normal", &sample, 0.0, 1.0, 3.0);
    // Two-sided tails of a normal law; the ziggurat's own begins at 3.654.
    for (beyond, share) in [(1.0, 0.317_310_5), (3.0, 0.002_699_8), (3.8, 0.000_144_7)] {
        for sign in [-1.0, 1.0] {
            let found = sample.iter().filter(|x| **x * sign > beyond).count() as f64;
            let share = share / 2.0;
            let error = (share / f64::from(n)).sqrt();
            assert_near("one tail", found / f64::from(n), share, error);
        }
    }
    let mut stream = Stream::new(3, "quick exponential");
    let sample: Vec<f64> = (0..n).map(|_| stream.quick_exponential()).collect();
    assert_moments("quick exponential", &sample, 1.0, 1.0, 9.0);
    for beyond in [0.01, 1.0, 5.0, 8.0_f64] {
        let share = libm::exp(-beyond);
        let found = sample.iter().filter(|x| **x > beyond).count() as f64;
        let error = (share * (1.0 - share) / f64::from(n)).sqrt();
        assert_near("tail", found / f64::from(n), share, error);
    }
}

#[test]
fn trials_that_are_counted_down_succeed_as_independent_ones_do() {
    let n = 400_000;
    for chance in [0.0, 0.001, 0.3, 0.97, 1.0] {
        let mut stream = Stream::new(9, "trials");
        let mut trials = Trials::new(probability(chance), &mut stream);
        let hits: Vec<bool> = (0..n).map(|_| trials.succeeds(&mut stream)).collect();
        let count = hits.iter().filter(|hit| **hit).count() as f64 / f64::from(n);
        let error = (chance * (1.0 - chance) / f64::from(n)).sqrt();
        assert_near("share", count, chance, error);
        // Pairs in a row: no memory.
        let pairs = hits.windows(2).filter(|pair| pair[0] && pair[1]).count() as f64;
        let square = chance * chance;
        let error = (square * (1.0 - square) * (1.0 + 2.0 * chance) / f64::from(n)).sqrt();
        assert_near("pairs", pairs / f64::from(n - 1), square, error);
    }
}
