//! The console end: hands and pedals in, sealed commands out.

use robot_model::{ArmKind, MAX_ARMS, Pose};

use crate::frame::{
    self, COMMAND_BYTES, Command, DATAGRAM_MAX, HandCommand, Hello, Kind, Refusal, Status,
};
use crate::rules::triggers;
use crate::session::{ConsoleStart, Greeting, PresharedKey, SessionKeys, hello_key, welcome_key};
use crate::{HANDS, LoopSettings, PATHS, PathId, SettingsError};

/// One hand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hand {
    /// Where the hand is, in the table's frame.
    pub pose: Pose,
    /// How far it is open, rad.
    pub jaw_rad: f64,
    /// The arm that it holds, from 0; `None` for none. Two hands cannot hold one arm: the left one does.
    pub arm: Option<usize>,
}

/// What the surgeon does in a tick.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HandInput {
    /// The hands, left and right.
    pub hands: [Hand; HANDS],
    /// Whether the clutch pedal is down: the hands move freely, the instruments hold still.
    pub clutch_pressed: bool,
    /// Whether the camera pedal is down: the instruments hold still, and both hands together move the
    /// endoscope: by their mean, rolling it with the right one.
    pub camera_pressed: bool,
    /// Whether the emergency stop is pressed.
    pub stop_pressed: bool,
}

/// A sealed frame on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Datagram {
    bytes: [u8; DATAGRAM_MAX],
    len: usize,
}

impl Datagram {
    /// Wraps a frame; none of this crate's is longer than a datagram.
    pub fn new(frame: &[u8]) -> Self {
        let mut bytes = [0; DATAGRAM_MAX];
        let len = frame.len().min(DATAGRAM_MAX);
        for (place, byte) in bytes.iter_mut().zip(frame) {
            *place = *byte;
        }
        Self { bytes, len }
    }
}

impl AsRef<[u8]> for Datagram {
    fn as_ref(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or(&[])
    }
}

/// What the console sends in a tick.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outgoing {
    /// For each path a command, or nothing: the same one, unless the second copies are staggered.
    pub paths: [Option<Datagram>; PATHS],
    /// A greeting for both paths, when one is due.
    pub hello: Option<Datagram>,
    /// The command that was made in this tick, before it was rounded to the frame's fixed point.
    pub command: Option<Command>,
}

impl Outgoing {
    const NOTHING: Self = Self {
        paths: [None; PATHS],
        hello: None,
        command: None,
    };
}

/// What became of a frame at the console.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusVerdict {
    /// It is the newest status, or the welcome to the present greeting.
    Accepted,
    /// A newer one, or this one, was seen before; or nobody asked.
    Old,
    /// It is of another epoch.
    WrongEpoch,
    /// Its tag does not fit.
    Forged,
    /// It is no frame of this layout.
    Malformed,
}

/// The console end of the loop.
#[derive(Clone)]
pub struct Console {
    settings: ConsoleSettings,
    greeting: Greeting,
    /// Whether a welcome is waited for, and when the next hello is due.
    greets: bool,
    hello_due_ns: u64,
    session: Option<Session>,
    /// Whether the emergency stop was ever pressed: any one command may be the only one to arrive.
    stopped: bool,
    clutch: Clutch,
    later: DelayLine,
}

#[derive(Clone, Copy)]
struct ConsoleSettings {
    frame_interval_ns: u64,
    hello_interval_ns: u64,
    greet_after_ns: u64,
    stagger_ns: u64,
    arm_count: usize,
    endoscope: Option<usize>,
}

/// The session that the console is in.
#[derive(Clone)]
struct Session {
    epoch: u32,
    keys: SessionKeys,
    /// The newest status, once one came.
    newest: Option<Status>,
    /// What the welcome told, until a status tells more.
    welcomed_robot_ns: u64,
    welcomed_engagement: u32,
    /// When the last sign of life came.
    heard_ns: u64,
    sequence: u64,
    due_ns: u64,
}

/// The clutch: what the last gesture fixed, and who holds what since.
#[derive(Clone, Copy)]
struct Clutch {
    pressed: bool,
    engaged: bool,
    number: u32,
    engagement: u32,
    /// Grips taken so far in this session.
    grips: u32,
    holds: [Option<Hold>; HANDS],
    /// What the next command says of the hands.
    said: [Option<HandCommand>; HANDS],
}

/// A hand's hold on an arm.
#[derive(Clone, Copy)]
struct Hold {
    arm: usize,
    grip: u32,
    anchor: Pose,
}

/// A place that measures motion: a hand's, or for the endoscope both hands' mean.
#[derive(Clone, Copy)]
struct Handle {
    arm: usize,
    pose: Pose,
    jaw_rad: f64,
}

impl Console {
    /// A console that has heard nothing yet and greets at its first tick. `arms` are the arms in the
    /// robot's order: the first endoscope among them is what the camera pedal moves.
    ///
    /// # Errors
    /// [`SettingsError`] when there are no arms, or too many, or the stagger is impossible.
    pub fn new(
        settings: &LoopSettings,
        psk: &PresharedKey,
        start: ConsoleStart,
        arms: &[ArmKind],
    ) -> Result<Self, SettingsError> {
        if arms.is_empty() || arms.len() > MAX_ARMS {
            let rule = "the console drives one to four arms";
            return Err(SettingsError {
                what: "arms",
                rule,
                joint: None,
            });
        }
        settings.check_stagger()?;
        Ok(Self {
            settings: ConsoleSettings {
                frame_interval_ns: settings.frame_interval_ns,
                hello_interval_ns: settings.hello_interval_ns,
                greet_after_ns: settings.greet_after_ns,
                stagger_ns: settings.stagger_ns,
                arm_count: arms.len(),
                endoscope: arms.iter().position(|kind| *kind == ArmKind::Endoscope),
            },
            greeting: Greeting::new(psk, start),
            greets: true,
            hello_due_ns: 0,
            session: None,
            stopped: false,
            clutch: Clutch::released(),
            later: DelayLine::new(),
        })
    }

    /// Reads a frame that arrives now on a path.
    pub fn receive(&mut self, now_ns: u64, _path: PathId, bytes: &[u8]) -> StatusVerdict {
        match frame::peek(bytes) {
            Some((Kind::Status, epoch)) => self.receive_status(now_ns, epoch, bytes),
            Some((Kind::Welcome, epoch)) => self.receive_welcome(now_ns, epoch, bytes),
            Some((Kind::Command | Kind::Hello, _)) | None => StatusVerdict::Malformed,
        }
    }

    /// One period of the console: greets until it is welcome, works pedals and grips, and seals a command
    /// when one is due.
    ///
    /// Nothing is commanded before a welcome: a command must echo the robot's time. A pressed emergency
    /// stop is sent with every command from then on, and nothing is engaged any more, so that the robot
    /// never refuses it for an engagement that has ended.
    pub fn tick(&mut self, now_ns: u64, input: &HandInput) -> Outgoing {
        self.stopped |= input.stop_pressed;
        self.mind_the_clock(now_ns);
        let mut outgoing = Outgoing::NOTHING;
        self.give_up_silent_session(now_ns);
        let shown_engagement = self.session.as_ref().map(Session::engagement);
        if let Some(engagement) = shown_engagement {
            self.work_clutch(engagement, input);
        }
        if let Some(command) = self.next_command(now_ns) {
            let [first, second] = &mut outgoing.paths;
            let frame = self.seal(&command);
            *first = Some(frame);
            if self.settings.stagger_ns == 0 {
                *second = Some(frame);
            } else {
                self.later
                    .put(now_ns.saturating_add(self.settings.stagger_ns), frame);
            }
            outgoing.command = Some(command);
        }
        let [_, second] = &mut outgoing.paths;
        if let Some(frame) = self.later.take(now_ns) {
            *second = Some(frame);
        }
        outgoing.hello = self.hello_if_due(now_ns);
        outgoing
    }

    /// The newest status, once there is one in this session.
    pub fn newest_status(&self) -> Option<&Status> {
        self.session.as_ref()?.newest.as_ref()
    }

    /// The session's epoch, once there is one.
    pub fn epoch(&self) -> Option<u32> {
        Some(self.session.as_ref()?.epoch)
    }

    /// Folds everything that later commands depend on.
    pub fn digest(&self, sink: &mut dyn FnMut(&[u8])) {
        self.greeting.digest(sink);
        sink(&self.hello_due_ns.to_le_bytes());
        if let Some(session) = &self.session {
            let newest = session.newest.as_ref();
            for value in [
                newest.map_or(0, |status| status.sequence),
                session.robot_ns(),
                session.heard_ns,
                session.sequence,
                session.due_ns,
            ] {
                sink(&value.to_le_bytes());
            }
            sink(&session.epoch.to_le_bytes());
            sink(&session.engagement().to_le_bytes());
        }
        let clutch = &self.clutch;
        for flag in [
            self.session.is_some(),
            self.greets,
            self.stopped,
            clutch.pressed,
            clutch.engaged,
        ] {
            sink(&[u8::from(flag)]);
        }
        for number in [clutch.number, clutch.engagement, clutch.grips] {
            sink(&number.to_le_bytes());
        }
        for hold in &clutch.holds {
            let Some(hold) = hold else {
                sink(&[0]);
                continue;
            };
            sink(&[1, hold.arm as u8]);
            sink(&hold.grip.to_le_bytes());
            let (shift, turn) = (
                &hold.anchor.translation.vector,
                &hold.anchor.rotation.coords,
            );
            for value in shift.iter().chain(turn.iter()) {
                sink(&value.to_bits().to_le_bytes());
            }
        }
        self.later.digest(sink);
    }

    fn receive_status(&mut self, now_ns: u64, epoch: u32, bytes: &[u8]) -> StatusVerdict {
        let Some(session) = self
            .session
            .as_mut()
            .filter(|session| session.epoch == epoch)
        else {
            return StatusVerdict::WrongEpoch;
        };
        let status = match frame::open_status(bytes, &session.keys.status) {
            Ok(status) => status,
            Err(Refusal::Forged) => return StatusVerdict::Forged,
            Err(Refusal::Malformed) => return StatusVerdict::Malformed,
        };
        let newest = session.newest.as_ref();
        if newest.is_some_and(|newest| status.sequence <= newest.sequence) {
            return StatusVerdict::Old;
        }
        session.newest = Some(status);
        session.heard_ns = now_ns;
        // The robot is there after all: whoever was greeted is not needed.
        self.greets = false;
        StatusVerdict::Accepted
    }

    fn receive_welcome(&mut self, now_ns: u64, epoch: u32, bytes: &[u8]) -> StatusVerdict {
        if !self.greets {
            return StatusVerdict::Old;
        }
        let Some(robot_nonce) = frame::robot_nonce(bytes) else {
            return StatusVerdict::Malformed;
        };
        let (psk, console_nonce) = (*self.greeting.psk(), self.greeting.nonce());
        let key = welcome_key(&psk, &console_nonce, &robot_nonce, epoch);
        let welcome = match frame::open_welcome(bytes, &key) {
            Ok(welcome) => welcome,
            Err(Refusal::Forged) => return StatusVerdict::Forged,
            Err(Refusal::Malformed) => return StatusVerdict::Malformed,
        };
        self.greets = false;
        self.clutch = Clutch {
            pressed: self.clutch.pressed,
            ..Clutch::released()
        };
        self.later = DelayLine::new();
        self.session = Some(Session {
            epoch,
            keys: SessionKeys::derive(&psk, &console_nonce, &robot_nonce, epoch),
            newest: None,
            welcomed_robot_ns: welcome.robot_time_ns,
            welcomed_engagement: welcome.engagement,
            heard_ns: now_ns,
            sequence: 0,
            due_ns: now_ns,
        });
        StatusVerdict::Accepted
    }

    /// A clock that was set back must not stop the console until it has caught up: nothing is ever due later
    /// than its interval allows, and nothing was heard in the future. A clock that was set forward makes
    /// what is due come at once, and a greeting that nobody needs.
    fn mind_the_clock(&mut self, now_ns: u64) {
        let latest = |interval_ns: u64| now_ns.saturating_add(interval_ns);
        let settings = &self.settings;
        if triggers!(
            ConsoleClock,
            self.hello_due_ns > latest(settings.hello_interval_ns)
        ) {
            self.hello_due_ns = now_ns;
        }
        if let Some(session) = &mut self.session {
            if triggers!(
                ConsoleClock,
                session.due_ns > latest(settings.frame_interval_ns)
            ) {
                session.due_ns = now_ns;
            }
            session.heard_ns = session.heard_ns.min(now_ns);
        }
        self.later.bring_forward(now_ns, settings.stagger_ns);
    }

    /// A robot that restarted has forgotten the session: after a long silence it is greeted again, while
    /// the commands of the session go on, in case only the paths were down.
    fn give_up_silent_session(&mut self, now_ns: u64) {
        let is_silent = self.session.as_ref().is_some_and(|session| {
            now_ns.saturating_sub(session.heard_ns) > self.settings.greet_after_ns
        });
        if is_silent && !self.greets {
            self.greeting.begin_again();
            self.greets = true;
            self.hello_due_ns = now_ns;
        }
    }

    fn hello_if_due(&mut self, now_ns: u64) -> Option<Datagram> {
        if !self.greets || now_ns < self.hello_due_ns {
            return None;
        }
        self.hello_due_ns = now_ns.saturating_add(self.settings.hello_interval_ns);
        let hello = Hello {
            stamp: self.greeting.stamp(),
            console_nonce: self.greeting.nonce(),
        };
        let frame = frame::seal_hello(&hello, &hello_key(self.greeting.psk()));
        Some(Datagram::new(&frame))
    }

    fn next_command(&mut self, now_ns: u64) -> Option<Command> {
        let session = self.session.as_mut()?;
        if now_ns < session.due_ns {
            return None;
        }
        session.due_ns = now_ns.saturating_add(self.settings.frame_interval_ns);
        session.sequence = session.sequence.saturating_add(1);
        let clutch = &self.clutch;
        Some(Command {
            epoch: session.epoch,
            sequence: session.sequence,
            echo_ns: session.robot_ns(),
            // While nothing is to move, the newest number keeps the link admissible.
            engagement: if clutch.engaged {
                clutch.engagement
            } else {
                session.engagement()
            },
            clutch: clutch.number,
            engaged: clutch.engaged,
            stop: self.stopped,
            hands: clutch.said,
        })
    }

    fn seal(&self, command: &Command) -> Datagram {
        let key = self.session.as_ref().map(|session| &session.keys.command);
        let frame = key.map_or([0; COMMAND_BYTES], |key| frame::seal_command(command, key));
        Datagram::new(&frame)
    }

    /// A gesture is the pedal's way up: it takes the engagement number that the screen shows now.
    fn work_clutch(&mut self, shown_engagement: u32, input: &HandInput) {
        let handles = handles(input, &self.settings);
        let clutch = &mut self.clutch;
        if input.clutch_pressed || self.stopped {
            clutch.engaged = false;
        } else if clutch.pressed {
            clutch.engaged = true;
            clutch.number = clutch.number.saturating_add(1);
            clutch.engagement = shown_engagement;
            clutch.holds = [None; HANDS];
        }
        clutch.pressed = input.clutch_pressed;
        clutch.hold(&handles);
    }
}

/// What the hands hold in this tick: under the camera pedal both together the endoscope.
fn handles(input: &HandInput, settings: &ConsoleSettings) -> [Option<Handle>; HANDS] {
    let [left, right] = &input.hands;
    if input.camera_pressed {
        let mean = 0.5 * (left.pose.translation.vector + right.pose.translation.vector);
        let handle = settings.endoscope.map(|arm| Handle {
            arm,
            pose: Pose::from_parts(mean.into(), right.pose.rotation),
            jaw_rad: 0.0,
        });
        return [handle, None];
    }
    let handle = |hand: &Hand| {
        let arm = hand.arm.filter(|arm| *arm < settings.arm_count)?;
        Some(Handle {
            arm,
            pose: hand.pose,
            jaw_rad: hand.jaw_rad,
        })
    };
    let is_shared = left.arm.is_some() && left.arm == right.arm;
    [handle(left), handle(right).filter(|_| !is_shared)]
}

impl Clutch {
    const fn released() -> Self {
        Self {
            pressed: false,
            engaged: false,
            number: 0,
            engagement: 0,
            grips: 0,
            holds: [None; HANDS],
            said: [None; HANDS],
        }
    }

    /// Follows the hands: who takes another arm takes a new grip and measures from there.
    fn hold(&mut self, handles: &[Option<Handle>; HANDS]) {
        let Self {
            engaged,
            grips,
            holds,
            said,
            ..
        } = self;
        for ((hold, said), handle) in holds.iter_mut().zip(said).zip(handles) {
            let Some(handle) = handle.filter(|_| *engaged) else {
                (*hold, *said) = (None, None);
                continue;
            };
            if hold.is_none_or(|hold| hold.arm != handle.arm) {
                *grips = grips.saturating_add(1);
                *hold = Some(Hold {
                    arm: handle.arm,
                    grip: *grips,
                    anchor: handle.pose,
                });
            }
            *said = hold.map(|hold| HandCommand {
                arm: hold.arm as u8,
                grip: hold.grip,
                motion: motion_since(&hold.anchor, &handle.pose),
                jaw_rad: handle.jaw_rad,
            });
        }
    }
}

impl Session {
    /// The newest robot time known.
    fn robot_ns(&self) -> u64 {
        let newest = self.newest.as_ref();
        newest.map_or(self.welcomed_robot_ns, |status| status.robot_time_ns)
    }

    /// The newest engagement number known.
    fn engagement(&self) -> u32 {
        let newest = self.newest.as_ref();
        newest.map_or(self.welcomed_engagement, |status| status.engagement)
    }
}

/// How a hand has moved since it took hold: both parts in the table's frame.
fn motion_since(anchor: &Pose, hand: &Pose) -> Pose {
    Pose::from_parts(
        (hand.translation.vector - anchor.translation.vector).into(),
        hand.rotation * anchor.rotation.inverse(),
    )
}

/// Second copies that wait: what is lost to both paths at once in a short moment is lost once.
#[derive(Clone)]
struct DelayLine {
    waiting: [Option<(u64, Datagram)>; DELAYED_FRAMES],
    /// The places of the oldest frame and of the next one.
    first: usize,
    next: usize,
}

/// More second copies never wait at once.
pub(crate) const DELAYED_FRAMES: usize = 32;

impl DelayLine {
    const fn new() -> Self {
        Self {
            waiting: [None; DELAYED_FRAMES],
            first: 0,
            next: 0,
        }
    }

    fn put(&mut self, due_ns: u64, frame: Datagram) {
        if let Some(place) = self.waiting.get_mut(self.next) {
            *place = Some((due_ns, frame));
            self.next = after(self.next);
        }
    }

    /// What waits longer than the stagger waits for a clock that was set back: it is due now.
    fn bring_forward(&mut self, now_ns: u64, stagger_ns: u64) {
        for (due_ns, _) in self.waiting.iter_mut().flatten() {
            if *due_ns > now_ns.saturating_add(stagger_ns) {
                *due_ns = now_ns;
            }
        }
    }

    fn take(&mut self, now_ns: u64) -> Option<Datagram> {
        let place = self.waiting.get_mut(self.first)?;
        let (_, frame) = place.take_if(|(due_ns, _)| *due_ns <= now_ns)?;
        self.first = after(self.first);
        Some(frame)
    }

    fn digest(&self, sink: &mut dyn FnMut(&[u8])) {
        for (due_ns, frame) in self.waiting.iter().flatten() {
            sink(&due_ns.to_le_bytes());
            sink(frame.as_ref());
        }
        sink(&[self.first as u8, self.next as u8]);
    }
}

const fn after(place: usize) -> usize {
    place.wrapping_add(1) % DELAYED_FRAMES
}
