//! The runtime: the loop that carries a task through its phases, and everything that needs several rooms at once.
//!
//! Fold the journal into a state; ask the state for the next action; do it; append what happened. A fresh and a resumed run
//! are the same loop. Promises: what was paid for is never paid again; a crash is no attempt; a run that waits for a
//! person takes no process. Fails with [`Error`], which always says whether the run can be resumed.

mod agent;
mod allowance;
pub mod archive;
mod components;
mod config;
mod context;
mod create;
mod define;
mod desk;
mod differ;
pub mod doctor;
mod door;
mod driver;
mod error;
mod experiment;
mod fork;
mod gates;
pub mod gc;
mod house;
mod limit_hit;
mod load;
mod lock;
mod look_back;
pub mod output;
mod past;
mod people;
mod plugins;
mod proposals;
mod purse;
mod record;
mod replay;
mod run_name;
mod settings;
mod suite;
mod swap;
pub mod verify;
mod watch;
mod writer;

pub use components::{BUNDLED, bundled_digest, read_component};
pub use config::{Config, ConfigFault, LoadedPipeline};
pub use create::{NewRun, TaskSource};
pub use define::Definition;
pub use differ::diff_of;
pub use error::Error;
pub use experiment::{Experiment, Plan, Planned, Variant};
pub use fork::NewFork;
pub use house::{Ended, Env, House, HouseSettings, Raise, Stop};
pub use load::load;
pub use lock::{accept, agreed, pin_of};
pub use people::{PersonSays, decide};
pub use proposals::{Proposal, decide_proposal, proposals};
pub use purse::Purse;
pub use replay::Replayed;
pub use run_name::{is_named_after, may_be_of};
pub use settings::{CellOf, RunSettings};
pub use swap::{SwapAt, SwapFault, Swaps};
pub use watch::{NoWatcher, Seen, Watcher};
pub use writer::read_json;
