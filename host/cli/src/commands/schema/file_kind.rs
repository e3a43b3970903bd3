//! The files that people write, the JSON Schema of each, and the line that names a schema to an editor.

use phasegate_broker::answers_schema;
use phasegate_experiment::experiment_schema;
use phasegate_process::pipeline::pipeline_schema;
use phasegate_process::plugin_file::plugin_file_schema;
use phasegate_process::task::task_schema;
use phasegate_runtime::configuration_schema;

use crate::commands::plugin::case_schema;

/// The folder that `init` and `plugin new` write schemas to, beside the files that name them.
pub const FOLDER: &str = ".phasegate-schemas";

/// A kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum FileKind {
    /// phasegate.toml
    Configuration,
    /// A pipeline
    Pipeline,
    /// A task
    Task,
    /// Scripted answers of a model
    Answers,
    /// plugin.toml
    Plugin,
    /// A case of `plugin test`
    Case,
    /// An experiment
    Experiment,
}

impl FileKind {
    /// All kinds, in the order shown.
    pub const ALL: [Self; 7] =
        [Self::Configuration, Self::Pipeline, Self::Task, Self::Answers, Self::Plugin, Self::Case, Self::Experiment];

    /// The name of the schema.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::Pipeline => "pipeline",
            Self::Task => "task",
            Self::Answers => "answers",
            Self::Plugin => "plugin",
            Self::Case => "case",
            Self::Experiment => "experiment",
        }
    }

    /// Returns the kind of a file with a usual name; the path is relative to its project, separated by `/`.
    fn from_path(path: &str) -> Option<Self> {
        match path {
            "phasegate.toml" => Some(Self::Configuration),
            "pipeline.toml" => Some(Self::Pipeline),
            "task.toml" => Some(Self::Task),
            "answers.toml" => Some(Self::Answers),
            "plugin.toml" => Some(Self::Plugin),
            _ => (path.starts_with("cases/") && path.ends_with(".toml")).then_some(Self::Case),
        }
    }

    /// Returns the name of the schema's file.
    pub fn file_name(self) -> String {
        format!("{}.json", self.as_str())
    }

    /// Returns the schema as a file has it.
    pub fn render(self) -> String {
        let schema = match self {
            Self::Configuration => configuration_schema(),
            Self::Pipeline => pipeline_schema(),
            Self::Task => task_schema(),
            Self::Answers => answers_schema(),
            Self::Plugin => plugin_file_schema(),
            Self::Case => case_schema(),
            Self::Experiment => experiment_schema(),
        };
        format!("{schema:#}\n")
    }
}

/// Adds the line that names the schema to the text of a file of a project, if its name says what it is. Returns its kind.
pub fn add_schema_line(path: &str, text: &mut String) -> Option<FileKind> {
    let kind = FileKind::from_path(path)?;
    let up = match path.matches('/').count() {
        0 => "./".to_owned(),
        depth => "../".repeat(depth),
    };
    text.insert_str(0, &format!("#:schema {up}{FOLDER}/{}\n", kind.file_name()));
    Some(kind)
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;

    #[test]
    fn lines_lead_to_the_folder_of_schemas() {
        let line = |path: &str| {
            let mut text = "x = 1\n".to_owned();
            add_schema_line(path, &mut text).map(|kind| (kind, text))
        };
        let task = "#:schema ./.phasegate-schemas/task.json\nx = 1\n".to_owned();
        assert_eq!(line("task.toml"), Some((FileKind::Task, task)));
        let case = "#:schema ../.phasegate-schemas/case.json\nx = 1\n".to_owned();
        assert_eq!(line("cases/a.toml"), Some((FileKind::Case, case)));
        assert_eq!([line("Cargo.toml"), line("cases/a.md"), line("sdk/plugin.toml")], [None, None, None]);
    }

    #[test]
    fn names_are_those_of_the_command_line() {
        let named = FileKind::value_variants().iter().map(|kind| (*kind, kind.to_possible_value()));
        let named: Vec<_> = named.filter_map(|(kind, value)| Some((kind, value?.get_name().to_owned()))).collect();
        assert_eq!(named, FileKind::ALL.map(|kind| (kind, kind.as_str().to_owned())));
    }
}
