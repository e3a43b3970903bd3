//! The write operations, as executed within a transaction. The writer rolls back one that fails.

use std::collections::BTreeSet;

use phasegate_process::budget::Amount;
use phasegate_process::{Digest, RunId};
use rusqlite::Connection;

use super::appends::NewRow;
use super::budgets;
use super::file::DatabaseFile;
use super::migrations::update_end;
use super::packed::{Packed, unpack};
use super::queries::{RunRow, find_run, forks, link_at, stored_after};
use super::query_error::QueryError;
use crate::append::{Append, Fork};
use crate::blob::{Blob, keep_referenced};
use crate::budget::{BudgetLimits, Payer};
use crate::chain::{End, StoredEvent};
use crate::error::JournalError;
use crate::import::{Imported, compare_with_existing};
use crate::ownership::Fence;

/// A write operation. Everything to write is encoded and compressed before, on the caller's thread.
pub(super) enum Operation {
    /// The events and blobs of the request are taken out.
    Append(Append, Vec<NewRow>, Vec<NewBlob>),
    /// The events and blobs of the request are taken out.
    Fork(Fork, Vec<NewRow>, Vec<NewBlob>),
    /// `rows` are the events.
    Import {
        run: RunId,
        events: Vec<StoredEvent>,
        rows: Vec<NewRow>,
        blobs: Vec<NewBlob>,
    },
    Store {
        blobs: Vec<NewBlob>,
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
    SetBudget {
        budget: String,
        limits: BudgetLimits,
    },
    /// Nothing is reserved for the run afterwards.
    SetCharge {
        payer: Payer,
        charged: Amount,
    },
    Reserve {
        payer: Payer,
        amount: Amount,
    },
    Settle {
        payer: Payer,
        reservation: Amount,
        used: Amount,
    },
    /// Fails with this error.
    Refused(JournalError),
}

/// A blob as it is stored.
pub(super) struct NewBlob {
    digest: [u8; 32],
    packed: Packed,
}

impl NewBlob {
    pub(super) fn all(blobs: Vec<Blob>) -> Vec<Self> {
        let new = |blob: Blob| Self { digest: blob.digest.to_bytes(), packed: Packed::new(blob.bytes) };
        blobs.into_iter().map(new).collect()
    }
}

impl Operation {
    /// Returns the bytes of the events and blobs that it writes.
    pub(super) fn bytes(&self) -> usize {
        let of_rows = |rows: &[NewRow]| rows.iter().map(NewRow::bytes).sum::<usize>();
        let of_blobs = |blobs: &[NewBlob]| blobs.iter().map(|blob| blob.packed.bytes.len()).sum::<usize>();
        match self {
            Self::Append(_, rows, blobs) | Self::Fork(_, rows, blobs) | Self::Import { rows, blobs, .. } => {
                of_rows(rows) + of_blobs(blobs)
            }
            Self::Store { blobs } => of_blobs(blobs),
            _ => 0,
        }
    }

    /// Whether a caller relies on it only when it is durable. Nobody owns or cancels a run across a loss of power, and what a
    /// run uses of a budget is computed from its events then.
    pub(super) fn needs_sync(&self) -> bool {
        use Operation::{Acquire, RequestCancel, Reserve, SetCharge, Settle};
        !matches!(self, Acquire { .. } | RequestCancel { .. } | SetCharge { .. } | Reserve { .. } | Settle { .. })
    }

    pub(super) fn is_removal(&self) -> bool {
        matches!(self, Self::Remove { .. })
    }

    /// Executes the operation. Returns the new fence for [`Operation::Acquire`], 1 for [`Operation::Import`] of a new run, the
    /// number of removed blobs for [`Operation::Remove`], 1 for [`Operation::Reserve`] within the limits, and 0 otherwise.
    pub(super) fn perform(&self, connection: &Connection, file: &DatabaseFile) -> Result<u64, QueryError> {
        let transaction = Transaction { connection, file };
        match self {
            Self::Append(append, rows, blobs) => transaction.append(append, rows, blobs)?,
            Self::Fork(fork, rows, blobs) => transaction.fork(fork, rows, blobs)?,
            Self::Import { run, events, rows, blobs } => return transaction.import(run, events, rows, blobs),
            Self::Store { blobs } => transaction.store(blobs)?,
            Self::Acquire { run } => return Ok(transaction.acquire(run)?),
            Self::RequestCancel { run, by } => transaction.request_cancel(run, by)?,
            Self::Remove { runs, blobs } => return transaction.remove(runs, blobs.clone()),
            Self::SetBudget { budget, limits } => budgets::set_limits(connection, budget, limits)?,
            Self::SetCharge { payer, charged } => {
                let key = transaction.check_owner(&payer.run, payer.fence)?.key;
                budgets::set_charge(connection, key, &payer.budget, *charged, Amount::default())?;
            }
            Self::Reserve { payer, amount } => {
                let key = transaction.check_owner(&payer.run, payer.fence)?.key;
                return Ok(budgets::reserve(connection, key, &payer.budget, *amount)?.into());
            }
            Self::Settle { payer, reservation, used } => {
                let key = transaction.check_owner(&payer.run, payer.fence)?.key;
                budgets::settle(connection, key, &payer.budget, *reservation, *used)?;
            }
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
    fn append(&self, append: &Append, rows: &[NewRow], blobs: &[NewBlob]) -> Result<(), QueryError> {
        let Append { run, fence, next, .. } = append;
        let known = self.check_owner(run, *fence)?;
        let due = known.end.number + 1;
        if *next != due {
            return Err(JournalError::Conflict { run: run.clone(), wanted: *next, next: due }.into());
        }
        self.store(blobs)?;
        Ok(self.insert_after(known.key, known.end, rows)?)
    }

    fn fork(&self, fork: &Fork, rows: &[NewRow], blobs: &[NewBlob]) -> Result<(), QueryError> {
        let location = self.file.to_string();
        let own = self.check_owner(&fork.run, fork.fence)?;
        let origin = find_run(self.connection, &fork.origin)?.unwrap_or_default();
        fork.check(&own.end, &origin.end, &location)?;
        let chain = link_at(self.connection, &fork.origin, origin.key, fork.shared, self.file)?;
        let chain = chain.ok_or_else(|| JournalError::gap(&fork.origin, fork.shared, &location))?;
        // min() of NULL is NULL: a fork of a run that was made here was made here.
        let mut update = self.connection.prepare_cached(
            "UPDATE runs SET parent_key = ?2, shared = ?3,
                 imported = (SELECT min(imported, ?3) FROM runs origin WHERE origin.run_key = ?2) WHERE run_key = ?1",
        )?;
        update.execute((own.key, origin.key, fork.shared))?;
        self.insert_after(own.key, End { number: fork.shared, chain: Some(chain) }, rows)?;
        Ok(self.store(blobs)?)
    }

    fn import(
        &self,
        run: &RunId,
        events: &[StoredEvent],
        rows: &[NewRow],
        blobs: &[NewBlob],
    ) -> Result<u64, QueryError> {
        self.store(blobs)?;
        let here = stored_after(self.connection, run, 0, self.file)?;
        if compare_with_existing(run, &here, events)? == Imported::AlreadyPresent {
            return Ok(0);
        }
        self.acquire(run)?;
        let known = find_run(self.connection, run)?.unwrap_or_default();
        self.insert_after(known.key, End::default(), rows)?;
        let mut update = self.connection.prepare_cached("UPDATE runs SET imported = ?2 WHERE run_key = ?1")?;
        update.execute((known.key, events.len()))?;
        Ok(1)
    }

    /// Returns the run if `fence` is that of its newest owner.
    fn check_owner(&self, run: &RunId, fence: Fence) -> Result<RunRow, QueryError> {
        let known = find_run(self.connection, run)?;
        let newest = Fence::new(known.as_ref().map_or(0, |known| known.fence));
        let fenced = JournalError::Fenced { run: run.clone(), fence, newest };
        Ok(known.filter(|_| fence == newest).ok_or(fenced)?)
    }

    fn insert_after(&self, run_key: i64, mut end: End, rows: &[NewRow]) -> rusqlite::Result<()> {
        for row in rows {
            row.insert(self.connection, run_key, &mut end)?;
        }
        update_end(self.connection, run_key, &end)
    }

    fn store(&self, blobs: &[NewBlob]) -> rusqlite::Result<()> {
        let mut insert = self.connection.prepare_cached(
            "INSERT INTO contents (digest, size, bytes) VALUES (?1, ?2, ?3) ON CONFLICT (digest) DO NOTHING",
        )?;
        for NewBlob { digest, packed } in blobs {
            insert.execute((digest, packed.size, &*packed.bytes))?;
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
                "DELETE FROM appends WHERE run_key = (SELECT run_key FROM runs WHERE run = ?1)",
                budgets::REMOVE,
                "DELETE FROM runs WHERE run = ?1",
            ] {
                self.file.limit_work(self.connection, 0)?;
                self.connection.prepare_cached(sql)?.execute((run.as_str(),))?;
            }
        }
        if !blobs.is_empty() {
            self.keep_referenced_blobs(&mut blobs)?;
        }
        let mut delete = self.connection.prepare_cached("DELETE FROM contents WHERE digest = ?1")?;
        let mut delete_old = self.connection.prepare_cached("DELETE FROM blobs WHERE digest = ?1")?;
        let mut removed = 0;
        for digest in blobs {
            let rows = delete.execute((digest.to_bytes(),))? + delete_old.execute((digest.as_str(),))?;
            removed += rows.min(1) as u64;
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
        let mut query = self.connection.prepare("SELECT size, bodies FROM appends")?;
        let mut rows = query.query(())?;
        while let Some(row) = rows.next()? {
            match unpack(row.get_ref(1)?.as_bytes().unwrap_or_default(), row.get(0)?) {
                // A body that is more than a line cannot be parsed line by line, but its digests are found.
                Some(bodies) => String::from_utf8_lossy(&bodies).lines().for_each(|body| keep_referenced(blobs, body)),
                // It may name any of them, and its run may be repaired later.
                None => blobs.clear(),
            }
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
