//! The event log of a run: one line an event.

use std::fmt;

use bevy_ecs::prelude::Resource;
use control_loop::{Fault, PathHealth, State, Verdict};

/// The key of a log line's columns.
pub const KEY: &str = "\
  time s     since the start of the run, on the robot's clock
  actor      surgeon, console, path A, path B, robot, or twin
  event      what happened";

/// The events of a run, in order; kept only when asked for.
#[derive(Resource, Clone, Default)]
pub struct Journal {
    events: Option<Vec<Event>>,
    refusals: [Option<Refusals>; 2],
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// When, on the robot's clock.
    pub at_ns: u64,
    /// What.
    pub what: Happening,
}

/// What can happen.
#[derive(Clone, Debug, PartialEq)]
pub enum Happening {
    /// The pedal went down: the instruments are to hold still.
    PedalPressed,
    /// The pedal came up: a clutch gesture, which asks to follow under an engagement number.
    Gesture {
        /// Its clutch number.
        clutch: u32,
        /// The engagement number that it echoes.
        engagement: u32,
    },
    /// The robot changed its state.
    StateChanged {
        /// The state before.
        from: State,
        /// The state now.
        to: State,
        /// The engagement number now.
        engagement: u32,
    },
    /// A run of refused frames on one path ended.
    Refused {
        /// The path, 0 or 1.
        path: usize,
        /// Why they were refused.
        verdict: Verdict,
        /// When the first of them arrived.
        since_ns: u64,
        /// How many.
        frames: u32,
    },
    /// The pedal of the camera went down, or came up.
    CameraPedal {
        /// Whether both hands move the endoscope now.
        pressed: bool,
    },
    /// A hand let go of one arm and took another.
    ArmSwap {
        /// The hand, 0 left or 1 right.
        hand: usize,
        /// The arm that it holds now.
        arm: usize,
    },
    /// The robot reports that a path is worth more or less than before.
    PathHealth {
        /// The path, 0 or 1.
        path: usize,
        /// What it is worth now.
        health: PathHealth,
    },
    /// The robot sensed a fault of its own.
    Fault {
        /// What is wrong, and of which arm.
        fault: Fault,
    },
    /// A fault of the schedule begins.
    FaultBegins {
        /// The fault in words.
        fault: String,
    },
    /// A fault of the schedule ends.
    FaultEnds {
        /// The fault in words.
        fault: String,
    },
    /// A requirement was violated for the first time.
    Violated {
        /// The requirement.
        id: safety::Id,
    },
}

/// Refusals of one kind in a row, on one path.
#[derive(Clone, Copy)]
struct Refusals {
    verdict: Verdict,
    since_ns: u64,
    last_ns: u64,
    frames: u32,
}

/// Refusals further apart than this are told as two runs.
const REFUSALS_APART_NS: u64 = 50_000_000;

impl Journal {
    /// A journal that keeps its events.
    pub fn keeping_events() -> Self {
        Self {
            events: Some(Vec::new()),
            ..Self::default()
        }
    }

    /// The events so far, in order.
    pub fn events(&self) -> &[Event] {
        self.events.as_deref().unwrap_or_default()
    }

    /// Whether events are kept: callers need not describe what nobody reads.
    pub fn is_kept(&self) -> bool {
        self.events.is_some()
    }

    /// Notes an event.
    pub fn note(&mut self, at_ns: u64, what: Happening) {
        if let Some(events) = &mut self.events {
            events.push(Event { at_ns, what });
        }
    }

    /// Notes a verdict; refusals of one kind in a row become one event. Duplicates are what two paths
    /// are for, and are not told.
    pub fn note_verdict(&mut self, at_ns: u64, path: usize, verdict: Verdict) {
        let is_no_refusal = matches!(
            verdict,
            Verdict::Accepted | Verdict::Duplicate | Verdict::Greeting
        );
        if !self.is_kept() || is_no_refusal {
            return;
        }
        if let Some(run) = &mut self.refusals[path]
            && run.verdict == verdict
            && at_ns <= run.last_ns + REFUSALS_APART_NS
        {
            run.last_ns = at_ns;
            run.frames += 1;
            return;
        }
        self.end_refusals(path);
        self.refusals[path] = Some(Refusals {
            verdict,
            since_ns: at_ns,
            last_ns: at_ns,
            frames: 1,
        });
    }

    /// Tells the refusals that have ended by now.
    pub fn end_old_refusals(&mut self, now_ns: u64) {
        for path in 0..self.refusals.len() {
            if self.refusals[path].is_some_and(|run| now_ns > run.last_ns + REFUSALS_APART_NS) {
                self.end_refusals(path);
            }
        }
    }

    /// Tells all refusals: the run is over.
    pub fn close(&mut self) {
        for path in 0..self.refusals.len() {
            self.end_refusals(path);
        }
    }

    fn end_refusals(&mut self, path: usize) {
        if let Some(Refusals {
            verdict,
            since_ns,
            last_ns,
            frames,
        }) = self.refusals[path].take()
        {
            self.note(
                last_ns,
                Happening::Refused {
                    path,
                    verdict,
                    since_ns,
                    frames,
                },
            );
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (actor, event) = self.what.describe();
        write!(f, "{:>10.4}  {actor:<8}  {event}", self.at_ns as f64 * 1e-9)
    }
}

impl Happening {
    /// Whether a requirement was violated.
    pub fn is_violation(&self) -> bool {
        matches!(self, Self::Violated { .. })
    }

    /// Who acted, and what happened, in words.
    pub fn describe(&self) -> (&'static str, String) {
        match self {
            Self::PedalPressed => (
                "surgeon",
                "presses the clutch pedal: the hands are free".into(),
            ),
            Self::Gesture { clutch, engagement } => (
                "surgeon",
                format!("releases the pedal: clutch {clutch}, echoing engagement {engagement}"),
            ),
            Self::StateChanged {
                from,
                to,
                engagement,
            } => (
                "robot",
                format!("{} -> {}, engagement {engagement}", from.name(), to.name()),
            ),
            Self::Refused {
                path,
                verdict,
                since_ns,
                frames,
            } => (
                path_name(*path),
                format!(
                    "{frames} frame{} refused as {} since {:.4} s",
                    if *frames == 1 { "" } else { "s" },
                    verdict.name(),
                    *since_ns as f64 * 1e-9
                ),
            ),
            Self::CameraPedal { pressed: true } => (
                "surgeon",
                "presses the camera pedal: both hands move the endoscope".into(),
            ),
            Self::CameraPedal { pressed: false } => ("surgeon", "releases the camera pedal".into()),
            Self::ArmSwap { hand, arm } => (
                "surgeon",
                format!(
                    "the {} hand takes arm {}",
                    ["left", "right"][(*hand).min(1)],
                    arm + 1
                ),
            ),
            Self::PathHealth { path, health } => {
                (path_name(*path), format!("reported {}", health.name()))
            }
            Self::Fault { fault } => (
                "robot",
                match fault.arm {
                    Some(arm) => format!("fault: {} of arm {}", fault.kind.name(), arm + 1),
                    None => format!("fault: {}", fault.kind.name()),
                },
            ),
            Self::FaultBegins { fault } => ("twin", format!("fault begins: {fault}")),
            Self::FaultEnds { fault } => ("twin", format!("fault ends: {fault}")),
            Self::Violated { id } => ("twin", format!("{id} VIOLATED")),
        }
    }
}

fn path_name(path: usize) -> &'static str {
    ["path A", "path B"][path.min(1)]
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    #[test]
    fn refusals_of_one_kind_in_a_row_are_one_line() {
        let mut journal = Journal::keeping_events();
        for tick in 0..10 {
            journal.note_verdict(tick * MS, 1, Verdict::Stale);
        }
        journal.note_verdict(10 * MS, 1, Verdict::Late);
        journal.close();
        let lines: Vec<String> = journal.events().iter().map(ToString::to_string).collect();
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines[0].contains("10 frames refused as"), "{}", lines[0]);
        assert!(lines[1].contains("1 frame refused as"), "{}", lines[1]);
    }

    #[test]
    fn accepted_frames_and_plain_duplicates_are_not_told() {
        let mut journal = Journal::keeping_events();
        journal.note_verdict(0, 0, Verdict::Accepted);
        journal.note_verdict(0, 1, Verdict::Duplicate);
        journal.close();
        assert!(journal.events().is_empty());
    }

    #[test]
    fn a_journal_that_is_not_kept_stays_empty() {
        let mut journal = Journal::default();
        journal.note(0, Happening::PedalPressed);
        journal.note_verdict(0, 0, Verdict::Forged);
        journal.close();
        assert!(journal.events().is_empty());
    }
}
