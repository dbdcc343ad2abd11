//! Redundancy: what each path delivers, and what the loop would lose without it.
//!
//! A ring remembers for the newest [`WINDOW`] sequence numbers on which path each arrived in time. It
//! tells a copy from a frame that was never seen, and, once a number is so old that no copy of it could
//! be fresh any more, which path missed what the other one brought. Latent errors show here: nothing
//! stops when the first of two paths fails.

use crate::{PATHS, PathId};

/// Sequence numbers that the ring remembers. At 1,000 frames a second that is four seconds; the
/// longest skew to bridge is below one (a satellite path beside a fibre: 0.55 s).
pub const WINDOW: u64 = 4_096;
/// One word more than the window: the head's own word may be nearly empty.
const WORDS: usize = 65;
const WORD_COUNT: u64 = 65;
const WORD_BITS: u64 = 64;

const _: () = assert!((WORD_COUNT - 1) * WORD_BITS == WINDOW && WORDS as u64 == WORD_COUNT);

/// Frames in a verdict on a path's losses: four words of the ring. Half a second at 500 Hz.
const JUDGED_WORDS: u32 = 4;

/// The share of what the other path brought that a path must miss to be called losing, and the share
/// below which it is called working again. Assumed.
const LOSING_PERCENT: u32 = 50;
const WORKING_PERCENT: u32 = 25;

/// What a path is worth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PathHealth {
    /// It delivers.
    #[default]
    Working,
    /// It misses at least half of what the other path brings.
    Losing,
    /// Nothing that could have become the target came by it for longer than the latent time.
    Silent,
}

impl PathHealth {
    /// All values, in the order of their numbers in a status frame.
    pub const ALL: [Self; 3] = [Self::Working, Self::Losing, Self::Silent];

    /// The value in a word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Working => "working",
            Self::Losing => "losing",
            Self::Silent => "silent",
        }
    }
}

/// What is known of a sequence number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// Too far behind the head to say.
    Behind,
    /// It came before, by whichever path.
    Seen,
    /// It did not come before.
    New,
}

/// The ring, and what it says of the paths.
#[derive(Clone)]
pub(crate) struct Redundancy {
    head: u64,
    /// How many numbers back a frame counts as finally missed.
    settled: u64,
    came_by: [[u64; WORDS]; PATHS],
    /// Frames that the other path brought, and how many of them this path missed: the words judged so
    /// far towards a verdict.
    brought: [u32; PATHS],
    missed: [u32; PATHS],
    words: u32,
    losing: [bool; PATHS],
}

impl Redundancy {
    /// Nothing seen. A frame is finally missed when its copies would be stale: `freshness` frames back.
    pub fn new(freshness_frames: u64) -> Self {
        Self {
            head: 0,
            settled: freshness_frames.min(WINDOW.saturating_sub(WORD_BITS)),
            came_by: [[0; WORDS]; PATHS],
            brought: [0; PATHS],
            missed: [0; PATHS],
            words: 0,
            losing: [false; PATHS],
        }
    }

    pub fn is_losing(&self, path: PathId) -> bool {
        self.losing.get(path.index()).copied().unwrap_or(false)
    }

    /// What is known of a number at or behind the head.
    pub fn look_up(&self, sequence: u64) -> Mark {
        if sequence == 0 || self.head.saturating_sub(sequence) >= WINDOW {
            return Mark::Behind;
        }
        if sequence > self.head {
            return Mark::New;
        }
        let word = word_of(sequence);
        let seen = self.came_by.iter().any(|ring| {
            ring.get(word)
                .is_some_and(|bits| bits & bit_of(sequence) != 0)
        });
        if seen { Mark::Seen } else { Mark::New }
    }

    /// Notes that a number, at or behind the head, came by a path in time.
    pub fn mark(&mut self, path: PathId, sequence: u64) {
        if sequence == 0 || sequence > self.head || self.head.saturating_sub(sequence) >= WINDOW {
            return;
        }
        let word = self
            .came_by
            .get_mut(path.index())
            .and_then(|ring| ring.get_mut(word_of(sequence)));
        if let Some(bits) = word {
            *bits |= bit_of(sequence);
        }
    }

    /// Moves the head up to a number: forgets what falls out of the window, and judges the paths by
    /// what is settled now.
    pub fn advance(&mut self, head: u64) {
        let (old, new) = (self.head / WORD_BITS, head / WORD_BITS);
        // More words than the ring has are all forgotten alike.
        let first = old.saturating_add(1).max(new.saturating_sub(WORD_COUNT));
        for word in first..=new {
            self.judge(word);
            for ring in &mut self.came_by {
                if let Some(bits) = ring.get_mut((word % WORD_COUNT) as usize) {
                    *bits = 0;
                }
            }
        }
        self.head = self.head.max(head);
    }

    /// Counts the word that settles when the head enters `word`.
    fn judge(&mut self, word: u64) {
        let back = (self.settled / WORD_BITS).saturating_add(1);
        let Some(settled) = word.checked_sub(back) else {
            return;
        };
        let place = (settled % WORD_COUNT) as usize;
        let [a, b] = &self.came_by;
        let (Some(a), Some(b)) = (a.get(place), b.get(place)) else {
            return;
        };
        for (path, (own, other)) in [(a, b), (b, a)].into_iter().enumerate() {
            if let (Some(brought), Some(missed)) =
                (self.brought.get_mut(path), self.missed.get_mut(path))
            {
                *brought = brought.saturating_add(other.count_ones());
                *missed = missed.saturating_add((other & !own).count_ones());
            }
        }
        self.words = self.words.saturating_add(1);
        if self.words < JUDGED_WORDS {
            return;
        }
        for ((losing, brought), missed) in
            self.losing.iter_mut().zip(&self.brought).zip(&self.missed)
        {
            let percent = if *losing {
                WORKING_PERCENT
            } else {
                LOSING_PERCENT
            };
            let enough = *brought >= WORD_BITS as u32;
            *losing = enough
                && missed.saturating_mul(100) >= brought.saturating_mul(percent)
                && crate::rules::triggers!(LatentLoss, true);
        }
        (self.words, self.brought, self.missed) = (0, [0; PATHS], [0; PATHS]);
    }

    pub fn digest(&self, sink: &mut dyn FnMut(&[u8])) {
        sink(&self.head.to_le_bytes());
        let mut seen = [0; WORDS * 8];
        for ring in &self.came_by {
            for (place, word) in seen.chunks_exact_mut(8).zip(ring) {
                place.copy_from_slice(&word.to_le_bytes());
            }
            sink(&seen);
        }
        for count in self.brought.iter().chain(&self.missed).chain([&self.words]) {
            sink(&count.to_le_bytes());
        }
        sink(&self.losing.map(u8::from));
    }
}

const fn word_of(sequence: u64) -> usize {
    ((sequence / WORD_BITS) % WORD_COUNT) as usize
}

const fn bit_of(sequence: u64) -> u64 {
    1_u64.wrapping_shl((sequence % WORD_BITS) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deliver(redundancy: &mut Redundancy, path: PathId, sequences: impl Iterator<Item = u64>) {
        for sequence in sequences {
            redundancy.advance(sequence.max(redundancy.head));
            redundancy.mark(path, sequence);
        }
    }

    #[test]
    fn a_number_is_new_until_it_comes_and_behind_when_it_leaves_the_window() {
        let mut redundancy = Redundancy::new(250);
        redundancy.advance(10_000);
        redundancy.mark(PathId::A, 10_000);
        assert_eq!(redundancy.look_up(10_000), Mark::Seen);
        assert_eq!(redundancy.look_up(9_999), Mark::New);
        assert_eq!(redundancy.look_up(10_001), Mark::New);
        assert_eq!(redundancy.look_up(10_000 - WINDOW + 1), Mark::New);
        assert_eq!(redundancy.look_up(10_000 - WINDOW), Mark::Behind);
        assert_eq!(redundancy.look_up(0), Mark::Behind);
    }

    #[test]
    fn what_has_left_the_window_leaves_no_mark_on_the_number_that_took_its_place() {
        let mut redundancy = Redundancy::new(250);
        redundancy.advance(10_000);
        redundancy.mark(PathId::A, 10_000 - WORD_COUNT * WORD_BITS);
        assert_eq!(redundancy.look_up(10_000), Mark::New);
    }

    #[test]
    fn the_ring_forgets_what_falls_out_and_keeps_what_is_inside_the_window() {
        for step in [1, 3, 63, 64, 65, 1_000, 4_000, 4_160, 5_000, 1 << 40] {
            let mut redundancy = Redundancy::new(250);
            let mut came = std::collections::BTreeSet::new();
            let mut head = 1;
            for _ in 0..300 {
                redundancy.advance(head);
                redundancy.mark(PathId::B, head);
                came.insert(head);
                for back in [1, 2, 63, 64, 65, 4_095, 4_096] {
                    let sequence = head.saturating_sub(back);
                    let wanted = if sequence == 0 || back >= WINDOW {
                        Mark::Behind
                    } else if came.contains(&sequence) {
                        Mark::Seen
                    } else {
                        Mark::New
                    };
                    assert_eq!(
                        redundancy.look_up(sequence),
                        wanted,
                        "{step}: {back} behind {head}"
                    );
                }
                head += step;
            }
        }
    }

    #[test]
    fn a_path_that_misses_half_of_what_the_other_brings_is_losing_until_it_misses_less_than_a_quarter()
     {
        let mut redundancy = Redundancy::new(250);
        let mut number = 0;
        let mut phase = |redundancy: &mut Redundancy, frames: u64, lost: &dyn Fn(u64) -> bool| {
            for _ in 0..frames {
                number += 1;
                redundancy.advance(number);
                redundancy.mark(PathId::A, number);
                if !lost(number) {
                    redundancy.mark(PathId::B, number);
                }
            }
        };
        phase(&mut redundancy, 2_000, &|number| number % 3 == 0);
        assert!(!redundancy.is_losing(PathId::B), "a third is not half");
        phase(&mut redundancy, 900, &|number| number % 2 == 0);
        assert!(redundancy.is_losing(PathId::B));
        assert!(!redundancy.is_losing(PathId::A));
        phase(&mut redundancy, 1_000, &|number| number % 3 == 0);
        assert!(
            redundancy.is_losing(PathId::B),
            "a third is not below a quarter"
        );
        phase(&mut redundancy, 1_000, &|number| number % 5 == 0);
        assert!(!redundancy.is_losing(PathId::B));
    }

    #[test]
    fn a_slow_path_is_not_a_losing_one() {
        let mut redundancy = Redundancy::new(250);
        for number in 1..5_000_u64 {
            redundancy.advance(number);
            redundancy.mark(PathId::A, number);
            redundancy.mark(PathId::B, number.saturating_sub(200));
        }
        assert!(!redundancy.is_losing(PathId::B));
    }

    #[test]
    fn a_path_that_brings_nothing_is_losing_and_the_other_is_not() {
        let mut redundancy = Redundancy::new(250);
        deliver(&mut redundancy, PathId::A, 1..3_000);
        assert!(redundancy.is_losing(PathId::B) && !redundancy.is_losing(PathId::A));
    }
}
