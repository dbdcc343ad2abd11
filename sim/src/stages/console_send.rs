//! ConsoleSend: the console turns the hands into a sealed command, at the time that its own clock shows.

use bevy_app::{App, Plugin};
use bevy_ecs::prelude::{IntoScheduleConfigs, Res, ResMut};

use super::{Stage, Tick};
use crate::journal::{Happening, Journal};
use crate::state::{Clock, ConsoleEnd, Hands, NewestCommand};
use crate::truth::Truth;

/// Runs the console's tick.
pub struct ConsoleSendPlugin;

impl Plugin for ConsoleSendPlugin {
    fn build(&self, app: &mut App) {
        app.add_systems(Tick, seal.in_set(Stage::ConsoleSend));
    }
}

fn seal(
    clock: Res<Clock>,
    hands: Res<Hands>,
    mut end: ResMut<ConsoleEnd>,
    mut truth: ResMut<Truth>,
    mut newest: ResMut<NewestCommand>,
    mut journal: ResMut<Journal>,
) {
    let now_ns = clock.now_ns();
    let shown_ns = end.clock.reading_ns(now_ns);
    let outgoing = end.console.tick(shown_ns, &hands.0);
    end.outgoing = Some(outgoing);
    if let Some(command) = &outgoing.command {
        newest.0 = Some(*command);
        if truth.note_made(now_ns, command) {
            let (clutch, engagement) = (command.clutch, command.engagement);
            journal.note(now_ns, Happening::Gesture { clutch, engagement });
        }
    }
}
