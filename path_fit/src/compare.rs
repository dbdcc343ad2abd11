//! Whether two paths that were measured at the same time share something: a bottleneck, a last mile, a cable.
//!
//! Four signs are sought: the shared-bottleneck statistics of RFC 8382, delays that move together, losses that coincide,
//! and outages and route steps that coincide. Each but the first is a test against independence; together they raise a
//! false alarm about once in a hundred comparisons.

use std::collections::BTreeMap;

use crate::base::Series;
use crate::fit::series;
use crate::measurement::{Lost, Measurement, Probe};
use crate::statistics::{
    autocorrelation, fisher_at_least, mean, normal_cdf, poisson_at_least, variance,
};

/// Constants of RFC 8382, section 2.2, except where marked.
pub mod rfc8382 {
    /// Base interval, ns.
    pub const T_NS: i64 = 350_000_000;
    /// Intervals of the longer statistics.
    pub const N: usize = 50;
    /// Intervals of the shorter statistics.
    pub const M: usize = 30;
    /// Skewness below which a flow is taken to cross a bottleneck.
    pub const C_S: f64 = 0.1;
    /// The same while it already does.
    pub const C_H: f64 = 0.3;
    /// Greatest difference of oscillation in one group.
    pub const P_F: f64 = 0.1;
    /// Greatest relative difference of variability in one group.
    pub const P_MAD: f64 = 0.1;
    /// Greatest difference of skewness in one group.
    pub const P_S: f64 = 0.15;
    /// Greatest relative difference of loss in one group.
    pub const P_D: f64 = 0.1;
    /// How far, in variabilities, a crossing of the mean must go.
    pub const P_V: f64 = 0.7;
    /// Loss above which a flow crosses a bottleneck. Assumed: no source of this project gives the value.
    pub const P_L: f64 = 0.05;
}
use rfc8382 as rfc;

/// The chance of a false alarm of each of the four tests: one in a hundred for all.
const ALARM: f64 = 0.01 / 4.0;

/// A run of losses this long is an outage, ns. Assumed.
const OUTAGE_NS: i64 = 200_000_000;

/// Outages this near to each other coincide, ns: the paths' delays and the clocks differ. Assumed.
const COINCIDENT_OUTAGE_NS: i64 = 500_000_000;

/// Route steps this near coincide, ns: a step is found to a block of a second. Assumed.
const COINCIDENT_STEP_NS: i64 = 3_000_000_000;

/// A test says nothing with fewer events or independent intervals. Assumed.
const FEWEST_EVENTS: u64 = 10;
const FEWEST_INTERVALS: f64 = 100.0;

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Nothing says that they share anything, and the data could have said so.
    Separate,
    /// At least one sign.
    Share,
    /// No sign, and too little data for one.
    TooLittle,
}

/// The RFC 8382 statistics of both paths in one way, over the common time.
#[derive(Clone, Debug, PartialEq)]
pub struct BottleneckStatistics {
    /// "up", "down" or "round trip".
    pub way: &'static str,
    /// Intervals judged, after the first N.
    pub intervals: usize,
    /// In how many of them path A, path B and both cross a bottleneck.
    pub bottleneck: [usize; 3],
    /// In how many of them both are in one group.
    pub grouped: usize,
    /// Of each path, the means over the intervals: skewness, variability ms, oscillation, loss.
    pub means: [[f64; 4]; 2],
    /// Correlation of the two paths' mean delays of an interval.
    pub correlation: f64,
    /// Independent intervals behind it.
    pub independent: f64,
    /// The chance of a correlation this high between independent paths.
    pub chance: f64,
}

/// Losses that coincide.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LossCoincidence {
    /// Length of a bin, ns.
    pub bin_ns: i64,
    /// Bins in which both paths were probed and neither was cut.
    pub bins: u64,
    /// Bins in which path A, path B and both lost something.
    pub lossy: [u64; 3],
    /// Fisher's exact chance of at least so many in both, were they independent.
    pub chance: f64,
    /// Loss of path B.
    pub loss_b: f64,
    /// Loss of path B at the moments at which A lost a probe.
    pub loss_b_given_a: f64,
}

/// Events of both paths that coincide.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Coincidence {
    /// Events of path A, of path B, and those of A at which B had one.
    pub events: [u64; 3],
    /// How many would coincide by chance.
    pub expected: f64,
    /// The chance of at least so many.
    pub chance: f64,
}

/// The comparison of two paths.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// What was found.
    pub finding: Finding,
    /// Why, a sentence each.
    pub reasons: Vec<String>,
    /// The time in which both were measured, ns.
    pub common_ns: i64,
    /// Which clock aligns them.
    pub clock: String,
    /// The statistics of each way.
    pub bottlenecks: Vec<BottleneckStatistics>,
    /// Losses.
    pub losses: LossCoincidence,
    /// Outages.
    pub outages: Coincidence,
    /// Route steps.
    pub steps: Coincidence,
}

/// Compares two measurements.
pub fn compare(a: &Measurement, b: &Measurement) -> Comparison {
    let mut comparison = Comparison {
        finding: Finding::TooLittle,
        reasons: Vec::new(),
        common_ns: 0,
        clock: "each sender's wall clock, at the first probe; after it the sender's own (monotonic where the tool \
                gives it). Both measurements must come from one machine, or from two with synchronised clocks"
            .into(),
        bottlenecks: Vec::new(),
        losses: LossCoincidence {
            chance: 1.0,
            ..LossCoincidence::default()
        },
        outages: Coincidence {
            chance: 1.0,
            ..Coincidence::default()
        },
        steps: Coincidence {
            chance: 1.0,
            ..Coincidence::default()
        },
    };
    let (Some(start_a), Some(start_b)) = (a.start_wall_ns, b.start_wall_ns) else {
        comparison.reasons.push(
            "a measurement has no wall-clock times, so the two cannot be laid on each other (irtt: --clock both)".into(),
        );
        return comparison;
    };
    // Times from here on are of path A's measurement.
    let offset_b = start_b - start_a;
    let from_ns = 0.max(offset_b);
    let to_ns = a.span_ns().min(b.span_ns().saturating_add(offset_b));
    if to_ns <= from_ns {
        comparison.reasons.push(
            "the two were not measured at the same time: measure both paths at once, from one machine".into(),
        );
        return comparison;
    }
    comparison.common_ns = to_ns - from_ns;
    let sides = [
        Side::new(a, 0, from_ns, to_ns),
        Side::new(b, offset_b, from_ns, to_ns),
    ];
    for (way, pick) in ways(a, b) {
        if let Some(statistics) = bottleneck(way, &sides, pick, from_ns) {
            comparison.bottlenecks.push(statistics);
        }
    }
    comparison.losses = loss_coincidence(&sides, from_ns, to_ns);
    comparison.outages = coincidence(
        &sides[0].outages,
        &sides[1].outages,
        COINCIDENT_OUTAGE_NS,
        comparison.common_ns,
    );
    comparison.steps = coincidence(
        &sides[0].steps,
        &sides[1].steps,
        COINCIDENT_STEP_NS,
        comparison.common_ns,
    );
    judge(&mut comparison);
    comparison
}

type Pick = fn(&Probe) -> Option<i64>;

/// The ways that both measurements have: one-way if they can, as a round trip mixes two.
fn ways(a: &Measurement, b: &Measurement) -> Vec<(&'static str, Pick)> {
    let mut ways: Vec<(&'static str, Pick)> = Vec::new();
    if a.has_one_way() && b.has_one_way() {
        ways.push(("up", |probe| probe.up_ns));
        let has_down = |m: &Measurement| m.probes.iter().any(|probe| probe.down_ns.is_some());
        if has_down(a) && has_down(b) {
            ways.push(("down", |probe| probe.down_ns));
        }
    } else {
        ways.push(("round trip", |probe| probe.rtt_ns.or(probe.up_ns)));
    }
    ways
}

/// One path in the common time.
struct Side<'a> {
    measurement: &'a Measurement,
    offset_ns: i64,
    interval_ns: i64,
    /// (sent, lost), of the probes in the common time.
    probes: Vec<(i64, bool)>,
    /// From and to.
    outages: Vec<(i64, i64)>,
    steps: Vec<(i64, i64)>,
}

impl<'a> Side<'a> {
    fn new(measurement: &'a Measurement, offset_ns: i64, from_ns: i64, to_ns: i64) -> Self {
        let interval_ns = measurement.median_interval_ns();
        let common = from_ns..=to_ns;
        let probes: Vec<(i64, bool)> = measurement
            .probes
            .iter()
            .map(|probe| (probe.sent_ns + offset_ns, probe.lost != Lost::No))
            .filter(|probe| common.contains(&probe.0))
            .collect();
        let outages = outages(&probes, interval_ns);
        let delays = series(measurement, |probe| probe.rtt_ns.or(probe.up_ns));
        let drift = if measurement.has_round_trip() {
            0.0
        } else {
            delays.drift(interval_ns).unwrap_or(0.0)
        };
        let regimes = delays.without_drift(drift).regimes(interval_ns);
        let steps = regimes
            .iter()
            .skip(1)
            .map(|regime| regime.from_ns + offset_ns);
        Self {
            measurement,
            offset_ns,
            interval_ns,
            steps: steps
                .filter(|at| common.contains(at))
                .map(|at| (at, at))
                .collect(),
            probes,
            outages,
        }
    }

    /// The variation of the delay, in the common time.
    fn variation(&self, pick: Pick) -> Vec<(i64, f64)> {
        let delays: Series = series(self.measurement, pick);
        let drift = delays.drift(self.interval_ns).unwrap_or(0.0);
        let variation = delays.without_drift(drift).variation(self.interval_ns);
        let (from_ns, to_ns) = match (self.probes.first(), self.probes.last()) {
            (Some(first), Some(last)) => (first.0, last.0),
            _ => return Vec::new(),
        };
        variation
            .points
            .into_iter()
            .map(|(sent_ns, ms)| (sent_ns + self.offset_ns, ms))
            .filter(|point| (from_ns..=to_ns).contains(&point.0))
            .collect()
    }

    fn is_cut(&self, at_ns: i64) -> bool {
        let after = self.outages.partition_point(|outage| outage.0 <= at_ns);
        after > 0 && at_ns <= self.outages[after - 1].1
    }
}

/// Runs of losses of at least [`OUTAGE_NS`] and three probes.
fn outages(probes: &[(i64, bool)], interval_ns: i64) -> Vec<(i64, i64)> {
    probes
        .chunk_by(|a, b| a.1 == b.1)
        .filter(|run| run[0].1 && run.len() >= 3)
        .map(|run| (run[0].0, run[run.len() - 1].0))
        .filter(|(from, to)| to - from + interval_ns >= OUTAGE_NS)
        .collect()
}

/// What one path did in one interval T.
#[derive(Clone, Copy, Default)]
struct Interval {
    count: f64,
    sum: f64,
    mean: f64,
    deviations: f64,
    skew: f64,
    sent: f64,
    lost: f64,
}

fn bottleneck(
    way: &'static str,
    sides: &[Side<'_>; 2],
    pick: Pick,
    from_ns: i64,
) -> Option<BottleneckStatistics> {
    let flows = [
        Flow::new(&sides[0], pick, from_ns),
        Flow::new(&sides[1], pick, from_ns),
    ];
    let end = flows[0].states.len().min(flows[1].states.len());
    let mut statistics = BottleneckStatistics {
        way,
        intervals: 0,
        bottleneck: [0; 3],
        grouped: 0,
        means: [[0.0; 4]; 2],
        correlation: 0.0,
        independent: 0.0,
        chance: 1.0,
    };
    for (a, b) in flows[0].states[..end].iter().zip(&flows[1].states[..end]) {
        let (Some(a), Some(b)) = (a, b) else { continue };
        statistics.intervals += 1;
        for (sums, state) in statistics.means.iter_mut().zip([a, b]) {
            for (sum, value) in
                sums.iter_mut()
                    .zip([state.skew, state.variability, state.frequency, state.loss])
            {
                *sum += value;
            }
        }
        statistics.bottleneck[0] += usize::from(a.is_bottleneck);
        statistics.bottleneck[1] += usize::from(b.is_bottleneck);
        statistics.bottleneck[2] += usize::from(a.is_bottleneck && b.is_bottleneck);
        statistics.grouped += usize::from(a.is_grouped_with(b));
    }
    for value in statistics.means.iter_mut().flatten() {
        *value /= statistics.intervals.max(1) as f64;
    }
    // Whether the delays move together: statistics that are alike need not be of one queue.
    let both = flows[0].intervals.iter().zip(&flows[1].intervals);
    let (x, y): (Vec<f64>, Vec<f64>) = both
        .filter(|(a, b)| a.count > 0.0 && b.count > 0.0)
        .map(|(a, b)| (a.mean, b.mean))
        .unzip();
    if x.len() < 4 {
        return None;
    }
    let (x, y) = (ranks(&x), ranks(&y));
    let spread = libm::sqrt(variance(&x) * variance(&y));
    if spread > 0.0 {
        let (centre_x, centre_y) = (mean(&x), mean(&y));
        let products: Vec<f64> = x
            .iter()
            .zip(&y)
            .map(|(x, y)| (x - centre_x) * (y - centre_y))
            .collect();
        statistics.correlation = mean(&products) / spread;
        // Bartlett: both series' memories make intervals count less.
        let memory: f64 = (1..=20.min(x.len() / 4))
            .map(|lag| autocorrelation(&x, lag) * autocorrelation(&y, lag))
            .sum();
        statistics.independent = (x.len() as f64 / (1.0 + 2.0 * memory.max(0.0))).max(4.0);
        // Fisher's z.
        let z = libm::atanh(statistics.correlation.clamp(-0.999_999, 0.999_999));
        statistics.chance = normal_cdf(-z * libm::sqrt((statistics.independent - 3.0).max(0.0)));
    }
    Some(statistics)
}

/// Ranks, so that a spike counts no more than its place (Spearman); equal values in the order they came.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    for (rank, index) in order.into_iter().enumerate() {
        ranks[index] = rank as f64;
    }
    ranks
}

/// The statistics of one flow at the end of one interval.
#[derive(Clone, Copy)]
struct State {
    skew: f64,
    variability: f64,
    frequency: f64,
    loss: f64,
    is_bottleneck: bool,
}

impl State {
    /// RFC 8382, 3.3.1, for two flows.
    fn is_grouped_with(&self, other: &Self) -> bool {
        let is_near = |a: f64, b: f64, share: f64| (a - b).abs() <= share * a.max(b);
        self.is_bottleneck
            && other.is_bottleneck
            && (self.frequency - other.frequency).abs() < rfc::P_F
            && is_near(self.variability, other.variability, rfc::P_MAD)
            && (self.skew - other.skew).abs() < rfc::P_S
            && (self.loss.max(other.loss) <= rfc::P_L || is_near(self.loss, other.loss, rfc::P_D))
    }
}

struct Flow {
    intervals: Vec<Interval>,
    /// None in the first N intervals, and without data.
    states: Vec<Option<State>>,
}

impl Flow {
    fn new(side: &Side<'_>, pick: Pick, from_ns: i64) -> Self {
        let index = |at_ns: i64| ((at_ns - from_ns) / rfc::T_NS) as usize;
        let last = side.probes.last().map_or(0, |probe| index(probe.0));
        let mut intervals = vec![Interval::default(); last + 1];
        let points = side.variation(pick);
        for (at_ns, ms) in &points {
            let interval = &mut intervals[index(*at_ns)];
            interval.count += 1.0;
            interval.sum += ms;
        }
        for interval in &mut intervals {
            interval.mean = interval.sum / interval.count.max(1.0);
        }
        let means: Vec<Option<f64>> = (0..intervals.len())
            .map(|at| mean_delay(&intervals, at))
            .collect();
        for (at_ns, ms) in &points {
            let at = index(*at_ns);
            intervals[at].deviations += (ms - intervals[at].mean).abs();
            if let Some(mean) = means[at] {
                intervals[at].skew += f64::from(*ms < mean) - f64::from(*ms > mean);
            }
        }
        for (at_ns, is_lost) in &side.probes {
            let interval = &mut intervals[index(*at_ns)];
            interval.sent += 1.0;
            interval.lost += f64::from(*is_lost);
        }
        let mut states = Vec::with_capacity(intervals.len());
        let mut was_bottleneck = false;
        for at in 0..intervals.len() {
            let state = (at >= rfc::N)
                .then(|| state(&intervals, &means, at, was_bottleneck))
                .flatten();
            was_bottleneck = state.is_some_and(|state| state.is_bottleneck);
            states.push(state);
        }
        Self { intervals, states }
    }
}

/// The mean of the last M intervals' means, without the present one.
fn mean_delay(intervals: &[Interval], at: usize) -> Option<f64> {
    let means: Vec<f64> = intervals[at.saturating_sub(rfc::M)..at]
        .iter()
        .filter(|interval| interval.count > 0.0)
        .map(|interval| interval.mean)
        .collect();
    (!means.is_empty()).then(|| mean(&means))
}

fn state(
    intervals: &[Interval],
    means: &[Option<f64>],
    at: usize,
    was_bottleneck: bool,
) -> Option<State> {
    let short = &intervals[at + 1 - rfc::M..=at];
    let long = at + 1 - rfc::N..at + 1;
    let count: f64 = short.iter().map(|interval| interval.count).sum();
    let sent: f64 = intervals[long.clone()]
        .iter()
        .map(|interval| interval.sent)
        .sum();
    if count <= 0.0 || sent <= 0.0 {
        return None;
    }
    let skew = short.iter().map(|interval| interval.skew).sum::<f64>() / count;
    let variability = short
        .iter()
        .map(|interval| interval.deviations)
        .sum::<f64>()
        / count;
    let loss = intervals[long.clone()]
        .iter()
        .map(|interval| interval.lost)
        .sum::<f64>()
        / sent;
    let mut is_above = None;
    let mut crossings = 0.0;
    for index in long {
        let (interval, Some(mean)) = (&intervals[index], means[index]) else {
            continue;
        };
        if interval.count <= 0.0 {
            continue;
        }
        let excess = interval.mean - mean;
        if excess.abs() > rfc::P_V * variability {
            crossings += f64::from(is_above.is_some_and(|above| above != (excess > 0.0)));
            is_above = Some(excess > 0.0);
        }
    }
    Some(State {
        skew,
        variability,
        frequency: crossings / rfc::N as f64,
        loss,
        is_bottleneck: skew < rfc::C_S || (skew < rfc::C_H && was_bottleneck) || loss > rfc::P_L,
    })
}

fn loss_coincidence(sides: &[Side<'_>; 2], from_ns: i64, to_ns: i64) -> LossCoincidence {
    let shortest_ns = 4 * sides[0].interval_ns.max(sides[1].interval_ns);
    let mut bin_ns = rfc::T_NS.max(shortest_ns);
    let mut found = loss_bins(sides, from_ns, bin_ns);
    // Bins that nearly all hold a loss tell nothing: shorter ones.
    while found.lossy[0].max(found.lossy[1]) * 10 > found.bins * 3 && bin_ns / 2 >= shortest_ns {
        bin_ns /= 2;
        found = loss_bins(sides, from_ns, bin_ns);
    }
    let lost = sides[1].probes.iter().filter(|probe| probe.1).count();
    found.loss_b = lost as f64 / sides[1].probes.len().max(1) as f64;
    let reach_ns = sides[1].interval_ns.min(to_ns - from_ns);
    let (mut trials, mut both) = (0_u64, 0_u64);
    for (at_ns, _) in sides[0].probes.iter().filter(|probe| probe.1) {
        let probes = &sides[1].probes;
        let after = probes.partition_point(|probe| probe.0 < *at_ns);
        let near = [after.checked_sub(1), Some(after)].into_iter().flatten();
        let nearest = near
            .filter_map(|index| probes.get(index))
            .min_by_key(|probe| (probe.0 - at_ns).abs())
            .filter(|probe| (probe.0 - at_ns).abs() <= reach_ns);
        if let Some(probe) = nearest {
            trials += 1;
            both += u64::from(probe.1);
        }
    }
    found.loss_b_given_a = both as f64 / trials.max(1) as f64;
    found
}

fn loss_bins(sides: &[Side<'_>; 2], from_ns: i64, bin_ns: i64) -> LossCoincidence {
    // For each bin and side: probed, lost, cut.
    let mut bins: BTreeMap<i64, [(bool, bool, bool); 2]> = BTreeMap::new();
    for (index, side) in sides.iter().enumerate() {
        for (at_ns, is_lost) in &side.probes {
            let bin = &mut bins.entry((at_ns - from_ns) / bin_ns).or_default()[index];
            bin.0 = true;
            bin.1 |= is_lost;
            bin.2 |= *is_lost && side.is_cut(*at_ns);
        }
    }
    let mut found = LossCoincidence {
        bin_ns,
        ..LossCoincidence::default()
    };
    // Outages are told apart: one of them would be a run of bins that are not independent.
    let whole = bins.values().filter(|[a, b]| a.0 && b.0 && !a.2 && !b.2);
    for [a, b] in whole {
        found.bins += 1;
        found.lossy[0] += u64::from(a.1);
        found.lossy[1] += u64::from(b.1);
        found.lossy[2] += u64::from(a.1 && b.1);
    }
    found.chance = fisher_at_least(found.lossy[2], found.lossy[0], found.lossy[1], found.bins);
    found
}

fn coincidence(a: &[(i64, i64)], b: &[(i64, i64)], near_ns: i64, common_ns: i64) -> Coincidence {
    let meets = |x: &(i64, i64), y: &(i64, i64)| x.0 - near_ns <= y.1 && y.0 - near_ns <= x.1;
    let both = a.iter().filter(|x| b.iter().any(|y| meets(x, y))).count() as u64;
    let length = |events: &[(i64, i64)]| -> f64 {
        let total: i64 = events.iter().map(|event| event.1 - event.0).sum();
        total as f64 / events.len().max(1) as f64
    };
    let reach = length(a) + length(b) + 2.0 * near_ns as f64;
    let expected = a.len() as f64 * b.len() as f64 * (reach / common_ns as f64).min(1.0);
    Coincidence {
        events: [a.len() as u64, b.len() as u64, both],
        expected,
        chance: poisson_at_least(both, expected),
    }
}

fn judge(comparison: &mut Comparison) {
    let mut signs = Vec::new();
    let mut could_tell = false;
    for statistics in &comparison.bottlenecks {
        let moves_together = statistics.correlation > 0.1 && statistics.chance < ALARM;
        if moves_together {
            signs.push(format!(
                "{}: the delays of the two paths rise and fall together (rank correlation {:.2}, by chance {:.1e})",
                statistics.way, statistics.correlation, statistics.chance
            ));
        }
        let is_grouped =
            statistics.bottleneck[2] >= 10 && statistics.grouped * 2 > statistics.bottleneck[2];
        if is_grouped && moves_together {
            signs.push(format!(
                "{}: RFC 8382 puts both behind one bottleneck in {} of {} intervals",
                statistics.way, statistics.grouped, statistics.intervals
            ));
        }
        could_tell |= statistics.independent >= FEWEST_INTERVALS;
    }
    let losses = &comparison.losses;
    if losses.lossy[2] >= 3 && losses.chance < ALARM {
        signs.push(format!(
            "losses coincide: {} intervals of {} ms with a loss on both paths, by chance {:.1e}",
            losses.lossy[2],
            losses.bin_ns / 1_000_000,
            losses.chance
        ));
    }
    could_tell |= losses.lossy[0].min(losses.lossy[1]) >= FEWEST_EVENTS;
    for (what, found) in [
        ("outages", &comparison.outages),
        ("route steps", &comparison.steps),
    ] {
        if found.events[2] >= 1 && found.chance < ALARM {
            signs.push(format!(
                "{what} coincide: {} of path A's {}, where chance gives {:.2}",
                found.events[2], found.events[0], found.expected
            ));
        }
        could_tell |= found.events[0].min(found.events[1]) >= FEWEST_EVENTS;
    }
    let shortest_ns = rfc::T_NS * rfc::N as i64;
    comparison.finding = if !signs.is_empty() {
        Finding::Share
    } else if comparison.common_ns < shortest_ns || !could_tell {
        signs.push(format!(
            "{:.1} s in common, {} and {} intervals with losses: neither delays nor losses are enough for a test; measure \
             both paths at once for some minutes",
            comparison.common_ns as f64 * 1e-9,
            losses.lossy[0],
            losses.lossy[1]
        ));
        Finding::TooLittle
    } else {
        signs.push(
            "neither delays, losses, outages nor route steps coincide more than chance lets them; what did not fail in \
             this time cannot be seen"
                .into(),
        );
        Finding::Separate
    };
    comparison.reasons.extend(signs);
}
