//! What a person lets go wrong: each trouble is a fault or an attack of the schedule, from now on.

use net_model::{
    Attack, AttackKind, Fault, FaultKind, Milliseconds, Probability, RunMilliseconds,
    WhichDirections, WhichPaths,
};

/// What a key or a button lets go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Path A is cut.
    CutA,
    /// Path B is cut.
    CutB,
    /// Both paths are cut: a common cause.
    CutBoth,
    /// Both paths take longer.
    Delay,
    /// Both paths lose packets.
    Loss,
    /// Both paths repeat packets.
    Duplicates,
    /// An attacker sends again what was sent before.
    Replay,
    /// Path A takes another way.
    RouteStep,
}

impl Trouble {
    /// Every trouble, in the order of its button.
    pub const ALL: [Self; 8] = [
        Self::CutA,
        Self::CutB,
        Self::CutBoth,
        Self::Delay,
        Self::Loss,
        Self::Duplicates,
        Self::Replay,
        Self::RouteStep,
    ];

    /// Whether it lasts until it is switched off; the others end by themselves.
    pub const fn is_lasting(self) -> bool {
        !matches!(self, Self::Replay)
    }

    fn fault(self) -> Option<(WhichPaths, FaultKind)> {
        let ms = Milliseconds::clamped;
        // Sizes are assumed, in the ranges that the scenarios draw from.
        Some(match self {
            Self::CutA => (WhichPaths::A, FaultKind::Outage),
            Self::CutB => (WhichPaths::B, FaultKind::Outage),
            Self::CutBoth => (WhichPaths::Both, FaultKind::Outage),
            Self::Delay => (
                WhichPaths::Both,
                FaultKind::AddDelay {
                    ms: ms(150.0),
                    ramp_ms: ms(0.0),
                },
            ),
            Self::Loss => (
                WhichPaths::Both,
                FaultKind::Loss {
                    probability: Probability::clamped(0.3),
                },
            ),
            Self::Duplicates => (
                WhichPaths::Both,
                FaultKind::Duplicate {
                    probability: Probability::clamped(0.5),
                    delay_ms: ms(40.0),
                },
            ),
            // The skews to reckon with between two oceans are 25 to 85 ms: the greatest.
            Self::RouteStep => (
                WhichPaths::A,
                FaultKind::AddDelay {
                    ms: ms(85.0),
                    ramp_ms: ms(0.0),
                },
            ),
            Self::Replay => return None,
        })
    }
}

/// How long a trouble lasts if nobody switches it off, ms: as long as a run can be.
const LASTS_MS: f64 = 43_200_000.0;
/// How long a replay lasts, and how far back it reaches, ms. Assumed.
const REPLAY_MS: f64 = 2_000.0;

/// What a switch does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Switch {
    /// A fault begins.
    Begin(Fault),
    /// The fault of this place of the plan ends.
    End(usize),
    /// An attack begins.
    Attack(Attack),
}

/// Which troubles last, and where they are in the plan.
#[derive(Clone, Debug, Default)]
pub struct Troubles {
    lasting: Vec<(Trouble, usize)>,
}

impl Troubles {
    /// Whether a trouble lasts now.
    pub fn lasts(&self, trouble: Trouble) -> bool {
        self.lasting.iter().any(|(lasting, _)| *lasting == trouble)
    }

    /// Switches a trouble on or off at a moment.
    pub fn switch(&mut self, trouble: Trouble, now_ns: u64) -> Switch {
        if let Some(index) = self
            .lasting
            .iter()
            .position(|(lasting, _)| *lasting == trouble)
        {
            return Switch::End(self.lasting.remove(index).1);
        }
        let at_ms = RunMilliseconds::clamped(now_ns as f64 * 1e-6);
        match trouble.fault() {
            Some((paths, kind)) => Switch::Begin(Fault {
                at_ms,
                for_ms: RunMilliseconds::clamped(LASTS_MS),
                paths,
                direction: WhichDirections::Both,
                kind,
            }),
            None => Switch::Attack(Attack {
                at_ms,
                for_ms: RunMilliseconds::clamped(REPLAY_MS),
                paths: WhichPaths::Both,
                direction: WhichDirections::Up,
                kind: AttackKind::Replay {
                    back_ms: Milliseconds::clamped(REPLAY_MS),
                },
            }),
        }
    }

    /// Notes the place in the plan of a trouble that has begun.
    pub fn begun(&mut self, trouble: Trouble, place: usize) {
        self.lasting.push((trouble, place));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_key_mends_what_it_broke() {
        let mut troubles = Troubles::default();
        assert!(
            matches!(troubles.switch(Trouble::CutA, 5_000_000), Switch::Begin(fault) if fault.at_ms.ns() == 5_000_000)
        );
        troubles.begun(Trouble::CutA, 3);
        assert!(troubles.lasts(Trouble::CutA));
        assert_eq!(troubles.switch(Trouble::CutA, 9_000_000), Switch::End(3));
        assert!(!troubles.lasts(Trouble::CutA));
    }

    #[test]
    fn what_lasts_can_be_ended() {
        for trouble in Trouble::ALL
            .into_iter()
            .filter(|trouble| trouble.is_lasting())
        {
            let (_, kind) = trouble.fault().expect("a fault");
            assert!(kind.may_end_early(), "{trouble:?}");
        }
    }
}
