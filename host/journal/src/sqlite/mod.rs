//! The journal in a folder: one SQLite file, and a lock file for each run.
//!
//! Promises, beside those of [`Journal`]: several processes may share the folder; a process that is killed at any moment
//! leaves a file that the next one reads whole; a file that is damaged, foreign or from a newer version is refused and
//! left as it is. Writes go through one thread, which syncs the disk once for all that wait ([`writer`]).

mod lock;
mod reading;
mod schema;
mod steps;
mod work;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use phasegate_process::{Digest, Event, Recorded, RunId};
use rusqlite::{Connection, OptionalExtension};

use crate::chain::{Stored, can_be_imported};
use crate::journal::{record, verified};
use crate::{Blob, Fence, Imported, Journal, JournalError, Ownership};
use lock::Locks;
use reading::Fault;
use schema::File;
use work::{Copied, Work, Written};
use writer::Writer;

/// How long a write waits for another process's; theirs take milliseconds, unless the disk hangs.
const PATIENCE: Duration = Duration::from_secs(20);

/// Connections kept for reading. More readers at once open more, which are closed again.
const SPARE_READERS: usize = 4;

/// Events and blobs in the file `journal.db` of a state folder.
pub struct SqliteJournal {
    file: File,
    locks: Locks,
    readers: Mutex<Vec<Connection>>,
    writer: Writer,
}

impl SqliteJournal {
    /// Opens the journal of this state folder; makes both where there is none.
    pub fn open(state_dir: &Path) -> Result<Self, JournalError> {
        Self::open_with(state_dir, |_| Ok(()))
    }

    /// `prepare` is given the writing connection, so that tests can bring about a full disk.
    fn open_with(
        state_dir: &Path,
        prepare: impl FnOnce(&Connection) -> rusqlite::Result<()>,
    ) -> Result<Self, JournalError> {
        let locks = Locks::in_folder(&state_dir.join("locks"))?;
        let file = File::new(state_dir.join("journal.db"));
        let connection = {
            let _one_at_a_time = lock::while_opening(&state_dir.join("journal.lock"))?;
            file.open_or_create()?
        };
        prepare(&connection).map_err(|e| file.error(&e))?;
        let writer = Writer::start(connection, file.clone())?;
        Ok(Self { file, locks, readers: Mutex::default(), writer })
    }

    /// The database file.
    pub fn path(&self) -> PathBuf {
        self.file.path().to_owned()
    }

    /// Reads with a connection that nobody else uses meanwhile.
    fn read<T>(&self, query: impl FnOnce(&Connection) -> Result<T, Fault>) -> Result<T, JournalError> {
        let spare = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match spare {
            Some(connection) => connection,
            None => self.file.open_reader()?,
        };
        let found = query(&connection).map_err(|fault| fault.told(&self.file));
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if readers.len() < SPARE_READERS {
            readers.push(connection);
        }
        found
    }
}

#[async_trait]
impl Journal for SqliteJournal {
    async fn append(
        &self,
        run: &RunId,
        fence: Fence,
        next: u64,
        now_ms: u64,
        events: Vec<Event>,
        blobs: Vec<Blob>,
    ) -> Result<Vec<Recorded>, JournalError> {
        let (recorded, bodies) = record(run, next, now_ms, events)?;
        let events = bodies.into_iter().map(|body| Written::new(now_ms, body)).collect();
        self.writer.ask(Work::Append { run: run.clone(), fence, next, events, blobs }).await?;
        Ok(recorded)
    }

    async fn fork(
        &self,
        run: &RunId,
        fence: Fence,
        of: &RunId,
        shared: u64,
        now_ms: u64,
        events: Vec<Event>,
        blobs: Vec<Blob>,
    ) -> Result<Vec<Recorded>, JournalError> {
        let (recorded, bodies) = record(run, shared.saturating_add(1), now_ms, events)?;
        let events = bodies.into_iter().map(|body| Written::new(now_ms, body)).collect();
        self.writer.ask(Work::Fork { run: run.clone(), fence, of: of.clone(), shared, events, blobs }).await?;
        Ok(recorded)
    }

    fn origin(&self, run: &RunId) -> Result<Option<(RunId, u64)>, JournalError> {
        self.read(|connection| reading::origin(connection, run, &self.file))
    }

    fn forks(&self, of: &RunId) -> Result<Vec<(RunId, u64)>, JournalError> {
        self.read(|connection| reading::forks(connection, of, &self.file))
    }

    async fn import(&self, run: &RunId, events: Vec<Stored>, blobs: Vec<Blob>) -> Result<Imported, JournalError> {
        can_be_imported(run, &events)?;
        // Somebody may be at work on a run that is here already; on one that is not, nobody must begin meanwhile.
        let _held = match self.locks.take(run) {
            Err(JournalError::Owned { .. }) if self.runs()?.contains(run) => None,
            taken => Some(taken?),
        };
        let events = events.into_iter().map(Copied::new).collect();
        match self.writer.ask(Work::Import { run: run.clone(), events, blobs }).await? {
            0 => Ok(Imported::AlreadyThere),
            _ => Ok(Imported::New),
        }
    }

    async fn put_blobs(&self, blobs: Vec<Blob>) -> Result<(), JournalError> {
        self.writer.ask(Work::Store { blobs }).await.map(drop)
    }

    fn stored_after(&self, run: &RunId, number: u64) -> Result<Vec<Stored>, JournalError> {
        self.read(|connection| reading::stored_after(&*connection.unchecked_transaction()?, run, number, &self.file))
    }

    fn place(&self) -> String {
        self.file.to_string()
    }

    fn runs(&self) -> Result<Vec<RunId>, JournalError> {
        self.read(|connection| reading::runs(connection, &self.file))
    }

    fn blob(&self, digest: &Digest) -> Result<Option<Vec<u8>>, JournalError> {
        let bytes: Option<Vec<u8>> = self.read(|connection| {
            let mut query = connection.prepare_cached("SELECT bytes FROM blobs WHERE digest = ?1")?;
            Ok(query.query_row((digest.as_str(),), |row| row.get(0)).optional()?)
        })?;
        bytes.map(|bytes| verified(digest, bytes, &self.file.to_string())).transpose()
    }

    fn has_blob(&self, digest: &Digest) -> Result<bool, JournalError> {
        self.read(|connection| {
            let mut query = connection.prepare_cached("SELECT 1 FROM blobs WHERE digest = ?1")?;
            Ok(query.exists((digest.as_str(),))?)
        })
    }

    async fn own(&self, run: &RunId) -> Result<Ownership, JournalError> {
        let held = self.locks.take(run)?;
        let fence = self.writer.ask(Work::Own { run: run.clone() }).await?;
        Ok(Ownership::new(Fence::new(fence), held))
    }

    fn owner(&self, run: &RunId) -> Result<Option<u32>, JournalError> {
        self.locks.holder(run)
    }

    async fn ask_cancel(&self, run: &RunId, by: &str) -> Result<(), JournalError> {
        self.writer.ask(Work::AskCancel { run: run.clone(), by: by.to_owned() }).await.map(drop)
    }

    fn cancel_asked(&self, run: &RunId) -> Result<Option<String>, JournalError> {
        self.read(|connection| {
            let mut query = connection.prepare_cached("SELECT cancel_by FROM runs WHERE run = ?1")?;
            Ok(query.query_row((run.as_str(),), |row| row.get(0)).optional()?.flatten())
        })
    }
}

#[cfg(test)]
mod tests;
