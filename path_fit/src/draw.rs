//! Measured against modelled delay, as one SVG: over time, as distributions, and quantile against quantile.
//!
//! The modelled delays come from the network model itself, sent at the measured times, so that its order of packets
//! (`fifo`) is seen as well.

use net_model::{Direction, DuplicateLaw, FaultSchedule, LinkModel, LossLaw, Network, PathModel};

use crate::fit::{FittedPath, Way, WayFit};
use crate::measurement::Measurement;
use crate::statistics::quantile;
use crate::svg::{Drawing, MEASURED, MODELLED, Panel};

const WIDTH: f64 = 1_240.0;
const ROW: f64 = 400.0;

/// The seed of the modelled delays; any would do.
const SEED: u64 = 1;

/// Draws each way that was fitted.
///
/// # Errors
/// The model's message, should it refuse the fit.
pub fn measured_against_modelled(
    fitted: &FittedPath,
    measurement: &Measurement,
) -> Result<String, String> {
    let mut drawing = Drawing::new(WIDTH, 70.0 + ROW * fitted.delays.len() as f64);
    let title = format!(
        "{}: {} probes of {}, delay above the least around",
        fitted.model.name,
        measurement.probes.len(),
        measurement.format
    );
    drawing.text(70.0, 30.0, 18.0, "start", &title);
    drawing.key(
        70.0,
        54.0,
        &[(MEASURED, "measured"), (MODELLED, "modelled (seed 1)")],
    );
    for (row, way) in fitted.delays.iter().enumerate() {
        let modelled = modelled_ms(fitted, way)?;
        draw_way(&mut drawing, 70.0 + ROW * row as f64, way, &modelled);
    }
    Ok(drawing.finish())
}

fn draw_way(drawing: &mut Drawing, top: f64, way: &WayFit, modelled: &[(i64, f64)]) {
    let measured = &way.variation.points;
    let mut modelled_sorted: Vec<f64> = modelled.iter().map(|point| point.1).collect();
    modelled_sorted.sort_by(f64::total_cmp);
    let law = way.chosen().map_or("", |fit| fit.law.name());
    let (top, height) = (top + 30.0, ROW - 100.0);
    // One outlier must not flatten the rest.
    let highest = (1.25 * way.percentile_ms(0.999))
        .max(1.25 * quantile(&modelled_sorted, 0.999))
        .max(1e-3);
    let lowest = modelled_sorted.first().copied().unwrap_or(0.0).min(0.0);
    let end_s = measured.last().map_or(0.0, |point| point.0 as f64 * 1e-9);
    // One above the other: where both are dense, one would hide the other.
    let half = (height - 66.0) / 2.0;
    for (row, (colour, name, points)) in [
        (MEASURED, "measured", measured.as_slice()),
        (MODELLED, "modelled", modelled),
    ]
    .into_iter()
    .enumerate()
    {
        let over_time = Panel::new(
            drawing,
            [70.0, top + row as f64 * (half + 66.0), 480.0, half],
            &format!("{}: {name} over time", way.way.name()),
            ("time of sending, s", (0.0, end_s)),
            ("delay, ms", (lowest, highest)),
        );
        over_time.columns(
            drawing,
            colour,
            points.iter().map(|&(ns, ms)| (ns as f64 * 1e-9, ms)),
        );
    }
    let distribution = Panel::new(
        drawing,
        [640.0, top, 240.0, height],
        &format!("distribution ({law})"),
        ("delay above least, ms", (lowest, highest)),
        ("share of packets below", (0.0, 1.0)),
    );
    let grid = || (0..=200).map(|index| f64::from(index) / 200.0);
    // The wider line lies below: where the two agree both are seen.
    for (colour, width, sorted) in [
        (MODELLED, 5.0, &modelled_sorted),
        (MEASURED, 1.6, &way.sorted_ms),
    ] {
        distribution.line(
            drawing,
            colour,
            width,
            grid().map(|share| (quantile(sorted, share), share)),
        );
    }
    let quantiles = Panel::new(
        drawing,
        [970.0, top, 240.0, height],
        "quantiles, 0.1 % to 99.9 %",
        ("measured, ms", (lowest, highest)),
        ("modelled, ms", (lowest, highest)),
    );
    quantiles.line(
        drawing,
        "#999",
        1.2,
        [(lowest, lowest), (highest, highest)].into_iter(),
    );
    let pairs = grid().map(|share| {
        let share = share.clamp(0.001, 0.999);
        (
            quantile(&way.sorted_ms, share),
            quantile(&modelled_sorted, share),
        )
    });
    quantiles.line(drawing, MODELLED, 2.0, pairs);
}

/// The modelled delay of each probe of a way above the measured base, ms, in the order of sending.
pub fn modelled_ms(fitted: &FittedPath, way: &WayFit) -> Result<Vec<(i64, f64)>, String> {
    let lossless = |link: &LinkModel| LinkModel {
        loss: LossLaw::None,
        duplicates: DuplicateLaw::default(),
        ..link.clone()
    };
    let path = PathModel {
        name: fitted.model.name.clone(),
        up: lossless(&fitted.model.up),
        down: lossless(&fitted.model.down),
    };
    let mut base_ns = 0.0;
    let ways: &[Direction] = match way.way {
        Way::Up => &[Direction::Up],
        Way::Down => &[Direction::Down],
        Way::RoundTrip => &[Direction::Up, Direction::Down],
    };
    for direction in ways {
        let link = match direction {
            Direction::Up => &path.up,
            Direction::Down => &path.down,
        };
        base_ns += link.base_one_way.ns() as f64;
    }
    let paths = [path.clone(), path];
    let mut network: Network<usize> =
        Network::new(&paths, FaultSchedule::default(), SEED).map_err(|error| error.to_string())?;
    let points = &way.variation.points;
    let mut arrivals: Vec<(u64, usize)> = points
        .iter()
        .enumerate()
        .map(|(index, point)| (point.0.unsigned_abs(), index))
        .collect();
    for &direction in ways {
        let mut later = Vec::with_capacity(arrivals.len());
        for &(at_ns, index) in &arrivals {
            while let Some(arrival) = network.pop_due(at_ns, direction) {
                later.push((arrival.at_ns, arrival.payload));
            }
            network.send(at_ns, 0, direction, index);
        }
        while let Some(arrival) = network.pop_due(u64::MAX, direction) {
            later.push((arrival.at_ns, arrival.payload));
        }
        arrivals = later;
    }
    let shift_ms = way.chosen().map_or(0.0, |fit| fit.shift_ms);
    let mut delays: Vec<(usize, f64)> = arrivals
        .into_iter()
        .map(|(at_ns, index)| {
            let took_ns = at_ns as f64 - points[index].0 as f64 - base_ns;
            (index, took_ns * 1e-6 + shift_ms)
        })
        .collect();
    delays.sort_by_key(|delay| delay.0);
    Ok(delays
        .into_iter()
        .map(|(index, ms)| (points[index].0, ms))
        .collect())
}
