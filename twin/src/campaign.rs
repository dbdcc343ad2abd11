//! `twin campaign`.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use campaign::monte_carlo::summary::CampaignReport;
use campaign::monte_carlo::{self, CampaignProgress, coverage, folder, variation};
use campaign::plan::{FORMAT, Plan, Rule, Shard, runs_needed};
use campaign::sprt::Sprt;
use campaign::{html, table::write_table};
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use sim::Operation;

use crate::Verdict;
use crate::commands::duration_s;
use crate::input::{InputError, read_operation_and_hash, write_whole};
use crate::loops::LoopName;
use crate::output::{out, outln};
use crate::table::{margin, significant, table, verdict_word};

/// Arguments of `campaign`.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct CampaignArguments {
    /// What else to do with campaigns.
    #[command(subcommand)]
    pub command: Option<CampaignCommand>,
    /// The scenario, a RON file.
    #[arg(required = true)]
    pub scenario: Option<PathBuf>,
    /// The campaign's folder: made anew, or one to go on with.
    #[arg(long, required = true, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// How many runs [default: as many as the claim needs, else 1000]; with --sprt where the test is given up.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub runs: Option<u64>,
    /// Show that a run of this model fails with no more than this probability.
    #[arg(long, value_name = "P", conflicts_with = "sprt", value_parser = share)]
    pub claim: Option<f64>,
    /// One-sided confidence of the claim and of all bounds.
    #[arg(long, default_value_t = 0.95, value_name = "C", value_parser = share)]
    pub confidence: f64,
    /// Failing runs that the claim is to survive: the more, the more runs it needs.
    #[arg(long, default_value_t = 0, value_name = "K", requires = "claim")]
    pub allow_failures: u64,
    /// Wald's sequential test instead: GOOD:BAD, such as 1e-4:1e-3, or GOOD:BAD:FALSE_ACCEPT:FALSE_REJECT
    /// [default rates: 0.05].
    #[arg(long, value_name = "GOOD:BAD", value_parser = sprt)]
    pub sprt: Option<Sprt>,
    /// Run only this part of the campaign, such as 2/5; `twin campaign merge` puts the parts together.
    #[arg(long, default_value_t = Shard::WHOLE, value_name = "I/N", conflicts_with = "sprt")]
    pub shard: Shard,
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
    /// Every run has all of the scenario's faults at their rates, and its numbers, instead of drawing them.
    #[arg(long)]
    pub no_swarm: bool,
    /// Tell the plan, and run nothing.
    #[arg(long)]
    pub tell_plan: bool,
}

/// What else can be done with campaigns.
#[derive(Subcommand)]
pub enum CampaignCommand {
    /// Put the shards of one campaign together, and judge it.
    Merge(MergeArguments),
}

/// Arguments of `campaign merge`.
#[derive(Args)]
pub struct MergeArguments {
    /// The scenario, a RON file.
    #[arg(long, value_name = "FILE")]
    pub scenario: PathBuf,
    /// The folders of all shards.
    #[arg(required = true, value_name = "DIR")]
    pub shards: Vec<PathBuf>,
    /// The folder of the whole.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
}

/// Runs, continues or merges a campaign and prints what it says.
///
/// # Errors
/// [`InputError`]: a scenario that cannot be run, a plan that is none, a folder that is another's or damaged.
pub fn campaign(arguments: &CampaignArguments) -> Result<Verdict, InputError> {
    match (&arguments.command, &arguments.scenario, &arguments.out) {
        (Some(CampaignCommand::Merge(arguments)), _, _) => merged(arguments),
        (None, Some(scenario), Some(out)) => started(arguments, scenario, out),
        _ => Err(InputError::new("a campaign needs a scenario and --out DIR")),
    }
}

fn started(
    arguments: &CampaignArguments,
    scenario: &Path,
    out: &Path,
) -> Result<Verdict, InputError> {
    let (operation, scenario_sha256) = read_operation_and_hash(scenario)?;
    for note in &operation.notes {
        eprintln!("note: {note}");
    }
    coverage::check_list(&operation.campaign.cannot_happen)
        .map_err(|error| InputError::new(format!("{}: {error}", scenario.display())))?;
    let (runs, rule) = rule(arguments)?;
    let plan = plan_of(
        &operation,
        scenario_sha256,
        arguments.loop_name,
        arguments.first_seed,
        runs,
        arguments
            .duration
            .map_or(operation.duration_ns, |seconds| (seconds * 1e9) as u64),
        !arguments.no_swarm,
        rule,
    );
    outln!("{}", told_plan(&plan)?);
    if arguments.tell_plan {
        return Ok(Verdict::AllHold);
    }
    let folder = run_in_folder(
        &operation,
        &plan,
        arguments.shard,
        out,
        arguments.loop_name,
        arguments.jobs,
    )?;
    if arguments.shard != Shard::WHOLE {
        outln!(
            "shard {} is done: {} runs in {}. Nothing is judged before `twin campaign merge` has all {} shards",
            arguments.shard,
            folder.summary().runs,
            out.display(),
            arguments.shard.of
        );
        return Ok(Verdict::AllHold);
    }
    judged(&operation, &folder, scenario)
}

/// The plan of a campaign by this version of the tool.
#[expect(
    clippy::too_many_arguments,
    reason = "a plan names all that decides what it may claim"
)]
pub fn plan_of(
    operation: &Operation,
    scenario_sha256: String,
    loop_name: LoopName,
    first_seed: u64,
    runs: u64,
    duration_ns: u64,
    swarm: bool,
    rule: Rule,
) -> Plan {
    Plan {
        format: FORMAT,
        tool: env!("CARGO_PKG_VERSION").into(),
        operation: operation.name.clone(),
        scenario_sha256,
        control_loop: loop_name.to_string(),
        first_seed,
        runs,
        duration_ns,
        swarm,
        requirements: safety::Id::ALL.map(|id| id.name().to_string()).into(),
        rule,
    }
}

/// Runs what a folder does not have yet and writes its table.
///
/// # Errors
/// As [`campaign()`].
pub fn run_in_folder(
    operation: &Operation,
    plan: &Plan,
    shard: Shard,
    out: &Path,
    loop_name: LoopName,
    jobs: Option<NonZeroUsize>,
) -> Result<folder::Folder, InputError> {
    let parameters = variation::parameter_names(operation, plan.swarm);
    let mut folder = folder::Folder::open(out, plan, shard, &parameters)?;
    if folder.mended {
        eprintln!(
            "note: the last line of the journal was torn by an interruption; its run is run again"
        );
    }
    if folder.summary().runs > 0 {
        eprintln!("going on after {} runs", folder.summary().runs);
    }
    let (from, to) = plan.share(shard);
    let display = Display::new(folder.summary().runs, to - from);
    let jobs =
        jobs.unwrap_or_else(|| std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN));
    let result = monte_carlo::run(
        operation,
        &mut folder,
        loop_name.factory(),
        jobs,
        &|progress| display.show(progress),
    );
    display.finish();
    result?;
    write_table(&folder, &out.join("result.parquet"))?;
    Ok(folder)
}

fn merged(arguments: &MergeArguments) -> Result<Verdict, InputError> {
    let (operation, sha256) = read_operation_and_hash(&arguments.scenario)?;
    let folder = folder::merge(&arguments.shards, &arguments.out)?;
    if folder.plan().scenario_sha256 != sha256 {
        return Err(InputError::new(format!(
            "{}: is not the scenario of these shards, or has changed since they were begun: theirs is \"{}\"",
            arguments.scenario.display(),
            folder.plan().operation
        )));
    }
    write_table(&folder, &arguments.out.join("result.parquet"))?;
    judged(&operation, &folder, &arguments.scenario)
}

/// Judges a campaign whose plan is fulfilled; writes and prints the report.
fn judged(
    operation: &Operation,
    folder: &folder::Folder,
    scenario: &Path,
) -> Result<Verdict, InputError> {
    let plan = folder.plan();
    let report = CampaignReport::new(operation, plan, folder.summary());
    let json = serde_json::to_string_pretty(&report)
        .map_err(|error| InputError::new(error.to_string()))?;
    write_whole(&folder.path().join("report.json"), &json)?;
    let loop_name: LoopName = plan.control_loop.parse().map_err(InputError::new)?;
    let page = html::campaign_page(
        operation,
        &report,
        loop_name.factory(),
        &commands(scenario, folder.path(), &report),
        &evidence(
            folder.path(),
            &[
                "plan.json",
                "journal.jsonl",
                "result.parquet",
                "report.json",
            ],
        )?,
    )
    .map_err(InputError::new)?;
    write_whole(&folder.path().join("report.html"), &page)?;
    out!("{}", text(operation, &report));
    outln!("report: {}", folder.path().join("report.html").display());
    Ok(if report.passes() {
        Verdict::AllHold
    } else {
        Verdict::Violated
    })
}

/// Names and SHA-256 of the files that a report rests on.
///
/// # Errors
/// [`InputError`]: one cannot be read.
pub fn evidence(path: &Path, names: &[&str]) -> Result<Vec<(String, String)>, InputError> {
    let hashed = |name: &&str| {
        let file = path.join(name);
        campaign::plan::sha256_of_file(&file)
            .map(|hash| (name.to_string(), hash))
            .map_err(|error| {
                InputError::new(format!("{}: cannot be read: {error}", file.display()))
            })
    };
    names.iter().map(hashed).collect()
}

/// The commands that make the report again, and the worst run of each requirement.
fn commands(scenario: &Path, out: &Path, report: &CampaignReport) -> Vec<String> {
    let plan = &report.plan;
    let scenario = scenario.display();
    let swarm = if plan.swarm { "" } else { " --no-swarm" };
    let duration_s = plan.duration_ns as f64 * 1e-9;
    let rule = match plan.rule {
        Rule::Runs { confidence } => format!("--runs {} --confidence {confidence}", plan.runs),
        Rule::Claim {
            claim, confidence, ..
        } => format!(
            "--claim {claim} --confidence {confidence} --runs {}",
            plan.runs
        ),
        Rule::Sequential(test) => format!(
            "--sprt {}:{}:{}:{} --runs {}",
            test.good, test.bad, test.false_accept, test.false_reject, plan.runs
        ),
    };
    let mut commands = vec![format!(
        "twin campaign {scenario} {rule} --first-seed {} --duration {duration_s} --loop {}{swarm} --out {}",
        plan.first_seed,
        plan.control_loop,
        out.display()
    )];
    let swarm = if plan.swarm { " --swarm" } else { "" };
    for (id, sum) in plan.requirements.iter().zip(&report.summary.requirements) {
        if let Some(worst) = &sum.worst {
            commands.push(format!(
                "twin run {scenario} --seed {} --duration {duration_s} --loop {}{swarm}   # worst of {id}",
                worst.seed, plan.control_loop
            ));
        }
    }
    commands
}

/// How many runs, and by which rule.
fn rule(arguments: &CampaignArguments) -> Result<(u64, Rule), InputError> {
    let confidence = arguments.confidence;
    if let Some(test) = arguments.sprt {
        let default = libm::ceil(4.0 * test.expected_runs().0.max(test.expected_runs().1)) as u64;
        return Ok((arguments.runs.unwrap_or(default), Rule::Sequential(test)));
    }
    let Some(claim) = arguments.claim else {
        return Ok((arguments.runs.unwrap_or(1000), Rule::Runs { confidence }));
    };
    let mut failures = arguments.allow_failures;
    let needed = runs_needed(claim, confidence, failures).map_err(InputError::new)?;
    let runs = arguments.runs.unwrap_or(needed);
    if runs < needed {
        return Err(InputError::new(format!(
            "{runs} runs cannot show P <= {claim} at {} % confidence with {failures} failures allowed: it takes {needed}",
            confidence * 100.0
        )));
    }
    // More runs than needed survive more failures; the plan says how many, before the first run.
    while runs_needed(claim, confidence, failures + 1).is_ok_and(|needed| needed <= runs) {
        failures += 1;
    }
    let rule = Rule::Claim {
        claim,
        confidence,
        failures,
    };
    Ok((runs, rule))
}

/// The plan in words.
fn told_plan(plan: &Plan) -> Result<String, InputError> {
    let mut text = format!(
        "plan {}\n{} · loop: {} · {} runs of {} s from seed {}{}\n",
        plan.sha256(),
        plan.operation,
        plan.control_loop,
        plan.runs,
        plan.duration_ns as f64 * 1e-9,
        plan.first_seed,
        if plan.swarm {
            "; each draws which faults exist and how strong"
        } else {
            ""
        }
    );
    match &plan.rule {
        Rule::Runs { confidence } => text.push_str(&format!(
            "bounds at {} % confidence (Clopper–Pearson), told when all runs are done\n",
            confidence * 100.0
        )),
        Rule::Claim {
            claim,
            confidence,
            failures,
        } => {
            text.push_str(&format!(
                "to show P(a run of this model fails) <= {claim} at {} % confidence; it survives {failures} failing runs. \
                 Runs that it takes:\n",
                confidence * 100.0
            ));
            for allowed in 0..=5 {
                let runs = runs_needed(*claim, *confidence, allowed).map_err(InputError::new)?;
                text.push_str(&format!("  {allowed} failures allowed: {runs}\n"));
            }
        }
        Rule::Sequential(test) => {
            let (when_good, when_bad) = test.expected_runs();
            text.push_str(&format!(
                "Wald's test of P <= {} against P >= {}: false acceptance at most {}, false rejection at most {}.\n\
                 Accepts after {} runs if none fails; about {when_good:.0} runs if P = {}, {when_bad:.0} if P = {}; given up \
                 after {}\n",
                test.good,
                test.bad,
                test.false_accept,
                test.false_reject,
                test.runs_without_failure(),
                test.good,
                test.bad,
                plan.runs
            ));
        }
    }
    Ok(text)
}

fn text(operation: &Operation, report: &CampaignReport) -> String {
    let heading = [
        "id",
        "against",
        "verdict",
        "worst margin",
        "seed",
        "exercised in runs",
        "violated in",
        "P(run violates) ≤",
    ];
    let mut rows = table(&heading, &[3, 4, 5, 6, 7]);
    let requirements = safety::table(&operation.requirements);
    for ((requirement, sum), bound) in requirements
        .iter()
        .zip(&report.summary.requirements)
        .zip(&report.bounds)
    {
        let worst = sum.worst.as_ref();
        rows.add_row(vec![
            requirement.id.to_string(),
            requirement.hazard.into(),
            verdict_word(html::verdict(sum)).into(),
            worst.map_or("-".into(), |worst| {
                margin(worst.finding.margin, &worst.finding.unit)
            }),
            worst.map_or("-".into(), |worst| worst.seed.to_string()),
            sum.exercised_runs.to_string(),
            sum.violating.to_string(),
            significant(*bound),
        ]);
    }
    let mut text = format!("{rows}\n{}\n", report.claim.sentence);
    if matches!(report.plan.rule, Rule::Sequential(_)) {
        text.push_str(
            "The bounds of single requirements are those of a fixed number of runs; the test's decision is what was planned.\n",
        );
    }
    text.push_str(
        "It is a statement about this model's distribution of runs, never about the field.\n",
    );
    let blindness = &report.blindness;
    if !blindness.unseen.is_empty() {
        text.push_str(&format!(
            "BLIND: the campaign never saw {}\n  If something of it cannot happen in this scenario, say so there: \
             campaign: (cannot_happen: [(what: \"...\", because: \"...\")])\n",
            blindness.unseen.join(", ")
        ));
    }
    if !blindness.contradicted.is_empty() {
        text.push_str(&format!(
            "note: the scenario says that it cannot happen, and it did: {}\n",
            blindness.contradicted.join(", ")
        ));
    }
    if !blindness.excused.is_empty() {
        text.push_str(&format!(
            "{} kinds of event never occurred and cannot, as the scenario says\n",
            blindness.excused.len()
        ));
    }
    let (assumed, all) = report.assumed_numbers;
    text.push_str(&format!(
        "{assumed} of the robot's {all} numbers are assumed. runs' hash {:016x}, plan {}\n",
        report.summary.hash,
        &report.plan_sha256[..16]
    ));
    text
}

/// Progress on the error stream: a bar with the time to go on a terminal, plain lines when piped.
struct Display {
    bar: ProgressBar,
    is_terminal: bool,
    step: u64,
}

impl Display {
    fn new(done: u64, runs: u64) -> Self {
        use std::io::IsTerminal;
        let is_terminal = std::io::stderr().is_terminal();
        let target = if is_terminal {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(Some(runs), target);
        let style = ProgressStyle::with_template(
            "{bar:40} {pos}/{len} runs  {elapsed} so far, {eta} to go  {msg}",
        );
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_position(done);
        // Runs of an earlier sitting say nothing of this one's speed.
        bar.reset_eta();
        Self {
            bar,
            is_terminal,
            step: runs.div_ceil(20).max(1),
        }
    }

    fn show(&self, progress: CampaignProgress) {
        let CampaignProgress {
            done,
            failing,
            runs,
        } = progress;
        self.bar.set_position(done);
        if failing > 0 {
            self.bar.set_message(format!("{failing} with a violation"));
        }
        if !self.is_terminal && (done.is_multiple_of(self.step) || done == runs) {
            eprintln!(
                "{done}/{runs} runs, {failing} with a violation, about {} s to go",
                self.bar.eta().as_secs()
            );
        }
    }

    fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// A number between 0 and 1, both excluded.
pub fn share(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|&share| share > 0.0 && share < 1.0)
        .ok_or_else(|| format!("'{text}' is not a number between 0 and 1"))
}

fn sprt(text: &str) -> Result<Sprt, String> {
    let numbers = text
        .split(':')
        .map(|part| {
            part.parse::<f64>()
                .map_err(|_| format!("'{part}' in '{text}' is not a number"))
        })
        .collect::<Result<Vec<f64>, String>>()?;
    match numbers[..] {
        [good, bad] => Sprt::new(good, bad, 0.05, 0.05),
        [good, bad, accept, reject] => Sprt::new(good, bad, accept, reject),
        _ => Err(format!(
            "'{text}' is not GOOD:BAD or GOOD:BAD:FALSE_ACCEPT:FALSE_REJECT"
        )),
    }
}
