//! The runtime: run loop, budgets, approvals, configuration and archives.
//!
//! The loop folds the journal of a run into a state, asks the state for the next action, executes it, and appends the
//! resulting events. New and resumed runs go through the same loop. Guarantees: an answer is paid for once; a crash of the
//! host is not an attempt of an agent; a run that waits for a person needs no process. Fails with [`Error`].

mod budgets;
mod charged_cost;
mod config;
mod error;
mod history;
mod host;
mod observer;
pub mod output;
mod own_folders;
mod plugins;
mod repository;
mod run;
mod runs;
mod secrets;
mod shared_budget;
mod store;
mod text;
mod todays_cost;
mod trust;

pub use config::differences::Difference;
pub use config::file::Config;
pub use config::flags::ConfigFlags;
pub use config::lock::{accept, compute_pin};
pub use config::overrides::Overrides;
pub use config::packages::PackageUse;
pub use config::pipeline::LoadedPipeline;
pub use config::raw::{OutputConfig, RepositoryConfig, configuration_schema};
pub use config::read_lock::load_lock;
pub use config::run_settings::{ExperimentCell, RunSettings};
pub use config::search::find_file as find_config_file;
pub use error::config::{ConfigFault, SAVE_AS_UTF8, unreadable_file};
pub use error::imported_authority::ImportedAuthority;
pub use error::not_trusted::{NotTrusted, Origin};
pub use error::overrides::{OverrideError, OverrideTarget};
pub use error::{AcceptanceError, ContextError, Error, ErrorCode, ErrorKind};
pub use history::past_efforts;
pub use history::proposals::{DecidedElsewhere, Proposal, load_proposals, record_proposal_decision};
pub use host::{BudgetOverride, Env, Host, HostConfig};
pub use observer::{Activity, CompileStage, NoObserver, Observer};
pub use output::diff::render_diff;
pub use own_folders::{IgnoreLines, IgnorePlace, OwnFolder, ignore_own_folders};
pub use plugins::bundled::{BUNDLED, bundled_digest};
pub use plugins::file::{MAX_COMPONENT_BYTES, read_component};
pub use plugins::parse_limits::plugin_limits;
pub use plugins::shared::{ComponentFolder, ComponentJournal};
pub use repository::RepositorySource;
pub use run::imported::imported_authority;
pub use run::outcome::{RunOutcome, StopCause, StopSignal};
pub use run::owned::OwnedRun;
pub use runs::approve::record_decision;
pub use runs::beginning::{Beginning, continuing_experiment};
pub use runs::context_files::{ContextFile, ContextFiles, LeftOut, ReservedPaths};
pub use runs::define::{NewRun, RunDefinition, TaskFile, TaskSource, build_requirements};
pub use runs::fork::NewFork;
pub use runs::replay::ReplayReport;
pub use runs::run_id::{MIN_TASK_CHARS, is_named_after, may_belong_to, shorten_name};
pub use runs::test_files::{TestFiles, TestRunner, TestsAlone};
pub use runs::{archive, doctor, gc};
pub use shared_budget::ExperimentBudget;
pub use store::blobs::read_json;
pub use store::load::{UnreadableRun, load_run, load_run_sharing};
pub use store::pipelines::Pipelines;
pub use todays_cost::TodaysCost;
pub use trust::{Agreements, Trust, UserConfig, Wants};
