//! What a person without a terminal reads while a model call takes long.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::http::Response;
use phasegate_test::{ModelServer, Output, ProviderKind};
use serde_json::Value;

/// Longer than the time after which a wait is reported.
const LONG: Duration = Duration::from_millis(7500);

/// Runs a scenario against a server whose first response is `first`.
async fn run(
    name: &str,
    more: &str,
    args: &'static [&'static str],
    first: impl Fn(&Value) -> Response<Body> + Send + Sync + 'static,
) -> Output {
    let count = AtomicUsize::new(0);
    let respond = move |request: &Value| match count.fetch_add(1, Ordering::Relaxed) {
        0 => first(request),
        _ => answer(request),
    };
    let server = ModelServer::start("-", Arc::new(respond)).await;
    let scenario = crate::scenario(name);
    let address = &server.address;
    let config = format!(
        "[models]\ndefault = \"mine:m\"\n{more}[providers.mine]\nkind = \"openai\"\nbase_url = \"{address}/v1\"\n"
    );
    scenario.set_user_config(&config);
    std::fs::write(scenario.path("models.toml"), &config).unwrap();
    let path = scenario.path("models.toml").display().to_string();
    let command = scenario.run_with(&[&["--config", &path], args].concat());
    let output = tokio::task::spawn_blocking(move || Output::from_command(command)).await.unwrap();
    assert_eq!(output.code, 0, "{}", output.stderr);
    output
}

fn answer(request: &Value) -> Response<Body> {
    ProviderKind::Chat.answer(request, "{ \"said\": \"by a server\" }", 9)
}

fn answer_late(request: &Value) -> Response<Body> {
    tokio::task::block_in_place(|| std::thread::sleep(LONG));
    answer(request)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn late_first_tokens_are_told_on_stderr() {
    let output = run("asks-models", "", &["--json"], answer_late).await;
    let notes: Vec<&str> = output.stderr.lines().filter(|line| line.contains("no answer for ")).collect();
    let [note] = notes[..] else { panic!("{}", output.stderr) };
    assert!(
        note.starts_with("planning#1 plan: no answer for ") && note.ends_with(", waiting for the first token"),
        "{note}"
    );
    assert_eq!(output.events.len(), output.stdout.lines().count(), "{}", output.stdout);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn retries_are_told_with_reason_and_delay() {
    let refuse = |_: &Value| {
        let busy = "{\"error\":{\"message\":\"all slots are busy\"}}";
        Response::builder().status(503).header("retry-after", "8").body(Body::from(busy)).unwrap()
    };
    let output = run("asks-models", "", &[], refuse).await;
    let note = output.stderr.lines().find(|line| line.contains("waiting for a retry in ")).unwrap();
    assert!(note.contains("503") && note.contains("all slots are busy"), "{note}");
    assert!(!output.stdout.contains("waiting for"), "{}", output.stdout);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn calls_behind_others_wait_for_a_permit() {
    let output = run("slow", "concurrency = 1\n", &["--async"], answer_late).await;
    let waits_for = |what: &str| output.stderr.lines().filter(|line| line.ends_with(what)).count();
    assert_eq!(waits_for("waiting for the first token"), 1, "{}", output.stderr);
    assert_eq!(waits_for("waiting for a permit of `models.concurrency`"), 1, "{}", output.stderr);
}
