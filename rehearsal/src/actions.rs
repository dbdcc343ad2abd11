//! What keys and buttons ask for: the same for both.

use crate::troubles::Trouble;

/// One wish.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Action {
    /// Play, or stand.
    PlayOrPause,
    /// One tick on, or back.
    Tick {
        /// On, not back.
        forward: bool,
    },
    /// The next usual speed.
    Speed {
        /// Faster, not slower.
        faster: bool,
    },
    /// To the next event, or the one before.
    Event {
        /// The next.
        forward: bool,
    },
    /// To a moment, ns.
    Seek(u64),
    /// To the newest moment.
    Newest,
    /// Lets something go wrong, or lets it be.
    Trouble(Trouble),
    /// The camera's next place, by its number among the presets.
    View(usize),
    /// The other language.
    Language,
    /// Help, open or closed.
    Help,
    /// A new session with a person's hands.
    TakeOver,
    /// Writes the session into a file.
    Save,
    /// The clutch pedal.
    Clutch(bool),
    /// The camera pedal.
    CameraPedal(bool),
    /// The clutch pedal, by its button held with the mouse.
    ClutchButton(bool),
    /// The camera pedal, by its button held with the mouse.
    CameraButton(bool),
    /// The hand takes the free instrument.
    SwapArm,
    /// The other hand is moved.
    OtherHand,
    /// The next scale of the hands.
    Scale,
    /// Opens the jaw by so much, rad.
    Jaw(f64),
    /// Emergency stop.
    Stop,
}
