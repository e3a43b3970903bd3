//! Runs the acceptance tests of a task on the delivered code: each test file in a new instance of the runner.
//!
//! The code comes from the journal by digest, the tests from the first event of the run. No agent is asked, and the tests of the
//! run's own suite take no part. A test that cannot be run is a result and no error.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

use phasegate_process::acceptance::{AcceptanceRun, AcceptanceTests};
use phasegate_process::testing::{File, Totals};
use phasegate_process::{Digest, Event};

use crate::error::Error;
use crate::run::context::RunContext;
use crate::run::limit_hit::LimitHit;
use crate::run::test_run::run_held_out;
use crate::run::test_run::suite::Code;
use crate::store::blobs::json_blob;

/// Runs the tests on this code and records the result.
pub(crate) async fn run_acceptance_tests(context: &Arc<RunContext>, code: Option<Digest>) -> Result<(), Error> {
    if let Some(check) = context.replay_check() {
        let obstacle = context.lacks_repository().await.then_some("the repository cannot be read here");
        if let Some(recorded) = check.acceptance(obstacle) {
            return context.append(recorded);
        }
    }
    let began = Instant::now();
    let hit = LimitHit::of_acceptance_tests();
    let pinned = context.state().created.acceptance.clone();
    let pinned = pinned.ok_or_else(|| Error::host_failed("a run without acceptance tests cannot run them"))?;
    let run = match code {
        None => AcceptanceRun::not_run(None, "the pipeline makes no code"),
        Some(digest) => test(context, digest, &pinned, &hit).await?,
    };
    let blob = json_blob(&run);
    let totals = Totals::of(&run.tests);
    let tested = Event::AcceptanceTested {
        run: blob.digest.clone(),
        acceptance: run.judge(&pinned.files),
        tests: totals.all() as u64,
        passed: totals.passed as u64,
        elapsed_ms: began.elapsed().as_millis() as u64,
        limit: hit.first(),
    };
    context.append_all(vec![tested], vec![blob])
}

async fn test(
    context: &Arc<RunContext>,
    digest: Digest,
    pinned: &AcceptanceTests,
    hit: &LimitHit,
) -> Result<AcceptanceRun, Error> {
    let mut code: Code = context.json(&digest)?;
    let suite = pinned.files.iter().map(|file| {
        let content = String::from_utf8_lossy(&context.blob(&file.content)?).into_owned();
        Ok(File { path: file.path.clone(), content })
    });
    let suite = suite.collect::<Result<Vec<_>, Error>>()?;
    // Where the code has a file of the same path, the tests keep theirs.
    let taken: HashSet<&str> = suite.iter().map(|file| file.path.as_str()).collect();
    code.files.retain(|file| !taken.contains(file.path.as_str()));
    Ok(match run_held_out(context, &code, &suite, hit).await? {
        Err(why) => AcceptanceRun::not_run(Some(digest), why),
        Ok(run) => {
            AcceptanceRun { code: Some(digest), not_run: None, build_errors: run.build_errors, tests: run.tests }
        }
    })
}
