//! All keys on one page.

use bevy_egui::egui::{Align2, Color32, Rect, Ui, pos2};

use super::brush::{LARGE, NORMAL, panel, write, write_within};
use crate::palette::{FAINT, SKY_BLUE, TEXT};
use crate::texts::{Language, Text};

const KEYS: [Text; 22] = [
    Text::KeySpacePlay,
    Text::KeyTick,
    Text::KeySpeed,
    Text::KeyEvent,
    Text::KeyEnds,
    Text::KeyTimeline,
    Text::KeyViews,
    Text::KeyOrbit,
    Text::KeyLanguage,
    Text::KeyTakeOver,
    Text::KeySave,
    Text::KeyDrag,
    Text::KeyArrows,
    Text::KeyJaw,
    Text::KeyClutch,
    Text::KeyCamera,
    Text::KeySwap,
    Text::KeyStop,
    Text::KeyCut,
    Text::KeyTrouble,
    Text::KeyReplay,
    Text::HelpClose,
];

pub fn draw(ui: &mut Ui, around: Rect, language: Language) {
    let painter = ui.painter();
    let rect = around.shrink2(bevy_egui::egui::vec2(around.width() * 0.06, 18.0));
    painter.rect_filled(rect, 4, Color32::from_rgba_unmultiplied(0x0C, 0x10, 0x16, 244));
    panel(painter, rect, Color32::TRANSPARENT);
    write(painter, rect.min + bevy_egui::egui::vec2(18.0, 12.0), Align2::LEFT_TOP, LARGE + 2.0, TEXT, language.say(Text::HelpTitle));
    let rows = KEYS.len().div_ceil(2);
    let column = rect.width() / 2.0;
    let row = (rect.height() - 56.0) / rows as f32;
    for (index, key) in KEYS.into_iter().enumerate() {
        let at = pos2(
            rect.min.x + 18.0 + column * (index / rows) as f32,
            rect.min.y + 46.0 + row * (index % rows) as f32,
        );
        let said = language.say(key);
        let (keys, what) = said.split_once('|').unwrap_or(("", said));
        write_within(painter, at, column - 30.0, NORMAL, SKY_BLUE, keys);
        write_within(painter, at + bevy_egui::egui::vec2(0.0, 15.0), column - 30.0, NORMAL, if keys.is_empty() { FAINT } else { TEXT }, what);
    }
}
