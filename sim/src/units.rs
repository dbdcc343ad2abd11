//! Numbers of a scenario with a range and a unit: a value outside its range is refused while the file
//! is being read, with its line and column.

use net_model::{bounded, range};

bounded!(
    /// A span of a person's action, or of a run, in seconds; at most a day.
    Seconds, "seconds", 0.0, 86_400.0
);

bounded!(
    /// How long a run lasts, in seconds: at least 10 ms, at most a day.
    RunSeconds, "run duration in seconds", 0.01, 86_400.0
);

bounded!(
    /// A length of a hand's motion, in millimetres.
    Millimetres, "millimetres", 0.0, 1_000.0
);

bounded!(
    /// A length of a tremor, in micrometres.
    Micrometres, "micrometres", 0.0, 10_000.0
);

bounded!(
    /// A coordinate in the operating theatre, in metres.
    Metres, "coordinate in metres", -5.0, 5.0
);

bounded!(
    /// An angle, in degrees.
    Degrees, "degrees", -180.0, 180.0
);

bounded!(
    /// The opening of a jaw, in radians.
    JawRadians, "jaw opening in radians", -1.0, 2.0
);

bounded!(
    /// A frequency, in hertz.
    Hertz, "hertz", 0.01, 1_000.0
);

bounded!(
    /// A speed, in millimetres a second.
    MillimetresPerSecond, "millimetres a second", 0.001, 1_000.0
);

bounded!(
    /// Instrument motion over hand motion.
    MotionScale, "motion scale", 0.01, 1.0
);

range!(
    /// From one number of seconds to another.
    SecondsRange, Seconds
);

range!(
    /// From one jaw opening to another.
    JawRange, JawRadians
);

range!(
    /// From one frequency to another.
    HertzRange, Hertz
);

impl Default for Hertz {
    fn default() -> Self {
        Self::MIN
    }
}

impl Default for JawRadians {
    fn default() -> Self {
        Self::clamped(0.0)
    }
}

impl Seconds {
    /// The same span in whole nanoseconds.
    pub fn ns(self) -> u64 {
        (self.get() * 1e9) as u64
    }
}

impl RunSeconds {
    /// The same span in whole nanoseconds.
    pub fn ns(self) -> u64 {
        (self.get() * 1e9) as u64
    }
}

impl Default for Seconds {
    fn default() -> Self {
        Self::MIN
    }
}
