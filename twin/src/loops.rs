//! The control loops that the tool knows by name.

use std::fmt;
use std::str::FromStr;

use control_loop::SettingsError;
use flawed_loops::{
    CatchUp, Flaw, Flawed, HalfRoundTrip, JumpsToTheTarget, LastWriterWins, Latched, LatentErrors,
    NewerOnItsPath, NoAgeLimit, NoAuthentication, NoEngagement, NoReAnchor, NoWorkBudget,
    RavenReceiver, TakeAnyAfterReset, WallClockAge, WatchdogAtTheConsole, WindowOfEachPath,
};
use sim::{HostedLoop, LoopFactory, LoopSetup, own_loop};

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
    /// Flawed: what is newer on its own path is new.
    NewerOnItsPath,
    /// Flawed: each path has a window of its own.
    WindowOfEachPath,
    /// Flawed: 802.1CB: after a silence any number is taken.
    TakeAnyAfterReset,
    /// Flawed: Raven II's historical receiver.
    RavenReceiver,
    /// Flawed: nobody looks at the seal.
    NoAuthentication,
    /// Flawed: a command's age is half of its echo's.
    HalfRoundTrip,
    /// Flawed: trusts that the clocks of both ends agree.
    WallClockAge,
    /// Flawed: a gesture made before a hold ends it.
    NoEngagement,
    /// Flawed: opens everything, however much comes.
    NoWorkBudget,
    /// Flawed: never says that a path is gone.
    LatentErrors,
    /// Flawed: moves on when commands stop.
    Latched,
    /// Flawed: the robot does not watch the link.
    WatchdogAtTheConsole,
    /// Flawed: no limit of jerk, acceleration or speed.
    JumpsToTheTarget,
    /// Flawed: after a hold goes back to its first anchor.
    NoReAnchor,
}

impl LoopName {
    /// Every name, the own loop first.
    pub const ALL: [Self; 18] = [
        Self::Own,
        Self::LastWriterWins,
        Self::NoAgeLimit,
        Self::CatchUp,
        Self::NewerOnItsPath,
        Self::WindowOfEachPath,
        Self::TakeAnyAfterReset,
        Self::RavenReceiver,
        Self::NoAuthentication,
        Self::HalfRoundTrip,
        Self::WallClockAge,
        Self::NoEngagement,
        Self::NoWorkBudget,
        Self::LatentErrors,
        Self::Latched,
        Self::WatchdogAtTheConsole,
        Self::JumpsToTheTarget,
        Self::NoReAnchor,
    ];

    /// The flawed ones.
    pub fn flawed() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|name| *name != Self::Own)
    }

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
            Self::NewerOnItsPath => &|s| with(s, NewerOnItsPath::default()),
            Self::WindowOfEachPath => &|s| with(s, WindowOfEachPath::default()),
            Self::TakeAnyAfterReset => &|s| with(s, TakeAnyAfterReset::default()),
            Self::RavenReceiver => &|s| with(s, RavenReceiver::default()),
            Self::NoAuthentication => &|s| with(s, NoAuthentication),
            Self::HalfRoundTrip => &|s| with(s, HalfRoundTrip),
            Self::WallClockAge => &|s| {
                with(
                    s,
                    WallClockAge::new(s.settings.frame_interval_ns, 100_000_000),
                )
            },
            Self::NoEngagement => &|s| with(s, NoEngagement::default()),
            Self::NoWorkBudget => &|s| with(s, NoWorkBudget),
            Self::LatentErrors => &|s| with(s, LatentErrors),
            Self::Latched => &|s| with(s, Latched::default()),
            Self::WatchdogAtTheConsole => &|s| with(s, WatchdogAtTheConsole::default()),
            Self::JumpsToTheTarget => &|s| with(s, JumpsToTheTarget::new(s.arms, s.settings)?),
            Self::NoReAnchor => &|s| with(s, NoReAnchor::new(s.arms, s.settings)?),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::LastWriterWins => "last-writer-wins",
            Self::NoAgeLimit => "no-age-limit",
            Self::CatchUp => "catch-up",
            Self::NewerOnItsPath => "newer-on-its-path",
            Self::WindowOfEachPath => "window-of-each-path",
            Self::TakeAnyAfterReset => "take-any-after-reset",
            Self::RavenReceiver => "raven-receiver",
            Self::NoAuthentication => "no-authentication",
            Self::HalfRoundTrip => "half-round-trip",
            Self::WallClockAge => "wall-clock-age",
            Self::NoEngagement => "no-engagement",
            Self::NoWorkBudget => "no-work-budget",
            Self::LatentErrors => "latent-errors",
            Self::Latched => "latched",
            Self::WatchdogAtTheConsole => "watchdog-at-the-console",
            Self::JumpsToTheTarget => "jumps-to-the-target",
            Self::NoReAnchor => "no-re-anchor",
        }
    }
}

/// The sound loop with a flaw.
fn with<F: Flaw + 'static>(
    setup: LoopSetup<'_>,
    flaw: F,
) -> Result<Box<dyn HostedLoop>, SettingsError> {
    let LoopSetup {
        arms,
        settings,
        psk,
        start,
    } = setup;
    Ok(Box::new(Flawed::new(flaw, arms, settings, psk, start)?))
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
