//! The output folder: generated files and their tests, artifacts in JSON, the result, a report for people, and a patch.
//!
//! Guarantees: nothing is written outside of the folder, also not through a symbolic link in it; a folder with content is
//! rejected unless the caller forces it; artifacts are written byte for byte as they were reviewed and tested. If a generated
//! file needs the name of one of the host's files, the host's file is named `phasegate-…`. A file that the system refuses to
//! write does not stop the others; [`WrittenFiles::not_written`] lists it. Fails with [`OutputError`].

mod artifacts;
mod base_file;
mod cache_savings;
pub(crate) mod diff;
mod files;
mod known;
mod patch;
mod pytest;
mod report;
pub(crate) mod work;
mod write;
mod written;

pub use self::cache_savings::cache_savings_usd;
pub use self::known::{belongs_to, claim, has_final_result};
pub use self::report::PullRequest;
pub use self::write::{check_out, try_out, write_out};
pub use self::written::WrittenFiles;
pub use crate::error::output::{NotWritten, OutputError};

#[cfg(test)]
mod tests;
