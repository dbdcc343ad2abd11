//! The room about the table: floor, walls, table, lamps, the tower with the endoscope's picture, and the cart that the
//! arms hang from.
//!
//! The cart's place and column are the robot file's; its base, its boom and the set-up links between boom and arms
//! are drawn only (the file gives each arm from its remote centre on). Everything else here is assumed.

use bevy::prelude::*;
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
    let place = |at: [f64; 3]| {
        let local = Vec3::from_array(at.map(|value| value as f32));
        quat(&cart.place.rotation) * local + table_m(&cart.place.translation.vector)
    };
    let mut white = Shape::default();
    let mut grey = Shape::default();
    let mut accent = Shape::default();
    let mut black = Shape::default();
    let mut top = place([0.0, 0.0, 1.5]);
    let mut radius = 0.12;
    for rod in &cart.capsules {
        let (from, to) = (place(rod.from_m), place(rod.to_m));
        radius = rod.radius_m as f32;
        top = if from.z > to.z { from } else { to };
        let low = if from.z > to.z { to } else { from };
        let height = top.z - low.z;
        let column = Shape::rounded_box(
            Vec3::new(radius * 1.7, radius * 1.7, height + radius),
            radius * 0.5,
            detail,
        );
        white = white.and(column.moved((top + low) / 2.0));
        // The telescope in the column's upper part.
        let collar = Shape::rounded_box(
            Vec3::new(radius * 1.8, radius * 1.8, 0.05),
            radius * 0.2,
            detail,
        );
        grey = grey.and(collar.moved(low.lerp(top, 0.62)));
    }
    let foot = Vec3::new(top.x, top.y, floor);
    let middle = holds.iter().sum::<Vec3>() / holds.len().max(1) as f32;
    let ahead = (middle - top).with_z(0.0).normalize_or(Vec3::NEG_Y);
    let side = Vec3::Z.cross(ahead);
    let heading = Quat::from_mat3(&Mat3::from_cols(side, -ahead, Vec3::Z));
    let facing = |shape: Shape, at: Vec3| {
        shape.placed(&Transform::from_rotation(heading).with_translation(at))
    };

    // The base: a low body with four casters, a cover behind the column, a handle to push it.
    white = white.and(facing(
        Shape::rounded_box(Vec3::new(0.78, 0.92, 0.20), 0.085, detail),
        foot + Vec3::Z * 0.17 - ahead * 0.14,
    ));
    white = white.and(facing(
        Shape::rounded_box(Vec3::new(0.52, 0.46, 0.62), 0.10, detail),
        foot + Vec3::Z * 0.5 - ahead * 0.30,
    ));
    accent = accent.and(facing(
        Shape::rounded_box(Vec3::new(0.785, 0.925, 0.022), 0.010, detail),
        foot + Vec3::Z * 0.20 - ahead * 0.14,
    ));
    for (x, y) in [(-0.33, 0.40), (0.33, 0.40), (-0.33, -0.27), (0.33, -0.27)] {
        let at = foot + heading * Vec3::new(x, y + 0.14 - 0.07, 0.05);
        let wheel = Shape::rounded_cylinder(0.05, -0.025, 0.025, 0.012, detail);
        black = black.and(wheel.placed(&along(at, at + side)));
    }
    let grip: Vec<Vec3> = [(-0.2, 0.70), (-0.2, 0.94), (0.2, 0.94), (0.2, 0.70)]
        .map(|(x, z)| foot + heading * Vec3::new(x, 0.44, z))
        .to_vec();
    black = black.and(Shape::sweep(&grip, &[0.016; 4], detail));

    // The boom over the patient, and the plate that the arms hang from.
    let highest = holds.iter().map(|hold| hold.z).fold(f32::MIN, f32::max);
    let boom_z = top.z + radius * 0.6;
    let reach = (middle - top).with_z(0.0).length();
    let plate = top.with_z(boom_z) + ahead * (reach * 0.52).max(radius * 1.3);
    let boom_from = top.with_z(boom_z);
    let boom_length = boom_from.distance(plate);
    white = white.and(facing(
        Shape::rounded_box(
            Vec3::new(radius * 1.5, boom_length + radius * 2.4, 0.17),
            0.07,
            detail,
        ),
        boom_from.lerp(plate, 0.5),
    ));
    let disc = Shape::rounded_cylinder(radius * 1.35, -0.05, 0.03, 0.02, detail);
    let under = plate - Vec3::Z * 0.11;
    let upright = Transform::from_rotation(Quat::from_rotation_x(core::f32::consts::FRAC_PI_2));
    grey = grey.and(disc.placed(&upright.with_translation(under)));

    // Set-up links: out from the plate, then a telescope straight down to the arm's drum.
    for (index, hold) in holds.iter().enumerate() {
        let outwards = (*hold - plate).with_z(0.0);
        let pivot = under + outwards.normalize_or(ahead) * radius * 0.75 - Vec3::Z * 0.03;
        let level = (boom_z - 0.19 - 0.022 * (index % 2) as f32).max(highest + 0.2);
        let (from, to) = (pivot.with_z(level), hold.with_z(level));
        let link = Shape::sweep(
            &[from, from.lerp(to, 0.5) + Vec3::Z * 0.012, to],
            &[0.046, 0.042, 0.040],
            detail,
        );
        white = white.and(link);
        for at in [from, to] {
            let joint = Shape::rounded_cylinder(0.056, -0.055, 0.055, 0.016, detail);
            white = white.and(joint.placed(&upright.with_translation(at)));
            let ring = Shape::rounded_cylinder(0.0575, -0.012, 0.012, 0.003, detail);
            accent = accent.and(ring.placed(&upright.with_translation(at)));
        }
        let outer = Shape::capsule(to, to.lerp(*hold, 0.55), 0.036, detail);
        white = white.and(outer);
        grey = grey.and(Shape::capsule(
            to.lerp(*hold, 0.5),
            *hold + Vec3::Z * 0.02,
            0.028,
            detail,
        ));
        let knuckle = Shape::rounded_cylinder(0.05, -0.045, 0.045, 0.014, detail);
        white = white.and(knuckle.placed(&upright.with_translation(*hold)));
    }
    [
        (Fabric::White, white),
        (Fabric::Grey, grey),
        (Fabric::Accent, accent),
        (Fabric::Black, black),
    ]
    .into_iter()
    .map(|(stuff, shape)| Piece { stuff, shape })
    .collect()
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
