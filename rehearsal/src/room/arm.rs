//! The arms: a housing on the yaw axis, a parallelogram that keeps the remote centre still, a rail with a carriage,
//! and the instrument or endoscope on it. Sizes come from the robot's description: its rods, its rows, its jaw.
//!
//! The parallelogram's bars, the carriage's bridge to the rail and the trocar are drawn only: the description has no rods
//! for them. An arm on two arcs (Raven II) has arcs instead, of an assumed radius.

use bevy::prelude::*;
use nalgebra::{Isometry3, Translation3, UnitQuaternion, Vector3};
use robot_model::{ArmKind, Capsule, Pose};
use sim::plant::ArmModel;
use sim::scenario::ArmLook;

use super::shape::{Detail, Shape, along};
use super::table_m;
use crate::scene::ArmFrame;

/// Radius of the arcs of a spherical arm, m. Assumed.
const ARC_RADIUS_M: f32 = 0.34;

/// What a part of an arm is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stuff {
    /// White plastic.
    White,
    /// Grey plastic.
    Grey,
    /// Black rubber.
    Black,
    /// The robot's one colour.
    Accent,
    /// Steel.
    Steel,
    /// The coating of a shaft.
    Shaft,
    /// A lit lens.
    Lamp,
}

/// What a part moves with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Anchor {
    /// The remote-centre frame, which stands still.
    Base,
    /// A link.
    Link(usize),
    /// A bar from a place on the yaw axis (z in the yaw link's frame, m), which turns as the pitch link does.
    LowerBar(f64),
    /// A bar from the end of a lower bar (its place on the yaw axis and its length along the shaft, m), which turns as
    /// the yaw link does.
    UpperBar(f64, [f64; 3]),
    /// A finger of the jaw: turned from the wrist by half of the jaw's angle, to this side.
    Finger(f64),
}

/// A rigid part of an arm.
#[derive(Clone, Debug)]
pub struct ArmPart {
    /// What it moves with; its shape is in that frame.
    pub anchor: Anchor,
    /// What it is made of.
    pub stuff: Stuff,
    /// Its surface.
    pub shape: Shape,
    /// Whether it is inside the body or reaches into it: what the endoscope and the ghosts show.
    pub distal: bool,
}

impl Anchor {
    /// Where the part is, in the table's frame; `base` is the arm's remote-centre frame.
    pub fn pose(self, base: &Pose, frame: &ArmFrame) -> Pose {
        let link = |index: usize| frame.links[index.min(frame.links.len() - 1)];
        let on_axis = |z: f64| {
            link(0)
                .transform_point(&Vector3::new(0.0, 0.0, z).into())
                .coords
        };
        let placed = |at: Vector3<f64>, rotation: UnitQuaternion<f64>| {
            Isometry3::from_parts(Translation3::from(at), rotation)
        };
        match self {
            Self::Base => *base,
            Self::Link(index) => link(index),
            Self::LowerBar(z) => placed(on_axis(z), link(1).rotation),
            Self::UpperBar(z, up) => {
                let end = on_axis(z) + link(1).rotation * Vector3::from(up);
                placed(end, link(0).rotation)
            }
            Self::Finger(side) => {
                let turn =
                    UnitQuaternion::from_axis_angle(&Vector3::z_axis(), side * frame.jaw_rad / 2.0);
                let wrist = link(5);
                placed(wrist.translation.vector, wrist.rotation * turn)
            }
        }
    }
}

/// All parts of an arm.
pub fn parts(body: &ArmModel, look: &ArmLook, detail: Detail) -> Vec<ArmPart> {
    let mut workshop = Workshop {
        body,
        home: home_links(body),
        detail,
        parts: Vec::new(),
    };
    if let (Some(yaw), Some(pitch)) = (workshop.rod(0), workshop.rod(1)) {
        workshop.parallelogram(&yaw, &pitch);
    } else {
        workshop.arcs();
    }
    workshop.trocar();
    workshop.carriage();
    match body.arm.kind {
        ArmKind::Endoscope => workshop.endoscope(),
        ArmKind::Instrument | ArmKind::SphericalInstrument => workshop.instrument(look),
    }
    workshop.parts
}

/// Where the arm's set-up link holds it, in its remote-centre frame, m: the outer end of the housing on the yaw axis.
pub fn held_at_m(body: &ArmModel) -> Vec3 {
    let frames = home_links(body);
    let end = match rod_of(body, 0) {
        Some(yaw) => {
            let (from, to) = (f32s(yaw.from_m), f32s(yaw.to_m));
            let end = if from.length() > to.length() {
                from
            } else {
                to
            };
            end + end.normalize_or_zero() * (yaw.radius_m as f32 + 0.02)
        }
        None => outward_axis(body, &frames[0]) * ARC_RADIUS_M,
    };
    at(&frames[0], end)
}

struct Workshop<'a> {
    body: &'a ArmModel,
    /// The links in the remote-centre frame, at home.
    home: [Pose; 7],
    detail: Detail,
    parts: Vec<ArmPart>,
}

impl Workshop<'_> {
    fn rod(&self, joint: usize) -> Option<Capsule> {
        rod_of(self.body, joint)
    }

    fn add(&mut self, anchor: Anchor, stuff: Stuff, shape: Shape) {
        self.parts.push(ArmPart {
            anchor,
            stuff,
            shape,
            distal: false,
        });
    }

    fn add_distal(&mut self, anchor: Anchor, stuff: Stuff, shape: Shape) {
        self.parts.push(ArmPart {
            anchor,
            stuff,
            shape,
            distal: true,
        });
    }

    /// Outwards along the shaft, in the pitch link's frame.
    fn outwards(&self) -> Vec3 {
        let wrist = table_m(&self.home[3].translation.vector);
        let out = -wrist.normalize_or(Vec3::NEG_Z);
        turned_back(&self.home[1], out)
    }

    fn parallelogram(&mut self, yaw: &Capsule, pitch: &Capsule) {
        let detail = self.detail;
        let radius = yaw.radius_m as f32;
        let (near, far) = {
            let (a, b) = (f32s(yaw.from_m).z, f32s(yaw.to_m).z);
            if a.abs() < b.abs() { (a, b) } else { (b, a) }
        };
        let side = far.signum();
        let lengthwise = Quat::from_rotation_arc(Vec3::Y, Vec3::Z * side);
        let turned = |shape: Shape| shape.placed(&Transform::from_rotation(lengthwise));
        let (near, far) = (near.abs(), far.abs());

        // The housing, with a seam and a dark cap towards the patient.
        let housing = Shape::rounded_cylinder(
            radius * 1.12,
            near + 0.03,
            far + radius * 0.6,
            0.016,
            detail,
        );
        self.add(Anchor::Link(0), Stuff::White, turned(housing));
        let cap = Shape::rounded_cylinder(
            radius * 0.92,
            near - radius * 0.6,
            near + 0.05,
            0.012,
            detail,
        );
        self.add(Anchor::Link(0), Stuff::Grey, turned(cap));
        let seam = Shape::rounded_cylinder(radius * 1.15, far - 0.035, far - 0.022, 0.003, detail);
        self.add(Anchor::Link(0), Stuff::Accent, turned(seam));
        // What holds it: a drum that stands still.
        let hold = held_at_m(self.body);
        let away = (hold - Vec3::ZERO).normalize_or(Vec3::Y);
        let drum = Shape::rounded_cylinder(radius * 1.35, -0.03, 0.045, 0.012, detail);
        self.add(
            Anchor::Base,
            Stuff::Grey,
            drum.placed(&along(hold, hold + away)),
        );

        // The bars.
        let axis = f64::from(side * (near + far) / 2.0);
        let out = self.outwards();
        let rail_from = f32s(pitch.from_m);
        let rail_to = f32s(pitch.to_m);
        let (low, high) = ordered(rail_from.dot(out), rail_to.dot(out));
        let off_shaft = rail_from - out * rail_from.dot(out);
        let bar_top = low + 0.76 * (high - low);
        let bar_low = low + 0.27 * (high - low);
        let pitch_axis = Vec3::Z;
        let cross = |shape: Shape| {
            shape.placed(&Transform::from_rotation(Quat::from_rotation_arc(
                Vec3::Y,
                pitch_axis,
            )))
        };
        let up = Quat::from_mat3(&Mat3::from_cols(
            pitch_axis.cross(out) * -1.0,
            out,
            pitch_axis,
        ));
        let upright = |size: Vec3, middle: Vec3, round: f32| {
            Shape::rounded_box(size, round, detail)
                .placed(&Transform::from_rotation(up).with_translation(middle))
        };
        let bar_width = radius * 1.5;
        let bar = upright(
            Vec3::new(radius * 1.35, bar_top + radius * 1.5, bar_width),
            out * bar_top / 2.0,
            radius * 0.5,
        );
        self.add(Anchor::LowerBar(axis), Stuff::White, bar);
        let inset = upright(
            Vec3::new(radius * 0.75, bar_top * 0.6, bar_width + 0.004),
            out * bar_top * 0.5,
            0.006,
        );
        self.add(Anchor::LowerBar(axis), Stuff::Grey, inset);
        let hub = cross(Shape::rounded_cylinder(
            radius * 1.05,
            -radius * 1.15,
            radius * 1.15,
            0.007,
            detail,
        ));
        self.add(Anchor::LowerBar(axis), Stuff::Grey, hub.clone());
        let reach = axis.abs() as f32 - off_shaft.length();
        let cross_axis = turned_back(&self.home[0], turned_out(&self.home[1], pitch_axis));
        for height in [bar_low, bar_top] {
            let along_shaft = (out * height).as_dvec3().to_array();
            let anchor = Anchor::UpperBar(axis, along_shaft);
            let towards = Vec3::Z * -side;
            let frame = Quat::from_mat3(&Mat3::from_cols(
                cross_axis.cross(towards) * -1.0,
                towards,
                cross_axis,
            ));
            // Straddles the upright bar and the rail.
            for offset in [-1.0, 1.0] {
                let middle =
                    towards * reach / 2.0 + cross_axis * offset * (bar_width / 2.0 + 0.007);
                let strut =
                    Shape::rounded_box(Vec3::new(0.034, reach + 0.034, 0.012), 0.0055, detail);
                let place = Transform::from_rotation(frame).with_translation(middle);
                self.add(anchor, Stuff::White, strut.placed(&place));
            }
            for end in [0.0, reach] {
                let pin = Shape::rounded_cylinder(
                    0.011,
                    -bar_width / 2.0 - 0.016,
                    bar_width / 2.0 + 0.016,
                    0.003,
                    detail,
                );
                let place = Transform::from_rotation(Quat::from_rotation_arc(Vec3::Y, cross_axis))
                    .with_translation(towards * end);
                self.add(anchor, Stuff::Grey, pin.placed(&place));
            }
        }

        // The rail, with the slot that the carriage runs in, and the holder of the trocar.
        let rail_width = radius * 1.3;
        let rail = upright(
            Vec3::new(radius * 1.5, high - low + radius * 1.6, rail_width),
            off_shaft + out * (low + high) / 2.0,
            radius * 0.38,
        );
        self.add(Anchor::Link(1), Stuff::White, rail);
        let inwards = -off_shaft.normalize_or(Vec3::X);
        let slot = upright(
            Vec3::new(0.004, high - low + radius * 0.4, rail_width * 0.5),
            off_shaft + inwards * radius * 0.75 + out * (low + high) / 2.0,
            0.0015,
        );
        self.add(Anchor::Link(1), Stuff::Black, slot);
        let holder = Shape::sweep(
            &[
                off_shaft + out * (low - radius * 0.2),
                off_shaft * 0.72 + out * (low * 0.9),
                off_shaft * 0.22 + out * 0.052,
                off_shaft * 0.08 + out * 0.05,
            ],
            &[radius * 0.50, radius * 0.44, 0.0115, 0.010],
            detail,
        );
        self.add(Anchor::Link(1), Stuff::White, holder);
    }

    /// Two curved bars about the remote centre.
    fn arcs(&mut self) {
        let detail = self.detail;
        let first = outward_axis(self.body, &self.home[0]);
        let second = outward_axis(self.body, &self.home[1]);
        let shaft = self.outwards();
        let second_in_first = turned_back(&self.home[0], turned_out(&self.home[1], second));
        for (link, from, to, radius, thick) in [
            (0, first, second_in_first, ARC_RADIUS_M, 0.026),
            (1, second, shaft, ARC_RADIUS_M * 0.86, 0.021),
        ] {
            let turn = Quat::from_rotation_arc(from, to);
            let points: Vec<Vec3> = (0..=24)
                .map(|step| Quat::IDENTITY.slerp(turn, step as f32 / 24.0) * from * radius)
                .collect();
            let bar = Shape::sweep(&points, &vec![thick; points.len()], detail);
            self.add(
                Anchor::Link(link),
                if link == 0 { Stuff::Grey } else { Stuff::White },
                bar,
            );
            let hub = Shape::rounded_cylinder(thick * 1.6, -0.04, 0.04, 0.008, detail);
            self.add(
                Anchor::Link(link),
                Stuff::Accent,
                hub.placed(&along(from * radius, from * radius * 2.0)),
            );
        }
    }

    /// A steel tube through the wall, with a funnel outside.
    fn trocar(&mut self) {
        let out = self.outwards();
        let bore = self.rod(3).map_or(0.004, |rod| rod.radius_m as f32);
        let (inner, outer) = (bore + 0.0012, bore + 0.0026);
        let place = along(Vec3::ZERO, out);
        let tube = Shape::lathe(
            &[
                (inner, -0.028),
                (outer, -0.024),
                (outer, 0.030),
                (outer + 0.006, 0.040),
                (outer + 0.010, 0.046),
                (outer + 0.010, 0.062),
                (outer + 0.006, 0.066),
                (inner + 0.002, 0.066),
                (inner, 0.060),
                (inner, -0.028),
            ],
            self.detail,
        );
        self.add_distal(Anchor::Link(1), Stuff::Steel, tube.placed(&place));
        let seal = Shape::lathe(
            &[
                (inner + 0.001, 0.058),
                (outer + 0.0105, 0.050),
                (outer + 0.0105, 0.056),
                (inner + 0.001, 0.067),
                (inner + 0.001, 0.058),
            ],
            self.detail,
        );
        self.add(Anchor::Link(1), Stuff::Black, seal.placed(&place));
    }

    /// What slides on the rail and turns the instrument.
    fn carriage(&mut self) {
        let detail = self.detail;
        let shaft = self.shaft();
        // In the frame of the insertion link: where the shaft begins, and the way to the rail.
        let ahead = self.across_links(3, 2, shaft.1) - self.across_links(3, 2, shaft.0);
        let ahead = ahead.normalize_or(Vec3::Z);
        let start = self.across_links(3, 2, shaft.0);
        let (centre, radius) = match self.rod(2) {
            Some(rod) => (
                (f32s(rod.from_m) + f32s(rod.to_m)) / 2.0,
                rod.radius_m as f32,
            ),
            None => (start, 0.028),
        };
        let rail = self
            .rod(1)
            .map(|rod| self.across_links(1, 2, f32s(rod.from_m)));
        let to_rail = rail.map_or(Vec3::ZERO, |rail| {
            let from = rail - centre;
            from - ahead * from.dot(ahead)
        });
        let aside = to_rail.normalize_or(ahead.any_orthonormal_vector());
        let frame = Quat::from_mat3(&Mat3::from_cols(aside, -ahead, aside.cross(-ahead)));
        let place = |middle: Vec3| Transform::from_rotation(frame).with_translation(middle);
        let body = Shape::rounded_box(
            Vec3::new(radius * 1.9, radius * 3.3, radius * 1.9),
            radius * 0.45,
            detail,
        );
        self.add(Anchor::Link(2), Stuff::White, body.placed(&place(centre)));
        let band = Shape::rounded_box(
            Vec3::new(radius * 1.94, radius * 0.35, radius * 1.94),
            radius * 0.1,
            detail,
        );
        self.add(
            Anchor::Link(2),
            Stuff::Accent,
            band.placed(&place(centre + ahead * radius * 1.05)),
        );
        if rail.is_some() {
            let length = to_rail.length() - radius * 0.2;
            let bridge = Shape::rounded_box(
                Vec3::new(length, radius * 1.9, radius * 1.15),
                radius * 0.3,
                detail,
            );
            self.add(
                Anchor::Link(2),
                Stuff::Grey,
                bridge.placed(&place(centre + aside * (length / 2.0 + radius * 0.4))),
            );
        }
        // The back of the instrument on top, with two release buttons; of an endoscope, its camera head and cable.
        let top = centre - ahead * radius * 1.75;
        if self.body.arm.kind.has_jaw() {
            let back = Shape::rounded_box(
                Vec3::new(radius * 1.5, radius * 1.1, radius * 1.45),
                radius * 0.35,
                detail,
            );
            self.add(Anchor::Link(2), Stuff::Grey, back.placed(&place(top)));
            for side in [-1.0, 1.0] {
                let button =
                    Shape::rounded_cylinder(radius * 0.24, 0.0, radius * 0.2, 0.002, detail);
                let across = aside.cross(-ahead) * side;
                let from = top + across * radius * 0.68;
                self.add(
                    Anchor::Link(2),
                    Stuff::Accent,
                    button.placed(&along(from, from + across)),
                );
            }
        } else {
            let head =
                Shape::rounded_cylinder(radius * 0.78, 0.0, radius * 2.5, radius * 0.3, detail);
            self.add(
                Anchor::Link(2),
                Stuff::Grey,
                head.placed(&along(top, top - ahead)),
            );
            let root = top - ahead * radius * 2.4;
            let cable: Vec<Vec3> = (0..=14)
                .map(|step| {
                    let share = step as f32 / 14.0;
                    let turn = share * core::f32::consts::PI;
                    root - ahead * 0.055 * turn.sin()
                        + aside * 0.06 * (1.0 - turn.cos())
                        + ahead * 0.10 * share * share
                })
                .collect();
            self.add(
                Anchor::Link(2),
                Stuff::Black,
                Shape::sweep(&cable, &vec![0.0045; cable.len()], detail),
            );
        }
    }

    fn instrument(&mut self, look: &ArmLook) {
        let detail = self.detail;
        let (start, end) = self.shaft();
        let radius = self.rod(3).map_or(0.004, |rod| rod.radius_m as f32);
        let length = start.distance(end);
        let place = along(start, end);
        let collar = 0.014_f32.min(length / 4.0);
        let tube = Shape::rounded_cylinder(radius, 0.0, length - collar, 0.0004, detail);
        self.add_distal(Anchor::Link(3), Stuff::Shaft, tube.placed(&place));
        let clevis = Shape::lathe(
            &[
                (0.0, length - collar),
                (radius * 1.04, length - collar),
                (radius * 1.04, length - collar * 0.35),
                (radius * 0.86, length),
                (0.0, length),
            ],
            detail,
        );
        self.add_distal(Anchor::Link(3), Stuff::Steel, clevis.placed(&place));

        // The wrist: two crossed pins with a fork between them.
        let about_z = |shape: Shape| {
            shape.placed(&Transform::from_rotation(Quat::from_rotation_arc(
                Vec3::Y,
                Vec3::Z,
            )))
        };
        let pin = |radius: f32, half: f32| {
            about_z(Shape::rounded_cylinder(radius, -half, half, 0.0004, detail))
        };
        self.add_distal(
            Anchor::Link(4),
            Stuff::Steel,
            pin(radius * 0.8, radius * 1.02),
        );
        self.add_distal(
            Anchor::Link(5),
            Stuff::Steel,
            pin(radius * 0.72, radius * 0.98),
        );
        if let Some(wrist) = self.rod(4) {
            let (from, to) = (f32s(wrist.from_m), f32s(wrist.to_m));
            let fork = Shape::rounded_box(
                Vec3::new(radius * 1.25, from.distance(to), radius * 1.55),
                radius * 0.4,
                detail,
            );
            let fork = fork.moved(Vec3::Y * from.distance(to) / 2.0);
            self.add_distal(Anchor::Link(4), Stuff::Steel, fork.placed(&along(from, to)));
        }

        let jaw = self.rod(6);
        let ahead = jaw.map_or(Vec3::Y, |jaw| {
            (f32s(jaw.to_m) - f32s(jaw.from_m)).normalize_or(Vec3::Y)
        });
        let reach = look
            .jaw_length_m
            .map(|length| length as f32)
            .or_else(|| jaw.map(|jaw| f32s(jaw.from_m).distance(f32s(jaw.to_m))))
            .unwrap_or(0.01);
        let thick = jaw.map_or(0.0025, |jaw| jaw.radius_m as f32);
        for side in [-1.0, 1.0] {
            // A finger that turns to +z lies on the side of −x.
            let mut finger = Shape::rounded_box(
                Vec3::new(thick * 0.95, reach, thick * 1.6),
                thick * 0.28,
                detail,
            )
            .moved(Vec3::new(-side * thick * 0.5, reach / 2.0, 0.0));
            for at in &mut finger.positions {
                let narrow = 1.0 - 0.42 * (at.y / reach).clamp(0.0, 1.0);
                at.x *= narrow;
                at.z *= narrow;
            }
            let turn = Quat::from_rotation_arc(Vec3::Y, ahead);
            let finger = finger.placed(&Transform::from_rotation(turn));
            self.add_distal(Anchor::Finger(f64::from(side)), Stuff::Steel, finger);
        }
    }

    fn endoscope(&mut self) {
        let detail = self.detail;
        let (start, end) = self.shaft();
        let radius = self.rod(3).map_or(0.006, |rod| rod.radius_m as f32);
        let length = start.distance(end);
        let place = along(start, end);
        let tube = Shape::rounded_cylinder(radius, 0.0, length - 0.012, 0.0006, detail);
        self.add_distal(Anchor::Link(3), Stuff::Steel, tube.placed(&place));
        let tip = Shape::rounded_cylinder(radius * 1.02, length - 0.014, length, 0.0012, detail);
        self.add_distal(Anchor::Link(3), Stuff::Black, tip.placed(&place));
        let lens = Shape::rounded_cylinder(
            radius * 0.55,
            length - 0.002,
            length + 0.0006,
            0.0004,
            detail,
        );
        self.add_distal(Anchor::Link(3), Stuff::Lamp, lens.placed(&place));
    }

    /// Both ends of the shaft in the roll link's frame: outside, then inside the body.
    fn shaft(&self) -> (Vec3, Vec3) {
        let depth = table_m(&self.home[3].translation.vector).length();
        let wrist = Vec3::ZERO;
        match self.rod(3) {
            Some(rod) => {
                let (a, b) = (f32s(rod.from_m), f32s(rod.to_m));
                if a.distance(wrist) > b.distance(wrist) {
                    (a, b)
                } else {
                    (b, a)
                }
            }
            None => {
                let out = turned_back(&self.home[3], turned_out(&self.home[1], self.outwards()));
                (out * (depth + 0.3), wrist)
            }
        }
    }

    /// A point of one link's frame in another link's, at home.
    fn across_links(&self, from: usize, to: usize, point: Vec3) -> Vec3 {
        let between = self.home[to].inverse() * self.home[from];
        at(&between, point)
    }
}

fn rod_of(body: &ArmModel, joint: usize) -> Option<Capsule> {
    body.capsules
        .iter()
        .find(|rod| rod.joint == Some(joint))
        .copied()
}

fn home_links(body: &ArmModel) -> [Pose; 7] {
    body.arm
        .link_frames(&body.arm.home)
        .map(|frame| frame.pose())
}

/// The end of a joint's axis that leads up from the table, in the link's frame.
fn outward_axis(body: &ArmModel, link: &Pose) -> Vec3 {
    let up = quat(&body.arm.base.rotation) * turned_out(link, Vec3::Z);
    if up.z < 0.0 { Vec3::NEG_Z } else { Vec3::Z }
}

fn turned_out(pose: &Pose, direction: Vec3) -> Vec3 {
    quat(&pose.rotation) * direction
}

fn turned_back(pose: &Pose, direction: Vec3) -> Vec3 {
    quat(&pose.rotation).inverse() * direction
}

fn at(pose: &Pose, point: Vec3) -> Vec3 {
    quat(&pose.rotation) * point + table_m(&pose.translation.vector)
}

/// A rotation as the renderer writes it.
pub fn quat(rotation: &UnitQuaternion<f64>) -> Quat {
    let [x, y, z, w] = [rotation.i, rotation.j, rotation.k, rotation.w].map(|value| value as f32);
    Quat::from_xyzw(x, y, z, w).normalize()
}

fn f32s(at: [f64; 3]) -> Vec3 {
    Vec3::from_array(at.map(|value| value as f32))
}

fn ordered(a: f32, b: f32) -> (f32, f32) {
    if a < b { (a, b) } else { (b, a) }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{at_home, operation, with_robot};
    use super::*;
    use sim::Operation;

    fn robots() -> Vec<(&'static str, Operation)> {
        let placed = |name: &str, tilt: &str| {
            format!("(arm: \"{name}\", remote_centre_m: (0, 0, 0.25), tilt_deg: {tilt}),")
        };
        vec![
            ("toumai", operation("casablanca_shanghai.ron")),
            (
                "dvrk",
                with_robot("dvrk_classic.ron", &placed("psm1", "(0, 0, 0)")),
            ),
            (
                "raven",
                with_robot("raven2.ron", &placed("left", "(105, -55, 0)")),
            ),
        ]
    }

    #[test]
    fn every_arm_of_every_robot_has_parts_that_are_finite_and_of_its_size() {
        for (name, operation) in robots() {
            for (body, look) in operation.bodies.iter().zip(&operation.looks) {
                let parts = parts(body, look, Detail::REDUCED);
                assert!(parts.len() > 10, "{name}: {}", parts.len());
                for part in &parts {
                    assert!(
                        part.shape
                            .positions
                            .iter()
                            .all(|at| at.is_finite() && at.length() < 0.9),
                        "{name}"
                    );
                    assert!(
                        part.shape
                            .normals
                            .iter()
                            .all(|normal| normal.is_normalized()),
                        "{name} {:?}",
                        part.anchor
                    );
                    assert!(!part.shape.indices.is_empty(), "{name}");
                }
                assert!(held_at_m(body).is_finite());
            }
        }
    }

    #[test]
    fn the_shaft_runs_through_the_remote_centre_and_ends_at_the_wrist() {
        for (name, operation) in robots() {
            let frame = at_home(&operation);
            for ((body, look), arm) in operation
                .bodies
                .iter()
                .zip(&operation.looks)
                .zip(&frame.arms)
            {
                let parts = parts(body, look, Detail::HIGH);
                let shaft = parts
                    .iter()
                    .find(|part| part.anchor == Anchor::Link(3) && part.distal)
                    .expect("it has a shaft");
                let pose = shaft.anchor.pose(&body.arm.base, arm);
                let radius = rod_of(body, 3).expect("a rod").radius_m as f32;
                let centre = table_m(&body.arm.base.translation.vector);
                let points: Vec<Vec3> = shaft
                    .shape
                    .positions
                    .iter()
                    .map(|local| at(&pose, *local))
                    .collect();
                // The tube's axis passes through the remote centre: seen from there, its ends are opposite.
                let (low, high) = (
                    points
                        .iter()
                        .copied()
                        .min_by(|a, b| a.z.total_cmp(&b.z))
                        .unwrap(),
                    points
                        .iter()
                        .copied()
                        .max_by(|a, b| a.z.total_cmp(&b.z))
                        .unwrap(),
                );
                let along = (high - low).normalize();
                let beside = ((centre - low) - along * (centre - low).dot(along)).length();
                assert!(beside < 2.5 * radius, "{name}: {beside}");
                assert!(low.z < centre.z && high.z > centre.z, "{name}");
                let wrist = table_m(&arm.links[3].translation.vector);
                assert!(low.distance(wrist) < 0.03, "{name}: {low} {wrist}");
            }
        }
    }

    #[test]
    fn the_fingers_part_by_the_angle_of_the_jaw() {
        let operation = operation("casablanca_shanghai.ron");
        let mut arm = at_home(&operation).arms[0].clone();
        let reach = Vector3::new(0.0, 0.0095, 0.0);
        for jaw_rad in [0.0, 0.3, 1.0] {
            arm.jaw_rad = jaw_rad;
            let base = &operation.arms[0].base;
            let ends =
                [-1.0, 1.0].map(|side| Anchor::Finger(side).pose(base, &arm).rotation * reach);
            assert!((ends[0].angle(&ends[1]) - jaw_rad).abs() < 1e-6);
        }
    }

    #[test]
    fn the_bars_of_the_parallelogram_turn_with_the_pitch_and_with_the_yaw_alone() {
        let operation = operation("casablanca_shanghai.ron");
        let arm = operation.arms[0];
        let mut moved = arm.home;
        moved[1] += 0.3;
        let (home, pitched) = (at_home(&operation).arms[0].clone(), {
            let mut operation = operation.clone();
            operation.arms[0].home = moved;
            at_home(&operation).arms[0].clone()
        });
        let lower = Anchor::LowerBar(-0.32);
        let upper = Anchor::UpperBar(-0.32, [0.0, 0.3, 0.0]);
        let turned = |anchor: Anchor| {
            let (before, after) = (
                anchor.pose(&arm.base, &home),
                anchor.pose(&arm.base, &pitched),
            );
            before.rotation.angle_to(&after.rotation)
        };
        assert!((turned(lower) - 0.3).abs() < 1e-6);
        assert!(turned(upper) < 1e-6);
    }
}
