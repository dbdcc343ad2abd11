//! What the network strip plots: delay and loss of each path, and the age of what the robot obeys.

use std::collections::VecDeque;

use net_model::{Direction, PATHS};
use sim::Twin;
use sim::state::{Paths, RobotEnd};

/// Time between samples, ns, and how many are kept: ten seconds.
pub const EVERY_NS: u64 = 50_000_000;
/// Samples kept.
pub const SAMPLES: usize = 200;

/// One sample.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sample {
    /// When, ns.
    pub at_ns: u64,
    /// One-way delay of the last command that came through a path since the last sample, ms.
    pub delay_ms: [Option<f64>; PATHS],
    /// Share of the commands sent on a path since the last sample that are lost.
    pub loss: [f64; PATHS],
    /// Age of the command that the robot obeys, ms.
    pub obeyed_ms: Option<f64>,
}

/// The newest samples.
#[derive(Clone, Debug, Default)]
pub struct Plots {
    samples: VecDeque<Sample>,
    counted: [(u64, u64); PATHS],
    /// When the newest applied command was made, ns.
    obeyed_made_ns: Option<u64>,
}

impl Plots {
    /// Follows one tick.
    pub fn follow(&mut self, twin: &Twin) {
        let now_ns = twin.now_ns();
        let world = twin.world();
        if let Some(applied) = world.resource::<RobotEnd>().applied {
            let made_ns = applied
                .true_age_ns
                .map(|age_ns| now_ns.saturating_sub(age_ns));
            self.obeyed_made_ns = made_ns.or(self.obeyed_made_ns);
        }
        if !now_ns.is_multiple_of(EVERY_NS) {
            return;
        }
        let mut sample = Sample {
            at_ns: now_ns,
            obeyed_ms: self
                .obeyed_age_ns(now_ns)
                .map(|age_ns| age_ns as f64 * 1e-6),
            ..Sample::default()
        };
        let network = &world.resource::<Paths>().network;
        for (path, counted) in self.counted.iter_mut().enumerate() {
            let counters = network.counters(path, Direction::Up);
            let (sent, lost) = (counters.sent - counted.0, counters.lost - counted.1);
            *counted = (counters.sent, counters.lost);
            sample.loss[path] = if sent == 0 {
                0.0
            } else {
                lost as f64 / sent as f64
            };
            sample.delay_ms[path] =
                last_delay_ns(twin, path).map(|delay_ns| delay_ns as f64 * 1e-6);
        }
        if self.samples.len() == SAMPLES {
            self.samples.pop_front();
        }
        self.samples.push_back(sample);
    }

    /// The samples, oldest first.
    pub fn samples(&self) -> impl DoubleEndedIterator<Item = &Sample> {
        self.samples.iter()
    }

    /// How old the command is that the robot obeys, ns.
    pub fn obeyed_age_ns(&self, now_ns: u64) -> Option<u64> {
        self.obeyed_made_ns
            .map(|made_ns| now_ns.saturating_sub(made_ns))
    }
}

/// The delay of the command that came through a path last, within the time of a sample.
fn last_delay_ns(twin: &Twin, path: usize) -> Option<u64> {
    let now_ns = twin.now_ns();
    let packets = twin.packets()?.packets().rev();
    // Sent longer ago than this, a packet is no news of the path's delay.
    let recent = packets.take_while(|packet| packet.sent_ns + 3_000_000_000 > now_ns);
    let came = recent.filter(|packet| {
        packet.path == path && packet.direction == Direction::Up && !packet.is_hostile
    });
    came.filter_map(|packet| Some((packet.arrives_ns?, packet.sent_ns)))
        .filter(|(arrives_ns, _)| *arrives_ns <= now_ns && *arrives_ns + EVERY_NS > now_ns)
        .max_by_key(|(arrives_ns, _)| *arrives_ns)
        .map(|(arrives_ns, sent_ns)| arrives_ns - sent_ns)
}
