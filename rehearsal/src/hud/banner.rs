//! What the person at the console must know now, over the room: what happened, and what to do.

use bevy_egui::egui::{Align2, Color32, CornerRadius, Rect, Stroke, StrokeKind, Ui, pos2, vec2};
use control_loop::{PathHealth, State};
use sim::state::RobotEnd;

use super::Shown;
use super::brush::{LARGE, NORMAL, button, write, write_lines};
use super::top::state_colour;
use crate::actions::Action;
use crate::palette::{FAINT, ORANGE, TEXT};
use crate::texts::{Text, robot_fault};

/// The presets' names, in their order.
pub const VIEWS: [Text; 5] = [
    Text::ViewOverview,
    Text::ViewSurgeon,
    Text::ViewPatient,
    Text::ViewCart,
    Text::ViewTop,
];

pub fn draw(ui: &mut Ui, room: Rect, shown: &Shown<'_>, actions: &mut Vec<Action>) {
    if let Some((what, then)) = said(shown) {
        let painter = ui.painter();
        let width = (room.width() - 40.0).min(600.0);
        let height = if then.is_empty() { 32.0 } else { 54.0 };
        let rect = Rect::from_min_size(
            pos2(room.center().x - width / 2.0, room.min.y + 12.0),
            vec2(width, height),
        );
        let colour = state_colour(shown.session.state());
        painter.rect(
            rect,
            CornerRadius::same(5),
            Color32::from_rgba_unmultiplied(0x10, 0x14, 0x1A, 232),
            Stroke::new(2.0, colour),
            StrokeKind::Inside,
        );
        let stripe = Rect::from_min_size(rect.min, vec2(8.0, rect.height()));
        painter.rect_filled(stripe, CornerRadius::same(4), colour);
        write(
            painter,
            rect.min + vec2(18.0, 7.0),
            Align2::LEFT_TOP,
            LARGE,
            TEXT,
            &what,
        );
        write_lines(
            painter,
            rect.min + vec2(18.0, 29.0),
            width - 30.0,
            NORMAL,
            TEXT,
            &then,
        );
    }
    for (index, view) in VIEWS.into_iter().enumerate() {
        let at = pos2(room.min.x + 8.0 + 66.0 * index as f32, room.max.y - 26.0);
        let text = format!("F{}  {}", index + 6, shown.language().say(view));
        if button(ui, Rect::from_min_size(at, vec2(62.0, 19.0)), &text, false) {
            actions.push(Action::View(index));
        }
    }
    notes(ui, room, shown);
}

/// Too slow, still reading, saved.
fn notes(ui: &Ui, room: Rect, shown: &Shown<'_>) {
    let language = shown.language();
    let painter = ui.painter();
    let mut y = room.max.y - 34.0;
    let mut note = |colour: Color32, text: &str| {
        let galley = painter.layout_no_wrap(
            text.to_owned(),
            bevy_egui::egui::FontId::proportional(NORMAL),
            colour,
        );
        let rect = Rect::from_min_size(
            pos2(room.min.x + 8.0, y - 18.0),
            galley.size() + vec2(14.0, 5.0),
        );
        painter.rect_filled(
            rect,
            CornerRadius::same(3),
            Color32::from_rgba_unmultiplied(0x10, 0x14, 0x1A, 225),
        );
        painter.galley(rect.min + vec2(7.0, 2.0), galley, colour);
        y -= 23.0;
    };
    if let Some(achieved) = shown.session.pace.too_slow() {
        note(
            ORANGE,
            &language.say_with(Text::TooSlow, &[&language.number(achieved, 2)]),
        );
    }
    if let Some((message, _)) = &shown.screen.message {
        note(TEXT, message);
    }
    let report = shown.session.report();
    if !shown.session.case.is_live() && !report.is_whole && shown.session.is_undisturbed() {
        let length_ns = shown.session.length_ns().max(1);
        let percent = 100 * report.until_ns / length_ns;
        note(FAINT, &language.say_with(Text::Scouting, &[&percent]));
    }
}

/// What happened, and what to do.
fn said(shown: &Shown<'_>) -> Option<(String, String)> {
    let language = shown.language();
    let session = shown.session;
    let say = |text: Text| language.say(text).to_owned();
    let is_live = session.case.is_live();
    let settings = &session.case.operation.control_loop;
    let silent = session
        .path_health()
        .iter()
        .all(|health| *health == PathHealth::Silent);
    Some(match session.state() {
        State::Holding => {
            let what = language.say_with(Text::HoldBanner, &[&language.ms(settings.coast_ns)]);
            let then = match (is_live, silent) {
                (true, true) => Text::HoldWait,
                (true, false) => Text::HoldDo,
                (false, _) => Text::HoldWatch,
            };
            (what, say(then))
        }
        State::Aligning if is_live => (say(Text::AlignBanner), say(Text::AlignDo)),
        State::Coasting => (
            language.say_with(Text::CoastBanner, &[&language.ms(settings.gap_ns)]),
            String::new(),
        ),
        State::Faulted => {
            let fault = session.twin().world().resource::<RobotEnd>().output.fault;
            let why = fault.map_or("", |fault| robot_fault(language, fault.kind));
            (
                language.say_with(Text::FaultBanner, &[&why]),
                say(Text::FaultDo),
            )
        }
        State::Stopped => (say(Text::StopBanner), say(Text::StopDo)),
        State::Idle if is_live => (say(Text::IdleBanner), String::new()),
        State::Idle | State::Aligning | State::Following => return None,
    })
}
