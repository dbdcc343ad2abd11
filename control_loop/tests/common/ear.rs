//! Reception in a session of its own, command by command.

use control_loop::admission::{PathHealth, Rules, Verdict};
use control_loop::frame::{Command, seal_command};
use control_loop::reception::Receiver;
use control_loop::{LoopSettings, PATHS, PathId, VERDICTS};

use super::{Handshake, KEYS, MS, PSK, ROBOT_START, arms};

pub const JUMP: u64 = 5_000;
pub const FRESH_NS: u64 = 500 * MS;
pub const ENGAGEMENT: u32 = 3;

/// The robot's ear in a session that began at time 0, with a tick after every frame.
pub struct Ear {
    pub receiver: Receiver,
    /// What the beginning of the session counted.
    begun: [[u32; VERDICTS]; PATHS],
    counters: [[u32; VERDICTS]; PATHS],
}

impl Ear {
    pub fn new(rules: Rules) -> Self {
        let mut receiver = Receiver::with_rules(rules, &PSK, ROBOT_START);
        let hello = Handshake::of(&arms(), &LoopSettings::default()).hello;
        receiver.receive(0, PathId::A, &hello, ENGAGEMENT);
        receiver.welcome(0, ENGAGEMENT).expect("it answers");
        // Any authentic command begins the session: this one is refused.
        let first = seal_command(&command(0, 0), &KEYS.command);
        receiver.receive(0, PathId::A, &first, ENGAGEMENT);
        let begun = receiver.tick(0).verdicts;
        Self {
            receiver,
            begun,
            counters: begun,
        }
    }

    pub fn judge(
        &mut self,
        now_ns: u64,
        path: PathId,
        bytes: &[u8],
        engagement: u32,
    ) -> (Verdict, Option<Command>) {
        let heard = self.receiver.receive(now_ns, path, bytes, engagement);
        self.counters = self.receiver.tick(now_ns).verdicts;
        (heard.verdict, heard.accepted().copied())
    }

    /// What was judged since the session began.
    pub fn counters(&self) -> [[u32; VERDICTS]; PATHS] {
        let mut counters = self.counters;
        for (count, begun) in counters
            .iter_mut()
            .flatten()
            .zip(self.begun.iter().flatten())
        {
            *count -= begun;
        }
        counters
    }

    pub fn newest_accepted(&self) -> u64 {
        self.receiver
            .admission()
            .expect("a session")
            .newest_accepted()
    }

    pub fn silent_paths(&self, now_ns: u64) -> [bool; PATHS] {
        let health = self.receiver.admission().expect("a session").health(now_ns);
        health.map(|health| health == PathHealth::Silent)
    }
}

pub fn admission() -> Ear {
    Ear::new(Rules::of(&LoopSettings::default()))
}

/// A command that nobody could refuse at its time.
pub fn command(sequence: u64, echo_ns: u64) -> Command {
    Command {
        epoch: 1,
        sequence,
        echo_ns,
        engagement: ENGAGEMENT,
        clutch: 1,
        engaged: true,
        stop: false,
        hands: [None; 2],
    }
}

pub fn judge(admission: &mut Ear, now_ns: u64, path: PathId, command: &Command) -> Verdict {
    let bytes = seal_command(command, &KEYS.command);
    let (verdict, handed_on) = admission.judge(now_ns, path, &bytes, ENGAGEMENT);
    assert_eq!(
        handed_on.is_some(),
        verdict == Verdict::Accepted,
        "only an accepted command is handed on"
    );
    verdict
}

/// Judges a command that is fresh now.
pub fn arrive(admission: &mut Ear, now_ns: u64, path: PathId, sequence: u64) -> Verdict {
    judge(admission, now_ns, path, &command(sequence, now_ns))
}

/// What all later acceptances depend on.
pub fn memory(admission: &Ear) -> Vec<u8> {
    let mut bytes = Vec::new();
    let admission = admission.receiver.admission().expect("a session");
    admission.digest(&mut |part| bytes.extend_from_slice(part));
    bytes.truncate(24);
    bytes
}

pub fn digest(admission: &Ear) -> Vec<u8> {
    let mut bytes = Vec::new();
    admission
        .receiver
        .digest(&mut |part| bytes.extend_from_slice(part));
    bytes
}
