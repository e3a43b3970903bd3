//! The end of the log stays with an attempt that failed.

use phasegate_test::{Workspace, fixture};

use crate::PATHS;

/// A project whose agent logs and panics at its first attempt, and submits at its second.
fn project() -> Workspace {
    let agent = fixture("agent.wasm").display().to_string();
    let pipeline = format!(
        r#"name = "one"
[feedback]
strategy = "nearest-phase"
[[phase]]
name = "mine"
agent = "mine"
reads = ["task_requirements"]
produces = [{{ name = "note", kind = "note" }}]
settings = {{ attempts = [{{ do = "panic", words = "too deep\nat agent.py:7" }}, {{ artifacts = {{ note = {{}} }} }}] }}
[plugins.mine]
path = "{agent}"
grants = {{ models = ["default"], test-bench = ["lines"] }}
[[kind]]
name = "note"
schema = "note.json"
"#
    );
    Workspace::with_shared_home(PATHS, "home-of-plugin-cases").with_files(&[
        ("pipeline.toml", &pipeline),
        ("note.json", r#"{ "type": "object" }"#),
        ("task.toml", "task_id = \"CRASH-1\"\ndescription = \"An agent that crashes once\"\n"),
        ("answers.toml", "[[answer]]\nlabel = \"*\"\ntext = \"none\"\n"),
        ("phasegate.toml", "pipeline = \"pipeline.toml\"\n[models]\ndefault = \"scripted:answers.toml\"\n"),
    ])
}

#[test]
fn show_log_and_report_have_the_log() {
    let project = project();
    let run = project.call(&["run", "task.toml", "--json"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let failed = run.events_named("phase_finished").next().unwrap();
    let log = failed["log"].as_str().unwrap();
    assert!(log.starts_with("panic: panicked at ") && log.ends_with("too deep\nat agent.py:7"), "{log}");
    assert!(run.events_named("phase_finished").nth(1).unwrap().get("log").is_none());
    for command in ["show", "log"] {
        let told = project.call(&[command, &run.run_id()]).stdout;
        assert!(told.contains("log: at agent.py:7"), "{told}");
    }
    let report = project.read(&format!("phasegate-out/{}/report.md", run.run_id()));
    assert!(report.contains("## Failed attempts\n") && report.contains("\n  - at agent.py:7\n"), "{report}");
    let replayed = project.call(&["replay", &run.run_id()]);
    assert_eq!(replayed.code, 0, "{}", replayed.stderr);
}
