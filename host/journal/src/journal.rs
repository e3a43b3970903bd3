//! The trait that every journal keeps, and the few types it speaks in.
//!
//! A journal has no clock and knows of the meaning of events only how a run begins and which blobs it needs. What holds for
//! all implementations and needs no storage, such as checking that a list of events is whole, is here and in [`chain`], so
//! that none can differ in it.

use async_trait::async_trait;
use phasegate_process::{Digest, Recorded, RunId};
use tokio::sync::watch;

use crate::append::{Append, Fork};
use crate::blob::Blob;
use crate::chain::{self, StoredEvent};
use crate::error::JournalError;
use crate::import::{Import, Imported};
use crate::ownership::Ownership;

/// Events and blobs, as the rest of the house sees them.
///
/// Reading blocks the thread for as long as the disk takes; writing waits without blocking. A future of a write that is
/// dropped before it is done leaves it open whether the write happens; reading tells.
#[async_trait]
pub trait Journal: Send + Sync {
    /// Appends events to a run, all or none, with the blobs they name; durable when it returns.
    ///
    /// `next` is the number that the first event must get, and `fence` must be the newest owner's; otherwise nothing is
    /// written.
    async fn append(&self, append: Append) -> Result<Vec<Recorded>, JournalError>;

    /// Makes a run without events, which the caller owns, a fork: its first `shared` events are those of `origin`, by
    /// reference, and `events` follow them. All or nothing, and durable when it returns.
    async fn fork(&self, fork: Fork) -> Result<Vec<Recorded>, JournalError>;

    /// The run that this one is a fork of, and how many events they share; `None` for one that began by itself.
    fn origin(&self, run: &RunId) -> Result<Option<(RunId, u64)>, JournalError>;

    /// The forks of this very run, oldest first, and how many events each shares with it.
    fn forks(&self, of: &RunId) -> Result<Vec<(RunId, u64)>, JournalError>;

    /// Takes in a whole run as another journal holds it, with blobs; all or nothing, and durable when it returns.
    ///
    /// It becomes a run that began by itself, also where it was a fork. Where it is here with exactly these events, blobs that
    /// are missing are added.
    async fn import(&self, import: Import) -> Result<Imported, JournalError>;

    /// Stores blobs ahead of the events that will name them; durable when it returns.
    async fn put_blobs(&self, blobs: Vec<Blob>) -> Result<(), JournalError>;

    /// All events of a run in order; none for a run that does not exist. What is not whole is an error.
    fn events(&self, run: &RunId) -> Result<Vec<Recorded>, JournalError> {
        self.events_after(run, 0)
    }

    /// The events of a run with a higher number than this one, in order; those that do not follow on it and on each other
    /// are an error.
    fn events_after(&self, run: &RunId, number: u64) -> Result<Vec<Recorded>, JournalError> {
        chain::parse_events(run, number, &self.stored_after(run, number.saturating_sub(1))?, &self.location())
    }

    /// The same as they stand in the journal. Checks that they end where the run ends, and nothing else.
    fn stored_after(&self, run: &RunId, number: u64) -> Result<Vec<StoredEvent>, JournalError>;

    /// What errors call the place where it is kept.
    fn location(&self) -> String;

    /// The runs that have events, newest first.
    fn runs(&self) -> Result<Vec<RunId>, JournalError>;

    /// A blob, checked against its digest; `None` where there is none.
    fn blob(&self, digest: &Digest) -> Result<Option<Vec<u8>>, JournalError>;

    /// Whether a blob is there; does not read it.
    fn has_blob(&self, digest: &Digest) -> Result<bool, JournalError>;

    /// Every blob and how many bytes it has, in the order of digests; reads none of them.
    fn blob_sizes(&self) -> Result<Vec<(Digest, u64)>, JournalError>;

    /// Removes whole runs and blobs for good, all or none, and gives the space back.
    ///
    /// Refused while one of the runs is owned or has a fork that stays. A blob that an event of a run that stays names is not
    /// removed, since that event may be newer than the caller's list. Nobody may be writing through this journal meanwhile,
    /// and no other process may have it open: they may have stored blobs ahead of the events that will name them.
    async fn remove(&self, runs: Vec<RunId>, blobs: Vec<Digest>) -> Result<Removed, JournalError>;

    /// What the storage itself finds wrong with it, in its own words; what it holds is checked when it is read.
    fn check(&self) -> Result<Vec<String>, JournalError>;

    /// Takes a run, existing or new, for this process until the ownership is dropped or the process dies.
    ///
    /// Every taking fences off all owners before it, and answers any request to cancel.
    async fn acquire(&self, run: &RunId) -> Result<Ownership, JournalError>;

    /// The process that owns the run right now, if one does; 0 where it cannot be told which.
    fn owner(&self, run: &RunId) -> Result<Option<u32>, JournalError>;

    /// Asks the owner of a run to stop it. `by` is the name of the person who asks.
    async fn request_cancel(&self, run: &RunId, by: &str) -> Result<(), JournalError>;

    /// Returns who asked that the run stop, since it was last acquired.
    fn cancel_request(&self, run: &RunId) -> Result<Option<String>, JournalError>;

    /// Returns a channel that holds [`Self::cancel_request`] of the run as it changes.
    ///
    /// A request through this journal shows at once; one through another handle or by another process within about half a
    /// second. The channel closes when the journal is dropped.
    fn cancel_requests(&self, run: &RunId) -> Result<watch::Receiver<Option<String>>, JournalError>;
}

/// What was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Removed {
    /// How many runs.
    pub runs: u64,
    /// How many blobs.
    pub blobs: u64,
    /// By how many bytes the journal is smaller now. May be 0 where the space is kept for later use.
    pub bytes: u64,
}
