//! R14, R15 and R16: what the robot does to the patient and to itself, seen from outside.

use crate::finding::{Encoder, Limit, Tally, Witness};
use crate::{ArmSample, Finding, Id, Sample, Thresholds};

/// R14: `deviation of the remote centre <= limit`, each arm, every sample.
#[derive(Clone, Debug)]
pub(super) struct RemoteCentre(Judged);

/// R15: `clearance >= limit`, each arm that has anything to keep clear of.
#[derive(Clone, Debug)]
pub(super) struct Clearance(Judged);

/// R16: `tip in contact -> force <= limit`, each arm.
#[derive(Clone, Debug)]
pub(super) struct TipForce(Judged);

/// One limit and the worst of all arms.
#[derive(Clone, Debug)]
struct Judged {
    limit: Limit,
    tally: Tally,
}

impl Judged {
    fn new(limit: f64) -> Self {
        Judged {
            limit: Limit::new(limit),
            tally: Tally::new(),
        }
    }

    /// Judges the arms for which `value` has something to say, by `margin` (limit, value).
    #[inline]
    fn observe(
        &mut self,
        sample: &Sample<'_>,
        (what, unit): (&'static str, &'static str),
        value: impl Fn(&ArmSample) -> Option<f64>,
        margin: impl Fn(f64, f64) -> f64,
    ) {
        let mut counts = false;
        for (index, arm) in sample.arms.iter().enumerate() {
            let Some(value) = value(arm) else {
                continue;
            };
            counts = true;
            let limit = self.limit.value;
            self.tally
                .judge(sample.now_ns, &self.limit, margin(limit, value), || {
                    Witness::new(what, value, limit, unit).of_arm(index)
                });
        }
        if counts {
            self.tally.count();
        }
    }
}

impl RemoteCentre {
    pub fn new(thresholds: &Thresholds) -> Self {
        Self(Judged::new(thresholds.remote_centre_mm))
    }

    #[inline]
    pub fn observe(&mut self, sample: &Sample<'_>) {
        self.0.observe(
            sample,
            ("remote centre off by", "mm"),
            |arm| Some(arm.contact.remote_centre_deviation_m * 1e3),
            |limit, value| limit - value,
        );
    }

    pub fn finding(&self) -> Finding {
        self.0.tally.finding(Id::R14)
    }

    pub fn digest(&self, to: &mut Encoder<'_>) {
        self.0.tally.digest(to);
    }
}

impl Clearance {
    pub fn new(thresholds: &Thresholds) -> Self {
        Self(Judged::new(thresholds.clearance_mm))
    }

    #[inline]
    pub fn observe(&mut self, sample: &Sample<'_>) {
        self.0.observe(
            sample,
            ("clearance", "mm"),
            // Infinite: there is nothing to keep clear of.
            |arm| {
                let clearance_m = arm.contact.clearance_m;
                (clearance_m != f64::INFINITY).then_some(clearance_m * 1e3)
            },
            |limit, value| value - limit,
        );
    }

    pub fn finding(&self) -> Finding {
        self.0.tally.finding(Id::R15)
    }

    pub fn digest(&self, to: &mut Encoder<'_>) {
        self.0.tally.digest(to);
    }
}

impl TipForce {
    pub fn new(thresholds: &Thresholds) -> Self {
        Self(Judged::new(thresholds.tip_force_n))
    }

    #[inline]
    pub fn observe(&mut self, sample: &Sample<'_>) {
        self.0.observe(
            sample,
            ("tip force", "N"),
            |arm| {
                let force_n = arm.contact.tip_force_n;
                (force_n != 0.0).then_some(force_n)
            },
            |limit, value| limit - value,
        );
    }

    pub fn finding(&self) -> Finding {
        self.0.tally.finding(Id::R16)
    }

    pub fn digest(&self, to: &mut Encoder<'_>) {
        self.0.tally.digest(to);
    }
}

#[cfg(test)]
mod tests {
    use super::{Clearance, RemoteCentre, TipForce};
    use crate::fixture::{MS, Run, digest_of, near, quiet, resting_arms};
    use crate::{ArmSample, ContactSample, Finding, Id, Thresholds, Verdict};

    /// Three quiet samples, one in which the second arm's contact is `contact`, and one quiet again.
    fn once(id: Id, contact: ContactSample) -> Finding {
        let (quiet_arms, mut arms) = (resting_arms(), resting_arms());
        arms[1].contact = contact;
        let mut run = Run::new();
        run.ticks(3, &quiet_arms);
        run.ticks(1, &arms);
        run.ticks(1, &quiet_arms);
        run.finding(id)
    }

    fn off_mm(deviation_mm: f64) -> ContactSample {
        ContactSample {
            remote_centre_deviation_m: deviation_mm * 1e-3,
            ..ContactSample::default()
        }
    }

    fn clear_mm(clearance_mm: f64) -> ContactSample {
        ContactSample {
            clearance_m: clearance_mm * 1e-3,
            ..ContactSample::default()
        }
    }

    fn pressing_n(tip_force_n: f64) -> ContactSample {
        ContactSample {
            tip_force_n,
            ..ContactSample::default()
        }
    }

    #[test]
    fn a_remote_centre_within_its_limit_holds_and_one_beyond_violates_in_its_tick() {
        let held = once(Id::R14, off_mm(0.75));
        assert_eq!((held.verdict(), held.exercised), (Verdict::Held, 5));
        near(held.worst_margin, 0.25, 1e-9);
        near(held.robustness, 0.25, 1e-9);
        let beyond = once(Id::R14, off_mm(1.25));
        assert_eq!(beyond.violated_at_ns, Some(3 * MS));
        near(beyond.worst_margin, -0.25, 1e-9);
        assert_eq!(beyond.detail, "arm 2 remote centre off by 1.25 of 1 mm");
    }

    #[test]
    fn a_clearance_is_judged_only_where_there_is_something_to_keep_clear_of() {
        let alone = once(Id::R15, ContactSample::default());
        assert_eq!(alone.verdict(), Verdict::NotExercised);
        let held = once(Id::R15, clear_mm(6.0));
        assert_eq!((held.verdict(), held.exercised), (Verdict::Held, 1));
        near(held.robustness, 0.2, 1e-9);
        let near_miss = once(Id::R15, clear_mm(4.0));
        assert_eq!(near_miss.violated_at_ns, Some(3 * MS));
        near(near_miss.worst_margin, -1.0, 1e-9);
        let overlap = once(Id::R15, clear_mm(-2.0));
        near(overlap.worst_margin, -7.0, 1e-9);
    }

    #[test]
    fn a_force_is_judged_only_while_the_tip_touches() {
        let free = once(Id::R16, ContactSample::default());
        assert_eq!(free.verdict(), Verdict::NotExercised);
        let held = once(Id::R16, pressing_n(1.5));
        assert_eq!((held.verdict(), held.exercised), (Verdict::Held, 1));
        near(held.worst_margin, 0.5, 1e-9);
        let hard = once(Id::R16, pressing_n(2.5));
        assert_eq!(hard.violated_at_ns, Some(3 * MS));
        assert_eq!(hard.detail, "arm 2 tip force 2.5 of 2 N");
    }

    #[test]
    fn a_value_of_exactly_the_limit_holds() {
        for (id, contact) in [
            (Id::R14, off_mm(1.0)),
            (Id::R15, clear_mm(5.0)),
            (Id::R16, pressing_n(2.0)),
        ] {
            assert_eq!(once(id, contact).verdict(), Verdict::Held, "{id}");
        }
    }

    #[test]
    fn what_is_not_a_number_violates() {
        for (id, contact) in [
            (Id::R14, off_mm(f64::NAN)),
            (Id::R15, clear_mm(f64::NAN)),
            (Id::R16, pressing_n(f64::NAN)),
        ] {
            assert_eq!(once(id, contact).verdict(), Verdict::Violated, "{id}");
        }
    }

    #[test]
    fn a_clone_goes_on_as_the_original_and_a_digest_tells_states_apart() {
        let thresholds = Thresholds::default();
        let mut arms = resting_arms();
        arms[0].contact = ContactSample {
            remote_centre_deviation_m: 2e-3,
            clearance_m: 1e-3,
            tip_force_n: 3.0,
        };
        macro_rules! told_apart {
            ($monitor:ident) => {
                let mut monitor = $monitor::new(&thresholds);
                monitor.observe(&quiet(0, &resting_arms()));
                let mut clone = monitor.clone();
                monitor.observe(&quiet(1, &arms));
                let digest = |monitor: &$monitor| digest_of(|to| monitor.digest(to));
                assert_ne!(digest(&monitor), digest(&clone));
                clone.observe(&quiet(1, &arms));
                assert_eq!(digest(&monitor), digest(&clone));
                assert_eq!(monitor.finding(), clone.finding());
                assert_eq!(monitor.finding().violated_at_ns, Some(MS));
            };
        }
        told_apart!(RemoteCentre);
        told_apart!(Clearance);
        told_apart!(TipForce);
        let untouched: ArmSample = resting_arms()[1];
        assert_eq!(untouched.contact, ContactSample::default());
    }
}
