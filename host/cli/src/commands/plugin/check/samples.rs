//! Samples for a dry run: a small task with a valid artifact of every standard name, and answers of a model.
//!
//! Artifacts that are not in `samples.json` are minimal values of their schema. Schemas of answers come from the plugin, so
//! the values made from them are limited in size.

use std::collections::BTreeSet;

use phasegate_process::artifact::kinds;
use phasegate_process::artifact::{self, AddedKinds, FileNames, PathRules, Validator};
use phasegate_process::pipeline::{Phase, Pipeline, parse, standard};
use phasegate_process::source::Source;
use phasegate_process::{ArtifactName, ArtifactRef, Digest, Expected, Kind, PhaseName, TaskId};
use serde_json::{Map, Value, json};

use crate::exit::Failure;

const WRITTEN: &str = include_str!("samples.json");
/// Texts for the patterns that standard schemas use.
const TEXTS: [(&str, &str); 2] = [("^SU-[0-9]{3}$", "SU-001"), ("^[A-Za-z0-9._-]+$", "CHECK-1")];
const NAMES: [(&str, &str); 10] = [
    (kinds::TASK_REQUIREMENTS, kinds::TASK_REQUIREMENTS),
    (kinds::PROCESS_NOTES, kinds::PROCESS_NOTES),
    (kinds::RUN_MEASURES, kinds::RUN_MEASURES),
    (kinds::PROJECT_PLAN, kinds::PROJECT_PLAN),
    (kinds::DESIGN_SPECIFICATION, kinds::DESIGN_SPECIFICATION),
    (kinds::DESIGN_REVIEW_REPORT, kinds::FINDINGS_REPORT),
    (kinds::GENERATED_CODE, kinds::GENERATED_CODE),
    (kinds::CODE_REVIEW_REPORT, kinds::FINDINGS_REPORT),
    (kinds::TEST_SUITE, kinds::TEST_SUITE),
    (kinds::TEST_REPORT, kinds::TEST_REPORT),
];
/// The rules of a run with default settings and without base files.
static PATHS: PathRules = PathRules { names: Some(FileNames::Portable), base: BTreeSet::new() };
/// Name of the temporary kind that checks a value against the schema of an answer.
const ANSWER: &str = "scripted_answer";
/// Maximal number of values for one schema; with the longest texts this is less than 1 MB.
const MAX_VALUES: usize = 900;
const MAX_ITEMS: u64 = 20;
const MAX_CHARACTERS: u64 = 1_000;

/// A small task in the middle of the standard process.
pub struct Samples {
    pipeline: Pipeline,
    task_id: TaskId,
    artifacts: Vec<(ArtifactRef, Value)>,
}

impl Samples {
    /// Builds all samples.
    pub fn new() -> Result<Self, Failure> {
        let broken = |why: String| Failure::infrastructure(format!("the built-in samples are invalid: {why}"));
        let text = standard("tsp").ok_or_else(|| broken("there is no pipeline `tsp`".to_owned()))?;
        let pipeline = parse(Source { file: "tsp", text }, &|path| Err(format!("there is no file `{path}`")));
        let pipeline = pipeline.map_err(|fault| broken(fault.to_string()))?;
        let task_id = "CHECK-1".parse().map_err(|bad| broken(format!("{bad}")))?;
        let written: Map<String, Value> = serde_json::from_str(WRITTEN).map_err(|why| broken(why.to_string()))?;
        let mut samples = Self { pipeline, task_id, artifacts: Vec::new() };
        for (name, kind) in NAMES {
            let name: ArtifactName = name.parse().map_err(|bad| broken(format!("{bad}")))?;
            let kind: Kind = kind.parse().map_err(|bad| broken(format!("{bad}")))?;
            let value = written.get(kind.as_str()).cloned().unwrap_or_else(|| samples.minimal(&kind));
            let content = value.to_string();
            let artifact = ArtifactRef {
                name,
                kind,
                digest: Digest::from_content(content.as_bytes()),
                size: content.len() as u64,
            };
            samples.artifacts.push((artifact, value));
        }
        Ok(samples)
    }

    /// The id of the sample task.
    pub fn task_id(&self) -> &TaskId {
        &self.task_id
    }

    /// Returns a phase of the standard process.
    pub fn phase(&self, name: &PhaseName) -> Result<&Phase, Failure> {
        self.pipeline.phase(name).ok_or_else(|| {
            let known: Vec<&str> = self.phases().map(PhaseName::as_str).collect();
            Failure::usage(format!("--phase: unknown phase `{name}`"))
                .with_hint(format!("choose one of {}", known.join(", ")))
        })
    }

    /// Returns the names of the standard phases, in order.
    pub fn phases(&self) -> impl Iterator<Item = &PhaseName> {
        self.pipeline.phases.iter().map(|phase| &phase.name)
    }

    /// Returns the inputs of a phase: all artifacts except its own and optional ones.
    pub fn inputs(&self, phase: &Phase) -> Vec<ArtifactRef> {
        let spared = |name: &str| phase.reads.iter().any(|read| read.optional && read.matches(name));
        let made = |name: &str| phase.produces.iter().any(|made| made.name.as_str() == name);
        let artifacts = self.artifacts.iter().map(|(artifact, _)| artifact);
        artifacts.filter(|it| !spared(it.name.as_str()) && !made(it.name.as_str())).cloned().collect()
    }

    /// Returns the artifacts that a phase produces, with their schemas.
    pub fn expected(&self, phase: &Phase) -> Vec<Expected> {
        let schema = |kind| artifact::schema(&self.pipeline.kinds, kind).unwrap_or("{}").to_owned();
        let made = phase.produces.iter();
        made.map(|it| Expected { name: it.name.clone(), kind: it.kind.clone(), schema: schema(&it.kind) }).collect()
    }

    /// Returns the content of a sample artifact.
    pub fn content(&self, name: &str) -> Option<String> {
        self.artifacts.iter().find(|(artifact, _)| artifact.name.as_str() == name).map(|(_, value)| value.to_string())
    }

    /// Validates content as an artifact of this kind; returns the faults.
    pub fn check(&self, kind: &str, content: &[u8]) -> Result<(), Vec<String>> {
        let kind = kind.parse::<Kind>().map_err(|_| vec![format!("there is no kind `{}`", kind.escape_debug())])?;
        self.validator(&self.pipeline.kinds).validate(&kind, content).map(drop)
    }

    /// Returns an answer of the model: an expected artifact if it satisfies the schema of the answer, else a minimal value.
    pub fn answer(&self, schema: Option<&str>, expected: &[Expected]) -> String {
        let candidates = expected.iter().map(|it| self.sample(&it.kind));
        let schema: Option<Value> = schema.and_then(|text| serde_json::from_str(text).ok());
        let value = match (schema, candidates) {
            (None, mut candidates) => candidates.next().unwrap_or_else(|| json!({ "scripted": true })),
            (Some(schema), mut candidates) => {
                candidates.find(|value| self.satisfies(&schema, value)).unwrap_or_else(|| minimal_value(&schema))
            }
        };
        value.to_string()
    }

    fn sample(&self, kind: &Kind) -> Value {
        let known = self.artifacts.iter().find(|(artifact, _)| artifact.kind == *kind);
        known.map_or_else(|| self.minimal(kind), |(_, value)| value.clone())
    }

    fn minimal(&self, kind: &Kind) -> Value {
        let schema = artifact::schema(&self.pipeline.kinds, kind).and_then(|text| serde_json::from_str(text).ok());
        minimal_value(&schema.unwrap_or(Value::Null))
    }

    fn satisfies(&self, schema: &Value, value: &Value) -> bool {
        let Ok(kind) = ANSWER.parse::<Kind>() else { return false };
        let mut kinds = self.pipeline.kinds.clone();
        kinds.insert(kind.clone(), schema.to_string().into());
        self.validator(&kinds).validate(&kind, value.to_string().as_bytes()).is_ok()
    }

    fn validator<'a>(&'a self, kinds: &'a AddedKinds) -> Validator<'a> {
        let plan = self.artifacts.iter().find(|(artifact, _)| artifact.name.as_str() == kinds::PROJECT_PLAN);
        Validator { kinds, task_id: &self.task_id, plan: plan.map(|(_, value)| value), paths: &PATHS }
    }
}

/// Returns a minimal value of a schema; keywords other than the common ones are ignored.
fn minimal_value(schema: &Value) -> Value {
    minimal(schema, &mut MAX_VALUES.clone())
}

fn minimal(schema: &Value, left: &mut usize) -> Value {
    let Some(rest) = left.checked_sub(1) else { return Value::Null };
    *left = rest;
    let first = |key: &str| schema.get(key).and_then(Value::as_array).and_then(|all| all.first());
    if let Some(value) = schema.get("const").or_else(|| first("enum")) {
        return value.clone();
    }
    if let Some(one) = first("anyOf").or_else(|| first("oneOf")) {
        return minimal(one, left);
    }
    let at_least = |key: &str| schema.get(key).and_then(Value::as_u64).unwrap_or(0);
    let sort = schema.get("type").and_then(Value::as_str).or_else(|| first("type").and_then(Value::as_str));
    match sort {
        Some("object") => {
            let names =
                schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
            let of = |name: &str| schema.get("properties").and_then(|all| all.get(name)).unwrap_or(&Value::Null);
            names.map(|name| (name.to_owned(), minimal(of(name), left))).collect()
        }
        Some("array") => {
            let items = schema.get("items").unwrap_or(&Value::Null);
            (0..at_least("minItems").min(MAX_ITEMS)).map(|_| minimal(items, left)).collect()
        }
        Some("string") => minimal_text(schema.get("pattern").and_then(Value::as_str), at_least("minLength")).into(),
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or_else(|| json!(0)),
        Some("boolean") => Value::Bool(true),
        _ => Value::Null,
    }
}

fn minimal_text(pattern: Option<&str>, at_least: u64) -> String {
    if let Some((_, text)) = TEXTS.iter().find(|(known, _)| Some(*known) == pattern) {
        return (*text).to_owned();
    }
    let length = at_least.min(MAX_CHARACTERS) as usize;
    let mut text = "scripted".to_owned();
    while text.len() < length {
        text.push_str(" scripted");
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn samples_are_valid_artifacts() {
        let samples = Samples::new().unwrap();
        for (artifact, value) in &samples.artifacts {
            let checked = samples.check(artifact.kind.as_str(), value.to_string().as_bytes());
            assert_eq!(checked, Ok(()), "{}", artifact.name);
        }
    }

    #[test]
    fn answers_satisfy_their_schema() {
        let samples = Samples::new().unwrap();
        let design = samples.phase(&"design".parse().unwrap()).unwrap();
        let expected = samples.expected(design);
        let the_design = samples.content("design_specification").unwrap();
        assert_eq!(samples.answer(None, &expected), the_design);
        assert_eq!(samples.answer(Some(&expected.first().unwrap().schema), &expected), the_design);
        let schema = r#"{"type": "object", "required": ["say", "n"], "additionalProperties": false,
            "properties": {"say": {"type": "string", "minLength": 10}, "n": {"type": ["integer", "null"], "minimum": 3}}}"#;
        assert_eq!(samples.answer(Some(schema), &expected), r#"{"n":3,"say":"scripted scripted"}"#);
    }

    #[test]
    fn answers_to_huge_schemas_are_limited() {
        let mut schema = json!({"type": "string", "minLength": u64::MAX});
        for _ in 0..20 {
            schema = json!({"type": "array", "minItems": u64::MAX, "items": schema});
        }
        assert!(minimal_value(&schema).to_string().len() < 1_000_000);
    }
}
