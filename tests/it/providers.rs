//! Whole runs against servers on this machine that speak the providers' published formats: each responds to the first call
//! with 429 and then answers, streamed or whole. Usage is counted and priced, and the key is sent to the provider only.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::Body;
use axum::http::Response;
use phasegate_test::{ModelServer, Output, ProviderKind, Request};
use serde_json::Value;

const KEY: &str = "sk-canary-5f0c9a1e77";
const ANSWER: &str = r#"{ "said": "by a server" }"#;

/// Runs a scenario against a server and searches its output and its folders for the key.
async fn run(
    kind: ProviderKind,
    base: &str,
    stream: bool,
    respond: impl Fn(&Value) -> Response<Body> + Send + Sync + 'static,
) -> (Output, Vec<Request>) {
    let first = AtomicBool::new(true);
    let respond = move |request: &Value| match first.swap(false, Ordering::Relaxed) {
        true => Response::builder().status(429).header("retry-after", "0").body(Body::from("{}")).unwrap(),
        false => respond(request),
    };
    let server = ModelServer::start(KEY, Arc::new(respond)).await;
    let scenario = crate::scenario("asks-models");
    let (kind, address) = (kind.name(), &server.address);
    let config = format!(
        "[models]\ndefault = \"mine:m\"\nstream = {stream}\n\n[providers.mine]\nkind = \"{kind}\"\n\
         base_url = \"{address}{base}\"\nkey_env = \"MY_KEY\"\n\n[prices.\"mine:m\"]\ninput = 3.0\noutput = 15.0\n"
    );
    let command = scenario.verbose_run_command(&config, &[("MY_KEY", KEY)]);
    let output = tokio::task::spawn_blocking(move || Output::from_command(command)).await.unwrap();
    for text in [&output.stdout, &output.stderr] {
        assert!(!text.contains(KEY), "the key is in the output");
    }
    assert_keyless(&scenario.path("state"));
    assert_keyless(&scenario.path("out"));
    (output, server.requests())
}

fn assert_keyless(folder: &Path) {
    // A run that was refused has no output folder.
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            assert_keyless(&entry.path());
            continue;
        }
        let bytes = std::fs::read(entry.path()).unwrap();
        let found = bytes.windows(KEY.len()).any(|window| window == KEY.as_bytes());
        assert!(!found, "the key is in {}", entry.path().display());
    }
}

fn check(output: &Output, requests: &[Request]) {
    assert_eq!(output.code, 0, "{}", output.stderr);
    // Two calls, and the one that got 429.
    assert_eq!(requests.len(), 3);
    assert!(requests.iter().all(|request| request.keyed));
    let answered: Vec<_> = output.events_named("model_answered").collect();
    assert_eq!(answered.len(), 2);
    for event in answered {
        assert_eq!(event["usage"]["input_tokens"], 1000);
        assert_eq!(event["usage"]["output_tokens"], 100);
        let usd = event["usage"]["usd"].as_f64().unwrap();
        assert!((usd - 0.0045).abs() < 1e-9, "{usd}");
    }
}

async fn run_and_check(kind: ProviderKind, base: &str) {
    for stream in [true, false] {
        let (output, requests) = run(kind, base, stream, move |request| kind.answer(request, ANSWER, 9)).await;
        check(&output, &requests);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_against_a_chat_completions_server() {
    run_and_check(ProviderKind::Chat, "/v1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_against_a_messages_server() {
    run_and_check(ProviderKind::Messages, "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn failing_server_stops_run_without_using_an_attempt() {
    let refuse =
        |_: &Value| Response::builder().status(401).body(Body::from("{\"error\":{\"message\":\"no\"}}")).unwrap();
    let (output, _) = run(ProviderKind::Chat, "/v1", true, refuse).await;
    assert_eq!(output.code, 4, "{}", output.stderr);
    assert_eq!(output.events_named("phase_finished").count(), 0);
    assert!(output.stderr.contains("hint: nothing is lost; continue with `phasegate resume "), "{}", output.stderr);
}
