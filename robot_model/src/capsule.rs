//! Rounded rods: the shape in which links are tested for contact.

use nalgebra::Vector3;

use crate::Frame;

/// All points within `radius_m` of a segment, in a link's frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Capsule {
    /// The joint whose link it belongs to; none for what does not move in the remote-centre frame.
    pub joint: Option<usize>,
    /// One end of the segment, m.
    pub from_m: [f64; 3],
    /// The other end, m.
    pub to_m: [f64; 3],
    /// How far the surface is from the segment, m.
    pub radius_m: f64,
}

/// The segment of a capsule where the arm has put it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rod {
    /// One end, m.
    pub from_m: Vector3<f64>,
    /// The other end, m.
    pub to_m: Vector3<f64>,
    /// How far the surface is from the segment, m.
    pub radius_m: f64,
}

impl Capsule {
    /// The capsule in the remote-centre frame, with the links at `frames` ([`crate::Arm::link_frames`]).
    pub fn placed(&self, frames: &[Frame]) -> Rod {
        let frame = self.joint.and_then(|joint| frames.get(joint));
        let frame = frame.unwrap_or(&Frame::REMOTE_CENTRE);
        Rod {
            from_m: frame.point(&Vector3::from(self.from_m)),
            to_m: frame.point(&Vector3::from(self.to_m)),
            radius_m: self.radius_m,
        }
    }
}

impl Rod {
    /// The rod in the frame that `pose` places its own frame in.
    pub fn moved(&self, pose: &crate::Pose) -> Self {
        let at = |point: &Vector3<f64>| pose.rotation * point + pose.translation.vector;
        Self {
            from_m: at(&self.from_m),
            to_m: at(&self.to_m),
            radius_m: self.radius_m,
        }
    }

    /// The distance between two surfaces, m; negative where the rods overlap.
    pub fn clearance_m(&self, other: &Self) -> f64 {
        segment_distance_m(self, other) - self.radius_m - other.radius_m
    }
}

/// The distance between two segments: the quadratic's minimum, held inside both.
fn segment_distance_m(a: &Rod, b: &Rod) -> f64 {
    let (along_a, along_b) = (a.to_m - a.from_m, b.to_m - b.from_m);
    let between = a.from_m - b.from_m;
    let (aa, bb, ab) = (
        along_a.norm_squared(),
        along_b.norm_squared(),
        along_a.dot(&along_b),
    );
    let (ac, bc) = (along_a.dot(&between), along_b.dot(&between));
    let parallel = aa * bb - ab * ab;
    // Of parallel segments any share of the first will do to start from.
    let start = if parallel > f64::EPSILON * aa * bb {
        ((ab * bc - ac * bb) / parallel).clamp(0.0, 1.0)
    } else {
        0.0
    };
    let on_b = share(ab * start + bc, bb);
    let on_a = share(ab * on_b - ac, aa);
    (between + along_a * on_a - along_b * on_b).norm()
}

/// A share of a segment, held inside it; a segment without length has one point.
fn share(projection: f64, square: f64) -> f64 {
    if square > 0.0 {
        (projection / square).clamp(0.0, 1.0)
    } else {
        0.0
    }
}
