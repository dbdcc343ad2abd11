//! What is to be seen: a scenario, a failure that the checks found, or a recorded session.

use std::path::{Path, PathBuf};

use campaign::{Change, Failure, FaultFile, first_field};
use net_model::FaultSchedule;
use safety::Id;
use sim::hands::HandTrack;
use sim::{Keep, Operation, RunPlan, Twin};
use twin::failure::{loop_of, scenario_of, tell_if_changed};
use twin::input::{InputError, read_fault_file, read_operation_and_hash, read_text_or_recording};
use twin::loops::LoopName;

use crate::cli::{Arguments, FaultChoice, WhoseHands};

/// A person's session lasts at most so long, ns: an hour.
const SESSION_NS: u64 = 3_600_000_000_000;

/// One run to be seen.
#[derive(Clone, Debug)]
pub struct Case {
    /// The scenario's file.
    pub scenario_file: PathBuf,
    /// SHA-256 of it and of all that it names.
    pub scenario_sha256: String,
    /// The operation, changed as a failure or a session says.
    pub operation: Operation,
    /// What is changed.
    pub change: Change,
    /// The loop under test.
    pub loop_name: LoopName,
    /// Seed, faults and duration.
    pub plan: RunPlan,
    /// The hands at the console.
    pub hands: Hands,
    /// The requirement that a failure violates, and when, ns.
    pub promise: Option<(Id, u64)>,
    /// What happens, in the words of the file.
    pub explanation: String,
    /// The hash that a recorded session came to.
    pub recorded_hash: Option<u64>,
}

/// Whose hands are at the console.
#[derive(Clone, Debug)]
pub enum Hands {
    /// The programmed surgeon's, with a seed of its own.
    Programmed {
        /// Seeds the surgeon.
        seed: u64,
    },
    /// A person's, now.
    Person,
    /// A person's, as they were.
    Recorded(HandTrack),
}

impl Hands {
    /// What seeds the programmed surgeon, if one is at the console.
    pub fn surgeon_seed(&self) -> Option<u64> {
        match self {
            Self::Programmed { seed } => Some(*seed),
            Self::Person | Self::Recorded(_) => None,
        }
    }
}

impl Case {
    /// Reads what the command line asks for.
    ///
    /// # Errors
    /// [`InputError`]: a file that cannot be read or used, with its line.
    pub fn open(arguments: &Arguments) -> Result<Self, InputError> {
        let file = &arguments.file;
        let text = read_text_or_recording(file)?;
        let is_fault_file =
            first_field(&text).is_some_and(|(field, _)| FAULT_FILE_FIELDS.contains(&field));
        let mut case = if is_fault_file {
            Self::of_fault_file(file, arguments)?
        } else {
            Self::of_scenario(file, arguments)?
        };
        if let Some(seconds) = arguments.duration {
            case.plan.duration_ns = to_ns(seconds);
        }
        case.plan
            .faults
            .faults
            .extend(arguments.cut.iter().map(crate::cli::Cut::fault));
        for note in &case.operation.notes {
            eprintln!("note: {note}");
        }
        Ok(case)
    }

    /// The world of this run at its start.
    ///
    /// # Errors
    /// [`InputError`] when loop or network refuse what the files say.
    pub fn twin(&self) -> Result<Twin, InputError> {
        let keep = Keep {
            events: true,
            links: false,
        };
        let make_loop = self.loop_name.factory();
        let built = match &self.hands {
            Hands::Programmed { seed } => {
                Twin::with_surgeon(&self.operation, &self.plan, *seed, make_loop, keep)
            }
            Hands::Person => Twin::with_hands(
                &self.operation,
                &self.plan,
                HandTrack::default(),
                make_loop,
                keep,
            ),
            Hands::Recorded(track) => {
                Twin::with_hands(&self.operation, &self.plan, track.clone(), make_loop, keep)
            }
        };
        built.map_err(|error| InputError::new(format!("{}: {error}", self.scenario_file.display())))
    }

    /// The same scenario with a person at the console, and nothing that goes wrong by itself.
    #[must_use]
    pub fn taken_over(&self) -> Self {
        Self {
            plan: RunPlan {
                seed: self.plan.seed,
                faults: FaultSchedule::default(),
                duration_ns: SESSION_NS,
            },
            hands: Hands::Person,
            promise: None,
            explanation: String::new(),
            recorded_hash: None,
            ..self.clone()
        }
    }

    /// Whether a person acts at the console now.
    pub fn is_live(&self) -> bool {
        matches!(self.hands, Hands::Person)
    }

    fn of_scenario(file: &Path, arguments: &Arguments) -> Result<Self, InputError> {
        let (operation, scenario_sha256) = read_operation_and_hash(file)?;
        let seed = arguments.seed.unwrap_or(1);
        let is_person = arguments.hands == WhoseHands::Person;
        let duration_ns = if is_person {
            SESSION_NS
        } else {
            operation.duration_ns
        };
        let by_default = if is_person {
            FaultChoice::None
        } else {
            FaultChoice::Drawn
        };
        let horizon_ns = arguments.duration.map_or(duration_ns, to_ns);
        let plan = match arguments.faults.unwrap_or(by_default) {
            FaultChoice::Drawn => RunPlan::of_seed(&operation, seed, horizon_ns),
            FaultChoice::None => RunPlan {
                seed,
                faults: FaultSchedule::default(),
                duration_ns,
            },
        };
        Ok(Self {
            scenario_file: file.to_path_buf(),
            scenario_sha256,
            operation,
            change: Change::default(),
            loop_name: arguments.loop_name.unwrap_or(LoopName::Own),
            plan,
            hands: if is_person {
                Hands::Person
            } else {
                Hands::Programmed { seed }
            },
            promise: None,
            explanation: String::new(),
            recorded_hash: None,
        })
    }

    fn of_fault_file(file: &Path, arguments: &Arguments) -> Result<Self, InputError> {
        match read_fault_file(file)? {
            FaultFile::Schedule(_) => Err(InputError::new(format!(
                "{}: tells faults only, not of which operation; give a scenario, a failure's file (`twin check \
                 --failures DIR` writes them) or a recorded session",
                file.display()
            ))),
            FaultFile::Failure(failure) => Self::of_failure(file, *failure, arguments),
            FaultFile::Session(session) => Self::of_session(file, *session, arguments),
        }
    }

    fn of_failure(
        file: &Path,
        mut failure: Failure,
        arguments: &Arguments,
    ) -> Result<Self, InputError> {
        let scenario_file = scenario_or_named(file, &failure.scenario, arguments)?;
        let (scenario, hash) = read_operation_and_hash(&scenario_file)?;
        tell_if_changed(file, &failure, &scenario_file, &hash);
        let operation = failure
            .operation(&scenario)
            .map_err(|error| InputError::new(format!("{}: {error}", file.display())))?;
        if let Some(seed) = arguments.seed {
            (failure.seed, failure.surgeon_seed) = (seed, seed);
        }
        let loop_name = match arguments.loop_name {
            Some(name) => name,
            None => loop_of(file, &failure)?,
        };
        Ok(Self {
            scenario_file,
            scenario_sha256: hash,
            operation,
            change: failure.change(),
            loop_name,
            plan: RunPlan {
                seed: failure.seed,
                faults: failure.schedule,
                duration_ns: failure.duration_ns,
            },
            hands: Hands::Programmed {
                seed: failure.surgeon_seed,
            },
            promise: Some((failure.requirement, failure.violated_at_ns)),
            explanation: failure.explanation,
            recorded_hash: None,
        })
    }

    fn of_session(
        file: &Path,
        session: campaign::Session,
        arguments: &Arguments,
    ) -> Result<Self, InputError> {
        let scenario_file = scenario_or_named(file, &session.scenario, arguments)?;
        let (scenario, hash) = read_operation_and_hash(&scenario_file)?;
        let wrong = |error: String| InputError::new(format!("{}: {error}", file.display()));
        let operation = session
            .operation(&scenario)
            .map_err(|error| wrong(error.to_string()))?;
        let is_as_it_was = session.scenario_sha256 == hash;
        if !is_as_it_was {
            eprintln!(
                "note: {}, or a file that it names, has changed since {} was recorded: the run may differ",
                scenario_file.display(),
                file.display()
            );
        }
        let recorded: LoopName = session.loop_name.parse().map_err(wrong)?;
        let loop_name = arguments.loop_name.unwrap_or(recorded);
        let hands = match session.hands {
            Some(track) => {
                track.check(operation.arms.len()).map_err(wrong)?;
                Hands::Recorded(track)
            }
            None => Hands::Programmed {
                seed: session.surgeon_seed.unwrap_or(session.seed),
            },
        };
        let is_same = is_as_it_was
            && loop_name == recorded
            && arguments.seed.is_none_or(|seed| seed == session.seed);
        Ok(Self {
            scenario_file,
            scenario_sha256: hash,
            operation,
            change: session.change,
            loop_name,
            plan: RunPlan {
                seed: arguments.seed.unwrap_or(session.seed),
                faults: session.schedule,
                duration_ns: session.duration_ns,
            },
            hands,
            promise: None,
            explanation: String::new(),
            recorded_hash: (is_same && arguments.cut.is_empty() && arguments.duration.is_none())
                .then_some(session.hash),
        })
    }
}

/// What a fault file of any kind may begin with; a scenario begins with none of these.
const FAULT_FILE_FIELDS: [&str; 7] = [
    "format",
    "session_format",
    "faults",
    "packets",
    "otherwise",
    "attacks",
    "console_clock",
];

fn scenario_or_named(
    file: &Path,
    named: &str,
    arguments: &Arguments,
) -> Result<PathBuf, InputError> {
    match &arguments.scenario {
        Some(path) => Ok(path.clone()),
        None => scenario_of(file, named),
    }
}

fn to_ns(seconds: f64) -> u64 {
    (seconds * 1e9).round() as u64
}
