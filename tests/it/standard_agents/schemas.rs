//! Schemas of answers: an answer that satisfies one has the form that the host demands of the artifact.

use std::fs;

use phasegate_test::{Output, repository};
use serde_json::Value;

use crate::standard_agents::requests;

/// Constraints that an answer schema repeats from the host's schema.
const CONSTRAINTS: [&str; 8] =
    ["type", "pattern", "minLength", "maxLength", "minItems", "maxItems", "minimum", "maximum"];

/// An answer schema, the host's schema of the artifact, and the members that the agent or the host adds.
const PAIRS: [(&str, &str, &[&str]); 6] = [
    (
        "plugins/planning/prompts/answer.schema.json",
        "project_plan",
        &["task_id", "est_complexity", "total_est_complexity"],
    ),
    ("plugins/design/prompts/answer.schema.json", "design_specification", &["task_id"]),
    ("plugins/code/prompts/answer.schema.json", "generated_code", &[]),
    ("plugins/test/prompts/suite.schema.json", "test_suite", &[]),
    ("plugins/common/prompts/findings.schema.json", "findings_report", &REPORT_MEMBERS),
    ("examples/security-audit/prompts/answer.schema.json", "findings_report", &REPORT_MEMBERS),
];
const REPORT_MEMBERS: [&str; 7] = ["task_id", "gate", "attempt", "verdict", "reason", "reviewers", "about"];

fn load(path: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(repository().join(path)).unwrap()).unwrap()
}

#[test]
fn answer_schemas_are_as_strict_as_artifacts() {
    for (path, kind, added) in PAIRS {
        check(&load(path), &load(&format!("host/process/schemas/{kind}.json")), added, path);
    }
    let answer = load("plugins/postmortem/prompts/answer.schema.json");
    let summary = &load("host/process/schemas/postmortem_report.json")["properties"]["summary"];
    check(&answer["properties"]["summary"], summary, &[], "summary");
    let proposals = &load("host/process/schemas/pips.json")["properties"]["proposals"];
    check(&answer["properties"]["proposals"], proposals, &["status"], "proposals");
}

/// Checks that `answer` accepts nothing that `host` rejects, apart from the members that are added later.
fn check(answer: &Value, host: &Value, added: &[&str], path: &str) {
    if let Some(allowed) = answer["enum"].as_array() {
        let is_allowed = |value: &Value| match host["enum"].as_array() {
            Some(known) => known.contains(value),
            None => host["type"] == "string" && !value.as_str().unwrap().is_empty(),
        };
        assert!(allowed.iter().all(is_allowed), "{path}: enum");
        return;
    }
    for name in CONSTRAINTS {
        let (ours, theirs) = (&answer[name], &host[name]);
        let is_equal = ours == theirs || (ours.is_number() && ours.as_f64() == theirs.as_f64());
        assert!(theirs.is_null() || is_equal, "{path}: {name} is {ours} instead of {theirs}");
    }
    assert!(host["enum"].is_null(), "{path}: the enum is missing");
    if let Some(members) = answer["properties"].as_object().filter(|_| host["properties"].is_object()) {
        assert_eq!(answer["additionalProperties"], host["additionalProperties"], "{path}: additionalProperties");
        for (name, member) in members {
            assert!(host["properties"][name].is_object(), "{path}: the host knows no `{name}`");
            check(member, &host["properties"][name], added, &format!("{path}: {name}"));
        }
        for name in host["required"].as_array().unwrap().iter().filter(|name| !added.contains(&name.as_str().unwrap()))
        {
            assert!(answer["required"].as_array().unwrap().contains(name), "{path}: {name} is not required");
        }
    }
    if host["items"].is_object() {
        check(&answer["items"], &host["items"], added, &format!("{path}[]"));
    }
}

#[test]
fn answers_give_reasons_before_judgements() {
    let text = fs::read_to_string(repository().join("plugins/common/prompts/findings.schema.json")).unwrap();
    let place = |name: &str| text.find(&format!("\"{name}\": {{")).unwrap();
    for judgement in ["defect_type", "phase_injected", "severity"] {
        assert!(place("description") < place(judgement) && place("evidence") < place(judgement), "{judgement}");
    }
    assert!(place("notes") < place("status"));
}

#[test]
fn sent_schemas_have_no_large_bounds() {
    let scenario = crate::scenario("first-task");
    let output = Output::from_command(scenario.first_task_command(&[]));
    for (label, request) in requests(&scenario, &output) {
        let schema: Value = serde_json::from_str(request["answer_schema"].as_str().expect(&label)).unwrap();
        check_bounds(&schema, &label);
    }
}

fn check_bounds(schema: &Value, label: &str) {
    for bound in ["maxItems", "maxLength", "minItems", "minLength"] {
        assert!(schema[bound].as_u64().is_none_or(|bound| bound <= 100), "{label}: {bound} is {}", schema[bound]);
    }
    schema["properties"].as_object().into_iter().flatten().for_each(|(_, member)| check_bounds(member, label));
    if schema["items"].is_object() {
        check_bounds(&schema["items"], label);
    }
}
