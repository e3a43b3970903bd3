//! A trial of the suite on the delivered code. It never counts for the gate; it shows the agent what the host will see.

use std::collections::BTreeSet;

use phasegate_plugin::artifacts::TestSuite;
use phasegate_plugin::host;
use phasegate_plugin::types::{BenchError, File, Level, Subject, TestRun};

/// How it went.
pub enum Trial {
    /// Something was run, or did not build.
    Ran(TestRun),
    /// The bench would not take the suite as it is, and why.
    Refused(String),
    /// No runner, no grant, or the bench's limits: nothing is known.
    Untried,
}

impl Trial {
    /// The tests that were found, without their parameters.
    pub fn names(&self) -> Vec<String> {
        let Self::Ran(run) = self else { return Vec::new() };
        let names: BTreeSet<&str> = run.tests.iter().map(|test| plain_name(&test.name)).collect();
        names.into_iter().map(str::to_owned).collect()
    }
}

/// Runs the suite on the input `generated_code`.
pub async fn run_trial(language: &str, suite: &TestSuite) -> Trial {
    host::progress("trying the suite on the code", None);
    let files =
        suite.files.iter().map(|file| File { path: file.path.clone(), content: file.content.clone() }).collect();
    match host::run_tests(language, Subject::Input("generated_code".to_owned()), files).await {
        Ok(run) => Trial::Ran(run),
        Err(BenchError::Invalid(why)) => Trial::Refused(why),
        Err(BenchError::NoRunner(why) | BenchError::Limit(why) | BenchError::Other(why)) => {
            host::log(Level::Info, &format!("test: the suite goes out untried: {why}"));
            Trial::Untried
        }
    }
}

/// A test's name without its parameters, and without the host's word on which attempt it was kept from.
pub fn plain_name(name: &str) -> &str {
    let name = name.split(" (kept from attempt ").next().unwrap_or(name);
    name.split('[').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_is_known_by_its_name_alone() {
        for name in ["t.py::a", "t.py::a[1-x]", "t.py::a (kept from attempt 1)", "t.py::a[1] (kept from attempt 12)"] {
            assert_eq!(plain_name(name), "t.py::a");
        }
    }
}
