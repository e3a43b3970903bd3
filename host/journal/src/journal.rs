//! The interface of journals.
//!
//! A journal has no clock. Of the meaning of events it knows only how a run begins and which blobs an event names.

use async_trait::async_trait;
use phasegate_process::budget::Amount;
use phasegate_process::{Digest, Recorded, RunId};
use tokio::sync::{oneshot, watch};

use crate::append::{Append, AppendDone, Fork};
use crate::blob::Blob;
use crate::budget::{BudgetLimits, BudgetState, Payer};
use crate::chain::{self, StoredEvent};
use crate::error::JournalError;
use crate::import::{Import, Imported};
use crate::ownership::Ownership;

/// Receives the result when a reservation is settled.
pub type SettleDone = Box<dyn FnOnce(Result<(), JournalError>) + Send>;

/// A store of events and blobs.
///
/// Reads block the thread for as long as the disk takes; writes wait without blocking it. Dropping the future of a write
/// before it is done does not undo the write: it may happen or not, and a read shows which.
#[async_trait]
pub trait Journal: Send + Sync {
    /// Appends events to a run, all or none, with the blobs they name; durable when it returns.
    ///
    /// `next` is the number that the first event must get, and `fence` must be the newest owner's; otherwise nothing is
    /// written.
    async fn append(&self, append: Append) -> Result<Vec<Recorded>, JournalError> {
        let (answer, answered) = oneshot::channel();
        // The caller may have stopped waiting, which undoes nothing.
        self.submit(append, Box::new(move |written| drop(answer.send(written))));
        self.request_sync();
        answered.await.unwrap_or_else(|_| Err(JournalError::Closed { file: self.location() }))
    }

    /// Hands over an append and returns at once. Appends are executed in the order of these calls.
    ///
    /// `done` is called once, when the events are durable or could not be written, on a thread of the journal or inside of
    /// this call. It must not block. It is dropped uncalled if the journal is dropped before.
    fn submit(&self, append: Append, done: AppendDone);

    /// Makes everything that was submitted before durable at once. Without this call it becomes durable within a few
    /// milliseconds, together with what others submit.
    fn request_sync(&self);

    /// Turns a run without events, which the caller owns, into a fork: its first `shared` events are those of `origin`, by
    /// reference, and `events` follow them. All or nothing, and durable when it returns.
    async fn fork(&self, fork: Fork) -> Result<Vec<Recorded>, JournalError>;

    /// Returns the run that this one is a fork of and how many events they share; `None` for a run that is not a fork.
    fn origin(&self, run: &RunId) -> Result<Option<(RunId, u64)>, JournalError>;

    /// Returns the direct forks of a run, oldest first, and how many events each shares with it.
    fn forks(&self, of: &RunId) -> Result<Vec<(RunId, u64)>, JournalError>;

    /// Imports a whole run of another journal, with blobs; all or nothing, and durable when it returns.
    ///
    /// A fork becomes an independent run. Where the journal holds exactly these events already, missing blobs are added, and
    /// the run stays as it is: one that was made here does not become an imported one.
    async fn import(&self, import: Import) -> Result<Imported, JournalError>;

    /// Returns how many events at the beginning of a run were imported; `None` for a run that was made here or does not
    /// exist. The number never changes: events that are appended here are not counted.
    ///
    /// A fork of an imported run counts as imported: the result is the number of imported events that it shares. Files of
    /// versions 1 and 2 do not record imports; their runs count as made here.
    fn imported(&self, run: &RunId) -> Result<Option<u64>, JournalError>;

    /// Stores blobs before the events that will name them; durable when it returns.
    async fn put_blobs(&self, blobs: Vec<Blob>) -> Result<(), JournalError>;

    /// Returns all events of a run in order; none for a run that does not exist. A missing or changed event is an error.
    fn events(&self, run: &RunId) -> Result<Vec<Recorded>, JournalError> {
        self.events_after(run, 0)
    }

    /// Returns the events after event `number`, in order. Each must follow the one before it, the first one event `number`.
    fn events_after(&self, run: &RunId, number: u64) -> Result<Vec<Recorded>, JournalError> {
        chain::parse_events(run, number, &self.stored_after(run, number.saturating_sub(1))?, &self.location())
    }

    /// Returns the events after event `number` as they are stored. Checks only that they end where the run ends.
    fn stored_after(&self, run: &RunId, number: u64) -> Result<Vec<StoredEvent>, JournalError>;

    /// Returns where the journal is stored, as errors name it: the path of its file.
    fn location(&self) -> String;

    /// Returns the runs that have events, newest first.
    fn runs(&self) -> Result<Vec<RunId>, JournalError>;

    /// Returns the newest runs that have events, newest first and at most `count`, each with the number of its last event:
    /// those that were made here, or those for which [`Self::imported`] returns a number.
    fn newest(&self, made_here: bool, count: usize) -> Result<Vec<(RunId, u64)>, JournalError>;

    /// Returns the number of the last event of a run; `None` for a run without events.
    fn last_number(&self, run: &RunId) -> Result<Option<u64>, JournalError>;

    /// Returns the bytes of a blob, checked against its digest; `None` if it is not stored.
    fn blob(&self, digest: &Digest) -> Result<Option<Vec<u8>>, JournalError>;

    /// Whether a blob is stored; does not read it.
    fn has_blob(&self, digest: &Digest) -> Result<bool, JournalError>;

    /// Returns all blobs with their sizes in bytes, in the order of digests; reads none of them.
    fn blob_sizes(&self) -> Result<Vec<(Digest, u64)>, JournalError>;

    /// Removes whole runs and blobs permanently, all or none, and frees their space.
    ///
    /// Fails if one of the runs is owned or has a fork that is not removed with it. Keeps blobs that an event of a remaining
    /// run names, because that event may be newer than the caller's list. The caller must not write through this journal
    /// meanwhile, and no other process may have it open: it may have stored blobs before the events that will name them.
    async fn remove(&self, runs: Vec<RunId>, blobs: Vec<Digest>) -> Result<Removed, JournalError>;

    /// Returns the faults that the storage finds in itself, as its own messages. Events and blobs are checked when read.
    fn check(&self) -> Result<Vec<String>, JournalError>;

    /// Acquires a run, existing or new, until the ownership is dropped or the process ends.
    ///
    /// Earlier owners can no longer write, and a request to cancel is cleared. Fails if another owner is alive.
    async fn acquire(&self, run: &RunId) -> Result<Ownership, JournalError>;

    /// Returns the id of the process that owns the run at the moment, 0 where the id cannot be read; `None` if none does.
    fn owner(&self, run: &RunId) -> Result<Option<u32>, JournalError>;

    /// Asks the owner of a run to stop it. `by` is the name of the person who asks.
    async fn request_cancel(&self, run: &RunId, by: &str) -> Result<(), JournalError>;

    /// Returns who asked that the run stop, since it was last acquired.
    fn cancel_request(&self, run: &RunId) -> Result<Option<String>, JournalError>;

    /// Returns a channel that holds [`Self::cancel_request`] of the run as it changes.
    ///
    /// A request through this journal shows at once; one through another handle or by another process within about a
    /// second. The channel closes when the journal is dropped.
    fn cancel_requests(&self, run: &RunId) -> Result<watch::Receiver<Option<String>>, JournalError>;

    /// Sets the limits of a budget that several runs share, in place of earlier ones; durable when it returns.
    async fn set_budget(&self, budget: &str, limits: BudgetLimits) -> Result<(), JournalError>;

    /// Returns the limits of a budget and what each run uses of it; neither for a name that is not known.
    fn budget(&self, budget: &str) -> Result<BudgetState, JournalError>;

    /// Sets what a run has used of its budget, and drops its reservations. The caller owns the run.
    async fn set_charge(&self, payer: &Payer, charged: Amount) -> Result<(), JournalError>;

    /// Reserves an amount for a request of a run. Returns false, and reserves nothing, if a limit would be exceeded by it and by
    /// what all runs of the budget have used and reserved, in every process. The caller owns the run.
    async fn reserve(&self, payer: &Payer, amount: Amount) -> Result<bool, JournalError>;

    /// Replaces a reservation by what the request used; returns at once.
    ///
    /// `done` is called once, on a thread of the journal or inside of this call. It must not block. It is dropped uncalled if
    /// the journal is dropped before.
    fn settle_reservation(&self, payer: &Payer, reservation: Amount, used: Amount, done: SettleDone);

    /// Waits for what this journal stores in the background, beside its events and blobs. Nothing by default.
    async fn settle(&self) {}
}

/// The result of a removal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Removed {
    /// The number of removed runs.
    pub runs: u64,
    /// The number of removed blobs.
    pub blobs: u64,
    /// The bytes by which the journal shrank; 0 where it keeps the space for later use.
    pub bytes: u64,
}
