//! `twin exhaust`.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Instant;

use campaign::{CHECKED, ExhaustReport, ExhaustSettings, exhaust as go_through};
use clap::Args;

use crate::Verdict;
use crate::input::{InputError, read_operation};
use crate::loops::LoopName;
use crate::output::outln;

/// Arguments of `exhaust`.
#[derive(Args)]
pub struct ExhaustArguments {
    /// How many frames: every schedule of them is gone through.
    #[arg(long, default_value_t = 8, value_name = "K")]
    pub frames: usize,
    /// How many ticks a copy may be late.
    #[arg(long, default_value_t = 4, value_name = "TICKS")]
    pub lateness: usize,
    /// The scenario whose first arm, loop settings and thresholds are used.
    #[arg(
        long,
        default_value = "scenarios/casablanca_shanghai.ron",
        value_name = "FILE"
    )]
    pub scenario: PathBuf,
    /// The control loop under test.
    #[arg(long = "loop", default_value_t = LoopName::Own, value_name = "NAME")]
    pub loop_name: LoopName,
    /// Threads [default: one a core].
    #[arg(long, value_name = "N")]
    pub jobs: Option<NonZeroUsize>,
    /// Print the report as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Goes through every schedule of a few frames and tells what was covered.
///
/// # Errors
/// [`InputError`] for a scenario that cannot be read, and for numbers outside their range.
#[expect(
    clippy::disallowed_methods,
    reason = "the speed is told on the error stream, and decides nothing"
)]
pub fn exhaust(arguments: &ExhaustArguments) -> Result<Verdict, InputError> {
    let operation = read_operation(&arguments.scenario)?;
    let jobs = arguments
        .jobs
        .unwrap_or_else(|| std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN));
    let settings = ExhaustSettings {
        frames: arguments.frames,
        lateness: arguments.lateness,
        jobs,
    };
    let began = Instant::now();
    let report = go_through(
        &operation,
        &settings,
        arguments.loop_name.factory(),
        &|tick, ticks| {
            if tick.is_multiple_of(8) {
                eprintln!("tick {tick} of {ticks}");
            }
        },
    )
    .map_err(|error| InputError::new(error.to_string()))?;
    let seconds = began.elapsed().as_secs_f64();
    eprintln!(
        "{} steps in {seconds:.2} s on {jobs} threads: {:.0} a second and thread",
        report.steps,
        report.steps as f64 / seconds / jobs.get() as f64
    );
    if arguments.json {
        let json = serde_json::to_string_pretty(&report)
            .map_err(|error| InputError::new(error.to_string()))?;
        outln!("{json}");
    } else {
        print(&report, arguments.loop_name);
    }
    let holds = report.violation.is_none() && report.orders.violation.is_none();
    Ok(if holds {
        Verdict::AllHold
    } else {
        Verdict::Violated
    })
}

fn print(report: &ExhaustReport, loop_name: LoopName) {
    let ExhaustReport {
        frames,
        lateness,
        scale,
        orders,
        exercised,
        ..
    } = report;
    outln!("exhaustive check of {frames} frames over two paths, loop: {loop_name}");
    outln!(
        "scaled times: a frame each tick of {} ms, hold after {} ticks of silence, echoes of up to {} ticks are fresh",
        scale.tick_ns as f64 * 1e-6,
        scale.coast,
        scale.freshness
    );
    outln!(
        "arrival orders of {} frames: {} of labelled copies, {} of frames whichever path; {} states",
        orders.frames,
        grouped(orders.labelled),
        grouped(orders.path_agnostic),
        grouped(u128::from(orders.states))
    );
    outln!(
        "timed schedules, each copy lost or up to {lateness} ticks late: {} covered through {} states in {} steps of the loop",
        grouped(report.schedules),
        grouped(u128::from(report.states)),
        grouped(u128::from(report.steps))
    );
    outln!(
        "in them: {} commands applied, {} ticks of hold, {} resumptions, {} repeated copies, {} orders inside a tick",
        grouped(u128::from(exercised.applied)),
        grouped(u128::from(exercised.held)),
        grouped(u128::from(exercised.resumed)),
        grouped(u128::from(exercised.repeated)),
        grouped(u128::from(exercised.reordered))
    );
    if let Some((requirement, what)) = &orders.violation {
        outln!("\n{requirement} VIOLATED by an order of arrivals: {what}");
    }
    match &report.violation {
        Some(violation) => {
            outln!(
                "\n{} VIOLATED in tick {}: {}\nthe shortest schedule that does so:",
                violation.requirement,
                violation.tick,
                violation.what
            );
            for line in &violation.schedule {
                outln!("    {line}");
            }
            outln!("\nnothing longer was looked at");
        }
        None => {
            outln!("\n{} hold in every one of them", CHECKED.join(", "));
            if exercised.resumed == 0 {
                outln!(
                    "R07 was not exercised: no following began after a hold, because the arm comes to rest too late for it"
                );
            }
            if report.unproven == 0 {
                outln!(
                    "repetition, path and order inside a tick left every state of the loop unchanged: what was merged was the same"
                );
            } else {
                outln!(
                    "{} times an order or a repetition left the loop in another state without moving anything in that tick; only one of each was followed",
                    grouped(u128::from(report.unproven))
                );
            }
        }
    }
    outln!(
        "not covered: more frames, copies later than {lateness} ticks (but any repetition until the robot holds), a downlink that is late or lost, \
         forged frames, a second console, more arms than the first, the plant's dynamics, times that are not multiples of a tick"
    );
}

/// A number with its thousands apart.
fn grouped(number: u128) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}
