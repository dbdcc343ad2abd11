//! R09 and R22: requirements without a distance. They hold, or they do not.

use crate::finding::{Encoder, Tally};
use crate::{Finding, Id, Sample, Setup};

/// R09: `set_points == set_points of the loop that got no repeated copy`, bit for bit, every sample.
#[derive(Clone, Debug)]
pub(super) struct Duplicates {
    tally: Tally,
}

impl Duplicates {
    pub fn new() -> Self {
        Duplicates { tally: Tally::new() }
    }

    #[inline]
    pub fn observe(&mut self, sample: &Sample<'_>) {
        self.tally.count();
        let failure = "a repeated copy changed a set-point";
        self.tally.judge_exact(sample.now_ns, sample.same_without_duplicates, failure);
    }

    pub fn finding(&self) -> Finding {
        self.tally.finding(Id::R09)
    }

    pub fn digest(&self, to: &mut Encoder<'_>) {
        self.tally.digest(to);
    }
}

/// R22: `finite(state) and quarantine empty`, every sample.
#[derive(Clone, Debug)]
pub(super) struct Numbers {
    arms: usize,
    tally: Tally,
}

impl Numbers {
    pub fn new(setup: &Setup) -> Self {
        Numbers { arms: setup.arms.len(), tally: Tally::new() }
    }

    #[inline]
    pub fn observe(&mut self, sample: &Sample<'_>) {
        self.tally.count();
        let failure = if sample.arms.len() != self.arms {
            "an arm is missing from the sample"
        } else if sample.quarantined > 0 {
            "the physics engine put a body in quarantine"
        } else {
            "a number of the state is not finite"
        };
        let held = sample.finite && sample.quarantined == 0 && sample.arms.len() == self.arms;
        self.tally.judge_exact(sample.now_ns, held, failure);
    }

    pub fn finding(&self) -> Finding {
        self.tally.finding(Id::R22)
    }

    pub fn digest(&self, to: &mut Encoder<'_>) {
        self.tally.digest(to);
    }
}
