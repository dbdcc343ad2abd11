//! One run with everything that is derived from it for the eye: a copy of both is a moment of the timeline.

use std::sync::Arc;

use control_loop::State;
use sim::state::RobotEnd;
use sim::{Operation, Snapshot, Twin};

use super::ghost::Ghosts;
use super::look::robot_now;
use super::picture::SurgeonsView;
use super::plots::Plots;

/// A twin and what the eye keeps of it.
pub struct Run {
    /// The twin.
    pub twin: Twin,
    /// What the eye keeps.
    pub seen: Seen,
}

/// What is derived from a run tick by tick; no part of the state.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The surgeon's picture.
    pub view: SurgeonsView,
    /// The hands' ghosts.
    pub ghosts: Ghosts,
    /// The plots.
    pub plots: Plots,
    /// When the robot came into its present state, ns, and the state before.
    pub state_since_ns: u64,
    /// The robot's state before that.
    pub state_before: State,
    state: State,
}

/// A moment of a run.
#[derive(Clone)]
pub struct Saved {
    snapshot: Snapshot,
    seen: Seen,
}

impl Run {
    /// A run at its start.
    pub fn new(mut twin: Twin, operation: &Operation) -> Self {
        twin.remember_packets();
        let mut run = Self {
            twin,
            seen: Seen {
                view: SurgeonsView::default(),
                ghosts: Ghosts::new(operation),
                plots: Plots::default(),
                state_since_ns: 0,
                state_before: State::Idle,
                state: State::Idle,
            },
        };
        run.seen
            .view
            .keep(Arc::new(robot_now(&run.twin, operation)));
        run
    }

    /// Lets one tick pass.
    pub fn step(&mut self, operation: &Operation) {
        self.twin.step();
        let now_ns = self.twin.now_ns();
        let seen = &mut self.seen;
        if seen.view.wants(now_ns) {
            seen.view.keep(Arc::new(robot_now(&self.twin, operation)));
        }
        seen.view.follow(&self.twin, operation);
        seen.ghosts.follow(&self.twin, operation);
        seen.plots.follow(&self.twin);
        let state = self.twin.world().resource::<RobotEnd>().output.state;
        if state != seen.state {
            (seen.state_before, seen.state, seen.state_since_ns) = (seen.state, state, now_ns);
        }
    }

    /// A copy of this moment.
    pub fn save(&self) -> Saved {
        Saved {
            snapshot: self.twin.snapshot(),
            seen: self.seen.clone(),
        }
    }

    /// Goes to a moment of this run, or of another one of the same plan.
    pub fn restore(&mut self, saved: &Saved) {
        self.twin.restore(&saved.snapshot);
        self.seen = saved.seen.clone();
    }
}
