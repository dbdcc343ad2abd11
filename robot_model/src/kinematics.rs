//! The kinematics between joints and tip: forward from any table, inverse in closed form.
//!
//! The inverse rests on two facts of the geometry ([`crate::StructureFault`] guards them):
//!
//! - Yaw, pitch, insertion and roll axes meet in the remote centre, so the *wrist point* (where the
//!   wrist pitch axis crosses the shaft) lies on the shaft through the remote centre, and its
//!   distance from there, the *depth*, is the insertion up to a constant.
//! - An instrument's tip P (on the wrist yaw axis) is the wrist offset `a` along x5 from the wrist
//!   point, and the shaft is perpendicular to z5, so P lies in the plane of x5 and z6. z6 is known
//!   from the target's rotation; what is left of P across z6 is therefore along ±x5.

use core::f64::consts::{PI, TAU};

use nalgebra::Vector3;

use crate::{Arm, ArmKind, Frame, JointVector, Pose, Unreachable};

/// Nearer to the remote centre than this, directions are undefined; the dVRK's own inverse refuses
/// the same millimetre (mtsIntuitiveResearchKitPSM.cpp).
pub(crate) const LEAST_DISTANCE_M: f64 = 1e-3;

/// Below this, what is left across an axis no longer has a direction to 1e-9 rad. Metres for the tip
/// across the wrist yaw axis; a pure number for the shaft across the yaw axis.
pub(crate) const LEAST_ACROSS: f64 = 1e-6;

// The order of an instrument's joints; an endoscope has the first four.
pub(crate) const YAW: usize = 0;
pub(crate) const PITCH: usize = 1;
pub(crate) const INSERTION: usize = 2;
pub(crate) const ROLL: usize = 3;
pub(crate) const WRIST_PITCH: usize = 4;
pub(crate) const WRIST_YAW: usize = 5;

impl Arm {
    /// The tip in the remote-centre frame.
    pub fn tip_pose(&self, joints: &JointVector) -> Pose {
        let rows = self.rows.iter().zip(joints).take(self.row_count);
        let last = rows.fold(Frame::REMOTE_CENTRE, |frame, (row, &joint)| {
            frame.beyond(row, joint)
        });
        let mut pose = last.pose();
        pose.rotation *= self.tool_tip;
        pose
    }

    /// The joint values whose tip is `target` (in the remote-centre frame), on the branch nearest to
    /// `near`; the jaw is copied from `near`. Limits are not applied: the caller clamps, and the
    /// result may lie outside them.
    ///
    /// The branch: pitch within ±90°; the wrist inserted past the remote centre, unless it is not in
    /// `near`; wrist pitch within ±90° where such a solution exists; roll on the turn nearest to
    /// `near`, all other angles within ±180°.
    ///
    /// An instrument on other arcs than quarter turns takes the nearest of all branches instead
    /// ([`Arm::nearest_inverse`]).
    ///
    /// An endoscope has four joints: its position and its roll are met, the rest of the rotation is
    /// given by the remote centre.
    ///
    /// # Errors
    /// [`Unreachable`] when the pose has no defined joint values.
    pub fn inverse(&self, target: &Pose, near: &JointVector) -> Result<JointVector, Unreachable> {
        if !is_finite(target) || !near.iter().all(|value| value.is_finite()) {
            return Err(Unreachable::NotFinite);
        }
        let joints = match self.kind {
            ArmKind::Instrument => self.instrument_inverse(target, near)?,
            ArmKind::SphericalInstrument => self.nearest_inverse(target, near)?,
            ArmKind::Endoscope => self.endoscope_inverse(target, near)?,
        };
        // A rotation built unchecked may be finite and yet overflow on the way.
        if joints.iter().all(|value| value.is_finite()) {
            Ok(joints)
        } else {
            Err(Unreachable::NotFinite)
        }
    }

    /// An upper bound of the tip's speed, m/s, for joint rates of at most `rates` in magnitude, at
    /// `joints`.
    ///
    /// Yaw and pitch axes are perpendicular (of other arcs the rates are added) and turn the tip about the remote centre; roll and wrist
    /// pitch turn it at most the wrist offset away from their axes; the wrist yaw axis passes through
    /// it; the jaw does not move it.
    pub fn tip_speed_bound(&self, joints: &JointVector, rates: &JointVector) -> f64 {
        let offset_m = self.wrist_offset_m();
        let radius_m = self.depth_m(joints).abs() + offset_m;
        let swing = match self.kind {
            ArmKind::SphericalInstrument => rates[YAW].abs() + rates[PITCH].abs(),
            ArmKind::Instrument | ArmKind::Endoscope => {
                libm::sqrt(rates[YAW] * rates[YAW] + rates[PITCH] * rates[PITCH])
            }
        };
        let twist = rates[ROLL].abs() + rates[WRIST_PITCH].abs();
        radius_m * swing + rates[INSERTION].abs() + offset_m * twist
    }

    fn instrument_inverse(
        &self,
        target: &Pose,
        near: &JointVector,
    ) -> Result<JointVector, Unreachable> {
        let tip = target.translation.vector;
        let [x6, _, z6] = self.last_row_axes(target);
        let wrist = self.wrist(&tip, &z6, near)?;
        let shaft = Shaft::through(&wrist.shaft)?;

        let z5 = wrist.x5.cross(&z6);
        let roll = libm::atan2(-z5.dot(&shaft.x3), z5.dot(&shaft.y3));
        let yaw = libm::atan2(-x6.dot(&z5), x6.dot(&wrist.x5));

        let mut joints = *near;
        self.set_shaft_joints(&mut joints, &shaft, wrist.depth_m, roll);
        joints[WRIST_PITCH] = self.joint_angle(WRIST_PITCH, wrist.pitch_theta);
        joints[WRIST_YAW] = self.joint_angle(WRIST_YAW, yaw);
        Ok(joints)
    }

    fn endoscope_inverse(
        &self,
        target: &Pose,
        near: &JointVector,
    ) -> Result<JointVector, Unreachable> {
        let tip = target.translation.vector;
        let distance_m = far_enough(tip.norm())?;
        let side = if self.depth_m(near) >= 0.0 {
            1.0
        } else {
            self.side_nearest(&tip, near)
        };
        let shaft = Shaft::through(&(tip * (side / distance_m)))?;

        // The roll whose rotation has the greatest trace with the target's, the shaft being given.
        let [x4, y4, _] = self.last_row_axes(target);
        let sine = x4.dot(&shaft.y3) - y4.dot(&shaft.x3);
        let cosine = x4.dot(&shaft.x3) + y4.dot(&shaft.y3);
        if sine.abs() + cosine.abs() < LEAST_ACROSS {
            return Err(Unreachable::Singular);
        }

        let mut joints = *near;
        let roll = libm::atan2(sine, cosine);
        self.set_shaft_joints(&mut joints, &shaft, side * distance_m, roll);
        Ok(joints)
    }

    /// The branch of the wrist that the inverse takes.
    fn wrist(
        &self,
        tip: &Vector3<f64>,
        z6: &Vector3<f64>,
        near: &JointVector,
    ) -> Result<Wrist, Unreachable> {
        far_enough(tip.norm())?;
        let along_m = tip.dot(z6);
        let across = tip - z6 * along_m;
        let across_m = across.norm();
        if across_m < LEAST_ACROSS {
            return Err(Unreachable::Singular);
        }
        let x5 = across / across_m;
        let branch = |x5_sign: f64, depth_sign: &dyn Fn(&Vector3<f64>) -> f64| {
            let offset_m = self.wrist_offset_m();
            let x5 = x5 * x5_sign;
            let wrist_point = tip - x5 * offset_m;
            let distance_m = far_enough(wrist_point.norm())?;
            let side = depth_sign(&wrist_point);
            // From P = depth·z4 + a·x5 and z4 = −sin θ5·x5 − cos θ5·z6.
            let sine = side * (offset_m - across_m * x5_sign);
            let cosine = side * -along_m;
            Ok(Wrist {
                x5,
                shaft: wrist_point * (side / distance_m),
                depth_m: side * distance_m,
                pitch_theta: libm::atan2(sine, cosine),
            })
        };

        // Inserted past the remote centre, x5 along +across is always the smaller wrist pitch.
        if self.depth_m(near) >= 0.0 {
            return branch(1.0, &|_| 1.0);
        }
        // Drawn back behind it, either may be: the side whose shaft points as in `near`, then the
        // nearer wrist pitch.
        let side = |wrist_point: &Vector3<f64>| self.side_nearest(wrist_point, near);
        let distance = |wrist: &Wrist| {
            principal(wrist.pitch_theta - self.rows[WRIST_PITCH].offset - near[WRIST_PITCH]).abs()
        };
        let (plus, minus) = (branch(1.0, &side)?, branch(-1.0, &side)?);
        Ok(if distance(&minus) < distance(&plus) {
            minus
        } else {
            plus
        })
    }

    /// +1 where `point` lies on the shaft ahead of the remote centre as the shaft points in `near`,
    /// −1 where it lies behind.
    fn side_nearest(&self, point: &Vector3<f64>, near: &JointVector) -> f64 {
        let (s1, c1) = libm::sincos(near[YAW] + self.rows[YAW].offset);
        let (s2, c2) = libm::sincos(near[PITCH] + self.rows[PITCH].offset);
        if point.dot(&Vector3::new(s2 * c1, -c2, s2 * s1)) < 0.0 {
            -1.0
        } else {
            1.0
        }
    }

    fn set_shaft_joints(
        &self,
        joints: &mut JointVector,
        shaft: &Shaft,
        depth_m: f64,
        roll_theta: f64,
    ) {
        let roll = self.joint_angle(ROLL, roll_theta);
        joints[YAW] = self.joint_angle(YAW, shaft.yaw_theta);
        joints[PITCH] = self.joint_angle(PITCH, shaft.pitch_theta);
        joints[INSERTION] = depth_m - self.depth_at_zero_m();
        joints[ROLL] = roll + TAU * libm::rint((joints[ROLL] - roll) / TAU);
    }

    /// The axes of the last row's frame, where `target` is the tip's.
    pub(crate) fn last_row_axes(&self, target: &Pose) -> [Vector3<f64>; 3] {
        let rotation = (target.rotation * self.tool_tip.inverse()).to_rotation_matrix();
        let matrix = rotation.matrix();
        [0, 1, 2].map(|column| matrix.column(column).into_owned())
    }

    /// A row's total angle as the joint's value, within ±180°.
    pub(crate) fn joint_angle(&self, row: usize, theta: f64) -> f64 {
        principal(theta - self.rows[row].offset)
    }

    /// How far the wrist point (an endoscope's tip) lies beyond the remote centre, m.
    pub(crate) fn depth_m(&self, joints: &JointVector) -> f64 {
        joints[INSERTION] + self.depth_at_zero_m()
    }

    pub(crate) fn depth_at_zero_m(&self) -> f64 {
        self.rows[INSERTION].offset + self.rows[INSERTION].d_m + self.rows[ROLL].d_m
    }

    /// From the wrist pitch axis to the wrist yaw axis, on which the tip lies, m.
    pub(crate) fn wrist_offset_m(&self) -> f64 {
        match self.kind {
            ArmKind::Instrument | ArmKind::SphericalInstrument => self.rows[WRIST_YAW].a_m.abs(),
            ArmKind::Endoscope => 0.0,
        }
    }
}

/// One solution for an instrument's wrist.
struct Wrist {
    /// From the wrist point to the tip, a unit vector.
    x5: Vector3<f64>,
    /// The shaft's direction (z3 and z4), a unit vector.
    shaft: Vector3<f64>,
    /// From the remote centre to the wrist point along the shaft, m.
    depth_m: f64,
    /// The wrist pitch row's total angle, rad.
    pitch_theta: f64,
}

/// Yaw and pitch that point the shaft, and the frame they leave to the roll.
struct Shaft {
    yaw_theta: f64,
    pitch_theta: f64,
    x3: Vector3<f64>,
    y3: Vector3<f64>,
}

impl Shaft {
    /// With θ1, θ2 the rows' total angles: z3 = (s2·c1, −c2, s2·s1), x3 = (c2·c1, s2, c2·s1),
    /// y3 = (−s1, 0, c1); a pitch within ±90° has s2 < 0.
    fn through(z3: &Vector3<f64>) -> Result<Self, Unreachable> {
        let across = libm::sqrt(z3.x * z3.x + z3.z * z3.z);
        if across < LEAST_ACROSS {
            return Err(Unreachable::Singular);
        }
        let (s1, c1) = (-z3.z / across, -z3.x / across);
        let (s2, c2) = (-across, -z3.y);
        Ok(Self {
            yaw_theta: libm::atan2(s1, c1),
            pitch_theta: libm::atan2(s2, c2),
            x3: Vector3::new(c2 * c1, s2, c2 * s1),
            y3: Vector3::new(-s1, 0.0, c1),
        })
    }
}

/// An angle within ±180°.
pub(crate) fn principal(angle_rad: f64) -> f64 {
    if angle_rad.abs() <= PI {
        angle_rad
    } else {
        angle_rad - TAU * libm::rint(angle_rad / TAU)
    }
}

/// The distance from the remote centre, where it is one that has a direction.
pub(crate) fn far_enough(distance_m: f64) -> Result<f64, Unreachable> {
    if !distance_m.is_finite() {
        Err(Unreachable::NotFinite)
    } else if distance_m < LEAST_DISTANCE_M {
        Err(Unreachable::Singular)
    } else {
        Ok(distance_m)
    }
}

pub(crate) fn is_finite(pose: &Pose) -> bool {
    let translation = pose
        .translation
        .vector
        .iter()
        .all(|value| value.is_finite());
    translation && pose.rotation.coords.iter().all(|value| value.is_finite())
}
