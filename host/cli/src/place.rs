//! Where things are: the state folder, the folder for compiled plugins, the configuration, and the run that is meant.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use phasegate_journal::{Journal, JournalError, SqliteJournal};
use phasegate_process::{Event, Recorded, RunId, TaskId};
use phasegate_runtime::{Config, Env, House, HouseSettings, Purse, Raise, is_named_after, may_be_of};
use phasegate_sandbox::EngineSettings;

use crate::fail::Failure;
use crate::words::complain;

const STATE: &str = ".phasegate";
const CONFIG: &str = "phasegate.toml";
/// Names another file for `phasegate.lock`, as where the configuration lies in a folder that cannot be written.
const LOCK: &str = "PHASEGATE_LOCK";

/// The current folder.
pub fn cwd() -> PathBuf {
    std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."))
}

/// A path as a person would name it from here.
pub fn shown(path: &Path) -> String {
    let near = path.strip_prefix(cwd()).unwrap_or(path);
    if near.as_os_str().is_empty() { ".".to_owned() } else { near.display().to_string() }
}

/// `--state`, else the nearest `.phasegate` upwards, else one here.
pub fn state_dir(given: Option<&Path>) -> PathBuf {
    let here = cwd();
    match given {
        Some(given) => here.join(given),
        None => {
            let found = here.ancestors().map(|folder| folder.join(STATE)).find(|folder| folder.is_dir());
            found.unwrap_or_else(|| here.join(STATE))
        }
    }
}

/// The configuration: the file that was named, else the nearest one upwards from the task, else from here.
pub fn config(named: Option<&Path>, task_folder: Option<&Path>) -> Result<Config, Failure> {
    let beside =
        task_folder.and_then(|folder| folder.ancestors().map(|up| up.join(CONFIG)).find(|file| file.is_file()));
    let beside = beside.map(|file| PathBuf::from(shown(&file)));
    let mut config = Config::find(named.or(beside.as_deref()), &cwd())?;
    if let Some(elsewhere) = std::env::var_os(LOCK) {
        config.lock = cwd().join(elsewhere);
    }
    Ok(config)
}

/// The bounds of this host where no run is made: those of the configuration that was named, else of the nearest one. What
/// was begun goes on though the configuration is broken since, within the usual bounds.
pub fn sandbox(named: Option<&Path>) -> EngineSettings {
    match Config::find(named, &cwd()) {
        Ok(config) => config.sandbox,
        Err(fault) => {
            let fault = fault.to_string();
            let why = fault.lines().next().unwrap_or_default();
            complain(&format!("the sandbox has its usual bounds, for its configuration cannot be read: {why}\n"));
            EngineSettings::default()
        }
    }
}

/// How runs are carried, as flags say it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Carry {
    /// Whether model calls of one run overlap.
    pub overlap: bool,
    /// Budgets in place of a run's own.
    pub raise: Raise,
    /// Whether no model is asked.
    pub offline: bool,
}

/// The house over a state folder, which is made where it is not there yet.
pub fn house(state: &Path, sandbox: EngineSettings, carry: Carry) -> Result<House, Failure> {
    house_of(Arc::new(SqliteJournal::open(state)?), state, sandbox, carry, None)
}

/// The same over a journal that is open, with a budget that all runs share.
pub fn house_of(
    journal: Arc<dyn Journal>,
    state: &Path,
    sandbox: EngineSettings,
    carry: Carry,
    purse: Option<Purse>,
) -> Result<House, Failure> {
    let Carry { overlap, raise, offline } = carry;
    let engine = engine(state, sandbox)?;
    let env: Env = Arc::new(|name| std::env::var(name).ok());
    let house = House::open(HouseSettings { journal, engine, overlap, env, raise, offline, purse })?;
    if let Some(notice) = house.engine().notice() {
        complain(&format!("{notice}\n"));
    }
    Ok(house)
}

/// The sandbox as every run has it.
pub fn engine(state: &Path, sandbox: EngineSettings) -> Result<EngineSettings, Failure> {
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

/// Compiled plugins are worth keeping for all projects of a person.
pub fn cache_dir(state: &Path) -> PathBuf {
    let variable = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let home = variable("XDG_CACHE_HOME").or_else(|| variable("HOME").map(|home| home.join(".cache")));
    home.map_or_else(|| state.join("compiled"), |cache| cache.join("phasegate").join("compiled"))
}

/// The journal, if anything was ever recorded here. Of one that lost its end it is said that it may show too little.
pub fn existing_journal(state: &Path) -> Result<Option<SqliteJournal>, Failure> {
    let journal = match SqliteJournal::open_to_read(state) {
        // Also one that a process had only begun when it was killed.
        Err(JournalError::NoJournal { .. }) => return Ok(None),
        journal => journal?,
    };
    if let Some(damage) = journal.damage() {
        complain(&format!("shown as far as it can be read: {damage}\n"));
    }
    Ok(Some(journal))
}

/// The same, also to be written.
pub fn existing_journal_to_write(state: &Path) -> Result<Option<SqliteJournal>, Failure> {
    match state.join("journal.db").exists() {
        true => Ok(Some(SqliteJournal::open(state)?)),
        false => Ok(None),
    }
}

/// The journal, which must be there, only to be read: nothing is changed, and a folder that cannot be written will do.
pub fn journal(state: &Path) -> Result<SqliteJournal, Failure> {
    existing_journal(state)?.ok_or_else(|| no_runs(state))
}

/// The journal, which must be there, also to be written.
pub fn journal_to_write(state: &Path) -> Result<SqliteJournal, Failure> {
    existing_journal_to_write(state)?.ok_or_else(|| no_runs(state))
}

fn no_runs(state: &Path) -> Failure {
    Failure::usage(format!(
        "there are no runs in {}\nhint: `phasegate run` starts one; if yours are elsewhere, name the folder with --state DIR",
        shown(state)
    ))
}

/// The run that is meant: by its id, by a task's id (its newest run), or by the beginning of its id.
pub fn find_run(journal: &dyn Journal, text: &str) -> Result<RunId, Failure> {
    let runs = journal.runs()?;
    if let Some(run) = runs.iter().find(|run| run.as_str() == text) {
        return Ok(run.clone());
    }
    let is_of_it = |run: &&RunId, task: &TaskId| {
        may_be_of(run, task) && is_of_task(&journal.events(run).unwrap_or_default(), task)
    };
    if let Ok(task) = text.parse()
        && let Some(run) = runs.iter().find(|run| is_of_it(run, &task))
    {
        complain(&format!("run {run}, the newest of task {text}\n"));
        return Ok(run.clone());
    }
    let found: Vec<&RunId> = runs.iter().filter(|run| !text.is_empty() && run.as_str().starts_with(text)).collect();
    match found.as_slice() {
        [run] => Ok((*run).clone()),
        [] => Err(Failure::usage(format!("there is no run `{text}`\nhint: `phasegate runs` lists them"))),
        several => {
            let names: Vec<&str> = several.iter().take(5).map(|run| run.as_str()).collect();
            let (number, names) = (several.len(), names.join(", "));
            Err(Failure::usage(format!("`{text}` may be any of {number} runs\nhint: write more of its id: {names}")))
        }
    }
}

fn is_of_task(events: &[Recorded], task: &TaskId) -> bool {
    matches!(events.first().map(|first| &first.event), Some(Event::RunCreated(created)) if created.task_id == *task)
}

/// The newest run that `run` made of a task; forks and the runs of experiments are gone on with in other ways. One that may
/// be it and cannot be read is an error: to pass it over would be to pay again.
pub fn newest_of(journal: &dyn Journal, task: &TaskId) -> Result<Option<RunId>, Failure> {
    for run in journal.runs()? {
        let may_be_it = is_named_after(&run, task) && journal.origin(&run)?.is_none();
        if may_be_it && is_of_task(&journal.events(&run)?, task) {
            return Ok(Some(run));
        }
    }
    Ok(None)
}

/// Who sits here, where nobody said so.
pub fn person(given: Option<String>) -> Result<String, Failure> {
    let from = |name| std::env::var(name).ok();
    let name = given.or_else(|| from("USER")).or_else(|| from("LOGNAME"));
    name.filter(|name| !name.trim().is_empty()).ok_or_else(|| {
        Failure::usage("nobody is named as the one who decides\nhint: say who with --by NAME: it is written down with what was decided")
    })
}

/// Remembers where the results of a run go, so that whoever resumes it need not say so again. The file appears whole.
pub fn remember_out(state: &Path, run: &RunId, out: &Path) {
    let folder = state.join("out");
    let file = folder.join(run.as_str());
    let new = folder.join(format!("new-{}", std::process::id()));
    let kept = std::fs::create_dir_all(&folder)
        .and_then(|()| std::fs::write(&new, out.display().to_string()))
        .and_then(|()| std::fs::rename(&new, &file));
    if let Err(why) = kept {
        let _ = std::fs::remove_file(&new);
        tracing::warn!("{} cannot be written: {why}", file.display());
    }
}

/// Where the results of a run go.
pub fn out_of(state: &Path, run: &RunId) -> PathBuf {
    let kept = std::fs::read_to_string(state.join("out").join(run.as_str())).ok();
    kept.filter(|out| !out.is_empty()).map(PathBuf::from).unwrap_or_else(|| usual_out(run))
}

/// Where they go when nobody says so.
pub fn usual_out(run: &RunId) -> PathBuf {
    cwd().join("phasegate-out").join(run.as_str())
}
