//! Sections: outcome, task, and components.

use phasegate_process::artifact::kinds;
use phasegate_process::result::TaskStatus;
use phasegate_process::{Digest, PluginName};
use serde_json::Value;

use super::page::Page;
use super::text::{array_field, capitalize, plain_text, plural, table_cell, text_field, text_or_json};
use crate::error::output::OutputError;
use crate::output::patch::Patch;
use crate::output::written::WrittenFiles;

impl Page<'_> {
    pub(super) fn outcome(&mut self, written: &WrittenFiles, patch: &Patch) {
        let result = self.result;
        self.line(format_args!("# {}: {}\n", result.task_id, result.status.as_str()));
        let scripted = if result.scripted { " The answers are scripted: no model was asked." } else { "" };
        let reason = plain_text(&result.reason);
        let stop = if reason.ends_with(['.', '?', '!']) { "" } else { "." };
        self.line(format_args!("**{}**: {reason}{stop}{scripted}\n", capitalize(result.status.as_str())));
        if let Some(remedy) = &result.remedy {
            self.line(format_args!("What to do: {}.\n", plain_text(remedy)));
        }
        if result.status == TaskStatus::Stopped {
            let run = &result.run_id;
            self.line(format_args!(
                "The run stopped before its end, and this folder has what there was by then. `phasegate resume {run}` \
                 continues the run and writes the folder anew.\n"
            ));
        }
        self.line(format_args!(
            "Run `{}`, pipeline `{}`.",
            result.run_id,
            plain_text(&self.artifacts.state.pipeline.name)
        ));
        if !written.files.is_empty() {
            let files: Vec<_> = written.files.iter().map(|path| format!("`{}`", plain_text(path))).collect();
            self.line(format_args!("Generated: {}.", files.join(", ")));
        }
        if !written.deleted.is_empty() {
            let files: Vec<_> = written.deleted.iter().map(|path| format!("`{}`", plain_text(path))).collect();
            self.line(format_args!("Deleted: {}.", files.join(", ")));
        }
        if !written.tests.is_empty() {
            let files: Vec<_> = written.tests.iter().map(|path| format!("`{}`", plain_text(path))).collect();
            let how = match self.artifacts.has_base() {
                false if written.tests.iter().any(|path| path.ends_with(".py")) => {
                    " `python -m pytest` in this folder runs them, outside of the sandbox."
                }
                _ => "",
            };
            self.line(format_args!("Tests: {}.{how}", files.join(", ")));
        }
        if let Some(branch) = result.repository.as_ref().and_then(|repository| repository.branch.as_ref()) {
            match branch.commits.last() {
                None => self.line("No file changed, so there is no branch."),
                Some(commit) => {
                    self.line(format_args!("The work is in the branch `{}`, commit `{commit}`.", branch.name))
                }
            }
        }
        if let Some(name) = &written.patch {
            let (what, then) = match written.tests.is_empty() {
                true => ("", ""),
                false => (", with tests", ", and run the tests there"),
            };
            self.line(format_args!(
                "`{name}` has the changes to the base files{what}. Apply it with `git apply {name}`{then}."
            ));
        }
        for file in &written.not_written {
            let (path, reason) = (plain_text(&file.path), plain_text(&file.reason));
            self.line(format_args!("`{path}` was not written: {reason}."));
        }
        for (path, reason) in &patch.left_out {
            self.line(format_args!("`{}` is not in the patch, because the old file is {reason}.", plain_text(path)));
        }
    }

    pub(super) fn task(&mut self) -> Result<(), OutputError> {
        let task = self.artifacts.current(kinds::TASK_REQUIREMENTS)?.unwrap_or_default();
        self.heading("Task");
        self.line(plain_text(text_field(&task, "description")));
        for (index, requirement) in array_field(&task, "requirements").iter().enumerate() {
            let lead = if index == 0 { "\n" } else { "" };
            self.line(format_args!("{lead}- R{}: {}", index + 1, plain_text(&text_or_json(requirement))));
        }
        let constraints = array_field(&task, "constraints");
        if !constraints.is_empty() {
            self.line("\nConstraints:\n");
        }
        for constraint in constraints {
            self.line(format_args!("- {}", plain_text(&text_or_json(constraint))));
        }
        let context =
            self.artifacts.state.created.inputs.iter().filter(|input| input.name.as_str().starts_with("context/"));
        let context = context.count();
        if context > 0 {
            self.line(format_args!("\nContext: {context} {}.", plural(context, "file", "files")));
        }
        Ok(())
    }

    pub(super) fn components(&mut self, written: &WrittenFiles) {
        self.heading("Components");
        let created = &self.artifacts.state.created;
        let settings = self.artifacts.json("settings", &created.settings).unwrap_or_default();
        let signers = settings.get("signers").and_then(Value::as_object);
        let row = |(name, digest): (&PluginName, &Digest)| {
            let signer = signers.and_then(|signers| signers.get(name.as_str())?.as_str()).map(table_cell);
            [name.to_string(), format!("`{digest}`"), signer.unwrap_or_default()]
        };
        let rows = created.components.iter().map(row);
        match signers {
            Some(_) => self.table(["component", "digest", "signed by"], rows),
            None => self.table(["component", "digest"], rows.map(|[name, digest, _]| [name, digest])),
        }
        self.line(format_args!("\nPipeline `{}`, settings `{}`.", created.pipeline, created.settings));
        self.line(format_args!("The digests of all artifacts are in `{}`.", written.result));
    }
}
