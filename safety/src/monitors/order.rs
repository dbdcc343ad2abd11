//! R02: sequence numbers of applied commands strictly increase.

use crate::finding::{Encoder, Tally};
use crate::{Finding, Id, Sample};

/// R02: `applied -> epoch > max(epoch so far) or (epoch equal and sequence > max(sequence so far))`.
#[derive(Clone, Debug)]
pub(super) struct Order {
    /// Newest epoch, and the greatest sequence number applied in it.
    newest: Option<(u32, u64)>,
    tally: Tally,
}

impl Order {
    pub fn new() -> Self {
        Order {
            newest: None,
            tally: Tally::new(),
        }
    }

    #[inline]
    pub fn observe(&mut self, sample: &Sample<'_>) {
        let Some(applied) = sample.applied else {
            return;
        };
        self.tally.count();
        let place = (applied.epoch, applied.sequence);
        let failure = match self.newest {
            Some(newest) if applied.epoch < newest.0 => "epoch went back",
            Some(newest) if place == newest => "command applied again",
            Some(newest) if place < newest => "older command applied",
            _ => {
                self.newest = Some(place);
                return self.tally.judge_exact(sample.now_ns, true, "");
            }
        };
        self.tally.judge_exact(sample.now_ns, false, failure);
    }

    pub fn finding(&self) -> Finding {
        self.tally.finding(Id::R02)
    }

    pub fn digest(&self, to: &mut Encoder<'_>) {
        to.maybe_u64(self.newest.map(|(epoch, _)| u64::from(epoch)));
        to.maybe_u64(self.newest.map(|(_, sequence)| sequence));
        self.tally.digest(to);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::fixture::{MS, Run, applied, resting_arms};
    use crate::{AppliedTruth, Finding, Id, Sample, Verdict};

    /// Commands (epoch, sequence) applied one a tick.
    fn apply(commands: &[(u32, u64)]) -> Finding {
        let arms = resting_arms();
        let mut run = Run::new();
        for &(epoch, sequence) in commands {
            run.tick(&arms, |quiet| Sample {
                applied: Some(AppliedTruth {
                    epoch,
                    ..applied(sequence)
                }),
                ..quiet
            });
        }
        run.finding(Id::R02)
    }

    #[test]
    fn increasing_numbers_hold_gaps_and_new_epochs_included() {
        let finding = apply(&[(1, 0), (1, 1), (1, 7), (2, 3), (2, 4), (9, 0)]);
        assert_eq!(finding.verdict(), Verdict::Held);
        assert_eq!((finding.worst_margin, finding.robustness), (1.0, 1.0));
        assert_eq!(finding.exercised, 6);
    }

    #[test]
    fn a_repeated_command_violates() {
        let finding = apply(&[(1, 4), (1, 4)]);
        assert_eq!(finding.violated_at_ns, Some(MS));
        assert_eq!((finding.worst_margin, finding.robustness), (-1.0, -1.0));
        assert_eq!(finding.detail, "command applied again");
    }

    #[test]
    fn an_older_command_violates() {
        let finding = apply(&[(1, 4), (1, 6), (1, 5)]);
        assert_eq!(finding.violated_at_ns, Some(2 * MS));
        assert_eq!(finding.detail, "older command applied");
    }

    #[test]
    fn an_older_epoch_violates_whatever_the_number() {
        let finding = apply(&[(2, 0), (1, 9)]);
        assert_eq!(finding.detail, "epoch went back");
    }

    #[test]
    fn an_old_command_does_not_lower_the_bar_for_the_next() {
        let finding = apply(&[(1, 4), (1, 2), (1, 3)]);
        assert_eq!(finding.violated_at_ns, Some(MS));
        assert_eq!(apply(&[(1, 4), (1, 2), (1, 5)]).exercised, 3);
    }

    #[test]
    fn without_an_applied_command_nothing_is_exercised() {
        assert_eq!(apply(&[]).verdict(), Verdict::NotExercised);
    }

    proptest! {
        #[test]
        fn it_holds_exactly_when_the_pairs_are_sorted_without_repeats(
            commands in prop::collection::vec((0_u32..3, 0_u64..6), 1..6)
        ) {
            let sorted = commands.is_sorted_by(|a, b| a < b);
            prop_assert_eq!(apply(&commands).verdict() == Verdict::Held, sorted);
        }
    }
}
