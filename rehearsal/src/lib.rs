//! The operation in 3D: the same twin as the headless checks use, drawn, paced and driven by hand.

pub mod room;
pub mod scene;
