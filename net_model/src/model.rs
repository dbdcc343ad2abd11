//! What a path is: immutable data, read from RON, checked while it is read.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::Direction;
use crate::trace::{DirectionTrace, MeasuredPath, TraceError};
use crate::units::{
    FiniteTailIndex, LogSd, Milliseconds, MillisecondsRange, OutOfRange, PacketScale,
    PerMillisecond, Probability, Repeats, Shape, Sojourn, TailIndex, Weight,
};
use crate::{bottleneck::Bottleneck, policer::Policer};

/// One path: a link each way. The two need not be alike; real routes often are not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PathModel {
    /// What people call it ("terrestrial", "submarine").
    pub name: String,
    /// Console to robot.
    pub up: LinkModel,
    /// Robot to console.
    pub down: LinkModel,
}

impl PathModel {
    /// Reads the measured traces that the two links refer to. `read` turns a file's name into its text, so that
    /// this crate opens no file. Returns what the user should know about each trace.
    pub fn resolve(
        &mut self,
        read: &mut dyn FnMut(&str) -> Result<String, String>,
    ) -> Result<Vec<String>, TraceError> {
        let mut notes = Vec::new();
        let mut last: Option<(String, MeasuredPath)> = None;
        for (direction, link) in [
            (Direction::Up, &mut self.up),
            (Direction::Down, &mut self.down),
        ] {
            let DelayLaw::Trace { file, measured } = &mut link.jitter else {
                continue;
            };
            if last.as_ref().is_none_or(|(name, _)| name != file) {
                let text = read(file).map_err(|reason| TraceError::Unreadable {
                    file: file.clone(),
                    reason,
                })?;
                let path = MeasuredPath::from_text(&text).map_err(|error| error.in_file(file))?;
                notes.extend(path.notes.iter().map(|note| format!("{file}: {note}")));
                last = Some((file.clone(), path));
            }
            *measured = last
                .as_ref()
                .map(|(_, path)| Arc::new(path.direction(direction)));
        }
        Ok(notes)
    }
}

/// One way of one path, in the order in which a packet passes it: policer, bottleneck, wire (`base_one_way` plus a draw
/// of `jitter`), loss, held back and repeated copies, arrival. A stage that is left out does nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkModel {
    /// The least one-way delay: propagation and fixed processing.
    pub base_one_way: Milliseconds,
    /// The firewall at the way in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policer: Option<Policer>,
    /// The narrowest point, shared with other traffic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bottleneck: Option<Bottleneck>,
    /// What is added to it, packet by packet.
    #[serde(default)]
    pub jitter: DelayLaw,
    /// Which packets never arrive.
    #[serde(default)]
    pub loss: LossLaw,
    /// Loss of packets that had to queue.
    #[serde(default)]
    pub queueing_loss: QueueingLoss,
    /// Packets held back, which later ones overtake.
    #[serde(default)]
    pub reordering: Reordering,
    /// Copies the network itself makes.
    #[serde(default)]
    pub duplicates: DuplicateLaw,
    /// Copies that come again much later.
    #[serde(default)]
    pub late_repeats: LateRepeat,
    /// Whether packets keep their order (a fibre does): then none arrives before the one sent before it, however the
    /// jitter falls. Copies, and packets held back or delayed by a packet fault, are exempt: they neither wait nor hold
    /// others up.
    #[serde(default = "yes")]
    pub fifo: bool,
}

fn yes() -> bool {
    true
}

impl LinkModel {
    /// A link with a constant delay and nothing else.
    pub fn constant(base_one_way: Milliseconds) -> Self {
        Self {
            base_one_way,
            policer: None,
            bottleneck: None,
            jitter: DelayLaw::None,
            loss: LossLaw::None,
            queueing_loss: QueueingLoss::default(),
            reordering: Reordering::default(),
            duplicates: DuplicateLaw::default(),
            late_repeats: LateRepeat::default(),
            fifo: true,
        }
    }
}

/// The law of the delay above the base. Every law is at least 0; a draw is cut off at an hour.
///
/// Origins: a shifted gamma fits Internet delays best over long times, an exponential for some minutes (arXiv 1202.2153,
/// RIPE test boxes); the hyperexponential is NetFI's, for telesurgery.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "DelayLawText")]
pub enum DelayLaw {
    /// No jitter.
    #[default]
    None,
    /// Exponential.
    ShiftedExponential {
        /// Mean, in ms.
        mean_ms: Milliseconds,
    },
    /// Gamma: mean `shape * scale_ms`.
    ShiftedGamma {
        /// Shape: below 1 a sharp peak at the base, above 1 a hump.
        shape: Shape,
        /// Scale, in ms.
        scale_ms: Milliseconds,
    },
    /// One of several exponentials, chosen anew for each packet.
    HyperExponential {
        /// How likely each is; they add up to 1.
        weights: Vec<Probability>,
        /// The rate of each, per ms (the mean is its inverse).
        rates_per_ms: Vec<PerMillisecond>,
    },
    /// Lognormal.
    Lognormal {
        /// Median, in ms.
        median_ms: Milliseconds,
        /// Standard deviation of the logarithm.
        log_sd: LogSd,
    },
    /// Lomax, the Pareto law that begins at 0: beyond x with the chance `(1 + x / scale)^-alpha`.
    ParetoTail {
        /// Scale, in ms.
        scale_ms: Milliseconds,
        /// Tail index.
        alpha: TailIndex,
    },
    /// One of several regimes at a time, each for an exponential time: routes, hours of the day, quiet and congested.
    /// A run begins in the stationary law.
    Regimes {
        /// The regimes; at least one. None is itself of several regimes, or a trace.
        regimes: Vec<Regime>,
    },
    /// A measured path, replayed in the measured order, delay and loss alike. A packet sent at t takes the fate of the
    /// probe nearest in time. Give the link no `loss` of its own unless it is to come on top.
    Trace {
        /// The trace, as the reader given to [`PathModel::resolve`] knows it.
        file: String,
        /// What the file held in this direction, once resolved.
        #[serde(skip)]
        measured: Option<Arc<DirectionTrace>>,
    },
}

impl DelayLaw {
    /// The mean above the base in ms, where the law has one in closed form.
    pub fn mean_ms(&self) -> Option<f64> {
        match self {
            Self::None => Some(0.0),
            Self::ShiftedExponential { mean_ms } => Some(mean_ms.get()),
            Self::ShiftedGamma { shape, scale_ms } => Some(shape.get() * scale_ms.get()),
            Self::HyperExponential {
                weights,
                rates_per_ms,
            } => Some(
                weights
                    .iter()
                    .zip(rates_per_ms)
                    .map(|(weight, rate)| weight.get() / rate.get())
                    .sum(),
            ),
            Self::Lognormal { median_ms, log_sd } => {
                let sd = log_sd.get();
                Some(median_ms.get() * libm::exp(0.5 * sd * sd))
            }
            Self::ParetoTail { scale_ms, alpha } => {
                (alpha.get() > 1.0).then(|| scale_ms.get() / (alpha.get() - 1.0))
            }
            Self::Regimes { regimes } => {
                let (mut sum, mut time) = (0.0, 0.0);
                for regime in regimes {
                    let share = regime.weight.get() * regime.mean_stay_ms.get();
                    sum += share * (regime.extra_ms.get() + regime.jitter.mean_ms()?);
                    time += share;
                }
                Some(sum / time)
            }
            Self::Trace { .. } => None,
        }
    }
}

/// One regime of [`DelayLaw::Regimes`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Regime {
    /// How often it is the next one, beside the others.
    #[serde(default = "even_weight")]
    pub weight: Weight,
    /// Mean of its exponential stay, in ms.
    pub mean_stay_ms: Sojourn,
    /// What it adds to the base delay, in ms.
    #[serde(default)]
    pub extra_ms: Milliseconds,
    /// The jitter above that.
    #[serde(default)]
    pub jitter: DelayLaw,
}

fn even_weight() -> Weight {
    Weight::clamped(1.0)
}

/// A chance of loss that grows with the time a packet had to queue: bottleneck, jitter and brown-out together. Losses
/// on access links come with delay; a chain that knows no delay does not fit them (Ellis 2014).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "QueueingLossText")]
pub struct QueueingLoss {
    /// Up to here none is lost, in ms of queueing.
    pub from_ms: Milliseconds,
    /// From here on the chance is whole, in ms of queueing; in between it grows evenly.
    pub full_ms: Milliseconds,
    /// The whole chance.
    pub probability: Probability,
}

#[derive(Deserialize)]
#[serde(rename = "QueueingLoss", deny_unknown_fields)]
struct QueueingLossText {
    from_ms: Milliseconds,
    full_ms: Milliseconds,
    probability: Probability,
}

impl TryFrom<QueueingLossText> for QueueingLoss {
    type Error = OutOfRange;

    fn try_from(text: QueueingLossText) -> Result<Self, OutOfRange> {
        let QueueingLossText {
            from_ms,
            full_ms,
            probability,
        } = text;
        if from_ms > full_ms {
            return Err(OutOfRange::Backwards {
                from: from_ms.get(),
                to: full_ms.get(),
            });
        }
        Ok(Self {
            from_ms,
            full_ms,
            probability,
        })
    }
}

/// Packets held back on the way, each by itself: later ones overtake them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reordering {
    /// Chance of each.
    pub probability: Probability,
    /// By how much, in ms: uniform in this range.
    pub by_ms: MillisecondsRange,
}

/// [`DelayLaw`] as it stands in a file, before the parts are checked against each other.
#[derive(Deserialize)]
#[serde(rename = "DelayLaw", deny_unknown_fields)]
enum DelayLawText {
    None,
    ShiftedExponential {
        mean_ms: Milliseconds,
    },
    ShiftedGamma {
        shape: Shape,
        scale_ms: Milliseconds,
    },
    HyperExponential {
        weights: Vec<Probability>,
        rates_per_ms: Vec<PerMillisecond>,
    },
    Lognormal {
        median_ms: Milliseconds,
        log_sd: LogSd,
    },
    ParetoTail {
        scale_ms: Milliseconds,
        alpha: TailIndex,
    },
    Regimes {
        regimes: Vec<Regime>,
    },
    Trace {
        file: String,
    },
}

impl TryFrom<DelayLawText> for DelayLaw {
    type Error = String;

    fn try_from(text: DelayLawText) -> Result<Self, String> {
        Ok(match text {
            DelayLawText::None => Self::None,
            DelayLawText::ShiftedExponential { mean_ms } => Self::ShiftedExponential { mean_ms },
            DelayLawText::ShiftedGamma { shape, scale_ms } => {
                Self::ShiftedGamma { shape, scale_ms }
            }
            DelayLawText::HyperExponential {
                weights,
                rates_per_ms,
            } => {
                check_mixture(&weights, &rates_per_ms)?;
                Self::HyperExponential {
                    weights,
                    rates_per_ms,
                }
            }
            DelayLawText::Lognormal { median_ms, log_sd } => Self::Lognormal { median_ms, log_sd },
            DelayLawText::ParetoTail { scale_ms, alpha } => Self::ParetoTail { scale_ms, alpha },
            DelayLawText::Regimes { regimes } => {
                check_regimes(&regimes)?;
                Self::Regimes { regimes }
            }
            DelayLawText::Trace { file } => Self::Trace {
                file,
                measured: None,
            },
        })
    }
}

pub(crate) fn check_regimes(regimes: &[Regime]) -> Result<(), String> {
    if regimes.is_empty() {
        return Err("regimes need at least one regime".into());
    }
    for (index, regime) in regimes.iter().enumerate() {
        if matches!(
            regime.jitter,
            DelayLaw::Regimes { .. } | DelayLaw::Trace { .. }
        ) {
            return Err(format!(
                "the jitter of regime {index} is itself of several regimes or a trace; give it a law of its own"
            ));
        }
    }
    Ok(())
}

pub(crate) fn check_mixture(
    weights: &[Probability],
    rates: &[PerMillisecond],
) -> Result<(), String> {
    if weights.is_empty() || weights.len() != rates.len() {
        return Err(format!(
            "a hyperexponential needs as many rates as weights, and at least one: it has {} weights and {} rates",
            weights.len(),
            rates.len()
        ));
    }
    let sum: f64 = weights.iter().map(|weight| weight.get()).sum();
    // Published weights are rounded to five digits.
    if (sum - 1.0).abs() > 1e-3 {
        return Err(format!(
            "the weights of a hyperexponential add up to {sum}, not to 1"
        ));
    }
    Ok(())
}

/// Which packets a link loses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum LossLaw {
    /// None.
    #[default]
    None,
    /// Each by itself.
    Independent {
        /// Chance of each.
        probability: Probability,
    },
    /// In bursts: a good and a bad state, each with its chance of loss. One step a packet; the start is drawn from
    /// the stationary law, so a run has no warm-up.
    GilbertElliott {
        /// Chance that a good packet is followed by the bad state.
        good_to_bad: Probability,
        /// Chance that a bad packet is followed by the good state.
        bad_to_good: Probability,
        /// Chance of loss in the good state (1 - k in the literature).
        loss_good: Probability,
        /// Chance of loss in the bad state (1 - h in the literature).
        loss_bad: Probability,
    },
    /// Gilbert-Elliott with heavy tails: the stays in either state are Lomax times, of the clock and not of packets.
    /// The start is drawn from the stationary law (what is left of a stay is then Lomax with an index of one less).
    LomaxSojourns {
        /// Stays in the good state.
        good: LomaxStay,
        /// Stays in the bad state.
        bad: LomaxStay,
        /// Chance of loss in the good state.
        loss_good: Probability,
        /// Chance of loss in the bad state.
        loss_bad: Probability,
    },
    /// NetFI's packet loss model (arXiv 2603.06824): a chain of two states takes a step with each packet; after each
    /// packet that passes, the next burst of losses has the whole part of a Lomax number of packets, by the state that
    /// the chain is in then. Starts in the good state, as NetFI does.
    LomaxBursts {
        /// Chance that good is followed by bad.
        good_to_bad: Probability,
        /// Chance that bad is followed by good.
        bad_to_good: Probability,
        /// Bursts in the good state.
        good: LomaxBurst,
        /// Bursts in the bad state.
        bad: LomaxBurst,
    },
}

/// A Lomax time with a finite mean.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LomaxStay {
    /// Tail index.
    pub alpha: FiniteTailIndex,
    /// Scale, in ms; the mean is `scale_ms / (alpha - 1)`.
    pub scale_ms: Sojourn,
}

/// A Lomax number of packets with a finite mean.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LomaxBurst {
    /// Tail index.
    pub alpha: FiniteTailIndex,
    /// Scale, in packets.
    pub scale_packets: PacketScale,
}

impl LomaxStay {
    /// Mean, in ms.
    pub fn mean_ms(self) -> f64 {
        self.scale_ms.get() / (self.alpha.get() - 1.0)
    }
}

impl LomaxBurst {
    /// The chance of a burst of at least `packets`.
    pub fn at_least(self, packets: u64) -> f64 {
        libm::pow(
            1.0 + packets as f64 / self.scale_packets.get(),
            -self.alpha.get(),
        )
    }
}

impl LossLaw {
    /// The long-run share of packets lost: in closed form, or of Lomax bursts by a sum over their lengths, exact to 1e-9
    /// where the tail index is above 2.
    pub fn mean_loss(&self) -> f64 {
        match self {
            Self::None => 0.0,
            Self::Independent { probability } => probability.get(),
            Self::GilbertElliott {
                loss_good,
                loss_bad,
                ..
            }
            | Self::LomaxSojourns {
                loss_good,
                loss_bad,
                ..
            } => {
                let bad = self.share_bad();
                loss_good.get() * (1.0 - bad) + loss_bad.get() * bad
            }
            Self::LomaxBursts {
                good_to_bad,
                bad_to_good,
                good,
                bad,
            } => lomax_burst_loss(good_to_bad.get(), bad_to_good.get(), *good, *bad),
        }
    }

    /// The long-run share of time in the bad state. A chain that never moves is taken to be good.
    pub(crate) fn share_bad(&self) -> f64 {
        let share = |bad: f64, good: f64| {
            if bad + good > 0.0 {
                bad / (bad + good)
            } else {
                0.0
            }
        };
        match self {
            Self::GilbertElliott {
                good_to_bad,
                bad_to_good,
                ..
            }
            | Self::LomaxBursts {
                good_to_bad,
                bad_to_good,
                ..
            } => share(good_to_bad.get(), bad_to_good.get()),
            Self::LomaxSojourns { good, bad, .. } => share(bad.mean_ms(), good.mean_ms()),
            Self::None | Self::Independent { .. } => 0.0,
        }
    }
}

/// The chain is looked at only where a burst is drawn: every (burst + 1) packets. So its law there is that of the chain
/// seen at those moments, and a round loses its burst out of (burst + 1) packets.
fn lomax_burst_loss(p: f64, r: f64, good: LomaxBurst, bad: LomaxBurst) -> f64 {
    if p + r <= 0.0 {
        let mean = moments(good, 0.0).0;
        return mean / (1.0 + mean);
    }
    let memory = 1.0 - p - r;
    let (mean_good, faded_good) = moments(good, memory);
    let (mean_bad, faded_bad) = moments(bad, memory);
    // From the state of one draw to the other state at the next: share * (1 - E[memory^(burst + 1)]).
    let to_bad = p / (p + r) * (1.0 - memory * faded_good);
    let to_good = r / (p + r) * (1.0 - memory * faded_bad);
    let share_bad = if to_bad + to_good > 0.0 {
        to_bad / (to_bad + to_good)
    } else {
        0.0
    };
    let mean = (1.0 - share_bad) * mean_good + share_bad * mean_bad;
    mean / (1.0 + mean)
}

/// E[burst], and E[memory^burst].
fn moments(law: LomaxBurst, memory: f64) -> (f64, f64) {
    const TERMS: u64 = 20_000;
    let (mut mean, mut faded, mut power) = (0.0, 0.0, 1.0);
    for packets in 0..TERMS {
        faded += power * (law.at_least(packets) - law.at_least(packets + 1));
        power *= memory;
        mean += law.at_least(packets + 1);
    }
    // The rest of the sum, by the integral over its tail from the middle of the gap.
    let (scale, alpha) = (law.scale_packets.get(), law.alpha.get());
    let from = TERMS as f64 + 0.5;
    mean += scale / (alpha - 1.0) * libm::pow(1.0 + from / scale, 1.0 - alpha);
    (mean, faded)
}

/// Copies a network makes of a packet that arrives: later than it, independent of everything else. Each copy may be
/// followed by another with the same chance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DuplicateLaw {
    /// Chance of a first copy, and of each further one.
    pub probability: Probability,
    /// Mean of the exponential time between the original and a copy, in ms.
    #[serde(default)]
    pub extra_delay_mean_ms: Milliseconds,
    /// Most copies of one packet.
    #[serde(default)]
    pub repeats_max: Repeats,
}

/// A packet that arrives, and arrives again much later: held in a forgotten queue, or captured and replayed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "LateRepeatText")]
pub struct LateRepeat {
    /// Chance of each packet.
    pub probability: Probability,
    /// Least time after the original's arrival, in ms.
    pub delay_min_ms: Milliseconds,
    /// Greatest time after the original's arrival, in ms; in between it is uniform.
    pub delay_max_ms: Milliseconds,
}

#[derive(Deserialize)]
#[serde(rename = "LateRepeat", deny_unknown_fields)]
struct LateRepeatText {
    probability: Probability,
    delay_min_ms: Milliseconds,
    delay_max_ms: Milliseconds,
}

impl TryFrom<LateRepeatText> for LateRepeat {
    type Error = OutOfRange;

    fn try_from(text: LateRepeatText) -> Result<Self, OutOfRange> {
        let LateRepeatText {
            probability,
            delay_min_ms,
            delay_max_ms,
        } = text;
        if delay_min_ms > delay_max_ms {
            return Err(OutOfRange::Backwards {
                from: delay_min_ms.get(),
                to: delay_max_ms.get(),
            });
        }
        Ok(Self {
            probability,
            delay_min_ms,
            delay_max_ms,
        })
    }
}
