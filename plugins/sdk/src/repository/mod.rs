//! The run's repository: the host's map of it, and its files as they were before the run, read on demand.
//!
//! A small repository can be given to a model whole; for a larger one, [`RepositoryTools`] lets the model read what it needs.
//! Paths are relative to the repository, with `/` separators. Reads fail where the phase may not read `repository/*`.

mod files;
mod tools;

pub use files::{Repository, WholeFile};
pub use tools::RepositoryTools;
