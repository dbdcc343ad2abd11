//! A number with its unit, its source, and how sure it is.

use std::f64::consts::PI;
use std::fmt;

use serde::Deserialize;

/// How far a number can be trusted, strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
pub enum Confidence {
    /// Published about this very robot.
    Published,
    /// Follows by arithmetic from published numbers; the source gives the formula.
    Derived,
    /// Published about another robot of the same kind.
    ReferenceRobot,
    /// Chosen here, without a source.
    Assumed,
}

impl Confidence {
    /// All of them, strongest first.
    pub const ALL: [Self; 4] = [
        Self::Published,
        Self::Derived,
        Self::ReferenceRobot,
        Self::Assumed,
    ];

    /// The word used in description files.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Published => "Published",
            Self::Derived => "Derived",
            Self::ReferenceRobot => "ReferenceRobot",
            Self::Assumed => "Assumed",
        }
    }
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// How many of a robot's numbers rest on each confidence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConfidenceCounts {
    /// Published about this very robot.
    pub published: usize,
    /// Derived from published numbers.
    pub derived: usize,
    /// Published about another robot.
    pub reference_robot: usize,
    /// Without a source.
    pub assumed: usize,
}

impl ConfidenceCounts {
    /// Counts each of `confidences`.
    pub fn of(confidences: impl IntoIterator<Item = Confidence>) -> Self {
        let mut counts = Self::default();
        for confidence in confidences {
            *match confidence {
                Confidence::Published => &mut counts.published,
                Confidence::Derived => &mut counts.derived,
                Confidence::ReferenceRobot => &mut counts.reference_robot,
                Confidence::Assumed => &mut counts.assumed,
            } += 1;
        }
        counts
    }

    /// All numbers together.
    pub fn total(&self) -> usize {
        self.published + self.derived + self.reference_robot + self.assumed
    }
}

/// A number as a description file writes it: `q(0.4162, m, "psm", ReferenceRobot)`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename = "q")]
pub(super) struct Quantity(
    /// The value, in the unit.
    pub f64,
    /// The unit.
    pub Unit,
    /// A key of the file's `sources`.
    pub String,
    /// How far it can be trusted.
    pub Confidence,
);

/// The units that description files may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Unit {
    /// A pure number, `one`.
    #[serde(rename = "one")]
    One,
    /// `m`.
    #[serde(rename = "m")]
    Metre,
    /// `mm`.
    #[serde(rename = "mm")]
    Millimetre,
    /// `rad`.
    #[serde(rename = "rad")]
    Radian,
    /// `deg`.
    #[serde(rename = "deg")]
    Degree,
    /// `m_s`, m/s.
    #[serde(rename = "m_s")]
    MetrePerSecond,
    /// `rad_s`, rad/s.
    #[serde(rename = "rad_s")]
    RadianPerSecond,
    /// `deg_s`, °/s.
    #[serde(rename = "deg_s")]
    DegreePerSecond,
    /// `m_s2`, m/s².
    #[serde(rename = "m_s2")]
    MetrePerSecond2,
    /// `rad_s2`, rad/s².
    #[serde(rename = "rad_s2")]
    RadianPerSecond2,
    /// `m_s3`, m/s³.
    #[serde(rename = "m_s3")]
    MetrePerSecond3,
    /// `rad_s3`, rad/s³.
    #[serde(rename = "rad_s3")]
    RadianPerSecond3,
    /// `kg`.
    #[serde(rename = "kg")]
    Kilogram,
    /// `kg_m2`, kg·m².
    #[serde(rename = "kg_m2")]
    KilogramMetre2,
    /// `N`.
    #[serde(rename = "N")]
    Newton,
    /// `N_m`, N·m.
    #[serde(rename = "N_m")]
    NewtonMetre,
    /// `N_per_m`, N/m.
    #[serde(rename = "N_per_m")]
    NewtonPerMetre,
    /// `N_m_per_rad`, N·m/rad.
    #[serde(rename = "N_m_per_rad")]
    NewtonMetrePerRadian,
    /// `N_s_per_m`, N·s/m.
    #[serde(rename = "N_s_per_m")]
    NewtonSecondPerMetre,
    /// `N_m_s_per_rad`, N·m·s/rad.
    #[serde(rename = "N_m_s_per_rad")]
    NewtonMetreSecondPerRadian,
}

/// What a number measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dimension {
    Number,
    Length,
    Angle,
    Speed,
    AngularSpeed,
    Acceleration,
    AngularAcceleration,
    Jerk,
    AngularJerk,
    Mass,
    Inertia,
    Force,
    Torque,
    Stiffness,
    AngularStiffness,
    Damping,
    AngularDamping,
}

impl Unit {
    /// The word used in description files.
    pub const fn word(self) -> &'static str {
        self.facts().0
    }

    /// `value` in this unit as a value in SI units (radians for angles).
    pub fn to_si(self, value: f64) -> f64 {
        match self {
            Self::Millimetre => value / 1e3,
            // In this order 90° is the same number as a quarter turn, to the bit.
            Self::Degree | Self::DegreePerSecond => value * PI / 180.0,
            _ => value,
        }
    }

    pub(super) const fn dimension(self) -> Dimension {
        self.facts().1
    }

    const fn facts(self) -> (&'static str, Dimension) {
        match self {
            Self::One => ("one", Dimension::Number),
            Self::Metre => ("m", Dimension::Length),
            Self::Millimetre => ("mm", Dimension::Length),
            Self::Radian => ("rad", Dimension::Angle),
            Self::Degree => ("deg", Dimension::Angle),
            Self::MetrePerSecond => ("m_s", Dimension::Speed),
            Self::RadianPerSecond => ("rad_s", Dimension::AngularSpeed),
            Self::DegreePerSecond => ("deg_s", Dimension::AngularSpeed),
            Self::MetrePerSecond2 => ("m_s2", Dimension::Acceleration),
            Self::RadianPerSecond2 => ("rad_s2", Dimension::AngularAcceleration),
            Self::MetrePerSecond3 => ("m_s3", Dimension::Jerk),
            Self::RadianPerSecond3 => ("rad_s3", Dimension::AngularJerk),
            Self::Kilogram => ("kg", Dimension::Mass),
            Self::KilogramMetre2 => ("kg_m2", Dimension::Inertia),
            Self::Newton => ("N", Dimension::Force),
            Self::NewtonMetre => ("N_m", Dimension::Torque),
            Self::NewtonPerMetre => ("N_per_m", Dimension::Stiffness),
            Self::NewtonMetrePerRadian => ("N_m_per_rad", Dimension::AngularStiffness),
            Self::NewtonSecondPerMetre => ("N_s_per_m", Dimension::Damping),
            Self::NewtonMetreSecondPerRadian => ("N_m_s_per_rad", Dimension::AngularDamping),
        }
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl Dimension {
    /// The units a file may write it in, as a person would list them.
    pub(super) const fn units(self) -> &'static str {
        match self {
            Self::Number => "one",
            Self::Length => "m or mm",
            Self::Angle => "rad or deg",
            Self::Speed => "m_s",
            Self::AngularSpeed => "rad_s or deg_s",
            Self::Acceleration => "m_s2",
            Self::AngularAcceleration => "rad_s2",
            Self::Jerk => "m_s3",
            Self::AngularJerk => "rad_s3",
            Self::Mass => "kg",
            Self::Inertia => "kg_m2",
            Self::Force => "N",
            Self::Torque => "N_m",
            Self::Stiffness => "N_per_m",
            Self::AngularStiffness => "N_m_per_rad",
            Self::Damping => "N_s_per_m",
            Self::AngularDamping => "N_m_s_per_rad",
        }
    }
}
