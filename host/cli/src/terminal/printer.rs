//! The two streams of a command: results go to stdout, notes for the person to stderr.
//!
//! A reader that went away, as `head` does, is not an error. Any other failure of stdout is kept, and `main` ends the process
//! with an error after the command. What could steer a terminal is escaped. Failures of stderr are ignored: nobody could be
//! told.

use std::io::{self, ErrorKind, IsTerminal, Write, stderr, stdout};
use std::sync::OnceLock;

use serde::Serialize;

use super::command_line::CommandLine;
use super::style::Paint;
use super::text::{escape_controls, sanitize};

/// The first failure of stdout.
static FAILURE: OnceLock<String> = OnceLock::new();

/// Prints what a command has to report.
#[derive(Debug, Clone, Copy)]
pub struct Printer {
    out: Paint,
    err: Paint,
    command_line: Option<&'static CommandLine>,
}

impl Printer {
    /// Uses colours on each stream that is a terminal.
    pub fn new() -> Self {
        Self { out: Paint::stdout(), err: Paint::stderr(), command_line: None }
    }

    /// The same printer, whose commands have the options of this command line. They are kept until the process ends.
    pub fn with_command_line(self, command_line: CommandLine) -> Self {
        Self { command_line: Some(Box::leak(Box::new(command_line))), ..self }
    }

    /// Returns a command that can be pasted; `arguments` begin with the subcommand.
    pub fn command(&self, arguments: &str) -> String {
        match self.command_line {
            Some(command_line) => command_line.command(arguments),
            None => CommandLine::default().command(arguments),
        }
    }

    /// Returns a hint whose commands, which stand in backquotes, can be pasted.
    pub fn complete(&self, hint: &str) -> String {
        self.command_line.map_or_else(|| hint.to_owned(), |command_line| command_line.complete(hint))
    }

    /// The colours of results.
    pub fn paint(&self) -> Paint {
        self.out
    }

    /// The colours of notes.
    pub fn note_paint(&self) -> Paint {
        self.err
    }

    /// Prints a result.
    pub fn print(&self, text: &str) {
        self.try_print(text);
    }

    /// Prints a result; false if the reader of stdout went away or stdout cannot be written.
    pub fn try_print(&self, text: &str) -> bool {
        self.write(|out| out.write_all(escape_controls(text).as_bytes())).is_ok()
    }

    /// Lets `write` write to stdout, unescaped. The caller need not report the error.
    pub fn write(&self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        let mut out = stdout().lock();
        let written = write(&mut out).and_then(|()| out.flush());
        if let Err(why) = written.as_ref()
            && why.kind() != ErrorKind::BrokenPipe
        {
            FAILURE.get_or_init(|| why.to_string());
        }
        written
    }

    /// Returns why something that was to be printed did not reach stdout.
    pub fn failure(&self) -> Option<&'static str> {
        FAILURE.get().map(String::as_str)
    }

    /// Prints text of a run as it is; on a terminal, without control characters.
    pub fn print_text(&self, text: &str) {
        if stdout().is_terminal() {
            return self.print(&sanitize(text));
        }
        let _ = self.write(|out| out.write_all(text.as_bytes()));
    }

    /// Prints a result as JSON on one line.
    pub fn print_json(&self, value: &impl Serialize) {
        self.print(&format!("{}\n", serde_json::to_string(value).unwrap_or_default()));
    }

    /// Prints a result as indented JSON.
    pub fn print_json_pretty(&self, value: &impl Serialize) {
        self.print(&format!("{}\n", serde_json::to_string_pretty(value).unwrap_or_default()));
    }

    /// Prints a note for the person.
    pub fn note(&self, text: &str) {
        let _ = stderr().lock().write_all(escape_controls(text).as_bytes());
    }
}
