//! The physical robot: arms under gravity, driven by position servos, in one of two engines.
//!
//! What is not the engine's is here, the same for both: gravity compensation, friction, effort limits and
//! the forces of contacts go to either engine as one `ServoOrder` an arm and tick.
//!
//! - [`settings`]: the scenario's section; [`PlantKind`] names the engines.
//! - `rapier`, `articulated`: the engines.
//! - [`patient`], [`touch`]: what the arms can touch, and the forces and distances that come of it.
//! - [`sensors`], [`trouble`]: what the loop is told of the joints, and what goes wrong with the robot.

mod articulated;
mod nearness;
pub mod patient;
mod rapier;
pub mod sensors;
pub mod settings;
pub mod touch;
pub mod trouble;

use robot_model::dynamics::{ArmDynamics, Wrench};
use robot_model::{Arm, Capsule, JointFriction, JointVector, MAX_JOINTS, Pose};

use articulated::ArticulatedArms;
pub use patient::PatientSettings;
use rapier::RapierArms;
use sensors::Sensors;
pub use settings::{PlantKind, PlantSettings};
pub use touch::Touch;
use touch::Touching;
pub use trouble::TroubleSettings;
use trouble::{Ailment, STUCK_DAMPING, Trouble};

/// Speed from which dry friction is at its full amount, rad/s and m/s: below it, friction falls with
/// speed, so that no solver meets a step. Assumed; a hundredth of a slow motion's speed.
const FULL_FRICTION_SPEED: f64 = 2e-3;

/// What the plant must know of one arm besides its kinematics.
#[derive(Clone, Debug, PartialEq)]
pub struct ArmModel {
    /// The arm, placed on the table.
    pub arm: Arm,
    /// Each joint's friction.
    pub friction: [JointFriction; MAX_JOINTS],
    /// The links' shapes for contact.
    pub capsules: Vec<Capsule>,
}

impl ArmModel {
    /// An arm without friction and without a shape.
    pub fn bare(arm: Arm) -> Self {
        Self {
            arm,
            friction: [JointFriction::NONE; MAX_JOINTS],
            capsules: Vec::new(),
        }
    }
}

/// What one arm's engine is told for one tick.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ServoOrder {
    /// Where the servos pull to.
    pub target: JointVector,
    /// How fast that place moves; following it then costs no lag from the damping.
    pub target_rate: JointVector,
    /// Torques that the servos add: gravity compensation.
    pub feed_forward: JointVector,
    /// Greatest torque of each servo, the feed-forward included.
    pub effort: JointVector,
    /// Passive damping of each joint: friction.
    pub damping: JointVector,
    /// Forces on the links, in the remote-centre frame.
    pub wrenches: [Wrench; MAX_JOINTS],
}

/// The physical robot. A copy goes on bit for bit as the original would.
#[derive(Clone)]
pub struct Plant {
    engine: Engine,
    arms: Vec<DrivenArm>,
    touching: Touching,
    sensors: Sensors,
    trouble: Trouble,
    tick_ns: u64,
    tick_s: f64,
    has_brakes: bool,
    is_broken: bool,
}

/// What a plant is built from.
#[derive(Clone, Copy, Debug)]
pub struct PlantSetup<'a> {
    /// The arms in the scenario's order, and their names.
    pub arms: &'a [ArmModel],
    /// The arms' names in the same order; only listed troubles need them.
    pub names: &'a [String],
    /// Gravity in the table's frame, m/s².
    pub gravity_m_s2: [f64; 3],
    /// The physics.
    pub settings: &'a PlantSettings,
    /// The patient.
    pub patient: &'a PatientSettings,
    /// What goes wrong with the robot.
    pub trouble: &'a TroubleSettings,
    /// Length of a tick, ns.
    pub tick_ns: u64,
    /// Seeds the sensors' noise and the drawn trouble.
    pub seed: u64,
}

#[derive(Clone)]
enum Engine {
    Rapier(Box<RapierArms>),
    Articulated(ArticulatedArms),
}

/// An arm and where its servos were last sent.
#[derive(Clone)]
struct DrivenArm {
    model: ArmModel,
    dynamics: ArmDynamics,
    set_point: JointVector,
    joints: JointVector,
    rates: JointVector,
    /// Share of the efforts at which the drives saturate.
    effort_share: f64,
    /// Half the play of the cable-driven joints, rad, and where it lets the joints be pulled to.
    half_play_rad: f64,
    pulled_to: JointVector,
    /// What holds the arm against gravity, and the joints that it was reckoned for.
    gravity: JointVector,
    gravity_of: Option<JointVector>,
}

impl Plant {
    /// Builds the arms at their home positions, at rest.
    pub fn new(setup: &PlantSetup<'_>) -> Self {
        let PlantSetup {
            arms,
            gravity_m_s2,
            settings,
            tick_ns,
            seed,
            ..
        } = *setup;
        let tick_s = tick_ns as f64 * 1e-9;
        let bare: Vec<Arm> = arms.iter().map(|model| model.arm).collect();
        let substeps = settings.substeps;
        let engine = match settings.kind {
            PlantKind::Rapier => Engine::Rapier(Box::new(RapierArms::new(
                &bare,
                gravity_m_s2,
                tick_s,
                substeps,
            ))),
            PlantKind::Articulated => {
                Engine::Articulated(ArticulatedArms::new(&bare, gravity_m_s2, tick_s, substeps))
            }
        };
        let sensors = Sensors::new(settings.sensors, arms, seed);
        let trouble = Trouble::of_seed(setup.trouble, arms, setup.names, seed);
        let arms: Vec<DrivenArm> = arms
            .iter()
            .map(|model| DrivenArm::new(model, gravity_m_s2, settings))
            .collect();
        let touching = Touching::new(settings.compliance, setup.patient, &arms);
        Self {
            engine,
            arms,
            touching,
            sensors,
            trouble,
            tick_ns,
            tick_s,
            has_brakes: settings.actuators.brakes,
            is_broken: false,
        }
    }

    /// Gives the servos their set-points and lets one tick pass.
    ///
    /// A servo pulls towards the set-point and towards the set-point's own speed, so that following a
    /// moving set-point costs no lag from its damping. A plant whose numbers broke stands still.
    pub fn step(&mut self, set_points: &[JointVector]) {
        if self.is_broken {
            return;
        }
        let tick_s = self.tick_s;
        let orders: Vec<ServoOrder> = self
            .arms
            .iter_mut()
            .zip(set_points)
            .enumerate()
            .map(|(index, (arm, set_point))| {
                let mut order = arm.order(set_point, tick_s);
                order.wrenches = self.touching.wrenches(index);
                order.suffer(index, &self.trouble, self.has_brakes);
                order
            })
            .collect();
        match &mut self.engine {
            Engine::Rapier(arms) => arms.step(&orders),
            Engine::Articulated(arms) => arms.step(&orders),
        }
        for (index, arm) in self.arms.iter_mut().enumerate() {
            (arm.joints, arm.rates) = match &self.engine {
                Engine::Rapier(arms) => arms.motion(index),
                Engine::Articulated(arms) => arms.motion(index),
            };
        }
        // An engine may clamp a broken set-point out of sight: it counts as broken all the same.
        self.is_broken = self.quarantined() > 0 || !self.arms.iter().all(DrivenArm::is_finite);
        self.touching.look(&self.arms, tick_s);
        self.trouble.pass(self.tick_ns);
        self.sensors.read(&self.arms, &self.trouble);
    }

    /// The joint values of an arm as its sensors tell them.
    pub fn sensed(&self, arm: usize) -> JointVector {
        self.sensors.shown(arm)
    }

    /// What an arm touches, and how near it is to what it must not touch.
    pub fn touch(&self, arm: usize) -> Option<&Touch> {
        self.touching.touch(arm)
    }

    /// Whether the robot's computer leaves the loop out at a time.
    pub fn stalls_loop(&self, now_ns: u64) -> bool {
        self.trouble.stalls_loop(now_ns)
    }

    /// The robot's own troubles that have begun: what, arm, joint (from 0), since when (ns).
    pub fn troubles(&self) -> impl Iterator<Item = (Ailment, usize, usize, u64)> {
        self.trouble.begun()
    }

    /// The true joint values of an arm; a joint that the engine lost is not a number.
    pub fn joints(&self, arm: usize) -> JointVector {
        self.arms
            .get(arm)
            .map_or([f64::NAN; MAX_JOINTS], |arm| arm.joints)
    }

    /// The true joint rates of an arm.
    pub fn rates(&self, arm: usize) -> JointVector {
        self.arms
            .get(arm)
            .map_or([f64::NAN; MAX_JOINTS], |arm| arm.rates)
    }

    /// The frame of an arm's link in the table's frame: that of the joint's row, or of the jaw.
    pub fn link_pose(&self, arm: usize, joint: usize) -> Option<Pose> {
        match &self.engine {
            Engine::Rapier(arms) => arms.link_pose(arm, joint),
            Engine::Articulated(_) => {
                let driven = self.arms.get(arm)?;
                let frames = driven.model.arm.link_frames(&driven.joints);
                let frame = frames.get(joint)?;
                let rotation = nalgebra::Rotation3::from_matrix_unchecked(frame.rotation());
                let local = Pose::from_parts(
                    nalgebra::Translation3::from(frame.origin_m),
                    nalgebra::UnitQuaternion::from_rotation_matrix(&rotation),
                );
                Some(driven.model.arm.base * local)
            }
        }
    }

    /// Bodies that the engine switched off because their state became non-finite.
    pub fn quarantined(&self) -> usize {
        match &self.engine {
            Engine::Rapier(arms) => arms.quarantined(),
            Engine::Articulated(_) => 0,
        }
    }

    /// Whether a number of the mechanical state stopped being one. Such a plant stands still for good:
    /// the run has failed.
    pub fn is_broken(&self) -> bool {
        self.is_broken
    }

    /// Folds the whole mechanical state: coordinates, velocities and set-points of every arm.
    pub fn digest(&self, sink: &mut dyn FnMut(&[u8])) {
        for arm in &self.arms {
            let count = arm.model.arm.joint_count;
            for values in [&arm.joints, &arm.rates, &arm.set_point, &arm.pulled_to] {
                for value in values.iter().take(count) {
                    sink(&value.to_bits().to_le_bytes());
                }
            }
        }
        self.touching.digest(sink);
        self.sensors.digest(sink);
    }
}

impl DrivenArm {
    fn new(model: &ArmModel, gravity_m_s2: [f64; 3], settings: &PlantSettings) -> Self {
        let mut model = model.clone();
        if !settings.friction {
            model.friction = [JointFriction::NONE; MAX_JOINTS];
        }
        let arm = &model.arm;
        Self {
            dynamics: ArmDynamics::new(arm, gravity_m_s2),
            set_point: arm.home,
            joints: arm.home,
            rates: [0.0; MAX_JOINTS],
            effort_share: settings.actuators.effort_share,
            half_play_rad: settings.actuators.backlash_mrad * 0.5e-3,
            pulled_to: arm.home,
            gravity: [0.0; MAX_JOINTS],
            gravity_of: None,
            model,
        }
    }

    fn is_finite(&self) -> bool {
        let numbers = [&self.joints, &self.rates, &self.set_point];
        numbers
            .into_iter()
            .flat_map(|values| &values[..self.model.arm.joint_count])
            .all(|value| value.is_finite())
    }

    fn order(&mut self, set_point: &JointVector, tick_s: f64) -> ServoOrder {
        self.set_point = *set_point;
        let before = self.pulled_to;
        self.pull(set_point);
        if self.gravity_of != Some(self.joints) {
            self.gravity_of = Some(self.joints);
            self.gravity = self.dynamics.gravity(&self.joints);
        }
        let mut order = ServoOrder {
            target: self.pulled_to,
            target_rate: [0.0; MAX_JOINTS],
            feed_forward: self.gravity,
            effort: [0.0; MAX_JOINTS],
            damping: [0.0; MAX_JOINTS],
            wrenches: [Wrench::default(); MAX_JOINTS],
        };
        for (joint, before) in before.iter().enumerate().take(self.model.arm.joint_count) {
            order.target_rate[joint] = (self.pulled_to[joint] - before) / tick_s;
            order.effort[joint] = self.model.arm.limits[joint].effort * self.effort_share;
            order.damping[joint] = friction_damping(&self.model.friction[joint], self.rates[joint]);
        }
        order
    }

    /// The motor's place, through the play of the cables: a joint is pulled only when the play is used up.
    fn pull(&mut self, set_point: &JointVector) {
        for (joint, pulled) in self.pulled_to.iter_mut().enumerate() {
            let half = if joint >= FIRST_CABLE_JOINT {
                self.half_play_rad
            } else {
                0.0
            };
            // Not `clamp`: a set-point that is no number must go through and be seen, not panic.
            let target = set_point[joint];
            if half == 0.0 || target.is_nan() || *pulled < target - half {
                *pulled = target - half;
            } else if *pulled > target + half {
                *pulled = target + half;
            }
        }
    }
}

/// How long a brake takes to close after its current is gone, ns. Assumed.
const BRAKE_CLOSES_NS: u64 = 10_000_000;

/// The first joint that cables drive through the shaft: roll.
const FIRST_CABLE_JOINT: usize = 3;

impl ServoOrder {
    /// Whether nothing differs that a standing arm would feel. Compensation is left out: it changes only with
    /// the joints, which stand.
    fn asks_the_same(&self, other: &Self) -> bool {
        self.target == other.target
            && self.target_rate == other.target_rate
            && self.effort == other.effort
            && self.damping == other.damping
            && self.wrenches == other.wrenches
    }

    /// What is wrong with the arm's joints.
    fn suffer(&mut self, arm: usize, trouble: &Trouble, has_brakes: bool) {
        for joint in 0..MAX_JOINTS {
            match trouble.of(arm, joint) {
                Some(Ailment::StuckJoint) => self.damping[joint] += STUCK_DAMPING,
                Some(Ailment::DeadMotor) => {
                    self.effort[joint] = 0.0;
                    let is_braked = has_brakes && joint < FIRST_CABLE_JOINT;
                    if is_braked && trouble.lasted_ns(arm, joint) >= BRAKE_CLOSES_NS {
                        self.damping[joint] += STUCK_DAMPING;
                    }
                }
                _ => {}
            }
        }
    }
}

/// Friction as a damping: the coefficient whose torque at the present speed is that of viscous and dry
/// friction together. An engine that treats damping implicitly then meets neither step nor chatter.
fn friction_damping(friction: &JointFriction, rate: f64) -> f64 {
    friction.viscous + friction.coulomb / rate.abs().max(FULL_FRICTION_SPEED)
}
