//! An event as one line of plain text, for logs, traces and errors. Not a format: programs read the JSON.

use std::fmt;

use super::{Choice, Event, FeedbackOutcome, PhaseOutcome};

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RunCreated(created) => write!(f, "run {} created for task {}", created.run_id, created.task_id),
            Self::RunForked(forked) => {
                let changes = OneLine(&forked.changes.join(", ")).to_string();
                let (run, origin, place) = (&forked.created.run_id, &forked.origin, forked.place());
                write!(f, "run {run} forked from {origin} at {place}: {changes}")
            }
            Self::PhaseStarted { at, inputs } => write!(f, "{at} started with {}", count(inputs.len(), "input")),
            Self::ModelAsked { at, call, label, model, .. } => {
                write!(f, "{at} call {call}: asked {} for {}", OneLine(model), OneLine(label))
            }
            Self::ModelTried { at, call, request_number, error, elapsed_ms, .. } => {
                write!(
                    f,
                    "{at} call {call}: request {request_number} failed: {}, {elapsed_ms} ms",
                    OneLine(&error.to_string())
                )
            }
            Self::ModelAnswered { at, call, usage, stop, elapsed_ms, recorded, .. } => {
                let source = if *recorded { " from the record" } else { "" };
                let tokens = count(usage.input_tokens.saturating_add(usage.output_tokens), "token");
                write!(f, "{at} call {call}: answered{source} ({}), {tokens}, {elapsed_ms} ms", OneLine(stop))
            }
            Self::ArtifactStored { at, artifact } => {
                write!(f, "{at} stored {} ({})", artifact.name, artifact.digest.short())
            }
            Self::RepositoryRead { at, request, failed, .. } => {
                let request = request.to_string();
                write!(f, "{at} {}{}", OneLine(&request), if *failed { " in vain" } else { "" })
            }
            Self::TestsRan { at, call: Some(call), elapsed_ms, .. } => {
                write!(f, "{at} call {call}: ran tests, {elapsed_ms} ms")
            }
            Self::TestsRan { at, call: None, elapsed_ms, .. } => write!(f, "{at} ran its test suite, {elapsed_ms} ms"),
            Self::BaselineRan { at, tests, passed, elapsed_ms, .. } => {
                write!(f, "{at} ran the repository's tests on its base: {passed} of {tests} passed, {elapsed_ms} ms")
            }
            Self::PhaseFinished { at, outcome, elapsed_ms, .. } => write!(f, "{at} {outcome}, {elapsed_ms} ms"),
            Self::GateJudged { at, verdict, reason, .. } => {
                write!(f, "{at} judged {}: {}", verdict.as_str(), OneLine(reason))
            }
            Self::FeedbackDecided { at, decided, .. } => write!(f, "{at} feedback: {decided}"),
            Self::ApprovalAsked { at, question, .. } => write!(f, "{at} waits for a person: {}", OneLine(question)),
            Self::ApprovalGiven { at, choice, by, reason, .. } => {
                write!(f, "{at} {choice} by {}: {}", OneLine(by), OneLine(reason))
            }
            Self::RunStopped { reason } => write!(f, "run stopped: {}", OneLine(reason)),
            Self::BudgetChanged { limits, by } => write!(f, "budget changed to {limits} by {}", OneLine(by)),
            Self::AcceptanceTested { acceptance, tests, passed, elapsed_ms, .. } => {
                let why = acceptance.describe().unwrap_or_default();
                write!(f, "{passed} of {tests} acceptance tests passed, {elapsed_ms} ms: {}", OneLine(&why))
            }
            Self::BranchWritten { branch } if branch.commits.is_empty() => write!(f, "no file to commit"),
            Self::BranchWritten { branch } => write!(f, "branch {} written", OneLine(&branch.name)),
            Self::RunFinished { status, reason } => write!(f, "run {}: {}", status.as_str(), OneLine(reason)),
            Self::ProposalDecided { id, approved, by, reason } => {
                let decision = if *approved { "approved" } else { "rejected" };
                write!(f, "proposal {} {decision} by {}: {}", OneLine(id), OneLine(by), OneLine(reason))
            }
        }
    }
}

impl fmt::Display for PhaseOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Submitted { artifacts, .. } => write!(f, "submitted {}", count(artifacts.len(), "artifact")),
            Self::Invalid { faults } => write!(f, "submitted invalid work: {}", OneLine(&faults.join("; "))),
            Self::Failed { reason } => write!(f, "failed: {}", OneLine(reason)),
            Self::Crashed { reason } => write!(f, "crashed: {}", OneLine(reason)),
        }
    }
}

impl fmt::Display for FeedbackOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Revise { rework } => {
                let phases: Vec<_> = rework.iter().map(|rework| rework.phase.as_str()).collect();
                write!(f, "revise {}", phases.join(", "))
            }
            Self::AskAPerson { reason } => write!(f, "ask a person: {}", OneLine(reason)),
            Self::GiveUp { reason } => write!(f, "give up: {}", OneLine(reason)),
            Self::Refused { reason } => write!(f, "refused: {}", OneLine(reason)),
        }
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reject { revise: Some(phase) } => write!(f, "reject (revise {phase})"),
            other => f.write_str(other.as_str()),
        }
    }
}

/// A text of an agent or a person without its line breaks and other control characters.
struct OneLine<'a>(&'a str);

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.split(char::is_control).filter(|part| !part.is_empty()).enumerate().try_for_each(|(index, part)| {
            if index > 0 {
                f.write_str(" ")?;
            }
            f.write_str(part)
        })
    }
}

/// `1 call`, `2 calls`.
fn count(number: impl TryInto<u64>, noun: &str) -> String {
    match number.try_into().unwrap_or(u64::MAX) {
        1 => format!("1 {noun}"),
        number => format!("{number} {noun}s"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::event::{PhaseOutcome, RunStatus};
    use crate::fixtures::{RunBuilder, at};

    #[test]
    fn each_event_is_one_line() {
        let mut run = RunBuilder::reviewed_twice();
        run.finish(RunStatus::Passed);
        let lines: Vec<String> = run.events.iter().map(|recorded| recorded.event.to_string()).collect();
        let expected = [
            "run run-1 created for task TASK-1",
            "planning#1 started with 0 inputs",
            "planning#1 call 1: asked a:b for plan",
            "planning#1 call 1: answered (end), 110 tokens, 40 ms",
            "planning#1 submitted 1 artifact, 50 ms",
        ];
        assert_eq!(lines.get(..5).unwrap(), expected);
        assert!(lines.contains(&"design-review#1 judged failed: 2 issues".to_owned()), "{lines:?}");
        assert!(lines.contains(&"design-review#1 feedback: revise design".to_owned()));
        assert_eq!(lines.last().unwrap(), "run passed: every gate passed");
    }

    #[test]
    fn control_characters_become_single_spaces() {
        let outcome = PhaseOutcome::Failed { reason: "no\r\n\u{1b}[2Jidea".to_owned() };
        let event = Event::PhaseFinished { at: at("planning", 1), outcome, elapsed_ms: 7, limit: None, log: None };
        assert_eq!(event.to_string(), "planning#1 failed: no [2Jidea, 7 ms");
    }
}
