//! The timeline: copies of the whole state, a second apart, so that any moment is a second of simulation away.

use std::collections::BTreeMap;

/// Simulated time between copies, ns.
pub const EVERY_NS: u64 = 1_000_000_000;

/// Copies kept at most, each of a few megabytes: then every second one is given up, and the distance doubles.
const MOST: usize = 96;

/// Saved states by their moment.
#[derive(Clone, Debug)]
pub struct Timeline<S> {
    saved: BTreeMap<u64, S>,
    every_ns: u64,
}

impl<S> Default for Timeline<S> {
    fn default() -> Self {
        Self {
            saved: BTreeMap::new(),
            every_ns: EVERY_NS,
        }
    }
}

impl<S> Timeline<S> {
    /// Whether a copy of this moment is wanted.
    pub fn wants(&self, at_ns: u64) -> bool {
        at_ns.is_multiple_of(self.every_ns) && !self.saved.contains_key(&at_ns)
    }

    /// Keeps a copy.
    pub fn keep(&mut self, at_ns: u64, state: S) {
        self.saved.insert(at_ns, state);
        if self.saved.len() > MOST {
            self.every_ns *= 2;
            let every_ns = self.every_ns;
            self.saved.retain(|at_ns, _| at_ns.is_multiple_of(every_ns));
        }
    }

    /// The newest copy that is no later than a moment.
    pub fn before(&self, at_ns: u64) -> Option<(u64, &S)> {
        self.saved
            .range(..=at_ns)
            .next_back()
            .map(|(at_ns, state)| (*at_ns, state))
    }

    /// Gives up all copies after a moment: another future begins there.
    pub fn cut_after(&mut self, at_ns: u64) {
        self.saved.split_off(&(at_ns + 1));
    }

    /// How many copies there are.
    pub fn len(&self) -> usize {
        self.saved.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.saved.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_copy_that_is_not_later_is_found() {
        let mut timeline = Timeline::default();
        for second in 0..5 {
            timeline.keep(second * EVERY_NS, second);
        }
        assert_eq!(timeline.before(3 * EVERY_NS), Some((3 * EVERY_NS, &3)));
        assert_eq!(timeline.before(3 * EVERY_NS - 1), Some((2 * EVERY_NS, &2)));
        assert_eq!(timeline.before(u64::MAX), Some((4 * EVERY_NS, &4)));
    }

    #[test]
    fn a_long_run_keeps_a_bounded_number_of_copies() {
        let mut timeline = Timeline::default();
        for second in 0..10_000 {
            if timeline.wants(second * EVERY_NS) {
                timeline.keep(second * EVERY_NS, second);
            }
        }
        assert!(timeline.len() <= MOST, "{}", timeline.len());
        assert_eq!(timeline.before(0), Some((0, &0)));
    }

    #[test]
    fn another_future_takes_the_old_one_away() {
        let mut timeline = Timeline::default();
        for second in 0..5 {
            timeline.keep(second * EVERY_NS, second);
        }
        timeline.cut_after(2 * EVERY_NS);
        assert_eq!(timeline.before(u64::MAX), Some((2 * EVERY_NS, &2)));
    }
}
