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
            self.tally.judge(sample.now_ns, &self.within_ms, margin, || {
                Witness::new("tracking error without a fault", ms(late_ns), self.within_ms.value, "ms")
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
