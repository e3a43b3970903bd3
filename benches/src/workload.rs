//! Ten steps, ten model calls, artifacts of 2 KB; the design review and the test gate each fail once. Each agent runs in a
//! fresh sandbox, and each run is a task of its own, as the command line starts them. A script generates the answers, which
//! differ for each request.

use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use anyhow::{Result, bail};
use phasegate_journal::{Journal, MemoryJournal, SqliteJournal};
use phasegate_process::source::Source;
use phasegate_process::task::Task;
use phasegate_process::{RunId, RunStatus};
use phasegate_runtime::{
    BUNDLED, Config, Host, HostConfig, LoadedPipeline, NewRun, NoObserver, Observer, ReservedPaths, RunOutcome,
    StopSignal, TaskSource, Trust,
};
use phasegate_sandbox::{Engine, EngineSettings};

/// Where events go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Memory: nothing survives.
    Memory,
    /// The journal of a state folder, as in use.
    Disk,
}

impl FromStr for Durability {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "mem" => Ok(Self::Memory),
            "disk" => Ok(Self::Disk),
            other => bail!("`{other}` is neither mem nor disk"),
        }
    }
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

/// The size of a run.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// The time until a model answers.
    pub delay_ms: u64,
    /// The size of an answer, which is also the artifact.
    pub artifact_bytes: usize,
    /// Instead of the ten steps: a producing phase and a gate that fails this often, with which the run ends.
    pub attempts: Option<u32>,
    /// Agents at once. Valgrind cannot reserve the address space for as many as usual.
    pub instances: Option<u32>,
}

impl Default for Shape {
    fn default() -> Self {
        Self { delay_ms: 0, artifact_bytes: 2_000, attempts: None, instances: None }
    }
}

const TASK: &str = "task_id = \"BENCH\"\ndescription = \"measure the host\"\n";

impl Workload {
    /// Writes the project to `dir` and opens its host.
    pub fn new(dir: &Path, durability: Durability, shape: Shape) -> Result<Self> {
        let write = |name: &str, text: String| std::fs::write(dir.join(name), text);
        let Shape { delay_ms, artifact_bytes, attempts, instances } = shape;
        let answer = format!("[[answer]]\nlabel = \"*\"\ndelay_ms = {delay_ms}\ngenerated_bytes = {artifact_bytes}\n");
        write("answers.toml", answer)?;
        write("note.json", NOTE_SCHEMA.to_owned())?;
        write("pipeline.toml", attempts.map_or_else(ten_steps, failing_gate))?;
        write("phasegate.toml", CONFIGURATION.to_owned())?;
        let user = dir.join("home/.config/phasegate");
        std::fs::create_dir_all(&user)?;
        std::fs::write(user.join("config.toml"), LIMITS)?;
        let trust = Trust::load(&|name| (name == "HOME").then(|| dir.join("home").into_os_string()))?;
        let config = Config::find(None, dir, &trust)?;
        let pipeline = config.load_pipeline(Some("pipeline.toml"), None, dir, &BUNDLED)?;
        let task = Task::parse(Source { file: "task.toml", text: TASK })?;
        let task = TaskSource {
            task,
            folder: dir.to_owned(),
            reserved: ReservedPaths::default(),
            repository: None,
            file: None,
        };
        let journal: Arc<dyn Journal> = match durability {
            Durability::Memory => Arc::new(MemoryJournal::new()),
            Durability::Disk => Arc::new(SqliteJournal::open(&dir.join("state"))?),
        };
        let mut engine = EngineSettings { cache_dir: Some(dir.join("cache")), ..EngineSettings::default() };
        if let Some(instances) = instances {
            (engine.max_instances, engine.max_large_instances, engine.max_test_runs) = (instances, 1, 1);
        }
        let host_config = HostConfig::new(Arc::clone(&journal), Engine::new(engine)?);
        let host = Host::new(HostConfig { trust: Arc::new(trust), ..host_config });
        Ok(Self { host, journal, config: Arc::new(config), pipeline: Arc::new(pipeline), task: Arc::new(task) })
    }

    /// Creates a run and executes it to its end.
    pub async fn run(&self) -> Result<RunId> {
        let created = self.host.create(self.new_run(), &self.observer()).await?;
        let run = created.id().clone();
        match self.host.run_created(created, self.observer(), &StopSignal::default()).await? {
            RunOutcome::Finished(RunStatus::Passed, _) => Ok(run),
            ended => bail!("run {run} ended as {ended:?}"),
        }
    }

    /// Creates a run without executing it.
    pub async fn create(&self) -> Result<RunId> {
        Ok(self.host.create(self.new_run(), &self.observer()).await?.id().clone())
    }

    fn new_run(&self) -> NewRun<'_> {
        NewRun::new(&self.task, &self.pipeline, &self.config)
    }

    fn observer(&self) -> Arc<dyn Observer> {
        Arc::new(NoObserver)
    }

    /// Executes a run until it ends, waits for a person, or is stopped.
    pub async fn execute(&self, run: &RunId, observer: Arc<dyn Observer>, stop: &StopSignal) -> Result<RunOutcome> {
        Ok(self.host.run(run, observer, stop).await?)
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

const NOTE_SCHEMA: &str = r#"{
    "type": "object",
    "required": ["body"],
    "properties": { "body": { "type": "string", "minLength": 1 } },
    "additionalProperties": false
}"#;

const CONFIGURATION: &str = r#"
[models]
default = "scripted:answers.toml"
concurrency = 10000
"#;

/// The user's own limits, which no measurement reaches.
const LIMITS: &str = r#"
[budget]
calls = "unlimited"
tokens = "unlimited"
"#;

/// Phases that produce an artifact of the kind `note` from one model call.
fn producing(name: &str, reads: &str) -> String {
    format!(
        "[[phase]]\nname = \"{name}\"\nagent = \"fixture\"\nreads = [\"{reads}\"]\n\
         produces = [{{ name = \"{name}_out\", kind = \"note\" }}]\nsettings = {{ ask = \"{name}\", unique = true }}\n"
    )
}

/// A gate that asks a model and reports what `attempts` says, one entry an attempt.
fn gate(name: &str, back: &str, attempts: &str) -> String {
    format!(
        "[[phase]]\nname = \"{name}\"\nagent = \"fixture\"\nreads = [\"{back}_out\"]\n\
         settings = {{ ask = \"{name}\", unique = true, attempts = [{attempts}] }}\n\
         [phase.gate]\nreport = \"{name}_report\"\nfails_at = {{ high = 1 }}\nmay_revise = [\"{back}\"]\n"
    )
}

fn issue(phase: &str) -> String {
    format!("{{ findings = {{ issues = [{{ phase_injected = \"{phase}\" }}] }} }}")
}

fn ten_steps() -> String {
    let fails_once = |phase: &str| format!("{}, {{ findings = {{}} }}", issue(phase));
    [
        HEAD.to_owned(),
        producing("plan", "task_requirements"),
        producing("design", "plan_out"),
        gate("review", "design", &fails_once("design")),
        producing("code", "design_out"),
        gate("check", "code", &fails_once("code")),
        producing("postmortem", "code_out"),
        plugins(),
    ]
    .concat()
}

fn failing_gate(attempts: u32) -> String {
    let gate = gate("check", "code", &issue("code"));
    let gate = gate.replace("agent =", &format!("max_retries = {attempts}\nagent ="));
    [&format!("max_total_attempts = {attempts}\n"), HEAD, &producing("code", "task_requirements"), &gate, &plugins()]
        .concat()
}

const HEAD: &str = "name = \"bench\"\n[feedback]\nstrategy = \"nearest-phase\"\n";

fn plugins() -> String {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins/dist/fixtures");
    format!(
        "[plugins.fixture]\npath = \"{}/agent.wasm\"\ngrants = {{ models = [\"default\"], test-bench = [\"lines\"] }}\n\
         limits = {{ tokens = 100000000, answer_bytes = 67108864, artifact_bytes = 67108864 }}\n\
         [[kind]]\nname = \"note\"\nschema = \"note.json\"\n",
        fixtures.display()
    )
}
