//! `twin run`.

use campaign::monte_carlo::variation::Variation;
use campaign::verify;
use net_model::FaultSchedule;
use sim::journal::KEY;
use sim::{Keep, Operation, RunPlan, Twin};

use crate::Verdict;
use crate::commands::RunArguments;
use crate::input::{InputError, read_fault_file, read_operation, write_whole};
use crate::table::{margin, significant, table, verdict_word};

/// Runs one operation and prints its events, its hash and the margins.
///
/// # Errors
/// [`InputError`] for files that cannot be read or written, or a scenario that cannot be run.
pub fn run(arguments: &RunArguments) -> Result<Verdict, InputError> {
    let mut operation = read_operation(&arguments.scenario)?;
    if arguments.swarm {
        operation = Variation::draw(&operation, arguments.seed, true).operation;
    }
    for note in &operation.notes {
        eprintln!("note: {note}");
    }
    let plan = plan(arguments, &operation)?;
    if let Some(file) = &arguments.write_fault_file {
        let text = fault_file(&plan.faults, arguments)?;
        write_whole(file, &text)?;
    }
    let unbuilt = |error: sim::BuildError| {
        InputError::new(format!("{}: {error}", arguments.scenario.display()))
    };
    if arguments.verify {
        return verify(&operation, &plan, arguments.loop_name.factory())
            .map(|divergence| told_divergence(divergence, &plan))
            .map_err(unbuilt);
    }
    let keep = Keep {
        events: true,
        links: false,
    };
    let mut twin =
        Twin::new(&operation, &plan, arguments.loop_name.factory(), keep).map_err(unbuilt)?;
    let outcome = twin.run_to_end();

    println!(
        "{} · {} · seed {} · loop: {}",
        operation.name, operation.robot_name, plan.seed, arguments.loop_name
    );
    println!("\ncolumns\n{KEY}\n");
    for event in twin.events() {
        println!("{event}");
    }
    println!(
        "\n{} ticks, state hash {:016x}\n",
        outcome.ticks, outcome.hash
    );
    let mut rows = table(
        &[
            "id",
            "verdict",
            "worst margin",
            "share of limit",
            "at",
            "exercised",
            "worst",
        ],
        &[2, 3, 4, 5],
    );
    let mut verdict = Verdict::AllHold;
    for finding in &outcome.findings {
        if finding.violated_at_ns.is_some() {
            verdict = Verdict::Violated;
        }
        let judged = finding.exercised > 0 || finding.violated_at_ns.is_some();
        let when_judged = |text: String| if judged { text } else { "-".into() };
        rows.add_row(vec![
            finding.id.to_string(),
            verdict_word(finding.verdict()).into(),
            margin(judged.then_some(finding.worst_margin), &finding.unit),
            when_judged(significant(finding.robustness)),
            when_judged(format!("{:.4} s", finding.worst_at_ns as f64 * 1e-9)),
            finding.exercised.to_string(),
            finding.detail.clone(),
        ]);
    }
    println!("{rows}");
    Ok(verdict)
}

fn plan(arguments: &RunArguments, operation: &Operation) -> Result<RunPlan, InputError> {
    let duration_ns = arguments
        .duration
        .map_or(operation.duration_ns, |seconds| (seconds * 1e9) as u64);
    let mut plan = RunPlan::of_seed(operation, arguments.seed, duration_ns);
    if let Some(file) = &arguments.fault_file {
        plan.faults = read_fault_file(file)?;
    }
    Ok(plan)
}

fn fault_file(faults: &FaultSchedule, arguments: &RunArguments) -> Result<String, InputError> {
    let ron = ron::ser::to_string_pretty(faults, ron::ser::PrettyConfig::default())
        .map_err(|error| InputError::new(error.to_string()))?;
    Ok(format!(
        "// The faults of {}, seed {}.\n// Replay: twin run {} --seed {} --fault-file THIS\n{ron}\n",
        arguments.scenario.display(),
        arguments.seed,
        arguments.scenario.display(),
        arguments.seed
    ))
}

fn told_divergence(divergence: Option<sim::chain::Divergence>, plan: &RunPlan) -> Verdict {
    match divergence {
        None => {
            println!("seed {}: two runs are the same, bit for bit", plan.seed);
            Verdict::AllHold
        }
        Some(divergence) => {
            println!(
                "seed {}: two runs differ first in tick {}, in {}",
                plan.seed,
                divergence.tick,
                divergence.components.join(", ")
            );
            Verdict::Violated
        }
    }
}
