//! The session: how both ends agree on an epoch and its keys.
//!
//! Both ends know a pre-shared key. The console greets (`Hello`) with a number that only rises and a
//! nonce of its own; the robot answers (`Welcome`) with an epoch and a nonce of its own. Both nonces go
//! into the key schedule (HKDF-SHA256), so a restart of either end brings new keys, and no key ever sees
//! a frame's nonce (epoch and sequence) twice.
//!
//! The answer promises nothing yet: the robot keeps the new session as a *candidate* beside the present
//! one, and changes over only when a command sealed with the candidate's key arrives. So a hello that an
//! attacker recorded gets an answer at most, and disturbs no operation.

use hkdf::Hkdf;
use sha2::Sha256;

use crate::frame::{self, Hello, Refusal};
use crate::rules::triggers;

/// The key that both ends were given before the operation, over a channel that is none of the two paths.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PresharedKey(pub [u8; 32]);

impl core::fmt::Debug for PresharedKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("PresharedKey(..)")
    }
}

/// Bytes that are used once.
pub type SessionNonce = [u8; 16];

/// What a console brings to its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConsoleStart {
    /// Rises with every start of any console that has the key, by at least 65,536; the wall clock in ns
    /// does. Of several greetings the robot offers a session to the one with the greatest number.
    pub stamp: u64,
    /// Random, new at every start.
    pub nonce: SessionNonce,
}

/// What a robot brings to its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RobotStart {
    /// The first epoch of this start: greater than any of an earlier start; the wall clock in s is.
    pub epoch: u32,
    /// Random, new at every start.
    pub nonce: SessionNonce,
}

/// The keys of a session, one a direction: a status reflected to the robot can never pass as a command.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionKeys {
    /// Seals commands.
    pub command: [u8; 32],
    /// Seals statuses.
    pub status: [u8; 32],
}

impl core::fmt::Debug for SessionKeys {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("SessionKeys(..)")
    }
}

impl SessionKeys {
    /// The keys of a session.
    pub fn derive(
        psk: &PresharedKey,
        console: &SessionNonce,
        robot: &SessionNonce,
        epoch: u32,
    ) -> Self {
        let schedule = KeySchedule::new(psk, console, robot);
        Self {
            command: schedule.key(b"command", epoch),
            status: schedule.key(b"status", epoch),
        }
    }
}

/// The key that seals hellos.
pub(crate) fn hello_key(psk: &PresharedKey) -> [u8; 32] {
    KeySchedule::new(psk, &[0; 16], &[0; 16]).key(b"hello", 0)
}

/// Opens a greeting with the pre-shared key.
///
/// # Errors
/// [`Refusal`] when it is none, or was sealed with another key.
pub fn open_hello(psk: &PresharedKey, bytes: &[u8]) -> Result<Hello, Refusal> {
    frame::open_hello(bytes, &hello_key(psk))
}

/// The key that seals the welcomes of one candidate.
pub(crate) fn welcome_key(
    psk: &PresharedKey,
    console: &SessionNonce,
    robot: &SessionNonce,
    epoch: u32,
) -> [u8; 32] {
    KeySchedule::new(psk, console, robot).key(b"welcome", epoch)
}

/// A nonce that follows from another and a number: whoever restarts often needs random bytes but once.
pub(crate) fn nonce_from(
    psk: &PresharedKey,
    seed: &SessionNonce,
    other: &SessionNonce,
    number: u64,
) -> SessionNonce {
    let schedule = KeySchedule::new(psk, seed, other);
    let mut nonce = [0; 16];
    schedule.fill(&[b"nonce", &number.to_le_bytes()], &mut nonce);
    nonce
}

/// HKDF-SHA256 (RFC 5869): salt is both nonces, the input key is the pre-shared one.
struct KeySchedule(Hkdf<Sha256>);

impl KeySchedule {
    fn new(psk: &PresharedKey, console: &SessionNonce, robot: &SessionNonce) -> Self {
        let mut salt = [0; 32];
        let (first, second) = salt.split_at_mut(16);
        first.copy_from_slice(console);
        second.copy_from_slice(robot);
        Self(Hkdf::new(Some(&salt), &psk.0))
    }

    fn key(&self, purpose: &[u8], epoch: u32) -> [u8; 32] {
        let mut key = [0; 32];
        self.fill(&[purpose, &epoch.to_le_bytes()], &mut key);
        key
    }

    fn fill(&self, info: &[&[u8]], output: &mut [u8]) {
        let [purpose, number] = info else { return };
        // Only an output beyond 8,160 bytes is refused.
        let filled = self
            .0
            .expand_multi_info(&[b"telesurgery frames 2 ", purpose, b" ", number], output);
        debug_assert!(filled.is_ok(), "a key is 32 bytes");
    }
}

/// What the console knows of the session it asked for and is in.
#[derive(Clone)]
pub(crate) struct Greeting {
    psk: PresharedKey,
    start: ConsoleStart,
    /// Greetings begun so far: each has a stamp and a nonce of its own.
    begun: u64,
}

impl Greeting {
    pub fn new(psk: &PresharedKey, start: ConsoleStart) -> Self {
        Self {
            psk: *psk,
            start,
            begun: 0,
        }
    }

    /// The next greeting replaces the last one; a welcome to that one is dead from now on.
    pub fn begin_again(&mut self) {
        self.begun = self.begun.saturating_add(1);
    }

    pub fn stamp(&self) -> u64 {
        self.start.stamp.saturating_add(self.begun)
    }

    pub fn nonce(&self) -> SessionNonce {
        nonce_from(&self.psk, &self.start.nonce, &[0; 16], self.begun)
    }

    pub fn psk(&self) -> &PresharedKey {
        &self.psk
    }

    pub fn digest(&self, sink: &mut dyn FnMut(&[u8])) {
        sink(&self.start.stamp.to_le_bytes());
        sink(&self.start.nonce);
        sink(&self.begun.to_le_bytes());
    }
}

/// Answers hellos: the robot's side of the handshake.
#[derive(Clone)]
pub(crate) struct Door {
    psk: PresharedKey,
    hello_key: [u8; 32],
    start: RobotStart,
    /// Sessions begun so far.
    begun: u32,
    candidate: Option<Candidate>,
}

/// A session that was offered and not yet used.
#[derive(Clone)]
pub(crate) struct Candidate {
    pub stamp: u64,
    pub epoch: u32,
    pub console_nonce: SessionNonce,
    pub robot_nonce: SessionNonce,
    pub keys: SessionKeys,
    pub welcome_key: [u8; 32],
    /// Welcomes sent.
    pub answers: u64,
    /// A hello came since the last answer.
    pub asked: bool,
    /// When the first welcome was sealed: no command of this session is older.
    pub offered_ns: Option<u64>,
}

impl Door {
    pub fn new(psk: &PresharedKey, start: RobotStart) -> Self {
        Self {
            psk: *psk,
            hello_key: hello_key(psk),
            start,
            begun: 0,
            candidate: None,
        }
    }

    pub fn hello_key(&self) -> &[u8; 32] {
        &self.hello_key
    }

    /// Notes an authentic hello; one older than the candidate's is dead. An old one of a session that has
    /// ended does no harm: nobody can answer what it brings.
    pub fn hear(&mut self, stamp: u64, console_nonce: &SessionNonce) {
        match &mut self.candidate {
            Some(candidate) if triggers!(NewestGreeting, candidate.stamp > stamp) => return,
            Some(candidate)
                if candidate.stamp == stamp && candidate.console_nonce == *console_nonce =>
            {
                candidate.asked = true;
                return;
            }
            _ => {}
        }
        let epoch = self.start.epoch.saturating_add(self.begun);
        let robot_nonce = nonce_from(&self.psk, &self.start.nonce, console_nonce, stamp);
        self.candidate = Some(Candidate {
            stamp,
            epoch,
            console_nonce: *console_nonce,
            robot_nonce,
            keys: SessionKeys::derive(&self.psk, console_nonce, &robot_nonce, epoch),
            welcome_key: welcome_key(&self.psk, console_nonce, &robot_nonce, epoch),
            answers: 0,
            asked: true,
            offered_ns: None,
        });
    }

    pub fn candidate(&self) -> Option<&Candidate> {
        self.candidate.as_ref()
    }

    pub fn candidate_mut(&mut self) -> Option<&mut Candidate> {
        self.candidate.as_mut()
    }

    /// The candidate becomes the session.
    pub fn confirm(&mut self) {
        if self.candidate.take().is_some() {
            self.begun = self.begun.saturating_add(1);
        }
    }

    pub fn digest(&self, sink: &mut dyn FnMut(&[u8])) {
        sink(&self.begun.to_le_bytes());
        if let Some(candidate) = &self.candidate {
            sink(&candidate.stamp.to_le_bytes());
            sink(&candidate.console_nonce);
            sink(&candidate.answers.to_le_bytes());
            sink(&[u8::from(candidate.asked)]);
            if let Some(offered_ns) = candidate.offered_ns {
                sink(&offered_ns.to_le_bytes());
            }
        }
    }
}
