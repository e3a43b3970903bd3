//! The model broker: whoever asks for a tier gets an answer, and never a key.
//!
//! Models are `tower` services: a provider at the bottom, a limit on what is under way above it, retries on top. The
//! [`Budget`] keeps a run's budget; the runtime reserves, asks and commits, and records both ends in the journal.
//!
//! Promises: keys are read from the environment or a file and appear nowhere else: not in an error, an answer, a debug
//! print or a serialised configuration. A scripted answer depends on the call alone. An answer that breaks off is never
//! taken for whole. Fails with [`ConfigError`] before anything is asked, and with the contract's own errors after that.

mod broker;
mod budget;
mod call;
mod config;
#[doc(hidden)]
pub mod fuzzing;
mod key;
mod model_id;
mod price;
mod provider;
mod resolve;
mod retry;
mod worst_case;

pub use broker::Broker;
pub use budget::{Budget, BudgetConfig, Cost, Reservation, Spent};
pub use call::{Call, CallPath, Progress};
pub use config::{ConfigError, ModelsConfig, OnUnknown, ProviderConfig, ProviderKind};
pub use model_id::{BadModelId, ModelId};
pub use price::{Price, PriceTable};
pub use worst_case::worst_case;
