//! Checks of the files that reading a repository opens.
//!
//! Guarantees: after the checks, each of these files is a regular file in a folder of the repository, so that nothing outside
//! is opened and no pipe is waited for; no alternate folder of objects lies outside.

use std::fs::FileType;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::error::RepositoryError;
use crate::layout::{Layout, outside, special};
use crate::place::Outside;

/// Files in the git folder of a working tree.
const OWN_FILES: [&str; 4] = ["HEAD", "index", "config.worktree", "commondir"];
/// Files in the common git folder.
const COMMON_FILES: [&str; 4] = ["config", "packed-refs", "shallow", "HEAD"];
/// The limit of one of these files and of a loose reference, in bytes.
const MAX_FILE_BYTES: u64 = 512 << 20;
const MAX_REFERENCE_BYTES: u64 = 64 << 10;
/// The limits of `objects/info/alternates`.
const MAX_ALTERNATES_BYTES: u64 = 64 << 10;
const MAX_ALTERNATES: usize = 32;
/// The limit of folders in folders, as `refs/heads/a/b`.
const MAX_DEPTH: usize = 32;

/// Checks the files of a repository.
pub(crate) fn check_inside(layout: &Layout) -> Result<(), RepositoryError> {
    let files = OWN_FILES.iter().map(|name| layout.git_dir.join(name));
    let common = COMMON_FILES.iter().map(|name| layout.common_dir.join(name));
    for file in files.chain(common) {
        check_file(layout, &file, MAX_FILE_BYTES)?;
    }
    check_folder(layout, &layout.common_dir.join("refs"), Files::References, 0)?;
    if layout.is_linked() && layout.git_dir.join("refs").exists() {
        check_folder(layout, &layout.git_dir.join("refs"), Files::References, 0)?;
    }
    let objects = layout.common_dir.join("objects");
    check_folder(layout, &objects, Files::Objects, 0)?;
    for alternate in alternates(layout, &objects)? {
        let found = std::fs::canonicalize(&alternate);
        let target = found.as_ref().unwrap_or(&alternate).clone();
        // One that has alternates in turn would lead on.
        let leads_on = std::fs::symlink_metadata(target.join("info/alternates")).is_ok();
        if found.is_err() || !target.starts_with(&layout.common_dir) || leads_on {
            return Err(outside(&layout.top, Outside::Alternates { target }));
        }
        check_folder(layout, &target, Files::Objects, 0)?;
    }
    Ok(())
}

/// Checks that a file is regular and of bounded size, or absent.
pub(crate) fn check_file(layout: &Layout, file: &Path, max: u64) -> Result<(), RepositoryError> {
    match std::fs::symlink_metadata(file) {
        Ok(found) if found.is_file() && found.len() <= max => Ok(()),
        Ok(found) if found.is_file() => Err(RepositoryError::Unusable {
            path: layout.top.clone(),
            why: format!("`{}` has {} bytes, at most {max} allowed", file.display(), found.len()),
            hint: None,
        }),
        Ok(found) => Err(outside(&layout.top, special(file, found.file_type()))),
        Err(why) if why.kind() == ErrorKind::NotFound => Ok(()),
        Err(why) => Err(RepositoryError::Io { path: file.to_owned(), action: "read", why }),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Files {
    References,
    Objects,
}

/// Checks that a folder and all below consist of regular files and folders.
fn check_folder(layout: &Layout, folder: &Path, files: Files, depth: usize) -> Result<(), RepositoryError> {
    let io = |why| RepositoryError::Io { path: folder.to_owned(), action: "read", why };
    let refused = |part: &Path, kind: FileType| outside(&layout.top, special(part, kind));
    let own = match std::fs::symlink_metadata(folder) {
        // git may tidy up meanwhile.
        Err(why) if why.kind() == ErrorKind::NotFound && depth > 0 => return Ok(()),
        own => own.map_err(io)?.file_type(),
    };
    if !own.is_dir() {
        return Err(refused(folder, own));
    }
    if depth > MAX_DEPTH {
        let why = format!("`{}` is more than {MAX_DEPTH} folders deep", folder.display());
        return Err(RepositoryError::Unusable { path: layout.top.clone(), why, hint: None });
    }
    for entry in std::fs::read_dir(folder).map_err(io)? {
        let entry = entry.map_err(io)?;
        let (kind, path) = (entry.file_type().map_err(io)?, entry.path());
        match files {
            _ if kind.is_dir() => check_folder(layout, &path, files, depth + 1)?,
            // Sizes of objects are checked when they are read.
            Files::Objects if kind.is_file() => {}
            Files::References if kind.is_file() => check_file(layout, &path, MAX_REFERENCE_BYTES)?,
            _ => return Err(refused(&path, kind)),
        }
    }
    Ok(())
}

/// Returns the folders that `objects/info/alternates` names. Fails unless the lines have one meaning only, so that the folders
/// that are checked are those that are opened.
fn alternates(layout: &Layout, objects: &Path) -> Result<Vec<PathBuf>, RepositoryError> {
    let unusable = |why: String| RepositoryError::Unusable {
        path: layout.top.clone(),
        why: format!("its file `objects/info/alternates` {why}"),
        hint: None,
    };
    let text = match phasegate_files::read_text(&objects.join("info/alternates"), MAX_ALTERNATES_BYTES) {
        Ok(text) => text,
        Err(why) if why.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(why) => return Err(unusable(format!("cannot be read: {why}"))),
    };
    let lines: Vec<_> = text.split('\n').filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    match () {
        () if lines.len() > MAX_ALTERNATES => Err(unusable(format!("names more than {MAX_ALTERNATES} folders"))),
        () if lines.iter().any(|line| line.starts_with('"') || line.contains(char::is_control)) => {
            Err(unusable("has a line in quotes or with a control character".to_owned()))
        }
        () => Ok(lines.into_iter().map(|line| objects.join(line)).collect()),
    }
}
