//! The network strip: two lanes from Shanghai to Casablanca with the packets in flight, and plots of both paths.

use std::collections::BTreeMap;

use bevy_egui::egui::{
    Align2, Color32, CornerRadius, Painter, Pos2, Rect, Stroke, StrokeKind, Ui, pos2, vec2,
};
use control_loop::PathHealth;
use net_model::{Direction, Path};

use super::Shown;
use super::brush::{NORMAL, SMALL, badge, cross, packet, write, write_within};
use crate::palette::{FAINT, GREEN, LINE, ORANGE, RAISED, SKY_BLUE, TEXT, VERMILLION, YELLOW};
use crate::session::plots::{EVERY_NS, SAMPLES, Sample};
use crate::session::traffic::{ARRIVED_SHOWN_NS, Fate, marks};
use crate::texts::{Text, network_attack, network_fault, path_health};

/// Least distance of two marks of one kind, in points.
const LEAST_APART: f32 = 6.5;

/// Where arrived packets come to rest, right of the lanes, in points.
const LANDING: f32 = 64.0;

pub fn draw(ui: &mut Ui, rect: Rect, shown: &Shown<'_>) {
    let painter = ui.painter();
    painter.hline(rect.x_range(), rect.min.y, Stroke::new(1.0, LINE));
    let plots_width = (rect.width() * 0.42).max(480.0);
    let (lanes, plots) = rect.split_left_right_at_x(rect.max.x - plots_width);
    draw_lanes(painter, lanes, shown);
    draw_plots(painter, plots.shrink2(vec2(6.0, 4.0)), shown);
}

fn draw_lanes(painter: &Painter, rect: Rect, shown: &Shown<'_>) {
    let language = shown.language();
    let health = shown.session.path_health();
    let working = health
        .iter()
        .filter(|health| **health == PathHealth::Working)
        .count();
    let heading = pos2(rect.min.x + 10.0, rect.min.y + 12.0);
    let name = write(
        painter,
        heading,
        Align2::LEFT_CENTER,
        NORMAL,
        TEXT,
        language.say(Text::Network),
    );
    let (redundancy, colour) = match working {
        2 => (Text::Redundant, GREEN),
        1 => (Text::OnePath, ORANGE),
        _ => (Text::NoPath, VERMILLION),
    };
    badge(
        painter,
        pos2(name.max.x + 10.0, heading.y),
        SMALL,
        colour,
        language.say(redundancy),
    );
    let from = rect.min.x + 10.0;
    let to = rect.max.x - LANDING - 14.0;
    let lane_height = (rect.height() - 24.0 - 22.0) / 2.0;
    let models = &shown.session.case.operation.paths;
    let base_ns = [
        models[0].up.base_one_way.ns(),
        models[1].up.base_one_way.ns(),
    ];
    for path in Path::ALL {
        let index = path.index();
        let lane = Rect::from_min_max(
            pos2(from, rect.min.y + 24.0 + lane_height * index as f32),
            pos2(
                to,
                rect.min.y + 24.0 + lane_height * (index as f32 + 1.0) - 5.0,
            ),
        );
        draw_lane(painter, lane, shown, path, health[index]);
    }
    let mut last_x: BTreeMap<(usize, usize, Fate), f32> = BTreeMap::new();
    for mark in marks(
        shown.session.twin(),
        base_ns,
        shown.session.case.operation.control_loop.freshness_ns,
    ) {
        let top = rect.min.y + 24.0 + lane_height * mark.path as f32;
        let middle = |share: f32| top + 16.0 + (lane_height - 21.0) * share;
        let progress = mark.progress as f32;
        let rests = mark
            .arrived_ago_ns
            .map_or(0.0, |ago_ns| ago_ns as f32 / ARRIVED_SHOWN_NS as f32);
        let at = match mark.direction {
            Direction::Up => pos2(from + (to - from) * progress + rests * LANDING, middle(0.3)),
            Direction::Down if mark.arrived_ago_ns.is_some() => continue,
            Direction::Down => pos2(to - (to - from) * progress, middle(0.78)),
        };
        let r = match mark.direction {
            Direction::Up if mark.arrived_ago_ns.is_some() => 3.0,
            Direction::Up => 4.0,
            Direction::Down => 3.0,
        };
        // Marks of one kind that would run into each other say no more than one.
        let kind = (mark.path, mark.direction.index(), mark.fate);
        if last_x
            .get(&kind)
            .is_some_and(|x| (x - at.x).abs() < LEAST_APART)
        {
            continue;
        }
        last_x.insert(kind, at.x);
        packet(painter, at, r, mark.fate);
    }
    write(
        painter,
        pos2(from + 2.0, rect.max.y - 11.0),
        Align2::LEFT_CENTER,
        SMALL,
        TEXT,
        language.say(Text::Shanghai),
    );
    write(
        painter,
        pos2(to + LANDING, rect.max.y - 11.0),
        Align2::RIGHT_CENTER,
        SMALL,
        TEXT,
        language.say(Text::Casablanca),
    );
    legend(
        painter,
        pos2(from + 62.0, rect.max.y - 11.0),
        to - 20.0,
        shown,
    );
}

/// The lane itself: name, worth, what goes wrong on it now.
fn draw_lane(painter: &Painter, lane: Rect, shown: &Shown<'_>, path: Path, health: PathHealth) {
    let language = shown.language();
    let session = shown.session;
    let now_ns = session.now_ns();
    painter.rect(
        lane,
        CornerRadius::same(3),
        RAISED,
        Stroke::new(1.0, LINE),
        StrokeKind::Inside,
    );
    let landing = Rect::from_min_size(lane.right_top(), vec2(LANDING, lane.height()));
    painter.rect_filled(landing, CornerRadius::same(3), RAISED.gamma_multiply(0.7));
    painter.vline(lane.max.x, lane.y_range(), Stroke::new(2.0, FAINT));
    let name = &session.case.operation.paths[path.index()].name;
    let letter = if path == Path::A { "A" } else { "B" };
    let title = language.say_with(Text::PathName, &[&letter, &name]);
    let at = lane.min + vec2(6.0, 8.0);
    let place = write(painter, at, Align2::LEFT_CENTER, SMALL, TEXT, &title);
    let (colour, worth) = match health {
        PathHealth::Working => (GREEN, path_health(language, health)),
        PathHealth::Losing => (YELLOW, path_health(language, health)),
        PathHealth::Silent => (VERMILLION, path_health(language, health)),
    };
    let said = write(
        painter,
        pos2(place.max.x + 22.0, at.y),
        Align2::LEFT_CENTER,
        SMALL,
        colour,
        worth,
    );
    let lamp = pos2(said.min.x - 9.0, at.y);
    match health {
        PathHealth::Silent => cross(painter, lamp, 3.5, colour),
        PathHealth::Losing => super::brush::polygon(
            painter,
            colour,
            &[vec2(0.0, -4.0), vec2(4.0, 4.0), vec2(-4.0, 4.0)],
            lamp,
        ),
        PathHealth::Working => {
            painter.circle_filled(lamp, 3.5, colour);
        }
    }
    let faults = &session.twin().plan().faults.faults;
    let now = faults.iter().filter(|fault| {
        let from_ns = fault.at_ms.ns();
        fault.paths.contains(path) && (from_ns..from_ns + fault.for_ms.ns()).contains(&now_ns)
    });
    let mut wrong: Vec<String> = now.map(|fault| network_fault(language, fault)).collect();
    let attacks = session
        .twin()
        .plan()
        .faults
        .attacks
        .iter()
        .filter(|attack| {
            let from_ns = attack.at_ms.ns();
            attack.paths.contains(path) && (from_ns..from_ns + attack.for_ms.ns()).contains(&now_ns)
        });
    wrong.extend(attacks.map(|attack| network_attack(language, attack)));
    if !wrong.is_empty() {
        let x = said.max.x + 14.0;
        write_within(
            painter,
            pos2(x, lane.min.y + 1.0),
            lane.max.x - x - 6.0,
            SMALL,
            ORANGE,
            &wrong.join(" · "),
        );
    }
}

fn legend(painter: &Painter, at: Pos2, end: f32, shown: &Shown<'_>) {
    let mut x = at.x;
    for fate in Fate::ALL {
        let text = match fate {
            Fate::Accepted => Text::FateAccepted,
            Fate::Duplicate => Text::FateDuplicate,
            Fate::Late => Text::FateLate,
            Fate::Overtaken => Text::FateOvertaken,
            Fate::Lost => Text::FateLost,
            Fate::Forged => Text::FateForged,
            Fate::Other => Text::FateStatus,
        };
        if x > end {
            return;
        }
        packet(painter, pos2(x, at.y), 3.5, fate);
        let place = write(
            painter,
            pos2(x + 7.0, at.y),
            Align2::LEFT_CENTER,
            9.5,
            FAINT,
            shown.language().say(text),
        );
        x = place.max.x + 12.0;
    }
}

fn draw_plots(painter: &Painter, rect: Rect, shown: &Shown<'_>) {
    let language = shown.language();
    let width = rect.width() / 3.0;
    let samples: Vec<&Sample> = shown.session.seen().plots.samples().collect();
    let place = |index: usize| {
        Rect::from_min_size(
            pos2(rect.min.x + width * index as f32 + 4.0, rect.min.y),
            vec2(width - 8.0, rect.height()),
        )
    };
    let delays = [0, 1].map(|path: usize| series(&samples, shown, &|sample| sample.delay_ms[path]));
    let losses = [0, 1]
        .map(|path: usize| series(&samples, shown, &|sample| Some(100.0 * sample.loss[path])));
    let age = series(&samples, shown, &|sample| sample.obeyed_ms);
    let greatest = |lines: &[Vec<(f32, f64)>], least: f64| {
        let values = lines.iter().flatten().map(|(_, value)| *value);
        nice(values.fold(least, f64::max))
    };
    let a = (GREEN, "A");
    let b = (SKY_BLUE, "B");
    plot(
        painter,
        place(0),
        language.say(Text::Delay),
        greatest(&delays, 150.0),
        &[(a, &delays[0]), (b, &delays[1])],
        None,
    );
    plot(
        painter,
        place(1),
        language.say(Text::Loss),
        greatest(&losses, 10.0),
        &[(a, &losses[0]), (b, &losses[1])],
        None,
    );
    let limit_ms = shown.session.case.operation.control_loop.freshness_ns as f64 * 1e-6;
    let ages = [age];
    plot(
        painter,
        place(2),
        language.say(Text::Age),
        greatest(&ages, 150.0),
        &[((TEXT, ""), &ages[0])],
        Some(limit_ms),
    );
}

/// Values over time: 0 is the oldest sample's place, 1 the present.
fn series(
    samples: &[&Sample],
    shown: &Shown<'_>,
    value: &dyn Fn(&Sample) -> Option<f64>,
) -> Vec<(f32, f64)> {
    let span_ns = (EVERY_NS * SAMPLES as u64) as f32;
    let now_ns = shown.session.now_ns();
    let place = |sample: &Sample| 1.0 - (now_ns.saturating_sub(sample.at_ns)) as f32 / span_ns;
    samples
        .iter()
        .filter_map(|sample| Some((place(sample), value(sample)?)))
        .collect()
}

/// The next number above that reads well.
fn nice(value: f64) -> f64 {
    [
        10.0, 20.0, 50.0, 100.0, 150.0, 200.0, 300.0, 500.0, 750.0, 1000.0, 1500.0, 2000.0, 3000.0,
        5000.0,
    ]
    .into_iter()
    .find(|step| *step >= value)
    .unwrap_or(value)
}

type Line<'a> = ((Color32, &'a str), &'a Vec<(f32, f64)>);

fn plot(
    painter: &Painter,
    rect: Rect,
    title: &str,
    greatest: f64,
    lines: &[Line<'_>],
    limit: Option<f64>,
) {
    write(
        painter,
        rect.min + vec2(0.0, 1.0),
        Align2::LEFT_TOP,
        SMALL,
        FAINT,
        title,
    );
    let inside = Rect::from_min_max(rect.min + vec2(24.0, 17.0), rect.max - vec2(12.0, 6.0));
    painter.rect(
        inside,
        CornerRadius::ZERO,
        RAISED,
        Stroke::new(1.0, LINE),
        StrokeKind::Inside,
    );
    let y_of =
        |value: f64| inside.max.y - (value / greatest).clamp(0.0, 1.0) as f32 * inside.height();
    for share in [0.0, 0.5, 1.0] {
        let value = greatest * share;
        let label = format!("{value:.0}");
        write(
            painter,
            pos2(inside.min.x - 3.0, y_of(value)),
            Align2::RIGHT_CENTER,
            9.0,
            FAINT,
            &label,
        );
    }
    painter.hline(
        inside.x_range(),
        y_of(greatest / 2.0),
        Stroke::new(0.5, LINE),
    );
    if let Some(limit) = limit.filter(|limit| *limit <= greatest) {
        painter.hline(inside.x_range(), y_of(limit), Stroke::new(1.0, VERMILLION));
    }
    for (index, ((colour, letter), values)) in lines.iter().enumerate() {
        let points = values.iter().filter(|(place, _)| *place >= 0.0);
        let points: Vec<(f32, Pos2)> = points
            .map(|(place, value)| {
                (
                    *place,
                    pos2(inside.min.x + place * inside.width(), y_of(*value)),
                )
            })
            .collect();
        // A gap in time is a gap in the line.
        let gap = 2.5 / SAMPLES as f32;
        let stroke = Stroke::new(if index == 0 { 1.8 } else { 1.3 }, *colour);
        for unbroken in points.chunk_by(|one, next| next.0 - one.0 <= gap) {
            painter.line(unbroken.iter().map(|(_, at)| *at).collect(), stroke);
        }
        if let Some((place, at)) = points.last()
            && *place > 1.0 - 4.0 * gap
        {
            painter.circle_filled(*at, 2.0, *colour);
            let nudge = if index == 0 { -4.0 } else { 4.0 };
            write(
                painter,
                *at + vec2(4.0, nudge),
                Align2::LEFT_CENTER,
                9.5,
                *colour,
                letter,
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plot_s_greatest_value_is_never_below_what_it_shows() {
        for value in [0.0, 10.0, 10.1, 149.0, 4999.0, 9e9] {
            assert!(nice(value) >= value);
        }
    }
}
