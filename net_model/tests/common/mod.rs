//! Paths for the tests.
#![allow(dead_code, reason = "each test file uses a part of it")]

use net_model::{
    DelayLaw, Direction, Fault, FaultKind, FaultSchedule, LinkModel, LossLaw, Milliseconds,
    Network, PathModel, Probability, RunMilliseconds, SendFate, WhichDirections, WhichPaths,
};

pub const MS: u64 = 1_000_000;

pub fn ms(value: f64) -> Milliseconds {
    Milliseconds::new(value).expect("in range")
}

pub fn probability(value: f64) -> Probability {
    Probability::new(value).expect("in range")
}

/// A link of 100 ms without any law.
pub fn quiet_link() -> LinkModel {
    LinkModel::constant(ms(100.0))
}

pub fn lossy(loss: LossLaw) -> LinkModel {
    LinkModel {
        loss,
        ..quiet_link()
    }
}

pub fn jittery(jitter: DelayLaw, fifo: bool) -> LinkModel {
    LinkModel {
        jitter,
        fifo,
        ..quiet_link()
    }
}

pub fn paths(a: LinkModel, b: LinkModel) -> [PathModel; 2] {
    [("A", a), ("B", b)].map(|(name, link)| PathModel {
        name: name.into(),
        up: link.clone(),
        down: link,
    })
}

pub fn network(a: LinkModel, faults: FaultSchedule, seed: u64) -> Network<[u8; 8]> {
    let mut network =
        Network::new(&paths(a, quiet_link()), faults, seed).expect("the model is valid");
    // Tests of laws send all before anything is taken out.
    network.limit_in_flight(usize::MAX);
    network
}

pub fn fault(at_ms: f64, for_ms: f64, kind: FaultKind) -> Fault {
    Fault {
        at_ms: RunMilliseconds::new(at_ms).expect("in range"),
        for_ms: RunMilliseconds::new(for_ms).expect("in range"),
        paths: WhichPaths::A,
        direction: WhichDirections::Both,
        kind,
    }
}

pub fn schedule(faults: Vec<Fault>) -> FaultSchedule {
    FaultSchedule {
        faults,
        ..FaultSchedule::default()
    }
}

/// Sends a packet each millisecond up path A and tells the fate of each.
pub fn fates(network: &mut Network<[u8; 8]>, packets: u64) -> Vec<SendFate> {
    (0..packets)
        .map(|packet| network.send(packet * MS, 0, Direction::Up, packet.to_le_bytes()))
        .collect()
}

/// Everything that arrives at all: (time ns, packet, copy).
pub fn arrivals(network: &mut Network<[u8; 8]>) -> Vec<(u64, u64, u32)> {
    std::iter::from_fn(|| network.pop_due(u64::MAX, Direction::Up))
        .map(|arrival| (arrival.at_ns, arrival.packet, arrival.copy))
        .collect()
}

/// The delays above the base of 100 ms, ms.
pub fn delays_ms(fates: &[SendFate]) -> Vec<f64> {
    (0..)
        .zip(fates)
        .filter_map(|(packet, fate)| {
            let arrival_ns = fate.first_arrival_ns()?;
            Some((arrival_ns - packet * MS - 100 * MS) as f64 * 1e-6)
        })
        .collect()
}
