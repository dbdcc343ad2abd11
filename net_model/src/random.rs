//! Randomness: one ChaCha8 stream a named source.
//!
//! A stream's key is the SHA-256 of the seed and its name, so a source added tomorrow moves no number of today's, and
//! a recorded failure stays a failure. ChaCha8 has an exact, platform-free definition, and its whole state is a key and
//! a position. Every value is a pure function of the words drawn: nothing is kept back for the next call, so the
//! position is all of a stream's state.

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use sha2::{Digest, Sha256};

use crate::units::Probability;

/// The random stream of one named source: key = SHA-256(seed, little endian, then the name).
pub fn stream(seed: u64, name: &str) -> ChaCha8Rng {
    let mut hash = Sha256::new();
    hash.update(seed.to_le_bytes());
    hash.update(name.as_bytes());
    ChaCha8Rng::from_seed(hash.finalize().into())
}

/// A named stream with the laws that the models draw from.
#[derive(Clone, Debug)]
pub struct Stream {
    words: ChaCha8Rng,
}

impl Stream {
    /// The stream of one named source.
    pub fn new(seed: u64, name: &str) -> Self {
        Self {
            words: stream(seed, name),
        }
    }

    /// How far the stream has been read, in 32-bit words: with its key, the whole of its state.
    pub fn position(&self) -> u128 {
        self.words.get_word_pos()
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.words.next_u64()
    }

    /// Uniform in [0, 1), a multiple of 2^-53.
    pub fn uniform(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * (1.0 / TWO_TO_53)
    }

    /// Uniform among `0..count`; 0 if `count` is 0. One draw; the bias is below `count / 2^64`.
    pub fn below(&mut self, count: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(count)) >> 64) as u64
    }

    /// True with the given chance. One draw.
    pub fn happens(&mut self, chance: Chance) -> bool {
        (self.bits() >> 11) < chance.threshold
    }

    /// Exponential with mean 1, by inversion. One draw; at most 36.8.
    pub fn exponential(&mut self) -> f64 {
        -libm::log(1.0 - self.uniform())
    }

    /// Normal with mean 0 and standard deviation 1, by Marsaglia's polar method. The second value of a pair is dropped,
    /// so that the stream has no state beside its position.
    pub fn normal(&mut self) -> f64 {
        loop {
            let x = 2.0 * self.uniform() - 1.0;
            let y = 2.0 * self.uniform() - 1.0;
            let square = x * x + y * y;
            if square > 0.0 && square < 1.0 {
                return x * libm::sqrt(-2.0 * libm::log(square) / square);
            }
        }
    }

    /// Gamma with the given shape (above 0) and scale 1: Marsaglia and Tsang, ACM TOMS 26 (2000) 363.
    pub fn gamma(&mut self, shape: f64) -> f64 {
        if shape < 1.0 {
            // Their section 6: Gamma(a) = Gamma(a + 1) * U^(1/a).
            let boost = libm::pow(1.0 - self.uniform(), 1.0 / shape);
            return self.gamma(shape + 1.0) * boost;
        }
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / libm::sqrt(9.0 * d);
        loop {
            let x = self.normal();
            let root = 1.0 + c * x;
            if root <= 0.0 {
                continue;
            }
            let v = root * root * root;
            let u = 1.0 - self.uniform();
            if libm::log(u) < 0.5 * x * x + d - d * v + d * libm::log(v) {
                return d * v;
            }
        }
    }
}

const TWO_TO_53: f64 = 9_007_199_254_740_992.0;

/// A probability made ready for fast draws. 0 never happens and 1 always does, exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chance {
    threshold: u64,
}

impl Chance {
    /// Never.
    pub const NEVER: Self = Self { threshold: 0 };

    /// Whether it can happen at all: a source that cannot need not draw.
    pub const fn is_never(self) -> bool {
        self.threshold == 0
    }
}

impl From<Probability> for Chance {
    fn from(probability: Probability) -> Self {
        Self {
            threshold: (probability.get() * TWO_TO_53) as u64,
        }
    }
}
