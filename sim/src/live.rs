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
        self.plan.faults.attacks.push(attack);
        self.app
            .world_mut()
            .resource_mut::<Adversary>()
            .add(&attack);
        Ok(())
    }
}
