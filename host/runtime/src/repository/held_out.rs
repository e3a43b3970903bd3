//! The paths of a repository that are kept for acceptance tests: no agent reads or changes them.

use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use phasegate_process::acceptance::AcceptanceTests;
use phasegate_process::testing::File;

use crate::error::Error;

/// The paths of a repository that agents neither read nor change.
#[derive(Debug, Clone, Default)]
pub(crate) struct HeldOutPaths(GlobSet);

impl HeldOutPaths {
    /// Returns the paths that a run pins; none without acceptance tests.
    pub(crate) fn of_run(tests: Option<&AcceptanceTests>) -> Result<Self, Error> {
        Self::new(tests.map(|tests| tests.hidden.as_slice()).unwrap_or_default())
    }

    /// Compiles globs.
    pub(crate) fn new(globs: &[String]) -> Result<Self, Error> {
        let mut set = GlobSetBuilder::new();
        for glob in globs {
            let compiled = GlobBuilder::new(glob).literal_separator(true).build();
            set.add(compiled.map_err(|why| Error::host_failed(format!("the run pins a bad pattern `{glob}`: {why}")))?);
        }
        let set = set.build().map_err(|why| Error::host_failed(format!("the run pins bad patterns: {why}")))?;
        Ok(Self(set))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a path, separated by `/`, is held out.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.0.is_match(path)
    }
}

/// The acceptance tests of a task.
#[derive(Debug, Clone, Default)]
pub(crate) struct HeldOutTests {
    /// As the task names them, relative to its folder.
    pub(crate) patterns: Vec<String>,
    /// The files, by paths relative to the folder.
    pub(crate) files: Vec<File>,
    /// The folder of the task.
    pub(crate) folder: PathBuf,
}

impl HeldOutTests {
    /// Returns the globs of the paths that are held out of the repository at `top`: those of the task itself, since the tests lie
    /// at these paths when they run, and where the tests lie now, if that is inside of the repository.
    pub(crate) fn globs_in_repository(&self, top: &Path) -> Vec<String> {
        let plain = |pattern: &String| pattern.strip_prefix("./").unwrap_or(pattern).to_owned();
        let mut globs: Vec<String> = self.patterns.iter().map(plain).collect();
        let (Ok(folder), Ok(top)) = (self.folder.canonicalize(), top.canonicalize()) else { return globs };
        if let Some(prefix) = below(&folder, &top).filter(|prefix| !prefix.is_empty()) {
            let inside: Vec<_> = globs.iter().map(|glob| format!("{}/{glob}", globset::escape(&prefix))).collect();
            globs.extend(inside);
        }
        // A link may name a file elsewhere in the repository.
        let real = self.files.iter().filter_map(|test| folder.join(&test.path).canonicalize().ok());
        globs.extend(real.filter_map(|path| Some(globset::escape(&below(&path, &top)?))));
        globs.sort();
        globs.dedup();
        globs
    }
}

/// Returns the path relative to a folder, separated by `/`; `None` if it is not below it.
fn below(path: &Path, folder: &Path) -> Option<String> {
    let parts: Option<Vec<&str>> =
        path.strip_prefix(folder).ok()?.components().map(|part| part.as_os_str().to_str()).collect();
    parts.map(|parts| parts.join("/"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::fs;

    use super::*;

    #[test]
    fn holds_out_both_places_of_a_test() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("work/[1]/tasks");
        fs::create_dir_all(folder.join("held")).unwrap();
        fs::write(folder.join("held/test_a.py"), "").unwrap();
        let files = vec![File { path: "held/test_a.py".to_owned(), content: String::new() }];
        let tests = HeldOutTests { patterns: vec!["./held/**".to_owned()], files, folder };
        let set = HeldOutPaths::new(&tests.globs_in_repository(dir.path())).unwrap();
        for path in ["held/test_a.py", "work/[1]/tasks/held/test_b.py"] {
            assert!(set.has(path), "{path}");
        }
        for path in ["test_a.py", "other/held/test_a.py", "work/1/tasks/held/test_b.py"] {
            assert!(!set.has(path), "{path}");
        }
    }
}
