//! Observe: the requirements are judged on the truth of this tick.

use bevy_app::{App, Plugin};
use bevy_ecs::prelude::{IntoScheduleConfigs, Query, Res, ResMut};
use control_loop::{PathHealth, State};
use robot_model::{MAX_ARMS, MAX_JOINTS, Pose};
use safety::{ArmSample, ContactSample, LoopState, Sample};

use super::{Stage, Tick};
use crate::journal::{Happening, Journal};
use crate::state::{ArmIndex, Body, Clock, Judges, RobotEnd, SetPoint, Tip};
use crate::truth::Truth;

/// Feeds the monitors.
pub struct ObservePlugin;

impl Plugin for ObservePlugin {
    fn build(&self, app: &mut App) {
        app.add_systems(Tick, observe.in_set(Stage::Observe));
    }
}

fn observe(
    clock: Res<Clock>,
    robot: Res<RobotEnd>,
    truth: Res<Truth>,
    body: Res<Body>,
    arms: Query<(&ArmIndex, &SetPoint, &Tip)>,
    mut judges: ResMut<Judges>,
    mut journal: ResMut<Journal>,
) {
    let still = ArmSample {
        set_point: [0.0; MAX_JOINTS],
        tip_set_point_m: [0.0; 3],
        tip_measured_m: [0.0; 3],
        contact: ContactSample::default(),
    };
    let mut samples = [still; MAX_ARMS];
    let mut count = 0;
    let mut finite = true;
    for (index, set_point, tip) in &arms {
        count += 1;
        finite &= body
            .0
            .joints(index.0)
            .iter()
            .chain(&set_point.0)
            .all(|value| value.is_finite());
        samples[index.0] = ArmSample {
            set_point: set_point.0,
            tip_set_point_m: place(&tip.set_point),
            tip_measured_m: place(&tip.measured),
            contact: contact(&body, index.0),
        };
    }
    let now_ns = clock.now_ns();
    let output = &robot.output;
    judges.state_ticks[output.state as usize] += 1;
    judges.monitors.observe(&Sample {
        now_ns,
        state: loop_state(output.state),
        engagement: output.engagement,
        arms: &samples[..count],
        applied: robot.applied,
        applied_gesture_ns: robot.applied_gesture_ns,
        admissible: truth.admissible(),
        path_last_arrival_ns: truth.path_last_arrival_ns(),
        reported_silent: output.paths.map(|health| health == PathHealth::Silent),
        traffic: robot.traffic,
        same_without_duplicates: robot.same_without_duplicates,
        robot_sound: body.0.troubles().next().is_none(),
        finite,
        quarantined: body.0.quarantined(),
    });
    if journal.is_kept() {
        for finding in judges.monitors.findings() {
            if finding.violated_at_ns.is_some() && !judges.told.contains(&finding.id) {
                judges.told.push(finding.id);
                journal.note(now_ns, Happening::Violated { id: finding.id });
            }
        }
    }
}

fn contact(body: &Body, arm: usize) -> ContactSample {
    body.0
        .touch(arm)
        .map_or_else(ContactSample::default, |touch| ContactSample {
            remote_centre_deviation_m: touch.remote_centre_deviation_m.norm(),
            clearance_m: touch.clearance_m,
            tip_force_n: touch.tip_force_n,
        })
}

fn place(pose: &Pose) -> [f64; 3] {
    pose.translation.vector.into()
}

fn loop_state(state: State) -> LoopState {
    match state {
        State::Idle => LoopState::Idle,
        State::Aligning => LoopState::Aligning,
        State::Following => LoopState::Following,
        State::Coasting => LoopState::Coasting,
        State::Holding => LoopState::Holding,
        State::Faulted => LoopState::Faulted,
        State::Stopped => LoopState::Stopped,
    }
}
