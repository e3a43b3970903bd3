//! The one thread that writes. All that waits is written in one transaction and made durable by one sync of the disk, so
//! that many runs cost hardly more than one.
//!
//! Promises: each piece of work is a savepoint of its own and is done whole or not at all; what is wrong with one fails
//! that one alone; nobody is answered before the sync. The thread ends when the journal is dropped.

use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::JoinHandle;

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::oneshot;

use super::file::DatabaseFile;
use super::operations::{Operation, shrink};
use crate::error::JournalError;

/// Bytes of blobs beyond which no more work joins a transaction: sharing a sync saves little then, and waiting grows.
const MAX_BATCH_BYTES: usize = 16 << 20;

/// Where to hand work in.
pub(super) struct Writer {
    file: DatabaseFile,
    queue: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

/// What [`Operation::perform`] says.
type Outcome = Result<u64, JournalError>;

struct Job {
    operation: Operation,
    answer: oneshot::Sender<Outcome>,
}

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

    /// Hands work in and waits until it is durable or refused.
    pub(super) async fn submit(&self, operation: Operation) -> Outcome {
        let closed = || JournalError::Closed { file: self.file.to_string() };
        let (answer, answered) = oneshot::channel();
        let queue = self.queue.as_ref().ok_or_else(closed)?;
        queue.send(Job { operation, answer }).map_err(|_| closed())?;
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
            // The database may undo a whole transaction for one piece that finds no room; the others may still fit.
            Err(JournalError::Full { .. }) if batch.len() > 1 => {
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
            shrink(&self.connection);
        }
        for (job, answer) in batch.into_iter().zip(answers) {
            // Whoever asked may have stopped listening, which undoes nothing.
            let _ = job.answer.send(answer);
        }
    }

    fn write_alone(&mut self, job: &Job) -> Outcome {
        self.write_in_transaction(std::slice::from_ref(job))?.pop().unwrap_or(Ok(0))
    }

    /// An answer for each, or the error that made all of it undone.
    fn write_in_transaction(&mut self, batch: &[Job]) -> Result<Vec<Outcome>, JournalError> {
        let file = self.file.clone();
        let to_error = |error: rusqlite::Error| file.error(&error);
        let mut transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(to_error)?;
        let mut answers = Vec::with_capacity(batch.len());
        for job in batch {
            let savepoint = transaction.savepoint().map_err(to_error)?;
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
