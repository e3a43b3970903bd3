//! What every subcommand gets besides its arguments.

use std::path::PathBuf;
use std::sync::Arc;

use phasegate_files::Untrusted;
use phasegate_runtime::{ErrorCode, Trust};

use crate::exit::Failure;
use crate::paths::current_dir;
use crate::terminal::printer::Printer;

/// The global options, and where to print.
#[derive(Debug)]
pub struct Context {
    /// The state folder; it may not exist yet.
    pub state: PathBuf,
    /// The fault of a state folder that was not named and that another account controls.
    pub untrusted_state: Option<Untrusted>,
    /// How often `--verbose` was given.
    pub verbose: u8,
    /// Prints results and notes.
    pub printer: Printer,
    /// Returns the parser of the command line, for the reference in Markdown.
    pub parser: fn() -> clap::Command,
    /// What the user trusts.
    pub trust: Arc<Trust>,
}

impl Context {
    /// Fails if there is a state folder that another account controls, unless `--state` names it.
    pub fn check_state_to_read(&self) -> Result<(), Failure> {
        if self.state.exists() { self.check_state_to_write() } else { Ok(()) }
    }

    /// Fails if another account controls the state folder or could replace it, unless `--state` names it.
    pub fn check_state_to_write(&self) -> Result<(), Failure> {
        let Some(untrusted) = &self.untrusted_state else { return Ok(()) };
        let instead = match self.state.parent() == Some(&current_dir()) {
            true => "name a state folder of your own with --state DIR",
            false => "create your own with `mkdir -m 700 .phasegate`, or name one with --state DIR",
        };
        let failure = Failure::usage(untrusted.to_string()).with_code(ErrorCode::UntrustedFile);
        Err(failure.with_hints(Some(untrusted.hints(instead))))
    }
}
