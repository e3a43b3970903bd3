//! Events as one line for people, and as JSON lines for programs.

use phasegate_process::acceptance::Acceptance;
use phasegate_process::hint::split_hint;
use phasegate_process::repository::RunBranch;
use phasegate_process::state::State;
use phasegate_process::{
    AttemptId, Choice, Event, FeedbackOutcome, PhaseOutcome, Recorded, RunForked, RunId, RunStatus, Verdict,
};
use serde::Serialize;

use crate::terminal::format::{compact_number, cost, count, duration, one_line, truncate};
use crate::terminal::style::Paint;

/// Maximal length of a reason in characters; `show` prints all of it.
const REASON: usize = 240;
/// Maximal length of an error in characters: what a person acts on is not cut.
const FAILURE: usize = 4_000;

/// Renders an event as a line of progress; `None` for events that only `--verbose` shows.
pub fn render_progress(recorded: &Recorded, state: &State, paint: Paint) -> Option<String> {
    Some(match &recorded.event {
        Event::PhaseStarted { at, .. } => format!("{at} started"),
        Event::PhaseFinished { at, outcome: PhaseOutcome::Submitted { .. }, elapsed_ms, .. } => {
            format!("{at} done in {}{}", duration(*elapsed_ms), render_spent(state))
        }
        Event::PhaseFinished { at, outcome, .. } => {
            let fault = truncate(&failure_reason(state, at, outcome), FAILURE);
            format!("{at} {}: {fault}", paint.yellow("attempt failed"))
        }
        Event::BaselineRan { at, tests, passed, elapsed_ms, .. } => {
            format!("{at} {} (in {})", render_baseline(*tests, *passed), duration(*elapsed_ms))
        }
        Event::GateJudged { at, verdict, reason, .. } => {
            format!("{at} {}: {}", render_verdict(*verdict, paint), truncate(reason, REASON))
        }
        Event::FeedbackDecided { at, decided, .. } => format!("{at} {}", truncate(&render_decision(decided), REASON)),
        // The judgement stands above, and the question follows.
        Event::ApprovalAsked { at, .. } => format!("{at} {}", paint.yellow("waits for a decision")),
        Event::ApprovalGiven { at, choice, by, reason, .. } => {
            let reason_text = if reason.is_empty() { String::new() } else { format!(": {}", truncate(reason, REASON)) };
            format!("{at} {} by {}{reason_text}", render_choice(choice), one_line(by))
        }
        Event::RunForked(forked) => render_fork(forked),
        Event::RunStopped { reason } => {
            format!("{}: {}", paint.yellow("stopped"), truncate(split_hint(reason).0, REASON))
        }
        Event::BudgetChanged { limits, by } => format!("budget changed to {limits} by {}", one_line(by)),
        Event::AcceptanceTested { acceptance, tests, passed, elapsed_ms, .. } => {
            format!("{} (in {})", render_acceptance(acceptance, *tests, *passed, paint), duration(*elapsed_ms))
        }
        Event::BranchWritten { branch } => render_branch(branch),
        Event::RunFinished { status, reason } => {
            format!("{}: {}", render_run_status(*status, paint), truncate(reason, REASON))
        }
        Event::RunCreated(_)
        | Event::ModelAsked { .. }
        | Event::ModelTried { .. }
        | Event::ModelAnswered { .. }
        | Event::ArtifactStored { .. }
        | Event::RepositoryRead { .. }
        | Event::TestsRan { .. }
        | Event::ProposalDecided { .. } => return None,
    })
}

/// Returns why an attempt failed; empty if it did not.
pub fn failure_reason(state: &State, at: &AttemptId, outcome: &PhaseOutcome) -> String {
    // Before a fork, the pipeline may have had other phases.
    let agent = state.pipeline.phase(&at.phase).map(|phase| &phase.agent);
    agent.and_then(|agent| outcome.describe(at, agent)).or_else(|| outcome.fault()).unwrap_or_default()
}

/// Renders the run of a repository's own tests before the change.
pub fn render_baseline(tests: u64, passed: u64) -> String {
    match tests {
        0 => "the repository has no tests that can run".to_owned(),
        tests => format!("the repository's tests before the change: {passed} of {tests} passed"),
    }
}

/// Renders the result of the acceptance tests.
pub fn render_acceptance(acceptance: &Acceptance, tests: u64, passed: u64, paint: Paint) -> String {
    match acceptance {
        Acceptance::NotTested => "no acceptance tests".to_owned(),
        Acceptance::Accepted => format!("{}: {passed} of {tests} acceptance tests passed", paint.green("accepted")),
        Acceptance::NotAccepted { reason } => {
            format!("{}: {}", paint.red("not accepted"), truncate(reason, REASON))
        }
        Acceptance::NotRun { reason } => {
            format!("{}: {}", paint.yellow("the acceptance tests did not run"), truncate(reason, REASON))
        }
    }
}

/// Renders a verdict in its colour.
pub fn render_verdict(verdict: Verdict, paint: Paint) -> String {
    let word = verdict.as_str().replace('_', " ");
    match verdict {
        Verdict::Passed | Verdict::PassedWithConditions => paint.green(&word),
        Verdict::Failed | Verdict::NotJudged => paint.red(&word),
    }
}

/// Renders the end of a run in its colour.
pub fn render_run_status(status: RunStatus, paint: Paint) -> String {
    match status {
        RunStatus::Passed => paint.green("passed"),
        RunStatus::Failed => paint.red("failed"),
        RunStatus::Aborted => paint.red("aborted"),
    }
}

/// Renders the branch of a run.
pub fn render_branch(branch: &RunBranch) -> String {
    match branch.commits.as_slice() {
        [] => "no branch, because no file changed".to_owned(),
        commits => format!("branch {} with {}", branch.name, count(commits.len() as u64, "commit")),
    }
}

/// Renders the origin of a fork and its changes.
pub fn render_fork(forked: &RunForked) -> String {
    let changes = if forked.changes.is_empty() { "no change".to_owned() } else { forked.changes.join(", ") };
    format!("forked from {} at {}: {}", forked.origin, forked.place(), one_line(&changes))
}

/// Renders an event as a JSON line; the same for `run --json` and `log --json`.
pub fn render_json_line(run: &RunId, recorded: &Recorded) -> String {
    #[derive(Serialize)]
    struct Line<'a> {
        run: &'a RunId,
        #[serde(flatten)]
        recorded: &'a Recorded,
    }
    serde_json::to_string(&Line { run, recorded }).unwrap_or_default() + "\n"
}

/// Renders the events that only `--verbose` shows; `None` for all others.
pub fn render_verbose(recorded: &Recorded) -> Option<String> {
    Some(match &recorded.event {
        Event::ModelAsked { at, call, label, model, .. } => {
            format!("{at} call {call} asks {} for {}", one_line(model), one_line(label))
        }
        Event::ModelTried { at, call, request_number, error, elapsed_ms, .. } => {
            let (after, error) = (duration(*elapsed_ms), truncate(&error.to_string(), REASON));
            format!("{at} call {call} request {request_number} failed after {after}: {error}")
        }
        Event::ModelAnswered { at, call, usage, stop, elapsed_ms, .. } => {
            let tokens = usage.input_tokens.saturating_add(usage.output_tokens);
            format!(
                "{at} call {call} answered in {}: {}, {}",
                duration(*elapsed_ms),
                one_line(stop),
                count(tokens, "token")
            )
        }
        Event::ArtifactStored { at, artifact } => {
            format!("{at} stored {} ({})", artifact.name, artifact.digest.short())
        }
        Event::RepositoryRead { at, request, .. } => format!("{at} {}", truncate(&request.to_string(), REASON)),
        Event::TestsRan { at, call: Some(call), elapsed_ms, .. } => {
            format!("{at} call {call} ran tests in {}", duration(*elapsed_ms))
        }
        Event::TestsRan { at, call: None, elapsed_ms, .. } => {
            format!("{at} the host ran the tests in {}", duration(*elapsed_ms))
        }
        _ => return None,
    })
}

/// Renders the decision of a feedback strategy.
pub fn render_decision(decided: &FeedbackOutcome) -> String {
    match decided {
        FeedbackOutcome::Revise { rework } => {
            let part = |phase: &str, issues: usize| match issues {
                // A person's reason is the feedback.
                0 => phase.to_owned(),
                _ => format!("{phase} ({})", count(issues as u64, "issue")),
            };
            let parts: Vec<_> =
                rework.iter().map(|rework| part(rework.phase.as_str(), rework.feedback.issues.len())).collect();
            format!("work goes back to {}", parts.join(" and "))
        }
        FeedbackOutcome::AskAPerson { reason } => format!("the feedback strategy asks for a decision: {reason}"),
        FeedbackOutcome::GiveUp { reason } => format!("the feedback strategy gives up: {reason}"),
        FeedbackOutcome::Refused { reason } => format!("the decision of the feedback strategy was rejected: {reason}"),
    }
}

/// Renders the decision of a person.
pub fn render_choice(choice: &Choice) -> String {
    match choice {
        Choice::Approve => "approved".to_owned(),
        Choice::Reject { revise: None } => "rejected".to_owned(),
        Choice::Reject { revise: Some(phase) } => format!("rejected, {phase} revises"),
        Choice::Override => "overridden".to_owned(),
        Choice::Abort => "aborted".to_owned(),
    }
}

/// Renders the calls, tokens and cost so far; empty before the first call.
fn render_spent(state: &State) -> String {
    let spent = &state.spent;
    match spent.calls {
        0 => String::new(),
        calls => {
            let tokens = compact_number(spent.input_tokens + spent.output_tokens);
            format!(
                "; so far {}, {tokens} tokens, {}",
                count(calls, "call"),
                cost(spent.known_usd(), state.created.scripted, spent.asks_models)
            )
        }
    }
}
