//! Wald's sequential test of two failure probabilities: runs are judged one after another, in the order of their
//! seeds, and the test itself says when to stop. Looking after every run is what it is made for.

use serde::{Deserialize, Serialize};

/// A test of "the probability of failure is at most `good`" against "it is at least `bad`".
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sprt {
    /// The probability of failure that is hoped for.
    pub good: f64,
    /// The probability of failure that must not be accepted.
    pub bad: f64,
    /// Chance of accepting although the probability is `bad`.
    pub false_accept: f64,
    /// Chance of rejecting although the probability is `good`.
    pub false_reject: f64,
}

/// What a sequential test says after some runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Decision {
    /// The probability of failure is at most the good one.
    Accepted,
    /// It is at least the bad one.
    Rejected,
    /// More runs are needed.
    Undecided,
}

impl Sprt {
    /// Checks the numbers together.
    ///
    /// # Errors
    /// In words: which number is wrong, and what is asked for.
    pub fn new(good: f64, bad: f64, false_accept: f64, false_reject: f64) -> Result<Self, String> {
        let open = |p: f64| p > 0.0 && p < 1.0;
        if !(open(good) && open(bad) && good < bad) {
            return Err(format!(
                "a sequential test needs probabilities 0 < good < bad < 1; it was given good {good} and bad {bad}"
            ));
        }
        if !(open(false_accept) && open(false_reject) && false_accept + false_reject < 1.0) {
            return Err(format!(
                "a sequential test needs error rates above 0 whose sum is below 1; it was given {false_accept} and \
                 {false_reject}"
            ));
        }
        Ok(Self {
            good,
            bad,
            false_accept,
            false_reject,
        })
    }

    /// The decision after `failures` in `runs`.
    pub fn decide(&self, failures: u64, runs: u64) -> Decision {
        let evidence = failures as f64 * self.of_failure()
            + runs.saturating_sub(failures) as f64 * self.of_success();
        if evidence >= self.accept_at() {
            Decision::Accepted
        } else if evidence <= self.reject_at() {
            Decision::Rejected
        } else {
            Decision::Undecided
        }
    }

    /// Runs after which the test accepts if none fails.
    pub fn runs_without_failure(&self) -> u64 {
        libm::ceil(self.accept_at() / self.of_success()) as u64
    }

    /// Wald's approximation of how many runs it takes when the probability is the good one, and when it is the bad
    /// one; what overshoots the thresholds is left out.
    pub fn expected_runs(&self) -> (f64, f64) {
        let drift = |p: f64| p * self.of_failure() + (1.0 - p) * self.of_success();
        let when_good =
            (1.0 - self.false_reject) * self.accept_at() + self.false_reject * self.reject_at();
        let when_bad =
            self.false_accept * self.accept_at() + (1.0 - self.false_accept) * self.reject_at();
        (when_good / drift(self.good), when_bad / drift(self.bad))
    }

    /// Logarithm of good over bad likelihood at which it accepts.
    pub fn accept_at(&self) -> f64 {
        libm::log((1.0 - self.false_reject) / self.false_accept)
    }

    /// The same, at which it rejects.
    fn reject_at(&self) -> f64 {
        libm::log(self.false_reject / (1.0 - self.false_accept))
    }

    fn of_failure(&self) -> f64 {
        libm::log(self.good / self.bad)
    }

    fn of_success(&self) -> f64 {
        libm::log1p(-self.good) - libm::log1p(-self.bad)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use net_model::Stream;

    fn sprt(good: f64, bad: f64, error: f64) -> Sprt {
        Sprt::new(good, bad, error, error).expect("sound numbers")
    }

    /// Reference: accept "p <= 1e-4" against "p >= 1e-3" at 5 % and 1 %, and 1e-7 against 1e-6 at 1 %.
    #[test]
    fn the_runs_that_it_takes_are_those_of_the_reference() {
        let at_5 = sprt(1e-4, 1e-3, 0.05);
        assert!((at_5.accept_at() - 2.9444).abs() < 5e-5);
        assert_eq!(at_5.runs_without_failure(), 3270);
        let (good, bad) = at_5.expected_runs();
        assert_eq!((good.round(), bad.round()), (3954.0, 1889.0));
        let at_1 = sprt(1e-4, 1e-3, 0.01);
        assert_eq!(at_1.runs_without_failure(), 5103);
        let (good, bad) = at_1.expected_runs();
        assert_eq!((good.round(), bad.round()), (6720.0, 3210.0));
        assert_eq!(sprt(1e-7, 1e-6, 0.01).runs_without_failure(), 5_105_686);
    }

    #[test]
    fn it_accepts_at_exactly_the_run_that_it_names_and_not_one_before() {
        let test = sprt(1e-4, 1e-3, 0.05);
        assert_eq!(test.decide(0, 3269), Decision::Undecided);
        assert_eq!(test.decide(0, 3270), Decision::Accepted);
        assert_eq!(test.decide(2, 100), Decision::Rejected);
    }

    /// 4,000 tests at each of the two probabilities, decided after every run: the shares of wrong decisions stay
    /// below the stated rates (by the overshoot they are a little lower), within four standard errors.
    #[test]
    fn looking_after_every_run_keeps_the_stated_error_rates() {
        let test = sprt(0.01, 0.05, 0.05);
        let mut stream = Stream::new(1, "sprt");
        let mut wrong = |p: f64, wrong: Decision| {
            let mut count = 0;
            for _ in 0..4000 {
                let (mut failures, mut runs) = (0, 0);
                let decision = loop {
                    runs += 1;
                    failures += u64::from(stream.uniform() < p);
                    match test.decide(failures, runs) {
                        Decision::Undecided => {}
                        decided => break decided,
                    }
                };
                count += usize::from(decision == wrong);
            }
            count as f64 / 4000.0
        };
        let slack = 4.0 * (0.05 * 0.95 / 4000.0_f64).sqrt();
        assert!(wrong(0.05, Decision::Accepted) <= 0.05 + slack);
        assert!(wrong(0.01, Decision::Rejected) <= 0.05 + slack);
    }

    #[test]
    fn numbers_that_make_no_test_are_refused() {
        for (good, bad, a, b) in [
            (1e-3, 1e-4, 0.05, 0.05),
            (0.0, 1e-3, 0.05, 0.05),
            (1e-4, 1e-3, 0.6, 0.6),
            (1e-4, f64::NAN, 0.05, 0.05),
        ] {
            assert!(Sprt::new(good, bad, a, b).is_err());
        }
    }
}
