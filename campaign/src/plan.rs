//! The plan of a campaign: all that decides what it may claim, written down and hashed before the first run.
//!
//! Looking at the result again and again and stopping when it pleases makes a bound of 95 % one of 90 % (six looks;
//! reference in docs/CAMPAIGN.md). So the number of runs, or the sequential test, stands in the plan; nothing is
//! claimed before the plan is fulfilled; a folder keeps its plan; and the result carries the plan's hash.

use safety::statistics;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::sprt::Sprt;

/// Version of a campaign's files; a folder of another version is refused.
pub const FORMAT: u32 = 1;

/// How a campaign ends, and what it says then.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Rule {
    /// So many runs, then a bound at this confidence.
    Runs {
        /// One-sided confidence of the bounds.
        confidence: f64,
    },
    /// So many runs that the claim is shown if no more than `failures` of them fail.
    Claim {
        /// The probability of failure that is to be excluded.
        claim: f64,
        /// The confidence of that.
        confidence: f64,
        /// Failing runs that the claim survives.
        failures: u64,
    },
    /// Wald's test; the number of runs is where it is given up.
    Sequential(Sprt),
}

impl Rule {
    /// The confidence of the bounds that go with it.
    pub fn confidence(&self) -> f64 {
        match self {
            Self::Runs { confidence } | Self::Claim { confidence, .. } => *confidence,
            Self::Sequential(test) => 1.0 - test.false_accept,
        }
    }
}

/// What is run, and what may be said of it. Nothing in it depends on the machine or on the number of threads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Version of the folder's files.
    pub format: u32,
    /// Version of the tool: another may draw other numbers.
    pub tool: String,
    /// The operation's name.
    pub operation: String,
    /// SHA-256 of the scenario and of all files that it names.
    pub scenario_sha256: String,
    /// The control loop under test.
    pub control_loop: String,
    /// The seed of the first run.
    pub first_seed: u64,
    /// How many runs, of all shards together.
    pub runs: u64,
    /// How long each lasts, ns.
    pub duration_ns: u64,
    /// Whether each run draws which faults exist and how strong they are.
    pub swarm: bool,
    /// The requirements that are judged, in the order of the columns.
    pub requirements: Vec<String>,
    /// How it ends.
    pub rule: Rule,
}

impl Plan {
    /// SHA-256 of the plan, in hexadecimal.
    pub fn sha256(&self) -> String {
        // A plan has no map and no number that JSON cannot hold, so this cannot fail.
        sha256_hex(&serde_json::to_vec(self).unwrap_or_default())
    }

    /// The runs of one shard: first index and the one after the last.
    pub fn share(&self, shard: Shard) -> (u64, u64) {
        let cut =
            |at: u32| (u128::from(self.runs) * u128::from(at) / u128::from(shard.of.max(1))) as u64;
        (cut(shard.number.saturating_sub(1)), cut(shard.number))
    }
}

/// SHA-256 in hexadecimal.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// SHA-256 of a file, in hexadecimal, however large it is.
///
/// # Errors
/// It cannot be read.
pub fn sha256_of_file(path: &std::path::Path) -> std::io::Result<String> {
    use std::io::Read;
    let mut file = std::fs::File::open(path)?;
    let (mut hash, mut piece) = (Sha256::new(), vec![0; 1 << 16]);
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(hex(&hash.finalize())),
            read => hash.update(&piece[..read]),
        }
    }
}

fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// One of several equal parts of a campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Shard {
    /// Which, from 1.
    pub number: u32,
    /// Of how many.
    pub of: u32,
}

impl Shard {
    /// The only part.
    pub const WHOLE: Self = Self { number: 1, of: 1 };
}

impl std::str::FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("'{text}' is no shard; write 2/5 for the second of five");
        let (number, of) = text.split_once('/').ok_or_else(wrong)?;
        let shard = Self {
            number: number.parse().map_err(|_| wrong())?,
            of: of.parse().map_err(|_| wrong())?,
        };
        if (1..=shard.of).contains(&shard.number) {
            Ok(shard)
        } else {
            Err(wrong())
        }
    }
}

impl std::fmt::Display for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

/// The least number of runs after which no more than `failures` failing ones show that the probability of failure is
/// at most `claim`, at a one-sided confidence.
///
/// # Errors
/// The claim or the confidence is not between 0 and 1, or it would take more than 10^15 runs.
pub fn runs_needed(claim: f64, confidence: f64, failures: u64) -> Result<u64, String> {
    if !(claim > 0.0 && claim < 1.0 && confidence > 0.0 && confidence < 1.0) {
        return Err(format!(
            "a claim and its confidence are between 0 and 1, not {claim} and {confidence}"
        ));
    }
    const MOST: u64 = 1_000_000_000_000_000;
    let shown = |runs: u64| statistics::upper_bound(failures, runs, confidence) <= claim;
    let mut enough = failures + 1;
    while !shown(enough) {
        enough = enough.saturating_mul(2);
        if enough > MOST {
            return Err(format!(
                "a claim of {claim} would take more than {MOST} runs"
            ));
        }
    }
    let mut too_few = enough / 2;
    while enough - too_few > 1 {
        let middle = too_few + (enough - too_few) / 2;
        if shown(middle) {
            enough = middle;
        } else {
            too_few = middle;
        }
    }
    Ok(enough)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reference values by scipy: runs without a failure at 95, 99 and 99.9 %.
    #[test]
    fn the_runs_without_a_failure_are_those_of_the_reference() {
        for (claim, runs) in [
            (1e-2, [299, 459, 688]),
            (1e-3, [2995, 4603, 6905]),
            (1e-4, [29_956, 46_050, 69_075]),
            (1e-6, [2_995_731, 4_605_168, 6_907_752]),
        ] {
            for (confidence, runs) in [0.95, 0.99, 0.999].into_iter().zip(runs) {
                assert_eq!(runs_needed(claim, confidence, 0), Ok(runs));
            }
        }
    }

    /// Reference: 0 to 5 failures allowed, for 1e-3 at 95 %.
    #[test]
    fn the_runs_with_failures_allowed_are_those_of_the_reference() {
        for (failures, runs) in [2995, 4742, 6294, 7752, 9151, 10511]
            .into_iter()
            .enumerate()
        {
            assert_eq!(runs_needed(1e-3, 0.95, failures as u64), Ok(runs));
        }
    }

    #[test]
    fn claims_that_are_none_are_refused() {
        for (claim, confidence) in [(0.0, 0.95), (1.0, 0.95), (1e-3, 1.0), (f64::NAN, 0.95)] {
            assert!(runs_needed(claim, confidence, 0).is_err());
        }
        assert!(runs_needed(1e-17, 0.95, 0).is_err());
    }

    #[test]
    fn shards_share_all_runs_and_none_twice() {
        let mut plan = plan();
        for runs in [1, 7, 100, 101] {
            plan.runs = runs;
            for of in [1, 2, 3, 8] {
                let mut next = 0;
                for number in 1..=of {
                    let (from, to) = plan.share(Shard { number, of });
                    assert_eq!(from, next);
                    next = to;
                }
                assert_eq!(next, runs);
            }
        }
        assert_eq!("2/5".parse(), Ok(Shard { number: 2, of: 5 }));
        for wrong in ["", "2", "0/5", "6/5", "a/b", "1/0"] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn another_plan_has_another_hash_and_the_same_plan_the_same() {
        let one = plan();
        let mut other = plan();
        assert_eq!(one.sha256(), other.sha256());
        other.runs += 1;
        assert_ne!(one.sha256(), other.sha256());
        assert_eq!(sha256_hex(b"abc")[..16], *"ba7816bf8f01cfea");
    }

    fn plan() -> Plan {
        Plan {
            format: FORMAT,
            tool: "test".into(),
            operation: "test".into(),
            scenario_sha256: String::new(),
            control_loop: "own".into(),
            first_seed: 1,
            runs: 100,
            duration_ns: 1,
            swarm: true,
            requirements: vec!["R01".into()],
            rule: Rule::Runs { confidence: 0.95 },
        }
    }
}
