//! Copies that a link makes by its own laws, and packets that it holds back.

use crate::model::{LinkModel, Reordering};
use crate::random::{Stream, Trials};
use crate::units::Milliseconds;

/// Further copies of a packet.
#[derive(Clone)]
pub(crate) struct Copies {
    duplicates: Trials,
    extra_mean_ns: f64,
    repeats_max: u32,
    late: Trials,
    late_min_ns: u64,
    late_span_ns: u64,
    stream: Stream,
    late_stream: Stream,
}

impl Copies {
    /// What comes from here on is drawn anew; what was drawn already stays.
    pub fn rekey(&mut self, stream: &impl Fn(&str) -> Stream) {
        self.stream = stream("duplicates");
        self.late_stream = stream("late repeats");
    }

    pub fn new(model: &LinkModel, mut stream: Stream, mut late_stream: Stream) -> Self {
        let (duplicates, late) = (model.duplicates, model.late_repeats);
        let late_min_ns = late.delay_min_ms.ns();
        Self {
            duplicates: Trials::new(duplicates.probability, &mut stream),
            extra_mean_ns: duplicates.extra_delay_mean_ms.get() * 1e6,
            repeats_max: duplicates.repeats_max.get(),
            late: Trials::new(late.probability, &mut late_stream),
            late_min_ns,
            late_span_ns: late.delay_max_ms.ns().saturating_sub(late_min_ns),
            stream,
            late_stream,
        }
    }

    /// Adds how long after the original each copy arrives. A duplicate may be duplicated again.
    pub fn draw(&mut self, copies: &mut Vec<u64>) {
        let longest_ns = Milliseconds::MAX.ns();
        let (mut repeats, mut extra_ns) = (0, 0);
        while repeats < self.repeats_max && self.duplicates.succeeds(&mut self.stream) {
            repeats += 1;
            extra_ns += (self.stream.exponential() * self.extra_mean_ns) as u64;
            copies.push(extra_ns.min(longest_ns));
        }
        if self.late.succeeds(&mut self.late_stream) {
            let span = self.late_span_ns.saturating_add(1);
            copies.push(self.late_min_ns + self.late_stream.below(span));
        }
    }

    pub fn digest(&self, sink: &mut impl FnMut(&[u8])) {
        for (trials, stream) in [
            (&self.duplicates, &self.stream),
            (&self.late, &self.late_stream),
        ] {
            sink(&trials.left().to_le_bytes());
            sink(&stream.position().to_le_bytes());
        }
    }
}

/// Packets that later ones overtake.
#[derive(Clone)]
pub(crate) struct HeldBack {
    trials: Trials,
    min_ns: u64,
    span_ns: u64,
    stream: Stream,
}

impl HeldBack {
    /// What comes from here on is drawn anew; what was drawn already stays.
    pub fn rekey(&mut self, stream: &impl Fn(&str) -> Stream) {
        self.stream = stream("reordering");
    }

    pub fn new(law: Reordering, mut stream: Stream) -> Self {
        let min_ns = law.by_ms.from().ns();
        Self {
            trials: Trials::new(law.probability, &mut stream),
            min_ns,
            span_ns: law.by_ms.to().ns() - min_ns,
            stream,
        }
    }

    /// By how much the next packet is held back, ns.
    pub fn draw(&mut self) -> u64 {
        if self.trials.succeeds(&mut self.stream) {
            self.min_ns + self.stream.below(self.span_ns + 1)
        } else {
            0
        }
    }

    pub fn digest(&self, sink: &mut impl FnMut(&[u8])) {
        sink(&self.trials.left().to_le_bytes());
        sink(&self.stream.position().to_le_bytes());
    }
}
