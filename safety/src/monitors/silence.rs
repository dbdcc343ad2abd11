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
        // A session in which nothing was ever admissible has been silent from its start.
        let arrived_ns = arrived_ns.unwrap_or(0);
        if self.followed {
            self.judge_travel(sample);
        }
        if sample.now_ns.saturating_sub(arrived_ns) > self.rest_after_ns && tips.known {
            self.tally.count();
            let speed = tips.greatest_speed_mm_s();
            let margin = self.speed_mm_s.value - speed;
            self.tally
                .judge(sample.now_ns, &self.speed_mm_s, margin, || {
                    Witness::new("tip speed in silence", speed, self.speed_mm_s.value, "mm/s")
                        .of_arm(tips.fastest)
                });
        }
    }

    fn judge_travel(&mut self, sample: &Sample<'_>) {
        for (index, (from, arm)) in self
            .from_m
            .iter()
            .zip(sample.arms)
            .take(self.arms)
            .enumerate()
        {
            let travel_mm = distance_m(&arm.tip_set_point_m, from) * 1e3;
            let limit = self.travel_mm.value;
            let margin = limit * (1.0 + ROUNDING) - travel_mm;
            self.tally
                .judge(sample.now_ns, &self.travel_mm, margin, || {
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

#[cfg(test)]
mod tests {
    use super::{Silence, Tips};
    use crate::fixture::{
        MS, Run, admissible, digest_of, near, quiet, resting_arms, setup, step_tip,
    };
    use crate::{ArmSample, Finding, Id, LoopState, Sample, Thresholds, Verdict};

    /// Follows for ten ticks with an arrival in each; then silence, in which arm 1 moves by `speed` for
    /// `moving` ticks and rests until 400 ms have passed.
    fn silence(speed_mm_s: f64, moving: u64) -> Finding {
        let mut run = Run::new();
        let mut arms = resting_arms();
        for _ in 0..10 {
            let now = run.now();
            run.tick(&arms, |quiet| following(quiet, now));
        }
        for tick in 0..400 {
            if tick < moving {
                step_tip(&mut arms[0], speed_mm_s * 1e-3);
            }
            run.tick(&arms, |quiet| following(quiet, 9));
        }
        run.finding(Id::R05)
    }

    fn following(quiet: Sample<'_>, arrived_ms: u64) -> Sample<'_> {
        let admissible = Some(admissible(arrived_ms, 1, 0));
        Sample {
            state: LoopState::Following,
            admissible,
            ..quiet
        }
    }

    #[test]
    fn arms_that_stop_in_time_and_near_hold() {
        let finding = silence(50.0, 300);
        assert_eq!(finding.verdict(), Verdict::Held);
        // 300 ticks of 0.05 mm of the 20 mm that 100 ms at 100 mm/s and half of 200 ms allow.
        near(finding.worst_margin, 5.0, 1e-3);
        assert_eq!(finding.exercised, 100);
    }

    #[test]
    fn an_arm_that_still_moves_a_tick_after_the_stop_time_violates_there() {
        let finding = silence(50.0, 301);
        assert_eq!(finding.violated_at_ns, Some(310 * MS));
        assert!(
            finding.detail.starts_with("arm 1 tip speed in silence 50"),
            "{}",
            finding.detail
        );
    }

    #[test]
    fn an_arm_that_travels_too_far_violates_though_it_stops_in_time() {
        let finding = silence(90.0, 250);
        assert_eq!(finding.verdict(), Verdict::Violated);
        assert!(
            finding.detail.starts_with("arm 1 travel in silence 22.5"),
            "{}",
            finding.detail
        );
        // 223 ticks of 0.09 mm are the first beyond 20 mm.
        assert_eq!(finding.violated_at_ns, Some((9 + 223) * MS));
    }

    #[test]
    fn creeping_below_the_rest_speed_holds() {
        assert_eq!(silence(0.9, 400).verdict(), Verdict::Held);
        assert_eq!(silence(1.1, 400).verdict(), Verdict::Violated);
    }

    #[test]
    fn a_session_without_an_admissible_command_is_silent_from_its_start() {
        let mut run = Run::new();
        let mut arms: [ArmSample; 2] = resting_arms();
        run.ticks(500, &arms);
        assert_eq!(run.finding(Id::R05).verdict(), Verdict::Held);
        step_tip(&mut arms[1], 0.05);
        run.ticks(1, &arms);
        assert_eq!(run.finding(Id::R05).violated_at_ns, Some(500 * MS));
    }

    #[test]
    fn a_digest_tells_when_the_silence_began() {
        let arms = resting_arms();
        let tips = Tips::new(&setup());
        let [early, late] = [1, 2].map(|arrived_ms| {
            let mut silence = Silence::new(&Thresholds::default(), &setup());
            silence.observe(&following(quiet(2, &arms), arrived_ms), &tips);
            silence
        });
        assert_eq!(early.finding(), late.finding());
        assert_ne!(
            digest_of(|to| early.digest(to)),
            digest_of(|to| late.digest(to))
        );
    }

    #[test]
    fn a_violation_leaves_the_margin_of_the_part_that_was_broken() {
        let too_late = silence(50.0, 301);
        near(too_late.worst_margin, 1.0 - 50.0, 1e-6);
        assert_eq!(too_late.unit, "mm/s");
        let too_far = silence(90.0, 250);
        near(too_far.worst_margin, 20.0 - 22.5, 1e-4);
        assert_eq!(too_far.unit, "mm");
    }

    #[test]
    fn travel_of_exactly_the_bound_holds_and_a_tick_more_violates() {
        assert_eq!(silence(100.0, 200).verdict(), Verdict::Held);
        let finding = silence(100.0, 201);
        assert_eq!(finding.violated_at_ns, Some((9 + 201) * MS));
        near(finding.worst_margin, -0.1, 1e-4);
    }

    #[test]
    fn rest_is_asked_for_a_nanosecond_after_coast_and_stop_and_not_before() {
        for (beyond_ns, exercised) in [(0, 0), (1, 1)] {
            let mut run = Run::new();
            let mut arms = resting_arms();
            for _ in 0..2 {
                run.tick(&arms, |quiet| following(quiet, 0));
            }
            step_tip(&mut arms[1], 0.05);
            run.tick(&arms, |quiet| Sample {
                now_ns: 300 * MS + beyond_ns,
                ..following(quiet, 0)
            });
            let finding = run.finding(Id::R05);
            assert_eq!(finding.exercised, exercised);
            let at_ns = (exercised > 0).then_some(300 * MS + 1);
            assert_eq!(finding.violated_at_ns, at_ns);
        }
    }

    #[test]
    fn each_arrival_starts_the_silence_and_the_travel_anew() {
        let mut run = Run::new();
        let mut arms = resting_arms();
        for tick in 0..1_000 {
            run.tick(&arms, |quiet| following(quiet, tick / 100 * 100));
            step_tip(&mut arms[0], 0.1);
        }
        let finding = run.finding(Id::R05);
        assert_eq!((finding.violated_at_ns, finding.exercised), (None, 0));
        near(finding.worst_margin, 20.0 - 9.9, 1e-3);
    }

    #[test]
    fn an_arm_that_never_followed_has_no_travel_to_bound() {
        let mut run = Run::new();
        let mut arms = resting_arms();
        for _ in 0..300 {
            run.tick(&arms, |quiet| Sample {
                state: LoopState::Aligning,
                ..following(quiet, 0)
            });
            step_tip(&mut arms[0], 0.1);
        }
        assert_eq!(run.finding(Id::R05).violated_at_ns, None);
    }

    #[test]
    fn a_tip_that_is_nowhere_violates_at_once() {
        let mut run = Run::new();
        let mut arms = resting_arms();
        run.tick(&arms, |quiet| following(quiet, 0));
        arms[0].tip_set_point_m[0] = f64::NAN;
        run.tick(&arms, |quiet| following(quiet, 0));
        let finding = run.finding(Id::R05);
        assert_eq!(finding.violated_at_ns, Some(MS));
        assert_eq!(finding.worst_margin, f64::NEG_INFINITY);
    }

    #[test]
    fn a_clone_goes_on_as_the_original_and_a_digest_tells_states_apart() {
        let arms = resting_arms();
        let tips = Tips::new(&setup());
        let mut silence = Silence::new(&Thresholds::default(), &setup());
        silence.observe(&quiet(0, &arms), &tips);
        let mut clone = silence.clone();
        let digest = |silence: &Silence| digest_of(|to| silence.digest(to));
        // An arrival changes no finding yet, but where travel is counted from.
        let arrival = following(quiet(1, &arms), 1);
        silence.observe(&arrival, &tips);
        assert_eq!(silence.finding(), clone.finding());
        assert_ne!(digest(&silence), digest(&clone));
        clone.observe(&arrival, &tips);
        assert_eq!(digest(&silence), digest(&clone));
    }
}
