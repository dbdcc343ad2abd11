//! The law of the delay above the base: each law is fitted in its own way, and judged in the same one.
//!
//! To add a law: a variant of [`Law`], its arms below, and its fit in [`candidates`].

use net_model::units::{LogSd, PerMillisecond, Shape, TailIndex};
use net_model::{DelayLaw, Milliseconds, Probability};

use crate::statistics::{gamma_p, ks_distance, mean, normal_cdf, quantile, skewness, variance};

/// A law of a delay of at least 0, in ms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Law {
    /// Always 0.
    Constant,
    /// Exponential.
    Exponential {
        /// Mean, ms.
        mean_ms: f64,
    },
    /// Gamma.
    Gamma {
        /// Shape.
        shape: f64,
        /// Scale, ms.
        scale_ms: f64,
    },
    /// One of two exponentials.
    Hyperexponential {
        /// How likely the first is.
        weight: f64,
        /// Their means, ms.
        means_ms: [f64; 2],
    },
    /// Lognormal.
    Lognormal {
        /// Median, ms.
        median_ms: f64,
        /// Standard deviation of the logarithm.
        sigma: f64,
    },
    /// Pareto of the second kind (Lomax): P(more than x) = (1 + x / scale)^-shape.
    Pareto {
        /// Shape: the lower, the heavier the tail.
        shape: f64,
        /// Scale, ms.
        scale_ms: f64,
    },
}

impl Law {
    /// Its name in a table.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::Exponential { .. } => "shifted exponential",
            Self::Gamma { .. } => "shifted gamma",
            Self::Hyperexponential { .. } => "hyperexponential",
            Self::Lognormal { .. } => "lognormal",
            Self::Pareto { .. } => "Pareto tail",
        }
    }

    /// Its numbers, for a table.
    pub fn parameters(&self) -> String {
        match *self {
            Self::Constant => String::new(),
            Self::Exponential { mean_ms } => format!("mean {mean_ms:.4} ms"),
            Self::Gamma { shape, scale_ms } => format!("shape {shape:.3}, scale {scale_ms:.4} ms"),
            Self::Hyperexponential {
                weight,
                means_ms: [first, second],
            } => format!(
                "{weight:.3} × {first:.4} ms, {:.3} × {second:.4} ms",
                1.0 - weight
            ),
            Self::Lognormal { median_ms, sigma } => {
                format!("median {median_ms:.4} ms, sigma {sigma:.3}")
            }
            Self::Pareto { shape, scale_ms } => format!("shape {shape:.3}, scale {scale_ms:.4} ms"),
        }
    }

    /// The chance of at most so many ms.
    pub fn cdf(&self, ms: f64) -> f64 {
        if ms < 0.0 {
            return 0.0;
        }
        match *self {
            Self::Constant => 1.0,
            Self::Exponential { mean_ms } => -libm::expm1(-ms / mean_ms),
            Self::Gamma { shape, scale_ms } => gamma_p(shape, ms / scale_ms),
            Self::Hyperexponential {
                weight,
                means_ms: [first, second],
            } => -weight * libm::expm1(-ms / first) - (1.0 - weight) * libm::expm1(-ms / second),
            Self::Lognormal { .. } if ms <= 0.0 => 0.0,
            Self::Lognormal { median_ms, sigma } => normal_cdf(libm::log(ms / median_ms) / sigma),
            Self::Pareto { shape, scale_ms } => 1.0 - libm::pow(1.0 + ms / scale_ms, -shape),
        }
    }

    /// The delay that a share (below 1) of packets stays below, ms, by bisection.
    pub fn quantile(&self, share: f64) -> f64 {
        let (mut from, mut to) = (0.0, 1.0);
        while self.cdf(to) < share && to < 3.6e6 {
            to *= 2.0;
        }
        for _ in 0..60 {
            let middle = 0.5 * (from + to);
            if self.cdf(middle) < share {
                from = middle;
            } else {
                to = middle;
            }
        }
        to
    }

    /// Its numbers without bounds: logarithms, and the logarithm of the odds for a weight.
    fn coordinates(&self) -> Vec<f64> {
        match *self {
            Self::Constant => Vec::new(),
            Self::Exponential { mean_ms } => vec![libm::log(mean_ms)],
            Self::Gamma { shape, scale_ms } | Self::Pareto { shape, scale_ms } => {
                vec![libm::log(shape), libm::log(scale_ms)]
            }
            Self::Hyperexponential {
                weight,
                means_ms: [first, second],
            } => vec![
                libm::log(weight / (1.0 - weight)),
                libm::log(first),
                libm::log(second),
            ],
            Self::Lognormal { median_ms, sigma } => vec![libm::log(median_ms), libm::log(sigma)],
        }
    }

    /// The law of the same kind at coordinates.
    fn at(&self, coordinates: &[f64]) -> Self {
        let number = |index: usize| libm::exp(coordinates.get(index).copied().unwrap_or(0.0));
        match self {
            Self::Constant => Self::Constant,
            Self::Exponential { .. } => Self::Exponential { mean_ms: number(0) },
            Self::Gamma { .. } => Self::Gamma {
                shape: number(0).clamp(0.01, 1_000.0),
                scale_ms: number(1),
            },
            Self::Pareto { .. } => Self::Pareto {
                shape: number(0),
                scale_ms: number(1),
            },
            Self::Hyperexponential { .. } => Self::Hyperexponential {
                weight: number(0) / (1.0 + number(0)),
                means_ms: [number(1), number(2)],
            },
            Self::Lognormal { .. } => Self::Lognormal {
                median_ms: number(0),
                sigma: number(1),
            },
        }
    }

    /// The law as the network model has it.
    pub fn to_model(&self) -> DelayLaw {
        match *self {
            Self::Constant => DelayLaw::None,
            Self::Exponential { mean_ms } => DelayLaw::ShiftedExponential {
                mean_ms: Milliseconds::clamped(rounded(mean_ms)),
            },
            Self::Gamma { shape, scale_ms } => DelayLaw::ShiftedGamma {
                shape: Shape::clamped(rounded(shape)),
                scale_ms: Milliseconds::clamped(rounded(scale_ms)),
            },
            Self::Hyperexponential {
                weight,
                means_ms: [first, second],
            } => {
                let weight = rounded(weight);
                DelayLaw::HyperExponential {
                    weights: vec![
                        Probability::clamped(weight),
                        Probability::clamped(rounded(1.0 - weight)),
                    ],
                    rates_per_ms: vec![
                        PerMillisecond::clamped(rounded(1.0 / first)),
                        PerMillisecond::clamped(rounded(1.0 / second)),
                    ],
                }
            }
            Self::Lognormal { median_ms, sigma } => DelayLaw::Lognormal {
                median_ms: Milliseconds::clamped(rounded(median_ms)),
                log_sd: LogSd::clamped(rounded(sigma)),
            },
            Self::Pareto { shape, scale_ms } => DelayLaw::ParetoTail {
                scale_ms: Milliseconds::clamped(rounded(scale_ms)),
                alpha: TailIndex::clamped(rounded(shape)),
            },
        }
    }

    /// The law of each of two equal, independent parts of this: exact for gamma and exponential, which divide; for the
    /// others each part is half as long, which keeps the mean and halves the variance.
    pub fn halved(&self) -> Self {
        match *self {
            Self::Constant => Self::Constant,
            Self::Exponential { mean_ms } => Self::Gamma {
                shape: 0.5,
                scale_ms: mean_ms,
            },
            Self::Gamma { shape, scale_ms } => Self::Gamma {
                shape: shape / 2.0,
                scale_ms,
            },
            Self::Hyperexponential { weight, means_ms } => Self::Hyperexponential {
                weight,
                means_ms: means_ms.map(|ms| ms / 2.0),
            },
            Self::Lognormal { median_ms, sigma } => Self::Lognormal {
                median_ms: median_ms / 2.0,
                sigma,
            },
            Self::Pareto { shape, scale_ms } => Self::Pareto {
                shape,
                scale_ms: scale_ms / 2.0,
            },
        }
    }
}

/// Six decimals: ms to the nanosecond, in a file for people.
fn rounded(value: f64) -> f64 {
    libm::rint(value * 1e6) / 1e6
}

/// A law fitted to a sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// The law.
    pub law: Law,
    /// Where the law begins, ms above the least delay measured; below 0 where the fit wants a lower base.
    pub shift_ms: f64,
    /// Kolmogorov–Smirnov distance from the sample.
    pub distance: f64,
    /// How it was fitted, or why it was not fitted as usual.
    pub remark: String,
}

/// A law that could not be fitted, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct NotFitted {
    /// The law's name.
    pub name: &'static str,
    /// Why.
    pub reason: String,
}

/// A sample is reduced to so many of its quantiles before a fit; the distance is exact to half of 1/4,000.
const GRID: usize = 4_000;

/// Fits every law; the nearest comes first. The sample is sorted, in ms, at least 0.
pub fn candidates(sorted_ms: &[f64]) -> (Vec<Candidate>, Vec<NotFitted>) {
    let grid: Vec<f64> = if sorted_ms.len() <= GRID {
        sorted_ms.to_vec()
    } else {
        (0..GRID)
            .map(|index| quantile(sorted_ms, (index as f64 + 0.5) / GRID as f64))
            .collect()
    };
    let mut found = Vec::new();
    let mut missed = Vec::new();
    // Moments are of the whole sample: a grid cuts the tail.
    let average = mean(sorted_ms);
    if variance(sorted_ms) <= 1e-12 {
        found.push(judged(
            Law::Constant,
            average,
            "the delay never varies".into(),
            &grid,
        ));
        return (found, missed);
    }
    let mut note = |name, result: Result<Vec<Candidate>, String>| match result {
        Ok(fits) => {
            let nearest = fits
                .into_iter()
                .min_by(|a, b| a.distance.total_cmp(&b.distance));
            found.extend(nearest.map(|fit| refined(fit, &grid)));
        }
        Err(reason) => missed.push(NotFitted { name, reason }),
    };
    note(
        "shifted exponential",
        Ok(vec![judged(
            Law::Exponential { mean_ms: average },
            0.0,
            "maximum likelihood".into(),
            &grid,
        )]),
    );
    note("shifted gamma", gamma_fits(sorted_ms, &grid));
    note("hyperexponential", hyperexponential_fit(sorted_ms, &grid));
    note("lognormal", lognormal_fits(&grid));
    note("Pareto tail", pareto_fit(&grid, average));
    found.sort_by(|a, b| a.distance.total_cmp(&b.distance));
    (found, missed)
}

fn judged(law: Law, shift_ms: f64, remark: String, grid: &[f64]) -> Candidate {
    let distance = match law {
        Law::Constant => 0.0,
        _ => ks_distance(grid, |ms| law.cdf(ms - shift_ms)),
    };
    Candidate {
        law,
        shift_ms,
        distance,
        remark,
    }
}

/// Whether there are enough delays to tell a base from the least of them: with fewer than 100 (assumed) the base stays at
/// the least, and no number is refined.
fn can_place_base(sample: &[f64]) -> bool {
    sample.len() >= 100
}

/// Moves a fit to the least Cramér–von Mises distance, which weighs the whole distribution and not one place: a search
/// along each coordinate with halving steps. Kept only where it is nearer by Kolmogorov–Smirnov too.
fn refined(start: Candidate, grid: &[f64]) -> Candidate {
    if !can_place_base(grid) {
        return start;
    }
    const POINTS: usize = 200;
    const ROUNDS: usize = 300;
    let shares: Vec<f64> = (0..POINTS)
        .map(|index| (index as f64 + 0.5) / POINTS as f64)
        .collect();
    let points: Vec<f64> = shares.iter().map(|share| quantile(grid, *share)).collect();
    let shift_unit = libm::sqrt(variance(grid)).max(1e-9);
    let place = |coordinates: &[f64]| {
        let (shift, law) = coordinates
            .split_last()
            .map_or((0.0, &[][..]), |(shift, law)| (*shift, law));
        (start.law.at(law), shift * shift_unit)
    };
    let distance = |coordinates: &[f64]| {
        let (law, shift_ms) = place(coordinates);
        let squares = points.iter().zip(&shares).map(|(ms, share)| {
            let off = law.cdf(ms - shift_ms) - share;
            off * off
        });
        squares.sum::<f64>()
    };
    let mut at = start.law.coordinates();
    at.push(start.shift_ms / shift_unit);
    let mut least = distance(&at);
    let mut step = 0.2;
    let mut settled = false;
    for _ in 0..ROUNDS {
        let mut moved = false;
        for index in 0..at.len() {
            for sign in [1.0, -1.0] {
                let mut tried = at.clone();
                tried[index] += sign * step;
                let found = distance(&tried);
                if found < least {
                    (at, least, moved) = (tried, found, true);
                    break;
                }
            }
        }
        if !moved {
            step *= 0.5;
            if step < 1e-4 {
                settled = true;
                break;
            }
        }
    }
    let (law, shift_ms) = place(&at);
    let end = if settled {
        "least distance"
    } else {
        "least distance (did not settle in 300 rounds)"
    };
    let moved = judged(law, shift_ms, format!("{end}, from {}", start.remark), grid);
    // A nearer fit must be nearer by more than the grid can tell, or the plain one stays.
    if moved.distance + 0.5 / GRID as f64 <= start.distance {
        moved
    } else {
        start
    }
}

/// Gamma in three ways: the closed form of Ye and Chen (2017) with the base at the minimum; two moments there; and three
/// moments, which place the base as well.
fn gamma_fits(sample: &[f64], grid: &[f64]) -> Result<Vec<Candidate>, String> {
    let (average, spread) = (mean(sample), variance(sample));
    let mut fits = Vec::new();
    let mut add = |shape: f64, scale_ms: f64, shift_ms: f64, remark: &str| {
        if (0.01..=1_000.0).contains(&shape) && scale_ms.is_finite() && scale_ms > 0.0 {
            let law = Law::Gamma { shape, scale_ms };
            fits.push(judged(law, shift_ms, remark.into(), grid));
        }
    };
    let positive: Vec<f64> = grid.iter().copied().filter(|ms| *ms > 0.0).collect();
    let logs: Vec<f64> = positive.iter().map(|ms| libm::log(*ms)).collect();
    let products: Vec<f64> = positive
        .iter()
        .zip(&logs)
        .map(|(ms, log)| ms * log)
        .collect();
    let scale_ms = mean(&products) - mean(&positive) * mean(&logs);
    add(
        mean(&positive) / scale_ms,
        scale_ms,
        0.0,
        "likelihood, closed form (Ye and Chen)",
    );
    add(
        average * average / spread,
        spread / average,
        0.0,
        "two moments",
    );
    let skew = skewness(sample);
    if skew > 0.0 && can_place_base(sample) {
        let shape = 4.0 / (skew * skew);
        let scale_ms = libm::sqrt(spread / shape);
        add(shape, scale_ms, average - shape * scale_ms, "three moments");
    }
    // A skew that a few outliers made misplaces the base: the middle of the sample alone, by Bowley-like quartiles of the
    // 98 % in the middle.
    let middle = &grid[grid.len() / 100..grid.len() - grid.len() / 100];
    let (average, spread, skew) = (mean(middle), variance(middle), skewness(middle));
    if skew > 0.0 && spread > 0.0 && can_place_base(sample) {
        let shape = 4.0 / (skew * skew);
        let scale_ms = libm::sqrt(spread / shape);
        add(
            shape,
            scale_ms,
            average - shape * scale_ms,
            "three moments of the middle 98 %",
        );
    }
    if fits.is_empty() {
        return Err("no moments give a shape between 0.01 and 1,000".into());
    }
    Ok(fits)
}

/// Expectation–maximisation for two exponentials; by balanced moments when it does not settle.
fn hyperexponential_fit(sample: &[f64], grid: &[f64]) -> Result<Vec<Candidate>, String> {
    const STEPS: usize = 1_000;
    let (average, spread) = (mean(sample), variance(sample));
    let squared_variation = spread / (average * average);
    if squared_variation <= 1.0 {
        return Err(format!(
            "does not apply: the delay varies less than an exponential (squared coefficient of variation {squared_variation:.3})"
        ));
    }
    let (low, high) = grid.split_at(grid.len() / 2);
    let (mut weight, mut first, mut second) = (0.5, mean(low).max(1e-6), mean(high).max(2e-6));
    let mut before = f64::NEG_INFINITY;
    let mut settled = false;
    for _ in 0..STEPS {
        let (mut of_first, mut sum_first, mut sum_second, mut likelihood) = (0.0, 0.0, 0.0, 0.0);
        for &ms in grid {
            let a = weight / first * libm::exp(-ms / first);
            let b = (1.0 - weight) / second * libm::exp(-ms / second);
            let share = a / (a + b).max(1e-300);
            of_first += share;
            sum_first += share * ms;
            sum_second += (1.0 - share) * ms;
            likelihood += libm::log((a + b).max(1e-300));
        }
        let count = grid.len() as f64;
        weight = (of_first / count).clamp(1e-6, 1.0 - 1e-6);
        first = (sum_first / of_first.max(1e-9)).max(1e-6);
        second = (sum_second / (count - of_first).max(1e-9)).max(1e-6);
        if (likelihood - before).abs() < 1e-7 * likelihood.abs().max(1.0) {
            settled = true;
            break;
        }
        before = likelihood;
    }
    let mut fits = Vec::new();
    if settled {
        let law = Law::Hyperexponential {
            weight,
            means_ms: [first, second],
        };
        fits.push(judged(law, 0.0, "expectation–maximisation".into(), grid));
    }
    // Balanced means: each phase brings half of the mean.
    let weight = 0.5 * (1.0 + libm::sqrt((squared_variation - 1.0) / (squared_variation + 1.0)));
    let law = Law::Hyperexponential {
        weight,
        means_ms: [average / (2.0 * weight), average / (2.0 * (1.0 - weight))],
    };
    let remark = if settled {
        "two moments, balanced".into()
    } else {
        format!("expectation–maximisation did not settle in {STEPS} steps; two moments, balanced")
    };
    fits.push(judged(law, 0.0, remark, grid));
    Ok(fits)
}

/// Lognormal with the base at the minimum, and with the base that makes the logarithms symmetric at three quantiles.
fn lognormal_fits(grid: &[f64]) -> Result<Vec<Candidate>, String> {
    let (low, middle, high) = (
        quantile(grid, 0.05),
        quantile(grid, 0.5),
        quantile(grid, 0.95),
    );
    let skew = low + high - 2.0 * middle;
    let mut shifts = vec![0.0];
    if skew > 0.0 && can_place_base(grid) {
        shifts.push((low * high - middle * middle) / skew);
    }
    let fits: Vec<Candidate> = shifts
        .into_iter()
        .filter(|shift_ms| shift_ms.is_finite() && *shift_ms > -1e6)
        .filter_map(|shift_ms| {
            let logs: Vec<f64> = grid
                .iter()
                .map(|ms| ms - shift_ms)
                .filter(|ms| *ms > 0.0)
                .map(libm::log)
                .collect();
            let sigma = libm::sqrt(variance(&logs));
            if logs.len() * 10 < grid.len() * 9 || sigma <= 0.0 {
                return None;
            }
            let law = Law::Lognormal {
                median_ms: libm::exp(mean(&logs)),
                sigma,
            };
            Some(judged(
                law,
                shift_ms,
                "moments of the logarithm".into(),
                grid,
            ))
        })
        .collect();
    if fits.is_empty() {
        return Err("the logarithms of the delays do not vary".into());
    }
    Ok(fits)
}

/// Lomax by profile likelihood: for each scale the best shape is known; the scale by golden section.
fn pareto_fit(grid: &[f64], average: f64) -> Result<Vec<Candidate>, String> {
    let shape_at = |scale_ms: f64| {
        let logs: Vec<f64> = grid.iter().map(|ms| libm::log1p(ms / scale_ms)).collect();
        1.0 / mean(&logs).max(1e-12)
    };
    // Mean log likelihood at the best shape, less constants.
    let profile = |log_scale: f64| {
        let scale_ms = libm::exp(log_scale);
        let shape = shape_at(scale_ms);
        libm::log(shape / scale_ms) - 1.0 / shape
    };
    let (lowest, highest) = (libm::log(average * 1e-3), libm::log(average * 1e3));
    let (mut from, mut to) = (lowest, highest);
    const GOLDEN: f64 = 0.618_033_988_749_894_9;
    for _ in 0..80 {
        let (left, right) = (to - GOLDEN * (to - from), from + GOLDEN * (to - from));
        if profile(left) < profile(right) {
            from = left;
        } else {
            to = right;
        }
    }
    let best = 0.5 * (from + to);
    if highest - best < 0.01 {
        return Err("does not converge: the tail is no heavier than an exponential's".into());
    }
    if best - lowest < 0.01 {
        return Err("does not converge: the delays pile up at the base".into());
    }
    let scale_ms = libm::exp(best);
    let law = Law::Pareto {
        shape: shape_at(scale_ms),
        scale_ms,
    };
    Ok(vec![judged(law, 0.0, "likelihood".into(), grid)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use net_model::random::Stream;

    fn sorted(mut draw: impl FnMut(&mut Stream) -> f64) -> Vec<f64> {
        let mut stream = Stream::new(7, "law test");
        let mut sample: Vec<f64> = (0..20_000).map(|_| draw(&mut stream)).collect();
        sample.sort_by(f64::total_cmp);
        let least = sample[0];
        sample.iter().map(|ms| ms - least).collect()
    }

    #[test]
    fn a_gamma_sample_is_known_as_gamma_with_its_shape_and_scale() {
        let (fits, _) = candidates(&sorted(|stream| stream.gamma(2.0) * 0.8));
        let Law::Gamma { shape, scale_ms } = fits[0].law else {
            panic!("{:?}", fits[0]);
        };
        assert!(
            (shape - 2.0).abs() < 0.1 && (scale_ms - 0.8).abs() < 0.05,
            "{:?}",
            fits[0]
        );
        assert!(fits[0].distance < crate::statistics::ks_threshold(20_000));
    }

    #[test]
    fn a_mixture_of_two_exponentials_is_known_as_such() {
        let (fits, _) = candidates(&sorted(|stream| {
            let mean_ms = if stream.uniform() < 0.8 { 10.0 } else { 150.0 };
            stream.exponential() * mean_ms
        }));
        let Law::Hyperexponential { weight, means_ms } = fits[0].law else {
            panic!("{:?}", fits[0]);
        };
        assert!((weight - 0.8).abs() < 0.02, "{weight}");
        assert!(
            (means_ms[0] - 10.0).abs() < 0.5 && (means_ms[1] - 150.0).abs() < 8.0,
            "{means_ms:?}"
        );
    }

    #[test]
    fn lognormal_and_pareto_samples_are_known() {
        let (fits, _) = candidates(&sorted(|stream| libm::exp(0.9 * stream.normal())));
        assert_eq!(fits[0].law.name(), "lognormal", "{fits:?}");
        let (fits, _) = candidates(&sorted(|stream| {
            libm::pow(1.0 - stream.uniform(), -1.0 / 1.5) - 1.0
        }));
        let Law::Pareto { shape, .. } = fits[0].law else {
            panic!("{fits:?}");
        };
        assert!((shape - 1.5).abs() < 0.1, "{shape}");
    }

    #[test]
    fn an_exponential_sample_has_no_pareto_fit_and_no_mixture_is_much_better() {
        let (fits, missed) = candidates(&sorted(Stream::exponential));
        let exponential = fits
            .iter()
            .find(|fit| fit.law.name() == "shifted exponential")
            .expect("always fitted");
        assert!(exponential.distance < crate::statistics::ks_threshold(20_000));
        let tail = fits.iter().find_map(|fit| match fit.law {
            Law::Pareto { shape, .. } => Some(shape),
            _ => None,
        });
        // Either it does not converge, or its tail is as light as can be.
        assert!(tail.is_none_or(|shape| shape > 20.0), "{fits:?} {missed:?}");
    }

    #[test]
    fn a_constant_delay_is_constant_and_two_values_break_nothing() {
        assert_eq!(candidates(&[0.0; 5]).0[0].law, Law::Constant);
        let (fits, _) = candidates(&[0.0, 1.0]);
        assert!(fits.iter().all(|fit| fit.distance.is_finite()), "{fits:?}");
    }
}
