//! The surgeon: hands that move as people's hands do, and the habits at the clutch pedal.
//!
//! A hand makes minimum-jerk reaches that bring its instrument to points of a small volume about where the instrument
//! started, turns its wrist on the way, and trembles. What a clutch gesture, a change of instruments or a hold puts
//! between hand and instrument, the surgeon sees and reckons with, as far as the console shows it in time. The pedal is pressed at the start, now and then by habit, and whenever the console
//! shows for longer than a reaction time that the robot does not follow. Two hands hold two instruments;
//! now and then one takes the instrument that nobody holds, and now and then both move the endoscope.
//!
//! Everything is a function of the settings, the seed, the time and what the console showed.

use std::sync::Arc;

use control_loop::{HANDS, Hand, HandInput, State};
use nalgebra::{Translation3, UnitQuaternion, Vector3};
use net_model::Stream;
use robot_model::{ArmKind, Pose};

use crate::recorded::Recording;
use crate::scenario::SurgeonSettings;
use crate::units::SecondsRange;

const NS_PER_S: f64 = 1e9;

/// Sinusoids that a tremor is made of, a hand.
const TREMOR_TONES: usize = 3;

/// A seeded surgeon.
#[derive(Clone)]
pub struct Surgeon {
    settings: SurgeonSettings,
    hands: [HandMotion; HANDS],
    pedal: Pedal,
    habits: Stream,
    grips: Grips,
    choices: Stream,
    /// How far each arm's instrument has come, as the surgeon sees it.
    instruments: Vec<Displacement>,
    /// Where the hands were a moment ago.
    before: [Pose; HANDS],
    recording: Option<Arc<Recording>>,
}

/// How far an instrument has come from where it started, in the hand's measure.
#[derive(Clone, Copy)]
struct Displacement {
    moved_m: Vector3<f64>,
    turned: UnitQuaternion<f64>,
}

impl Displacement {
    const NONE: Self = Self {
        moved_m: Vector3::new(0.0, 0.0, 0.0),
        turned: UnitQuaternion::new_unchecked(nalgebra::Quaternion::new(1.0, 0.0, 0.0, 0.0)),
    };

    /// The hand moved, and the instrument with it.
    fn follow(&mut self, from: &Pose, to: &Pose) {
        self.moved_m += to.translation.vector - from.translation.vector;
        self.turned = to.rotation * from.rotation.inverse() * self.turned;
        self.turned.renormalize();
    }
}

/// Who holds what.
#[derive(Clone)]
struct Grips {
    /// The instruments, or all arms where there is no instrument.
    instruments: Vec<usize>,
    held: [Option<usize>; HANDS],
    next_swap_ns: u64,
    /// The hand that takes another instrument when it has come to rest.
    swaps: Option<usize>,
    has_endoscope: bool,
    camera_until_ns: Option<u64>,
    next_camera_ns: u64,
}

/// One hand's present reach, and its tremor.
#[derive(Clone)]
struct HandMotion {
    stream: Stream,
    from: Place,
    to: Place,
    began_ns: u64,
    moves_ns: u64,
    rests_ns: u64,
    /// Of a stitch, the motion's shape; of a reach none.
    stitch: Option<Stitch>,
    tremor: [Tone; TREMOR_TONES],
}

/// Where a reach begins or ends.
#[derive(Clone, Copy)]
struct Place {
    position_m: Vector3<f64>,
    turn_rad: Vector3<f64>,
    jaw_rad: f64,
}

/// A needle's way through tissue: an arc about its centre, the wrist turning along, there and back.
#[derive(Clone, Copy)]
struct Stitch {
    /// From the needle's centre to where the hand starts, m.
    spoke_m: Vector3<f64>,
    /// The axis that the needle turns about: a unit vector across the spoke.
    axis: Vector3<f64>,
}

/// How far a needle is driven: a little less than the half circle that most needles are, rad. Assumed.
const STITCH_RAD: f64 = 2.6;

impl Stitch {
    /// How far from its start the hand is, and how far its wrist has turned, at a share of the motion.
    fn at(&self, progress: f64) -> (Vector3<f64>, Vector3<f64>) {
        // Driven in over the first half, brought back over the second: both start and end at rest.
        let share = if progress < 0.5 {
            minimum_jerk(2.0 * progress)
        } else {
            1.0 - minimum_jerk(2.0 * progress - 1.0)
        };
        let angle_rad = STITCH_RAD * share;
        let (sin, cos) = libm::sincos(angle_rad);
        let turned = self.spoke_m * cos + self.axis.cross(&self.spoke_m) * sin;
        (turned - self.spoke_m, self.axis * angle_rad)
    }

    fn draw(radius_m: f64, stream: &mut Stream) -> Self {
        let spoke = direction(stream);
        let across = spoke.cross(&direction(stream));
        // Two draws along one line are as good as impossible; any axis across will do then.
        let axis = across
            .try_normalize(1e-9)
            .or_else(|| spoke.cross(&Vector3::x()).try_normalize(1e-9))
            .unwrap_or_else(Vector3::y);
        Self {
            spoke_m: spoke * radius_m,
            axis,
        }
    }
}

/// A direction, uniform over the sphere but for the few draws at the ball's very middle.
fn direction(stream: &mut Stream) -> Vector3<f64> {
    in_ball(stream)
        .try_normalize(1e-9)
        .unwrap_or_else(Vector3::z)
}

/// One sinusoid of a tremor.
#[derive(Clone, Copy)]
struct Tone {
    rate_rad_s: f64,
    amplitude_m: Vector3<f64>,
    phase_rad: Vector3<f64>,
}

/// The clutch pedal: released, or pressed until a moment.
#[derive(Clone, Copy)]
struct Pedal {
    pressed_until_ns: Option<u64>,
    released_at_ns: u64,
    next_habit_ns: u64,
    /// Since when the console has shown that the robot does not follow.
    idle_since_ns: Option<u64>,
    reaction_ns: u64,
}

impl Surgeon {
    /// A surgeon who drives these arms.
    pub fn new(settings: &SurgeonSettings, arms: &[ArmKind], seed: u64) -> Self {
        let hands = ["surgeon/hand/left", "surgeon/hand/right"]
            .map(|name| HandMotion::new(settings, Stream::new(seed, name)));
        let mut choices = Stream::new(seed, "surgeon/grips");
        let grips = Grips::new(settings, arms, &mut choices);
        let mut habits = Stream::new(seed, "surgeon/pedal");
        let first_ns = draw_ns(settings.first_clutch_s, &mut habits);
        let pedal = Pedal {
            pressed_until_ns: None,
            released_at_ns: 0,
            next_habit_ns: first_ns,
            idle_since_ns: None,
            reaction_ns: draw_ns(settings.reaction_s, &mut habits),
        };
        Self {
            settings: settings.clone(),
            hands,
            pedal,
            habits,
            grips,
            choices,
            instruments: vec![Displacement::NONE; arms.len()],
            before: [Pose::identity(); HANDS],
            recording: None,
        }
    }

    /// What the surgeon draws from here on is independent of what would have come; a reach that has begun goes on.
    pub fn rekey(&mut self, key: u64) {
        let names = ["surgeon/hand/left", "surgeon/hand/right"];
        for (hand, name) in self.hands.iter_mut().zip(names) {
            hand.stream = Stream::new(key, name);
        }
        self.habits = Stream::new(key, "surgeon/pedal");
        self.choices = Stream::new(key, "surgeon/grips");
    }

    /// With recorded hands instead of its own; pedals and grips stay its own.
    #[must_use]
    pub fn playing(mut self, recording: Option<Arc<Recording>>) -> Self {
        self.recording = recording;
        self
    }

    /// What the hands and the pedal do now, given the newest state that the console shows.
    pub fn act(&mut self, now_ns: u64, shown: Option<State>) -> HandInput {
        let clutch_pressed = self.work_pedal(now_ns, shown);
        let follows = matches!(shown, Some(State::Following | State::Coasting));
        let rests = self.hands.each_ref().map(|hand| hand.rests(now_ns));
        self.grips
            .work(now_ns, follows, rests, &self.settings, &mut self.choices);
        let mut hands = [Hand {
            pose: Pose::identity(),
            jaw_rad: 0.0,
            arm: None,
        }; HANDS];
        let held = self.grips.held;
        for ((hand, motion), arm) in hands.iter_mut().zip(&mut self.hands).zip(held) {
            let displaced = arm.and_then(|arm| self.instruments.get(arm));
            *hand = Hand {
                arm,
                ..motion.at(
                    now_ns,
                    &self.settings,
                    displaced.unwrap_or(&Displacement::NONE),
                )
            };
        }
        // Right after a gesture the console cannot show yet that the robot follows again.
        let patience_ns = seconds_ns(self.settings.patience_s.get());
        let released_ns = self.pedal.released_at_ns;
        let trusts = released_ns > 0 && now_ns < released_ns.saturating_add(patience_ns);
        let is_led = (follows || trusts) && !clutch_pressed && self.grips.camera_until_ns.is_none();
        for (hand, before) in hands.iter().zip(&mut self.before) {
            if is_led && let Some(seen) = hand.arm.and_then(|arm| self.instruments.get_mut(arm)) {
                seen.follow(before, &hand.pose);
            }
            *before = hand.pose;
        }
        if let Some(recording) = &self.recording {
            let recorded = recording.hands_at(now_ns as f64 / NS_PER_S);
            for (hand, recorded) in hands.iter_mut().zip(recorded) {
                hand.pose = recorded.pose;
                hand.jaw_rad = recorded.jaw_rad;
            }
        }
        HandInput {
            hands,
            clutch_pressed,
            camera_pressed: self.grips.camera_until_ns.is_some(),
            stop_pressed: false,
        }
    }

    /// Folds the state that later actions depend on.
    pub fn digest(&self, sink: &mut dyn FnMut(&[u8])) {
        for hand in &self.hands {
            if let Some(stitch) = &hand.stitch {
                for value in stitch.spoke_m.iter().chain(stitch.axis.iter()) {
                    sink(&value.to_bits().to_le_bytes());
                }
            }
            for value in [hand.began_ns, hand.moves_ns, hand.rests_ns] {
                sink(&value.to_le_bytes());
            }
            for value in hand.to.position_m.iter().chain(hand.to.turn_rad.iter()) {
                sink(&value.to_bits().to_le_bytes());
            }
        }
        for seen in &self.instruments {
            for value in seen.moved_m.iter().chain(seen.turned.coords.iter()) {
                sink(&value.to_bits().to_le_bytes());
            }
        }
        let (pedal, grips) = (&self.pedal, &self.grips);
        for held in grips.held {
            sink(&[held.map_or(u8::MAX, |arm| arm as u8)]);
        }
        for value in [
            grips.next_swap_ns,
            grips.swaps.map_or(u64::MAX, |hand| hand as u64),
            grips.next_camera_ns,
            grips.camera_until_ns.unwrap_or(u64::MAX),
            pedal.pressed_until_ns.unwrap_or(u64::MAX),
            pedal.released_at_ns,
            pedal.next_habit_ns,
            pedal.idle_since_ns.unwrap_or(u64::MAX),
            pedal.reaction_ns,
        ] {
            sink(&value.to_le_bytes());
        }
    }

    fn work_pedal(&mut self, now_ns: u64, shown: Option<State>) -> bool {
        let Self {
            settings,
            pedal,
            habits,
            ..
        } = self;
        if let Some(until_ns) = pedal.pressed_until_ns {
            if now_ns < until_ns {
                return true;
            }
            pedal.pressed_until_ns = None;
            pedal.released_at_ns = now_ns;
            pedal.idle_since_ns = None;
            pedal.next_habit_ns = now_ns + draw_ns(settings.reclutch_every_s, habits);
            return false;
        }
        let follows = matches!(shown, Some(State::Following | State::Coasting));
        if follows {
            pedal.idle_since_ns = None;
        } else if pedal.idle_since_ns.is_none() {
            pedal.idle_since_ns = Some(now_ns);
            pedal.reaction_ns = draw_ns(settings.reaction_s, habits);
        }
        // What the console shows is a round trip old: right after a gesture it proves nothing.
        let settled = now_ns >= pedal.released_at_ns + seconds_ns(settings.patience_s.get());
        let reacts = settled
            && pedal
                .idle_since_ns
                .is_some_and(|since_ns| now_ns >= since_ns + pedal.reaction_ns)
            && shown.is_some();
        if shown.is_some() && (reacts || now_ns >= pedal.next_habit_ns) {
            pedal.pressed_until_ns = Some(now_ns + draw_ns(settings.clutch_hold_s, habits));
            return true;
        }
        false
    }
}

impl Grips {
    fn new(settings: &SurgeonSettings, arms: &[ArmKind], choices: &mut Stream) -> Self {
        let of_kind = |wanted: ArmKind| {
            let indices = arms.iter().enumerate();
            indices.filter_map(move |(arm, kind)| (*kind == wanted).then_some(arm))
        };
        let mut instruments: Vec<usize> = of_kind(ArmKind::Instrument).collect();
        if instruments.is_empty() {
            instruments.extend(of_kind(ArmKind::Endoscope));
        }
        Self {
            held: [instruments.first().copied(), instruments.get(1).copied()],
            has_endoscope: of_kind(ArmKind::Endoscope).next().is_some(),
            instruments,
            next_swap_ns: draw_ns(settings.swap_every_s, choices),
            swaps: None,
            camera_until_ns: None,
            next_camera_ns: draw_ns(settings.camera_every_s, choices),
        }
    }

    fn work(
        &mut self,
        now_ns: u64,
        follows: bool,
        rests: [bool; HANDS],
        settings: &SurgeonSettings,
        choices: &mut Stream,
    ) {
        if let Some(until_ns) = self.camera_until_ns {
            if now_ns >= until_ns {
                self.camera_until_ns = None;
                self.next_camera_ns = now_ns + draw_ns(settings.camera_every_s, choices);
            }
        } else if follows && self.has_endoscope && now_ns >= self.next_camera_ns {
            self.camera_until_ns = Some(now_ns + draw_ns(settings.camera_hold_s, choices));
        }
        // A hand changes instruments whether or not the robot follows: also in a gap.
        if now_ns >= self.next_swap_ns {
            self.next_swap_ns = now_ns + draw_ns(settings.swap_every_s, choices);
            self.swaps = Some(usize::from(choices.uniform() < 0.5));
        }
        let free = self
            .instruments
            .iter()
            .copied()
            .find(|arm| !self.held.contains(&Some(*arm)));
        if let (Some(hand), Some(free)) = (self.swaps, free)
            && rests[hand]
        {
            self.held[hand] = Some(free);
            self.swaps = None;
        }
    }
}

impl HandMotion {
    fn new(settings: &SurgeonSettings, mut stream: Stream) -> Self {
        let start = Place {
            position_m: Vector3::zeros(),
            turn_rad: Vector3::zeros(),
            jaw_rad: settings.jaw_rad.from().get(),
        };
        // Each tone carries an equal share of the variance; a sine's rms is its amplitude over √2.
        let rms_m = settings.tremor_rms_um.get() * 1e-6;
        let amplitude_m = rms_m * libm::sqrt(2.0 / (3.0 * TREMOR_TONES as f64));
        let tremor = core::array::from_fn(|_| Tone {
            rate_rad_s: core::f64::consts::TAU * settings.tremor_hz.at(stream.uniform()).get(),
            amplitude_m: Vector3::repeat(amplitude_m),
            phase_rad: Vector3::from_fn(|_, _| core::f64::consts::TAU * stream.uniform()),
        });
        let mut motion = Self {
            stream,
            from: start,
            to: start,
            began_ns: 0,
            moves_ns: 0,
            rests_ns: 0,
            stitch: None,
            tremor,
        };
        motion.begin_reach(0, settings, &Displacement::NONE);
        motion
    }

    /// Whether a reach has ended and the next has not begun.
    fn rests(&self, now_ns: u64) -> bool {
        now_ns >= self.began_ns + self.moves_ns
    }

    /// Where the hand is, given how far its instrument has come.
    fn at(&mut self, now_ns: u64, settings: &SurgeonSettings, displaced: &Displacement) -> Hand {
        if now_ns >= self.began_ns + self.moves_ns + self.rests_ns {
            self.begin_reach(now_ns, settings, displaced);
        }
        let progress = (now_ns - self.began_ns) as f64 / self.moves_ns.max(1) as f64;
        let s = minimum_jerk(progress);
        let (from, to) = (&self.from, &self.to);
        let mut position_m = from.position_m.lerp(&to.position_m, s) + self.tremor_at(now_ns);
        let turn_rad = from.turn_rad.lerp(&to.turn_rad, s);
        let mut turn = UnitQuaternion::from_scaled_axis(turn_rad);
        if let Some(stitch) = &self.stitch {
            let (moved_m, turned_rad) = stitch.at(progress.clamp(0.0, 1.0));
            position_m += moved_m;
            turn = UnitQuaternion::from_scaled_axis(turned_rad) * turn;
        }
        Hand {
            pose: Pose::from_parts(Translation3::from(position_m), turn),
            jaw_rad: from.jaw_rad + (to.jaw_rad - from.jaw_rad) * s,
            arm: None,
        }
    }

    fn begin_reach(&mut self, now_ns: u64, settings: &SurgeonSettings, displaced: &Displacement) {
        let stream = &mut self.stream;
        let reach_m = settings.reach_mm.get() * 1e-3;
        let turn_rad = settings.turn_deg.get() * core::f64::consts::PI / 180.0;
        self.from = self.to;
        // Asked only where there are any: a surgeon who never stitches draws what it always drew.
        let share = settings.stitch_share.get();
        self.stitch = (share > 0.0 && stream.uniform() < share)
            .then(|| Stitch::draw(settings.stitch_mm.get() * 1e-3, stream));
        if self.stitch.is_some() {
            self.began_ns = now_ns;
            // In and back, each as long as a reach.
            self.moves_ns = 2 * draw_ns(settings.reach_time_s, stream);
            self.rests_ns = draw_ns(settings.rest_s, stream) + wait_ns(settings, stream);
            return;
        }
        // What is aimed at is a place of the instrument: the hand goes as far as the instrument has to.
        let moves_m = in_ball(stream) * reach_m - displaced.moved_m;
        let aim = UnitQuaternion::from_scaled_axis(in_ball(stream) * turn_rad);
        let turned = UnitQuaternion::from_scaled_axis(self.from.turn_rad);
        self.to = Place {
            position_m: self.from.position_m + moves_m,
            turn_rad: (aim * displaced.turned.inverse() * turned).scaled_axis(),
            jaw_rad: settings.jaw_rad.at(stream.uniform()).get(),
        };
        self.began_ns = now_ns;
        self.moves_ns = draw_ns(settings.reach_time_s, stream);
        self.rests_ns = draw_ns(settings.rest_s, stream) + wait_ns(settings, stream);
    }

    fn tremor_at(&self, now_ns: u64) -> Vector3<f64> {
        let t_s = now_ns as f64 / NS_PER_S;
        self.tremor.iter().fold(Vector3::zeros(), |sum, tone| {
            let swing = tone
                .phase_rad
                .map(|phase| libm::sin(tone.rate_rad_s * t_s + phase));
            sum + tone.amplitude_m.component_mul(&swing)
        })
    }
}

/// The minimum-jerk profile of Flash and Hogan: 10 s³ − 15 s⁴ + 6 s⁵ on 0..=1.
fn minimum_jerk(progress: f64) -> f64 {
    let s = progress.clamp(0.0, 1.0);
    s * s * s * (10.0 + s * (6.0 * s - 15.0))
}

/// A point of the unit ball, uniform: the cube's points outside it are drawn again, at most eight times.
fn in_ball(stream: &mut Stream) -> Vector3<f64> {
    let mut point = Vector3::zeros();
    for _ in 0..8 {
        point = Vector3::from_fn(|_, _| 2.0 * stream.uniform() - 1.0);
        if point.norm_squared() <= 1.0 {
            return point;
        }
    }
    point / point.norm()
}

/// What the hand waits for the picture; nothing is drawn where nobody waits.
fn wait_ns(settings: &SurgeonSettings, stream: &mut Stream) -> u64 {
    if settings.wait_s.to().get() > 0.0 {
        draw_ns(settings.wait_s, stream)
    } else {
        0
    }
}

fn draw_ns(span: SecondsRange, stream: &mut Stream) -> u64 {
    seconds_ns(span.at(stream.uniform()).get())
}

fn seconds_ns(seconds: f64) -> u64 {
    (seconds * NS_PER_S) as u64
}

#[cfg(test)]
mod tests;
