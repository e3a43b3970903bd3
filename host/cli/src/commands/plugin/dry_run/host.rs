//! The host of a dry run: sample inputs, scripted answers and no test runs.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use phasegate_broker::{CallPath, ScriptedAnswers};
use phasegate_process::budget::BudgetExceeded;
use phasegate_process::model::{Answer, Content, Request, Response, StopReason, Usage};
use phasegate_process::sync::lock;
use phasegate_process::testing::{BenchError, File, Subject, TestRun};
use phasegate_process::{ArtifactRef, Assignment, Expected};
use phasegate_sandbox::{ArtifactError, Capabilities, CpuMeter, LogLevel};

use super::log::CallLog;
use super::samples::Samples;
use crate::terminal::format::truncate;

/// The capabilities of an agent in a dry run.
pub struct DryHost {
    samples: Arc<Samples>,
    inputs: Vec<ArtifactRef>,
    expected: Vec<Expected>,
    phase: String,
    attempt: u32,
    answers: Option<Arc<ScriptedAnswers>>,
    /// The labels of the model calls by call number: overlapping calls arrive in any order.
    labels: Mutex<BTreeMap<u32, String>>,
    log: CallLog,
}

impl DryHost {
    /// Creates the host for an assignment. Without `answers`, a model answers with an artifact that is expected, or with what
    /// the schema of the answer asks for.
    pub fn new(
        samples: Arc<Samples>,
        assignment: &Assignment,
        answers: Option<Arc<ScriptedAnswers>>,
        log: CallLog,
    ) -> Self {
        Self {
            samples,
            inputs: assignment.inputs.iter().chain(&assignment.previous).cloned().collect(),
            expected: assignment.expected.clone(),
            phase: assignment.phase.to_string(),
            attempt: assignment.attempt,
            answers,
            labels: Mutex::default(),
            log,
        }
    }

    /// Returns the labels of the model calls, in the order of the calls.
    pub fn labels(&self) -> Vec<String> {
        lock(&self.labels).values().cloned().collect()
    }

    /// Notes a call and returns how often its label was asked for, from 1.
    fn count(&self, call: u32, label: &str) -> u32 {
        let mut labels = lock(&self.labels);
        labels.insert(call, label.to_owned());
        labels.values().filter(|known| *known == label).count() as u32
    }
}

#[async_trait]
impl Capabilities for DryHost {
    async fn complete(&self, call: u32, request: Request) -> Result<Answer, BudgetExceeded> {
        let (label, tier) = (truncate(&request.label, 80), request.tier.as_str());
        self.log.add_request(call, format!("asks a model of tier {tier}: `{label}` (scripted answer)"));
        let occurrence = self.count(call, &request.label);
        if let Some(answers) = &self.answers {
            let path = CallPath { phase: self.phase.clone(), attempt: self.attempt, number: call, occurrence };
            return Ok(answers.answer(&path, &request));
        }
        let text = self.samples.answer(request.answer_schema.as_deref(), &self.expected);
        Ok(Ok(Response {
            content: vec![Content::Text { text }],
            stop: StopReason::End.as_str().to_owned(),
            model: "scripted:check".to_owned(),
            usage: Usage::default(),
        }))
    }

    async fn run_tests(&self, call: u32, language: String, _: Subject, _: Vec<File>) -> Result<TestRun, BenchError> {
        self.log.add_request(
            call,
            format!("requests a test run in {} (not executed in a dry run)", truncate(&language, 40)),
        );
        Err(BenchError::NoRunner("a dry run executes no tests".to_owned()))
    }

    fn inputs(&self) -> Vec<ArtifactRef> {
        self.inputs.clone()
    }

    async fn read(&self, name: String) -> Result<Vec<u8>, ArtifactError> {
        let known = self.inputs.iter().any(|input| input.name.as_str() == name);
        let content = self.samples.content(&name).filter(|_| known);
        content.map(String::into_bytes).ok_or(ArtifactError::Unknown(name))
    }

    async fn check(&self, kind: String, content: Vec<u8>, _cpu: &CpuMeter) -> Result<(), Vec<String>> {
        self.samples.check(&kind, &content)
    }

    fn log(&self, level: LogLevel, line: String) {
        self.log.log(level, &line);
    }

    fn progress(&self, what: String, _: Option<f32>) {
        self.log.add_note(format!("progress: {}", truncate(&what, 200)));
    }
}
