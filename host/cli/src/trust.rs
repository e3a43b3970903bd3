//! Questions about trust: asks the person at a terminal, and fails elsewhere with the command that agrees.

use phasegate_process::RunId;
use phasegate_runtime::{Error, Host, ImportedAuthority, NotTrusted};

use crate::approver;
use crate::context::Context;
use crate::exit::Failure;
use crate::terminal::prompt::{self, Agreement};

/// Makes sure that the user agrees to what a project uses. Asks at a terminal unless `locked`.
pub fn ensure(context: &Context, missing: Option<NotTrusted>, locked: bool) -> Result<(), Failure> {
    let Some(missing) = missing else { return Ok(()) };
    let project = missing.project.display().to_string();
    let question = format!("the project {project} uses what you have not agreed to:");
    match ask(context, &question, &missing.lines(), locked) {
        Agreement::Never => Err(Error::NotTrusted(Box::new(missing)).into()),
        Agreement::Once => {
            context.trust.allow_once(&missing);
            Ok(())
        }
        Agreement::Always => Ok(context.trust.allow(&missing, approver::name(None)?.as_str())?),
    }
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
            context.trust.allow_run_once(&authority);
            Ok(())
        }
        Agreement::Always => Ok(context.trust.allow_run(&authority, approver::name(None)?.as_str())?),
    }
}

fn ask(context: &Context, question: &str, lines: &[String], locked: bool) -> Agreement {
    match !locked && prompt::is_interactive() {
        true => prompt::ask_agreement(&context.printer, question, lines),
        false => Agreement::Never,
    }
}
