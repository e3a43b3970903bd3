//! Exit codes and failures of commands.

use phasegate_journal::JournalError;
use phasegate_runtime::{ConfigFault, Error};

use crate::terminal::printer::Printer;
use crate::terminal::text::sanitize;

/// How a command ended, from best to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Success; for a run, every gate passed.
    Passed,
    /// A run waits for a decision.
    Waiting,
    /// A gate failed, a person ended the run, or a check failed.
    Failed,
    /// Wrong usage or configuration; nothing was started.
    Usage,
    /// Disk, network or another part of the environment failed; the run can be resumed.
    Infrastructure,
    /// Interrupted; the run can be resumed.
    Interrupted,
}

impl Exit {
    /// Returns the exit code of the process.
    pub fn code(self) -> u8 {
        match self {
            Self::Passed => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Waiting => 3,
            Self::Infrastructure => 4,
            Self::Interrupted => 130,
        }
    }
}

/// Why a command failed. Lines of the message that start with `hint:` say what to do.
#[derive(Debug)]
pub struct Failure {
    /// How the process ends.
    pub exit: Exit,
    message: String,
}

impl Failure {
    /// Wrong usage or configuration.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, message: message.into() }
    }

    /// A failure of the environment.
    pub fn infrastructure(message: impl Into<String>) -> Self {
        Self { exit: Exit::Infrastructure, message: message.into() }
    }

    /// A check that did not hold.
    pub fn check_failed(message: impl Into<String>) -> Self {
        Self { exit: Exit::Failed, message: message.into() }
    }

    /// The same failure, found after the run was started.
    pub fn into_infrastructure(self) -> Self {
        Self { exit: Exit::Infrastructure, ..self }
    }

    /// The message, with its hints.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Appends a line to the message.
    pub fn with_line(self, line: &str) -> Self {
        Self { message: format!("{}\n{line}", self.message), ..self }
    }

    /// Prints the failure to stderr.
    pub fn print(&self, printer: &Printer) {
        let paint = printer.note_paint();
        let message = sanitize(&self.message);
        let mut lines = message.lines();
        let mut text = format!("{} {}\n", paint.red("error:"), lines.next().unwrap_or_default());
        for line in lines {
            match line.strip_prefix("hint:") {
                Some(hint) => text.push_str(&format!("{}{hint}\n", paint.cyan("hint:"))),
                None => text.push_str(&format!("{line}\n")),
            }
        }
        printer.note(&text);
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let exit = match &error {
            Error::Config(_)
            | Error::Override(_)
            | Error::Models(_)
            | Error::Load(_)
            | Error::Name(_)
            | Error::Context(_)
            | Error::NoRun(_)
            | Error::PluginFile { .. }
            | Error::WrongWorld { .. }
            | Error::Settings { .. }
            | Error::NotAgreed(_)
            | Error::NotKnown(_)
            | Error::NotNow(_)
            | Error::Journal(JournalError::NoSuchRun { .. }) => Exit::Usage,
            Error::Unknown { .. } => Exit::Waiting,
            _ => Exit::Infrastructure,
        };
        Self { exit, message: error.to_string() }
    }
}

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Self {
        Error::from(error).into()
    }
}

impl From<ConfigFault> for Failure {
    fn from(fault: ConfigFault) -> Self {
        Self::usage(fault.to_string())
    }
}
