//! The out folder: the generated files, every artifact as JSON, the result, a report for people, and a patch.
//!
//! Promises: nothing is written outside the folder, not even through a symbolic link in it; a folder with something in it is
//! left alone unless the person said otherwise; what is written of an artifact is what was reviewed and tested, byte for
//! byte. Where a generated file needs the name of one of ours, ours steps aside as `phasegate-…`. Fails with [`OutputError`].

mod artifacts;
pub(crate) mod diff;
mod patch;
mod report;
mod write;
mod written;

pub use self::write::{check_out, write_out};
pub use self::written::WrittenFiles;
pub use crate::error::output::OutputError;

#[cfg(test)]
mod tests;
