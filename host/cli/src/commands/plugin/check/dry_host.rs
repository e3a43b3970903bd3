//! The host as a dry call meets it: samples for inputs, scripted answers for models, no test runs, and everything that the
//! plugin does written down for its author.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use phasegate_process::model::{Answer, Content, Request, Response, Usage};
use phasegate_process::testing::{BenchError, File, Subject, TestRun};
use phasegate_process::{ArtifactRef, Assignment, Expected};
use phasegate_sandbox::{ArtifactError, Capabilities, LogLevel, LogSink, Overdrawn};

use super::samples::Samples;
use crate::terminal::format::short;

/// How many lines are told of one sort.
const MOST_LINES: usize = 20;

/// What a plugin did, in words: what it asked, in the order asked, and then what it said.
#[derive(Default, Clone)]
pub struct Diary(Arc<Mutex<Entries>>);

#[derive(Default)]
struct Entries {
    /// By the number of the call: calls that overlap are heard of in any order.
    asked: BTreeMap<u32, String>,
    said: Vec<String>,
}

impl Diary {
    /// All lines, which are gone then.
    pub fn take(&self) -> Vec<String> {
        let Entries { asked, said } = std::mem::take(&mut *self.entries());
        [asked.into_values().collect(), said].into_iter().flat_map(cut).collect()
    }

    /// For what a strategy or a runner logs.
    pub fn sink(&self) -> LogSink {
        let diary = self.clone();
        Arc::new(move |level, line| diary.log(level, &line))
    }

    fn log(&self, level: LogLevel, line: &str) {
        let level = format!("{level:?}").to_lowercase();
        self.said(format!("logs {level}: {}", short(line, 200)));
    }

    fn asked(&self, call: u32, line: String) {
        self.entries().asked.insert(call, line);
    }

    fn said(&self, line: String) {
        self.entries().said.push(line);
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn cut(mut lines: Vec<String>) -> Vec<String> {
    if lines.len() > MOST_LINES {
        let more = lines.split_off(MOST_LINES).len();
        lines.push(format!("… and {more} more"));
    }
    lines
}

/// What an agent may ask in a dry call.
pub struct Desk {
    samples: Arc<Samples>,
    inputs: Vec<ArtifactRef>,
    expected: Vec<Expected>,
    diary: Diary,
}

impl Desk {
    /// For this assignment.
    pub fn new(samples: Arc<Samples>, assignment: &Assignment, diary: Diary) -> Self {
        Self { samples, inputs: assignment.inputs.clone(), expected: assignment.expected.clone(), diary }
    }
}

#[async_trait]
impl Capabilities for Desk {
    async fn complete(&self, call: u32, request: Request) -> Result<Answer, Overdrawn> {
        let (label, tier) = (short(&request.label, 80), request.tier.as_str());
        self.diary.asked(call, format!("asks a model of tier {tier}: `{label}` (the answer is scripted)"));
        let text = self.samples.answer(request.answer_schema.as_deref(), &self.expected);
        Ok(Ok(Response {
            content: vec![Content::Text { text }],
            stop: "end".to_owned(),
            model: "scripted:check".to_owned(),
            usage: Usage::default(),
        }))
    }

    async fn run_tests(&self, call: u32, language: String, _: Subject, _: Vec<File>) -> Result<TestRun, BenchError> {
        self.diary.asked(call, format!("wants to try tests in {} (a dry call runs none)", short(&language, 40)));
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
        self.diary.log(level, &line);
    }

    fn progress(&self, what: String, _: Option<f32>) {
        self.diary.said(format!("is at: {}", short(&what, 200)));
    }
}
