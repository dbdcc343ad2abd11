//! What a path is: immutable data, read from RON, checked while it is read.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::Direction;
use crate::trace::{DirectionTrace, MeasuredPath, TraceError};
use crate::units::{Milliseconds, OutOfRange, PerMillisecond, Probability, Repeats, Shape};

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

/// One way of one path. A packet arrives after `base_one_way` plus a draw of `jitter`, unless `loss` takes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkModel {
    /// The least one-way delay: propagation and fixed processing.
    pub base_one_way: Milliseconds,
    /// What is added to it, packet by packet.
    #[serde(default)]
    pub jitter: DelayLaw,
    /// Which packets never arrive.
    #[serde(default)]
    pub loss: LossLaw,
    /// Copies the network itself makes.
    #[serde(default)]
    pub duplicates: DuplicateLaw,
    /// Copies that come again much later.
    #[serde(default)]
    pub late_repeats: LateRepeat,
    /// Whether packets keep their order (a fibre does): then none arrives before the one sent before it, however the
    /// jitter falls. Copies, and packets delayed by a packet fault, are exempt: they neither wait nor hold others up.
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
            jitter: DelayLaw::None,
            loss: LossLaw::None,
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
            Self::Trace { .. } => None,
        }
    }
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
            DelayLawText::Trace { file } => Self::Trace {
                file,
                measured: None,
            },
        })
    }
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
}

impl LossLaw {
    /// The long-run share of packets lost, in closed form.
    pub fn mean_loss(&self) -> f64 {
        match self {
            Self::None => 0.0,
            Self::Independent { probability } => probability.get(),
            Self::GilbertElliott {
                loss_good,
                loss_bad,
                ..
            } => {
                let bad = self.share_bad();
                loss_good.get() * (1.0 - bad) + loss_bad.get() * bad
            }
        }
    }

    /// The long-run share of time in the bad state. A chain that never moves is taken to be good.
    pub(crate) fn share_bad(&self) -> f64 {
        match self {
            Self::GilbertElliott {
                good_to_bad,
                bad_to_good,
                ..
            } => {
                let moves = good_to_bad.get() + bad_to_good.get();
                if moves > 0.0 {
                    good_to_bad.get() / moves
                } else {
                    0.0
                }
            }
            _ => 0.0,
        }
    }
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
