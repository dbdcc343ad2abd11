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
    use super::Redundancy;
    use crate::fixture::{MS, Run, digest_of, near, quiet, resting_arms, setup};
    use crate::{Finding, Id, Sample, Thresholds, Verdict};

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

    #[test]
    fn a_late_report_is_as_bad_as_it_is_late() {
        assert_eq!(dead_path(Some(511)).worst_margin, 0.0);
        let late = dead_path(Some(512));
        assert_eq!(late.violated_at_ns, Some(512 * MS));
        near(late.worst_margin, -1.0, 1e-9);
        near(late.robustness, -1.0 / 500.0, 1e-12);
        let never = dead_path(None);
        near(never.worst_margin, -188.0, 1e-9);
        assert_eq!((never.worst_at_ns, never.exercised), (699 * MS, 188));
    }

    #[test]
    fn a_nanosecond_beyond_the_limit_and_a_tick_violates() {
        let arms = resting_arms();
        for (beyond_ns, exercised, violated_at_ns) in [(0, 0, None), (1, 1, Some(501 * MS + 1))] {
            let mut run = Run::new();
            let now_ns = 501 * MS + beyond_ns;
            run.tick(&arms, |quiet| Sample {
                now_ns,
                path_last_arrival_ns: [Some(0), Some(now_ns)],
                ..quiet
            });
            let finding = run.finding(Id::R19);
            assert_eq!(finding.exercised, exercised);
            assert_eq!(finding.violated_at_ns, violated_at_ns);
        }
    }

    #[test]
    fn an_alarm_is_false_up_to_half_the_limit_and_open_from_there() {
        let wolf = dead_path(Some(10 + 249));
        assert_eq!(wolf.violated_at_ns, Some(259 * MS));
        assert_eq!((wolf.worst_margin, wolf.unit.as_str()), (-1.0, "exact"));
        let early = dead_path(Some(10 + 250));
        assert_eq!(early.verdict(), Verdict::Held);
        near(early.worst_margin, 251.0, 1e-9);
    }

    #[test]
    fn paths_that_deliver_exercise_nothing() {
        let mut run = Run::new();
        let arms = resting_arms();
        for now in 0..2_000 {
            run.tick(&arms, |quiet| Sample {
                path_last_arrival_ns: [Some(now * MS); 2],
                ..quiet
            });
        }
        assert_eq!(run.finding(Id::R19).verdict(), Verdict::NotExercised);
    }

    #[test]
    fn both_paths_are_judged_each_for_itself() {
        let mut run = Run::new();
        let arms = resting_arms();
        for now in 0..600 {
            run.tick(&arms, |quiet| Sample {
                path_last_arrival_ns: [Some(0); 2],
                reported_silent: [now >= 400, false],
                ..quiet
            });
        }
        let finding = run.finding(Id::R19);
        assert_eq!(finding.violated_at_ns, Some(502 * MS));
        assert_eq!(finding.exercised, 2 * 98);
    }

    #[test]
    fn a_path_that_heals_is_no_longer_reported_from_the_tick_of_its_arrival_on() {
        let arms = resting_arms();
        for (until, violated_at_ns) in [(600, None), (601, Some(600 * MS))] {
            let mut run = Run::new();
            for now in 0..700 {
                let newest = if now < 600 { 0 } else { now };
                run.tick(&arms, |quiet| Sample {
                    path_last_arrival_ns: [Some(now * MS), Some(newest * MS)],
                    reported_silent: [false, (400..until).contains(&now)],
                    ..quiet
                });
            }
            assert_eq!(run.finding(Id::R19).violated_at_ns, violated_at_ns);
        }
    }

    #[test]
    fn a_clone_goes_on_as_the_original_and_a_digest_tells_states_apart() {
        let arms = resting_arms();
        let digest = |redundancy: &Redundancy| digest_of(|to| redundancy.digest(to));
        let mut redundancy = Redundancy::new(&Thresholds::default(), &setup());
        redundancy.observe(&quiet(0, &arms));
        let mut clone = redundancy.clone();
        // A report before anything arrived changes no finding, but is not news later.
        let reported = Sample {
            reported_silent: [true; 2],
            ..quiet(1, &arms)
        };
        redundancy.observe(&reported);
        assert_eq!(redundancy.finding(), clone.finding());
        assert_ne!(digest(&redundancy), digest(&clone));
        clone.observe(&reported);
        assert_eq!(digest(&redundancy), digest(&clone));
        for monitor in [&mut redundancy, &mut clone] {
            monitor.observe(&Sample {
                path_last_arrival_ns: [Some(2 * MS), None],
                ..quiet(600, &arms)
            });
        }
        assert_eq!(redundancy.finding(), clone.finding());
        assert_eq!(redundancy.finding().violated_at_ns, Some(600 * MS));
    }
}
