//! The agent on a mock host with scripted answers.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use phasegate_plugin::testing::{MockHost, request_text, requests_fingerprint};
use phasegate_plugin::types::FeedbackItem;
use phasegate_standard_agents::testing::{with_common_inputs, with_repository};

use super::*;

const TASK: &str =
    r#"{"task_id": "TASK-001", "description": "Parse durations.", "requirements": ["hours", "minutes"]}"#;
const ANSWER: &str = r#"{"semantic_units": [
    {"unit_id": "SU-001", "description": "Parses durations (R1, R2)", "dependencies": [], "api_interactions": 1,
     "data_transformations": 2, "logical_branches": 4, "code_entities_modified": 2, "novelty": 1.5},
    {"unit_id": "SU-002", "description": "Formats durations", "dependencies": ["SU-001"], "api_interactions": 1,
     "data_transformations": 1, "logical_branches": 0, "code_entities_modified": 1, "novelty": 1.0}]}"#;

fn host() -> MockHost {
    MockHost::new().input("task_requirements", "task_requirements", TASK)
}

fn submitted(result: Result<Submission, Failure>) -> ProjectPlan {
    serde_json::from_slice(&result.unwrap().artifacts[0].content).unwrap()
}

#[test]
fn computes_complexity_from_the_models_counts() {
    let (result, activity) = host().answer("planning", ANSWER).run::<Planning>();
    let plan = submitted(result);
    let rated: Vec<u64> = plan.semantic_units.iter().map(|unit| unit.est_complexity).collect();
    assert_eq!((rated, plan.total_est_complexity, plan.estimate), (vec![48, 11], 59, None));
    assert!(request_text(&activity.requests[0]).contains("R2: minutes"));
}

#[test]
fn repairs_faults_that_the_host_finds() {
    let judge = |_: &str, content: &[u8]| {
        let plan: ProjectPlan = serde_json::from_slice(content).unwrap();
        if plan.semantic_units.len() < 2 { vec!["SU-002 is missing".to_owned()] } else { vec![] }
    };
    let half = r#"{"semantic_units": [{"unit_id": "SU-001", "description": "Parses durations", "dependencies": ["SU-002"],
        "api_interactions": 1, "data_transformations": 2, "logical_branches": 4, "code_entities_modified": 2, "novelty": 1.5}]}"#;
    let host = host().check_with(judge).answer("planning", half).answer("planning/repair", ANSWER);
    let (result, activity) = host.run::<Planning>();
    assert_eq!(submitted(result).semantic_units.len(), 2);
    assert!(request_text(&activity.requests[1]).contains("SU-002 is missing"));
}

#[test]
fn finished_runs_never_reach_the_prompt() {
    let runs: Vec<String> = [(10, 1111), (20, 2222), (30, 3333)]
        .iter()
        .map(|(x, y)| {
            format!(
                r#"{{"run_id": "run-secret", "est_complexity": {x}, "tokens": {y}, "usd": null, "latency_ms": 777}}"#
            )
        })
        .collect();
    let totals = r#"{"calls": 0, "input_tokens": 0, "output_tokens": 0, "usd": null, "elapsed_ms": 98765}"#;
    let measures =
        format!(r#"{{"phases": [], "totals": {totals}, "defects": [], "finished_runs": [{}]}}"#, runs.join(","));
    let (result, activity) =
        host().input("run_measures", "run_measures", measures).answer("planning", ANSWER).run::<Planning>();
    assert!(submitted(result).estimate.unwrap().tokens > 3333.0);
    let prompt = request_text(&activity.requests[0]);
    assert!(!prompt.contains("run-") && !prompt.contains("98765") && !prompt.contains("3333"), "{prompt}");
}

#[test]
fn revisions_see_the_plan_and_the_remark() {
    let earlier = r#"{"task_id": "TASK-001", "semantic_units": [{"unit_id": "SU-009", "description": "THE OLD UNIT",
        "dependencies": [], "api_interactions": 1, "data_transformations": 1, "logical_branches": 1,
        "code_entities_modified": 1, "novelty": 1.0, "est_complexity": 14}], "total_est_complexity": 14}"#;
    let host = host().previous("project_plan", "project_plan", earlier).answer("planning", ANSWER).assignment(|a| {
        a.attempt = 2;
        let instructions = "Split parsing from formatting.".to_owned();
        a.feedback.push(FeedbackItem { source: "person:ada".into(), about: vec![], issues: vec![], instructions });
    });
    let (_, activity) = host.run::<Planning>();
    let prompt = request_text(&activity.requests[0]);
    assert!(prompt.contains("THE OLD UNIT") && prompt.contains("Split parsing from formatting."), "{prompt}");
}

#[test]
fn requests_without_repository_never_change() {
    let plan = r#"{"task_id": "TASK-001", "semantic_units": [], "total_est_complexity": 0}"#;
    let host = with_common_inputs(host()).previous("project_plan", "project_plan", plan);
    let (_, activity) = host.answer("planning", "{}").answer("planning/repair", ANSWER).run::<Planning>();
    assert_eq!(requests_fingerprint(&activity.requests), "b05ca82267b29ae9");
}

#[test]
fn repositories_are_mapped_and_readable() {
    let host = with_repository(host()).calls("planning", &[("search_text", r#"{"text": "sum("}"#)]);
    let (result, activity) = host.answer("planning/tools", ANSWER).run::<Planning>();
    assert!(result.is_ok(), "{result:?}");
    assert!(request_text(&activity.requests[0]).contains("src/prices.py (40 bytes)\n"));
    assert!(format!("{:?}", activity.requests[1].messages).contains("src/prices.py:2:     return sum(items)"));
}
