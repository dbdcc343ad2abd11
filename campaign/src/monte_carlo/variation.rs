//! What a run of a campaign draws before it begins: which faults exist and how strong (a swarm), and the scenario's
//! uncertain numbers.
//!
//! Rates that are redrawn for each run find what fixed rates never do: 0 against 30 of 30 in the experiment told in
//! docs/CAMPAIGN.md.

use net_model::{FaultGenerator, PerMinute, Stream};
use sim::Operation;
use sim::units::{Micrometres, Millimetres};

/// Chance that a kind of fault exists in a run. Assumed: a half makes every combination as likely as any other.
const EXISTS: f64 = 0.5;

/// A kind that exists is up to this many times rarer or more frequent than the scenario says, evenly in the
/// logarithm. Assumed.
const STRONGEST: f64 = 4.0;

/// An operation as one run has it, and the numbers that were drawn.
pub struct Variation {
    /// The operation of this run.
    pub operation: Operation,
    drawn: Vec<(String, f64)>,
}

impl Variation {
    /// Draws the variation of a seed; without `swarm` everything is as the scenario says. Each number has a random
    /// stream of its own.
    pub fn draw(operation: &Operation, seed: u64, swarm: bool) -> Self {
        let mut variation = Self {
            operation: operation.clone(),
            drawn: Vec::new(),
        };
        if swarm {
            let strength = |name: &str| strength(seed, name);
            let drawn = &mut variation.drawn;
            let mut apply = |name: &str, rate: Option<&mut PerMinute>| {
                let factor = strength(name);
                if let Some(rate) = rate {
                    *rate = PerMinute::clamped(rate.get() * factor);
                }
                drawn.push((format!("swarm {name}"), factor));
            };
            for (name, rate) in rates(&mut variation.operation.faults) {
                apply(name, Some(rate));
            }
            let faults = &mut variation.operation.faults;
            for (index, risk) in faults.shared_risks.iter_mut().enumerate() {
                apply(&format!("shared risk {index}"), Some(&mut risk.per_minute));
            }
            let cycles = std::mem::take(&mut faults.outage_cycles);
            for (index, cycle) in cycles.into_iter().enumerate() {
                let name = format!("outage cycle {index}");
                apply(&name, None);
                if strength(&name) > 0.0 {
                    faults.outage_cycles.push(cycle);
                }
            }
            variation.draw_uncertain_numbers(seed);
        }
        variation
    }

    /// The numbers that were drawn, in the order of [`parameter_names`].
    pub fn values(&self) -> Vec<f64> {
        self.drawn.iter().map(|(_, value)| *value).collect()
    }

    fn draw_uncertain_numbers(&mut self, seed: u64) {
        let share = |name: &str| Stream::new(seed, &format!("campaign/uncertain/{name}")).uniform();
        let uncertain = self.operation.campaign.uncertain;
        let operation = &mut self.operation;
        let bases = [
            ("base_one_way_a_ms", uncertain.base_one_way_a_ms),
            ("base_one_way_b_ms", uncertain.base_one_way_b_ms),
        ];
        for (path, (name, range)) in operation.paths.iter_mut().zip(bases) {
            if let Some(range) = range {
                let value = range.at(share(name));
                path.up.base_one_way = value;
                path.down.base_one_way = value;
                self.drawn.push((name.into(), value.get()));
            }
        }
        if let Some(range) = uncertain.motion_scale {
            let value = range.at(share("motion_scale")).get();
            operation.control_loop.motion_scale = value;
            self.drawn.push(("motion_scale".into(), value));
        }
        if let Some(range) = uncertain.reach_mm {
            let value: Millimetres = range.at(share("reach_mm"));
            operation.surgeon.reach_mm = value;
            self.drawn.push(("reach_mm".into(), value.get()));
        }
        if let Some(range) = uncertain.tremor_rms_um {
            let value: Micrometres = range.at(share("tremor_rms_um"));
            operation.surgeon.tremor_rms_um = value;
            self.drawn.push(("tremor_rms_um".into(), value.get()));
        }
    }
}

/// The names of the numbers that each run of an operation draws.
pub fn parameter_names(operation: &Operation, swarm: bool) -> Vec<String> {
    let drawn = Variation::draw(operation, 0, swarm).drawn;
    drawn.into_iter().map(|(name, _)| name).collect()
}

/// 0 when the kind does not exist in this run, else from 1/[`STRONGEST`] to [`STRONGEST`].
fn strength(seed: u64, name: &str) -> f64 {
    let mut stream = Stream::new(seed, &format!("campaign/swarm/{name}"));
    if stream.uniform() < EXISTS {
        let power = 2.0 * stream.uniform() - 1.0;
        libm::pow(STRONGEST, power)
    } else {
        0.0
    }
}

/// The kinds of fault that have one rate each, those that the scenario has not included: 0 times anything is 0.
fn rates(faults: &mut FaultGenerator) -> [(&'static str, &mut PerMinute); 12] {
    [
        ("outages", &mut faults.outages.per_minute),
        ("common outages", &mut faults.common_outages.per_minute),
        ("clogs", &mut faults.clogs.per_minute),
        ("brown-outs", &mut faults.brown_outs.per_minute),
        ("route steps", &mut faults.route_steps.per_minute),
        ("loss storms", &mut faults.loss_storms.per_minute),
        ("duplicate storms", &mut faults.duplicate_storms.per_minute),
        ("one-way outages", &mut faults.one_way_outages.per_minute),
        ("flaps", &mut faults.flaps.per_minute),
        ("switches", &mut faults.switches.per_minute),
        ("drifts", &mut faults.drifts.per_minute),
        ("congestions", &mut faults.congestions.per_minute),
    ]
}
