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
        let (follows, holds) =
            (sample.state.is_following(), sample.state == LoopState::Holding);
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
        if self.slow_until_ns.is_some_and(|until_ns| sample.now_ns <= until_ns) {
            let speed = tips.greatest_speed_mm_s();
            let limit = self.speed_mm_s.value;
            self.tally.judge(sample.now_ns, &self.speed_mm_s, limit - speed, || {
                Witness::new("tip speed after resuming", speed, limit, "mm/s").of_arm(tips.fastest)
            });
        }
        (self.was_following, self.was_holding) = (follows, holds);
    }

    fn judge_gesture(&mut self, sample: &Sample<'_>, hold_began_ns: u64) {
        if sample.applied_gesture_ns.is_none_or(|gesture_ns| gesture_ns <= hold_began_ns) {
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
        self.tally.judge(sample.now_ns, &self.offset_um, limit - offset_um, || {
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
