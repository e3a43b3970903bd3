//! Helpers: plugins from `plugins/dist/fixtures`, parameters of calls, and a host that records what it receives.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

pub mod stub;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use phasegate_process::budget::BudgetExceeded;
use phasegate_process::feedback::GateFailure;
use phasegate_process::limits::Limits;
use phasegate_process::model::{Answer, Content, Request, Response, Usage};
use phasegate_process::testing::{BenchError, File, Outcome, Subject, TestCase, TestRun};
use phasegate_process::{ArtifactRef, Assignment, Digest, Expected};
use phasegate_sandbox::{
    ArtifactError, Call, Capabilities, CpuMeter, Engine, EngineSettings, LogLevel, Plugin, TestProgress,
};
use serde_json::{Value, json};

pub fn fixture(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/dist/fixtures").join(format!("{name}.wasm"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub fn cache_dir() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled-plugins")
}

pub fn engine() -> Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    let make = || Engine::new(EngineSettings { cache_dir: Some(cache_dir()), ..EngineSettings::default() }).unwrap();
    ENGINE.get_or_init(make).clone()
}

pub fn load(name: &str) -> Plugin {
    load_in(&engine(), name)
}

pub fn load_in(engine: &Engine, name: &str) -> Plugin {
    let bytes = fixture(name);
    engine.load(&name.parse().unwrap(), &Digest::from_content(&bytes), || Ok(bytes)).unwrap()
}

pub fn call(doing: &str) -> Call {
    Call {
        doing: doing.to_owned(),
        seed: 7,
        limits: Limits::default(),
        cpu: CpuMeter::default(),
        log: None,
        progress: TestProgress::default(),
    }
}

pub fn with_limits(limits: Limits) -> Call {
    Call { limits, ..call("phase design, attempt 1") }
}

pub fn assignment(settings: Value) -> Assignment {
    Assignment {
        run_id: "run-1".parse().unwrap(),
        task_id: "TASK-001".parse().unwrap(),
        phase: "design".parse().unwrap(),
        attempt: 1,
        inputs: inputs(),
        expected: vec![Expected {
            name: "design".parse().unwrap(),
            kind: "design_specification".parse().unwrap(),
            schema: "{}".to_owned(),
        }],
        previous: Vec::new(),
        feedback: Vec::new(),
        environment: json!({}),
        settings,
    }
}

fn inputs() -> Vec<ArtifactRef> {
    vec![ArtifactRef {
        name: "plan".parse().unwrap(),
        kind: "project_plan".parse().unwrap(),
        digest: Digest::from_content(b"the plan"),
        size: 8,
    }]
}

pub fn failure(settings: Value) -> GateFailure {
    serde_json::from_value(json!({
        "gate": "design-review", "attempt": 2, "attempts_left": 1, "person_words": null,
        "may_revise": ["planning", "design"], "history": [], "settings": settings,
        "issues": [{
            "id": "I-1", "severity": "high", "category": "quality", "defect_type": "hallucination",
            "phase_injected": "design", "description": "Something is not as it should be.",
            "evidence": "see there", "impact": "bad"
        }],
    }))
    .unwrap()
}

pub fn file(path: &str, content: &str) -> File {
    File { path: path.to_owned(), content: content.to_owned() }
}

pub fn text_answer(text: &str) -> Answer {
    Ok(Response {
        content: vec![Content::Text { text: text.to_owned() }],
        stop: "end".to_owned(),
        model: "scripted:test".to_owned(),
        usage: Usage::default(),
    })
}

type Script = dyn Fn(u32, &Request) -> (Duration, Answer) + Send + Sync;

/// What a [`MockHost`] received.
#[derive(Default, Clone, Debug, PartialEq)]
pub struct Received {
    /// Number and label of each model call, in the order of arrival.
    pub asked: Vec<(u32, String)>,
    /// Numbers of the calls, in the order in which the host answered them.
    pub answered: Vec<u32>,
    /// Numbers of the calls, in the order in which the guest received the answers.
    pub delivered: Vec<u32>,
    pub log: Vec<(LogLevel, String)>,
    pub progress: Vec<String>,
    pub tests: Vec<(u32, String, Subject, Vec<File>)>,
}

/// A host whose answers come from a closure that returns a delay and an answer.
pub struct MockHost {
    script: Box<Script>,
    received: Mutex<Received>,
}

impl MockHost {
    pub fn new(script: impl Fn(u32, &Request) -> (Duration, Answer) + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { script: Box::new(script), received: Mutex::default() })
    }

    /// Answers every model call with its label, without a delay.
    pub fn echo() -> Arc<Self> {
        Self::new(|_, request| (Duration::ZERO, text_answer(&request.label)))
    }

    pub fn received(&self) -> Received {
        self.received.lock().unwrap().clone()
    }

    pub fn lines(&self) -> Vec<String> {
        self.received().log.into_iter().map(|(_, line)| line).collect()
    }
}

#[async_trait]
impl Capabilities for MockHost {
    async fn complete(&self, call: u32, request: Request) -> Result<Answer, BudgetExceeded> {
        self.received.lock().unwrap().asked.push((call, request.label.clone()));
        let (delay, answer) = (self.script)(call, &request);
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        self.received.lock().unwrap().answered.push(call);
        Ok(answer)
    }

    async fn run_tests(
        &self,
        call: u32,
        language: String,
        code: Subject,
        tests: Vec<File>,
    ) -> Result<TestRun, BenchError> {
        self.received.lock().unwrap().tests.push((call, language, code, tests));
        let name = "t.lines::one".to_owned();
        let case = TestCase { name, outcome: Outcome::Passed, message: None, output: String::new() };
        Ok(TestRun { build_errors: Vec::new(), tests: vec![case] })
    }

    async fn before_answer(&self, call: u32) {
        self.received.lock().unwrap().delivered.push(call);
    }

    fn inputs(&self) -> Vec<ArtifactRef> {
        inputs()
    }

    async fn read(&self, name: String) -> Result<Vec<u8>, ArtifactError> {
        tokio::task::yield_now().await;
        match name.as_str() {
            "plan" => Ok(b"the plan".to_vec()),
            _ => Err(ArtifactError::Unknown(name)),
        }
    }

    async fn check(&self, kind: String, content: Vec<u8>, cpu: &CpuMeter) -> Result<(), Vec<String>> {
        match kind.as_str() {
            // The content says how many ms the host computes.
            "costly" => {
                cpu.add(String::from_utf8(content).unwrap().parse().unwrap());
                Ok(())
            }
            "project_plan" => Ok(()),
            other => Err(vec![format!("no kind {other}")]),
        }
    }

    fn log(&self, level: LogLevel, line: String) {
        self.received.lock().unwrap().log.push((level, line));
    }

    fn progress(&self, what: String, _fraction: Option<f32>) {
        self.received.lock().unwrap().progress.push(what);
    }
}
