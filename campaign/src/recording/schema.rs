//! The channels of a recording and their JSON schemas.
//!
//! The names and fields of those that begin with `foxglove.` are Foxglove's message schemas
//! (docs.foxglove.dev, "message schemas"), which viewers know by name; the others are this project's.

use serde_json::{Value, json};

/// A channel: topic, name of its schema, and the schema.
pub(super) struct Topic {
    pub topic: String,
    pub schema_name: &'static str,
    pub schema: Value,
}

pub(super) fn transforms() -> Topic {
    foxglove(
        "/tf",
        "foxglove.FrameTransforms",
        json!({ "transforms": list(object(json!({
            "timestamp": time(), "parent_frame_id": text(), "child_frame_id": text(),
            "translation": vector(), "rotation": quaternion(),
        }))) }),
    )
}

pub(super) fn scene() -> Topic {
    let primitive = |mut fields: Value| {
        fields["pose"] = pose();
        fields["size"] = vector();
        fields["color"] =
            object(json!({ "r": number(), "g": number(), "b": number(), "a": number() }));
        list(object(fields))
    };
    let entity = object(json!({
        "timestamp": time(), "frame_id": text(), "id": text(),
        "lifetime": duration(), "frame_locked": { "type": "boolean" },
        "metadata": list(object(json!({ "key": text(), "value": text() }))),
        "spheres": primitive(json!({})),
        "cylinders": primitive(json!({ "bottom_scale": number(), "top_scale": number() })),
    }));
    foxglove(
        "/scene",
        "foxglove.SceneUpdate",
        json!({
            "deletions": list(object(json!({
                "timestamp": time(), "type": { "type": "integer" }, "id": text(),
            }))),
            "entities": list(entity),
        }),
    )
}

pub(super) fn commanded() -> Topic {
    foxglove(
        "/commanded_tips",
        "foxglove.PosesInFrame",
        json!({ "timestamp": time(), "frame_id": text(), "poses": list(pose()) }),
    )
}

pub(super) fn events() -> Topic {
    foxglove(
        "/events",
        "foxglove.Log",
        json!({
            "timestamp": time(), "level": { "type": "integer" }, "message": text(), "name": text(),
            "file": text(), "line": { "type": "integer" },
        }),
    )
}

pub(super) fn robot() -> Topic {
    own(
        "/robot".into(),
        "twin.Robot",
        json!({
            "state": text(), "state_number": number(), "engagement": number(),
            "newest_command_age_ms": number(), "fault": text(),
        }),
    )
}

pub(super) fn path(letter: char) -> Topic {
    own(
        format!("/path_{letter}"),
        "twin.Path",
        json!({
            "command_delay_ms": number(), "status_delay_ms": number(), "commands_lost_share": number(),
            "statuses_lost_share": number(), "health": text(), "refused": number(),
        }),
    )
}

pub(super) fn arm(name: &str) -> Topic {
    own(
        format!("/arm/{name}"),
        "twin.Arm",
        json!({
            "tip_m": vector(), "commanded_tip_m": vector(), "behind_mm": number(), "tip_force_n": number(),
            "trocar_force_n": number(), "remote_centre_mm": number(), "clearance_mm": number(),
            "joints": list(number()),
        }),
    )
}

pub(super) fn margins(ids: impl Iterator<Item = String>) -> Topic {
    let fields = ids.map(|id| (id, number())).collect();
    own("/margins".into(), "twin.Margins", Value::Object(fields))
}

fn foxglove(topic: &str, schema_name: &'static str, fields: Value) -> Topic {
    own(topic.into(), schema_name, fields)
}

fn own(topic: String, schema_name: &'static str, fields: Value) -> Topic {
    let mut schema = object(fields);
    schema["title"] = json!(schema_name);
    Topic {
        topic,
        schema_name,
        schema,
    }
}

fn object(fields: Value) -> Value {
    json!({ "type": "object", "properties": fields })
}

fn list(items: Value) -> Value {
    json!({ "type": "array", "items": items })
}

fn number() -> Value {
    json!({ "type": "number" })
}

fn text() -> Value {
    json!({ "type": "string" })
}

fn time() -> Value {
    let fields = json!({ "sec": { "type": "integer" }, "nsec": { "type": "integer" } });
    let mut schema = object(fields);
    schema["title"] = json!("time");
    schema
}

fn duration() -> Value {
    let mut schema = time();
    schema["title"] = json!("duration");
    schema
}

fn vector() -> Value {
    object(json!({ "x": number(), "y": number(), "z": number() }))
}

fn quaternion() -> Value {
    object(json!({ "x": number(), "y": number(), "z": number(), "w": number() }))
}

fn pose() -> Value {
    object(json!({ "position": vector(), "orientation": quaternion() }))
}
