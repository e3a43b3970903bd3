//! Test runs: trial runs for agents, and the run that decides a gate.
//!
//! The deciding run reads the code from the journal by digest. It runs the suite of this attempt, the kept tests of earlier
//! attempts and the repository's own tests: see [`execution`] for what is guaranteed about the outcomes.

pub(crate) mod collection;
pub(crate) mod deciding;
pub(crate) mod execution;
pub(crate) mod kept;
pub(crate) mod names;
pub(crate) mod probe;
pub(crate) mod report;
pub(crate) mod repository;
pub(crate) mod session;
pub(crate) mod stopped;
pub(crate) mod suite;
pub(crate) mod test_paths;
pub(crate) mod tested;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

use phasegate_process::artifact::kinds;
use phasegate_process::gate::{RepositoryTests, SuiteRun};
use phasegate_process::pipeline::Pipeline;
use phasegate_process::state::SuiteWork;
use phasegate_process::testing::{BenchError, File, TestRun};
use phasegate_process::{Event, PluginName};
use phasegate_sandbox::{CpuMeter, Plugin};
use serde_json::Value;

use self::collection::{ask, errors_elsewhere};
use self::deciding::run_and_keep;
use self::execution::run_suite_files;
use self::kept::Earlier;
use self::report::limit_errors;
use self::repository::TestBase;
use self::repository::baseline::find_baseline;
use self::repository::compare::Before;
use self::session::Session;
use self::suite::{Code, TestSuite};
use self::tested::{Tested, TestedCode};
use crate::error::Error;
use crate::run::context::RunContext;
use crate::run::limit_hit::LimitHit;
use crate::store::blobs::json_blob;

/// Runs the tests that decide a gate and records the result.
pub(crate) async fn run_suite(context: &Arc<RunContext>, work: SuiteWork) -> Result<(), Error> {
    let is_suite_run = |event: &Event| matches!(event, Event::TestsRan { call: None, .. });
    if context.take_recorded(&work.at, is_suite_run)? || context.take_without_repository(&work.at, is_suite_run).await?
    {
        return Ok(());
    }
    let mut began = Instant::now();
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
        repository: RepositoryTests::default(),
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
            let task = context.current_artifact(kinds::TASK_REQUIREMENTS)?;
            let base = context.test_base().await?;
            let known = match &base {
                Some(base) => Some(find_baseline(context, &work.at, &code.language, &runner, base).await?),
                None => None,
            };
            // The baseline has its own event with its own time.
            began = Instant::now();
            let before = base.as_ref().zip(known.as_ref());
            let before = before.map(|(base, known)| Before { base, known, deleted: &code.deleted });
            let tested = add_base(context, &code.tested(), base.as_deref())?;
            let session = new_session(context, &runner, &hit).with_probes();
            run_and_keep(&session, &tested, &suite, earlier, before, task.as_ref(), &mut run).await;
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

/// Runs tests for an agent. The result decides nothing.
pub(crate) async fn run_trial(
    context: &RunContext,
    language: &str,
    code: &TestedCode,
    tests: &[File],
    hit: &LimitHit,
) -> Result<Result<TestRun, BenchError>, Error> {
    let bad = tests.iter().find_map(|file| Some((&file.path, context.paths.fault(&file.path)?)));
    if let Some((path, why)) = bad {
        return Ok(Err(BenchError::Invalid(format!("path \"{}\": {why}", path.escape_debug()))));
    }
    let runner = match find_runner(context, language).await? {
        Ok(runner) => runner,
        Err(why) => return Ok(Err(BenchError::NoRunner(why))),
    };
    let base = context.test_base().await?;
    let tested = add_base(context, code, base.as_deref())?;
    // One trial per run at a time: an agent may start many, and trials of other runs must not queue behind all of them.
    let _one = context.trial.acquire().await;
    let session = new_session(context, &runner, hit);
    Ok(Ok(run_suite_files(&session, &tested, tests).await.run))
}

/// Runs tests that no agent has seen on the code. Returns the reason if no runner serves its language.
pub(crate) async fn run_held_out(
    context: &Arc<RunContext>,
    code: &Code,
    tests: &[File],
    hit: &LimitHit,
) -> Result<Result<TestRun, String>, Error> {
    let runner = match find_runner(context, &code.language).await? {
        Ok(runner) => runner,
        Err(why) => return Ok(Err(why)),
    };
    let base = context.test_base().await?;
    let tested = add_base(context, &code.tested(), base.as_deref())?;
    let session = new_session(context, &runner, hit).with_probes();
    let mut run = run_suite_files(&session, &tested, tests).await.run;
    run.build_errors = limit_errors(run.build_errors);
    Ok(Ok(run))
}

/// Checks that code parses. Code in a language without a runner is not checked, and base files that do not parse are no
/// fault. Code may not configure its tests, and code for a repository may bring none where a gate runs a suite. The runner's
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
    let has_repository = context.has_repository();
    let has_suite =
        context.pipeline.phases.iter().any(|phase| phase.gate.as_ref().is_some_and(|gate| gate.tests.is_some()));
    if has_repository && has_suite {
        let tests = code.files.iter().filter(|file| has_tests(file));
        let faults = tests.map(|file| {
            format!("{}: code may not add or change tests of the repository; leave that to the test suite", file.path)
        });
        let faults: Vec<String> = faults.collect();
        if !faults.is_empty() {
            return Ok(Err(limit_errors(faults)));
        }
    }
    let (language, code) = (code.language.clone(), code.tested());
    match find_runner(context, &language).await? {
        Err(_) => Ok(Ok(())),
        Ok(runner) => {
            let session = new_session(context, &runner, hit);
            let mut base = base_files(context, &code)?;
            if has_repository && !context.lacks_repository().await {
                // Parsing all of a repository would take minutes, and only the code can be at fault.
                base.extend(context.test_base().await?.iter().flat_map(|all| all.manifests(&code)));
            }
            let files: Vec<File> = base.iter().chain(&code.files).cloned().collect();
            let found = ask(&session, &files, &[]).await.map(drop);
            cpu.add(session.cpu.ms());
            Ok(found.or_else(|errors| match limit_errors(errors_elsewhere(errors, &base)) {
                faults if faults.is_empty() => Ok(()),
                faults => Err(faults),
            }))
        }
    }
}

/// Returns whether a file has the name of a test file and defines tests.
fn has_tests(file: &File) -> bool {
    test_paths::is_named_as_test(&file.path)
        && ["def test", "class Test"].iter().any(|word| file.content.contains(word))
}

async fn find_runner(context: &RunContext, language: &str) -> Result<Result<Plugin, String>, Error> {
    match runner_of(&context.pipeline, language) {
        Ok(name) => context.plugin(name).await.map(Ok),
        Err(why) => Ok(Err(why)),
    }
}

/// Returns the test runner of a pipeline for this language, or the reason why there is none.
pub(crate) fn runner_of<'a>(pipeline: &'a Pipeline, language: &str) -> Result<&'a PluginName, String> {
    pipeline.runner_for(language).map(|(_, runner)| runner).ok_or_else(|| {
        let language: String = language.chars().take(40).collect();
        let language = language.escape_debug();
        match pipeline.runners.keys().map(String::as_str).collect::<Vec<_>>().as_slice() {
            [] => format!("no runner serves the language `{language}`; the pipeline has no test runner"),
            known => format!("no runner serves the language `{language}`; there are runners for: {}", known.join(", ")),
        }
    })
}

fn new_session<'a>(context: &RunContext, runner: &'a Plugin, hit: &'a LimitHit) -> Session<'a> {
    Session::new(runner, context.new_call(runner, String::new()), hit)
}

/// Returns the code together with the base files of the task and of the repository that it neither replaces nor deletes.
fn add_base(context: &RunContext, code: &TestedCode, repository: Option<&TestBase>) -> Result<Tested<'static>, Error> {
    let mut files = base_files(context, code)?;
    files.extend(code.files.iter().cloned());
    Ok(match repository {
        None => Tested::new(files),
        Some(base) => base.with_code(&TestedCode { files, deleted: code.deleted.clone() }),
    })
}

/// Returns the base files of the task that this code neither replaces nor deletes.
fn base_files(context: &RunContext, code: &TestedCode) -> Result<Vec<File>, Error> {
    let base: Vec<_> = {
        let state = context.state();
        let of = |name| state.artifacts.get(name).map(|artifact| (artifact.name.clone(), artifact.digest.clone()));
        state.created.base.iter().filter_map(of).collect()
    };
    let replaced: HashSet<&str> =
        code.files.iter().map(|file| &file.path).chain(&code.deleted).map(String::as_str).collect();
    let mut files = Vec::new();
    for (name, digest) in base {
        let path = name.as_str().strip_prefix("context/").unwrap_or(name.as_str()).to_owned();
        if !replaced.contains(path.as_str()) {
            let bytes = context.blob(&digest)?;
            // Runners take text, so files that are not UTF-8 are left out.
            if let Ok(content) = String::from_utf8(bytes) {
                files.push(File { path, content });
            }
        }
    }
    Ok(files)
}
