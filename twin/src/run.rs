//! `twin run`.

use campaign::monte_carlo::variation::Variation;
use std::io::Cursor;
use std::path::Path;

use campaign::recording::Recorder;
use campaign::{Change, FORMAT, Failure, FaultFile, Links, Origin, Session, verify};
use net_model::FaultSchedule;
use safety::Id;
use sim::journal::KEY;
use sim::{Keep, Operation, Outcome, RunPlan, Twin};

use crate::Verdict;
use crate::commands::RunArguments;
use crate::failure::{COMMIT, loop_of, tell_if_changed};
use crate::input::{
    InputError, read_fault_file, read_operation_and_hash, write_all_whole, write_whole,
};
use crate::loops::LoopName;
use crate::output::outln;
use crate::table::{margin, significant, table, verdict_word};

/// What is run: an operation as a failure may have changed it, and its plan.
struct Job {
    failure: Failure,
    /// What a failure file promises.
    promise: Option<Id>,
    loop_name: LoopName,
}

/// Runs one operation and prints its events, its hash and the margins.
///
/// # Errors
/// [`InputError`] for files that cannot be read or written, or a scenario that cannot be run.
pub fn run(arguments: &RunArguments) -> Result<Verdict, InputError> {
    let (mut scenario, hash) = read_operation_and_hash(&arguments.scenario)?;
    if arguments.swarm && arguments.record.is_some() {
        return Err(InputError::new(
            "--record keeps a run that replays, and what --swarm draws is in no file; leave one of them out",
        ));
    }
    if arguments.swarm {
        let seed = arguments.seed.unwrap_or(1);
        scenario = Variation::draw(&scenario, seed, true).operation;
    }
    for note in &scenario.notes {
        eprintln!("note: {note}");
    }
    if let Some(file) = &arguments.fault_file
        && let FaultFile::Session(session) = read_fault_file(file)?
    {
        return play(arguments, &scenario, &hash, &session);
    }
    let Job {
        failure,
        promise,
        loop_name,
    } = job(arguments, &scenario, &hash)?;
    let wrong = |error: String| InputError::new(format!("{}: {error}", shown_file(arguments)));
    let operation = failure
        .operation(&scenario)
        .map_err(|error| wrong(error.to_string()))?;
    let plan = RunPlan {
        seed: failure.seed,
        faults: failure.schedule.clone(),
        duration_ns: failure.duration_ns,
    };
    if let Some(file) = &arguments.write_fault_file {
        let text = fault_file(&plan, arguments)?;
        write_whole(file, &text)?;
    }
    if arguments.verify {
        if failure.surgeon_seed != failure.seed {
            return Err(wrong(
                "has a surgeon of its own seed, which --verify cannot replay; leave --verify out"
                    .into(),
            ));
        }
        return verify(&operation, &plan, loop_name.factory())
            .map(|divergence| told_divergence(divergence, &plan))
            .map_err(|error| wrong(error.to_string()));
    }
    let keep = Keep {
        events: true,
        links: false,
    };
    let mut twin: Twin = failure
        .twin(&scenario, loop_name.factory(), keep)
        .map_err(|error| wrong(error.to_string()))?;
    let own_file = |twin: &Twin| match promise {
        Some(_) => failure.to_ron(),
        None => session(arguments, &hash, twin, loop_name),
    };
    let outcome = pass(arguments, &operation, &mut twin, &own_file)?;
    let verdict = tell(arguments, &operation, &twin, &outcome, loop_name);
    if let Some(id) = promise {
        let found = outcome.findings.iter().find(|finding| finding.id == id);
        match found.and_then(|finding| finding.violated_at_ns) {
            Some(at_ns) => outln!(
                "{id} is violated at {:.4} s; the file says at {:.4} s",
                at_ns as f64 * 1e-9,
                failure.violated_at_ns as f64 * 1e-9
            ),
            None => outln!(
                "{id} is not violated any more; the file says at {:.4} s",
                failure.violated_at_ns as f64 * 1e-9
            ),
        }
    }
    Ok(verdict)
}

/// Plays a recorded session: what a person did, and what went wrong meanwhile.
fn play(
    arguments: &RunArguments,
    scenario: &Operation,
    hash: &str,
    session: &Session,
) -> Result<Verdict, InputError> {
    let file = shown_file(arguments);
    let refused = [
        ("--seed", arguments.seed.is_some()),
        ("--duration", arguments.duration.is_some()),
        ("--verify", arguments.verify),
        ("--swarm", arguments.swarm),
        ("--write-fault-file", arguments.write_fault_file.is_some()),
    ];
    if let Some((option, _)) = refused.into_iter().find(|(_, given)| *given) {
        return Err(InputError::new(format!(
            "{file} is a recorded session, which plays as it was; leave {option} out"
        )));
    }
    if session.scenario_sha256 != hash {
        eprintln!(
            "note: {}, or a file that it names, has changed since {file} was written: the run may differ",
            arguments.scenario.display()
        );
    }
    let loop_name = match arguments.loop_name {
        Some(name) => name,
        None => session.loop_name.parse().map_err(|error| {
            InputError::new(format!("{file}: {error}; name another with --loop"))
        })?,
    };
    let keep = Keep {
        events: true,
        links: false,
    };
    let operation = session
        .operation(scenario)
        .map_err(|error| InputError::new(format!("{file}: {error}")))?;
    let mut twin = session
        .twin(scenario, loop_name.factory(), keep)
        .map_err(|error| InputError::new(format!("{file}: {error}")))?;
    let own_file = |twin: &Twin| {
        let played = Session {
            loop_name: loop_name.to_string(),
            hash: twin.outcome().hash,
            ..session.clone()
        };
        played.to_ron()
    };
    let outcome = pass(arguments, &operation, &mut twin, &own_file)?;
    let verdict = tell(arguments, &operation, &twin, &outcome, loop_name);
    if outcome.hash == session.hash {
        outln!("the history is that of the session, bit for bit");
    } else {
        outln!(
            "the history is not that of the session, whose hash is {:016x}: the program, the scenario or the loop has \
             changed since",
            session.hash
        );
    }
    Ok(verdict)
}

/// Runs to the end; records, and goes back to a snapshot, where that is asked for.
fn pass(
    arguments: &RunArguments,
    operation: &Operation,
    twin: &mut Twin,
    own_file: &dyn Fn(&Twin) -> Result<String, String>,
) -> Result<Outcome, InputError> {
    let end_s = twin.plan().duration_ns as f64 * 1e-9;
    for (option, at) in [
        ("--from", arguments.from),
        ("--snapshot-at", arguments.snapshot_at),
    ] {
        if let Some(at_s) = at.filter(|at_s| *at_s >= end_s) {
            return Err(InputError::new(format!(
                "{option} {at_s} is not before the end of the run, {end_s} s; give an earlier moment"
            )));
        }
    }
    let from_ns = arguments.from.map_or(0, nanoseconds);
    let snapshot_ns = arguments.snapshot_at.map(nanoseconds);
    let failed = |file: &Path, error: String| {
        InputError::new(format!("{} cannot be written: {error}", file.display()))
    };
    if let Some(file) = &arguments.record
        && let Some(folder) = file.parent()
        && !folder.as_os_str().is_empty()
        && !folder.is_dir()
    {
        return Err(failed(
            file,
            format!("there is no folder {}", folder.display()),
        ));
    }
    let (mut recorder, mut snapshot) = (None, None);
    loop {
        let now_ns = twin.now_ns();
        if let Some(file) = &arguments.record
            && recorder.is_none()
            && now_ns >= from_ns
        {
            let begun = Recorder::new(Cursor::new(Vec::new()), operation, twin);
            recorder = Some(begun.map_err(|error| failed(file, error.to_string()))?);
        }
        if snapshot.is_none() && snapshot_ns.is_some_and(|at_ns| now_ns >= at_ns) {
            snapshot = Some(twin.snapshot());
        }
        if twin.is_over() {
            break;
        }
        twin.step();
        if let (Some(recorder), Some(file)) = (&mut recorder, &arguments.record) {
            recorder
                .look(twin)
                .map_err(|error| failed(file, error.to_string()))?;
        }
    }
    let outcome = twin.outcome();
    if let (Some(recorder), Some(file)) = (recorder, &arguments.record) {
        let run = own_file(twin).map_err(|error| failed(file, error))?;
        let bytes = recorder.finish(twin, &run, from_ns);
        let bytes = bytes.map_err(|error| failed(file, error.to_string()))?;
        write_all_whole(&[(file, bytes.get_ref())])?;
    }
    if let Some(snapshot) = snapshot {
        twin.restore(&snapshot);
        let at_s = twin.now_ns() as f64 * 1e-9;
        let again = twin.run_to_end();
        if again.hash != outcome.hash {
            return Err(InputError::new(format!(
                "from the snapshot at {at_s} s the run came to the hash {:016x}, not {:016x}: this is a defect of the \
                 twin; please report it with this command",
                again.hash, outcome.hash
            )));
        }
        outln!("from the snapshot at {at_s} s the history is the same, bit for bit\n");
    }
    Ok(outcome)
}

fn session(
    arguments: &RunArguments,
    hash: &str,
    twin: &Twin,
    loop_name: LoopName,
) -> Result<String, String> {
    let scenario = arguments.scenario.display().to_string();
    let origin = Origin {
        scenario: &scenario,
        scenario_sha256: hash,
        change: &Change::default(),
        surgeon_seed: twin.plan().seed,
        commit: COMMIT,
        loop_name: &loop_name.to_string(),
    };
    Session::of(twin, &origin).to_ron()
}

fn nanoseconds(seconds: f64) -> u64 {
    (seconds * 1e9) as u64
}

/// Prints a run's events, its hash and the margins.
fn tell(
    arguments: &RunArguments,
    operation: &Operation,
    twin: &Twin,
    outcome: &Outcome,
    loop_name: LoopName,
) -> Verdict {
    outln!(
        "{} · {} · seed {} · loop: {}",
        operation.name,
        operation.robot_name,
        twin.plan().seed,
        loop_name
    );
    outln!("\ncolumns\n{KEY}\n");
    let from_ns = arguments.from.map_or(0, nanoseconds);
    for event in twin.events() {
        if event.at_ns >= from_ns {
            outln!("{event}");
        }
    }
    outln!(
        "\n{} ticks, state hash {:016x}\n",
        outcome.ticks,
        outcome.hash
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
    outln!("{rows}");
    verdict
}

fn job(arguments: &RunArguments, scenario: &Operation, hash: &str) -> Result<Job, InputError> {
    let asked_ns = arguments.duration.map(|seconds| (seconds * 1e9) as u64);
    let seed = arguments.seed.unwrap_or(1);
    let duration_ns = asked_ns.unwrap_or(scenario.duration_ns);
    let plain = |schedule: FaultSchedule| Job {
        failure: Failure {
            format: FORMAT,
            commit: String::new(),
            scenario: arguments.scenario.display().to_string(),
            scenario_sha256: hash.into(),
            loop_name: String::new(),
            requirement: Id::R01,
            violated_at_ns: 0,
            duration_ns,
            seed,
            surgeon_seed: seed,
            schedule,
            links: Links::AsInScenario,
            arms: None,
            surgeon: None,
            explanation: String::new(),
        },
        promise: None,
        loop_name: arguments.loop_name.unwrap_or(LoopName::Own),
    };
    let Some(file) = &arguments.fault_file else {
        return Ok(plain(RunPlan::of_seed(scenario, seed, duration_ns).faults));
    };
    let mut failure = match read_fault_file(file)? {
        FaultFile::Schedule(schedule) => return Ok(plain(schedule)),
        FaultFile::Failure(failure) => *failure,
        FaultFile::Session(_) => {
            return Err(InputError::new(format!(
                "{} is a recorded session",
                file.display()
            )));
        }
    };
    tell_if_changed(file, &failure, &arguments.scenario, hash);
    let loop_name = match arguments.loop_name {
        Some(name) => name,
        None => loop_of(file, &failure)?,
    };
    if let Some(seed) = arguments.seed {
        (failure.seed, failure.surgeon_seed) = (seed, seed);
    }
    failure.loop_name = loop_name.to_string();
    failure.duration_ns = asked_ns.unwrap_or(failure.duration_ns);
    Ok(Job {
        promise: Some(failure.requirement),
        failure,
        loop_name,
    })
}

/// The file that a message is about.
fn shown_file(arguments: &RunArguments) -> String {
    let file = arguments.fault_file.as_ref();
    file.unwrap_or(&arguments.scenario).display().to_string()
}

fn fault_file(plan: &RunPlan, arguments: &RunArguments) -> Result<String, InputError> {
    let ron = ron::ser::to_string_pretty(&plan.faults, ron::ser::PrettyConfig::default())
        .map_err(|error| InputError::new(error.to_string()))?;
    Ok(format!(
        "// The faults of {}, seed {}.\n// Replay: twin run {} --seed {} --fault-file THIS\n{ron}\n",
        arguments.scenario.display(),
        plan.seed,
        arguments.scenario.display(),
        plan.seed
    ))
}

fn told_divergence(divergence: Option<sim::chain::Divergence>, plan: &RunPlan) -> Verdict {
    match divergence {
        None => {
            outln!("seed {}: two runs are the same, bit for bit", plan.seed);
            Verdict::AllHold
        }
        Some(divergence) => {
            outln!(
                "seed {}: two runs differ first in tick {}, in {}",
                plan.seed,
                divergence.tick,
                divergence.components.join(", ")
            );
            Verdict::Violated
        }
    }
}
