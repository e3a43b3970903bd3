//! A journal in a folder: one SQLite file, and a lock file for each run.
//!
//! Guarantees beyond [`Journal`]: several processes can share the folder; a process that is killed at any moment leaves a
//! file that the next one can read; a damaged, foreign or newer file is rejected and not changed. Writes go through one
//! thread, which commits all that wait together ([`writer`]), and a second one, which makes them durable ([`sync`]).

mod appends;
mod budgets;
mod cancel;
mod file;
mod harden;
mod lock;
mod migrations;
mod operations;
mod own_files;
mod packed;
mod queries;
mod query_error;
mod schema;
mod sync;
mod writer;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use async_trait::async_trait;
use phasegate_process::budget::Amount;
use phasegate_process::sync::lock;
use phasegate_process::{Digest, EVENT_FORMAT, Recorded, RunId};
use rusqlite::Connection;
use tokio::sync::watch;

use crate::append::{Append, AppendDone, Fork};
use crate::blob::{Blob, verify_blob};
use crate::budget::{BudgetLimits, BudgetState, Payer};
use crate::chain::StoredEvent;
use crate::error::JournalError;
use crate::import::{Import, Imported, check_import};
use crate::journal::{Journal, Removed, SettleDone};
use crate::ownership::{Fence, Ownership};
use appends::NewRow;
use cancel::CancelChannels;
use file::DatabaseFile;
use lock::{FolderLock, RunLocks};
use operations::{NewBlob, Operation};
use query_error::QueryError;
use sync::Log;
use writer::Writer;

/// The most idle connections for reading. More concurrent readers open more connections, which are closed afterwards.
const SPARE_READERS: usize = 4;

/// A journal in the file `journal.db` of a state folder.
pub struct SqliteJournal {
    folder: Folder,
    file: DatabaseFile,
    locks: RunLocks,
    in_use: FolderLock,
    readers: Mutex<Vec<Connection>>,
    cancel_channels: CancelChannels,
    /// `None` where the journal was opened to read.
    writer: Option<Writer>,
}

/// The paths in a state folder.
struct Folder(PathBuf);

impl Folder {
    fn file(&self) -> PathBuf {
        self.0.join("journal.db")
    }

    /// Locked while a process opens the database to write, or uses the folder exclusively.
    fn opening_lock(&self) -> PathBuf {
        self.0.join("journal.lock")
    }

    /// Locked, shared, by every process that has the journal open.
    fn in_use(&self) -> PathBuf {
        self.0.join("in-use.lock")
    }

    fn locks(&self) -> PathBuf {
        self.0.join("locks")
    }
}

impl SqliteJournal {
    /// Opens the journal of a state folder; creates both if they do not exist, for this account alone.
    ///
    /// Fails if another account owns the folder or a file in it, or if one of them is a link. Waits for other processes for a
    /// limited time, see [`crate::report_waits`].
    pub fn open(state_dir: &Path) -> Result<Self, JournalError> {
        Self::open_with(state_dir, |_, _| Ok(()))
    }

    /// Opens a journal; `prepare` receives the connection of the writer and its log, so that tests can simulate a full or
    /// broken disk.
    fn open_with(
        state_dir: &Path,
        prepare: impl FnOnce(&Connection, &mut Log) -> rusqlite::Result<()>,
    ) -> Result<Self, JournalError> {
        let folder = Folder(state_dir.to_owned());
        own_files::create_folder(&folder.0)?;
        let locks = RunLocks::create(&folder.locks())?;
        let file = DatabaseFile::new(folder.file());
        let (in_use, connection) = {
            let _opening = lock::lock_opening(&folder.opening_lock())?;
            file.check_not_emptied(&locks)?;
            (FolderLock::shared(&folder.in_use())?, file.open_or_create()?)
        };
        let mut log = file.open_log()?;
        prepare(&connection, &mut log).map_err(|e| file.error(&e))?;
        let writer = Some(Writer::start(connection, log, file.clone())?);
        Ok(Self::new(folder, file, locks, in_use, writer))
    }

    /// Opens the journal of a state folder to read only: of any known version, and of a damaged file what can be read
    /// ([`Self::damage`]). Another account may own the folder. Writes fail. In a writable folder the database may create its
    /// own small files.
    pub fn open_to_read(state_dir: &Path) -> Result<Self, JournalError> {
        let folder = Folder(state_dir.to_owned());
        own_files::is_folder(&folder.0)?;
        let in_use = FolderLock::shared_if_present(&folder.in_use())?;
        let locks = RunLocks::read_only(&folder.locks())?;
        DatabaseFile::new(folder.file()).check_not_emptied(&locks)?;
        let file = DatabaseFile::open_to_read(folder.file())?;
        Ok(Self::new(folder, file, locks, in_use, None))
    }

    fn new(folder: Folder, file: DatabaseFile, locks: RunLocks, in_use: FolderLock, writer: Option<Writer>) -> Self {
        let cancel_channels = CancelChannels::new(file.clone());
        Self { folder, file, locks, in_use, readers: Mutex::default(), cancel_channels, writer }
    }

    /// Returns the path of the database file.
    pub fn path(&self) -> PathBuf {
        self.file.path().to_owned()
    }

    /// Returns the damage of a truncated file that was opened to read: reads may return less than was written, without an
    /// error.
    pub fn damage(&self) -> Option<&JournalError> {
        self.file.damage()
    }

    /// Runs a query on a connection that no other thread uses meanwhile.
    fn read<T>(&self, query: impl FnOnce(&Connection) -> Result<T, QueryError>) -> Result<T, JournalError> {
        let spare = lock(&self.readers).pop();
        let connection = match spare {
            Some(connection) => connection,
            None => self.file.open_reader()?,
        };
        let limited = self.file.limit_work(&connection, 0).map_err(QueryError::from);
        let found = limited.and_then(|()| query(&connection)).map_err(|error| error.into_journal_error(&self.file));
        let mut readers = lock(&self.readers);
        if readers.len() < SPARE_READERS {
            readers.push(connection);
        }
        found
    }

    /// Executes an operation; fails where the journal was opened to read.
    async fn write(&self, operation: Operation) -> Result<u64, JournalError> {
        self.writer()?.execute(operation).await
    }

    fn writer(&self) -> Result<&Writer, JournalError> {
        let reason = "it was opened to read only";
        self.writer
            .as_ref()
            .ok_or_else(|| JournalError::ReadOnly { file: self.file.to_string(), reason: reason.to_owned() })
    }
}

/// Encodes new events as rows.
fn new_rows(at_ms: u64, bodies: Vec<String>) -> Vec<NewRow> {
    NewRow::all(bodies.into_iter().map(|body| (at_ms, EVENT_FORMAT, body)))
}

#[async_trait]
impl Journal for SqliteJournal {
    fn submit(&self, mut append: Append, done: AppendDone) {
        let writer = match self.writer() {
            Ok(writer) => writer,
            Err(error) => return done(Err(error)),
        };
        let (recorded, operation) = match append.take_events() {
            Ok((recorded, bodies)) => {
                let rows = new_rows(append.at_ms, bodies);
                let blobs = NewBlob::all(std::mem::take(&mut append.blobs));
                (recorded, Operation::Append(append, rows, blobs))
            }
            // It takes its place in the order of answers.
            Err(error) => (Vec::new(), Operation::Refused(error)),
        };
        writer.submit(operation, move |written| done(written.map(|_| recorded)));
    }

    fn request_sync(&self) {
        if let Some(writer) = &self.writer {
            writer.request_sync();
        }
    }

    async fn fork(&self, mut fork: Fork) -> Result<Vec<Recorded>, JournalError> {
        let (recorded, bodies) = fork.take_events()?;
        let rows = new_rows(fork.at_ms, bodies);
        let blobs = NewBlob::all(std::mem::take(&mut fork.blobs));
        self.write(Operation::Fork(fork, rows, blobs)).await?;
        Ok(recorded)
    }

    fn origin(&self, run: &RunId) -> Result<Option<(RunId, u64)>, JournalError> {
        self.read(|connection| queries::origin(connection, run, &self.file))
    }

    fn forks(&self, of: &RunId) -> Result<Vec<(RunId, u64)>, JournalError> {
        self.read(|connection| queries::forks(connection, of, &self.file))
    }

    async fn import(&self, import: Import) -> Result<Imported, JournalError> {
        self.writer()?;
        let Import { run, events, blobs } = import;
        check_import(&run, &events)?;
        // An existing run may have an owner; a new one must not get one meanwhile.
        let _held = match self.locks.take(&run) {
            Err(JournalError::Owned { .. }) if self.runs()?.contains(&run) => None,
            taken => Some(taken?),
        };
        let parts = |event: &StoredEvent| (event.at_ms, event.format, event.body.clone());
        let rows = NewRow::all(events.iter().map(parts));
        match self.write(Operation::Import { run, events, rows, blobs: NewBlob::all(blobs) }).await? {
            0 => Ok(Imported::AlreadyPresent),
            _ => Ok(Imported::New),
        }
    }

    fn imported(&self, run: &RunId) -> Result<Option<u64>, JournalError> {
        self.read(|connection| Ok(queries::imported(connection, run, &self.file)?))
    }

    async fn put_blobs(&self, blobs: Vec<Blob>) -> Result<(), JournalError> {
        self.write(Operation::Store { blobs: NewBlob::all(blobs) }).await.map(drop)
    }

    fn stored_after(&self, run: &RunId, number: u64) -> Result<Vec<StoredEvent>, JournalError> {
        self.read(|connection| queries::stored_after(&*connection.unchecked_transaction()?, run, number, &self.file))
    }

    fn location(&self) -> String {
        self.file.to_string()
    }

    fn runs(&self) -> Result<Vec<RunId>, JournalError> {
        self.read(|connection| queries::runs(connection, &self.file))
    }

    fn newest(&self, made_here: bool, count: usize) -> Result<Vec<(RunId, u64)>, JournalError> {
        self.read(|connection| queries::newest(connection, made_here, count, &self.file))
    }

    fn last_number(&self, run: &RunId) -> Result<Option<u64>, JournalError> {
        self.read(|connection| Ok(queries::last_number(connection, run)?))
    }

    fn blob(&self, digest: &Digest) -> Result<Option<Vec<u8>>, JournalError> {
        let bytes = self.read(|connection| queries::blob(connection, digest, &self.file))?;
        bytes.map(|bytes| verify_blob(digest, bytes, &self.file.to_string())).transpose()
    }

    fn has_blob(&self, digest: &Digest) -> Result<bool, JournalError> {
        self.read(|connection| Ok(queries::has_blob(connection, digest)?))
    }

    fn blob_sizes(&self) -> Result<Vec<(Digest, u64)>, JournalError> {
        self.read(queries::blob_sizes)
    }

    async fn remove(&self, runs: Vec<RunId>, blobs: Vec<Digest>) -> Result<Removed, JournalError> {
        self.writer()?;
        let (runs, blobs): (BTreeSet<_>, BTreeSet<_>) = (runs.into_iter().collect(), blobs.into_iter().collect());
        let _opening = lock::lock_opening(&self.folder.opening_lock())?;
        let Some(_exclusive) = self.in_use.try_exclusive(&self.folder.in_use())? else {
            return Err(JournalError::InUse { location: self.folder.0.display().to_string() });
        };
        let _held = runs.iter().map(|run| self.locks.take(run)).collect::<Result<Vec<_>, _>>()?;
        let before = self.file.size();
        let removed = Removed { runs: runs.len() as u64, ..Removed::default() };
        let blobs = self.write(Operation::Remove { runs: runs.clone(), blobs }).await;
        runs.iter().for_each(|run| self.locks.remove(run));
        Ok(Removed { blobs: blobs?, bytes: before.saturating_sub(self.file.size()), ..removed })
    }

    fn check(&self) -> Result<Vec<String>, JournalError> {
        match self.read(|connection| Ok(queries::integrity_faults(connection)?)) {
            Err(JournalError::Damaged { reason, .. }) => Ok(vec![reason]),
            found => found,
        }
    }

    async fn acquire(&self, run: &RunId) -> Result<Ownership, JournalError> {
        self.writer()?;
        let held = self.locks.take(run)?;
        let fence = self.write(Operation::Acquire { run: run.clone() }).await?;
        self.cancel_channels.refresh(run);
        Ok(Ownership::new(Fence::new(fence), held))
    }

    fn owner(&self, run: &RunId) -> Result<Option<u32>, JournalError> {
        self.locks.holder(run)
    }

    async fn request_cancel(&self, run: &RunId, by: &str) -> Result<(), JournalError> {
        self.write(Operation::RequestCancel { run: run.clone(), by: by.to_owned() }).await?;
        self.cancel_channels.refresh(run);
        Ok(())
    }

    fn cancel_request(&self, run: &RunId) -> Result<Option<String>, JournalError> {
        self.read(|connection| Ok(queries::cancel_request(connection, run)?))
    }

    fn cancel_requests(&self, run: &RunId) -> Result<watch::Receiver<Option<String>>, JournalError> {
        self.cancel_channels.subscribe(run)
    }

    async fn set_budget(&self, budget: &str, limits: BudgetLimits) -> Result<(), JournalError> {
        self.write(Operation::SetBudget { budget: budget.to_owned(), limits }).await.map(drop)
    }

    fn budget(&self, budget: &str) -> Result<BudgetState, JournalError> {
        self.read(|connection| budgets::load(&*connection.unchecked_transaction()?, budget, &self.file))
    }

    async fn set_charge(&self, payer: &Payer, charged: Amount) -> Result<(), JournalError> {
        self.write(Operation::SetCharge { payer: payer.clone(), charged }).await.map(drop)
    }

    async fn reserve(&self, payer: &Payer, amount: Amount) -> Result<bool, JournalError> {
        Ok(self.write(Operation::Reserve { payer: payer.clone(), amount }).await? == 1)
    }

    fn settle_reservation(&self, payer: &Payer, reservation: Amount, used: Amount, done: SettleDone) {
        match self.writer() {
            Ok(writer) => {
                writer.submit(Operation::Settle { payer: payer.clone(), reservation, used }, move |settled| {
                    done(settled.map(drop));
                });
            }
            Err(error) => done(Err(error)),
        }
    }
}

#[cfg(test)]
mod tests;
