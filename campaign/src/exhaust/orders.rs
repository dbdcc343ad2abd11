//! Every order in which the copies of a few frames can arrive, one an interval, whatever was lost.
//!
//! All frames are made before the first arrives. With `k` frames there are `2k` labelled copies and
//! `sum (2k)! / (2k - j)!` orders of some of them; without the labels of the paths, words in which each frame occurs
//! at most twice. Both are counted by walking through the loop's states, and known from elsewhere: for four frames
//! 109,601 and 7,365.

use std::collections::BTreeMap;

use control_loop::PathId;
use safety::Id;
use serde::Serialize;
use sim::{LoopFactory, Operation};

use super::bench_top::{BenchTop, Folding, Situation, motion_key};
use super::{Exercised, ExhaustError, Scale, name_of};

/// More frames take longer than anybody waits for what they add.
pub(super) const MOST_FRAMES: usize = 4;

/// What the orders gave.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct OrderCounts {
    /// Frames.
    pub frames: usize,
    /// Orders of labelled copies.
    pub labelled: u128,
    /// Orders of frames, whichever path they come by.
    pub path_agnostic: u128,
    /// States that the labelled orders lead to.
    pub states: u64,
    /// Steps of the loop that were made.
    pub steps: u64,
    /// The first order that violates something, and what.
    pub violation: Option<(String, String)>,
}

/// Counts and checks all orders: R02, R03, R04, and R09, the repeated copy against none.
///
/// # Errors
/// As [`super::exhaust`].
pub fn count_orders(
    operation: &Operation,
    frames: usize,
    make_loop: &LoopFactory,
) -> Result<OrderCounts, ExhaustError> {
    let frames = frames.clamp(1, MOST_FRAMES);
    // Every order ends before any frame is too old, and before a silence is a hold: here only the order counts.
    let intervals = 3 * frames as u64 + 2;
    let scale = Scale {
        coast: intervals,
        freshness: intervals + 1,
        ..Scale::DEFAULT
    };
    let top = BenchTop::new(operation, scale, frames, make_loop)?;
    let mut counts = OrderCounts {
        frames,
        ..OrderCounts::default()
    };
    let labelled = walk(&top, 2 * frames, &mut counts, &|copy| {
        (copy / 2, PathId::ALL[copy % 2])
    });
    counts.labelled = labelled.0;
    counts.states = labelled.1;
    let mut agnostic = OrderCounts::default();
    counts.path_agnostic = walk_words(&top, frames, &mut agnostic);
    counts.steps += agnostic.steps;
    Ok(counts)
}

/// Walks through all orders of labelled copies; how many there are, and how many states.
fn walk(
    top: &BenchTop,
    copies: usize,
    counts: &mut OrderCounts,
    copy: &dyn Fn(usize) -> (usize, PathId),
) -> (u128, u64) {
    let mut level: BTreeMap<(u32, u128), (Situation, u128, Vec<usize>)> = BTreeMap::new();
    level.insert((0, 0), (top.start.clone(), 1, Vec::new()));
    // The empty order is one.
    let (mut orders, mut states) = (1, 1);
    for step in 0..copies {
        let mut next: BTreeMap<(u32, u128), (Situation, u128, Vec<usize>)> = BTreeMap::new();
        for ((mask, _), (now, ways, order)) in &level {
            for one in (0..copies).filter(|one| mask & (1 << one) == 0) {
                let (number, path) = copy(one);
                let mut longer = order.clone();
                longer.push(one);
                let is_repeated = mask & (1 << (one ^ 1)) != 0;
                let Some(after) =
                    arrive(top, now, (number, path), step, is_repeated, counts, &longer)
                else {
                    return (orders, states);
                };
                let mask = mask | 1 << one;
                let key = after.key(&[], &mut Folding::new());
                next.entry((mask, key))
                    .and_modify(|(_, known, _)| *known += ways)
                    .or_insert((after, *ways, longer));
            }
        }
        orders += next.values().map(|(_, ways, _)| ways).sum::<u128>();
        states += next.len() as u64;
        level = next;
    }
    (orders, states)
}

/// Walks through all words in which each frame occurs at most twice: first by path A, then by path B.
fn walk_words(top: &BenchTop, frames: usize, counts: &mut OrderCounts) -> u128 {
    type Place = (Vec<u8>, u128);
    let mut level: BTreeMap<Place, (Situation, u128)> = BTreeMap::new();
    level.insert((vec![0; frames], 0), (top.start.clone(), 1));
    let mut words = 1;
    for step in 0..2 * frames {
        let mut next: BTreeMap<Place, (Situation, u128)> = BTreeMap::new();
        for ((times, _), (now, ways)) in &level {
            for number in (0..frames).filter(|&number| times[number] < 2) {
                let path = PathId::ALL[usize::from(times[number])];
                let copy = (number, path);
                let Some(after) = arrive(top, now, copy, step, times[number] > 0, counts, &[])
                else {
                    return words;
                };
                let mut times = times.clone();
                times[number] += 1;
                let key = after.key(&[], &mut Folding::new());
                next.entry((times, key))
                    .and_modify(|(_, known)| *known += ways)
                    .or_insert((after, *ways));
            }
        }
        words += next.values().map(|(_, ways)| ways).sum::<u128>();
        level = next;
    }
    words
}

/// One copy arrives, and the loop ticks; `None` when that violates something.
fn arrive(
    top: &BenchTop,
    before: &Situation,
    (number, path): (usize, PathId),
    step: usize,
    is_repeated: bool,
    counts: &mut OrderCounts,
    order: &[usize],
) -> Option<Situation> {
    // All frames are made in the first ticks, none arrives before the last is made.
    let tick = top.frames + step;
    let mut now = before.clone();
    let bytes = top.bytes(number, top.start.seen.engagement);
    now.robot.receive(top.at_ns(tick), path, bytes);
    counts.steps += 2;
    let mut folding = Folding::new();
    let mut exercised = Exercised::default();
    let mut key = |now: &Situation| motion_key(now.robot.as_ref(), &mut folding);
    let is_changed = is_repeated && key(&now) != key(before);
    let without = is_changed.then(|| top.tick(before.clone(), tick, &mut exercised));
    let with = top.tick(now, tick, &mut exercised);
    let failure = match (&with, &without) {
        (Err((requirement, what)), _) => Some(((*requirement).to_owned(), what.clone())),
        (Ok(with), Some(Ok(without))) if with.seen.set_points[0] != without.seen.set_points[0] => {
            Some((
                name_of(Id::R09).to_owned(),
                format!("frame {} coming again moves the arm", number + 1),
            ))
        }
        _ => None,
    };
    match failure {
        None => with.ok(),
        Some((requirement, what)) => {
            let order: Vec<String> = order
                .iter()
                .map(|copy| format!("{}{}", copy / 2 + 1, ["A", "B"][copy % 2]))
                .collect();
            counts.violation = Some((requirement, format!("{what}; order {}", order.join(" "))));
            None
        }
    }
}
