//! Value noise, the same on every machine: for blotches, bumps and folds that no two places share.

use bevy::prelude::Vec3;

/// Smooth noise in −1 to 1; about one bump a unit.
pub fn noise(at: Vec3) -> f32 {
    let cell = at.floor();
    let within = at - cell;
    let eased = within * within * (Vec3::splat(3.0) - 2.0 * within);
    let cell = cell.as_ivec3();
    let corner = |x: i32, y: i32, z: i32| hash(cell.x + x, cell.y + y, cell.z + z);
    let mix = |a: f32, b: f32, share: f32| a + (b - a) * share;
    let edge = |y: i32, z: i32| mix(corner(0, y, z), corner(1, y, z), eased.x);
    let face = |z: i32| mix(edge(0, z), edge(1, z), eased.y);
    mix(face(0), face(1), eased.z)
}

/// Noise of several sizes, each half as large and half as strong as the one before; about −1 to 1.
pub fn layered(at: Vec3, layers: u32) -> f32 {
    let mut sum = 0.0;
    let (mut size, mut strength) = (1.0, 0.5);
    for layer in 0..layers {
        sum += strength * noise(at * size + Vec3::splat(layer as f32 * 17.3));
        size *= 2.03;
        strength *= 0.5;
    }
    sum
}

/// A number in −1 to 1 from three integers.
fn hash(x: i32, y: i32, z: i32) -> f32 {
    let mut bits = (x as u32).wrapping_mul(0x8da6_b343)
        ^ (y as u32).wrapping_mul(0xd816_3841)
        ^ (z as u32).wrapping_mul(0xcb1a_b31f);
    bits = (bits ^ (bits >> 15)).wrapping_mul(0x2c1b_3c6d);
    bits = (bits ^ (bits >> 12)).wrapping_mul(0x297a_2d39);
    bits ^= bits >> 15;
    bits as f32 / u32::MAX as f32 * 2.0 - 1.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_continuous_across_cells_and_stays_within_one() {
        let mut before = noise(Vec3::ZERO);
        for step in 1..4_000 {
            let at = Vec3::new(0.005, 0.003, -0.002) * step as f32;
            let here = noise(at);
            assert!((here - before).abs() < 0.05, "{at}: {before} {here}");
            assert!(here.abs() <= 1.0);
            before = here;
        }
    }
}
