//! The agent on a mock host with scripted answers.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use phasegate_plugin::testing::{MockHost, request_text, requests_fingerprint};
use phasegate_standard_agents::testing::{with_common_inputs, with_repository};

use super::*;

const TASK: &str =
    r#"{"task_id": "TASK-001", "description": "Parse durations.", "requirements": ["hours", "minutes"]}"#;
const PLAN: &str = r#"{"task_id": "TASK-001", "semantic_units": [{"unit_id": "SU-001", "description": "Parses durations",
    "dependencies": [], "api_interactions": 1, "data_transformations": 2, "logical_branches": 4, "code_entities_modified": 2,
    "novelty": 1.5, "est_complexity": 48}], "total_est_complexity": 48}"#;

fn answer(unit: &str) -> String {
    format!(
        r#"{{"architecture_overview": "One pure function.", "components": [{{"name": "parser", "semantic_unit_id": "{unit}",
        "responsibility": "Parses", "interfaces": [], "dependencies": [], "notes": ""}}], "api_contracts": [], "data_schemas": [],
        "technology_stack": {{}}, "assumptions": [], "review_checklist": [{{"item": "Whole text", "severity": "high"}}]}}"#
    )
}

fn host() -> MockHost {
    MockHost::new().input("task_requirements", "task_requirements", TASK).input("project_plan", "project_plan", PLAN)
}

#[test]
fn submits_the_design_with_the_tasks_id() {
    let (result, activity) = host().answer("design", &answer("SU-001")).run::<Design>();
    let design: DesignSpecification = serde_json::from_slice(&result.unwrap().artifacts[0].content).unwrap();
    assert_eq!(design.task_id, "TASK-001");
    let prompt = request_text(&activity.requests[0]);
    assert!(prompt.contains("R2: minutes") && prompt.contains("Parses durations"), "{prompt}");
}

#[test]
fn fails_after_one_repair_of_an_uncovered_unit() {
    let host = host().answer("design", &answer("SU-002")).answer("design/repair", &answer("SU-002"));
    let (result, activity) = host.run::<Design>();
    assert!(request_text(&activity.requests[1]).contains("no component implements the semantic unit SU-001"));
    assert!(matches!(result, Err(Failure::Failed(why)) if why.contains("SU-001")));
}

#[test]
fn repairs_what_the_host_would_reject() {
    let judge = |_: &str, content: &[u8]| match String::from_utf8_lossy(content).contains("One pure function.") {
        true => vec!["architecture_overview: shorter than 50 characters".to_owned()],
        false => vec![],
    };
    let long = answer("SU-001")
        .replace("One pure function.", "One pure function that reads the text from left to right, unit by unit.");
    let host = host().check_with(judge).answer("design", &answer("SU-001")).answer("design/repair", &long);
    let (result, activity) = host.run::<Design>();
    assert!(result.is_ok());
    assert!(request_text(&activity.requests[1]).contains("shorter than 50 characters"));
}

#[test]
fn requests_without_repository_never_change() {
    let earlier = answer("SU-001").replacen('{', r#"{"task_id": "TASK-001", "#, 1);
    let host = with_common_inputs(host()).previous("design_specification", "design_specification", earlier);
    let host = host.answer("design", "{}").answer("design/repair", &answer("SU-001"));
    let (_, activity) = host.run::<Design>();
    assert_eq!(requests_fingerprint(&activity.requests), "609621c9c5327a8e");
}

#[test]
fn repositories_are_mapped_and_readable() {
    let host = with_repository(host()).calls("design", &[("search_text", r#"{"text": "sum("}"#)]);
    let (result, activity) = host.answer("design/tools", &answer("SU-001")).run::<Design>();
    assert!(result.is_ok(), "{result:?}");
    assert!(request_text(&activity.requests[0]).contains("src/prices.py (40 bytes)\n"));
    assert!(format!("{:?}", activity.requests[1].messages).contains("src/prices.py:2:     return sum(items)"));
}
