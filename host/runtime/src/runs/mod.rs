//! Operations on whole runs: define, create, fork, replay, approve, check, remove, export and import.

pub(crate) mod acceptance_tests;
pub(crate) mod approve;
pub mod archive;
pub(crate) mod beginning;
pub(crate) mod context_files;
pub(crate) mod create;
pub(crate) mod define;
pub mod doctor;
pub(crate) mod fork;
pub mod gc;
pub(crate) mod prepare;
pub(crate) mod replay;
pub(crate) mod repository;
pub(crate) mod run_id;
pub(crate) mod test_files;
