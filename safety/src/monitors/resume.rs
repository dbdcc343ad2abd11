//! R07: after a halt, motion resumes by a new clutch gesture only, from where the arm is, slowly first.

use super::tips::Tips;
use crate::finding::{Encoder, Limit, Tally, Witness, ns};
use crate::{Finding, Id, LoopState, Sample, Thresholds};

/// R07: `rise(following) after a halt -> gesture since the halt began and step <= offset limit`, and
/// `speed <= limit` for the window after it, as long as following lasts.
///
/// A hold, a fault and a stop are halts, each of its own: a gesture made in a hold does not answer the
/// fault that came after it.
#[derive(Clone, Debug)]
pub(super) struct Resume {
    offset_um: Limit,
    speed_mm_s: Limit,
    window_ns: u64,
    /// The state in the sample before.
    was: LoopState,
    /// When the last halt began that no following has ended yet.
    halt_began_ns: Option<u64>,
    slow_until_ns: Option<u64>,
    tally: Tally,
}

impl Resume {
    pub fn new(thresholds: &Thresholds) -> Self {
        Resume {
            offset_um: Limit::new(thresholds.resume_offset_um),
            speed_mm_s: Limit::new(thresholds.resume_speed_mm_s),
            window_ns: ns(thresholds.resume_window_ms),
            was: LoopState::Idle,
            halt_began_ns: None,
            slow_until_ns: None,
            tally: Tally::new(),
        }
    }

    #[inline]
    pub fn observe(&mut self, sample: &Sample<'_>, tips: &Tips) {
        let was = core::mem::replace(&mut self.was, sample.state);
        if sample.state.is_halted() && sample.state != was {
            self.halt_began_ns = Some(sample.now_ns);
        }
        if !sample.state.is_following() {
            self.slow_until_ns = None;
        } else if !was.is_following()
            && let Some(halt_began_ns) = self.halt_began_ns.take()
        {
            self.tally.count();
            self.slow_until_ns = Some(sample.now_ns.saturating_add(self.window_ns));
            self.judge_gesture(sample, halt_began_ns);
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
    }

    fn judge_gesture(&mut self, sample: &Sample<'_>, halt_began_ns: u64) {
        if sample
            .applied_gesture_ns
            .is_none_or(|gesture_ns| gesture_ns <= halt_began_ns)
        {
            let failure = "motion resumed after a halt without a new clutch gesture";
            self.tally.judge_exact(sample.now_ns, false, failure);
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
        to.u64(self.was as u64);
        to.maybe_u64(self.halt_began_ns);
        to.maybe_u64(self.slow_until_ns);
        self.tally.digest(to);
    }
}

#[cfg(test)]
mod tests {
    use super::{Resume, Tips};
    use crate::fixture::{MS, Run, digest_of, near, quiet, resting_arms, setup, step_tip};
    use crate::{Finding, Id, LoopState, Sample, Thresholds, Verdict};

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

    #[test]
    fn a_digest_tells_when_a_halt_began() {
        let arms = resting_arms();
        let tips = Tips::new(&setup());
        let [early, late] = [1, 2].map(|began_ms| {
            let mut resume = Resume::new(&Thresholds::default());
            for at_ms in 0..4 {
                let state = if at_ms == began_ms {
                    LoopState::Holding
                } else {
                    LoopState::Aligning
                };
                let sample = Sample {
                    state,
                    ..quiet(at_ms, &arms)
                };
                resume.observe(&sample, &tips);
            }
            resume
        });
        assert_eq!(early.finding(), late.finding());
        assert_ne!(
            digest_of(|to| early.digest(to)),
            digest_of(|to| late.digest(to))
        );
    }

    /// Shows following with the gesture made at `gesture_ms`.
    fn follow(run: &mut Run, count: u64, arms: &[crate::ArmSample; 2], gesture_ms: u64) {
        for _ in 0..count {
            run.tick(arms, |quiet| Sample {
                state: LoopState::Following,
                applied_gesture_ns: Some(gesture_ms * MS),
                ..quiet
            });
        }
    }

    #[test]
    fn a_fault_and_a_stop_are_halts_like_a_hold() {
        let arms = resting_arms();
        for halt in [LoopState::Holding, LoopState::Faulted, LoopState::Stopped] {
            for (gesture_ms, verdict) in [(10, Verdict::Violated), (11, Verdict::Held)] {
                let mut run = Run::new();
                run.stay(10, &arms, LoopState::Following);
                run.stay(10, &arms, halt);
                follow(&mut run, 1, &arms, gesture_ms);
                let finding = run.finding(Id::R07);
                assert_eq!(finding.verdict(), verdict, "{halt:?}");
                assert_eq!(finding.exercised, 1);
            }
        }
    }

    #[test]
    fn a_gesture_made_in_a_hold_does_not_resume_from_the_fault_that_came_after_it() {
        let arms = resting_arms();
        for (gesture_ms, verdict) in [(15, Verdict::Violated), (21, Verdict::Held)] {
            let mut run = Run::new();
            run.stay(10, &arms, LoopState::Following);
            run.stay(10, &arms, LoopState::Holding);
            run.stay(10, &arms, LoopState::Faulted);
            follow(&mut run, 1, &arms, gesture_ms);
            assert_eq!(run.finding(Id::R07).verdict(), verdict);
        }
    }

    #[test]
    fn a_missing_gesture_has_no_magnitude_and_claims_no_unit_of_time() {
        for gesture_ms in [None, Some(3)] {
            let finding = resume(gesture_ms, 0.0, 0.0);
            assert_eq!((finding.worst_margin, finding.robustness), (-1.0, -1.0));
            assert_eq!(finding.unit, "exact");
            assert!(!finding.detail.contains("NaN"), "{}", finding.detail);
        }
    }

    #[test]
    fn a_new_clutch_gesture_without_a_halt_before_it_is_not_judged() {
        let mut run = Run::new();
        let mut arms = resting_arms();
        follow(&mut run, 10, &arms, 0);
        run.stay(10, &arms, LoopState::Aligning);
        step_tip(&mut arms[0], 0.09);
        follow(&mut run, 10, &arms, 0);
        assert_eq!(run.finding(Id::R07).verdict(), Verdict::NotExercised);
    }

    #[test]
    fn a_step_of_exactly_the_limit_holds_and_the_margin_is_what_is_beyond_it() {
        assert_eq!(resume(Some(15), 1.0, 0.0).verdict(), Verdict::Held);
        let beyond = resume(Some(15), 1.001, 0.0);
        assert_eq!(beyond.violated_at_ns, Some(20 * MS));
        near(beyond.worst_margin, -0.001, 1e-9);
        assert_eq!(beyond.unit, "µm");
    }

    #[test]
    fn the_slow_window_is_closed_and_ends_with_following() {
        for (ticks, verdict) in [(500, Verdict::Violated), (501, Verdict::Held)] {
            let mut run = Run::new();
            let mut arms = resting_arms();
            run.stay(10, &arms, LoopState::Holding);
            follow(&mut run, ticks, &arms, 5);
            step_tip(&mut arms[0], 0.021);
            follow(&mut run, 1, &arms, 5);
            let finding = run.finding(Id::R07);
            assert_eq!(finding.verdict(), verdict, "{ticks} ticks");
            if verdict == Verdict::Violated {
                assert_eq!(finding.violated_at_ns, Some((10 + 500) * MS));
                near(finding.worst_margin, -1.0, 1e-6);
            }
        }
        let mut run = Run::new();
        let mut arms = resting_arms();
        run.stay(10, &arms, LoopState::Holding);
        follow(&mut run, 10, &arms, 5);
        step_tip(&mut arms[0], 0.09);
        run.stay(1, &arms, LoopState::Aligning);
        step_tip(&mut arms[0], 0.09);
        follow(&mut run, 1, &arms, 5);
        assert_eq!(run.finding(Id::R07).verdict(), Verdict::Held);
    }

    #[test]
    fn a_tip_that_is_nowhere_on_resuming_violates() {
        let finding = resume(Some(15), f64::NAN, 0.0);
        assert_eq!(finding.violated_at_ns, Some(20 * MS));
        assert_eq!(finding.worst_margin, f64::NEG_INFINITY);
    }

    #[test]
    fn each_resume_is_counted_and_needs_a_gesture_of_its_own() {
        let mut run = Run::new();
        let arms = resting_arms();
        run.stay(10, &arms, LoopState::Holding);
        follow(&mut run, 10, &arms, 5);
        run.stay(10, &arms, LoopState::Holding);
        follow(&mut run, 10, &arms, 5);
        let finding = run.finding(Id::R07);
        assert_eq!(
            (finding.exercised, finding.violated_at_ns),
            (2, Some(30 * MS))
        );
    }

    #[test]
    fn a_clone_goes_on_as_the_original_and_a_digest_tells_states_apart() {
        let arms = resting_arms();
        let tips = Tips::new(&setup());
        let mut resume = Resume::new(&Thresholds::default());
        resume.observe(&quiet(0, &arms), &tips);
        let mut clone = resume.clone();
        let digest = |resume: &Resume| digest_of(|to| resume.digest(to));
        // A hold is remembered before anything is judged.
        let holds = Sample {
            state: LoopState::Holding,
            ..quiet(1, &arms)
        };
        resume.observe(&holds, &tips);
        assert_eq!(resume.finding(), clone.finding());
        assert_ne!(digest(&resume), digest(&clone));
        clone.observe(&holds, &tips);
        assert_eq!(digest(&resume), digest(&clone));
        let follows = Sample {
            state: LoopState::Following,
            ..quiet(2, &arms)
        };
        resume.observe(&follows, &tips);
        clone.observe(&follows, &tips);
        assert_eq!(resume.finding(), clone.finding());
        assert_eq!(resume.finding().verdict(), Verdict::Violated);
    }
}
