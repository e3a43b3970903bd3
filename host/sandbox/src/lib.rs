//! The sandbox: runs plugins, which are untrusted WebAssembly components.
//!
//! Each call has its own store and instance, and limits on computing time, wall-clock time, memory, tables, handles, calls,
//! log and output. A plugin can crash only itself, and its error says why. It reaches nothing of the host but
//! [`Capabilities`]. Given the same answers, a call always does the same (see `answer_order` and `wasi`).
//!
//! Fails with [`LoadError`] before any code of a plugin runs, and with [`CallError`] afterwards.

mod answer_order;
mod aot;
mod bindings;
mod cache;
mod call_log;
mod capabilities;
mod compile;
mod compiled;
mod componentize;
mod contract;
mod convert;
mod cpu_meter;
mod engine;
mod error;
mod imports;
mod inspect;
mod manifest;
mod offload;
mod ordered_call;
mod pending_calls;
mod plugin;
mod quota;
mod settings;
mod shape;
mod state;
mod store;
mod test_progress;
mod wasi;
mod world;

pub use capabilities::{ArtifactError, Capabilities, LogLevel, LogSink};
pub use componentize::componentize;
pub use contract::{CONTRACT, ContractError, Difference, Misfit, breaking_changes};
pub use cpu_meter::CpuMeter;
pub use engine::{Engine, LoadPermit, serve_compilation};
pub use error::{CallError, CallErrorKind, EngineError, InspectError, LoadError};
pub use inspect::{Inspection, Want, inspect};
pub use manifest::{MANIFEST_SECTION, manifest, with_manifest};
pub use plugin::{Call, Plugin};
pub use settings::EngineSettings;
pub use shape::{Bound, Excess};
pub use test_progress::{TestProgress, TestsSoFar};
pub use world::World;
