//! Explicit schedules: what befalls each frame is data, whatever laws, faults and seeds say.

mod common;

use common::{MS, arrivals, fates, fault, jittery, lossy, ms, network, probability, quiet_link};
use net_model::{
    Bottleneck, DelayLaw, Direction, DuplicateLaw, Fault, FaultKind, FaultSchedule, LinkModel,
    LossLaw, LossReason, Otherwise, PacketFate, PacketFault, Path, Repeats, SendFate,
};
use proptest::prelude::*;

fn up(number: u64, fate: PacketFate) -> PacketFault {
    PacketFault {
        path: Path::A,
        direction: Direction::Up,
        number,
        fate,
    }
}

fn deliver(delay_ms: f64) -> PacketFate {
    PacketFate::Deliver { ms: ms(delay_ms) }
}

/// A link that loses, delays and repeats as much as it can, under every kind of fault.
fn hostile() -> (LinkModel, Vec<Fault>) {
    let link = LinkModel {
        jitter: DelayLaw::ShiftedExponential { mean_ms: ms(30.0) },
        loss: LossLaw::Independent {
            probability: probability(0.5),
        },
        duplicates: DuplicateLaw {
            probability: probability(0.9),
            extra_delay_mean_ms: ms(5.0),
            repeats_max: Repeats::new(16).expect("in range"),
        },
        bottleneck: Some(Bottleneck {
            rate_mbit_s: net_model::units::MegabitsPerSecond::new(1.0).expect("in range"),
            limit_bytes: net_model::units::Bytes::new(400.0).expect("in range"),
            cross: Vec::new(),
        }),
        ..quiet_link()
    };
    let add_delay = FaultKind::AddDelay {
        ms: ms(40.0),
        ramp_ms: ms(10.0),
    };
    let storm = FaultKind::Duplicate {
        probability: probability(0.5),
        delay_ms: ms(9.0),
    };
    let faults = vec![
        fault(0.0, 5_000.0, FaultKind::Clog),
        fault(0.0, 5_000.0, add_delay),
        fault(0.0, 5_000.0, storm),
        fault(
            0.0,
            5_000.0,
            FaultKind::Loss {
                probability: probability(0.5),
            },
        ),
    ];
    (link, faults)
}

#[test]
fn a_schedule_of_all_packets_is_all_that_happens() {
    let (link, faults) = hostile();
    let schedule = FaultSchedule {
        faults,
        packets: vec![
            up(4, PacketFate::Duplicate { ms: ms(7.0) }),
            up(1, PacketFate::Lose),
            up(2, PacketFate::Delay { ms: ms(30.0) }),
            up(3, deliver(12.0)),
            up(4, PacketFate::Duplicate { ms: ms(3.0) }),
        ],
        otherwise: Otherwise::Deliver { ms: ms(85.0) },
        ..FaultSchedule::default()
    };
    for seed in 0..20 {
        let mut network = network(link.clone(), schedule.clone(), seed);
        let fates = fates(&mut network, 6);
        assert_eq!(fates[1], SendFate::Lost(LossReason::Fault));
        assert_eq!(
            arrivals(&mut network),
            [
                (15 * MS, 3, 0),
                (85 * MS, 0, 0),
                (89 * MS, 4, 0),
                (90 * MS, 5, 0),
                (92 * MS, 4, 2),
                (96 * MS, 4, 1),
                (117 * MS, 2, 0),
            ]
        );
    }
}

#[test]
fn with_everything_else_lost_only_what_is_named_arrives() {
    let schedule = FaultSchedule {
        packets: vec![
            up(3, deliver(1.0)),
            up(5, PacketFate::Delay { ms: ms(1.0) }),
            up(7, deliver(0.0)),
            up(8, deliver(5.0)),
            up(8, PacketFate::Lose),
        ],
        otherwise: Otherwise::Lose,
        ..FaultSchedule::default()
    };
    let mut network = network(quiet_link(), schedule, 1);
    fates(&mut network, 10);
    assert_eq!(arrivals(&mut network), [(4 * MS, 3, 0), (7 * MS, 7, 0)]);
}

#[test]
fn a_cut_does_not_stop_what_the_schedule_delivers() {
    let schedule = FaultSchedule {
        faults: vec![fault(0.0, 100.0, FaultKind::Outage)],
        packets: vec![up(2, deliver(50.0))],
        ..FaultSchedule::default()
    };
    let mut network = network(quiet_link(), schedule, 1);
    let fates = fates(&mut network, 4);
    assert_eq!(fates[2].first_arrival_ns(), Some(52 * MS));
    assert_eq!(fates[3], SendFate::Lost(LossReason::Outage));
}

#[test]
fn a_schedule_reads_as_it_was_written_and_an_empty_one_says_nothing() {
    let text = "(
        packets: [
            (path: A, direction: Up, number: 3, fate: Deliver(ms: 85)),
            (path: B, direction: Down, number: 0, fate: Lose),
            (path: A, direction: Up, number: 4, fate: Delay(ms: 25)),
            (path: A, direction: Up, number: 4, fate: Duplicate(ms: 2)),
        ],
        otherwise: Deliver(ms: 100),
    )";
    let schedule: FaultSchedule = ron::from_str(text).expect("a schedule");
    assert!(!schedule.is_empty());
    assert_eq!(schedule.otherwise, Otherwise::Deliver { ms: ms(100.0) });
    let written = ron::to_string(&schedule).expect("it can be written");
    assert_eq!(
        ron::from_str::<FaultSchedule>(&written).expect("it can be read"),
        schedule
    );
    let empty = ron::to_string(&FaultSchedule::default()).expect("it can be written");
    assert!(!empty.contains("otherwise"), "{empty}");
    let mut sum = FaultSchedule::default();
    sum.extend(schedule.clone());
    sum.extend(FaultSchedule::default());
    assert_eq!(sum.otherwise, schedule.otherwise);
}

proptest! {
    /// On top of the random model a scheduled delivery moves its packet and no other.
    #[test]
    fn a_scheduled_delivery_moves_that_packet_and_no_other(
        seed in any::<u64>(), number in 0..200_u64, delay_ms in 0.0..500.0_f64
    ) {
        let law = DelayLaw::ShiftedExponential { mean_ms: ms(4.0) };
        let loss = LossLaw::Independent { probability: probability(0.2) };
        let link = LinkModel { fifo: false, loss, ..jittery(law, false) };
        let fates_of = |packets| {
            let schedule = FaultSchedule { packets, ..FaultSchedule::default() };
            fates(&mut network(link.clone(), schedule, seed), 200)
        };
        let (calm, struck) = (fates_of(Vec::new()), fates_of(vec![up(number, deliver(delay_ms))]));
        for (packet, (calm, struck)) in (0..).zip(calm.iter().zip(&struck)) {
            if packet == number {
                let at_ns = packet * MS + ms(delay_ms).ns();
                prop_assert_eq!(struck.first_arrival_ns(), Some(at_ns));
            } else {
                prop_assert_eq!(calm, struck);
            }
        }
    }

    /// Every pattern of losses of a few frames can be written down, and is what happens.
    #[test]
    fn every_pattern_of_losses_can_be_scheduled(pattern in 0..256_u64, seed in any::<u64>()) {
        let bits = |packet: u64| pattern >> packet & 1 == 1;
        let schedule = FaultSchedule {
            packets: (0..8).filter(|&packet| bits(packet)).map(|packet| up(packet, PacketFate::Lose)).collect(),
            otherwise: Otherwise::Deliver { ms: ms(10.0) },
            ..FaultSchedule::default()
        };
        let loss = LossLaw::Independent { probability: probability(0.3) };
        let fates = fates(&mut network(lossy(loss), schedule, seed), 8);
        for (packet, fate) in (0..).zip(&fates) {
            prop_assert_eq!(fate.first_arrival_ns().is_none(), bits(packet));
        }
    }
}
