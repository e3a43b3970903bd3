//! Overlapping calls whose prompts begin alike: the first is sent first, so that the provider has the common part in its cache
//! before it reads the others.

use std::fs;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::Response;
use futures::{StreamExt as _, stream};
use phasegate_test::{Output, Scenario};
use serde_json::{Value, json};

/// What the server saw and did, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// A request arrived.
    Asked,
    /// An answer began.
    Began,
    /// A request was refused.
    Refused,
}
use Step::{Asked, Began, Refused};

/// A chat completions server that reads only what no earlier prompt began with, at a constant speed.
struct CachingServer {
    address: String,
    seen: Arc<Seen>,
    _runtime: tokio::runtime::Runtime,
}

#[derive(Default)]
struct Seen {
    steps: Mutex<Vec<Step>>,
    /// The prompts that were read.
    cache: Mutex<Vec<String>>,
    /// The characters of prompts that were read, those from the cache left out.
    read: Mutex<usize>,
    /// The status that the first request is refused with.
    refusal: Option<u16>,
    /// How many requests must have arrived before any answer begins.
    awaited: usize,
}

impl CachingServer {
    fn start(refusal: Option<u16>, awaited: usize) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let seen = Arc::new(Seen { refusal, awaited, ..Seen::default() });
        let router = Router::new().fallback(answer).with_state(Arc::clone(&seen));
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self { address, seen, _runtime: runtime }
    }

    /// Runs six calls at once.
    fn run(&self, models: &str) -> (Scenario, Output) {
        let scenario = crate::scenario("asks-alike");
        let config = format!(
            "[models]\ndefault = \"mine:m\"\n{models}\n[providers.mine]\nkind = \"openai\"\nbase_url = \"{}/v1\"\n\
             [prices.\"mine:m\"]\ninput = 1\noutput = 1\n",
            self.address
        );
        scenario.set_user_config(&config);
        fs::write(scenario.path("models.toml"), &config).unwrap();
        let path = scenario.path("models.toml").display().to_string();
        let command = scenario.run_with(&["--json", "--async", "--config", &path]);
        (scenario, Output::from_command(command))
    }

    fn steps(&self) -> Vec<Step> {
        self.seen.steps.lock().unwrap().clone()
    }

    fn read(&self) -> usize {
        *self.seen.read.lock().unwrap()
    }
}

/// The time to read a thousand characters.
const READING: Duration = Duration::from_millis(20);
/// The time between the first and the last part of an answer.
const WRITING: Duration = Duration::from_millis(200);

async fn answer(State(seen): State<Arc<Seen>>, body: Bytes) -> Response<Body> {
    let asked: Value = serde_json::from_slice(&body).unwrap();
    let number = {
        let mut steps = seen.steps.lock().unwrap();
        steps.push(Asked);
        steps.iter().filter(|step| **step == Asked).count()
    };
    if let Some(status) = seen.refusal.filter(|_| number == 1) {
        tokio::time::sleep(Duration::from_millis(300)).await;
        seen.steps.lock().unwrap().push(Refused);
        let refusal = Response::builder().status(status).header("retry-after", "0");
        return refusal.body(Body::from("{\"error\":{\"message\":\"not now\"}}")).unwrap();
    }
    while seen.steps.lock().unwrap().iter().filter(|step| **step == Asked).count() < seen.awaited {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let prompt = asked["messages"][0]["content"].as_str().unwrap().to_owned();
    let unread = {
        let cache = seen.cache.lock().unwrap();
        let shared = |known: &String| known.bytes().zip(prompt.bytes()).take_while(|(a, b)| a == b).count();
        prompt.len() - cache.iter().map(shared).max().unwrap_or(0)
    };
    tokio::time::sleep(READING * unread as u32 / 1000).await;
    *seen.read.lock().unwrap() += unread;
    seen.cache.lock().unwrap().push(prompt);
    seen.steps.lock().unwrap().push(Began);
    let piece = |delta: Value, finish: Value| {
        let choice = json!({ "index": 0, "delta": delta, "finish_reason": finish });
        format!(
            "data: {}\n\n",
            json!({ "choices": [choice], "usage": { "prompt_tokens": 5000, "completion_tokens": 10 } })
        )
    };
    let first = piece(json!({ "role": "assistant", "content": "{ \"said\": " }), Value::Null);
    let rest = piece(json!({ "content": "\"it\" }" }), json!("stop")) + "data: [DONE]\n\n";
    let pieces = stream::once(async move { first }).chain(stream::once(async move {
        tokio::time::sleep(WRITING).await;
        rest
    }));
    let stream = Response::builder().header("content-type", "text/event-stream");
    stream.body(Body::from_stream(pieces.map(Ok::<_, std::io::Error>))).unwrap()
}

#[test]
fn later_calls_wait_for_the_first_token() {
    let server = CachingServer::start(None, 0);
    let (scenario, output) = server.run("");
    assert_eq!(output.code, 0, "{}", output.stderr);
    assert_eq!(server.steps()[..2], [Asked, Began], "the second request came before the first answer began");
    // The answer to the first call is still under way when the others are sent.
    assert_eq!(output.events_named("model_answered").count(), 6);
    let first_answer = output.events.iter().position(|event| event["event"] == "model_answered").unwrap();
    let asked = output.events[..first_answer].iter().filter(|event| event["event"] == "model_asked").count();
    assert_eq!(asked, 6, "the calls waited for the whole answer");
    assert!(server.read() < 21_000, "{} characters were read", server.read());
    scenario.check_replay(&output.run_id(), &[]);
}

#[test]
fn all_calls_are_sent_at_once_if_configured() {
    // No answer begins before all requests are there.
    let server = CachingServer::start(None, 6);
    let (_, output) = server.run("wait_for_cache = false");
    assert_eq!(output.code, 0, "{}", output.stderr);
    assert_eq!(server.steps()[..6], [Asked; 6]);
    assert!(server.read() > 120_000, "{} characters were read", server.read());
    // Where nothing is streamed, nothing shows that an answer begins.
    let server = CachingServer::start(None, 6);
    let (_, output) = server.run("stream = false");
    assert_eq!((output.code, &server.steps()[..6]), (0, &[Asked; 6][..]), "{}", output.stderr);
}

#[test]
fn a_failed_first_call_holds_up_no_other() {
    let server = CachingServer::start(Some(503), 0);
    let (_, output) = server.run("");
    assert_eq!(output.code, 0, "{}", output.stderr);
    assert_eq!(server.steps()[..3], [Asked, Refused, Asked]);
    assert_eq!(server.steps().iter().filter(|step| **step == Asked).count(), 7);
    // A failure that ends the run is paid once.
    let server = CachingServer::start(Some(401), 0);
    let (scenario, output) = server.run("");
    assert_eq!((output.code, server.steps()), (4, vec![Asked, Refused]), "{}", output.stderr);
    let resumed = scenario.call(&["resume", &output.run_id(), "--json", "--async"]);
    assert_eq!(resumed.code, 0, "{}", resumed.stderr);
}
