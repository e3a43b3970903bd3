//! Test runs: trial runs for agents, and the run that decides a gate.
//!
//! The deciding run reads the code from the journal by digest. It runs the suite of this attempt and the kept tests of
//! earlier attempts, each test file in a new instance of the runner. Every collected test has an outcome: a test that
//! does not report has errored. A runner that traps or exceeds a limit fails the tests of the file that it runs, and no
//! others.

pub(crate) mod kept;
pub(crate) mod report;
pub(crate) mod suite;

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::{FutureExt, StreamExt, stream};
use phasegate_process::artifact::kinds;
use phasegate_process::gate::{KeptTest, SuiteRun};
use phasegate_process::state::SuiteWork;
use phasegate_process::testing::{BenchError, File, TestCase, TestRun};
use phasegate_process::{Event, artifact};
use phasegate_sandbox::{Call, CallError, CallErrorKind, CpuMeter, Plugin};
use serde_json::Value;

use self::kept::{Earlier, base_name, file_of};
use self::report::{add_unreported, all_errored, limit_errors, reject_excess};
use self::suite::{Code, TestSuite};
use crate::error::Error;
use crate::run::context::RunContext;
use crate::run::limit_hit::LimitHit;
use crate::store::blobs::json_blob;
use crate::text::truncate_text;

/// The most test files of one suite that run at the same time.
const MAX_PARALLEL_FILES: usize = 2;

/// The most tests that a suite may have.
const MAX_TESTS: usize = 2_000;

/// A test run may take this many times the `wall_ms` of one call of the runner: one hour with the default limits, like
/// an agent.
const SUITE_TIME_FACTOR: u32 = 12;

/// A test run under way.
struct Session<'a> {
    context: &'a RunContext,
    runner: &'a Plugin,
    hit: &'a LimitHit,
    /// The computing time of all calls of the runner.
    cpu: CpuMeter,
    began: Instant,
}

impl<'a> Session<'a> {
    fn new(context: &'a RunContext, runner: &'a Plugin, hit: &'a LimitHit) -> Self {
        Self { context, runner, hit, cpu: CpuMeter::default(), began: Instant::now() }
    }

    /// Returns an error if the test run as a whole has taken too long.
    fn time_exceeded(&self) -> Option<CallError> {
        let doing = format!("{}, all its tests together", self.hit.attempt());
        let wall_ms = self.context.new_call(self.runner, String::new()).limits.wall_ms.get();
        let limit_ms = wall_ms.saturating_mul(SUITE_TIME_FACTOR.into());
        let over = self.began.elapsed() > Duration::from_millis(limit_ms);
        over.then(|| CallError {
            plugin: self.runner.name().clone(),
            doing,
            kind: CallErrorKind::WallClock { limit_ms },
        })
    }
}

/// Runs the tests that decide a gate and records the result.
pub(crate) async fn run_suite(context: &Arc<RunContext>, work: SuiteWork) -> Result<(), Error> {
    if context.take_recorded(&work.at, |event| matches!(event, Event::TestsRan { call: None, .. }))? {
        return Ok(());
    }
    let began = Instant::now();
    let hit = LimitHit::new(&work.at);
    let code: Code = context.json(&work.code)?;
    let suite: TestSuite = context.json(&work.suite)?;
    let mut run = SuiteRun {
        language: code.language.clone(),
        code: work.code.clone(),
        suite: work.suite.clone(),
        no_runner: None,
        build_errors: Vec::new(),
        collected: Vec::new(),
        kept: Vec::new(),
        tests: Vec::new(),
        dropped: Vec::new(),
        uncovered: Vec::new(),
    };
    match find_runner(context, &code.language).await? {
        Err(why) => run.no_runner = Some(why),
        Ok(runner) => {
            let earlier = work.earlier.iter().map(|known| {
                let run: Option<SuiteRun> = known.run.as_ref().map(|run| context.json(run)).transpose()?;
                let suite = context.json(&known.suite)?;
                let collected = run.map(|run| run.collected).unwrap_or_default();
                Ok(Earlier { attempt: known.attempt, suite, collected })
            });
            let earlier = earlier.collect::<Result<Vec<_>, Error>>()?;
            run_and_keep(&Session::new(context, &runner, &hit), &code, &suite, earlier, &mut run).await?;
        }
    }
    let blob = json_blob(&run);
    let ran = Event::TestsRan {
        at: work.at,
        call: None,
        run: blob.digest.clone(),
        code: Some(work.code),
        request: None,
        elapsed_ms: began.elapsed().as_millis() as u64,
        limit: hit.first(),
    };
    context.append_all(vec![ran], vec![blob])
}

async fn run_and_keep(
    session: &Session<'_>,
    code: &Code,
    suite: &TestSuite,
    mut earlier: Vec<Earlier>,
    run: &mut SuiteRun,
) -> Result<(), Error> {
    let files = add_base_files(session.context, &code.files)?;
    // A suite that failed to load in its own attempt is collected again: the code may define by now what was missing.
    for known in earlier.iter_mut().filter(|known| known.collected.is_empty()) {
        known.collected = collect(session, &files, &known.suite.files).await.unwrap_or_default();
    }
    match collect(session, &files, &suite.files).await {
        Err(errors) => run.build_errors = errors,
        Ok(collected) => {
            let ran = run_files(session, &files, &suite.files, &collected).await;
            run.build_errors.extend(ran.build_errors);
            run.tests.extend(ran.tests);
            run.collected = collected;
        }
    }
    let kept = kept::select_kept(suite, &run.collected, &earlier);
    run.dropped = kept.dropped;
    for group in kept.groups {
        let ran = match collect(session, &files, &group.files).await {
            Err(errors) => TestRun { build_errors: Vec::new(), tests: all_errored(&group.tests, &errors.join("; ")) },
            Ok(_) => run_files(session, &files, &group.files, &group.tests).await,
        };
        let wanted = |test: &TestCase| group.tests.iter().any(|name| name == base_name(&test.name));
        let ran = TestRun { build_errors: ran.build_errors, tests: ran.tests.into_iter().filter(wanted).collect() };
        let mut tests = add_unreported(ran, &group.tests).tests;
        // Build errors of a kept file are not reported apart: all of its tests have errored with them.
        tests.iter_mut().for_each(|test| test.name = format!("{} (kept from attempt {})", test.name, group.attempt));
        run.tests.extend(tests);
        run.kept.extend(group.tests.into_iter().map(|test| KeptTest { test, attempt: group.attempt }));
    }
    let requirements = session.context.current_artifact(kinds::TASK_REQUIREMENTS)?;
    run.uncovered = kept::uncovered(requirements.as_ref(), suite, &earlier, run);
    Ok(())
}

/// Runs tests for an agent. The result decides nothing.
pub(crate) async fn run_trial(
    context: &RunContext,
    language: &str,
    code: &[File],
    tests: &[File],
    hit: &LimitHit,
) -> Result<Result<TestRun, BenchError>, Error> {
    let bad = tests.iter().find_map(|file| Some((&file.path, artifact::path_fault(&file.path)?)));
    if let Some((path, why)) = bad {
        return Ok(Err(BenchError::Invalid(format!("path \"{}\": {why}", path.escape_debug()))));
    }
    let runner = match find_runner(context, language).await? {
        Ok(runner) => runner,
        Err(why) => return Ok(Err(BenchError::NoRunner(why))),
    };
    let code = add_base_files(context, code)?;
    // One trial per run at a time: an agent may start many, and trials of other runs must not queue behind all of them.
    let _one = context.trial.acquire().await;
    let session = Session::new(context, &runner, hit);
    Ok(Ok(match collect(&session, &code, tests).await {
        Err(build_errors) => TestRun { build_errors, tests: Vec::new() },
        Ok(collected) => run_files(&session, &code, tests, &collected).await,
    }))
}

/// Checks that code parses and that its imports resolve. Code in a language without a runner is not checked. The runner's
/// computing time is added to `cpu`.
pub(crate) async fn check_build(
    context: &RunContext,
    code: &Value,
    hit: &LimitHit,
    cpu: &CpuMeter,
) -> Result<Result<(), Vec<String>>, Error> {
    let Ok(code) = serde_json::from_value::<Code>(code.clone()) else { return Ok(Ok(())) };
    let framework = |file: &&File| file.path.rsplit('/').next() == Some("conftest.py");
    if let Some(file) = code.files.iter().find(framework) {
        let why = format!("{}: code may not configure its own tests; leave it to the test suite", file.path);
        return Ok(Err(vec![why]));
    }
    match find_runner(context, &code.language).await? {
        Err(_) => Ok(Ok(())),
        Ok(runner) => {
            let session = Session::new(context, &runner, hit);
            let found = collect(&session, &add_base_files(context, &code.files)?, &[]).await.map(drop);
            cpu.add(session.cpu.ms());
            Ok(found)
        }
    }
}

async fn find_runner(context: &RunContext, language: &str) -> Result<Result<Plugin, String>, Error> {
    match context.pipeline.runners.get(&language.to_lowercase()) {
        Some(name) => context.plugin(name).await.map(Ok),
        None => {
            let known: Vec<_> = context.pipeline.runners.keys().map(String::as_str).collect();
            let language: String = language.chars().take(40).collect();
            Ok(Err(format!(
                "no runner serves the language `{}`; there are runners for: {}",
                language.escape_debug(),
                known.join(", ")
            )))
        }
    }
}

async fn collect(session: &Session<'_>, code: &[File], tests: &[File]) -> Result<Vec<String>, Vec<String>> {
    let Session { context, runner, hit, cpu, .. } = session;
    let new_call = context.new_call(runner, format!("{}, collecting tests", hit.attempt()));
    let call = Call { cpu: cpu.clone(), ..new_call };
    match runner.collect(code, tests, &call).await {
        Ok(Ok(names)) if names.len() > MAX_TESTS => {
            Err(vec![format!("the suite has {} tests; at most {MAX_TESTS} are run", names.len())])
        }
        Ok(collected) => collected,
        Err(error) => Err(vec![hit.record(error)]),
    }
    .map_err(limit_errors)
}

/// Runs these tests file by file. Each of them has an outcome in the result.
async fn run_files(session: &Session<'_>, code: &[File], tests: &[File], names: &[String]) -> TestRun {
    let mut paths: Vec<&str> = names.iter().map(|name| file_of(name)).collect();
    paths.dedup();
    paths.sort_unstable();
    paths.dedup();
    let mut runs = Vec::new();
    for path in paths {
        runs.push(run_file(session, code, tests, names, path).boxed());
    }
    let runs: Vec<TestRun> = stream::iter(runs).buffered(MAX_PARALLEL_FILES).collect().await;
    let mut whole = TestRun::default();
    for run in runs {
        whole.build_errors.extend(run.build_errors);
        whole.tests.extend(run.tests);
    }
    reject_excess(whole, names)
}

async fn run_file(session: &Session<'_>, code: &[File], tests: &[File], names: &[String], path: &str) -> TestRun {
    let Session { context, runner, hit, .. } = session;
    let wanted: Vec<_> = names.iter().filter(|name| file_of(name) == path).cloned().collect();
    let call = context.new_call(runner, format!("{}, running {path}", hit.attempt()));
    let failed = |why: String| TestRun { build_errors: Vec::new(), tests: all_errored(&wanted, &truncate_text(why)) };
    if let Some(error) = session.time_exceeded() {
        return failed(hit.record(error));
    }
    match runner.run_tests(code, tests, path, &call).await {
        Ok(Ok(run)) => add_unreported(run, &wanted),
        Ok(Err(error)) => failed(error.to_string()),
        Err(error) => {
            // The tested code crashed the interpreter; the error text for a faulty plugin would mislead.
            let crashed = matches!(error.kind, CallErrorKind::Trap(_))
                .then(|| format!("the interpreter crashed while it ran this file: {}", error.kind));
            let words = hit.record(error);
            failed(crashed.unwrap_or(words))
        }
    }
}

/// Returns the code together with the base files of the task that it does not replace.
fn add_base_files(context: &RunContext, code: &[File]) -> Result<Vec<File>, Error> {
    let base: Vec<_> = {
        let state = context.state();
        let of = |name| state.artifacts.get(name).map(|artifact| (artifact.name.clone(), artifact.digest.clone()));
        state.created.base.iter().filter_map(of).collect()
    };
    let mut files = Vec::new();
    for (name, digest) in base {
        let path = name.as_str().strip_prefix("context/").unwrap_or(name.as_str()).to_owned();
        if !code.iter().any(|file| file.path == path) {
            let bytes = context.blob(&digest)?;
            // Runners take text, so files that are not UTF-8 are left out.
            if let Ok(content) = String::from_utf8(bytes) {
                files.push(File { path, content });
            }
        }
    }
    files.extend(code.iter().cloned());
    Ok(files)
}
