//! The host of a dry run: sample inputs, scripted answers, no test runs, and a log of the plugin's calls for its author.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use phasegate_broker::{CallPath, ScriptedAnswers};
use phasegate_process::budget::BudgetExceeded;
use phasegate_process::model::{Answer, Content, Request, Response, StopReason, Usage};
use phasegate_process::sync::lock;
use phasegate_process::testing::{BenchError, File, Subject, TestRun};
use phasegate_process::{ArtifactRef, Assignment, Expected};
use phasegate_sandbox::{ArtifactError, Capabilities, CpuMeter, LogLevel, LogSink};

use super::samples::Samples;
use crate::terminal::format::truncate;

/// Maximal number of lines of each sort.
const MAX_LINES: usize = 20;

/// What a plugin did: its requests by call number, then its log and progress.
#[derive(Default, Clone)]
pub struct CallLog(Arc<Mutex<Entries>>);

#[derive(Default)]
struct Entries {
    /// By call number, because overlapping calls arrive in any order.
    requests: BTreeMap<u32, String>,
    notes: Vec<String>,
}

impl CallLog {
    /// Removes and returns all lines.
    pub fn take(&self) -> Vec<String> {
        let Entries { requests, notes } = std::mem::take(&mut *self.entries());
        [requests.into_values().collect(), notes].into_iter().flat_map(limit_lines).collect()
    }

    /// Returns a sink for the log of a strategy or a test runner.
    pub fn sink(&self) -> LogSink {
        let log = self.clone();
        Arc::new(move |level, line| log.log(level, &line))
    }

    fn log(&self, level: LogLevel, line: &str) {
        let level = format!("{level:?}").to_lowercase();
        self.add_note(format!("log {level}: {}", truncate(line, 200)));
    }

    fn add_request(&self, call: u32, line: String) {
        self.entries().requests.insert(call, line);
    }

    fn add_note(&self, line: String) {
        self.entries().notes.push(line);
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        lock(&self.0)
    }
}

fn limit_lines(mut lines: Vec<String>) -> Vec<String> {
    if lines.len() > MAX_LINES {
        let more = lines.split_off(MAX_LINES).len();
        lines.push(format!("… and {more} more"));
    }
    lines
}

/// The capabilities of an agent in a dry run.
pub struct DryHost {
    samples: Arc<Samples>,
    inputs: Vec<ArtifactRef>,
    expected: Vec<Expected>,
    phase: String,
    attempt: u32,
    answers: Option<Arc<ScriptedAnswers>>,
    /// How often each label was asked for.
    asked: Mutex<BTreeMap<String, u32>>,
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
            asked: Mutex::default(),
            log,
        }
    }

    /// Whether a model was asked.
    pub fn was_asked(&self) -> bool {
        !lock(&self.asked).is_empty()
    }

    /// Counts a call with this label, from 1.
    fn count(&self, label: &str) -> u32 {
        let mut asked = lock(&self.asked);
        let number = asked.entry(label.to_owned()).or_default();
        *number += 1;
        *number
    }
}

#[async_trait]
impl Capabilities for DryHost {
    async fn complete(&self, call: u32, request: Request) -> Result<Answer, BudgetExceeded> {
        let (label, tier) = (truncate(&request.label, 80), request.tier.as_str());
        self.log.add_request(call, format!("asks a model of tier {tier}: `{label}` (scripted answer)"));
        let occurrence = self.count(&request.label);
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
