//! What may come in at all: garbage, sealed or not, and consoles that have gone mad.

mod common;

use common::{
    CONSOLE_START, Dice, Handshake, KEYS, MS, Network, World, arms, at_home, bits, kinds, surgeon,
};
use control_loop::admission::Verdict;
use control_loop::frame::{Command, HandCommand, seal_command};
use control_loop::{DATAGRAM_MAX, LoopSettings, PathId, PresharedKey, RobotLoop, State};
use nalgebra::{Quaternion, Translation3, UnitQuaternion};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use robot_model::{MAX_ARMS, Pose};

use State::{Faulted, Following, Idle};

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(1),
        ..ProptestConfig::with_cases(cases)
    }
}

// ------------------------------------------------------------------------------------- garbage

/// Any number that 64 bits can be: subnormal, infinite and none included.
fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![-2.0..2.0, any::<u64>().prop_map(f64::from_bits)]
}

fn any_command() -> impl Strategy<Value = Command> {
    let hand = (
        prop::array::uniform8(any_number()),
        any::<u8>(),
        0_u32..4,
        0_u8..6,
    )
        .prop_map(|(parts, any_arm, grip, arm)| {
            let [x, y, z, qx, qy, qz, qw, jaw_rad] = parts;
            let turn = match UnitQuaternion::try_new(Quaternion::new(qw, qx, qy, qz), 1e-6) {
                Some(turn) if parts.iter().all(|part| part.is_finite()) => turn,
                _ => UnitQuaternion::new_unchecked(Quaternion::new(qw, qx, qy, qz)),
            };
            HandCommand {
                arm: if arm < 5 { arm } else { any_arm },
                grip,
                motion: Pose::from_parts(Translation3::new(x, y, z), turn),
                jaw_rad,
            }
        });
    let hands = prop::array::uniform2(prop::option::weighted(0.9, hand));
    let numbers = (0_u32..3, 0_u64..8_000, 0_u64..700, 0_u32..3, 0_u32..4);
    let flags = (any::<bool>(), prop::bool::weighted(0.02));
    (numbers, flags, hands).prop_map(
        |((epoch, sequence, echo_ms, engagement, clutch), (engaged, stop), hands)| Command {
            epoch: epoch.max(1),
            sequence,
            echo_ns: echo_ms * MS,
            engagement,
            clutch,
            engaged,
            stop,
            hands,
        },
    )
}

#[derive(Clone, Debug)]
enum Event {
    Bytes(PathId, Vec<u8>),
    Command(PathId, Box<Command>),
    Ticks(u64),
    Sensed(usize, usize, f64),
}

fn any_event() -> impl Strategy<Value = Event> {
    let path = || prop_oneof![Just(PathId::A), Just(PathId::B)];
    let bytes = prop::collection::vec(any::<u8>(), 0..DATAGRAM_MAX + 50);
    prop_oneof![
        2 => (path(), bytes).prop_map(|(path, bytes)| Event::Bytes(path, bytes)),
        6 => (path(), any_command())
            .prop_map(|(path, command)| Event::Command(path, Box::new(command))),
        4 => (1_u64..60).prop_map(Event::Ticks),
        1 => (0..MAX_ARMS, 0_usize..7, any_number())
            .prop_map(|(arm, joint, value)| Event::Sensed(arm, joint, value)),
    ]
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn garbage_sealed_or_not_panics_nowhere_and_moves_no_joint_out_of_its_limits(
        events in prop::collection::vec(any_event(), 1..60)
    ) {
        let arms = arms();
        let mut robot = Handshake::of(&arms, &LoopSettings::default()).robot;
        let mut sensed = at_home(&arms);
        let mut now_ms = 0;
        for event in events {
            match event {
                Event::Bytes(path, bytes) => {
                    let verdict = robot.receive(now_ms * MS, path, &bytes);
                    prop_assert!(matches!(
                        verdict,
                        Verdict::Malformed | Verdict::Forged | Verdict::WrongEpoch
                    ));
                }
                Event::Command(path, command) => {
                    robot.receive(now_ms * MS, path, &seal_command(&command, &KEYS.command));
                }
                Event::Sensed(arm, joint, value) => sensed.joints[arm][joint] = value,
                Event::Ticks(ticks) => {
                    for _ in 0..ticks {
                        now_ms += 1;
                        let output = robot.tick(now_ms * MS, &sensed);
                        if output.state != Faulted {
                            sensed.joints = output.set_points;
                        }
                        for (joints, arm) in output.set_points.iter().zip(&arms) {
                            for (joint, limits) in joints.iter().zip(&arm.limits).take(arm.joint_count) {
                                prop_assert!((limits.lower..=limits.upper).contains(joint));
                            }
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn bytes_of_anyone_else_never_wake_the_robot(
        datagrams in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..DATAGRAM_MAX), 1..40)
    ) {
        let arms = arms();
        let mut robot = Handshake::of(&arms, &LoopSettings::default()).robot;
        let home = at_home(&arms);
        for (ms, bytes) in (0..).zip(datagrams) {
            robot.receive(ms * MS, PathId::B, &bytes);
            let output = robot.tick(ms * MS, &home);
            prop_assert_eq!(output.state, Idle);
            prop_assert_eq!(bits(&output.set_points), bits(&home.joints));
        }
    }
}

/// A console gone mad: sealed commands with numbers that wander, jump and fall back, and echoes of any age.
/// A number is sealed once, as in every console: what comes again with it are the same bytes.
fn any_schedule() -> impl Strategy<Value = Vec<(u64, PathId, Command)>> {
    let step = prop_oneof![30 => 0_u64..4, 3 => 0_u64..40, 1 => 4_000_u64..6_000];
    let frame = (
        any_command(),
        step,
        0_u64..700,
        0_u64..12,
        prop::bool::weighted(0.8),
    );
    prop::collection::vec(frame, 20..160).prop_map(|frames| {
        let mut sealed = std::collections::BTreeMap::new();
        let (mut sequence, mut at_ms) = (0, 1);
        let frames = frames
            .into_iter()
            .map(|(command, step, age_ms, later_ms, forward)| {
                at_ms += later_ms / 4;
                sequence = if forward {
                    sequence + step
                } else {
                    sequence - step.min(sequence)
                };
                let fresh = Command {
                    epoch: 1,
                    sequence,
                    // Some echoes come from the future, where no age can be told.
                    echo_ns: match age_ms {
                        ..650 => (at_ms - age_ms.min(at_ms)) * MS,
                        _ => (at_ms + 5) * MS,
                    },
                    engagement: command.engagement.min(1),
                    stop: false,
                    ..command
                };
                let command = *sealed.entry(sequence).or_insert(fresh);
                (at_ms, PathId::ALL[(later_ms % 2) as usize], command)
            });
        frames.collect()
    })
}

/// What the robot does with a schedule: its set-points and states, and the verdicts in order.
fn driven(schedule: &[(u64, PathId, Command)]) -> (Vec<common::Bits>, Vec<State>, Vec<Verdict>) {
    let arms = arms();
    let mut robot = Handshake::of(&arms, &LoopSettings::default()).robot;
    // The session begins before the schedule, by a command that is refused.
    let first = Command {
        epoch: 1,
        sequence: 0,
        echo_ns: 0,
        engagement: 0,
        clutch: 0,
        engaged: false,
        stop: false,
        hands: [None; 2],
    };
    robot.receive(0, PathId::A, &seal_command(&first, &KEYS.command));
    let mut sensed = at_home(&arms);
    let (mut motion, mut states, mut verdicts) = (Vec::new(), Vec::new(), Vec::new());
    let until_ms = schedule.last().map_or(0, |(at_ms, ..)| *at_ms) + 250;
    for ms in 1..until_ms {
        for (_, path, command) in schedule.iter().filter(|(at_ms, ..)| *at_ms == ms) {
            let bytes = seal_command(command, &KEYS.command);
            verdicts.push(robot.receive(ms * MS, *path, &bytes));
        }
        let output = robot.tick(ms * MS, &sensed);
        sensed.joints = output.set_points;
        motion.push(bits(&output.set_points));
        states.push(output.state);
    }
    (motion, states, verdicts)
}

proptest! {
    #![proptest_config(config(96))]

    #[test]
    fn whatever_is_sealed_a_run_without_its_refused_frames_moves_the_same(schedule in any_schedule()) {
        let (motion, states, verdicts) = driven(&schedule);
        let mut accepted: Vec<_> = schedule
            .iter()
            .zip(&verdicts)
            .filter(|(_, verdict)| **verdict == Verdict::Accepted)
            .map(|(frame, _)| *frame)
            .collect();
        // The end of the run stays where it was.
        let last = *schedule.last().expect("a frame");
        if accepted.last().is_none_or(|frame| frame.0 != last.0) {
            accepted.push((last.0, last.1, Command { sequence: 0, ..last.2 }));
        }
        let (without, states_without, _) = driven(&accepted);
        prop_assert_eq!(motion, without);
        prop_assert_eq!(states, states_without);
    }

    #[test]
    fn whatever_is_sealed_the_order_inside_a_tick_does_not_matter(
        schedule in any_schedule(), seed in any::<u64>()
    ) {
        let mut permuted = schedule.clone();
        let mut dice = Dice(seed);
        let mut from = 0;
        while from < permuted.len() {
            let at_ms = permuted[from].0;
            let to = from + permuted[from..].iter().take_while(|frame| frame.0 == at_ms).count();
            for last in (from + 1..to).rev() {
                permuted.swap(last, from + dice.below((last - from) as u64 + 1) as usize);
            }
            from = to;
        }
        let (motion, states, _) = driven(&schedule);
        let (motion_permuted, states_permuted, _) = driven(&permuted);
        prop_assert_eq!(motion, motion_permuted);
        prop_assert_eq!(states, states_permuted);
    }
}

#[test]
fn mad_schedules_are_judged_in_every_way() {
    // Else the two laws above are blind.
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::new(config(1));
    let mut seen = std::collections::BTreeMap::<&str, usize>::new();
    let mut follows = 0;
    for _ in 0..60 {
        let schedule = any_schedule().new_tree(&mut runner).expect("a schedule");
        let (_, states, verdicts) = driven(&schedule.current());
        for verdict in verdicts {
            *seen.entry(verdict.name()).or_default() += 1;
        }
        follows += usize::from(states.contains(&Following));
    }
    for verdict in [
        Verdict::Accepted,
        Verdict::Duplicate,
        Verdict::Overtaken,
        Verdict::Stale,
        Verdict::WrongEngagement,
        Verdict::Jump,
        Verdict::Late,
    ] {
        assert!(
            seen.get(verdict.name()).is_some_and(|count| *count > 10),
            "{seen:?}"
        );
    }
    assert!(follows > 20, "{follows} of 60 follow");
}

#[test]
fn a_console_with_another_key_is_never_heard_and_hears_nothing() {
    let mut world = World::new(Network::good());
    let psk = PresharedKey([0x77; 32]);
    world.console =
        control_loop::Console::new(&world.settings, &psk, CONSOLE_START, &kinds(&world.arms))
            .expect("four arms");
    world.run(600, surgeon);
    assert!(world.sent.is_empty(), "it is never welcome");
    assert_eq!(world.course(), [Idle]);
    assert!(world.verdicts.len() >= 10, "it greets");
    assert_eq!(world.count(Verdict::Forged), world.verdicts.len());
}
