//! `.gitignore`, `.phasegateignore` and `.git/info/exclude`.
//!
//! The files of a folder and of its parents count, up to the root of the repository; without a repository, those of the
//! task's folder and below. A nearer file wins over a farther one, and `.phasegateignore` over `.gitignore`. What a user
//! configures for all repositories does not count: the same task has the same context files on every machine.

use std::io::ErrorKind;
use std::path::Path;

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::error::context_files::ContextError;

const OWN: &str = ".phasegateignore";
const GIT: &str = ".gitignore";
const EXCLUDE: &str = ".git/info/exclude";

/// The largest ignore file, in bytes.
const MAX_BYTES: u64 = 256 << 10;

/// The ignore files of one folder.
struct Level {
    own: Gitignore,
    git: Gitignore,
}

/// The ignore files that count in a folder.
pub(super) struct IgnoreFiles {
    /// From the root of the repository inwards.
    levels: Vec<Level>,
    exclude: Gitignore,
}

impl IgnoreFiles {
    /// Reads the files above `root`, an absolute path; not those in it.
    pub(super) fn above(root: &Path) -> Result<Self, ContextError> {
        let Some(repository) = repository(root) else {
            return Ok(Self { levels: Vec::new(), exclude: Gitignore::empty() });
        };
        let exclude = read(repository, EXCLUDE)?;
        let above = root.ancestors().skip(1).take_while(|folder| folder.starts_with(repository));
        let mut levels = above.map(Level::read).collect::<Result<Vec<_>, _>>()?;
        levels.reverse();
        Ok(Self { levels, exclude })
    }

    /// Adds the files of a folder that lies in the last one.
    pub(super) fn enter(&mut self, folder: &Path) -> Result<(), ContextError> {
        self.levels.push(Level::read(folder)?);
        Ok(())
    }

    /// Removes the files of the last folder.
    pub(super) fn leave(&mut self) {
        self.levels.pop();
    }

    /// Returns the name of the file that excludes an entry of the last folder.
    pub(super) fn excluded_by(&self, path: &Path, is_dir: bool) -> Option<&'static str> {
        let first = |of: fn(&Level) -> &Gitignore| {
            let matches = self.levels.iter().rev().map(|level| of(level).matched(path, is_dir));
            matches.into_iter().find(|found| !found.is_none()).map(|found| found.is_ignore())
        };
        if let Some(excluded) = first(|level| &level.own) {
            return excluded.then_some(OWN);
        }
        if let Some(excluded) = first(|level| &level.git) {
            return excluded.then_some(GIT);
        }
        matches!(self.exclude.matched(path, is_dir), Match::Ignore(_)).then_some(EXCLUDE)
    }
}

impl Level {
    fn read(folder: &Path) -> Result<Self, ContextError> {
        Ok(Self { own: read(folder, OWN)?, git: read(folder, GIT)? })
    }
}

/// Returns the folder of the repository that `root` lies in. The search ends at a folder that another account controls.
fn repository(root: &Path) -> Option<&Path> {
    let is_trusted = |folder: &&Path| *folder == root || matches!(phasegate_files::check_path(folder), Ok(Ok(())));
    root.ancestors().take_while(is_trusted).find(|folder| folder.join(".git").symlink_metadata().is_ok())
}

/// Reads an ignore file; an absent one excludes nothing. Lines that are no patterns are skipped, as git does.
fn read(folder: &Path, name: &str) -> Result<Gitignore, ContextError> {
    let file = folder.join(name);
    let unreadable = |reason: String| ContextError::IgnoreFile { file: file.display().to_string(), reason };
    let bytes = match phasegate_files::read(&file, MAX_BYTES) {
        Ok(bytes) => bytes,
        Err(why) if matches!(why.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(Gitignore::empty());
        }
        Err(why) => return Err(unreadable(why.to_string())),
    };
    let mut builder = GitignoreBuilder::new(folder);
    for line in String::from_utf8_lossy(&bytes).trim_start_matches('\u{feff}').lines() {
        let _ = builder.add_line(None, line);
    }
    builder.build().map_err(|why| unreadable(why.to_string()))
}
