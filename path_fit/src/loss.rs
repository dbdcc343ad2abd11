//! Loss: how much, and in how long bursts.
//!
//! A simple Gilbert chain (no loss in the good state, all lost in the bad one) is fitted from the runs of losses in the
//! order of sending: r = 1 / mean run, p = loss * r / (1 - loss).

use net_model::{LossLaw, Probability};

/// Loss of one direction, or of both together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LossFit {
    /// Packets sent.
    pub sent: u64,
    /// Packets lost.
    pub lost: u64,
    /// Runs of consecutive losses.
    pub bursts: u64,
    /// The longest run, packets.
    pub longest: u64,
    /// Chance from good to bad, per packet.
    pub good_to_bad: f64,
    /// Chance from bad to good, per packet.
    pub bad_to_good: f64,
    /// Standard error of `good_to_bad`.
    pub good_to_bad_error: f64,
    /// Standard error of `bad_to_good`.
    pub bad_to_good_error: f64,
}

impl LossFit {
    /// Fits the runs of a sequence, in the order of sending.
    pub fn of(lost: impl Iterator<Item = bool>) -> Self {
        let (mut sent, mut lost_count, mut bursts, mut longest, mut run) =
            (0_u64, 0_u64, 0_u64, 0_u64, 0_u64);
        for is_lost in lost {
            sent += 1;
            if is_lost {
                lost_count += 1;
                run += 1;
                bursts += u64::from(run == 1);
                longest = longest.max(run);
            } else {
                run = 0;
            }
        }
        Self::of_counts(sent, lost_count, bursts, longest)
    }

    fn of_counts(sent: u64, lost: u64, bursts: u64, longest: u64) -> Self {
        let (mut p, mut r) = (0.0, 1.0);
        if bursts > 0 {
            r = bursts as f64 / lost as f64;
            let share = lost as f64 / sent.max(1) as f64;
            p = if share < 1.0 {
                (share * r / (1.0 - share)).min(1.0)
            } else {
                1.0
            };
        }
        // Each loss is a trial of leaving the bad state, each arrival one of leaving the good state.
        let error =
            |chance: f64, trials: u64| libm::sqrt(chance * (1.0 - chance) / trials.max(1) as f64);
        Self {
            sent,
            lost,
            bursts,
            longest,
            good_to_bad: p,
            bad_to_good: r,
            good_to_bad_error: error(p, sent - lost),
            bad_to_good_error: error(r, lost),
        }
    }

    /// Share lost.
    pub fn share(&self) -> f64 {
        self.lost as f64 / self.sent.max(1) as f64
    }

    /// Mean run, packets; 0 when nothing was lost.
    pub fn mean_burst(&self) -> f64 {
        if self.bursts == 0 {
            0.0
        } else {
            self.lost as f64 / self.bursts as f64
        }
    }

    /// Whether losses come in longer runs than independent ones would: for those r = 1 - loss, and the fit is more than
    /// two standard errors below.
    pub fn is_bursty(&self) -> bool {
        self.bursts > 0 && self.bad_to_good + 2.0 * self.bad_to_good_error < 1.0 - self.share()
    }

    /// The loss of each of two equal, independent directions that together lose this. Exact for the Gilbert chain:
    /// together nothing is lost only while both are good, so 1 - loss and 1 - p are products of two equal factors.
    pub fn halved(&self) -> Self {
        let half = |together: f64| 1.0 - libm::sqrt((1.0 - together).max(0.0));
        let p = half(self.good_to_bad);
        let share = half(self.share());
        let r = if share > 0.0 {
            (p * (1.0 - share) / share).min(1.0)
        } else {
            1.0
        };
        // The slopes of the formulas above, at the fit.
        let p_error = self.good_to_bad_error / (2.0 * (1.0 - p).max(1e-9));
        // The number of runs is in both p and the share and cancels; what is left is the spread of the runs' lengths, a
        // relative variance of (1 - r) / runs: at most 1 / runs.
        let r_error = if self.bursts > 0 {
            r / libm::sqrt(self.bursts as f64)
        } else {
            0.0
        };
        Self {
            lost: self.lost / 2,
            bursts: self.bursts.div_ceil(2),
            good_to_bad: p,
            bad_to_good: r,
            good_to_bad_error: p_error,
            bad_to_good_error: r_error,
            ..*self
        }
    }

    /// The law for packets sent `ratio` probe intervals apart (1: as the probes were). The chain is taken to run in
    /// time, so that a burst keeps its length in time, not in packets.
    pub fn law(&self, ratio: f64) -> LossLaw {
        let (p, r) = (self.good_to_bad, self.bad_to_good);
        if p <= 0.0 {
            return LossLaw::None;
        }
        let bad = p / (p + r);
        if !self.is_bursty() {
            return LossLaw::Independent {
                probability: Probability::clamped(rounded(bad)),
            };
        }
        // The chain forgets by the factor 1 - p - r a probe.
        let forget = (1.0 - p - r).max(0.0);
        let moves = 1.0 - libm::pow(forget, ratio);
        LossLaw::GilbertElliott {
            good_to_bad: Probability::clamped(rounded(bad * moves)),
            bad_to_good: Probability::clamped(rounded((1.0 - bad) * moves)),
            loss_good: Probability::MIN,
            loss_bad: Probability::MAX,
        }
    }
}

/// Eight decimals: a file for people, and far below any standard error.
fn rounded(chance: f64) -> f64 {
    libm::rint(chance * 1e8) / 1e8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_give_the_chain_by_its_formulas() {
        // 20 sent, 4 lost in runs of 3 and 1.
        let lost = [3, 4, 5, 11];
        let fit = LossFit::of((0..20).map(|n| lost.contains(&n)));
        assert_eq!((fit.sent, fit.lost, fit.bursts, fit.longest), (20, 4, 2, 3));
        assert!((fit.bad_to_good - 0.5).abs() < 1e-12, "1 / mean run of 2");
        assert!((fit.good_to_bad - 0.2 * 0.5 / 0.8).abs() < 1e-12);
    }

    #[test]
    fn nothing_lost_is_no_law_and_everything_lost_is_no_division_by_zero() {
        let none = LossFit::of([false; 5].into_iter());
        assert_eq!(none.law(1.0), LossLaw::None);
        assert_eq!(none.halved().law(1.0), LossLaw::None);
        let all = LossFit::of([true; 5].into_iter());
        assert!(all.good_to_bad.is_finite() && all.halved().bad_to_good.is_finite());
        assert!(all.law(1.0).mean_loss() > 0.0);
    }

    #[test]
    fn a_chain_sampled_more_often_loses_the_same_share_in_longer_runs() {
        let fit = LossFit::of_counts(100_000, 4_000, 1_000, 20);
        let LossLaw::GilbertElliott { bad_to_good, .. } = fit.law(0.5) else {
            panic!("bursty");
        };
        assert!((fit.law(0.5).mean_loss() - 0.04).abs() < 1e-6);
        // Two half steps make one: 1 - (1 - x)^2 with x = p + r.
        assert!(bad_to_good.get() < fit.bad_to_good * 0.6);
    }
}
