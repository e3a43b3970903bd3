//! Errors within a transaction: of the database, or of the journal's own rules.

use super::file::DatabaseFile;
use crate::error::JournalError;

/// The error of a query.
pub(super) enum QueryError {
    Sql(rusqlite::Error),
    Journal(JournalError),
}

impl From<rusqlite::Error> for QueryError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<JournalError> for QueryError {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}

impl QueryError {
    /// Maps an error of the database to one of the journal.
    pub(super) fn into_journal_error(self, file: &DatabaseFile) -> JournalError {
        match self {
            Self::Sql(error) => file.error(&error),
            Self::Journal(error) => error,
        }
    }
}
