//! The files of a run that people use: generated code, the tests of the current suite, and settings with which pytest finds
//! both.
//!
//! Guarantees: code and tests are merged by the rules of the Python test runner: code takes precedence, except at the paths of
//! test files and of `conftest.py`. Fails with [`OutputError`] if an artifact cannot be read or a path leaves the folder.

use std::collections::{BTreeMap, BTreeSet};

use phasegate_process::artifact::{kinds, unsafe_path};
use serde_json::Value;

use crate::error::output::OutputError;
use crate::output::artifacts::ArtifactReader;

/// Files by path. No path is in two of the maps.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RunFiles {
    /// Generated code.
    pub(crate) code: BTreeMap<String, String>,
    /// Files of the current test suite.
    pub(crate) tests: BTreeMap<String, String>,
    /// Settings for pytest, if the tests need any to run in the output folder.
    pub(crate) settings: BTreeMap<String, String>,
}

impl RunFiles {
    /// Reads the current artifacts of a run.
    pub(crate) fn load(artifacts: &ArtifactReader<'_>) -> Result<Self, OutputError> {
        let mut code = files_of_kind(artifacts, kinds::GENERATED_CODE)?;
        let mut tests = files_of_kind(artifacts, kinds::TEST_SUITE)?;
        let base: BTreeSet<&str> = artifacts.base_paths().collect();
        tests.retain(|path, _| is_test_file(path) || !(code.contains_key(path) || base.contains(path.as_str())));
        code.retain(|path, _| !tests.contains_key(path));
        // All paths are checked before a file is written, so that no part of the output is missing.
        let paths = code.keys().chain(tests.keys());
        if let Some((path, reason)) = paths.into_iter().find_map(|path| Some((path, unsafe_path(path)?))) {
            return Err(OutputError::Refused { path: path.clone(), reason: reason.to_owned() });
        }
        let mut files = Self { code, tests, settings: BTreeMap::new() };
        // Changed files of a repository run there, with its own settings.
        if base.is_empty() {
            files.settings = files.pytest_settings();
        }
        Ok(files)
    }

    /// Returns code and tests by path.
    pub(crate) fn code_and_tests(&self) -> BTreeMap<&str, &str> {
        self.code.iter().chain(&self.tests).map(|(path, content)| (path.as_str(), content.as_str())).collect()
    }

    /// Returns every path.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &String> {
        self.code.keys().chain(self.tests.keys()).chain(self.settings.keys())
    }

    /// Returns `pytest.ini`, unless the code has settings for pytest or no suite of Python is there. The file also keeps pytest
    /// from settings and `conftest.py` of the folders above.
    fn pytest_settings(&self) -> BTreeMap<String, String> {
        let has_tests = self.tests.keys().any(|path| path.ends_with(".py"));
        if !has_tests || self.code_and_tests().iter().any(|(path, content)| is_pytest_settings(path, content)) {
            return BTreeMap::new();
        }
        let roots = if self.code.keys().any(|path| path.starts_with("src/")) { ". src" } else { "." };
        let mut text = format!(
            "# With these settings `python -m pytest` runs the tests in this folder as the run did.\n\
             [pytest]\npythonpath = {roots}\n"
        );
        if self.tests.keys().any(|path| file_name(path) == "tests.py") {
            text.push_str("python_files = test_*.py *_test.py tests.py\n");
        }
        BTreeMap::from([("pytest.ini".to_owned(), text)])
    }
}

/// Returns the files of all current artifacts of a kind. If two phases produce the same file, the later phase wins.
fn files_of_kind(artifacts: &ArtifactReader<'_>, kind: &str) -> Result<BTreeMap<String, String>, OutputError> {
    let mut files = BTreeMap::new();
    for produced in artifacts.state.pipeline.phases.iter().flat_map(|phase| &phase.produces) {
        if produced.kind.as_str() != kind {
            continue;
        }
        let artifact = artifacts.current(produced.name.as_str())?.unwrap_or_default();
        for file in artifact.get("files").and_then(Value::as_array).into_iter().flatten() {
            let text = |field| file.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
            files.insert(text("path"), text("content"));
        }
    }
    Ok(files)
}

/// Whether a suite may replace a file of the code at this path.
fn is_test_file(path: &str) -> bool {
    let name = file_name(path);
    ["conftest.py", "tests.py"].contains(&name)
        || name.strip_suffix(".py").is_some_and(|n| n.starts_with("test_") || n.ends_with("_test"))
}

/// Whether pytest takes its settings from this file, if it is in the folder where pytest starts.
fn is_pytest_settings(path: &str, content: &str) -> bool {
    match path {
        "pytest.ini" | ".pytest.ini" | "pytest.toml" | ".pytest.toml" => true,
        "pyproject.toml" => content.contains("[tool.pytest"),
        "setup.cfg" => content.contains("[tool:pytest]"),
        "tox.ini" => content.contains("[pytest]"),
        _ => false,
    }
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
