//! The one thread that writes. All that waits is written in one transaction and made durable by one sync of the disk, so
//! that many runs cost hardly more than one.
//!
//! Promises: each piece of work is a savepoint of its own and is done whole or not at all; what is wrong with one fails
//! that one alone; nobody is answered before the sync. The thread ends when the journal is dropped.

use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::JoinHandle;

use phasegate_process::{EVENT_FORMAT, RunId};
use rusqlite::{Connection, Savepoint, TransactionBehavior};
use serde::Deserialize;
use tokio::sync::oneshot;

use super::reading::{Known, known, link_at};
use super::schema::File;
use super::steps::note_end;
use crate::chain::{End, Stored};
use crate::journal::can_fork;
use crate::{Blob, Fence, JournalError};

/// Bytes of blobs beyond which no more work joins a transaction: sharing a sync saves little then, and waiting grows.
const ENOUGH_BYTES: usize = 16 << 20;

/// Something to be written.
pub(super) enum Work {
    Append { run: RunId, fence: Fence, next: u64, events: Vec<Written>, blobs: Vec<Blob> },
    Fork { run: RunId, fence: Fence, of: RunId, shared: u64, events: Vec<Written>, blobs: Vec<Blob> },
    Store { blobs: Vec<Blob> },
    Own { run: RunId },
    AskCancel { run: RunId, by: String },
}

/// An event in the words of the file; its link is known only when it is written.
pub(super) struct Written {
    at_ms: u64,
    name: String,
    body: String,
}

impl Written {
    pub(super) fn new(at_ms: u64, body: String) -> Self {
        Self { at_ms, name: name_in(&body), body }
    }
}

/// What the event is called, for people who look into the file.
fn name_in(body: &str) -> String {
    #[derive(Deserialize)]
    struct Named {
        event: String,
    }
    serde_json::from_str(body).map(|Named { event }| event).unwrap_or_default()
}

/// Where to hand work in.
pub(super) struct Writer {
    file: File,
    queue: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

/// The new fence where the work was [`Work::Own`], else nothing of interest.
type Answer = Result<u64, JournalError>;

struct Job {
    work: Work,
    answer: oneshot::Sender<Answer>,
}

impl Writer {
    pub(super) fn start(connection: Connection, file: File) -> Result<Self, JournalError> {
        let (queue, jobs) = mpsc::channel();
        let desk = Desk { connection, file: file.clone(), jobs };
        let thread = std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || desk.serve())
            .map_err(|e| JournalError::Io { file: file.to_string(), reason: e.to_string() })?;
        Ok(Self { file, queue: Some(queue), thread: Some(thread) })
    }

    /// Hands work in and waits until it is durable or refused.
    pub(super) async fn ask(&self, work: Work) -> Answer {
        let closed = || JournalError::Closed { file: self.file.to_string() };
        let (answer, answered) = oneshot::channel();
        let queue = self.queue.as_ref().ok_or_else(closed)?;
        queue.send(Job { work, answer }).map_err(|_| closed())?;
        answered.await.map_err(|_| closed())?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue.take();
        // Waiting lets the file be closed when the journal is gone, with its log folded in.
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Desk {
    connection: Connection,
    file: File,
    jobs: Receiver<Job>,
}

impl Desk {
    fn serve(mut self) {
        while let Ok(first) = self.jobs.recv() {
            let batch = self.with_all_that_waits(first);
            self.write(batch);
        }
    }

    fn with_all_that_waits(&self, first: Job) -> Vec<Job> {
        let mut bytes = first.work.bytes();
        let mut batch = vec![first];
        while bytes < ENOUGH_BYTES
            && let Ok(job) = self.jobs.try_recv()
        {
            bytes += job.work.bytes();
            batch.push(job);
        }
        batch
    }

    fn write(&mut self, batch: Vec<Job>) {
        let answers = match self.in_one_transaction(&batch) {
            Ok(answers) => answers,
            // The database may undo a whole transaction for one piece that finds no room; the others may still fit.
            Err(JournalError::Full { .. }) if batch.len() > 1 => batch.iter().map(|job| self.alone(job)).collect(),
            Err(error) => batch.iter().map(|_| Err(error.clone())).collect(),
        };
        tracing::trace!(pieces = batch.len(), "journal synced");
        for (job, answer) in batch.into_iter().zip(answers) {
            // Whoever asked may have stopped listening, which undoes nothing.
            let _ = job.answer.send(answer);
        }
    }

    fn alone(&mut self, job: &Job) -> Answer {
        self.in_one_transaction(std::slice::from_ref(job))?.pop().unwrap_or(Ok(0))
    }

    /// An answer for each, or the error that made all of it undone.
    fn in_one_transaction(&mut self, batch: &[Job]) -> Result<Vec<Answer>, JournalError> {
        let file = self.file.clone();
        let lost = |error: rusqlite::Error| file.error(&error);
        let mut transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(lost)?;
        let mut answers = Vec::with_capacity(batch.len());
        for job in batch {
            let savepoint = transaction.savepoint().map_err(lost)?;
            let answer = perform(&job.work, &savepoint, &file);
            match answer {
                Ok(_) => savepoint.commit().map_err(lost)?,
                Err(error) if savepoint.is_autocommit() => return Err(error),
                Err(_) => savepoint.finish().map_err(lost)?,
            }
            answers.push(answer);
        }
        transaction.commit().map_err(lost)?;
        Ok(answers)
    }
}

fn perform(work: &Work, to: &Savepoint<'_>, file: &File) -> Answer {
    let done = match work {
        Work::Append { run, fence, next, events, blobs } => return append(to, file, run, *fence, *next, events, blobs),
        Work::Fork { run, fence, of, shared, events, blobs } => {
            return fork(to, file, run, *fence, of, *shared, events, blobs);
        }
        Work::Store { blobs } => store(to, blobs).map(|()| 0),
        Work::Own { run } => own(to, run),
        Work::AskCancel { run, by } => return ask_cancel(to, file, run, by),
    };
    done.map_err(|error| file.error(&error))
}

fn append(
    to: &Connection,
    file: &File,
    run: &RunId,
    fence: Fence,
    next: u64,
    events: &[Written],
    blobs: &[Blob],
) -> Answer {
    let known = owned_by(to, file, run, fence)?;
    let due = known.end.number + 1;
    if next != due {
        return Err(JournalError::Conflict { run: run.clone(), wanted: next, next: due });
    }
    let written = store(to, blobs).and_then(|()| insert(to, known.key, known.end, events));
    written.map(|()| 0).map_err(|error| file.error(&error))
}

#[allow(clippy::too_many_arguments)]
fn fork(
    to: &Connection,
    file: &File,
    run: &RunId,
    fence: Fence,
    of: &RunId,
    shared: u64,
    events: &[Written],
    blobs: &[Blob],
) -> Answer {
    let failed = |error: rusqlite::Error| file.error(&error);
    let (place, fork) = (file.to_string(), owned_by(to, file, run, fence)?);
    let origin = known(to, of).map_err(failed)?.unwrap_or_default();
    can_fork(run, &fork.end, of, &origin.end, shared, &place)?;
    let chain = link_at(to, origin.key, shared).map_err(failed)?;
    let chain = chain.ok_or_else(|| JournalError::gap(of, shared, &place))?;
    let write = || {
        let mut point = to.prepare_cached("UPDATE runs SET parent_key = ?2, shared = ?3 WHERE run_key = ?1")?;
        point.execute((fork.key, origin.key, shared))?;
        store(to, blobs)?;
        insert(to, fork.key, End { number: shared, chain: Some(chain) }, events)
    };
    write().map(|()| 0).map_err(failed)
}

/// The run, if this is still its newest owner.
fn owned_by(to: &Connection, file: &File, run: &RunId, fence: Fence) -> Result<Known, JournalError> {
    let known = known(to, run).map_err(|error| file.error(&error))?;
    let newest = Fence::new(known.as_ref().map_or(0, |known| known.fence));
    let fenced = JournalError::Fenced { run: run.clone(), fence, newest };
    known.filter(|_| fence == newest).ok_or(fenced)
}

fn insert(to: &Connection, run_key: i64, mut end: End, events: &[Written]) -> rusqlite::Result<()> {
    let mut insert = to.prepare_cached(
        "INSERT INTO events (run_key, number, at_ms, format, name, body, chain) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    for event in events {
        let Stored { number, at_ms, format, body, chain } = end.go_on(event.at_ms, EVENT_FORMAT, event.body.clone());
        insert.execute((run_key, number, at_ms, format, &event.name, body, chain.as_str()))?;
    }
    note_end(to, run_key, &end)
}

fn store(to: &Connection, blobs: &[Blob]) -> rusqlite::Result<()> {
    let mut known = to.prepare_cached("SELECT 1 FROM blobs WHERE digest = ?1")?;
    let mut insert = to.prepare_cached("INSERT INTO blobs (digest, bytes) VALUES (?1, ?2)")?;
    for blob in blobs {
        if !known.exists((blob.digest.as_str(),))? {
            insert.execute((blob.digest.as_str(), &blob.bytes))?;
        }
    }
    Ok(())
}

fn own(to: &Connection, run: &RunId) -> rusqlite::Result<u64> {
    let mut take = to.prepare_cached(
        "INSERT INTO runs (run, fence) VALUES (?1, 1)
         ON CONFLICT (run) DO UPDATE SET fence = fence + 1, cancel_by = NULL RETURNING fence",
    )?;
    take.query_row((run.as_str(),), |row| row.get(0))
}

fn ask_cancel(to: &Connection, file: &File, run: &RunId, by: &str) -> Answer {
    let ask = || to.prepare_cached("UPDATE runs SET cancel_by = ?2 WHERE run = ?1")?.execute((run.as_str(), by));
    match ask().map_err(|error| file.error(&error))? {
        0 => Err(JournalError::NoSuchRun { run: run.clone(), place: file.to_string() }),
        _ => Ok(0),
    }
}

impl Work {
    fn bytes(&self) -> usize {
        match self {
            Self::Append { blobs, .. } | Self::Fork { blobs, .. } | Self::Store { blobs } => {
                blobs.iter().map(|blob| blob.bytes.len()).sum()
            }
            Self::Own { .. } | Self::AskCancel { .. } => 0,
        }
    }
}
