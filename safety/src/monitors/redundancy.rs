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
                self.tally
                    .judge(sample.now_ns, &self.latent_ms, margin, || {
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

#[cfg(test)]
mod tests {
    use crate::fixture::{MS, Run, resting_arms};
    use crate::{Finding, Id, Sample, Verdict};

    /// Path A delivers in every tick, path B until tick 10; the loop reports B from `reported` on.
    fn dead_path(reported: Option<u64>) -> Finding {
        let mut run = Run::new();
        let arms = resting_arms();
        for now in 0..700 {
            run.tick(&arms, |quiet| Sample {
                path_last_arrival_ns: [Some(now * MS), Some(now.min(10) * MS)],
                reported_silent: [false, reported.is_some_and(|from| now >= from)],
                ..quiet
            });
        }
        run.finding(Id::R19)
    }

    #[test]
    fn a_dead_path_reported_in_time_holds_with_what_was_left() {
        let finding = dead_path(Some(411));
        assert_eq!(finding.verdict(), Verdict::Held);
        assert_eq!(finding.worst_margin, 100.0);
        // Ticks 512 to 699 lie beyond the limit and a tick.
        assert_eq!(finding.exercised, 188);
    }

    #[test]
    fn a_dead_path_reported_a_tick_too_late_or_never_violates() {
        assert_eq!(dead_path(Some(511)).verdict(), Verdict::Held);
        assert_eq!(dead_path(Some(513)).violated_at_ns, Some(512 * MS));
        assert_eq!(dead_path(None).violated_at_ns, Some(512 * MS));
    }

    #[test]
    fn a_path_that_delivers_and_is_reported_silent_violates() {
        let finding = dead_path(Some(100));
        assert_eq!(finding.violated_at_ns, Some(100 * MS));
        assert_eq!(finding.detail, "a path that delivers was reported silent");
    }

    #[test]
    fn before_anything_arrives_nothing_is_judged() {
        let mut run = Run::new();
        run.ticks(2_000, &resting_arms());
        assert_eq!(run.finding(Id::R19).verdict(), Verdict::NotExercised);
    }

    #[test]
    fn a_path_reported_before_the_other_delivers_for_the_first_time_is_not_late() {
        let mut run = Run::new();
        let arms = resting_arms();
        for now in 0..700 {
            run.tick(&arms, |quiet| Sample {
                path_last_arrival_ns: [(now >= 600).then_some(now * MS), None],
                reported_silent: [(400..600).contains(&now), now >= 400],
                ..quiet
            });
        }
        assert_eq!(run.finding(Id::R19).verdict(), Verdict::Held);
    }
}
