//! Reception: from datagrams to verdicts. Opens frames, answers greetings, keeps the work bounded.
//!
//! Before [`crate::admission`] judges a command, four things can end a datagram:
//!
//! 1. **Malformed**: not a frame of this layout; costs a comparison.
//! 2. **WrongEpoch**: it names an epoch for which there is no key. Nothing can be verified, so nothing is
//!    done but counted.
//! 3. **Flooded**: in this tick as many frames of this path were opened as may be. Frames whose number says
//!    that they could not become the target anyway are counted apart, so that a burst of old copies takes no
//!    work from the newest command behind it.
//! 4. **Forged**: its tag does not fit.
//!
//! Only then is it authentic. A command of the candidate session begins that session; the one before is
//! over, and its keys are forgotten.

use crate::admission::{Admission, PathHealth, Rules, VERDICTS, Verdict};
use crate::frame::{self, Command, Kind, Refusal, WELCOME_BYTES, Welcome};
use crate::rules::requires;
use crate::session::{Door, PresharedKey, RobotStart, SessionKeys};
use crate::{LoopSettings, PATHS, PathId};

/// The robot's ear: everything between a datagram and a verdict.
#[derive(Clone)]
pub struct Receiver {
    rules: Rules,
    door: Door,
    session: Option<Session>,
    /// A session began since the last tick.
    began: bool,
    /// Frames opened since the last tick: those that may be news, and those that cannot be.
    opened: [Opened; PATHS],
    counters: [[u32; VERDICTS]; PATHS],
    /// When the robot's ear was first used.
    began_ns: Option<u64>,
}

/// Frames of a path that were opened in this tick.
#[derive(Clone, Copy, Default)]
struct Opened {
    news: u32,
    old: u32,
}

/// Frames of a path that are opened in a tick although their number is not newer than the newest accepted
/// one: a copy a tick is what two paths bring, and the rest only counts. Assumed.
const OLD_PER_TICK: u32 = 64;

#[derive(Clone)]
struct Session {
    epoch: u32,
    keys: SessionKeys,
    admission: Admission,
}

/// What a datagram was.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Heard {
    /// What became of it.
    pub verdict: Verdict,
    /// The command inside, when it is one of this session: whatever its verdict.
    pub command: Option<Command>,
}

impl Heard {
    const fn refused(verdict: Verdict) -> Self {
        Self {
            verdict,
            command: None,
        }
    }

    /// The command, if it may become the target.
    pub fn accepted(&self) -> Option<&Command> {
        self.command
            .as_ref()
            .filter(|_| self.verdict == Verdict::Accepted)
    }
}

/// What reception tells a tick.
#[derive(Clone, Debug, PartialEq)]
pub struct Reception {
    /// The session's epoch and keys, once there is one.
    pub session: Option<(u32, SessionKeys)>,
    /// It began since the last tick.
    pub began: bool,
    /// What each path is worth.
    pub paths: [PathHealth; PATHS],
    /// Datagrams judged so far, by path and verdict.
    pub verdicts: [[u32; VERDICTS]; PATHS],
}

impl Receiver {
    /// A robot that waits for a greeting.
    pub fn new(settings: &LoopSettings, psk: &PresharedKey, start: RobotStart) -> Self {
        Self::with_rules(Rules::of(settings), psk, start)
    }

    /// The same with rules of its own.
    pub fn with_rules(rules: Rules, psk: &PresharedKey, start: RobotStart) -> Self {
        Self {
            rules,
            door: Door::new(psk, start),
            session: None,
            began: false,
            opened: [Opened::default(); PATHS],
            counters: [[0; VERDICTS]; PATHS],
            began_ns: None,
        }
    }

    /// Judges a datagram that arrives on `path` now, while `engagement` is the present number.
    pub fn receive(&mut self, now_ns: u64, path: PathId, bytes: &[u8], engagement: u32) -> Heard {
        self.began_ns.get_or_insert(now_ns);
        let heard = self.open(now_ns, path, bytes, engagement);
        let counter = self
            .counters
            .get_mut(path.index())
            .and_then(|path| path.get_mut(heard.verdict as usize));
        if let Some(counter) = counter {
            *counter = counter.saturating_add(1);
        }
        heard
    }

    /// What is remembered of the present session's commands.
    pub fn admission(&self) -> Option<&Admission> {
        self.session.as_ref().map(|session| &session.admission)
    }

    /// Ends a tick's reception and tells what it brought.
    pub fn tick(&mut self, now_ns: u64) -> Reception {
        self.opened = [Opened::default(); PATHS];
        let began = core::mem::take(&mut self.began);
        if let Some(session) = &mut self.session {
            session.admission.tick(now_ns);
        }
        let began_ns = *self.began_ns.get_or_insert(now_ns);
        let unheard = if now_ns.saturating_sub(began_ns) > self.rules.latent_ns {
            PathHealth::Silent
        } else {
            PathHealth::Working
        };
        let session = self.session.as_ref();
        Reception {
            session: session.map(|session| (session.epoch, session.keys.clone())),
            began,
            paths: session.map_or([unheard; PATHS], |session| session.admission.health(now_ns)),
            verdicts: self.counters,
        }
    }

    /// The sealed answer to a greeting, when one is due.
    pub fn welcome(&mut self, now_ns: u64, engagement: u32) -> Option<[u8; WELCOME_BYTES]> {
        let candidate = self
            .door
            .candidate_mut()
            .filter(|candidate| candidate.asked)?;
        candidate.asked = false;
        candidate.answers = candidate.answers.saturating_add(1);
        candidate.offered_ns.get_or_insert(now_ns);
        let welcome = Welcome {
            epoch: candidate.epoch,
            answer: candidate.answers,
            robot_nonce: candidate.robot_nonce,
            robot_time_ns: now_ns,
            engagement,
        };
        Some(frame::seal_welcome(&welcome, &candidate.welcome_key))
    }

    /// Folds everything that later verdicts depend on, and the counters.
    pub fn digest(&self, sink: &mut dyn FnMut(&[u8])) {
        self.door.digest(sink);
        if let Some(session) = &self.session {
            sink(&session.epoch.to_le_bytes());
            session.admission.digest(sink);
        }
        sink(&[u8::from(self.session.is_some()), u8::from(self.began)]);
        sink(&self.began_ns.unwrap_or(u64::MAX).to_le_bytes());
        for count in self.counters.iter().flatten() {
            sink(&count.to_le_bytes());
        }
        for opened in &self.opened {
            sink(&opened.news.to_le_bytes());
            sink(&opened.old.to_le_bytes());
        }
    }

    /// Folds what decides which later commands are accepted, the work of a tick aside.
    pub fn digest_motion(&self, sink: &mut dyn FnMut(&[u8])) {
        self.door.digest(sink);
        if let Some(session) = &self.session {
            sink(&session.epoch.to_le_bytes());
            session.admission.digest_motion(sink);
        }
        sink(&[u8::from(self.session.is_some()), u8::from(self.began)]);
    }

    fn open(&mut self, now_ns: u64, path: PathId, bytes: &[u8], engagement: u32) -> Heard {
        match frame::header_of(bytes) {
            Some((Kind::Hello, ..)) => self.open_hello(path, bytes),
            Some((Kind::Command, epoch, sequence)) => {
                let Some(keys) = self.keys_of(epoch) else {
                    return Heard::refused(Verdict::WrongEpoch);
                };
                let is_news = self.session.as_ref().is_none_or(|session| {
                    session.epoch != epoch || sequence > session.admission.newest_accepted()
                });
                if !self.may_open(path, is_news) {
                    return Heard::refused(Verdict::Flooded);
                }
                match frame::open_command(bytes, &keys.command) {
                    Ok(command) => self.judge(now_ns, path, command, engagement, keys),
                    Err(refusal) => Heard::refused(refusal.into()),
                }
            }
            // A status or a welcome is nothing to a robot, also when it is its own.
            Some((Kind::Status | Kind::Welcome, ..)) | None => Heard::refused(Verdict::Malformed),
        }
    }

    fn open_hello(&mut self, path: PathId, bytes: &[u8]) -> Heard {
        if !self.may_open(path, true) {
            return Heard::refused(Verdict::Flooded);
        }
        match frame::open_hello(bytes, self.door.hello_key()) {
            Ok(hello) => {
                self.door.hear(hello.stamp, &hello.console_nonce);
                Heard::refused(Verdict::Greeting)
            }
            Err(refusal) => Heard::refused(refusal.into()),
        }
    }

    /// Judges an authentic command; one of the candidate session begins that session.
    fn judge(
        &mut self,
        now_ns: u64,
        path: PathId,
        command: Command,
        engagement: u32,
        keys: SessionKeys,
    ) -> Heard {
        let epoch = command.epoch;
        let is_of_another = |session: &Session| session.epoch != epoch;
        if self.session.as_ref().is_none_or(is_of_another) {
            // The console may have sent commands since the welcome, all of them lost: they are no jump.
            let offered_ns = self.door.candidate().and_then(|next| next.offered_ns);
            self.door.confirm();
            self.began = true;
            let unheard_ns = [self.began_ns.unwrap_or(now_ns); PATHS];
            let before = self.session.as_ref();
            let heard_ns = before.map_or(unheard_ns, |before| before.admission.heard_ns());
            self.session = Some(Session {
                epoch,
                keys,
                admission: Admission::new(self.rules, offered_ns.unwrap_or(now_ns), heard_ns),
            });
        }
        let Some(session) = &mut self.session else {
            return Heard::refused(Verdict::WrongEpoch);
        };
        Heard {
            verdict: session.admission.judge(now_ns, path, &command, engagement),
            command: Some(command),
        }
    }

    /// The keys of an epoch: the session's, or those of the one on offer.
    fn keys_of(&self, epoch: u32) -> Option<SessionKeys> {
        let present = self
            .session
            .iter()
            .map(|session| (session.epoch, &session.keys));
        let candidate = self.door.candidate();
        let mut known = present.chain(candidate.map(|next| (next.epoch, &next.keys)));
        known.find_map(|(known, keys)| (known == epoch).then(|| keys.clone()))
    }

    /// Takes one opening from the path's budget of this tick.
    fn may_open(&mut self, path: PathId, is_news: bool) -> bool {
        let Some(opened) = self.opened.get_mut(path.index()) else {
            return false;
        };
        let (opened, most) = if is_news {
            (&mut opened.news, self.rules.frames_per_tick)
        } else {
            (&mut opened.old, OLD_PER_TICK)
        };
        if !requires!(WorkBudget, *opened < most) {
            return false;
        }
        *opened = opened.saturating_add(1);
        true
    }
}

impl From<Refusal> for Verdict {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Malformed => Self::Malformed,
            Refusal::Forged => Self::Forged,
        }
    }
}
