//! What is done before the first request to a model, on a machine where nothing is compiled yet.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::Response;
use phasegate_test::ModelServer;

/// The number of files below a folder whose names have this ending.
fn count(folder: &Path, ending: &str) -> usize {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    entries.filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().ends_with(ending)).count()
}

#[test]
fn first_request_waits_for_one_compiled_agent() {
    let workspace = crate::workspace();
    let compiled = workspace.home().join(".cache/phasegate/compiled");
    let components = workspace.home().join(".local/share/phasegate/components");
    let seen = Arc::new(Mutex::new(Vec::new()));
    let respond = {
        let seen = Arc::clone(&seen);
        move |_: &serde_json::Value| {
            seen.lock().unwrap().push(count(&compiled, ".code"));
            Response::builder().status(401).body(Body::from("{\"error\":{\"message\":\"no\"}}")).unwrap()
        }
    };
    let server = ModelServer::start("-", Arc::new(respond));
    let address = &server.address;
    workspace.write(
        "phasegate.toml",
        format!("[models]\ndefault = \"local:m\"\n[providers.local]\nkind = \"openai\"\nbase_url = \"{address}/v1\"\n"),
    );
    let output = workspace.call(&["run", "--task-id", "TASK-1", "--description", "parse durations"]);
    assert_eq!(output.code, 4, "{}", output.stderr);
    // The next agent may be compiled while the request is on its way.
    assert!(matches!(seen.lock().unwrap()[..], [1 | 2]), "{seen:?}");
    // Seven agents, a strategy and the test runner: another version of the program can resume the run.
    assert_eq!(count(&components, ".zst"), 9);
}
