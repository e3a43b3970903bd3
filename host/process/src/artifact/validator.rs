//! Validates bytes against the schema and the rules of a kind.

use serde_json::Value;

use super::kinds::{AddedKinds, find, standard};
use super::paths::PathRules;
use super::rules;
use crate::names::{Kind, TaskId};
use crate::schema::{CompiledSchema, schema_fault};

/// The most faults that one validation reports.
const MAX_FAULTS: usize = 20;

/// Returns the compiled schema of a kind. Fails with the reason where the kind has no schema or the schema cannot be used.
pub fn compile_schema<'a>(added: &'a AddedKinds, kind: &Kind) -> Result<&'a jsonschema::Validator, String> {
    compile_kind(added, kind).map(|compiled| &compiled.validator)
}

fn compile_kind<'a>(added: &'a AddedKinds, kind: &Kind) -> Result<&'a CompiledSchema, String> {
    find(added, kind).ok_or_else(|| format!("there is no kind `{kind}`"))?.compiled()
}

/// What artifacts of a run are validated against, beside the schemas of the standard kinds.
#[derive(Debug, Clone, Copy)]
pub struct Validator<'a> {
    /// The kinds that the run's pipeline adds.
    pub kinds: &'a AddedKinds,
    /// The run's task. An artifact with a `task_id` must name this one.
    pub task_id: &'a TaskId,
    /// The current plan, where there is one. A design must cover each of its units.
    pub plan: Option<&'a Value>,
    /// The rules for paths of files.
    pub paths: &'a PathRules,
}

impl Validator<'_> {
    /// Parses and validates the bytes of an artifact. Returns the JSON, or every fault up to a maximum of 20.
    pub fn validate(&self, kind: &Kind, content: &[u8]) -> Result<Value, Vec<String>> {
        let compiled = compile_kind(self.kinds, kind).map_err(|why| vec![why])?;
        let value: Value = serde_json::from_slice(content).map_err(|error| vec![format!("it is not JSON: {error}")])?;
        if standard(kind).is_none() && !compiled.is_affordable(&value) {
            return Err(vec![format!("it has too many parts to be held against the schema of kind `{kind}`")]);
        }
        let mut faults: Vec<String> =
            compiled.validator.iter_errors(&value).take(MAX_FAULTS).map(|error| schema_fault(&error)).collect();
        if faults.is_empty() {
            faults = rules::faults(self.task_id, self.plan, self.paths, kind.as_str(), &value);
            faults.truncate(MAX_FAULTS);
        }
        if faults.is_empty() { Ok(value) } else { Err(faults) }
    }
}
