//! Which frames may become the target: the verdicts, their boundaries, and the scenarios in which
//! standard receivers of two redundant paths are known to fail.

mod common;

use std::collections::BTreeSet;

use common::{Dice, Handshake, KEYS, MS, PSK, ROBOT_START, arms};
use control_loop::admission::{PathHealth, Rules, Verdict, WINDOW};
use control_loop::frame::{Command, seal_command};
use control_loop::reception::Receiver;
use control_loop::{LoopSettings, PATHS, PathId, VERDICTS};

use PathId::{A, B};
use Verdict::{
    Accepted, Duplicate, Forged, Jump, Late, Malformed, Overtaken, Stale, WrongEngagement,
    WrongEpoch,
};

const JUMP: u64 = 5_000;
const FRESH_NS: u64 = 500 * MS;
const ENGAGEMENT: u32 = 3;

/// The robot's ear in a session that began at time 0, with a tick after every frame.
struct Ear {
    receiver: Receiver,
    /// What the beginning of the session counted.
    begun: [[u32; VERDICTS]; PATHS],
    counters: [[u32; VERDICTS]; PATHS],
}

impl Ear {
    fn new(rules: Rules) -> Self {
        let mut receiver = Receiver::with_rules(rules, &PSK, ROBOT_START);
        let hello = Handshake::of(&arms(), &LoopSettings::default()).hello;
        receiver.receive(0, A, &hello, ENGAGEMENT);
        receiver.welcome(0, ENGAGEMENT).expect("it answers");
        // Any authentic command begins the session: this one is refused.
        let first = seal_command(&command(0, 0), &KEYS.command);
        receiver.receive(0, A, &first, ENGAGEMENT);
        let begun = receiver.tick(0).verdicts;
        Self {
            receiver,
            begun,
            counters: begun,
        }
    }

    fn judge(
        &mut self,
        now_ns: u64,
        path: PathId,
        bytes: &[u8],
        engagement: u32,
    ) -> (Verdict, Option<Command>) {
        let heard = self.receiver.receive(now_ns, path, bytes, engagement);
        self.counters = self.receiver.tick(now_ns).verdicts;
        (heard.verdict, heard.accepted().copied())
    }

    /// What was judged since the session began.
    fn counters(&self) -> [[u32; VERDICTS]; PATHS] {
        let mut counters = self.counters;
        for (count, begun) in counters
            .iter_mut()
            .flatten()
            .zip(self.begun.iter().flatten())
        {
            *count -= begun;
        }
        counters
    }

    fn newest_accepted(&self) -> u64 {
        self.receiver
            .admission()
            .expect("a session")
            .newest_accepted()
    }

    fn silent_paths(&self, now_ns: u64) -> [bool; PATHS] {
        let health = self.receiver.admission().expect("a session").health(now_ns);
        health.map(|health| health == PathHealth::Silent)
    }
}

fn admission() -> Ear {
    Ear::new(Rules::of(&LoopSettings::default()))
}

/// A command that nobody could refuse at its time.
fn command(sequence: u64, echo_ns: u64) -> Command {
    Command {
        epoch: 1,
        sequence,
        echo_ns,
        engagement: ENGAGEMENT,
        clutch: 1,
        engaged: true,
        stop: false,
        hands: [None; 2],
    }
}

fn judge(admission: &mut Ear, now_ns: u64, path: PathId, command: &Command) -> Verdict {
    let bytes = seal_command(command, &KEYS.command);
    let (verdict, handed_on) = admission.judge(now_ns, path, &bytes, ENGAGEMENT);
    assert_eq!(
        handed_on.is_some(),
        verdict == Accepted,
        "only an accepted command is handed on"
    );
    verdict
}

/// Judges a command that is fresh now.
fn arrive(admission: &mut Ear, now_ns: u64, path: PathId, sequence: u64) -> Verdict {
    judge(admission, now_ns, path, &command(sequence, now_ns))
}

/// What all later acceptances depend on.
fn memory(admission: &Ear) -> Vec<u8> {
    let mut bytes = Vec::new();
    let admission = admission.receiver.admission().expect("a session");
    admission.digest(&mut |part| bytes.extend_from_slice(part));
    bytes.truncate(24);
    bytes
}

fn digest(admission: &Ear) -> Vec<u8> {
    let mut bytes = Vec::new();
    admission
        .receiver
        .digest(&mut |part| bytes.extend_from_slice(part));
    bytes
}

// ------------------------------------------------------------------------------------ the verdicts

#[test]
fn each_verdict_on_a_command_is_reached_on_each_path_and_counted_there() {
    for path in PathId::ALL {
        let mut admission = admission();
        let now_ns = 10_000 * MS;
        assert_eq!(arrive(&mut admission, now_ns, path, 4_990), Accepted);
        let fresh = command(4_999, now_ns);
        let cases = [
            (Duplicate, command(4_990, now_ns)),
            (Late, command(4_990 - WINDOW, now_ns)),
            (Overtaken, command(4_989, now_ns)),
            (Stale, command(4_991, now_ns - FRESH_NS - 1)),
            (WrongEpoch, Command { epoch: 2, ..fresh }),
            (
                WrongEngagement,
                Command {
                    engagement: ENGAGEMENT - 1,
                    sequence: 4_992,
                    ..fresh
                },
            ),
            (Jump, command(4_992 + JUMP + 1, now_ns)),
        ];
        for (wanted, command) in &cases {
            assert_eq!(judge(&mut admission, now_ns, path, command), *wanted);
        }
        let mut bytes = seal_command(&fresh, &KEYS.command);
        assert_eq!(
            admission.judge(now_ns, path, &bytes[1..], ENGAGEMENT),
            (Malformed, None)
        );
        bytes[100] ^= 1;
        assert_eq!(
            admission.judge(now_ns, path, &bytes, ENGAGEMENT),
            (Forged, None)
        );

        let mut wanted = [[0; VERDICTS]; PATHS];
        wanted[path.index()] = [1; VERDICTS];
        // Greetings and floods have tests of their own, in session.rs.
        for verdict in [Verdict::Greeting, Verdict::Flooded] {
            wanted[path.index()][verdict as usize] = 0;
        }
        assert_eq!(admission.counters(), wanted);
    }
}

#[test]
fn the_verdicts_are_decided_in_their_order() {
    let now_ns = 10_000 * MS;
    let old_ns = now_ns - FRESH_NS - 1;
    let mut admission = admission();
    assert_eq!(arrive(&mut admission, now_ns, A, 4_990), Accepted);
    // Each is guilty of several things, and is told the first.
    let everything = Command {
        epoch: 9,
        engagement: 0,
        ..command(u64::MAX, old_ns)
    };
    let cases = [
        (WrongEpoch, everything),
        (
            Jump,
            Command {
                epoch: 1,
                ..everything
            },
        ),
        (
            Late,
            Command {
                epoch: 1,
                sequence: 5,
                ..everything
            },
        ),
        (
            Duplicate,
            Command {
                epoch: 1,
                sequence: 4_990,
                ..everything
            },
        ),
        (
            Stale,
            Command {
                epoch: 1,
                sequence: 4_000,
                ..everything
            },
        ),
        (
            WrongEngagement,
            Command {
                engagement: 0,
                ..command(4_001, now_ns)
            },
        ),
        (Overtaken, command(4_002, now_ns)),
    ];
    for (wanted, command) in cases {
        assert_eq!(judge(&mut admission, now_ns, B, &command), wanted);
    }
}

#[test]
fn every_verdict_has_a_name_and_a_counter_of_its_own() {
    let names: BTreeSet<_> = Verdict::ALL.iter().map(|verdict| verdict.name()).collect();
    assert_eq!(names.len(), VERDICTS);
    for (place, verdict) in Verdict::ALL.iter().enumerate() {
        assert_eq!(*verdict as usize, place);
    }
}

#[test]
fn an_echo_exactly_at_the_limit_is_fresh_and_a_nanosecond_older_is_stale() {
    let now_ns = 1_234_567_890_123;
    let ages = [
        (0, Accepted),
        (FRESH_NS - 1, Accepted),
        (FRESH_NS, Accepted),
    ];
    for (age_ns, wanted) in ages
        .into_iter()
        .chain([(FRESH_NS + 1, Stale), (now_ns, Stale)])
    {
        let command = command(1, now_ns - age_ns);
        assert_eq!(
            judge(&mut admission(), now_ns, A, &command),
            wanted,
            "{age_ns} ns old"
        );
    }
}

#[test]
fn an_echo_from_the_future_is_stale() {
    let now_ns = 1_000 * MS;
    for echo_ns in [now_ns + 1, now_ns + FRESH_NS, u64::MAX] {
        let command = command(1, echo_ns);
        assert_eq!(
            judge(&mut admission(), now_ns, A, &command),
            Stale,
            "{echo_ns}"
        );
    }
    assert_eq!(
        judge(&mut admission(), now_ns, A, &command(1, now_ns)),
        Accepted
    );
}

#[test]
fn a_frame_may_be_ahead_by_the_forward_jump_and_no_more() {
    for head in [0, 1, 4_000] {
        let at_head = || {
            let mut admission = admission();
            if head > 0 {
                assert_eq!(arrive(&mut admission, MS, A, head), Accepted);
            }
            admission
        };
        assert_eq!(arrive(&mut at_head(), MS, A, head + JUMP), Accepted);
        assert_eq!(arrive(&mut at_head(), MS, A, head + JUMP + 1), Jump);
        assert_eq!(arrive(&mut at_head(), MS, A, u64::MAX), Jump);
    }
}

#[test]
fn the_window_remembers_4095_behind_its_head_and_calls_4096_behind_late() {
    let head = 4_999;
    for (behind, wanted) in [
        (1, Overtaken),
        (4_095, Overtaken),
        (4_096, Late),
        (4_097, Late),
    ] {
        let mut admission = admission();
        assert_eq!(arrive(&mut admission, MS, A, head), Accepted);
        assert_eq!(
            arrive(&mut admission, MS, B, head - behind),
            wanted,
            "{behind} behind"
        );
        let again = if wanted == Late { Late } else { Duplicate };
        assert_eq!(
            arrive(&mut admission, MS, B, head - behind),
            again,
            "{behind} behind, again"
        );
    }
}

#[test]
fn moving_the_head_forgets_exactly_the_numbers_that_fall_out_of_the_window() {
    // Steps of every kind: one, within a word, over words, over the whole ring.
    for step in [1, 2, 63, 64, 65, 1_000, 4_095, 4_096, 4_097, 5_000] {
        let mut admission = admission();
        let mut head = 0;
        let mut judged = BTreeSet::new();
        for _ in 0..12 {
            head += step;
            assert_eq!(arrive(&mut admission, MS, A, head), Accepted);
            judged.insert(head);
            for behind in [1, 62, 63, 64, 65, 127, 128, 2_048, 4_032, 4_094, 4_095] {
                let Some(sequence) = head.checked_sub(behind).filter(|sequence| *sequence > 0)
                else {
                    continue;
                };
                let wanted = if judged.insert(sequence) {
                    Overtaken
                } else {
                    Duplicate
                };
                let verdict = arrive(&mut admission, MS, B, sequence);
                assert_eq!(verdict, wanted, "step {step}, {behind} behind {head}");
            }
        }
    }
}

#[test]
fn sequence_zero_is_never_in_the_window() {
    let mut admission = admission();
    assert_eq!(arrive(&mut admission, MS, A, 0), Late);
    assert_eq!(arrive(&mut admission, MS, A, 1), Accepted);
    assert_eq!(arrive(&mut admission, MS, A, 0), Late);
}

#[test]
fn numbers_cannot_wrap() {
    let rules = Rules {
        forward_jump: u64::MAX,
        ..Rules::of(&LoopSettings::default())
    };
    let mut admission = Ear::new(rules);
    assert_eq!(arrive(&mut admission, MS, A, u64::MAX - 1), Accepted);
    assert_eq!(arrive(&mut admission, MS, A, u64::MAX), Accepted);
    assert_eq!(arrive(&mut admission, MS, A, u64::MAX), Duplicate);
    for sequence in [0, 1, 2, 65_536, u64::MAX - WINDOW] {
        assert_eq!(arrive(&mut admission, MS, A, sequence), Late, "{sequence}");
    }
    assert_eq!(
        arrive(&mut admission, MS, A, u64::MAX - WINDOW + 1),
        Overtaken
    );
    // Half a 16-bit space ahead is ahead, not behind.
    let mut admission = Ear::new(rules);
    for sequence in [1, 32_768, 65_536, 65_537, 131_073, 1 << 32, (1 << 32) + 1] {
        assert_eq!(
            arrive(&mut admission, MS, A, sequence),
            Accepted,
            "{sequence}"
        );
    }
}

// --------------------------------------------------------------------------------- nothing moves

#[test]
fn frames_that_are_not_authentic_move_nothing() {
    let now_ns = 3_000 * MS;
    let mut admission = admission();
    for sequence in [1, 2, 5, 4_000] {
        assert_eq!(arrive(&mut admission, now_ns, A, sequence), Accepted);
    }
    let before = memory(&admission);
    for sequence in [1, 3, 4_000, 4_001, 9_000, 9_001, u64::MAX] {
        let forged = seal_command(&command(sequence, now_ns), &[0x33; 32]);
        assert_eq!(
            admission.judge(now_ns, B, &forged, ENGAGEMENT),
            (Forged, None)
        );
        assert_eq!(
            admission.judge(now_ns, B, &forged[..90], ENGAGEMENT),
            (Malformed, None)
        );
    }
    // A huge number written over the header of an authentic frame.
    let mut altered = seal_command(&command(4_001, now_ns), &KEYS.command);
    altered[8..16].copy_from_slice(&(4_001 + JUMP - 1).to_le_bytes());
    assert_eq!(
        admission.judge(now_ns, B, &altered, ENGAGEMENT),
        (Forged, None)
    );
    assert_eq!(memory(&admission), before);
    assert_eq!(arrive(&mut admission, now_ns, B, 4_001), Accepted);
}

#[test]
fn a_jump_and_another_epoch_move_nothing() {
    let now_ns = 3_000 * MS;
    let mut admission = admission();
    assert_eq!(arrive(&mut admission, now_ns, A, 10), Accepted);
    let before = memory(&admission);
    assert_eq!(arrive(&mut admission, now_ns, B, 10 + JUMP + 1), Jump);
    let other_epoch = Command {
        epoch: 0,
        ..command(11, now_ns)
    };
    assert_eq!(judge(&mut admission, now_ns, B, &other_epoch), WrongEpoch);
    assert_eq!(memory(&admission), before);
    assert_eq!(arrive(&mut admission, now_ns, B, 11), Accepted);
}

#[test]
fn a_refused_command_never_becomes_the_newest() {
    let now_ns = 3_000 * MS;
    let mut admission = admission();
    assert_eq!(arrive(&mut admission, now_ns, A, 10), Accepted);
    assert_eq!(judge(&mut admission, now_ns, A, &command(12, 0)), Stale);
    let dead = Command {
        engagement: ENGAGEMENT + 1,
        ..command(13, now_ns)
    };
    assert_eq!(judge(&mut admission, now_ns, A, &dead), WrongEngagement);
    assert_eq!(admission.newest_accepted(), 10);
    assert_eq!(arrive(&mut admission, now_ns, A, 11), Accepted);
    assert_eq!(admission.newest_accepted(), 11);
}

#[test]
fn every_judged_frame_is_counted_once_on_its_own_path() {
    let mut admission = admission();
    for _ in 0..1_000 {
        admission.judge(MS, B, &[], ENGAGEMENT);
    }
    assert_eq!(admission.counters()[B.index()][Malformed as usize], 1_000);
    assert_eq!(admission.counters()[A.index()], [0; VERDICTS]);
}

// ------------------------------------------------------------------------------------ silent paths

#[test]
fn a_path_is_silent_when_nothing_authentic_came_for_longer_than_the_latent_time() {
    let latent_ns = LoopSettings::default().latent_ns;
    let mut admission = admission();
    let heard_ns = 700 * MS;
    arrive(&mut admission, heard_ns, A, 1);
    assert_eq!(
        admission.silent_paths(heard_ns),
        [false, true],
        "B was never heard"
    );
    arrive(&mut admission, heard_ns, B, 1);
    assert_eq!(
        admission.silent_paths(heard_ns),
        [false, false],
        "a duplicate is a sign of life"
    );
    assert_eq!(admission.silent_paths(heard_ns + latent_ns), [false, false]);
    assert_eq!(
        admission.silent_paths(heard_ns + latent_ns + 1),
        [true, true]
    );
    arrive(&mut admission, heard_ns + latent_ns, A, 2);
    assert_eq!(
        admission.silent_paths(heard_ns + latent_ns + 1),
        [false, true]
    );
}

#[test]
fn forged_and_malformed_frames_do_not_keep_a_dead_path_alive() {
    let mut admission = admission();
    arrive(&mut admission, MS, A, 1);
    arrive(&mut admission, MS, B, 1);
    let mut forged = seal_command(&command(2, MS), &KEYS.command);
    forged[50] ^= 4;
    let mut now_ns = MS;
    while now_ns <= 600 * MS {
        admission.judge(now_ns, B, &forged, ENGAGEMENT);
        admission.judge(now_ns, B, b"noise", ENGAGEMENT);
        arrive(&mut admission, now_ns, A, 1 + now_ns / MS);
        now_ns += MS;
    }
    assert_eq!(admission.silent_paths(now_ns), [false, true]);
}

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
fn silence_of_any_length_forgets_nothing() {
    // "Take any" after a reset timer accepted 151 old frames as new.
    for silence_ms in [1, 50, 100, 2_000, 60_000, 3_600_000] {
        let mut admission = admission();
        for sequence in 1..=500 {
            assert_eq!(arrive(&mut admission, sequence * MS, A, sequence), Accepted);
        }
        let before = memory(&admission);
        let now_ns = (500 + silence_ms) * MS;
        for sequence in 1..=500 {
            assert_eq!(
                arrive(&mut admission, now_ns, B, sequence),
                Duplicate,
                "{silence_ms} ms"
            );
        }
        assert_eq!(memory(&admission), before);
        assert_eq!(
            arrive(&mut admission, now_ns, A, 501),
            Accepted,
            "and nothing is locked out"
        );
    }
}

#[test]
fn a_joint_outage_of_any_length_ends_with_the_first_frame_that_gets_through() {
    // The console went on counting: how far ahead it can be grows with the silence.
    let frame_ns = LoopSettings::default().frame_interval_ns;
    for outage_s in [1, 9, 11, 60, 3_600] {
        let mut admission = admission();
        assert_eq!(arrive(&mut admission, MS, A, 1), Accepted);
        let missed = outage_s * 1_000 * MS / frame_ns;
        let now_ns = MS + missed * frame_ns;
        assert_eq!(
            arrive(&mut admission, now_ns, B, 1 + missed),
            Accepted,
            "{outage_s} s"
        );
        assert_eq!(
            arrive(&mut admission, now_ns, B, 2 + missed + JUMP),
            Jump,
            "{outage_s} s"
        );
    }
}

#[test]
fn what_is_refused_in_a_long_silence_does_not_shorten_it() {
    let frame_ns = LoopSettings::default().frame_interval_ns;
    let mut admission = admission();
    assert_eq!(arrive(&mut admission, MS, A, 1), Accepted);
    let now_ns = MS + 10_000 * frame_ns;
    assert_eq!(arrive(&mut admission, now_ns, A, 1), Duplicate);
    let old_epoch = Command {
        epoch: 0,
        ..command(2, now_ns)
    };
    assert_eq!(judge(&mut admission, now_ns, A, &old_epoch), WrongEpoch);
    assert_eq!(
        arrive(&mut admission, now_ns, A, 1 + 10_000 + JUMP + 1),
        Jump
    );
    assert_eq!(
        arrive(&mut admission, now_ns, A, 1 + 10_000 + JUMP),
        Accepted
    );
}

#[test]
fn after_a_joint_outage_old_copies_on_the_slow_path_are_duplicates_or_stale() {
    let mut admission = admission();
    for sequence in 1..=500 {
        assert_eq!(arrive(&mut admission, sequence * MS, A, sequence), Accepted);
    }
    // Commands 501 to 600 were lost on the fast path, and sit in a queue of the slow one.
    let now_ns = 2_000 * MS;
    for sequence in 400..=600 {
        let verdict = judge(&mut admission, now_ns, B, &command(sequence, sequence * MS));
        assert_eq!(
            verdict,
            if sequence <= 500 { Duplicate } else { Stale },
            "{sequence}"
        );
    }
    assert_eq!(admission.newest_accepted(), 500);
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

#[test]
fn a_console_that_restarts_is_heard_in_a_new_epoch_only() {
    let now_ns = 5_000 * MS;
    let mut admission = admission();
    for sequence in 1..=4_500 {
        assert_eq!(arrive(&mut admission, now_ns, A, sequence), Accepted);
    }
    // Without a new epoch its numbers are old ones.
    assert_eq!(arrive(&mut admission, now_ns, A, 1), Late);
    assert_eq!(arrive(&mut admission, now_ns, A, 500), Duplicate);
    let restarted = Command {
        epoch: 2,
        ..command(1, now_ns)
    };
    assert_eq!(judge(&mut admission, now_ns, A, &restarted), WrongEpoch);
    assert_eq!(arrive(&mut admission, now_ns, B, 4_501), Accepted);
}

// --------------------------------------------------------------------------------------- attackers

#[test]
fn a_replay_of_a_whole_recording_accepts_nothing() {
    let mut admission = admission();
    let recording: Vec<_> = (1..=6_000)
        .map(|number| seal_command(&command(number, number * MS), &KEYS.command))
        .collect();
    for (number, bytes) in (1..).zip(&recording) {
        assert_eq!(
            admission.judge(number * MS, A, bytes, ENGAGEMENT).0,
            Accepted
        );
    }
    let before = memory(&admission);
    for (path, now_ms) in [(A, 6_000), (B, 6_001), (A, 60_000)] {
        for bytes in &recording {
            let (verdict, command) = admission.judge(now_ms * MS, path, bytes, ENGAGEMENT);
            assert!(matches!(verdict, Duplicate | Late), "{}", verdict.name());
            assert_eq!(command, None);
        }
    }
    assert_eq!(memory(&admission), before);
    assert_eq!(arrive(&mut admission, 60_001 * MS, B, 6_001), Accepted);
}

#[test]
fn frames_that_were_held_back_and_are_played_later_are_stale() {
    let mut admission = admission();
    assert_eq!(arrive(&mut admission, MS, A, 1), Accepted);
    let held = seal_command(&command(2, MS), &KEYS.command);
    let (verdict, _) = admission.judge(MS + FRESH_NS + 1, A, &held, ENGAGEMENT);
    assert_eq!(verdict, Stale);
}

#[test]
fn the_same_corruption_on_both_paths_is_forged_twice_and_nobody_votes() {
    let mut admission = admission();
    let mut bytes = seal_command(&command(1, MS), &KEYS.command);
    bytes[40] ^= 0x10;
    for path in PathId::ALL {
        assert_eq!(
            admission.judge(MS, path, &bytes, ENGAGEMENT),
            (Forged, None)
        );
    }
    assert_eq!(
        arrive(&mut admission, MS, B, 1),
        Accepted,
        "the sound frame is still new"
    );
}

#[test]
fn rules_state_what_the_settings_state() {
    let settings = LoopSettings {
        frames_per_tick: 9,
        forward_jump: 77,
        freshness_ns: 123,
        latent_ns: 456,
        ..LoopSettings::default()
    };
    let rules = Rules {
        forward_jump: 77,
        frame_interval_ns: settings.frame_interval_ns,
        freshness_ns: 123,
        latent_ns: 456,
        frames_per_tick: 9,
    };
    assert_eq!(Rules::of(&settings), rules);
}

#[test]
fn the_digest_tells_every_state_that_judges_differently() {
    let arrived = |sequences: &[u64]| {
        let mut admission = admission();
        for sequence in sequences {
            arrive(&mut admission, MS, A, *sequence);
        }
        digest(&admission)
    };
    assert_eq!(arrived(&[1, 2, 3]), arrived(&[1, 2, 3]));
    assert_ne!(
        arrived(&[1, 3]),
        arrived(&[2, 3]),
        "another number was seen"
    );
    assert_ne!(arrived(&[3]), arrived(&[4]), "another head");
    assert_ne!(arrived(&[3]), arrived(&[3, 3]), "another count");
    let stale = |first: u64| {
        let mut admission = admission();
        judge(&mut admission, 600 * MS, A, &command(first, 600 * MS));
        judge(&mut admission, 600 * MS, A, &command(3, 0));
        digest(&admission)
    };
    assert_ne!(stale(1), stale(2), "another newest command");
}

#[test]
fn frames_of_another_epoch_do_not_keep_a_dead_path_alive() {
    let mut admission = admission();
    let now_ns = LoopSettings::default().latent_ns + 1;
    let other = Command {
        epoch: 2,
        ..command(1, now_ns)
    };
    assert_eq!(judge(&mut admission, now_ns, A, &other), WrongEpoch);
    assert_eq!(admission.silent_paths(now_ns), [true, true]);
}
