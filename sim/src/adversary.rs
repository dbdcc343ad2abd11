//! The attacker on the paths: captures what travels, and replays, forges, alters, reflects, floods, delays.
//!
//! It sits at the far end of each path, just before the robot's and the console's ear, so it sees exactly
//! what comes out and its own datagrams are subject to no loss: the strongest place. It reads headers, which
//! travel in clear, and knows neither the pre-shared key nor a session's.
//!
//! What it does and when is data ([`net_model::Attack`]); what is left to chance has a stream of its own.

use std::collections::VecDeque;

use bevy_ecs::prelude::Resource;
use control_loop::frame::{HEADER_BYTES, Kind, header_of};
use control_loop::{COMMAND_BYTES, STATUS_BYTES};
use net_model::{Arrival, Attack, AttackKind, Direction, PATHS, Path, Stream};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::state::{Datagram, Label};

/// Datagrams remembered of each path and direction: 500 a second and a copy of each fill it in eight
/// seconds or more.
const REMEMBERED: usize = 8_192;

/// The packet number of a datagram that no network carried.
pub(crate) const OF_AN_ATTACKER: u64 = u64::MAX;

/// How far ahead of the console's newest number a forgery claims to be at most: inside what a loop's
/// forward jump allows, so that nothing but its seal betrays it.
const LEAD: u64 = 1_000;

/// Where the sequence number stands in a header.
const SEQUENCE: core::ops::Range<usize> = 8..16;

/// Where the kind stands in a header.
const KIND: usize = 3;

/// The attacker.
#[derive(Resource, Clone)]
pub struct Adversary {
    attacks: Vec<Assault>,
    stream: Stream,
    /// What was captured, by path and direction, with the moment at which it came out.
    captured: [[VecDeque<(u64, Datagram)>; 2]; PATHS],
    /// What is held back, by direction.
    held: [Vec<Arrival<Datagram>>; 2],
    /// Whether it captures although no attack is planned: one may come by hand.
    listens: bool,
    /// Epoch and number of the newest command seen.
    seen: (u32, u64),
    digest: u64,
}

/// An attack, and how far it has come.
#[derive(Clone, Copy)]
struct Assault {
    attack: Attack,
    from_ns: u64,
    to_ns: u64,
    /// Datagrams sent so far, by path and direction.
    sent: [[u64; 2]; PATHS],
    /// Datagrams that were captured when it began, by path and direction.
    stock: Option<[[usize; 2]; PATHS]>,
}

/// The window of time that a tick looks at: what came out in it is new.
#[derive(Clone, Copy)]
struct Window {
    after_ns: u64,
    now_ns: u64,
}

impl Assault {
    fn new(attack: &Attack) -> Self {
        Self {
            attack: *attack,
            from_ns: attack.at_ms.ns(),
            to_ns: attack.at_ms.ns().saturating_add(attack.for_ms.ns()),
            sent: [[0; 2]; PATHS],
            stock: None,
        }
    }
}

impl Adversary {
    /// An attacker who does what a run's schedule says.
    pub fn new(attacks: &[Attack], seed: u64) -> Self {
        Self {
            attacks: attacks.iter().map(Assault::new).collect(),
            listens: false,
            stream: Stream::new(seed, "adversary"),
            captured: Default::default(),
            held: Default::default(),
            seen: (0, 0),
            digest: 0,
        }
    }

    /// Captures from now on, for attacks that are not planned yet.
    pub fn listen(&mut self) {
        self.listens = true;
    }

    /// Plans one more attack.
    pub fn add(&mut self, attack: &Attack) {
        self.attacks.push(Assault::new(attack));
    }

    /// Works on what came out of both paths in one direction in this tick: arrivals vanish, change, come
    /// twice, and others join them, in order of time.
    pub fn work(
        &mut self,
        now_ns: u64,
        tick_ns: u64,
        direction: Direction,
        arrivals: &mut Vec<Arrival<Datagram>>,
    ) {
        if self.attacks.is_empty() && !self.listens {
            return;
        }
        let window = Window {
            after_ns: now_ns.saturating_sub(tick_ns),
            now_ns,
        };
        self.capture(now_ns, direction, arrivals);
        self.tamper(now_ns, direction, arrivals);
        self.release(now_ns, direction, arrivals);
        self.inject(window, direction, arrivals);
        for arrival in arrivals.iter().filter(|arrival| arrival.payload.is_hostile) {
            self.digest = xxh3_64_with_seed(arrival.payload.as_ref(), self.digest);
        }
        // Stable: of one moment, what came out by itself is first.
        arrivals.sort_by_key(|arrival| arrival.at_ns);
    }

    /// Digest of all that it made, altered or sent again; 0 while there is nothing.
    pub fn digest(&self) -> u64 {
        self.digest
    }

    fn capture(&mut self, now_ns: u64, direction: Direction, arrivals: &[Arrival<Datagram>]) {
        for arrival in arrivals {
            let captured = &mut self.captured[arrival.path][direction.index()];
            if captured.len() == REMEMBERED {
                captured.pop_front();
            }
            captured.push_back((now_ns, arrival.payload));
            if let Some((Kind::Command, epoch, sequence)) = header_of(arrival.payload.as_ref()) {
                self.seen = self.seen.max((epoch, sequence));
            }
        }
    }

    /// Blocks, holds back, alters and exchanges what came out.
    fn tamper(&mut self, now_ns: u64, direction: Direction, arrivals: &mut Vec<Arrival<Datagram>>) {
        for index in 0..self.attacks.len() {
            let Assault {
                attack,
                from_ns,
                to_ns,
                ..
            } = self.attacks[index];
            if !(from_ns..to_ns).contains(&now_ns) || !attack.direction.contains(direction) {
                continue;
            }
            let strikes = |arrival: &Arrival<Datagram>| {
                attack.paths.contains(Path::ALL[arrival.path % PATHS])
            };
            let stream = &mut self.stream;
            match attack.kind {
                AttackKind::Block => arrivals.retain(|arrival| !strikes(arrival)),
                AttackKind::Swap => {
                    for arrival in arrivals.iter_mut().filter(|arrival| strikes(arrival)) {
                        arrival.path = PATHS - 1 - arrival.path;
                    }
                }
                AttackKind::Delay { probability, ms } => {
                    let held = &mut self.held[direction.index()];
                    arrivals.retain(|arrival| {
                        let is_held = strikes(arrival) && stream.uniform() < probability.get();
                        if is_held {
                            held.push(Arrival {
                                at_ns: now_ns.saturating_add(ms.ns()),
                                ..*arrival
                            });
                        }
                        !is_held
                    });
                }
                AttackKind::FlipBit { probability } => {
                    for arrival in arrivals.iter_mut().filter(|arrival| strikes(arrival)) {
                        if stream.uniform() < probability.get() {
                            arrival.payload = with_a_flipped_bit(&arrival.payload, stream);
                        }
                    }
                }
                AttackKind::Truncate { probability } => {
                    for arrival in arrivals.iter_mut().filter(|arrival| strikes(arrival)) {
                        if stream.uniform() < probability.get() {
                            arrival.payload = cut_short(&arrival.payload, stream);
                        }
                    }
                }
                AttackKind::Replay { .. }
                | AttackKind::Recording
                | AttackKind::Forge { .. }
                | AttackKind::Reflect
                | AttackKind::Flood { .. } => {}
            }
        }
    }

    /// Lets out what was held back until now.
    fn release(
        &mut self,
        now_ns: u64,
        direction: Direction,
        arrivals: &mut Vec<Arrival<Datagram>>,
    ) {
        self.held[direction.index()].retain(|held| {
            let is_due = held.at_ns <= now_ns;
            if is_due {
                arrivals.push(*held);
            }
            !is_due
        });
    }

    /// Sends datagrams of its own.
    fn inject(
        &mut self,
        window: Window,
        direction: Direction,
        arrivals: &mut Vec<Arrival<Datagram>>,
    ) {
        for index in 0..self.attacks.len() {
            let mut assault = self.attacks[index];
            if !(assault.from_ns..assault.to_ns).contains(&window.now_ns)
                || !assault.attack.direction.contains(direction)
            {
                continue;
            }
            if assault.stock.is_none() {
                let stock = self
                    .captured
                    .each_ref()
                    .map(|path| path.each_ref().map(VecDeque::len));
                assault.stock = Some(stock);
            }
            for path in Path::ALL {
                if assault.attack.paths.contains(path) {
                    self.inject_on(&mut assault, window, path.index(), direction, arrivals);
                }
            }
            self.attacks[index] = assault;
        }
    }

    fn inject_on(
        &mut self,
        assault: &mut Assault,
        window: Window,
        path: usize,
        direction: Direction,
        arrivals: &mut Vec<Arrival<Datagram>>,
    ) {
        let way = direction.index();
        let mut send = |at_ns, payload: Datagram| {
            arrivals.push(Arrival {
                at_ns,
                path,
                packet: OF_AN_ATTACKER,
                copy: 0,
                payload,
            });
        };
        let elapsed_ns = window.now_ns - assault.from_ns;
        match assault.attack.kind {
            AttackKind::Replay { back_ms } => {
                let captured = &self.captured[path][way];
                let moment = |ns: u64| ns.checked_sub(back_ms.ns());
                let Some(until_ns) = moment(window.now_ns) else {
                    return;
                };
                let first = captured.partition_point(|(at_ns, _)| {
                    moment(window.after_ns).is_some_and(|after_ns| *at_ns <= after_ns)
                });
                let replayed = captured.iter().skip(first);
                for (at_ns, datagram) in replayed.take_while(|(at_ns, _)| *at_ns <= until_ns) {
                    send(at_ns + back_ms.ns(), datagram.sent_again());
                }
            }
            AttackKind::Recording => {
                let stock = assault.stock.map_or(0, |stock| stock[path][way]);
                let length_ns = (assault.to_ns - assault.from_ns).max(1);
                let wanted =
                    (stock as u128 * u128::from(elapsed_ns) / u128::from(length_ns)) as u64;
                // What has been captured since has pushed the oldest out: they are lost to the attacker.
                let captured = &self.captured[path][way];
                for place in assault.sent[path][way]..wanted {
                    if let Some((_, datagram)) = captured.get(place as usize) {
                        send(window.now_ns, datagram.sent_again());
                    }
                }
                assault.sent[path][way] = wanted;
            }
            AttackKind::Reflect => {
                let captured = &self.captured[path][1 - way];
                let new = captured.iter().rev();
                for (at_ns, datagram) in new.take_while(|(at_ns, _)| *at_ns > window.after_ns) {
                    send(*at_ns, Datagram::hostile(datagram.as_ref()));
                    send(*at_ns, disguised(datagram, direction));
                }
            }
            AttackKind::Forge { per_second } | AttackKind::Flood { per_second } => {
                let is_flood = matches!(assault.attack.kind, AttackKind::Flood { .. });
                let wanted = (per_second.get() * elapsed_ns as f64 * 1e-9) as u64;
                let count = wanted.saturating_sub(assault.sent[path][way]);
                let newest = self.captured[path][way]
                    .back()
                    .map(|(_, datagram)| *datagram);
                let length_ns = window.now_ns - window.after_ns;
                for number in 0..count {
                    let at_ns = window.after_ns + length_ns * (number + 1) / (count + 1);
                    let lead = self.seen.1 + 1 + self.stream.below(LEAD);
                    if is_flood && let Some(newest) = newest {
                        send(at_ns, renumbered(&newest, lead));
                    } else if !is_flood {
                        let (epoch, stream) = (self.seen.0, &mut self.stream);
                        send(at_ns, forged(direction, epoch, lead, stream));
                    }
                }
                assault.sent[path][way] = wanted;
            }
            AttackKind::FlipBit { .. }
            | AttackKind::Truncate { .. }
            | AttackKind::Delay { .. }
            | AttackKind::Swap
            | AttackKind::Block => {}
        }
    }
}

fn with_a_flipped_bit(datagram: &Datagram, stream: &mut Stream) -> Datagram {
    let mut bytes = datagram.as_ref().to_vec();
    if !bytes.is_empty() {
        let bit = stream.below(bytes.len() as u64 * 8) as usize;
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
    Datagram::hostile(&bytes)
}

fn cut_short(datagram: &Datagram, stream: &mut Stream) -> Datagram {
    let bytes = datagram.as_ref();
    let length = stream.below(bytes.len().max(1) as u64) as usize;
    Datagram::hostile(&bytes[..length])
}

/// A frame of the other way that claims to be one of this way.
fn disguised(datagram: &Datagram, direction: Direction) -> Datagram {
    let (kind, length) = frame_of(direction);
    let mut bytes = datagram.as_ref().to_vec();
    bytes.resize(length, 0);
    bytes[KIND] = kind;
    Datagram::hostile(&bytes)
}

fn renumbered(datagram: &Datagram, sequence: u64) -> Datagram {
    let mut bytes = datagram.as_ref().to_vec();
    if let Some(place) = bytes.get_mut(SEQUENCE) {
        place.copy_from_slice(&sequence.to_le_bytes());
    }
    Datagram::hostile(&bytes)
}

fn forged(direction: Direction, epoch: u32, sequence: u64, stream: &mut Stream) -> Datagram {
    let (kind, length) = frame_of(direction);
    let mut bytes = vec![0; length];
    for chunk in bytes.chunks_mut(8) {
        let random = stream.bits().to_le_bytes();
        chunk.copy_from_slice(&random[..chunk.len()]);
    }
    let header = &mut bytes[..HEADER_BYTES];
    header[..2].copy_from_slice(&control_loop::frame::MAGIC);
    header[2] = control_loop::frame::VERSION;
    header[KIND] = kind;
    header[4..8].copy_from_slice(&epoch.to_le_bytes());
    header[SEQUENCE].copy_from_slice(&sequence.to_le_bytes());
    Datagram::hostile(&bytes)
}

/// Number and size of the frame that matters in a direction: a command up, a status down.
fn frame_of(direction: Direction) -> (u8, usize) {
    match direction {
        Direction::Up => (1, COMMAND_BYTES),
        Direction::Down => (2, STATUS_BYTES),
    }
}

impl Datagram {
    /// A datagram that an attacker made or altered.
    fn hostile(bytes: &[u8]) -> Self {
        let frame = control_loop::Datagram::new(bytes);
        Self {
            is_hostile: true,
            ..Self::new(Label::Hostile, frame)
        }
    }

    /// The same bytes, sent by an attacker.
    fn sent_again(&self) -> Self {
        Self {
            is_hostile: true,
            ..*self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    fn adversary(attacks: &str) -> Adversary {
        let attacks: Vec<Attack> = ron::from_str(attacks).expect("it reads");
        Adversary::new(&attacks, 1)
    }

    fn command(sequence: u64) -> Datagram {
        let bytes = forged(
            Direction::Up,
            1,
            sequence,
            &mut Stream::new(sequence, "test"),
        );
        Datagram::new(
            Label::Command { epoch: 1, sequence },
            control_loop::Datagram::new(bytes.as_ref()),
        )
    }

    /// What comes out of path A in a tick in which these numbers came through.
    fn tick(adversary: &mut Adversary, now_ms: u64, numbers: &[u64]) -> Vec<Arrival<Datagram>> {
        let arrival = |sequence: &u64| Arrival {
            at_ns: now_ms * MS,
            path: 0,
            packet: *sequence,
            copy: 0,
            payload: command(*sequence),
        };
        let mut arrivals: Vec<_> = numbers.iter().map(arrival).collect();
        adversary.work(now_ms * MS, MS, Direction::Up, &mut arrivals);
        arrivals
    }

    fn labels(arrivals: &[Arrival<Datagram>]) -> Vec<u64> {
        let number = |arrival: &Arrival<Datagram>| match arrival.payload.label {
            Label::Command { sequence, .. } => sequence,
            Label::Hostile | Label::Other => 0,
        };
        arrivals.iter().map(number).collect()
    }

    #[test]
    fn an_attacker_without_attacks_lets_everything_pass_and_remembers_nothing() {
        let mut idle = adversary("[]");
        assert_eq!(labels(&tick(&mut idle, 1, &[1, 2])), [1, 2]);
        assert_eq!(idle.digest(), 0);
        assert!(idle.captured[0][0].is_empty());
    }

    #[test]
    fn a_replay_brings_the_same_bytes_in_the_same_order_so_much_later() {
        let mut thief = adversary("[(at_ms: 10, for_ms: 2, paths: A, kind: Replay(back_ms: 7))]");
        for now_ms in 1..10 {
            assert_eq!(labels(&tick(&mut thief, now_ms, &[now_ms])), [now_ms]);
        }
        let first = tick(&mut thief, 10, &[10]);
        assert_eq!(labels(&first), [10, 3]);
        assert!(first[1].payload.is_hostile && !first[0].payload.is_hostile);
        assert_eq!(first[1].payload.as_ref(), command(3).as_ref());
        assert_eq!(labels(&tick(&mut thief, 11, &[])), [4]);
        assert_eq!(labels(&tick(&mut thief, 12, &[])), [0_u64; 0]);
    }

    #[test]
    fn a_recording_brings_all_that_was_captured_within_the_attack() {
        let mut thief = adversary("[(at_ms: 10, for_ms: 5, paths: A, kind: Recording)]");
        for now_ms in 1..10 {
            tick(&mut thief, now_ms, &[now_ms]);
        }
        let again: Vec<u64> = (10..15)
            .flat_map(|now_ms| labels(&tick(&mut thief, now_ms, &[])))
            .collect();
        assert_eq!(again, [1, 2, 3, 4, 5, 6, 7]);
    }

    #[test]
    fn what_is_forged_altered_or_cut_is_never_what_the_console_sealed() {
        for kind in [
            "Forge(per_second: 100000)",
            "Flood(per_second: 100000)",
            "FlipBit(probability: 1)",
            "Truncate(probability: 1)",
        ] {
            let attack = format!("[(at_ms: 2, for_ms: 50, paths: Both, kind: {kind})]");
            let mut attacker = adversary(&attack);
            tick(&mut attacker, 1, &[1]);
            let mut hostile = 0;
            for now_ms in 2..20 {
                for arrival in tick(&mut attacker, now_ms, &[now_ms]) {
                    let bytes = arrival.payload.as_ref();
                    if arrival.payload.label == Label::Hostile {
                        hostile += 1;
                        assert_ne!(bytes, command(now_ms).as_ref(), "{kind}");
                    }
                }
            }
            assert!(hostile >= 18, "{kind}: {hostile}");
            assert_ne!(attacker.digest(), 0, "{kind}");
        }
    }

    #[test]
    fn a_flood_has_its_rate_on_each_path_and_leads_the_console() {
        let mut attacker =
            adversary("[(at_ms: 2, for_ms: 1000, paths: A, kind: Flood(per_second: 100000))]");
        tick(&mut attacker, 1, &[40]);
        let sent: usize = (2..103).map(|ms| tick(&mut attacker, ms, &[]).len()).sum();
        assert_eq!(sent, 10_000);
        let one = tick(&mut attacker, 103, &[]);
        let header = header_of(one[0].payload.as_ref()).expect("a proper header");
        assert!((41..=1_040).contains(&header.2), "{header:?}");
    }

    #[test]
    fn frames_held_back_come_out_later_and_a_siege_lets_nothing_out() {
        let mut attacker = adversary(
            "[(at_ms: 1, for_ms: 2, paths: A, kind: Delay(probability: 1, ms: 10)),
              (at_ms: 20, for_ms: 5, paths: Both, kind: Block)]",
        );
        assert_eq!(labels(&tick(&mut attacker, 1, &[1])), [0_u64; 0]);
        assert_eq!(labels(&tick(&mut attacker, 5, &[2])), [2]);
        assert_eq!(labels(&tick(&mut attacker, 11, &[])), [1]);
        assert_eq!(labels(&tick(&mut attacker, 20, &[3])), [0_u64; 0]);
    }

    #[test]
    fn what_is_reflected_comes_as_it_is_and_disguised() {
        let mut attacker = adversary("[(at_ms: 1, for_ms: 9, paths: A, kind: Reflect)]");
        let status = forged(Direction::Down, 1, 7, &mut Stream::new(1, "test"));
        let mut down = vec![Arrival {
            at_ns: MS,
            path: 0,
            packet: 0,
            copy: 0,
            payload: Datagram::new(Label::Other, control_loop::Datagram::new(status.as_ref())),
        }];
        attacker.work(MS, MS, Direction::Down, &mut down);
        let up = tick(&mut attacker, 1, &[]);
        let kinds: Vec<_> = up
            .iter()
            .filter_map(|arrival| header_of(arrival.payload.as_ref()))
            .collect();
        assert_eq!(kinds, [(Kind::Status, 1, 7), (Kind::Command, 1, 7)]);
    }
}
