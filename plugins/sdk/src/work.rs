//! An agent's assignment, with its inputs one call away. Fails with [`Failure::BadInput`] naming the input and what is
//! wrong with it.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::artifacts::{ProcessNotes, TaskRequirements};
use crate::types::{Artifact, ArtifactError, Assignment, Failure};
use crate::{feedback, host};

/// One phase's work.
#[derive(Debug, Clone)]
pub struct Work {
    /// As the host gave it.
    pub assignment: Assignment,
}

impl Work {
    /// Wraps an assignment; the macros do this.
    pub fn new(assignment: Assignment) -> Self {
        Self { assignment }
    }

    /// An input, typed.
    pub fn read_json<T: DeserializeOwned>(&self, name: &str) -> Result<T, Failure> {
        let bytes = self.read(name)?;
        serde_json::from_slice(&bytes).map_err(|error| bad_input(name, error.to_string()))
    }

    /// An input that the pipeline may not have, typed.
    pub fn read_optional<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Failure> {
        if self.has(name) { self.read_json(name).map(Some) } else { Ok(None) }
    }

    /// An input as text.
    pub fn read_text(&self, name: &str) -> Result<String, Failure> {
        String::from_utf8(self.read(name)?).map_err(|_| bad_input(name, "it is not UTF-8 text"))
    }

    /// Is there an input of this name?
    pub fn has(&self, name: &str) -> bool {
        self.assignment.inputs.iter().chain(&self.assignment.previous).any(|input| input.name == name)
    }

    /// The task.
    pub fn task(&self) -> Result<TaskRequirements, Failure> {
        self.read_json("task_requirements")
    }

    /// This phase's artifact of the attempt before, if there is one.
    pub fn previous_json<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Failure> {
        let wanted = format!("previous/{name}");
        let found = self.assignment.previous.iter().find(|earlier| earlier.name == wanted || earlier.name == name);
        found.map(|earlier| self.read_json(&earlier.name)).transpose()
    }

    /// The same as text.
    pub fn previous_text(&self, name: &str) -> Result<Option<String>, Failure> {
        let wanted = format!("previous/{name}");
        let found = self.assignment.previous.iter().find(|earlier| earlier.name == wanted || earlier.name == name);
        found.map(|earlier| self.read_text(&earlier.name)).transpose()
    }

    /// The task's context files: path and text, in the host's order.
    pub fn context_files(&self) -> Result<Vec<(String, String)>, Failure> {
        let named =
            self.assignment.inputs.iter().filter_map(|input| Some((input, input.name.strip_prefix("context/")?)));
        named.map(|(input, path)| Ok((path.to_owned(), self.read_text(&input.name)?))).collect()
    }

    /// What people decided about earlier improvement proposals; nothing if the phase does not read it.
    pub fn process_notes(&self) -> Result<ProcessNotes, Failure> {
        Ok(self.read_optional("process_notes")?.unwrap_or_default())
    }

    /// All feedback, ready for a prompt: each item's source, instructions and issues. Empty when there is none.
    pub fn feedback_text(&self) -> String {
        feedback::render(&self.assignment.feedback)
    }

    /// What code can rely on, ready for a prompt.
    pub fn environment_text(&self) -> String {
        match serde_json::from_str::<Value>(&self.assignment.environment) {
            Ok(Value::Object(map)) if !map.is_empty() => {
                serde_json::to_string_pretty(&map).unwrap_or_else(|_| self.assignment.environment.clone())
            }
            _ => "Nothing is known of it: rely on the language and its standard library alone.".to_owned(),
        }
    }

    /// The plugin's settings from the pipeline. A type with `#[serde(default)]` copes with none.
    pub fn settings<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        let text = if self.assignment.settings.trim().is_empty() { "{}" } else { &self.assignment.settings };
        serde_json::from_str(text)
            .map_err(|error| failure(format!("the plugin's settings in the pipeline cannot be used: {error}")))
    }

    /// JSON Schema of the artifact that is expected under this name.
    pub fn expected_schema(&self, name: &str) -> Option<&str> {
        self.assignment.expected.iter().find(|expected| expected.name == name).map(|expected| expected.schema.as_str())
    }

    fn read(&self, name: &str) -> Result<Vec<u8>, Failure> {
        host::read(name).map_err(|error| {
            let why = match error {
                ArtifactError::Unknown(_) => {
                    "it is not among this phase's inputs; name it under `reads` in the pipeline".to_owned()
                }
                ArtifactError::TooLarge(why) => format!("it is too large: {why}"),
                ArtifactError::Other(why) => why,
            };
            bad_input(name, why)
        })
    }
}

/// A [`Failure`] in words.
pub fn failure(why: impl Into<String>) -> Failure {
    Failure::Failed(why.into())
}

/// A value as an artifact to submit: JSON, indented, with a last line break.
pub fn artifact<T: Serialize>(name: &str, value: &T) -> Result<Artifact, Failure> {
    let mut content =
        serde_json::to_vec_pretty(value).map_err(|error| failure(format!("artifact `{name}`: {error}")))?;
    content.push(b'\n');
    Ok(Artifact { name: name.to_owned(), content })
}

fn bad_input(name: &str, why: impl Into<String>) -> Failure {
    Failure::BadInput((name.to_owned(), why.into()))
}
