//! Locks on runs and on the folder. They are locks of the operating system and end with the process.
//!
//! The lock file of a run contains the owner's process id for people; only the lock decides. Lock files are removed only
//! while no other process has the folder open, because a lock on a removed file excludes no other process.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use phasegate_process::RunId;

use super::own_files::{create_folder, is_folder, open_if_present, open_or_create};
use crate::error::JournalError;
use crate::wait::{Share, lock_file, try_lock};

/// A process that queries a lock holds it for microseconds; a few attempts tell it from an owner.
const TRIES: u32 = 5;
const BETWEEN_TRIES: Duration = Duration::from_millis(2);

/// The folder with the lock files of runs.
#[derive(Debug)]
pub(super) struct RunLocks(PathBuf);

/// A lock that is released when this is dropped.
pub(super) struct RunLock(File);

impl Drop for RunLock {
    fn drop(&mut self) {
        // A stale id would mislead people. The lock itself ends when the file is closed.
        let _ = self.0.set_len(0);
    }
}

impl RunLocks {
    pub(super) fn create(folder: &Path) -> Result<Self, JournalError> {
        create_folder(folder)?;
        Ok(Self(folder.to_owned()))
    }

    /// Returns the locks of a folder that may not exist, for queries only.
    pub(super) fn read_only(folder: &Path) -> Result<Self, JournalError> {
        is_folder(folder)?;
        Ok(Self(folder.to_owned()))
    }

    /// Locks a run; fails if it is locked.
    pub(super) fn take(&self, run: &RunId) -> Result<RunLock, JournalError> {
        let path = self.path(run);
        let mut file = open_or_create(&path)?;
        for _ in 1..TRIES {
            if try_lock(&path, &file, Share::Exclusive)? {
                return write_pid(file).map_err(|e| not_writable(&path, &e));
            }
            std::thread::sleep(BETWEEN_TRIES);
        }
        match try_lock(&path, &file, Share::Exclusive)? {
            true => write_pid(file).map_err(|e| not_writable(&path, &e)),
            false => Err(JournalError::Owned { run: run.clone(), pid: read_pid(&mut file) }),
        }
    }

    /// Returns the id of the process that has locked the run, 0 where the id cannot be read.
    pub(super) fn holder(&self, run: &RunId) -> Result<Option<u32>, JournalError> {
        let path = self.path(run);
        let Some(mut file) = open_if_present(&path)? else { return Ok(None) };
        match try_lock(&path, &file, Share::Exclusive)? {
            true => Ok(None),
            false => Ok(Some(read_pid(&mut file).unwrap_or(0))),
        }
    }

    /// Whether a run was ever locked in this folder.
    pub(super) fn is_any_present(&self) -> bool {
        std::fs::read_dir(&self.0).is_ok_and(|mut files| files.next().is_some())
    }

    /// Removes the lock file of a run; the next lock creates it again. Only while no other process has the folder open.
    pub(super) fn remove(&self, run: &RunId) {
        let _ = std::fs::remove_file(self.path(run));
    }

    fn path(&self, run: &RunId) -> PathBuf {
        self.0.join(format!("{run}.lock"))
    }
}

/// Waits until no other process opens the journal to write or uses the folder exclusively, and keeps them from both.
pub(super) fn lock_opening(path: &Path) -> Result<impl Drop + use<>, JournalError> {
    let file = open_or_create(path)?;
    lock_file(path, &file, Share::Exclusive)?;
    Ok(RunLock(file))
}

/// Marks the folder as in use until it is dropped, so that no process removes blobs that an event is about to name.
#[derive(Debug)]
pub(super) struct FolderLock(Option<File>);

impl FolderLock {
    /// Waits while another process uses the folder exclusively.
    pub(super) fn shared(path: &Path) -> Result<Self, JournalError> {
        let file = open_or_create(path)?;
        lock_file(path, &file, Share::Shared)?;
        Ok(Self(Some(file)))
    }

    /// The same without creating the lock file. Does nothing where it does not exist or cannot be opened.
    pub(super) fn shared_if_present(path: &Path) -> Result<Self, JournalError> {
        let Some(file) = open_if_present(path)? else { return Ok(Self(None)) };
        lock_file(path, &file, Share::Shared)?;
        Ok(Self(Some(file)))
    }

    /// Uses the folder exclusively until the result is dropped; `None` where another process uses it. The caller must hold
    /// [`lock_opening`]: between the shared and the exclusive lock, nothing else protects what this process has stored.
    pub(super) fn try_exclusive(&self, path: &Path) -> Result<Option<Exclusive<'_>>, JournalError> {
        let Some(file) = &self.0 else { return Ok(None) };
        file.unlock().map_err(|e| io_error(path, &e))?;
        let exclusive = Exclusive { file, path: path.to_owned() };
        Ok(try_lock(path, file, Share::Exclusive)?.then_some(exclusive))
    }
}

/// Returns to the shared lock when it is dropped.
pub(super) struct Exclusive<'a> {
    file: &'a File,
    path: PathBuf,
}

impl Drop for Exclusive<'_> {
    fn drop(&mut self) {
        // Without the lock, another process could remove blobs that this one has stored and not named yet.
        let _ = self.file.unlock();
        if let Err(error) = lock_file(&self.path, self.file, Share::Shared) {
            tracing::warn!(%error, "the state folder is no longer marked as in use");
        }
    }
}

/// Replaces the content of a lock file by the id of this process. The file was opened as one of this account with one name,
/// so that nothing else is truncated.
fn write_pid(mut file: File) -> io::Result<RunLock> {
    file.set_len(0)?;
    file.rewind()?;
    write!(file, "{}", std::process::id())?;
    Ok(RunLock(file))
}

fn read_pid(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

fn not_writable(path: &Path, error: &io::Error) -> JournalError {
    JournalError::ReadOnly { file: path.display().to_string(), reason: error.to_string() }
}

fn io_error(path: &Path, error: &io::Error) -> JournalError {
    JournalError::Io { file: path.display().to_string(), reason: error.to_string() }
}
