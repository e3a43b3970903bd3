//! A server on this machine whose every answer is that of a function.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Response, Uri};
use tokio::sync::oneshot;

use crate::serve::serve;

type Answer = dyn Fn(&Method, &str, &HeaderMap) -> Response<Body> + Send + Sync;

/// Serves until it is dropped, on a thread of its own.
pub struct HttpServer {
    /// Its address, `127.0.0.1:PORT`.
    pub host: String,
    requests: Arc<Mutex<Vec<String>>>,
    _stop: oneshot::Sender<()>,
}

impl HttpServer {
    /// Starts a server on a free port. `answer` gets method, path with query, and headers.
    pub fn start(answer: impl Fn(&Method, &str, &HeaderMap) -> Response<Body> + Send + Sync + 'static) -> Self {
        let answer: Arc<Answer> = Arc::new(answer);
        let requests: Arc<Mutex<Vec<String>>> = Arc::default();
        let seen = Arc::clone(&requests);
        let handler = move |method: Method, uri: Uri, headers: HeaderMap| async move {
            let login = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or("no login");
            seen.lock().unwrap().push(format!("{method} {uri} {login}"));
            let path = uri.path_and_query().map_or("", |path| path.as_str()).to_owned();
            tokio::task::spawn_blocking(move || answer(&method, &path, &headers)).await.unwrap()
        };
        let (port, stop) = serve(Router::new().fallback(handler));
        let host = format!("127.0.0.1:{port}");
        Self { host, requests, _stop: stop }
    }

    /// The requests so far, as `METHOD PATH LOGIN`.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}
