//! Optional sections of every prompt: context files, process notes, and the previous work with its feedback word for word.
//! A section without content is empty.

use phasegate_plugin::artifacts::ProcessNotes;
use phasegate_plugin::{Failure, Prompt, Work, fenced, fenced_named};

use crate::render::json;

const CONTEXT: Prompt = Prompt::new(include_str!("../prompts/context.md"));
const NOTES: Prompt = Prompt::new(include_str!("../prompts/notes.md"));
const REVISION: Prompt = Prompt::new(include_str!("../prompts/revision.md"));
const AGAIN: Prompt = Prompt::new(include_str!("../prompts/again.md"));
const REMARKS: Prompt = Prompt::new(include_str!("../prompts/remarks.md"));

/// Limit of all context files in one prompt, in bytes. Files beyond it are listed without content.
const MAX_CONTEXT_BYTES: usize = 200_000;

/// Renders the task's context files in the order of the assignment.
pub fn context(work: &Work) -> String {
    let mut remaining = MAX_CONTEXT_BYTES;
    let inputs = work.assignment.inputs.iter().filter(|input| input.name.starts_with("context/"));
    let files: Vec<String> = inputs
        .map(|input| {
            let title = if input.kind == "base_file" { "File of the project" } else { "Context file" };
            let name = &input.name;
            match work.read_text(&input.name) {
                Err(_) => fenced_named(title, name, &format!("{} bytes, not text; content omitted", input.size)),
                Ok(text) if text.len() > remaining => {
                    let why = "content omitted, because the context files exceed the size limit";
                    fenced_named(title, name, &format!("{} bytes; {why}", input.size))
                }
                Ok(text) => {
                    remaining -= text.len();
                    fenced_named(title, name, &text)
                }
            }
        })
        .collect();
    if files.is_empty() { String::new() } else { section(CONTEXT.render(&[("files", &files.join("\n"))])) }
}

/// Renders people's decisions about earlier improvement proposals.
pub fn notes(work: &Work) -> Result<String, Failure> {
    let notes = work.process_notes()?;
    let text = render_notes(&notes);
    Ok(if text.is_empty() { text } else { section(NOTES.render(&[("notes", &fenced("Process notes", &text))])) })
}

/// Renders the work of the previous attempt (`previous`, fenced) and the feedback on it.
pub fn revision(work: &Work, previous: Option<&str>) -> String {
    let feedback = work.feedback_text();
    let feedback =
        if feedback.trim().is_empty() { String::new() } else { fenced("Feedback, word for word", &feedback) };
    let attempt = work.assignment.attempt.to_string();
    match (previous, feedback.as_str()) {
        (None, "") => String::new(),
        (None, feedback) => section(REMARKS.render(&[("feedback", feedback)])),
        (Some(previous), "") => section(AGAIN.render(&[("attempt", &attempt), ("previous", previous)])),
        (Some(previous), feedback) => {
            section(REVISION.render(&[("attempt", &attempt), ("previous", previous), ("feedback", feedback)]))
        }
    }
}

/// Returns a rendered fragment with an empty line before and after it.
pub fn section(text: String) -> String {
    format!("\n{}\n\n", text.trim())
}

fn render_notes(notes: &ProcessNotes) -> String {
    let approved = notes
        .approved
        .iter()
        .map(|note| format!("{}, approved by {}:\n{}\n", note.id, note.decided_by, json(&note.proposed_changes)));
    let rejected = notes.rejected.iter().map(|note| {
        format!("{}, rejected by {}: {}\nThe proposal was: {}\n", note.id, note.decided_by, note.reason, note.analysis)
    });
    approved.chain(rejected).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use phasegate_plugin::testing::MockHost;
    use phasegate_plugin::types::{FeedbackItem, Issue, Severity};

    use super::*;

    fn feedback() -> Vec<FeedbackItem> {
        let issue = Issue {
            id: "D-7".into(),
            severity: Severity::High,
            category: "edge".into(),
            defect_type: "conventional_code_bug".into(),
            phase_injected: "design".into(),
            description: "Empty text is not specified.".into(),
            evidence: "parse: \"…\"".into(),
            impact: "Two readings.".into(),
            recommendation: None,
            location: None,
        };
        let gate = FeedbackItem {
            source: "design-review".into(),
            about: vec![],
            issues: vec![issue],
            instructions: "Fix it.".into(),
        };
        let person = FeedbackItem {
            source: "person:ada".into(),
            about: vec![],
            issues: vec![],
            instructions: "Keep it  small!".into(),
        };
        vec![gate, person]
    }

    #[test]
    fn first_attempts_have_no_revision() {
        let (text, _) = MockHost::new().run_with(|work| async move { revision(&work, None) });
        assert_eq!(text, "");
    }

    #[test]
    fn revisions_contain_previous_work_and_all_feedback() {
        let host = MockHost::new().assignment(|a| {
            a.attempt = 2;
            a.feedback = feedback();
        });
        let (text, _) = host.run_with(|work| async move { revision(&work, Some("THE OLD DESIGN")) });
        for part in [
            "Attempt 2",
            "THE OLD DESIGN",
            "D-7",
            "Empty text is not specified.",
            "ada",
            "Keep it  small!",
            "by its id",
        ] {
            assert!(text.contains(part), "{part} is missing in {text}");
        }
    }

    #[test]
    fn first_attempts_get_conditions_of_passed_gates() {
        let host = MockHost::new().assignment(|a| a.feedback = feedback());
        let (text, _) = host.run_with(|work| async move { revision(&work, None) });
        assert!(text.contains("D-7") && !text.contains("sent back"), "{text}");
    }

    #[test]
    fn names_changed_inputs_if_there_is_no_feedback() {
        let host = MockHost::new().assignment(|a| a.attempt = 3);
        let (text, _) = host.run_with(|work| async move { revision(&work, Some("OLD")) });
        assert!(text.contains("OLD") && text.contains("changed inputs") && !text.contains("sent back"), "{text}");
    }

    #[test]
    fn notes_contain_decisions_but_no_run_ids() {
        let notes = r#"{
            "approved": [{"run_id": "run-77", "id": "PIP-001", "decided_by": "ada",
                "proposed_changes": [{"target": "design", "change": "add", "proposed": "Say what empty text does.", "rationale": "asked"}]}],
            "rejected": [{"run_id": "run-78", "id": "PIP-002", "analysis": "too few reviews", "reason": "no time", "decided_by": "bob"}]
        }"#;
        let host = MockHost::new().input("process_notes", "process_notes", notes);
        let (text, _) = host.run_with(|work| async move { super::notes(&work).unwrap() });
        assert!(text.contains("Say what empty text does.") && text.contains("rejected by bob: no time"), "{text}");
        assert!(!text.contains("run-7"), "{text}");
    }

    #[test]
    fn renders_context_files_under_their_names() {
        let host = MockHost::new().input("context/a.md", "context_file", "notes").input(
            "context/src/a.py",
            "base_file",
            "x = 1\n",
        );
        let (text, _) = host.run_with(|work| async move { context(&work) });
        assert!(
            text.contains("```\ncontext/a.md\n----\nnotes\n```") && text.contains("File of the project (data"),
            "{text}"
        );
        let (none, _) = MockHost::new().run_with(|work| async move { context(&work) });
        assert_eq!(none, "");
    }

    #[test]
    fn omits_binary_and_oversized_context_files() {
        let host = MockHost::new()
            .input("context/logo.png", "context_file", vec![0xff, 0xfe])
            .input("context/big.txt", "context_file", "x".repeat(MAX_CONTEXT_BYTES + 1))
            .input("context/small.txt", "context_file", "fits");
        let (text, _) = host.run_with(|work| async move { context(&work) });
        assert!(
            text.contains("logo.png\n----\n2 bytes, not text") && text.contains("big.txt\n----\n200001 bytes; content"),
            "{text}"
        );
        assert!(text.contains("fits"));
    }
}
