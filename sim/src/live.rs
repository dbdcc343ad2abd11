//! A run that a person takes part in: hands, and faults and attacks that come by hand.
//!
//! All of it goes into the plan and the hand track, so that a run with the plan and the track as they are at the end is
//! this run, bit for bit.

use control_loop::HandInput;
use net_model::{Attack, Fault, RunMilliseconds};

use crate::adversary::Adversary;
use crate::hands::HandTrack;
use crate::state::{Clock, Paths};
use crate::twin::Twin;

/// What has been done by hand: how many faults were added, faults ended, and attacks added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Interventions {
    faults: usize,
    ends: usize,
    attacks: usize,
}

/// What was added by hand begins in the past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLate {
    /// The present, ns.
    pub now_ns: u64,
}

impl core::fmt::Display for TooLate {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let now_s = self.now_ns as f64 * 1e-9;
        write!(
            f,
            "begins before the present, {now_s} s; let it begin then or later"
        )
    }
}

impl std::error::Error for TooLate {}

impl Twin {
    /// What a person at the console does from `at_ns` on; nothing happens without one. See [`HandTrack::push`].
    pub fn push_hands(&mut self, at_ns: u64, input: &HandInput) {
        let clock = *self.app.world().resource::<Clock>();
        if let Some(mut track) = self.app.world_mut().get_resource_mut::<HandTrack>() {
            track.push(clock.now_ns(), clock.tick_ns, at_ns, input);
        }
    }

    /// What the person at the console did so far, if there is one.
    pub fn hands(&self) -> Option<&HandTrack> {
        self.app.world().get_resource()
    }

    /// Expects faults and attacks by hand: an attacker captures from now on what one may replay later. Call it before
    /// the first tick; a run with an attack that was added replays as one whose attacker was there from the start.
    pub fn expect_interference(&mut self) {
        self.app.world_mut().resource_mut::<Adversary>().listen();
    }

    /// Lets something go wrong from this tick on, as if the plan had always said so. Returns its place among the plan's
    /// faults.
    ///
    /// # Errors
    /// The fault begins in the past.
    pub fn add_fault(&mut self, fault: Fault) -> Result<usize, TooLate> {
        let now_ns = self.now_ns();
        if fault.at_ms.ns() < now_ns {
            return Err(TooLate { now_ns });
        }
        let faults = &mut self.plan.faults;
        let known = faults.faults.len();
        faults.faults.push(fault);
        let (faults, seed) = (faults.clone(), self.plan.seed);
        let mut paths = self.app.world_mut().resource_mut::<Paths>();
        paths.network.add_faults(now_ns, &faults, known, seed);
        self.interventions.faults += 1;
        Ok(known)
    }

    /// Ends a fault of the plan now. Whether that can be: a fault whose course depends on its end goes on to it, and so
    /// does one that has not begun or is over.
    pub fn end_fault(&mut self, place: usize) -> bool {
        let now_ns = self.now_ns();
        let Some(fault) = self.plan.faults.faults.get_mut(place) else {
            return false;
        };
        let from_ns = fault.at_ms.ns();
        let lasts = (from_ns..from_ns + fault.for_ms.ns()).contains(&now_ns);
        if !lasts || !fault.kind.may_end_early() {
            return false;
        }
        fault.for_ms = RunMilliseconds::clamped((now_ns - from_ns) as f64 * 1e-6);
        let faults = &self.plan.faults;
        let mut paths = self.app.world_mut().resource_mut::<Paths>();
        paths.network.end_faults(faults);
        self.interventions.ends += 1;
        true
    }

    /// Lets somebody attack from this tick on, as if the plan had always said so.
    ///
    /// # Errors
    /// The attack begins in the past.
    pub fn add_attack(&mut self, attack: Attack) -> Result<(), TooLate> {
        let now_ns = self.now_ns();
        if attack.at_ms.ns() < now_ns {
            return Err(TooLate { now_ns });
        }
        self.interventions.attacks += 1;
        self.plan.faults.attacks.push(attack);
        self.app
            .world_mut()
            .resource_mut::<Adversary>()
            .add(&attack);
        Ok(())
    }

    /// Does again what was done by hand since a moment that the run went back to; the present of another lineage, as
    /// splitting has them, in which nothing was, stays as it is.
    pub(crate) fn intervene_again(&mut self, now_ns: u64, until_then: Interventions) {
        let Interventions {
            faults,
            ends,
            attacks,
        } = self.interventions;
        let plan = &self.plan.faults;
        let world = self.app.world_mut();
        let mut paths = world.resource_mut::<Paths>();
        let added = faults.saturating_sub(until_then.faults);
        if added > 0 {
            let known = plan.faults.len() - added;
            paths
                .network
                .add_faults(now_ns, plan, known, self.plan.seed);
        }
        if added > 0 || ends > until_then.ends {
            paths.network.end_faults(plan);
        }
        let mut adversary = world.resource_mut::<Adversary>();
        let known = plan.attacks.len() - attacks.saturating_sub(until_then.attacks);
        for attack in &plan.attacks[known..] {
            adversary.add(attack);
        }
    }
}
