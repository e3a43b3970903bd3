//! The files that tests run on.

use std::borrow::Cow;
use std::collections::HashSet;

use phasegate_process::testing::File;

/// Code that was written for a run.
#[derive(Debug, Clone, Default)]
pub(crate) struct TestedCode {
    /// Its files.
    pub(crate) files: Vec<File>,
    /// Files of the base that it removes.
    pub(crate) deleted: Vec<String>,
}

/// The code under test, and what lies below each suite.
pub(crate) struct Tested<'a> {
    /// The code, with the base files that it does not replace.
    pub(crate) code: Cow<'a, [File]>,
    /// The part of the code that is read to collect the tests of a suite; `None` for all of it.
    outline: Option<Vec<File>>,
    /// Tests of the repository and their helpers.
    below: Vec<File>,
}

impl<'a> Tested<'a> {
    /// Returns code without a repository.
    pub(crate) fn new(code: impl Into<Cow<'a, [File]>>) -> Self {
        Self { code: code.into(), outline: None, below: Vec::new() }
    }

    /// Returns code in a repository. `outline` is what is read of the code to collect tests: a runner holds the syntax trees of
    /// all these files in memory. `below` are the tests of the repository and their helpers.
    pub(crate) fn in_repository(code: Vec<File>, outline: Vec<File>, below: Vec<File>) -> Self {
        Self { code: code.into(), outline: Some(outline), below }
    }

    /// Returns the code that is read to collect tests.
    pub(crate) fn outline(&self) -> &[File] {
        self.outline.as_deref().unwrap_or(&self.code)
    }

    /// Returns the suite together with the files below it that it does not replace.
    pub(crate) fn with_suite<'s>(&self, suite: &'s [File]) -> Cow<'s, [File]> {
        if self.below.is_empty() {
            return Cow::Borrowed(suite);
        }
        let replaced: HashSet<&str> = suite.iter().map(|file| file.path.as_str()).collect();
        let below = self.below.iter().filter(|file| !replaced.contains(file.path.as_str()));
        Cow::Owned(below.chain(suite).cloned().collect())
    }
}
