//! Failure files: finding their scenario, reading and writing them.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use campaign::{FORMAT, Failure, Links, replay};
use net_model::FaultSchedule;
use safety::Id;
use sim::{Operation, RunPlan};

use crate::input::{InputError, read_failure, read_operation_and_hash, write_whole};
use crate::loops::LoopName;

/// The commit that this tool was built from.
pub const COMMIT: &str = env!("TWIN_COMMIT");

/// A failure with the operation that it is of.
pub struct Case {
    /// The failure.
    pub failure: Failure,
    /// The scenario, read.
    pub operation: Operation,
    /// Its loop.
    pub loop_name: LoopName,
}

/// Reads a failure and its scenario; `scenario` and `loop_name` override what the file says.
///
/// # Errors
/// [`InputError`] for a file that cannot be read, and for a loop that nobody knows.
pub fn open(
    file: &Path,
    scenario: Option<&Path>,
    loop_name: Option<LoopName>,
) -> Result<Case, InputError> {
    let failure = read_failure(file)?;
    let scenario = match scenario {
        Some(path) => path.to_path_buf(),
        None => scenario_of(file, &failure.scenario)?,
    };
    let (operation, hash) = read_operation_and_hash(&scenario)?;
    tell_if_changed(file, &failure, &scenario, &hash);
    let loop_name = match loop_name {
        Some(name) => name,
        None => loop_of(file, &failure)?,
    };
    Ok(Case {
        failure,
        operation,
        loop_name,
    })
}

/// The loop that a failure names.
///
/// # Errors
/// [`InputError`] when nobody knows it.
pub fn loop_of(file: &Path, failure: &Failure) -> Result<LoopName, InputError> {
    failure.loop_name.parse().map_err(|error| {
        InputError::new(format!(
            "{}: {error}; name another with --loop",
            file.display()
        ))
    })
}

/// Says on the error stream that the scenario is not the one that the failure was found in.
pub fn tell_if_changed(file: &Path, failure: &Failure, scenario: &Path, hash: &str) {
    if failure.scenario_sha256 != hash {
        eprintln!(
            "note: {}, or a file that it names, has changed since {} was written: the run may differ",
            scenario.display(),
            file.display()
        );
    }
}

/// The scenario that a failure or a session names: from here, or from the file's own place.
///
/// # Errors
/// [`InputError`] when it is in neither.
pub fn scenario_of(file: &Path, named: &str) -> Result<PathBuf, InputError> {
    let named = PathBuf::from(named);
    let beside = file.parent().unwrap_or(Path::new("")).join(&named);
    [&named, &beside]
        .into_iter()
        .find(|path| path.is_file())
        .cloned()
        .ok_or_else(|| {
            InputError::new(format!(
                "{}: its scenario {} is neither here nor beside it; give it with --scenario",
                file.display(),
                named.display()
            ))
        })
}

/// The failure of one seed of a check, with the time of its violation; `None` if that run does not violate it.
pub fn of_seed(
    operation: &Operation,
    (scenario, hash): (&Path, &str),
    (seed, duration_ns): (u64, u64),
    requirement: Id,
    loop_name: LoopName,
) -> Option<Failure> {
    let mut failure = of_schedule(
        (scenario, hash),
        (seed, duration_ns),
        (requirement, 0),
        loop_name,
        RunPlan::of_seed(operation, seed, duration_ns).faults,
    );
    let finding = replay(operation, &failure, loop_name.factory()).ok()??;
    failure.violated_at_ns = finding.violated_at_ns?;
    Some(failure)
}

/// The failure of a run with this schedule.
pub fn of_schedule(
    (scenario, hash): (&Path, &str),
    (seed, duration_ns): (u64, u64),
    (requirement, violated_at_ns): (Id, u64),
    loop_name: LoopName,
    schedule: FaultSchedule,
) -> Failure {
    Failure {
        format: FORMAT,
        commit: COMMIT.into(),
        scenario: scenario.display().to_string(),
        scenario_sha256: hash.into(),
        loop_name: loop_name.to_string(),
        requirement,
        violated_at_ns,
        duration_ns,
        seed,
        surgeon_seed: seed,
        schedule,
        links: Links::AsInScenario,
        arms: None,
        surgeon: None,
        explanation: String::new(),
    }
}

/// Writes a failure.
///
/// # Errors
/// [`InputError`] naming the file.
pub fn write(file: &Path, failure: &Failure) -> Result<(), InputError> {
    let text = failure.to_ron().map_err(InputError::new)?;
    write_whole(file, &text)
}

/// The command that replays a failure's file.
pub fn replay_command(file: &Path, failure: &Failure) -> String {
    let mut line = String::from("cargo run --release -- run ");
    let _ = write!(
        line,
        "{} --fault-file {}",
        quoted(Path::new(&failure.scenario)),
        quoted(file)
    );
    line
}

/// A path as a shell reads it.
pub fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    if text.contains(|c: char| c.is_whitespace() || "'\"\\$`&;()<>|*?".contains(c)) {
        format!("'{}'", text.replace('\'', "'\\''"))
    } else {
        text
    }
}
