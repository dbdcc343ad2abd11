//! What is put in comes out: measurements made by a model whose numbers are known, and real ones of `irtt`.

mod common;

use common::{Chain, START_WALL_NS, Trip, irtt, netem_trips};
use net_model::random::Stream;
use net_model::{DelayLaw, Direction, LossLaw, MeasuredPath};
use path_fit::fit::{Goodness, Way};
use path_fit::loss::LossFit;
use path_fit::statistics;
use path_fit::{FitOptions, FittedPath, Format, Measurement, Source, fit, read, write};

fn imported(text: &str) -> Measurement {
    read::read(
        Format::Irtt,
        Source::new(text.as_bytes()).expect("not empty"),
    )
    .expect("it can be read")
}

fn fitted(measurement: &Measurement) -> FittedPath {
    fit(
        measurement,
        &FitOptions {
            name: "test".into(),
            ..FitOptions::default()
        },
    )
    .expect("it can be fitted")
}

#[test]
fn a_netem_path_comes_out_with_its_loss_chain_and_its_delay() {
    // The setting and the length of the measurement that was made of the real netem in virtual time: each way 85 ms,
    // 2 ms paretonormal, Gilbert p 1 %, r 25 %.
    let trips = netem_trips(17_904, 1);
    let measurement = imported(&irtt(&trips, 1_000_000, "\"late_packets\": 3000"));
    let path = fitted(&measurement);
    let lost = trips.iter().filter(|trip| trip.lost).count();
    assert_eq!(measurement.lost(), lost);
    // The labels (4 to 1 up) were not believed.
    let split = path
        .losses
        .iter()
        .find(|loss| loss.way == Way::Up)
        .expect("a loss up");
    assert!(split.is_split);
    let within = |value: f64, error: f64, truth: f64| (value - truth).abs() < 3.0 * error;
    let chain = split.fit;
    assert!(
        within(chain.good_to_bad, chain.good_to_bad_error, 0.01),
        "{chain:?}"
    );
    assert!(
        within(chain.bad_to_good, chain.bad_to_good_error, 0.25),
        "{chain:?}"
    );
    // The stated errors are small enough to mean something.
    assert!(
        chain.good_to_bad_error < 0.001 && chain.bad_to_good_error < 0.05,
        "{chain:?}"
    );
    let LossLaw::GilbertElliott {
        good_to_bad,
        bad_to_good,
        ..
    } = path.model.up.loss
    else {
        panic!("{:?}", path.model.up.loss);
    };
    assert!((good_to_bad.get() - chain.good_to_bad).abs() < 1e-8);
    assert!((bad_to_good.get() - chain.bad_to_good).abs() < 1e-8);
    // Delay: the mean of the model is that of the measurement, within 0.1 ms both ways together, though no clock was
    // synchronised.
    let of_trips: f64 = trips
        .iter()
        .filter(|trip| !trip.lost)
        .map(|trip| (trip.up_ns + trip.down_ns) as f64 * 1e-6)
        .sum();
    let truth_ms = of_trips / (trips.len() - lost) as f64;
    let links = [&path.model.up, &path.model.down];
    let model_ms: f64 = links
        .iter()
        .map(|link| link.base_one_way.get() + link.jitter.mean_ms().expect("a law with a mean"))
        .sum();
    assert!(
        (model_ms - truth_ms).abs() < 0.2,
        "{model_ms} is not {truth_ms}"
    );
    // Its spread: netem's own, within 10 %.
    for way in &path.delays {
        let chosen = way.chosen().expect("a law");
        assert!(chosen.distance < 0.05, "{:?}: {chosen:?}", way.way);
        assert_ne!(way.goodness(), Goodness::Poor);
    }
    assert!(
        !path.model.up.fifo,
        "packets were reordered, so the link must reorder"
    );
}

#[test]
fn the_stated_errors_of_a_split_loss_are_its_real_ones() {
    // Over many measurements, the deviations from the truth in units of the stated errors: mean 0, spread 1.
    let fits: Vec<LossFit> = (0..150)
        .map(|seed| {
            LossFit::of(
                netem_trips(17_904, 1_000 + seed)
                    .iter()
                    .map(|trip| trip.lost),
            )
            .halved()
        })
        .collect();
    let p: Vec<f64> = fits
        .iter()
        .map(|fit| (fit.good_to_bad - 0.01) / fit.good_to_bad_error)
        .collect();
    let r: Vec<f64> = fits
        .iter()
        .map(|fit| (fit.bad_to_good - 0.25) / fit.bad_to_good_error)
        .collect();
    for (name, deviations) in [("p", p), ("r", r)] {
        let (mean, spread) = (
            statistics::mean(&deviations),
            libm::sqrt(statistics::variance(&deviations)),
        );
        // Three standard errors of the mean of 150; the error of r is an upper bound, so its spread is below 1.
        assert!(mean.abs() < 0.25, "{name}: {mean}");
        assert!((0.8..1.18).contains(&spread), "{name}: {spread}");
    }
}

#[test]
fn a_gamma_path_with_drifting_clocks_and_trusted_labels_comes_out_with_each_direction_s_numbers() {
    let mut stream = Stream::new(3, "gamma path");
    let (mut up, mut down) = (
        Chain {
            p: 0.002,
            r: 0.4,
            bad: false,
        },
        Chain {
            p: 0.01,
            r: 0.2,
            bad: false,
        },
    );
    // 20 s apart would never reorder; 20 ms with a scale of 0.8 ms does not either.
    let trips: Vec<Trip> = (0..30_000)
        .map(|n| {
            let (lost_up, sent_ns) = (up.next(&mut stream), n * 20_000_000);
            let lost_down = !lost_up && down.next(&mut stream);
            // The server's clock gains 40 ppm.
            let drift_ns = sent_ns / 25_000;
            Trip {
                sent_ns,
                up_ns: 85_000_000 + (stream.gamma(2.0) * 0.8e6) as i64 + drift_ns,
                down_ns: 97_000_000 + (stream.gamma(3.0) * 0.5e6) as i64 - drift_ns,
                lost: lost_up || lost_down,
                label: match (lost_up, lost_down) {
                    (true, _) => "\"true_up\"",
                    (_, true) => "\"true_down\"",
                    _ => "\"false\"",
                },
            }
        })
        .collect();
    let measurement = imported(&irtt(&trips, 20_000_000, ""));
    let path = fitted(&measurement);
    assert!(
        path.notes
            .iter()
            .any(|note| note.contains("drift by 40.0 ppm")),
        "{:?}",
        path.notes
    );
    for (direction, link, shape, scale_ms, p, r) in [
        ("up", &path.model.up, 2.0, 0.8, 0.002, 0.4),
        ("down", &path.model.down, 3.0, 0.5, 0.01, 0.2),
    ] {
        let DelayLaw::ShiftedGamma {
            shape: fitted_shape,
            scale_ms: fitted_scale,
        } = link.jitter
        else {
            panic!("{direction}: {:?}", link.jitter);
        };
        assert!(
            (fitted_shape.get() / shape - 1.0).abs() < 0.1,
            "{direction}: {fitted_shape:?}"
        );
        assert!(
            (fitted_scale.get() / scale_ms - 1.0).abs() < 0.1,
            "{direction}: {fitted_scale:?}"
        );
        let LossLaw::GilbertElliott {
            good_to_bad,
            bad_to_good,
            ..
        } = link.loss
        else {
            panic!("{direction}: {:?}", link.loss);
        };
        assert!(
            (good_to_bad.get() / p - 1.0).abs() < 0.4,
            "{direction}: {good_to_bad:?}"
        );
        assert!(
            (bad_to_good.get() / r - 1.0).abs() < 0.3,
            "{direction}: {bad_to_good:?}"
        );
        assert!(link.fifo);
    }
    let both_ms = path.model.up.base_one_way.get() + path.model.down.base_one_way.get();
    assert!((both_ms - 182.0).abs() < 0.3, "{both_ms}");
}

#[test]
fn a_route_step_is_two_regimes_and_the_replay_keeps_it() {
    let mut stream = Stream::new(5, "route step");
    let trips: Vec<Trip> = (0..3_000)
        .map(|n| Trip {
            sent_ns: n * 10_000_000,
            up_ns: if n < 1_000 { 85_000_000 } else { 115_000_000 }
                + (stream.exponential() * 0.5e6) as i64,
            down_ns: 85_000_000 + (stream.exponential() * 0.5e6) as i64,
            lost: n % 100 == 50,
            label: if n % 100 == 50 {
                "\"true_up\""
            } else {
                "\"false\""
            },
        })
        .collect();
    let measurement = imported(&irtt(&trips, 10_000_000, ""));
    let path = fitted(&measurement);
    let up = path
        .delays
        .iter()
        .find(|fit| fit.way == Way::Up)
        .expect("up");
    assert_eq!(up.regimes().len(), 2);
    assert_eq!(up.regimes()[1].from_ns, 10_000_000_000);
    // The jitter is that of both regimes, not the step: its mean is half a millisecond.
    assert!(up.percentile_ms(0.999) < 6.0);
    let replay = write::replay_csv(&measurement, &path);
    let replayed = MeasuredPath::from_text(&replay).expect("a replay is read by the model");
    assert_eq!(
        (replayed.sent, replayed.lost_up, replayed.lost_down),
        (3_000, 30, 0)
    );
    let trace = replayed.direction(Direction::Up);
    let (early, late) = (trace.at(5_000_000_000), trace.at(25_000_000_000));
    assert!(early.expect("not lost") < 8_000_000, "{early:?}");
    assert!(
        (30_000_000..38_000_000).contains(&late.expect("not lost")),
        "{late:?}"
    );
}

#[test]
fn the_real_measurement_of_two_nft_rules_has_their_losses() {
    // nft dropped 3 % up and 2 % down, independently.
    let text =
        std::fs::read_to_string("../scenarios/traces/irtt-path-a-10ms.json").expect("it is there");
    let path = fitted(&imported(&text));
    for (way, truth) in [(Way::Up, 0.03), (Way::Down, 0.02)] {
        let loss = path
            .losses
            .iter()
            .find(|loss| loss.way == way)
            .expect("both ways");
        let error = libm::sqrt(truth * (1.0 - truth) / loss.fit.sent as f64);
        assert!((loss.fit.share() - truth).abs() < 3.0 * error, "{loss:?}");
        assert!(
            matches!(loss.fit.law(1.0), LossLaw::Independent { .. }),
            "{loss:?}"
        );
    }
}

#[test]
fn a_tail_that_no_law_reaches_is_told() {
    let mut stream = Stream::new(8, "tail");
    // One packet in 200 waits half a second more.
    let trips: Vec<Trip> = (0..5_000)
        .map(|n| {
            let late_ns = if stream.uniform() < 0.005 {
                500_000_000
            } else {
                0
            };
            Trip {
                sent_ns: n * 1_000_000_000,
                up_ns: 85_000_000 + (stream.gamma(2.0) * 1e6) as i64 + late_ns,
                down_ns: 85_000_000 + (stream.gamma(2.0) * 1e6) as i64,
                lost: false,
                label: "\"false\"",
            }
        })
        .collect();
    let path = fitted(&imported(&irtt(&trips, 1_000_000_000, "")));
    let told: Vec<&String> = path
        .notes
        .iter()
        .filter(|note| note.contains("tail is lighter"))
        .collect();
    assert_eq!(told.len(), 1, "{:?}", path.notes);
    assert!(told[0].starts_with("up:"), "{told:?}");
}

#[test]
fn what_is_written_is_read_back_as_the_same_path() {
    let measurement = imported(&irtt(&netem_trips(2_000, 9), 1_000_000, ""));
    let path = fitted(&measurement);
    let text = write::path_ron(&path.model, "title", &path.notes).expect("it can be written");
    let back: net_model::PathModel = ron::from_str(&text).expect("it can be read");
    assert_eq!(back, path.model);
    let replay = write::replay_model(&path, "x.replay.csv");
    let text = write::path_ron(&replay, "title", &[]).expect("it can be written");
    let mut back: net_model::PathModel = ron::from_str(&text).expect("it can be read");
    let csv = write::replay_csv(&measurement, &path);
    back.resolve(&mut |_| Ok(csv.clone()))
        .expect("the replay is read");
}

#[test]
fn integers_beyond_the_floats_keep_their_last_nanosecond() {
    let trips: Vec<Trip> = (0..3)
        .map(|n| Trip {
            sent_ns: n * 10_000_001,
            up_ns: 5,
            down_ns: 7,
            lost: false,
            label: "false",
        })
        .collect();
    let measurement = imported(&irtt(&trips, 10_000_000, ""));
    assert_eq!(measurement.start_wall_ns, Some(START_WALL_NS));
    assert_eq!(measurement.probes[2].sent_ns, 20_000_002);
    assert_eq!(
        measurement.probes[1].up_ns,
        Some(5 + common::SERVER_AHEAD_NS)
    );
    assert_eq!(measurement.probes[1].rtt_ns, Some(12));
}
