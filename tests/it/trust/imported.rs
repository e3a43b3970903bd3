//! Imported runs continue with the components that somebody here agreed to, and with the providers and the budget of this
//! machine.

use std::fs;
use std::sync::Arc;

use axum::body::Body;
use axum::http::Response;
use insta::assert_snapshot;
use phasegate_test::{ModelServer, Output, Workspace};

const SECRET: &str = "sk-secret-4f1d7a90c2";
const TASK: &str = "task_id = \"T-1\"\ndescription = \"Write a function that adds\"\n";

/// A server that fails each request, so that runs stop and can be resumed.
fn server() -> ModelServer {
    let failure = || Response::builder().status(500).body(Body::empty()).unwrap();
    ModelServer::start(SECRET, Arc::new(move |_| failure()))
}

fn corp(server: &ModelServer, more: &str) -> String {
    let address = &server.address;
    format!(
        "[models]\ndefault = \"corp:m\"\nretries = 0\n[providers.corp]\nkind = \"openai\"\nbase_url = \"{address}/v1\"\n{more}\n"
    )
}

fn call(workspace: &Workspace, args: &[&str]) -> Output {
    let mut command = workspace.command(args);
    command.env("MY_KEY", SECRET);
    Output::from_command(command)
}

/// A folder with a run that others made with their server and exported after it stopped. Returns the name of the run.
fn imported(theirs: &ModelServer) -> (Workspace, String) {
    let config = corp(theirs, "key_env = \"MY_KEY\"\n[budget]\nusd = 900\n[prices.\"corp:m\"]\ninput = 1\noutput = 1");
    let there = crate::workspace().with_files(&[("task.toml", TASK), ("phasegate.toml", &config)]);
    there.set_user_config(&config);
    let run = call(&there, &["run", "--task", "task.toml", "--json"]).run_id();
    assert_eq!(call(&there, &["export", &run, "run.phasegate", "--components"]).code, 0);
    let here = crate::workspace().with_files(&[("task.toml", TASK)]);
    fs::copy(there.path("run.phasegate"), here.path("run.phasegate")).unwrap();
    assert_eq!(call(&here, &["import", "run.phasegate"]).code, 0);
    (here, run)
}

fn agree(workspace: &Workspace, refused: &Output) {
    let command = refused.stderr.split("run `phasegate ").nth(1).unwrap().split('`').next().unwrap();
    let output = call(workspace, &command.split(' ').collect::<Vec<_>>());
    assert_eq!(output.code, 0, "{}", output.stderr);
}

#[test]
fn continues_after_agreement_with_local_providers() {
    let (theirs, ours) = (server(), server());
    let (here, run) = imported(&theirs);
    let sent = theirs.requests().len();
    let refused = call(&here, &["resume", &run]);
    assert_snapshot!(refused.transcript(&[(&run, "RUN")]), @r#"
    exit 2
    error[PG-0207]: run RUN was imported and continues only after you agree to its components: models corp:m; plugin `code` (DIGEST), grants { models = ["default"] }; plugin `code-review` (DIGEST), grants { models = ["default"] }; plugin `design` (DIGEST), grants { models = ["default"] }; plugin `design-review` (DIGEST), grants { models = ["default"] }; plugin `planning` (DIGEST), grants { models = ["default"] }; plugin `postmortem` (DIGEST), grants { models = ["default"] }; plugin `test` (DIGEST), grants { models = ["default"], test-bench = ["python"] }; 2 without grants: phase-aware, runner-python
    hint: if you trust them, run `phasegate trust allow --run RUN --digest DIGEST`; providers, prices and budget are then those of your configuration
    "#);
    agree(&here, &refused);
    // The archive's provider does not exist here.
    let unknown = call(&here, &["resume", &run]);
    assert!(unknown.stderr.contains("`corp:m` names the provider `corp`, which is not known"), "{}", unknown.stderr);
    here.set_user_config(&corp(&ours, "key_env = \"MY_KEY\""));
    let output = call(&here, &["resume", &run]);
    assert!(output.stdout.contains(&format!("corp:m → {}/v1 (key: MY_KEY)", ours.address)), "{}", output.stdout);
    assert!(output.stdout.contains("20.00 USD") && !output.stdout.contains("900"), "{}", output.stdout);
    assert_eq!(theirs.requests().len(), sent, "the archive's address received a request");
    assert!(!ours.requests().is_empty() && ours.requests().iter().all(|request| request.keyed));
}

#[test]
fn agreement_ends_when_it_is_revoked() {
    let (theirs, ours) = (server(), server());
    let (here, run) = imported(&theirs);
    here.set_user_config(&corp(&ours, "key_env = \"MY_KEY\""));
    agree(&here, &call(&here, &["resume", &run]));
    assert_eq!(call(&here, &["trust", "revoke", "--run", &run]).code, 0);
    assert_eq!(call(&here, &["resume", &run]).code, 2);
    // An agreement about something else does not count.
    let stale = call(&here, &["trust", "allow", "--run", &run, "--digest", "000000000000"]);
    assert!(stale.code == 2 && stale.stderr.contains("belongs to something else"), "{}", stale.stderr);
    assert!(ours.requests().is_empty());
}

#[test]
fn forks_of_imported_runs_need_agreement() {
    let (theirs, ours) = (server(), server());
    let (here, run) = imported(&theirs);
    let sent = theirs.requests().len();
    here.set_user_config(&corp(&ours, "key_env = \"MY_KEY\""));
    let refused = call(&here, &["fork", &run, "--at", "planning"]);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert!(refused.stderr.contains("was imported and continues only after you agree"), "{}", refused.stderr);
    // `run --resume` of the same task starts a run of its own.
    let output = call(&here, &["run", "--resume", "--task", "task.toml", "--json"]);
    assert_ne!(output.run_id(), run);
    assert_eq!(theirs.requests().len(), sent);
}

#[test]
fn local_project_needs_its_own_agreement() {
    let (theirs, ours) = (server(), server());
    let (here, run) = imported(&theirs);
    here.write("phasegate.toml", corp(&ours, "key_env = \"MY_KEY\""));
    agree(&here, &call(&here, &["resume", &run]));
    // The components are agreed to, the key of the project here is not.
    let refused = call(&here, &["resume", &run]);
    assert!(refused.code == 2 && refused.stderr.contains("with the key in MY_KEY"), "{}", refused.stderr);
    assert!(ours.requests().is_empty());
    agree(&here, &refused);
    call(&here, &["resume", &run]);
    assert!(!ours.requests().is_empty() && ours.requests().iter().all(|request| request.keyed));
}
