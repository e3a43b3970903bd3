//! Other processes that work on the same experiment: each says so in one line, and is waited for.

use std::path::Path;
use std::time::Duration;

use phasegate_experiment::Plan;
use phasegate_journal::{Journal, JournalError};
use phasegate_process::RunId;
use phasegate_runtime::Error;

use crate::context::Context;
use crate::exit::Failure;
use crate::out_dir::{OutLock, try_lock_or_holder};
use crate::view::owner::render_owner;

/// How often an experiment looks for the end of another process.
const POLL: Duration = Duration::from_millis(200);

/// Locks the output folder as soon as no other process executes a run of the experiment or has locked the folder. A signal ends
/// this process while it waits.
pub async fn wait_for_turn(
    context: &Context,
    journal: &dyn Journal,
    plan: &Plan,
    out: &Path,
) -> Result<OutLock, Failure> {
    let mut told = false;
    loop {
        let other = match find_owner(journal, plan)? {
            Some(pid) => pid,
            None => match try_lock_or_holder(out)? {
                Ok(lock) => return Ok(lock),
                Err(pid) => pid,
            },
        };
        if !told {
            told = true;
            context.printer.note(&render_other(other));
        }
        tokio::time::sleep(POLL).await;
    }
}

/// Renders the process that executes a run of the experiment.
pub fn render_other(pid: u32) -> String {
    format!("{} works on this experiment; waiting for it\n", render_owner(pid, 0))
}

/// Waits until no process executes the run. A journal that cannot be read ends the wait: the next use of it tells why.
pub async fn wait_until_free(journal: &dyn Journal, run: &RunId) {
    loop {
        tokio::time::sleep(POLL).await;
        if !matches!(journal.owner(run), Ok(Some(_))) {
            return;
        }
    }
}

/// Whether an error says that another process executes the run.
pub fn is_elsewhere(error: &Error) -> bool {
    matches!(error, Error::Journal(JournalError::Owned { .. }))
}

fn find_owner(journal: &dyn Journal, plan: &Plan) -> Result<Option<u32>, Failure> {
    for run in plan.run_ids() {
        if let Some(pid) = journal.owner(run)? {
            return Ok(Some(pid));
        }
    }
    Ok(None)
}
