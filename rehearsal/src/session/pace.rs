//! Pace: how much simulated time is due, and the honest word when it cannot be had.

use std::ops::RangeInclusive;

/// Speeds of play, times real time.
pub const SPEEDS: RangeInclusive<f64> = 0.05..=20.0;

/// The speeds that the keys step through.
const STEPS: [f64; 9] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0];

/// Time over which the achieved speed is measured, ns of real time.
const MEASURED_OVER_NS: u64 = 1_000_000_000;

/// Below this share of the asked speed the run counts as slower than asked. Assumed: a frame's rounding is not told.
const SLOW_SHARE: f64 = 0.95;

/// The pace of a run.
#[derive(Clone, Debug)]
pub struct Pace {
    speed: f64,
    /// Whether time passes.
    pub is_playing: bool,
    /// Simulated time that is due and shorter than a tick, ns.
    owed_ns: f64,
    real_ns: u64,
    simulated_ns: u64,
    achieved: Option<f64>,
}

impl Pace {
    /// Playing at a speed, which is taken into [`SPEEDS`].
    pub fn new(speed: f64) -> Self {
        let mut pace = Self {
            speed: 1.0,
            is_playing: true,
            owed_ns: 0.0,
            real_ns: 0,
            simulated_ns: 0,
            achieved: None,
        };
        pace.set_speed(speed);
        pace
    }

    /// The asked speed, times real time.
    pub fn speed(&self) -> f64 {
        self.speed
    }

    /// Asks for a speed.
    pub fn set_speed(&mut self, speed: f64) {
        self.speed = if speed.is_finite() {
            speed.clamp(*SPEEDS.start(), *SPEEDS.end())
        } else {
            1.0
        };
        self.forget();
    }

    /// The next faster or slower of the usual speeds.
    pub fn step_speed(&mut self, faster: bool) {
        let next = if faster {
            STEPS.into_iter().find(|step| *step > self.speed * 1.001)
        } else {
            STEPS
                .into_iter()
                .rev()
                .find(|step| *step < self.speed * 0.999)
        };
        if let Some(speed) = next {
            self.set_speed(speed);
        }
    }

    /// Forgets what was measured: after a jump or a pause it means nothing.
    pub fn forget(&mut self) {
        (self.owed_ns, self.real_ns, self.simulated_ns, self.achieved) = (0.0, 0, 0, None);
    }

    /// How many ticks are due after so much real time; none while it stands.
    pub fn ticks_due(&mut self, real_ns: u64, tick_ns: u64) -> u64 {
        if !self.is_playing || tick_ns == 0 {
            return 0;
        }
        self.owed_ns += real_ns as f64 * self.speed;
        let ticks = (self.owed_ns / tick_ns as f64) as u64;
        self.owed_ns -= (ticks * tick_ns) as f64;
        ticks
    }

    /// Tells how many of the due ticks were simulated in so much real time. The rest is not made up for: the run is
    /// slower then, and [`Self::too_slow`] says so.
    pub fn settle(&mut self, real_ns: u64, done_ns: u64) {
        if !self.is_playing {
            return;
        }
        self.real_ns += real_ns;
        self.simulated_ns += done_ns;
        if self.real_ns >= MEASURED_OVER_NS {
            self.achieved = Some(self.simulated_ns as f64 / self.real_ns as f64);
            (self.real_ns, self.simulated_ns) = (0, 0);
        }
    }

    /// The achieved speed, times real time, where it falls short of the asked one.
    pub fn too_slow(&self) -> Option<f64> {
        let achieved = self.achieved.filter(|_| self.is_playing)?;
        (achieved < self.speed * SLOW_SHARE).then_some(achieved)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    #[test]
    fn ticks_add_up_to_the_time_that_passed_whatever_the_frames_are() {
        let mut pace = Pace::new(1.0);
        let ticks: u64 = (0..60).map(|_| pace.ticks_due(16_666_667, MS)).sum();
        assert_eq!(ticks, 1000);
        let mut slow = Pace::new(0.05);
        let ticks: u64 = (0..60).map(|_| slow.ticks_due(16_666_667, MS)).sum();
        assert_eq!(ticks, 50);
    }

    #[test]
    fn a_pause_owes_nothing_afterwards() {
        let mut pace = Pace::new(1.0);
        pace.is_playing = false;
        assert_eq!(pace.ticks_due(5_000 * MS, MS), 0);
        pace.is_playing = true;
        assert_eq!(pace.ticks_due(2 * MS, MS), 2);
    }

    #[test]
    fn a_run_that_falls_behind_says_how_slow_it_is() {
        let mut pace = Pace::new(1.0);
        for _ in 0..20 {
            pace.settle(100 * MS, 60 * MS);
        }
        let achieved = pace.too_slow().expect("it is slower than asked");
        assert!((achieved - 0.6).abs() < 1e-9, "{achieved}");
    }

    #[test]
    fn a_run_in_time_says_nothing() {
        let mut pace = Pace::new(2.0);
        for _ in 0..20 {
            pace.settle(100 * MS, 200 * MS);
        }
        assert_eq!(pace.too_slow(), None);
    }

    #[test]
    fn speeds_stay_in_their_range() {
        let mut pace = Pace::new(1000.0);
        assert_eq!(pace.speed(), 20.0);
        pace.step_speed(true);
        assert_eq!(pace.speed(), 20.0);
        for _ in 0..20 {
            pace.step_speed(false);
        }
        assert_eq!(pace.speed(), 0.05);
        pace.set_speed(f64::NAN);
        assert_eq!(pace.speed(), 1.0);
    }
}
