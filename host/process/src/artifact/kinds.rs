//! The kinds of artifacts: the standard ones with their schemas, and those that a pipeline adds.

use std::collections::BTreeMap;

use crate::Kind;

/// JSON Schemas, as text, of the kinds that a pipeline adds to the standard ones.
pub type AddedKinds = BTreeMap<Kind, String>;

/// The inputs that the host puts into every run.
pub const HOST_INPUTS: [&str; 3] = ["task_requirements", "process_notes", "run_measures"];

/// The kind of context files, which are bytes without a schema.
pub const CONTEXT_FILE: &str = "context_file";
/// The kind of those context files that lie under the generated files when tests run.
pub const BASE_FILE: &str = "base_file";

const STANDARD: [(&str, &str); 11] = [
    ("task_requirements", include_str!("../../schemas/task_requirements.json")),
    ("project_plan", include_str!("../../schemas/project_plan.json")),
    ("design_specification", include_str!("../../schemas/design_specification.json")),
    ("findings_report", include_str!("../../schemas/findings_report.json")),
    ("generated_code", include_str!("../../schemas/generated_code.json")),
    ("test_suite", include_str!("../../schemas/test_suite.json")),
    ("test_report", include_str!("../../schemas/test_report.json")),
    ("run_measures", include_str!("../../schemas/run_measures.json")),
    ("postmortem_report", include_str!("../../schemas/postmortem_report.json")),
    ("pips", include_str!("../../schemas/pips.json")),
    ("process_notes", include_str!("../../schemas/process_notes.json")),
];

/// The JSON Schema of a kind, as text.
pub fn schema<'a>(added: &'a AddedKinds, kind: &Kind) -> Option<&'a str> {
    standard(kind).or_else(|| added.get(kind).map(String::as_str))
}

pub(super) fn standard(kind: &Kind) -> Option<&'static str> {
    STANDARD.iter().find(|(name, _)| *name == kind.as_str()).map(|(_, schema)| *schema)
}
