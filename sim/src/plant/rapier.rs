//! The engine Rapier: one multibody an arm, joints driven by motors.
//!
//! Every link's body frame is the frame of its Denavit–Hartenberg row, so the joint coordinates of
//! the multibody are the robot's joint values and the pose of a link needs no further transform.
//! Drawbacks of Rapier that shape this file: motors default to acceleration-based gains and links to
//! an angular damping of 0.1 N·m·s/rad (both replaced here), a motor runs ahead of its target by one
//! step of the target's speed (taken back here), a joint with two free rotations panics (rows have
//! one), and a non-finite state is quarantined silently ([`RapierArms::quarantined`] reports it).
//! Kinematic roots and loops, over which it panics or refuses, do not occur in a serial arm on a
//! fixed base.

use nalgebra::{UnitQuaternion, Vector3};
use rapier3d_f64::prelude::{
    GenericJoint, GenericJointBuilder, JointAxesMask, JointAxis, MassProperties, MotorModel,
    MultibodyJointHandle, PhysicsWorld, Pose as RapierPose, RigidBodyBuilder, RigidBodyHandle,
    Rotation, Vector,
};
use robot_model::dynamics::Wrench;
use robot_model::{Arm, DhRow, JointKind, JointVector, MAX_JOINTS, Pose};

use super::ServoOrder;

/// Rounds over all motors in one substep.
const MOTOR_ROUNDS: usize = 4;

/// All arms, each a multibody in a world of its own: what they do to each other comes as forces from outside
/// of the engine, so that an arm that rests costs nothing.
#[derive(Clone)]
pub(super) struct RapierArms {
    arms: Vec<ArmBody>,
    substep_s: f64,
}

/// The multibody of one arm.
struct ArmBody {
    world: PhysicsWorld,
    joints: Vec<ServoJoint>,
    base: Pose,
    /// Whether a force is left on a body from the last tick.
    is_loaded: bool,
    rest: Rest,
}

/// Whether an arm stands still under constant orders: then it is not stepped.
#[derive(Clone)]
struct Rest {
    order: Option<ServoOrder>,
    ticks: u32,
}

/// Slower than this in every joint is standing still, rad/s and m/s: what is left to go at such a speed is
/// nanometres.
const REST_SPEED: f64 = 1e-6;

/// Ticks of standing still under the same orders until an arm rests.
const REST_TICKS: u32 = 50;

/// One driven joint, and the body that it moves.
#[derive(Clone, Copy)]
struct ServoJoint {
    handle: MultibodyJointHandle,
    body: RigidBodyHandle,
    axis: JointAxis,
    stiffness: f64,
    damping: f64,
}

impl RapierArms {
    /// Builds the arms at their home positions, at rest.
    ///
    /// `substeps` is Rapier's number of solver iterations: each is a full step of `tick_s / substeps`.
    pub fn new(arms: &[Arm], gravity_m_s2: [f64; 3], tick_s: f64, substeps: usize) -> Self {
        let substeps = substeps.max(1);
        let arms = arms
            .iter()
            .map(|arm| ArmBody::new(arm, empty_world(gravity_m_s2, tick_s, substeps)))
            .collect();
        Self {
            arms,
            substep_s: tick_s / substeps as f64,
        }
    }

    /// Gives every arm its order and lets one tick pass.
    pub fn step(&mut self, orders: &[ServoOrder]) {
        for (arm, order) in self.arms.iter_mut().zip(orders) {
            if arm.rests(order) {
                continue;
            }
            arm.obey(order, self.substep_s);
            arm.world.step();
        }
    }

    /// An arm's joint values and rates; a joint that Rapier lost reads as not a number.
    pub fn motion(&self, arm: usize) -> (JointVector, JointVector) {
        let (mut values, mut rates) = ([0.0; MAX_JOINTS], [0.0; MAX_JOINTS]);
        let Some(arm) = self.arms.get(arm) else {
            return ([f64::NAN; MAX_JOINTS], [f64::NAN; MAX_JOINTS]);
        };
        for ((value, rate), joint) in values.iter_mut().zip(&mut rates).zip(&arm.joints) {
            (*value, *rate) = arm.joint_motion(joint).unwrap_or((f64::NAN, f64::NAN));
        }
        (values, rates)
    }

    /// The frame of an arm's link in the table's frame: that of the joint's row, or of the jaw.
    pub fn link_pose(&self, arm: usize, joint: usize) -> Option<Pose> {
        let arm = self.arms.get(arm)?;
        let joint = arm.joints.get(joint)?;
        let (multibody, id) = arm.world.multibody_joints.get(joint.handle)?;
        let pose = multibody.link(id)?.local_to_world();
        let (t, r) = (pose.translation, pose.rotation);
        Some(Pose::from_parts(
            nalgebra::Translation3::new(t.x, t.y, t.z),
            UnitQuaternion::new_normalize(nalgebra::Quaternion::new(r.w, r.x, r.y, r.z)),
        ))
    }

    /// Bodies and colliders that Rapier switched off because their state became non-finite.
    pub fn quarantined(&self) -> usize {
        let count = |arm: &ArmBody| {
            let quarantine = arm.world.quarantine();
            quarantine.bodies().len() + quarantine.colliders().len()
        };
        self.arms.iter().map(count).sum()
    }
}

/// A copy continues bit for bit as the original would: Rapier's pipelines are workspaces, not state.
impl Clone for ArmBody {
    fn clone(&self) -> Self {
        let world = PhysicsWorld {
            gravity: self.world.gravity,
            integration_parameters: self.world.integration_parameters,
            islands: self.world.islands.clone(),
            broad_phase: self.world.broad_phase.clone(),
            narrow_phase: self.world.narrow_phase.clone(),
            bodies: self.world.bodies.clone(),
            colliders: self.world.colliders.clone(),
            impulse_joints: self.world.impulse_joints.clone(),
            multibody_joints: self.world.multibody_joints.clone(),
            soft_bodies: self.world.soft_bodies.clone(),
            ..PhysicsWorld::default()
        };
        Self {
            world,
            joints: self.joints.clone(),
            base: self.base,
            is_loaded: self.is_loaded,
            rest: self.rest.clone(),
        }
    }
}

impl ArmBody {
    /// Sets motors, damping and forces for the next tick.
    fn obey(&mut self, order: &ServoOrder, substep_s: f64) {
        let Some(first) = self.joints.first() else {
            return;
        };
        let world = &mut self.world;
        if let Some((multibody, _)) = world.multibody_joints.get_mut(first.handle) {
            for (damping, wanted) in multibody.damping_mut().iter_mut().zip(&order.damping) {
                *damping = *wanted;
            }
        }
        for (index, joint) in self.joints.iter().enumerate() {
            let Some((multibody, link)) = world.multibody_joints.get_mut(joint.handle) else {
                continue;
            };
            let Some(link) = multibody.link_mut(link) else {
                continue;
            };
            let rate = order.target_rate[index];
            // A constant torque is a target that is off by what the spring makes of it.
            let lead = if joint.stiffness > 0.0 {
                order.feed_forward[index] / joint.stiffness
            } else {
                0.0
            };
            let target = order.target[index] - substep_s * rate + lead;
            let (stiffness, damping) = (joint.stiffness, joint.damping);
            let joint_data = &mut link.joint.data;
            joint_data.set_motor(joint.axis, target, rate, stiffness, damping);
            joint_data.set_motor_max_force(joint.axis, order.effort[index]);
        }
        self.load(&order.wrenches);
    }

    /// Puts the wrenches on the bodies; those of the last tick are taken off.
    fn load(&mut self, wrenches: &[Wrench; MAX_JOINTS]) {
        let is_loaded = wrenches.iter().any(|wrench| *wrench != Wrench::default());
        if !is_loaded && !self.is_loaded {
            return;
        }
        self.is_loaded = is_loaded;
        for (joint, wrench) in self.joints.iter().zip(wrenches) {
            let Some(body) = self.world.bodies.get_mut(joint.body) else {
                continue;
            };
            body.reset_forces(true);
            body.reset_torques(true);
            let com = body.center_of_mass();
            let com = Vector3::new(com.x, com.y, com.z) - self.base.translation.vector;
            let force = self.base.rotation * Vector3::from(wrench.force_n);
            let moment = self.base.rotation * Vector3::from(wrench.moment_nm);
            let torque = moment - com.cross(&force);
            body.add_force(Vector::new(force.x, force.y, force.z), true);
            body.add_torque(Vector::new(torque.x, torque.y, torque.z), true);
        }
    }

    /// Whether the arm has stood still under this same order for long enough to be left out.
    fn rests(&mut self, order: &ServoOrder) -> bool {
        let stands = self.joints.iter().all(|joint| {
            self.joint_motion(joint)
                .is_some_and(|(_, rate)| rate.abs() < REST_SPEED)
        });
        let is_same = self
            .rest
            .order
            .as_ref()
            .is_some_and(|before| before.asks_the_same(order));
        self.rest.order = Some(*order);
        self.rest.ticks = if stands && is_same {
            self.rest.ticks.saturating_add(1)
        } else {
            0
        };
        self.rest.ticks > REST_TICKS
    }

    fn joint_motion(&self, joint: &ServoJoint) -> Option<(f64, f64)> {
        let (multibody, id) = self.world.multibody_joints.get(joint.handle)?;
        let link = multibody.link(id)?;
        let rate = multibody.joint_velocity(link).iter().next().copied()?;
        Some((link.joint.coords()[joint.axis as usize], rate))
    }

    fn new(arm: &Arm, mut world: PhysicsWorld) -> Self {
        let mut parent = world.insert_body(RigidBodyBuilder::fixed().pose(rapier_pose(&arm.base)));
        let mut joints = Vec::with_capacity(arm.joint_count);
        for index in 0..arm.joint_count {
            let (link, drive, limits) = (arm.links[index], arm.drives[index], arm.limits[index]);
            let body = world.insert_body(
                RigidBodyBuilder::dynamic()
                    .can_sleep(false)
                    .additional_mass_properties(MassProperties::new(
                        Vector::from_array(link.com_m),
                        link.mass_kg,
                        Vector::from_array(link.inertia_kgm2),
                    )),
            );
            // The jaw has no row: it turns about the wrist yaw axis, where the tip is.
            let row = (index < arm.row_count).then(|| arm.rows[index]);
            let (axis, joint) =
                servo_joint(row.as_ref(), drive.stiffness, drive.damping, limits.effort);
            if let Some(handle) = world.insert_multibody_joint(parent, body, joint) {
                let (stiffness, damping) = (drive.stiffness, drive.damping);
                joints.push(ServoJoint {
                    handle,
                    body,
                    axis,
                    stiffness,
                    damping,
                });
            }
            parent = body;
        }
        let mut arm_body = Self {
            world,
            joints,
            base: arm.base,
            is_loaded: false,
            rest: Rest {
                order: None,
                ticks: 0,
            },
        };
        arm_body.place(arm);
        arm_body
    }

    /// Replaces Rapier's default damping, adds the rotors' inertia, and moves the arm home.
    fn place(&mut self, arm: &Arm) {
        let Some(first) = self.joints.first() else {
            return;
        };
        let world = &mut self.world;
        let bodies = &mut world.bodies;
        if let Some((multibody, _)) = world.multibody_joints.get_mut(first.handle) {
            // The first pass makes the root as fixed as its body is, and drops its six coordinates.
            multibody.forward_kinematics(bodies, true);
            multibody.damping_mut().fill(0.0);
            for (armature, drive) in multibody.armature_mut().iter_mut().zip(&arm.drives) {
                *armature = drive.armature;
            }
            multibody.apply_displacements(&arm.home[..self.joints.len()]);
            multibody.forward_kinematics(bodies, false);
            multibody.update_rigid_bodies(bodies, true);
        }
    }
}

/// A world with nothing in it but gravity.
fn empty_world(gravity_m_s2: [f64; 3], tick_s: f64, substeps: usize) -> PhysicsWorld {
    let mut world = PhysicsWorld {
        gravity: Vector::from_array(gravity_m_s2),
        ..PhysicsWorld::default()
    };
    world.integration_parameters.dt = tick_s;
    world.integration_parameters.num_solver_iterations = substeps;
    // Instruments are centimetres, not metres: the solver's slops scale with this.
    world.integration_parameters.length_unit = 0.1;
    world.integration_parameters.contact_recycling = false;
    // Motors are solved one after another: a second round brings what a later one upset back in order.
    world.integration_parameters.num_internal_pgs_iterations = MOTOR_ROUNDS;
    // Nothing collides here: continuous collision detection has nothing to find.
    world.integration_parameters.max_ccd_substeps = 0;
    world
        .integration_parameters
        .num_internal_stabilization_iterations = 0;
    world
}

/// The joint of a row: Rapier's free axis is x, so both frames are turned to bring x onto the row's z.
fn servo_joint(
    row: Option<&DhRow>,
    stiffness: f64,
    damping: f64,
    effort: f64,
) -> (JointAxis, GenericJoint) {
    let x_onto_z = UnitQuaternion::from_axis_angle(
        &nalgebra::Vector3::y_axis(),
        -core::f64::consts::FRAC_PI_2,
    );
    let x_onto_z = Pose::from_parts(nalgebra::Translation3::identity(), x_onto_z);
    let (kind, fixed) = row.map_or((JointKind::Revolute, Pose::identity()), |row| {
        (row.kind, fixed_part(row))
    });
    let (axis, locked) = match kind {
        JointKind::Revolute => (JointAxis::AngX, JointAxesMask::LOCKED_REVOLUTE_AXES),
        JointKind::Prismatic => (JointAxis::LinX, JointAxesMask::LOCKED_PRISMATIC_AXES),
    };
    let joint = GenericJointBuilder::new(locked)
        .local_frame1(rapier_pose(&(fixed * x_onto_z)))
        .local_frame2(rapier_pose(&x_onto_z))
        .motor_model(axis, MotorModel::ForceBased)
        .set_motor(axis, 0.0, 0.0, stiffness, damping)
        .motor_max_force(axis, effort)
        .contacts_enabled(false)
        .build();
    (axis, joint)
}

/// The part of a row's transform that does not move: all of it with the joint at zero.
fn fixed_part(row: &DhRow) -> Pose {
    let (theta, d) = match row.kind {
        JointKind::Revolute => (row.offset, row.d_m),
        JointKind::Prismatic => (0.0, row.d_m + row.offset),
    };
    let twist = UnitQuaternion::from_axis_angle(&nalgebra::Vector3::x_axis(), row.alpha_rad);
    let turn = UnitQuaternion::from_axis_angle(&nalgebra::Vector3::z_axis(), theta);
    Pose::from_parts(nalgebra::Translation3::identity(), twist)
        * Pose::from_parts(nalgebra::Translation3::new(row.a_m, 0.0, d), turn)
}

fn rapier_pose(pose: &Pose) -> RapierPose {
    let (t, r) = (&pose.translation.vector, pose.rotation.coords);
    RapierPose::from_parts(
        Vector::new(t.x, t.y, t.z),
        Rotation::from_xyzw(r.x, r.y, r.z, r.w),
    )
}
