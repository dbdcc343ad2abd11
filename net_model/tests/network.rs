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
fn a_fault_taken_away_moves_no_draw_of_another_at_the_same_time() {
    let copies = FaultKind::Duplicate {
        probability: probability(0.4),
        delay_ms: ms(7.0),
    };
    let storm = |chance| FaultKind::Loss {
        probability: probability(chance),
    };
    let fates_with = |faults| {
        let mut network = network(quiet_link(), schedule(faults), 2);
        fates(&mut network, 300)
    };
    let alone = fates_with(vec![fault(50.0, 200.0, copies)]);
    let both = fates_with(vec![
        fault(40.0, 250.0, storm(0.0)),
        fault(50.0, 200.0, copies),
    ]);
    assert_eq!(alone, both);
}

#[test]
fn late_repeats_switched_on_move_no_duplicate() {
    let originals_and_duplicates = |late: bool| {
        let late_repeats = if late {
            rough_link().late_repeats
        } else {
            LateRepeat::default()
        };
        let link = LinkModel {
            late_repeats,
            ..rough_link()
        };
        let mut network = network(link, FaultSchedule::default(), 6);
        fates(&mut network, 1_000);
        arrivals(&mut network)
    };
    let (with, without) = (
        originals_and_duplicates(true),
        originals_and_duplicates(false),
    );
    let times: Vec<u64> = with.iter().map(|arrival| arrival.0).collect();
    assert!(with.len() > without.len());
    assert!(without.iter().all(|arrival| times.contains(&arrival.0)));
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
