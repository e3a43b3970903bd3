#![allow(clippy::unwrap_used)]
use super::super::Validator;
use super::*;
use crate::pipeline::{Pipeline, parse, standard};
use crate::source::Source;
use serde_json::json;

fn tsp() -> Pipeline {
    parse(Source { file: "tsp", text: standard("tsp").unwrap() }, &|_| Err(String::new())).unwrap()
}

fn faults_of(kind: &str, value: Value, plan: Option<&Value>) -> Vec<String> {
    let validator =
        Validator { kinds: &tsp().kinds, task_id: &"TASK-1".parse().unwrap(), plan, paths: &PathRules::default() };
    validator.validate(&kind.parse().unwrap(), value.to_string().as_bytes()).err().unwrap_or_default()
}

fn unit(id: &str, needs: &[&str], complexity: u64) -> Value {
    json!({"unit_id": id, "description": "parse the text", "dependencies": needs, "api_interactions": 1,
        "data_transformations": 1, "logical_branches": 1, "code_entities_modified": 1, "novelty": 1.5, "est_complexity": complexity})
}

fn plan_of(units: Vec<Value>, total: u64) -> Value {
    json!({"task_id": "TASK-1", "semantic_units": units, "total_est_complexity": total})
}

#[test]
fn complexity_is_weighted_and_rounded() {
    assert_eq!(complexity(1.0, 1.0, 1.0, 1.0, 1.5), 21);
    assert_eq!(complexity(10.0, 10.0, 10.0, 10.0, 2.0), 280);
}

#[test]
fn reports_every_fault_of_a_plan() {
    assert!(
        faults_of("project_plan", plan_of(vec![unit("SU-001", &[], 21), unit("SU-002", &["SU-001"], 21)], 42), None)
            .is_empty()
    );
    let wrong = plan_of(vec![unit("SU-001", &["SU-002"], 20), unit("SU-002", &["SU-001", "SU-009"], 21)], 50);
    assert_eq!(
        faults_of("project_plan", wrong, None),
        [
            "semantic unit SU-001: est_complexity is 20, by its own counts it is 21",
            "total_est_complexity is 50, but the units' sum is 41",
            "semantic unit SU-002 depends on SU-009, which is not there",
            "the dependencies of these semantic units go round in a circle: SU-001, SU-002",
        ]
    );
}

#[test]
fn schema_faults_have_a_place() {
    let faults = faults_of("project_plan", plan_of(vec![], 0), None);
    assert_eq!(faults.len(), 1);
    assert!(faults[0].starts_with("at /semantic_units: "), "{faults:?}");
}

#[test]
fn rejects_artifacts_of_another_task() {
    let mut plan = plan_of(vec![unit("SU-001", &[], 21)], 21);
    plan["task_id"] = json!("TASK-2");
    assert_eq!(faults_of("project_plan", plan, None), ["at /task_id: it is \"TASK-2\", but the task is \"TASK-1\""]);
}

#[test]
fn a_design_covers_every_unit_of_the_plan() {
    let plan = plan_of(vec![unit("SU-001", &[], 21), unit("SU-002", &[], 21)], 42);
    let item = |severity: &str| json!({"item": "is it right", "severity": severity});
    let design = json!({"task_id": "TASK-1", "architecture_overview": "x".repeat(50),
        "components": [{"name": "a", "semantic_unit_id": "SU-001", "responsibility": "parses the text", "interfaces": [], "dependencies": [], "notes": ""}],
        "api_contracts": [], "data_schemas": [], "technology_stack": {}, "assumptions": [],
        "review_checklist": [item("low"), item("low"), item("low"), item("low"), item("medium")]});
    assert_eq!(
        faults_of("design_specification", design, Some(&plan)),
        ["review_checklist has no item of severity critical or high", "no component is for semantic unit SU-002"]
    );
}

#[test]
fn long_dependency_chains_take_linear_time() {
    // Each node is done only after the next one: repeated passes over all nodes would take minutes.
    let links = 50_000;
    let name = |n: usize| format!("c{n:05}");
    let names: Vec<String> = (0..=links).map(name).collect();
    let chain = |end: usize| -> BTreeMap<&str, Vec<&str>> {
        let next = |n: usize| if n < links { n + 1 } else { end };
        names.iter().enumerate().map(|(n, it)| (it.as_str(), vec![names[next(n)].as_str()])).collect()
    };
    let mut open = chain(0);
    open.insert(&names[links], vec!["nowhere"]);
    assert!(in_circles(&open).is_empty());
    assert_eq!(in_circles(&chain(links - 1)).len(), links + 1);
}

#[test]
fn rejects_paths_outside_the_output_folder() {
    let code = |paths: &[&str]| {
        let files: Vec<_> = paths.iter().map(|path| json!({"path": path, "content": "", "purpose": "x"})).collect();
        json!({"files": files, "language": "python", "dependencies": [], "notes": ""})
    };
    let faults = faults_of(
        "generated_code",
        code(&["/etc/passwd", "../x", "a/../../b", "c:\\x", "ok.py", "OK.py", "d", "d/e.py"]),
        None,
    );
    assert_eq!(
        faults,
        [
            "path \"/etc/passwd\" is not acceptable: it is absolute",
            "path \"../x\" is not acceptable: it has `..`",
            "path \"a/../../b\" is not acceptable: it has `..`",
            "path \"c:\\\\x\" is not acceptable: it is absolute",
            "path \"OK.py\" is there twice",
            "path \"d\" is a file and a folder",
        ]
    );
}

#[test]
fn code_may_delete_files_of_the_base() {
    let code = |files: &[&str], deleted: &[&str]| {
        let files: Vec<_> = files.iter().map(|path| json!({"path": path, "content": "", "purpose": "x"})).collect();
        let mut code = json!({"files": files, "language": "python", "dependencies": [], "notes": ""});
        if !deleted.is_empty() {
            code["deleted"] = json!(deleted);
        }
        faults_of("generated_code", code, None)
    };
    assert_eq!(code(&["new.py"], &["old.py"]), [""; 0]);
    assert_eq!(code(&[], &["old.py"]), [""; 0]);
    assert_eq!(code(&[], &[]), ["at /files: [] has less than 1 item"]);
    assert_eq!(
        code(&["a.py"], &["a.py", "b.py", "b.py", "../c.py", ".git/config"]),
        [
            "path \"a.py\" is both in files and in deleted",
            "deleted path \"b.py\" is there twice",
            "deleted path \"../c.py\" is not acceptable: it has `..`",
            "deleted path \".git/config\" is not acceptable: it is inside `.git`",
        ]
    );
}

#[test]
fn rejects_broken_escapes_and_bytes() {
    let validator = Validator {
        kinds: &tsp().kinds,
        task_id: &"TASK-1".parse().unwrap(),
        plan: None,
        paths: &PathRules::default(),
    };
    let kind = "generated_code".parse().unwrap();
    let escape = validator.validate(&kind, br#"{"language": "\ud800"}"#).unwrap_err();
    assert!(escape[0].starts_with("it is not JSON: "), "{escape:?}");
    assert!(validator.validate(&kind, b"\xff\xfe").unwrap_err()[0].starts_with("it is not JSON: "));
}

#[test]
fn rejects_proposals_that_are_already_decided() {
    let pips = json!({"proposals": [{"id": "PIP-1", "analysis": "prompts are vague", "expected_impact": "fewer faults", "status": "approved",
        "proposed_changes": [{"target": "design", "change": "add", "proposed": "a check", "rationale": "it helps"}]}]});
    assert_eq!(
        faults_of("pips", pips, None),
        ["proposal PIP-1 is decided already; only people decide, so its status is \"pending\""]
    );
}
