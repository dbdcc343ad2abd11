//! What goes wrong with the robot itself: a joint that sticks, a motor that dies, a sensor that lies, a
//! loop that is called too late.
//!
//! A robot that faults stays faulted until somebody at the bedside acts, so a run has one trouble; which
//! one, where and when is drawn from the run's seed, or listed.

use net_model::Stream;
use robot_model::ArmKind;
use serde::{Deserialize, Serialize};

use super::ArmModel;
use crate::units::SecondsRange;

/// What a scenario says of the robot's own faults; none by default.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TroubleSettings {
    /// Of these, one is drawn for each run; none where the list is empty.
    pub kinds: Vec<Ailment>,
    /// When it begins.
    pub at_s: SecondsRange,
    /// How long it lasts. A loop that is called too late is so at most for [`LONGEST_STALL_S`].
    pub for_s: SecondsRange,
    /// Troubles that every run has besides.
    pub listed: Vec<Listed>,
}

/// A trouble of every run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listed {
    /// What is wrong.
    pub what: Ailment,
    /// The arm, by its name in the robot's file; no matter for a slowed loop.
    #[serde(default)]
    pub arm: String,
    /// The joint by its name: yaw, pitch, insertion, roll, wrist pitch, wrist yaw, jaw.
    #[serde(default)]
    pub joint: String,
    /// When it begins, s.
    pub at_s: crate::units::Seconds,
    /// How long it lasts.
    pub for_s: crate::units::Seconds,
}

/// A kind of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ailment {
    /// The joint does not move, whatever the motor does.
    StuckJoint,
    /// The motor gives no torque: gravity and friction have the joint to themselves.
    DeadMotor,
    /// The sensor shows what it showed last. The servo, which has its own, goes on.
    FrozenSensor,
    /// The sensor shows nothing: not a number.
    MissingReadings,
    /// The loop is not called: nothing received, no new set-points.
    SlowLoop,
}

/// How long a slowed loop is left out at most: far more than the 10 ms that a loop may be late.
pub const LONGEST_STALL_S: f64 = 0.05;

/// A stuck joint as a damping, N·m·s/rad or N·s/m: at a servo's full effort it creeps by micrometres a
/// second. Assumed.
pub(super) const STUCK_DAMPING: f64 = 1e7;

/// The troubles of one run.
#[derive(Clone, Debug, Default)]
pub(super) struct Trouble {
    spells: Vec<Spell>,
    now_ns: u64,
}

#[derive(Clone, Copy, Debug)]
struct Spell {
    what: Ailment,
    arm: usize,
    joint: usize,
    from_ns: u64,
    until_ns: u64,
}

impl TroubleSettings {
    /// Whether the listed troubles are of arms and joints that there are.
    ///
    /// # Errors
    /// A sentence that says which is not, and which there are.
    pub fn check(&self, arms: &[ArmModel], names: &[String]) -> Result<(), String> {
        self.listed.iter().enumerate().try_for_each(|(index, one)| {
            one.place(arms, names)
                .map(|_| ())
                .map_err(|why| format!("robot_trouble.listed[{index}]{why}"))
        })
    }
}

impl Listed {
    /// The arm and the joint, from 0.
    fn place(&self, arms: &[ArmModel], names: &[String]) -> Result<(usize, usize), String> {
        if self.what == Ailment::SlowLoop {
            return Ok((0, 0));
        }
        let Some(arm) = names.iter().position(|name| *name == self.arm) else {
            return Err(format!(
                " names the arm \"{}\"; the scenario has {}",
                self.arm,
                names.join(", ")
            ));
        };
        let kind = arms
            .get(arm)
            .map_or(ArmKind::Instrument, |model| model.arm.kind);
        let joints = kind.joint_names();
        match joints.iter().position(|name| *name == self.joint) {
            Some(joint) => Ok((arm, joint)),
            None => Err(format!(
                " names the joint \"{}\" of the arm \"{}\"; it has {}",
                self.joint,
                self.arm,
                joints.join(", ")
            )),
        }
    }
}

impl Trouble {
    /// The troubles of the run with this seed.
    pub fn of_seed(
        settings: &TroubleSettings,
        arms: &[ArmModel],
        names: &[String],
        seed: u64,
    ) -> Self {
        let mut spells: Vec<Spell> = settings
            .listed
            .iter()
            .filter_map(|one| {
                let (arm, joint) = one.place(arms, names).ok()?;
                Some(Spell::new(
                    one.what,
                    (arm, joint),
                    one.at_s.get(),
                    one.for_s.get(),
                ))
            })
            .collect();
        if !settings.kinds.is_empty() && !arms.is_empty() {
            let mut stream = Stream::new(seed, "robot/trouble");
            let what = settings.kinds[stream.below(settings.kinds.len() as u64) as usize];
            let arm = stream.below(arms.len() as u64) as usize;
            let joint = stream.below(arms[arm].arm.joint_count as u64) as usize;
            let at_s = settings.at_s.at(stream.uniform()).get();
            let for_s = settings.for_s.at(stream.uniform()).get();
            spells.push(Spell::new(what, (arm, joint), at_s, for_s));
        }
        Self { spells, now_ns: 0 }
    }

    /// Brings time forward.
    pub fn pass(&mut self, tick_ns: u64) {
        self.now_ns += tick_ns;
    }

    /// What a joint suffers from now.
    pub fn of(&self, arm: usize, joint: usize) -> Option<Ailment> {
        self.spell_of(arm, joint).map(|spell| spell.what)
    }

    /// How long a joint has suffered from that, ns.
    pub fn lasted_ns(&self, arm: usize, joint: usize) -> u64 {
        self.spell_of(arm, joint)
            .map_or(0, |spell| self.now_ns - spell.from_ns)
    }

    fn spell_of(&self, arm: usize, joint: usize) -> Option<&Spell> {
        self.spells.iter().find(|spell| {
            spell.what != Ailment::SlowLoop
                && (spell.arm, spell.joint) == (arm, joint)
                && spell.lasts(self.now_ns)
        })
    }

    /// Whether the loop is left out at a time.
    pub fn stalls_loop(&self, now_ns: u64) -> bool {
        self.spells
            .iter()
            .any(|spell| spell.what == Ailment::SlowLoop && spell.lasts(now_ns))
    }

    /// Every trouble so far: what, arm, joint (from 0), since when (ns).
    pub fn begun(&self) -> impl Iterator<Item = (Ailment, usize, usize, u64)> {
        self.spells
            .iter()
            .filter(|spell| spell.from_ns <= self.now_ns)
            .map(|spell| (spell.what, spell.arm, spell.joint, spell.from_ns))
    }
}

impl Spell {
    fn new(what: Ailment, (arm, joint): (usize, usize), at_s: f64, for_s: f64) -> Self {
        let for_s = if what == Ailment::SlowLoop {
            for_s.min(LONGEST_STALL_S)
        } else {
            for_s
        };
        let from_ns = (at_s * 1e9) as u64;
        Self {
            what,
            arm,
            joint,
            from_ns,
            until_ns: from_ns + (for_s * 1e9) as u64,
        }
    }

    fn lasts(&self, now_ns: u64) -> bool {
        (self.from_ns..self.until_ns).contains(&now_ns)
    }
}
