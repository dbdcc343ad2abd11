//! The newest packets and what became of them, for whoever draws the traffic. No part of the state: nothing reads it but
//! eyes, and a run with it is bit for bit the run without.

use std::collections::VecDeque;

use bevy_ecs::prelude::Resource;
use control_loop::Verdict;
use net_model::{Direction, PATHS};

/// Packets remembered.
const REMEMBERED: usize = 16_384;

/// The newest packets, in the order in which they were sent.
#[derive(Resource, Clone, Default)]
pub struct PacketLog {
    packets: VecDeque<PacketSeen>,
    /// Packets sent so far, by path and direction.
    numbers: [[u64; 2]; PATHS],
}

/// One packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PacketSeen {
    /// The path, 0 or 1.
    pub path: usize,
    /// Command or status.
    pub direction: Direction,
    /// Its number on its path and direction; of an attacker's own none.
    pub number: Option<u64>,
    /// When it was sent, ns.
    pub sent_ns: u64,
    /// When its first copy arrives, as the network decided when it was sent, ns; `None` of a lost one.
    pub arrives_ns: Option<u64>,
    /// Whether an attacker made it, altered it or sent it again.
    pub is_hostile: bool,
    /// What the robot said of its first copy; `None` while it is under way, and of statuses.
    pub verdict: Option<Verdict>,
}

impl PacketLog {
    /// The packets, oldest first.
    pub fn packets(&self) -> impl DoubleEndedIterator<Item = &PacketSeen> {
        self.packets.iter()
    }

    pub(crate) fn note_sent(
        &mut self,
        now_ns: u64,
        path: usize,
        direction: Direction,
        arrives_ns: Option<u64>,
    ) {
        let number = &mut self.numbers[path][direction.index()];
        let sent = PacketSeen {
            path,
            direction,
            number: Some(*number),
            sent_ns: now_ns,
            arrives_ns,
            is_hostile: false,
            verdict: None,
        };
        *number += 1;
        self.remember(sent);
    }

    /// What the robot said of an arrival: the `number`-th packet of its path if it is the network's.
    pub(crate) fn note_verdict(
        &mut self,
        now_ns: u64,
        path: usize,
        number: Option<u64>,
        verdict: Verdict,
    ) {
        let is_it = |packet: &&mut PacketSeen| {
            packet.number == number
                && packet.path == path
                && packet.direction == Direction::Up
                && packet.verdict.is_none()
        };
        match number {
            Some(_) => {
                if let Some(packet) = self.packets.iter_mut().rev().find(is_it) {
                    packet.verdict = Some(verdict);
                }
            }
            // The attacker stands at the robot's door: it is sent and there at once.
            None => self.remember(PacketSeen {
                path,
                direction: Direction::Up,
                number: None,
                sent_ns: now_ns,
                arrives_ns: Some(now_ns),
                is_hostile: true,
                verdict: Some(verdict),
            }),
        }
    }

    fn remember(&mut self, packet: PacketSeen) {
        if self.packets.len() == REMEMBERED {
            self.packets.pop_front();
        }
        self.packets.push_back(packet);
    }
}
