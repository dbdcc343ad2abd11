//! Faults, copies, order, seeds and snapshots of the running network.

mod common;

use common::{
    MS, arrivals, delays_ms, fates, fault, jittery, ms, network, paths, probability, quiet_link,
    schedule,
};
use net_model::{
    DelayLaw, Direction, DuplicateLaw, FaultKind, FaultSchedule, LateRepeat, LinkModel, LossLaw,
    LossReason, Network, PacketFate, PacketFault, Path, Repeats, SendFate,
};
use proptest::prelude::*;
use sha2::{Digest, Sha256};

fn rough_link() -> LinkModel {
    LinkModel {
        jitter: DelayLaw::ShiftedExponential { mean_ms: ms(2.0) },
        loss: LossLaw::GilbertElliott {
            good_to_bad: probability(0.02),
            bad_to_good: probability(0.3),
            loss_good: probability(0.001),
            loss_bad: probability(0.8),
        },
        duplicates: DuplicateLaw {
            probability: probability(0.05),
            extra_delay_mean_ms: ms(5.0),
            repeats_max: Repeats::new(3).expect("in range"),
        },
        late_repeats: LateRepeat {
            probability: probability(0.02),
            delay_min_ms: ms(50.0),
            delay_max_ms: ms(400.0),
        },
        ..quiet_link()
    }
}

#[test]
fn an_outage_loses_exactly_what_is_sent_in_it() {
    let mut network = network(
        quiet_link(),
        schedule(vec![fault(10.0, 5.0, FaultKind::Outage)]),
        1,
    );
    let fates = fates(&mut network, 30);
    let lost: Vec<usize> = (0..30)
        .filter(|&packet| fates[packet] == SendFate::Lost(LossReason::Outage))
        .collect();
    assert_eq!(lost, [10, 11, 12, 13, 14], "the end is not part of it");
    assert_eq!(network.counters(0, Direction::Up).lost, 5);
    assert_eq!(network.counters(1, Direction::Up).sent, 0);
}

#[test]
fn a_clog_lets_everything_out_at_its_end_in_the_order_of_sending() {
    let clog = schedule(vec![fault(105.0, 20.0, FaultKind::Clog)]);
    let mut network = network(quiet_link(), clog, 1);
    fates(&mut network, 30);
    let arrivals = arrivals(&mut network);
    let burst: Vec<u64> = arrivals
        .iter()
        .filter(|arrival| arrival.0 == 125 * MS)
        .map(|arrival| arrival.1)
        .collect();
    assert_eq!(burst, (5..=25).collect::<Vec<u64>>());
    assert_eq!(arrivals.len(), 30, "nothing is lost");
}

#[test]
fn a_brown_out_rises_and_falls_and_keeps_the_order() {
    let kind = FaultKind::AddDelay {
        ms: ms(50.0),
        ramp_ms: ms(10.0),
    };
    let mut network = network(quiet_link(), schedule(vec![fault(100.0, 40.0, kind)]), 1);
    let delays = delays_ms(&fates(&mut network, 200));
    for (packet, delay) in [(99, 0.0), (100, 0.0), (105, 25.0), (110, 50.0), (125, 50.0)] {
        assert_eq!(delays[packet], delay, "packet {packet}");
    }
    // Falling by 5 ms a millisecond it would overtake itself: the queue empties one by one instead.
    assert_eq!(delays[135], 45.0);
    assert!(arrivals(&mut network).is_sorted_by_key(|arrival| arrival.1));
}

#[test]
fn after_a_route_step_back_later_packets_overtake_earlier_ones() {
    let kind = FaultKind::AddDelay {
        ms: ms(50.0),
        ramp_ms: ms(0.0),
    };
    let mut network = network(quiet_link(), schedule(vec![fault(10.0, 10.0, kind)]), 1);
    let delays = delays_ms(&fates(&mut network, 30));
    assert_eq!(
        (delays[9], delays[10], delays[19], delays[20]),
        (0.0, 50.0, 50.0, 0.0)
    );
    assert!(!arrivals(&mut network).is_sorted_by_key(|arrival| arrival.1));
}

#[test]
fn a_packet_fault_strikes_that_packet_of_that_link_only() {
    let strike = |number, fate| PacketFault {
        path: Path::A,
        direction: Direction::Up,
        number,
        fate,
    };
    let faults = FaultSchedule {
        faults: Vec::new(),
        packets: vec![
            strike(7, PacketFate::Duplicate { ms: ms(30.0) }),
            strike(3, PacketFate::Lose),
            strike(5, PacketFate::Delay { ms: ms(20.0) }),
        ],
        ..FaultSchedule::default()
    };
    let mut network = network(quiet_link(), faults, 1);
    let fates = fates(&mut network, 10);
    assert_eq!(fates[3], SendFate::Lost(LossReason::Fault));
    assert_eq!(fates[5].first_arrival_ns(), Some(125 * MS));
    assert_eq!(
        fates[6].first_arrival_ns(),
        Some(106 * MS),
        "it overtakes the delayed one"
    );
    assert_eq!(
        fates[7],
        SendFate::Scheduled {
            first_arrival_ns: 107 * MS,
            copies: 2
        }
    );
    let down = network.send(0, 0, Direction::Down, [0; 8]);
    assert_eq!(down.first_arrival_ns(), Some(100 * MS));
    assert!(arrivals(&mut network).contains(&(137 * MS, 7, 1)));
}

#[test]
fn copies_come_later_and_late_repeats_within_their_range() {
    let late = LateRepeat {
        probability: probability(1.0),
        delay_min_ms: ms(50.0),
        delay_max_ms: ms(60.0),
    };
    let mut network = network(
        LinkModel {
            late_repeats: late,
            ..quiet_link()
        },
        FaultSchedule::default(),
        3,
    );
    fates(&mut network, 200);
    let copies: Vec<(u64, u64, u32)> = arrivals(&mut network)
        .into_iter()
        .filter(|arrival| arrival.2 > 0)
        .collect();
    assert_eq!(copies.len(), 200);
    for (at_ns, packet, _) in copies {
        let after_ns = at_ns - (packet * MS + 100 * MS);
        assert!((50 * MS..=60 * MS).contains(&after_ns), "{after_ns}");
    }
}

#[test]
fn arrivals_come_in_the_order_of_time_and_then_of_sending() {
    let models = paths(quiet_link(), quiet_link());
    let mut network: Network<u32> =
        Network::new(&models, FaultSchedule::default(), 1).expect("it is valid");
    for (payload, path) in [(0, 1), (1, 0), (2, 1)] {
        network.send(0, path, Direction::Up, payload);
    }
    assert_eq!(network.pop_due(100 * MS - 1, Direction::Up), None);
    let order: Vec<u32> = std::iter::from_fn(|| network.pop_due(100 * MS, Direction::Up))
        .map(|arrival| arrival.payload)
        .collect();
    assert_eq!(order, [0, 1, 2]);
}

#[test]
fn the_same_seed_gives_the_same_fates_and_another_seed_others() {
    let fates_of = |seed| {
        fates(
            &mut network(rough_link(), FaultSchedule::default(), seed),
            2_000,
        )
    };
    assert_eq!(fates_of(5), fates_of(5));
    assert_ne!(fates_of(5), fates_of(6));
}

#[test]
fn a_fault_added_moves_no_other_packet() {
    let storm = FaultKind::Loss {
        probability: probability(0.5),
    };
    let faults = schedule(vec![
        fault(200.0, 100.0, FaultKind::Outage),
        fault(700.0, 50.0, storm),
    ]);
    let link = || LinkModel {
        fifo: false,
        ..rough_link()
    };
    let calm = fates(&mut network(link(), FaultSchedule::default(), 9), 2_000);
    let struck = fates(&mut network(link(), faults, 9), 2_000);
    for packet in (0..200).chain(300..700).chain(750..2_000) {
        assert_eq!(calm[packet], struck[packet], "packet {packet}");
    }
    assert_ne!(calm, struck);
}

#[test]
fn a_path_that_changes_moves_no_packet_of_the_other() {
    let other = jittery(DelayLaw::ShiftedExponential { mean_ms: ms(9.0) }, true);
    let fates_of = |b: LinkModel| {
        let mut network: Network<[u8; 8]> =
            Network::new(&paths(rough_link(), b), FaultSchedule::default(), 4).expect("valid");
        let sends = (0..500).map(|packet| {
            network.send(packet * MS, 1, Direction::Up, [0; 8]);
            network.send(packet * MS, 0, Direction::Up, [0; 8])
        });
        sends.collect::<Vec<SendFate>>()
    };
    assert_eq!(fates_of(quiet_link()), fates_of(other));
}

#[test]
fn a_copy_of_the_network_goes_on_as_the_original() {
    let digest = |network: &Network<[u8; 8]>| {
        let mut bytes = Vec::new();
        network.digest(&mut |part: &[u8]| bytes.extend_from_slice(part));
        bytes
    };
    let mut one = network(
        rough_link(),
        schedule(vec![fault(900.0, 300.0, FaultKind::Clog)]),
        8,
    );
    fates(&mut one, 1_000);
    let mut other = one.clone();
    assert_eq!(digest(&one), digest(&other));
    one.send(1_000 * MS, 0, Direction::Up, [1; 8]);
    assert_ne!(digest(&one), digest(&other));
    other.send(1_000 * MS, 0, Direction::Up, [1; 8]);
    assert_eq!(digest(&one), digest(&other));
    assert_eq!(arrivals(&mut one), arrivals(&mut other));
}

/// What one link does to each packet, however the others fare.
fn fates_of_link(link: LinkModel) -> Vec<SendFate> {
    fates(&mut network(link, FaultSchedule::default(), 4), 2_000)
}

#[test]
fn a_law_added_to_a_link_moves_no_number_of_its_other_laws() {
    let plain = LinkModel {
        fifo: false,
        loss: LossLaw::None,
        duplicates: DuplicateLaw::default(),
        late_repeats: LateRepeat::default(),
        ..rough_link()
    };
    let delays = |link| {
        fates_of_link(link)
            .iter()
            .map(SendFate::first_arrival_ns)
            .collect::<Vec<_>>()
    };
    let (rough, jitter) = (rough_link(), delays(plain.clone()));
    let with_copies = LinkModel {
        duplicates: rough.duplicates,
        late_repeats: rough.late_repeats,
        ..plain.clone()
    };
    assert_eq!(delays(with_copies), jitter, "copies move no delay");
    let lossy = delays(LinkModel {
        loss: rough.loss,
        ..plain.clone()
    });
    assert!(lossy.contains(&None));
    for (lossy, jitter) in lossy.iter().zip(&jitter) {
        assert!(lossy.is_none() || lossy == jitter, "loss moves no delay");
    }
    let steady = delays(LinkModel {
        jitter: DelayLaw::None,
        loss: rough.loss,
        ..plain
    });
    for (steady, lossy) in steady.iter().zip(&lossy) {
        assert_eq!(steady.is_none(), lossy.is_none(), "jitter moves no loss");
    }
}

#[test]
fn the_two_directions_of_a_path_draw_apart() {
    let mut network = network(rough_link(), FaultSchedule::default(), 4);
    let both: Vec<[SendFate; 2]> = (0..500)
        .map(|packet| {
            Direction::ALL.map(|direction| network.send(packet * MS, 0, direction, [0; 8]))
        })
        .collect();
    let alone = fates_of_link(rough_link());
    assert!(
        both.iter()
            .zip(&alone)
            .all(|(both, alone)| both[0] == *alone)
    );
    assert!(both.iter().any(|both| both[0] != both[1]));
}

#[test]
fn duplicates_come_later_and_never_more_than_allowed() {
    let repeats_max = 5;
    let link = LinkModel {
        duplicates: DuplicateLaw {
            probability: probability(0.6),
            extra_delay_mean_ms: ms(4.0),
            repeats_max: Repeats::new(repeats_max).expect("in range"),
        },
        ..quiet_link()
    };
    let packets = 20_000;
    let mut network = network(link, FaultSchedule::default(), 3);
    let fates = fates(&mut network, packets);
    let mut last_ns = vec![0; packets as usize];
    let mut arrivals = arrivals(&mut network);
    arrivals.sort_by_key(|&(_, packet, copy)| (packet, copy));
    for (at_ns, packet, copy) in arrivals {
        let last_ns = &mut last_ns[packet as usize];
        assert!(
            copy <= repeats_max && at_ns >= *last_ns,
            "each after the one before"
        );
        // An exponential draw is at most 36.8 means.
        assert!(copy == 0 || at_ns - *last_ns <= 148 * MS);
        *last_ns = at_ns;
    }
    // A share 0.6^n of the packets has n copies at least.
    for at_least in 1..=repeats_max {
        let has = |fate: &&SendFate| matches!(fate, SendFate::Scheduled { copies, .. } if *copies > at_least);
        let found = fates.iter().filter(has).count() as f64 / packets as f64;
        let exact = (0..at_least).fold(1.0, |power, _| power * 0.6);
        let error = (exact * (1.0 - exact) / packets as f64).sqrt();
        assert!(
            (found - exact).abs() < 4.0 * error,
            "{at_least}: {found} against {exact}"
        );
    }
}

#[test]
fn late_repeats_are_uniform_over_their_range() {
    let link = LinkModel {
        late_repeats: LateRepeat {
            probability: probability(1.0),
            delay_min_ms: ms(50.0),
            delay_max_ms: ms(3_000.0),
        },
        ..quiet_link()
    };
    let mut network = network(link, FaultSchedule::default(), 3);
    let packets = 20_000;
    fates(&mut network, packets);
    let late: Vec<f64> = arrivals(&mut network)
        .iter()
        .filter(|arrival| arrival.2 == 1)
        .map(|&(at_ns, packet, _)| (at_ns - packet * MS - 100 * MS) as f64 * 1e-6)
        .collect();
    let n = late.len() as f64;
    let mean = late.iter().sum::<f64>() / n;
    let error = 2_950.0 / 12.0_f64.sqrt() / n.sqrt();
    assert!((mean - 1_525.0).abs() < 4.0 * error, "{mean}");
}

proptest! {
    #[test]
    fn whatever_the_laws_a_network_keeps_its_promises(
        seed in any::<u64>(),
        base_ms in 0.0..300.0_f64,
        mean_ms in 0.0..50.0_f64,
        chances in prop::array::uniform4(0.0..=1.0_f64),
        repeats in 1..=16_u32,
        late in (0.0..500.0_f64, 0.0..500.0_f64),
        fifo in any::<bool>(),
        gaps_ns in prop::collection::vec(0..5_000_000_u64, 1..150),
    ) {
        let [lost, bad, repeated, late_chance] = chances.map(probability);
        let link = LinkModel {
            base_one_way: ms(base_ms),
            jitter: DelayLaw::ShiftedExponential { mean_ms: ms(mean_ms) },
            loss: LossLaw::GilbertElliott {
                good_to_bad: bad,
                bad_to_good: probability(0.5),
                loss_good: probability(0.0),
                loss_bad: lost,
            },
            duplicates: DuplicateLaw {
                probability: repeated,
                extra_delay_mean_ms: ms(mean_ms),
                repeats_max: Repeats::new(repeats).expect("in range"),
            },
            late_repeats: LateRepeat {
                probability: late_chance,
                delay_min_ms: ms(late.0),
                delay_max_ms: ms(late.0 + late.1),
            },
            fifo,
            ..quiet_link()
        };
        let base_ns = link.base_one_way.ns();
        let models = paths(link.clone(), link);
        let mut network: Network<(usize, u64)> =
            Network::new(&models, FaultSchedule::default(), seed).expect("it is valid");
        let (mut now_ns, mut sent_ns) = (0, Vec::new());
        let (mut expected, mut lost) = (0, 0);
        let mut seen = Vec::new();
        for (packet, gap_ns) in (0..).zip(gaps_ns) {
            now_ns += gap_ns;
            sent_ns.push(now_ns);
            for path in [1, 0] {
                match network.send(now_ns, path, Direction::Up, (path, packet)) {
                    SendFate::Lost(reason) => {
                        prop_assert_eq!(reason, LossReason::Law);
                        lost += 1;
                    }
                    SendFate::Scheduled { copies, first_arrival_ns } => {
                        prop_assert!(first_arrival_ns >= now_ns + base_ns);
                        prop_assert!((1..=repeats + 2).contains(&copies));
                        expected += copies;
                    }
                }
            }
            while let Some(arrival) = network.pop_due(now_ns, Direction::Up) {
                prop_assert!(arrival.at_ns <= now_ns, "nothing comes before its time");
                seen.push(arrival);
            }
            prop_assert!(network.next_arrival_ns(Direction::Up).is_none_or(|at_ns| at_ns > now_ns));
        }
        while let Some(arrival) = network.pop_due(u64::MAX, Direction::Up) {
            seen.push(arrival);
        }
        prop_assert_eq!(seen.len(), expected as usize, "what is promised arrives");
        prop_assert_eq!(network.next_arrival_ns(Direction::Up), None);
        prop_assert!(seen.is_sorted_by_key(|arrival| arrival.at_ns));
        let mut last = [None; 2];
        for arrival in &seen {
            prop_assert_eq!(arrival.payload, (arrival.path, arrival.packet), "the payload is intact");
            prop_assert!(arrival.at_ns >= sent_ns[arrival.packet as usize] + base_ns);
            if arrival.copy == 0 {
                prop_assert!(!fifo || last[arrival.path] < Some(arrival.packet), "the order holds");
                last[arrival.path] = Some(arrival.packet);
            }
        }
        let counters = [0, 1].map(|path| network.counters(path, Direction::Up));
        prop_assert_eq!(counters[0].sent + counters[1].sent, 2 * sent_ns.len() as u64);
        prop_assert_eq!(counters[0].lost + counters[1].lost, lost);
        prop_assert_eq!(counters[0].delivered + counters[1].delivered, u64::from(expected));
    }

    #[test]
    fn a_copy_taken_at_any_moment_goes_on_as_the_original(seed in any::<u64>(), at in 0..300_u64) {
        let faults = schedule(vec![
            fault(50.0, 100.0, FaultKind::Loss { probability: probability(0.3) }),
            fault(120.0, 100.0, FaultKind::AddJitter { mean_ms: ms(3.0) }),
            fault(200.0, 80.0, FaultKind::Clog),
        ]);
        let mut original = network(rough_link(), faults, seed);
        let go_on = |network: &mut Network<[u8; 8]>, packets: std::ops::Range<u64>| {
            packets
                .map(|packet| {
                    let fate = network.send(packet * MS, 0, Direction::Up, packet.to_le_bytes());
                    (fate, network.pop_due(packet * MS, Direction::Up), digest(network))
                })
                .collect::<Vec<_>>()
        };
        go_on(&mut original, 0..at);
        let mut copy = original.clone();
        prop_assert!(go_on(&mut original, at..300) == go_on(&mut copy, at..300));
        prop_assert_eq!(arrivals(&mut original), arrivals(&mut copy));
    }
}

fn digest(network: &Network<[u8; 8]>) -> Vec<u8> {
    let mut bytes = Vec::new();
    network.digest(&mut |part: &[u8]| bytes.extend_from_slice(part));
    bytes
}

#[test]
fn a_digest_differs_when_anything_differs() {
    let run = |seed, link: LinkModel, faults: Vec<net_model::Fault>, payload: u8, packets| {
        let mut network = network(link, schedule(faults), seed);
        for packet in 0..packets {
            network.send(packet * MS, 0, Direction::Up, [payload; 8]);
        }
        network
    };
    let storm = fault(
        0.0,
        1.0,
        FaultKind::Loss {
            probability: probability(0.0),
        },
    );
    let reference = || run(1, rough_link(), Vec::new(), 7, 200);
    let mut popped = reference();
    popped
        .pop_due(u64::MAX, Direction::Up)
        .expect("something is due");
    let mut other_path = run(1, rough_link(), Vec::new(), 7, 199);
    other_path.send(199 * MS, 1, Direction::Up, [7; 8]);
    let mut other_way = run(1, rough_link(), Vec::new(), 7, 199);
    other_way.send(199 * MS, 0, Direction::Down, [7; 8]);
    let mut later = run(1, rough_link(), Vec::new(), 7, 199);
    later.send(199 * MS + 1, 0, Direction::Up, [7; 8]);
    let slower = LinkModel {
        base_one_way: ms(100.000_001),
        ..rough_link()
    };
    let all = [
        ("the reference", reference()),
        ("another seed", run(2, rough_link(), Vec::new(), 7, 200)),
        ("another payload", run(1, rough_link(), Vec::new(), 8, 200)),
        ("one packet more", run(1, rough_link(), Vec::new(), 7, 201)),
        (
            "a base of a nanosecond more",
            run(1, slower, Vec::new(), 7, 200),
        ),
        (
            "a fault that draws",
            run(1, rough_link(), vec![storm], 7, 200),
        ),
        ("one arrival taken", popped),
        ("the last packet on the other path", other_path),
        ("the last packet the other way", other_way),
        ("the last packet a nanosecond later", later),
    ];
    assert_eq!(digest(&all[0].1), digest(&reference()));
    let not_yet = fault(500.0, 1.0, storm.kind);
    let before = run(1, rough_link(), vec![not_yet], 7, 200);
    assert_eq!(
        digest(&all[0].1),
        digest(&before),
        "a fault to come is no difference"
    );
    for (index, (what, one)) in all.iter().enumerate() {
        for (other_what, other) in &all[..index] {
            assert_ne!(digest(one), digest(other), "{what} and {other_what}");
        }
    }
}

/// If this fails, either numbers have moved on purpose, and recorded failures no longer replay, or the platform
/// computes another thing.
#[test]
fn a_seeded_run_has_its_golden_digest() {
    let gamma = LinkModel {
        jitter: DelayLaw::ShiftedGamma {
            shape: net_model::units::Shape::new(0.7).expect("in range"),
            scale_ms: ms(3.0),
        },
        ..rough_link()
    };
    let faults = schedule(vec![
        fault(100.0, 50.0, FaultKind::Outage),
        fault(
            200.0,
            100.0,
            FaultKind::Loss {
                probability: probability(0.4),
            },
        ),
        fault(300.0, 100.0, FaultKind::AddJitter { mean_ms: ms(3.0) }),
        fault(
            400.0,
            100.0,
            FaultKind::Duplicate {
                probability: probability(0.5),
                delay_ms: ms(40.0),
            },
        ),
        fault(
            500.0,
            300.0,
            FaultKind::AddDelay {
                ms: ms(40.0),
                ramp_ms: ms(50.0),
            },
        ),
        fault(900.0, 100.0, FaultKind::Clog),
    ]);
    let mut network: Network<[u8; 8]> =
        Network::new(&paths(rough_link(), gamma), faults, 2024).expect("it is valid");
    let mut hash = Sha256::new();
    for tick in 0..1_500_u64 {
        for path in [0, 1] {
            for direction in Direction::ALL {
                network.send(tick * MS, path, direction, tick.to_le_bytes());
            }
        }
        for direction in Direction::ALL {
            while network.pop_due(tick * MS, direction).is_some() {}
        }
        network.digest(&mut |part: &[u8]| hash.update(part));
    }
    let digest: String = hash
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(
        digest,
        "bef52573d08ee194c612999fdbf0f855f4af18a287579004a40c90da51ab56e1"
    );
}

#[test]
fn late_repeats_switched_on_move_no_duplicate() {
    let arrivals_with = |late: bool| {
        let late_repeats = if late {
            rough_link().late_repeats
        } else {
            LateRepeat::default()
        };
        let mut network = network(
            LinkModel {
                late_repeats,
                ..rough_link()
            },
            FaultSchedule::default(),
            6,
        );
        fates(&mut network, 1_000);
        arrivals(&mut network)
    };
    let (with, without) = (arrivals_with(true), arrivals_with(false));
    let times: Vec<u64> = with.iter().map(|arrival| arrival.0).collect();
    assert!(with.len() > without.len());
    assert!(without.iter().all(|arrival| times.contains(&arrival.0)));
}
