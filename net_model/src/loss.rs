//! A loss law at work: one step a packet.

use crate::model::LossLaw;
use crate::random::{Chance, Stream};
use crate::units::Probability;

/// The state of one link's loss.
#[derive(Clone, Debug)]
pub(crate) struct Loss {
    /// Chance of loss, by state: good, bad.
    lose: [Chance; 2],
    /// Chance of leaving, by state.
    leave: [Chance; 2],
    bad: bool,
    stream: Stream,
}

impl Loss {
    pub(crate) fn new(law: &LossLaw, seed: u64, name: &str) -> Self {
        let mut stream = Stream::new(seed, name);
        let (lose, leave) = match law {
            LossLaw::None => ([Chance::NEVER; 2], [Chance::NEVER; 2]),
            LossLaw::Independent { probability } => ([Chance::from(*probability); 2], [Chance::NEVER; 2]),
            LossLaw::GilbertElliott { good_to_bad, bad_to_good, loss_good, loss_bad } => (
                [Chance::from(*loss_good), Chance::from(*loss_bad)],
                [Chance::from(*good_to_bad), Chance::from(*bad_to_good)],
            ),
        };
        // The stationary law, so that the first packets are no better off than the later ones.
        let share_bad = Chance::from(Probability::clamped(law.share_bad()));
        let bad = !share_bad.is_never() && stream.happens(share_bad);
        Self { lose, leave, bad, stream }
    }

    /// Whether the next packet is lost. A chance of 0 draws nothing.
    pub(crate) fn next(&mut self) -> bool {
        let state = usize::from(self.bad);
        let lost = !self.lose[state].is_never() && self.stream.happens(self.lose[state]);
        if !self.leave[state].is_never() && self.stream.happens(self.leave[state]) {
            self.bad = !self.bad;
        }
        lost
    }

    pub(crate) fn is_bad(&self) -> bool {
        self.bad
    }

    pub(crate) fn stream(&self) -> &Stream {
        &self.stream
    }
}
