//! The out folder of a run made by hand: what is written, in which words, and what is not touched.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use phasegate_journal::{Blob, Journal, MemoryJournal};
use phasegate_process::model::Usage;
use phasegate_process::pipeline::{parse, standard};
use phasegate_process::source::Source;
use phasegate_process::state::State;
use phasegate_process::*;
use serde_json::{Value, json};

use super::*;
use crate::error::Error;

/// A run of `tsp` told event by event, its artifacts in a journal in memory.
struct Told {
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

impl Told {
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

    fn work(&mut self, phase: &str, attempt: u32, made: &[(&str, Value)]) -> &mut Self {
        let at = at(phase, attempt);
        let artifacts = made.iter().map(|(name, value)| store(&self.journal, name, name, value.to_string().as_bytes()));
        let outcome = PhaseOutcome::Submitted { artifacts: artifacts.collect(), findings: None };
        let usage = Usage { input_tokens: 1000, output_tokens: 100, cached_input_tokens: 0, usd: Some(0.25) };
        let (label, model, request) = ("ask | once".to_owned(), "scripted:x".to_owned(), Digest::from_content(b"q"));
        self.add(Event::PhaseStarted { at: at.clone(), inputs: vec![] });
        self.add(Event::ModelAsked { at: at.clone(), call: 1, label, request, model });
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
        self.add(Event::PhaseFinished { at, outcome, elapsed_ms: 1500, limit: None })
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

    /// Up to the end, with these files as its code.
    fn whole(base: &[(&str, &[u8])], files: &[(&str, &str)]) -> Self {
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
        run.work("test", 1, &[("test_suite", json!({ "files": [], "covers": [], "dropped": [] }))]);
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

#[test]
fn output_folder_contains_files_artifacts_result_and_report() {
    let dir = tempfile::tempdir().unwrap();
    let run = Told::whole(&[], &[("src/d.py", "def parse(): ...\n"), ("README.txt", "read me\n")]);
    let out = dir.path().join("new/out");
    let written = run.write(&out).unwrap();
    assert_eq!(written.files, ["README.txt", "src/d.py"]);
    assert_eq!(read(&out, "src/d.py"), "def parse(): ...\n");
    assert_eq!((written.patch.as_ref(), out.join("changes.patch").exists()), (None, false));
    let names: Vec<_> = written.artifacts.iter().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "artifacts/design_specification.json",
            "artifacts/generated_code.json",
            "artifacts/pips.json",
            "artifacts/postmortem_report.json",
            "artifacts/project_plan.json",
            "artifacts/task_requirements.json",
            "artifacts/test_report.json",
            "artifacts/test_suite.json",
        ]
    );
    let result: Value = serde_json::from_str(&read(&out, "result.json")).unwrap();
    assert_eq!((&result["status"], &result["scripted"]), (&json!("passed"), &json!(true)));
    // Fault 16: what was reviewed and tested is what is delivered.
    let delivered = Digest::from_content(read(&out, "artifacts/generated_code.json").as_bytes());
    assert_eq!(result["artifacts"]["generated_code"], json!(delivered));
}

#[test]
fn report_contains_task_result_and_reasons() {
    let dir = tempfile::tempdir().unwrap();
    let mut run = Told::whole(&[], &[("src/d.py", "")]);
    std::sync::Arc::make_mut(&mut run.state.created).scripted = true;
    run.write(dir.path()).unwrap();
    let report = read(dir.path(), "report.md");
    for line in [
        "# TASK-1: passed",
        "**Passed**: passed; overridden by a person: code-review. The answers are scripted: no model was asked.",
        "Run `run-1`, pipeline `tsp`.",
        "Parse durations like 1h30m",
        "- R2: minutes",
        "| design-review | 1 | failed | 1 high | 1 high (it fails at 1) | back to design |",
        "| design-review | 2 | passed | none | no issue |  |",
        "| code-review | 1 | failed | 1 high | 1 high (it fails at 1) | overridden by ada |",
        "- **high** design-review#1/I-1 (from design, `src/d.py:3`): minutes are taken for hours *Sent back to design; \
         attempt 2 passed.*",
        "- **high** code-review#1/I-1 (from design, `src/d.py:3`): minutes are taken for hours *Accepted by ada: known and \
         accepted*",
        "- `t.py::old` in test#1: asked for seconds",
        "| 2026-12-31 23:59 UTC | code-review#1 | overridden | ada | known and accepted |  |",
        "| design-review | 2 | 2 | 2000 | 200 | 0.5000 | 3.0 s |",
        "| test | 1 | 1 | 1000 | 100 | 0.2500 | 2.0 s |",
        "| **all** |  | 9 | 9000 | 900 | 2.2500 | 14.0 s |",
        "- **PIP-1** (approved by grace: worth it): units were not said",
        "  - add design: name units",
        &format!("| planning | `{}` |", Digest::from_content(b"planning")),
    ] {
        assert!(report.lines().any(|found| found == line), "`{line}` is not in\n{report}");
    }
    assert!(report.contains("| test#1 | 22 | 0 | 0 | 0 | "), "{report}");
    assert!(!report.contains("may have been billed"));
}

#[test]
fn reports_billed_calls_and_unknown_prices() {
    let dir = tempfile::tempdir().unwrap();
    let mut run = Told::new(&[]);
    run.add(Event::PhaseStarted { at: at("planning", 1), inputs: vec![] });
    for call in [1, 2] {
        let (label, model, request) = ("plan".to_owned(), "a:b".to_owned(), Digest::from_content(b"q"));
        run.add(Event::ModelAsked { at: at("planning", 1), call, label, request, model });
    }
    let usage = Usage { input_tokens: 10, output_tokens: 1, cached_input_tokens: 0, usd: None };
    let (answer, stop) = (Digest::from_content(b"a"), "end".to_owned());
    run.add(Event::ModelAnswered {
        at: at("planning", 1),
        call: 1,
        answer,
        usage,
        stop,
        elapsed_ms: 9,
        recorded: false,
    });
    run.add(Event::RunStopped { reason: "cancelled by ada".into() });
    run.write(dir.path()).unwrap();
    let report = read(dir.path(), "report.md");
    assert!(report.contains("**Stopped**: cancelled by ada."), "{report}");
    assert!(report.contains("\n- planning#1 call 2 (plan) to a:b, asked 2026-12-31 23:59 UTC\n"), "{report}");
    assert!(report.contains("| planning | 0 | 1 | 10 | 1 | unknown | 0 ms |"), "{report}");
    assert!(report.contains("| design-review | – | not reached |"), "{report}");
}

#[test]
fn patch_turns_base_files_into_delivered_files() {
    let old = "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\nten\r\nlast without end";
    let new = "one\n2\nthree\nfour\nfive\nsix\nseven\neight\nnine\nten\r\neleven\nlast without end";
    let base: [(&str, &[u8]); 5] = [
        ("src/d.py", old.as_bytes()),
        ("same.txt", b"same\n"),
        ("untouched.txt", b"mine\n"),
        ("odd na\"me.txt", "ä\rb\n".as_bytes()),
        ("empty me.txt", b"x\n"),
    ];
    let files = [
        ("src/d.py", new),
        ("same.txt", "same\n"),
        ("odd na\"me.txt", "ä\rc\n"),
        ("empty me.txt", ""),
        ("new/with space.py", "x = 1\n"),
        ("new/__init__.py", ""),
        ("ends.txt", "no line feed"),
    ];
    let dir = tempfile::tempdir().unwrap();
    let (out, tree) = (dir.path().join("out"), dir.path().join("tree"));
    for (path, bytes) in base {
        let path = tree.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let written = Told::whole(&base, &files).write(&out).unwrap();
    assert_eq!(written.patch.as_deref(), Some("changes.patch"));
    let patch = out.join("changes.patch");
    let git =
        Command::new("git").current_dir(&tree).args(["apply", "--whitespace=nowarn"]).arg(&patch).output().unwrap();
    assert!(git.status.success(), "{}\n{}", String::from_utf8_lossy(&git.stderr), read(&out, "changes.patch"));
    for (path, content) in files {
        assert_eq!(read(&tree, path), content, "{path}");
    }
    assert_eq!(read(&tree, "untouched.txt"), "mine\n");
    assert!(!read(&out, "changes.patch").contains("same.txt"));
    assert!(read(&out, "report.md").contains("`git apply changes.patch`"));
}

#[test]
fn patch_leaves_out_binary_base_files() {
    let dir = tempfile::tempdir().unwrap();
    let run = Told::whole(&[("a.bin", b"\xff\xfe")], &[("a.bin", "text now")]);
    assert_eq!(run.write(dir.path()).unwrap().patch, None);
    assert!(read(dir.path(), "report.md").contains("`a.bin` is not in the patch, because the old file is not text."));
}

#[test]
fn our_own_names_step_aside_for_generated_files() {
    let dir = tempfile::tempdir().unwrap();
    let files = [("Report.md", "theirs"), ("artifacts/x.json", "theirs"), ("result.json", "theirs")];
    let written = Told::whole(&[], &files).write(dir.path()).unwrap();
    assert_eq!((written.report.as_str(), written.result.as_str()), ("phasegate-report.md", "phasegate-result.json"));
    assert!(written.artifacts.iter().all(|path| path.starts_with("phasegate-artifacts/")));
    for (path, content) in files {
        assert_eq!(read(dir.path(), path), content);
    }
}

// Fault 13 of the reference process: paths written by the model are joined unchecked.
#[test]
fn nothing_is_written_outside_the_out_folder() {
    for path in ["../escaped.py", "/abs.py", "a/../../b.py", ".git/hooks/pre-commit", "a\\b.py", "c:/x.py"] {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("out");
        let refusal =
            Told::whole(&[], &[("fine.py", ""), (path, "x")]).write(&out).map_err(Error::from).unwrap_err().describe();
        assert!(refusal.starts_with(&format!("`{path}` was not written to the out folder: it ")), "{refusal}");
        assert!(!out.exists() && std::fs::read_dir(dir.path()).unwrap().next().is_none());
    }
}

#[cfg(unix)]
#[test]
fn does_not_follow_links_in_the_output_folder() {
    let dir = tempfile::tempdir().unwrap();
    let (out, elsewhere) = (dir.path().join("out"), dir.path().join("elsewhere"));
    for folder in [&out, &elsewhere] {
        std::fs::create_dir(folder).unwrap();
    }
    std::os::unix::fs::symlink(&elsewhere, out.join("src")).unwrap();
    let run = Told::whole(&[], &[("src/d.py", "x")]);
    let refusal = run.write(&out).map_err(Error::from).unwrap_err().describe();
    assert!(refusal.starts_with("`src/d.py` was not written to the out folder: there is a symbolic link"), "{refusal}");
    assert!(std::fs::read_dir(&elsewhere).unwrap().next().is_none());
    std::fs::remove_file(out.join("src")).unwrap();
    std::fs::write(elsewhere.join("kept.md"), "kept").unwrap();
    std::os::unix::fs::symlink(elsewhere.join("kept.md"), out.join("report.md")).unwrap();
    assert!(run.write(&out).is_err());
    assert_eq!(read(&elsewhere, "kept.md"), "kept");
}

#[test]
fn overwrites_a_filled_folder_only_by_force() {
    let dir = tempfile::tempdir().unwrap();
    let shown = dir.path().display().to_string();
    assert_eq!(check_out(&dir.path().join("not/yet"), false), Ok(()));
    assert_eq!(check_out(dir.path(), false), Ok(()));
    std::fs::write(dir.path().join("mine.txt"), "").unwrap();
    assert_eq!(
        check_out(dir.path(), false).map_err(Error::from).unwrap_err().describe(),
        format!(
            "{shown} is not empty, nothing was written\nhint: choose another folder with --out, or overwrite with --force"
        )
    );
    assert_eq!(check_out(dir.path(), true), Ok(()));
    let file = check_out(&dir.path().join("mine.txt"), true).map_err(Error::from).unwrap_err().describe();
    assert_eq!(file, format!("{shown}/mine.txt is not a folder\nhint: choose another one with --out"));
}

#[test]
fn writing_twice_gives_the_same_folder() {
    let dir = tempfile::tempdir().unwrap();
    let run = Told::whole(&[("src/d.py", b"old\n")], &[("src/d.py", "new\n")]);
    let first = run.write(dir.path()).unwrap();
    let before = read(dir.path(), "report.md");
    assert_eq!(run.write(dir.path()).unwrap(), first);
    assert_eq!(read(dir.path(), "report.md"), before);
}

#[test]
fn an_artifact_that_the_journal_lost_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let mut run = Told::whole(&[], &[("a.py", "")]);
    run.journal = MemoryJournal::new();
    let refusal = run.write(dir.path()).map_err(Error::from).unwrap_err().describe();
    assert!(
        refusal.starts_with("artifact generated_code cannot be read from the journal: there is no blob"),
        "{refusal}"
    );
}
