//! A check's report as JUnit XML, for the test views of CI systems.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use safety::Verdict;

use crate::report::{CheckReport, RequirementRow};

/// One suite a check, one test case a requirement; a requirement that was not exercised is skipped.
///
/// # Errors
/// The XML cannot be written, in words.
pub fn junit(report: &CheckReport, replay: &str) -> Result<String, String> {
    let mut suite = TestSuite::new(&report.operation);
    for row in &report.requirements {
        suite.add_test_case(test_case(row, report, replay));
    }
    let mut xml = Report::new("telesurgery-twin check");
    xml.add_test_suite(suite);
    xml.to_string().map_err(|error| error.to_string())
}

fn test_case(row: &RequirementRow, report: &CheckReport, replay: &str) -> TestCase {
    let mut status = match row.verdict {
        Verdict::Held => TestCaseStatus::success(),
        Verdict::NotExercised => TestCaseStatus::skipped(),
        Verdict::Violated => TestCaseStatus::non_success(NonSuccessKind::Failure),
    };
    match row.verdict {
        Verdict::Held => {}
        Verdict::NotExercised => {
            status.set_message("its condition never came true");
        }
        Verdict::Violated => {
            let at = row.worst_at_s.unwrap_or_default();
            let seed = row.worst_seed.unwrap_or_default();
            status.set_message(format!(
                "violated in {} of {} runs; worst {} at {at:.4} s of seed {seed}",
                row.violating_runs, report.runs, row.detail
            ));
            status.set_description(format!("{}\nreplay: {replay}", row.sentence));
        }
    }
    let mut case = TestCase::new(format!("{} {}", row.id, row.sentence), status);
    case.set_classname(format!("requirements.{}", row.id));
    for (name, value) in [
        ("requirement", row.id.to_string()),
        ("runs", report.runs.to_string()),
        ("first_seed", report.first_seed.to_string()),
        ("exercised", row.exercised.to_string()),
        (
            "worst_margin",
            row.worst_margin
                .map_or("none".into(), |margin| margin.to_string()),
        ),
        ("unit", row.unit.clone()),
        (
            "robustness",
            row.robustness
                .map_or("none".into(), |share| share.to_string()),
        ),
        ("exercised_runs", row.exercised_runs.to_string()),
        ("violating_runs", row.violating_runs.to_string()),
        (
            "worst_seed",
            row.worst_seed
                .map_or("none".into(), |seed| seed.to_string()),
        ),
        ("failure_bound_95", row.failure_bound.to_string()),
        ("threshold", row.threshold.clone()),
        ("origin", row.origin.clone()),
        ("runs_hash", report.hash.clone()),
    ] {
        case.add_property((name, value.as_str()));
    }
    case
}
