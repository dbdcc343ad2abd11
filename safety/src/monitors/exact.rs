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
    use super::{Duplicates, Numbers};
    use crate::fixture::{MS, Run, digest_of, quiet, resting_arms, setup};
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

    #[test]
    fn a_sound_run_holds_and_every_sample_counts() {
        let mut run = Run::new();
        run.ticks(7, &resting_arms());
        for id in [Id::R09, Id::R22] {
            let finding = run.finding(id);
            assert_eq!(finding.verdict(), Verdict::Held);
            assert_eq!((finding.worst_margin, finding.robustness), (1.0, 1.0));
            assert_eq!((finding.exercised, finding.worst_at_ns), (7, 0));
        }
    }

    #[test]
    fn before_the_first_sample_nothing_is_exercised() {
        let run = Run::new();
        for id in [Id::R09, Id::R22] {
            assert_eq!(run.finding(id).verdict(), Verdict::NotExercised);
        }
    }

    #[test]
    fn the_detail_says_which_number_broke() {
        type Change = fn(Sample<'_>) -> Sample<'_>;
        let arms = resting_arms();
        let cases: [(Change, &str); 3] = [
            (
                |quiet| Sample {
                    finite: false,
                    ..quiet
                },
                "a number of the state is not finite",
            ),
            (
                |quiet| Sample {
                    quarantined: 2,
                    ..quiet
                },
                "the physics engine put a body in quarantine",
            ),
            (
                |quiet| Sample { arms: &[], ..quiet },
                "an arm is missing from the sample",
            ),
        ];
        for (change, detail) in cases {
            let mut run = Run::new();
            run.tick(&arms, change);
            let finding = run.finding(Id::R22);
            assert_eq!(
                (finding.worst_margin, finding.detail.as_str()),
                (-1.0, detail)
            );
        }
    }

    #[test]
    fn a_clone_goes_on_as_the_original_and_a_digest_tells_states_apart() {
        let arms = resting_arms();
        let bad = Sample {
            same_without_duplicates: false,
            finite: false,
            ..quiet(1, &arms)
        };
        let (mut duplicates, mut numbers) = (Duplicates::new(), Numbers::new(&setup()));
        duplicates.observe(&quiet(0, &arms));
        numbers.observe(&quiet(0, &arms));
        let mut clones = (duplicates.clone(), numbers.clone());
        duplicates.observe(&bad);
        numbers.observe(&bad);
        let digests = |duplicates: &Duplicates, numbers: &Numbers| {
            (
                digest_of(|to| duplicates.digest(to)),
                digest_of(|to| numbers.digest(to)),
            )
        };
        let (original, before) = (
            digests(&duplicates, &numbers),
            digests(&clones.0, &clones.1),
        );
        assert_ne!(original.0, before.0);
        assert_ne!(original.1, before.1);
        clones.0.observe(&bad);
        clones.1.observe(&bad);
        assert_eq!(original, digests(&clones.0, &clones.1));
        assert_eq!(duplicates.finding(), clones.0.finding());
        assert_eq!(numbers.finding(), clones.1.finding());
    }
}
