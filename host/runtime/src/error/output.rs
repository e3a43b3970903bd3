//! Why an out folder could not be written.

use phasegate_journal::JournalError;

/// Why the out folder could not be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutputError {
    /// There is something in it.
    #[error(
        "{dir} is not empty, nothing was written\nhint: choose another folder with --out, or write over it with --force"
    )]
    NotEmpty {
        /// The folder.
        dir: String,
    },
    /// It is something else.
    #[error("{dir} is no folder\nhint: choose another one with --out")]
    NotAFolder {
        /// What was named.
        dir: String,
    },
    /// A path that could leave it.
    #[error(
        "`{path}` was not written to the out folder: {reason}\nhint: nothing is written outside of it; move the old folder away, or choose another one with --out"
    )]
    Refused {
        /// The path.
        path: String,
        /// Why.
        reason: String,
    },
    /// The disk says no.
    #[error(
        "{path} cannot be written: {reason}\nhint: make room and make it writable, or choose another folder with --out; the run itself is safe"
    )]
    Io {
        /// The file or folder.
        path: String,
        /// Why.
        reason: String,
    },
    /// An artifact is gone or not what it should be.
    #[error(
        "artifact {name} cannot be read from the journal: {reason}\nhint: the state folder was changed by hand; restore it from a copy"
    )]
    Artifact {
        /// The artifact, or what else was looked for.
        name: String,
        /// Why.
        reason: String,
    },
    /// The journal failed.
    #[error("{0}\nhint: {hint}", hint = .0.hint())]
    Journal(#[from] JournalError),
}
