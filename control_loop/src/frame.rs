//! Frames: fixed size, versioned, sealed. `FRAME.md` lists them byte by byte.
//!
//! The header travels in clear and is authenticated; everything else is encrypted. Lengths and turns
//! are fixed-point integers: a frame cannot carry a value that is not a number, and sealing is the same
//! on every machine.

use chacha20poly1305::aead::AeadInOut;
use chacha20poly1305::{ChaCha20Poly1305, KeyInit, Nonce, Tag};
use nalgebra::{Quaternion, Translation3, UnitQuaternion};
use robot_model::{MAX_ARMS, Pose};

use crate::bytes::{Reader, Writer};
use crate::{PATHS, State, VERDICTS};

/// First two bytes of every frame.
pub const MAGIC: [u8; 2] = *b"TS";
/// The layout that this crate speaks.
pub const VERSION: u8 = 1;

/// Header: magic, version, kind, epoch, sequence.
pub const HEADER_BYTES: usize = 16;
/// Authentication tag.
pub const TAG_BYTES: usize = 16;
const COMMAND_PAYLOAD_BYTES: usize = 20 + MAX_ARMS * ARM_BYTES;
const ARM_BYTES: usize = 32;
const STATUS_PAYLOAD_BYTES: usize = 28 + PATHS * VERDICTS * 4;

/// Size of a sealed command.
pub const COMMAND_BYTES: usize = HEADER_BYTES + COMMAND_PAYLOAD_BYTES + TAG_BYTES;
/// Size of a sealed status.
pub const STATUS_BYTES: usize = HEADER_BYTES + STATUS_PAYLOAD_BYTES + TAG_BYTES;
/// No frame is larger.
pub const DATAGRAM_MAX: usize = 256;

const _: () = assert!(COMMAND_BYTES <= DATAGRAM_MAX && STATUS_BYTES <= DATAGRAM_MAX);

/// Metres to nanometres: ±2.1 m in 32 bits.
const PER_METRE: f64 = 1e9;
/// Quaternion parts to 2^-30.
const PER_UNIT: f64 = 1_073_741_824.0;
/// Radians to microradians.
const PER_RADIAN: f64 = 1e6;
/// A received quaternion's norm may differ from one by rounding, not by more.
const NORM_TOLERANCE: f64 = 1e-6;

/// The keys of a session, one a direction: a status reflected to the robot can never pass as a command.
#[derive(Clone)]
pub struct SessionKeys {
    /// Seals commands.
    pub command: [u8; 32],
    /// Seals statuses.
    pub status: [u8; 32],
}

/// What the surgeon wants, as the console sends it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Command {
    /// The session's epoch: a restart of either end begins a new one.
    pub epoch: u32,
    /// Counts the session's commands from 1.
    pub sequence: u64,
    /// The newest robot time that the console had seen, ns on the robot's clock.
    pub echo_ns: u64,
    /// The engagement number that the clutch gesture echoed.
    pub engagement: u32,
    /// Counts the clutch gestures.
    pub clutch: u32,
    /// Whether the instruments are to follow the hands.
    pub engaged: bool,
    /// Whether the emergency stop is pressed.
    pub stop: bool,
    /// One entry an arm.
    pub arms: [ArmCommand; MAX_ARMS],
}

impl Command {
    /// Folds everything that the command says.
    pub fn digest(&self, sink: &mut dyn FnMut(&[u8])) {
        for value in [self.sequence, self.echo_ns] {
            sink(&value.to_le_bytes());
        }
        for value in [self.epoch, self.engagement, self.clutch] {
            sink(&value.to_le_bytes());
        }
        sink(&[u8::from(self.engaged), u8::from(self.stop)]);
        for arm in &self.arms {
            let (shift, turn) = (&arm.motion.translation.vector, &arm.motion.rotation.coords);
            for value in shift.iter().chain(turn.iter()).chain([&arm.jaw_rad]) {
                sink(&value.to_bits().to_le_bytes());
            }
        }
    }
}

/// What one hand wants of one arm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ArmCommand {
    /// The hand's motion since the clutch gesture, in the table's frame: translation (m) and turn.
    pub motion: Pose,
    /// Opening of the jaw, rad.
    pub jaw_rad: f64,
}

/// What the robot says of itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Status {
    /// The session's epoch.
    pub epoch: u32,
    /// Counts the session's statuses from 1.
    pub sequence: u64,
    /// The robot's clock when it was sealed, ns.
    pub robot_time_ns: u64,
    /// The present engagement number: only a gesture that echoes it resumes.
    pub engagement: u32,
    /// The interlock's state.
    pub state: State,
    /// Sequence number of the newest accepted command.
    pub newest_sequence: u64,
    /// The newest clutch number that was followed.
    pub clutch: u32,
    /// Paths on which nothing authentic arrived for a while.
    pub silent_paths: [bool; PATHS],
    /// Frames judged so far, by path and verdict.
    pub verdicts: [[u32; VERDICTS]; PATHS],
}

/// Why bytes are no frame of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Wrong length, mark, version or kind, or authentic bytes with an impossible content.
    Malformed,
    /// The tag does not fit: altered, or sealed with another key.
    Forged,
}

/// The kinds of frame; each is sealed with a key of its own.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Command = 1,
    Status = 2,
}

/// Seals a command.
pub fn seal_command(command: &Command, keys: &SessionKeys) -> [u8; COMMAND_BYTES] {
    let mut payload = [0; COMMAND_PAYLOAD_BYTES];
    let mut fields = Writer::new(&mut payload);
    fields.put(command.echo_ns.to_le_bytes());
    fields.put(command.engagement.to_le_bytes());
    fields.put(command.clutch.to_le_bytes());
    fields.put([u8::from(command.engaged), u8::from(command.stop), 0, 0]);
    for arm in &command.arms {
        let (shift, turn) = (&arm.motion.translation.vector, arm.motion.rotation.coords);
        for metres in [shift.x, shift.y, shift.z] {
            fields.put(fixed(metres, PER_METRE));
        }
        for part in [turn.x, turn.y, turn.z, turn.w] {
            fields.put(fixed(part, PER_UNIT));
        }
        fields.put(fixed(arm.jaw_rad, PER_RADIAN));
    }
    seal(
        Kind::Command,
        command.epoch,
        command.sequence,
        payload,
        &keys.command,
    )
}

/// Opens a command.
///
/// # Errors
/// [`Refusal`] when the bytes are no command sealed with this key.
pub fn open_command(bytes: &[u8], keys: &SessionKeys) -> Result<Command, Refusal> {
    let (epoch, sequence, payload) =
        open::<COMMAND_PAYLOAD_BYTES>(Kind::Command, bytes, &keys.command)?;
    read_command(epoch, sequence, &payload).ok_or(Refusal::Malformed)
}

fn read_command(epoch: u32, sequence: u64, payload: &[u8]) -> Option<Command> {
    let mut fields = Reader::new(payload);
    let (echo_ns, engagement, clutch) = (fields.u64()?, fields.u32()?, fields.u32()?);
    let [engaged, stop, _, _] = fields.take()?;
    let mut arms = [ArmCommand {
        motion: Pose::identity(),
        jaw_rad: 0.0,
    }; MAX_ARMS];
    for arm in &mut arms {
        let mut number = |per: f64| fields.i32().map(|value| f64::from(value) / per);
        let shift = Translation3::new(number(PER_METRE)?, number(PER_METRE)?, number(PER_METRE)?);
        let (x, y, z) = (number(PER_UNIT)?, number(PER_UNIT)?, number(PER_UNIT)?);
        let turn = Quaternion::new(number(PER_UNIT)?, x, y, z);
        if (turn.norm() - 1.0).abs() > NORM_TOLERANCE {
            return None;
        }
        arm.motion = Pose::from_parts(shift, UnitQuaternion::from_quaternion(turn));
        arm.jaw_rad = number(PER_RADIAN)?;
    }
    Some(Command {
        epoch,
        sequence,
        echo_ns,
        engagement,
        clutch,
        engaged: flag(engaged)?,
        stop: flag(stop)?,
        arms,
    })
}

/// Seals a status.
pub fn seal_status(status: &Status, keys: &SessionKeys) -> [u8; STATUS_BYTES] {
    let mut payload = [0; STATUS_PAYLOAD_BYTES];
    let mut fields = Writer::new(&mut payload);
    fields.put(status.robot_time_ns.to_le_bytes());
    fields.put(status.newest_sequence.to_le_bytes());
    fields.put(status.engagement.to_le_bytes());
    fields.put(status.clutch.to_le_bytes());
    let [a, b] = status.silent_paths;
    fields.put([status.state as u8, u8::from(a), u8::from(b), 0]);
    for count in status.verdicts.iter().flatten() {
        fields.put(count.to_le_bytes());
    }
    seal(
        Kind::Status,
        status.epoch,
        status.sequence,
        payload,
        &keys.status,
    )
}

/// Opens a status.
///
/// # Errors
/// [`Refusal`] when the bytes are no status sealed with this key.
pub fn open_status(bytes: &[u8], keys: &SessionKeys) -> Result<Status, Refusal> {
    let (epoch, sequence, payload) =
        open::<STATUS_PAYLOAD_BYTES>(Kind::Status, bytes, &keys.status)?;
    read_status(epoch, sequence, &payload).ok_or(Refusal::Malformed)
}

fn read_status(epoch: u32, sequence: u64, payload: &[u8]) -> Option<Status> {
    let mut fields = Reader::new(payload);
    let (robot_time_ns, newest_sequence) = (fields.u64()?, fields.u64()?);
    let (engagement, clutch) = (fields.u32()?, fields.u32()?);
    let state = State::ALL.get(usize::from(fields.u8()?)).copied()?;
    let silent_paths = [flag(fields.u8()?)?, flag(fields.u8()?)?];
    fields.u8()?;
    let mut verdicts = [[0; VERDICTS]; PATHS];
    for count in verdicts.iter_mut().flatten() {
        *count = fields.u32()?;
    }
    Some(Status {
        epoch,
        sequence,
        robot_time_ns,
        engagement,
        state,
        newest_sequence,
        clutch,
        silent_paths,
        verdicts,
    })
}

fn flag(byte: u8) -> Option<bool> {
    match byte {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    }
}

/// A number as a fixed-point integer; out of range saturates, not a number becomes zero.
fn fixed(value: f64, per: f64) -> [u8; 4] {
    (libm::rint(value * per) as i32).to_le_bytes()
}

fn header(kind: Kind, epoch: u32, sequence: u64) -> [u8; HEADER_BYTES] {
    let mut header = [0; HEADER_BYTES];
    let mut fields = Writer::new(&mut header);
    fields.put(MAGIC);
    fields.put([VERSION, kind as u8]);
    fields.put(epoch.to_le_bytes());
    fields.put(sequence.to_le_bytes());
    header
}

/// Epoch and sequence: never twice with one key, and the same on both paths, so that both copies are
/// the same bytes.
fn nonce(epoch: u32, sequence: u64) -> Nonce {
    let mut nonce = [0; 12];
    let mut fields = Writer::new(&mut nonce);
    fields.put(epoch.to_le_bytes());
    fields.put(sequence.to_le_bytes());
    nonce.into()
}

fn seal<const PAYLOAD: usize, const FRAME: usize>(
    kind: Kind,
    epoch: u32,
    sequence: u64,
    mut payload: [u8; PAYLOAD],
    key: &[u8; 32],
) -> [u8; FRAME] {
    let header = header(kind, epoch, sequence);
    let cipher = ChaCha20Poly1305::new(&(*key).into());
    let sealed = cipher.encrypt_inout_detached(
        &nonce(epoch, sequence),
        &header,
        payload.as_mut_slice().into(),
    );
    let mut frame = [0; FRAME];
    // Only a text beyond 256 GiB cannot be sealed; a frame of zeros is refused by everyone.
    if let Ok(tag) = sealed {
        let mut fields = Writer::new(&mut frame);
        fields.put(header);
        fields.put(payload);
        fields.put::<TAG_BYTES>(tag.into());
    }
    frame
}

fn open<const PAYLOAD: usize>(
    kind: Kind,
    bytes: &[u8],
    key: &[u8; 32],
) -> Result<(u32, u64, [u8; PAYLOAD]), Refusal> {
    if bytes.len()
        != HEADER_BYTES
            .saturating_add(PAYLOAD)
            .saturating_add(TAG_BYTES)
    {
        return Err(Refusal::Malformed);
    }
    let mut fields = Reader::new(bytes);
    let header = fields.take::<HEADER_BYTES>().ok_or(Refusal::Malformed)?;
    let mut payload = fields.take::<PAYLOAD>().ok_or(Refusal::Malformed)?;
    let tag = fields.take::<TAG_BYTES>().ok_or(Refusal::Malformed)?;
    let (epoch, sequence) = read_header(kind, &header).ok_or(Refusal::Malformed)?;
    ChaCha20Poly1305::new(&(*key).into())
        .decrypt_inout_detached(
            &nonce(epoch, sequence),
            &header,
            payload.as_mut_slice().into(),
            &Tag::from(tag),
        )
        .map_err(|_| Refusal::Forged)?;
    Ok((epoch, sequence, payload))
}

fn read_header(kind: Kind, header: &[u8; HEADER_BYTES]) -> Option<(u32, u64)> {
    let mut fields = Reader::new(header);
    let is_ours = fields.take()? == MAGIC && fields.take()? == [VERSION, kind as u8];
    is_ours.then_some((fields.u32()?, fields.u64()?))
}
