//! From a motion to its torques: the recursive Newton–Euler algorithm.

use super::ArmDynamics;
use super::chain::Chain;
use super::spatial::{Force, Motion};
use crate::{JointVector, MAX_JOINTS};

impl ArmDynamics {
    /// The torques of a motion: joint values, rates and accelerations (inverse dynamics).
    pub fn inverse(
        &self,
        joints: &JointVector,
        rates: &JointVector,
        accelerations: &JointVector,
    ) -> JointVector {
        let chain = Chain::at(self, joints);
        // A base that accelerates upwards is what gravity is to everything on it.
        let mut acceleration = Motion {
            linear: -self.gravity_m_s2,
            ..Motion::ZERO
        };
        let mut velocity = Motion::ZERO;
        let mut forces = [Force::ZERO; MAX_JOINTS];
        for (joint, force) in forces.iter_mut().enumerate().take(chain.count) {
            let (axis, body) = (&chain.axes[joint], &chain.bodies[joint]);
            velocity = velocity.plus(axis, rates[joint]);
            acceleration = acceleration
                .plus(axis, accelerations[joint])
                .plus(&velocity.cross(axis), rates[joint]);
            let momentum = body.times(&velocity);
            *force = body
                .times(&acceleration)
                .plus(&velocity.cross_force(&momentum));
        }
        let mut torques = [0.0; MAX_JOINTS];
        let mut beyond = Force::ZERO;
        for joint in (0..chain.count).rev() {
            beyond = beyond.plus(&forces[joint]);
            torques[joint] =
                chain.axes[joint].dot(&beyond) + self.armature[joint] * accelerations[joint];
        }
        torques
    }
}
