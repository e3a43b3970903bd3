//! The state of a run: its events, folded, and the next action.
//!
//! The run loop folds the journal, asks [`State::next`], executes that action and appends the resulting events. A new,
//! a resumed and a replayed run differ only in the number of events to fold. An event that does not fit the state is a
//! [`FoldError`].

mod attempts;
mod decide;
mod decision_error;
mod fold;
mod gates;
mod next;
mod phase_state;
mod run_state;
mod spent;
#[cfg(test)]
mod tests;
mod turn;

pub use decide::{DecisionRequest, JudgedAttempt, question_in_words};
pub use decision_error::DecisionError;
pub use fold::FoldError;
pub use next::{Action, AgentWork, JudgeWork, SuiteWork};
pub use phase_state::{Approval, PhaseState, RecordedJudgement, Suite};
pub use run_state::{AcceptanceResult, CallState, ForkPoint, ProposalDecision, State};
pub use spent::{Spending, UnknownCost};
pub(crate) use spent::{bounded_sum, is_zero};
