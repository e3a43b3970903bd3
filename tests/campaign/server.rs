//! A chat completions server that records requests and answers on demand. Equal requests get equal answers, after a delay
//! that depends on the request alone.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Response};
use phasegate_process::Digest;
use serde_json::{Value, json};
use tokio::sync::watch;

/// Stops with this value.
pub struct Server {
    pub address: String,
    shared: Arc<Shared>,
    _runtime: tokio::runtime::Runtime,
}

struct Shared {
    requests: Mutex<Vec<Request>>,
    changed: Condvar,
    /// The number of requests that are answered; later ones wait.
    answers: watch::Sender<usize>,
}

/// A request that was received.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    pub key: String,
    pub body: Value,
}

impl Server {
    /// Answers every request.
    pub fn answering() -> Self {
        Self::answering_first(usize::MAX)
    }

    /// Holds every answer back until [`Self::answer`].
    pub fn thinking() -> Self {
        Self::answering_first(0)
    }

    /// Answers the first requests and holds later answers back until [`Self::answer`].
    pub fn answering_first(answers: usize) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let answers = watch::Sender::new(answers);
        let shared = Arc::new(Shared { requests: Mutex::default(), changed: Condvar::new(), answers });
        let router = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self { address, shared, _runtime: runtime }
    }

    /// Sends all answers that were held back, and answers everything from now on.
    pub fn answer(&self) {
        self.shared.answers.send_replace(usize::MAX);
    }

    /// Waits for this many requests.
    pub fn wait_for(&self, number: usize) {
        let requests = self.shared.requests.lock().unwrap();
        drop(self.shared.changed.wait_while(requests, |requests| requests.len() < number).unwrap());
    }

    pub fn requests(&self) -> Vec<Request> {
        self.shared.requests.lock().unwrap().clone()
    }

    /// The number of requests by idempotency key. Panics if two different requests share a key.
    pub fn counts(&self) -> HashMap<String, usize> {
        let mut counts = HashMap::new();
        let mut bodies: HashMap<String, Value> = HashMap::new();
        for Request { key, body } in self.requests() {
            *counts.entry(key.clone()).or_default() += 1;
            let first = bodies.entry(key).or_insert_with(|| body.clone());
            assert_eq!(*first, body, "two requests share a key");
        }
        counts
    }

    /// A configuration that uses this server, with more lines under `[models]`.
    pub fn config(&self, models: &str) -> String {
        let address = &self.address;
        format!(
            "[models]\ndefault = \"mine:m\"\nstream = false\n{models}\n\
             [providers.mine]\nkind = \"openai\"\nbase_url = \"{address}/v1\"\n"
        )
    }
}

async fn answer(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: String) -> Response<Body> {
    // The program looks up its models first; this server lists none.
    if body.is_empty() {
        return Response::builder().status(404).body(Body::empty()).unwrap();
    }
    let asked: Value = serde_json::from_str(&body).unwrap();
    let key = headers["idempotency-key"].to_str().unwrap().to_owned();
    let number = {
        let mut requests = shared.requests.lock().unwrap();
        requests.push(Request { key, body: asked.clone() });
        requests.len()
    };
    shared.changed.notify_all();
    let _ = shared.answers.subscribe().wait_for(|answers| *answers >= number).await;
    let digest = Digest::from_content(asked["messages"].to_string().as_bytes());
    let thought = u64::from(digest.as_str().bytes().last().unwrap_or_default()) % 8;
    tokio::time::sleep(Duration::from_millis(thought)).await;
    let text = json!({ "said": digest.short() }).to_string();
    let whole = json!({
        "id": "c", "object": "chat.completion", "model": "m",
        "choices": [{ "index": 0, "message": { "role": "assistant", "content": text }, "finish_reason": "stop" }],
        "usage": { "prompt_tokens": 100, "completion_tokens": 10 },
    });
    Response::builder().header("content-type", "application/json").body(Body::from(whole.to_string())).unwrap()
}
