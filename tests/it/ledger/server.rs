//! A chat completions server whose failures a test chooses.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use axum::http::Response;
use phasegate_test::{ModelServer, respond_json};
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
    script: Arc<Mutex<Arc<Script>>>,
    server: ModelServer,
}

impl FailingServer {
    pub fn start(script: impl Fn(usize, &Value) -> Reply + Send + Sync + 'static) -> Self {
        let script: Arc<Mutex<Arc<Script>>> = Arc::new(Mutex::new(Arc::new(script)));
        let (chosen, count) = (Arc::clone(&script), AtomicUsize::new(0));
        let respond = move |asked: &Value| {
            let script = Arc::clone(&chosen.lock().unwrap());
            respond(script(count.fetch_add(1, Ordering::Relaxed), asked), asked)
        };
        let server = ModelServer::start("-", Arc::new(respond));
        Self { address: server.address.clone(), script, server }
    }

    /// Replaces the script.
    pub fn set(&self, script: impl Fn(usize, &Value) -> Reply + Send + Sync + 'static) {
        *self.script.lock().unwrap() = Arc::new(script);
    }

    /// The idempotency keys of all requests, in the order in which they arrived.
    pub fn keys(&self) -> Vec<String> {
        let requests = self.server.requests().into_iter();
        requests.map(|request| request.headers["idempotency-key"].to_str().unwrap().to_owned()).collect()
    }

    pub fn count(&self) -> usize {
        self.server.requests().len()
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

fn respond(reply: Reply, asked: &Value) -> Response<Body> {
    match reply {
        Reply::Answer => whole(asked),
        Reply::Slow(ms) => {
            std::thread::sleep(Duration::from_millis(ms));
            whole(asked)
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
    respond_json(&json!({
        "id": "c", "object": "chat.completion", "model": "m",
        "choices": [{ "index": 0, "message": { "role": "assistant", "content": text }, "finish_reason": "stop" }],
        "usage": { "prompt_tokens": 100, "completion_tokens": 10 },
    }))
}
