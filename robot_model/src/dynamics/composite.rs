//! The mass matrix: the composite-rigid-body algorithm.

use super::chain::Chain;
use super::spatial::RigidInertia;
use super::{ArmDynamics, JointMatrix};
use crate::{JointVector, MAX_JOINTS};

impl ArmDynamics {
    /// The mass matrix at `joints`, the rotors' inertia on its diagonal.
    pub fn mass_matrix(&self, joints: &JointVector) -> JointMatrix {
        let chain = Chain::at(self, joints);
        let mut matrix = [[0.0; MAX_JOINTS]; MAX_JOINTS];
        let mut beyond = RigidInertia::ZERO;
        for row in (0..chain.count).rev() {
            beyond = beyond.plus(&chain.bodies[row]);
            let force = beyond.times(&chain.axes[row]);
            for (column, axis) in chain.axes.iter().enumerate().take(row + 1) {
                let entry = axis.dot(&force);
                matrix[row][column] = entry;
                matrix[column][row] = entry;
            }
            matrix[row][row] += self.armature[row];
        }
        matrix
    }
}
