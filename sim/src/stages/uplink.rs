//! Uplink: the command enters both paths.

use bevy_app::{App, Plugin};
use bevy_ecs::prelude::{IntoScheduleConfigs, Res, ResMut};
use control_loop::frame::Kind;
use net_model::Direction;

use super::{Stage, Tick};
use crate::packets::PacketLog;
use crate::state::{Clock, ConsoleEnd, Datagram, Label, Paths};

/// Puts the console's command on both paths.
pub struct UplinkPlugin;

impl Plugin for UplinkPlugin {
    fn build(&self, app: &mut App) {
        app.add_systems(Tick, send.in_set(Stage::Uplink));
    }
}

fn send(
    clock: Res<Clock>,
    end: Res<ConsoleEnd>,
    mut paths: ResMut<Paths>,
    mut log: Option<ResMut<PacketLog>>,
) {
    let mut send = |path, datagram| {
        let arrives_ns = paths.send(clock.now_ns(), path, Direction::Up, datagram);
        if let Some(log) = &mut log {
            log.note_sent(clock.now_ns(), path, Direction::Up, arrives_ns);
        }
    };
    let Some(outgoing) = &end.outgoing else {
        return;
    };
    for (path, command) in outgoing.paths.iter().enumerate() {
        if let Some(hello) = &outgoing.hello {
            send(path, Datagram::new(Label::Other, *hello));
        }
        if let Some(frame) = command {
            send(path, Datagram::new(label(frame), *frame));
        }
    }
}

/// A staggered copy is sent ticks after its command was made: its header tells which it is.
fn label(frame: &control_loop::Datagram) -> Label {
    match control_loop::frame::header_of(frame.as_ref()) {
        Some((Kind::Command, epoch, sequence)) => Label::Command { epoch, sequence },
        _ => Label::Other,
    }
}
