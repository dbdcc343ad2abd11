//! `twin paths`.

use net_model::presets::{PRESETS, text};
use net_model::{NetworkPreset, PathModel};
use path_fit::compare::{Coincidence, Comparison, Finding, compare};

use sim::scenario::preset;

use crate::Verdict;
use crate::commands::{CompareArguments, PathsArguments, PathsCommand};
use crate::import::recognised;
use crate::input::InputError;
use crate::output::{out, outln};
use crate::table::{significant, table};

/// Does what is asked with measured or published paths.
///
/// # Errors
/// [`InputError`] for measurements that cannot be read.
pub fn paths(arguments: &PathsArguments) -> Result<Verdict, InputError> {
    match &arguments.command {
        PathsCommand::Compare(arguments) => compared(arguments),
        PathsCommand::List => listed(),
        PathsCommand::Show { name } => shown(name),
    }
}

fn listed() -> Result<Verdict, InputError> {
    let mut rows = table(&["name", "what", "one way A, ms", "one way B, ms"], &[2, 3]);
    for (name, _) in PRESETS {
        let preset = read_preset(name)?;
        // The least delay up the path; what is above it is a law, which the file tells.
        let base = |path: &PathModel| significant(path.up.base_one_way.get());
        rows.add_row(vec![
            (*name).into(),
            preset.name.clone(),
            base(&preset.a),
            base(&preset.b),
        ]);
    }
    outln!("{rows}");
    outln!(
        "in a scenario: paths: (preset: \"NAME\"), or one path each: paths: (a_preset: \"NAME/a\", b_preset: \"NAME/b\")"
    );
    Ok(Verdict::AllHold)
}

fn shown(name: &str) -> Result<Verdict, InputError> {
    read_preset(name)?;
    out!("{}", text(name).unwrap_or_default());
    Ok(Verdict::AllHold)
}

fn read_preset(name: &str) -> Result<NetworkPreset, InputError> {
    preset(name).map_err(|error| InputError::new(error.to_string()))
}

fn compared(arguments: &CompareArguments) -> Result<Verdict, InputError> {
    let a = recognised(&arguments.a)?;
    let b = recognised(&arguments.b)?;
    for (name, measurement) in [("A", &a), ("B", &b)] {
        for note in &measurement.notes {
            eprintln!("note: {name}: {note}");
        }
    }
    let comparison = compare(&a, &b);
    out!("{}", report(&comparison));
    Ok(match comparison.finding {
        Finding::Separate => Verdict::AllHold,
        Finding::Share | Finding::TooLittle => Verdict::Violated,
    })
}

fn report(comparison: &Comparison) -> String {
    let verdict = match comparison.finding {
        Finding::Separate => "the two measured paths look separate",
        Finding::Share => "the two measured paths SHARE something",
        Finding::TooLittle => "too little data to tell whether the two measured paths are separate",
    };
    let mut text = format!("{verdict}\n");
    for reason in &comparison.reasons {
        text.push_str(&format!("  - {reason}\n"));
    }
    text.push_str(&format!(
        "\nmeasured together for {:.1} s\nclock: {}\n",
        comparison.common_ns as f64 * 1e-9,
        comparison.clock
    ));
    if comparison.common_ns == 0 {
        return text;
    }
    for statistics in &comparison.bottlenecks {
        text.push_str(&format!(
            "\nRFC 8382, {} ({} intervals of 350 ms after the first 50)\n",
            statistics.way, statistics.intervals
        ));
        let mut rows = table(
            &[
                "path",
                "skew_est",
                "var_est ms",
                "freq_est",
                "pkt_loss",
                "bottleneck in",
            ],
            &[1, 2, 3, 4, 5],
        );
        for (index, name) in ["A", "B"].into_iter().enumerate() {
            let mut row = vec![name.to_string()];
            row.extend(
                statistics.means[index]
                    .iter()
                    .map(|&value| significant(value)),
            );
            row.push(statistics.bottleneck[index].to_string());
            rows.add_row(row);
        }
        text.push_str(&format!(
            "{rows}\nbottleneck on both in {}, in one group in {}; rank correlation of the mean delays {:.3} \
             ({:.0} independent intervals, by chance {})\n",
            statistics.bottleneck[2],
            statistics.grouped,
            statistics.correlation,
            statistics.independent,
            significant(statistics.chance)
        ));
    }
    let losses = &comparison.losses;
    text.push_str(&format!(
        "\nlosses: {} bins of {} ms; lossy on A {}, on B {}, on both {} (independent paths: {:.1}); Fisher's exact chance {}\n\
         loss of B {} %, at the moments of A's losses {} %\n",
        losses.bins,
        losses.bin_ns / 1_000_000,
        losses.lossy[0],
        losses.lossy[1],
        losses.lossy[2],
        losses.lossy[0] as f64 * losses.lossy[1] as f64 / losses.bins.max(1) as f64,
        significant(losses.chance),
        significant(100.0 * losses.loss_b),
        significant(100.0 * losses.loss_b_given_a),
    ));
    text.push_str(&coincidence(
        "outages (200 ms or longer)",
        &comparison.outages,
    ));
    text.push_str(&coincidence("route steps", &comparison.steps));
    text
}

fn coincidence(what: &str, found: &Coincidence) -> String {
    format!(
        "{what}: A {}, B {}, together {}; by chance {} would coincide, so many or more with chance {}\n",
        found.events[0],
        found.events[1],
        found.events[2],
        significant(found.expected),
        significant(found.chance)
    )
}
