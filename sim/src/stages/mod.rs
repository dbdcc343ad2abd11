//! The stages of a tick, one plugin a file, in the order in which they run.

mod attack;
mod console_receive;
mod console_send;
mod control_tick;
mod downlink;
mod observe;
mod operator;
mod plant;
mod record;
mod robot_receive;
mod robot_send;
mod sense;
mod uplink;

use bevy_app::{App, Plugin};
use bevy_ecs::prelude::{IntoScheduleConfigs, SystemSet};
use bevy_ecs::schedule::{LogLevel, ScheduleBuildSettings, ScheduleLabel, SingleThreadedExecutor};

pub use attack::AttackPlugin;
pub use console_receive::ConsoleReceivePlugin;
pub use console_send::ConsoleSendPlugin;
pub use control_tick::ControlTickPlugin;
pub use downlink::DownlinkPlugin;
pub use observe::ObservePlugin;
pub use operator::{HandTrackPlugin, OperatorPlugin};
pub use plant::PlantPlugin;
pub use record::RecordPlugin;
pub use robot_receive::RobotReceivePlugin;
pub use robot_send::RobotSendPlugin;
pub use sense::SensePlugin;
pub use uplink::UplinkPlugin;

/// The schedule that one tick of simulated time runs.
#[derive(ScheduleLabel, Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tick;

/// The stages of a tick, in order.
#[derive(SystemSet, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// The surgeon moves hands and pedal.
    Operator,
    /// The console seals a command.
    ConsoleSend,
    /// The command enters both paths.
    Uplink,
    /// What arrives at the robot passes through the attacker's hands.
    UplinkAttack,
    /// What arrives at the robot is judged.
    RobotReceive,
    /// The loop gives set-points.
    ControlTick,
    /// The physics pass one tick.
    Plant,
    /// Joints and tips are measured.
    Sense,
    /// The robot seals a status frame, which enters both paths.
    RobotSend,
    /// What arrives at the console is taken off the paths.
    Downlink,
    /// It passes through the attacker's hands.
    DownlinkAttack,
    /// The console reads it.
    ConsoleReceive,
    /// The requirements are judged.
    Observe,
    /// The tick's digests join the hash chain, and time advances.
    Record,
}

/// Every stage but the operator's, who may be a program or a person.
pub struct StagesPlugin;

impl Plugin for StagesPlugin {
    fn build(&self, app: &mut App) {
        app.init_schedule(Tick);
        app.edit_schedule(Tick, |schedule| {
            // One thread, whatever features a viewer in the same build switches on; and two systems
            // that could run in either order are a defect, not a choice.
            schedule.set_executor(SingleThreadedExecutor::new());
            schedule.set_build_settings(ScheduleBuildSettings {
                ambiguity_detection: LogLevel::Error,
                ..ScheduleBuildSettings::default()
            });
        });
        app.configure_sets(
            Tick,
            (
                Stage::Operator,
                Stage::ConsoleSend,
                Stage::Uplink,
                Stage::UplinkAttack,
                Stage::RobotReceive,
                Stage::ControlTick,
                Stage::Plant,
                Stage::Sense,
                Stage::RobotSend,
                Stage::Downlink,
                Stage::DownlinkAttack,
                Stage::ConsoleReceive,
                Stage::Observe,
                Stage::Record,
            )
                .chain(),
        );
        app.add_plugins((
            ConsoleSendPlugin,
            UplinkPlugin,
            AttackPlugin,
            RobotReceivePlugin,
            ControlTickPlugin,
            PlantPlugin,
            SensePlugin,
            RobotSendPlugin,
            DownlinkPlugin,
            ConsoleReceivePlugin,
            ObservePlugin,
            RecordPlugin,
        ));
    }
}
