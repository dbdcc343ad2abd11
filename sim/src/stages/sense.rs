//! Sense: the sensors read the joints, and the tips follow from where the joints really are.

use bevy_app::{App, Plugin};
use bevy_ecs::prelude::{IntoScheduleConfigs, Query, Res};

use super::{Stage, Tick};
use crate::state::{ArmIndex, Body, Geometry, Measured, SetPoint, Tip};

/// Reads the physical robot.
pub struct SensePlugin;

impl Plugin for SensePlugin {
    fn build(&self, app: &mut App) {
        app.add_systems(Tick, measure.in_set(Stage::Sense));
    }
}

fn measure(
    body: Res<Body>,
    mut arms: Query<(&ArmIndex, &Geometry, &SetPoint, &mut Measured, &mut Tip)>,
) {
    for (index, Geometry(arm), set_point, mut measured, mut tip) in &mut arms {
        measured.0 = body.0.sensed(index.0);
        tip.set_point = arm.base * arm.tip_pose(&set_point.0);
        tip.measured = arm.base * arm.tip_pose(&body.0.joints(index.0));
        if let Some(touch) = body.0.touch(index.0) {
            tip.measured.translation.vector += touch.remote_centre_deviation_m;
        }
    }
}
