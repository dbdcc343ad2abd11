//! What a person did at the console, kept so that it can be done again bit for bit.
//!
//! A person's input comes some sixty times a second, the console asks a thousand times. A track holds the samples; between
//! two of them hands move evenly and turn evenly, pedals and grips stay as the earlier one says. What the track
//! says of a moment never depends on samples that came when that moment was past: see [`HandTrack::push`].

use bevy_ecs::prelude::Resource;
use control_loop::{HANDS, Hand, HandInput};
use nalgebra::{Quaternion, Translation3, UnitQuaternion};
use robot_model::Pose;
use serde::{Deserialize, Serialize};

/// What a person did, sample by sample.
#[derive(Resource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HandTrack {
    samples: Vec<HandSample>,
}

/// Both hands and all pedals at one moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HandSample {
    /// The moment, on the robot's clock, ns.
    pub at_ns: u64,
    /// The hands, left and right.
    pub hands: [HandPlace; HANDS],
    /// The clutch pedal.
    #[serde(default)]
    pub clutch: bool,
    /// The camera pedal.
    #[serde(default)]
    pub camera: bool,
    /// The emergency stop.
    #[serde(default)]
    pub stop: bool,
}

/// One hand at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HandPlace {
    /// Where it is in the table's frame, m.
    pub at_m: (f64, f64, f64),
    /// How it is turned: a unit quaternion x, y, z, w.
    pub turn: (f64, f64, f64, f64),
    /// How far it is open, rad.
    pub jaw_rad: f64,
    /// The arm that it holds, from 0.
    pub arm: Option<usize>,
}

impl HandTrack {
    /// The samples, in order of time.
    pub fn samples(&self) -> &[HandSample] {
        &self.samples
    }

    /// The samples of a file, if they are in order and every turn is one.
    ///
    /// # Errors
    /// A sentence that names the sample, from 1, and what is wrong with it.
    pub fn check(&self, arms: usize) -> Result<(), String> {
        for (index, sample) in self.samples.iter().enumerate() {
            let place = index + 1;
            if index > 0 && sample.at_ns <= self.samples[index - 1].at_ns {
                return Err(format!(
                    "sample {place} of the hands is not later than the one before it; sort them by at_ns"
                ));
            }
            for hand in &sample.hands {
                hand.check(arms)
                    .map_err(|why| format!("sample {place} of the hands {why}"))?;
            }
        }
        Ok(())
    }

    /// Adds what a person does from `at_ns` on, in a run that has come to `now_ns`: moments before that are past, and
    /// what was said of them stays. Hands that were not heard of for a while start to move now, not earlier.
    ///
    /// A sample that is not later than the newest one, or that lies in the past, takes the next moment there is.
    pub fn push(&mut self, now_ns: u64, tick_ns: u64, at_ns: u64, input: &HandInput) {
        if let Some(last) = self.samples.last()
            && last.at_ns.saturating_add(tick_ns) < now_ns
        {
            // Up to the last tick that has run they rested.
            let mut rested = last.clone();
            rested.at_ns = now_ns - tick_ns;
            self.samples.push(rested);
        }
        let newest_ns = self.samples.last().map(|last| last.at_ns);
        let earliest_ns = newest_ns.map_or(now_ns, |newest_ns| now_ns.max(newest_ns + 1));
        self.samples.push(HandSample {
            at_ns: at_ns.max(earliest_ns),
            ..HandSample::of(input)
        });
    }

    /// What the person does at a moment; before the first sample, and of an empty track, nothing.
    pub fn at(&self, now_ns: u64) -> HandInput {
        let next = self
            .samples
            .partition_point(|sample| sample.at_ns <= now_ns);
        let Some(before) = next.checked_sub(1).and_then(|last| self.samples.get(last)) else {
            return idle();
        };
        let after = self.samples.get(next);
        let progress = after.map_or(0.0, |after| {
            (now_ns - before.at_ns) as f64 / (after.at_ns - before.at_ns) as f64
        });
        let mut hands = [Hand {
            pose: Pose::identity(),
            jaw_rad: 0.0,
            arm: None,
        }; HANDS];
        for (index, hand) in hands.iter_mut().enumerate() {
            let from = &before.hands[index];
            *hand = match after.map(|after| &after.hands[index]) {
                // A hand that rests stays where it is to the last bit.
                Some(to) if !from.is_at(to) => from.towards(to, progress),
                _ => from.hand(),
            };
        }
        HandInput {
            hands,
            clutch_pressed: before.clutch,
            camera_pressed: before.camera,
            stop_pressed: before.stop,
        }
    }
}

/// Nobody at the console.
pub fn idle() -> HandInput {
    HandInput {
        hands: [Hand {
            pose: Pose::identity(),
            jaw_rad: 0.0,
            arm: None,
        }; HANDS],
        clutch_pressed: false,
        camera_pressed: false,
        stop_pressed: false,
    }
}

impl HandSample {
    fn of(input: &HandInput) -> Self {
        Self {
            at_ns: 0,
            hands: input.hands.map(|hand| HandPlace::of(&hand)),
            clutch: input.clutch_pressed,
            camera: input.camera_pressed,
            stop: input.stop_pressed,
        }
    }
}

impl HandPlace {
    fn of(hand: &Hand) -> Self {
        let (at, turn) = (hand.pose.translation.vector, hand.pose.rotation.coords);
        Self {
            at_m: (at.x, at.y, at.z),
            turn: (turn.x, turn.y, turn.z, turn.w),
            jaw_rad: hand.jaw_rad,
            arm: hand.arm,
        }
    }

    fn hand(&self) -> Hand {
        let (x, y, z) = self.at_m;
        let (i, j, k, w) = self.turn;
        Hand {
            pose: Pose::from_parts(
                Translation3::new(x, y, z),
                UnitQuaternion::new_unchecked(Quaternion::new(w, i, j, k)),
            ),
            jaw_rad: self.jaw_rad,
            arm: self.arm,
        }
    }

    fn is_at(&self, other: &Self) -> bool {
        (self.at_m, self.turn, self.jaw_rad) == (other.at_m, other.turn, other.jaw_rad)
    }

    fn towards(&self, other: &Self, progress: f64) -> Hand {
        let (from, to) = (self.hand(), other.hand());
        let mix = |a: f64, b: f64| a + (b - a) * progress;
        let at = from
            .pose
            .translation
            .vector
            .lerp(&to.pose.translation.vector, progress);
        Hand {
            pose: Pose::from_parts(
                Translation3::from(at),
                from.pose.rotation.nlerp(&to.pose.rotation, progress),
            ),
            jaw_rad: mix(from.jaw_rad, to.jaw_rad),
            arm: self.arm,
        }
    }

    fn check(&self, arms: usize) -> Result<(), String> {
        let (x, y, z) = self.at_m;
        let (i, j, k, w) = self.turn;
        if ![x, y, z, self.jaw_rad].into_iter().all(f64::is_finite) {
            return Err("has a number that is none; give finite ones".into());
        }
        let squared = i * i + j * j + k * k + w * w;
        if !(0.999..1.001).contains(&squared) {
            return Err(format!(
                "has a turn of length {}; give a unit quaternion",
                libm::sqrt(squared)
            ));
        }
        match self.arm {
            Some(arm) if arm >= arms => Err(format!(
                "holds arm {arm}, and the scenario has arms 0 to {}",
                arms.saturating_sub(1)
            )),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    fn at_x(x_m: f64) -> HandInput {
        let mut input = idle();
        input.hands[1].pose.translation.vector.x = x_m;
        input.hands[1].arm = Some(2);
        input
    }

    fn x_at(track: &HandTrack, at_ns: u64) -> f64 {
        track.at(at_ns).hands[1].pose.translation.vector.x
    }

    #[test]
    fn hands_move_evenly_between_samples_and_pedals_wait_for_theirs() {
        let mut track = HandTrack::default();
        track.push(0, MS, 0, &at_x(0.0));
        let mut pressed = at_x(0.016);
        pressed.clutch_pressed = true;
        track.push(0, MS, 16 * MS, &pressed);
        assert!((x_at(&track, 4 * MS) - 0.004).abs() < 1e-15);
        assert!(!track.at(15 * MS).clutch_pressed);
        assert!(track.at(16 * MS).clutch_pressed);
        assert_eq!(x_at(&track, 99 * MS), 0.016);
    }

    #[test]
    fn what_was_said_of_the_past_stays_whatever_comes_late() {
        let mut track = HandTrack::default();
        track.push(0, MS, 10 * MS, &at_x(0.001));
        track.push(0, MS, 20 * MS, &at_x(0.002));
        // The screen hangs; ticks up to 59 ms run meanwhile, with the hands at rest.
        let heard: Vec<HandInput> = (0..60).map(|ms| track.at(ms * MS)).collect();
        track.push(60 * MS, MS, 76 * MS, &at_x(0.050));
        for (ms, heard) in heard.iter().enumerate() {
            assert_eq!(track.at(ms as u64 * MS), *heard, "{ms} ms");
        }
        assert!(x_at(&track, 70 * MS) > 0.002);
    }

    #[test]
    fn nobody_is_there_before_the_first_sample() {
        assert_eq!(HandTrack::default().at(5 * MS), idle());
        let mut track = HandTrack::default();
        track.push(0, MS, 10 * MS, &at_x(0.001));
        assert_eq!(track.at(9 * MS), idle());
    }

    #[test]
    fn a_track_out_of_order_or_with_a_hand_on_no_arm_is_refused_in_words() {
        let mut track = HandTrack::default();
        track.push(0, MS, 10 * MS, &at_x(0.001));
        assert_eq!(track.check(4), Ok(()));
        let error = track.check(2).expect_err("there is no arm 2");
        assert!(error.contains("arms 0 to 1"), "{error}");
        track.samples.push(track.samples[0].clone());
        let error = track.check(4).expect_err("both are of one moment");
        assert!(error.contains("sample 2"), "{error}");
    }
}
