//! R18: with a healthy path, following goes on; after a gesture, it begins.

use crate::finding::{Encoder, Limit, Tally, Witness, margin_ms, ms, ns};
use crate::{Finding, Id, Sample, Thresholds};

/// R18: `share of healthy samples in following >= limit`, and
/// `gesture arrived and healthy since -> following within the time allowed`.
///
/// Healthy: the newest admissible command asks to follow and arrived no longer ago than a coast. The share
/// counts from the moment at which following was reached for that command's clutch number.
#[derive(Clone, Debug)]
pub(super) struct Liveness {
    coast_ns: u64,
    share: f64,
    within_ns: u64,
    within_ms: Limit,
    /// The clutch number that the arms have followed.
    reached: Option<u32>,
    /// The clutch number that waits to be followed, and since when it does.
    waiting: Option<(u32, u64)>,
    healthy: u64,
    following: u64,
    last_ns: u64,
    tally: Tally,
}

impl Liveness {
    pub fn new(thresholds: &Thresholds) -> Self {
        Liveness {
            coast_ns: ns(thresholds.coast_ms),
            share: thresholds.following_share,
            within_ns: ns(thresholds.resume_within_ms),
            within_ms: Limit::new(thresholds.resume_within_ms),
            reached: None,
            waiting: None,
            healthy: 0,
            following: 0,
            last_ns: 0,
            tally: Tally::new(),
        }
    }

    #[inline]
    pub fn observe(&mut self, sample: &Sample<'_>) {
        self.last_ns = sample.now_ns;
        let healthy = sample.admissible.filter(|newest| {
            newest.engaged && sample.now_ns.saturating_sub(newest.arrived_ns) <= self.coast_ns
        });
        let Some(newest) = healthy else {
            self.waiting = None;
            return;
        };
        let follows = sample.state.is_following();
        if self.reached == Some(newest.clutch) {
            self.tally.count();
            self.healthy += 1;
            self.following += u64::from(follows);
            return;
        }
        let since_ns = match self.waiting {
            Some((clutch, since_ns)) if clutch == newest.clutch => since_ns,
            _ => newest.gesture_first_arrived_ns.max(newest.arrived_ns),
        };
        self.waiting = Some((newest.clutch, since_ns));
        let waited_ns = sample.now_ns.saturating_sub(since_ns);
        if follows {
            self.reached = Some(newest.clutch);
            self.waiting = None;
            self.tally.count();
        }
        let margin = margin_ms(self.within_ns, waited_ns);
        self.tally.judge(sample.now_ns, &self.within_ms, margin, || {
            Witness::new("wait from gesture to following", ms(waited_ns), self.within_ms.value, "ms")
        });
    }

    pub fn finding(&self) -> Finding {
        let mut tally = self.tally.clone();
        if self.healthy > 0 {
            let share = self.following as f64 / self.healthy as f64;
            let margin = share - self.share;
            // Full share has robustness 1, as a margin that is all of its limit.
            let room = 1.0 - self.share;
            let robustness = if room > 0.0 { margin / room } else { margin };
            tally.judge_share(self.last_ns, margin, robustness, || {
                Witness::new("share of healthy time in following", share, self.share, "share")
            });
        }
        tally.finding(Id::R18)
    }

    pub fn digest(&self, to: &mut Encoder<'_>) {
        to.maybe_u64(self.reached.map(u64::from));
        to.maybe_u64(self.waiting.map(|(clutch, _)| u64::from(clutch)));
        to.maybe_u64(self.waiting.map(|(_, since_ns)| since_ns));
        to.u64(self.healthy);
        to.u64(self.following);
        self.tally.digest(to);
    }
}
