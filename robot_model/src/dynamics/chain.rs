//! The arm as bodies and axes at one configuration.

use nalgebra::{Matrix3, Vector3};

use super::ArmDynamics;
use super::spatial::{Motion, RigidInertia};
use crate::{Frame, JointKind, JointVector, MAX_JOINTS};

/// Every joint's axis and every link's inertia, in the remote-centre frame.
pub(super) struct Chain {
    pub count: usize,
    pub axes: [Motion; MAX_JOINTS],
    pub bodies: [RigidInertia; MAX_JOINTS],
}

impl Chain {
    pub fn at(arm: &ArmDynamics, joints: &JointVector) -> Self {
        let mut chain = Self {
            count: arm.count,
            axes: [Motion::ZERO; MAX_JOINTS],
            bodies: [RigidInertia::ZERO; MAX_JOINTS],
        };
        let mut frame = Frame::REMOTE_CENTRE;
        let parts = chain.axes.iter_mut().zip(&mut chain.bodies);
        for ((axis, body), (link, &joint)) in
            parts.zip(arm.links.iter().zip(joints)).take(arm.count)
        {
            frame = frame.beyond(&link.row, joint);
            *axis = match link.row.kind {
                JointKind::Revolute => Motion {
                    angular: frame.z,
                    linear: frame.origin_m.cross(&frame.z),
                },
                JointKind::Prismatic => Motion {
                    angular: Vector3::zeros(),
                    linear: frame.z,
                },
            };
            *body = rigid(&frame, link.mass_kg, &link.com_m, &link.inertia_kgm2);
        }
        chain
    }
}

/// Moments about the centre of mass, turned into the arm's axes and shifted to its origin.
fn rigid(
    frame: &Frame,
    mass_kg: f64,
    com_m: &Vector3<f64>,
    principal: &Vector3<f64>,
) -> RigidInertia {
    let com = frame.point(com_m);
    let first = com * mass_kg;
    let (x, y, z) = (&frame.x, &frame.y, &frame.z);
    let (jx, jy, jz) = (x * principal.x, y * principal.y, z * principal.z);
    let entry = |row: usize, column: usize| {
        jx[row] * x[column] + jy[row] * y[column] + jz[row] * z[column] - first[row] * com[column]
    };
    let square = first.dot(&com);
    let (xx, yy, zz) = (
        entry(0, 0) + square,
        entry(1, 1) + square,
        entry(2, 2) + square,
    );
    let (xy, xz, yz) = (entry(0, 1), entry(0, 2), entry(1, 2));
    RigidInertia {
        mass_kg,
        first,
        second: Matrix3::new(xx, xy, xz, xy, yy, yz, xz, yz, zz),
    }
}
