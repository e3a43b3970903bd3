//! The thread that writes. All waiting operations are written in one transaction and made durable by one sync of the disk,
//! so that many runs cost hardly more than one.
//!
//! Guarantees: each operation has a savepoint and is executed completely or not at all; an error fails its own operation
//! alone; callers get their result after the sync. The thread ends when the journal is dropped.

use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::JoinHandle;

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::oneshot;

use super::file::DatabaseFile;
use super::operations::{Operation, shrink};
use crate::error::JournalError;

/// The bytes of events and blobs beyond which no more operations join a transaction: sharing a sync saves little then, and others wait.
const MAX_BATCH_BYTES: usize = 16 << 20;

/// The queue of the writing thread.
pub(super) struct Writer {
    file: DatabaseFile,
    queue: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

/// The result of [`Operation::perform`].
type Outcome = Result<u64, JournalError>;

struct Job {
    operation: Operation,
    done: Done,
}

/// Receives the result of an operation, on the writer's thread.
type Done = Box<dyn FnOnce(Outcome) + Send>;

impl Writer {
    pub(super) fn start(connection: Connection, file: DatabaseFile) -> Result<Self, JournalError> {
        let (queue, jobs) = mpsc::channel();
        let writer = WriterThread { connection, file: file.clone(), jobs };
        let thread = std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || writer.serve())
            .map_err(|e| JournalError::Io { file: file.to_string(), reason: e.to_string() })?;
        Ok(Self { file, queue: Some(queue), thread: Some(thread) })
    }

    /// Hands an operation over; `done` gets its result when it is durable or refused.
    pub(super) fn submit(&self, operation: Operation, done: Done) {
        let job = Job { operation, done };
        let refused = match &self.queue {
            Some(queue) => queue.send(job).err().map(|unsent| unsent.0),
            None => Some(job),
        };
        if let Some(job) = refused {
            (job.done)(Err(self.closed()));
        }
    }

    /// Executes an operation and waits until it is durable or refused.
    pub(super) async fn execute(&self, operation: Operation) -> Outcome {
        let (answer, answered) = oneshot::channel();
        // The caller may have stopped waiting, which undoes nothing.
        self.submit(operation, Box::new(move |outcome| drop(answer.send(outcome))));
        answered.await.unwrap_or_else(|_| Err(self.closed()))
    }

    fn closed(&self) -> JournalError {
        JournalError::Closed { file: self.file.to_string() }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue.take();
        // Wait, so that the file is closed and its log written back when the journal is gone.
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct WriterThread {
    connection: Connection,
    file: DatabaseFile,
    jobs: Receiver<Job>,
}

impl WriterThread {
    fn serve(mut self) {
        while let Ok(first) = self.jobs.recv() {
            let batch = self.collect_batch(first);
            self.write(batch);
        }
    }

    fn collect_batch(&self, first: Job) -> Vec<Job> {
        let mut bytes = first.operation.bytes();
        let mut batch = vec![first];
        while bytes < MAX_BATCH_BYTES
            && let Ok(job) = self.jobs.try_recv()
        {
            bytes += job.operation.bytes();
            batch.push(job);
        }
        batch
    }

    fn write(&mut self, batch: Vec<Job>) {
        let answers = match self.write_in_transaction(&batch) {
            Ok(answers) => answers,
            // The database may roll back the whole transaction for one operation that does not fit, or that met a damaged page;
            // others may still succeed.
            Err(JournalError::Full { .. } | JournalError::Damaged { .. }) if batch.len() > 1 => {
                batch.iter().map(|job| self.write_alone(job)).collect()
            }
            Err(error) => batch.iter().map(|_| Err(error.clone())).collect(),
        };
        tracing::trace!(pieces = batch.len(), "journal synced");
        if batch
            .iter()
            .zip(&answers)
            .any(|(job, answer)| matches!(job.operation, Operation::Remove { .. }) && answer.is_ok())
        {
            shrink(&self.connection, &self.file);
        }
        for (job, answer) in batch.into_iter().zip(answers) {
            (job.done)(answer);
        }
    }

    fn write_alone(&mut self, job: &Job) -> Outcome {
        self.write_in_transaction(std::slice::from_ref(job))?.pop().unwrap_or(Ok(0))
    }

    /// Returns a result for each operation, or the error that rolled back all of them.
    fn write_in_transaction(&mut self, batch: &[Job]) -> Result<Vec<Outcome>, JournalError> {
        let file = self.file.clone();
        let to_error = |error: rusqlite::Error| file.error(&error);
        let mut transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(to_error)?;
        let mut answers = Vec::with_capacity(batch.len());
        let mut unsaved = 0;
        for job in batch {
            unsaved += job.operation.bytes() as u64;
            let savepoint = transaction.savepoint().map_err(to_error)?;
            file.limit_work(&savepoint, unsaved).map_err(to_error)?;
            let answer = job.operation.perform(&savepoint, &file).map_err(|error| error.into_journal_error(&file));
            match answer {
                Ok(_) => savepoint.commit().map_err(to_error)?,
                Err(error) if savepoint.is_autocommit() => return Err(error),
                Err(_) => savepoint.finish().map_err(to_error)?,
            }
            answers.push(answer);
        }
        transaction.commit().map_err(to_error)?;
        Ok(answers)
    }
}
