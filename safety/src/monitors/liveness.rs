//! R18: with a healthy path, following goes on; after a gesture, it begins.

use crate::finding::{Encoder, Limit, Tally, Witness, margin_ms, ms, ns};
use crate::{Finding, Id, Sample, Thresholds};

/// R18: `share of healthy samples in following >= limit`, and
/// `gesture arrived and healthy since -> following within the time allowed`.
///
/// Healthy: the newest admissible command asks to follow and arrived no longer ago than a coast. The share
/// counts from the moment at which following was reached for that command's clutch number. A robot of which
/// truth says that it failed owes nothing; one that only believes so does.
#[derive(Clone, Debug)]
pub(super) struct Liveness {
    coast_ns: u64,
    share: f64,
    within_ns: u64,
    within_ms: Limit,
    /// The clutch number that the arms have followed.
    reached: Option<u32>,
    /// The clutch number that waits to be followed, and since when it does.
    waiting: Option<(u32, u64)>,
    healthy: u64,
    following: u64,
    last_ns: u64,
    tally: Tally,
}

impl Liveness {
    pub fn new(thresholds: &Thresholds) -> Self {
        Liveness {
            coast_ns: ns(thresholds.coast_ms),
            share: thresholds.following_share,
            within_ns: ns(thresholds.resume_within_ms),
            within_ms: Limit::new(thresholds.resume_within_ms),
            reached: None,
            waiting: None,
            healthy: 0,
            following: 0,
            last_ns: 0,
            tally: Tally::new(),
        }
    }

    #[inline]
    pub fn observe(&mut self, sample: &Sample<'_>) {
        self.last_ns = sample.now_ns;
        let healthy = sample.admissible.filter(|newest| {
            sample.robot_sound
                && newest.engaged
                && sample.now_ns.saturating_sub(newest.arrived_ns) <= self.coast_ns
        });
        let Some(newest) = healthy else {
            self.waiting = None;
            return;
        };
        let follows = sample.state.is_following();
        if self.reached == Some(newest.clutch) {
            self.tally.count();
            self.healthy += 1;
            self.following += u64::from(follows);
            return;
        }
        let since_ns = match self.waiting {
            Some((clutch, since_ns)) if clutch == newest.clutch => since_ns,
            _ => newest.gesture_first_arrived_ns.max(newest.arrived_ns),
        };
        self.waiting = Some((newest.clutch, since_ns));
        let waited_ns = sample.now_ns.saturating_sub(since_ns);
        if follows {
            self.reached = Some(newest.clutch);
            self.waiting = None;
            self.tally.count();
        }
        let margin = margin_ms(self.within_ns, waited_ns);
        self.tally
            .judge(sample.now_ns, &self.within_ms, margin, || {
                Witness::new(
                    "wait from gesture to following",
                    ms(waited_ns),
                    self.within_ms.value,
                    "ms",
                )
            });
    }

    pub fn finding(&self) -> Finding {
        let mut tally = self.tally.clone();
        if self.healthy > 0 {
            let share = self.following as f64 / self.healthy as f64;
            let margin = share - self.share;
            // Full share has robustness 1, as a margin that is all of its limit.
            let room = 1.0 - self.share;
            let robustness = if room > 0.0 { margin / room } else { margin };
            tally.judge_share(self.last_ns, margin, robustness, || {
                Witness::new(
                    "share of healthy time in following",
                    share,
                    self.share,
                    "share",
                )
            });
        }
        tally.finding(Id::R18)
    }

    pub fn digest(&self, to: &mut Encoder<'_>) {
        to.maybe_u64(self.reached.map(u64::from));
        to.maybe_u64(self.waiting.map(|(clutch, _)| u64::from(clutch)));
        to.maybe_u64(self.waiting.map(|(_, since_ns)| since_ns));
        to.u64(self.healthy);
        to.u64(self.following);
        self.tally.digest(to);
    }
}

#[cfg(test)]
mod tests {
    use super::Liveness;
    use crate::fixture::{MS, Run, admissible, digest_of, near, quiet, resting_arms};
    use crate::{Id, LoopState, Sample, Thresholds, Verdict};

    /// Ticks with a command of the gesture `clutch` in each, while the loop is in `state`.
    fn healthy(run: &mut Run, count: u64, clutch: u32, since_ms: u64, state: LoopState) {
        let arms = resting_arms();
        for _ in 0..count {
            let admissible = Some(admissible(run.now(), clutch, since_ms));
            run.tick(&arms, |quiet| Sample {
                state,
                admissible,
                ..quiet
            });
        }
    }

    #[test]
    fn a_loop_that_never_moves_violates_a_second_after_the_gesture() {
        let mut run = Run::new();
        healthy(&mut run, 1_001, 1, 0, LoopState::Idle);
        assert_eq!(run.finding(Id::R18).violated_at_ns, None);
        healthy(&mut run, 1, 1, 0, LoopState::Idle);
        assert_eq!(run.finding(Id::R18).violated_at_ns, Some(1_001 * MS));
    }

    #[test]
    fn a_fault_is_excused_by_a_robot_that_failed_and_by_nothing_else() {
        let arms = resting_arms();
        for (robot_sound, verdict) in [(false, Verdict::Held), (true, Verdict::Violated)] {
            let mut run = Run::new();
            healthy(&mut run, 100, 1, 0, LoopState::Following);
            for _ in 0..3_000 {
                let admissible = Some(admissible(run.now(), 1, 0));
                run.tick(&arms, |quiet| Sample {
                    state: LoopState::Faulted,
                    admissible,
                    robot_sound,
                    ..quiet
                });
            }
            assert_eq!(run.finding(Id::R18).verdict(), verdict);
        }
    }

    #[test]
    fn following_within_the_time_and_for_all_of_it_holds() {
        let mut run = Run::new();
        healthy(&mut run, 900, 1, 0, LoopState::Aligning);
        healthy(&mut run, 20_000, 1, 0, LoopState::Following);
        let finding = run.finding(Id::R18);
        assert_eq!(finding.verdict(), Verdict::Held);
        assert_eq!(finding.exercised, 20_000);
    }

    #[test]
    fn too_little_of_the_healthy_time_in_following_violates() {
        for (held, verdict) in [(1, Verdict::Held), (3, Verdict::Violated)] {
            let mut run = Run::new();
            healthy(&mut run, 20_000, 1, 0, LoopState::Following);
            healthy(&mut run, held, 1, 0, LoopState::Holding);
            assert_eq!(run.finding(Id::R18).verdict(), verdict, "{held} ticks");
        }
    }

    #[test]
    fn coasting_is_following() {
        let mut run = Run::new();
        healthy(&mut run, 10, 1, 0, LoopState::Following);
        healthy(&mut run, 10_000, 1, 0, LoopState::Coasting);
        assert_eq!(run.finding(Id::R18).verdict(), Verdict::Held);
    }

    #[test]
    fn a_gap_longer_than_the_coast_time_is_not_healthy_and_ends_the_wait() {
        let mut run = Run::new();
        let arms = resting_arms();
        for _ in 0..8 {
            let since = run.now();
            healthy(&mut run, 600, 1, since, LoopState::Holding);
            let last = run.now() - 1;
            for _ in 0..200 {
                let admissible = Some(admissible(last, 1, since));
                run.tick(&arms, |quiet| Sample {
                    state: LoopState::Holding,
                    admissible,
                    ..quiet
                });
            }
        }
        assert_eq!(run.finding(Id::R18).violated_at_ns, None);
    }

    #[test]
    fn each_gesture_has_a_second_of_its_own() {
        let mut run = Run::new();
        healthy(&mut run, 600, 1, 0, LoopState::Aligning);
        healthy(&mut run, 600, 2, 600, LoopState::Aligning);
        healthy(&mut run, 10, 2, 600, LoopState::Following);
        assert_eq!(run.finding(Id::R18).verdict(), Verdict::Held);
    }

    #[test]
    fn without_a_command_that_asks_to_follow_nothing_is_exercised() {
        let mut run = Run::new();
        let arms = resting_arms();
        for _ in 0..3_000 {
            let newest = crate::Admissible {
                engaged: false,
                ..admissible(run.now(), 0, 0)
            };
            run.tick(&arms, |quiet| Sample {
                admissible: Some(newest),
                ..quiet
            });
        }
        assert_eq!(run.finding(Id::R18).verdict(), Verdict::NotExercised);
    }

    #[test]
    fn a_digest_tells_since_when_a_gesture_waits() {
        let arms = resting_arms();
        let asks = |at_ms| Sample {
            admissible: Some(admissible(at_ms, 1, 0)),
            ..quiet(at_ms, &arms)
        };
        let mut waits = Liveness::new(&Thresholds::default());
        waits.observe(&asks(0));
        waits.observe(&asks(5));
        // A sample without a healthy path starts the wait anew, and nothing else changes.
        let mut anew = waits.clone();
        anew.observe(&quiet(6, &arms));
        anew.observe(&asks(7));
        assert_eq!(waits.finding(), anew.finding());
        assert_ne!(
            digest_of(|to| waits.digest(to)),
            digest_of(|to| anew.digest(to))
        );
    }

    #[test]
    fn a_loop_that_never_moves_has_waited_beyond_the_limit_by_its_margin() {
        let mut run = Run::new();
        healthy(&mut run, 1_501, 1, 0, LoopState::Holding);
        let finding = run.finding(Id::R18);
        assert_eq!(finding.verdict(), Verdict::Violated);
        near(finding.worst_margin, -500.0, 1e-9);
        near(finding.robustness, -0.5, 1e-12);
        assert_eq!(
            (finding.worst_at_ns, finding.unit.as_str()),
            (1_500 * MS, "ms")
        );
    }

    #[test]
    fn a_wait_of_exactly_the_limit_holds_and_a_nanosecond_more_violates() {
        let arms = resting_arms();
        for (beyond_ns, violated_at_ns) in [(0, None), (1, Some(1_000 * MS + 1))] {
            let mut run = Run::new();
            healthy(&mut run, 1, 1, 0, LoopState::Aligning);
            run.tick(&arms, |quiet| Sample {
                now_ns: 1_000 * MS + beyond_ns,
                state: LoopState::Following,
                admissible: Some(admissible(999, 1, 0)),
                ..quiet
            });
            let finding = run.finding(Id::R18);
            assert_eq!(finding.violated_at_ns, violated_at_ns);
            assert_eq!(finding.exercised, 1);
        }
    }

    #[test]
    fn a_share_of_exactly_the_limit_holds_and_one_sample_less_violates() {
        for (following, verdict) in [(9_999, Verdict::Held), (9_998, Verdict::Violated)] {
            let mut run = Run::new();
            // The sample in which following is reached is not yet part of the share.
            healthy(&mut run, 1 + following, 1, 0, LoopState::Following);
            healthy(&mut run, 1, 1, 0, LoopState::Holding);
            let finding = run.finding(Id::R18);
            assert_eq!(finding.verdict(), verdict);
            let share = following as f64 / (following + 1) as f64;
            assert_eq!(finding.worst_margin, share - 0.9999);
            assert_eq!(finding.worst_at_ns, (run.now() - 1) * MS);
            assert_eq!(finding.exercised, following + 2);
        }
    }

    #[test]
    fn a_command_as_old_as_the_coast_time_is_healthy_and_a_nanosecond_older_is_not() {
        let arms = resting_arms();
        for (older_ns, exercised) in [(0, 2), (1, 1)] {
            let mut run = Run::new();
            healthy(&mut run, 1, 1, 0, LoopState::Following);
            run.tick(&arms, |quiet| Sample {
                now_ns: 100 * MS + older_ns,
                admissible: Some(admissible(0, 1, 0)),
                ..quiet
            });
            assert_eq!(run.finding(Id::R18).exercised, exercised);
        }
    }

    #[test]
    fn asking_twice_gives_the_same_finding() {
        let mut run = Run::new();
        healthy(&mut run, 50, 1, 0, LoopState::Following);
        healthy(&mut run, 50, 1, 0, LoopState::Holding);
        assert_eq!(run.finding(Id::R18), run.finding(Id::R18));
        healthy(&mut run, 900_000, 1, 0, LoopState::Following);
        assert_eq!(
            run.finding(Id::R18).verdict(),
            Verdict::Held,
            "the share is that of the whole run"
        );
    }

    #[test]
    fn a_clone_goes_on_as_the_original_and_a_digest_tells_states_apart() {
        let arms = resting_arms();
        let digest = |liveness: &Liveness| digest_of(|to| liveness.digest(to));
        let asks = |at_ms, clutch| Sample {
            admissible: Some(admissible(at_ms, clutch, at_ms)),
            ..quiet(at_ms, &arms)
        };
        let mut liveness = Liveness::new(&Thresholds::default());
        liveness.observe(&asks(0, 1));
        let mut clone = liveness.clone();
        // Another gesture starts a wait of its own; no finding changes yet.
        liveness.observe(&asks(1, 2));
        assert_eq!(liveness.finding(), clone.finding());
        assert_ne!(digest(&liveness), digest(&clone));
        clone.observe(&asks(1, 2));
        assert_eq!(digest(&liveness), digest(&clone));
        for monitor in [&mut liveness, &mut clone] {
            monitor.observe(&asks(1_002, 2));
        }
        assert_eq!(liveness.finding(), clone.finding());
        assert_eq!(liveness.finding().violated_at_ns, Some(1_002 * MS));
    }
}
