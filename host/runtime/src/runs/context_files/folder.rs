//! The folder of a task, and the paths in it that are left out.

use std::path::{Path, PathBuf};

use crate::error::context_files::ContextError;
use crate::runs::context_files::exclusion::{Exclusion, is_output, is_output_name, of_content, of_folder, of_name};
use crate::runs::context_files::ignore_files::IgnoreFiles;
use crate::secrets::{is_secret_file, is_secret_folder};

/// Paths that the caller knows to be no context files, wherever they are. They need not exist.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReservedPaths {
    /// Folders and files that the program writes: state, cache, output folder.
    pub written: Vec<PathBuf>,
    /// The lock file. Drafts beside it have its name and an ending.
    pub lock: Option<PathBuf>,
    /// Files of providers' keys.
    pub keys: Vec<PathBuf>,
    /// The files of the task, the experiment and the configuration. A change of repetitions or budgets is none of the input.
    pub configuration: Vec<PathBuf>,
}

/// The folder of a task.
pub(super) struct TaskFolder {
    /// Without symbolic links.
    pub(super) root: PathBuf,
    reserved: ReservedPaths,
    /// Whether a run wrote its output into the folder itself.
    is_output: bool,
}

impl TaskFolder {
    pub(super) fn open(folder: &Path, reserved: &ReservedPaths) -> std::io::Result<Self> {
        let root = folder.canonicalize()?;
        let inside = |paths: &[PathBuf]| {
            let real = paths.iter().flat_map(|path| real_paths(path));
            real.filter(|path| path.starts_with(&root) && *path != root).collect::<Vec<_>>()
        };
        let reserved = ReservedPaths {
            written: inside(&reserved.written),
            lock: inside(reserved.lock.as_slice()).into_iter().next(),
            keys: inside(&reserved.keys),
            configuration: inside(&reserved.configuration),
        };
        let is_output = is_output(&root);
        Ok(Self { root, reserved, is_output })
    }

    /// Says why an entry is left out, if its parent folders are not. `ignore_files` are those of its folder.
    pub(super) fn exclusion(&self, relative: &Path, is_dir: bool, ignore_files: &IgnoreFiles) -> Option<Exclusion> {
        let path = self.root.join(relative);
        let name = relative.file_name().unwrap_or_default().to_string_lossy();
        let parent = relative.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
        let of_root = || self.is_output && relative.components().count() == 1 && is_output_name(&name);
        let secret = || if is_dir { is_secret_folder(&name) } else { is_secret_file(&name, &parent) };
        match () {
            () if self.is_reserved(&path, &name) => Some(Exclusion::Own),
            () if self.reserved.keys.contains(&path) => Some(Exclusion::Key),
            () if self.reserved.configuration.contains(&path) => Some(Exclusion::Configuration),
            () if of_root() => Some(Exclusion::Results),
            () => of_name(&name, is_dir)
                .or_else(|| if is_dir { of_folder(&path) } else { None })
                .or_else(|| secret().then_some(Exclusion::Secret))
                .or_else(|| if is_dir { None } else { of_content(&path) })
                .or_else(|| ignore_files.excluded_by(&path, is_dir).map(Exclusion::IgnoredBy)),
        }
    }

    /// Says why a file is left out, by its path, by the folders that it is in, and by the target of a symbolic link. A final
    /// reason wins.
    pub(super) fn exclusion_of_file(&self, relative: &Path) -> Result<Option<Exclusion>, ContextError> {
        let by_path = self.exclusion_of_path(relative)?;
        // A target outside the folder is rejected where the file is read.
        let real = self.root.join(relative).canonicalize().ok();
        let target = real.as_deref().and_then(|real| real.strip_prefix(&self.root).ok());
        let by_target = match target.filter(|target| *target != relative) {
            Some(target) => self.exclusion_of_path(target)?,
            None => None,
        };
        Ok(by_target.filter(|why| why.is_final() || by_path.is_none()).or(by_path))
    }

    fn exclusion_of_path(&self, relative: &Path) -> Result<Option<Exclusion>, ContextError> {
        let mut ignore_files = IgnoreFiles::above(&self.root)?;
        let mut found: Option<Exclusion> = None;
        let mut parts = relative.components().peekable();
        let mut at = PathBuf::new();
        while let Some(part) = parts.next() {
            ignore_files.enter(&self.root.join(&at))?;
            at.push(part);
            match self.exclusion(&at, parts.peek().is_some(), &ignore_files) {
                Some(why) if why.is_final() => return Ok(Some(why)),
                why => found = found.or(why),
            }
        }
        Ok(found)
    }

    fn is_reserved(&self, path: &Path, name: &str) -> bool {
        let is_lock = |lock: &PathBuf| {
            let lock_name = lock.file_name().unwrap_or_default().to_string_lossy();
            let rest = name.strip_prefix(lock_name.as_ref());
            path.parent() == lock.parent() && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        self.reserved.written.iter().any(|written| written == path) || self.reserved.lock.as_ref().is_some_and(is_lock)
    }
}

/// Returns a path without symbolic links in its folders, and its target where it is a link itself.
fn real_paths(path: &Path) -> Vec<PathBuf> {
    let beside = path.parent().zip(path.file_name());
    let named = beside.and_then(|(parent, name)| Some(parent.canonicalize().ok()?.join(name)));
    let mut paths: Vec<PathBuf> = named.into_iter().chain(path.canonicalize()).collect();
    paths.dedup();
    paths
}
