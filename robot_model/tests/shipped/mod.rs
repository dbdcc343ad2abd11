//! The arms of the description files that ship.

use robot_model::{Arm, Robot};

/// Every arm, with the name of its robot.
pub fn arms() -> Vec<(String, Arm)> {
    let files = [
        include_str!("../../../assets/robots/dvrk_classic.ron"),
        include_str!("../../../assets/robots/dvrk_si_tool.ron"),
        include_str!("../../../assets/robots/raven2.ron"),
        include_str!("../../../assets/robots/toumai.ron"),
    ];
    let robots = files.map(|text| Robot::from_ron(text).unwrap_or_else(|error| panic!("{error}")));
    let arms = robots.iter().flat_map(|robot| {
        robot
            .arms
            .iter()
            .map(|arm| (format!("{}, {}", robot.name, arm.name), arm.arm))
    });
    arms.collect()
}
