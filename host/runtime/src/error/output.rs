//! Why an out folder could not be written.

use phasegate_journal::JournalError;
use serde::Serialize;

use super::code::ErrorCode;
use super::lower_codes::journal_code;

/// The most files that an error names.
const MAX_NAMED: usize = 5;

/// The longest path that an error shows, in characters.
const MAX_SHOWN: usize = 80;

/// A file that was not written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotWritten {
    /// The path, relative to the output folder.
    pub path: String,
    /// The system's error.
    pub reason: String,
}

/// Why the out folder could not be written. The run itself is not affected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutputError {
    /// The folder has content that this run did not write.
    #[error("{dir} is not empty, nothing was written")]
    NotEmpty {
        /// As the person named it.
        dir: String,
    },
    /// The path names something other than a folder.
    #[error("{dir} is not a folder")]
    NotAFolder {
        /// As the person named it.
        dir: String,
    },
    /// A path would leave the out folder.
    #[error("`{path}` was not written to the out folder: {reason}")]
    Refused {
        /// Relative to the out folder.
        path: String,
        /// Where the path leads.
        reason: String,
    },
    /// The file system rejected a write.
    #[error("{path} cannot be written: {reason}")]
    Io {
        /// The file or folder.
        path: String,
        /// The system's error.
        reason: String,
    },
    /// The system refused to write some files. All others were written.
    #[error("{} of the output {} not written to {dir}: {}", count_files(files), if files.len() == 1 { "was" } else { "were" }, list_files(files))]
    Incomplete {
        /// As the person named it.
        dir: String,
        /// The files with the system's errors; not empty.
        files: Vec<NotWritten>,
    },
    /// An artifact of the run is missing from the journal or does not parse.
    #[error("artifact {name} cannot be read from the journal: {reason}")]
    Artifact {
        /// The artifact, or another stored value of the run.
        name: String,
        /// The journal's or the parser's error.
        reason: String,
    },
    /// The journal could not be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

impl OutputError {
    /// The code of the cause.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::NotEmpty { .. } | Self::NotAFolder { .. } | Self::Refused { .. } => ErrorCode::InvalidOutFolder,
            Self::Io { .. } | Self::Incomplete { .. } => ErrorCode::UnwritableOutput,
            Self::Artifact { .. } => ErrorCode::JournalDamaged,
            Self::Journal(error) => journal_code(error),
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NotEmpty { .. } => "choose another folder with --out, or overwrite with --force",
            Self::NotAFolder { .. } => "choose another one with --out",
            Self::Refused { .. } => {
                "nothing is written outside of the out folder; move the old folder away, or choose another with --out"
            }
            Self::Io { .. } => "free space and make it writable, or choose another folder with --out; the run is safe",
            Self::Incomplete { .. } => {
                "everything else was written, and the artifacts have these files too; free space, or choose another folder \
                 with --out"
            }
            Self::Artifact { .. } => "the state folder was changed by hand; restore it from a copy",
            Self::Journal(error) => return Some(error.hint()),
        };
        Some(hint.to_owned())
    }
}

fn count_files(files: &[NotWritten]) -> String {
    match files.len() {
        1 => "1 file".to_owned(),
        number => format!("{number} files"),
    }
}

fn list_files(files: &[NotWritten]) -> String {
    let shown = files.iter().take(MAX_NAMED).map(|file| format!("`{}`: {}", shorten(&file.path), file.reason));
    let more = (files.len() > MAX_NAMED).then(|| format!("and {} more", files.len() - MAX_NAMED));
    shown.chain(more).collect::<Vec<_>>().join("; ")
}

fn shorten(path: &str) -> String {
    match path.chars().count() > MAX_SHOWN {
        true => path.chars().take(MAX_SHOWN).chain(['…']).collect(),
        false => path.to_owned(),
    }
}
