//! Opens the configuration, the journal and the host.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use phasegate_journal::{Journal, JournalError, SqliteJournal};
use phasegate_registry::PulledFolder;
use phasegate_runtime::{
    BudgetOverride, ComponentFolder, ComponentJournal, Config, Env, Error, Host, HostConfig, find_config_file,
};
use phasegate_sandbox::{Engine, EngineSettings};

use crate::context::Context;
use crate::exit::Failure;
use crate::paths::{cache_dir, components_dir, current_dir, display_path, packages_dir};

/// Loads the named configuration, else the nearest one upwards from the task folder, else from the current folder. What it
/// leaves out comes from the user's configuration.
pub fn config(context: &Context, named: Option<&Path>, task_folder: Option<&Path>) -> Result<Config, Failure> {
    let trust = &context.trust;
    let nearest = match task_folder.filter(|_| named.is_none()) {
        Some(folder) => find_config_file(folder, &trust.folders())?.map(|file| PathBuf::from(display_path(&file))),
        None => None,
    };
    let mut config = Config::find(named.or(nearest.as_deref()), &current_dir(), trust)?;
    config.pulled = packages_dir().map(PulledFolder::new);
    if let Some(lock_file) = std::env::var_os(LOCK) {
        config.lock = current_dir().join(lock_file);
    }
    Ok(config)
}

/// Loads the configuration for a command that creates no run. If it cannot be used, says so in a note and returns the user's
/// configuration, so that existing runs can still be resumed.
pub fn config_if_readable(context: &Context, named: Option<&Path>) -> Result<Config, Failure> {
    config(context, named, None).or_else(|fault| {
        let why = fault.message().lines().next().unwrap_or_default();
        let note = format!("using your own settings, because the configuration cannot be used: {why}\n");
        context.printer.note(&note);
        Ok(Config::without_file(&current_dir(), context.trust.user()))
    })
}

/// Returns the limits of the sandbox, with the cache and the compiler. A limit of a project above the user's own that the user
/// has not agreed to does not apply; a note says so.
pub fn sandbox(context: &Context, config: &Config) -> Result<EngineSettings, Failure> {
    let (sandbox, raised) = context.trust.bounded_sandbox(&config.dir, &config.sandbox);
    if !raised.is_empty() {
        let keys = raised.join(", ");
        context
            .printer
            .note(&format!("using your own limits for {keys}: you have not agreed to those of the project\n"));
    }
    engine_settings(context, sandbox)
}

/// Options of the runs of this process.
#[derive(Debug, Clone, Default)]
pub struct RunOptions {
    /// Whether model calls of one run may overlap.
    pub overlap: bool,
    /// Budgets that replace those of the run.
    pub budget_override: BudgetOverride,
    /// Whether model calls are refused.
    pub offline: bool,
    /// The providers that runs take from the configuration, in place of those that they pinned.
    pub current_providers: Vec<String>,
    /// The repository in place of the one that the run pinned.
    pub repository: Option<PathBuf>,
}

/// Opens the host on the state folder, and creates the folder if it does not exist. Imported runs continue with
/// `config`.
pub fn host(context: &Context, config: Config, options: RunOptions) -> Result<Host, Failure> {
    let settings = sandbox(context, &config)?;
    // Starting the sandbox and opening the journal take most of the time until a run's first request.
    std::thread::scope(|scope| {
        let engine = scope.spawn(|| Engine::new(settings));
        let journal = open_or_create_journal(context);
        let engine = engine.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)).map_err(Error::from);
        Ok(host_of(Arc::new(journal?), engine?, context, config, options))
    })
}

/// Opens the journal to write, and creates it with its state folder if there is none.
pub fn open_or_create_journal(context: &Context) -> Result<ComponentJournal, Failure> {
    context.check_state_to_write()?;
    let journal = Box::new(SqliteJournal::open(&context.state)?);
    Ok(ComponentJournal::to_write(journal, components()))
}

/// Opens the host on an open journal.
pub fn host_over(
    journal: Arc<dyn Journal>,
    context: &Context,
    config: Config,
    options: RunOptions,
) -> Result<Host, Failure> {
    let engine = Engine::new(sandbox(context, &config)?).map_err(Error::from)?;
    Ok(host_of(journal, engine, context, config, options))
}

fn host_of(journal: Arc<dyn Journal>, engine: Engine, context: &Context, config: Config, options: RunOptions) -> Host {
    let RunOptions { overlap, budget_override, offline, current_providers, repository } = options;
    if let Some(notice) = engine.cache_notice() {
        context.printer.note(&format!("{notice}\n{CACHE_HINT}"));
    }
    let env: Env = Arc::new(|name| std::env::var(name).ok());
    Host::new(HostConfig {
        journal,
        engine,
        overlap,
        env,
        budget_override,
        offline,
        trust: Arc::clone(&context.trust),
        config: Some(Arc::new(config)),
        current_providers,
        repository,
    })
}

/// Adds the compilation cache and the compiler to sandbox settings. Notes if there is no folder for the cache.
fn engine_settings(context: &Context, sandbox: EngineSettings) -> Result<EngineSettings, Failure> {
    let cache_dir = cache_dir(&context.state)?;
    if cache_dir.is_none() {
        let notice = "compiled plugins are not kept: neither XDG_CACHE_HOME nor HOME names a folder for them";
        context.printer.note(&format!("{notice}\n{CACHE_HINT}"));
    }
    Ok(EngineSettings { cache_dir, compiler: Some(this_program()?), ..sandbox })
}

/// Returns the path of this program, which also compiles plugins; it stays valid if the file is replaced.
fn this_program() -> Result<PathBuf, Failure> {
    let running = PathBuf::from("/proc/self/exe");
    if running.exists() {
        return Ok(running);
    }
    std::env::current_exe().map_err(|why| {
        Failure::infrastructure(format!("cannot compile plugins: the path of this program is unknown: {why}"))
    })
}

/// Opens the journal to read, if there is one. A damaged journal is opened as far as it can be read, with a note.
pub fn find_journal(context: &Context) -> Result<Option<ComponentJournal>, Failure> {
    context.check_named_state()?;
    context.check_state_to_read()?;
    context.check_state_is_readable()?;
    let journal = match SqliteJournal::open_to_read(&context.state) {
        // A journal whose creation was interrupted counts as none.
        Err(JournalError::NoJournal { .. }) => return Ok(None),
        journal => journal?,
    };
    if let Some(damage) = journal.damage() {
        context.printer.note(&format!(
            "showing only what can be read: {damage}\nhint: {}\n",
            context.printer.complete(&damage.hint())
        ));
    }
    Ok(Some(ComponentJournal::to_read(Box::new(journal), components())))
}

/// Returns the folder of components that the journals of a user share.
fn components() -> Option<ComponentFolder> {
    components_dir().map(ComponentFolder::new)
}

/// Opens the journal to write, if there is one.
pub fn find_journal_to_write(context: &Context) -> Result<Option<ComponentJournal>, Failure> {
    context.check_state_to_read()?;
    match context.state.join("journal.db").exists() {
        true => Ok(Some(open_or_create_journal(context)?)),
        false => Ok(None),
    }
}

/// Opens the journal to read; fails if there is none. Works in a read-only folder.
pub fn journal(context: &Context) -> Result<ComponentJournal, Failure> {
    find_journal(context)?.ok_or_else(|| no_runs_failure(&context.state))
}

/// Opens the journal to write; fails if there is none.
pub fn journal_to_write(context: &Context) -> Result<ComponentJournal, Failure> {
    context.check_named_state()?;
    find_journal_to_write(context)?.ok_or_else(|| no_runs_failure(&context.state))
}

/// Returns the failure of a command that needs a run where there is none.
pub fn no_runs_failure(state: &Path) -> Failure {
    Failure::usage(format!("no runs in {}", display_path(state)))
        .with_hint("start one with `phasegate run`, or give another folder with --state DIR")
}

/// Names another file for `phasegate.lock`, for a configuration in a read-only folder.
const LOCK: &str = "PHASEGATE_LOCK";

/// What to do where compiled plugins are not kept.
const CACHE_HINT: &str = "hint: each run compiles its plugins; name a folder that keeps them with XDG_CACHE_HOME=DIR, a folder of your own\n";
