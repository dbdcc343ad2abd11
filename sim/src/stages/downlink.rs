//! Downlink: what is due at the console is taken off the paths.

use bevy_app::{App, Plugin};
use bevy_ecs::prelude::{IntoScheduleConfigs, Res, ResMut};
use net_model::Direction;

use super::{Stage, Tick};
use crate::state::{Clock, Inbox, Paths};

/// Collects the console's arrivals.
pub struct DownlinkPlugin;

impl Plugin for DownlinkPlugin {
    fn build(&self, app: &mut App) {
        app.add_systems(Tick, collect.in_set(Stage::Downlink));
    }
}

fn collect(clock: Res<Clock>, mut paths: ResMut<Paths>, mut inbox: ResMut<Inbox>) {
    while let Some(arrival) = paths.pop_due(clock.now_ns(), Direction::Down) {
        inbox.statuses.push(arrival);
    }
}
