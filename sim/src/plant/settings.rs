//! The plant's section of a scenario.

use serde::{Deserialize, Serialize};

use super::patient::within;
use super::sensors::SensorSettings;
use super::touch::ComplianceSettings;

/// The physics: which engine, how fine, and what of the robot takes part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PlantSettings {
    /// The engine.
    pub kind: PlantKind,
    /// Full physics steps a tick, 1 to 16: twice as many halve the servo's discretisation error.
    pub substeps: usize,
    /// Whether the joints rub as the robot's file says.
    pub friction: bool,
    /// How arms give way.
    pub compliance: ComplianceSettings,
    /// The joints' sensors.
    pub sensors: SensorSettings,
    /// The drives.
    pub actuators: ActuatorSettings,
}

/// What keeps a drive from doing what it is told. The default is the drive of the robot's file.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ActuatorSettings {
    /// Share of the robot's efforts at which the drives saturate, 0 to 1.
    pub effort_share: f64,
    /// Play of the cable-driven joints (roll, wrist, jaw) between motor and joint, from one side to the
    /// other, mrad.
    pub backlash_mrad: f64,
    /// Whether the first three joints have brakes that close when their motor loses its current. Assumed:
    /// without them an arm whose motor dies falls into the patient.
    pub brakes: bool,
}

impl Default for ActuatorSettings {
    fn default() -> Self {
        Self {
            effort_share: 1.0,
            backlash_mrad: 0.0,
            brakes: true,
        }
    }
}

/// The engine that moves the arms. Both follow the same orders under the same forces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum PlantKind {
    /// Multibodies of the physics engine Rapier.
    #[default]
    Rapier,
    /// Our own articulated bodies: several times faster, for large campaigns.
    Articulated,
}

impl Default for PlantSettings {
    fn default() -> Self {
        Self {
            kind: PlantKind::Rapier,
            substeps: 1,
            friction: true,
            compliance: ComplianceSettings::default(),
            sensors: SensorSettings::default(),
            actuators: ActuatorSettings::default(),
        }
    }
}

impl PlantSettings {
    /// Whether the numbers make sense; if not, a sentence that says which does not and how to mend it.
    ///
    /// # Errors
    /// That sentence.
    pub fn check(&self) -> Result<(), String> {
        if !(1..=16).contains(&self.substeps) {
            return Err(format!(
                "plant.substeps is {}; give a number from 1 to 16",
                self.substeps
            ));
        }
        within(
            "plant.actuators.effort_share",
            self.actuators.effort_share,
            0.0,
            1.0,
        )?;
        within(
            "plant.actuators.backlash_mrad",
            self.actuators.backlash_mrad,
            0.0,
            500.0,
        )?;
        self.compliance.check()?;
        self.sensors.check()
    }
}
