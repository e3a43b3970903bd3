//! Providers: the bottom services, each a model that answers one request.
//!
//! Promises: one try a call; a failure says whether another try may help; what a provider says in an error is shortened
//! and stripped of keys and control characters before anyone sees it.

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
