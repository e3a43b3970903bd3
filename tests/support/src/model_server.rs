//! A model server on this machine.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, Uri};
use serde_json::Value;
use tokio::sync::oneshot;

use crate::serve::serve;

/// The response to the body of a request. It may block.
pub type Respond = Arc<dyn Fn(&Value) -> Response<Body> + Send + Sync>;

/// A request that the server received.
#[derive(Debug, Clone)]
pub struct Request {
    /// Whether a header contained the key.
    pub keyed: bool,
    /// The path and the query.
    pub path: String,
    pub headers: HeaderMap,
    /// The body as it was sent.
    pub text: String,
    /// Null where the body was not JSON.
    pub body: Value,
}

/// Serves until it is dropped, on a thread of its own.
pub struct ModelServer {
    pub address: String,
    pub port: u16,
    requests: Arc<Mutex<Vec<Request>>>,
    _stop: oneshot::Sender<()>,
}

impl ModelServer {
    /// Starts a server on a free port, whose callers are expected to send `key`.
    pub fn start(key: &'static str, respond: Respond) -> Self {
        // A server with one model takes any name for it.
        Self::start_with_list(key, 200, r#"{ "data": [{ "id": "the-model" }] }"#, respond)
    }

    /// The same with this response to those who ask for the list of models, which is no request for an answer.
    pub fn start_with_list(key: &'static str, status: u16, list: &'static str, respond: Respond) -> Self {
        let requests: Arc<Mutex<Vec<Request>>> = Arc::default();
        let handler = move |State(requests): State<Arc<Mutex<Vec<Request>>>>,
                            method: Method,
                            uri: Uri,
                            headers: HeaderMap,
                            text: String| async move {
            if method == Method::GET && uri.path().ends_with("/models") {
                return Response::builder().status(status).body(Body::from(list)).unwrap();
            }
            let keyed = headers.values().any(|value| value.to_str().is_ok_and(|value| value.contains(key)));
            let body: Value = serde_json::from_str(&text).unwrap_or_default();
            let request = Request { keyed, path: uri.to_string(), headers, text, body: body.clone() };
            requests.lock().unwrap().push(request);
            tokio::task::spawn_blocking(move || respond(&body)).await.unwrap()
        };
        let router = Router::new().fallback(handler).with_state(Arc::clone(&requests));
        let (port, stop) = serve(router);
        Self { address: format!("http://127.0.0.1:{port}"), port, requests, _stop: stop }
    }

    /// The requests so far, in the order in which they arrived.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}
