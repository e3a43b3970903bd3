//! Keeps the folders that runs write out of `git status`; see [`ignore_own_folders`].

use std::path::{Path, PathBuf};

use phasegate_runtime::{IgnoreLines, IgnorePlace, OwnFolder, ignore_own_folders};

use crate::out_dir::OUT;
use crate::paths::{STATE, current_dir, display_path};

/// Adds the folders of runs in a new project, and says so in a line; empty if there was nothing to add.
pub fn ignore_in_project(dir: &Path) -> String {
    let folder = |name| OwnFolder { parent: dir.to_owned(), name };
    render(&ignore_own_folders(&[folder(STATE), folder(OUT)], IgnorePlace::New))
}

/// Adds the folders that runs in the current folder write, and says so in a line; empty if there was nothing to add. A folder
/// that a person named is that person's own matter.
pub fn ignore_run_folders(state: &Path, out_is_usual: bool, repositories: &[PathBuf]) -> String {
    let here = current_dir();
    let project = state.parent().filter(|parent| state.ends_with(STATE) && here.starts_with(parent));
    let state = project.map(|project| OwnFolder { parent: project.to_owned(), name: STATE });
    let out = out_is_usual.then_some(OwnFolder { parent: here, name: OUT });
    let folders: Vec<OwnFolder> = state.into_iter().chain(out).collect();
    render(&ignore_own_folders(&folders, IgnorePlace::Existing { untouched: repositories }))
}

fn render(added: &[IgnoreLines]) -> String {
    added
        .iter()
        .map(|added| format!("Added {} to {}.\n", added.lines.join(" and "), display_path(&added.file)))
        .collect()
}
