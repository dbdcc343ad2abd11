//! A failure with fewer arms is the same operation with fewer arms, in the physics too.

mod common;

use std::sync::Arc;

use campaign::{Failure, Links};
use common::operation;
use control_loop::State;
use net_model::FaultSchedule;
use safety::Id;
use sim::recorded::Recording;
use sim::state::{Hands, RobotEnd};
use sim::{Keep, own_loop};

/// Nothing goes wrong for a tenth of a second.
fn failure() -> Failure {
    Failure {
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
    }
}

#[test]
fn each_arm_alone_stands_still_where_its_own_body_is() {
    let scenario = operation("casablanca_shanghai.ron");
    for name in &scenario.arm_names {
        let failure = Failure {
            arms: Some(vec![name.clone()]),
            ..failure()
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

#[test]
fn recorded_hands_are_played_whatever_seeds_the_rest_of_the_surgeon() {
    let mut scenario = operation("casablanca_shanghai.ron");
    let mut text = String::from("t_s");
    for side in ["left", "right"] {
        for name in ["x_m", "y_m", "z_m", "qx", "qy", "qz", "qw", "jaw_rad"] {
            text += &format!(",{side}_{name}");
        }
    }
    text +=
        "\n0,0.001,0,0,0,0,0,1,0.3,0,0,0,0,0,0,1,0.3\n9,0.001,0,0,0,0,0,1,0.3,0,0,0,0,0,0,1,0.3";
    let recording = Recording::from_csv(&text).expect("it is valid");
    scenario.recording = Some(Arc::new(recording));
    for surgeon_seed in [1, 2] {
        let failure = Failure {
            surgeon_seed,
            ..failure()
        };
        let mut twin = failure
            .twin(&scenario, &own_loop, Keep::default())
            .expect("it can be built");
        twin.step();
        let hands = twin.world().resource::<Hands>().0.hands;
        let at_m = hands.map(|hand| hand.pose.translation.vector.x);
        assert_eq!(at_m, [0.001, 0.0], "surgeon seed {surgeon_seed}");
    }
}
