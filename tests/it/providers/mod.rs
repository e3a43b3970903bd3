//! Whole runs against servers on this machine that speak the providers' published formats, and deviate from them as real
//! servers do. Usage is counted and priced, the key is sent to the provider only, and each failure tells what to do.

mod answers;
mod failures;
mod limits;
mod notices;
mod requests;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Body;
use axum::http::Response;
use phasegate_test::{ModelServer, Output, ProviderKind, Request};
use serde_json::Value;

const KEY: &str = "sk-canary-5f0c9a1e77";
const ANSWER: &str = r#"{ "said": "by a server" }"#;

/// A response with a body of this type; empty for none.
fn respond(status: u16, content_type: &str, body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::builder().status(status);
    if !content_type.is_empty() {
        response = response.header("content-type", content_type);
    }
    response.body(body.into()).unwrap()
}

/// Answers the first requests as given, and later ones as the format says.
fn first(kind: ProviderKind, answers: Vec<fn() -> Response<Body>>) -> impl Fn(&Value) -> Response<Body> + Send + Sync {
    let count = AtomicUsize::new(0);
    move |request: &Value| match answers.get(count.fetch_add(1, Ordering::Relaxed)) {
        Some(answer) => answer(),
        None => kind.answer(request, ANSWER, 9),
    }
}

/// A run of a scenario, `asks-models` unless said otherwise, whose provider `mine` has these lines, against a server.
struct Run<'a> {
    scenario: &'a str,
    kind: ProviderKind,
    models: &'a str,
    provider: &'a str,
    is_verbose: bool,
}

impl Run<'_> {
    fn of(kind: ProviderKind) -> Self {
        Self { scenario: "asks-models", kind, models: "retries = 0", provider: "", is_verbose: false }
    }

    fn against(&self, respond: impl Fn(&Value) -> Response<Body> + Send + Sync + 'static) -> (Output, Vec<Request>) {
        let server = ModelServer::start(KEY, Arc::new(respond));
        let base = if self.kind.name() == "openai" { "/v1" } else { "" };
        let output = self.at(&format!("{}{base}", server.address));
        (output, server.requests())
    }

    /// Runs with the provider at this address, and searches output and folders for the key.
    fn at(&self, address: &str) -> Output {
        let scenario = crate::scenario(self.scenario);
        let config = format!(
            "[models]\ndefault = \"mine:m\"\n{}\n[providers.mine]\nkind = \"{}\"\nbase_url = \"{address}\"\n\
             key_env = \"MY_KEY\"\n{}\n[prices.\"mine:m\"]\ninput = 3.0\noutput = 15.0\n",
            self.models,
            self.kind.name(),
            self.provider
        );
        let mut command = scenario.verbose_run_command(&config, &[("MY_KEY", KEY)]);
        if !self.is_verbose {
            command.env_remove("RUST_LOG").env_remove("RUST_BACKTRACE");
        }
        let output = Output::from_command(command);
        for text in [&output.stdout, &output.stderr] {
            assert!(!text.contains(KEY), "the key is in the output");
        }
        assert_keyless(&scenario.path("state"));
        assert_keyless(&scenario.path("out"));
        output
    }
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

/// What the provider is said to have done, with the hint about it.
fn reason(output: &Output) -> String {
    let text =
        output.stderr.split_once("error[").unwrap_or_else(|| panic!("exit {}: {}", output.code, output.stderr)).1;
    let (_, text) = text.split_once("): ").unwrap_or_else(|| panic!("{text}"));
    let mut lines = text.lines().take(2).map(|line| line.replace("127.0.0.1:", "HERE:"));
    let first = lines.next().unwrap();
    let is_hint = |line: &String| line.starts_with("hint: ") && !line.contains("phasegate resume");
    lines.find(is_hint).map_or(first.clone(), |hint| format!("{first}\n{hint}"))
}

fn run_and_check(kind: ProviderKind) {
    for stream in ["true", "false"] {
        let limited = || Response::builder().status(429).header("retry-after", "0").body(Body::from("{}")).unwrap();
        let run = Run { models: &format!("stream = {stream}"), is_verbose: true, ..Run::of(kind) };
        let (output, requests) = run.against(first(kind, vec![limited]));
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
}

#[test]
fn runs_against_a_chat_completions_server() {
    run_and_check(ProviderKind::Chat);
}

#[test]
fn runs_against_a_messages_server() {
    run_and_check(ProviderKind::Messages);
}
