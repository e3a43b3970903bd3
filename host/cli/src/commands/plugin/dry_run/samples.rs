//! Samples for a dry run: a small task with a valid artifact of every standard name, and answers of a model.
//!
//! Artifacts that are not in `samples.json` are minimal values of their schema. Schemas of answers come from the plugin, so
//! the values made from them are limited in size.

use std::collections::BTreeSet;

use phasegate_process::artifact::kinds;
use phasegate_process::artifact::{self, AddedKinds, FileNames, PathRules, Validator};
use phasegate_process::manifest::Manifest;
use phasegate_process::pipeline::{Phase, Pipeline, parse, standard};
use phasegate_process::source::Source;
use phasegate_process::{
    ArtifactName, ArtifactRef, Digest, Expected, FeedbackItem, InvalidName, Kind, PhaseName, TaskId,
};
use serde_json::{Map, Value, json};

use crate::exit::Failure;

const WRITTEN: &str = include_str!("samples.json");
/// Texts for the patterns that standard schemas use.
const TEXTS: [(&str, &str); 2] = [("^SU-[0-9]{3}$", "SU-001"), ("^[A-Za-z0-9._-]+$", "CHECK-1")];
/// The artifacts that the host makes before the first phase.
const FIRST: [&str; 3] = [kinds::TASK_REQUIREMENTS, kinds::PROCESS_NOTES, kinds::RUN_MEASURES];
/// The rules of a run with default settings and without base files.
static PATHS: PathRules = PathRules { names: Some(FileNames::Portable), base: BTreeSet::new() };
/// Name of the temporary kind that checks a value against the schema of an answer.
const ANSWER: &str = "scripted_answer";
/// Maximal number of values for one schema; with the longest texts this is less than 1 MB.
const MAX_VALUES: usize = 900;
/// What names of artifacts of the attempt before begin with.
const PREVIOUS: &str = "previous/";
const MAX_ITEMS: u64 = 20;
const MAX_CHARACTERS: u64 = 1_000;

/// A small task in the middle of the standard process.
pub struct Samples {
    pipeline: Pipeline,
    task_id: TaskId,
    /// Samples by kind.
    written: Map<String, Value>,
    artifacts: Vec<(ArtifactRef, Value)>,
}

impl Samples {
    /// Builds all samples for a pipeline, or for the standard one. Kinds that the manifest defines are known, too.
    pub fn new(pipeline: Option<Pipeline>, manifest: Option<&Manifest>) -> Result<Self, Failure> {
        let broken = |why: String| Failure::infrastructure(format!("the built-in samples are invalid: {why}"));
        let mut pipeline = match pipeline {
            Some(pipeline) => pipeline,
            None => {
                let text = standard("tsp").ok_or_else(|| broken("there is no pipeline `tsp`".to_owned()))?;
                let parsed = parse(Source { file: "tsp", text }, &|path| Err(format!("there is no file `{path}`")));
                parsed.map_err(|fault| broken(fault.to_string()))?
            }
        };
        for (kind, schema) in manifest.into_iter().flat_map(|manifest| &manifest.kinds) {
            pipeline.kinds.entry(kind.clone()).or_insert_with(|| schema.to_string().into());
        }
        let task_id = "CHECK-1".parse().map_err(|bad| broken(format!("{bad}")))?;
        let written: Map<String, Value> = serde_json::from_str(WRITTEN).map_err(|why| broken(why.to_string()))?;
        let mut samples = Self { pipeline, task_id, written, artifacts: Vec::new() };
        for name in FIRST {
            let name: ArtifactName = name.parse().map_err(|bad| broken(format!("{bad}")))?;
            let kind: Kind = name.as_str().parse().map_err(|bad| broken(format!("{bad}")))?;
            samples.artifacts.push(samples.artifact(name, kind));
        }
        for (name, kind) in samples.made().map_err(|bad| broken(bad.to_string()))? {
            samples.artifacts.push(samples.artifact(name, kind));
        }
        Ok(samples)
    }

    /// Returns the artifacts that some phase reads, in the order in which phases and gates make them.
    fn made(&self) -> Result<Vec<(ArtifactName, Kind)>, InvalidName> {
        let mut made = Vec::new();
        for phase in &self.pipeline.phases {
            made.extend(phase.produces.iter().map(|it| (it.name.clone(), it.kind.clone())));
            if let Some(gate) = &phase.gate {
                let kind = if gate.tests.is_some() { kinds::TEST_REPORT } else { kinds::FINDINGS_REPORT };
                made.push((gate.report.clone(), kind.parse()?));
            }
        }
        let is_read = |name: &ArtifactName| {
            self.pipeline.phases.iter().flat_map(|phase| &phase.reads).any(|read| read.matches(name.as_str()))
        };
        made.retain(|(name, _)| is_read(name));
        Ok(made)
    }

    fn artifact(&self, name: ArtifactName, kind: Kind) -> (ArtifactRef, Value) {
        let value = self.written.get(kind.as_str()).cloned().unwrap_or_else(|| self.minimal(&kind));
        let content = value.to_string();
        let (digest, size) = (Digest::from_content(content.as_bytes()), content.len() as u64);
        (ArtifactRef { name, kind, digest, size }, value)
    }

    /// Replaces the content of an artifact. Fails if no phase reads an artifact of this name, or if the content is not of its
    /// kind.
    pub fn replace(&mut self, name: &str, value: Value) -> Result<(), String> {
        let content = value.to_string();
        let Some(place) = self.artifacts.iter().position(|(artifact, _)| artifact.name.as_str() == name) else {
            let known: Vec<&str> = self.artifacts.iter().map(|(artifact, _)| artifact.name.as_str()).collect();
            return Err(format!("no phase reads an artifact `{name}`: there are {}", known.join(", ")));
        };
        let kind = self.artifacts.get(place).map(|(artifact, _)| artifact.kind.to_string()).unwrap_or_default();
        self.check(&kind, content.as_bytes()).map_err(|faults| faults.join("; "))?;
        if let Some((artifact, sample)) = self.artifacts.get_mut(place) {
            artifact.digest = Digest::from_content(content.as_bytes());
            artifact.size = content.len() as u64;
            *sample = value;
        }
        Ok(())
    }

    /// The id of the sample task.
    pub fn task_id(&self) -> &TaskId {
        &self.task_id
    }

    /// Returns a phase of the pipeline; without a name `planning`, or else the first one.
    pub fn phase(&self, name: Option<&PhaseName>) -> Result<&Phase, Failure> {
        let usual = || self.phases().find(|phase| phase.as_str() == "planning").or_else(|| self.phases().next());
        let found = name.or_else(usual).and_then(|name| self.pipeline.phase(name));
        found.ok_or_else(|| {
            let known: Vec<&str> = self.phases().map(PhaseName::as_str).collect();
            let name = name.map_or("", PhaseName::as_str);
            Failure::usage(format!("--phase: unknown phase `{name}`"))
                .with_hint(format!("choose one of {}", known.join(", ")))
        })
    }

    /// Returns the names of the phases, in order.
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

    /// Returns the artifacts of the attempt before.
    pub fn previous(&self, phase: &Phase) -> Vec<ArtifactRef> {
        let made = phase.produces.iter().filter_map(|made| {
            let name = format!("{PREVIOUS}{}", made.name).parse().ok()?;
            Some(self.artifact(name, made.kind.clone()).0)
        });
        made.collect()
    }

    /// Returns what a failed gate says about the attempt before.
    pub fn feedback(&self, phase: &Phase) -> Result<FeedbackItem, Failure> {
        let gate = self.pipeline.phases.iter().find(|other| {
            other.gate.as_ref().is_some_and(|gate| other.name == phase.name || gate.may_revise.contains(&phase.name))
        });
        let about: Vec<Digest> = self.previous(phase).into_iter().map(|artifact| artifact.digest).collect();
        let item = json!({
            "source": gate.map_or("host", |gate| gate.name.as_str()),
            "about": about,
            "issues": [{
                "id": "I-1", "severity": "high", "category": "quality", "defect_type": "conventional_code_bug",
                "phase_injected": phase.name, "description": "A sample: the work does not say what an empty text means.",
                "evidence": "nothing in the first attempt", "impact": "two readers build two things"
            }],
            "instructions": "Say what an empty text means.",
        });
        serde_json::from_value(item).map_err(|why| Failure::infrastructure(why.to_string()))
    }

    /// Returns the artifacts that a phase produces, with their schemas.
    pub fn expected(&self, phase: &Phase) -> Vec<Expected> {
        let schema = |kind| artifact::schema(&self.pipeline.kinds, kind).unwrap_or("{}").to_owned();
        let made = phase.produces.iter();
        made.map(|it| Expected { name: it.name.clone(), kind: it.kind.clone(), schema: schema(&it.kind) }).collect()
    }

    /// Returns the content of a sample artifact, or of one of the attempt before.
    pub fn content(&self, name: &str) -> Option<String> {
        if let Some(name) = name.strip_prefix(PREVIOUS) {
            let made = self.pipeline.phases.iter().flat_map(|phase| &phase.produces);
            let made = made.into_iter().find(|made| made.name.as_str() == name)?;
            return Some(self.artifact(made.name.clone(), made.kind.clone()).1.to_string());
        }
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
        let known = known.map(|(_, value)| value).or_else(|| self.written.get(kind.as_str()));
        known.cloned().unwrap_or_else(|| self.minimal(kind))
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
        let samples = Samples::new(None, None).unwrap();
        for (artifact, value) in &samples.artifacts {
            let checked = samples.check(artifact.kind.as_str(), value.to_string().as_bytes());
            assert_eq!(checked, Ok(()), "{}", artifact.name);
        }
    }

    #[test]
    fn answers_satisfy_their_schema() {
        let samples = Samples::new(None, None).unwrap();
        let design = samples.phase(Some(&"design".parse().unwrap())).unwrap();
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
