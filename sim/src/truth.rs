//! What really happened, as nobody in the system can know it: when each command was made, whether it
//! arrived, and which commands an ideal receiver would have admitted.
//!
//! The monitors judge by this, never by what the loop believes.

use std::collections::VecDeque;

use bevy_ecs::prelude::Resource;
use control_loop::frame::Command;
use control_loop::{Verdict, frame};
use net_model::PATHS;
use safety::Admissible;

/// Commands remembered: at 500 a second, half a minute. An older one counts as unknown.
const REMEMBERED: usize = 16_384;

/// Accepted hostile frames remembered: a loop applies what it accepted at once, or never.
const FOOLED: usize = 256;

/// The ledger of commands and arrivals.
#[derive(Resource, Clone)]
pub struct Truth {
    /// Commands of the console's present session, and of the one before: its last ones may still be on
    /// their way.
    present: Commands,
    previous: Commands,
    gesture: Gesture,
    newest_admitted: Option<(u32, u64)>,
    admissible: Option<Admissible>,
    paths: [Brought; PATHS],
    freshness_ns: u64,
    /// Hostile frames that the loop accepted, the newest last.
    fooled: VecDeque<(u32, u64)>,
}

/// The commands of one epoch.
#[derive(Clone)]
struct Commands {
    epoch: u32,
    /// The sequence number of the first remembered command.
    first_sequence: u64,
    made: VecDeque<Made>,
}

/// What a path brought last.
#[derive(Clone, Copy, Default)]
struct Brought {
    newest: (u32, u64),
    at_ns: Option<u64>,
}

/// A command as the console made it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Made {
    /// When it was sealed and sent.
    pub created_ns: u64,
    /// The robot timestamp that it echoes.
    pub echo_ns: u64,
    /// The engagement number that it carries.
    pub engagement: u32,
    /// The clutch number that it carries.
    pub clutch: u32,
    /// Whether it asks the robot to follow.
    pub engaged: bool,
    /// When the clutch gesture behind its clutch number happened.
    pub gesture_ns: u64,
    /// Whether a copy has reached the robot.
    pub delivered: bool,
    /// Whether the robot has looked at a copy: under a flood it drops some unread.
    pub read: bool,
}

/// Whether the loop looked at a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// It did.
    Read,
    /// It dropped it unread, and had no excuse.
    Unread,
    /// It dropped it unread in a flood larger than what must be borne: the path might as well have lost it.
    Drowned,
}

/// The newest clutch gesture.
#[derive(Clone, Copy)]
struct Gesture {
    clutch: u32,
    made_ns: u64,
    /// The clutch number whose first admissible arrival is noted beside it.
    arrived_clutch: u32,
    first_arrived_ns: u64,
}

impl Truth {
    /// An empty ledger; `freshness_ns` is how old an echo an ideal receiver admits.
    pub fn new(freshness_ns: u64) -> Self {
        Self {
            present: Commands::of_epoch(0),
            previous: Commands::of_epoch(0),
            gesture: Gesture {
                clutch: 0,
                made_ns: 0,
                arrived_clutch: 0,
                first_arrived_ns: 0,
            },
            newest_admitted: None,
            admissible: None,
            paths: [Brought::default(); PATHS],
            freshness_ns,
            fooled: VecDeque::new(),
        }
    }

    /// Notes a command that the console has just made. True when it is the first of a new gesture.
    pub fn note_made(&mut self, now_ns: u64, command: &Command) -> bool {
        // Offers that were never taken up share an epoch number: a session that counts from 1 again is another.
        let next = self.present.first_sequence + self.present.made.len() as u64;
        let is_another = !self.present.made.is_empty() && command.sequence < next;
        if command.epoch != self.present.epoch || is_another {
            let fresh = Commands::of_epoch(command.epoch);
            self.previous = core::mem::replace(&mut self.present, fresh);
            self.gesture.clutch = 0;
            self.gesture.arrived_clutch = 0;
        }
        let is_new_gesture = command.clutch != self.gesture.clutch;
        if is_new_gesture {
            self.gesture.clutch = command.clutch;
            self.gesture.made_ns = now_ns;
        }
        let commands = &mut self.present;
        if commands.made.is_empty() {
            commands.first_sequence = command.sequence;
        }
        commands.made.push_back(Made {
            created_ns: now_ns,
            echo_ns: command.echo_ns,
            engagement: command.engagement,
            clutch: command.clutch,
            engaged: command.engaged,
            gesture_ns: self.gesture.made_ns,
            delivered: false,
            read: false,
        });
        if commands.made.len() > REMEMBERED {
            commands.made.pop_front();
            commands.first_sequence += 1;
        }
        is_new_gesture
    }

    /// Notes that a copy of a command reached the robot, whose engagement number is `engagement`, and
    /// whether the robot looked at it. True when it is the first copy that it looked at.
    pub fn note_arrival(
        &mut self,
        now_ns: u64,
        path: usize,
        epoch: u32,
        sequence: u64,
        engagement: u32,
        look: Look,
    ) -> bool {
        let Some(made) = self.made_mut(epoch, sequence) else {
            return false;
        };
        let was_read = look == Look::Read;
        let first_copy = was_read && !made.read;
        made.delivered = true;
        made.read |= was_read;
        let made = *made;
        let number = (epoch, sequence);
        let is_fresh = now_ns.saturating_sub(made.echo_ns) <= self.freshness_ns;
        let brought = &mut self.paths[path];
        if is_fresh && was_read && number > brought.newest {
            *brought = Brought {
                newest: number,
                at_ns: Some(now_ns),
            };
        }
        let is_newest = self.newest_admitted.is_none_or(|newest| number > newest);
        let is_there = look != Look::Drowned;
        if is_there && is_fresh && is_newest && made.engagement == engagement {
            self.newest_admitted = Some(number);
            if made.engaged && made.clutch != self.gesture.arrived_clutch {
                self.gesture.arrived_clutch = made.clutch;
                self.gesture.first_arrived_ns = now_ns;
            }
            self.admissible = Some(Admissible {
                arrived_ns: now_ns,
                engaged: made.engaged,
                clutch: made.clutch,
                gesture_ns: made.gesture_ns,
                gesture_first_arrived_ns: self.gesture.first_arrived_ns,
            });
        }
        first_copy
    }

    /// Notes what the loop under test said of bytes that an attacker made, or of others.
    pub fn note_verdict(&mut self, verdict: Verdict, is_hostile: bool, bytes: &[u8]) {
        if verdict != Verdict::Accepted || (self.fooled.is_empty() && !is_hostile) {
            return;
        }
        let Some((_, epoch, sequence)) = frame::header_of(bytes) else {
            return;
        };
        self.fooled
            .retain(|accepted| *accepted != (epoch, sequence));
        if is_hostile {
            self.fooled.push_back((epoch, sequence));
        }
        if self.fooled.len() > FOOLED {
            self.fooled.pop_front();
        }
    }

    /// Whether what the loop accepted under this number last was an attacker's.
    pub fn is_fooled_by(&self, epoch: u32, sequence: u64) -> bool {
        self.fooled.contains(&(epoch, sequence))
    }

    /// A command as it was made, if the console made one with this number and it is remembered.
    pub fn made(&self, epoch: u32, sequence: u64) -> Option<&Made> {
        let commands = [&self.present, &self.previous]
            .into_iter()
            .find(|commands| commands.epoch == epoch)?;
        commands.made.get(commands.index(sequence)?)
    }

    /// The newest arrival that an ideal receiver would have admitted.
    pub fn admissible(&self) -> Option<Admissible> {
        self.admissible
    }

    /// When each path last brought something worth having: fresh, and newer than anything that it had
    /// brought before.
    pub fn path_last_arrival_ns(&self) -> [Option<u64>; PATHS] {
        self.paths.map(|brought| brought.at_ns)
    }

    /// Folds what later judgements depend on.
    pub fn digest(&self, sink: &mut dyn FnMut(&[u8])) {
        let admissible = self
            .admissible
            .map_or(u64::MAX, |admissible| admissible.arrived_ns);
        for value in [
            u64::from(self.present.epoch),
            self.present.first_sequence + self.present.made.len() as u64,
            self.gesture.made_ns,
            self.gesture.first_arrived_ns,
            self.newest_admitted.map_or(0, |(_, sequence)| sequence),
            admissible,
        ] {
            sink(&value.to_le_bytes());
        }
    }

    fn made_mut(&mut self, epoch: u32, sequence: u64) -> Option<&mut Made> {
        let commands = [&mut self.present, &mut self.previous]
            .into_iter()
            .find(|commands| commands.epoch == epoch)?;
        let index = commands.index(sequence)?;
        commands.made.get_mut(index)
    }
}

impl Commands {
    fn of_epoch(epoch: u32) -> Self {
        Self {
            epoch,
            first_sequence: 1,
            made: VecDeque::new(),
        }
    }

    fn index(&self, sequence: u64) -> Option<usize> {
        usize::try_from(sequence.checked_sub(self.first_sequence)?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    fn command(sequence: u64, echo_ns: u64, engagement: u32, clutch: u32) -> Command {
        Command {
            epoch: 1,
            sequence,
            echo_ns,
            engagement,
            clutch,
            engaged: true,
            stop: false,
            hands: [None; 2],
        }
    }

    #[test]
    fn the_true_age_of_a_command_counts_from_when_it_was_made() {
        let mut truth = Truth::new(500 * MS);
        truth.note_made(10 * MS, &command(1, 0, 0, 1));
        assert_eq!(truth.made(1, 1).map(|made| made.created_ns), Some(10 * MS));
        assert_eq!(truth.made(1, 2), None, "nobody made the second command");
        assert_eq!(truth.made(1, 0), None);
    }

    #[test]
    fn only_the_first_copy_of_a_command_is_a_first_copy() {
        let mut truth = Truth::new(500 * MS);
        truth.note_made(0, &command(1, 0, 0, 1));
        assert!(truth.note_arrival(100 * MS, 0, 1, 1, 0, Look::Read));
        assert!(!truth.note_arrival(125 * MS, 1, 1, 1, 0, Look::Read));
        assert!(
            !truth.note_arrival(130 * MS, 1, 1, 99, 0, Look::Read),
            "a frame that nobody made is no copy"
        );
    }

    #[test]
    fn an_ideal_receiver_admits_what_is_fresh_newest_and_of_the_present_engagement() {
        let mut truth = Truth::new(500 * MS);
        for sequence in 1..=4 {
            truth.note_made(0, &command(sequence, 0, u32::from(sequence == 4), 1));
        }
        truth.note_arrival(100 * MS, 0, 1, 2, 0, Look::Read);
        assert_eq!(truth.admissible().map(|one| one.arrived_ns), Some(100 * MS));
        truth.note_arrival(110 * MS, 0, 1, 1, 0, Look::Read);
        truth.note_arrival(501 * MS, 0, 1, 3, 0, Look::Read);
        truth.note_arrival(120 * MS, 0, 1, 4, 0, Look::Read);
        assert_eq!(
            truth.admissible().map(|one| one.arrived_ns),
            Some(100 * MS),
            "overtaken, stale and of another engagement: none is admissible"
        );
        truth.note_arrival(130 * MS, 0, 1, 4, 1, Look::Read);
        assert_eq!(truth.admissible().map(|one| one.arrived_ns), Some(130 * MS));
    }

    #[test]
    fn the_ledger_forgets_the_oldest_commands_and_stays_bounded() {
        let mut truth = Truth::new(500 * MS);
        for sequence in 1..=(REMEMBERED as u64 + 10) {
            truth.note_made(0, &command(sequence, 0, 0, 1));
        }
        assert_eq!(truth.made(1, 10), None);
        assert!(truth.made(1, 11).is_some());
        assert_eq!(truth.present.made.len(), REMEMBERED);
    }

    #[test]
    fn a_path_that_only_repeats_what_it_brought_before_brings_nothing() {
        let mut truth = Truth::new(500 * MS);
        for sequence in 1..=3 {
            truth.note_made(0, &command(sequence, 0, 0, 1));
        }
        truth.note_arrival(100 * MS, 0, 1, 2, 0, Look::Read);
        truth.note_arrival(200 * MS, 0, 1, 2, 0, Look::Read);
        truth.note_arrival(210 * MS, 0, 1, 1, 0, Look::Read);
        assert_eq!(truth.path_last_arrival_ns(), [Some(100 * MS), None]);
        truth.note_arrival(501 * MS, 0, 1, 3, 0, Look::Read);
        assert_eq!(truth.path_last_arrival_ns()[0], Some(100 * MS), "stale");
    }

    #[test]
    fn commands_of_the_session_before_are_remembered_until_the_next_one() {
        let mut truth = Truth::new(500 * MS);
        truth.note_made(0, &command(7, 0, 0, 1));
        let next = |epoch| Command {
            epoch,
            ..command(1, 0, 0, 0)
        };
        truth.note_made(10 * MS, &next(2));
        assert!(truth.made(1, 7).is_some() && truth.made(2, 1).is_some());
        assert_eq!(truth.made(1, 1), None);
        truth.note_made(20 * MS, &next(3));
        assert_eq!(truth.made(1, 7), None);
    }

    #[test]
    fn a_command_that_drowned_in_a_flood_is_as_good_as_lost_and_one_overlooked_is_not() {
        let mut truth = Truth::new(500 * MS);
        for sequence in 1..=2 {
            truth.note_made(0, &command(sequence, 0, 0, 1));
        }
        truth.note_arrival(100 * MS, 0, 1, 1, 0, Look::Drowned);
        assert_eq!(truth.admissible(), None);
        truth.note_arrival(101 * MS, 0, 1, 2, 0, Look::Unread);
        assert_eq!(truth.admissible().map(|one| one.arrived_ns), Some(101 * MS));
        assert_eq!(truth.path_last_arrival_ns(), [None, None], "nobody looked");
    }

    #[test]
    fn a_hostile_frame_that_was_accepted_is_remembered_until_the_genuine_one_is() {
        use control_loop::frame::seal_command;
        let mut truth = Truth::new(500 * MS);
        let frame = seal_command(&command(5, 0, 0, 1), &[0; 32]);
        truth.note_verdict(Verdict::Forged, true, &frame);
        assert!(!truth.is_fooled_by(1, 5));
        truth.note_verdict(Verdict::Accepted, true, &frame);
        assert!(truth.is_fooled_by(1, 5) && !truth.is_fooled_by(1, 4));
        truth.note_verdict(Verdict::Accepted, false, &frame);
        assert!(!truth.is_fooled_by(1, 5));
    }

    #[test]
    fn a_second_session_of_the_same_epoch_counts_anew() {
        let mut truth = Truth::new(500 * MS);
        for sequence in 1..=3 {
            truth.note_made(0, &command(sequence, 0, 0, 0));
        }
        truth.note_made(900 * MS, &command(1, 0, 0, 0));
        assert_eq!(truth.made(1, 1).map(|made| made.created_ns), Some(900 * MS));
        assert_eq!(
            truth.made(1, 3),
            None,
            "nothing that the session in force made"
        );
    }
}
