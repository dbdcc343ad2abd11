//! R07: after a hold, motion resumes by a new clutch gesture only, from where the arm is, slowly first.

use super::tips::Tips;
use crate::finding::{Encoder, Limit, Tally, Witness, ms, ns};
use crate::{Finding, Id, LoopState, Sample, Thresholds};

/// R07: `rise(following) after a hold -> gesture since the hold began and step <= offset limit`, and
/// `speed <= limit` for the window after it, as long as following lasts.
#[derive(Clone, Debug)]
pub(super) struct Resume {
    offset_um: Limit,
    speed_mm_s: Limit,
    window_ns: u64,
    was_following: bool,
    was_holding: bool,
    /// When the hold began that no following has ended yet.
    hold_began_ns: Option<u64>,
    slow_until_ns: Option<u64>,
    tally: Tally,
}

impl Resume {
    pub fn new(thresholds: &Thresholds) -> Self {
        Resume {
            offset_um: Limit::new(thresholds.resume_offset_um),
            speed_mm_s: Limit::new(thresholds.resume_speed_mm_s),
            window_ns: ns(thresholds.resume_window_ms),
            was_following: false,
            was_holding: false,
            hold_began_ns: None,
            slow_until_ns: None,
            tally: Tally::new(),
        }
    }

    #[inline]
    pub fn observe(&mut self, sample: &Sample<'_>, tips: &Tips) {
        let (follows, holds) = (
            sample.state.is_following(),
            sample.state == LoopState::Holding,
        );
        if holds && !self.was_holding {
            self.hold_began_ns = Some(sample.now_ns);
        }
        if !follows {
            self.slow_until_ns = None;
        } else if !self.was_following
            && let Some(hold_began_ns) = self.hold_began_ns.take()
        {
            self.tally.count();
            self.slow_until_ns = Some(sample.now_ns.saturating_add(self.window_ns));
            self.judge_gesture(sample, hold_began_ns);
            self.judge_offset(sample, tips);
        }
        if self
            .slow_until_ns
            .is_some_and(|until_ns| sample.now_ns <= until_ns)
        {
            let speed = tips.greatest_speed_mm_s();
            let limit = self.speed_mm_s.value;
            self.tally
                .judge(sample.now_ns, &self.speed_mm_s, limit - speed, || {
                    Witness::new("tip speed after resuming", speed, limit, "mm/s")
                        .of_arm(tips.fastest)
                });
        }
        (self.was_following, self.was_holding) = (follows, holds);
    }

    fn judge_gesture(&mut self, sample: &Sample<'_>, hold_began_ns: u64) {
        if sample
            .applied_gesture_ns
            .is_none_or(|gesture_ns| gesture_ns <= hold_began_ns)
        {
            let failure = "motion resumed after a hold without a new clutch gesture";
            self.tally.judge_share(sample.now_ns, -1.0, -1.0, || {
                let gesture_ms = sample.applied_gesture_ns.map_or(f64::NAN, ms);
                Witness::new(failure, gesture_ms, ms(hold_began_ns), "ms")
            });
        }
    }

    fn judge_offset(&mut self, sample: &Sample<'_>, tips: &Tips) {
        let offset_um = tips.greatest_step_m() * 1e6;
        let limit = self.offset_um.value;
        self.tally
            .judge(sample.now_ns, &self.offset_um, limit - offset_um, || {
                Witness::new("tip offset on resuming", offset_um, limit, "µm").of_arm(tips.fastest)
            });
    }

    pub fn finding(&self) -> Finding {
        self.tally.finding(Id::R07)
    }

    pub fn digest(&self, to: &mut Encoder<'_>) {
        to.flag(self.was_following);
        to.flag(self.was_holding);
        to.maybe_u64(self.hold_began_ns);
        to.maybe_u64(self.slow_until_ns);
        self.tally.digest(to);
    }
}

#[cfg(test)]
mod tests {
    use crate::fixture::{MS, Run, near, resting_arms, step_tip};
    use crate::{Finding, Id, LoopState, Sample, Verdict};

    /// A hold from tick 10 to 19, then following: the gesture behind it, the step on resuming, and the
    /// speed of the 600 ticks after that.
    fn resume(gesture_ms: Option<u64>, step_um: f64, speed_mm_s: f64) -> Finding {
        let mut run = Run::new();
        let mut arms = resting_arms();
        run.stay(10, &arms, LoopState::Following);
        run.stay(10, &arms, LoopState::Holding);
        step_tip(&mut arms[0], step_um * 1e-3);
        for _ in 0..600 {
            run.tick(&arms, |quiet| Sample {
                state: LoopState::Following,
                applied_gesture_ns: gesture_ms.map(|ms| ms * MS),
                ..quiet
            });
            step_tip(&mut arms[0], speed_mm_s * 1e-3);
        }
        run.finding(Id::R07)
    }

    #[test]
    fn a_new_gesture_no_step_and_slow_motion_hold() {
        let finding = resume(Some(15), 0.0, 15.0);
        assert_eq!(finding.verdict(), Verdict::Held);
        near(finding.worst_margin, 5.0, 1e-6);
        assert_eq!(finding.exercised, 1);
    }

    #[test]
    fn an_old_gesture_or_none_violates_on_resuming() {
        for gesture_ms in [None, Some(3), Some(10)] {
            let finding = resume(gesture_ms, 0.0, 0.0);
            assert_eq!(finding.violated_at_ns, Some(20 * MS), "{gesture_ms:?}");
        }
        assert_eq!(resume(Some(11), 0.0, 0.0).verdict(), Verdict::Held);
    }

    #[test]
    fn a_step_on_resuming_violates() {
        assert_eq!(resume(Some(15), 0.9, 0.0).verdict(), Verdict::Held);
        let finding = resume(Some(15), 1.1, 0.0);
        assert_eq!(finding.violated_at_ns, Some(20 * MS));
        assert!(
            finding
                .detail
                .starts_with("arm 1 tip offset on resuming 1.1")
        );
    }

    #[test]
    fn haste_after_resuming_violates_and_after_the_window_does_not() {
        assert_eq!(resume(Some(15), 0.0, 21.0).violated_at_ns, Some(21 * MS));
        let mut run = Run::new();
        let mut arms = resting_arms();
        run.stay(10, &arms, LoopState::Holding);
        let slow = |run: &mut Run, arms: &_| {
            run.tick(arms, |quiet| Sample {
                state: LoopState::Following,
                applied_gesture_ns: Some(5 * MS),
                ..quiet
            });
        };
        for _ in 0..501 {
            slow(&mut run, &arms);
        }
        step_tip(&mut arms[0], 0.09);
        slow(&mut run, &arms);
        assert_eq!(run.finding(Id::R07).verdict(), Verdict::Held);
    }

    #[test]
    fn following_without_a_hold_before_it_exercises_nothing() {
        let mut run = Run::new();
        let arms = resting_arms();
        run.stay(5, &arms, LoopState::Aligning);
        run.stay(5, &arms, LoopState::Following);
        run.stay(5, &arms, LoopState::Coasting);
        run.stay(5, &arms, LoopState::Following);
        assert_eq!(run.finding(Id::R07).verdict(), Verdict::NotExercised);
    }

    #[test]
    fn a_hold_is_remembered_through_aligning() {
        let mut run = Run::new();
        let arms = resting_arms();
        run.stay(5, &arms, LoopState::Holding);
        run.stay(5, &arms, LoopState::Aligning);
        run.stay(5, &arms, LoopState::Following);
        assert_eq!(
            run.finding(Id::R07).verdict(),
            Verdict::Violated,
            "no gesture is known"
        );
    }
}
