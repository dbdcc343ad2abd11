//! R09 and R22: requirements without a distance. They hold, or they do not.

use crate::finding::{Encoder, Tally};
use crate::{Finding, Id, Sample, Setup};

/// R09: `set_points == set_points of the loop that got no repeated copy`, bit for bit, every sample.
#[derive(Clone, Debug)]
pub(super) struct Duplicates {
    tally: Tally,
}

impl Duplicates {
    pub fn new() -> Self {
        Duplicates {
            tally: Tally::new(),
        }
    }

    #[inline]
    pub fn observe(&mut self, sample: &Sample<'_>) {
        self.tally.count();
        let failure = "a repeated copy changed a set-point";
        self.tally
            .judge_exact(sample.now_ns, sample.same_without_duplicates, failure);
    }

    pub fn finding(&self) -> Finding {
        self.tally.finding(Id::R09)
    }

    pub fn digest(&self, to: &mut Encoder<'_>) {
        self.tally.digest(to);
    }
}

/// R22: `finite(state) and quarantine empty`, every sample.
#[derive(Clone, Debug)]
pub(super) struct Numbers {
    arms: usize,
    tally: Tally,
}

impl Numbers {
    pub fn new(setup: &Setup) -> Self {
        Numbers {
            arms: setup.arms.len(),
            tally: Tally::new(),
        }
    }

    #[inline]
    pub fn observe(&mut self, sample: &Sample<'_>) {
        self.tally.count();
        let failure = if sample.arms.len() != self.arms {
            "an arm is missing from the sample"
        } else if sample.quarantined > 0 {
            "the physics engine put a body in quarantine"
        } else {
            "a number of the state is not finite"
        };
        let held = sample.finite && sample.quarantined == 0 && sample.arms.len() == self.arms;
        self.tally.judge_exact(sample.now_ns, held, failure);
    }

    pub fn finding(&self) -> Finding {
        self.tally.finding(Id::R22)
    }

    pub fn digest(&self, to: &mut Encoder<'_>) {
        self.tally.digest(to);
    }
}

#[cfg(test)]
mod tests {
    use crate::fixture::{MS, Run, resting_arms};
    use crate::{Id, Sample, Verdict};

    #[test]
    fn one_tick_that_differs_without_duplicates_violates_in_that_tick() {
        let arms = resting_arms();
        let mut run = Run::new();
        run.ticks(4, &arms);
        assert_eq!(run.finding(Id::R09).verdict(), Verdict::Held);
        run.tick(&arms, |quiet| Sample {
            same_without_duplicates: false,
            ..quiet
        });
        run.ticks(4, &arms);
        let finding = run.finding(Id::R09);
        assert_eq!(finding.violated_at_ns, Some(4 * MS));
        assert_eq!((finding.worst_margin, finding.exercised), (-1.0, 9));
    }

    #[test]
    fn a_number_that_is_none_a_quarantined_body_and_a_missing_arm_violate() {
        let arms = resting_arms();
        let violating: [fn(Sample<'_>) -> Sample<'_>; 3] = [
            |quiet| Sample {
                finite: false,
                ..quiet
            },
            |quiet| Sample {
                quarantined: 1,
                ..quiet
            },
            |quiet| Sample {
                arms: &quiet.arms[..1],
                ..quiet
            },
        ];
        for change in violating {
            let mut run = Run::new();
            run.ticks(1, &arms);
            run.tick(&arms, change);
            assert_eq!(run.finding(Id::R22).violated_at_ns, Some(MS));
        }
    }
}
