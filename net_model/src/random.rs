//! Randomness: one ChaCha8 stream a named source.
//!
//! A stream's key is the SHA-256 of the seed and its name, so a source added tomorrow moves no number of today's, and
//! a recorded failure stays a failure. ChaCha8 has an exact, platform-free definition, and its whole state is a key and
//! a position. Every value is a pure function of the words drawn: nothing is kept back for the next call, so the
//! position is all of a stream's state.
//!
//! Rare events do not draw once a packet: [`Trials`] draws how many packets pass until the next one.

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use sha2::{Digest, Sha256};

use crate::units::Probability;
use crate::ziggurat::{EXPONENTIAL, NORMAL};

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

    /// Normal with mean 0 and standard deviation 1, by ziggurat: the same law as [`Self::normal`], other numbers, and
    /// several times as fast.
    pub fn quick_normal(&mut self) -> f64 {
        let ziggurat = &*NORMAL;
        loop {
            let bits = self.bits();
            // The layer from the lowest bits, the place in it from the highest: they share none.
            let layer = (bits & 0xff) as usize;
            let place = (bits >> 11) as f64 * (2.0 / TWO_TO_53) - 1.0;
            let x = place * ziggurat.edge[layer];
            if libm::fabs(x) < ziggurat.edge[layer + 1] {
                return x;
            }
            if layer == 0 {
                let beyond = self.normal_tail(ziggurat.tail);
                return if place < 0.0 { -beyond } else { beyond };
            }
            let [low, high] = [ziggurat.density[layer], ziggurat.density[layer + 1]];
            if low + (high - low) * self.uniform() < libm::exp(-0.5 * x * x) {
                return x;
            }
        }
    }

    /// The tail of a normal law beyond `from`: Marsaglia, Technometrics 6 (1964) 101.
    fn normal_tail(&mut self, from: f64) -> f64 {
        loop {
            let x = self.exponential() / from;
            if 2.0 * self.exponential() > x * x {
                return from + x;
            }
        }
    }

    /// Exponential with mean 1, by ziggurat: the same law as [`Self::exponential`], other numbers, and several times
    /// as fast. At most 44.5.
    pub fn quick_exponential(&mut self) -> f64 {
        let ziggurat = &*EXPONENTIAL;
        loop {
            let bits = self.bits();
            let layer = (bits & 0xff) as usize;
            let x = (bits >> 11) as f64 * (1.0 / TWO_TO_53) * ziggurat.edge[layer];
            if x < ziggurat.edge[layer + 1] {
                return x;
            }
            if layer == 0 {
                // It has no memory: what is beyond the edge is exponential again.
                return ziggurat.tail + self.exponential();
            }
            let [low, high] = [ziggurat.density[layer], ziggurat.density[layer + 1]];
            if low + (high - low) * self.uniform() < libm::exp(-x) {
                return x;
            }
        }
    }

    /// Gamma with the given shape (above 0) and scale 1.
    pub fn gamma(&mut self, shape: f64) -> f64 {
        Gamma::new(shape).draw(self)
    }
}

/// A gamma law of scale 1 made ready: Marsaglia and Tsang, ACM TOMS 26 (2000) 363.
#[derive(Clone, Copy, Debug)]
pub struct Gamma {
    d: f64,
    c: f64,
    /// Below a shape of 1: the inverse shape, for the boost of their section 6.
    boost: Option<f64>,
}

impl Gamma {
    /// Shape above 0.
    pub fn new(shape: f64) -> Self {
        let (shape, boost) = if shape < 1.0 {
            (shape + 1.0, Some(1.0 / shape))
        } else {
            (shape, None)
        };
        let d = shape - 1.0 / 3.0;
        Self {
            d,
            c: 1.0 / libm::sqrt(9.0 * d),
            boost,
        }
    }

    /// The next number.
    pub fn draw(&self, stream: &mut Stream) -> f64 {
        let drawn = loop {
            let x = stream.quick_normal();
            let root = 1.0 + self.c * x;
            if root <= 0.0 {
                continue;
            }
            let v = root * root * root;
            let u = 1.0 - stream.uniform();
            let square = x * x;
            // Their squeeze spares the logarithms in 98 of 100 draws.
            if u < 1.0 - 0.0331 * square * square
                || libm::log(u) < 0.5 * square + self.d * (1.0 - v + libm::log(v))
            {
                break self.d * v;
            }
        };
        match self.boost {
            // Gamma(a) = Gamma(a + 1) * U^(1/a), and -ln U is exponential.
            Some(inverse) => drawn * libm::exp(-stream.quick_exponential() * inverse),
            None => drawn,
        }
    }
}

/// How many trials fail before the next one succeeds: geometric, by inversion.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Gap {
    /// No trial succeeds.
    Never,
    /// Each does.
    Always,
    /// One over the logarithm of the chance to fail.
    Geometric(f64),
}

impl Gap {
    /// The number of failures before the next success. At most one draw; of an event that never happens, `u64::MAX`.
    pub fn draw(self, stream: &mut Stream) -> u64 {
        match self {
            Self::Never => u64::MAX,
            Self::Always => 0,
            // The cast cuts off what does not fit: after 2^64 packets nothing is looked at any more.
            Self::Geometric(inverse) => (libm::log(1.0 - stream.uniform()) * inverse) as u64,
        }
    }
}

impl From<Probability> for Gap {
    fn from(probability: Probability) -> Self {
        let probability = probability.get();
        if probability <= 0.0 {
            Self::Never
        } else if probability >= 1.0 {
            Self::Always
        } else {
            Self::Geometric(1.0 / libm::log1p(-probability))
        }
    }
}

/// Independent trials of one chance, counted down from success to success: a trial that fails draws nothing.
#[derive(Clone, Debug)]
pub struct Trials {
    gap: Gap,
    left: u64,
}

impl Trials {
    /// Ready for the first trial.
    pub fn new(probability: Probability, stream: &mut Stream) -> Self {
        let gap = Gap::from(probability);
        Self {
            gap,
            left: gap.draw(stream),
        }
    }

    /// Whether the next trial succeeds.
    pub fn succeeds(&mut self, stream: &mut Stream) -> bool {
        if self.left > 0 {
            self.left -= 1;
            return false;
        }
        self.left = self.gap.draw(stream);
        true
    }

    /// How many trials fail before the next success: with the stream's position, the state.
    pub fn left(&self) -> u64 {
        self.left
    }
}

const TWO_TO_53: f64 = 9_007_199_254_740_992.0;

/// A probability made ready for fast draws. 0 never happens and 1 always does, exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chance {
    threshold: u64,
}

impl From<Probability> for Chance {
    fn from(probability: Probability) -> Self {
        Self {
            threshold: (probability.get() * TWO_TO_53) as u64,
        }
    }
}
