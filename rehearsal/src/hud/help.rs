//! All keys on one page.

use bevy_egui::egui::{Align2, Color32, Rect, Ui, pos2, vec2};

use super::brush::{LARGE, NORMAL, panel, write, write_within};
use crate::palette::{FAINT, SKY_BLUE, TEXT};
use crate::texts::{Language, Text};

/// Width of the column of keys, in points.
const KEYS_WIDTH: f32 = 216.0;

const KEYS: [Text; 23] = [
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
    Text::KeyScale,
    Text::KeyStop,
    Text::KeyCut,
    Text::KeyTrouble,
    Text::KeyReplay,
    Text::HelpClose,
];

pub fn draw(ui: &mut Ui, around: Rect, language: Language) {
    let painter = ui.painter();
    let rect = around.shrink2(vec2(12.0, 8.0));
    panel(painter, rect, Color32::from_rgb(0x0C, 0x10, 0x16));
    write(
        painter,
        rect.min + vec2(18.0, 12.0),
        Align2::LEFT_TOP,
        LARGE + 2.0,
        TEXT,
        language.say(Text::HelpTitle),
    );
    let rows = KEYS.len().div_ceil(2);
    let column = (rect.width() - 24.0) / 2.0;
    let row = (rect.height() - 56.0) / rows as f32;
    for (index, key) in KEYS.into_iter().enumerate() {
        let at = pos2(
            rect.min.x + 18.0 + column * (index / rows) as f32,
            rect.min.y + 48.0 + row * (index % rows) as f32,
        );
        let said = language.say(key);
        match said.split_once('|') {
            Some((keys, what)) => {
                write_within(painter, at, KEYS_WIDTH - 8.0, NORMAL, SKY_BLUE, keys);
                write_within(
                    painter,
                    at + vec2(KEYS_WIDTH, 0.0),
                    column - KEYS_WIDTH - 12.0,
                    NORMAL,
                    TEXT,
                    what,
                );
            }
            None => {
                write_within(painter, at, column, NORMAL, FAINT, said);
            }
        }
    }
}
