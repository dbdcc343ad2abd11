//! R06: a robot that holds does not creep.

use super::tips::{Tips, distance_m};
use crate::finding::{Encoder, Limit, Tally, Witness, ns};
use crate::{Finding, Id, LoopState, MAX_ARMS, Sample, Setup, Thresholds};

/// R06: `holding and set-points at rest since settle -> set-points constant and measured drift <= limit`.
///
/// Drift is measured from where the tip was when the settling time ended.
#[derive(Clone, Debug)]
pub(super) struct Hold {
    settle_ns: u64,
    drift_mm: Limit,
    arms: usize,
    /// Since when the robot holds with its tip set-points at rest.
    still_since_ns: Option<u64>,
    settled: bool,
    settled_m: [[f64; 3]; MAX_ARMS],
    tally: Tally,
}

impl Hold {
    pub fn new(thresholds: &Thresholds, setup: &Setup) -> Self {
        Hold {
            settle_ns: ns(thresholds.settle_ms),
            drift_mm: Limit::new(thresholds.hold_drift_mm),
            arms: setup.arms.len().min(MAX_ARMS),
            still_since_ns: None,
            settled: false,
            settled_m: [[0.0; 3]; MAX_ARMS],
            tally: Tally::new(),
        }
    }

    #[inline]
    pub fn observe(&mut self, sample: &Sample<'_>, tips: &Tips) {
        if sample.state != LoopState::Holding {
            self.still_since_ns = None;
            self.settled = false;
            return;
        }
        if self.settled {
            return self.judge(sample, tips);
        }
        if !tips.known || tips.greatest_step_m() > 0.0 {
            self.still_since_ns = None;
            return;
        }
        let since_ns = *self.still_since_ns.get_or_insert(sample.now_ns);
        if sample.now_ns - since_ns >= self.settle_ns {
            self.settled = true;
            for (place, arm) in self.settled_m.iter_mut().zip(sample.arms) {
                *place = arm.tip_measured_m;
            }
        }
    }

    fn judge(&mut self, sample: &Sample<'_>, tips: &Tips) {
        self.tally.count();
        if tips.greatest_step_m() > 0.0 {
            let failure = "a set-point moved in a hold that had come to rest";
            self.tally.judge_exact(sample.now_ns, false, failure);
        }
        let places = self.settled_m.iter().zip(sample.arms).take(self.arms);
        for (index, (settled, arm)) in places.enumerate() {
            let drift_mm = distance_m(&arm.tip_measured_m, settled) * 1e3;
            let limit = self.drift_mm.value;
            self.tally
                .judge(sample.now_ns, &self.drift_mm, limit - drift_mm, || {
                    Witness::new("tip drift in a hold", drift_mm, limit, "mm").of_arm(index)
                });
        }
    }

    pub fn finding(&self) -> Finding {
        self.tally.finding(Id::R06)
    }

    pub fn digest(&self, to: &mut Encoder<'_>) {
        to.maybe_u64(self.still_since_ns);
        to.flag(self.settled);
        for place in &self.settled_m[..self.arms] {
            for &coordinate in place {
                to.f64(coordinate);
            }
        }
        self.tally.digest(to);
    }
}

#[cfg(test)]
mod tests {
    use crate::fixture::{MS, Run, near, resting_arms, step_tip};
    use crate::{Id, LoopState, Verdict};

    /// A hold that settles over 60 ticks.
    fn settled() -> Run {
        let mut run = Run::new();
        run.ticks(2, &resting_arms());
        run.stay(60, &resting_arms(), LoopState::Holding);
        run
    }

    #[test]
    fn a_settled_hold_is_judged_from_50_ms_of_rest_on() {
        let finding = settled().finding(Id::R06);
        assert_eq!(finding.verdict(), Verdict::Held);
        // Rest is seen in ticks 2 to 52; the nine after that are judged.
        assert_eq!(finding.exercised, 9);
        assert_eq!(finding.worst_margin, 0.5);
    }

    #[test]
    fn a_measured_tip_that_creeps_beyond_the_limit_violates() {
        for (drift_mm, verdict) in [(0.49, Verdict::Held), (0.51, Verdict::Violated)] {
            let mut run = settled();
            let mut arms = resting_arms();
            arms[1].tip_measured_m[2] -= drift_mm * 1e-3;
            run.stay(1, &arms, LoopState::Holding);
            let finding = run.finding(Id::R06);
            assert_eq!(finding.verdict(), verdict);
            near(finding.worst_margin, 0.5 - drift_mm, 1e-9);
            assert!(
                finding.detail.starts_with("arm 2 tip drift"),
                "{}",
                finding.detail
            );
        }
    }

    #[test]
    fn a_set_point_that_moves_at_all_in_a_settled_hold_violates() {
        let mut run = settled();
        let mut arms = resting_arms();
        step_tip(&mut arms[0], 1e-9);
        run.stay(1, &arms, LoopState::Holding);
        assert_eq!(run.finding(Id::R06).violated_at_ns, Some(62 * MS));
    }

    #[test]
    fn motion_after_the_hold_is_no_creep_and_a_new_hold_settles_anew() {
        let mut run = settled();
        let mut arms = resting_arms();
        for _ in 0..100 {
            step_tip(&mut arms[0], 0.05);
            run.stay(1, &arms, LoopState::Following);
        }
        run.stay(60, &arms, LoopState::Holding);
        assert_eq!(run.finding(Id::R06).verdict(), Verdict::Held);
    }

    #[test]
    fn a_hold_that_is_still_braking_is_not_judged() {
        let mut run = Run::new();
        let mut arms = resting_arms();
        for _ in 0..200 {
            step_tip(&mut arms[0], 0.05);
            run.stay(1, &arms, LoopState::Holding);
        }
        assert_eq!(run.finding(Id::R06).verdict(), Verdict::NotExercised);
    }
}
