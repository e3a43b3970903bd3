//! What the host, a strategy or a person decided.

use serde::{Deserialize, Serialize};

use crate::{FeedbackItem, PhaseName};

/// The host's judgement of a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing was found.
    Passed,
    /// Issues, but below the thresholds.
    PassedWithConditions,
    /// At or beyond a threshold.
    Failed,
    /// It could not be judged, which is never a pass.
    NotJudged,
}

impl Verdict {
    /// Whether the way is open.
    pub fn passes(self) -> bool {
        matches!(self, Self::Passed | Self::PassedWithConditions)
    }

    /// The word used in JSON and on the terminal.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::PassedWithConditions => "passed_with_conditions",
            Self::Failed => "failed",
            Self::NotJudged => "not_judged",
        }
    }
}

/// A test that an agent gave up, by name and with a reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DroppedTest {
    /// Its full name.
    pub test: String,
    /// Why.
    pub reason: String,
}

/// One phase's part of a decision to revise, checked against the pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rework {
    /// The phase.
    pub phase: PhaseName,
    /// What it is told.
    pub feedback: FeedbackItem,
}

/// What came of asking a strategy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeedbackOutcome {
    /// Work goes back.
    Revise {
        /// To whom, with what.
        rework: Vec<Rework>,
    },
    /// A person should look.
    AskAPerson {
        /// Why.
        reason: String,
    },
    /// It is no use.
    GiveUp {
        /// Why.
        reason: String,
    },
    /// The strategy failed, or what it said is not allowed.
    Refused {
        /// Why.
        reason: String,
    },
}

/// What a person may say at a gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// Confirms a pass.
    Approve,
    /// Fails the gate; the reason goes to the strategy, or straight to a phase.
    Reject {
        /// The phase that is to revise; the strategy chooses where absent.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        revise: Option<PhaseName>,
    },
    /// Goes on in spite of the gate.
    Override,
    /// Ends the run.
    Abort,
}

impl Choice {
    /// The word used in JSON and on the command line.
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
        matches!(self, Self::Reject { .. } | Self::Override)
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
    /// A person ended it.
    Aborted,
}

impl RunStatus {
    /// The word used in JSON and on the terminal.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Aborted => "aborted",
        }
    }
}
