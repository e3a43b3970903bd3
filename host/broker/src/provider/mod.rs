//! Providers: the bottom services, each of which sends a request to one model.
//!
//! Guarantees: one attempt per call; a failure states whether another attempt may succeed; error text of a provider is
//! shortened and freed of keys and control characters.

pub(crate) mod anthropic;
mod document;
pub(crate) mod format;
pub(crate) mod http;
pub(crate) mod openai;
pub(crate) mod peer;
pub(crate) mod provider_error;
mod script;
pub(crate) mod scripted;
mod sse;
pub(crate) mod stream;

pub use script::MAX_SCRIPT_BYTES;
