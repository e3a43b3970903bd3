//! What an operator configures, and what a run pins of it.

pub(crate) mod file;
pub(crate) mod lock;
mod overlay;
pub(crate) mod overrides;
pub(crate) mod pipeline;
pub(crate) mod plugin_settings;
pub(crate) mod run_settings;

#[cfg(test)]
mod tests;
