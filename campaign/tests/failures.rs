//! A failure with fewer arms is the same operation with fewer arms, in the physics too.

mod common;

use campaign::{Failure, Links};
use common::operation;
use control_loop::State;
use net_model::FaultSchedule;
use safety::Id;
use sim::state::RobotEnd;
use sim::{Keep, own_loop};

#[test]
fn each_arm_alone_stands_still_where_its_own_body_is() {
    let scenario = operation("casablanca_shanghai.ron");
    for name in &scenario.arm_names {
        let failure = Failure {
            arms: Some(vec![name.clone()]),
            ..FAILURE()
        };
        let alone = failure.operation(&scenario).expect("the arm exists");
        assert_eq!(alone.arm_names, std::slice::from_ref(name));
        assert_eq!(alone.bodies.len(), 1);
        assert_eq!(
            alone.bodies[0].arm, alone.arms[0],
            "{name} has another arm's body"
        );
        let mut twin = failure
            .twin(&scenario, &own_loop, Keep::default())
            .expect("it builds");
        for _ in 0..50 {
            twin.step();
        }
        let output = twin.world().resource::<RobotEnd>().output;
        assert_eq!(output.state, State::Idle, "{name}: {:?}", output.fault);
    }
}

/// Nothing goes wrong for a tenth of a second.
const FAILURE: fn() -> Failure = || Failure {
    format: campaign::FORMAT,
    commit: String::new(),
    scenario: String::new(),
    scenario_sha256: String::new(),
    loop_name: "own".into(),
    requirement: Id::R18,
    violated_at_ns: 0,
    duration_ns: 100_000_000,
    seed: 1,
    surgeon_seed: 1,
    schedule: FaultSchedule::default(),
    links: Links::Constant,
    arms: None,
    surgeon: None,
    explanation: String::new(),
};
