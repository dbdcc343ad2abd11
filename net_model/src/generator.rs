//! From rates to faults: a scenario says how often trouble comes; a seed says when. The result is explicit
//! data, the same as a person could have written.

use serde::{Deserialize, Serialize};

use crate::fault::{Fault, FaultKind, FaultSchedule, WhichDirections, WhichPaths};
use crate::random::Stream;
use crate::units::{
    Milliseconds, MillisecondsRange, PerMinute, Probability, ProbabilityRange, RunMilliseconds,
};

/// How often each kind of trouble comes, and how bad it is. Each kind is a Poisson process with a stream
/// of its own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FaultGenerator {
    /// One path is cut; which one is a coin's choice.
    pub outages: Spells,
    /// Both paths are cut together: a common cause.
    pub common_outages: Spells,
    /// A path stalls, then lets everything out in a burst.
    pub clogs: CommonSpells,
    /// The delay of both paths rises and falls together: congestion behind a shared point.
    pub brown_outs: BrownOuts,
    /// The route of one path changes to a longer one for a while.
    pub route_steps: RouteSteps,
    /// One path loses many packets for a while.
    pub loss_storms: Storms,
    /// One path repeats many packets for a while.
    pub duplicate_storms: Storms,
}

/// Spells of trouble.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Spells {
    /// How often, on average.
    pub per_minute: PerMinute,
    /// How long each lasts.
    pub for_ms: MillisecondsRange,
}

/// Spells that may strike both paths at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CommonSpells {
    /// How often, on average.
    pub per_minute: PerMinute,
    /// How long each lasts.
    pub for_ms: MillisecondsRange,
    /// Chance that one strikes both paths.
    pub common: Probability,
}

/// Spells in which the delay of both paths rises.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BrownOuts {
    /// How often, on average.
    pub per_minute: PerMinute,
    /// How long each lasts, ramps included.
    pub for_ms: MillisecondsRange,
    /// By how much the delay rises.
    pub delay_ms: MillisecondsRange,
    /// How long the rise and the fall take, at least 1 ms.
    pub ramp_ms: MillisecondsRange,
}

/// Spells in which one path is longer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RouteSteps {
    /// How often, on average.
    pub per_minute: PerMinute,
    /// How long each lasts.
    pub for_ms: MillisecondsRange,
    /// By how much the path is longer.
    pub delay_ms: MillisecondsRange,
}

/// Spells of chance trouble.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Storms {
    /// How often, on average.
    pub per_minute: PerMinute,
    /// How long each lasts.
    pub for_ms: MillisecondsRange,
    /// How likely each packet is struck.
    pub probability: ProbabilityRange,
    /// How long after the original a repeated packet comes.
    pub delay_ms: MillisecondsRange,
}

impl FaultGenerator {
    /// The faults of one run, in order of time; in a run of more than a day, those of the first.
    pub fn generate(&self, seed: u64, horizon_ns: u64) -> FaultSchedule {
        let mut faults = Vec::new();
        let mut add = |name: &str, rate: PerMinute, draw: &dyn Fn(&mut Stream, f64) -> Fault| {
            let mut stream = Stream::new(seed, &format!("faults/{name}"));
            for at_ms in arrivals_ms(&mut stream, rate, horizon_ns) {
                faults.push(draw(&mut stream, at_ms));
            }
        };
        let spells = self.outages;
        add("outages", spells.per_minute, &|stream, at_ms| {
            let paths = either_path(stream);
            spell(stream, at_ms, spells.for_ms, paths, FaultKind::Outage)
        });
        let spells = self.common_outages;
        add("common outages", spells.per_minute, &|stream, at_ms| {
            spell(
                stream,
                at_ms,
                spells.for_ms,
                WhichPaths::Both,
                FaultKind::Outage,
            )
        });
        let spells = self.clogs;
        add("clogs", spells.per_minute, &|stream, at_ms| {
            let is_common = stream.uniform() < spells.common.get();
            let one = either_path(stream);
            let paths = if is_common { WhichPaths::Both } else { one };
            spell(stream, at_ms, spells.for_ms, paths, FaultKind::Clog)
        });
        let spells = self.brown_outs;
        add("brown-outs", spells.per_minute, &|stream, at_ms| {
            let ms = spells.delay_ms.at(stream.uniform());
            let ramp_ms = Milliseconds::clamped(spells.ramp_ms.at(stream.uniform()).get().max(1.0));
            let kind = FaultKind::AddDelay { ms, ramp_ms };
            spell(stream, at_ms, spells.for_ms, WhichPaths::Both, kind)
        });
        let spells = self.route_steps;
        add("route steps", spells.per_minute, &|stream, at_ms| {
            let ms = spells.delay_ms.at(stream.uniform());
            let kind = FaultKind::AddDelay {
                ms,
                ramp_ms: Milliseconds::MIN,
            };
            let paths = either_path(stream);
            spell(stream, at_ms, spells.for_ms, paths, kind)
        });
        let spells = self.loss_storms;
        add("loss storms", spells.per_minute, &|stream, at_ms| {
            let probability = spells.probability.at(stream.uniform());
            let paths = either_path(stream);
            spell(
                stream,
                at_ms,
                spells.for_ms,
                paths,
                FaultKind::Loss { probability },
            )
        });
        let spells = self.duplicate_storms;
        add("duplicate storms", spells.per_minute, &|stream, at_ms| {
            let probability = spells.probability.at(stream.uniform());
            let delay_ms = spells.delay_ms.at(stream.uniform());
            let kind = FaultKind::Duplicate {
                probability,
                delay_ms,
            };
            let paths = either_path(stream);
            spell(stream, at_ms, spells.for_ms, paths, kind)
        });
        // A beginning in the last half of a microsecond is rounded up, to after the end.
        faults.retain(|fault| fault.at_ms.ns() < horizon_ns);
        // Stable, so that faults of one moment stay in the order of their kinds.
        faults.sort_by(|a: &Fault, b: &Fault| a.at_ms.get().total_cmp(&b.at_ms.get()));
        FaultSchedule {
            faults,
            ..FaultSchedule::default()
        }
    }
}

/// When the spells of one kind begin, ms: all of them are drawn before any of their properties, so that a
/// changed range moves no beginning.
fn arrivals_ms(stream: &mut Stream, rate: PerMinute, horizon_ns: u64) -> Vec<f64> {
    let horizon_ms = (horizon_ns as f64 * 1e-6).min(RunMilliseconds::MAX.get());
    let mut arrivals = Vec::new();
    if rate.get() > 0.0 {
        let mean_gap_ms = 60_000.0 / rate.get();
        let mut at_ms = stream.exponential() * mean_gap_ms;
        while at_ms < horizon_ms {
            arrivals.push(at_ms);
            at_ms += stream.exponential() * mean_gap_ms;
        }
    }
    arrivals
}

fn either_path(stream: &mut Stream) -> WhichPaths {
    if stream.uniform() < 0.5 {
        WhichPaths::A
    } else {
        WhichPaths::B
    }
}

fn spell(
    stream: &mut Stream,
    at_ms: f64,
    for_ms: MillisecondsRange,
    paths: WhichPaths,
    kind: FaultKind,
) -> Fault {
    // Whole microseconds: a fault file stays readable, and reads back as the same fault.
    let rounded = |ms: f64| libm::rint(ms * 1e3) / 1e3;
    Fault {
        at_ms: RunMilliseconds::clamped(rounded(at_ms)),
        for_ms: RunMilliseconds::clamped(rounded(for_ms.at(stream.uniform()).get())),
        paths,
        direction: WhichDirections::Both,
        kind,
    }
}
