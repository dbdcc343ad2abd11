//! RobotSend: the robot's status frame enters both paths.

use bevy_app::{App, Plugin};
use bevy_ecs::prelude::{IntoScheduleConfigs, Res, ResMut};
use net_model::{Direction, PATHS};

use super::{Stage, Tick};
use crate::state::{Clock, Datagram, Paths, RobotEnd};

/// Puts the robot's status on both paths.
pub struct RobotSendPlugin;

impl Plugin for RobotSendPlugin {
    fn build(&self, app: &mut App) {
        app.add_systems(Tick, send.in_set(Stage::RobotSend));
    }
}

fn send(clock: Res<Clock>, mut robot: ResMut<RobotEnd>, mut paths: ResMut<Paths>) {
    let Some(status) = robot.output.status else {
        return;
    };
    robot.statuses_sent += 1;
    let datagram = Datagram::new(robot.statuses_sent, &status);
    for path in 0..PATHS {
        paths.send(clock.now_ns(), path, Direction::Down, datagram);
    }
}
