//! A scenario: the file that says which robot, which surgeon, which two paths, which loop settings and
//! which requirements a run has; and its resolved form, ready to be run.

use std::fmt;
use std::sync::Arc;

use control_loop::LoopSettings;
use nalgebra::{Translation3, UnitQuaternion};
use net_model::{
    AttackGenerator, ClockGenerator, FaultGenerator, FaultSchedule, Milliseconds, NetworkPreset,
    PathModel, Probability,
};
use robot_model::{Arm, Cart, ConfidenceCounts, MAX_ARMS, Optics, Pose, Robot};
use safety::Thresholds;
use serde::{Deserialize, Serialize};

use crate::campaign_section::CampaignSection;
use crate::plant::{ArmModel, PlantSetup};
pub use crate::plant::{PatientSettings, PlantSettings, TroubleSettings};
use crate::recorded::Recording;
use crate::units::{
    Degrees, HertzRange, JawRange, Metres, Micrometres, Millimetres, MillimetresPerSecond,
    MotionScale, RunSeconds, Seconds, SecondsRange,
};

/// Reads a file that a scenario names, relative to the scenario's own place.
pub type ReadFile<'a> = dyn FnMut(&str) -> Result<String, String> + 'a;

/// A scenario as it stands in its RON file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What is rehearsed, in words.
    pub name: String,
    /// The robot's description file, relative to the scenario.
    pub robot: String,
    /// Which arms of the robot take part, and where their remote centres are: one to four.
    pub arms: Vec<ArmPlacement>,
    /// How long a run lasts.
    pub duration_s: RunSeconds,
    /// The physics.
    #[serde(default)]
    pub plant: PlantSettings,
    /// Who lies on the table.
    #[serde(default)]
    pub patient: PatientSettings,
    /// What goes wrong with the robot itself.
    #[serde(default)]
    pub robot_trouble: TroubleSettings,
    /// The surgeon's hands and habits.
    #[serde(default)]
    pub surgeon: SurgeonSettings,
    /// The two network paths.
    pub paths: TwoPaths,
    /// What goes wrong, drawn anew for each seed.
    #[serde(default)]
    pub faults: FaultGenerator,
    /// What an attacker on the paths does, drawn anew for each seed; by default nothing.
    #[serde(default)]
    pub adversary: AttackGenerator,
    /// How the console's clock differs from true time, drawn anew for each seed; by default it does not.
    #[serde(default)]
    pub clocks: ClockGenerator,
    /// The control loop's settings, both ends.
    #[serde(default)]
    pub control_loop: ControlLoopSettings,
    /// Thresholds of the requirements; what is not named keeps its default.
    #[serde(default)]
    pub requirements: Thresholds,
    /// What a campaign may draw, and what it need not have seen.
    #[serde(default)]
    pub campaign: CampaignSection,
}

/// One arm in the theatre.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArmPlacement {
    /// The arm's name in the robot file.
    pub arm: String,
    /// The remote centre (where the instrument passes the abdominal wall), in the table's frame, m.
    pub remote_centre_m: (Metres, Metres, Metres),
    /// Roll, pitch and yaw of the arm's base at the remote centre, degrees.
    #[serde(default = "upright")]
    pub tilt_deg: (Degrees, Degrees, Degrees),
}

fn upright() -> (Degrees, Degrees, Degrees) {
    (
        Degrees::clamped(0.0),
        Degrees::clamped(0.0),
        Degrees::clamped(0.0),
    )
}

/// Both network paths, each with an uplink (console to robot) and a downlink: as models (`a`, `b`), as one
/// path each of published networks (`a_preset: "leo_satellite/b"`), or both of one (`preset`).
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TwoPaths {
    /// Both paths of a published network, and what goes wrong on them unless the scenario says it: the name
    /// of a file of `assets/networks`.
    pub preset: Option<String>,
    /// Path A.
    pub a: Option<PathModel>,
    /// Path A as a path of a published network: its name, `/`, and `a` or `b`.
    pub a_preset: Option<String>,
    /// Path B.
    pub b: Option<PathModel>,
    /// Path B as a path of a published network.
    pub b_preset: Option<String>,
}

/// The surgeon. Every default is an assumption but the tremor's: 8–12 Hz is the physiological band, and
/// 49 µm the rms of a hand that holds still (Riviere 1997).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SurgeonSettings {
    /// Radius of the volume that a hand works in.
    pub reach_mm: Millimetres,
    /// How long one reach takes.
    pub reach_time_s: SecondsRange,
    /// How long the hand rests after a reach.
    pub rest_s: SecondsRange,
    /// Greatest turn of the wrist away from its start.
    pub turn_deg: Degrees,
    /// How far the jaw opens.
    pub jaw_rad: JawRange,
    /// Root mean square of the tremor.
    pub tremor_rms_um: Micrometres,
    /// Band of the tremor.
    pub tremor_hz: HertzRange,
    /// When the first clutch gesture begins.
    pub first_clutch_s: SecondsRange,
    /// How long the pedal stays pressed.
    pub clutch_hold_s: SecondsRange,
    /// Time between gestures by habit (to bring the hands back to a comfortable place).
    pub reclutch_every_s: SecondsRange,
    /// From the screen showing a hold to the pedal going down.
    pub reaction_s: SecondsRange,
    /// Time between swaps: a hand takes the instrument that no hand holds.
    pub swap_every_s: SecondsRange,
    /// Time between uses of the camera pedal.
    pub camera_every_s: SecondsRange,
    /// How long the camera pedal stays pressed.
    pub camera_hold_s: SecondsRange,
    /// How long the surgeon waits for the effect of a gesture before doubting it: longer than the second that
    /// R18 allows, or impatience would excuse a loop that never moves.
    pub patience_s: Seconds,
    /// Share of a hand's motions that are stitches: an arc about the needle's centre with the wrist turning
    /// along, there and back.
    pub stitch_share: Probability,
    /// Radius of a stitch's arc.
    pub stitch_mm: Millimetres,
    /// Moving and waiting: what a hand waits after each motion for the picture to catch up, as people do
    /// under delay; besides `rest_s`.
    pub wait_s: SecondsRange,
    /// A table of recorded hands, relative to the scenario: they replace reaches, stitches and tremor. What
    /// its columns are is told in [`crate::recorded`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recorded: Option<String>,
}

impl Default for SurgeonSettings {
    fn default() -> Self {
        let seconds = |from, to| SecondsRange::new(from, to).unwrap_or_default();
        Self {
            reach_mm: Millimetres::clamped(60.0),
            reach_time_s: seconds(0.6, 1.6),
            rest_s: seconds(0.0, 0.4),
            turn_deg: Degrees::clamped(25.0),
            jaw_rad: JawRange::new(0.1, 0.8).unwrap_or_default(),
            tremor_rms_um: Micrometres::clamped(49.0),
            tremor_hz: HertzRange::new(8.0, 12.0).unwrap_or_default(),
            first_clutch_s: seconds(0.4, 0.8),
            clutch_hold_s: seconds(0.2, 0.4),
            reclutch_every_s: seconds(6.0, 12.0),
            reaction_s: seconds(0.4, 0.9),
            swap_every_s: seconds(8.0, 16.0),
            camera_every_s: seconds(7.0, 14.0),
            camera_hold_s: seconds(0.8, 2.0),
            patience_s: Seconds::clamped(1.5),
            stitch_share: Probability::clamped(0.0),
            stitch_mm: Millimetres::clamped(15.0),
            wait_s: seconds(0.0, 0.0),
            recorded: None,
        }
    }
}

/// The control loop's settings as a scenario writes them; origins are told in `control_loop`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ControlLoopSettings {
    /// The loop's period.
    pub tick_ms: Milliseconds,
    /// Time between commands.
    pub frame_interval_ms: Milliseconds,
    /// Time between status frames.
    pub status_interval_ms: Milliseconds,
    /// Silence after which following is called coasting.
    pub gap_ms: Milliseconds,
    /// Silence after which the robot stops and holds.
    pub coast_ms: Milliseconds,
    /// Time within which every stop must end.
    pub stop_ms: Milliseconds,
    /// Oldest echo that a command may carry.
    pub freshness_ms: Milliseconds,
    /// Time without a frame after which a path is reported silent.
    pub latent_ms: Milliseconds,
    /// Frames of a path that are opened in a tick.
    pub frames_per_tick: u32,
    /// How much later than the first the second copy of a command is sent.
    pub stagger_ms: Milliseconds,
    /// Time between greetings of a console without a session.
    pub hello_interval_ms: Milliseconds,
    /// Silence after which a console greets the robot anew.
    pub greet_after_ms: Milliseconds,
    /// How much later than its period a tick may come.
    pub overrun_ms: Milliseconds,
    /// How long a joint may have no reading.
    pub dropout_ms: Milliseconds,
    /// How long a joint's reading may stay the same while its set-point moves on.
    pub frozen_ms: Milliseconds,
    /// Least distance of a tip from its remote centre.
    pub least_depth_mm: Millimetres,
    /// Instrument motion over hand motion, 0.2 to 1.
    pub motion_scale: MotionScale,
    /// Knee of the tremor filter.
    pub tremor_knee_hz: crate::units::Hertz,
    /// Greatest speed of an instrument's tip.
    pub tip_speed_mm_s: MillimetresPerSecond,
    /// Greatest speed of the tip right after a resumption.
    pub resume_speed_mm_s: MillimetresPerSecond,
    /// How long that limit lasts.
    pub resume_ms: Milliseconds,
    /// Distance of the measured tip from its set-point that is a fault.
    pub tracking_error_mm: Millimetres,
}

impl Default for ControlLoopSettings {
    fn default() -> Self {
        let settings = LoopSettings::default();
        let ms = |ns: u64| Milliseconds::clamped(ns as f64 * 1e-6);
        Self {
            tick_ms: ms(settings.tick_ns),
            frame_interval_ms: ms(settings.frame_interval_ns),
            status_interval_ms: ms(settings.status_interval_ns),
            gap_ms: ms(settings.gap_ns),
            coast_ms: ms(settings.coast_ns),
            stop_ms: ms(settings.stop_ns),
            freshness_ms: ms(settings.freshness_ns),
            latent_ms: ms(settings.latent_ns),
            frames_per_tick: settings.frames_per_tick,
            stagger_ms: ms(settings.stagger_ns),
            hello_interval_ms: ms(settings.hello_interval_ns),
            greet_after_ms: ms(settings.greet_after_ns),
            overrun_ms: ms(settings.overrun_ns),
            dropout_ms: ms(settings.dropout_ns),
            frozen_ms: ms(settings.frozen_ns),
            least_depth_mm: Millimetres::clamped(settings.least_depth_m * 1e3),
            motion_scale: MotionScale::clamped(settings.motion_scale),
            tremor_knee_hz: crate::units::Hertz::clamped(settings.tremor_knee_hz),
            tip_speed_mm_s: MillimetresPerSecond::clamped(settings.tip_speed_m_s * 1e3),
            resume_speed_mm_s: MillimetresPerSecond::clamped(settings.resume_speed_m_s * 1e3),
            resume_ms: ms(settings.resume_ns),
            tracking_error_mm: Millimetres::clamped(settings.tracking_error_m * 1e3),
        }
    }
}

impl ControlLoopSettings {
    /// The same settings in the loop's own units.
    pub fn resolve(&self) -> LoopSettings {
        let default = LoopSettings::default();
        let frame_interval_ns = self.frame_interval_ms.ns();
        // The default jump is stated in frames: keep the time that it stands for.
        let jump_ns = default
            .forward_jump
            .saturating_mul(default.frame_interval_ns);
        LoopSettings {
            tick_ns: self.tick_ms.ns(),
            frame_interval_ns,
            status_interval_ns: self.status_interval_ms.ns(),
            gap_ns: self.gap_ms.ns(),
            coast_ns: self.coast_ms.ns(),
            stop_ns: self.stop_ms.ns(),
            freshness_ns: self.freshness_ms.ns(),
            forward_jump: jump_ns / frame_interval_ns.max(1),
            latent_ns: self.latent_ms.ns(),
            frames_per_tick: self.frames_per_tick,
            stagger_ns: self.stagger_ms.ns(),
            hello_interval_ns: self.hello_interval_ms.ns(),
            greet_after_ns: self.greet_after_ms.ns(),
            overrun_ns: self.overrun_ms.ns(),
            dropout_ns: self.dropout_ms.ns(),
            frozen_ns: self.frozen_ms.ns(),
            least_depth_m: self.least_depth_mm.get() * 1e-3,
            motion_scale: self.motion_scale.get(),
            tremor_knee_hz: self.tremor_knee_hz.get(),
            tip_speed_m_s: self.tip_speed_mm_s.get() * 1e-3,
            resume_speed_m_s: self.resume_speed_mm_s.get() * 1e-3,
            resume_ns: self.resume_ms.ns(),
            tracking_error_m: self.tracking_error_mm.get() * 1e-3,
        }
    }
}

/// A scenario with its files read and its numbers checked together: immutable, shared by all runs.
#[derive(Clone, Debug)]
pub struct Operation {
    /// The scenario's name.
    pub name: String,
    /// The arms that take part, placed on the table, with their names.
    pub arms: Vec<Arm>,
    /// The same arms with what the physics need of them besides.
    pub bodies: Vec<ArmModel>,
    /// What a picture of the arms needs of them besides, in the same order.
    pub looks: Vec<ArmLook>,
    /// What the arms stand on, where the robot's file says it; only drawn.
    pub cart: Option<Cart>,
    /// Gravity in the table's frame, m/s².
    pub gravity_m_s2: [f64; 3],
    /// The arms' names, in the same order.
    pub arm_names: Vec<String>,
    /// The robot's name.
    pub robot_name: String,
    /// How far the robot's numbers can be trusted.
    pub confidence: ConfidenceCounts,
    /// How long a run lasts, ns.
    pub duration_ns: u64,
    /// The physics.
    pub plant: PlantSettings,
    /// Who lies on the table.
    pub patient: PatientSettings,
    /// What goes wrong with the robot itself.
    pub robot_trouble: TroubleSettings,
    /// The surgeon.
    pub surgeon: SurgeonSettings,
    /// The recorded hands that the surgeon's section names.
    pub recording: Option<Arc<Recording>>,
    /// The paths, A then B.
    pub paths: [PathModel; 2],
    /// What goes wrong.
    pub faults: FaultGenerator,
    /// What an attacker does.
    pub adversary: AttackGenerator,
    /// How the console's clock runs.
    pub clocks: ClockGenerator,
    /// The loop's settings.
    pub control_loop: LoopSettings,
    /// The requirements' thresholds.
    pub requirements: Thresholds,
    /// What a campaign may draw, and what it need not have seen.
    pub campaign: CampaignSection,
    /// What the reader of the scenario should know about its files (traps of a measured trace).
    pub notes: Vec<String>,
}

/// What nothing but a picture needs to know of an arm.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ArmLook {
    /// How an endoscope looks; none of an instrument.
    pub optics: Option<Optics>,
    /// From the wrist yaw axis to the end of the jaw, m; none of an endoscope.
    pub jaw_length_m: Option<f64>,
}

/// Why a scenario, or a file that it names, is refused.
#[derive(Clone, Debug, PartialEq)]
pub struct ScenarioError {
    /// The file at fault, as the scenario names it; `None` for the scenario itself.
    pub file: Option<String>,
    /// Line and column, from 1, where they are known.
    pub position: Option<(usize, usize)>,
    /// What is wrong and how to mend it.
    pub message: String,
}

impl fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{file}: ")?;
        }
        if let Some((line, column)) = self.position {
            write!(f, "line {line}, column {column}: ")?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for ScenarioError {}

impl ScenarioError {
    fn plain(message: impl Into<String>) -> Self {
        Self {
            file: None,
            position: None,
            message: message.into(),
        }
    }
}

impl Operation {
    /// The same operation with these of its arms only, in this order: everything that is told of an arm goes
    /// with it. Places that no arm has are left out.
    #[must_use]
    pub fn with_arms(&self, places: &[usize]) -> Self {
        let at = |place: &usize| {
            let name = self.arm_names.get(*place)?.clone();
            let body = self.bodies.get(*place)?.clone();
            let look = *self.looks.get(*place)?;
            Some((*self.arms.get(*place)?, body, look, name))
        };
        let mut fewer = self.clone();
        (fewer.arms, fewer.bodies, fewer.arm_names) = (Vec::new(), Vec::new(), Vec::new());
        fewer.looks = Vec::new();
        for (arm, body, look, name) in places.iter().filter_map(at) {
            fewer.arms.push(arm);
            fewer.looks.push(look);
            fewer.bodies.push(body);
            fewer.arm_names.push(name);
        }
        fewer
    }

    /// What the physical robot of one run is built from.
    pub fn plant_setup(&self, seed: u64) -> PlantSetup<'_> {
        PlantSetup {
            arms: &self.bodies,
            names: &self.arm_names,
            gravity_m_s2: self.gravity_m_s2,
            settings: &self.plant,
            patient: &self.patient,
            trouble: &self.robot_trouble,
            tick_ns: self.control_loop.tick_ns,
            seed,
        }
    }

    /// Reads a scenario's text and the files that it names.
    ///
    /// # Errors
    /// [`ScenarioError`]: a syntax error, an unknown key, a number outside its range, a file that cannot
    /// be read or used, or numbers that do not fit together.
    pub fn from_ron(text: &str, read: &mut ReadFile<'_>) -> Result<Self, ScenarioError> {
        let scenario: Scenario = parse(text)?;
        Self::resolve(scenario, read)
    }

    /// Reads the files that a scenario names and checks its numbers together.
    ///
    /// # Errors
    /// As [`Self::from_ron`], but for syntax.
    pub fn resolve(scenario: Scenario, read: &mut ReadFile<'_>) -> Result<Self, ScenarioError> {
        let robot = read_robot(&scenario.robot, read)?;
        let (bodies, arm_names) = place_arms(&scenario.arms, &robot, &scenario.robot)?;
        let looks = arm_names.iter().map(|name| look_of(name, &robot)).collect();
        let arms: Vec<Arm> = bodies.iter().map(|body| body.arm).collect();
        let (paths, preset_faults) = scenario.paths.choose()?;
        let (paths, notes) = read_paths(paths, read)?;
        let faults = match preset_faults {
            Some(preset_faults) if scenario.faults == FaultGenerator::default() => preset_faults,
            _ => scenario.faults,
        };
        let control_loop = scenario.control_loop.resolve();
        control_loop
            .check(&arms)
            .map_err(|error| ScenarioError::plain(format!("control_loop: {error}")))?;
        scenario
            .requirements
            .check()
            .map_err(|error| ScenarioError::plain(format!("requirements: {error}")))?;
        scenario.plant.check().map_err(ScenarioError::plain)?;
        scenario.patient.check().map_err(ScenarioError::plain)?;
        scenario
            .robot_trouble
            .check(&bodies, &arm_names)
            .map_err(ScenarioError::plain)?;
        let recording = match &scenario.surgeon.recorded {
            Some(file) => Some(Arc::new(read_recording(file, read)?)),
            None => None,
        };
        Ok(Self {
            name: scenario.name,
            arms,
            bodies,
            looks,
            cart: robot.cart.clone(),
            gravity_m_s2: robot.gravity_m_s2,
            arm_names,
            robot_name: robot.name.clone(),
            confidence: robot.confidence_counts(),
            duration_ns: scenario.duration_s.ns(),
            plant: scenario.plant,
            patient: scenario.patient,
            robot_trouble: scenario.robot_trouble,
            surgeon: scenario.surgeon,
            recording,
            paths,
            faults,
            adversary: scenario.adversary,
            clocks: scenario.clocks,
            control_loop,
            requirements: scenario.requirements,
            campaign: scenario.campaign,
            notes,
        })
    }
}

/// Reads a fault schedule, the data of a failure's file.
///
/// # Errors
/// [`ScenarioError`] with the place of the fault in the text.
pub fn fault_schedule_from_ron(text: &str) -> Result<FaultSchedule, ScenarioError> {
    parse(text)
}

fn parse<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, ScenarioError> {
    ron_options().from_str(text).map_err(|error| ScenarioError {
        file: None,
        position: Some((error.span.start.line, error.span.start.col)),
        message: error.code.to_string(),
    })
}

/// How RON is read everywhere: `Some(x)` may be written `x`.
fn ron_options() -> ron::Options {
    ron::Options::default().with_default_extension(ron::extensions::Extensions::IMPLICIT_SOME)
}

fn read_robot(file: &str, read: &mut ReadFile<'_>) -> Result<Robot, ScenarioError> {
    let in_file = |position, message| ScenarioError {
        file: Some(file.into()),
        position,
        message,
    };
    let text = read(file).map_err(|reason| in_file(None, reason))?;
    Robot::from_ron(&text).map_err(|error| in_file(error.position(), error.message().into()))
}

fn read_recording(file: &str, read: &mut ReadFile<'_>) -> Result<Recording, ScenarioError> {
    let in_file = |message| ScenarioError {
        file: Some(file.into()),
        position: None,
        message,
    };
    let text = read(file).map_err(in_file)?;
    Recording::from_csv(&text).map_err(in_file)
}

fn place_arms(
    placements: &[ArmPlacement],
    robot: &Robot,
    robot_file: &str,
) -> Result<(Vec<ArmModel>, Vec<String>), ScenarioError> {
    if placements.is_empty() || placements.len() > MAX_ARMS {
        return Err(ScenarioError::plain(format!(
            "arms lists {} arms; an operation needs 1 to {MAX_ARMS}",
            placements.len()
        )));
    }
    let mut arms = Vec::with_capacity(placements.len());
    let mut names: Vec<String> = Vec::with_capacity(placements.len());
    for (index, placement) in placements.iter().enumerate() {
        let name = &placement.arm;
        let Some(named) = robot.arms.iter().find(|named| named.name == *name) else {
            let known: Vec<&str> = robot.arms.iter().map(|named| named.name.as_str()).collect();
            return Err(ScenarioError::plain(format!(
                "arms[{index}] names \"{name}\", which {robot_file} does not have; it has {}",
                known.join(", ")
            )));
        };
        if names.contains(name) {
            return Err(ScenarioError::plain(format!(
                "arms[{index}] names \"{name}\" a second time; an arm can be placed once"
            )));
        }
        arms.push(ArmModel {
            arm: Arm {
                base: placement.base(),
                ..named.arm
            },
            friction: named.friction,
            capsules: named.capsules.clone(),
        });
        names.push(name.clone());
    }
    Ok((arms, names))
}

fn look_of(name: &str, robot: &Robot) -> ArmLook {
    let named = robot.arms.iter().find(|named| named.name == name);
    named.map_or_else(ArmLook::default, |named| ArmLook {
        optics: named.optics,
        jaw_length_m: named.jaw_length_m,
    })
}

fn read_paths(
    mut resolved: [PathModel; 2],
    read: &mut ReadFile<'_>,
) -> Result<([PathModel; 2], Vec<String>), ScenarioError> {
    let mut notes = Vec::new();
    for path in &mut resolved {
        let found = path
            .resolve(read)
            .map_err(|error| ScenarioError::plain(error.to_string()))?;
        notes.extend(found);
    }
    Ok((resolved, notes))
}

impl TwoPaths {
    /// The models of both paths, and what the published network that both are of says goes wrong.
    fn choose(self) -> Result<([PathModel; 2], Option<FaultGenerator>), ScenarioError> {
        if let Some(name) = &self.preset {
            if [&self.a_preset, &self.b_preset]
                .iter()
                .any(|one| one.is_some())
                || self.a.is_some()
                || self.b.is_some()
            {
                return Err(ScenarioError::plain(
                    "paths: `preset` gives both paths; leave out `a`, `b`, `a_preset` and `b_preset`",
                ));
            }
            let preset = preset(name)?;
            return Ok(([preset.a, preset.b], Some(preset.faults)));
        }
        let a = choose_path("a", self.a, self.a_preset)?;
        let b = choose_path("b", self.b, self.b_preset)?;
        Ok(([a, b], None))
    }
}

fn choose_path(
    which: &str,
    model: Option<PathModel>,
    of_preset: Option<String>,
) -> Result<PathModel, ScenarioError> {
    let name = match (model, of_preset) {
        (Some(model), None) => return Ok(model),
        (None, Some(name)) => name,
        (None, None) => {
            return Err(ScenarioError::plain(format!(
                "paths: path {which} is missing; give `{which}`, `{which}_preset` or `preset`"
            )));
        }
        (Some(_), Some(_)) => {
            return Err(ScenarioError::plain(format!(
                "paths: `{which}` and `{which}_preset` both give path {which}; leave one out"
            )));
        }
    };
    match name.split_once('/') {
        Some((name, "a")) => Ok(preset(name)?.a),
        Some((name, "b")) => Ok(preset(name)?.b),
        _ => Err(ScenarioError::plain(format!(
            "paths: {which}_preset is \"{name}\"; give a network and one of its paths, such as \
             \"leo_satellite/a\""
        ))),
    }
}

/// Reads a published network.
///
/// # Errors
/// [`ScenarioError`] when there is none of that name: it lists those that there are.
pub fn preset(name: &str) -> Result<NetworkPreset, ScenarioError> {
    let Some(text) = net_model::presets::text(name) else {
        let known = net_model::presets::PRESETS.iter().map(|(name, _)| *name);
        return Err(ScenarioError::plain(format!(
            "no network preset is called \"{name}\"; there are {}",
            known.collect::<Vec<_>>().join(", ")
        )));
    };
    parse(text)
}

impl ArmPlacement {
    fn base(&self) -> Pose {
        let (x, y, z) = &self.remote_centre_m;
        let (roll, pitch, yaw) = &self.tilt_deg;
        let radians = |angle: &Degrees| angle.get() * core::f64::consts::PI / 180.0;
        Pose::from_parts(
            Translation3::new(x.get(), y.get(), z.get()),
            UnitQuaternion::from_euler_angles(radians(roll), radians(pitch), radians(yaw)),
        )
    }
}
