//! `twin campaign` and the reports as a user meets them.

mod common;

use std::process::Stdio;

use common::{
    ANYTHING, CASABLANCA, Folder, assert_is_one_page, assert_refused, command, stderr, stdout, twin,
};
use parquet::file::reader::{FileReader, SerializedFileReader};

/// The parts that every page has.
const PARTS: [&str; 12] = [
    "<h2 id=\"requirements\">",
    "<h2 id=\"worst-run\">",
    "<h2 id=\"assumptions\">",
    "<h2 id=\"coverage\">",
    "<h2 id=\"trace\">",
    "<h2 id=\"again\">",
    "class=\"hist\"",
    "class=\"timeline\"",
    "arrived A",
    "tip speed",
    "prefers-color-scheme:dark",
    "control_loop/src/admission.rs",
];

fn read(path: &str) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn a_campaign_that_did_not_see_all_that_can_happen_is_blind_and_fails() {
    let folder = Folder::new("blind");
    let out = folder.file("out");
    let output = twin(&[
        "campaign",
        CASABLANCA,
        "--runs",
        "2",
        "--duration",
        "0.5",
        "--out",
        &out,
    ]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(1), "{text}{}", stderr(&output));
    assert!(text.contains("BLIND"), "{text}");
    assert!(text.contains("state holding"), "{text}");
    // Excused by the scenario.
    assert!(!text.contains("never saw verdict forged"), "{text}");
}

#[test]
fn a_campaign_leaves_its_plan_a_table_and_a_page_behind() {
    let folder = Folder::new("whole");
    let scenario = folder.scenario("scenario.ron", ANYTHING);
    let out = folder.file("out");
    let arguments = [
        "campaign",
        &scenario,
        "--runs",
        "5",
        "--duration",
        "3",
        "--out",
        &out,
    ];
    let output = twin(&arguments);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{text}{}", stderr(&output));
    // 1 - 0.05^(1/5)
    assert!(text.contains("4.507e-1"), "{text}");

    let plan: serde_json::Value =
        serde_json::from_slice(&read(&format!("{out}/plan.json"))).expect("JSON");
    let report: serde_json::Value =
        serde_json::from_slice(&read(&format!("{out}/report.json"))).expect("JSON");
    assert_eq!(plan["plan_sha256"], report["plan_sha256"]);
    assert_eq!(report["summary"]["runs"], 5);

    let file = std::fs::File::open(format!("{out}/result.parquet")).expect("a table");
    let table = SerializedFileReader::new(file).expect("Parquet");
    assert_eq!(table.metadata().file_metadata().num_rows(), 5);
    let rows = table.get_row_iter(None).expect("rows");
    for (index, row) in rows.enumerate() {
        let row = row.expect("a row");
        let columns: Vec<(&String, &parquet::record::Field)> = row.get_column_iter().collect();
        let of = |name: &str| {
            let found = columns.iter().find(|(column, _)| *column == name);
            found
                .unwrap_or_else(|| panic!("no column {name}"))
                .1
                .to_string()
        };
        assert_eq!(of("seed"), (index + 1).to_string());
        assert_eq!(of("ticks"), "3000");
        assert_eq!(of("R03 verdict"), "0");
        let margin: f64 = of("R03 margin").parse().expect("a number");
        assert!((0.0..=0.1).contains(&margin), "{margin}");
        assert!(
            columns
                .iter()
                .any(|(name, _)| *name == "parameter swarm outages")
        );
        assert!(
            columns
                .iter()
                .any(|(name, _)| *name == "count transition coasting -> holding")
        );
    }

    let html = String::from_utf8(read(&format!("{out}/report.html"))).expect("text");
    assert_is_one_page(&html, &PARTS);
    assert!(html.contains(plan["plan_sha256"].as_str().expect("a hash")));

    // Given again it runs nothing and says the same.
    let again = twin(&arguments);
    assert_eq!(stdout(&again), text);
    assert!(stderr(&again).contains("going on after 5 runs"));
}

#[test]
fn a_killed_campaign_goes_on_without_losing_or_repeating_a_run() {
    let folder = Folder::new("killed");
    let scenario = folder.scenario("scenario.ron", ANYTHING);
    let (whole, killed) = (folder.file("whole"), folder.file("killed"));
    let arguments = |out: &str| {
        let all = [
            "campaign",
            &scenario,
            "--runs",
            "12",
            "--duration",
            "2",
            "--jobs",
            "2",
            "--out",
            out,
        ];
        all.map(String::from)
    };
    let run = |out: &str| twin(&arguments(out).each_ref().map(String::as_str));
    assert_eq!(run(&whole).status.code(), Some(0));

    let journal = format!("{killed}/journal.jsonl");
    let mut kills = 0;
    for least in [1, 4, 7] {
        let all = arguments(&killed);
        let mut child = command(&all.each_ref().map(String::as_str))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        loop {
            let lines = std::fs::read(&journal).map_or(0, |bytes| {
                bytes.iter().filter(|&&byte| byte == b'\n').count()
            });
            if lines >= least {
                // SIGKILL: nothing can be tidied up.
                child.kill().expect("it runs");
                kills += 1;
                child.wait().expect("it ends");
                break;
            }
            if child.try_wait().expect("it can be asked").is_some() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        // As if the last line had been torn while it was written.
        let bytes = read(&journal);
        std::fs::write(&journal, &bytes[..bytes.len() - 20]).expect("it can be written");
    }
    assert_eq!(kills, 3);
    let output = run(&killed);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stderr(&output).contains("was torn"), "{}", stderr(&output));
    for file in ["journal.jsonl", "result.parquet", "report.json"] {
        let [one, other] = [&whole, &killed].map(|out| read(&format!("{out}/{file}")));
        assert!(one == other, "{file} differs");
    }
}

#[test]
fn shards_put_together_are_the_campaign_in_one_piece_on_any_number_of_threads() {
    let folder = Folder::new("shards");
    let scenario = folder.scenario("scenario.ron", ANYTHING);
    let whole = folder.file("whole");
    let base = ["campaign", &scenario, "--runs", "7", "--duration", "1"];
    let run = |more: &[&str]| twin(&[&base[..], more].concat());
    let output = run(&["--jobs", "1", "--out", &whole]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let shards: Vec<String> = (1..=3).map(|n| folder.file(&format!("shard{n}"))).collect();
    for (number, out) in (1..).zip(&shards) {
        let shard = format!("{number}/3");
        let output = run(&["--jobs", "3", "--shard", &shard, "--out", out]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert!(stdout(&output).contains("Nothing is judged before"));
    }
    let merged = folder.file("merged");
    let merge = |shards: &[&str], out: &str| {
        let head = ["campaign", "merge", "--scenario", &scenario, "--out", out];
        [&head[..], shards]
            .concat()
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    // In any order.
    let all = merge(&[&shards[2], &shards[0], &shards[1]], &merged);
    let output = twin(&all.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    for file in [
        "journal.jsonl",
        "plan.json",
        "result.parquet",
        "report.json",
    ] {
        let [one, other] = [&whole, &merged].map(|out| read(&format!("{out}/{file}")));
        assert!(one == other, "{file} differs");
    }

    let refused = |shards: &[&str], told: &[&str]| {
        let all = merge(shards, &folder.file("refused"));
        assert_refused(&all.iter().map(String::as_str).collect::<Vec<_>>(), told);
    };
    refused(&[&shards[0], &shards[1]], &["2 of 3 shards"]);
    refused(&[&shards[0], &shards[0], &shards[1]], &["shard"]);
    refused(&[&folder.file("nowhere")], &["nowhere", "no plan.json"]);
    // One of another campaign.
    let other = folder.file("other");
    let output = twin(&[
        "campaign",
        &scenario,
        "--runs",
        "9",
        "--duration",
        "1",
        "--shard",
        "3/3",
        "--out",
        &other,
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    refused(
        &[&shards[0], &shards[1], &other],
        &["other", "another campaign", "9 runs, not 7"],
    );
    // One that is not finished.
    let journal = format!("{}/journal.jsonl", shards[1]);
    let bytes = read(&journal);
    let first_line = bytes.iter().position(|&b| b == b'\n').expect("a line") + 1;
    std::fs::write(&journal, &bytes[..first_line]).expect("it can be written");
    refused(
        &[&shards[0], &shards[1], &shards[2]],
        &["shard2", "is not finished: 1 of its 2"],
    );
}

#[test]
fn what_does_not_fit_is_refused_and_nothing_is_lost() {
    let folder = Folder::new("refused");
    let scenario = folder.scenario("scenario.ron", ANYTHING);
    let out = folder.file("out");
    let run = |more: &[&'static str]| -> Vec<String> {
        let base = ["campaign", &scenario, "--duration", "0.5", "--out", &out];
        base.into_iter()
            .chain(more.iter().copied())
            .map(String::from)
            .collect()
    };
    let refused = |arguments: &[String], told: &[&str]| {
        assert_refused(
            &arguments.iter().map(String::as_str).collect::<Vec<_>>(),
            told,
        );
    };
    let first = run(&["--runs", "3"]);
    let output = twin(&first.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let journal_file = format!("{out}/journal.jsonl");
    let journal = read(&journal_file);

    // More runs, or another claim, after the first ones were seen.
    refused(
        &run(&["--runs", "4"]),
        &["3 runs, not 4", "after its runs were seen"],
    );
    refused(
        &run(&["--runs", "3", "--confidence", "0.9"]),
        &["another claim"],
    );
    refused(
        &run(&["--runs", "3", "--shard", "1/2"]),
        &["shard 1/1, not 1/2"],
    );
    refused(
        &run(&["--runs", "3", "--loop", "catch-up"]),
        &["the loop own"],
    );
    // Another scenario.
    let other = folder.scenario("other.ron", "(what: \"*\", because: \"another reason\")");
    assert_refused(
        &[
            "campaign",
            &other,
            "--duration",
            "0.5",
            "--out",
            &out,
            "--runs",
            "3",
        ],
        &["the scenario, or a file that it names, has changed"],
    );
    // A file where the folder should be: as a disk that takes nothing.
    let file = folder.file("file");
    std::fs::write(&file, "here").expect("it can be written");
    assert_refused(
        &["campaign", &scenario, "--runs", "3", "--out", &file],
        &["file", "is no folder"],
    );
    assert_eq!(read(&file), b"here");
    // A folder where a file should be.
    let blocked = folder.file("blocked");
    std::fs::create_dir_all(format!("{blocked}/journal.jsonl")).expect("a folder");
    assert_refused(
        &["campaign", &scenario, "--runs", "3", "--out", &blocked],
        &["journal"],
    );
    assert_eq!(read(&journal_file), journal, "nothing was touched");

    // A damaged journal: told, not repaired.
    let mut damaged = journal.clone();
    damaged[40] ^= 1;
    std::fs::write(&journal_file, &damaged).expect("it can be written");
    refused(
        &first,
        &["line 1 does not fit its checksum", "nothing was changed"],
    );
    assert_eq!(read(&journal_file), damaged, "nothing was touched");
    std::fs::write(&journal_file, &journal).expect("it can be written");

    // A plan that was changed, is damaged, or of a newer version.
    let plan_file = format!("{out}/plan.json");
    let plan = String::from_utf8(read(&plan_file)).expect("text");
    for (from, to, told) in [
        (
            "\"runs\": 3",
            "\"runs\": 4",
            "was changed after the campaign began",
        ),
        (
            "\"format\": 1",
            "\"format\": 2",
            "has format 2, and this tool reads 1",
        ),
        ("\"rule\"", "\"rul", "is damaged"),
    ] {
        assert!(plan.contains(from), "{plan}");
        std::fs::write(&plan_file, plan.replace(from, to)).expect("it can be written");
        refused(&first, &["plan.json", told]);
    }
    std::fs::remove_file(&plan_file).expect("it is there");
    refused(&first, &["a journal and no plan"]);
    std::fs::write(&plan_file, &plan).expect("it can be written");
    let output = twin(&first.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(read(&journal_file), journal);

    // Lists that name nothing, and claims that are none.
    let wrong = folder.scenario(
        "wrong.ron",
        "(what: \"verdict forgd *\", because: \"a slip\")",
    );
    assert_refused(
        &[
            "campaign",
            &wrong,
            "--runs",
            "3",
            "--out",
            &folder.file("w"),
        ],
        &["wrong.ron", "cannot_happen[0]", "verdict forgd"],
    );
    refused(
        &run(&["--claim", "0.001", "--runs", "100"]),
        &["100 runs cannot show", "it takes 2995"],
    );
    refused(&run(&["--claim", "1.5"]), &["1.5"]);
    refused(&run(&["--sprt", "1e-3:1e-4"]), &["good < bad"]);
    refused(
        &run(&["--sprt", "1e-4:1e-3", "--shard", "1/2"]),
        &["--shard"],
    );
    refused(&run(&["--shard", "3/2"]), &["3/2"]);
}

#[test]
fn a_claim_tells_and_runs_the_number_that_it_takes() {
    let folder = Folder::new("claim");
    let out = folder.file("out");
    let output = twin(&[
        "campaign",
        CASABLANCA,
        "--claim",
        "1e-3",
        "--tell-plan",
        "--out",
        &out,
    ]);
    let text = stdout(&output);
    for told in [
        "2995 runs",
        "1 failures allowed: 4742",
        "5 failures allowed: 10511",
    ] {
        assert!(text.contains(told), "{told}:\n{text}");
    }
    assert!(!std::path::Path::new(&out).exists(), "nothing was run");

    let scenario = folder.scenario("scenario.ron", ANYTHING);
    let output = twin(&[
        "campaign",
        &scenario,
        "--claim",
        "0.4",
        "--duration",
        "0.2",
        "--out",
        &out,
    ]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{text}{}", stderr(&output));
    // 0.6^6 < 0.05 < 0.6^5
    assert!(text.contains("is shown: 0 of 6 runs fail"), "{text}");

    // Wald's test of 0.2 against 0.6 accepts after ln(19) / ln(0.8 / 0.4) = 4.2 runs without a failure.
    let output = twin(&[
        "campaign",
        &scenario,
        "--sprt",
        "0.2:0.6",
        "--duration",
        "0.2",
        "--out",
        &folder.file("s"),
    ]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{text}{}", stderr(&output));
    assert!(text.contains("0 of 5 runs fail"), "{text}");
}

#[test]
fn a_flawed_loop_fails_the_campaign_and_is_shown_in_page_sarif_and_junit() {
    let folder = Folder::new("flawed");
    let scenario = folder.scenario("scenario.ron", ANYTHING);
    let out = folder.file("out");
    let output = twin(&[
        "campaign",
        &scenario,
        "--runs",
        "3",
        "--duration",
        "4",
        "--no-swarm",
        "--loop",
        "last-writer-wins",
        "--out",
        &out,
    ]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(stdout(&output).contains("VIOLATED"), "{}", stdout(&output));
    let html = String::from_utf8(read(&format!("{out}/report.html"))).expect("text");
    assert_is_one_page(&html, &PARTS);
    assert!(html.contains("class=\"badge no\""));

    let [html, sarif, junit] = ["r.html", "r.sarif", "r.xml"].map(|name| folder.file(name));
    let output = twin(&[
        "check",
        &scenario,
        "--seeds",
        "3",
        "--duration",
        "4",
        "--loop",
        "last-writer-wins",
        "--html",
        &html,
        "--sarif",
        &sarif,
        "--junit",
        &junit,
    ]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let page = String::from_utf8(read(&html)).expect("text");
    assert_is_one_page(&page, &PARTS);
    let sarif: serde_json::Value = serde_json::from_slice(&read(&sarif)).expect("JSON");
    assert_eq!(sarif["version"], "2.1.0");
    let run = &sarif["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().expect("rules");
    let results = run["results"].as_array().expect("results");
    assert_eq!(rules.len(), safety::Id::ALL.len());
    assert!(!results.is_empty());
    for result in results {
        let index = result["ruleIndex"].as_u64().expect("a number") as usize;
        assert_eq!(rules[index]["id"], result["ruleId"]);
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], scenario.as_str());
        assert!(result["partialFingerprints"]["requirementAndScenario/v1"].is_string());
    }
    let junit = String::from_utf8(read(&junit)).expect("text");
    for property in ["worst_seed", "robustness", "origin", "runs_hash"] {
        assert!(
            junit.contains(&format!("name=\"{property}\"")),
            "{property}"
        );
    }
}

#[test]
fn a_rare_event_of_the_twin_is_estimated_with_its_error() {
    let arguments = [
        "rare",
        CASABLANCA,
        "--requirement",
        "R05",
        "--duration",
        "1.5",
        "--runs",
        "4",
        "--levels",
        "5",
        "--estimates",
        "2",
    ];
    let output = twin(&arguments);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{text}{}", stderr(&output));
    assert!(text.contains("violates R05"), "{text}");
    assert!(text.contains("no proof"), "{text}");
    assert_eq!(
        stdout(&twin(&arguments)),
        text,
        "the same seed says the same"
    );
    assert_refused(
        &["rare", CASABLANCA, "--requirement", "R99"],
        &["R99", "R05"],
    );
}
