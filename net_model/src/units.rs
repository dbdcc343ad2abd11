//! Numbers with a range and a unit. A value outside its range cannot be made, so no other module checks one.
//!
//! Each reads and writes itself as a plain number, so a scenario says `probability: 0.02` or `mean_ms: 2`, and
//! a bad value is refused while the file is being read, with its line and column.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::NS_PER_MS;

/// A number that does not fit its type.
#[derive(Clone, Debug, PartialEq)]
pub enum OutOfRange {
    /// Below the least, above the greatest, or not a number.
    Value {
        /// What the number is ("probability").
        what: &'static str,
        /// The number.
        value: f64,
        /// Least allowed.
        min: f64,
        /// Greatest allowed.
        max: f64,
    },
    /// A range whose first number is the greater.
    Backwards {
        /// First number.
        from: f64,
        /// Second number.
        to: f64,
    },
}

impl fmt::Display for OutOfRange {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value {
                what,
                value,
                min,
                max,
            } => write!(out, "{what} {value} is outside {min}..={max}"),
            Self::Backwards { from, to } => {
                write!(
                    out,
                    "the range ({from}, {to}) runs backwards: write the smaller number first"
                )
            }
        }
    }
}

impl std::error::Error for OutOfRange {}

/// Declares a bounded number; the crate that uses it needs serde.
#[macro_export]
macro_rules! bounded {
    ($(#[$doc:meta])* $name:ident, $what:literal, $min:literal, $max:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, PartialOrd, ::serde::Serialize, ::serde::Deserialize)]
        #[serde(try_from = "f64", into = "f64")]
        pub struct $name(f64);

        impl $name {
            /// Least value.
            pub const MIN: Self = Self($min);
            /// Greatest value.
            pub const MAX: Self = Self($max);

            /// The number, if it is inside the range.
            pub fn new(value: f64) -> Result<Self, $crate::units::OutOfRange> {
                // Written so that NaN fails.
                if ($min..=$max).contains(&value) {
                    Ok(Self(value))
                } else {
                    Err($crate::units::OutOfRange::Value { what: $what, value, min: $min, max: $max })
                }
            }

            /// The nearest number inside the range; NaN becomes the least.
            pub fn clamped(value: f64) -> Self {
                if value >= $min { Self(if value <= $max { value } else { $max }) } else { Self($min) }
            }

            /// The plain number.
            pub const fn get(self) -> f64 {
                self.0
            }
        }

        impl TryFrom<f64> for $name {
            type Error = $crate::units::OutOfRange;
            fn try_from(value: f64) -> Result<Self, $crate::units::OutOfRange> {
                Self::new(value)
            }
        }

        impl From<$name> for f64 {
            fn from(number: $name) -> f64 {
                number.0
            }
        }
    };
}

bounded!(
    /// A chance, 0 to 1.
    Probability, "probability", 0.0, 1.0
);

bounded!(
    /// A delay or a short span in milliseconds, at most an hour: a value in the wrong unit does not pass as a delay.
    Milliseconds, "milliseconds", 0.0, 3_600_000.0
);

bounded!(
    /// A moment of the run, or a span of it, in milliseconds since its start; at most a day.
    RunMilliseconds, "milliseconds of the run", 0.0, 86_400_000.0
);

bounded!(
    /// How often something starts, per minute of the run, on average.
    PerMinute, "rate per minute", 0.0, 600.0
);

bounded!(
    /// A positive rate per millisecond, of an exponential law.
    PerMillisecond, "rate per millisecond", 0.000_001, 1_000.0
);

bounded!(
    /// The shape of a gamma law.
    Shape, "gamma shape", 0.01, 1_000.0
);

bounded!(
    /// The tail index of a Pareto or Lomax law: the smaller, the heavier; at 1 and below the mean is infinite.
    TailIndex, "tail index", 0.1, 1_000.0
);

bounded!(
    /// The tail index of a law whose mean must be finite.
    FiniteTailIndex, "tail index of a law with a mean", 1.01, 1_000.0
);

bounded!(
    /// A scale in packets.
    PacketScale, "scale in packets", 0.000_001, 1_000_000.0
);

bounded!(
    /// The standard deviation of the natural logarithm of a lognormal number.
    LogSd, "standard deviation of the logarithm", 0.0, 5.0
);

bounded!(
    /// A rate of transmission, in megabits (1,000,000 bits) a second.
    MegabitsPerSecond, "megabits per second", 0.001, 1_000_000.0
);

bounded!(
    /// A size in bytes: of a packet, a burst, a buffer.
    Bytes, "bytes", 1.0, 1_000_000_000.0
);

bounded!(
    /// How often something comes, per second.
    PerSecond, "rate per second", 0.001, 1_000_000.0
);

bounded!(
    /// How much one thing counts beside others.
    Weight, "weight", 0.000_001, 1_000_000.0
);

bounded!(
    /// How many times as large.
    Ratio, "ratio", 1.0, 1_000.0
);

bounded!(
    /// A length of time above zero in milliseconds, at most a day.
    Sojourn, "milliseconds of a stay", 0.001, 86_400_000.0
);

impl MegabitsPerSecond {
    /// The same rate in whole bits a second.
    pub fn bits_per_s(self) -> u64 {
        (self.0 * 1e6 + 0.5) as u64
    }
}

impl Bytes {
    /// The nearest whole number of bytes.
    pub fn count(self) -> u64 {
        (self.0 + 0.5) as u64
    }
}

bounded!(
    /// Datagrams a second.
    DatagramsPerSecond, "datagrams a second", 0.0, 1_000_000.0
);

bounded!(
    /// A difference between clocks, in milliseconds: at most a day, either way.
    ClockMilliseconds, "milliseconds of a clock", -86_400_000.0, 86_400_000.0
);

bounded!(
    /// How much faster than another a clock runs, in parts per million.
    PartsPerMillion, "parts per million", -1_000.0, 1_000.0
);

impl Default for DatagramsPerSecond {
    fn default() -> Self {
        Self::MIN
    }
}

impl Default for ClockMilliseconds {
    fn default() -> Self {
        Self::clamped(0.0)
    }
}

impl Default for PartsPerMillion {
    fn default() -> Self {
        Self::clamped(0.0)
    }
}

impl ClockMilliseconds {
    /// The same difference in whole nanoseconds.
    pub fn ns(self) -> i128 {
        libm::round(self.get() * NS_PER_MS as f64) as i128
    }
}

impl Default for MegabitsPerSecond {
    fn default() -> Self {
        Self::MIN
    }
}

impl Default for Probability {
    fn default() -> Self {
        Self::MIN
    }
}

impl Default for Milliseconds {
    fn default() -> Self {
        Self::MIN
    }
}

impl Default for PerMinute {
    fn default() -> Self {
        Self::MIN
    }
}

impl Milliseconds {
    /// The same span in whole nanoseconds.
    pub fn ns(self) -> u64 {
        ms_to_ns(self.0)
    }
}

impl RunMilliseconds {
    /// The same moment in whole nanoseconds.
    pub fn ns(self) -> u64 {
        ms_to_ns(self.0)
    }
}

/// Milliseconds to the nearest nanosecond; negative and NaN become 0.
pub(crate) fn ms_to_ns(ms: f64) -> u64 {
    // A float-to-integer `as` saturates and maps NaN to 0; adding a half rounds, as the value is never negative.
    (ms * NS_PER_MS as f64 + 0.5) as u64
}

/// How many copies one packet may get at most: 1 to 16.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Repeats(u32);

impl Repeats {
    /// One copy.
    pub const ONE: Self = Self(1);

    /// The number, if it is 1 to 16.
    pub fn new(count: u32) -> Result<Self, OutOfRange> {
        if (1..=16).contains(&count) {
            Ok(Self(count))
        } else {
            Err(OutOfRange::Value {
                what: "repeats",
                value: f64::from(count),
                min: 1.0,
                max: 16.0,
            })
        }
    }

    /// The plain number.
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl Default for Repeats {
    fn default() -> Self {
        Self::ONE
    }
}

impl TryFrom<u32> for Repeats {
    type Error = OutOfRange;
    fn try_from(count: u32) -> Result<Self, OutOfRange> {
        Self::new(count)
    }
}

impl From<Repeats> for u32 {
    fn from(count: Repeats) -> u32 {
        count.0
    }
}

/// Declares a range of bounded numbers, written as a pair: `(20, 400)`; the crate that uses it needs serde.
#[macro_export]
macro_rules! range {
    ($(#[$doc:meta])* $name:ident, $of:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, ::serde::Serialize, ::serde::Deserialize)]
        #[serde(try_from = "(f64, f64)", into = "(f64, f64)")]
        pub struct $name {
            from: $of,
            to: $of,
        }

        impl $name {
            /// The range, if both ends are allowed values in ascending order.
            pub fn new(from: f64, to: f64) -> Result<Self, $crate::units::OutOfRange> {
                let range = Self { from: $of::new(from)?, to: $of::new(to)? };
                if from <= to { Ok(range) } else { Err($crate::units::OutOfRange::Backwards { from, to }) }
            }

            /// Least value.
            pub const fn from(self) -> $of {
                self.from
            }

            /// Greatest value.
            pub const fn to(self) -> $of {
                self.to
            }

            /// The value a share (0 to 1) of the way from the least to the greatest.
            pub fn at(self, share: f64) -> $of {
                $of::clamped(self.from.get() + (self.to.get() - self.from.get()) * share)
            }
        }

        impl TryFrom<(f64, f64)> for $name {
            type Error = $crate::units::OutOfRange;
            fn try_from((from, to): (f64, f64)) -> Result<Self, $crate::units::OutOfRange> {
                Self::new(from, to)
            }
        }

        impl From<$name> for (f64, f64) {
            fn from(range: $name) -> (f64, f64) {
                (range.from.get(), range.to.get())
            }
        }
    };
}

range!(
    /// From one number of datagrams a second to another.
    DatagramsRange, DatagramsPerSecond
);

range!(
    /// From one difference of clocks to another.
    ClockMillisecondsRange, ClockMilliseconds
);

range!(
    /// From one drift to another.
    PartsPerMillionRange, PartsPerMillion
);

range!(
    /// From one number of milliseconds to another.
    MillisecondsRange, Milliseconds
);

range!(
    /// From one probability to another.
    ProbabilityRange, Probability
);

range!(
    /// From one rate of transmission to another.
    MegabitsRange, MegabitsPerSecond
);
