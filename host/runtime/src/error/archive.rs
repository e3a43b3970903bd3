//! Why an export cannot be read or written.

use super::ErrorCode;

/// The version of the format that this build writes.
pub const ARCHIVE_FORMAT: u32 = 1;

/// The most bytes that an export may unpack to, when it is written and when it is read.
pub(crate) const MAX_BYTES: u64 = 2 << 30;

/// Why a file was not imported, or why no export was written. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The file has another format.
    #[error("it is not an export of phasegate: {0}")]
    Foreign(String),
    /// The file was written by a newer version.
    #[error("it has export format {0}, this phasegate reads formats up to {ARCHIVE_FORMAT}")]
    Newer(u32),
    /// The file is not complete or was changed.
    #[error("it is damaged: {0}")]
    Damaged(String),
    /// The export would exceed the limit of 2 GiB unpacked.
    #[error("it unpacks to more than {MAX_BYTES} bytes, which is the limit")]
    TooLarge,
}

impl ArchiveError {
    /// The code of the cause.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Newer(_) => ErrorCode::NewerFormat,
            Self::Foreign(_) | Self::Damaged(_) | Self::TooLarge => ErrorCode::InvalidArchive,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Foreign(_) => "`phasegate export RUN FILE` writes one",
            Self::Newer(_) => "use the newer phasegate that wrote it",
            Self::Damaged(_) => "nothing was imported; export the run again where it is whole",
            Self::TooLarge => "export the run without components",
        }
    }
}
