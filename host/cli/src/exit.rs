//! Exit codes and failures of commands.

use phasegate_journal::JournalError;
use phasegate_process::source::SourceError;
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

/// Why a command failed, and what to do about it.
#[derive(Debug)]
pub struct Failure {
    /// How the process ends.
    pub exit: Exit,
    /// The error code, if the error has one.
    code: Option<String>,
    /// What failed, on the first line; further lines are details.
    message: String,
    /// What to do next, each in the imperative.
    hints: Vec<String>,
}

impl Failure {
    /// Wrong usage or configuration.
    pub fn usage(message: impl AsRef<str>) -> Self {
        Self::new(Exit::Usage, message.as_ref())
    }

    /// A failure of the environment.
    pub fn infrastructure(message: impl AsRef<str>) -> Self {
        Self::new(Exit::Infrastructure, message.as_ref())
    }

    /// A check that did not hold.
    pub fn check_failed(message: impl AsRef<str>) -> Self {
        Self::new(Exit::Failed, message.as_ref())
    }

    /// Errors of other crates end in lines `hint: …`, which become hints.
    fn new(exit: Exit, text: &str) -> Self {
        let mut parts = text.split("\nhint: ").map(str::to_owned);
        let message = parts.next().unwrap_or_default();
        Self { exit, code: None, message, hints: parts.collect() }
    }

    /// Adds a hint.
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The same failure with another exit.
    pub fn with_exit(self, exit: Exit) -> Self {
        Self { exit, ..self }
    }

    /// The same failure, found after the run was started: it is no longer one of usage.
    pub fn while_running(self) -> Self {
        match self.exit {
            Exit::Usage => self.with_exit(Exit::Infrastructure),
            _ => self,
        }
    }

    /// What failed, without the hints.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Prints the failure to stderr.
    pub fn print(&self, printer: &Printer) {
        let paint = printer.note_paint();
        let code = self.code.as_ref().map(|code| format!("[{code}]")).unwrap_or_default();
        let mut text = format!("{} {}\n", paint.red(&format!("error{code}:")), sanitize(&self.message));
        for hint in &self.hints {
            text.push_str(&format!("{} {}\n", paint.cyan("hint:"), sanitize(hint)));
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
        Self::new(exit, &error.to_string())
    }
}

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Self {
        Error::from(error).into()
    }
}

impl From<ConfigFault> for Failure {
    fn from(fault: ConfigFault) -> Self {
        Self::new(Exit::Usage, &fault.to_string())
    }
}

impl From<SourceError> for Failure {
    fn from(error: SourceError) -> Self {
        Self::usage(error.to_string()).with_hint(error.hint)
    }
}
