//! The control loop of a telesurgery: both ends of a command stream over two redundant paths.
//!
//! The *console* end turns the surgeon's hands into sealed frames and sends each on both paths. The
//! *robot* end judges every frame that arrives, late, twice, out of order or forged, and turns the newest
//! admissible one into joint set-points that stay inside every limit and can always stop.
//!
//! Sans-IO: the caller brings the time and the bytes. `no_std`, no allocation, no `unsafe`, no panics, a
//! bounded amount of work a call.
//!
//! Read it in this order: [`frame`] (what travels), [`admission`] (what may become the target),
//! [`interlock`] (when anything may move), [`following`] and [`shaper`] (how it moves), [`driver`] and
//! [`robot`] (the robot end), [`console`] (the other end), [`settings`] (the numbers and their origins).
//!
//! ```
//! use control_loop::{
//!     Console, Hand, HandInput, LoopSettings, PathId, Robot, RobotLoop, Sensed, SessionKeys, State,
//! };
//! use robot_model::{MAX_ARMS, Pose};
//!
//! # fn arms() -> Vec<robot_model::Arm> {
//! #     let text = include_str!("../../assets/robots/toumai.ron");
//! #     robot_model::Robot::from_ron(text).unwrap().arms.iter().map(|named| named.arm).collect()
//! # }
//! let arms = arms();
//! let settings = LoopSettings::default();
//! let keys = SessionKeys { command: [7; 32], status: [8; 32] };
//! let mut console = Console::new(&settings, &keys, arms.len())?;
//! let mut robot = Robot::new(&arms, &settings, &keys)?;
//!
//! let mut sensed = Sensed { joints: [[0.0; 7]; MAX_ARMS] };
//! for (joints, arm) in sensed.joints.iter_mut().zip(&arms) {
//!     *joints = arm.home;
//! }
//! let mut state = State::Idle;
//! for tick in 0..1_000 {
//!     let now_ns = tick * settings.tick_ns;
//!     // The surgeon presses the clutch pedal, releases it, and moves.
//!     let hand = Hand { pose: Pose::translation(0.0, 0.0, -1e-5 * tick as f64), jaw_rad: 0.3 };
//!     let input = HandInput {
//!         hands: [hand; MAX_ARMS],
//!         clutch_pressed: (50..150).contains(&tick),
//!         stop_pressed: false,
//!     };
//!     if let Some(sent) = console.tick(now_ns, &input) {
//!         robot.receive(now_ns, PathId::A, &sent.bytes);
//!         robot.receive(now_ns, PathId::B, &sent.bytes); // a duplicate: changes nothing
//!     }
//!     let output = robot.tick(now_ns, &sensed);
//!     sensed.joints = output.set_points;
//!     state = output.state;
//!     if let Some(status) = output.status {
//!         console.receive(now_ns, PathId::A, &status);
//!     }
//! }
//! assert_eq!(state, State::Following);
//! assert!(sensed.joints[0][2] > arms[0].home[2], "the instrument went deeper, as the hand did");
//! # Ok::<(), control_loop::SettingsError>(())
//! ```
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::todo,
        clippy::unreachable,
        clippy::unwrap_used
    )
)]

pub mod admission;
mod bytes;
pub mod console;
pub mod driver;
pub mod following;
pub mod frame;
pub mod interlock;
pub mod robot;
pub mod settings;
pub mod shaper;

pub use admission::{VERDICTS, Verdict};
pub use console::{Console, Hand, HandInput, Sent, StatusVerdict};
pub use frame::{COMMAND_BYTES, DATAGRAM_MAX, STATUS_BYTES, SessionKeys};
pub use interlock::State;
pub use robot::{Applied, Robot, RobotLoop, Sensed, TickOutput};
pub use settings::{LoopSettings, SettingsError};

/// How many paths there are: dual-path redundancy is what this loop is for.
pub const PATHS: usize = 2;

/// One of the two paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathId {
    /// Path A.
    A,
    /// Path B.
    B,
}

impl PathId {
    /// Both paths, in the order of their indices.
    pub const ALL: [Self; PATHS] = [Self::A, Self::B];

    /// The path's place in an array of [`PATHS`].
    pub const fn index(self) -> usize {
        match self {
            Self::A => 0,
            Self::B => 1,
        }
    }

    /// The path at a place, if there is one.
    pub fn from_index(index: usize) -> Option<Self> {
        Self::ALL.get(index).copied()
    }
}
