//! Searches the folder of a task for the files that its globs match.
//!
//! Folders that no glob can match are not read. Links to folders are not followed; a link to a file counts if neither its
//! name nor its target is left out.

use std::collections::BTreeMap;
use std::fs::DirEntry;
use std::path::{Path, PathBuf};

use crate::error::context_files::{ContextError, MAX_FILES};
use crate::runs::context_files::exclusion::Exclusion;
use crate::runs::context_files::folder::TaskFolder;
use crate::runs::context_files::glob::Glob;
use crate::runs::context_files::ignore_files::IgnoreFiles;
use crate::runs::context_files::left_out::LeftOut;

/// A search that is under way.
pub(super) struct Walk<'a> {
    folder: &'a TaskFolder,
    globs: Vec<Glob<'a>>,
    ignore_files: IgnoreFiles,
    /// The files found so far, and whether they are base files.
    chosen: &'a mut BTreeMap<String, bool>,
    left_out: LeftOut,
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        folder: &'a TaskFolder,
        globs: Vec<Glob<'a>>,
        chosen: &'a mut BTreeMap<String, bool>,
    ) -> Result<Self, ContextError> {
        let ignore_files = IgnoreFiles::above(&folder.root)?;
        Ok(Self { folder, globs, ignore_files, chosen, left_out: LeftOut::default() })
    }

    /// Searches the whole folder. Fails if a glob matches nothing; `shown` is the folder in errors.
    pub(super) fn run(mut self, shown: &Path) -> Result<LeftOut, ContextError> {
        self.search(Path::new(""))?;
        self.globs.iter().try_for_each(|glob| glob.check_found(shown))?;
        Ok(self.left_out)
    }

    fn search(&mut self, relative: &Path) -> Result<(), ContextError> {
        let path = self.folder.root.join(relative);
        let unreadable = |why: std::io::Error| ContextError::Unreadable {
            path: relative.display().to_string(),
            reason: why.to_string(),
        };
        let entries = std::fs::read_dir(&path).and_then(Iterator::collect::<Result<Vec<DirEntry>, _>>);
        let mut entries = entries.map_err(unreadable)?;
        entries.sort_by_key(DirEntry::file_name);
        self.ignore_files.enter(&path)?;
        for entry in entries {
            let kind = entry.file_type().map_err(unreadable)?;
            let relative = relative.join(entry.file_name());
            if kind.is_dir() {
                self.visit_folder(relative)?;
            } else if !kind.is_symlink() || !entry.path().is_dir() {
                self.visit_file(&relative, kind.is_symlink())?;
            }
        }
        self.ignore_files.leave();
        Ok(())
    }

    fn visit_folder(&mut self, relative: PathBuf) -> Result<(), ContextError> {
        if !self.globs.iter().any(|glob| glob.reaches(&relative)) {
            return Ok(());
        }
        match self.folder.exclusion(&relative, true, &self.ignore_files) {
            None => self.search(&relative),
            Some(why) => {
                self.leave_out(&relative, true, why, |glob| glob.reaches(&relative));
                Ok(())
            }
        }
    }

    fn visit_file(&mut self, relative: &Path, is_link: bool) -> Result<(), ContextError> {
        if !self.globs.iter().any(|glob| glob.matches(relative)) {
            return Ok(());
        }
        let exclusion = match self.folder.exclusion(relative, false, &self.ignore_files) {
            None if is_link => self.folder.exclusion_of_file(relative)?,
            exclusion => exclusion,
        };
        if let Some(why) = exclusion {
            self.leave_out(relative, false, why, |glob| glob.matches(relative));
            return Ok(());
        }
        let path = slash_path(relative)?;
        let mut is_base = false;
        for glob in self.globs.iter_mut().filter(|glob| glob.matches(relative)) {
            glob.found = true;
            is_base |= glob.pattern.base;
        }
        *self.chosen.entry(path).or_default() |= is_base;
        match self.chosen.len() > MAX_FILES {
            true => Err(ContextError::TooMuch { what: format!("more than {MAX_FILES} files") }),
            false => Ok(()),
        }
    }

    fn leave_out(&mut self, relative: &Path, is_dir: bool, why: Exclusion, concerns: impl Fn(&Glob<'a>) -> bool) {
        let path = relative.to_string_lossy();
        // A file that the task names literally is not left out.
        if let Some(is_base) = self.chosen.get_mut(path.as_ref()) {
            for glob in self.globs.iter_mut().filter(|glob| concerns(glob)) {
                glob.found = true;
                *is_base |= glob.pattern.base;
            }
            return;
        }
        self.left_out.add(&path, is_dir, why);
        self.globs.iter_mut().filter(|glob| concerns(glob)).for_each(|glob| glob.leave_out(&path, is_dir, why));
    }
}

fn slash_path(path: &Path) -> Result<String, ContextError> {
    let parts: Option<Vec<&str>> = path.components().map(|part| part.as_os_str().to_str()).collect();
    let bad = |reason: &str| ContextError::BadName { path: path.display().to_string(), reason: reason.to_owned() };
    parts.map(|parts| parts.join("/")).ok_or_else(|| bad("its name is not UTF-8"))
}
