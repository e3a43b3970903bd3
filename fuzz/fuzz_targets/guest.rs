//! What a guest gives the host: results and requests, laid out in its memory as the input says.
//!
//! The first byte of an input says which function is called, the second which import it calls first, the rest is what then
//! stands at the beginning of its memory (see `mirror`). Components are compiled once, each input is one call. Holds that
//! the host lifts, converts, bounds and judges whatever is there, or refuses it in words, and neither panics nor hangs nor
//! grows; that what is taken can be kept in a journal and is within the bound on output.
#![no_main]
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod mirror;

use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use libfuzzer_sys::fuzz_target;
use phasegate_broker::ProviderKind;
use phasegate_broker::fuzzing::FuzzedModel;
use phasegate_process::artifact::Validator;
use phasegate_process::feedback::GateFailure;
use phasegate_process::gate::{GateContext, Judgement, SuiteRun, check_findings, judge_findings, judge_tests};
use phasegate_process::model::{Answer, Content, Request, Response, Usage};
use phasegate_process::pipeline::{Pipeline, parse, standard};
use phasegate_process::source::Source;
use phasegate_process::testing::{BenchError, File, Subject, TestRun};
use phasegate_process::{ArtifactRef, Assignment, Digest, Findings, PhaseName, Submission, TaskId, feedback};
use phasegate_sandbox::{
    ArtifactError, Call, Capabilities, Engine, EngineSettings, Limits, LogLevel, Overdrawn, Plugin,
};
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
    Engine::new(EngineSettings { max_instances: 4, max_large_instances: 1, ..EngineSettings::default() }).unwrap()
});
static STRATEGY: LazyLock<Plugin> = LazyLock::new(|| load("feedback-plugin"));
static AGENT: LazyLock<Plugin> = LazyLock::new(|| load("agent-plugin-blocking"));
static RUNNER: LazyLock<Plugin> = LazyLock::new(|| load("runner-plugin"));
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Builder::new_current_thread().enable_time().build().unwrap());
static PIPELINE: LazyLock<Pipeline> = LazyLock::new(|| {
    let source = Source { file: "tsp", text: standard("tsp").unwrap() };
    parse(source, &|_| Err(String::new())).unwrap()
});
static TASK: LazyLock<TaskId> = LazyLock::new(|| "TASK-1".parse().unwrap());

/// Kinds that an agent may hand in.
const KINDS: [&str; 5] = ["project_plan", "design_specification", "generated_code", "test_suite", "pips"];
const MOST_OUTPUT: u64 = 2048;

fn load(world: &str) -> Plugin {
    let bytes = mirror::component(world);
    ENGINE.load(&world.parse().unwrap(), &Digest::from_content(&bytes), || Ok(bytes)).unwrap()
}

fuzz_target!(|bytes: &[u8]| {
    let [function, import, memory @ ..] = bytes else { return };
    let memory = memory.get(..mirror::MOST).unwrap_or(memory);
    let text = mirror::text(*import, memory);
    match function % 5 {
        0 => decide(&text),
        1 => run(text),
        2 => collect(text),
        3 => run_tests(text),
        _ => KINDS.iter().for_each(|kind| knock(kind, memory)),
    }
});

fn call() -> Call {
    let limits = Limits { host_call_bytes: 4 << 20, output_bytes: MOST_OUTPUT, ..Limits::strategy() };
    Call { doing: "fuzzing".to_owned(), seed: 1, limits, log: Some(Arc::new(|_, _| {})) }
}

/// The text without its quotes, which JSON puts back.
fn settings(text: &str) -> Value {
    text.trim_matches('"').into()
}

fn decide(text: &str) {
    let failure = json!({
        "gate": "design-review", "attempt": 2, "attempts_left": 1, "person_words": "use a table",
        "may_revise": ["planning", "design"], "history": [], "settings": settings(text),
        "issues": [{
            "id": "R-1", "severity": "high", "category": "q", "defect_type": "hallucination",
            "phase_injected": "design", "description": "It is not as it should be.", "evidence": "see there",
            "impact": "bad"
        }],
    });
    let failure: GateFailure = serde_json::from_value(failure).unwrap();
    if let Ok(decision) = RUNTIME.block_on(STRATEGY.decide(&failure, &call())) {
        within_bounds(&decision);
        keeps(&feedback::check_decision(&failure, &[Digest::from_content(b"judged")], decision));
    }
}

fn run(text: String) {
    let assignment = Assignment {
        run_id: "run-1".parse().unwrap(),
        task_id: TASK.clone(),
        phase: "design".parse().unwrap(),
        attempt: 1,
        inputs: Vec::new(),
        expected: Vec::new(),
        previous: Vec::new(),
        feedback: Vec::new(),
        environment: json!({}),
        settings: settings(&text),
    };
    if let Ok(Ok(submission)) = RUNTIME.block_on(AGENT.run_agent(&assignment, Arc::new(Desk), &call())) {
        let Submission { artifacts, findings } = submission;
        let size: usize = artifacts.iter().map(|artifact| artifact.name.len() + artifact.content.len()).sum();
        assert!(size as u64 <= MOST_OUTPUT);
        artifacts.iter().for_each(|artifact| knock(&artifact.name, &artifact.content));
        if let Some(findings) = findings {
            within_bounds(&findings);
            keeps(&findings);
            review(findings);
        }
    }
}

fn collect(text: String) {
    let found = RUNTIME.block_on(RUNNER.collect(&files(text), &[], &call()));
    if let Ok(Ok(names) | Err(names)) = found {
        within_bounds(&names);
    }
}

fn run_tests(text: String) {
    if let Ok(Ok(run)) = RUNTIME.block_on(RUNNER.run_tests(&files(text), &[], "t", &call())) {
        within_bounds(&run);
        let TestRun { build_errors, tests } = run;
        let nothing = || Digest::from_content(b"");
        let run = SuiteRun {
            language: "python".to_owned(),
            code: nothing(),
            suite: nothing(),
            no_runner: None,
            build_errors,
            collected: Vec::new(),
            kept: Vec::new(),
            tests,
            dropped: Vec::new(),
            uncovered: Vec::new(),
        };
        keeps(&run);
        judged(|context| judge_tests(context, &run, Findings::default()));
    }
}

fn files(text: String) -> [File; 1] {
    [File { path: "a".to_owned(), content: text }]
}

/// An artifact at the door.
fn knock(kind: &str, content: &[u8]) {
    let validator = Validator { kinds: &PIPELINE.kinds, task_id: &TASK, plan: None };
    if let Ok(kind) = kind.parse()
        && let Err(faults) = validator.validate(&kind, content)
    {
        assert!(!faults.is_empty());
    }
}

fn review(findings: Findings) {
    let phases: Vec<PhaseName> = PIPELINE.phases.iter().map(|phase| phase.name.clone()).collect();
    if check_findings(&findings, &phases).is_empty() {
        let gate = PIPELINE.phases.iter().find_map(|phase| phase.gate.as_ref()).unwrap();
        judged(|context| judge_findings(context, gate, findings));
    }
}

/// Judges, and holds that each issue can be named by its id.
fn judged(judge: impl FnOnce(&GateContext<'_>) -> Judgement) {
    let gate: PhaseName = "design-review".parse().unwrap();
    let context =
        GateContext { task_id: &TASK, gate: &gate, attempt: 1, may_revise: std::slice::from_ref(&gate), about: &[] };
    let mut ids: Vec<String> = judge(&context).issues.into_iter().map(|issue| issue.id).collect();
    let all = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), all, "an id is there twice");
}

fn keeps<T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T) {
    let text = serde_json::to_string(value).unwrap();
    assert_eq!(serde_json::from_str::<T>(&text).unwrap(), *value);
}

/// All its words together, whichever fields they stand in; enums are written as words and are none.
fn within_bounds(value: &impl serde::Serialize) {
    fn words(value: &Value) -> usize {
        let is_enum = |field: &str| matches!(field, "severity" | "outcome" | "status");
        match value {
            Value::String(text) => text.len(),
            Value::Array(list) => list.iter().map(words).sum(),
            Value::Object(fields) => fields.iter().filter(|(name, _)| !is_enum(name)).map(|(_, it)| words(it)).sum(),
            _ => 0,
        }
    }
    let words = words(&serde_json::to_value(value).unwrap());
    assert!(words as u64 <= MOST_OUTPUT, "{words} bytes were taken");
}

/// Gives an agent what it asks for, at once.
struct Desk;

#[async_trait]
impl Capabilities for Desk {
    async fn complete(&self, _: u32, request: Request) -> Result<Answer, Overdrawn> {
        keeps(&request);
        let answer = Response {
            content: vec![Content::Text { text: request.label.clone() }],
            stop: request.tool_choice.clone(),
            model: "a:b".to_owned(),
            usage: Usage::default(),
        };
        for kind in [ProviderKind::Anthropic, ProviderKind::Openai] {
            FuzzedModel::new(kind, "http://127.0.0.1/", "sk-canary-0123", request.clone())
                .map(|model| model.continue_with(&answer));
        }
        Ok(Ok(answer))
    }

    async fn run_tests(&self, _: u32, _: String, _: Subject, _: Vec<File>) -> Result<TestRun, BenchError> {
        Ok(TestRun::default())
    }

    fn inputs(&self) -> Vec<ArtifactRef> {
        Vec::new()
    }

    async fn read(&self, name: String) -> Result<Vec<u8>, ArtifactError> {
        Ok(name.into_bytes())
    }

    async fn check(&self, kind: String, content: Vec<u8>) -> Result<(), Vec<String>> {
        knock(&kind, &content);
        Ok(())
    }

    fn log(&self, _: LogLevel, line: String) {
        assert!(!line.chars().any(draws), "{line:?}");
    }

    fn progress(&self, what: String, fraction: Option<f32>) {
        assert!(!what.chars().any(draws), "{what:?}");
        assert!(fraction.is_none_or(|fraction| (0.0..=1.0).contains(&fraction)), "{fraction:?}");
    }
}

/// Whether a character could do more to a terminal than stand there.
fn draws(letter: char) -> bool {
    letter.is_control() && !matches!(letter, '\n' | '\t')
}
