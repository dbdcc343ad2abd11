//! Soft tissue that gives way: the organ's surface is drawn in where a tip presses, and pale there.

use bevy::mesh::{Mesh, VertexAttributeValues};
use bevy::prelude::*;
use robot_model::Rod;

use super::noise::layered;
use super::shape::{Detail, Shape};
use super::{SceneSet, table_m};
use crate::scene::{SceneFrame, SceneState};

/// How wide a dent is around a tip that only just touches, m. Assumed.
const LEAST_WIDTH_M: f32 = 0.020;

/// How much wider a dent becomes with its depth. Assumed.
const WIDENING: f32 = 2.0;

/// A place where something presses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Press {
    /// The point of the undented surface that is pressed in deepest, m.
    pub at_m: Vec3,
    /// The surface's normal there, outwards.
    pub outwards: Vec3,
    /// How deep, m.
    pub depth_m: f32,
}

impl Press {
    /// How far the surface gives way at a distance from the deepest point, m: the whole depth there, less and less
    /// around it, nothing beyond the dent's width; smooth everywhere.
    pub fn dent_m(&self, distance_m: f32) -> f32 {
        let width_m = LEAST_WIDTH_M + WIDENING * self.depth_m;
        let share = (distance_m / width_m).clamp(0.0, 1.0);
        let bell = 1.0 - share * share;
        self.depth_m * bell * bell * bell
    }
}

/// An organ's mesh, which is dented as one of the scene's frames says.
#[derive(Component)]
pub struct SoftTissue {
    /// Whose frame presses it.
    pub set: SceneSet,
    /// The axis and radius of the undented surface.
    pub rod: Rod,
    rest: Shape,
    places: Vec<u32>,
    dented: bool,
}

impl SoftTissue {
    /// The undented surface of a rod, and its shape to be drawn.
    pub fn new(set: SceneSet, rod: Rod, detail: Detail) -> (Self, Shape) {
        let rest = organ(&rod, detail);
        let shape = rest.clone();
        let places = rest.places();
        let tissue = Self {
            set,
            rod,
            rest,
            places,
            dented: false,
        };
        (tissue, shape)
    }

    /// Where the arms of a frame press this tissue.
    pub fn presses(&self, frame: &SceneFrame) -> Vec<Press> {
        let pressing = frame.arms.iter().filter(|arm| arm.press_m > 1e-5);
        pressing
            .map(|arm| {
                let tip = table_m(&arm.tip.translation.vector);
                press_of(&self.rod, tip, arm.press_m as f32)
            })
            .collect()
    }

    /// The dented surface: corners and their colours, and new normals.
    pub fn dent(&self, presses: &[Press]) -> Shape {
        let mut shape = self.rest.clone();
        for (index, position) in shape.positions.iter_mut().enumerate() {
            let rest = *position;
            let mut pale = 0.0_f32;
            for press in presses {
                let dent_m = press.dent_m(rest.distance(press.at_m));
                if dent_m > 0.0 {
                    *position -= press.outwards * dent_m;
                    pale = pale.max(dent_m / press.depth_m);
                }
            }
            if let Some(color) = shape.colors.get_mut(index) {
                // Blood leaves the middle and stays in a ring about it.
                let ring = (1.0 - (pale - 0.14).abs() * 8.0).clamp(0.0, 1.0);
                let tint = color.truncate().lerp(Vec3::new(1.7, 2.7, 2.5), pale * 0.85);
                let tint = tint.lerp(Vec3::new(0.62, 0.22, 0.34), ring * 0.7);
                *color = tint.extend(1.0);
            }
        }
        shape.smooth_at(&self.places);
        shape
    }
}

/// Where a tip presses a rod: straight towards its axis.
fn press_of(rod: &Rod, tip: Vec3, depth_m: f32) -> Press {
    let (from, to) = (table_m(&rod.from_m), table_m(&rod.to_m));
    let along = to - from;
    let share = if along.length_squared() > 0.0 {
        ((tip - from).dot(along) / along.length_squared()).clamp(0.0, 1.0)
    } else {
        0.0
    };
    let axis = from + along * share;
    let outwards = (tip - axis).normalize_or(Vec3::Z);
    Press {
        at_m: axis + outwards * rod.radius_m as f32,
        outwards,
        depth_m,
    }
}

/// Draws the dents; a surface that nothing presses is left alone.
pub(super) fn dent_tissue(
    state: Res<SceneState>,
    mut tissues: Query<(&mut SoftTissue, &Mesh3d)>,
    mut meshes: ResMut<Assets<Mesh>>,
) {
    for (mut tissue, mesh) in &mut tissues {
        let presses = tissue.presses(tissue.set.frame(&state));
        if presses.is_empty() && !tissue.dented {
            continue;
        }
        let shape = tissue.dent(&presses);
        tissue.dented = !presses.is_empty();
        let Some(mut mesh) = meshes.get_mut(&mesh.0) else {
            continue;
        };
        let triples = |from: &[Vec3]| from.iter().map(|v| v.to_array()).collect::<Vec<_>>();
        mesh.insert_attribute(Mesh::ATTRIBUTE_POSITION, triples(&shape.positions));
        mesh.insert_attribute(Mesh::ATTRIBUTE_NORMAL, triples(&shape.normals));
        let colors: Vec<[f32; 4]> = shape.colors.iter().map(|v| v.to_array()).collect();
        mesh.insert_attribute(
            Mesh::ATTRIBUTE_COLOR,
            VertexAttributeValues::Float32x4(colors),
        );
    }
}

/// The surface of a rod with a hint of lobes; it leaves the rod's surface by less than a millimetre.
fn organ(rod: &Rod, detail: Detail) -> Shape {
    let (from, to) = (table_m(&rod.from_m), table_m(&rod.to_m));
    let radius = rod.radius_m as f32;
    let ahead = (to - from).normalize_or(Vec3::X);
    let across = ahead.any_orthonormal_vector();
    let side = ahead.cross(across);
    let length = from.distance(to);
    let (columns, rows) = if detail == Detail::HIGH {
        (97, 121)
    } else {
        (33, 45)
    };
    let whole = length + 2.0 * radius * 1.2;
    let point = |column: usize, row: usize| {
        let around =
            core::f32::consts::TAU * (column % (columns - 1)) as f32 / (columns - 1) as f32;
        // Even steps along the profile: a quarter circle, the side, a quarter circle.
        let run = row as f32 / (rows - 1) as f32 * whole - 1.2 * radius;
        let (centre, lean) = if run < 0.0 {
            (0.0, run / (1.2 * radius))
        } else if run > length {
            (length, (run - length) / (1.2 * radius))
        } else {
            (run, 0.0)
        };
        let (sin, cos) = (lean * core::f32::consts::FRAC_PI_2).sin_cos();
        let out = across * around.cos() * cos + side * around.sin() * cos + ahead * sin;
        let at = from + ahead * centre + out * radius;
        at + out * 0.0008 * layered(at * 45.0, 2)
    };
    let color = |column: usize, row: usize| {
        let shade = 1.0 + 0.18 * layered(point(column, row) * 20.0, 2);
        Some(Vec3::splat(shade).extend(1.0))
    };
    let mut organ = Shape::sheet(columns, rows, point, color, |_, _| false);
    for uv in &mut organ.uvs {
        *uv *= Vec2::new(2.0, 2.0);
    }
    organ
}

#[cfg(test)]
mod tests {
    use nalgebra::Vector3;

    use super::*;

    fn rod() -> Rod {
        Rod {
            from_m: Vector3::new(-0.1, 0.0, 0.06),
            to_m: Vector3::new(0.1, 0.0, 0.06),
            radius_m: 0.05,
        }
    }

    fn distance_to_axis_m(at: Vec3) -> f32 {
        Vec3::new((at.x.abs() - 0.1).max(0.0), at.y, at.z - 0.06).length()
    }

    #[test]
    fn a_dent_is_as_deep_as_the_press_shallower_around_it_and_nowhere_beyond_its_width() {
        let press = Press {
            at_m: Vec3::ZERO,
            outwards: Vec3::Z,
            depth_m: 0.006,
        };
        assert_eq!(press.dent_m(0.0), 0.006);
        let depths: Vec<f32> = (0..60)
            .map(|step| press.dent_m(step as f32 * 0.001))
            .collect();
        assert!(depths.windows(2).all(|pair| pair[1] <= pair[0]));
        assert!(depths[8] > 0.0 && depths[8] < 0.006);
        assert_eq!(depths[59], 0.0);
    }

    #[test]
    fn the_undented_organ_is_the_surface_that_tips_touch_to_a_millimetre_and_faces_outwards() {
        let (tissue, shape) = SoftTissue::new(SceneSet::Now, rod(), Detail::HIGH);
        for (at, normal) in shape.positions.iter().zip(&shape.normals) {
            let distance = distance_to_axis_m(*at);
            assert!((distance - 0.05).abs() < 1e-3, "{at}: {distance}");
            let axis = Vec3::new(at.x.clamp(-0.1, 0.1), 0.0, 0.06);
            assert!(normal.dot((*at - axis).normalize()) > 0.8, "{at}: {normal}");
        }
        assert!(tissue.presses(&SceneFrame::default()).is_empty());
    }

    #[test]
    fn a_press_moves_the_surface_to_the_tip_and_tints_it_there_only() {
        let (tissue, rest) = SoftTissue::new(SceneSet::Now, rod(), Detail::HIGH);
        let tip = Vec3::new(0.02, 0.0, 0.102);
        let press = press_of(&tissue.rod, tip, 0.008);
        assert!(press.at_m.distance(Vec3::new(0.02, 0.0, 0.11)) < 1e-6);
        let dented = tissue.dent(&[press]);
        let nearest = (0..rest.positions.len())
            .min_by(|&a, &b| {
                let distance = |index: usize| rest.positions[index].distance(press.at_m);
                distance(a).total_cmp(&distance(b))
            })
            .unwrap();
        assert!(
            dented.positions[nearest].distance(tip) < 0.004,
            "{}",
            dented.positions[nearest]
        );
        assert_ne!(dented.colors[nearest], rest.colors[nearest]);
        let far = (0..rest.positions.len())
            .filter(|&index| rest.positions[index].distance(press.at_m) > 0.037);
        for index in far {
            assert_eq!(dented.positions[index], rest.positions[index]);
            assert_eq!(dented.colors[index], rest.colors[index]);
        }
        assert!(dented.normals.iter().all(|normal| normal.is_normalized()));
    }
}
