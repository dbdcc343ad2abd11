//! What the checker sees of one tick.

use crate::MAX_JOINTS;

/// The interlock's state, as the loop reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LoopState {
    /// Waiting for a clutch gesture.
    Idle,
    /// A gesture is in; hand and instrument are being brought into agreement.
    Aligning,
    /// The arm follows the hand.
    Following,
    /// A short gap in the commands, bridged.
    Coasting,
    /// Stopped under power after a gap; only a new gesture resumes.
    Holding,
    /// Stopped for a fault.
    Faulted,
    /// Stopped for good.
    Stopped,
}

impl LoopState {
    /// Whether commands move the arm: following, or coasting through a gap of it.
    pub fn is_following(self) -> bool {
        matches!(self, LoopState::Following | LoopState::Coasting)
    }

    /// Whether the arm has been halted: holding, faulted or stopped.
    pub fn is_halted(self) -> bool {
        matches!(
            self,
            LoopState::Holding | LoopState::Faulted | LoopState::Stopped
        )
    }
}

/// One arm in one tick.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ArmSample {
    /// Joint set-points the loop gave, rad or m; entries past the arm's joints are not looked at.
    pub set_point: [f64; MAX_JOINTS],
    /// Where these set-points put the tip, m.
    pub tip_set_point_m: [f64; 3],
    /// Where the tip really is, m, in the same frame.
    pub tip_measured_m: [f64; 3],
    /// What it touches and what it is near.
    pub contact: ContactSample,
}

/// What one arm touches in one tick, and what it is near. The default touches nothing and is near nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ContactSample {
    /// From the trocar's place to where the instrument really passes the abdominal wall, m.
    pub remote_centre_deviation_m: f64,
    /// From what is outside of the arm to the nearest outside of another arm, of the patient or the
    /// table, m; negative where they overlap, infinite where there is neither.
    pub clearance_m: f64,
    /// What the tip puts on soft tissue, N; zero where it touches none.
    pub tip_force_n: f64,
}

impl Default for ContactSample {
    fn default() -> Self {
        Self {
            remote_centre_deviation_m: 0.0,
            clearance_m: f64::INFINITY,
            tip_force_n: 0.0,
        }
    }
}

/// The truth about a command, in the tick in which the loop applied it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AppliedTruth {
    /// Session epoch that the command carries.
    pub epoch: u32,
    /// Sequence number that the command carries.
    pub sequence: u64,
    /// How long ago its console made it, ns; `None`: the console never made such a frame, or it
    /// was never delivered.
    pub true_age_ns: Option<u64>,
    /// The loop's own bound of its age, ns: now minus the robot timestamp it echoes.
    pub echo_age_ns: u64,
    /// Whether the loop took it from bytes that its console sealed.
    pub is_genuine: bool,
}

/// What a path brought in one tick.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Datagrams, whoever sent them.
    pub arrived: u32,
    /// Those of them that an attacker made, altered or sent again.
    pub hostile: u32,
    /// Datagrams whose seal the loop checked.
    pub opened: u32,
    /// Commands of the console that the loop dropped without a look.
    pub unread: u32,
}

/// The newest arrival that an ideal receiver would admit: genuine, fresh by its echo, newer than
/// all before it, and carrying the current engagement number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admissible {
    /// When it arrived at the robot, ns.
    pub arrived_ns: u64,
    /// Whether it says that the surgeon drives: clutched in.
    pub engaged: bool,
    /// Number of the clutch gesture it belongs to.
    pub clutch: u32,
    /// When the surgeon made that gesture, ns.
    pub gesture_ns: u64,
    /// When the first admissible frame of that gesture arrived, ns.
    pub gesture_first_arrived_ns: u64,
}

/// One tick, seen from outside. All times are on one clock, in nanoseconds; every tick is sampled.
#[derive(Clone, Copy, Debug)]
pub struct Sample<'a> {
    /// The tick's time, ns.
    pub now_ns: u64,
    /// The interlock's state after the tick.
    pub state: LoopState,
    /// The robot's engagement number after the tick.
    pub engagement: u32,
    /// One entry an arm, in the order of [`Setup::arms`](crate::Setup::arms).
    pub arms: &'a [ArmSample],
    /// The command applied in this tick; `None`: none was, or the one before is still in force.
    pub applied: Option<AppliedTruth>,
    /// When the surgeon really made the gesture that the last applied command belongs to, ns.
    pub applied_gesture_ns: Option<u64>,
    /// The newest admissible arrival up to this tick.
    pub admissible: Option<Admissible>,
    /// When each path last delivered an authentic frame, ns.
    pub path_last_arrival_ns: [Option<u64>; 2],
    /// Whether the loop reports each path as silent.
    pub reported_silent: [bool; 2],
    /// What each path brought in this tick.
    pub traffic: [Traffic; 2],
    /// Whether the set-points equal, bit for bit, those of a second loop that got no repeated copy and
    /// nothing that an attacker made.
    pub same_without_duplicates: bool,
    /// Whether nothing has gone wrong with the robot itself so far, in truth: no joint, motor, sensor or
    /// computer failed. A robot that failed may refuse to follow until somebody at the bedside acts.
    pub robot_sound: bool,
    /// Whether every number of the world's state is finite and every quaternion of unit length.
    pub finite: bool,
    /// Bodies that the physics engine has put in quarantine.
    pub quarantined: usize,
}
