//! A check's report as SARIF 2.1.0, for the code-scanning views of CI systems: a rule a requirement, a result a
//! violated one.

use safety::Verdict;
use serde_json::{Value, json};

use crate::plan::sha256_hex;
use crate::report::{CheckReport, RequirementRow};

/// The report as SARIF. `scenario` is the scenario's path relative to the repository, where the result is shown.
pub fn sarif(report: &CheckReport, scenario: &str, loop_name: &str, replay: &str) -> Value {
    let rules: Vec<Value> = report.requirements.iter().map(rule).collect();
    let results: Vec<Value> = report
        .requirements
        .iter()
        .enumerate()
        .filter(|(_, row)| row.verdict == Verdict::Violated)
        .map(|(index, row)| result(row, index, report, scenario, loop_name, replay))
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {
                "driver": {
                    "name": "telesurgery-twin",
                    "version": env!("CARGO_PKG_VERSION"),
                    "rules": rules,
                }
            },
            "invocations": [{ "executionSuccessful": true }],
            "results": results,
            "columnKind": "unicodeCodePoints",
            "properties": {
                "runs": report.runs,
                "firstSeed": report.first_seed,
                "runsHash": report.hash,
            },
        }],
    })
}

fn rule(row: &RequirementRow) -> Value {
    json!({
        "id": row.id.name(),
        "name": row.id.name(),
        "shortDescription": { "text": row.hazard },
        "fullDescription": { "text": row.sentence },
        "help": { "text": format!("{} Threshold: {}. Origin: {}", row.sentence, row.threshold, row.origin) },
        "defaultConfiguration": { "level": "error" },
    })
}

fn result(
    row: &RequirementRow,
    index: usize,
    report: &CheckReport,
    scenario: &str,
    loop_name: &str,
    replay: &str,
) -> Value {
    // The same trouble keeps its fingerprint while seeds and margins change.
    let fingerprint = sha256_hex(format!("{}\n{scenario}\n{loop_name}", row.id).as_bytes());
    json!({
        "ruleId": row.id.name(),
        "ruleIndex": index,
        "level": "error",
        "message": { "text": format!(
            "{} violated in {} of {} runs: {}. Worst: {} at {:.4} s of seed {}. Replay the worst run: {replay}",
            row.id,
            row.violating_runs,
            report.runs,
            row.sentence,
            row.detail,
            row.worst_at_s.unwrap_or_default(),
            row.worst_seed.unwrap_or_default()
        ) },
        "locations": [{
            "physicalLocation": {
                "artifactLocation": { "uri": scenario.replace(' ', "%20"), "uriBaseId": "%SRCROOT%" },
                "region": { "startLine": 1 },
            }
        }],
        "partialFingerprints": { "requirementAndScenario/v1": fingerprint },
        "properties": {
            "margin": row.worst_margin,
            "unit": row.unit,
            "robustness": row.robustness,
            "failureBound95": row.failure_bound,
        },
    })
}
