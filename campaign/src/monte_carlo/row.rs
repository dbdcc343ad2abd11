//! What is kept of one run.

use safety::Verdict;
use serde::{Deserialize, Serialize};
use sim::Outcome;

use super::coverage::{Counts, Watcher};

/// A row of the result table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// Which run of the campaign, from 0.
    pub index: u64,
    /// Its seed.
    pub seed: u64,
    /// What it drew, in the order of the plan's names.
    pub parameters: Vec<f64>,
    /// What it says about each requirement.
    pub findings: Vec<RowFinding>,
    /// How often each thing of the coverage table happened.
    pub counts: Counts,
    /// Ticks that it lasted.
    pub ticks: u64,
    /// The hash of its whole history.
    pub hash: u64,
}

/// What a run says about one requirement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowFinding {
    /// The outcome in a word.
    pub verdict: Verdict,
    /// How often its condition was true.
    pub exercised: u64,
    /// The least margin, limit minus value; none when nothing was judged.
    pub margin: Option<f64>,
    /// Unit of the margin.
    pub unit: String,
    /// That margin as a share of its limit.
    pub robustness: Option<f64>,
    /// When it was that bad, ns.
    pub at_ns: u64,
    /// What was worst, in words.
    pub detail: String,
}

impl Row {
    /// Of a run that has ended.
    pub fn new(
        index: u64,
        seed: u64,
        parameters: Vec<f64>,
        outcome: &Outcome,
        watcher: &Watcher,
    ) -> Self {
        Self {
            index,
            seed,
            parameters,
            findings: outcome.findings.iter().map(RowFinding::new).collect(),
            counts: Counts::of_run(outcome, watcher),
            ticks: outcome.ticks,
            hash: outcome.hash,
        }
    }

    /// Whether a requirement was violated.
    pub fn fails(&self) -> bool {
        self.findings
            .iter()
            .any(|finding| finding.verdict == Verdict::Violated)
    }
}

impl RowFinding {
    fn new(finding: &safety::Finding) -> Self {
        let judged = |value: f64| match value {
            // Nothing was judged; and what is worse than any number is written as the least one.
            f64::INFINITY => None,
            value if value.is_finite() => Some(value),
            _ => Some(f64::MIN),
        };
        Self {
            verdict: finding.verdict(),
            exercised: finding.exercised,
            margin: judged(finding.worst_margin),
            unit: finding.unit.clone(),
            robustness: judged(finding.robustness),
            at_ns: finding.worst_at_ns,
            detail: finding.detail.clone(),
        }
    }
}
