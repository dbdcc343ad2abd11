//! Bring your own control loop: put it behind `RobotLoop`, and the twin checks it as it checks ours.
//!
//! `cargo run --release -p campaign --example bring_your_own_loop`
//!
//! The loop below is as small as a loop can be: it never moves. That is not safe enough: the check tells
//! that with a healthy path and a gesture the robot must follow (R18).

use std::num::NonZeroUsize;
use std::path::Path;

use campaign::{CheckSettings, check};
use control_loop::driver::StatusSender;
use control_loop::frame::Status;
use control_loop::{PathId, RobotLoop, Sensed, State, TickOutput, VERDICTS, Verdict};
use robot_model::JointVector;
use sim::{HostedLoop, LoopSetup, Operation};

/// A robot end that stays at home whatever it hears.
#[derive(Clone)]
struct Statue {
    home: [JointVector; 4],
    statuses: StatusSender,
}

impl RobotLoop for Statue {
    fn receive(&mut self, _now_ns: u64, _path: PathId, _datagram: &[u8]) -> Verdict {
        Verdict::Stale
    }

    fn tick(&mut self, now_ns: u64, _sensed: &Sensed) -> TickOutput {
        let status = Status {
            epoch: 1,
            sequence: 0,
            robot_time_ns: now_ns,
            engagement: 0,
            state: State::Idle,
            newest_sequence: 0,
            clutch: 0,
            silent_paths: [false; 2],
            verdicts: [[0; VERDICTS]; 2],
        };
        TickOutput {
            set_points: self.home,
            state: State::Idle,
            engagement: 0,
            applied: None,
            silent_paths: [false; 2],
            status: self.statuses.send_if_due(now_ns, &status),
        }
    }

    fn digest(&self, sink: &mut dyn FnMut(&[u8])) {
        self.statuses.digest(sink);
    }
}

/// What the twin calls to build the loop of each run.
fn statue(setup: LoopSetup<'_>) -> Result<Box<dyn HostedLoop>, control_loop::SettingsError> {
    let mut home = [[0.0; 7]; 4];
    for (home, arm) in home.iter_mut().zip(setup.arms) {
        *home = arm.home;
    }
    Ok(Box::new(Statue {
        home,
        statuses: StatusSender::new(setup.settings, setup.keys),
    }))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
    let mut read =
        |file: &str| std::fs::read_to_string(folder.join(file)).map_err(|error| error.to_string());
    let text = read("casablanca_shanghai.ron")?;
    let operation = Operation::from_ron(&text, &mut read)?;
    let settings = CheckSettings {
        first_seed: 1,
        runs: 4,
        duration_ns: 5_000_000_000,
        jobs: NonZeroUsize::MIN,
    };
    let report = check(&operation, &settings, &statue, &|_| {})?;
    for row in &report.requirements {
        println!("{} {:?} {}", row.id, row.verdict, row.detail);
    }
    println!("all hold: {}", report.all_hold());
    Ok(())
}
