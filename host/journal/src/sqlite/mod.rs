//! The journal in a folder: one SQLite file, and a lock file for each run.
//!
//! Promises, beside those of [`Journal`]: several processes may share the folder; a process that is killed at any moment
//! leaves a file that the next one reads whole; a file that is damaged, foreign or from a newer version is refused and
//! left as it is. Writes go through one thread, which syncs the disk once for all that wait ([`writer`]).

mod file;
mod lock;
mod migrations;
mod operations;
mod queries;
mod writer;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use phasegate_process::{Digest, Event, Recorded, RunId};
use rusqlite::{Connection, OptionalExtension};

use crate::append::record;
use crate::blob::{Blob, verified};
use crate::chain::Stored;
use crate::error::JournalError;
use crate::import::{Imported, can_be_imported};
use crate::journal::{Journal, Removed};
use crate::ownership::{Fence, Ownership};
use file::File;
use lock::{InUse, Locks};
use operations::{Copied, Work, Written};
use queries::Fault;
use writer::Writer;

/// Connections kept for reading. More readers at once open more, which are closed again.
const SPARE_READERS: usize = 4;

/// Events and blobs in the file `journal.db` of a state folder.
pub struct SqliteJournal {
    folder: Folder,
    file: File,
    locks: Locks,
    in_use: InUse,
    readers: Mutex<Vec<Connection>>,
    /// None where the journal was opened to be read.
    writer: Option<Writer>,
}

/// The names of what is in a state folder.
struct Folder(PathBuf);

impl Folder {
    fn file(&self) -> PathBuf {
        self.0.join("journal.db")
    }

    /// Whoever opens the file to write, or has the folder alone, holds it meanwhile.
    fn door(&self) -> PathBuf {
        self.0.join("journal.lock")
    }

    /// Everybody who has the journal open shares it.
    fn in_use(&self) -> PathBuf {
        self.0.join("in-use.lock")
    }

    fn locks(&self) -> PathBuf {
        self.0.join("locks")
    }
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
        let folder = Folder(state_dir.to_owned());
        let locks = Locks::in_folder(&folder.locks())?;
        let file = File::new(folder.file());
        let (in_use, connection) = {
            let _one_at_a_time = lock::at_the_door(&folder.door())?;
            file.was_not_emptied(&locks)?;
            (InUse::by_us(&folder.in_use())?, file.open_or_create()?)
        };
        prepare(&connection).map_err(|e| file.error(&e))?;
        let writer = Some(Writer::start(connection, file.clone())?);
        Ok(Self { folder, file, locks, in_use, readers: Mutex::default(), writer })
    }

    /// Opens the journal of this state folder without writing to it, of any version, and where it is damaged as far as it
    /// can be read ([`Self::damage`]). What would write is refused. Where the folder can be written, the database may put
    /// its own small files beside the journal.
    pub fn open_to_read(state_dir: &Path) -> Result<Self, JournalError> {
        let folder = Folder(state_dir.to_owned());
        let in_use = InUse::by_a_reader(&folder.in_use())?;
        let locks = Locks::to_look_at(&folder.locks());
        File::new(folder.file()).was_not_emptied(&locks)?;
        let file = File::to_read(folder.file())?;
        Ok(Self { folder, file, locks, in_use, readers: Mutex::default(), writer: None })
    }

    /// The database file.
    pub fn path(&self) -> PathBuf {
        self.file.path().to_owned()
    }

    /// What is wrong with a file that was opened to be read although it has lost its end: it may show less than was written,
    /// without an error.
    pub fn damage(&self) -> Option<&JournalError> {
        self.file.damage()
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

    /// Writes, where the journal was opened for that.
    async fn write(&self, work: Work) -> Result<u64, JournalError> {
        self.writer()?.ask(work).await
    }

    fn writer(&self) -> Result<&Writer, JournalError> {
        let reason = "it was opened to be read only";
        self.writer
            .as_ref()
            .ok_or_else(|| JournalError::ReadOnly { file: self.file.to_string(), reason: reason.to_owned() })
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
        let events = recorded.iter().zip(bodies).map(|(event, body)| Written::new(event, body)).collect();
        self.write(Work::Append { run: run.clone(), fence, next, events, blobs }).await?;
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
        let events = recorded.iter().zip(bodies).map(|(event, body)| Written::new(event, body)).collect();
        self.write(Work::Fork { run: run.clone(), fence, of: of.clone(), shared, events, blobs }).await?;
        Ok(recorded)
    }

    fn origin(&self, run: &RunId) -> Result<Option<(RunId, u64)>, JournalError> {
        self.read(|connection| queries::origin(connection, run, &self.file))
    }

    fn forks(&self, of: &RunId) -> Result<Vec<(RunId, u64)>, JournalError> {
        self.read(|connection| queries::forks(connection, of, &self.file))
    }

    async fn import(&self, run: &RunId, events: Vec<Stored>, blobs: Vec<Blob>) -> Result<Imported, JournalError> {
        self.writer()?;
        let read = can_be_imported(run, &events)?;
        // Somebody may be at work on a run that is here already; on one that is not, nobody must begin meanwhile.
        let _held = match self.locks.take(run) {
            Err(JournalError::Owned { .. }) if self.runs()?.contains(run) => None,
            taken => Some(taken?),
        };
        let events = events.into_iter().zip(&read).map(|(event, read)| Copied::new(event, read)).collect();
        match self.write(Work::Import { run: run.clone(), events, blobs }).await? {
            0 => Ok(Imported::AlreadyThere),
            _ => Ok(Imported::New),
        }
    }

    async fn put_blobs(&self, blobs: Vec<Blob>) -> Result<(), JournalError> {
        self.write(Work::Store { blobs }).await.map(drop)
    }

    fn stored_after(&self, run: &RunId, number: u64) -> Result<Vec<Stored>, JournalError> {
        self.read(|connection| queries::stored_after(&*connection.unchecked_transaction()?, run, number, &self.file))
    }

    fn place(&self) -> String {
        self.file.to_string()
    }

    fn runs(&self) -> Result<Vec<RunId>, JournalError> {
        self.read(|connection| queries::runs(connection, &self.file))
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

    fn blob_sizes(&self) -> Result<Vec<(Digest, u64)>, JournalError> {
        self.read(queries::blob_sizes)
    }

    async fn remove(&self, runs: Vec<RunId>, blobs: Vec<Digest>) -> Result<Removed, JournalError> {
        self.writer()?;
        let (runs, blobs): (BTreeSet<_>, BTreeSet<_>) = (runs.into_iter().collect(), blobs.into_iter().collect());
        let _nobody_comes_in = lock::at_the_door(&self.folder.door())?;
        let Some(_alone) = self.in_use.alone(&self.folder.in_use())? else {
            return Err(JournalError::InUse { place: self.folder.0.display().to_string() });
        };
        let _held = runs.iter().map(|run| self.locks.take(run)).collect::<Result<Vec<_>, _>>()?;
        let before = self.file.bytes();
        let removed = Removed { runs: runs.len() as u64, ..Removed::default() };
        let blobs = self.write(Work::Remove { runs: runs.clone(), blobs }).await;
        runs.iter().for_each(|run| self.locks.forget(run));
        Ok(Removed { blobs: blobs?, bytes: before.saturating_sub(self.file.bytes()), ..removed })
    }

    fn check(&self) -> Result<Vec<String>, JournalError> {
        match self.read(|connection| Ok(queries::faults(connection)?)) {
            Err(JournalError::Damaged { reason, .. }) => Ok(vec![reason]),
            found => found,
        }
    }

    async fn own(&self, run: &RunId) -> Result<Ownership, JournalError> {
        self.writer()?;
        let held = self.locks.take(run)?;
        let fence = self.write(Work::Own { run: run.clone() }).await?;
        Ok(Ownership::new(Fence::new(fence), held))
    }

    fn owner(&self, run: &RunId) -> Result<Option<u32>, JournalError> {
        self.locks.holder(run)
    }

    async fn ask_cancel(&self, run: &RunId, by: &str) -> Result<(), JournalError> {
        self.write(Work::AskCancel { run: run.clone(), by: by.to_owned() }).await.map(drop)
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
