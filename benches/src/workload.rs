//! Ten steps, ten model calls, artifacts of 2 KB; the design review and the test gate each fail once. Each agent runs in a
//! fresh sandbox, and each run is a task of its own, as the command line starts them. A script generates the answers, which
//! differ for each request.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Result, bail};
use phasegate_journal::{Journal, MemoryJournal, SqliteJournal};
use phasegate_process::source::Source;
use phasegate_process::task::Task;
use phasegate_process::{RunId, RunStatus};
use phasegate_runtime::{
    BUNDLED, BudgetOverride, Config, Host, HostConfig, LoadedPipeline, NewRun, NoObserver, Observer, ReservedPaths,
    RunOutcome, StopSignal, TaskSource, Trust,
};
use phasegate_sandbox::EngineSettings;

/// Where events go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Memory: nothing survives.
    Memory,
    /// The journal of a state folder, as in use.
    Disk,
}

/// A host and what its runs are made of. Clones share the host.
#[derive(Clone)]
pub struct Workload {
    /// The host of all runs.
    pub host: Host,
    /// The journal of the host.
    pub journal: Arc<dyn Journal>,
    config: Arc<Config>,
    pipeline: Arc<LoadedPipeline>,
    task: Arc<TaskSource>,
}

/// The size of a model's answer, which is also the artifact.
const ARTIFACT_BYTES: usize = 2_000;

const TASK: &str = "task_id = \"BENCH\"\ndescription = \"measure the host\"\n";

impl Workload {
    /// Writes the project to `dir` and opens its host. Models answer after `delay_ms`.
    pub fn new(dir: &Path, durability: Durability, delay_ms: u64) -> Result<Self> {
        let write = |name: &str, text: String| std::fs::write(dir.join(name), text);
        let answer = format!("[[answer]]\nlabel = \"*\"\ndelay_ms = {delay_ms}\ngenerated_bytes = {ARTIFACT_BYTES}\n");
        write("answers.toml", answer)?;
        write("note.json", NOTE_SCHEMA.to_owned())?;
        write("pipeline.toml", pipeline(&fixtures()))?;
        write("phasegate.toml", "[models]\ndefault = \"scripted:answers.toml\"\nconcurrency = 10000\n".to_owned())?;
        let config = Config::find(None, dir, &Trust::default())?;
        let pipeline = config.load_pipeline(Some("pipeline.toml"), None, dir, &BUNDLED)?;
        let task = Task::parse(Source { file: "task.toml", text: TASK })?;
        let task = TaskSource { task, folder: dir.to_owned(), reserved: ReservedPaths::default(), repository: None };
        let journal: Arc<dyn Journal> = match durability {
            Durability::Memory => Arc::new(MemoryJournal::new()),
            Durability::Disk => Arc::new(SqliteJournal::open(&dir.join("state"))?),
        };
        let host = Host::new(HostConfig {
            journal: Arc::clone(&journal),
            engine: EngineSettings { cache_dir: Some(dir.join("cache")), ..EngineSettings::default() },
            overlap: true,
            env: Arc::new(|_| None),
            budget_override: BudgetOverride::default(),
            current_providers: Vec::new(),
            repository: None,
            offline: false,
            shared_budget: None,
            trust: Arc::default(),
            config: None,
        })?;
        Ok(Self { host, journal, config: Arc::new(config), pipeline: Arc::new(pipeline), task: Arc::new(task) })
    }

    /// Creates a run and executes it to its end.
    pub async fn run(&self) -> Result<RunId> {
        let observer: Arc<dyn Observer> = Arc::new(NoObserver);
        let new = NewRun::new(&self.task, &self.pipeline, &self.config);
        let created = self.host.create(new, &observer).await?;
        let run = created.id().clone();
        match self.host.run_created(created, observer, &StopSignal::default()).await? {
            RunOutcome::Finished(RunStatus::Passed, _) => Ok(run),
            ended => bail!("run {run} ended as {ended:?}"),
        }
    }

    /// Executes so many runs at once, each as a task of its own.
    pub async fn runs(&self, count: usize) -> Result<Vec<RunId>> {
        let one = |workload: Self| async move { workload.run().await };
        let started: Vec<_> = (0..count).map(|_| tokio::spawn(one(self.clone()))).collect();
        let mut runs = Vec::with_capacity(count);
        for run in started {
            runs.push(run.await??);
        }
        Ok(runs)
    }
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins/dist/fixtures")
}

const NOTE_SCHEMA: &str = r#"{
    "type": "object",
    "required": ["body"],
    "properties": { "body": { "type": "string", "minLength": 1 } },
    "additionalProperties": false
}"#;

fn pipeline(fixtures: &Path) -> String {
    let producing = |name: &str, reads: &str| {
        format!(
            "[[phase]]\nname = \"{name}\"\nagent = \"fixture\"\nreads = [{reads}]\n\
             produces = [{{ name = \"{name}_out\", kind = \"note\" }}]\nsettings = {{ ask = \"{name}\", unique = true }}\n"
        )
    };
    let gate = |name: &str, back: &str| {
        format!(
            "[[phase]]\nname = \"{name}\"\nagent = \"fixture\"\nreads = [\"{back}_out\"]\n\
             [phase.settings]\nask = \"{name}\"\nunique = true\nattempts = [{{ findings = {{ issues = [{{ phase_injected = \"{back}\" }}] }} }}, {{ findings = {{}} }}]\n\
             [phase.gate]\nreport = \"{name}_report\"\nfails_at = {{ high = 1 }}\nmay_revise = [\"{back}\"]\n"
        )
    };
    [
        "name = \"bench\"\n[feedback]\nstrategy = \"nearest-phase\"\n".to_owned(),
        producing("plan", "\"task_requirements\""),
        producing("design", "\"plan_out\""),
        gate("review", "design"),
        producing("code", "\"design_out\""),
        gate("check", "code"),
        producing("postmortem", "\"code_out\""),
        format!(
            "[plugins.fixture]\npath = \"{}/agent.wasm\"\ngrants = {{ models = [\"default\"], test-bench = [\"lines\"] }}\n",
            fixtures.display()
        ),
        "[[kind]]\nname = \"note\"\nschema = \"note.json\"\n".to_owned(),
    ]
    .concat()
}
