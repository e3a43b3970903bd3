//! The agent on a mock host with scripted answers.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use phasegate_plugin::testing::{MockHost, requests_fingerprint};
use phasegate_plugin::types::{FeedbackItem, ModelError};

use super::*;

const TASK: &str =
    r#"{"task_id": "TASK-001", "description": "Parse durations.", "requirements": ["hours", "minutes"]}"#;
const PLAN: &str = r#"{"task_id": "TASK-001", "semantic_units": [], "total_est_complexity": 0}"#;
const DESIGN: &str = r#"{"task_id": "TASK-001", "architecture_overview": "One pure function.", "components": [], "api_contracts": [],
    "data_schemas": [], "technology_stack": {}, "assumptions": [], "review_checklist": []}"#;
const CODE: &str = r#"{"files": [{"path": "a.py", "content": "def parse(text):\n    return 0\n", "purpose": "parses"}],
    "language": "python", "dependencies": [], "notes": ""}"#;
const NOTHING: &str = r#"{"issues": [], "suggestions": [], "checks": []}"#;
const NAMES: [&str; 6] = ["quality", "security", "performance", "test-coverage", "documentation", "best-practices"];

fn host() -> MockHost {
    MockHost::new()
        .input("task_requirements", "task_requirements", TASK)
        .input("project_plan", "project_plan", PLAN)
        .input("design_specification", "design_specification", DESIGN)
        .input("generated_code", "generated_code", CODE)
}

#[test]
fn specialists_see_numbered_code() {
    let host = NAMES.iter().fold(host(), |host, name| host.answer(&format!("code-review/{name}"), NOTHING));
    let (result, activity) = host.run::<CodeReview>();
    assert_eq!(result.unwrap().findings.unwrap().reviewers, NAMES);
    assert!(activity.requests.iter().all(|request| format!("{:?}", request.messages).contains("2 |     return 0")));
}

#[test]
fn fails_if_one_specialist_fails() {
    let host = NAMES.iter().skip(1).fold(host(), |host, name| host.answer(&format!("code-review/{name}"), NOTHING));
    let host = host.model_error("code-review/quality", ModelError::Budget("no tokens left".into()));
    let (result, _) = host.run::<CodeReview>();
    assert!(matches!(result, Err(Failure::Failed(why)) if why.contains("quality: ") && why.contains("no tokens left")));
}

#[test]
fn rejects_answers_without_a_list_of_issues() {
    let host = NAMES.iter().skip(1).fold(host(), |host, name| host.answer(&format!("code-review/{name}"), NOTHING));
    let host = host
        .answer("code-review/quality", r#"{"verdict": "fine"}"#)
        .answer("code-review/quality/repair", r#"{"checks": []}"#);
    let (result, activity) = host.run::<CodeReview>();
    let again = activity.requests.iter().find(|request| request.label.ends_with("/repair")).unwrap();
    assert!(format!("{:?}", again.messages).contains("none of the members `issues`, `suggestions`, `checks`"));
    let Err(Failure::Failed(why)) = result else { panic!("{result:?}") };
    assert!(why.contains("1 of 6 specialists gave no findings") && why.contains("`issues` is missing"), "{why}");
}

/// Adds what a run without a repository can have: a context file, a file of the project, notes, an environment, and feedback.
fn without_repository(host: MockHost) -> MockHost {
    let notes = r#"{"approved": [], "rejected": [{"run_id": "run-1", "id": "PIP-002", "analysis": "late", "reason": "no time",
        "decided_by": "ada"}]}"#;
    let feedback =
        FeedbackItem { source: "person:ada".into(), about: vec![], issues: vec![], instructions: "Be brief.".into() };
    host.input("context/notes.md", "context_file", "Notes\n")
        .input("context/a.py", "base_file", "x = 0\n")
        .input("process_notes", "process_notes", notes)
        .assignment(|a| {
            a.environment = r#"{"python": {"language": "python", "version": "3.14.0", "modules": ["re"]}}"#.to_owned();
            a.attempt = 2;
            a.feedback.push(feedback);
        })
}

#[test]
fn requests_without_repository_never_change() {
    let host = NAMES.iter().fold(host(), |host, name| host.answer(&format!("code-review/{name}"), NOTHING));
    let (_, activity) = without_repository(host).run::<CodeReview>();
    assert_eq!(requests_fingerprint(&activity.requests), "de848935fdc3ef75");
}
