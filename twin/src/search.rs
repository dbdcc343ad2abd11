//! `twin search`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use campaign::{Search, SearchSettings, Strategy, median_simulations, search as run_search};
use clap::{Args, ValueEnum};
use safety::Id;

use crate::Verdict;
use crate::failure::{of_schedule, replay_command, write};
use crate::input::{InputError, read_operation_and_hash};
use crate::loops::LoopName;
use crate::output::outln;
use crate::table::{significant, table};

/// Arguments of `search`.
#[derive(Args)]
pub struct SearchArguments {
    /// The scenario, a RON file.
    pub scenario: PathBuf,
    /// The requirement to violate.
    #[arg(long, value_name = "ID", value_parser = requirement)]
    pub requirement: Id,
    /// Simulations at most, each search.
    #[arg(long, default_value_t = 200, value_name = "N", value_parser = at_least_one)]
    pub budget: usize,
    /// Searches with each strategy, each with a seed of its own.
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = at_least_one)]
    pub repeat: usize,
    /// The seed of the first search.
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub first_seed: u64,
    /// How schedules are chosen.
    #[arg(long, value_enum, default_value_t = StrategyName::All)]
    pub strategy: StrategyName,
    /// Simulated seconds of each run [default: the scenario's].
    #[arg(long, value_name = "SECONDS", value_parser = crate::commands::duration_s, allow_negative_numbers = true)]
    pub duration: Option<f64>,
    /// The control loop under test.
    #[arg(long = "loop", default_value_t = LoopName::Own, value_name = "NAME")]
    pub loop_name: LoopName,
    /// Threads [default: one a core].
    #[arg(long, value_name = "N")]
    pub jobs: Option<NonZeroUsize>,
    /// Write the failure that was found first to this file.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// The strategies by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StrategyName {
    /// All three, to compare them.
    All,
    /// Covariance matrix adaptation against the requirement's robustness.
    CmaEs,
    /// Uniform chance.
    Random,
    /// Each run draws which kinds of trouble exist.
    Swarm,
}

/// Searches, and tells how many simulations it took.
///
/// # Errors
/// [`InputError`] for files that cannot be read or written, or a scenario that cannot be run.
pub fn search(arguments: &SearchArguments) -> Result<Verdict, InputError> {
    let (operation, hash) = read_operation_and_hash(&arguments.scenario)?;
    for note in &operation.notes {
        eprintln!("note: {note}");
    }
    let strategies = match arguments.strategy {
        StrategyName::All => Strategy::ALL.to_vec(),
        StrategyName::CmaEs => vec![Strategy::CmaEs],
        StrategyName::Random => vec![Strategy::Random],
        StrategyName::Swarm => vec![Strategy::Swarm],
    };
    let settings = SearchSettings {
        requirement: arguments.requirement,
        budget: arguments.budget,
        duration_ns: arguments
            .duration
            .map_or(operation.duration_ns, |seconds| (seconds * 1e9) as u64),
        first_seed: arguments.first_seed,
        repeats: arguments.repeat,
        jobs: arguments
            .jobs
            .unwrap_or_else(|| std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)),
    };
    let factory = arguments.loop_name.factory();
    let searches = run_search(&operation, &settings, &strategies, factory, &|done, all| {
        eprintln!("{done}/{all} searches");
    })
    .map_err(|error| InputError::new(format!("{}: {error}", arguments.scenario.display())))?;

    outln!(
        "search for a violation of {} · {} · loop: {} · {} s a run, at most {} simulations a search",
        arguments.requirement,
        operation.name,
        arguments.loop_name,
        settings.duration_ns as f64 * 1e-9,
        settings.budget
    );
    print_table(&searches, &strategies);
    let first = searches
        .iter()
        .filter_map(|search| search.found.as_ref().map(|found| (search, found)))
        .min_by_key(|(search, _)| search.simulations);
    let Some((found, (schedule, violated_at_ns))) = first else {
        outln!(
            "nothing was found. That is no proof: the schedules have at most a few events, and {} simulations are few",
            searches
                .iter()
                .map(|search| search.simulations)
                .sum::<usize>()
        );
        return Ok(Verdict::AllHold);
    };
    outln!(
        "found by {} of seed {} in simulation {}: {} violated at {:.4} s by {} event{}",
        found.strategy.name(),
        found.seed,
        found.simulations,
        arguments.requirement,
        *violated_at_ns as f64 * 1e-9,
        schedule.faults.len(),
        if schedule.faults.len() == 1 { "" } else { "s" }
    );
    if let Some(file) = &arguments.output {
        let failure = of_schedule(
            (&arguments.scenario, &hash),
            (found.seed, settings.duration_ns),
            (arguments.requirement, *violated_at_ns),
            arguments.loop_name,
            schedule.clone(),
        );
        write(file, &failure)?;
        outln!("replay it:  {}", replay_command(file, &failure));
    }
    Ok(Verdict::Violated)
}

fn print_table(searches: &[Search], strategies: &[Strategy]) {
    let heading = [
        "strategy",
        "found",
        "median",
        "least",
        "most",
        "nearest (share of limit)",
    ];
    let mut rows = table(&heading, &[1, 2, 3, 4, 5]);
    for &strategy in strategies {
        let of_it: Vec<Search> = searches
            .iter()
            .filter(|search| search.strategy == strategy)
            .cloned()
            .collect();
        let took = of_it
            .iter()
            .filter(|search| search.found.is_some())
            .map(|search| search.simulations);
        let least = of_it.iter().map(|search| search.robustness);
        let nearest = least.fold(f64::INFINITY, f64::min);
        let or_none = |n: Option<String>| n.unwrap_or_else(|| "-".into());
        rows.add_row(vec![
            strategy.name().to_owned(),
            format!("{} of {}", took.clone().count(), of_it.len()),
            or_none(median_simulations(&of_it).map(|median| median.to_string())),
            or_none(took.clone().min().map(|n| n.to_string())),
            or_none(took.max().map(|n| n.to_string())),
            if nearest.is_finite() {
                significant(nearest)
            } else {
                "not exercised".into()
            },
        ]);
    }
    outln!("simulations to failure:\n{rows}");
}

fn requirement(text: &str) -> Result<Id, String> {
    Id::ALL
        .into_iter()
        .find(|id| id.name().eq_ignore_ascii_case(text))
        .ok_or_else(|| {
            let known: Vec<&str> = Id::ALL.iter().map(|id| id.name()).collect();
            format!(
                "no requirement is called '{text}'; there are {}",
                known.join(", ")
            )
        })
}

fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|n| *n >= 1)
        .ok_or_else(|| format!("'{text}' is not a number from 1 on"))
}
