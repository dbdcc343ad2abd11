//! `twin import`.

use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use path_fit::fit::{WayFit, WayLoss};
use path_fit::read::pcap::{self, Numbering};
use path_fit::{
    FitOptions, FittedPath, Format, ImportError, Measurement, Source, fit, read, write,
};

use crate::Verdict;
use crate::commands::{FormatName, ImportArguments};
use crate::input::{InputError, write_all_whole};
use crate::output::{out, outln};
use crate::table::{significant, table};

/// Reads a measurement, fits a path to it, prints how good the fit is, and writes the path, its replay and the
/// drawing: all of them or none.
///
/// # Errors
/// [`InputError`] for input that cannot be read or fitted, or files that cannot be written.
pub fn import(arguments: &ImportArguments) -> Result<Verdict, InputError> {
    let measurement = measurement(arguments)?;
    let options = FitOptions {
        name: arguments
            .name
            .clone()
            .unwrap_or_else(|| stem(&arguments.output)),
        base_ms: arguments.base_ms,
        synchronised: arguments.clocks_synchronised,
        send_interval_ms: arguments.send_interval_ms,
    };
    let first = arguments
        .files
        .first()
        .map(PathBuf::as_path)
        .unwrap_or(Path::new(""));
    let fitted = fit(&measurement, &options).map_err(|error| told(first, error))?;
    for note in &fitted.notes {
        eprintln!("note: {note}");
    }
    let outputs = Outputs::beside(&arguments.output);
    let mut notes = vec![format!("Fitted by `twin import {}`.", measurement.format)];
    for way in &fitted.delays {
        if let Some(fit) = way.chosen() {
            notes.push(format!(
                "Delay, {}: {}, Kolmogorov–Smirnov distance {:.4}, threshold {:.4}: {}.",
                way.way.name(),
                fit.law.name(),
                fit.distance,
                way.threshold,
                way.goodness().sentence()
            ));
        }
    }
    notes.extend(fitted.notes.iter().cloned());
    let ron = write::path_ron(&fitted.model, &format!("{}: a fit.", options.name), &notes)
        .map_err(InputError::new)?;
    let csv_name = outputs
        .csv
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let replay = write::path_ron(
        &write::replay_model(&fitted, &csv_name),
        &format!(
            "{}: the measurement itself, replayed in its order.",
            options.name
        ),
        &[format!(
            "{csv_name} stands beside the scenario that holds this path."
        )],
    )
    .map_err(InputError::new)?;
    let csv = write::replay_csv(&measurement, &fitted);
    let drawing = match &arguments.svg {
        Some(file) => Some((
            file,
            path_fit::draw::measured_against_modelled(&fitted, &measurement)
                .map_err(InputError::new)?,
        )),
        None => None,
    };
    let mut files: Vec<(&Path, &str)> = vec![
        (&outputs.fit, &ron),
        (&outputs.replay, &replay),
        (&outputs.csv, &csv),
    ];
    if let Some((file, svg)) = &drawing {
        files.push((file, svg));
    }
    refuse_overwriting(&files, &arguments.files)?;
    write_all_whole(&files)?;
    out!("{}", report(&fitted, &measurement));
    for (file, _) in &files {
        outln!("wrote {}", file.display());
    }
    Ok(Verdict::AllHold)
}

/// Outputs must be different files, and none of the inputs.
fn refuse_overwriting(outputs: &[(&Path, &str)], inputs: &[PathBuf]) -> Result<(), InputError> {
    // One file may have several names; a file that does not exist yet is known by its folder.
    let known = |file: &Path| {
        let folder = file
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        std::fs::canonicalize(file)
            .or_else(|_| {
                std::fs::canonicalize(folder)
                    .map(|folder| folder.join(file.file_name().unwrap_or_default()))
            })
            .unwrap_or_else(|_| file.to_path_buf())
    };
    let mut names: Vec<PathBuf> = outputs.iter().map(|(file, _)| known(file)).collect();
    names.extend(inputs.iter().map(|file| known(file)));
    for (index, (file, _)) in outputs.iter().enumerate() {
        if names[index + 1..].contains(&names[index]) {
            return Err(InputError::new(format!(
                "{}: would be written over; give the outputs other names",
                file.display()
            )));
        }
    }
    Ok(())
}

/// Reads one measurement, whose tool is told by its first bytes.
///
/// # Errors
/// [`InputError`] naming the file.
pub fn recognised(file: &Path) -> Result<Measurement, InputError> {
    let mut source = open(file)?;
    match source.sniff().map_err(|error| told(file, error))? {
        Some(Format::Pcap) => Err(InputError::new(format!(
            "{}: one capture alone tells no delay; compare measurements of irtt, owping, twping, ping or csv",
            file.display()
        ))),
        Some(format) => read::read(format, source).map_err(|error| told(file, error)),
        None => Err(InputError::new(format!(
            "{}: this is the output of no tool that is known: irtt, owping, twping, ping, csv",
            file.display()
        ))),
    }
}

fn measurement(arguments: &ImportArguments) -> Result<Measurement, InputError> {
    let format = match arguments.format {
        FormatName::Irtt => Format::Irtt,
        FormatName::Owping => Format::Owping,
        FormatName::Twping => Format::Twping,
        FormatName::Ping => Format::Ping,
        FormatName::Pcap => Format::Pcap,
        FormatName::Csv => Format::Csv,
    };
    let files = &arguments.files;
    let one = |file: &PathBuf| {
        let source = open(file)?;
        read::read(format, source).map_err(|error| told(file, error))
    };
    match (format, files.as_slice()) {
        (Format::Pcap, [sender, receiver]) => {
            let numbering = Numbering {
                offset: arguments.sequence_offset,
                width: arguments.sequence_bytes,
                little_endian: arguments.little_endian,
                port: arguments.port,
            };
            let mut sources = [open(sender)?, open(receiver)?];
            for (source, file) in sources.iter_mut().zip(files) {
                read::expect(format, source).map_err(|error| told(file, error))?;
            }
            let [sent, received] = sources;
            pcap::read(sent, received, numbering)
                .map_err(|(which, error)| told(&files[which.min(1)], error))
        }
        (Format::Pcap, _) => Err(InputError::new(format!(
            "pcap needs two captures, one taken at the sender and one at the receiver, not {}",
            files.len()
        ))),
        (Format::Owping, [up, down]) => Ok(read::one_way::paired(one(up)?, &one(down)?)),
        (Format::Owping, [_, _, _, ..]) => Err(InputError::new(
            "owping takes one session, or two: the one up, then the one down",
        )),
        (_, files) => {
            let mut parts = files.iter();
            let Some(first) = parts.next() else {
                return Err(InputError::new("no file is given"));
            };
            let mut whole = one(first)?;
            for file in parts {
                whole.join(one(file)?).map_err(|error| told(file, error))?;
            }
            Ok(whole)
        }
    }
}

fn told(file: &Path, error: ImportError) -> InputError {
    InputError::new(error.in_file(&file.display().to_string()).to_string())
}

/// Opens a file, with a bar on a terminal: a gigabyte takes some seconds.
fn open(file: &Path) -> Result<Source<'static>, InputError> {
    let shown = file.display();
    let unreadable = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => InputError::new(format!("{shown}: there is no such file")),
        _ => InputError::new(format!("{shown}: cannot be read: {error}")),
    };
    let opened = std::fs::File::open(file).map_err(unreadable)?;
    let metadata = opened.metadata().map_err(unreadable)?;
    if metadata.is_dir() {
        return Err(InputError::new(format!(
            "{shown}: this is a folder; give a file"
        )));
    }
    // Hidden by itself where the error stream is no terminal.
    let bar = ProgressBar::with_draw_target(Some(metadata.len()), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes}  {eta} to go");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    Source::new(bar.wrap_read(opened)).map_err(|error| told(file, error))
}

struct Outputs {
    fit: PathBuf,
    replay: PathBuf,
    csv: PathBuf,
}

impl Outputs {
    fn beside(output: &Path) -> Self {
        let beside = |ending: &str| output.with_file_name(format!("{}.{ending}", stem(output)));
        Self {
            fit: output.to_path_buf(),
            replay: beside("replay.ron"),
            csv: beside("replay.csv"),
        }
    }
}

fn stem(path: &Path) -> String {
    path.file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn report(fitted: &FittedPath, measurement: &Measurement) -> String {
    let sent = measurement.probes.len();
    let mut text = format!(
        "{} · {} · {sent} probes in {:.3} s, {} lost, {} repeated, {} reordered\n\n",
        fitted.model.name,
        measurement.format,
        measurement.span_ns() as f64 * 1e-9,
        measurement.lost(),
        measurement.duplicates,
        measurement.reordered
    );
    for way in &fitted.delays {
        text.push_str(&delay_report(way));
    }
    text.push_str(&loss_report(&fitted.losses));
    let (up, down) = (&fitted.model.up, &fitted.model.down);
    text.push_str(&format!(
        "\nbase delay {} ms up, {} ms down\n",
        up.base_one_way.get(),
        down.base_one_way.get()
    ));
    text
}

fn delay_report(way: &WayFit) -> String {
    let ms = |share: f64| significant(way.percentile_ms(share));
    let mut text = format!(
        "delay, {}: above the least around, ms: p1 {}, p50 {}, p90 {}, p99 {}, p99.9 {}, max {}\n",
        way.way.name(),
        ms(0.01),
        ms(0.5),
        ms(0.9),
        ms(0.99),
        ms(0.999),
        ms(1.0)
    );
    if way.regimes().len() > 1 {
        text.push_str("regimes of the base delay:\n");
        let first_ns = way.regimes()[0].base_ns;
        for regime in way.regimes() {
            text.push_str(&format!(
                "  {:.1} s to {:.1} s: {:+.3} ms\n",
                regime.from_ns as f64 * 1e-9,
                regime.to_ns as f64 * 1e-9,
                (regime.base_ns - first_ns) as f64 * 1e-6
            ));
        }
    }
    let mut rows = table(
        &[
            "law",
            "parameters",
            "begins at ms",
            "p99.9 ms",
            "distance",
            "5 % threshold",
            "fitted by",
        ],
        &[2, 3, 4, 5],
    );
    let chosen = way.chosen();
    for fit in &way.candidates {
        let mark = if chosen == Some(fit) { " ←" } else { "" };
        rows.add_row(vec![
            format!("{}{mark}", fit.law.name()),
            fit.law.parameters(),
            significant(fit.shift_ms),
            significant(fit.shift_ms + fit.law.quantile(0.999)),
            format!("{:.4}", fit.distance),
            format!("{:.4}", way.threshold),
            fit.remark.clone(),
        ]);
    }
    for missed in &way.not_fitted {
        rows.add_row(vec![
            missed.name.to_string(),
            "-".into(),
            "-".into(),
            "-".into(),
            "-".into(),
            "-".into(),
            missed.reason.clone(),
        ]);
    }
    text.push_str(&format!(
        "{rows}\nthe chosen law (←): {}\ndistance: Kolmogorov–Smirnov. The threshold counts each {} probe only (neighbours' correlation \
         {:.2});\nit is lenient, as the law was fitted to the same probes.\n\n",
        way.goodness().sentence(),
        ordinal(way.lag),
        way.neighbours
    ));
    text
}

fn ordinal(number: usize) -> String {
    match (number % 10, number % 100) {
        (1, rest) if rest != 11 => format!("{number}st"),
        (2, rest) if rest != 12 => format!("{number}nd"),
        (3, rest) if rest != 13 => format!("{number}rd"),
        _ => format!("{number}th"),
    }
}

fn loss_report(losses: &[WayLoss]) -> String {
    let mut rows = table(
        &[
            "loss",
            "lost",
            "share %",
            "bursts",
            "mean burst",
            "longest",
            "good to bad",
            "bad to good",
            "law",
        ],
        &[1, 2, 3, 4, 5, 6, 7],
    );
    for loss in losses {
        let fit = &loss.fit;
        let count = |number: u64| {
            if loss.is_split {
                "-".into()
            } else {
                number.to_string()
            }
        };
        let share = fit.good_to_bad / (fit.good_to_bad + fit.bad_to_good);
        rows.add_row(vec![
            format!(
                "{}{}",
                loss.way.name(),
                if loss.is_split { " (half)" } else { "" }
            ),
            if loss.is_split {
                "-".into()
            } else {
                format!("{}/{}", fit.lost, fit.sent)
            },
            format!("{:.3}", 100.0 * share),
            count(fit.bursts),
            if loss.is_split {
                format!("{:.2}", 1.0 / fit.bad_to_good)
            } else {
                format!("{:.2}", fit.mean_burst())
            },
            count(fit.longest),
            format!("{:.5} ± {:.5}", fit.good_to_bad, fit.good_to_bad_error),
            format!("{:.4} ± {:.4}", fit.bad_to_good, fit.bad_to_good_error),
            match fit.law(1.0) {
                net_model::LossLaw::None => "none lost",
                net_model::LossLaw::Independent { .. } => "independent",
                net_model::LossLaw::GilbertElliott { .. } => "Gilbert–Elliott",
                net_model::LossLaw::LomaxSojourns { .. } => "Lomax stays",
                net_model::LossLaw::LomaxBursts { .. } => "Lomax bursts",
            }
            .into(),
        ]);
    }
    format!("{rows}\n± is one standard error\n")
}
