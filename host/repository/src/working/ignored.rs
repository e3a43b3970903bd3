//! Which untracked files git ignores.
//!
//! Guarantees: besides the repository's own files, only the file that the user's configuration names is read. A repository
//! whose configuration names such a file outside of it is refused, so that no ignored file is taken for an untracked one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use phasegate_files::Folder;

use super::found::refused;
use super::patterns::{read_named_patterns, read_patterns};
use crate::author::global_files;
use crate::config::GitConfig;
use crate::error::RepositoryError;

/// The limit of lines that hold in one folder.
const MAX_LINES: usize = 20_000;

/// The patterns that hold in a folder. Later ones count more.
#[derive(Clone)]
pub(super) struct Ignores {
    top: PathBuf,
    ignores_case: bool,
    patterns: Vec<Arc<Gitignore>>,
    lines: usize,
}

impl Ignores {
    /// Returns the patterns that hold in the whole repository.
    pub(super) fn new(top: &Path, common: &Folder, config: &GitConfig) -> Result<Self, RepositoryError> {
        let ignores_case = config.flag("core.ignorecase").unwrap_or(false);
        let mut ignores = Self { top: top.to_owned(), ignores_case, patterns: Vec::new(), lines: 0 };
        match config.text("core.excludesfile") {
            None => ignores.add("", user_patterns(&|name| std::env::var_os(name))?)?,
            Some(named) => {
                let path = std::fs::canonicalize(top.join(&named)).ok().filter(|path| path.starts_with(top));
                let text = path.map(|path| read_named_patterns(&path)).transpose()?.flatten();
                let why = format!("core.excludesFile of the repository names `{named}`, which is not in it");
                ignores.add("", Some(text.ok_or_else(|| refused(&why, "commit them first"))?))?;
            }
        }
        ignores.add("", read_patterns(common, "info/exclude")?)?;
        Ok(ignores)
    }

    /// Returns the patterns that hold in a folder below. `prefix` is its path with `/`, or empty for the top.
    pub(super) fn enter(mut self, folder: &Folder, prefix: &str) -> Result<Self, RepositoryError> {
        self.add(prefix, read_patterns(folder, &format!("{prefix}.gitignore"))?)?;
        Ok(self)
    }

    /// Whether a file or folder is ignored; its parent folder is not.
    pub(super) fn is_ignored(&self, path: &str, is_folder: bool) -> bool {
        let path = self.top.join(path);
        let found = self.patterns.iter().rev().map(|patterns| patterns.matched(&path, is_folder));
        found.into_iter().find(|found| !found.is_none()).is_some_and(|found| matches!(found, Match::Ignore(_)))
    }

    fn add(&mut self, prefix: &str, text: Option<String>) -> Result<(), RepositoryError> {
        let Some(text) = text else { return Ok(()) };
        self.lines += text.lines().count();
        if self.lines > MAX_LINES {
            let why = format!("the .gitignore files of `{prefix}` and above have more than {MAX_LINES} lines");
            return Err(refused(&why, "commit them first"));
        }
        let mut builder = GitignoreBuilder::new(self.top.join(prefix));
        // An invalid pattern matches nothing, as in git.
        let _ = builder.case_insensitive(self.ignores_case);
        for line in text.trim_start_matches('\u{feff}').lines() {
            let _ = builder.add_line(None, line);
        }
        if let Ok(patterns) = builder.build() {
            self.patterns.push(Arc::new(patterns));
        }
        Ok(())
    }
}

/// Returns the patterns of the user's own file, which holds for all repositories.
fn user_patterns(variable: &dyn Fn(&str) -> Option<std::ffi::OsString>) -> Result<Option<String>, RepositoryError> {
    let home = variable("HOME").map(PathBuf::from);
    let mut configs = global_files(variable).into_iter().filter_map(|path| GitConfig::read(&path).ok());
    let named = configs.find_map(|config| config.text("core.excludesfile")).map(|named| {
        match (named.strip_prefix("~/"), &home) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => PathBuf::from(named),
        }
    });
    let settings = variable("XDG_CONFIG_HOME").map(PathBuf::from).or_else(|| home.map(|home| home.join(".config")));
    let path = named.or_else(|| settings.map(|folder| folder.join("git/ignore")));
    Ok(path.map(|path| read_named_patterns(&path)).transpose()?.flatten())
}
