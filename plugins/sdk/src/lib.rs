//! Write Phasegate plugins in Rust: an agent, a feedback strategy or a test runner is one type, one trait, one macro.
//!
//! Promises: everything of the contract in `wit/` is reachable (`bindings`), and on top of it lie typed artifacts, prompts
//! from files, and questions to models that cope with truncated and invalid answers. The same code runs natively in unit
//! tests, where `testing::MockHost` stands in for the host. Fails as [`types::Failure`] in words; a panic's words reach the
//! host's log before the instance dies.
//!
//! `README.md` beside this crate shows a plugin in twenty lines.

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
mod feedback;
pub mod host;
mod macros;
mod manifest;
mod panics;
mod prompt;
mod question;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;
pub mod types;
mod work;

pub use futures_util::future::{join_all, try_join_all};
pub use macros::{Agent, AgentBlocking, Runner, Strategy};
#[doc(hidden)]
pub use manifest::bytes as __bytes;
pub use panics::install as install_panic_hook;
pub use prompt::{Prompt, fenced};
pub use question::Question;
pub use types::{Failure, Submission};
pub use work::{Work, artifact, failure};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
