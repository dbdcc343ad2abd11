//! What the text of a scenario may say: every bad value is refused where it stands, every good one reads back.

mod common;

use net_model::{
    DelayLaw, FaultGenerator, FaultSchedule, LinkModel, LossLaw, Milliseconds, MillisecondsRange,
    PathModel, Probability, ProbabilityRange, Repeats,
};
use proptest::prelude::*;
use serde::de::DeserializeOwned;

/// The error, and where the reader stood: (line, column), both from 1.
fn refusal<T: DeserializeOwned + std::fmt::Debug>(text: &str) -> (String, (usize, usize)) {
    let error = ron::from_str::<T>(text).expect_err(text);
    (
        error.code.to_string(),
        (error.span.end.line, error.span.end.col),
    )
}

#[test]
fn a_negative_probability_is_refused_with_line_and_column() {
    let text = "(\n  base_one_way: 100,\n  loss: Independent(probability: -0.1),\n)";
    let (told, (line, column)) = refusal::<LinkModel>(text);
    assert!(told.contains("probability -0.1 is outside 0..=1"), "{told}");
    assert_eq!(line, 3);
    // Just behind the number.
    let line = "  loss: Independent(probability: -0.1";
    assert!((line.len()..=line.len() + 2).contains(&column), "{column}");
}

#[test]
fn an_unknown_key_is_refused_by_name_with_the_keys_there_are() {
    for (text, key, known) in [
        ("(base_one_way: 1, los: None)", "los", "loss"),
        (
            "(base_one_way: 1, duplicates: (probability: 0.1, mean: 3))",
            "mean",
            "repeats_max",
        ),
        (
            "(base_one_way: 1, late_repeats: (probability: 0.1, from: 3))",
            "from",
            "delay_min_ms",
        ),
        (
            "(base_one_way: 1, jitter: ShiftedGamma(shape: 1, scale: 2))",
            "scale",
            "scale_ms",
        ),
        (
            "(base_one_way: 1, loss: Independent(p: 0.1))",
            "p",
            "probability",
        ),
    ] {
        let (told, (line, column)) = refusal::<LinkModel>(text);
        assert!(
            told.contains(&format!("`{key}`")) && told.contains(known),
            "{text}: {told}"
        );
        assert!(
            line == 1 && column > 1 && column <= text.len() + 1,
            "{text}: {column}"
        );
    }
    let (told, _) = refusal::<FaultGenerator>("(outage: (per_minute: 1))");
    assert!(
        told.contains("`outage`") && told.contains("outages"),
        "{told}"
    );
    let (told, _) =
        refusal::<FaultSchedule>("(faults: [(at_ms: 1, for_ms: 1, path: A, kind: Outage)])");
    assert!(told.contains("`path`") && told.contains("paths"), "{told}");
    let (told, _) = refusal::<PathModel>("(name: \"A\", up: (base_one_way: 1))");
    assert!(told.contains("down"), "{told}");
}

#[test]
fn an_unknown_law_is_refused_by_name() {
    let (told, _) = refusal::<LinkModel>("(base_one_way: 1, jitter: Pareto(shape: 1))");
    assert!(
        told.contains("Pareto") && told.contains("ShiftedGamma"),
        "{told}"
    );
    let (told, _) = refusal::<LinkModel>("(base_one_way: 1, loss: Bernoulli(0.1))");
    assert!(
        told.contains("Bernoulli") && told.contains("GilbertElliott"),
        "{told}"
    );
}

#[test]
fn a_backwards_range_is_refused_with_what_to_do() {
    let (told, (line, _)) =
        refusal::<FaultGenerator>("(\n  clogs: (per_minute: 1,\n    for_ms: (900, 30)),\n)");
    assert_eq!(
        told,
        "the range (900, 30) runs backwards: write the smaller number first"
    );
    assert_eq!(line, 3);
    let (told, _) = refusal::<FaultGenerator>("(loss_storms: (probability: (0.5, 1.5)))");
    assert!(told.contains("probability 1.5 is outside"), "{told}");
    let late =
        "(base_one_way: 1, late_repeats: (probability: 1, delay_min_ms: 9, delay_max_ms: 8))";
    let (told, _) = refusal::<LinkModel>(late);
    assert!(told.contains("(9, 8) runs backwards"), "{told}");
}

#[test]
fn what_is_not_a_finite_number_is_refused() {
    for number in ["NaN", "inf", "-inf", "1e300"] {
        for text in [
            format!("(base_one_way: {number})"),
            format!("(base_one_way: 1, loss: Independent(probability: {number}))"),
            format!("(base_one_way: 1, jitter: ShiftedGamma(shape: {number}, scale_ms: 1))"),
        ] {
            let (told, _) = refusal::<LinkModel>(&text);
            assert!(told.contains("is outside"), "{text}: {told}");
        }
        let (told, _) = refusal::<FaultGenerator>(&format!("(outages: (for_ms: (1, {number})))"));
        assert!(told.contains("is outside"), "{told}");
    }
}

#[test]
fn a_mixture_whose_weights_do_not_fit_is_refused() {
    let law = |weights: &str, rates: &str| {
        format!("HyperExponential(weights: {weights}, rates_per_ms: {rates})")
    };
    for (weights, rates, wrong) in [
        ("[0.5, 0.4]", "[1, 2]", "add up to 0.9"),
        ("[0.7, 0.7]", "[1, 2]", "add up to 1.4"),
        ("[1]", "[1, 2]", "it has 1 weights and 2 rates"),
        ("[]", "[]", "at least one"),
        ("[0.5, 0.5]", "[1, 0]", "rate per millisecond 0 is outside"),
        ("[1.5, -0.5]", "[1, 1]", "probability 1.5 is outside"),
    ] {
        let (told, (line, _)) = refusal::<DelayLaw>(&law(weights, rates));
        assert!(told.contains(wrong), "{told}");
        assert_eq!(line, 1);
    }
    let rounded = law("[0.33333, 0.33333, 0.33333]", "[1, 2, 3]");
    ron::from_str::<DelayLaw>(&rounded).expect("published weights are rounded");
}

#[test]
fn more_copies_than_sixteen_and_fewer_than_one_are_refused() {
    for (count, is_good) in [(0, false), (1, true), (16, true), (17, false)] {
        let text =
            format!("(base_one_way: 1, duplicates: (probability: 0.1, repeats_max: {count}))");
        let read = ron::from_str::<LinkModel>(&text);
        assert_eq!(read.is_ok(), is_good, "{count}");
        assert_eq!(Repeats::new(count).is_ok(), is_good, "{count}");
    }
}

#[test]
fn a_delay_in_the_wrong_unit_does_not_pass() {
    let (told, _) = refusal::<LinkModel>("(base_one_way: 100000000)");
    assert_eq!(told, "milliseconds 100000000 is outside 0..=3600000");
}

#[test]
fn what_is_left_out_does_nothing() {
    let link: LinkModel = ron::from_str("(base_one_way: 100)").expect("a link");
    assert_eq!(link, LinkModel::constant(common::ms(100.0)));
    assert!(link.fifo, "a fibre keeps the order");
    assert_eq!(
        ron::from_str::<FaultGenerator>("()").expect("a generator"),
        FaultGenerator::default()
    );
    assert!(
        ron::from_str::<FaultSchedule>("()")
            .expect("a schedule")
            .is_empty()
    );
}

#[test]
fn a_path_reads_back_as_it_was_written() {
    let text = "(
        name: \"west\",
        up: (
            base_one_way: 73.5,
            jitter: HyperExponential(weights: [0.25, 0.75], rates_per_ms: [0.02711, 0.08529]),
            loss: GilbertElliott(good_to_bad: 0.001, bad_to_good: 0.5, loss_good: 0.00005, loss_bad: 0.8),
            duplicates: (probability: 0.002, extra_delay_mean_ms: 4, repeats_max: 3),
            late_repeats: (probability: 0.0005, delay_min_ms: 50, delay_max_ms: 3000),
            fifo: false,
        ),
        down: (base_one_way: 80, jitter: Trace(file: \"it.json\")),
    )";
    let path: PathModel = ron::from_str(text).expect("a path");
    assert!(matches!(path.up.loss, LossLaw::GilbertElliott { .. }));
    let written = ron::to_string(&path).expect("it can be written");
    assert_eq!(
        ron::from_str::<PathModel>(&written).expect("it can be read"),
        path
    );
}

proptest! {
    #[test]
    fn a_number_is_made_only_inside_its_range_and_clamped_to_it(value in any::<f64>()) {
        let made = Probability::new(value);
        prop_assert_eq!(made.is_ok(), (0.0..=1.0).contains(&value));
        let clamped = Probability::clamped(value).get();
        prop_assert!((0.0..=1.0).contains(&clamped));
        if let Ok(made) = made {
            prop_assert_eq!(made.get(), clamped);
        }
        prop_assert_eq!(Milliseconds::new(value).is_ok(), (0.0..=3_600_000.0).contains(&value));
    }

    #[test]
    fn a_value_of_a_range_lies_in_it(from in 0.0..1e6_f64, more in 0.0..1e6_f64, share in 0.0..=1.0_f64) {
        let range = MillisecondsRange::new(from, from + more).expect("in order");
        prop_assert!(range.at(share) >= range.from());
        prop_assert!(range.at(share).get() <= range.to().get() * (1.0 + 1e-15));
        prop_assert_eq!(range.at(0.0), range.from());
        let text = ron::to_string(&range).expect("it can be written");
        prop_assert_eq!(ron::from_str::<MillisecondsRange>(&text).expect("it can be read"), range);
    }

    #[test]
    fn milliseconds_become_the_nearest_nanosecond(ns in 0..3_600_000_000_000_u64) {
        let span = Milliseconds::new(ns as f64 * 1e-6).expect("in range");
        prop_assert_eq!(span.ns(), ns);
    }
}

#[test]
fn a_number_that_is_none_clamps_to_the_least() {
    assert_eq!(Probability::clamped(f64::NAN), Probability::MIN);
    assert_eq!(ProbabilityRange::default().at(0.5), Probability::MIN);
    assert!(MillisecondsRange::new(2.0, 1.0).is_err());
    assert!(MillisecondsRange::new(f64::NAN, 1.0).is_err());
}
