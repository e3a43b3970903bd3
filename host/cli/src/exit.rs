//! How a command ends: exit codes, and what is said when it could not do its work.

use phasegate_journal::JournalError;
use phasegate_runtime::{ConfigFault, Error};

use crate::terminal::printer::Printer;
use crate::terminal::text::sanitize;

/// How a command ended. The later in this list, the worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Done, or every gate passed.
    Passed,
    /// A person is needed.
    Waiting,
    /// A gate failed for good, or a person ended the run.
    Failed,
    /// The command line or the configuration is wrong; nothing was started.
    Usage,
    /// The world around the run failed; it can be resumed.
    Infrastructure,
    /// Stopped by the person; it can be resumed.
    Interrupted,
}

impl Exit {
    /// The process's exit code.
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

/// Why a command could not do its work: what, where, and in a line `hint: …` what to do.
#[derive(Debug)]
pub struct Failure {
    /// How the process ends.
    pub exit: Exit,
    message: String,
}

impl Failure {
    /// The person has to change something.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, message: message.into() }
    }

    /// The world has to change.
    pub fn infrastructure(message: impl Into<String>) -> Self {
        Self { exit: Exit::Infrastructure, message: message.into() }
    }

    /// What was asked for did not hold.
    pub fn check_failed(message: impl Into<String>) -> Self {
        Self { exit: Exit::Failed, message: message.into() }
    }

    /// The same, found when the run was under way already.
    pub fn into_infrastructure(self) -> Self {
        Self { exit: Exit::Infrastructure, ..self }
    }

    /// What is wrong, with its hints.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// With a line more.
    pub fn with_line(self, line: &str) -> Self {
        Self { message: format!("{}\n{line}", self.message), ..self }
    }

    /// Prints it to stderr.
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
            | Error::Swap(_)
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
