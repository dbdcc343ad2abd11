//! R17: a robot that does not follow its set-points stops.

use super::tips::distance_m;
use crate::finding::{Encoder, Limit, Tally, Witness, margin_ms, ms, ns};
use crate::{Finding, Id, LoopState, Sample, Thresholds};

/// R17: `tip error > limit -> faulted within the time allowed`.
#[derive(Clone, Debug)]
pub(super) struct Tracking {
    error_m: f64,
    within_ns: u64,
    within_ms: Limit,
    exceeded_since_ns: Option<u64>,
    tally: Tally,
}

impl Tracking {
    pub fn new(thresholds: &Thresholds) -> Self {
        Tracking {
            error_m: thresholds.tracking_error_mm * 1e-3,
            within_ns: ns(thresholds.tracking_fault_ms),
            within_ms: Limit::new(thresholds.tracking_fault_ms),
            exceeded_since_ns: None,
            tally: Tally::new(),
        }
    }

    #[inline]
    pub fn observe(&mut self, sample: &Sample<'_>) {
        let exceeds = sample
            .arms
            .iter()
            .any(|arm| distance_m(&arm.tip_set_point_m, &arm.tip_measured_m) > self.error_m);
        if !exceeds {
            self.exceeded_since_ns = None;
            return;
        }
        self.tally.count();
        let since_ns = *self.exceeded_since_ns.get_or_insert(sample.now_ns);
        if !matches!(sample.state, LoopState::Faulted | LoopState::Stopped) {
            let late_ns = sample.now_ns - since_ns;
            let margin = margin_ms(self.within_ns, late_ns);
            self.tally
                .judge(sample.now_ns, &self.within_ms, margin, || {
                    Witness::new(
                        "tracking error without a fault",
                        ms(late_ns),
                        self.within_ms.value,
                        "ms",
                    )
                });
        }
    }

    pub fn finding(&self) -> Finding {
        self.tally.finding(Id::R17)
    }

    pub fn digest(&self, to: &mut Encoder<'_>) {
        to.maybe_u64(self.exceeded_since_ns);
        self.tally.digest(to);
    }
}

#[cfg(test)]
mod tests {
    use crate::fixture::{MS, Run, resting_arms};
    use crate::{Finding, Id, LoopState, Verdict};

    /// The second arm is off by `error_mm` from tick 5 on; the loop faults `after` ticks later.
    fn off_by(error_mm: f64, after: u64) -> Finding {
        let mut run = Run::new();
        let mut arms = resting_arms();
        run.stay(5, &arms, LoopState::Following);
        arms[1].tip_measured_m[0] = error_mm * 1e-3;
        run.stay(after, &arms, LoopState::Following);
        run.stay(20, &arms, LoopState::Faulted);
        run.finding(Id::R17)
    }

    #[test]
    fn an_arm_that_follows_exercises_nothing() {
        assert_eq!(off_by(1.9, 100).verdict(), Verdict::NotExercised);
    }

    #[test]
    fn a_fault_in_time_holds_and_one_too_late_violates() {
        assert_eq!(
            off_by(2.1, 51).verdict(),
            Verdict::Held,
            "50 ms without a fault are allowed"
        );
        let finding = off_by(2.1, 52);
        assert_eq!(finding.violated_at_ns, Some((5 + 51) * MS));
    }

    #[test]
    fn a_tip_that_is_nowhere_is_off() {
        assert_eq!(off_by(f64::NAN, 60).verdict(), Verdict::Violated);
    }

    #[test]
    fn errors_that_end_by_themselves_are_counted_one_by_one() {
        let mut run = Run::new();
        let (near, mut off) = (resting_arms(), resting_arms());
        off[0].tip_measured_m[0] = 3e-3;
        for _ in 0..10 {
            run.stay(30, &off, LoopState::Following);
            run.stay(1, &near, LoopState::Following);
        }
        let finding = run.finding(Id::R17);
        assert_eq!((finding.verdict(), finding.exercised), (Verdict::Held, 300));
    }
}
