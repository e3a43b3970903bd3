//! The examples in Python and JavaScript: the commands of each README work, and what they make is right. Two of them work in one
//! run, which replays.

use std::fs;

use phasegate_test::{Output, fixture};
use serde_json::Value;

use super::tools::plugin_tools;
use crate::docs::Reader;
use crate::docs::commands::run_example;

/// Runs a command in the folder of an example; it must succeed.
fn call(reader: &Reader, folder: &str, command: &str) -> Output {
    let output = reader.run(&format!("(cd '{}' && {command})", reader.path().join(folder).display()));
    assert_eq!(output.code, 0, "{command}\n{}{}", output.stdout, output.stderr);
    output
}

fn json(reader: &Reader, folder: &str, command: &str) -> Value {
    serde_json::from_str(&call(reader, folder, command).stdout).unwrap()
}

/// The phases that each decision of the newest run in a folder sent back, with the number of its issues.
fn decisions(reader: &Reader, folder: &str) -> Vec<String> {
    let log = call(reader, folder, "phasegate log --json");
    let rework = |event: &Value| {
        let rework = event["decided"]["revise"]["rework"].as_array().unwrap_or_else(|| panic!("{event}"));
        let one = |one: &Value| format!("{} {}", one["phase"].as_str().unwrap(), issues(one));
        format!("{}: {}", event["phase"].as_str().unwrap(), rework.iter().map(one).collect::<Vec<_>>().join(", "))
    };
    log.events_named("feedback_decided").map(rework).collect()
}

fn issues(rework: &Value) -> usize {
    rework["feedback"]["issues"].as_array().unwrap().len()
}

/// What a strategy decides about the two faults of the first task, each of which is new.
const FIRST_TASK: [&str; 2] = ["design-review: design 1", "test: code 1"];

/// The agent in Python and the strategy in JavaScript, and a gate that fails once.
const MIXED: &str = r#"name = "mixed"
[feedback]
strategy = "root-first"

[[phase]]
name = "edge-cases"
agent = "edge-cases"
reads = ["task_requirements"]
produces = [{ name = "edge_cases", kind = "edge_cases" }]

[[phase]]
name = "review"
agent = "review"
reads = ["edge_cases"]
[phase.gate]
report = "review_report"
fails_at = { high = 1 }
may_revise = ["edge-cases"]
[[phase.settings.attempts]]
findings = { issues = [{ id = "001", severity = "high", phase_injected = "edge-cases" }] }
[[phase.settings.attempts]]
findings = { issues = [] }

[plugins.edge-cases]
path = "examples/agent-python/edge-cases.wasm"
grants = { models = ["default"] }
[plugins.root-first]
path = "examples/strategy-javascript/root-first.wasm"
[plugins.review]
path = "review.wasm"
grants = { models = ["default"], test-bench = ["python"] }
"#;

#[test]
fn python_agent_and_javascript_strategy_share_a_run() {
    let Some(tools) = plugin_tools() else { return };
    let reader = Reader::with_tools(tools);
    run_example(&reader, "agent-python");
    let made = json(&reader, "examples/agent-python", "phasegate artifact SLUG-EDGES edge_cases");
    assert_eq!(made["cases"].as_array().unwrap().len(), 5);
    assert_eq!(made["contradictions"][0]["expected"]["R2"], "ValueError");

    run_example(&reader, "strategy-javascript");
    assert_eq!(decisions(&reader, "examples/strategy-javascript"), FIRST_TASK);

    fs::write(reader.path().join("mixed.toml"), MIXED).unwrap();
    fs::copy(fixture("agent.wasm"), reader.path().join("review.wasm")).unwrap();
    call(&reader, ".", "phasegate run examples/agent-python/task.toml --pipeline mixed.toml");
    assert_eq!(decisions(&reader, "."), ["review: edge-cases 1"]);
    call(&reader, ".", "phasegate replay");
}

#[test]
fn javascript_agent_and_python_strategy_work() {
    let Some(tools) = plugin_tools() else { return };
    let reader = Reader::with_tools(tools);
    run_example(&reader, "agent-javascript");
    let made = json(&reader, "examples/agent-javascript", "phasegate artifact SLUG-COMMIT commit_message");
    assert!(made["message"].as_str().unwrap().starts_with("fix: refuse titles that give an empty slug\n\nA title"));
    assert_eq!(made["files"], serde_json::json!(["slug.py", "tests/test_slug.py"]));

    run_example(&reader, "strategy-python");
    assert_eq!(decisions(&reader, "examples/strategy-python"), FIRST_TASK);
}
