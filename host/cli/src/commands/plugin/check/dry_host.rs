//! The host as a dry call meets it: samples for inputs, scripted answers for models, no test runs, and everything that the
//! plugin does written down for its author.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use phasegate_process::model::{Answer, Content, Request, Response, StopReason, Usage};
use phasegate_process::testing::{BenchError, File, Subject, TestRun};
use phasegate_process::{ArtifactRef, Assignment, Expected};
use phasegate_sandbox::{ArtifactError, Capabilities, LogLevel, LogSink, Overdrawn};

use super::samples::Samples;
use crate::terminal::format::truncate;

/// How many lines are told of one sort.
const MAX_LINES: usize = 20;

/// What a plugin did, in words: what it asked, in the order asked, and then what it said.
#[derive(Default, Clone)]
pub struct CallLog(Arc<Mutex<Entries>>);

#[derive(Default)]
struct Entries {
    /// By the number of the call: calls that overlap are heard of in any order.
    requests: BTreeMap<u32, String>,
    notes: Vec<String>,
}

impl CallLog {
    /// All lines, which are gone then.
    pub fn take(&self) -> Vec<String> {
        let Entries { requests, notes } = std::mem::take(&mut *self.entries());
        [requests.into_values().collect(), notes].into_iter().flat_map(limit_lines).collect()
    }

    /// For what a strategy or a runner logs.
    pub fn sink(&self) -> LogSink {
        let log = self.clone();
        Arc::new(move |level, line| log.log(level, &line))
    }

    fn log(&self, level: LogLevel, line: &str) {
        let level = format!("{level:?}").to_lowercase();
        self.add_note(format!("logs {level}: {}", truncate(line, 200)));
    }

    fn add_request(&self, call: u32, line: String) {
        self.entries().requests.insert(call, line);
    }

    fn add_note(&self, line: String) {
        self.entries().notes.push(line);
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn limit_lines(mut lines: Vec<String>) -> Vec<String> {
    if lines.len() > MAX_LINES {
        let more = lines.split_off(MAX_LINES).len();
        lines.push(format!("… and {more} more"));
    }
    lines
}

/// What an agent may ask in a dry call.
pub struct DryHost {
    samples: Arc<Samples>,
    inputs: Vec<ArtifactRef>,
    expected: Vec<Expected>,
    log: CallLog,
}

impl DryHost {
    /// For this assignment.
    pub fn new(samples: Arc<Samples>, assignment: &Assignment, log: CallLog) -> Self {
        Self { samples, inputs: assignment.inputs.clone(), expected: assignment.expected.clone(), log }
    }
}

#[async_trait]
impl Capabilities for DryHost {
    async fn complete(&self, call: u32, request: Request) -> Result<Answer, Overdrawn> {
        let (label, tier) = (truncate(&request.label, 80), request.tier.as_str());
        self.log.add_request(call, format!("asks a model of tier {tier}: `{label}` (the answer is scripted)"));
        let text = self.samples.answer(request.answer_schema.as_deref(), &self.expected);
        Ok(Ok(Response {
            content: vec![Content::Text { text }],
            stop: StopReason::End.as_str().to_owned(),
            model: "scripted:check".to_owned(),
            usage: Usage::default(),
        }))
    }

    async fn run_tests(&self, call: u32, language: String, _: Subject, _: Vec<File>) -> Result<TestRun, BenchError> {
        self.log.add_request(call, format!("wants to try tests in {} (a dry call runs none)", truncate(&language, 40)));
        Err(BenchError::NoRunner("a dry call runs no tests".to_owned()))
    }

    fn inputs(&self) -> Vec<ArtifactRef> {
        self.inputs.clone()
    }

    async fn read(&self, name: String) -> Result<Vec<u8>, ArtifactError> {
        let known = self.inputs.iter().any(|input| input.name.as_str() == name);
        let content = self.samples.content(&name).filter(|_| known);
        content.map(String::into_bytes).ok_or(ArtifactError::Unknown(name))
    }

    async fn check(&self, kind: String, content: Vec<u8>) -> Result<(), Vec<String>> {
        self.samples.check(&kind, &content)
    }

    fn log(&self, level: LogLevel, line: String) {
        self.log.log(level, &line);
    }

    fn progress(&self, what: String, _: Option<f32>) {
        self.log.add_note(format!("is at: {}", truncate(&what, 200)));
    }
}
