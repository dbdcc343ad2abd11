//! Painting in points: texts, badges, and the shapes that say what colours say.

use std::sync::Arc;

use bevy_egui::egui::{
    Align2, Color32, CornerRadius, FontId, Galley, Painter, Pos2, Rect, Shape, Stroke, StrokeKind,
    Vec2, pos2, vec2,
};

use crate::palette::{GREEN, LINE, ORANGE, PURPLE, RAISED, SKY_BLUE, TEXT, VERMILLION, YELLOW};
use crate::session::traffic::Fate;

/// Text sizes in points.
pub const SMALL: f32 = 10.5;
/// The usual size.
pub const NORMAL: f32 = 12.5;
/// Headings.
pub const LARGE: f32 = 15.0;

/// Writes a line of text; returns where it stands.
pub fn write(
    painter: &Painter,
    at: Pos2,
    align: Align2,
    size: f32,
    colour: Color32,
    text: &str,
) -> Rect {
    painter.text(at, align, text, FontId::proportional(size), colour)
}

/// Writes a line of text no wider than `width`, ended by an ellipsis where it is longer.
pub fn write_within(
    painter: &Painter,
    at: Pos2,
    width: f32,
    size: f32,
    colour: Color32,
    text: &str,
) -> Rect {
    let mut job = bevy_egui::egui::text::LayoutJob::simple_singleline(
        text.to_owned(),
        FontId::proportional(size),
        colour,
    );
    job.wrap = bevy_egui::egui::text::TextWrapping::truncate_at_width(width);
    set(painter, at, painter.layout_job(job), colour)
}

/// Writes text in lines no wider than `width`; returns where it stands.
pub fn write_lines(
    painter: &Painter,
    at: Pos2,
    width: f32,
    size: f32,
    colour: Color32,
    text: &str,
) -> Rect {
    let font = FontId::proportional(size);
    let galley = painter.layout(text.to_owned(), font, colour, width);
    set(painter, at, galley, colour)
}

/// Sets text that is laid out; returns where it stands.
fn set(painter: &Painter, at: Pos2, galley: Arc<Galley>, colour: Color32) -> Rect {
    let place = Rect::from_min_size(at, galley.size());
    painter.galley(at, galley, colour);
    place
}

/// Writes the heading of a part of the screen.
pub fn heading(painter: &Painter, at: Pos2, text: &str) -> Rect {
    write(painter, at, Align2::LEFT_TOP, NORMAL, TEXT, text)
}

/// A box with a line around it.
pub fn panel(painter: &Painter, rect: Rect, fill: Color32) {
    painter.rect(
        rect,
        CornerRadius::same(3),
        fill,
        Stroke::new(1.0, LINE),
        StrokeKind::Inside,
    );
}

/// A word on a coloured ground, at its left middle; returns where it stands.
pub fn badge(painter: &Painter, at: Pos2, size: f32, ground: Color32, text: &str) -> Rect {
    let ink = if is_dark(ground) {
        Color32::WHITE
    } else {
        Color32::BLACK
    };
    let galley = painter.layout_no_wrap(text.to_owned(), FontId::proportional(size), ink);
    let place = Rect::from_min_size(
        pos2(at.x, at.y - galley.size().y / 2.0 - 2.0),
        galley.size() + vec2(14.0, 4.0),
    );
    painter.rect_filled(place, CornerRadius::same(4), ground);
    painter.galley(place.min + vec2(7.0, 2.0), galley, ink);
    place
}

fn is_dark(colour: Color32) -> bool {
    let light = 0.299 * f32::from(colour.r())
        + 0.587 * f32::from(colour.g())
        + 0.114 * f32::from(colour.b());
    light < 135.0
}

/// The colour of a packet's fate.
pub const fn fate_colour(fate: Fate) -> Color32 {
    match fate {
        Fate::Accepted => GREEN,
        Fate::Duplicate => SKY_BLUE,
        Fate::Late => YELLOW,
        Fate::Overtaken => ORANGE,
        Fate::Lost => VERMILLION,
        Fate::Forged => PURPLE,
        Fate::Other => Color32::from_rgb(0x8A, 0x96, 0xA4),
    }
}

/// A packet: its shape and its colour say the same.
pub fn packet(painter: &Painter, at: Pos2, r: f32, fate: Fate) {
    let colour = fate_colour(fate);
    match fate {
        Fate::Accepted => {
            painter.circle_filled(at, r, colour);
        }
        Fate::Other => {
            painter.circle_filled(at, r * 0.6, colour);
        }
        Fate::Duplicate => {
            polygon(
                painter,
                colour,
                &[vec2(0.0, -r), vec2(r, 0.0), vec2(0.0, r), vec2(-r, 0.0)],
                at,
            );
        }
        Fate::Overtaken => polygon(
            painter,
            colour,
            &[vec2(0.0, -r), vec2(r, r), vec2(-r, r)],
            at,
        ),
        Fate::Late => polygon(
            painter,
            colour,
            &[vec2(-r, -r), vec2(r, -r), vec2(0.0, r)],
            at,
        ),
        Fate::Forged => {
            painter.rect_filled(
                Rect::from_center_size(at, Vec2::splat(2.0 * r)),
                CornerRadius::ZERO,
                colour,
            );
        }
        Fate::Lost => cross(painter, at, r, colour),
    }
}

/// A cross.
pub fn cross(painter: &Painter, at: Pos2, r: f32, colour: Color32) {
    let stroke = Stroke::new(1.8, colour);
    painter.line_segment([at + vec2(-r, -r), at + vec2(r, r)], stroke);
    painter.line_segment([at + vec2(-r, r), at + vec2(r, -r)], stroke);
}

/// A filled polygon around a point.
pub fn polygon(painter: &Painter, colour: Color32, corners: &[Vec2], at: Pos2) {
    let points = corners.iter().map(|corner| at + *corner).collect();
    painter.add(Shape::convex_polygon(points, colour, Stroke::NONE));
}

/// A button; `is_on` marks one that is switched on. Returns whether it was clicked.
pub fn button(ui: &mut bevy_egui::egui::Ui, rect: Rect, text: &str, is_on: bool) -> bool {
    respond(ui, rect, text, is_on, RAISED).clicked()
}

/// As [`button`], with a ground of its own, for whoever needs more than a click.
pub fn respond(
    ui: &mut bevy_egui::egui::Ui,
    rect: Rect,
    text: &str,
    is_on: bool,
    ground: Color32,
) -> bevy_egui::egui::Response {
    let response = ui.allocate_rect(rect, bevy_egui::egui::Sense::click());
    let painter = ui.painter();
    let (fill, ink, line) = if is_on {
        (ORANGE, Color32::BLACK, ORANGE)
    } else if response.is_pointer_button_down_on() {
        (LINE, TEXT, SKY_BLUE)
    } else if response.hovered() {
        (ground.gamma_multiply(1.3), TEXT, SKY_BLUE)
    } else {
        (ground, TEXT, LINE)
    };
    painter.rect(
        rect,
        CornerRadius::same(3),
        fill,
        Stroke::new(1.0, line),
        StrokeKind::Inside,
    );
    let galley = {
        let mut job = bevy_egui::egui::text::LayoutJob::simple_singleline(
            text.to_owned(),
            FontId::proportional(SMALL),
            ink,
        );
        job.wrap = bevy_egui::egui::text::TextWrapping::truncate_at_width(rect.width() - 6.0);
        painter.layout_job(job)
    };
    painter.galley(rect.center() - galley.size() / 2.0, galley, ink);
    response
}
