//! The engine of our own articulated bodies: one arm a chain, servos solved implicitly.
//!
//! Over a step h the servo's torque is that at the end of the step,
//! `k·(r − q⁺) + d·(ṙ − v⁺) + feed-forward`, with `v⁺ = v + h·a` and `q⁺ = q + h·v⁺`: what depends on the
//! unknown acceleration is `(h·d + h²·k)·a` and joins the mass matrix's diagonal. Friction is a damping
//! and joins it too. A servo that would need more than its effort gives exactly its effort, and the
//! step is solved again without its diagonal. First order, stable at any stiffness.

use robot_model::dynamics::{ArmDynamics, Load};
use robot_model::{Arm, JointDrive, JointVector, MAX_JOINTS};

use super::ServoOrder;

/// A servo that saturates changes the torques of the others: after as many rounds as there are joints
/// nothing can change any more.
const SATURATION_ROUNDS: usize = MAX_JOINTS;

/// All arms, each on its own.
#[derive(Clone)]
pub(super) struct ArticulatedArms {
    arms: Vec<Articulated>,
    substeps: usize,
    substep_s: f64,
}

#[derive(Clone)]
struct Articulated {
    dynamics: ArmDynamics,
    drives: [JointDrive; MAX_JOINTS],
    joints: JointVector,
    rates: JointVector,
}

impl ArticulatedArms {
    /// Builds the arms at their home positions, at rest.
    pub fn new(arms: &[Arm], gravity_m_s2: [f64; 3], tick_s: f64, substeps: usize) -> Self {
        let substeps = substeps.max(1);
        let arms = arms
            .iter()
            .map(|arm| Articulated {
                dynamics: ArmDynamics::new(arm, gravity_m_s2),
                drives: arm.drives,
                joints: arm.home,
                rates: [0.0; MAX_JOINTS],
            })
            .collect();
        Self {
            arms,
            substeps,
            substep_s: tick_s / substeps as f64,
        }
    }

    /// Gives every arm its order and lets one tick pass.
    pub fn step(&mut self, orders: &[ServoOrder]) {
        for (arm, order) in self.arms.iter_mut().zip(orders) {
            for _ in 0..self.substeps {
                arm.step(order, self.substep_s);
            }
        }
    }

    /// An arm's joint values and rates.
    pub fn motion(&self, arm: usize) -> (JointVector, JointVector) {
        let nowhere = [f64::NAN; MAX_JOINTS];
        self.arms
            .get(arm)
            .map_or((nowhere, nowhere), |arm| (arm.joints, arm.rates))
    }
}

impl Articulated {
    fn step(&mut self, order: &ServoOrder, h: f64) {
        let count = self.dynamics.joint_count();
        let mut load = Load {
            wrenches: order.wrenches,
            diagonal: [0.0; MAX_JOINTS],
        };
        let mut torques = [0.0; MAX_JOINTS];
        // What the servo would give if the joint did not accelerate, and how that falls with acceleration.
        let mut servo = [0.0; MAX_JOINTS];
        let mut slope = [0.0; MAX_JOINTS];
        for joint in 0..count {
            let drive = &self.drives[joint];
            let (value, rate) = (self.joints[joint], self.rates[joint]);
            servo[joint] = drive.stiffness * (order.target[joint] - value - h * rate)
                + drive.damping * (order.target_rate[joint] - rate)
                + order.feed_forward[joint];
            slope[joint] = h * (drive.damping + h * drive.stiffness);
            let damping = order.damping[joint];
            torques[joint] = servo[joint] - damping * rate;
            load.diagonal[joint] = slope[joint] + h * damping;
        }
        let mut accelerations =
            self.dynamics
                .forward_loaded(&self.joints, &self.rates, &torques, &load);
        let mut is_saturated = [false; MAX_JOINTS];
        for _ in 0..SATURATION_ROUNDS {
            let mut changed = false;
            for joint in 0..count {
                let given = servo[joint] - slope[joint] * accelerations[joint];
                let effort = order.effort[joint];
                if !is_saturated[joint] && given.abs() > effort {
                    let damping = order.damping[joint];
                    torques[joint] = libm::copysign(effort, given) - damping * self.rates[joint];
                    load.diagonal[joint] = h * damping;
                    is_saturated[joint] = true;
                    changed = true;
                }
            }
            if !changed {
                break;
            }
            accelerations =
                self.dynamics
                    .forward_loaded(&self.joints, &self.rates, &torques, &load);
        }
        let motion = self.joints.iter_mut().zip(&mut self.rates);
        for ((value, rate), acceleration) in motion.zip(&accelerations).take(count) {
            *rate += h * acceleration;
            *value += h * *rate;
        }
    }
}
