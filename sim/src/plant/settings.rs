//! The plant's section of a scenario.

use serde::{Deserialize, Serialize};

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
        Ok(())
    }
}
