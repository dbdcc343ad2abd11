//! Loops that trust what they should not: a seal unchecked, a clock, a path, the other end.

use chacha20poly1305::aead::AeadInOut;
use chacha20poly1305::{ChaCha20Poly1305, KeyInit, Nonce};
use control_loop::admission::Rules;
use control_loop::frame::{Command, HEADER_BYTES, Kind, TAG_BYTES, header_of};
use control_loop::{Datagram, LoopSettings, PathHealth, SessionKeys, TickOutput, Verdict};

use crate::flaw::{Flaw, Moment};

/// Nobody looks at the seal: whoever knows the layout commands, and a flipped bit is obeyed.
///
/// Raven II's receiver has its checksum test commented out, and no authentication (Bonaci et al., arXiv
/// 1504.04339). Caught by R12.
#[derive(Clone, Default)]
pub struct NoAuthentication;

impl Flaw for NoAuthentication {
    /// The same text under a seal that fits.
    fn instead(&self, bytes: &[u8], keys: &SessionKeys) -> Option<Datagram> {
        let (Kind::Command, _, _) = header_of(bytes)? else {
            return None;
        };
        let mut frame = bytes.to_vec();
        let text_end = frame.len().checked_sub(TAG_BYTES)?;
        let (header, rest) = frame.split_at_mut(HEADER_BYTES);
        let (text, tag) = rest.split_at_mut(text_end.checked_sub(HEADER_BYTES)?);
        let nonce: Nonce = <[u8; 12]>::try_from(header.get(4..)?).ok()?.into();
        let cipher = ChaCha20Poly1305::new(&keys.command.into());
        // The key stream taken off, and put on again: only the tag is new.
        cipher
            .encrypt_inout_detached(&nonce, header, (&mut *text).into())
            .ok()?;
        let sealed = cipher.encrypt_inout_detached(&nonce, header, text.into());
        tag.copy_from_slice(&sealed.ok()?);
        Some(Datagram::new(&frame))
    }
}

/// A command's age is half of its echo's: both ways are taken to be equally long.
///
/// What everybody does who measures round trips only; two paths of which one is slow, or one way that
/// clogs, make it wrong. Caught by R01.
#[derive(Clone, Default)]
pub struct HalfRoundTrip;

impl Flaw for HalfRoundTrip {
    fn rules(&self, settings: &LoopSettings) -> Rules {
        Rules {
            freshness_ns: settings.freshness_ns.saturating_mul(2),
            ..Rules::of(settings)
        }
    }
}

/// A command's age comes from when it says that it was made, on a clock that both ends are taken to share:
/// set by the first command of the session, whose way is taken to be as long as always.
///
/// Our frames carry no clock of the console's; their numbers stand for it, one each frame interval. A first
/// command that was under way for long makes all that follow look young. Caught by R01.
#[derive(Clone)]
pub struct WallClockAge {
    frame_interval_ns: u64,
    usual_ns: u64,
    /// Epoch, and when its command 0 would have been made.
    session: (u32, i128),
}

impl WallClockAge {
    /// A clock for commands that are sent at an interval and usually take so long.
    pub fn new(frame_interval_ns: u64, usual_ns: u64) -> Self {
        Self {
            frame_interval_ns,
            usual_ns,
            session: (0, 0),
        }
    }
}

impl Flaw for WallClockAge {
    fn rules(&self, settings: &LoopSettings) -> Rules {
        Rules {
            freshness_ns: u64::MAX,
            ..Rules::of(settings)
        }
    }

    fn judge(&mut self, moment: &Moment, command: &mut Command, verdict: Verdict) -> Verdict {
        let since_first = i128::from(command.sequence) * i128::from(self.frame_interval_ns);
        let now = i128::from(moment.now_ns);
        if self.session.0 != command.epoch {
            self.session = (command.epoch, now - i128::from(self.usual_ns) - since_first);
        }
        let age = now - (self.session.1 + since_first);
        if verdict == Verdict::Accepted && age > i128::from(moment.freshness_ns) {
            return Verdict::Stale;
        }
        verdict
    }

    fn digest(&self, sink: &mut dyn FnMut(&[u8])) {
        sink(&self.session.0.to_le_bytes());
        sink(&self.session.1.to_le_bytes());
    }
}

/// A command counts whatever engagement it was made for: a gesture that was made before a hold ends it.
/// Caught by R07.
#[derive(Clone, Default)]
pub struct NoEngagement {
    newest: (u32, u64),
}

impl Flaw for NoEngagement {
    fn judge(&mut self, moment: &Moment, command: &mut Command, verdict: Verdict) -> Verdict {
        let number = (command.epoch, command.sequence);
        let of_any = Moment {
            engagement: command.engagement,
            ..*moment
        };
        let is_order = matches!(verdict, Verdict::Accepted | Verdict::WrongEngagement);
        if !is_order || number <= self.newest || !of_any.admits(command) {
            return if verdict == Verdict::Accepted {
                Verdict::Overtaken
            } else {
                verdict
            };
        }
        self.newest = number;
        Verdict::Accepted
    }

    fn digest(&self, sink: &mut dyn FnMut(&[u8])) {
        sink(&self.newest.0.to_le_bytes());
        sink(&self.newest.1.to_le_bytes());
    }
}

/// Every datagram is opened, however many come. Caught by R21.
#[derive(Clone, Default)]
pub struct NoWorkBudget;

impl Flaw for NoWorkBudget {
    fn rules(&self, settings: &LoopSettings) -> Rules {
        Rules {
            frames_per_tick: u32::MAX,
            ..Rules::of(settings)
        }
    }
}

/// Both paths are always said to work: as long as one does, nobody learns that the other is gone.
///
/// Redundancy without detection of latent errors. Caught by R19.
#[derive(Clone, Default)]
pub struct LatentErrors;

impl Flaw for LatentErrors {
    fn say(&mut self, _now_ns: u64, _obeyed: Option<&Command>, output: TickOutput) -> TickOutput {
        TickOutput {
            paths: [PathHealth::Working; 2],
            ..output
        }
    }
}
