//! A loop that never moves is not safe: it must fail.

mod common;

use std::num::NonZeroUsize;

use campaign::{CheckSettings, check};
use common::operation;
use control_loop::driver::{Driver, Reception};
use control_loop::{PathId, RobotLoop, Sensed, SettingsError, TickOutput, VERDICTS, Verdict};
use safety::Id;
use sim::{HostedLoop, LoopSetup};

/// The real driver behind a receiver that refuses everything.
#[derive(Clone)]
struct Deaf(Driver);

impl RobotLoop for Deaf {
    fn receive(&mut self, _now_ns: u64, _path: PathId, _datagram: &[u8]) -> Verdict {
        Verdict::Stale
    }

    fn tick(&mut self, now_ns: u64, sensed: &Sensed) -> TickOutput {
        let reception = Reception {
            silent_paths: [false; 2],
            verdicts: [[0; VERDICTS]; 2],
        };
        self.0.tick(now_ns, sensed, &reception)
    }

    fn digest(&self, sink: &mut dyn FnMut(&[u8])) {
        self.0.digest(sink);
    }
}

fn deaf(setup: LoopSetup<'_>) -> Result<Box<dyn HostedLoop>, SettingsError> {
    let driver = Driver::new(setup.arms, setup.settings, setup.keys)?;
    Ok(Box::new(Deaf(driver)))
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
