//! What the command line and the rehearsal share: reading the user's files, and the loops that have a name.

pub mod failure;
pub mod input;
pub mod loops;
