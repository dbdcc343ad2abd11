//! Small statistics, in plain functions over sorted or unsorted samples.

/// Mean; 0 of nothing.
pub fn mean(samples: &[f64]) -> f64 {
    if samples.is_empty() {
        return 0.0;
    }
    samples.iter().sum::<f64>() / samples.len() as f64
}

/// Variance about the mean, divided by the number.
pub fn variance(samples: &[f64]) -> f64 {
    let centre = mean(samples);
    let squares: f64 = samples.iter().map(|x| (x - centre) * (x - centre)).sum();
    squares / samples.len().max(1) as f64
}

/// Third standardised moment; 0 for a constant.
pub fn skewness(samples: &[f64]) -> f64 {
    let (centre, spread) = (mean(samples), libm::sqrt(variance(samples)));
    if spread <= 0.0 {
        return 0.0;
    }
    let cubes: f64 = samples
        .iter()
        .map(|x| {
            let z = (x - centre) / spread;
            z * z * z
        })
        .sum();
    cubes / samples.len() as f64
}

/// The value below which a share of the sorted samples lies, linear between neighbours; 0 of nothing.
pub fn quantile(sorted: &[f64], share: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else {
        return 0.0;
    };
    let at = share.clamp(0.0, 1.0) * last as f64;
    let below = at as usize;
    let above = (below + 1).min(last);
    sorted[below] + (sorted[above] - sorted[below]) * (at - below as f64)
}

/// The median; 0 of nothing.
pub fn median(samples: &[f64]) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    quantile(&sorted, 0.5)
}

/// Autocorrelation at a lag; 0 for a constant or too few samples.
pub fn autocorrelation(samples: &[f64], lag: usize) -> f64 {
    let (centre, spread) = (mean(samples), variance(samples));
    if spread <= 0.0 || lag >= samples.len() {
        return 0.0;
    }
    let products: f64 = samples
        .iter()
        .zip(&samples[lag..])
        .map(|(x, y)| (x - centre) * (y - centre))
        .sum();
    products / (samples.len() as f64 * spread)
}

/// The least lag (a power of two) at which samples are as good as uncorrelated: below 0.05, or within the noise of
/// 1.96/sqrt(n). At most a thirtieth of the samples.
pub fn decorrelation_lag(samples: &[f64]) -> usize {
    let noise = 1.96 / libm::sqrt(samples.len().max(1) as f64);
    let limit = (samples.len() / 30).max(1);
    let mut lag = 1;
    while lag < limit && autocorrelation(samples, lag).abs() > noise.max(0.05) {
        lag *= 2;
    }
    lag.min(limit)
}

/// Kolmogorov–Smirnov distance of sorted samples from a distribution function.
pub fn ks_distance(sorted: &[f64], cdf: impl Fn(f64) -> f64) -> f64 {
    let n = sorted.len() as f64;
    let mut worst: f64 = 0.0;
    let mut at = 0;
    while at < sorted.len() {
        // Equal values are one step of the sample's distribution.
        let mut next = at + 1;
        while next < sorted.len() && sorted[next] <= sorted[at] {
            next += 1;
        }
        let model = cdf(sorted[at]);
        worst = worst.max((next as f64 / n - model).abs());
        worst = worst.max((model - at as f64 / n).abs());
        at = next;
    }
    worst
}

/// The distance that n independent samples of the right law exceed once in twenty times (asymptotic, 1.358/sqrt(n)).
pub fn ks_threshold(independent_samples: usize) -> f64 {
    1.358 / libm::sqrt(independent_samples.max(1) as f64)
}

/// Regularised lower incomplete gamma P(a, x): series below a + 1, continued fraction (modified Lentz) above.
pub fn gamma_p(a: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    let front = libm::exp(a * libm::log(x) - x - libm::lgamma(a));
    if x < a + 1.0 {
        let (mut term, mut sum) = (1.0 / a, 1.0 / a);
        for n in 1..10_000 {
            term *= x / (a + f64::from(n));
            sum += term;
            if term < sum * 1e-14 {
                break;
            }
        }
        return (front * sum).min(1.0);
    }
    const TINY: f64 = 1e-300;
    let mut b = x + 1.0 - a;
    let mut c = 1.0 / TINY;
    let mut d = 1.0 / b;
    let mut fraction = d;
    for n in 1..10_000 {
        let n = f64::from(n);
        let step = -n * (n - a);
        b += 2.0;
        d = step * d + b;
        d = if d.abs() < TINY { TINY } else { d };
        c = b + step / c;
        c = if c.abs() < TINY { TINY } else { c };
        d = 1.0 / d;
        let change = d * c;
        fraction *= change;
        if (change - 1.0).abs() < 1e-14 {
            break;
        }
    }
    (1.0 - front * fraction).clamp(0.0, 1.0)
}

/// The normal distribution function.
pub fn normal_cdf(z: f64) -> f64 {
    0.5 * libm::erfc(-z / std::f64::consts::SQRT_2)
}

/// Fisher's exact test, one-sided: the chance of at least `both` coincidences in a table with these margins, were
/// the two independent. `total` trials, `first` of one kind, `second` of the other.
pub fn fisher_at_least(both: u64, first: u64, second: u64, total: u64) -> f64 {
    let choose = |n: u64, k: u64| {
        let (n, k) = (n as f64, k as f64);
        libm::lgamma(n + 1.0) - libm::lgamma(k + 1.0) - libm::lgamma(n - k + 1.0)
    };
    let greatest = first.min(second);
    let least = (first + second).saturating_sub(total);
    let all = choose(total, second);
    let from = both.max(least);
    if from <= least {
        return 1.0;
    }
    let chance: f64 = (from..=greatest)
        .map(|count| libm::exp(choose(first, count) + choose(total - first, second - count) - all))
        .sum();
    chance.min(1.0)
}

/// The chance of at least `count` events where `expected` come on average (Poisson).
pub fn poisson_at_least(count: u64, expected: f64) -> f64 {
    if count == 0 {
        return 1.0;
    }
    gamma_p(count as f64, expected)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gamma_function_s_integral_has_its_closed_forms() {
        for x in [0.1, 1.0, 5.0, 30.0] {
            // P(1, x) = 1 - e^-x; P(1/2, x) = erf(sqrt x).
            assert!((gamma_p(1.0, x) - (1.0 - libm::exp(-x))).abs() < 1e-12);
            assert!((gamma_p(0.5, x) - libm::erf(libm::sqrt(x))).abs() < 1e-12);
        }
    }

    #[test]
    fn the_lady_tasting_tea_is_right_four_times_of_four_once_in_seventy() {
        // Fisher 1935: 8 cups, 4 of a kind, all 4 named.
        assert!((fisher_at_least(4, 4, 4, 8) - 1.0 / 70.0).abs() < 1e-12);
        assert!((fisher_at_least(3, 4, 4, 8) - 17.0 / 70.0).abs() < 1e-12);
        assert!((fisher_at_least(0, 4, 4, 8) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_poisson_tail_is_its_sum() {
        let expected: f64 = 0.7;
        let none = libm::exp(-expected);
        assert!((poisson_at_least(1, expected) - (1.0 - none)).abs() < 1e-12);
        assert!((poisson_at_least(2, expected) - (1.0 - none - none * expected)).abs() < 1e-12);
    }

    #[test]
    fn the_distance_of_a_uniform_grid_from_the_uniform_law_is_half_a_step() {
        let grid: Vec<f64> = (0..10).map(|n| (f64::from(n) + 0.5) / 10.0).collect();
        assert!((ks_distance(&grid, |x| x) - 0.05).abs() < 1e-12);
    }

    #[test]
    fn an_alternating_series_is_correlated_at_even_lags() {
        let samples: Vec<f64> = (0..1000).map(|n| f64::from(n % 2)).collect();
        assert!(autocorrelation(&samples, 2) > 0.99);
        assert!(autocorrelation(&samples, 1) < -0.99);
    }
}
