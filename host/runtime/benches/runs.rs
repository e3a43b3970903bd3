//! Whole runs, host overhead only: ten steps, ten model calls, artifacts of 2 KB; the design review and the test gate each
//! fail once. The same shape as the usual comparison of orchestrators. Answers are scripted and come at once, or after
//! 50 ms. Prints milliseconds a run; divide by ten for a step. `cargo bench -p phasegate-runtime`.

#![allow(clippy::unwrap_used, missing_docs)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use phasegate_journal::{Journal, MemoryJournal, SqliteJournal};
use phasegate_process::source::Source;
use phasegate_process::task::Task;
use phasegate_runtime::{
    BUNDLED, BudgetOverride, Config, Host, HostConfig, LoadedPipeline, NewRun, NoObserver, Observer, ReservedPaths,
    RunOutcome, StopSignal, TaskSource, Trust,
};
use phasegate_sandbox::EngineSettings;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../plugins/dist/fixtures");

fn pipeline() -> String {
    let producing = |name: &str, reads: &str| {
        format!(
            "[[phase]]\nname = \"{name}\"\nagent = \"fixture\"\nreads = [{reads}]\n\
             produces = [{{ name = \"{name}_out\", kind = \"note\" }}]\nsettings = {{ ask = \"{name}\" }}\n"
        )
    };
    let gate = |name: &str, back: &str| {
        format!(
            "[[phase]]\nname = \"{name}\"\nagent = \"fixture\"\nreads = [\"{back}_out\"]\n\
             [phase.settings]\nask = \"{name}\"\nattempts = [{{ findings = {{ issues = [{{ phase_injected = \"{back}\" }}] }} }}, {{ findings = {{}} }}]\n\
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
        format!("[plugins.fixture]\npath = \"{FIXTURES}/agent.wasm\"\ngrants = {{ models = [\"default\"], test-bench = [\"lines\"] }}\n"),
        "[[kind]]\nname = \"note\"\nschema = \"note.json\"\n".to_owned(),
    ]
    .concat()
}

struct Bench {
    runtime: tokio::runtime::Runtime,
    host: Host,
    config: Config,
    pipeline: LoadedPipeline,
    task: TaskSource,
    _dir: tempfile::TempDir,
}

impl Bench {
    fn new(durable: bool, delay_ms: u64) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: String| std::fs::write(dir.path().join(name), text).unwrap();
        let body = format!("{{\\\"body\\\": \\\"{}\\\"}}", "x".repeat(2000));
        write("answers.toml", format!("[[answer]]\nlabel = \"*\"\ndelay_ms = {delay_ms}\ntext = \"{body}\"\n"));
        write("note.json", "{}".to_owned());
        write("pipeline.toml", pipeline());
        let settings = "[models]\ndefault = \"scripted:answers.toml\"\nconcurrency = 10000\n";
        write("phasegate.toml", settings.to_owned());
        let config = Config::find(None, dir.path(), &Trust::default()).unwrap();
        let pipeline = config.load_pipeline(Some("pipeline.toml"), None, dir.path(), &BUNDLED).unwrap();
        let text = "task_id = \"BENCH\"\ndescription = \"measure the host\"\n";
        let task = Task::parse(Source { file: "task.toml", text }).unwrap();
        let task =
            TaskSource { task, folder: dir.path().to_owned(), reserved: ReservedPaths::default(), repository: None };
        let journal: Arc<dyn Journal> = if durable {
            Arc::new(SqliteJournal::open(&dir.path().join("state")).unwrap())
        } else {
            Arc::new(MemoryJournal::new())
        };
        let engine = EngineSettings { cache_dir: Some(dir.path().join("cache")), ..EngineSettings::default() };
        let host = Host::new(HostConfig {
            journal,
            engine,
            overlap: true,
            env: Arc::new(|_| None),
            budget_override: BudgetOverride::default(),
            current_providers: Vec::new(),
            repository: None,
            offline: false,
            shared_budget: None,
            trust: Arc::default(),
            config: None,
        })
        .unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        Self { runtime, host, config, pipeline, task, _dir: dir }
    }

    async fn one(&self) {
        let observer: Arc<dyn Observer> = Arc::new(NoObserver);
        let new = NewRun::new(&self.task, &self.pipeline, &self.config);
        let run = self.host.create(new, &observer).await.unwrap();
        let ended = self.host.run(&run, observer, &StopSignal::default()).await.unwrap();
        assert!(matches!(ended, RunOutcome::Finished(phasegate_process::RunStatus::Passed, _)), "{ended:?}");
    }

    /// Rounds of so many runs at once; the whole time.
    fn at_once(&self, runs: usize, rounds: u64) -> Duration {
        let began = Instant::now();
        for _ in 0..rounds {
            self.runtime.block_on(async {
                futures::future::join_all((0..runs).map(|_| self.one())).await;
            });
        }
        began.elapsed()
    }
}

fn runs(criterion: &mut Criterion) {
    let memory = Bench::new(false, 0);
    criterion.bench_function("one run, ten steps, in memory", |bencher| {
        bencher.iter_custom(|rounds| memory.at_once(1, rounds));
    });
    drop(memory);
    let durable = Bench::new(true, 0);
    criterion.bench_function("one run, ten steps, durable", |bencher| {
        bencher.iter_custom(|rounds| durable.at_once(1, rounds));
    });
    drop(durable);
    let waiting = Bench::new(true, 50);
    let mut group = criterion.benchmark_group("a thousand runs at once, 50 ms models, durable");
    group.sample_size(10).bench_function("ideal is 0.5 s", |bencher| {
        bencher.iter_custom(|rounds| waiting.at_once(1000, rounds));
    });
}

criterion_group!(benches, runs);
criterion_main!(benches);
