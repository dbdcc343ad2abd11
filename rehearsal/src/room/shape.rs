//! Surfaces made by code: turned, swept, rounded and stretched over a grid, with smooth normals.
//!
//! Metres; counter-clockwise triangles face outwards. Curved edges keep one normal, edges sharper than
//! [`CREASE_RAD`] get two.

use bevy::asset::RenderAssetUsages;
use bevy::mesh::{Indices, Mesh, PrimitiveTopology};
use bevy::prelude::{Quat, Transform, Vec2, Vec3, Vec4};

/// An edge of a profile that turns by more than this stays an edge.
pub const CREASE_RAD: f32 = 0.7;

/// How finely round things are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Detail {
    /// Sides of a circle.
    pub sides: usize,
    /// Steps of a rounded corner.
    pub corner: usize,
}

impl Detail {
    /// For a graphics processor.
    pub const HIGH: Self = Self {
        sides: 28,
        corner: 4,
    };
    /// For a software driver.
    pub const REDUCED: Self = Self {
        sides: 12,
        corner: 2,
    };
}

/// Triangles with normals, texture places and, where it has them, colours.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shape {
    /// Corners, m.
    pub positions: Vec<Vec3>,
    /// Unit vectors, one a corner.
    pub normals: Vec<Vec3>,
    /// Places in a texture, one a corner.
    pub uvs: Vec<Vec2>,
    /// Linear colour and opacity, one a corner, or none at all.
    pub colors: Vec<Vec4>,
    /// Three corners a triangle.
    pub indices: Vec<u32>,
}

impl Shape {
    /// The surface that a profile of (radius, height) sweeps when it turns about y, from its lowest point up.
    /// It is closed when it starts and ends on the axis, or where it started.
    pub fn lathe(profile: &[(f32, f32)], detail: Detail) -> Self {
        let mut shape = Self::default();
        let normals: Vec<Vec2> = profile.windows(2).map(segment_normal).collect();
        let closed = profile.first() == profile.last();
        for (index, ends) in profile.windows(2).enumerate() {
            let own = normals[index];
            if own == Vec2::ZERO {
                continue;
            }
            let before = match index {
                0 if closed => normals.last().copied(),
                0 => None,
                _ => normals.get(index - 1).copied(),
            };
            let after = match normals.get(index + 1) {
                None if closed => normals.first().copied(),
                next => next.copied(),
            };
            let (low, high) = (blended(own, before), blended(own, after));
            shape.ring_pair(ends, (low, high), detail.sides);
        }
        shape
    }

    /// A cylinder about y with rounded edges, between two heights.
    pub fn rounded_cylinder(
        radius_m: f32,
        from_m: f32,
        to_m: f32,
        round_m: f32,
        detail: Detail,
    ) -> Self {
        let round_m = round_m.min(radius_m).min((to_m - from_m) / 2.0);
        let arc = |centre_y: f32, start: f32| {
            (0..=detail.corner * 2).map(move |step| {
                let angle =
                    start + core::f32::consts::FRAC_PI_2 * step as f32 / (detail.corner * 2) as f32;
                let radius = radius_m - round_m + round_m * angle.cos();
                (radius, centre_y + round_m * angle.sin())
            })
        };
        let mut profile = vec![(0.0, from_m)];
        profile.extend(arc(from_m + round_m, -core::f32::consts::FRAC_PI_2));
        profile.extend(arc(to_m - round_m, 0.0));
        profile.push((0.0, to_m));
        profile.dedup_by(|a, b| (a.0 - b.0).abs() + (a.1 - b.1).abs() < 1e-6);
        Self::lathe(&profile, detail)
    }

    /// A rod with round ends.
    pub fn capsule(from_m: Vec3, to_m: Vec3, radius_m: f32, detail: Detail) -> Self {
        let length_m = from_m.distance(to_m);
        let rod =
            Self::rounded_cylinder(radius_m, -radius_m, length_m + radius_m, radius_m, detail);
        rod.placed(&along(from_m, to_m))
    }

    /// A ring about y.
    pub fn torus(radius_m: f32, thickness_m: f32, detail: Detail) -> Self {
        let steps = (detail.sides / 2).max(6);
        let profile: Vec<(f32, f32)> = (0..=steps)
            .map(|step| {
                let angle = core::f32::consts::TAU * (step % steps) as f32 / steps as f32;
                (
                    radius_m + thickness_m / 2.0 * angle.cos(),
                    thickness_m / 2.0 * angle.sin(),
                )
            })
            .collect();
        Self::lathe(&profile, detail)
    }

    /// A box about the origin with round edges and corners.
    pub fn rounded_box(size_m: Vec3, round_m: f32, detail: Detail) -> Self {
        let round_m = round_m.min(size_m.min_element() / 2.0);
        let inner = size_m / 2.0 - Vec3::splat(round_m);
        let quarter =
            |step: usize| core::f32::consts::FRAC_PI_2 * step as f32 / detail.corner as f32;
        let row = 4 * (detail.corner + 1);
        let mut shape = Self::default();
        for half in 0..2 {
            for rise in 0..=detail.corner {
                let latitude = quarter(rise) - core::f32::consts::FRAC_PI_2 * (1 - half) as f32;
                for turn in 0..4 {
                    for step in 0..=detail.corner {
                        let longitude = quarter(step) + core::f32::consts::FRAC_PI_2 * turn as f32;
                        let normal = Vec3::new(
                            latitude.cos() * longitude.cos(),
                            latitude.sin(),
                            latitude.cos() * longitude.sin(),
                        );
                        let corner = Vec3::new(
                            [1.0, -1.0, -1.0, 1.0][turn],
                            [-1.0, 1.0][half],
                            [1.0, 1.0, -1.0, -1.0][turn],
                        );
                        let at = corner * inner + normal * round_m;
                        shape.corner(at, normal, Vec2::new(at.x + at.y, at.z + at.y) * 4.0);
                    }
                }
            }
        }
        let rows = 2 * (detail.corner + 1);
        for line in 0..rows - 1 {
            for column in 0..row {
                let next = (column + 1) % row;
                let at = |line: usize, column: usize| (line * row + column) as u32;
                shape.quad(
                    at(line, column),
                    at(line + 1, column),
                    at(line + 1, next),
                    at(line, next),
                );
            }
        }
        // The poles: what is left open between the four corners.
        for (line, up) in [(0, false), (rows - 1, true)] {
            let own = |turn: usize| (line * row + turn * (detail.corner + 1)) as u32;
            if up {
                shape.quad(own(0), own(3), own(2), own(1));
            } else {
                shape.quad(own(0), own(1), own(2), own(3));
            }
        }
        shape
    }

    /// A tube along points, with a radius at each, round in section and closed at both ends.
    pub fn sweep(points: &[Vec3], radii_m: &[f32], detail: Detail) -> Self {
        let mut shape = Self::default();
        let (Some(first), Some(second)) = (points.first(), points.get(1)) else {
            return shape;
        };
        let mut across = (*second - *first)
            .normalize_or(Vec3::Y)
            .any_orthonormal_vector();
        let mut length_m = 0.0;
        let count = points.len();
        for (index, point) in points.iter().enumerate() {
            let before = points[index.saturating_sub(1)];
            let after = points[(index + 1).min(count - 1)];
            let ahead = (after - before).normalize_or(Vec3::Y);
            across =
                (across - ahead * across.dot(ahead)).normalize_or(ahead.any_orthonormal_vector());
            let side = ahead.cross(across);
            length_m += before.distance(*point);
            for step in 0..=detail.sides {
                let share = step as f32 / detail.sides as f32;
                let (sin, cos) = (share * core::f32::consts::TAU).sin_cos();
                let normal = across * cos + side * sin;
                shape.corner(
                    *point + normal * radii_m[index],
                    normal,
                    Vec2::new(share, length_m),
                );
            }
        }
        let row = detail.sides + 1;
        for line in 0..count - 1 {
            for step in 0..detail.sides {
                let at = |line: usize, step: usize| (line * row + step) as u32;
                shape.quad(
                    at(line, step),
                    at(line, step + 1),
                    at(line + 1, step + 1),
                    at(line + 1, step),
                );
            }
        }
        for (line, other, flip) in [(0, 1, true), (count - 1, count - 2, false)] {
            let normal = (points[line] - points[other]).normalize_or(Vec3::Y);
            let rim: Vec<Vec3> = (0..row)
                .map(|step| shape.positions[line * row + step])
                .collect();
            let centre = shape.corner(points[line], normal, Vec2::splat(0.5));
            let start = shape.positions.len() as u32;
            for at in rim {
                shape.corner(at, normal, Vec2::splat(0.5));
            }
            for step in 0..detail.sides as u32 {
                let (a, b) = (start + step, start + step + 1);
                if flip {
                    shape.indices.extend([centre, b, a]);
                } else {
                    shape.indices.extend([centre, a, b]);
                }
            }
        }
        shape
    }

    /// A sheet: a point and a colour for each crossing of a grid, the normal from its neighbours. Cells for
    /// which `open` holds are left out.
    pub fn sheet(
        columns: usize,
        rows: usize,
        point: impl Fn(usize, usize) -> Vec3,
        color: impl Fn(usize, usize) -> Option<Vec4>,
        open: impl Fn(usize, usize) -> bool,
    ) -> Self {
        let mut shape = Self::default();
        for row in 0..rows {
            for column in 0..columns {
                let uv = Vec2::new(
                    column as f32 / (columns - 1) as f32,
                    row as f32 / (rows - 1) as f32,
                );
                shape.corner(point(column, row), Vec3::Z, uv);
                shape.colors.extend(color(column, row));
            }
        }
        for row in 0..rows - 1 {
            for column in 0..columns - 1 {
                if !open(column, row) {
                    let at = |column: usize, row: usize| (row * columns + column) as u32;
                    shape.quad(
                        at(column, row),
                        at(column + 1, row),
                        at(column + 1, row + 1),
                        at(column, row + 1),
                    );
                }
            }
        }
        shape.smooth();
        shape
    }

    /// Normals anew from the triangles, for corners at one place together.
    pub fn smooth(&mut self) {
        let places = self.places();
        self.smooth_at(&places);
    }

    /// For each corner the first one at its place: both ends of a seam have one.
    pub fn places(&self) -> Vec<u32> {
        let key = |index: u32| {
            (self.positions[index as usize] * 1e5)
                .round()
                .as_ivec3()
                .to_array()
        };
        let mut order: Vec<u32> = (0..self.positions.len() as u32).collect();
        order.sort_by_key(|&index| key(index));
        let mut places = vec![0; order.len()];
        for run in order.chunk_by(|&a, &b| key(a) == key(b)) {
            for &index in run {
                places[index as usize] = run[0];
            }
        }
        places
    }

    /// Normals anew from the triangles; corners of one place ([`Shape::places`]) share theirs.
    pub fn smooth_at(&mut self, places: &[u32]) {
        let mut sums = vec![Vec3::ZERO; self.positions.len()];
        for triangle in self.indices.chunks_exact(3) {
            let [a, b, c] = [0, 1, 2].map(|corner| self.positions[triangle[corner] as usize]);
            let normal = (b - a).cross(c - a);
            for &corner in triangle {
                sums[places[corner as usize] as usize] += normal;
            }
        }
        for (normal, place) in self.normals.iter_mut().zip(places) {
            *normal = sums[*place as usize].normalize_or(Vec3::Z);
        }
    }

    /// The same surface seen from its other side.
    #[must_use]
    pub fn inside_out(mut self) -> Self {
        for triangle in self.indices.chunks_exact_mut(3) {
            triangle.swap(1, 2);
        }
        for normal in &mut self.normals {
            *normal = -*normal;
        }
        self
    }

    /// The same shape elsewhere; a scale must be the same along all axes.
    #[must_use]
    pub fn placed(mut self, place: &Transform) -> Self {
        for position in &mut self.positions {
            *position = place.transform_point(*position);
        }
        for normal in &mut self.normals {
            *normal = place.rotation * *normal;
        }
        self
    }

    /// The same shape moved.
    #[must_use]
    pub fn moved(self, by_m: Vec3) -> Self {
        self.placed(&Transform::from_translation(by_m))
    }

    /// Both shapes as one. Either both have colours or neither.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        let start = self.positions.len() as u32;
        self.positions.extend(other.positions);
        self.normals.extend(other.normals);
        self.uvs.extend(other.uvs);
        self.colors.extend(other.colors);
        self.indices
            .extend(other.indices.iter().map(|index| index + start));
        self
    }

    /// As the renderer wants it.
    pub fn mesh(&self) -> Mesh {
        let mut mesh = Mesh::new(
            PrimitiveTopology::TriangleList,
            RenderAssetUsages::default(),
        );
        let triples = |from: &[Vec3]| from.iter().map(|v| v.to_array()).collect::<Vec<_>>();
        mesh.insert_attribute(Mesh::ATTRIBUTE_POSITION, triples(&self.positions));
        mesh.insert_attribute(Mesh::ATTRIBUTE_NORMAL, triples(&self.normals));
        let uvs: Vec<[f32; 2]> = self.uvs.iter().map(|v| v.to_array()).collect();
        mesh.insert_attribute(Mesh::ATTRIBUTE_UV_0, uvs);
        if self.colors.len() == self.positions.len() {
            let colors: Vec<[f32; 4]> = self.colors.iter().map(|v| v.to_array()).collect();
            mesh.insert_attribute(Mesh::ATTRIBUTE_COLOR, colors);
        }
        mesh.insert_indices(Indices::U32(self.indices.clone()));
        mesh
    }

    fn corner(&mut self, at: Vec3, normal: Vec3, uv: Vec2) -> u32 {
        self.positions.push(at);
        self.normals.push(normal);
        self.uvs.push(uv);
        self.positions.len() as u32 - 1
    }

    fn quad(&mut self, a: u32, b: u32, c: u32, d: u32) {
        let at = |index: u32| self.positions[index as usize];
        let thin =
            |a: u32, b: u32, c: u32| (at(b) - at(a)).cross(at(c) - at(a)).length_squared() < 1e-20;
        let (first, second) = (!thin(a, b, c), !thin(a, c, d));
        if first {
            self.indices.extend([a, b, c]);
        }
        if second {
            self.indices.extend([a, c, d]);
        }
    }

    fn ring_pair(&mut self, ends: &[(f32, f32)], normals: (Vec2, Vec2), sides: usize) {
        let start = self.positions.len() as u32;
        for ((radius, height), normal) in [(ends[0], normals.0), (ends[1], normals.1)] {
            for step in 0..=sides {
                let share = step as f32 / sides as f32;
                // The seam's two ends lie at one place to the last bit.
                let (sin, cos) =
                    (core::f32::consts::TAU * (step % sides) as f32 / sides as f32).sin_cos();
                self.corner(
                    Vec3::new(radius * cos, height, radius * sin),
                    Vec3::new(normal.x * cos, normal.y, normal.x * sin),
                    Vec2::new(share, height * 4.0),
                );
            }
        }
        let row = sides as u32 + 1;
        for step in 0..sides as u32 {
            let (a, b) = (start + step, start + step + 1);
            self.quad(a, a + row, b + row, b);
        }
    }
}

/// The place whose y axis leads from one point to another.
pub fn along(from_m: Vec3, to_m: Vec3) -> Transform {
    let ahead = (to_m - from_m).normalize_or(Vec3::Y);
    Transform::from_translation(from_m).with_rotation(Quat::from_rotation_arc(Vec3::Y, ahead))
}

/// Outwards from a profile that goes up: to the right of its direction.
fn segment_normal(ends: &[(f32, f32)]) -> Vec2 {
    let (dr, dy) = (ends[1].0 - ends[0].0, ends[1].1 - ends[0].1);
    Vec2::new(dy, -dr).normalize_or_zero()
}

fn blended(own: Vec2, neighbour: Option<Vec2>) -> Vec2 {
    match neighbour {
        Some(other) if other != Vec2::ZERO && own.angle_to(other).abs() < CREASE_RAD => {
            (own + other).normalize_or(own)
        }
        _ => own,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn shapes() -> Vec<(&'static str, Shape)> {
        let detail = Detail::HIGH;
        vec![
            (
                "cylinder",
                Shape::rounded_cylinder(0.03, -0.1, 0.2, 0.004, detail),
            ),
            (
                "capsule",
                Shape::capsule(Vec3::ZERO, Vec3::new(0.1, 0.2, -0.1), 0.02, detail),
            ),
            ("torus", Shape::torus(0.1, 0.02, detail)),
            (
                "box",
                Shape::rounded_box(Vec3::new(0.1, 0.3, 0.2), 0.02, detail),
            ),
            (
                "box, coarse",
                Shape::rounded_box(Vec3::new(0.1, 0.3, 0.2), 0.02, Detail::REDUCED),
            ),
            (
                "sweep",
                Shape::sweep(
                    &[
                        Vec3::ZERO,
                        Vec3::new(0.0, 0.1, 0.0),
                        Vec3::new(0.1, 0.2, 0.0),
                    ],
                    &[0.01, 0.02, 0.01],
                    detail,
                ),
            ),
        ]
    }

    /// Every edge, by place, is used once in each direction.
    fn is_closed(shape: &Shape) -> bool {
        let key = |index: u32| {
            (shape.positions[index as usize] * 1e5)
                .round()
                .as_ivec3()
                .to_array()
        };
        let mut edges: BTreeMap<([i32; 3], [i32; 3]), i32> = BTreeMap::new();
        for triangle in shape.indices.chunks_exact(3) {
            for (a, b) in [(0, 1), (1, 2), (2, 0)] {
                let (a, b) = (key(triangle[a]), key(triangle[b]));
                if a < b {
                    *edges.entry((a, b)).or_default() += 1;
                } else {
                    *edges.entry((b, a)).or_default() -= 1;
                }
            }
        }
        edges.values().all(|balance| *balance == 0)
    }

    fn volume_m3(shape: &Shape) -> f32 {
        let at = |index: u32| shape.positions[index as usize];
        let triangles = shape.indices.chunks_exact(3);
        triangles
            .map(|t| at(t[0]).dot(at(t[1]).cross(at(t[2]))) / 6.0)
            .sum()
    }

    #[test]
    fn solids_are_closed_and_face_outwards() {
        for (name, shape) in shapes() {
            assert!(is_closed(&shape), "{name}");
            assert!(volume_m3(&shape) > 0.0, "{name}: {}", volume_m3(&shape));
        }
    }

    #[test]
    fn corners_are_finite_and_normals_have_length_one() {
        for (name, shape) in shapes() {
            assert!(shape.positions.iter().all(|at| at.is_finite()), "{name}");
            assert!(
                shape.normals.iter().all(|normal| normal.is_normalized()),
                "{name}"
            );
            assert_eq!(shape.normals.len(), shape.positions.len(), "{name}");
            assert_eq!(shape.uvs.len(), shape.positions.len(), "{name}");
        }
    }

    #[test]
    fn normals_point_to_the_side_that_triangles_face() {
        for (name, shape) in shapes() {
            for triangle in shape.indices.chunks_exact(3) {
                let [a, b, c] = [0, 1, 2].map(|corner| shape.positions[triangle[corner] as usize]);
                let face = (b - a).cross(c - a).normalize();
                for corner in triangle {
                    let normal = shape.normals[*corner as usize];
                    assert!(face.dot(normal) > 0.3, "{name}: {face} {normal}");
                }
            }
        }
    }

    #[test]
    fn a_cylinder_and_a_box_have_the_volume_of_their_measures() {
        let rod = Shape::rounded_cylinder(0.03, 0.0, 0.2, 0.0005, Detail::HIGH);
        let expected = core::f32::consts::PI * 0.03 * 0.03 * 0.2;
        assert!(
            (volume_m3(&rod) / expected - 1.0).abs() < 0.02,
            "{}",
            volume_m3(&rod) / expected
        );
        let block = Shape::rounded_box(Vec3::new(0.1, 0.3, 0.2), 0.001, Detail::HIGH);
        assert!(
            (volume_m3(&block) / 0.006 - 1.0).abs() < 0.02,
            "{}",
            volume_m3(&block) / 0.006
        );
    }

    #[test]
    fn a_shape_inside_out_has_the_opposite_volume() {
        let block = Shape::rounded_box(Vec3::splat(0.1), 0.01, Detail::HIGH);
        let volume = volume_m3(&block);
        assert!((volume_m3(&block.inside_out()) + volume).abs() < 1e-9);
    }
}
