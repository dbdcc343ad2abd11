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
            self.tally.judge(sample.now_ns, &self.drift_mm, limit - drift_mm, || {
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
