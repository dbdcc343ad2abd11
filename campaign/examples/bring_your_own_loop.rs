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
use control_loop::reception::Receiver;
use control_loop::{PathId, RobotLoop, Sensed, State, TickOutput, Verdict};
use robot_model::JointVector;
use sim::{HostedLoop, LoopSetup, Operation};

/// A robot end that stays at home whatever it hears.
#[derive(Clone)]
struct Statue {
    /// Sessions, and what became of each frame, come from the project's own receiver.
    receiver: Receiver,
    home: [JointVector; 4],
    statuses: StatusSender,
}

impl RobotLoop for Statue {
    fn receive(&mut self, now_ns: u64, path: PathId, datagram: &[u8]) -> Verdict {
        self.receiver.receive(now_ns, path, datagram, 0).verdict
    }

    fn tick(&mut self, now_ns: u64, _sensed: &Sensed) -> TickOutput {
        let reception = self.receiver.tick(now_ns);
        let session = reception.session.as_ref();
        let status = Status {
            epoch: session.map_or(0, |(epoch, _)| *epoch),
            sequence: 0,
            robot_time_ns: now_ns,
            engagement: 0,
            state: State::Idle,
            newest_sequence: 0,
            clutch: 0,
            paths: reception.paths,
            fault: None,
            verdicts: reception.verdicts,
        };
        TickOutput {
            set_points: self.home,
            state: State::Idle,
            fault: None,
            engagement: 0,
            applied: None,
            paths: reception.paths,
            status: session
                .and_then(|(_, keys)| self.statuses.send_if_due(now_ns, &status, &keys.status)),
            welcome: self.receiver.welcome(now_ns, 0),
        }
    }

    fn digest(&self, sink: &mut dyn FnMut(&[u8])) {
        self.receiver.digest(sink);
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
        receiver: Receiver::new(setup.settings, setup.psk, setup.start),
        home,
        statuses: StatusSender::new(setup.settings),
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
