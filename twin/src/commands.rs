//! The command line's grammar.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::loops::LoopName;

/// Check a telesurgery beforehand: the real control loop between two modelled network paths and a
/// physical model of the robot.
#[derive(Parser)]
#[command(name = "twin", version, propagate_version = true)]
pub struct Commands {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the tool can do.
#[derive(Subcommand)]
pub enum Command {
    /// Simulate many seeded operations and judge every requirement.
    Check(CheckArguments),
    /// Simulate very many operations by a plan, on many machines if need be, and say how sure that makes.
    Campaign(crate::campaign::CampaignArguments),
    /// Estimate how likely a violation is that a campaign never sees: adaptive multilevel splitting.
    Rare(crate::rare::RareArguments),
    /// Decide before an operation, from measurements of both paths: GO or NO-GO.
    Preflight(crate::preflight::PreflightArguments),
    /// Simulate one operation and tell its events.
    Run(RunArguments),
    /// Fit a network path to a measurement and write it for a scenario.
    Import(ImportArguments),
    /// Compare measured paths; list and show published ones.
    Paths(PathsArguments),
    /// Look at a robot's description, or export it.
    Robot(crate::robot::RobotArguments),
    /// Reduce a failure to the few events that matter, and tell it in words.
    Shrink(crate::shrink::ShrinkArguments),
    /// Search for a run that violates a requirement.
    Search(crate::search::SearchArguments),
    /// Go through every schedule of a few frames over two paths.
    Exhaust(crate::exhaust::ExhaustArguments),
}

/// Arguments of `import`.
#[derive(Args)]
pub struct ImportArguments {
    /// The tool that measured.
    #[arg(value_enum)]
    pub format: FormatName,
    /// Its output, plain or gzip: parts of one measurement in order; owping: the session up, then the one down; pcap:
    /// the capture at the sender, then the one at the receiver.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// The fitted path, a RON file; beside it NAME.replay.ron and NAME.replay.csv replay the measurement itself.
    #[arg(short, long, value_name = "PATH.ron")]
    pub output: PathBuf,
    /// Draw the measured against the modelled delay.
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
    /// The path's name [default: the output's].
    #[arg(long)]
    pub name: Option<String>,
    /// The least one-way delays, ms: one number, or UP,DOWN [default: half of the least round trip each].
    #[arg(long, value_name = "UP,DOWN", value_parser = base_ms, allow_negative_numbers = true)]
    pub base_ms: Option<(f64, f64)>,
    /// The clocks of both ends were synchronised: measured one-way delays are absolute.
    #[arg(long)]
    pub clocks_synchronised: bool,
    /// The time between the packets of the scenario, ms: bursts of loss keep their length in time
    /// [default: in packets].
    #[arg(long, value_name = "MS", value_parser = send_interval_ms, allow_negative_numbers = true)]
    pub send_interval_ms: Option<f64>,
    /// pcap: bytes of UDP payload before the sequence number.
    #[arg(long, default_value_t = 0, value_name = "BYTES")]
    pub sequence_offset: usize,
    /// pcap: width of the sequence number: 2, 4 or 8 bytes.
    #[arg(long, default_value_t = 4, value_name = "BYTES", value_parser = width)]
    pub sequence_bytes: usize,
    /// pcap: the sequence number is little endian.
    #[arg(long)]
    pub little_endian: bool,
    /// pcap: only packets to this UDP port.
    #[arg(long, value_name = "PORT")]
    pub port: Option<u16>,
}

/// Arguments of `paths`.
#[derive(Args)]
pub struct PathsArguments {
    /// What to do with them.
    #[command(subcommand)]
    pub command: PathsCommand,
}

/// What can be done with measured and with published paths.
#[derive(Subcommand)]
pub enum PathsCommand {
    /// Tell whether two paths that were measured at the same time share something.
    Compare(CompareArguments),
    /// List the published networks that a scenario can name.
    List,
    /// Print a published network: its numbers with their origins.
    Show {
        /// Its name, as `twin paths list` tells it.
        name: String,
    },
}

/// Arguments of `paths compare`.
#[derive(Args)]
pub struct CompareArguments {
    /// The measurement of path A: irtt, owping, twping, ping or csv; the tool is recognised.
    pub a: PathBuf,
    /// The measurement of path B, made at the same time.
    pub b: PathBuf,
}

/// The tools whose output is read.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum FormatName {
    /// `irtt client -o`, JSON.
    Irtt,
    /// `owping -R`.
    Owping,
    /// `twping -R`.
    Twping,
    /// `ping -D`.
    Ping,
    /// Captures of `tcpdump -w` at both ends.
    Pcap,
    /// Columns: see docs/IMPORT.md.
    Csv,
}

/// Arguments of `check`.
#[derive(Args)]
pub struct CheckArguments {
    /// The scenario, a RON file.
    pub scenario: PathBuf,
    /// How many runs, each with a seed of its own.
    #[arg(long, default_value_t = 200, value_name = "N")]
    pub seeds: usize,
    /// The seed of the first run.
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub first_seed: u64,
    /// Simulated seconds of each run [default: the scenario's].
    #[arg(long, value_name = "SECONDS", value_parser = duration_s, allow_negative_numbers = true)]
    pub duration: Option<f64>,
    /// Threads [default: one a core].
    #[arg(long, value_name = "N")]
    pub jobs: Option<NonZeroUsize>,
    /// The control loop under test.
    #[arg(long = "loop", default_value_t = LoopName::Own, value_name = "NAME")]
    pub loop_name: LoopName,
    /// Hunt loops that are known to be wrong, by name or `all`, and tell how many runs it takes to catch each.
    #[arg(long, value_name = "NAME", value_parser = flawed_loops, conflicts_with_all = ["loop_name", "json", "junit"])]
    pub flawed: Option<FlawedLoops>,
    /// Print the report as JSON instead of a table.
    #[arg(long)]
    pub json: bool,
    /// Write the report as one HTML page as well, with plots and the worst run.
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Write what was violated as SARIF 2.1.0 as well.
    #[arg(long, value_name = "FILE")]
    pub sarif: Option<PathBuf>,
    /// Write the report as JUnit XML as well.
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Write a file of each failure into this folder.
    #[arg(long, value_name = "DIR")]
    pub failures: Option<PathBuf>,
    /// Simulated seconds that may be spent on making the worst failure small; 0 for none.
    #[arg(long, default_value_t = 200, value_name = "SECONDS")]
    pub shrink_s: u64,
}

/// Arguments of `run`.
#[derive(Args)]
pub struct RunArguments {
    /// The scenario, a RON file.
    pub scenario: PathBuf,
    /// The seed [default: 1, or the failure file's].
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Simulated seconds [default: the scenario's, or the failure file's].
    #[arg(long, value_name = "SECONDS", value_parser = duration_s, allow_negative_numbers = true)]
    pub duration: Option<f64>,
    /// The control loop under test [default: own, or the failure file's].
    #[arg(long = "loop", value_name = "NAME")]
    pub loop_name: Option<LoopName>,
    /// Draw which faults exist and how strong, as a campaign does.
    #[arg(long)]
    pub swarm: bool,
    /// Replay this fault schedule instead of drawing one from the seed; or this failure, a file of `check --failures`
    /// or `shrink`.
    #[arg(long, value_name = "FILE")]
    pub fault_file: Option<PathBuf>,
    /// Write the run's fault schedule to a file that --fault-file reads.
    #[arg(long, value_name = "FILE")]
    pub write_fault_file: Option<PathBuf>,
    /// Run twice and name the first tick and component that differ.
    #[arg(long)]
    pub verify: bool,
    /// Record the run as an MCAP file, which Foxglove and Lichtblick open: arms in 3D, delays, states, margins, events.
    /// It holds the run as well, and --fault-file reads it.
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// Tell, and record, only what happens from this moment on; what was before runs all the same.
    #[arg(long, value_name = "SECONDS", value_parser = duration_s, allow_negative_numbers = true)]
    pub from: Option<f64>,
    /// Keep the whole state at this moment; at the end of the run go back to it, run again, and say whether the history is
    /// the same, bit for bit.
    #[arg(long, value_name = "SECONDS", value_parser = duration_s, allow_negative_numbers = true)]
    pub snapshot_at: Option<f64>,
}

/// The loops that `--flawed` names.
#[derive(Clone, Debug)]
pub struct FlawedLoops(pub Vec<LoopName>);

fn flawed_loops(text: &str) -> Result<FlawedLoops, String> {
    if text == "all" {
        return Ok(FlawedLoops(LoopName::flawed().collect()));
    }
    match text.parse()? {
        LoopName::Own => {
            Err("the project's own loop is not known to be wrong; give 'all' or one that is".into())
        }
        name => Ok(FlawedLoops(vec![name])),
    }
}

/// A duration in seconds: at least 10 ms, at most a day.
pub fn duration_s(text: &str) -> Result<f64, String> {
    let value: f64 = text
        .parse()
        .map_err(|_| format!("'{text}' is not a number of seconds"))?;
    sim::units::RunSeconds::new(value)
        .map(sim::units::RunSeconds::get)
        .map_err(|error| error.to_string())
}

/// One base delay for both ways, or one each.
pub fn base_ms(text: &str) -> Result<(f64, f64), String> {
    let one = |part: &str| {
        let value: f64 = part
            .trim()
            .parse()
            .map_err(|_| format!("'{part}' is not a number of milliseconds"))?;
        net_model::Milliseconds::new(value)
            .map(net_model::Milliseconds::get)
            .map_err(|error| error.to_string())
    };
    match text.split_once(',') {
        Some((up, down)) => Ok((one(up)?, one(down)?)),
        None => one(text).map(|both| (both, both)),
    }
}

/// Between a microsecond and a minute.
fn send_interval_ms(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|ms| (0.001..=60_000.0).contains(ms))
        .ok_or_else(|| format!("'{text}' is not a number of milliseconds from 0.001 to 60000"))
}

fn width(text: &str) -> Result<usize, String> {
    match text {
        "2" => Ok(2),
        "4" => Ok(4),
        "8" => Ok(8),
        _ => Err(format!("'{text}' is not 2, 4 or 8")),
    }
}
