//! `twin check`.

use std::fmt::Write as _;
use std::num::NonZeroUsize;

use campaign::{CheckReport, CheckSettings, RequirementRow};

use crate::Verdict;
use crate::commands::CheckArguments;
use crate::failure::quoted;
use crate::input::{InputError, read_operation_and_hash, write_whole};
use crate::loops::LoopName;
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
    if arguments.json {
        let json = serde_json::to_string_pretty(&report)
            .map_err(|error| InputError::new(error.to_string()))?;
        println!("{json}");
    } else {
        print!("{}", text(&report, &replay, arguments.loop_name));
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
            print!("{told}");
        }
    }
    Ok(if report.all_hold() {
        Verdict::AllHold
    } else {
        Verdict::Violated
    })
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
        let _ = writeln!(text, "watch it:  {replay}");
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
