//! Whole runs against servers on this machine that speak the providers' published formats: each refuses the first call
//! with 429, then answers, streamed or whole. What was used is counted and priced, and the key stays where it belongs.

pub mod formats;

use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Response};
use phasegate_test::Output;
use serde_json::Value;

const CANARY: &str = "sk-canary-5f0c9a1e77";
const ANSWER: &str = r#"{ "said": "by a server" }"#;

/// What the server was asked, with whether the key came along.
type Heard = Arc<Mutex<Vec<(bool, Value)>>>;

/// Serves until the test's runtime ends.
async fn serve(answer: fn(&Value) -> Response<Body>) -> (String, Heard) {
    let requests: Heard = Arc::default();
    let handler = move |State(requests): State<Heard>, headers: HeaderMap, body: String| async move {
        let body: Value = serde_json::from_str(&body).unwrap();
        let keyed = headers.values().any(|value| value.to_str().is_ok_and(|value| value.contains(CANARY)));
        let first = requests.lock().unwrap().is_empty();
        requests.lock().unwrap().push((keyed, body.clone()));
        match first {
            true => Response::builder().status(429).header("retry-after", "0").body(Body::from("{}")).unwrap(),
            false => answer(&body),
        }
    };
    let router = Router::new().fallback(handler).with_state(Arc::clone(&requests));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (address, requests)
}

fn chat(asked: &Value) -> Response<Body> {
    formats::chat(asked, ANSWER, 9)
}

fn messages(asked: &Value) -> Response<Body> {
    formats::messages(asked, ANSWER, 9)
}

/// Runs the scenario against a server and looks for the key in all that is left behind.
async fn run(
    kind: &str,
    base: &str,
    stream: bool,
    answer: fn(&Value) -> Response<Body>,
) -> (Output, Vec<(bool, Value)>) {
    let (address, requests) = serve(answer).await;
    let scenario = crate::scenario("asks-models");
    let config = format!(
        "[models]\ndefault = \"mine:m\"\nstream = {stream}\n\n[providers.mine]\nkind = \"{kind}\"\n\
         base_url = \"{address}{base}\"\nkey_env = \"MY_KEY\"\n\n[prices.\"mine:m\"]\ninput = 3.0\noutput = 15.0\n"
    );
    let file = scenario.path("models.toml");
    std::fs::write(&file, config).unwrap();
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/scenarios");
    let mut command = scenario.command(&["run", "--json", "--verbose", "--verbose"]);
    command.arg("--task").arg(scenarios.join("task.toml"));
    command.arg("--pipeline").arg(scenarios.join("asks-models/pipeline.toml"));
    command.arg("--config").arg(&file).arg("--out").arg(scenario.path("out"));
    command.env("MY_KEY", CANARY).env("RUST_LOG", "trace");
    let output = tokio::task::spawn_blocking(move || Output::of(command)).await.unwrap();
    for text in [&output.stdout, &output.stderr] {
        assert!(!text.contains(CANARY), "the key is in the output");
    }
    assert_keyless(&scenario.path("state"));
    assert_keyless(&scenario.path("out"));
    let requests = requests.lock().unwrap().clone();
    (output, requests)
}

fn assert_keyless(folder: &Path) {
    // A run that did not come to its end has no out folder.
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            assert_keyless(&entry.path());
            continue;
        }
        let bytes = std::fs::read(entry.path()).unwrap();
        let found = bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes());
        assert!(!found, "the key is in {}", entry.path().display());
    }
}

fn check(output: &Output, requests: &[(bool, Value)]) {
    assert_eq!(output.code, 0, "{}", output.stderr);
    // Two calls, and the one that was refused.
    assert_eq!(requests.len(), 3);
    assert!(requests.iter().all(|(keyed, _)| *keyed));
    let answered: Vec<_> = output.named("model_answered").collect();
    assert_eq!(answered.len(), 2);
    for event in answered {
        assert_eq!(event["usage"]["input_tokens"], 1000);
        assert_eq!(event["usage"]["output_tokens"], 100);
        let usd = event["usage"]["usd"].as_f64().unwrap();
        assert!((usd - 0.0045).abs() < 1e-9, "{usd}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_against_a_chat_completions_server() {
    for stream in [true, false] {
        let (output, requests) = run("openai", "/v1", stream, chat).await;
        check(&output, &requests);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_against_a_messages_server() {
    for stream in [true, false] {
        let (output, requests) = run("anthropic", "", stream, messages).await;
        check(&output, &requests);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn failing_server_stops_run_without_using_an_attempt() {
    let refuse =
        |_: &Value| Response::builder().status(401).body(Body::from("{\"error\":{\"message\":\"no\"}}")).unwrap();
    let (output, _) = run("openai", "/v1", true, refuse).await;
    assert_eq!(output.code, 4, "{}", output.stderr);
    assert_eq!(output.named("phase_finished").count(), 0);
    assert!(output.stderr.contains("go on with"), "{}", output.stderr);
}
