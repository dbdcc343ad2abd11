//! The dVRK's tables, written out from share/kinematic/{PSM,ECM}.json and
//! share/tool/LARGE_NEEDLE_DRIVER_{400006,420006}.json of jhu-dvrk/sawIntuitiveResearchKit 9e535e6.
#![allow(
    clippy::approx_constant,
    reason = "the dVRK writes a quarter turn as 1.5708"
)]
#![allow(dead_code, reason = "each test file uses a part")]

use std::f64::consts::FRAC_PI_2;

use nalgebra::{Matrix3, Quaternion, Rotation3, Translation3, UnitQuaternion, Vector3};
use robot_model::{
    Arm, ArmKind, DhRow, JointDrive, JointKind, JointLimits, JointVector, LinkInertia, MAX_JOINTS,
    MAX_ROWS, Pose,
};

/// How the files' "1.5708" is read. `alpha` is a quarter turn in both.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Offsets {
    /// As a quarter turn.
    Exact,
    /// As it is written, which is what the dVRK's controller (cisst) does.
    AsWritten,
}

impl Offsets {
    fn quarter_turn(self) -> f64 {
        match self {
            Self::Exact => FRAC_PI_2,
            Self::AsWritten => 1.5708,
        }
    }
}

/// The tool's shaft, row 4's `d` in metres.
pub const CLASSIC_TOOL_M: f64 = 0.4162;
pub const SI_TOOL_M: f64 = 0.4670;
/// The Classic arm's insertion offset, row 3, metres.
pub const CLASSIC_INSERTION_M: f64 = -0.4318;
/// The Si arm's, whose carriage stands as much higher as its tools are longer.
pub const SI_INSERTION_M: f64 = -0.4826;
/// The constant that surgical_robotics_challenge's psm_400006.json still carries.
pub const OLD_INSERTION_M: f64 = -0.4389;

pub fn psm(offsets: Offsets) -> Arm {
    psm_with(offsets, CLASSIC_INSERTION_M, CLASSIC_TOOL_M)
}

pub fn psm_with(offsets: Offsets, insertion_m: f64, tool_m: f64) -> Arm {
    let turn = offsets.quarter_turn();
    let rows = [
        revolute(FRAC_PI_2, 0.0, 0.0, turn),
        revolute(-FRAC_PI_2, 0.0, 0.0, -turn),
        prismatic(FRAC_PI_2, insertion_m),
        revolute(0.0, 0.0, tool_m, 0.0),
        revolute(-FRAC_PI_2, 0.0, 0.0, -turn),
        revolute(-FRAC_PI_2, 0.0091, 0.0, -turn),
    ];
    let tool_tip = rotation([[0.0, -1.0, 0.0], [0.0, 0.0, 1.0], [-1.0, 0.0, 0.0]]);
    arm(ArmKind::Instrument, rows, tool_tip)
}

pub fn ecm(offsets: Offsets) -> Arm {
    let turn = offsets.quarter_turn();
    let unused = revolute(0.0, 0.0, 0.0, 0.0);
    let rows = [
        revolute(FRAC_PI_2, 0.0, 0.0, turn),
        revolute(-FRAC_PI_2, 0.0, 0.0, -turn),
        prismatic(FRAC_PI_2, -0.3822),
        revolute(0.0, 0.0, 0.3829, 0.0),
        unused,
        unused,
    ];
    arm(ArmKind::Endoscope, rows, UnitQuaternion::identity())
}

/// Which of Raven II's arms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Side {
    Left,
    Right,
}

/// Raven II's wrist offset and the length of its tool, m.
pub const RAVEN_WRIST_M: f64 = 0.013;
pub const RAVEN_TOOL_M: f64 = -0.47;

/// Raven II's table (src/raven/r2_kinematics.cpp of uw-biorobotics/raven2), joints as the robot counts
/// them. The slide's constant turn, theta 3, is in the roll's offset: nothing lies between the two.
pub fn raven(side: Side) -> Arm {
    const DEG: f64 = std::f64::consts::PI / 180.0;
    let (base, second, third, shoulder, elbow, turn) = match side {
        Side::Left => (
            0.0,
            75.0 * DEG,
            128.0 * DEG,
            205.0 * DEG,
            180.0 * DEG,
            FRAC_PI_2,
        ),
        Side::Right => (
            180.0 * DEG,
            75.0 * DEG,
            52.0 * DEG,
            25.0 * DEG,
            0.0,
            -FRAC_PI_2,
        ),
    };
    let rows = [
        revolute(base, 0.0, 0.0, shoulder),
        revolute(second, 0.0, 0.0, elbow),
        prismatic(third, 0.0),
        revolute(0.0, 0.0, RAVEN_TOOL_M, turn),
        revolute(FRAC_PI_2, 0.0, 0.0, -FRAC_PI_2),
        revolute(FRAC_PI_2, RAVEN_WRIST_M, 0.0, 0.0),
    ];
    arm(
        ArmKind::SphericalInstrument,
        rows,
        UnitQuaternion::identity(),
    )
}

fn arm(kind: ArmKind, rows: [DhRow; MAX_ROWS], tool_tip: UnitQuaternion<f64>) -> Arm {
    let no_limit = JointLimits {
        lower: -1e3,
        upper: 1e3,
        velocity: 1.0,
        acceleration: 1.0,
        jerk: 1.0,
        effort: 1.0,
    };
    let drive = JointDrive {
        stiffness: 1.0,
        damping: 1.0,
        armature: 1.0,
    };
    let link = LinkInertia {
        mass_kg: 1.0,
        com_m: [0.0; 3],
        inertia_kgm2: [1.0; 3],
    };
    Arm {
        kind,
        row_count: kind.row_count(),
        joint_count: kind.joint_count(),
        rows,
        tool_tip,
        limits: [no_limit; MAX_JOINTS],
        drives: [drive; MAX_JOINTS],
        links: [link; MAX_JOINTS],
        home: [0.0; MAX_JOINTS],
        base: Pose::identity(),
    }
}

fn revolute(alpha_rad: f64, a_m: f64, d_m: f64, offset: f64) -> DhRow {
    DhRow {
        kind: JointKind::Revolute,
        alpha_rad,
        a_m,
        d_m,
        offset,
    }
}

fn prismatic(alpha_rad: f64, offset: f64) -> DhRow {
    DhRow {
        kind: JointKind::Prismatic,
        alpha_rad,
        a_m: 0.0,
        d_m: 0.0,
        offset,
    }
}

pub fn rotation(rows: [[f64; 3]; 3]) -> UnitQuaternion<f64> {
    let matrix = Matrix3::from_fn(|row, column| rows[row][column]);
    UnitQuaternion::from_rotation_matrix(&Rotation3::from_matrix_unchecked(matrix))
}

pub fn joints<const N: usize>(values: [f64; N]) -> JointVector {
    std::array::from_fn(|joint| values.get(joint).copied().unwrap_or(0.0))
}

pub fn at(tip_m: [f64; 3], rotation: UnitQuaternion<f64>) -> Pose {
    Pose::from_parts(Translation3::from(tip_m), rotation)
}

/// A rotation without transcendental functions, from any four numbers that are not all zero.
pub fn turned(coordinates: [f64; 4]) -> UnitQuaternion<f64> {
    let [w, i, j, k] = coordinates;
    UnitQuaternion::new_normalize(Quaternion::new(w, i, j, k))
}

pub fn distance_m(pose: &Pose, tip_m: [f64; 3]) -> f64 {
    (pose.translation.vector - Vector3::from(tip_m)).norm()
}

/// The greatest difference of a matrix entry.
pub fn rotation_error(pose: &Pose, expected: [[f64; 3]; 3]) -> f64 {
    let actual = pose.rotation.to_rotation_matrix();
    let difference = actual.matrix() - Matrix3::from_fn(|row, column| expected[row][column]);
    difference.amax()
}
