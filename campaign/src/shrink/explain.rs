//! A failure in words: what went wrong on the way, which packet came when and by which path, what the loop did, and
//! what moved.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use control_loop::State;
use net_model::{Direction, FaultSchedule, Network, Otherwise, PacketFate, Path};
use safety::{AppliedTruth, Finding};
use sim::journal::Happening;
use sim::state::{Datagram, Judges, Label, Paths, RobotEnd, Tip};
use sim::{Keep, LoopFactory, Operation, Twin};

use crate::change::Links;
use crate::failure::{Failure, FailureError};

/// Events earlier than this before the violation are not told, ns. Assumed.
const TOLD_NS: u64 = 3_000_000_000;

/// Tip positions kept: one a tick.
const TRAVEL_TICKS: usize = 100;

/// Tells a failure in one paragraph, by running it once more.
///
/// # Errors
/// [`FailureError`] when its world cannot be built.
pub fn explain(
    scenario: &Operation,
    failure: &Failure,
    make_loop: &LoopFactory,
) -> Result<String, FailureError> {
    let keep = Keep {
        events: true,
        links: false,
    };
    let mut twin = failure.twin(scenario, make_loop, keep)?;
    let mut witness = Witness::default();
    let finding = loop {
        witness.watch_arrivals(&twin);
        twin.step();
        witness.watch_robot(&twin);
        let judges = twin.world().resource::<Judges>();
        let finding = judges.monitors.finding(failure.requirement);
        if finding.violated_at_ns.is_some() || twin.is_over() {
            break finding;
        }
    };
    let Some(violated_at_ns) = finding.violated_at_ns else {
        return Ok(format!(
            "{} is not violated in this run.",
            failure.requirement
        ));
    };
    let operation = failure.operation(scenario)?;
    let mut text = String::new();
    text.push_str(&trouble(failure, &operation, &witness));
    text.push_str(&witness.deeds(&twin, violated_at_ns));
    text.push_str(&witness.application(violated_at_ns));
    text.push_str(&witness.motion(&operation));
    text.push_str(&verdict(&finding, violated_at_ns));
    Ok(text)
}

/// A command that came through.
#[derive(Clone, Copy)]
struct Came {
    at_ns: u64,
    path: usize,
    packet: u64,
    sequence: u64,
}

/// What a run shows from outside.
#[derive(Default)]
struct Witness {
    /// The first arrival of each packet, by path and number.
    commands: BTreeMap<(usize, u64), Came>,
    /// Arrivals in the order in which they came.
    arrivals: Vec<Came>,
    /// Commands applied, with the tick's time.
    applied: Vec<(u64, AppliedTruth)>,
    /// The last places of each tip's set-point, m, newest last.
    tips: Vec<Vec<[f64; 3]>>,
    tick_ns: u64,
}

impl Witness {
    /// Before a tick: what it will find due.
    fn watch_arrivals(&mut self, twin: &Twin) {
        let mut network: Network<Datagram> = twin.world().resource::<Paths>().network.clone();
        while let Some(arrival) = network.pop_due(twin.now_ns(), Direction::Up) {
            let Label::Command { sequence, .. } = arrival.payload.label else {
                continue;
            };
            let came = Came {
                at_ns: twin.now_ns(),
                path: arrival.path,
                packet: arrival.packet,
                sequence,
            };
            self.commands
                .entry((arrival.path, arrival.packet))
                .or_insert(came);
            self.arrivals.push(came);
        }
    }

    fn watch_robot(&mut self, twin: &Twin) {
        let world = twin.world();
        let clock = world.resource::<sim::state::Clock>();
        self.tick_ns = clock.tick_ns;
        // The clock already shows the next tick.
        let tick_at_ns = clock.now_ns() - clock.tick_ns;
        if let Some(applied) = world.resource::<RobotEnd>().applied {
            self.applied.push((tick_at_ns, applied));
        }
        self.tips.resize(twin.arms().len(), Vec::new());
        for (&arm, places) in twin.arms().iter().zip(&mut self.tips) {
            if let Some(tip) = world.get::<Tip>(arm) {
                if places.len() > TRAVEL_TICKS {
                    places.remove(0);
                }
                places.push(tip.set_point.translation.vector.into());
            }
        }
    }

    /// What the loop and the surgeon did on the way to the violation.
    fn deeds(&self, twin: &Twin, violated_at_ns: u64) -> String {
        let mut text = String::new();
        let since_ns = violated_at_ns.saturating_sub(TOLD_NS);
        for event in twin.events() {
            if event.at_ns < since_ns || event.at_ns > violated_at_ns {
                continue;
            }
            let at = seconds(event.at_ns);
            match &event.what {
                Happening::StateChanged { from, to, .. } => {
                    let _ = write!(
                        text,
                        "At {at} the robot goes from {} to {}{}. ",
                        from.name(),
                        to.name(),
                        if *to == State::Holding {
                            ": it stops and holds"
                        } else {
                            ""
                        }
                    );
                }
                Happening::Gesture { clutch, .. } => {
                    let _ = write!(text, "At {at} the surgeon makes clutch gesture {clutch}. ");
                }
                _ => {}
            }
        }
        text
    }

    /// The command that was applied last, and how it came.
    fn application(&self, violated_at_ns: u64) -> String {
        let before = self.applied.iter().rev();
        let mut applied = before.filter(|(at_ns, _)| *at_ns <= violated_at_ns);
        let Some(&(at_ns, last)) = applied.next() else {
            return String::new();
        };
        let mut text = String::new();
        let came = self.arrivals.iter().rev();
        let came = came
            .filter(|came| came.sequence == last.sequence && came.at_ns <= at_ns)
            .min_by_key(|came| at_ns - came.at_ns);
        let way = came.map_or(String::new(), |came| {
            format!(
                ", which came by path {} at {}",
                letter(came.path),
                seconds(came.at_ns)
            )
        });
        let age = last.true_age_ns.map_or(
            ", and which no console made or no path delivered".into(),
            |age_ns| {
                format!(
                    ", {} old (at most {} by the robot time that it echoes)",
                    milliseconds(age_ns),
                    milliseconds(last.echo_age_ns)
                )
            },
        );
        let _ = write!(
            text,
            "At {} the loop applies command {}{way}{age}",
            seconds(at_ns),
            last.sequence
        );
        if let Some((earlier_ns, earlier)) = applied.next() {
            let _ = write!(
                text,
                "; the one before it was command {} at {}",
                earlier.sequence,
                seconds(*earlier_ns)
            );
            if earlier.epoch == last.epoch && earlier.sequence >= last.sequence {
                text.push_str(", so the newer one is undone");
            }
        }
        text.push_str(". ");
        text
    }

    /// How far the tip that moved most has come.
    fn motion(&self, operation: &Operation) -> String {
        let travel = |places: &Vec<[f64; 3]>| -> (f64, f64) {
            let steps = places
                .windows(2)
                .map(|pair| distance_mm(&pair[0], &pair[1]));
            steps.fold((0.0, 0.0), |(sum, most): (f64, f64), step| {
                (sum + step, most.max(step))
            })
        };
        let mut moved: Vec<(usize, (f64, f64))> =
            self.tips.iter().map(travel).enumerate().collect();
        moved.sort_by(|(_, one), (_, other)| other.0.total_cmp(&one.0));
        let Some(&(arm, (sum_mm, most_mm))) = moved.first() else {
            return String::new();
        };
        let ticks = self.tips[arm].len().saturating_sub(1) as u64;
        let name = operation.arm_names.get(arm).map_or("?", String::as_str);
        if sum_mm < 1e-6 {
            return "No tip moves. ".into();
        }
        let fastest_mm_s = most_mm / (self.tick_ns as f64 * 1e-9);
        format!(
            "In the last {} the tip set-point of the arm \"{name}\" has moved {sum_mm:.2} mm, at most {fastest_mm_s:.1} mm/s. ",
            milliseconds(ticks * self.tick_ns)
        )
    }
}

/// What goes wrong on the paths, in words.
fn trouble(failure: &Failure, operation: &Operation, witness: &Witness) -> String {
    let mut text = String::new();
    let FaultSchedule {
        faults,
        packets,
        otherwise,
        attacks,
        console_clock,
    } = &failure.schedule;
    match otherwise {
        Otherwise::Deliver { ms } => {
            let _ = write!(
                text,
                "Every packet takes {} ms on either path{}. ",
                ms.get(),
                if packets.is_empty() {
                    ""
                } else {
                    ", but for those told here"
                }
            );
        }
        Otherwise::Lose => text.push_str("Every packet is lost, but for those told here. "),
        Otherwise::Laws if failure.links == Links::Constant => {
            let [a, b] = &operation.paths;
            let _ = write!(
                text,
                "Path A takes {} ms and path B {} ms, steadily and without loss. ",
                a.up.base_one_way.get(),
                b.up.base_one_way.get()
            );
        }
        Otherwise::Laws => {
            text.push_str("Both paths have the jitter and the losses of the scenario. ")
        }
    }
    if faults.is_empty() && packets.is_empty() && attacks.is_empty() {
        text.push_str("Nothing else goes wrong. ");
    }
    if !console_clock.is_true() {
        text.push_str("The console's clock is wrong. ");
    }
    for attack in attacks {
        let _ = write!(
            text,
            "From {} to {}: {attack}. ",
            seconds(attack.at_ms.ns()),
            seconds(attack.at_ms.ns() + attack.for_ms.ns())
        );
    }
    let mut in_order: Vec<_> = faults.iter().collect();
    in_order.sort_by_key(|fault| fault.at_ms.ns());
    for fault in in_order {
        let _ = write!(
            text,
            "From {} to {}: {fault}. ",
            seconds(fault.at_ms.ns()),
            seconds(fault.at_ms.ns() + fault.for_ms.ns())
        );
    }
    for packet in packets.iter().take(MOST_TOLD) {
        let what = match packet.direction {
            Direction::Up => witness
                .commands
                .get(&(packet.path.index(), packet.number))
                .map_or(format!("packet {} to the robot", packet.number), |came| {
                    format!("command {} (packet {})", came.sequence, came.packet)
                }),
            Direction::Down => format!("status packet {}", packet.number),
        };
        let path = letter(packet.path.index());
        let _ = match packet.fate {
            PacketFate::Lose => write!(text, "On path {path} {what} is lost. "),
            PacketFate::Deliver { ms } => {
                write!(text, "On path {path} {what} takes {} ms. ", round(ms.get()))
            }
            PacketFate::Delay { ms } => {
                write!(
                    text,
                    "On path {path} {what} comes {} ms later. ",
                    round(ms.get())
                )
            }
            PacketFate::Duplicate { ms } => {
                write!(
                    text,
                    "On path {path} {what} comes again {} ms later. ",
                    round(ms.get())
                )
            }
        };
    }
    if packets.len() > MOST_TOLD {
        let _ = write!(text, "And so on for {} packets. ", packets.len());
    }
    text
}

/// Single packets told one by one.
const MOST_TOLD: usize = 6;

fn verdict(finding: &Finding, violated_at_ns: u64) -> String {
    format!(
        "At {} this violates {}: {}.",
        seconds(violated_at_ns),
        finding.id,
        finding.detail
    )
}

fn letter(path: usize) -> &'static str {
    match Path::ALL.get(path) {
        Some(Path::A) => "A",
        _ => "B",
    }
}

fn seconds(ns: u64) -> String {
    format!("{:.3} s", ns as f64 * 1e-9)
}

fn milliseconds(ns: u64) -> String {
    format!("{} ms", round(ns as f64 * 1e-6))
}

fn round(ms: f64) -> f64 {
    libm::round(ms * 1e3) / 1e3
}

fn distance_mm(one: &[f64; 3], other: &[f64; 3]) -> f64 {
    let squares: f64 = one.iter().zip(other).map(|(a, b)| (a - b) * (a - b)).sum();
    libm::sqrt(squares) * 1e3
}
