//! Names of languages: what a person or a model calls a language, and languages that no test runner serves.

use std::fs;

use insta::assert_snapshot;
use phasegate_test::{Output, Workspace, copy_folder, examples, scenario_file};
use serde_json::Value;

/// The first example with this language of its task, and with `python3` as the language of its code.
fn first_task(language: &str) -> Workspace {
    let workspace = Workspace::with_shared_home(crate::PATHS, "home-of-tests");
    let project = workspace.path("project");
    copy_folder(&examples().join("first-task"), &project);
    for (file, written) in
        [("task.toml", language), ("answers/code-1.json", "python3"), ("answers/code-2.json", "python3")]
    {
        let text = fs::read_to_string(project.join(file)).unwrap();
        assert!(text.contains("\"python\""), "{file}");
        fs::write(project.join(file), text.replace("\"python\"", &format!("\"{written}\""))).unwrap();
    }
    workspace
}

/// A task in a language, with a scenario's pipeline, or else the standard one.
fn create(language: &str, pipeline: Option<&str>) -> Output {
    let task =
        format!("task_id = \"TASK-1\"\ndescription = \"Say the answer, which is 42\"\nlanguage = \"{language}\"\n");
    let config = "[models]\ndefault = \"scripted:answers.toml\"\n";
    let workspace = Workspace::with_shared_home(crate::PATHS, "home-of-tests").with_files(&[
        ("task.toml", &task),
        ("phasegate.toml", config),
        ("answers.toml", "[[answer]]\ntext = \"?\"\n"),
    ]);
    let pipeline = pipeline.map(|name| match name {
        "planning-design" => name.to_owned(),
        scenario => scenario_file(scenario, "pipeline.toml"),
    });
    let more: Vec<&str> = pipeline.iter().flat_map(|file| ["--pipeline", file]).collect();
    workspace.call(&[&["run", "--task", "task.toml", "--json"], more.as_slice()].concat())
}

#[test]
fn common_names_of_python_are_python() {
    for language in ["Python", "python3", "py"] {
        let workspace = first_task(language);
        let output = workspace.call(&["run", "--task", "project/task.toml", "--json", "--out", "out"]);
        assert_eq!(output.code, 0, "{language}: {}", output.stderr);
        let task: Value = serde_json::from_str(&workspace.read("out/artifacts/task_requirements.json")).unwrap();
        assert_eq!(task["language"], "python", "{language}");
        let code: Value = serde_json::from_str(&workspace.read("out/artifacts/generated_code.json")).unwrap();
        assert_eq!(code["language"], "python3", "an artifact stays as it was submitted");
    }
}

#[test]
fn languages_without_a_runner_are_refused_first() {
    let standard = create("cobol", None);
    assert_eq!(standard.events.len(), 0);
    assert_snapshot!(standard.render_errors(&[]), @"
    exit 2
    error[PG-0106]: task TASK-1, pipeline tsp: no runner serves the language `cobol`; there are runners for: python
    hint: set `language` of the task to one that has a runner, or add a runner for it to `[runners]` of the pipeline
    ");
    let other = create("python", Some("plain-pass"));
    assert_eq!(other.events.len(), 0);
    assert_snapshot!(other.render_errors(&[]), @"
    exit 2
    error[PG-0106]: task TASK-1, pipeline scenario: no runner serves the language `python`; there are runners for: lines
    hint: set `language` of the task to one that has a runner, or add a runner for it to `[runners]` of the pipeline
    ");
}

#[test]
fn pipelines_without_tests_take_any_language() {
    let output = create("cobol", Some("planning-design"));
    assert!(output.events_named("run_created").next().is_some(), "{}", output.stderr);
}
