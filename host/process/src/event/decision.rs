//! Verdicts of the host, and decisions of strategies and people.

use serde::{Deserialize, Serialize};

use crate::names::PhaseName;
use crate::work::FeedbackItem;

/// The verdict of the host on a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// No issue.
    Passed,
    /// Issues, but below the thresholds.
    PassedWithConditions,
    /// A threshold is reached, a check failed, or a test did not pass.
    Failed,
    /// The gate could not be judged. Never counts as a pass.
    NotJudged,
}

impl Verdict {
    /// Whether the verdict lets the run go past the gate.
    pub fn passes(self) -> bool {
        matches!(self, Self::Passed | Self::PassedWithConditions)
    }

    /// Returns the word used in JSON and on the terminal.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::PassedWithConditions => "passed_with_conditions",
            Self::Failed => "failed",
            Self::NotJudged => "not_judged",
        }
    }
}

/// A test of an earlier attempt that an agent gave up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DroppedTest {
    /// The test's full name.
    pub test: String,
    /// The reason.
    pub reason: String,
}

/// One phase's part of a decision to revise, validated against the pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rework {
    /// The phase.
    pub phase: PhaseName,
    /// The feedback that its next attempt gets.
    pub feedback: FeedbackItem,
}

/// The validated decision of a strategy, or the reason why there is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeedbackOutcome {
    /// Work goes back to earlier phases, or to the gate's own agent.
    Revise {
        /// Each phase once, with its feedback.
        rework: Vec<Rework>,
    },
    /// The strategy asks for a person.
    AskAPerson {
        /// The reason.
        reason: String,
    },
    /// The strategy gives up.
    GiveUp {
        /// The reason.
        reason: String,
    },
    /// The strategy failed, or its decision is not allowed.
    Refused {
        /// The reason.
        reason: String,
    },
}

/// A person's decision at a gate. [`crate::state::State::check_decision`] has the rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// Confirm a pass.
    Approve,
    /// Reject the work. The reason goes to the strategy, or directly to the named phase.
    Reject {
        /// The phase that has to revise; the strategy chooses where absent.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        revise: Option<PhaseName>,
    },
    /// Continue although the gate did not pass.
    Override,
    /// End the run.
    Abort,
}

impl Choice {
    /// Returns the word used in JSON and on the command line.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Reject { .. } => "reject",
            Self::Override => "override",
            Self::Abort => "abort",
        }
    }

    /// Whether this choice is refused without a reason.
    pub fn needs_reason(&self) -> bool {
        !matches!(self, Self::Approve)
    }
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// Every gate was passed or overridden.
    Passed,
    /// A gate or a phase failed for good.
    Failed,
    /// A person ended the run.
    Aborted,
}

impl RunStatus {
    /// Returns the word used in JSON and on the terminal.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Aborted => "aborted",
        }
    }
}
