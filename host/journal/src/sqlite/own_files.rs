//! The files of a state folder, which a repository or another account may have prepared.
//!
//! To write, the folder and each file in it must belong to this account, which alone may write to them; a file must have one
//! name and be no link. Wider permissions to read are taken away. To read, links are rejected too, but the owner may be
//! another account. Every fault is a [`JournalError::Untrusted`] with what to do about it.

use std::fs::{File, Metadata};
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use phasegate_files::{
    Access, check_folder, check_private, check_regular, create_private_folder, is_own, narrow, open_private,
    open_regular, quote,
};

use crate::error::JournalError;

/// Creates a folder with mode 0700, or narrows an existing one of this account.
pub(super) fn create_folder(folder: &Path) -> Result<(), JournalError> {
    create_private_folder(folder).map_err(|error| refusal(folder, &error))
}

/// Checks a folder to read from. `false` if there is none.
pub(super) fn is_folder(folder: &Path) -> Result<bool, JournalError> {
    match check_folder(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        checked => checked.map(|()| true).map_err(|error| refusal(folder, &error)),
    }
}

/// Opens a file of this account to read and write; creates it with mode 0600.
pub(super) fn open_or_create(path: &Path) -> Result<File, JournalError> {
    let opened = open_private(path, Access::Create).and_then(|file| {
        narrow(path, &file.metadata()?)?;
        Ok(file)
    });
    opened.map_err(|error| refusal(path, &error))
}

/// Opens a file to read, of any account; `None` if there is none or it cannot be read.
pub(super) fn open_if_present(path: &Path) -> Result<Option<File>, JournalError> {
    match open_regular(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if is_untrusted(&error) => Err(refusal(path, &error)),
        Err(_) => Ok(None),
    }
}

/// Checks the files of a database to write; creates the database as an empty file. Returns nothing that holds a file open:
/// closing it would release the locks of other handles of this process.
pub(super) fn prepare_to_write(database: &Path) -> Result<(), JournalError> {
    check_files(database, |path| {
        let metadata = check_private(path)?;
        narrow(path, &metadata)?;
        Ok(metadata)
    })?;
    match database.symlink_metadata() {
        Err(error) if error.kind() == ErrorKind::NotFound => open_or_create(database).map(drop),
        _ => Ok(()),
    }
}

/// Checks the files of a database to read.
pub(super) fn check_to_read(database: &Path) -> Result<(), JournalError> {
    check_files(database, check_regular)
}

fn check_files(database: &Path, check: impl Fn(&Path) -> io::Result<Metadata>) -> Result<(), JournalError> {
    for path in ["", "-wal", "-shm"].map(|suffix| beside(database, suffix)) {
        match check(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            checked => checked.map(|_| ()).map_err(|error| refusal(&path, &error))?,
        }
    }
    // A journal keeps its changes in the write-ahead log. A rollback journal in its place would be executed when the database
    // is opened, and may name any file to be deleted.
    let rollback = beside(database, "-journal");
    match rollback.symlink_metadata() {
        Err(_) => Ok(()),
        Ok(_) => Err(JournalError::Untrusted {
            remedy: format!("remove it: `rm {}`, or {ELSEWHERE}", quote(&rollback)),
            file: rollback.display().to_string(),
            reason: "phasegate writes no rollback journal, and what is in it would be executed".to_owned(),
        }),
    }
}

/// Returns the path of a file of the database: its own, or one with a suffix.
pub(super) fn beside(database: &Path, suffix: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Maps an error of opening or checking a file or folder.
fn refusal(path: &Path, error: &io::Error) -> JournalError {
    let (file, reason) = (path.display().to_string(), error.to_string());
    match is_untrusted(error) {
        true => JournalError::Untrusted { remedy: remedy(path), file, reason },
        false => JournalError::ReadOnly { file, reason },
    }
}

/// Whether the error is a fault that `phasegate_files` found, and not one of the system.
fn is_untrusted(error: &io::Error) -> bool {
    error.kind() == ErrorKind::PermissionDenied && error.raw_os_error().is_none()
}

const ELSEWHERE: &str = "use another folder with `--state DIR`";

fn remedy(path: &Path) -> String {
    let (name, copy) = (quote(path), quote(&beside(path, ".copy")));
    match path.symlink_metadata() {
        Ok(found) if found.is_symlink() && path.is_dir() => {
            "name the folder that the link points to with `--state DIR`".to_owned()
        }
        Ok(found) if found.is_symlink() => format!("remove the link: `rm {name}`, or {ELSEWHERE}"),
        Ok(found) if found.is_file() && found.nlink() > 1 => {
            format!("put a copy in its place: `cp -p {name} {copy} && mv {copy} {name}`, or {ELSEWHERE}")
        }
        Ok(found) if is_own(&found) => {
            format!("look who could change it, then `chmod go-w {name}`, or {ELSEWHERE}")
        }
        _ => ELSEWHERE.to_owned(),
    }
}
