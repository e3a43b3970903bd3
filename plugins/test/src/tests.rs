//! The agent on a mock host with scripted answers.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use phasegate_plugin::testing::{Activity, MockHost, request_text, requests_fingerprint};
use phasegate_plugin::types::{BenchError, FeedbackItem, Outcome, TestCase, TestRun};
use phasegate_standard_agents::testing::{with_common_inputs, with_repository};

use super::*;

const TASK: &str =
    r#"{"task_id": "TASK-001", "description": "Parse durations.", "requirements": ["hours", "minutes"]}"#;
const PLAN: &str = r#"{"task_id": "TASK-001", "semantic_units": [], "total_est_complexity": 0}"#;
const DESIGN: &str = r#"{"task_id": "TASK-001", "architecture_overview": "One pure function.", "components": [], "api_contracts": [],
    "data_schemas": [], "technology_stack": {}, "assumptions": [], "review_checklist": []}"#;
const CODE: &str = r#"{"files": [{"path": "a.py", "content": "def parse(text):\n    return 90\n", "purpose": "parses"}],
    "language": "python", "dependencies": [], "notes": ""}"#;
const SUITE: &str = r#"{"files": [{"path": "tests/test_a.py", "content": "def test_h(): pass\ndef test_m(): pass\n"}],
    "covers": [{"requirement": "R1", "tests": ["tests/test_a.py::test_h"]}, {"requirement": "R2", "tests": ["tests/test_a.py::test_m"]}],
    "dropped": []}"#;
const NOTHING_NEW: &str = r#"{"files": [], "covers": [], "dropped": []}"#;

fn host() -> MockHost {
    host_without_design().input("design_specification", "design_specification", DESIGN)
}

fn host_without_design() -> MockHost {
    MockHost::new()
        .input("task_requirements", "task_requirements", TASK)
        .input("project_plan", "project_plan", PLAN)
        .input("generated_code", "generated_code", CODE)
        .assignment(|a| a.phase = "test".to_owned())
}

fn case(name: &str, outcome: Outcome, message: &str) -> TestCase {
    TestCase {
        name: format!("tests/test_a.py::{name}"),
        outcome,
        message: Some(message.to_owned()),
        output: String::new(),
    }
}

fn ran(tests: Vec<TestCase>) -> Result<TestRun, BenchError> {
    Ok(TestRun { build_errors: vec![], tests })
}

fn both_pass() -> Result<TestRun, BenchError> {
    ran(vec![case("test_h", Outcome::Passed, ""), case("test_m", Outcome::Passed, "")])
}

fn diagnosis(evidence: &str) -> String {
    format!(
        r#"{{"issues": [{{"id": "T-001", "severity": "high", "category": "logic", "defect_type": "conventional_code_bug",
        "phase_injected": "code", "description": "parse returns a constant.", "evidence": "{evidence}", "impact": "R2"}}]}}"#
    )
}

fn suite_of(result: &Result<Submission, Failure>) -> TestSuite {
    serde_json::from_slice(&result.as_ref().unwrap().artifacts[0].content).unwrap()
}

fn issues_of(result: Result<Submission, Failure>) -> Vec<phasegate_plugin::types::Issue> {
    result.unwrap().findings.unwrap().issues
}

fn labels(activity: &Activity) -> Vec<&str> {
    activity.requests.iter().map(|request| request.label.as_str()).collect()
}

#[test]
fn passing_suites_need_no_diagnosis() {
    let (result, activity) = host().answer("test/write", SUITE).test_run(both_pass()).run::<Test>();
    assert_eq!(labels(&activity), ["test/write"]);
    assert_eq!(suite_of(&result).files.len(), 1);
    assert!(issues_of(result).is_empty());
    let prompt = request_text(&activity.requests[0]);
    assert!(prompt.contains("def parse(text):") && !prompt.contains("return 90"), "the prompt hides function bodies");
}

#[test]
fn adds_the_failing_assertion_to_the_evidence() {
    let host = host()
        .answer("test/write", SUITE)
        .test_run(ran(vec![case("test_h", Outcome::Passed, ""), case("test_m", Outcome::Failed, "assert 90 == 5400")]))
        .answer("test/diagnose", &diagnosis("tests/test_a.py::test_m fails"));
    let (result, activity) = host.run::<Test>();
    assert!(
        request_text(&activity.requests[1]).contains("assert 90 == 5400")
            && request_text(&activity.requests[1]).contains("2 |     return 90")
    );
    assert!(issues_of(result)[0].evidence.ends_with("tests/test_a.py::test_m: assert 90 == 5400"));
}

#[test]
fn asks_about_unexplained_failures() {
    let host = host()
        .answer("test/write", SUITE)
        .test_run(ran(vec![
            case("test_h", Outcome::Failed, "boom"),
            case("test_m", Outcome::Failed, "assert 90 == 5400"),
        ]))
        .answer("test/diagnose", &diagnosis("tests/test_a.py::test_m fails"))
        .answer("test/diagnose/repair", &diagnosis("tests/test_a.py::test_m and tests/test_a.py::test_h fail"));
    let (result, activity) = host.run::<Test>();
    assert!(request_text(&activity.requests[2]).contains("no issue's evidence names `tests/test_a.py::test_h`"));
    assert_eq!(issues_of(result).len(), 1);
}

#[test]
fn repairs_a_broken_suite_once() {
    let broken =
        Ok(TestRun { build_errors: vec!["tests/test_a.py:3: '(' was never closed".to_owned()], tests: vec![] });
    let host =
        host().answer("test/write", SUITE).test_run(broken).answer("test/write/repair", SUITE).test_run(both_pass());
    let (result, activity) = host.run::<Test>();
    assert_eq!(labels(&activity), ["test/write", "test/write/repair"]);
    assert!(request_text(&activity.requests[1]).contains("'(' was never closed"));
    assert!(result.is_ok());
}

#[test]
fn broken_code_is_not_the_suites_fault() {
    let broken = || Ok(TestRun { build_errors: vec!["a.py:2: invalid syntax".to_owned()], tests: vec![] });
    let host = host()
        .answer("test/write", SUITE)
        .test_run(broken())
        .answer("test/diagnose", &diagnosis("a.py:2: invalid syntax"));
    let (result, activity) = host.run::<Test>();
    assert_eq!(labels(&activity), ["test/write", "test/diagnose"]);
    assert_eq!(issues_of(result)[0].phase_injected, "code");
}

#[test]
fn covered_names_may_begin_with_a_dot() {
    let dotted = SUITE.replace("\"tests/test_a.py::", "\"./tests/test_a.py::");
    assert_ne!(dotted, SUITE);
    let (result, activity) = host().answer("test/write", &dotted).test_run(both_pass()).run::<Test>();
    assert_eq!(labels(&activity), ["test/write"]);
    assert!(result.is_ok());
}

#[test]
fn covered_tests_must_exist() {
    let run = || ran(vec![case("test_h", Outcome::Passed, ""), case("test_minutes", Outcome::Passed, "")]);
    let renamed = SUITE.replace("::test_m", "::test_minutes");
    let host = host().answer("test/write", SUITE).test_run(run()).answer("test/write/repair", &renamed).test_run(run());
    let (_, activity) = host.run::<Test>();
    let again = request_text(&activity.requests[1]);
    assert!(
        again.contains("covers: there is no test `tests/test_a.py::test_m`") && again.contains("test_minutes"),
        "{again}"
    );
}

#[test]
fn asks_for_missing_requirement_tests() {
    let half = SUITE.replace(r#""requirement": "R2""#, r#""requirement": "SU-001""#);
    let host = host().answer("test/write", &half).answer("test/write/repair", SUITE).test_run(both_pass());
    let (_, activity) = host.run::<Test>();
    assert!(request_text(&activity.requests[1]).contains("covers: requirement R2 has no test"));
}

#[test]
fn keeps_earlier_tests_unchanged() {
    let host = host()
        .previous("test_suite", "test_suite", SUITE)
        .assignment(|a| a.attempt = 2)
        .answer("test/write", NOTHING_NEW)
        .test_run(both_pass());
    let (result, activity) = host.run::<Test>();
    let earlier: TestSuite = serde_json::from_str(SUITE).unwrap();
    assert_eq!(suite_of(&result), earlier);
    assert!(request_text(&activity.requests[0]).contains("def test_h(): pass"));
}

#[test]
fn drops_earlier_tests_only_with_a_reason() {
    let without = r#"{"files": [{"path": "tests/test_a.py", "content": "def test_h(): pass\ndef test_n(): pass\n"}],
        "covers": [{"requirement": "R2", "tests": ["tests/test_a.py::test_n"]}], "dropped": []}"#;
    let with_reason = without.replace(
        r#""dropped": []"#,
        r#""dropped": [{"test": "tests/test_a.py::test_m", "reason": "R2 allows minutes beyond 59"}]"#,
    );
    let run = || ran(vec![case("test_h", Outcome::Passed, ""), case("test_n", Outcome::Passed, "")]);
    let instructions = "test_m contradicts R2".to_owned();
    let host = host()
        .previous("test_suite", "test_suite", SUITE)
        .assignment(|a| {
            a.attempt = 2;
            a.feedback.push(FeedbackItem { source: "person:ada".into(), about: vec![], issues: vec![], instructions });
        })
        .answer("test/write", without)
        .test_run(run())
        .answer("test/write/repair", &with_reason)
        .test_run(run());
    let (result, activity) = host.run::<Test>();
    assert!(request_text(&activity.requests[0]).contains("test_m contradicts R2"));
    assert!(request_text(&activity.requests[1]).contains("the earlier test `tests/test_a.py::test_m` is missing"));
    let suite = suite_of(&result);
    assert_eq!(suite.dropped[0].test, "tests/test_a.py::test_m");
    assert_eq!(suite.covers[1].tests, ["tests/test_a.py::test_n"]);
}

#[test]
fn drops_only_earlier_tests() {
    let odd = SUITE.replace(
        r#""dropped": []"#,
        r#""dropped": [{"test": "tests/test_a.py::test_z", "reason": "it never was there"}]"#,
    );
    let host = host().answer("test/write", &odd).answer("test/write/repair", SUITE).test_run(both_pass());
    let (_, activity) = host.run::<Test>();
    assert!(
        request_text(&activity.requests[1]).contains("dropped: no earlier test is called `tests/test_a.py::test_z`")
    );
}

#[test]
fn submits_without_findings_if_no_runner_exists() {
    let host = host().answer("test/write", SUITE).test_run(Err(BenchError::NoRunner("no runner serves cobol".into())));
    let (result, _) = host.run::<Test>();
    assert_eq!(suite_of(&result).files.len(), 1);
    assert!(issues_of(result).is_empty());
}

#[test]
fn rejects_test_files_at_code_paths() {
    let over = SUITE.replace("tests/test_a.py", "a.py");
    let host = host().answer("test/write", &over).answer("test/write/repair", SUITE).test_run(both_pass());
    let (_, activity) = host.run::<Test>();
    assert!(request_text(&activity.requests[1]).contains("`a.py` is a file of the code"));
}

#[test]
fn requests_without_repository_never_change() {
    let failing =
        || ran(vec![case("test_h", Outcome::Passed, ""), case("test_m", Outcome::Failed, "assert 90 == 5400")]);
    let host = with_common_inputs(host())
        .previous("test_suite", "test_suite", SUITE)
        .answer("test/write", "{}")
        .answer("test/write/repair", NOTHING_NEW)
        .test_run(ran(vec![case("test_h", Outcome::Passed, "")]))
        .answer("test/write/repair", SUITE)
        .test_run(failing())
        .answer("test/diagnose", &diagnosis("tests/test_a.py::test_m fails"));
    let (_, activity) = host.run::<Test>();
    assert_eq!(labels(&activity), ["test/write", "test/write/repair", "test/write/repair", "test/diagnose"]);
    assert_eq!(requests_fingerprint(&activity.requests), "bce0b18d52e80d96");
}

#[test]
fn suites_keep_clear_of_existing_tests() {
    let clashing = SUITE.replace("tests/test_a.py", "src/prices.py");
    let other_folder = SUITE.replace("tests/test_a.py", "more/test_prices.py");
    let host = with_repository(host()).answer("test/write", &clashing).answer("test/write/repair", &other_folder);
    let (result, activity) = host.run::<Test>();
    let prompt = request_text(&activity.requests[0]);
    assert!(prompt.contains("# The repository's own tests") && prompt.contains("\ntests/test_prices.py\n"), "{prompt}");
    assert!(
        request_text(&activity.requests[1])
            .contains("`src/prices.py` is a file of the repository that is no test of this path")
    );
    let Err(Failure::Failed(why)) = result else { panic!("{result:?}") };
    assert!(why.contains("the name `test_prices.py` is taken by `tests/test_prices.py`"), "{why}");
}

#[test]
fn diagnoses_see_the_difference_to_the_repository() {
    let failing = ran(vec![case("test_h", Outcome::Passed, ""), case("test_m", Outcome::Failed, "assert 90 == 5400")]);
    let host = with_repository(host())
        .file("a.py", "def parse(text):\n    return 1\n")
        .answer("test/write", SUITE)
        .test_run(failing)
        .answer("test/diagnose", &diagnosis("tests/test_a.py::test_m fails"));
    let (_, activity) = host.run::<Test>();
    assert!(request_text(&activity.requests[1]).contains("-    return 1\n+    return 90\n"));
    assert_eq!(activity.requests[1].tools.len(), 3);
}

#[test]
fn suites_may_replace_existing_tests() {
    let replacing = SUITE.replace("tests/test_a.py", "tests/test_prices.py");
    let run = TestRun {
        build_errors: vec![],
        tests: ["test_h", "test_m"]
            .map(|name| TestCase { name: format!("tests/test_prices.py::{name}"), ..case(name, Outcome::Passed, "") })
            .into(),
    };
    let (result, _) = with_repository(host()).answer("test/write", &replacing).test_run(Ok(run)).run::<Test>();
    assert_eq!(suite_of(&result).files[0].path, "tests/test_prices.py");
}

#[test]
fn without_design_the_plan_is_the_basis() {
    let design = diagnosis("tests/test_a.py::test_m fails").replace("\"code\"", "\"design\"");
    let failing = ran(vec![case("test_h", Outcome::Passed, ""), case("test_m", Outcome::Failed, "assert 90 == 5400")]);
    let host = host_without_design()
        .answer("test/write", SUITE)
        .test_run(failing)
        .answer("test/diagnose", &design)
        .answer("test/diagnose/repair", &diagnosis("tests/test_a.py::test_m fails"));
    let (result, activity) = host.run::<Test>();
    let [write, diagnose, repair] = [0, 1, 2].map(|at| request_text(&activity.requests[at]));
    assert!(write.contains("from its requirements and its plan") && !write.contains("design"), "{write}");
    assert!(!diagnose.contains("design"), "{diagnose}");
    assert!(repair.contains("phase_injected: `design` is not one of planning, code, test"), "{repair}");
    assert_eq!(issues_of(result)[0].phase_injected, "code");
}
