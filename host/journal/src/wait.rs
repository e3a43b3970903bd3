//! Locks on the files of the state folder, with the journal's errors.

use std::fs::File;
use std::io;
use std::path::Path;
use std::time::Duration;

use phasegate_files::{LockFault, Share};

use crate::error::JournalError;

/// The longest wait. Other processes hold these locks for milliseconds, except while they remove data from a large journal or
/// migrate it.
const LONGEST: Duration = Duration::from_secs(20);

/// Locks a file of the state folder; waits while other processes have locked it.
pub(crate) fn lock_file(path: &Path, file: &File, share: Share) -> Result<(), JournalError> {
    phasegate_files::lock_file(path, file, share, LONGEST).map_err(|fault| match fault {
        LockFault::Io(error) => io_error(path, &error),
        LockFault::Held { holder, waited } => JournalError::Locked { file: path.display().to_string(), holder, waited },
    })
}

/// Locks a file if no other process has locked it.
pub(crate) fn try_lock(path: &Path, file: &File, share: Share) -> Result<bool, JournalError> {
    phasegate_files::try_lock(file, share).map_err(|error| io_error(path, &error))
}

fn io_error(path: &Path, error: &io::Error) -> JournalError {
    JournalError::Io { file: path.display().to_string(), reason: error.to_string() }
}
