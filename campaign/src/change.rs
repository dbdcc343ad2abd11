//! How the operation of a run differs from its scenario: what shrinking takes away, kept as data.

use net_model::{LinkModel, PathModel};
use serde::{Deserialize, Serialize};
use sim::Operation;
use sim::scenario::SurgeonSettings;

use crate::failure::FailureError;

/// What is changed of a scenario; by default nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Change {
    /// The links' own laws.
    pub links: Links,
    /// The arms that take part, by name; all of the scenario's when left out.
    pub arms: Option<Vec<String>>,
    /// The surgeon; the scenario's when left out.
    pub surgeon: Option<SurgeonSettings>,
}

/// What the links do on their own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Links {
    /// What the scenario says.
    #[default]
    AsInScenario,
    /// Nothing but the scenario's least delay: no jitter, no loss, no copies.
    Constant,
}

impl Change {
    /// The operation of a scenario with this change.
    ///
    /// # Errors
    /// [`FailureError::NoSuchArm`].
    pub fn apply(&self, scenario: &Operation) -> Result<Operation, FailureError> {
        let mut operation = scenario.clone();
        if let Some(names) = &self.arms {
            let place = |name: &String| {
                let place = scenario.arm_names.iter().position(|known| known == name);
                place.ok_or_else(|| FailureError::NoSuchArm { name: name.clone() })
            };
            let places = names.iter().map(place).collect::<Result<Vec<_>, _>>()?;
            operation = scenario.with_arms(&places);
        }
        if let Some(surgeon) = &self.surgeon {
            operation.surgeon = surgeon.clone();
        }
        if self.links == Links::Constant {
            for PathModel { up, down, .. } in &mut operation.paths {
                for link in [up, down] {
                    *link = LinkModel::constant(link.base_one_way);
                }
            }
        }
        Ok(operation)
    }
}
