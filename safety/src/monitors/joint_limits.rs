//! R04: every joint inside its position, velocity, acceleration and jerk limits.

use crate::finding::{Encoder, SHARE_LIMIT, Tally, Witness, inverse_or};
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
}
