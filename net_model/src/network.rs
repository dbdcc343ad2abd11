//! The machine: both paths, both directions, and everything that is under way.

use std::fmt;

use crate::bottleneck::{LoadCounters, VideoCounters};
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
    /// When the copies of the packet that is being sent arrive: kept for its memory.
    copies_ns: Vec<u64>,
}

/// How many copies may be under way in one direction unless [`Network::limit_in_flight`] says otherwise: with two
/// paths of 500 packets a second, four minutes of delay.
pub const IN_FLIGHT_MAX: usize = 1 << 18;

/// Bytes of a packet on the wire if [`Network::send`] is not told: a frame of 172 bytes, as control frames of this size
/// are measured with, and 28 of IPv4 and UDP headers.
pub const DEFAULT_WIRE_BYTES: u64 = 200;

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
    /// The firewall at the way in dropped it.
    Policer,
    /// The queue at the bottleneck was full.
    QueueFull,
    /// By the law that grows with the time of queueing.
    Queueing,
    /// As many copies were under way as the model holds: [`IN_FLIGHT_MAX`]. Not the network's doing, but the twin's.
    InFlightLimit,
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
    /// Copies, originals included, that found as many under way as the model holds, and never arrive.
    pub beyond_limit: u64,
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
            queues: [Queue::new(IN_FLIGHT_MAX), Queue::new(IN_FLIGHT_MAX)],
            counters: Default::default(),
            copies_ns: Vec::new(),
        })
    }

    /// Gives every random source another key: what was drawn already (packets under way, stays that have begun, faults
    /// of the schedule) stays, and what comes from here on is independent of what would have come. For splitting, whose
    /// copies of a run must not all go on alike.
    pub fn rekey(&mut self, key: u64) {
        for path in Path::ALL {
            for direction in Direction::ALL {
                self.links[path.index()][direction.index()].rekey(path, direction, key);
            }
        }
    }

    /// Faults that begin at `now_ns` or later give way to those of `faults` that do; those that have begun go on, and so
    /// does congestion at a bottleneck, begun or not.
    pub fn replace_future_faults(&mut self, now_ns: u64, faults: &FaultSchedule, key: u64) {
        for path in Path::ALL {
            for direction in Direction::ALL {
                self.links[path.index()][direction.index()]
                    .replace_future_faults(now_ns, faults, path, direction, key);
            }
        }
    }

    /// Adds faults to a run that goes on, as a person does who cuts a path: those of `faults` from the `known`-th on, all of
    /// which begin at `now_ns` or later. With the run's own seed, the network does from here on exactly what it would have
    /// done had it been built with `faults`.
    pub fn add_faults(&mut self, now_ns: u64, faults: &FaultSchedule, known: usize, seed: u64) {
        for path in Path::ALL {
            for direction in Direction::ALL {
                let link = &mut self.links[path.index()][direction.index()];
                link.add_faults(now_ns, faults, known, (path, direction), seed);
            }
        }
    }

    /// Takes over from `faults`, the run's own schedule otherwise, when its faults end. Exact only for faults that do
    /// nothing before their end which depends on it: see [`FaultKind::may_end_early`](crate::FaultKind::may_end_early).
    pub fn end_faults(&mut self, faults: &FaultSchedule) {
        for path in Path::ALL {
            for direction in Direction::ALL {
                let link = &mut self.links[path.index()][direction.index()];
                link.end_faults(faults, path, direction);
            }
        }
    }

    /// Sets how many copies may be under way in each direction; those under way stay so.
    pub fn limit_in_flight(&mut self, copies: usize) {
        for queue in &mut self.queues {
            queue.set_limit(copies);
        }
    }

    /// Sends a packet of [`DEFAULT_WIRE_BYTES`]; times must not run backwards.
    ///
    /// # Panics
    /// `path` is not below [`PATHS`].
    pub fn send(&mut self, now_ns: u64, path: usize, direction: Direction, payload: P) -> SendFate {
        self.send_sized(now_ns, path, direction, payload, DEFAULT_WIRE_BYTES)
    }

    /// Sends a packet that takes `wire_bytes`, headers included, of policers and bottlenecks; times must not run
    /// backwards.
    ///
    /// # Panics
    /// `path` is not below [`PATHS`].
    pub fn send_sized(
        &mut self,
        now_ns: u64,
        path: usize,
        direction: Direction,
        payload: P,
        wire_bytes: u64,
    ) -> SendFate {
        let link = &mut self.links[path][direction.index()];
        let counters = &mut self.counters[path][direction.index()];
        counters.sent += 1;
        let passage = match link.send(now_ns, wire_bytes, &mut self.copies_ns) {
            Ok(passage) => passage,
            Err(reason) => {
                counters.lost += 1;
                return SendFate::Lost(reason);
            }
        };
        let copies = self.queues[direction.index()].schedule(
            path,
            passage.packet,
            payload,
            passage.at_ns,
            passage.is_astray,
            &self.copies_ns,
        );
        let wanted = self.copies_ns.len() as u64 + 1;
        counters.beyond_limit += wanted - u64::from(copies);
        if copies == 0 {
            counters.lost += 1;
            return SendFate::Lost(LossReason::InFlightLimit);
        }
        SendFate::Scheduled {
            first_arrival_ns: passage.at_ns,
            copies,
        }
    }

    /// Takes the next arrival that is due by now, in the order of (time, id).
    pub fn pop_due(&mut self, now_ns: u64, direction: Direction) -> Option<Arrival<P>> {
        let due = self.queues[direction.index()].pop_due(now_ns)?;
        self.counters[due.path][direction.index()].delivered += 1;
        Some(Arrival {
            at_ns: due.at_ns,
            path: due.path,
            packet: due.packet,
            copy: due.copy,
            payload: due.payload,
        })
    }

    /// How many copies are under way in a direction.
    pub fn in_flight(&self, direction: Direction) -> usize {
        self.queues[direction.index()].len()
    }

    /// Lets the other traffic at all bottlenecks come up to a moment; sending does so on its own link. Times must not
    /// run backwards.
    pub fn advance(&mut self, now_ns: u64) {
        for link in self.links.iter_mut().flatten() {
            link.advance(now_ns);
        }
    }

    /// What the other traffic at the bottleneck of a link met so far, and the video in it; nothing of a link without a
    /// bottleneck.
    ///
    /// # Panics
    /// `path` is not below [`PATHS`].
    pub fn load(&self, path: usize, direction: Direction) -> Option<(LoadCounters, VideoCounters)> {
        self.links[path][direction.index()].load()
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
