//! Robots as files: every number with its unit, its source, and how far it can be trusted.
//!
//! A file (`assets/robots/*.ron`) has four parts:
//!
//! ```ron
//! Robot(
//!     name: "…",
//!     sources: { "psm": "the full citation that the key stands for" },
//!     models: {
//!         "instrument": Model(
//!             kind: Instrument,
//!             rows: [ // of the modified (Craig) Denavit–Hartenberg table
//!                 Row(
//!                     kind: Revolute,
//!                     alpha: q(90, deg, "psm", ReferenceRobot),
//!                     a: q(0, m, "psm", ReferenceRobot),
//!                     d: q(0, m, "psm", ReferenceRobot),
//!                     offset: q(90, deg, "psm", ReferenceRobot),
//!                 ), // … one a joint; the jaw has none
//!             ],
//!             tool_tip: rotation(((1, 0, 0), (0, 1, 0), (0, 0, 1)), "psm", ReferenceRobot),
//!             limits: [ /* Limits(lower, upper, velocity, acceleration, jerk, effort), … */ ],
//!             drives: [ /* Drive(stiffness, damping, armature), … */ ],
//!             links: [ /* Link(mass, com: (x, y, z), inertia: (x, y, z)), … */ ],
//!             home: [ /* one quantity a joint */ ],
//!         ),
//!     },
//!     arms: [
//!         Arm(
//!             name: "left",
//!             model: "instrument",
//!             mount: Mount(
//!                 position: ( /* x, y, z of the remote centre on the operating table */ ),
//!                 roll: q(0, deg, "psm", Assumed), // about x, then
//!                 pitch: q(0, deg, "psm", Assumed), // about y, then
//!                 yaw: q(0, deg, "psm", Assumed), // about z of the table
//!             ),
//!         ),
//!     ],
//! )
//! ```
//!
//! A file that says something that cannot be (a negative mass, an empty range, a unit of the wrong
//! kind, a source that is not listed, a table that the closed-form inverse does not cover) is refused
//! with one sentence that names the entry and the remedy.

mod check;
mod error;
mod file;
mod quantity;

use crate::Arm;

pub use error::DescriptionError;
pub use quantity::{Confidence, ConfidenceCounts, Unit};

/// A robot, and where each of its numbers comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Robot {
    /// What the robot is called.
    pub name: String,
    /// From one to [`crate::MAX_ARMS`] arms, in the order of the file.
    pub arms: Vec<NamedArm>,
    /// Every number of the file, in the order of the file's parts; a model that several arms share
    /// is listed once.
    pub provenance: Vec<ProvenanceRow>,
}

/// An arm with its name.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedArm {
    /// What the arm is called, unique in its robot.
    pub name: String,
    /// The arm.
    pub arm: Arm,
}

/// Where one number of a description comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct ProvenanceRow {
    /// The entry, for example `models.instrument.rows[2].d`.
    pub path: String,
    /// The value as written, in `unit`.
    pub value: f64,
    /// The unit as written.
    pub unit: Unit,
    /// The full citation.
    pub source: String,
    /// How far the number can be trusted.
    pub confidence: Confidence,
}

impl Robot {
    /// Reads a robot from the text of a description file.
    ///
    /// # Errors
    /// [`DescriptionError`] where the text is no RON, has an unknown or a missing entry (then with
    /// line and column), or says something that cannot be.
    pub fn from_ron(text: &str) -> Result<Self, DescriptionError> {
        let file: file::File = ron::from_str(text)?;
        check::robot(file)
    }

    /// How many of the robot's numbers rest on each confidence.
    pub fn confidence_counts(&self) -> ConfidenceCounts {
        ConfidenceCounts::of(self.provenance.iter().map(|row| row.confidence))
    }
}
