//! The result of a run: artifacts, judgements, decisions of people, and totals. Written as `result.json`.
//!
//! The artifacts are the current ones: those that were reviewed and tested, and are delivered. Every decision of a
//! person and every call that may have been billed is included. Cannot fail; a run that has not ended has a result as
//! well.

mod from_events;
#[cfg(test)]
mod tests;
mod types;

pub use types::{
    DecisionSummary, Dropped, GateAttempt, GateResult, GateStatus, IssueCounts, PersonDecision, RESULT_FORMAT,
    TaskResult, TaskStatus, Totals, UnansweredCall,
};
