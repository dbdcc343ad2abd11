//! RobotReceive: the loop under test judges what arrives, and its twin gets the first copies only.

use bevy_app::{App, Plugin};
use bevy_ecs::prelude::{IntoScheduleConfigs, Res, ResMut};
use control_loop::{PathId, Verdict};
use net_model::Direction;

use super::{Stage, Tick};
use crate::journal::Journal;
use crate::state::{Body, Clock, Judges, Label, Paths, RobotEnd};
use crate::truth::Truth;

/// Hands arrivals to the robot end.
pub struct RobotReceivePlugin;

impl Plugin for RobotReceivePlugin {
    fn build(&self, app: &mut App) {
        app.add_systems(Tick, receive.in_set(Stage::RobotReceive));
    }
}

fn receive(
    clock: Res<Clock>,
    body: Res<Body>,
    mut paths: ResMut<Paths>,
    mut robot: ResMut<RobotEnd>,
    mut truth: ResMut<Truth>,
    mut judges: ResMut<Judges>,
    mut journal: ResMut<Journal>,
) {
    let now_ns = clock.now_ns();
    if body.0.stalls_loop(now_ns) {
        return;
    }
    let engagement = robot.output.engagement;
    while let Some(arrival) = paths.pop_due(now_ns, Direction::Up) {
        let Some(path) = PathId::from_index(arrival.path) else {
            continue;
        };
        let bytes = arrival.payload.as_ref();
        let verdict = robot.under_test.receive(now_ns, path, bytes);
        let was_read = verdict != Verdict::Flooded;
        let is_needed = match arrival.payload.label {
            Label::Command { epoch, sequence } => {
                truth.note_arrival(now_ns, arrival.path, epoch, sequence, engagement, was_read)
            }
            // Both loops must be in the same session.
            Label::Other => true,
        };
        if is_needed {
            robot.without_duplicates.receive(now_ns, path, bytes);
        }
        judges.verdicts[arrival.path][verdict as usize] += 1;
        journal.note_verdict(now_ns, arrival.path, verdict);
    }
    journal.end_old_refusals(now_ns);
}
