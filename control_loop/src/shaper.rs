//! Joint set-points that can always stop: jerk-limited, inside every limit, whatever the targets.
//!
//! An arm's set-point is a position, a rate and an acceleration a joint. Each tick picks one jerk a
//! joint and integrates it exactly, so the differences of the emitted positions are averages of the
//! rates, accelerations and jerks chosen here, and inherit their limits. The jerk is picked in three
//! steps, each able to overrule the one before:
//!
//! 1. **Wish** (`Wish`). Near the target a triple real pole: the tremor low-pass (no zero, no
//!    overshoot) and the shaper are one filter. Far from it the same cascade bends: the speed wished
//!    for grows with the root of the distance, the acceleration with the root of the missing speed,
//!    so what is asked for can be had within the acceleration and jerk limits.
//! 2. **Joint** (`Lane::restrain`). The wish is kept only if the joint can still stop afterwards
//!    (`Stop`): inside its positions, without passing its greatest speed, and within the time it
//!    would need from that speed. Otherwise the jerk moves towards the braking jerk, as little as
//!    needed.
//! 3. **Arm** (`Lane::towards_braking`). The same for the tip's speed, all joints together.
//!
//! Braking never leaves the set of states from which these promises hold, so there is always a jerk
//! that keeps them: limits cannot depend on what the network or the surgeon does.
//!
//! Joint values are radians or metres, rates and so on per second.

use robot_model::{Arm, JointLimits, JointVector, MAX_JOINTS};

use crate::rules::requires;

/// How the shaper runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ShaperSettings {
    /// Time between two set-points, s.
    pub tick_s: f64,
    /// Where a small sine comes out 3 dB weaker, Hz. Poles are kept below half a radian a tick,
    /// which a tick of 1 ms reaches at 40 Hz.
    pub tremor_knee_hz: f64,
}

impl Default for ShaperSettings {
    /// The defaults of the requirements table: a tick of 1 ms, a knee of 6 Hz.
    fn default() -> Self {
        Self {
            tick_s: 1e-3,
            tremor_knee_hz: 6.0,
        }
    }
}

/// The share of each limit that set-points use. The rest keeps rounding in a third difference, and
/// the tick's granularity, away from the limit itself.
const USED: f64 = 0.995;

/// The share of the jerk limit that a predicted stop relies on. Braking has a little more
/// ([`USED`]), which pays for its switching only at ticks.
const PREDICTED: f64 = 0.97;

/// The share of the speed limits that the wish aims at: less than [`USED`], so that in ordinary
/// motion the wish is never overruled.
const AIMED: f64 = 0.985;

/// The shares of acceleration and jerk that an approach to a still target plans with. An approach
/// begins late, because jerk is limited; catching up takes the rest.
const APPROACH_ACCELERATION: f64 = 0.6;
const APPROACH_JERK: f64 = 0.5;

/// The share of the jerk limit with which a missing speed is made up.
const PURSUIT_JERK: f64 = 0.8;

/// How often the way from the braking jerk to the wish is halved: a jerk within 1/32 of the greatest
/// that is safe, in bounded time.
const HALVINGS: u32 = 5;

/// Ticks of greatest jerk within which a joint counts as at its limit: planned positions stay
/// `INSET · jerk · tick³` inside (6 µrad for 300 rad/s³ and 1 ms).
const INSET: f64 = 20.0;

/// The share of what a tick of greatest jerk can change below which motion is called rest. Rounding
/// to rest then adds this share to a jerk, far below the margin of [`USED`]. A target so near that
/// the first tick towards it would be below (1e-10 rad at the defaults) is not pursued.
const REST: f64 = 1e-7;

/// A triple pole at `w` rad/s is 3 dB down where `(1 + (2πf/w)²)^(3/2) = √2`: at
/// `w = 2πf / √(2^(1/3) - 1)`.
const POLE_OF_KNEE: f64 = core::f64::consts::TAU / 0.509_824_528_533_958_7;

/// The time from `speed` (no acceleration) to rest at the greatest deceleration and jerk, s.
///
/// With speed `v`, acceleration limit `A` and jerk limit `J`: `v/A + A/J` where the stop reaches `A`
/// (from `v >= A²/J` on), else `2·√(v/J)`, which is less.
pub fn stopping_time_s(limits: &JointLimits, speed: f64) -> f64 {
    stopping_time(limits.acceleration, limits.jerk, speed.abs())
}

/// The distance from `speed` (no acceleration) to rest at the greatest deceleration and jerk, rad or
/// m: half the speed times [`stopping_time_s`], because the fall of the speed is symmetric in time.
pub fn stopping_distance(limits: &JointLimits, speed: f64) -> f64 {
    0.5 * speed.abs() * stopping_time_s(limits, speed)
}

fn stopping_time(acceleration: f64, jerk: f64, speed: f64) -> f64 {
    if speed * jerk >= acceleration * acceleration {
        speed / acceleration + acceleration / jerk
    } else {
        2.0 * libm::sqrt(speed / jerk)
    }
}

/// The set-points of one arm. Two equal shapers behave equally ever after.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ArmShaper {
    joints: JointVector,
    rates: JointVector,
    accelerations: JointVector,
}

impl ArmShaper {
    /// Set-points that rest at `joints`, which must be finite.
    pub fn at_rest(joints: &JointVector) -> Self {
        Self {
            joints: *joints,
            rates: [0.0; MAX_JOINTS],
            accelerations: [0.0; MAX_JOINTS],
        }
    }

    /// Moves one tick towards `target`, the tip no faster than `tip_speed_limit_m_s`.
    ///
    /// Targets outside the position limits mean the nearest position inside. A target or a limit
    /// that is not a number, or infinite, is no command: the tick brakes. A limit that is lowered
    /// in motion is met as soon as braking meets it.
    pub fn follow(
        &mut self,
        arm: &Arm,
        target: &JointVector,
        tip_speed_limit_m_s: f64,
        settings: &ShaperSettings,
    ) {
        let finite = target
            .iter()
            .take(arm.joint_count)
            .all(|value| value.is_finite());
        if !finite || !tip_speed_limit_m_s.is_finite() {
            return self.brake(arm, settings);
        }
        let mut lanes = self.lanes(arm, settings);
        self.wish(arm, target, tip_speed_limit_m_s, settings, &mut lanes);
        for lane in lanes.iter_mut().take(arm.joint_count) {
            lane.restrain();
        }
        restrain_tip(arm, &mut lanes, USED * tip_speed_limit_m_s);
        self.advance(arm, &lanes);
    }

    /// Moves one tick of the fastest stop the limits allow. At rest nothing changes, bit for bit.
    ///
    /// From any state that [`follow`](Self::follow) can reach, repeating this ends in exact rest,
    /// inside the position limits, within the stopping time of the joint's greatest speed
    /// ([`stopping_time_s`]) and a few ticks.
    pub fn brake(&mut self, arm: &Arm, settings: &ShaperSettings) {
        if self.is_at_rest() {
            return;
        }
        let mut lanes = self.lanes(arm, settings);
        for lane in lanes.iter_mut().take(arm.joint_count) {
            lane.jerk = lane.braking_jerk();
            lane.next = lane.after(lane.jerk);
        }
        self.advance(arm, &lanes);
    }

    /// Whether every rate and acceleration is exactly zero.
    pub fn is_at_rest(&self) -> bool {
        self.rates
            .iter()
            .chain(&self.accelerations)
            .all(|value| *value == 0.0)
    }

    /// The set-points, rad or m.
    pub fn joints(&self) -> &JointVector {
        &self.joints
    }

    /// The set-points' rates, rad/s or m/s.
    pub fn rates(&self) -> &JointVector {
        &self.rates
    }

    /// The set-points' accelerations, rad/s² or m/s².
    pub fn accelerations(&self) -> &JointVector {
        &self.accelerations
    }

    fn lanes(&self, arm: &Arm, settings: &ShaperSettings) -> [Lane; MAX_JOINTS] {
        let mut lanes = [Lane::default(); MAX_JOINTS];
        let state = self.joints.iter().zip(&self.rates).zip(&self.accelerations);
        for ((lane, limits), ((q, v), a)) in lanes
            .iter_mut()
            .zip(&arm.limits)
            .zip(state)
            .take(arm.joint_count)
        {
            let now = Motion {
                q: *q,
                v: *v,
                a: *a,
            };
            *lane = Lane::new(now, limits, settings.tick_s);
        }
        lanes
    }

    /// Sets every lane's jerk to the wish.
    fn wish(
        &self,
        arm: &Arm,
        target: &JointVector,
        tip_speed_limit_m_s: f64,
        settings: &ShaperSettings,
        lanes: &mut [Lane; MAX_JOINTS],
    ) {
        let pole = (POLE_OF_KNEE * settings.tremor_knee_hz).min(0.5 / settings.tick_s);
        let mut wishes = [Wish::default(); MAX_JOINTS];
        let mut speeds = [0.0; MAX_JOINTS];
        for (((wish, speed), lane), target) in wishes
            .iter_mut()
            .zip(&mut speeds)
            .zip(lanes.iter())
            .zip(target)
            .take(arm.joint_count)
        {
            *wish = Wish::new(lane, *target, pole);
            *speed = wish.speed;
        }

        // One scale for all joints, so that the tip slows down but does not leave its way.
        let tip_speed = arm.tip_speed_bound(&self.joints, &speeds);
        let limit = AIMED * tip_speed_limit_m_s.max(0.0);
        let scale = if tip_speed > limit {
            limit / tip_speed
        } else {
            1.0
        };
        for (wish, lane) in wishes.iter().zip(lanes.iter_mut()).take(arm.joint_count) {
            lane.jerk = wish.scaled(scale).jerk(lane, pole);
        }
    }

    fn advance(&mut self, arm: &Arm, lanes: &[Lane; MAX_JOINTS]) {
        let state = self
            .joints
            .iter_mut()
            .zip(&mut self.rates)
            .zip(&mut self.accelerations);
        for (lane, ((q, v), a)) in lanes.iter().zip(state).take(arm.joint_count) {
            let next = lane.rounded_to_rest();
            (*q, *v, *a) = (next.q, next.v, next.a);
        }
    }
}

/// Moves all jerks towards braking, by one share and as little as needed, until the tip cannot
/// become faster than `limit_m_s`, now or on the way to rest.
fn restrain_tip(arm: &Arm, lanes: &mut [Lane; MAX_JOINTS], limit_m_s: f64) {
    let fits = |lanes: &[Lane; MAX_JOINTS]| {
        let (mut here, mut there, mut speeds) =
            ([0.0; MAX_JOINTS], [0.0; MAX_JOINTS], [0.0; MAX_JOINTS]);
        let vectors = here.iter_mut().zip(&mut there).zip(&mut speeds);
        for (lane, ((here, there), speed)) in lanes.iter().zip(vectors).take(arm.joint_count) {
            (*here, *there, *speed) = (lane.next.q, lane.stop.rest, lane.stop.speed);
        }
        // The bound grows with the tip's distance from the remote centre, which is greatest at an
        // end of the way to rest.
        let is_slow_enough = arm.tip_speed_bound(&here, &speeds) <= limit_m_s
            && arm.tip_speed_bound(&there, &speeds) <= limit_m_s;
        requires!(TipSpeedLimit, is_slow_enough)
    };
    if fits(lanes) {
        return;
    }
    let (mut safe, mut beyond) = (0.0, 1.0);
    let mut best = towards_braking(lanes, safe, arm.joint_count);
    for _ in 0..HALVINGS {
        let middle = 0.5 * (safe + beyond);
        let tried = towards_braking(lanes, middle, arm.joint_count);
        if fits(&tried) {
            (safe, best) = (middle, tried);
        } else {
            beyond = middle;
        }
    }
    *lanes = best;
}

/// The lanes with only `share` of the way from their braking jerk to the jerk they have.
fn towards_braking(lanes: &[Lane; MAX_JOINTS], share: f64, joints: usize) -> [Lane; MAX_JOINTS] {
    let mut changed = *lanes;
    for lane in changed.iter_mut().take(joints) {
        let braking = lane.braking_jerk();
        lane.take(braking + share * (lane.jerk - braking));
    }
    changed
}

/// Position, rate and acceleration of one joint.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Motion {
    q: f64,
    v: f64,
    a: f64,
}

/// One joint in one tick: where it is, what it may do, and what it is about to do.
#[derive(Clone, Copy, Debug, Default)]
struct Lane {
    now: Motion,
    /// What of the limits is used ([`USED`]).
    lower: f64,
    upper: f64,
    velocity: f64,
    acceleration: f64,
    jerk_limit: f64,
    tick_s: f64,
    /// The jerk picked so far, where it leads in a tick, and the stop from there.
    jerk: f64,
    next: Motion,
    stop: Stop,
}

impl Lane {
    fn new(now: Motion, limits: &JointLimits, tick_s: f64) -> Self {
        let inset = INSET * limits.jerk * tick_s * tick_s * tick_s;
        Self {
            now,
            lower: limits.lower + inset,
            upper: limits.upper - inset,
            velocity: USED * limits.velocity,
            acceleration: USED * limits.acceleration,
            jerk_limit: USED * limits.jerk,
            tick_s,
            ..Self::default()
        }
    }

    /// A tick of constant jerk, integrated exactly.
    fn after(&self, jerk: f64) -> Motion {
        let Motion { q, v, a } = self.now;
        let dt = self.tick_s;
        Motion {
            q: q + dt * (v + dt * (0.5 * a + dt * jerk / 6.0)),
            v: v + dt * (a + dt * 0.5 * jerk),
            a: a + dt * jerk,
        }
    }

    /// Adopts `jerk` and works out where it leads.
    fn take(&mut self, jerk: f64) {
        self.jerk = jerk;
        self.next = self.after(jerk);
        self.stop = Stop::from(&self.next, self);
    }

    /// The jerk of the fastest stop.
    ///
    /// Next tick's deceleration `y` is the greatest that can still fade out, at the greatest jerk,
    /// before the speed does: with `w` the speed half a tick from now, `y²/2J + y·dt = w`. On this
    /// curve `y` becomes `√(y² + h²) - h` with `h = J·dt`, which never asks for more than the jerk
    /// `J`, and at the end falls quadratically: from `h` below `1e-10 h` in five ticks.
    fn braking_jerk(&self) -> f64 {
        let Motion { v, a, .. } = self.now;
        let (dt, jerk) = (self.tick_s, self.jerk_limit);
        let w = v + 0.5 * a * dt;
        let y = 2.0 * w.abs() / (dt + libm::sqrt(dt * dt + 2.0 * w.abs() / jerk));
        let next = -y.min(self.acceleration).copysign(w);
        bounded((next - a) / dt, jerk)
    }

    /// Moves the jerk towards braking, as little as needed, until the joint can stop afterwards.
    fn restrain(&mut self) {
        let wish = self.jerk;
        self.take(wish);
        if self.can_stop(self.lower, self.upper) {
            return;
        }
        // An arm put to rest outside the positions may come back: no further outside is enough.
        let now = Stop::from(&self.now, self);
        let (lower, upper) = (self.lower.min(now.lowest), self.upper.max(now.highest));
        let braking = self.braking_jerk();
        let (mut safe, mut beyond) = (braking, wish);
        for _ in 0..HALVINGS {
            let middle = 0.5 * (safe + beyond);
            self.take(middle);
            if self.can_stop(lower, upper) {
                safe = middle;
            } else {
                beyond = middle;
            }
        }
        self.take(safe);
    }

    /// Whether the stop from the next state stays between `lower` and `upper` and keeps the joint's
    /// other limits. The last of them is time: a joint that is fast and still accelerates would take
    /// longer to stop than one at its greatest speed.
    /// (In motion that began at rest this implies the limit of the speed, which is checked all the
    /// same.)
    fn can_stop(&self, lower: f64, upper: f64) -> bool {
        let greatest = stopping_time(
            self.acceleration,
            PREDICTED * self.jerk_limit,
            self.velocity,
        );
        let is_inside = self.stop.highest <= upper && self.stop.lowest >= lower;
        requires!(AccelerationLimit, self.next.a.abs() <= self.acceleration)
            && self.stop.speed <= self.velocity
            && requires!(StopInTime, self.stop.time_s <= greatest)
            && requires!(StopInsidePositions, is_inside)
    }

    /// The next state; exact rest in place of motion too small to matter. A result that is not a
    /// number (from limits that are not) is rest where the joint is.
    fn rounded_to_rest(&self) -> Motion {
        let Motion { q, v, a } = self.next;
        let speed = REST * self.jerk_limit * self.tick_s * self.tick_s;
        let acceleration = REST * self.jerk_limit * self.tick_s;
        if !(q.is_finite() && v.is_finite() && a.is_finite()) {
            return Motion {
                q: self.now.q,
                v: 0.0,
                a: 0.0,
            };
        }
        if v.abs() <= speed && a.abs() <= acceleration {
            return Motion { q, v: 0.0, a: 0.0 };
        }
        self.next
    }
}

/// What a stop from some state will bring; never less than what braking then does.
#[derive(Clone, Copy, Debug, Default)]
struct Stop {
    /// Where it ends, and the extremes on the way.
    rest: f64,
    highest: f64,
    lowest: f64,
    /// The greatest speed from here on.
    speed: f64,
    /// How long it takes.
    time_s: f64,
}

impl Stop {
    /// Seen in the direction of the last motion (that of the speed once the acceleration is gone),
    /// every state lies on the way of a stop from speed `v0 = v + a²/2J` without acceleration: before
    /// its start if it still accelerates, by the ramp's time `a/J`, after it if it decelerates.
    fn from(motion: &Motion, lane: &Lane) -> Self {
        let jerk = PREDICTED * lane.jerk_limit;
        let faded = motion.v + 0.5 * motion.a * motion.a.abs() / jerk;
        let direction = 1.0_f64.copysign(faded);
        let (v, a) = (direction * motion.v, direction * motion.a);
        let ramp = a / jerk;
        let v0 = (v + 0.5 * a * ramp).max(0.0);
        let time = stopping_time(lane.acceleration, jerk, v0);
        // The last term: braking acts on a speed that is up to a tick old.
        let onward =
            (0.5 * v0 * time + ramp * (v + a * ramp / 3.0) + 0.5 * v0 * lane.tick_s).max(0.0);
        // Moving backwards, with an acceleration that turns the joint round in at most `ramp`.
        let back = if v < 0.0 { -v * ramp / 3.0 } else { 0.0 };
        let (up, down) = if direction > 0.0 {
            (onward, back)
        } else {
            (back, onward)
        };
        Self {
            rest: motion.q + direction * onward,
            highest: motion.q + up,
            lowest: motion.q - down,
            speed: motion.v.abs().max(faded.abs()),
            time_s: time + ramp,
        }
    }
}

/// A speed to approach the target with, and how it changes with the distance.
#[derive(Clone, Copy, Debug, Default)]
struct Wish {
    /// Rate and acceleration in the middle of the tick, as far as they are known.
    rate: f64,
    /// The wished rate, and its first and second derivative by the distance.
    speed: f64,
    slope: f64,
    bend: f64,
}

impl Wish {
    /// With distance `e`, the speed `k·e / √(1 + |e|/s)`, `k` the pole. Riding it, `e` fades like
    /// `exp(-k·t)` near the target; far away the deceleration tends to `A = k²·s/2` from below, and
    /// the jerk nowhere exceeds `0.246·k·A` (at `e = 0.4 s`): both bound `s`.
    fn new(lane: &Lane, target: f64, pole: f64) -> Self {
        const JERK_OF_ACCELERATION: f64 = 0.246;
        // A jerk held for a tick acts like one picked in the middle of it: judge the state there.
        let half = 0.5 * lane.tick_s;
        let Motion { q, v, a } = lane.now;
        let target = target.max(lane.lower).min(lane.upper);
        let e = target - (q + half * (v + half * 0.5 * a));

        let deceleration = (APPROACH_ACCELERATION * lane.acceleration)
            .min(APPROACH_JERK * lane.jerk_limit / (JERK_OF_ACCELERATION * pole));
        let per_s = 0.5 * pole * pole / deceleration;
        let x = e.abs() * per_s;
        let square = 1.0 / (1.0 + x);
        let root = libm::sqrt(square);
        let steep = pole * root * square;
        let wish = Self {
            rate: v + half * a,
            speed: pole * e * root,
            slope: steep * (1.0 + 0.5 * x),
            bend: -(steep * square * per_s * (1.0 + 0.25 * x)).copysign(e),
        };
        let limit = AIMED / USED * lane.velocity;
        if wish.speed.abs() > limit {
            wish.scaled(limit / wish.speed.abs())
        } else {
            wish
        }
    }

    fn scaled(self, scale: f64) -> Self {
        Self {
            rate: self.rate,
            speed: scale * self.speed,
            slope: scale * self.slope,
            bend: scale * self.bend,
        }
    }

    /// The jerk that makes the joint take up the wished speed and keep to it: each stage of the
    /// cascade follows the one above with the same pole, and adds that one's own change, so that
    /// near the target the three poles are one triple pole.
    fn jerk(&self, lane: &Lane, pole: f64) -> f64 {
        let (a, half) = (lane.now.a, 0.5 * lane.tick_s);
        // Missing speed is made up with gain `k` when little, at limited jerk when much.
        let jerk = PURSUIT_JERK * lane.jerk_limit;
        let knee = jerk / pole;
        let missing = self.speed - self.rate;
        let root = libm::sqrt(2.0 * jerk * missing.abs() + knee * knee);
        let gain = jerk / root;
        let speed_change = -self.slope * self.rate;
        let acceleration = speed_change + 2.0 * jerk * missing / (root + knee);
        let (wished, change, damping) = if acceleration.abs() > lane.acceleration {
            (lane.acceleration.copysign(acceleration), 0.0, pole)
        } else {
            let change =
                gain * (speed_change - a) - self.slope * a + self.bend * self.rate * self.rate;
            (acceleration, change, pole + gain + self.slope)
        };
        // The division is the jerk's own share in the acceleration at the middle of the tick.
        let jerk = (pole * (wished - a) + change) / (1.0 + half * damping);
        if requires!(JerkLimit, jerk.abs() <= lane.jerk_limit) {
            jerk
        } else {
            bounded(jerk, lane.jerk_limit)
        }
    }
}

fn bounded(value: f64, limit: f64) -> f64 {
    value.max(-limit).min(limit)
}

#[cfg(test)]
#[allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic
)]
mod tests;
