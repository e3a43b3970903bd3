//! Validation of a runner's report.

use std::collections::HashMap;

use phasegate_process::testing::{Outcome, TestCase, TestRun};

use crate::run::test_run::kept::base_name;
use crate::text::truncate_text;

/// The most reports that are accepted. A test may report once for each of its parameters.
const MAX_REPORTS: usize = 5_000;

/// The most build errors that are kept.
const MAX_ERRORS: usize = 100;

/// Keeps the first build errors, each cut to the size of a stored text.
pub(crate) fn limit_errors(mut errors: Vec<String>) -> Vec<String> {
    errors.truncate(MAX_ERRORS);
    errors.into_iter().map(truncate_text).collect()
}

/// Drops passes of tests that were not collected and keeps the worse of two reports of one test. Cuts texts that are
/// too long.
fn count_reports(run: TestRun, wanted: &[String]) -> TestRun {
    let mut tests: Vec<TestCase> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    for mut test in run.tests {
        if test.outcome == Outcome::Passed && !wanted.iter().any(|name| name == base_name(&test.name)) {
            continue;
        }
        test.name = truncate_text(test.name);
        test.message = test.message.map(truncate_text);
        test.output = truncate_text(test.output);
        match known.get(&test.name).and_then(|place| tests.get_mut(*place)) {
            Some(before) if before.outcome == Outcome::Passed => *before = test,
            Some(_) => {}
            None => {
                known.insert(test.name.clone(), tests.len());
                tests.push(test);
            }
        }
    }
    TestRun { build_errors: limit_errors(run.build_errors), tests }
}

/// Replaces a report with too many entries: all wanted tests have errored, since any of them may have failed.
pub(crate) fn reject_excess(run: TestRun, wanted: &[String]) -> TestRun {
    if run.tests.len() <= MAX_REPORTS {
        return run;
    }
    let why =
        format!("{} reports of tests came, with those of parameters; at most {MAX_REPORTS} are taken", run.tests.len());
    TestRun { tests: all_errored(wanted, &why), build_errors: vec![why] }
}

/// Adds an error for each wanted test that did not report.
pub(crate) fn add_unreported(run: TestRun, wanted: &[String]) -> TestRun {
    let mut run = count_reports(reject_excess(run, wanted), wanted);
    let reported = |name: &&String| run.tests.iter().any(|test| base_name(&test.name) == name.as_str());
    let silent: Vec<_> = wanted.iter().filter(|name| !reported(name)).collect();
    let why = run.build_errors.first().map_or("it was collected and did not report".to_owned(), Clone::clone);
    run.tests.extend(all_errored(silent, &why));
    run
}

pub(crate) fn all_errored<'a>(names: impl IntoIterator<Item = &'a String>, why: &str) -> Vec<TestCase> {
    let errored = |name: &String| TestCase {
        name: name.clone(),
        outcome: Outcome::Errored,
        message: Some(why.to_owned()),
        output: String::new(),
    };
    names.into_iter().map(errored).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing)]
    use super::*;

    fn case(name: &str, outcome: Outcome) -> TestCase {
        TestCase { name: name.to_owned(), outcome, message: None, output: String::new() }
    }

    fn ended(reported: Vec<TestCase>) -> Vec<(String, &'static str)> {
        let run = add_unreported(
            TestRun { build_errors: Vec::new(), tests: reported },
            &["t::a".to_owned(), "t::b".to_owned()],
        );
        run.tests.into_iter().map(|test| (test.name, test.outcome.as_str())).collect()
    }

    #[test]
    fn collected_tests_without_a_report_have_errored() {
        assert_eq!(ended(vec![case("t::a", Outcome::Passed)]), [("t::a".into(), "passed"), ("t::b".into(), "errored")]);
    }

    #[test]
    fn ignores_passes_that_were_not_collected() {
        let reported = ["t::a[1]", "t::a[2]", "t::b", "t::c"].map(|name| case(name, Outcome::Passed));
        assert_eq!(ended(reported.to_vec()).len(), 3, "with parameters it is the same test");
        assert_eq!(ended(vec![case("t::c", Outcome::Failed)])[0], ("t::c".into(), "failed"));
    }

    #[test]
    fn keeps_the_worse_of_two_reports() {
        for order in [[Outcome::Passed, Outcome::Failed], [Outcome::Failed, Outcome::Passed]] {
            let reported = order.map(|outcome| case("t::a", outcome)).to_vec();
            assert_eq!(ended(reported), [("t::a".into(), "failed"), ("t::b".into(), "errored")]);
        }
    }

    #[test]
    fn too_many_reports_fail_all_tests() {
        let mut reported: Vec<TestCase> =
            (0..=MAX_REPORTS).map(|n| case(&format!("t::a[{n}]"), Outcome::Passed)).collect();
        assert_eq!(ended(reported.clone()), [("t::a".into(), "errored"), ("t::b".into(), "errored")]);
        reported.pop();
        assert_eq!(ended(reported).len(), MAX_REPORTS + 1);
    }

    #[test]
    fn cuts_long_texts_of_runners() {
        let run = TestRun { build_errors: vec!["x".repeat(1 << 20); 1_000], tests: Vec::new() };
        let run = add_unreported(run, &["t::a".to_owned()]);
        assert_eq!(run.build_errors.len(), MAX_ERRORS);
        let message = run.tests[0].message.clone().unwrap_or_default();
        assert!(message.len() < 9_000 && message.ends_with(" … (cut)"), "{}", message.len());
    }
}
