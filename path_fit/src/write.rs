//! What an import writes: the fitted path, and the measurement itself as a path that is replayed.

use std::fmt::Write as _;

use net_model::trace::{REPLAY_COLUMNS, REPLAY_HEADING};
use net_model::{DelayLaw, LinkModel, Milliseconds, PathModel};

use crate::fit::{FittedPath, Way, WayFit};
use crate::measurement::{Lost, Measurement};

/// A path as RON, with the notes above it as comments. It stands in a scenario as `paths: (a: THIS, b: ...)`.
///
/// # Errors
/// The writer's message, should it refuse.
pub fn path_ron(model: &PathModel, title: &str, notes: &[String]) -> Result<String, String> {
    let mut text = String::new();
    for line in std::iter::once(title).chain(notes.iter().map(String::as_str)) {
        for line in line.lines() {
            let _ = writeln!(text, "// {line}");
        }
    }
    let ron = ron::ser::to_string_pretty(model, ron::ser::PrettyConfig::default())
        .map_err(|error| error.to_string())?;
    text.push_str(&ron);
    text.push('\n');
    Ok(text)
}

/// The path that replays the measurement from a file of [`replay_csv`].
pub fn replay_model(fitted: &FittedPath, file: &str) -> PathModel {
    let link = |base_ms: f64, fifo: bool| LinkModel {
        jitter: DelayLaw::Trace {
            file: file.into(),
            measured: None,
        },
        fifo,
        ..LinkModel::constant(Milliseconds::clamped(libm::rint(base_ms * 1e6) / 1e6))
    };
    PathModel {
        name: format!("{}, replayed", fitted.model.name),
        up: link(fitted.replay_base_ms.0, fitted.model.up.fifo),
        down: link(fitted.replay_base_ms.1, fitted.model.down.fifo),
    }
}

/// The measurement in the replay format of [`net_model::trace`]: delays above the least regime's base, so that route
/// steps stay.
pub fn replay_csv(measurement: &Measurement, fitted: &FittedPath) -> String {
    let up = fitted.delays.iter().find(|fit| fit.way == Way::Up);
    let down = fitted.delays.iter().find(|fit| fit.way == Way::Down);
    let round_trip = fitted.delays.iter().find(|fit| fit.way == Way::RoundTrip);
    let mut up = Cells::new(up.or(round_trip));
    let mut down = Cells::new(down.or(round_trip).or(fitted.delays.first()));
    let mut text = format!(
        "{REPLAY_HEADING}\n# {}: {} probes of {}; delays above the base, ns; an empty cell is a loss\n{REPLAY_COLUMNS}\n",
        fitted.model.name,
        measurement.probes.len(),
        measurement.format
    );
    for (index, probe) in measurement.probes.iter().enumerate() {
        // A loss without a direction goes up or down by its number's parity: half each, in the measured order.
        let lost = match probe.lost {
            Lost::Somewhere if index % 2 == 0 => Lost::Up,
            Lost::Somewhere => Lost::Down,
            known if measurement.both_ways => known,
            Lost::No => Lost::No,
            _ => Lost::Both,
        };
        let (up_ns, down_ns) = (up.next(probe.sent_ns), down.next(probe.sent_ns));
        let _ = write!(text, "{},", probe.sent_ns);
        if !matches!(lost, Lost::Up | Lost::Both) {
            let _ = write!(text, "{up_ns}");
        }
        text.push(',');
        if !matches!(lost, Lost::Down | Lost::Both) {
            let _ = write!(text, "{down_ns}");
        }
        text.push('\n');
    }
    text
}

/// The delays of one way, probe by probe.
struct Cells<'a> {
    fit: Option<&'a WayFit>,
    next: usize,
    regime: usize,
    least_ns: i64,
    before_ns: i64,
}

impl<'a> Cells<'a> {
    fn new(fit: Option<&'a WayFit>) -> Self {
        let bases = fit
            .into_iter()
            .flat_map(|fit| fit.regimes().iter().map(|regime| regime.base_ns));
        Self {
            fit,
            next: 0,
            regime: 0,
            least_ns: bases.min().unwrap_or(0),
            before_ns: 0,
        }
    }

    /// The delay of the probe sent then; that of the one before for a probe that has none in this way.
    fn next(&mut self, sent_ns: i64) -> i64 {
        let Some(fit) = self.fit else { return 0 };
        let points = &fit.variation.points;
        if let Some(&(_, variation_ms)) = points.get(self.next).filter(|point| point.0 == sent_ns) {
            self.next += 1;
            let regimes = fit.regimes();
            while regimes
                .get(self.regime + 1)
                .is_some_and(|later| later.from_ns <= sent_ns)
            {
                self.regime += 1;
            }
            let step_ns = regimes[self.regime].base_ns - self.least_ns;
            let delay_ns = libm::rint(variation_ms * 1e6) as i64 + step_ns;
            self.before_ns = if fit.way == Way::RoundTrip {
                delay_ns / 2
            } else {
                delay_ns
            };
        }
        self.before_ns
    }
}
