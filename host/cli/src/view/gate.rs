//! The report of a gate that waits for a decision.

use phasegate_process::PersonName;
use phasegate_process::calendar::format_utc;
use phasegate_process::pipeline::ApprovalRules;
use phasegate_process::state::{JudgedAttempt, RecordedJudgement, State, question_in_words};

use crate::terminal::format::{indent, one_line};
use crate::terminal::style::Paint;
use crate::terminal::text::sanitize;
use crate::terminal::width::wrap_lines;

/// Renders the attempt that waits with its digest, the question, the issues with their evidence, the dropped tests, and the
/// rules about people; empty if no gate waits.
pub fn render_gate(state: &State, paint: Paint) -> String {
    let Some((phase, judged, question)) = state.waiting() else { return String::new() };
    let about = JudgedAttempt::new(phase, judged);
    let wrap = |text: String| wrap_lines(&text, paint.width());
    let mut text = wrap(format!("\n{} {}\n", paint.bold(&about.to_string()), sanitize(&question_in_words(question))));
    for issue in &judged.issues {
        let place = issue.location.as_ref().map(|place| match place.line {
            Some(line) => format!(" ({}:{line})", place.path),
            None => format!(" ({})", place.path),
        });
        text.push_str(&wrap(format!(
            "  {} {}{}: {}\n",
            issue.severity.as_str(),
            one_line(&issue.id),
            sanitize(&place.unwrap_or_default()),
            one_line(&issue.description)
        )));
        text.push_str(&render_evidence(&issue.evidence, paint));
        if let Some(advice) = &issue.recommendation {
            text.push_str(&wrap(format!("      advice:   {}\n", one_line(advice))));
        }
    }
    for dropped in &judged.dropped {
        text.push_str(&wrap(format!("  dropped {}: {}\n", one_line(&dropped.test), one_line(&dropped.reason))));
    }
    text.extend(phase.gate.as_ref().and_then(|gate| render_rules(&gate.approval, judged, state)).map(wrap));
    text
}

/// The most lines of evidence.
const MAX_LINES: usize = 60;

/// Renders evidence; that of several lines, such as a traceback, keeps them.
fn render_evidence(text: &str, paint: Paint) -> String {
    match text.trim_end().contains('\n') {
        true => format!("      evidence:\n{}", indent(text, 8, MAX_LINES)),
        false => wrap_lines(&format!("      evidence: {}\n", one_line(text)), paint.width()),
    }
}

fn render_rules(rules: &ApprovalRules, judged: &RecordedJudgement, state: &State) -> Option<String> {
    let names = rules.approvers.iter().map(PersonName::as_str).collect::<Vec<_>>().join(", ");
    let approvers = (!names.is_empty()).then(|| format!("approvers: {names}"));
    let starter = state.created.started_by.as_ref().map_or("unknown", PersonName::as_str);
    let others =
        rules.forbid_self_approval.then(|| format!("not the person who started the run ({})", one_line(starter)));
    let until = judged.asked_ms.zip(rules.expires_after_ms).map(|(asked, ms)| asked.saturating_add(ms));
    let until = until.map(|until| format!("can be approved or overridden until {}", format_utc(until)));
    let parts: Vec<String> = [approvers, others, until].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| format!("  {}\n", parts.join("; ")))
}
