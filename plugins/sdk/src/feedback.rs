//! Renders feedback for prompts: every issue in full, every instruction, and people's remarks word for word.

use std::fmt::Write as _;

use crate::artifacts::Severity;
use crate::types::{FeedbackItem, Issue};

/// Renders all feedback of an assignment; empty if there is none.
pub fn render(items: &[FeedbackItem]) -> String {
    let parts: Vec<String> = items.iter().map(render_item).collect();
    parts.join("\n")
}

fn render_item(item: &FeedbackItem) -> String {
    let mut out = match item.source.strip_prefix("person:") {
        Some(person) => format!("## From a person: {person}\n"),
        None if item.source == "host" => "## From the host, about an attempt that it rejected\n".to_owned(),
        None => format!("## From the gate `{}`\n", item.source),
    };
    if !item.instructions.trim().is_empty() {
        let _ = writeln!(out, "{}", item.instructions.trim_end());
    }
    for issue in &item.issues {
        out.push('\n');
        out.push_str(&render_issue(issue));
    }
    out
}

/// Renders one issue with all its fields.
pub fn render_issue(issue: &Issue) -> String {
    let mut out = format!(
        "- {} [{}] {} ({}; injected in {})\n",
        issue.id,
        Severity::from(issue.severity).as_str(),
        issue.category,
        issue.defect_type,
        issue.phase_injected
    );
    let location = issue.location.as_ref().map(|location| match location.line {
        Some(line) => format!("{}:{line}", location.path),
        None => location.path.clone(),
    });
    let lines = [
        ("Where", location.as_deref()),
        ("Description", Some(issue.description.as_str())),
        ("Evidence", Some(issue.evidence.as_str())),
        ("Impact", Some(issue.impact.as_str())),
        ("Recommendation", issue.recommendation.as_deref()),
    ];
    for (title, text) in lines {
        if let Some(text) = text.filter(|text| !text.trim().is_empty()) {
            let _ = writeln!(out, "  {title}: {}", text.trim_end().replace('\n', "\n    "));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{self, Location};

    fn issue() -> Issue {
        Issue {
            id: "security/S1".into(),
            severity: types::Severity::High,
            category: "injection".into(),
            defect_type: "security_vulnerability".into(),
            phase_injected: "code".into(),
            description: "The query is put together from user input.".into(),
            evidence: "line one\nline two".into(),
            impact: "Data can be read.".into(),
            recommendation: Some("Bind parameters.".into()),
            location: Some(Location { path: "src/db.py".into(), line: Some(7) }),
        }
    }

    #[test]
    fn renders_every_field_of_an_issue() {
        let item = FeedbackItem {
            source: "code-review".into(),
            about: vec![],
            issues: vec![issue()],
            instructions: "Fix the query.".into(),
        };
        assert_eq!(
            render(&[item]),
            "## From the gate `code-review`\nFix the query.\n\n- security/S1 [high] injection (security_vulnerability; injected in \
             code)\n  Where: src/db.py:7\n  Description: The query is put together from user input.\n  Evidence: line one\n    line \
             two\n  Impact: Data can be read.\n  Recommendation: Bind parameters.\n"
        );
    }

    #[test]
    fn renders_a_persons_remark_verbatim() {
        let item = FeedbackItem {
            source: "person:ada".into(),
            about: vec![],
            issues: vec![],
            instructions: "Use *integers*,\n  please.".into(),
        };
        assert_eq!(render(&[item]), "## From a person: ada\nUse *integers*,\n  please.\n");
    }

    #[test]
    fn renders_nothing_without_feedback() {
        assert_eq!(render(&[]), "");
    }
}
