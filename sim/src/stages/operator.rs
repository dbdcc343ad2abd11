//! Operator: the programmed surgeon, or a person, moves hands and pedal.

use bevy_app::{App, Plugin};
use bevy_ecs::prelude::{IntoScheduleConfigs, Res, ResMut};
use control_loop::HandInput;

use super::{Stage, Tick};
use crate::hands::HandTrack;
use crate::journal::{Happening, Journal};
use crate::state::{Clock, ConsoleEnd, Hands, Operator};

/// Lets the programmed surgeon act; leave it out where a person writes [`Hands`].
pub struct OperatorPlugin;

impl Plugin for OperatorPlugin {
    fn build(&self, app: &mut App) {
        app.add_systems(Tick, act.in_set(Stage::Operator));
    }
}

/// Lets a person's recorded or present input act, from [`HandTrack`].
pub struct HandTrackPlugin;

impl Plugin for HandTrackPlugin {
    fn build(&self, app: &mut App) {
        app.add_systems(Tick, follow_track.in_set(Stage::Operator));
    }
}

fn act(
    clock: Res<Clock>,
    console: Res<ConsoleEnd>,
    mut operator: ResMut<Operator>,
    mut hands: ResMut<Hands>,
    mut journal: ResMut<Journal>,
) {
    let shown = console.console.newest_status().map(|status| status.state);
    let input = operator.0.act(clock.now_ns(), shown);
    note(clock.now_ns(), &hands.0, &input, &mut journal);
    hands.0 = input;
}

fn follow_track(
    clock: Res<Clock>,
    track: Res<HandTrack>,
    mut hands: ResMut<Hands>,
    mut journal: ResMut<Journal>,
) {
    let input = track.at(clock.now_ns());
    note(clock.now_ns(), &hands.0, &input, &mut journal);
    hands.0 = input;
}

/// Tells what changed at the pedals and in the hands.
fn note(now_ns: u64, before: &HandInput, now: &HandInput, journal: &mut Journal) {
    if now.clutch_pressed && !before.clutch_pressed {
        journal.note(now_ns, Happening::PedalPressed);
    }
    if now.camera_pressed != before.camera_pressed {
        let pressed = now.camera_pressed;
        journal.note(now_ns, Happening::CameraPedal { pressed });
    }
    for (hand, (now, before)) in now.hands.iter().zip(&before.hands).enumerate() {
        if let (Some(arm), Some(was)) = (now.arm, before.arm)
            && arm != was
        {
            journal.note(now_ns, Happening::ArmSwap { hand, arm });
        }
    }
}
