//! A description file as it is written; what it means is for `check` to say.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

use super::Axis;
use super::quantity::{Confidence, Quantity};

/// The whole file.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, rename = "Robot")]
pub(super) struct File {
    pub name: String,
    #[serde(deserialize_with = "entries")]
    pub sources: Entries<String>,
    pub gravity: Option<[Quantity; 3]>,
    pub cart: Option<Cart>,
    #[serde(deserialize_with = "entries")]
    pub models: Entries<Model>,
    pub arms: Vec<MountedArm>,
}

/// A kind of arm, which several mounted arms may share.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Model {
    pub kind: Kind,
    pub rows: Vec<Row>,
    pub tool_tip: Rotation,
    pub limits: Vec<Limits>,
    pub drives: Vec<Drive>,
    pub links: Vec<Link>,
    pub home: Vec<Quantity>,
    pub friction: Option<Vec<Friction>>,
    pub capsules: Option<Vec<LinkCapsule>>,
    #[serde(default, deserialize_with = "entries")]
    pub meshes: Entries<String>,
    pub jaw: Option<Jaw>,
    pub optics: Option<Optics>,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Friction {
    pub viscous: Quantity,
    pub coulomb: Quantity,
}

/// A capsule of the link that the named joint moves, or of `"base"`.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, rename = "Capsule")]
pub(super) struct LinkCapsule {
    pub link: String,
    pub from: [Quantity; 3],
    pub to: [Quantity; 3],
    pub radius: Quantity,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Jaw {
    pub length: Quantity,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Optics {
    pub tilt: Quantity,
    pub field_of_view: Quantity,
}

/// What the arms stand on, in the frame of the operating table.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cart {
    pub place: Mount,
    #[serde(default)]
    pub capsules: Vec<CartCapsule>,
    pub mesh: Option<String>,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, rename = "Capsule")]
pub(super) struct CartCapsule {
    pub from: [Quantity; 3],
    pub to: [Quantity; 3],
    pub radius: Quantity,
}

/// A joint that is set before an operation and then stays: its frame in the one before, and its value.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SetUpJoint {
    pub name: String,
    pub kind: RowKind,
    pub axis: Axis,
    pub origin: Mount,
    pub lower: Option<Quantity>,
    pub upper: Option<Quantity>,
    pub value: Quantity,
}

#[derive(Clone, Copy, Debug, serde::Deserialize)]
pub(super) enum Kind {
    Instrument,
    SphericalInstrument,
    Endoscope,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Row {
    pub kind: RowKind,
    pub alpha: Quantity,
    pub a: Quantity,
    pub d: Quantity,
    pub offset: Quantity,
}

#[derive(Clone, Copy, Debug, serde::Deserialize)]
pub(super) enum RowKind {
    Revolute,
    Prismatic,
}

/// A rotation matrix, row by row: `rotation(((…), (…), (…)), "source", Confidence)`.
#[derive(Debug, serde::Deserialize)]
#[serde(rename = "rotation")]
pub(super) struct Rotation(pub [[f64; 3]; 3], pub String, pub Confidence);

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Limits {
    pub lower: Quantity,
    pub upper: Quantity,
    pub velocity: Quantity,
    pub acceleration: Quantity,
    pub jerk: Quantity,
    pub effort: Quantity,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Drive {
    pub stiffness: Quantity,
    pub damping: Quantity,
    pub armature: Quantity,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Link {
    pub mass: Quantity,
    pub com: [Quantity; 3],
    pub inertia: [Quantity; 3],
}

/// An arm on the cart.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields, rename = "Arm")]
pub(super) struct MountedArm {
    pub name: String,
    pub model: String,
    pub set_up: Option<Vec<SetUpJoint>>,
    pub mount: Mount,
}

/// A frame in another: turned about x, then y, then z of the other, and moved.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mount {
    pub position: [Quantity; 3],
    pub roll: Quantity,
    pub pitch: Quantity,
    pub yaw: Quantity,
}

/// A map in the order of the file.
pub(super) type Entries<T> = Vec<(String, T)>;

/// Reads a map and refuses a key that comes twice, where serde would let the last one win.
fn entries<'de, D, T>(deserializer: D) -> Result<Entries<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    deserializer.deserialize_map(EntriesVisitor(PhantomData))
}

struct EntriesVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for EntriesVisitor<T> {
    type Value = Entries<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map with text keys")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut entries: Entries<T> = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            if entries.iter().any(|(known, _)| *known == key) {
                let message = format!("the key {key:?} comes twice in one map: rename or drop one");
                return Err(M::Error::custom(message));
            }
            let value = map.next_value()?;
            entries.push((key, value));
        }
        Ok(entries)
    }
}
