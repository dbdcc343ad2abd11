//! Why each rule is there.

use std::cell::Cell;

/// The rules that can be suspended, one at a time and in tests only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    // Reception and admission.
    Authentication,
    WorkBudget,
    NewestGreeting,
    ConsoleClock,
    ForwardJump,
    Order,
    Freshness,
    Engagement,
    PathNews,
    LatentLoss,
    // Interlock.
    FreshGesture,
    RestBeforeFollowing,
    CommandOfThisTick,
    EmergencyStop,
    StopLatch,
    FaultStops,
    FaultLatch,
    NewSession,
    HoldAfterSilence,
    PedalReleases,
    EngagementRises,
    // The watch.
    ClockFault,
    OverrunFault,
    DropoutFault,
    FrozenFault,
    TrackingFault,
    // Following.
    AnchorAtBeginning,
    GripAnchors,
    ReleasedArmStops,
    SlowResume,
    LeastDepth,
    JawPickup,
    // Shaper.
    AccelerationLimit,
    JerkLimit,
    StopInTime,
    StopInsidePositions,
    TipSpeedLimit,
}

std::thread_local! {
    static SUSPENDED: Cell<Option<Rule>> = const { Cell::new(None) };
}

pub(crate) fn is_suspended(rule: Rule) -> bool {
    SUSPENDED.get() == Some(rule)
}

/// What `work` says while a rule is suspended on this thread.
pub(crate) fn without<T>(rule: Rule, work: impl FnOnce() -> T) -> T {
    struct Reinstated;
    impl Drop for Reinstated {
        fn drop(&mut self) {
            SUSPENDED.set(None);
        }
    }
    let _reinstated = Reinstated;
    SUSPENDED.set(Some(rule));
    work()
}

/// The two ends in a world of scripted paths, from the integration tests.
#[path = "../tests/common/mod.rs"]
mod common;

mod tests {
    use nalgebra::UnitQuaternion;
    use robot_model::Pose;

    use super::common::{
        CONSOLE_START, Disturbance, Handshake, KEYS, MS, Network, PSK, World, arms, at_home,
        hands_at, hasty, kinds, moving, surgeon, surgeon_again, with_pedal,
    };
    use super::{Rule, without};
    use crate::frame::{Command, seal_command, seal_hello};
    use crate::{
        Console, ConsoleStart, HandInput, LoopSettings, PathHealth, PathId, RobotLoop, State,
        Verdict,
    };

    /// What went wrong in a schedule; nothing, if nothing did.
    type Harm = Option<String>;

    /// The schedule does no harm to the loop, and does without the rule.
    fn needed(rule: Rule, schedule: impl Fn() -> Harm) {
        assert_eq!(schedule(), None, "{rule:?} is in force");
        let harm = without(rule, &schedule);
        assert!(harm.is_some(), "without {rule:?} nothing goes wrong either");
    }

    fn harm(is_harm: bool, words: &str) -> Harm {
        is_harm.then(|| words.to_string())
    }

    fn with_extra(extra: Vec<(u64, PathId, Vec<u8>)>) -> Disturbance {
        Disturbance {
            extra,
            ..Disturbance::default()
        }
    }

    fn ran(
        network: Network,
        disturbance: Disturbance,
        until_ms: u64,
        surgeon: impl Fn(u64) -> HandInput,
    ) -> World {
        let mut world = World::with(network, LoopSettings::default(), disturbance);
        world.run(until_ms, surgeon);
        world
    }

    /// Greatest true age of an applied command, ms.
    fn oldest_applied_ms(world: &World) -> u64 {
        let ages = world.outputs.iter().enumerate().filter_map(|(ms, output)| {
            let applied = output.applied?;
            let mut sent = world.sent.iter();
            let (sent_ms, _) = sent.find(|(_, sent)| sent.command.sequence == applied.sequence)?;
            Some(ms as u64 - sent_ms)
        });
        ages.max().unwrap_or(0)
    }

    /// Commands as a console would seal them that has lost its mind, sent on path A from a time on.
    fn careless(
        plain: &World,
        from_ms: u64,
        change: impl Fn(u64, &Command) -> Option<Command>,
    ) -> Vec<(u64, PathId, Vec<u8>)> {
        let sent = plain.sent.iter().filter(|(ms, _)| *ms >= from_ms);
        sent.filter_map(|(ms, sent)| {
            let command = change(*ms, &sent.command)?;
            let bytes = seal_command(&command, &KEYS.command).to_vec();
            Some((ms + 20, PathId::A, bytes))
        })
        .collect()
    }

    // -------------------------------------------------------------- reception and admission

    #[test]
    fn without_authentication_an_attacker_moves_the_arm() {
        needed(Rule::Authentication, || {
            let plain = ran(Network::good(), Disturbance::default(), 900, surgeon);
            // On its way a bit of the left hand's place is flipped: 16.8 mm.
            let flipped = plain.sent.iter().filter(|(ms, _)| (400..500).contains(ms));
            let flipped = flipped.map(|(ms, sent)| {
                let mut bytes = sent.bytes.to_vec();
                bytes[36 + 8 + 3] ^= 1;
                (ms + 20, PathId::A, bytes)
            });
            let attacked = ran(Network::good(), with_extra(flipped.collect()), 900, surgeon);
            harm(
                attacked.motion() != plain.motion(),
                "the arm moved as the attacker wished",
            )
        });
    }

    #[test]
    fn without_a_work_budget_a_flood_takes_all_the_time_of_a_tick() {
        needed(Rule::WorkBudget, || {
            let mut world = ran(Network::good(), Disturbance::default(), 300, surgeon);
            let mut forged = world.sent[100].1.bytes;
            forged[60] ^= 1;
            let verdicts = (0..1_000).map(|_| world.robot.receive(300 * MS, PathId::B, &forged));
            let opened = verdicts
                .filter(|verdict| *verdict == Verdict::Forged)
                .count();
            let most = LoopSettings::default().frames_per_tick as usize;
            harm(opened > most, "a thousand frames were opened in one tick")
        });
    }

    #[test]
    fn without_preferring_the_newest_greeting_a_recorded_one_keeps_the_console_out() {
        needed(Rule::NewestGreeting, || {
            let (arms, settings) = (super::common::arms(), LoopSettings::default());
            let Handshake { hello, .. } = Handshake::of(&arms, &settings);
            let restarted = ConsoleStart {
                stamp: CONSOLE_START.stamp + 65_536,
                nonce: [0x66; 16],
            };
            let mut world = World::with(Network::good(), settings, Disturbance::default());
            world.console = Console::new(&settings, &PSK, restarted, &kinds(&arms)).expect("arms");
            world.robot = crate::Robot::new(&arms, &settings, &PSK, super::common::ROBOT_START)
                .expect("arms");
            // The attacker repeats the greeting of an earlier start.
            world.disturbance.extra = (0..1_000)
                .map(|ms| (ms, PathId::B, hello.clone()))
                .collect();
            world.run(1_000, |ms| with_pedal((300..400).contains(&ms), moving(ms)));
            harm(
                world.state() != State::Following,
                "the console never got a session",
            )
        });
    }

    #[test]
    fn without_a_bound_on_jumps_one_mad_number_deafens_the_robot() {
        needed(Rule::ForwardJump, || {
            let plain = ran(Network::good(), Disturbance::default(), 600, surgeon);
            let mad = careless(&plain, 598, |_, command| {
                Some(Command {
                    sequence: 1 << 40,
                    ..*command
                })
            });
            let world = ran(Network::good(), with_extra(mad), 1_500, surgeon);
            harm(
                world.state() != State::Following,
                "no later command is ever accepted",
            )
        });
    }

    #[test]
    fn without_order_a_late_command_takes_the_arm_back() {
        needed(Rule::Order, || {
            let mut network = Network::good();
            network.up[1].delays_ms = vec![None];
            network.up[0].delays_ms = (0..500)
                .map(|frame| {
                    Some(if frame > 250 && frame % 3 == 0 {
                        45
                    } else {
                        20
                    })
                })
                .collect();
            let world = ran(network, Disturbance::default(), 900, surgeon);
            let applied = world.outputs.iter().filter_map(|output| output.applied);
            let sequences: Vec<u64> = applied.map(|applied| applied.sequence).collect();
            let rises = sequences.is_sorted_by(|a, b| a < b);
            harm(!rises, "an older command was applied after a newer one")
        });
    }

    #[test]
    fn without_an_age_limit_a_path_that_slows_down_brings_commands_from_another_time() {
        needed(Rule::Freshness, || {
            // Each command is a millisecond later than the one before: no gap ever tells.
            let mut network = Network::good();
            let delays_ms: Vec<_> = (0..2_000).map(|frame| Some(20 + frame.min(800))).collect();
            for leg in &mut network.up {
                leg.delays_ms.clone_from(&delays_ms);
            }
            let world = ran(network, Disturbance::default(), 2_400, surgeon);
            let age_ms = oldest_applied_ms(&world);
            harm(
                age_ms > 500,
                "a command older than half a second was applied",
            )
        });
    }

    /// A gesture is made in an outage before anybody knows of the hold, and arrives after it.
    fn follows_after_a_gesture_that_did_not_know_of_the_hold() -> Harm {
        let network = Network::good().queue_up(600..900, 2);
        let world = ran(network, Disturbance::default(), 1_400, surgeon_again(610));
        let held_ms = world.enters(State::Holding, 0);
        let follows = world.states()[held_ms as usize..].contains(&State::Following);
        harm(follows, "motion resumed by a gesture from before the hold")
    }

    #[test]
    fn without_engagement_numbers_a_queued_gesture_resumes_motion() {
        needed(
            Rule::Engagement,
            follows_after_a_gesture_that_did_not_know_of_the_hold,
        );
    }

    #[test]
    fn without_raising_the_engagement_number_a_queued_gesture_resumes_motion() {
        needed(
            Rule::EngagementRises,
            follows_after_a_gesture_that_did_not_know_of_the_hold,
        );
    }

    #[test]
    fn without_asking_for_news_a_replay_hides_that_a_path_is_dead() {
        needed(Rule::PathNews, || {
            let mut network = Network::good();
            network.up[1].outages_ms.push(600..9_999);
            let plain = ran(network.clone(), Disturbance::default(), 600, surgeon);
            let recorded = plain.sent.last().expect("many were sent").1.bytes.to_vec();
            let replay = (620..1_100).map(|ms| (ms, PathId::B, recorded.clone()));
            let world = ran(network, with_extra(replay.collect()), 1_140, surgeon);
            let reported = world.outputs.last().expect("it ran").paths[1];
            harm(
                reported != PathHealth::Silent,
                "half a second after its death path B is fine",
            )
        });
    }

    #[test]
    fn without_minding_its_clock_a_console_that_is_set_back_falls_silent() {
        needed(Rule::ConsoleClock, || {
            let mut console = Handshake::of(&arms(), &LoopSettings::default()).console;
            let sends = |console: &mut Console, ms: u64| {
                console
                    .tick(ms * MS, &hands_at(0.0, 0.0, 0.0))
                    .command
                    .is_some()
            };
            let before = (10_000..10_100)
                .filter(|ms| sends(&mut console, *ms))
                .count();
            // Ten seconds back.
            let after = (0..100).filter(|ms| sends(&mut console, *ms)).count();
            harm(after < before, "no command for ten seconds")
        });
    }

    #[test]
    fn without_latent_error_detection_nobody_learns_that_a_path_is_hardly_there() {
        needed(Rule::LatentLoss, || {
            let mut network = Network::good();
            network.up[1].delays_ms = vec![Some(35), None, None, None];
            let world = ran(network, Disturbance::default(), 3_000, surgeon);
            let reported = world.outputs.last().expect("it ran").paths[1];
            harm(
                reported == PathHealth::Working,
                "a path that loses three of four is fine",
            )
        });
    }

    // ---------------------------------------------------------------------------- interlock

    #[test]
    fn without_a_fresh_gesture_a_console_that_echoes_every_number_resumes_by_itself() {
        needed(Rule::FreshGesture, || {
            let network = Network::good().cut(600..800);
            let plain = ran(network.clone(), Disturbance::default(), 1_500, surgeon);
            let echoing = careless(&plain, 800, |_, command| {
                Some(Command {
                    engagement: 1,
                    ..*command
                })
            });
            let world = ran(network, with_extra(echoing), 1_500, surgeon);
            let held_ms = world.enters(State::Holding, 0);
            let follows = world.states()[held_ms as usize..].contains(&State::Following);
            harm(follows, "motion resumed without a gesture")
        });
    }

    #[test]
    fn without_rest_first_following_begins_in_full_motion() {
        needed(Rule::RestBeforeFollowing, || {
            let network = Network::good();
            let tap = |ms: u64| with_pedal((60..160).contains(&ms) || ms == 900, hasty(ms));
            let world = ran(network, Disturbance::default(), 1_200, tap);
            let begins_ms = world.enters(State::Following, 900);
            let speed_m_s = world.fastest_tip_m_s(begins_ms..begins_ms + 20);
            harm(
                speed_m_s > 0.02,
                "the first motion after a gesture was not slow",
            )
        });
    }

    #[test]
    fn without_a_command_of_the_tick_following_begins_by_one_that_grew_old() {
        needed(Rule::CommandOfThisTick, || {
            // The pedal is tapped in full motion, and the gesture's only command is 470 ms old when it
            // comes: the arms need longer to come to rest than it stays fresh.
            let mut network = Network::good();
            let frames = (900 - super::common::FIRST_SENT_MS) / 2;
            let mut delays_ms: Vec<_> = (0..2_000).map(|_| Some(20)).collect();
            for (frame, delay_ms) in delays_ms.iter_mut().enumerate() {
                let frame = frame as u64;
                if frame == frames + 2 {
                    *delay_ms = Some(20);
                } else if frame > frames + 2 {
                    *delay_ms = None;
                }
            }
            for leg in &mut network.up {
                leg.delays_ms.clone_from(&delays_ms);
            }
            let tap = |ms: u64| {
                with_pedal(
                    (60..160).contains(&ms) || (900..903).contains(&ms),
                    hasty(ms),
                )
            };
            let world = ran(network, Disturbance::default(), 1_300, tap);
            let follows = world.states()[925..].contains(&State::Following);
            harm(follows, "following began although nothing came any more")
        });
    }

    #[test]
    fn without_the_emergency_stop_pressing_it_changes_nothing() {
        needed(Rule::EmergencyStop, || {
            let pressed = |ms: u64| HandInput {
                stop_pressed: ms >= 900,
                ..hasty(ms)
            };
            let world = ran(Network::good(), Disturbance::default(), 1_500, pressed);
            harm(world.state() != State::Stopped, "the robot did not stop")
        });
    }

    #[test]
    fn without_latching_the_stop_another_console_moves_the_robot_on() {
        needed(Rule::StopLatch, || {
            let pressed = |ms: u64| HandInput {
                stop_pressed: ms >= 900,
                ..surgeon(ms)
            };
            let mut world = ran(Network::good(), Disturbance::default(), 1_200, pressed);
            take_over(&mut world, 1_200);
            world.run(2_400, |ms| {
                with_pedal((1_700..1_800).contains(&ms), moving(ms))
            });
            harm(
                world.state() != State::Stopped,
                "nobody at the bedside was asked",
            )
        });
    }

    /// Another console takes the place of the first.
    fn take_over(world: &mut World, now_ms: u64) {
        assert_eq!(world.now_ms, now_ms);
        let start = ConsoleStart {
            stamp: CONSOLE_START.stamp + 65_536,
            nonce: [0x66; 16],
        };
        let settings = world.settings;
        world.console =
            Console::new(&settings, &PSK, start, &kinds(&world.arms)).expect("four arms");
    }

    fn off_by_5_mm(ms: u64, sensed: &mut crate::Sensed) {
        if (900..910).contains(&ms) {
            sensed.joints[0][2] += 0.005;
        }
    }

    #[test]
    fn without_a_stop_on_faults_a_robot_that_is_elsewhere_moves_on() {
        needed(Rule::FaultStops, || {
            let disturbance = Disturbance {
                sensors: Some(off_by_5_mm),
                ..Disturbance::default()
            };
            let world = ran(Network::good(), disturbance, 1_500, hasty);
            harm(world.moved(1_200..1_500), "it moved on")
        });
    }

    #[test]
    fn without_latching_faults_a_gesture_moves_a_robot_that_nobody_looked_at() {
        needed(Rule::FaultLatch, || {
            let disturbance = Disturbance {
                sensors: Some(off_by_5_mm),
                ..Disturbance::default()
            };
            let world = ran(Network::good(), disturbance, 1_800, surgeon_again(1_200));
            harm(world.state() != State::Faulted, "it forgot its fault")
        });
    }

    #[test]
    fn without_ending_at_a_new_session_the_arms_of_the_last_one_stop_dead() {
        needed(Rule::NewSession, || {
            let mut world = ran(Network::good(), Disturbance::default(), 900, hasty);
            let mut speeds = vec![world.fastest_tip_m_s(899..900)];
            // Another console has greeted meanwhile; its first command comes from so far away that it is
            // stale on arrival.
            let (settings, arms) = (world.settings, world.arms.clone());
            let start = ConsoleStart {
                stamp: CONSOLE_START.stamp + 65_536,
                nonce: [0x66; 16],
            };
            let mut other = Console::new(&settings, &PSK, start, &kinds(&arms)).expect("four arms");
            let hello = other
                .tick(0, &hands_at(0.0, 0.0, 0.0))
                .hello
                .expect("it greets");
            world
                .disturbance
                .extra
                .push((900, PathId::A, hello.as_ref().to_vec()));
            world.run(901, hasty);
            let welcome = world.outputs[900].welcome.expect("it answers");
            other.receive(0, PathId::A, &welcome);
            let first = other.tick(0, &hands_at(0.0, 0.0, 0.0)).paths[0].expect("due");
            world
                .disturbance
                .extra
                .push((1_450, PathId::A, first.as_ref().to_vec()));
            world.run(1_460, hasty);
            speeds.extend((1_445..1_460).map(|ms| world.fastest_tip_m_s(ms..ms + 1)));
            // 0.1 m at 2 m/s² stop 2 mm/s slower a tick.
            let steps = speeds[1..].windows(2).map(|pair| pair[0] - pair[1]);
            harm(
                steps.fold(0.0, f64::max) > 0.005,
                "an arm stopped in one tick",
            )
        });
    }

    #[test]
    fn without_a_hold_after_silence_the_arm_goes_on_alone() {
        needed(Rule::HoldAfterSilence, || {
            // A hand that goes far away at once, and then the link is cut.
            let far = |ms: u64| {
                let x_m = if ms < 700 { 0.0 } else { 0.3 };
                with_pedal((60..160).contains(&ms), hands_at(x_m, 0.0, 0.0))
            };
            let network = Network::good().cut(710..9_999);
            let world = ran(network, Disturbance::default(), 1_800, far);
            harm(
                world.moved(730 + 300..1_800),
                "it moved on after coast and stop",
            )
        });
    }

    #[test]
    fn without_heeding_the_pedal_a_console_that_keeps_talking_moves_the_arm() {
        needed(Rule::PedalReleases, || {
            let pedal = |ms: u64| with_pedal((60..160).contains(&ms) || ms >= 900, hasty(ms));
            let plain = ran(Network::good(), Disturbance::default(), 1_400, pedal);
            let held = plain.sent.iter().rev().find(|(ms, _)| *ms < 900);
            let hands = held.expect("it followed").1.command.hands;
            // The pedal is down, and the frames go on telling where the hands are.
            let talking = careless(&plain, 900, |ms, command| {
                let mut hands = hands;
                for hand in hands.iter_mut().flatten() {
                    hand.motion.translation.vector.x = 1e-4 * (ms % 300) as f64;
                }
                Some(Command { hands, ..*command })
            });
            let world = ran(Network::good(), with_extra(talking), 1_400, pedal);
            harm(
                world.moved(1_200..1_400),
                "the arm moved with the pedal down",
            )
        });
    }

    #[test]
    fn without_anchoring_at_the_beginning_a_console_that_keeps_its_grip_catches_up_after_a_hold() {
        needed(Rule::AnchorAtBeginning, || {
            let network = Network::good().cut(600..800);
            let far_again = |ms: u64| {
                let x_m = if ms < 620 { 0.0 } else { 0.2 };
                let pressed = (60..160).contains(&ms) || (900..1_000).contains(&ms);
                with_pedal(pressed, hands_at(x_m, 0.0, 0.0))
            };
            let plain = ran(network.clone(), Disturbance::default(), 1_800, far_again);
            let keeping = careless(&plain, 1_000, |_, command| {
                let mut command = *command;
                for (number, hand) in (1..).zip(command.hands.iter_mut().flatten()) {
                    hand.grip = number;
                    hand.motion = Pose::translation(0.2, 0.0, 0.0);
                }
                Some(command)
            });
            let world = ran(network, with_extra(keeping), 1_800, far_again);
            let resumed_ms = world.enters(State::Following, 900);
            let speed_m_s = world.fastest_tip_m_s(resumed_ms..resumed_ms + 400);
            harm(speed_m_s > 0.02, "the arm ran after the hand")
        });
    }

    // ---------------------------------------------------------------------------- the watch

    #[test]
    fn without_a_fault_of_the_clock_silence_is_not_noticed_while_time_stands_still() {
        needed(Rule::ClockFault, || {
            let far = |ms: u64| {
                let x_m = if ms < 700 { 0.0 } else { 0.3 };
                with_pedal((60..160).contains(&ms), hands_at(x_m, 0.0, 0.0))
            };
            let disturbance = Disturbance {
                clock_back_ms: Some((715, 700)),
                ..Disturbance::default()
            };
            let network = Network::good().cut(700..9_999);
            let network = Network {
                up: network.up.map(|mut leg| {
                    leg.outages_ms.clear();
                    leg.outages_ms.push(703..9_999);
                    leg
                }),
                ..network
            };
            let world = ran(network, disturbance, 1_400, far);
            harm(
                world.moved(723 + 300..1_400),
                "it moved on after coast and stop",
            )
        });
    }

    #[test]
    fn without_a_fault_of_the_period_the_arms_go_on_after_a_stall_as_if_nothing_had_been() {
        needed(Rule::OverrunFault, || {
            let disturbance = Disturbance {
                stalled_ms: Some(900..960),
                ..Disturbance::default()
            };
            let world = ran(Network::good(), disturbance, 1_300, hasty);
            harm(world.state() == State::Following, "it follows on")
        });
    }

    #[test]
    fn without_a_fault_for_missing_readings_the_arm_moves_blind() {
        needed(Rule::DropoutFault, || {
            let disturbance = Disturbance {
                sensors: Some(|ms, sensed| {
                    if ms >= 900 {
                        sensed.joints[0][3] = f64::NAN;
                    }
                }),
                ..Disturbance::default()
            };
            let world = ran(Network::good(), disturbance, 1_300, hasty);
            harm(
                world.moved(1_200..1_300),
                "it moves without knowing where it is",
            )
        });
    }

    #[test]
    fn without_a_fault_for_frozen_readings_a_wrist_goes_astray_unseen() {
        needed(Rule::FrozenFault, || {
            // The roll moves the tip by nothing: the distance of the tip does not tell.
            let disturbance = Disturbance {
                sensors: Some(|ms, sensed| {
                    if ms >= 600 {
                        sensed.joints[0][3] = 0.25;
                    }
                }),
                ..Disturbance::default()
            };
            let turning = |ms: u64| {
                let mut input = hands_at(0.0, 0.0, 0.0);
                let angle_rad = 0.5 * libm::sin(3.0 * (ms as f64) * 1e-3);
                input.hands[0].pose.rotation =
                    UnitQuaternion::from_euler_angles(0.0, 0.0, angle_rad);
                with_pedal((60..160).contains(&ms), input)
            };
            let world = ran(Network::good(), disturbance, 1_600, turning);
            harm(
                world.moved(1_300..1_600),
                "it turns a wrist that it cannot see",
            )
        });
    }

    #[test]
    fn without_a_fault_of_tracking_a_tip_that_is_elsewhere_is_moved_on() {
        needed(Rule::TrackingFault, || {
            let disturbance = Disturbance {
                sensors: Some(|ms, sensed| {
                    if ms >= 900 {
                        sensed.joints[0][2] += 0.005;
                    }
                }),
                ..Disturbance::default()
            };
            let world = ran(Network::good(), disturbance, 1_300, hasty);
            harm(
                world.moved(1_200..1_300),
                "it moves 5 mm beside its set-point",
            )
        });
    }

    // ---------------------------------------------------------------------------- following

    /// The left hand takes the second arm, goes away, and comes back to the first.
    fn swapping(ms: u64) -> HandInput {
        let x_m = if ms < 300 { 0.0 } else { 0.1 };
        let mut input = hands_at(x_m, 0.0, 0.0);
        input.hands[0].arm = Some(if (500..1_100).contains(&ms) { 1 } else { 0 });
        input.hands[1].arm = None;
        with_pedal((60..160).contains(&ms), input)
    }

    #[test]
    fn without_anchoring_a_grip_an_arm_that_is_taken_again_runs_after_the_hand() {
        needed(Rule::GripAnchors, || {
            let world = ran(Network::good(), Disturbance::default(), 1_800, swapping);
            let tip = |ms: usize| {
                let joints = &world.outputs[ms].set_points[0];
                world.arms[0].tip_pose(joints).translation.vector
            };
            // The hand keeps still from 300 ms on.
            harm(
                tip(1_799).metric_distance(&tip(1_100)) > 1e-6,
                "the arm moved under a hand that kept still",
            )
        });
    }

    #[test]
    fn without_stopping_a_released_arm_goes_on_to_where_it_was_sent() {
        needed(Rule::ReleasedArmStops, || {
            let releasing = |ms: u64| {
                let x_m = if ms < 800 { 0.0 } else { 0.3 };
                let mut input = hands_at(x_m, 0.0, 0.0);
                input.hands[0].arm = (ms < 810).then_some(0);
                with_pedal((60..160).contains(&ms), input)
            };
            let world = ran(Network::good(), Disturbance::default(), 1_600, releasing);
            let first = |ms: usize| world.outputs[ms].set_points[0];
            harm(
                first(1_599) != first(1_040),
                "an arm that nobody holds moved on",
            )
        });
    }

    #[test]
    fn without_a_slow_start_the_arm_resumes_at_full_speed() {
        needed(Rule::SlowResume, || {
            let network = Network::good().cut(600..800);
            let again = |ms: u64| {
                let pressed = (60..160).contains(&ms) || (1_000..1_100).contains(&ms);
                with_pedal(pressed, hasty(ms))
            };
            let world = ran(network, Disturbance::default(), 1_700, again);
            let resumed_ms = world.enters(State::Following, 900);
            let speed_m_s = world.fastest_tip_m_s(resumed_ms..resumed_ms + 500);
            harm(
                speed_m_s > 0.02,
                "it moved faster than 20 mm/s after a hold",
            )
        });
    }

    #[test]
    fn without_a_least_depth_the_tip_is_drawn_into_the_abdominal_wall() {
        needed(Rule::LeastDepth, || {
            let drawing = |ms: u64| {
                let z_m = 1e-4 * ms.saturating_sub(300) as f64;
                with_pedal((60..160).contains(&ms), hands_at(0.0, 0.0, z_m.min(0.6)))
            };
            let world = ran(Network::good(), Disturbance::default(), 7_000, drawing);
            let depth_m = |output: &crate::TickOutput| {
                let tip = world.arms[0].tip_pose(&output.set_points[0]);
                tip.translation.vector.norm()
            };
            let nearest_m = world
                .outputs
                .iter()
                .map(depth_m)
                .fold(f64::INFINITY, f64::min);
            let least_m = LoopSettings::default().least_depth_m;
            harm(nearest_m < least_m - 1e-4, "the tip came too near")
        });
    }

    #[test]
    fn without_meeting_it_first_the_jaw_opens_when_a_hand_takes_the_arm() {
        needed(Rule::JawPickup, || {
            let wide = |ms: u64| {
                let mut input = hands_at(0.0, 0.0, 0.0);
                for hand in &mut input.hands {
                    hand.jaw_rad = 1.0;
                }
                with_pedal((60..160).contains(&ms), input)
            };
            let world = ran(Network::good(), Disturbance::default(), 900, wide);
            let jaw = |ms: usize| world.outputs[ms].set_points[0][6];
            harm(jaw(899) != jaw(0), "what the jaw held fell")
        });
    }

    /// The rule keeps the two starts of this file's greetings apart from each other.
    #[test]
    fn a_hello_is_sealed_with_a_key_of_its_own() {
        let hello = crate::frame::Hello {
            stamp: 1,
            console_nonce: [0; 16],
        };
        let arms = super::common::arms();
        let mut robot = Handshake::of(&arms, &LoopSettings::default()).robot;
        let under_another_key = seal_hello(&hello, &KEYS.command);
        let verdict = robot.receive(0, PathId::A, &under_another_key);
        assert_eq!(verdict, Verdict::Forged);
        robot.tick(0, &at_home(&arms));
    }
}
