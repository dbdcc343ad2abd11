//! RobotSend: the robot's welcome and status enter both paths.

use bevy_app::{App, Plugin};
use bevy_ecs::prelude::{IntoScheduleConfigs, Res, ResMut};
use net_model::{Direction, PATHS};

use super::{Stage, Tick};
use crate::packets::PacketLog;
use crate::state::{Body, Clock, Datagram, Label, Paths, RobotEnd};

/// Puts the robot's frames on both paths.
pub struct RobotSendPlugin;

impl Plugin for RobotSendPlugin {
    fn build(&self, app: &mut App) {
        app.add_systems(Tick, send.in_set(Stage::RobotSend));
    }
}

fn send(
    clock: Res<Clock>,
    body: Res<Body>,
    robot: Res<RobotEnd>,
    mut paths: ResMut<Paths>,
    mut log: Option<ResMut<PacketLog>>,
) {
    if body.0.stalls_loop(clock.now_ns()) {
        return;
    }
    let welcome = robot.output.welcome.iter().map(|frame| &frame[..]);
    let status = robot.output.status.iter().map(|frame| &frame[..]);
    for frame in welcome.chain(status) {
        let datagram = Datagram::new(Label::Other, control_loop::Datagram::new(frame));
        for path in 0..PATHS {
            let arrives_ns = paths.send(clock.now_ns(), path, Direction::Down, datagram);
            if let Some(log) = &mut log {
                log.note_sent(clock.now_ns(), path, Direction::Down, arrives_ns);
            }
        }
    }
}
