//! What an attacker does who sits on the paths, and when: explicit data, as faults are. Who carries it out is the
//! twin's `adversary`; the attacker sees and sends datagrams and never has a key.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::fault::{WhichDirections, WhichPaths};
use crate::random::Stream;
use crate::units::{
    DatagramsPerSecond, DatagramsRange, Milliseconds, MillisecondsRange, PerMinute, Probability,
    ProbabilityRange, RunMilliseconds,
};

/// One attack: from `at_ms` on, for `for_ms` (the end is not part of it).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attack {
    /// Start, in ms of the run.
    pub at_ms: RunMilliseconds,
    /// Length, in ms.
    pub for_ms: RunMilliseconds,
    /// Where.
    pub paths: WhichPaths,
    /// Which way.
    #[serde(default)]
    pub direction: WhichDirections,
    /// What.
    pub kind: AttackKind,
}

/// What an attack does to what comes out of a path.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum AttackKind {
    /// Everything that came out so long ago comes out again.
    Replay {
        /// How long ago, in ms.
        back_ms: Milliseconds,
    },
    /// All that was captured so far comes out again, spread evenly over the attack.
    Recording,
    /// Frames of random bytes behind a proper header: the present epoch, and numbers that lead the console's.
    Forge {
        /// How many a second.
        per_second: DatagramsPerSecond,
    },
    /// One bit of a frame is another.
    FlipBit {
        /// Chance for each frame.
        probability: Probability,
    },
    /// A frame is cut short.
    Truncate {
        /// Chance for each frame.
        probability: Probability,
    },
    /// What passes the other way comes out this way too: as it is, and disguised as a frame of this way.
    Reflect,
    /// The newest captured frame, again and again, under numbers that lead the console's: the most work to refuse.
    Flood {
        /// How many a second.
        per_second: DatagramsPerSecond,
    },
    /// Frames are held back.
    Delay {
        /// Chance for each frame.
        probability: Probability,
        /// How long, in ms.
        ms: Milliseconds,
    },
    /// What comes by one path comes out at the other.
    Swap,
    /// Nothing comes out.
    Block,
}

/// How often each attack comes, and how bad it is: each kind is a Poisson process with a stream of its own, on path A, on
/// path B or on both with equal chances.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AttackGenerator {
    /// What was captured comes again, in its own time.
    pub replays: Replays,
    /// All that was captured comes again at once.
    pub recordings: Attempts,
    /// Random bytes behind a proper header.
    pub forgeries: Salvos,
    /// Flipped bits.
    pub flips: Alterations,
    /// Frames cut short.
    pub truncations: Alterations,
    /// Frames of the other way.
    pub reflections: Attempts,
    /// More than anybody can read; towards the robot only.
    pub floods: Salvos,
    /// Frames held back.
    pub delays: Delays,
    /// The two paths exchanged.
    pub swaps: Attempts,
    /// Nothing passes from early in the run on, on both paths and both ways.
    pub siege: Siege,
}

/// Attacks without a strength.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Attempts {
    /// How often, on average.
    pub per_minute: PerMinute,
    /// How long each lasts.
    pub for_ms: MillisecondsRange,
}

/// Replays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Replays {
    /// How often, on average.
    pub per_minute: PerMinute,
    /// How long each lasts.
    pub for_ms: MillisecondsRange,
    /// How long ago what is replayed was captured.
    pub back_ms: MillisecondsRange,
}

/// Attacks of so many datagrams a second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Salvos {
    /// How often, on average.
    pub per_minute: PerMinute,
    /// How long each lasts.
    pub for_ms: MillisecondsRange,
    /// Datagrams on each path.
    pub per_second: DatagramsRange,
}

/// Attacks that strike a share of the frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Alterations {
    /// How often, on average.
    pub per_minute: PerMinute,
    /// How long each lasts.
    pub for_ms: MillisecondsRange,
    /// How likely each frame is struck.
    pub probability: ProbabilityRange,
}

/// Attacks that hold frames back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Delays {
    /// How often, on average.
    pub per_minute: PerMinute,
    /// How long each lasts.
    pub for_ms: MillisecondsRange,
    /// How likely each frame is struck.
    pub probability: ProbabilityRange,
    /// How long it is held back.
    pub delay_ms: MillisecondsRange,
}

/// A run that begins with a siege.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Siege {
    /// Chance that a run does.
    pub probability: Probability,
    /// When it begins.
    pub at_ms: MillisecondsRange,
    /// How long it lasts.
    pub for_ms: MillisecondsRange,
}

impl AttackGenerator {
    /// The attacks of one run, in order of time.
    pub fn generate(&self, seed: u64, horizon_ns: u64) -> Vec<Attack> {
        let mut attacks = Vec::new();
        let up_and_down = WhichDirections::Both;
        let mut add = |name: &str,
                       rate: PerMinute,
                       for_ms: MillisecondsRange,
                       direction: WhichDirections,
                       draw: &dyn Fn(&mut Stream) -> AttackKind| {
            let mut stream = Stream::new(seed, &format!("attacks/{name}"));
            for at_ms in crate::generator::arrivals_ms(&mut stream, rate.get(), horizon_ns) {
                let kind = draw(&mut stream);
                attacks.push(attack(&mut stream, at_ms, for_ms, direction, kind));
            }
        };
        let it = self.replays;
        let draw = |stream: &mut Stream| AttackKind::Replay {
            back_ms: it.back_ms.at(stream.uniform()),
        };
        add("replays", it.per_minute, it.for_ms, up_and_down, &draw);
        let it = self.recordings;
        let draw = |_: &mut Stream| AttackKind::Recording;
        add("recordings", it.per_minute, it.for_ms, up_and_down, &draw);
        let it = self.forgeries;
        let draw = |stream: &mut Stream| AttackKind::Forge {
            per_second: it.per_second.at(stream.uniform()),
        };
        add("forgeries", it.per_minute, it.for_ms, up_and_down, &draw);
        let it = self.flips;
        let draw = |stream: &mut Stream| AttackKind::FlipBit {
            probability: it.probability.at(stream.uniform()),
        };
        add("flips", it.per_minute, it.for_ms, up_and_down, &draw);
        let it = self.truncations;
        let draw = |stream: &mut Stream| AttackKind::Truncate {
            probability: it.probability.at(stream.uniform()),
        };
        add("truncations", it.per_minute, it.for_ms, up_and_down, &draw);
        let it = self.reflections;
        let draw = |_: &mut Stream| AttackKind::Reflect;
        add("reflections", it.per_minute, it.for_ms, up_and_down, &draw);
        let it = self.floods;
        let draw = |stream: &mut Stream| AttackKind::Flood {
            per_second: it.per_second.at(stream.uniform()),
        };
        add(
            "floods",
            it.per_minute,
            it.for_ms,
            WhichDirections::Up,
            &draw,
        );
        let it = self.delays;
        let draw = |stream: &mut Stream| AttackKind::Delay {
            probability: it.probability.at(stream.uniform()),
            ms: it.delay_ms.at(stream.uniform()),
        };
        add("delays", it.per_minute, it.for_ms, up_and_down, &draw);
        let it = self.swaps;
        let draw = |_: &mut Stream| AttackKind::Swap;
        add("swaps", it.per_minute, it.for_ms, up_and_down, &draw);
        attacks.extend(self.siege.draw(seed));
        // A beginning in the last half of a microsecond is rounded up, to after the end.
        attacks.retain(|attack| attack.at_ms.ns() < horizon_ns);
        // Stable, so that attacks of one moment stay in the order of their kinds.
        attacks.sort_by(|a, b| a.at_ms.get().total_cmp(&b.at_ms.get()));
        attacks
    }
}

impl Siege {
    fn draw(&self, seed: u64) -> Option<Attack> {
        let mut stream = Stream::new(seed, "attacks/siege");
        if stream.uniform() >= self.probability.get() {
            return None;
        }
        let at_ms = self.at_ms.at(stream.uniform()).get();
        let siege = attack(
            &mut stream,
            at_ms,
            self.for_ms,
            WhichDirections::Both,
            AttackKind::Block,
        );
        Some(Attack {
            paths: WhichPaths::Both,
            ..siege
        })
    }
}

fn attack(
    stream: &mut Stream,
    at_ms: f64,
    for_ms: MillisecondsRange,
    direction: WhichDirections,
    kind: AttackKind,
) -> Attack {
    use crate::generator::rounded;
    let paths = match stream.below(3) {
        0 => WhichPaths::A,
        1 => WhichPaths::B,
        _ => WhichPaths::Both,
    };
    Attack {
        at_ms: RunMilliseconds::clamped(rounded(at_ms)),
        for_ms: RunMilliseconds::clamped(rounded(for_ms.at(stream.uniform()).get())),
        paths,
        direction,
        kind,
    }
}

impl fmt::Display for Attack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "attack: {} on {}{} for {:.1} ms",
            self.kind,
            self.paths,
            self.direction,
            self.for_ms.get()
        )
    }
}

impl fmt::Display for AttackKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Replay { back_ms } => write!(f, "replay of {:.1} ms ago", back_ms.get()),
            Self::Recording => f.write_str("replay of all that was captured"),
            Self::Forge { per_second } => write!(f, "{:.0} forgeries a second", per_second.get()),
            Self::FlipBit { probability } => write!(f, "flipped bits, {:.3}", probability.get()),
            Self::Truncate { probability } => {
                write!(f, "truncated frames, {:.3}", probability.get())
            }
            Self::Reflect => f.write_str("reflection"),
            Self::Flood { per_second } => {
                write!(f, "flood of {:.0} a second", per_second.get())
            }
            Self::Delay { probability, ms } => {
                write!(f, "{:.1} ms of delay, {:.3}", ms.get(), probability.get())
            }
            Self::Swap => f.write_str("swap of the paths"),
            Self::Block => f.write_str("siege"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn busy() -> AttackGenerator {
        ron::from_str(
            "(
                replays: (per_minute: 60, for_ms: (100, 200), back_ms: (1000, 9000)),
                recordings: (per_minute: 60, for_ms: (10, 20)),
                forgeries: (per_minute: 60, for_ms: (10, 20), per_second: (10, 1000)),
                flips: (per_minute: 60, for_ms: (10, 20), probability: (0.1, 1)),
                truncations: (per_minute: 60, for_ms: (10, 20), probability: (0.1, 1)),
                reflections: (per_minute: 60, for_ms: (10, 20)),
                floods: (per_minute: 60, for_ms: (10, 20), per_second: (10000, 400000)),
                delays: (per_minute: 60, for_ms: (10, 20), probability: (1, 1), delay_ms: (5, 900)),
                swaps: (per_minute: 60, for_ms: (10, 20)),
                siege: (probability: 1, at_ms: (250, 260), for_ms: (11000, 11000)),
            )",
        )
        .expect("it reads")
    }

    #[test]
    fn a_seed_gives_the_same_attacks_in_order_of_time_and_another_seed_others() {
        let attacks = busy().generate(1, 60_000_000_000);
        assert_eq!(attacks, busy().generate(1, 60_000_000_000));
        assert_ne!(attacks, busy().generate(2, 60_000_000_000));
        assert!(attacks.is_sorted_by_key(|attack| attack.at_ms.ns()));
        // Nine Poisson processes of 60 expected each, and one siege.
        assert!((400..700).contains(&attacks.len()), "{}", attacks.len());
        let kinds: std::collections::BTreeSet<_> = attacks
            .iter()
            .map(|attack| format!("{:?}", core::mem::discriminant(&attack.kind)))
            .collect();
        assert_eq!(kinds.len(), 10);
    }

    #[test]
    fn what_is_drawn_can_be_written_and_read_back_as_the_same() {
        let attacks = busy().generate(3, 20_000_000_000);
        let text = ron::to_string(&attacks).expect("it is written");
        assert_eq!(ron::from_str::<Vec<Attack>>(&text), Ok(attacks));
    }

    #[test]
    fn by_default_nobody_attacks() {
        let attacks = AttackGenerator::default().generate(1, 600_000_000_000);
        assert_eq!(attacks, []);
    }

    #[test]
    fn floods_only_strike_the_robot() {
        let floods = busy().generate(1, 60_000_000_000);
        let floods: Vec<_> = floods
            .iter()
            .filter(|attack| matches!(attack.kind, AttackKind::Flood { .. }))
            .collect();
        assert!(!floods.is_empty());
        assert!(
            floods
                .iter()
                .all(|attack| attack.direction == WhichDirections::Up)
        );
    }
}
