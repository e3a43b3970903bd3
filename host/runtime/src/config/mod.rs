//! Configuration: `phasegate.toml`, the pipeline it selects, overrides, the lock file, and the settings that a run pins.
//!
//! `file` parses, `pipeline` and `overlay` apply the file to a pipeline and check the result, `overrides` change single parts
//! of a run. Nothing here starts a plugin or asks a model.

pub(crate) mod differences;
pub(crate) mod file;
pub(crate) mod flags;
mod hitl;
pub(crate) mod known_lock;
pub(crate) mod lock;
mod overlay;
pub(crate) mod overrides;
pub(crate) mod packages;
mod phases;
pub(crate) mod pinned;
pub(crate) mod pipeline;
pub(crate) mod plugin_settings;
pub(crate) mod providers;
pub(crate) mod raw;
pub(crate) mod read_lock;
pub(crate) mod run_settings;
pub(crate) mod search;
mod write_lock;

#[cfg(test)]
mod tests;
