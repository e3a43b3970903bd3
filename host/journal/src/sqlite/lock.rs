//! Who works on a run, and who uses the folder at all: locks of the operating system, which end with the process, however
//! it ends.
//!
//! A run's file holds the owner's process id for people to read; only the lock decides. Files are removed only while nobody
//! else has the folder open, since a lock on a removed file would shut nobody out.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use phasegate_process::RunId;

use crate::error::JournalError;

/// Someone who only looks at a lock holds it for microseconds; trying again tells them from an owner.
const TRIES: u32 = 5;
const BETWEEN_TRIES: Duration = Duration::from_millis(2);

/// The folder of the runs' locks.
#[derive(Debug)]
pub(super) struct RunLocks(PathBuf);

/// A lock that is held until this is dropped.
pub(super) struct RunLock(File);

impl Drop for RunLock {
    fn drop(&mut self) {
        // An old id in the file would only mislead people; the lock itself ends when the file is closed.
        let _ = self.0.set_len(0);
    }
}

impl RunLocks {
    pub(super) fn create(folder: &Path) -> Result<Self, JournalError> {
        std::fs::create_dir_all(folder).map_err(|e| not_writable(folder, &e))?;
        Ok(Self(folder.to_owned()))
    }

    /// Those of a folder that may not be there, for looking only.
    pub(super) fn read_only(folder: &Path) -> Self {
        Self(folder.to_owned())
    }

    /// Takes the run, unless someone has it.
    pub(super) fn take(&self, run: &RunId) -> Result<RunLock, JournalError> {
        let path = self.path(run);
        let mut file = open_or_create(&path)?;
        for _ in 1..TRIES {
            if try_lock(&path, &file)? {
                return write_pid(file).map_err(|e| not_writable(&path, &e));
            }
            std::thread::sleep(BETWEEN_TRIES);
        }
        match try_lock(&path, &file)? {
            true => write_pid(file).map_err(|e| not_writable(&path, &e)),
            false => Err(JournalError::Owned { run: run.clone(), pid: read_pid(&mut file) }),
        }
    }

    /// The process that has the run; 0 where its id cannot be read.
    pub(super) fn holder(&self, run: &RunId) -> Result<Option<u32>, JournalError> {
        let path = self.path(run);
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(io_error(&path, &error)),
        };
        match try_lock(&path, &file)? {
            true => Ok(None),
            false => Ok(Some(read_pid(&mut file).unwrap_or(0))),
        }
    }

    /// Whether a run was ever taken here.
    pub(super) fn is_any_present(&self) -> bool {
        std::fs::read_dir(&self.0).is_ok_and(|mut files| files.next().is_some())
    }

    /// Removes a run's file, which the next taking makes again. Only while nobody else has the folder open.
    pub(super) fn remove(&self, run: &RunId) {
        let _ = std::fs::remove_file(self.path(run));
    }

    fn path(&self, run: &RunId) -> PathBuf {
        self.0.join(format!("{run}.lock"))
    }
}

/// Keeps other processes from opening the journal to write, and from having the folder alone; waits for them.
pub(super) fn lock_opening(path: &Path) -> Result<impl Drop + use<>, JournalError> {
    let file = open_or_create(path)?;
    file.lock().map_err(|e| io_error(path, &e))?;
    Ok(RunLock(file))
}

/// Says for as long as it lives that the folder is in use, so that nobody takes from it what is about to be named.
#[derive(Debug)]
pub(super) struct FolderLock(Option<File>);

impl FolderLock {
    /// Waits while somebody has the folder alone.
    pub(super) fn shared(path: &Path) -> Result<Self, JournalError> {
        let file = open_or_create(path)?;
        file.lock_shared().map_err(|e| io_error(path, &e))?;
        Ok(Self(Some(file)))
    }

    /// The same without making the file; where there is none, or it cannot be opened, nobody can be told.
    pub(super) fn shared_if_present(path: &Path) -> Result<Self, JournalError> {
        let Ok(file) = File::open(path) else { return Ok(Self(None)) };
        file.lock_shared().map_err(|e| io_error(path, &e))?;
        Ok(Self(Some(file)))
    }

    /// Has the folder alone until the answer is dropped; `None` where others use it. Whoever calls this keeps others from
    /// opening the folder for writing and from calling it: between giving up the shared lock and getting the whole, nothing
    /// else protects what this process may have stored.
    pub(super) fn try_exclusive(&self, path: &Path) -> Result<Option<Exclusive<'_>>, JournalError> {
        let Some(file) = &self.0 else { return Ok(None) };
        file.unlock().map_err(|e| io_error(path, &e))?;
        let exclusive = Exclusive(file);
        Ok(try_lock(path, file)?.then_some(exclusive))
    }
}

/// Goes back to sharing the folder when it is dropped.
pub(super) struct Exclusive<'a>(&'a File);

impl Drop for Exclusive<'_> {
    fn drop(&mut self) {
        // Without the lock this process goes on as before; others might remove what it has stored and not named yet.
        let _ = self.0.unlock();
        if let Err(error) = self.0.lock_shared() {
            tracing::warn!(%error, "the state folder is no longer marked as in use");
        }
    }
}

fn open_or_create(path: &Path) -> Result<File, JournalError> {
    let mut how = OpenOptions::new();
    how.read(true).write(true).create(true).truncate(false);
    how.open(path).map_err(|e| not_writable(path, &e))
}

fn try_lock(path: &Path, file: &File) -> Result<bool, JournalError> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(io_error(path, &error)),
    }
}

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
