//! A loop that never moves is not safe: it must fail.

mod common;

use std::num::NonZeroUsize;

use campaign::{CheckSettings, check};
use common::operation;
use control_loop::driver::Driver;
use control_loop::reception::Receiver;
use control_loop::{PathId, RobotLoop, Sensed, SettingsError, TickOutput, Verdict};
use safety::Id;
use sim::{HostedLoop, LoopSetup};

/// The real receiver and the real driver, and nothing between them.
#[derive(Clone)]
struct Deaf(Receiver, Driver);

impl RobotLoop for Deaf {
    fn receive(&mut self, now_ns: u64, path: PathId, datagram: &[u8]) -> Verdict {
        self.0.receive(now_ns, path, datagram, 0).verdict
    }

    fn tick(&mut self, now_ns: u64, sensed: &Sensed) -> TickOutput {
        let reception = self.0.tick(now_ns);
        let output = self.1.tick(now_ns, sensed, &reception);
        TickOutput {
            welcome: self.0.welcome(now_ns, output.engagement),
            ..output
        }
    }

    fn digest(&self, sink: &mut dyn FnMut(&[u8])) {
        self.0.digest(sink);
        self.1.digest(sink);
    }
}

fn deaf(setup: LoopSetup<'_>) -> Result<Box<dyn HostedLoop>, SettingsError> {
    let receiver = Receiver::new(setup.settings, setup.psk, setup.start);
    let driver = Driver::new(setup.arms, setup.settings)?;
    Ok(Box::new(Deaf(receiver, driver)))
}

#[test]
fn a_loop_that_never_moves_violates_liveness_in_both_scenarios() {
    for scenario in ["casablanca_shanghai.ron", "measured_path_a.ron"] {
        let settings = CheckSettings {
            first_seed: 1,
            runs: 2,
            duration_ns: 5_000_000_000,
            jobs: NonZeroUsize::MIN,
        };
        let report = check(&operation(scenario), &settings, &deaf, &|_| {}).expect("it runs");
        let liveness = report
            .requirements
            .iter()
            .find(|row| row.id == Id::R18)
            .expect("R18 is judged");
        assert_eq!(
            liveness.violating_runs, 2,
            "{scenario}: {}",
            liveness.detail
        );
    }
}
