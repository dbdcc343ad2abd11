//! The control loop of a telesurgery: both ends of a command stream over two redundant paths.
//!
//! The *console* end turns the surgeon's hands into sealed frames and sends each on both paths. The
//! *robot* end judges every frame that arrives, late, twice, out of order or forged, and turns the newest
//! admissible one into joint set-points that stay inside every limit and can always stop.
//!
//! Sans-IO: the caller brings the time and the bytes. `no_std`, no allocation, no `unsafe`, no panics, a
//! bounded amount of work a call.
//!
//! Read it in this order: [`frame`] (what travels), [`session`] (whose frames), [`reception`] and
//! [`admission`] (what may become the target), [`redundancy`] (what each path is worth), [`interlock`]
//! (when anything may move), [`following`] and [`shaper`] (how it moves), [`watch`] (what is wrong with the
//! robot), [`driver`] and [`robot`] (the robot end), [`console`] (the other end), [`settings`] (the numbers
//! and their origins).
//!
//! The two ends against each other:
//!
//! ```
//! use control_loop::{
//!     Console, ConsoleStart, Hand, HandInput, LoopSettings, PathId, PresharedKey, Robot, RobotLoop,
//!     RobotStart, Sensed, State,
//! };
//! use robot_model::{ArmKind, MAX_ARMS, Pose};
//!
//! # fn arms() -> Vec<robot_model::Arm> {
//! #     let text = include_str!("../../assets/robots/toumai.ron");
//! #     robot_model::Robot::from_ron(text).unwrap().arms.iter().map(|named| named.arm).collect()
//! # }
//! let arms = arms();
//! let kinds: Vec<ArmKind> = arms.iter().map(|arm| arm.kind).collect();
//! let settings = LoopSettings::default();
//! // Both ends were given one key; each brings random bytes of its own.
//! let psk = PresharedKey([7; 32]);
//! let console_start = ConsoleStart { stamp: 1_732_000_000_000_000_000, nonce: [1; 16] };
//! let mut console = Console::new(&settings, &psk, console_start, &kinds)?;
//! let robot_start = RobotStart { epoch: 1_732_000_000, nonce: [2; 16] };
//! let mut robot = Robot::new(&arms, &settings, &psk, robot_start)?;
//!
//! let mut sensed = Sensed { joints: [[0.0; 7]; MAX_ARMS] };
//! for (joints, arm) in sensed.joints.iter_mut().zip(&arms) {
//!     *joints = arm.home;
//! }
//! let mut state = State::Idle;
//! for tick in 0..1_000 {
//!     let now_ns = tick * settings.tick_ns;
//!     // The surgeon presses the clutch pedal, releases it, and moves both hands down.
//!     let hand = |arm| Hand {
//!         pose: Pose::translation(0.0, 0.0, -1e-5 * tick as f64),
//!         jaw_rad: 0.3,
//!         arm: Some(arm),
//!     };
//!     let input = HandInput {
//!         hands: [hand(0), hand(1)],
//!         clutch_pressed: (50..150).contains(&tick),
//!         camera_pressed: false,
//!         stop_pressed: false,
//!     };
//!     let outgoing = console.tick(now_ns, &input);
//!     for (path, command) in PathId::ALL.into_iter().zip(&outgoing.paths) {
//!         for datagram in outgoing.hello.iter().chain(command) {
//!             robot.receive(now_ns, path, datagram.as_ref()); // the second copy changes nothing
//!         }
//!     }
//!     let output = robot.tick(now_ns, &sensed);
//!     sensed.joints = output.set_points;
//!     state = output.state;
//!     for path in PathId::ALL {
//!         for welcome in &output.welcome {
//!             console.receive(now_ns, path, welcome);
//!         }
//!         for status in &output.status {
//!             console.receive(now_ns, path, status);
//!         }
//!     }
//! }
//! assert_eq!(state, State::Following);
//! assert!(sensed.joints[0][2] > arms[0].home[2], "the instrument went deeper, as the hand did");
//! assert_eq!(sensed.joints[2], arms[2].home, "no hand holds the third arm");
//! # Ok::<(), control_loop::SettingsError>(())
//! ```
#![cfg_attr(not(test), no_std)]
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

// The tests of the two ends are written against the crate's name.
#[cfg(test)]
extern crate self as control_loop;

pub mod admission;
mod bytes;
pub mod console;
pub mod driver;
pub mod following;
pub mod frame;
pub mod interlock;
#[cfg(test)]
mod necessity;
pub mod reception;
pub mod redundancy;
pub mod robot;
mod rules;
pub mod session;
pub mod settings;
pub mod shaper;
pub mod watch;

pub use admission::{PathHealth, VERDICTS, Verdict};
pub use console::{Console, Datagram, Hand, HandInput, Outgoing, StatusVerdict};
pub use frame::{COMMAND_BYTES, DATAGRAM_MAX, STATUS_BYTES};
pub use interlock::State;
pub use robot::{Applied, Robot, RobotLoop, Sensed, TickOutput};
pub use session::{ConsoleStart, PresharedKey, RobotStart, SessionKeys};
pub use settings::{LoopSettings, SettingsError};
pub use watch::{Fault, FaultKind};

/// A surgeon has two hands, however many arms the robot has.
pub const HANDS: usize = 2;

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
