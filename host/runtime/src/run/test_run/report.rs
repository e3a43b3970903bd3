//! Validation of a runner's report. Pure.

use std::collections::{HashMap, HashSet};

use phasegate_process::testing::{Outcome, TestCase, TestRun};

use crate::run::test_run::names::{base_name, file_of, is_file};
use crate::text::truncate_text;

/// The most build errors that are kept.
const MAX_ERRORS: usize = 100;

/// The most bytes of the names of all tests of a run, each with a share for the rest of its report.
const MAX_NAME_BYTES: usize = 32 << 20;
const BYTES_PER_TEST: usize = 100;

/// The most bytes of messages and outputs of all tests of a run. Beyond, they are cut to a few words.
const MAX_TEXT_BYTES: usize = 16 << 20;
const CUT_TEXT_BYTES: usize = 200;

/// Keeps the first build errors, each cut to the size of a stored text.
pub(crate) fn limit_errors(mut errors: Vec<String>) -> Vec<String> {
    errors.truncate(MAX_ERRORS);
    errors.into_iter().map(truncate_text).collect()
}

/// Checks the report on the file at `path`: drops passes of other files and keeps the worst of several reports of one
/// test. Cuts texts that are too long.
pub(crate) fn check_reports(run: TestRun, path: &str) -> TestRun {
    let mut tests: Vec<TestCase> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    for mut test in run.tests {
        if test.outcome == Outcome::Passed && file_of(&test.name) != path {
            continue;
        }
        test.name = truncate_text(test.name);
        test.message = test.message.map(truncate_text);
        test.output = truncate_text(test.output);
        match known.get(&test.name).and_then(|place| tests.get_mut(*place)) {
            Some(before) if badness(test.outcome) > badness(before.outcome) => *before = test,
            Some(_) => {}
            None => {
                known.insert(test.name.clone(), tests.len());
                tests.push(test);
            }
        }
    }
    TestRun { build_errors: limit_errors(run.build_errors), tests }
}

fn badness(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Passed => 0,
        Outcome::Skipped => 1,
        Outcome::Failed | Outcome::Errored => 2,
    }
}

/// Adds an error for each wanted test that did not report. A wanted file has reported with any of its tests.
pub(crate) fn add_unreported(run: TestRun, wanted: &[String]) -> TestRun {
    let error = run.build_errors.first().cloned();
    add_unreported_with(run, wanted, |name| match &error {
        Some(error) => error.clone(),
        None if is_file(name) => "no test of this file reported".to_owned(),
        None => "it was collected and did not report".to_owned(),
    })
}

/// Adds an error with the words of `why` for each wanted test that did not report.
pub(crate) fn add_unreported_with(mut run: TestRun, wanted: &[String], why: impl Fn(&str) -> String) -> TestRun {
    let silent: Vec<&String> = {
        let reported = run.tests.iter().flat_map(|test| [base_name(&test.name), file_of(&test.name)]);
        let reported: HashSet<&str> = reported.collect();
        wanted.iter().filter(|name| !reported.contains(name.as_str())).collect()
    };
    let errored: Vec<TestCase> = silent.into_iter().map(|name| errored(name, why(name))).collect();
    run.tests.extend(errored);
    run
}

/// Replaces each pass and each skip by an error, because the results of the file cannot be trusted.
pub(crate) fn distrust(mut run: TestRun, why: &str) -> TestRun {
    for test in run.tests.iter_mut().filter(|test| badness(test.outcome) < badness(Outcome::Errored)) {
        test.outcome = Outcome::Errored;
        test.message = Some(why.to_owned());
    }
    run
}

/// Bounds the memory of a whole run. Messages and outputs beyond the limit are cut; with too many names all wanted tests have
/// errored, since any of them may have failed.
pub(crate) fn bound_size(mut run: TestRun, wanted: &[String]) -> TestRun {
    let names: usize = run.tests.iter().map(|test| test.name.len() + BYTES_PER_TEST).sum();
    if names > MAX_NAME_BYTES {
        let number = run.tests.len();
        let why = format!("{number} reports of tests came, with names of more than {} MiB", MAX_NAME_BYTES >> 20);
        return TestRun { tests: all_errored(wanted, &why), build_errors: vec![why] };
    }
    let mut left = MAX_TEXT_BYTES;
    for test in &mut run.tests {
        let size = test.output.len() + test.message.as_ref().map_or(0, String::len);
        match left.checked_sub(size) {
            Some(rest) => left = rest,
            None => {
                cut(&mut test.output);
                test.message.iter_mut().for_each(cut);
            }
        }
    }
    run
}

fn cut(text: &mut String) {
    if text.len() > CUT_TEXT_BYTES {
        text.truncate(text.floor_char_boundary(CUT_TEXT_BYTES));
        text.push_str(" … (cut)");
    }
}

pub(crate) fn all_errored<'a>(names: impl IntoIterator<Item = &'a String>, why: &str) -> Vec<TestCase> {
    names.into_iter().map(|name| errored(name, why.to_owned())).collect()
}

pub(crate) fn errored(name: &str, why: String) -> TestCase {
    TestCase { name: name.to_owned(), outcome: Outcome::Errored, message: Some(why), output: String::new() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing)]
    use super::*;

    fn case(name: &str, outcome: Outcome) -> TestCase {
        TestCase { name: name.to_owned(), outcome, message: None, output: String::new() }
    }

    fn ended(reported: Vec<TestCase>) -> Vec<(String, &'static str)> {
        let wanted = ["t::a".to_owned(), "t::b".to_owned()];
        let run = add_unreported(check_reports(TestRun { build_errors: Vec::new(), tests: reported }, "t"), &wanted);
        run.tests.into_iter().map(|test| (test.name, test.outcome.as_str())).collect()
    }

    #[test]
    fn distrusted_files_have_no_passes_and_skips() {
        let outcomes = [Outcome::Passed, Outcome::Skipped, Outcome::Failed];
        let tests = outcomes.map(|outcome| case("t::a", outcome)).to_vec();
        let run = distrust(TestRun { build_errors: Vec::new(), tests }, "no result can be trusted");
        let seen: Vec<_> = run.tests.iter().map(|test| (test.outcome, test.message.as_deref())).collect();
        let why = Some("no result can be trusted");
        assert_eq!(seen, [(Outcome::Errored, why), (Outcome::Errored, why), (Outcome::Failed, None)]);
    }

    #[test]
    fn collected_tests_without_a_report_have_errored() {
        assert_eq!(ended(vec![case("t::a", Outcome::Passed)]), [("t::a".into(), "passed"), ("t::b".into(), "errored")]);
    }

    #[test]
    fn tests_that_only_the_run_found_count() {
        let reported = ["t::a[1]", "t::a[2]", "t::b", "t::c"].map(|name| case(name, Outcome::Passed));
        assert_eq!(ended(reported.to_vec()).len(), 4);
        assert_eq!(ended(vec![case("t::c", Outcome::Failed)])[0], ("t::c".into(), "failed"));
    }

    #[test]
    fn passes_of_other_files_do_not_count() {
        let reported = [case("u::a", Outcome::Passed), case("u::b", Outcome::Failed)];
        assert_eq!(ended(reported.to_vec())[0], ("u::b".into(), "failed"));
    }

    #[test]
    fn keeps_the_worst_of_several_reports() {
        use Outcome::{Failed, Passed, Skipped};
        for order in [[Passed, Skipped, Failed], [Failed, Skipped, Passed], [Skipped, Failed, Passed]] {
            let reported = order.map(|outcome| case("t::a", outcome)).to_vec();
            assert_eq!(ended(reported), [("t::a".into(), "failed"), ("t::b".into(), "errored")]);
        }
    }

    #[test]
    fn whole_files_report_by_any_test() {
        let wanted = ["t".to_owned(), "u".to_owned()];
        let tests = vec![case("t::a", Outcome::Passed)];
        let run = add_unreported(TestRun { build_errors: Vec::new(), tests }, &wanted);
        let last = run.tests.last().map(|test| (test.name.as_str(), test.message.as_deref()));
        assert_eq!(last, Some(("u", Some("no test of this file reported"))));
        assert_eq!(run.tests.len(), 2);
    }

    #[test]
    fn too_many_reports_fail_all_tests() {
        let tests: Vec<TestCase> = (0..100_000).map(|n| case(&format!("t::a[{n}]"), Outcome::Passed)).collect();
        let wanted = ["t::a".to_owned()];
        let run = |tests| bound_size(TestRun { build_errors: Vec::new(), tests }, &wanted);
        assert_eq!(run(tests.clone()).tests.len(), 100_000);
        let ended = run(tests.into_iter().cycle().take(320_000).collect());
        assert_eq!(ended.tests, all_errored(&wanted, &ended.build_errors[0]));
        assert_eq!(ended.build_errors, ["320000 reports of tests came, with names of more than 32 MiB"]);
    }

    #[test]
    fn cuts_the_texts_of_many_tests() {
        let long = TestCase { output: "o".repeat(8 << 10), ..case("t::a", Outcome::Failed) };
        let run = bound_size(TestRun { build_errors: Vec::new(), tests: vec![long; 10_000] }, &[]);
        let size: usize = run.tests.iter().map(|test| test.output.len()).sum();
        assert!(size < MAX_TEXT_BYTES + 10_000 * 2 * CUT_TEXT_BYTES, "{size}");
        assert!(run.tests[9_999].output.ends_with("o … (cut)"));
    }

    #[test]
    fn cuts_long_texts_of_runners() {
        let run = TestRun { build_errors: vec!["x".repeat(1 << 20); 1_000], tests: Vec::new() };
        let run = add_unreported(check_reports(run, "t"), &["t::a".to_owned()]);
        assert_eq!(run.build_errors.len(), MAX_ERRORS);
        let message = run.tests[0].message.clone().unwrap_or_default();
        assert!(message.len() < 9_000 && message.ends_with(" … (cut)"), "{}", message.len());
    }
}
