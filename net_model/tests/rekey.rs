//! A network whose randomness is given another key in its midst: what has begun goes on, what comes is other.

use net_model::{
    Direction, Fault, FaultKind, FaultSchedule, LinkModel, Milliseconds, Network, Path, PathModel,
    RunMilliseconds, WhichDirections, WhichPaths,
};

const MS: u64 = 1_000_000;

fn network(faults: FaultSchedule) -> Network<[u8; 1]> {
    let model: LinkModel = ron_link(
        "(base_one_way: 20, fifo: false, jitter: ShiftedExponential(mean_ms: 5), loss: Independent(probability: 0.3))",
    );
    let path = |name: &str| PathModel {
        name: name.into(),
        up: model.clone(),
        down: model.clone(),
    };
    Network::new(&[path("A"), path("B")], faults, 1).expect("a sound model")
}

fn ron_link(text: &str) -> LinkModel {
    ron::from_str(text).expect("a link")
}

/// When 200 packets arrive that are sent a millisecond apart from `from_ms` on.
fn arrivals(network: &mut Network<[u8; 1]>, from_ms: u64) -> Vec<Option<u64>> {
    (from_ms..from_ms + 200)
        .map(|at_ms| {
            network
                .send(at_ms * MS, Path::A.index(), Direction::Up, [0])
                .first_arrival_ns()
        })
        .collect()
}

fn outage(at_ms: f64, for_ms: f64) -> Fault {
    Fault {
        at_ms: RunMilliseconds::clamped(at_ms),
        for_ms: RunMilliseconds::clamped(for_ms),
        paths: WhichPaths::Both,
        direction: WhichDirections::Both,
        kind: FaultKind::Outage,
    }
}

fn schedule(faults: Vec<Fault>) -> FaultSchedule {
    FaultSchedule {
        faults,
        ..FaultSchedule::default()
    }
}

#[test]
fn copies_with_different_keys_go_different_ways_and_with_the_same_key_the_same() {
    let mut first = network(FaultSchedule::default());
    arrivals(&mut first, 0);
    let [mut same, mut one, mut one_again, mut two] = std::array::from_fn(|_| first.clone());
    one.rekey(7);
    one_again.rekey(7);
    two.rekey(8);
    let (of_first, of_one) = (arrivals(&mut first, 200), arrivals(&mut one, 200));
    assert_eq!(of_first, arrivals(&mut same, 200));
    assert_eq!(of_one, arrivals(&mut one_again, 200));
    assert_ne!(of_first, of_one);
    assert_ne!(of_one, arrivals(&mut two, 200));
}

#[test]
fn packets_under_way_arrive_as_they_would_have() {
    let mut first = network(FaultSchedule::default());
    for at_ms in 0..50 {
        first.send(at_ms * MS, 0, Direction::Up, [at_ms as u8]);
    }
    let mut other = first.clone();
    other.rekey(9);
    loop {
        let (one, two) = (
            first.pop_due(u64::MAX, Direction::Up),
            other.pop_due(u64::MAX, Direction::Up),
        );
        assert_eq!(one, two);
        if one.is_none() {
            break;
        }
    }
}

#[test]
fn faults_that_have_begun_go_on_and_others_take_the_place_of_those_to_come() {
    // Begun at 100 and 150 ms; one to come at 600 ms, in whose place one at 400 ms comes.
    let mut network = network(schedule(vec![
        outage(100.0, 150.0),
        outage(150.0, 120.0),
        outage(600.0, 100.0),
    ]));
    arrivals(&mut network, 0);
    let other = schedule(vec![outage(50.0, 900.0), outage(400.0, 100.0)]);
    network.replace_future_faults(200 * MS, &other, 3);
    let after: Vec<Option<u64>> = (0..4)
        .flat_map(|part| arrivals(&mut network, 200 + 200 * part))
        .collect();
    let arrived =
        |from_ms: usize, to_ms: usize| after[from_ms - 200..to_ms - 200].iter().flatten().count();
    assert_eq!(arrived(200, 270), 0, "both that had begun go on");
    assert!(arrived(270, 400) > 50);
    assert_eq!(arrived(400, 500), 0, "the new one");
    assert!(arrived(600, 700) > 40, "the old one is gone");
}

#[test]
fn a_clog_to_come_is_replaced_too() {
    let clog = |at_ms| Fault {
        kind: FaultKind::Clog,
        ..outage(at_ms, 100.0)
    };
    let mut constant = network(schedule(vec![clog(300.0)]));
    constant.replace_future_faults(100 * MS, &schedule(vec![clog(500.0)]), 3);
    let link = LinkModel::constant(Milliseconds::clamped(20.0));
    assert_eq!(link.base_one_way.ns(), 20 * MS);
    let arrives_in = |network: &mut Network<[u8; 1]>, from: u64, to: u64| {
        arrivals(network, from - 40)
            .into_iter()
            .flatten()
            .any(|at_ns| (from * MS + 1..to * MS).contains(&at_ns))
    };
    assert!(arrives_in(&mut constant, 300, 400));
    assert!(!arrives_in(&mut constant, 500, 599));
}
