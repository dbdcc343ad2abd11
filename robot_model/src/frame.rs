//! A frame along an arm, as axes and origin.

use core::f64::consts::FRAC_PI_2;

use nalgebra::{Matrix3, Rotation3, Translation3, UnitQuaternion, Vector3};

use crate::{Arm, DhRow, JointKind, JointVector, MAX_JOINTS, Pose};

/// A frame as axes and origin: two multiplications a component for a row, and no half angles.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame {
    /// The x axis, a unit vector.
    pub x: Vector3<f64>,
    /// The y axis, a unit vector.
    pub y: Vector3<f64>,
    /// The z axis, a unit vector: the axis of the joint that moves the frame.
    pub z: Vector3<f64>,
    /// Where the frame is, m.
    pub origin_m: Vector3<f64>,
}

/// What the jaw turns in: the frame of the wrist yaw, about the same axis.
pub(crate) const JAW_ROW: DhRow = DhRow {
    kind: JointKind::Revolute,
    alpha_rad: 0.0,
    a_m: 0.0,
    d_m: 0.0,
    offset: 0.0,
};

impl Frame {
    /// The frame in which an arm's kinematics are written.
    pub const REMOTE_CENTRE: Self = Self {
        x: Vector3::new(1.0, 0.0, 0.0),
        y: Vector3::new(0.0, 1.0, 0.0),
        z: Vector3::new(0.0, 0.0, 1.0),
        origin_m: Vector3::new(0.0, 0.0, 0.0),
    };

    /// The next frame along the arm: `RotX(alpha) · TransX(a) · RotZ(theta) · TransZ(d)`.
    pub(crate) fn beyond(self, row: &DhRow, joint: f64) -> Self {
        let ((sin_theta, cos_theta), slide_m) = match row.kind {
            JointKind::Revolute => (libm::sincos(joint + row.offset), row.d_m),
            JointKind::Prismatic => ((0.0, 1.0), joint + row.offset + row.d_m),
        };
        let (sin_alpha, cos_alpha) = sincos_of_twist(row.alpha_rad);
        let y = self.y * cos_alpha + self.z * sin_alpha;
        let z = self.z * cos_alpha - self.y * sin_alpha;
        Self {
            x: self.x * cos_theta + y * sin_theta,
            y: y * cos_theta - self.x * sin_theta,
            z,
            origin_m: self.origin_m + self.x * row.a_m + z * slide_m,
        }
    }

    /// The rotation matrix whose columns are the axes.
    pub fn rotation(&self) -> Matrix3<f64> {
        Matrix3::from_columns(&[self.x, self.y, self.z])
    }

    /// A point of this frame, m, where the frame itself is written.
    pub fn point(&self, local_m: &Vector3<f64>) -> Vector3<f64> {
        self.origin_m + self.x * local_m.x + self.y * local_m.y + self.z * local_m.z
    }

    /// The same placement with a quaternion.
    pub fn pose(&self) -> Pose {
        let rotation = Rotation3::from_matrix_unchecked(self.rotation());
        Pose::from_parts(
            Translation3::from(self.origin_m),
            UnitQuaternion::from_rotation_matrix(&rotation),
        )
    }
}

impl Arm {
    /// The frame of every link in the remote-centre frame: the row's, and the jaw's; entries past the
    /// arm's joints repeat the last one.
    pub fn link_frames(&self, joints: &JointVector) -> [Frame; MAX_JOINTS] {
        let mut frame = Frame::REMOTE_CENTRE;
        let mut frames = [frame; MAX_JOINTS];
        for (index, link) in frames.iter_mut().enumerate() {
            if index < self.joint_count {
                frame = frame.beyond(self.row(index), joints[index]);
            }
            *link = frame;
        }
        frames
    }

    /// The row that a joint moves in; the jaw, which has none in the table, turns with the last one.
    pub fn row(&self, joint: usize) -> &DhRow {
        match self.rows.get(joint) {
            Some(row) if joint < self.row_count => row,
            _ => &JAW_ROW,
        }
    }
}

/// Quarter turns are exact, as in the dVRK's own kinematics (and cheap).
pub(crate) fn sincos_of_twist(alpha_rad: f64) -> (f64, f64) {
    if alpha_rad == 0.0 {
        (0.0, 1.0)
    } else if alpha_rad == FRAC_PI_2 {
        (1.0, 0.0)
    } else if alpha_rad == -FRAC_PI_2 {
        (-1.0, 0.0)
    } else {
        libm::sincos(alpha_rad)
    }
}
