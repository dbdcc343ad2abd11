//! A rehearsed session as a file: what a person did and what went wrong meanwhile, to be replayed bit for bit.

use net_model::FaultSchedule;
use serde::{Deserialize, Serialize};
use sim::hands::HandTrack;
use sim::{Keep, LoopFactory, Operation, RunPlan, ScenarioError, Twin};

use crate::change::Change;
use crate::failure::{FailureError, FaultFile, options, parse, pretty};

/// The format that this program writes, and the newest that it reads.
pub const SESSION_FORMAT: u32 = 1;

/// One session at the console.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Session {
    /// The version of this format.
    pub session_format: u32,
    /// The commit of the program that wrote it.
    pub commit: String,
    /// The scenario's file, as it was named.
    pub scenario: String,
    /// SHA-256 over the scenario's text and those of all files that it names.
    pub scenario_sha256: String,
    /// The name of the control loop.
    pub loop_name: String,
    /// How long the session lasted, ns.
    pub duration_ns: u64,
    /// Seeds the network and the session's keys.
    pub seed: u64,
    /// Seeds the programmed surgeon, who is at the console where no person is; `seed` when left out.
    #[serde(default)]
    pub surgeon_seed: Option<u64>,
    /// What differs from the scenario.
    #[serde(default)]
    pub change: Change,
    /// The hash of the whole history: a replay comes to the same.
    pub hash: u64,
    /// What went wrong, by plan and by hand.
    pub schedule: FaultSchedule,
    /// What the person did; without it the programmed surgeon was at the console.
    pub hands: Option<HandTrack>,
}

/// Where a run comes from: what cannot be told by looking at it.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// The scenario's file, as it was named.
    pub scenario: &'a str,
    /// SHA-256 over the scenario's text and those of all files that it names.
    pub scenario_sha256: &'a str,
    /// What differs from it.
    pub change: &'a Change,
    /// Seeds the programmed surgeon.
    pub surgeon_seed: u64,
    /// The commit of the program.
    pub commit: &'a str,
    /// The name of the control loop.
    pub loop_name: &'a str,
}

impl Session {
    /// What a run has been until now.
    pub fn of(twin: &Twin, origin: &Origin<'_>) -> Self {
        let plan = twin.plan();
        Self {
            session_format: SESSION_FORMAT,
            commit: origin.commit.into(),
            scenario: origin.scenario.into(),
            scenario_sha256: origin.scenario_sha256.into(),
            loop_name: origin.loop_name.into(),
            duration_ns: twin.now_ns(),
            seed: plan.seed,
            surgeon_seed: (origin.surgeon_seed != plan.seed).then_some(origin.surgeon_seed),
            change: origin.change.clone(),
            hash: twin.outcome().hash,
            schedule: plan.faults.clone(),
            hands: twin.hands().cloned(),
        }
    }

    /// Reads a session.
    ///
    /// # Errors
    /// As [`FaultFile::from_ron`]; a fault schedule or a failure is no session.
    pub fn from_ron(text: &str) -> Result<Self, FailureError> {
        match FaultFile::from_ron(text)? {
            FaultFile::Session(session) => Ok(*session),
            FaultFile::Schedule(_) | FaultFile::Failure(_) => {
                Err(FailureError::Text(ScenarioError {
                    file: None,
                    position: None,
                    message: "is no recorded session; the rehearsal writes one with F5".into(),
                }))
            }
        }
    }

    pub(crate) fn parse(text: &str) -> Result<Self, FailureError> {
        parse(text).map_err(FailureError::Text)
    }

    /// The file's text.
    ///
    /// # Errors
    /// The text cannot be written, in words.
    pub fn to_ron(&self) -> Result<String, String> {
        let body = options()
            .to_string_pretty(self, pretty())
            .map_err(|error| error.to_string())?;
        Ok(format!(
            "// A session of {:.3} s of {}, loop {}.\n// Replay: twin run {} --fault-file THIS\n{body}\n",
            self.duration_ns as f64 * 1e-9,
            self.scenario,
            self.loop_name,
            self.scenario,
        ))
    }

    /// The operation as this session changes it.
    ///
    /// # Errors
    /// [`FailureError::NoSuchArm`].
    pub fn operation(&self, scenario: &Operation) -> Result<Operation, FailureError> {
        self.change.apply(scenario)
    }

    /// The world of this session at its start.
    ///
    /// # Errors
    /// The change or the hands do not fit the scenario, or the world cannot be built.
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
        let twin = match &self.hands {
            Some(track) => {
                track.check(operation.arms.len()).map_err(|message| {
                    FailureError::Text(ScenarioError {
                        file: None,
                        position: None,
                        message,
                    })
                })?;
                Twin::with_hands(&operation, &plan, track.clone(), make_loop, keep)
            }
            None => {
                let surgeon_seed = self.surgeon_seed.unwrap_or(self.seed);
                Twin::with_surgeon(&operation, &plan, surgeon_seed, make_loop, keep)
            }
        };
        twin.map_err(FailureError::Build)
    }
}
