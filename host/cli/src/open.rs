//! Opens what commands work on: the configuration, the host and the journal.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use phasegate_journal::{Journal, JournalError, SqliteJournal};
use phasegate_runtime::{Config, Env, House, HouseSettings, Purse, Raise};
use phasegate_sandbox::EngineSettings;

use crate::context::Context;
use crate::exit::Failure;
use crate::paths::{cache_dir, current_dir, display_path};

/// The configuration: the file that was named, else the nearest one upwards from the task, else from here.
pub fn config(named: Option<&Path>, task_folder: Option<&Path>) -> Result<Config, Failure> {
    let nearest =
        task_folder.and_then(|folder| folder.ancestors().map(|up| up.join(CONFIG)).find(|file| file.is_file()));
    let nearest = nearest.map(|file| PathBuf::from(display_path(&file)));
    let mut config = Config::find(named.or(nearest.as_deref()), &current_dir())?;
    if let Some(lock_file) = std::env::var_os(LOCK) {
        config.lock = current_dir().join(lock_file);
    }
    Ok(config)
}

/// The bounds of this host where no run is made: those of the configuration that was named, else of the nearest one. What
/// was begun goes on though the configuration is broken since, within the usual bounds.
pub fn sandbox_settings(context: &Context, named: Option<&Path>) -> EngineSettings {
    match Config::find(named, &current_dir()) {
        Ok(config) => config.sandbox,
        Err(fault) => {
            let fault = fault.to_string();
            let why = fault.lines().next().unwrap_or_default();
            context
                .printer
                .note(&format!("the sandbox has its usual bounds, for its configuration cannot be read: {why}\n"));
            EngineSettings::default()
        }
    }
}

/// How runs are carried, as flags say it.
#[derive(Debug, Clone, Copy, Default)]
pub struct RunOptions {
    /// Whether model calls of one run overlap.
    pub overlap: bool,
    /// Budgets in place of a run's own.
    pub raise: Raise,
    /// Whether no model is asked.
    pub offline: bool,
}

/// The house over a state folder, which is made where it is not there yet.
pub fn host(context: &Context, sandbox: EngineSettings, options: RunOptions) -> Result<House, Failure> {
    host_over(Arc::new(SqliteJournal::open(&context.state)?), context, sandbox, options, None)
}

/// The same over a journal that is open, with a budget that all runs share.
pub fn host_over(
    journal: Arc<dyn Journal>,
    context: &Context,
    sandbox: EngineSettings,
    options: RunOptions,
    purse: Option<Purse>,
) -> Result<House, Failure> {
    let RunOptions { overlap, raise, offline } = options;
    let engine = engine_settings(&context.state, sandbox)?;
    let env: Env = Arc::new(|name| std::env::var(name).ok());
    let host = House::open(HouseSettings { journal, engine, overlap, env, raise, offline, purse })?;
    if let Some(notice) = host.engine().cache_notice() {
        context.printer.note(&format!("{notice}\n"));
    }
    Ok(host)
}

/// The sandbox as every run has it.
pub fn engine_settings(state: &Path, sandbox: EngineSettings) -> Result<EngineSettings, Failure> {
    Ok(EngineSettings { cache_dir: Some(cache_dir(state)), compiler: Some(this_program()?), ..sandbox })
}

/// What compiles plugins: this very program, also where another was put in its place since.
fn this_program() -> Result<PathBuf, Failure> {
    let running = PathBuf::from("/proc/self/exe");
    if running.exists() {
        return Ok(running);
    }
    std::env::current_exe()
        .map_err(|why| Failure::infrastructure(format!("plugins cannot be compiled: this program is not found: {why}")))
}

/// The journal, if anything was ever recorded here. Of one that lost its end it is said that it may show too little.
pub fn find_journal(context: &Context) -> Result<Option<SqliteJournal>, Failure> {
    let journal = match SqliteJournal::open_to_read(&context.state) {
        // Also one that a process had only begun when it was killed.
        Err(JournalError::NoJournal { .. }) => return Ok(None),
        journal => journal?,
    };
    if let Some(damage) = journal.damage() {
        context.printer.note(&format!("shown as far as it can be read: {damage}\n"));
    }
    Ok(Some(journal))
}

/// The same, also to be written.
pub fn find_journal_to_write(context: &Context) -> Result<Option<SqliteJournal>, Failure> {
    let state = &context.state;
    match state.join("journal.db").exists() {
        true => Ok(Some(SqliteJournal::open(state)?)),
        false => Ok(None),
    }
}

/// The journal, which must be there, only to be read: nothing is changed, and a folder that cannot be written will do.
pub fn journal(context: &Context) -> Result<SqliteJournal, Failure> {
    find_journal(context)?.ok_or_else(|| no_runs_failure(&context.state))
}

/// The journal, which must be there, also to be written.
pub fn journal_to_write(context: &Context) -> Result<SqliteJournal, Failure> {
    find_journal_to_write(context)?.ok_or_else(|| no_runs_failure(&context.state))
}

fn no_runs_failure(state: &Path) -> Failure {
    Failure::usage(format!(
        "there are no runs in {}\nhint: `phasegate run` starts one; if yours are elsewhere, name the folder with --state DIR",
        display_path(state)
    ))
}

const CONFIG: &str = "phasegate.toml";

/// Names another file for `phasegate.lock`, as where the configuration lies in a folder that cannot be written.
const LOCK: &str = "PHASEGATE_LOCK";
