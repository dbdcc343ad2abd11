//! Record: the tick's digests join the hash chain, and time advances.

use bevy_app::{App, Plugin};
use bevy_ecs::prelude::{IntoScheduleConfigs, Res, ResMut};

use super::{Stage, Tick};
use crate::adversary::Adversary;
use crate::chain::Chain;
use crate::state::{Body, Clock, ConsoleEnd, Judges, Operator, Paths, RobotEnd};
use crate::truth::Truth;

/// Adds a link to the hash chain.
pub struct RecordPlugin;

impl Plugin for RecordPlugin {
    fn build(&self, app: &mut App) {
        app.add_systems(Tick, record.in_set(Stage::Record));
    }
}

#[expect(
    clippy::too_many_arguments,
    reason = "a system names all that it reads"
)]
fn record(
    mut clock: ResMut<Clock>,
    mut chain: ResMut<Chain>,
    operator: Option<Res<Operator>>,
    console: Res<ConsoleEnd>,
    paths: Res<Paths>,
    adversary: Res<Adversary>,
    robot: Res<RobotEnd>,
    body: Res<Body>,
    truth: Res<Truth>,
    judges: Res<Judges>,
) {
    let link = [
        operator.map_or(0, |operator| chain.digest(|sink| operator.0.digest(sink))),
        chain.digest(|sink| console.console.digest(sink)),
        paths.traffic ^ adversary.digest(),
        chain.digest(|sink| robot.under_test.digest(sink)),
        chain.digest(|sink| body.0.digest(sink)),
        chain.digest(|sink| truth.digest(sink)),
        chain.digest(|sink| judges.monitors.digest(sink)),
    ];
    chain.add(link);
    clock.tick += 1;
}
