//! Gathers the context files of a task: files in the task's folder that agents may read.
//!
//! Guarantees: no path, glob or symbolic link leaves the folder; each file is returned once, sorted by path. Globs leave out
//! what [`LeftOut`] reports: version control, the program's own files and results, ignored files, environments, dependencies,
//! caches and files that look like secrets. A path without wildcards names such a file only if the task allows it. Fails with
//! [`ContextError`], which names the pattern or the file.

mod exclusion;
mod folder;
mod glob;
mod ignore_files;
mod left_out;
#[cfg(test)]
mod tests;
mod walk;

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use phasegate_process::ArtifactName;
use phasegate_process::artifact::unsafe_path;
use phasegate_process::task::{ContextPattern, is_inside_folder};

use crate::error::context_files::{ContextError, MAX_FILE_BYTES, MAX_FILES};
use crate::secrets::{holds_private_key, is_secret_path};

use self::exclusion::Exclusion;
pub use self::folder::ReservedPaths;
use self::folder::TaskFolder;
use self::glob::Glob;
pub use self::left_out::LeftOut;
use self::walk::Walk;

/// Maximal size of all context files of a task, in bytes.
const MAX_BYTES: u64 = 64 << 20;

/// A context file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContextFile {
    /// Path relative to the task's folder, separated by `/`.
    pub path: String,
    /// Content, unchanged; not necessarily text.
    pub bytes: Vec<u8>,
    /// Whether the file is part of the code base: test runs put it below the generated files.
    pub base: bool,
}

/// The context files of a task.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContextFiles {
    /// All files, sorted by path.
    pub files: Vec<ContextFile>,
    /// What globs left out.
    pub left_out: LeftOut,
    /// Files that would be left out, and that the task allows: path and reason.
    pub allowed: Vec<(String, String)>,
}

impl ContextFiles {
    /// Takes out the acceptance tests among the files, and notes them as left out.
    pub(crate) fn hold_out(&mut self, is_held_out: impl Fn(&str) -> bool) {
        let (held_out, files) = std::mem::take(&mut self.files).into_iter().partition(|file| is_held_out(&file.path));
        self.files = files;
        let held_out: Vec<ContextFile> = held_out;
        held_out.iter().for_each(|file| self.left_out.add(&file.path, false, Exclusion::Acceptance));
    }
}

/// Reads every file that a pattern matches. A file that several patterns match is a base file if one of them says so.
pub(crate) fn gather_context_files(
    patterns: &[ContextPattern],
    folder: &Path,
    reserved: &ReservedPaths,
) -> Result<ContextFiles, ContextError> {
    let mut gathered = ContextFiles::default();
    if patterns.is_empty() {
        return Ok(gathered);
    }
    let opened = TaskFolder::open(folder, reserved).map_err(|why| unreadable(&folder.display().to_string(), &why))?;
    let mut chosen: BTreeMap<String, bool> = BTreeMap::new();
    let (globs, plain): (Vec<_>, Vec<_>) = patterns.iter().partition(|pattern| pattern.is_glob());
    for pattern in plain {
        let path = resolve_path(pattern, &opened, folder, &mut gathered)?;
        *chosen.entry(path).or_default() |= pattern.base;
    }
    if !globs.is_empty() {
        let globs = globs.into_iter().map(Glob::parse).collect::<Result<_, _>>()?;
        gathered.left_out = Walk::new(&opened, globs, &mut chosen)?.run(folder)?;
    }
    if chosen.len() > MAX_FILES {
        return Err(ContextError::TooMuch { what: format!("{} files, at most {MAX_FILES} are allowed", chosen.len()) });
    }
    let mut total = 0;
    for (path, base) in chosen {
        let bytes = read(&opened.root, &path)?;
        total += bytes.len() as u64;
        if total > MAX_BYTES {
            return Err(ContextError::TooMuch { what: format!("more than {MAX_BYTES} bytes in all") });
        }
        gathered.files.push(ContextFile { path, bytes, base });
    }
    Ok(gathered)
}

/// Returns why a file would be left out, by its path and content; `None` if agents may read it.
pub(crate) fn exclusion_of(path: &str, content: &[u8]) -> Option<String> {
    let mut parts = path.split('/').peekable();
    let mut by_name = None;
    while let Some(name) = parts.next() {
        by_name = by_name.or_else(|| exclusion::of_name(name, parts.peek().is_some()));
    }
    let head = content.get(..content.len().min(16 << 10)).unwrap_or_default();
    let is_secret = || is_secret_path(path) || holds_private_key(head);
    by_name.or_else(|| is_secret().then_some(Exclusion::Secret)).map(|why| why.to_string())
}

/// Checks and normalises a path without wildcards. The error for a folder says how to name its files.
fn resolve_path(
    pattern: &ContextPattern,
    opened: &TaskFolder,
    folder: &Path,
    gathered: &mut ContextFiles,
) -> Result<String, ContextError> {
    let parts: Vec<_> = pattern.path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    let path = parts.join("/");
    if !is_inside_folder(&pattern.path) || path.is_empty() {
        return Err(ContextError::Leaves { path: pattern.path.clone() });
    }
    if opened.root.join(&path).canonicalize().is_ok_and(|real| !real.starts_with(&opened.root)) {
        return Err(ContextError::Leaves { path });
    }
    let exclusion = opened.exclusion_of_file(Path::new(&path))?;
    if let Some(why) = exclusion.filter(|why| why.is_final()) {
        return Err(ContextError::Never { path, why: why.to_string() });
    }
    let missing =
        |hint| Err(ContextError::NoMatch { pattern: pattern.path.clone(), folder: folder.display().to_string(), hint });
    match opened.root.join(&path).metadata() {
        Ok(metadata) if metadata.is_dir() => return missing("it is a folder; add `/**` to include its files"),
        Err(why) if why.kind() == ErrorKind::NotFound => return missing("the path is relative to the task's file"),
        _ => {}
    }
    match exclusion {
        None => {}
        Some(why) if pattern.allow => gathered.allowed.push((path.clone(), why.to_string())),
        Some(why) => return Err(ContextError::NotAllowed { pattern: pattern.clone(), why: why.to_string() }),
    }
    Ok(path)
}

fn read(root: &Path, path: &str) -> Result<Vec<u8>, ContextError> {
    if let Some(reason) = unsafe_path(path) {
        return Err(ContextError::BadName { path: path.to_owned(), reason: reason.to_owned() });
    }
    if let Err(why) = format!("context/{path}").parse::<ArtifactName>() {
        let reason = why.to_string().lines().last().unwrap_or_default().replace("hint: ", "");
        return Err(ContextError::BadName { path: path.to_owned(), reason });
    }
    let file: PathBuf = root.join(path).canonicalize().map_err(|why| unreadable(path, &why))?;
    if !file.starts_with(root) {
        return Err(ContextError::Leaves { path: path.to_owned() });
    }
    phasegate_files::read(&file, MAX_FILE_BYTES).map_err(|why| match why.kind() {
        ErrorKind::FileTooLarge => {
            let size = file.metadata().map_or(0, |metadata| metadata.len());
            ContextError::TooLarge { path: path.to_owned(), size }
        }
        _ => unreadable(path, &why),
    })
}

fn unreadable(path: &str, why: &std::io::Error) -> ContextError {
    ContextError::Unreadable { path: path.to_owned(), reason: why.to_string() }
}
