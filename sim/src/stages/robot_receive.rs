//! RobotReceive: the loop under test judges what arrives, and its twin gets the first genuine copies only.

use bevy_app::{App, Plugin};
use bevy_ecs::prelude::{IntoScheduleConfigs, Res, ResMut};
use control_loop::{PathId, Verdict};
use net_model::PATHS;
use safety::Traffic;

use super::{Stage, Tick};
use crate::adversary::OF_AN_ATTACKER;
use crate::journal::Journal;
use crate::packets::PacketLog;
use crate::state::{Body, Clock, Inbox, Judges, Label, RobotEnd};
use crate::truth::{Look, Truth};

/// Hands arrivals to the robot end.
pub struct RobotReceivePlugin;

impl Plugin for RobotReceivePlugin {
    fn build(&self, app: &mut App) {
        app.add_systems(Tick, receive.in_set(Stage::RobotReceive));
    }
}

#[expect(
    clippy::too_many_arguments,
    reason = "a system names all that it reads"
)]
fn receive(
    clock: Res<Clock>,
    body: Res<Body>,
    mut inbox: ResMut<Inbox>,
    mut robot: ResMut<RobotEnd>,
    mut truth: ResMut<Truth>,
    mut judges: ResMut<Judges>,
    mut journal: ResMut<Journal>,
    mut log: Option<ResMut<PacketLog>>,
) {
    let now_ns = clock.now_ns();
    if body.0.stalls_loop(now_ns) {
        // What arrives waits for the loop.
        robot.traffic = [Traffic::default(); PATHS];
        return;
    }
    let engagement = robot.output.engagement;
    let mut traffic = [Traffic::default(); PATHS];
    for arrival in &inbox.commands {
        let path = &mut traffic[arrival.path];
        path.arrived += 1;
        path.hostile += u32::from(arrival.payload.is_hostile);
    }
    for arrival in inbox.commands.drain(..) {
        let Some(path) = PathId::from_index(arrival.path) else {
            continue;
        };
        let bytes = arrival.payload.as_ref();
        let verdict = robot.under_test.receive(now_ns, path, bytes);
        if let Some(log) = &mut log
            && arrival.copy == 0
        {
            let number = (arrival.packet != OF_AN_ATTACKER).then_some(arrival.packet);
            log.note_verdict(now_ns, arrival.path, number, verdict);
        }
        let seen = &mut traffic[arrival.path];
        seen.opened += u32::from(was_opened(verdict));
        truth.note_verdict(verdict, arrival.payload.label == Label::Hostile, bytes);
        let is_needed = match arrival.payload.label {
            Label::Command { epoch, sequence } => {
                let look = if verdict != Verdict::Flooded {
                    Look::Read
                } else if seen.hostile > 0 && seen.arrived > judges.flood_datagrams {
                    Look::Drowned
                } else {
                    Look::Unread
                };
                seen.unread += u32::from(look != Look::Read);
                truth.note_arrival(now_ns, arrival.path, epoch, sequence, engagement, look)
            }
            // Both loops must be in the same session.
            Label::Other => true,
            Label::Hostile => false,
        };
        if is_needed {
            robot.without_duplicates.receive(now_ns, path, bytes);
        }
        judges.verdicts[arrival.path][verdict as usize] += 1;
        journal.note_verdict(now_ns, arrival.path, verdict);
    }
    robot.traffic = traffic;
    journal.end_old_refusals(now_ns);
}

/// Whether a datagram's seal was checked: everything before that costs next to nothing.
fn was_opened(verdict: Verdict) -> bool {
    !matches!(
        verdict,
        Verdict::Malformed | Verdict::WrongEpoch | Verdict::Flooded
    )
}
