//! What the sandbox needs from the rest of the host. The runtime fulfils it; no plugin reaches anything but this.

use std::sync::Arc;

use async_trait::async_trait;
use phasegate_process::ArtifactRef;
use phasegate_process::model::{Answer, Request};
use phasegate_process::testing::{BenchError, File, Subject, TestRun};

/// How important a line of log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LogLevel {
    /// For the plugin's author.
    Debug,
    /// For who watches.
    Info,
    /// Something is odd.
    Warn,
    /// Something failed.
    Error,
}

/// Why an artifact could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArtifactError {
    /// No input of this phase has that name.
    #[error("no input is called `{0}`")]
    Unknown(String),
    /// Larger than one call may carry.
    #[error("too large to read: {0}")]
    TooLarge(String),
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

/// A model call that could take more than its plugin may use for one assignment; it is not made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overdrawn {
    /// The bound: `tokens` or `usd`.
    pub bound: &'static str,
    /// What the call may take, at the worst.
    pub asked: String,
    /// What was left.
    pub left: String,
    /// The limit.
    pub limit: String,
}

/// What an agent may ask of the host.
///
/// `call` numbers the waiting calls of one agent call in the order the guest asked, from 1; complete and run-tests share
/// the numbers. Both may be under way several at a time. They are driven to their end even if the guest no longer wants
/// the answer; only when the whole call is dropped or meets its wall clock are they dropped too.
#[async_trait]
pub trait Capabilities: Send + Sync + 'static {
    /// Asks a model. A call that is beyond what the plugin may use ends its run, when the answer's turn has come.
    async fn complete(&self, call: u32, request: Request) -> Result<Answer, Overdrawn>;
    /// Tries tests, for the agent's own eyes.
    async fn run_tests(
        &self,
        call: u32,
        language: String,
        code: Subject,
        tests: Vec<File>,
    ) -> Result<TestRun, BenchError>;
    /// A call that took a number and goes no further, because what was asked makes no sense. Whoever takes calls in the
    /// order of their numbers must hear of it.
    async fn call_rejected(&self, call: u32) {
        let _ = call;
    }
    /// The guest hears the answer to this call next and does nothing before. Where there is none and never will be, one is
    /// given all the same, since the guest may go on without it; if it comes to this, never returning from here keeps it.
    async fn before_answer(&self, call: u32) {
        let _ = call;
    }
    /// The assignment's inputs and previous artifacts.
    fn inputs(&self) -> Vec<ArtifactRef>;
    /// The content of one of them.
    async fn read(&self, name: String) -> Result<Vec<u8>, ArtifactError>;
    /// Whether this would be taken as an artifact of this kind, or every fault found.
    async fn check(&self, kind: String, content: Vec<u8>) -> Result<(), Vec<String>>;
    /// A line for people; already bounded and free of control characters.
    fn log(&self, level: LogLevel, line: String);
    /// What the plugin is doing now, and how far, 0.0 to 1.0.
    fn progress(&self, what: String, fraction: Option<f32>);
}

/// Where the lines of a strategy or a runner go.
pub type LogSink = Arc<dyn Fn(LogLevel, String) + Send + Sync>;
