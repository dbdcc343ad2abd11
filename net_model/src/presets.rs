//! Networks that are published, ready to use: `assets/networks/*.ron`, with the origin of each number beside it.

use serde::{Deserialize, Serialize};

use crate::generator::FaultGenerator;
use crate::model::PathModel;

/// Two paths and how often trouble comes, as a file of `assets/networks` says it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkPreset {
    /// What people call it.
    pub name: String,
    /// First path.
    pub a: PathModel,
    /// Second path.
    pub b: PathModel,
    /// What goes wrong.
    #[serde(default)]
    pub faults: FaultGenerator,
}

macro_rules! presets {
    ($($name:literal),* $(,)?) => {
        /// Every preset: its name and the text of its file, a [`NetworkPreset`] in RON.
        pub const PRESETS: &[(&str, &str)] = &[
            $(($name, include_str!(concat!("../../assets/networks/", $name, ".ron")))),*
        ];
    };
}

presets![
    "5g",
    "casablanca_shanghai_skew_25",
    "casablanca_shanghai_skew_85",
    "geo_satellite",
    "leo_satellite",
    "mumbai_shanghai",
    "netfi_4g",
    "netfi_5g",
    "netfi_clm_1",
    "netfi_clm_2",
    "netfi_clm_3",
    "netfi_dlm_1",
    "netfi_dlm_2",
    "netfi_dlm_3",
    "netfi_plm_1",
    "netfi_plm_2",
    "netfi_plm_3",
    "orlando_luanda",
];

/// The text of a preset; `None` where there is none of that name.
pub fn text(name: &str) -> Option<&'static str> {
    let found = PRESETS.iter().find(|(preset, _)| *preset == name);
    found.map(|(_, text)| *text)
}
