//! The journal: what happened in a run, kept for good.
//!
//! Promises: an event is durable before `append` returns; a run's events are numbered from 1 without gaps; only the owner
//! of a run can write to it, whatever a stale owner does; blobs are stored once, by digest, never after the event that
//! names them, and are checked when read; events are linked by digests, and what does not fit is not served. Two
//! implementations keep these promises and pass one test suite: [`SqliteJournal`] for use, [`MemoryJournal`] for tests and
//! dry runs.
//!
//! Fails only with [`JournalError`], which says what, where and what to do. Nothing here panics.

mod append;
mod blob;
mod chain;
mod error;
mod import;
mod journal;
mod memory;
mod ownership;
mod sqlite;

pub use append::{Append, Fork};
pub use blob::Blob;
pub use chain::{StoredEvent, link};
pub use error::JournalError;
pub use import::{Import, Imported};
pub use journal::{Journal, Removed};
pub use memory::MemoryJournal;
pub use ownership::{Fence, Ownership};
pub use sqlite::SqliteJournal;
