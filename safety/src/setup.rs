//! What a monitor must know of the robot and the loop before the first sample.

use crate::{MAX_ARMS, MAX_JOINTS};

/// Limits of one joint; rad or m, and their derivatives by seconds. An infinite limit is none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct JointBounds {
    /// Lowest position, rad or m.
    pub lower: f64,
    /// Highest position, rad or m.
    pub upper: f64,
    /// Greatest speed, rad/s or m/s.
    pub velocity: f64,
    /// Greatest acceleration, rad/s² or m/s².
    pub acceleration: f64,
    /// Greatest jerk, rad/s³ or m/s³.
    pub jerk: f64,
}

/// One arm's joints.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ArmSetup {
    /// How many joints it has, the jaw included; at most [`MAX_JOINTS`].
    pub joint_count: usize,
    /// Their limits; entries past `joint_count` are not looked at.
    pub bounds: [JointBounds; MAX_JOINTS],
}

/// The robot and the tick.
#[derive(Clone, Debug, PartialEq)]
pub struct Setup {
    /// Time between samples, ns.
    pub tick_ns: u64,
    /// The arms, at most [`MAX_ARMS`].
    pub arms: Vec<ArmSetup>,
    /// The loop's limit of the tip's speed, m/s; R05's bound of travel follows from it.
    pub tip_speed_m_s: f64,
}

impl Setup {
    /// Whether monitors can judge by this setup; if not, a sentence that says why and how to mend it.
    pub fn check(&self) -> Result<(), String> {
        if self.tick_ns == 0 {
            return Err(
                "safety setup: `tick_ns` is 0; give the loop's tick, such as 1000000".into(),
            );
        }
        if self.arms.is_empty() || self.arms.len() > MAX_ARMS {
            return Err(format!(
                "safety setup: there are {} arms; give 1 to {MAX_ARMS}",
                self.arms.len()
            ));
        }
        if !self.tip_speed_m_s.is_finite() || self.tip_speed_m_s <= 0.0 {
            return Err(format!(
                "safety setup: `tip_speed_m_s` is {}; give the loop's limit of the tip's speed in \
                 m/s, such as 0.1",
                self.tip_speed_m_s
            ));
        }
        for (arm, setup) in self.arms.iter().enumerate() {
            setup
                .check()
                .map_err(|fault| format!("safety setup: arm {}{fault}", arm + 1))?;
        }
        Ok(())
    }
}

impl ArmSetup {
    /// The rest of a sentence that starts with the arm's number.
    fn check(&self) -> Result<(), String> {
        if self.joint_count > MAX_JOINTS {
            return Err(format!(
                " has {} joints; give at most {MAX_JOINTS}",
                self.joint_count
            ));
        }
        for (joint, bounds) in self.bounds[..self.joint_count].iter().enumerate() {
            let place = joint + 1;
            let JointBounds { lower, upper, .. } = *bounds;
            // Written so that a NaN is refused too.
            if lower.is_nan() || upper.is_nan() || lower >= upper {
                return Err(format!(
                    ", joint {place}: the range {lower}..{upper} is empty; give `lower` below `upper`"
                ));
            }
            for (name, limit) in [
                ("velocity", bounds.velocity),
                ("acceleration", bounds.acceleration),
                ("jerk", bounds.jerk),
            ] {
                if limit.is_nan() || limit <= 0.0 {
                    return Err(format!(
                        ", joint {place}: `{name}` is {limit}; give a limit above zero"
                    ));
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::fixture::setup;

    #[test]
    fn a_sound_setup_is_accepted() {
        assert_eq!(setup().check(), Ok(()));
    }

    #[test]
    fn a_setup_that_cannot_be_judged_says_which_number_and_how_to_mend_it() {
        let mut no_tick = setup();
        no_tick.tick_ns = 0;
        assert!(no_tick.check().unwrap_err().contains("`tick_ns` is 0"));

        let mut five_arms = setup();
        five_arms.arms = vec![five_arms.arms[0]; 5];
        assert!(five_arms.check().unwrap_err().contains("give 1 to 4"));

        let mut empty_range = setup();
        empty_range.arms[1].bounds[2].upper = f64::NAN;
        let sentence = empty_range.check().unwrap_err();
        assert!(sentence.contains("arm 2, joint 3"), "{sentence}");

        let mut eight_joints = setup();
        eight_joints.arms[0].joint_count = 8;
        assert!(eight_joints.check().unwrap_err().contains("at most 7"));

        let mut no_jerk = setup();
        no_jerk.arms[0].bounds[0].jerk = 0.0;
        assert!(no_jerk.check().unwrap_err().contains("`jerk` is 0"));

        let mut no_speed = setup();
        no_speed.tip_speed_m_s = f64::INFINITY;
        assert!(no_speed.check().unwrap_err().contains("tip_speed_m_s"));
    }
}
