//! What every subcommand gets besides its arguments.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Arc;

use phasegate_files::Untrusted;
use phasegate_runtime::{ErrorCode, Trust};

use crate::exit::Failure;
use crate::paths::{current_dir, display_path};
use crate::signals::Signals;
use crate::terminal::printer::Printer;

/// The global options, and where to print.
#[derive(Debug)]
pub struct Context {
    /// The state folder; it may not exist yet.
    pub state: PathBuf,
    /// Whether the command line names the state folder.
    pub names_state: bool,
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
    /// The signals that ask this process to end.
    pub signals: Signals,
}

impl Context {
    /// Fails if there is a state folder that another account controls, unless `--state` names it.
    pub fn check_state_to_read(&self) -> Result<(), Failure> {
        if self.state.exists() { self.check_state_to_write() } else { Ok(()) }
    }

    /// Fails if this account cannot read the state folder that is there.
    pub fn check_state_is_readable(&self) -> Result<(), Failure> {
        match self.state.read_dir() {
            Err(why) if why.kind() == ErrorKind::PermissionDenied => {
                let state = display_path(&self.state);
                Err(Failure::usage(format!(
                    "state folder `{state}` cannot be read: {}",
                    phasegate_files::describe(&why)
                ))
                .with_code(ErrorCode::UnreadableFile)
                .with_hint("it is private to another account; name a state folder of your own with --state DIR"))
            }
            _ => Ok(()),
        }
    }

    /// Fails if `--state` names a folder that is not there.
    pub fn check_named_state(&self) -> Result<(), Failure> {
        if !self.names_state || self.state.is_dir() {
            return Ok(());
        }
        let state = display_path(&self.state);
        let why = match self.state.exists() {
            true => format!("`{state}` is not a folder"),
            false => format!("there is no state folder `{state}`"),
        };
        Err(Failure::usage(why)
            .with_hint("leave out --state to use the nearest .phasegate, or name the folder of your runs"))
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
