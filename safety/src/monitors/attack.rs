//! R12 and R21: what an attacker on the paths may not achieve.

use crate::finding::{Encoder, Limit, Tally, Witness};
use crate::{Finding, Id, Sample, Thresholds};

/// R12: `applied -> bytes == bytes that the console sealed`; exercised by every hostile datagram.
#[derive(Clone, Debug)]
pub(super) struct Hostile {
    tally: Tally,
}

impl Hostile {
    pub fn new() -> Self {
        Hostile {
            tally: Tally::new(),
        }
    }

    #[inline]
    pub fn observe(&mut self, sample: &Sample<'_>) {
        if sample.traffic.iter().any(|path| path.hostile > 0) {
            self.tally.count();
            self.tally.judge_exact(sample.now_ns, true, "");
        }
        if let Some(applied) = sample.applied {
            let failure = "a frame was applied that the console never sealed";
            self.tally
                .judge_exact(sample.now_ns, applied.is_genuine, failure);
        }
    }

    pub fn finding(&self) -> Finding {
        self.tally.finding(Id::R12)
    }

    pub fn digest(&self, to: &mut Encoder<'_>) {
        self.tally.digest(to);
    }
}

/// R21: `hostile > 0 -> (arrived <= flood -> unread == 0) and opened <= work`, each path.
#[derive(Clone, Debug)]
pub(super) struct Flood {
    flood: f64,
    work: Limit,
    tally: Tally,
}

impl Flood {
    pub fn new(thresholds: &Thresholds) -> Self {
        Flood {
            flood: thresholds.flood_datagrams,
            work: Limit::new(thresholds.work_datagrams),
            tally: Tally::new(),
        }
    }

    #[inline]
    pub fn observe(&mut self, sample: &Sample<'_>) {
        for path in sample.traffic.iter().filter(|path| path.hostile > 0) {
            self.tally.count();
            let opened = f64::from(path.opened);
            let margin = self.work.value - opened;
            self.tally.judge(sample.now_ns, &self.work, margin, || {
                Witness::new("opened in a tick", opened, self.work.value, "datagrams")
            });
            if f64::from(path.arrived) <= self.flood && path.unread > 0 {
                let failure = "a command of the console was dropped unread";
                self.tally.judge_exact(sample.now_ns, false, failure);
            }
        }
    }

    pub fn finding(&self) -> Finding {
        self.tally.finding(Id::R21)
    }

    pub fn digest(&self, to: &mut Encoder<'_>) {
        self.tally.digest(to);
    }
}

#[cfg(test)]
mod tests {
    use crate::fixture::{MS, Run, applied, resting_arms};
    use crate::{AppliedTruth, Finding, Id, Sample, Traffic, Verdict};

    fn under(traffic: Traffic, command: Option<AppliedTruth>, id: Id) -> Finding {
        let arms = resting_arms();
        let mut run = Run::new();
        run.ticks(1, &arms);
        run.tick(&arms, |quiet| Sample {
            traffic: [Traffic::default(), traffic],
            applied: command,
            ..quiet
        });
        run.finding(id)
    }

    const ONE_HOSTILE: Traffic = Traffic {
        arrived: 2,
        hostile: 1,
        opened: 2,
        unread: 0,
    };

    #[test]
    fn a_sealed_command_among_hostile_frames_holds_and_another_violates() {
        let held = under(ONE_HOSTILE, Some(applied(1)), Id::R12);
        assert_eq!((held.verdict(), held.exercised), (Verdict::Held, 1));
        let forged = AppliedTruth {
            is_genuine: false,
            ..applied(1)
        };
        let finding = under(ONE_HOSTILE, Some(forged), Id::R12);
        assert_eq!(finding.violated_at_ns, Some(MS));
        assert!(finding.detail.contains("never sealed"));
    }

    #[test]
    fn without_an_attacker_nothing_is_exercised() {
        for id in [Id::R12, Id::R21] {
            let finding = under(Traffic::default(), Some(applied(1)), id);
            assert_eq!(finding.exercised, 0, "{id}");
            assert_eq!(finding.violated_at_ns, None, "{id}");
        }
    }

    #[test]
    fn a_command_dropped_unread_violates_up_to_the_flood_that_must_be_borne() {
        for (arrived, verdict) in [(64, Verdict::Violated), (65, Verdict::Held)] {
            let traffic = Traffic {
                arrived,
                hostile: arrived - 1,
                opened: 10,
                unread: 1,
            };
            assert_eq!(
                under(traffic, None, Id::R21).verdict(),
                verdict,
                "{arrived} datagrams"
            );
        }
    }

    #[test]
    fn more_work_than_allowed_violates() {
        for (opened, margin) in [(384, 0.0), (385, -1.0)] {
            let traffic = Traffic {
                arrived: 1_000,
                hostile: 999,
                opened,
                unread: 0,
            };
            let finding = under(traffic, None, Id::R21);
            assert_eq!(finding.worst_margin, margin);
            assert_eq!(finding.violated_at_ns.is_some(), margin < 0.0);
        }
    }
}
