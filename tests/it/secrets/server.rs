//! A server that is asked with a key, and runs that ask it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Response};
use serde_json::Value;

use super::search::KEY;
use crate::providers::formats;
use phasegate_test::{Output, Scenario};

pub type Answer = Arc<dyn Fn(&Value) -> Response<Body> + Send + Sync>;

/// The formats that are spoken.
#[derive(Clone, Copy)]
pub enum Kind {
    Chat,
    Messages,
}

impl Kind {
    pub fn answer(self, asked: &Value, text: &str, cut: usize) -> Response<Body> {
        match self {
            Self::Chat => formats::chat(asked, text, cut),
            Self::Messages => formats::messages(asked, text, cut),
        }
    }

    /// Tables for this provider at this address.
    pub fn config(self, address: &str, stream: bool, more: &str) -> String {
        let kind = match self {
            Self::Chat => "openai",
            Self::Messages => "anthropic",
        };
        format!(
            "[models]\ndefault = \"mine:m\"\nstream = {stream}\nretries = 1\n\n[providers.mine]\nkind = \"{kind}\"\n\
             base_url = \"{address}/v1\"\nkey_env = \"MY_KEY\"\n{more}\n[prices.\"mine:m\"]\ninput = 3.0\noutput = 15.0\n"
        )
    }
}

/// Whether a request came with the key.
#[derive(Clone)]
pub struct Heard {
    pub keyed: bool,
}

/// Serves until the test's runtime ends.
pub struct Server {
    pub address: String,
    pub port: u16,
    requests: Arc<Mutex<Vec<Heard>>>,
}

impl Server {
    pub async fn start(answer: Answer) -> Self {
        let requests: Arc<Mutex<Vec<Heard>>> = Arc::default();
        let handler = move |State(requests): State<Arc<Mutex<Vec<Heard>>>>, headers: HeaderMap, body: String| async move {
            let keyed = headers.values().any(|value| value.to_str().is_ok_and(|value| value.contains(KEY)));
            requests.lock().unwrap().push(Heard { keyed });
            answer(&serde_json::from_str(&body).unwrap_or_default())
        };
        let router = Router::new().fallback(handler).with_state(Arc::clone(&requests));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address: format!("http://127.0.0.1:{port}"), port, requests }
    }

    pub fn requests(&self) -> Vec<Heard> {
        self.requests.lock().unwrap().clone()
    }

    pub fn config(&self, kind: Kind, stream: bool) -> String {
        kind.config(&self.address, stream, "")
    }
}

pub fn scenarios() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/scenarios").canonicalize().unwrap()
}

/// A run with this configuration and environment, which says all it can.
pub fn command(scenario: &Scenario, config: &str, environment: &[(&str, &str)]) -> Command {
    let file = scenario.path("models.toml");
    std::fs::write(&file, config).unwrap();
    let mut command = scenario.command(&["run", "--json", "--verbose", "--verbose"]);
    command.arg("--task").arg(scenarios().join("task.toml"));
    command.arg("--pipeline").arg(scenarios().join("asks-models/pipeline.toml"));
    command.arg("--config").arg(&file).arg("--out").arg(scenario.path("out"));
    command.env("RUST_BACKTRACE", "full").envs(environment.iter().copied());
    command
}

pub async fn run(scenario: &Scenario, config: &str, environment: &[(&str, &str)]) -> Output {
    let command = command(scenario, config, environment);
    tokio::task::spawn_blocking(move || Output::of(command)).await.unwrap()
}
