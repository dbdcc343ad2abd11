//! What a scenario says about campaigns of it: which of its numbers are uncertain and by how much, and what cannot
//! happen in it.

use net_model::MillisecondsRange;
use serde::{Deserialize, Serialize};

use crate::units::{Micrometres, Millimetres, MotionScale};
use net_model::range;

range!(
    /// From one motion scale to another.
    MotionScaleRange, MotionScale
);

range!(
    /// From one reach of a hand to another.
    ReachRange, Millimetres
);

range!(
    /// From one tremor to another.
    TremorRange, Micrometres
);

/// The section `campaign` of a scenario.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CampaignSection {
    /// Numbers that each run draws anew, evenly over the stated range; those not named stay as the scenario has them.
    pub uncertain: UncertainNumbers,
    /// What a campaign of this scenario need not have seen, each with its reason.
    pub cannot_happen: Vec<CannotHappen>,
}

/// Numbers of a scenario that a campaign may draw.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UncertainNumbers {
    /// Base delay of path A, both ways alike.
    pub base_one_way_a_ms: Option<MillisecondsRange>,
    /// Base delay of path B, both ways alike.
    pub base_one_way_b_ms: Option<MillisecondsRange>,
    /// Instrument motion over hand motion.
    pub motion_scale: Option<MotionScaleRange>,
    /// Radius of the volume that a hand works in.
    pub reach_mm: Option<ReachRange>,
    /// Root mean square of the tremor.
    pub tremor_rms_um: Option<TremorRange>,
}

/// Something that a campaign is not blind for not having seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CannotHappen {
    /// Its name in the coverage table; one `*` stands for anything.
    pub what: String,
    /// Why it cannot happen in this scenario.
    pub because: String,
}

impl Default for Micrometres {
    fn default() -> Self {
        Self::MIN
    }
}

impl Default for Millimetres {
    fn default() -> Self {
        Self::MIN
    }
}

impl Default for MotionScale {
    fn default() -> Self {
        Self::MIN
    }
}
