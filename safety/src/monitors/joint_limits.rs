//! R04: every joint inside its position, velocity, acceleration and jerk limits.

use crate::finding::{Encoder, Tally, Witness, inverse_or};
use crate::requirement::SHARE;
use crate::{Finding, Id, JointBounds, MAX_ARMS, MAX_JOINTS, ROUNDING, Sample, Setup};

/// All joints of all arms, side by side; lanes past an arm's joints stay zero.
const LANES: usize = MAX_ARMS * MAX_JOINTS;

/// Samples before the third difference means something.
const HISTORY: u8 = 3;

type Lanes = [f64; LANES];

/// R04: `lower <= x <= upper and |dx/dt| <= v and |ddx/dt²| <= a and |dddx/dt³| <= j`, each joint, in
/// every state; differences from the sample on in which there are enough of them.
///
/// Robustness is the least of `1 - |d| / limit` and, for a position, the distance to the nearer bound
/// over the range. Each limit is widened by [`ROUNDING`].
#[derive(Clone, Debug)]
pub(super) struct JointLimits {
    /// Joints of each arm; zero past the arms.
    joints: [usize; MAX_ARMS],
    middle: Lanes,
    /// `1 / range`; zero where there is no range to leave.
    per_range: Lanes,
    /// `1 / (limit * dt^n)`, so that undivided differences become shares of their limits.
    per_velocity: Lanes,
    per_acceleration: Lanes,
    per_jerk: Lanes,
    /// The last set-points and their first and second undivided differences.
    last: Lanes,
    last_first: Lanes,
    last_second: Lanes,
    /// Samples seen, up to [`HISTORY`].
    seen: u8,
    tally: Tally,
}

/// What is compared with a limit, in the order of differentiation.
const KINDS: [&str; 4] = ["position", "velocity", "acceleration", "jerk"];

/// Which joint's which quantity leaves the least of its limit.
struct Worst {
    lane: usize,
    kind: usize,
    robustness: f64,
}

impl JointLimits {
    pub fn new(setup: &Setup) -> Self {
        let dt = setup.tick_ns as f64 * 1e-9;
        let mut limits = JointLimits {
            joints: [0; MAX_ARMS],
            middle: [0.0; LANES],
            per_range: [0.0; LANES],
            per_velocity: [0.0; LANES],
            per_acceleration: [0.0; LANES],
            per_jerk: [0.0; LANES],
            last: [0.0; LANES],
            last_first: [0.0; LANES],
            last_second: [0.0; LANES],
            seen: 0,
            tally: Tally::new(),
        };
        for (arm, setup) in setup.arms.iter().take(MAX_ARMS).enumerate() {
            limits.joints[arm] = setup.joint_count.min(MAX_JOINTS);
            for joint in 0..limits.joints[arm] {
                limits.set(arm * MAX_JOINTS + joint, &setup.bounds[joint], dt);
            }
        }
        limits
    }

    fn set(&mut self, lane: usize, bounds: &JointBounds, dt: f64) {
        let range = (bounds.upper - bounds.lower) * (1.0 + 2.0 * ROUNDING);
        if range.is_infinite() && range > 0.0 {
            // Bounded on one side at most: there is no range to measure a distance by.
            self.middle[lane] = 0.0;
            self.per_range[lane] = 0.0;
        } else {
            self.middle[lane] = 0.5 * (bounds.lower + bounds.upper);
            self.per_range[lane] = inverse_or(range, f64::MAX);
        }
        self.per_velocity[lane] = per(bounds.velocity * dt);
        self.per_acceleration[lane] = per(bounds.acceleration * dt * dt);
        self.per_jerk[lane] = per(bounds.jerk * dt * dt * dt);
    }

    #[inline]
    pub fn observe(&mut self, sample: &Sample<'_>) {
        self.tally.count();
        let mut worst = Worst {
            lane: 0,
            kind: 0,
            robustness: f64::INFINITY,
        };
        for (arm, state) in sample.arms.iter().take(MAX_ARMS).enumerate() {
            for joint in 0..self.joints[arm] {
                let lane = arm * MAX_JOINTS + joint;
                self.observe_joint(lane, state.set_point[joint], &mut worst);
            }
        }
        self.seen = HISTORY.min(self.seen + 1);
        if self.tally.is_worse(worst.robustness) || worst.robustness.is_nan() {
            let share = 1.0 - worst.robustness;
            let (arm, joint) = (worst.lane / MAX_JOINTS, worst.lane % MAX_JOINTS);
            self.tally
                .judge_share(sample.now_ns, worst.robustness, worst.robustness, || {
                    Witness::new(KINDS[worst.kind], share, 1.0, SHARE)
                        .of_arm(arm)
                        .of_joint(joint)
                });
        }
    }

    /// Differentiates one joint's set-point and keeps the worst of its four robustnesses.
    #[inline]
    fn observe_joint(&mut self, lane: usize, value: f64, worst: &mut Worst) {
        let first = value - self.last[lane];
        let second = first - self.last_first[lane];
        let third = second - self.last_second[lane];
        let robustness = [
            0.5 - (value - self.middle[lane]).abs() * self.per_range[lane],
            1.0 - first.abs() * self.per_velocity[lane],
            1.0 - second.abs() * self.per_acceleration[lane],
            1.0 - third.abs() * self.per_jerk[lane],
        ];
        let known = usize::from(self.seen) + 1;
        for (kind, robustness) in robustness.into_iter().take(known).enumerate() {
            let is_worse = robustness < worst.robustness || robustness.is_nan();
            if is_worse && !worst.robustness.is_nan() {
                *worst = Worst {
                    lane,
                    kind,
                    robustness,
                };
            }
        }
        (
            self.last[lane],
            self.last_first[lane],
            self.last_second[lane],
        ) = (value, first, second);
    }

    pub fn finding(&self) -> Finding {
        self.tally.finding(Id::R04)
    }

    pub fn digest(&self, to: &mut Encoder<'_>) {
        to.u64(u64::from(self.seen));
        for (arm, &joints) in self.joints.iter().enumerate() {
            for lane in arm * MAX_JOINTS..arm * MAX_JOINTS + joints {
                to.f64(self.last[lane]);
                to.f64(self.last_first[lane]);
                to.f64(self.last_second[lane]);
            }
        }
        self.tally.digest(to);
    }
}

/// The inverse of a limit widened by [`ROUNDING`]; a joint without a positive limit may not move.
fn per(limit: f64) -> f64 {
    if limit == f64::INFINITY {
        0.0
    } else {
        inverse_or(limit * (1.0 + ROUNDING), f64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use crate::fixture::{MS, Run, near, resting_arms, setup};
    use crate::{Finding, Id, Setup, Verdict};

    /// The second arm's third joint goes through `positions`, one a tick; all else rests.
    fn joint_through(setup: Setup, positions: &[f64]) -> Finding {
        let mut run = Run::of(setup);
        let mut arms = resting_arms();
        for &position in positions {
            arms[1].set_point[2] = position;
            run.ticks(1, &arms);
        }
        run.finding(Id::R04)
    }

    /// A robot whose limits are wide but for one kind.
    fn only(change: impl Fn(&mut crate::JointBounds)) -> Setup {
        let mut setup = setup();
        for arm in &mut setup.arms {
            for bounds in &mut arm.bounds {
                (bounds.velocity, bounds.acceleration, bounds.jerk) = (1e9, 1e12, 1e15);
                change(bounds);
            }
        }
        setup
    }

    #[test]
    fn rest_anywhere_inside_holds_and_a_first_sample_far_from_zero_is_no_jump() {
        let finding = joint_through(setup(), &[0.9; 10]);
        assert_eq!(finding.verdict(), Verdict::Held);
        near(finding.robustness, 0.05, 1e-5);
        assert_eq!(finding.exercised, 10);
    }

    #[test]
    fn each_kind_is_judged_from_the_sample_in_which_it_is_known() {
        // Position at once, the first difference in the second sample, and so on.
        let cases = [
            (only(|bounds| bounds.upper = 0.5), vec![0.6], 0, "position"),
            (
                only(|bounds| bounds.velocity = 1.0),
                vec![0.5, 0.5011],
                1,
                "velocity",
            ),
            (
                only(|bounds| bounds.acceleration = 1.0),
                vec![0.5, 0.5, 0.5000011],
                2,
                "acceleration",
            ),
            (
                only(|bounds| bounds.jerk = 1.0),
                vec![0.5, 0.5, 0.5, 0.5000000011],
                3,
                "jerk",
            ),
        ];
        for (setup, positions, at, kind) in cases {
            let finding = joint_through(setup, &positions);
            assert_eq!(finding.violated_at_ns, Some(at * MS), "{kind}");
            assert!(
                finding.detail.starts_with(&format!("arm 2 joint 3 {kind}")),
                "{finding:?}"
            );
        }
    }

    #[test]
    fn just_inside_each_limit_holds() {
        for (setup, positions) in [
            (only(|bounds| bounds.upper = 0.5), vec![0.5; 4]),
            (
                only(|bounds| bounds.velocity = 1.0),
                vec![0.0, 0.001, 0.002, 0.003],
            ),
            (
                only(|bounds| bounds.acceleration = 1.0),
                vec![0.0, 0.0, 1e-6, 3e-6],
            ),
            (only(|bounds| bounds.jerk = 1.0), vec![0.0, 0.0, 0.0, 1e-9]),
        ] {
            assert_eq!(joint_through(setup, &positions).verdict(), Verdict::Held);
        }
    }

    #[test]
    fn a_joint_that_is_not_a_number_violates() {
        assert_eq!(
            joint_through(setup(), &[0.0, f64::NAN]).violated_at_ns,
            Some(MS)
        );
    }

    #[test]
    fn joints_past_the_arms_are_not_looked_at() {
        let mut setup = setup();
        setup.arms[1].joint_count = 2;
        assert_eq!(
            joint_through(setup, &[0.0, 5.0, -5.0]).verdict(),
            Verdict::Held
        );
    }

    #[test]
    fn a_clone_goes_on_as_the_original_and_a_digest_tells_states_apart() {
        let mut run = Run::new();
        let mut arms = resting_arms();
        run.ticks(3, &arms);
        let mut clone = run.clone();
        assert_eq!(run.digest(), clone.digest());
        arms[0].set_point[0] = 1e-4;
        run.ticks(1, &arms);
        assert_ne!(run.digest(), clone.digest());
        clone.ticks(1, &arms);
        assert_eq!(run.digest(), clone.digest());
    }

    #[test]
    fn before_the_first_sample_nothing_is_exercised() {
        assert_eq!(joint_through(setup(), &[]).verdict(), Verdict::NotExercised);
    }

    #[test]
    fn motion_that_was_under_way_before_the_first_sample_is_no_shock() {
        let strict = || {
            only(|bounds| {
                (bounds.velocity, bounds.acceleration, bounds.jerk) = (1.0, 1.0, 1.0);
            })
        };
        // 0.9 of the velocity, acceleration or jerk limit from the first sample on, far from zero.
        let through = |velocity: f64, acceleration: f64, jerk: f64| -> Vec<f64> {
            let (mut position, mut first, mut second) = (0.5, velocity * 1e-3, acceleration * 1e-6);
            (0..8)
                .map(|_| {
                    let now = position;
                    position += first;
                    first += second;
                    second += jerk * 1e-9;
                    now
                })
                .collect()
        };
        for positions in [
            through(0.9, 0.0, 0.0),
            through(0.5, 0.9, 0.0),
            through(0.5, 0.0, 0.9),
        ] {
            for count in 1..=positions.len() {
                let finding = joint_through(strict(), &positions[..count]);
                assert_eq!(finding.verdict(), Verdict::Held, "{finding:?}");
            }
            let finding = joint_through(strict(), &positions);
            near(finding.robustness, 0.1, 1e-5);
        }
    }

    #[test]
    fn the_margin_is_the_share_of_the_limit_beyond_it() {
        let cases = [
            // The range is 1.5: a tenth beyond its upper end.
            (only(|bounds| bounds.upper = 0.5), vec![0.6], -0.1 / 1.5),
            (only(|bounds| bounds.lower = -0.5), vec![-0.6], -0.1 / 1.5),
            (
                only(|bounds| bounds.velocity = 1.0),
                vec![0.0, -0.0012],
                -0.2,
            ),
            (
                only(|bounds| bounds.acceleration = 1.0),
                vec![0.0, 0.0, -1.2e-6],
                -0.2,
            ),
            (
                only(|bounds| bounds.jerk = 1.0),
                vec![0.0, 0.0, 0.0, -1.2e-9],
                -0.2,
            ),
        ];
        for (setup, positions, margin) in cases {
            let finding = joint_through(setup, &positions);
            near(finding.worst_margin, margin, 1e-5);
            assert_eq!(finding.robustness, finding.worst_margin);
            assert_eq!(finding.unit, "share of limit");
            let last_ns = (positions.len() as u64 - 1) * MS;
            assert_eq!(finding.worst_at_ns, last_ns);
        }
    }

    #[test]
    fn each_limit_grants_its_rounding_and_no_more() {
        for (share, verdict) in [(1.0 + 5e-7, Verdict::Held), (1.0 + 2e-6, Verdict::Violated)] {
            for (setup, positions) in [
                (
                    only(|bounds| bounds.upper = 1.0),
                    vec![1.0 + (share - 1.0) * 2.0],
                ),
                (
                    only(|bounds| bounds.velocity = 1.0),
                    vec![0.0, 1e-3 * share],
                ),
                (
                    only(|bounds| bounds.acceleration = 1.0),
                    vec![0.0, 0.0, 1e-6 * share],
                ),
                (
                    only(|bounds| bounds.jerk = 1.0),
                    vec![0.0, 0.0, 0.0, 1e-9 * share],
                ),
            ] {
                assert_eq!(joint_through(setup, &positions).verdict(), verdict);
            }
        }
    }

    #[test]
    fn a_joint_without_limits_may_go_anywhere_but_nowhere() {
        let free = || {
            only(|bounds| {
                *bounds = crate::JointBounds {
                    lower: f64::NEG_INFINITY,
                    upper: f64::INFINITY,
                    velocity: f64::INFINITY,
                    acceleration: f64::INFINITY,
                    jerk: f64::INFINITY,
                };
            })
        };
        assert_eq!(
            joint_through(free(), &[0.0, 1e6, -1e6, 3.0]).verdict(),
            Verdict::Held
        );
        for nowhere in [f64::NAN, f64::INFINITY] {
            let finding = joint_through(free(), &[0.0, 0.0, nowhere, 0.0]);
            assert_eq!(finding.violated_at_ns, Some(2 * MS));
            assert_eq!(finding.robustness, f64::NEG_INFINITY);
        }
    }
}
