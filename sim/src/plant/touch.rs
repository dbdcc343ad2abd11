//! Distances, and the forces that come of them: tips on tissue, arms on arms, arms on the patient, and the
//! base of an arm giving way under all of it.
//!
//! Both engines get the same forces, so what is touched does not depend on the engine. A force acts in the
//! tick after the one in which its depth was found.
//!
//! **Outside and inside.** A shaft is split at its remote centre. What is outside of one arm (links,
//! carriage, outer shaft) has a clearance to what is outside of another arm and to the patient's outside:
//! requirement R15. What is inside may touch, as instruments in surgery do; it collides, but has no
//! clearance to keep. The outer shaft has none to the patient, through whom it passes.
//!
//! **Base compliance.** An arm's base gives way under the forces on the arm and under what accelerates its
//! links, and the abdominal wall helps to hold it: it goes towards force / (base + wall) as a spring with a
//! damper does, so that a blow of a millisecond moves it by its impulse only. Gravity's share is left out: the remote centre was set with the arm in place.

use nalgebra::Vector3;
use robot_model::dynamics::Wrench;
use robot_model::{JointVector, MAX_JOINTS, Rod};

use super::DrivenArm;
use super::nearness::{LinkRod, Nearest, Nearness, nearest};
use super::patient::{Compliance, PatientSettings, within};

/// How arms give way: stiffness of each arm's base at the remote centre, and how arm meets arm.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ComplianceSettings {
    /// Stiffness of cart and set-up joints at the remote centre, N/m. Assumed.
    pub base_stiffness_n_m: f64,
    /// Time in which the base gives way to 63 % of what a steady force moves it, ms. Assumed.
    pub base_lag_ms: f64,
    /// What arms that run into each other feel. Assumed.
    pub arms: Compliance,
}

impl Default for ComplianceSettings {
    fn default() -> Self {
        Self {
            base_stiffness_n_m: 50_000.0,
            base_lag_ms: 10.0,
            arms: Compliance {
                stiffness_n_m: 10_000.0,
                dissipation_s_m: 5.0,
            },
        }
    }
}

impl ComplianceSettings {
    pub(super) fn check(&self) -> Result<(), String> {
        within(
            "plant.compliance.base_stiffness_n_m",
            self.base_stiffness_n_m,
            1_000.0,
            1e9,
        )?;
        within(
            "plant.compliance.base_lag_ms",
            self.base_lag_ms,
            0.0,
            1_000.0,
        )?;
        within(
            "plant.compliance.arms.stiffness_n_m",
            self.arms.stiffness_n_m,
            0.0,
            super::patient::MAX_STIFFNESS_N_M,
        )?;
        within(
            "plant.compliance.arms.dissipation_s_m",
            self.arms.dissipation_s_m,
            0.0,
            100.0,
        )
    }
}

/// What one arm touches, and how near it is to what it must not touch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Touch {
    /// How far the remote centre is from the trocar's place, m, in the table's frame.
    pub remote_centre_deviation_m: Vector3<f64>,
    /// What that puts on the abdominal wall, N.
    pub trocar_force_n: f64,
    /// What the tip puts on soft tissue, N.
    pub tip_force_n: f64,
    /// From the arm's outside to the nearest outside of another arm, of the patient or the table, m;
    /// negative where they overlap, infinite where there is neither.
    pub clearance_m: f64,
}

impl Touch {
    const NONE: Self = Self {
        remote_centre_deviation_m: Vector3::new(0.0, 0.0, 0.0),
        trocar_force_n: 0.0,
        tip_force_n: 0.0,
        clearance_m: f64::INFINITY,
    };
}

/// The world that arms touch, and what each touched last.
#[derive(Clone)]
pub(super) struct Touching {
    compliance: ComplianceSettings,
    patient: Option<Patient>,
    shapes: Vec<Shape>,
    touches: Vec<Touch>,
    wrenches: Vec<[Wrench; MAX_JOINTS]>,
    /// Each pair of arms, by first and second.
    meetings: Vec<Meeting>,
}

/// Two arms, and where they came nearest in the last tick.
#[derive(Clone, Default)]
struct Meeting {
    outside: Nearness,
    inside: Nearness,
    /// Depth of the deepest overlap, m.
    depth_m: f64,
}

#[derive(Clone)]
struct Patient {
    abdomen: Vec<LinkRod>,
    tissue: Vec<Rod>,
    tissue_contact: Compliance,
    outside_contact: Compliance,
    wall_stiffness_n_m: f64,
}

/// One arm's rods in this tick, and what its motion needs of the ticks before.
#[derive(Clone)]
struct Shape {
    /// The joints that all of this is of.
    joints: Option<JointVector>,
    /// Whether they are those of the tick before: then so is all that hangs on them.
    is_unmoved: bool,
    /// Which part of which capsule each rod is: whole links outside, then the outer shaft, then what is inside.
    parts: Vec<(usize, Part)>,
    rods: Vec<LinkRod>,
    /// Rods that do not go through the wall, and all that are outside.
    whole_links: usize,
    outside: usize,
    /// How far any rod's end has come at most, tick by tick, m.
    travel_m: f64,
    near_abdomen: Nearness,
    /// Sum of the links' masses times their centres, kg·m.
    moment_kg_m: Vector3<f64>,
    /// Sum of the links' masses times their centres in the last two ticks, kg·m.
    moments_kg_m: [Option<Vector3<f64>>; 2],
    tissue_depth_m: f64,
    outside_depth_m: f64,
}

/// What of a capsule a rod is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Whole,
    /// Of a shaft, what is outside of the wall.
    Outer,
    /// Of a shaft, what is inside.
    Inner,
}

impl Touching {
    pub fn new(
        compliance: ComplianceSettings,
        patient: &PatientSettings,
        arms: &[DrivenArm],
    ) -> Self {
        let patient = patient.present.then(|| {
            let of_patient = |lump: &super::patient::Lump| LinkRod {
                joint: 0,
                rod: lump.rod(),
            };
            Patient {
                abdomen: patient.abdomen.iter().map(of_patient).collect(),
                tissue: patient.tissue.iter().map(|lump| lump.rod()).collect(),
                tissue_contact: patient.tissue_contact,
                outside_contact: patient.outside_contact,
                wall_stiffness_n_m: patient.wall_stiffness_n_m,
            }
        });
        let count = arms.len();
        let mut touching = Self {
            compliance,
            patient,
            shapes: arms.iter().map(Shape::new).collect(),
            touches: vec![Touch::NONE; count],
            wrenches: vec![[Wrench::default(); MAX_JOINTS]; count],
            meetings: vec![Meeting::default(); count * count],
        };
        // Where arms start, they rest: the first tick sees no speed.
        touching.look(arms, f64::INFINITY);
        touching
    }

    /// What an arm touches.
    pub fn touch(&self, arm: usize) -> Option<&Touch> {
        self.touches.get(arm)
    }

    /// The forces on an arm's links, about its remote centre and in its frame.
    pub fn wrenches(&self, arm: usize) -> [Wrench; MAX_JOINTS] {
        self.wrenches
            .get(arm)
            .copied()
            .unwrap_or([Wrench::default(); MAX_JOINTS])
    }

    /// Finds out what touches what, a tick of `tick_s` after the last time.
    pub fn look(&mut self, arms: &[DrivenArm], tick_s: f64) {
        let mut forces_n = vec![Vector3::zeros(); arms.len()];
        for wrenches in &mut self.wrenches {
            *wrenches = [Wrench::default(); MAX_JOINTS];
        }
        for (index, arm) in arms.iter().enumerate() {
            self.touches[index] = Touch {
                remote_centre_deviation_m: self.touches[index].remote_centre_deviation_m,
                ..Touch::NONE
            };
            self.shapes[index].place(arm);
            forces_n[index] -= self.shapes[index].inertial_force_n(arm, tick_s);
            self.touch_patient(index, arm, tick_s, &mut forces_n[index]);
        }
        for first in 0..arms.len() {
            for second in first + 1..arms.len() {
                self.touch_arms(arms, first, second, tick_s, &mut forces_n);
            }
        }
        let wall_n_m = self
            .patient
            .as_ref()
            .map_or(0.0, |patient| patient.wall_stiffness_n_m);
        for (touch, force_n) in self.touches.iter_mut().zip(&forces_n) {
            let steady_m = force_n / (self.compliance.base_stiffness_n_m + wall_n_m);
            let before_m = touch.remote_centre_deviation_m;
            let share = 1.0 / (1.0 + self.compliance.base_lag_ms * 1e-3 / tick_s);
            let deviation_m = before_m + (steady_m - before_m) * share;
            touch.remote_centre_deviation_m = deviation_m;
            touch.trocar_force_n = wall_n_m * deviation_m.norm();
        }
    }

    /// Tip on tissue; links on abdomen and table.
    fn touch_patient(
        &mut self,
        index: usize,
        arm: &DrivenArm,
        tick_s: f64,
        force_n: &mut Vector3<f64>,
    ) {
        let Some(patient) = &self.patient else {
            return;
        };
        let (shape, touch) = (&mut self.shapes[index], &mut self.touches[index]);
        if let Some(tip) = shape.inside().last().copied() {
            let end = Rod {
                from_m: tip.rod.to_m,
                ..tip.rod
            };
            if let Some(nearest) = nearest_of(&end, &patient.tissue) {
                let depth_m = (-nearest.distance_m).max(0.0);
                let rate_m_s = (depth_m - shape.tissue_depth_m) / tick_s;
                shape.tissue_depth_m = depth_m;
                touch.tip_force_n = patient.tissue_contact.force_n(depth_m, rate_m_s);
                let push_n = nearest.normal * touch.tip_force_n;
                *force_n += push_n;
                apply(&mut self.wrenches[index], arm, tip.joint, &push_n, &nearest);
            }
        }
        let whole_links = &shape.rods[..shape.whole_links];
        let table = whole_links
            .iter()
            .map(|link| (above_table(&link.rod), link.joint))
            .min_by(|(one, _), (other, _)| one.distance_m.total_cmp(&other.distance_m));
        let within_m = table.map_or(f64::INFINITY, |(nearest, _)| nearest.distance_m);
        if !shape.is_unmoved {
            shape
                .near_abdomen
                .look(whole_links, &patient.abdomen, shape.travel_m, within_m);
        }
        let abdomen = shape.near_abdomen.nearest(whole_links, &patient.abdomen);
        let abdomen = abdomen.map(|(nearest, joint, _)| (nearest, joint));
        if let Some((nearest, joint)) = abdomen.or(table) {
            touch.clearance_m = nearest.distance_m;
            let depth_m = (-nearest.distance_m).max(0.0);
            let rate_m_s = (depth_m - shape.outside_depth_m) / tick_s;
            shape.outside_depth_m = depth_m;
            let push_n = nearest.normal * patient.outside_contact.force_n(depth_m, rate_m_s);
            *force_n += push_n;
            apply(&mut self.wrenches[index], arm, joint, &push_n, &nearest);
        }
    }

    /// Outside of one arm on outside of another, inside on inside; the deepest overlap pushes.
    fn touch_arms(
        &mut self,
        arms: &[DrivenArm],
        first: usize,
        second: usize,
        tick_s: f64,
        forces_n: &mut [Vector3<f64>],
    ) {
        let (a, b) = (&self.shapes[first], &self.shapes[second]);
        let meeting = &mut self.meetings[first * arms.len() + second];
        if !(a.is_unmoved && b.is_unmoved) {
            let travel_m = a.travel_m + b.travel_m;
            let (all, touching) = (f64::INFINITY, 0.0);
            meeting
                .outside
                .look(a.outside(), b.outside(), travel_m, all);
            meeting
                .inside
                .look(a.inside(), b.inside(), travel_m, touching);
        }
        let outside = meeting.outside.nearest(a.outside(), b.outside());
        let inside = meeting.inside.nearest(a.inside(), b.inside());
        if let Some((nearest, _, _)) = outside {
            for arm in [first, second] {
                let clearance_m = &mut self.touches[arm].clearance_m;
                *clearance_m = clearance_m.min(nearest.distance_m);
            }
        }
        let deepest = [outside, inside]
            .into_iter()
            .flatten()
            .min_by(|(one, ..), (other, ..)| one.distance_m.total_cmp(&other.distance_m));
        let depth_m = deepest.map_or(0.0, |(nearest, ..)| (-nearest.distance_m).max(0.0));
        let rate_m_s = (depth_m - meeting.depth_m) / tick_s;
        meeting.depth_m = depth_m;
        let size_n = self.compliance.arms.force_n(depth_m, rate_m_s);
        if let Some((nearest, on_first, on_second)) = deepest
            && size_n > 0.0
        {
            let push_n = nearest.normal * size_n;
            for (arm, joint, push_n) in [(first, on_first, push_n), (second, on_second, -push_n)] {
                forces_n[arm] += push_n;
                apply(
                    &mut self.wrenches[arm],
                    &arms[arm],
                    joint,
                    &push_n,
                    &nearest,
                );
            }
        }
    }

    /// Folds what later ticks depend on.
    pub fn digest(&self, sink: &mut dyn FnMut(&[u8])) {
        let mut number = |value: f64| sink(&value.to_bits().to_le_bytes());
        for (shape, touch) in self.shapes.iter().zip(&self.touches) {
            number(shape.tissue_depth_m);
            number(shape.outside_depth_m);
            number(touch.clearance_m);
            for value in touch.remote_centre_deviation_m.iter() {
                number(*value);
            }
        }
        for meeting in &self.meetings {
            number(meeting.depth_m);
        }
    }
}

impl Shape {
    fn new(arm: &DrivenArm) -> Self {
        let capsules = || arm.model.capsules.iter().enumerate();
        let is_outside = |joint: Option<usize>| joint.is_none_or(|joint| joint < SHAFT);
        // Up to the carriage a link is outside; the fourth link is the shaft; what it carries is inside.
        let whole = capsules().filter(|(_, capsule)| is_outside(capsule.joint));
        let shafts = capsules().filter(|(_, capsule)| capsule.joint == Some(SHAFT));
        let inside = capsules().filter(|(_, capsule)| !is_outside(capsule.joint));
        let mut parts: Vec<(usize, Part)> = whole.map(|(index, _)| (index, Part::Whole)).collect();
        let whole_links = parts.len();
        parts.extend(shafts.map(|(index, _)| (index, Part::Outer)));
        let outside = parts.len();
        parts.extend(inside.map(|(index, capsule)| match capsule.joint {
            Some(SHAFT) => (index, Part::Inner),
            _ => (index, Part::Whole),
        }));
        let nowhere = Rod {
            from_m: Vector3::zeros(),
            to_m: Vector3::zeros(),
            radius_m: 0.0,
        };
        let rods = parts.iter().map(|(index, _)| LinkRod {
            joint: arm.model.capsules[*index].joint.unwrap_or(0),
            rod: nowhere,
        });
        Self {
            joints: None,
            is_unmoved: false,
            rods: rods.collect(),
            parts,
            whole_links,
            outside,
            travel_m: 0.0,
            near_abdomen: Nearness::default(),
            moment_kg_m: Vector3::zeros(),
            moments_kg_m: [None; 2],
            tissue_depth_m: 0.0,
            outside_depth_m: 0.0,
        }
    }

    /// What is outside of the patient: whole links and the outer shaft.
    fn outside(&self) -> &[LinkRod] {
        &self.rods[..self.outside]
    }

    /// What is inside: the inner shaft, the wrist and, last, the jaw.
    fn inside(&self) -> &[LinkRod] {
        &self.rods[self.outside..]
    }

    /// Puts the arm's rods on the table, split at the remote centre.
    fn place(&mut self, arm: &DrivenArm) {
        let bits = |joints: &JointVector| joints.map(f64::to_bits);
        self.is_unmoved = self.joints.as_ref().map(bits) == Some(bits(&arm.joints));
        if self.is_unmoved {
            return;
        }
        self.joints = Some(arm.joints);
        let model = &arm.model;
        let frames = model.arm.link_frames(&arm.joints);
        let mut farthest_m2 = 0.0_f64;
        for ((index, part), link) in self.parts.iter().zip(&mut self.rods) {
            let rod = model.capsules[*index].placed(&frames);
            let rod = match part {
                Part::Whole => rod,
                Part::Outer => split_at_wall(&rod).0,
                Part::Inner => split_at_wall(&rod).1,
            };
            let rod = rod.moved(&model.arm.base);
            farthest_m2 = farthest_m2
                .max((rod.from_m - link.rod.from_m).norm_squared())
                .max((rod.to_m - link.rod.to_m).norm_squared());
            link.rod = rod;
        }
        self.travel_m += farthest_m2.sqrt();
        let links = model.arm.links.iter().zip(&frames);
        self.moment_kg_m = links
            .take(model.arm.joint_count)
            .fold(Vector3::zeros(), |sum, (link, frame)| {
                sum + frame.point(&Vector3::from(link.com_m)) * link.mass_kg
            });
    }

    /// What accelerates the links, N in the table's frame: from their places in three ticks.
    fn inertial_force_n(&mut self, arm: &DrivenArm, tick_s: f64) -> Vector3<f64> {
        let now = self.moment_kg_m;
        let [last, before] = self.moments_kg_m;
        self.moments_kg_m = [Some(now), last];
        match (last, before) {
            (Some(last), Some(before)) => {
                arm.model.arm.base.rotation * ((now - last * 2.0 + before) / (tick_s * tick_s))
            }
            _ => Vector3::zeros(),
        }
    }
}

/// The joint that turns the shaft.
const SHAFT: usize = 3;

/// A shaft outside and inside of the wall, which is at the remote centre.
fn split_at_wall(shaft: &Rod) -> (Rod, Rod) {
    let along = shaft.to_m - shaft.from_m;
    let square = along.norm_squared();
    let share = if square > 0.0 {
        (-shaft.from_m.dot(&along) / square).clamp(0.0, 1.0)
    } else {
        0.0
    };
    let wall_m = shaft.from_m + along * share;
    let (outer, inner) = (
        Rod {
            to_m: wall_m,
            ..*shaft
        },
        Rod {
            from_m: wall_m,
            ..*shaft
        },
    );
    (outer, inner)
}

/// Puts a force (table's frame) on an arm's link.
fn apply(
    wrenches: &mut [Wrench; MAX_JOINTS],
    arm: &DrivenArm,
    joint: usize,
    force_n: &Vector3<f64>,
    nearest: &Nearest,
) {
    let base = &arm.model.arm.base;
    let force = base.rotation.inverse() * force_n;
    let point = base.rotation.inverse() * (nearest.point_m - base.translation.vector);
    let added = Wrench::at_point(&force, &point);
    if let Some(wrench) = wrenches.get_mut(joint) {
        for axis in 0..3 {
            wrench.force_n[axis] += added.force_n[axis];
            wrench.moment_nm[axis] += added.moment_nm[axis];
        }
    }
}

/// The nearest of several rods.
fn nearest_of(rod: &Rod, others: &[Rod]) -> Option<Nearest> {
    others
        .iter()
        .map(|other| nearest(rod, other))
        .min_by(|one, other| one.distance_m.total_cmp(&other.distance_m))
}

/// A rod over the table's plane.
fn above_table(rod: &Rod) -> Nearest {
    let lower = if rod.from_m.z < rod.to_m.z {
        rod.from_m
    } else {
        rod.to_m
    };
    Nearest {
        distance_m: lower.z - rod.radius_m,
        point_m: Vector3::new(lower.x, lower.y, 0.0),
        normal: Vector3::z(),
    }
}
