//! The contract's records in one module. They are re-exports of the generated types.

pub use crate::bindings::agent::phasegate::plugin::artifacts::{
    Error as ArtifactError, FileList, MatchList, RepositoryFile, TextMatch,
};
pub use crate::bindings::agent::phasegate::plugin::log::Level;
pub use crate::bindings::agent::phasegate::plugin::model_types::{
    Content, Error as ModelError, Message, Request, Response, Role, Tool, ToolCall, ToolResult, Usage,
};
pub use crate::bindings::agent::phasegate::plugin::types::{
    ArtifactRef, BenchError, File, Issue, Location, Outcome, Severity, Subject, TestCase, TestRun,
};
pub use crate::bindings::agent::phasegate::plugin::work::{
    Artifact, Assignment, Check, Expected, Failure, FeedbackItem, Findings, Submission, Suggestion,
};
pub use crate::bindings::feedback::exports::phasegate::plugin::feedback::{
    Decision, GateFailure, PastAttempt, Revision,
};
