//! Who works on a run: a lock of the operating system on a file per run, which ends with the process, however it ends.
//!
//! The file holds the owner's process id for people to read; only the lock decides. Files are never removed, since a lock
//! on a removed file would shut nobody out.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use phasegate_process::RunId;

use crate::JournalError;

/// Someone who only looks at a lock holds it for microseconds; trying again tells them from an owner.
const TRIES: u32 = 5;
const BETWEEN_TRIES: Duration = Duration::from_millis(2);

/// The folder of the runs' locks.
#[derive(Debug)]
pub(super) struct Locks(PathBuf);

/// A lock that is held until this is dropped.
pub(super) struct Held(File);

impl Drop for Held {
    fn drop(&mut self) {
        // An old id in the file would only mislead people; the lock itself ends when the file is closed.
        let _ = self.0.set_len(0);
    }
}

impl Locks {
    pub(super) fn in_folder(folder: &Path) -> Result<Self, JournalError> {
        std::fs::create_dir_all(folder).map_err(|e| unwritable(folder, &e))?;
        Ok(Self(folder.to_owned()))
    }

    /// Takes the run, unless someone has it.
    pub(super) fn take(&self, run: &RunId) -> Result<Held, JournalError> {
        let path = self.path(run);
        let mut file = open(&path)?;
        for _ in 1..TRIES {
            if try_lock(&path, &file)? {
                return claim(file).map_err(|e| unwritable(&path, &e));
            }
            std::thread::sleep(BETWEEN_TRIES);
        }
        match try_lock(&path, &file)? {
            true => claim(file).map_err(|e| unwritable(&path, &e)),
            false => Err(JournalError::Owned { run: run.clone(), pid: pid_in(&mut file) }),
        }
    }

    /// The process that has the run; 0 where its id cannot be read.
    pub(super) fn holder(&self, run: &RunId) -> Result<Option<u32>, JournalError> {
        let path = self.path(run);
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unusable(&path, &error)),
        };
        match try_lock(&path, &file)? {
            true => Ok(None),
            false => Ok(Some(pid_in(&mut file).unwrap_or(0))),
        }
    }

    fn path(&self, run: &RunId) -> PathBuf {
        self.0.join(format!("{run}.lock"))
    }
}

/// Keeps other processes from making the journal's file at the same time; waits for them.
pub(super) fn while_opening(path: &Path) -> Result<impl Drop + use<>, JournalError> {
    let file = open(path)?;
    file.lock().map_err(|e| unusable(path, &e))?;
    Ok(Held(file))
}

fn open(path: &Path) -> Result<File, JournalError> {
    let mut how = OpenOptions::new();
    how.read(true).write(true).create(true).truncate(false);
    how.open(path).map_err(|e| unwritable(path, &e))
}

fn try_lock(path: &Path, file: &File) -> Result<bool, JournalError> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(unusable(path, &error)),
    }
}

fn claim(mut file: File) -> io::Result<Held> {
    file.set_len(0)?;
    file.rewind()?;
    write!(file, "{}", std::process::id())?;
    Ok(Held(file))
}

fn pid_in(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

fn unwritable(path: &Path, error: &io::Error) -> JournalError {
    JournalError::ReadOnly { file: path.display().to_string(), reason: error.to_string() }
}

fn unusable(path: &Path, error: &io::Error) -> JournalError {
    JournalError::Io { file: path.display().to_string(), reason: error.to_string() }
}
