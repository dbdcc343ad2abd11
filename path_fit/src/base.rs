//! From delays with unknown clock offsets to what can be known: drift, regimes of the base delay, and the variation
//! above it.

use std::collections::VecDeque;

use crate::statistics::{median, quantile};

/// The least delay is sought this far before and after a probe, or [`WINDOW_PROBES`] probes if that is farther.
/// RFC 6817 keeps minutes; a drift of 100 ppm is 1 ms in ten seconds, so the window is short.
const WINDOW_NS: i64 = 5_000_000_000;

/// Fewer probes than this (each side) make the minimum itself noisy. Assumed.
const WINDOW_PROBES: i64 = 200;

/// Base delays are compared in blocks of this length, or of [`BLOCK_PROBES`] probes if that is longer. Assumed.
const BLOCK_NS: i64 = 1_000_000_000;

/// See [`BLOCK_NS`].
const BLOCK_PROBES: i64 = 20;

/// A regime lasts at least so many blocks. Assumed.
const SHORTEST_REGIME_BLOCKS: usize = 3;

/// A smaller change of the base is none (assumed): below the jitter of any long path.
const LEAST_STEP_MS: f64 = 0.5;

/// One direction's (or the round trip's) delays: time of sending and delay, ns, of the probes that have one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// (sent, delay), in the order of sending.
    pub points: Vec<(i64, i64)>,
}

/// A spell in which the base delay stays.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Regime {
    /// Its first moment, ns since the first probe.
    pub from_ns: i64,
    /// Its last moment, ns.
    pub to_ns: i64,
    /// Its base delay, ns, by the clocks as they are: of a [`Variation`] the mean of the least delays around its probes
    /// (on which the variation stands), else the least of all.
    pub base_ns: i64,
}

/// The variation of a series above its base.
#[derive(Clone, Debug, PartialEq)]
pub struct Variation {
    /// (sent, variation in ms), in the order of sending.
    pub points: Vec<(i64, f64)>,
    /// The regimes of the base, at least one.
    pub regimes: Vec<Regime>,
}

impl Series {
    /// The drift of the two clocks, ns per ns, by the median of the slopes between the lows of blocks (Theil–Sen);
    /// none when there are too few blocks to tell.
    pub fn drift(&self, probe_interval_ns: i64) -> Option<f64> {
        // Above the first delay: a clock's offset may leave a float no nanoseconds.
        let first_ns = self.points.first().map_or(0, |point| point.1);
        let lows: Vec<(f64, f64)> = self
            .blocks(probe_interval_ns)
            .iter()
            .map(|block| (block.middle_ns as f64, (block.least - first_ns) as f64))
            .collect();
        if lows.len() < 10 {
            return None;
        }
        // 300 blocks give 45,000 pairs: enough for the median, and quick.
        let step = lows.len().div_ceil(300);
        let lows: Vec<(f64, f64)> = lows.into_iter().step_by(step).collect();
        // Neither neighbours (noise) nor distant blocks (a route step would lie between most of them).
        let (near, far) = ((lows.len() / 10).max(1), (lows.len() / 4).max(2));
        let mut slopes = Vec::new();
        for (index, (x, y)) in lows.iter().enumerate() {
            for (later_x, later_y) in lows.iter().skip(index + near).take(far - near + 1) {
                slopes.push((later_y - y) / (later_x - x));
            }
        }
        Some(median(&slopes))
    }

    /// The same delays with a drift taken out.
    pub fn without_drift(&self, drift: f64) -> Self {
        Self {
            points: self
                .points
                .iter()
                .map(|&(sent_ns, delay_ns)| {
                    (
                        sent_ns,
                        delay_ns - libm::rint(drift * sent_ns as f64) as i64,
                    )
                })
                .collect(),
        }
    }

    /// The variation above the windowed minimum, and the regimes of the base.
    pub fn variation(&self, probe_interval_ns: i64) -> Variation {
        let mut regimes = self.regimes(probe_interval_ns);
        let window_ns = WINDOW_NS.max(WINDOW_PROBES * probe_interval_ns);
        let mut points = Vec::with_capacity(self.points.len());
        let mut rest = self.points.as_slice();
        for index in 0..regimes.len() {
            let end = match regimes.get(index + 1) {
                Some(next) => rest.partition_point(|point| point.0 < next.from_ns),
                None => rest.len(),
            };
            let (own, later) = rest.split_at(end);
            rest = later;
            let least = least_around(own, window_ns);
            if !least.is_empty() {
                let sum: i128 = least.iter().map(|&ns| i128::from(ns)).sum();
                regimes[index].base_ns = (sum / least.len() as i128) as i64;
            }
            points.extend(
                own.iter()
                    .zip(least)
                    .map(|(&(sent_ns, delay_ns), least_ns)| {
                        (sent_ns, (delay_ns - least_ns) as f64 * 1e-6)
                    }),
            );
        }
        Variation { points, regimes }
    }

    /// Spells between the moments at which the base delay stepped.
    pub fn regimes(&self, probe_interval_ns: i64) -> Vec<Regime> {
        let blocks = self.blocks(probe_interval_ns);
        let lows: Vec<f64> = blocks.iter().map(|block| block.low_ms).collect();
        let mut cuts = change_points(&lows);
        cuts.insert(0, 0);
        cuts.push(lows.len());
        let start_ns = self.points.first().map_or(0, |point| point.0);
        let end_ns = self.points.last().map_or(0, |point| point.0);
        let mut regimes: Vec<Regime> = cuts
            .windows(2)
            .filter(|pair| pair[0] < pair[1])
            .map(|pair| {
                let own = &blocks[pair[0]..pair[1]];
                Regime {
                    from_ns: if pair[0] == 0 {
                        start_ns
                    } else {
                        blocks[pair[0]].from_ns
                    },
                    to_ns: blocks.get(pair[1]).map_or(end_ns, |block| block.from_ns),
                    base_ns: own.iter().map(|block| block.least).min().unwrap_or(0),
                }
            })
            .collect();
        if regimes.is_empty() {
            regimes.push(Regime {
                from_ns: start_ns,
                to_ns: end_ns,
                base_ns: self.points.iter().map(|point| point.1).min().unwrap_or(0),
            });
        }
        regimes
    }

    fn blocks(&self, probe_interval_ns: i64) -> Vec<Block> {
        let length_ns = BLOCK_NS.max(BLOCK_PROBES * probe_interval_ns).max(1);
        self.points
            .chunk_by(|a, b| a.0.div_euclid(length_ns) == b.0.div_euclid(length_ns))
            .filter(|chunk| chunk.len() >= 5)
            .map(|chunk| {
                let least = chunk.iter().map(|point| point.1).min().unwrap_or(0);
                let mut delays: Vec<f64> = chunk
                    .iter()
                    .map(|point| (point.1 - self.points[0].1) as f64 * 1e-6)
                    .collect();
                delays.sort_by(f64::total_cmp);
                Block {
                    from_ns: chunk[0].0,
                    middle_ns: (chunk[0].0 + chunk[chunk.len() - 1].0) / 2,
                    least,
                    low_ms: quantile(&delays, 0.1),
                }
            })
            .collect()
    }
}

struct Block {
    from_ns: i64,
    middle_ns: i64,
    least: i64,
    /// A tenth of the block's delays is below this, ms above the series' first: steadier than the minimum.
    low_ms: f64,
}

/// Where the mean of a series steps, by binary segmentation: a cut must explain more squared error than noise would
/// (15 variances for each halving of the series, robust estimate), and the step be at least half a millisecond.
pub fn change_points(values: &[f64]) -> Vec<usize> {
    let differences: Vec<f64> = values
        .windows(2)
        .map(|pair| (pair[1] - pair[0]).abs())
        .collect();
    // The median of |N(0, 2 s^2)| is 0.6745 * sqrt(2) * s.
    let noise = (median(&differences) / (0.6745 * std::f64::consts::SQRT_2)).max(0.02);
    let penalty = noise * noise * 15.0 * libm::log(values.len().max(2) as f64);
    let mut sums = vec![0.0];
    for value in values {
        sums.push(sums[sums.len() - 1] + value);
    }
    let mut cuts = Vec::new();
    let mut spans = vec![(0, values.len())];
    while let Some((from, to)) = spans.pop() {
        let total = sums[to] - sums[from];
        let length = (to - from) as f64;
        let best = (from + SHORTEST_REGIME_BLOCKS..(to + 1).saturating_sub(SHORTEST_REGIME_BLOCKS))
            .map(|cut| {
                let left = sums[cut] - sums[from];
                let (n, m) = ((cut - from) as f64, (to - cut) as f64);
                let right = total - left;
                (
                    left * left / n + right * right / m - total * total / length,
                    cut,
                )
            })
            .max_by(|a, b| a.0.total_cmp(&b.0));
        let Some((gain, cut)) = best else { continue };
        if gain > penalty {
            cuts.push(cut);
            spans.push((from, cut));
            spans.push((cut, to));
        }
    }
    cuts.sort_unstable();
    // Segments are judged by their medians: a spike moves a mean, a route step moves a median.
    loop {
        let mut edges = vec![0];
        edges.extend(&cuts);
        edges.push(values.len());
        let medians: Vec<f64> = edges
            .windows(2)
            .map(|pair| median(&values[pair[0]..pair[1]]))
            .collect();
        let small = medians
            .windows(2)
            .enumerate()
            .map(|(index, pair)| ((pair[1] - pair[0]).abs(), index))
            .filter(|(step, _)| *step < LEAST_STEP_MS.max(4.0 * noise))
            .min_by(|a, b| a.0.total_cmp(&b.0));
        let Some((_, index)) = small else { break };
        cuts.remove(index);
    }
    cuts
}

/// The least delay within a window of each point.
fn least_around(points: &[(i64, i64)], window_ns: i64) -> Vec<i64> {
    let mut window: VecDeque<usize> = VecDeque::new();
    let mut next = 0;
    points
        .iter()
        .map(|&(now_ns, own_ns)| {
            while next < points.len() && points[next].0 <= now_ns + window_ns {
                // Larger delays before a smaller one will never be the least again.
                while window
                    .back()
                    .is_some_and(|&last| points[last].1 >= points[next].1)
                {
                    window.pop_back();
                }
                window.push_back(next);
                next += 1;
            }
            while window
                .front()
                .is_some_and(|&first| points[first].0 < now_ns - window_ns)
            {
                window.pop_front();
            }
            window.front().map_or(own_ns, |&first| points[first].1)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: i64 = 1_000_000;

    /// A probe each 10 ms; the delay is given, ms, plus a small saw of 0 to 0.9 ms.
    fn series(count: i64, delay_ms: impl Fn(i64) -> f64) -> Series {
        Series {
            points: (0..count)
                .map(|n| {
                    (
                        n * 10 * MS,
                        (delay_ms(n) * 1e6) as i64 + n * 7 % 10 * MS / 10,
                    )
                })
                .collect(),
        }
    }

    #[test]
    fn a_route_step_up_and_down_makes_three_regimes_and_no_variation() {
        let stepped = series(3_000, |n| {
            if (1_000..2_000).contains(&n) {
                130.0
            } else {
                100.0
            }
        });
        let variation = stepped.variation(10 * MS);
        let bases: Vec<i64> = variation
            .regimes
            .iter()
            .map(|regime| regime.base_ns / MS)
            .collect();
        assert_eq!(bases, [100, 130, 100]);
        assert_eq!(variation.regimes[1].from_ns, 10_000 * MS);
        assert!(variation.points.iter().all(|point| point.1 < 1.0));
    }

    #[test]
    fn a_drift_of_50_ppm_is_found_and_a_route_step_does_not_hide_it() {
        let drifting = series(10_000, |n| {
            let step = if n > 7_000 { 20.0 } else { 0.0 };
            100.0 + step + n as f64 * 10.0 * 50e-6
        });
        let drift = drifting.drift(10 * MS).expect("100 blocks");
        assert!((drift - 50e-6).abs() < 2e-6, "{drift}");
        assert_eq!(drifting.without_drift(drift).regimes(10 * MS).len(), 2);
    }

    #[test]
    fn noise_alone_makes_one_regime() {
        // A linear congruential generator: noise that is the same on every run.
        let mut state = 1_u64;
        let values: Vec<f64> = (0..500)
            .map(|_| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                (state >> 40) as f64 / f64::from(1 << 24)
            })
            .collect();
        assert_eq!(change_points(&values), Vec::<usize>::new());
    }
}
