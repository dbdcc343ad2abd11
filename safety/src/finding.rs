//! What became of a requirement.

use serde::{Deserialize, Serialize};

use crate::Id;
use crate::requirement::EXACT;

/// The outcome in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Verdict {
    /// Its left side was true at least once, and it always held.
    Held,
    /// It was violated at least once.
    Violated,
    /// Its left side was never true: this run says nothing about it.
    NotExercised,
}

/// What a run says about one requirement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The requirement.
    pub id: Id,
    /// Samples, or events, in which the requirement's left side was true.
    pub exercised: u64,
    /// The least margin, limit minus value, in [`Finding::unit`]; negative is violated, infinite
    /// when nothing was judged.
    pub worst_margin: f64,
    /// Unit of `worst_margin`: the requirement's, or that of the part of it that was worst.
    pub unit: String,
    /// That margin as a share of its limit, comparable between requirements.
    pub robustness: f64,
    /// When it was first that bad, ns.
    pub worst_at_ns: u64,
    /// When the requirement was first violated, ns.
    pub violated_at_ns: Option<u64>,
    /// What was worst: arm, joint, value, limit. Empty when nothing was judged.
    pub detail: String,
}

impl Finding {
    /// The outcome in a word. A violation counts even where the left side was never counted.
    pub fn verdict(&self) -> Verdict {
        if self.violated_at_ns.is_some() {
            Verdict::Violated
        } else if self.exercised == 0 {
            Verdict::NotExercised
        } else {
            Verdict::Held
        }
    }
}

/// A limit with its inverse, so that no sample pays for a division.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    pub value: f64,
    inverse: f64,
}

impl Limit {
    pub fn new(value: f64) -> Self {
        Limit {
            value,
            inverse: inverse_or(value, 1.0),
        }
    }

    /// Margin as a share of the limit; with a limit of zero the margin itself.
    pub fn share(&self, margin: f64) -> f64 {
        margin * self.inverse
    }
}

/// `1 / value`, or `otherwise` where that is not a finite number above zero.
pub(crate) fn inverse_or(value: f64, otherwise: f64) -> f64 {
    if value > 0.0 && value.is_finite() {
        (1.0 / value).min(f64::MAX)
    } else {
        otherwise
    }
}

/// Milliseconds in nanoseconds, to the nearest one.
pub(crate) fn ns(milliseconds: f64) -> u64 {
    // Saturates; a threshold is not negative.
    libm::round(milliseconds * 1e6) as u64
}

/// `limit - value` in milliseconds; the sign is exact.
pub(crate) fn margin_ms(limit_ns: u64, value_ns: u64) -> f64 {
    if limit_ns >= value_ns {
        (limit_ns - value_ns) as f64 * 1e-6
    } else {
        (value_ns - limit_ns) as f64 * -1e-6
    }
}

/// Milliseconds as a number to show.
pub(crate) fn ms(nanoseconds: u64) -> f64 {
    nanoseconds as f64 * 1e-6
}

/// Which sample was worst, kept small; turned into words only when asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Witness {
    /// What was compared.
    pub what: &'static str,
    /// Unit of value, limit and margin; [`EXACT`] has none of them.
    pub unit: &'static str,
    /// Value and limit.
    pub value: f64,
    pub limit: f64,
    /// Arm and joint, from 0, where they matter.
    pub arm: Option<u8>,
    pub joint: Option<u8>,
}

impl Witness {
    pub fn new(what: &'static str, value: f64, limit: f64, unit: &'static str) -> Self {
        Witness {
            what,
            unit,
            value,
            limit,
            arm: None,
            joint: None,
        }
    }

    pub fn of_arm(self, arm: usize) -> Self {
        Witness {
            arm: Some(arm as u8),
            ..self
        }
    }

    pub fn of_joint(self, joint: usize) -> Self {
        Witness {
            joint: Some(joint as u8),
            ..self
        }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        if let Some(arm) = self.arm {
            text += &format!("arm {} ", arm + 1);
        }
        if let Some(joint) = self.joint {
            text += &format!("joint {} ", joint + 1);
        }
        text += self.what;
        if self.unit != EXACT {
            text += &format!(
                " {} of {} {}",
                digits(self.value),
                digits(self.limit),
                self.unit
            );
        }
        text
    }
}

/// A number with at most six significant digits, for reading.
fn digits(value: f64) -> f64 {
    format!("{value:.5e}").parse().unwrap_or(value)
}

/// Keeps the worst of all judgements about one requirement.
#[derive(Clone, Debug)]
pub(crate) struct Tally {
    exercised: u64,
    worst_margin: f64,
    worst_robustness: f64,
    worst_at_ns: u64,
    witness: Option<Witness>,
    violated_at_ns: Option<u64>,
}

impl Tally {
    pub fn new() -> Self {
        Tally {
            exercised: 0,
            // An empty conjunction holds with infinite robustness.
            worst_margin: f64::INFINITY,
            worst_robustness: f64::INFINITY,
            worst_at_ns: 0,
            witness: None,
            violated_at_ns: None,
        }
    }

    /// The left side was true.
    #[inline]
    pub fn count(&mut self) {
        self.exercised += 1;
    }

    /// `margin` against `limit`; the witness is made only when this is the worst so far.
    #[inline]
    pub fn judge(
        &mut self,
        now_ns: u64,
        limit: &Limit,
        margin: f64,
        witness: impl FnOnce() -> Witness,
    ) {
        self.judge_share(now_ns, margin, limit.share(margin), witness);
    }

    /// A part that either holds or does not: it can violate, but tells no distance.
    #[inline]
    pub fn judge_exact(&mut self, now_ns: u64, held: bool, failure: &'static str) {
        let margin = if held { 1.0 } else { -1.0 };
        let what = if held { "held" } else { failure };
        self.judge_share(now_ns, margin, margin, || {
            Witness::new(what, 0.0, 0.0, EXACT)
        });
    }

    /// Margin and robustness of the same sign.
    #[inline]
    pub fn judge_share(
        &mut self,
        now_ns: u64,
        margin: f64,
        robustness: f64,
        witness: impl FnOnce() -> Witness,
    ) {
        let (margin, robustness) = if margin.is_nan() || robustness.is_nan() {
            (f64::NEG_INFINITY, f64::NEG_INFINITY)
        } else {
            (margin, robustness)
        };
        if robustness < self.worst_robustness {
            self.worst_margin = margin;
            self.worst_robustness = robustness;
            self.worst_at_ns = now_ns;
            self.witness = Some(witness());
        }
        if margin < 0.0 && self.violated_at_ns.is_none() {
            self.violated_at_ns = Some(now_ns);
        }
    }

    /// Whether `robustness` would be worse than all before.
    #[inline]
    pub fn is_worse(&self, robustness: f64) -> bool {
        robustness < self.worst_robustness
    }

    pub fn finding(&self, id: Id) -> Finding {
        Finding {
            id,
            exercised: self.exercised,
            worst_margin: self.worst_margin,
            unit: self.witness.map_or(id.unit(), |worst| worst.unit).into(),
            robustness: self.worst_robustness,
            worst_at_ns: self.worst_at_ns,
            violated_at_ns: self.violated_at_ns,
            detail: self.witness.map_or(String::new(), |worst| worst.text()),
        }
    }

    pub fn digest(&self, to: &mut Encoder<'_>) {
        to.u64(self.exercised);
        to.f64(self.worst_margin);
        to.f64(self.worst_robustness);
        to.u64(self.worst_at_ns);
        to.maybe_u64(self.violated_at_ns);
        to.flag(self.witness.is_some());
        if let Some(worst) = &self.witness {
            to.text(worst.what);
            to.text(worst.unit);
            to.f64(worst.value);
            to.f64(worst.limit);
            to.maybe_u64(worst.arm.map(u64::from));
            to.maybe_u64(worst.joint.map(u64::from));
        }
    }
}

/// How much an [`Encoder`] gathers.
const ENCODER_BYTES: usize = 512;

/// Gathers state into larger pieces before it is hashed. Little-endian, self-delimiting.
pub(crate) struct Encoder<'a> {
    buffer: [u8; ENCODER_BYTES],
    filled: usize,
    sink: &'a mut dyn FnMut(&[u8]),
}

impl<'a> Encoder<'a> {
    pub fn new(sink: &'a mut dyn FnMut(&[u8])) -> Self {
        Encoder {
            buffer: [0; ENCODER_BYTES],
            filled: 0,
            sink,
        }
    }

    fn bytes<const N: usize>(&mut self, bytes: [u8; N]) {
        if self.filled + N > ENCODER_BYTES {
            self.finish();
        }
        self.buffer[self.filled..self.filled + N].copy_from_slice(&bytes);
        self.filled += N;
    }

    pub fn u64(&mut self, value: u64) {
        self.bytes(value.to_le_bytes());
    }

    pub fn f64(&mut self, value: f64) {
        self.bytes(value.to_bits().to_le_bytes());
    }

    pub fn flag(&mut self, value: bool) {
        self.bytes([u8::from(value)]);
    }

    pub fn maybe_u64(&mut self, value: Option<u64>) {
        self.flag(value.is_some());
        self.u64(value.unwrap_or(0));
    }

    fn text(&mut self, text: &str) {
        self.u64(text.len() as u64);
        self.finish();
        (self.sink)(text.as_bytes());
    }

    /// Hands on what is still in the buffer.
    pub fn finish(&mut self) {
        if self.filled > 0 {
            (self.sink)(&self.buffer[..self.filled]);
            self.filled = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPEED: &str = "speed";

    fn witness(value: f64, limit: f64) -> Witness {
        Witness::new(SPEED, value, limit, "mm/s")
    }

    #[test]
    fn nothing_judged_is_an_empty_conjunction() {
        let finding = Tally::new().finding(Id::R03);
        assert_eq!(finding.worst_margin, f64::INFINITY);
        assert_eq!(finding.robustness, f64::INFINITY);
        assert_eq!(finding.verdict(), Verdict::NotExercised);
        assert_eq!(finding.unit, "mm");
        assert_eq!(finding.detail, "");
    }

    #[test]
    fn robustness_is_limit_minus_value_and_zero_holds() {
        let limit = Limit::new(4.0);
        let mut tally = Tally::new();
        tally.count();
        tally.judge(7, &limit, 4.0 - 1.0, || witness(1.0, 4.0));
        tally.judge(8, &limit, 4.0 - 4.0, || witness(4.0, 4.0));
        let finding = tally.finding(Id::R05);
        assert_eq!((finding.worst_margin, finding.robustness), (0.0, 0.0));
        assert_eq!(finding.worst_at_ns, 8);
        assert_eq!(finding.verdict(), Verdict::Held);
    }

    /// `always((age > 4) -> (speed <= 25))` and `always((age <= 4) -> (speed <= 70))` over twelve
    /// 1 ms samples; RTAMT 0.4.10, offline and discrete, gives -1 for both from the first sample on.
    #[test]
    fn an_implication_has_the_sign_and_the_first_bad_sample_that_rtamt_gives() {
        let age = [1., 2., 3., 4., 5., 1., 2., 3., 4., 5., 6., 1.];
        let speed = [40., 60., 80., 55., 20., 10., 45., 52., 48., 30., 12., 5.];
        // Where each goes wrong, and the right side's own margin there.
        let old = (25.0, 9, -5.0, 3);
        let young = (70.0, 2, -10.0, 9);
        for (is_old, (limit, bad, margin, exercised)) in [(true, old), (false, young)] {
            let mut tally = Tally::new();
            let mut reference = f64::INFINITY;
            for at in 0..12 {
                let left = if is_old { age[at] - 4.0 } else { 4.0 - age[at] };
                reference = reference.min(f64::max(-left, limit - speed[at]));
                if if is_old { left > 0.0 } else { left >= 0.0 } {
                    tally.count();
                    tally.judge(at as u64, &Limit::new(limit), limit - speed[at], || {
                        witness(speed[at], limit)
                    });
                }
            }
            let finding = tally.finding(Id::R05);
            assert_eq!(reference, -1.0);
            assert_eq!(finding.worst_margin, margin);
            assert_eq!(finding.violated_at_ns, Some(bad));
            assert_eq!(finding.exercised, exercised);
        }
    }

    #[test]
    fn the_first_of_equally_bad_samples_is_named() {
        let limit = Limit::new(1.0);
        let mut tally = Tally::new();
        for at in [3, 5, 9] {
            tally.judge(at, &limit, -2.0, || witness(3.0, 1.0));
        }
        let finding = tally.finding(Id::R05);
        assert_eq!((finding.worst_at_ns, finding.violated_at_ns), (3, Some(3)));
    }

    #[test]
    fn a_number_that_is_not_one_violates() {
        let mut tally = Tally::new();
        tally.judge(3, &Limit::new(1.0), f64::NAN, || witness(f64::NAN, 1.0));
        let finding = tally.finding(Id::R03);
        assert_eq!(finding.verdict(), Verdict::Violated);
        assert_eq!(finding.robustness, f64::NEG_INFINITY);
    }

    #[test]
    fn a_limit_of_zero_counts_in_its_own_unit() {
        let limit = Limit::new(0.0);
        assert_eq!(limit.share(-0.25), -0.25);
        assert_eq!(limit.share(0.0), 0.0);
    }

    #[test]
    fn a_time_margin_has_an_exact_sign() {
        assert_eq!(margin_ms(5, 5), 0.0);
        assert!(margin_ms(5, 6) < 0.0);
        assert!(margin_ms(u64::MAX, 0) > 0.0);
        assert!(margin_ms(0, u64::MAX) < 0.0);
        assert_eq!(ns(0.1), 100_000);
    }

    #[test]
    fn the_detail_says_where_what_and_how_much() {
        let text = witness(1.0 / 3.0, 0.25).of_arm(1).of_joint(2).text();
        assert_eq!(text, "arm 2 joint 3 speed 0.333333 of 0.25 mm/s");
    }

    #[test]
    fn a_digest_is_the_same_in_pieces_of_any_size() {
        let mut seen = Vec::new();
        let mut sink = |bytes: &[u8]| seen.extend_from_slice(bytes);
        let mut encoder = Encoder::new(&mut sink);
        for value in 0..200 {
            encoder.u64(value);
        }
        encoder.flag(true);
        encoder.finish();
        assert_eq!(seen.len(), 200 * 8 + 1);
        assert_eq!(seen[8 * 199..8 * 200], 199_u64.to_le_bytes());
    }
}
