//! What the robot's sensors say of its joints: rounded to the encoder's step, noisy, late; and where a
//! sensor is in trouble, frozen or silent.
//!
//! The loop under test gets these readings. The monitors judge by the joints themselves.

use net_model::Stream;
use robot_model::{JointKind, JointVector, MAX_JOINTS};
use serde::{Deserialize, Serialize};

use super::patient::within;
use super::trouble::{Ailment, Trouble};
use super::{ArmModel, DrivenArm};

/// The sensors' section of a scenario. The default is a perfect sensor: no readable source says what
/// Toumai's are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SensorSettings {
    /// The encoder's step of turning joints, µrad; zero: none.
    pub step_urad: f64,
    /// The encoder's step of slides, µm; zero: none.
    pub step_um: f64,
    /// Root mean square of the noise before rounding, of turning joints, µrad.
    pub noise_urad: f64,
    /// The same of slides, µm.
    pub noise_um: f64,
    /// How many ticks later than it was true a reading reaches the loop, 0 to 20.
    pub delay_ticks: usize,
}

impl SensorSettings {
    pub(super) fn check(&self) -> Result<(), String> {
        for (name, value) in [
            ("step_urad", self.step_urad),
            ("step_um", self.step_um),
            ("noise_urad", self.noise_urad),
            ("noise_um", self.noise_um),
        ] {
            within(&format!("plant.sensors.{name}"), value, 0.0, 100_000.0)?;
        }
        if self.delay_ticks > MAX_DELAY_TICKS {
            return Err(format!(
                "plant.sensors.delay_ticks is {}; give at most {MAX_DELAY_TICKS}",
                self.delay_ticks
            ));
        }
        Ok(())
    }
}

const MAX_DELAY_TICKS: usize = 20;

/// Every arm's encoders.
#[derive(Clone)]
pub(super) struct Sensors {
    settings: SensorSettings,
    noise: Stream,
    /// The last readings of each arm, in a ring: the present one is at `newest`.
    rings: Vec<Vec<JointVector>>,
    newest: usize,
    /// What each arm's readings stopped at, for joints whose sensor is frozen.
    shown: Vec<JointVector>,
}

impl Sensors {
    /// Sensors that have seen the arms at home for ever.
    pub fn new(settings: SensorSettings, arms: &[ArmModel], seed: u64) -> Self {
        let homes: Vec<JointVector> = arms.iter().map(|model| model.arm.home).collect();
        Self {
            settings,
            noise: Stream::new(seed, "robot/encoders"),
            rings: homes
                .iter()
                .map(|home| vec![*home; settings.delay_ticks + 1])
                .collect(),
            newest: 0,
            shown: homes,
        }
    }

    /// Takes the readings of a tick.
    pub fn read(&mut self, arms: &[DrivenArm], trouble: &Trouble) {
        let length = self.settings.delay_ticks + 1;
        self.newest = (self.newest + 1) % length;
        let oldest = (self.newest + 1) % length;
        for (index, arm) in arms.iter().enumerate() {
            let now = self.encoded(arm);
            self.rings[index][self.newest] = now;
            let late = self.rings[index][oldest];
            let joints = self.shown[index].iter_mut().zip(&late).enumerate();
            for (joint, (shown, late)) in joints.take(arm.model.arm.joint_count) {
                *shown = match trouble.of(index, joint) {
                    Some(Ailment::FrozenSensor) if shown.is_finite() => *shown,
                    Some(Ailment::MissingReadings) => f64::NAN,
                    _ => *late,
                };
            }
        }
    }

    /// What the sensors of an arm say.
    pub fn shown(&self, arm: usize) -> JointVector {
        self.shown
            .get(arm)
            .copied()
            .unwrap_or([f64::NAN; MAX_JOINTS])
    }

    fn encoded(&mut self, arm: &DrivenArm) -> JointVector {
        let settings = &self.settings;
        let mut reading = arm.joints;
        for (joint, value) in reading
            .iter_mut()
            .enumerate()
            .take(arm.model.arm.joint_count)
        {
            let (noise, step) = match arm.model.arm.kind.joint_kind(joint) {
                JointKind::Revolute => (settings.noise_urad, settings.step_urad),
                JointKind::Prismatic => (settings.noise_um, settings.step_um),
            };
            if noise > 0.0 {
                *value += noise * 1e-6 * self.noise.quick_normal();
            }
            if step > 0.0 {
                *value = libm::round(*value / (step * 1e-6)) * (step * 1e-6);
            }
        }
        reading
    }

    /// Folds what later readings depend on.
    pub fn digest(&self, sink: &mut dyn FnMut(&[u8])) {
        sink(&self.noise.position().to_le_bytes());
        let kept = self.rings.iter().flatten().chain(&self.shown).flatten();
        for value in kept {
            sink(&value.to_bits().to_le_bytes());
        }
    }
}
