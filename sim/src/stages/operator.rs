//! Operator: the programmed surgeon moves hands and pedal.

use bevy_app::{App, Plugin};
use bevy_ecs::prelude::{IntoScheduleConfigs, Res, ResMut};

use super::{Stage, Tick};
use crate::journal::{Happening, Journal};
use crate::state::{Clock, ConsoleEnd, Hands, Operator};

/// Lets the programmed surgeon act; leave it out where a person writes [`Hands`].
pub struct OperatorPlugin;

impl Plugin for OperatorPlugin {
    fn build(&self, app: &mut App) {
        app.add_systems(Tick, act.in_set(Stage::Operator));
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
    if input.clutch_pressed && !hands.0.clutch_pressed {
        journal.note(clock.now_ns(), Happening::PedalPressed);
    }
    if input.camera_pressed != hands.0.camera_pressed {
        let pressed = input.camera_pressed;
        journal.note(clock.now_ns(), Happening::CameraPedal { pressed });
    }
    for (hand, (now, before)) in input.hands.iter().zip(&hands.0.hands).enumerate() {
        if let (Some(arm), Some(was)) = (now.arm, before.arm)
            && arm != was
        {
            journal.note(clock.now_ns(), Happening::ArmSwap { hand, arm });
        }
    }
    hands.0 = input;
}
