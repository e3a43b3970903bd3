//! The agent on a mock host with scripted answers.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use phasegate_plugin::testing::{MockHost, request_text, requests_fingerprint};
use phasegate_plugin::types::ModelError;
use phasegate_standard_agents::testing::{with_common_inputs, with_repository};

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

#[test]
fn requests_without_repository_never_change() {
    let host = NAMES.iter().fold(host(), |host, name| host.answer(&format!("code-review/{name}"), NOTHING));
    let (_, activity) = with_common_inputs(host).run::<CodeReview>();
    assert_eq!(requests_fingerprint(&activity.requests), "de848935fdc3ef75");
}

#[test]
fn specialists_see_the_difference_to_the_repository() {
    let host = NAMES.iter().fold(host(), |host, name| host.answer(&format!("code-review/{name}"), NOTHING));
    let (result, activity) = with_repository(host).file("a.py", "def parse(text):\n    return 1\n").run::<CodeReview>();
    assert!(result.is_ok(), "{result:?}");
    let difference = "--- a/a.py\n+++ b/a.py\n@@ -1,2 +1,2 @@\n def parse(text):\n-    return 1\n+    return 0\n";
    assert!(
        activity.requests.iter().all(|request| request_text(request).contains(difference) && request.tools.len() == 3)
    );
}
