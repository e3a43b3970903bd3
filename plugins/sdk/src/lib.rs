//! SDK for Phasegate plugins in Rust. An agent, a feedback strategy or a test runner is one type that implements one trait
//! and is exported by one macro.
//!
//! - [`bindings`] and [`types`] give access to the whole contract in `wit/`.
//! - [`artifacts`], [`Prompt`], [`Sections`] and [`Question`] add typed artifacts, prompts from files in an order that providers
//!   can cache, and questions to models that ask once more for cut and invalid answers.
//! - [`Repository`] reads the files of the run's repository, [`Toolbox`] lets models call functions, [`edits`] applies what they
//!   change, and [`diff`] shows it.
//! - [`testing::MockHost`] runs the same code natively in unit tests.
//!
//! Errors are [`types::Failure`] with a readable reason. A panic's message is sent to the host's log before the instance
//! traps. `README.md` of this crate contains a complete plugin.

#[allow(
    missing_docs,
    unsafe_code,
    clippy::all,
    clippy::restriction,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]
pub mod bindings;

mod answer;
pub mod artifacts;
pub mod diff;
pub mod edits;
mod feedback;
mod fit;
pub mod host;
mod macros;
mod manifest;
#[cfg(not(target_arch = "wasm32"))]
mod mock;
mod panics;
mod prompt;
mod question;
pub mod repository;
mod schema;
mod sections;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;
mod tools;
pub mod types;
mod work;

pub use futures_util::future::{join_all, try_join_all};
pub use macros::{Agent, AgentBlocking, Runner, Strategy};
#[doc(hidden)]
pub use manifest::bytes as __bytes;
pub use panics::install as install_panic_hook;
pub use prompt::{Prompt, fenced, fenced_named};
pub use question::Question;
pub use repository::Repository;
pub use sections::{Sections, SharedBy};
pub use tools::Toolbox;
pub use types::{Failure, Submission};
pub use work::{Work, artifact, failure};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
