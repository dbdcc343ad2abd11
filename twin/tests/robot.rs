//! `twin robot` as a user meets it: tables, JSON, URDF, and what wrong input is told.

mod common;

use std::collections::BTreeMap;

use common::{Folder, stderr, stdout, twin};
use serde_json::Value;

const TOUMAI: &str = "assets/robots/toumai.ron";
const SHIPPED: [&str; 4] = ["dvrk_classic", "dvrk_si_tool", "raven2", "toumai"];

#[test]
fn every_robot_that_ships_can_be_shown_and_exported() {
    for name in SHIPPED {
        let file = format!("assets/robots/{name}.ron");
        let shown = success(&["robot", "show", &file]);
        assert!(shown.contains("where the robot's"), "{shown}");
        let urdf = success(&["robot", "export", &file, "--urdf"]);
        assert!(
            urdf.starts_with("<?xml version=\"1.0\"?>\n<robot name=\""),
            "{name}"
        );
        assert!(urdf.ends_with("</robot>\n"), "{name}");
    }
}

#[test]
fn show_prints_joints_bodies_and_drives_with_their_units() {
    let shown = success(&["robot", "show", TOUMAI]);
    for (row, cells) in [
        (
            "yaw",
            vec!["turns", "90 deg", "-90.9857 deg", "17.0845 N·m"],
        ),
        (
            "insertion",
            vec!["slides", "-431.8 mm", "240 mm", "200 mm/s", "40.9063 N"],
        ),
        ("wrist yaw", vec!["turns", "9.1 mm", "0.2 N·m"]),
        (
            "insertion",
            vec!["1.2 kg", "(-20, 0, 20) mm", "15000 N/m", "0.4476 N"],
        ),
    ] {
        let found = shown.lines().any(|line| {
            line.trim_start().starts_with(row) && cells.iter().all(|cell| line.contains(cell))
        });
        assert!(found, "no row {row} with {cells:?}:\n{shown}");
    }
    assert!(
        shown.contains("jaw 9.5 mm beyond the wrist yaw axis"),
        "{shown}"
    );
    assert!(
        shown.contains("joints, bodies and drives as of left"),
        "{shown}"
    );
}

#[test]
fn show_tells_that_nothing_of_toumai_is_published_and_how_much_is_assumed() {
    let shown = success(&["robot", "show", TOUMAI]);
    let json: Value =
        serde_json::from_str(&success(&["robot", "show", TOUMAI, "--json"])).expect("JSON");
    let counts = &json["confidence"];
    assert_eq!(counts["published"], 0);
    let (assumed, other) = (count(&counts["assumed"]), count(&counts["reference_robot"]));
    assert!(assumed > 0 && other > 0);
    let all = assumed + other + count(&counts["derived"]);
    assert!(
        shown.contains(&format!("where the robot's {all} numbers come from")),
        "{shown}"
    );
    let percent = 100.0 * assumed as f64 / all as f64;
    let line = format!("{assumed:>5}  {percent:>5.1} %  assumed");
    assert!(shown.contains(&line), "no {line:?} in\n{shown}");
    let share = json["assumed_share"].as_f64().expect("a number");
    assert!((share - percent / 100.0).abs() < 1e-12);
    // The sources of one line each make up the whole.
    let from_sources: u64 = shown
        .lines()
        .filter(|line| {
            ["Derived: ", "ReferenceRobot: ", "Assumed: "]
                .iter()
                .any(|word| line.contains(word))
        })
        .filter_map(|line| line.split_whitespace().next()?.parse::<u64>().ok())
        .sum();
    assert_eq!(from_sources, all);
}

#[test]
fn show_lists_every_number_with_its_source_when_asked() {
    let shown = success(&["robot", "show", TOUMAI, "--numbers"]);
    let row = shown
        .lines()
        .find(|line| line.contains("models.instrument.rows[3].d "))
        .expect("the tool's length is listed");
    for part in [
        "0.4162",
        " m ",
        "ReferenceRobot",
        "LARGE_NEEDLE_DRIVER_400006.json",
    ] {
        assert!(row.contains(part), "{row}");
    }
}

#[test]
fn show_tells_how_set_up_joints_are_set() {
    let shown = success(&[
        "robot",
        "show",
        "assets/robots/dvrk_classic.ron",
        "--arm",
        "psm2",
    ]);
    assert!(
        shown.contains("  set-up joint J0: set to -159.1 mm, -379.8 mm to 842.5 mm"),
        "{shown}"
    );
    assert!(
        shown.contains("  set-up joint J4: set to 0 deg, turns freely"),
        "{shown}"
    );
    assert!(!shown.contains("arm psm1"), "{shown}");
}

#[test]
fn json_gives_limits_in_si_units_and_the_place_of_the_arm() {
    let shown = success(&["robot", "show", TOUMAI, "--arm", "endoscope", "--json"]);
    let json: Value = serde_json::from_str(&shown).expect("JSON");
    let arms = json["arms"].as_array().expect("arms");
    assert_eq!(arms.len(), 1);
    let joints = arms[0]["joints"].as_array().expect("joints");
    assert_eq!(joints.len(), 4);
    assert_eq!(joints[2]["kind"], "prismatic");
    assert_eq!(joints[2]["upper"], 0.255);
    assert_eq!(joints[3]["mass_kg"], 2.5);
    assert_eq!(
        arms[0]["base"]["position_m"],
        serde_json::json!([-0.04, 0.0, 0.25])
    );
}

#[test]
fn urdf_is_one_tree_from_the_table_with_every_joint_of_every_arm() {
    let urdf = success(&["robot", "export", TOUMAI, "--urdf"]);
    let links = names(&urdf, "  <link name=\"");
    let mut parent_of: BTreeMap<&str, &str> = BTreeMap::new();
    let mut parent = "";
    for line in urdf.lines().map(str::trim) {
        if let Some(link) = between(line, "<parent link=\"", "\"") {
            parent = link;
        }
        if let Some(link) = between(line, "<child link=\"", "\"") {
            assert!(
                parent_of.insert(link, parent).is_none(),
                "{link} has two parents"
            );
        }
    }
    assert_eq!(links.len(), parent_of.len() + 1, "one link is the root");
    for link in &links {
        let mut at = *link;
        for _ in 0..links.len() {
            at = parent_of.get(at).copied().unwrap_or(at);
        }
        assert_eq!(at, "table", "{link} does not hang on the table");
    }
    let moving =
        urdf.matches("type=\"revolute\"").count() + urdf.matches("type=\"prismatic\"").count();
    assert_eq!(moving, 3 * 7 + 4);
    assert_eq!(urdf.matches("<inertial>").count(), moving);
    assert_eq!(urdf.matches("type=\"prismatic\"").count(), 4);
}

#[test]
fn urdf_carries_the_descriptions_numbers_to_the_last_digit() {
    let urdf = success(&["robot", "export", TOUMAI, "--urdf", "--arm", "left"]);
    for text in [
        "<limit lower=\"-4.53786\" upper=\"4.53786\" effort=\"0.33\" velocity=\"6\"/>",
        "<dynamics damping=\"1.2035645\" friction=\"0.4475953\"/>",
        "<origin xyz=\"0 0 0\" rpy=\"1.5707963267948966 0 0\"/>",
        "<inertia ixx=\"0.00000008\" ixy=\"0\" ixz=\"0\" iyy=\"0.00000008\" iyz=\"0\" izz=\"0.00000008\"/>",
        "<origin xyz=\"0 0 -0.4318\" rpy=\"0 0 0\"/>",
        "<!-- mesh: instrument_roll -->",
    ] {
        assert!(urdf.contains(text), "no {text} in\n{urdf}");
    }
    assert!(!urdf.contains("right_"), "only the arm that was asked for");
}

#[test]
fn export_writes_the_same_text_to_a_file() {
    let folder = Folder::new("export");
    let file = folder.file("robot.urdf");
    let printed = success(&["robot", "export", TOUMAI, "--urdf"]);
    assert_eq!(
        success(&["robot", "export", TOUMAI, "--urdf", "-o", &file]),
        ""
    );
    assert_eq!(std::fs::read_to_string(&file).expect("written"), printed);
}

#[test]
fn a_missing_file_is_told() {
    for arguments in [
        &["robot", "show", "no/such.ron"] as &[&str],
        &["robot", "export", "no/such.ron", "--urdf"],
    ] {
        assert_eq!(
            refused(arguments),
            "error: no/such.ron: there is no such file\n"
        );
    }
}

#[test]
fn an_unknown_field_is_told_with_file_line_and_caret() {
    let folder = Folder::new("field");
    let file = folder.changed(TOUMAI, "            jaw: Jaw(", "            claw: Jaw(");
    let line = 1 + std::fs::read_to_string(&file)
        .expect("written")
        .lines()
        .position(|line| line.contains("claw: Jaw("))
        .expect("there");
    let told = refused(&["robot", "show", &file]);
    assert!(
        told.starts_with(&format!("error: {file}:{line}:")),
        "{told}"
    );
    assert!(told.contains("claw") && told.contains("`jaw`"), "{told}");
    assert!(
        told.contains(&format!("{line} |             claw: Jaw(")),
        "{told}"
    );
}

#[test]
fn a_number_that_is_none_is_told_with_its_entry() {
    let folder = Folder::new("nan");
    for (from, to, sentence) in [
        (
            "q(0.4162, m, ",
            "q(NaN, m, ",
            "`models.instrument.rows[3].d` is NaN: write a finite number",
        ),
        (
            "mass: q(4, kg, ",
            "mass: q(inf, kg, ",
            "`models.instrument.links[0].mass` is inf: write a finite number",
        ),
        (
            "q(-9.80665, m_s2, ",
            "q(NaN, m_s2, ",
            "`gravity[2]` is NaN: write a finite number",
        ),
        (
            "viscous: q(0.0905326, N_m_s_per_rad, ",
            "viscous: q(0.0905326, N_m, ",
            "`models.instrument.friction[0].viscous` is in N_m, but it needs N_m_s_per_rad",
        ),
    ] {
        let file = folder.changed(TOUMAI, from, to);
        for arguments in [
            &["robot", "show", &file] as &[&str],
            &["robot", "export", &file, "--urdf"],
        ] {
            assert_eq!(refused(arguments), format!("error: {file}: {sentence}\n"));
        }
    }
}

#[test]
fn a_file_that_is_no_robot_is_refused() {
    let folder = Folder::new("other");
    let file = folder.file("text.ron");
    std::fs::write(&file, [0xff, 0xfe, 0x00]).expect("written");
    assert_eq!(
        refused(&["robot", "show", &file]),
        format!("error: {file}: is not UTF-8 text\n")
    );
    let told = refused(&["robot", "show", "scenarios/casablanca_shanghai.ron"]);
    assert!(
        told.starts_with("error: scenarios/casablanca_shanghai.ron:"),
        "{told}"
    );
    refused(&["robot", "show", "assets"]);
}

#[test]
fn an_arm_that_the_robot_lacks_is_told_with_those_it_has() {
    let sentence = "error: assets/robots/toumai.ron: the robot has no arm \"fifth\": use one of left, \
                    right, third, endoscope\n";
    assert_eq!(
        refused(&["robot", "show", TOUMAI, "--arm", "fifth"]),
        sentence
    );
    assert_eq!(
        refused(&["robot", "export", TOUMAI, "--urdf", "--arm", "fifth"]),
        sentence
    );
}

#[test]
fn a_place_that_cannot_be_written_is_told() {
    let told = refused(&[
        "robot",
        "export",
        TOUMAI,
        "--urdf",
        "-o",
        "no/such/folder.urdf",
    ]);
    assert!(
        told.starts_with("error: no/such/folder.urdf: cannot be written: "),
        "{told}"
    );
}

#[test]
fn export_needs_a_format() {
    let output = twin(&["robot", "export", TOUMAI]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("--urdf"));
}

#[test]
fn a_name_with_signs_of_xml_is_escaped() {
    let folder = Folder::new("xml");
    let file = folder.changed(
        TOUMAI,
        "name: \"Toumai layout with dVRK kinematics\"",
        "name: \"<Toumai> & \\\"dVRK\\\"\"",
    );
    let urdf = success(&["robot", "export", &file, "--urdf"]);
    assert!(
        urdf.contains("<robot name=\"&lt;Toumai&gt; &amp; &quot;dVRK&quot;\">"),
        "{urdf}"
    );
}

fn names<'a>(urdf: &'a str, opening: &str) -> Vec<&'a str> {
    let lines = urdf.lines().filter_map(|line| line.strip_prefix(opening));
    lines.filter_map(|rest| rest.split('"').next()).collect()
}

fn between<'a>(line: &'a str, opening: &str, closing: &str) -> Option<&'a str> {
    line.strip_prefix(opening)?.split(closing).next()
}

fn count(value: &Value) -> u64 {
    value.as_u64().expect("a count")
}

/// What the tool prints when all is well.
fn success(arguments: &[&str]) -> String {
    let output = twin(arguments);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(stderr(&output), "");
    stdout(&output)
}

/// What the tool says of wrong input: exit code 2, nothing printed.
fn refused(arguments: &[&str]) -> String {
    let output = twin(arguments);
    assert_eq!(output.status.code(), Some(2), "{}", stdout(&output));
    assert_eq!(stdout(&output), "");
    stderr(&output)
}
