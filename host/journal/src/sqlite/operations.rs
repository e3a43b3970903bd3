//! The write operations, as executed within a transaction. The writer rolls back one that fails.

use std::collections::BTreeSet;

use phasegate_process::{Digest, EVENT_FORMAT, Recorded, RunId};
use rusqlite::{Connection, params};

use super::file::DatabaseFile;
use super::migrations::update_end;
use super::queries::{QueryError, RunRow, find_run, forks, link_at, stored_after};
use crate::append::{Append, Fork};
use crate::blob::{Blob, keep_referenced};
use crate::chain::{End, StoredEvent};
use crate::error::JournalError;
use crate::import::{Imported, compare_with_existing};
use crate::ownership::Fence;

/// A write operation.
pub(super) enum Operation {
    /// The events of the request are taken out and encoded.
    Append(Append, Vec<NewEvent>),
    /// The events of the request are taken out and encoded.
    Fork(Fork, Vec<NewEvent>),
    Import {
        run: RunId,
        events: Vec<ImportedEvent>,
        blobs: Vec<Blob>,
    },
    Store {
        blobs: Vec<Blob>,
    },
    Acquire {
        run: RunId,
    },
    RequestCancel {
        run: RunId,
        by: String,
    },
    Remove {
        runs: BTreeSet<RunId>,
        blobs: BTreeSet<Digest>,
    },
    /// Fails with this error.
    Refused(JournalError),
}

/// A new event, encoded. Its link is known when it is written; its name is stored for people who inspect the file.
pub(super) struct NewEvent {
    at_ms: u64,
    name: &'static str,
    body: String,
}

impl NewEvent {
    /// Pairs events with their JSON.
    pub(super) fn all(recorded: &[Recorded], bodies: Vec<String>) -> Vec<Self> {
        let new =
            |(recorded, body): (&Recorded, String)| Self { at_ms: recorded.at_ms, name: recorded.event.name(), body };
        recorded.iter().zip(bodies).map(new).collect()
    }
}

/// An event of another journal.
pub(super) struct ImportedEvent {
    name: &'static str,
    event: StoredEvent,
}

impl ImportedEvent {
    pub(super) fn new(event: StoredEvent, read: &Recorded) -> Self {
        Self { name: read.event.name(), event }
    }
}

impl Operation {
    /// Returns the bytes of the events and blobs that it writes.
    pub(super) fn bytes(&self) -> usize {
        let sizes = |blobs: &[Blob], events: usize| events + blobs.iter().map(|blob| blob.bytes.len()).sum::<usize>();
        let new = |events: &[NewEvent]| events.iter().map(|event| event.body.len()).sum();
        match self {
            Self::Append(Append { blobs, .. }, events) | Self::Fork(Fork { blobs, .. }, events) => {
                sizes(blobs, new(events))
            }
            Self::Import { blobs, events, .. } => sizes(blobs, events.iter().map(|event| event.event.body.len()).sum()),
            Self::Store { blobs } => sizes(blobs, 0),
            Self::Acquire { .. } | Self::RequestCancel { .. } | Self::Remove { .. } | Self::Refused(_) => 0,
        }
    }

    /// Whether a caller relies on it only when it is durable. Nobody owns or cancels a run across a loss of power.
    pub(super) fn needs_sync(&self) -> bool {
        !matches!(self, Self::Acquire { .. } | Self::RequestCancel { .. })
    }

    pub(super) fn is_removal(&self) -> bool {
        matches!(self, Self::Remove { .. })
    }

    /// Executes the operation. Returns the new fence for [`Operation::Acquire`], 1 for [`Operation::Import`] of a new run, the
    /// number of removed blobs for [`Operation::Remove`], and 0 otherwise.
    pub(super) fn perform(&self, connection: &Connection, file: &DatabaseFile) -> Result<u64, QueryError> {
        let transaction = Transaction { connection, file };
        match self {
            Self::Append(append, events) => transaction.append(append, events)?,
            Self::Fork(fork, events) => transaction.fork(fork, events)?,
            Self::Import { run, events, blobs } => {
                return transaction.import(run, events, blobs);
            }
            Self::Store { blobs } => transaction.store(blobs)?,
            Self::Acquire { run } => return Ok(transaction.acquire(run)?),
            Self::RequestCancel { run, by } => transaction.request_cancel(run, by)?,
            Self::Remove { runs, blobs } => return transaction.remove(runs, blobs.clone()),
            Self::Refused(error) => return Err(error.clone().into()),
        }
        Ok(0)
    }
}

struct Transaction<'a> {
    connection: &'a Connection,
    file: &'a DatabaseFile,
}

impl Transaction<'_> {
    fn append(&self, append: &Append, events: &[NewEvent]) -> Result<(), QueryError> {
        let Append { run, fence, next, blobs, .. } = append;
        let known = self.check_owner(run, *fence)?;
        let due = known.end.number + 1;
        if *next != due {
            return Err(JournalError::Conflict { run: run.clone(), wanted: *next, next: due }.into());
        }
        self.store(blobs)?;
        self.insert_after(known.key, known.end, events)
    }

    fn fork(&self, fork: &Fork, events: &[NewEvent]) -> Result<(), QueryError> {
        let location = self.file.to_string();
        let own = self.check_owner(&fork.run, fork.fence)?;
        let origin = find_run(self.connection, &fork.origin)?.unwrap_or_default();
        fork.check(&own.end, &origin.end, &location)?;
        let chain = link_at(self.connection, origin.key, fork.shared)?;
        let chain = chain.ok_or_else(|| JournalError::gap(&fork.origin, fork.shared, &location))?;
        // min() of NULL is NULL: a fork of a run that was made here was made here.
        let mut update = self.connection.prepare_cached(
            "UPDATE runs SET parent_key = ?2, shared = ?3,
                 imported = (SELECT min(imported, ?3) FROM runs origin WHERE origin.run_key = ?2) WHERE run_key = ?1",
        )?;
        update.execute((own.key, origin.key, fork.shared))?;
        self.insert_after(own.key, End { number: fork.shared, chain: Some(chain) }, events)?;
        Ok(self.store(&fork.blobs)?)
    }

    fn import(&self, run: &RunId, events: &[ImportedEvent], blobs: &[Blob]) -> Result<u64, QueryError> {
        self.store(blobs)?;
        let here = stored_after(self.connection, run, 0, self.file)?;
        let theirs: Vec<StoredEvent> = events.iter().map(|imported| imported.event.clone()).collect();
        if compare_with_existing(run, &here, &theirs)? == Imported::AlreadyPresent {
            return Ok(0);
        }
        self.acquire(run)?;
        let known = find_run(self.connection, run)?.unwrap_or_default();
        for ImportedEvent { name, event } in events {
            let StoredEvent { number, at_ms, format, body, chain } = event;
            self.insert(known.key, name, *number, *at_ms, *format, body, chain)?;
        }
        let end = theirs.last().map(End::at).unwrap_or_default();
        update_end(self.connection, known.key, &end)?;
        let mut update = self.connection.prepare_cached("UPDATE runs SET imported = ?2 WHERE run_key = ?1")?;
        update.execute((known.key, end.number))?;
        Ok(1)
    }

    /// Returns the run if `fence` is that of its newest owner.
    fn check_owner(&self, run: &RunId, fence: Fence) -> Result<RunRow, QueryError> {
        let known = find_run(self.connection, run)?;
        let newest = Fence::new(known.as_ref().map_or(0, |known| known.fence));
        let fenced = JournalError::Fenced { run: run.clone(), fence, newest };
        Ok(known.filter(|_| fence == newest).ok_or(fenced)?)
    }

    fn insert_after(&self, run_key: i64, mut end: End, events: &[NewEvent]) -> Result<(), QueryError> {
        for NewEvent { at_ms, name, body } in events {
            let chain = end.advance(*at_ms, EVENT_FORMAT, body);
            self.insert(run_key, name, end.number, *at_ms, EVENT_FORMAT, body, &chain)?;
        }
        Ok(update_end(self.connection, run_key, &end)?)
    }

    #[allow(clippy::too_many_arguments)]
    fn insert(
        &self,
        run_key: i64,
        name: &str,
        number: u64,
        at_ms: u64,
        format: u32,
        body: &str,
        chain: &Digest,
    ) -> rusqlite::Result<()> {
        let mut insert = self.connection.prepare_cached(
            "INSERT INTO events (run_key, number, at_ms, format, name, body, chain) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?;
        insert.execute(params![run_key, number, at_ms, format, name, body, chain.as_str()]).map(drop)
    }

    fn store(&self, blobs: &[Blob]) -> rusqlite::Result<()> {
        let mut known = self.connection.prepare_cached("SELECT 1 FROM blobs WHERE digest = ?1")?;
        let mut insert = self.connection.prepare_cached("INSERT INTO blobs (digest, bytes) VALUES (?1, ?2)")?;
        for blob in blobs {
            if !known.exists((blob.digest.as_str(),))? {
                insert.execute((blob.digest.as_str(), &*blob.bytes))?;
            }
        }
        Ok(())
    }

    fn acquire(&self, run: &RunId) -> rusqlite::Result<u64> {
        let mut acquire = self.connection.prepare_cached(
            "INSERT INTO runs (run, fence) VALUES (?1, 1)
             ON CONFLICT (run) DO UPDATE SET fence = fence + 1, cancel_by = NULL RETURNING fence",
        )?;
        acquire.query_row((run.as_str(),), |row| row.get(0))
    }

    fn request_cancel(&self, run: &RunId, by: &str) -> Result<(), QueryError> {
        let mut update = self.connection.prepare_cached("UPDATE runs SET cancel_by = ?2 WHERE run = ?1")?;
        match update.execute((run.as_str(), by))? {
            0 => Err(JournalError::NoSuchRun { run: run.clone(), location: self.file.to_string() }.into()),
            _ => Ok(()),
        }
    }

    fn remove(&self, runs: &BTreeSet<RunId>, mut blobs: BTreeSet<Digest>) -> Result<u64, QueryError> {
        for run in runs {
            self.detach_forks(run, runs)?;
        }
        for run in runs {
            for sql in [
                "DELETE FROM events WHERE run_key = (SELECT run_key FROM runs WHERE run = ?1)",
                "DELETE FROM runs WHERE run = ?1",
            ] {
                self.file.limit_work(self.connection, 0)?;
                self.connection.prepare_cached(sql)?.execute((run.as_str(),))?;
            }
        }
        if !blobs.is_empty() {
            self.keep_referenced_blobs(&mut blobs)?;
        }
        let mut delete = self.connection.prepare_cached("DELETE FROM blobs WHERE digest = ?1")?;
        let mut removed = 0;
        for digest in blobs {
            removed += delete.execute((digest.as_str(),))? as u64;
        }
        Ok(removed)
    }

    /// Detaches a run from its forks, which must be removed as well, so that the order of removal does not matter.
    fn detach_forks(&self, run: &RunId, runs: &BTreeSet<RunId>) -> Result<(), QueryError> {
        for (fork, _) in forks(self.connection, run, self.file)? {
            if !runs.contains(&fork) {
                return Err(JournalError::HasForks { run: run.clone(), fork }.into());
            }
        }
        let mut update = self.connection.prepare_cached(
            "UPDATE runs SET parent_key = NULL WHERE parent_key = (SELECT run_key FROM runs WHERE run = ?1)",
        )?;
        update.execute((run.as_str(),))?;
        match find_run(self.connection, run)? {
            Some(_) => Ok(()),
            None => Err(JournalError::NoSuchRun { run: run.clone(), location: self.file.to_string() }.into()),
        }
    }

    fn keep_referenced_blobs(&self, blobs: &mut BTreeSet<Digest>) -> rusqlite::Result<()> {
        let mut query = self.connection.prepare("SELECT body FROM events")?;
        let mut rows = query.query(())?;
        while let Some(row) = rows.next()? {
            keep_referenced(blobs, &String::from_utf8_lossy(row.get_ref(0)?.as_bytes().unwrap_or_default()));
        }
        Ok(())
    }
}

/// Frees the disk space of what was removed, by rewriting the file. That needs space for a second copy and exclusive use;
/// freeing page by page would cost something at every write. Without enough space the file keeps its size and reuses it.
pub(super) fn shrink(connection: &Connection, file: &DatabaseFile) {
    let limited = file.limit_work(connection, 0);
    if let Err(error) = limited.and_then(|()| connection.execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)")) {
        tracing::warn!(%error, "the journal's file keeps its size");
    }
}
