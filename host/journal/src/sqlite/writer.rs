//! The thread that writes: caller → queue → this thread → [`super::sync`] → the caller's `done`.
//!
//! All waiting operations are executed in one transaction, so that many runs cost hardly more than one. Guarantees: operations
//! are executed in the order of the queue, each completely or not at all; an error fails its own operation alone; this thread
//! never waits for the disk, except in a checkpoint. It ends when the journal is dropped.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{JoinHandle, ThreadId};

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::oneshot;

use super::file::DatabaseFile;
use super::operations::{Operation, shrink};
use super::query_error::QueryError;
use super::sync::{Commits, Committed, Done, Log, Outcome, SyncThread};
use crate::error::JournalError;

/// The bytes of events and blobs beyond which no more operations join a transaction: sharing a sync saves little then, and others wait.
const MAX_BATCH_BYTES: usize = 16 << 20;

/// The queue of the writing thread.
pub(super) struct Writer {
    /// The path of the file, for errors.
    file: Arc<str>,
    queue: Option<Sender<Task>>,
    thread: Option<JoinHandle<()>>,
    sync_thread: ThreadId,
}

enum Task {
    Execute(Job),
    /// Asks to make durable what came before.
    Sync,
}

struct Job {
    operation: Operation,
    done: Done,
}

impl Writer {
    pub(super) fn start(connection: Connection, log: Log, file: DatabaseFile) -> Result<Self, JournalError> {
        let (queue, tasks) = mpsc::channel();
        let sync = SyncThread::start(log)?;
        let sync_thread = sync.thread().id();
        let name = file.to_string();
        let writer = WriterThread { connection, file, tasks, sync };
        let thread = std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || writer.serve())
            .map_err(|e| JournalError::Io { file: name.clone(), reason: e.to_string() })?;
        Ok(Self { file: name.into(), queue: Some(queue), thread: Some(thread), sync_thread })
    }

    /// Hands an operation over; `done` gets its result when it is durable or refused.
    pub(super) fn submit(&self, operation: Operation, done: impl FnOnce(Outcome) + Send + 'static) {
        self.send(Task::Execute(Job { operation, done: Done::new(&self.file, done) }));
    }

    /// Asks that what was submitted before becomes durable at once.
    pub(super) fn request_sync(&self) {
        self.send(Task::Sync);
    }

    /// Executes an operation and waits until it is durable or refused.
    pub(super) async fn execute(&self, operation: Operation) -> Outcome {
        let (answer, answered) = oneshot::channel();
        let needs_sync = operation.needs_sync();
        // The caller may have stopped waiting, which undoes nothing.
        self.submit(operation, move |outcome| drop(answer.send(outcome)));
        if needs_sync {
            self.request_sync();
        }
        answered.await.unwrap_or_else(|_| Err(JournalError::Closed { file: self.file.to_string() }))
    }

    /// A task that the thread does not take, because it has ended, is dropped, which answers it.
    fn send(&self, task: Task) {
        if let Some(queue) = &self.queue {
            let _ = queue.send(task);
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue.take();
        // Wait, so that the file is closed and its log written back when the journal is gone. A callback that holds the last
        // handle of the journal runs on one of the threads and cannot wait for itself.
        let here = std::thread::current().id();
        if let Some(thread) = self.thread.take()
            && ![thread.thread().id(), self.sync_thread].contains(&here)
        {
            let _ = thread.join();
        }
    }
}

struct WriterThread {
    connection: Connection,
    file: DatabaseFile,
    tasks: Receiver<Task>,
    sync: SyncThread,
}

impl WriterThread {
    fn serve(mut self) {
        while let Ok(first) = self.tasks.recv() {
            let (batch, urgent) = self.collect_batch(first);
            let operations = self.write(batch);
            self.sync.send(Commits { operations, urgent });
        }
        // The connection is closed after the last sync, because closing it may remove the log.
        self.sync.finish();
    }

    /// Returns the operations that wait, and whether a caller waits for one of them or for an earlier one.
    fn collect_batch(&self, first: Task) -> (Vec<Job>, bool) {
        let (mut batch, mut bytes, mut urgent) = (Vec::new(), 0, false);
        let mut next = Some(first);
        while let Some(task) = next {
            match task {
                Task::Execute(job) => {
                    bytes += job.operation.bytes();
                    batch.push(job);
                }
                Task::Sync => urgent = true,
            }
            next = if bytes < MAX_BATCH_BYTES { self.tasks.try_recv().ok() } else { None };
        }
        (batch, urgent)
    }

    /// Executes and commits the operations. Those that need no sync are answered.
    fn write(&mut self, batch: Vec<Job>) -> Vec<Committed> {
        let outcomes = match self.sync.failure() {
            Some(failure) => batch.iter().map(|_| Err(failure.clone())).collect(),
            None => self.commit(&batch),
        };
        let is_removal = |(job, outcome): (&Job, &Outcome)| job.operation.is_removal() && outcome.is_ok();
        if batch.iter().zip(&outcomes).any(is_removal) {
            shrink(&self.connection, &self.file);
        }
        let mut committed = Vec::with_capacity(batch.len());
        for (Job { operation, done }, outcome) in batch.into_iter().zip(outcomes) {
            match operation.needs_sync() {
                true => committed.push(Committed { outcome, done }),
                false => done.call(outcome),
            }
        }
        committed
    }

    fn commit(&mut self, batch: &[Job]) -> Vec<Outcome> {
        if let Ok(outcomes) = self.commit_together(batch) {
            return outcomes;
        }
        match self.commit_each(batch) {
            Ok(outcomes) => outcomes,
            // The database may roll back the whole transaction for one operation that does not fit, or that met a damaged page;
            // others may still succeed.
            Err(JournalError::Full { .. } | JournalError::Damaged { .. }) if batch.len() > 1 => {
                batch.iter().map(|job| self.commit_alone(job)).collect()
            }
            Err(error) => batch.iter().map(|_| Err(error.clone())).collect(),
        }
    }

    /// Executes all operations or none: the usual case, in which none fails.
    fn commit_together(&mut self, batch: &[Job]) -> Result<Vec<Outcome>, QueryError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let bytes = batch.iter().map(|job| job.operation.bytes() as u64).sum();
        self.file.limit_work(&transaction, bytes)?;
        let perform = |job: &Job| job.operation.perform(&transaction, &self.file).map(Ok);
        let outcomes = batch.iter().map(perform).collect::<Result<_, _>>()?;
        transaction.commit()?;
        Ok(outcomes)
    }

    fn commit_alone(&mut self, job: &Job) -> Outcome {
        self.commit_each(std::slice::from_ref(job))?.pop().unwrap_or(Ok(0))
    }

    /// Executes each operation with a savepoint, so that it fails alone. Returns a result for each, or the error that rolled
    /// back all of them.
    fn commit_each(&mut self, batch: &[Job]) -> Result<Vec<Outcome>, JournalError> {
        let file = self.file.clone();
        let to_error = |error: rusqlite::Error| file.error(&error);
        let mut transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(to_error)?;
        let mut outcomes = Vec::with_capacity(batch.len());
        let mut unsaved = 0;
        for job in batch {
            unsaved += job.operation.bytes() as u64;
            let savepoint = transaction.savepoint().map_err(to_error)?;
            file.limit_work(&savepoint, unsaved).map_err(to_error)?;
            let outcome = job.operation.perform(&savepoint, &file).map_err(|error| error.into_journal_error(&file));
            match outcome {
                Ok(_) => savepoint.commit().map_err(to_error)?,
                Err(error) if savepoint.is_autocommit() => return Err(error),
                Err(_) => savepoint.finish().map_err(to_error)?,
            }
            outcomes.push(outcome);
        }
        transaction.commit().map_err(to_error)?;
        Ok(outcomes)
    }
}
