//! Measured network paths: read what the common tools wrote, with each tool's traps in mind, and fit the network
//! model to it.
//!
//! The crate reads in this order:
//!
//! 1. [`source`]: bytes, unpacked, in bounded memory.
//! 2. [`read`]: one reader a tool; each gives a [`Measurement`].
//! 3. [`measurement`]: what all of them give.
//! 4. [`base`]: drift of clocks, regimes of the base delay, variation above it.
//! 5. [`law`] and [`loss`]: the laws that are fitted, over [`statistics`].
//! 6. [`mod@fit`]: a path of the network model, and how good it is.
//! 7. [`mod@write`]: the fitted path and the replay as text; [`draw`]: measured against modelled, as SVG.
//! 8. [`mod@compare`]: whether two measured paths share something.

pub mod base;
pub mod compare;
pub mod draw;
pub mod error;
pub mod fit;
pub mod law;
pub mod loss;
pub mod measurement;
pub mod read;
pub mod source;
pub mod statistics;
pub mod write;

mod svg;

pub use error::{ImportError, Place};
pub use fit::{FitOptions, FittedPath, fit};
pub use measurement::{Format, Lost, Measurement, Probe};
pub use source::Source;
