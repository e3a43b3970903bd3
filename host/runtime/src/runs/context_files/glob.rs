//! The globs of a task.

use std::path::Path;

use globset::{GlobBuilder, GlobMatcher};
use phasegate_process::task::{ContextPattern, is_inside_folder};

use crate::error::context_files::ContextError;
use crate::runs::context_files::exclusion::Exclusion;
use crate::runs::context_files::left_out::LeftOut;

/// A glob, and what it matched so far.
pub(super) struct Glob<'a> {
    pub(super) pattern: &'a ContextPattern,
    matcher: GlobMatcher,
    /// A matcher for each segment of the pattern; `None` for segments that match any number of folders.
    segments: Vec<Option<GlobMatcher>>,
    /// Whether it matched a file.
    pub(super) found: bool,
    /// What it matched that was left out.
    left_out: LeftOut,
}

impl<'a> Glob<'a> {
    pub(super) fn parse(pattern: &'a ContextPattern) -> Result<Self, ContextError> {
        if !is_inside_folder(&pattern.path) {
            return Err(ContextError::Leaves { path: pattern.path.clone() });
        }
        let plain = pattern.path.strip_prefix("./").unwrap_or(&pattern.path);
        let matcher = compile(plain).map_err(|why| ContextError::BadPattern {
            pattern: pattern.path.clone(),
            reason: why.kind().to_string(),
        })?;
        // A brace may contain a slash: such a segment does not compile, and matches any folder.
        let segments = plain.split('/').map(|segment| match segment.contains("**") {
            true => None,
            false => compile(segment).ok(),
        });
        Ok(Self { pattern, matcher, segments: segments.collect(), found: false, left_out: LeftOut::default() })
    }

    pub(super) fn matches(&self, file: &Path) -> bool {
        self.matcher.is_match(file)
    }

    /// Whether the glob can match a file in this folder or below it. May be true where no file is.
    pub(super) fn reaches(&self, folder: &Path) -> bool {
        let mut segments = self.segments.iter();
        for part in folder.components() {
            match segments.next() {
                Some(Some(segment)) if segment.is_match(Path::new(part.as_os_str())) => {}
                Some(None) => return true,
                _ => return false,
            }
        }
        segments.next().is_some()
    }

    pub(super) fn leave_out(&mut self, path: &str, is_dir: bool, why: Exclusion) {
        self.left_out.add(path, is_dir, why);
    }

    /// Fails if the glob matched no file.
    pub(super) fn check_found(&self, folder: &Path) -> Result<(), ContextError> {
        let pattern = self.pattern.path.clone();
        match self.found {
            true => Ok(()),
            false if !self.left_out.is_empty() => Err(ContextError::OnlyLeftOut {
                pattern,
                left_out: self.left_out.to_string(),
                file: self.left_out.allowable_file().map(str::to_owned),
            }),
            false => Err(ContextError::NoMatch {
                pattern,
                folder: folder.display().to_string(),
                hint: "the pattern is relative to the task's file; `**` matches any number of folders",
            }),
        }
    }
}

fn compile(pattern: &str) -> Result<GlobMatcher, globset::Error> {
    Ok(GlobBuilder::new(pattern).literal_separator(true).build()?.compile_matcher())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn reaches_only_folders_that_can_match() {
        let reaches = |pattern: &str, folder: &str| {
            let pattern = ContextPattern { path: pattern.to_owned(), base: false, allow: false };
            Glob::parse(&pattern).unwrap().reaches(Path::new(folder))
        };
        for (pattern, folder) in [
            ("**", "a/b"),
            ("src/**/*.py", "src"),
            ("src/**/*.py", "src/a/b"),
            ("./src/*", "src"),
            ("*/x/*.md", "a/x"),
            ("{a/b,c}/*.md", "a/b"),
            ("s*/*.py", "src"),
        ] {
            assert!(reaches(pattern, folder), "{pattern} {folder}");
        }
        for (pattern, folder) in [("*.md", "a"), ("src/**", "node_modules"), ("src/*", "src/a"), ("*/x/*.md", "a/y")] {
            assert!(!reaches(pattern, folder), "{pattern} {folder}");
        }
    }
}
