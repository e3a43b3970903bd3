//! Why an export cannot be read or written.

use super::ErrorCode;

/// Why a file was not imported, or why no export was written. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The file has another format.
    #[error("it is not an export of phasegate: {0}")]
    Foreign(String),
    /// The file was written by a newer version.
    #[error("it has export format {format}, this phasegate reads formats up to {known}")]
    Newer {
        /// The format of the file.
        format: u32,
        /// The newest format that this build reads.
        known: u32,
    },
    /// The file is not complete or was changed.
    #[error("it is damaged: {0}")]
    Damaged(String),
    /// A part of the file is above a bound.
    #[error("{0}")]
    OverLimit(String),
    /// The export unpacks to more than the limit.
    #[error("it unpacks to more than {max} bytes, which is the limit")]
    TooLarge {
        /// The limit, in bytes.
        max: u64,
    },
}

impl ArchiveError {
    /// The code of the cause.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Newer { .. } => ErrorCode::NewerFormat,
            Self::Foreign(_) | Self::Damaged(_) | Self::OverLimit(_) | Self::TooLarge { .. } => {
                ErrorCode::InvalidArchive
            }
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Foreign(_) => "give a file that `export` has written",
            Self::Newer { .. } => "use the newer phasegate that wrote it",
            Self::Damaged(_) => "nothing was imported; export the run again where it is whole",
            Self::OverLimit(_) => "nothing was imported or written; a run that phasegate made stays below this limit",
            Self::TooLarge { .. } => "export the run without components",
        }
    }
}
