//! The surgeon's picture with its age, and under it what happens: the explanation of a failure, and the last events.

use bevy_egui::egui::{Align2, Color32, CornerRadius, Rect, Stroke, StrokeKind, Ui, pos2, vec2};

use super::Shown;
use super::brush::{NORMAL, SMALL, badge, heading, write, write_lines, write_within};
use super::layout::picture_in;
use crate::palette::{FAINT, GREEN, LINE, ORANGE, TEXT, VERMILLION, YELLOW};
use crate::scene::Picture;
use crate::texts::{Text, event, network_attack, network_fault};

/// A picture older than this is marked, ns: surgeons called 400 to 500 ms tiring (Xu 2014, the origin of R01's limit).
const OLD_NS: u64 = 500_000_000;

pub fn draw(ui: &mut Ui, rect: Rect, shown: &Shown<'_>) {
    let language = shown.language();
    let painter = ui.painter();
    let left = rect.min.x + 8.0;
    let width = rect.width() - 16.0;
    let at = pos2(left, rect.min.y + 4.0);
    heading(painter, at, language.say(Text::Picture));
    let frame = picture_in(rect);
    painter.rect_filled(frame, CornerRadius::ZERO, Color32::BLACK);
    if let Some((texture, aspect)) = shown.picture {
        let size = if aspect > 16.0 / 9.0 {
            vec2(frame.width(), frame.width() / aspect)
        } else {
            vec2(frame.height() * aspect, frame.height())
        };
        let place = Rect::from_center_size(frame.center(), size);
        let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
        painter.image(texture, place, whole, Color32::WHITE);
    }
    let (word, colour) = match shown.scene.picture {
        Picture::Live => (Text::PictureLive, GREEN),
        Picture::Degraded => (Text::PictureDegraded, YELLOW),
        Picture::Frozen => (Text::PictureFrozen, VERMILLION),
    };
    painter.rect_stroke(
        frame,
        CornerRadius::ZERO,
        Stroke::new(2.0, colour),
        StrokeKind::Outside,
    );
    let said = badge(
        painter,
        frame.left_top() + vec2(6.0, 13.0),
        SMALL,
        colour,
        language.say(word),
    );
    let age = language.say_with(
        Text::PictureAge,
        &[&language.ms(shown.scene.picture_age_ns)],
    );
    badge(
        painter,
        pos2(said.max.x + 5.0, said.center().y),
        SMALL,
        if shown.scene.picture_age_ns > OLD_NS {
            ORANGE
        } else {
            Color32::from_black_alpha(190)
        },
        &age,
    );

    let mut y = frame.max.y + 7.0;
    let lead_mm = lead_m(shown) * 1e3;
    let lead = language.say_with(Text::GhostDistance, &[&language.number(lead_mm, 1)]);
    write(painter, pos2(left, y), Align2::LEFT_TOP, SMALL, TEXT, &lead);
    let age = match shown
        .session
        .seen()
        .plots
        .obeyed_age_ns(shown.session.now_ns())
    {
        Some(age_ns) => language.say_with(Text::CommandAge, &[&language.ms(age_ns)]),
        None => language.say(Text::CommandNone).into(),
    };
    write(
        painter,
        pos2(rect.max.x - 8.0, y),
        Align2::RIGHT_TOP,
        SMALL,
        TEXT,
        &age,
    );
    y += 19.0;
    painter.hline(left..=left + width, y, Stroke::new(1.0, LINE));
    y += 5.0;

    let case = &shown.session.case;
    write(
        painter,
        pos2(left, y),
        Align2::LEFT_TOP,
        NORMAL,
        TEXT,
        language.say(Text::Explanation),
    );
    y += 18.0;
    if let Some((id, at_ns)) = case.promise {
        let text = language.say_with(Text::Promise, &[&id, &language.seconds(at_ns)]);
        y = write_lines(painter, pos2(left, y), width, SMALL, ORANGE, &text)
            .max
            .y
            + 3.0;
    }
    if let Some(recorded) = case.recorded_hash
        && shown.session.report().is_whole
    {
        let (text, colour) = if recorded == shown.session.report().hash {
            (Text::RecordingHolds, GREEN)
        } else {
            (Text::RecordingDiffers, ORANGE)
        };
        y = write_lines(
            painter,
            pos2(left, y),
            width,
            SMALL,
            colour,
            language.say(text),
        )
        .max
        .y + 3.0;
    }
    if !case.explanation.is_empty() {
        let inside = painter.with_clip_rect(Rect::from_min_max(pos2(left, y), rect.max));
        y = write_lines(
            &inside,
            pos2(left, y),
            width,
            SMALL,
            TEXT,
            &case.explanation,
        )
        .max
        .y + 6.0;
    }
    events(
        painter,
        Rect::from_min_max(pos2(left, y), pos2(left + width, rect.max.y - 4.0)),
        shown,
    );
}

/// The last events up to the moment that is shown, the newest first.
fn events(painter: &bevy_egui::egui::Painter, rect: Rect, shown: &Shown<'_>) {
    const ROW: f32 = 15.0;
    let language = shown.language();
    let now_ns = shown.session.now_ns();
    let told = shown
        .session
        .report()
        .events
        .iter()
        .filter(|it| it.at_ns < now_ns);
    let mut lines: Vec<(u64, String)> = told
        .filter_map(|it| Some((it.at_ns, event(language, &it.what)?)))
        .collect();
    let faults = shown.session.twin().plan().faults.faults.iter();
    lines.extend(
        faults
            .filter(|fault| fault.at_ms.ns() < now_ns)
            .map(|fault| (fault.at_ms.ns(), network_fault(language, fault))),
    );
    let attacks = shown.session.twin().plan().faults.attacks.iter();
    lines.extend(
        attacks
            .filter(|attack| attack.at_ms.ns() < now_ns)
            .map(|attack| (attack.at_ms.ns(), network_attack(language, attack))),
    );
    lines.sort_by_key(|(at_ns, _)| *at_ns);
    let rows = (rect.height() / ROW).max(0.0) as usize;
    for (row, (at_ns, text)) in lines.iter().rev().take(rows).enumerate() {
        let y = rect.min.y + ROW * row as f32;
        let ink = if row == 0 { TEXT } else { FAINT };
        write(
            painter,
            pos2(rect.min.x, y),
            Align2::LEFT_TOP,
            SMALL,
            FAINT,
            &language.seconds(*at_ns),
        );
        write_within(
            painter,
            pos2(rect.min.x + 54.0, y),
            rect.width() - 54.0,
            SMALL,
            ink,
            text,
        );
    }
}

/// How far the farthest ghost is from its arm's tip, m.
fn lead_m(shown: &Shown<'_>) -> f64 {
    let pairs = shown.scene.commanded.arms.iter().zip(&shown.scene.now.arms);
    let distance = |(ghost, arm): (&crate::scene::ArmFrame, &crate::scene::ArmFrame)| {
        (ghost.tip.translation.vector - arm.tip.translation.vector).norm()
    };
    pairs.map(distance).fold(0.0, f64::max)
}
