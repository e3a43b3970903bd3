//! Changes of files that the index tracks.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use gix::bstr::ByteSlice;
use gix::index::entry::{Flags, Mode, Stat, stat};
use gix::index::fs::Metadata;
use gix::objs::Kind;

use super::found::{MAX_FILE_BYTES, refused};
use super::state::Working;
use crate::error::RepositoryError;
use crate::tree::{FileMode, TreeFile, path_fault};

/// Remembers which folders are folders, and not links to some.
#[derive(Default)]
pub(super) struct Parents(BTreeMap<String, bool>);

impl Parents {
    /// Whether each folder above a path is a folder.
    pub(super) fn are_folders(&mut self, top: &Path, path: &str) -> bool {
        let Some((parent, _)) = path.rsplit_once('/') else { return true };
        if let Some(known) = self.0.get(parent) {
            return *known;
        }
        let is_folder = self.are_folders(top, parent)
            && std::fs::symlink_metadata(top.join(parent)).is_ok_and(|metadata| metadata.is_dir());
        self.0.insert(parent.to_owned(), is_folder);
        is_folder
    }
}

impl Working<'_> {
    /// Adds the changes of tracked files. Returns their paths; that of a submodule also with `/` at its end.
    pub(super) fn add_tracked(&mut self, index: &gix::index::File) -> Result<BTreeSet<String>, RepositoryError> {
        let (mut tracked, mut parents) = (BTreeSet::new(), Parents::default());
        for entry in index.entries() {
            let path = entry.path(index);
            let fault = path.split(|byte| *byte == b'/').find_map(path_fault);
            let text = path.to_str_lossy();
            if let (Some(why), false) = (fault, entry.mode == Mode::DIR) {
                self.found.leave_out(&text.escape_debug().to_string(), why);
                continue;
            }
            if entry.mode == Mode::DIR {
                // The folder of a sparse index, which is not checked out.
                tracked.extend(self.files.below(&text).iter().map(|file| file.path.clone()));
                continue;
            }
            tracked.insert(text.to_string());
            if entry.mode == Mode::COMMIT {
                tracked.insert(format!("{text}/"));
            }
            self.add_entry(index, entry, &text, &mut parents)?;
        }
        Ok(tracked)
    }

    fn add_entry(
        &mut self,
        index: &gix::index::File,
        entry: &gix::index::Entry,
        path: &str,
        parents: &mut Parents,
    ) -> Result<(), RepositoryError> {
        let base = self.files.get(path).cloned();
        if entry.mode == Mode::COMMIT || base.as_ref().is_some_and(|base| base.mode == FileMode::Submodule) {
            if base.is_none_or(|base| base.id != entry.id) {
                self.found.leave_out(path, "it is a submodule");
            }
            return Ok(());
        }
        if entry.flags.intersects(Flags::SKIP_WORKTREE | Flags::ASSUME_VALID) {
            return self.add_staged(entry, path, base.as_ref(), entry.mode == Mode::FILE_EXECUTABLE);
        }
        let top = &self.repository.layout.top;
        let metadata = match parents.are_folders(top, path) {
            true => Metadata::from_path_no_follow(&top.join(path)).ok(),
            false => None,
        };
        let Some(metadata) = metadata.filter(|metadata| !metadata.is_dir()) else {
            if base.is_some() {
                self.found.delete(path);
            }
            return Ok(());
        };
        if !metadata.is_file() {
            return self.add_special(path, base.as_ref(), metadata.is_symlink());
        }
        let tells_mode = self.repository.config.flag("core.filemode").unwrap_or(true);
        let executable = if tells_mode { metadata.is_executable() } else { entry.mode == Mode::FILE_EXECUTABLE };
        let is_regular = matches!(entry.mode, Mode::FILE | Mode::FILE_EXECUTABLE);
        match is_regular && !entry.flags.contains(Flags::INTENT_TO_ADD) && is_fresh(index, entry, &metadata) {
            true => self.add_staged(entry, path, base.as_ref(), executable),
            false => self.add_working(path, base.as_ref(), metadata.len(), executable),
        }
    }

    /// Adds a file whose content is that of the index.
    fn add_staged(
        &mut self,
        entry: &gix::index::Entry,
        path: &str,
        base: Option<&TreeFile>,
        executable: bool,
    ) -> Result<(), RepositoryError> {
        if base.is_some_and(|base| base.id == entry.id && base.has_bit(executable)) {
            return Ok(());
        }
        if entry.mode == Mode::SYMLINK {
            self.found.leave_out(path, "it is a symbolic link");
            return Ok(());
        }
        let bytes =
            self.reader.objects().read(entry.id, Kind::Blob, MAX_FILE_BYTES, &|| format!("the file `{path}`"))?;
        self.found.write(path, bytes, executable)
    }

    /// Adds a regular file whose content has to be read from the working tree, if it differs from the commit.
    pub(super) fn add_working(
        &mut self,
        path: &str,
        base: Option<&TreeFile>,
        size: u64,
        executable: bool,
    ) -> Result<(), RepositoryError> {
        let hint = "commit it, or let .gitignore leave it out";
        if size > MAX_FILE_BYTES {
            return Err(refused(&format!("`{path}` has {size} bytes, at most {MAX_FILE_BYTES} allowed"), hint));
        }
        let bytes = match self.folder.read(path, MAX_FILE_BYTES) {
            Ok(bytes) => bytes,
            Err(why) => return Err(refused(&format!("`{path}` cannot be read: {why}"), hint)),
        };
        let base = base.filter(|base| base.is_regular());
        if base.is_some_and(|base| base.has_bit(executable) && self.cleaner.is_same(&bytes, base)) {
            return Ok(());
        }
        let old = match base {
            Some(base) if base.size <= MAX_FILE_BYTES => Some(self.reader.read(base, MAX_FILE_BYTES)?),
            _ => None,
        };
        match self.cleaner.clean(&self.folder, path, bytes, old.as_deref()) {
            Err(why) => self.found.leave_out(path, why),
            Ok(bytes) if base.is_some_and(|base| base.has_bit(executable)) && Some(&bytes) == old.as_ref() => {}
            Ok(bytes) => self.found.write(path, bytes, executable)?,
        }
        Ok(())
    }

    /// Adds a link or a device, unless it is the link of the commit.
    pub(super) fn add_special(
        &mut self,
        path: &str,
        base: Option<&TreeFile>,
        is_link: bool,
    ) -> Result<(), RepositoryError> {
        if !is_link {
            self.found.leave_out(path, "it is a device, a pipe or a socket");
            return Ok(());
        }
        let target = std::fs::read_link(self.repository.layout.top.join(path)).unwrap_or_default();
        let same = base.filter(|base| base.mode == FileMode::Symlink).is_some_and(|base| {
            let target = target.as_os_str().as_encoded_bytes();
            self.cleaner.is_same(target, base)
        });
        if !same {
            self.found.leave_out(path, "it is a symbolic link");
        }
        Ok(())
    }
}

impl TreeFile {
    fn has_bit(&self, executable: bool) -> bool {
        match self.mode {
            FileMode::File => !executable,
            FileMode::Executable => executable,
            FileMode::Symlink => true,
            FileMode::Submodule => false,
        }
    }
}

/// Whether the file is the one that the index describes, as far as its metadata tells.
fn is_fresh(index: &gix::index::File, entry: &gix::index::Entry, metadata: &Metadata) -> bool {
    let options = stat::Options { use_nsec: true, ..stat::Options::default() };
    let now = Stat::from_fs(metadata).ok();
    now.is_some_and(|now| entry.stat.matches(&now, options)) && !entry.stat.is_racy(index.timestamp(), options)
}
