//! Exit codes and failures of commands.

use phasegate_journal::JournalError;
use phasegate_process::InvalidName;
use phasegate_process::source::SourceError;
use phasegate_runtime::{ConfigFault, Error, ErrorCode, ErrorKind, OverrideError, StopCause};

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
    /// A variant of an experiment is worse than the baseline.
    Worse,
    /// Wrong usage or configuration; nothing was started.
    Usage,
    /// Disk, network or another part of the environment failed; the run can be resumed.
    Infrastructure,
    /// Interrupted; the run can be resumed.
    Interrupted,
    /// Interrupted by SIGHUP; the run can be resumed.
    HungUp,
    /// Interrupted by SIGTERM; the run can be resumed.
    Terminated,
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
            Self::Worse => 5,
            Self::HungUp => 129,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }

    /// Returns the exit after runs were stopped.
    pub fn after_stop(cause: &StopCause) -> Self {
        match cause {
            StopCause::HungUp => Self::HungUp,
            StopCause::Terminated => Self::Terminated,
            // The run did what it is there for.
            StopCause::BeforeDecision { .. } => Self::Passed,
            StopCause::Interrupted | StopCause::Cancelled { .. } | StopCause::EndOfRecord => Self::Interrupted,
        }
    }
}

/// Why a command failed, and what to do about it.
#[derive(Debug)]
pub struct Failure {
    /// How the process ends.
    pub exit: Exit,
    /// Identifies the cause in `docs/errors.md`.
    code: ErrorCode,
    /// What failed, on the first line; further lines are details.
    message: String,
    /// The line of a file that causes it, with carets.
    excerpt: Option<String>,
    /// What to do next, each in the imperative.
    hints: Vec<String>,
}

impl Failure {
    /// Wrong usage or configuration.
    pub fn usage(message: impl AsRef<str>) -> Self {
        Self::new(Exit::Usage, ErrorCode::InvalidCommandLine, message.as_ref())
    }

    /// A failure of the environment.
    pub fn infrastructure(message: impl AsRef<str>) -> Self {
        Self::new(Exit::Infrastructure, ErrorCode::HostFailed, message.as_ref())
    }

    /// A check that did not hold.
    pub fn check_failed(message: impl AsRef<str>) -> Self {
        Self::new(Exit::Failed, ErrorCode::CheckFailed, message.as_ref())
    }

    fn new(exit: Exit, code: ErrorCode, message: &str) -> Self {
        Self { exit, code, message: message.to_owned(), excerpt: None, hints: Vec::new() }
    }

    /// The same failure with the place in a file that causes it.
    pub fn at(self, place: &SourceError) -> Self {
        let message = format!("{}:{}: {}", place.file, place.line, self.message);
        Self { message, excerpt: place.excerpt.as_deref().map(str::to_owned), ..self }
    }

    /// Adds the hints of another error, one per line.
    pub fn with_hints(self, hints: Option<String>) -> Self {
        hints.iter().flat_map(|hints| hints.lines()).fold(self, Self::with_hint)
    }

    /// Adds a hint.
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The same failure with this hint in place of its own.
    pub fn with_only_hint(self, hint: impl Into<String>) -> Self {
        Self { hints: vec![hint.into()], ..self }
    }

    /// The same failure with another code.
    pub fn with_code(self, code: ErrorCode) -> Self {
        Self { code, ..self }
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
        printer.note(&self.render(printer));
    }

    /// Renders the failure for stderr. The commands of its hints can be pasted.
    pub fn render(&self, printer: &Printer) -> String {
        let paint = printer.note_paint();
        let mut text = format!("{} {}\n", paint.red(&format!("error[{}]:", self.code)), sanitize(&self.message));
        if let Some(excerpt) = &self.excerpt {
            text.push_str(&format!("{}\n", sanitize(excerpt)));
        }
        for hint in &self.hints {
            text.push_str(&format!("{} {}\n", paint.cyan("hint:"), sanitize(&printer.complete(hint))));
        }
        text
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let exit = match error.kind() {
            ErrorKind::Usage | ErrorKind::Plugin => Exit::Usage,
            ErrorKind::Decision => Exit::Waiting,
            ErrorKind::Infrastructure | ErrorKind::Data | ErrorKind::Replay => Exit::Infrastructure,
        };
        let excerpt = error.excerpt().map(str::to_owned);
        Self { excerpt, ..Self::new(exit, error.code(), &error.to_string()) }.with_hints(error.hint())
    }
}

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Self {
        Error::from(error).into()
    }
}

impl From<ConfigFault> for Failure {
    fn from(fault: ConfigFault) -> Self {
        Error::from(fault).into()
    }
}

impl From<SourceError> for Failure {
    fn from(error: SourceError) -> Self {
        ConfigFault::from(error).into()
    }
}

impl From<OverrideError> for Failure {
    fn from(error: OverrideError) -> Self {
        Error::from(error).into()
    }
}

impl From<InvalidName> for Failure {
    fn from(error: InvalidName) -> Self {
        Error::from(error).into()
    }
}
