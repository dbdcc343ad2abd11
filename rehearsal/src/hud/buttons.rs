//! Buttons for what goes wrong, and for a person's pedals.

use bevy_egui::egui::{Rect, Ui, pos2, vec2};

use super::Shown;
use super::brush::{SMALL, button, respond, write_within};
use crate::actions::Action;
use crate::palette::{BLUE, FAINT, RAISED, VERMILLION};
use crate::texts::Text;
use crate::troubles::Trouble;

const ROW: f32 = 21.0;

/// The name and the key of a trouble.
pub const fn trouble_name(trouble: Trouble) -> (Text, &'static str) {
    match trouble {
        Trouble::CutA => (Text::CutA, "1"),
        Trouble::CutB => (Text::CutB, "2"),
        Trouble::CutBoth => (Text::CutBoth, "3"),
        Trouble::Delay => (Text::AddDelay, "D"),
        Trouble::Loss => (Text::AddLoss, "L"),
        Trouble::Duplicates => (Text::AddDuplicates, "U"),
        Trouble::Replay => (Text::ReplayAttack, "R"),
        Trouble::RouteStep => (Text::RouteStep, "T"),
    }
}

pub fn draw(ui: &mut Ui, rect: Rect, shown: &Shown<'_>, actions: &mut Vec<Action>) {
    let language = shown.language();
    let width = rect.width() - 16.0;
    let cell = |columns: usize, column: usize, row: f32| {
        let cell = (width + 4.0) / columns as f32;
        let at = pos2(
            rect.min.x + 8.0 + cell * column as f32,
            rect.min.y + 2.0 + ROW * row,
        );
        Rect::from_min_size(at, vec2(cell - 4.0, ROW - 3.0))
    };
    for (index, trouble) in Trouble::ALL.into_iter().enumerate() {
        let place = if index < 3 {
            cell(3, index, 0.0)
        } else if index < 5 {
            cell(2, index - 3, 1.0)
        } else {
            cell(3, index - 5, 2.0)
        };
        let (name, key) = trouble_name(trouble);
        let text = format!("{key}  {}", language.say(name));
        if button(ui, place, &text, shown.session.troubles().lasts(trouble)) {
            actions.push(Action::Trouble(trouble));
        }
    }
    if shown.session.case.is_live() {
        pedals(ui, shown, actions, &cell);
    } else {
        let text = format!("F3  {}", language.say(Text::TakeOver));
        if respond(ui, cell(1, 0, 3.2), &text, false, BLUE).clicked() {
            actions.push(Action::TakeOver);
        }
        let text = format!("F5  {}", language.say(Text::Save));
        if button(ui, cell(1, 0, 4.2), &text, false) {
            actions.push(Action::Save);
        }
    }
}

fn pedals(
    ui: &mut Ui,
    shown: &Shown<'_>,
    actions: &mut Vec<Action>,
    cell: &dyn Fn(usize, usize, f32) -> Rect,
) {
    let language = shown.language();
    let input = shown.hands.input();
    let clutch = respond(
        ui,
        cell(3, 0, 3.1),
        language.say(Text::Clutch),
        input.clutch_pressed,
        RAISED,
    );
    if clutch.is_pointer_button_down_on() != shown.screen.holds_clutch {
        actions.push(Action::ClutchButton(clutch.is_pointer_button_down_on()));
    }
    let camera = respond(
        ui,
        cell(3, 1, 3.1),
        language.say(Text::Camera),
        input.camera_pressed,
        RAISED,
    );
    if camera.is_pointer_button_down_on() != shown.screen.holds_camera {
        actions.push(Action::CameraButton(camera.is_pointer_button_down_on()));
    }
    if respond(
        ui,
        cell(3, 2, 3.1),
        language.say(Text::Stop),
        input.stop_pressed,
        VERMILLION,
    )
    .clicked()
    {
        actions.push(Action::Stop);
    }
    for (column, (text, action)) in [
        (Text::SwapArm, Action::SwapArm),
        (Text::OtherHand, Action::OtherHand),
        (Text::Save, Action::Save),
    ]
    .into_iter()
    .enumerate()
    {
        if button(ui, cell(3, column, 4.1), language.say(text), false) {
            actions.push(action);
        }
    }
    let names = &shown.session.case.operation.arm_names;
    let held = shown.hands.held().map(|arm| {
        arm.and_then(|arm| names.get(arm))
            .map_or(language.say(Text::NoArm), |name| name)
    });
    let hands = [Text::LeftHand, Text::RightHand]
        .iter()
        .zip(held)
        .enumerate()
        .map(|(hand, (text, arm))| {
            let mark = if hand == shown.hands.selected() {
                "▶ "
            } else {
                ""
            };
            format!("{mark}{}", language.say_with(*text, &[&arm]))
        });
    let line = hands.collect::<Vec<_>>().join("   ");
    let place = cell(1, 0, 5.1);
    write_within(ui.painter(), place.min, place.width(), SMALL, FAINT, &line);
}
