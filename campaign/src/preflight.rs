//! The acceptance test before an operation: two measured paths, the test of their separation, a campaign under them,
//! and GO or NO-GO with reasons and margins.

use net_model::PathModel;
use path_fit::compare::{Comparison, Finding};
use path_fit::fit::{FittedPath, Goodness};
use serde::Serialize;
use sim::Operation;

use crate::html::{Section, verdict};
use crate::monte_carlo::summary::CampaignReport;
use crate::plan::sha256_hex;

/// What speaks for or against operating.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reason {
    /// Of which step: separation, paths, or campaign.
    pub step: String,
    /// Whether it allows GO.
    pub is_good: bool,
    /// In words, with its margin.
    pub text: String,
}

/// The record of one acceptance test.
#[derive(Clone, Debug, Serialize)]
pub struct Record {
    /// GO or NO-GO.
    pub decision: String,
    /// The operation's name.
    pub operation: String,
    /// Why.
    pub reasons: Vec<Reason>,
    /// The paths that the campaign ran under, A and B.
    pub paths: [PathModel; 2],
    /// Names and SHA-256 of all files that it rests on.
    pub inputs: Vec<(String, String)>,
    /// The campaign's plan, by its hash, and the hash of its runs.
    pub plan_sha256: String,
    /// The hash of all runs' histories.
    pub runs_hash: String,
}

/// A record and its hash, as they are written.
#[derive(Clone, Debug, Serialize)]
pub struct SealedRecord {
    /// SHA-256 of the record as compact JSON: whoever changes the record must change this.
    pub record_sha256: String,
    /// The record.
    pub record: Record,
}

impl Record {
    /// Decides.
    pub fn new(
        operation: &Operation,
        fitted: [&FittedPath; 2],
        comparison: &Comparison,
        report: &CampaignReport,
        inputs: Vec<(String, String)>,
    ) -> Self {
        let mut reasons = separation(comparison);
        for (name, fitted) in ["A", "B"].iter().zip(fitted) {
            reasons.extend(path(name, fitted, operation));
        }
        reasons.extend(campaign(operation, report));
        let is_go = reasons.iter().all(|reason| reason.is_good);
        Self {
            decision: if is_go { "GO" } else { "NO-GO" }.into(),
            operation: operation.name.clone(),
            reasons,
            paths: fitted.map(|fitted| fitted.model.clone()),
            inputs,
            plan_sha256: report.plan_sha256.clone(),
            runs_hash: format!("{:016x}", report.summary.hash),
        }
    }

    /// Whether nothing speaks against operating.
    pub fn is_go(&self) -> bool {
        self.reasons.iter().all(|reason| reason.is_good)
    }

    /// Seals it with its hash.
    ///
    /// # Errors
    /// It cannot be written as JSON.
    pub fn seal(self) -> Result<SealedRecord, serde_json::Error> {
        let json = serde_json::to_vec(&self)?;
        Ok(SealedRecord {
            record_sha256: sha256_hex(&json),
            record: self,
        })
    }

    /// The reasons for a page, by their steps.
    pub fn sections(&self) -> Vec<Section> {
        let mut sections: Vec<Section> = Vec::new();
        for reason in &self.reasons {
            let sign = (reason.is_good, reason.text.clone());
            match sections.last_mut() {
                Some((step, signs)) if *step == reason.step => signs.push(sign),
                _ => sections.push((reason.step.clone(), vec![sign])),
            }
        }
        sections
    }
}

fn reason(step: &str, is_good: bool, text: impl Into<String>) -> Reason {
    Reason {
        step: step.into(),
        is_good,
        text: text.into(),
    }
}

fn separation(comparison: &Comparison) -> Vec<Reason> {
    const STEP: &str = "Separation of the paths";
    let common_s = comparison.common_ns as f64 * 1e-9;
    let (is_good, words) = match comparison.finding {
        Finding::Separate => (true, "look separate"),
        Finding::Share => (false, "SHARE something: one failure can take both"),
        Finding::TooLittle => (
            false,
            "cannot be told to be separate: there is too little data",
        ),
    };
    let mut reasons = vec![reason(
        STEP,
        is_good,
        format!("the two paths, measured together for {common_s:.1} s, {words}"),
    )];
    if !is_good {
        let why = comparison.reasons.iter();
        reasons.extend(why.map(|text| reason(STEP, false, text.clone())));
    }
    reasons
}

/// The 99.9th percentile of the round trip must leave room below the freshness limit: a command's echo is as old as the
/// way down and the way up together.
fn path(name: &str, fitted: &FittedPath, operation: &Operation) -> Vec<Reason> {
    let step = format!("Path {name}");
    let mut reasons = Vec::new();
    for way in &fitted.delays {
        let goodness = way.goodness();
        reasons.push(reason(
            &step,
            goodness != Goodness::Poor,
            format!(
                "the law fitted to the delay, {}: {}",
                way.way.name(),
                goodness.sentence()
            ),
        ));
    }
    let (up, down) = (&fitted.model.up, &fitted.model.down);
    let above_ms: f64 = fitted
        .delays
        .iter()
        .map(|way| way.percentile_ms(0.999))
        .sum();
    let round_trip_ms = up.base_one_way.get() + down.base_one_way.get() + above_ms;
    let limit_ms = operation.control_loop.freshness_ns as f64 * 1e-6;
    let margin_ms = limit_ms - round_trip_ms;
    reasons.push(reason(
        &step,
        margin_ms >= 0.0,
        format!(
            "round trip, 99.9th percentile: {round_trip_ms:.1} ms, a margin of {margin_ms:.1} ms to the {limit_ms:.0} ms \
             after which a command is too old"
        ),
    ));
    // The same probe counts in each direction and in the round trip: shares do not add up.
    for way in &fitted.losses {
        let (sent, lost) = (way.fit.sent, way.fit.lost);
        let share = 100.0 * lost as f64 / sent.max(1) as f64;
        let name = way.way.name();
        reasons.push(reason(
            &step,
            lost < sent,
            format!("{name}: {lost} of {sent} probes lost ({share:.3} %)"),
        ));
    }
    reasons
}

fn campaign(operation: &Operation, report: &CampaignReport) -> Vec<Reason> {
    const STEP: &str = "Campaign under these paths";
    let mut reasons = vec![reason(
        STEP,
        report.claim.is_shown,
        report.claim.sentence.clone(),
    )];
    let unseen = &report.blindness.unseen;
    reasons.push(reason(
        STEP,
        unseen.is_empty(),
        if unseen.is_empty() {
            "it saw all that can happen in this scenario".into()
        } else {
            format!("it is blind: it never saw {}", unseen.join(", "))
        },
    ));
    let requirements = safety::table(&operation.requirements);
    for (requirement, sum) in requirements.iter().zip(&report.summary.requirements) {
        if verdict(sum) == safety::Verdict::Violated {
            let worst = sum.worst.as_ref();
            reasons.push(reason(
                STEP,
                false,
                format!(
                    "{} violated in {} runs: {} ({})",
                    requirement.id,
                    sum.violating,
                    requirement.sentence,
                    worst.map_or("", |worst| &worst.finding.detail)
                ),
            ));
        }
    }
    let nearest = report
        .summary
        .requirements
        .iter()
        .zip(&requirements)
        .filter_map(|(sum, requirement)| {
            let worst = sum.worst.as_ref()?;
            Some((worst.finding.robustness?, requirement, worst))
        })
        .filter(|(_, _, worst)| worst.finding.unit != "exact")
        .min_by(|a, b| a.0.total_cmp(&b.0));
    if let Some((share, requirement, worst)) = nearest {
        reasons.push(reason(
            STEP,
            share >= 0.0,
            format!(
                "least margin: {}, {:.4} {} ({:.2} % of its limit), seed {}",
                requirement.id,
                worst.finding.margin.unwrap_or_default(),
                worst.finding.unit,
                100.0 * share,
                worst.seed
            ),
        ));
    }
    reasons
}
