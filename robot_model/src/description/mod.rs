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
mod ledger;
mod parts;
mod quantity;

use nalgebra::Vector3;

use crate::dynamics::ArmDynamics;
use crate::{Arm, Capsule, JointFriction, JointKind, MAX_JOINTS, Pose};

pub use error::DescriptionError;
pub use quantity::{Confidence, ConfidenceCounts, Unit};

/// A robot, and where each of its numbers comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Robot {
    /// What the robot is called.
    pub name: String,
    /// From one to [`crate::MAX_ARMS`] arms, in the order of the file.
    pub arms: Vec<NamedArm>,
    /// Gravity in the frame of the operating table, m/s².
    pub gravity_m_s2: [f64; 3],
    /// What the arms stand on, where the file says it.
    pub cart: Option<Cart>,
    /// Every number of the file, in the order of the file's parts; a model that several arms share
    /// is listed once.
    pub provenance: Vec<ProvenanceRow>,
}

/// An arm with its name, and what a plant, a clearance monitor or a viewer needs of it besides.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedArm {
    /// What the arm is called, unique in its robot.
    pub name: String,
    /// The model in the file, which other arms may share.
    pub model: String,
    /// The arm.
    pub arm: Arm,
    /// Each joint's friction; none where the file gives none.
    pub friction: [JointFriction; MAX_JOINTS],
    /// The links' shapes for contact.
    pub capsules: Vec<Capsule>,
    /// The visual mesh of each joint's link; a name, whose file the viewer knows.
    pub meshes: [Option<String>; MAX_JOINTS],
    /// From the wrist yaw axis to the end of the jaw, m.
    pub jaw_length_m: Option<f64>,
    /// How an endoscope looks.
    pub optics: Option<Optics>,
    /// The joints that were set before the operation, from the cart outwards.
    pub set_up: Vec<SetUpJoint>,
    /// The remote-centre frame in the last set-up joint's frame; of an arm without such joints, in
    /// the frame of the operating table.
    pub mount: Pose,
}

/// What the arms stand on.
#[derive(Clone, Debug, PartialEq)]
pub struct Cart {
    /// The cart's frame in the frame of the operating table.
    pub place: Pose,
    /// Its shape for contact, in its frame.
    pub capsules: Vec<Capsule>,
    /// Its visual mesh; a name, whose file the viewer knows.
    pub mesh: Option<String>,
}

/// An endoscope's eye.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Optics {
    /// From the shaft to the line of sight, rad.
    pub tilt_rad: f64,
    /// From side to side of the picture, rad.
    pub field_of_view_rad: f64,
}

/// A joint between cart and remote centre: set before an operation, then braked.
#[derive(Clone, Debug, PartialEq)]
pub struct SetUpJoint {
    /// What the joint is called.
    pub name: String,
    /// Whether it turns or slides.
    pub kind: JointKind,
    /// The axis of its frame that it turns about or slides along.
    pub axis: Axis,
    /// Its frame, at value zero, in the frame of the joint before or of the cart.
    pub origin: Pose,
    /// Least and greatest value, rad or m; none of a joint that turns freely.
    pub range: Option<(f64, f64)>,
    /// What it is set to, rad or m.
    pub value: f64,
}

/// An axis of a frame, and which way along it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
pub enum Axis {
    /// Along x.
    X,
    /// Along y.
    Y,
    /// Along z.
    Z,
    /// Against x.
    MinusX,
    /// Against y.
    MinusY,
    /// Against z.
    MinusZ,
}

impl Axis {
    /// The unit vector.
    pub fn vector(self) -> Vector3<f64> {
        match self {
            Self::X => Vector3::x(),
            Self::Y => Vector3::y(),
            Self::Z => Vector3::z(),
            Self::MinusX => -Vector3::x(),
            Self::MinusY => -Vector3::y(),
            Self::MinusZ => -Vector3::z(),
        }
    }
}

impl SetUpJoint {
    /// Its frame as it is set, in the frame of the joint before or of the cart.
    pub fn placed(&self) -> Pose {
        let along = self.axis.vector() * self.value;
        let moved = match self.kind {
            JointKind::Revolute => {
                let half = libm::sincos(self.value / 2.0);
                let axis = self.axis.vector() * half.0;
                let turn = nalgebra::Quaternion::new(half.1, axis.x, axis.y, axis.z);
                Pose::from_parts(
                    nalgebra::Translation3::identity(),
                    nalgebra::UnitQuaternion::new_unchecked(turn),
                )
            }
            JointKind::Prismatic => {
                Pose::from_parts(nalgebra::Translation3::from(along), Default::default())
            }
        };
        self.origin * moved
    }
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
        // An entry that may be missing is written without `Some(…)`.
        let options = ron::Options::default()
            .with_default_extension(ron::extensions::Extensions::IMPLICIT_SOME);
        let file: file::File = options.from_str(text)?;
        check::robot(file)
    }

    /// The dynamics of one arm under the robot's gravity, with its friction; none past the last arm.
    pub fn dynamics(&self, arm: usize) -> Option<ArmDynamics> {
        let named = self.arms.get(arm)?;
        let dynamics = ArmDynamics::new(&named.arm, self.gravity_m_s2);
        Some(dynamics.with_friction(named.friction))
    }

    /// How many of the robot's numbers rest on each confidence.
    pub fn confidence_counts(&self) -> ConfidenceCounts {
        ConfidenceCounts::of(self.provenance.iter().map(|row| row.confidence))
    }
}
