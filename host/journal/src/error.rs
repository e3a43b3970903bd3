//! What can go wrong with a journal, in words that a user can act on.

use phasegate_process::{Digest, EVENT_FORMAT, RunId};

use crate::ownership::Fence;

/// Why the journal did not do what it was asked. Nothing is ever half done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// The events were meant for another place in the run.
    #[error(
        "event {wanted} cannot be written to run `{run}`, its next event is number {next}\nhint: somebody else wrote to the run; see `phasegate show {run}`"
    )]
    Conflict {
        /// The run.
        run: RunId,
        /// The number the caller wanted.
        wanted: u64,
        /// The number that is due.
        next: u64,
    },
    /// Somebody took the run after this owner did.
    #[error(
        "run `{run}` was taken over (owner {fence} writes, owner {newest} is the newest), nothing was written\nhint: the other process goes on with it; see `phasegate show {run}`"
    )]
    Fenced {
        /// The run.
        run: RunId,
        /// Who wanted to write.
        fence: Fence,
        /// The newest owner.
        newest: Fence,
    },
    /// The run cannot be a fork in this way.
    #[error(
        "run `{run}` cannot go on from event {shared} of run `{origin}`: {reason}, nothing was written\nhint: see `phasegate log {origin}` for its events"
    )]
    CannotFork {
        /// The run that was to be the fork.
        run: RunId,
        /// The run it was to be a fork of.
        origin: RunId,
        /// How many events they were to share.
        shared: u64,
        /// Why not.
        reason: String,
    },
    /// What is to be imported is not a whole run.
    #[error(
        "run `{run}` cannot be imported: {reason}\nhint: nothing was taken; export the run again where it is whole"
    )]
    CannotImport {
        /// The run.
        run: RunId,
        /// What is wrong with it.
        reason: String,
    },
    /// A run of this name is here and is another one.
    #[error(
        "run `{run}` is here already with other events from number {number} on, nothing was taken\nhint: import it into another state folder with `--state DIR`"
    )]
    RunExists {
        /// The run.
        run: RunId,
        /// The first event that differs or that only one of the two has.
        number: u64,
    },
    /// A run cannot be removed because another one rests on it.
    #[error(
        "run `{run}` cannot be removed, run `{fork}` is a fork of it, nothing was removed\nhint: remove `{fork}` too, or keep both"
    )]
    HasForks {
        /// The run.
        run: RunId,
        /// A fork of it that would stay.
        fork: RunId,
    },
    /// Nothing can be removed while others may be about to write.
    #[error("another phasegate process is using {location}, nothing was removed\nhint: try again when it is done")]
    InUse {
        /// The state folder.
        location: String,
    },
    /// There is no journal to read.
    #[error("there is no journal {file}\nhint: run a task first, or name the state folder with `--state DIR`")]
    NoJournal {
        /// The file that was looked for.
        file: String,
    },
    /// A live process has the run.
    #[error(
        "run `{run}` is being worked on by {}\nhint: wait until it is done, or stop it with `phasegate cancel {run}`; if it hangs, end the process", process(.pid)
    )]
    Owned {
        /// The run.
        run: RunId,
        /// The process, where it can be told.
        pid: Option<u32>,
    },
    /// No such run.
    #[error("there is no run `{run}` in {location}\nhint: `phasegate runs` lists the runs")]
    NoSuchRun {
        /// The run.
        run: RunId,
        /// Where it was looked for.
        location: String,
    },
    /// An event is not there.
    #[error("event {number} of run `{run}` is missing in {location}\nhint: {RESTORE}")]
    Gap {
        /// The run.
        run: RunId,
        /// The number that is missing.
        number: u64,
        /// Where it should be.
        location: String,
    },
    /// An event is there and makes no sense.
    #[error("event {number} of run `{run}` in {location} cannot be read: {reason}\nhint: {RESTORE}")]
    DamagedEvent {
        /// The run.
        run: RunId,
        /// The event.
        number: u64,
        /// Where it is.
        location: String,
        /// What is wrong with it.
        reason: String,
    },
    /// An event is not the one that was written, or not in its place.
    #[error(
        "event {number} of run `{run}` in {location} is not what was written, its chain of digests breaks there\nhint: {RESTORE}"
    )]
    BrokenChain {
        /// The run.
        run: RunId,
        /// The event.
        number: u64,
        /// Where it is.
        location: String,
    },
    /// An event is from a newer version.
    #[error(
        "event {number} of run `{run}` in {location} has format {format}, this phasegate reads formats up to {EVENT_FORMAT}\nhint: use the newer phasegate that wrote it"
    )]
    NewerEvent {
        /// The run.
        run: RunId,
        /// The event.
        number: u64,
        /// Its format.
        format: u32,
        /// Where it is.
        location: String,
    },
    /// An event cannot be put in words.
    #[error(
        "event {number} of run `{run}` cannot be written: {reason}\nhint: this is a fault in phasegate, please report it"
    )]
    NotSerializable {
        /// The run.
        run: RunId,
        /// The event.
        number: u64,
        /// Why.
        reason: String,
    },
    /// The bytes of a blob are not those that were stored.
    #[error("blob {digest} in {location} is damaged, its bytes do not have this digest\nhint: {RESTORE}")]
    DamagedBlob {
        /// The blob.
        digest: Digest,
        /// Where it is.
        location: String,
    },
    /// The file is from a newer version.
    #[error(
        "{file} has version {version}, this phasegate reads versions up to {known}\nhint: use the newer phasegate that wrote it, or another folder with `--state DIR`"
    )]
    NewerFile {
        /// The file.
        file: String,
        /// Its version.
        version: i64,
        /// The newest version that this build reads.
        known: i64,
    },
    /// The file is something else.
    #[error(
        "{file} is not a journal of phasegate, it was left as it is\nhint: move it away, or use another folder with `--state DIR`"
    )]
    NotAJournal {
        /// The file.
        file: String,
    },
    /// The file is broken.
    #[error("{file} is damaged: {reason}\nhint: {RESTORE}")]
    Damaged {
        /// The file.
        file: String,
        /// What the database says.
        reason: String,
    },
    /// There is no room.
    #[error("the disk is full, {file} cannot grow\nhint: free some space, then `phasegate resume` the run")]
    Full {
        /// The file.
        file: String,
    },
    /// The folder or file cannot be written.
    #[error("{file} cannot be written: {reason}\nhint: make it writable, or use another folder with `--state DIR`")]
    ReadOnly {
        /// The file or folder.
        file: String,
        /// Why.
        reason: String,
    },
    /// Others write for too long.
    #[error("{file} is kept busy by another process\nhint: try again when it is done")]
    Busy {
        /// The file.
        file: String,
    },
    /// Anything else that the disk or the database says.
    #[error(
        "{file} cannot be used: {reason}\nhint: see whether the disk is in order, supports file locks, and has room for you: a quota or a limit on the size of files may be reached"
    )]
    Io {
        /// The file.
        file: String,
        /// What it says.
        reason: String,
    },
    /// The journal's writer has ended.
    #[error("{file} takes no more events, its writer has ended\nhint: start again; what was written is safe")]
    Closed {
        /// The file.
        file: String,
    },
}

/// The remedy where something is lost; phasegate itself never mends by overwriting.
const RESTORE: &str = "nothing was changed; restore the state folder from a copy, or start the task as a new run";

impl JournalError {
    /// Whether the disk would not take what was to be written. What is in the journal is whole, and can be gone on with.
    pub fn is_storage_failure(&self) -> bool {
        matches!(self, Self::Full { .. } | Self::ReadOnly { .. } | Self::Busy { .. } | Self::Io { .. })
    }

    pub(crate) fn gap(run: &RunId, number: u64, location: &str) -> Self {
        Self::Gap { run: run.clone(), number, location: location.to_owned() }
    }

    pub(crate) fn broken(run: &RunId, number: u64, location: &str) -> Self {
        Self::BrokenChain { run: run.clone(), number, location: location.to_owned() }
    }
}

fn process(pid: &Option<u32>) -> String {
    match pid {
        Some(pid) => format!("process {pid}"),
        None => "another process".to_owned(),
    }
}
