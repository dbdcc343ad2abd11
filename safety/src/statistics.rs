//! From a count of failing runs to what can be said of the next one.
//!
//! All statements are about the distribution that the runs were drawn from, never about the field.

/// The upper bound of the probability of failure at a confidence, when none of `runs` runs failed:
/// `1 - (1 - confidence)^(1 / runs)`, exact.
pub fn upper_bound_no_failure(runs: u64, confidence: f64) -> f64 {
    if runs == 0 {
        return 1.0;
    }
    -libm::expm1(libm::log1p(-confidence) / runs as f64)
}

/// The one-sided upper bound of Clopper and Pearson: the probability at which no more than `failures`
/// failures in `runs` runs would be as unlikely as `1 - confidence`.
///
/// The upper end of a two-sided interval at 95 % is this at 97.5 %.
pub fn upper_bound(failures: u64, runs: u64, confidence: f64) -> f64 {
    if failures >= runs {
        return 1.0;
    }
    if failures == 0 {
        return upper_bound_no_failure(runs, confidence);
    }
    let doubt = 1.0 - confidence;
    let (mut low, mut high) = (failures as f64 / runs as f64, 1.0);
    // Each step halves the interval: sixty leave less than the spacing of numbers near one.
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if at_most(failures, runs, middle) > doubt {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

/// The lower bound of Clopper and Pearson, one-sided.
pub fn lower_bound(failures: u64, runs: u64, confidence: f64) -> f64 {
    // A failure is a success of the complement.
    if failures == 0 {
        0.0
    } else {
        1.0 - upper_bound(runs - failures.min(runs), runs, confidence)
    }
}

/// P(no more than `failures` failures in `runs` runs), each failing with `probability` in (0, 1).
fn at_most(failures: u64, runs: u64, probability: f64) -> f64 {
    let (n, odds) = (runs as f64, probability / (1.0 - probability));
    // From the largest term down, so that nothing underflows that matters.
    let top = failures as f64;
    let log_term = libm::lgamma(n + 1.0) - libm::lgamma(top + 1.0) - libm::lgamma(n - top + 1.0)
        + top * libm::log(probability)
        + (n - top) * libm::log1p(-probability);
    let (mut sum, mut term, mut k) = (1.0, 1.0, top);
    while k >= 1.0 {
        term *= k / ((n - k + 1.0) * odds);
        sum += term;
        k -= 1.0;
        if term < sum * 1e-18 {
            break;
        }
    }
    libm::exp(log_term) * sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(value: f64, expected: f64, digits: f64) {
        assert!(
            (value / expected - 1.0).abs() < digits,
            "{value} is not {expected}"
        );
    }

    /// Reference values by scipy.
    #[test]
    fn without_a_failure_the_bound_is_the_exact_one() {
        for (runs, at_95, at_99) in [
            (30, 9.503385e-2, 1.423041e-1),
            (100, 2.951305e-2, 4.500741e-2),
            (1_000, 2.991250e-3, 4.594583e-3),
            (10_000, 2.995284e-4, 4.604110e-4),
            (1_000_000, 2.995728e-6, 4.605160e-6),
        ] {
            near(upper_bound(0, runs, 0.95), at_95, 2e-7);
            near(upper_bound(0, runs, 0.99), at_99, 2e-7);
        }
        near(upper_bound(0, 30, 0.975), 1.157033e-1, 1e-6);
    }

    /// Two-sided 95 % intervals by scipy.
    #[test]
    fn with_failures_the_interval_is_that_of_clopper_and_pearson() {
        for (failures, runs, lower, upper) in [
            (1, 10, 0.0025285785, 0.4450161170),
            (5, 10, 0.1870860284, 0.8129139716),
            (5, 100, 0.0164318792, 0.1128349111),
            (1, 1_000, 0.0000253175, 0.0055589243),
            (10, 1_000, 0.0048055107, 0.0183132431),
        ] {
            near(upper_bound(failures, runs, 0.975), upper, 2e-8);
            near(lower_bound(failures, runs, 0.975), lower, 2e-5);
        }
        near(upper_bound(0, 10, 0.975), 0.3084971078, 1e-9);
    }

    #[test]
    fn the_runs_that_a_claim_needs_are_those_of_the_tables() {
        for (claim, runs) in [(1e-2, 299), (1e-3, 2_995), (1e-4, 29_956)] {
            assert!(upper_bound(0, runs, 0.95) <= claim);
            assert!(upper_bound(0, runs - 1, 0.95) > claim);
        }
        // With one to three failures allowed, for 1e-3 at 95 %.
        for (failures, runs) in [(1, 4_742), (2, 6_294), (3, 7_752)] {
            assert!(upper_bound(failures, runs, 0.95) <= 1e-3);
            assert!(upper_bound(failures, runs - 1, 0.95) > 1e-3);
        }
    }

    #[test]
    fn nothing_is_known_without_runs_and_all_failing_bounds_nothing() {
        assert_eq!(upper_bound(0, 0, 0.95), 1.0);
        assert_eq!(upper_bound(7, 7, 0.95), 1.0);
        assert_eq!(lower_bound(0, 7, 0.95), 0.0);
    }
}
