//! A robot as URDF, for the tools that read it (Pinocchio, MuJoCo, yourdfpy, ROS).
//!
//! Every Denavit–Hartenberg row becomes two joints: a fixed one of its twist (`RotX(alpha) ·
//! TransX(a)`), then the moving one whose origin is the row's constant turn and slide and whose axis is
//! z. Origins are then plain turns about one axis, without the ambiguity of three angles at a quarter
//! turn, and every number is printed so that it reads back to the same bits.
//!
//! What URDF has no place for is left out: the rotors' inertia (the reader adds it to the mass matrix's
//! diagonal), accelerations and jerks, provenance. Capsules become a cylinder and two spheres. Meshes
//! are named in a comment: their files are the viewer's.

use std::fmt::Write as _;

use nalgebra::{Matrix3, Rotation3, UnitQuaternion, Vector3};

use crate::description::{NamedArm, Robot};
use crate::{Arm, Capsule, DhRow, JointKind, Pose};

/// The link that everything stands on: the frame of the operating table.
pub const ROOT_LINK: &str = "table";

impl Robot {
    /// The whole robot, or the one arm called `arm`, as URDF.
    ///
    /// Links are named `<arm>_<joint>` with underscores for spaces, joints the same with `_joint`; the
    /// tip is the link `<arm>_tip`, the remote centre `<arm>_remote_centre`.
    ///
    /// # Errors
    /// The names of the robot's arms where none is called `arm`.
    pub fn to_urdf(&self, arm: Option<&str>) -> Result<String, Vec<&str>> {
        let chosen = |named: &&NamedArm| arm.is_none_or(|name| named.name == name);
        if !self.arms.iter().any(|named| chosen(&named)) {
            return Err(self.arms.iter().map(|named| named.name.as_str()).collect());
        }
        let mut urdf = Urdf::default();
        urdf.line("<?xml version=\"1.0\"?>");
        urdf.line(format!("<robot name=\"{}\">", escaped(&self.name)));
        urdf.link(ROOT_LINK, None, &[], None);
        if let Some(cart) = &self.cart {
            urdf.link("cart", None, &cart.capsules, cart.mesh.as_deref());
            urdf.fixed("cart_place", ROOT_LINK, "cart", &cart.place);
        }
        for named in self.arms.iter().filter(chosen) {
            urdf.arm(named, self.cart.is_some());
        }
        urdf.line("</robot>");
        Ok(urdf.text)
    }
}

/// The text as it grows.
#[derive(Default)]
struct Urdf {
    text: String,
}

/// What moves a joint, and how far.
struct Motion<'a> {
    kind: JointKind,
    axis: Vector3<f64>,
    /// Least and greatest value, greatest effort and speed; none turns freely.
    limits: Option<[f64; 4]>,
    /// Viscous and dry.
    friction: Option<(f64, f64)>,
    origin: &'a Origin,
}

/// An origin as URDF writes it: position, and turns about x, then y, then z.
struct Origin {
    xyz_m: [f64; 3],
    rpy_rad: [f64; 3],
}

impl Urdf {
    fn arm(&mut self, named: &NamedArm, has_cart: bool) {
        let name = escaped(&underscored(&named.name));
        let base = self.set_up(named, &name, has_cart);
        let centre = format!("{name}_remote_centre");
        let fixed: Vec<Capsule> = of_link(named, None);
        self.link(&centre, None, &fixed, None);
        self.fixed(&format!("{name}_mount"), &base, &centre, &named.mount);

        let mut parent = centre;
        let mut tip_parent = parent.clone();
        for joint in 0..named.arm.joint_count {
            let arm = &named.arm;
            let label = underscored(arm.kind.joint_names()[joint]);
            let link = format!("{name}_{label}");
            let twist = format!("{link}_twist");
            let row = arm.row(joint);
            self.link(&twist, None, &[], None);
            self.fixed_at(&format!("{twist}_joint"), &parent, &twist, &twist_of(row));
            self.link(
                &link,
                Some((arm, joint)),
                &of_link(named, Some(joint)),
                named.meshes[joint].as_deref(),
            );
            let limits = &arm.limits[joint];
            let friction = &named.friction[joint];
            self.moving(
                &format!("{link}_joint"),
                &twist,
                &link,
                &Motion {
                    kind: row.kind,
                    axis: Vector3::z(),
                    limits: Some([limits.lower, limits.upper, limits.effort, limits.velocity]),
                    friction: Some((friction.viscous, friction.coulomb)),
                    origin: &constant_of(row),
                },
            );
            if joint + 1 == arm.row_count {
                tip_parent.clone_from(&link);
            }
            parent = link;
        }
        let tip = format!("{name}_tip");
        self.link(&tip, None, &[], None);
        let tool = Pose::from_parts(Default::default(), named.arm.tool_tip);
        self.fixed(&format!("{tip}_joint"), &tip_parent, &tip, &tool);
    }

    /// The set-up joints of an arm; the link that the remote centre is mounted on.
    ///
    /// They are braked in an operation, so they are fixed joints at what they are set to.
    fn set_up(&mut self, named: &NamedArm, name: &str, has_cart: bool) -> String {
        if named.set_up.is_empty() {
            return ROOT_LINK.to_owned();
        }
        let mut parent = if has_cart { "cart" } else { ROOT_LINK }.to_owned();
        for joint in &named.set_up {
            let link = format!("{name}_set_up_{}", escaped(&underscored(&joint.name)));
            self.link(&link, None, &[], None);
            self.fixed(&format!("{link}_joint"), &parent, &link, &joint.placed());
            parent = link;
        }
        parent
    }

    fn link(
        &mut self,
        name: &str,
        body: Option<(&Arm, usize)>,
        capsules: &[Capsule],
        mesh: Option<&str>,
    ) {
        if body.is_none() && capsules.is_empty() && mesh.is_none() {
            return self.line(format!("  <link name=\"{name}\"/>"));
        }
        self.line(format!("  <link name=\"{name}\">"));
        if let Some(mesh) = mesh {
            // Two hyphens would end the comment.
            let mesh = escaped(mesh).replace("--", "- -");
            self.line(format!("    <!-- mesh: {mesh} -->"));
        }
        if let Some((arm, joint)) = body {
            let link = &arm.links[joint];
            let [ixx, iyy, izz] = link.inertia_kgm2;
            let origin = Origin {
                xyz_m: link.com_m,
                rpy_rad: [0.0; 3],
            };
            self.line("    <inertial>");
            self.line(format!("      {}", origin.element()));
            self.line(format!("      <mass value=\"{}\"/>", link.mass_kg));
            self.line(format!(
                "      <inertia ixx=\"{ixx}\" ixy=\"0\" ixz=\"0\" iyy=\"{iyy}\" iyz=\"0\" izz=\"{izz}\"/>"
            ));
            self.line("    </inertial>");
        }
        for part in ["visual", "collision"] {
            for capsule in capsules {
                self.capsule(part, capsule);
            }
        }
        self.line("  </link>");
    }

    /// A cylinder along the capsule, and a ball at either end.
    fn capsule(&mut self, part: &str, capsule: &Capsule) {
        let (from, to) = (Vector3::from(capsule.from_m), Vector3::from(capsule.to_m));
        let radius = capsule.radius_m;
        let mut shape = |xyz: Vector3<f64>, rotation: &Matrix3<f64>, geometry: String| {
            let origin = Origin {
                xyz_m: xyz.into(),
                rpy_rad: roll_pitch_yaw(rotation),
            };
            self.line(format!("    <{part}>"));
            self.line(format!("      {}", origin.element()));
            self.line(format!("      <geometry>{geometry}</geometry>"));
            self.line(format!("    </{part}>"));
        };
        let sphere = format!("<sphere radius=\"{radius}\"/>");
        shape(from, &Matrix3::identity(), sphere.clone());
        let length = (to - from).norm();
        if length > 0.0 {
            let along = UnitQuaternion::rotation_between(&Vector3::z(), &(to - from))
                // Against z: half a turn about any axis across it.
                .unwrap_or_else(|| {
                    UnitQuaternion::new_unchecked(nalgebra::Quaternion::new(0.0, 1.0, 0.0, 0.0))
                });
            let cylinder = format!("<cylinder radius=\"{radius}\" length=\"{length}\"/>");
            let rotation = along.to_rotation_matrix();
            shape((from + to) / 2.0, rotation.matrix(), cylinder);
            shape(to, &Matrix3::identity(), sphere);
        }
    }

    fn fixed(&mut self, name: &str, parent: &str, child: &str, pose: &Pose) {
        let rotation: Rotation3<f64> = pose.rotation.to_rotation_matrix();
        let origin = Origin {
            xyz_m: pose.translation.vector.into(),
            rpy_rad: roll_pitch_yaw(rotation.matrix()),
        };
        self.fixed_at(name, parent, child, &origin);
    }

    fn fixed_at(&mut self, name: &str, parent: &str, child: &str, origin: &Origin) {
        self.line(format!("  <joint name=\"{name}\" type=\"fixed\">"));
        self.line(format!("    {}", origin.element()));
        self.line(format!("    <parent link=\"{parent}\"/>"));
        self.line(format!("    <child link=\"{child}\"/>"));
        self.line("  </joint>");
    }

    fn moving(&mut self, name: &str, parent: &str, child: &str, motion: &Motion<'_>) {
        let kind = match (motion.kind, motion.limits) {
            (JointKind::Prismatic, _) => "prismatic",
            (JointKind::Revolute, Some(_)) => "revolute",
            (JointKind::Revolute, None) => "continuous",
        };
        let [x, y, z] = motion.axis.into();
        self.line(format!("  <joint name=\"{name}\" type=\"{kind}\">"));
        self.line(format!("    {}", motion.origin.element()));
        self.line(format!("    <parent link=\"{parent}\"/>"));
        self.line(format!("    <child link=\"{child}\"/>"));
        self.line(format!("    <axis xyz=\"{x} {y} {z}\"/>"));
        if let Some([lower, upper, effort, velocity]) = motion.limits {
            self.line(format!(
                "    <limit lower=\"{lower}\" upper=\"{upper}\" effort=\"{effort}\" \
                 velocity=\"{velocity}\"/>"
            ));
        }
        if let Some((viscous, coulomb)) = motion.friction {
            self.line(format!(
                "    <dynamics damping=\"{viscous}\" friction=\"{coulomb}\"/>"
            ));
        }
        self.line("  </joint>");
    }

    fn line(&mut self, line: impl AsRef<str>) {
        self.text.push_str(line.as_ref());
        self.text.push('\n');
    }
}

impl Origin {
    fn element(&self) -> String {
        let triple = |[x, y, z]: [f64; 3]| format!("{x} {y} {z}");
        format!(
            "<origin xyz=\"{}\" rpy=\"{}\"/>",
            triple(self.xyz_m),
            triple(self.rpy_rad)
        )
    }
}

/// The part of a row before the moving joint.
fn twist_of(row: &DhRow) -> Origin {
    Origin {
        xyz_m: [row.a_m, 0.0, 0.0],
        rpy_rad: [row.alpha_rad, 0.0, 0.0],
    }
}

/// The part of a row that the joint's value adds to.
fn constant_of(row: &DhRow) -> Origin {
    let (slide_m, turn_rad) = match row.kind {
        JointKind::Revolute => (row.d_m, row.offset),
        JointKind::Prismatic => (row.d_m + row.offset, 0.0),
    };
    Origin {
        xyz_m: [0.0, 0.0, slide_m],
        rpy_rad: [0.0, 0.0, turn_rad],
    }
}

/// The turns about x, then y, then z that make a rotation; where y's is a quarter turn, z's is nought.
fn roll_pitch_yaw(rotation: &Matrix3<f64>) -> [f64; 3] {
    let across = libm::hypot(rotation.m11, rotation.m21);
    let pitch = libm::atan2(-rotation.m31, across);
    if across > 1e-8 {
        [
            libm::atan2(rotation.m32, rotation.m33),
            pitch,
            libm::atan2(rotation.m21, rotation.m11),
        ]
    } else {
        [libm::atan2(-rotation.m23, rotation.m22), pitch, 0.0]
    }
}

fn of_link(named: &NamedArm, joint: Option<usize>) -> Vec<Capsule> {
    let of_link = named
        .capsules
        .iter()
        .filter(|capsule| capsule.joint == joint);
    of_link.copied().collect()
}

fn underscored(name: &str) -> String {
    name.replace(char::is_whitespace, "_")
}

/// A text as an XML attribute holds it.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            // XML 1.0 has no place for other control characters, not even escaped.
            control if control.is_control() => escaped.push(' '),
            other => {
                let _ = write!(escaped, "{other}");
            }
        }
    }
    escaped
}
