//! The sum of all rows so far, in memory that does not grow with them.

use robot_model::ConfidenceCounts;
use safety::{Verdict, statistics};
use serde::Serialize;
use sim::Operation;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::coverage::{Blindness, Counts, names};
use super::row::{Row, RowFinding};
use crate::plan::{Plan, Rule};
use crate::sprt::Decision;

/// Bins of a histogram of margins as shares of their limits: below 0, twenty from 0 to 1, and 1 or more.
pub const BINS: usize = 22;

/// Failing seeds that are kept.
const KEPT_SEEDS: usize = 20;

/// All rows so far.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// Rows.
    pub runs: u64,
    /// Rows in which a requirement was violated.
    pub failing: u64,
    /// The first seeds of those.
    pub failing_seeds: Vec<u64>,
    /// One a requirement, in the order of the table.
    pub requirements: Vec<Sum>,
    /// What happened.
    pub counts: Counts,
    /// The hash of all runs' histories, in their order.
    pub hash: u64,
}

/// All rows about one requirement.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sum {
    /// Runs in which it was violated.
    pub violating: u64,
    /// Runs in which its condition was true.
    pub exercised_runs: u64,
    /// How often it was true.
    pub exercised: u64,
    /// The worst row.
    pub worst: Option<Worst>,
    /// How many rows had their margin in each bin.
    pub histogram: Vec<u64>,
}

/// The row with the least margin; the first of equals.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Worst {
    /// Its seed.
    pub seed: u64,
    /// What it says.
    pub finding: RowFinding,
}

impl Summary {
    /// No row yet.
    pub fn new() -> Self {
        let sum = Sum {
            violating: 0,
            exercised_runs: 0,
            exercised: 0,
            worst: None,
            histogram: vec![0; BINS],
        };
        Self {
            runs: 0,
            failing: 0,
            failing_seeds: Vec::new(),
            requirements: vec![sum; safety::Id::ALL.len()],
            counts: Counts::none(),
            hash: 0,
        }
    }

    /// Adds the next row.
    pub fn add(&mut self, row: &Row) {
        self.runs += 1;
        if row.fails() {
            self.failing += 1;
            if self.failing_seeds.len() < KEPT_SEEDS {
                self.failing_seeds.push(row.seed);
            }
        }
        for (sum, finding) in self.requirements.iter_mut().zip(&row.findings) {
            sum.add(row.seed, finding);
        }
        self.counts.add(&row.counts);
        self.hash = xxh3_64_with_seed(&row.hash.to_le_bytes(), self.hash);
    }

    /// What a sequential test says so far; of a plan with a fixed number of runs it is always undecided: nothing may
    /// be read off before its end.
    pub fn decision(&self, plan: &Plan) -> Decision {
        match &plan.rule {
            Rule::Sequential(test) => test.decide(self.failing, self.runs),
            Rule::Runs { .. } | Rule::Claim { .. } => Decision::Undecided,
        }
    }
}

impl Default for Summary {
    fn default() -> Self {
        Self::new()
    }
}

impl Sum {
    fn add(&mut self, seed: u64, finding: &RowFinding) {
        self.exercised += finding.exercised;
        self.exercised_runs += u64::from(finding.exercised > 0);
        self.violating += u64::from(finding.verdict == Verdict::Violated);
        let Some(robustness) = finding.robustness else {
            return;
        };
        if finding.verdict == Verdict::NotExercised {
            return;
        }
        self.histogram[bin(robustness)] += 1;
        let is_worse = |worst: &Worst| {
            worst
                .finding
                .robustness
                .is_none_or(|least| robustness < least)
        };
        if self.worst.as_ref().is_none_or(is_worse) {
            self.worst = Some(Worst {
                seed,
                finding: finding.clone(),
            });
        }
    }
}

/// The bin of a margin as a share of its limit.
pub(crate) fn bin(robustness: f64) -> usize {
    // Written so that what is no number counts as violated.
    if robustness < 0.0 || robustness.is_nan() {
        0
    } else {
        1 + ((robustness * (BINS - 2) as f64) as usize).min(BINS - 2)
    }
}

/// What a campaign that has fulfilled its plan says.
#[derive(Clone, Debug, Serialize)]
pub struct CampaignReport {
    /// The plan, as it was written before the first run.
    pub plan: Plan,
    /// Its hash.
    pub plan_sha256: String,
    /// The robot's name.
    pub robot: String,
    /// What was claimed, and whether it is shown.
    pub claim: Claimed,
    /// The sum of the rows.
    pub summary: Summary,
    /// Names of what is counted in it.
    pub coverage: Vec<String>,
    /// What never happened.
    pub blindness: Blindness,
    /// Upper bound of the probability that a run violates each requirement, at the plan's confidence.
    pub bounds: Vec<f64>,
    /// How many of the robot's numbers are published, derived, borrowed, or assumed.
    #[serde(skip)]
    pub confidence: ConfidenceCounts,
    /// Numbers of the robot that are assumed, and numbers in all.
    pub assumed_numbers: (usize, usize),
}

/// The claim of a plan, judged.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Claimed {
    /// In a sentence.
    pub sentence: String,
    /// Whether it is shown; a plan without a claim has nothing to show, and fails by a violation alone.
    pub is_shown: bool,
    /// Upper bound of the probability that a run fails, at the plan's confidence; of a plan with a fixed number of
    /// runs only.
    pub bound: Option<f64>,
}

impl CampaignReport {
    /// Judges a campaign that is complete.
    pub fn new(operation: &Operation, plan: &Plan, summary: &Summary) -> Self {
        let confidence = plan.rule.confidence();
        let bound = |failures| statistics::upper_bound(failures, summary.runs, confidence);
        Self {
            plan: plan.clone(),
            plan_sha256: plan.sha256(),
            robot: operation.robot_name.clone(),
            claim: Claimed::new(plan, summary),
            bounds: summary
                .requirements
                .iter()
                .map(|sum| bound(sum.violating))
                .collect(),
            summary: summary.clone(),
            coverage: names(),
            blindness: Blindness::of(&summary.counts, &operation.campaign.cannot_happen),
            confidence: operation.confidence,
            assumed_numbers: (operation.confidence.assumed, operation.confidence.total()),
        }
    }

    /// Whether the claim is shown and the campaign saw all that it must.
    pub fn passes(&self) -> bool {
        self.claim.is_shown && self.blindness.unseen.is_empty()
    }
}

impl Claimed {
    fn new(plan: &Plan, summary: &Summary) -> Self {
        let (failing, runs) = (summary.failing, summary.runs);
        match &plan.rule {
            Rule::Runs { confidence } => {
                let bound = statistics::upper_bound(failing, runs, *confidence);
                Self {
                    sentence: format!(
                        "{failing} of {runs} runs violate a requirement: P(a run of this model fails) ≤ {bound:.3e} at \
                         {} % confidence",
                        confidence * 100.0
                    ),
                    is_shown: failing == 0,
                    bound: Some(bound),
                }
            }
            Rule::Claim {
                claim,
                confidence,
                failures,
            } => {
                let is_shown = failing <= *failures;
                let bound = statistics::upper_bound(failing, runs, *confidence);
                Self {
                    sentence: format!(
                        "P(a run of this model fails) ≤ {claim} at {} % confidence is {}: {failing} of {runs} runs fail, \
                         {failures} were allowed",
                        confidence * 100.0,
                        if is_shown { "shown" } else { "NOT shown" }
                    ),
                    is_shown,
                    bound: Some(bound),
                }
            }
            Rule::Sequential(test) => {
                let decision = test.decide(failing, runs);
                let words = match decision {
                    Decision::Accepted => format!(
                        "accepted, with a chance of at most {} of that if P >= {}",
                        test.false_accept, test.bad
                    ),
                    Decision::Rejected => format!(
                        "REJECTED, with a chance of at most {} of that if P <= {}",
                        test.false_reject, test.good
                    ),
                    Decision::Undecided => "NOT decided within the runs of the plan".into(),
                };
                Self {
                    sentence: format!(
                        "P(a run of this model fails) ≤ {} is {words}: {failing} of {runs} runs fail",
                        test.good
                    ),
                    is_shown: decision == Decision::Accepted,
                    bound: None,
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_margin_falls_into_the_bin_that_its_share_names() {
        for (share, at) in [
            (-0.1, 0),
            (0.0, 1),
            (0.049, 1),
            (0.05, 2),
            (0.999, 20),
            (1.0, 21),
            (9.0, 21),
        ] {
            assert_eq!(bin(share), at, "{share}");
        }
    }
}
