//! R05: with the link lost, the arms come to rest in time and within a bounded distance.

use super::tips::{Tips, distance_m};
use crate::finding::{Encoder, Limit, Tally, Witness, ns};
use crate::{Finding, Id, MAX_ARMS, ROUNDING, Sample, Setup, Thresholds};

/// R05: `silence > coast + stop -> tip speed <= limit`, and
/// `travel since the last admissible arrival <= v * coast + v * stop / 2` while nothing comes.
///
/// The travel bound is the closed form of a stop with constant deceleration from the loop's own tip speed
/// limit `v` within `stop`, after `coast` at full speed. It is judged once following has begun: an arm
/// that was never engaged has nothing to travel for. A tick belongs to the silence when nothing
/// admissible arrived in it.
#[derive(Clone, Debug)]
pub(super) struct Silence {
    rest_after_ns: u64,
    speed_mm_s: Limit,
    travel_mm: Limit,
    arms: usize,
    last_arrival_ns: Option<u64>,
    from_m: [[f64; 3]; MAX_ARMS],
    followed: bool,
    tally: Tally,
}

impl Silence {
    pub fn new(thresholds: &Thresholds, setup: &Setup) -> Self {
        let (coast_s, stop_s) = (thresholds.coast_ms * 1e-3, thresholds.stop_ms * 1e-3);
        let travel_mm = setup.tip_speed_m_s * 1e3 * (coast_s + stop_s / 2.0);
        Silence {
            rest_after_ns: ns(thresholds.coast_ms + thresholds.stop_ms),
            speed_mm_s: Limit::new(thresholds.rest_speed_mm_s),
            travel_mm: Limit::new(travel_mm),
            arms: setup.arms.len().min(MAX_ARMS),
            last_arrival_ns: None,
            from_m: [[0.0; 3]; MAX_ARMS],
            followed: false,
            tally: Tally::new(),
        }
    }

    #[inline]
    pub fn observe(&mut self, sample: &Sample<'_>, tips: &Tips) {
        self.followed |= sample.state.is_following();
        let arrived_ns = sample.admissible.map(|admissible| admissible.arrived_ns);
        if arrived_ns != self.last_arrival_ns {
            self.last_arrival_ns = arrived_ns;
            for (from, arm) in self.from_m.iter_mut().zip(sample.arms) {
                *from = arm.tip_set_point_m;
            }
            return;
        }
        let Some(arrived_ns) = arrived_ns else { return };
        if self.followed {
            self.judge_travel(sample);
        }
        if sample.now_ns.saturating_sub(arrived_ns) > self.rest_after_ns && tips.known {
            self.tally.count();
            let speed = tips.greatest_speed_mm_s();
            let margin = self.speed_mm_s.value - speed;
            self.tally.judge(sample.now_ns, &self.speed_mm_s, margin, || {
                Witness::new("tip speed in silence", speed, self.speed_mm_s.value, "mm/s")
                    .of_arm(tips.fastest)
            });
        }
    }

    fn judge_travel(&mut self, sample: &Sample<'_>) {
        for (index, (from, arm)) in self.from_m.iter().zip(sample.arms).take(self.arms).enumerate() {
            let travel_mm = distance_m(&arm.tip_set_point_m, from) * 1e3;
            let limit = self.travel_mm.value;
            let margin = limit * (1.0 + ROUNDING) - travel_mm;
            self.tally.judge(sample.now_ns, &self.travel_mm, margin, || {
                Witness::new("travel in silence", travel_mm, limit, "mm").of_arm(index)
            });
        }
    }

    pub fn finding(&self) -> Finding {
        self.tally.finding(Id::R05)
    }

    pub fn digest(&self, to: &mut Encoder<'_>) {
        to.maybe_u64(self.last_arrival_ns);
        to.flag(self.followed);
        for place in &self.from_m[..self.arms] {
            for &coordinate in place {
                to.f64(coordinate);
            }
        }
        self.tally.digest(to);
    }
}
