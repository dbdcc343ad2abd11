//! Commands over two unequal paths: nothing that arrives is lost, and where IEEE 802.1CB's receiver goes wrong.

mod common;

use std::collections::BTreeSet;

use common::ear::{admission, arrive, command, judge};
use common::{Dice, MS};
use control_loop::{PATHS, PathId, VERDICTS, Verdict};

use PathId::{A, B};
use Verdict::{
    Accepted, Duplicate, Forged, Jump, Late, Malformed, Overtaken, Stale, WrongEngagement,
    WrongEpoch,
};

// ---------------------------------------------------------------- scenarios over two unequal paths

/// What one path does to the commands, which are numbered from 1 and sent a millisecond apart.
struct Path {
    delay_ms: u64,
    jitter_ms: u64,
    loss_percent: u64,
    /// Commands that are lost whatever the dice say.
    outage: std::ops::Range<u64>,
    /// From this command on the delay is another.
    moves_to: Option<(u64, u64)>,
    /// Each command comes so many times.
    times: usize,
    /// What would arrive in here arrives at its end, ms.
    stall_ms: std::ops::Range<u64>,
}

impl Path {
    fn of(delay_ms: u64) -> Self {
        Self {
            delay_ms,
            jitter_ms: 0,
            loss_percent: 0,
            outage: 0..0,
            moves_to: None,
            times: 1,
            stall_ms: 0..0,
        }
    }

    fn arrival_ms(&self, sequence: u64, dice: &mut Dice) -> Option<u64> {
        let lost = dice.below(100) < self.loss_percent;
        let jitter_ms = dice.below(self.jitter_ms + 1);
        if lost || self.outage.contains(&sequence) {
            return None;
        }
        let moved = self.moves_to.filter(|(from, _)| sequence >= *from);
        let delay_ms = moved.map_or(self.delay_ms, |(_, delay_ms)| delay_ms);
        let at_ms = sequence + delay_ms + jitter_ms;
        Some(if self.stall_ms.contains(&at_ms) {
            self.stall_ms.end
        } else {
            at_ms
        })
    }
}

/// A scenario's outcome.
struct Outcome {
    /// Commands that arrived at least once.
    arrived: BTreeSet<u64>,
    /// Commands with a verdict that says that they were new: accepted or overtaken, in this order.
    new: Vec<u64>,
    accepted: Vec<u64>,
    /// The longest time without an accepted command, from the first to the last, ms.
    longest_gap_ms: u64,
    counts: [usize; VERDICTS],
}

impl Outcome {
    fn count(&self, verdict: Verdict) -> usize {
        self.counts[verdict as usize]
    }
}

/// Echoes are never older than one way there and 20 ms back.
fn run(commands: u64, paths: [Path; PATHS]) -> Outcome {
    let mut dice = Dice(7);
    let mut arrivals = Vec::new();
    for sequence in 1..=commands {
        for (path, id) in paths.iter().zip(PathId::ALL) {
            if let Some(at_ms) = path.arrival_ms(sequence, &mut dice) {
                arrivals.extend(std::iter::repeat_n((at_ms, sequence, id), path.times));
            }
        }
    }
    arrivals.sort_by_key(|(at_ms, sequence, id)| (*at_ms, *sequence, id.index()));
    let mut admission = admission();
    let mut outcome = Outcome {
        arrived: BTreeSet::new(),
        new: Vec::new(),
        accepted: Vec::new(),
        longest_gap_ms: 0,
        counts: [0; VERDICTS],
    };
    let mut accepted_ms = None;
    for (at_ms, sequence, path) in arrivals {
        let echo_ns = (sequence * MS).saturating_sub(20 * MS);
        let verdict = judge(
            &mut admission,
            at_ms * MS,
            path,
            &command(sequence, echo_ns),
        );
        outcome.arrived.insert(sequence);
        outcome.counts[verdict as usize] += 1;
        if verdict == Accepted || verdict == Overtaken {
            outcome.new.push(sequence);
        }
        if verdict == Accepted {
            outcome.accepted.push(sequence);
            let gap_ms = at_ms - accepted_ms.unwrap_or(at_ms);
            outcome.longest_gap_ms = outcome.longest_gap_ms.max(gap_ms);
            accepted_ms = Some(at_ms);
        }
    }
    outcome
}

/// What holds in every scenario with fresh echoes: each command that arrived is new exactly once,
/// and those that are accepted only get newer.
fn assert_seamless(name: &str, outcome: &Outcome) {
    let new: BTreeSet<u64> = outcome.new.iter().copied().collect();
    assert_eq!(
        new.len(),
        outcome.new.len(),
        "{name}: a command was new twice"
    );
    assert_eq!(
        new, outcome.arrived,
        "{name}: a command that arrived was never new"
    );
    assert!(
        outcome.accepted.is_sorted_by(|a, b| a < b),
        "{name}: went back to an older command"
    );
    for verdict in [
        Late,
        Stale,
        Forged,
        WrongEpoch,
        WrongEngagement,
        Malformed,
        Jump,
    ] {
        assert_eq!(outcome.count(verdict), 0, "{name}: {}", verdict.name());
    }
}

/// A name, commands sent, the two paths, and the longest gap that is to be expected, ms.
type Scenario = (&'static str, u64, [Path; PATHS], u64);

fn scenarios() -> Vec<Scenario> {
    let lossy = |delay_ms, loss_percent| Path {
        loss_percent,
        ..Path::of(delay_ms)
    };
    let dead = |delay_ms, from, to| Path {
        outage: from..to,
        ..Path::of(delay_ms)
    };
    let moving = |delay_ms, from, to_ms| Path {
        moves_to: Some((from, to_ms)),
        ..Path::of(delay_ms)
    };
    vec![
        ("equal paths", 2_000, [Path::of(85), Path::of(85)], 1),
        (
            "fast path loses 2 %, slow path nothing",
            20_000,
            [lossy(85, 2), Path::of(110)],
            4,
        ),
        (
            "fast path loses 10 %, much skew",
            5_000,
            [lossy(20, 10), Path::of(370)],
            5,
        ),
        (
            "both paths lose 20 %",
            5_000,
            [lossy(85, 20), lossy(110, 20)],
            12,
        ),
        (
            "slow path comes first at start",
            3_000,
            [dead(20, 1, 500), Path::of(300)],
            1,
        ),
        (
            "fast path dies and returns",
            4_000,
            [dead(20, 1_000, 2_000), Path::of(150)],
            131,
        ),
        (
            "slow path dies and returns",
            4_000,
            [Path::of(20), dead(150, 1_000, 2_000)],
            1,
        ),
        (
            "paths swap places",
            4_000,
            [moving(20, 2_000, 200), moving(200, 2_000, 20)],
            1,
        ),
        (
            "route of the fast path gets longer",
            4_000,
            [moving(20, 2_000, 220), Path::of(60)],
            41,
        ),
        (
            "joint outage of 150 ms",
            4_000,
            [dead(20, 1_000, 1_150), dead(90, 1_000, 1_150)],
            151,
        ),
        (
            "joint outage of 2 s",
            5_000,
            [dead(20, 1_000, 3_000), dead(370, 1_000, 3_000)],
            2_001,
        ),
        (
            "jitter that reorders",
            5_000,
            [
                Path {
                    jitter_ms: 30,
                    ..Path::of(20)
                },
                Path::of(60),
            ],
            31,
        ),
        (
            "duplicates within one path",
            2_000,
            [
                Path {
                    times: 3,
                    ..Path::of(20)
                },
                Path::of(60),
            ],
            1,
        ),
        (
            "duplicate burst after the receiver stalls",
            3_000,
            [
                Path {
                    stall_ms: 1_000..1_300,
                    times: 2,
                    ..Path::of(20)
                },
                Path {
                    stall_ms: 1_000..1_300,
                    ..Path::of(60)
                },
            ],
            301,
        ),
    ]
}

#[test]
fn over_two_unequal_paths_each_command_is_new_once_and_the_target_only_gets_newer() {
    for (name, commands, paths, longest_gap_ms) in scenarios() {
        let outcome = run(commands, paths);
        assert_seamless(name, &outcome);
        assert!(
            outcome.accepted.len() > commands as usize / 4,
            "{name}: blind"
        );
        assert!(
            outcome.longest_gap_ms <= longest_gap_ms,
            "{name}: nothing accepted for {} ms",
            outcome.longest_gap_ms
        );
    }
}

#[test]
fn no_skew_across_the_window_loses_or_repeats_a_command() {
    // Half a second of echo age ends this earlier than the window of four seconds does.
    for skew_ms in [0, 1, 2, 25, 63, 64, 65, 100, 200, 300, 400, 459] {
        let fast = Path {
            loss_percent: 2,
            ..Path::of(20)
        };
        let outcome = run(3_000, [fast, Path::of(20 + skew_ms)]);
        assert_seamless(&format!("skew {skew_ms} ms"), &outcome);
        assert_eq!(outcome.arrived.len(), 3_000);
    }
}

#[test]
fn a_skew_beyond_the_window_makes_the_slow_path_late_and_never_new_again() {
    let mut admission = admission();
    for (skew, wanted) in [(4_095, Duplicate), (4_096, Late), (4_900, Late)] {
        for head in 1..=4_950 {
            let _ = arrive(&mut admission, MS, A, head);
        }
        assert_eq!(
            arrive(&mut admission, MS, B, 4_950 - skew),
            wanted,
            "skew {skew}"
        );
    }
}

#[test]
fn loss_on_the_fast_path_is_made_good_by_the_slow_one_whatever_the_skew() {
    for skew_ms in [1, 25, 100, 300] {
        for loss_percent in [1, 5, 20, 50] {
            let fast = Path {
                loss_percent,
                ..Path::of(20)
            };
            let outcome = run(2_000, [fast, Path::of(20 + skew_ms)]);
            let name = format!("skew {skew_ms} ms, loss {loss_percent} %");
            assert_seamless(&name, &outcome);
            assert_eq!(outcome.arrived.len(), 2_000, "{name}");
            let lost = 2_000 - outcome.count(Duplicate);
            assert!(lost > 0, "{name}: blind");
        }
    }
}

// ------------------------------------------------------------- what IEEE 802.1CB's receiver gets wrong

#[test]
fn a_lost_frame_does_not_latch_the_receiver_to_the_slow_path() {
    // With a history of 2, one loss makes every later frame of the fast path "rogue".
    let fast = Path {
        outage: 1_000..1_001,
        ..Path::of(85)
    };
    let outcome = run(3_000, [fast, Path::of(110)]);
    assert_seamless("one loss", &outcome);
    assert_eq!(
        outcome.accepted.len(),
        2_999,
        "the fast path leads before and after the loss"
    );
    assert_eq!(
        outcome.count(Overtaken),
        1,
        "the slow copy of the lost frame"
    );
    assert_eq!(outcome.longest_gap_ms, 2);
}

#[test]
fn a_skew_of_the_history_and_more_makes_no_frame_rogue() {
    // A history shorter than skew times rate loses what the fast path lost: 407 of 408 there.
    for history in [2, 16, 25, 64, 256] {
        let fast = Path {
            loss_percent: 2,
            ..Path::of(20)
        };
        let outcome = run(5_000, [fast, Path::of(20 + history)]);
        assert_seamless("history", &outcome);
        assert_eq!(outcome.arrived.len(), 5_000);
    }
}

#[test]
fn the_fast_path_takes_over_at_once_when_the_slow_one_dies() {
    // A receiver latched to the slow path was blind for two seconds.
    let fast = Path {
        outage: 1_000..1_001,
        ..Path::of(20)
    };
    let slow = Path {
        outage: 2_000..5_001,
        ..Path::of(120)
    };
    let outcome = run(5_000, [fast, slow]);
    assert_seamless("the slow path dies", &outcome);
    assert_eq!(outcome.longest_gap_ms, 2);
}
