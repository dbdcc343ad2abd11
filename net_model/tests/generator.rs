//! From rates to faults, and what a scenario's text may say.

mod common;

use net_model::{
    Fault, FaultGenerator, FaultKind, FaultSchedule, PathModel, Stream, WhichDirections, WhichPaths,
};

const MINUTE_NS: u64 = 60_000_000_000;

fn generator() -> FaultGenerator {
    ron::from_str(
        "(outages: (per_minute: 6, for_ms: (20, 3000)),
          common_outages: (per_minute: 2, for_ms: (20, 1500)),
          brown_outs: (per_minute: 1, for_ms: (4000, 9000), delay_ms: (100, 900), ramp_ms: (0, 1500)))",
    )
    .expect("a generator")
}

#[test]
fn a_seed_gives_its_faults_in_order_and_inside_the_run() {
    let faults = generator().generate(3, 10 * MINUTE_NS);
    assert_eq!(faults, generator().generate(3, 10 * MINUTE_NS));
    assert_ne!(faults, generator().generate(4, 10 * MINUTE_NS));
    assert!(
        faults
            .faults
            .is_sorted_by(|a, b| a.at_ms.get() <= b.at_ms.get())
    );
    assert!(
        faults
            .faults
            .iter()
            .all(|fault| fault.at_ms.ns() < 10 * MINUTE_NS)
    );
}

#[test]
fn troubles_come_as_often_as_stated() {
    let minutes = 1_400;
    let faults = generator().generate(1, minutes * MINUTE_NS).faults;
    let count = |pick: &dyn Fn(&net_model::Fault) -> bool| {
        faults.iter().filter(|fault| pick(fault)).count() as f64
    };
    let outage = |fault: &net_model::Fault| fault.kind == FaultKind::Outage;
    for (found, per_minute) in [
        (
            count(&|fault| outage(fault) && fault.paths != WhichPaths::Both),
            6.0,
        ),
        (
            count(&|fault| outage(fault) && fault.paths == WhichPaths::Both),
            2.0,
        ),
        (count(&|fault| !outage(fault)), 1.0),
    ] {
        let expected = per_minute * minutes as f64;
        // A Poisson count: four standard deviations.
        assert!(
            (found - expected).abs() < 4.0 * expected.sqrt(),
            "{found} against {expected}"
        );
    }
}

#[test]
fn a_kind_left_out_moves_no_other() {
    let all = generator().generate(7, 10 * MINUTE_NS).faults;
    let mut fewer = generator();
    fewer.outages = Default::default();
    let fewer = fewer.generate(7, 10 * MINUTE_NS).faults;
    assert!(!fewer.is_empty());
    assert!(fewer.iter().all(|fault| all.contains(fault)));
}

#[test]
fn a_brown_out_always_has_a_ramp() {
    let faults = generator().generate(1, 200 * MINUTE_NS).faults;
    let ramps = faults.iter().filter_map(|fault| match fault.kind {
        FaultKind::AddDelay { ramp_ms, .. } => Some(ramp_ms.get()),
        _ => None,
    });
    assert!(ramps.into_iter().all(|ramp_ms| ramp_ms >= 1.0));
}

#[test]
fn a_schedule_reads_back_as_it_was_written() {
    let faults = generator().generate(5, 10 * MINUTE_NS);
    let text = ron::to_string(&faults).expect("it can be written");
    assert_eq!(
        ron::from_str::<FaultSchedule>(&text).expect("it can be read"),
        faults
    );
}

#[test]
fn a_fault_tells_itself_in_words() {
    let text = "(faults: [(at_ms: 5, for_ms: 300, paths: Both, direction: Up, kind: Outage)])";
    let faults: FaultSchedule = ron::from_str(text).expect("a schedule");
    assert_eq!(
        faults.faults[0].to_string(),
        "outage on both paths, uplink for 300.0 ms"
    );
}

#[test]
fn wrong_text_is_refused_where_it_stands() {
    let path = |link: &str| format!("(name: \"A\", up: ({link}), down: (base_one_way: 1))");
    for (text, told, line) in [
        (
            "base_one_way: -1",
            "milliseconds -1 is outside 0..=3600000",
            1,
        ),
        (
            "base_one_way: 1,\nloss: Independent(probability: 1.5)",
            "probability 1.5 is outside 0..=1",
            2,
        ),
        ("base_one_way: 1, jiter: None", "jiter", 1),
        (
            "base_one_way: 1, jitter: ShiftedGamma(shape: 0, scale_ms: 1)",
            "gamma shape 0 is outside",
            1,
        ),
        (
            "base_one_way: 1, jitter: HyperExponential(weights: [0.5], rates_per_ms: [1])",
            "add up to 0.5",
            1,
        ),
        (
            "base_one_way: 1, late_repeats: (probability: 0.1, delay_min_ms: 9, delay_max_ms: 3)",
            "runs backwards",
            1,
        ),
        ("base_one_way: NaN", "outside", 1),
    ] {
        let error = ron::from_str::<PathModel>(&path(text)).expect_err(text);
        assert!(error.code.to_string().contains(told), "{text}: {error}");
        assert_eq!(error.span.end.line, line, "{text}: {error}");
    }
    let backwards = "(outages: (per_minute: 1, for_ms: (30, 20)))";
    let error = ron::from_str::<FaultGenerator>(backwards).expect_err("backwards");
    assert!(
        error.to_string().contains("write the smaller number first"),
        "{error}"
    );
}

/// Each kind, and nothing else.
const KINDS: [(&str, &str); 7] = [
    ("outages", "per_minute: 4, for_ms: (20, 3000)"),
    ("common_outages", "per_minute: 4, for_ms: (20, 1500)"),
    ("clogs", "per_minute: 4, for_ms: (30, 900), common: 0.25"),
    (
        "brown_outs",
        "per_minute: 4, for_ms: (4000, 9000), delay_ms: (100, 900), ramp_ms: (500, 1500)",
    ),
    (
        "route_steps",
        "per_minute: 4, for_ms: (2000, 10000), delay_ms: (15, 85)",
    ),
    (
        "loss_storms",
        "per_minute: 4, for_ms: (200, 2000), probability: (0.1, 0.8)",
    ),
    (
        "duplicate_storms",
        "per_minute: 4, for_ms: (200, 2000), probability: (0.2, 1), delay_ms: (0, 400)",
    ),
];

fn faults_of(kind: &str, rates: &str, minutes: u64) -> Vec<Fault> {
    let generator: FaultGenerator =
        ron::from_str(&format!("({kind}: ({rates}))")).expect("a generator");
    generator.generate(17, minutes * MINUTE_NS).faults
}

#[test]
fn each_kind_comes_as_often_as_stated_and_inside_its_ranges() {
    let minutes = 500;
    for (kind, rates) in KINDS {
        let faults = faults_of(kind, rates, minutes);
        let expected = 4.0 * minutes as f64;
        let off = (faults.len() as f64 - expected).abs();
        assert!(off < 4.0 * expected.sqrt(), "{kind}: {}", faults.len());
        for fault in faults {
            let for_ms = fault.for_ms.get();
            let is_expected = match fault.kind {
                FaultKind::Outage => {
                    matches!(kind, "outages" | "common_outages")
                        && (20.0..=3_000.0).contains(&for_ms)
                        && (kind == "common_outages") == (fault.paths == WhichPaths::Both)
                }
                FaultKind::Clog => kind == "clogs" && (30.0..=900.0).contains(&for_ms),
                FaultKind::AddDelay { ms, ramp_ms } if kind == "brown_outs" => {
                    fault.paths == WhichPaths::Both
                        && (100.0..=900.0).contains(&ms.get())
                        && (500.0..=1_500.0).contains(&ramp_ms.get())
                }
                FaultKind::AddDelay { ms, ramp_ms } => {
                    kind == "route_steps"
                        && fault.paths != WhichPaths::Both
                        && (15.0..=85.0).contains(&ms.get())
                        && ramp_ms.get() == 0.0
                }
                FaultKind::Loss { probability } => {
                    kind == "loss_storms" && (0.1..=0.8).contains(&probability.get())
                }
                FaultKind::Duplicate {
                    probability,
                    delay_ms,
                } => {
                    kind == "duplicate_storms"
                        && (0.2..=1.0).contains(&probability.get())
                        && (0.0..=400.0).contains(&delay_ms.get())
                }
                _ => false,
            };
            assert!(is_expected, "{kind}: {fault:?}");
            assert_eq!(fault.direction, WhichDirections::Both);
        }
    }
}

#[test]
fn times_between_troubles_are_exponential() {
    let faults = faults_of("outages", "per_minute: 6, for_ms: (1, 2)", 1_400);
    let gaps: Vec<f64> = faults
        .windows(2)
        .map(|pair| pair[1].at_ms.get() - pair[0].at_ms.get())
        .collect();
    let n = gaps.len() as f64;
    let mean = gaps.iter().sum::<f64>() / n;
    let longer = gaps.iter().filter(|gap| **gap > 20_000.0).count() as f64 / n;
    // Mean ten seconds; beyond twice the mean lies e^-2 of them.
    assert!(
        (mean - 10_000.0).abs() < 4.0 * 10_000.0 / n.sqrt(),
        "{mean}"
    );
    let beyond: f64 = 0.135_335_283;
    assert!((longer - beyond).abs() < 4.0 * (beyond * (1.0 - beyond) / n).sqrt());
}

#[test]
fn a_coin_chooses_the_path_and_a_chance_whether_both_are_struck() {
    let share = |faults: &[Fault], paths| {
        faults.iter().filter(|fault| fault.paths == paths).count() as f64 / faults.len() as f64
    };
    let outages = faults_of("outages", KINDS[0].1, 1_000);
    let error = (0.25 / outages.len() as f64).sqrt();
    assert!((share(&outages, WhichPaths::A) - 0.5).abs() < 4.0 * error);
    let clogs = faults_of("clogs", KINDS[2].1, 1_000);
    let error = (0.1875 / clogs.len() as f64).sqrt();
    assert!((share(&clogs, WhichPaths::Both) - 0.25).abs() < 4.0 * error);
}

#[test]
fn a_changed_range_moves_no_beginning_and_a_longer_run_no_earlier_one() {
    let begins = |for_ms: &str, minutes| -> Vec<f64> {
        let rates = format!("per_minute: 6, for_ms: {for_ms}");
        let faults = faults_of("clogs", &rates, minutes);
        faults.iter().map(|fault| fault.at_ms.get()).collect()
    };
    let all = begins("(20, 3000)", 20);
    assert_eq!(all, begins("(1, 2)", 20));
    let early = begins("(20, 3000)", 10);
    assert_eq!(all[..early.len()], early);
    assert!(all[early.len()] >= 600_000.0);
}

#[test]
fn a_run_of_no_length_and_rates_of_zero_have_no_faults() {
    assert!(generator().generate(1, 0).is_empty());
    assert!(
        FaultGenerator::default()
            .generate(1, 1_000 * MINUTE_NS)
            .is_empty()
    );
}

/// Beginnings are rounded to microseconds: one in the last half of a microsecond must not round out of the run.
#[test]
fn no_fault_is_rounded_out_of_its_run() {
    let often: FaultGenerator =
        ron::from_str("(outages: (per_minute: 600, for_ms: (1, 2)))").expect("a generator");
    for seed in 0..50 {
        let first_ms = Stream::new(seed, "faults/outages").exponential() * 100.0;
        // The run ends with the microsecond in which the first outage begins.
        let horizon_ns = (first_ms * 1e3).ceil() as u64 * 1_000;
        for fault in often.generate(seed, horizon_ns).faults {
            assert!(fault.at_ms.ns() < horizon_ns, "seed {seed}: {fault}");
        }
    }
}

#[test]
fn faults_of_a_run_longer_than_a_day_do_not_pile_up_at_its_end() {
    let rare: FaultGenerator =
        ron::from_str("(outages: (per_minute: 0.1, for_ms: (1, 2)))").expect("a generator");
    let faults = rare.generate(1, 3 * 24 * 60 * MINUTE_NS).faults;
    let at_the_end = faults
        .iter()
        .filter(|fault| fault.at_ms.get() == 86_400_000.0);
    assert_eq!(at_the_end.count(), 0);
}
