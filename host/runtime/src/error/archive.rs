//! Why an export cannot be taken or written.

/// The version of the format that this build writes.
pub const ARCHIVE_FORMAT: u32 = 1;

/// The most bytes that a file unpacks to; one that has more is neither written nor taken.
pub(crate) const MAX_BYTES: u64 = 2 << 30;

/// Why a file cannot be taken, and nothing was; or why none can be written.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// It is something else.
    #[error("it is no export of phasegate: {0}\nhint: `phasegate export RUN FILE` writes one")]
    Foreign(String),
    /// It is from a newer version.
    #[error(
        "it has export format {0}, this phasegate reads formats up to {ARCHIVE_FORMAT}\nhint: use the newer phasegate that wrote it"
    )]
    Newer(u32),
    /// It is not whole.
    #[error("it is damaged: {0}\nhint: nothing was taken; export the run again where it is")]
    Damaged(String),
    /// It would take too much room.
    #[error("it unpacks to more than {MAX_BYTES} bytes, which are not taken\nhint: export the run without components")]
    TooLarge,
}
