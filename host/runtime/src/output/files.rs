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
use crate::output::pytest::{self, file_name};

/// Files by path. No path is in two of the maps.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RunFiles {
    /// Generated code.
    pub(crate) code: BTreeMap<String, String>,
    /// Files of the current test suite.
    pub(crate) tests: BTreeMap<String, String>,
    /// Files of the base that the generated code removes.
    pub(crate) deleted: BTreeSet<String>,
    /// Settings for pytest, if the tests need any to run in the output folder.
    pub(crate) settings: BTreeMap<String, String>,
}

impl RunFiles {
    /// Reads the current artifacts of a run.
    pub(crate) fn load(artifacts: &ArtifactReader<'_>) -> Result<Self, OutputError> {
        let (mut code, mut deleted) = files_of_kind(artifacts, kinds::GENERATED_CODE)?;
        let (mut tests, _) = files_of_kind(artifacts, kinds::TEST_SUITE)?;
        let mut lower = BTreeSet::new();
        for path in tests.keys().filter(|path| !is_test_file(path)) {
            if code.contains_key(path) || (!deleted.contains(path) && artifacts.base_file(path)?.is_some()) {
                lower.insert(path.clone());
            }
        }
        tests.retain(|path, _| !lower.contains(path));
        deleted.retain(|path| !tests.contains_key(path));
        code.retain(|path, _| !tests.contains_key(path));
        // All paths are checked before a file is written, so that no part of the output is missing.
        let paths = code.keys().chain(tests.keys()).chain(&deleted);
        if let Some((path, reason)) = paths.into_iter().find_map(|path| Some((path, unsafe_path(path)?))) {
            return Err(OutputError::Refused { path: path.clone(), reason: reason.to_owned() });
        }
        let mut files = Self { code, tests, deleted, settings: BTreeMap::new() };
        // Changed files of a repository run there, with its own settings.
        if !artifacts.has_base() {
            files.settings = pytest::settings(&files.code, &files.tests);
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
}

/// Returns the files of all current artifacts of a kind, and those that they delete. If two phases produce or delete the same
/// file, the later phase wins.
fn files_of_kind(
    artifacts: &ArtifactReader<'_>,
    kind: &str,
) -> Result<(BTreeMap<String, String>, BTreeSet<String>), OutputError> {
    let (mut files, mut deleted) = (BTreeMap::new(), BTreeSet::new());
    for produced in artifacts.state.pipeline.phases.iter().flat_map(|phase| &phase.produces) {
        if produced.kind.as_str() != kind {
            continue;
        }
        let artifact = artifacts.current(produced.name.as_str())?.unwrap_or_default();
        for file in artifact.get("files").and_then(Value::as_array).into_iter().flatten() {
            let text = |field| file.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
            deleted.remove(&text("path"));
            files.insert(text("path"), text("content"));
        }
        for path in artifact.get("deleted").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
            files.remove(path);
            deleted.insert(path.to_owned());
        }
    }
    Ok((files, deleted))
}

/// Whether a suite may replace a file of the code at this path.
fn is_test_file(path: &str) -> bool {
    let name = file_name(path);
    ["conftest.py", "tests.py"].contains(&name)
        || name.strip_suffix(".py").is_some_and(|n| n.starts_with("test_") || n.ends_with("_test"))
}
