//! Requirement lamps: held, violated or not exercised, with what is left of the worst margin.

use bevy_egui::egui::{Align2, CornerRadius, Rect, Sense, Stroke, Ui, pos2, vec2};
use safety::{Finding, Verdict};

use super::Shown;
use super::brush::{SMALL, cross, heading, write, write_within};
use crate::palette::{FAINT, GREEN, LINE, TEXT, VERMILLION, YELLOW};
use crate::texts::{Text, requirement};

/// Below this share of its limit a margin is told as small. Assumed.
const SMALL_MARGIN: f64 = 0.1;

pub fn draw(ui: &mut Ui, rect: Rect, shown: &Shown<'_>) {
    let language = shown.language();
    let painter = ui.painter().clone();
    let painter = &painter;
    let left = rect.min.x + 10.0;
    let at = pos2(left, rect.min.y + 4.0);
    heading(painter, at, language.say(Text::Requirements));
    let findings = shown.session.findings();
    let row = ((rect.height() - 24.0) / findings.len().max(1) as f32).min(19.0);
    for (index, finding) in findings.iter().enumerate() {
        let y = rect.min.y + 24.0 + row * (index as f32 + 0.5);
        lamp(painter, pos2(left + 5.0, y), finding);
        let ink = if finding.verdict() == Verdict::NotExercised {
            FAINT
        } else {
            TEXT
        };
        write(
            painter,
            pos2(left + 15.0, y),
            Align2::LEFT_CENTER,
            SMALL,
            ink,
            finding.id.name(),
        );
        let text = requirement(language, finding.id);
        write_within(painter, pos2(left + 42.0, y - 7.0), 140.0, SMALL, ink, text);
        let line = Rect::from_min_max(
            pos2(left, y - row / 2.0),
            pos2(rect.max.x - 4.0, y + row / 2.0),
        );
        ui.allocate_rect(line, Sense::hover())
            .on_hover_text(told(finding, shown));
        margin(
            painter,
            Rect::from_min_size(pos2(rect.max.x - 66.0, y - 4.0), vec2(58.0, 8.0)),
            finding,
            shown,
        );
    }
}

/// What became of a requirement, in full.
fn told(finding: &Finding, shown: &Shown<'_>) -> String {
    let language = shown.language();
    let verdict = language.say(match finding.verdict() {
        Verdict::Held => Text::Held,
        Verdict::Violated => Text::Violated,
        Verdict::NotExercised => Text::NotExercised,
    });
    let mut said = format!(
        "{} {}\n{verdict}",
        finding.id,
        requirement(language, finding.id)
    );
    if !finding.detail.is_empty() {
        let at = language.seconds(finding.worst_at_ns);
        said.push_str(&format!(
            "\n{}\n{}",
            finding.detail,
            language.say_with(Text::WorstAt, &[&at])
        ));
    }
    said
}

/// Full circle: held. Cross: violated. Ring: not exercised.
fn lamp(painter: &bevy_egui::egui::Painter, at: bevy_egui::egui::Pos2, finding: &Finding) {
    match finding.verdict() {
        Verdict::Held => {
            let colour = if finding.robustness < SMALL_MARGIN {
                YELLOW
            } else {
                GREEN
            };
            painter.circle_filled(at, 4.5, colour);
        }
        Verdict::Violated => cross(painter, at, 4.5, VERMILLION),
        Verdict::NotExercised => {
            painter.circle_stroke(at, 4.0, Stroke::new(1.2, FAINT));
        }
    }
}

/// How much of the limit was left in the worst moment, as a bar; nothing where a requirement has no magnitude.
fn margin(painter: &bevy_egui::egui::Painter, rect: Rect, finding: &Finding, shown: &Shown<'_>) {
    let language = shown.language();
    match finding.verdict() {
        Verdict::Violated => {
            let at = pos2(rect.max.x, rect.center().y);
            write(
                painter,
                at,
                Align2::RIGHT_CENTER,
                SMALL,
                VERMILLION,
                language.say(Text::Violated),
            );
        }
        Verdict::Held if finding.robustness.is_finite() => {
            let share = finding.robustness.clamp(0.0, 1.0) as f32;
            painter.rect_stroke(
                rect,
                CornerRadius::same(2),
                Stroke::new(1.0, LINE),
                bevy_egui::egui::StrokeKind::Inside,
            );
            let colour = if finding.robustness < SMALL_MARGIN {
                YELLOW
            } else {
                GREEN
            };
            let bar = Rect::from_min_size(
                rect.min,
                vec2((rect.width() * share).max(1.0), rect.height()),
            );
            painter.rect_filled(bar, CornerRadius::same(2), colour.gamma_multiply(0.75));
            let percent = format!("{} %", language.number(100.0 * f64::from(share), 0));
            let shade = bevy_egui::egui::Color32::BLACK;
            let at = pos2(rect.center().x, rect.center().y);
            write(
                painter,
                at + vec2(0.7, 0.7),
                Align2::CENTER_CENTER,
                8.5,
                shade,
                &percent,
            );
            write(painter, at, Align2::CENTER_CENTER, 8.5, TEXT, &percent);
        }
        Verdict::Held | Verdict::NotExercised => {}
    }
}
