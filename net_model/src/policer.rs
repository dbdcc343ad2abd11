//! The firewall at the way in: a token bucket that drops what exceeds its rate and its burst.

use serde::{Deserialize, Serialize};

use crate::units::{Bytes, MegabitsPerSecond};

/// A policer. A packet that finds too few tokens is dropped; none waits.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policer {
    /// The rate at which tokens come, in Mbit/s.
    pub rate_mbit_s: MegabitsPerSecond,
    /// The most that may come at once, in bytes.
    pub burst_bytes: Bytes,
}

/// The bucket of one link, as the generic cell rate algorithm (ITU-T I.371) keeps it: one time instead of a level that
/// has to be filled up, so no rounding adds up.
#[derive(Clone, Debug)]
pub(crate) struct Bucket {
    bits_per_s: u64,
    burst_ns: u64,
    /// When the bucket would be full again if nothing more came.
    full_at_ns: u64,
}

impl Bucket {
    pub fn new(policer: Policer) -> Self {
        let bits_per_s = policer.rate_mbit_s.bits_per_s();
        Self {
            bits_per_s,
            burst_ns: transmission_ns(policer.burst_bytes.count(), bits_per_s),
            full_at_ns: 0,
        }
    }

    /// Whether a packet of `bytes` may pass now; if so, it takes its tokens.
    pub fn passes(&mut self, now_ns: u64, bytes: u64) -> bool {
        let full_at_ns = self.full_at_ns.max(now_ns) + transmission_ns(bytes, self.bits_per_s);
        let conforms = full_at_ns - now_ns <= self.burst_ns;
        if conforms {
            self.full_at_ns = full_at_ns;
        }
        conforms
    }

    pub fn digest(&self, sink: &mut impl FnMut(&[u8])) {
        sink(&self.full_at_ns.to_le_bytes());
    }
}

/// How long `bytes` take at a rate (above 0), to the nearest ns; at most 2^62.
pub(crate) fn transmission_ns(bytes: u64, bits_per_s: u64) -> u64 {
    let rate = bits_per_s.max(1);
    // Up to 1 GB in 64 bits, as a division in 128 is several times as slow.
    if bytes <= 1_000_000_000 && rate <= 1 << 60 {
        return (bytes * BIT_NS_PER_BYTE + rate / 2) / rate;
    }
    let rate = u128::from(rate);
    let bit_ns = u128::from(bytes) * u128::from(BIT_NS_PER_BYTE);
    ((bit_ns + rate / 2) / rate).min(1 << 62) as u64
}

/// Bits in a byte, times nanoseconds in a second.
pub(crate) const BIT_NS_PER_BYTE: u64 = 8_000_000_000;
