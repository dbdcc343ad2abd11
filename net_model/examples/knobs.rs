//! Draws what the knobs of the network model do: one plot a group of knobs, made by the model itself.
//!
//! `cargo run --release -p net_model --example knobs -- docs/plots` writes SVG files; the same on every machine.

use std::fmt::Write as _;
use std::path::Path as FilePath;

use net_model::{Direction, FaultSchedule, LinkModel, LossReason, Network, PathModel, SendFate};

const MS: u64 = 1_000_000;

/// One row of a plot: a name, and what became of each packet: when it was sent (ms) and how long it took (ms), if it
/// arrived.
struct Row {
    name: String,
    packets: Vec<(f64, Option<f64>)>,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).unwrap_or("docs/plots".into());
    let folder = FilePath::new(&folder);
    std::fs::create_dir_all(folder)?;
    for (file, title, rows) in [
        (
            "delay_laws.svg",
            "jitter: delay above the base",
            delay_laws()?,
        ),
        ("losses.svg", "loss, duplicates, order", losses()?),
        (
            "bottleneck.svg",
            "policer and bottleneck: the delay is the result of the load",
            bottlenecks()?,
        ),
        ("faults.svg", "faults, from 0.5 s for 1 s", faults()?),
    ] {
        std::fs::write(folder.join(file), drawn(title, &rows))?;
        println!("{}", folder.join(file).display());
    }
    Ok(())
}

fn delay_laws() -> Result<Vec<Row>, Box<dyn std::error::Error>> {
    [
        ("ShiftedExponential(mean_ms: 2)", ""),
        ("ShiftedGamma(shape: 2, scale_ms: 1)", ""),
        (
            "HyperExponential(weights: [0.9, 0.1], rates_per_ms: [1, 0.1])",
            "",
        ),
        ("Lognormal(median_ms: 1.5, log_sd: 0.75)", ""),
        ("ParetoTail(scale_ms: 2, alpha: 2)", ""),
        (
            "Regimes(regimes: [(mean_stay_ms: 400), (mean_stay_ms: 200, extra_ms: 6, \
             jitter: ShiftedExponential(mean_ms: 2))])",
            "",
        ),
        ("ShiftedGamma(shape: 2, scale_ms: 1)", ", fifo: false"),
    ]
    .iter()
    .map(|(law, rest)| {
        let link = format!("(base_one_way: 10, jitter: {law}{rest})");
        row(&format!("{law}{rest}"), &link, "()")
    })
    .collect()
}

fn losses() -> Result<Vec<Row>, Box<dyn std::error::Error>> {
    [
        "loss: Independent(probability: 0.05)",
        "loss: GilbertElliott(good_to_bad: 0.01, bad_to_good: 0.19, loss_good: 0, loss_bad: 1)",
        "jitter: ShiftedGamma(shape: 2, scale_ms: 2), queueing_loss: (from_ms: 6, full_ms: 15, probability: 1)",
        "reordering: (probability: 0.05, by_ms: (2, 10))",
        "duplicates: (probability: 0.1, extra_delay_mean_ms: 4, repeats_max: 3)",
        "late_repeats: (probability: 0.02, delay_min_ms: 5, delay_max_ms: 15)",
    ]
    .iter()
    .map(|knob| row(knob, &format!("(base_one_way: 10, {knob})"), "()"))
    .collect()
}

fn bottlenecks() -> Result<Vec<Row>, Box<dyn std::error::Error>> {
    let video =
        "Video(frames_per_s: 60, rate_mbit_s: 12, key_every: 30, key_ratio: 6, packet_bytes: 1200)";
    let congestion = "Congestion(rate_mbit_s: 9)";
    let policer = "policer: (rate_mbit_s: 0.6, burst_bytes: 3000)";
    let mut rows = vec![row(
        policer,
        &format!("(base_one_way: 10, {policer})"),
        "()",
    )?];
    for (cross, kind) in [
        ("Poisson(packets_per_s: 1500, bytes: 1500)", None),
        (
            "OnOff(on_ms: 100, off_ms: 300, rate_mbit_s: 24, packet_bytes: 1500)",
            None,
        ),
        (video, None),
        (video, Some(congestion)),
    ] {
        let queue = format!("bottleneck: (rate_mbit_s: 20, limit_bytes: 60000, cross: [{cross}])");
        let name = match kind {
            Some(kind) => format!("20 Mbit/s, 60 kB: {cross} + {kind}"),
            None => format!("20 Mbit/s, 60 kB: {cross}"),
        };
        let faults = kind.map_or("()".to_string(), spell);
        rows.push(row(
            &name,
            &format!("(base_one_way: 10, {queue})"),
            &faults,
        )?);
    }
    Ok(rows)
}

/// A fault schedule of one fault.
fn spell(kind: &str) -> String {
    format!("(faults: [(at_ms: 500, for_ms: 1000, paths: A, kind: {kind})])")
}

fn faults() -> Result<Vec<Row>, Box<dyn std::error::Error>> {
    [
        "Outage",
        "Clog",
        "AddDelay(ms: 10)",
        "AddDelay(ms: 10, ramp_ms: 300)",
        "ShorterRoute(ms: 5)",
        "Drift(ms: 10)",
        "AddJitter(mean_ms: 3)",
        "Loss(probability: 0.3)",
        "Duplicate(probability: 0.3, delay_ms: 8)",
        "Flap(down_ms: 60, up_ms: 140)",
        "Switch(gap_ms: 100, delay_ms: 8, jitter_mean_ms: 1)",
        "Handovers(period_ms: 400, spike_ms: 80, start_ms: 10, end_ms: 6, probability: 0.3)",
    ]
    .iter()
    .map(|kind| row(kind, "(base_one_way: 10)", &spell(kind)))
    .collect()
}

/// Two seconds of packets, one each 2 ms, over a link.
fn row(name: &str, link: &str, faults: &str) -> Result<Row, Box<dyn std::error::Error>> {
    let ron =
        ron::Options::default().with_default_extension(ron::extensions::Extensions::IMPLICIT_SOME);
    let told = |error: ron::error::SpannedError| format!("{name}: {error}");
    let link: LinkModel = ron.from_str(link).map_err(told)?;
    let faults: FaultSchedule = ron.from_str(faults).map_err(told)?;
    let path = |name: &str| PathModel {
        name: name.into(),
        up: link.clone(),
        down: link.clone(),
    };
    let mut network = Network::new(&[path("A"), path("B")], faults, 1)?;
    let mut packets = Vec::new();
    for packet in 0..1_000_u64 {
        let sent_ns = packet * 2 * MS;
        let fate = network.send(sent_ns, 0, Direction::Up, packet);
        if let SendFate::Lost(LossReason::InFlightLimit) = fate {
            return Err(format!("{name}: more under way than the model holds").into());
        }
        if fate.first_arrival_ns().is_none() {
            packets.push((sent_ns as f64 / MS as f64, None));
        }
    }
    while let Some(arrival) = network.pop_due(u64::MAX, Direction::Up) {
        let sent_ns = arrival.payload * 2 * MS;
        let took_ms = (arrival.at_ns - sent_ns) as f64 / MS as f64;
        packets.push((sent_ns as f64 / MS as f64, Some(took_ms)));
    }
    Ok(Row {
        name: name.into(),
        packets,
    })
}

const WIDTH: f64 = 900.0;
const LEFT: f64 = 46.0;
const ROW: f64 = 112.0;
const PLOT: f64 = 78.0;
/// Beyond this a delay is drawn at the top: one far packet must not flatten all others.
const TALLEST_MS: f64 = 60.0;

/// A column of small plots: time of sending to the right, delay upwards, lost packets as red ticks below.
fn drawn(title: &str, rows: &[Row]) -> String {
    let height = 46.0 + ROW * rows.len() as f64;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" \
         font-size=\"11\" fill=\"#333\">\n<title>{title}</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
         <text x=\"{LEFT}\" y=\"20\" font-size=\"15\">{title}</text>\n\
         <text x=\"{LEFT}\" y=\"35\">dot: a packet or a copy that arrived, by when it was sent (s) and how long it took (ms); \
         red: lost</text>\n"
    );
    for (place, row) in rows.iter().enumerate() {
        let top = 62.0 + ROW * place as f64;
        let tallest = row
            .packets
            .iter()
            .filter_map(|(_, took_ms)| *took_ms)
            .fold(10.0_f64, f64::max)
            .min(TALLEST_MS);
        let x = |sent_ms: f64| LEFT + (WIDTH - LEFT - 14.0) * sent_ms / 2_000.0;
        let y = |took_ms: f64| top + PLOT * (1.0 - took_ms.min(tallest) / tallest);
        let _ = writeln!(
            svg,
            "<text x=\"{LEFT}\" y=\"{:.1}\" font-family=\"monospace\" font-size=\"10\">{}</text>",
            top - 5.0,
            row.name.replace('&', "&amp;").replace('<', "&lt;")
        );
        for (took_ms, label) in [(0.0, "0".to_string()), (tallest, format!("{tallest:.0}"))] {
            let line = y(took_ms);
            let _ = writeln!(
                svg,
                "<path d=\"M{LEFT} {line:.1}H{:.1}\" stroke=\"#ddd\"/><text x=\"{:.1}\" y=\"{:.1}\" \
                 text-anchor=\"end\">{label}</text>",
                WIDTH - 14.0,
                LEFT - 5.0,
                line + 4.0
            );
        }
        for s in 0..=4 {
            let at = x(f64::from(s) * 500.0);
            let _ = writeln!(
                svg,
                "<text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{:.1}</text>",
                top + PLOT + 13.0,
                f64::from(s) * 0.5
            );
        }
        let (mut dots, mut ticks) = (String::new(), String::new());
        for (sent_ms, took_ms) in &row.packets {
            let at = x(*sent_ms);
            let _ = match took_ms {
                Some(took_ms) => write!(dots, "M{at:.1} {:.1}h0", y(*took_ms)),
                None => write!(ticks, "M{at:.1} {:.1}v5", top + PLOT - 2.0),
            };
        }
        let _ = writeln!(
            svg,
            "<path d=\"{dots}\" stroke=\"#2266aa\" stroke-width=\"2\" stroke-linecap=\"round\" fill=\"none\"/>\n\
             <path d=\"{ticks}\" stroke=\"#cc2222\" fill=\"none\"/>"
        );
    }
    svg.push_str("</svg>\n");
    svg
}
