//! An arm's description without allocation. Its kinematics are in `kinematics`.

use nalgebra::UnitQuaternion;

use crate::{JointVector, MAX_JOINTS, MAX_ROWS, Pose};

/// What an arm carries; decides which closed-form inverse applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArmKind {
    /// Yaw, pitch, insertion, roll, wrist pitch, wrist yaw, jaw: seven joints, six rows.
    Instrument,
    /// As an instrument, but the first two axes and the shaft may make other angles than quarter
    /// turns (Raven II: 75° and 52°): shoulder, elbow, insertion, roll, wrist pitch, wrist yaw, jaw.
    SphericalInstrument,
    /// Yaw, pitch, insertion, roll: four joints, four rows.
    Endoscope,
}

/// Whether a joint turns or slides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JointKind {
    /// Turns about its axis, radians.
    Revolute,
    /// Slides along its axis, metres.
    Prismatic,
}

/// One row of a modified (Craig) Denavit–Hartenberg table:
/// `RotX(alpha) · TransX(a) · RotZ(theta) · TransZ(d)`, where the joint's value and its offset add to
/// `theta` of a revolute row and to `d` of a prismatic one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DhRow {
    /// Whether the joint turns or slides.
    pub kind: JointKind,
    /// Twist about the previous x axis, radians.
    pub alpha_rad: f64,
    /// Offset along the previous x axis, metres.
    pub a_m: f64,
    /// Constant offset along z, metres.
    pub d_m: f64,
    /// Constant added to the joint's value, radians or metres.
    pub offset: f64,
}

/// What a joint's set-point may do; every bound is absolute and in SI units of the joint.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct JointLimits {
    /// Least position, rad or m.
    pub lower: f64,
    /// Greatest position, rad or m.
    pub upper: f64,
    /// Greatest speed, rad/s or m/s.
    pub velocity: f64,
    /// Greatest acceleration, rad/s² or m/s².
    pub acceleration: f64,
    /// Greatest jerk, rad/s³ or m/s³.
    pub jerk: f64,
    /// Greatest drive torque or force, N·m or N.
    pub effort: f64,
}

/// The position servo of a joint, and what its motor adds to the inertia.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct JointDrive {
    /// Stiffness, N·m/rad or N/m.
    pub stiffness: f64,
    /// Damping, N·m·s/rad or N·s/m.
    pub damping: f64,
    /// Rotor inertia seen at the joint, kg·m² or kg.
    pub armature: f64,
}

/// What a joint's own friction takes, at the joint.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct JointFriction {
    /// In proportion to speed, N·m·s/rad or N·s/m.
    pub viscous: f64,
    /// The same at every speed, N·m or N.
    pub coulomb: f64,
}

impl JointFriction {
    /// None.
    pub const NONE: Self = Self {
        viscous: 0.0,
        coulomb: 0.0,
    };
}

/// The mass properties of the link that a joint moves, in the link's frame (the row's frame).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinkInertia {
    /// Mass, kg.
    pub mass_kg: f64,
    /// Centre of mass, m.
    pub com_m: [f64; 3],
    /// Principal moments about the centre of mass, along the link's axes, kg·m².
    pub inertia_kgm2: [f64; 3],
}

/// One arm: geometry, limits, drives and masses. Joints in order from the cart to the jaw.
///
/// The closed-form inverse covers the tables that [`Arm::structure_fault`] finds no fault in;
/// description files are checked for it when they are loaded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Arm {
    /// What the arm carries.
    pub kind: ArmKind,
    /// Rows of the table in use: six for an instrument, four for an endoscope.
    pub row_count: usize,
    /// Joints in use: the rows, and the jaw of an instrument.
    pub joint_count: usize,
    /// The table; entries past `row_count` are unused.
    pub rows: [DhRow; MAX_ROWS],
    /// Rotation from the last row's frame to the tip frame.
    pub tool_tip: UnitQuaternion<f64>,
    /// What each joint's set-point may do.
    pub limits: [JointLimits; MAX_JOINTS],
    /// Each joint's servo.
    pub drives: [JointDrive; MAX_JOINTS],
    /// Each joint's link.
    pub links: [LinkInertia; MAX_JOINTS],
    /// Where the arm starts, rad or m.
    pub home: JointVector,
    /// The remote-centre frame in the frame of the operating table.
    pub base: Pose,
}

impl ArmKind {
    /// Rows of the Denavit–Hartenberg table of such an arm.
    pub const fn row_count(self) -> usize {
        match self {
            Self::Instrument | Self::SphericalInstrument => 6,
            Self::Endoscope => 4,
        }
    }

    /// Joints of such an arm: the rows, and the jaw of an instrument.
    pub const fn joint_count(self) -> usize {
        match self {
            Self::Instrument | Self::SphericalInstrument => 7,
            Self::Endoscope => 4,
        }
    }

    /// Whether such an arm has a jaw.
    pub const fn has_jaw(self) -> bool {
        self.joint_count() > self.row_count()
    }

    /// What the joints of such an arm are called, in their order.
    pub const fn joint_names(self) -> &'static [&'static str] {
        match self {
            Self::Instrument => &[
                "yaw",
                "pitch",
                "insertion",
                "roll",
                "wrist pitch",
                "wrist yaw",
                "jaw",
            ],
            Self::SphericalInstrument => &[
                "shoulder",
                "elbow",
                "insertion",
                "roll",
                "wrist pitch",
                "wrist yaw",
                "jaw",
            ],
            Self::Endoscope => &["yaw", "pitch", "insertion", "roll"],
        }
    }

    /// Whether joint `joint` (from 0, the jaw included) of such an arm turns or slides.
    pub const fn joint_kind(self, joint: usize) -> JointKind {
        match joint {
            2 => JointKind::Prismatic,
            _ => JointKind::Revolute,
        }
    }
}

/// Why a pose has no joint values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreachable {
    /// The tip or the wrist is too near the remote centre, the wrist's axes line up, or the shaft lies
    /// along the first axis: directions are undefined.
    Singular,
    /// The arcs that carry the shaft cannot point it there.
    OutOfReach,
    /// The pose is not a number or not finite.
    NotFinite,
}

impl core::fmt::Display for Unreachable {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Singular => {
                "the pose is singular: the tip or the wrist is within 1 mm of the remote centre, or \
                 the wrist's axes line up"
            }
            Self::OutOfReach => {
                "the pose is out of reach: the two arcs that carry the shaft cannot point it there"
            }
            Self::NotFinite => "the pose or the joint values beside it are not finite",
        })
    }
}

impl core::error::Error for Unreachable {}
