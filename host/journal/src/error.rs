//! Errors of journals. Nothing is half done: an operation that fails has changed nothing.

use std::time::Duration;

use phasegate_files::Process;
use phasegate_process::{Digest, EVENT_FORMAT, RunId};

use crate::ownership::Fence;

/// The reason why a journal did not do what it was asked.
///
/// `Display` gives the message alone, in one line; [`JournalError::hint`] gives what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// The events were meant for another number than the one after the run's last event.
    #[error("event {wanted} cannot be appended to run `{run}`: the next number is {next}")]
    Conflict {
        /// The run to append to.
        run: RunId,
        /// The number that the caller gave.
        wanted: u64,
        /// The number that the next event gets.
        next: u64,
    },
    /// Another owner took the run after this one did.
    #[error("run `{run}` was taken over: owner {newest} replaced owner {fence}, nothing was written")]
    Fenced {
        /// The run to write to.
        run: RunId,
        /// The owner that wanted to write.
        fence: Fence,
        /// The newest owner.
        newest: Fence,
    },
    /// A fork cannot begin where it was asked to.
    #[error("run `{run}` cannot fork run `{origin}` after event {shared}: {reason}")]
    CannotFork {
        /// The run that was to become the fork.
        run: RunId,
        /// The run to fork from.
        origin: RunId,
        /// The number of events that they were to share.
        shared: u64,
        /// The rule that it breaks.
        reason: String,
    },
    /// The events to import are not a whole run.
    #[error("run `{run}` cannot be imported: {reason}")]
    CannotImport {
        /// The run to import.
        run: RunId,
        /// What is missing or wrong.
        reason: String,
    },
    /// The journal holds another run of this name.
    #[error("run `{run}` exists here with other events from number {number} on, nothing was imported")]
    RunExists {
        /// The run to import.
        run: RunId,
        /// The first event that differs or that only one of the two has.
        number: u64,
    },
    /// A fork that stays needs the run that was to be removed.
    #[error("run `{run}` cannot be removed: run `{fork}` is a fork of it, nothing was removed")]
    HasForks {
        /// The run to remove.
        run: RunId,
        /// A fork of it that was to stay.
        fork: RunId,
    },
    /// Nothing can be removed while another process may be about to write.
    #[error("another phasegate process uses {location}, nothing was removed")]
    InUse {
        /// The state folder.
        location: String,
    },
    /// There is no journal to read.
    #[error("there is no journal {file}")]
    NoJournal {
        /// The path of the file.
        file: String,
    },
    /// A live process owns the run.
    #[error("run `{run}` is in use by {}", render_process(.pid))]
    Owned {
        /// The run to acquire.
        run: RunId,
        /// The owner's process id, where it can be read.
        pid: Option<u32>,
    },
    /// The journal holds no such run.
    #[error("there is no run `{run}` in {location}")]
    NoSuchRun {
        /// The run to find.
        run: RunId,
        /// The journal.
        location: String,
    },
    /// An event is missing between others or at the end of a run.
    #[error("event {number} of run `{run}` is missing in {location}")]
    Gap {
        /// The damaged run.
        run: RunId,
        /// The first number that is missing.
        number: u64,
        /// The journal.
        location: String,
    },
    /// An event is stored and cannot be parsed.
    #[error("event {number} of run `{run}` in {location} cannot be read: {reason}")]
    DamagedEvent {
        /// The damaged run.
        run: RunId,
        /// The number of the event.
        number: u64,
        /// The journal.
        location: String,
        /// The error of the parser.
        reason: String,
    },
    /// An event is not the one that was written, or not in its place.
    #[error(
        "event {number} of run `{run}` in {location} was changed after it was written: its chain of digests breaks there"
    )]
    BrokenChain {
        /// The damaged run.
        run: RunId,
        /// The number of the event.
        number: u64,
        /// The journal.
        location: String,
    },
    /// An event, or its run, is above a bound that keeps memory small. Nothing was written.
    #[error("event {number} of run `{run}` is too large: {reason}, which is the limit")]
    TooLarge {
        /// The run.
        run: RunId,
        /// The number of the event.
        number: u64,
        /// The bound.
        reason: String,
    },
    /// An event was written by a newer version.
    #[error(
        "event {number} of run `{run}` in {location} has format {format}, this phasegate reads formats up to {EVENT_FORMAT}"
    )]
    NewerEvent {
        /// The run.
        run: RunId,
        /// The number of the event.
        number: u64,
        /// The format of the event.
        format: u32,
        /// The journal.
        location: String,
    },
    /// An event cannot be written as JSON: a fault of this program.
    #[error("event {number} of run `{run}` cannot be written: {reason}")]
    NotSerializable {
        /// The run to append to.
        run: RunId,
        /// The number that the event would get.
        number: u64,
        /// The error of the serializer.
        reason: String,
    },
    /// The bytes of a blob are not those that were stored.
    #[error("blob {digest} in {location} is damaged, its bytes do not have this digest")]
    DamagedBlob {
        /// The digest that the blob is stored under.
        digest: Digest,
        /// The journal.
        location: String,
    },
    /// The file was written by a newer version.
    #[error("{file} has version {version}, this phasegate reads versions up to {known}")]
    NewerFile {
        /// The path of the file.
        file: String,
        /// The version of the file.
        version: i64,
        /// The newest version that this build reads.
        known: i64,
    },
    /// The file is something else.
    #[error("{file} is not a journal of phasegate and was not changed")]
    NotAJournal {
        /// The path of the file.
        file: String,
    },
    /// The file is damaged.
    #[error("{file} is damaged: {reason}")]
    Damaged {
        /// The path of the file.
        file: String,
        /// The error of the database.
        reason: String,
    },
    /// A file or folder of the state is a link, or another account controls it.
    #[error("{file} is not used: {reason}")]
    Untrusted {
        /// The path of the file or folder.
        file: String,
        /// Why it is not trusted.
        reason: String,
        /// What the user can do about it.
        remedy: String,
    },
    /// The file contains a table, trigger or other entry that no version creates, and that could act when the file is used.
    #[error("{file} is not used: {reason}")]
    ForeignSchema {
        /// The path of the file.
        file: String,
        /// The entry.
        reason: String,
    },
    /// The disk is full, or a quota is reached.
    #[error("the disk is full, {file} cannot grow")]
    Full {
        /// The path of the file.
        file: String,
    },
    /// The folder or file cannot be written.
    #[error("{file} cannot be written: {reason}")]
    ReadOnly {
        /// The path of the file or folder.
        file: String,
        /// The error of the system or the database.
        reason: String,
    },
    /// Another process held the write lock of the database for too long.
    #[error("{file} is locked by {}", render_holder(.holder))]
    Busy {
        /// The path of the file.
        file: String,
        /// The other process, where the system tells it.
        holder: Option<Process>,
    },
    /// Another process held the lock of a file in the state folder for too long.
    #[error("{file} has been locked by {} for {} s", render_holder(.holder), .waited.as_secs())]
    Locked {
        /// The path of the file.
        file: String,
        /// The other process, where the system tells it.
        holder: Option<Process>,
        /// The time that this process waited.
        waited: Duration,
    },
    /// Any other error of the system or the database.
    #[error("{file} cannot be used: {reason}")]
    Io {
        /// The path of the file.
        file: String,
        /// The error of the system or the database.
        reason: String,
    },
    /// What was written may be lost with the power. Nothing more is written.
    #[error("{file} could not be synced to the disk: {reason}; nothing more is written")]
    NotSynced {
        /// The path of the file.
        file: String,
        /// The error of the system.
        reason: String,
    },
    /// The journal's writer has ended.
    #[error("{file} takes no more events, its writer has ended")]
    Closed {
        /// The path of the file.
        file: String,
    },
}

/// The hint where something is lost: no command repairs a journal by overwriting it.
const RESTORE: &str = "nothing was changed; restore the state folder from a copy, or start the task as a new run";

/// The hint where a journal may have been prepared by somebody else.
const FOREIGN: &str =
    "somebody may have prepared this journal: use another folder with `--state DIR`, or restore this one from a copy";

impl JournalError {
    /// Returns what the user can do about it, in the imperative; commands stand in backquotes.
    pub fn hint(&self) -> String {
        match self {
            Self::Conflict { run, .. } => format!("another process wrote to the run; see `phasegate show {run}`"),
            Self::Fenced { run, .. } => format!("let the other process continue it; see `phasegate show {run}`"),
            Self::CannotFork { origin, .. } => format!("see `phasegate log {origin}` for its events"),
            Self::CannotImport { .. } => "nothing was imported; export the run again from an intact journal".to_owned(),
            Self::RunExists { .. } => "import it into another state folder with `--state DIR`".to_owned(),
            Self::HasForks { fork, .. } => format!("remove `{fork}` too, or keep both"),
            Self::NoJournal { .. } => "run a task first, or name the state folder with `--state DIR`".to_owned(),
            Self::Owned { run, .. } => {
                format!(
                    "wait until it finishes, or stop it with `phasegate cancel {run}`; if it hangs, end the process"
                )
            }
            Self::NoSuchRun { .. } => "`phasegate runs` lists the runs".to_owned(),
            Self::Gap { .. }
            | Self::DamagedEvent { .. }
            | Self::BrokenChain { .. }
            | Self::DamagedBlob { .. }
            | Self::Damaged { .. } => RESTORE.to_owned(),
            Self::TooLarge { run, .. } => {
                format!("the run cannot go on; `phasegate gc --forget {run}` shows what its removal frees")
            }
            Self::NewerEvent { .. } => "use the newer phasegate that wrote it".to_owned(),
            Self::NotSerializable { .. } => "this is a fault in phasegate, please report it".to_owned(),
            Self::NewerFile { .. } => {
                "use the newer phasegate that wrote it, or another folder with `--state DIR`".to_owned()
            }
            Self::NotAJournal { .. } => "move it away, or use another folder with `--state DIR`".to_owned(),
            Self::Full { .. } => "free some space, then `phasegate resume` the run".to_owned(),
            Self::ReadOnly { .. } => "make it writable, or use another folder with `--state DIR`".to_owned(),
            Self::Untrusted { remedy, .. } => remedy.clone(),
            Self::ForeignSchema { .. } => FOREIGN.to_owned(),
            Self::Busy { holder: Some(Process { pid, .. }), .. }
            | Self::Locked { holder: Some(Process { pid, .. }), .. } => {
                format!("wait until that process has finished, or end it: `kill {pid}`")
            }
            Self::InUse { .. } | Self::Busy { .. } => "try again when it has finished".to_owned(),
            Self::Locked { file, .. } => {
                format!("`fuser {file}` names the process; wait until it has finished, or end it")
            }
            Self::Io { .. } => "check that the disk works, supports file locks and has space: a quota or \
                                a limit on the size of files may be reached"
                .to_owned(),
            Self::NotSynced { .. } => "check the disk, then `phasegate resume` the run".to_owned(),
            Self::Closed { .. } => "start again; what was written is safe".to_owned(),
        }
    }

    pub(crate) fn gap(run: &RunId, number: u64, location: &str) -> Self {
        Self::Gap { run: run.clone(), number, location: location.to_owned() }
    }

    pub(crate) fn broken(run: &RunId, number: u64, location: &str) -> Self {
        Self::BrokenChain { run: run.clone(), number, location: location.to_owned() }
    }
}

pub(crate) fn render_holder(holder: &Option<Process>) -> String {
    holder.as_ref().map_or_else(|| "another process".to_owned(), Process::to_string)
}

fn render_process(pid: &Option<u32>) -> String {
    match pid {
        Some(pid) => format!("process {pid}"),
        None => "another process".to_owned(),
    }
}
