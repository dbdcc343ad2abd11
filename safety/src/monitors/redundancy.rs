//! R19: a path that is dead is reported, and only such a path.

use crate::finding::{Encoder, Limit, Tally, Witness, margin_ms, ms, ns};
use crate::{Finding, Id, Sample, Setup, Thresholds};

const PATHS: usize = 2;

/// R19: `nothing on a path for longer than the limit and a tick -> reported silent`, and
/// `something on a path within the last half of the limit -> not reported silent`. Judged once anything
/// ever arrived. In between the loop may call a path silent or not.
#[derive(Clone, Debug)]
pub(super) struct Redundancy {
    latent_ns: u64,
    latent_ms: Limit,
    tick_ns: u64,
    was_reported: [bool; PATHS],
    tally: Tally,
}

impl Redundancy {
    pub fn new(thresholds: &Thresholds, setup: &Setup) -> Self {
        Redundancy {
            latent_ns: ns(thresholds.latent_ms),
            latent_ms: Limit::new(thresholds.latent_ms),
            tick_ns: setup.tick_ns,
            was_reported: [false; PATHS],
            tally: Tally::new(),
        }
    }

    #[inline]
    pub fn observe(&mut self, sample: &Sample<'_>) {
        if sample.path_last_arrival_ns.iter().all(Option::is_none) {
            self.was_reported = sample.reported_silent;
            return;
        }
        let limit_ns = self.latent_ns + self.tick_ns;
        for path in 0..PATHS {
            let arrived_ns = sample.path_last_arrival_ns[path];
            let quiet_ns = sample.now_ns.saturating_sub(arrived_ns.unwrap_or(0));
            let reported = sample.reported_silent[path];
            if quiet_ns > limit_ns {
                self.tally.count();
            }
            let just_reported = reported && !self.was_reported[path];
            self.was_reported[path] = reported;
            if reported && arrived_ns.is_some() && quiet_ns < self.latent_ns / 2 {
                let failure = "a path that delivers was reported silent";
                self.tally.judge_exact(sample.now_ns, false, failure);
            } else if just_reported || (!reported && quiet_ns > self.latent_ns) {
                let margin = margin_ms(limit_ns, quiet_ns);
                self.tally.judge(sample.now_ns, &self.latent_ms, margin, || {
                    let limit_ms = self.latent_ms.value;
                    Witness::new("dead path reported after", ms(quiet_ns), limit_ms, "ms")
                });
            }
        }
    }

    pub fn finding(&self) -> Finding {
        self.tally.finding(Id::R19)
    }

    pub fn digest(&self, to: &mut Encoder<'_>) {
        for reported in self.was_reported {
            to.flag(reported);
        }
        self.tally.digest(to);
    }
}
