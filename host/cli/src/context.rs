//! What every subcommand gets besides its arguments.

use std::path::PathBuf;

use crate::terminal::printer::Printer;

/// The global options, and where to print.
#[derive(Debug)]
pub struct Context {
    /// The state folder; it may not exist yet.
    pub state: PathBuf,
    /// How often `--verbose` was given.
    pub verbose: u8,
    /// Prints results and notes.
    pub printer: Printer,
    /// Returns the parser of the command line, for the reference in Markdown.
    pub parser: fn() -> clap::Command,
}
