//! The model broker: answers model calls for a tier and keeps the keys of providers to itself.
//!
//! Each model is a `tower` service. A call is one request or several: those that failed temporarily are repeated. [`Budget`]
//! holds what a run may use. The runtime follows each request as a [`CallObserver`]: it reserves what the request can use,
//! records it before it is sent, and charges and records what it used.
//!
//! Guarantees: a key is read from the environment or a file and appears nowhere else, neither in errors and answers nor in
//! debug output and serialized configuration. A scripted answer depends on the call alone. An incomplete answer is an
//! error. Configuration faults are a [`ConfigError`] before the first call; a call fails with
//! [`phasegate_process::model::Error`].

mod access;
mod broker;
mod budget;
mod call;
mod config;
#[doc(hidden)]
pub mod fuzzing;
mod key;
mod list_price;
mod listing;
mod model_id;
mod price;
mod provider;
mod provider_entry;
mod resolve;
mod retry;
mod sampling;
mod sent_values;
mod trusted_providers;
mod worst_case;

pub use access::{KeySource, ProviderAccess};
pub use broker::Broker;
pub use budget::{Budget, BudgetConfig, Reservation, Spent};
pub use call::{Call, CallError, CallPath, FailedRequest, FailureCost, Progress};
pub use config::{
    ConfigError, EnvValue, ModelLimits, ModelsConfig, OnUnknown, ProviderConfig, ProviderKind, SentValue,
};
pub use list_price::{LIST_PRICES_OF, check_priced, list_price};
pub use model_id::{BadModelId, ModelId};
pub use price::{Price, PriceTable};
pub use provider::{MAX_SCRIPT_BYTES, ScriptError, ScriptedAnswers, answers_schema};
pub use provider_entry::is_built_in;
pub use retry::CallObserver;
pub use sampling::{Sampling, Temperature};
pub use trusted_providers::{TrustedProviders, access, accesses};
pub use worst_case::{PromptMeasure, worst_case};
