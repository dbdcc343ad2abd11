//! From a file as written to a robot that can be: units, ranges, sources, and the table's shape.

use nalgebra::{Matrix3, Rotation3, Translation3, UnitQuaternion};

use super::file::{
    Drive, File, Kind, Limits, Link, Model, Mount, MountedArm, Rotation, Row, RowKind,
};
use super::ledger::{JointDimensions, Ledger, listed, refuse};
use super::quantity::{Dimension, Quantity};
use super::{DescriptionError, NamedArm, Robot, Unit, parts};
use crate::dynamics::STANDARD_GRAVITY_M_S2;
use crate::{
    Arm, ArmKind, DhRow, JointDrive, JointKind, JointLimits, LinkInertia, MAX_ARMS, MAX_JOINTS,
    MAX_ROWS, Pose, RowField, StructureFault,
};

/// A rotation matrix may miss orthonormality by the rounding of nine printed decimals.
const ROTATION_TOLERANCE: f64 = 1e-8;

/// The largest principal moment may exceed the sum of the others by the rounding of print, relative.
const TRIANGLE_TOLERANCE: f64 = 1e-9;

pub(super) fn robot(file: File) -> Result<Robot, DescriptionError> {
    if file.name.trim().is_empty() {
        refuse!("`name` is empty: give the robot a name");
    }
    for (key, citation) in &file.sources {
        if citation.trim().is_empty() {
            refuse!("`sources.{key}` is empty: write the full citation there");
        }
    }
    let mut ledger = Ledger {
        sources: &file.sources,
        rows: Vec::new(),
    };
    let gravity_m_s2 = match &file.gravity {
        Some(gravity) => ledger.vector("gravity", gravity, Dimension::Acceleration)?,
        None => STANDARD_GRAVITY_M_S2,
    };
    let cart = match &file.cart {
        Some(cart) => Some(parts::cart(cart, &mut ledger)?),
        None => None,
    };
    let models = file
        .models
        .iter()
        .map(|(name, model)| {
            let path = format!("models.{name}");
            let arm = model_arm(&path, model, &mut ledger)?;
            let parts = parts::Parts::of(&path, model, &arm, &mut ledger)?;
            Ok((name.as_str(), arm, parts))
        })
        .collect::<Result<Vec<_>, DescriptionError>>()?;
    let place = cart.as_ref().map_or(Pose::identity(), |cart| cart.place);
    let arms = mounted_arms(&file.arms, &models, &place, &mut ledger)?;
    Ok(Robot {
        name: file.name,
        arms,
        gravity_m_s2,
        cart,
        provenance: ledger.rows,
    })
}

fn mounted_arms(
    mounted: &[MountedArm],
    models: &[(&str, Arm, parts::Parts)],
    cart: &Pose,
    ledger: &mut Ledger<'_>,
) -> Result<Vec<NamedArm>, DescriptionError> {
    let count = mounted.len();
    if count == 0 || count > MAX_ARMS {
        refuse!("`arms` has {count} entries: a robot has from 1 to {MAX_ARMS} arms");
    }
    let mut arms: Vec<NamedArm> = Vec::with_capacity(count);
    for (index, mounted_arm) in mounted.iter().enumerate() {
        let MountedArm {
            name,
            model,
            set_up,
            mount,
        } = mounted_arm;
        let path = format!("arms[{index}]");
        if name.trim().is_empty() {
            refuse!("`{path}.name` is empty: give the arm a name");
        }
        if arms.iter().any(|other| other.name == *name) {
            refuse!("`{path}.name` is {name:?}, as another arm's: give each arm its own name");
        }
        let Some((_, arm, parts)) = models.iter().find(|(known, ..)| known == model) else {
            let known = listed(models.iter().map(|(name, ..)| *name));
            refuse!(
                "`{path}.model` is {model:?}, which `models` does not have: add it there, or use one \
                 of {known}"
            );
        };
        let joints = set_up.as_deref().unwrap_or_default();
        let set_up = parts::set_up(&format!("{path}.set_up"), joints, ledger)?;
        let mount = place(&format!("{path}.mount"), mount, ledger)?;
        let base = match set_up.split_first() {
            None => mount,
            Some((first, others)) => {
                others
                    .iter()
                    .fold(cart * first.placed(), |base, joint| base * joint.placed())
                    * mount
            }
        };
        let parts = parts.clone();
        arms.push(NamedArm {
            name: name.clone(),
            model: model.clone(),
            arm: Arm { base, ..*arm },
            friction: parts.friction,
            capsules: parts.capsules,
            meshes: parts.meshes,
            jaw_length_m: parts.jaw_length_m,
            optics: parts.optics,
            set_up,
            mount,
        });
    }
    // Its numbers would count in every report of confidence without bearing on anything.
    let is_used = |model: &str| mounted.iter().any(|arm| arm.model == model);
    if let Some((unused, ..)) = models.iter().find(|(name, ..)| !is_used(name)) {
        refuse!("`models.{unused}` is used by no arm: name it in an arm's `model`, or drop it");
    }
    Ok(arms)
}

/// A frame in another.
pub(super) fn place(
    path: &str,
    mount: &Mount,
    ledger: &mut Ledger<'_>,
) -> Result<Pose, DescriptionError> {
    let [x, y, z] = ledger.vector(
        &format!("{path}.position"),
        &mount.position,
        Dimension::Length,
    )?;
    let mut angle =
        |name: &str, quantity| ledger.si(&format!("{path}.{name}"), quantity, Dimension::Angle);
    let roll = angle("roll", &mount.roll)?;
    let pitch = angle("pitch", &mount.pitch)?;
    let yaw = angle("yaw", &mount.yaw)?;
    Ok(Pose::from_parts(
        Translation3::new(x, y, z),
        UnitQuaternion::from_euler_angles(roll, pitch, yaw),
    ))
}

fn model_arm(path: &str, model: &Model, ledger: &mut Ledger<'_>) -> Result<Arm, DescriptionError> {
    let kind = match model.kind {
        Kind::Instrument => ArmKind::Instrument,
        Kind::SphericalInstrument => ArmKind::SphericalInstrument,
        Kind::Endoscope => ArmKind::Endoscope,
    };
    let (row_count, joint_count) = (kind.row_count(), kind.joint_count());
    for (part, count, wanted) in [
        ("rows", model.rows.len(), row_count),
        ("limits", model.limits.len(), joint_count),
        ("drives", model.drives.len(), joint_count),
        ("links", model.links.len(), joint_count),
        ("home", model.home.len(), joint_count),
    ] {
        if count != wanted {
            let names = joint_names(kind, wanted);
            refuse!(
                "`{path}.{part}` has {count} entries, but it needs {wanted}, one each for {names}"
            );
        }
    }

    let mut arm = Arm {
        kind,
        row_count,
        joint_count,
        rows: [UNUSED_ROW; MAX_ROWS],
        tool_tip: UnitQuaternion::identity(),
        limits: [UNUSED_LIMITS; MAX_JOINTS],
        drives: [UNUSED_DRIVE; MAX_JOINTS],
        links: [UNUSED_LINK; MAX_JOINTS],
        home: [0.0; MAX_JOINTS],
        base: Pose::identity(),
    };
    for (index, row) in model.rows.iter().enumerate() {
        arm.rows[index] = dh_row(&format!("{path}.rows[{index}]"), row, ledger)?;
    }
    refuse_other_structure(path, &arm)?;
    arm.tool_tip = tool_tip(&format!("{path}.tool_tip"), &model.tool_tip, ledger)?;
    for index in 0..joint_count {
        let dimensions = JointDimensions::of(kind.joint_kind(index));
        let entry = |part: &str| format!("{path}.{part}[{index}]");
        arm.limits[index] =
            joint_limits(&entry("limits"), &model.limits[index], &dimensions, ledger)?;
        arm.drives[index] =
            joint_drive(&entry("drives"), &model.drives[index], &dimensions, ledger)?;
        arm.links[index] = link_inertia(&entry("links"), &model.links[index], ledger)?;
        arm.home[index] = home_joint(
            &entry("home"),
            &model.home[index],
            &arm.limits[index],
            &dimensions,
            ledger,
        )?;
    }
    if let Err(why) = arm.inverse(&arm.tip_pose(&arm.home), &arm.home) {
        refuse!("`{path}.home` cannot be a start, {why}: insert the arm further or turn its wrist");
    }
    Ok(arm)
}

fn dh_row(path: &str, row: &Row, ledger: &mut Ledger<'_>) -> Result<DhRow, DescriptionError> {
    let kind = match row.kind {
        RowKind::Revolute => JointKind::Revolute,
        RowKind::Prismatic => JointKind::Prismatic,
    };
    let position = JointDimensions::of(kind).position;
    let mut si =
        |name: &str, quantity, dimension| ledger.si(&format!("{path}.{name}"), quantity, dimension);
    Ok(DhRow {
        kind,
        alpha_rad: si("alpha", &row.alpha, Dimension::Angle)?,
        a_m: si("a", &row.a, Dimension::Length)?,
        d_m: si("d", &row.d, Dimension::Length)?,
        offset: si("offset", &row.offset, position)?,
    })
}

fn refuse_other_structure(path: &str, arm: &Arm) -> Result<(), DescriptionError> {
    match arm.structure_fault() {
        None => Ok(()),
        Some(StructureFault::Count) => refuse!("`{path}.rows` has the wrong number of rows"),
        Some(StructureFault::Kind { row, required }) => refuse!(
            "`{path}.rows[{row}].kind` must be {required:?}: the joints are {}, in this order",
            joint_names(arm.kind, arm.row_count)
        ),
        Some(StructureFault::Constant {
            row,
            field: RowField::Alpha,
            required,
        }) => refuse!(
            "`{path}.rows[{row}].alpha` is not a twist that the inverse kinematics cover: write \
             {:.0} deg",
            required.to_degrees()
        ),
        Some(StructureFault::Constant { row, field, .. }) => refuse!(
            "`{path}.rows[{row}].{}` is not zero, but the inverse kinematics need the axes to meet \
             there: write 0 m",
            if field == RowField::A { "a" } else { "d" }
        ),
        Some(StructureFault::FlatArc { row }) => refuse!(
            "`{path}.rows[{row}].alpha` is a half turn or none, so that two joints turn about one axis: \
             write the arc's angle"
        ),
        Some(StructureFault::WristOffset) => refuse!(
            "`{path}.rows[{}].a` must be positive: write the distance from the wrist pitch axis to \
             the wrist yaw axis",
            MAX_ROWS - 1
        ),
    }
}

fn tool_tip(
    path: &str,
    rotation: &Rotation,
    ledger: &mut Ledger<'_>,
) -> Result<UnitQuaternion<f64>, DescriptionError> {
    let Rotation(rows, source, confidence) = rotation;
    for (row, values) in rows.iter().enumerate() {
        for (column, &value) in values.iter().enumerate() {
            let quantity = Quantity(value, Unit::One, source.clone(), *confidence);
            ledger.si(
                &format!("{path}[{row}][{column}]"),
                &quantity,
                Dimension::Number,
            )?;
        }
    }
    let matrix = Matrix3::from_fn(|row, column| rows[row][column]);
    let excess = (matrix * matrix.transpose() - Matrix3::identity()).amax();
    if excess > ROTATION_TOLERANCE || matrix.determinant() < 0.0 {
        refuse!(
            "`{path}` is no rotation: its rows must be unit vectors at right angles that form a \
             right-handed frame"
        );
    }
    Ok(UnitQuaternion::from_rotation_matrix(
        &Rotation3::from_matrix_unchecked(matrix),
    ))
}

fn joint_limits(
    path: &str,
    limits: &Limits,
    dimensions: &JointDimensions,
    ledger: &mut Ledger<'_>,
) -> Result<JointLimits, DescriptionError> {
    let lower = ledger.si(&format!("{path}.lower"), &limits.lower, dimensions.position)?;
    let upper = ledger.si(&format!("{path}.upper"), &limits.upper, dimensions.position)?;
    if lower >= upper {
        refuse!(
            "`{path}.lower` ({lower}) is not below `{path}.upper` ({upper}): exchange or mend them"
        );
    }
    let mut positive = |name: &str, quantity, dimension| {
        ledger.positive(&format!("{path}.{name}"), quantity, dimension)
    };
    Ok(JointLimits {
        lower,
        upper,
        velocity: positive("velocity", &limits.velocity, dimensions.velocity)?,
        acceleration: positive(
            "acceleration",
            &limits.acceleration,
            dimensions.acceleration,
        )?,
        jerk: positive("jerk", &limits.jerk, dimensions.jerk)?,
        effort: positive("effort", &limits.effort, dimensions.effort)?,
    })
}

fn joint_drive(
    path: &str,
    drive: &Drive,
    dimensions: &JointDimensions,
    ledger: &mut Ledger<'_>,
) -> Result<JointDrive, DescriptionError> {
    let mut positive = |name: &str, quantity, dimension| {
        ledger.positive(&format!("{path}.{name}"), quantity, dimension)
    };
    Ok(JointDrive {
        stiffness: positive("stiffness", &drive.stiffness, dimensions.stiffness)?,
        damping: positive("damping", &drive.damping, dimensions.damping)?,
        armature: positive("armature", &drive.armature, dimensions.armature)?,
    })
}

fn link_inertia(
    path: &str,
    link: &Link,
    ledger: &mut Ledger<'_>,
) -> Result<LinkInertia, DescriptionError> {
    let mass_kg = ledger.positive(&format!("{path}.mass"), &link.mass, Dimension::Mass)?;
    let com_m = ledger.vector(&format!("{path}.com"), &link.com, Dimension::Length)?;
    let mut inertia_kgm2 = [0.0; 3];
    for (axis, quantity) in link.inertia.iter().enumerate() {
        inertia_kgm2[axis] = ledger.positive(
            &format!("{path}.inertia[{axis}]"),
            quantity,
            Dimension::Inertia,
        )?;
    }
    let sum: f64 = inertia_kgm2.iter().sum();
    if let Some(axis) = inertia_kgm2
        .iter()
        .position(|&moment| moment > (sum - moment) * (1.0 + TRIANGLE_TOLERANCE))
    {
        refuse!(
            "`{path}.inertia[{axis}]` is greater than the other two together, which no solid body \
             can have: mend one of the three"
        );
    }
    Ok(LinkInertia {
        mass_kg,
        com_m,
        inertia_kgm2,
    })
}

fn home_joint(
    path: &str,
    quantity: &Quantity,
    limits: &JointLimits,
    dimensions: &JointDimensions,
    ledger: &mut Ledger<'_>,
) -> Result<f64, DescriptionError> {
    let home = ledger.si(path, quantity, dimensions.position)?;
    let (lower, upper) = (limits.lower, limits.upper);
    if home < lower || home > upper {
        refuse!(
            "`{path}` ({home}) is outside the joint's limits, {lower} to {upper}: move it inside"
        );
    }
    Ok(home)
}

fn joint_names(kind: ArmKind, count: usize) -> String {
    let names = kind.joint_names();
    names[..count.min(names.len())].join(", ")
}

// What stands past an arm's joints: numbers that move nothing and divide by nothing.
const UNUSED_ROW: DhRow = DhRow {
    kind: JointKind::Revolute,
    alpha_rad: 0.0,
    a_m: 0.0,
    d_m: 0.0,
    offset: 0.0,
};
const UNUSED_LIMITS: JointLimits = JointLimits {
    lower: 0.0,
    upper: 0.0,
    velocity: 0.0,
    acceleration: 0.0,
    jerk: 0.0,
    effort: 0.0,
};
const UNUSED_DRIVE: JointDrive = JointDrive {
    stiffness: 0.0,
    damping: 0.0,
    armature: 0.0,
};
const UNUSED_LINK: LinkInertia = LinkInertia {
    mass_kg: 0.0,
    com_m: [0.0; 3],
    inertia_kgm2: [0.0; 3],
};
