//! Verdicts and issues of the gates.

use phasegate_process::result::{DecisionSummary, GateAttempt};
use phasegate_process::state::RecordedJudgement;
use phasegate_process::{Choice, FeedbackOutcome, Issue, Location, Rework, Verdict};

use super::decisions::render_decision;
use super::page::Page;
use super::text::{plain_text, table_cell};

/// Maximal number of issues. The artifacts have all of them.
const MAX_ISSUES: usize = 200;

impl Page<'_> {
    pub(super) fn gates(&mut self) {
        self.heading("Gates");
        let mut rows = Vec::new();
        for gate in &self.result.gates {
            if gate.attempts.is_empty() {
                rows.push([
                    gate.gate.to_string(),
                    "–".into(),
                    "not reached".into(),
                    "–".into(),
                    String::new(),
                    String::new(),
                ]);
            }
            for attempt in &gate.attempts {
                rows.push([
                    gate.gate.to_string(),
                    attempt.attempt.to_string(),
                    attempt.verdict.as_str().replace('_', " "),
                    render_counts(attempt),
                    table_cell(&attempt.reason),
                    table_cell(&render_next_step(attempt)),
                ]);
            }
        }
        self.table(["gate", "attempt", "verdict", "issues", "reason", "next step"], rows);
    }

    pub(super) fn issues(&mut self) {
        self.heading("Issues");
        let state = self.artifacts.state;
        let mut count = 0;
        for phase in &state.pipeline.phases {
            let judged = state.phases.get(&phase.name).map(|known| known.judged.as_slice()).unwrap_or_default();
            for (index, one) in judged.iter().enumerate() {
                let later = judged.get(index + 1);
                for issue in &one.issues {
                    count += 1;
                    if count <= MAX_ISSUES {
                        let place = issue.location.as_ref().map_or(String::new(), render_location);
                        self.line(format_args!(
                            "- **{}** {} (from {}{place}): {} *{}*",
                            issue.severity.as_str(),
                            plain_text(&issue.id),
                            plain_text(&issue.phase_injected),
                            plain_text(&issue.description),
                            plain_text(&render_follow_up(issue, one, later)),
                        ));
                    }
                }
            }
        }
        match count {
            0 => self.line("No gate reported an issue."),
            _ if count > MAX_ISSUES => {
                self.line(format_args!("- {} more, listed in the artifacts", count - MAX_ISSUES))
            }
            _ => {}
        }
    }
}

/// Renders what happened to an issue after `judged`. `later` is the next judgement of the same gate.
fn render_follow_up(issue: &Issue, judged: &RecordedJudgement, later: Option<&RecordedJudgement>) -> String {
    let overridden = judged.approvals.last().filter(|decision| decision.choice == Choice::Override);
    if let Some(decision) = overridden {
        return format!("Accepted by {}: {}", decision.by, decision.reason);
    }
    if judged.verdict.passes() && judged.decided.is_none() {
        return "Passed on to the next phase.".to_owned();
    }
    let Some(FeedbackOutcome::Revise { rework }) = &judged.decided else { return "Open.".to_owned() };
    let given = |rework: &&Rework| rework.feedback.issues.iter().any(|known| known.id == issue.id);
    let mut phases: Vec<_> = rework.iter().filter(given).map(|rework| rework.phase.as_str()).collect();
    if phases.is_empty() {
        phases = rework.iter().map(|rework| rework.phase.as_str()).collect();
    }
    let back = format!("Sent back to {}", phases.join(", "));
    match later.map(|later| (later.attempt, later.verdict)) {
        None => format!("{back}; not judged again."),
        Some((attempt, Verdict::Passed | Verdict::PassedWithConditions)) => {
            format!("{back}; attempt {attempt} passed.")
        }
        Some((attempt, Verdict::Failed)) => format!("{back}; attempt {attempt} failed."),
        Some((attempt, Verdict::NotJudged)) => format!("{back}; attempt {attempt} could not be judged."),
    }
}

/// Renders the decisions of people and of the strategy after an attempt.
fn render_next_step(attempt: &GateAttempt) -> String {
    let people = attempt.approvals.iter().map(|decision| format!("{} by {}", render_decision(decision), decision.by));
    let decided = attempt.decided.as_ref().map(|decided| match decided {
        DecisionSummary::Revise(phases) => {
            let phases: Vec<_> = phases.iter().map(|phase| phase.as_str()).collect();
            format!("back to {}", phases.join(", "))
        }
        DecisionSummary::AskAPerson(reason) => format!("the strategy asked for a person: {reason}"),
        DecisionSummary::GiveUp(reason) => format!("the strategy gave up: {reason}"),
        DecisionSummary::Refused(reason) => format!("the host rejected the strategy's decision: {reason}"),
    });
    people.chain(decided).collect::<Vec<_>>().join("; ")
}

fn render_counts(attempt: &GateAttempt) -> String {
    let counts = &attempt.issues;
    let all = [(counts.critical, "critical"), (counts.high, "high"), (counts.medium, "medium"), (counts.low, "low")];
    let some: Vec<_> =
        all.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    if some.is_empty() { "none".to_owned() } else { some.join(", ") }
}

fn render_location(location: &Location) -> String {
    let line = location.line.map_or(String::new(), |line| format!(":{line}"));
    format!(", `{}{line}`", plain_text(&location.path))
}
