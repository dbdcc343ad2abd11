//! ConsoleReceive: the console reads the statuses that arrived, at the time that its own clock shows.

use bevy_app::{App, Plugin};
use bevy_ecs::prelude::{IntoScheduleConfigs, Res, ResMut};
use control_loop::PathId;

use super::{Stage, Tick};
use crate::state::{Clock, ConsoleEnd, Inbox};

/// Hands statuses to the console end.
pub struct ConsoleReceivePlugin;

impl Plugin for ConsoleReceivePlugin {
    fn build(&self, app: &mut App) {
        app.add_systems(Tick, receive.in_set(Stage::ConsoleReceive));
    }
}

fn receive(clock: Res<Clock>, mut inbox: ResMut<Inbox>, mut end: ResMut<ConsoleEnd>) {
    let shown_ns = end.clock.reading_ns(clock.now_ns());
    for arrival in inbox.statuses.drain(..) {
        if let Some(path) = PathId::from_index(arrival.path) {
            end.console
                .receive(shown_ns, path, arrival.payload.as_ref());
        }
    }
}
