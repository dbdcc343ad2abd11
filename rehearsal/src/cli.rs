//! The command line.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Parser, ValueEnum};
use net_model::{Fault, FaultKind, RunMilliseconds, WhichDirections, WhichPaths};
use twin::loops::LoopName;

use crate::texts::Language;

/// Rehearse a telesurgery in 3D, or watch a run that the checks found.
#[derive(Parser, Clone, Debug)]
#[command(version)]
pub struct Arguments {
    /// A scenario, or a failure's or a recording's file.
    #[arg(default_value = "scenarios/casablanca_shanghai.ron")]
    pub file: PathBuf,
    /// The scenario of a failure's file [default: the one that it names].
    #[arg(long, value_name = "FILE")]
    pub scenario: Option<PathBuf>,
    /// Seeds everything that is drawn [default: 1, or the file's].
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Simulated seconds [default: the file's; an hour with a person's hands].
    #[arg(long, value_name = "S", value_parser = seconds)]
    pub duration: Option<f64>,
    /// The control loop under test [default: own, or the failure file's].
    #[arg(long = "loop", value_name = "NAME")]
    pub loop_name: Option<LoopName>,
    /// Whose hands are at the console.
    #[arg(long, value_enum, default_value_t = WhoseHands::Programmed)]
    pub hands: WhoseHands,
    /// Whether what the scenario draws goes wrong, or only what is asked for [default: drawn; none with a person's
    /// hands].
    #[arg(long, value_enum)]
    pub faults: Option<FaultChoice>,
    /// Cut a path: a, b or both, from one second until another, as in `a@3..5`. May be given several times.
    #[arg(long, value_name = "PATH@FROM..TO")]
    pub cut: Vec<Cut>,
    /// Speed of play, 0.05 to 20 times real time.
    #[arg(long, value_name = "X", default_value_t = 1.0, value_parser = speed)]
    pub speed: f64,
    /// The language on the screen.
    #[arg(long, value_enum, default_value_t = Language::English)]
    pub language: Language,
    /// How much is spent on looks; `auto` takes `reduced` where a program draws instead of a graphics processor.
    #[arg(long, value_enum, default_value_t = QualityChoice::Auto)]
    pub quality: QualityChoice,
    /// Where the camera stands at first [default: overview; patient with a person's hands].
    #[arg(long, value_enum)]
    pub view: Option<ViewChoice>,
    /// Draw without a screen, into files.
    #[arg(long, requires = "frames")]
    pub headless: bool,
    /// The folder of the pictures; it is made where it is missing.
    #[arg(long, value_name = "DIR", requires = "headless")]
    pub frames: Option<PathBuf>,
    /// Simulated seconds between pictures [default: 0.5; 0.04 with --video].
    #[arg(long, value_name = "S", requires = "headless", value_parser = seconds)]
    pub every: Option<f64>,
    /// Pictures at these simulated seconds only, as in `1.5,4`.
    #[arg(long, value_name = "S,S", value_delimiter = ',', requires = "headless", conflicts_with = "every",
        value_parser = moment)]
    pub at: Vec<f64>,
    /// Size of the pictures, as in `1280x720`.
    #[arg(long, value_name = "WxH", default_value = "1280x720")]
    pub size: Size,
    /// Make a film of the pictures, if ffmpeg is there: .mp4 or .webm.
    #[arg(long, value_name = "FILE", requires = "headless")]
    pub video: Option<PathBuf>,
}

/// Whose hands are at the console.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum WhoseHands {
    /// The programmed surgeon's.
    Programmed,
    /// Yours.
    Person,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FaultChoice {
    /// What the scenario draws for the seed.
    Drawn,
    /// Only what is asked for.
    None,
}

/// How much is spent on looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum QualityChoice {
    /// What the drawing device bears.
    Auto,
    /// Shadows and smooth edges.
    High,
    /// For a program that draws on the processor.
    Reduced,
}

/// Where a camera may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ViewChoice {
    /// The whole room.
    Overview,
    /// From where the assistant stands.
    Surgeon,
    /// The patient, near.
    Patient,
    /// The cart.
    Cart,
    /// From above.
    Top,
}

/// A path that is cut for a while.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cut {
    /// Which.
    pub paths: WhichPaths,
    /// From when, s.
    pub from_s: f64,
    /// Until when, s.
    pub to_s: f64,
}

impl Cut {
    /// The same as a fault of the schedule.
    pub fn fault(&self) -> Fault {
        Fault {
            at_ms: RunMilliseconds::clamped(self.from_s * 1e3),
            for_ms: RunMilliseconds::clamped((self.to_s - self.from_s) * 1e3),
            paths: self.paths,
            direction: WhichDirections::Both,
            kind: FaultKind::Outage,
        }
    }
}

impl FromStr for Cut {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "'{text}' is no cut: give a, b or both, and two seconds of the run, as in a@3..5"
            )
        };
        let (paths, span) = text.split_once('@').ok_or_else(wrong)?;
        let paths = match paths {
            "a" | "A" => WhichPaths::A,
            "b" | "B" => WhichPaths::B,
            "both" => WhichPaths::Both,
            _ => return Err(wrong()),
        };
        let (from, to) = span.split_once("..").ok_or_else(wrong)?;
        let second = |text: &str| {
            text.parse::<f64>()
                .ok()
                .filter(|s| (0.0..=86_400.0).contains(s))
        };
        let (from_s, to_s) = second(from).zip(second(to)).ok_or_else(wrong)?;
        if to_s <= from_s {
            return Err(format!("'{text}' ends before it begins"));
        }
        Ok(Self {
            paths,
            from_s,
            to_s,
        })
    }
}

/// Width and height in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "'{text}' is no size: give width and height in pixels, 640x360 to 7680x4320, as in 1280x720"
            )
        };
        let (width, height) = text.split_once(['x', 'X']).ok_or_else(wrong)?;
        let (width, height) = width
            .parse()
            .ok()
            .zip(height.parse().ok())
            .ok_or_else(wrong)?;
        if !(640..=7680).contains(&width) || !(360..=4320).contains(&height) {
            return Err(wrong());
        }
        Ok(Self { width, height })
    }
}

fn speed(text: &str) -> Result<f64, String> {
    let range = crate::session::pace::SPEEDS;
    match text.parse::<f64>() {
        Ok(speed) if range.contains(&speed) => Ok(speed),
        _ => Err(format!(
            "'{text}' is no speed: give {} to {}",
            range.start(),
            range.end()
        )),
    }
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.001..=86_400.0).contains(&seconds) => Ok(seconds),
        _ => Err(format!(
            "'{text}' is no number of seconds from 0.001 to 86400"
        )),
    }
}

fn moment(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.0..=86_400.0).contains(&seconds) => Ok(seconds),
        _ => Err(format!("'{text}' is no second of the run, 0 to 86400")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_names_its_paths_and_its_span() {
        let cut: Cut = "both@1.5..3".parse().expect("a cut");
        assert_eq!(cut.paths, WhichPaths::Both);
        assert_eq!(cut.fault().at_ms.ns(), 1_500_000_000);
        assert_eq!(cut.fault().for_ms.ns(), 1_500_000_000);
    }

    #[test]
    fn what_is_no_cut_is_refused_with_an_example() {
        for text in ["c@1..2", "a1..2", "a@1", "a@2..1", "a@x..2", "a@NaN..2"] {
            assert!(text.parse::<Cut>().is_err(), "{text}");
        }
        let message = "c@1..2".parse::<Cut>().expect_err("no path c");
        assert!(message.contains("a@3..5"), "{message}");
    }

    #[test]
    fn sizes_stay_inside_what_can_be_drawn() {
        assert_eq!(
            "1280x720".parse(),
            Ok(Size {
                width: 1280,
                height: 720
            })
        );
        for text in ["1280", "0x0", "100000x100000", "-1x5", "axb"] {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
    }

    #[test]
    fn pictures_need_a_folder_and_a_folder_needs_the_wish_to_draw_without_a_screen() {
        assert!(Arguments::try_parse_from(["rehearsal", "--headless"]).is_err());
        assert!(Arguments::try_parse_from(["rehearsal", "--frames", "x"]).is_err());
        assert!(Arguments::try_parse_from(["rehearsal", "--headless", "--frames", "x"]).is_ok());
    }

    #[test]
    fn speeds_outside_of_the_range_are_refused() {
        for text in ["0", "21", "-1", "NaN", "fast"] {
            assert!(speed(text).is_err(), "{text}");
        }
        assert_eq!(speed("0.05"), Ok(0.05));
    }
}
