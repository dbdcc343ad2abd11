//! From rates to faults, and what a scenario's text may say.

mod common;

use net_model::{FaultGenerator, FaultKind, FaultSchedule, PathModel, WhichPaths};

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
    let minutes = 2_000;
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
