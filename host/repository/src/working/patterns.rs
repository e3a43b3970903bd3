//! Reads files of patterns, such as `.gitignore`, of bounded size.
//!
//! Guarantees: a file that exists and cannot be read whole is an error, so that no ignored file is taken for an untracked one.

use std::io::{Error, ErrorKind};

use phasegate_files::Folder;

use super::found::refused;
use crate::error::RepositoryError;

/// The limits of one file.
const MAX_BYTES: u64 = 256 << 10;
const MAX_LINES: usize = 5000;

/// Reads a file of a folder. A link counts as absent, as in git.
pub(super) fn read_patterns(folder: &Folder, path: &str) -> Result<Option<String>, RepositoryError> {
    check_patterns(path, folder.read(path, MAX_BYTES))
}

/// Reads the file that the user or the repository names for all of its folders.
pub(super) fn read_named_patterns(path: &std::path::Path) -> Result<Option<String>, RepositoryError> {
    check_patterns(&path.display().to_string(), phasegate_files::read(path, MAX_BYTES))
}

fn check_patterns(name: &str, found: Result<Vec<u8>, Error>) -> Result<Option<String>, RepositoryError> {
    let failed = |why: &str| refused(&format!("`{name}` {why}"), "commit them first");
    let text = match found {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(why) if why.kind() == ErrorKind::FileTooLarge => {
            return Err(failed(&format!("has more than {MAX_BYTES} bytes")));
        }
        Err(why) if why.kind() == ErrorKind::PermissionDenied => return Err(failed(&format!("cannot be read: {why}"))),
        Err(_) => return Ok(None),
    };
    match text.lines().count() > MAX_LINES {
        true => Err(failed(&format!("has more than {MAX_LINES} lines"))),
        false => Ok(Some(text)),
    }
}
