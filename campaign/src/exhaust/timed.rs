//! Breadth first, a tick a level: the first level with a violation has the shortest schedules.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use control_loop::PathId;
use safety::Id;
use sim::HostedLoop;

use super::bench_top::{BenchTop, Situation, motion_key};
use super::{Exercised, ExhaustReport, ExhaustSettings, OrderCounts, Violation, name_of};

/// Frames that may come in one tick are one more; their subsets are all gone through.
pub(super) const MOST_LATENESS: usize = 6;

/// A state at the beginning of a tick, and what led to it first.
#[derive(Clone)]
struct Node {
    now: Situation,
    /// The engagement number that each frame echoes, less that at the start.
    echoed: [u8; super::MOST_FRAMES],
    /// Frames of which no copy has come and one still may.
    pending: u32,
    /// Frames that have come.
    came: u32,
    /// Labelled schedules that lead here.
    schedules: u128,
    /// Frames that come in each tick.
    arrivals: Vec<u16>,
}

/// What one node gave.
#[derive(Default)]
struct Grown {
    children: Vec<(u128, Node)>,
    steps: u64,
    unproven: u64,
    exercised: Exercised,
    violations: Vec<Found>,
}

/// A violation with what it takes to tell it.
struct Found {
    requirement: &'static str,
    what: String,
    arrivals: Vec<u16>,
    /// How the last tick went, where the order matters.
    last: String,
}

pub(super) fn explore(
    top: &BenchTop,
    settings: &ExhaustSettings,
    orders: OrderCounts,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> ExhaustReport {
    let ticks = top.frames + settings.lateness + top.scale.tail as usize;
    let mut report = ExhaustReport {
        frames: top.frames,
        lateness: settings.lateness,
        scale: top.scale,
        schedules: 0,
        states: 0,
        steps: orders.steps,
        exercised: Exercised::default(),
        unproven: 0,
        orders,
        violation: None,
    };
    let mut level = vec![Node {
        now: top.start.clone(),
        echoed: [0; super::MOST_FRAMES],
        pending: 0,
        came: 0,
        schedules: 1,
        arrivals: Vec::new(),
    }];
    for tick in 0..ticks {
        progress(tick, ticks);
        let grown = grow_level(top, settings, &level, tick);
        let mut next: BTreeMap<u128, Node> = BTreeMap::new();
        let mut worst: Option<Found> = None;
        for grown in grown {
            report.steps += grown.steps;
            report.unproven += grown.unproven;
            report.exercised.add(&grown.exercised);
            for found in grown.violations {
                let cost = |found: &Found| {
                    (
                        departures(&found.arrivals, top.frames),
                        found.arrivals.clone(),
                    )
                };
                if worst
                    .as_ref()
                    .is_none_or(|worst| cost(&found) < cost(worst))
                {
                    worst = Some(found);
                }
            }
            for (key, child) in grown.children {
                // The first way to a state is kept: levels are in a fixed order, so it is always the same.
                match next.entry(key) {
                    std::collections::btree_map::Entry::Vacant(place) => {
                        place.insert(child);
                    }
                    std::collections::btree_map::Entry::Occupied(mut place) => {
                        place.get_mut().schedules += child.schedules;
                    }
                }
            }
        }
        if let Some(found) = worst {
            report.schedules = level.iter().map(|node| node.schedules).sum();
            report.violation = Some(told(found, tick, top));
            return report;
        }
        report.states += next.len() as u64;
        level = next.into_values().collect();
    }
    report.schedules = level.iter().map(|node| node.schedules).sum();
    report
}

/// All nodes of a level, shared among the threads; results in the order of the nodes.
fn grow_level(
    top: &BenchTop,
    settings: &ExhaustSettings,
    level: &[Node],
    tick: usize,
) -> Vec<Grown> {
    const AT_ONCE: usize = 64;
    let chunks: Vec<&[Node]> = level.chunks(AT_ONCE).collect();
    let results: Mutex<Vec<Option<Grown>>> = Mutex::new(chunks.iter().map(|_| None).collect());
    let next = AtomicUsize::new(0);
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(chunk) = chunks.get(index) else {
                return;
            };
            let mut grown = Grown::default();
            for node in *chunk {
                grow(top, settings.lateness, node, tick, &mut grown);
            }
            results
                .lock()
                .unwrap_or_else(|poisoned| poisoned.into_inner())[index] = Some(grown);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..settings.jobs.get().min(chunks.len()) {
            scope.spawn(work);
        }
        work();
    });
    let results = results
        .into_inner()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    results.into_iter().flatten().collect()
}

/// Every way in which a tick can go.
fn grow(top: &BenchTop, lateness: usize, node: &Node, tick: usize, grown: &mut Grown) {
    let mut node = node.clone();
    if tick < top.frames {
        node.pending |= 1 << tick;
        node.echoed[tick] = node
            .now
            .engagement
            .saturating_sub(top.start.engagement)
            .min(u32::from(u8::MAX)) as u8;
    }
    // One tick too late for every copy: the frame is lost.
    if tick > lateness && tick - lateness - 1 < top.frames {
        node.pending &= !(1 << (tick - lateness - 1));
    }
    let mut in_tick = InTick {
        top,
        tick,
        node: &node,
        grown,
    };
    let may_come: Vec<usize> = bits(node.pending).collect();
    // What the loop is after each subset of them has come, in whichever order.
    let mut after: Vec<Option<Box<dyn HostedLoop>>> = vec![None; 1 << may_come.len()];
    after[0] = Some(node.now.robot.clone());
    for subset in 0..after.len() {
        let came: Vec<usize> = may_come
            .iter()
            .enumerate()
            .filter(|(place, _)| subset & (1 << place) != 0)
            .map(|(_, &number)| number)
            .collect();
        let mut known: Option<(u128, Box<dyn HostedLoop>)> = None;
        for (place, &last) in may_come.iter().enumerate() {
            if subset & (1 << place) == 0 {
                continue;
            }
            let Some(before) = after[subset & !(1 << place)].clone() else {
                return;
            };
            let by_a = in_tick.receive(before.clone(), last, PathId::A);
            let by_b = in_tick.receive(before, last, PathId::B);
            let key = motion_key(by_a.as_ref());
            let is_same = in_tick.same(
                (key, by_a.as_ref()),
                by_b.as_ref(),
                "R10",
                || format!("frame {} by path A or by path B", last + 1),
                &came,
            );
            if !is_same {
                return;
            }
            match &known {
                None => known = Some((key, by_a)),
                Some((key, robot)) => {
                    in_tick.grown.exercised.reordered += 1;
                    let is_same = in_tick.same(
                        (*key, robot.as_ref()),
                        by_a.as_ref(),
                        "R10",
                        || format!("frame {} last or another one last", last + 1),
                        &came,
                    );
                    if !is_same {
                        return;
                    }
                }
            }
        }
        let (key, robot) = known.unwrap_or_else(|| {
            let robot = node.now.robot.clone();
            (motion_key(robot.as_ref()), robot)
        });
        // Whatever came before may come again, by either path: one after another, as long as nothing changes.
        let came_bits = came.iter().fold(0, |mask, number| mask | 1_u32 << number);
        // Once the robot holds and no frame is left, only the stop is still looked at.
        let last_repeat = top.frames + lateness + top.scale.coast as usize + 2;
        let may_repeat = if tick <= last_repeat {
            node.came | came_bits
        } else {
            0
        };
        let mut probe = robot.clone();
        for again in bits(may_repeat) {
            for path in PathId::ALL {
                in_tick.grown.exercised.repeated += 1;
                probe = in_tick.receive(probe, again, path);
                if motion_key(probe.as_ref()) == key {
                    continue;
                }
                let is_same = in_tick.same(
                    (key, robot.as_ref()),
                    probe.as_ref(),
                    name_of(Id::R09),
                    || format!("frame {} coming again by path {path:?}", again + 1),
                    &came,
                );
                if !is_same {
                    return;
                }
                probe = robot.clone();
            }
        }
        after[subset] = Some(robot);
    }
    for (subset, robot) in after.into_iter().enumerate() {
        let Some(robot) = robot else { continue };
        let mut came = 0_u32;
        let mut ways = 1_u128;
        for (place, &number) in may_come.iter().enumerate() {
            if subset & (1 << place) != 0 {
                came |= 1 << number;
                ways *= ways_to_come(lateness, tick - number);
            }
        }
        let mut arrivals = node.arrivals.clone();
        arrivals.push(came as u16);
        let now = node.now.with_robot(robot);
        grown.steps += 1;
        match top.tick(now, tick, &mut grown.exercised) {
            Ok(now) => {
                let child = Node {
                    now,
                    echoed: node.echoed,
                    pending: node.pending & !came,
                    came: node.came | came,
                    schedules: node.schedules * ways,
                    arrivals,
                };
                let mut also = vec![child.pending, child.came];
                also.extend(child.echoed.iter().map(|&echoed| u32::from(echoed)));
                grown.children.push((child.now.key(&also), child));
            }
            Err((requirement, what)) => grown.violations.push(Found {
                requirement,
                what,
                arrivals,
                last: String::new(),
            }),
        }
    }
}

/// In how many ways two labelled copies give a first arrival so late: one of them comes then, the other not before.
fn ways_to_come(lateness: usize, late: usize) -> u128 {
    2 * (lateness - late) as u128 + 3
}

/// The receptions of one tick.
struct InTick<'a> {
    top: &'a BenchTop,
    tick: usize,
    node: &'a Node,
    grown: &'a mut Grown,
}

impl InTick<'_> {
    fn receive(
        &mut self,
        mut robot: Box<dyn HostedLoop>,
        number: usize,
        path: PathId,
    ) -> Box<dyn HostedLoop> {
        let engagement = self.top.start.engagement + u32::from(self.node.echoed[number]);
        let bytes = self.top.bytes(number, engagement);
        robot.receive(self.top.at_ns(self.tick), path, bytes);
        self.grown.steps += 1;
        robot
    }

    /// Whether two loops are the same to everything that follows. If not, but nothing differs in this tick, that is
    /// counted as not proven; if something does, it is a violation.
    fn same(
        &mut self,
        (key, one): (u128, &dyn HostedLoop),
        other: &dyn HostedLoop,
        requirement: &'static str,
        words: impl Fn() -> String,
        came: &[usize],
    ) -> bool {
        if motion_key(other) == key {
            return true;
        }
        let set_points = |robot: &dyn HostedLoop| {
            let now = self.node.now.with_robot(robot.clone_box());
            // What else the tick violates is told by the tick itself.
            let mut ignored = Exercised::default();
            self.top
                .tick(now, self.tick, &mut ignored)
                .map(|now| now.set_points[0].map(f64::to_bits))
        };
        let (first, second) = (set_points(one), set_points(other));
        self.grown.steps += 2;
        match (first, second) {
            (Ok(first), Ok(second)) if first == second => {
                self.grown.unproven += 1;
                true
            }
            // Both wrong: the tick tells, and tells what.
            (Err(_), Err(_)) => true,
            (first, second) => {
                // Which of the two is wrong on its own, if one is, says more than that they differ.
                let (requirement, what) = match (first, second) {
                    (Ok(_), Err(wrong)) | (Err(wrong), Ok(_)) => {
                        (wrong.0, format!("{}: {}", words(), wrong.1))
                    }
                    _ => (requirement, format!("{}: the set-points differ", words())),
                };
                let mut arrivals = self.node.arrivals.clone();
                let mask = came.iter().fold(0, |mask, number| mask | 1_u16 << number);
                arrivals.push(mask);
                self.grown.violations.push(Found {
                    requirement,
                    what,
                    arrivals,
                    last: words(),
                });
                false
            }
        }
    }
}

fn bits(mask: u32) -> impl Iterator<Item = usize> {
    (0..32).filter(move |place| mask & (1 << place) != 0)
}

/// How far a schedule is from a perfect network: frames that are late or lost, and then by how much.
fn departures(arrivals: &[u16], frames: usize) -> (usize, usize) {
    let sent = arrivals.len().min(frames);
    let late = (0..sent).map(|number| match came_in(arrivals, number) {
        Some(tick) => tick - number,
        None => arrivals.len() - number,
    });
    let late: Vec<usize> = late.collect();
    (
        late.iter().filter(|&&ticks| ticks > 0).count(),
        late.iter().sum(),
    )
}

fn came_in(arrivals: &[u16], number: usize) -> Option<usize> {
    arrivals.iter().position(|mask| mask & (1 << number) != 0)
}

fn told(found: Found, tick: usize, top: &BenchTop) -> Violation {
    let Found {
        requirement,
        what,
        arrivals,
        last,
    } = found;
    let mut schedule: Vec<String> = (0..top.frames.min(tick + 1))
        .map(|number| match came_in(&arrivals, number) {
            Some(came) if came == number => {
                format!(
                    "frame {}: by both paths in the tick in which it was sent",
                    number + 1
                )
            }
            Some(came) => format!(
                "frame {}: on both paths {} tick{} late",
                number + 1,
                came - number,
                if came - number == 1 { "" } else { "s" }
            ),
            None => format!(
                "frame {}: nothing of it comes by tick {}",
                number + 1,
                tick + 1
            ),
        })
        .collect();
    if !last.is_empty() {
        schedule.push(format!("in tick {}: {last}", tick + 1));
    }
    Violation {
        requirement,
        what,
        tick: tick + 1,
        schedule,
    }
}
