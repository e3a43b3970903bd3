//! Merges an answer into the earlier suite, and checks the result before and after the trial run.
//!
//! Merging keeps everything of the earlier suite except tests dropped by name. Faults are worded so that a model can correct
//! them. Pure.

use std::collections::BTreeSet;

use phasegate_plugin::artifacts::{Coverage, TestSuite};
use phasegate_plugin::types::Outcome;
use phasegate_standard_agents::render::requirement_ids;

use crate::inputs::Inputs;
use crate::trial::{Trial, plain_name};

/// Merges the answer into the earlier suite: the answer's files replace files of the same path; coverage and dropped tests are
/// combined.
pub fn merge(previous: Option<&TestSuite>, answer: &TestSuite) -> TestSuite {
    let Some(previous) = previous else { return answer.clone() };
    let mut suite = TestSuite::default();
    let given: BTreeSet<&str> = answer.files.iter().map(|file| file.path.as_str()).collect();
    suite.files.extend(previous.files.iter().filter(|file| !given.contains(file.path.as_str())).cloned());
    suite.files.extend(answer.files.iter().cloned());
    suite.dropped = previous.dropped.clone();
    for dropped in &answer.dropped {
        if !suite.dropped.iter().any(|earlier| earlier.test == dropped.test) {
            suite.dropped.push(dropped.clone());
        }
    }
    let dropped_tests: BTreeSet<&str> = suite.dropped.iter().map(|dropped| dropped.test.as_str()).collect();
    for cover in previous.covers.iter().chain(&answer.covers) {
        let tests = cover.tests.iter().filter(|test| !dropped_tests.contains(test.as_str()));
        match suite.covers.iter_mut().find(|known| known.requirement == cover.requirement) {
            Some(known) => {
                let new: Vec<String> = tests.filter(|test| !known.tests.contains(test)).cloned().collect();
                known.tests.extend(new);
            }
            None => {
                suite.covers.push(Coverage { requirement: cover.requirement.clone(), tests: tests.cloned().collect() })
            }
        }
    }
    suite
}

/// Checks suites of one assignment.
pub struct SuiteCheck<'a> {
    inputs: &'a Inputs,
    /// Names of the tests of earlier attempts that were not dropped.
    earlier: BTreeSet<String>,
}

impl<'a> SuiteCheck<'a> {
    /// Creates the check for these inputs.
    pub fn new(inputs: &'a Inputs) -> Self {
        let covered =
            inputs.previous.iter().flat_map(|suite| &suite.covers).flat_map(|cover| cover.tests.iter().cloned());
        let reported =
            inputs.report.iter().flat_map(|report| &report.tests).map(|test| plain_name(&test.name).to_owned());
        let dropped = inputs.previous.iter().flat_map(|suite| &suite.dropped).map(|dropped| dropped.test.as_str());
        let mut earlier: BTreeSet<String> = covered.chain(reported).collect();
        dropped.for_each(|test| {
            earlier.remove(test);
        });
        Self { inputs, earlier }
    }

    /// Returns the faults before the trial run. `answer` is the model's answer, `suite` the merged result.
    pub fn check_suite(&self, answer: &TestSuite, suite: &TestSuite) -> Vec<String> {
        let mut faults = Vec::new();
        if suite.files.is_empty() {
            faults.push("files: there is no test file".to_owned());
        }
        let mut seen = BTreeSet::new();
        for file in &answer.files {
            if !seen.insert(file.path.as_str()) {
                faults.push(format!("files: the path `{}` occurs twice", file.path));
            }
            if self.inputs.code.files.iter().any(|code| code.path == file.path) {
                faults.push(format!("files: `{}` is a file of the code; tests need their own paths", file.path));
            }
        }
        let is_earlier = |path: &str| {
            self.inputs.previous.as_ref().is_some_and(|suite| suite.files.iter().any(|file| file.path == path))
        };
        let new = answer.files.iter().filter(|file| !is_earlier(&file.path));
        faults.extend(new.filter_map(|file| self.inputs.taken.fault(&file.path)));
        faults.extend(self.coverage_faults(suite));
        for dropped in answer.dropped.iter().filter(|dropped| !self.earlier.contains(&dropped.test)) {
            faults.push(format!("dropped: no earlier test is called `{}`", dropped.test));
        }
        faults
    }

    fn coverage_faults(&self, suite: &TestSuite) -> Vec<String> {
        let mut faults = Vec::new();
        for id in requirement_ids(&self.inputs.task) {
            if !suite.covers.iter().any(|cover| cover.requirement == id && !cover.tests.is_empty()) {
                faults.push(format!("covers: requirement {id} has no test"));
            }
        }
        for test in suite.covers.iter().flat_map(|cover| &cover.tests) {
            let name = without_dots(test);
            let path = name.split("::").next().unwrap_or(name);
            if !test.contains("::") {
                faults.push(format!("covers: `{test}` is not `path::test`"));
            } else if !suite.files.iter().any(|file| file.path == path) {
                faults.push(format!("covers: `{test}` is in no file of the suite"));
            }
        }
        faults
    }

    /// Returns the suite's own faults after the trial run. Faults of the code are not listed.
    pub fn check_trial(&self, suite: &TestSuite, trial: &Trial) -> Vec<String> {
        let run = match trial {
            Trial::Untried => return Vec::new(),
            Trial::Refused(why) => return vec![why.clone()],
            Trial::Ran(run) => run,
        };
        let own = |error: &&String| suite.files.iter().any(|file| error.starts_with(&format!("{}:", file.path)));
        let mut faults: Vec<String> = run.build_errors.iter().filter(own).cloned().collect();
        if !run.build_errors.is_empty() {
            return faults;
        }
        let found: BTreeSet<&str> = run.tests.iter().map(|test| plain_name(&test.name)).collect();
        if found.is_empty() {
            faults.push("no test was found in the suite".to_owned());
        }
        let named: BTreeSet<&String> = suite.covers.iter().flat_map(|cover| &cover.tests).collect();
        let missing = named.into_iter().filter(|test| !found.contains(plain_name(without_dots(test))));
        faults.extend(missing.map(|test| format!("covers: there is no test `{test}`")));
        let dropped: BTreeSet<&str> = suite.dropped.iter().map(|dropped| dropped.test.as_str()).collect();
        let lost =
            self.earlier.iter().filter(|test| !found.contains(test.as_str()) && !dropped.contains(test.as_str()));
        faults.extend(
            lost.map(|test| format!("the earlier test `{test}` is missing; keep it, or drop it with a reason")),
        );
        let still_present = dropped.iter().filter(|test| found.contains(*test));
        faults.extend(
            still_present
                .map(|test| format!("dropped: `{test}` is dropped but still in its file; give the file without it")),
        );
        let skipped = run.tests.iter().filter(|test| test.outcome == Outcome::Skipped);
        faults.extend(
            skipped.map(|test| format!("`{}` is skipped; a test that does not pass fails the gate", test.name)),
        );
        faults
    }
}

/// Returns a name that a suite states, without `./` in front.
fn without_dots(test: &str) -> &str {
    test.strip_prefix("./").map_or(test, without_dots)
}
