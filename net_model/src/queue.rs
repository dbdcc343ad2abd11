//! Packets under way: small keys ordered by (time, id), payloads stored once however many copies travel.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// One copy of a packet on its way. The order of the fields is the order of arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Travelling {
    pub at_ns: u64,
    /// Counts every copy ever scheduled: of two that arrive together, the one scheduled first.
    pub id: u64,
    pub path: u32,
    pub copy: u32,
    pub packet: u64,
    slot: u32,
}

/// What is under way in one direction.
#[derive(Clone)]
pub(crate) struct Queue<P> {
    heap: BinaryHeap<Reverse<Travelling>>,
    payloads: Vec<Stored<P>>,
    free: Vec<u32>,
    scheduled: u64,
}

#[derive(Clone)]
struct Stored<P> {
    payload: Option<P>,
    copies: u32,
}

/// A packet whose copies are being scheduled.
#[derive(Clone, Copy)]
pub(crate) struct Packet {
    pub path: u32,
    pub packet: u64,
    slot: u32,
}

impl<P: Clone> Queue<P> {
    pub fn new() -> Self {
        Self {
            heap: BinaryHeap::new(),
            payloads: Vec::new(),
            free: Vec::new(),
            scheduled: 0,
        }
    }

    /// Stores a payload whose copies follow by [`Self::schedule`]; at least one must.
    pub fn store(&mut self, path: u32, packet: u64, payload: P) -> Packet {
        let stored = Stored {
            payload: Some(payload),
            copies: 0,
        };
        let slot = match self.free.pop() {
            Some(slot) => {
                self.payloads[slot as usize] = stored;
                slot
            }
            None => {
                self.payloads.push(stored);
                (self.payloads.len() - 1) as u32
            }
        };
        Packet { path, packet, slot }
    }

    /// Schedules one copy.
    pub fn schedule(&mut self, packet: Packet, at_ns: u64, copy: u32) {
        let Packet { path, packet, slot } = packet;
        self.payloads[slot as usize].copies += 1;
        let id = self.scheduled;
        self.scheduled += 1;
        self.heap.push(Reverse(Travelling {
            at_ns,
            id,
            path,
            copy,
            packet,
            slot,
        }));
    }

    /// Takes the earliest copy that has arrived by now.
    pub fn pop_due(&mut self, now_ns: u64) -> Option<(Travelling, P)> {
        if self.heap.peek()?.0.at_ns > now_ns {
            return None;
        }
        let Reverse(travelling) = self.heap.pop()?;
        let stored = &mut self.payloads[travelling.slot as usize];
        stored.copies -= 1;
        if stored.copies > 0 {
            return Some((travelling, stored.payload.clone()?));
        }
        self.free.push(travelling.slot);
        Some((travelling, stored.payload.take()?))
    }

    /// When the next copy arrives.
    pub fn next_arrival_ns(&self) -> Option<u64> {
        self.heap.peek().map(|next| next.0.at_ns)
    }

    /// Folds what is under way, in order of arrival.
    pub fn digest(&self, sink: &mut impl FnMut(&[u8]))
    where
        P: AsRef<[u8]>,
    {
        let mut travelling: Vec<Travelling> = self.heap.iter().map(|one| one.0).collect();
        travelling.sort_unstable();
        sink(&self.scheduled.to_le_bytes());
        for one in travelling {
            for value in [
                one.at_ns,
                one.id,
                u64::from(one.path),
                u64::from(one.copy),
                one.packet,
            ] {
                sink(&value.to_le_bytes());
            }
            if let Some(payload) = &self.payloads[one.slot as usize].payload {
                sink(payload.as_ref());
            }
        }
    }
}
