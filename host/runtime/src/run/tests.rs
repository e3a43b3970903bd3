//! Spans of a run, as a subscriber sees them.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::path::Path;
use std::sync::{Arc, Mutex};

use phasegate_journal::MemoryJournal;
use phasegate_process::RunStatus;
use phasegate_process::source::Source;
use phasegate_process::sync::lock;
use phasegate_process::task::Task;
use phasegate_sandbox::{Engine, EngineSettings};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::config::file::Config;
use crate::host::{Host, HostConfig};
use crate::observer::{NoObserver, Observer};
use crate::plugins::bundled::BUNDLED;
use crate::run::outcome::{RunOutcome, StopSignal};
use crate::runs::context_files::ReservedPaths;
use crate::runs::define::{NewRun, TaskSource};
use crate::trust::Trust;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../plugins/dist/fixtures");

const PIPELINE: &str = r#"
name = "spans"
feedback = { strategy = "nearest-phase" }
runners = { lines = "runner-lines" }
kind = [{ name = "note", schema = "note.json" }]

[[phase]]
name = "planning"
agent = "fixture"
reads = ["task_requirements"]
produces = [{ name = "plan", kind = "note" }]
settings = { ask = "plan" }

[[phase]]
name = "code"
agent = "fixture"
reads = ["plan"]
produces = [{ name = "generated_code", kind = "generated_code" }]

[phase.settings.artifacts.generated_code]
files = [{ path = "app.lines", content = "answer = 42\n", purpose = "holds the answer" }]
language = "lines"
dependencies = []
notes = ""

[[phase]]
name = "test"
agent = "fixture"
reads = ["generated_code"]
produces = [{ name = "test_suite", kind = "test_suite" }]
gate = { report = "test_report", tests = { code = "generated_code", suite = "test_suite" }, may_revise = ["code"] }

[phase.settings.tests]
language = "lines"
input = "generated_code"
files = { "t.lines" = "test it_answers: answer == 42\n" }

[phase.settings.artifacts.test_suite]
files = [{ path = "t.lines", content = "test it_answers: answer == 42\n" }]
covers = []
dropped = []
"#;

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<CapturedSpan>>>);

struct CapturedSpan {
    name: &'static str,
    parent: Option<u64>,
    fields: BTreeMap<&'static str, String>,
}

impl Visit for CapturedSpan {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.fields.insert(field.name(), format!("{value:?}"));
    }
}

impl Captured {
    /// The path to each span below the run of this task, outermost span first, with fields other than the run's id.
    fn paths(&self, run: &str) -> Vec<String> {
        let spans = lock(&self.0);
        let is_root = |span: &CapturedSpan| span.name == "run" && span.fields.get("run").is_some_and(|id| id == run);
        let path = |span: &CapturedSpan| {
            let mut path = vec![span.render()];
            let mut above = span;
            while let Some(parent) = above.parent.and_then(|id| spans.get(id as usize - 1)) {
                path.insert(0, parent.render());
                above = parent;
            }
            is_root(above).then(|| path.join(" > "))
        };
        spans.iter().filter(|span| !is_root(span)).filter_map(path).collect()
    }
}

impl CapturedSpan {
    fn render(&self) -> String {
        let fields: Vec<String> = self
            .fields
            .iter()
            .filter(|(name, _)| **name != "run")
            .map(|(name, value)| format!(" {name}={value}"))
            .collect();
        format!("{}{}", self.name, fields.concat())
    }
}

impl Subscriber for Captured {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_span() && metadata.target().starts_with("phasegate_runtime")
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let parent = attributes.parent().map(Id::into_u64);
        let mut span = CapturedSpan { name: attributes.metadata().name(), parent, fields: BTreeMap::new() };
        attributes.record(&mut span);
        let mut spans = lock(&self.0);
        spans.push(span);
        Id::from_u64(spans.len() as u64)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, _: &Event<'_>) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

fn write(dir: &Path, name: &str, text: &str) {
    std::fs::write(dir.join(name), text).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_nest_from_run_to_model_call() {
    let captured = Captured::default();
    tracing::subscriber::set_global_default(captured.clone()).unwrap();
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "answers.toml", "[[answer]]\nlabel = \"*\"\ntext = \"{}\"\n");
    write(dir.path(), "note.json", "{}");
    let plugins = format!(
        "[plugins.fixture]\npath = \"{FIXTURES}/agent.wasm\"\n\
         grants = {{ models = [\"default\"], test-bench = [\"lines\"] }}\n\
         [plugins.runner-lines]\npath = \"{FIXTURES}/runner.wasm\"\n"
    );
    write(dir.path(), "pipeline.toml", &format!("{PIPELINE}\n{plugins}"));
    write(dir.path(), "phasegate.toml", "[models]\ndefault = \"scripted:answers.toml\"\n");
    let config = Config::find(None, dir.path(), &Trust::default()).unwrap();
    let pipeline = config.load_pipeline(Some("pipeline.toml"), None, dir.path(), &BUNDLED).unwrap();
    let task = Source { file: "task.toml", text: "task_id = \"SPANS\"\ndescription = \"make spans\"\n" };
    let task = TaskSource {
        task: Task::parse(task).unwrap(),
        folder: dir.path().to_owned(),
        reserved: ReservedPaths::default(),
        repository: None,
        file: None,
    };
    let engine = Engine::new(EngineSettings { max_instances: 20, ..EngineSettings::default() }).unwrap();
    let host = Host::new(HostConfig::new(Arc::new(MemoryJournal::new()), engine));
    let observer: Arc<dyn Observer> = Arc::new(NoObserver);
    let created = host.create(NewRun::new(&task, &pipeline, &config), &observer).await.unwrap();
    let run = created.id().clone();
    let outcome = host.run_created(created, observer, &StopSignal::default()).await.unwrap();
    assert!(matches!(outcome, RunOutcome::Finished(RunStatus::Passed, _)), "{outcome:?}");
    insta::assert_snapshot!(captured.paths(run.as_str()).join("\n"), @r#"
    run > attempt attempt=1 phase=planning plugin=fixture
    run > attempt attempt=1 phase=planning plugin=fixture > model_call call=1 label="plan" model="scripted:answers.toml"
    run > attempt attempt=1 phase=code plugin=fixture
    run > attempt attempt=1 phase=test plugin=fixture
    run > attempt attempt=1 phase=test plugin=fixture > test_run call=1 language="lines"
    run > test_run attempt=1 phase=test
    "#);
}
