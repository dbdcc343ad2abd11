//! The description files: those that ship, and what bad ones are told.

#![cfg(feature = "std")]

mod common;

use std::f64::consts::FRAC_PI_2;

use common::{
    CLASSIC_INSERTION_M, Offsets, SI_INSERTION_M, SI_TOOL_M, Side, distance_m, ecm, joints, psm,
    psm_with, raven,
};
use nalgebra::Vector3;
use robot_model::{
    Arm, ArmKind, Confidence, DescriptionError, MAX_ARMS, NamedArm, Pose, Robot, Rod, Unit,
};

const CLASSIC: &str = include_str!("../../assets/robots/dvrk_classic.ron");
const SI_TOOL: &str = include_str!("../../assets/robots/dvrk_si_tool.ron");
const RAVEN: &str = include_str!("../../assets/robots/raven2.ron");
const TOUMAI: &str = include_str!("../../assets/robots/toumai.ron");

/// Within this every joint at full speed must be able to stop, s.
const STOP_TIME_S: f64 = 0.2;

#[test]
fn every_robot_file_loads() {
    let kinds = |text| -> Vec<ArmKind> { robot(text).arms.iter().map(|a| a.arm.kind).collect() };
    let (instrument, endoscope) = (ArmKind::Instrument, ArmKind::Endoscope);
    assert_eq!(
        kinds(CLASSIC),
        [instrument, instrument, instrument, endoscope]
    );
    assert_eq!(kinds(SI_TOOL), [instrument, instrument]);
    assert_eq!(kinds(RAVEN), [ArmKind::SphericalInstrument; 2]);
    assert_eq!(
        kinds(TOUMAI),
        [instrument, instrument, instrument, endoscope]
    );
    assert_eq!(robot(TOUMAI).arms.len(), MAX_ARMS);
}

#[test]
fn the_files_hold_the_dvrks_tables() {
    let table = |arm: &Arm| arm.rows[..arm.row_count].to_vec();
    for (loaded, written_out) in [
        (robot(CLASSIC).arms[0].arm, psm(Offsets::Exact)),
        (robot(CLASSIC).arms[3].arm, ecm(Offsets::Exact)),
        (
            robot(SI_TOOL).arms[0].arm,
            psm_with(Offsets::Exact, CLASSIC_INSERTION_M, SI_TOOL_M),
        ),
        (
            robot(SI_TOOL).arms[1].arm,
            psm_with(Offsets::Exact, SI_INSERTION_M, SI_TOOL_M),
        ),
        (robot(RAVEN).arms[0].arm, raven(Side::Left)),
        (robot(RAVEN).arms[1].arm, raven(Side::Right)),
        (robot(TOUMAI).arms[1].arm, psm(Offsets::Exact)),
        (robot(TOUMAI).arms[3].arm, ecm(Offsets::Exact)),
    ] {
        assert_eq!(table(&loaded), table(&written_out));
        assert_eq!(loaded.tool_tip, written_out.tool_tip);
    }
}

#[test]
fn a_loaded_psm_meets_the_published_pose() {
    let arm = robot(CLASSIC).arms[0].arm;
    let tip = arm.tip_pose(&joints([0.3, -0.2, 0.12, 0.5, -0.4, 0.6]));
    assert!(distance_m(&tip, [0.034105370195, 0.025454160469, -0.104504397095]) < 1e-12);
}

#[test]
fn every_joint_of_every_robot_can_stop_within_200_ms() {
    for (name, arm) in arms() {
        for (joint, limits) in arm.limits[..arm.joint_count].iter().enumerate() {
            let stop_s = limits.velocity / limits.acceleration + limits.acceleration / limits.jerk;
            assert!(stop_s <= STOP_TIME_S, "{name}, joint {joint}: {stop_s} s");
        }
    }
}

#[test]
fn every_arm_starts_well_inside_its_limits_with_the_tip_105_to_125_mm_from_the_remote_centre() {
    for (name, arm) in arms() {
        for (joint, limits) in arm.limits[..arm.joint_count].iter().enumerate() {
            let room = (limits.upper - limits.lower) / 4.0;
            let home = arm.home[joint];
            assert!(home > limits.lower + room, "{name}, joint {joint}");
            assert!(home < limits.upper - room, "{name}, joint {joint}");
        }
        let reach_m = arm.tip_pose(&arm.home).translation.vector.norm();
        assert!((0.105..0.125).contains(&reach_m), "{name}: {reach_m} m");
    }
}

#[test]
fn insertion_goes_down_from_every_mount() {
    for (name, arm) in arms() {
        let mut deeper = arm.home;
        // Raven II counts its slide out of the patient.
        let is_raven = arm.kind == ArmKind::SphericalInstrument;
        deeper[2] += if is_raven { -0.01 } else { 0.01 };
        let height_m = |joints| (arm.base * arm.tip_pose(joints)).translation.vector.z;
        // The dVRK's endoscope is mounted at 45 degrees.
        assert!(height_m(&deeper) < height_m(&arm.home) - 0.007, "{name}");
        assert!(height_m(&arm.home) < arm.base.translation.z, "{name}");
    }
}

#[test]
fn toumais_remote_centres_stand_80_mm_apart_and_their_tips_apart_too() {
    let toumai = robot(TOUMAI);
    let centre = |arm: &Arm| arm.base.translation.vector;
    let tip = |arm: &Arm| (arm.base * arm.tip_pose(&arm.home)).translation.vector;
    let nearest = |point: &dyn Fn(&Arm) -> Vector3<f64>, of: usize| {
        let others = toumai
            .arms
            .iter()
            .enumerate()
            .filter(|&(index, _)| index != of);
        others
            .map(|(_, other)| (point(&other.arm) - point(&toumai.arms[of].arm)).norm())
            .fold(f64::INFINITY, f64::min)
    };
    for index in 0..toumai.arms.len() {
        assert!((nearest(&centre, index) - 0.08).abs() < 1e-12);
        assert!(nearest(&tip, index) > 0.05);
    }
}

#[test]
fn no_number_is_claimed_to_be_toumais() {
    let counts = robot(TOUMAI).confidence_counts();
    assert_eq!(counts.published, 0);
    assert!(counts.reference_robot > 0 && counts.assumed > 0);
    assert_eq!(counts.total(), robot(TOUMAI).provenance.len());
}

#[test]
fn provenance_names_the_entry_its_unit_and_the_full_citation() {
    let psm = robot(CLASSIC);
    let path = "models.instrument.rows[3].d";
    let row = psm
        .provenance
        .iter()
        .find(|row| row.path == path)
        .expect("listed");
    assert_eq!((row.value, row.unit), (0.4162, Unit::Metre));
    assert_eq!(row.confidence, Confidence::Published);
    assert!(row.source.contains("LARGE_NEEDLE_DRIVER_400006.json"));
    // 24 of rows, 9 of the tool tip, 42 of limits, 21 of drives, 49 of links, 7 of home, 14 of friction,
    // 7 of each of 6 capsules, 1 of the jaw.
    let of_model = psm
        .provenance
        .iter()
        .filter(|row| row.path.starts_with("models.instrument."));
    assert_eq!(of_model.count(), 24 + 9 + 42 + 21 + 49 + 7 + 14 + 7 * 6 + 1);
}

#[test]
fn degrees_are_quarter_turns_to_the_bit() {
    assert_eq!(Unit::Degree.to_si(90.0), FRAC_PI_2);
    assert_eq!(Unit::Degree.to_si(-90.0), -FRAC_PI_2);
    assert_eq!(Unit::Millimetre.to_si(9.1), 0.0091);
}

#[test]
fn an_unknown_entry_is_told_with_line_and_column() {
    let error = classic_with(
        "            kind: Instrument,\n",
        "            colour: Instrument,\n",
    );
    let line = 1 + CLASSIC
        .lines()
        .position(|line| line.contains("kind: Instrument"))
        .expect("there");
    assert_eq!(error.position().map(|(line, _)| line), Some(line));
    assert!(error.message().contains("colour"), "{error}");
    assert!(error.message().contains("`kind`"), "{error}");
    assert!(
        error
            .to_string()
            .starts_with(&format!("line {line}, column ")),
        "{error}"
    );
}

#[test]
fn a_missing_parenthesis_is_told_with_line_and_column() {
    let error = refused("Robot(\n    name: \"x\",\n    sources: {\n");
    assert!(
        error.position().is_some_and(|(line, _)| line >= 3),
        "{error}"
    );
}

#[test]
fn an_unknown_unit_is_told_with_line_and_the_known_ones() {
    let error = classic_with("q(0.4162, m, ", "q(0.4162, inch, ");
    assert!(error.position().is_some());
    assert!(
        error.message().contains("inch") && error.message().contains("`mm`"),
        "{error}"
    );
}

#[test]
fn a_key_that_comes_twice_is_refused() {
    let error = classic_with(
        "    sources: {\n",
        "    sources: {\n        \"psm\": \"another\",\n",
    );
    assert!(error.position().is_some());
    assert!(error.message().contains("\"psm\" comes twice"), "{error}");
}

#[test]
fn a_length_in_radians_is_refused() {
    assert_eq!(
        classic_with("q(0.4162, m, ", "q(0.4162, rad, ").to_string(),
        "`models.instrument.rows[3].d` is in rad, but it needs m or mm"
    );
}

#[test]
fn a_source_that_is_not_listed_is_refused() {
    let error = classic_with("q(0.4162, m, \"tool\"", "q(0.4162, m, \"catalogue\"").to_string();
    let start = "`models.instrument.rows[3].d` names the source \"catalogue\", which `sources` does \
                 not have: add it there, or use one of \"psm\", \"tool\"";
    assert!(error.starts_with(start), "{error}");
}

#[test]
fn an_empty_citation_is_refused() {
    let line = CLASSIC
        .lines()
        .find(|line| line.contains("\"tool\": "))
        .expect("there");
    let error = classic_with(line, "\"tool\": \" \",").to_string();
    assert_eq!(
        error,
        "`sources.tool` is empty: write the full citation there"
    );
}

#[test]
fn a_number_that_is_not_above_zero_is_refused() {
    for (from, to, entry) in [
        ("mass: q(4, ", "mass: q(-4, ", "links[0].mass` is -4"),
        ("mass: q(4, ", "mass: q(0, ", "links[0].mass` is 0"),
        (
            "velocity: q(0.2, ",
            "velocity: q(0, ",
            "limits[2].velocity` is 0",
        ),
        ("jerk: q(300, ", "jerk: q(-300, ", "limits[0].jerk` is -300"),
        (
            "stiffness: q(15000, ",
            "stiffness: q(0, ",
            "drives[2].stiffness` is 0",
        ),
    ] {
        let sentence = format!("`models.instrument.{entry}: write a number above zero");
        assert_eq!(classic_with(from, to).to_string(), sentence);
    }
}

#[test]
fn a_number_that_is_not_finite_is_refused() {
    for (from, to, entry) in [
        ("q(0.4162, ", "q(NaN, ", "rows[3].d` is NaN"),
        (
            "upper: q(0.24, ",
            "upper: q(inf, ",
            "limits[2].upper` is inf",
        ),
        ("((0, -1, 0),", "((0, -inf, 0),", "tool_tip[0][1]` is -inf"),
    ] {
        let sentence = format!("`models.instrument.{entry}: write a finite number");
        assert_eq!(classic_with(from, to).to_string(), sentence);
    }
}

#[test]
fn an_empty_range_is_refused() {
    assert_eq!(
        classic_with("upper: q(0.24, ", "upper: q(-0.24, ").to_string(),
        "`models.instrument.limits[2].lower` (0) is not below `models.instrument.limits[2].upper` \
         (-0.24): exchange or mend them"
    );
}

#[test]
fn a_home_outside_the_limits_is_refused() {
    assert_eq!(
        classic_with("q(0.12, ", "q(0.25, ").to_string(),
        "`models.instrument.home[2]` (0.25) is outside the joint's limits, 0 to 0.24: move it inside"
    );
}

#[test]
fn moments_that_no_body_can_have_are_refused() {
    assert_eq!(
        classic_with("q(3e-6, ", "q(3e-2, ").to_string(),
        "`models.instrument.links[3].inertia[2]` is greater than the other two together, which no \
         solid body can have: mend one of the three"
    );
}

#[test]
fn a_reflection_is_no_rotation() {
    assert_eq!(
        classic_with("((0, -1, 0),", "((0, 1, 0),").to_string(),
        "`models.instrument.tool_tip` is no rotation: its rows must be unit vectors at right angles \
         that form a right-handed frame"
    );
}

#[test]
fn a_home_where_the_inverse_has_no_answer_is_refused() {
    let error = classic_with("q(0.12, ", "q(0.0156, ").to_string();
    assert!(
        error.starts_with("`models.instrument.home` cannot be a start"),
        "{error}"
    );
}

#[test]
fn a_table_that_the_inverse_does_not_cover_is_refused() {
    let twist = classic_with("alpha: q(0, deg, ", "alpha: q(1, deg, ").to_string();
    assert_eq!(
        twist,
        "`models.instrument.rows[3].alpha` is not a twist that the inverse kinematics cover: write 0 \
         deg"
    );
    let kind = classic_with("kind: Prismatic,", "kind: Revolute,").to_string();
    assert!(kind.contains("rows[2].offset` is in m"), "{kind}");
    let offset = classic_with("a: q(0.0091, ", "a: q(0, ").to_string();
    assert!(
        offset.starts_with("`models.instrument.rows[5].a` must be positive"),
        "{offset}"
    );
}

#[test]
fn an_entry_too_few_is_refused_with_the_joints_names() {
    let home = "                q(0.3, rad, \"start\", Assumed),\n";
    assert_eq!(
        classic_with(home, "").to_string(),
        "`models.instrument.home` has 6 entries, but it needs 7, one each for yaw, pitch, insertion, \
         roll, wrist pitch, wrist yaw, jaw"
    );
}

#[test]
fn a_robot_has_from_one_to_four_arms() {
    let arms = TOUMAI.find("    arms: [").expect("there");
    let none = format!("{}    arms: [],\n)\n", &TOUMAI[..arms]);
    assert_eq!(
        refused(&none).to_string(),
        "`arms` has 0 entries: a robot has from 1 to 4 arms"
    );

    let one = TOUMAI[arms..]
        .lines()
        .skip(1)
        .take_while(|line| *line != "        ),");
    let one = one.collect::<Vec<_>>().join("\n");
    let five = format!(
        "{}    arms: [{}],\n)\n",
        &TOUMAI[..arms],
        format!("{one}),").repeat(5)
    );
    assert_eq!(
        refused(&five).to_string(),
        "`arms` has 5 entries: a robot has from 1 to 4 arms"
    );
}

#[test]
fn names_of_arms_and_models_must_fit_together() {
    let twice = TOUMAI.replacen("name: \"right\"", "name: \"left\"", 1);
    assert_eq!(
        refused(&twice).to_string(),
        "`arms[1].name` is \"left\", as another arm's: give each arm its own name"
    );
    let unknown = TOUMAI.replacen("model: \"instrument\"", "model: \"scalpel\"", 1);
    assert_eq!(
        refused(&unknown).to_string(),
        "`arms[0].model` is \"scalpel\", which `models` does not have: add it there, or use one of \
         \"instrument\", \"endoscope\""
    );
    let unused = TOUMAI.replace("model: \"endoscope\"", "model: \"instrument\"");
    assert_eq!(
        refused(&unused).to_string(),
        "`models.endoscope` is used by no arm: name it in an arm's `model`, or drop it"
    );
}

/// The rods of an arm at its start, in the table's frame.
fn rods(arm: &NamedArm) -> Vec<Rod> {
    let frames = arm.arm.link_frames(&arm.arm.home);
    let placed = arm.capsules.iter().map(|capsule| capsule.placed(&frames));
    placed.map(|rod| rod.moved(&arm.arm.base)).collect()
}

#[test]
fn toumais_arms_touch_neither_each_other_nor_the_cart_at_the_start() {
    let toumai = robot(TOUMAI);
    let cart = toumai.cart.as_ref().expect("the arms share a cart");
    let column = cart.capsules[0].placed(&[]).moved(&cart.place);
    for (index, arm) in toumai.arms.iter().enumerate() {
        for rod in rods(arm) {
            assert!(rod.clearance_m(&column) > 0.1, "{}", arm.name);
            for other in toumai.arms[..index].iter().flat_map(rods) {
                let clearance_m = rod.clearance_m(&other);
                assert!(clearance_m > 0.003, "{}: {clearance_m} m", arm.name);
            }
        }
    }
}

#[test]
fn shafts_pass_through_the_remote_centre_and_end_at_the_wrist() {
    for robot in [CLASSIC, SI_TOOL, RAVEN, TOUMAI].map(robot) {
        for named in &robot.arms {
            let frames = named.arm.link_frames(&named.arm.home);
            let mut shafts = named.capsules.iter().filter(|c| c.joint == Some(3));
            let rod = shafts.next().expect("a shaft").placed(&frames);
            let along = (rod.to_m - rod.from_m).normalize();
            assert!(rod.from_m.cross(&along).norm() < 1e-12, "{}", named.name);
            assert!(
                rod.from_m.dot(&rod.to_m) < 0.0,
                "{}: one end inside",
                named.name
            );
        }
    }
}

#[test]
fn the_jaws_capsule_is_as_long_as_the_jaw() {
    for robot in [CLASSIC, SI_TOOL, TOUMAI].map(robot) {
        for named in robot.arms.iter().filter(|named| named.arm.kind.has_jaw()) {
            let jaw = named
                .capsules
                .iter()
                .find(|c| c.joint == Some(6))
                .expect("a jaw");
            let length_m = (Vector3::from(jaw.to_m) - Vector3::from(jaw.from_m)).norm();
            assert_eq!(Some(length_m), named.jaw_length_m, "{}", named.name);
        }
    }
}

#[test]
fn rods_are_apart_by_the_distance_of_their_axes_less_both_radii() {
    let rod = |from: [f64; 3], to: [f64; 3], radius_m| Rod {
        from_m: Vector3::from(from),
        to_m: Vector3::from(to),
        radius_m,
    };
    let along_x = rod([0.0, 0.0, 0.0], [1.0, 0.0, 0.0], 0.1);
    for (other, clearance_m) in [
        // Crossing above, beside the end, parallel, on the same line, a point, and overlapping.
        (rod([0.5, -1.0, 0.5], [0.5, 1.0, 0.5], 0.1), 0.3),
        (rod([2.0, 0.0, -1.0], [2.0, 0.0, 1.0], 0.2), 0.7),
        (rod([0.2, 0.4, 0.0], [0.7, 0.4, 0.0], 0.1), 0.2),
        (rod([1.5, 0.0, 0.0], [3.0, 0.0, 0.0], 0.1), 0.3),
        (rod([-0.3, 0.4, 0.0], [-0.3, 0.4, 0.0], 0.1), 0.3),
        (rod([0.5, 0.0, 0.1], [0.5, 1.0, 0.1], 0.1), -0.1),
    ] {
        for (one, two) in [(&along_x, &other), (&other, &along_x)] {
            let found_m = one.clearance_m(two);
            assert!(
                (found_m - clearance_m).abs() < 1e-15,
                "{found_m} for {clearance_m}"
            );
        }
    }
}

#[test]
fn set_up_joints_carry_the_remote_centre_from_the_cart_to_its_place() {
    // By an independent computation from the same published chain: 0.25 m above the table's plane.
    for (name, place_m) in [
        ("psm1", [-0.0902, -0.0002, 0.25]),
        ("psm2", [0.0902, -0.0002, 0.25]),
        ("psm3", [0.1803, 0.0299, 0.25]),
        ("ecm", [0.0, -0.0547, 0.25]),
    ] {
        let robot = robot(CLASSIC);
        let named = robot.arms.iter().find(|arm| arm.name == name).expect(name);
        let centre = named.arm.base.translation.vector;
        assert!(
            (centre - Vector3::from(place_m)).norm() < 1e-4,
            "{name}: {centre}"
        );
        let others = named
            .set_up
            .iter()
            .fold(Pose::identity(), |at, joint| at * joint.placed());
        let whole = robot.cart.as_ref().expect("a cart").place * others * named.mount;
        assert!((whole.translation.vector - centre).norm() < 1e-14);
    }
}

#[test]
fn gravity_points_down_unless_the_file_says_otherwise() {
    for text in [CLASSIC, SI_TOOL, RAVEN, TOUMAI] {
        assert_eq!(robot(text).gravity_m_s2, [0.0, 0.0, -9.806_65]);
    }
    let start = TOUMAI.find("    gravity: (").expect("there");
    let end = start + TOUMAI[start..].find("    ),\n").expect("there") + "    ),\n".len();
    let silent = format!("{}{}", &TOUMAI[..start], &TOUMAI[end..]);
    assert_eq!(robot(&silent).gravity_m_s2, [0.0, 0.0, -9.806_65]);
    let moon = TOUMAI.replacen("q(-9.80665, m_s2", "q(-1.62, m_s2", 1);
    let dynamics = robot(&moon).dynamics(3).expect("an arm");
    assert!((dynamics.gravity_m_s2().norm() - 1.62).abs() < 1e-15);
}

#[test]
fn wrong_parts_are_told_with_the_remedy() {
    for (from, to, sentence) in [
        (
            "link: \"roll\"",
            "link: \"boom\"",
            "`models.instrument.capsules[3].link` names the link \"boom\", which such an arm does not \
             have: use one of \"yaw\", \"pitch\", \"insertion\", \"roll\", \"wrist pitch\", \
             \"wrist yaw\", \"jaw\", \"base\"",
        ),
        (
            "radius: q(0.004, ",
            "radius: q(0, ",
            "`models.instrument.capsules[3].radius` is 0: write a number above zero",
        ),
        (
            "viscous: q(0.0905326, ",
            "viscous: q(-1, ",
            "`models.instrument.friction[0].viscous` is -1: write zero or a number above it",
        ),
        (
            "coulomb: q(0.4475953, N, ",
            "coulomb: q(0.4475953, N_m, ",
            "`models.instrument.friction[2].coulomb` is in N_m, but it needs N",
        ),
        (
            "jaw: Jaw(length: q(9.5, ",
            "jaw: Jaw(length: q(0, ",
            "`models.instrument.jaw.length` is 0: write a number above zero",
        ),
        (
            "q(-9.80665, m_s2, ",
            "q(inf, m_s2, ",
            "`gravity[2]` is inf: write a finite number",
        ),
        (
            "                    upper: q(0.8425, m, \"suj\", Published),\n",
            "",
            "`arms[0].set_up[0]` has one limit of two: write `lower` and `upper`, or neither",
        ),
        (
            "value: q(-0.1591, ",
            "value: q(-0.5, ",
            "`arms[0].set_up[0].value` (-0.5) is outside the joint's limits, -0.3798 to 0.8425: move it \
             inside",
        ),
        (
            "name: \"J1\"",
            "name: \"J0\"",
            "`arms[0].set_up[1].name` is \"J0\", as another set-up joint's: give each its own name",
        ),
        (
            "mesh: \"base_link\"",
            "mesh: \" \"",
            "`cart.mesh` is empty: write a name there, or drop the entry",
        ),
    ] {
        assert_eq!(classic_with(from, to).to_string(), sentence);
    }
}

#[test]
fn an_eye_is_of_an_endoscope_and_a_jaw_of_an_instrument() {
    let eye = "            jaw: Jaw(length: q(9.5, mm, \"jaw\", Published)),\n";
    let optics = "            optics: Optics(\n                tilt: q(0, deg, \"eye\", Assumed),\n                \
                  field_of_view: q(70, deg, \"eye\", Assumed),\n            ),\n";
    assert_eq!(
        classic_with(eye, optics).to_string(),
        "`models.instrument.optics` is of an arm that is no endoscope: drop it"
    );
    assert_eq!(
        classic_with(optics, eye).to_string(),
        "`models.endoscope.jaw` is of an arm without a jaw: drop it"
    );
}

#[test]
fn a_flat_arc_of_raven_two_is_refused() {
    let flat = RAVEN.replacen("alpha: q(75, deg", "alpha: q(180, deg", 1);
    let error = refused(&flat).to_string();
    assert!(
        error.starts_with("`models.left.rows[1].alpha` is a half turn or none"),
        "{error}"
    );
}

fn arms() -> Vec<(String, Arm)> {
    let robots = [CLASSIC, SI_TOOL, RAVEN, TOUMAI].map(robot);
    let arms = robots.iter().flat_map(|robot| {
        robot
            .arms
            .iter()
            .map(|arm| (format!("{}, {}", robot.name, arm.name), arm.arm))
    });
    arms.collect()
}

fn robot(text: &str) -> Robot {
    Robot::from_ron(text).unwrap_or_else(|error| panic!("{error}"))
}

fn refused(text: &str) -> DescriptionError {
    match Robot::from_ron(text) {
        Ok(robot) => panic!("{:?} must be refused", robot.name),
        Err(error) => error,
    }
}

/// What the CLASSIC's file is told after one change.
fn classic_with(from: &str, to: &str) -> DescriptionError {
    assert!(CLASSIC.contains(from), "{from:?} is not in the file");
    refused(&CLASSIC.replacen(from, to, 1))
}
