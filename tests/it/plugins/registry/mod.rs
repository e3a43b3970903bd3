//! Plugins from registries: a real registry on this machine, and servers that are none.

mod flow;
mod hostile;
mod login;
mod signatures;

use std::fs;
use std::path::PathBuf;

use phasegate_test::{OciRegistry, Output, Workspace, fixture, scenarios};

/// A pipeline of one phase whose agent is the plugin `fixture`.
const PIPELINE: &str = r#"
name = "one"
feedback = { strategy = "phase-aware" }

[[kind]]
name = "note"
schema = "note.schema.json"

[[phase]]
name = "planning"
agent = "fixture"
reads = ["task_requirements"]
produces = [{ name = "plan", kind = "note" }]
"#;

/// A project that runs the pipeline with scripted answers, in a home of its own.
fn project() -> Workspace {
    let task = fs::read_to_string(scenarios().join("task.toml")).unwrap();
    let schema = fs::read_to_string(scenarios().join("note.schema.json")).unwrap();
    let answers = fs::read_to_string(scenarios().join("answers.toml")).unwrap();
    let mut workspace = crate::workspace().with_files(&[
        ("pipeline.toml", PIPELINE),
        ("task.toml", &task),
        ("note.schema.json", &schema),
        ("answers.toml", &answers),
        ("phasegate.toml", "pipeline = \"pipeline.toml\"\n[models]\ndefault = \"scripted:answers.toml\"\n"),
    ]);
    workspace.set_own_home("home");
    workspace
}

/// Writes a component with this version that requests these model tiers. Returns its name.
fn component(workspace: &Workspace, version: &str, tiers: &str) -> String {
    let name = format!("fixture-{version}.wasm");
    fs::copy(fixture("agent.wasm"), workspace.path(&name)).unwrap();
    let grants = format!("[asks]\nmodels = [{tiers}]\ntest-bench = [\"lines\"]\n");
    workspace.write(
        "manifest.toml",
        format!("name = \"fixture\"\nversion = \"{version}\"\npurpose = \"For tests\"\n{grants}"),
    );
    let added = workspace.call(&["plugin", "manifest", &name, "manifest.toml"]);
    assert_eq!(added.code, 0, "{}", added.stderr);
    name
}

/// Copies a component without a manifest. Returns its name.
fn bare_component(workspace: &Workspace) -> String {
    fs::copy(fixture("agent.wasm"), workspace.path("bare.wasm")).unwrap();
    "bare.wasm".to_owned()
}

/// Pushes a component. Returns its reference.
fn push(workspace: &Workspace, registry: &OciRegistry, file: &str, package: &str, more: &[&str]) -> String {
    let reference = registry.reference(package);
    let pushed = workspace.call(&[&["plugin", "push", file, &reference], more].concat());
    assert_eq!(pushed.code, 0, "{}", pushed.stderr);
    reference
}

/// Makes a key pair and returns the names of both files.
fn keys(workspace: &Workspace, name: &str) -> (String, PathBuf) {
    assert_eq!(workspace.call(&["plugin", "keygen", name]).code, 0);
    (format!("{name}.key"), workspace.path(&format!("{name}.pub")))
}

/// Trusts the publishers of these names and key files.
fn trust(workspace: &Workspace, publishers: &[(&str, &PathBuf)], more: &str) {
    let lines: String = publishers.iter().map(|(name, key)| format!("{name} = \"{}\"\n", key.display())).collect();
    workspace.set_user_config(&format!("[trust]\n{more}\n[trust.publishers]\n{lines}"));
}

/// The text of a command without what differs from run to run.
fn shown(workspace: &Workspace, output: &Output) -> String {
    let here = fs::canonicalize(workspace.path("")).unwrap().display().to_string();
    let text = output.transcript(&[(&here, "HERE")]);
    let mut parts = text.split("127.0.0.1:");
    let first = parts.next().unwrap().to_owned();
    parts.fold(first, |text, rest| text + "127.0.0.1:PORT" + rest.trim_start_matches(|c: char| c.is_ascii_digit()))
}

fn call(workspace: &Workspace, args: &[&str]) -> String {
    shown(workspace, &workspace.call(args))
}
