//! Packets under way in one direction, taken out by (time, id).
//!
//! A payload lies in a slab and does not move while it is under way; what is sorted are 32-byte keys. A copy is a second
//! key to the same slot. Keys that come in order (nearly all, on links that keep order) go to the end of their path's lane,
//! where adding and taking cost nothing; the rest go to a heap.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::PATHS;
use crate::network::Arrival;

/// Most packets and copies under way in one direction: four minutes of a clog at 1 kHz. Beyond it, packets are lost.
pub(crate) const IN_FLIGHT_MAX: usize = 1 << 18;

#[derive(Clone, Debug)]
pub(crate) struct Queue<P> {
    slots: Vec<Slot<P>>,
    free: Vec<u32>,
    lanes: [VecDeque<Key>; PATHS],
    heap: BinaryHeap<Reverse<Key>>,
    next_id: u64,
    /// The sum of the marks of everything under way: a digest of the contents, whatever the layout.
    contents: u64,
}

#[derive(Clone, Debug)]
struct Slot<P> {
    payload: Option<P>,
    packet: u64,
    path: u32,
    /// Keys that point here.
    keys: u32,
}

/// Compared by time, then id; no two keys share an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    at_ns: u64,
    id: u64,
    slot: u32,
    copy: u32,
    mark: u64,
}

enum Place {
    Lane(usize),
    Heap,
}

impl<P> Queue<P> {
    pub(crate) fn new() -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            lanes: [VecDeque::new(), VecDeque::new()],
            heap: BinaryHeap::new(),
            next_id: 0,
            contents: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.heap.len() + self.lanes.iter().map(VecDeque::len).sum::<usize>()
    }

    pub(crate) fn next_at_ns(&self) -> Option<u64> {
        self.earliest().map(|(key, _)| key.at_ns)
    }

    /// The numbers that stand for everything under way.
    pub(crate) fn words(&self) -> [u64; 3] {
        [self.contents, self.next_id, self.len() as u64]
    }

    fn earliest(&self) -> Option<(Key, Place)> {
        let mut earliest = self.heap.peek().map(|Reverse(key)| (*key, Place::Heap));
        for (path, lane) in self.lanes.iter().enumerate() {
            if let Some(key) = lane.front()
                && earliest.as_ref().is_none_or(|(least, _)| key < least)
            {
                earliest = Some((*key, Place::Lane(path)));
            }
        }
        earliest
    }

    fn add_key(&mut self, at_ns: u64, slot: u32, copy: u32, payload_mark: u64, in_line: Option<usize>) {
        let id = self.next_id;
        self.next_id += 1;
        let mut bytes = [0; 24];
        bytes[..8].copy_from_slice(&at_ns.to_le_bytes());
        bytes[8..16].copy_from_slice(&id.to_le_bytes());
        bytes[16..].copy_from_slice(&u64::from(copy).to_le_bytes());
        let mark = xxh3_64_with_seed(&bytes, payload_mark);
        self.contents = self.contents.wrapping_add(mark);

        let key = Key { at_ns, id, slot, copy, mark };
        if let Some(lane) = in_line.and_then(|path| self.lanes.get_mut(path))
            && lane.back().is_none_or(|last| *last < key)
        {
            lane.push_back(key);
        } else {
            self.heap.push(Reverse(key));
        }
    }
}

impl<P: AsRef<[u8]>> Queue<P> {
    /// Puts a packet and its copies under way. `in_line`: its arrival follows the order of its link.
    pub(crate) fn push(
        &mut self,
        path: usize,
        packet: u64,
        payload: P,
        arrival_ns: u64,
        in_line: bool,
        copies: &[u64],
    ) {
        // The mark covers what is delivered: the bytes, and where they come from.
        let mut bytes = [0; 24];
        bytes[..8].copy_from_slice(&xxh3_64(payload.as_ref()).to_le_bytes());
        bytes[8..16].copy_from_slice(&packet.to_le_bytes());
        bytes[16..].copy_from_slice(&(path as u64).to_le_bytes());
        let payload_mark = xxh3_64(&bytes);

        let filled = Slot { payload: Some(payload), packet, path: path as u32, keys: 1 + copies.len() as u32 };
        let slot = match self.free.pop() {
            Some(slot) => {
                self.slots[slot as usize] = filled;
                slot
            }
            None => {
                self.slots.push(filled);
                (self.slots.len() - 1) as u32
            }
        };
        self.add_key(arrival_ns, slot, 0, payload_mark, in_line.then_some(path));
        for (index, at_ns) in copies.iter().enumerate() {
            self.add_key(*at_ns, slot, index as u32 + 1, payload_mark, None);
        }
    }
}

impl<P: Clone> Queue<P> {
    pub(crate) fn pop_due(&mut self, now_ns: u64) -> Option<Arrival<P>> {
        let (key, place) = self.earliest().filter(|(key, _)| key.at_ns <= now_ns)?;
        match place {
            Place::Lane(path) => {
                self.lanes[path].pop_front();
            }
            Place::Heap => {
                self.heap.pop();
            }
        }
        self.contents = self.contents.wrapping_sub(key.mark);

        let slot = &mut self.slots[key.slot as usize];
        slot.keys -= 1;
        // The last key takes the payload itself; a slot holds one as long as a key points to it.
        let payload = if slot.keys == 0 {
            self.free.push(key.slot);
            slot.payload.take()
        } else {
            slot.payload.clone()
        }?;
        Some(Arrival { at_ns: key.at_ns, path: slot.path as usize, packet: slot.packet, copy: key.copy, payload })
    }
}
