//! Requests to cancel runs, as channels: one poll of the file serves every run that has a receiver.
//!
//! A request through this journal refreshes the channel at once. Other handles and processes leave theirs in the file, which
//! is read at most every [`POLL_INTERVAL`], and not at all while no run has a receiver or nothing was written. A file that
//! cannot be read is logged and read again later: the run continues without its requests.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use phasegate_process::RunId;
use phasegate_process::sync::lock;
use rusqlite::Connection;
use tokio::sync::watch;

use super::file::DatabaseFile;
use super::queries::{cancel_request, find_run};
use super::query_error::QueryError;
use crate::error::JournalError;

/// A process that only waits wakes up once in this time.
const POLL_INTERVAL: Duration = Duration::from_secs(3);

/// The channels of one journal. Dropping it closes them and ends the thread.
pub(super) struct CancelChannels(Arc<Shared>);

struct Shared {
    file: DatabaseFile,
    state: Mutex<State>,
    changed: Condvar,
}

/// Reading the file and sending its value happen under one lock, so that a channel never holds an older value than one that
/// it held before.
#[derive(Default)]
struct State {
    channels: HashMap<RunId, watch::Sender<Option<String>>>,
    connection: Option<Connection>,
    /// SQLite's own counter of other connections' commits, as of the last poll.
    data_version: i64,
    thread: Option<JoinHandle<()>>,
    closed: bool,
}

impl CancelChannels {
    pub(super) fn new(file: DatabaseFile) -> Self {
        Self(Arc::new(Shared { file, state: Mutex::default(), changed: Condvar::new() }))
    }

    /// Returns a receiver of the run's requests. The first one starts the polling thread.
    pub(super) fn subscribe(&self, run: &RunId) -> Result<watch::Receiver<Option<String>>, JournalError> {
        let mut state = lock(&self.0.state);
        let request = state.read(&self.0.file, run)?;
        if request.is_none() && !state.is_known(&self.0.file, run)? {
            return Err(JournalError::NoSuchRun { run: run.clone(), location: self.0.file.to_string() });
        }
        if state.thread.is_none() {
            let shared = Arc::clone(&self.0);
            let thread = std::thread::Builder::new().name("journal-cancel".to_owned()).spawn(move || shared.poll());
            let io = |e: std::io::Error| JournalError::Io { file: self.0.file.to_string(), reason: e.to_string() };
            state.thread = Some(thread.map_err(io)?);
        }
        let channel = state.channels.entry(run.clone()).or_insert_with(|| watch::channel(None).0);
        channel.send_replace(request);
        let receiver = channel.subscribe();
        self.0.changed.notify_all();
        Ok(receiver)
    }

    /// Reads the run's request again, after a write of this journal that may have changed it.
    pub(super) fn refresh(&self, run: &RunId) {
        let mut state = lock(&self.0.state);
        if state.channels.contains_key(run) {
            state.update(&self.0.file, run);
        }
    }
}

impl Drop for CancelChannels {
    fn drop(&mut self) {
        let thread = {
            let mut state = lock(&self.0.state);
            state.closed = true;
            state.channels.clear();
            state.thread.take()
        };
        self.0.changed.notify_all();
        // Waiting lets the connection be closed before the journal's writer folds the log in.
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn poll(&self) {
        let mut state = lock(&self.state);
        loop {
            state = self
                .changed
                .wait_while(state, |state| state.channels.is_empty() && !state.closed)
                .unwrap_or_else(PoisonError::into_inner);
            state = self
                .changed
                .wait_timeout_while(state, POLL_INTERVAL, |state| !state.closed)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
            if state.closed {
                state.connection = None;
                return;
            }
            state.channels.retain(|_, channel| channel.receiver_count() > 0);
            if state.is_file_changed(&self.file) {
                let runs: Vec<RunId> = state.channels.keys().cloned().collect();
                runs.iter().for_each(|run| state.update(&self.file, run));
            }
        }
    }
}

impl State {
    fn connection(&mut self, file: &DatabaseFile) -> Result<&Connection, JournalError> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            closed => closed.insert(file.open_reader()?),
        };
        file.limit_work(connection, 0).map_err(|error| file.error(&error))?;
        Ok(connection)
    }

    fn read(&mut self, file: &DatabaseFile, run: &RunId) -> Result<Option<String>, JournalError> {
        let connection = self.connection(file)?;
        cancel_request(connection, run).map_err(|error| QueryError::from(error).into_journal_error(file))
    }

    fn is_known(&mut self, file: &DatabaseFile, run: &RunId) -> Result<bool, JournalError> {
        let connection = self.connection(file)?;
        let row = find_run(connection, run).map_err(|error| QueryError::from(error).into_journal_error(file))?;
        Ok(row.is_some())
    }

    fn update(&mut self, file: &DatabaseFile, run: &RunId) {
        match self.read(file, run) {
            Ok(request) => {
                if let Some(channel) = self.channels.get(run) {
                    channel.send_if_modified(|current| {
                        let is_new = *current != request;
                        *current = request;
                        is_new
                    });
                }
            }
            Err(error) => tracing::warn!(%run, %error, "requests to cancel cannot be read"),
        }
    }

    /// Whether anyone has committed to the file since the last call; also where that cannot be found out.
    fn is_file_changed(&mut self, file: &DatabaseFile) -> bool {
        let query = |connection: &Connection| connection.query_row("PRAGMA data_version", (), |row| row.get(0));
        let Ok(Ok(version)) = self.connection(file).map(query) else { return true };
        std::mem::replace(&mut self.data_version, version) != version
    }
}
