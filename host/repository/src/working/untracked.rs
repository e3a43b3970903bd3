//! Files that the index does not track and that git does not ignore.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;

use super::found::refused;
use super::ignored::Ignores;
use super::state::Working;
use crate::error::RepositoryError;
use crate::tree::path_fault;

/// The limit of folders in folders.
const MAX_DEPTH: usize = 128;
/// The limit of files and folders that are looked at.
const MAX_ENTRIES: usize = 1_000_000;

/// A folder that is being looked at.
struct Place<'a> {
    /// Empty, or the path with `/` at its end.
    prefix: String,
    ignores: Ignores,
    tracked: &'a BTreeSet<String>,
    depth: usize,
}

impl Working<'_> {
    /// Adds untracked files. Returns their paths, changed or not.
    pub(super) fn add_untracked(
        &mut self,
        ignores: &Ignores,
        tracked: &BTreeSet<String>,
    ) -> Result<BTreeSet<String>, RepositoryError> {
        let (mut kept, mut left) = (BTreeSet::new(), MAX_ENTRIES);
        let place = Place { prefix: String::new(), ignores: ignores.clone(), tracked, depth: 0 };
        self.look_at(place, &mut kept, &mut left)?;
        Ok(kept)
    }

    fn look_at(
        &mut self,
        place: Place<'_>,
        kept: &mut BTreeSet<String>,
        left: &mut usize,
    ) -> Result<(), RepositoryError> {
        let Place { prefix, ignores, tracked, depth } = place;
        let top = self.repository.layout.top.clone();
        let unreadable = |why| RepositoryError::Io { path: top.join(&prefix), action: "read", why };
        if depth > MAX_DEPTH {
            let why = format!("`{prefix}` is more than {MAX_DEPTH} folders deep");
            return Err(refused(&why, "let .gitignore leave it out"));
        }
        let ignores = ignores.enter(&self.folder, &prefix)?;
        for entry in std::fs::read_dir(top.join(&prefix)).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            *left = left.saturating_sub(1);
            if *left == 0 {
                let why = format!("the working tree has more than {MAX_ENTRIES} files");
                return Err(refused(&why, "let .gitignore leave files out"));
            }
            let (name, kind) = (entry.file_name(), entry.file_type().map_err(unreadable)?);
            if name.eq_ignore_ascii_case(".git") {
                continue;
            }
            let path = format!("{prefix}{}", name.to_string_lossy());
            // A tracked file that is a folder now may have untracked files in it.
            let is_tracked = match kind.is_dir() {
                true => tracked.contains(&format!("{path}/")),
                false => tracked.contains(&path),
            };
            if is_tracked || ignores.is_ignored(&path, kind.is_dir()) {
                continue;
            }
            if let Some(why) = path_fault(name.as_encoded_bytes()) {
                self.found.leave_out(&path.escape_debug().to_string(), why);
                continue;
            }
            if kind.is_dir() {
                match entry.path().join(".git").exists() {
                    true => self.found.leave_out(&path, "it is a repository of its own"),
                    false => {
                        let prefix = format!("{path}/");
                        let place = Place { prefix, ignores: ignores.clone(), tracked, depth: depth + 1 };
                        self.look_at(place, kept, left)?;
                    }
                }
                continue;
            }
            let base = self.files.get(&path).cloned();
            kept.insert(path.clone());
            match kind.is_file() {
                false => self.add_special(&path, base.as_ref(), kind.is_symlink())?,
                true => {
                    let metadata = entry.metadata().map_err(unreadable)?;
                    let executable = metadata.permissions().mode() & 0o100 != 0;
                    self.add_working(&path, base.as_ref(), metadata.len(), executable)?;
                }
            }
        }
        Ok(())
    }
}
