//! The operation in 3D.
fn main() {}
