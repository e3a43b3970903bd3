//! Code shared by the standard agents: [`request`] begins all of their questions with the same text, [`render`] turns artifacts
//! into prompt text, [`sections`] adds context, notes and feedback, [`findings`] validates and merges findings, [`panel`] runs a
//! review by several specialists, and [`Settings`] are the settings of every standard agent.
//!
//! Prompt text is deterministic: equal inputs give equal bytes, without run ids and measured times.

pub mod findings;
mod json;
pub mod panel;
pub mod render;
pub mod request;
pub mod sections;
mod settings;

pub use settings::Settings;
