//! How the tip moves with each joint.

use nalgebra::Vector3;

use crate::{Arm, Frame, JointKind, JointVector, MAX_JOINTS};

/// The geometric Jacobian of the tip, in the remote-centre frame: one column a joint.
///
/// The jaw's column is zero (the tip is the wrist's, on the axis about which the jaw turns), as are
/// those past the arm's joints.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Jacobian {
    /// The tip's velocity a unit of joint rate, m/rad or m/m.
    pub linear_m: [Vector3<f64>; MAX_JOINTS],
    /// The tip's angular velocity a unit of joint rate, rad/rad or rad/m.
    pub angular: [Vector3<f64>; MAX_JOINTS],
}

impl Arm {
    /// The geometric Jacobian of the tip at `joints`, exact (no differences).
    pub fn jacobian(&self, joints: &JointVector) -> Jacobian {
        let mut frames = [Frame::REMOTE_CENTRE; MAX_JOINTS];
        let mut frame = Frame::REMOTE_CENTRE;
        let rows = self.rows.iter().zip(joints).take(self.row_count);
        for (link, (row, &joint)) in frames.iter_mut().zip(rows) {
            frame = frame.beyond(row, joint);
            *link = frame;
        }
        let tip_m = frame.origin_m;
        let mut jacobian = Jacobian {
            linear_m: [Vector3::zeros(); MAX_JOINTS],
            angular: [Vector3::zeros(); MAX_JOINTS],
        };
        for (joint, (row, frame)) in self
            .rows
            .iter()
            .zip(&frames)
            .enumerate()
            .take(self.row_count)
        {
            match row.kind {
                JointKind::Revolute => {
                    jacobian.linear_m[joint] = frame.z.cross(&(tip_m - frame.origin_m));
                    jacobian.angular[joint] = frame.z;
                }
                JointKind::Prismatic => jacobian.linear_m[joint] = frame.z,
            }
        }
        jacobian
    }
}

impl Jacobian {
    /// The tip's velocity, m/s, and angular velocity, rad/s, at joint rates.
    pub fn tip_velocity(&self, rates: &JointVector) -> (Vector3<f64>, Vector3<f64>) {
        let sum = |columns: &[Vector3<f64>; MAX_JOINTS]| {
            columns
                .iter()
                .zip(rates)
                .fold(Vector3::zeros(), |sum, (column, &rate)| sum + column * rate)
        };
        (sum(&self.linear_m), sum(&self.angular))
    }

    /// The joint torques that hold a force, N, and a moment about the tip, N·m, that the tip exerts.
    pub fn torques(&self, force_n: &Vector3<f64>, moment_nm: &Vector3<f64>) -> JointVector {
        core::array::from_fn(|joint| {
            self.linear_m[joint].dot(force_n) + self.angular[joint].dot(moment_nm)
        })
    }
}
