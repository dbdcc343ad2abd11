//! The surgeon: hands that move as people's hands do, and the habits at the clutch pedal.
//!
//! A hand makes minimum-jerk reaches between points of a small volume, turns its wrist on the way,
//! and trembles. The pedal is pressed at the start, now and then by habit, and whenever the console
//! shows for longer than a reaction time that the robot does not follow. Two hands hold two instruments;
//! now and then one takes the instrument that nobody holds, and now and then both move the endoscope.
//!
//! Everything is a function of the settings, the seed, the time and what the console showed.

use control_loop::{HANDS, Hand, HandInput, State};
use nalgebra::{Translation3, UnitQuaternion, Vector3};
use net_model::Stream;
use robot_model::{ArmKind, Pose};

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
}

/// Who holds what.
#[derive(Clone)]
struct Grips {
    /// The instruments, or all arms where there is no instrument.
    instruments: Vec<usize>,
    held: [Option<usize>; HANDS],
    next_swap_ns: u64,
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
    tremor: [Tone; TREMOR_TONES],
}

/// Where a reach begins or ends.
#[derive(Clone, Copy)]
struct Place {
    position_m: Vector3<f64>,
    turn_rad: Vector3<f64>,
    jaw_rad: f64,
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

    /// What the hands and the pedal do now, given the newest state that the console shows.
    pub fn act(&mut self, now_ns: u64, shown: Option<State>) -> HandInput {
        let clutch_pressed = self.work_pedal(now_ns, shown);
        let follows = matches!(shown, Some(State::Following | State::Coasting));
        self.grips
            .work(now_ns, follows, &self.settings, &mut self.choices);
        let mut hands = [Hand {
            pose: Pose::identity(),
            jaw_rad: 0.0,
            arm: None,
        }; HANDS];
        let held = self.grips.held;
        for ((hand, motion), arm) in hands.iter_mut().zip(&mut self.hands).zip(held) {
            *hand = Hand {
                arm,
                ..motion.at(now_ns, &self.settings)
            };
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
            for value in [hand.began_ns, hand.moves_ns, hand.rests_ns] {
                sink(&value.to_le_bytes());
            }
            for value in hand.to.position_m.iter().chain(hand.to.turn_rad.iter()) {
                sink(&value.to_bits().to_le_bytes());
            }
        }
        let (pedal, grips) = (&self.pedal, &self.grips);
        for held in grips.held {
            sink(&[held.map_or(u8::MAX, |arm| arm as u8)]);
        }
        for value in [
            grips.next_swap_ns,
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
            camera_until_ns: None,
            next_camera_ns: draw_ns(settings.camera_every_s, choices),
        }
    }

    fn work(
        &mut self,
        now_ns: u64,
        follows: bool,
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
            let free = self
                .instruments
                .iter()
                .copied()
                .find(|arm| !self.held.contains(&Some(*arm)));
            if let Some(free) = free {
                let hand = usize::from(choices.uniform() < 0.5);
                self.held[hand] = Some(free);
            }
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
            tremor,
        };
        motion.begin_reach(0, settings);
        motion
    }

    fn at(&mut self, now_ns: u64, settings: &SurgeonSettings) -> Hand {
        if now_ns >= self.began_ns + self.moves_ns + self.rests_ns {
            self.begin_reach(now_ns, settings);
        }
        let progress = (now_ns - self.began_ns) as f64 / self.moves_ns.max(1) as f64;
        let s = minimum_jerk(progress);
        let (from, to) = (&self.from, &self.to);
        let position_m = from.position_m.lerp(&to.position_m, s) + self.tremor_at(now_ns);
        let turn_rad = from.turn_rad.lerp(&to.turn_rad, s);
        Hand {
            pose: Pose::from_parts(
                Translation3::from(position_m),
                UnitQuaternion::from_scaled_axis(turn_rad),
            ),
            jaw_rad: from.jaw_rad + (to.jaw_rad - from.jaw_rad) * s,
            arm: None,
        }
    }

    fn begin_reach(&mut self, now_ns: u64, settings: &SurgeonSettings) {
        let stream = &mut self.stream;
        let reach_m = settings.reach_mm.get() * 1e-3;
        let turn_rad = settings.turn_deg.get() * core::f64::consts::PI / 180.0;
        self.from = self.to;
        self.to = Place {
            position_m: in_ball(stream) * reach_m,
            turn_rad: in_ball(stream) * turn_rad,
            jaw_rad: settings.jaw_rad.at(stream.uniform()).get(),
        };
        self.began_ns = now_ns;
        self.moves_ns = draw_ns(settings.reach_time_s, stream);
        self.rests_ns = draw_ns(settings.rest_s, stream);
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

fn draw_ns(span: SecondsRange, stream: &mut Stream) -> u64 {
    seconds_ns(span.at(stream.uniform()).get())
}

fn seconds_ns(seconds: f64) -> u64 {
    (seconds * NS_PER_S) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARMS: [ArmKind; 4] = [
        ArmKind::Instrument,
        ArmKind::Endoscope,
        ArmKind::Instrument,
        ArmKind::Instrument,
    ];

    fn surgeon(seed: u64) -> Surgeon {
        Surgeon::new(&SurgeonSettings::default(), &ARMS, seed)
    }

    #[test]
    fn the_minimum_jerk_profile_starts_and_ends_at_rest_and_passes_the_middle() {
        assert_eq!(minimum_jerk(0.0), 0.0);
        assert_eq!(minimum_jerk(1.0), 1.0);
        assert!((minimum_jerk(0.5) - 0.5).abs() < 1e-15);
        assert!(minimum_jerk(1e-3) < 1e-8 && 1.0 - minimum_jerk(1.0 - 1e-3) < 1e-8);
    }

    #[test]
    fn the_same_seed_moves_the_hands_alike_and_another_does_not() {
        let (mut one, mut same, mut other) = (surgeon(7), surgeon(7), surgeon(8));
        let mut differs = false;
        for tick in 0..5_000 {
            let now_ns = tick * 1_000_000;
            let hands = one.act(now_ns, Some(State::Following)).hands;
            assert_eq!(
                hands[1].pose,
                same.act(now_ns, Some(State::Following)).hands[1].pose
            );
            differs |= hands[1].pose != other.act(now_ns, Some(State::Following)).hands[1].pose;
        }
        assert!(differs);
    }

    #[test]
    fn hands_stay_in_their_volume_and_never_jump() {
        let mut surgeon = surgeon(3);
        let mut before: Option<Vector3<f64>> = None;
        let reach_m = SurgeonSettings::default().reach_mm.get() * 1e-3;
        for tick in 0..20_000 {
            let hand = surgeon.act(tick * 1_000_000, Some(State::Following)).hands[0];
            let position = hand.pose.translation.vector;
            assert!(position.norm() <= reach_m + 1e-3, "tick {tick}: {position}");
            if let Some(before) = before {
                assert!((position - before).norm() < 1e-3, "tick {tick} jumps");
            }
            before = Some(position);
        }
    }

    #[test]
    fn a_tremor_has_the_stated_rms() {
        let settings = SurgeonSettings::default();
        let motion = HandMotion::new(&settings, Stream::new(11, "tremor"));
        let squares: f64 = (0..60_000)
            .map(|tick| motion.tremor_at(tick * 1_000_000).norm_squared())
            .sum();
        let rms_um = libm::sqrt(squares / 60_000.0) * 1e6;
        let stated = settings.tremor_rms_um.get();
        assert!(
            (rms_um / stated - 1.0).abs() < 0.1,
            "{rms_um} µm against {stated} µm"
        );
    }

    #[test]
    fn a_hold_on_the_screen_makes_the_surgeon_press_the_pedal_after_a_reaction_time() {
        let mut surgeon = surgeon(5);
        let mut now_ns = 0;
        let mut act = |surgeon: &mut Surgeon, state| {
            now_ns += 1_000_000;
            (now_ns, surgeon.act(now_ns, Some(state)).clutch_pressed)
        };
        // The gesture at the start, then following for two seconds.
        let start = (0..3_000)
            .filter(|_| act(&mut surgeon, State::Following).1)
            .count();
        assert!(start > 100, "no gesture at the start");
        let (held_ns, pressed) = act(&mut surgeon, State::Holding);
        assert!(!pressed, "nobody reacts at once");
        let reacted_ns = (0..5_000)
            .find_map(|_| {
                let (at_ns, pressed) = act(&mut surgeon, State::Holding);
                pressed.then_some(at_ns)
            })
            .expect("the surgeon reacts");
        let reaction_s = (reacted_ns - held_ns) as f64 / NS_PER_S;
        let span = SurgeonSettings::default().reaction_s;
        assert!(
            (span.from().get() - 0.01..=span.to().get() + 0.01).contains(&reaction_s),
            "{reaction_s} s"
        );
    }

    #[test]
    fn nobody_presses_the_pedal_before_the_console_shows_anything() {
        let mut surgeon = surgeon(5);
        assert!((0..10_000).all(|tick| !surgeon.act(tick * 1_000_000, None).clutch_pressed));
    }

    #[test]
    fn hands_swap_instruments_and_both_move_the_camera_but_never_hold_one_arm_together() {
        let mut surgeon = surgeon(9);
        let (mut held, mut camera_ticks, mut swaps) = (vec![], 0, 0);
        for tick in 0..60_000 {
            let input = surgeon.act(tick * 1_000_000, Some(State::Following));
            let arms = input.hands.map(|hand| hand.arm);
            assert!(arms[0].is_some() && arms[0] != arms[1]);
            assert!(!arms.contains(&Some(1)), "the endoscope is for the pedal");
            camera_ticks += u32::from(input.camera_pressed);
            swaps += u32::from(!held.is_empty() && held != arms);
            held = arms.to_vec();
        }
        assert!(swaps >= 3, "{swaps} swaps");
        assert!((3_000..30_000).contains(&camera_ticks), "{camera_ticks} ms");
    }

    #[test]
    fn one_arm_is_held_by_one_hand() {
        let arms = [ArmKind::Endoscope];
        let mut surgeon = Surgeon::new(&SurgeonSettings::default(), &arms, 1);
        let hands = surgeon.act(0, None).hands;
        assert_eq!(hands.map(|hand| hand.arm), [Some(0), None]);
    }
}
