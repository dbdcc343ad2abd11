//! `twin robot`: what a robot's description says, with where it comes from; and the robot as URDF.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use robot_model::{Arm, Confidence, JointKind, NamedArm, Robot, SetUpJoint};
use serde_json::{Value, json};

use crate::Verdict;
use crate::input::{InputError, read_robot, write_whole};
use crate::output::{out, outln};
use crate::table::{significant, table};

/// Arguments of `robot`.
#[derive(Args)]
pub struct RobotArguments {
    /// What to do with the robot.
    #[command(subcommand)]
    pub command: RobotCommand,
}

/// What can be done with a robot's description.
#[derive(Subcommand)]
pub enum RobotCommand {
    /// Print the robot as tables: joints, limits, masses, drives, and where the numbers come from.
    Show(ShowArguments),
    /// Write the robot in a form that other tools read.
    Export(ExportArguments),
}

/// Arguments of `robot show`.
#[derive(Args)]
pub struct ShowArguments {
    /// The robot, a RON file.
    pub robot: PathBuf,
    /// Only this arm.
    #[arg(long, value_name = "NAME")]
    pub arm: Option<String>,
    /// List every number with its source.
    #[arg(long)]
    pub numbers: bool,
    /// Print JSON (SI units, radians) instead of tables.
    #[arg(long, conflicts_with = "numbers")]
    pub json: bool,
}

/// Arguments of `robot export`.
#[derive(Args)]
pub struct ExportArguments {
    /// The robot, a RON file.
    pub robot: PathBuf,
    /// As URDF.
    #[arg(long, required = true)]
    pub urdf: bool,
    /// Only this arm.
    #[arg(long, value_name = "NAME")]
    pub arm: Option<String>,
    /// The file to write [default: standard output].
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Runs `twin robot`.
///
/// # Errors
/// [`InputError`] for a file that is no robot, an arm that it does not have, and a file that cannot be
/// written.
pub fn robot(arguments: &RobotArguments) -> Result<Verdict, InputError> {
    match &arguments.command {
        RobotCommand::Show(arguments) => show(arguments),
        RobotCommand::Export(arguments) => export(arguments),
    }
}

fn export(arguments: &ExportArguments) -> Result<Verdict, InputError> {
    let robot = read_robot(&arguments.robot)?;
    let urdf = robot
        .to_urdf(arguments.arm.as_deref())
        .map_err(|known| no_such_arm(&arguments.robot, arguments.arm.as_deref(), &known))?;
    match &arguments.output {
        Some(file) => write_whole(file, &urdf)?,
        None => out!("{urdf}"),
    }
    Ok(Verdict::AllHold)
}

fn show(arguments: &ShowArguments) -> Result<Verdict, InputError> {
    let robot = read_robot(&arguments.robot)?;
    let wanted = arguments.arm.as_deref();
    let is_wanted = |named: &&NamedArm| wanted.is_none_or(|name| named.name == name);
    let arms: Vec<&NamedArm> = robot.arms.iter().filter(is_wanted).collect();
    if arms.is_empty() {
        let known: Vec<&str> = robot.arms.iter().map(|arm| arm.name.as_str()).collect();
        return Err(no_such_arm(&arguments.robot, wanted, &known));
    }
    if arguments.json {
        outln!("{:#}", as_json(&robot, &arms));
        return Ok(Verdict::AllHold);
    }
    let mut text = format!("{}\n", robot.name);
    let [x, y, z] = robot.gravity_m_s2;
    let _ = writeln!(text, "gravity ({x}, {y}, {z}) m/s² in the table's frame");
    for (index, named) in arms.iter().enumerate() {
        // Arms of one model differ in their place only.
        let shown = arms[..index]
            .iter()
            .find(|other| other.model == named.model);
        text.push_str(&arm_text(named, shown.map(|other| other.name.as_str())));
    }
    text.push_str(&provenance_text(&robot, arguments.numbers));
    out!("{text}");
    Ok(Verdict::AllHold)
}

fn no_such_arm(file: &Path, wanted: Option<&str>, known: &[&str]) -> InputError {
    InputError::new(format!(
        "{}: the robot has no arm {:?}: use one of {}",
        file.display(),
        wanted.unwrap_or_default(),
        known.join(", ")
    ))
}

fn arm_text(named: &NamedArm, same_as: Option<&str>) -> String {
    let arm = &named.arm;
    let [x, y, z] = arm.base.translation.vector.into();
    let (roll, pitch, yaw) = arm.base.rotation.euler_angles();
    let mut text = format!(
        "\narm {}, model {}: remote centre at ({}, {}, {}) mm, turned {}, {}, {} deg about x, y, z\n",
        named.name,
        named.model,
        tidy(x * 1e3),
        tidy(y * 1e3),
        tidy(z * 1e3),
        tidy(roll.to_degrees()),
        tidy(pitch.to_degrees()),
        tidy(yaw.to_degrees()),
    );
    for joint in &named.set_up {
        let _ = writeln!(text, "  set-up joint {}", set_up_text(joint));
    }
    if let Some(other) = same_as {
        let _ = writeln!(text, "joints, bodies and drives as of {other}");
        return text;
    }
    let _ = writeln!(text, "{}", joints_table(arm));
    let _ = writeln!(text, "{}", bodies_table(named));
    if let Some(length_m) = named.jaw_length_m {
        let _ = writeln!(
            text,
            "jaw {} mm beyond the wrist yaw axis",
            tidy(length_m * 1e3)
        );
    }
    if let Some(optics) = named.optics {
        let _ = writeln!(
            text,
            "looks {} deg off its shaft, {} deg wide",
            tidy(optics.tilt_rad.to_degrees()),
            tidy(optics.field_of_view_rad.to_degrees())
        );
    }
    text
}

fn set_up_text(joint: &SetUpJoint) -> String {
    let shown = |value: f64| match joint.kind {
        JointKind::Revolute => format!("{} deg", tidy(value.to_degrees())),
        JointKind::Prismatic => format!("{} mm", tidy(value * 1e3)),
    };
    let range = joint.range.map_or("turns freely".into(), |(lower, upper)| {
        format!("{} to {}", shown(lower), shown(upper))
    });
    format!("{}: set to {}, {range}", joint.name, shown(joint.value))
}

/// Geometry and limits: degrees and millimetres.
fn joints_table(arm: &Arm) -> comfy_table::Table {
    let heading = [
        "joint", "kind", "alpha", "a", "d", "offset", "from", "to", "speed", "accel.", "jerk",
        "effort",
    ];
    let mut rows = table(&heading, &[2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    for joint in 0..arm.joint_count {
        let (row, limits) = (arm.row(joint), &arm.limits[joint]);
        let (kind, scale, unit, force) = match row.kind {
            JointKind::Revolute => ("turns", 1.0_f64.to_degrees(), "deg", "N·m"),
            JointKind::Prismatic => ("slides", 1e3, "mm", "N"),
        };
        let moving = |value: f64| tidy(value * scale);
        let has_row = joint < arm.row_count;
        let constant = |shown: String| if has_row { shown } else { "-".into() };
        rows.add_row(vec![
            arm.kind.joint_names()[joint].to_owned(),
            kind.to_owned(),
            constant(format!("{} deg", tidy(row.alpha_rad.to_degrees()))),
            constant(format!("{} mm", tidy(row.a_m * 1e3))),
            constant(format!("{} mm", tidy(row.d_m * 1e3))),
            constant(format!("{} {unit}", moving(row.offset))),
            format!("{} {unit}", moving(limits.lower)),
            format!("{} {unit}", moving(limits.upper)),
            format!("{} {unit}/s", moving(limits.velocity)),
            format!("{} {unit}/s²", moving(limits.acceleration)),
            format!("{} {unit}/s³", moving(limits.jerk)),
            format!("{} {force}", tidy(limits.effort)),
        ]);
    }
    rows
}

/// Masses, rotors, servos, friction: SI units.
fn bodies_table(named: &NamedArm) -> comfy_table::Table {
    let arm = &named.arm;
    let heading = [
        "link",
        "mass",
        "centre of mass",
        "moments",
        "rotor",
        "stiffness",
        "damping",
        "viscous",
        "dry",
        "capsules",
        "mesh",
    ];
    let mut rows = table(&heading, &[1, 4, 5, 6, 7, 8, 9]);
    for joint in 0..arm.joint_count {
        let (link, drive) = (&arm.links[joint], &arm.drives[joint]);
        let friction = &named.friction[joint];
        let (rotor, stiffness, damping, dry) = match arm.row(joint).kind {
            JointKind::Revolute => ("kg·m²", "N·m/rad", "N·m·s/rad", "N·m"),
            JointKind::Prismatic => ("kg", "N/m", "N·s/m", "N"),
        };
        let [cx, cy, cz] = link.com_m.map(|part| tidy(part * 1e3));
        let [ix, iy, iz] = link.inertia_kgm2.map(significant);
        let capsules = named.capsules.iter().filter(|c| c.joint == Some(joint));
        rows.add_row(vec![
            arm.kind.joint_names()[joint].to_owned(),
            format!("{} kg", tidy(link.mass_kg)),
            format!("({cx}, {cy}, {cz}) mm"),
            format!("({ix}, {iy}, {iz}) kg·m²"),
            format!("{} {rotor}", significant(drive.armature)),
            format!("{} {stiffness}", tidy(drive.stiffness)),
            format!("{} {damping}", tidy(drive.damping)),
            format!("{} {damping}", tidy(friction.viscous)),
            format!("{} {dry}", tidy(friction.coulomb)),
            capsules.count().to_string(),
            named.meshes[joint].clone().unwrap_or_else(|| "-".into()),
        ]);
    }
    rows
}

fn provenance_text(robot: &Robot, every_number: bool) -> String {
    let counts = robot.confidence_counts();
    let total = counts.total();
    let mut text = format!("\nwhere the robot's {total} numbers come from\n");
    let shares = [
        (
            Confidence::Published,
            "published about this robot",
            counts.published,
        ),
        (Confidence::Derived, "derived by arithmetic", counts.derived),
        (
            Confidence::ReferenceRobot,
            "published about another robot",
            counts.reference_robot,
        ),
        (Confidence::Assumed, "assumed", counts.assumed),
    ];
    for (_, words, count) in shares {
        let percent = 100.0 * count as f64 / total.max(1) as f64;
        let _ = writeln!(text, "  {count:>5}  {percent:>5.1} %  {words}");
    }
    let mut sources: Vec<(Confidence, &str, usize)> = Vec::new();
    for row in &robot.provenance {
        let known = sources
            .iter_mut()
            .find(|(confidence, source, _)| *confidence == row.confidence && *source == row.source);
        match known {
            Some((_, _, count)) => *count += 1,
            None => sources.push((row.confidence, &row.source, 1)),
        }
    }
    sources.sort_by_key(|&(confidence, _, count)| (confidence, std::cmp::Reverse(count)));
    for (confidence, source, count) in sources {
        let _ = writeln!(text, "  {count:>5}  {confidence}: {source}");
    }
    if every_number {
        let mut rows = table(&["entry", "value", "unit", "confidence", "source"], &[1]);
        for row in &robot.provenance {
            rows.add_row(vec![
                row.path.clone(),
                row.value.to_string(),
                row.unit.to_string(),
                row.confidence.to_string(),
                row.source.clone(),
            ]);
        }
        let _ = writeln!(text, "\n{rows}");
    }
    text
}

fn as_json(robot: &Robot, arms: &[&NamedArm]) -> Value {
    let counts = robot.confidence_counts();
    json!({
        "name": robot.name,
        "gravity_m_s2": robot.gravity_m_s2,
        "arms": arms.iter().map(|named| arm_as_json(named)).collect::<Vec<_>>(),
        "confidence": {
            "published": counts.published,
            "derived": counts.derived,
            "reference_robot": counts.reference_robot,
            "assumed": counts.assumed,
        },
        "assumed_share": counts.assumed as f64 / counts.total().max(1) as f64,
    })
}

fn arm_as_json(named: &NamedArm) -> Value {
    let arm = &named.arm;
    let joints = (0..arm.joint_count).map(|joint| {
        let (limits, drive, link) = (&arm.limits[joint], &arm.drives[joint], &arm.links[joint]);
        json!({
            "name": arm.kind.joint_names()[joint],
            "kind": match arm.row(joint).kind {
                JointKind::Revolute => "revolute",
                JointKind::Prismatic => "prismatic",
            },
            "lower": limits.lower,
            "upper": limits.upper,
            "velocity": limits.velocity,
            "acceleration": limits.acceleration,
            "jerk": limits.jerk,
            "effort": limits.effort,
            "home": arm.home[joint],
            "stiffness": drive.stiffness,
            "damping": drive.damping,
            "armature": drive.armature,
            "viscous": named.friction[joint].viscous,
            "coulomb": named.friction[joint].coulomb,
            "mass_kg": link.mass_kg,
            "com_m": link.com_m,
            "inertia_kgm2": link.inertia_kgm2,
            "mesh": named.meshes[joint],
        })
    });
    let translation: [f64; 3] = arm.base.translation.vector.into();
    let rotation = arm.base.rotation.coords;
    json!({
        "name": named.name,
        "model": named.model,
        "kind": format!("{:?}", arm.kind),
        "row_count": arm.row_count,
        "base": {
            "position_m": translation,
            "rotation_xyzw": [rotation.x, rotation.y, rotation.z, rotation.w],
        },
        "joints": joints.collect::<Vec<_>>(),
    })
}

/// A number as a person would write it in a table: at most five decimals, no trailing zeros.
fn tidy(value: f64) -> String {
    let text = format!("{value:.5}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" {
        "0".into()
    } else {
        text.into()
    }
}

#[cfg(test)]
mod tests {
    use super::tidy;

    #[test]
    fn numbers_lose_their_trailing_zeros() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (90.0, "90"),
            (9.1, "9.1"),
            (-0.0000001, "0"),
            (100.0, "100"),
            (0.33, "0.33"),
        ] {
            assert_eq!(tidy(value), text);
        }
    }
}
