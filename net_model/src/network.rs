//! The machine: both paths, both directions, and everything that is under way.

use std::fmt;

use crate::fault::FaultSchedule;
use crate::link::Link;
use crate::model::PathModel;
use crate::queue::Queue;
use crate::{Direction, PATHS, Path};

/// Two paths, each with an uplink and a downlink. A copy continues bit for bit as the original would.
#[derive(Clone)]
pub struct Network<P> {
    /// By path, then direction.
    links: [[Link; 2]; PATHS],
    /// By direction.
    queues: [Queue<P>; 2],
    /// By path, then direction.
    counters: [[LinkCounters; 2]; PATHS],
}

/// Something that has come through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival<P> {
    /// When it came through, ns.
    pub at_ns: u64,
    /// By which path.
    pub path: usize,
    /// Its number: the n-th sent on that path in that direction, from 0.
    pub packet: u64,
    /// 0 for the original, then the copies.
    pub copy: u32,
    /// What was sent.
    pub payload: P,
}

/// What becomes of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendFate {
    /// It will never arrive.
    Lost(LossReason),
    /// It will arrive, once or several times.
    Scheduled {
        /// When the first copy arrives, ns.
        first_arrival_ns: u64,
        /// How many copies arrive, the original included.
        copies: u32,
    },
}

impl SendFate {
    /// When the first copy arrives, unless the packet is lost.
    pub fn first_arrival_ns(&self) -> Option<u64> {
        match self {
            Self::Lost(_) => None,
            Self::Scheduled {
                first_arrival_ns, ..
            } => Some(*first_arrival_ns),
        }
    }
}

/// Why a packet is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LossReason {
    /// By the link's own law, or by the measured trace.
    Law,
    /// The link was cut.
    Outage,
    /// By a fault of the schedule.
    Fault,
}

/// What went through a link so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkCounters {
    /// Packets sent.
    pub sent: u64,
    /// Packets lost.
    pub lost: u64,
    /// Copies delivered, originals included.
    pub delivered: u64,
}

/// Why a network cannot be built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelError {
    /// A measured trace was named and never read.
    TraceNotRead {
        /// Its file.
        file: String,
    },
}

impl fmt::Display for ModelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TraceNotRead { file } => {
                write!(
                    f,
                    "the trace {file} was not read: resolve the path model first"
                )
            }
        }
    }
}

impl std::error::Error for ModelError {}

impl<P: Clone> Network<P> {
    /// Builds both paths; every random source has a stream of its own, keyed by the seed and its name.
    ///
    /// # Errors
    /// [`ModelError`] when a trace was not resolved.
    pub fn new(
        models: &[PathModel; PATHS],
        faults: FaultSchedule,
        seed: u64,
    ) -> Result<Self, ModelError> {
        let [a, b] = models;
        let links = |path: Path, model: &PathModel| {
            Ok([
                Link::new(&model.up, &faults, path, Direction::Up, seed)?,
                Link::new(&model.down, &faults, path, Direction::Down, seed)?,
            ])
        };
        Ok(Self {
            links: [links(Path::A, a)?, links(Path::B, b)?],
            queues: [Queue::new(), Queue::new()],
            counters: Default::default(),
        })
    }

    /// Sends a packet; times must not run backwards.
    ///
    /// # Panics
    /// `path` is not below [`PATHS`].
    pub fn send(&mut self, now_ns: u64, path: usize, direction: Direction, payload: P) -> SendFate {
        let link = &mut self.links[path][direction.index()];
        let counters = &mut self.counters[path][direction.index()];
        counters.sent += 1;
        let mut copies_ns = [0; COPIES_MAX];
        let mut copies = 0;
        let passage = link.send(now_ns, |at_ns| {
            if let Some(copy_ns) = copies_ns.get_mut(copies) {
                *copy_ns = at_ns;
                copies += 1;
            }
        });
        let passage = match passage {
            Ok(passage) => passage,
            Err(reason) => {
                counters.lost += 1;
                return SendFate::Lost(reason);
            }
        };
        let queue = &mut self.queues[direction.index()];
        let stored = queue.store(path as u32, passage.packet, payload);
        queue.schedule(stored, passage.at_ns, 0);
        for (copy, &at_ns) in (1..).zip(&copies_ns[..copies]) {
            queue.schedule(stored, at_ns, copy);
        }
        SendFate::Scheduled {
            first_arrival_ns: passage.at_ns,
            copies: copies as u32 + 1,
        }
    }

    /// Takes the next arrival that is due by now, in the order of (time, id).
    pub fn pop_due(&mut self, now_ns: u64, direction: Direction) -> Option<Arrival<P>> {
        let (travelling, payload) = self.queues[direction.index()].pop_due(now_ns)?;
        let path = travelling.path as usize;
        self.counters[path][direction.index()].delivered += 1;
        Some(Arrival {
            at_ns: travelling.at_ns,
            path,
            packet: travelling.packet,
            copy: travelling.copy,
            payload,
        })
    }

    /// When the next arrival in a direction is due, if anything is under way.
    pub fn next_arrival_ns(&self, direction: Direction) -> Option<u64> {
        self.queues[direction.index()].next_arrival_ns()
    }

    /// What went through a link so far.
    ///
    /// # Panics
    /// `path` is not below [`PATHS`].
    pub fn counters(&self, path: usize, direction: Direction) -> LinkCounters {
        self.counters[path][direction.index()]
    }

    /// Folds the whole state: streams, chains, and every packet under way.
    pub fn digest(&self, sink: &mut impl FnMut(&[u8]))
    where
        P: AsRef<[u8]>,
    {
        for link in self.links.iter().flatten() {
            link.digest(sink);
        }
        for queue in &self.queues {
            queue.digest(sink);
        }
    }
}

/// Further copies of one packet: those of the link's laws and those of faults.
const COPIES_MAX: usize = 21;
