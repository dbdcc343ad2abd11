//! Normal and exponential numbers without a logarithm in 99 of 100 draws: the ziggurat of Marsaglia and Tsang,
//! J. Stat. Softw. 5 (2000) 8, with 256 layers of equal area.
//!
//! The law is exact. The tables are computed once from `libm`, so they are the same on every machine.

use std::sync::LazyLock;

/// Layers; the lowest holds the tail as well.
const LAYERS: usize = 256;

/// The right edges of the layers of a falling density, and the density there.
pub(crate) struct Ziggurat {
    /// `edge[0]` is the width that the lowest layer would have as a rectangle; `edge[LAYERS]` is 0.
    pub edge: [f64; LAYERS + 1],
    pub density: [f64; LAYERS + 1],
    /// Where the tail begins.
    pub tail: f64,
}

/// The density exp(-x²/2): edge of the tail and area of a layer from the paper's equations, solved to f64.
pub(crate) static NORMAL: LazyLock<Ziggurat> = LazyLock::new(|| {
    Ziggurat::new(
        3.654_152_885_361_009,
        0.004_928_673_233_992_336,
        |x| libm::exp(-0.5 * x * x),
        |y| libm::sqrt(-2.0 * libm::log(y)),
    )
});

/// The density exp(-x).
pub(crate) static EXPONENTIAL: LazyLock<Ziggurat> = LazyLock::new(|| {
    Ziggurat::new(
        7.697_117_470_131_05,
        0.003_949_659_822_581_557,
        |x| libm::exp(-x),
        |y| -libm::log(y),
    )
});

impl Ziggurat {
    fn new(
        tail: f64,
        area: f64,
        density: impl Fn(f64) -> f64,
        inverse: impl Fn(f64) -> f64,
    ) -> Self {
        let mut edge = [0.0; LAYERS + 1];
        edge[0] = area / density(tail);
        edge[1] = tail;
        for layer in 2..LAYERS {
            edge[layer] = inverse(area / edge[layer - 1] + density(edge[layer - 1]));
        }
        Self {
            density: edge.map(density),
            edge,
            tail,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_layer_has_the_same_area_and_the_highest_ends_at_the_peak() {
        for (ziggurat, area) in [
            (&*NORMAL, 0.004_928_673_233_992_336),
            (&*EXPONENTIAL, 0.003_949_659_822_581_557),
        ] {
            for layer in 1..LAYERS {
                let height = ziggurat.density[layer + 1] - ziggurat.density[layer];
                let found = ziggurat.edge[layer] * height;
                // The highest layer takes what 16 digits of the tail's edge leave open.
                assert!((found / area - 1.0).abs() < 1e-8, "layer {layer}: {found}");
            }
            assert_eq!(ziggurat.density[LAYERS], 1.0);
        }
    }
}
