//! Plots as inline SVG, in the colours of the page.

use std::fmt::Write as _;

use super::page::escaped;
use super::state_class;
use super::timeline::{COLUMNS, Column, Timeline};
use crate::monte_carlo::summary::BINS;

/// How many runs had their margin in each bin, from below 0 (left of the line) to the whole limit and more.
pub fn histogram(bins: &[u64], id: &str) -> String {
    let most = bins.iter().copied().max().unwrap_or(0);
    if most == 0 {
        return "–".into();
    }
    let (width, height) = (6.0, 30.0);
    let mut svg = format!(
        "<svg class=\"hist\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"distribution of the margin of {id}\">",
        width * BINS as f64 + 4.0,
        height + 2.0
    );
    for (at, &count) in bins.iter().enumerate() {
        if count == 0 {
            continue;
        }
        // Logarithmic, so that a single run beside a thousand is seen.
        let share = libm::log1p(count as f64) / libm::log1p(most as f64);
        let tall = (share * height).max(2.0);
        let class = if at == 0 { "bad" } else { "bar" };
        // What is below zero stands apart.
        let x = at as f64 * width + if at == 0 { 0.0 } else { 4.0 };
        let _ = write!(
            svg,
            "<rect class=\"{class}\" x=\"{x}\" y=\"{:.1}\" width=\"{}\" height=\"{tall:.1}\"><title>{}: {count} runs</title></rect>",
            height - tall,
            width - 1.0,
            bin_name(at)
        );
    }
    let _ = write!(
        svg,
        "<line class=\"zero\" x1=\"{0}\" y1=\"0\" x2=\"{0}\" y2=\"{1}\"></line><line class=\"axis\" x1=\"0\" y1=\"{height}\" x2=\"{2}\" y2=\"{height}\"></line></svg>",
        width + 1.5,
        height + 2.0,
        width * BINS as f64 + 4.0
    );
    svg
}

fn bin_name(at: usize) -> String {
    let step = 100 / (BINS - 2);
    match at {
        0 => "violated".into(),
        at if at == BINS - 1 => "margin of the whole limit or more".into(),
        at => format!("margin {} to {} % of the limit", (at - 1) * step, at * step),
    }
}

const LEFT: f64 = 86.0;
const WIDTH: f64 = 1000.0;

/// The lanes of a run, one above the other, on one axis of time.
pub fn timeline(run: &Timeline) -> String {
    let mut lanes = Lanes {
        svg: String::new(),
        y: 16.0,
        duration_s: run.duration_s.max(1e-9),
    };
    lanes.states(run);
    lanes.faults(run);
    lanes.line(
        "tip speed",
        "mm/s",
        &[(
            "tip",
            run.columns.iter().map(|c| Some(c.tip_mm_s)).collect(),
        )],
    );
    lanes.bars("sent", run.columns.iter().map(|c| vec![(c.sent, "bar")]));
    for (path, name) in ["arrived A", "arrived B"].iter().enumerate() {
        lanes.bars(
            name,
            run.columns.iter().map(|column| {
                let [accepted, duplicate, refused] = column.arrived[path];
                vec![(accepted, "good"), (duplicate, "dup"), (refused, "bad")]
            }),
        );
    }
    let delay = |path: usize| {
        let most = |column: &Column| column.delay_ms[path].map(|(_, most)| most);
        run.columns.iter().map(most).collect()
    };
    lanes.line(
        "delay up",
        "ms",
        &[("path-a", delay(0)), ("path-b", delay(1))],
    );
    let height = lanes.y;
    lanes.axis(height);
    let x = lanes.x(run.worst_at_s);
    let _ = write!(
        lanes.svg,
        "<line class=\"worst\" x1=\"{x:.1}\" y1=\"10\" x2=\"{x:.1}\" y2=\"{height:.1}\"></line><text class=\"worst-label\" x=\"{:.1}\" y=\"9\" text-anchor=\"{}\">{} worst</text>",
        x,
        if x > WIDTH - 60.0 { "end" } else { "middle" },
        run.requirement
    );
    format!(
        "<svg class=\"timeline\" viewBox=\"0 0 {WIDTH} {:.0}\" role=\"img\" aria-label=\"timeline of the run of seed {}\">{}</svg>",
        height + 20.0,
        run.seed,
        lanes.svg
    )
}

struct Lanes {
    svg: String,
    y: f64,
    duration_s: f64,
}

impl Lanes {
    fn x(&self, at_s: f64) -> f64 {
        LEFT + (WIDTH - LEFT) * (at_s / self.duration_s).clamp(0.0, 1.0)
    }

    fn label(&mut self, text: &str, height: f64) {
        let _ = write!(
            self.svg,
            "<text class=\"lane\" x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{text}</text>",
            LEFT - 8.0,
            self.y + height / 2.0 + 4.0
        );
    }

    fn states(&mut self, run: &Timeline) {
        const TALL: f64 = 22.0;
        self.label("state", TALL);
        for (from_s, to_s, state) in &run.states {
            let (from, to) = (self.x(*from_s), self.x(*to_s));
            let _ = write!(
                self.svg,
                "<rect class=\"{}\" x=\"{from:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{TALL}\"><title>{} from {from_s:.3} s to {to_s:.3} s</title></rect>",
                state_class(*state),
                self.y,
                (to - from).max(0.6),
                state.name()
            );
        }
        self.y += TALL + 10.0;
    }

    fn faults(&mut self, run: &Timeline) {
        const TALL: f64 = 8.0;
        const ROWS: usize = 4;
        // Faults that overlap go into rows below each other; the last row takes what is left.
        let mut ends = [f64::NEG_INFINITY; ROWS];
        self.label("faults", TALL * ROWS as f64);
        for (from_s, to_s, words) in &run.faults {
            let row = ends
                .iter()
                .position(|end| end <= from_s)
                .unwrap_or(ROWS - 1);
            ends[row] = ends[row].max(*to_s);
            let (from, to) = (self.x(*from_s), self.x(*to_s));
            let _ = write!(
                self.svg,
                "<rect class=\"fault\" x=\"{from:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{}\"><title>{} from {from_s:.3} s</title></rect>",
                self.y + row as f64 * TALL,
                (to - from).max(1.0),
                TALL - 1.5,
                escaped(words)
            );
        }
        self.y += TALL * ROWS as f64 + 10.0;
    }

    fn line(&mut self, name: &str, unit: &str, lines: &[(&str, Vec<Option<f64>>)]) {
        const TALL: f64 = 84.0;
        let values = lines.iter().flat_map(|(_, values)| values.iter().flatten());
        let most = round_up(values.fold(0.0, |most: f64, &value| most.max(value)));
        self.label(name, TALL);
        let _ = write!(
            self.svg,
            "<line class=\"grid\" x1=\"{LEFT}\" y1=\"{0:.1}\" x2=\"{WIDTH}\" y2=\"{0:.1}\"></line><line class=\"axis\" x1=\"{LEFT}\" y1=\"{1:.1}\" x2=\"{WIDTH}\" y2=\"{1:.1}\"></line><text class=\"unit\" x=\"{2}\" y=\"{3:.1}\">{most} {unit}</text>",
            self.y,
            self.y + TALL,
            LEFT + 4.0,
            self.y + 11.0
        );
        let step = (WIDTH - LEFT) / COLUMNS as f64;
        for (class, values) in lines {
            let mut points = String::new();
            let mut is_open = false;
            for (at, value) in values.iter().enumerate() {
                let Some(value) = value else {
                    is_open = false;
                    continue;
                };
                let _ = write!(
                    points,
                    "{}{:.1} {:.1} ",
                    if is_open { "L" } else { "M" },
                    LEFT + (at as f64 + 0.5) * step,
                    self.y + TALL - TALL * (value / most).clamp(0.0, 1.0)
                );
                // A gap of a single column still shows as a dot.
                if !is_open {
                    points.push_str("h0.5 ");
                }
                is_open = true;
            }
            let _ = write!(
                self.svg,
                "<path class=\"line {class}\" d=\"{}\"></path>",
                points.trim_end()
            );
        }
        self.y += TALL + 12.0;
    }

    fn bars(&mut self, name: &str, columns: impl Iterator<Item = Vec<(u32, &'static str)>>) {
        const TALL: f64 = 36.0;
        self.label(name, TALL);
        let columns: Vec<Vec<(u32, &str)>> = columns.collect();
        let sum = |column: &Vec<(u32, &str)>| column.iter().map(|(count, _)| count).sum::<u32>();
        // A burst after a clog is cut off, or it would flatten everything else.
        let mut sums: Vec<u32> = columns.iter().map(sum).filter(|&sum| sum > 0).collect();
        sums.sort_unstable();
        let usual = sums.get(sums.len() / 2).copied().unwrap_or(1);
        let most = sums.last().copied().unwrap_or(1).min(2 * usual).max(1);
        let step = (WIDTH - LEFT) / COLUMNS as f64;
        for (at, column) in columns.iter().enumerate() {
            let mut top = self.y + TALL;
            for &(count, class) in column {
                if count == 0 {
                    continue;
                }
                let room = top - self.y;
                let tall = (TALL * f64::from(count) / f64::from(most)).min(room);
                top -= tall;
                let _ = write!(
                    self.svg,
                    "<rect class=\"{class}\" x=\"{:.1}\" y=\"{top:.1}\" width=\"{step:.2}\" height=\"{tall:.1}\"></rect>",
                    LEFT + at as f64 * step
                );
            }
        }
        let _ = write!(
            self.svg,
            "<line class=\"axis\" x1=\"{LEFT}\" y1=\"{0:.1}\" x2=\"{WIDTH}\" y2=\"{0:.1}\"></line>",
            self.y + TALL
        );
        self.y += TALL + 12.0;
    }

    fn axis(&mut self, y: f64) {
        let step_s = round_up(self.duration_s / 12.0);
        let mut at_s = 0.0;
        while at_s <= self.duration_s {
            let x = self.x(at_s);
            let anchor = if x > WIDTH - 20.0 { "end" } else { "middle" };
            let _ = write!(
                self.svg,
                "<line class=\"grid\" x1=\"{x:.1}\" y1=\"16\" x2=\"{x:.1}\" y2=\"{y:.1}\"></line><text class=\"unit\" x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{} s</text>",
                y + 14.0,
                (at_s * 1e6).round() / 1e6
            );
            at_s += step_s;
        }
    }
}

/// The next of 1, 2, 5, 10, … times a power of ten.
fn round_up(value: f64) -> f64 {
    if value <= 0.0 || !value.is_finite() {
        return 1.0;
    }
    let power = libm::pow(10.0, libm::floor(libm::log10(value)));
    let lead = [1.0, 2.0, 5.0]
        .into_iter()
        .find(|lead| lead * power >= value * 0.999_999);
    lead.unwrap_or(10.0) * power
}
