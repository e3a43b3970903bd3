//! Providers: the bottom services, each of which sends a request to one model.
//!
//! Guarantees: one attempt per call; a failure states whether another attempt may succeed; error text of a provider is
//! shortened and freed of keys and control characters.

pub(crate) mod anthropic;
mod anthropic_answer;
mod breakpoints;
mod document;
pub(crate) mod endpoint;
mod error_body;
pub(crate) mod format;
mod generated;
pub(crate) mod http;
mod notices;
pub(crate) mod openai;
mod openai_answer;
mod output_limit;
pub(crate) mod peer;
pub(crate) mod provider_error;
mod reasoning;
mod script;
pub(crate) mod scripted;
mod stop;
pub(crate) mod stream;

pub use script::{MAX_SCRIPT_BYTES, ScriptError, answers_schema};
pub use scripted::ScriptedAnswers;
