//! The patient: what is outside (abdomen and table), what is inside (soft tissue), and the wall between.
//!
//! Shapes are capsules, so that every distance has a closed form. The default is an insufflated abdomen
//! with its wall 250 mm above the table, and an organ that a tip reaches when it goes some 25 mm deeper than
//! where arms start. No readable source gives the size of a patient, the stiffness of a wall or an organ
//! that fits this robot: every number here is assumed.

use nalgebra::Vector3;
use robot_model::Rod;
use serde::{Deserialize, Serialize};

/// The patient's section of a scenario; lengths in metres in the table's frame (x to the patient's left,
/// y to the head, z up), stiffnesses in N/m. Every default is assumed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PatientSettings {
    /// Whether anybody lies there. Without a patient there is no table, no tissue and no wall either;
    /// arms still meet each other.
    pub present: bool,
    /// The abdomen's outside: rods whose union is its shape.
    pub abdomen: Vec<Lump>,
    /// The soft tissue inside that tips can touch.
    pub tissue: Vec<Lump>,
    /// How the tissue answers.
    pub tissue_contact: Compliance,
    /// How the abdomen's outside answers an arm that runs into it.
    pub outside_contact: Compliance,
    /// Stiffness of the abdominal wall against a trocar that leaves its place.
    pub wall_stiffness_n_m: f64,
}

/// All points within a radius of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lump {
    /// One end of the segment.
    pub from_m: (f64, f64, f64),
    /// The other end.
    pub to_m: (f64, f64, f64),
    /// How far the surface is from the segment.
    pub radius_m: f64,
}

/// A surface that gives way: Hunt and Crossley's law with exponent one, `F = k·δ·(1 + c·δ')`, never
/// pulling. It starts from zero at first touch, whatever the speed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compliance {
    /// k, N/m.
    pub stiffness_n_m: f64,
    /// c, s/m: how much more a surface resists that is being pressed in at 1 m/s.
    pub dissipation_s_m: f64,
}

impl Compliance {
    /// The force at a depth and a rate of it, N; zero outside.
    pub fn force_n(&self, depth_m: f64, rate_m_s: f64) -> f64 {
        let resisting = 1.0 + self.dissipation_s_m * rate_m_s;
        (self.stiffness_n_m * depth_m.max(0.0) * resisting.max(0.0)).max(0.0)
    }
}

impl Default for PatientSettings {
    fn default() -> Self {
        let lump = |x, from_y, to_y, z, radius_m| Lump {
            from_m: (x, from_y, z),
            to_m: (x, to_y, z),
            radius_m,
        };
        Self {
            present: true,
            abdomen: vec![
                lump(-0.1, -0.2, 0.02, 0.1, 0.15),
                lump(0.0, -0.2, 0.02, 0.1, 0.15),
                lump(0.1, -0.2, 0.02, 0.1, 0.15),
            ],
            tissue: vec![Lump {
                from_m: (-0.1, 0.0, 0.06),
                to_m: (0.1, 0.0, 0.06),
                radius_m: 0.05,
            }],
            tissue_contact: Compliance {
                stiffness_n_m: 100.0,
                dissipation_s_m: 2.0,
            },
            outside_contact: Compliance {
                stiffness_n_m: 2_000.0,
                dissipation_s_m: 5.0,
            },
            wall_stiffness_n_m: 1_000.0,
        }
    }
}

impl PatientSettings {
    /// Whether the numbers make sense; if not, a sentence that says which does not and how to mend it.
    ///
    /// # Errors
    /// That sentence.
    pub fn check(&self) -> Result<(), String> {
        for (name, lumps) in [("abdomen", &self.abdomen), ("tissue", &self.tissue)] {
            if lumps.len() > MAX_LUMPS {
                return Err(format!(
                    "patient.{name} has {} parts; give at most {MAX_LUMPS}",
                    lumps.len()
                ));
            }
            for (index, lump) in lumps.iter().enumerate() {
                lump.check()
                    .map_err(|why| format!("patient.{name}[{index}]{why}"))?;
            }
        }
        for (name, contact) in [
            ("tissue_contact", &self.tissue_contact),
            ("outside_contact", &self.outside_contact),
        ] {
            within(
                &format!("patient.{name}.stiffness_n_m"),
                contact.stiffness_n_m,
                0.0,
                MAX_STIFFNESS_N_M,
            )?;
            within(
                &format!("patient.{name}.dissipation_s_m"),
                contact.dissipation_s_m,
                0.0,
                100.0,
            )?;
        }
        within(
            "patient.wall_stiffness_n_m",
            self.wall_stiffness_n_m,
            0.0,
            MAX_STIFFNESS_N_M,
        )
    }
}

/// The most parts of an abdomen, or of the tissue.
const MAX_LUMPS: usize = 16;

/// Forces act a tick after the depth that they come from: a surface of an instrument's mass that is much
/// stiffer than this would throw it back harder than it came.
pub(super) const MAX_STIFFNESS_N_M: f64 = 20_000.0;

/// Refuses a number outside its range, NaN included.
pub(super) fn within(name: &str, value: f64, least: f64, greatest: f64) -> Result<(), String> {
    if (least..=greatest).contains(&value) {
        Ok(())
    } else {
        Err(format!(
            "{name} is {value}; give a number from {least} to {greatest}"
        ))
    }
}

impl Lump {
    fn check(&self) -> Result<(), String> {
        let ((a, b, c), (d, e, f)) = (self.from_m, self.to_m);
        for value in [a, b, c, d, e, f] {
            within(": a coordinate", value, -5.0, 5.0)?;
        }
        within(".radius_m", self.radius_m, 0.0, 1.0)
    }

    /// The same as a rod.
    pub fn rod(&self) -> Rod {
        let vector = |(x, y, z): (f64, f64, f64)| Vector3::new(x, y, z);
        Rod {
            from_m: vector(self.from_m),
            to_m: vector(self.to_m),
            radius_m: self.radius_m,
        }
    }
}
