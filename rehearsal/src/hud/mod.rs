//! What is written and drawn over the room, and the buttons. It reads the session and returns wishes; it changes nothing.

mod banner;
mod brush;
mod buttons;
mod help;
mod lamps;
pub mod layout;
mod network;
mod picture;
mod timeline;
mod top;

use bevy::prelude::Resource;
use bevy_egui::egui::{Rect, TextureId, Ui};

use crate::actions::Action;
use crate::hands::PersonHands;
use crate::palette::GROUND;
use crate::scene::SceneState;
use crate::session::Session;
use crate::texts::Language;
use layout::Layout;

/// What the screen itself remembers.
#[derive(Resource, Clone, Debug, Default)]
pub struct Screen {
    /// The language.
    pub language: Language,
    /// Whether the help is open.
    pub is_help_open: bool,
    /// A message and for how many more frames it is shown.
    pub message: Option<(String, u32)>,
    /// The camera's present place, by its number.
    pub view: usize,
    /// Whether the pedal's button is held with the mouse.
    pub holds_clutch: bool,
    /// Whether the camera pedal's button is held with the mouse.
    pub holds_camera: bool,
}

/// All that is drawn from.
pub struct Shown<'a> {
    /// The run.
    pub session: &'a Session,
    /// The three truths.
    pub scene: &'a SceneState,
    /// The screen's own state.
    pub screen: &'a Screen,
    /// A person's hands.
    pub hands: &'a PersonHands,
    /// The endoscope's picture and its width over its height.
    pub picture: Option<(TextureId, f32)>,
}

impl Shown<'_> {
    fn language(&self) -> Language {
        self.screen.language
    }
}

/// Draws everything; returns what the buttons ask for.
pub fn draw(ui: &mut Ui, shown: &Shown<'_>) -> Vec<Action> {
    let layout = Layout::of(ui.max_rect().size());
    let mut actions = Vec::new();
    for part in [
        layout.top,
        layout.left,
        layout.right,
        layout.network,
        layout.timeline,
    ] {
        ui.painter().rect_filled(part, 0, GROUND);
    }
    top::draw(ui, layout.top, shown, &mut actions);
    let (lamps_place, buttons_place) = split_left(layout.left);
    lamps::draw(ui, lamps_place, shown);
    buttons::draw(ui, buttons_place, shown, &mut actions);
    picture::draw(ui, layout.right, shown);
    network::draw(ui, layout.network, shown);
    timeline::draw(ui, layout.timeline, shown, &mut actions);
    banner::draw(ui, layout.room, shown, &mut actions);
    if shown.screen.is_help_open {
        help::draw(
            ui,
            layout.room.union(layout.left).union(layout.right),
            shown.language(),
        );
    }
    actions
}

fn split_left(left: Rect) -> (Rect, Rect) {
    left.split_top_bottom_at_y(left.max.y - 134.0)
}
