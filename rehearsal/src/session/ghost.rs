//! The ghosts: where the newest command of the hands would put the tips.
//!
//! A command tells how far a hand has moved since its grip; where the robot's tip was when it took hold of that grip,
//! only the robot knows. The simulator sees both, and so can draw what the surgeon wants before the command arrives.

use std::collections::VecDeque;

use control_loop::following::Anchor;
use control_loop::frame::{Command, HandCommand};
use robot_model::{Arm, JointVector};
use sim::state::{NewestCommand, RobotEnd, SetPoint};
use sim::{Operation, Twin};

use super::look::arm_at;
use crate::scene::SceneFrame;

/// Commands remembered until they are applied: at 1,000 a second, longer than any is fresh.
const REMEMBERED: usize = 1_024;

/// What is known of the hands' grips.
#[derive(Clone, Debug)]
pub struct Ghosts {
    made: VecDeque<Command>,
    arms: Vec<Ghost>,
}

#[derive(Clone, Copy, Debug)]
struct Ghost {
    /// The grip that the robot took hold of.
    taken: Option<Grip>,
    /// A grip that the console took and the robot has not heard of.
    coming: Option<Grip>,
    joints: JointVector,
}

/// A grip's number, and what it measures from.
#[derive(Clone, Copy, Debug)]
struct Grip {
    number: u32,
    anchor: Anchor,
}

impl Ghosts {
    /// Nothing is held; the ghosts are where the arms begin.
    pub fn new(operation: &Operation) -> Self {
        let ghost = |arm: &Arm| Ghost {
            taken: None,
            coming: None,
            joints: arm.home,
        };
        Self {
            made: VecDeque::new(),
            arms: operation.arms.iter().map(ghost).collect(),
        }
    }

    /// Follows one tick: what the console made, and what the robot took hold of.
    pub fn follow(&mut self, twin: &Twin, operation: &Operation) {
        let world = twin.world();
        if let Some(command) = &world.resource::<NewestCommand>().0
            && self.made.back() != Some(command)
        {
            if self.made.len() == REMEMBERED {
                self.made.pop_front();
            }
            self.made.push_back(*command);
        }
        let Some(applied) = world.resource::<RobotEnd>().output.applied else {
            return;
        };
        let is_it = |command: &&Command| {
            (command.epoch, command.sequence) == (applied.epoch, applied.sequence)
        };
        let Some(command) = self.made.iter().rev().find(is_it) else {
            return;
        };
        for hand in command.hands.iter().flatten() {
            let index = usize::from(hand.arm);
            let Some((ghost, arm)) = self.arms.get_mut(index).zip(operation.arms.get(index)) else {
                continue;
            };
            if command.engaged && ghost.taken.is_none_or(|taken| taken.number != hand.grip) {
                let stands = set_point(twin, index).unwrap_or(arm.home);
                ghost.taken = Some(Grip::of(hand, arm, &stands));
            }
        }
    }

    /// The ghosts of all arms now.
    pub fn commanded(&mut self, twin: &Twin, operation: &Operation) -> SceneFrame {
        let command = twin.world().resource::<NewestCommand>().0;
        let settings = &operation.control_loop;
        let mut arms = Vec::with_capacity(self.arms.len());
        for (index, (ghost, arm)) in self.arms.iter_mut().zip(&operation.arms).enumerate() {
            let stands = set_point(twin, index).unwrap_or(arm.home);
            let engaged = command.filter(|command| command.engaged && !command.stop);
            let hand = engaged.as_ref().and_then(|command| command.hand_on(index));
            match hand {
                None => ghost.joints = stands,
                Some(hand) => {
                    let anchor = ghost.anchor_of(hand, arm, &stands);
                    let tip = anchor.wanted_tip(
                        arm,
                        &hand.motion,
                        settings.motion_scale,
                        settings.least_depth_m,
                    );
                    // What is out of reach leaves the ghost where it was last within.
                    if let Ok(joints) = arm.inverse(&tip, &ghost.joints) {
                        ghost.joints = within_limits(arm, joints);
                    }
                    if arm.kind.has_jaw() {
                        let jaw = arm.row_count;
                        ghost.joints[jaw] = hand
                            .jaw_rad
                            .clamp(arm.limits[jaw].lower, arm.limits[jaw].upper);
                    }
                }
            }
            arms.push(arm_at(arm, ghost.joints));
        }
        SceneFrame {
            at_ns: twin.now_ns(),
            arms,
        }
    }
}

impl Ghost {
    /// Where motion is measured from: what the robot took hold of, or what it will, as far as can be told now.
    fn anchor_of(&mut self, hand: &HandCommand, arm: &Arm, stands: &JointVector) -> Anchor {
        let is_of = |grip: &Grip| grip.number == hand.grip;
        if let Some(taken) = self.taken.filter(is_of) {
            return taken.anchor;
        }
        let coming = self
            .coming
            .filter(is_of)
            .unwrap_or_else(|| Grip::of(hand, arm, stands));
        self.coming = Some(coming);
        coming.anchor
    }
}

impl Grip {
    /// Taken by a hand while an arm stands somewhere.
    fn of(hand: &HandCommand, arm: &Arm, stands: &JointVector) -> Self {
        Self {
            number: hand.grip,
            anchor: Anchor {
                tip: arm.tip_pose(stands),
                motion: hand.motion,
            },
        }
    }
}

fn within_limits(arm: &Arm, mut joints: JointVector) -> JointVector {
    for (joint, limits) in joints.iter_mut().zip(&arm.limits).take(arm.row_count) {
        *joint = joint.max(limits.lower).min(limits.upper);
    }
    joints
}

fn set_point(twin: &Twin, index: usize) -> Option<JointVector> {
    let entity = twin.world().get_entity(*twin.arms().get(index)?).ok()?;
    entity.get::<SetPoint>().map(|set_point| set_point.0)
}
