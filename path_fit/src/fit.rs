//! From a measurement to a path of the network model, with how good the fit is.

use net_model::{DuplicateLaw, LinkModel, Milliseconds, PathModel, Probability};

use crate::base::{Regime, Series, Variation};
use crate::error::ImportError;
use crate::law::{Candidate, NotFitted, candidates};
use crate::loss::LossFit;
use crate::measurement::{Lost, Measurement};
use crate::statistics::{autocorrelation, decorrelation_lag, ks_threshold, quantile};

/// Which delays a fit is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Console to robot.
    Up,
    /// Robot to console.
    Down,
    /// There and back.
    RoundTrip,
}

impl Way {
    /// Its name in a table.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::RoundTrip => "round trip",
        }
    }
}

/// What the user states, because no measurement tells it.
#[derive(Clone, Debug, Default)]
pub struct FitOptions {
    /// The name of the path.
    pub name: String,
    /// The base delays up and down, ms; else half of the least round trip each.
    pub base_ms: Option<(f64, f64)>,
    /// The clocks of the two ends are synchronised: one-way delays are absolute.
    pub synchronised: bool,
    /// The time between the packets that the scenario will send, ms; else bursts keep their length in packets.
    pub send_interval_ms: Option<f64>,
}

/// The fit of one way's delay.
#[derive(Clone, Debug)]
pub struct WayFit {
    /// Which delays.
    pub way: Way,
    /// Sorted variation above the windowed minimum, ms.
    pub sorted_ms: Vec<f64>,
    /// The variation in the order of sending.
    pub variation: Variation,
    /// The base of the longest regime, ns, by the clocks as they are.
    pub base_ns: i64,
    /// Fitted laws, the nearest first.
    pub candidates: Vec<Candidate>,
    /// Laws that could not be fitted.
    pub not_fitted: Vec<NotFitted>,
    /// Autocorrelation of neighbouring probes' delays.
    pub neighbours: f64,
    /// Each so manieth probe is as good as independent of the one before.
    pub lag: usize,
    /// The distance above which a law is rejected at 5 %, for the independent probes there are.
    pub threshold: f64,
}

/// How good the best law is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goodness {
    /// Within the sampling error.
    Fits,
    /// Not rejected, but so few probes are independent that a wrong law would pass as well.
    Unproven,
    /// Rejected, but no percentile is off by more than five points.
    Close,
    /// Far.
    Poor,
}

impl Goodness {
    /// A sentence for the user.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Fits => "fits: nearer than the sampling error",
            Self::Unproven => {
                "not rejected, but too few probes are independent to tell: measure longer, or replay the measurement"
            }
            Self::Close => {
                "close: no percentile is off by more than 5 points, though a test rejects it"
            }
            Self::Poor => "poor: replay the measurement instead of the fit",
        }
    }
}

impl WayFit {
    fn new(way: Way, series: &Series, interval_ns: i64) -> Self {
        let variation = series.variation(interval_ns);
        let in_order: Vec<f64> = variation.points.iter().map(|point| point.1).collect();
        let mut sorted_ms = in_order.clone();
        sorted_ms.sort_by(f64::total_cmp);
        let (candidates, not_fitted) = candidates(&sorted_ms);
        let lag = decorrelation_lag(&in_order);
        let longest = variation
            .regimes
            .iter()
            .max_by_key(|regime| regime.to_ns - regime.from_ns);
        Self {
            way,
            base_ns: longest.map_or(0, |regime| regime.base_ns),
            candidates,
            not_fitted,
            neighbours: autocorrelation(&in_order, 1),
            lag,
            threshold: ks_threshold(in_order.len() / lag),
            sorted_ms,
            variation,
        }
    }

    /// A threshold above this tells nothing: fewer than 185 independent probes. Assumed.
    const POWERLESS: f64 = 0.1;

    /// The nearest law.
    pub fn chosen(&self) -> Option<&Candidate> {
        self.candidates.first()
    }

    /// How good the chosen law is.
    pub fn goodness(&self) -> Goodness {
        match self.chosen() {
            Some(fit) if fit.distance <= self.threshold && self.threshold > Self::POWERLESS => {
                Goodness::Unproven
            }
            Some(fit) if fit.distance <= self.threshold => Goodness::Fits,
            Some(fit) if fit.distance <= 0.05 => Goodness::Close,
            _ => Goodness::Poor,
        }
    }

    /// The measured and the modelled 99.9th percentile above the least, ms, when the law falls short by more than a fifth:
    /// distances between distributions hardly see a tail. Only with at least a thousand delays.
    pub fn lighter_tail(&self) -> Option<(f64, f64)> {
        let fit = self.chosen().filter(|_| self.sorted_ms.len() >= 1_000)?;
        let (measured_ms, modelled_ms) = (
            self.percentile_ms(0.999),
            fit.shift_ms + fit.law.quantile(0.999),
        );
        (modelled_ms < 0.8 * measured_ms).then_some((measured_ms, modelled_ms))
    }

    /// A percentile of the variation, ms; `share` is 0 to 1.
    pub fn percentile_ms(&self, share: f64) -> f64 {
        quantile(&self.sorted_ms, share)
    }

    /// The regimes of the base.
    pub fn regimes(&self) -> &[Regime] {
        &self.variation.regimes
    }
}

/// The loss of one way, or of both together.
#[derive(Clone, Copy, Debug)]
pub struct WayLoss {
    /// Which.
    pub way: Way,
    /// The fit.
    pub fit: LossFit,
    /// Whether it is half of a loss without a direction.
    pub is_split: bool,
}

/// A fitted path.
#[derive(Clone, Debug)]
pub struct FittedPath {
    /// The path for the network model.
    pub model: PathModel,
    /// The base delays for the replay, ms up and down: of the shortest regime.
    pub replay_base_ms: (f64, f64),
    /// The delay fits: up and down, or the round trip alone.
    pub delays: Vec<WayFit>,
    /// The loss fits; the combined one, and those of the directions where they are known.
    pub losses: Vec<WayLoss>,
    /// What the user should know.
    pub notes: Vec<String>,
}

/// Fits a path to a measurement.
///
/// # Errors
/// [`ImportError`] when the base delay is neither measured nor stated.
pub fn fit(measurement: &Measurement, options: &FitOptions) -> Result<FittedPath, ImportError> {
    let interval_ns = measurement.median_interval_ns();
    let mut notes = measurement.notes.clone();
    let synchronised = options.synchronised || measurement.synchronised;
    if !synchronised && measurement.has_one_way() {
        notes.push(
            "the clocks of the two ends are not synchronised: of the one-way delays only the variation above the least \
             one around is used (state it with --clocks-synchronised otherwise)"
                .into(),
        );
    }
    let mut delays = Vec::new();
    let round_trip = series(measurement, |probe| probe.rtt_ns);
    if measurement.has_one_way() {
        let up = series(measurement, |probe| probe.up_ns);
        let down = series(measurement, |probe| probe.down_ns);
        let drift = if synchronised {
            0.0
        } else {
            clock_drift(&up, &down, interval_ns, &mut notes)
        };
        delays.push(WayFit::new(Way::Up, &up.without_drift(drift), interval_ns));
        if !down.points.is_empty() {
            delays.push(WayFit::new(
                Way::Down,
                &down.without_drift(-drift),
                interval_ns,
            ));
        }
    } else {
        delays.push(WayFit::new(Way::RoundTrip, &round_trip, interval_ns));
    }
    let losses = losses(measurement, &mut notes);
    let bases_ms = bases(
        &delays,
        &round_trip,
        interval_ns,
        synchronised,
        options,
        &mut notes,
    )?;
    if bases_ms.chosen.0 < 0.0 || bases_ms.chosen.1 < 0.0 {
        return Err(ImportError::new(
            format!(
                "the least one-way delay is negative ({:.3} and {:.3} ms)",
                bases_ms.chosen.0, bases_ms.chosen.1
            ),
            "the clocks are not synchronised: leave --clocks-synchronised out, or state --base-ms",
        ));
    }
    for way in &delays {
        if way.regimes().len() > 1 {
            notes.push(format!(
                "{}: the base delay has {} regimes (route steps); the fit is of the variation in all of them, on the \
                 base of the longest; the replay keeps the steps",
                way.way.name(),
                way.regimes().len()
            ));
        }
        if let Some((measured_ms, modelled_ms)) = way.lighter_tail() {
            notes.push(format!(
                "{}: the chosen law's tail is lighter than the measured one: one delay in a thousand is above {measured_ms:.1} \
                 ms measured and {modelled_ms:.1} ms modelled; use the replay where late packets matter",
                way.way.name()
            ));
        }
        if way.neighbours > 0.3 {
            notes.push(format!(
                "{}: neighbouring probes' delays are correlated ({:.2}); a law draws each alone, only the replay keeps \
                 the correlation",
                way.way.name(),
                way.neighbours
            ));
        }
    }
    let ratio = options
        .send_interval_ms
        .map_or(1.0, |send_ms| send_ms * 1e6 / interval_ns as f64);
    let link = |way: Way, base_ms: f64| {
        let own = delays.iter().find(|fit| fit.way == way).or(delays.first());
        let chosen = own.and_then(WayFit::chosen);
        let is_halved = own.is_some_and(|fit| fit.way == Way::RoundTrip);
        let (law, shift_ms) = match chosen {
            Some(fit) if is_halved => (fit.law.halved(), fit.shift_ms / 2.0),
            Some(fit) => (fit.law, fit.shift_ms),
            None => (crate::law::Law::Constant, 0.0),
        };
        let loss = losses
            .iter()
            .find(|loss| loss.way == way)
            .or_else(|| losses.iter().find(|loss| loss.way == Way::Up));
        let duplicated = measurement.duplicates as f64 / measurement.probes.len() as f64;
        let ways = if measurement.both_ways { 2.0 } else { 1.0 };
        LinkModel {
            base_one_way: Milliseconds::clamped(libm::rint((base_ms + shift_ms) * 1e6) / 1e6),
            jitter: law.to_model(),
            loss: loss.map_or(net_model::LossLaw::None, |loss| loss.fit.law(ratio)),
            duplicates: DuplicateLaw {
                probability: Probability::clamped(libm::rint(duplicated / ways * 1e8) / 1e8),
                ..DuplicateLaw::default()
            },
            fifo: measurement.reordered == 0,
            ..LinkModel::constant(Milliseconds::MIN)
        }
    };
    if measurement.duplicates > 0 {
        notes.push(
            "duplicates are modelled at the measured rate and at no delay behind the original: no tool tells when they \
             came"
                .into(),
        );
    }
    if !measurement.both_ways {
        notes.push("only one direction was measured: the way down is a copy of the way up".into());
    }
    let model = PathModel {
        name: options.name.clone(),
        up: link(Way::Up, bases_ms.chosen.0),
        down: link(Way::Down, bases_ms.chosen.1),
    };
    Ok(FittedPath {
        model,
        replay_base_ms: bases_ms.least,
        delays,
        losses,
        notes,
    })
}

pub(crate) fn series(
    measurement: &Measurement,
    pick: impl Fn(&crate::Probe) -> Option<i64>,
) -> Series {
    let points = measurement
        .probes
        .iter()
        .filter_map(|probe| Some((probe.sent_ns, pick(probe)?)));
    Series {
        points: points.collect(),
    }
}

/// The drift of the far clock. It lengthens one way as much as it shortens the other; a base that really drifts does
/// not.
fn clock_drift(up: &Series, down: &Series, interval_ns: i64, notes: &mut Vec<String>) -> f64 {
    /// Worse clocks than 1,000 ppm are not sold: such a slope is the network's.
    const GREATEST: f64 = 1e-3;
    let (drift_up, drift_down) = (up.drift(interval_ns), down.drift(interval_ns));
    let drift = match (drift_up, drift_down) {
        (Some(up), Some(down)) => 0.5 * (up - down),
        (Some(up), None) => up,
        _ => return 0.0,
    };
    let span_ns = up.points.last().map_or(0, |point| point.0);
    if (drift * span_ns as f64).abs() < 100_000.0 {
        return 0.0;
    }
    if drift.abs() > GREATEST {
        notes.push(format!(
            "the delay slopes by {:.0} ppm, more than any clock: it is left in",
            drift * 1e6
        ));
        return 0.0;
    }
    notes.push(format!(
        "the clocks drift by {:.1} ppm against each other; it is taken out",
        drift * 1e6
    ));
    drift
}

fn losses(measurement: &Measurement, notes: &mut Vec<String>) -> Vec<WayLoss> {
    let probes = &measurement.probes;
    let whole = |way, fit| WayLoss {
        way,
        fit,
        is_split: false,
    };
    if !measurement.both_ways {
        let fit = LossFit::of(probes.iter().map(|probe| probe.lost != Lost::No));
        return vec![whole(Way::Up, fit)];
    }
    let together = LossFit::of(probes.iter().map(|probe| probe.lost != Lost::No));
    let mut losses = vec![whole(Way::RoundTrip, together)];
    let unknown = probes
        .iter()
        .filter(|probe| probe.lost == Lost::Somewhere)
        .count();
    if unknown == 0 {
        let up = probes
            .iter()
            .map(|probe| matches!(probe.lost, Lost::Up | Lost::Both));
        losses.push(whole(Way::Up, LossFit::of(up)));
        // What was lost on the way up never went down.
        let went_down = probes.iter().filter(|probe| probe.lost != Lost::Up);
        let down = went_down.map(|probe| matches!(probe.lost, Lost::Down | Lost::Both));
        losses.push(whole(Way::Down, LossFit::of(down)));
        return losses;
    }
    notes.push(format!(
        "{unknown} of {} losses have no known direction: both directions are taken to be equal and independent, which \
         splits the loss exactly if they are",
        together.lost
    ));
    for way in [Way::Up, Way::Down] {
        losses.push(WayLoss {
            way,
            fit: together.halved(),
            is_split: true,
        });
    }
    losses
}

struct Bases {
    /// Of the longest regime.
    chosen: (f64, f64),
    /// Of the shortest delay, on which the replay stands.
    least: (f64, f64),
}

fn bases(
    delays: &[WayFit],
    round_trip: &Series,
    interval_ns: i64,
    synchronised: bool,
    options: &FitOptions,
    notes: &mut Vec<String>,
) -> Result<Bases, ImportError> {
    // By how much the longest regime lies above the shortest.
    let above_least_ms = |way: Way| {
        let fit = delays.iter().find(|fit| fit.way == way).or(delays.first());
        fit.map_or(0.0, |fit| {
            let least = fit
                .regimes()
                .iter()
                .map(|regime| regime.base_ns)
                .min()
                .unwrap_or(0);
            let step_ms = (fit.base_ns - least) as f64 * 1e-6;
            if fit.way == Way::RoundTrip {
                step_ms / 2.0
            } else {
                step_ms
            }
        })
    };
    let (step_up_ms, step_down_ms) = (above_least_ms(Way::Up), above_least_ms(Way::Down));
    let from_chosen = |up: f64, down: f64| Bases {
        chosen: (up, down),
        least: ((up - step_up_ms).max(0.0), (down - step_down_ms).max(0.0)),
    };
    if let Some((up, down)) = options.base_ms {
        notes.push(format!(
            "the base delays are as stated: {up} ms up, {down} ms down"
        ));
        return Ok(from_chosen(up, down));
    }
    let of = |way: Way| {
        delays
            .iter()
            .find(|fit| fit.way == way)
            .map(|fit| fit.base_ns as f64 * 1e-6)
    };
    if synchronised && let Some(up) = of(Way::Up) {
        return Ok(from_chosen(up, of(Way::Down).unwrap_or(up)));
    }
    if round_trip.points.is_empty() {
        return Err(ImportError::new(
            "the base delay is unknown: there is no round trip, and the clocks are not synchronised",
            "state it with --base-ms UP,DOWN",
        ));
    }
    // The offset of the clocks cancels in the sum of the two ways, whose least delays need not be of one probe.
    let both = of(Way::Up)
        .zip(of(Way::Down))
        .map(|(up, down)| 0.5 * (up + down))
        .filter(|ms| *ms >= 0.0);
    let half_ms = both.unwrap_or_else(|| {
        let regimes = round_trip.regimes(interval_ns);
        let longest = regimes
            .iter()
            .max_by_key(|regime| regime.to_ns - regime.from_ns);
        longest.map_or(0.0, |regime| regime.base_ns as f64 * 0.5e-6)
    });
    notes.push(format!(
        "the base delay is half of the least round trip each way ({half_ms:.3} ms): no measurement without \
         synchronised clocks tells how it is shared; state it with --base-ms UP,DOWN if you know"
    ));
    Ok(from_chosen(half_ms, half_ms))
}
