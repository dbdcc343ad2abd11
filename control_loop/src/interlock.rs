//! The interlock: which of seven states the robot is in, and what may change it.
//!
//! The rows of a state are tried from top to bottom; where none holds, it stays.
//!
//! | from | when | to |
//! |---|---|---|
//! | Stopped, Faulted | acknowledged at the bedside, nothing wrong any more, everything at rest | Idle |
//! | any but Stopped | the emergency stop is commanded | Stopped |
//! | any but Stopped, Faulted | a fault is sensed | Faulted |
//! | Aligning, Following, Coasting, Holding | another session begins | Idle |
//! | Aligning, Following, Coasting | silence longer than the coast limit | Holding |
//! | Idle, Aligning, Holding | a command of a fresh gesture is accepted, everything at rest | Following |
//! | Idle | a command is accepted | Aligning |
//! | Holding | an accepted command that does not ask to follow | Aligning |
//! | Following, Coasting | the pedal is pressed, or the clutch number changes | Aligning |
//! | Following, Coasting | silence longer than the gap | Coasting |
//! | Following, Coasting | silence no longer than the gap | Following |
//!
//! Entering Holding, and leaving Faulted or Stopped, raises the engagement number, so every command that
//! is on its way then is dead for ever. A stop that the console commanded stays commanded for the rest of
//! its session: leaving Stopped takes a new one.
//!
//! A test reads this table and compares it with [`next`] over all circumstances.
//!
//! In the terms of the Collaborative Robotics Toolkit (CRTK): see [`State::operating_state`]. The pedal
//! is its `pause`, the gesture its `resume`, the emergency stop its `disable`, the acknowledgement its
//! `enable`, and nobody commands a fault.

use crate::rules::{requires, triggers};

/// The states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing was ever accepted.
    Idle,
    /// Commands arrive; the arms hold still and wait for a clutch gesture.
    Aligning,
    /// The instruments follow the hands.
    Following,
    /// A short gap: the instruments settle at the last target.
    Coasting,
    /// Stopped after a long gap; only a fresh gesture with the present engagement number resumes.
    Holding,
    /// Stopped after a fault.
    Faulted,
    /// Stopped by the emergency stop.
    Stopped,
}

impl State {
    /// All states, in the order of their numbers in a status frame.
    pub const ALL: [Self; 7] = [
        Self::Idle,
        Self::Aligning,
        Self::Following,
        Self::Coasting,
        Self::Holding,
        Self::Faulted,
        Self::Stopped,
    ];

    /// The state in a word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Aligning => "aligning",
            Self::Following => "following",
            Self::Coasting => "coasting",
            Self::Holding => "holding",
            Self::Faulted => "faulted",
            Self::Stopped => "stopped",
        }
    }

    /// Whether the instruments follow the hands, or settle at the last target.
    pub const fn is_following(self) -> bool {
        matches!(self, Self::Following | Self::Coasting)
    }
}

/// The operating states of CRTK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperatingState {
    /// No motion, and none can be asked for.
    Disabled,
    /// It moves as it is told.
    Enabled,
    /// It stands, and may go on when it is told to.
    Paused,
    /// It stands, and somebody must look at it.
    Fault,
}

impl OperatingState {
    /// The state as CRTK's `operating_state` spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Disabled => "DISABLED",
            Self::Enabled => "ENABLED",
            Self::Paused => "PAUSED",
            Self::Fault => "FAULT",
        }
    }
}

impl State {
    /// The CRTK operating state that this state is.
    pub const fn operating_state(self) -> OperatingState {
        match self {
            Self::Idle | Self::Stopped => OperatingState::Disabled,
            Self::Following | Self::Coasting => OperatingState::Enabled,
            Self::Aligning | Self::Holding => OperatingState::Paused,
            Self::Faulted => OperatingState::Fault,
        }
    }
}

/// How long ago the last command was accepted, in three classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Silence {
    /// Within the gap.
    None,
    /// Longer than the gap.
    Gap,
    /// Longer than the coast limit.
    Long,
}

/// What a tick knows when it decides on the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Circumstances {
    /// The emergency stop was commanded.
    pub stop: bool,
    /// A fault is sensed.
    pub fault: bool,
    /// Somebody at the bedside acknowledged what happened.
    pub acknowledged: bool,
    /// Another session began.
    pub new_session: bool,
    /// A command was accepted since the last tick.
    pub accepted: bool,
    /// The newest accepted command asks to follow.
    pub engaged: bool,
    /// Its clutch number is the one that is followed.
    pub same_clutch: bool,
    /// Its clutch number is greater than any that was ever followed.
    pub fresh_clutch: bool,
    /// Every set-point is at rest.
    pub at_rest: bool,
    /// How long nothing was accepted.
    pub silence: Silence,
}

/// The state after a tick: the table above.
pub fn next(state: State, now: &Circumstances) -> State {
    use State::{Aligning, Coasting, Faulted, Following, Holding, Idle, Stopped};
    let gesture = now.engaged
        && requires!(FreshGesture, now.fresh_clutch)
        && requires!(RestBeforeFollowing, now.at_rest);
    let accepted = requires!(CommandOfThisTick, now.accepted);
    let mended = now.acknowledged && now.at_rest && !now.stop && !now.fault;
    match state {
        Stopped | Faulted if mended => Idle,
        Stopped if triggers!(StopLatch, true) => Stopped,
        _ if triggers!(EmergencyStop, now.stop) => Stopped,
        Faulted if triggers!(FaultLatch, true) => Faulted,
        _ if triggers!(FaultStops, now.fault) => Faulted,
        Aligning | Following | Coasting | Holding if triggers!(NewSession, now.new_session) => Idle,
        Idle | Stopped | Faulted if !now.accepted => Idle,
        Aligning | Following | Coasting
            if triggers!(HoldAfterSilence, now.silence == Silence::Long) =>
        {
            Holding
        }
        // A command kept while the arms came to rest may have grown too old: it takes one of this tick.
        Idle | Stopped | Faulted | Aligning if accepted && gesture => Following,
        Idle | Stopped | Faulted | Aligning => Aligning,
        Holding if !accepted => Holding,
        Holding if gesture => Following,
        Holding if !now.engaged => Aligning,
        Holding => Holding,
        Following | Coasting
            if triggers!(
                PedalReleases,
                now.accepted && !(now.engaged && now.same_clutch)
            ) =>
        {
            Aligning
        }
        Following | Coasting if now.silence == Silence::Gap => Coasting,
        Following | Coasting => Following,
    }
}
