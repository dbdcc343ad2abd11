//! The top line: what is run, what the robot does, how fast time passes.

use bevy_egui::egui::{Align2, Color32, Rect, Ui, pos2, vec2};
use control_loop::State;

use super::Shown;
use super::brush::{LARGE, NORMAL, SMALL, badge, button, write, write_within};
use crate::actions::Action;
use crate::palette::{BLUE, FAINT, GREEN, ORANGE, SKY_BLUE, TEXT, VERMILLION, YELLOW};
use crate::texts::{Text, state};

/// The colour of a state; its name always stands with it.
pub const fn state_colour(state: State) -> Color32 {
    match state {
        State::Idle => FAINT,
        State::Aligning => SKY_BLUE,
        State::Following => GREEN,
        State::Coasting => YELLOW,
        State::Holding => ORANGE,
        State::Faulted | State::Stopped => VERMILLION,
    }
}

pub fn draw(ui: &mut Ui, rect: Rect, shown: &Shown<'_>, actions: &mut Vec<Action>) {
    let language = shown.language();
    let session = shown.session;
    let painter = ui.painter().clone();
    let middle = rect.center().y;
    write_within(
        &painter,
        pos2(10.0, 4.0),
        248.0,
        NORMAL,
        TEXT,
        &session.case.operation.name,
    );
    let under = format!(
        "{} · {}",
        language.say_with(
            Text::LoopAndSeed,
            &[&session.case.loop_name, &session.case.plan.seed]
        ),
        session.case.operation.robot_name
    );
    write_within(&painter, pos2(10.0, 20.0), 246.0, SMALL, FAINT, &under);

    let now = session.state();
    let name = write(
        &painter,
        pos2(272.0, middle),
        Align2::LEFT_CENTER,
        NORMAL,
        FAINT,
        language.say(Text::Robot),
    );
    let said = badge(
        &painter,
        pos2(name.max.x + 8.0, middle),
        LARGE,
        state_colour(now),
        state(language, now),
    );
    let console = match session.shown_state() {
        Some(shown_state) => {
            language.say_with(Text::ConsoleShows, &[&state(language, shown_state)])
        }
        None => language.say(Text::ConsoleSilent).into(),
    };
    let differs = session.shown_state() != Some(now);
    let colour = if differs { YELLOW } else { FAINT };
    let said = write(
        &painter,
        pos2(said.max.x + 10.0, middle),
        Align2::LEFT_CENTER,
        NORMAL,
        colour,
        &console,
    );
    if session.case.is_live() {
        let of_loop = session.case.operation.control_loop.motion_scale;
        let of_hand = shown.hands.fineness();
        let numbers = [of_loop * of_hand, of_loop, of_hand].map(|scale| language.number(scale, 2));
        let text = language.say_with(Text::Scale, &[&numbers[0], &numbers[1], &numbers[2]]);
        write_within(
            &painter,
            pos2(said.max.x + 16.0, middle - 7.0),
            240.0,
            SMALL,
            FAINT,
            &text,
        );
    }

    let mut x = rect.max.x - 8.0;
    let mut put = |ui: &mut Ui, width: f32, text: &str, is_on: bool, action: Action| {
        let place = Rect::from_min_size(pos2(x - width, middle - 11.0), vec2(width, 22.0));
        x -= width + 5.0;
        if button(ui, place, text, is_on) {
            actions.push(action);
        }
    };
    put(
        ui,
        62.0,
        &format!("{} F1", language.say(Text::Help)),
        shown.screen.is_help_open,
        Action::Help,
    );
    put(
        ui,
        62.0,
        language.say(Text::LanguageName),
        false,
        Action::Language,
    );

    let speed = language.number(
        session.pace.speed(),
        if session.pace.speed() < 1.0 { 2 } else { 0 },
    );
    let pace = if session.is_over() {
        language.say(Text::Ended).to_owned()
    } else if session.pace.is_playing {
        language.say_with(Text::Playing, &[&speed])
    } else {
        language.say(Text::Paused).to_owned()
    };
    let right = write(
        &painter,
        pos2(x - 4.0, middle),
        Align2::RIGHT_CENTER,
        NORMAL,
        TEXT,
        &pace,
    );
    let mark = match (session.is_undisturbed(), session.is_newest()) {
        (true, _) => None,
        (false, true) => session.case.is_live().then_some((Text::Live, BLUE)),
        (false, false) => Some((Text::Earlier, ORANGE)),
    };
    if let Some((text, colour)) = mark {
        let text = language.say(text);
        let width = 14.0 + 6.4 * text.chars().count() as f32;
        badge(
            &painter,
            pos2(right.min.x - width - 8.0, middle),
            NORMAL,
            colour,
            text,
        );
    }
}
