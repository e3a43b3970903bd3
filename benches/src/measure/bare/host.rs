//! The sandbox's side: every limit of a plugin call applies.

use std::sync::Arc;

use anyhow::{Result, anyhow};
use async_trait::async_trait;
use phasegate_process::budget::BudgetExceeded;
use phasegate_process::limits::Limits;
use phasegate_process::model::{Answer, Content, Request, Response, Usage};
use phasegate_process::testing::{BenchError, File, Subject, TestRun};
use phasegate_process::{ArtifactRef, Assignment, Digest, Expected};
use phasegate_sandbox::{
    ArtifactError, Call, Capabilities, CpuMeter, Engine, EngineSettings, LogLevel, Plugin, TestProgress,
};
use serde_json::json;

/// An agent and what it is called with.
pub struct Host {
    agent: Plugin,
    capabilities: Arc<Answers>,
    assignment: Assignment,
    call: Call,
}

impl Host {
    /// Compiles the agent. Each model call is answered with this text.
    pub fn new(component: &[u8], answer: &str) -> Result<Self> {
        let engine = Engine::new(EngineSettings::default()).map_err(|error| anyhow!(error.describe()))?;
        let digest = Digest::from_content(component);
        let agent = engine.load(&"agent".parse()?, &digest, || Ok(component.to_vec()))?;
        let expected = Expected { name: "design".parse()?, kind: "note".parse()?, schema: "{}".to_owned() };
        let assignment = Assignment {
            run_id: "run-1".parse()?,
            task_id: "TASK-001".parse()?,
            phase: "design".parse()?,
            attempt: 1,
            inputs: Vec::new(),
            expected: vec![expected],
            previous: Vec::new(),
            feedback: Vec::new(),
            environment: json!({}),
            settings: json!({ "ask": "x" }),
        };
        let call = Call {
            doing: "phase design, attempt 1".to_owned(),
            seed: 7,
            limits: Limits::default(),
            cpu: CpuMeter::default(),
            log: None,
            progress: TestProgress::default(),
        };
        Ok(Self { agent, capabilities: Arc::new(Answers(answer.to_owned())), assignment, call })
    }

    /// Calls the agent and returns the size of its artifact.
    pub async fn call(&self) -> Result<usize> {
        let capabilities = Arc::clone(&self.capabilities);
        let submission = self.agent.run_agent(&self.assignment, capabilities, &self.call).await?;
        let submission = submission.map_err(|failure| anyhow!("{failure}"))?;
        Ok(submission.artifacts.iter().map(|artifact| artifact.content.len()).sum())
    }
}

/// Answers every model call with one text, and has nothing else.
struct Answers(String);

#[async_trait]
impl Capabilities for Answers {
    async fn complete(&self, _call: u32, _request: Request) -> Result<Answer, BudgetExceeded> {
        Ok(Ok(Response {
            content: vec![Content::Text { text: self.0.clone() }],
            stop: "end".to_owned(),
            model: "bench".to_owned(),
            usage: Usage::default(),
        }))
    }

    async fn run_tests(
        &self,
        _call: u32,
        language: String,
        _code: Subject,
        _tests: Vec<File>,
    ) -> Result<TestRun, BenchError> {
        Err(BenchError::NoRunner(language))
    }

    fn inputs(&self) -> Vec<ArtifactRef> {
        Vec::new()
    }

    async fn read(&self, name: String) -> Result<Vec<u8>, ArtifactError> {
        Err(ArtifactError::Unknown(name))
    }

    async fn check(&self, _kind: String, _content: Vec<u8>, _cpu: &CpuMeter) -> Result<(), Vec<String>> {
        Ok(())
    }

    fn log(&self, _level: LogLevel, _line: String) {}

    fn progress(&self, _what: String, _fraction: Option<f32>) {}
}
