//! Results and requests of a guest, as raw bytes in its memory.
//!
//! The first byte of an input selects the exported function, the second the import that this function calls first. The rest
//! is the start of the guest's memory (see `mirror`). Components are compiled once; each input is one call. Checks that the
//! host lifts, converts, limits and judges any memory or rejects it with a message; that it neither panics, hangs nor grows;
//! and that an accepted value can be stored and is within the limit on output.
#![no_main]
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod mirror;

use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use libfuzzer_sys::fuzz_target;
use phasegate_broker::ProviderKind;
use phasegate_broker::fuzzing::FuzzedModel;
use phasegate_process::artifact::{FileNames, PathRules, Validator};
use phasegate_process::budget::BudgetExceeded;
use phasegate_process::feedback::GateFailure;
use phasegate_process::gate::{GateContext, Judgement, SuiteRun, check_findings, judge_findings, judge_tests};
use phasegate_process::limits::Limits;
use phasegate_process::model::{Answer, Content, Request, Response, Usage};
use phasegate_process::pipeline::{Pipeline, TestAllowance, parse, standard};
use phasegate_process::source::Source;
use phasegate_process::testing::{BenchError, File, Subject, TestRun};
use phasegate_process::{ArtifactRef, Assignment, Digest, Findings, PhaseName, Submission, TaskId, feedback};
use phasegate_sandbox::{
    ArtifactError, Call, Capabilities, CpuMeter, Engine, EngineSettings, LogLevel, Plugin, TestProgress,
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
static PATHS: LazyLock<PathRules> =
    LazyLock::new(|| PathRules { names: Some(FileNames::Portable), ..PathRules::default() });
static TASK: LazyLock<TaskId> = LazyLock::new(|| "TASK-1".parse().unwrap());

/// Kinds of artifacts that an agent may submit.
const KINDS: [&str; 5] = ["project_plan", "design_specification", "generated_code", "test_suite", "pips"];
const MAX_OUTPUT_BYTES: u64 = 2048;

fn load(world: &str) -> Plugin {
    let bytes = mirror::component(world);
    ENGINE.load(&world.parse().unwrap(), &Digest::from_content(&bytes), || Ok(bytes)).unwrap()
}

fuzz_target!(|bytes: &[u8]| {
    let [function, import, memory @ ..] = bytes else { return };
    let memory = memory.get(..mirror::MAX_TEXT_BYTES).unwrap_or(memory);
    let text = mirror::text(*import, memory);
    match function % 5 {
        0 => decide(&text),
        1 => run(text),
        2 => collect(text),
        3 => run_tests(text),
        _ => KINDS.iter().for_each(|kind| check_artifact(kind, memory)),
    }
});

fn call() -> Call {
    let limits = Limits { host_call_bytes: 4 << 20, output_bytes: MAX_OUTPUT_BYTES, ..Limits::strategy() };
    Call {
        doing: "fuzzing".to_owned(),
        seed: 1,
        limits,
        cpu: CpuMeter::default(),
        log: Some(Arc::new(|_, _| {})),
        progress: TestProgress::default(),
    }
}

/// Returns the text without quotes, which JSON adds again.
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
        assert_within_output_limit(&decision);
        assert_storable(&feedback::check_decision(&failure, &[Digest::from_content(b"judged")], decision));
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
    if let Ok(Ok(submission)) = RUNTIME.block_on(AGENT.run_agent(&assignment, Arc::new(MockHost), &call())) {
        let Submission { artifacts, findings } = submission;
        let size: usize = artifacts.iter().map(|artifact| artifact.name.len() + artifact.content.len()).sum();
        assert!(size as u64 <= MAX_OUTPUT_BYTES);
        artifacts.iter().for_each(|artifact| check_artifact(&artifact.name, &artifact.content));
        if let Some(findings) = findings {
            assert_within_output_limit(&findings);
            assert_storable(&findings);
            review(findings);
        }
    }
}

fn collect(text: String) {
    let found = RUNTIME.block_on(RUNNER.collect(&files(text), &[], &call()));
    if let Ok(Ok(names) | Err(names)) = found {
        assert_within_output_limit(&names);
    }
}

fn run_tests(text: String) {
    if let Ok(Ok(run)) = RUNTIME.block_on(RUNNER.run_tests(&files(text), &[], "t", &call())) {
        assert_within_output_limit(&run);
        let TestRun { build_errors, tests } = run;
        let empty = || Digest::from_content(b"");
        let run = SuiteRun {
            language: "python".to_owned(),
            code: empty(),
            suite: empty(),
            no_runner: None,
            build_errors,
            collected: Vec::new(),
            kept: Vec::new(),
            tests,
            dropped: Vec::new(),
            uncovered: Vec::new(),
            repository: Default::default(),
        };
        assert_storable(&run);
        assert_unique_ids(|context| judge_tests(context, TestAllowance::default(), &run, Findings::default()));
    }
}

fn files(text: String) -> [File; 1] {
    [File { path: "a".to_owned(), content: text }]
}

/// Validates an artifact as the host does on submission.
fn check_artifact(kind: &str, content: &[u8]) {
    let validator = Validator { kinds: &PIPELINE.kinds, task_id: &TASK, plan: None, paths: &PATHS };
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
        assert_unique_ids(|context| judge_findings(context, gate, findings));
    }
}

/// Judges, and asserts that the ids of issues are unique.
fn assert_unique_ids(judge: impl FnOnce(&GateContext<'_>) -> Judgement) {
    let gate: PhaseName = "design-review".parse().unwrap();
    let context =
        GateContext { task_id: &TASK, gate: &gate, attempt: 1, may_revise: std::slice::from_ref(&gate), about: &[] };
    let mut ids: Vec<String> = judge(&context).issues.into_iter().map(|issue| issue.id).collect();
    let all = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), all, "two issues have the same id");
}

fn assert_storable<T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T) {
    let text = serde_json::to_string(value).unwrap();
    assert_eq!(serde_json::from_str::<T>(&text).unwrap(), *value);
}

/// Asserts that all texts of the value together are within the limit on output. Enums are serialized as text but do not count.
fn assert_within_output_limit(value: &impl serde::Serialize) {
    fn text_bytes(value: &Value) -> usize {
        let is_enum = |field: &str| matches!(field, "severity" | "outcome" | "status");
        match value {
            Value::String(text) => text.len(),
            Value::Array(list) => list.iter().map(text_bytes).sum(),
            Value::Object(fields) => {
                fields.iter().filter(|(name, _)| !is_enum(name)).map(|(_, it)| text_bytes(it)).sum()
            }
            _ => 0,
        }
    }
    let bytes = text_bytes(&serde_json::to_value(value).unwrap());
    assert!(bytes as u64 <= MAX_OUTPUT_BYTES, "{bytes} bytes were accepted");
}

/// Answers every request of an agent immediately.
struct MockHost;

#[async_trait]
impl Capabilities for MockHost {
    async fn complete(&self, _: u32, request: Request) -> Result<Answer, BudgetExceeded> {
        assert_storable(&request);
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

    async fn check(&self, kind: String, content: Vec<u8>, _cpu: &CpuMeter) -> Result<(), Vec<String>> {
        check_artifact(&kind, &content);
        Ok(())
    }

    fn log(&self, _: LogLevel, line: String) {
        assert!(!line.chars().any(is_terminal_control), "{line:?}");
    }

    fn progress(&self, what: String, fraction: Option<f32>) {
        assert!(!what.chars().any(is_terminal_control), "{what:?}");
        assert!(fraction.is_none_or(|fraction| (0.0..=1.0).contains(&fraction)), "{fraction:?}");
    }
}

/// Returns whether a terminal could interpret the character as a command.
fn is_terminal_control(letter: char) -> bool {
    letter.is_control() && !matches!(letter, '\n' | '\t')
}
