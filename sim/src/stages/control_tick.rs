//! ControlTick: the loop under test gives set-points from what it received and what it senses.

use bevy_app::{App, Plugin};
use bevy_ecs::prelude::{IntoScheduleConfigs, Query, Res, ResMut};
use control_loop::Sensed;
use robot_model::{MAX_ARMS, MAX_JOINTS};
use safety::AppliedTruth;

use super::{Stage, Tick};
use crate::journal::{Happening, Journal};
use crate::state::{ArmIndex, Body, Clock, Measured, RobotEnd, SetPoint};
use crate::truth::Truth;

/// Runs the tick of both loops.
pub struct ControlTickPlugin;

impl Plugin for ControlTickPlugin {
    fn build(&self, app: &mut App) {
        app.add_systems(Tick, control.in_set(Stage::ControlTick));
    }
}

fn control(
    clock: Res<Clock>,
    truth: Res<Truth>,
    body: Res<Body>,
    mut robot: ResMut<RobotEnd>,
    mut journal: ResMut<Journal>,
    mut arms: Query<(&ArmIndex, &Measured, &mut SetPoint)>,
) {
    let now_ns = clock.now_ns();
    if body.0.stalls_loop(now_ns) {
        // Nobody calls the loop: what it said last stays in force, and nothing new is applied.
        robot.applied = None;
        return;
    }
    let mut sensed = Sensed {
        joints: [[0.0; MAX_JOINTS]; MAX_ARMS],
    };
    for (index, measured, _) in &arms {
        sensed.joints[index.0] = measured.0;
    }
    let output = robot.under_test.tick(now_ns, &sensed);
    let before = core::mem::replace(&mut robot.output, output);
    let twin = robot.without_duplicates.tick(now_ns, &sensed);
    let output = &robot.output;
    let bits =
        |set_points: &[[f64; MAX_JOINTS]; MAX_ARMS]| set_points.map(|arm| arm.map(f64::to_bits));
    let same = bits(&output.set_points) == bits(&twin.set_points);
    for (index, _, mut set_point) in &mut arms {
        set_point.0 = output.set_points[index.0];
    }

    let mut applied_gesture_ns = robot.applied_gesture_ns;
    let applied = output.applied.map(|applied| {
        let made = truth.made(applied.epoch, applied.sequence);
        applied_gesture_ns = made.map(|made| made.gesture_ns);
        AppliedTruth {
            epoch: applied.epoch,
            sequence: applied.sequence,
            true_age_ns: made
                .filter(|made| made.delivered)
                .map(|made| now_ns.saturating_sub(made.created_ns)),
            echo_age_ns: now_ns.saturating_sub(applied.echo_ns),
            is_genuine: !truth.is_fooled_by(applied.epoch, applied.sequence),
        }
    });
    if output.state != before.state {
        let (from, to, engagement) = (before.state, output.state, output.engagement);
        journal.note(
            now_ns,
            Happening::StateChanged {
                from,
                to,
                engagement,
            },
        );
    }
    for (path, (was, health)) in before.paths.iter().zip(output.paths).enumerate() {
        if health != *was {
            journal.note(now_ns, Happening::PathHealth { path, health });
        }
    }
    if output.fault != before.fault
        && let Some(fault) = output.fault
    {
        journal.note(now_ns, Happening::Fault { fault });
    }
    robot.same_without_duplicates = same;
    robot.applied = applied;
    robot.applied_gesture_ns = applied_gesture_ns;
}
