//! The report of a gate that waits for a decision.

use phasegate_process::pipeline::Phase;
use phasegate_process::state::{JudgedAttempt, RecordedJudgement};

use crate::terminal::format::one_line;
use crate::terminal::style::Paint;
use crate::terminal::text::sanitize;

/// Renders the attempt with its digest, the question, the issues with their evidence, and the dropped tests.
pub fn render_gate(phase: &Phase, judged: &RecordedJudgement, question: &str, paint: Paint) -> String {
    let about = JudgedAttempt::new(phase, judged);
    let mut text = format!("\n{} {}\n", paint.bold(&about.to_string()), sanitize(question));
    for issue in &judged.issues {
        let place = issue.location.as_ref().map(|place| match place.line {
            Some(line) => format!(" ({}:{line})", place.path),
            None => format!(" ({})", place.path),
        });
        text.push_str(&format!(
            "  {} {}{}: {}\n      evidence: {}\n",
            issue.severity.as_str(),
            one_line(&issue.id),
            sanitize(&place.unwrap_or_default()),
            one_line(&issue.description),
            one_line(&issue.evidence)
        ));
        if let Some(advice) = &issue.recommendation {
            text.push_str(&format!("      advice:   {}\n", one_line(advice)));
        }
    }
    for dropped in &judged.dropped {
        text.push_str(&format!("  dropped {}: {}\n", one_line(&dropped.test), one_line(&dropped.reason)));
    }
    text
}
