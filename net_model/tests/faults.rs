//! What each fault does, where, and when exactly; and that a fault taken away leaves the rest as it was.

mod common;

use common::{
    MS, arrivals, delays_ms, fates, fault, jittery, lossy, ms, network, paths, probability,
    quiet_link, schedule,
};
use net_model::{
    DelayLaw, Direction, Fault, FaultKind, FaultSchedule, LinkModel, LossLaw, LossReason, Network,
    PacketFate, PacketFault, Path, SendFate, WhichDirections, WhichPaths,
};
use proptest::prelude::*;

fn add_delay(delay_ms: f64, ramp_ms: f64) -> FaultKind {
    FaultKind::AddDelay {
        ms: ms(delay_ms),
        ramp_ms: ms(ramp_ms),
    }
}

fn loss(chance: f64) -> FaultKind {
    FaultKind::Loss {
        probability: probability(chance),
    }
}

fn duplicate(chance: f64, delay_ms: f64) -> FaultKind {
    FaultKind::Duplicate {
        probability: probability(chance),
        delay_ms: ms(delay_ms),
    }
}

fn jitter(mean_ms: f64) -> FaultKind {
    FaultKind::AddJitter {
        mean_ms: ms(mean_ms),
    }
}

fn struck(link: LinkModel, faults: Vec<Fault>) -> Network<[u8; 8]> {
    network(link, schedule(faults), 1)
}

/// The delay in ns above the base of 100 ms of a packet sent up path A at each of these times.
fn delays_at_ns(faults: Vec<Fault>, times_ns: &[u64]) -> Vec<Option<u64>> {
    let link = LinkModel {
        fifo: false,
        ..quiet_link()
    };
    let mut network = struck(link, faults);
    let fates = times_ns
        .iter()
        .map(|&at_ns| (at_ns, network.send(at_ns, 0, Direction::Up, [0; 8])));
    fates
        .map(|(at_ns, fate)| Some(fate.first_arrival_ns()? - at_ns - 100 * MS))
        .collect()
}

// ------------------------------------------------------------------ where and when

#[test]
fn an_outage_is_a_half_open_window_to_the_nanosecond() {
    let outage = fault(10.0, 5.0, FaultKind::Outage);
    let times_ns = [10 * MS - 1, 10 * MS, 15 * MS - 1, 15 * MS];
    assert_eq!(
        delays_at_ns(vec![outage], &times_ns),
        [Some(0), None, None, Some(0)]
    );
}

#[test]
fn an_outage_of_no_length_loses_nothing() {
    let outage = fault(10.0, 0.0, FaultKind::Outage);
    assert_eq!(delays_at_ns(vec![outage], &[10 * MS]), [Some(0)]);
}

#[test]
fn what_is_under_way_when_the_link_is_cut_still_arrives() {
    let mut network = struck(quiet_link(), vec![fault(50.0, 1_000.0, FaultKind::Outage)]);
    network.send(49 * MS, 0, Direction::Up, [0; 8]);
    assert_eq!(arrivals(&mut network), [(149 * MS, 0, 0)]);
}

#[test]
fn a_fault_strikes_its_paths_and_directions_and_no_other() {
    let all = [
        (0, Direction::Up),
        (0, Direction::Down),
        (1, Direction::Up),
        (1, Direction::Down),
    ];
    for (which, paths_struck) in [
        (WhichPaths::A, vec![0]),
        (WhichPaths::B, vec![1]),
        (WhichPaths::Both, vec![0, 1]),
    ] {
        for (directions, directions_struck) in [
            (WhichDirections::Up, vec![Direction::Up]),
            (WhichDirections::Down, vec![Direction::Down]),
            (WhichDirections::Both, vec![Direction::Up, Direction::Down]),
        ] {
            let outage = Fault {
                paths: which,
                direction: directions,
                ..fault(0.0, 10.0, FaultKind::Outage)
            };
            let mut network = struck(quiet_link(), vec![outage]);
            for (path, direction) in all {
                let is_lost =
                    network.send(0, path, direction, [0; 8]) == SendFate::Lost(LossReason::Outage);
                let is_meant =
                    paths_struck.contains(&path) && directions_struck.contains(&direction);
                assert_eq!(is_lost, is_meant, "{outage}: path {path}, {direction:?}");
            }
        }
    }
    assert_eq!(WhichPaths::from(Path::A), WhichPaths::A);
    assert_eq!(WhichPaths::from(Path::B), WhichPaths::B);
}

// ------------------------------------------------------------------ clogs

#[test]
fn a_clog_holds_what_would_arrive_in_its_half_open_window() {
    let clog = fault(105.0, 20.0, FaultKind::Clog);
    let times_ns = [5 * MS - 1, 5 * MS, 25 * MS - 1, 25 * MS, 25 * MS + 1];
    assert_eq!(
        delays_at_ns(vec![clog], &times_ns),
        [Some(0), Some(20 * MS), Some(1), Some(0), Some(0)]
    );
}

#[test]
fn out_of_one_clog_into_the_next_a_packet_waits_for_the_end_of_both() {
    let clogs = [
        fault(120.0, 30.0, FaultKind::Clog),
        fault(100.0, 25.0, FaultKind::Clog),
        fault(105.0, 5.0, FaultKind::Clog),
    ];
    assert_eq!(
        delays_at_ns(clogs.to_vec(), &[0, 7 * MS, 30 * MS, 50 * MS]),
        [Some(50 * MS), Some(43 * MS), Some(20 * MS), Some(0)]
    );
}

#[test]
fn a_clog_holds_copies_as_well() {
    let faults = vec![
        fault(0.0, 1.0, duplicate(1.0, 10.0)),
        fault(105.0, 20.0, FaultKind::Clog),
    ];
    let mut network = struck(quiet_link(), faults);
    network.send(0, 0, Direction::Up, [0; 8]);
    assert_eq!(arrivals(&mut network), [(100 * MS, 0, 0), (125 * MS, 0, 1)]);
}

proptest! {
    #[test]
    fn a_clog_loses_nothing_and_keeps_a_queue_in_order(
        seed in any::<u64>(), at_ms in 90.0..200.0_f64, for_ms in 0.0..300.0_f64
    ) {
        let law = DelayLaw::ShiftedExponential { mean_ms: ms(4.0) };
        let clog = fault(at_ms, for_ms, FaultKind::Clog);
        let calm = arrivals(&mut {
            let mut network = network(jittery(law.clone(), true), FaultSchedule::default(), seed);
            fates(&mut network, 100);
            network
        });
        let mut clogged = network(jittery(law, true), schedule(vec![clog]), seed);
        fates(&mut clogged, 100);
        let clogged = arrivals(&mut clogged);
        prop_assert_eq!(clogged.len(), 100);
        let (from_ns, until_ns) = (clog.at_ms.ns(), clog.at_ms.ns() + clog.for_ms.ns());
        for (calm, clogged) in calm.iter().zip(&clogged) {
            prop_assert_eq!(calm.1, clogged.1, "the order is that of the calm run");
            let is_held = (from_ns..until_ns).contains(&calm.0);
            prop_assert_eq!(clogged.0, if is_held { until_ns } else { calm.0 });
        }
    }
}

// ------------------------------------------------------------------ delay

#[test]
fn a_brown_out_is_a_trapezium() {
    let brown_out = fault(1_000.0, 1_000.0, add_delay(100.0, 200.0));
    let at_ms = [
        999, 1_000, 1_050, 1_100, 1_200, 1_500, 1_800, 1_900, 1_950, 2_000,
    ];
    let expected_ms = [0, 0, 25, 50, 100, 100, 100, 50, 25, 0];
    let delays = delays_at_ns(vec![brown_out], &at_ms.map(|at_ms| at_ms * MS));
    assert_eq!(delays, expected_ms.map(|ms| Some(ms * MS)));
}

#[test]
fn a_brown_out_shorter_than_its_ramps_rises_only_as_far_as_it_can() {
    let brown_out = fault(1_000.0, 200.0, add_delay(100.0, 200.0));
    let at_ms = [1_000, 1_050, 1_100, 1_150, 1_200];
    let delays = delays_at_ns(vec![brown_out], &at_ms.map(|at_ms| at_ms * MS));
    assert_eq!(delays, [0, 25, 50, 25, 0].map(|ms| Some(ms * MS)));
}

#[test]
fn delays_of_faults_that_overlap_add_up() {
    let faults = vec![
        fault(0.0, 100.0, add_delay(10.0, 0.0)),
        fault(50.0, 100.0, add_delay(7.0, 0.0)),
        fault(0.0, 100.0, add_delay(4.0, 50.0)),
    ];
    let delays = delays_at_ns(faults, &[0, 50 * MS, 120 * MS]);
    assert_eq!(delays, [10, 21, 7].map(|ms| Some(ms * MS)));
}

#[test]
fn however_steep_its_fall_no_packet_overtakes_in_a_brown_out() {
    let brown_out = fault(10.0, 40.0, add_delay(500.0, 1.0));
    let mut network = struck(quiet_link(), vec![brown_out]);
    fates(&mut network, 100);
    assert!(arrivals(&mut network).is_sorted_by_key(|arrival| arrival.1));
}

#[test]
fn added_jitter_has_its_mean_and_keeps_the_order_of_a_queue() {
    let n = 50_000;
    let link = LinkModel {
        fifo: false,
        ..quiet_link()
    };
    let mut unordered = struck(link, vec![fault(0.0, n as f64, jitter(6.0))]);
    let delays = delays_ms(&fates(&mut unordered, n));
    let mean = delays.iter().sum::<f64>() / n as f64;
    // An exponential: its deviation is its mean.
    let error = 6.0 / (n as f64).sqrt();
    assert!((mean - 6.0).abs() < 4.0 * error, "{mean}");

    let mut ordered = struck(quiet_link(), vec![fault(0.0, 1_000.0, jitter(6.0))]);
    fates(&mut ordered, 1_000);
    assert!(arrivals(&mut ordered).is_sorted_by_key(|arrival| arrival.1));
}

// ------------------------------------------------------------------ loss and copies

#[test]
fn loss_by_a_fault_comes_on_top_of_the_links_own() {
    let n = 50_000;
    let law = LossLaw::Independent {
        probability: probability(0.2),
    };
    let mut network = struck(lossy(law), vec![fault(0.0, n as f64, loss(0.5))]);
    let fates = fates(&mut network, n);
    let count = |wanted| fates.iter().filter(|fate| **fate == wanted).count() as f64;
    let by_fault = count(SendFate::Lost(LossReason::Fault)) / n as f64;
    let by_law = count(SendFate::Lost(LossReason::Law)) / n as f64;
    let error = |share: f64| (share * (1.0 - share) / n as f64).sqrt();
    assert!((by_fault - 0.5).abs() < 4.0 * error(0.5), "{by_fault}");
    // A packet that both would lose is counted for the fault.
    assert!((by_law - 0.1).abs() < 4.0 * error(0.1), "{by_law}");
}

#[test]
fn a_certain_storm_loses_all_and_an_impossible_one_nothing() {
    let storm = |chance| delays_at_ns(vec![fault(5.0, 5.0, loss(chance))], &[5 * MS, 9 * MS]);
    assert_eq!(storm(1.0), [None, None]);
    assert_eq!(storm(0.0), [Some(0), Some(0)]);
}

#[test]
fn a_duplicated_packet_comes_again_after_the_stated_time() {
    let mut network = struck(quiet_link(), vec![fault(2.0, 1.0, duplicate(1.0, 30.0))]);
    fates(&mut network, 4);
    assert_eq!(
        arrivals(&mut network),
        [
            (100 * MS, 0, 0),
            (101 * MS, 1, 0),
            (102 * MS, 2, 0),
            (103 * MS, 3, 0),
            (132 * MS, 2, 1),
        ]
    );
}

#[test]
fn a_lost_packet_has_no_copies() {
    let faults = vec![
        fault(0.0, 1.0, duplicate(1.0, 1.0)),
        fault(0.0, 1.0, FaultKind::Outage),
    ];
    let mut network = struck(quiet_link(), faults);
    network.send(0, 0, Direction::Up, [0; 8]);
    assert_eq!(network.next_arrival_ns(Direction::Up), None);
}

#[test]
fn every_copy_that_a_fault_adds_comes() {
    let faults = (1..=40).map(|n| fault(0.0, 1.0, duplicate(1.0, f64::from(n))));
    let mut network = struck(quiet_link(), faults.collect());
    network.send(0, 0, Direction::Up, [0; 8]);
    let copies: Vec<u32> = arrivals(&mut network).iter().map(|one| one.2).collect();
    assert_eq!(copies, (0..=40).collect::<Vec<u32>>());
}

// ------------------------------------------------------------------ single packets

fn strike(path: Path, direction: Direction, number: u64, fate: PacketFate) -> PacketFault {
    PacketFault {
        path,
        direction,
        number,
        fate,
    }
}

proptest! {
    #[test]
    fn a_packet_fault_moves_that_packet_and_no_other(
        seed in any::<u64>(), number in 0..200_u64, delay_ms in 1.0..500.0_f64
    ) {
        let law = DelayLaw::ShiftedExponential { mean_ms: ms(4.0) };
        let fates_of = |packets: Vec<PacketFault>| {
            let faults = FaultSchedule { packets, ..FaultSchedule::default() };
            fates(&mut network(jittery(law.clone(), true), faults, seed), 200)
        };
        let calm = fates_of(Vec::new());
        let delay = PacketFate::Delay { ms: ms(delay_ms) };
        for fate in [PacketFate::Lose, delay, PacketFate::Duplicate { ms: ms(delay_ms) }] {
            let hit = fates_of(vec![strike(Path::A, Direction::Up, number, fate)]);
            for other in (0..200).filter(|&other| other != number as usize) {
                // On a link that keeps order a lost packet no longer holds up those behind it.
                if fate == PacketFate::Lose {
                    prop_assert!(hit[other].first_arrival_ns() <= calm[other].first_arrival_ns());
                } else {
                    prop_assert_eq!(hit[other], calm[other]);
                }
            }
            prop_assert_ne!(hit[number as usize], calm[number as usize]);
        }
        for elsewhere in [(Path::B, Direction::Up), (Path::A, Direction::Down)] {
            let fault = strike(elsewhere.0, elsewhere.1, number, PacketFate::Lose);
            prop_assert_eq!(&fates_of(vec![fault]), &calm);
        }
    }
}

#[test]
fn all_fates_of_one_packet_befall_it() {
    let up = |fate| strike(Path::A, Direction::Up, 0, fate);
    let faults = FaultSchedule {
        packets: vec![
            up(PacketFate::Delay { ms: ms(5.0) }),
            up(PacketFate::Duplicate { ms: ms(2.0) }),
            up(PacketFate::Delay { ms: ms(6.0) }),
        ],
        ..FaultSchedule::default()
    };
    let mut network = network(quiet_link(), faults, 1);
    network.send(0, 0, Direction::Up, [0; 8]);
    assert_eq!(arrivals(&mut network), [(111 * MS, 0, 0), (113 * MS, 0, 1)]);
}

#[test]
fn packets_are_numbered_on_each_link_by_itself() {
    let faults = FaultSchedule {
        packets: vec![strike(Path::B, Direction::Up, 1, PacketFate::Lose)],
        ..FaultSchedule::default()
    };
    let mut network = network(quiet_link(), faults, 1);
    let lost = [0, 1, 0, 1, 1].map(|path| {
        matches!(
            network.send(0, path, Direction::Up, [0; 8]),
            SendFate::Lost(_)
        )
    });
    assert_eq!(lost, [false, false, false, true, false]);
}

// ------------------------------------------------------------------ independence

/// Storms of every kind that draws, apart from each other and one above the other.
fn storms() -> Vec<Fault> {
    vec![
        fault(100.0, 200.0, loss(0.5)),
        fault(150.0, 100.0, jitter(3.0)),
        fault(400.0, 200.0, duplicate(0.5, 30.0)),
        fault(500.0, 200.0, loss(0.3)),
        fault(500.0, 200.0, duplicate(0.5, 20.0)),
        fault(800.0, 100.0, FaultKind::Outage),
        fault(850.0, 100.0, jitter(2.0)),
        fault(950.0, 50.0, FaultKind::Clog),
        fault(1_000.0, 100.0, add_delay(20.0, 0.0)),
    ]
}

fn unordered_fates(faults: Vec<Fault>) -> Vec<SendFate> {
    let link = LinkModel {
        jitter: DelayLaw::ShiftedExponential { mean_ms: ms(2.0) },
        fifo: false,
        ..quiet_link()
    };
    fates(&mut network(link, schedule(faults), 3), 1_200)
}

/// The packets sent while a fault lasts, or due while it does.
fn concerns(fault: &Fault, packet: u64, fate: &SendFate) -> bool {
    let window = fault.at_ms.ns()..=fault.at_ms.ns() + fault.for_ms.ns();
    window.contains(&(packet * MS))
        || fault.kind == FaultKind::Clog
            && fate
                .first_arrival_ns()
                .is_some_and(|at_ns| window.contains(&at_ns))
}

#[test]
fn a_fault_taken_away_moves_no_number_of_any_other() {
    let all = unordered_fates(storms());
    for index in 0..storms().len() {
        let mut fewer = storms();
        let gone = fewer.remove(index);
        for (packet, (with, without)) in (0..).zip(all.iter().zip(unordered_fates(fewer))) {
            if !concerns(&gone, packet, with) {
                assert_eq!(*with, without, "without the {gone}: packet {packet}");
            }
        }
    }
}

#[test]
fn a_fault_made_shorter_stays_as_it_was_in_what_is_left_of_it() {
    let shorter = storms().into_iter().map(|one| Fault {
        for_ms: fault(0.0, one.for_ms.get() / 2.0, one.kind).for_ms,
        ..one
    });
    let [long, short] = [storms(), shorter.collect()].map(|faults| {
        // One at a time, so that only its own numbers count.
        faults
            .into_iter()
            .map(|fault| unordered_fates(vec![fault]))
            .collect::<Vec<_>>()
    });
    for (fault, (long, short)) in storms().iter().zip(long.iter().zip(&short)) {
        if matches!(fault.kind, FaultKind::Clog) {
            continue;
        }
        let [from, middle] =
            [0.0, 0.5].map(|share| (fault.at_ms.get() + fault.for_ms.get() * share) as usize);
        assert_eq!(long[from..middle], short[from..middle], "{fault}");
    }
}

#[test]
fn two_storms_of_one_kind_and_moment_are_independent() {
    let faults = vec![
        fault(0.0, 5_000.0, loss(0.5)),
        fault(0.0, 5_000.0, loss(0.5)),
    ];
    let fates = fates(&mut struck(quiet_link(), faults), 5_000);
    let lost = fates
        .iter()
        .filter(|fate| fate.first_arrival_ns().is_none());
    let share = lost.count() as f64 / 5_000.0;
    let error = (0.75 * 0.25 / 5_000.0_f64).sqrt();
    assert!((share - 0.75).abs() < 4.0 * error, "{share}");
}

#[test]
fn the_order_in_which_faults_are_written_does_not_matter() {
    let mut reversed = storms();
    reversed.reverse();
    assert!(unordered_fates(storms()) == unordered_fates(reversed));
}

#[test]
fn a_fault_of_both_paths_strikes_each_with_numbers_of_its_own() {
    let storm = Fault {
        paths: WhichPaths::Both,
        ..fault(0.0, 1_000.0, loss(0.5))
    };
    let run = |storm| {
        let models = paths(quiet_link(), quiet_link());
        let mut network: Network<[u8; 0]> =
            Network::new(&models, schedule(vec![storm]), 1).expect("it is valid");
        let sends = (0..1_000).map(|packet| {
            [0, 1].map(|path| {
                network
                    .send(packet * MS, path, Direction::Up, [])
                    .first_arrival_ns()
                    .is_none()
            })
        });
        sends.collect::<Vec<[bool; 2]>>()
    };
    let both = run(storm);
    let together = both.iter().filter(|lost| lost[0] && lost[1]).count() as f64;
    // Independent: a quarter of a thousand.
    assert!((together - 250.0).abs() < 4.0 * (1_000.0 * 0.25 * 0.75_f64).sqrt());
    let of_a = run(Fault {
        paths: WhichPaths::A,
        ..storm
    });
    assert!(
        both.iter().zip(&of_a).all(|(both, one)| both[0] == one[0]),
        "shrunk to one path, that path sees the same"
    );
}

// ------------------------------------------------------------------ in words

#[test]
fn every_fault_tells_itself_in_words() {
    let down = |fault: Fault| Fault {
        paths: WhichPaths::B,
        direction: WhichDirections::Down,
        ..fault
    };
    for (fault, words) in [
        (
            fault(5.0, 300.0, FaultKind::Outage),
            "outage on path A for 300.0 ms",
        ),
        (
            down(fault(5.0, 9.5, FaultKind::Clog)),
            "clog on path B, downlink for 9.5 ms",
        ),
        (
            fault(5.0, 300.0, add_delay(50.0, 10.0)),
            "brown-out of 50.0 ms on path A for 300.0 ms",
        ),
        (
            fault(5.0, 300.0, add_delay(50.0, 0.0)),
            "route step of 50.0 ms on path A for 300.0 ms",
        ),
        (
            fault(5.0, 300.0, jitter(2.0)),
            "jitter of 2.0 ms on path A for 300.0 ms",
        ),
        (
            fault(5.0, 300.0, loss(0.25)),
            "loss of 0.250 on path A for 300.0 ms",
        ),
        (
            fault(5.0, 300.0, duplicate(0.5, 9.0)),
            "duplication of 0.500 on path A for 300.0 ms",
        ),
    ] {
        assert_eq!(fault.to_string(), words);
    }
}

#[test]
fn schedules_add_up_and_know_when_they_are_empty() {
    let mut all = FaultSchedule::default();
    assert!(all.is_empty());
    all.extend(schedule(storms()));
    all.extend(FaultSchedule {
        faults: vec![fault(1.0, 1.0, FaultKind::Outage)],
        packets: vec![strike(Path::A, Direction::Up, 0, PacketFate::Lose)],
        ..FaultSchedule::default()
    });
    assert_eq!(
        (all.faults.len(), all.packets.len()),
        (storms().len() + 1, 1)
    );
    assert!(!all.is_empty());
}
