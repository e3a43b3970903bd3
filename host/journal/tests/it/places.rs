//! Helpers: places to open journals in, and events to write.

use std::sync::Arc;

use phasegate_journal::{Append, Blob, Journal, JournalError, MemoryJournal, Ownership, SqliteJournal};
use phasegate_process::{AttemptId, Digest, EVENT_FORMAT, Event, Recorded, RunCreated, RunId};
use tempfile::TempDir;

/// The storage of a journal, which lasts while no handle is open.
pub trait Place {
    /// Opens another handle.
    fn open(&self) -> Arc<dyn Journal>;
    /// Returns the name of the place in errors.
    fn name(&self) -> String;
}

pub struct Memory(MemoryJournal);

pub fn memory() -> Memory {
    Memory(MemoryJournal::new())
}

impl Place for Memory {
    fn open(&self) -> Arc<dyn Journal> {
        Arc::new(self.0.clone())
    }

    fn name(&self) -> String {
        "memory".to_owned()
    }
}

pub struct Folder(pub TempDir);

pub fn folder() -> Folder {
    Folder(tempfile::tempdir().unwrap())
}

impl Folder {
    pub fn file(&self) -> std::path::PathBuf {
        self.0.path().join("journal.db")
    }

    /// Opens the database without the checks of the journal, with all rows in the tables of version 3.
    pub fn raw(&self) -> rusqlite::Connection {
        phasegate_test::open_with_old_tables(self.0.path())
    }

    /// Opens the database without the checks of the journal, as it is.
    pub fn as_it_is(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.file()).unwrap()
    }

    pub fn refusal(&self) -> String {
        rendered(&SqliteJournal::open(self.0.path()).err().unwrap())
    }
}

impl Place for Folder {
    fn open(&self) -> Arc<dyn Journal> {
        Arc::new(SqliteJournal::open(self.0.path()).unwrap())
    }

    fn name(&self) -> String {
        self.file().display().to_string()
    }
}

/// The hint of errors about lost data.
pub const RESTORE: &str =
    "hint: nothing was changed; restore the state folder from a copy, or start the task as a new run";

pub fn run(name: &str) -> RunId {
    name.parse().unwrap()
}

pub fn at(phase: &str, attempt: u32) -> AttemptId {
    AttemptId { phase: phase.parse().unwrap(), attempt }
}

/// Returns an event that is identified by a word.
pub fn note(word: &str) -> Event {
    Event::RunStopped { reason: word.to_owned() }
}

pub fn created(id: &RunId, format: u32) -> Event {
    let digest = Digest::from_content(b"pinned");
    Event::RunCreated(Box::new(RunCreated {
        format,
        run_id: id.clone(),
        task_id: "task-1".parse().unwrap(),
        pipeline: digest.clone(),
        inputs: Vec::new(),
        base: Vec::new(),
        components: [("code".parse().unwrap(), digest.clone())].into(),
        settings: digest.clone(),
        history: digest,
        scripted: true,
        started_by: None,
        repository: None,
        acceptance: None,
    }))
}

pub fn created_now(id: &RunId) -> Event {
    created(id, EVENT_FORMAT)
}

pub async fn append(
    journal: &dyn Journal,
    owner: &Ownership,
    id: &RunId,
    next: u64,
    events: Vec<Event>,
) -> Result<Vec<Recorded>, JournalError> {
    journal
        .append(Append { run: id.clone(), fence: owner.fence(), next, at_ms: 1_000 + next, events, blobs: Vec::new() })
        .await
}

pub fn numbers(events: &[Recorded]) -> Vec<u64> {
    events.iter().map(|event| event.number).collect()
}

pub fn error_text(result: Result<impl std::fmt::Debug, JournalError>) -> String {
    rendered(&result.unwrap_err())
}

/// Renders the message and the hint as a person sees them.
pub fn rendered(error: &JournalError) -> String {
    format!("{error}\nhint: {}", error.hint())
}

pub fn blob(text: &str) -> Blob {
    Blob::new(text.as_bytes().to_vec())
}

/// A blob that cannot be compressed.
pub fn noise(seed: u64, bytes: usize) -> Blob {
    let mut state = seed.wrapping_mul(2).wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    Blob::new((0..bytes.div_ceil(8)).flat_map(|_| next()).take(bytes).collect::<Vec<_>>())
}
