//! The ghosts: where the newest command of the hands would put the tips.
//!
//! A command tells how far a hand has moved since its grip; where the robot's tip was when it took hold of that grip,
//! only the robot knows. The simulator sees both, and so can draw what the surgeon wants before the command arrives.

use std::collections::VecDeque;

use control_loop::frame::{Command, HandCommand};
use nalgebra::Vector3;
use robot_model::{Arm, JointVector, Pose};
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
    /// The grip that the robot took hold of, and its anchors as `control_loop` keeps them.
    taken: Anchor,
    /// A grip that the console took and the robot has not heard of.
    coming: Anchor,
    joints: JointVector,
}

#[derive(Clone, Copy, Debug)]
struct Anchor {
    grip: u32,
    tip: Pose,
    motion: Pose,
}

impl Anchor {
    const NONE: Self = Self {
        grip: 0,
        tip: Pose {
            rotation: nalgebra::Unit::new_unchecked(nalgebra::Quaternion::new(1.0, 0.0, 0.0, 0.0)),
            translation: nalgebra::Translation {
                vector: Vector3::new(0.0, 0.0, 0.0),
            },
        },
        motion: Pose {
            rotation: nalgebra::Unit::new_unchecked(nalgebra::Quaternion::new(1.0, 0.0, 0.0, 0.0)),
            translation: nalgebra::Translation {
                vector: Vector3::new(0.0, 0.0, 0.0),
            },
        },
    };
}

impl Ghosts {
    /// Nothing is held; the ghosts are where the arms begin.
    pub fn new(operation: &Operation) -> Self {
        let ghost = |arm: &Arm| Ghost {
            taken: Anchor::NONE,
            coming: Anchor::NONE,
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
            if command.engaged && ghost.taken.grip != hand.grip {
                ghost.taken = Anchor {
                    grip: hand.grip,
                    tip: arm.tip_pose(&set_point(twin, index).unwrap_or(arm.home)),
                    motion: hand.motion,
                };
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
                    let tip = wanted_tip(
                        &anchor,
                        hand,
                        arm,
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
        if hand.grip == self.taken.grip {
            return self.taken;
        }
        if hand.grip != self.coming.grip {
            self.coming = Anchor {
                grip: hand.grip,
                tip: arm.tip_pose(stands),
                motion: hand.motion,
            };
        }
        self.coming
    }
}

/// The tip's pose in the remote-centre frame that a hand asks for, as `control_loop` maps it: scaled, and not nearer
/// to the remote centre than the least depth.
fn wanted_tip(
    anchor: &Anchor,
    hand: &HandCommand,
    arm: &Arm,
    scale: f64,
    least_depth_m: f64,
) -> Pose {
    let base = &arm.base.rotation;
    let moved = hand.motion.translation.vector - anchor.motion.translation.vector;
    let moved = base.inverse_transform_vector(&moved) * scale;
    let turned = base.inverse() * hand.motion.rotation * anchor.motion.rotation.inverse() * base;
    let shaft = anchor.tip.translation.vector;
    let mut place = shaft + moved;
    let depth_m = shaft.norm();
    if depth_m > 0.0 {
        let along = shaft / depth_m;
        let missing_m = least_depth_m.min(depth_m) - place.dot(&along);
        place += along * missing_m.max(0.0);
    }
    Pose::from_parts(place.into(), turned * anchor.tip.rotation)
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
