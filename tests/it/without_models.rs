//! Pipelines whose agents ask no model: no provider is configured, and no key is there.

use std::fs;

use phasegate_test::{Workspace, fixture};

use crate::PATHS;

const TASK: &str = "task_id = \"NOTE-1\"\ndescription = \"Write a short note\"\n";

const PIPELINE: &str = r#"name = "notes"
feedback = { strategy = "nearest-phase" }
kind = [{ name = "note", schema = "note.json" }]

[[phase]]
name = "writing"
agent = "writer"
produces = [{ name = "note", kind = "note" }]
settings = { content = { text = "hello" } }

[plugins.writer]
path = "writer.wasm"
"#;

fn project(pipeline: &str) -> Workspace {
    let schema = r#"{"type": "object", "required": ["text"]}"#;
    let files = [("task.toml", TASK), ("pipeline.toml", pipeline), ("note.json", schema)];
    let project = Workspace::with_shared_home(PATHS, "home-without-models").with_files(&files);
    project.write("writer.wasm", fs::read(fixture("writer.wasm")).unwrap());
    project
}

const RUN: [&str; 7] = ["run", "--task", "task.toml", "--pipeline", "pipeline.toml", "--out", "out"];

#[test]
fn pipeline_without_grants_needs_no_model() {
    let project = project(PIPELINE);
    let output = project.call(&RUN);
    assert_eq!(output.code, 0, "{}", output.stderr);
    assert!(output.stdout.contains("models    none, no agent of this pipeline may ask one\n"), "{}", output.stdout);
    let note = fs::read_to_string(project.path("out/artifacts/note.json")).unwrap();
    assert!(note.contains("hello"), "{note}");
    let run = output.stdout.lines().find_map(|line| line.strip_prefix("run       ")).unwrap();
    let replayed = project.call(&["replay", run]);
    assert_eq!(replayed.code, 0, "{}", replayed.stderr);
}

#[test]
fn granted_models_have_to_be_configured() {
    let granted = format!("{PIPELINE}grants = {{ models = [\"fast\"] }}\n");
    let project = project(&granted);
    // A model server of this machine must not be found.
    project.write("phasegate.toml", "[providers.ollama]\nbase_url = \"http://127.0.0.1:9/v1\"\n");
    let message = project.reject(&RUN);
    assert!(message.contains("error[PG-0201]: no model to ask: [models] names none"), "{message}");
}

const EXPERIMENT: &str = r#"name = "words"
tasks = ["task.toml"]
repetitions = 2

[[variant]]
name = "short"
pipeline = "pipeline.toml"

[[variant]]
name = "long"
pipeline = "pipeline.toml"
set = { "phases.writing.settings.content.text" = "good morning" }
"#;

#[test]
fn experiment_without_grants_needs_no_model() {
    let project = project(PIPELINE);
    project.write("experiment.toml", EXPERIMENT);
    let output = project.call(&["experiment", "experiment.toml", "--out", "out", "--csv"]);
    assert_eq!(output.code, 0, "{}", output.stderr);
    for passed in ["\n2,short,notes,2,2,2,", "\n2,long,notes,2,2,2,"] {
        assert!(output.stdout.contains(passed), "{}", output.stdout);
    }
}

#[test]
fn experiment_names_the_variant_that_needs_models() {
    let project = project(PIPELINE);
    project.write("granted.toml", format!("{PIPELINE}grants = {{ models = [\"fast\"] }}\n"));
    let asking = EXPERIMENT.replacen(
        "name = \"long\"\npipeline = \"pipeline.toml\"",
        "name = \"long\"\npipeline = \"granted.toml\"",
        1,
    );
    project.write("experiment.toml", asking);
    project.write("phasegate.toml", "[providers.ollama]\nbase_url = \"http://127.0.0.1:9/v1\"\n");
    let message = project.reject(&["experiment", "experiment.toml", "--out", "out"]);
    assert!(message.contains("error[PG-0201]: no model to ask: [models] names none"), "{message}");
}
