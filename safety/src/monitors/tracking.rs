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
        if exceeds {
            self.tally.count();
            self.exceeded_since_ns.get_or_insert(sample.now_ns);
        }
        let Some(since_ns) = self.exceeded_since_ns else {
            return;
        };
        // An error obliges to fault even if it ends by itself: an arm that jumps off and back is not sound.
        if matches!(sample.state, LoopState::Faulted | LoopState::Stopped) {
            self.exceeded_since_ns = None;
        }
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
    use super::Tracking;
    use crate::fixture::{MS, Run, digest_of, near, quiet, resting_arms};
    use crate::{Finding, Id, LoopState, Sample, Thresholds, Verdict};

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
    fn an_error_that_ends_by_itself_still_obliges_to_fault() {
        let mut run = Run::new();
        let (near, mut off) = (resting_arms(), resting_arms());
        off[0].tip_measured_m[0] = 3e-3;
        run.stay(30, &off, LoopState::Following);
        run.stay(21, &near, LoopState::Following);
        assert_eq!(
            run.finding(Id::R17).verdict(),
            Verdict::Held,
            "50 ms are allowed"
        );
        run.stay(1, &near, LoopState::Following);
        let finding = run.finding(Id::R17);
        assert_eq!(
            (finding.verdict(), finding.exercised),
            (Verdict::Violated, 30)
        );
    }

    #[test]
    fn an_error_of_exactly_the_limit_exercises_nothing() {
        assert_eq!(off_by(2.0, 100).verdict(), Verdict::NotExercised);
        assert_eq!(off_by(2.000_001, 100).verdict(), Verdict::Violated);
    }

    #[test]
    fn the_margin_is_the_time_that_was_left_or_that_it_was_late() {
        let prompt = off_by(2.1, 11);
        near(prompt.worst_margin, 40.0, 1e-9);
        assert_eq!(prompt.exercised, 11 + 20);
        assert_eq!(off_by(2.1, 51).worst_margin, 0.0);
        let late = off_by(2.1, 53);
        near(late.worst_margin, -2.0, 1e-9);
        assert_eq!(late.worst_at_ns, (5 + 52) * MS);
        assert_eq!(late.detail, "tracking error without a fault 52 of 50 ms");
    }

    #[test]
    fn a_fault_in_the_first_bad_sample_is_exercised_and_holds() {
        let finding = off_by(2.1, 0);
        assert_eq!((finding.verdict(), finding.exercised), (Verdict::Held, 20));
    }

    #[test]
    fn a_nanosecond_beyond_the_time_allowed_violates() {
        let mut off = resting_arms();
        off[0].tip_measured_m[2] = 3e-3;
        for (beyond_ns, violated_at_ns) in [(0, None), (1, Some(50 * MS + 1))] {
            let mut run = Run::new();
            run.stay(1, &off, LoopState::Following);
            run.tick(&off, |quiet| Sample {
                now_ns: 50 * MS + beyond_ns,
                ..quiet
            });
            assert_eq!(run.finding(Id::R17).violated_at_ns, violated_at_ns);
        }
    }

    #[test]
    fn a_stop_answers_an_error_and_a_hold_does_not() {
        let mut off = resting_arms();
        off[0].tip_measured_m[2] = 3e-3;
        for (answer, verdict) in [
            (LoopState::Stopped, Verdict::Held),
            (LoopState::Holding, Verdict::Violated),
        ] {
            let mut run = Run::new();
            run.stay(10, &off, LoopState::Following);
            run.stay(100, &off, answer);
            assert_eq!(run.finding(Id::R17).verdict(), verdict, "{answer:?}");
        }
    }

    #[test]
    fn a_clone_goes_on_as_the_original_and_a_digest_tells_states_apart() {
        let mut off = resting_arms();
        off[0].tip_measured_m[2] = 3e-3;
        let digest = |tracking: &Tracking| digest_of(|to| tracking.digest(to));
        let mut tracking = Tracking::new(&Thresholds::default());
        tracking.observe(&quiet(0, &off));
        let mut clone = tracking.clone();
        // The error ends, its time runs on.
        tracking.observe(&quiet(1, &resting_arms()));
        assert_ne!(digest(&tracking), digest(&clone));
        clone.observe(&quiet(1, &resting_arms()));
        assert_eq!(digest(&tracking), digest(&clone));
        for monitor in [&mut tracking, &mut clone] {
            monitor.observe(&quiet(2, &off));
            monitor.observe(&quiet(53, &off));
        }
        assert_eq!(tracking.finding(), clone.finding());
        assert_eq!(tracking.finding().violated_at_ns, Some(53 * MS));
    }
}
