//! The robot's arms as numbers: geometry, limits, masses, and the kinematics between joints and tip.
//!
//! The core is `no_std` and allocation-free, because the control loop runs on it; feature `std`
//! adds the description files (`assets/robots/*.ron`), see [`description`].
//!
//! Frames: an arm's kinematics live in its *remote-centre frame*, whose origin is the point where
//! the instrument passes the abdominal wall. Units are SI: metres, radians, kilograms, newtons.
#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(
    not(feature = "std"),
    allow(rustdoc::broken_intra_doc_links, reason = "`description` needs std")
)]

mod arm;
mod branches;
mod capsule;
#[cfg(feature = "std")]
pub mod description;
pub mod dynamics;
mod frame;
mod jacobian;
mod kinematics;
mod structure;
#[cfg(feature = "std")]
pub mod urdf;

pub use arm::{
    Arm, ArmKind, DhRow, JointDrive, JointFriction, JointKind, JointLimits, LinkInertia,
    Unreachable,
};
pub use branches::{Branches, MAX_BRANCHES};
pub use capsule::{Capsule, Rod};
#[cfg(feature = "std")]
pub use description::{
    Axis, Cart, Confidence, ConfidenceCounts, DescriptionError, NamedArm, Optics, ProvenanceRow,
    Robot, SetUpJoint, Unit,
};
pub use frame::Frame;
pub use jacobian::Jacobian;
pub use structure::{RowField, StructureFault};

/// A rigid placement: rotation and translation (metres).
pub type Pose = nalgebra::Isometry3<f64>;

/// The most arms a robot may have.
pub const MAX_ARMS: usize = 4;

/// The most joints an arm may have, the jaw included.
pub const MAX_JOINTS: usize = 7;

/// The most rows of an arm's Denavit–Hartenberg table (the jaw has no row).
pub const MAX_ROWS: usize = 6;

/// One value a joint, radians or metres; entries past the arm's joints are zero.
pub type JointVector = [f64; MAX_JOINTS];
