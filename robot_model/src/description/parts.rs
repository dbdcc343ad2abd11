//! What a description may say beyond the kinematics: friction, shapes, meshes, jaw, eye, cart, and the
//! joints between cart and remote centre.

use super::check::place;
use super::file::{self, LinkCapsule, Model, RowKind};
use super::ledger::{JointDimensions, Ledger, listed, refuse};
use super::quantity::{Dimension, Quantity};
use super::{Cart, DescriptionError, Optics, SetUpJoint};
use crate::{Arm, ArmKind, Capsule, JointFriction, JointKind, MAX_JOINTS};

/// The word for what does not move in the remote-centre frame.
const BASE: &str = "base";

/// The parts of a model that its arms share.
#[derive(Clone)]
pub(super) struct Parts {
    pub friction: [JointFriction; MAX_JOINTS],
    pub capsules: Vec<Capsule>,
    pub meshes: [Option<String>; MAX_JOINTS],
    pub jaw_length_m: Option<f64>,
    pub optics: Option<Optics>,
}

impl Parts {
    pub(super) fn of(
        path: &str,
        model: &Model,
        arm: &Arm,
        ledger: &mut Ledger<'_>,
    ) -> Result<Self, DescriptionError> {
        Ok(Self {
            friction: friction(&format!("{path}.friction"), model, arm, ledger)?,
            capsules: capsules(&format!("{path}.capsules"), model, arm.kind, ledger)?,
            meshes: meshes(&format!("{path}.meshes"), model, arm.kind)?,
            jaw_length_m: jaw(&format!("{path}.jaw"), model, arm.kind, ledger)?,
            optics: optics(&format!("{path}.optics"), model, arm.kind, ledger)?,
        })
    }
}

pub(super) fn cart(cart: &file::Cart, ledger: &mut Ledger<'_>) -> Result<Cart, DescriptionError> {
    let mut capsules = Vec::with_capacity(cart.capsules.len());
    let place = place("cart.place", &cart.place, ledger)?;
    for (index, capsule) in cart.capsules.iter().enumerate() {
        let ends = (&capsule.from, &capsule.to, &capsule.radius);
        let path = format!("cart.capsules[{index}]");
        capsules.push(shape(&path, None, ends, ledger)?);
    }
    if let Some(mesh) = &cart.mesh {
        refuse_empty("cart.mesh", mesh)?;
    }
    Ok(Cart {
        place,
        capsules,
        mesh: cart.mesh.clone(),
    })
}

pub(super) fn set_up(
    path: &str,
    joints: &[file::SetUpJoint],
    ledger: &mut Ledger<'_>,
) -> Result<Vec<SetUpJoint>, DescriptionError> {
    let mut checked: Vec<SetUpJoint> = Vec::with_capacity(joints.len());
    for (index, joint) in joints.iter().enumerate() {
        let path = format!("{path}[{index}]");
        refuse_empty(&format!("{path}.name"), &joint.name)?;
        if checked.iter().any(|other| other.name == joint.name) {
            refuse!(
                "`{path}.name` is {:?}, as another set-up joint's: give each its own name",
                joint.name
            );
        }
        let kind = match joint.kind {
            RowKind::Revolute => JointKind::Revolute,
            RowKind::Prismatic => JointKind::Prismatic,
        };
        let dimension = JointDimensions::of(kind).position;
        let origin = place(&format!("{path}.origin"), &joint.origin, ledger)?;
        let range = match (&joint.lower, &joint.upper) {
            (None, None) => None,
            (Some(lower), Some(upper)) => Some((
                ledger.si(&format!("{path}.lower"), lower, dimension)?,
                ledger.si(&format!("{path}.upper"), upper, dimension)?,
            )),
            _ => refuse!("`{path}` has one limit of two: write `lower` and `upper`, or neither"),
        };
        let value = ledger.si(&format!("{path}.value"), &joint.value, dimension)?;
        if let Some((lower, upper)) = range
            && !(lower <= value && value <= upper)
        {
            refuse!(
                "`{path}.value` ({value}) is outside the joint's limits, {lower} to {upper}: move it \
                 inside"
            );
        }
        checked.push(SetUpJoint {
            name: joint.name.clone(),
            kind,
            axis: joint.axis,
            origin,
            range,
            value,
        });
    }
    Ok(checked)
}

fn friction(
    path: &str,
    model: &Model,
    arm: &Arm,
    ledger: &mut Ledger<'_>,
) -> Result<[JointFriction; MAX_JOINTS], DescriptionError> {
    let mut checked = [JointFriction::NONE; MAX_JOINTS];
    let Some(entries) = &model.friction else {
        return Ok(checked);
    };
    let (count, wanted) = (entries.len(), arm.joint_count);
    if count != wanted {
        let names = arm.kind.joint_names().join(", ");
        refuse!("`{path}` has {count} entries, but it needs {wanted}, one each for {names}");
    }
    for (joint, entry) in entries.iter().enumerate() {
        let dimensions = JointDimensions::of(arm.kind.joint_kind(joint));
        let path = format!("{path}[{joint}]");
        checked[joint] = JointFriction {
            viscous: ledger.not_negative(
                &format!("{path}.viscous"),
                &entry.viscous,
                dimensions.damping,
            )?,
            coulomb: ledger.not_negative(
                &format!("{path}.coulomb"),
                &entry.coulomb,
                dimensions.effort,
            )?,
        };
    }
    Ok(checked)
}

fn capsules(
    path: &str,
    model: &Model,
    kind: ArmKind,
    ledger: &mut Ledger<'_>,
) -> Result<Vec<Capsule>, DescriptionError> {
    let mut checked = Vec::new();
    for (index, capsule) in model.capsules.iter().flatten().enumerate() {
        let LinkCapsule {
            link,
            from,
            to,
            radius,
        } = capsule;
        let path = format!("{path}[{index}]");
        let joint = if link == BASE {
            None
        } else {
            Some(joint_named(&format!("{path}.link"), link, kind)?)
        };
        checked.push(shape(&path, joint, (from, to, radius), ledger)?);
    }
    Ok(checked)
}

fn shape(
    path: &str,
    joint: Option<usize>,
    (from, to, radius): (&[Quantity; 3], &[Quantity; 3], &Quantity),
    ledger: &mut Ledger<'_>,
) -> Result<Capsule, DescriptionError> {
    Ok(Capsule {
        joint,
        from_m: ledger.vector(&format!("{path}.from"), from, Dimension::Length)?,
        to_m: ledger.vector(&format!("{path}.to"), to, Dimension::Length)?,
        radius_m: ledger.positive(&format!("{path}.radius"), radius, Dimension::Length)?,
    })
}

fn meshes(
    path: &str,
    model: &Model,
    kind: ArmKind,
) -> Result<[Option<String>; MAX_JOINTS], DescriptionError> {
    let mut checked: [Option<String>; MAX_JOINTS] = Default::default();
    for (link, mesh) in &model.meshes {
        let joint = joint_named(path, link, kind)?;
        refuse_empty(&format!("{path}.{link}"), mesh)?;
        checked[joint] = Some(mesh.clone());
    }
    Ok(checked)
}

fn jaw(
    path: &str,
    model: &Model,
    kind: ArmKind,
    ledger: &mut Ledger<'_>,
) -> Result<Option<f64>, DescriptionError> {
    let Some(jaw) = &model.jaw else {
        return Ok(None);
    };
    if !kind.has_jaw() {
        refuse!("`{path}` is of an arm without a jaw: drop it");
    }
    let length_m = ledger.positive(&format!("{path}.length"), &jaw.length, Dimension::Length)?;
    Ok(Some(length_m))
}

fn optics(
    path: &str,
    model: &Model,
    kind: ArmKind,
    ledger: &mut Ledger<'_>,
) -> Result<Option<Optics>, DescriptionError> {
    let Some(optics) = &model.optics else {
        return Ok(None);
    };
    if kind != ArmKind::Endoscope {
        refuse!("`{path}` is of an arm that is no endoscope: drop it");
    }
    Ok(Some(Optics {
        tilt_rad: ledger.si(&format!("{path}.tilt"), &optics.tilt, Dimension::Angle)?,
        field_of_view_rad: ledger.positive(
            &format!("{path}.field_of_view"),
            &optics.field_of_view,
            Dimension::Angle,
        )?,
    }))
}

fn joint_named(path: &str, name: &str, kind: ArmKind) -> Result<usize, DescriptionError> {
    let names = kind.joint_names();
    match names.iter().position(|known| *known == name) {
        Some(joint) => Ok(joint),
        None => refuse!(
            "`{path}` names the link {name:?}, which such an arm does not have: use one of {}",
            listed(names.iter().copied().chain([BASE]))
        ),
    }
}

fn refuse_empty(path: &str, text: &str) -> Result<(), DescriptionError> {
    if text.trim().is_empty() {
        refuse!("`{path}` is empty: write a name there, or drop the entry");
    }
    Ok(())
}
