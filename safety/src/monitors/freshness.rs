//! R01: no command older than the limit is applied.

use crate::finding::{Encoder, Limit, Tally, Witness, margin_ms, ms, ns};
use crate::{Finding, Id, Sample, Thresholds};

/// R01: `applied -> exists and true_age <= limit and true_age <= echo_age`.
///
/// The margin is that of the age. How far the loop's bound lies above the true age is a property of
/// the downlink, not a margin, so that part only counts where it fails.
#[derive(Clone, Debug)]
pub(super) struct Freshness {
    limit_ns: u64,
    limit_ms: Limit,
    tally: Tally,
}

impl Freshness {
    pub fn new(thresholds: &Thresholds) -> Self {
        Freshness {
            limit_ns: ns(thresholds.age_limit_ms),
            limit_ms: Limit::new(thresholds.age_limit_ms),
            tally: Tally::new(),
        }
    }

    #[inline]
    pub fn observe(&mut self, sample: &Sample<'_>) {
        let Some(applied) = sample.applied else {
            return;
        };
        self.tally.count();
        let Some(age_ns) = applied.true_age_ns else {
            let failure = "a command was applied that its console never made";
            return self.tally.judge_exact(sample.now_ns, false, failure);
        };
        let margin = margin_ms(self.limit_ns, age_ns);
        self.tally.judge(sample.now_ns, &self.limit_ms, margin, || {
            Witness::new("true age", ms(age_ns), self.limit_ms.value, "ms")
        });
        if applied.echo_age_ns < age_ns {
            let margin = margin_ms(applied.echo_age_ns, age_ns);
            self.tally.judge(sample.now_ns, &self.limit_ms, margin, || {
                Witness::new(
                    "true age beyond the loop's own bound",
                    ms(age_ns),
                    ms(applied.echo_age_ns),
                    "ms",
                )
            });
        }
    }

    pub fn finding(&self) -> Finding {
        self.tally.finding(Id::R01)
    }

    pub fn digest(&self, to: &mut Encoder<'_>) {
        self.tally.digest(to);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::fixture::{MS, Run, applied, near, resting_arms};
    use crate::{AppliedTruth, Finding, Id, Sample, Verdict};

    /// One applied command with the given ages, ns, five ticks into a run.
    fn one(true_age_ns: Option<u64>, echo_age_ns: u64) -> Finding {
        let arms = resting_arms();
        let mut run = Run::new();
        run.ticks(5, &arms);
        run.tick(&arms, |quiet| Sample {
            applied: Some(AppliedTruth {
                true_age_ns,
                echo_age_ns,
                ..applied(1)
            }),
            ..quiet
        });
        run.finding(Id::R01)
    }

    #[test]
    fn a_young_command_leaves_the_rest_of_the_limit() {
        let finding = one(Some(120 * MS), 210 * MS);
        assert_eq!(finding.verdict(), Verdict::Held);
        near(finding.worst_margin, 380.0, 1e-9);
        near(finding.robustness, 0.76, 1e-9);
        assert_eq!((finding.exercised, finding.worst_at_ns), (1, 5 * MS));
    }

    #[test]
    fn a_command_of_exactly_the_limit_holds_and_a_nanosecond_more_violates() {
        let at_limit = one(Some(500 * MS), 500 * MS);
        assert_eq!(
            (at_limit.worst_margin, at_limit.violated_at_ns),
            (0.0, None)
        );
        let beyond = one(Some(500 * MS + 1), 600 * MS);
        assert_eq!(beyond.violated_at_ns, Some(5 * MS));
        near(beyond.worst_margin, -1e-6, 1e-12);
    }

    #[test]
    fn a_loop_that_believes_a_command_younger_than_it_is_violates() {
        let finding = one(Some(30 * MS), 20 * MS);
        assert_eq!(finding.verdict(), Verdict::Violated);
        near(finding.worst_margin, -10.0, 1e-9);
        assert_eq!(
            finding.detail,
            "true age beyond the loop's own bound 30 of 20 ms"
        );
    }

    #[test]
    fn a_command_that_the_console_never_made_violates() {
        let finding = one(None, MS);
        assert_eq!(finding.verdict(), Verdict::Violated);
        assert_eq!(
            (finding.worst_margin, finding.unit.as_str()),
            (-1.0, "exact")
        );
    }

    #[test]
    fn without_an_applied_command_nothing_is_exercised() {
        let mut run = Run::new();
        run.ticks(50, &resting_arms());
        assert_eq!(run.finding(Id::R01).verdict(), Verdict::NotExercised);
    }

    proptest! {
        #[test]
        fn it_holds_exactly_when_the_age_is_below_both_bounds(
            age in 0_u64..1_000, echo in 0_u64..1_000
        ) {
            let holds = age <= 500 && age <= echo;
            let finding = one(Some(age * MS), echo * MS);
            prop_assert_eq!(finding.verdict() == Verdict::Held, holds);
            prop_assert_eq!(finding.robustness >= 0.0, holds);
        }
    }
}
