//! The sandbox: runs plugins, WebAssembly components that nobody needs to trust.
//!
//! Promises: each call has a store and an instance of its own, and bounds on computing time, wall clock, memory, tables,
//! handles, calls, log and output; whatever a plugin does, the host lives and says in words what happened. A plugin
//! reaches nothing but [`Capabilities`]. Given the same answers, a call does the same thing (see `turnstile`, `wasi`).
//! Fails with [`LoadError`] before anything of a plugin runs, and with [`CallError`] afterwards.

mod aot;
mod bindings;
mod cache;
mod calls;
mod capabilities;
mod compile;
mod contract;
mod convert;
mod depth;
mod engine;
mod error;
mod host;
mod inspect;
mod lane;
mod limits;
mod log_book;
mod manifest;
mod plugin;
mod quota;
mod settings;
mod shape;
mod state;
mod turnstile;
mod wasi;

pub use capabilities::{ArtifactError, Capabilities, LogLevel, LogSink, Overdrawn};
pub use compile::process::serve_compilation;
pub use contract::{CONTRACT, ContractError, Difference, Misfit, breaking_changes};
pub use engine::{Engine, Turn};
pub use error::{CallError, CallErrorKind, EngineError, InspectError, LoadError};
pub use inspect::{Inspection, Want, World, inspect};
pub use limits::{Limits, LimitsPatch, Usd};
pub use manifest::{MANIFEST_SECTION, manifest, with_manifest};
pub use plugin::{Call, Plugin};
pub use settings::EngineSettings;
pub use shape::{Bound, Excess};
