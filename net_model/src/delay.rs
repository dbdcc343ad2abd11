//! A delay law at work: one draw a packet, lost or not, so that the n-th packet's delay does not depend on losses.

use std::sync::Arc;

use crate::model::DelayLaw;
use crate::random::Stream;
use crate::trace::DirectionTrace;
use crate::units::{Milliseconds, ms_to_ns};

/// The state of one link's jitter.
#[derive(Clone, Debug)]
pub(crate) struct Delay {
    law: Law,
    stream: Stream,
}

#[derive(Clone, Debug)]
enum Law {
    None,
    Exponential { mean_ms: f64 },
    Gamma { shape: f64, scale_ms: f64 },
    /// (upper end of the phase's share of [0, 1), mean in ms)
    Mixture(Arc<[(f64, f64)]>),
    Trace { trace: Arc<DirectionTrace>, offset_ns: u64 },
}

impl Delay {
    /// `None` if the law is a trace that has not been resolved, or a mixture whose parts do not fit.
    ///
    /// `offset_ns` is where in a trace the run starts: one number a path, so that what the trace saw in both directions
    /// at once still happens at once.
    pub(crate) fn new(law: &DelayLaw, seed: u64, name: &str, offset: f64) -> Option<Self> {
        let law = match law {
            DelayLaw::None => Law::None,
            DelayLaw::ShiftedExponential { mean_ms } => Law::Exponential { mean_ms: mean_ms.get() },
            DelayLaw::ShiftedGamma { shape, scale_ms } => {
                Law::Gamma { shape: shape.get(), scale_ms: scale_ms.get() }
            }
            DelayLaw::HyperExponential { weights, rates_per_ms } => {
                crate::model::check_mixture(weights, rates_per_ms).ok()?;
                let mut upper = 0.0;
                Law::Mixture(
                    weights
                        .iter()
                        .zip(rates_per_ms)
                        .map(|(weight, rate)| {
                            upper += weight.get();
                            (upper, 1.0 / rate.get())
                        })
                        .collect(),
                )
            }
            DelayLaw::Trace { measured, .. } => {
                let trace = Arc::clone(measured.as_ref()?);
                let offset_ns = (offset * trace.span_ns() as f64) as u64;
                Law::Trace { trace, offset_ns }
            }
        };
        Some(Self { law, stream: Stream::new(seed, name) })
    }

    /// The next packet's delay above the base; `None` if the trace says that it is lost.
    pub(crate) fn next(&mut self, now_ns: u64) -> Option<u64> {
        let stream = &mut self.stream;
        let ms = match &self.law {
            Law::None => return Some(0),
            Law::Exponential { mean_ms } => mean_ms * stream.exponential(),
            Law::Gamma { shape, scale_ms } => scale_ms * stream.gamma(*shape),
            Law::Mixture(phases) => {
                let share = stream.uniform();
                // Rounded weights may add up to a little less than 1: the last phase takes what is left.
                let phase = phases.iter().find(|(upper, _)| share < *upper).or(phases.last());
                phase.map_or(0.0, |(_, mean_ms)| mean_ms * stream.exponential())
            }
            Law::Trace { trace, offset_ns } => return trace.at(now_ns.wrapping_add(*offset_ns)),
        };
        Some(ms_to_ns(Milliseconds::clamped(ms).get()))
    }

    pub(crate) fn stream(&self) -> &Stream {
        &self.stream
    }
}
