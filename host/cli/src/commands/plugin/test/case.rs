//! A case of `phasegate plugin test`: a TOML file with the inputs of one call and what is expected of it.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use phasegate_files::{MAX_TEXT_BYTES, read_text};
use phasegate_process::PhaseName;
use phasegate_process::file_schema::file_schema;
use phasegate_process::source::{self, Reference, Source, to_json};
use phasegate_process::testing::File;
use phasegate_runtime::ErrorCode;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use toml::Spanned;

use crate::exit::Failure;
use crate::paths::display_path;
use crate::terminal::format::describe_read_error;

/// A case as it stands in its file. Keys that the plugin's kind has no use for are rejected where it is called.
#[derive(Debug)]
pub struct Case {
    /// The file as a person would name it.
    pub name: String,
    pub input: Input,
    pub expect: Expect,
}

/// What the plugin is called with.
#[derive(Debug)]
pub struct Input {
    pub phase: Option<PhaseName>,
    pub attempt: NonZeroU32,
    /// Settings in addition to those of the phase.
    pub settings: Map<String, Value>,
    /// The script of answers; `None` for answers made from schemas.
    pub answers: Option<PathBuf>,
    /// Contents of inputs by name, in place of the samples.
    pub inputs: BTreeMap<String, Value>,
    /// Fields of the failure that a strategy decides about, in place of the sample's.
    pub failure: Map<String, Value>,
    pub code: Vec<File>,
    pub tests: Vec<File>,
}

/// What is expected. Objects may have more members than are listed.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Expect {
    /// Contents of artifacts by name.
    #[schemars(with = "BTreeMap<String, Value>")]
    pub artifacts: BTreeMap<String, toml::Value>,
    /// The issues of a gate's findings, all of them and in order.
    #[schemars(with = "Option<Vec<Map<String, Value>>>")]
    pub issues: Option<Vec<toml::Value>>,
    /// The labels of the model calls, all of them and in order.
    pub requests: Option<Vec<String>>,
    /// A part of the reason of a failure.
    pub failure: Option<String>,
    /// The phases that a strategy sends back, all of them and in order.
    pub revise: Option<Vec<String>>,
    /// A part of the question to a person.
    pub ask_a_person: Option<String>,
    /// A part of the reason for giving up.
    pub give_up: Option<String>,
    /// Outcomes of tests by name, all of them.
    pub outcomes: Option<BTreeMap<String, String>>,
    /// Parts of the errors of files that are no tests, all of them and in order.
    pub errors: Option<Vec<String>>,
}

/// A case of `phasegate plugin test`: the inputs of one call of a plugin, and what is expected of it.
#[derive(Deserialize, JsonSchema)]
#[schemars(title = "Case")]
#[serde(deny_unknown_fields)]
struct Raw {
    /// The phase of `pipeline.toml` that an agent is called as. Default: the only one.
    #[schemars(with = "Option<PhaseName>")]
    phase: Option<Spanned<String>>,
    /// The attempt. From 2 on with artifacts and feedback of the attempt before. Default: 1.
    attempt: Option<NonZeroU32>,
    /// Settings in addition to those of the phase.
    #[schemars(with = "Option<Map<String, Value>>")]
    settings: Option<toml::Value>,
    /// A script of answers, relative to this file. Default: answers that are made from schemas.
    answers: Option<String>,
    /// Contents of inputs by name, in place of samples.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Value>")]
    inputs: BTreeMap<String, toml::Value>,
    /// Fields of the failure that a strategy decides about, in place of those of the sample.
    #[schemars(with = "Option<Map<String, Value>>")]
    failure: Option<toml::Value>,
    /// Files of code for a test runner, by path.
    #[serde(default)]
    code: BTreeMap<String, String>,
    /// Files of tests for a test runner, by path.
    #[serde(default)]
    tests: BTreeMap<String, String>,
    /// What is expected. Objects may have more members than are listed.
    expect: Expect,
}

/// Returns the JSON Schema of a case.
pub fn case_schema() -> Value {
    file_schema::<Raw>()
}

impl Case {
    /// Reads a case. Its script of answers is named relative to the file.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let name = display_path(path);
        let text = read_text(path, MAX_TEXT_BYTES).map_err(|why| {
            Failure::usage(format!("{name} cannot be read: {}", describe_read_error(&why)))
                .with_code(ErrorCode::UnreadableFile)
        })?;
        let source = Source { file: &name, text: &text };
        let raw: Raw = source::parse(source, &Reference::CASE)?;
        let phase = raw.phase.map(|phase| source.parse_name(&phase)).transpose()?;
        let folder = path.parent().unwrap_or(path);
        Ok(Self {
            input: Input {
                phase,
                attempt: raw.attempt.unwrap_or(NonZeroU32::MIN),
                settings: table(raw.settings),
                answers: raw.answers.map(|answers| folder.join(answers)),
                inputs: raw.inputs.into_iter().map(|(name, value)| (name, to_json(value))).collect(),
                failure: table(raw.failure),
                code: files(raw.code),
                tests: files(raw.tests),
            },
            expect: raw.expect,
            name,
        })
    }
}

fn table(value: Option<toml::Value>) -> Map<String, Value> {
    match value.map(to_json) {
        Some(Value::Object(fields)) => fields,
        _ => Map::new(),
    }
}

fn files(contents: BTreeMap<String, String>) -> Vec<File> {
    contents.into_iter().map(|(path, content)| File { path, content }).collect()
}
