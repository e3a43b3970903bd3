//! A file below the generated ones.

/// A base file of the task, or a file of the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BaseFile {
    /// Its content.
    Read(Vec<u8>),
    /// It is larger than the host reads.
    TooLarge,
}
