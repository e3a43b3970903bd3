//! The pure core of Phasegate: the rules by which a run proceeds, and the figures derived from it.
//!
//! Guarantees: no I/O, no clock, no randomness, no async. The same events always fold to the same state and the same
//! next action. Failures are typed errors; nothing here panics.

pub mod acceptance;
pub mod artifact;
pub mod budget;
pub mod calendar;
pub mod charges;
pub mod compare;
pub mod experiment;
pub mod feedback;
pub mod file_schema;
pub mod gate;
pub mod hint;
pub mod issue;
pub mod json;
pub mod limits;
pub mod lock;
pub mod manifest;
pub mod measures;
pub mod model;
pub mod pipeline;
pub mod plugin_file;
pub mod registry_reference;
pub mod repository;
pub mod result;
pub mod source;
pub mod state;
pub mod stats;
pub mod sync;
pub mod task;
pub mod testing;

mod digest;
mod event;
#[cfg(test)]
mod fixtures;
mod names;
mod schema;
mod submission;
mod text;
mod work;

pub use digest::{Digest, InvalidDigest};
pub use event::{
    Choice, DroppedTest, EVENT_FORMAT, Event, FeedbackOutcome, GivenLimits, PhaseOutcome, Recorded, RequestBound,
    RequestCost, Rework, RunCreated, RunForked, RunStatus, Verdict,
};
pub use names::{ArtifactName, AttemptId, InvalidName, Kind, PersonName, PhaseName, PluginName, RunId, TaskId};
pub use work::{
    ArtifactRef, Assignment, Check, CheckStatus, DEFECT_TYPES, Expected, Failure, FeedbackItem, Findings, Issue,
    Location, Severity, Submission, SubmittedArtifact, Suggestion,
};
