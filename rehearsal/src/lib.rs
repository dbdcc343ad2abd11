//! The operation in 3D: the same twin as the headless checks use, drawn, paced and driven by hand.
//!
//! Read it in this order:
//!
//! 1. [`cli`], [`case`]: what is asked for, and the run that it is.
//! 2. [`session`]: that run, played, scrubbed through, driven. No rendering in it. [`hands`], [`troubles`]: what a person
//!    does at the console, and to the network.
//! 3. [`scene`]: the seam between the session, which fills it, and the [`room`], which draws it.
//! 4. [`hud`]: what stands around the room; it returns [`actions`], as the keys of [`controls`] do. [`texts`], [`palette`]:
//!    its words and colours.
//! 5. [`app`]: all of it as a Bevy application; [`headless`]: pictures without a screen; [`device`]: what there is to draw
//!    with.

pub mod actions;
pub mod app;
pub mod case;
pub mod cli;
pub mod controls;
pub mod device;
pub mod hands;
pub mod headless;
pub mod hud;
pub mod palette;
pub mod room;
pub mod scene;
pub mod session;
pub mod texts;
pub mod troubles;
