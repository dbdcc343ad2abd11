//! The shape a Denavit–Hartenberg table must have for the closed-form inverse to apply.

use core::f64::consts::FRAC_PI_2;

use crate::{Arm, ArmKind, DhRow, JointKind, MAX_ROWS};

/// A twist or a length further than this from the required one is a fault, radians or metres.
const TOLERANCE: f64 = 1e-12;

/// A number of a table's row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowField {
    /// Whether the joint turns or slides.
    Kind,
    /// Twist about the previous x axis.
    Alpha,
    /// Offset along the previous x axis.
    A,
    /// Constant offset along z.
    D,
}

/// The first number of a table that the closed-form inverse does not cover.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum StructureFault {
    /// The number of rows or of joints is not that of the arm's kind.
    Count,
    /// A row turns where it must slide, or slides where it must turn.
    Kind {
        /// The row, from 0.
        row: usize,
        /// What it must be.
        required: JointKind,
    },
    /// A twist or a length is not the one that makes all axes meet as they must.
    Constant {
        /// The row, from 0.
        row: usize,
        /// The number of that row.
        field: RowField,
        /// What it must be, radians or metres.
        required: f64,
    },
    /// A twist of a spherical arm's arcs is a half turn or none, which leaves a joint without effect.
    FlatArc {
        /// The row, from 0.
        row: usize,
    },
    /// The wrist offset, the last row's `a` of an instrument, is not positive.
    WristOffset,
}

/// What one row must be; the offset along z is free where the shaft's length enters.
struct Required {
    kind: JointKind,
    twist: Twist,
    a_is_free: bool,
    d_is_free: bool,
}

/// What a row's twist must be.
#[derive(Clone, Copy)]
enum Twist {
    /// This angle, radians.
    Exactly(f64),
    /// A quarter turn either way.
    Quarter,
    /// Anything that is not flat.
    Arc,
    /// Anything.
    Free,
}

const fn row(kind: JointKind, twist: Twist, a_is_free: bool, d_is_free: bool) -> Required {
    Required {
        kind,
        twist,
        a_is_free,
        d_is_free,
    }
}

/// Yaw, pitch, insertion and roll axes meet in the remote centre; the wrist pitch axis crosses the
/// shaft; only the wrist yaw axis stands off. An endoscope has the first four.
const REQUIRED: [Required; MAX_ROWS] = [
    row(JointKind::Revolute, Twist::Exactly(FRAC_PI_2), false, false),
    row(
        JointKind::Revolute,
        Twist::Exactly(-FRAC_PI_2),
        false,
        false,
    ),
    row(JointKind::Prismatic, Twist::Exactly(FRAC_PI_2), false, true),
    row(JointKind::Revolute, Twist::Exactly(0.0), false, true),
    row(
        JointKind::Revolute,
        Twist::Exactly(-FRAC_PI_2),
        false,
        false,
    ),
    row(JointKind::Revolute, Twist::Exactly(-FRAC_PI_2), true, false),
];

/// The same meeting of axes on two arcs of any angle, and a wrist whose quarter turns go either way.
const REQUIRED_SPHERICAL: [Required; MAX_ROWS] = [
    row(JointKind::Revolute, Twist::Free, false, false),
    row(JointKind::Revolute, Twist::Arc, false, false),
    row(JointKind::Prismatic, Twist::Arc, false, true),
    row(JointKind::Revolute, Twist::Exactly(0.0), false, true),
    row(JointKind::Revolute, Twist::Quarter, false, false),
    row(JointKind::Revolute, Twist::Quarter, true, false),
];

impl Arm {
    /// The first thing in this arm's table that [`Arm::inverse`] does not cover, if any.
    pub fn structure_fault(&self) -> Option<StructureFault> {
        if self.row_count != self.kind.row_count() || self.joint_count != self.kind.joint_count() {
            return Some(StructureFault::Count);
        }
        let required = match self.kind {
            ArmKind::Instrument | ArmKind::Endoscope => &REQUIRED,
            ArmKind::SphericalInstrument => &REQUIRED_SPHERICAL,
        };
        let mut rows = self
            .rows
            .iter()
            .zip(required)
            .enumerate()
            .take(self.row_count);
        rows.find_map(|(index, (row, required))| row_fault(index, row, required))
            .or_else(|| {
                let stands_off = self.rows[MAX_ROWS - 1].a_m > 0.0;
                (self.kind != ArmKind::Endoscope && !stands_off)
                    .then_some(StructureFault::WristOffset)
            })
    }
}

fn row_fault(row: usize, actual: &DhRow, required: &Required) -> Option<StructureFault> {
    if actual.kind != required.kind {
        return Some(StructureFault::Kind {
            row,
            required: required.kind,
        });
    }
    let alpha_rad = actual.alpha_rad;
    let required_alpha_rad = match required.twist {
        Twist::Exactly(required_rad) => required_rad,
        Twist::Quarter => libm::copysign(FRAC_PI_2, alpha_rad),
        Twist::Arc if alpha_rad.is_nan() || libm::sin(alpha_rad).abs() <= TOLERANCE => {
            return Some(StructureFault::FlatArc { row });
        }
        Twist::Arc | Twist::Free => alpha_rad,
    };
    let fields = [
        (RowField::Alpha, alpha_rad, required_alpha_rad, false),
        (RowField::A, actual.a_m, 0.0, required.a_is_free),
        (RowField::D, actual.d_m, 0.0, required.d_is_free),
    ];
    let differs = |value: f64, wanted: f64| value.is_nan() || (value - wanted).abs() > TOLERANCE;
    fields
        .into_iter()
        .find(|&(_, value, wanted, is_free)| !is_free && differs(value, wanted))
        .map(|(field, _, required, _)| StructureFault::Constant {
            row,
            field,
            required,
        })
}
