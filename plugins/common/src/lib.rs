//! What the standard agents share: how inputs are laid before a model (`show`), what stands beside them (`sections`), how
//! findings are judged and merged (`findings`, `panel`), and the settings that every one of them takes.
//!
//! Promises: the same inputs give the same text, byte for byte; no run id and no measured time gets into it. Fails as
//! `Failure` in words.

pub mod findings;
pub mod panel;
pub mod render;
pub mod sections;
mod settings;

pub use settings::Settings;
