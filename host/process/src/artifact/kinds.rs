//! The kinds of artifacts: the standard ones with their schemas, and those that a pipeline adds.
//!
//! The standard pipelines give most artifacts the name of their kind, so that a constant here stands for both. Names that
//! differ from their kind (reports of reviews) have constants of their own. These texts are part of the stored format.

use std::collections::BTreeMap;

use super::kind_schema::KindSchema;
use crate::names::Kind;

/// The schemas of the kinds that a pipeline adds to the standard ones.
pub type AddedKinds = BTreeMap<Kind, KindSchema>;

/// What was asked: the task's description, requirements and constraints. A host input.
pub const TASK_REQUIREMENTS: &str = "task_requirements";
/// What people decided on the proposals of earlier runs. A host input.
pub const PROCESS_NOTES: &str = "process_notes";
/// What the host measured of the run so far. A host input, written anew before each attempt that reads it.
pub const RUN_MEASURES: &str = "run_measures";
/// The files of the run's repository, ranked. A host input of runs that start from a repository.
pub const REPOSITORY_MAP: &str = "repository_map";
/// The plan: semantic units and their complexity.
pub const PROJECT_PLAN: &str = "project_plan";
/// The design: components, contracts, and the checklist of its review.
pub const DESIGN_SPECIFICATION: &str = "design_specification";
/// Files of code.
pub const GENERATED_CODE: &str = "generated_code";
/// Files of tests, and the requirements that they cover.
pub const TEST_SUITE: &str = "test_suite";
/// The host's report on a gate that was judged by findings.
pub const FINDINGS_REPORT: &str = "findings_report";
/// The host's report on a gate that was judged by a run of tests.
pub const TEST_REPORT: &str = "test_report";
/// Figures and root causes of a run.
pub const POSTMORTEM_REPORT: &str = "postmortem_report";
/// Process improvement proposals, for people to decide on.
pub const PIPS: &str = "pips";
/// A context file: bytes without a schema.
pub const CONTEXT_FILE: &str = "context_file";
/// A context file that lies under the generated files when tests run.
pub const BASE_FILE: &str = "base_file";

/// The artifacts that the host puts into every run, each of the kind of the same name.
pub const HOST_INPUTS: [&str; 3] = [TASK_REQUIREMENTS, PROCESS_NOTES, RUN_MEASURES];
/// The artifacts that the host puts into some runs, each of the kind of the same name.
pub const OPTIONAL_HOST_INPUTS: [&str; 1] = [REPOSITORY_MAP];

/// The report of the gate `design-review` of the standard pipelines, of kind [`FINDINGS_REPORT`].
pub const DESIGN_REVIEW_REPORT: &str = "design_review_report";
/// The report of the gate `code-review` of the standard pipelines, of kind [`FINDINGS_REPORT`].
pub const CODE_REVIEW_REPORT: &str = "code_review_report";

static STANDARD: [(&str, KindSchema); 12] = [
    (TASK_REQUIREMENTS, KindSchema::new(include_str!("../../schemas/task_requirements.json"))),
    (PROJECT_PLAN, KindSchema::new(include_str!("../../schemas/project_plan.json"))),
    (DESIGN_SPECIFICATION, KindSchema::new(include_str!("../../schemas/design_specification.json"))),
    (FINDINGS_REPORT, KindSchema::new(include_str!("../../schemas/findings_report.json"))),
    (GENERATED_CODE, KindSchema::new(include_str!("../../schemas/generated_code.json"))),
    (TEST_SUITE, KindSchema::new(include_str!("../../schemas/test_suite.json"))),
    (TEST_REPORT, KindSchema::new(include_str!("../../schemas/test_report.json"))),
    (RUN_MEASURES, KindSchema::new(include_str!("../../schemas/run_measures.json"))),
    (POSTMORTEM_REPORT, KindSchema::new(include_str!("../../schemas/postmortem_report.json"))),
    (PIPS, KindSchema::new(include_str!("../../schemas/pips.json"))),
    (PROCESS_NOTES, KindSchema::new(include_str!("../../schemas/process_notes.json"))),
    (REPOSITORY_MAP, KindSchema::new(include_str!("../../schemas/repository_map.json"))),
];

/// The names of the standard kinds.
pub fn standard_names<'a>() -> impl Iterator<Item = &'a str> {
    STANDARD.iter().map(|(name, _)| *name)
}

/// The JSON Schema of a kind, as text.
pub fn schema<'a>(added: &'a AddedKinds, kind: &Kind) -> Option<&'a str> {
    find(added, kind).map(KindSchema::text)
}

/// The JSON Schema of a kind.
pub(super) fn find<'a>(added: &'a AddedKinds, kind: &Kind) -> Option<&'a KindSchema> {
    standard(kind).or_else(|| added.get(kind))
}

pub(super) fn standard(kind: &Kind) -> Option<&'static KindSchema> {
    STANDARD.iter().find(|(name, _)| *name == kind.as_str()).map(|(_, schema)| schema)
}
