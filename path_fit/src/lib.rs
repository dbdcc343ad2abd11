//! Measured network paths: read what the common tools wrote, with each tool's traps in mind, and fit the network
//! model to it.
//!
//! The crate reads in this order:
//!
//! 1. [`source`]: bytes, unpacked, in bounded memory.
//! 2. [`read`]: one reader a tool; each gives a [`Measurement`].
//! 3. [`measurement`]: what all of them give.

pub mod error;
pub mod measurement;
pub mod read;
pub mod source;

pub use error::{ImportError, Place};
pub use measurement::{Format, Lost, Measurement, Probe};
pub use source::Source;
