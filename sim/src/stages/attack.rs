//! Attack: what came out of the paths passes through the attacker's hands.

use bevy_app::{App, Plugin};
use bevy_ecs::prelude::{IntoScheduleConfigs, Res, ResMut};
use net_model::Direction;

use super::{Stage, Tick};
use crate::adversary::Adversary;
use crate::state::{Clock, Inbox, Paths};

/// Takes arrivals off the paths and lets the attacker work on them: commands before the robot hears them,
/// statuses before the console does.
pub struct AttackPlugin;

impl Plugin for AttackPlugin {
    fn build(&self, app: &mut App) {
        app.add_systems(Tick, on_the_way_up.in_set(Stage::UplinkAttack));
        app.add_systems(Tick, on_the_way_down.in_set(Stage::DownlinkAttack));
    }
}

fn on_the_way_up(
    clock: Res<Clock>,
    mut paths: ResMut<Paths>,
    mut adversary: ResMut<Adversary>,
    mut inbox: ResMut<Inbox>,
) {
    let now_ns = clock.now_ns();
    let commands = &mut inbox.commands;
    // What waits for a stalled loop has been attacked when it came.
    let waiting = match commands.is_empty() {
        true => Vec::new(),
        false => core::mem::take(commands),
    };
    while let Some(arrival) = paths.pop_due(now_ns, Direction::Up) {
        commands.push(arrival);
    }
    adversary.work(now_ns, clock.tick_ns, Direction::Up, commands);
    commands.splice(0..0, waiting);
}

fn on_the_way_down(clock: Res<Clock>, mut adversary: ResMut<Adversary>, mut inbox: ResMut<Inbox>) {
    let now_ns = clock.now_ns();
    adversary.work(now_ns, clock.tick_ns, Direction::Down, &mut inbox.statuses);
}
