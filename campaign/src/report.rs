//! What a check found: a row a requirement, the worst run, and how much was covered.

use control_loop::{PathId, State, Verdict as FrameVerdict};
use robot_model::ConfidenceCounts;
use safety::{Id, Verdict, statistics};
use serde::Serialize;
use sim::{Operation, Outcome};
use xxhash_rust::xxh3::xxh3_64;

use crate::check::CheckSettings;
use crate::monte_carlo::summary::{BINS, bin};

/// Confidence of every bound in a report.
pub const CONFIDENCE: f64 = 0.95;

/// The result of a check; the same, bit for bit, for any number of threads.
#[derive(Clone, Debug, Serialize)]
pub struct CheckReport {
    /// The operation's name.
    pub operation: String,
    /// The robot's name.
    pub robot: String,
    /// The seed of the first run.
    pub first_seed: u64,
    /// How many runs.
    pub runs: usize,
    /// How long each lasted, simulated seconds.
    pub duration_s: f64,
    /// One row a requirement.
    pub requirements: Vec<RequirementRow>,
    /// The run that came nearest to a violation, or that violated most.
    pub worst: Option<WorstRun>,
    /// What the runs went through.
    pub coverage: Coverage,
    /// How many of the robot's numbers are published, derived, borrowed, or assumed.
    #[serde(skip)]
    pub confidence: ConfidenceCounts,
    /// Numbers of the robot that are assumed, and numbers in all.
    pub assumed_numbers: (usize, usize),
    /// The hash of all runs' histories, in the order of their seeds.
    pub hash: String,
}

/// What a check found about one requirement.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RequirementRow {
    /// The requirement.
    pub id: Id,
    /// What may go wrong without it, in a few words.
    pub hazard: String,
    /// The requirement in words.
    pub sentence: String,
    /// Its threshold in words.
    pub threshold: String,
    /// Where the threshold comes from: published, derived or assumed.
    pub origin: String,
    /// The verdict over all runs.
    pub verdict: Verdict,
    /// Runs in which it was violated.
    pub violating_runs: usize,
    /// Runs in which its condition was true at least once.
    pub exercised_runs: usize,
    /// How often its condition was true, over all runs.
    pub exercised: u64,
    /// The least margin, limit minus value; none when nothing was judged.
    pub worst_margin: Option<f64>,
    /// Unit of the margin.
    pub unit: String,
    /// That margin as a share of its limit.
    pub robustness: Option<f64>,
    /// The seed of the run with the least margin.
    pub worst_seed: Option<u64>,
    /// When in that run, s.
    pub worst_at_s: Option<f64>,
    /// What was worst, in words.
    pub detail: String,
    /// Upper bound of the probability that a run of this model violates it, at 95 % confidence.
    pub failure_bound: f64,
    /// Runs by their margin: violated, twenty steps from 0 to the whole limit, and more.
    pub histogram: Vec<u64>,
}

/// The run to look at first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WorstRun {
    /// Its seed.
    pub seed: u64,
    /// The requirement that it came nearest to violating, or violated.
    pub requirement: Id,
    /// When, s.
    pub at_s: f64,
}

/// What happened over all runs: a check that never saw a hold says nothing about holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// Ticks in each interlock state.
    pub state_ticks: Vec<(String, u64)>,
    /// Frames by verdict, path A and path B.
    pub verdicts: Vec<(String, [u64; PathId::ALL.len()])>,
}

impl CheckReport {
    pub(crate) fn new(
        operation: &Operation,
        settings: &CheckSettings,
        outcomes: &[Outcome],
    ) -> Self {
        let requirements: Vec<RequirementRow> = safety::table(&operation.requirements)
            .into_iter()
            .map(|requirement| RequirementRow::new(&requirement, settings, outcomes))
            .collect();
        let hashes: Vec<u8> = outcomes
            .iter()
            .flat_map(|outcome| outcome.hash.to_le_bytes())
            .collect();
        Self {
            operation: operation.name.clone(),
            robot: operation.robot_name.clone(),
            first_seed: settings.first_seed,
            runs: outcomes.len(),
            duration_s: settings.duration_ns as f64 * 1e-9,
            worst: WorstRun::among(&requirements),
            requirements,
            coverage: Coverage::of(outcomes),
            confidence: operation.confidence,
            assumed_numbers: (operation.confidence.assumed, operation.confidence.total()),
            hash: format!("{:016x}", xxh3_64(&hashes)),
        }
    }

    /// Whether no requirement was violated.
    pub fn all_hold(&self) -> bool {
        self.requirements
            .iter()
            .all(|row| row.verdict != Verdict::Violated)
    }

    /// Requirements whose condition never came true: the check says nothing about them.
    pub fn not_exercised(&self) -> Vec<Id> {
        let is_vacuous = |row: &&RequirementRow| row.verdict == Verdict::NotExercised;
        self.requirements
            .iter()
            .filter(is_vacuous)
            .map(|row| row.id)
            .collect()
    }
}

impl RequirementRow {
    fn new(
        requirement: &safety::Requirement,
        settings: &CheckSettings,
        outcomes: &[Outcome],
    ) -> Self {
        let mut row = Self {
            id: requirement.id,
            hazard: requirement.hazard.into(),
            sentence: requirement.sentence.into(),
            threshold: requirement.threshold_text.clone(),
            origin: format!("{:?}: {}", requirement.origin.kind, requirement.origin.text),
            verdict: Verdict::NotExercised,
            violating_runs: 0,
            exercised_runs: 0,
            exercised: 0,
            worst_margin: None,
            unit: requirement.unit.into(),
            robustness: None,
            worst_seed: None,
            worst_at_s: None,
            detail: String::new(),
            failure_bound: 1.0,
            histogram: vec![0; BINS],
        };
        for (seed, outcome) in (settings.first_seed..).zip(outcomes) {
            for finding in outcome
                .findings
                .iter()
                .filter(|finding| finding.id == requirement.id)
            {
                row.add(seed, finding);
            }
        }
        row.failure_bound =
            statistics::upper_bound(row.violating_runs as u64, outcomes.len() as u64, CONFIDENCE);
        row
    }

    fn add(&mut self, seed: u64, finding: &safety::Finding) {
        self.exercised += finding.exercised;
        match finding.verdict() {
            Verdict::NotExercised => return,
            Verdict::Violated => {
                self.violating_runs += 1;
                self.verdict = Verdict::Violated;
            }
            Verdict::Held if self.verdict == Verdict::NotExercised => self.verdict = Verdict::Held,
            Verdict::Held => {}
        }
        self.exercised_runs += usize::from(finding.exercised > 0);
        if finding.robustness < f64::INFINITY {
            self.histogram[bin(finding.robustness)] += 1;
        }
        // The first seed wins a tie, so that the row does not depend on the order of the threads.
        if self
            .robustness
            .is_none_or(|worst| finding.robustness < worst)
        {
            self.robustness = Some(finding.robustness);
            self.worst_margin = Some(finding.worst_margin);
            self.unit = finding.unit.clone();
            self.worst_seed = Some(seed);
            self.worst_at_s = Some(finding.worst_at_ns as f64 * 1e-9);
            self.detail = finding.detail.clone();
        }
    }
}

impl WorstRun {
    /// A violated requirement comes before any that held; exact requirements that held have no nearness.
    fn among(rows: &[RequirementRow]) -> Option<Self> {
        let judged = rows.iter().filter(|row| row.robustness.is_some());
        let worst = judged.min_by(|a, b| {
            let key = |row: &RequirementRow| {
                (
                    row.verdict != Verdict::Violated,
                    row.robustness.unwrap_or(f64::INFINITY),
                )
            };
            let ((a_held, a_robustness), (b_held, b_robustness)) = (key(a), key(b));
            a_held
                .cmp(&b_held)
                .then(a_robustness.total_cmp(&b_robustness))
        })?;
        Some(Self {
            seed: worst.worst_seed?,
            requirement: worst.id,
            at_s: worst.worst_at_s?,
        })
    }
}

impl Coverage {
    fn of(outcomes: &[Outcome]) -> Self {
        let state_ticks = State::ALL
            .iter()
            .enumerate()
            .map(|(index, state)| {
                let ticks = outcomes
                    .iter()
                    .map(|outcome| outcome.state_ticks[index])
                    .sum();
                (state.name().to_string(), ticks)
            })
            .collect();
        let verdicts = FrameVerdict::ALL
            .iter()
            .enumerate()
            .map(|(index, verdict)| {
                let on_path = |path: usize| {
                    outcomes
                        .iter()
                        .map(|outcome| outcome.verdicts[path][index])
                        .sum()
                };
                (verdict.name().to_string(), [on_path(0), on_path(1)])
            })
            .collect();
        Self {
            state_ticks,
            verdicts,
        }
    }

    /// States and verdicts that never occurred.
    pub fn unseen(&self) -> Vec<&str> {
        let states = self.state_ticks.iter().filter(|(_, ticks)| *ticks == 0);
        let verdicts = self
            .verdicts
            .iter()
            .filter(|(_, frames)| frames.iter().all(|&n| n == 0));
        states
            .map(|(name, _)| name.as_str())
            .chain(verdicts.map(|(name, _)| name.as_str()))
            .collect()
    }
}
