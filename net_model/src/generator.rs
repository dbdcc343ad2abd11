//! From rates to faults: a scenario says how often trouble comes; a seed says when. The result is explicit
//! data, the same as a person could have written.

use serde::{Deserialize, Serialize};

use crate::fault::{Fault, FaultKind, FaultSchedule, WhichDirections, WhichPaths};
use crate::random::Stream;
use crate::units::{
    MegabitsRange, Milliseconds, MillisecondsRange, PerMinute, Probability, ProbabilityRange,
    RunMilliseconds, Sojourn,
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
    /// One path is cut in one direction only.
    pub one_way_outages: Spells,
    /// One path goes and comes again and again for a while.
    pub flaps: Flaps,
    /// One path goes over to a longer way for a while, with a gap each time: a fallback from 5G to 4G, maintenance.
    pub switches: Switches,
    /// The delay of one path creeps up, for good.
    pub drifts: Drifts,
    /// More traffic at the bottleneck of one path for a while.
    pub congestions: Congestions,
    /// Causes that both paths share.
    pub shared_risks: Vec<SharedRisk>,
    /// Outages that follow one another for the whole run.
    pub outage_cycles: Vec<OutageCycle>,
    /// Faults that come in every run, whatever the seed.
    pub planned: Vec<Fault>,
}

/// Spells in which one path goes and comes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Flaps {
    /// How often, on average.
    pub per_minute: PerMinute,
    /// How long each lasts.
    pub for_ms: MillisecondsRange,
    /// How long the path is down each time.
    pub down_ms: MillisecondsRange,
    /// How long it is up each time.
    pub up_ms: MillisecondsRange,
}

/// Spells in which one path takes another way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Switches {
    /// How often, on average.
    pub per_minute: PerMinute,
    /// How long each lasts, gaps included.
    pub for_ms: MillisecondsRange,
    /// How long nothing passes when it goes over, and again when it goes back.
    pub gap_ms: MillisecondsRange,
    /// How much longer the other way is.
    pub delay_ms: MillisecondsRange,
    /// Mean of the other way's jitter.
    pub jitter_mean_ms: MillisecondsRange,
}

/// Slow changes of the delay of one path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Drifts {
    /// How often one begins, on average.
    pub per_minute: PerMinute,
    /// How long it takes.
    pub for_ms: MillisecondsRange,
    /// By how much the path is longer in the end.
    pub delay_ms: MillisecondsRange,
}

/// Spells in which the bottleneck of one path has more to carry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Congestions {
    /// How often, on average.
    pub per_minute: PerMinute,
    /// How long each lasts.
    pub for_ms: MillisecondsRange,
    /// How much more.
    pub rate_mbit_s: MegabitsRange,
    /// In which direction.
    pub direction: WhichDirections,
}

/// A cause that both paths share: a cable station, a land crossing, the last mile.
///
/// Each path is struck `per_minute` times whatever the correlation is; a share `correlation` of these strikes is common.
/// So it is the chance that a strike on one path strikes the other as well, and also the correlation of the numbers of
/// strikes on the two paths. 0: independent; 1: always together. (Measured for packet losses on paths through one and
/// through two ways: 0.6, against 0.7 on one and the same; Andersen et al., IMC 2003.)
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SharedRisk {
    /// What it is; names its stream, so that another one moves none of its strikes.
    pub name: String,
    /// How often each path is struck, on average.
    pub per_minute: PerMinute,
    /// How long each strike lasts; on both paths alike.
    pub for_ms: MillisecondsRange,
    /// Share of the strikes on a path that strike the other as well.
    pub correlation: Probability,
    /// How much later a common strike reaches the second path.
    #[serde(default)]
    pub lag_ms: MillisecondsRange,
    /// Which way.
    #[serde(default)]
    pub direction: WhichDirections,
    /// What a strike does.
    pub effect: FaultKind,
}

/// Outages that follow one another: NetFI's communication loss model.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutageCycle {
    /// Where.
    pub paths: WhichPaths,
    /// Which way.
    #[serde(default)]
    pub direction: WhichDirections,
    /// Length of an outage.
    pub outage_ms: MillisecondsRange,
    /// Time from the end of one to the beginning of the next.
    pub connected_ms: MillisecondsRange,
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
    /// Whether what comes later is independent of what came before: a Poisson process has no memory, a cycle of outages
    /// and a strike that reaches the second path later have one.
    pub fn is_memoryless(&self) -> bool {
        self.outage_cycles.is_empty() && self.shared_risks.is_empty()
    }

    /// The faults of one run, in order of time; in a run of more than a day, those of the first.
    pub fn generate(&self, seed: u64, horizon_ns: u64) -> FaultSchedule {
        let mut faults = Vec::new();
        let mut add = |name: &str, rate: PerMinute, draw: &dyn Fn(&mut Stream, f64) -> Fault| {
            let mut stream = Stream::new(seed, &format!("faults/{name}"));
            for at_ms in arrivals_ms(&mut stream, rate.get(), horizon_ns) {
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
        let spells = self.one_way_outages;
        add("one-way outages", spells.per_minute, &|stream, at_ms| {
            let paths = either_path(stream);
            let direction = if stream.uniform() < 0.5 {
                WhichDirections::Up
            } else {
                WhichDirections::Down
            };
            Fault {
                direction,
                ..spell(stream, at_ms, spells.for_ms, paths, FaultKind::Outage)
            }
        });
        let spells = self.flaps;
        add("flaps", spells.per_minute, &|stream, at_ms| {
            let stay = |range: MillisecondsRange, share| Sojourn::clamped(range.at(share).get());
            let kind = FaultKind::Flap {
                down_ms: stay(spells.down_ms, stream.uniform()),
                up_ms: stay(spells.up_ms, stream.uniform()),
            };
            let paths = either_path(stream);
            spell(stream, at_ms, spells.for_ms, paths, kind)
        });
        let spells = self.switches;
        add("switches", spells.per_minute, &|stream, at_ms| {
            let kind = FaultKind::Switch {
                gap_ms: spells.gap_ms.at(stream.uniform()),
                delay_ms: spells.delay_ms.at(stream.uniform()),
                jitter_mean_ms: spells.jitter_mean_ms.at(stream.uniform()),
            };
            let paths = either_path(stream);
            spell(stream, at_ms, spells.for_ms, paths, kind)
        });
        let spells = self.drifts;
        add("drifts", spells.per_minute, &|stream, at_ms| {
            let ms = spells.delay_ms.at(stream.uniform());
            let paths = either_path(stream);
            spell(stream, at_ms, spells.for_ms, paths, FaultKind::Drift { ms })
        });
        let spells = self.congestions;
        add("congestions", spells.per_minute, &|stream, at_ms| {
            let rate_mbit_s = spells.rate_mbit_s.at(stream.uniform());
            let paths = either_path(stream);
            let kind = FaultKind::Congestion { rate_mbit_s };
            Fault {
                direction: spells.direction,
                ..spell(stream, at_ms, spells.for_ms, paths, kind)
            }
        });
        for (index, risk) in self.shared_risks.iter().enumerate() {
            // Of two of one name each is numbered, or they would strike as one.
            let twins = self.shared_risks[..index].iter();
            let twins = twins.filter(|other| other.name == risk.name).count();
            let stream = Stream::new(seed, &format!("faults/shared/{}/{twins}", risk.name));
            risk.strikes(stream, horizon_ns, &mut faults);
        }
        for (index, cycle) in self.outage_cycles.iter().enumerate() {
            let stream = Stream::new(seed, &format!("faults/outage cycle/{index}"));
            cycle.outages(stream, horizon_ns, &mut faults);
        }
        faults.extend(&self.planned);
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
pub(crate) fn arrivals_ms(stream: &mut Stream, per_minute: f64, horizon_ns: u64) -> Vec<f64> {
    let horizon_ms = horizon_ms(horizon_ns);
    let mut arrivals = Vec::new();
    if per_minute > 0.0 {
        let mean_gap_ms = 60_000.0 / per_minute;
        let mut at_ms = stream.exponential() * mean_gap_ms;
        while at_ms < horizon_ms {
            arrivals.push(at_ms);
            at_ms += stream.exponential() * mean_gap_ms;
        }
    }
    arrivals
}

impl SharedRisk {
    fn strikes(&self, mut stream: Stream, horizon_ns: u64, faults: &mut Vec<Fault>) {
        let correlation = self.correlation.get();
        // Strikes of one path alone: 1 - q on each; of both: q.
        let per_minute = self.per_minute.get() * (2.0 - correlation);
        for at_ms in arrivals_ms(&mut stream, per_minute, horizon_ns) {
            let is_common = stream.uniform() < correlation / (2.0 - correlation);
            let first = either_path(&mut stream);
            let lag_ms = self.lag_ms.at(stream.uniform()).get();
            let strike = Fault {
                direction: self.direction,
                ..spell(&mut stream, at_ms, self.for_ms, first, self.effect)
            };
            let second = match first {
                WhichPaths::B => WhichPaths::A,
                _ => WhichPaths::B,
            };
            if !is_common {
                faults.push(strike);
            } else if lag_ms == 0.0 {
                faults.push(Fault {
                    paths: WhichPaths::Both,
                    ..strike
                });
            } else {
                faults.push(strike);
                faults.push(Fault {
                    paths: second,
                    at_ms: RunMilliseconds::clamped(rounded(strike.at_ms.get() + lag_ms)),
                    ..strike
                });
            }
        }
    }
}

/// Outages begin no oftener than any other fault may: 600 times a minute.
const SHORTEST_CYCLE_MS: f64 = 100.0;

impl OutageCycle {
    fn outages(&self, mut stream: Stream, horizon_ns: u64, faults: &mut Vec<Fault>) {
        let horizon_ms = horizon_ms(horizon_ns);
        // The run begins somewhere in the time between two outages.
        let mut at_ms = stream.uniform() * self.connected_ms.at(stream.uniform()).get();
        while at_ms < horizon_ms {
            let kind = FaultKind::Outage;
            let fault = Fault {
                direction: self.direction,
                ..spell(&mut stream, at_ms, self.outage_ms, self.paths, kind)
            };
            faults.push(fault);
            let connected_ms = self.connected_ms.at(stream.uniform()).get();
            at_ms += (fault.for_ms.get() + connected_ms).max(SHORTEST_CYCLE_MS);
        }
    }
}

/// How much of a run gets faults, ms.
fn horizon_ms(horizon_ns: u64) -> f64 {
    (horizon_ns as f64 * 1e-6).min(RunMilliseconds::MAX.get())
}

/// To whole microseconds: a fault file stays readable, and reads back as the same fault.
pub(crate) fn rounded(ms: f64) -> f64 {
    libm::rint(ms * 1e3) / 1e3
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
    Fault {
        at_ms: RunMilliseconds::clamped(rounded(at_ms)),
        for_ms: RunMilliseconds::clamped(rounded(for_ms.at(stream.uniform()).get())),
        paths,
        direction: WhichDirections::Both,
        kind,
    }
}
