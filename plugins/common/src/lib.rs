//! Code shared by the standard agents: [`Context`] begins all of their questions with the same text, [`repository`] adds the
//! files of the run's repository, [`render`] turns artifacts into prompt text, [`sections`] adds context, notes and feedback, [`findings`] validates and merges findings, [`panel`] runs a
//! review by several specialists, and [`Settings`] are the settings of every standard agent.
//!
//! Prompt text is deterministic: equal inputs give equal bytes, without run ids and measured times.

mod context;
pub mod findings;
mod json;
pub mod panel;
pub mod render;
pub mod repository;
pub mod sections;
mod settings;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;

pub use context::{Context, titled};
pub use settings::Settings;
