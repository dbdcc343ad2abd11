//! A report as one HTML page that needs no network: the verdict, what it rests on, the plots, the worst run, and how to
//! make it all again.

mod page;
mod plots;
mod timeline;
mod trace;

use control_loop::State;
use robot_model::ConfidenceCounts;
use safety::Verdict;
use sim::{LoopFactory, Operation, RunPlan};

use crate::check::CheckSettings;
use crate::monte_carlo::coverage::Blindness;
use crate::monte_carlo::summary::{CampaignReport, Sum};
use crate::monte_carlo::variation::Variation;
use crate::report::CheckReport;
use page::{Page, PageRow};
use timeline::Timeline;

/// The verdict over all rows about one requirement.
pub fn verdict(sum: &Sum) -> Verdict {
    if sum.violating > 0 {
        Verdict::Violated
    } else if sum.exercised_runs > 0 {
        Verdict::Held
    } else {
        Verdict::NotExercised
    }
}

/// More that a page can tell: paragraphs after the verdict, each a heading and sentences with whether they are good.
pub type Section = (String, Vec<(bool, String)>);

/// The page of a campaign; its worst run is run again to be drawn.
///
/// # Errors
/// The worst run cannot be built, in words.
pub fn campaign_page(
    operation: &Operation,
    report: &CampaignReport,
    make_loop: &LoopFactory,
    commands: &[String],
    evidence: &[(String, String)],
) -> Result<String, String> {
    page_of_campaign(operation, report, make_loop, commands, evidence, Vec::new())
}

/// As [`campaign_page`], with sections of its own before everything else.
///
/// # Errors
/// As [`campaign_page`].
pub fn page_of_campaign(
    operation: &Operation,
    report: &CampaignReport,
    make_loop: &LoopFactory,
    commands: &[String],
    evidence: &[(String, String)],
    sections: Vec<Section>,
) -> Result<String, String> {
    let requirements = safety::table(&operation.requirements);
    let sums = &report.summary.requirements;
    let rows: Vec<PageRow> = requirements
        .iter()
        .zip(sums)
        .zip(&report.bounds)
        .map(|((requirement, sum), &bound)| {
            let worst = sum.worst.as_ref();
            PageRow {
                requirement: requirement.clone(),
                verdict: verdict(sum),
                margin: worst.and_then(|worst| worst.finding.margin),
                unit: worst.map_or(requirement.unit.into(), |worst| worst.finding.unit.clone()),
                robustness: worst.and_then(|worst| worst.finding.robustness),
                worst_seed: worst.map(|worst| worst.seed),
                worst_at_s: worst.map(|worst| worst.finding.at_ns as f64 * 1e-9),
                detail: worst.map_or(String::new(), |worst| worst.finding.detail.clone()),
                exercised: sum.exercised,
                exercised_runs: sum.exercised_runs,
                violating_runs: sum.violating,
                bound,
                histogram: sum.histogram.clone(),
            }
        })
        .collect();
    let plan = &report.plan;
    let timeline = worst(&rows)
        .map(|row| {
            let seed = row.worst_seed.unwrap_or(plan.first_seed);
            let operation = Variation::draw(operation, seed, plan.swarm).operation;
            let plan = RunPlan::of_seed(&operation, seed, plan.duration_ns);
            Timeline::record(&operation, &plan, make_loop, row).map_err(|error| error.to_string())
        })
        .transpose()?;
    let is_blind = !report.blindness.unseen.is_empty();
    let sentence = if is_blind {
        format!(
            "{}. The campaign is BLIND: it never saw {} kinds of event.",
            report.claim.sentence,
            report.blindness.unseen.len()
        )
    } else {
        format!("{}.", report.claim.sentence)
    };
    Ok(Page {
        title: plan.operation.clone(),
        sentence,
        passes: report.passes(),
        facts: vec![
            ("robot".into(), report.robot.clone()),
            ("control loop".into(), plan.control_loop.clone()),
            (
                "runs".into(),
                format!(
                    "{} of {} s, seeds from {}",
                    report.summary.runs,
                    plan.duration_ns as f64 * 1e-9,
                    plan.first_seed
                ),
            ),
            (
                "faults".into(),
                if plan.swarm {
                    "each run draws which exist and how strong".into()
                } else {
                    "as the scenario has them".into()
                },
            ),
            ("plan".into(), report.plan_sha256.clone()),
            ("scenario".into(), plan.scenario_sha256.clone()),
            ("runs' hash".into(), format!("{:016x}", report.summary.hash)),
        ],
        sections,
        confidence: plan.rule.confidence(),
        rows,
        coverage: report
            .coverage
            .iter()
            .cloned()
            .zip(report.summary.counts.0.iter().copied())
            .collect(),
        blindness: report.blindness.clone(),
        numbers: report.confidence,
        timeline,
        commands: commands.to_vec(),
        evidence: evidence.to_vec(),
    }
    .render())
}

/// The page of a check; its worst run is run again to be drawn.
///
/// # Errors
/// The worst run cannot be built, in words.
pub fn check_page(
    operation: &Operation,
    report: &CheckReport,
    settings: &CheckSettings,
    loop_name: &str,
    make_loop: &LoopFactory,
    commands: &[String],
    evidence: &[(String, String)],
) -> Result<String, String> {
    let requirements = safety::table(&operation.requirements);
    let rows: Vec<PageRow> = requirements
        .iter()
        .zip(&report.requirements)
        .map(|(requirement, row)| PageRow {
            requirement: requirement.clone(),
            verdict: row.verdict,
            margin: row.worst_margin,
            unit: row.unit.clone(),
            robustness: row.robustness,
            worst_seed: row.worst_seed,
            worst_at_s: row.worst_at_s,
            detail: row.detail.clone(),
            exercised: row.exercised,
            exercised_runs: row.exercised_runs as u64,
            violating_runs: row.violating_runs as u64,
            bound: row.failure_bound,
            histogram: row.histogram.clone(),
        })
        .collect();
    let violated: Vec<&str> = report
        .requirements
        .iter()
        .filter(|row| row.verdict == Verdict::Violated)
        .map(|row| row.id.name())
        .collect();
    let sentence = if violated.is_empty() {
        format!(
            "No requirement was violated in {} runs of {} s.",
            report.runs, report.duration_s
        )
    } else {
        format!(
            "VIOLATED: {} in {} runs of {} s.",
            violated.join(", "),
            report.runs,
            report.duration_s
        )
    };
    let timeline = worst(&rows)
        .map(|row| {
            let seed = row.worst_seed.unwrap_or(settings.first_seed);
            let plan = RunPlan::of_seed(operation, seed, settings.duration_ns);
            Timeline::record(operation, &plan, make_loop, row).map_err(|error| error.to_string())
        })
        .transpose()?;
    let mut coverage: Vec<(String, u64)> = Vec::new();
    for (name, frames) in &report.coverage.verdicts {
        for (path, count) in ["A", "B"].iter().zip(frames) {
            coverage.push((format!("verdict {name} on path {path}"), *count));
        }
    }
    for (name, ticks) in &report.coverage.state_ticks {
        coverage.push((format!("state {name}"), *ticks));
    }
    Ok(Page {
        title: report.operation.clone(),
        sentence,
        passes: report.all_hold(),
        facts: vec![
            ("robot".into(), report.robot.clone()),
            ("control loop".into(), loop_name.into()),
            (
                "runs".into(),
                format!(
                    "{} of {} s, seeds from {}",
                    report.runs, report.duration_s, report.first_seed
                ),
            ),
            ("runs' hash".into(), report.hash.clone()),
        ],
        sections: Vec::new(),
        confidence: crate::report::CONFIDENCE,
        rows,
        coverage,
        blindness: Blindness::default(),
        numbers: report.confidence,
        timeline,
        commands: commands.to_vec(),
        evidence: evidence.to_vec(),
    }
    .render())
}

/// A violated requirement comes first, then the least margin of one that has a magnitude.
fn worst(rows: &[PageRow]) -> Option<&PageRow> {
    let judged = rows.iter().filter(|row| row.worst_seed.is_some());
    judged.min_by(|a, b| {
        let key = |row: &PageRow| {
            (
                row.verdict != Verdict::Violated,
                row.robustness.unwrap_or(f64::INFINITY),
            )
        };
        let ((a_held, a_share), (b_held, b_share)) = (key(a), key(b));
        a_held.cmp(&b_held).then(a_share.total_cmp(&b_share))
    })
}

/// The five ways in which a number of the robot is known.
fn told_numbers(counts: &ConfidenceCounts) -> Vec<(&'static str, usize)> {
    vec![
        ("published", counts.published),
        ("derived", counts.derived),
        ("of a reference robot", counts.reference_robot),
        ("assumed", counts.assumed),
    ]
}

/// The class that colours a state.
fn state_class(state: State) -> &'static str {
    match state {
        State::Idle | State::Aligning => "st-wait",
        State::Following => "st-follow",
        State::Coasting => "st-coast",
        State::Holding => "st-hold",
        State::Faulted | State::Stopped => "st-stop",
    }
}
