//! Admission: which authentic frames may become the robot's target.
//!
//! [`crate::reception`] opens frames; what is left to decide has a fixed order:
//!
//! 1. **Jump**: further ahead of the newest accepted command than any console can be.
//! 2. **Late**: behind the window, so nobody can tell whether it was seen.
//! 3. **Duplicate**: seen before, on whichever path.
//! 4. **Stale**: the robot time that it echoes is too long ago. That time is an upper bound of its age
//!    on the robot's own clock, whatever the clocks of the two ends do.
//! 5. **WrongEngagement**: made for an engagement that has ended.
//! 6. **Overtaken**: a newer command was accepted before it.
//! 7. **Accepted**.
//!
//! Only an accepted command moves the window's head, and only a tick moves what a jump is measured from.
//! So a refused frame leaves counters and nothing else that a later acceptance could depend on, and the
//! order of arrivals inside a tick cannot matter: of the frames that are admissible the newest wins,
//! whatever came first. Nothing is reset by silence, and sequence numbers are 64 bits wide, so the window
//! never wraps.
//!
//! The ring behind the window decides no acceptance (order alone refuses every repetition). It tells a
//! repetition from a late arrival and sees what each path is worth: see [`crate::redundancy`].

use crate::frame::Command;
use crate::redundancy::{Mark, Redundancy};
use crate::rules::{requires, triggers};
use crate::{LoopSettings, PATHS, PathId};

pub use crate::redundancy::{PathHealth, WINDOW};

/// What became of a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is the newest admissible command.
    Accepted,
    /// Its number came before.
    Duplicate,
    /// It is behind the window.
    Late,
    /// A newer command was accepted before it.
    Overtaken,
    /// It echoes a robot time that is too long ago, or in the future.
    Stale,
    /// Its tag does not fit.
    Forged,
    /// It names an epoch that is neither the session's nor the one on offer.
    WrongEpoch,
    /// It echoes an engagement that has ended.
    WrongEngagement,
    /// It is no frame of this layout.
    Malformed,
    /// It is too far ahead.
    Jump,
    /// It asks for a session.
    Greeting,
    /// It came when the tick's work on its path was spent, and was not looked at.
    Flooded,
}

/// How many verdicts there are.
pub const VERDICTS: usize = 12;

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
        Self::Greeting,
        Self::Flooded,
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
            Self::Greeting => "greeting",
            Self::Flooded => "flooded",
        }
    }
}

/// The rules that frames are judged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// How far ahead of the newest accepted frame a frame may be, beyond what the console can have
    /// sent since then, frames.
    pub forward_jump: u64,
    /// Time between two commands of the console, ns.
    pub frame_interval_ns: u64,
    /// How old an echo may be, ns.
    pub freshness_ns: u64,
    /// How long a path may bring nothing before it counts as silent, ns.
    pub latent_ns: u64,
    /// Frames of a path that are opened in a tick, as far as their numbers are newer than the newest
    /// accepted one; the rest is dropped unread.
    pub frames_per_tick: u32,
}

impl Rules {
    /// The rules that the loop's settings state.
    pub fn of(settings: &LoopSettings) -> Self {
        Self {
            forward_jump: settings.forward_jump,
            frame_interval_ns: settings.frame_interval_ns,
            freshness_ns: settings.freshness_ns,
            latent_ns: settings.latent_ns,
            frames_per_tick: settings.frames_per_tick,
        }
    }
}

/// What admission remembers of one epoch.
#[derive(Clone)]
pub struct Admission {
    rules: Rules,
    newest_accepted: u64,
    /// What a jump is measured from: the newest accepted number as the last tick saw it, and when that
    /// was first so.
    settled: u64,
    settled_ns: u64,
    redundancy: Redundancy,
    paths: [Heard; PATHS],
}

/// When a path last brought something worth having.
#[derive(Clone, Copy, Default)]
struct Heard {
    /// The greatest number that came by it fresh.
    newest: u64,
    at_ns: u64,
}

impl Admission {
    /// Nothing accepted in this epoch, which was offered to the console at a moment before which it cannot
    /// have sent anything; each path was last heard at its time.
    pub fn new(rules: Rules, offered_ns: u64, heard_ns: [u64; PATHS]) -> Self {
        Self {
            rules,
            newest_accepted: 0,
            settled: 0,
            settled_ns: offered_ns,
            redundancy: Redundancy::new(
                rules
                    .freshness_ns
                    .checked_div(rules.frame_interval_ns)
                    .unwrap_or(0),
            ),
            paths: heard_ns.map(|at_ns| Heard { newest: 0, at_ns }),
        }
    }

    /// Judges an authentic command of this epoch that arrives on `path` now, while `engagement` is the
    /// present number.
    pub fn judge(
        &mut self,
        now_ns: u64,
        path: PathId,
        command: &Command,
        engagement: u32,
    ) -> Verdict {
        let sequence = command.sequence;
        let sent_since = now_ns
            .saturating_sub(self.settled_ns)
            .checked_div(self.rules.frame_interval_ns)
            .unwrap_or(0);
        let ahead = sequence.saturating_sub(self.settled);
        let possible = ahead <= self.rules.forward_jump.saturating_add(sent_since);
        if !requires!(ForwardJump, possible) {
            return Verdict::Jump;
        }
        let mark = self.redundancy.look_up(sequence);
        // An echo from the future is no echo of this robot's clock.
        let age_ns = now_ns.checked_sub(command.echo_ns);
        let is_fresh = age_ns.is_some_and(|age_ns| age_ns <= self.rules.freshness_ns);
        if is_fresh {
            self.note_delivery(now_ns, path, sequence);
        }
        if triggers!(Order, mark == Mark::Behind) {
            return Verdict::Late;
        }
        if triggers!(Order, mark == Mark::Seen) {
            return Verdict::Duplicate;
        }
        if !requires!(Freshness, is_fresh) {
            Verdict::Stale
        } else if !requires!(Engagement, command.engagement == engagement) {
            Verdict::WrongEngagement
        } else if !requires!(Order, sequence > self.newest_accepted) {
            Verdict::Overtaken
        } else {
            self.newest_accepted = sequence;
            self.redundancy.advance(sequence);
            self.redundancy.mark(path, sequence);
            Verdict::Accepted
        }
    }

    /// Ends the tick: from here on a jump is measured from the newest command accepted so far.
    pub fn tick(&mut self, now_ns: u64) {
        if self.newest_accepted != self.settled {
            self.settled = self.newest_accepted;
            self.settled_ns = now_ns;
        }
    }

    /// Sequence number of the newest accepted command; 0 before the first.
    pub fn newest_accepted(&self) -> u64 {
        self.newest_accepted
    }

    /// When each path last brought something worth having.
    pub fn heard_ns(&self) -> [u64; PATHS] {
        self.paths.map(|heard| heard.at_ns)
    }

    /// What each path is worth now.
    pub fn health(&self, now_ns: u64) -> [PathHealth; PATHS] {
        let mut health = [PathHealth::Working; PATHS];
        for ((health, heard), path) in health.iter_mut().zip(&self.paths).zip(PathId::ALL) {
            if now_ns.saturating_sub(heard.at_ns) > self.rules.latent_ns {
                *health = PathHealth::Silent;
            } else if self.redundancy.is_losing(path) {
                *health = PathHealth::Losing;
            }
        }
        health
    }

    /// Folds everything that later verdicts depend on.
    pub fn digest(&self, sink: &mut dyn FnMut(&[u8])) {
        for value in [self.newest_accepted, self.settled, self.settled_ns] {
            sink(&value.to_le_bytes());
        }
        for heard in &self.paths {
            sink(&heard.newest.to_le_bytes());
            sink(&heard.at_ns.to_le_bytes());
        }
        self.redundancy.digest(sink);
    }

    /// Folds what acceptance depends on: the ring and the paths' health decide none.
    pub(crate) fn digest_motion(&self, sink: &mut dyn FnMut(&[u8])) {
        for value in [self.newest_accepted, self.settled, self.settled_ns] {
            sink(&value.to_le_bytes());
        }
    }

    /// A fresh command came by a path. It speaks for the path only if it is newer than everything that
    /// came by it before: somebody who repeats what was recorded keeps no dead path alive.
    fn note_delivery(&mut self, now_ns: u64, path: PathId, sequence: u64) {
        self.redundancy.mark(path, sequence);
        let Some(heard) = self.paths.get_mut(path.index()) else {
            return;
        };
        if requires!(PathNews, sequence > heard.newest) {
            heard.newest = heard.newest.max(sequence);
            heard.at_ns = now_ns;
        }
    }
}
