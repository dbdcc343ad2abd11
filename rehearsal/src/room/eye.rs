//! Where the endoscope's picture is taken from.
//!
//! The description says how an endoscope looks: along its shaft, tilted by so much, so wide. From the tip itself no
//! picture of that width shows all instruments where they start when ports are far apart and shallow. Then the eye
//! stands back along the shaft, and turns towards the middle of the tips, as little as it takes; both are fixed to
//! the endoscope, so that the picture still moves as the endoscope does. Assumed, and told by [`Eye::behind_tip_m`].

use nalgebra::{Matrix3, Rotation3, Translation3, UnitQuaternion, Vector3};
use robot_model::{ArmKind, Pose};
use sim::Operation;

/// Width over height of the picture.
pub const PICTURE_ASPECT: f64 = 16.0 / 9.0;

/// Share of the picture's half width within which the tips must be at the start.
const MARGIN: f64 = 0.86;

/// The farthest that an eye stands back, m.
const FARTHEST_M: f64 = 0.5;

/// Without optics in the description: a picture this wide, assumed.
const DEFAULT_WIDTH_RAD: f64 = 70.0 * core::f64::consts::PI / 180.0;

/// An eye fixed to an endoscope.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Eye {
    /// Which arm of the operation the endoscope is; none where there is none: then the eye hangs over the table.
    pub arm: Option<usize>,
    /// The camera (x right, y up, looking along −z) in the frame of the endoscope's last link, or of the table.
    pub place: Pose,
    /// From side to side of the picture, rad.
    pub width_rad: f64,
    /// How far behind the endoscope's tip the picture is taken, m; zero where the tip sees all instruments.
    pub behind_tip_m: f64,
}

impl Eye {
    /// The eye of an operation's endoscope.
    pub fn of(operation: &Operation) -> Self {
        let kinds = operation.arms.iter().map(|arm| arm.kind);
        let Some(endoscope) = kinds
            .into_iter()
            .position(|kind| kind == ArmKind::Endoscope)
        else {
            return Self::over_the_table();
        };
        let optics = operation.looks.get(endoscope).and_then(|look| look.optics);
        let (tilt_rad, width_rad) = optics.map_or((0.0, DEFAULT_WIDTH_RAD), |optics| {
            (optics.tilt_rad, optics.field_of_view_rad)
        });
        let arm = &operation.arms[endoscope];
        let tip = arm.base * arm.tip_pose(&arm.home);
        let from_tip = |point: &Vector3<f64>| tip.inverse_transform_point(&(*point).into()).coords;
        let tips: Vec<Vector3<f64>> = operation
            .arms
            .iter()
            .filter(|arm| arm.kind.has_jaw())
            .map(|arm| from_tip(&(arm.base * arm.tip_pose(&arm.home)).translation.vector))
            .collect();
        // Up in the picture is towards the patient's head, at the start.
        let head = tip.rotation.inverse() * Vector3::y();
        let ahead = Vector3::new(0.0, libm::sin(tilt_rad), libm::cos(tilt_rad));
        let at_tip = Self {
            arm: Some(endoscope),
            place: looking(Vector3::zeros(), ahead, head),
            width_rad,
            behind_tip_m: 0.0,
        };
        if at_tip.sees_all(&tips) {
            return at_tip;
        }
        let middle = tips.iter().sum::<Vector3<f64>>() / tips.len().max(1) as f64;
        let mut eye = at_tip;
        while !eye.sees_all(&tips) && eye.behind_tip_m < FARTHEST_M {
            eye.behind_tip_m += 0.002;
            let from = Vector3::new(0.0, 0.0, -eye.behind_tip_m);
            eye.place = looking(from, middle - from, head);
        }
        eye
    }

    fn over_the_table() -> Self {
        Self {
            arm: None,
            place: looking(
                Vector3::new(0.0, -0.05, 0.45),
                Vector3::new(0.0, 0.02, -1.0),
                Vector3::y(),
            ),
            width_rad: DEFAULT_WIDTH_RAD,
            behind_tip_m: 0.0,
        }
    }

    /// From bottom to top of the picture, rad.
    pub fn height_rad(&self) -> f64 {
        2.0 * libm::atan(libm::tan(self.width_rad / 2.0) / PICTURE_ASPECT)
    }

    /// Where a point of the eye's parent frame is in the picture: −1 to 1 from left to right and from bottom to
    /// top; nothing of a point that is not ahead.
    pub fn project(&self, point_m: &Vector3<f64>) -> Option<(f64, f64)> {
        let seen = self.place.inverse_transform_point(&(*point_m).into());
        if seen.z > -1e-3 {
            return None;
        }
        let half = libm::tan(self.width_rad / 2.0);
        Some((
            seen.x / -seen.z / half,
            seen.y / -seen.z / half * PICTURE_ASPECT,
        ))
    }

    fn sees_all(&self, tips: &[Vector3<f64>]) -> bool {
        tips.iter().all(|tip| {
            self.project(tip)
                .is_some_and(|(x, y)| x.abs() <= MARGIN && y.abs() <= MARGIN)
        })
    }
}

/// A camera at a point that looks ahead with `up` upwards.
fn looking(from_m: Vector3<f64>, ahead: Vector3<f64>, up: Vector3<f64>) -> Pose {
    let back = -ahead.normalize();
    let right = up.cross(&back);
    let right = if right.norm() > 1e-9 {
        right.normalize()
    } else {
        Vector3::x()
    };
    let up = back.cross(&right);
    let rotation = Rotation3::from_matrix_unchecked(Matrix3::from_columns(&[right, up, back]));
    Pose::from_parts(
        Translation3::from(from_m),
        UnitQuaternion::from_rotation_matrix(&rotation),
    )
}

#[cfg(test)]
mod tests {
    use robot_model::Optics;

    use super::super::tests::{at_home, operation};
    use super::*;

    #[test]
    fn the_endoscope_sees_the_tips_of_all_instruments_at_home_with_the_head_upwards() {
        let operation = operation("casablanca_shanghai.ron");
        let eye = Eye::of(&operation);
        let home = at_home(&operation);
        let endoscope = &home.arms[eye.arm.expect("there is an endoscope")];
        let in_picture = |at: &Vector3<f64>| {
            let local = endoscope.tip.inverse_transform_point(&(*at).into()).coords;
            eye.project(&local)
        };
        for arm in home.arms.iter().filter(|arm| arm.kind.has_jaw()) {
            let (x, y) = in_picture(&arm.tip.translation.vector).expect("it is ahead");
            assert!(x.abs() < 0.9 && y.abs() < 0.9, "{x} {y}");
        }
        // The instrument called left is on the left, and what is nearer to the head is higher.
        let place = |name: &str| {
            operation
                .arm_names
                .iter()
                .position(|known| known == name)
                .unwrap()
        };
        let left = in_picture(&home.arms[place("left")].tip.translation.vector).unwrap();
        let right = in_picture(&home.arms[place("right")].tip.translation.vector).unwrap();
        assert!(left.0 < right.0);
        let organ = Vector3::new(0.0, 0.0, 0.11);
        let below = in_picture(&organ).unwrap();
        let above = in_picture(&(organ + Vector3::y() * 0.01)).unwrap();
        assert!(above.1 > below.1);
    }

    #[test]
    fn an_eye_stands_back_no_farther_than_it_must() {
        let mut operation = operation("casablanca_shanghai.ron");
        let eye = Eye::of(&operation);
        assert!(eye.behind_tip_m > 0.0 && eye.behind_tip_m < FARTHEST_M);
        // An instrument ahead of the tip, and a wide eye.
        operation = operation.with_arms(&[1, 2]);
        operation.arms[1].base.translation.vector.z -= 0.08;
        operation.looks[0].optics = Some(Optics {
            tilt_rad: 0.0,
            field_of_view_rad: 100.0_f64.to_radians(),
        });
        assert_eq!(Eye::of(&operation).behind_tip_m, 0.0);
    }

    #[test]
    fn without_an_endoscope_the_eye_hangs_over_the_table() {
        let operation = operation("casablanca_shanghai.ron").with_arms(&[0]);
        let eye = Eye::of(&operation);
        assert_eq!(eye.arm, None);
        assert!(eye.project(&Vector3::new(0.0, 0.0, 0.11)).is_some());
    }
}
