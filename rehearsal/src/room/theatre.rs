//! The room about the table: floor, walls, table, lamps, the tower with the endoscope's picture, and the cart that the
//! arms hang from.
//!
//! The cart's place and column are the robot file's; its base, its boom and the set-up links between boom and arms
//! are drawn only (the file gives each arm from its remote centre on). Everything else here is assumed.

use bevy::prelude::*;
use robot_model::Cart;
use sim::Operation;

use super::arm::{held_at_m, quat};
use super::patient::TABLE_HALF_WIDTH_M;
use super::shape::{Detail, Shape, along};
use super::table_m;

/// A piece of the room that never moves, in the table's frame.
pub struct Piece {
    /// What it is made of.
    pub stuff: Fabric,
    /// Its surface.
    pub shape: Shape,
}

/// What a piece of the room is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fabric {
    /// Floor covering.
    Floor,
    /// Wall paint.
    Wall,
    /// White plastic.
    White,
    /// Grey plastic.
    Grey,
    /// Black plastic or rubber.
    Black,
    /// The robot's one colour.
    Accent,
    /// Steel.
    Steel,
    /// Lit glass.
    Lamp,
}

/// Height of the floor in the table's frame, m: what the cart stands on. Assumed where there is no cart.
pub fn floor_m(operation: &Operation) -> f32 {
    let cart = operation.cart.as_ref();
    let stands = cart.map_or(-0.75, |cart| cart.place.translation.vector.z as f32);
    stands.min(-0.5)
}

/// Where the two lamps hang, m, table's frame; both shine on the abdomen.
pub const LAMPS_M: [Vec3; 2] = [Vec3::new(-1.0, -0.45, 1.36), Vec3::new(1.0, 0.40, 1.48)];

/// What the lamps shine on, m.
pub const LIT_M: Vec3 = Vec3::new(0.0, -0.05, 0.2);

/// Floor and walls.
pub fn walls(floor: f32) -> Vec<Piece> {
    let half = 3.4;
    let ground = Shape::sheet(
        2,
        2,
        |column, row| {
            Vec3::new(
                half * (2.0 * column as f32 - 1.0),
                half * (2.0 * row as f32 - 1.0),
                floor,
            )
        },
        |_, _| None,
        |_, _| false,
    );
    let mut ground = ground;
    for uv in &mut ground.uvs {
        *uv *= 5.0;
    }
    let mut pieces = vec![Piece {
        stuff: Fabric::Floor,
        shape: ground,
    }];
    let up = 3.3;
    // Facing inwards: from outside, the camera looks through them.
    for (turn, _) in [0.0_f32, 1.0, 2.0, 3.0].into_iter().zip(0..) {
        let rotation = Quat::from_rotation_z(turn * core::f32::consts::FRAC_PI_2);
        let sheet = |from: f32, to: f32, distance: f32| {
            Shape::sheet(
                2,
                2,
                |column, row| {
                    Vec3::new(
                        half * (1.0 - 2.0 * column as f32),
                        -distance,
                        floor + if row == 0 { from } else { to },
                    )
                },
                |_, _| None,
                |_, _| false,
            )
            .placed(&Transform::from_rotation(rotation))
        };
        pieces.push(Piece {
            stuff: Fabric::Wall,
            shape: sheet(0.0, up, half),
        });
        pieces.push(Piece {
            stuff: Fabric::Grey,
            shape: sheet(0.0, 0.12, half - 0.01),
        });
        pieces.push(Piece {
            stuff: Fabric::Steel,
            shape: sheet(0.95, 1.07, half - 0.01),
        });
    }
    pieces
}

/// The operating table.
pub fn table(floor: f32, ends_y_m: (f32, f32), detail: Detail) -> Vec<Piece> {
    let (foot, head) = ends_y_m;
    let length = head - foot;
    let middle = Vec3::new(0.0, (head + foot) / 2.0, 0.0);
    let top = Shape::rounded_box(
        Vec3::new(TABLE_HALF_WIDTH_M * 2.0, length, 0.07),
        0.03,
        detail,
    );
    let rails = [-1.0, 1.0].map(|side| {
        Shape::rounded_box(Vec3::new(0.012, length * 0.9, 0.03), 0.004, detail)
            .moved(middle + Vec3::new(side * (TABLE_HALF_WIDTH_M + 0.02), 0.0, -0.06))
    });
    let column = Shape::rounded_box(Vec3::new(0.30, 0.42, -floor - 0.1), 0.05, detail);
    let base = Shape::rounded_box(Vec3::new(0.52, 1.05, 0.13), 0.05, detail);
    let below = Vec3::new(0.0, middle.y - 0.1, 0.0);
    let [left, right] = rails;
    vec![
        Piece {
            stuff: Fabric::Black,
            shape: top.moved(middle - Vec3::Z * 0.035),
        },
        Piece {
            stuff: Fabric::Steel,
            shape: left
                .and(right)
                .and(column.moved(below + Vec3::Z * (floor / 2.0 - 0.03))),
        },
        Piece {
            stuff: Fabric::Grey,
            shape: base.moved(below + Vec3::Z * (floor + 0.075)),
        },
    ]
}

/// The lamps, on arms from the ceiling.
pub fn lamps(floor: f32, detail: Detail) -> Vec<Piece> {
    let ceiling = floor + 3.2;
    let root = Vec3::new(-0.2, -0.9, ceiling);
    let mut arms = Shape::rounded_cylinder(0.07, -0.02, 0.5, 0.02, detail)
        .placed(&along(root, root - Vec3::Z));
    let mut glass = Shape::default();
    let mut shell = Shape::default();
    for lamp in LAMPS_M {
        let down = (LIT_M - lamp).normalize();
        let hinge = lamp - down * 0.10;
        let elbow = Vec3::new(hinge.x - 0.04, hinge.y - 0.10, ceiling - 0.42);
        arms = arms.and(Shape::sweep(
            &[
                root - Vec3::Z * 0.42,
                elbow,
                elbow.lerp(hinge, 0.5) + Vec3::Y * -0.05,
                hinge,
            ],
            &[0.032, 0.032, 0.026, 0.026],
            detail,
        ));
        let place = along(hinge, lamp);
        let dish = Shape::lathe(
            &[
                (0.0, -0.015),
                (0.06, -0.015),
                (0.20, 0.03),
                (0.275, 0.07),
                (0.285, 0.09),
                (0.275, 0.105),
                (0.0, 0.105),
            ],
            Detail {
                sides: detail.sides * 2,
                ..detail
            },
        );
        shell = shell.and(dish.placed(&place));
        for ring in [(0, 1, 0.0), (7, 7, 0.105), (14, 14, 0.205)] {
            let (count, share, radius) = ring;
            for step in 0..count.max(1) {
                let turn = core::f32::consts::TAU * step as f32 / share as f32;
                let at = Vec3::new(radius * turn.cos(), 0.103, radius * turn.sin());
                let pane = Shape::rounded_cylinder(
                    0.033,
                    0.0,
                    0.006,
                    0.003,
                    Detail {
                        sides: detail.sides / 2,
                        ..detail
                    },
                );
                glass = glass.and(pane.moved(at).placed(&place));
            }
        }
    }
    vec![
        Piece {
            stuff: Fabric::White,
            shape: shell.and(arms),
        },
        Piece {
            stuff: Fabric::Lamp,
            shape: glass,
        },
    ]
}

/// Where the tower's screen is: its middle, its face's direction, and its size, m.
pub fn screen(floor: f32) -> (Transform, Vec2) {
    let at = Vec3::new(-1.35, 0.75, floor + 1.45);
    let towards = Vec3::new(0.75, -1.0, 0.0).normalize();
    let right = Vec3::Z.cross(towards);
    let face = Quat::from_mat3(&Mat3::from_cols(right, Vec3::Z, towards));
    (
        Transform::from_translation(at).with_rotation(face),
        Vec2::new(0.72, 0.405),
    )
}

/// The tower that carries the screen and the image processors.
pub fn tower(floor: f32, detail: Detail) -> Vec<Piece> {
    let (face, size) = screen(floor);
    let local = |shape: Shape| shape.placed(&face);
    let frame = Shape::rounded_box(
        Vec3::new(size.x + 0.04, size.y + 0.04, 0.045),
        0.012,
        detail,
    )
    .moved(Vec3::new(0.0, 0.0, -0.026));
    let post = Shape::rounded_box(Vec3::new(0.06, 0.5, 0.05), 0.015, detail)
        .moved(Vec3::new(0.0, -0.34, -0.07));
    let mut boxes = Shape::default();
    let mut fronts = Shape::default();
    for level in 0..4 {
        let height = -0.66 - 0.19 * level as f32;
        boxes = boxes.and(
            Shape::rounded_box(Vec3::new(0.46, 0.15, 0.42), 0.012, detail)
                .moved(Vec3::new(0.0, height, -0.16)),
        );
        fronts = fronts.and(
            Shape::rounded_box(Vec3::new(0.36, 0.07, 0.01), 0.004, detail)
                .moved(Vec3::new(0.0, height, 0.052)),
        );
    }
    let foot = Shape::rounded_box(Vec3::new(0.58, 0.06, 0.56), 0.025, detail)
        .moved(Vec3::new(0.0, -1.38, -0.16));
    let rails = [-1.0, 1.0].map(|side| {
        Shape::rounded_box(Vec3::new(0.03, 0.82, 0.40), 0.012, detail).moved(Vec3::new(
            side * 0.25,
            -0.97,
            -0.16,
        ))
    });
    let [left, right] = rails;
    vec![
        Piece {
            stuff: Fabric::Black,
            shape: local(frame.and(fronts)),
        },
        Piece {
            stuff: Fabric::White,
            shape: local(boxes.and(left).and(right)),
        },
        Piece {
            stuff: Fabric::Grey,
            shape: local(post.and(foot)),
        },
    ]
}

/// The cart, its boom and the set-up links down to the arms.
pub fn cart(operation: &Operation, detail: Detail) -> Vec<Piece> {
    let floor = floor_m(operation);
    let holds: Vec<Vec3> = operation
        .bodies
        .iter()
        .map(|body| {
            let base = &body.arm.base;
            quat(&base.rotation) * held_at_m(body) + table_m(&base.translation.vector)
        })
        .collect();
    let Some(cart) = &operation.cart else {
        return stands(&holds, floor, detail);
    };
    let mut livery = Livery::new(detail);
    let (top, radius) = livery.column(cart);
    let middle = holds.iter().sum::<Vec3>() / holds.len().max(1) as f32;
    let reach_m = (middle - top).with_z(0.0);
    let ahead = reach_m.normalize_or(Vec3::NEG_Y);
    let foot = top.with_z(floor);
    // Under the table there is no room for more than the column.
    let ends = super::patient::Body::of(operation).map(|body| body.ends_y_m);
    if ends.is_none_or(|(from, to)| {
        foot.x.abs() > TABLE_HALF_WIDTH_M + 0.3 || foot.y < from || foot.y > to
    }) {
        livery.base(foot, ahead);
    }
    let highest = holds.iter().map(|hold| hold.z).fold(f32::MIN, f32::max);
    let boom = top + Vec3::Z * radius * 0.6;
    let plate = boom + ahead * (reach_m.length() * 0.52).max(radius * 1.3);
    livery.boom(boom, plate, radius);
    for (index, hold) in holds.iter().enumerate() {
        // Neighbours pass each other at two heights.
        let level = (boom.z - 0.19 - 0.022 * (index % 2) as f32).max(highest + 0.2);
        let outwards = (*hold - plate).with_z(0.0).normalize_or(ahead);
        let pivot = plate + outwards * radius * 0.75;
        livery.set_up_link(pivot.with_z(level), *hold);
    }
    livery.pieces()
}

/// The cart's shapes by what they are made of.
struct Livery {
    detail: Detail,
    white: Shape,
    grey: Shape,
    accent: Shape,
    black: Shape,
}

impl Livery {
    fn new(detail: Detail) -> Self {
        Self {
            detail,
            white: Shape::default(),
            grey: Shape::default(),
            accent: Shape::default(),
            black: Shape::default(),
        }
    }

    fn pieces(self) -> Vec<Piece> {
        let pieces = [
            (Fabric::White, self.white),
            (Fabric::Grey, self.grey),
            (Fabric::Accent, self.accent),
            (Fabric::Black, self.black),
        ];
        let pieces = pieces
            .into_iter()
            .filter(|(_, shape)| !shape.indices.is_empty());
        pieces
            .map(|(stuff, shape)| Piece { stuff, shape })
            .collect()
    }

    /// The columns of the description, each a telescope; returns the top of the last and its radius, m.
    fn column(&mut self, cart: &Cart) -> (Vec3, f32) {
        let place = |at: [f64; 3]| {
            let local = Vec3::from_array(at.map(|value| value as f32));
            quat(&cart.place.rotation) * local + table_m(&cart.place.translation.vector)
        };
        let (mut top, mut radius) = (place([0.0, 0.0, 1.5]), 0.12);
        for rod in &cart.capsules {
            let (from, to) = (place(rod.from_m), place(rod.to_m));
            let (low, high) = if from.z > to.z {
                (to, from)
            } else {
                (from, to)
            };
            (top, radius) = (high, rod.radius_m as f32);
            let size = Vec3::new(radius * 1.7, radius * 1.7, high.z - low.z + radius);
            let column = Shape::rounded_box(size, radius * 0.5, self.detail);
            add(&mut self.white, column.moved((low + high) / 2.0));
            let collar = Vec3::new(radius * 1.8, radius * 1.8, 0.05);
            let collar = Shape::rounded_box(collar, radius * 0.2, self.detail);
            add(&mut self.grey, collar.moved(low.lerp(high, 0.62)));
        }
        (top, radius)
    }

    /// A low body on four casters, a cover behind the column, and a handle to push it.
    fn base(&mut self, foot: Vec3, ahead: Vec3) {
        let detail = self.detail;
        let heading = heading(ahead);
        let put = |size: Vec3, round: f32, at: Vec3| {
            let place = Transform::from_rotation(heading).with_translation(foot + heading * at);
            Shape::rounded_box(size, round, detail).placed(&place)
        };
        add(
            &mut self.white,
            put(
                Vec3::new(0.78, 0.92, 0.20),
                0.085,
                Vec3::new(0.0, 0.14, 0.17),
            ),
        );
        add(
            &mut self.white,
            put(
                Vec3::new(0.52, 0.46, 0.62),
                0.10,
                Vec3::new(0.0, 0.30, 0.50),
            ),
        );
        add(
            &mut self.accent,
            put(
                Vec3::new(0.785, 0.925, 0.022),
                0.010,
                Vec3::new(0.0, 0.14, 0.20),
            ),
        );
        for (x, y) in [(-0.33, 0.47), (0.33, 0.47), (-0.33, -0.20), (0.33, -0.20)] {
            let at = foot + heading * Vec3::new(x, y, 0.05);
            let wheel = Shape::rounded_cylinder(0.05, -0.025, 0.025, 0.012, detail);
            add(
                &mut self.black,
                wheel.placed(&along(at, at + heading * Vec3::X)),
            );
        }
        let grip = [(-0.2, 0.70), (-0.2, 0.94), (0.2, 0.94), (0.2, 0.70)]
            .map(|(x, z)| foot + heading * Vec3::new(x, 0.44, z));
        add(&mut self.black, Shape::sweep(&grip, &[0.016; 4], detail));
    }

    /// The boom over the patient, and the disc that the arms hang from.
    fn boom(&mut self, from: Vec3, plate: Vec3, radius: f32) {
        let length = from.distance(plate);
        let size = Vec3::new(radius * 1.5, length + radius * 2.4, 0.17);
        let place =
            Transform::from_rotation(heading(plate - from)).with_translation(from.lerp(plate, 0.5));
        add(
            &mut self.white,
            Shape::rounded_box(size, 0.07, self.detail).placed(&place),
        );
        let disc = Shape::rounded_cylinder(radius * 1.35, -0.05, 0.03, 0.02, self.detail);
        add(
            &mut self.grey,
            disc.placed(&upright(plate - Vec3::Z * 0.11)),
        );
    }

    /// Out from the disc at the pivot's height, then a telescope straight down to the arm's drum.
    fn set_up_link(&mut self, from: Vec3, hold: Vec3) {
        let detail = self.detail;
        let to = hold.with_z(from.z);
        let bow = from.lerp(to, 0.5) + Vec3::Z * 0.012;
        add(
            &mut self.white,
            Shape::sweep(&[from, bow, to], &[0.046, 0.042, 0.040], detail),
        );
        for at in [from, to] {
            let joint = Shape::rounded_cylinder(0.056, -0.055, 0.055, 0.016, detail);
            add(&mut self.white, joint.placed(&upright(at)));
            let ring = Shape::rounded_cylinder(0.0575, -0.012, 0.012, 0.003, detail);
            add(&mut self.accent, ring.placed(&upright(at)));
        }
        add(
            &mut self.white,
            Shape::capsule(to, to.lerp(hold, 0.55), 0.036, detail),
        );
        let inner = Shape::capsule(to.lerp(hold, 0.5), hold + Vec3::Z * 0.02, 0.028, detail);
        add(&mut self.grey, inner);
        let knuckle = Shape::rounded_cylinder(0.05, -0.045, 0.045, 0.014, detail);
        add(&mut self.white, knuckle.placed(&upright(hold)));
    }
}

fn add(to: &mut Shape, more: Shape) {
    *to = core::mem::take(to).and(more);
}

/// A turn about the vertical that brings −y to a horizontal direction.
fn heading(ahead: Vec3) -> Quat {
    let ahead = ahead.with_z(0.0).normalize_or(Vec3::NEG_Y);
    Quat::from_mat3(&Mat3::from_cols(Vec3::Z.cross(ahead), -ahead, Vec3::Z))
}

/// A place where a shape's y axis points up.
fn upright(at: Vec3) -> Transform {
    Transform::from_translation(at)
        .with_rotation(Quat::from_rotation_x(core::f32::consts::FRAC_PI_2))
}

/// Without a cart in the description: a post from the floor beside the table for each arm.
fn stands(holds: &[Vec3], floor: f32, detail: Detail) -> Vec<Piece> {
    let mut posts = Shape::default();
    for hold in holds {
        let beside = Vec3::new(hold.x.signum() * (TABLE_HALF_WIDTH_M + 0.28), hold.y, floor);
        let top = beside.with_z(hold.z + 0.05);
        posts = posts
            .and(
                Shape::rounded_cylinder(0.2, 0.0, 0.05, 0.02, detail)
                    .placed(&along(beside, beside + Vec3::Z)),
            )
            .and(Shape::sweep(
                &[beside, top, *hold],
                &[0.045, 0.045, 0.035],
                detail,
            ));
    }
    vec![Piece {
        stuff: Fabric::Grey,
        shape: posts,
    }]
}
