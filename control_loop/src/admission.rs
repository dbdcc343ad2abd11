//! Admission: which frames may become the robot's target. Ten verdicts, decided in a fixed order.
//!
//! 1. **Malformed**: not a frame of this layout.
//! 2. **Forged**: not sealed by this session's console.
//! 3. **WrongEpoch**: of another epoch of the session.
//! 4. **Jump**: further ahead than any console can be.
//! 5. **Late**: behind the window, so nobody can tell whether it was seen.
//! 6. **Duplicate**: seen before, on whichever path.
//! 7. **Stale**: the robot time that it echoes is too long ago. That time is an upper bound of its age
//!    on the robot's own clock, whatever the clocks of the two ends do.
//! 8. **WrongEngagement**: made for an engagement that has ended.
//! 9. **Overtaken**: a newer command was accepted before it.
//! 10. **Accepted**.
//!
//! Nothing moves before authentication, nothing is reset by silence, and sequence numbers are 64 bits
//! wide, so the window never wraps. A refused frame changes counters and what the window has seen. The
//! latter could only matter to a console whose clock runs backwards: of its own frames, those that follow a
//! stale one carry greater numbers and newer echoes, so none of them is late or a duplicate for it.

use crate::frame::{self, Command, Refusal, SessionKeys};
use crate::{LoopSettings, PATHS, PathId};

/// Sequence numbers that the window remembers. At 1,000 frames a second that is four seconds; the
/// longest skew to bridge is below one (a satellite path beside a fibre: 0.55 s).
pub const WINDOW: u64 = 4_096;
const WORDS: usize = 64;
const WORD_COUNT: u64 = 64;
const WORD_BITS: u64 = 64;

const _: () = assert!(WORD_COUNT * WORD_BITS == WINDOW && WORDS as u64 == WORD_COUNT);

/// What became of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is the newest admissible command.
    Accepted,
    /// Its number was judged before.
    Duplicate,
    /// It is behind the window.
    Late,
    /// A newer command was accepted before it.
    Overtaken,
    /// It echoes a robot time that is too long ago, or in the future.
    Stale,
    /// Its tag does not fit.
    Forged,
    /// It is of another epoch.
    WrongEpoch,
    /// It echoes an engagement that has ended.
    WrongEngagement,
    /// It is no frame of this layout.
    Malformed,
    /// It is too far ahead.
    Jump,
}

/// How many verdicts there are.
pub const VERDICTS: usize = 10;

impl Verdict {
    /// All verdicts, in the order of their counters in a status frame.
    pub const ALL: [Self; VERDICTS] = [
        Self::Accepted,
        Self::Duplicate,
        Self::Late,
        Self::Overtaken,
        Self::Stale,
        Self::Forged,
        Self::WrongEpoch,
        Self::WrongEngagement,
        Self::Malformed,
        Self::Jump,
    ];

    /// The verdict in words.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Duplicate => "duplicate",
            Self::Late => "late",
            Self::Overtaken => "overtaken",
            Self::Stale => "stale",
            Self::Forged => "forged",
            Self::WrongEpoch => "wrong epoch",
            Self::WrongEngagement => "wrong engagement",
            Self::Malformed => "malformed",
            Self::Jump => "jump",
        }
    }
}

/// The rules that frames are judged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The session's epoch.
    pub epoch: u32,
    /// How far ahead of the newest authentic frame a frame may be, beyond what the console can have
    /// sent since then, frames.
    pub forward_jump: u64,
    /// Time between two commands of the console, ns.
    pub frame_interval_ns: u64,
    /// How old an echo may be, ns.
    pub freshness_ns: u64,
    /// How long a path may be quiet before it counts as silent, ns.
    pub latent_ns: u64,
}

impl Rules {
    /// The rules that the loop's settings state.
    pub fn of(settings: &LoopSettings) -> Self {
        Self {
            epoch: settings.epoch,
            forward_jump: settings.forward_jump,
            frame_interval_ns: settings.frame_interval_ns,
            freshness_ns: settings.freshness_ns,
            latent_ns: settings.latent_ns,
        }
    }
}

/// The state of admission.
#[derive(Clone)]
pub struct Admission {
    keys: SessionKeys,
    rules: Rules,
    window: Window,
    /// When the window's head last moved.
    moved_ns: u64,
    newest_accepted: u64,
    counters: [[u32; VERDICTS]; PATHS],
    heard_ns: [u64; PATHS],
}

impl Admission {
    /// Nothing seen, nothing accepted, both paths just heard.
    pub fn new(rules: Rules, keys: &SessionKeys) -> Self {
        Self {
            keys: keys.clone(),
            rules,
            window: Window::new(),
            moved_ns: 0,
            newest_accepted: 0,
            counters: [[0; VERDICTS]; PATHS],
            heard_ns: [0; PATHS],
        }
    }

    /// Judges a frame that arrives on `path` now, while `engagement` is the present number; the command
    /// comes with the verdict that accepts it.
    pub fn judge(
        &mut self,
        now_ns: u64,
        path: PathId,
        bytes: &[u8],
        engagement: u32,
    ) -> (Verdict, Option<Command>) {
        let (verdict, command) = match frame::open_command(bytes, &self.keys) {
            Err(Refusal::Malformed) => (Verdict::Malformed, None),
            Err(Refusal::Forged) => (Verdict::Forged, None),
            Ok(command) => {
                let verdict = self.judge_authentic(now_ns, &command, engagement);
                // Frames of another epoch say nothing of this session's path.
                if verdict != Verdict::WrongEpoch
                    && let Some(heard_ns) = self.heard_ns.get_mut(path.index())
                {
                    *heard_ns = now_ns;
                }
                (verdict, (verdict == Verdict::Accepted).then_some(command))
            }
        };
        let counter = self
            .counters
            .get_mut(path.index())
            .and_then(|path| path.get_mut(verdict as usize));
        if let Some(counter) = counter {
            *counter = counter.saturating_add(1);
        }
        (verdict, command)
    }

    /// Sequence number of the newest accepted command; 0 before the first.
    pub fn newest_accepted(&self) -> u64 {
        self.newest_accepted
    }

    /// Frames judged so far, by path and verdict.
    pub fn counters(&self) -> &[[u32; VERDICTS]; PATHS] {
        &self.counters
    }

    /// Paths on which nothing authentic arrived for longer than the rules allow.
    pub fn silent_paths(&self, now_ns: u64) -> [bool; PATHS] {
        self.heard_ns
            .map(|heard_ns| now_ns.saturating_sub(heard_ns) > self.rules.latent_ns)
    }

    /// Folds everything that later verdicts depend on, and the counters.
    pub fn digest(&self, sink: &mut dyn FnMut(&[u8])) {
        sink(&self.newest_accepted.to_le_bytes());
        sink(&self.window.head.to_le_bytes());
        let mut seen = [0; WORDS * 8];
        for (place, word) in seen.chunks_exact_mut(8).zip(&self.window.seen) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        sink(&seen);
        for count in self.counters.iter().flatten() {
            sink(&count.to_le_bytes());
        }
        for time_ns in self.heard_ns.iter().chain([&self.moved_ns]) {
            sink(&time_ns.to_le_bytes());
        }
    }

    fn judge_authentic(&mut self, now_ns: u64, command: &Command, engagement: u32) -> Verdict {
        let rules = &self.rules;
        if command.epoch != rules.epoch {
            return Verdict::WrongEpoch;
        }
        let silent_ns = now_ns.saturating_sub(self.moved_ns);
        let sent_since = silent_ns.checked_div(rules.frame_interval_ns).unwrap_or(0);
        let ahead = command.sequence.saturating_sub(self.window.head);
        if ahead > rules.forward_jump.saturating_add(sent_since) {
            return Verdict::Jump;
        }
        if ahead > 0 {
            self.moved_ns = now_ns;
        }
        match self.window.mark(command.sequence) {
            Mark::Behind => return Verdict::Late,
            Mark::Seen => return Verdict::Duplicate,
            Mark::New => {}
        }
        // An echo from the future is no echo of this robot's clock.
        let age_ns = now_ns.checked_sub(command.echo_ns);
        if age_ns.is_none_or(|age_ns| age_ns > rules.freshness_ns) {
            Verdict::Stale
        } else if command.engagement != engagement {
            Verdict::WrongEngagement
        } else if command.sequence <= self.newest_accepted {
            Verdict::Overtaken
        } else {
            self.newest_accepted = command.sequence;
            Verdict::Accepted
        }
    }
}

/// A ring of bits: the numbers in `(head - WINDOW, head]` that were judged.
#[derive(Clone)]
struct Window {
    head: u64,
    seen: [u64; WORDS],
}

enum Mark {
    Behind,
    Seen,
    New,
}

impl Window {
    const fn new() -> Self {
        Self {
            head: 0,
            seen: [0; WORDS],
        }
    }

    /// Marks a number as judged.
    fn mark(&mut self, sequence: u64) -> Mark {
        if sequence == 0 || self.head.saturating_sub(sequence) >= WINDOW {
            return Mark::Behind;
        }
        if sequence > self.head {
            self.advance(sequence);
        }
        let bit = 1_u64.wrapping_shl((sequence % WORD_BITS) as u32);
        let Some(word) = self.seen.get_mut(word_of(sequence)) else {
            return Mark::Behind;
        };
        if *word & bit != 0 {
            return Mark::Seen;
        }
        *word |= bit;
        Mark::New
    }

    /// Moves the head and forgets the numbers that fall out behind the window.
    fn advance(&mut self, head: u64) {
        if head.saturating_sub(self.head) >= WINDOW {
            self.seen = [0; WORDS];
        } else {
            let mut sequence = self.head;
            while sequence < head {
                sequence = sequence.saturating_add(1);
                let bit = 1_u64.wrapping_shl((sequence % WORD_BITS) as u32);
                if let Some(word) = self.seen.get_mut(word_of(sequence)) {
                    *word &= !bit;
                }
            }
        }
        self.head = head;
    }
}

const fn word_of(sequence: u64) -> usize {
    ((sequence / WORD_BITS) % WORD_COUNT) as usize
}
