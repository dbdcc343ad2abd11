//! One run, run again and looked at in every tick: what was sent, what arrived by which path and what became of it, in
//! which state the robot was, and how fast its tips moved.

use control_loop::{State, Verdict};
use net_model::{Direction, PATHS};
use robot_model::MAX_ARMS;
use sim::state::{Judges, Paths, RobotEnd, Tip};
use sim::{BuildError, Keep, LoopFactory, Operation, RunPlan, Twin};

use super::page::PageRow;

/// Columns of a timeline.
pub const COLUMNS: usize = 500;

/// Events that are told in words.
const TOLD: usize = 400;

/// What is drawn of a run.
pub struct Timeline {
    /// Its seed.
    pub seed: u64,
    /// The requirement that it came nearest to violating, and when, s.
    pub requirement: &'static str,
    /// When it was worst, s.
    pub worst_at_s: f64,
    /// Its length, s.
    pub duration_s: f64,
    /// Equal pieces of it.
    pub columns: Vec<Column>,
    /// From, to and what, s.
    pub states: Vec<(f64, f64, State)>,
    /// From, to, path (0, 1, or 2 for both) and words, s.
    pub faults: Vec<(f64, f64, String)>,
    /// What happened, a line each.
    pub events: Vec<String>,
    /// Events that are not told.
    pub untold: usize,
}

/// A piece of a run.
#[derive(Clone, Copy, Default)]
pub struct Column {
    /// Commands sent.
    pub sent: u32,
    /// By path: accepted, duplicate, refused.
    pub arrived: [[u32; 3]; PATHS],
    /// By path: least and greatest one-way delay of an arrival, ms.
    pub delay_ms: [Option<(f64, f64)>; PATHS],
    /// Greatest speed of a set-point's tip, mm/s.
    pub tip_mm_s: f64,
}

impl Timeline {
    /// Runs a plan and looks.
    pub fn record(
        operation: &Operation,
        plan: &RunPlan,
        make_loop: &LoopFactory,
        worst: &PageRow,
    ) -> Result<Self, BuildError> {
        let keep = Keep {
            events: true,
            links: false,
        };
        let mut twin = Twin::new(operation, plan, make_loop, keep)?;
        let mut look = Look::new(plan.duration_ns.max(1), &twin);
        while !twin.is_over() {
            look.before(&twin);
            twin.step();
            look.after(&twin);
        }
        let end_s = twin.now_ns() as f64 * 1e-9;
        if let Some(last) = look.states.last_mut() {
            last.1 = end_s;
        }
        let mut events: Vec<String> = twin.events().iter().map(ToString::to_string).collect();
        let untold = events.len().saturating_sub(TOLD);
        events.truncate(TOLD);
        Ok(Self {
            seed: plan.seed,
            requirement: worst.requirement.id.name(),
            worst_at_s: worst.worst_at_s.unwrap_or_default(),
            duration_s: end_s,
            columns: look.columns,
            states: look.states,
            faults: plan
                .faults
                .faults
                .iter()
                .map(|fault| {
                    let from_s = fault.at_ms.get() * 1e-3;
                    (
                        from_s,
                        from_s + fault.for_ms.get() * 1e-3,
                        fault.to_string(),
                    )
                })
                .collect(),
            events,
            untold,
        })
    }
}

struct Look {
    duration_ns: u64,
    columns: Vec<Column>,
    states: Vec<(f64, f64, State)>,
    /// When each packet of the uplinks was sent, by its number.
    sent_ns: [Vec<u64>; PATHS],
    verdicts: [[u64; Verdict::ALL.len()]; PATHS],
    tips_m: [[f64; 3]; MAX_ARMS],
    now_ns: u64,
}

impl Look {
    fn new(duration_ns: u64, twin: &Twin) -> Self {
        let mut look = Self {
            duration_ns,
            columns: vec![Column::default(); COLUMNS],
            states: Vec::new(),
            sent_ns: Default::default(),
            verdicts: [[0; Verdict::ALL.len()]; PATHS],
            tips_m: [[0.0; 3]; MAX_ARMS],
            now_ns: 0,
        };
        look.tips_m = look.tips(twin);
        look
    }

    /// What will arrive in this tick is told by a copy of the network: it takes nothing away from the run.
    fn before(&mut self, twin: &Twin) {
        self.now_ns = twin.now_ns();
        let network = &twin.world().resource::<Paths>().network;
        if network
            .next_arrival_ns(Direction::Up)
            .is_none_or(|at_ns| at_ns > self.now_ns)
        {
            return;
        }
        let mut copy = network.clone();
        while let Some(arrival) = copy.pop_due(self.now_ns, Direction::Up) {
            // A copy that comes seconds later says nothing of the path's delay.
            if arrival.copy > 0 {
                continue;
            }
            let sent = self.sent_ns[arrival.path].get(arrival.packet as usize);
            let Some(&sent_ns) = sent else {
                continue;
            };
            let delay_ms = arrival.at_ns.saturating_sub(sent_ns) as f64 * 1e-6;
            let range = &mut self.column().delay_ms[arrival.path];
            *range = Some(range.map_or((delay_ms, delay_ms), |(least, most)| {
                (least.min(delay_ms), most.max(delay_ms))
            }));
        }
    }

    fn after(&mut self, twin: &Twin) {
        let world = twin.world();
        let network = &world.resource::<Paths>().network;
        for path in 0..PATHS {
            let sent = network.counters(path, Direction::Up).sent as usize;
            let before = self.sent_ns[path].len();
            self.sent_ns[path].resize(sent.max(before), self.now_ns);
            if path == 0 {
                self.column().sent += (sent - before) as u32;
            }
        }
        let verdicts = world.resource::<Judges>().verdicts;
        for (path, (now, before)) in verdicts.iter().zip(self.verdicts).enumerate() {
            for (verdict, (now, before)) in Verdict::ALL.iter().zip(now.iter().zip(before)) {
                let class = match verdict {
                    Verdict::Accepted | Verdict::Greeting => 0,
                    Verdict::Duplicate => 1,
                    _ => 2,
                };
                self.column().arrived[path][class] += (now - before) as u32;
            }
        }
        self.verdicts = verdicts;
        let now_s = self.now_ns as f64 * 1e-9;
        let state = world.resource::<RobotEnd>().output.state;
        match self.states.last_mut() {
            Some((_, to_s, last)) if *last == state => *to_s = now_s,
            Some((_, to_s, _)) => {
                *to_s = now_s;
                self.states.push((now_s, now_s, state));
            }
            None => self.states.push((now_s, now_s, state)),
        }
        let tips_m = self.tips(twin);
        let tick_s = (twin.now_ns() - self.now_ns).max(1) as f64 * 1e-9;
        let mut fastest: f64 = 0.0;
        for (now, before) in tips_m.iter().zip(&self.tips_m) {
            let square: f64 = now.iter().zip(before).map(|(a, b)| (a - b) * (a - b)).sum();
            fastest = fastest.max(libm::sqrt(square) * 1e3 / tick_s);
        }
        self.tips_m = tips_m;
        let column = self.column();
        column.tip_mm_s = column.tip_mm_s.max(fastest);
    }

    fn column(&mut self) -> &mut Column {
        let at = u128::from(self.now_ns) * COLUMNS as u128 / u128::from(self.duration_ns);
        &mut self.columns[(at as usize).min(COLUMNS - 1)]
    }

    fn tips(&self, twin: &Twin) -> [[f64; 3]; MAX_ARMS] {
        let mut tips = self.tips_m;
        for (tip, &arm) in tips.iter_mut().zip(twin.arms()) {
            if let Some(at) = twin.world().get::<Tip>(arm) {
                *tip = at.set_point.translation.vector.into();
            }
        }
        tips
    }
}
