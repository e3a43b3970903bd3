//! The agent on a mock host with scripted answers.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use phasegate_plugin::testing::{MockHost, request_text, requests_fingerprint};
use phasegate_plugin::types::{Findings, ModelError};
use phasegate_standard_agents::testing::{with_common_inputs, with_repository};

use super::*;

const TASK: &str =
    r#"{"task_id": "TASK-001", "description": "Parse durations.", "requirements": ["hours", "minutes"]}"#;
const PLAN: &str = r#"{"task_id": "TASK-001", "semantic_units": [], "total_est_complexity": 0}"#;
const DESIGN: &str = r#"{"task_id": "TASK-001", "architecture_overview": "One pure function.", "components": [], "api_contracts": [],
    "data_schemas": [], "technology_stack": {}, "assumptions": [],
    "review_checklist": [{"item": "The whole text is matched", "severity": "high"}]}"#;
const NOTHING: &str = r#"{"issues": [], "suggestions": [], "checks": []}"#;
const ANSWERED: &str = r#"{"issues": [], "suggestions": [],
    "checks": [{"item": "The whole text is matched", "status": "pass", "notes": "said in the contract"}]}"#;
const AN_ISSUE: &str = r#"{"issues": [{"id": "001", "severity": "high", "category": "edges", "defect_type": "conventional_code_bug",
    "phase_injected": "design", "description": "Empty text is not specified.", "evidence": "parse: nothing is said",
    "impact": "two readings"}], "suggestions": [{"issue_id": "001", "priority": "high", "description": "Raise ValueError."}],
    "checks": [{"item": "errors are told apart", "status": "warning", "notes": "one is not"}]}"#;

fn host_without(left_out: &[&str]) -> MockHost {
    let host = MockHost::new()
        .input("task_requirements", "task_requirements", TASK)
        .input("project_plan", "project_plan", PLAN)
        .input("design_specification", "design_specification", DESIGN);
    let answered = ["security", "performance", "data-integrity", "maintainability"];
    answered
        .iter()
        .filter(|name| !left_out.contains(name))
        .fold(host, |host, name| host.answer(&format!("design-review/{name}"), NOTHING))
}

fn findings(result: Result<Submission, Failure>) -> Findings {
    result.unwrap().findings.unwrap()
}

#[test]
fn merges_the_findings_of_six_specialists() {
    let host =
        host_without(&[]).answer("design-review/architecture", ANSWERED).answer("design-review/api-design", AN_ISSUE);
    let (result, activity) = host.run::<DesignReview>();
    let found = findings(result);
    assert_eq!(activity.requests.len(), 6);
    assert!(activity.requests.iter().all(|request| request_text(request).contains("one of six specialists")));
    assert!(request_text(&activity.requests[5]).contains("# Your speciality: API design"));
    assert_eq!(found.reviewers.len(), 6);
    assert_eq!(
        (found.issues[0].id.as_str(), found.suggestions[0].issue_id.as_deref()),
        ("api-design/001", Some("api-design/001"))
    );
    let items: Vec<&str> = found.checks.iter().map(|check| check.item.as_str()).collect();
    assert_eq!(items, ["The whole text is matched", "api-design: errors are told apart"]);
}

#[test]
fn names_the_specialist_that_failed() {
    let host = host_without(&["security"])
        .model_error("design-review/security", ModelError::Unavailable("no route".into()))
        .answer("design-review/architecture", ANSWERED)
        .answer("design-review/api-design", NOTHING);
    let (result, activity) = host.run::<DesignReview>();
    assert_eq!(activity.requests.len(), 6, "all specialists are asked, so that a resumed run has their answers");
    let why = match result {
        Err(Failure::Failed(why)) => why,
        other => format!("{other:?}"),
    };
    assert!(
        why.starts_with("1 of 6 specialists gave no findings")
            && why.contains("security: ")
            && why.contains("no route"),
        "{why}"
    );
}

#[test]
fn asks_for_unanswered_checklist_items() {
    let host = host_without(&[])
        .answer("design-review/architecture", NOTHING)
        .answer("design-review/architecture/repair", ANSWERED)
        .answer("design-review/api-design", NOTHING);
    let (result, activity) = host.run::<DesignReview>();
    assert_eq!(findings(result).checks.len(), 1);
    let repair = activity.requests.iter().find(|request| request.label.ends_with("/repair")).unwrap();
    assert!(format!("{:?}", repair.messages).contains("The whole text is matched"));
}

#[test]
fn rejects_blaming_code_in_a_design_review() {
    let blames = AN_ISSUE.replace(r#""phase_injected": "design""#, r#""phase_injected": "code""#);
    let host = host_without(&[])
        .answer("design-review/architecture", ANSWERED)
        .answer("design-review/api-design", &blames)
        .answer("design-review/api-design/repair", AN_ISSUE);
    let (result, _) = host.run::<DesignReview>();
    assert_eq!(findings(result).issues[0].phase_injected, "design");
}

#[test]
fn requests_without_repository_never_change() {
    let host = with_common_inputs(host_without(&["security"])).answer("design-review/security", "{}");
    let host = host.answer("design-review/security/repair", NOTHING).answer("design-review/api-design", NOTHING);
    let (_, activity) = host.answer("design-review/architecture", ANSWERED).run::<DesignReview>();
    assert_eq!(requests_fingerprint(&activity.requests), "143c9941ce3079d0");
}

#[test]
fn specialists_share_repository_and_tools() {
    let host = with_repository(host_without(&["security"])).calls("design-review/security", &[("list_files", "{}")]);
    let host = host.answer("design-review/security/tools", NOTHING).answer("design-review/api-design", NOTHING);
    let (result, activity) = host.answer("design-review/architecture", ANSWERED).run::<DesignReview>();
    assert!(result.is_ok(), "{result:?}");
    let [first, others @ ..] = activity.requests.as_slice() else { return };
    for other in others {
        assert_eq!(other.tools, first.tools);
        assert_eq!(other.messages[1].content[..2], first.messages[1].content[..2], "the start is shared");
    }
    assert!(request_text(first).contains("tests/test_prices.py ("));
}
