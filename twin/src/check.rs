//! `twin check`.

use std::fmt::Write as _;
use std::num::NonZeroUsize;

use campaign::hunt::{Caught, hunt};
use campaign::{CheckReport, CheckSettings, RequirementRow};
use safety::Id;
use sim::Operation;

use crate::Verdict;
use crate::commands::{CheckArguments, FlawedLoops};
use crate::failure::quoted;
use crate::input::{InputError, read_operation_and_hash, write_whole};
use crate::loops::LoopName;
use crate::output::{out, outln};
use crate::progress::ProgressDisplay;
use crate::shrink::CheckFailures;
use crate::table::{margin, significant, table, verdict_word};

/// Runs the check and prints its report.
///
/// # Errors
/// [`InputError`] for a scenario that cannot be read or run, or a report that cannot be written.
pub fn check(arguments: &CheckArguments) -> Result<Verdict, InputError> {
    let (operation, hash) = read_operation_and_hash(&arguments.scenario)?;
    for note in &operation.notes {
        eprintln!("note: {note}");
    }
    let duration_ns = arguments
        .duration
        .map_or(operation.duration_ns, |seconds| (seconds * 1e9) as u64);
    let settings = CheckSettings {
        first_seed: arguments.first_seed,
        runs: arguments.seeds,
        duration_ns,
        jobs: arguments.jobs.unwrap_or_else(all_cores),
    };
    if let Some(FlawedLoops(names)) = &arguments.flawed {
        return flawed(arguments, &operation, &settings, names);
    }
    let display = ProgressDisplay::new(settings.runs);
    let report = campaign::check(
        &operation,
        &settings,
        arguments.loop_name.factory(),
        &|progress| {
            display.show(progress);
        },
    );
    display.finish();
    let report = report
        .map_err(|error| InputError::new(format!("{}: {error}", arguments.scenario.display())))?;
    let replay = replay_line(arguments, &report);
    if let Some(file) = &arguments.junit {
        let xml = campaign::junit(&report, &replay).map_err(InputError::new)?;
        write_whole(file, &xml)?;
    }
    if let Some(file) = &arguments.sarif {
        let sarif = campaign::sarif::sarif(
            &report,
            &arguments.scenario.display().to_string(),
            &arguments.loop_name.to_string(),
            &replay,
        );
        let text = serde_json::to_string_pretty(&sarif)
            .map_err(|error| InputError::new(error.to_string()))?;
        write_whole(file, &text)?;
    }
    if let Some(file) = &arguments.html {
        write_whole(
            file,
            &page(arguments, &operation, &report, &settings, &replay)?,
        )?;
    }
    if arguments.json {
        let json = serde_json::to_string_pretty(&report)
            .map_err(|error| InputError::new(error.to_string()))?;
        outln!("{json}");
    } else {
        out!("{}", text(&report, &replay, arguments.loop_name));
    }
    if !report.all_hold() {
        let failures = CheckFailures {
            operation: &operation,
            scenario: (&arguments.scenario, &hash),
            loop_name: arguments.loop_name,
            duration_ns,
            folder: arguments.failures.as_deref(),
            shrink_s: arguments.shrink_s,
        };
        let told = failures.tell(&report)?;
        if arguments.json {
            // The report alone is on the output.
            eprint!("{told}");
        } else {
            out!("{told}");
        }
    }
    Ok(if report.all_hold() {
        Verdict::AllHold
    } else {
        Verdict::Violated
    })
}

/// Runs of each flawed loop, even when the first one catches it: they show what else does.
const LEAST_RUNS: usize = 4;

/// Hunts the loops that are known to be wrong; that one escapes is a violation.
fn flawed(
    arguments: &CheckArguments,
    operation: &Operation,
    settings: &CheckSettings,
    names: &[LoopName],
) -> Result<Verdict, InputError> {
    let mut found = Vec::with_capacity(names.len());
    for name in names {
        let least = LEAST_RUNS.min(settings.runs);
        let caught = hunt(operation, settings, least, name.factory()).map_err(|error| {
            InputError::new(format!("{}: {error}", arguments.scenario.display()))
        })?;
        match caught.in_run() {
            Some(run) => eprintln!("{name}: caught in run {run}"),
            None => eprintln!("{name}: NOT caught in {} runs", caught.runs),
        }
        found.push((*name, caught));
    }
    out!("{}", matrix(operation, settings, &found));
    let all_caught = found.iter().all(|(_, caught)| caught.in_run().is_some());
    Ok(if all_caught {
        Verdict::AllHold
    } else {
        Verdict::Violated
    })
}

/// A row a loop, a column a requirement that caught any: the number of the run that first did.
fn matrix(operation: &Operation, settings: &CheckSettings, found: &[(LoopName, Caught)]) -> String {
    let is_hit = |id: &Id| {
        let mut caught = found.iter();
        caught.any(|(_, caught)| caught.by_in_run(*id).is_some())
    };
    let ids: Vec<Id> = Id::ALL.into_iter().filter(is_hit).collect();
    let mut heading = vec!["loop".to_string(), "caught in run".to_string()];
    heading.extend(ids.iter().map(ToString::to_string));
    let heading: Vec<&str> = heading.iter().map(String::as_str).collect();
    let right: Vec<usize> = (1..heading.len()).collect();
    let mut rows = table(&heading, &right);
    let cell = |run: Option<usize>| run.map_or("-".to_string(), |run| run.to_string());
    for (name, caught) in found {
        let first = match caught.in_run() {
            Some(run) => run.to_string(),
            None => format!("NOT in {}", caught.runs),
        };
        let mut row = vec![name.to_string(), first];
        row.extend(ids.iter().map(|id| cell(caught.by_in_run(*id))));
        rows.add_row(row);
    }
    format!(
        "{} · up to {} runs of {} s from seed {} on\n\n{rows}\na number is the run, from 1, in which the \
         requirement was first violated; each loop has at least {LEAST_RUNS} runs and ends with the one that \
         catches it\n",
        operation.name,
        settings.runs,
        settings.duration_ns as f64 * 1e-9,
        settings.first_seed
    )
}

/// The report as one HTML page.
fn page(
    arguments: &CheckArguments,
    operation: &sim::Operation,
    report: &CheckReport,
    settings: &CheckSettings,
    replay: &str,
) -> Result<String, InputError> {
    let again = format!(
        "cargo run --release -- check {} --seeds {} --first-seed {} --duration {} --loop {}",
        quoted(&arguments.scenario),
        settings.runs,
        settings.first_seed,
        settings.duration_ns as f64 * 1e-9,
        arguments.loop_name
    );
    let hash = campaign::plan::sha256_of_file(&arguments.scenario).map_err(|error| {
        InputError::new(format!(
            "{}: cannot be read: {error}",
            arguments.scenario.display()
        ))
    })?;
    campaign::html::check_page(
        operation,
        report,
        settings,
        &arguments.loop_name.to_string(),
        arguments.loop_name.factory(),
        &[again, replay.to_string()],
        &[(arguments.scenario.display().to_string(), hash)],
    )
    .map_err(InputError::new)
}

fn all_cores() -> NonZeroUsize {
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

/// The command that replays the worst run.
fn replay_line(arguments: &CheckArguments, report: &CheckReport) -> String {
    let seed = report
        .worst
        .as_ref()
        .map_or(report.first_seed, |worst| worst.seed);
    let mut line = format!(
        "cargo run --release -- run {} --seed {seed}",
        quoted(&arguments.scenario)
    );
    if let Some(seconds) = arguments.duration {
        let _ = write!(line, " --duration {seconds}");
    }
    if arguments.loop_name != LoopName::Own {
        let _ = write!(line, " --loop {}", arguments.loop_name);
    }
    line
}

/// The command that shows the same run in the rehearsal.
fn in_3d(replay: &str) -> String {
    replay.replace(
        "cargo run --release -- run ",
        "cargo run --profile rehearsal -p rehearsal -- ",
    )
}

fn text(report: &CheckReport, replay: &str, loop_name: LoopName) -> String {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{} · {} · loop: {loop_name}",
        report.operation, report.robot
    );
    let _ = writeln!(
        text,
        "{} runs of {} s, seeds {} to {}\n",
        report.runs,
        report.duration_s,
        report.first_seed,
        report.first_seed + report.runs as u64 - 1
    );
    let heading = [
        "id",
        "against",
        "threshold",
        "verdict",
        "worst margin",
        "seed",
        "at",
        "exercised in runs",
        "P(run fails) ≤",
    ];
    let mut rows = table(&heading, &[4, 5, 6, 7, 8]);
    for row in &report.requirements {
        rows.add_row(cells(row));
    }
    let _ = writeln!(text, "{rows}");
    let _ = writeln!(
        text,
        "margin: limit minus worst value, below zero is violated. exercised: how often the \
         requirement's condition was true, and in how many runs.\nP: upper bound at 95 % confidence \
         (Clopper–Pearson) that a run of this model violates it; it says nothing about the field."
    );
    for row in report
        .requirements
        .iter()
        .filter(|row| row.violating_runs > 0)
    {
        let _ = writeln!(
            text,
            "{} VIOLATED in {} of {} runs: {}\n    {}",
            row.id, row.violating_runs, report.runs, row.sentence, row.detail
        );
    }
    let vacuous = report.not_exercised();
    if !vacuous.is_empty() {
        let names: Vec<String> = vacuous.iter().map(ToString::to_string).collect();
        let _ = writeln!(
            text,
            "not exercised, so nothing is known of: {}",
            names.join(", ")
        );
    }
    let unseen = report.coverage.unseen();
    if !unseen.is_empty() {
        let _ = writeln!(
            text,
            "states and verdicts that never occurred: {}",
            unseen.join(", ")
        );
    }
    let (assumed, all) = report.assumed_numbers;
    let _ = writeln!(
        text,
        "{assumed} of the robot's {all} numbers are assumed. runs' hash {}",
        report.hash
    );
    if let Some(worst) = &report.worst {
        let _ = writeln!(
            text,
            "\nworst run: {} at {:.3} s of seed {}",
            worst.requirement, worst.at_s, worst.seed
        );
        let _ = writeln!(text, "watch it:  {}", in_3d(replay));
        let _ = writeln!(text, "read it:   {replay}");
    }
    text
}

fn cells(row: &RequirementRow) -> Vec<String> {
    vec![
        row.id.to_string(),
        row.hazard.clone(),
        row.threshold.clone(),
        verdict_word(row.verdict).into(),
        margin(row.worst_margin, &row.unit),
        row.worst_seed.map_or("-".into(), |seed| seed.to_string()),
        row.worst_at_s.map_or("-".into(), |at| format!("{at:.3} s")),
        format!("{}× in {}", row.exercised, row.exercised_runs),
        significant(row.failure_bound),
    ]
}
