//! An agent's assignment and access to its inputs. Errors are [`Failure::BadInput`] with the name of the input and the
//! reason.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::artifacts::{ProcessNotes, TaskRequirements};
use crate::types::{Artifact, ArtifactError, Assignment, Failure};
use crate::{feedback, host};

/// The assignment of one attempt, with typed access to its inputs.
#[derive(Debug, Clone)]
pub struct Work {
    /// The contract's record, as the host passed it.
    pub assignment: Assignment,
}

impl Work {
    /// Wraps an assignment. The export macros call this.
    pub fn new(assignment: Assignment) -> Self {
        Self { assignment }
    }

    /// Reads an input and parses its JSON.
    pub fn read_json<T: DeserializeOwned>(&self, name: &str) -> Result<T, Failure> {
        let bytes = self.read(name)?;
        serde_json::from_slice(&bytes).map_err(|error| bad_input(name, error.to_string()))
    }

    /// Reads an input that may be absent from the pipeline and parses its JSON.
    pub fn read_optional<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Failure> {
        if self.has(name) { self.read_json(name).map(Some) } else { Ok(None) }
    }

    /// Reads an input as UTF-8 text.
    pub fn read_text(&self, name: &str) -> Result<String, Failure> {
        String::from_utf8(self.read(name)?).map_err(|_| bad_input(name, "it is not UTF-8 text"))
    }

    /// Returns whether an input or a previous artifact has this name.
    pub fn has(&self, name: &str) -> bool {
        self.assignment.inputs.iter().chain(&self.assignment.previous).any(|input| input.name == name)
    }

    /// Reads the input `task_requirements`.
    pub fn task(&self) -> Result<TaskRequirements, Failure> {
        self.read_json("task_requirements")
    }

    /// Reads this phase's artifact of the previous attempt, if there is one, and parses its JSON.
    pub fn previous_json<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Failure> {
        let wanted = format!("previous/{name}");
        let found = self.assignment.previous.iter().find(|earlier| earlier.name == wanted || earlier.name == name);
        found.map(|earlier| self.read_json(&earlier.name)).transpose()
    }

    /// Reads this phase's artifact of the previous attempt, if there is one, as UTF-8 text.
    pub fn previous_text(&self, name: &str) -> Result<Option<String>, Failure> {
        let wanted = format!("previous/{name}");
        let found = self.assignment.previous.iter().find(|earlier| earlier.name == wanted || earlier.name == name);
        found.map(|earlier| self.read_text(&earlier.name)).transpose()
    }

    /// Reads the task's context files: path and text, in the order of the assignment.
    pub fn context_files(&self) -> Result<Vec<(String, String)>, Failure> {
        let named =
            self.assignment.inputs.iter().filter_map(|input| Some((input, input.name.strip_prefix("context/")?)));
        named.map(|(input, path)| Ok((path.to_owned(), self.read_text(&input.name)?))).collect()
    }

    /// Reads people's decisions about earlier improvement proposals. Empty if the phase does not read `process_notes`.
    pub fn process_notes(&self) -> Result<ProcessNotes, Failure> {
        Ok(self.read_optional("process_notes")?.unwrap_or_default())
    }

    /// Renders all feedback for a prompt: source, instructions and issues of each item. Empty if there is none.
    pub fn feedback_text(&self) -> String {
        feedback::render(&self.assignment.feedback)
    }

    /// Renders the environment (languages, modules, test frameworks) for a prompt.
    pub fn environment_text(&self) -> String {
        match serde_json::from_str::<Value>(&self.assignment.environment) {
            Ok(Value::Object(map)) if !map.is_empty() => {
                serde_json::to_string_pretty(&map).unwrap_or_else(|_| self.assignment.environment.clone())
            }
            _ => "Unknown: rely only on the language and its standard library.".to_owned(),
        }
    }

    /// Parses the plugin's settings from the pipeline. Use a type with `#[serde(default)]` for optional settings.
    pub fn settings<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        let text = if self.assignment.settings.trim().is_empty() { "{}" } else { &self.assignment.settings };
        serde_json::from_str(text)
            .map_err(|error| failure(format!("the plugin's settings in the pipeline are invalid: {error}")))
    }

    /// Returns the JSON Schema of the expected artifact of this name.
    pub fn expected_schema(&self, name: &str) -> Option<&str> {
        self.assignment.expected.iter().find(|expected| expected.name == name).map(|expected| expected.schema.as_str())
    }

    fn read(&self, name: &str) -> Result<Vec<u8>, Failure> {
        host::read(name).map_err(|error| {
            let why = match error {
                ArtifactError::Unknown(_) => {
                    "it is not an input of this phase; add it to `reads` in the pipeline".to_owned()
                }
                ArtifactError::TooLarge(why) => format!("it is too large: {why}"),
                ArtifactError::Other(why) => why,
            };
            bad_input(name, why)
        })
    }
}

/// Creates a [`Failure::Failed`] with this reason.
pub fn failure(why: impl Into<String>) -> Failure {
    Failure::Failed(why.into())
}

/// Serializes a value as an artifact to submit: indented JSON with a final line break.
pub fn artifact<T: Serialize>(name: &str, value: &T) -> Result<Artifact, Failure> {
    let mut content =
        serde_json::to_vec_pretty(value).map_err(|error| failure(format!("artifact `{name}`: {error}")))?;
    content.push(b'\n');
    Ok(Artifact { name: name.to_owned(), content })
}

fn bad_input(name: &str, why: impl Into<String>) -> Failure {
    Failure::BadInput((name.to_owned(), why.into()))
}
