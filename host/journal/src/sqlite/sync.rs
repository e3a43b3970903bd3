//! The thread that makes commits durable: it syncs the database's log, then answers all callers whose commits came before.
//!
//! The writer commits without waiting for the disk. A commit appends to the log (the `-wal` file), so one sync of that file
//! makes all earlier commits durable, also those of other processes that this one has seen. Three rules of SQLite make this
//! enough with `synchronous=NORMAL`:
//!
//! - A checkpoint syncs the log before it copies pages into the database.
//! - The log is overwritten only when all of it was copied and the database was synced.
//! - The log stays the same file while a connection that has read the database is open, and its entry in the folder is
//!   synced with its first page. The writer's connection is closed after this thread has ended.
//!
//! Failures: after a failed sync the system may have dropped what was written, and a later sync would not tell. So the error
//! goes to all waiting callers and to all later operations; what they wrote may be in the file or not.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, OnceLock};
use std::thread::{JoinHandle, Thread};
use std::time::{Duration, Instant};

use crate::error::JournalError;

/// The longest time between a commit and its sync, unless the disk is slower.
const LONGEST_DELAY: Duration = Duration::from_millis(5);

/// The log of a database, as a file to sync.
pub(super) struct Log {
    pub(super) path: PathBuf,
    pub(super) sync: Box<dyn FnMut() -> io::Result<()> + Send>,
}

impl Log {
    pub(super) fn new(path: PathBuf, file: File) -> Self {
        Self { path, sync: Box::new(move || file.sync_data()) }
    }
}

/// The result of an operation of the writer.
pub(super) type Outcome = Result<u64, JournalError>;

/// Receives the result of an operation, on a thread of the journal.
///
/// One that is dropped without a result gets [`JournalError::Closed`], so that no caller waits for a thread that has ended.
pub(super) struct Done {
    file: Arc<str>,
    receive: Option<Box<dyn FnOnce(Outcome) + Send>>,
}

impl Done {
    pub(super) fn new(file: &Arc<str>, receive: impl FnOnce(Outcome) + Send + 'static) -> Self {
        Self { file: Arc::clone(file), receive: Some(Box::new(receive)) }
    }

    pub(super) fn call(mut self, outcome: Outcome) {
        if let Some(receive) = self.receive.take() {
            receive(outcome);
        }
    }
}

impl Drop for Done {
    fn drop(&mut self) {
        if let Some(receive) = self.receive.take() {
            receive(Err(JournalError::Closed { file: self.file.to_string() }));
        }
    }
}

/// A committed or failed operation, to be answered after the next sync.
pub(super) struct Committed {
    pub(super) outcome: Outcome,
    pub(super) done: Done,
}

/// What the writer tells this thread.
pub(super) struct Commits {
    pub(super) operations: Vec<Committed>,
    /// Whether a caller waits for these or earlier commits.
    pub(super) urgent: bool,
}

/// The handle of the thread.
pub(super) struct SyncThread {
    commits: Sender<Commits>,
    failure: Arc<OnceLock<JournalError>>,
    thread: JoinHandle<()>,
}

impl SyncThread {
    pub(super) fn start(log: Log) -> Result<Self, JournalError> {
        let path = log.path.clone();
        let (commits, received) = mpsc::channel();
        let failure = Arc::new(OnceLock::new());
        let state = State { log, received, failure: Arc::clone(&failure) };
        let thread = std::thread::Builder::new()
            .name("journal-sync".to_owned())
            .spawn(move || state.serve())
            .map_err(|e| JournalError::Io { file: path.display().to_string(), reason: e.to_string() })?;
        Ok(Self { commits, failure, thread })
    }

    pub(super) fn thread(&self) -> &Thread {
        self.thread.thread()
    }

    /// Returns the error of an earlier sync, after which nothing may be written.
    pub(super) fn failure(&self) -> Option<&JournalError> {
        self.failure.get()
    }

    pub(super) fn send(&self, commits: Commits) {
        // The thread ends only after this handle is gone.
        let _ = self.commits.send(commits);
    }

    /// Syncs and answers what is left, and ends the thread.
    pub(super) fn finish(self) {
        drop(self.commits);
        let _ = self.thread.join();
    }
}

struct State {
    log: Log,
    received: Receiver<Commits>,
    failure: Arc<OnceLock<JournalError>>,
}

impl State {
    fn serve(mut self) {
        while let Ok(first) = self.received.recv() {
            let operations = self.collect(first);
            if operations.is_empty() {
                continue;
            }
            let failed = match operations.iter().any(|committed| committed.outcome.is_ok()) {
                true => self.sync(),
                false => self.failure.get(),
            };
            for Committed { outcome, done } in operations {
                done.call(match failed {
                    Some(error) => outcome.and(Err(error.clone())),
                    None => outcome,
                });
            }
        }
    }

    /// Waits until somebody asks for a sync or the first commit has waited long enough; returns what was committed so far.
    fn collect(&self, first: Commits) -> Vec<Committed> {
        let deadline = Instant::now() + LONGEST_DELAY;
        let Commits { mut operations, mut urgent } = first;
        loop {
            let wait = match urgent || operations.is_empty() {
                true => Duration::ZERO,
                false => deadline.saturating_duration_since(Instant::now()),
            };
            match self.received.recv_timeout(wait) {
                Ok(more) => {
                    operations.extend(more.operations);
                    urgent |= more.urgent;
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return operations,
            }
        }
    }

    /// Syncs the log; returns the error of this or an earlier sync.
    fn sync(&mut self) -> Option<&JournalError> {
        if self.failure.get().is_none()
            && let Err(error) = (self.log.sync)()
        {
            let file = self.log.path.display().to_string();
            let error = match error.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => JournalError::Full { file },
                _ => JournalError::NotSynced { file, reason: error.to_string() },
            };
            let _ = self.failure.set(error);
        }
        self.failure.get()
    }
}
