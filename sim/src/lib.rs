//! The deterministic digital twin: a Bevy ECS world in which the real control loop drives a physical
//! model of the robot over a seeded model of two network paths, while monitors judge every tick.
//!
//! A library: it opens no file, starts no thread, reads no clock. Read it in this order:
//!
//! 1. [`scenario`]: the file that describes an operation, and [`Operation`], its checked form.
//! 2. [`Twin`]: one run of it; [`RunPlan`] says which (seed, faults, duration).
//! 3. [`stages`]: what one tick does, a plugin a stage; [`state`]: the resources and components.
//! 4. [`adversary`]: what an attacker does to the traffic.
//! 5. [`truth`]: what the monitors judge by; [`chain`]: the hash over the whole history.
//! 6. [`hosting`]: how to bring your own loop.
//! 7. [`live`], [`hands`]: a person takes part; [`packets`]: the traffic, for whoever draws it.

pub mod adversary;
pub mod campaign_section;
pub mod chain;
pub mod hands;
pub mod hosting;
pub mod journal;
pub mod live;
pub mod packets;
pub mod plant;
pub mod recorded;
pub mod scenario;
pub mod stages;
pub mod state;
pub mod surgeon;
pub mod truth;
pub mod twin;
pub mod units;

pub use hosting::{HostedLoop, LoopFactory, LoopSetup, own_loop};
pub use scenario::{Operation, Scenario, ScenarioError};
pub use twin::{BuildError, Keep, Outcome, RunPlan, Snapshot, Twin};
