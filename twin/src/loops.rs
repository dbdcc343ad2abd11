//! The control loops that the tool knows by name.

use std::fmt;
use std::str::FromStr;

use flawed_loops::{CatchUp, LastWriterWins, NoAgeLimit};
use sim::{LoopFactory, own_loop};

/// The name of a control loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoopName {
    /// The project's own loop.
    Own,
    /// Flawed: every authentic frame becomes the target as it arrives.
    LastWriterWins,
    /// Flawed: no command is too old.
    NoAgeLimit,
    /// Flawed: resumes by itself after a hold and catches up with the hand.
    CatchUp,
}

impl LoopName {
    /// Every name, the own loop first.
    pub const ALL: [Self; 4] = [
        Self::Own,
        Self::LastWriterWins,
        Self::NoAgeLimit,
        Self::CatchUp,
    ];

    /// Builds the loop of this name for one run.
    pub fn factory(self) -> &'static LoopFactory {
        match self {
            Self::Own => &own_loop,
            Self::LastWriterWins => &|s| {
                Ok(Box::new(LastWriterWins::new(
                    s.arms, s.settings, s.psk, s.start,
                )?))
            },
            Self::NoAgeLimit => &|s| {
                Ok(Box::new(NoAgeLimit::new(
                    s.arms, s.settings, s.psk, s.start,
                )?))
            },
            Self::CatchUp => &|s| Ok(Box::new(CatchUp::new(s.arms, s.settings, s.psk, s.start)?)),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::LastWriterWins => "last-writer-wins",
            Self::NoAgeLimit => "no-age-limit",
            Self::CatchUp => "catch-up",
        }
    }
}

impl fmt::Display for LoopName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for LoopName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|name| name.name() == text)
            .ok_or_else(|| {
                let known: Vec<&str> = Self::ALL.iter().map(|name| name.name()).collect();
                format!("no loop is called '{text}'; there are {}", known.join(", "))
            })
    }
}
