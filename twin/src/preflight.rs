//! `twin preflight`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use campaign::html;
use campaign::monte_carlo::coverage;
use campaign::monte_carlo::summary::CampaignReport;
use campaign::plan::{Rule, Shard, runs_needed, sha256_hex, sha256_of_file};
use campaign::preflight::Record;
use clap::Args;
use path_fit::compare::compare;
use path_fit::{FitOptions, fit};

use crate::Verdict;
use crate::campaign::{evidence, plan_of, run_in_folder, share};
use crate::commands::{base_ms, duration_s};
use crate::import::recognised;
use crate::input::{InputError, read_operation_and_hash, write_all_whole};
use crate::loops::LoopName;
use crate::output::outln;

/// Arguments of `preflight`.
#[derive(Args)]
pub struct PreflightArguments {
    /// The scenario, a RON file; its two paths give way to the measured ones.
    pub scenario: PathBuf,
    /// The measurement of path A: irtt, owping, twping, ping or csv; the tool is recognised.
    #[arg(long, value_name = "FILE")]
    pub path_a: PathBuf,
    /// The measurement of path B, made at the same time.
    #[arg(long, value_name = "FILE")]
    pub path_b: PathBuf,
    /// The folder of the record and of the campaign; given again it goes on.
    #[arg(long, default_value = "preflight", value_name = "DIR")]
    pub out: PathBuf,
    /// The least one-way delays of path A, ms: one number, or UP,DOWN [default: half of the least round trip each].
    #[arg(long, value_name = "UP,DOWN", value_parser = base_ms, allow_negative_numbers = true)]
    pub base_ms_a: Option<(f64, f64)>,
    /// The same of path B.
    #[arg(long, value_name = "UP,DOWN", value_parser = base_ms, allow_negative_numbers = true)]
    pub base_ms_b: Option<(f64, f64)>,
    /// The campaign is to show that a run fails with no more than this probability.
    #[arg(long, default_value_t = 0.01, value_name = "P", value_parser = share)]
    pub claim: f64,
    /// The confidence of that.
    #[arg(long, default_value_t = 0.95, value_name = "C", value_parser = share)]
    pub confidence: f64,
    /// Simulated seconds of each run [default: the scenario's].
    #[arg(long, value_name = "SECONDS", value_parser = duration_s, allow_negative_numbers = true)]
    pub duration: Option<f64>,
    /// The seed of the first run.
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub first_seed: u64,
    /// Threads [default: one a core].
    #[arg(long, value_name = "N")]
    pub jobs: Option<NonZeroUsize>,
    /// The control loop under test.
    #[arg(long = "loop", default_value_t = LoopName::Own, value_name = "NAME")]
    pub loop_name: LoopName,
}

/// Imports both measurements, tests their separation, runs a campaign under them, and decides.
///
/// # Errors
/// [`InputError`]: a file that cannot be read, fitted or written, or a scenario that cannot be run.
pub fn preflight(arguments: &PreflightArguments) -> Result<Verdict, InputError> {
    let (mut operation, scenario_sha256) = read_operation_and_hash(&arguments.scenario)?;
    coverage::check_list(&operation.campaign.cannot_happen)
        .map_err(|error| InputError::new(format!("{}: {error}", arguments.scenario.display())))?;
    let send_interval_ms = operation.control_loop.frame_interval_ns as f64 * 1e-6;
    let measured = |file: &PathBuf, name: &str, base_ms: Option<(f64, f64)>| {
        let measurement = recognised(file)?;
        let options = FitOptions {
            name: name.into(),
            base_ms,
            synchronised: false,
            send_interval_ms: Some(send_interval_ms),
        };
        let fitted = fit(&measurement, &options).map_err(|error| {
            InputError::new(error.in_file(&file.display().to_string()).to_string())
        })?;
        for note in &fitted.notes {
            eprintln!("note: {name}: {note}");
        }
        Ok::<_, InputError>((measurement, fitted))
    };
    let (a, fitted_a) = measured(&arguments.path_a, "path A", arguments.base_ms_a)?;
    let (b, fitted_b) = measured(&arguments.path_b, "path B", arguments.base_ms_b)?;
    let comparison = compare(&a, &b);
    operation.paths = [fitted_a.model.clone(), fitted_b.model.clone()];

    let hash = |file: &PathBuf| {
        sha256_of_file(file).map_err(|error| {
            InputError::new(format!("{}: cannot be read: {error}", file.display()))
        })
    };
    let (hash_a, hash_b) = (hash(&arguments.path_a)?, hash(&arguments.path_b)?);
    let inputs = vec![
        (
            format!("{} with its files", arguments.scenario.display()),
            scenario_sha256.clone(),
        ),
        (arguments.path_a.display().to_string(), hash_a.clone()),
        (arguments.path_b.display().to_string(), hash_b.clone()),
    ];
    // What runs is the scenario under these paths: all of it is in the plan's hash.
    let paths = serde_json::to_string(&operation.paths)
        .map_err(|error| InputError::new(error.to_string()))?;
    let all = format!("{scenario_sha256}{hash_a}{hash_b}{paths}");
    let runs = runs_needed(arguments.claim, arguments.confidence, 0).map_err(InputError::new)?;
    let plan = plan_of(
        &operation,
        sha256_hex(all.as_bytes()),
        arguments.loop_name,
        arguments.first_seed,
        runs,
        arguments
            .duration
            .map_or(operation.duration_ns, |seconds| (seconds * 1e9) as u64),
        true,
        Rule::Claim {
            claim: arguments.claim,
            confidence: arguments.confidence,
            failures: 0,
        },
    );
    let folder = run_in_folder(
        &operation,
        &plan,
        Shard::WHOLE,
        &arguments.out,
        arguments.loop_name,
        arguments.jobs,
    )?;
    let report = CampaignReport::new(&operation, &plan, folder.summary());
    let record = Record::new(
        &operation,
        [&fitted_a, &fitted_b],
        &comparison,
        &report,
        inputs.clone(),
    );
    let mut files = inputs;
    files.extend(evidence(
        &arguments.out,
        &["plan.json", "journal.jsonl", "result.parquet"],
    )?);
    let sealed = record
        .seal()
        .map_err(|error| InputError::new(error.to_string()))?;
    let json = serde_json::to_string_pretty(&sealed)
        .map_err(|error| InputError::new(error.to_string()))?;
    files.push(("record".into(), sealed.record_sha256.clone()));
    let mut sections = sealed.record.sections();
    let decision = sealed.record.decision.clone();
    sections.insert(
        0,
        (
            format!("Decision: {decision}"),
            vec![(
                sealed.record.is_go(),
                format!("{decision}, by the reasons below; every one of them must hold for GO"),
            )],
        ),
    );
    let again = format!(
        "twin preflight {} --path-a {} --path-b {} --claim {} --confidence {} --duration {} --out {}",
        arguments.scenario.display(),
        arguments.path_a.display(),
        arguments.path_b.display(),
        arguments.claim,
        arguments.confidence,
        plan.duration_ns as f64 * 1e-9,
        arguments.out.display()
    );
    let page = html::page_of_campaign(
        &operation,
        &report,
        arguments.loop_name.factory(),
        &[again],
        &files,
        sections,
    )
    .map_err(InputError::new)?;
    let (json_path, html_path) = (
        arguments.out.join("preflight.json"),
        arguments.out.join("preflight.html"),
    );
    write_all_whole(&[(&json_path, &json), (&html_path, &page)])?;
    outln!("{decision}\n");
    for reason in &sealed.record.reasons {
        outln!(
            "  {} {}: {}",
            if reason.is_good { "+" } else { "-" },
            reason.step,
            reason.text
        );
    }
    outln!(
        "\nrecord {}\nwrote {} and {}",
        sealed.record_sha256,
        json_path.display(),
        html_path.display()
    );
    Ok(if sealed.record.is_go() {
        Verdict::AllHold
    } else {
        Verdict::Violated
    })
}
