//! Mistakes that are found before the first call of a model is paid for.

use std::sync::Arc;

use axum::body::Body;
use axum::http::Response;
use insta::assert_snapshot;
use phasegate_test::ModelServer;

use crate::workspace;

const TASK: &str = "task_id = \"TASK-1\"\ndescription = \"Parse durations such as 1h30m\"\n";
const SCRIPTED: &str = "[models]\ndefault = \"scripted:answers.toml\"\n";
const ANSWERS: &str = "[[answer]]\ntext = \"{}\"\n";

fn prepared() -> phasegate_test::Workspace {
    workspace().with_files(&[("task.toml", TASK), ("phasegate.toml", SCRIPTED), ("answers.toml", ANSWERS)])
}

#[test]
fn out_folder_is_tried_before_the_run() {
    let workspace = prepared();
    assert_snapshot!(workspace.reject(&["run", "task.toml", "--out", "/proc/nothing/here"]), @r"
    task      TASK-1: Parse durations such as 1h30m
    pipeline  tsp: planning → design → design-review → code → code-review → test → postmortem
    config    phasegate.toml
    exit 2
    error[PG-0702]: output folder `/proc/nothing/here` cannot be written: there is no such file or folder; nothing was started
    hint: make it writable, or choose another folder with --out
    ");
    assert_snapshot!(workspace.reject(&["run", "task.toml", "--out", "task.toml/below"]), @r"
    exit 2
    error[PG-0701]: HERE/task.toml/below is not a folder
    hint: choose another one with --out
    ");
    assert_snapshot!(workspace.reject(&["run", "task.toml", "--out", &"x".repeat(300)]), @r"
    exit 2
    error[PG-0702]: output folder `xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx` cannot be written: file name too long; nothing was started
    hint: make it writable, or choose another folder with --out
    ");
}

#[test]
fn flags_without_effect_are_conflicts() {
    let workspace = prepared();
    for (args, said) in [
        (&["run", "task.toml", "--requirements", "x"][..], "cannot be used with"),
        (&["run", "task.toml", "--description", "Parse durations"], "cannot be used with"),
        (&["run", "--task", "task.toml", "--description", "Parse durations"], "cannot be used with"),
        (&["run", "--task", "task.toml", "--task-id", "ABC"], "cannot be used with"),
        (&["run", "task.toml", "--force"], "--out <DIR>"),
        (&["run", "task.toml", "--base", "main"], "--base needs a repository"),
        (&["resume", "x", "--force"], "--out <DIR>"),
        (&["pipeline", "show", "tsp", "--toml", "--config", "phasegate.toml"], "cannot be used with"),
    ] {
        let text = workspace.reject(args);
        assert!(text.contains(said), "{args:?}\n{text}");
    }
}

#[test]
fn phases_of_one_name_are_refused() {
    let pipeline = "extends = \"tsp\"\n[[phase]]\nname = \"code\"\nmax_retries = 2\n\n[[phase]]\nname = \"code\"\nmax_retries = 5\n";
    let workspace = prepared().with_files(&[("p.toml", pipeline)]);
    assert_snapshot!(workspace.reject(&["run", "task.toml", "--pipeline", "p.toml"]), @r#"
    exit 2
    error[PG-0102]: p.toml:7: phase `code` is already in line 3 of this file
      7 | name = "code"
        |        ^^^^^^
    hint: rename one of the two, or write all keys into one table
    "#);
}

#[test]
fn verdicts_that_never_come_are_refused() {
    let pipeline = "extends = \"tsp\"\nmax_total_attempts = 6\n[[phase]]\nname = \"test\"\nmax_retries = 8\n";
    let workspace = prepared().with_files(&[("p.toml", pipeline)]);
    assert_snapshot!(workspace.reject(&["run", "task.toml", "--pipeline", "p.toml"]), @r#"
    exit 2
    error[PG-0102]: p.toml:4: gate `test`: max_retries is 8, but all gates together get 6 verdicts (max_total_attempts)
      4 | name = "test"
        |        ^^^^
    hint: raise max_total_attempts to at least 8, or lower max_retries
    "#);
    workspace.write("phasegate.toml", format!("{SCRIPTED}[phases.test]\nmax_retries = 16\n"));
    assert_snapshot!(workspace.reject(&["run", "task.toml"]), @r"
    exit 2
    error[PG-0102]: phasegate.toml:4: gate `test`: max_retries is 16, but all gates together get 15 verdicts (max_total_attempts)
      4 | max_retries = 16
        |               ^^
    hint: raise max_total_attempts to at least 16, or lower max_retries
    ");
    workspace.write("phasegate.toml", format!("max_total_attempts = 4\n{SCRIPTED}[phases.test]\nmax_retries = 5\n"));
    assert_snapshot!(workspace.reject(&["run", "task.toml"]), @r"
    exit 2
    error[PG-0102]: phasegate.toml:5: gate `test`: max_retries is 5, but all gates together get 4 verdicts (max_total_attempts)
      5 | max_retries = 5
        |               ^
    hint: raise max_total_attempts to at least 5, or lower max_retries
    ");
}

/// A server that lists these models and answers no request.
fn server(status: u16, list: &'static str) -> ModelServer {
    let refuse = |_: &serde_json::Value| Response::builder().status(400).body(Body::from("not now")).unwrap();
    ModelServer::start_with_list("none", status, list, Arc::new(refuse))
}

fn configuration(server: &ModelServer, model: &str, more: &str) -> String {
    let address = &server.address;
    format!(
        "[models]\ndefault = \"local:{model}\"\n[providers.local]\nkind = \"openai\"\nbase_url = \"{address}/v1\"\n{more}"
    )
}

#[test]
fn models_are_looked_up_where_that_is_free() {
    let list = r#"{ "data": [{ "id": "small-2026-01-01" }, { "id": "large" }] }"#;
    let server = server(200, list);
    let workspace = prepared();
    workspace.write("phasegate.toml", configuration(&server, "lagre", ""));
    assert_snapshot!(workspace.reject(&["run", "task.toml"]), @r#"
    task      TASK-1: Parse durations such as 1h30m
    pipeline  tsp: planning → design → design-review → code → code-review → test → postmortem
    config    phasegate.toml
    exit 2
    error[PG-0102]: phasegate.toml:2: [models] fast: local does not list the model `lagre`
      2 | default = "local:lagre"
        |           ^^^^^^^^^^^^^
    hint: did you mean `local:large`?
    "#);
    workspace.write("phasegate.toml", configuration(&server, "other", ""));
    assert_snapshot!(workspace.reject(&["run", "task.toml"]), @r#"
    task      TASK-1: Parse durations such as 1h30m
    pipeline  tsp: planning → design → design-review → code → code-review → test → postmortem
    config    phasegate.toml
    exit 2
    error[PG-0102]: phasegate.toml:2: [models] fast: local does not list the model `other`
      2 | default = "local:other"
        |           ^^^^^^^^^^^^^
    hint: choose from small-2026-01-01, large
    hint: if it serves the model nevertheless, set [providers.local] list_models = false
    "#);
    assert!(server.requests().is_empty(), "a request was paid for");
    // A name without the date of its version is the model, and the operator may know better.
    for (model, more) in [("small", ""), ("large", ""), ("other", "list_models = false\n")] {
        workspace.write("phasegate.toml", configuration(&server, model, more));
        let before = server.requests().len();
        workspace.call(&["run", "task.toml"]);
        assert!(server.requests().len() > before, "{model}");
    }
}

#[test]
fn refused_keys_end_the_command() {
    let server = server(401, "{}");
    let workspace = prepared();
    workspace.write("phasegate.toml", configuration(&server, "small", ""));
    assert_snapshot!(workspace.reject(&["run", "task.toml"]), @r"
    task      TASK-1: Parse durations such as 1h30m
    pipeline  tsp: planning → design → design-review → code → code-review → test → postmortem
    config    phasegate.toml
    exit 2
    error[PG-0102]: phasegate.toml:3: local refuses the key (status 401)
      3 | [providers.local]
        | ^^^^^^^^^^^^^^^^^
    hint: renew the key at the provider, or name another one in [providers.local] key_env
    ");
    assert!(server.requests().is_empty());
}

#[test]
fn models_without_a_list_are_said() {
    for (status, list) in [(404, "{}"), (200, "<html>"), (200, "{ \"models\": [] }")] {
        let server = server(status, list);
        let workspace = prepared();
        workspace.write("phasegate.toml", configuration(&server, "small", ""));
        let output = workspace.call(&["run", "task.toml"]);
        assert!(output.stderr.contains("the models of local cannot be checked before the run: "), "{}", output.stderr);
        assert!(!server.requests().is_empty());
    }
}

#[test]
fn misspelt_names_have_a_suggestion() {
    let workspace = prepared();
    workspace.write("task.toml", format!("{TASK}language = \"pyhton\"\n"));
    assert!(workspace.call(&["run", "task.toml"]).stderr.contains("hint: did you mean `python`?\n"));
    workspace.write("task.toml", TASK);
    workspace.write("phasegate.toml", "[models]\ndefault = \"scripted:script.toml\"\n");
    workspace.write("script.toml", "[[answer]]\nlable = \"plan\"\ntext = \"{}\"\n");
    let refused = workspace.call(&["run", "task.toml"]).stderr;
    assert!(refused.contains("script.toml:2: unknown key `lable` in [answer]\n"), "{refused}");
    assert!(refused.contains("hint: did you mean `label`?\n"), "{refused}");
}

#[test]
fn experiments_look_models_up_too() {
    let server = server(200, r#"{ "data": [{ "id": "small" }, { "id": "large" }] }"#);
    let workspace = prepared();
    workspace.write("phasegate.toml", configuration(&server, "small", ""));
    let experiment = "name = \"x\"\ntasks = [\"task.toml\"]\n[[variant]]\nname = \"a\"\n[[variant]]\nname = \"b\"\nset = { models.default = \"local:lagre\" }\n";
    workspace.write("x.toml", experiment);
    let refused = workspace.call(&["experiment", "x.toml"]);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert!(refused.stderr.contains("x.toml:7: variant `b`: "), "{}", refused.stderr);
    assert!(refused.stderr.contains("local does not list the model `lagre`"), "{}", refused.stderr);
    assert!(refused.stderr.contains("hint: did you mean `local:large`?"), "{}", refused.stderr);
    assert!(server.requests().is_empty());
}
