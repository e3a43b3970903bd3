//! The database file: how it is opened, and what the errors of the database mean.
//!
//! A file is written to only after it is known to be a journal of a known version ([`migrations`]), with the tables of this
//! version and nothing else ([`schema`]). Its links and owner are checked before it is opened ([`own_files`]).

use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use phasegate_files::Process;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use super::harden::{MAX_LENGTH, harden, limit_work, max_steps};
use super::lock::RunLocks;
use super::migrations::{self, VERSION};
use super::own_files::{self, beside};
use super::schema::{self, SchemaFault};
use super::sync::Log;
use crate::error::JournalError;
use crate::wait::{database_holder, register_database, wait_for_database};

/// More prepared statements than there are queries.
const STATEMENTS: usize = 64;

/// "PhGt": marks the file as a journal of Phasegate.
const APPLICATION_ID: i64 = 0x5068_4774;

/// The size to which the write-ahead log is truncated after a large blob. Otherwise SQLite's defaults apply (4 KB pages,
/// checkpoints at 4 MB of log): larger pages had no measurable effect, and a larger log made the slowest append slower.
const MAX_LOG_BYTES: i64 = 4 << 20;

/// The path of the database, and how it is read.
#[derive(Debug, Clone)]
pub(super) struct DatabaseFile {
    /// As the user knows it.
    path: PathBuf,
    /// The same without links, as the database needs it to reject them.
    real_path: PathBuf,
    read_mode: ReadMode,
    /// The damage of a truncated file, of which only the rest is read.
    damage: Option<JournalError>,
    version: i64,
}

/// How connections for reading are opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ReadMode {
    /// While this process has a writer.
    BesideWriter,
    /// Without writing to the file; the database may create its own small files beside it.
    ReadOnly,
    /// As a file that cannot change, in a folder where no file can be created.
    Immutable,
}

impl DatabaseFile {
    pub(super) fn new(path: PathBuf) -> Self {
        let folder = path.parent().and_then(|folder| folder.canonicalize().ok());
        let real_path = folder.zip(path.file_name()).map_or_else(|| path.clone(), |(folder, name)| folder.join(name));
        Self { path, real_path, read_mode: ReadMode::BesideWriter, damage: None, version: VERSION }
    }

    /// Opens a file to read, of any known version, with the first [`ReadMode`] that works.
    pub(super) fn open_to_read(path: PathBuf) -> Result<Self, JournalError> {
        let mut file = Self { read_mode: ReadMode::ReadOnly, ..Self::new(path) };
        match phasegate_files::check_readable(&file.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Err(file.missing()),
            Err(error) => return Err(JournalError::Io { file: file.to_string(), reason: error.to_string() }),
            Ok(()) => {}
        }
        let mut found = file.version_to_read();
        if matches!(found, Err(JournalError::ReadOnly { .. })) {
            file.check_no_log()?;
            file.read_mode = ReadMode::Immutable;
            found = file.version_to_read();
        }
        if let Err(damage @ JournalError::Damaged { .. }) = found {
            file.damage = Some(damage);
            found = file.version_to_read();
        }
        file.version = found?;
        Ok(file)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Checks that the file is no link and has not lost all its content. The database would take it for a new one (also a file of a single
    /// byte) and delete its log. A process that is killed while it creates the file leaves neither run locks nor a log.
    pub(super) fn check_not_emptied(&self, locks: &RunLocks) -> Result<(), JournalError> {
        own_files::check_to_read(&self.path)?;
        let size = |path: &Path| std::fs::metadata(path).ok().map(|file| file.len());
        match (size(&self.path), size(&self.log())) {
            (Some(0 | 1), _) if locks.is_any_present() => {
                Err(self.damaged("it is empty, and runs were written to it before"))
            }
            (None | Some(0 | 1), Some(1..)) => Err(self.damaged("all but its log is gone")),
            _ => Ok(()),
        }
    }

    /// Returns the size of the file and its log in bytes.
    pub(super) fn size(&self) -> u64 {
        let size = |path: &Path| std::fs::metadata(path).map_or(0, |file| file.len());
        size(&self.path) + size(&self.log())
    }

    /// Limits the next queries of a connection, for a file that has `more` bytes than are saved.
    pub(super) fn limit_work(&self, connection: &Connection, more: u64) -> rusqlite::Result<()> {
        limit_work(connection, self.size().saturating_add(more))
    }

    /// Opens the log to sync it. Needs an open connection that has read the file: then the log exists and stays.
    pub(super) fn open_log(&self) -> Result<Log, JournalError> {
        let path = self.log();
        let opened = phasegate_files::open_regular(&path);
        let error = |e: std::io::Error| JournalError::Io { file: path.display().to_string(), reason: e.to_string() };
        Ok(Log::new(path.clone(), opened.map_err(error)?))
    }

    fn log(&self) -> PathBuf {
        beside(&self.path, "-wal")
    }

    /// Returns the file that cannot be written: the database, or one that the database created beside it.
    fn read_only_path(&self) -> PathBuf {
        let read_only = |path: &PathBuf| std::fs::metadata(path).is_ok_and(|file| file.permissions().readonly());
        let files = [self.path.clone(), self.log(), beside(&self.path, "-shm")];
        files.into_iter().find(read_only).unwrap_or_else(|| self.path.clone())
    }

    pub(super) fn damage(&self) -> Option<&JournalError> {
        self.damage.as_ref()
    }

    /// Whether the file is of version 1, whose events have no links.
    pub(super) fn has_no_chain(&self) -> bool {
        self.version < 2
    }

    /// Whether the file says which runs were imported, which versions 1 and 2 do not.
    pub(super) fn records_imports(&self) -> bool {
        self.version >= 3
    }

    /// Opens a connection for the writer, and migrates the file to the current version.
    pub(super) fn open_or_create(&self) -> Result<Connection, JournalError> {
        own_files::prepare_to_write(&self.path)?;
        let mut connection = self.connect()?;
        self.check(&connection)?;
        self.migrate(&mut connection).map_err(|e| self.error(&e))?;
        Ok(connection)
    }

    /// Opens a connection that cannot write.
    pub(super) fn open_reader(&self) -> Result<Connection, JournalError> {
        let connection = self.connect()?;
        self.check(&connection)?;
        let prepare = || {
            if self.has_no_chain() {
                connection.execute_batch(migrations::RUNS_OF_VERSION_1)?;
            }
            if self.version < 4 {
                connection.execute_batch(migrations::TABLES_OF_VERSION_4)?;
            }
            if self.version < 5 {
                connection.execute_batch(migrations::TABLES_OF_VERSION_5)?;
            }
            connection.pragma_update(None, "query_only", true)
        };
        prepare().map_err(|e| self.error(&e))?;
        Ok(connection)
    }

    /// Opens a connection, hardened and limited, before anything of the file is read.
    fn connect(&self) -> Result<Connection, JournalError> {
        let open = || {
            let read_only = OpenFlags::SQLITE_OPEN_READ_ONLY;
            let (path, flags) = match self.read_mode {
                ReadMode::BesideWriter => (self.real_path.clone(), OpenFlags::SQLITE_OPEN_READ_WRITE),
                ReadMode::ReadOnly => (self.real_path.clone(), read_only),
                ReadMode::Immutable => (self.immutable().into(), read_only | OpenFlags::SQLITE_OPEN_URI),
            };
            let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
            let connection = Connection::open_with_flags(path, flags)?;
            register_database(&self.path);
            connection.busy_handler(Some(wait_for_database))?;
            connection.set_prepared_statement_cache_capacity(STATEMENTS);
            harden(&connection, self.damage.is_some())?;
            self.limit_work(&connection, 0)?;
            Ok(connection)
        };
        open().map_err(|e| self.error(&e))
    }

    /// Checks version and tables, and returns the version.
    fn check(&self, connection: &Connection) -> Result<i64, JournalError> {
        // Both are read in one transaction, because another process may migrate the file meanwhile.
        let unchanged = connection.unchecked_transaction().map_err(|e| self.error(&e))?;
        let version = self.version_of(&unchanged)?;
        match schema::check(&unchanged, version) {
            Err(SchemaFault::Foreign(reason)) => Err(JournalError::ForeignSchema { file: self.to_string(), reason }),
            // Of a damaged file, entries may be lost. What is lost fails the queries that need it.
            Ok(()) | Err(_) if self.damage.is_some() => Ok(version),
            Ok(()) => Ok(version),
            Err(SchemaFault::Missing(reason)) => Err(self.damaged(&reason)),
            Err(SchemaFault::Sql(error)) => Err(self.error(&error)),
        }
    }

    fn version_to_read(&self) -> Result<i64, JournalError> {
        match self.check(&self.connect()?)? {
            0 => Err(self.missing()),
            version => Ok(version),
        }
    }

    /// Returns the version of the file, 0 for an empty one; fails if it is foreign or newer.
    fn version_of(&self, connection: &Connection) -> Result<i64, JournalError> {
        let number = |sql| connection.query_row(sql, (), |row| row.get::<_, i64>(0)).map_err(|e| self.error(&e));
        match (number("PRAGMA application_id")?, number("PRAGMA user_version")?) {
            (0, 0) if number("SELECT count(*) FROM sqlite_schema")? == 0 => Ok(0),
            (APPLICATION_ID, version @ 0..=VERSION) => Ok(version),
            (APPLICATION_ID, version) => {
                Err(JournalError::NewerFile { file: self.to_string(), version, known: VERSION })
            }
            _ => Err(JournalError::NotAJournal { file: self.to_string() }),
        }
    }

    /// Fails if the write-ahead log has content: reading it needs write access to the database.
    fn check_no_log(&self) -> Result<(), JournalError> {
        let log = self.log();
        match std::fs::metadata(&log).is_ok_and(|log| log.len() > 0) {
            true => Err(JournalError::ReadOnly {
                file: self.to_string(),
                reason: format!("what is in {} must be taken into it first", log.display()),
            }),
            false => Ok(()),
        }
    }

    /// The file as an address that says it cannot change.
    fn immutable(&self) -> String {
        let mut uri = "file:".to_owned();
        for byte in self.real_path.as_os_str().as_encoded_bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b'~' => {
                    uri.push(char::from(*byte))
                }
                _ => uri.push_str(&format!("%{byte:02x}")),
            }
        }
        uri + "?immutable=1"
    }

    fn missing(&self) -> JournalError {
        JournalError::NoJournal { file: self.to_string() }
    }

    pub(super) fn migrate(&self, connection: &mut Connection) -> rusqlite::Result<()> {
        let mode: String = connection.query_row("PRAGMA journal_mode", (), |row| row.get(0))?;
        if mode != "wal" {
            // The switch writes one page. It leaves no rollback journal, which a later process would reject.
            connection.pragma_update(None, "journal_mode", "MEMORY")?;
            connection.pragma_update(None, "journal_mode", "WAL")?;
        }
        // Commits do not wait for the disk: [`super::sync`] makes them durable, and relies on the syncs of NORMAL.
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.pragma_update(None, "journal_size_limit", MAX_LOG_BYTES)?;

        let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let version: i64 = change.query_row("PRAGMA user_version", (), |row| row.get(0))?;
        migrations::apply(&change, version, VERSION)?;
        if version != VERSION {
            change.pragma_update(None, "application_id", APPLICATION_ID)?;
            change.pragma_update(None, "user_version", VERSION)?;
        }
        change.commit()
    }

    /// Maps an error of the database.
    pub(super) fn error(&self, error: &rusqlite::Error) -> JournalError {
        let file = self.to_string();
        let reason = error.to_string();
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => JournalError::Full { file },
            _ if is_log_index_error(error) => JournalError::Full { file },
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
                JournalError::ReadOnly { file: self.read_only_path().display().to_string(), reason }
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                JournalError::Busy { file, holder: self.holder() }
            }
            Some(ErrorCode::NotADatabase) => JournalError::NotAJournal { file },
            Some(ErrorCode::DatabaseCorrupt) => JournalError::Damaged { file, reason },
            Some(ErrorCode::OperationInterrupted) => self.damaged(&format!(
                "a query takes more than {} steps, which is the limit for a file of this size",
                max_steps(self.size())
            )),
            Some(ErrorCode::TooBig) if self.size() < MAX_LENGTH => {
                self.damaged("a value in it is larger than the file")
            }
            // Queries are constant, so a missing table or column means that the file is damaged.
            Some(ErrorCode::Unknown) if reason.starts_with("no such ") => JournalError::Damaged { file, reason },
            None if is_value_error(error) => JournalError::Damaged { file, reason },
            _ => JournalError::Io { file, reason },
        }
    }

    /// Returns another process that has locked the database.
    fn holder(&self) -> Option<Process> {
        database_holder(&self.path)
    }

    /// Returns the error for content that no version writes.
    pub(super) fn damaged(&self, reason: &str) -> JournalError {
        JournalError::Damaged { file: self.to_string(), reason: reason.to_owned() }
    }
}

/// Whether the index of the log could not grow, for lack of space.
fn is_log_index_error(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|error| error.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE)
}

/// Whether a value in the file has a type that no version writes.
fn is_value_error(error: &rusqlite::Error) -> bool {
    use rusqlite::Error::{FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType, Utf8Error};
    matches!(error, FromSqlConversionFailure(..) | IntegralValueOutOfRange(..) | InvalidColumnType(..) | Utf8Error(..))
}

impl fmt::Display for DatabaseFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.display().fmt(f)
    }
}
