//! Plant: the physics pass one tick.

use bevy_app::{App, Plugin};
use bevy_ecs::prelude::{IntoScheduleConfigs, Query, ResMut};
use robot_model::{MAX_ARMS, MAX_JOINTS};

use super::{Stage, Tick};
use crate::state::{ArmIndex, Body, SetPoint};

/// Steps the physical robot.
pub struct PlantPlugin;

impl Plugin for PlantPlugin {
    fn build(&self, app: &mut App) {
        app.add_systems(Tick, step.in_set(Stage::Plant));
    }
}

fn step(mut body: ResMut<Body>, arms: Query<(&ArmIndex, &SetPoint)>) {
    let mut set_points = [[0.0; MAX_JOINTS]; MAX_ARMS];
    for (index, set_point) in &arms {
        set_points[index.0] = set_point.0;
    }
    body.0.step(&set_points);
}
