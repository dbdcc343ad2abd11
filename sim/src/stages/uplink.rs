//! Uplink: the command enters both paths.

use bevy_app::{App, Plugin};
use bevy_ecs::prelude::{IntoScheduleConfigs, Res, ResMut};
use net_model::{Direction, PATHS};

use super::{Stage, Tick};
use crate::state::{Clock, ConsoleEnd, Datagram, Paths};

/// Puts the console's command on both paths.
pub struct UplinkPlugin;

impl Plugin for UplinkPlugin {
    fn build(&self, app: &mut App) {
        app.add_systems(Tick, send.in_set(Stage::Uplink));
    }
}

fn send(clock: Res<Clock>, end: Res<ConsoleEnd>, mut paths: ResMut<Paths>) {
    if let Some(sent) = &end.outgoing {
        let datagram = Datagram::new(sent.command.sequence, &sent.bytes);
        for path in 0..PATHS {
            paths.send(clock.now_ns(), path, Direction::Up, datagram);
        }
    }
}
