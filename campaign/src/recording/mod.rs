//! A run as an MCAP file, for viewers that others have made: arms in 3D, delays, states, margins, events.
//!
//! Messages are JSON (module `schema` has the channels); times are the robot's clock, so a viewer shows seconds since 1970. The
//! run itself is attached as a session or failure file, which replays it bit for bit. Two recordings of one run are the same bytes.

mod schema;

use std::collections::BTreeMap;
use std::io::{Seek, Write};

use control_loop::Verdict;
use mcap::WriteOptions;
use mcap::records::MessageHeader;
use net_model::{Direction, PATHS};
use robot_model::{Capsule, MAX_JOINTS, Pose};
use serde_json::{Value, json};
use sim::state::{Body, Judges, RobotEnd, Tip};
use sim::{Operation, Twin};

use schema::Topic;

/// The name of the attachment that holds the run as a file which `twin run --fault-file` replays.
pub const ATTACHMENT: &str = "run.ron";

/// How every MCAP file begins.
pub const MAGIC: &[u8] = mcap::MAGIC;

/// Between two looks at everything that moves.
const LOOK_NS: u64 = 20_000_000;

/// Between two looks at the margins, which change rarely.
const MARGINS_NS: u64 = 100_000_000;

/// The frame that all poses are in.
const TABLE: &str = "table";

/// Writes one run.
pub struct Recorder<W: Write + Seek> {
    writer: mcap::Writer<W>,
    channels: Channels,
    capsules: Vec<Vec<Capsule>>,
    arm_names: Vec<String>,
    messages: u32,
    next_look_ns: u64,
    next_margins_ns: u64,
    seen_packets_until_ns: u64,
    refused: [u64; PATHS],
}

/// The channels' numbers in the file.
struct Channels {
    transforms: u16,
    commanded: u16,
    events: u16,
    robot: u16,
    paths: [u16; PATHS],
    arms: Vec<u16>,
    margins: u16,
}

impl<W: Write + Seek> Recorder<W> {
    /// Begins the file of a run that is to be looked at from now on; packets are remembered from here.
    ///
    /// # Errors
    /// The writer fails.
    pub fn new(output: W, operation: &Operation, twin: &mut Twin) -> Result<Self, mcap::McapError> {
        twin.remember_packets();
        let mut writer = WriteOptions::new()
            .profile("")
            .compression(None)
            .create(output)?;
        let mut add = |topic: Topic| {
            let text = topic.schema.to_string();
            let schema = writer.add_schema(topic.schema_name, "jsonschema", text.as_bytes())?;
            writer.add_channel(schema, &topic.topic, "json", &BTreeMap::new())
        };
        let scene = add(schema::scene())?;
        let ids = twin
            .outcome()
            .findings
            .into_iter()
            .map(|found| found.id.to_string());
        let arm_channels = operation
            .arm_names
            .iter()
            .map(|name| add(schema::arm(name)));
        let arms = arm_channels.collect::<Result<_, _>>()?;
        let channels = Channels {
            transforms: add(schema::transforms())?,
            commanded: add(schema::commanded())?,
            events: add(schema::events())?,
            robot: add(schema::robot())?,
            paths: [add(schema::path('a'))?, add(schema::path('b'))?],
            arms,
            margins: add(schema::margins(ids))?,
        };
        let now_ns = twin.now_ns();
        let mut recorder = Self {
            writer,
            channels,
            capsules: operation
                .bodies
                .iter()
                .map(|body| body.capsules.clone())
                .collect(),
            arm_names: operation.arm_names.clone(),
            messages: 0,
            next_look_ns: now_ns,
            next_margins_ns: now_ns,
            seen_packets_until_ns: now_ns,
            refused: [0; PATHS],
        };
        let scene_now = recorder.scene(operation, now_ns);
        recorder.write(scene, now_ns, &scene_now)?;
        Ok(recorder)
    }

    /// Looks at the run after a tick; writes what is due.
    ///
    /// # Errors
    /// The writer fails.
    pub fn look(&mut self, twin: &Twin) -> Result<(), mcap::McapError> {
        let now_ns = twin.now_ns();
        if now_ns < self.next_look_ns {
            return Ok(());
        }
        self.next_look_ns = now_ns + LOOK_NS;
        self.look_at_arms(twin, now_ns)?;
        self.look_at_paths(twin, now_ns)?;
        self.look_at_robot(twin, now_ns)?;
        if now_ns >= self.next_margins_ns {
            self.next_margins_ns = now_ns + MARGINS_NS;
            let findings = twin.outcome().findings;
            let judged = findings.iter().filter(|found| found.robustness.is_finite());
            let margins = judged.map(|found| (found.id.to_string(), json!(found.robustness)));
            let margins = Value::Object(margins.collect());
            self.write(self.channels.margins, now_ns, &margins)?;
        }
        Ok(())
    }

    /// Writes the events from `from_ns` on and the run's own file, and ends the file. Returns what it was written to.
    ///
    /// # Errors
    /// The writer fails.
    pub fn finish(mut self, twin: &Twin, run: &str, from_ns: u64) -> Result<W, mcap::McapError> {
        let events = twin.events();
        for event in events.iter().filter(|event| event.at_ns >= from_ns) {
            let (actor, words) = event.what.describe();
            let level = if event.what.is_violation() { 4 } else { 2 };
            let log = json!({
                "timestamp": time(event.at_ns), "level": level, "message": words, "name": actor,
                "file": "", "line": 0,
            });
            self.write(self.channels.events, event.at_ns, &log)?;
        }
        self.writer.attach(&mcap::Attachment {
            log_time: 0,
            create_time: 0,
            name: ATTACHMENT.into(),
            media_type: "application/x-ron".into(),
            data: run.as_bytes().into(),
        })?;
        self.writer.finish()?;
        Ok(self.writer.into_inner())
    }

    fn look_at_arms(&mut self, twin: &Twin, now_ns: u64) -> Result<(), mcap::McapError> {
        let world = twin.world();
        let plant = &world.resource::<Body>().0;
        let (mut transforms, mut commanded) = (Vec::new(), Vec::new());
        for (arm, &entity) in twin.arms().iter().enumerate() {
            for joint in 0..MAX_JOINTS {
                if let Some(pose) = plant.link_pose(arm, joint) {
                    transforms.push(json!({
                        "timestamp": time(now_ns), "parent_frame_id": TABLE,
                        "child_frame_id": self.frame(arm, joint),
                        "translation": vector(pose.translation.vector.into()),
                        "rotation": quaternion(&pose),
                    }));
                }
            }
            let (Some(tip), Some(touch)) = (world.get::<Tip>(entity), plant.touch(arm)) else {
                continue;
            };
            commanded.push(shown(&tip.set_point));
            let (there, wanted) = (
                tip.measured.translation.vector,
                tip.set_point.translation.vector,
            );
            let mut seen = json!({
                "tip_m": vector(there.into()),
                "commanded_tip_m": vector(wanted.into()),
                "behind_mm": (there - wanted).norm() * 1e3,
                "tip_force_n": touch.tip_force_n,
                "trocar_force_n": touch.trocar_force_n,
                "remote_centre_mm": touch.remote_centre_deviation_m.norm() * 1e3,
                "joints": plant.joints(arm),
            });
            if touch.clearance_m.is_finite() {
                seen["clearance_mm"] = json!(touch.clearance_m * 1e3);
            }
            self.write(self.channels.arms[arm], now_ns, &seen)?;
        }
        let transforms = json!({ "transforms": transforms });
        self.write(self.channels.transforms, now_ns, &transforms)?;
        let commanded = json!({ "timestamp": time(now_ns), "frame_id": TABLE, "poses": commanded });
        self.write(self.channels.commanded, now_ns, &commanded)
    }

    fn look_at_paths(&mut self, twin: &Twin, now_ns: u64) -> Result<(), mcap::McapError> {
        let world = twin.world();
        let health = world.resource::<RobotEnd>().output.paths;
        let verdicts = world.resource::<Judges>().verdicts;
        let since_ns = std::mem::replace(&mut self.seen_packets_until_ns, now_ns);
        for path in 0..PATHS {
            let mut seen = json!({ "health": health[path].name() });
            for (direction, delay, lost_share) in [
                (Direction::Up, "command_delay_ms", "commands_lost_share"),
                (Direction::Down, "status_delay_ms", "statuses_lost_share"),
            ] {
                let packets = twin
                    .packets()
                    .into_iter()
                    .flat_map(|log| log.packets().rev());
                let recent = packets
                    .take_while(|packet| packet.sent_ns >= since_ns)
                    .filter(|packet| {
                        packet.path == path && packet.direction == direction && !packet.is_hostile
                    });
                let (mut sent, mut lost, mut delay_ns) = (0_u32, 0_u32, None);
                for packet in recent {
                    sent += 1;
                    match packet.arrives_ns {
                        Some(arrives_ns) => {
                            // The newest one's: what a plot of single packets would show.
                            delay_ns.get_or_insert(arrives_ns - packet.sent_ns);
                        }
                        None => lost += 1,
                    }
                }
                if let Some(delay_ns) = delay_ns {
                    seen[delay] = json!(delay_ns as f64 * 1e-6);
                }
                if sent > 0 {
                    seen[lost_share] = json!(f64::from(lost) / f64::from(sent));
                }
            }
            let is_refusal = |verdict: &Verdict| {
                !matches!(
                    verdict,
                    Verdict::Accepted | Verdict::Duplicate | Verdict::Greeting
                )
            };
            let refused: u64 = Verdict::ALL
                .iter()
                .filter(|verdict| is_refusal(verdict))
                .map(|verdict| verdicts[path][*verdict as usize])
                .sum();
            let before = std::mem::replace(&mut self.refused[path], refused);
            seen["refused"] = json!(refused - before);
            self.write(self.channels.paths[path], now_ns, &seen)?;
        }
        Ok(())
    }

    fn look_at_robot(&mut self, twin: &Twin, now_ns: u64) -> Result<(), mcap::McapError> {
        let robot = twin.world().resource::<RobotEnd>();
        let mut seen = json!({
            "state": robot.output.state.name(),
            "state_number": robot.output.state as usize,
            "engagement": robot.output.engagement,
            "fault": robot.output.fault.map_or("", |fault| fault.kind.name()),
        });
        let age_ns = robot
            .applied
            .as_ref()
            .and_then(|applied| applied.true_age_ns);
        if let Some(age_ns) = age_ns {
            seen["newest_command_age_ms"] = json!(age_ns as f64 * 1e-6);
        }
        self.write(self.channels.robot, now_ns, &seen)
    }

    /// Links as rounded rods in their own frames, the patient in the table's.
    fn scene(&self, operation: &Operation, now_ns: u64) -> Value {
        let mut entities = Vec::new();
        for (arm, capsules) in self.capsules.iter().enumerate() {
            let base = operation.arms[arm].base;
            for (index, capsule) in capsules.iter().enumerate() {
                let (ends, frame) = match capsule.joint {
                    Some(joint) => ((capsule.from_m, capsule.to_m), self.frame(arm, joint)),
                    // What does not move is placed once.
                    None => {
                        let place =
                            |at: [f64; 3]| (base * nalgebra::Point3::from(at)).coords.into();
                        ((place(capsule.from_m), place(capsule.to_m)), TABLE.into())
                    }
                };
                let id = format!("{}/{index}", self.arm_names[arm]);
                entities.push(rod(
                    now_ns,
                    &id,
                    &frame,
                    ends,
                    capsule.radius_m,
                    [0.8, 0.8, 0.85, 1.0],
                ));
            }
        }
        let patient = &operation.patient;
        if patient.present {
            let skin = patient
                .abdomen
                .iter()
                .map(|lump| (lump, [0.9, 0.75, 0.65, 0.35]));
            let organ = patient
                .tissue
                .iter()
                .map(|lump| (lump, [0.75, 0.2, 0.2, 1.0]));
            for (index, (lump, colour)) in skin.chain(organ).enumerate() {
                let at = |(x, y, z): (f64, f64, f64)| [x, y, z];
                let ends = (at(lump.from_m), at(lump.to_m));
                let id = format!("patient/{index}");
                entities.push(rod(now_ns, &id, TABLE, ends, lump.radius_m, colour));
            }
        }
        json!({ "deletions": [], "entities": entities })
    }

    fn frame(&self, arm: usize, joint: usize) -> String {
        format!("{}/link_{}", self.arm_names[arm], joint + 1)
    }

    fn write(
        &mut self,
        channel_id: u16,
        at_ns: u64,
        message: &Value,
    ) -> Result<(), mcap::McapError> {
        let header = MessageHeader {
            channel_id,
            sequence: self.messages,
            log_time: at_ns,
            publish_time: at_ns,
        };
        self.messages = self.messages.wrapping_add(1);
        self.writer
            .write_to_known_channel(&header, message.to_string().as_bytes())
    }
}

/// The file of the run that a recording holds.
///
/// # Errors
/// A sentence that says what is wrong with the file.
pub fn run_of(recording: &[u8]) -> Result<String, String> {
    let broken = |error: mcap::McapError| format!("is no recording that can be read: {error}");
    let summary = mcap::Summary::read(recording)
        .map_err(broken)?
        .ok_or("is a recording without a summary: it was not written to its end")?;
    let index = summary
        .attachment_indexes
        .iter()
        .find(|index| index.name == ATTACHMENT)
        .ok_or_else(|| format!("is a recording of something else: it has no {ATTACHMENT}"))?;
    let attachment = mcap::read::attachment(recording, index).map_err(broken)?;
    String::from_utf8(attachment.data.into_owned())
        .map_err(|_| format!("has a {ATTACHMENT} that is no text"))
}

/// A rounded rod: a cylinder with a ball at each end.
fn rod(
    at_ns: u64,
    id: &str,
    frame: &str,
    (from, to): ([f64; 3], [f64; 3]),
    radius_m: f64,
    [r, g, b, a]: [f64; 4],
) -> Value {
    let (from, to) = (nalgebra::Vector3::from(from), nalgebra::Vector3::from(to));
    let along = to - from;
    let turn = nalgebra::UnitQuaternion::rotation_between(&nalgebra::Vector3::z(), &along)
        // Of opposite directions any half turn about a line across will do.
        .unwrap_or_else(|| {
            nalgebra::UnitQuaternion::from_axis_angle(
                &nalgebra::Vector3::x_axis(),
                std::f64::consts::PI,
            )
        });
    let placed =
        |at: nalgebra::Vector3<f64>| Pose::from_parts(nalgebra::Translation3::from(at), turn);
    let colour = json!({ "r": r, "g": g, "b": b, "a": a });
    let (thick_m, long_m) = (2.0 * radius_m, along.norm());
    let ball = |at| {
        json!({
            "pose": shown(&placed(at)), "size": vector([thick_m; 3]), "color": colour,
        })
    };
    json!({
        "timestamp": time(at_ns), "frame_id": frame, "id": id, "lifetime": { "sec": 0, "nsec": 0 },
        "frame_locked": true, "metadata": [],
        "spheres": [ball(from), ball(to)],
        "cylinders": [{
            "pose": shown(&placed((from + to) * 0.5)), "size": vector([thick_m, thick_m, long_m]),
            "bottom_scale": 1.0, "top_scale": 1.0, "color": colour,
        }],
    })
}

fn time(at_ns: u64) -> Value {
    json!({ "sec": at_ns / 1_000_000_000, "nsec": at_ns % 1_000_000_000 })
}

fn vector([x, y, z]: [f64; 3]) -> Value {
    json!({ "x": x, "y": y, "z": z })
}

fn quaternion(pose: &Pose) -> Value {
    let turn = pose.rotation.coords;
    json!({ "x": turn.x, "y": turn.y, "z": turn.z, "w": turn.w })
}

fn shown(pose: &Pose) -> Value {
    json!({ "position": vector(pose.translation.vector.into()), "orientation": quaternion(pose) })
}
