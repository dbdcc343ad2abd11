//! The robot's body: one Rapier multibody an arm, driven by position servos.
//!
//! Every link's body frame is the frame of its Denavit–Hartenberg row, so the joint coordinates of
//! the multibody are the robot's joint values and the pose of a link needs no further transform.
//! Drawbacks of Rapier that shape this file: motors default to acceleration-based gains and links to
//! an angular damping of 0.1 N·m·s/rad (both switched off here), a joint with two free rotations
//! panics (rows have one), and a non-finite state is quarantined silently ([`Plant::quarantined`]
//! reports it).
//!
//! What is left out: gravity (the arms are taken as counterbalanced, an assumption), mechanical
//! stops (the set-points stay inside them; requirement R04 watches that), and contacts.

use nalgebra::UnitQuaternion;
use rapier3d_f64::prelude::{
    GenericJoint, GenericJointBuilder, JointAxesMask, JointAxis, MassProperties, MotorModel,
    MultibodyJointHandle, PhysicsWorld, Pose as RapierPose, RigidBodyBuilder, Rotation, Vector,
};
use robot_model::{Arm, DhRow, JointKind, JointVector, MAX_JOINTS, Pose};

/// The physical robot.
pub struct Plant {
    world: PhysicsWorld,
    arms: Vec<ArmBody>,
    tick_s: f64,
}

/// The multibody of one arm, and the set-point that its servos differentiate.
#[derive(Clone)]
struct ArmBody {
    joints: Vec<ServoJoint>,
    set_point: JointVector,
}

/// One driven joint.
#[derive(Clone, Copy)]
struct ServoJoint {
    handle: MultibodyJointHandle,
    axis: JointAxis,
    stiffness: f64,
    damping: f64,
}

impl Plant {
    /// Builds the arms at their home positions, at rest.
    ///
    /// `substeps` is Rapier's number of solver iterations: each is a full step of `tick_ns / substeps`.
    pub fn new(arms: &[Arm], tick_ns: u64, substeps: usize) -> Self {
        let tick_s = tick_ns as f64 * 1e-9;
        let mut world = PhysicsWorld {
            gravity: Vector::ZERO,
            ..PhysicsWorld::default()
        };
        world.integration_parameters.dt = tick_s;
        world.integration_parameters.num_solver_iterations = substeps.max(1);
        // Instruments are centimetres, not metres: the solver's slops scale with this.
        world.integration_parameters.length_unit = 0.1;
        world.integration_parameters.contact_recycling = false;
        // Nothing collides here: continuous collision detection has nothing to find.
        world.integration_parameters.max_ccd_substeps = 0;
        world
            .integration_parameters
            .num_internal_stabilization_iterations = 0;
        let arms = arms
            .iter()
            .map(|arm| ArmBody::insert(&mut world, arm))
            .collect();
        Self {
            world,
            arms,
            tick_s,
        }
    }

    /// Gives the servos their set-points and lets one tick pass.
    ///
    /// A servo pulls towards the set-point and towards the set-point's own speed, so that following a
    /// moving set-point costs no lag from its damping.
    pub fn step(&mut self, set_points: &[JointVector]) {
        let Self {
            world,
            arms,
            tick_s,
        } = self;
        for (arm, set_point) in arms.iter_mut().zip(set_points) {
            for (index, joint) in arm.joints.iter().enumerate() {
                let (target, before) = (set_point[index], arm.set_point[index]);
                let Some((multibody, link)) = world.multibody_joints.get_mut(joint.handle) else {
                    continue;
                };
                if let Some(link) = multibody.link_mut(link) {
                    link.joint.data.set_motor(
                        joint.axis,
                        target,
                        (target - before) / *tick_s,
                        joint.stiffness,
                        joint.damping,
                    );
                }
            }
            arm.set_point = *set_point;
        }
        world.step();
    }

    /// The measured joint values of an arm; a joint that Rapier lost reads as not a number.
    pub fn joints(&self, arm: usize) -> JointVector {
        let mut values = [0.0; MAX_JOINTS];
        for (value, joint) in values.iter_mut().zip(&self.arms[arm].joints) {
            *value =
                self.world
                    .multibody_joints
                    .get(joint.handle)
                    .map_or(f64::NAN, |(body, id)| {
                        body.link(id)
                            .map_or(f64::NAN, |link| link.joint.coords()[joint.axis as usize])
                    });
        }
        values
    }

    /// The frame of an arm's link in the table's frame: that of the joint's row, or of the jaw.
    pub fn link_pose(&self, arm: usize, joint: usize) -> Option<Pose> {
        let joint = self.arms.get(arm)?.joints.get(joint)?;
        let (multibody, id) = self.world.multibody_joints.get(joint.handle)?;
        let pose = multibody.link(id)?.local_to_world();
        let (t, r) = (pose.translation, pose.rotation);
        Some(Pose::from_parts(
            nalgebra::Translation3::new(t.x, t.y, t.z),
            UnitQuaternion::new_normalize(nalgebra::Quaternion::new(r.w, r.x, r.y, r.z)),
        ))
    }

    /// Bodies and colliders that Rapier switched off because their state became non-finite.
    pub fn quarantined(&self) -> usize {
        let quarantine = self.world.quarantine();
        quarantine.bodies().len() + quarantine.colliders().len()
    }

    /// Folds the whole mechanical state: coordinates and generalised velocities of every arm.
    pub fn digest(&self, sink: &mut dyn FnMut(&[u8])) {
        for arm in &self.arms {
            for joint in &arm.joints {
                if let Some((multibody, id)) = self.world.multibody_joints.get(joint.handle)
                    && let Some(link) = multibody.link(id)
                {
                    sink(
                        &link.joint.coords()[joint.axis as usize]
                            .to_bits()
                            .to_le_bytes(),
                    );
                    for velocity in multibody.joint_velocity(link).iter() {
                        sink(&velocity.to_bits().to_le_bytes());
                    }
                }
            }
            for value in &arm.set_point {
                sink(&value.to_bits().to_le_bytes());
            }
        }
    }
}

/// A copy continues bit for bit as the original would: Rapier's pipelines are workspaces, not state.
impl Clone for Plant {
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
            arms: self.arms.clone(),
            tick_s: self.tick_s,
        }
    }
}

impl ArmBody {
    fn insert(world: &mut PhysicsWorld, arm: &Arm) -> Self {
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
                    axis,
                    stiffness,
                    damping,
                });
            }
            parent = body;
        }
        let arm_body = Self {
            joints,
            set_point: arm.home,
        };
        arm_body.place(world, arm);
        arm_body
    }

    /// Removes Rapier's default damping, adds the rotors' inertia, and moves the arm home.
    fn place(&self, world: &mut PhysicsWorld, arm: &Arm) {
        let Some(first) = self.joints.first() else {
            return;
        };
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
