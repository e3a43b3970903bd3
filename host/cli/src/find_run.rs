//! Finds the run that an argument names.
//!
//! A run that was imported, or that is a fork of one, is found by its id or the beginning of its id only: its task id comes from
//! the archive and could be that of a local run.

use phasegate_journal::{Journal, JournalError};
use phasegate_process::{Event, Recorded, RunId, TaskId};
use phasegate_runtime::{Error, is_named_after, may_belong_to};

use crate::context::Context;
use crate::exit::Failure;
use crate::open::no_runs_failure;
use crate::view::owner::render_owner;

/// The most runs that are named.
const MAX_NAMES: usize = 5;

/// Finds a run by its id, by a task id (its newest run that was made here), or by a unique beginning of its id.
pub fn find_run(context: &Context, journal: &dyn Journal, text: &str) -> Result<RunId, Failure> {
    let mut exact: Option<RunId> = text.parse().ok();
    if let Some(run) = &exact
        && journal.last_number(run)?.is_none()
    {
        exact = None;
    }
    if let Some(run) = exact.as_ref().filter(|run| is_own(journal, run)) {
        return Ok(run.clone());
    }
    let runs = journal.runs()?;
    let matches_task = |run: &&RunId, task: &TaskId| {
        may_belong_to(run, task) && is_own(journal, run) && is_of_task(&journal.events(run).unwrap_or_default(), task)
    };
    if let Ok(task) = text.parse()
        && let Some(run) = runs.iter().find(|run| matches_task(run, &task))
    {
        context.printer.note(&format!("using run {run}, the newest run of task {text}\n"));
        return Ok(run.clone());
    }
    // An imported run may have the name of a task, so its id comes second.
    if let Some(run) = exact {
        return Ok(run);
    }
    let found: Vec<&RunId> = runs.iter().filter(|run| !text.is_empty() && run.as_str().starts_with(text)).collect();
    match found.as_slice() {
        [run] => {
            if !is_own(journal, run) {
                context.printer.note(&format!("using run {run}, which was imported\n"));
            }
            Ok((*run).clone())
        }
        [] => Err(Failure::usage(format!("no run matches `{text}`")).with_hint("list all runs with `phasegate runs`")),
        several => {
            let names: Vec<&str> = several.iter().take(MAX_NAMES).map(|run| run.as_str()).collect();
            let (number, mut names) = (several.len(), names.join(", "));
            if number > MAX_NAMES {
                names.push_str(&format!(" and {} more", number - MAX_NAMES));
            }
            Err(Failure::usage(format!("`{text}` matches {number} runs"))
                .with_hint(format!("give more of the id: {names}")))
        }
    }
}

/// Finds the run that an argument names, see [`find_run`]; without one, the newest run that was made here. A note says which.
pub fn find_run_or_newest(context: &Context, journal: &dyn Journal, text: Option<&str>) -> Result<RunId, Failure> {
    if let Some(text) = text {
        return find_run(context, journal, text);
    }
    let runs = journal.runs()?;
    match runs.iter().find(|run| is_own(journal, run)) {
        Some(run) => {
            context.printer.note(&format!("using run {run}, the newest\n"));
            Ok(run.clone())
        }
        None if runs.is_empty() => Err(no_runs_failure(&context.state)),
        None => Err(Failure::usage("every run here was imported, and an imported run is not chosen by itself")
            .with_hint("name one; list all with `phasegate runs`")),
    }
}

/// Returns the newest run that was made here.
pub fn newest_own(journal: &dyn Journal) -> Result<Option<RunId>, Failure> {
    Ok(journal.runs()?.into_iter().find(|run| is_own(journal, run)))
}

/// Whether the run was made here, from its first event on.
fn is_own(journal: &dyn Journal, run: &RunId) -> bool {
    matches!(journal.imported(run), Ok(None))
}

/// Finds a run like [`find_run`], but by a task id only if no other run of the task was made here: a decision about the run
/// that was read must not become one about a newer run.
pub fn find_only_run(context: &Context, journal: &dyn Journal, text: &str) -> Result<RunId, Failure> {
    let run = find_run(context, journal, text)?;
    let Some(task) = text.parse::<TaskId>().ok().filter(|_| run.as_str() != text) else { return Ok(run) };
    let mut of_task = Vec::new();
    for run in journal.runs()?.into_iter().filter(|run| may_belong_to(run, &task)) {
        if is_own(journal, &run) && is_of_task(&journal.events(&run).unwrap_or_default(), &task) {
            of_task.push(run);
        }
    }
    if of_task.len() < 2 {
        return Ok(run);
    }
    let names: Vec<&str> = of_task.iter().take(5).map(RunId::as_str).collect();
    Err(Failure::usage(format!("task `{text}` has {} runs, and a decision is about one of them", of_task.len()))
        .with_hint(format!("give the id of the run: {}", names.join(", "))))
}

/// Fails if another process executes the run.
pub fn check_not_in_use(journal: &dyn Journal, run: &RunId) -> Result<(), Failure> {
    let Some(pid) = journal.owner(run)? else { return Ok(()) };
    let created_ms = journal.events(run)?.first().map_or(0, |first| first.at_ms);
    let owned = Error::from(JournalError::Owned { run: run.clone(), pid: Some(pid) });
    let message = format!("run `{run}` is in use by {}", render_owner(pid, created_ms));
    Err(Failure::infrastructure(message).with_code(owned.code()).with_hints(owned.hint()))
}

fn is_of_task(events: &[Recorded], task: &TaskId) -> bool {
    matches!(events.first().map(|first| &first.event), Some(Event::RunCreated(created)) if created.task_id == *task)
}

/// Returns the newest run that `phasegate run` created here for a task. Forks, runs of experiments and imported runs are
/// skipped. A candidate
/// that cannot be read is an error: skipping it could pay for the same work again.
pub fn newest_run(journal: &dyn Journal, task: &TaskId) -> Result<Option<RunId>, Failure> {
    for run in journal.runs()? {
        let may_be_it = is_named_after(&run, task) && is_own(journal, &run) && journal.origin(&run)?.is_none();
        if may_be_it && is_of_task(&journal.events(&run)?, task) {
            return Ok(Some(run));
        }
    }
    Ok(None)
}
