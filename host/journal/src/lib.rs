//! The journal: the permanent record of runs.
//!
//! Guarantees: an event is durable before `append` returns; the events of a run are numbered from 1 without gaps; only the
//! newest owner of a run can write to it; each blob is stored once, under its digest, before or together with
//! the first event that names it, and its digest is checked on each read; events are linked by digests, and an event whose link does not fit is not returned. Two
//! implementations pass the same tests: [`SqliteJournal`] for use, [`MemoryJournal`] for tests and dry runs.
//!
//! Files of a state folder that a repository or another account prepared are not used: links, files of other accounts, and a
//! database with other tables, triggers or views than this crate creates.
//!
//! Every failure is a [`JournalError`] with a hint. Nothing here panics.

mod append;
mod blob;
mod bounds;
mod budget;
mod chain;
mod error;
mod import;
mod journal;
mod memory;
mod ownership;
mod sqlite;
mod wait;

pub use append::{Append, AppendDone, Fork};
pub use blob::Blob;
pub use bounds::{MAX_EVENT_BYTES, MAX_RUN_BYTES, RunSize};
pub use budget::{BudgetLimits, BudgetState, Payer, RunCharge};
pub use chain::{StoredEvent, link};
pub use error::JournalError;
pub use import::{Import, Imported, check_import};
pub use journal::{Journal, Removed, SettleDone};
pub use memory::MemoryJournal;
pub use ownership::{Fence, Ownership};
pub use sqlite::SqliteJournal;
pub use wait::report_waits;
