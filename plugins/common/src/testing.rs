//! Inputs for unit tests of the standard agents. Not part of a component.

use phasegate_plugin::testing::MockHost;
use phasegate_plugin::types::FeedbackItem;

/// Adds what every agent of a run without a repository can get: a context file, a file of the project, notes, an environment,
/// and feedback on a second attempt.
pub fn with_common_inputs(host: MockHost) -> MockHost {
    let notes = r#"{"approved": [], "rejected": [{"run_id": "run-1", "id": "PIP-002", "analysis": "late", "reason": "no time",
        "decided_by": "ada"}]}"#;
    let feedback =
        FeedbackItem { source: "person:ada".into(), about: vec![], issues: vec![], instructions: "Be brief.".into() };
    host.input("context/notes.md", "context_file", "Notes\n")
        .input("context/a.py", "base_file", "x = 0\n")
        .input("process_notes", "process_notes", notes)
        .assignment(|a| {
            a.environment = r#"{"python": {"language": "python", "version": "3.14.0", "modules": ["re"]}}"#.to_owned();
            a.attempt = 2;
            a.feedback.push(feedback);
        })
}

/// Adds a small repository, and the setting that lets agents read it with tools.
pub fn with_repository(host: MockHost) -> MockHost {
    host.file("src/prices.py", "def total(items):\n    return sum(items)\n")
        .file("tests/test_prices.py", "def test_total():\n    assert True\n")
        .assignment(|a| a.settings = r#"{"repository_tokens": 1}"#.to_owned())
}
