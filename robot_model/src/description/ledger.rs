//! Reading quantities: their unit, their source, and a row of provenance for each.

use super::file::Entries;
use super::quantity::{Dimension, Quantity};
use super::{DescriptionError, ProvenanceRow};
use crate::JointKind;

/// A wrong meaning, as a sentence that names the entry and the remedy.
macro_rules! refuse {
    ($($sentence:tt)*) => {
        return Err(DescriptionError::meaning(format!($($sentence)*)))
    };
}
pub(super) use refuse;

/// Reads quantities, and keeps a row of provenance for each.
pub(super) struct Ledger<'a> {
    pub sources: &'a Entries<String>,
    pub rows: Vec<ProvenanceRow>,
}

impl Ledger<'_> {
    /// The value in SI units.
    pub(super) fn si(
        &mut self,
        path: &str,
        quantity: &Quantity,
        dimension: Dimension,
    ) -> Result<f64, DescriptionError> {
        let &Quantity(value, unit, ref source, confidence) = quantity;
        if !value.is_finite() {
            refuse!("`{path}` is {value}: write a finite number");
        }
        if unit.dimension() != dimension {
            refuse!("`{path}` is in {unit}, but it needs {}", dimension.units());
        }
        let Some((_, citation)) = self.sources.iter().find(|(key, _)| key == source) else {
            let known = listed(self.sources.iter().map(|(key, _)| key.as_str()));
            refuse!(
                "`{path}` names the source {source:?}, which `sources` does not have: add it there, \
                 or use one of {known}"
            );
        };
        self.rows.push(ProvenanceRow {
            path: path.to_owned(),
            value,
            unit,
            source: citation.clone(),
            confidence,
        });
        Ok(unit.to_si(value))
    }

    /// The value in SI units, which must be above zero.
    pub(super) fn positive(
        &mut self,
        path: &str,
        quantity: &Quantity,
        dimension: Dimension,
    ) -> Result<f64, DescriptionError> {
        let value = self.si(path, quantity, dimension)?;
        if value <= 0.0 {
            refuse!("`{path}` is {value}: write a number above zero");
        }
        Ok(value)
    }

    /// The value in SI units, which must not be below zero.
    pub(super) fn not_negative(
        &mut self,
        path: &str,
        quantity: &Quantity,
        dimension: Dimension,
    ) -> Result<f64, DescriptionError> {
        let value = self.si(path, quantity, dimension)?;
        if value < 0.0 {
            refuse!("`{path}` is {value}: write zero or a number above it");
        }
        Ok(value)
    }

    /// Three values in SI units.
    pub(super) fn vector(
        &mut self,
        path: &str,
        quantities: &[Quantity; 3],
        dimension: Dimension,
    ) -> Result<[f64; 3], DescriptionError> {
        let mut values = [0.0; 3];
        for (axis, quantity) in quantities.iter().enumerate() {
            values[axis] = self.si(&format!("{path}[{axis}]"), quantity, dimension)?;
        }
        Ok(values)
    }
}

/// What the numbers of a joint measure, by whether it turns or slides.
pub(super) struct JointDimensions {
    pub position: Dimension,
    pub velocity: Dimension,
    pub acceleration: Dimension,
    pub jerk: Dimension,
    pub effort: Dimension,
    pub stiffness: Dimension,
    pub damping: Dimension,
    pub armature: Dimension,
}

impl JointDimensions {
    pub(super) const fn of(kind: JointKind) -> Self {
        match kind {
            JointKind::Revolute => Self {
                position: Dimension::Angle,
                velocity: Dimension::AngularSpeed,
                acceleration: Dimension::AngularAcceleration,
                jerk: Dimension::AngularJerk,
                effort: Dimension::Torque,
                stiffness: Dimension::AngularStiffness,
                damping: Dimension::AngularDamping,
                armature: Dimension::Inertia,
            },
            JointKind::Prismatic => Self {
                position: Dimension::Length,
                velocity: Dimension::Speed,
                acceleration: Dimension::Acceleration,
                jerk: Dimension::Jerk,
                effort: Dimension::Force,
                stiffness: Dimension::Stiffness,
                damping: Dimension::Damping,
                armature: Dimension::Mass,
            },
        }
    }
}

/// Names as a list for a sentence.
pub(super) fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names
        .map(|name| format!("{name:?}"))
        .collect::<Vec<_>>()
        .join(", ")
}
