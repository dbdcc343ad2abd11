//! The wire's jitter: what a link's law adds to its base delay, packet by packet.

use std::sync::Arc;

use crate::model::{DelayLaw, Regime};
use crate::network::ModelError;
use crate::random::{Gamma, Stream};
use crate::trace::DirectionTrace;

/// A draw of a law with a long tail is cut off at an hour.
const LONGEST_NS: f64 = 3.6e12;

/// Jitter: what is added to the base delay.
#[derive(Clone)]
pub(crate) struct Jitter {
    law: Law,
    stream: Stream,
}

#[derive(Clone)]
enum Law {
    Plain(Plain),
    Regimes(Box<Regimes>),
    Trace {
        trace: Arc<DirectionTrace>,
        start_ns: u64,
    },
}

/// A law whose draws know nothing of each other.
#[derive(Clone)]
enum Plain {
    None,
    Exponential { mean_ns: f64 },
    Gamma { law: Gamma, scale_ns: f64 },
    Hyper { phases: Vec<(f64, f64)> },
    Lognormal { median_ns: f64, log_sd: f64 },
    Pareto { scale_ns: f64, inverse_alpha: f64 },
}

#[derive(Clone)]
struct Regimes {
    /// Sum of the weights so far, mean stay, what it adds (both in ns), and the law above.
    regimes: Vec<(f64, f64, f64, Plain)>,
    current: usize,
    until_ns: u64,
    /// After a silence as long as this nothing is left of the regime before it: its stays need not be drawn one by one.
    forgotten_ns: u64,
    stream: Stream,
}

/// How many of the longest stays are forgotten: e^-64 is far below what a draw resolves.
const FORGOTTEN_STAYS: f64 = 64.0;

impl Jitter {
    /// What comes from here on is drawn anew; what was drawn already stays.
    pub fn rekey(&mut self, stream: &impl Fn(&str) -> Stream) {
        self.stream = stream("jitter");
        if let Law::Regimes(regimes) = &mut self.law {
            regimes.stream = stream("regimes");
        }
    }

    /// `trace_start` says where a measurement begins, `switches` when regimes change.
    pub fn new(
        law: &DelayLaw,
        stream: Stream,
        mut trace_start: Stream,
        switches: Stream,
    ) -> Result<Self, ModelError> {
        let law = match law {
            DelayLaw::Trace { file, measured } => {
                let Some(trace) = measured.clone() else {
                    return Err(ModelError::TraceNotRead { file: file.clone() });
                };
                // Each seed begins elsewhere in the measurement; its order is kept.
                let start_ns = trace_start.below(trace.span_ns());
                Law::Trace { trace, start_ns }
            }
            DelayLaw::Regimes { regimes } => {
                Law::Regimes(Box::new(Regimes::new(regimes, switches)))
            }
            plain => Law::Plain(Plain::new(plain)),
        };
        Ok(Self { law, stream })
    }

    /// The jitter of a packet sent now, in ns, and whether the trace lost it.
    pub fn draw(&mut self, now_ns: u64) -> (u64, bool) {
        let jitter_ns = match &mut self.law {
            Law::Plain(plain) => plain.draw(&mut self.stream),
            Law::Regimes(regimes) => {
                let (_, _, extra_ns, plain) = regimes.at(now_ns);
                extra_ns + plain.draw(&mut self.stream)
            }
            Law::Trace { trace, start_ns } => {
                return match trace.at(now_ns.wrapping_add(*start_ns)) {
                    Some(variation_ns) => (variation_ns, false),
                    None => (0, true),
                };
            }
        };
        (jitter_ns.min(LONGEST_NS) as u64, false)
    }

    pub fn digest(&self, sink: &mut impl FnMut(&[u8])) {
        sink(&self.stream.position().to_le_bytes());
        if let Law::Regimes(regimes) = &self.law {
            sink(&(regimes.current as u64).to_le_bytes());
            sink(&regimes.until_ns.to_le_bytes());
            sink(&regimes.stream.position().to_le_bytes());
        }
    }
}

impl Plain {
    /// A trace and regimes have no plain form and become none: the caller has dealt with them.
    fn new(law: &DelayLaw) -> Self {
        match law {
            DelayLaw::None | DelayLaw::Trace { .. } | DelayLaw::Regimes { .. } => Self::None,
            DelayLaw::ShiftedExponential { mean_ms } => Self::Exponential {
                mean_ns: mean_ms.get() * 1e6,
            },
            DelayLaw::ShiftedGamma { shape, scale_ms } => Self::Gamma {
                law: Gamma::new(shape.get()),
                scale_ns: scale_ms.get() * 1e6,
            },
            DelayLaw::HyperExponential {
                weights,
                rates_per_ms,
            } => {
                let mut sum = 0.0;
                let phases = weights.iter().zip(rates_per_ms).map(|(weight, rate)| {
                    sum += weight.get();
                    (sum, 1e6 / rate.get())
                });
                Self::Hyper {
                    phases: phases.collect(),
                }
            }
            DelayLaw::Lognormal { median_ms, log_sd } => Self::Lognormal {
                median_ns: median_ms.get() * 1e6,
                log_sd: log_sd.get(),
            },
            DelayLaw::ParetoTail { scale_ms, alpha } => Self::Pareto {
                scale_ns: scale_ms.get() * 1e6,
                inverse_alpha: 1.0 / alpha.get(),
            },
        }
    }

    fn draw(&self, stream: &mut Stream) -> f64 {
        match self {
            Self::None => 0.0,
            Self::Exponential { mean_ns } => stream.quick_exponential() * mean_ns,
            Self::Gamma { law, scale_ns } => law.draw(stream) * scale_ns,
            Self::Hyper { phases } => {
                let which = stream.uniform();
                // Rounded weights may add up to a little less than one: the last phase takes the rest.
                let phase = phases
                    .iter()
                    .find(|(sum, _)| which < *sum)
                    .or(phases.last());
                stream.quick_exponential() * phase.map_or(0.0, |(_, mean_ns)| *mean_ns)
            }
            Self::Lognormal { median_ns, log_sd } => {
                median_ns * libm::exp(stream.quick_normal() * log_sd)
            }
            // (1 + x / scale)^-alpha = exp(-e), with e exponential.
            Self::Pareto {
                scale_ns,
                inverse_alpha,
            } => scale_ns * libm::expm1(stream.quick_exponential() * inverse_alpha),
        }
    }
}

impl Regimes {
    fn new(regimes: &[Regime], stream: Stream) -> Self {
        let mut sum = 0.0;
        let regimes: Vec<_> = regimes
            .iter()
            .map(|regime| {
                sum += regime.weight.get();
                (
                    sum,
                    regime.mean_stay_ms.get() * 1e6,
                    regime.extra_ms.get() * 1e6,
                    Plain::new(&regime.jitter),
                )
            })
            .collect();
        let longest_ns = regimes.iter().map(|regime| regime.1).fold(0.0, f64::max);
        let mut begun = Self {
            regimes,
            current: 0,
            until_ns: 0,
            forgotten_ns: (FORGOTTEN_STAYS * longest_ns) as u64,
            stream,
        };
        begun.begin(0);
        begun
    }

    /// The regime at a random moment: by weight and length of stay. What is left of the stay is exponential again.
    fn begin(&mut self, now_ns: u64) {
        let Self {
            regimes, stream, ..
        } = self;
        let time = |index: usize| {
            let before = if index == 0 {
                0.0
            } else {
                regimes[index - 1].0
            };
            (regimes[index].0 - before) * regimes[index].1
        };
        let mut moment = stream.uniform() * (0..regimes.len()).map(time).sum::<f64>();
        let mut current = 0;
        while current + 1 < regimes.len() && moment >= time(current) {
            moment -= time(current);
            current += 1;
        }
        let stay_ns = (stream.quick_exponential() * regimes[current].1) as u64;
        self.current = current;
        self.until_ns = now_ns.saturating_add(stay_ns);
    }

    /// The regime at a time; times must not run backwards.
    fn at(&mut self, now_ns: u64) -> &(f64, f64, f64, Plain) {
        if now_ns.saturating_sub(self.until_ns) > self.forgotten_ns {
            self.begin(now_ns);
        }
        while self.until_ns <= now_ns {
            let all = self.regimes.last().map_or(0.0, |last| last.0);
            let which = self.stream.uniform() * all;
            let next = self.regimes.iter().position(|regime| which < regime.0);
            self.current = next.unwrap_or(self.regimes.len() - 1);
            let stay_ns = self.stream.quick_exponential() * self.regimes[self.current].1;
            self.until_ns = self.until_ns.saturating_add((stay_ns as u64).max(1));
        }
        &self.regimes[self.current]
    }
}
