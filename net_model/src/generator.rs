//! From rates to explicit faults: "an outage of 20 to 400 ms, twice in a minute" becomes a list of outages.
//!
//! Each source has its own random stream, so that switching one on moves none of the others. What a source strikes
//! (one path or both, one direction or both) is fixed by its kind and stated at its field; lengths and sizes are
//! uniform in their ranges. These are assumptions of the model, not measurements.

use serde::{Deserialize, Serialize};

use crate::fault::{Fault, FaultKind, FaultSchedule, WhichDirections, WhichPaths};
use crate::random::Stream;
use crate::units::{
    Milliseconds, MillisecondsRange, PerMinute, ProbabilityRange, RunMilliseconds,
};
use crate::{NS_PER_MS, Path};

/// How often each kind of trouble starts, and how bad it gets. A kind left out never happens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FaultGenerator {
    /// One path is cut, both ways.
    pub outage: Spells,
    /// Both paths are cut, both ways, by a common cause (a shared duct, a building's power).
    pub joint_outage: Spells,
    /// One path stalls, one way or both, and then delivers in a burst.
    pub clog: Spells,
    /// Both paths slow down together, both ways, and recover: a common cause, such as load in a shared region.
    pub brown_out: Swells,
    /// One path takes a longer route, both ways, and later returns: a step up and a step down.
    pub route_step: Steps,
    /// One path loses packets, one way or both.
    pub loss_storm: LossStorms,
    /// One path duplicates packets, one way or both.
    pub duplicate_storm: DuplicateStorms,
}

/// Spells that have only a length.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spells {
    /// How many start in a minute, on average.
    pub per_minute: PerMinute,
    /// Length, in ms.
    pub for_ms: MillisecondsRange,
}

/// Delays that swell and ebb.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Swells {
    /// How many start in a minute, on average.
    pub per_minute: PerMinute,
    /// Length with both ramps, in ms.
    pub for_ms: MillisecondsRange,
    /// Added one-way delay at the height, in ms.
    pub add_ms: MillisecondsRange,
    /// Length of the rise, and of the fall, in ms.
    pub ramp_ms: MillisecondsRange,
}

/// Delays that step up and, at the end, down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Steps {
    /// How many start in a minute, on average.
    pub per_minute: PerMinute,
    /// Time on the longer route, in ms.
    pub for_ms: MillisecondsRange,
    /// Added one-way delay, in ms.
    pub add_ms: MillisecondsRange,
}

/// Spells of loss.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LossStorms {
    /// How many start in a minute, on average.
    pub per_minute: PerMinute,
    /// Length, in ms.
    pub for_ms: MillisecondsRange,
    /// Chance of loss of each packet.
    pub probability: ProbabilityRange,
}

/// Spells of duplication.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DuplicateStorms {
    /// How many start in a minute, on average.
    pub per_minute: PerMinute,
    /// Length, in ms.
    pub for_ms: MillisecondsRange,
    /// Chance of a copy of each packet.
    pub probability: ProbabilityRange,
    /// How long after the original the copy comes, in ms.
    pub delay_ms: MillisecondsRange,
}

impl FaultGenerator {
    /// The faults of one run: those that start before `horizon_ns` (at most a day).
    pub fn generate(&self, seed: u64, horizon_ns: u64) -> FaultSchedule {
        let mut faults = Vec::new();
        let mut source = |name: &str, per_minute: PerMinute, make: &dyn Fn(&mut Stream) -> Spell| {
            let mut stream = Stream::new(seed, name);
            for at_ms in starts(&mut stream, per_minute, horizon_ns) {
                let Spell { for_ms, paths, direction, kind } = make(&mut stream);
                faults.push(Fault { at_ms, for_ms, paths, direction, kind });
            }
        };

        source("faults.outage", self.outage.per_minute, &|stream| Spell {
            for_ms: length(stream, self.outage.for_ms),
            paths: one_path(stream),
            direction: WhichDirections::Both,
            kind: FaultKind::Outage,
        });
        source("faults.joint_outage", self.joint_outage.per_minute, &|stream| Spell {
            for_ms: length(stream, self.joint_outage.for_ms),
            paths: WhichPaths::Both,
            direction: WhichDirections::Both,
            kind: FaultKind::Outage,
        });
        source("faults.clog", self.clog.per_minute, &|stream| Spell {
            for_ms: length(stream, self.clog.for_ms),
            paths: one_path(stream),
            direction: some_direction(stream),
            kind: FaultKind::Clog,
        });
        source("faults.brown_out", self.brown_out.per_minute, &|stream| Spell {
            for_ms: length(stream, self.brown_out.for_ms),
            paths: WhichPaths::Both,
            direction: WhichDirections::Both,
            kind: FaultKind::AddDelay {
                ms: size(stream, self.brown_out.add_ms),
                ramp_ms: size(stream, self.brown_out.ramp_ms),
            },
        });
        source("faults.route_step", self.route_step.per_minute, &|stream| Spell {
            for_ms: length(stream, self.route_step.for_ms),
            paths: one_path(stream),
            direction: WhichDirections::Both,
            kind: FaultKind::AddDelay {
                ms: size(stream, self.route_step.add_ms),
                ramp_ms: Milliseconds::default(),
            },
        });
        source("faults.loss_storm", self.loss_storm.per_minute, &|stream| Spell {
            for_ms: length(stream, self.loss_storm.for_ms),
            paths: one_path(stream),
            direction: some_direction(stream),
            kind: FaultKind::Loss { probability: self.loss_storm.probability.at(stream.uniform()) },
        });
        source("faults.duplicate_storm", self.duplicate_storm.per_minute, &|stream| Spell {
            for_ms: length(stream, self.duplicate_storm.for_ms),
            paths: one_path(stream),
            direction: some_direction(stream),
            kind: FaultKind::Duplicate {
                probability: self.duplicate_storm.probability.at(stream.uniform()),
                delay_ms: size(stream, self.duplicate_storm.delay_ms),
            },
        });

        FaultSchedule { faults, packets: Vec::new() }
    }
}

/// A fault without its start.
struct Spell {
    for_ms: RunMilliseconds,
    paths: WhichPaths,
    direction: WhichDirections,
    kind: FaultKind,
}

/// The starts of a Poisson process. A process that is off draws nothing.
fn starts(
    stream: &mut Stream,
    per_minute: PerMinute,
    horizon_ns: u64,
) -> impl Iterator<Item = RunMilliseconds> + use<> {
    const MS_PER_MINUTE: f64 = 60_000.0;
    let horizon_ms = (horizon_ns as f64 / NS_PER_MS as f64).min(RunMilliseconds::MAX.get());
    let mut at_ms = Vec::new();
    if per_minute.get() > 0.0 {
        let mut ms = 0.0;
        loop {
            ms += stream.exponential() * MS_PER_MINUTE / per_minute.get();
            if ms >= horizon_ms {
                break;
            }
            at_ms.push(RunMilliseconds::clamped(to_microsecond(ms)));
        }
    }
    at_ms.into_iter()
}

/// Whole microseconds, so that a written schedule is short to read.
fn to_microsecond(ms: f64) -> f64 {
    libm::round(ms * 1_000.0) / 1_000.0
}

fn length(stream: &mut Stream, range: MillisecondsRange) -> RunMilliseconds {
    RunMilliseconds::clamped(to_microsecond(range.at(stream.uniform()).get()))
}

fn size(stream: &mut Stream, range: MillisecondsRange) -> Milliseconds {
    Milliseconds::clamped(to_microsecond(range.at(stream.uniform()).get()))
}

fn one_path(stream: &mut Stream) -> WhichPaths {
    if stream.below(2) == 0 { Path::A.into() } else { Path::B.into() }
}

fn some_direction(stream: &mut Stream) -> WhichDirections {
    match stream.below(3) {
        0 => WhichDirections::Up,
        1 => WhichDirections::Down,
        _ => WhichDirections::Both,
    }
}
