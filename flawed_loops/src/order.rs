//! Loops that know which command is new in a wrong way.

use control_loop::frame::{Command, HandCommand};
use control_loop::{HANDS, PATHS, Verdict};

use crate::flaw::{Flaw, Moment};

/// Each path has a number of its own, and what is newer on its path is new: the slower path's copy moves
/// the arm back.
///
/// The Linux PRP device up to 6.1.192 dropped what was not newer than the highest number of its port
/// (mended by 415e6367512b, 5 February 2026). Caught by R02 and R09.
#[derive(Clone, Default)]
pub struct NewerOnItsPath {
    newest: [(u32, u64); PATHS],
}

impl Flaw for NewerOnItsPath {
    fn judge(&mut self, moment: &Moment, command: &mut Command, verdict: Verdict) -> Verdict {
        let number = (command.epoch, command.sequence);
        let newest = &mut self.newest[moment.path.index()];
        if number <= *newest {
            return refused(verdict, Verdict::Duplicate);
        }
        if !moment.admits(command) {
            return refused(verdict, Verdict::Stale);
        }
        *newest = number;
        Verdict::Accepted
    }

    fn digest(&self, sink: &mut dyn FnMut(&[u8])) {
        for (epoch, sequence) in &self.newest {
            sink(&epoch.to_le_bytes());
            sink(&sequence.to_le_bytes());
        }
    }
}

/// Each path has a window of its own, as two IPsec or MACsec associations have: a copy that was not seen on
/// its path is new, however old, as long as it is fresh. Caught by R02 and R09.
#[derive(Clone, Default)]
pub struct WindowOfEachPath {
    windows: [History; PATHS],
}

impl Flaw for WindowOfEachPath {
    fn judge(&mut self, moment: &Moment, command: &mut Command, verdict: Verdict) -> Verdict {
        let window = &mut self.windows[moment.path.index()];
        if !moment.admits(command) {
            return refused(verdict, Verdict::Stale);
        }
        if !window.take(command.epoch, command.sequence) {
            return refused(verdict, Verdict::Duplicate);
        }
        Verdict::Accepted
    }

    fn digest(&self, sink: &mut dyn FnMut(&[u8])) {
        for window in &self.windows {
            window.digest(sink);
        }
    }
}

/// IEEE 802.1CB's vector recovery with a history of 64 and a reset of 50 ms: a frame that overtaking left
/// behind is still good, and after a silence the first frame that comes is taken, whatever its number.
///
/// A reset time shorter than the skew of the paths accepts old duplicates as new. Caught by R02.
#[derive(Clone, Default)]
pub struct TakeAnyAfterReset {
    history: History,
    accepted_ns: u64,
}

/// How long nothing may be accepted before the history is forgotten.
const RESET_NS: u64 = 50_000_000;

impl Flaw for TakeAnyAfterReset {
    fn judge(&mut self, moment: &Moment, command: &mut Command, verdict: Verdict) -> Verdict {
        if moment.now_ns.saturating_sub(self.accepted_ns) > RESET_NS {
            self.history = History::default();
        }
        if !moment.admits(command) {
            return refused(verdict, Verdict::Stale);
        }
        if !self.history.take(command.epoch, command.sequence) {
            return refused(verdict, Verdict::Duplicate);
        }
        self.accepted_ns = moment.now_ns;
        Verdict::Accepted
    }

    fn digest(&self, sink: &mut dyn FnMut(&[u8])) {
        self.history.digest(sink);
        sink(&self.accepted_ns.to_le_bytes());
    }
}

/// Raven II's historical receiver: only the next number is obeyed; a frame that ends a gap is dropped with
/// its increment, so the hand and the instrument drift apart; one that is more than 1,000 behind is taken
/// for a sender that restarted; and nothing has an age.
///
/// Its receiver's rules, as its source has them; increments are recovered here from the motion that our
/// frames carry. Caught by R01 and R02, when what is old comes again.
#[derive(Clone, Default)]
pub struct RavenReceiver {
    newest: (u32, u64),
    hands: [Increments; HANDS],
}

/// How far behind a frame must be to be taken for the first of a restarted sender.
const RESTART: u64 = 1_000;

/// What was lost of a hand's motion since it took hold.
#[derive(Clone, Copy, Default)]
struct Increments {
    grip: u32,
    before_m: [f64; 3],
    lost_m: [f64; 3],
}

impl Flaw for RavenReceiver {
    fn rules(&self, settings: &control_loop::LoopSettings) -> control_loop::admission::Rules {
        control_loop::admission::Rules {
            freshness_ns: u64::MAX,
            ..control_loop::admission::Rules::of(settings)
        }
    }

    fn judge(&mut self, moment: &Moment, command: &mut Command, verdict: Verdict) -> Verdict {
        let (epoch, newest) = self.newest;
        let sequence = command.sequence;
        let restarts = epoch != command.epoch || sequence.saturating_add(RESTART) < newest;
        if sequence <= newest && !restarts {
            return refused(verdict, Verdict::Duplicate);
        }
        self.newest = (command.epoch, sequence);
        let ends_a_gap = !restarts && sequence != newest.saturating_add(1);
        for (increments, hand) in self.hands.iter_mut().zip(&mut command.hands) {
            if let Some(hand) = hand {
                increments.sum(hand, ends_a_gap);
            }
        }
        if ends_a_gap {
            return refused(verdict, Verdict::Overtaken);
        }
        if command.engagement != moment.engagement {
            return refused(verdict, Verdict::WrongEngagement);
        }
        Verdict::Accepted
    }

    fn digest(&self, sink: &mut dyn FnMut(&[u8])) {
        sink(&self.newest.0.to_le_bytes());
        sink(&self.newest.1.to_le_bytes());
        for hand in &self.hands {
            sink(&hand.grip.to_le_bytes());
            for value in hand.before_m.iter().chain(&hand.lost_m) {
                sink(&value.to_bits().to_le_bytes());
            }
        }
    }
}

impl Increments {
    fn sum(&mut self, hand: &mut HandCommand, is_dropped: bool) {
        let moved: [f64; 3] = hand.motion.translation.vector.into();
        if hand.grip != self.grip {
            *self = Self {
                grip: hand.grip,
                before_m: moved,
                lost_m: [0.0; 3],
            };
        }
        if is_dropped {
            for ((lost, before), now) in self.lost_m.iter_mut().zip(&self.before_m).zip(&moved) {
                *lost += now - before;
            }
        }
        self.before_m = moved;
        for (value, lost) in hand.motion.translation.vector.iter_mut().zip(&self.lost_m) {
            *value -= lost;
        }
    }
}

/// The newest number and which of the 64 up to it were seen.
#[derive(Clone, Default)]
struct History {
    newest: (u32, u64),
    seen: u64,
}

impl History {
    /// Whether a number is new to it; it is not any more afterwards.
    fn take(&mut self, epoch: u32, sequence: u64) -> bool {
        if epoch != self.newest.0 {
            *self = Self {
                newest: (epoch, sequence),
                seen: 1,
            };
            return true;
        }
        if let Some(ahead) = sequence
            .checked_sub(self.newest.1)
            .filter(|ahead| *ahead > 0)
        {
            let shift = u32::try_from(ahead).unwrap_or(u32::MAX);
            self.seen = self.seen.checked_shl(shift).unwrap_or(0) | 1;
            self.newest.1 = sequence;
            return true;
        }
        let behind = u32::try_from(self.newest.1 - sequence).unwrap_or(u32::MAX);
        let Some(bit) = 1_u64.checked_shl(behind) else {
            return false;
        };
        let is_new = self.seen & bit == 0;
        self.seen |= bit;
        is_new
    }

    fn digest(&self, sink: &mut dyn FnMut(&[u8])) {
        sink(&self.newest.0.to_le_bytes());
        sink(&self.newest.1.to_le_bytes());
        sink(&self.seen.to_le_bytes());
    }
}

/// A refusal keeps the sound loop's word for it, if that is a refusal too.
fn refused(verdict: Verdict, otherwise: Verdict) -> Verdict {
    if verdict == Verdict::Accepted {
        otherwise
    } else {
        verdict
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_history_takes_each_of_the_last_64_numbers_once_and_nothing_older() {
        let mut history = History::default();
        assert!(history.take(1, 100));
        assert!(!history.take(1, 100));
        assert!(history.take(1, 37) && !history.take(1, 37));
        assert!(!history.take(1, 36), "64 behind");
        assert!(history.take(1, 1_000) && history.take(1, 999) && !history.take(1, 100));
        assert!(history.take(2, 5) && !history.take(2, 5), "another epoch");
    }

    #[test]
    fn a_dropped_increment_stays_lost_until_the_hand_takes_hold_anew() {
        let hand = |grip, x_m: f64| HandCommand {
            arm: 0,
            grip,
            motion: robot_model::Pose::translation(x_m, 0.0, 0.0),
            jaw_rad: 0.0,
        };
        let mut increments = Increments::default();
        let mut sum = |grip, x_m, is_dropped| {
            let mut hand = hand(grip, x_m);
            increments.sum(&mut hand, is_dropped);
            hand.motion.translation.vector.x
        };
        assert_eq!(sum(1, 0.0, false), 0.0);
        assert_eq!(sum(1, 0.5, false), 0.5);
        sum(1, 0.75, true);
        assert_eq!(sum(1, 1.0, false), 0.75);
        assert_eq!(sum(2, 0.25, false), 0.25);
    }
}
