//! The repository's own tests: which files they are, their run before the change, and their run on the result.
//!
//! Test runs see the text files of the tree that the run starts from: from git objects, kept in memory, and not stored in the
//! journal. Files beyond a limit are left out; [`TestBase::left_out`] has their number.

pub(crate) mod baseline;
pub(crate) mod cache;
pub(crate) mod compare;
pub(crate) mod results;
pub(crate) mod select;

use std::collections::HashSet;

use phasegate_process::Digest;
use phasegate_process::gate::NotRun;
use phasegate_process::testing::File;

use self::select::{Listed, MAX_FILE_BYTES, in_order};
use crate::error::Error;
use crate::run::test_run::test_paths::{is_named_as_test, is_test_path};
use crate::run::test_run::tested::{Tested, TestedCode};

/// The files of a repository, as test runs see them.
#[derive(Debug, Default)]
pub(crate) struct TestBase {
    /// Everything but tests and their helpers, sorted by path.
    code: Vec<File>,
    /// Tests and their helpers, sorted by path.
    suite: Vec<File>,
    /// The paths of the repository's test files, sorted.
    pub(crate) tests: Vec<String>,
    /// Test files that cannot be given to a runner.
    pub(crate) unreadable: Vec<NotRun>,
    /// The number of files that test runs do not see.
    pub(crate) left_out: u64,
    /// Names the tree with the changes that were not committed.
    pub(crate) identity: String,
}

impl TestBase {
    /// Reads the files that fit the limits. `tests` are the paths of the repository's test files, sorted; `read` returns the
    /// content of a file.
    pub(crate) fn load(
        identity: String,
        listed: Vec<Listed>,
        tests: &[String],
        mut read: impl FnMut(&Listed) -> Result<Vec<u8>, Error>,
    ) -> Result<Self, Error> {
        let mut base = Self { identity, ..Self::default() };
        let mut left = select::MAX_ALL_BYTES;
        for file in in_order(listed) {
            let fits = file.readable && file.size <= MAX_FILE_BYTES && file.size <= left;
            let text = if fits { String::from_utf8(read(&file)?).ok() } else { None };
            let is_test = tests.binary_search(&file.path).is_ok();
            match text {
                Some(content) => {
                    left = left.saturating_sub(content.len() as u64);
                    base.tests.extend(is_test.then(|| file.path.clone()));
                    let part = if is_test || is_test_path(&file.path) { &mut base.suite } else { &mut base.code };
                    part.push(File { path: file.path, content });
                }
                None => {
                    base.left_out += 1;
                    let reason = if fits { "it is not text in UTF-8" } else { "it is too large for a test run" };
                    let not_run = || NotRun { path: file.path.clone(), reason: reason.to_owned(), unreached: false };
                    base.unreadable.extend((is_test && file.readable).then(not_run));
                }
            }
        }
        base.code.sort_by(|a, b| a.path.cmp(&b.path));
        base.suite.sort_by(|a, b| a.path.cmp(&b.path));
        base.tests.sort();
        Ok(base)
    }

    /// Returns the seed of all runs of the repository's tests: the same before and after a change, and in every run that starts
    /// from the same tree.
    pub(crate) fn seed(&self) -> u64 {
        u64::from_str_radix(Digest::from_content(self.identity.as_bytes()).short(), 16).unwrap_or(0)
    }

    /// Returns the files without a change.
    pub(crate) fn unchanged(&self) -> Tested<'static> {
        Tested::in_repository(self.code.clone(), Vec::new(), self.suite.clone())
    }

    /// Returns the files with the delivered code in them, and without those that it deletes.
    pub(crate) fn with_code(&self, code: &TestedCode) -> Tested<'static> {
        let replaced: HashSet<&str> =
            code.files.iter().map(|file| file.path.as_str()).chain(code.deleted.iter().map(String::as_str)).collect();
        let rest = |files: &[File]| {
            let rest = files.iter().filter(|file| !replaced.contains(file.path.as_str()));
            rest.cloned().collect::<Vec<_>>()
        };
        // A runner takes files with the name of a test from the suite alone.
        let (tests, files): (Vec<File>, Vec<File>) =
            code.files.iter().cloned().partition(|file| is_named_as_test(&file.path));
        let mut outline = self.manifests(code);
        outline.extend(files.iter().cloned());
        let (mut all, mut below) = (rest(&self.code), rest(&self.suite));
        all.extend(files);
        below.extend(tests);
        Tested::in_repository(all, outline, below)
    }

    /// Returns the files in the top folder that the code does not replace, where the manifests and settings of projects are.
    pub(crate) fn manifests(&self, code: &TestedCode) -> Vec<File> {
        let replaced = |path: &str| {
            code.deleted.iter().any(|other| other == path) || code.files.iter().any(|file| file.path == path)
        };
        let top = self.code.iter().filter(|file| !file.path.contains('/') && !replaced(&file.path));
        top.cloned().collect()
    }

    /// Returns whether the repository has code at this path, which only delivered code may replace.
    pub(crate) fn has_code(&self, path: &str) -> bool {
        self.code.binary_search_by(|file| file.path.as_str().cmp(path)).is_ok()
    }
}

#[cfg(test)]
mod tests;
