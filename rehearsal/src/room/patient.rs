//! The patient: a body under drapes, an opening in them about the ports, and what lies beneath.
//!
//! The abdomen and the organ are the scenario's (`patient.abdomen`, `patient.tissue`), so that what is drawn is what
//! is touched. Chest, head and limbs are assumed from the abdomen's size; the cavity, the bowel and the fat are drawn only: no
//! instrument feels them. The skin between the ports is drawn clear, so that the arms can be seen at work from outside.

use bevy::prelude::*;
use nalgebra::Vector3;
use robot_model::Rod;
use sim::Operation;

use super::noise::layered;
use super::shape::{Detail, Shape};
use super::table_m;

/// Half the width of the table's top, m; its height over the table's frame is zero. Assumed.
pub const TABLE_HALF_WIDTH_M: f32 = 0.27;

/// How far the opening in the drape reaches beyond the outer ports, m. Assumed.
const OPENING_MARGIN_M: f32 = 0.048;

/// How thick the abdominal wall is drawn, m. Assumed.
const WALL_M: f32 = 0.018;

/// The shape of a body on its back, as heights over the table.
pub struct Body {
    rods: Vec<Rod>,
    /// Least and greatest corner of the abdomen, m.
    pub abdomen: (Vec3, Vec3),
    /// Least and greatest corner of the opening in the drape, seen from above, m.
    pub opening: Rect,
    /// The body's end at the feet and at the head, m.
    pub ends_y_m: (f32, f32),
}

impl Body {
    /// The body of an operation's patient; none where nobody lies there.
    pub fn of(operation: &Operation) -> Option<Self> {
        let patient = &operation.patient;
        let abdomen: Vec<Rod> = patient.abdomen.iter().map(|lump| lump.rod()).collect();
        if !patient.present || abdomen.is_empty() {
            return None;
        }
        let (mut least, mut greatest) = (Vec3::splat(f32::MAX), Vec3::splat(f32::MIN));
        for rod in &abdomen {
            for end in [rod.from_m, rod.to_m] {
                let (end, radius) = (table_m(&end), Vec3::splat(rod.radius_m as f32));
                least = least.min(end - radius);
                greatest = greatest.max(end + radius);
            }
        }
        let ports: Vec<Vec2> = operation
            .arms
            .iter()
            .map(|arm| table_m(&arm.base.translation.vector).truncate())
            .collect();
        let first = ports
            .first()
            .copied()
            .unwrap_or((least + greatest).truncate() / 2.0);
        let around = ports
            .iter()
            .fold(Rect::from_corners(first, first), |rect, port| {
                rect.union_point(*port)
            });
        let opening = around.inflate(OPENING_MARGIN_M);
        let ends_y_m = (least.y - 0.88, greatest.y + 0.56);
        let mut rods = abdomen;
        rods.extend(limbs(least, greatest));
        Some(Self {
            rods,
            abdomen: (least, greatest),
            opening,
            ends_y_m,
        })
    }

    /// Height of the body's outside over the table at a place, m; zero beside it.
    pub fn height_m(&self, x: f32, y: f32) -> f32 {
        let mut height = 0.0_f32;
        for rod in &self.rods {
            let top = rod_top_m(rod, x, y);
            if top > 0.0 {
                height = smooth_greatest(height, top, 0.05);
            }
        }
        height
    }

    /// Cloth over the body and down the sides of the table, open about the ports.
    pub fn drape(&self, detail: Detail) -> Shape {
        let steps = if detail == Detail::HIGH { 150 } else { 56 };
        let half = TABLE_HALF_WIDTH_M + 0.12;
        let hang_m = 0.42;
        let across = snapped(
            spread(-half - hang_m, half + hang_m, steps),
            self.opening.min.x,
            self.opening.max.x,
        );
        let (foot, head) = (self.ends_y_m.0 - 0.08, self.ends_y_m.1 + 0.06);
        let down = snapped(
            spread(foot - hang_m, head + 0.16, steps * 3 / 2),
            self.opening.min.y,
            self.opening.max.y,
        );
        let heights = self.cloth(&across, &down, half, (foot, head));
        let point = |column: usize, row: usize| {
            let (s, t) = (across[column], down[row]);
            let over_x = (s.abs() - half).max(0.0);
            let over_y = (foot - t).max(t - head).max(0.0);
            let over = over_x.max(over_y);
            let (x, y) = (s.clamp(-half, half), t.clamp(foot, head));
            let lie = heights[row * across.len() + column];
            let crease = 0.004 * layered(Vec3::new(x * 9.0, y * 5.0, 0.0), 3);
            if over <= 0.0 {
                // At the opening the cloth is glued to the skin.
                let glued = (self.distance_to_opening_m(x, y) / 0.05).clamp(0.0, 1.0);
                return Vec3::new(x, y, lie + 0.006 + crease.abs() * glued);
            }
            // Hanging: folds that grow downwards.
            let share = over / hang_m;
            let along = if over_x >= over_y { y } else { x };
            let fold =
                0.032 * share.sqrt() * ((along * 21.0).sin() + 0.6 * (along * 47.0 + 1.3).sin());
            let out = 0.03 * (over / 0.06).min(1.0) + 0.03 * share + fold;
            let beside = if over_x >= over_y {
                Vec2::new(s.signum() * out, 0.0)
            } else {
                Vec2::new(0.0, (t - y).signum() * out)
            };
            Vec3::new(
                x + beside.x,
                y + beside.y,
                (lie + 0.006).min(0.04) - (over - 0.02).max(0.0),
            )
        };
        let inside = |column: usize, row: usize| {
            let x = (across[column] + across[column + 1]) / 2.0;
            let y = (down[row] + down[row + 1]) / 2.0;
            self.opening.contains(Vec2::new(x, y))
        };
        let mut drape = Shape::sheet(across.len(), down.len(), point, |_, _| None, inside);
        for (index, uv) in drape.uvs.iter_mut().enumerate() {
            *uv = Vec2::new(across[index % across.len()], down[index / across.len()]) * 3.0;
        }
        drape
    }

    /// Heights of a cloth that lies on the body and is drawn tight between its high places, m; on the skin itself about
    /// the opening.
    fn cloth(&self, across: &[f32], down: &[f32], half: f32, ends: (f32, f32)) -> Vec<f32> {
        let columns = across.len();
        let at = |index: usize| {
            let (x, y) = (across[index % columns], down[index / columns]);
            (x.clamp(-half, half), y.clamp(ends.0, ends.1))
        };
        let body: Vec<f32> = (0..columns * down.len())
            .map(|index| self.height_m(at(index).0, at(index).1))
            .collect();
        let mut cloth = body.clone();
        for _ in 0..across.len() / 2 {
            let before = cloth.clone();
            for row in 1..down.len() - 1 {
                for column in 1..columns - 1 {
                    let index = row * columns + column;
                    let around = before[index - 1]
                        + before[index + 1]
                        + before[index - columns]
                        + before[index + columns];
                    cloth[index] = body[index].max(around / 4.0 - 2e-4);
                }
            }
        }
        for (index, height) in cloth.iter_mut().enumerate() {
            let (x, y) = at(index);
            let free = (self.distance_to_opening_m(x, y) / 0.09).clamp(0.0, 1.0);
            *height = body[index] + (*height - body[index]) * free;
        }
        cloth
    }

    /// The edge of the opening.
    pub fn hem(&self, detail: Detail) -> Shape {
        let (min, max) = (self.opening.min, self.opening.max);
        let corners = [min, Vec2::new(max.x, min.y), max, Vec2::new(min.x, max.y)];
        let steps = if detail == Detail::HIGH { 24 } else { 10 };
        let mut hem = Shape::default();
        for side in 0..4 {
            let (from, to) = (corners[side], corners[(side + 1) % 4]);
            let points: Vec<Vec3> = (0..=steps)
                .map(|step| {
                    let at = from.lerp(to, step as f32 / steps as f32);
                    at.extend(self.height_m(at.x, at.y) + 0.005)
                })
                .collect();
            hem = hem.and(Shape::sweep(
                &points,
                &vec![0.0065; points.len()],
                Detail { sides: 8, ..detail },
            ));
        }
        hem
    }

    /// The skin in the opening; clear in the middle.
    pub fn skin(&self, detail: Detail) -> Shape {
        let steps = if detail == Detail::HIGH { 64 } else { 28 };
        let window = self.opening.inflate(0.01);
        let at = |column: usize, row: usize| {
            let share = Vec2::new(column as f32, row as f32) / steps as f32;
            window.min + window.size() * share
        };
        let point = |column: usize, row: usize| {
            let at = at(column, row);
            at.extend(self.height_m(at.x, at.y) + 0.0015)
        };
        let color = |column: usize, row: usize| {
            let at = at(column, row);
            let clear = (-self.distance_to_opening_m(at.x, at.y) / 0.055).clamp(0.0, 1.0);
            let clear = clear * clear * (3.0 - 2.0 * clear);
            let blotch = 0.06 * layered(at.extend(0.0) * 40.0, 3);
            let tone = Vec3::new(0.66, 0.37, 0.24) * (1.0 + blotch);
            Some(tone.extend(1.0 - 0.80 * clear))
        };
        Shape::sheet(steps + 1, steps + 1, point, color, |_, _| false)
    }

    /// The inside of the abdomen, facing inwards.
    pub fn cavity(&self, detail: Detail) -> Shape {
        let (least, greatest) = self.abdomen;
        let (least, greatest) = (
            Vec3::new(least.x + WALL_M, least.y + WALL_M, least.z.max(0.0) + 0.012),
            greatest - Vec3::splat(WALL_M),
        );
        let (centre, half) = ((least + greatest) / 2.0, (greatest - least) / 2.0);
        let (columns, rows) = if detail == Detail::HIGH {
            (97, 65)
        } else {
            (41, 27)
        };
        // The poles lie towards head and feet, out of sight.
        let place = |column: usize, row: usize| {
            let around =
                core::f32::consts::TAU * (column % (columns - 1)) as f32 / (columns - 1) as f32;
            let rise = core::f32::consts::PI * (row as f32 / (rows - 1) as f32 - 0.5);
            let round = |value: f32| value.signum() * value.abs().powf(0.72);
            let direction = Vec3::new(
                round(rise.cos()) * round(around.sin()),
                round(rise.sin()),
                round(rise.cos()) * round(around.cos()),
            );
            let at = centre + direction * half;
            let floor = (0.5 - direction.z).clamp(0.0, 1.0);
            let lumps = layered(at * 16.0, 3) * 0.016 * floor + layered(at * 30.0, 2) * 0.004;
            at - direction * lumps
        };
        let tint = |column: usize, row: usize| {
            // Fat is yellow, the wall is red.
            let at = place(column, row);
            let fat = (layered(at * 12.0 + Vec3::splat(5.0), 3) * 2.2 + 0.25).clamp(0.0, 1.0);
            let color = Vec3::new(0.86, 0.52, 0.46).lerp(Vec3::new(0.95, 0.78, 0.42), fat);
            Some(color.extend(1.0))
        };
        let mut cavity = Shape::sheet(columns, rows, place, tint, |_, _| false).inside_out();
        for (uv, at) in cavity.uvs.iter_mut().zip(&cavity.positions) {
            *uv = Vec2::new(at.x + 0.6 * at.z, at.y + 0.35 * at.z) * 5.0;
        }
        cavity
    }

    /// Loops of bowel on the floor of the cavity, clear of the organ.
    pub fn bowel(&self, organ: &[Rod], detail: Detail) -> Shape {
        let (least, greatest) = self.abdomen;
        let mut bowel = Shape::default();
        for (index, base_y) in [
            least.y + 0.07,
            least.y + 0.105,
            least.y + 0.14,
            least.y + 0.175,
            greatest.y - 0.075,
        ]
        .into_iter()
        .enumerate()
        {
            let steps = if detail == Detail::HIGH { 60 } else { 26 };
            let width = (greatest.x - least.x) / 2.0 - 0.07;
            let phase = index as f32 * 1.9;
            let mut points = Vec::new();
            let mut radii = Vec::new();
            for step in 0..=steps {
                let share = step as f32 / steps as f32;
                let x = (share * 2.0 - 1.0) * width;
                let y = base_y + 0.016 * (share * 15.0 + phase).sin();
                let z = 0.045 + 0.010 * (share * 9.0 + phase * 2.0).cos();
                points.push(Vec3::new(x, y, z));
                // Haustra: the tube is pinched again and again.
                let pinch = 1.0 + 0.13 * (share * 75.0 + phase).sin();
                radii.push(0.0175 * pinch * (1.0 - (share * 2.0 - 1.0).abs().powi(12)) + 0.002);
            }
            let clear = |point: &Vec3| {
                organ
                    .iter()
                    .all(|rod| distance_to_rod_m(rod, *point) > 0.022)
            };
            // Where the organ is, the loop passes behind it.
            for point in &mut points {
                if !clear(point) {
                    point.z -= 0.03;
                }
            }
            let mut tube = Shape::sweep(&points, &radii, detail);
            for uv in &mut tube.uvs {
                *uv *= Vec2::new(1.0, 6.0);
            }
            bowel = bowel.and(tube);
        }
        bowel
    }

    /// Signed distance to the opening's edge seen from above, m; negative inside.
    fn distance_to_opening_m(&self, x: f32, y: f32) -> f32 {
        let from_centre =
            (Vec2::new(x, y) - self.opening.center()).abs() - self.opening.half_size();
        from_centre.max(Vec2::ZERO).length() + from_centre.max_element().min(0.0)
    }
}

/// Chest, head and limbs for an abdomen with these corners. Assumed.
fn limbs(least: Vec3, greatest: Vec3) -> Vec<Rod> {
    let middle = (least.x + greatest.x) / 2.0;
    let (foot, head) = (least.y, greatest.y);
    let mut rods = Vec::new();
    let mut rod = |from: [f32; 3], to: [f32; 3], radius: f32| {
        let end = |at: [f32; 3]| {
            Vector3::new(
                f64::from(middle + at[0]),
                f64::from(at[1]),
                f64::from(at[2]),
            )
        };
        rods.push(Rod {
            from_m: end(from),
            to_m: end(to),
            radius_m: f64::from(radius),
        });
    };
    for side in [-1.0, 1.0] {
        rod(
            [side * 0.08, head - 0.08, 0.10],
            [side * 0.09, head + 0.20, 0.09],
            0.115,
        );
        rod(
            [side * 0.17, head + 0.20, 0.07],
            [side * 0.05, head + 0.24, 0.07],
            0.065,
        );
        rod(
            [side * 0.09, foot + 0.10, 0.09],
            [side * 0.10, foot - 0.04, 0.085],
            0.105,
        );
        rod(
            [side * 0.10, foot - 0.04, 0.08],
            [side * 0.11, foot - 0.42, 0.07],
            0.075,
        );
        rod(
            [side * 0.11, foot - 0.42, 0.07],
            [side * 0.12, foot - 0.80, 0.055],
            0.055,
        );
        rod(
            [side * 0.12, foot - 0.82, 0.05],
            [side * 0.14, foot - 0.84, 0.14],
            0.042,
        );
        rod(
            [side * 0.285, head + 0.14, 0.055],
            [side * 0.30, foot + 0.02, 0.045],
            0.045,
        );
    }
    rod([0.0, head + 0.26, 0.08], [0.0, head + 0.34, 0.09], 0.06);
    rod([0.0, head + 0.40, 0.10], [0.0, head + 0.45, 0.10], 0.09);
    rods
}

/// The height of a rod's upper side over a place, m; negative where there is none.
fn rod_top_m(rod: &Rod, x: f32, y: f32) -> f32 {
    let (from, to) = (table_m(&rod.from_m), table_m(&rod.to_m));
    let along = (to - from).truncate();
    let at = Vec2::new(x, y) - from.truncate();
    let share = if along.length_squared() > 0.0 {
        (at.dot(along) / along.length_squared()).clamp(0.0, 1.0)
    } else {
        0.0
    };
    let beside = (at - along * share).length();
    let radius = rod.radius_m as f32;
    let axis = from.z + (to.z - from.z) * share;
    if beside >= radius {
        return -1.0;
    }
    axis + (radius * radius - beside * beside).sqrt()
}

fn distance_to_rod_m(rod: &Rod, at: Vec3) -> f32 {
    let (from, to) = (table_m(&rod.from_m), table_m(&rod.to_m));
    let along = to - from;
    let share = if along.length_squared() > 0.0 {
        ((at - from).dot(along) / along.length_squared()).clamp(0.0, 1.0)
    } else {
        0.0
    };
    at.distance(from + along * share) - rod.radius_m as f32
}

/// The greater of two heights, with a rounded corner of this size between them.
fn smooth_greatest(a: f32, b: f32, round_m: f32) -> f32 {
    let share = (0.5 + 0.5 * (a - b) / round_m).clamp(0.0, 1.0);
    b + (a - b) * share + round_m * share * (1.0 - share)
}

fn spread(from: f32, to: f32, steps: usize) -> Vec<f32> {
    (0..=steps)
        .map(|step| from + (to - from) * step as f32 / steps as f32)
        .collect()
}

/// The same lines, the nearest ones moved onto two given places.
fn snapped(mut lines: Vec<f32>, first: f32, second: f32) -> Vec<f32> {
    for place in [first, second] {
        let nearest = lines
            .iter()
            .enumerate()
            .min_by(|a, b| (a.1 - place).abs().total_cmp(&(b.1 - place).abs()))
            .map(|(index, _)| index);
        if let Some(line) = nearest.and_then(|index| lines.get_mut(index)) {
            *line = place;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::super::tests::operation;
    use super::*;

    fn body() -> Body {
        Body::of(&operation("casablanca_shanghai.ron")).expect("a patient lies there")
    }

    #[test]
    fn the_body_is_as_high_as_the_abdomen_that_arms_can_touch() {
        let body = body();
        for (x, y, expected) in [(0.0, -0.1, 0.25), (0.1, 0.0, 0.25), (-0.1, -0.2, 0.25)] {
            assert!(
                (body.height_m(x, y) - expected).abs() < 0.015,
                "{x} {y}: {}",
                body.height_m(x, y)
            );
        }
        assert_eq!(body.height_m(2.0, 0.0), 0.0);
    }

    #[test]
    fn the_drape_lies_on_the_body_hangs_over_the_table_and_leaves_the_ports_free() {
        let body = body();
        let drape = body.drape(Detail::HIGH);
        let mut hanging = 0;
        for at in &drape.positions {
            assert!(at.is_finite());
            if at.x.abs() < TABLE_HALF_WIDTH_M && at.y > -0.8 && at.y < 0.6 {
                assert!(at.z >= body.height_m(at.x, at.y) - 1e-3, "{at}");
            }
            hanging += usize::from(at.z < -0.2);
        }
        assert!(hanging > 100);
        let open = body.opening.inflate(-0.004);
        for triangle in drape.indices.chunks_exact(3) {
            let middle = triangle
                .iter()
                .map(|&corner| drape.positions[corner as usize])
                .sum::<Vec3>()
                / 3.0;
            assert!(!open.contains(middle.truncate()), "{middle}");
        }
        for arm in &operation("casablanca_shanghai.ron").arms {
            assert!(open.contains(table_m(&arm.base.translation.vector).truncate()));
        }
    }

    #[test]
    fn the_cavity_lies_inside_the_abdomen_and_faces_inwards() {
        let body = body();
        let cavity = body.cavity(Detail::HIGH);
        let centre = (body.abdomen.0 + body.abdomen.1) / 2.0;
        let mut inwards = 0;
        for (at, normal) in cavity.positions.iter().zip(&cavity.normals) {
            assert!(
                at.cmpge(body.abdomen.0).all() && at.cmple(body.abdomen.1).all(),
                "{at}"
            );
            inwards += usize::from(normal.dot(centre - *at) > 0.0);
        }
        assert!(
            inwards * 100 > cavity.positions.len() * 97,
            "{inwards} of {}",
            cavity.positions.len()
        );
    }

    #[test]
    fn the_bowel_keeps_clear_of_the_organ() {
        let organs: Vec<Rod> = operation("casablanca_shanghai.ron")
            .patient
            .tissue
            .iter()
            .map(|lump| lump.rod())
            .collect();
        let bowel = body().bowel(&organs, Detail::HIGH);
        let top = bowel
            .positions
            .iter()
            .map(|at| at.z)
            .fold(f32::MIN, f32::max);
        assert!(top < 0.09, "{top}");
    }
}
