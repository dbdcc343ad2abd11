//! The watch over the robot itself: its clock, its period and its sensors.
//!
//! | fault | when | setting |
//! |---|---|---|
//! | clock backwards | a tick's time is before the last one's | |
//! | tick overrun | a tick comes later than the period and the allowance | `overrun_ns` |
//! | sensor dropout | a joint has no reading (not a number) for longer than the allowance | `dropout_ns` |
//! | sensor frozen | a joint's reading stays the same, bit for bit, while its set-point goes on | `frozen_ns` |
//! | tracking error | the tip is further from its set-point than the limit | `tracking_error_m` |
//!
//! Each ends in the state Faulted: the arms brake to rest within their limits and wait for somebody at
//! the bedside. The loss of redundancy stops nothing and is no fault: see [`crate::admission::PathHealth`].

use robot_model::{JointKind, MAX_ARMS, MAX_JOINTS};

use crate::LoopSettings;
use crate::following::Follower;
use crate::robot::Sensed;
use crate::rules::triggers;

/// What is wrong with the robot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The robot's clock went back.
    ClockBackwards = 1,
    /// The loop was not called in time.
    TickOverrun = 2,
    /// A joint has no reading.
    SensorDropout = 3,
    /// A joint's reading does not change although it should.
    SensorFrozen = 4,
    /// The tip is not where its set-point is.
    TrackingError = 5,
}

impl FaultKind {
    /// Every kind, in the order of their numbers in a status frame.
    pub const ALL: [Self; 5] = [
        Self::ClockBackwards,
        Self::TickOverrun,
        Self::SensorDropout,
        Self::SensorFrozen,
        Self::TrackingError,
    ];

    /// The kind in words.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ClockBackwards => "clock backwards",
            Self::TickOverrun => "tick overrun",
            Self::SensorDropout => "sensor dropout",
            Self::SensorFrozen => "sensor frozen",
            Self::TrackingError => "tracking error",
        }
    }
}

/// A fault, and the arm it is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong.
    pub kind: FaultKind,
    /// The arm, from 0; `None` for a fault of the whole robot.
    pub arm: Option<u8>,
}

impl Fault {
    const fn of_robot(kind: FaultKind) -> Self {
        Self { kind, arm: None }
    }

    const fn of_arm(kind: FaultKind, arm: usize) -> Self {
        Self {
            kind,
            arm: Some(arm as u8),
        }
    }

    /// The fault in a byte: kind in the low half, arm + 1 in the high half. Never 0.
    pub const fn code(self) -> u8 {
        let arm = match self.arm {
            Some(arm) => arm.saturating_add(1),
            None => 0,
        };
        self.kind as u8 | (arm << 4)
    }

    /// The fault of a byte, if it is one.
    pub fn from_code(code: u8) -> Option<Self> {
        let kind = FaultKind::ALL
            .into_iter()
            .find(|kind| *kind as u8 == code & 0x0f)?;
        let arm = (code >> 4).checked_sub(1);
        arm.is_none_or(|arm| usize::from(arm) < MAX_ARMS)
            .then_some(Self { kind, arm })
    }
}

/// What the watch remembers between ticks.
#[derive(Clone)]
pub(crate) struct Watch {
    last_tick_ns: Option<u64>,
    joints: [[JointWatch; MAX_JOINTS]; MAX_ARMS],
}

/// One joint's reading: since when it is what it is, and where the set-point was then.
#[derive(Clone, Copy, Default)]
struct JointWatch {
    reading_bits: u64,
    changed_ns: u64,
    set_point: f64,
    /// When a reading last was a number.
    read_ns: u64,
}

/// How far a set-point must have gone on for an unchanged reading to be frozen, rad and m: far beyond
/// any encoder's step. Assumed.
const FROZEN_TURN_RAD: f64 = 0.005;
const FROZEN_SLIDE_M: f64 = 0.000_5;

impl Watch {
    pub fn new() -> Self {
        Self {
            last_tick_ns: None,
            joints: [[JointWatch::default(); MAX_JOINTS]; MAX_ARMS],
        }
    }

    /// Time as this loop may use it: it never goes back.
    pub fn steady(&self, now_ns: u64) -> u64 {
        now_ns.max(self.last_tick_ns.unwrap_or(0))
    }

    /// Looks at a tick. The first fault found is told.
    pub fn look(
        &mut self,
        now_ns: u64,
        sensed: &Sensed,
        follower: &Follower,
        settings: &LoopSettings,
    ) -> Option<Fault> {
        let clock = self.look_at_clock(now_ns, settings);
        let sensors = self.look_at_sensors(self.steady(now_ns), sensed, follower, settings);
        clock.or(sensors)
    }

    fn look_at_clock(&mut self, now_ns: u64, settings: &LoopSettings) -> Option<Fault> {
        let last_ns = self.last_tick_ns.replace(self.steady(now_ns))?;
        if now_ns < last_ns {
            return triggers!(ClockFault, true)
                .then_some(Fault::of_robot(FaultKind::ClockBackwards));
        }
        let late =
            now_ns.saturating_sub(last_ns) > settings.tick_ns.saturating_add(settings.overrun_ns);
        triggers!(OverrunFault, late).then_some(Fault::of_robot(FaultKind::TickOverrun))
    }

    fn look_at_sensors(
        &mut self,
        now_ns: u64,
        sensed: &Sensed,
        follower: &Follower,
        settings: &LoopSettings,
    ) -> Option<Fault> {
        let mut found = None;
        let set_points = follower.set_points();
        let arms = self.joints.iter_mut().zip(&sensed.joints).zip(&set_points);
        for ((index, arm), ((watches, sensed), set_points)) in follower.arms().zip(arms) {
            let joints = watches.iter_mut().zip(sensed).zip(set_points);
            for (joint, ((watch, reading), set_point)) in joints.take(arm.joint_count).enumerate() {
                let kind = watch.look(
                    now_ns,
                    *reading,
                    *set_point,
                    arm.kind.joint_kind(joint),
                    settings,
                );
                found = found.or(kind.map(|kind| Fault::of_arm(kind, index)));
            }
            let is_near = follower.tracks_within(index, settings.tracking_error_m, sensed);
            if triggers!(TrackingFault, is_near == Some(false)) {
                found = found.or(Some(Fault::of_arm(FaultKind::TrackingError, index)));
            }
        }
        found
    }

    pub fn digest(&self, sink: &mut dyn FnMut(&[u8])) {
        sink(&self.last_tick_ns.unwrap_or(u64::MAX).to_le_bytes());
        for watch in self.joints.iter().flatten() {
            let mut bytes = [0; 32];
            let values = [
                watch.reading_bits,
                watch.changed_ns,
                watch.set_point.to_bits(),
                watch.read_ns,
            ];
            for (place, value) in bytes.chunks_exact_mut(8).zip(values) {
                place.copy_from_slice(&value.to_le_bytes());
            }
            sink(&bytes);
        }
    }
}

impl JointWatch {
    fn look(
        &mut self,
        now_ns: u64,
        reading: f64,
        set_point: f64,
        kind: JointKind,
        settings: &LoopSettings,
    ) -> Option<FaultKind> {
        if !reading.is_finite() {
            let missing_ns = now_ns.saturating_sub(self.read_ns);
            return triggers!(DropoutFault, missing_ns > settings.dropout_ns)
                .then_some(FaultKind::SensorDropout);
        }
        self.read_ns = now_ns;
        if reading.to_bits() != self.reading_bits {
            (self.reading_bits, self.changed_ns, self.set_point) =
                (reading.to_bits(), now_ns, set_point);
            return None;
        }
        let step = match kind {
            JointKind::Revolute => FROZEN_TURN_RAD,
            JointKind::Prismatic => FROZEN_SLIDE_M,
        };
        let is_frozen = now_ns.saturating_sub(self.changed_ns) > settings.frozen_ns
            && (set_point - self.set_point).abs() > step;
        triggers!(FrozenFault, is_frozen).then_some(FaultKind::SensorFrozen)
    }
}
