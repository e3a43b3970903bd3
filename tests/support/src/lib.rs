//! Helpers of the end-to-end tests. They panic where something is not as it must be, as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod files;
mod scenario;

pub use files::{copy_folder, examples, fixture, repository, scenarios};
pub use scenario::{Output, RunningProcess, Scenario};

/// What only a test target of the package `phasegate` knows.
#[derive(Debug, Clone, Copy)]
pub struct Paths {
    /// The binary under test: `CARGO_BIN_EXE_phasegate`.
    pub binary: &'static str,
    /// A folder that outlives a test: `CARGO_TARGET_TMPDIR`.
    pub scratch: &'static str,
}
