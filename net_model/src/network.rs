//! Two paths, each with a link each way, and everything under way on them.

use std::fmt;

use crate::fault::FaultSchedule;
use crate::link::Link;
use crate::model::PathModel;
use crate::queue::{IN_FLIGHT_MAX, Queue};
use crate::{Direction, PATHS, Path};

/// The network between console and robot. Sans-IO: the caller says what time it is. A clone is a snapshot, and goes on
/// exactly as the original would have.
///
/// `P` is what travels. Its bytes go into the digest.
#[derive(Clone, Debug)]
pub struct Network<P> {
    /// By path, then direction.
    links: [[Link; 2]; PATHS],
    /// By direction.
    under_way: [Queue<P>; 2],
    /// Scratch space of `send`, empty between calls.
    copies: Vec<u64>,
}

/// What became of a packet at the moment it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendFate {
    /// It never arrives.
    Lost(LossReason),
    /// It is under way.
    Scheduled {
        /// When it first arrives, in ns.
        first_arrival_ns: u64,
        /// How many more times it arrives.
        copies: u32,
    },
}

/// Why a packet never arrives. If there are several reasons, the first of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LossReason {
    /// A fault of this very packet.
    PacketFault,
    /// An outage.
    Outage,
    /// A spell of loss.
    LossStorm,
    /// The measured path lost it.
    Trace,
    /// The link's own loss law.
    Law,
    /// Too much is under way already (2^18 packets and copies a direction).
    QueueFull,
    /// There is no path of that number.
    NoSuchPath,
}

/// A packet or a copy of one, delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival<P> {
    /// When, in ns.
    pub at_ns: u64,
    /// On which path.
    pub path: usize,
    /// Its number among the packets sent on that path in that direction, from 0.
    pub packet: u64,
    /// 0 for the original; 1, 2, … for copies.
    pub copy: u32,
    /// What was sent.
    pub payload: P,
}

/// What one link has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkCounters {
    /// Packets handed to it.
    pub sent: u64,
    /// Of these, never to arrive.
    pub lost: u64,
    /// Copies made.
    pub copies: u64,
    /// Packets and copies taken out at the far end.
    pub delivered: u64,
}

impl LinkCounters {
    pub(crate) fn words(&self) -> [u64; 4] {
        [self.sent, self.lost, self.copies, self.delivered]
    }
}

/// Why models make no network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelError {
    /// A link replays a trace that was never read, or mixes delays whose weights and rates do not fit.
    DelayLaw {
        /// The path's name.
        path: String,
        /// Which of its links.
        direction: Direction,
    },
}

impl fmt::Display for ModelError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DelayLaw { path, direction } => write!(
                out,
                "path {path:?}, {}: the delay law cannot be used: a trace must be read first (PathModel::resolve), and a \
                 hyperexponential needs as many rates as weights that add up to 1",
                direction.name()
            ),
        }
    }
}

impl std::error::Error for ModelError {}

impl<P> Network<P> {
    /// A network at time 0. The faults need not be sorted.
    pub fn new(models: &[PathModel; PATHS], faults: FaultSchedule, seed: u64) -> Result<Self, ModelError> {
        let link = |path: Path, direction: Direction| {
            let model = &models[path.index()];
            let link_model = match direction {
                Direction::Up => &model.up,
                Direction::Down => &model.down,
            };
            Link::new(link_model, &faults, path, direction, seed)
                .ok_or_else(|| ModelError::DelayLaw { path: model.name.clone(), direction })
        };
        let [a, b] = Path::ALL;
        Ok(Self {
            links: [
                [link(a, Direction::Up)?, link(a, Direction::Down)?],
                [link(b, Direction::Up)?, link(b, Direction::Down)?],
            ],
            under_way: [Queue::new(), Queue::new()],
            copies: Vec::new(),
        })
    }

    /// What a link has done so far; all zero for a path that does not exist.
    pub fn counters(&self, path: usize, direction: Direction) -> LinkCounters {
        self.links.get(path).map_or_else(LinkCounters::default, |links| links[direction.index()].counters)
    }

    /// How many packets and copies are under way in a direction.
    pub fn in_flight(&self, direction: Direction) -> usize {
        self.under_way[direction.index()].len()
    }

    /// When the next packet or copy arrives in a direction.
    pub fn next_arrival_ns(&self, direction: Direction) -> Option<u64> {
        self.under_way[direction.index()].next_at_ns()
    }

    /// Hands all state that decides the future to `sink`, a few hundred bytes: positions of the random streams, loss states,
    /// counters, and a sum over everything under way (time, id, path, number, copy, bytes). Its cost does not grow with
    /// the number of packets under way. The models and the faults are inputs, not state, and are not part of it.
    pub fn digest(&self, sink: &mut impl FnMut(&[u8])) {
        let mut word = |word: u64| sink(&word.to_le_bytes());
        for link in self.links.iter().flatten() {
            link.fold(&mut word);
        }
        for queue in &self.under_way {
            for number in queue.words() {
                word(number);
            }
        }
    }
}

impl<P: AsRef<[u8]>> Network<P> {
    /// Sends a packet. Its fate is decided here and now. Times must not run backwards on a link; one that does counts
    /// as the latest so far.
    pub fn send(&mut self, now_ns: u64, path: usize, direction: Direction, payload: P) -> SendFate {
        let Some(links) = self.links.get_mut(path) else {
            return SendFate::Lost(LossReason::NoSuchPath);
        };
        let link = &mut links[direction.index()];
        let queue = &mut self.under_way[direction.index()];

        let packet = link.counters.sent;
        self.copies.clear();
        let passage = match link.send(now_ns, &mut self.copies) {
            Ok(_) if queue.len() + self.copies.len() >= IN_FLIGHT_MAX => Err(LossReason::QueueFull),
            other => other,
        };
        match passage {
            Err(reason) => {
                link.counters.lost += 1;
                SendFate::Lost(reason)
            }
            Ok(passage) => {
                let copies = self.copies.len() as u32;
                link.counters.copies += u64::from(copies);
                queue.push(path, packet, payload, passage.arrival_ns, passage.in_line, &self.copies);
                SendFate::Scheduled { first_arrival_ns: passage.arrival_ns, copies }
            }
        }
    }
}

impl<P: Clone> Network<P> {
    /// The next packet or copy that has arrived by now in a direction, by (time, id): of two that arrive at once, the one
    /// sent first.
    pub fn pop_due(&mut self, now_ns: u64, direction: Direction) -> Option<Arrival<P>> {
        let arrival = self.under_way[direction.index()].pop_due(now_ns)?;
        self.links[arrival.path][direction.index()].counters.delivered += 1;
        Some(arrival)
    }
}
