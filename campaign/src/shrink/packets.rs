//! What chance did on the links, written out packet by packet.

use std::collections::BTreeMap;

use net_model::{
    Direction, FaultSchedule, Milliseconds, Network, Otherwise, PATHS, PacketFate, PacketFault,
    Path,
};
use sim::state::{ConsoleEnd, RobotEnd};
use sim::{Keep, LoopFactory, Operation};

use crate::failure::{Failure, FailureError};

/// What the IPv4 and UDP headers add to a datagram on the wire.
const IP_AND_UDP_BYTES: u64 = 28;

/// Longer than any packet is under way, ns: a shadow network is emptied up to then.
const ALL_ARRIVED_NS: u64 = 7_200_000_000_000;

/// A schedule that says of each packet of a run what befell it, and that all others take the time that most take.
///
/// The links are a pure function of their laws, the seed and the times of sending: a second network is given the
/// same, and asked when everything arrives.
///
/// # Errors
/// As [`Failure::twin`].
pub(super) fn written_out(
    scenario: &Operation,
    failure: &Failure,
    make_loop: &LoopFactory,
) -> Result<FaultSchedule, FailureError> {
    let operation = failure.operation(scenario)?;
    let mut twin = failure.twin(scenario, make_loop, Keep::default())?;
    let shadow = Network::new(&operation.paths, failure.schedule.clone(), failure.seed);
    let mut shadow: Network<&[u8]> =
        shadow.map_err(|error| FailureError::Build(sim::BuildError::Network(error)))?;
    let mut sent: BTreeMap<(usize, usize, u64), Sent> = BTreeMap::new();
    let mut numbers = [[0_u64; 2]; PATHS];
    while !twin.is_over() {
        let now_ns = twin.now_ns();
        twin.step();
        let world = twin.world();
        let outgoing = world.resource::<ConsoleEnd>().outgoing;
        let output = &world.resource::<RobotEnd>().output;
        let mut send = |path: usize, direction: Direction, bytes: usize| {
            let number = &mut numbers[path][direction.index()];
            let key = (path, direction.index(), *number);
            *number += 1;
            sent.insert(
                key,
                Sent {
                    at_ns: now_ns,
                    arrivals_ns: Vec::new(),
                },
            );
            let wire_bytes = bytes as u64 + IP_AND_UDP_BYTES;
            shadow.send_sized(now_ns, path, direction, &[][..], wire_bytes);
        };
        for path in 0..PATHS {
            if let Some(outgoing) = &outgoing {
                let datagrams = outgoing.hello.iter().chain(&outgoing.paths[path]);
                datagrams.for_each(|datagram| send(path, Direction::Up, datagram.as_ref().len()));
            }
        }
        for bytes in [
            output.welcome.map(|frame| frame.len()),
            output.status.map(|frame| frame.len()),
        ]
        .into_iter()
        .flatten()
        {
            (0..PATHS).for_each(|path| send(path, Direction::Down, bytes));
        }
    }
    for direction in Direction::ALL {
        while let Some(arrival) = shadow.pop_due(ALL_ARRIVED_NS, direction) {
            let key = (arrival.path, direction.index(), arrival.packet);
            if let Some(sent) = sent.get_mut(&key) {
                sent.arrivals_ns.push(arrival.at_ns);
            }
        }
    }
    Ok(schedule_of(&sent, failure.violated_at_ns))
}

struct Sent {
    at_ns: u64,
    arrivals_ns: Vec<u64>,
}

fn schedule_of(sent: &BTreeMap<(usize, usize, u64), Sent>, until_ns: u64) -> FaultSchedule {
    let delays = sent.values().filter_map(|sent| {
        let first_ns = sent.arrivals_ns.iter().min()?;
        Some(first_ns.saturating_sub(sent.at_ns))
    });
    // The least delay of all: whole milliseconds, so that the file reads well.
    let usual_ms = Milliseconds::clamped(libm::floor(delays.min().unwrap_or(0) as f64 * 1e-6));
    let mut packets = Vec::new();
    for (&(path, direction, number), sent) in sent {
        let mut arrivals_ns: Vec<u64> = sent
            .arrivals_ns
            .iter()
            .copied()
            .filter(|&at_ns| at_ns <= until_ns)
            .collect();
        arrivals_ns.sort_unstable();
        let (path, direction) = (Path::ALL[path.min(1)], Direction::ALL[direction.min(1)]);
        let mut push = |fate| {
            packets.push(PacketFault {
                path,
                direction,
                number,
                fate,
            });
        };
        let Some(&first_ns) = arrivals_ns.first() else {
            push(PacketFate::Lose);
            continue;
        };
        let ms_between = |from_ns: u64, to_ns: u64| {
            Milliseconds::clamped(to_ns.saturating_sub(from_ns) as f64 * 1e-6)
        };
        let ms = ms_between(sent.at_ns, first_ns);
        if ms != usual_ms {
            push(PacketFate::Deliver { ms });
        }
        for &again_ns in &arrivals_ns[1..] {
            let ms = ms_between(first_ns, again_ns);
            push(PacketFate::Duplicate { ms });
        }
    }
    FaultSchedule {
        faults: Vec::new(),
        packets,
        otherwise: Otherwise::Deliver { ms: usual_ms },
        ..FaultSchedule::default()
    }
}
