//! The operation in 3D: the same twin as the headless checks use, drawn, paced and driven by hand.
//!
//! Read it in this order:
//!
//! 1. [`cli`], [`case`]: what is asked for, and the run that it is.
//! 2. [`session`]: that run, played, scrubbed through, driven. No rendering in it. [`hands`], [`troubles`]: what a person
//!    does at the console, and to the network.
//! 3. [`scene`]: the seam between the session, which fills it, and the room, which draws it.
//! 4. [`texts`], [`palette`]: words and colours.

pub mod case;
pub mod cli;
pub mod hands;
pub mod palette;
pub mod scene;
pub mod session;
pub mod texts;
pub mod troubles;
