//! Tests of the output folder, with a run of `tsp` that is built event by event.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod folder;
mod patch;
mod report;
mod suite;

use std::collections::BTreeMap;
use std::path::Path;

use phasegate_journal::{Blob, Journal, MemoryJournal};
use phasegate_process::model::Usage;
use phasegate_process::pipeline::{parse, standard};
use phasegate_process::source::Source;
use phasegate_process::state::State;
use phasegate_process::*;
use serde_json::{Value, json};

use super::*;

/// A run whose events and artifacts are in memory.
struct RecordedRun {
    journal: MemoryJournal,
    state: State,
    events: Vec<Recorded>,
}

fn at(phase: &str, attempt: u32) -> AttemptId {
    AttemptId { phase: phase.parse().unwrap(), attempt }
}

fn store(journal: &MemoryJournal, name: &str, kind: &str, bytes: &[u8]) -> ArtifactRef {
    let blob = Blob::new(bytes.to_vec());
    let digest = blob.digest.clone();
    futures::executor::block_on(journal.put_blobs(vec![blob])).unwrap();
    ArtifactRef { name: name.parse().unwrap(), kind: kind.parse().unwrap(), digest, size: bytes.len() as u64 }
}

fn code(files: &[(&str, &str)]) -> Value {
    let files =
        files.iter().map(|(path, content)| json!({ "path": path, "content": content, "purpose": "it is needed" }));
    json!({ "files": files.collect::<Vec<_>>(), "language": "python", "dependencies": [], "notes": "" })
}

fn issue(id: &str) -> Issue {
    Issue {
        id: id.to_owned(),
        severity: Severity::High,
        category: "correctness".to_owned(),
        defect_type: "conventional_code_bug".to_owned(),
        phase_injected: "design".to_owned(),
        description: "minutes are taken for hours".to_owned(),
        evidence: "parse(\"5m\") gives 5 hours".to_owned(),
        impact: "every duration is wrong".to_owned(),
        recommendation: None,
        location: Some(Location { path: "src/d.py".to_owned(), line: Some(3) }),
    }
}

impl RecordedRun {
    fn new(base: &[(&str, &[u8])]) -> Self {
        let journal = MemoryJournal::new();
        let text = standard("tsp").unwrap();
        let pipeline = parse(Source { file: "tsp", text }, &|_| Err(String::new())).unwrap();
        let task = json!({
            "task_id": "TASK-1", "description": "Parse durations like 1h30m", "requirements": ["hours", "minutes"],
        });
        let mut inputs = vec![store(&journal, "task_requirements", "task_requirements", task.to_string().as_bytes())];
        for (path, bytes) in base {
            inputs.push(store(&journal, &format!("context/{path}"), "context_file", bytes));
        }
        let created = RunCreated {
            format: EVENT_FORMAT,
            run_id: "run-1".parse().unwrap(),
            task_id: "TASK-1".parse().unwrap(),
            pipeline: Digest::from_content(b"pipeline"),
            base: inputs[1..].iter().map(|input| input.name.clone()).collect(),
            inputs,
            components: BTreeMap::from([("planning".parse().unwrap(), Digest::from_content(b"planning"))]),
            settings: Digest::from_content(b"settings"),
            history: Digest::from_content(b"[]"),
            scripted: true,
            started_by: None,
            repository: None,
            acceptance: None,
        };
        let event = Event::RunCreated(Box::new(created.clone()));
        Self { journal, state: State::new(created, pipeline), events: vec![Recorded { number: 1, at_ms: 0, event }] }
    }

    fn add(&mut self, event: Event) -> &mut Self {
        let number = self.state.events + 1;
        let recorded = Recorded { number, at_ms: 1_798_761_599_000 + number, event };
        self.state.apply(&recorded).unwrap();
        self.events.push(recorded);
        self
    }

    /// Adds an attempt that submits these artifacts.
    fn work(&mut self, phase: &str, attempt: u32, artifacts: &[(&str, Value)]) -> &mut Self {
        let at = at(phase, attempt);
        let artifacts =
            artifacts.iter().map(|(name, value)| store(&self.journal, name, name, value.to_string().as_bytes()));
        let outcome = PhaseOutcome::Submitted { artifacts: artifacts.collect(), findings: None };
        let usage = Usage { input_tokens: 1000, output_tokens: 100, cached_input_tokens: 0, usd: Some(0.25) };
        let (label, model, request) = ("ask | once".to_owned(), "scripted:x".to_owned(), Digest::from_content(b"q"));
        self.add(Event::PhaseStarted { at: at.clone(), inputs: vec![] });
        self.add(Event::ModelAsked { at: at.clone(), call: 1, label, request, model, bound: None });
        let (answer, stop) = (Digest::from_content(b"a"), "end".to_owned());
        self.add(Event::ModelAnswered {
            at: at.clone(),
            call: 1,
            answer,
            usage,
            stop,
            elapsed_ms: 900,
            recorded: false,
        });
        self.add(Event::PhaseFinished { at, outcome, elapsed_ms: 1500, limit: None, log: None })
    }

    fn judge(
        &mut self,
        gate: &str,
        attempt: u32,
        verdict: Verdict,
        issues: Vec<Issue>,
        report: Option<Value>,
    ) -> &mut Self {
        let reason = if issues.is_empty() { "no issue".to_owned() } else { "1 high (it fails at 1)".to_owned() };
        let name = format!("{}_report", gate.replace('-', "_"));
        let kind = if gate == "test" { "test_report" } else { "findings_report" };
        let report = report.map(|report| store(&self.journal, &name, kind, report.to_string().as_bytes()));
        let (permanent, about) = (false, vec![Digest::from_content(b"about")]);
        let dropped = match gate {
            "test" => vec![DroppedTest { test: "t.py::old".into(), reason: "asked for seconds".into() }],
            _ => vec![],
        };
        self.add(Event::GateJudged {
            at: at(gate, attempt),
            verdict,
            reason,
            permanent,
            issues,
            dropped,
            about,
            report,
        })
    }

    /// A finished run with these base files and generated files, and an empty test suite.
    fn finished(base: &[(&str, &[u8])], files: &[(&str, &str)]) -> Self {
        Self::tested(base, files, &[])
    }

    /// A finished run with these base files, generated files, and files of the test suite.
    fn tested(base: &[(&str, &[u8])], files: &[(&str, &str)], suite: &[(&str, &str)]) -> Self {
        let suite: Vec<_> = suite.iter().map(|(path, content)| json!({ "path": path, "content": content })).collect();
        let mut run = Self::new(base);
        run.work("planning", 1, &[("project_plan", json!({}))]);
        run.work("design", 1, &[("design_specification", json!({}))]);
        run.work("design-review", 1, &[]).judge(
            "design-review",
            1,
            Verdict::Failed,
            vec![issue("design-review#1/I-1")],
            None,
        );
        let instructions = "mend it".to_owned();
        let issues = vec![issue("design-review#1/I-1")];
        let feedback = FeedbackItem { source: "design-review".into(), about: vec![], issues, instructions };
        let rework = vec![Rework { phase: "design".parse().unwrap(), feedback }];
        run.add(Event::FeedbackDecided {
            at: at("design-review", 1),
            decided: FeedbackOutcome::Revise { rework },
            limit: None,
        });
        run.work("design", 2, &[("design_specification", json!({ "better": true }))]);
        run.work("design-review", 2, &[]).judge("design-review", 2, Verdict::Passed, vec![], None);
        run.work("code", 1, &[("generated_code", code(files))]);
        run.work("code-review", 1, &[]).judge(
            "code-review",
            1,
            Verdict::Failed,
            vec![issue("code-review#1/I-1")],
            None,
        );
        run.add(Event::ApprovalAsked { at: at("code-review", 1), question: "what now?".into(), about: vec![] });
        let (by, reason) = ("ada".to_owned(), "known and accepted".to_owned());
        run.add(Event::ApprovalGiven { at: at("code-review", 1), choice: Choice::Override, by, reason, about: vec![] });
        run.work("test", 1, &[("test_suite", json!({ "files": suite, "covers": [], "dropped": [] }))]);
        let (suite_run, code) = (
            Digest::from_content(b"suite run"),
            run.state.artifacts[&"generated_code".parse().unwrap()].digest.clone(),
        );
        run.add(Event::TestsRan {
            at: at("test", 1),
            call: None,
            run: suite_run,
            code: Some(code.clone()),
            request: None,
            elapsed_ms: 500,
            limit: None,
        });
        let report = json!({
            "code": code, "build": { "ok": true, "errors": [] }, "tests": [{ "name": "t.py::a", "outcome": "passed" }],
            "totals": { "passed": 22, "failed": 0, "errored": 0, "skipped": 0 },
        });
        run.judge("test", 1, Verdict::Passed, vec![], Some(report));
        let pips = json!({ "proposals": [{
            "id": "PIP-1", "analysis": "units were not said", "status": "pending", "expected_impact": "fewer rounds",
            "proposed_changes": [{ "target": "design", "change": "add", "proposed": "name units", "rationale": "clear" }],
        }] });
        run.work("postmortem", 1, &[("postmortem_report", json!({})), ("pips", pips)]);
        run.add(Event::RunFinished {
            status: RunStatus::Passed,
            reason: "passed; overridden by a person: code-review".into(),
        });
        let (by, reason) = ("grace".to_owned(), "worth it".to_owned());
        run.add(Event::ProposalDecided { id: "PIP-1".into(), approved: true, by, reason });
        run
    }

    fn write(&self, dir: &Path) -> Result<WrittenFiles, OutputError> {
        write_out(dir, &self.journal, &self.state, &self.events)
    }
}

fn read(dir: &Path, path: &str) -> String {
    std::fs::read_to_string(dir.join(path)).unwrap()
}
