//! The run that decides a gate: the suite of this attempt, and the kept tests of earlier attempts.

use phasegate_process::gate::{KeptTest, SuiteRun};
use phasegate_process::testing::TestRun;
use serde_json::Value;

use crate::run::test_run::collection::collect;
use crate::run::test_run::execution::{run_files, run_suite_files};
use crate::run::test_run::kept::{Earlier, Group, select_kept, uncovered};
use crate::run::test_run::names::{Wanted, is_file};
use crate::run::test_run::report::{add_unreported, all_errored};
use crate::run::test_run::repository::compare::{Before, run_and_compare};
use crate::run::test_run::session::Session;
use crate::run::test_run::suite::TestSuite;
use crate::run::test_run::tested::Tested;

/// Runs the suite and every kept test on the code, and enters the results into `run`. Runs the repository's own tests if there
/// is a `before`. `requirements` is the task.
pub(crate) async fn run_and_keep(
    session: &Session<'_>,
    tested: &Tested<'_>,
    suite: &TestSuite,
    mut earlier: Vec<Earlier>,
    before: Option<Before<'_>>,
    requirements: Option<&Value>,
    run: &mut SuiteRun,
) {
    // A suite that failed to load in its own attempt is collected again: the code may define by now what was missing.
    for known in earlier.iter_mut().filter(|known| known.collected.is_empty()) {
        known.collected = collect(session, tested.outline(), &known.suite.files).await.unwrap_or_default();
    }
    let ran = run_suite_files(session, tested, &suite.files).await;
    run.build_errors.extend(ran.run.build_errors);
    run.tests.extend(ran.run.tests);
    run.collected = ran.tests;
    let kept = select_kept(suite, &run.collected, &earlier);
    run.dropped = kept.dropped;
    let passed = match &before {
        Some(before) => run_and_compare(session, tested, suite, before, run).await,
        None => Vec::new(),
    };
    for group in kept.groups {
        let mut tests = run_group(session, tested, &group).await.tests;
        // Build errors of a kept file are not reported apart: all of its tests have errored with them.
        tests.iter_mut().for_each(|test| test.name = format!("{} (kept from attempt {})", test.name, group.attempt));
        run.tests.extend(tests);
        run.kept.extend(group.tests.into_iter().map(|test| KeptTest { test, attempt: group.attempt }));
    }
    run.uncovered = uncovered(requirements, suite, &earlier, run, &passed);
}

/// Runs kept tests of one earlier suite. Other tests of the same files are left out; failures of whole files are not.
async fn run_group(session: &Session<'_>, tested: &Tested<'_>, group: &Group) -> TestRun {
    let ran = match collect(session, tested.outline(), &group.files).await {
        Err(errors) => TestRun { build_errors: Vec::new(), tests: all_errored(&group.tests, &errors.join("; ")) },
        Ok(_) => run_files(session, tested, &group.files, &group.tests).await.run,
    };
    let wanted = Wanted::new(&group.tests);
    let counts = |name: &str| is_file(name) || wanted.has(name);
    let tests = ran.tests.into_iter().filter(|test| counts(&test.name)).collect();
    add_unreported(TestRun { build_errors: ran.build_errors, tests }, &group.tests)
}
