//! The timeline: what the robot did, what went wrong, where margins were worst; a click goes there.

use bevy_egui::egui::{
    Align2, Color32, CornerRadius, Painter, Rect, Sense, Stroke, Ui, pos2, vec2,
};
use control_loop::State;
use net_model::Path;
use sim::journal::Happening;

use super::Shown;
use super::brush::{SMALL, badge, polygon, respond, write};
use super::top::state_colour;
use crate::actions::Action;
use crate::palette::{FAINT, LINE, ORANGE, PURPLE, RAISED, TEXT, VERMILLION, YELLOW};
use crate::session::worst_moments;
use crate::texts::{Text, requirement};

pub fn draw(ui: &mut Ui, rect: Rect, shown: &Shown<'_>, actions: &mut Vec<Action>) {
    let language = shown.language();
    let session = shown.session;
    controls(ui, rect, shown, actions);
    let bar = Rect::from_min_max(
        pos2(rect.min.x + 12.0, rect.min.y + 36.0),
        pos2(rect.max.x - 12.0, rect.max.y - 14.0),
    );
    let response = ui.allocate_rect(bar.expand2(vec2(4.0, 6.0)), Sense::click_and_drag());
    let length_ns = session.length_ns().max(1);
    let x_of =
        |at_ns: u64| bar.min.x + bar.width() * (at_ns as f64 / length_ns as f64).min(1.0) as f32;
    if let Some(at) = response.interact_pointer_pos() {
        let share = f64::from(((at.x - bar.min.x) / bar.width()).clamp(0.0, 1.0));
        let tick_ns = session.case.operation.control_loop.tick_ns.max(1);
        let at_ns = (share * length_ns as f64) as u64 / tick_ns * tick_ns;
        actions.push(Action::Seek(at_ns.min(session.reached_ns())));
    }
    let painter = ui.painter();
    painter.rect_filled(bar, CornerRadius::same(2), RAISED);
    states(painter, bar, shown, &x_of);
    faults(painter, bar, shown, &x_of);
    let unknown = Rect::from_min_max(pos2(x_of(session.reached_ns()), bar.min.y), bar.max);
    painter.rect_filled(
        unknown,
        CornerRadius::same(2),
        Color32::from_black_alpha(150),
    );
    seconds(painter, bar, length_ns, &x_of);
    worst(painter, bar, shown, &x_of);
    violations(painter, bar, shown, &x_of);
    let now_x = x_of(session.now_ns());
    painter.vline(
        now_x,
        bar.min.y - 5.0..=bar.max.y + 4.0,
        Stroke::new(2.0, TEXT),
    );
    polygon(
        painter,
        TEXT,
        &[vec2(-5.0, 0.0), vec2(5.0, 0.0), vec2(0.0, -6.0)],
        pos2(now_x, bar.max.y + 9.0),
    );
    if let Some(at) = response.hover_pos() {
        let share = f64::from(((at.x - bar.min.x) / bar.width()).clamp(0.0, 1.0));
        let text = language.seconds((share * length_ns as f64) as u64);
        let x = at.x.clamp(bar.min.x, bar.max.x - 60.0);
        badge(
            painter,
            pos2(x, bar.min.y - 11.0),
            SMALL,
            Color32::BLACK,
            &text,
        );
    }
}

fn controls(ui: &mut Ui, rect: Rect, shown: &Shown<'_>, actions: &mut Vec<Action>) {
    let language = shown.language();
    let session = shown.session;
    let mut x = rect.min.x + 12.0;
    let mut put = |ui: &mut Ui, width: f32, text: &str, hint: Text, action: Action| {
        let place = Rect::from_min_size(pos2(x, rect.min.y + 3.0), vec2(width, 20.0));
        x += width + 4.0;
        if respond(ui, place, text, false, RAISED)
            .on_hover_text(language.say(hint))
            .clicked()
        {
            actions.push(action);
        }
    };
    put(ui, 28.0, "⏮", Text::ToStart, Action::Seek(0));
    put(
        ui,
        28.0,
        "|◀",
        Text::EventBack,
        Action::Event { forward: false },
    );
    put(
        ui,
        28.0,
        "◀ 1",
        Text::TickBack,
        Action::Tick { forward: false },
    );
    let play = if session.pace.is_playing {
        Text::Pause
    } else {
        Text::Play
    };
    put(ui, 64.0, language.say(play), play, Action::PlayOrPause);
    put(
        ui,
        28.0,
        "1 ▶",
        Text::TickOn,
        Action::Tick { forward: true },
    );
    put(
        ui,
        28.0,
        "▶|",
        Text::EventOn,
        Action::Event { forward: true },
    );
    put(ui, 28.0, "⏭", Text::ToNewest, Action::Newest);
    put(ui, 22.0, "−", Text::Slower, Action::Speed { faster: false });
    put(ui, 22.0, "+", Text::Faster, Action::Speed { faster: true });
    let speed = session.pace.speed();
    let speed = format!(
        "{}×",
        language.number(speed, if speed < 1.0 { 2 } else { 0 })
    );
    let painter = ui.painter();
    let y = rect.min.y + 13.0;
    let after = write(
        painter,
        pos2(x + 4.0, y),
        Align2::LEFT_CENTER,
        SMALL,
        TEXT,
        &speed,
    );
    let time = format!(
        "{}  /  {}",
        language.seconds(session.now_ns()),
        language.seconds(session.length_ns())
    );
    let after = write(
        painter,
        pos2(after.max.x + 18.0, y),
        Align2::LEFT_CENTER,
        13.0,
        TEXT,
        &time,
    );
    let worst = worst_moments(&session.report().findings).min_by(|a, b| a.1.total_cmp(&b.1));
    if let Some((id, share, at_ns)) = worst {
        let left = if share < 0.0 {
            language.say(Text::Violated).to_owned()
        } else {
            language.say_with(Text::Margin, &[&language.number(100.0 * share, 0)])
        };
        let what = format!("{id} {}, {left}", requirement(language, id));
        let text = language.say_with(Text::Worst, &[&what, &language.seconds(at_ns)]);
        let place = write(
            painter,
            pos2(rect.max.x - 12.0, y),
            Align2::RIGHT_CENTER,
            SMALL,
            YELLOW,
            &text,
        );
        if place.min.x > after.max.x + 16.0 {
            let at = pos2(place.min.x - 9.0, y);
            polygon(
                painter,
                YELLOW,
                &[
                    vec2(0.0, -5.0),
                    vec2(5.0, 0.0),
                    vec2(0.0, 5.0),
                    vec2(-5.0, 0.0),
                ],
                at,
            );
        }
    }
}

/// What the robot did, as a coloured band through the middle; holds are hatched too.
fn states(painter: &Painter, bar: Rect, shown: &Shown<'_>, x_of: &dyn Fn(u64) -> f32) {
    let session = shown.session;
    let mut since_ns = 0;
    let mut state = State::Idle;
    let band = |from_ns: u64, to_ns: u64, state: State| {
        let rect = Rect::from_min_max(
            pos2(x_of(from_ns), bar.min.y + 5.0),
            pos2(x_of(to_ns).max(x_of(from_ns) + 0.5), bar.max.y - 5.0),
        );
        painter.rect_filled(
            rect,
            CornerRadius::ZERO,
            state_colour(state).gamma_multiply(0.8),
        );
        if matches!(state, State::Holding | State::Faulted | State::Stopped) {
            let mut x = rect.min.x;
            while x < rect.max.x {
                painter.line_segment(
                    [
                        pos2(x, rect.max.y),
                        pos2((x + 4.0).min(rect.max.x), rect.min.y),
                    ],
                    Stroke::new(1.0, Color32::BLACK),
                );
                x += 5.0;
            }
        }
    };
    for event in &session.report().events {
        if let Happening::StateChanged { to, .. } = event.what {
            band(since_ns, event.at_ns, state);
            (since_ns, state) = (event.at_ns, to);
        }
    }
    band(since_ns, session.report().until_ns, state);
}

/// A wedge at each first violation; those that are close together share their words.
fn violations(painter: &Painter, bar: Rect, shown: &Shown<'_>, x_of: &dyn Fn(u64) -> f32) {
    let told = shown
        .session
        .report()
        .events
        .iter()
        .filter_map(|event| match event.what {
            Happening::Violated { id } => Some((x_of(event.at_ns), id)),
            _ => None,
        });
    let told: Vec<(f32, safety::Id)> = told.collect();
    for close in told.chunk_by(|one, next| next.0 - one.0 < 34.0) {
        for (x, _) in close {
            let corners = [vec2(-5.0, -5.0), vec2(5.0, -5.0), vec2(0.0, 5.0)];
            polygon(painter, VERMILLION, &corners, pos2(*x, bar.min.y - 4.0));
        }
        let words = close
            .iter()
            .map(|(_, id)| id.name())
            .collect::<Vec<_>>()
            .join(" ");
        let first = close.first().map_or(0.0, |(x, _)| *x);
        let last = close.last().map_or(0.0, |(x, _)| *x);
        let (x, align) = if last > bar.max.x - 120.0 {
            (first - 7.0, Align2::RIGHT_CENTER)
        } else {
            (last + 7.0, Align2::LEFT_CENTER)
        };
        write(
            painter,
            pos2(x, bar.min.y - 5.0),
            align,
            9.5,
            VERMILLION,
            &words,
        );
    }
}

/// What goes wrong on path A above, on path B below.
fn faults(painter: &Painter, bar: Rect, shown: &Shown<'_>, x_of: &dyn Fn(u64) -> f32) {
    let until_ns = shown.session.reached_ns();
    let plan = &shown.session.twin().plan().faults;
    let spells = plan
        .faults
        .iter()
        .map(|it| (it.at_ms, it.for_ms, it.paths, ORANGE, 4.0));
    let attacks = plan
        .attacks
        .iter()
        .map(|it| (it.at_ms, it.for_ms, it.paths, PURPLE, 2.0));
    for (at_ms, for_ms, paths, colour, thick) in spells.chain(attacks) {
        let from_ns = at_ms.ns();
        let to_ns = (from_ns + for_ms.ns()).min(until_ns);
        if from_ns > until_ns {
            continue;
        }
        for (path, y) in [(Path::A, bar.min.y), (Path::B, bar.max.y - 4.0)] {
            if paths.contains(path) {
                let end = pos2(x_of(to_ns).max(x_of(from_ns) + 1.0), y + thick);
                painter.rect_filled(
                    Rect::from_min_max(pos2(x_of(from_ns), y), end),
                    CornerRadius::ZERO,
                    colour,
                );
            }
        }
    }
    write(
        painter,
        pos2(bar.min.x - 3.0, bar.min.y + 2.0),
        Align2::RIGHT_CENTER,
        8.0,
        FAINT,
        "A",
    );
    write(
        painter,
        pos2(bar.min.x - 3.0, bar.max.y - 2.0),
        Align2::RIGHT_CENTER,
        8.0,
        FAINT,
        "B",
    );
}

/// A diamond at the worst moment of each requirement whose margin was small: the smaller, the larger.
fn worst(painter: &Painter, bar: Rect, shown: &Shown<'_>, x_of: &dyn Fn(u64) -> f32) {
    for (_, share, at_ns) in worst_moments(&shown.session.report().findings) {
        if share < 0.5 {
            let r = 2.0 + 4.0 * (0.5 - share.max(0.0)) as f32;
            let at = pos2(x_of(at_ns), bar.max.y + 5.0);
            polygon(
                painter,
                YELLOW,
                &[vec2(0.0, -r), vec2(r, 0.0), vec2(0.0, r), vec2(-r, 0.0)],
                at,
            );
        }
    }
}

fn seconds(painter: &Painter, bar: Rect, length_ns: u64, x_of: &dyn Fn(u64) -> f32) {
    let length_s = length_ns as f64 * 1e-9;
    let every_s = [0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 600.0]
        .into_iter()
        .find(|every| length_s / every <= 22.0)
        .unwrap_or(3600.0);
    let count = (length_s / every_s) as u64;
    for index in 0..=count {
        let at_s = index as f64 * every_s;
        let x = x_of((at_s * 1e9) as u64);
        painter.vline(x, bar.max.y - 3.0..=bar.max.y + 2.0, Stroke::new(1.0, LINE));
        let decimals = usize::from(every_s < 1.0);
        write(
            painter,
            pos2(x + 2.0, bar.max.y + 7.0),
            Align2::LEFT_CENTER,
            8.5,
            FAINT,
            &format!("{at_s:.decimals$}"),
        );
    }
}
