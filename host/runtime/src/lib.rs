//! The runtime: the loop that carries a task through its phases, and everything that needs several rooms at once.
//!
//! Fold the journal into a state; ask the state for the next action; do it; append what happened. A fresh and a resumed run
//! are the same loop. Promises: what was paid for is never paid again; a crash is no attempt; a run that waits for a
//! person takes no process. Fails with [`Error`], which always says whether the run can be resumed.

mod budgets;
mod config;
mod error;
mod history;
mod host;
mod observer;
pub mod output;
mod plugins;
mod run;
mod runs;
mod store;
mod text;

pub use budgets::Purse;
pub use config::file::Config;
pub use config::lock::{accept, agreed, pin_of};
pub use config::overrides::Swaps;
pub use config::pipeline::LoadedPipeline;
pub use config::run_settings::{CellOf, RunSettings};
pub use error::Error;
pub use error::config::{ConfigFault, unreadable};
pub use error::overrides::{SwapAt, SwapFault};
pub use history::proposals::{Proposal, decide_proposal, proposals};
pub use host::{Env, House, HouseSettings, Raise};
pub use observer::{NoWatcher, Seen, Watcher};
pub use output::diff::diff_of;
pub use plugins::bundled::{BUNDLED, bundled_digest};
pub use plugins::limits::set_limits;
pub use plugins::source::read_component;
pub use run::{Ended, Stop};
pub use runs::approve::{PersonSays, decide};
pub use runs::context_files::gather;
pub use runs::define::{Definition, NewRun, TaskSource, requirements};
pub use runs::fork::NewFork;
pub use runs::replay::Replayed;
pub use runs::run_id::{LEAST_OF_TASK, is_named_after, may_be_of, shortened};
pub use runs::{archive, doctor, gc};
pub use store::blobs::read_json;
pub use store::load::load;
