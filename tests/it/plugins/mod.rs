//! The road of an author: `plugin new`, `build`, `test` and `dev`, and a crash that says where.

mod build;
mod cases;
mod crash;
mod dev;
mod examples;
mod new;
mod registry;
mod templates;
pub mod tools;

/// The kinds of plugins that `plugin new` writes.
const KINDS: [&str; 4] = ["agent", "gate", "strategy", "runner"];
