//! The agent on a mock host with scripted answers.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use phasegate_plugin::testing::{MockHost, request_text, requests_fingerprint};
use phasegate_plugin::types::{FeedbackItem, Issue, Severity};
use phasegate_standard_agents::testing::with_common_inputs;

use super::*;

const TASK_JSON: &str =
    r#"{"task_id": "TASK-001", "description": "Parse durations.", "requirements": ["hours", "minutes"]}"#;
const PLAN: &str = r#"{"task_id": "TASK-001", "semantic_units": [], "total_est_complexity": 0}"#;
const DESIGN: &str = r#"{"task_id": "TASK-001", "architecture_overview": "One pure function.", "components": [], "api_contracts": [],
    "data_schemas": [], "technology_stack": {}, "assumptions": [], "review_checklist": []}"#;

fn answer(content: &str) -> String {
    format!(
        r#"{{"files": [{{"path": "a.py", "content": "{content}", "purpose": "parses"}}], "language": "python", "dependencies": [], "notes": ""}}"#
    )
}

fn host() -> MockHost {
    MockHost::new()
        .input("task_requirements", "task_requirements", TASK_JSON)
        .input("project_plan", "project_plan", PLAN)
        .input("design_specification", "design_specification", DESIGN)
}

#[test]
fn submits_the_answered_code() {
    let (result, _) = host().answer("code", &answer("x = 1")).run::<Code>();
    let code: GeneratedCode = serde_json::from_slice(&result.unwrap().artifacts[0].content).unwrap();
    assert_eq!(code.files[0].content, "x = 1");
}

#[test]
fn repairs_code_that_does_not_parse() {
    let judge = |_: &str, content: &[u8]| match String::from_utf8_lossy(content).contains("x = (1)") {
        true => vec![],
        false => vec!["a.py:1: '(' was never closed".to_owned()],
    };
    let host = host().check_with(judge).answer("code", &answer("x = (")).answer("code/repair", &answer("x = (1)"));
    let (result, activity) = host.run::<Code>();
    assert!(String::from_utf8_lossy(&result.unwrap().artifacts[0].content).contains("x = (1)"));
    assert!(request_text(&activity.requests[1]).contains("a.py:1: '(' was never closed"));
}

#[test]
fn repairs_files_wrapped_in_a_fence() {
    let host = host().answer("code", &answer("```python\\nx = 1\\n```")).answer("code/repair", &answer("x = 1"));
    let (_, activity) = host.run::<Code>();
    assert!(request_text(&activity.requests[1]).contains("`a.py` begins or ends with"));
}

#[test]
fn revisions_see_code_report_and_failing_assertion() {
    let report = r#"{"task_id": "TASK-001", "gate": "test", "attempt": 1, "verdict": "failed", "reason": "1 of 2 tests failed",
        "code": "sha256:0", "build": {"ok": true, "errors": []},
        "tests": [{"name": "tests/test_a.py::test_x", "outcome": "failed", "message": "assert 90 == 5400", "output": ""},
                  {"name": "tests/test_a.py::test_y", "outcome": "passed", "output": ""}],
        "totals": {"passed": 1, "failed": 1, "errored": 0, "skipped": 0}, "dropped": [], "defects": []}"#;
    let issue = Issue {
        id: "test/T-001".into(),
        severity: Severity::High,
        category: "logic".into(),
        defect_type: "conventional_code_bug".into(),
        phase_injected: "code".into(),
        description: "Minutes are not turned into seconds.".into(),
        evidence: "tests/test_a.py::test_x: assert 90 == 5400".into(),
        impact: "R2 is violated.".into(),
        recommendation: None,
        location: None,
    };
    let feedback =
        FeedbackItem { source: "test".into(), about: vec![], issues: vec![issue], instructions: String::new() };
    let host = host()
        .input("test_report", "test_report", report)
        .previous("generated_code", "generated_code", answer("OLD = 1"))
        .assignment(|a| {
            a.attempt = 2;
            a.feedback.push(feedback);
        })
        .answer("code", &answer("x = 1"));
    let (_, activity) = host.run::<Code>();
    let prompt = request_text(&activity.requests[0]);
    for part in ["OLD = 1", "test/T-001", "assert 90 == 5400", "1 of 2 tests failed"] {
        assert!(prompt.contains(part), "{part} is missing in {prompt}");
    }
}

#[test]
fn requests_without_repository_never_change() {
    let host = with_common_inputs(host()).previous("generated_code", "generated_code", answer("y = 1"));
    let (_, activity) = host.answer("code", "{}").answer("code/repair", &answer("x = 1")).run::<Code>();
    assert_eq!(requests_fingerprint(&activity.requests), "caa8035e898d33af");
}

#[test]
fn without_design_the_task_is_the_basis() {
    let host = MockHost::new().input("task_requirements", "task_requirements", TASK_JSON).input(
        "project_plan",
        "project_plan",
        PLAN,
    );
    let (result, activity) = host.answer("code", &answer("x = 1")).run::<Code>();
    assert!(result.is_ok(), "{result:?}");
    let prompt = request_text(&activity.requests[0]);
    assert!(prompt.contains("You write the code of a task from its requirements and its plan"), "{prompt}");
    let rest = prompt.replace("there is no separate design", "");
    assert!(!rest.contains("design") && !rest.contains("reviewers"), "{rest}");
}
