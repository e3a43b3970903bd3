//! Questions about trust: asks the person at a terminal, and fails elsewhere with the command that agrees.

use phasegate_process::RunId;
use phasegate_runtime::{Error, Host, ImportedAuthority, NotTrusted, Origin};

use crate::approver;
use crate::context::Context;
use crate::exit::Failure;
use crate::terminal::prompt::{self, Agreement};

/// The most lines that a person is asked to agree to at once: more would push the first ones off the screen.
pub const MAX_LINES: usize = 20;

/// Makes sure that the user agrees to what a project or a run of it uses. Asks at a terminal unless `locked`.
pub fn ensure(context: &Context, missing: Option<NotTrusted>, locked: bool) -> Result<(), Failure> {
    let Some(missing) = missing else { return Ok(()) };
    let asks = match &missing.origin {
        Origin::Run(run) => format!("run {run}"),
        _ => format!("the project {}", missing.project.display()),
    };
    match ask(context, &format!("{asks} uses what you have not agreed to:"), &missing.lines(), locked) {
        Agreement::Never => Err(Error::NotTrusted(Box::new(missing)).into()),
        Agreement::Once => {
            context.trust.allow_once(&missing);
            Ok(())
        }
        Agreement::Always => record(context, &missing, approver::name(None)?.as_str()),
    }
}

/// Records an agreement: for the run if only a run names it, else for the project.
pub fn record(context: &Context, missing: &NotTrusted, by: &str) -> Result<(), Failure> {
    Ok(match &missing.origin {
        Origin::Run(run) => context.trust.allow_run(run, &missing.digest(), by),
        _ => context.trust.allow(missing, by),
    }?)
}

/// Makes sure that the user agrees to what an existing run uses before it continues.
pub fn ensure_run(context: &Context, host: &Host, run: &RunId, locked: bool) -> Result<(), Failure> {
    loop {
        // Each answer but a refusal removes one cause.
        match host.check_trust(run) {
            Ok(()) => return Ok(()),
            Err(Error::NotTrusted(missing)) => ensure(context, Some(*missing), locked)?,
            Err(Error::ImportedRun(authority)) => ensure_imported(context, *authority, locked)?,
            Err(error) => return Err(error.into()),
        }
    }
}

fn ensure_imported(context: &Context, authority: ImportedAuthority, locked: bool) -> Result<(), Failure> {
    let question =
        format!("run {} was imported; it continues with your providers and budget, and uses:", authority.run);
    match ask(context, &question, &authority.lines(), locked) {
        Agreement::Never => Err(Error::ImportedRun(Box::new(authority)).into()),
        Agreement::Once => {
            context.trust.allow_run_once(authority.run.as_str(), &authority.digest());
            Ok(())
        }
        Agreement::Always => {
            let (run, by) = (authority.run.as_str(), approver::name(None)?);
            Ok(context.trust.allow_run(run, &authority.digest(), by.as_str())?)
        }
    }
}

fn ask(context: &Context, question: &str, lines: &[String], locked: bool) -> Agreement {
    match !locked && lines.len() <= MAX_LINES && prompt::is_interactive() {
        true => prompt::ask_agreement(&context.printer, question, lines),
        false => Agreement::Never,
    }
}
