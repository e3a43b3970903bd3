//! Runs one attack beside an ordinary run, runs another ordinary run after it, and compares the attack with what is
//! expected.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use phasegate_broker::{BudgetConfig, ModelsConfig, Price};
use phasegate_journal::MemoryJournal;
use phasegate_process::Digest;
use phasegate_process::limits::LimitsPatch;
use phasegate_process::lock::LOCK_FILE;
use phasegate_process::pipeline::Pipeline;
use phasegate_process::task::Task;
use phasegate_sandbox::{Engine, EngineSettings};

use phasegate_runtime::{
    Config, ConfigFault, Error, Host, HostConfig, LoadedPipeline, NewRun, NoObserver, Observer, ReservedPaths,
    RunOutcome, StopSignal, TaskSource, Trust, UserConfig,
};

use crate::attackers::{LOADABLE, component, embedded};
use crate::corpus::{ANSWERS, Attack, base};
use crate::memory::resident;
use crate::render::{LogCollector, one_line, render_run};
use crate::report::AttackResult;

/// The most bytes by which the host may have grown when an attack is over.
const MAX_GROWTH_BYTES: i64 = 64 << 20;
/// Budget of model calls of each run.
const MAX_CALLS: u64 = 40;

/// Price of the scripted answers, high enough to reach limits of money. USD per million tokens.
const PRICE: Price = Price { input: 1_000.0, output: 1_000.0, cached_input: None, cache_write: None };

/// A host with the operator's configuration and a journal in memory, in which attacks and ordinary runs run.
pub(crate) struct TestBed {
    host: Host,
    config: Config,
    pub(crate) base: Pipeline,
    pub(crate) attacked: TaskSource,
    ordinary: TaskSource,
    /// Time after which an attack counts as not stopped.
    pub(crate) timeout: Duration,
    /// Limits that are lifted in every attack, to test that this is noticed.
    pub(crate) lifted_limits: LimitsPatch,
    _folder: Folder,
}

impl TestBed {
    pub(crate) fn new(engine: EngineSettings, config: &Config) -> Result<Self, Error> {
        let folder = Folder::new().map_err(|why| {
            Error::host_failed(format!("temporary folder for the scripted answers cannot be created: {why}"))
        })?;
        let mut config = config.clone();
        config.dir = folder.0.clone();
        config.lock = folder.0.join(LOCK_FILE);
        config.models = ModelsConfig { default: "scripted:answers.toml".parse().ok(), ..config.models };
        (config.models.fast, config.models.deep) = (None, None);
        // Scripted answers cost nothing, so the operator's budget does not apply.
        config.prices.0.extend(config.models.default.clone().map(|model| (model, PRICE)));
        config.budget = BudgetConfig { usd: None, calls: Some(MAX_CALLS), ..BudgetConfig::default() };
        config.providers.clear();
        let user = UserConfig { budget: config.budget, ..UserConfig::default() };
        let engine = Engine::new(for_attackers(engine)).map_err(Error::from)?;
        let host_config = HostConfig::new(Arc::new(MemoryJournal::new()), engine);
        let host = Host::new(HostConfig { trust: Arc::new(Trust::new(user)), ..host_config });
        Ok(Self {
            host,
            config,
            base: base().map_err(ConfigFault::from)?,
            attacked: task("VERIFY-SANDBOX", &folder.0)?,
            ordinary: task("ORDINARY", &folder.0)?,
            timeout: Duration::from_secs(20),
            lifted_limits: LimitsPatch::default(),
            _folder: folder,
        })
    }

    /// Compiles the attackers, so that time and memory of the compiler do not count for an attack.
    pub(crate) async fn warm(&self) -> Result<(), Error> {
        let engine = self.host.engine().clone();
        let compiled = tokio::task::spawn_blocking(move || {
            LOADABLE.into_iter().try_for_each(|name| {
                let bytes = component(name).unwrap_or_default();
                engine.load(&name.parse()?, &Digest::from_content(&bytes), || Ok(bytes))?;
                Ok::<_, Error>(())
            })
        });
        compiled.await.map_err(|gone| Error::host_failed(format!("attackers were not compiled: {gone}")))?
    }

    /// Runs an ordinary run; returns what is wrong with it, if anything is.
    pub(crate) async fn run_ordinary(&self) -> Option<String> {
        let pipeline = Attack::default().pipeline(&self.base, &LimitsPatch::default());
        let rendered = tokio::time::timeout(self.timeout, self.observe_run(&self.ordinary, pipeline)).await;
        match rendered {
            Err(_) => Some(format!("ordinary run did not end within {} s", self.timeout.as_secs())),
            Ok(Err(why)) => Some(format!("ordinary run failed: {}", why.describe())),
            Ok(Ok(rendered)) if rendered.ends_with("finished passed: every gate passed") => None,
            Ok(Ok(rendered)) => {
                Some(format!("ordinary run ended with: {}", rendered.lines().last().unwrap_or_default()))
            }
        }
    }

    pub(crate) async fn run_attack(&self, attack: &Attack) -> AttackResult {
        let before = resident();
        let began = Instant::now();
        let beside = self.run_ordinary();
        let hostile = async {
            let pipeline = attack.pipeline(&self.base, &self.lifted_limits);
            let rendered = tokio::time::timeout(self.timeout, self.observe_run(&self.attacked, pipeline)).await;
            (rendered, began.elapsed())
        };
        let ((rendered, elapsed), beside) = tokio::join!(hostile, beside);
        let growth = before.zip(resident()).map(|(before, after)| after - before);
        let afterwards = self.run_ordinary().await;
        let mut faults = Vec::new();
        let rendered = match rendered {
            Ok(Ok(rendered)) => rendered,
            Ok(Err(why)) => format!("not run: {}", why.describe()),
            Err(_) => {
                faults.push(format!("not stopped within {} ms", self.timeout.as_millis()));
                String::new()
            }
        };
        if faults.is_empty() {
            faults.extend(compare(attack, &rendered));
        }
        faults.extend(beside.into_iter().chain(afterwards));
        faults.extend(
            growth
                .filter(|growth| *growth > MAX_GROWTH_BYTES)
                .map(|growth| format!("memory of the host grew by {growth} bytes")),
        );
        let first = attack.seen.first().map_or("", String::as_str);
        let decisive = rendered.lines().find(|line| line.contains(first) && !first.is_empty());
        let outcome = decisive.or(rendered.lines().last()).unwrap_or("nothing was recorded");
        AttackResult {
            attack: attack.name.clone(),
            bound: attack.bound.clone(),
            held: faults.is_empty(),
            outcome: outcome.to_owned(),
            faults,
            elapsed_ms: elapsed.as_millis() as u64,
            growth_bytes: growth,
        }
    }

    /// Runs a whole run and renders it.
    pub(crate) async fn observe_run(&self, task: &TaskSource, pipeline: Pipeline) -> Result<String, Error> {
        let file = "verify-sandbox".to_owned();
        let embedded = embedded(pipeline.plugin_names());
        let pipeline = Arc::new(pipeline);
        let pipeline = LoadedPipeline { pipeline, dir: PathBuf::new(), file, feedback_from_flag: None, embedded };
        let nobody: Arc<dyn Observer> = Arc::new(NoObserver);
        let created = match self.host.create(NewRun::new(task, &pipeline, &self.config), &nobody).await {
            Ok(created) => created,
            Err(why) => return Ok(format!("not loaded: {}", one_line(&why.describe()))),
        };
        let log = Arc::new(LogCollector::default());
        let observer: Arc<dyn Observer> = log.clone();
        let run = created.id().clone();
        match self.host.run_created(created, observer, &StopSignal::default()).await {
            // An error is recorded as the last event.
            Ok(RunOutcome::Finished(..) | RunOutcome::Stopped(_) | RunOutcome::Waiting { .. }) | Err(_) => {}
        }
        render_run(self.host.journal().as_ref(), &run, &log)
    }
}

/// Raises limits of compilation to their defaults where the operator set less, since the attackers must compile.
fn for_attackers(engine: EngineSettings) -> EngineSettings {
    let usual = EngineSettings::default();
    EngineSettings {
        max_component_bytes: engine.max_component_bytes.max(usual.max_component_bytes),
        max_functions: engine.max_functions.max(usual.max_functions),
        max_code_bytes: engine.max_code_bytes.max(usual.max_code_bytes),
        max_function_bytes: engine.max_function_bytes.max(usual.max_function_bytes),
        max_function_weight: engine.max_function_weight.max(usual.max_function_weight),
        max_inner_instances: engine.max_inner_instances.max(usual.max_inner_instances),
        max_compile_ms: engine.max_compile_ms.max(usual.max_compile_ms),
        max_compile_memory_bytes: engine.max_compile_memory_bytes.max(usual.max_compile_memory_bytes),
        ..engine
    }
}

/// Returns the differences of a rendered run from the expectations of its attack.
fn compare(attack: &Attack, rendered: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let mut rest = rendered;
    for expected in &attack.seen {
        match rest.find(expected.as_str()) {
            Some(place) => rest = rest.get(place + expected.len()..).unwrap_or_default(),
            None => {
                faults.push(format!("expected text is missing: {expected}"));
                break;
            }
        }
    }
    let missing = attack.each.iter().filter(|expected| !rendered.contains(expected.as_str()));
    faults.extend(missing.map(|expected| format!("expected text is missing: {expected}")));
    let unwanted = attack.never.iter().filter(|unwanted| rendered.contains(unwanted.as_str()));
    faults.extend(unwanted.map(|unwanted| format!("forbidden text is present: {}", unwanted.escape_debug())));
    if let Some(most) = attack.shorter.filter(|most| rendered.len() > *most) {
        faults.push(format!("the rendered run has {} bytes, at most {most} are expected", rendered.len()));
    }
    faults
}

fn task(id: &str, folder: &Path) -> Result<TaskSource, Error> {
    let task = Task {
        id: id.parse()?,
        project_id: None,
        description: "Write a program that knows the answer.".to_owned(),
        requirements: vec!["The answer is 42.".to_owned()],
        context_files: Vec::new(),
        constraints: Vec::new(),
        language: None,
        repo: None,
        base: None,
        acceptance: Vec::new(),
    };
    Ok(TaskSource { task, folder: folder.to_owned(), reserved: ReservedPaths::default(), repository: None, file: None })
}

/// A temporary folder with the script of answers; removed when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new() -> std::io::Result<Self> {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let name = format!("phasegate-verify-{}-{}", std::process::id(), since.as_nanos());
        let folder = std::env::temp_dir().join(name);
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&folder)?;
        let folder = Self(folder);
        std::fs::write(folder.0.join("answers.toml"), ANSWERS)?;
        Ok(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
