//! The interface between a plugin and the rest of the host. The runtime implements it; a plugin reaches nothing else.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use phasegate_process::ArtifactRef;
use phasegate_process::budget::BudgetExceeded;
use phasegate_process::model::{Answer, Request};
use phasegate_process::repository::{FileList, MatchList};
use phasegate_process::testing::{BenchError, File, Subject, TestRun};

use crate::cpu_meter::CpuMeter;

/// Severity of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LogLevel {
    /// Details for the author of the plugin.
    Debug,
    /// Progress for people who watch the run.
    Info,
    /// A problem that the plugin could handle.
    Warn,
    /// A failure.
    Error,
}

impl fmt::Display for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        })
    }
}

/// An artifact that cannot be read. The guest receives the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArtifactError {
    /// No input of this phase has the name.
    #[error("no input is called `{0}`")]
    Unknown(String),
    /// The artifact is larger than one call may carry.
    #[error("too large to read: {0}")]
    TooLarge(String),
    /// Any other reason.
    #[error("{0}")]
    Other(String),
}

impl ArtifactError {
    /// The run has no repository.
    pub fn no_repository() -> Self {
        Self::Unknown("this run has no repository".to_owned())
    }
}

/// What an agent can use of the host.
///
/// `call` is the number of a model call or test run: both are counted together, from 1, in the order of the guest's calls.
/// Several calls can be in progress at a time. A call is completed even if the guest drops it; it is dropped only if the
/// agent call itself is dropped or exceeds its wall-clock limit.
#[async_trait]
pub trait Capabilities: Send + Sync + 'static {
    /// Calls a model. An error ends the guest's run when the answer is due.
    async fn complete(&self, call: u32, request: Request) -> Result<Answer, BudgetExceeded>;
    /// Runs tests for the agent. The result does not affect any verdict.
    async fn run_tests(
        &self,
        call: u32,
        language: String,
        code: Subject,
        tests: Vec<File>,
    ) -> Result<TestRun, BenchError>;
    /// Reports that call `call` is not made, because its request is invalid. Implementations that process calls in the
    /// order of their numbers must skip it. Does nothing by default.
    async fn call_rejected(&self, call: u32) {
        let _ = call;
    }
    /// Runs before the guest receives the answer to `call`; the guest does nothing until this returns. If the host has no
    /// answer and will not get one, an implementation must not return, so that the guest does not continue without it.
    /// Does nothing by default.
    async fn before_answer(&self, call: u32) {
        let _ = call;
    }
    /// Returns the assignment's inputs and previous artifacts.
    fn inputs(&self) -> Vec<ArtifactRef>;
    /// Returns the content of an input by its name, or of a file of the repository as `repository/PATH`.
    async fn read(&self, name: String) -> Result<Vec<u8>, ArtifactError>;
    /// Returns the files of the run's repository below a folder. Without a repository by default.
    async fn list_files(&self, folder: String) -> Result<FileList, ArtifactError> {
        let _ = folder;
        Err(ArtifactError::no_repository())
    }
    /// Returns the lines of text files below a folder that contain the text. Without a repository by default.
    async fn search_text(&self, text: String, folder: String) -> Result<MatchList, ArtifactError> {
        let _ = (text, folder);
        Err(ArtifactError::no_repository())
    }
    /// Validates content as an artifact of this kind. Returns every fault found. Computing time that is added to `cpu` counts
    /// as the calling plugin's own.
    async fn check(&self, kind: String, content: Vec<u8>, cpu: &CpuMeter) -> Result<(), Vec<String>>;
    /// Receives a log line. Its length is bounded, and it has no control characters except tab and newline.
    fn log(&self, level: LogLevel, line: String);
    /// Receives what the plugin is doing, and the finished fraction from 0.0 to 1.0 if it is known.
    fn progress(&self, what: String, fraction: Option<f32>);
}

/// Receives log lines of a feedback strategy or a test runner.
pub type LogSink = Arc<dyn Fn(LogLevel, String) + Send + Sync>;
