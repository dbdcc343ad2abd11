//! The console's clock against true time, which is the robot's: offset, drift and steps, as explicit data.

use serde::{Deserialize, Serialize};

use crate::random::Stream;
use crate::units::{
    ClockMilliseconds, ClockMillisecondsRange, PartsPerMillion, PartsPerMillionRange, PerMinute,
    RunMilliseconds,
};

/// How the console's clock runs in one run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConsoleClock {
    /// What it shows when the run begins, ms.
    pub offset_ms: ClockMilliseconds,
    /// How much faster than true time it runs; negative: slower.
    pub drift_ppm: PartsPerMillion,
    /// When it is set.
    pub steps: Vec<ClockStep>,
}

/// A clock is set.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockStep {
    /// When, in ms of true time.
    pub at_ms: RunMilliseconds,
    /// By how much, ms; negative: back.
    pub by_ms: ClockMilliseconds,
}

impl ConsoleClock {
    /// What the clock shows at a moment of true time, ns: never below 0.
    pub fn reading_ns(&self, true_ns: u64) -> u64 {
        let drift_ppb = libm::round(self.drift_ppm.get() * 1e3) as i128;
        let drifted = i128::from(true_ns) * drift_ppb / 1_000_000_000;
        let stepped: i128 = self
            .steps
            .iter()
            .filter(|step| step.at_ms.ns() <= true_ns)
            .map(|step| step.by_ms.ns())
            .sum();
        let reading = i128::from(true_ns) + self.offset_ms.ns() + drifted + stepped;
        u64::try_from(reading.max(0)).unwrap_or(u64::MAX)
    }

    /// Whether it shows true time throughout.
    pub fn is_true(&self) -> bool {
        *self == Self::default()
    }
}

/// From what ranges a run's console clock is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClockGenerator {
    /// What it shows when the run begins.
    pub offset_ms: ClockMillisecondsRange,
    /// How much faster than true time it runs. Crystals: 100 to 200 ppm untrained (RFC 6817).
    pub drift_ppm: PartsPerMillionRange,
    /// How often it is set, on average.
    pub steps_per_minute: PerMinute,
    /// By how much.
    pub step_ms: ClockMillisecondsRange,
}

impl ClockGenerator {
    /// The console clock of one run.
    pub fn generate(&self, seed: u64, horizon_ns: u64) -> ConsoleClock {
        let mut stream = Stream::new(seed, "console clock");
        let rounded = crate::generator::rounded;
        let offset_ms = rounded(self.offset_ms.at(stream.uniform()).get());
        let drift_ppm = rounded(self.drift_ppm.at(stream.uniform()).get());
        let rate = self.steps_per_minute.get();
        let steps = crate::generator::arrivals_ms(&mut stream, rate, horizon_ns)
            .into_iter()
            .map(|at_ms| ClockStep {
                at_ms: RunMilliseconds::clamped(rounded(at_ms)),
                by_ms: ClockMilliseconds::clamped(rounded(self.step_ms.at(stream.uniform()).get())),
            })
            .collect();
        ConsoleClock {
            offset_ms: ClockMilliseconds::clamped(offset_ms),
            drift_ppm: PartsPerMillion::clamped(drift_ppm),
            steps,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    fn clock(text: &str) -> ConsoleClock {
        ron::from_str(text).expect("it reads")
    }

    #[test]
    fn a_clock_that_is_not_told_of_shows_true_time() {
        assert_eq!(ConsoleClock::default().reading_ns(123_456_789), 123_456_789);
        assert!(ClockGenerator::default().generate(1, 1_000 * MS).is_true());
    }

    #[test]
    fn a_fast_clock_of_100_ppm_gains_6_ms_in_a_minute() {
        let fast = clock("(offset_ms: 250, drift_ppm: 100)");
        assert_eq!(fast.reading_ns(60_000 * MS), 60_256 * MS);
        let slow = clock("(drift_ppm: -100)");
        assert_eq!(slow.reading_ns(60_000 * MS), 59_994 * MS);
    }

    #[test]
    fn a_step_counts_from_its_moment_on_and_nothing_is_before_the_beginning() {
        let set = clock("(steps: [(at_ms: 10, by_ms: -4), (at_ms: 20, by_ms: -3600000)])");
        assert_eq!(set.reading_ns(10 * MS - 1), 10 * MS - 1);
        assert_eq!(set.reading_ns(10 * MS), 6 * MS);
        assert_eq!(set.reading_ns(20 * MS), 0);
    }

    #[test]
    fn a_drawn_clock_is_the_same_for_its_seed_and_reads_back_from_its_text() {
        let generator: ClockGenerator = ron::from_str(
            "(offset_ms: (0, 86400000), drift_ppm: (-200, 200), steps_per_minute: 30, step_ms: (-2000, 2000))",
        )
        .expect("it reads");
        let drawn = generator.generate(7, 60_000 * MS);
        assert_eq!(drawn, generator.generate(7, 60_000 * MS));
        assert!(drawn.steps.len() > 10);
        let text = ron::to_string(&drawn).expect("it is written");
        assert_eq!(clock(&text), drawn);
    }
}
