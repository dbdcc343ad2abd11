//! The closed-form inverse with all its branches, for any two arcs that carry the shaft.
//!
//! The two arcs (yaw and pitch, shoulder and elbow) may make any angles: the dVRK's are quarter turns,
//! Raven II's 75° and 52°. Three choices of two give eight branches of an instrument. An endoscope has no
//! wrist, hence four, of which two look backwards where its rotation can be met at all:
//!
//! - the wrist's side: the tip is the wrist offset along +x5 or −x5 from the wrist point;
//! - the shaft's side: the wrist point lies ahead of the remote centre or behind it;
//! - the arcs' side: the second joint turns one way or the other.

use core::f64::consts::TAU;

use nalgebra::Vector3;

use crate::frame::sincos_of_twist;
use crate::kinematics::{
    INSERTION, LEAST_ACROSS, LEAST_DISTANCE_M, PITCH, ROLL, WRIST_PITCH, WRIST_YAW, YAW,
    far_enough, is_finite, principal,
};
use crate::{Arm, ArmKind, JointVector, MAX_JOINTS, Pose, Unreachable};

/// The most branches that a pose may have.
pub const MAX_BRANCHES: usize = 8;

/// The length that weighs like one radian when branches are compared. Assumed: at this depth a turn
/// moves the tip as far as a slide of the same number.
const METRES_A_RADIAN: f64 = 0.1;

/// A cosine may exceed one by the rounding of its terms.
const COSINE_ROUNDING: f64 = 1e-12;

/// The joint values that put the tip at a pose.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Branches {
    joints: [JointVector; MAX_BRANCHES],
    count: usize,
}

impl Branches {
    /// Every branch, from one to [`MAX_BRANCHES`]; limits are not applied.
    pub fn as_slice(&self) -> &[JointVector] {
        self.joints.get(..self.count).unwrap_or(&self.joints)
    }

    fn push(&mut self, joints: JointVector) {
        if let Some(place) = self.joints.get_mut(self.count) {
            *place = joints;
            self.count += 1;
        }
    }
}

impl Arm {
    /// Every branch of joint values whose tip is `target` (in the remote-centre frame).
    ///
    /// The jaw is copied from `near`, roll is on the turn nearest to it, all other angles are within
    /// ±180°. Of an endoscope, position and roll are met, as by [`Arm::inverse`].
    ///
    /// # Errors
    /// [`Unreachable`] when the pose has no joint values or no defined ones.
    pub fn inverse_branches(
        &self,
        target: &Pose,
        near: &JointVector,
    ) -> Result<Branches, Unreachable> {
        let mut branches = Branches {
            joints: [[0.0; MAX_JOINTS]; MAX_BRANCHES],
            count: 0,
        };
        let mut refusal = Unreachable::OutOfReach;
        self.visit_branches(target, near, |candidate| match candidate.joints() {
            Ok(joints) => branches.push(joints),
            Err(why) => refusal = why,
        })?;
        if branches.count == 0 {
            Err(refusal)
        } else {
            Ok(branches)
        }
    }

    /// The branch nearest to `near`: by the sum of squares of all joints' differences, a decimetre of
    /// insertion weighing as much as a radian.
    ///
    /// # Errors
    /// As [`Arm::inverse_branches`].
    pub fn nearest_inverse(
        &self,
        target: &Pose,
        near: &JointVector,
    ) -> Result<JointVector, Unreachable> {
        let mut best: Option<(f64, JointVector)> = None;
        let mut refusal = Unreachable::OutOfReach;
        self.visit_branches(target, near, |candidate| {
            let bound = best.map_or(f64::INFINITY, |(distance, _)| distance);
            // The insertion alone is often too far already: the angles are then not computed.
            if candidate.insertion_distance() >= bound {
                return;
            }
            match candidate.joints() {
                Ok(joints) => {
                    let distance = branch_distance(&joints, near);
                    if distance < bound {
                        best = Some((distance, joints));
                    }
                }
                Err(why) => refusal = why,
            }
        })?;
        best.map(|(_, joints)| joints).ok_or(refusal)
    }

    fn visit_branches(
        &self,
        target: &Pose,
        near: &JointVector,
        mut visit: impl FnMut(&Candidate<'_>),
    ) -> Result<(), Unreachable> {
        if !is_finite(target) || !near.iter().all(|value| value.is_finite()) {
            return Err(Unreachable::NotFinite);
        }
        let arcs = Arcs::of(self);
        let axes = self.last_row_axes(target);
        let tip = target.translation.vector;
        far_enough(tip.norm())?;
        // The branch that an arm is on comes first: it is nearly always the nearest.
        let near_side = if self.depth_m(near) < 0.0 { -1.0 } else { 1.0 };
        let near_turn = if principal(near[PITCH] + self.rows[PITCH].offset) < 0.0 {
            -1.0
        } else {
            1.0
        };
        let mut along_yaw_axis = true;
        let wrists = Wrists::of(self, &tip, &axes[2])?;
        for wrist in wrists.as_slice() {
            let distance_m = wrist.point.norm();
            if distance_m <= self.least_wrist_distance_m() {
                return Err(Unreachable::Singular);
            }
            for side in [near_side, -near_side] {
                let depth_m = side * distance_m;
                let Some(direction) = arcs.towards(&(wrist.point / depth_m)) else {
                    continue;
                };
                along_yaw_axis = false;
                for turn in [near_turn, -near_turn] {
                    visit(&Candidate {
                        arm: self,
                        arcs: &arcs,
                        axes: &axes,
                        near,
                        x5: &wrist.x5,
                        depth_m,
                        direction: &direction,
                        turn,
                    });
                }
            }
        }
        if along_yaw_axis {
            Err(Unreachable::Singular)
        } else {
            Ok(())
        }
    }

    /// At this distance of the wrist from the remote centre or nearer there is no answer: Raven II's
    /// own inverse refuses its wrist offset, the dVRK's a millimetre.
    fn least_wrist_distance_m(&self) -> f64 {
        match self.kind {
            ArmKind::SphericalInstrument => self.wrist_offset_m().max(LEAST_DISTANCE_M),
            ArmKind::Instrument | ArmKind::Endoscope => LEAST_DISTANCE_M,
        }
    }
}

/// Where the wrist point may be: two places of an instrument, one (the tip) of an endoscope.
struct Wrists {
    places: [WristPlace; 2],
    count: usize,
}

#[derive(Clone, Copy)]
struct WristPlace {
    point: Vector3<f64>,
    x5: Vector3<f64>,
}

impl Wrists {
    fn of(arm: &Arm, tip: &Vector3<f64>, z6: &Vector3<f64>) -> Result<Self, Unreachable> {
        if arm.kind == ArmKind::Endoscope {
            let place = WristPlace {
                point: *tip,
                x5: Vector3::zeros(),
            };
            return Ok(Self {
                places: [place; 2],
                count: 1,
            });
        }
        let across = tip - z6 * tip.dot(z6);
        let across_m = across.norm();
        if across_m < LEAST_ACROSS {
            return Err(Unreachable::Singular);
        }
        let place = |sign: f64| {
            let x5 = across * (sign / across_m);
            WristPlace {
                point: tip - x5 * arm.rows[WRIST_YAW].a_m,
                x5,
            }
        };
        Ok(Self {
            places: [place(1.0), place(-1.0)],
            count: 2,
        })
    }

    fn as_slice(&self) -> &[WristPlace] {
        self.places.get(..self.count).unwrap_or(&self.places)
    }
}

/// Sines and cosines of the three twists that make the two arcs.
struct Arcs {
    first: (f64, f64),
    second: (f64, f64),
    third: (f64, f64),
}

/// A direction of the shaft as the arcs see it.
struct Direction {
    /// The cosine of the second joint's total angle.
    cosine: f64,
    /// Its sine's magnitude; NaN where the arcs do not reach.
    sine: f64,
    /// The direction across the first joint's axis: its angle about that axis.
    x: f64,
    y: f64,
}

impl Arcs {
    fn of(arm: &Arm) -> Self {
        Self {
            first: sincos_of_twist(arm.rows[YAW].alpha_rad),
            second: sincos_of_twist(arm.rows[PITCH].alpha_rad),
            third: sincos_of_twist(arm.rows[INSERTION].alpha_rad),
        }
    }

    /// What the direction `shaft` asks of the two joints; none along the first joint's axis.
    ///
    /// With Rz(θ1)·Rx(α2)·Rz(θ2) applied to the insertion axis k = (0, −sin α3, cos α3), the component
    /// along z1 is cos α2·cos α3 − sin α2·sin α3·cos θ2, and θ1 turns the rest.
    fn towards(&self, shaft: &Vector3<f64>) -> Option<Direction> {
        let ((s1, c1), (s2, c2), (s3, c3)) = (self.first, self.second, self.third);
        let (x, y) = (shaft.x, c1 * shaft.y + s1 * shaft.z);
        let along = c1 * shaft.z - s1 * shaft.y;
        if x * x + y * y < LEAST_ACROSS * LEAST_ACROSS {
            return None;
        }
        let cosine = (c2 * c3 - along) / (s2 * s3);
        let sine = if cosine.abs() <= 1.0 {
            libm::sqrt((1.0 - cosine) * (1.0 + cosine))
        } else if cosine.abs() <= 1.0 + COSINE_ROUNDING {
            0.0
        } else {
            f64::NAN
        };
        Some(Direction { cosine, sine, x, y })
    }
}

/// A branch before its angles are computed.
struct Candidate<'a> {
    arm: &'a Arm,
    arcs: &'a Arcs,
    /// The axes of the last row's frame.
    axes: &'a [Vector3<f64>; 3],
    near: &'a JointVector,
    x5: &'a Vector3<f64>,
    depth_m: f64,
    direction: &'a Direction,
    /// Which way the second joint turns.
    turn: f64,
}

impl Candidate<'_> {
    /// What the insertion alone contributes to the distance from `near`.
    fn insertion_distance(&self) -> f64 {
        let away = (self.depth_m - self.arm.depth_m(self.near)) / METRES_A_RADIAN;
        away * away
    }

    fn joints(&self) -> Result<JointVector, Unreachable> {
        let Direction { cosine, sine, x, y } = *self.direction;
        if sine.is_nan() {
            return Err(Unreachable::OutOfReach);
        }
        let ((s1a, c1a), (s2a, c2a), (s3a, c3a)) =
            (self.arcs.first, self.arcs.second, self.arcs.third);
        let (st2, ct2) = (self.turn * sine, cosine);
        // The insertion axis across z1 with θ1 at zero; θ1 turns it onto (x, y).
        let (kx, ky) = (s3a * st2, -c2a * s3a * ct2 - s2a * c3a);
        let square = x * x + y * y;
        let (st1, ct1) = ((y * kx - x * ky) / square, (x * kx + y * ky) / square);

        // Frame 3's x and y axes, by the rows' own transforms.
        let x1 = Vector3::new(ct1, c1a * st1, s1a * st1);
        let y1 = Vector3::new(-st1, c1a * ct1, s1a * ct1);
        let z1 = Vector3::new(0.0, -s1a, c1a);
        let y2_before = y1 * c2a + z1 * s2a;
        let z2 = z1 * c2a - y1 * s2a;
        let x3 = x1 * ct2 + y2_before * st2;
        let y2 = y2_before * ct2 - x1 * st2;
        let y3 = y2 * c3a + z2 * s3a;
        let z3 = z2 * c3a - y2 * s3a;

        let arm = self.arm;
        let mut joints = *self.near;
        joints[YAW] = arm.joint_angle(YAW, libm::atan2(st1, ct1));
        joints[PITCH] = arm.joint_angle(PITCH, libm::atan2(st2, ct2));
        joints[INSERTION] = self.depth_m - arm.depth_at_zero_m();
        let [x6, y6, z6] = self.axes;
        let roll = if arm.kind == ArmKind::Endoscope {
            let sine = x6.dot(&y3) - y6.dot(&x3);
            let cosine = x6.dot(&x3) + y6.dot(&y3);
            if sine.abs() + cosine.abs() < LEAST_ACROSS {
                return Err(Unreachable::Singular);
            }
            libm::atan2(sine, cosine)
        } else {
            // The wrist's twists are quarter turns: their sines are ±1, their cosines nought.
            let s5 = libm::copysign(1.0, arm.rows[WRIST_PITCH].alpha_rad);
            let s6 = libm::copysign(1.0, arm.rows[WRIST_YAW].alpha_rad);
            let z5 = self.x5.cross(&(z6 * -s6));
            let y4 = z5 * -s5;
            let x4 = y4.cross(&z3);
            let wrist_pitch = libm::atan2(s5 * self.x5.dot(&z3), self.x5.dot(&x4));
            let wrist_yaw = libm::atan2(s6 * x6.dot(&z5), x6.dot(self.x5));
            joints[WRIST_PITCH] = arm.joint_angle(WRIST_PITCH, wrist_pitch);
            joints[WRIST_YAW] = arm.joint_angle(WRIST_YAW, wrist_yaw);
            libm::atan2(-y4.dot(&x3), y4.dot(&y3))
        };
        let roll = arm.joint_angle(ROLL, roll);
        joints[ROLL] = roll + TAU * libm::rint((self.near[ROLL] - roll) / TAU);
        if joints.iter().all(|value| value.is_finite()) {
            Ok(joints)
        } else {
            Err(Unreachable::NotFinite)
        }
    }
}

/// How far a branch is from the present joints, rad².
fn branch_distance(joints: &JointVector, near: &JointVector) -> f64 {
    joints
        .iter()
        .zip(near)
        .enumerate()
        .map(|(joint, (value, near))| {
            let away = match joint {
                INSERTION => (value - near) / METRES_A_RADIAN,
                ROLL => value - near,
                _ => principal(value - near),
            };
            away * away
        })
        .sum()
}
