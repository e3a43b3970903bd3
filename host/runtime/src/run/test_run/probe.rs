//! Probes: runs whose result is known, which show whether the code under test deceives the judge of a runner.
//!
//! Code under test may share an interpreter with what judges it. The runner changes one test that passed so that it must fail,
//! and the changed file runs like any other. If the test passes, no result of that file can be trusted. Because a test may be
//! flaky, a file is distrusted only after several probes in a row passed.
//!
//! Only sessions with probes make them. A probe that cannot be made or does not finish shows nothing; the results then count as they are.

use phasegate_process::testing::{File, Outcome, Probe, TestRun};
use phasegate_sandbox::Call;

use crate::run::test_run::names::base_name;
use crate::run::test_run::session::Session;

/// So many probes of a file must pass before it is distrusted.
const PROBES: u64 = 3;

/// Returns the reason why no result of the file at `path` can be trusted, or `None`.
pub(crate) async fn find_deception(
    session: &Session<'_>,
    code: &[File],
    suite: &[File],
    path: &str,
    run: &TestRun,
) -> Option<String> {
    let passed: Vec<String> =
        run.tests.iter().filter(|test| test.outcome == Outcome::Passed).map(|test| test.name.clone()).collect();
    if !session.probes || passed.is_empty() || !session.runner.has_probe() {
        return None;
    }
    let mut deceived = None;
    for number in 0..PROBES {
        let probe = make_probe(session, suite, path, &passed, number).await?;
        if !passes(session, code, suite, path, &probe).await {
            return None;
        }
        deceived = Some(probe.test);
    }
    let test = deceived?;
    Some(format!(
        "no result of this file can be trusted: `{test}` still passed after it was changed so that it must fail"
    ))
}

async fn make_probe(
    session: &Session<'_>,
    suite: &[File],
    path: &str,
    passed: &[String],
    number: u64,
) -> Option<Probe> {
    let call = session.call(&format!("making a probe of {path}"));
    // Different seeds choose different tests and changes.
    let call = Call { seed: call.seed.wrapping_add(number), ..call };
    session.runner.probe(suite, path, passed, &call).await.ok()?
}

/// Runs the changed file. Returns whether the changed test passes, with any of its parameters.
async fn passes(session: &Session<'_>, code: &[File], suite: &[File], path: &str, probe: &Probe) -> bool {
    let changed: Vec<File> = suite
        .iter()
        .map(|file| match file.path == path {
            true => File { path: file.path.clone(), content: probe.content.clone() },
            false => file.clone(),
        })
        .collect();
    let call = session.call(&format!("running a probe of {path}"));
    let Ok(Ok(run)) = session.runner.run_tests(code, &changed, path, &call).await else { return false };
    run.tests.iter().any(|test| base_name(&test.name) == probe.test && test.outcome == Outcome::Passed)
}
