//! Packets under way: small keys ordered by (time, id), payloads stored once however many copies travel.
//!
//! Most packets of a path arrive in the order in which they were sent, or nearly so. Those stand in a lane, one a path,
//! that is always sorted: a new one goes to its end or a few places before it. Copies, detours and what jitter throws
//! far back go into a heap. The next arrival is the least of the lanes' fronts and the heap's top, so the order is
//! exact, and the usual packet costs no heap.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use crate::PATHS;

/// One copy of a packet on its way. The order of the fields is the order of arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Travelling {
    at_ns: u64,
    /// Counts every copy ever scheduled: of two that arrive together, the one scheduled first.
    id: u64,
    slot: u32,
    copy: u32,
}

/// Something that has come through, but for its time and place.
pub(crate) struct Due<P> {
    pub at_ns: u64,
    pub path: usize,
    pub packet: u64,
    pub copy: u32,
    pub payload: P,
}

/// What is under way in one direction.
#[derive(Clone)]
pub(crate) struct Queue<P> {
    lanes: [VecDeque<Travelling>; PATHS],
    strays: BinaryHeap<Reverse<Travelling>>,
    stored: Vec<Stored<P>>,
    free: Vec<u32>,
    scheduled: u64,
    /// The most copies that may be under way.
    limit: usize,
}

#[derive(Clone)]
struct Stored<P> {
    payload: Option<P>,
    packet: u64,
    path: u32,
    copies: u32,
}

/// How many places before the end of a lane a packet may be put in; a farther one goes into the heap.
const STEPS_BACK: usize = 8;

/// Where the next copy to arrive stands.
#[derive(Clone, Copy)]
enum Place {
    Lane(usize),
    Strays,
}

impl<P: Clone> Queue<P> {
    pub fn new(limit: usize) -> Self {
        Self {
            lanes: Default::default(),
            strays: BinaryHeap::new(),
            stored: Vec::new(),
            free: Vec::new(),
            scheduled: 0,
            limit,
        }
    }

    pub fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// How many copies are under way.
    pub fn len(&self) -> usize {
        self.lanes.iter().map(VecDeque::len).sum::<usize>() + self.strays.len()
    }

    /// Takes a packet whose original arrives at `at_ns` and whose copies at `copies_ns`, or as many of them in this order
    /// as there is room for: how many they are. `is_astray` says that `at_ns` is no guide to the packets around it.
    pub fn schedule(
        &mut self,
        path: usize,
        packet: u64,
        payload: P,
        at_ns: u64,
        is_astray: bool,
        copies_ns: &[u64],
    ) -> u32 {
        let room = self.limit.saturating_sub(self.len());
        let copies = (1 + copies_ns.len()).min(room) as u32;
        if copies == 0 {
            return 0;
        }
        let slot = self.store(Stored {
            payload: Some(payload),
            packet,
            path: path as u32,
            copies,
        });
        let original = self.travelling(at_ns, slot, 0);
        if is_astray {
            self.strays.push(Reverse(original));
        } else {
            self.line_up(path, original);
        }
        for (copy, &at_ns) in (1..copies).zip(copies_ns) {
            let travelling = self.travelling(at_ns, slot, copy);
            self.strays.push(Reverse(travelling));
        }
        copies
    }

    fn store(&mut self, stored: Stored<P>) -> u32 {
        match self.free.pop() {
            Some(slot) => {
                self.stored[slot as usize] = stored;
                slot
            }
            None => {
                self.stored.push(stored);
                (self.stored.len() - 1) as u32
            }
        }
    }

    fn travelling(&mut self, at_ns: u64, slot: u32, copy: u32) -> Travelling {
        let id = self.scheduled;
        self.scheduled += 1;
        Travelling {
            at_ns,
            id,
            slot,
            copy,
        }
    }

    /// Into the lane, if its place is near the end.
    fn line_up(&mut self, path: usize, one: Travelling) {
        let lane = &mut self.lanes[path];
        let mut place = lane.len();
        for _ in 0..STEPS_BACK {
            // Of two at one time the one scheduled first goes first, and that is the one in the lane.
            match place.checked_sub(1) {
                Some(before) if lane[before].at_ns > one.at_ns => place = before,
                _ => {
                    if place == lane.len() {
                        lane.push_back(one);
                    } else {
                        lane.insert(place, one);
                    }
                    return;
                }
            }
        }
        self.strays.push(Reverse(one));
    }

    /// The next copy to arrive.
    fn next(&self) -> Option<(Place, u64)> {
        let mut next: Option<(Place, &Travelling)> =
            self.strays.peek().map(|Reverse(one)| (Place::Strays, one));
        for (path, lane) in self.lanes.iter().enumerate() {
            if let Some(one) = lane.front()
                && next.is_none_or(|(_, other)| (one.at_ns, one.id) < (other.at_ns, other.id))
            {
                next = Some((Place::Lane(path), one));
            }
        }
        next.map(|(place, one)| (place, one.at_ns))
    }

    /// Takes the earliest copy that has arrived by now.
    pub fn pop_due(&mut self, now_ns: u64) -> Option<Due<P>> {
        let (place, at_ns) = self.next()?;
        if at_ns > now_ns {
            return None;
        }
        let travelling = match place {
            Place::Lane(path) => self.lanes[path].pop_front()?,
            Place::Strays => self.strays.pop()?.0,
        };
        let stored = &mut self.stored[travelling.slot as usize];
        stored.copies -= 1;
        let payload = if stored.copies > 0 {
            stored.payload.clone()
        } else {
            self.free.push(travelling.slot);
            stored.payload.take()
        };
        Some(Due {
            at_ns,
            path: stored.path as usize,
            packet: stored.packet,
            copy: travelling.copy,
            payload: payload?,
        })
    }

    /// When the next copy arrives.
    pub fn next_arrival_ns(&self) -> Option<u64> {
        self.next().map(|(_, at_ns)| at_ns)
    }

    /// Folds what is under way, in order of arrival.
    pub fn digest(&self, sink: &mut impl FnMut(&[u8]))
    where
        P: AsRef<[u8]>,
    {
        sink(&self.scheduled.to_le_bytes());
        let mut strays: Vec<&Travelling> = self.strays.iter().map(|Reverse(one)| one).collect();
        strays.sort_unstable();
        let [mut a, mut b] = [&self.lanes[0], &self.lanes[1]].map(|lane| lane.iter().peekable());
        let mut strays = strays.into_iter().peekable();
        loop {
            let fronts = [a.peek(), b.peek(), strays.peek()];
            let least = fronts
                .into_iter()
                .enumerate()
                .filter_map(|(source, one)| Some((*one?, source)))
                .min();
            let next = match least {
                Some((_, 0)) => a.next(),
                Some((_, 1)) => b.next(),
                Some(_) => strays.next(),
                None => return,
            };
            if let Some(one) = next {
                self.digest_one(one, sink);
            }
        }
    }

    fn digest_one(&self, one: &Travelling, sink: &mut impl FnMut(&[u8]))
    where
        P: AsRef<[u8]>,
    {
        let stored = &self.stored[one.slot as usize];
        let mut words = [0; 32];
        for (place, value) in words.chunks_exact_mut(8).zip([
            one.at_ns,
            one.id,
            u64::from(stored.path) << 32 | u64::from(one.copy),
            stored.packet,
        ]) {
            place.copy_from_slice(&value.to_le_bytes());
        }
        sink(&words);
        if let Some(payload) = &stored.payload {
            sink(payload.as_ref());
        }
    }
}
