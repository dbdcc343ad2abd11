//! From torques to accelerations: the articulated-body algorithm.

use super::chain::Chain;
use super::spatial::{ArticulatedInertia, Force, Motion};
use super::{ArmDynamics, Wrench};
use crate::{JointVector, MAX_JOINTS};

/// What acts on an arm besides its torques.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Load {
    /// Forces on the links, for example of contacts.
    pub wrenches: [Wrench; MAX_JOINTS],
    /// Added to the mass matrix's diagonal. A servo of stiffness k and damping d, solved implicitly
    /// over a step h, adds `h·d + h²·k` here.
    pub diagonal: JointVector,
}

impl Load {
    /// Nothing.
    pub const NONE: Self = Self {
        wrenches: [Wrench {
            moment_nm: [0.0; 3],
            force_n: [0.0; 3],
        }; MAX_JOINTS],
        diagonal: [0.0; MAX_JOINTS],
    };
}

impl ArmDynamics {
    /// The joints' accelerations under `torques` (forward dynamics).
    pub fn forward(
        &self,
        joints: &JointVector,
        rates: &JointVector,
        torques: &JointVector,
    ) -> JointVector {
        self.accelerations(joints, rates, torques, None)
    }

    /// The joints' accelerations under `torques` and a load.
    pub fn forward_loaded(
        &self,
        joints: &JointVector,
        rates: &JointVector,
        torques: &JointVector,
        load: &Load,
    ) -> JointVector {
        self.accelerations(joints, rates, torques, Some(load))
    }

    #[inline]
    fn accelerations(
        &self,
        joints: &JointVector,
        rates: &JointVector,
        torques: &JointVector,
        load: Option<&Load>,
    ) -> JointVector {
        let chain = Chain::at(self, joints);
        let mut velocity = Motion::ZERO;
        let mut drift = [Motion::ZERO; MAX_JOINTS];
        let mut bias = [Force::ZERO; MAX_JOINTS];
        for joint in 0..chain.count {
            let axis = &chain.axes[joint];
            velocity = velocity.plus(axis, rates[joint]);
            drift[joint] = Motion::ZERO.plus(&velocity.cross(axis), rates[joint]);
            let momentum = chain.bodies[joint].times(&velocity);
            bias[joint] = velocity.cross_force(&momentum);
            if let Some(load) = load {
                let wrench = &load.wrenches[joint];
                bias[joint].moment -= nalgebra::Vector3::from(wrench.moment_nm);
                bias[joint].force -= nalgebra::Vector3::from(wrench.force_n);
            }
        }

        // From the tip inwards: what each joint feels of all that hangs on it.
        let mut inertia = ArticulatedInertia::ZERO;
        let mut beyond = Force::ZERO;
        let mut freed = [Freed::NONE; MAX_JOINTS];
        for joint in (0..chain.count).rev() {
            let axis = &chain.axes[joint];
            inertia = inertia.with(&chain.bodies[joint]);
            beyond = beyond.plus(&bias[joint]);
            let along = inertia.times(axis);
            let added = load.map_or(0.0, |load| load.diagonal[joint]);
            let inverse_divisor = 1.0 / (axis.dot(&along) + self.armature[joint] + added);
            let torque = torques[joint] - axis.dot(&beyond);
            inertia = inertia.freed(&along, inverse_divisor);
            let share = torque * inverse_divisor;
            let carried = inertia.times(&drift[joint]);
            beyond = Force {
                moment: beyond.moment + carried.moment + along.moment * share,
                force: beyond.force + carried.force + along.force * share,
            };
            freed[joint] = Freed {
                along,
                inverse_divisor,
                torque,
            };
        }

        // From the cart outwards.
        let mut acceleration = Motion {
            linear: -self.gravity_m_s2,
            ..Motion::ZERO
        };
        let mut accelerations = [0.0; MAX_JOINTS];
        for joint in 0..chain.count {
            acceleration = acceleration.plus(&drift[joint], 1.0);
            let Freed {
                along,
                inverse_divisor,
                torque,
            } = &freed[joint];
            accelerations[joint] = (torque - acceleration.dot(along)) * inverse_divisor;
            acceleration = acceleration.plus(&chain.axes[joint], accelerations[joint]);
        }
        accelerations
    }
}

/// What a joint's own freedom leaves of the inertia beyond it.
#[derive(Clone, Copy)]
struct Freed {
    along: Force,
    inverse_divisor: f64,
    torque: f64,
}

impl Freed {
    const NONE: Self = Self {
        along: Force::ZERO,
        inverse_divisor: 0.0,
        torque: 0.0,
    };
}
