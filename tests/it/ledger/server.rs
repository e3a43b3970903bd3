//! A chat completions server whose failures a test chooses. It keeps the idempotency key of each request.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Response};
use serde_json::{Value, json};

/// What the server does with a request.
#[derive(Debug, Clone)]
pub enum Reply {
    /// Answers.
    Answer,
    /// Answers after this many milliseconds.
    Slow(u64),
    /// Answers with this status and message, and asks to come back at once.
    Fail(u16, &'static str),
    /// Ends in the middle of the answer.
    Broken,
}

/// Chooses a reply by the number of the request, from 0, and its body.
pub type Script = dyn Fn(usize, &Value) -> Reply + Send + Sync;

/// Stops with this value.
pub struct FailingServer {
    pub address: String,
    shared: Arc<Shared>,
    _runtime: tokio::runtime::Runtime,
}

struct Shared {
    script: Mutex<Arc<Script>>,
    /// The idempotency key of each request.
    requests: Mutex<Vec<String>>,
}

impl FailingServer {
    pub fn start(script: impl Fn(usize, &Value) -> Reply + Send + Sync + 'static) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let shared = Arc::new(Shared { script: Mutex::new(Arc::new(script)), requests: Mutex::default() });
        let router = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self { address, shared, _runtime: runtime }
    }

    /// Replaces the script.
    pub fn set(&self, script: impl Fn(usize, &Value) -> Reply + Send + Sync + 'static) {
        *self.shared.script.lock().unwrap() = Arc::new(script);
    }

    /// The idempotency keys of all requests, in the order in which they arrived.
    pub fn keys(&self) -> Vec<String> {
        self.shared.requests.lock().unwrap().clone()
    }

    pub fn count(&self) -> usize {
        self.keys().len()
    }

    /// A configuration with provider `mine` at this server, with more lines under `[models]` and more tables.
    pub fn config(&self, models: &str, tables: &str) -> String {
        let address = &self.address;
        format!(
            "[models]\ndefault = \"mine:m\"\nstream = false\n{models}\n\
             [providers.mine]\nkind = \"openai\"\nbase_url = \"{address}/v1\"\n{tables}\n\
             [prices.\"mine:m\"]\ninput = 100\noutput = 100\n"
        )
    }
}

async fn answer(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: String) -> Response<Body> {
    let asked: Value = serde_json::from_str(&body).unwrap();
    let number = {
        let mut requests = shared.requests.lock().unwrap();
        requests.push(headers["idempotency-key"].to_str().unwrap().to_owned());
        requests.len() - 1
    };
    let script = Arc::clone(&shared.script.lock().unwrap());
    match script(number, &asked) {
        Reply::Answer => whole(&asked),
        Reply::Slow(ms) => {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            whole(&asked)
        }
        Reply::Fail(status, message) => {
            let body = json!({ "error": { "message": message } }).to_string();
            Response::builder().status(status).header("retry-after", "0").body(Body::from(body)).unwrap()
        }
        Reply::Broken => {
            let json = Response::builder().header("content-type", "application/json");
            json.body(Body::from("{\"choices\":")).unwrap()
        }
    }
}

fn whole(asked: &Value) -> Response<Body> {
    let text = json!({ "said": asked["messages"].to_string().len() }).to_string();
    let body = json!({
        "id": "c", "object": "chat.completion", "model": "m",
        "choices": [{ "index": 0, "message": { "role": "assistant", "content": text }, "finish_reason": "stop" }],
        "usage": { "prompt_tokens": 100, "completion_tokens": 10 },
    });
    Response::builder().header("content-type", "application/json").body(Body::from(body.to_string())).unwrap()
}
