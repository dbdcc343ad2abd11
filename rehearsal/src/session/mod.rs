//! A session: one run that is played, scrubbed through, or driven by a person.
//!
//! While a file is watched, a second world of the same run (the scout) goes ahead to the end whenever there is time, and
//! leaves copies of its state on the timeline: then the whole run can be scrubbed, and its events and worst margins are
//! known. A person's session has no end to go to: copies are left as it happens.
//!
//! - [`pace`]: how much simulated time is due. [`timeline`]: the copies.
//! - `run`: a twin and what the eye keeps of it: [`picture`], [`ghost`], [`plots`], [`look`].

pub mod ghost;
pub mod look;
pub mod pace;
pub mod picture;
pub mod plots;
mod run;
pub mod timeline;
pub mod traffic;

use control_loop::{HandInput, PathHealth, State};
use net_model::{Attack, Fault};
use safety::{Finding, Id};
use sim::Twin;
use sim::journal::{Event, Happening};
use sim::state::{ConsoleEnd, RobotEnd};
use twin::failure::COMMIT;
use twin::input::InputError;

use crate::case::Case;
use crate::scene::{SceneFrame, SceneState};
use crate::troubles::{Switch, Trouble, Troubles};
use pace::Pace;
pub use run::{Run, Saved, Seen};
use timeline::Timeline;

/// Ticks between two looks at the clock.
const TICKS_A_LOOK: u64 = 5;

/// One run, at a moment of it.
pub struct Session {
    /// What is run.
    pub case: Case,
    /// How fast.
    pub pace: Pace,
    run: Run,
    /// Goes ahead to the end of a run that nobody interferes with.
    scout: Option<Run>,
    timeline: Timeline<Saved>,
    reached_ns: u64,
    report: Report,
    troubles: Troubles,
    first: SceneFrame,
}

/// What is known of the run as far as it was simulated.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// As far as this, ns.
    pub until_ns: u64,
    /// Whether that is the end.
    pub is_whole: bool,
    /// The events, in order of time.
    pub events: Vec<Event>,
    /// One finding a requirement.
    pub findings: Vec<Finding>,
    /// The hash of the history.
    pub hash: u64,
}

impl Session {
    /// A session at its start.
    ///
    /// # Errors
    /// [`InputError`] as [`Case::twin`].
    pub fn new(case: Case, speed: f64) -> Result<Self, InputError> {
        let build = || -> Result<Run, InputError> {
            let mut twin = case.twin()?;
            twin.expect_interference();
            Ok(Run::new(twin, &case.operation))
        };
        let run = build()?;
        let scout = if case.is_live() { None } else { Some(build()?) };
        let first = look::robot_now(&run.twin, &case.operation);
        let mut session = Self {
            pace: Pace::new(speed),
            run,
            scout,
            timeline: Timeline::default(),
            reached_ns: 0,
            report: Report::default(),
            troubles: Troubles::default(),
            first,
            case,
        };
        session.timeline.keep(0, session.run.save());
        session.look_back(true);
        Ok(session)
    }

    /// The twin at the moment that is shown.
    pub fn twin(&self) -> &Twin {
        &self.run.twin
    }

    /// What the eye keeps of it.
    pub fn seen(&self) -> &Seen {
        &self.run.seen
    }

    /// The moment that is shown, ns.
    pub fn now_ns(&self) -> u64 {
        self.run.twin.now_ns()
    }

    /// As far as the run was simulated, ns.
    pub fn reached_ns(&self) -> u64 {
        self.reached_ns
    }

    /// How long the run is, ns; of a person's session, how long it is so far.
    pub fn length_ns(&self) -> u64 {
        if self.case.is_live() {
            self.reached_ns.max(10_000_000_000)
        } else {
            self.run.twin.plan().duration_ns
        }
    }

    /// Whether the run is at its end.
    pub fn is_over(&self) -> bool {
        self.run.twin.is_over()
    }

    /// What is known of the run as far as it was simulated.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// What a person lets go wrong.
    pub fn troubles(&self) -> &Troubles {
        &self.troubles
    }

    /// Whether the run is still the one that the file tells: nobody interfered.
    pub fn is_undisturbed(&self) -> bool {
        self.scout.is_some()
    }

    /// Whether what is done now is done to the newest moment of the run.
    pub fn is_newest(&self) -> bool {
        self.scout.is_none() && self.now_ns() == self.reached_ns
    }

    /// The robot's state.
    pub fn state(&self) -> State {
        self.run.twin.world().resource::<RobotEnd>().output.state
    }

    /// What the robot reports of the paths.
    pub fn path_health(&self) -> [PathHealth; 2] {
        self.run.twin.world().resource::<RobotEnd>().output.paths
    }

    /// The state that the console shows: the robot's, as old as the newest status.
    pub fn shown_state(&self) -> Option<State> {
        let console = &self.run.twin.world().resource::<ConsoleEnd>().console;
        console.newest_status().map(|status| status.state)
    }

    /// Plays for so much real time, as long as `has_time` says so.
    pub fn play(&mut self, real_ns: u64, has_time: &mut dyn FnMut() -> bool) {
        let tick_ns = self.case.operation.control_loop.tick_ns;
        let due = self.pace.ticks_due(real_ns, tick_ns);
        let mut done = 0;
        while done < due && !self.is_over() && (done % TICKS_A_LOOK != 0 || done == 0 || has_time())
        {
            self.step();
            done += 1;
        }
        if self.is_over() {
            self.pace.is_playing = false;
            self.pace.forget();
        }
        self.pace.settle(real_ns, done * tick_ns);
        self.look_back(false);
    }

    /// Lets the scout go ahead, as long as `has_time` says so.
    pub fn scout(&mut self, has_time: &mut dyn FnMut() -> bool) {
        let Some(scout) = &mut self.scout else { return };
        let mut ticks: u64 = 0;
        while !scout.twin.is_over() && (!ticks.is_multiple_of(TICKS_A_LOOK) || has_time()) {
            scout.step(&self.case.operation);
            ticks += 1;
            let now_ns = scout.twin.now_ns();
            if self.timeline.wants(now_ns) {
                self.timeline.keep(now_ns, scout.save());
            }
            self.reached_ns = self.reached_ns.max(now_ns);
        }
        if ticks > 0 {
            self.look_back(false);
        }
    }

    /// Lets one tick pass.
    pub fn step(&mut self) {
        if self.is_over() {
            return;
        }
        self.run.step(&self.case.operation);
        let now_ns = self.now_ns();
        if self.timeline.wants(now_ns) {
            self.timeline.keep(now_ns, self.run.save());
        }
        self.reached_ns = self.reached_ns.max(now_ns);
    }

    /// One tick back or forth, and stands.
    pub fn step_by_hand(&mut self, forward: bool) {
        self.pace.is_playing = false;
        self.pace.forget();
        if forward {
            self.step();
        } else {
            let tick_ns = self.case.operation.control_loop.tick_ns;
            self.seek(self.now_ns().saturating_sub(tick_ns));
        }
        self.look_back(false);
    }

    /// Goes to a moment: from the nearest copy before it, or from the present if that is nearer. A moment that the run
    /// has not reached yet is reached by simulating up to it.
    pub fn seek(&mut self, at_ns: u64) {
        let at_ns = at_ns.min(self.run.twin.plan().duration_ns);
        let now_ns = self.now_ns();
        if let Some((saved_ns, saved)) = self.timeline.before(at_ns)
            && (at_ns < now_ns || saved_ns > now_ns)
        {
            self.run.restore(saved);
        }
        while self.now_ns() < at_ns && !self.run.twin.is_over() {
            self.step();
        }
        self.pace.forget();
        self.look_back(false);
    }

    /// Goes to the next or the previous event that is worth a look: to the tick after it, in which its effect is seen.
    pub fn seek_event(&mut self, forward: bool) {
        let now_ns = self.now_ns();
        let tick_ns = self.case.operation.control_loop.tick_ns;
        let told = self
            .report
            .events
            .iter()
            .filter(|event| is_worth_a_look(&event.what));
        let moments = told.map(|event| event.at_ns + tick_ns);
        let target = if forward {
            moments.filter(|at_ns| *at_ns > now_ns).min()
        } else {
            moments.filter(|at_ns| *at_ns < now_ns).max()
        };
        if let Some(at_ns) = target {
            self.pace.is_playing = false;
            self.seek(at_ns);
        }
    }

    /// What a person does at the console from now on; nothing while an earlier moment is shown.
    pub fn push_hands(&mut self, input: &HandInput) {
        if self.case.is_live() && self.is_newest() {
            let now_ns = self.now_ns();
            self.run.twin.push_hands(now_ns, input);
        }
    }

    /// Lets something go wrong now, or lets it be. In a run that was only watched, another future begins.
    pub fn trouble(&mut self, trouble: Trouble) {
        let now_ns = self.now_ns();
        if self.scout.take().is_some() {
            self.timeline.cut_after(now_ns);
            self.reached_ns = now_ns;
            self.case.promise = None;
            self.case.recorded_hash = None;
        } else if now_ns < self.reached_ns {
            // An earlier moment of a run that somebody shaped is looked at, not changed.
            return;
        }
        match self.troubles.switch(trouble, now_ns) {
            Switch::Begin(fault) => self.begin(trouble, fault),
            Switch::End(place) => {
                self.run.twin.end_fault(place);
            }
            Switch::Attack(attack) => self.attack(attack),
        }
        self.look_back(true);
    }

    fn begin(&mut self, trouble: Trouble, fault: Fault) {
        // A moment that is a whole number of ticks is never past.
        if let Ok(place) = self.run.twin.add_fault(fault) {
            self.troubles.begun(trouble, place);
        }
    }

    fn attack(&mut self, attack: Attack) {
        if let Err(error) = self.run.twin.add_attack(attack) {
            eprintln!("note: the attack {error}");
        }
    }

    /// The three truths that the room draws.
    pub fn scene(&mut self) -> SceneState {
        let operation = &self.case.operation;
        let now_ns = self.run.twin.now_ns();
        let seen = &mut self.run.seen;
        SceneState {
            now: look::robot_now(&self.run.twin, operation),
            commanded: seen.ghosts.commanded(&self.run.twin, operation),
            pictured: seen.view.shown().unwrap_or(&self.first).clone(),
            picture: seen.view.state(now_ns),
            picture_age_ns: seen.view.age_ns(now_ns),
        }
    }

    /// What is known of each requirement up to the moment that is shown.
    pub fn findings(&self) -> Vec<Finding> {
        self.run.twin.outcome().findings
    }

    /// The session until the moment that is shown, as a file's text.
    ///
    /// # Errors
    /// The text cannot be written, in words.
    pub fn recording(&self) -> Result<String, String> {
        let case = &self.case;
        let origin = campaign::Origin {
            scenario: &case.scenario_file.display().to_string(),
            scenario_sha256: &case.scenario_sha256,
            change: &case.change,
            surgeon_seed: case.hands.surgeon_seed().unwrap_or(case.plan.seed),
            commit: COMMIT,
            loop_name: &case.loop_name.to_string(),
        };
        campaign::Session::of(&self.run.twin, &origin).to_ron()
    }

    /// Takes the report anew from whichever world is the furthest.
    fn look_back(&mut self, at_once: bool) {
        const EVERY_NS: u64 = 250_000_000;
        let furthest = match &self.scout {
            Some(scout) if scout.twin.now_ns() >= self.run.twin.now_ns() => scout,
            _ => &self.run,
        };
        let until_ns = furthest.twin.now_ns();
        let is_whole = furthest.twin.is_over();
        let is_news =
            until_ns >= self.report.until_ns + EVERY_NS || (is_whole && !self.report.is_whole);
        if until_ns < self.reached_ns || !(is_news || at_once) {
            return;
        }
        let outcome = furthest.twin.outcome();
        self.report = Report {
            until_ns,
            is_whole,
            events: furthest.twin.events(),
            findings: outcome.findings,
            hash: outcome.hash,
        };
    }
}

/// Whether one jumps to it.
pub fn is_worth_a_look(what: &Happening) -> bool {
    match what {
        Happening::StateChanged { to, from, .. } => {
            *to != State::Coasting && *from != State::Coasting
        }
        Happening::PathHealth { .. }
        | Happening::Fault { .. }
        | Happening::FaultBegins { .. }
        | Happening::Violated { .. } => true,
        _ => false,
    }
}

/// The worst moment of each requirement that was judged: id, margin as a share of its limit, moment in ns.
pub fn worst_moments(findings: &[Finding]) -> impl Iterator<Item = (Id, f64, u64)> + '_ {
    findings
        .iter()
        .filter(|finding| finding.exercised > 0 && finding.robustness.is_finite())
        .map(|finding| (finding.id, finding.robustness, finding.worst_at_ns))
}

#[cfg(test)]
mod tests;
