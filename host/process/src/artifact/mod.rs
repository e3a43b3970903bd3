//! Artifacts at the door: what kinds there are, and whether some bytes are an artifact of a kind.
//!
//! Every fault is found and said in words that a model can act on. Nothing that fails here is ever stored.

mod rules;

use serde_json::Value;

use crate::pipeline::Pipeline;
use crate::schema::{Ready, ready};
use crate::{Kind, TaskId};

pub use rules::{complexity, is_hidden, path_fault};

/// How many faults are told at once.
const MAX_FAULTS: usize = 20;

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
pub fn schema<'a>(pipeline: &'a Pipeline, kind: &Kind) -> Option<&'a str> {
    standard(kind).or_else(|| pipeline.kinds.get(kind).map(String::as_str))
}

fn standard(kind: &Kind) -> Option<&'static str> {
    STANDARD.iter().find(|(name, _)| *name == kind.as_str()).map(|(_, schema)| *schema)
}

/// The validator of a kind's schema.
pub fn compile(pipeline: &Pipeline, kind: &Kind) -> Result<jsonschema::Validator, String> {
    of_kind(pipeline, kind).map(|ready| ready.validator)
}

fn of_kind(pipeline: &Pipeline, kind: &Kind) -> Result<Ready, String> {
    let text = schema(pipeline, kind).ok_or_else(|| format!("there is no kind `{kind}`"))?;
    let schema: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    ready(&schema)
}

/// What an artifact is held against beside its schema.
#[derive(Debug, Clone, Copy)]
pub struct Door<'a> {
    /// The run's pipeline.
    pub pipeline: &'a Pipeline,
    /// The run's task: artifacts that name one must name this one.
    pub task_id: &'a TaskId,
    /// The current plan, where there is one: a design must cover it.
    pub plan: Option<&'a Value>,
}

impl Door<'_> {
    /// The artifact as JSON, or every fault.
    pub fn check(&self, kind: &Kind, content: &[u8]) -> Result<Value, Vec<String>> {
        let ready = of_kind(self.pipeline, kind).map_err(|why| vec![why])?;
        let value: Value = serde_json::from_slice(content).map_err(|error| vec![format!("it is not JSON: {error}")])?;
        if standard(kind).is_none() && !ready.takes(&value) {
            return Err(vec![format!("it has too many parts to be held against the schema of kind `{kind}`")]);
        }
        let mut faults: Vec<String> =
            ready.validator.iter_errors(&value).take(MAX_FAULTS).map(|error| schema_fault(&error)).collect();
        if faults.is_empty() {
            faults = rules::faults(self, kind.as_str(), &value);
            faults.truncate(MAX_FAULTS);
        }
        if faults.is_empty() { Ok(value) } else { Err(faults) }
    }
}

pub(crate) fn schema_fault(error: &jsonschema::ValidationError<'_>) -> String {
    let place = error.instance_path().to_string();
    let mut words = error.to_string();
    if words.chars().count() > 400 {
        words = words
            .chars()
            .take(180)
            .chain(" … ".chars())
            .chain(words.chars().skip(words.chars().count() - 180))
            .collect();
    }
    match place.is_empty() {
        true => words,
        false => format!("at {place}: {words}"),
    }
}
