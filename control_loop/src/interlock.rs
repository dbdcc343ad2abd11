//! The interlock: which of seven states the robot is in, and what may change it.
//!
//! | from | when | to |
//! |---|---|---|
//! | any but Stopped | the emergency stop is commanded | Stopped |
//! | any but Stopped, Faulted | a fault is sensed | Faulted |
//! | Idle | a command is accepted | Aligning |
//! | Aligning, Following, Coasting | silence longer than the coast limit | Holding |
//! | Aligning, Idle, Holding | a command of a fresh gesture is accepted, everything at rest | Following |
//! | Holding | an accepted command that does not ask to follow | Aligning |
//! | Following, Coasting | the pedal is pressed, or the clutch number changes | Aligning |
//! | Following | silence longer than the gap | Coasting |
//! | Coasting | a command is accepted | Following |
//!
//! Stopped and Faulted end with the session. Entering Holding raises the engagement number, so every
//! command that is on its way then is dead for ever.

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
    let gesture = now.engaged && now.fresh_clutch && now.at_rest;
    match state {
        Stopped => Stopped,
        _ if now.stop => Stopped,
        Faulted => Faulted,
        _ if now.fault => Faulted,
        Idle if !now.accepted => Idle,
        Aligning | Following | Coasting if now.silence == Silence::Long => Holding,
        // A command kept while the arms came to rest may have grown too old: it takes one of this tick.
        Idle | Aligning if now.accepted && gesture => Following,
        Idle | Aligning => Aligning,
        Holding if !now.accepted => Holding,
        Holding if gesture => Following,
        Holding if !now.engaged => Aligning,
        Holding => Holding,
        Following | Coasting if now.accepted && !(now.engaged && now.same_clutch) => Aligning,
        Following | Coasting if now.silence == Silence::Gap => Coasting,
        Following | Coasting => Following,
    }
}
