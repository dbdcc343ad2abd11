//! A failure as a file: everything that a run needs to go wrong again, as data.
//!
//! The faults are explicit, so a failure replays after the code that drew them has changed; and each part of it
//! (a fault, an arm, the surgeon's tremor, a link's jitter) can be taken away alone, which is what
//! [`crate::shrink`] does.

use std::fmt;

use crate::change::{Change, Links};
use crate::session::{SESSION_FORMAT, Session};
use net_model::FaultSchedule;
use safety::Id;
use serde::{Deserialize, Serialize};
use sim::scenario::{SurgeonSettings, fault_schedule_from_ron};
use sim::{BuildError, Keep, LoopFactory, Operation, RunPlan, ScenarioError, Twin};

/// The format that this program writes, and the newest that it reads.
pub const FORMAT: u32 = 1;

/// A run in which a requirement was violated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failure {
    /// The version of this format.
    pub format: u32,
    /// The commit of the program that wrote it.
    pub commit: String,
    /// The scenario's file, as it was named.
    pub scenario: String,
    /// SHA-256 over the scenario's text and those of all files that it names.
    pub scenario_sha256: String,
    /// The name of the control loop.
    pub loop_name: String,
    /// The requirement.
    pub requirement: Id,
    /// When it was first violated, ns.
    pub violated_at_ns: u64,
    /// How long the run lasts, ns.
    pub duration_ns: u64,
    /// Seeds the network and the session.
    pub seed: u64,
    /// Seeds the surgeon.
    pub surgeon_seed: u64,
    /// What goes wrong.
    pub schedule: FaultSchedule,
    /// The links' own laws.
    #[serde(default)]
    pub links: Links,
    /// The arms that take part, by name; all of the scenario's when left out.
    #[serde(default)]
    pub arms: Option<Vec<String>>,
    /// The surgeon; the scenario's when left out.
    #[serde(default)]
    pub surgeon: Option<SurgeonSettings>,
    /// What happens, in words.
    #[serde(default)]
    pub explanation: String,
}

/// Why a failure cannot be replayed.
#[derive(Clone, Debug, PartialEq)]
pub enum FailureError {
    /// It is no failure file, or a damaged one.
    Text(ScenarioError),
    /// It was written by a newer program.
    Newer {
        /// The file's format.
        format: u32,
    },
    /// It is a session of a newer program.
    NewerSession {
        /// The file's format.
        format: u32,
    },
    /// It names an arm that the scenario has not.
    NoSuchArm {
        /// The arm.
        name: String,
    },
    /// The world cannot be built.
    Build(BuildError),
}

impl fmt::Display for FailureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(error) => error.fmt(f),
            Self::Newer { format } => write!(
                f,
                "is a failure file of format {format}, and this program reads up to {FORMAT}: it was written by a \
                 newer one; use that, or find the failure again with this one"
            ),
            Self::NewerSession { format } => write!(
                f,
                "is a recorded session of format {format}, and this program reads up to {SESSION_FORMAT}: it was \
                 written by a newer one; use that"
            ),
            Self::NoSuchArm { name } => write!(
                f,
                "names the arm \"{name}\", which the scenario does not have: the scenario has changed since"
            ),
            Self::Build(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for FailureError {}

/// What a fault file can hold.
#[derive(Clone, Debug, PartialEq)]
pub enum FaultFile {
    /// Only what goes wrong.
    Schedule(FaultSchedule),
    /// A whole failure.
    Failure(Box<Failure>),
    /// A rehearsed session.
    Session(Box<Session>),
}

impl FaultFile {
    /// Reads a fault schedule or a failure.
    ///
    /// # Errors
    /// [`FailureError::Newer`] and [`FailureError::Text`], with the place in the text.
    pub fn from_ron(text: &str) -> Result<Self, FailureError> {
        if let Some(format) = format_of(text, "session_format") {
            return match format {
                newer if newer > SESSION_FORMAT => Err(FailureError::NewerSession { format }),
                _ => Session::parse(text).map(|session| Self::Session(Box::new(session))),
            };
        }
        match format_of(text, "format") {
            Some(format) if format > FORMAT => Err(FailureError::Newer { format }),
            Some(_) => parse(text)
                .map(|failure| Self::Failure(Box::new(failure)))
                .map_err(FailureError::Text),
            None => fault_schedule_from_ron(text)
                .map(Self::Schedule)
                .map_err(FailureError::Text),
        }
    }
}

impl Failure {
    /// Reads a failure.
    ///
    /// # Errors
    /// As [`FaultFile::from_ron`]; a fault schedule alone is no failure.
    pub fn from_ron(text: &str) -> Result<Self, FailureError> {
        match FaultFile::from_ron(text)? {
            FaultFile::Failure(failure) => Ok(*failure),
            FaultFile::Session(_) => Err(FailureError::Text(ScenarioError {
                file: None,
                position: None,
                message: "is a recorded session, in which nothing need have failed; replay it with `twin run`".into(),
            })),
            FaultFile::Schedule(_) => Err(FailureError::Text(ScenarioError {
                file: None,
                position: None,
                message: "is a fault schedule, not a failure: it names neither scenario nor requirement; \
                          write one with `twin check --failures DIR`"
                    .into(),
            })),
        }
    }

    /// The file's text.
    ///
    /// # Errors
    /// The text cannot be written, in words.
    pub fn to_ron(&self) -> Result<String, String> {
        let body = options()
            .to_string_pretty(self, pretty())
            .map_err(|error| error.to_string())?;
        let mut text = format!(
            "// {} violated at {:.4} s of {}, loop {}.\n",
            self.requirement,
            self.violated_at_ns as f64 * 1e-9,
            self.scenario,
            self.loop_name
        );
        for line in wrapped(&self.explanation, 110) {
            text.push_str("// ");
            text.push_str(&line);
            text.push('\n');
        }
        text.push_str(&body);
        text.push('\n');
        Ok(text)
    }

    /// What this failure changes of its scenario.
    pub fn change(&self) -> Change {
        Change {
            links: self.links,
            arms: self.arms.clone(),
            surgeon: self.surgeon.clone(),
        }
    }

    /// The operation as this failure changes it.
    ///
    /// # Errors
    /// [`FailureError::NoSuchArm`].
    pub fn operation(&self, scenario: &Operation) -> Result<Operation, FailureError> {
        self.change().apply(scenario)
    }

    /// The world of this failure at its start.
    ///
    /// # Errors
    /// [`FailureError::NoSuchArm`] and [`FailureError::Build`].
    pub fn twin(
        &self,
        scenario: &Operation,
        make_loop: &LoopFactory,
        keep: Keep,
    ) -> Result<Twin, FailureError> {
        let operation = self.operation(scenario)?;
        let plan = RunPlan {
            seed: self.seed,
            faults: self.schedule.clone(),
            duration_ns: self.duration_ns,
        };
        Twin::with_surgeon(&operation, &plan, self.surgeon_seed, make_loop, keep)
            .map_err(FailureError::Build)
    }

    /// How many single things go wrong.
    pub fn events_n(&self) -> usize {
        let schedule = &self.schedule;
        schedule.faults.len() + schedule.packets.len() + schedule.attacks.len()
    }
}

/// The number in the first field of a RON struct, if that field has this name. Read by hand: what follows in a newer
/// version, nobody knows.
fn format_of(text: &str, field: &str) -> Option<u32> {
    let (name, rest) = first_field(text)?;
    let value = rest.trim_start().strip_prefix(':')?.trim_start();
    let digits = value.split(|c: char| !c.is_ascii_digit()).next()?;
    (name == field).then(|| digits.parse().ok())?
}

/// The name of the first field of a RON struct, if the text is one, and what follows it. It tells failures, sessions,
/// fault schedules and scenarios apart.
pub fn first_field(text: &str) -> Option<(&str, &str)> {
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        if let Some(line) = rest.strip_prefix("//").or_else(|| rest.strip_prefix("#![")) {
            rest = line.split_once('\n')?.1;
        } else if let Some(block) = rest.strip_prefix("/*") {
            rest = block.split_once("*/")?.1;
        } else if let Some(inside) = rest.strip_prefix('(') {
            rest = inside;
        } else {
            let is_name = |c: char| c.is_alphanumeric() || c == '_';
            let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
            return (end > 0).then(|| rest.split_at(end));
        }
    }
}

pub(crate) fn parse<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, ScenarioError> {
    options().from_str(text).map_err(|error| ScenarioError {
        file: None,
        position: Some((error.span.start.line, error.span.start.col)),
        message: error.code.to_string(),
    })
}

pub(crate) fn options() -> ron::Options {
    ron::Options::default().with_default_extension(ron::extensions::Extensions::IMPLICIT_SOME)
}

pub(crate) fn pretty() -> ron::ser::PrettyConfig {
    ron::ser::PrettyConfig::default().depth_limit(4)
}

/// Words in lines of at most `width` characters, unless one word is longer.
pub(crate) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.into()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use net_model::{Fault, FaultKind, Milliseconds, RunMilliseconds, WhichPaths};

    fn failure() -> Failure {
        Failure {
            format: FORMAT,
            commit: "abc".into(),
            scenario: "a.ron".into(),
            scenario_sha256: "00".into(),
            loop_name: "own".into(),
            requirement: Id::R07,
            violated_at_ns: 5_000_000,
            duration_ns: 6_000_000,
            seed: 3,
            surgeon_seed: 4,
            schedule: FaultSchedule {
                faults: vec![Fault {
                    at_ms: RunMilliseconds::clamped(1.0),
                    for_ms: RunMilliseconds::clamped(2.0),
                    paths: WhichPaths::Both,
                    direction: Default::default(),
                    kind: FaultKind::AddDelay {
                        ms: Milliseconds::clamped(3.5),
                        ramp_ms: Milliseconds::MIN,
                    },
                }],
                ..FaultSchedule::default()
            },
            links: Links::Constant,
            arms: Some(vec!["left".into()]),
            surgeon: Some(SurgeonSettings::default()),
            explanation: "Both paths slow down. The arm jumps.".into(),
        }
    }

    #[test]
    fn a_failure_file_reads_back_as_it_was_written() {
        let text = failure().to_ron().expect("it can be written");
        assert!(text.starts_with("// R07 violated at 0.0050 s"), "{text}");
        assert_eq!(Failure::from_ron(&text), Ok(failure()));
    }

    #[test]
    fn a_failure_file_of_a_newer_program_says_so_whatever_else_it_holds() {
        let text = "(format: 7, commit: \"x\", swarm: Many([1, 2], deep: (a: Some(3))), seed: 1)";
        let error = Failure::from_ron(text).expect_err("it is newer");
        assert_eq!(error, FailureError::Newer { format: 7 });
        assert!(error.to_string().contains("newer"), "{error}");
    }

    #[test]
    fn the_first_field_tells_what_kind_of_file_it_is() {
        let field = |text| first_field(text).map(|(name, _)| name);
        let failure = "// a failure\n#![enable(implicit_some)]\n(\n  format: 1,";
        assert_eq!(field(failure), Some("format"));
        assert_eq!(field("/* x */ ( // y\n name: \"a\")"), Some("name"));
        assert_eq!(field(""), None);
        assert_eq!(field("// only a comment"), None);
    }

    #[test]
    fn a_plain_schedule_is_read_as_one_and_is_no_failure() {
        let text = "(faults: [], packets: [])";
        assert!(matches!(
            FaultFile::from_ron(text),
            Ok(FaultFile::Schedule(_))
        ));
        let error = Failure::from_ron(text).expect_err("no failure");
        assert!(error.to_string().contains("not a failure"), "{error}");
    }

    #[test]
    fn a_damaged_failure_file_is_told_with_its_line() {
        let text = failure()
            .to_ron()
            .expect("text")
            .replace("violated_at_ns", "violated_at");
        match Failure::from_ron(&text) {
            Err(FailureError::Text(error)) => {
                assert!(error.position.is_some(), "{error}");
                assert!(error.message.contains("violated_at"), "{error}");
            }
            other => panic!("{other:?}"),
        }
    }
}
