//! One monitor a requirement, each a small state machine in past-time form: bounded memory, one
//! pass, no allocation.

mod attack;
mod contact;
mod exact;
mod freshness;
mod hold;
mod joint_limits;
mod liveness;
mod order;
mod redundancy;
mod resume;
mod silence;
mod tips;
mod tracking;

use self::attack::{Flood, Hostile};
use self::contact::{Clearance, RemoteCentre, TipForce};
use self::exact::{Duplicates, Numbers};
use self::freshness::Freshness;
use self::hold::Hold;
use self::joint_limits::JointLimits;
use self::liveness::Liveness;
use self::order::Order;
use self::redundancy::Redundancy;
use self::resume::Resume;
use self::silence::Silence;
use self::tips::{Step, Tips};
use self::tracking::Tracking;
use crate::finding::Encoder;
use crate::{Finding, Id, Sample, Setup, Thresholds};

/// Judges one run. A clone goes on exactly as the original would.
#[derive(Clone, Debug)]
pub struct Monitors {
    tips: Tips,
    freshness: Freshness,
    order: Order,
    step: Step,
    joint_limits: JointLimits,
    silence: Silence,
    hold: Hold,
    resume: Resume,
    duplicates: Duplicates,
    hostile: Hostile,
    remote_centre: RemoteCentre,
    clearance: Clearance,
    tip_force: TipForce,
    tracking: Tracking,
    liveness: Liveness,
    redundancy: Redundancy,
    flood: Flood,
    numbers: Numbers,
}

/// Evaluates `$do` with each monitor in the order of [`Id::ALL`].
macro_rules! each {
    ($monitors:expr, $monitor:ident => $do:expr) => {{
        let Monitors {
            tips: _,
            freshness,
            order,
            step,
            joint_limits,
            silence,
            hold,
            resume,
            duplicates,
            hostile,
            remote_centre,
            clearance,
            tip_force,
            tracking,
            liveness,
            redundancy,
            flood,
            numbers,
        } = $monitors;
        each!(@ $monitor => $do; freshness, order, step, joint_limits, silence, hold, resume,
            duplicates, hostile, remote_centre, clearance, tip_force, tracking, liveness, redundancy,
            flood, numbers)
    }};
    (@ $monitor:ident => $do:expr; $($field:ident),*) => {
        [$({ let $monitor = $field; $do }),*]
    };
}

impl Monitors {
    /// Monitors before the first sample.
    ///
    /// Both arguments have a `check`; what they refuse is judged here without a panic, on the
    /// strict side where there is one: a joint without a positive limit may not move.
    pub fn new(thresholds: &Thresholds, setup: &Setup) -> Self {
        Monitors {
            tips: Tips::new(setup),
            freshness: Freshness::new(thresholds),
            order: Order::new(),
            step: Step::new(thresholds, setup),
            joint_limits: JointLimits::new(setup),
            silence: Silence::new(thresholds, setup),
            hold: Hold::new(thresholds, setup),
            resume: Resume::new(thresholds),
            duplicates: Duplicates::new(),
            hostile: Hostile::new(),
            remote_centre: RemoteCentre::new(thresholds),
            clearance: Clearance::new(thresholds),
            tip_force: TipForce::new(thresholds),
            tracking: Tracking::new(thresholds),
            liveness: Liveness::new(thresholds),
            redundancy: Redundancy::new(thresholds, setup),
            flood: Flood::new(thresholds),
            numbers: Numbers::new(setup),
        }
    }

    /// Judges one tick. Every tick must be shown, in order.
    pub fn observe(&mut self, sample: &Sample<'_>) {
        self.tips.observe(sample);
        let tips = &self.tips;
        self.freshness.observe(sample);
        self.order.observe(sample);
        self.step.observe(sample, tips);
        self.joint_limits.observe(sample);
        self.silence.observe(sample, tips);
        self.hold.observe(sample, tips);
        self.resume.observe(sample, tips);
        self.duplicates.observe(sample);
        self.hostile.observe(sample);
        self.remote_centre.observe(sample);
        self.clearance.observe(sample);
        self.tip_force.observe(sample);
        self.tracking.observe(sample);
        self.liveness.observe(sample);
        self.redundancy.observe(sample);
        self.flood.observe(sample);
        self.numbers.observe(sample);
    }

    /// What the samples so far say about each requirement, in the order of [`Id::ALL`].
    pub fn findings(&self) -> Vec<Finding> {
        each!(self, monitor => monitor.finding()).into()
    }

    /// What the samples so far say about one requirement.
    pub fn finding(&self, id: Id) -> Finding {
        match id {
            Id::R01 => self.freshness.finding(),
            Id::R02 => self.order.finding(),
            Id::R03 => self.step.finding(),
            Id::R04 => self.joint_limits.finding(),
            Id::R05 => self.silence.finding(),
            Id::R06 => self.hold.finding(),
            Id::R07 => self.resume.finding(),
            Id::R09 => self.duplicates.finding(),
            Id::R12 => self.hostile.finding(),
            Id::R14 => self.remote_centre.finding(),
            Id::R15 => self.clearance.finding(),
            Id::R16 => self.tip_force.finding(),
            Id::R17 => self.tracking.finding(),
            Id::R18 => self.liveness.finding(),
            Id::R19 => self.redundancy.finding(),
            Id::R21 => self.flood.finding(),
            Id::R22 => self.numbers.finding(),
        }
    }

    /// Feeds `sink` everything that a later finding depends on, besides the thresholds and the
    /// setup, which never change: two monitors of the same make with the same digest go on alike.
    pub fn digest(&self, sink: &mut dyn FnMut(&[u8])) {
        let mut encoder = Encoder::new(sink);
        self.tips.digest(&mut encoder);
        each!(self, monitor => monitor.digest(&mut encoder));
        encoder.finish();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Verdict;
    use crate::fixture::{quiet, resting_arms, setup};

    #[test]
    fn findings_are_in_the_order_of_the_ids_and_one_by_one_the_same() {
        let monitors = Monitors::new(&Thresholds::default(), &setup());
        let findings = monitors.findings();
        assert!(findings.iter().map(|finding| finding.id).eq(Id::ALL));
        for finding in findings {
            assert_eq!(monitors.finding(finding.id), finding);
            assert_eq!(finding.verdict(), Verdict::NotExercised);
        }
    }

    #[test]
    fn an_arm_that_does_nothing_exercises_only_what_always_applies() {
        let mut monitors = Monitors::new(&Thresholds::default(), &setup());
        let arms = resting_arms();
        for at_ms in 0..2_000 {
            monitors.observe(&quiet(at_ms, &arms));
        }
        for finding in monitors.findings() {
            let expected = match finding.id {
                Id::R03 | Id::R04 | Id::R05 | Id::R09 | Id::R14 | Id::R22 => Verdict::Held,
                _ => Verdict::NotExercised,
            };
            assert_eq!(finding.verdict(), expected, "{finding:?}");
        }
    }
}
