//! A loopback server that plays answers in order and records its requests.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use serde_json::Value;

/// One answer, as pieces of a body.
#[derive(Clone)]
pub struct Play {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub pieces: Vec<Vec<u8>>,
    /// Whether the connection dies after the pieces, or never ends.
    pub end: End,
}

#[derive(Clone, Copy, PartialEq)]
pub enum End {
    Clean,
    Broken,
    Silent,
}

/// A recorded request.
#[derive(Clone, Debug)]
pub struct Asked {
    pub path: String,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Asked {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

struct Stage {
    plays: Vec<Play>,
    asked: Vec<Asked>,
    under_way: usize,
    most_under_way: usize,
}

/// Ends when it is dropped.
pub struct Server {
    pub address: String,
    stage: Arc<Mutex<Stage>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub fn json(body: Value) -> Play {
    Play {
        status: 200,
        headers: vec![("content-type", "application/json".into())],
        pieces: vec![body.to_string().into_bytes()],
        end: End::Clean,
    }
}

pub fn stream(pieces: &[&str]) -> Play {
    let pieces = pieces.iter().map(|piece| piece.as_bytes().to_vec()).collect();
    Play { status: 200, headers: vec![("content-type", "text/event-stream".into())], pieces, end: End::Clean }
}

pub fn status(status: u16, body: Value) -> Play {
    Play { status, ..json(body) }
}

impl Play {
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub fn ending(mut self, end: End) -> Self {
        self.end = end;
        self
    }
}

impl Server {
    /// Plays these in order, the last one again and again.
    pub async fn playing(plays: Vec<Play>) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let stage = Arc::new(Mutex::new(Stage { plays, asked: Vec::new(), under_way: 0, most_under_way: 0 }));
        let router = Router::new().fallback(answer).with_state(Arc::clone(&stage));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, stage, task }
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.stage.lock().unwrap().asked.clone()
    }

    pub fn most_under_way(&self) -> usize {
        self.stage.lock().unwrap().most_under_way
    }
}

async fn answer(State(stage): State<Arc<Mutex<Stage>>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let play = {
        let mut stage = stage.lock().unwrap();
        let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
        stage.asked.push(Asked { path: uri.to_string(), headers, body });
        stage.under_way += 1;
        stage.most_under_way = stage.most_under_way.max(stage.under_way);
        let play = stage.plays[0].clone();
        if stage.plays.len() > 1 {
            stage.plays.remove(0);
        }
        play
    };
    // Long enough for calls that may overlap to do so.
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    stage.lock().unwrap().under_way -= 1;
    let mut response = Response::builder().status(StatusCode::from_u16(play.status).unwrap());
    for (name, value) in &play.headers {
        response = response.header(*name, value);
    }
    response.body(body_of(play)).unwrap()
}

fn body_of(play: Play) -> Body {
    use futures::StreamExt as _;
    let pieces =
        futures::stream::iter(play.pieces.into_iter().map(|piece| Ok::<_, std::io::Error>(Bytes::from(piece))));
    match play.end {
        End::Clean => Body::from_stream(pieces),
        End::Broken => {
            Body::from_stream(pieces.chain(futures::stream::once(async {
                // Earlier pieces must have been sent first.
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                Err(std::io::Error::other("gone"))
            })))
        }
        End::Silent => Body::from_stream(pieces.chain(futures::stream::pending())),
    }
}
