//! Every number of the requirement table.

use serde::{Deserialize, Serialize};

/// The thresholds, in the units that their names say; defaults are the table's.
///
/// They are independent of the loop's settings on purpose: a loop that is set to coast for a second
/// is judged by the coast allowed here.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Thresholds {
    /// R01: greatest true age of an applied command, ms.
    pub age_limit_ms: f64,
    /// R03: greatest step of the tip set-point, mm for each ms of tick.
    pub tip_step_mm_per_ms: f64,
    /// R05, R18: longest silence that may be bridged, ms.
    pub coast_ms: f64,
    /// R05, R06: longest stop after that, ms.
    pub stop_ms: f64,
    /// R05, R06: a tip slower than this is at rest, mm/s.
    pub rest_speed_mm_s: f64,
    /// R06: how long a holding arm must have been at rest before its hold is judged, ms.
    pub settle_ms: f64,
    /// R06: greatest drift of the measured tip in a hold, mm.
    pub hold_drift_mm: f64,
    /// R07: greatest step of the tip set-point in the tick that resumes, µm.
    pub resume_offset_um: f64,
    /// R07: greatest speed of the tip set-point just after a resume, mm/s.
    pub resume_speed_mm_s: f64,
    /// R07: how long that speed applies, ms.
    pub resume_window_ms: f64,
    /// R14: greatest distance of a remote centre from its trocar's place, mm.
    pub remote_centre_mm: f64,
    /// R15: least clearance between arms, and between an arm and the patient's outside, mm.
    pub clearance_mm: f64,
    /// R16: greatest force of a tip on soft tissue, N.
    pub tip_force_n: f64,
    /// R17: greatest distance from tip set-point to measured tip, mm.
    pub tracking_error_mm: f64,
    /// R17: longest time from exceeding it to the fault, ms.
    pub tracking_fault_ms: f64,
    /// R18: least share of healthy time spent following, 0 to 1.
    pub following_share: f64,
    /// R18: longest time from a gesture's arrival to following, ms.
    pub resume_within_ms: f64,
    /// R19: longest silence of a path that may go unreported, ms.
    pub latent_ms: f64,
    /// R21: datagrams of a path in a tick among which no command of the console may be overlooked.
    pub flood_datagrams: f64,
    /// R21: most datagrams of a path that may be opened in a tick.
    pub work_datagrams: f64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Thresholds {
            age_limit_ms: 500.0,
            tip_step_mm_per_ms: 0.1,
            coast_ms: 100.0,
            stop_ms: 200.0,
            rest_speed_mm_s: 1.0,
            settle_ms: 50.0,
            hold_drift_mm: 0.5,
            resume_offset_um: 1.0,
            resume_speed_mm_s: 20.0,
            resume_window_ms: 500.0,
            remote_centre_mm: 1.0,
            clearance_mm: 5.0,
            tip_force_n: 2.0,
            tracking_error_mm: 2.0,
            tracking_fault_ms: 50.0,
            following_share: 0.9999,
            resume_within_ms: 1000.0,
            latent_ms: 500.0,
            flood_datagrams: 64.0,
            work_datagrams: 384.0,
        }
    }
}

impl Thresholds {
    /// Whether every threshold makes sense; if not, a sentence that says which does not and how to
    /// mend it.
    pub fn check(&self) -> Result<(), String> {
        for (name, value) in self.named() {
            if !(value.is_finite() && value >= 0.0) {
                return Err(format!(
                    "safety thresholds: `{name}` is {value}; give a finite number, zero or more"
                ));
            }
        }
        if self.following_share > 1.0 {
            return Err(format!(
                "safety thresholds: `following_share` is {}; give a share between 0 and 1, such as \
                 0.9999",
                self.following_share
            ));
        }
        Ok(())
    }

    /// Every threshold with its name.
    fn named(&self) -> [(&'static str, f64); 20] {
        [
            ("age_limit_ms", self.age_limit_ms),
            ("tip_step_mm_per_ms", self.tip_step_mm_per_ms),
            ("coast_ms", self.coast_ms),
            ("stop_ms", self.stop_ms),
            ("rest_speed_mm_s", self.rest_speed_mm_s),
            ("settle_ms", self.settle_ms),
            ("hold_drift_mm", self.hold_drift_mm),
            ("resume_offset_um", self.resume_offset_um),
            ("resume_speed_mm_s", self.resume_speed_mm_s),
            ("resume_window_ms", self.resume_window_ms),
            ("remote_centre_mm", self.remote_centre_mm),
            ("clearance_mm", self.clearance_mm),
            ("tip_force_n", self.tip_force_n),
            ("tracking_error_mm", self.tracking_error_mm),
            ("tracking_fault_ms", self.tracking_fault_ms),
            ("following_share", self.following_share),
            ("resume_within_ms", self.resume_within_ms),
            ("latent_ms", self.latent_ms),
            ("flood_datagrams", self.flood_datagrams),
            ("work_datagrams", self.work_datagrams),
        ]
    }
}

#[cfg(test)]
mod tests {
    use serde::de::value::{Error, MapDeserializer};

    use super::*;

    fn read(fields: &[(&'static str, f64)]) -> Result<Thresholds, Error> {
        Thresholds::deserialize(MapDeserializer::new(fields.iter().copied()))
    }

    #[test]
    fn the_defaults_are_accepted() {
        assert_eq!(Thresholds::default().check(), Ok(()));
    }

    #[test]
    fn a_field_left_out_keeps_its_default() {
        let read = read(&[("coast_ms", 50.0)]).unwrap();
        assert_eq!(
            read,
            Thresholds {
                coast_ms: 50.0,
                ..Thresholds::default()
            }
        );
    }

    #[test]
    fn a_misspelt_field_is_refused() {
        let fault = read(&[("coast", 50.0)]).unwrap_err().to_string();
        assert!(fault.contains("unknown field `coast`"), "{fault}");
    }

    #[test]
    fn every_field_can_be_read_and_is_checked() {
        for (name, _) in Thresholds::default().named() {
            for bad in [-1.0, f64::NAN, f64::INFINITY] {
                let sentence = read(&[(name, bad)]).unwrap().check().unwrap_err();
                assert!(sentence.contains(name), "{sentence}");
            }
            assert_eq!(read(&[(name, 0.0)]).unwrap().check(), Ok(()));
        }
    }

    #[test]
    fn a_share_above_one_is_refused() {
        let sentence = read(&[("following_share", 1.5)])
            .unwrap()
            .check()
            .unwrap_err();
        assert!(sentence.contains("between 0 and 1"), "{sentence}");
    }
}
