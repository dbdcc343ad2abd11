//! Traces for the monitors' tests: two arms at rest, shown tick by tick.

use crate::finding::Encoder;
use crate::{
    Admissible, AppliedTruth, ArmSample, ArmSetup, ContactSample, Finding, Id, JointBounds,
    LoopState, MAX_JOINTS, Monitors, Sample, Setup, Thresholds, Traffic,
};

/// A millisecond, ns.
pub const MS: u64 = 1_000_000;

/// Two arms of seven joints whose limits leave room for anything but what a test is about.
pub fn setup() -> Setup {
    let bounds = JointBounds {
        lower: -1.0,
        upper: 1.0,
        velocity: 1.0,
        acceleration: 100.0,
        jerk: 1e5,
    };
    let arm = ArmSetup {
        joint_count: MAX_JOINTS,
        bounds: [bounds; MAX_JOINTS],
    };
    Setup {
        tick_ns: MS,
        arms: vec![arm; 2],
        tip_speed_m_s: 0.1,
    }
}

/// Both arms at rest at the origin.
pub fn resting_arms() -> [ArmSample; 2] {
    let arm = ArmSample {
        set_point: [0.0; MAX_JOINTS],
        tip_set_point_m: [0.0; 3],
        tip_measured_m: [0.0; 3],
        contact: ContactSample::default(),
    };
    [arm; 2]
}

/// A sample in which nothing happens.
pub fn quiet(at_ms: u64, arms: &[ArmSample]) -> Sample<'_> {
    Sample {
        now_ns: at_ms * MS,
        state: LoopState::Idle,
        engagement: 0,
        arms,
        applied: None,
        applied_gesture_ns: None,
        admissible: None,
        path_last_arrival_ns: [None; 2],
        reported_silent: [false; 2],
        traffic: [Traffic::default(); 2],
        same_without_duplicates: true,
        robot_sound: true,
        finite: true,
        quarantined: 0,
    }
}

/// A command of the first epoch that is 100 ms old.
pub fn applied(sequence: u64) -> AppliedTruth {
    AppliedTruth {
        epoch: 1,
        sequence,
        true_age_ns: Some(100 * MS),
        echo_age_ns: 200 * MS,
        is_genuine: true,
    }
}

/// An admissible arrival that asks to follow, of the gesture `clutch`.
pub fn admissible(arrived_ms: u64, clutch: u32, gesture_first_arrived_ms: u64) -> Admissible {
    Admissible {
        arrived_ns: arrived_ms * MS,
        engaged: true,
        clutch,
        gesture_ns: 0,
        gesture_first_arrived_ns: gesture_first_arrived_ms * MS,
    }
}

/// Moves an arm's tip, by set-point and in truth, along x.
pub fn step_tip(arm: &mut ArmSample, step_mm: f64) {
    arm.tip_set_point_m[0] += step_mm * 1e-3;
    arm.tip_measured_m[0] += step_mm * 1e-3;
}

/// What one monitor's digest gives.
pub fn digest_of(digest: impl FnOnce(&mut Encoder<'_>)) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut sink = |part: &[u8]| bytes.extend_from_slice(part);
    let mut encoder = Encoder::new(&mut sink);
    digest(&mut encoder);
    encoder.finish();
    bytes
}

/// Whether two numbers agree.
pub fn near(value: f64, expected: f64, tolerance: f64) {
    assert!(
        (value - expected).abs() <= tolerance,
        "{value} is not {expected}"
    );
}

/// All monitors over one trace of ticks.
#[derive(Clone)]
pub struct Run {
    monitors: Monitors,
    tick: u64,
    tick_ns: u64,
}

impl Run {
    pub fn new() -> Self {
        Self::of(setup())
    }

    pub fn of(setup: Setup) -> Self {
        let tick_ns = setup.tick_ns;
        Run {
            monitors: Monitors::new(&Thresholds::default(), &setup),
            tick: 0,
            tick_ns,
        }
    }

    /// The next tick's number.
    pub fn now(&self) -> u64 {
        self.tick
    }

    /// Shows one tick.
    pub fn tick<'a>(
        &mut self,
        arms: &'a [ArmSample],
        change: impl FnOnce(Sample<'a>) -> Sample<'a>,
    ) {
        let quiet = Sample {
            now_ns: self.tick * self.tick_ns,
            ..quiet(0, arms)
        };
        self.monitors.observe(&change(quiet));
        self.tick += 1;
    }

    /// Shows ticks in which nothing happens.
    pub fn ticks(&mut self, count: u64, arms: &[ArmSample]) {
        for _ in 0..count {
            self.tick(arms, |quiet| quiet);
        }
    }

    /// Shows ticks in one state.
    pub fn stay(&mut self, count: u64, arms: &[ArmSample], state: LoopState) {
        for _ in 0..count {
            self.tick(arms, |quiet| Sample { state, ..quiet });
        }
    }

    pub fn finding(&self, id: Id) -> Finding {
        self.monitors.finding(id)
    }

    pub fn digest(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.monitors
            .digest(&mut |part| bytes.extend_from_slice(part));
        bytes
    }
}
