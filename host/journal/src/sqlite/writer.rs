//! The one thread that writes. All that waits is written in one transaction and made durable by one sync of the disk, so
//! that many runs cost hardly more than one.
//!
//! Promises: each piece of work is a savepoint of its own and is done whole or not at all; what is wrong with one fails
//! that one alone; nobody is answered before the sync. The thread ends when the journal is dropped.

use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::JoinHandle;

use phasegate_process::{EVENT_FORMAT, Recorded, RunId};
use rusqlite::{Connection, OptionalExtension, Savepoint, TransactionBehavior};
use serde::Deserialize;
use tokio::sync::oneshot;

use super::schema::File;
use crate::{Blob, Fence, JournalError};

/// Bytes of blobs beyond which no more work joins a transaction: sharing a sync saves little then, and waiting grows.
const ENOUGH_BYTES: usize = 16 << 20;

/// Something to be written.
pub(super) enum Work {
    Append { run: RunId, fence: Fence, next: u64, rows: Vec<EventRow>, blobs: Vec<Blob> },
    Store { blobs: Vec<Blob> },
    Own { run: RunId },
    AskCancel { run: RunId, by: String },
}

/// An event in the words of the file.
pub(super) struct EventRow {
    number: u64,
    at_ms: u64,
    name: String,
    body: String,
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
        Work::Append { run, fence, next, rows, blobs } => return append(to, file, run, *fence, *next, rows, blobs),
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
    rows: &[EventRow],
    blobs: &[Blob],
) -> Answer {
    let failed = |error: rusqlite::Error| file.error(&error);
    let fenced = |newest| JournalError::Fenced { run: run.clone(), fence, newest: Fence::new(newest) };
    let (run_key, newest) = known_run(to, run).map_err(failed)?.ok_or_else(|| fenced(0))?;
    if fence != Fence::new(newest) {
        return Err(fenced(newest));
    }
    let due = due(to, run_key).map_err(failed)?;
    if next != due {
        return Err(JournalError::Conflict { run: run.clone(), wanted: next, next: due });
    }
    store(to, blobs).and_then(|()| insert(to, run_key, rows)).map_err(failed)?;
    Ok(0)
}

fn known_run(to: &Connection, run: &RunId) -> rusqlite::Result<Option<(i64, u64)>> {
    let mut query = to.prepare_cached("SELECT run_key, fence FROM runs WHERE run = ?1")?;
    query.query_row((run.as_str(),), |row| Ok((row.get(0)?, row.get(1)?))).optional()
}

fn due(to: &Connection, run_key: i64) -> rusqlite::Result<u64> {
    let mut query = to.prepare_cached("SELECT coalesce(max(number), 0) + 1 FROM events WHERE run_key = ?1")?;
    query.query_row((run_key,), |row| row.get(0))
}

fn insert(to: &Connection, run_key: i64, rows: &[EventRow]) -> rusqlite::Result<()> {
    let mut insert = to.prepare_cached(
        "INSERT INTO events (run_key, number, at_ms, format, name, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for row in rows {
        insert.execute((run_key, row.number, row.at_ms, EVENT_FORMAT, &row.name, &row.body))?;
    }
    Ok(())
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
            Self::Append { blobs, .. } | Self::Store { blobs } => blobs.iter().map(|blob| blob.bytes.len()).sum(),
            Self::Own { .. } | Self::AskCancel { .. } => 0,
        }
    }
}

/// The event as it will stand in the file.
pub(super) fn row(run: &RunId, event: &Recorded) -> Result<EventRow, JournalError> {
    #[derive(Deserialize)]
    struct Named {
        event: String,
    }
    let unwritable = |error: serde_json::Error| JournalError::Unwritable {
        run: run.clone(),
        number: event.number,
        reason: error.to_string(),
    };
    let body = serde_json::to_string(&event.event).map_err(unwritable)?;
    let Named { event: name } = serde_json::from_str(&body).map_err(unwritable)?;
    Ok(EventRow { number: event.number, at_ms: event.at_ms, name, body })
}
