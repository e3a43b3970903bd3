//! The run of a repository's own tests before the change.
//!
//! It is made once in a run, when a suite runs first, and recorded as an event with a blob. Runs that start from the same tree
//! with the same runner share it through the cache. A run that hit a limit that depends on the machine is recorded and not
//! cached.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use phasegate_process::gate::Baseline;
use phasegate_process::testing::{TestRun, Totals};
use phasegate_process::{AttemptId, Digest, Event};
use phasegate_sandbox::{Call, Plugin};

use super::TestBase;
use super::cache::BaselineCache;
use super::results::sort_results;
use crate::error::Error;
use crate::observer::Activity;
use crate::run::context::RunContext;
use crate::run::limit_hit::LimitHit;
use crate::run::test_run::execution::run_each_file;
use crate::run::test_run::session::Session;
use crate::store::blobs::json_blob;

/// A recorded baseline.
pub(crate) struct KnownBaseline {
    pub(crate) digest: Digest,
    pub(crate) baseline: Baseline,
}

/// Returns the baseline of the run for this runner. Runs the tests and records the result if there is none.
pub(crate) async fn find_baseline(
    context: &Arc<RunContext>,
    at: &AttemptId,
    language: &str,
    runner: &Plugin,
    base: &TestBase,
) -> Result<KnownBaseline, Error> {
    let component = context.component_of(runner.name())?;
    if let Some(known) = recorded(context, &component)? {
        return Ok(known);
    }
    if context.take_recorded(at, |event| matches!(event, Event::BaselineRan { .. }))?
        && let Some(known) = recorded(context, &component)?
    {
        return Ok(known);
    }
    let began = Instant::now();
    let call = context.new_call(runner, String::new());
    let cache = match context.replay_check() {
        Some(_) => None,
        None => BaselineCache::open(
            context.host.baselines().as_deref(),
            &base.identity,
            &component,
            base.seed(),
            &call.limits,
        ),
    };
    let (baseline, limit) = match cache.as_ref().and_then(BaselineCache::find) {
        Some(known) => (known, None),
        None => {
            let made = run_baseline(context, at, language, (runner, component), base).await;
            if let (Some(cache), (baseline, None)) = (&cache, &made) {
                cache.store(baseline);
            }
            made
        }
    };
    let blob = json_blob(&baseline);
    let totals = Totals::of(&baseline.tests);
    let ran = Event::BaselineRan {
        at: at.clone(),
        run: blob.digest.clone(),
        tests: totals.all() as u64,
        passed: totals.passed as u64,
        elapsed_ms: began.elapsed().as_millis() as u64,
        limit,
    };
    let digest = blob.digest.clone();
    context.append_all(vec![ran], vec![blob])?;
    Ok(KnownBaseline { digest, baseline })
}

/// Returns the recorded baseline if this runner made it.
fn recorded(context: &RunContext, runner: &Digest) -> Result<Option<KnownBaseline>, Error> {
    let Some(digest) = context.state().baseline.clone() else { return Ok(None) };
    let baseline: Baseline = context.json(&digest)?;
    Ok((baseline.runner == *runner).then_some(KnownBaseline { digest, baseline }))
}

/// Runs the tests. Also returns the limit that was hit and depends on the machine.
async fn run_baseline(
    context: &RunContext,
    at: &AttemptId,
    language: &str,
    (runner, component): (&Plugin, Digest),
    base: &TestBase,
) -> (Baseline, Option<String>) {
    let hit = LimitHit::new(at);
    let (done, all) = (AtomicUsize::new(0), base.tests.len());
    let on_file = |_: &str, _: &TestRun| {
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        let what = format!("tests of the repository before the change: {done} of {all} files");
        let fraction = Some(done as f32 / all.max(1) as f32);
        context.on_activity(at, Activity::Progress { what, fraction });
    };
    let call = Call { seed: base.seed(), ..context.new_call(runner, String::new()) };
    let session = Session::new(runner, call, &hit);
    let session = session.with_probes().with_observer(&on_file);
    let files = run_each_file(&session, &base.unchanged(), &[], &base.tests).await;
    let (tests, mut not_run) = sort_results(files);
    not_run.extend(base.unreadable.iter().cloned());
    not_run.sort_by(|a, b| a.path.cmp(&b.path));
    let baseline =
        Baseline { language: language.to_owned(), runner: component, tests, not_run, left_out: base.left_out };
    (baseline, hit.first())
}
