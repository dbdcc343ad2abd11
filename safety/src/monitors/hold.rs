//! R06: a robot that holds does not creep.

use super::tips::{Tips, distance_m};
use crate::finding::{Encoder, Limit, Tally, Witness, ns};
use crate::{Finding, Id, LoopState, MAX_ARMS, MAX_JOINTS, Sample, Setup, Thresholds};

/// R06: `holding and settled -> set-points constant, bit for bit, and measured drift <= limit`.
///
/// Settled: at rest for the settling time, or holding for the stop and the settling time, whichever
/// is first. At rest: no joint's set-point changes. Drift is measured from where the tip was then.
#[derive(Clone, Debug)]
pub(super) struct Hold {
    settle_ns: u64,
    stop_and_settle_ns: u64,
    drift_mm: Limit,
    arms: usize,
    /// Joints of each arm; zero past the arms.
    joints: [usize; MAX_ARMS],
    /// The joint set-points of the sample before.
    last: [[f64; MAX_JOINTS]; MAX_ARMS],
    holding_since_ns: Option<u64>,
    /// Since when the robot holds with its set-points at rest.
    still_since_ns: Option<u64>,
    settled: bool,
    settled_m: [[f64; 3]; MAX_ARMS],
    tally: Tally,
}

impl Hold {
    pub fn new(thresholds: &Thresholds, setup: &Setup) -> Self {
        let mut joints = [0; MAX_ARMS];
        for (joints, arm) in joints.iter_mut().zip(&setup.arms) {
            *joints = arm.joint_count.min(MAX_JOINTS);
        }
        Hold {
            settle_ns: ns(thresholds.settle_ms),
            stop_and_settle_ns: ns(thresholds.stop_ms + thresholds.settle_ms),
            drift_mm: Limit::new(thresholds.hold_drift_mm),
            arms: setup.arms.len().min(MAX_ARMS),
            joints,
            last: [[0.0; MAX_JOINTS]; MAX_ARMS],
            holding_since_ns: None,
            still_since_ns: None,
            settled: false,
            settled_m: [[0.0; 3]; MAX_ARMS],
            tally: Tally::new(),
        }
    }

    #[inline]
    pub fn observe(&mut self, sample: &Sample<'_>, tips: &Tips) {
        let moved = self.any_set_point_moved(sample, tips);
        if sample.state != LoopState::Holding {
            self.holding_since_ns = None;
            self.still_since_ns = None;
            self.settled = false;
            return;
        }
        if self.settled {
            return self.judge(sample, moved);
        }
        let now_ns = sample.now_ns;
        let holding_since_ns = *self.holding_since_ns.get_or_insert(now_ns);
        if moved || !tips.known {
            self.still_since_ns = None;
        } else {
            self.still_since_ns.get_or_insert(now_ns);
        }
        let is_still = self
            .still_since_ns
            .is_some_and(|since_ns| now_ns - since_ns >= self.settle_ns);
        if is_still || now_ns - holding_since_ns >= self.stop_and_settle_ns {
            self.settled = true;
            for (place, arm) in self.settled_m.iter_mut().zip(sample.arms) {
                *place = arm.tip_measured_m;
            }
        }
    }

    /// Whether a set-point differs from the sample before; a tip that is not a number always does.
    #[inline]
    fn any_set_point_moved(&mut self, sample: &Sample<'_>, tips: &Tips) -> bool {
        // A tip may rest while a wrist turns about it or a jaw closes.
        let mut moved = tips.greatest_step_m() > 0.0;
        let arms = self.last.iter_mut().zip(&self.joints).zip(sample.arms);
        for ((last, &joints), arm) in arms {
            for (last, &now) in last.iter_mut().zip(&arm.set_point).take(joints) {
                moved |= last.to_bits() != now.to_bits();
                *last = now;
            }
        }
        moved
    }

    fn judge(&mut self, sample: &Sample<'_>, moved: bool) {
        self.tally.count();
        if moved {
            let failure = "a set-point moved in a settled hold";
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
        for (last, &joints) in self.last.iter().zip(&self.joints) {
            for &set_point in &last[..joints] {
                to.f64(set_point);
            }
        }
        to.maybe_u64(self.holding_since_ns);
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
    use super::{Hold, Tips};
    use crate::fixture::{MS, Run, digest_of, near, quiet, resting_arms, setup, step_tip};
    use crate::{Id, LoopState, Sample, Thresholds, Verdict};

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

    #[test]
    fn a_drift_of_exactly_the_limit_holds() {
        let mut run = settled();
        let mut arms = resting_arms();
        arms[0].tip_measured_m[1] = 0.5e-3;
        run.stay(1, &arms, LoopState::Holding);
        let finding = run.finding(Id::R06);
        assert_eq!((finding.worst_margin, finding.violated_at_ns), (0.0, None));
    }

    #[test]
    fn a_measured_tip_that_is_nowhere_violates() {
        let mut run = settled();
        let mut arms = resting_arms();
        arms[0].tip_measured_m[1] = f64::NAN;
        run.stay(1, &arms, LoopState::Holding);
        let finding = run.finding(Id::R06);
        assert_eq!(finding.violated_at_ns, Some(62 * MS));
        assert_eq!(finding.worst_margin, f64::NEG_INFINITY);
    }

    #[test]
    fn a_hold_too_short_to_settle_exercises_nothing() {
        for (ticks, exercised) in [(51, 0), (52, 1)] {
            let mut run = Run::new();
            run.ticks(2, &resting_arms());
            run.stay(ticks, &resting_arms(), LoopState::Holding);
            assert_eq!(run.finding(Id::R06).exercised, exercised);
        }
    }

    #[test]
    fn a_hold_that_creeps_without_end_is_judged_once_it_had_time_to_stop_and_settle() {
        let mut run = Run::new();
        let mut arms = resting_arms();
        for tick in 0..252 {
            assert_eq!(run.finding(Id::R06).violated_at_ns, None, "tick {tick}");
            step_tip(&mut arms[0], 1e-6);
            run.stay(1, &arms, LoopState::Holding);
        }
        assert_eq!(run.finding(Id::R06).violated_at_ns, Some(251 * MS));
    }

    #[test]
    fn a_joint_that_moves_in_a_settled_hold_violates_though_the_tip_stays() {
        let mut run = settled();
        let mut arms = resting_arms();
        arms[1].set_point[6] = 1e-12;
        run.stay(1, &arms, LoopState::Holding);
        let finding = run.finding(Id::R06);
        assert_eq!(finding.violated_at_ns, Some(62 * MS));
        assert_eq!((finding.worst_margin, finding.exercised), (-1.0, 10));
    }

    #[test]
    fn a_wrist_that_still_brakes_about_a_resting_tip_is_not_at_rest() {
        let mut run = Run::new();
        let mut arms = resting_arms();
        for _ in 0..200 {
            arms[0].set_point[4] += 1e-5;
            run.stay(1, &arms, LoopState::Holding);
        }
        assert_eq!(run.finding(Id::R06).verdict(), Verdict::NotExercised);
    }

    #[test]
    fn joints_past_an_arm_are_not_looked_at() {
        let mut setup = setup();
        setup.arms[1].joint_count = 2;
        let mut run = Run::of(setup);
        let mut arms = resting_arms();
        for _ in 0..60 {
            arms[1].set_point[2] += 1e-3;
            run.stay(1, &arms, LoopState::Holding);
        }
        let finding = run.finding(Id::R06);
        assert_eq!((finding.verdict(), finding.exercised), (Verdict::Held, 8));
    }

    #[test]
    fn a_clone_goes_on_as_the_original_and_a_digest_tells_states_apart() {
        let arms = resting_arms();
        let mut tips = Tips::new(&setup());
        let mut hold = Hold::new(&Thresholds::default(), &setup());
        for at_ms in 0..2 {
            tips.observe(&quiet(at_ms, &arms));
            hold.observe(&quiet(at_ms, &arms), &tips);
        }
        let mut clone = hold.clone();
        let digest = |hold: &Hold| digest_of(|to| hold.digest(to));
        // The hold begins, which changes no finding yet.
        let begins = Sample {
            state: LoopState::Holding,
            ..quiet(2, &arms)
        };
        hold.observe(&begins, &tips);
        assert_eq!(hold.finding(), clone.finding());
        assert_ne!(digest(&hold), digest(&clone));
        clone.observe(&begins, &tips);
        assert_eq!(digest(&hold), digest(&clone));
    }
}
