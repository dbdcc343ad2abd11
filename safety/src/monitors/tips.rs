//! How far each tip set-point stepped in this tick (shared), and R03, which bounds the step.

use crate::finding::{Encoder, Limit, Tally, Witness, inverse_or};
use crate::{Finding, Id, MAX_ARMS, ROUNDING, Sample, Setup, Thresholds};

/// Distance between two points, m; infinite where a coordinate is not a number.
#[inline]
pub(super) fn distance_m(a: &[f64; 3], b: &[f64; 3]) -> f64 {
    let [x, y, z] = [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
    let distance = (x * x + y * y + z * z).sqrt();
    if distance.is_nan() {
        f64::INFINITY
    } else {
        distance
    }
}

/// Steps of the tip set-points, worked out once for all monitors.
#[derive(Clone, Debug)]
pub(super) struct Tips {
    arms: usize,
    per_second: f64,
    previous_m: [[f64; 3]; MAX_ARMS],
    /// Whether there is a previous sample.
    begun: bool,
    /// Whether the steps below are of this tick.
    pub known: bool,
    /// Step of each arm's tip set-point in this tick, m; zero in the first sample.
    pub step_m: [f64; MAX_ARMS],
    /// The arm, from 0, with the greatest step.
    pub fastest: usize,
}

impl Tips {
    pub fn new(setup: &Setup) -> Self {
        Tips {
            arms: setup.arms.len().min(MAX_ARMS),
            per_second: inverse_or(setup.tick_ns as f64 * 1e-9, f64::MAX),
            previous_m: [[0.0; 3]; MAX_ARMS],
            begun: false,
            known: false,
            step_m: [0.0; MAX_ARMS],
            fastest: 0,
        }
    }

    #[inline]
    pub fn observe(&mut self, sample: &Sample<'_>) {
        self.known = self.begun;
        self.begun = true;
        self.fastest = 0;
        for (arm, now) in sample.arms.iter().take(self.arms).enumerate() {
            if self.known {
                self.step_m[arm] = distance_m(&now.tip_set_point_m, &self.previous_m[arm]);
                if self.step_m[arm] > self.step_m[self.fastest] {
                    self.fastest = arm;
                }
            }
            self.previous_m[arm] = now.tip_set_point_m;
        }
    }

    /// The greatest step of this tick, m.
    #[inline]
    pub fn greatest_step_m(&self) -> f64 {
        self.step_m[self.fastest]
    }

    /// The greatest tip set-point speed over this tick, mm/s.
    #[inline]
    pub fn greatest_speed_mm_s(&self) -> f64 {
        self.greatest_step_m() * self.per_second * 1e3
    }

    /// The steps follow from the previous places and the next sample.
    pub fn digest(&self, to: &mut Encoder<'_>) {
        to.flag(self.begun);
        for place in &self.previous_m[..self.arms] {
            for &coordinate in place {
                to.f64(coordinate);
            }
        }
    }
}

/// R03: `|tip(t) - tip(t - tick)| <= limit * tick`, every arm, every sample but the first.
#[derive(Clone, Debug)]
pub(super) struct Step {
    limit_mm: Limit,
    /// With the share granted to rounding, mm.
    judged_mm: f64,
    tally: Tally,
}

impl Step {
    pub fn new(thresholds: &Thresholds, setup: &Setup) -> Self {
        let limit_mm = Limit::new(thresholds.tip_step_mm_per_ms * setup.tick_ns as f64 * 1e-6);
        Step {
            judged_mm: limit_mm.value * (1.0 + ROUNDING),
            limit_mm,
            tally: Tally::new(),
        }
    }

    #[inline]
    pub fn observe(&mut self, sample: &Sample<'_>, tips: &Tips) {
        if !tips.known {
            return;
        }
        self.tally.count();
        let step_mm = tips.greatest_step_m() * 1e3;
        self.tally.judge(
            sample.now_ns,
            &self.limit_mm,
            self.judged_mm - step_mm,
            || {
                Witness::new("tip set-point step", step_mm, self.limit_mm.value, "mm")
                    .of_arm(tips.fastest)
            },
        );
    }

    pub fn finding(&self) -> Finding {
        self.tally.finding(Id::R03)
    }

    pub fn digest(&self, to: &mut Encoder<'_>) {
        self.tally.digest(to);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::fixture::{Run, near, resting_arms, setup, step_tip};
    use crate::{Id, Verdict};

    /// A run in which arm 2's tip set-point makes one step after ten ticks of rest.
    fn one_step(step_mm: f64, tick_ns: u64) -> crate::Finding {
        let mut setup = setup();
        setup.tick_ns = tick_ns;
        let mut run = Run::of(setup);
        let mut arms = resting_arms();
        run.ticks(10, &arms);
        step_tip(&mut arms[1], step_mm);
        run.ticks(10, &arms);
        run.finding(Id::R03)
    }

    #[test]
    fn a_step_just_inside_the_limit_holds_with_what_is_left_of_it() {
        let finding = one_step(0.09, 1_000_000);
        assert_eq!(finding.verdict(), Verdict::Held);
        near(finding.worst_margin, 0.01, 1e-6);
        near(finding.robustness, 0.1, 1e-5);
        assert_eq!(finding.exercised, 19);
        assert_eq!(finding.unit, "mm");
    }

    #[test]
    fn a_step_beyond_the_limit_violates_in_its_tick() {
        let finding = one_step(0.11, 1_000_000);
        assert_eq!(finding.violated_at_ns, Some(10_000_000));
        assert_eq!(finding.worst_at_ns, 10_000_000);
        near(finding.worst_margin, -0.01, 1e-6);
        assert!(
            finding
                .detail
                .starts_with("arm 2 tip set-point step 0.11 of 0.1")
        );
    }

    #[test]
    fn a_step_of_exactly_the_limit_holds() {
        assert_eq!(one_step(0.1, 1_000_000).verdict(), Verdict::Held);
    }

    #[test]
    fn the_limit_grows_with_the_tick() {
        assert_eq!(one_step(0.19, 2_000_000).verdict(), Verdict::Held);
        assert_eq!(one_step(0.06, 500_000).verdict(), Verdict::Violated);
    }

    #[test]
    fn one_sample_has_no_step() {
        let mut run = Run::new();
        run.ticks(1, &resting_arms());
        assert_eq!(run.finding(Id::R03).exercised, 0);
    }

    #[test]
    fn a_tip_that_is_not_a_number_violates() {
        let mut run = Run::new();
        let mut arms = resting_arms();
        run.ticks(2, &arms);
        arms[0].tip_set_point_m[1] = f64::NAN;
        run.ticks(1, &arms);
        assert_eq!(run.finding(Id::R03).verdict(), Verdict::Violated);
    }

    proptest! {
        #[test]
        fn robustness_is_one_minus_the_share_of_the_limit_used(step_mm in 0.0..1.0_f64) {
            near(one_step(step_mm, 1_000_000).robustness, 1.0 - step_mm / 0.1, 2e-6);
        }
    }
}
