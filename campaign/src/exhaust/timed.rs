//! Breadth first, a tick a level: the first level with a violation has the shortest schedules.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use control_loop::PathId;
use safety::Id;
use sim::HostedLoop;

use super::bench_top::{BenchTop, Folding, Seen, Situation, motion_key};
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
        let schedules = level.iter().map(|node| node.schedules).sum();
        let grown = grow_level(top, settings, level, tick);
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
            report.schedules = schedules;
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
    level: Vec<Node>,
    tick: usize,
) -> Vec<Grown> {
    const AT_ONCE: usize = 64;
    let mut level = level.into_iter().peekable();
    let mut chunks = Vec::new();
    while level.peek().is_some() {
        let chunk: Vec<Node> = level.by_ref().take(AT_ONCE).collect();
        chunks.push(Mutex::new((chunk, Grown::default())));
    }
    let next = AtomicUsize::new(0);
    let work = || {
        let mut bench = Bench {
            top,
            tick,
            lateness: settings.lateness,
            folding: Folding::new(),
            spare: None,
        };
        while let Some(chunk) = chunks.get(next.fetch_add(1, Ordering::Relaxed)) {
            let mut chunk = unpoisoned(chunk.lock());
            let (nodes, grown) = &mut *chunk;
            for node in core::mem::take(nodes) {
                bench.grow(node, grown);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..settings.jobs.get().min(chunks.len()) {
            scope.spawn(work);
        }
        work();
    });
    chunks
        .into_iter()
        .map(|chunk| unpoisoned(chunk.into_inner()).1)
        .collect()
}

fn unpoisoned<T>(locked: Result<T, std::sync::PoisonError<T>>) -> T {
    locked.unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// What a thread works with.
struct Bench<'a> {
    top: &'a BenchTop,
    tick: usize,
    lateness: usize,
    folding: Folding,
    /// A loop to try things with.
    spare: Option<Box<dyn HostedLoop>>,
}

/// The node whose tick is gone through, without its loop.
struct Present {
    seen: Seen,
    echoed: [u8; super::MOST_FRAMES],
    arrivals: Vec<u16>,
}

/// Two ways that ought to come to the same, and do not.
struct Differs;

impl Bench<'_> {
    /// Every way in which a tick can go.
    fn grow(&mut self, node: Node, grown: &mut Grown) {
        let (top, tick, lateness) = (self.top, self.tick, self.lateness);
        let Node {
            now: Situation { robot, seen },
            mut echoed,
            mut pending,
            came: came_before,
            schedules,
            arrivals,
        } = node;
        if tick < top.frames {
            pending |= 1 << tick;
            echoed[tick] = seen
                .engagement
                .saturating_sub(top.start.seen.engagement)
                .min(u32::from(u8::MAX)) as u8;
        }
        // One tick too late for every copy: the frame is lost.
        if tick > lateness && tick - lateness - 1 < top.frames {
            pending &= !(1 << (tick - lateness - 1));
        }
        let present = Present {
            seen,
            echoed,
            arrivals,
        };
        let may_come: Vec<usize> = bits(pending).collect();
        let frames_of = |subset: usize| {
            let places = may_come.iter().enumerate();
            places
                .filter(move |(place, _)| subset & (1 << place) != 0)
                .fold(0_u32, |mask, (_, number)| mask | 1 << number)
        };
        // What the loop is after each subset of them has come, in whichever order.
        let mut after = vec![robot];
        for subset in 0..1_usize << may_come.len() {
            let came = frames_of(subset);
            if subset > 0 {
                let Ok(robot) = self.receive_all(&present, &may_come, subset, &after, grown) else {
                    return;
                };
                after.push(robot);
            }
            // Once the robot holds and no frame is left, only the stop is still looked at.
            let last_repeat = top.frames + lateness + top.scale.coast as usize + 2;
            if tick <= last_repeat
                && self
                    .repeat(
                        &present,
                        after[subset].as_ref(),
                        came_before | came,
                        came,
                        grown,
                    )
                    .is_err()
            {
                return;
            }
        }
        for (subset, robot) in after.into_iter().enumerate() {
            let came = frames_of(subset);
            let ways = bits(came)
                .map(|number| ways_to_come(lateness, tick - number))
                .product::<u128>();
            let mut arrivals = present.arrivals.clone();
            arrivals.push(came as u16);
            grown.steps += 1;
            match top.tick(Situation { robot, seen }, tick, &mut grown.exercised) {
                Ok(now) => {
                    let child = Node {
                        now,
                        echoed,
                        pending: pending & !came,
                        came: came_before | came,
                        schedules: schedules * ways,
                        arrivals,
                    };
                    let mut also = [0; 2 + super::MOST_FRAMES];
                    also[..2].copy_from_slice(&[child.pending, child.came]);
                    for (also, echoed) in also[2..].iter_mut().zip(child.echoed) {
                        *also = u32::from(echoed);
                    }
                    let key = child.now.key(&also, &mut self.folding);
                    grown.children.push((key, child));
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

    /// The loop after a subset of the frames that may come, from the loops after all smaller subsets: whichever of them
    /// comes last, and by whichever path.
    fn receive_all(
        &mut self,
        present: &Present,
        may_come: &[usize],
        subset: usize,
        after: &[Box<dyn HostedLoop>],
        grown: &mut Grown,
    ) -> Result<Box<dyn HostedLoop>, Differs> {
        let lasts = may_come.iter().enumerate();
        let lasts = lasts.filter(|(place, _)| subset & (1 << place) != 0);
        let came = lasts
            .clone()
            .fold(0, |mask, (_, number)| mask | 1_u32 << number);
        let mut known: Option<(u128, Box<dyn HostedLoop>)> = None;
        for (place, &last) in lasts {
            let before = &after[subset & !(1 << place)];
            let mut by_a = before.clone();
            self.receive(present, by_a.as_mut(), last, PathId::A, grown);
            let key = motion_key(by_a.as_ref(), &mut self.folding);
            let mut by_b = copy_into(self.spare.take(), before.as_ref());
            self.receive(present, by_b.as_mut(), last, PathId::B, grown);
            let words = || format!("frame {} by path A or by path B", last + 1);
            let pair = (key, by_a.as_ref(), by_b.as_ref());
            let same = self.same(present, pair, "R10", &words, came, grown);
            self.spare = Some(by_b);
            same?;
            match &known {
                None => known = Some((key, by_a)),
                Some((key, robot)) => {
                    grown.exercised.reordered += 1;
                    let words = || format!("frame {} last or another one last", last + 1);
                    let pair = (*key, robot.as_ref(), by_a.as_ref());
                    self.same(present, pair, "R10", &words, came, grown)?;
                }
            }
        }
        known.map(|(_, robot)| robot).ok_or(Differs)
    }

    /// Whatever came may come again, by either path: one after another, as long as nothing changes.
    fn repeat(
        &mut self,
        present: &Present,
        robot: &dyn HostedLoop,
        may_repeat: u32,
        came: u32,
        grown: &mut Grown,
    ) -> Result<(), Differs> {
        if may_repeat == 0 {
            return Ok(());
        }
        let key = motion_key(robot, &mut self.folding);
        let mut probe = copy_into(self.spare.take(), robot);
        for again in bits(may_repeat) {
            for path in PathId::ALL {
                grown.exercised.repeated += 1;
                self.receive(present, probe.as_mut(), again, path, grown);
                if motion_key(probe.as_ref(), &mut self.folding) == key {
                    continue;
                }
                let words = || format!("frame {} coming again by path {path:?}", again + 1);
                let pair = (key, robot, probe.as_ref());
                self.same(present, pair, name_of(Id::R09), &words, came, grown)?;
                probe = copy_into(Some(probe), robot);
            }
        }
        self.spare = Some(probe);
        Ok(())
    }

    fn receive(
        &mut self,
        present: &Present,
        robot: &mut dyn HostedLoop,
        number: usize,
        path: PathId,
        grown: &mut Grown,
    ) {
        let engagement = self.top.start.seen.engagement + u32::from(present.echoed[number]);
        let bytes = self.top.bytes(number, engagement);
        robot.receive(self.top.at_ns(self.tick), path, bytes);
        grown.steps += 1;
    }

    /// Whether two loops are the same to everything that follows; the key is the first one's. If not, but nothing differs
    /// in this tick, that is counted as not proven; if something does, it is a violation.
    fn same(
        &mut self,
        present: &Present,
        (key, one, other): (u128, &dyn HostedLoop, &dyn HostedLoop),
        requirement: &'static str,
        words: &dyn Fn() -> String,
        came: u32,
        grown: &mut Grown,
    ) -> Result<(), Differs> {
        if motion_key(other, &mut self.folding) == key {
            return Ok(());
        }
        let set_points = |robot: &dyn HostedLoop| {
            let now = Situation {
                robot: robot.clone_box(),
                seen: present.seen,
            };
            // What else the tick violates is told by the tick itself.
            let mut ignored = Exercised::default();
            self.top
                .tick(now, self.tick, &mut ignored)
                .map(|now| now.seen.set_points[0].map(f64::to_bits))
        };
        let (first, second) = (set_points(one), set_points(other));
        grown.steps += 2;
        match (first, second) {
            (Ok(first), Ok(second)) if first == second => {
                grown.unproven += 1;
                Ok(())
            }
            // Both wrong: the tick tells, and tells what.
            (Err(_), Err(_)) => Ok(()),
            (first, second) => {
                // Which of the two is wrong on its own, if one is, says more than that they differ.
                let (requirement, what) = match (first, second) {
                    (Ok(_), Err(wrong)) | (Err(wrong), Ok(_)) => {
                        (wrong.0, format!("{}: {}", words(), wrong.1))
                    }
                    _ => (requirement, format!("{}: the set-points differ", words())),
                };
                let mut arrivals = present.arrivals.clone();
                arrivals.push(came as u16);
                grown.violations.push(Found {
                    requirement,
                    what,
                    arrivals,
                    last: words(),
                });
                Err(Differs)
            }
        }
    }
}

/// A copy of a loop, in the place of a spare one if there is one: then no memory is asked for.
fn copy_into(spare: Option<Box<dyn HostedLoop>>, original: &dyn HostedLoop) -> Box<dyn HostedLoop> {
    match spare {
        Some(mut spare) => match spare.become_copy_of(original) {
            true => spare,
            false => original.clone_box(),
        },
        None => original.clone_box(),
    }
}

/// In how many ways two labelled copies give a first arrival so late: one of them comes then, the other not before.
fn ways_to_come(lateness: usize, late: usize) -> u128 {
    2 * (lateness - late) as u128 + 3
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
