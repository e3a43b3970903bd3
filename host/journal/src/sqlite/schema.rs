//! The file: what is in it, how it is opened, and what its errors mean.
//!
//! Promises: a file is written to only once it is known to be ours and of a version we know ([`steps`]).

use std::fmt;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, TransactionBehavior};

use super::PATIENCE;
use super::steps::{self, VERSION};
use crate::JournalError;

/// "PhGt": tells our files from other people's.
const APPLICATION_ID: i64 = 0x5068_4774;

/// What is kept of the log after a large blob went through it. Else SQLite's own numbers stand (pages of 4 KB, folding in
/// at 4 MB of log): larger pages saved nothing that could be measured, a larger log made the slowest append slower.
const LOG_BYTES: i64 = 4 << 20;

/// Where the journal is.
#[derive(Debug, Clone)]
pub(super) struct File(PathBuf);

impl File {
    pub(super) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// A connection for the writer, to a file that is ours and of the current version.
    pub(super) fn open_or_create(&self) -> Result<Connection, JournalError> {
        let mut connection = Connection::open(&self.0).map_err(|e| self.error(&e))?;
        self.check(&connection)?;
        self.bring_up(&mut connection).map_err(|e| self.error(&e))?;
        Ok(connection)
    }

    /// A connection that cannot write.
    pub(super) fn open_reader(&self) -> Result<Connection, JournalError> {
        let open = || {
            let connection = Connection::open(&self.0)?;
            connection.busy_timeout(PATIENCE)?;
            connection.pragma_update(None, "query_only", true)?;
            Ok(connection)
        };
        open().map_err(|e| self.error(&e))
    }

    fn check(&self, connection: &Connection) -> Result<(), JournalError> {
        let number = |sql| connection.query_row(sql, (), |row| row.get::<_, i64>(0)).map_err(|e| self.error(&e));
        connection.busy_timeout(PATIENCE).map_err(|e| self.error(&e))?;
        let (id, version) = (number("PRAGMA application_id")?, number("PRAGMA user_version")?);
        let is_empty = number("SELECT count(*) FROM sqlite_schema")? == 0;
        match (id, version) {
            (0, 0) if is_empty => Ok(()),
            (APPLICATION_ID, 0..=VERSION) => Ok(()),
            (APPLICATION_ID, _) => Err(JournalError::NewerFile { file: self.to_string(), version, known: VERSION }),
            _ => Err(JournalError::NotAJournal { file: self.to_string() }),
        }
    }

    fn bring_up(&self, connection: &mut Connection) -> rusqlite::Result<()> {
        connection.pragma_update(None, "journal_mode", "WAL")?;
        // FULL syncs the log at every commit; without it a power cut takes answers that were paid for.
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.pragma_update(None, "journal_size_limit", LOG_BYTES)?;

        let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let version: i64 = change.query_row("PRAGMA user_version", (), |row| row.get(0))?;
        steps::take(&change, version)?;
        if version != VERSION {
            change.pragma_update(None, "application_id", APPLICATION_ID)?;
            change.pragma_update(None, "user_version", VERSION)?;
        }
        change.commit()
    }

    /// What an error of the database means to a user.
    pub(super) fn error(&self, error: &rusqlite::Error) -> JournalError {
        let file = self.to_string();
        let reason = error.to_string();
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => JournalError::Full { file },
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
                JournalError::ReadOnly { file, reason }
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => JournalError::Busy { file },
            Some(ErrorCode::NotADatabase) => JournalError::NotAJournal { file },
            Some(ErrorCode::DatabaseCorrupt) => JournalError::Damaged { file, reason },
            None if is_of_the_value(error) => JournalError::Damaged { file, reason },
            _ => JournalError::Io { file, reason },
        }
    }

    /// The file holds what we would never write.
    pub(super) fn damaged(&self, reason: &str) -> JournalError {
        JournalError::Damaged { file: self.to_string(), reason: reason.to_owned() }
    }
}

/// Whether a value in the file is of a sort that we would never write.
fn is_of_the_value(error: &rusqlite::Error) -> bool {
    use rusqlite::Error::{FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType, Utf8Error};
    matches!(error, FromSqlConversionFailure(..) | IntegralValueOutOfRange(..) | InvalidColumnType(..) | Utf8Error(..))
}

impl fmt::Display for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.display().fmt(f)
    }
}
