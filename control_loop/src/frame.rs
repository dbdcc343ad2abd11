//! Frames: fixed size, versioned, sealed. `FRAME.md` lists them byte by byte.
//!
//! The header travels in clear and is authenticated; everything else is encrypted. Lengths and turns
//! are fixed-point integers: a frame cannot carry a value that is not a number, and sealing is the same
//! on every machine.

use chacha20poly1305::aead::AeadInOut;
use chacha20poly1305::{ChaCha20Poly1305, KeyInit, Nonce, Tag};
use nalgebra::{Quaternion, Translation3, UnitQuaternion};
use robot_model::{MAX_ARMS, Pose};

use crate::admission::{PathHealth, VERDICTS};
use crate::bytes::{Reader, Writer};
use crate::rules::requires;
use crate::session::SessionNonce;
use crate::watch::Fault;
use crate::{HANDS, PATHS, State};

/// First two bytes of every frame.
pub const MAGIC: [u8; 2] = *b"TS";
/// The layout that this crate speaks.
pub const VERSION: u8 = 2;

/// Header: magic, version, kind, epoch, sequence.
pub const HEADER_BYTES: usize = 16;
/// Authentication tag.
pub const TAG_BYTES: usize = 16;
const COMMAND_PAYLOAD_BYTES: usize = 20 + HANDS * HAND_BYTES;
const HAND_BYTES: usize = 40;
const STATUS_PAYLOAD_BYTES: usize = 28 + PATHS * VERDICTS * 4;
const HELLO_PAYLOAD_BYTES: usize = 16;
const NONCE_BYTES: usize = 16;
const WELCOME_PAYLOAD_BYTES: usize = 16;

/// Size of a sealed command.
pub const COMMAND_BYTES: usize = HEADER_BYTES + COMMAND_PAYLOAD_BYTES + TAG_BYTES;
/// Size of a sealed status.
pub const STATUS_BYTES: usize = HEADER_BYTES + STATUS_PAYLOAD_BYTES + TAG_BYTES;
/// Size of a sealed greeting.
pub const HELLO_BYTES: usize = HEADER_BYTES + HELLO_PAYLOAD_BYTES + TAG_BYTES;
/// Size of the sealed answer to one.
pub const WELCOME_BYTES: usize = HEADER_BYTES + NONCE_BYTES + WELCOME_PAYLOAD_BYTES + TAG_BYTES;
/// No frame is larger.
pub const DATAGRAM_MAX: usize = 192;

const _: () = assert!(COMMAND_BYTES <= DATAGRAM_MAX && STATUS_BYTES <= DATAGRAM_MAX);

/// Metres to nanometres: ±2.1 m in 32 bits.
const PER_METRE: f64 = 1e9;
/// Quaternion parts to 2^-30.
const PER_UNIT: f64 = 1_073_741_824.0;
/// In place of an arm: this hand holds none.
const NO_ARM: u8 = 255;
/// Radians to microradians.
const PER_RADIAN: f64 = 1e6;
/// A received quaternion's norm may differ from one by rounding, not by more.
const NORM_TOLERANCE: f64 = 1e-6;

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
    /// The hands, left and right; `None` for one that holds no arm.
    pub hands: [Option<HandCommand>; HANDS],
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
        for hand in &self.hands {
            sink(&[u8::from(hand.is_some())]);
            let Some(hand) = hand else { continue };
            sink(&[hand.arm]);
            sink(&hand.grip.to_le_bytes());
            let (shift, turn) = (
                &hand.motion.translation.vector,
                &hand.motion.rotation.coords,
            );
            for value in shift.iter().chain(turn.iter()).chain([&hand.jaw_rad]) {
                sink(&value.to_bits().to_le_bytes());
            }
        }
    }

    /// The hand that holds an arm: the left one, if both say they do.
    pub fn hand_on(&self, arm: usize) -> Option<&HandCommand> {
        let mut hands = self.hands.iter().flatten();
        hands.find(|hand| usize::from(hand.arm) == arm)
    }
}

/// What one hand wants of the arm that it holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HandCommand {
    /// The arm, from 0.
    pub arm: u8,
    /// Counts the times that a hand took hold of an arm; a new number is a new place to measure from.
    pub grip: u32,
    /// The hand's motion since it took hold, in the table's frame: translation (m) and turn.
    pub motion: Pose,
    /// Opening of the hand, rad.
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
    /// What each path is worth.
    pub paths: [PathHealth; PATHS],
    /// The fault that the robot is in, if it is.
    pub fault: Option<Fault>,
    /// Datagrams judged so far, by path and verdict.
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

/// A console asks for a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hello {
    /// Rises with every greeting.
    pub stamp: u64,
    /// The console's share of the session's keys.
    pub console_nonce: SessionNonce,
}

/// The robot offers one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Welcome {
    /// The epoch of the session on offer.
    pub epoch: u32,
    /// Counts the answers to one greeting from 1.
    pub answer: u64,
    /// The robot's share of the session's keys; travels in clear, because the key of this frame needs it.
    pub robot_nonce: SessionNonce,
    /// The robot's clock, ns: what the first command echoes.
    pub robot_time_ns: u64,
    /// The present engagement number.
    pub engagement: u32,
}

/// The kinds of frame; each is sealed with a key of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Console to robot.
    Command = 1,
    /// Robot to console.
    Status = 2,
    /// Console to robot, before a session.
    Hello = 3,
    /// Robot to console, before a session.
    Welcome = 4,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Command, Self::Status, Self::Hello, Self::Welcome];

    /// The size of a sealed frame of this kind.
    pub const fn bytes(self) -> usize {
        match self {
            Self::Command => COMMAND_BYTES,
            Self::Status => STATUS_BYTES,
            Self::Hello => HELLO_BYTES,
            Self::Welcome => WELCOME_BYTES,
        }
    }
}

/// The kind and the epoch that a datagram claims, if it has the shape of a frame. Nothing is verified.
pub fn peek(bytes: &[u8]) -> Option<(Kind, u32)> {
    header_of(bytes).map(|(kind, epoch, _)| (kind, epoch))
}

/// The kind, the epoch and the sequence number that a datagram claims. Nothing is verified.
pub fn header_of(bytes: &[u8]) -> Option<(Kind, u32, u64)> {
    let mut fields = Reader::new(bytes);
    if fields.take()? != MAGIC || fields.u8()? != VERSION {
        return None;
    }
    let number = fields.u8()?;
    let kind = Kind::ALL.into_iter().find(|kind| *kind as u8 == number)?;
    (bytes.len() == kind.bytes()).then_some((kind, fields.u32()?, fields.u64()?))
}

/// Seals a command.
pub fn seal_command(command: &Command, key: &[u8; 32]) -> [u8; COMMAND_BYTES] {
    let mut payload = [0; COMMAND_PAYLOAD_BYTES];
    let mut fields = Writer::new(&mut payload);
    fields.put(command.echo_ns.to_le_bytes());
    fields.put(command.engagement.to_le_bytes());
    fields.put(command.clutch.to_le_bytes());
    fields.put([u8::from(command.engaged), u8::from(command.stop), 0, 0]);
    for hand in &command.hands {
        let Some(hand) = hand else {
            fields.put([NO_ARM, 0, 0, 0]);
            fields.put([0; HAND_BYTES - 4]);
            continue;
        };
        fields.put([hand.arm, 0, 0, 0]);
        fields.put(hand.grip.to_le_bytes());
        let (shift, turn) = (&hand.motion.translation.vector, hand.motion.rotation.coords);
        for metres in [shift.x, shift.y, shift.z] {
            fields.put(fixed(metres, PER_METRE));
        }
        for part in [turn.x, turn.y, turn.z, turn.w] {
            fields.put(fixed(part, PER_UNIT));
        }
        fields.put(fixed(hand.jaw_rad, PER_RADIAN));
    }
    seal(Kind::Command, command.epoch, command.sequence, payload, key)
}

/// Opens a command.
///
/// # Errors
/// [`Refusal`] when the bytes are no command sealed with this key.
pub fn open_command(bytes: &[u8], key: &[u8; 32]) -> Result<Command, Refusal> {
    let (epoch, sequence, payload) = open::<COMMAND_PAYLOAD_BYTES>(Kind::Command, bytes, key)?;
    read_command(epoch, sequence, &payload).ok_or(Refusal::Malformed)
}

fn read_command(epoch: u32, sequence: u64, payload: &[u8]) -> Option<Command> {
    let mut fields = Reader::new(payload);
    let (echo_ns, engagement, clutch) = (fields.u64()?, fields.u32()?, fields.u32()?);
    let [engaged, stop, _, _] = fields.take()?;
    let mut hands = [None; HANDS];
    for hand in &mut hands {
        *hand = read_hand(&fields.take::<HAND_BYTES>()?);
    }
    Some(Command {
        epoch,
        sequence,
        echo_ns,
        engagement,
        clutch,
        engaged: flag(engaged)?,
        stop: flag(stop)?,
        hands,
    })
}

/// A hand's part of a command. One that makes no sense (an arm that cannot be, a turn that is none) is
/// a hand that holds nothing: it costs its own arm this frame, and the other arm nothing.
fn read_hand(bytes: &[u8; HAND_BYTES]) -> Option<HandCommand> {
    let mut fields = Reader::new(bytes);
    let [arm, _, _, _] = fields.take()?;
    let grip = fields.u32()?;
    if usize::from(arm) >= MAX_ARMS {
        return None;
    }
    let mut number = |per: f64| fields.i32().map(|value| f64::from(value) / per);
    let shift = Translation3::new(number(PER_METRE)?, number(PER_METRE)?, number(PER_METRE)?);
    let (x, y, z) = (number(PER_UNIT)?, number(PER_UNIT)?, number(PER_UNIT)?);
    let turn = Quaternion::new(number(PER_UNIT)?, x, y, z);
    if (turn.norm() - 1.0).abs() > NORM_TOLERANCE {
        return None;
    }
    Some(HandCommand {
        arm,
        grip,
        motion: Pose::from_parts(shift, UnitQuaternion::from_quaternion(turn)),
        jaw_rad: number(PER_RADIAN)?,
    })
}

/// Seals a status.
pub fn seal_status(status: &Status, key: &[u8; 32]) -> [u8; STATUS_BYTES] {
    let mut payload = [0; STATUS_PAYLOAD_BYTES];
    let mut fields = Writer::new(&mut payload);
    fields.put(status.robot_time_ns.to_le_bytes());
    fields.put(status.newest_sequence.to_le_bytes());
    fields.put(status.engagement.to_le_bytes());
    fields.put(status.clutch.to_le_bytes());
    let [a, b] = status.paths;
    let fault = status.fault.map_or(0, Fault::code);
    fields.put([status.state as u8, a as u8, b as u8, fault]);
    for count in status.verdicts.iter().flatten() {
        fields.put(count.to_le_bytes());
    }
    seal(Kind::Status, status.epoch, status.sequence, payload, key)
}

/// Opens a status.
///
/// # Errors
/// [`Refusal`] when the bytes are no status sealed with this key.
pub fn open_status(bytes: &[u8], key: &[u8; 32]) -> Result<Status, Refusal> {
    let (epoch, sequence, payload) = open::<STATUS_PAYLOAD_BYTES>(Kind::Status, bytes, key)?;
    read_status(epoch, sequence, &payload).ok_or(Refusal::Malformed)
}

fn read_status(epoch: u32, sequence: u64, payload: &[u8]) -> Option<Status> {
    let mut fields = Reader::new(payload);
    let (robot_time_ns, newest_sequence) = (fields.u64()?, fields.u64()?);
    let (engagement, clutch) = (fields.u32()?, fields.u32()?);
    let state = State::ALL.get(usize::from(fields.u8()?)).copied()?;
    let mut health = || PathHealth::ALL.get(usize::from(fields.u8()?)).copied();
    let paths = [health()?, health()?];
    let fault = match fields.u8()? {
        0 => None,
        code => Some(Fault::from_code(code)?),
    };
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
        paths,
        fault,
        verdicts,
    })
}

/// Seals a greeting.
pub fn seal_hello(hello: &Hello, key: &[u8; 32]) -> [u8; HELLO_BYTES] {
    seal(Kind::Hello, 0, hello.stamp, hello.console_nonce, key)
}

/// Opens a greeting.
///
/// # Errors
/// [`Refusal`] when the bytes are no greeting sealed with this key.
pub fn open_hello(bytes: &[u8], key: &[u8; 32]) -> Result<Hello, Refusal> {
    let (_, stamp, console_nonce) = open::<HELLO_PAYLOAD_BYTES>(Kind::Hello, bytes, key)?;
    Ok(Hello {
        stamp,
        console_nonce,
    })
}

/// Seals the answer to a greeting.
pub fn seal_welcome(welcome: &Welcome, key: &[u8; 32]) -> [u8; WELCOME_BYTES] {
    let mut payload = [0; WELCOME_PAYLOAD_BYTES];
    let mut fields = Writer::new(&mut payload);
    fields.put(welcome.robot_time_ns.to_le_bytes());
    fields.put(welcome.engagement.to_le_bytes());
    let sealed: [u8; HEADER_BYTES + WELCOME_PAYLOAD_BYTES + TAG_BYTES] =
        seal(Kind::Welcome, welcome.epoch, welcome.answer, payload, key);
    // The nonce is not sealed: without it there is no key, and with another the key is another.
    let mut frame = [0; WELCOME_BYTES];
    let mut fields = Writer::new(&mut frame);
    let mut parts = Reader::new(&sealed);
    if let (Some(header), Some(rest)) = (
        parts.take::<HEADER_BYTES>(),
        parts.take::<{ WELCOME_PAYLOAD_BYTES + TAG_BYTES }>(),
    ) {
        fields.put(header);
        fields.put(welcome.robot_nonce);
        fields.put(rest);
    }
    frame
}

/// The robot's nonce in a welcome, before anything is verified.
pub fn robot_nonce(bytes: &[u8]) -> Option<SessionNonce> {
    let mut fields = Reader::new(bytes);
    fields.take::<HEADER_BYTES>()?;
    fields.take()
}

/// Opens the answer to a greeting with the key that follows from its nonce.
///
/// # Errors
/// [`Refusal`] when the bytes are no welcome sealed with this key.
pub fn open_welcome(bytes: &[u8], key: &[u8; 32]) -> Result<Welcome, Refusal> {
    if bytes.len() != WELCOME_BYTES {
        return Err(Refusal::Malformed);
    }
    let mut fields = Reader::new(bytes);
    let mut sealed = [0; HEADER_BYTES + WELCOME_PAYLOAD_BYTES + TAG_BYTES];
    let mut rest = Writer::new(&mut sealed);
    rest.put::<HEADER_BYTES>(fields.take().ok_or(Refusal::Malformed)?);
    let robot_nonce = fields.take().ok_or(Refusal::Malformed)?;
    rest.put::<{ WELCOME_PAYLOAD_BYTES + TAG_BYTES }>(fields.take().ok_or(Refusal::Malformed)?);
    let (epoch, answer, payload) = open::<WELCOME_PAYLOAD_BYTES>(Kind::Welcome, &sealed, key)?;
    let mut fields = Reader::new(&payload);
    Ok(Welcome {
        epoch,
        answer,
        robot_nonce,
        robot_time_ns: fields.u64().ok_or(Refusal::Malformed)?,
        engagement: fields.u32().ok_or(Refusal::Malformed)?,
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
    let cipher = ChaCha20Poly1305::new(&(*key).into());
    let nonce = nonce(epoch, sequence);
    let text = payload.as_mut_slice().into();
    let opened = cipher.decrypt_inout_detached(&nonce, &header, text, &Tag::from(tag));
    if opened.is_err() {
        if !requires!(Authentication, false) {
            return Err(Refusal::Forged);
        }
        // Without this rule the text is used unverified: the key stream is taken off all the same.
        let text = payload.as_mut_slice().into();
        let _tag = cipher.encrypt_inout_detached(&nonce, &header, text);
    }
    Ok((epoch, sequence, payload))
}

fn read_header(kind: Kind, header: &[u8; HEADER_BYTES]) -> Option<(u32, u64)> {
    let mut fields = Reader::new(header);
    let is_ours = fields.take()? == MAGIC && fields.take()? == [VERSION, kind as u8];
    is_ours.then_some((fields.u32()?, fields.u64()?))
}
