//! How an arm moves under torques, and what torques a motion takes.
//!
//! Three algorithms over the same chain (Featherstone, *Rigid Body Dynamics Algorithms*, 2008):
//! recursive Newton–Euler for torques, composite rigid bodies for the mass matrix, articulated bodies
//! for accelerations. Each costs time in proportion to the joints (the mass matrix to their square),
//! allocates nothing and cannot panic; a state that is not finite gives results that are not finite.
//!
//! The equation is `M(q)·q̈ + c(q, q̇) + g(q) = τ`, where M holds the rotors' inertia on its diagonal
//! and τ is what drives, friction and servo together put on the joints. Friction is a torque like any
//! other: [`ArmDynamics::friction`] gives it, nothing adds it unasked.
//!
//! All vectors are in the order of the joints, N·m or N for torques; entries past the arm's joints are
//! zero in every result and unread in every argument.

mod articulated;
mod chain;
mod composite;
mod newton_euler;
mod spatial;

use nalgebra::Vector3;

use crate::frame::JAW_ROW;
use crate::{Arm, DhRow, JointFriction, JointVector, MAX_JOINTS};

pub use articulated::Load;

/// Standard gravity, m/s² (3rd CGPM, 1901), along the table's −z: the default of description files.
pub const STANDARD_GRAVITY_M_S2: [f64; 3] = [0.0, 0.0, -9.806_65];

/// A force on a link and its moment about the remote centre, in the remote-centre frame.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Wrench {
    /// Moment about the remote centre, N·m.
    pub moment_nm: [f64; 3],
    /// Force, N.
    pub force_n: [f64; 3],
}

impl Wrench {
    /// A force that acts at `point_m` of the remote-centre frame.
    pub fn at_point(force_n: &Vector3<f64>, point_m: &Vector3<f64>) -> Self {
        Self {
            moment_nm: point_m.cross(force_n).into(),
            force_n: (*force_n).into(),
        }
    }
}

/// A symmetric matrix over the joints: `[row][column]`, kg·m², kg·m or kg by the two joints' kinds.
pub type JointMatrix = [[f64; MAX_JOINTS]; MAX_JOINTS];

/// What the dynamics of one arm need, in the arm's own frame.
#[derive(Clone, Copy, Debug)]
pub struct ArmDynamics {
    count: usize,
    links: [LinkConstants; MAX_JOINTS],
    armature: JointVector,
    friction: [JointFriction; MAX_JOINTS],
    /// Gravity in the remote-centre frame, m/s².
    gravity_m_s2: Vector3<f64>,
}

#[derive(Clone, Copy, Debug)]
struct LinkConstants {
    row: DhRow,
    mass_kg: f64,
    com_m: Vector3<f64>,
    inertia_kgm2: Vector3<f64>,
}

impl ArmDynamics {
    /// The dynamics of `arm` under `gravity_m_s2`, a vector in the frame of the operating table.
    pub fn new(arm: &Arm, gravity_m_s2: [f64; 3]) -> Self {
        let mut links = [LinkConstants::NONE; MAX_JOINTS];
        let mut armature = [0.0; MAX_JOINTS];
        let count = arm.joint_count.min(MAX_JOINTS);
        for (joint, link) in links.iter_mut().enumerate().take(count) {
            let body = &arm.links[joint];
            *link = LinkConstants {
                row: *arm.row(joint),
                mass_kg: body.mass_kg,
                com_m: Vector3::from(body.com_m),
                inertia_kgm2: Vector3::from(body.inertia_kgm2),
            };
            armature[joint] = arm.drives[joint].armature;
        }
        Self {
            count,
            links,
            armature,
            friction: [JointFriction::NONE; MAX_JOINTS],
            gravity_m_s2: arm
                .base
                .rotation
                .inverse_transform_vector(&Vector3::from(gravity_m_s2)),
        }
    }

    /// With friction in its joints, which [`ArmDynamics::friction`] then gives; without it there is none.
    #[must_use]
    pub fn with_friction(mut self, friction: [JointFriction; MAX_JOINTS]) -> Self {
        self.friction = friction;
        self
    }

    /// The torques that hold the arm at rest against gravity.
    pub fn gravity(&self, joints: &JointVector) -> JointVector {
        self.inverse(joints, &[0.0; MAX_JOINTS], &[0.0; MAX_JOINTS])
    }

    /// The torques of gravity and of the joints' rates together, at no acceleration.
    pub fn bias(&self, joints: &JointVector, rates: &JointVector) -> JointVector {
        self.inverse(joints, rates, &[0.0; MAX_JOINTS])
    }

    /// The energy of the moving links and rotors, J.
    pub fn kinetic_energy_j(&self, joints: &JointVector, rates: &JointVector) -> f64 {
        let chain = chain::Chain::at(self, joints);
        let mut velocity = spatial::Motion::ZERO;
        let mut twice_j = 0.0;
        for (joint, &rate) in rates.iter().enumerate().take(self.count) {
            velocity = velocity.plus(&chain.axes[joint], rate);
            twice_j += velocity.dot(&chain.bodies[joint].times(&velocity));
            twice_j += self.armature[joint] * rate * rate;
        }
        twice_j / 2.0
    }

    /// The links' energy in gravity, J; zero where every mass is at the remote centre.
    pub fn potential_energy_j(&self, joints: &JointVector) -> f64 {
        let chain = chain::Chain::at(self, joints);
        let bodies = chain.bodies.iter().take(self.count);
        -bodies
            .map(|body| body.first.dot(&self.gravity_m_s2))
            .sum::<f64>()
    }

    /// What friction puts on the joints at `rates`: against the motion, viscous and dry.
    ///
    /// Dry friction has no value at rest; here it rises in a straight line to its full amount at
    /// `full_speed` (rad/s or m/s, of every joint), so that an integrator meets no step.
    pub fn friction(&self, rates: &JointVector, full_speed: f64) -> JointVector {
        let mut torques = [0.0; MAX_JOINTS];
        let joints = rates.iter().zip(&self.friction).take(self.count);
        for (torque, (&rate, friction)) in torques.iter_mut().zip(joints) {
            let share = if full_speed > 0.0 {
                (rate / full_speed).clamp(-1.0, 1.0)
            } else {
                libm::copysign(f64::from(rate != 0.0), rate)
            };
            *torque = -(friction.viscous * rate + friction.coulomb * share);
        }
        torques
    }

    /// Joints in use.
    pub fn joint_count(&self) -> usize {
        self.count
    }

    /// Gravity in the arm's remote-centre frame, m/s².
    pub fn gravity_m_s2(&self) -> Vector3<f64> {
        self.gravity_m_s2
    }
}

impl LinkConstants {
    const NONE: Self = Self {
        row: JAW_ROW,
        mass_kg: 0.0,
        com_m: Vector3::new(0.0, 0.0, 0.0),
        inertia_kgm2: Vector3::new(0.0, 0.0, 0.0),
    };
}
