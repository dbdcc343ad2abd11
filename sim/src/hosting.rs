//! How the twin hosts a robot end: ours, a flawed one, or yours.

use std::any::Any;

use control_loop::{LoopSettings, PresharedKey, RobotLoop, RobotStart, SettingsError};
use robot_model::Arm;

/// A robot end that the twin can copy: the second copy watches requirement R09, and a snapshot holds
/// one. Any `RobotLoop` that is `Clone + Send + Sync` is one already.
pub trait HostedLoop: RobotLoop + Any + Send + Sync {
    /// A copy that continues bit for bit as this one would.
    fn clone_box(&self) -> Box<dyn HostedLoop>;

    /// Becomes such a copy of another loop, in its own place; does nothing and says `false` if that is of another
    /// kind.
    fn become_copy_of(&mut self, other: &dyn HostedLoop) -> bool;
}

impl<T: RobotLoop + Clone + Send + Sync + 'static> HostedLoop for T {
    fn clone_box(&self) -> Box<dyn HostedLoop> {
        Box::new(self.clone())
    }

    fn become_copy_of(&mut self, other: &dyn HostedLoop) -> bool {
        let other: &dyn Any = other;
        let same_kind = other.downcast_ref::<T>();
        if let Some(other) = same_kind {
            self.clone_from(other);
        }
        same_kind.is_some()
    }
}

impl Clone for Box<dyn HostedLoop> {
    fn clone(&self) -> Self {
        self.as_ref().clone_box()
    }
}

/// What a robot end is built from.
#[derive(Clone, Copy)]
pub struct LoopSetup<'a> {
    /// The arms in the scenario's order.
    pub arms: &'a [Arm],
    /// The loop's settings, the same that the console has.
    pub settings: &'a LoopSettings,
    /// The key that console and robot were given beforehand.
    pub psk: &'a PresharedKey,
    /// What the robot brings to its start.
    pub start: RobotStart,
}

/// Builds the robot end of one run; called once a run, from any thread.
pub type LoopFactory = dyn Fn(LoopSetup<'_>) -> Result<Box<dyn HostedLoop>, SettingsError> + Sync;

/// The factory of the project's own loop.
///
/// # Errors
/// The settings are impossible for these arms.
pub fn own_loop(setup: LoopSetup<'_>) -> Result<Box<dyn HostedLoop>, SettingsError> {
    Ok(Box::new(control_loop::Robot::new(
        setup.arms,
        setup.settings,
        setup.psk,
        setup.start,
    )?))
}
