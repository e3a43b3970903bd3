//! A trial run of the suite on the delivered code. It never counts for the gate.

use std::collections::BTreeSet;

use phasegate_plugin::artifacts::TestSuite;
use phasegate_plugin::host;
use phasegate_plugin::types::{BenchError, File, Level, Subject, TestRun};

/// Result of a trial run.
pub enum Trial {
    /// The runner returned results or build errors.
    Ran(TestRun),
    /// The host rejected the suite, with the reason.
    Refused(String),
    /// No trial was possible: no runner, no grant, or a limit.
    Untried,
}

impl Trial {
    /// Returns the names of the tests that ran, without parameters.
    pub fn names(&self) -> Vec<String> {
        let Self::Ran(run) = self else { return Vec::new() };
        let names: BTreeSet<&str> = run.tests.iter().map(|test| plain_name(&test.name)).collect();
        names.into_iter().map(str::to_owned).collect()
    }
}

/// Runs the suite on the input `generated_code`.
pub async fn run_trial(language: &str, suite: &TestSuite) -> Trial {
    host::progress("running the suite on the code", None);
    let files =
        suite.files.iter().map(|file| File { path: file.path.clone(), content: file.content.clone() }).collect();
    match host::run_tests(language, Subject::Input("generated_code".to_owned()), files).await {
        Ok(run) => Trial::Ran(run),
        Err(BenchError::Invalid(why)) => Trial::Refused(why),
        Err(BenchError::NoRunner(why) | BenchError::Limit(why) | BenchError::Other(why)) => {
            host::log(Level::Info, &format!("test: submitting the suite without a trial run: {why}"));
            Trial::Untried
        }
    }
}

/// Returns a test's name without parameters and without the host's suffix ` (kept from attempt N)`.
pub fn plain_name(name: &str) -> &str {
    let name = name.split(" (kept from attempt ").next().unwrap_or(name);
    name.split('[').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strips_parameters_and_the_attempt_suffix() {
        for name in ["t.py::a", "t.py::a[1-x]", "t.py::a (kept from attempt 1)", "t.py::a[1] (kept from attempt 12)"] {
            assert_eq!(plain_name(name), "t.py::a");
        }
    }
}
