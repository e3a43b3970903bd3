//! Each sort of writing, as it is done within a transaction. What goes wrong half-way is undone by the writer.

use std::collections::BTreeSet;

use phasegate_process::{Digest, EVENT_FORMAT, Recorded, RunId};
use rusqlite::{Connection, params};

use super::file::File;
use super::migrations::note_end;
use super::queries::{Fault, Known, forks, known, link_at, run_id, stored_after};
use crate::append::can_fork;
use crate::blob::{Blob, spare_named};
use crate::chain::{End, Stored};
use crate::error::JournalError;
use crate::import::{Imported, is_new_here};
use crate::ownership::Fence;

/// Something to be written.
pub(super) enum Work {
    Append { run: RunId, fence: Fence, next: u64, events: Vec<Written>, blobs: Vec<Blob> },
    Fork { run: RunId, fence: Fence, of: RunId, shared: u64, events: Vec<Written>, blobs: Vec<Blob> },
    Import { run: RunId, events: Vec<Copied>, blobs: Vec<Blob> },
    Store { blobs: Vec<Blob> },
    Own { run: RunId },
    AskCancel { run: RunId, by: String },
    Remove { runs: BTreeSet<RunId>, blobs: BTreeSet<Digest> },
}

/// A new event in the words of the file, with what it is called for people who look into it; its link is known only when it
/// is written.
pub(super) struct Written {
    at_ms: u64,
    name: &'static str,
    body: String,
}

impl Written {
    pub(super) fn new(recorded: &Recorded, body: String) -> Self {
        Self { at_ms: recorded.at_ms, name: recorded.event.name(), body }
    }
}

/// An event that was written elsewhere.
pub(super) struct Copied {
    name: &'static str,
    event: Stored,
}

impl Copied {
    pub(super) fn new(event: Stored, read: &Recorded) -> Self {
        Self { name: read.event.name(), event }
    }
}

impl Work {
    /// About how many bytes it writes.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Append { blobs, .. }
            | Self::Fork { blobs, .. }
            | Self::Import { blobs, .. }
            | Self::Store { blobs } => blobs.iter().map(|blob| blob.bytes.len()).sum(),
            Self::Own { .. } | Self::AskCancel { .. } | Self::Remove { .. } => 0,
        }
    }

    /// Says the new fence of [`Work::Own`], whether the run was new to [`Work::Import`], and how many blobs
    /// [`Work::Remove`] removed; else nothing of interest.
    pub(super) fn perform(&self, to: &Connection, file: &File) -> Result<u64, Fault> {
        let pen = Pen { to, file };
        match self {
            Self::Append { run, fence, next, events, blobs } => pen.append(run, *fence, *next, events, blobs)?,
            Self::Fork { run, fence, of, shared, events, blobs } => {
                pen.fork(run, *fence, of, *shared, events)?;
                pen.store(blobs)?;
            }
            Self::Import { run, events, blobs } => return pen.import(run, events, blobs),
            Self::Store { blobs } => pen.store(blobs)?,
            Self::Own { run } => return Ok(pen.own(run)?),
            Self::AskCancel { run, by } => pen.ask_cancel(run, by)?,
            Self::Remove { runs, blobs } => return pen.remove(runs, blobs.clone()),
        }
        Ok(0)
    }
}

struct Pen<'a> {
    to: &'a Connection,
    file: &'a File,
}

impl Pen<'_> {
    fn append(&self, run: &RunId, fence: Fence, next: u64, events: &[Written], blobs: &[Blob]) -> Result<(), Fault> {
        let known = self.owned_by(run, fence)?;
        let due = known.end.number + 1;
        if next != due {
            return Err(JournalError::Conflict { run: run.clone(), wanted: next, next: due }.into());
        }
        self.store(blobs)?;
        self.go_on(known.key, known.end, events)
    }

    fn fork(&self, run: &RunId, fence: Fence, of: &RunId, shared: u64, events: &[Written]) -> Result<(), Fault> {
        let (place, fork) = (self.file.to_string(), self.owned_by(run, fence)?);
        let origin = known(self.to, of)?.unwrap_or_default();
        can_fork(run, &fork.end, of, &origin.end, shared, &place)?;
        let chain = link_at(self.to, origin.key, shared)?.ok_or_else(|| JournalError::gap(of, shared, &place))?;
        let mut point = self.to.prepare_cached("UPDATE runs SET parent_key = ?2, shared = ?3 WHERE run_key = ?1")?;
        point.execute((fork.key, origin.key, shared))?;
        self.go_on(fork.key, End { number: shared, chain: Some(chain) }, events)
    }

    fn import(&self, run: &RunId, events: &[Copied], blobs: &[Blob]) -> Result<u64, Fault> {
        self.store(blobs)?;
        let here = stored_after(self.to, run, 0, self.file)?;
        let theirs: Vec<Stored> = events.iter().map(|copied| copied.event.clone()).collect();
        if is_new_here(run, &here, &theirs)? == Imported::AlreadyThere {
            return Ok(0);
        }
        self.own(run)?;
        let known = known(self.to, run)?.unwrap_or_default();
        for Copied { name, event } in events {
            self.insert(known.key, name, event)?;
        }
        note_end(self.to, known.key, &theirs.last().map(End::at).unwrap_or_default())?;
        Ok(1)
    }

    /// The run, if this is still its newest owner.
    fn owned_by(&self, run: &RunId, fence: Fence) -> Result<Known, Fault> {
        let known = known(self.to, run)?;
        let newest = Fence::new(known.as_ref().map_or(0, |known| known.fence));
        let fenced = JournalError::Fenced { run: run.clone(), fence, newest };
        Ok(known.filter(|_| fence == newest).ok_or(fenced)?)
    }

    fn go_on(&self, run_key: i64, mut end: End, events: &[Written]) -> Result<(), Fault> {
        for Written { at_ms, name, body } in events {
            self.insert(run_key, name, &end.go_on(*at_ms, EVENT_FORMAT, body.clone()))?;
        }
        Ok(note_end(self.to, run_key, &end)?)
    }

    fn insert(&self, run_key: i64, name: &str, event: &Stored) -> rusqlite::Result<()> {
        let Stored { number, at_ms, format, body, chain } = event;
        let mut insert = self.to.prepare_cached(
            "INSERT INTO events (run_key, number, at_ms, format, name, body, chain) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?;
        insert.execute(params![run_key, number, at_ms, format, name, body, chain.as_str()]).map(drop)
    }

    fn store(&self, blobs: &[Blob]) -> rusqlite::Result<()> {
        let mut known = self.to.prepare_cached("SELECT 1 FROM blobs WHERE digest = ?1")?;
        let mut insert = self.to.prepare_cached("INSERT INTO blobs (digest, bytes) VALUES (?1, ?2)")?;
        for blob in blobs {
            if !known.exists((blob.digest.as_str(),))? {
                insert.execute((blob.digest.as_str(), &blob.bytes))?;
            }
        }
        Ok(())
    }

    fn own(&self, run: &RunId) -> rusqlite::Result<u64> {
        let mut take = self.to.prepare_cached(
            "INSERT INTO runs (run, fence) VALUES (?1, 1)
             ON CONFLICT (run) DO UPDATE SET fence = fence + 1, cancel_by = NULL RETURNING fence",
        )?;
        take.query_row((run.as_str(),), |row| row.get(0))
    }

    fn ask_cancel(&self, run: &RunId, by: &str) -> Result<(), Fault> {
        let mut ask = self.to.prepare_cached("UPDATE runs SET cancel_by = ?2 WHERE run = ?1")?;
        match ask.execute((run.as_str(), by))? {
            0 => Err(JournalError::NoSuchRun { run: run.clone(), place: self.file.to_string() }.into()),
            _ => Ok(()),
        }
    }

    fn remove(&self, runs: &BTreeSet<RunId>, mut blobs: BTreeSet<Digest>) -> Result<u64, Fault> {
        for run in runs {
            self.cut_loose(run, runs)?;
        }
        for run in runs {
            for sql in [
                "DELETE FROM events WHERE run_key = (SELECT run_key FROM runs WHERE run = ?1)",
                "DELETE FROM runs WHERE run = ?1",
            ] {
                self.to.prepare_cached(sql)?.execute((run.as_str(),))?;
            }
        }
        if !blobs.is_empty() {
            self.spare_what_is_named(&mut blobs)?;
        }
        let mut delete = self.to.prepare_cached("DELETE FROM blobs WHERE digest = ?1")?;
        let mut removed = 0;
        for digest in blobs {
            removed += delete.execute((digest.as_str(),))? as u64;
        }
        Ok(removed)
    }

    /// Lets a run be removed before or after its origin, if all its forks go as well.
    fn cut_loose(&self, run: &RunId, runs: &BTreeSet<RunId>) -> Result<(), Fault> {
        for (fork, _) in forks(self.to, run, self.file)? {
            if !runs.contains(&fork) {
                return Err(JournalError::HasForks { run: run.clone(), fork }.into());
            }
        }
        let mut cut = self.to.prepare_cached(
            "UPDATE runs SET parent_key = NULL WHERE parent_key = (SELECT run_key FROM runs WHERE run = ?1)",
        )?;
        cut.execute((run.as_str(),))?;
        match known(self.to, run)? {
            Some(_) => Ok(()),
            None => Err(JournalError::NoSuchRun { run: run.clone(), place: self.file.to_string() }.into()),
        }
    }

    fn spare_what_is_named(&self, blobs: &mut BTreeSet<Digest>) -> Result<(), Fault> {
        let place = self.file.to_string();
        let mut query = self.to.prepare("SELECT run, number, body FROM events JOIN runs USING (run_key)")?;
        let mut rows = query.query(())?;
        while let Some(row) = rows.next()? {
            spare_named(
                blobs,
                &run_id(row, self.file)?,
                row.get(1)?,
                row.get_ref(2)?.as_str().map_err(rusqlite::Error::from)?,
                &place,
            )?;
        }
        Ok(())
    }
}

/// Gives back to the disk what was removed. The whole file is written anew, which asks for room for a second one meanwhile
/// and for nobody else to use it; giving back page by page would have to be paid for at every write. Where there is no
/// room, the space stays in the file for what comes.
pub(super) fn shrink(file: &Connection) {
    if let Err(error) = file.execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)") {
        tracing::warn!(%error, "the space stays in the journal's file");
    }
}
